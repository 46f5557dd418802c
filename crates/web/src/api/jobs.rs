//! Work on many cases: how far it has come.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use parvaneh_store::{Job, JobId, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    auth::Principal,
    body::{Path, Query},
    page::{self, cut},
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(job))
}

/// A job, as far as it has come.
#[derive(Debug, Serialize, ToSchema)]
struct JobView {
    /// Its number.
    id: JobId,
    /// `reschedule` carries a change of a calendar, `migrate` moves cases to another version.
    #[schema(example = "reschedule")]
    kind: String,
    /// The unit whose cases it is for, with those below it; none is every case.
    unit: Option<String>,
    /// How many cases it was for when it began.
    total: u64,
    /// How many it has looked at.
    done: u64,
    /// How many it has changed.
    changed: u64,
    /// How many could not be treated; of a finished `migrate`, how many still run by the old version.
    failed: u64,
    /// Why the first of those could not; told to administrators.
    error: Option<String>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When it was finished.
    finished_at: Option<DateTime<Utc>>,
}

impl JobView {
    fn of(job: Job, viewer: &Viewer) -> Self {
        let operates = policy::permit_everywhere(viewer, Task::Operate).is_ok();
        Self {
            id: job.id,
            unit: job.unit().map(|unit| unit.to_string()),
            kind: job.kind,
            total: job.total,
            done: job.done,
            changed: job.changed,
            failed: job.failed,
            error: job.error.filter(|_| operates),
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// Which jobs.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// After the end of which page: `next` of the one before.
    after: Option<JobId>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
struct Jobs {
    /// The latest first.
    items: Vec<JobView>,
    /// Where the next page begins; none after the last.
    next: Option<JobId>,
}

/// How many jobs are read at once, of which a page is made.
const PORTION: u32 = 200;

/// Jobs of my units
///
/// Those of calendars are seen by who keeps the calendar there, all of them by administrators of
/// the whole organisation.
#[utoipa::path(
    get, path = "/jobs", tag = "jobs",
    params(Wanted),
    responses((status = 200, body = Jobs))
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Jobs>, Problem> {
    let limit = page::length(wanted.limit)?;
    let viewer = app.viewer(&caller).await?;
    let (mut seen, mut after) = (Vec::new(), wanted.after);
    while seen.len() <= limit as usize {
        let rows = app.store.jobs(after, PORTION).await?;
        after = rows.last().map(|job| job.id);
        let last = rows.len() < PORTION as usize;
        seen.extend(rows.into_iter().filter(|job| sees(&viewer, job)));
        if last {
            break;
        }
    }
    let (rows, more) = cut(seen, limit);
    let next = rows.last().filter(|_| more).map(|job| job.id);
    Ok(Json(Jobs { items: rows.into_iter().map(|job| JobView::of(job, &viewer)).collect(), next }))
}

/// Whether somebody is told of a job: of those of calendars who keeps the calendar there, of all of them
/// who looks after what runs by itself.
pub(crate) fn sees(viewer: &Viewer, job: &Job) -> bool {
    let keeps = match job.unit() {
        Some(unit) => policy::permit(viewer, Task::KeepCalendars, &unit),
        None => policy::permit_everywhere(viewer, Task::KeepCalendars),
    };
    (job.kind == "reschedule" && keeps.is_ok())
        || policy::permit_everywhere(viewer, Task::Operate).is_ok()
}

/// A job, and how far it has come
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    params(("id" = u32, Path, description = "The job")),
    responses((status = 200, body = JobView))
)]
async fn job(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<JobId>,
) -> Result<Json<JobView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    match app.store.job(id).await? {
        Some(job) if sees(&viewer, &job) => Ok(Json(JobView::of(job, &viewer))),
        _ => Err(Problem::not_found()),
    }
}
