//! Figures beside those of deadlines: rankings by a number, and what steps and owners did.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use parvaneh_core::{
    Definition, FieldId, JalaliPeriod, UnitId, WorkflowId,
    form::{Field, FieldKind, Value, read_text},
};
use parvaneh_store::{RankingQuery, WorkloadBy, WorkloadQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::cases::plain;
use crate::{
    App,
    auth::Principal,
    body::Query,
    page,
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ranking)).routes(routes!(workload))
}

/// Which cases are ranked, and by what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RankingWanted {
    /// The workflow.
    #[param(example = "evaluation")]
    workflow: String,
    /// The field: a number, or an amount of money.
    #[param(example = "score")]
    field: String,
    /// Only cases that ended in a Jalali year or month: `1403`, `1403/07`.
    period: Option<String>,
    /// Only cases received by this unit or one below it; without one, by those of the whole organisation.
    unit: Option<String>,
    /// Only cases in which a field has a value: a number, a choice, or yes or no.
    #[param(example = "evaluation_year=1402")]
    only: Option<String>,
    /// How many are left out at the beginning.
    #[param(maximum = 1000000)]
    skip: Option<u32>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// One case in its place.
#[derive(Debug, Serialize, ToSchema)]
struct RankedView {
    /// Its place, from 1: one more than there are cases with a higher score.
    place: u64,
    /// How many cases share it.
    sharing: u64,
    /// Its score, an exact decimal number.
    #[schema(example = "87.5")]
    score: String,
    /// The unit that received it.
    unit: String,
    /// The end that it reached.
    end: String,
    /// When.
    ended_at: DateTime<Utc>,
    /// The case, where the caller sees it.
    case: Option<Uuid>,
    /// What it is about, where the caller sees it.
    subject: Option<String>,
}

/// The cases that reached one end, taken together.
#[derive(Debug, Serialize, ToSchema)]
struct BandView {
    /// The end.
    end: String,
    /// How many cases reached it.
    cases: u64,
    /// The lowest score of one that did.
    lowest: String,
    /// The highest.
    highest: String,
}

/// A page of a ranking.
#[derive(Debug, Serialize, ToSchema)]
struct RankingView {
    /// How many cases have a place.
    ranked: u64,
    /// How many have ended without a score.
    unscored: u64,
    /// What ends they reached, the highest score first.
    bands: Vec<BandView>,
    /// The page.
    rows: Vec<RankedView>,
}

/// The unit that is asked about, and that the caller may see the figures of.
async fn permitted(
    app: &App,
    caller: &Principal,
    unit: Option<String>,
) -> Result<(parvaneh_store::Viewer, UnitId), Problem> {
    let viewer = app.viewer(caller).await?;
    let root = viewer.organisation.units().find(|unit| unit.parent.is_none());
    let unit = unit.map(UnitId::from).or_else(|| root.map(|root| root.id.clone()));
    let unit = unit.ok_or_else(Problem::not_found)?;
    policy::permit(&viewer, Task::SeeFigures, &unit)?;
    Ok((viewer, unit))
}

fn read_period(text: &str) -> Result<JalaliPeriod, Problem> {
    text.parse().map_err(|error: parvaneh_core::jalali::DateError| {
        Problem::parameter("period", error.to_string())
    })
}

fn field<'d>(
    definition: &'d Definition,
    parameter: &str,
    name: &str,
) -> Result<&'d Field, Problem> {
    let unknown = || format!("{}@{} has no such field", definition.id, definition.version);
    definition.field(name).ok_or_else(|| Problem::parameter(parameter, unknown()))
}

/// `evaluation_year=1402`, read as the form reads it.
fn only(definition: &Definition, text: &str) -> Result<(FieldId, Value), Problem> {
    let wrong = |why: &str| Problem::parameter("only", why);
    let (name, value) = text.split_once('=').ok_or_else(|| wrong("write FIELD=VALUE"))?;
    let kind = &field(definition, "only", name)?.kind;
    // What identifies a person is not asked for by way of figures.
    let open =
        matches!(kind, FieldKind::Number { .. } | FieldKind::Choice { .. } | FieldKind::YesNo);
    if !open {
        return Err(wrong("only a number, a choice, or yes or no"));
    }
    match read_text(kind, value, NaiveDate::MAX) {
        Ok(value) => Ok((FieldId::from(name), value)),
        Err((code, told)) => Err(wrong(&format!("{} ({code})", told.en))),
    }
}

