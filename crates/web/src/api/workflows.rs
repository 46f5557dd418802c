//! Publishing workflows, taking them out of use, and how their versions differ. Reading them is
//! everybody's: see [`super::reference`].

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    CalendarId, Calendars, Definition, WorkflowId,
    definition::Checked,
    document::{self, Difference, Reader, Severity, differences, has_errors},
    scenario::{self, Setting},
};
use parvaneh_store::{Published, StoreError, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    policy::{self, Task},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(publish))
        .routes(routes!(check))
        .routes(routes!(retire, take_into_use))
        .routes(routes!(diff))
}

/// A definition.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "source": "workflow: my-licence\nversion: 1\n…" }))]
struct PublishWorkflow {
    /// The text of its file, in YAML or JSON.
    #[schema(min_length = 1)]
    source: String,
}

/// A definition and what shall come of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "source": "workflow: my-licence\nversion: 1\n…", "scenarios": [] }))]
struct CheckWorkflow {
    /// The text of its file, in YAML or JSON.
    #[schema(min_length = 1)]
    source: String,
    /// The texts of scenarios that are lived through by it.
    #[serde(default)]
    #[schema(max_items = 50)]
    scenarios: Vec<String>,
}

/// A problem of a text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TextProblem {
    /// A stable code.
    #[schema(example = "unknown-key")]
    code: String,
    /// `error` or `warning`.
    #[schema(example = "error")]
    severity: String,
    /// The line, from 1.
    line: u32,
    /// The column, from 1, in characters.
    column: u32,
    /// What is wrong.
    message: String,
    /// What would mend it.
    help: Option<String>,
}

impl From<&document::Problem> for TextProblem {
    fn from(problem: &document::Problem) -> Self {
        let severity = match problem.severity {
            Severity::Error => "error",
            _ => "warning",
        };
        Self {
            code: problem.code.to_owned(),
            severity: severity.to_owned(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

/// A text that is not sound, with every error and its place.
pub(super) fn unsound(code: &str, pointer: &str, problems: &[document::Problem]) -> Problem {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let faults = errors.map(|problem| Fault::in_text(pointer, problem)).collect();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code).with_faults(faults)
}

/// Reads a definition and tells everything that is wrong with it, also by the calendar that it names.
///
/// # Errors
/// `definition_unsound` where that calendar is not published.
pub(crate) async fn checked(
    app: &App,
    source: &str,
) -> Result<(Option<Definition>, Vec<document::Problem>), Problem> {
    let (definition, problems, _) = checked_by(app, source).await?;
    Ok((definition, problems))
}

/// How many problems a published definition has; found out once, as long as its calendar stays as it is.
///
/// # Errors
/// As [`checked`].
pub(crate) async fn problems_of(app: &App, source: &str) -> Result<usize, Problem> {
    if let Some(calendar) = app.known_texts.calendar(source)
        && let Ok(calendars) = app.store.calendars(&calendar).await
        && let Some(problems) = app.known_texts.problems(source, &calendars)
    {
        return Ok(problems);
    }
    let (definition, problems, by) = checked_by(app, source).await?;
    if let (Some(definition), Some(calendars)) = (definition, by) {
        app.known_texts.remember(source, definition.calendar, &calendars, problems.len());
    }
    Ok(problems.len())
}

/// [`checked`], and the state of the calendar by which it was.
async fn checked_by(
    app: &App,
    source: &str,
) -> Result<(Option<Definition>, Vec<document::Problem>, Option<Arc<Calendars>>), Problem> {
    let text = source.to_owned();
    let Checked { definition, problems, .. } =
        reading(move || Definition::check("source", &text, None)).await?;
    let Some(definition) = definition.filter(|_| !has_errors(&problems)) else {
        return Ok((None, problems, None));
    };
    let calendars = match app.store.calendars(&definition.calendar).await {
        Ok(calendars) => calendars,
        Err(StoreError::NoSuchCalendar(calendar)) => {
            let detail = format!("no calendar '{calendar}' is published");
            let faults = vec![Fault::new("/source", "unknown-calendar", detail)];
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "definition_unsound").with_faults(faults));
        }
        Err(error) => return Err(error.into()),
    };
    let (text, by) = (source.to_owned(), calendars.clone());
    let Checked { definition, problems, .. } = reading(move || {
        let known = |_: &CalendarId| Some(calendars.as_ref().clone());
        Definition::check_by_calendar("source", &text, &known)
    })
    .await?;
    Ok((definition.filter(|_| !has_errors(&problems)), problems, Some(by)))
}

/// What may take a while is done where it keeps nobody else up.
pub(crate) async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(read).await.map_err(|error| {
        tracing::error!(%error, "reading a text panicked");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    })
}

