//! Work on many cases: how far it has come.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::definition::Text;
use parvaneh_store::{Job, JobId};
use serde::Deserialize;

use crate::{
    App,
    body::Query,
    page::cut,
    pages::{
        Frame, page,
        routes::Pages,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::Said,
};

/// How many stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default().get("/admin/jobs", list)
}

/// A job as it is shown.
struct Row {
    id: JobId,
    kind: Said,
    unit: Option<String>,
    total: u64,
    done: u64,
    changed: u64,
    failed: u64,
    error: Option<String>,
    began: When,
    finished: Option<When>,
}

#[derive(Template)]
#[template(path = "admin/jobs.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<JobId>,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    after: Option<JobId>,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    policy::permit_everywhere(viewer, Task::Operate)?;
    let times = Times::of(&app, words).await?;
    let (found, more) = cut(app.store.jobs(wanted.after, LENGTH + 1).await?, LENGTH);
    let next = found.last().filter(|_| more).map(|job| job.id);
    let title = |title: &Text| words.of(title).to_owned();
    let row = |job: Job| Row {
        id: job.id,
        unit: job
            .unit()
            .and_then(|unit| viewer.organisation.get(&unit))
            .map(|unit| title(&unit.title)),
        kind: match job.kind.as_str() {
            "reschedule" => words.t("jobs-reschedule"),
            "migrate" => words.t("jobs-migrate"),
            _ => words.t("jobs-other"),
        },
        total: job.total,
        done: job.done,
        changed: job.changed,
        failed: job.failed,
        error: job.error,
        began: times.moment(job.created_at),
        finished: job.finished_at.map(|at| times.moment(at)),
    };
    let rows = found.into_iter().map(row).collect();
    page(&visit.look, &Page { frame: visit.frame(words.t("jobs-title")), rows, next })
}
