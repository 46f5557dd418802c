//! The second factor: setting one up, coming in by it, and losing it.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use parvaneh_core::PersonId;
use parvaneh_store::{AccountEvent, Attempt, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    accounts::looked_after,
    session::{InSession, Me, begin, doer, own_password},
};
use crate::{
    App,
    auth::{
        self, ClientAddress, Margin, Principal, RecoveryCode, Secret, Via, no_randomness, totp,
    },
    body::{Body, Path},
    problem::Problem,
};

/// How long somebody may take between his password and his code.
const HALF: Duration = Duration::from_secs(5 * 60);
/// How long somebody may take to confirm a secret that he was shown.
const PENDING: Duration = Duration::from_secs(15 * 60);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(second_step))
        .routes(routes!(second_factor, begin_second_factor, confirm_second_factor, remove))
        .routes(routes!(renew_codes))
        .routes(routes!(reset))
}

/// What is still missing after the password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "second_factor": "totp", "expires_in": 300 }))]
pub(super) struct SecondStep {
    /// By what: `totp`.
    second_factor: String,
    /// For how many seconds the code is waited for.
    expires_in: u64,
}

/// Lets in whoever has shown who he is: at once, or, where he has a second factor, as far as that.
///
/// # Errors
/// The store's.
pub(crate) async fn let_in(
    app: &App,
    person: PersonId,
    headers: &HeaderMap,
    from: ClientAddress,
) -> Result<LetIn, Problem> {
    if app.store.second_factor(person).await?.is_none() {
        return begin(app, person, headers, from).await.map(LetIn::Session);
    }
    let secret = Secret::new().map_err(|error| no_randomness(&error))?;
    app.store.begin_half_session(secret.hash(), person, HALF).await?;
    Ok(LetIn::Half { cookie: half_cookie(app, &secret.reveal(), HALF) })
}

/// How far somebody is let in who has shown who he is.
#[derive(Clone, Debug)]
pub(crate) enum LetIn {
    /// He is in.
    Session(InSession),
    /// The second step is missing.
    Half {
        /// What his browser is to keep until then, as the value of `Set-Cookie`.
        cookie: String,
    },
}

impl LetIn {
    /// The answer of the API.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn answer(self, app: &App) -> Result<Response, Problem> {
        let cookie = match self {
            Self::Session(session) => return session.answer(app).await,
            Self::Half { cookie } => cookie,
        };
        let step = SecondStep { second_factor: "totp".to_owned(), expires_in: HALF.as_secs() };
        Ok((StatusCode::ACCEPTED, [(header::SET_COOKIE, cookie)], Json(step)).into_response())
    }
}

fn half_cookie_name(app: &App) -> &'static str {
    if app.settings.is_secure() { "__Host-parvaneh-step" } else { "parvaneh-step" }
}

fn half_cookie(app: &App, value: &str, lasts: Duration) -> String {
    auth::cookie(app, half_cookie_name(app), value, lasts)
}

/// The second step of logging in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082" }))]
struct OneTimeCode {
    /// The six digits that the app shows (Persian ones as well), or a recovery code.
    #[schema(min_length = 6, max_length = 100)]
    code: String,
}