/// A version that was published.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedView {
    /// The workflow.
    workflow: String,
    /// The version.
    version: u32,
    /// SHA-256 of the file, in hexadecimal.
    hash: String,
    /// Whether it is new; not, when just this was published before.
    new: bool,
    /// What its author may want to look at.
    warnings: Vec<TextProblem>,
}

/// Publish a version of a workflow
///
/// From then on cases are opened by it. A version is published once and never changes; cases that run
/// keep the version that they started with.
#[utoipa::path(
    post, path = "/workflows", tag = "workflows",
    params(Key),
    request_body = PublishWorkflow,
    responses(
        (status = 201, description = "Published", body = PublishedView),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 409, description = "`version_taken`"),
        (status = 422, description = "`definition_unsound`: each fault with its line and column"),
    )
)]
async fn publish(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<PublishWorkflow>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::AdministerWorkflows)?;
    let (definition, problems) = checked(&app, &body.source).await?;
    let Some(definition) = definition else {
        return Err(unsound("definition_unsound", "/source", &problems));
    };
    let (store, source) = (app.store.clone(), body.source.clone());
    once(&app, &caller, key, "publish", &body, async move {
        let published = store.publish(&definition, &source).await?;
        let view = PublishedView {
            workflow: definition.id.to_string(),
            version: definition.version,
            hash: definition.hash.clone(),
            new: published == Published::Now,
            warnings: problems.iter().map(TextProblem::from).collect(),
        };
        Ok((StatusCode::CREATED, view))
    })
    .await
}

/// What came of a scenario.
#[derive(Debug, Serialize, ToSchema)]
struct ScenarioView {
    /// What it is called, in English.
    title: Option<String>,
    /// How many of its entries were lived through.
    lived: usize,
    /// Whether all came out as it says.
    passed: bool,
    /// Every problem of its text; if there is none, every difference.
    problems: Vec<TextProblem>,
}

/// What would be published.
#[derive(Debug, Serialize, ToSchema)]
struct CheckedView {
    /// Whether it could be published.
    sound: bool,
    /// The workflow, where the text can be read.
    workflow: Option<String>,
    /// The version.
    version: Option<u32>,
    /// Every problem, warnings too.
    problems: Vec<TextProblem>,
    /// What came of the scenarios, in their order; none where the definition is not sound.
    scenarios: Vec<ScenarioView>,
}

/// Check a workflow without publishing it, and live through scenarios by it
#[utoipa::path(
    post, path = "/workflows/check", tag = "workflows",
    request_body = CheckWorkflow,
    responses(
        (status = 200, description = "What is wrong with it", body = CheckedView),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 422, description = "`definition_unsound`: its calendar is not published"),
    )
)]
async fn check(
    State(app): State<App>,
    caller: Principal,
    Body(body): Body<CheckWorkflow>,
) -> Result<Json<CheckedView>, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::AdministerWorkflows)?;
    let (definition, problems) = checked(&app, &body.source).await?;
    let mut view = CheckedView {
        sound: definition.is_some(),
        workflow: definition.as_ref().map(|definition| definition.id.to_string()),
        version: definition.as_ref().map(|definition| definition.version),
        problems: problems.iter().map(TextProblem::from).collect(),
        scenarios: Vec::new(),
    };
    let Some(definition) = definition else { return Ok(Json(view)) };
    let calendars = app.store.calendars(&definition.calendar).await?;
    let organisation = app.store.organisation().await?;
    view.scenarios = reading(move || {
        let setting =
            Setting { definition: &definition, calendars: &calendars, organisation: &organisation };
        let lived = body.scenarios.iter().map(|text| {
            let report = scenario::run(&setting, "scenario", text);
            ScenarioView {
                passed: report.is_as_expected(),
                title: report.title.map(|title| title.en),
                lived: report.lived,
                problems: report.problems.iter().map(TextProblem::from).collect(),
            }
        });
        lived.collect()
    })
    .await?;
    Ok(Json(view))
}

/// Since when a version is retired.
#[derive(Debug, Serialize, ToSchema)]
struct RetiredView {
    /// None while it is in use.
    retired_at: Option<DateTime<Utc>>,
}

