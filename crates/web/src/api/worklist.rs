//! The worklist: the tasks on which the caller may act, in the order in which they are best done.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use parvaneh_core::{StepId, UnitId, WorkflowId};
use parvaneh_store::{Hands, Sort, WorklistQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::cases::plain;
use crate::{App, auth::Principal, body::Query, page, problem::Problem, view::WorkItemView};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(worklist))
}

/// In whose hands tasks are.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HandsName {
    /// In whoever's.
    #[default]
    Anyone,
    /// In the caller's own.
    Mine,
    /// Nobody has taken them.
    Nobody,
}

/// The order.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// So that as few cases as possible end late.
    #[default]
    LateMinimising,
    /// The earliest deadline first.
    Deadline,
    /// What has waited longest first.
    Arrival,
}

/// Which tasks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// In whose hands they are.
    hands: Option<HandsName>,
    /// The order.
    order: Option<Order>,
    /// Only those of this workflow.
    workflow: Option<String>,
    /// Only those of this step.
    step: Option<String>,
    /// Only those that stand at this unit or below it.
    unit: Option<String>,
    /// Only those whose deadline has passed.
    overdue: Option<bool>,
    /// Only those in whose subject this occurs.
    #[param(max_length = 200)]
    text: Option<String>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 200)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of a worklist.
#[derive(Debug, Serialize, ToSchema)]
struct WorklistView {
    /// The tasks.
    items: Vec<WorkItemView>,
    /// How many there are in all, counted up to 1,000.
    total: u32,
    /// Where the next page begins; none after the last.
    next: Option<String>,
    /// The engine's time at which this was read.
    now: DateTime<Utc>,
}

/// My worklist
#[utoipa::path(
    get, path = "/worklist", tag = "worklist",
    params(Wanted),
    responses(
        (status = 200, body = WorklistView),
    )
)]
async fn worklist(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<WorklistView>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.workflow, &wanted.unit, &wanted.step, &wanted.text])?;
    let after = wanted.after.as_deref().map(str::parse).transpose();
    let query = WorklistQuery {
        hands: match wanted.hands.unwrap_or_default() {
            HandsName::Anyone => Hands::Anyone,
            HandsName::Mine => Hands::Mine,
            HandsName::Nobody => Hands::Nobody,
        },
        sort: match wanted.order.unwrap_or_default() {
            Order::LateMinimising => Sort::LateMinimising,
            Order::Deadline => Sort::Deadline,
            Order::Arrival => Sort::Arrival,
        },
        workflow: wanted.workflow.map(WorkflowId::from),
        step: wanted.step.map(StepId::from),
        within: wanted.unit.map(UnitId::from),
        overdue: wanted.overdue.unwrap_or(false),
        text: wanted.text,
        after: after.map_err(|_| page::no_end())?,
        limit,
        ..WorklistQuery::of(caller.person)
    };
    let viewer = app.viewer(&caller).await?;
    let page = app.store.reading_as(&viewer).worklist(&query).await?;
    Ok(Json(WorklistView {
        items: page.items.into_iter().map(WorkItemView::from).collect(),
        total: page.total,
        next: page.next.map(|next| next.to_string()),
        now: page.now,
    }))
}
