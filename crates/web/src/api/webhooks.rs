//! Programs that are told of events. The secret by which a webhook's deliveries are signed is shown to
//! nobody: who adds it knows it.

use std::{fmt, pin::Pin};

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::{Fact, UnitId, WorkflowId};
use parvaneh_store::{Channel, DeliveriesQuery, DeliveryState, NewWebhook, Webhook};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::notices::{Deliveries, DeliveryStateName, page_of};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    page,
    policy::{self, Task},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
        .routes(routes!(pause, go_on))
        .routes(routes!(deliveries))
        .routes(routes!(test))
}

/// What a webhook is sent by. The program that is composed of this service and a sender hands it in.
pub trait Sender: fmt::Debug + Send + Sync {
    /// The address as it will be called, or why it may not be.
    ///
    /// # Errors
    /// Why not.
    fn check(&self, url: &str) -> Result<String, String>;

    /// Whether that text is a secret by which deliveries can be signed.
    fn is_secret(&self, secret: &str) -> bool;

    /// Sends an event that tells nothing, and waits for the answer.
    ///
    /// # Errors
    /// Why it was not taken.
    fn ping<'a>(
        &'a self,
        url: &'a str,
        secret: &'a str,
        now: DateTime<Utc>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

async fn permit(app: &App, caller: &Principal) -> Result<(), Problem> {
    policy::permit_everywhere(&app.viewer(caller).await?, Task::Operate)
}

fn off() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "webhooks_off")
        .because("this service was started without a sender of webhooks")
}

/// A program that is told of events.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookView {
    /// Its identifier.
    id: Uuid,
    /// Where to.
    url: String,
    /// Only events of this workflow.
    workflow: Option<String>,
    /// Only events of cases at this unit or below it.
    unit: Option<String>,
    /// Only events of these kinds; empty is all.
    kinds: Vec<String>,
    /// Whether it is told what was filled in, and what papers are called.
    with_values: bool,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// Why it is told nothing any more.
    paused: Option<String>,
    /// How many deliveries wait.
    waiting: u64,
    /// How many were given up.
    failed: u64,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            workflow: webhook.workflow.map(|workflow| workflow.to_string()),
            unit: webhook.unit.map(|unit| unit.to_string()),
            kinds: webhook.kinds,
            with_values: webhook.with_values,
            created_at: webhook.created_at,
            paused: webhook.disabled,
            waiting: webhook.waiting,
            failed: webhook.failed,
        }
    }
}

/// Webhooks.
#[derive(Debug, Serialize, ToSchema)]
struct Webhooks {
    /// The oldest first.
    items: Vec<WebhookView>,
}

/// Webhooks
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks",
    responses(
        (status = 200, body = Webhooks),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn list(State(app): State<App>, caller: Principal) -> Result<Json<Webhooks>, Problem> {
    permit(&app, &caller).await?;
    let items = app.store.webhooks().await?.into_iter().map(WebhookView::from).collect();
    Ok(Json(Webhooks { items }))
}

/// A program that is to be told of events.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "url": "https://registry.example/events",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    "kinds": ["opened", "acted"]
}))]
pub(crate) struct AddWebhook {
    /// Where to: an https address on the public network.
    #[schema(min_length = 1, max_length = 2000)]
    url: String,
    /// By which each delivery is signed: `whsec_` and 24 to 64 bytes in base64. It is shown to nobody.
    #[schema(min_length = 1, max_length = 200)]
    secret: String,
    /// Only events of this workflow.
    #[schema(min_length = 1, max_length = 200)]
    workflow: Option<String>,
    /// Only events of cases at this unit or below it.
    #[schema(min_length = 1, max_length = 200)]
    unit: Option<String>,
    /// Only events of these kinds; empty is all.
    #[serde(default)]
    #[schema(max_items = 100)]
    kinds: Vec<String>,
    /// Whether it is told what was filled in, and what papers are called.
    #[serde(default)]
    with_values: bool,
}

/// A webhook that was added.
#[derive(Debug, Serialize, ToSchema)]
struct AddedWebhook {
    /// Its identifier.
    id: Uuid,
    /// Where to, as it will be called.
    url: String,
}

/// Everything that is wrong with a webhook; else its address as it will be called.
async fn checked(app: &App, asked: &AddWebhook) -> Result<String, Problem> {
    let sender = app.sender.as_ref().ok_or_else(off)?;
    let mut faults = Vec::new();
    let mut wrong = |pointer: &str, why: String| faults.push(Fault::new(pointer, "invalid", why));
    let url = sender.check(&asked.url);
    if let Err(why) = &url {
        wrong("/url", why.clone());
    }
    if !sender.is_secret(&asked.secret) {
        wrong("/secret", "is no secret: write whsec_ and 24 to 64 bytes in base64".to_owned());
    }
    if let Some(unit) = &asked.unit
        && app.store.organisation().await?.get(&UnitId::from(unit.as_str())).is_none()
    {
        wrong("/unit", "there is no such unit".to_owned());
    }
    if let Some(workflow) = &asked.workflow
        && app.store.definition(&WorkflowId::from(workflow.as_str()), None).await.is_err()
    {
        wrong("/workflow", "no such workflow is in use".to_owned());
    }
    let known = Fact::kinds();
    for (place, kind) in asked.kinds.iter().enumerate() {
        if !known.contains(&kind.as_str()) {
            wrong(&format!("/kinds/{place}"), "no event is of that kind".to_owned());
        }
    }
    match url {
        Ok(url) if faults.is_empty() => Ok(url),
        _ => Err(Problem::faulty(faults)),
    }
}

