//! People, their roles and their accounts: for administrators, within their part of the
//! organisation.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parvaneh_core::{Grant, PersonId, RoleId, UnitId};
use parvaneh_store::{AccountEvent, LinkPurpose, NewLink, PeopleFilter, Person, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    cases::plain,
    session::{RoleAt, doer},
};
use crate::{
    App,
    auth::{ClientAddress, Principal, Secret, no_randomness},
    body::{Body, Path, Query},
    page::{self, Count, MOST_COUNTED, cut},
    policy::{self, Task},
    problem::{Fault, Problem},
};

/// How long a link to set a password works.
const LINK_LASTS: Duration = Duration::from_secs(3 * 24 * 60 * 60);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(people, add))
        .routes(routes!(person))
        .routes(routes!(grant, revoke))
        .routes(routes!(account))
        .routes(routes!(link))
        .routes(routes!(disable, enable))
}

/// Which people.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Who hold a role at this unit or below it.
    unit: String,
    /// Only holders of this role.
    role: Option<String>,
    /// Only those in whose name this occurs.
    #[param(max_length = 200)]
    name: Option<String>,
    /// Whether to count how many there are in all.
    count: Option<bool>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 2000)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
struct PersonView {
    /// His identifier.
    id: Uuid,
    /// His name.
    name: String,
    /// What he holds where.
    roles: Vec<RoleAt>,
    /// With what he logs in; none for whoever cannot.
    login: Option<String>,
    /// Whether his account is disabled.
    disabled: bool,
}

impl PersonView {
    async fn of(app: &App, person: Person) -> Result<Self, Problem> {
        let account = app.store.account(person.id).await?;
        Ok(Self {
            id: person.id.0,
            name: person.name,
            roles: person.grants.into_iter().map(RoleAt::from).collect(),
            disabled: account.as_ref().is_some_and(|account| account.disabled_at.is_some()),
            login: account.map(|account| account.login),
        })
    }
}

/// People.
#[derive(Debug, Serialize, ToSchema)]
struct People {
    /// By their names.
    items: Vec<PersonItem>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
    /// How many there are in all, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<Count>,
}

/// A person in a list.
#[derive(Debug, Serialize, ToSchema)]
struct PersonItem {
    /// His identifier.
    id: Uuid,
    /// His name.
    name: String,
    /// What he holds where.
    roles: Vec<RoleAt>,
}

/// People of a unit
#[utoipa::path(
    get, path = "/people", tag = "people",
    params(Wanted),
    responses(
        (status = 200, body = People),
        (status = 403, description = "`forbidden`: needs the role `administrator` there"),
        (status = 404, description = "`not_found`: no such unit"),
    )
)]
async fn people(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<People>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.role, &wanted.name])?;
    let unit = UnitId::from(wanted.unit);
    let viewer = app.viewer(&caller).await?;
    policy::permit(&viewer, Task::AdministerPeople, &unit)?;
    let filter = PeopleFilter {
        role: wanted.role.map(RoleId::from),
        within: Some(unit),
        name: wanted.name,
        after: page::after(wanted.after.as_deref())?,
        limit: limit + 1,
    };
    let count = match wanted.count {
        Some(true) => Some(Count(app.store.count_people(&filter, MOST_COUNTED).await?)),
        _ => None,
    };
    let (found, more) = cut(app.store.people(&filter).await?, limit);
    let next = found.last().filter(|_| more).map(|person| page::end(&(&person.name, person.id)));
    let items = found.into_iter().map(|person| PersonItem {
        id: person.id.0,
        name: person.name,
        // What he holds elsewhere is the business of others.
        roles: person
            .grants
            .into_iter()
            .filter(|grant| policy::may(&viewer, Task::AdministerPeople, &grant.unit))
            .map(RoleAt::from)
            .collect(),
    });
    Ok(Json(People { items: items.collect(), next, count }))
}

/// The person whom an administrator looks after: who holds roles only where he administers.
///
/// # Errors
/// `not_found`, also for a person of others.
pub(crate) async fn looked_after(app: &App, viewer: &Viewer, id: Uuid) -> Result<Person, Problem> {
    let person = app.store.person(PersonId(id)).await?.ok_or_else(Problem::not_found)?;
    if policy::looks_after(viewer, &person) {
        return Ok(person);
    }
    Err(Problem::not_found())
}

/// Lets pass only roles that mean something, at units where the caller administers.
///
/// # Errors
/// `not_found` for a unit, `forbidden`; `body_invalid` with every role that no workflow has.
async fn may_give(app: &App, viewer: &Viewer, grants: &[Grant]) -> Result<(), Problem> {
    for grant in grants {
        policy::permit(viewer, Task::AdministerPeople, &grant.unit)?;
    }
    let mut known: BTreeSet<RoleId> = policy::ROLES.iter().copied().map(RoleId::from).collect();
    for published in app.store.definitions().await? {
        let definition = app.store.definition(&published.workflow, Some(published.version)).await?;
        known.extend(definition.roles.keys().cloned());
    }
    let unknown = grants.iter().filter(|grant| !known.contains(&grant.role)).map(|grant| {
        let detail = format!("no published workflow has the role '{}'", grant.role);
        Fault::new("/role", "unknown_role", detail)
    });
    match unknown.collect::<Vec<_>>() {
        faults if faults.is_empty() => Ok(()),
        faults => Err(Problem::faulty(faults)),
    }
}

