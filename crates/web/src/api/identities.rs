//! Which identities of the provider are linked with somebody's account: for administrators, within
//! their part of the organisation.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use parvaneh_store::{AccountEvent, Identity, KnownBy, NewIdentity, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{accounts::looked_after, cases::plain, session::doer};
use crate::{
    App,
    auth::{ClientAddress, Principal},
    body::{Body, Path},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(identities, link_identity)).routes(routes!(unlink_identity))
}

/// An identity at a provider.
#[derive(Debug, Serialize, ToSchema)]
struct IdentityView {
    /// Its identifier.
    id: Uuid,
    /// The provider, as its tokens name it.
    #[schema(example = "https://id.example")]
    issuer: String,
    /// The provider's name of the person; none as long as he is only expected.
    subject: Option<String>,
    /// With which verified address he is, or was, expected.
    #[schema(example = "sara@office.example")]
    email: Option<String>,
    /// When it was linked, or expected.
    created_at: DateTime<Utc>,
    /// When the subject became known.
    linked_at: Option<DateTime<Utc>>,
    /// When the person last came by it.
    last_login_at: Option<DateTime<Utc>>,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id,
            issuer: identity.issuer,
            subject: identity.subject,
            email: identity.email,
            created_at: identity.created_at,
            linked_at: identity.linked_at,
            last_login_at: identity.last_login_at,
        }
    }
}

/// Identities of a person.
#[derive(Debug, Serialize, ToSchema)]
struct Identities {
    /// The oldest first.
    items: Vec<IdentityView>,
}

/// An identity to be linked: by its subject, or by the address with which the person is expected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "sara@office.example" }))]
pub(crate) struct LinkIdentity {
    /// The provider's name of the person (`sub`).
    #[schema(min_length = 1, max_length = 255)]
    subject: Option<String>,
    /// An address. Whoever first comes with it, verified by the provider, is this person from then on.
    #[schema(min_length = 3, max_length = 320, pattern = "^[^@\\s]+@[^@\\s]+$")]
    email: Option<String>,
}

/// Identities of a person
#[utoipa::path(
    get, path = "/people/{id}/identities", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 200, body = Identities),
        (status = 404, description = "`not_found`: no such person, or one of others"),
    )
)]
async fn identities(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<Identities>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let person = looked_after(&app, &viewer, id).await?;
    let items = app.store.identities_of(person.id).await?;
    Ok(Json(Identities { items: items.into_iter().map(IdentityView::from).collect() }))
}

/// Link an identity with a person's account
///
/// By it the person logs in from now on, beside the password.
#[utoipa::path(
    post, path = "/people/{id}/identities", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    request_body = LinkIdentity,
    responses(
        (status = 201, body = IdentityView),
        (status = 404, description = "`not_found`: no such person, one without an account, or people come in by password only"),
        (status = 409, description = "`identity_taken`"),
    )
)]
async fn link_identity(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Body(asked): Body<LinkIdentity>,
) -> Result<Response, Problem> {
    let made = link_by(&app, &app.viewer(&caller).await?, from, id, asked).await?;
    Ok((StatusCode::CREATED, Json(IdentityView::from(made))).into_response())
}

/// Links an identity with the account of somebody whom an administrator looks after.
///
/// # Errors
/// As the operation of the API.
#[expect(clippy::disallowed_methods, reason = "the edge: a link has an identifier")]
pub(crate) async fn link_by(
    app: &App,
    viewer: &Viewer,
    from: ClientAddress,
    id: Uuid,
    asked: LinkIdentity,
) -> Result<Identity, Problem> {
    plain(&[&asked.subject, &asked.email])?;
    let person = looked_after(app, viewer, id).await?.id;
    app.store.account(person).await?.ok_or_else(Problem::not_found)?;
    let oidc = app.settings.oidc.as_ref().ok_or_else(Problem::not_found)?;
    let known_by = match (asked.subject, asked.email) {
        (Some(subject), None) => KnownBy::Subject(subject),
        (None, Some(email)) => KnownBy::Email(email),
        _ => {
            let detail = "name either the subject or the address";
            return Err(Problem::faulty(vec![Fault::new("", "either", detail)]));
        }
    };
    let id = Uuid::now_v7();
    let issuer = oidc.settings().issuer.clone();
    let new = NewIdentity { id, person, issuer, known_by, made_by: Some(viewer.actor.person) };
    app.store.link_identity(new).await?;
    let doer = doer(Some(viewer.actor.person), from);
    app.store.note_account(person, AccountEvent::IdentityLinked, doer).await?;
    let all = app.store.identities_of(person).await?;
    all.into_iter().find(|one| one.id == id).ok_or_else(Problem::not_found)
}

/// Take an identity from a person's account
///
/// The sessions that began by it end.
#[utoipa::path(
    delete, path = "/people/{id}/identities/{identity}", tag = "people",
    params(
        ("id" = Uuid, Path, description = "The person"),
        ("identity" = Uuid, Path, description = "The identity"),
    ),
    responses(
        (status = 204, description = "Taken away"),
        (status = 404, description = "`not_found`: no such person or identity"),
    )
)]
async fn unlink_identity(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Path((id, identity)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    unlink(&app, &app.viewer(&caller).await?, from, id, identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an identity from the account of somebody whom an administrator looks after.
///
/// # Errors
/// `not_found`.
pub(crate) async fn unlink(
    app: &App,
    viewer: &Viewer,
    from: ClientAddress,
    id: Uuid,
    identity: Uuid,
) -> Result<(), Problem> {
    let person = looked_after(app, viewer, id).await?;
    if !app.store.unlink_identity(person.id, identity).await? {
        return Err(Problem::not_found());
    }
    let doer = doer(Some(viewer.actor.person), from);
    Ok(app.store.note_account(person.id, AccountEvent::IdentityRemoved, doer).await?)
}
