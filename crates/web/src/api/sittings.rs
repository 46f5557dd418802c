//! Sittings of commissions: who sits when, what is on the agenda, which cases lack a sitting.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, NaiveTime, Utc, Weekday};
use parvaneh_core::{
    PersonId, RoleId, SittingId, Term, UnitId,
    jalali::parse_date,
    sitting::{Place, Series, SittingState},
};
use parvaneh_store::{
    AgendaItem, NewSittings, PeopleFilter, PlannedSitting, Room, Settled, SittingRow,
    SittingsQuery, Viewer,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::cases::plain;
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    page::{self, cut},
    policy,
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, plan))
        .routes(routes!(room))
        .routes(routes!(sitting))
        .routes(routes!(hold))
        .routes(routes!(cancel))
}

/// Which sittings.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those of commissions at this unit or below it.
    unit: Option<String>,
    /// Only those of the commission of these members.
    members: Option<String>,
    /// Only those that sit at or after this instant.
    from: Option<DateTime<Utc>>,
    /// Only those that sit before this instant.
    until: Option<DateTime<Utc>>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A sitting of a commission.
#[derive(Debug, Serialize, ToSchema)]
struct SittingView {
    /// Its identifier.
    id: Uuid,
    /// The unit of the commission.
    #[schema(example = "23")]
    unit: String,
    /// The role of its members.
    #[schema(example = "commission_member")]
    members: String,
    /// When it sits.
    at: DateTime<Utc>,
    /// When its agenda closes.
    closes_at: DateTime<Utc>,
    /// Where it sits.
    place: String,
    /// How many cases it can hear.
    capacity: u32,
    /// How many places are taken.
    taken: u32,
    /// `planned`, `held` or `cancelled`.
    #[schema(example = "planned")]
    state: String,
    /// The number of its minutes, when it was held.
    minutes: Option<String>,
    /// Why it was cancelled.
    reason: Option<String>,
}

impl SittingView {
    fn of(sitting: &parvaneh_core::Sitting, place: String) -> Self {
        let (state, minutes, reason) = match &sitting.state {
            SittingState::Planned => ("planned", None, None),
            SittingState::Held { minutes } => ("held", Some(minutes.clone()), None),
            SittingState::Cancelled { reason } => ("cancelled", None, Some(reason.clone())),
        };
        Self {
            id: sitting.id.0,
            unit: sitting.unit.to_string(),
            members: sitting.members.to_string(),
            at: sitting.at,
            closes_at: sitting.closes_at,
            place,
            capacity: sitting.capacity,
            taken: sitting.taken,
            state: state.to_owned(),
            minutes,
            reason,
        }
    }
}

impl From<SittingRow> for SittingView {
    fn from(row: SittingRow) -> Self {
        Self::of(&row.sitting, row.place)
    }
}

/// A page of sittings.
#[derive(Debug, Serialize, ToSchema)]
struct Sittings {
    /// By their dates.
    items: Vec<SittingView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// Sittings that I see
///
/// Those of the commissions before which cases of one's own offices may come: members see theirs.
#[utoipa::path(
    get, path = "/sittings", tag = "sittings",
    params(Wanted),
    responses((status = 200, body = Sittings))
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Sittings>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.unit, &wanted.members])?;
    let after: Option<(DateTime<Utc>, UnitId, SittingId)> = page::after(wanted.after.as_deref())?;
    let query = SittingsQuery {
        within: wanted.unit.map(UnitId::from),
        members: wanted.members.map(RoleId::from),
        from: wanted.from,
        until: wanted.until,
        reach: Some(app.viewer(&caller).await?.reach),
        after,
        limit: limit + 1,
    };
    let (rows, more) = cut(app.store.sittings(&query).await?, limit);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| page::end(&(row.sitting.at, &row.sitting.unit, row.sitting.id)));
    Ok(Json(Sittings { items: rows.into_iter().map(SittingView::from).collect(), next }))
}

