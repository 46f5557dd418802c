//! The clocks of a case: why a deadline is the day it is, and what people change of it.

use axum::{Json, extract::State, response::Response};
use parvaneh_core::{CaseId, TermError, decide::Command, event::STATUTORY};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::{Comer, Principal},
    body::{Body, Path},
    change::{Changed, Terms, change},
    policy,
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(explain))
        .routes(routes!(suspend, resume))
        .routes(routes!(extend))
        .routes(routes!(release_silence))
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

/// A suspension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "The founders are abroad", "basis": "Art. 12" }))]
pub(super) struct Suspend {
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
    /// By what right.
    basis: Option<String>,
}

impl From<Suspend> for Command {
    fn from(body: Suspend) -> Self {
        Self::Suspend { reason: body.reason, basis: body.basis }
    }
}

/// Suspend every running clock
#[utoipa::path(
    put, path = "/cases/{case}/suspension", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Suspend,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn suspend(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Suspend>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// The end of a suspension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "They have come back" }))]
pub(super) struct Resume {
    /// Why.
    reason: Option<String>,
}

impl From<Resume> for Command {
    fn from(body: Resume) -> Self {
        Self::Resume { reason: body.reason }
    }
}

/// Let the clocks run again
#[utoipa::path(
    delete, path = "/cases/{case}/suspension", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Resume,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn resume(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Resume>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// An extension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "5 d", "reason": "The site was closed by snow" }))]
struct Extend {
    /// By how much, in the clock's own unit, as workflows write terms.
    #[schema(example = "5 d", max_length = 40)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// Extend a clock
#[utoipa::path(
    post, path = "/cases/{case}/clocks/{no}/extensions", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "0 is the statutory clock, else the task's number"),
        Terms,
    ),
    request_body = Extend,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`extension_unit`, `extension_too_long`, `unknown_clock`"),
    )
)]
async fn extend(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<Extend>,
) -> Result<Response, Problem> {
    let command = Command::Extend {
        clock: no,
        by: body.by.parse().map_err(|error: TermError| {
            Problem::faulty(vec![Fault::new("/by", "invalid", error.to_string())])
        })?,
        reason: body.reason,
    };
    change(&app, comer, terms, CaseId(case), command).await
}

/// What becomes of a held silence rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "take_effect": true, "reason": "Nothing stands against it" }))]
struct ReleaseSilence {
    /// Whether it takes effect.
    take_effect: bool,
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// Let a held silence rule take effect, or waive it
#[utoipa::path(
    post, path = "/cases/{case}/clocks/{no}/silence", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "0 is the statutory clock, else the task's number"),
        Terms,
    ),
    request_body = ReleaseSilence,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`unknown_clock`, `reason_needed`"),
    )
)]
async fn release_silence(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<ReleaseSilence>,
) -> Result<Response, Problem> {
    let command =
        Command::ReleaseSilence { clock: no, take_effect: body.take_effect, reason: body.reason };
    change(&app, comer, terms, CaseId(case), command).await
}