/// A person to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Sara Ahmadi", "login": "sara", "roles": [{ "role": "county_officer", "unit": "2301" }] }))]
pub(crate) struct AddPerson {
    /// The name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// With what the person will log in; upper and lower case are the same.
    #[schema(min_length = 1, max_length = 200)]
    login: String,
    /// The roles, at least one: it says whose person it is.
    #[schema(min_items = 1, max_items = 50)]
    roles: Vec<AddRole>,
}

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "county_officer", "unit": "2301" }))]
pub(crate) struct AddRole {
    /// The role.
    #[schema(min_length = 1, max_length = 200)]
    role: String,
    /// The unit; the role reaches it and everything below it.
    #[schema(min_length = 1, max_length = 200)]
    unit: String,
}

impl From<AddRole> for Grant {
    fn from(role: AddRole) -> Self {
        Self { role: RoleId::from(role.role), unit: UnitId::from(role.unit) }
    }
}

/// A link that works once.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// Where the person sets a password; it works once, for three days.
    #[schema(example = "https://licences.example/set-password/…")]
    link: String,
}

/// Somebody who was added.
#[derive(Debug, Serialize, ToSchema)]
struct Added {
    /// Who.
    person: PersonView,
    /// Where the person sets a password; it works once, for three days.
    link: String,
}

/// Makes a link for a person, and says where it leads.
///
/// # Errors
/// The store's.
pub async fn password_link(app: &App, person: PersonId) -> Result<String, Problem> {
    let secret = Secret::new().map_err(|error| no_randomness(&error))?;
    let link = NewLink {
        secret_hash: secret.hash(),
        purpose: LinkPurpose::SetPassword,
        person,
        lasts: LINK_LASTS,
    };
    app.store.add_link(link).await?;
    Ok(format!("{}/set-password/{}", app.settings.public_url, secret.reveal()))
}

