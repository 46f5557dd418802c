//! What administrators of the whole organisation look after: cases that the worker could not treat,
//! and the units.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    CaseId, Unit, UnitId,
    definition::{Level, Text},
};
use parvaneh_store::{Store, StoreError, UnitRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::Principal,
    body::{Body, Path},
    once::{Key, once},
    policy::{self, Task},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(parked)).routes(routes!(retry)).routes(routes!(save_units))
}

/// A case that the worker could not treat. What it is about is the business of its office.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedView {
    /// The case.
    case: Uuid,
    /// How many events it had.
    seq: u32,
    /// A stable code.
    #[schema(example = "case_poisoned")]
    code: String,
    /// What went wrong.
    error: String,
    /// When.
    at: DateTime<Utc>,
    /// How often it was tried.
    attempts: u32,
}

/// Parked cases.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedCases {
    /// The oldest first.
    items: Vec<ParkedView>,
}

/// Cases that the worker could not treat
#[utoipa::path(
    get, path = "/parked-cases", tag = "operations",
    responses(
        (status = 200, body = ParkedCases),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn parked(State(app): State<App>, caller: Principal) -> Result<Json<ParkedCases>, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::Operate)?;
    let items = app.store.parked().await?.into_iter().map(|parked| ParkedView {
        case: parked.case.0,
        seq: parked.seq,
        code: parked.code,
        error: parked.error,
        at: parked.at,
        attempts: parked.attempts,
    });
    Ok(Json(ParkedCases { items: items.collect() }))
}

/// Let the worker try a parked case again
#[utoipa::path(
    post, path = "/parked-cases/{case}/retry", tag = "operations",
    params(("case" = Uuid, Path, description = "The case")),
    responses(
        (status = 204, description = "The worker tries it"),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 404, description = "`not_found`: it is not parked"),
    )
)]
async fn retry(
    State(app): State<App>,
    caller: Principal,
    Path(case): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::Operate)?;
    match app.store.unpark(CaseId(case)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found()),
    }
}

/// A level of the organisation.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LevelName {
    /// The nation.
    National,
    /// A province.
    Province,
    /// A county.
    County,
}

/// What a unit is called.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NameAsked {
    /// In Persian.
    #[schema(min_length = 1, max_length = 200)]
    fa: String,
    /// In English.
    #[schema(min_length = 1, max_length = 200)]
    en: String,
}

/// A unit of the organisation.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitAsked {
    /// Its identifier.
    #[schema(min_length = 1, max_length = 200, example = "2301")]
    id: String,
    /// The unit above it; none above the nation.
    #[schema(min_length = 1, max_length = 200, example = "23")]
    parent: Option<String>,
    /// Its level.
    level: LevelName,
    /// Its name.
    title: NameAsked,
    /// How many people live there; without it, what is known stays.
    #[schema(maximum = 10000000000_i64)]
    population: Option<u64>,
}

impl From<UnitAsked> for UnitRow {
    fn from(asked: UnitAsked) -> Self {
        let level = match asked.level {
            LevelName::National => Level::National,
            LevelName::Province => Level::Province,
            LevelName::County => Level::County,
        };
        let title = Text { fa: asked.title.fa, en: asked.title.en };
        let (id, parent) = (UnitId::from(asked.id), asked.parent.map(UnitId::from));
        Self { unit: Unit { id, parent, level, title }, population: asked.population }
    }
}

/// Units that are new, or have changed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "units": [
    { "id": "2399", "parent": "23", "level": "county", "title": { "fa": "نو", "en": "New" } }
] }))]
pub(crate) struct SaveUnits {
    /// The others stay as they are: none is taken away, since cases may stand there.
    #[schema(min_items = 1, max_items = 2000)]
    pub(crate) units: Vec<UnitAsked>,
}

/// Lets pass units whose texts can be kept.
///
/// # Errors
/// `body_invalid`.
pub(crate) fn kept_texts(units: &[UnitAsked]) -> Result<(), Problem> {
    let holds_nul = |unit: &UnitAsked| {
        let parent = unit.parent.as_deref().unwrap_or_default();
        [&unit.id, parent, &unit.title.fa, &unit.title.en].iter().any(|text| text.contains('\0'))
    };
    if let Some(place) = units.iter().position(holds_nul) {
        let fault = Fault::new(format!("/units/{place}"), "invalid", "holds U+0000");
        return Err(Problem::faulty(vec![fault]));
    }
    Ok(())
}

/// How many units there are now.
#[derive(Debug, Serialize, ToSchema)]
struct SavedUnits {
    /// All of them.
    units: u64,
}

/// Add units, or change what is known of them
#[utoipa::path(
    put, path = "/units", tag = "operations",
    params(Key),
    request_body = SaveUnits,
    responses(
        (status = 200, description = "Saved", body = SavedUnits),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 422, description = "`unit_tree`: together with the others they are no tree"),
    )
)]
async fn save_units(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<SaveUnits>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::Operate)?;
    kept_texts(&body.units)?;
    let (store, given) = (app.store.clone(), body.units.clone());
    once(&app, &caller, key, "save units", &body, async move {
        let units = keep_units(store, given).await?;
        Ok((StatusCode::OK, SavedUnits { units }))
    })
    .await
}

/// Adds units, or changes what is known of them: how many there are then.
///
/// # Errors
/// `unit_tree`; the store's.
pub(crate) async fn keep_units(store: Store, given: Vec<UnitAsked>) -> Result<u64, Problem> {
    let mut rows = store.unit_rows().await?;
    for asked in given {
        let mut new = UnitRow::from(asked);
        match rows.iter_mut().find(|row| row.unit.id == new.unit.id) {
            Some(row) => {
                new.population = new.population.or(row.population);
                *row = new;
            }
            None => rows.push(new),
        }
    }
    let units = rows.len() as u64;
    let no_tree =
        |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unit_tree").because(why);
    // What is held at the one at the top is held over the whole organisation.
    if rows.iter().filter(|row| row.unit.parent.is_none()).count() != 1 {
        return Err(no_tree("there is one unit above which there is none".to_owned()));
    }
    store.save_units(rows).await.map_err(|error| match error {
        StoreError::Organisation(why) => no_tree(why.to_string()),
        error => error.into(),
    })?;
    Ok(units)
}
