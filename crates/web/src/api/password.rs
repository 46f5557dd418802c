//! Passwords: setting one by a link, changing one's own, and recovering one by mail.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use parvaneh_core::PersonId;
use parvaneh_store::{AccountEvent, LinkPurpose};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    second_factor::{LetIn, SecondStep, in_session, let_in},
    session::{InSession, Me, begin, doer, own_password},
};
use crate::{
    App,
    auth::{self, ClientAddress, Passwords, Principal, Secret},
    body::Body,
    problem::{Fault, Problem},
};

/// What sets a password: an administrator's link, or one of a mail.
const LINKS: &[LinkPurpose] = &[LinkPurpose::SetPassword, LinkPurpose::RecoverPassword];

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set_password, change)).routes(routes!(recover))
}

/// A new password, by a link that works once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "link": "the text after /set-password/", "password": "correct horse battery staple" }))]
struct SetPassword {
    /// The secret of the link.
    #[schema(min_length = 1, max_length = 200)]
    link: String,
    /// The password: 12 characters or more, and none that somebody would try first.
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
}

/// Set a password by a link
#[utoipa::path(
    post, path = "/password", tag = "session",
    security(()),
    request_body = SetPassword,
    responses(
        (status = 200, description = "Set, and logged in; every other session has ended", body = Me),
        (status = 202, description = "Set; the second step is missing", body = SecondStep),
        (status = 410, description = "`link_spent`: it was used, or its time is over"),
        (status = 422, description = "`password_weak`"),
    )
)]
async fn set_password(
    State(app): State<App>,
    headers: HeaderMap,
    from: ClientAddress,
    Body(asked): Body<SetPassword>,
) -> Result<Response, Problem> {
    set_by_link(&app, &asked.link, asked.password, &headers, from).await?.answer(&app).await
}

/// Sets a password by a link, and lets in whoever has it.
///
/// # Errors
/// `link_spent`, `password_weak`.
pub(crate) async fn set_by_link(
    app: &App,
    link: &str,
    password: String,
    headers: &HeaderMap,
    from: ClientAddress,
) -> Result<LetIn, Problem> {
    let (secret, person) = holder(app, link).await?;
    let hash = good_enough(app, person, password).await?;
    // Of two who hold the link one comes through.
    app.store.use_link(&secret.hash(), LINKS).await?.ok_or_else(spent)?;
    // Who needs a link has lost his password, perhaps to somebody who made himself a token meanwhile.
    app.store.set_password(person, &hash, true).await?;
    app.store.note_account(person, AccountEvent::PasswordSet, doer(None, from)).await?;
    let_in(app, person, headers, from).await
}

/// Whose password a link sets.
///
/// # Errors
/// `link_spent`.
pub(crate) async fn holder(app: &App, link: &str) -> Result<(Secret, PersonId), Problem> {
    let secret = Secret::read(link).ok_or_else(spent)?;
    let person = app.store.link_holder(&secret.hash(), LINKS).await?.ok_or_else(spent)?;
    Ok((secret, person))
}

fn spent() -> Problem {
    Problem::new(StatusCode::GONE, "link_spent")
}

/// The hash of a password that is good enough for its person.
///
/// # Errors
/// `password_weak`.
async fn good_enough(app: &App, person: PersonId, password: String) -> Result<String, Problem> {
    let account = app.store.account(person).await?.ok_or_else(Problem::not_found)?;
    if let Err(weak) = Passwords::check(&password, &[&account.login, &account.name]) {
        let faults = vec![Fault::new("/password", "password_weak", weak.to_string())];
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "password_weak");
        return Err(problem.with_faults(faults));
    }
    app.passwords.hash(password).await.map_err(|error| {
        tracing::error!(error, "hashing a password");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    })
}

/// A new password, by who knows the former one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "current": "correct horse battery staple", "password": "a butterfly on a red rose", "revoke_tokens": true }))]
struct ChangePassword {
    /// The password as it is.
    #[schema(min_length = 1, max_length = 1000)]
    current: String,
    /// The new one: 12 characters or more, and none that somebody would try first.
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
    /// Whether the tokens by which machines act for me end too; without it they stay.
    #[serde(default)]
    revoke_tokens: bool,
}

/// Change my password
///
/// Only in a session. Every session ends, and this one goes on under another secret. With
/// `revoke_tokens` every token ends too: after a password that somebody else may have known.
#[utoipa::path(
    put, path = "/password", tag = "session",
    security(("session" = [])),
    request_body = ChangePassword,
    responses(
        (status = 200, description = "Changed; the cookie is set anew", body = Me),
        (status = 403, description = "`forbidden`, `password_wrong`"),
        (status = 422, description = "`password_weak`"),
        (status = 429, description = "`login_locked`: after several wrong passwords"),
    )
)]
async fn change(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    from: ClientAddress,
    Body(asked): Body<ChangePassword>,
) -> Result<Response, Problem> {
    let passwords = (asked.current, asked.password);
    let changed = change_own(&app, &caller, passwords, asked.revoke_tokens, &headers, from).await?;
    changed.answer(&app).await
}

/// Changes one's own password, of which the former and the new one are brought: the session that begins in
/// place of all others.
///
/// # Errors
/// `forbidden` outside a session; `password_wrong`, `login_locked`, `password_weak`.
pub(crate) async fn change_own(
    app: &App,
    caller: &Principal,
    (current, password): (String, String),
    revoke_tokens: bool,
    headers: &HeaderMap,
    from: ClientAddress,
) -> Result<InSession, Problem> {
    in_session(caller)?;
    own_password(app, caller.person, current).await?;
    let hash = good_enough(app, caller.person, password).await?;
    app.store.set_password(caller.person, &hash, revoke_tokens).await?;
    let doer = doer(Some(caller.person), from);
    app.store.note_account(caller.person, AccountEvent::PasswordChanged, doer).await?;
    begin(app, caller.person, headers, from).await
}

/// Who has forgotten his password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "login": "sara@example.org" }))]
struct Recover {
    /// The login, or the address of record.
    #[schema(min_length = 1, max_length = 254)]
    login: String,
}

/// Ask for a link to set a new password
///
/// Whoever has that login or address, logs in by a password and has an address of record gets a mail
/// with a link that works once, for half an hour. The answer is always the same.
#[utoipa::path(
    post, path = "/password/recovery", tag = "session",
    security(()),
    request_body = Recover,
    responses((status = 202, description = "If there is such a person, a mail is on its way"))
)]
async fn recover(
    State(app): State<App>,
    headers: HeaderMap,
    from: ClientAddress,
    Body(asked): Body<Recover>,
) -> Result<StatusCode, Problem> {
    if headers.contains_key("origin") || headers.contains_key("sec-fetch-site") {
        auth::same_site(&app, &headers)?;
    }
    ask_recovery(app, asked.login, from);
    Ok(StatusCode::ACCEPTED)
}

/// Has a link sent to whoever has that login or address. Nobody waits for it, so that nobody learns
/// from how long it takes.
pub(crate) fn ask_recovery(app: App, login: String, from: ClientAddress) {
    tokio::spawn(async move {
        let site = &app.settings.public_url;
        if let Err(error) = app.store.ask_recovery(login.trim(), site, from.text()).await {
            tracing::error!(error.code = error.code(), %error, "a recovery was not recorded");
        }
    });
}
