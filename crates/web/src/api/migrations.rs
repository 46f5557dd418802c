//! Moving running cases to another version of their workflow: by a checked mapping, after a look at
//! every deadline, as a job.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    Mapping, PersonId, UnitId, WorkflowId,
    document::{self, has_errors},
    migration::{Checked, starter},
};
use parvaneh_store::{JobId, MigrationPreview, PreviewedCase, StoreError, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::workflows::{TextProblem, named, unsound};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    page,
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin)).routes(routes!(preview)).routes(routes!(mapping))
}

/// A migration.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "mapping": "from: ngo-establishment@1\nto: ngo-establishment@2\nstatutory: keep\n…", "unit": "23" }))]
struct Migration {
    /// The text of the mapping.
    #[schema(min_length = 1)]
    mapping: String,
    /// Only cases of this unit and those below it; without one, all.
    #[schema(min_length = 1, max_length = 200)]
    unit: Option<String>,
    /// How many cases a preview shows one by one, up to 200.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The mapping, checked against the published versions.
async fn checked(app: &App, asked: &Migration) -> Result<(Mapping, Vec<TextProblem>), Problem> {
    match mapping_of(app, &asked.mapping).await? {
        (Some(mapping), problems) => {
            Ok((mapping, problems.iter().map(TextProblem::from).collect()))
        }
        (None, problems) => Err(unsound("mapping_unsound", "/mapping", &problems)),
    }
}

/// A mapping by its text, where that has no error, and everything that is wrong with it by the published
/// versions.
///
/// # Errors
/// `not_found` for a version that is not published.
pub(crate) async fn mapping_of(
    app: &App,
    source: &str,
) -> Result<(Option<Mapping>, Vec<document::Problem>), Problem> {
    let Checked { mapping, problems } = app.store.check_mapping("mapping", source).await?;
    Ok((mapping.filter(|_| !has_errors(&problems)), problems))
}

/// What the store does not know: a version, or the unit.
pub(crate) fn unknown(error: StoreError) -> Problem {
    match error {
        StoreError::Unknown(_) => Problem::not_found(),
        error => error.into(),
    }
}

/// A job that was begun.
#[derive(Debug, Serialize, ToSchema)]
struct Begun {
    /// Its number: see `/jobs/{id}`.
    job: JobId,
    /// What its author may want to look at.
    warnings: Vec<TextProblem>,
}

/// Move running cases to another version
///
/// A job does it, beside everybody's work. What cannot move stays, and is counted as failed. To have
/// no case left behind, retire the old version first.
#[utoipa::path(
    post, path = "/migrations", tag = "workflows",
    params(Key),
    request_body = Migration,
    responses(
        (status = 202, description = "Begun", body = Begun),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 404, description = "`not_found`: no such version or unit"),
        (status = 409, description = "`definition_retired`"),
        (status = 422, description = "`mapping_unsound`: each fault with its line and column"),
    )
)]
async fn begin(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<Migration>,
) -> Result<Response, Problem> {
    begun(&app, &caller, key, body.mapping, body.unit).await
}

/// Begins to move cases, once for a key: the answer names the job.
///
/// # Errors
/// As the operation.
pub(crate) async fn begun(
    app: &App,
    caller: &Principal,
    key: Key,
    mapping: String,
    unit: Option<String>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&app.viewer(caller).await?, Task::AdministerWorkflows)?;
    let body = Migration { mapping, unit, limit: None };
    let (mapping, warnings) = checked(app, &body).await?;
    let (store, source) = (app.store.clone(), body.mapping.clone());
    let unit = body.unit.as_deref().map(UnitId::from);
    once(app, caller, key, "migrate", &body, async move {
        let job = store.begin_migration(&mapping, &source, unit.as_ref()).await;
        Ok((StatusCode::ACCEPTED, Begun { job: job.map_err(unknown)?, warnings }))
    })
    .await
}

/// A clock of a case that would move.
#[derive(Debug, Serialize, ToSchema)]
struct MigratedClockView {
    /// 0 is the statutory clock, else the task's number.
    clock: u32,
    /// `kept`, `recounted`, `started` or `ended`.
    #[schema(example = "kept")]
    how: String,
    /// Its deadline now.
    from: Option<DateTime<Utc>>,
    /// Its deadline then.
    to: Option<DateTime<Utc>>,
    /// Whether it is past its deadline now.
    late_before: bool,
    /// Whether it would be.
    late_after: bool,
    /// Whether its silence rule would be held for a manager, and is not now.
    held: bool,
}

/// A case that would move.
#[derive(Debug, Serialize, ToSchema)]
struct MigratedCaseView {
    /// The case.
    case: Uuid,
    /// What it is about.
    subject: String,
    /// The unit that received it.
    unit: String,
    /// Where it stands.
    step: String,
    /// Where it would stand.
    to: String,
    /// Its clocks.
    clocks: Vec<MigratedClockView>,
    /// What would follow at once by the new version: kinds of events.
    at_once: Vec<String>,
}