/// Log in: the second step
///
/// With the cookie that the first step has set, within five minutes.
#[utoipa::path(
    post, path = "/session/second-factor", tag = "session",
    security(()),
    request_body = OneTimeCode,
    responses(
        (status = 200, description = "Logged in; the cookie is set", body = Me),
        (status = 401, description = "`second_step_over`, `code_wrong`"),
        (status = 429, description = "`code_locked`: after several wrong codes"),
    )
)]
async fn second_step(
    State(app): State<App>,
    headers: HeaderMap,
    from: ClientAddress,
    Body(asked): Body<OneTimeCode>,
) -> Result<Response, Problem> {
    if headers.contains_key("origin") || headers.contains_key("sec-fetch-site") {
        auth::same_site(&app, &headers)?;
    }
    let (session, gone) = enter_by_code(&app, &asked.code, &headers, from).await?;
    let mut response = session.answer(&app).await?;
    if let Ok(value) = header::HeaderValue::from_str(&gone) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Lets in whoever brings the code of the second step: his session, and by what his browser forgets
/// the first step, as the value of `Set-Cookie`.
///
/// # Errors
/// `second_step_over`, `code_wrong`, `code_locked`.
pub(crate) async fn enter_by_code(
    app: &App,
    code: &str,
    headers: &HeaderMap,
    from: ClientAddress,
) -> Result<(InSession, String), Problem> {
    let over = || Problem::new(StatusCode::UNAUTHORIZED, "second_step_over");
    let secret = auth::secret_in_cookie(headers, half_cookie_name(app)).ok_or_else(over)?;
    let person = app.store.half_session(&secret.hash()).await?.ok_or_else(over)?;
    check(app, person, code, from).await?;
    // Of two who bring the same half one comes through.
    if !app.store.end_half_session(&secret.hash()).await? {
        return Err(over());
    }
    let session = begin(app, person, headers, from).await?;
    Ok((session, half_cookie(app, "", Duration::ZERO)))
}

/// Lets pass whoever brings the code of now, or a recovery code that is left; each is good for once.
///
/// # Errors
/// `code_wrong`, `code_locked`; `not_found` for who has no second factor.
async fn check(
    app: &App,
    person: PersonId,
    typed: &str,
    from: ClientAddress,
) -> Result<(), Problem> {
    let attempt = app.store.attempt_second_factor(person, app.settings.attempts).await?;
    let secret = match attempt.ok_or_else(Problem::not_found)? {
        Attempt::Open(secret) => secret,
        Attempt::Closed(rest) => {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "code_locked");
            return Err(problem.again_in(rest.as_secs() + 1));
        }
    };
    let taken = match totp::read(typed) {
        Some(code) => match totp::matching(&secret, code, now()) {
            Some(step) => app.store.take_code(person, step).await?,
            None => false,
        },
        None => {
            let taken =
                app.store.take_recovery_code(person, RecoveryCode::read(typed).hash()).await?;
            if taken {
                let doer = doer(Some(person), from);
                app.store.note_account(person, AccountEvent::RecoveryCodeUsed, doer).await?;
            }
            taken
        }
    };
    if taken { Ok(()) } else { Err(Problem::new(StatusCode::UNAUTHORIZED, "code_wrong")) }
}

/// Gives the session of this request another secret: what it is worth has changed.
async fn renew(app: &App, headers: &HeaderMap, margin: &Margin) -> Result<(), Problem> {
    match auth::session_secret(app, headers) {
        Some(secret) => auth::renew(app, &secret, Duration::ZERO, margin).await,
        None => Ok(()),
    }
}

/// The second of now, since 1970.
#[expect(clippy::disallowed_methods, reason = "the edge: a code belongs to an instant")]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Whether I have a second factor.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactorView {
    /// Since when it is asked for; none where there is none.
    since: Option<DateTime<Utc>>,
    /// How many recovery codes are left.
    recovery_codes: u32,
}

/// My second factor
#[utoipa::path(
    get, path = "/second-factor", tag = "session",
    security(("session" = []), ("token" = [])),
    responses((status = 200, body = SecondFactorView))
)]
async fn second_factor(
    State(app): State<App>,
    caller: Principal,
) -> Result<Json<SecondFactorView>, Problem> {
    let found = app.store.second_factor(caller.person).await?;
    Ok(Json(SecondFactorView {
        since: found.as_ref().map(|found| found.since),
        recovery_codes: found.map_or(0, |found| found.recovery_codes),
    }))
}

/// Who begins to set up a second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "correct horse battery staple" }))]
struct OwnPassword {
    /// His password.
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
}

/// A secret for an app, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SharedSecret {
    /// What an app reads (the key URI format).
    #[schema(example = "otpauth://totp/licences.example:sara?secret=…")]
    pub(crate) uri: String,
    /// The secret in base32, for typing.
    pub(crate) secret: String,
    /// The picture of the address: rows from above, `1` for a dark square. It needs a light edge of
    /// four squares.
    pub(crate) qr: Vec<String>,
}

/// Only a session sets up what sessions are begun by.
pub(super) fn in_session(caller: &Principal) -> Result<(), Problem> {
    match caller.via {
        Via::Session(_) => Ok(()),
        _ => Err(Problem::forbidden("a token does not look after an account: log in")),
    }
}

