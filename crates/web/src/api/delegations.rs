//! Roles that are lent for a time.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::{DelegationId, Grant, PersonId, UnitId, WorkflowId};
use parvaneh_store::{DelegationFilter, DelegationRow, NewDelegation, StoreError, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::cases::plain;
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    page::{self, cut},
    policy::{self, Task},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, give))
        .routes(routes!(delegation))
        .routes(routes!(revoke))
}

/// Which delegations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Those from or to this person; without one, and without a unit, the caller's own.
    person: Option<Uuid>,
    /// Those of roles at this unit or below it: for its administrators.
    unit: Option<String>,
    /// Also those that are over or revoked.
    over: Option<bool>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A role that is lent for a time.
#[derive(Debug, Serialize, ToSchema)]
struct DelegationView {
    /// Its identifier.
    id: Uuid,
    /// Who lends.
    from: Uuid,
    /// To whom.
    to: Uuid,
    /// The role.
    #[schema(example = "county_officer")]
    role: String,
    /// Where.
    #[schema(example = "2301")]
    unit: String,
    /// Only in these workflows; in every one, when there is none.
    workflows: Vec<String>,
    /// From when on.
    starts: DateTime<Utc>,
    /// Up to when.
    until: DateTime<Utc>,
    /// Why.
    reason: String,
    /// Who made it.
    given_by: Uuid,
    /// When.
    given_at: DateTime<Utc>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
    /// Whether it gives a right now.
    in_force: bool,
}

impl From<DelegationRow> for DelegationView {
    fn from(row: DelegationRow) -> Self {
        Self {
            id: row.id.0,
            from: row.from.0,
            to: row.to.0,
            role: row.grant.role.to_string(),
            unit: row.grant.unit.to_string(),
            workflows: row.workflows.iter().map(ToString::to_string).collect(),
            starts: row.starts,
            until: row.until,
            reason: row.reason,
            given_by: row.given_by.0,
            given_at: row.given_at,
            revoked_at: row.revoked.map(|(at, _)| at),
            in_force: row.in_force,
        }
    }
}

/// A page of delegations.
#[derive(Debug, Serialize, ToSchema)]
struct Delegations {
    /// Those that begin first above.
    items: Vec<DelegationView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// Delegations: my own, those of somebody whose work I assign or whom I administer, or of a unit
#[utoipa::path(
    get, path = "/delegations", tag = "delegations",
    params(Wanted),
    responses(
        (status = 200, body = Delegations),
        (status = 403, description = "`forbidden`: of a unit, this needs the role `administrator` there"),
        (status = 404, description = "`not_found`: no such person or unit, or somebody of others"),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Delegations>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.unit])?;
    let viewer = app.viewer(&caller).await?;
    let within = wanted.unit.map(UnitId::from);
    if let Some(unit) = &within {
        policy::permit(&viewer, Task::AdministerPeople, unit)?;
    }
    let person = match (wanted.person.map(PersonId), &within) {
        (Some(person), None) => {
            policy::see_work_of(&app, &viewer, person).await?;
            Some(person)
        }
        (person, Some(_)) => person,
        (None, None) => Some(caller.person),
    };
    let filter = DelegationFilter {
        person,
        within,
        over: wanted.over.unwrap_or(false),
        after: page::after(wanted.after.as_deref())?,
        limit: limit + 1,
        id: None,
    };
    let (rows, more) = cut(app.store.delegations(&filter).await?, limit);
    let next = rows.last().filter(|_| more).map(|row| page::end(&(row.starts, row.id)));
    Ok(Json(Delegations { items: rows.into_iter().map(DelegationView::from).collect(), next }))
}

/// A delegation that the caller sees: of his own, or of somebody whose work he sees.
pub(crate) async fn seen(app: &App, viewer: &Viewer, id: Uuid) -> Result<DelegationRow, Problem> {
    let row = app.store.delegation(DelegationId(id)).await.map_err(|error| match error {
        StoreError::Unknown(_) => Problem::not_found(),
        error => error.into(),
    })?;
    if policy::see_work_of(app, viewer, row.from).await.is_err() {
        policy::see_work_of(app, viewer, row.to).await?;
    }
    Ok(row)
}

/// A delegation
#[utoipa::path(
    get, path = "/delegations/{id}", tag = "delegations",
    params(("id" = Uuid, Path, description = "The delegation")),
    responses((status = 200, body = DelegationView))
)]
async fn delegation(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<DelegationView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    Ok(Json(seen(&app, &viewer, id).await?.into()))
}

