//! Closures by decision: which there are, what one would move, closing and opening again.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, NaiveDate, Utc};
use parvaneh_core::{
    CalendarId, CaseId, UnitId,
    calendar::{Hours, TimeOfDay},
    jalali::{JalaliDate, parse_date},
};
use parvaneh_store::{
    Affected, Change, ClosedDay, Closing, ClosureRow, ClosureSettled, ClosuresQuery, JobId,
    MovedCase, PreviewPage, Reopening, Viewer,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{calendars::HoursView, cases::plain};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    page::{self, cut},
    policy::{self, Task},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, close))
        .routes(routes!(preview))
        .routes(routes!(closure))
        .routes(routes!(withdraw))
}

/// Which closures.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of which calendar; without one, `ir`.
    calendar: Option<String>,
    /// Only those that bear on this unit: its own, and those of units above and below it.
    unit: Option<String>,
    /// Only days from this one on, of either calendar.
    from: Option<String>,
    /// Only days up to this one, of either calendar.
    until: Option<String>,
    /// Also those that were taken back.
    all: Option<bool>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A closure.
#[derive(Debug, Serialize, ToSchema)]
struct ClosureView {
    /// Its number.
    no: u32,
    /// The calendar.
    calendar: String,
    /// The unit, closed with everything below it.
    #[schema(example = "23")]
    unit: String,
    /// The day.
    date: NaiveDate,
    /// The same in the Jalali calendar.
    #[schema(example = "1403/10/05")]
    jalali: String,
    /// The hours; none is the whole day.
    hours: Option<HoursView>,
    /// Why.
    reason: String,
    /// Whether it is in force.
    in_force: bool,
    /// When it was decided.
    closed_at: DateTime<Utc>,
    /// Who decided it; told to those who keep the calendar there, none for the operator.
    closed_by: Option<Uuid>,
    /// When it was taken back.
    withdrawn_at: Option<DateTime<Utc>>,
    /// Why it was.
    withdrawn_because: Option<String>,
}

impl ClosureView {
    fn of(row: ClosureRow, viewer: &Viewer) -> Self {
        let keeps = policy::may(viewer, Task::KeepCalendars, &row.closure.unit);
        Self {
            no: row.closure.no,
            calendar: row.calendar.to_string(),
            in_force: row.is_in_force(),
            unit: row.closure.unit.to_string(),
            date: row.closure.date,
            jalali: JalaliDate::from(row.closure.date).to_string(),
            hours: row.closure.hours.map(HoursView::from),
            reason: row.closure.reason,
            closed_at: row.closed_at,
            closed_by: row.closed_by.filter(|_| keeps).map(|person| person.0),
            withdrawn_at: row.reopened_at,
            withdrawn_because: row.reopened_reason,
        }
    }
}

/// A page of closures.
#[derive(Debug, Serialize, ToSchema)]
struct Closures {
    /// By their days.
    items: Vec<ClosureView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// Closures of a calendar
#[utoipa::path(
    get, path = "/closures", tag = "closures",
    params(Wanted),
    responses((status = 200, body = Closures), (status = 404, description = "`not_found`: no such calendar"))
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Closures>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.calendar, &wanted.unit])?;
    let date = |text: &Option<String>, name: &str| {
        let date = text.as_deref().map(parse_date).transpose();
        date.map_err(|error| Problem::parameter(name, error.to_string()))
    };
    let viewer = app.viewer(&caller).await?;
    let calendar = CalendarId::from(wanted.calendar.as_deref().unwrap_or("ir"));
    app.store.calendars(&calendar).await?;
    let query = ClosuresQuery {
        unit: wanted.unit.as_deref().map(UnitId::from),
        from: date(&wanted.from, "from")?,
        until: date(&wanted.until, "until")?,
        all: wanted.all.unwrap_or(false),
        after: page::after(wanted.after.as_deref())?,
        limit: limit as usize + 1,
    };
    let (rows, more) = cut(app.store.closures(&calendar, &query).await?, limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| page::end(&(row.closure.date, row.closure.no)));
    let items = rows.into_iter().map(|row| ClosureView::of(row, &viewer)).collect();
    Ok(Json(Closures { items, next }))
}

/// A closure
#[utoipa::path(
    get, path = "/closures/{no}", tag = "closures",
    params(("no" = u32, Path, description = "Its number")),
    responses((status = 200, body = ClosureView))
)]
async fn closure(
    State(app): State<App>,
    caller: Principal,
    Path(no): Path<u32>,
) -> Result<Json<ClosureView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let row = app.store.closure(no).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(ClosureView::of(row, &viewer)))
}