/// A case that is, or was, on an agenda.
#[derive(Debug, Serialize, ToSchema)]
struct AgendaItemView {
    /// The case.
    case: Uuid,
    /// What it is about.
    subject: String,
    /// When it was put on.
    put_at: DateTime<Utc>,
    /// When it went off.
    off_at: Option<DateTime<Utc>>,
    /// The result, or why it is off; none while it is on the agenda.
    outcome: Option<String>,
    /// Its statutory deadline.
    deadline: Option<DateTime<Utc>>,
}

impl From<AgendaItem> for AgendaItemView {
    fn from(item: AgendaItem) -> Self {
        Self {
            case: item.case.0,
            subject: item.subject,
            put_at: item.put_at,
            off_at: item.off_at,
            outcome: item.outcome,
            deadline: item.deadline,
        }
    }
}

/// Somebody who sits in a commission.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    /// Who.
    person: Uuid,
    /// His name.
    name: String,
    /// Up to when he is away, if he is now.
    absent_until: Option<DateTime<Utc>>,
}

/// A sitting with its agenda.
#[derive(Debug, Serialize, ToSchema)]
struct SittingFile {
    /// The sitting.
    sitting: SittingView,
    /// Who sits in the commission now, by name.
    members: Vec<Member>,
    /// The cases that are or were on its agenda and that the caller sees, in their order.
    agenda: Vec<AgendaItemView>,
}

/// A sitting that the caller sees.
pub(crate) async fn seen(app: &App, viewer: &Viewer, id: Uuid) -> Result<SittingRow, Problem> {
    let row = app.store.sitting(SittingId(id)).await?;
    policy::see_sitting(viewer, &row.sitting)?;
    Ok(row)
}

/// A sitting, who sits in it, and its agenda
#[utoipa::path(
    get, path = "/sittings/{id}", tag = "sittings",
    params(("id" = Uuid, Path, description = "The sitting")),
    responses((status = 200, body = SittingFile))
)]
async fn sitting(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<SittingFile>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let row = seen(&app, &viewer, id).await?;
    let items = app.store.reading_as(&viewer).agenda(row.sitting.id).await?;
    let sees = |item: &AgendaItem| {
        let Viewer { reach, organisation, .. } = &viewer;
        reach.sees(organisation, &item.workflow, &item.unit, item.applicant).is_some()
    };
    let agenda = items.into_iter().filter(sees).map(AgendaItemView::from).collect();
    let role = row.sitting.members.clone();
    let filter = PeopleFilter { role: Some(role.clone()), ..PeopleFilter::default() };
    let holders = app.store.people(&filter).await?;
    let sits = |person: &parvaneh_store::Person| {
        person.grants.iter().any(|grant| {
            grant.role == role && viewer.organisation.contains(&grant.unit, &row.sitting.unit)
        })
    };
    let members = holders.into_iter().filter(sits).map(|person| Member {
        person: person.id.0,
        name: person.name,
        absent_until: person.absent_until,
    });
    Ok(Json(SittingFile { members: members.collect(), agenda, sitting: row.into() }))
}

/// A weekday.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WeekdayName {
    /// شنبه.
    Saturday,
    /// یکشنبه.
    Sunday,
    /// دوشنبه.
    Monday,
    /// سه‌شنبه.
    Tuesday,
    /// چهارشنبه.
    Wednesday,
    /// پنجشنبه.
    Thursday,
    /// جمعه.
    Friday,
}

impl From<WeekdayName> for Weekday {
    fn from(name: WeekdayName) -> Self {
        match name {
            WeekdayName::Saturday => Self::Sat,
            WeekdayName::Sunday => Self::Sun,
            WeekdayName::Monday => Self::Mon,
            WeekdayName::Tuesday => Self::Tue,
            WeekdayName::Wednesday => Self::Wed,
            WeekdayName::Thursday => Self::Thu,
            WeekdayName::Friday => Self::Fri,
        }
    }
}