/// Begin to set up a second factor
///
/// It is asked for only once it is confirmed by a code, within fifteen minutes.
#[utoipa::path(
    post, path = "/second-factor", tag = "session",
    security(("session" = [])),
    request_body = OwnPassword,
    responses(
        (status = 201, body = SharedSecret),
        (status = 403, description = "`forbidden`, `password_wrong`"),
        (status = 409, description = "`second_factor_set`: there is one"),
        (status = 429, description = "`login_locked`: after several wrong passwords"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn begin_second_factor(
    State(app): State<App>,
    caller: Principal,
    Body(asked): Body<OwnPassword>,
) -> Result<Response, Problem> {
    let shared = begin_own(&app, &caller, asked.password).await?;
    Ok((StatusCode::CREATED, Json(shared)).into_response())
}

/// Begins to set up one's own second factor: what an app reads, shown once.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn begin_own(
    app: &App,
    caller: &Principal,
    password: String,
) -> Result<SharedSecret, Problem> {
    in_session(caller)?;
    let login = own_password(app, caller.person, password).await?;
    let mut secret = [0; totp::SECRET];
    getrandom::fill(&mut secret).map_err(|error| no_randomness(&error))?;
    if !app.store.begin_second_factor(caller.person, &secret).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "second_factor_set"));
    }
    let url = &app.settings.public_url;
    let site = url.split_once("://").map_or(url.as_str(), |(_, site)| site);
    let uri = totp::uri(&secret, site, &login);
    let qr = picture(&uri)?;
    Ok(SharedSecret { secret: totp::base32(&secret), uri, qr })
}

fn picture(uri: &str) -> Result<Vec<String>, Problem> {
    let code = fast_qr::QRBuilder::new(uri).ecl(fast_qr::ECL::M).build().map_err(|error| {
        tracing::error!(%error, "drawing a picture of an address");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    })?;
    let row = |row: usize| {
        let squares = code[row][..code.size].iter();
        squares.map(|square| if square.value() { '1' } else { '0' }).collect()
    };
    Ok((0..code.size).map(row).collect())
}

/// Recovery codes, shown once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "recovery_codes": ["ABCD-EFGH-IJKL-MNOP"] }))]
struct RecoveryCodes {
    /// Each is good for once, in place of a code of the app.
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    fn of(codes: &[RecoveryCode]) -> Self {
        Self { recovery_codes: codes.iter().map(RecoveryCode::reveal).collect() }
    }
}

/// Confirm a second factor
///
/// From then on logging in asks for it. The session gets another secret.
#[utoipa::path(
    put, path = "/second-factor", tag = "session",
    security(("session" = [])),
    request_body = OneTimeCode,
    responses(
        (status = 200, body = RecoveryCodes),
        (status = 401, description = "`code_wrong`"),
        (status = 403, description = "`forbidden`"),
        (status = 409, description = "`second_factor_not_begun`: or too long ago"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn confirm_second_factor(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    from: ClientAddress,
    axum::Extension(margin): axum::Extension<Margin>,
    Body(asked): Body<OneTimeCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let codes = confirm_own(&app, &caller, &asked.code, &headers, from, &margin).await?;
    Ok(Json(RecoveryCodes::of(&codes)))
}

/// Confirms one's own second factor by its first code: the recovery codes, shown once.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn confirm_own(
    app: &App,
    caller: &Principal,
    code: &str,
    headers: &HeaderMap,
    from: ClientAddress,
    margin: &Margin,
) -> Result<Vec<RecoveryCode>, Problem> {
    in_session(caller)?;
    let not_begun = || Problem::new(StatusCode::CONFLICT, "second_factor_not_begun");
    let secret = app.store.pending_second_factor(caller.person, PENDING).await?;
    let secret = secret.ok_or_else(not_begun)?;
    let step = totp::read(code).and_then(|code| totp::matching(&secret, code, now()));
    let step = step.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "code_wrong"))?;
    let codes = RecoveryCode::set().map_err(|error| no_randomness(&error))?;
    let hashes = codes.iter().map(RecoveryCode::hash).collect();
    if !app.store.confirm_second_factor(caller.person, step, hashes).await? {
        return Err(not_begun());
    }
    let done = AccountEvent::SecondFactorSet;
    app.store.note_account(caller.person, done, doer(Some(caller.person), from)).await?;
    renew(app, headers, margin).await?;
    Ok(codes)
}

/// A password and a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "correct horse battery staple", "code": "287082" }))]
struct PasswordAndCode {
    /// His password.
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
    /// The six digits that the app shows, or a recovery code.
    #[schema(min_length = 6, max_length = 100)]
    code: String,
}

/// Lets pass who brings both.
async fn both(
    app: &App,
    caller: &Principal,
    (password, code): (String, &str),
    from: ClientAddress,
) -> Result<(), Problem> {
    in_session(caller)?;
    own_password(app, caller.person, password).await?;
    check(app, caller.person, code, from).await
}

