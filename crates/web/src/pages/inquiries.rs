//! What another body is asked, for whoever answers for it: the list, and the page on which he does. He sees no
//! case; whoever has no login answers by a link (`linked.rs`).

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::CaseId;
use parvaneh_store::{Inquiry, Viewer};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Frame,
    form::Form,
    page,
    problem::{in_short, status},
    routes::Pages,
    see, shown,
    times::{Times, When},
    visit::Visit,
};
use crate::{
    App,
    api::inquiries::{OwnAnswer, record, title},
    body::{Path, Query},
    change::Terms,
    page as pieces,
    problem::Problem,
    say::Said,
    shown::{Day, Left, left::last_day},
};

/// How many stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/inquiries", list)
        .get("/inquiries/{case}/{task}", ask)
        .post("/inquiries/{case}/{task}", answer)
}

/// Whether somebody answers for a body.
pub(super) fn answers(viewer: &Viewer) -> bool {
    !viewer.reach.bodies.is_empty()
}

/// An inquiry that waits.
struct Row {
    address: String,
    title: String,
    subject: String,
    unit: String,
    asked: When,
    /// The last day on which an answer counts.
    until: Option<Day>,
    left: Left,
}

#[derive(Template)]
#[template(path = "inquiries/list.html")]
struct ListPage {
    frame: Frame,
    done: Option<Said>,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "inquiries/one.html")]
struct OnePage {
    frame: Frame,
    row: Row,
    /// What was chosen and typed.
    chosen: String,
    reason: String,
    reference: String,
    told: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    /// Behind the end of which page.
    #[serde(default)]
    after: String,
    /// What has just been done.
    #[serde(default)]
    done: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    answer: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    reference: String,
}

async fn row(app: &App, visit: &Visit, times: &Times, inquiry: &Inquiry) -> Result<Row, Problem> {
    let words = visit.look.words;
    let unit = visit.viewer.organisation.get(&inquiry.unit);
    let calendars = app.calendar().await?;
    let due = inquiry.due_at.zip(calendars.as_ref());
    let left = due.map_or_else(
        || Left::none(words),
        |(due, calendars)| Left::until(due, visit.viewer.now, calendars.national(), words),
    );
    Ok(Row {
        address: format!("/inquiries/{}/{}", inquiry.case, inquiry.task),
        title: words.of(&title(app, inquiry).await?).to_owned(),
        subject: inquiry.subject.clone(),
        unit: unit
            .map_or_else(|| inquiry.unit.to_string(), |unit| words.of(&unit.title).to_owned()),
        asked: times.day(inquiry.asked_at),
        until: due.map(|(due, by)| Day::of(last_day(due, by.national()), words)),
        left,
    })
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    if !answers(&visit.viewer) {
        let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden");
        return Err(problem.because("inquiries are for those who answer for a body"));
    }
    let after = Some(wanted.after.as_str()).filter(|after| !after.is_empty());
    let after = after.map(str::parse).transpose().map_err(|_| pieces::no_end())?;
    let found = app.store.inquiries(&visit.viewer, after.as_ref(), LENGTH).await?;
    let times = Times::of(&app, words).await?;
    let mut rows = Vec::with_capacity(found.items.len());
    for inquiry in &found.items {
        rows.push(row(&app, &visit, &times, inquiry).await?);
    }
    let list = ListPage {
        frame: visit.frame(words.t("place-inquiries")),
        done: (wanted.done == "answered").then(|| words.t("body-inquiries-answered")),
        rows,
        next: found.next.map(|next| format!("/inquiries?after={next}")),
    };
    page(&visit.look, &list)
}

/// The inquiry, where it is one of his and open.
async fn open(app: &App, visit: &Visit, case: Uuid, task: u32) -> Result<Inquiry, Problem> {
    let inquiry = app.store.inquiry(&visit.viewer, CaseId(case), task).await?;
    inquiry.ok_or_else(Problem::not_found)
}

async fn one(
    app: &App,
    visit: &Visit,
    inquiry: &Inquiry,
    sent: Sent,
    told: Option<String>,
) -> Result<OnePage, Problem> {
    let times = Times::of(app, visit.look.words).await?;
    let row = row(app, visit, &times, inquiry).await?;
    Ok(OnePage {
        frame: visit.frame(row.title.clone()),
        row,
        chosen: sent.answer,
        reason: sent.reason,
        reference: sent.reference,
        told,
    })
}

async fn ask(
    State(app): State<App>,
    visit: Visit,
    Path((case, task)): Path<(Uuid, u32)>,
) -> Result<Response, Problem> {
    let inquiry = open(&app, &visit, case, task).await?;
    page(&visit.look, &one(&app, &visit, &inquiry, Sent::default(), None).await?)
}

async fn answer(
    State(app): State<App>,
    visit: Visit,
    Path((case, task)): Path<(Uuid, u32)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let inquiry = open(&app, &visit, case, task).await?;
    let Some(given) = OwnAnswer::typed(&sent.answer, &sent.reason, &sent.reference) else {
        let told = Some(words.t("linked-choose").into());
        let page = one(&app, &visit, &inquiry, sent, told).await?;
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page);
    };
    let (terms, case, branch) = (Terms::default(), inquiry.case, inquiry.branch.clone());
    match record(&app, terms, &visit.caller, case, branch, given).await {
        Ok(_) => Ok(see("/inquiries?done=answered")),
        Err(problem) if status(&problem).is_client_error() => {
            let status = status(&problem);
            let told = Some(in_short(problem, words));
            shown(status, &visit.look, &one(&app, &visit, &inquiry, sent, told).await?)
        }
        Err(problem) => Err(problem),
    }
}
