//! The API under `/api/v1`: one file per resource.

pub(crate) mod absences;
mod account_events;
pub(crate) mod accounts;
pub(crate) mod bulk;
pub(crate) mod calendars;
pub(crate) mod cases;
mod changes;
mod clocks;
pub(crate) mod closures;
pub(crate) mod delegations;
mod described;
pub(crate) mod documents;
mod erasures;
mod events;
pub(crate) mod exports;
mod figures;
pub(crate) mod identities;
pub(crate) mod inquiries;
pub(crate) mod inquiry_links;
pub(crate) mod jobs;
pub(crate) mod licences;
pub(crate) mod migrations;
pub(crate) mod notice_preferences;
pub(crate) mod notices;
mod oidc;
pub(crate) mod operations;
pub(crate) mod password;
mod ranking;
mod reference;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod sittings;
pub(crate) mod tokens;
pub(crate) mod webhooks;
pub(crate) mod workflows;
mod worklist;

use axum::{Router, body::Bytes, http::header, routing::get};
use serde_json::json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

pub use self::accounts::password_link;
pub(crate) use self::cases::plain;
pub(crate) use self::documents::TAKE_CONTENTS;
pub use self::webhooks::Sender;
use crate::{App, problem::Problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parvaneh",
        description = "Licences decided on time, and the proof. Every change is one event or more \
            on the timeline of a case. What somebody may not see is answered like what is not \
            there.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    // What an operation does not say otherwise; one that anybody may call says `security(())`.
    security(("session" = []), ("token" = [])),
    modifiers(&Security),
    components(schemas(Problem)),
)]
struct Description;

/// By what callers come in.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of a machine, made under `/api/v1/tokens`."))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::with_description(
            "parvaneh",
            "A session of a browser (`__Host-parvaneh` over TLS); its changes need the header \
             Sec-Fetch-Site or Origin of the same site.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Every address, with its description.
pub(crate) fn router() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .merge(session::router())
        .merge(second_factor::router())
        .merge(password::router())
        .merge(account_events::router())
        .merge(oidc::router())
        .merge(identities::router())
        .merge(tokens::router())
        .merge(accounts::router())
        .merge(erasures::router())
        .merge(cases::router())
        .merge(changes::router())
        .merge(clocks::router())
        .merge(documents::router())
        .merge(worklist::router())
        .merge(events::router())
        .merge(exports::router())
        .merge(inquiries::router())
        .merge(inquiry_links::router())
        .merge(figures::router())
        .merge(bulk::router())
        .merge(sittings::router())
        .merge(calendars::router())
        .merge(closures::router())
        .merge(jobs::router())
        .merge(licences::router())
        .merge(workflows::router())
        .merge(migrations::router())
        .merge(ranking::router())
        .merge(operations::router())
        .merge(notices::router())
        .merge(notice_preferences::router())
        .merge(webhooks::router())
        .merge(delegations::router())
        .merge(absences::router())
        .merge(reference::router());
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", v1)
}

/// The OpenAPI 3.1 description of the API.
pub fn document() -> Document {
    let mut document = router().into_openapi();
    document.info.version = "1".to_owned();
    described::complete(&mut document);
    document
}

/// Where the description itself stands. It is written once: a handler is copied with every
/// connection, and so is all that it holds.
pub(crate) fn description() -> Router<App> {
    let written: Bytes = json!(document()).to_string().into();
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Router::new().route("/api/v1/openapi.json", get(async move || (kind, written.clone())))
}
