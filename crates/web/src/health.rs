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

/// How long the place of the documents may take to answer: no longer than the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// What answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering {
    /// The database answers, takes writes, and is up to date.
    pub(crate) database: bool,
    /// Where documents are kept answers.
    pub(crate) documents: bool,
}

/// What was found last, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe {
    last: Arc<Mutex<Option<(Instant, Answering)>>>,
}

impl Probe {
    /// What answers: looked at once a second at most.
    pub(crate) async fn look(&self, app: &App) -> Answering {
        // Whoever comes meanwhile waits for the same look.
        let mut last = self.last.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < FRESH
        {
            return found;
        }
        let (database, documents) = tokio::join!(database(app), documents(app));
        let found = Answering { database, documents };
        *last = Some((Instant::now(), found));
        found
    }
}

async fn database(app: &App) -> bool {
    let ready = app.store.ready().await;
    ready
        .inspect_err(|error| tracing::warn!(error.code = error.code(), %error, "not ready"))
        .is_ok()
}

async fn documents(app: &App) -> bool {
    let answers = app.settings.documents.contents.answers();
    let why = match tokio::time::timeout(PATIENCE, answers).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer".to_owned(),
    };
    tracing::warn!(why, "where documents are kept");
    false
}

/// `/health/live`: the process answers. `/health/ready`: the database answers and is up to date, and
/// the service is not about to end. Whether documents can be had it only tells: everything else goes on
/// without them, and no other process of the service has a place of its own.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/health/live", get(async || told(true))).route("/health/ready", get(ready))
}

async fn ready(State(app): State<App>) -> Response {
    let found = app.probe.look(&app).await;
    let well = !app.ending.has_begun() && found.database;
    answer(well, json!({ "ok": well, "documents": found.documents }))
}

fn told(well: bool) -> Response {
    answer(well, json!({ "ok": well }))
}

fn answer(well: bool, body: serde_json::Value) -> Response {
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}
