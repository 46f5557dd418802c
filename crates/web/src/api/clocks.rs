//! The clocks of a case, and why a deadline is the day it is.

use axum::{Json, extract::State};
use parvaneh_core::{CaseId, event::STATUTORY};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{App, auth::Principal, body::Path, policy, problem::Problem};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// Why a deadline is the day it is.
#[derive(Debug, Serialize, ToSchema)]
struct ExplanationView {
    /// 0 is the statutory clock, else the task's number.
    clock: u32,
    /// The term, the start, and every day with its verdict and the reason.
    #[schema(value_type = Object)]
    explanation: Value,
}

/// Why a deadline is the day it is
#[utoipa::path(
    get, path = "/cases/{case}/clocks/{no}/explanation", tag = "clocks",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "0 is the statutory clock, else the task's number"),
    ),
    responses(
        (status = 200, body = ExplanationView),
        (status = 404, description = "`not_found`: no such case or clock"),
    )
)]
async fn explain(
    State(app): State<App>,
    caller: Principal,
    Path((case, no)): Path<(Uuid, u32)>,
) -> Result<Json<ExplanationView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    policy::see(&app, &viewer, CaseId(case)).await?;
    let case = app.store.reading_as(&viewer).case(CaseId(case)).await?;
    let clock = match no {
        STATUTORY => case.statutory.as_ref(),
        no => case.task(no).and_then(|task| task.clock.as_ref()),
    };
    let clock = clock.ok_or_else(Problem::not_found)?;
    let calendars = app.store.calendars(&case.calendar).await?;
    let calendar = calendars.for_unit(viewer.organisation.path(&clock.unit));
    let explanation = clock.ledger.explain(calendar).map_err(|error| {
        Problem::new(axum::http::StatusCode::CONFLICT, "no_deadline").because(error.to_string())
    })?;
    let explanation = serde_json::to_value(&explanation).unwrap_or_default();
    Ok(Json(ExplanationView { clock: no, explanation }))
}
