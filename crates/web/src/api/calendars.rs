//! Working calendars: which there are, and a year of one as a unit has it.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, Utc};
use parvaneh_core::{
    CalendarId, Calendars, JalaliPeriod, UnitId,
    calendar::{Day, DayKind, Hours, Reason},
    jalali::{JalaliDate, weekday_name_en, weekday_name_fa},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cases::plain, reference::TextView};
use crate::{
    App,
    auth::Principal,
    body::{Path, Query},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(days))
}

/// A calendar as it is in force.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarView {
    /// Its identifier.
    #[schema(example = "ir")]
    id: String,
    /// What it is called.
    title: TextView,
    /// Its version: it changes with every closure.
    version: String,
    /// Since when that is in force.
    since: Option<DateTime<Utc>>,
    /// The time zone in which its days begin.
    #[schema(example = "Asia/Tehran")]
    zone: String,
    /// The first and the last day for which holidays are published.
    published: Option<(NaiveDate, NaiveDate)>,
}

impl From<&Calendars> for CalendarView {
    fn from(calendars: &Calendars) -> Self {
        let source = calendars.source();
        Self {
            id: calendars.id().to_string(),
            title: source.title().into(),
            version: calendars.version().to_owned(),
            since: calendars.revision().map(|revision| revision.since),
            zone: source.zone().name().to_owned(),
            published: source.published().map(|published| (published.from, published.until)),
        }
    }
}

/// Calendars.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarList {
    /// By their identifiers.
    items: Vec<CalendarView>,
}

/// The calendars that are in force
#[utoipa::path(
    get, path = "/calendars", tag = "calendars",
    responses((status = 200, body = CalendarList))
)]
async fn list(State(app): State<App>, _caller: Principal) -> Result<Json<CalendarList>, Problem> {
    let mut items = Vec::new();
    for id in app.store.calendar_ids().await? {
        items.push(CalendarView::from(&*app.store.calendars(&id).await?));
    }
    Ok(Json(CalendarList { items }))
}

/// Of which unit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// A Jalali year or month: `1403`, `1403/07`.
    #[param(example = "1403")]
    period: String,
    /// The unit whose holidays, hours and closures count; without one, the nation's.
    unit: Option<String>,
}

/// Hours of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoursView {
    /// From when.
    #[schema(example = "07:30")]
    pub(super) from: String,
    /// Up to when; `24:00` is the end of the day.
    #[schema(example = "14:30")]
    pub(super) until: String,
}

impl From<Hours> for HoursView {
    fn from(hours: Hours) -> Self {
        Self { from: hours.opens.to_string(), until: hours.closes.to_string() }
    }
}

/// Why a day is what it is.
#[derive(Debug, Serialize, ToSchema)]
struct ReasonView {
    /// `holiday`, `closure`, `weekly_day_off`, `extra_working_day`, or `no_hours` where the calendar
    /// tells none.
    #[schema(example = "holiday")]
    kind: String,
    /// What people call it; none for `no_hours`.
    name: Option<TextView>,
    /// A remark.
    note: Option<String>,
}

impl From<&Reason> for ReasonView {
    fn from(reason: &Reason) -> Self {
        let kind = match reason {
            Reason::NoHours => "no_hours",
            Reason::WeeklyDayOff { .. } => "weekly_day_off",
            Reason::Holiday { .. } => "holiday",
            Reason::Closure { .. } => "closure",
            Reason::ExtraWorkingDay { .. } => "extra_working_day",
        };
        let row = reason.row();
        Self {
            kind: kind.to_owned(),
            name: row.map(|row| (&row.name).into()),
            note: row.and_then(|row| row.note.clone()),
        }
    }
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
struct DayView {
    /// The date.
    date: NaiveDate,
    /// The same in the Jalali calendar.
    #[schema(example = "1403/01/01")]
    jalali: String,
    /// Its weekday.
    weekday: TextView,
    /// Whether it is worked.
    working: bool,
    /// When the office is open.
    open: Vec<HoursView>,
    /// Everything that closes it, or that changes its hours.
    why: Vec<ReasonView>,
    /// Whether holidays of that time are not published yet, so that there may be more.
    beyond_published: bool,
}

impl From<&Day> for DayView {
    fn from(day: &Day) -> Self {
        let (open, why) = match &day.kind {
            DayKind::Open { intervals, notes } => {
                (intervals.iter().map(|interval| interval.hours.into()).collect(), notes)
            }
            DayKind::Closed { why } => (Vec::new(), why),
        };
        let (fa, en) = (weekday_name_fa(day.weekday), weekday_name_en(day.weekday));
        Self {
            date: day.date,
            jalali: JalaliDate::from(day.date).to_string(),
            weekday: TextView { fa: fa.to_owned(), en: en.to_owned() },
            working: day.is_open(),
            open,
            why: why.iter().map(ReasonView::from).collect(),
            beyond_published: day.beyond_published,
        }
    }
}

/// Days of a calendar.
#[derive(Debug, Serialize, ToSchema)]
struct Days {
    /// The calendar.
    calendar: String,
    /// Its version.
    version: String,
    /// The unit; none for the nation.
    unit: Option<String>,
    /// In their order.
    days: Vec<DayView>,
}

/// A year or a month of a calendar, as a unit has it
#[utoipa::path(
    get, path = "/calendars/{id}/days", tag = "calendars",
    params(("id" = String, Path, description = "The calendar", example = "ir"), Wanted),
    responses(
        (status = 200, body = Days),
        (status = 404, description = "`not_found`: no such calendar or unit"),
        (status = 422, description = "`date_out_of_reach`"),
    )
)]
async fn days(
    State(app): State<App>,
    _caller: Principal,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Days>, Problem> {
    plain(&[&wanted.unit])?;
    let period: JalaliPeriod =
        wanted.period.parse().map_err(|error: parvaneh_core::jalali::DateError| {
            Problem::parameter("period", error.to_string())
        })?;
    let calendars = app.store.calendars(&CalendarId::from(id)).await?;
    let organisation = app.store.organisation().await?;
    let calendar = match wanted.unit.as_deref().map(UnitId::from) {
        Some(unit) if organisation.get(&unit).is_none() => return Err(Problem::not_found()),
        Some(unit) => calendars.for_unit(organisation.path(&unit)),
        None => calendars.national(),
    };
    let (first, last) = calendar.reach();
    if period.start() < first || last < period.end() {
        let status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
        let why = format!("the calendar reaches from {first} to {last}");
        return Err(Problem::new(status, "date_out_of_reach").because(why));
    }
    let dates = period.start().iter_days().take_while(|date| *date < period.end());
    Ok(Json(Days {
        calendar: calendars.id().to_string(),
        version: calendars.version().to_owned(),
        unit: wanted.unit,
        days: dates.map(|date| DayView::from(&calendar.day(date))).collect(),
    }))
}
