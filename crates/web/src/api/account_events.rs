//! What happened to accounts: for their people, and for who looks after them.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use parvaneh_core::PersonId;
use parvaneh_store::AccountEventRow;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::accounts::looked_after;
use crate::{App, auth::Principal, body::Path, problem::Problem};

/// As many as somebody looks through.
const MOST: u32 = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(mine)).routes(routes!(somebodys))
}

/// Something that happened to an account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountEventView {
    /// When.
    at: DateTime<Utc>,
    /// What: `second_factor_set`, `second_factor_removed`, `second_factor_reset`,
    /// `recovery_code_used`, `recovery_codes_renewed`, `password_set`, `password_changed`,
    /// `password_recovery_asked`, `account_disabled`, `account_enabled`, `login_given`.
    #[schema(example = "password_changed")]
    kind: String,
    /// Who did it; none when it was not known who asked.
    by: Option<Uuid>,
    /// His name.
    by_name: Option<String>,
    /// From where.
    #[schema(example = "203.0.113.7")]
    address: Option<String>,
}

/// What happened to an account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountEvents {
    /// The latest 200, the latest first.
    items: Vec<AccountEventView>,
}

async fn of(app: &App, person: PersonId) -> Result<Json<AccountEvents>, Problem> {
    let view = |row: AccountEventRow| {
        let (by, by_name) = row.by.map(|(by, name)| (by.0, name)).unzip();
        AccountEventView { at: row.at, kind: row.kind, by, by_name, address: row.address }
    };
    let rows = app.store.account_events(person, MOST).await?;
    Ok(Json(AccountEvents { items: rows.into_iter().map(view).collect() }))
}

/// What happened to my account
#[utoipa::path(
    get, path = "/account-events", tag = "session",
    security(("session" = []), ("token" = [])),
    responses((status = 200, body = AccountEvents))
)]
async fn mine(State(app): State<App>, caller: Principal) -> Result<Json<AccountEvents>, Problem> {
    of(&app, caller.person).await
}

/// What happened to somebody's account
#[utoipa::path(
    get, path = "/people/{id}/account-events", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    security(("session" = []), ("token" = [])),
    responses(
        (status = 200, body = AccountEvents),
        (status = 404, description = "`not_found`: no such person, or one of others"),
    )
)]
async fn somebodys(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<AccountEvents>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let person = looked_after(&app, &viewer, id).await?.id;
    of(&app, person).await
}
