//! The page to which a link of an inquiry leads: a body without a system sees what it is asked, and
//! answers once, without a login.
//!
//! The link stands behind `#` of the address, which a browser sends nowhere: the page's script puts it
//! into the form, and where no script runs it is pasted.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{Frame, form::Form, page, routes::Pages, shown, visit::Guest};
use crate::{
    App,
    api::{
        inquiries::OwnAnswer,
        inquiry_links::{LinkedInquiry, Opened, answer_linked, linked_inquiry},
    },
    problem::Problem,
    shown::{Day, Moment, left::last_day},
};

pub(super) fn pages() -> Pages {
    Pages::default().get("/inquiry", ask).post("/inquiry", look).post("/inquiry/answer", answer)
}

#[derive(Template)]
#[template(path = "linked/ask.html")]
struct AskPage {
    frame: Frame,
    told: Option<String>,
}

#[derive(Template)]
#[template(path = "linked/inquiry.html")]
struct InquiryPage {
    frame: Frame,
    link: String,
    title: String,
    subject: String,
    unit: String,
    asked: Option<Moment>,
    /// The last day on which an answer counts.
    until: Option<Day>,
    /// What was chosen and typed.
    chosen: String,
    reason: String,
    reference: String,
    told: Option<String>,
}

#[derive(Template)]
#[template(path = "linked/answered.html")]
struct AnsweredPage {
    frame: Frame,
}

/// What the forms send.
#[derive(Debug, Deserialize)]
struct Sent {
    link: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    reference: String,
}

async fn ask(guest: Guest) -> Result<Response, Problem> {
    let frame = guest.frame(guest.look.words.t("linked-title"));
    page(&guest.look, &AskPage { frame, told: None })
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What is wrong with the link, beside where another can be pasted.
fn refused(guest: &Guest, problem: Problem) -> Result<Response, Problem> {
    let status = status(&problem);
    if !status.is_client_error() {
        return Err(problem);
    }
    let told = Some(problem.in_language(guest.look.words.0).title.clone());
    let frame = guest.frame(guest.look.words.t("linked-title"));
    shown(status, &guest.look, &AskPage { frame, told })
}

/// The link itself, also of a whole address.
fn bare(link: &str) -> &str {
    link.rsplit('#').next().unwrap_or_default().trim()
}

async fn look(
    State(app): State<App>,
    guest: Guest,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let opened = match Opened::by(&app, bare(&sent.link)).await {
        Ok(opened) => opened,
        Err(problem) => return refused(&guest, problem),
    };
    let inquiry = linked_inquiry(&app, &opened).await?;
    page(&guest.look, &inquiry_page(&app, &guest, sent, inquiry, None).await?)
}

async fn inquiry_page(
    app: &App,
    guest: &Guest,
    sent: Sent,
    inquiry: LinkedInquiry,
    told: Option<String>,
) -> Result<InquiryPage, Problem> {
    let words = guest.look.words;
    let calendars = app.calendar().await?;
    let calendar = calendars.as_ref().map(|calendars| calendars.national());
    let organisation = app.store.organisation().await?;
    let unit = organisation.get(&inquiry.unit.as_str().into());
    Ok(InquiryPage {
        frame: guest.frame(words.t("linked-title")),
        link: bare(&sent.link).to_owned(),
        title: if words.is_persian() { inquiry.title_fa } else { inquiry.title_en },
        subject: inquiry.subject,
        unit: unit.map_or(inquiry.unit, |unit| words.of(&unit.title).to_owned()),
        asked: calendar.map(|calendar| Moment::at(inquiry.asked_at, calendar, words)),
        until: inquiry.due_at.zip(calendar).map(|(due, by)| Day::of(last_day(due, by), words)),
        chosen: sent.answer,
        reason: sent.reason,
        reference: sent.reference,
        told,
    })
}

async fn answer(
    State(app): State<App>,
    guest: Guest,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let opened = match Opened::by(&app, bare(&sent.link)).await {
        Ok(opened) => opened,
        Err(problem) => return refused(&guest, problem),
    };
    let words = guest.look.words;
    let inquiry = linked_inquiry(&app, &opened).await?;
    let Some(given) = OwnAnswer::typed(&sent.answer, &sent.reason, &sent.reference) else {
        let told = Some(words.t("linked-choose").into());
        let page = inquiry_page(&app, &guest, sent, inquiry, told).await?;
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &guest.look, &page);
    };
    match answer_linked(&app, opened, given).await {
        Ok(_) => {
            let frame = guest.frame(words.t("linked-title"));
            page(&guest.look, &AnsweredPage { frame })
        }
        Err(problem) if problem.code == "link_spent" => refused(&guest, problem),
        Err(problem) if status(&problem).is_client_error() => {
            let status = status(&problem);
            let told = Some(problem.in_language(words.0).title.clone());
            let page = inquiry_page(&app, &guest, sent, inquiry, told).await?;
            shown(status, &guest.look, &page)
        }
        Err(problem) => Err(problem),
    }
}