/// Add a person
#[utoipa::path(
    post, path = "/people", tag = "people",
    request_body = AddPerson,
    responses(
        (status = 201, body = Added),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not_found`: no such unit"),
        (status = 409, description = "`login_taken`"),
    )
)]
async fn add(
    State(app): State<App>,
    caller: Principal,
    Body(asked): Body<AddPerson>,
) -> Result<Response, Problem> {
    let (person, link) = add_person(&app, &app.viewer(&caller).await?, asked).await?;
    let person = app.store.person(person).await?.ok_or_else(Problem::not_found)?;
    let added = Added { person: PersonView::of(&app, person).await?, link };
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// Adds a person: who, and where he sets a password.
///
/// # Errors
/// As the operation of the API.
#[expect(clippy::disallowed_methods, reason = "the edge: a person has an identifier")]
pub(crate) async fn add_person(
    app: &App,
    viewer: &Viewer,
    asked: AddPerson,
) -> Result<(PersonId, String), Problem> {
    plain(&[&Some(asked.name.clone()), &Some(asked.login.clone())])?;
    let grants: Vec<Grant> = asked.roles.into_iter().map(Grant::from).collect();
    may_give(app, viewer, &grants).await?;
    if app.store.credentials(&asked.login).await?.is_some() {
        return Err(parvaneh_store::StoreError::LoginTaken(asked.login).into());
    }
    let person = PersonId(Uuid::now_v7());
    app.store.save_people(vec![(person, asked.name)]).await?;
    app.store.save_account(person, &asked.login).await?;
    app.store.grant(grants.into_iter().map(|grant| (person, grant)).collect()).await?;
    let link = password_link(app, person).await?;
    Ok((person, link))
}

/// A person
#[utoipa::path(
    get, path = "/people/{id}", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 200, body = PersonView),
        (status = 404, description = "`not_found`: no such person, or one of others"),
    )
)]
async fn person(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<PersonView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let person = looked_after(&app, &viewer, id).await?;
    Ok(Json(PersonView::of(&app, person).await?))
}

/// Give a role
#[utoipa::path(
    post, path = "/people/{id}/roles", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    request_body = AddRole,
    responses(
        (status = 204, description = "Given"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not_found`: no such person or unit"),
    )
)]
async fn grant(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Body(role): Body<AddRole>,
) -> Result<StatusCode, Problem> {
    give_role(&app, &app.viewer(&caller).await?, id, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a role to somebody whom an administrator looks after.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn give_role(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
    role: AddRole,
) -> Result<(), Problem> {
    plain(&[&Some(role.role.clone())])?;
    let person = looked_after(app, viewer, id).await?;
    let grant = Grant::from(role);
    may_give(app, viewer, std::slice::from_ref(&grant)).await?;
    Ok(app.store.grant(vec![(person.id, grant)]).await?)
}

/// Take a role away
///
/// From the next request on the person may do nothing by it.
#[utoipa::path(
    delete, path = "/people/{id}/roles", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    request_body = AddRole,
    responses(
        (status = 204, description = "Taken away"),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not_found`: no such person or unit, or the role is not held there"),
    )
)]
async fn revoke(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Body(role): Body<AddRole>,
) -> Result<StatusCode, Problem> {
    take_role(&app, &app.viewer(&caller).await?, id, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a role from somebody whom an administrator looks after.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn take_role(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
    role: AddRole,
) -> Result<(), Problem> {
    plain(&[&Some(role.role.clone())])?;
    let person = looked_after(app, viewer, id).await?;
    let grant = Grant::from(role);
    policy::permit(viewer, Task::AdministerPeople, &grant.unit)?;
    match app.store.revoke(person.id, grant).await? {
        true => Ok(()),
        false => Err(Problem::not_found()),
    }
}

/// Make a link by which a person sets a password
#[utoipa::path(
    post, path = "/people/{id}/password-link", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 201, body = LinkView),
        (status = 404, description = "`not_found`: no such person, or one without an account"),
    )
)]
async fn link(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let link = LinkView { link: link_for(&app, &app.viewer(&caller).await?, id).await? };
    Ok((StatusCode::CREATED, Json(link)).into_response())
}

/// Makes a link by which somebody whom an administrator looks after sets a password.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn link_for(app: &App, viewer: &Viewer, id: Uuid) -> Result<String, Problem> {
    let person = looked_after(app, viewer, id).await?;
    app.store.account(person.id).await?.ok_or_else(Problem::not_found)?;
    password_link(app, person.id).await
}

/// With what somebody logs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "login": "sara" }))]
pub(crate) struct GiveLogin {
    /// Upper and lower case are the same.
    #[schema(min_length = 1, max_length = 200)]
    login: String,
}

/// Give a person an account, or another login
///
/// A new account has no password: `POST /people/{id}/password-link` makes a link by which its person sets one.
#[utoipa::path(
    put, path = "/people/{id}/account", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    request_body = GiveLogin,
    responses(
        (status = 204, description = "The person logs in by it"),
        (status = 404, description = "`not_found`: no such person"),
        (status = 409, description = "`login_taken`"),
    )
)]
async fn account(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Path(id): Path<Uuid>,
    Body(asked): Body<GiveLogin>,
) -> Result<StatusCode, Problem> {
    give_login(&app, &app.viewer(&caller).await?, from, id, asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says with what somebody logs in whom an administrator looks after.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn give_login(
    app: &App,
    viewer: &Viewer,
    from: ClientAddress,
    id: Uuid,
    asked: GiveLogin,
) -> Result<(), Problem> {
    plain(&[&Some(asked.login.clone())])?;
    let person = looked_after(app, viewer, id).await?;
    let known = app.store.account(person.id).await?;
    if known.is_some_and(|known| known.login == asked.login) {
        return Ok(());
    }
    app.store.save_account(person.id, &asked.login).await?;
    let doer = doer(Some(viewer.actor.person), from);
    Ok(app.store.note_account(person.id, AccountEvent::LoginGiven, doer).await?)
}

/// Disable an account
///
/// From the next request on nothing of it opens anything; sessions and tokens have ended.
#[utoipa::path(
    put, path = "/people/{id}/disabled", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 204, description = "Disabled"),
        (status = 404, description = "`not_found`: no such person, or one without an account"),
    )
)]
async fn disable(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    set_disabled(&app, &app.viewer(&caller).await?, from, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a disabled account in again
#[utoipa::path(
    delete, path = "/people/{id}/disabled", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 204, description = "It can log in again"),
        (status = 404, description = "`not_found`: no such person, or one without an account"),
    )
)]
async fn enable(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    set_disabled(&app, &app.viewer(&caller).await?, from, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Disables the account of somebody whom an administrator looks after, or lets it in again.
///
/// # Errors
/// As the operations of the API.
pub(crate) async fn set_disabled(
    app: &App,
    viewer: &Viewer,
    from: ClientAddress,
    id: Uuid,
    disabled: bool,
) -> Result<(), Problem> {
    let person = looked_after(app, viewer, id).await?;
    app.store.account(person.id).await?.ok_or_else(Problem::not_found)?;
    app.store.set_disabled(person.id, disabled).await?;
    let done = if disabled { AccountEvent::AccountDisabled } else { AccountEvent::AccountEnabled };
    let doer = doer(Some(viewer.actor.person), from);
    Ok(app.store.note_account(person.id, done, doer).await?)
}