/// Sittings at the same time of the same weekday.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeriesAsked {
    /// The weekday.
    weekday: WeekdayName,
    /// The local time of day.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "10:00")]
    time: String,
    /// Every how many weeks.
    #[schema(minimum = 1, maximum = 52)]
    weeks: u32,
    /// The first date, of either calendar.
    #[schema(example = "1403/02/01")]
    from: String,
    /// The last date, of either calendar.
    #[schema(example = "1403/06/31")]
    until: String,
}

/// Sittings that are to be planned: all of them, or none.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "unit": "23", "members": "commission_member", "place": "Hall 1", "capacity": 12,
    "series": { "weekday": "tuesday", "time": "10:00", "weeks": 2, "from": "1403/02/15", "until": "1403/06/31" },
    "skip_closed": true
}))]
pub(crate) struct PlanSittings {
    /// The unit of the commission.
    #[schema(min_length = 1, max_length = 200)]
    unit: String,
    /// The role of its members.
    #[schema(min_length = 1, max_length = 200)]
    members: String,
    /// When it sits; instead of `series`.
    #[serde(default)]
    #[schema(max_items = 200)]
    at: Vec<DateTime<Utc>>,
    /// When it sits again and again; instead of `at`.
    series: Option<SeriesAsked>,
    /// How long before each the agenda closes, such as `2 wd`; without one, what the procedure says.
    #[schema(example = "2 wd")]
    cut_off: Option<String>,
    /// Where it sits.
    #[schema(min_length = 1, max_length = 1000)]
    place: String,
    /// How many cases each hears.
    #[schema(minimum = 1, maximum = 1000)]
    capacity: u32,
    /// Whether to leave out those at which the office is closed.
    #[serde(default)]
    skip_closed: bool,
}

/// A sitting that was planned, or left out.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedView {
    /// Its identifier; none where it was left out.
    id: Option<Uuid>,
    /// When it sits.
    at: DateTime<Utc>,
    /// When its agenda closes.
    closes_at: DateTime<Utc>,
    /// Why the office is closed then, if it is.
    #[schema(value_type = Option<Object>)]
    closed: Option<Value>,
}

impl From<PlannedSitting> for PlannedView {
    fn from(planned: PlannedSitting) -> Self {
        Self {
            id: Some(planned.sitting.id.0).filter(|_| planned.planned),
            at: planned.sitting.at,
            closes_at: planned.sitting.closes_at,
            closed: planned.closed.and_then(|closed| serde_json::to_value(closed).ok()),
        }
    }
}

/// Sittings that were planned.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedSittings {
    /// In the order in which they were asked for.
    items: Vec<PlannedView>,
}

fn fault(pointer: &str, error: impl ToString) -> Problem {
    Problem::faulty(vec![Fault::new(pointer, "invalid", error.to_string())])
}