/// Add a webhook
///
/// It is told of everything that is decided from now on (docs/NOTICES.md).
#[utoipa::path(
    post, path = "/webhooks", tag = "webhooks",
    params(Key),
    request_body = AddWebhook,
    responses(
        (status = 201, description = "Added", body = AddedWebhook),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 503, description = "`webhooks_off`"),
    )
)]
async fn add(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<AddWebhook>,
) -> Result<Response, Problem> {
    permit(&app, &caller).await?;
    let new = to_add(&app, &body).await?;
    let (id, url) = (new.id, new.url.clone());
    let store = app.store.clone();
    once(&app, &caller, key, "add webhook", &body, async move {
        store.add_webhook(new).await?;
        Ok((StatusCode::CREATED, AddedWebhook { id, url }))
    })
    .await
}

/// A webhook to be added, if it can be.
///
/// # Errors
/// `body_invalid` with everything that is wrong with it, `webhooks_off`.
#[expect(clippy::disallowed_methods, reason = "the edge: a webhook has an identifier")]
pub(crate) async fn to_add(app: &App, body: &AddWebhook) -> Result<NewWebhook, Problem> {
    Ok(NewWebhook {
        id: Uuid::now_v7(),
        url: checked(app, body).await?,
        secret: body.secret.clone(),
        workflow: body.workflow.as_deref().map(WorkflowId::from),
        unit: body.unit.as_deref().map(UnitId::from),
        kinds: body.kinds.clone(),
        with_values: body.with_values,
    })
}

fn found(is: bool) -> Result<StatusCode, Problem> {
    if is { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// Remove a webhook
///
/// What waits for it is given up.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn remove(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    permit(&app, &caller).await?;
    found(app.store.remove_webhook(id).await?)
}

/// Why nothing is told to a webhook that was paused.
pub(crate) const PAUSED: &str = "paused by an administrator";

/// Tell a webhook nothing more
///
/// What waits for it is given up, and can be tried again.
#[utoipa::path(
    put, path = "/webhooks/{id}/paused", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 204, description = "Paused"),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn pause(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    permit(&app, &caller).await?;
    let because = Some(PAUSED.to_owned());
    found(app.store.disable_webhook(id, because).await?)
}

/// Tell a webhook again of what happens from now on
#[utoipa::path(
    delete, path = "/webhooks/{id}/paused", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 204, description = "It is told again"),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn go_on(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    permit(&app, &caller).await?;
    found(app.store.disable_webhook(id, None).await?)
}

/// Which deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those of which this became; `sent` shows what has arrived.
    state: Option<DeliveryStateName>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What waits for a webhook, and what it did not take; with `state`, also what it took
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), Wanted),
    responses(
        (status = 200, body = Deliveries),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn deliveries(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Deliveries>, Problem> {
    permit(&app, &caller).await?;
    let known = app.store.webhooks().await?;
    if !known.iter().any(|webhook| webhook.id == id) {
        return Err(Problem::not_found());
    }
    let query = DeliveriesQuery {
        target: Some(id),
        channel: Some(Channel::Webhook),
        state: wanted.state.map(DeliveryState::from),
        limit: page::length(wanted.limit)?,
        ..DeliveriesQuery::default()
    };
    page_of(&app, query, wanted.after.as_deref()).await
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
struct Tested {
    /// Whether the receiver took it.
    taken: bool,
    /// Why it did not.
    error: Option<String>,
}

/// Send a webhook an event that tells nothing, at once
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 200, description = "What came of it", body = Tested),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 503, description = "`webhooks_off`"),
    )
)]
async fn test(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<Tested>, Problem> {
    permit(&app, &caller).await?;
    let error = tested(&app, id).await?.err();
    Ok(Json(Tested { taken: error.is_none(), error }))
}

/// Sends a webhook an event that tells nothing: whether it was taken, or why it was not.
///
/// # Errors
/// `not_found`, `webhooks_off`.
pub(crate) async fn tested(app: &App, id: Uuid) -> Result<Result<(), String>, Problem> {
    let known = app.store.webhook_secret(id).await?;
    let (url, secret) = known.ok_or_else(Problem::not_found)?;
    let sender = app.sender.as_ref().ok_or_else(off)?;
    let now = app.store.server_time().await?;
    Ok(sender.ping(&url, &secret, now).await)
}
