//! One's own sessions: where one is logged in, and ending that.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{Done, Part, parts};
use crate::{
    App,
    auth::Via,
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
    problem::Problem,
    say::Said,
};

const HERE: &str = "/account/sessions";

pub(super) fn pages() -> Pages {
    Pages::default()
        .get(HERE, list)
        .post("/account/sessions/others/end", end_others)
        .post("/account/sessions/{id}/end", end)
}

/// A session in the list.
struct Row {
    current: bool,
    agent: Option<String>,
    address: Option<String>,
    began: When,
    used: When,
    ends: When,
    end: Option<Confirm>,
}

#[derive(Template)]
#[template(path = "own/sessions.html")]
struct Page {
    frame: Frame,
    parts: Vec<Part>,
    done: Option<Said>,
    rows: Vec<Row>,
    /// Where there is more than this one.
    others: Option<Confirm>,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let times = Times::of(&app, words).await?;
    let found = app.store.sessions_of(visit.caller.person, app.settings.session_idle).await?;
    let rows: Vec<Row> = found
        .into_iter()
        .map(|row| {
            let current = visit.caller.via == Via::Session(row.id);
            let end = Confirm::new(
                format!("/account/sessions/{}/end", row.id),
                words.t("own-session-end"),
                words.t("own-session-end-will"),
                words.t("own-session-end-do"),
            );
            let end = match &row.agent {
                Some(agent) => end.about(agent),
                None => end,
            };
            Row {
                current,
                began: times.moment(row.created_at),
                used: times.moment(row.seen_at),
                ends: times.moment(row.expires_at),
                end: (!current).then_some(end),
                agent: row.agent,
                address: row.address,
            }
        })
        .collect();
    let others = Confirm::new(
        "/account/sessions/others/end",
        words.t("own-sessions-others"),
        words.t("own-sessions-others-will"),
        words.t("own-session-end-do"),
    );
    let shown = Page {
        frame: visit.frame(words.t("own-sessions")),
        parts: parts(words, HERE),
        done: match done.done.as_str() {
            "ended" => Some(words.t("own-session-ended")),
            "others" => Some(words.t("own-sessions-ended")),
            _ => None,
        },
        others: (rows.len() > 1).then_some(others),
        rows,
    };
    page(&visit.look, &shown)
}

#[derive(Deserialize)]
struct Nothing {}

async fn end(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match app.store.end_sessions(visit.caller.person, Some(id)).await? {
        0 => Err(Problem::not_found()),
        _ => Ok(see("/account/sessions?done=ended")),
    }
}

async fn end_others(
    State(app): State<App>,
    visit: Visit,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let me = visit.caller.person;
    for row in app.store.sessions_of(me, app.settings.session_idle).await? {
        if visit.caller.via != Via::Session(row.id) {
            app.store.end_sessions(me, Some(row.id)).await?;
        }
    }
    Ok(see("/account/sessions?done=others"))
}
