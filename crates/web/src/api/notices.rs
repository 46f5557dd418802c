//! What people were told, and what became of what was to be sent.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::CaseId;
use parvaneh_store::{Channel, DeliveriesQuery, DeliveryRow, DeliveryState, Notice, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    page::{self, cut},
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(mine))
        .routes(routes!(read))
        .routes(routes!(deliveries))
        .routes(routes!(retry))
        .routes(routes!(retry_all))
}

/// Which notices.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those that are not read.
    unread: Option<bool>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Something that somebody was told.
#[derive(Debug, Serialize, ToSchema)]
struct NoticeView {
    /// About which case.
    case: Uuid,
    /// What it is about.
    subject: String,
    /// By which of its events.
    event: u32,
    /// The kind of notice.
    #[schema(example = "warning")]
    kind: String,
    /// When.
    created_at: DateTime<Utc>,
    /// When he read it.
    read_at: Option<DateTime<Utc>>,
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        Self {
            case: notice.case.0,
            subject: notice.subject,
            event: notice.seq,
            kind: notice.kind,
            created_at: notice.created_at,
            read_at: notice.read_at,
        }
    }
}

/// A page of notices.
#[derive(Debug, Serialize, ToSchema)]
struct Notices {
    /// The latest first.
    items: Vec<NoticeView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// What I was told
///
/// Of cases that the caller sees still.
#[utoipa::path(
    get, path = "/notices", tag = "notices",
    params(Wanted),
    responses((status = 200, body = Notices))
)]
async fn mine(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Notices>, Problem> {
    let limit = page::length(wanted.limit)?;
    let after: Option<(DateTime<Utc>, CaseId, u32)> = page::after(wanted.after.as_deref())?;
    let viewer = app.viewer(&caller).await?;
    let reads = app.store.reading_as(&viewer);
    let unread = wanted.unread.unwrap_or(false);
    let rows = reads.notices_after(caller.person, unread, after, limit + 1).await?;
    let (rows, more) = cut(rows, limit);
    let next = rows.last().filter(|_| more);
    let next = next.map(|row| page::end(&(row.created_at, row.case, row.seq)));
    Ok(Json(Notices { items: rows.into_iter().map(NoticeView::from).collect(), next }))
}

/// Up to when notices are read.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "until": "2025-03-20T20:30:00Z" }))]
struct ReadUntil {
    /// Those that were made up to this instant: what came later was not seen yet.
    until: DateTime<Utc>,
    /// Of these only what he was told of one event.
    only: Option<OneNotice>,
}

/// What somebody was told of one event of a case.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OneNotice {
    /// About which case.
    case: Uuid,
    /// By which of its events.
    event: u32,
}

/// How many.
#[derive(Debug, Serialize, ToSchema)]
struct HowMany {
    /// So many.
    count: u64,
}

/// Mark what I was told as read
#[utoipa::path(
    post, path = "/notices/read", tag = "notices",
    params(Key),
    request_body = ReadUntil,
    responses((status = 200, description = "Marked", body = HowMany))
)]
async fn read(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<ReadUntil>,
) -> Result<Response, Problem> {
    let (store, person, until) = (app.store.clone(), caller.person, body.until);
    let only = body.only.as_ref().map(|only| (CaseId(only.case), only.event));
    once(&app, &caller, key, "read notices", &body, async move {
        let count = store.mark_notices_read(person, until, only).await?;
        Ok((StatusCode::OK, HowMany { count }))
    })
    .await
}

/// By what something is sent.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ChannelName {
    /// One notice, by e-mail.
    Email,
    /// What a person should know on a day, in one e-mail.
    Digest,
    /// One event, to a program.
    Webhook,
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Email => Self::Email,
            ChannelName::Digest => Self::Digest,
            ChannelName::Webhook => Self::Webhook,
        }
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeliveryStateName {
    /// It waits for its turn, or for another attempt.
    Waiting,
    /// It is being sent.
    Sending,
    /// It has arrived.
    Sent,
    /// It did not have to be sent any more.
    Skipped,
    /// It did not arrive.
    Failed,
    /// It may have arrived.
    Uncertain,
}

impl From<DeliveryStateName> for DeliveryState {
    fn from(name: DeliveryStateName) -> Self {
        match name {
            DeliveryStateName::Waiting => Self::Waiting,
            DeliveryStateName::Sending => Self::Sending,
            DeliveryStateName::Sent => Self::Sent,
            DeliveryStateName::Skipped => Self::Skipped,
            DeliveryStateName::Failed => Self::Failed,
            DeliveryStateName::Uncertain => Self::Uncertain,
        }
    }
}

