//! Logging in and out, and one's sessions.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use parvaneh_core::PersonId;
use parvaneh_store::{Attempt, Credentials, Doer, NewSession, SessionRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::second_factor::{LetIn, SecondStep, let_in};
use crate::{
    App,
    auth::{self, ClientAddress, Principal, Secret, Via, no_randomness, session_cookie},
    body::{Body, Path},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(log_in, who_am_i, log_out))
        .routes(routes!(sessions, end_sessions))
        .routes(routes!(end_session))
}

/// What somebody logs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "login": "sara", "password": "correct horse battery staple" }))]
struct LogIn {
    /// The login; upper and lower case are the same.
    #[schema(min_length = 1, max_length = 200)]
    login: String,
    /// The password.
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
}

/// Who somebody is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// His identifier.
    person: Uuid,
    /// His name.
    name: String,
    /// What he holds where.
    roles: Vec<RoleAt>,
    /// By what he came in: `session` or `token`.
    #[schema(example = "session")]
    by: String,
}

/// A role held at a unit; it reaches that unit and everything below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct RoleAt {
    /// The role.
    #[schema(example = "county_officer")]
    pub(super) role: String,
    /// The unit.
    #[schema(example = "2301")]
    pub(super) unit: String,
}

/// Log in
#[utoipa::path(
    post, path = "/session", tag = "session",
    security(()),
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in; the cookie is set", body = Me),
        (status = 202, description = "The password is right; the second step is missing", body = SecondStep),
        (status = 401, description = "`login_failed`: the login or the password is wrong"),
        (status = 429, description = "`login_locked`: after several wrong passwords"),
    )
)]
async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    from: ClientAddress,
    Body(asked): Body<LogIn>,
) -> Result<Response, Problem> {
    // Nobody shall be logged in as somebody else by a page that he happens to visit.
    if headers.contains_key("origin") || headers.contains_key("sec-fetch-site") {
        auth::same_site(&app, &headers)?;
    }
    enter(&app, &asked.login, asked.password, &headers, from).await?.answer(&app).await
}

/// Lets in whoever brings the password of a login.
///
/// # Errors
/// `login_failed`, `login_locked`.
pub(crate) async fn enter(
    app: &App,
    login: &str,
    password: String,
    headers: &HeaderMap,
    from: ClientAddress,
) -> Result<LetIn, Problem> {
    let known = right_password(app, login, password).await?;
    let known = known.filter(|known| !known.disabled);
    let known = known.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "login_failed"))?;
    let_in(app, known.person, headers, from).await
}

/// Whose password that is; nobody's after as long as somebody's, and for a login that nobody has as
/// for one that somebody has.
///
/// # Errors
/// `login_locked` after several wrong ones.
async fn right_password(
    app: &App,
    login: &str,
    password: String,
) -> Result<Option<Credentials>, Problem> {
    let known = match app.store.attempt_login(login, app.settings.attempts).await? {
        Attempt::Open(known) => known,
        Attempt::Closed(rest) => {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "login_locked");
            return Err(problem.again_in(rest.as_secs() + 1));
        }
    };
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    if !app.passwords.is(password, hash).await {
        return Ok(None);
    }
    app.store.login_succeeded(login).await?;
    Ok(known)
}

/// Lets pass who brings his own password; his login.
///
/// # Errors
/// `password_wrong`, `login_locked`.
pub(super) async fn own_password(
    app: &App,
    person: PersonId,
    password: String,
) -> Result<String, Problem> {
    let wrong = || Problem::new(StatusCode::FORBIDDEN, "password_wrong");
    let login = app.store.account(person).await?.ok_or_else(wrong)?.login;
    let known = right_password(app, &login, password).await?.ok_or_else(wrong)?;
    if known.person == person { Ok(login) } else { Err(wrong()) }
}

/// Who did something to an account, and from where.
pub(super) fn doer(person: Option<PersonId>, from: ClientAddress) -> Doer {
    Doer { person, address: from.text() }
}

