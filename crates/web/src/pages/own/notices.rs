//! What one was told of cases, the latest first.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::CaseId;
use serde::Deserialize;

use crate::{
    App,
    body::Query,
    page::{self as pieces, cut},
    pages::{
        Frame,
        form::Form,
        look::in_query,
        page,
        routes::Pages,
        see,
        times::{Times, When},
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
    shown::Code,
};

/// How many stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default().get("/notices", list).post("/notices/read", read)
}

/// Something that somebody was told.
struct Row {
    case: CaseId,
    code: Code,
    subject: String,
    what: Said,
    class: &'static str,
    mark: &'static str,
    at: When,
    new: bool,
    /// By which event of the case, and when it was told.
    event: u32,
    told_at: String,
}

#[derive(Template)]
#[template(path = "own/notices.html")]
struct Page {
    frame: Frame,
    done: Option<Said>,
    unread: bool,
    rows: Vec<Row>,
    /// Up to when everything is marked as read; none where nothing new is shown.
    until: Option<String>,
    next: Option<String>,
}

/// What a kind of notice says, with its mark and colour.
fn kind(kind: &str, words: Words) -> (Said, &'static str, &'static str) {
    match kind {
        "warning" => (words.t("notice-warning"), "is-near", "▲"),
        "escalation" => (words.t("notice-escalation"), "is-late", "■"),
        "information" => (words.t("notice-information"), "", ""),
        "received" => (words.t("notice-received"), "", ""),
        "turn" => (words.t("notice-turn"), "is-near", "▲"),
        "decision" => (words.t("notice-decision"), "is-done", "✓"),
        _ => (words.t("notice-other"), "", ""),
    }
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    unread: String,
    #[serde(default)]
    done: String,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let times = Times::of(&app, words).await?;
    let unread = wanted.unread == "yes";
    let after: Option<(DateTime<Utc>, CaseId, u32)> = pieces::after(wanted.after.as_deref())?;
    let reads = app.store.reading_as(&visit.viewer);
    let me = visit.caller.person;
    let (found, more) = cut(reads.notices_after(me, unread, after, LENGTH + 1).await?, LENGTH);
    let next = found.last().filter(|_| more).map(|row| {
        let after = pieces::end(&(row.created_at, row.case, row.seq));
        let unread = if unread { "unread=yes&" } else { "" };
        format!("/notices?{unread}after={}", in_query(&after))
    });
    let newest = found.iter().filter(|row| row.read_at.is_none()).map(|row| row.created_at).max();
    let rows = found.into_iter().map(|row| {
        let (what, class, mark) = kind(&row.kind, words);
        Row {
            case: row.case,
            code: Code::of(row.case),
            subject: row.subject,
            what,
            class,
            mark,
            at: times.moment(row.created_at),
            new: row.read_at.is_none(),
            event: row.seq,
            told_at: row.created_at.to_rfc3339(),
        }
    });
    let shown = Page {
        frame: visit.frame(words.t("notices-title")),
        done: match &*wanted.done {
            "read" => Some(words.t("notices-read")),
            "one" => Some(words.t("notices-one-read")),
            _ => None,
        },
        unread,
        rows: rows.collect(),
        until: newest.map(|at| at.to_rfc3339()),
        next,
    };
    page(&visit.look, &shown)
}

#[derive(Debug, Deserialize)]
struct Until {
    until: DateTime<Utc>,
    /// Only what was told of that event of that case.
    case: Option<CaseId>,
    event: Option<u32>,
    /// Whether he was shown only what is not read.
    #[serde(default)]
    unread: String,
}

async fn read(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Until>,
) -> Result<Response, Problem> {
    let only = sent.case.zip(sent.event);
    app.store.mark_notices_read(visit.caller.person, sent.until, only).await?;
    Ok(see(match (only.is_some(), sent.unread == "yes") {
        (false, _) => "/notices?done=read",
        (true, false) => "/notices?done=one",
        (true, true) => "/notices?unread=yes&done=one",
    }))
}
