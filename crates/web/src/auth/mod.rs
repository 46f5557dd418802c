//! Who asks: a browser with a session, or a machine with a token.

mod address;
mod margin;
mod oidc;
mod password;
mod recovery_code;
mod secret;
pub(crate) mod totp;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use parvaneh_core::PersonId;
use parvaneh_store::{Credential, Scope, Viewer};
use uuid::Uuid;

pub(crate) use self::oidc::{Begun, Failed, LASTS as LOGIN_LASTS, is_local};
pub(crate) use self::{address::ClientAddress, margin::Margin, recovery_code::RecoveryCode};
pub use self::{
    oidc::{Oidc, OidcSettings, OidcUnusable},
    password::{Passwords, Weak},
    secret::Secret,
};
use crate::{App, limits::Class, looks::Looker, problem::Problem};

/// By what somebody came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A session of a browser.
    Session(Uuid),
    /// A token of a machine, and what it may be used for.
    Token(Uuid, Vec<Scope>),
}

/// Somebody who has come in.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The person.
    pub person: PersonId,
    /// By what.
    pub via: Via,
    /// What he saw when he came in, where he asks to be shown something.
    pub(crate) viewer: Option<Arc<Viewer>>,
}

impl Principal {
    /// Whether what he came by may be used for that.
    ///
    /// # Errors
    /// `scope_missing`.
    pub fn needs(&self, scope: Scope) -> Result<(), Problem> {
        match &self.via {
            Via::Token(_, scopes) if !scopes.contains(&scope) => {
                let problem = Problem::new(StatusCode::FORBIDDEN, "scope_missing");
                Err(problem.because(format!("the token lacks the scope '{}'", scope.as_str())))
            }
            _ => Ok(()),
        }
    }
}

/// What somebody shows who wants to come in.
#[derive(Clone, Debug)]
enum Shown {
    Token(Secret),
    Session(Secret),
}

impl Shown {
    /// What a request shows.
    ///
    /// # Errors
    /// `unauthenticated`, where that is nothing; `cross_site`.
    fn by(app: &App, parts: &Parts) -> Result<Self, Problem> {
        if let Some(token) = bearer(&parts.headers) {
            return Ok(Self::Token(token));
        }
        let secret = session_secret(app, &parts.headers).ok_or_else(Problem::unauthenticated)?;
        if !parts.method.is_safe() {
            same_site(app, &parts.headers)?;
        }
        Ok(Self::Session(secret))
    }

    /// Who it is: looked up now, with what he sees where he `sees` something.
    ///
    /// # Errors
    /// `unauthenticated`; the store's.
    async fn enter(&self, app: &App, sees: bool, margin: &Margin) -> Result<Principal, Problem> {
        let (person, via, viewer) = match self {
            Self::Token(token) => {
                let found = app.store.token(&token.hash(), sees).await?;
                let (found, viewer) = found.ok_or_else(Problem::unauthenticated)?;
                (found.person, Via::Token(found.id, found.scopes), viewer)
            }
            Self::Session(secret) => {
                let idle = app.settings.session_idle;
                let found = app.store.session(&secret.hash(), idle, sees).await?;
                let (found, viewer) = found.ok_or_else(Problem::unauthenticated)?;
                if found.is_raised {
                    renew(app, secret, GRACE, margin).await?;
                }
                (found.person, Via::Session(found.id), viewer)
            }
        };
        Ok(Principal { person, via, viewer: viewer.map(Arc::new) })
    }

    /// Who came in by it lately, and by what the write path looks at it again.
    fn lately(&self, app: &App) -> Option<(Principal, Credential)> {
        let (person, via, credential) = match self {
            Self::Token(token) => {
                let hash = token.hash();
                let found = app.store.lately_by_token(&hash)?;
                (found.person, Via::Token(found.id, found.scopes), Credential::token(hash))
            }
            Self::Session(secret) => {
                let (hash, idle) = (secret.hash(), app.settings.session_idle);
                let found = app.store.lately_by_session(&hash, idle)?;
                (found.person, Via::Session(found.id), Credential::session(hash, idle))
            }
        };
        Some((Principal { person, via, viewer: None }, credential))
    }
}

/// Lets pass who has not asked too much, and whose token allows what he asks.
fn admit(app: &App, parts: &Parts, margin: &Margin, principal: &Principal) -> Result<(), Problem> {
    if let Some(class) = parts.extensions.get::<Class>() {
        app.limiter.person(principal.person, *class, margin)?;
    }
    principal.needs(if parts.method.is_safe() { Scope::Read } else { Scope::Write })
}

