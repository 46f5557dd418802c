//! Whether the process lives and whether it can answer: for service managers and load balancers.
//!
//! Without login and therefore without a word of why: that stands in the log.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

use crate::App;

/// How long an answer of the database counts: a flood of probes is one look a second.
const FRESH: Duration = Duration::from_secs(1);

/// The end of the service: it is announced, then it comes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ending {
    begun: Arc<watch::Sender<bool>>,
}

impl Ending {
    pub(crate) fn new() -> Self {
        Self { begun: Arc::new(watch::channel(false).0) }
    }

    /// From now on the service is not ready, and asks whoever is connected to go elsewhere.
    pub(crate) fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Whether it has been announced.
    pub fn has_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Waits until it is announced: whoever keeps an answer open (server-sent events) ends it then.
    pub async fn begins(&self) {
        // The sender lives as long as this does.
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }
}

/// What the database said last, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe {
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Probe {
    async fn ready(&self, app: &App) -> bool {
        // Whoever comes meanwhile waits for the same look.
        let mut last = self.last.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH
        {
            return ready;
        }
        let ready = match app.store.ready().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error.code = error.code(), %error, "not ready");
                false
            }
        };
        *last = Some((Instant::now(), ready));
        ready
    }
}

/// `/health/live`: the process answers. `/health/ready`: the database answers and is up to date, and
/// the service is not about to end.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/health/live", get(async || told(true))).route("/health/ready", get(ready))
}

async fn ready(State(app): State<App>) -> Response {
    told(!app.ending.has_begun() && app.probe.ready(&app).await)
}

fn told(well: bool) -> Response {
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ok": well }))).into_response()
}