/// Plan sittings
///
/// For whoever owns the commission in one of the procedures: the secretariat, say.
#[utoipa::path(
    post, path = "/sittings", tag = "sittings",
    params(Key),
    request_body = PlanSittings,
    responses(
        (status = 201, description = "Planned", body = PlannedSittings),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`"),
        (status = 409, description = "`sitting_exists`"),
        (status = 422, description = "`unknown_commission`, `wrong_unit`, `sitting_too_soon`, `place_needed`, `no_deadline`"),
    )
)]
async fn plan(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<PlanSittings>,
) -> Result<Response, Problem> {
    let new = to_plan(&app, caller.person, &body).await?;
    let (store, by) = (app.store.clone(), caller.person);
    once(&app, &caller, key, "plan sittings", &body, async move {
        let planned = store.plan_sittings(by, new).await?;
        let items = planned.into_iter().map(PlannedView::from).collect();
        Ok((StatusCode::CREATED, PlannedSittings { items }))
    })
    .await
}

/// Sittings to be planned: when each of them sits.
///
/// # Errors
/// `not_permitted`, `out_of_jurisdiction`, `unknown_commission`, `wrong_unit`; `body_invalid`.
pub(crate) async fn to_plan(
    app: &App,
    by: PersonId,
    body: &PlanSittings,
) -> Result<NewSittings, Problem> {
    let (unit, members) = (UnitId::from(&*body.unit), RoleId::from(&*body.members));
    let right = app.store.right_to_sittings(by, &members, &unit).await?;
    let cut_off = body.cut_off.as_deref().map(str::parse::<Term>).transpose();
    let cut_off = cut_off.map_err(|error| fault("/cut_off", error))?;
    let instants = match (&body.series, &body.at[..]) {
        (None, []) | (Some(_), [_, ..]) => {
            return Err(fault("/at", "say either when it sits (`at`), or a `series`"));
        }
        (None, instants) => instants.to_vec(),
        (Some(series), []) => {
            let calendars = app.store.calendars(&right.calendar).await?;
            let organisation = app.store.organisation().await?;
            let time = NaiveTime::parse_from_str(&series.time, "%H:%M");
            let time = time.map_err(|error| fault("/series/time", error))?;
            let from = parse_date(&series.from).map_err(|error| fault("/series/from", error))?;
            let until = parse_date(&series.until).map_err(|error| fault("/series/until", error))?;
            let (weekday, weeks) = (series.weekday.into(), series.weeks);
            let series = Series { weekday, time, weeks, from, until };
            let instants = series.instants(calendars.for_unit(organisation.path(&unit)));
            instants.map_err(|error| fault("/series", error))?
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the edge: a sitting has an identifier")]
    let sittings = instants.into_iter().map(|at| (SittingId(Uuid::now_v7()), at)).collect();
    Ok(NewSittings {
        unit,
        members,
        sittings,
        cut_off,
        place: body.place.clone(),
        capacity: body.capacity,
        skip_closed: body.skip_closed,
    })
}

/// The minutes of a sitting.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "minutes": "1403/5512" }))]
struct Minutes {
    /// Their number.
    #[schema(min_length = 1, max_length = 1000)]
    minutes: String,
}

/// What has become of a sitting and of its cases.
#[derive(Debug, Serialize, ToSchema)]
struct EndedSitting {
    /// The sitting.
    sitting: SittingView,
    /// How many cases were taken off its agenda and wait again.
    put_back: u64,
    /// How many cases could not be told yet: the worker tries again.
    not_told: u64,
}

async fn ended(app: &App, id: SittingId, settled: Settled) -> Result<EndedSitting, Problem> {
    let sitting = app.store.sitting(id).await?.into();
    Ok(EndedSitting { sitting, put_back: settled.put_back, not_told: settled.failed })
}

/// Record that a sitting was held
///
/// What it has not decided waits again.
#[utoipa::path(
    post, path = "/sittings/{id}/minutes", tag = "sittings",
    params(("id" = Uuid, Path, description = "The sitting"), Key),
    request_body = Minutes,
    responses(
        (status = 200, description = "Held", body = EndedSitting),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`"),
        (status = 409, description = "`sitting_ahead`, `sitting_over`"),
        (status = 422, description = "`minutes_needed`"),
    )
)]
async fn hold(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Path(id): Path<Uuid>,
    Body(body): Body<Minutes>,
) -> Result<Response, Problem> {
    let id = seen(&app, &app.viewer(&caller).await?, id).await?.sitting.id;
    let (all, by, minutes) = (app.clone(), caller.person, body.minutes.clone());
    once(&app, &caller, key, &format!("hold {id}"), &body, async move {
        let settled = all.store.hold_sitting(by, id, &minutes).await?;
        Ok((StatusCode::OK, ended(&all, id, settled).await?))
    })
    .await
}

