//! On-time figures.

use axum::{Json, extract::State};
use parvaneh_core::{JalaliPeriod, UnitId, WorkflowId, measure::Tally};
use parvaneh_store::{OnTimeBy, OnTimeKey, OnTimeQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::cases::plain;
use crate::{
    App,
    auth::Principal,
    body::Query,
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(on_time))
}

/// Of which period, and how they are told apart.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// A Jalali year or month: `1403`, `1403/07`.
    #[param(example = "1403/07")]
    period: String,
    /// How they are told apart.
    by: Option<By>,
    /// Only those of this workflow.
    workflow: Option<String>,
    /// Only those received by this unit or one below it; without one, by those of the whole
    /// organisation, which only its managers see.
    unit: Option<String>,
}

/// How figures are told apart.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// By the months of the period.
    Month,
    /// By province.
    Province,
    /// By the unit that received the case.
    Unit,
    /// By workflow and version.
    Workflow,
}

/// How many cases were decided on time.
#[derive(Debug, Serialize, ToSchema)]
struct TallyView {
    /// Decided on time.
    on_time: u64,
    /// Decided late.
    late: u64,
    /// Decided by silence: late.
    by_silence: u64,
    /// Withdrawn or lapsed after the deadline: late.
    given_up_late: u64,
    /// Overdue and undecided: late.
    overdue: u64,
    /// On time of all these; none where there are none.
    rate: Option<f64>,
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        Self {
            on_time: tally.on_time,
            late: tally.late,
            by_silence: tally.by_silence,
            given_up_late: tally.given_up_late,
            overdue: tally.overdue,
            rate: tally.rate(),
        }
    }
}

/// One row of figures.
#[derive(Debug, Serialize, ToSchema)]
struct FigureRow {
    /// What it is about: a month, a unit, a workflow with its version; none is everything.
    #[schema(example = "1403/07")]
    key: Option<String>,
    /// By the final deadlines.
    tally: TallyView,
    /// By the deadlines without suspensions and extensions.
    raw: TallyView,
}

/// On-time figures of a period.
#[derive(Debug, Serialize, ToSchema)]
struct OnTimeView {
    /// The period.
    #[schema(example = "1403/07")]
    period: String,
    /// What has no case has no row.
    rows: Vec<FigureRow>,
    /// All together.
    total: FigureRow,
    /// The engine's time at which they were taken: what is undecided now counts.
    now: chrono::DateTime<chrono::Utc>,
}

/// On-time figures
#[utoipa::path(
    get, path = "/figures/on-time", tag = "figures",
    params(Wanted),
    responses(
        (status = 200, body = OnTimeView),
        (status = 403, description = "`forbidden`: needs the role `manager`, `auditor` or `administrator` there"),
        (status = 404, description = "`not_found`: no such unit"),
    )
)]
async fn on_time(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<OnTimeView>, Problem> {
    plain(&[&wanted.workflow, &wanted.unit])?;
    let period: JalaliPeriod =
        wanted.period.parse().map_err(|error: parvaneh_core::jalali::DateError| {
            Problem::parameter("period", error.to_string())
        })?;
    let viewer = app.viewer(&caller).await?;
    let root = viewer.organisation.units().find(|unit| unit.parent.is_none());
    let unit = wanted.unit.map(UnitId::from).or_else(|| root.map(|root| root.id.clone()));
    let unit = unit.ok_or_else(Problem::not_found)?;
    policy::permit(&viewer, Task::SeeFigures, &unit)?;
    // Only the time zone matters: when a Jalali day begins.
    let calendars = app.store.calendars(&"ir".into()).await?;
    let calendar = calendars.national();
    let by = match wanted.by {
        None => OnTimeBy::Whole,
        Some(By::Month) => OnTimeBy::Slices(
            period.months().map(|month| calendar.start_of(month.start())).collect(),
        ),
        Some(By::Province) => OnTimeBy::Province,
        Some(By::Unit) => OnTimeBy::Unit,
        Some(By::Workflow) => OnTimeBy::Definition,
    };
    let query = OnTimeQuery {
        period: calendar.start_of(period.start())..calendar.start_of(period.end()),
        by,
        workflow: wanted.workflow.map(WorkflowId::from),
        within: Some(unit),
    };
    let within = policy::reach_of(&viewer, Task::SeeFigures);
    let figures = app.store.reading_within(&viewer.organisation, &within).on_time(&query).await?;
    let (tally, raw) = figures.total();
    let total = FigureRow { key: None, tally: tally.into(), raw: raw.into() };
    let rows = figures.rows.into_iter().map(|row| FigureRow {
        key: match row.key {
            OnTimeKey::Whole => None,
            OnTimeKey::Slice(place) => period.months().nth(place).map(|month| month.to_string()),
            OnTimeKey::Unit(unit) => unit.map(|unit| unit.to_string()),
            OnTimeKey::Definition(workflow, version) => Some(format!("{workflow}@{version}")),
        },
        tally: row.tally.into(),
        raw: row.raw.into(),
    });
    let (period, rows) = (period.to_string(), rows.collect());
    Ok(Json(OnTimeView { period, rows, total, now: figures.now }))
}
