//! The bar of a sandbox: its date, and moving its clock.

use axum::{extract::State, response::Response};
use chrono::TimeDelta;
use parvaneh_store::Viewer;
use serde::Deserialize;

use super::{form::Form, routes::Pages, see, visit::Visit};
use crate::{App, auth::is_local, policy, problem::Problem, say::Words, shown::Moment};

pub(super) fn pages() -> Pages {
    Pages::default().post("/sandbox/clock", advance)
}

/// By how many days the clock is moved at once, at most.
const MOST_DAYS: i64 = 366;

/// The bar of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct SandboxBar {
    /// What its clock shows.
    pub(super) now: Moment,
    /// Whether the reader may move it.
    pub(super) moves: bool,
}

impl SandboxBar {
    /// `None` where real cases are kept.
    pub(super) async fn of(
        app: &App,
        viewer: &Viewer,
        words: Words,
    ) -> Result<Option<Self>, Problem> {
        if !app.is_sandbox().await? {
            return Ok(None);
        }
        let Some(calendar) = app.calendar().await? else { return Ok(None) };
        let now = Moment::at(viewer.now, calendar.national(), words);
        Ok(Some(Self { now, moves: policy::move_clock(app, viewer).is_ok() }))
    }
}

#[derive(Debug, Deserialize)]
struct Move {
    days: i64,
    /// Where he was.
    to: Option<String>,
}

async fn advance(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<Move>,
) -> Result<Response, Problem> {
    policy::move_clock(&app, &visit.viewer)?;
    if !(1..=MOST_DAYS).contains(&asked.days) {
        return Err(Problem::parameter("days", "is 1 to 366"));
    }
    app.store.sandbox_clock().advance(TimeDelta::days(asked.days)).await?;
    Ok(see(&asked.to.filter(|to| is_local(to)).unwrap_or_else(|| "/".to_owned())))
}