fn margin(parts: &Parts) -> Margin {
    parts.extensions.get::<Margin>().cloned().unwrap_or_default()
}

impl FromRequestParts<App> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (shown, margin) = (Shown::by(app, parts)?, margin(parts));
        let principal = shown.enter(app, parts.method.is_safe(), &margin).await?;
        admit(app, parts, &margin, &principal)?;
        if let (Some(looker), Some(viewer)) = (parts.extensions.get::<Looker>(), &principal.viewer)
        {
            looker.is(principal.person, viewer.now);
        }
        Ok(principal)
    }
}

/// Somebody who changes a case, and was let in lately: that what he came by is in force still is looked at
/// by the write path, in the statement that reads the case. It spares his change a round trip.
///
/// **Invariant.** He is let do nothing but by [`crate::change::change`], which hands on by what he came.
#[derive(Clone, Debug)]
pub(crate) struct Comer {
    person: PersonId,
    /// By what; none, where it has been looked up for this request.
    credential: Option<Credential>,
    shown: Shown,
    margin: Margin,
}

impl Comer {
    /// Who he is, or was lately; and by what that is to be looked at again.
    pub(crate) fn claims(&self) -> (PersonId, Option<Credential>) {
        (self.person, self.credential.clone())
    }

    /// Looks up now who he is.
    ///
    /// # Errors
    /// `unauthenticated`; the store's.
    pub(crate) async fn again(self, app: &App) -> Result<Self, Problem> {
        let person = self.shown.enter(app, false, &self.margin).await?.person;
        Ok(Self { person, credential: None, ..self })
    }
}

impl FromRequestParts<App> for Comer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (shown, margin) = (Shown::by(app, parts)?, margin(parts));
        let (principal, credential) = match shown.lately(app) {
            Some((principal, credential)) => (principal, Some(credential)),
            None => (shown.enter(app, false, &margin).await?, None),
        };
        admit(app, parts, &margin, &principal)?;
        Ok(Self { person: principal.person, credential, shown, margin })
    }
}

/// A browser asks several things at once: for so long its former secret is good beside the new one.
const GRACE: Duration = Duration::from_secs(10);

/// Gives a session another secret, which its browser is told beside the answer.
///
/// # Errors
/// The store's.
pub(crate) async fn renew(
    app: &App,
    secret: &Secret,
    grace: Duration,
    margin: &Margin,
) -> Result<(), Problem> {
    let other = Secret::new().map_err(|error| no_randomness(&error))?;
    if app.store.renew_session(secret.hash(), other.hash(), grace).await? {
        let cookie = session_cookie(app, &other.reveal(), app.settings.session_longest);
        margin.note(header::SET_COOKIE, &cookie);
    }
    Ok(())
}

pub(crate) fn no_randomness(error: &getrandom::Error) -> Problem {
    tracing::error!(%error, "the system has no randomness");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
}

/// A cookie that only our own pages send, and no script reads.
pub(crate) fn cookie(app: &App, name: &str, value: &str, lasts: Duration) -> String {
    let secure = if app.settings.is_secure() { "; Secure" } else { "" };
    let seconds = lasts.as_secs();
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// The cookie of a session.
pub(crate) fn session_cookie(app: &App, value: &str, lasts: Duration) -> String {
    cookie(app, cookie_name(app), value, lasts)
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::read(token.trim()))?
}

/// Under which name a browser keeps its session. With the prefix, it takes it only over TLS, for
/// this host alone.
pub(crate) fn cookie_name(app: &App) -> &'static str {
    if app.settings.is_secure() { "__Host-parvaneh" } else { "parvaneh" }
}

/// The secret of a session that a browser sends.
pub(crate) fn session_secret(app: &App, headers: &HeaderMap) -> Option<Secret> {
    secret_in_cookie(headers, cookie_name(app))
}

/// The secret in the cookie of that name.
pub(crate) fn secret_in_cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    cookie_named(name, headers).and_then(Secret::read)
}

/// What the cookie of that name holds.
pub(crate) fn cookie_named<'a>(name: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

/// A browser sends its cookie with whatever a page makes it send: a change must come from our own
/// pages. Every browser says so, by `Sec-Fetch-Site` or by `Origin`; what says neither is none.
pub(crate) fn same_site(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let same = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => origin == app.settings.public_url,
        (None, None) => false,
    };
    if same {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_site").because(
        "a change by cookie needs the header Sec-Fetch-Site or Origin of our own site; programs \
         use a token",
    ))
}
