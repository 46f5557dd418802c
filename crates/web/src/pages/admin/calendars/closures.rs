//! Closures: which there are, and taking one back after a look at what would move.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{CalendarId, PersonId, UnitId};
use parvaneh_store::{ClosureRow, ClosuresQuery};
use serde::Deserialize;

use super::{address, moved::Moved, unit_title, year::written};
use crate::{
    App,
    api::{closures::reopening, plain},
    body::{Path, Query},
    page::{after, cut, end},
    pages::{
        Frame,
        form::Form,
        look::in_query,
        page, see, shown,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    shown::Day,
};

/// How many are listed at once.
const LISTED: u32 = 50;

/// Which closures.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    unit: Option<String>,
    /// Also those that were taken back.
    all: Option<String>,
    after: Option<String>,
}

/// A closure as it is listed.
struct Row {
    no: u32,
    unit: String,
    day: Day,
    hours: Option<String>,
    reason: String,
    closed: When,
    /// Told to those who keep the calendar there.
    by: Option<String>,
    /// When and why it was taken back.
    withdrawn: Option<(When, String)>,
    /// Whether the reader takes it back.
    withdraws: bool,
}

#[derive(Template)]
#[template(path = "admin/closures.html")]
struct Listed {
    frame: Frame,
    id: CalendarId,
    unit: Option<(UnitId, String)>,
    all: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

impl Listed {
    fn address(&self, rest: &str) -> String {
        address(&self.id, rest)
    }

    /// The address of this list, with those that were taken back or without.
    fn with(&self, all: bool, after: Option<&String>) -> String {
        let mut query = Vec::new();
        if let Some((unit, _)) = &self.unit {
            query.push(format!("unit={}", in_query(unit.as_str())));
        }
        if all {
            query.push("all=1".to_owned());
        }
        if let Some(after) = after {
            query.push(format!("after={}", in_query(after)));
        }
        address(&self.id, &format!("/closures?{}", query.join("&")))
    }
}

pub(super) async fn list(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    plain(&[&asked.unit])?;
    let words = visit.look.words;
    let id = CalendarId::from(id);
    app.store.calendars(&id).await?;
    let unit = asked.unit.filter(|unit| !unit.is_empty()).map(UnitId::from);
    let query = ClosuresQuery {
        unit: unit.clone(),
        all: asked.all.is_some(),
        after: after(asked.after.as_deref())?,
        limit: LISTED as usize + 1,
        ..ClosuresQuery::default()
    };
    let (found, more) = cut(app.store.closures(&id, &query).await?, LISTED);
    let next = found.last().filter(|_| more).map(|row| end(&(row.closure.date, row.closure.no)));
    let shown_page = Listed {
        frame: visit.frame(words.t("closures-title")),
        id,
        unit: unit.map(|unit| (unit.clone(), unit_title(&visit.viewer, &unit, words))),
        all: query.all,
        rows: rows(&app, &visit, &found).await?,
        next,
    };
    page(&visit.look, &shown_page)
}

async fn rows(app: &App, visit: &Visit, found: &[ClosureRow]) -> Result<Vec<Row>, Problem> {
    let words = visit.look.words;
    let times = Times::of(app, words).await?;
    let people: Vec<PersonId> = found.iter().filter_map(|row| row.closed_by).collect();
    let names = app.store.names_of(&people).await?;
    let row = |row: &ClosureRow| {
        let keeps = policy::may(&visit.viewer, Task::KeepCalendars, &row.closure.unit);
        let by = row.closed_by.filter(|_| keeps);
        Row {
            no: row.closure.no,
            unit: unit_title(&visit.viewer, &row.closure.unit, words),
            day: Day::of(row.closure.date, words),
            hours: row.closure.hours.map(|hours| written(&[hours], words)),
            reason: row.closure.reason.clone(),
            closed: times.day(row.closed_at),
            by: by.and_then(|person| names.get(&person).cloned()),
            withdrawn: row
                .reopened_at
                .map(|at| (times.day(at), row.reopened_reason.clone().unwrap_or_default())),
            withdraws: keeps && row.is_in_force(),
        }
    };
    Ok(found.iter().map(row).collect())
}

#[derive(Template)]
#[template(path = "admin/withdrawal.html")]
struct Withdrawal {
    frame: Frame,
    calendar: CalendarId,
    row: Row,
    moved: Moved,
    reason: String,
    fault: Option<String>,
}

impl Withdrawal {
    fn up(&self) -> String {
        address(&self.calendar, "/closures")
    }

    async fn of(app: &App, visit: &Visit, no: u32) -> Result<Self, Problem> {
        let found = app.store.closure(no).await?.ok_or_else(Problem::not_found)?;
        policy::permit(&visit.viewer, Task::KeepCalendars, &found.closure.unit)?;
        // Any reason does for a look.
        let change = reopening(app, &visit.caller, no, "a preview").await?;
        let moved = Moved::by(app, visit, &[change], None).await?;
        let calendar = found.calendar.clone();
        let row = rows(app, visit, &[found]).await?.pop().ok_or_else(Problem::not_found)?;
        let title = visit.look.words.t("withdraw-title");
        let frame = visit.frame(title.s("unit", &row.unit).s("day", row.day.plain()));
        Ok(Self { frame, calendar, row, moved, reason: String::new(), fault: None })
    }
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Path(no): Path<u32>,
) -> Result<Response, Problem> {
    page(&visit.look, &Withdrawal::of(&app, &visit, no).await?)
}

#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    reason: String,
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    Path(no): Path<u32>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let reason = sent.reason.trim();
    if reason.is_empty() {
        let fault = Some(visit.look.words.t("closing-no-reason").into());
        let again = Withdrawal { fault, ..Withdrawal::of(&app, &visit, no).await? };
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &again);
    }
    let change = reopening(&app, &visit.caller, no, reason).await?;
    let settled = app.store.change_closures(change).await?;
    Ok(see(&match settled.job {
        Some(job) => format!("/admin/progress/{job}"),
        None => address(&settled.closure.calendar, "/closures"),
    }))
}