/// A ranking of cases that have ended, by a number that was filled in or computed
#[utoipa::path(
    get, path = "/figures/ranking", tag = "figures",
    params(RankingWanted),
    responses(
        (status = 200, body = RankingView),
        (status = 403, description = "`forbidden`: needs the role `manager`, `auditor` or `administrator` there"),
        (status = 404, description = "`not_found`: no such unit or workflow"),
    )
)]
async fn ranking(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<RankingWanted>,
) -> Result<Json<RankingView>, Problem> {
    let limit = page::length(wanted.limit)?;
    let texts = [Some(wanted.workflow.clone()), Some(wanted.field.clone()), wanted.only.clone()];
    plain(&[&texts[0], &texts[1], &texts[2], &wanted.unit])?;
    let period = wanted.period.as_deref().map(read_period).transpose()?;
    let (viewer, unit) = permitted(&app, &caller, wanted.unit).await?;
    let workflow = WorkflowId::from(wanted.workflow);
    let definition = app.store.definition(&workflow, None).await?;
    let kind = &field(&definition, "field", &wanted.field)?.kind;
    if !matches!(kind, FieldKind::Number { .. } | FieldKind::Money { .. }) {
        return Err(Problem::parameter("field", "is no number: nothing is ranked by it"));
    }
    let calendars = app.store.calendars(&definition.calendar).await?;
    let calendar = calendars.national();
    let query = RankingQuery {
        workflow,
        field: FieldId::from(wanted.field),
        period: period
            .map(|period| calendar.start_of(period.start())..calendar.start_of(period.end())),
        within: Some(unit),
        only: wanted.only.as_deref().map(|text| only(&definition, text)).transpose()?,
        skip: wanted.skip.unwrap_or(0).min(1_000_000),
        limit,
    };
    let within = policy::reach_of(&viewer, Task::SeeFigures);
    let ranking = app.store.reading_within(&viewer.organisation, &within).ranking(&query).await?;
    let cases: Vec<_> = ranking.rows.iter().map(|row| row.case).collect();
    let sights = app.store.sights(&cases, &viewer).await?;
    let rows = ranking.rows.into_iter().zip(sights).map(|(row, sight)| RankedView {
        place: row.place,
        sharing: row.sharing,
        score: row.score,
        unit: row.unit.to_string(),
        end: row.end.to_string(),
        ended_at: row.ended_at,
        case: sight.map(|_| row.case.0),
        subject: sight.map(|_| row.subject),
    });
    let bands = ranking.bands.into_iter().map(|band| BandView {
        end: band.end.to_string(),
        cases: band.cases,
        lowest: band.lowest,
        highest: band.highest,
    });
    Ok(Json(RankingView {
        ranked: ranking.ranked,
        unscored: ranking.unscored,
        bands: bands.collect(),
        rows: rows.collect(),
    }))
}

/// How tasks are told apart.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WorkBy {
    /// By step, branch and the role that owned them.
    #[default]
    Step,
    /// By the role that owned them and the unit where they stood.
    Owner,
}

/// Which tasks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WorkWanted {
    /// The Jalali year or month in which they were closed.
    #[param(example = "1403/07")]
    period: String,
    /// How they are told apart.
    by: Option<WorkBy>,
    /// Only those of this workflow.
    workflow: Option<String>,
    /// Only those of cases received by this unit or one below it; without one, by those of the whole
    /// organisation.
    unit: Option<String>,
}

/// The figures of one step or owner.
#[derive(Debug, Serialize, ToSchema)]
struct WorkRow {
    /// The workflow.
    workflow: String,
    /// The step, when told apart by step.
    step: Option<String>,
    /// The branch, in a parallel step.
    branch: Option<String>,
    /// Whose: a role, or `applicant`.
    owner: String,
    /// The unit, when told apart by owner.
    unit: Option<String>,
    /// How many tasks were closed.
    closed: u64,
    /// How many of them after their own deadline.
    late: u64,
    /// How many of these nobody had taken by then.
    late_in_queue: u64,
    /// Working seconds until somebody took them.
    waited_seconds: i64,
    /// Working seconds from then on.
    handled_seconds: i64,
    /// Late days of cases that are theirs, while nobody had the task.
    days_lost_waiting: f64,
    /// Late days of cases that are theirs, while somebody had it.
    days_lost_handling: f64,
}

/// What steps or owners did.
#[derive(Debug, Serialize, ToSchema)]
struct WorkView {
    /// The most days lost first.
    rows: Vec<WorkRow>,
}

/// What steps or owners did in a period: how much, how late, and whose late days are theirs
#[utoipa::path(
    get, path = "/figures/workload", tag = "figures",
    params(WorkWanted),
    responses(
        (status = 200, body = WorkView),
        (status = 403, description = "`forbidden`: needs the role `manager`, `auditor` or `administrator` there"),
        (status = 404, description = "`not_found`: no such unit"),
    )
)]
async fn workload(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<WorkWanted>,
) -> Result<Json<WorkView>, Problem> {
    plain(&[&wanted.workflow, &wanted.unit])?;
    let period = read_period(&wanted.period)?;
    let (viewer, unit) = permitted(&app, &caller, wanted.unit).await?;
    // Only the time zone matters: when a Jalali day begins.
    let calendars = app.store.calendars(&"ir".into()).await?;
    let calendar = calendars.national();
    let query = WorkloadQuery {
        period: calendar.start_of(period.start())..calendar.start_of(period.end()),
        by: match wanted.by.unwrap_or_default() {
            WorkBy::Step => WorkloadBy::Step,
            WorkBy::Owner => WorkloadBy::Owner,
        },
        workflow: wanted.workflow.map(WorkflowId::from),
        within: Some(unit),
    };
    let seconds = |time: TimeDelta| time.num_seconds();
    let within = policy::reach_of(&viewer, Task::SeeFigures);
    let found = app.store.reading_within(&viewer.organisation, &within).workload(&query).await?;
    let rows = found.into_iter().map(|row| WorkRow {
        workflow: row.workflow.to_string(),
        step: row.step.map(|step| step.to_string()),
        branch: row.branch.map(|branch| branch.to_string()),
        owner: row.owner,
        unit: row.unit.map(|unit| unit.to_string()),
        closed: row.closed,
        late: row.late,
        late_in_queue: row.late_in_queue,
        waited_seconds: seconds(row.spent.waited),
        handled_seconds: seconds(row.spent.handled),
        days_lost_waiting: row.days_lost.waiting,
        days_lost_handling: row.days_lost.handling,
    });
    Ok(Json(WorkView { rows: rows.collect() }))
}
