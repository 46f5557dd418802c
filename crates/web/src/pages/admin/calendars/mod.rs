//! Calendars: the working year of a unit, offices that are closed, and what moves by it.
//!
//! Everybody may look, as by the API. Offices are closed by who keeps the calendar there, calendars are
//! published by who does for the whole organisation; the store and `policy` say who that is.

mod closing;
mod closures;
mod list;
mod moved;
mod publish;
mod year;

use parvaneh_core::{CalendarId, UnitId};
use parvaneh_store::Viewer;

use crate::{
    pages::{look::in_query, routes::Pages},
    policy::{self, Task},
    say::Words,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/calendars", list::list)
        .get("/admin/calendars/{id}", year::year)
        .get("/admin/calendars/{id}/closures", closures::list)
        .post("/admin/calendars/{id}/closures", closing::take)
        .get("/admin/closures/{no}/withdrawal", closures::ask)
        .post("/admin/closures/{no}/withdrawal", closures::take)
        .get("/admin/publish/calendar", publish::ask)
        .post("/admin/publish/calendar", publish::take)
}

/// Whether somebody keeps a calendar anywhere, or publishes them.
pub(super) fn keeps(viewer: &Viewer) -> bool {
    !policy::reach_of(viewer, Task::KeepCalendars).jurisdictions.is_empty()
        || policy::permit_everywhere(viewer, Task::PublishCalendars).is_ok()
}

/// The address of a calendar, with what follows.
fn address(id: &CalendarId, rest: &str) -> String {
    format!("/admin/calendars/{}{rest}", in_query(id.as_str()))
}

/// What a unit is called.
fn unit_title(viewer: &Viewer, unit: &UnitId, words: Words) -> String {
    let found = viewer.organisation.get(unit);
    found.map_or_else(|| unit.to_string(), |unit| words.of(&unit.title).to_owned())
}
