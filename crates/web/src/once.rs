//! Changes that concern no single case: a repeat under the same key gets the same answer.

use std::time::Duration;

use axum::{
    body::Body as Bytes,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use parvaneh_store::Begun;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::{App, auth::Principal, problem::Problem};

/// How long a repeat waits for the request that is under way, before it is sent away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Under which key a change is asked for.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct Key {
    /// A repeat under the same key gets the same answer and changes nothing more
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 200)]
    pub(crate) key: Option<String>,
}

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self::default()) };
        let key = value.to_str().unwrap_or_default();
        if !(1..=200).contains(&key.chars().count()) {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_invalid");
            return Err(problem.because("an idempotency key has 1 to 200 plain characters"));
        }
        Ok(Self { key: Some(key.to_owned()) })
    }
}

/// Does what `caller` asks, and answers it; or answers as before, when it was done under this key.
/// `what` names the operation with everything in its address, `asked` is its body. What has begun is
/// finished, also when the caller goes away.
///
/// # Errors
/// Those of `doing`; `idempotency_key_reused`, `request_under_way`.
pub(crate) async fn once<T: Serialize>(
    app: &App,
    caller: &Principal,
    key: Key,
    what: &str,
    asked: &impl Serialize,
    doing: impl Future<Output = Result<(StatusCode, T), Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    let doing = async move { doing.await.map(|(status, done)| (status, done, true)) };
    once_settled(app, caller, key, what, asked, doing).await
}

/// The same of what may not be settled yet: `doing` also says whether it is. What is not is done again
/// under the same key.
///
/// # Errors
/// As [`once`].
pub(crate) async fn once_settled<T: Serialize>(
    app: &App,
    caller: &Principal,
    key: Key,
    what: &str,
    asked: &impl Serialize,
    doing: impl Future<Output = Result<(StatusCode, T, bool), Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    let doing = async move {
        let (status, done, settled) = doing.await?;
        let body = serde_json::to_string(&done).map_err(|error| {
            tracing::error!(%error, "an answer that is no JSON");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
        })?;
        Ok::<_, Problem>((status, body, settled))
    };
    let Some(key) = key.key else {
        let (status, body, _) = finished(doing).await?;
        return Ok(answered(status, body));
    };
    let asked = serde_json::to_vec(asked).unwrap_or_default();
    let hash = Sha256::new().chain_update(what).chain_update([0]).chain_update(asked).finalize();
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        match app.store.begin_request(caller.person, &key, hash.into()).await? {
            Begun::Now => break,
            Begun::Before(status, body) => {
                return Ok(answered(StatusCode::from_u16(status).unwrap_or(StatusCode::OK), body));
            }
            Begun::OfAnother => {
                return Err(Problem::new(StatusCode::CONFLICT, "idempotency_key_reused"));
            }
            Begun::UnderWay if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Begun::UnderWay => {
                return Err(Problem::new(StatusCode::CONFLICT, "request_under_way").again_in(5));
            }
        }
    }
    let (store, person) = (app.store.clone(), caller.person);
    let (status, body, _) = finished(async move {
        let done = doing.await;
        let kept = done.as_ref().ok().filter(|(.., settled)| *settled);
        let kept = kept.map(|(status, body, _)| (status.as_u16(), body.clone()));
        store.end_request(person, &key, kept).await?;
        done
    })
    .await?;
    Ok(answered(status, body))
}

/// What has begun is finished, also when nobody waits for it any more.
async fn finished<T: Send + 'static>(
    doing: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(doing).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a change panicked");
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal"))
    })
}

fn answered(status: StatusCode, body: String) -> Response {
    if status == StatusCode::NO_CONTENT {
        return status.into_response();
    }
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], Bytes::from(body)).into_response()
}
