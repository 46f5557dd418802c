//! What a request brings: its body, its parameters, each checked as a whole before anything happens.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError};
use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    App, api,
    problem::{Fault, Problem},
};

/// The most faults that are told at once.
const MOST_FAULTS: usize = 100;

/// A body of JSON that the schema of `T` in the served description allows. Every fault is told, each
/// with a pointer to its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: ToSchema + DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type");
            return Err(problem.because("send application/json"));
        }
        let bytes = whole(request, app.settings.longest_body).await?;
        read(&bytes).map(Self)
    }
}

/// The whole body, in one piece of memory: pieces as they come each keep the buffer alive in which
/// they came, so that a sender of single bytes could make us hold thousands of times what he sends.
async fn whole(request: Request, most: usize) -> Result<Vec<u8>, Problem> {
    let too_long = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_long");
    let mut body = request.into_body();
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let is_limit = error.into_inner().is::<LengthLimitError>();
            let unreadable = || Problem::new(StatusCode::BAD_REQUEST, "body_unreadable");
            if is_limit { too_long() } else { unreadable() }
        })?;
        let piece = frame.data_ref().map_or(&[][..], |piece| piece);
        if whole.len() + piece.len() > most {
            return Err(too_long());
        }
        whole.extend_from_slice(piece);
    }
    Ok(whole)
}

fn read<T: ToSchema + DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let unreadable =
        |why: String| Problem::new(StatusCode::BAD_REQUEST, "body_unreadable").because(why);
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    checked(value)
}

/// What a form of a page has brought, as the body of the operation that does the same.
///
/// # Errors
/// `body_invalid` with every fault, each with a pointer to its place.
pub(crate) fn checked<T: ToSchema + DeserializeOwned>(value: Value) -> Result<T, Problem> {
    let faults = faults(&T::name(), &value);
    if !faults.is_empty() {
        return Err(Problem::faulty(faults));
    }
    // What a schema cannot say: an identifier that is none, a date that is not.
    serde_json::from_value(value)
        .map_err(|error| Problem::faulty(vec![Fault::new("", "invalid", error.to_string())]))
}

/// Everything in which a value differs from the schema of that name.
fn faults(name: &str, value: &Value) -> Vec<Fault> {
    let Some(validator) = validator(name) else {
        return vec![Fault::new("", "internal", "the schema of this body is missing")];
    };
    validator
        .iter_errors(value)
        .take(MOST_FAULTS)
        .map(|error| {
            let code = error.kind().keyword().to_owned();
            Fault::new(error.instance_path().to_string(), &code, error.to_string())
        })
        .collect()
}

/// The validator of that schema of the served description, made when it is first asked for.
fn validator(name: &str) -> Option<Arc<Validator>> {
    static MADE: RwLock<BTreeMap<String, Arc<Validator>>> = RwLock::new(BTreeMap::new());
    static SCHEMAS: OnceLock<Value> = OnceLock::new();
    if let Some(made) = MADE.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return Some(made.clone());
    }
    let schemas = SCHEMAS.get_or_init(|| {
        let document = serde_json::to_value(api::document()).unwrap_or_default();
        document["components"]["schemas"].clone()
    });
    schemas.get(name)?;
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "components": { "schemas": schemas },
    });
    match jsonschema::options().should_validate_formats(true).build(&schema) {
        Ok(validator) => {
            let made = Arc::new(validator);
            let mut all = MADE.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(name.to_owned(), made.clone());
            Some(made)
        }
        Err(error) => {
            tracing::error!(schema = name, %error, "a schema that is none");
            None
        }
    }
}

/// The parameters after the `?`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, app).await;
        read.map(|axum::extract::Query(query)| Self(query)).map_err(|rejected| {
            Problem::new(StatusCode::BAD_REQUEST, "parameter_invalid").because(rejected.body_text())
        })
    }
}

/// The parts of the address. What cannot be an identifier names nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        read.map(|axum::extract::Path(path)| Self(path)).map_err(|_| Problem::not_found())
    }
}
