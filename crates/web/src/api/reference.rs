//! What everybody who has come in may look up: units of the organisation, and workflows.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    Unit, WorkflowId,
    definition::{Level, Text},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    auth::Principal,
    body::{Path, Query},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(units)).routes(routes!(workflows)).routes(routes!(workflow))
}

/// A text in both languages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TextView {
    /// In Persian.
    pub(super) fa: String,
    /// In English.
    pub(super) en: String,
}

impl From<&Text> for TextView {
    fn from(text: &Text) -> Self {
        Self { fa: text.fa.clone(), en: text.en.clone() }
    }
}

/// Which units.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those directly below this one.
    parent: Option<String>,
}

/// A unit of the organisation.
#[derive(Debug, Serialize, ToSchema)]
struct UnitView {
    /// Its identifier.
    #[schema(example = "2301")]
    id: String,
    /// The unit above it; none above the nation.
    parent: Option<String>,
    /// `national`, `province` or `county`.
    #[schema(example = "county")]
    level: String,
    /// Its name.
    title: TextView,
}

impl From<&Unit> for UnitView {
    fn from(unit: &Unit) -> Self {
        let level = match unit.level {
            Level::National => "national",
            Level::Province => "province",
            Level::County => "county",
        };
        Self {
            id: unit.id.to_string(),
            parent: unit.parent.as_ref().map(ToString::to_string),
            level: level.to_owned(),
            title: (&unit.title).into(),
        }
    }
}

/// Units of the organisation.
#[derive(Debug, Serialize, ToSchema)]
struct Units {
    /// By their identifiers.
    items: Vec<UnitView>,
}

/// The units of the organisation
#[utoipa::path(
    get, path = "/units", tag = "reference",
    params(Wanted),
    responses(
        (status = 200, body = Units),
    )
)]
async fn units(
    State(app): State<App>,
    _caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Units>, Problem> {
    let organisation = app.store.organisation().await?;
    let is_wanted = |unit: &&Unit| {
        let above = unit.parent.as_ref().map(|parent| parent.as_str());
        wanted.parent.as_deref().is_none_or(|parent| above == Some(parent))
    };
    let mut items: Vec<_> = organisation.units().filter(is_wanted).map(UnitView::from).collect();
    items.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    Ok(Json(Units { items }))
}

/// A published workflow.
#[derive(Debug, Serialize, ToSchema)]
struct WorkflowItem {
    /// The workflow.
    #[schema(example = "ngo-establishment")]
    id: String,
    /// Its version.
    #[schema(example = 1)]
    version: u32,
    /// SHA-256 of its file, in hexadecimal.
    hash: String,
    /// What it is called.
    title: TextView,
    /// When it was published.
    published_at: DateTime<Utc>,
    /// From when on no case is opened by it.
    retired_at: Option<DateTime<Utc>>,
}

/// Published workflows.
#[derive(Debug, Serialize, ToSchema)]
struct Workflows {
    /// By their names and versions.
    items: Vec<WorkflowItem>,
}

/// The published workflows
#[utoipa::path(
    get, path = "/workflows", tag = "reference",
    responses(
        (status = 200, body = Workflows),
    )
)]
async fn workflows(State(app): State<App>, _caller: Principal) -> Result<Json<Workflows>, Problem> {
    let published = app.store.definitions().await?;
    let item = |one: parvaneh_store::PublishedDefinition| WorkflowItem {
        id: one.workflow.to_string(),
        version: one.version,
        hash: one.hash,
        title: (&one.title).into(),
        published_at: one.published_at,
        retired_at: one.retired_at,
    };
    Ok(Json(Workflows { items: published.into_iter().map(item).collect() }))
}

/// A workflow as it was written.
#[derive(Debug, Serialize, ToSchema)]
struct WorkflowView {
    /// The workflow.
    id: String,
    /// Its version.
    version: u32,
    /// The file, verbatim.
    source: String,
}

/// A published workflow, as it was written
#[utoipa::path(
    get, path = "/workflows/{id}/{version}", tag = "reference",
    params(
        ("id" = String, Path, description = "The workflow"),
        ("version" = u32, Path, description = "Its version"),
    ),
    responses(
        (status = 200, body = WorkflowView),
    )
)]
async fn workflow(
    State(app): State<App>,
    _caller: Principal,
    Path((id, version)): Path<(String, u32)>,
) -> Result<Json<WorkflowView>, Problem> {
    if id.contains('\0') || i32::try_from(version).is_err() {
        return Err(Problem::not_found());
    }
    let source = app.store.definition_source(&WorkflowId::from(id.as_str()), version).await?;
    Ok(Json(WorkflowView { id, version, source }))
}