async fn set_retired(
    app: &App,
    caller: &Principal,
    (workflow, version): (String, u32),
    retired: bool,
) -> Result<Response, Problem> {
    let viewer = app.viewer(caller).await?;
    let retired_at = retired_by(app, &viewer, (&workflow, version), retired).await?;
    Ok(Json(RetiredView { retired_at }).into_response())
}

/// Takes a version out of use, or into use again; answers since when it is retired.
///
/// # Errors
/// `forbidden`, `not_found`.
pub(crate) async fn retired_by(
    app: &App,
    viewer: &Viewer,
    (workflow, version): (&str, u32),
    retired: bool,
) -> Result<Option<DateTime<Utc>>, Problem> {
    policy::permit_everywhere(viewer, Task::AdministerWorkflows)?;
    let workflow = named(workflow, version)?;
    Ok(app.store.set_retired(&workflow, version, retired).await?)
}

/// What can name a version at all.
///
/// # Errors
/// `not_found`.
pub(crate) fn named(workflow: &str, version: u32) -> Result<WorkflowId, Problem> {
    match workflow.contains('\0') || i32::try_from(version).is_err() {
        true => Err(Problem::not_found()),
        false => Ok(WorkflowId::from(workflow)),
    }
}

/// Take a version out of use: no case is opened by it any more
#[utoipa::path(
    put, path = "/workflows/{id}/{version}/retired", tag = "workflows",
    params(
        ("id" = String, Path, description = "The workflow"),
        ("version" = u32, Path, description = "Its version"),
    ),
    responses(
        (status = 200, description = "Retired; one that was keeps its instant", body = RetiredView),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn retire(
    State(app): State<App>,
    caller: Principal,
    Path(version): Path<(String, u32)>,
) -> Result<Response, Problem> {
    set_retired(&app, &caller, version, true).await
}

/// Take a retired version into use again
#[utoipa::path(
    delete, path = "/workflows/{id}/{version}/retired", tag = "workflows",
    params(
        ("id" = String, Path, description = "The workflow"),
        ("version" = u32, Path, description = "Its version"),
    ),
    responses(
        (status = 200, description = "In use", body = RetiredView),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn take_into_use(
    State(app): State<App>,
    caller: Principal,
    Path(version): Path<(String, u32)>,
) -> Result<Response, Problem> {
    set_retired(&app, &caller, version, false).await
}

/// Which versions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Versions {
    /// The older.
    from: u32,
    /// The newer.
    to: u32,
}

/// Something in which two versions differ.
#[derive(Debug, Serialize, ToSchema)]
struct DifferenceView {
    /// Where, by keys.
    #[schema(example = "steps.reception.term")]
    path: String,
    /// What stands there in the older; none where nothing does.
    before: Option<String>,
    /// What stands there in the newer.
    after: Option<String>,
}

/// In what two versions differ.
#[derive(Debug, Serialize, ToSchema)]
struct Differences {
    /// In the order of the newer file. Comments, the order of keys and the way of writing are none.
    items: Vec<DifferenceView>,
}

/// In what two versions of a workflow differ
#[utoipa::path(
    get, path = "/workflows/{id}/differences", tag = "workflows",
    params(("id" = String, Path, description = "The workflow"), Versions),
    responses((status = 200, body = Differences))
)]
async fn diff(
    State(app): State<App>,
    _caller: Principal,
    Path(id): Path<String>,
    Query(Versions { from, to }): Query<Versions>,
) -> Result<Json<Differences>, Problem> {
    let found = differing_versions(&app, &id, from, to).await?;
    let items = found.into_iter().map(|one| DifferenceView {
        path: one.path,
        before: one.before,
        after: one.after,
    });
    Ok(Json(Differences { items: items.collect() }))
}

/// In what two versions of a workflow differ.
///
/// # Errors
/// `not_found`.
pub(crate) async fn differing_versions(
    app: &App,
    id: &str,
    from: u32,
    to: u32,
) -> Result<Vec<Difference>, Problem> {
    let before = app.store.definition_source(&named(id, from)?, from).await?;
    let after = app.store.definition_source(&named(id, to)?, to).await?;
    differing(before, after).await
}

/// In what two texts of definitions or calendars differ; nothing where one of them cannot be read.
///
/// # Errors
/// `internal`.
pub(crate) async fn differing(before: String, after: String) -> Result<Vec<Difference>, Problem> {
    reading(move || {
        let root = |source: &str| Reader::open("source", source).1;
        match (root(&before), root(&after)) {
            (Some(before), Some(after)) => differences(&before, &after),
            _ => Vec::new(),
        }
    })
    .await
}