/// Why a sitting does not take place.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Too few members can come" }))]
struct Cancellation {
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Cancel a sitting
///
/// Its cases wait again.
#[utoipa::path(
    post, path = "/sittings/{id}/cancellation", tag = "sittings",
    params(("id" = Uuid, Path, description = "The sitting"), Key),
    request_body = Cancellation,
    responses(
        (status = 200, description = "Cancelled", body = EndedSitting),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`"),
        (status = 409, description = "`sitting_over`"),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn cancel(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Path(id): Path<Uuid>,
    Body(body): Body<Cancellation>,
) -> Result<Response, Problem> {
    let id = seen(&app, &app.viewer(&caller).await?, id).await?.sitting.id;
    let (all, by, reason) = (app.clone(), caller.person, body.reason.clone());
    once(&app, &caller, key, &format!("cancel {id}"), &body, async move {
        let settled = all.store.cancel_sitting(by, id, &reason).await?;
        Ok((StatusCode::OK, ended(&all, id, settled).await?))
    })
    .await
}

/// Of which commissions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RoomWanted {
    /// Only those at this unit or below it.
    unit: Option<String>,
    /// Only those of these members.
    members: Option<String>,
}

/// Which room a case finds.
#[derive(Debug, Serialize, ToSchema)]
struct CaseRoom {
    /// The case.
    case: Uuid,
    /// What it is about.
    subject: String,
    /// By when it should be heard.
    deadline: Option<DateTime<Utc>>,
    /// `on_agenda`, `fits` (it could be put there), `too_late` (it is on the agenda of one that sits
    /// after the deadline) or `lacking`.
    #[schema(example = "fits")]
    room: String,
    /// Which sitting that is.
    sitting: Option<Uuid>,
    /// When an extra sitting would do, from the earliest to the latest, where it finds none.
    #[schema(value_type = Option<Object>)]
    extra: Option<Value>,
}

/// The room in a commission.
#[derive(Debug, Serialize, ToSchema)]
struct CommissionRoom {
    /// The unit of the commission.
    unit: String,
    /// The role of its members.
    members: String,
    /// Every case that waits for it and that the caller sees, the nearest deadline first.
    cases: Vec<CaseRoom>,
    /// The extra sittings that would hear those that find none.
    #[schema(value_type = Vec<Object>)]
    extra: Vec<Value>,
}

impl From<Room> for CommissionRoom {
    fn from(room: Room) -> Self {
        let cases = room.cases.into_iter().map(|case| {
            let (name, sitting) = match case.lot.place {
                Place::OnAgenda(id) => ("on_agenda", Some(id)),
                Place::Fits(id) => ("fits", Some(id)),
                Place::TooLate(id) => ("too_late", Some(id)),
                Place::Lacking => ("lacking", None),
            };
            CaseRoom {
                case: case.lot.case.case.0,
                subject: case.subject,
                deadline: case.lot.case.deadline,
                room: name.to_owned(),
                sitting: sitting.map(|id| id.0),
                extra: case.extra.and_then(|extra| serde_json::to_value(extra).ok()),
            }
        });
        Self {
            unit: room.unit.to_string(),
            members: room.members.to_string(),
            cases: cases.collect(),
            extra: room
                .extra
                .iter()
                .filter_map(|needed| serde_json::to_value(needed).ok())
                .collect(),
        }
    }
}

/// The room in commissions.
#[derive(Debug, Serialize, ToSchema)]
struct Rooms {
    /// Only commissions for which a case waits.
    items: Vec<CommissionRoom>,
}

/// Which cases still find a sitting before their deadline
#[utoipa::path(
    get, path = "/sittings/room", tag = "sittings",
    params(RoomWanted),
    responses((status = 200, body = Rooms))
)]
async fn room(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<RoomWanted>,
) -> Result<Json<Rooms>, Problem> {
    plain(&[&wanted.unit, &wanted.members])?;
    let viewer = app.viewer(&caller).await?;
    let (unit, members) = (wanted.unit.map(UnitId::from), wanted.members.map(RoleId::from));
    let rooms = app.store.room(unit.as_ref(), members.as_ref(), Some(&viewer)).await?;
    Ok(Json(Rooms { items: rooms.into_iter().map(CommissionRoom::from).collect() }))
}
