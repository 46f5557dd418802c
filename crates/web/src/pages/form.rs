//! Forms as browsers send them.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use serde::de::DeserializeOwned;

use crate::{App, auth, problem::Problem};

/// What a form of our own pages has sent. A name may come more than once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        // Also of who has not come in: nobody is logged in by a page that he happens to visit.
        auth::same_site(app, request.headers())?;
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"));
        }
        let most = app.settings.longest_body;
        let bytes = to_bytes(request.into_body(), most).await;
        let bytes =
            bytes.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"))?;
        serde_html_form::from_bytes(&bytes).map(Self).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "body_unreadable").because(error.to_string())
        })
    }
}