impl From<PreviewedCase> for MigratedCaseView {
    fn from(case: PreviewedCase) -> Self {
        let clocks = case.clocks.into_iter().map(|clock| {
            let how = serde_json::to_value(clock.how).ok();
            MigratedClockView {
                clock: clock.clock,
                how: how.and_then(|how| how.as_str().map(str::to_owned)).unwrap_or_default(),
                from: clock.from,
                to: clock.to,
                late_before: clock.late_before,
                late_after: clock.late_after,
                held: clock.held,
            }
        });
        Self {
            case: case.case.0,
            subject: case.subject,
            unit: case.unit.to_string(),
            step: case.step.to_string(),
            to: case.to.to_string(),
            clocks: clocks.collect(),
            at_once: case.at_once.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// Why cases cannot move.
#[derive(Debug, Serialize, ToSchema)]
struct StaysBecause {
    /// A stable code.
    code: String,
    /// The step in which they stand.
    step: String,
    /// How many they are.
    cases: u64,
}

/// What a migration would do.
#[derive(Debug, Serialize, ToSchema)]
struct MigrationPreviewView {
    /// How many running cases were looked at.
    looked_at: u64,
    /// How many would move.
    cases: u64,
    /// How many of these would have another deadline than before.
    moved_deadlines: u64,
    /// How many are within their statutory deadline and would be late.
    become_late: u64,
    /// How many are late and would be within it.
    become_on_time: u64,
    /// How many would have a silence rule held for a manager that is not held now.
    held: u64,
    /// How many would end by what time has caused, before they could move.
    ended: u64,
    /// How many cannot move.
    refused: u64,
    /// Why they cannot.
    reasons: Vec<StaysBecause>,
    /// The first of those that would move and that the caller sees.
    first: Vec<MigratedCaseView>,
    /// What the mapping's author may want to look at.
    warnings: Vec<TextProblem>,
}

/// Whether somebody is told of a case that would move. Who moves cases works in an office: as an
/// applicant he has his own case's file.
pub(crate) fn sees(viewer: &Viewer, workflow: &WorkflowId, case: &PreviewedCase) -> bool {
    let Viewer { reach, organisation, .. } = viewer;
    reach.sees(organisation, workflow, &case.unit, PersonId(Uuid::nil())).is_some()
}

impl MigrationPreviewView {
    fn of(
        preview: MigrationPreview,
        workflow: &WorkflowId,
        viewer: &Viewer,
        warnings: Vec<TextProblem>,
    ) -> Self {
        let reasons = preview.reasons.into_iter().map(|((code, step), cases)| StaysBecause {
            code,
            step: step.to_string(),
            cases,
        });
        let sees = |case: &PreviewedCase| sees(viewer, workflow, case);
        Self {
            looked_at: preview.looked_at,
            cases: preview.cases,
            moved_deadlines: preview.moved_deadlines,
            become_late: preview.become_late,
            become_on_time: preview.become_on_time,
            held: preview.held,
            ended: preview.ended,
            refused: preview.refused,
            reasons: reasons.collect(),
            first: preview.first.into_iter().filter(sees).map(MigratedCaseView::from).collect(),
            warnings,
        }
    }
}

/// What a migration would do
///
/// Nothing is changed.
#[utoipa::path(
    post, path = "/migrations/preview", tag = "workflows",
    request_body = Migration,
    responses(
        (status = 200, description = "What it would do", body = MigrationPreviewView),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 404, description = "`not_found`: no such version or unit"),
        (status = 409, description = "`definition_retired`"),
        (status = 422, description = "`mapping_unsound`: each fault with its line and column"),
    )
)]
async fn preview(
    State(app): State<App>,
    caller: Principal,
    Body(body): Body<Migration>,
) -> Result<Json<MigrationPreviewView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    policy::permit_everywhere(&viewer, Task::AdministerWorkflows)?;
    let most = page::length(body.limit)? as usize;
    let (mapping, warnings) = checked(&app, &body).await?;
    let unit = body.unit.as_deref().map(UnitId::from);
    let preview = app.store.preview_migration(&mapping, unit.as_ref(), most, |_, _| {}).await;
    let preview = preview.map_err(unknown)?;
    Ok(Json(MigrationPreviewView::of(preview, &mapping.workflow, &viewer, warnings)))
}

/// Which versions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Between {
    /// The version by which the cases run.
    from: u32,
    /// The version by which they are to run.
    to: u32,
}

/// A mapping to begin with.
#[derive(Debug, Serialize, ToSchema)]
struct MappingView {
    /// Its text: what has the same name stands in it, what must be said is marked.
    mapping: String,
}

/// A mapping between two versions, to begin with
#[utoipa::path(
    get, path = "/workflows/{id}/mapping", tag = "workflows",
    params(("id" = String, Path, description = "The workflow"), Between),
    responses((status = 200, body = MappingView))
)]
async fn mapping(
    State(app): State<App>,
    _caller: Principal,
    Path(id): Path<String>,
    Query(Between { from, to }): Query<Between>,
) -> Result<Json<MappingView>, Problem> {
    Ok(Json(MappingView { mapping: suggested(&app, &id, from, to).await? }))
}

/// A mapping to begin with.
///
/// # Errors
/// `not_found`.
pub(crate) async fn suggested(app: &App, id: &str, from: u32, to: u32) -> Result<String, Problem> {
    let (from, to) = (
        app.store.definition(&named(id, from)?, Some(from)).await?,
        app.store.definition(&named(id, to)?, Some(to)).await?,
    );
    Ok(starter(&from, &to))
}
