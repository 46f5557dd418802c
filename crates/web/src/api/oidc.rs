//! Logging in by an identity provider: where a browser goes there, where it comes back, and where it logs out.

use std::time::{Duration, SystemTime};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parvaneh_store::{ByIdentity, Newcomer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::{
        self, Begun, ClientAddress, Failed, LOGIN_LASTS, Oidc, Secret, is_local, no_randomness,
        session_cookie,
    },
    body::Query,
    problem::Problem,
};

/// To where somebody returns who has not said.
const HOME: &str = "/api/v1/session";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(providers))
        .routes(routes!(begin))
        .routes(routes!(arrive))
        .routes(routes!(leave))
}

/// An identity provider by which people come in.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderView {
    /// What it is called, in Persian.
    #[schema(example = "ورود یکپارچه")]
    name_fa: String,
    /// What it is called, in English.
    #[schema(example = "Single sign-on")]
    name_en: String,
    /// Where a browser goes to log in by it.
    #[schema(example = "https://licences.example/api/v1/oidc/login")]
    login: String,
}

/// Identity providers.
#[derive(Debug, Serialize, ToSchema)]
struct Providers {
    /// None where people come in by password only.
    items: Vec<ProviderView>,
}

/// By which identity providers people come in
#[utoipa::path(get, path = "/oidc", tag = "session", security(()), responses((status = 200, body = Providers)))]
async fn providers(State(app): State<App>) -> Json<Providers> {
    let view = |oidc: &Oidc| ProviderView {
        name_fa: oidc.settings().name_fa.clone(),
        name_en: oidc.settings().name_en.clone(),
        login: format!("{}/api/v1/oidc/login", app.settings.public_url),
    };
    Json(Providers { items: app.settings.oidc.iter().map(view).collect() })
}

/// Where a browser goes after it has logged in.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Back {
    /// A path on this site, with its query, percent-encoded; without it, `/api/v1/session`.
    #[param(max_length = 500, example = "/api/v1/worklist")]
    to: Option<String>,
}

/// Go to the identity provider
///
/// For browsers: it leads to the provider's own pages, and from there back to `/oidc/callback`. What
/// belongs to the login stands in a cookie for ten minutes.
#[utoipa::path(
    get, path = "/oidc/login", tag = "session",
    security(()),
    params(Back),
    responses(
        (status = 303, description = "To the provider", headers(("location" = String, description = "The provider's address"))),
        (status = 400, description = "`parameter_invalid`: no path on this site"),
        (status = 404, description = "`not_found`: people come in by password only"),
        (status = 503, description = "`provider_unavailable`: it does not answer; a password goes on working"),
    )
)]
async fn begin(State(app): State<App>, Query(back): Query<Back>) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let to = back.to.unwrap_or_else(|| HOME.to_owned());
    if !is_local(&to) {
        return Err(Problem::parameter("to", "is no path on this site"));
    }
    let secret = Secret::new().map_err(|error| no_randomness(&error))?;
    let begun = Begun::new(&secret, to, now());
    let there = oidc.begin(&begun, &redirect(&app)).await.map_err(|failed| told(&failed))?;
    Ok(see_other(&there, [cookie(&app, begun.cookie(), LOGIN_LASTS)]))
}

/// With what a browser comes back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Came {
    /// To which login it belongs.
    #[param(max_length = 200)]
    state: Option<String>,
    /// For what the provider gives a token.
    #[param(max_length = 4000)]
    code: Option<String>,
    /// Why the provider refuses.
    #[param(max_length = 200)]
    error: Option<String>,
    /// Which provider it is (RFC 9207).
    #[param(max_length = 500)]
    iss: Option<String>,
}

/// Come back from the identity provider
///
/// A session begins for the person with whose account the identity is linked; nobody else is let in,
/// and no account is made.
#[utoipa::path(
    get, path = "/oidc/callback", tag = "session",
    security(()),
    params(Came),
    responses(
        (status = 303, description = "Logged in: the cookie is set", headers(("location" = String, description = "A path on this site"))),
        (status = 400, description = "`login_not_begun`, `parameter_invalid`"),
        (status = 403, description = "`login_refused`, `login_unproven`, `login_unknown`"),
        (status = 404, description = "`not_found`: people come in by password only"),
        (status = 503, description = "`provider_unavailable`: it does not answer; a password goes on working"),
    )
)]
async fn arrive(
    State(app): State<App>,
    from: ClientAddress,
    headers: HeaderMap,
    Query(came): Query<Came>,
) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let begun = auth::cookie_named(cookie_name(&app), &headers);
    let begun = begun.and_then(|cookie| Begun::read(cookie, now()));
    let begun = begun.filter(|begun| came.state.as_ref() == Some(&begun.state()));
    // Whoever has no part in a login of this browser does not end it either: the cookie stays.
    let begun = begun.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "login_not_begun"))?;
    // Once, whatever comes of it.
    let over = cookie(&app, "", Duration::ZERO);
    Ok(match let_in(&app, oidc, &begun, came, from, &headers).await {
        Ok(session) => see_other(&begun.to, [over, session]),
        Err(problem) => ([(header::SET_COOKIE, over)], problem).into_response(),
    })
}

