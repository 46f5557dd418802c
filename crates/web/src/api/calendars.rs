//! Working calendars: which there are, a year of one as a unit has it, and publishing.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, NaiveDate, Utc};
use parvaneh_core::{
    CalendarId, CalendarSource, Calendars, JalaliPeriod, UnitId,
    calendar::{Day, DayKind, Hours, Reason},
    document,
    jalali::{JalaliDate, weekday_name_en, weekday_name_fa},
};
use parvaneh_store::{JobId, Published};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    cases::plain,
    reference::TextView,
    workflows::{TextProblem, reading, unsound},
};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, publish)).routes(routes!(check)).routes(routes!(days))
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

/// A calendar.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "source": "calendar: ir\ntitle: …" }))]
struct PublishCalendar {
    /// The text of its file, in YAML or JSON.
    #[schema(min_length = 1)]
    source: String,
}

/// A text of a calendar that is in force from now on.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedCalendar {
    /// The calendar.
    #[schema(example = "ir")]
    calendar: String,
    /// SHA-256 of the file, in hexadecimal.
    version: String,
    /// Whether it is new; not, when just this was published before.
    new: bool,
    /// The job that carries it to the clocks that run, where there is one.
    #[schema(value_type = Option<i64>)]
    job: Option<JobId>,
}

/// Publish a newer text of a calendar, or a new calendar
///
/// It is in force at once, with the closures that were decided: deadlines that run move by it, and a job
/// brings it to the cases to which nobody comes. Days that are past stay as they were: of the last ten
/// years, no unit's hours may change. The same once more changes nothing.
#[utoipa::path(
    post, path = "/calendars", tag = "calendars",
    params(Key),
    request_body = PublishCalendar,
    responses(
        (status = 201, description = "Published", body = PublishedCalendar),
        (status = 403, description = "`forbidden`: needs the role `calendar_keeper` or `administrator` over the whole organisation"),
        (status = 409, description = "`calendar_past`: it would change a day that is past"),
        (status = 422, description = "`calendar_unsound`: each fault with its line and column"),
    )
)]
async fn publish(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<PublishCalendar>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::PublishCalendars)?;
    let calendar = read(&body.source).await?;
    let calendar =
        calendar.map_err(|problems| unsound("calendar_unsound", "/source", &problems))?;
    let (store, source) = (app.store.clone(), body.source.clone());
    once(&app, &caller, key, "publish calendar", &body, async move {
        let (published, job) = store.publish_calendar_onward(calendar.id(), &source).await?;
        let view = PublishedCalendar {
            calendar: calendar.id().to_string(),
            version: calendar.version().to_owned(),
            new: published == Published::Now,
            job,
        };
        Ok((StatusCode::CREATED, view))
    })
    .await
}

/// What would be published.
#[derive(Debug, Serialize, ToSchema)]
struct CheckedCalendar {
    /// Whether it can be published.
    sound: bool,
    /// The calendar, as far as it could be read.
    calendar: Option<String>,
    /// Its version.
    version: Option<String>,
    /// Every problem of its text.
    problems: Vec<TextProblem>,
}

/// Check a text of a calendar, without publishing it
#[utoipa::path(
    post, path = "/calendars/check", tag = "calendars",
    request_body = PublishCalendar,
    responses(
        (status = 200, description = "What is wrong with it, if anything", body = CheckedCalendar),
        (status = 403, description = "`forbidden`: needs the role `calendar_keeper` or `administrator` over the whole organisation"),
    )
)]
async fn check(
    State(app): State<App>,
    caller: Principal,
    Body(body): Body<PublishCalendar>,
) -> Result<Json<CheckedCalendar>, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::PublishCalendars)?;
    let (calendar, problems) = match read(&body.source).await? {
        Ok(calendar) => (Some(calendar), Vec::new()),
        Err(problems) => (None, problems),
    };
    Ok(Json(CheckedCalendar {
        sound: calendar.is_some(),
        calendar: calendar.as_ref().map(|calendar| calendar.id().to_string()),
        version: calendar.as_ref().map(|calendar| calendar.version().to_owned()),
        problems: problems.iter().map(TextProblem::from).collect(),
    }))
}

/// A calendar by its text, or everything that is wrong with that.
///
/// # Errors
/// `internal`.
pub(crate) async fn read(
    source: &str,
) -> Result<Result<CalendarSource, Vec<document::Problem>>, Problem> {
    let text = source.to_owned();
    reading(move || CalendarSource::parse("source", &text)).await
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
        let status = StatusCode::UNPROCESSABLE_ENTITY;
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
