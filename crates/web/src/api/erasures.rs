//! Personal data of somebody that is destroyed by due process: by the administrator of the whole organisation.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use parvaneh_core::PersonId;
use parvaneh_store::{Erasure, ErasureRow, NotErased};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::Principal,
    body::{Body, Path},
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(erasures, erase))
}

/// What is to be destroyed, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "decision 17 of 1403/05/02" }))]
struct Erase {
    /// Why, and by what decision; it stays on record.
    #[schema(min_length = 1, max_length = 4000)]
    reason: String,
    /// Whether that is so although cases of that person are still open.
    #[serde(default)]
    also_of_open_cases: bool,
}

/// What was destroyed.
#[derive(Debug, Serialize, ToSchema)]
struct ErasedView {
    /// When.
    at: DateTime<Utc>,
    /// How many values nobody can read any more.
    values: u64,
    /// In how many cases.
    cases: u64,
    /// How many applications that he had begun were thrown away.
    drafts: u64,
}

/// The record of an erasure.
#[derive(Debug, Serialize, ToSchema)]
struct ErasureView {
    /// When.
    at: DateTime<Utc>,
    /// By whom; none where it was done at the command line.
    by: Option<Uuid>,
    /// His name.
    by_name: Option<String>,
    /// Why.
    reason: String,
    /// How many values it made unreadable.
    values: u64,
}

impl From<ErasureRow> for ErasureView {
    fn from(row: ErasureRow) -> Self {
        let (by, by_name) = row.by.map(|(by, name)| (by.0, name)).unzip();
        Self { at: row.at, by, by_name, reason: row.reason, values: row.values }
    }
}

/// What was destroyed of somebody's data.
#[derive(Debug, Serialize, ToSchema)]
struct Erasures {
    /// The latest first.
    items: Vec<ErasureView>,
}

/// When and why personal data of somebody was destroyed
#[utoipa::path(
    get, path = "/people/{id}/erasures", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 200, body = Erasures),
        (status = 403, description = "`forbidden`: needs the role `administrator` everywhere"),
        (status = 404, description = "`not_found`: no such person"),
    )
)]
async fn erasures(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<Erasures>, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::AdministerPeople)?;
    let person = app.store.person(PersonId(id)).await?.ok_or_else(Problem::not_found)?;
    let rows = app.store.erasures_of(person.id).await?;
    Ok(Json(Erasures { items: rows.into_iter().map(ErasureView::from).collect() }))
}

/// Destroy somebody's personal data, for ever
///
/// What was filled in as personal with his applications can be read by nobody any more. Timelines and their proofs stay
/// as they are. Nothing brings it back.
#[utoipa::path(
    post, path = "/people/{id}/erasures", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    request_body = Erase,
    responses(
        (status = 201, body = ErasedView),
        (status = 403, description = "`forbidden`: needs the role `administrator` everywhere"),
        (status = 404, description = "`not_found`: no such person"),
        (status = 409, description = "`open_cases`: cases of his are open; `nothing_kept`"),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn erase(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Body(asked): Body<Erase>,
) -> Result<(StatusCode, Json<ErasedView>), Problem> {
    let viewer = app.viewer(&caller).await?;
    policy::permit_everywhere(&viewer, Task::AdministerPeople)?;
    let person = app.store.person(PersonId(id)).await?.ok_or_else(Problem::not_found)?;
    let erasure = Erasure {
        person: person.id,
        by: Some(viewer.actor.person),
        reason: asked.reason,
        also_of_open_cases: asked.also_of_open_cases,
    };
    let erased = app.store.erase_person(erasure).await.map_err(|error| match error {
        NotErased::Store(error) => Problem::from(error),
        refused => {
            let status = match refused {
                NotErased::NoReason => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::CONFLICT,
            };
            Problem::new(status, refused.code()).because(refused.to_string())
        }
    })?;
    let view = ErasedView {
        at: erased.at,
        values: erased.values,
        cases: erased.cases,
        drafts: erased.drafts,
    };
    Ok((StatusCode::CREATED, Json(view)))
}
