//! The calendars, and what has changed them.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{CalendarId, calendar::CalendarChange};

use super::address;
use crate::{
    App,
    pages::{
        Frame, page,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    shown::Day,
};

/// How many states of a calendar are told, the latest first.
const STATES: u32 = 20;

/// A state that a calendar has had.
struct Step {
    no: u32,
    since: When,
    change: String,
}

struct Calendar {
    id: CalendarId,
    title: String,
    /// For which days holidays are published.
    published: Option<(Day, Day)>,
    states: Vec<Step>,
}

impl Calendar {
    fn address(&self, rest: &str) -> String {
        address(&self.id, rest)
    }
}

#[derive(Template)]
#[template(path = "admin/calendars.html")]
struct Page {
    frame: Frame,
    calendars: Vec<Calendar>,
    publishes: bool,
}

pub(super) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let words = visit.look.words;
    let times = Times::of(&app, words).await?;
    let mut calendars = Vec::new();
    for id in app.store.calendar_ids().await? {
        let calendar = app.store.calendars(&id).await?;
        let states = app.store.calendar_states(&id, None, STATES).await?;
        let states = states.into_iter().map(|state| Step {
            no: state.no,
            since: times.day(state.since),
            change: match state.change {
                CalendarChange::Published => words.t("calendar-was-published").into(),
                CalendarChange::Closed { reason, .. } => {
                    words.t("calendar-was-closed").s("reason", reason).into()
                }
                CalendarChange::Reopened { reason, .. } => {
                    words.t("calendar-was-reopened").s("reason", reason).into()
                }
            },
        });
        let published = calendar.source().published();
        calendars.push(Calendar {
            title: words.of(calendar.source().title()).to_owned(),
            published: published
                .map(|known| (Day::of(known.from, words), Day::of(known.until, words))),
            states: states.collect(),
            id,
        });
    }
    let publishes = policy::permit_everywhere(&visit.viewer, Task::PublishCalendars).is_ok();
    let frame = visit.frame(words.t("admin-calendars"));
    page(&visit.look, &Page { frame, calendars, publishes })
}
