//! What surrounds every request: its identifier, its limits, its headers, and the language in which
//! problems are told.

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    App,
    api::TAKE_CONTENTS,
    auth::{ClientAddress, Margin},
    compression::{Compressible, Worthwhile},
    documents::{declared_length, too_long},
    language::Language,
    limits::Class,
    looks,
    observe::Observed,
    pages::{self, Look, asks_for_pages},
    problem::Problem,
};

/// The header with the name of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// With every answer: each can hold something personal, and none is a page or belongs into one of
/// another site (OWASP, REST Security Cheat Sheet and HTTP Headers Cheat Sheet).
static HEADERS: [(HeaderName, &str); 9] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), usb=()",
    ),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
];

pub(crate) fn around(router: Router<App>, app: &App) -> Router<App> {
    router
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        })
        .layer(from_fn_with_state(app.clone(), looks::watch))
        .layer(DefaultBodyLimit::max(app.settings.longest_body))
        .layer(from_fn_with_state(app.clone(), no_longer))
        .layer(CatchPanicLayer::custom(|_panic: Box<dyn std::any::Any + Send>| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").into_response()
        }))
        .layer(from_fn_with_state(app.clone(), answer))
        .layer(CompressionLayer::new().compress_when(Worthwhile))
}

/// Whether the body of a request is a document: of those, the handler itself sees how long they are.
fn takes_content(request: &Request) -> bool {
    request.method() == Method::POST && TAKE_CONTENTS.contains(&route(request).as_str())
}

/// Refuses at once what says that it is too long. What does not say so is refused where it is read.
async fn no_longer(State(app): State<App>, request: Request, next: Next) -> Response {
    let longest = app.settings.longest_body as u64;
    let length = declared_length(request.headers()).unwrap_or_default();
    if length > longest && !takes_content(&request) {
        return too_long(longest).into_response();
    }
    next.run(request).await
}

/// Names the request, gives it its time, tells its problem in its language, and logs how it ended.
async fn answer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let id = named(&request);
    let language = Language::asked(request.headers());
    let look =
        asks_for_pages(request.headers()).then(|| Look::of(request.uri(), request.headers()));
    let (method, path) = (request.method().clone(), route(&request));
    let from = ClientAddress::of(&request, &app.settings.trusted_proxies);
    let (class, margin) = (Class::of(&method, request.uri().path()), Margin::default());
    request.extensions_mut().insert(from);
    request.extensions_mut().insert(margin.clone());
    let mut allowed = Ok(());
    if let Some(class) = class {
        request.extensions_mut().insert(class);
        allowed = app.limiter.address(from.0, class, &margin);
    }
    let patience = match takes_content(&request) {
        true => app.settings.documents.patience,
        false => app.settings.patience,
    };
    let compressible = Compressible::asked_for_by(request.headers());
    let observed = Observed::begin(&request, path.clone(), &id);
    let mut response = match allowed {
        Ok(()) => {
            let answering = next.run(request).instrument(observed.span.clone());
            let answered = tokio::time::timeout(patience, answering).await;
            answered.unwrap_or_else(|_| {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout").again_in(2).into_response()
            })
        }
        Err(problem) => problem.into_response(),
    };
    let told = response.extensions_mut().remove::<Problem>().or_else(|| bare(&response));
    if let Some(problem) = told {
        let told = match &look {
            Some(look) => pages::told(problem, look, &id),
            None => problem.told(language, Some(&id)),
        };
        let kept = std::mem::take(response.headers_mut());
        response = told;
        for (name, value) in &kept {
            if [header::SET_COOKIE, header::ALLOW, header::CONTENT_RANGE].contains(name) {
                response.headers_mut().append(name, value.clone());
            }
        }
    }
    if let Some(compressible) = compressible {
        response.extensions_mut().insert(compressible);
    }
    let headers = response.headers_mut();
    for (name, value) in margin.take() {
        headers.append(name, value);
    }
    for (name, value) in &HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    if app.settings.is_secure() {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    let took = started.elapsed().min(Duration::from_secs(3600)).as_millis() as u64;
    let status = response.status().as_u16();
    tracing::info!(request.id = %id, %method, path, status, took_ms = took, "answered");
    observed.end(response.status());
    response
}

/// The name that a proxy gave the request, if it is one, or a new one.
#[expect(clippy::disallowed_methods, reason = "the edge: a request has a name")]
fn named(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_name = |name: &&str| {
        (8..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    given.filter(is_name).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The address as the router knows it, without what stands in its place: identifiers belong to
/// persons.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<axum::extract::MatchedPath>();
    matched.map_or("-", |path| path.as_str()).to_owned()
}

/// An error that a layer below answered in its own way.
fn bare(response: &Response) -> Option<Problem> {
    let status = response.status();
    let told = response.headers().get(header::CONTENT_TYPE);
    let ours = |kind: &HeaderValue| {
        let kind = kind.as_bytes();
        kind.starts_with(b"application/") || kind.starts_with(b"text/html")
    };
    let is_ours = told.is_some_and(ours);
    match status {
        _ if is_ours || !(status.is_client_error() || status.is_server_error()) => None,
        StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::new(status, "body_too_long")),
        StatusCode::METHOD_NOT_ALLOWED => Some(Problem::new(status, "method_not_allowed")),
        StatusCode::NOT_FOUND => Some(Problem::not_found()),
        _ if status.is_server_error() => Some(Problem::new(status, "internal")),
        _ => Some(Problem::new(status, "body_unreadable")),
    }
}