/// Log out at the identity provider
///
/// For browsers, after `DELETE /session` has ended the session here: it leads to the provider's own page,
/// which ends the session there and leads back to the address of this site. Where the provider has no such
/// page it leads there at once.
#[utoipa::path(
    get, path = "/oidc/logout", tag = "session",
    security(()),
    responses(
        (status = 303, description = "To the provider, or back", headers(("location" = String, description = "The provider's address, or ours"))),
        (status = 404, description = "`not_found`: people come in by password only"),
        (status = 503, description = "`provider_unavailable`: it does not answer"),
    )
)]
async fn leave(State(app): State<App>) -> Result<Response, Problem> {
    let back = format!("{}/", app.settings.public_url);
    let there = provider(&app)?.logout(&back).await.map_err(|failed| told(&failed))?;
    Ok(see_other(&there.unwrap_or(back), []))
}

/// Begins the session of whoever has come back; its cookie.
#[expect(clippy::disallowed_methods, reason = "the edge: a session has an identifier")]
async fn let_in(
    app: &App,
    oidc: &Oidc,
    begun: &Begun,
    came: Came,
    from: ClientAddress,
    headers: &HeaderMap,
) -> Result<HeaderValue, Problem> {
    if came.iss.is_some_and(|issuer| issuer != oidc.settings().issuer) {
        return Err(told(&Failed::Unproven("another provider answered".to_owned())));
    }
    if let Some(error) = came.error {
        return Err(told(&match error.as_str() {
            "temporarily_unavailable" | "server_error" => Failed::Unavailable(error),
            _ => Failed::Refused(error),
        }));
    }
    let code = came.code.ok_or_else(|| Problem::parameter("code", "is missing"))?;
    let arrived = oidc.arrive(begun, code, &redirect(app)).await.map_err(|failed| told(&failed))?;
    let linked = app.store.is_linked(&oidc.settings().issuer, &arrived.subject).await?;
    let proved = oidc.proved(arrived, linked).await.map_err(|failed| told(&failed))?;
    let secret = Secret::new().map_err(|error| no_randomness(&error))?;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let newcomer = Newcomer {
        session: Uuid::now_v7(),
        secret_hash: secret.hash(),
        lasts: app.settings.session_longest,
        agent: agent.map(str::to_owned),
        address: from.text(),
    };
    match app.store.begin_session_by_identity(proved, newcomer).await? {
        ByIdentity::Begun(_) => {
            let cookie = session_cookie(app, &secret.reveal(), app.settings.session_longest);
            Ok(value(&cookie))
        }
        ByIdentity::Nobody => Err(Problem::new(StatusCode::FORBIDDEN, "login_unknown")),
        ByIdentity::Replayed => {
            Err(told(&Failed::Unproven("this login has begun a session before".to_owned())))
        }
    }
}

fn provider(app: &App) -> Result<&Oidc, Problem> {
    app.settings.oidc.as_ref().ok_or_else(Problem::not_found)
}

/// Where the provider sends browsers back: what is registered there.
fn redirect(app: &App) -> String {
    format!("{}/api/v1/oidc/callback", app.settings.public_url)
}

/// What went wrong, without anything that the provider said in its own words.
fn told(failed: &Failed) -> Problem {
    tracing::warn!(error = %failed, "a login by the identity provider came to nothing");
    let (status, code) = match failed {
        Failed::Unavailable(_) => {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable");
            return problem.again_in(5);
        }
        Failed::Refused(_) => (StatusCode::FORBIDDEN, "login_refused"),
        Failed::Unproven(_) => (StatusCode::FORBIDDEN, "login_unproven"),
    };
    let problem = Problem::new(status, code);
    match failed {
        // The codes of RFC 6749 are such words.
        Failed::Refused(said)
            if said.len() <= 40
                && said.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
        {
            problem.because(format!("the provider says '{said}'"))
        }
        _ => problem,
    }
}

fn cookie_name(app: &App) -> &'static str {
    if app.settings.is_secure() { "__Host-parvaneh-login" } else { "parvaneh-login" }
}

fn cookie(app: &App, holds: &str, lasts: Duration) -> HeaderValue {
    // `Lax`, because a browser comes back from another site.
    value(&auth::cookie(app, cookie_name(app), holds, lasts))
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// `GET` that address, whatever this was.
fn see_other<const N: usize>(address: &str, cookies: [HeaderValue; N]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(address));
    let cookies: [(HeaderName, HeaderValue); N] = cookies.map(|one| (header::SET_COOKIE, one));
    for (name, value) in cookies {
        headers.append(name, value);
    }
    response
}

/// The server's time, by which a login lasts, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the edge: a login ends by the server's clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |past| past.as_secs())
}