/// Hours that are closed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoursAsked {
    /// From when.
    #[schema(pattern = "^([01][0-9]|2[0-4]):[0-5][0-9]$", example = "12:00")]
    from: String,
    /// Up to when; `24:00` is the end of the day.
    #[schema(pattern = "^([01][0-9]|2[0-4]):[0-5][0-9]$", example = "24:00")]
    until: String,
}

/// What is to be closed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "unit": "23", "date": "1403/10/05", "reason": "Cold and air pollution" }))]
struct CloseOffices {
    /// By which calendar; without one, `ir`.
    #[schema(min_length = 1, max_length = 200)]
    calendar: Option<String>,
    /// The unit, with everything below it.
    #[schema(min_length = 1, max_length = 200)]
    unit: String,
    /// The day, past or to come, of either calendar.
    #[schema(max_length = 40)]
    date: String,
    /// Only these hours; without them, the whole day.
    hours: Option<HoursAsked>,
    /// Why: it stands on every event and in every explanation.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

fn fault(pointer: &str, error: impl ToString) -> Problem {
    Problem::faulty(vec![Fault::new(pointer, "invalid", error.to_string())])
}

impl CloseOffices {
    fn read(&self, by: &Principal) -> Result<Change, Problem> {
        if [&self.unit, &self.reason].iter().any(|text| text.contains('\0')) {
            return Err(fault("", "holds U+0000"));
        }
        let date = parse_date(&self.date).map_err(|error| fault("/date", error))?;
        let hours = self.hours.as_ref().map(|hours| {
            let time =
                |text: &str| text.parse::<TimeOfDay>().map_err(|_| fault("/hours", "no time"));
            let (opens, closes) = (time(&hours.from)?, time(&hours.until)?);
            match opens < closes {
                true => Ok(Hours { opens, closes }),
                false => Err(fault("/hours", "they end before they begin")),
            }
        });
        let calendar = CalendarId::from(self.calendar.as_deref().unwrap_or("ir"));
        let (unit, hours) = (UnitId::from(self.unit.as_str()), hours.transpose()?);
        let day = ClosedDay { calendar, unit, date, hours };
        let (reason, by) = (self.reason.clone(), Some(by.person));
        Ok(Change::Close(Closing { day, reason, by }))
    }
}

/// A closure to be taken back.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Announced by mistake" }))]
struct Withdrawal {
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// What takes a closure back.
///
/// # Errors
/// `not_found`.
pub(crate) async fn reopening(
    app: &App,
    caller: &Principal,
    no: u32,
    reason: &str,
) -> Result<Change, Problem> {
    let row = app.store.closure(no).await?.ok_or_else(Problem::not_found)?;
    let parvaneh_core::calendar::DecidedClosure { unit, date, hours, .. } = row.closure;
    let day = ClosedDay { calendar: row.calendar, unit, date, hours };
    Ok(Change::Reopen(Reopening { day, reason: reason.to_owned(), by: Some(caller.person) }))
}

/// A change of the closures that is in force.
#[derive(Debug, Serialize, ToSchema)]
struct SettledView {
    /// The closure, as it stands now.
    closure: ClosureView,
    /// The job that brings the change to running cases; none when it was in force before.
    job: Option<JobId>,
}

impl SettledView {
    fn of(settled: ClosureSettled, viewer: &Viewer) -> Self {
        Self { closure: ClosureView::of(settled.closure, viewer), job: settled.job }
    }
}

/// Close offices
///
/// It is in force at once: every command, and the worker, finds deadlines moved. The job brings it to
/// the cases to which nobody comes. The same once more changes nothing.
#[utoipa::path(
    post, path = "/closures", tag = "closures",
    params(Key),
    request_body = CloseOffices,
    responses(
        (status = 201, description = "Closed", body = SettledView),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`"),
        (status = 404, description = "`not_found`: no such unit or calendar"),
        (status = 409, description = "`closed_before`"),
        (status = 422, description = "`date_out_of_reach`, `reason_needed`"),
    )
)]
async fn close(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<CloseOffices>,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let change = body.read(&caller)?;
    let store = app.store.clone();
    once(&app, &caller, key, "close", &body, async move {
        let settled = store.change_closures(change).await?;
        Ok((StatusCode::CREATED, SettledView::of(settled, &viewer)))
    })
    .await
}

/// Take a closure back
#[utoipa::path(
    post, path = "/closures/{no}/withdrawal", tag = "closures",
    params(("no" = u32, Path, description = "Its number"), Key),
    request_body = Withdrawal,
    responses(
        (status = 200, description = "Taken back", body = SettledView),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`"),
        (status = 409, description = "`not_closed`: it was taken back before"),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn withdraw(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Path(no): Path<u32>,
    Body(body): Body<Withdrawal>,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let change = reopening(&app, &caller, no, &body.reason).await?;
    let store = app.store.clone();
    once(&app, &caller, key, &format!("withdraw closure {no}"), &body, async move {
        let settled = store.change_closures(change).await?;
        Ok((StatusCode::OK, SettledView::of(settled, &viewer)))
    })
    .await
}

/// A change that is only thought of: either `close` or `withdraw`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "close": { "unit": "23", "date": "1403/10/05", "reason": "Cold" }, "limit": 50 }))]
struct PreviewAsked {
    /// What would be closed.
    close: Option<CloseOffices>,
    /// The number of the closure that would be taken back.
    withdraw: Option<u32>,
    /// After the end of which page of cases: `next` of the one before.
    #[schema(max_length = 500)]
    after: Option<String>,
    /// How many cases, up to 200.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A clock whose deadline would move.
#[derive(Debug, Serialize, ToSchema)]
struct MovedClock {
    /// 0 is the statutory clock, else the task's number.
    clock: u32,
    /// Its deadline now.
    from: DateTime<Utc>,
    /// Its deadline then; none where it stands still with its case.
    to: Option<DateTime<Utc>>,
    /// Whether it is past its deadline now.
    late_before: bool,
    /// Whether it would be.
    late_after: bool,
}

impl From<&Affected> for MovedClock {
    fn from(affected: &Affected) -> Self {
        let Affected { clock, from, to, late_before, late_after } = *affected;
        Self { clock, from, to, late_before, late_after }
    }
}

/// A case whose deadlines would move.
#[derive(Debug, Serialize, ToSchema)]
struct MovedCaseView {
    /// The case.
    case: Uuid,
    /// What it is about.
    subject: String,
    /// The unit that received it.
    unit: String,
    /// Where it stands.
    step: String,
    /// Its clocks that would move.
    clocks: Vec<MovedClock>,
}

impl From<&MovedCase> for MovedCaseView {
    fn from(moved: &MovedCase) -> Self {
        Self {
            case: moved.case.0,
            subject: moved.subject.clone(),
            unit: moved.unit.to_string(),
            step: moved.step.to_string(),
            clocks: moved.clocks.iter().map(MovedClock::from).collect(),
        }
    }
}

/// How many a change would move.
#[derive(Debug, Serialize, ToSchema)]
struct MovedCounts {
    /// How many open cases were looked at.
    looked_at: u64,
    /// How many would have a deadline moved.
    cases: u64,
    /// How many clocks that are.
    clocks: u64,
    /// How many are within their statutory deadline and would be late.
    become_late: u64,
    /// How many are late and would be within it.
    become_on_time: u64,
    /// How many could not be looked at.
    failed: u64,
}

/// What a change would do.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewView {
    /// How many it would move, of all cases of the unit; none on later pages.
    counts: Option<MovedCounts>,
    /// Those of them that the caller sees.
    items: Vec<MovedCaseView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// What a closure, or taking one back, would move
///
/// Nothing is changed. For those who may do it.
#[utoipa::path(
    post, path = "/closures/preview", tag = "closures",
    request_body = PreviewAsked,
    responses(
        (status = 200, description = "What it would do", body = PreviewView),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`"),
        (status = 404, description = "`not_found`: no such unit, calendar or closure"),
        (status = 409, description = "`closed_before`, `not_closed`"),
        (status = 422, description = "`date_out_of_reach`, `reason_needed`"),
    )
)]
async fn preview(
    State(app): State<App>,
    caller: Principal,
    Body(body): Body<PreviewAsked>,
) -> Result<Json<PreviewView>, Problem> {
    let most = page::length(body.limit)? as usize;
    let change = match (&body.close, body.withdraw) {
        (Some(close), None) => close.read(&caller)?,
        (None, Some(no)) => reopening(&app, &caller, no, "a preview").await?,
        _ => return Err(fault("", "say either `close` or `withdraw`")),
    };
    let after: Option<(UnitId, CaseId)> = page::after(body.after.as_deref())?;
    let is_first = after.is_none();
    let page = PreviewPage { most, viewer: Some(app.viewer(&caller).await?), after };
    let preview = app.store.preview_closures(&change, &page, |_, _| {}).await?;
    let counts = MovedCounts {
        looked_at: preview.looked_at,
        cases: preview.cases,
        clocks: preview.clocks,
        become_late: preview.become_late,
        become_on_time: preview.become_on_time,
        failed: preview.failed,
    };
    Ok(Json(PreviewView {
        counts: Some(counts).filter(|_| is_first),
        items: preview.first.iter().map(MovedCaseView::from).collect(),
        next: preview.next.as_ref().map(page::end),
    }))
}