/// A role to be lent.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "to": "01931d2e-7c1f-7e3a-9a51-2f1d7c0b6a11", "role": "county_officer", "unit": "2301",
    "until": "2025-03-20T20:30:00Z", "reason": "Leave"
}))]
pub(crate) struct GiveDelegation {
    /// Who lends; without one, the caller himself.
    pub(crate) from: Option<Uuid>,
    /// To whom.
    pub(crate) to: Uuid,
    /// The role.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) role: String,
    /// Where: at the unit where he holds it, or below.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) unit: String,
    /// Only in these workflows; in every one, when there is none.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub(crate) workflows: Vec<String>,
    /// From when on; without it, from now on.
    pub(crate) starts: Option<DateTime<Utc>>,
    /// Up to when; at this very instant no longer.
    pub(crate) until: DateTime<Utc>,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) reason: String,
}

/// Whoever can be named by a caller who is not to learn who there is: somebody of an office.
///
/// # Errors
/// `body_invalid` with the place, also for somebody who holds no role.
pub(super) async fn colleague(app: &App, id: Uuid, pointer: &str) -> Result<PersonId, Problem> {
    let person = app.store.person(PersonId(id)).await?;
    let person = person.filter(|person| !person.grants.is_empty()).ok_or_else(|| {
        let detail = "there is no such person in an office";
        Problem::faulty(vec![Fault::new(pointer, "unknown_person", detail)])
    })?;
    Ok(person.id)
}

/// Lend a role for a time
///
/// The lender keeps it, too. For himself, or by who assigns his work.
#[utoipa::path(
    post, path = "/delegations", tag = "delegations",
    params(Key),
    request_body = GiveDelegation,
    responses(
        (status = 201, description = "Lent", body = DelegationView),
        (status = 403, description = "`not_permitted`, `delegation_to_the_giver`"),
        (status = 404, description = "`not_found`: no such lender, or one of others"),
        (status = 409, description = "`delegation_circle`"),
        (status = 422, description = "`role_not_held`, `role_of_another_body`, `delegation_to_himself`, `bad_period`, `reason_needed`, `unknown`"),
    )
)]
async fn give(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<GiveDelegation>,
) -> Result<Response, Problem> {
    let new = to_lend(&app, &app.viewer(&caller).await?, &body).await?;
    let store = app.store.clone();
    once(&app, &caller, key, "delegate", &body, async move {
        let row = store.delegate(new).await?;
        Ok((StatusCode::CREATED, DelegationView::from(row)))
    })
    .await
}

/// What somebody wants to lend, to somebody who can be lent to.
///
/// # Errors
/// `not_found` for a lender who is none, or one of others; `body_invalid`.
pub(crate) async fn to_lend(
    app: &App,
    viewer: &Viewer,
    body: &GiveDelegation,
) -> Result<NewDelegation, Problem> {
    let by = viewer.actor.person;
    let from = body.from.map_or(by, PersonId);
    policy::see_work_of(app, viewer, from).await?;
    #[expect(clippy::disallowed_methods, reason = "the edge: a delegation has an identifier")]
    let id = DelegationId(Uuid::now_v7());
    Ok(NewDelegation {
        id,
        by,
        from,
        to: colleague(app, body.to, "/to").await?,
        grant: Grant { role: body.role.as_str().into(), unit: body.unit.as_str().into() },
        workflows: body.workflows.iter().map(|name| WorkflowId::from(name.as_str())).collect(),
        starts: body.starts,
        until: body.until,
        reason: body.reason.clone(),
    })
}

/// Why a delegation ends.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "Back from leave" }))]
struct Revocation {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// End a delegation now
///
/// By the lender, by the one to whom it was lent, or by who assigns the lender's work.
#[utoipa::path(
    post, path = "/delegations/{id}/revocation", tag = "delegations",
    params(("id" = Uuid, Path, description = "The delegation"), Key),
    request_body = Revocation,
    responses(
        (status = 200, description = "Ended", body = DelegationView),
        (status = 403, description = "`not_permitted`"),
        (status = 409, description = "`already_over`"),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn revoke(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Path(id): Path<Uuid>,
    Body(body): Body<Revocation>,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let id = seen(&app, &viewer, id).await?.id;
    let (store, by, reason) = (app.store.clone(), caller.person, body.reason.clone());
    once(&app, &caller, key, &format!("revoke {id}"), &body, async move {
        let row = store.revoke_delegation(id, by, &reason).await?;
        Ok((StatusCode::OK, DelegationView::from(row)))
    })
    .await
}
