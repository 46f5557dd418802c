//! Cases that the worker could not treat.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::CaseId;
use serde::Deserialize;
use uuid::Uuid;

use super::Nothing;
use crate::{
    App,
    body::{Path, Query},
    pages::{
        Frame,
        form::Form,
        page,
        routes::Pages,
        see,
        sheet::Confirm,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::{self, Problem},
    say::Said,
    shown::Code,
};

pub(super) fn pages() -> Pages {
    Pages::default().get("/admin/parked", list).post("/admin/parked/{case}/retry", retry)
}

/// A case that was set aside. What it is about is the business of its office.
struct Row {
    code: Code,
    case: CaseId,
    /// What the code of the error means.
    why: String,
    error: String,
    at: When,
    attempts: u32,
    seq: u32,
    retry: Confirm,
}

#[derive(Template)]
#[template(path = "admin/parked.html")]
struct Page {
    frame: Frame,
    done: Option<Said>,
    rows: Vec<Row>,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    done: String,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let times = Times::of(&app, words).await?;
    let rows = app.store.parked().await?.into_iter().map(|parked| {
        let meaning = problem::title(&parked.code);
        let meaning = meaning.map(|text| if words.is_persian() { text.fa } else { text.en });
        let code = Code::of(parked.case);
        let retry = Confirm::new(
            format!("/admin/parked/{}/retry", parked.case),
            words.t("parked-retry"),
            words.t("parked-retry-will"),
            words.t("parked-retry-do"),
        );
        Row {
            retry: retry.about(code.plain()),
            code,
            case: parked.case,
            why: meaning.map_or(parked.code, str::to_owned),
            error: parked.error,
            at: times.moment(parked.at),
            attempts: parked.attempts,
            seq: parked.seq,
        }
    });
    let shown = Page {
        frame: visit.frame(words.t("parked-title")),
        done: (wanted.done == "retried").then(|| words.t("parked-retried")),
        rows: rows.collect(),
    };
    page(&visit.look, &shown)
}

async fn retry(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    match app.store.unpark(CaseId(case)).await? {
        true => Ok(see("/admin/parked?done=retried")),
        false => Err(Problem::not_found()),
    }
}