/// Remove my second factor
#[utoipa::path(
    delete, path = "/second-factor", tag = "session",
    security(("session" = [])),
    request_body = PasswordAndCode,
    responses(
        (status = 204, description = "Removed, with its recovery codes"),
        (status = 401, description = "`code_wrong`"),
        (status = 403, description = "`forbidden`, `password_wrong`"),
        (status = 404, description = "`not_found`: there is none"),
        (status = 429, description = "`login_locked`, `code_locked`: after several wrong ones"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn remove(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    from: ClientAddress,
    axum::Extension(margin): axum::Extension<Margin>,
    Body(asked): Body<PasswordAndCode>,
) -> Result<StatusCode, Problem> {
    let proof = (asked.password, asked.code.as_str());
    remove_own(&app, &caller, proof, &headers, from, &margin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes one's own second factor, by password and code.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn remove_own(
    app: &App,
    caller: &Principal,
    proof: (String, &str),
    headers: &HeaderMap,
    from: ClientAddress,
    margin: &Margin,
) -> Result<(), Problem> {
    both(app, caller, proof, from).await?;
    app.store.remove_second_factor(caller.person).await?;
    let done = AccountEvent::SecondFactorRemoved;
    app.store.note_account(caller.person, done, doer(Some(caller.person), from)).await?;
    renew(app, headers, margin).await
}

/// Replace my recovery codes
#[utoipa::path(
    post, path = "/second-factor/recovery-codes", tag = "session",
    security(("session" = [])),
    request_body = PasswordAndCode,
    responses(
        (status = 200, description = "The former ones are worth nothing", body = RecoveryCodes),
        (status = 401, description = "`code_wrong`"),
        (status = 403, description = "`forbidden`, `password_wrong`"),
        (status = 404, description = "`not_found`: there is no second factor"),
        (status = 429, description = "`login_locked`, `code_locked`: after several wrong ones"),
        (status = 503, description = "`secret_key_missing`"),
    )
)]
async fn renew_codes(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Body(asked): Body<PasswordAndCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let codes = renew_own_codes(&app, &caller, (asked.password, &asked.code), from).await?;
    Ok(Json(RecoveryCodes::of(&codes)))
}

/// Replaces one's own recovery codes, by password and code: the new ones, shown once.
///
/// # Errors
/// As the operation of the API.
pub(crate) async fn renew_own_codes(
    app: &App,
    caller: &Principal,
    proof: (String, &str),
    from: ClientAddress,
) -> Result<Vec<RecoveryCode>, Problem> {
    both(app, caller, proof, from).await?;
    let codes = RecoveryCode::set().map_err(|error| no_randomness(&error))?;
    let hashes = codes.iter().map(RecoveryCode::hash).collect();
    app.store.replace_recovery_codes(caller.person, hashes).await?;
    let done = AccountEvent::RecoveryCodesRenewed;
    app.store.note_account(caller.person, done, doer(Some(caller.person), from)).await?;
    Ok(codes)
}

/// Remove somebody's second factor
///
/// For whoever has lost his device and his recovery codes. His sessions have ended; the account keeps
/// who did it.
#[utoipa::path(
    delete, path = "/people/{id}/second-factor", tag = "people",
    params(("id" = Uuid, Path, description = "The person")),
    security(("session" = []), ("token" = [])),
    responses(
        (status = 204, description = "Removed, or there was none"),
        (status = 404, description = "`not_found`: no such person, or one without an account"),
    )
)]
async fn reset(
    State(app): State<App>,
    caller: Principal,
    from: ClientAddress,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    reset_of(&app, &app.viewer(&caller).await?, from, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the second factor of somebody whom an administrator looks after.
///
/// # Errors
/// `not_found`.
pub(crate) async fn reset_of(
    app: &App,
    viewer: &Viewer,
    from: ClientAddress,
    id: Uuid,
) -> Result<(), Problem> {
    let person = looked_after(app, viewer, id).await?.id;
    app.store.account(person).await?.ok_or_else(Problem::not_found)?;
    if app.store.remove_second_factor(person).await? {
        app.store.end_sessions(person, None).await?;
        let doer = doer(Some(viewer.actor.person), from);
        app.store.note_account(person, AccountEvent::SecondFactorReset, doer).await?;
    }
    Ok(())
}