/// Which deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveriesWanted {
    /// All about this case; without one, of all cases those that have not arrived.
    case: Option<Uuid>,
    /// Only those to this person or webhook.
    to: Option<Uuid>,
    /// Only those by this channel.
    channel: Option<ChannelName>,
    /// Only those of which this became: what has arrived (`sent`) or was not needed (`skipped`), only of a
    /// case, a person or a webhook.
    state: Option<DeliveryStateName>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Something that was, or is, to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// Its name.
    #[schema(
        example = "email:0192f0c1-2a4b-7c3d-8e5f-60718293a4b5:0192f0c1-2a4b-7c3d-8e5f-60718293a4b6:12"
    )]
    id: String,
    /// To which person or webhook.
    to: Uuid,
    /// The kind of notice, or of event.
    #[schema(example = "escalation")]
    kind: String,
    /// `gathered`, `digested`, `waiting`, `sending`, `sent`, `skipped`, `failed`, or `uncertain` when it
    /// may have arrived.
    #[schema(example = "failed")]
    state: String,
    /// How many times it was tried.
    attempts: u32,
    /// What went wrong last.
    error: Option<String>,
    /// When it was put there, by the server's clock.
    queued_at: DateTime<Utc>,
    /// When it was sent or given up.
    ended_at: Option<DateTime<Utc>>,
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.reason.to_string(),
            to: row.reason.target,
            kind: row.kind,
            state: row.state,
            attempts: row.attempts,
            error: row.error,
            queued_at: row.queued_at,
            ended_at: row.ended_at,
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deliveries {
    /// The latest first.
    items: Vec<DeliveryView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// What a query finds, as a page of it.
///
/// # Errors
/// `parameter_invalid` for an end of a page that is none; the store's.
pub(super) async fn page_of(
    app: &App,
    query: DeliveriesQuery,
    after: Option<&str>,
) -> Result<Json<Deliveries>, Problem> {
    let (rows, next) = rows_of(app, query, after).await?;
    Ok(Json(Deliveries { items: rows.into_iter().map(DeliveryView::from).collect(), next }))
}

/// What a query finds, as the rows of a page of it, and its end where another follows.
///
/// # Errors
/// As [`page_of`].
pub(crate) async fn rows_of(
    app: &App,
    query: DeliveriesQuery,
    after: Option<&str>,
) -> Result<(Vec<DeliveryRow>, Option<String>), Problem> {
    let limit = query.limit;
    let after: Option<(DateTime<Utc>, String)> = page::after(after)?;
    let after = after.map(|(queued, reason)| {
        let reason: Result<Reason, _> = reason.parse();
        reason.map(|reason| (queued, reason)).map_err(|_| page::no_end())
    });
    let query = DeliveriesQuery { after: after.transpose()?, limit: limit + 1, ..query };
    let (rows, more) = cut(app.store.deliveries(&query).await?, limit);
    let next = rows.last().filter(|_| more);
    let next = next.map(|row| page::end(&(row.queued_at, row.reason.to_string())));
    Ok((rows, next))
}

/// What became of what was to be sent
#[utoipa::path(
    get, path = "/deliveries", tag = "notices",
    params(DeliveriesWanted),
    responses(
        (status = 200, body = Deliveries),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn deliveries(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<DeliveriesWanted>,
) -> Result<Json<Deliveries>, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::Operate)?;
    let query = DeliveriesQuery {
        case: wanted.case.map(CaseId),
        target: wanted.to,
        channel: wanted.channel.map(Channel::from),
        state: wanted.state.map(DeliveryState::from),
        after: None,
        limit: page::length(wanted.limit)?,
    };
    let of_one = query.case.is_some() || query.target.is_some();
    if query.state.is_some_and(DeliveryState::is_settled) && !of_one {
        let why = "is listed of a case or of whom it was sent to: add 'case' or 'to'";
        return Err(Problem::parameter("state", why));
    }
    page_of(&app, query, wanted.after.as_deref()).await
}

/// Try to send one again that did not arrive
///
/// Also one of which nobody knows whether it arrived.
#[utoipa::path(
    post, path = "/deliveries/{id}/retry", tag = "notices",
    params(("id" = String, Path, description = "Its name"), Key),
    responses(
        (status = 200, description = "It waits to be sent", body = HowMany),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
        (status = 404, description = "`not_found`: no such delivery, or none that has failed"),
    )
)]
async fn retry(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::Operate)?;
    let reason: Reason = id.parse().map_err(|_| Problem::not_found())?;
    let store = app.store.clone();
    once(&app, &caller, key, &format!("retry {reason}"), &(), async move {
        match store.retry_deliveries(Some(reason)).await? {
            0 => Err(Problem::not_found()),
            count => Ok((StatusCode::OK, HowMany { count })),
        }
    })
    .await
}

/// Try to send everything again that surely did not arrive
#[utoipa::path(
    post, path = "/deliveries/retry", tag = "notices",
    params(Key),
    responses(
        (status = 200, description = "They wait to be sent", body = HowMany),
        (status = 403, description = "`forbidden`: needs the role `administrator` over the whole organisation"),
    )
)]
async fn retry_all(
    State(app): State<App>,
    caller: Principal,
    key: Key,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&app.viewer(&caller).await?, Task::Operate)?;
    let store = app.store.clone();
    once(&app, &caller, key, "retry all", &(), async move {
        let count = store.retry_deliveries(None).await?;
        Ok((StatusCode::OK, HowMany { count }))
    })
    .await
}
