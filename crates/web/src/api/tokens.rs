//! Tokens by which machines act for a person.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use parvaneh_store::{NewToken, Scope, TokenRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::{Principal, Secret, Via, no_randomness},
    body::{Body, Path},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tokens, add)).routes(routes!(revoke))
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeName {
    /// Looking.
    Read,
    /// Changing.
    Write,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::Write => Self::Write,
        }
    }
}

impl From<Scope> for ScopeName {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
        }
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "the municipality's portal", "scopes": ["read"], "days": 90 }))]
struct AddToken {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it may be used for.
    #[schema(min_items = 1)]
    scopes: Vec<ScopeName>,
    /// How many days it lasts.
    #[schema(minimum = 1, maximum = 366)]
    days: u16,
}

/// A token, as it is shown once.
#[derive(Debug, Serialize, ToSchema)]
struct AddedToken {
    /// Its identifier.
    id: Uuid,
    /// What to send as `Authorization: Bearer …`. It is kept nowhere.
    token: String,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
struct TokenView {
    /// Its identifier.
    id: Uuid,
    /// What it is called.
    name: String,
    /// What it may be used for.
    scopes: Vec<ScopeName>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it ends.
    expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

/// Tokens of a person.
#[derive(Debug, Serialize, ToSchema)]
struct Tokens {
    /// The latest first.
    items: Vec<TokenView>,
}

/// My tokens
#[utoipa::path(
    get, path = "/tokens", tag = "tokens",
    responses((status = 200, body = Tokens))
)]
async fn tokens(State(app): State<App>, caller: Principal) -> Result<Json<Tokens>, Problem> {
    let view = |row: TokenRow| TokenView {
        id: row.id,
        name: row.name,
        scopes: row.scopes.into_iter().map(ScopeName::from).collect(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
        revoked_at: row.revoked_at,
    };
    let rows = app.store.tokens_of(caller.person).await?;
    Ok(Json(Tokens { items: rows.into_iter().map(view).collect() }))
}

/// Make a token
///
/// Only in a session: a token does not beget tokens.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens",
    security(("session" = [])),
    request_body = AddToken,
    responses(
        (status = 201, body = AddedToken),
        (status = 403, description = "`forbidden`"),
    )
)]
async fn add(
    State(app): State<App>,
    caller: Principal,
    Body(asked): Body<AddToken>,
) -> Result<Response, Problem> {
    let scopes = asked.scopes.into_iter().map(Scope::from).collect();
    let (id, token) = make(&app, &caller, asked.name, scopes, asked.days).await?;
    Ok((StatusCode::CREATED, Json(AddedToken { id, token })).into_response())
}

/// For how many days a token lasts at most.
pub(crate) const MOST_DAYS: u16 = 366;

/// Makes a token for who asks: its identifier, and what is shown once.
///
/// # Errors
/// `forbidden` outside a session; the store's.
#[expect(clippy::disallowed_methods, reason = "the edge: a token has an identifier")]
pub(crate) async fn make(
    app: &App,
    caller: &Principal,
    name: String,
    mut scopes: Vec<Scope>,
    days: u16,
) -> Result<(Uuid, String), Problem> {
    if matches!(caller.via, Via::Token(..)) {
        return Err(Problem::forbidden("a token does not beget tokens: log in"));
    }
    let secret = Secret::new().map_err(|error| no_randomness(&error))?;
    scopes.sort_unstable();
    scopes.dedup();
    let token = NewToken {
        id: Uuid::now_v7(),
        secret_hash: secret.hash(),
        person: caller.person,
        name,
        scopes,
        lasts: Duration::from_secs(u64::from(days) * 24 * 60 * 60),
    };
    let made = (token.id, format!("pv_{}", secret.reveal()));
    app.store.add_token(token).await?;
    Ok(made)
}

/// Revoke one of my tokens
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "tokens",
    params(("id" = Uuid, Path, description = "The token")),
    responses(
        (status = 204, description = "Revoked"),
    )
)]
async fn revoke(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    match app.store.revoke_token(caller.person, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found()),
    }
}