/// Begins a session, under a new secret: one that was there before is worth nothing for it.
#[expect(clippy::disallowed_methods, reason = "the edge: a session has an identifier")]
pub(crate) async fn begin(
    app: &App,
    person: PersonId,
    headers: &HeaderMap,
    from: ClientAddress,
) -> Result<InSession, Problem> {
    let secret = Secret::new().map_err(|error| no_randomness(&error))?;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let id = Uuid::now_v7();
    let session = NewSession {
        id,
        secret_hash: secret.hash(),
        person,
        lasts: app.settings.session_longest,
        agent: agent.map(str::to_owned),
        address: from.text(),
    };
    app.store.begin_session(session).await?;
    let cookie = session_cookie(app, &secret.reveal(), app.settings.session_longest);
    Ok(InSession { caller: Principal { person, via: Via::Session(id), viewer: None }, cookie })
}

/// Somebody whose session has just begun.
#[derive(Clone, Debug)]
pub(crate) struct InSession {
    caller: Principal,
    /// What his browser is to keep, as the value of `Set-Cookie`.
    pub(crate) cookie: String,
}

impl InSession {
    /// The answer of the API.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn answer(self, app: &App) -> Result<Response, Problem> {
        let me = me(app, &self.caller).await?;
        Ok(([(header::SET_COOKIE, self.cookie)], Json(me)).into_response())
    }
}

async fn me(app: &App, caller: &Principal) -> Result<Me, Problem> {
    let person = app.store.person(caller.person).await?.ok_or_else(Problem::unauthenticated)?;
    let by = match caller.via {
        Via::Session(_) => "session",
        Via::Token(..) => "token",
    };
    let roles = person.grants.into_iter().map(RoleAt::from).collect();
    Ok(Me { person: person.id.0, name: person.name, roles, by: by.to_owned() })
}

impl From<parvaneh_core::Grant> for RoleAt {
    fn from(grant: parvaneh_core::Grant) -> Self {
        Self { role: grant.role.to_string(), unit: grant.unit.to_string() }
    }
}

/// Who I am
#[utoipa::path(
    get, path = "/session", tag = "session",
    responses((status = 200, body = Me))
)]
async fn who_am_i(State(app): State<App>, caller: Principal) -> Result<Json<Me>, Problem> {
    Ok(Json(me(&app, &caller).await?))
}

/// Log out
#[utoipa::path(
    delete, path = "/session", tag = "session",
    security(("session" = [])),
    responses(
        (status = 204, description = "Logged out"),
    )
)]
async fn log_out(State(app): State<App>, caller: Principal) -> Result<Response, Problem> {
    let cookie = leave(&app, &caller).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Ends the session by which somebody asks; by what his browser forgets it, as the value of
/// `Set-Cookie`.
///
/// # Errors
/// The store's.
pub(crate) async fn leave(app: &App, caller: &Principal) -> Result<String, Problem> {
    if let Via::Session(id) = caller.via {
        app.store.end_sessions(caller.person, Some(id)).await?;
    }
    Ok(session_cookie(app, "", Duration::ZERO))
}

/// A session of a browser.
#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    /// Its identifier.
    id: Uuid,
    /// Whether it is the one by which this is asked.
    current: bool,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
    /// What the browser said of itself.
    agent: Option<String>,
    /// From where it came.
    address: Option<String>,
}

/// Sessions of a person.
#[derive(Debug, Serialize, ToSchema)]
struct Sessions {
    /// The latest first.
    items: Vec<SessionView>,
}

/// My sessions
#[utoipa::path(
    get, path = "/sessions", tag = "session",
    responses((status = 200, body = Sessions))
)]
async fn sessions(State(app): State<App>, caller: Principal) -> Result<Json<Sessions>, Problem> {
    let rows = app.store.sessions_of(caller.person, app.settings.session_idle).await?;
    let view = |row: SessionRow| SessionView {
        current: caller.via == Via::Session(row.id),
        id: row.id,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
        agent: row.agent,
        address: row.address,
    };
    Ok(Json(Sessions { items: rows.into_iter().map(view).collect() }))
}

/// End all my sessions
#[utoipa::path(
    delete, path = "/sessions", tag = "session",
    responses(
        (status = 204, description = "Ended, this one as well"),
    )
)]
async fn end_sessions(State(app): State<App>, caller: Principal) -> Result<StatusCode, Problem> {
    app.store.end_sessions(caller.person, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of my sessions
#[utoipa::path(
    delete, path = "/sessions/{id}", tag = "session",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "Ended"),
    )
)]
async fn end_session(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    match app.store.end_sessions(caller.person, Some(id)).await? {
        0 => Err(Problem::not_found()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}
