//! The pages: what people see in a browser. One file for each, with its template under
//! `templates/`. How to add one: `docs/SCREENS.md`.
//!
//! **Invariant.** A page asks and changes by what the API asks and changes by (`api`, `change`,
//! `policy`, the store's read models); it has no rules of its own. Every page stands in
//! [`addresses`], which a test holds against what each person may open.

mod account;
mod admin;
mod apply;
mod assets;
mod audit;
mod case;
mod cases;
mod dashboard;
mod days;
mod drawing;
mod enter;
mod exports;
mod form;
mod frame;
mod home;
mod inquiries;
mod licences;
mod linked;
mod look;
mod own;
mod preferences;
mod problem;
mod routes;
mod sandbox;
mod sheet;
mod sittings;
mod times;
mod top;
mod visit;
mod worklist;

use askama::Template;
use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

pub(crate) use self::{
    apply::TAKES_CONTENTS as DRAFTS_TAKE_CONTENTS,
    case::TAKES_CONTENTS,
    licences::licence_pdf,
    look::Look,
    problem::{asks_for_pages, told},
};
pub use self::{
    case::{Papers, Typesetter},
    licences::LicenceTypesetter,
};
use self::{frame::Frame, routes::Pages};
use crate::{App, problem::Problem};

/// What a page may load and do: only what comes from here, and no script or style that stands in it.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; \
    manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn all() -> Pages {
    Pages::default()
        .merge(home::pages())
        .merge(account::pages())
        .merge(admin::pages())
        .merge(apply::pages())
        .merge(audit::pages())
        .merge(case::pages())
        .merge(cases::pages())
        .merge(dashboard::pages())
        .merge(enter::pages())
        .merge(exports::pages())
        .merge(inquiries::pages())
        .merge(licences::pages())
        .merge(own::pages())
        .merge(days::pages())
        .merge(linked::pages())
        .merge(preferences::pages())
        .merge(sandbox::pages())
        .merge(sittings::pages())
        .merge(worklist::pages())
}

/// Every page by its method and address, `get /login`, in the order in which they are declared.
pub fn addresses() -> Vec<String> {
    all().addresses().map(str::to_owned).collect()
}

pub(crate) fn router() -> Router<App> {
    all().router().merge(assets::router())
}

/// A page as an answer.
///
/// # Errors
/// `internal`, where a template cannot be written.
fn page(look: &Look, template: &impl Template) -> Result<Response, Problem> {
    shown(StatusCode::OK, look, template)
}

/// The same with another status: where what was sent has faults.
fn shown(status: StatusCode, look: &Look, template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    })?;
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, look.words.tag()),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        // Without it a browser names no origin with a form, and the form would be refused.
        (header::REFERRER_POLICY, "same-origin"),
        (header::VARY, "accept, accept-language, cookie"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((status, headers, html).into_response())
}

/// Go there next, by `GET`.
fn see(address: &str) -> Response {
    let there = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, there)]).into_response()
}

/// The same, with what the browser is to keep.
fn see_keeping(address: &str, cookies: &[&str]) -> Response {
    let mut response = see(address);
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}
