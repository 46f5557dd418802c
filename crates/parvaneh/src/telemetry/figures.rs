//! Figures for Prometheus, at an address of their own.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use parvaneh_store::Store;
use tokio::{net::TcpListener, sync::Mutex, time::Instant};

use crate::failure::Failure;

/// How long what the database was asked counts: however often somebody looks, it is asked no oftener.
const FRESH: Duration = Duration::from_secs(5);

/// The upper bounds of durations, in seconds: from an answer out of memory to the longest request.
const BOUNDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The figures of this process, and of the database as it sees it.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    store: Store,
    handle: PrometheusHandle,
    asked: Arc<Mutex<Option<Instant>>>,
}

impl Figures {
    /// Begins to count.
    ///
    /// # Errors
    /// When something counts already.
    pub(super) fn install(store: Store) -> Result<Self, Failure> {
        let failed = |error: &dyn std::error::Error| {
            Failure::internal(format!("figures cannot be counted: {error}"))
        };
        let durations = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(durations, BOUNDS)
            .map_err(|error| failed(&error))?;
        let handle = builder.install_recorder().map_err(|error| failed(&error))?;
        describe();
        let version = env!("CARGO_PKG_VERSION");
        gauge!("parvaneh_build_info", "version" => version).set(1.0);
        Ok(Self { store, handle, asked: Arc::default() })
    }

    /// Answers at `/metrics` for as long as it is let.
    pub(super) async fn serve(self, listener: TcpListener) {
        let router = Router::new().route("/metrics", get(answer)).with_state(self);
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "figures are no longer served");
        }
    }

    /// Asks the database how far workers are behind, and the pools how they are used.
    async fn ask(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        for pool in self.store.pools() {
            let of =
                |state| gauge!("parvaneh_pool_connections", "pool" => pool.pool, "state" => state);
            of("in_use").set(pool.in_use);
            of("idle").set(pool.open.saturating_sub(pool.in_use));
            gauge!("parvaneh_pool_connections_most", "pool" => pool.pool).set(pool.most);
        }
        for (pool, waited) in self.store.waits().await {
            gauge!("parvaneh_pool_wait_seconds", "pool" => pool).set(waited.as_secs_f64());
        }
        match self.store.backlog().await {
            Ok(backlog) => {
                gauge!("parvaneh_database_up").set(1.0);
                gauge!("parvaneh_due_cases").set(backlog.due as f64);
                gauge!("parvaneh_due_oldest_age_seconds").set(backlog.oldest_due.as_secs_f64());
                gauge!("parvaneh_outbox_waiting").set(backlog.outbox as f64);
                gauge!("parvaneh_outbox_oldest_age_seconds")
                    .set(backlog.oldest_outbox.as_secs_f64());
                gauge!("parvaneh_deliveries_waiting", "channel" => "mail")
                    .set(backlog.mails as f64);
                gauge!("parvaneh_deliveries_waiting", "channel" => "webhook")
                    .set(backlog.webhook_events as f64);
                gauge!("parvaneh_parked_cases").set(backlog.parked as f64);
            }
            Err(error) => {
                gauge!("parvaneh_database_up").set(0.0);
                tracing::warn!(error.code = error.code(), %error, "the backlog is not known");
            }
        }
        match self.store.log_standing().await {
            Ok(log) => {
                let age = |standing: Duration| standing.as_secs_f64();
                gauge!("parvaneh_log_entries").set(log.size as f64);
                gauge!("parvaneh_log_signed_entries").set(log.signed.unwrap_or_default() as f64);
                gauge!("parvaneh_log_unsealed_oldest_age_seconds").set(age(log.unsealed_for));
                gauge!("parvaneh_log_unsigned_age_seconds").set(age(log.unsigned_for));
                let refused = log.refused.map_or(0.0, |(_, since)| age(since).max(1.0));
                gauge!("parvaneh_log_refused_age_seconds").set(refused);
                gauge!("parvaneh_log_catching_up").set(f64::from(u8::from(log.catching_up)));
            }
            Err(error) => {
                tracing::warn!(error.code = error.code(), %error, "how the log stands is not known");
            }
        }
        *asked = Some(Instant::now());
    }
}

async fn answer(State(figures): State<Figures>) -> impl IntoResponse {
    figures.ask().await;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], figures.handle.render())
}

fn describe() {
    describe_gauge!("parvaneh_build_info", "The program's version; always 1.");
    describe_counter!(
        "parvaneh_http_requests_total",
        "Requests answered, by route, method, status."
    );
    describe_histogram!(
        "parvaneh_http_request_duration_seconds",
        Unit::Seconds,
        "How long requests took, their bodies included."
    );
    describe_gauge!("parvaneh_http_requests_in_flight", "Requests that are being answered.");
    describe_gauge!("parvaneh_http_connections", "Open connections.");
    describe_counter!("parvaneh_http_connections_refused_total", "Connections beyond the limit.");
    describe_counter!("parvaneh_transitions_total", "Events of cases, by workflow and kind.");
    describe_counter!("parvaneh_escalations_total", "Warnings and levels that fired.");
    describe_counter!("parvaneh_refusals_total", "Changes of cases that were refused, by code.");
    describe_counter!("parvaneh_repeats_total", "Changes answered again under the same key.");
    describe_counter!(
        "parvaneh_worker_rounds_total",
        "Rounds of workers' loops, and their result."
    );
    describe_counter!(
        "parvaneh_sendings_total",
        "Mails and webhook events, and what became of them."
    );
    describe_gauge!(
        "parvaneh_database_up",
        "Whether the database answered when it was asked last."
    );
    describe_gauge!("parvaneh_due_cases", "Cases at which something is due and has not happened.");
    describe_gauge!(
        "parvaneh_due_oldest_age_seconds",
        Unit::Seconds,
        "How long the longest due of them has waited."
    );
    describe_gauge!("parvaneh_outbox_waiting", "What somebody must be told and has not been.");
    describe_gauge!(
        "parvaneh_outbox_oldest_age_seconds",
        Unit::Seconds,
        "How long the oldest has waited."
    );
    describe_gauge!("parvaneh_deliveries_waiting", "Mails and webhook events not sent yet.");
    describe_gauge!("parvaneh_log_entries", "Events in the log.");
    describe_gauge!("parvaneh_log_signed_entries", "Events under the last signed checkpoint.");
    describe_gauge!(
        "parvaneh_log_unsealed_oldest_age_seconds",
        Unit::Seconds,
        "How old the oldest event is that is not in the log; 0 when all are."
    );
    describe_gauge!(
        "parvaneh_log_unsigned_age_seconds",
        Unit::Seconds,
        "For how long the log has been larger than the last signed checkpoint says."
    );
    describe_gauge!(
        "parvaneh_log_refused_age_seconds",
        Unit::Seconds,
        "For how long the signer has refused to sign what the log has become; 0 when he does not."
    );
    describe_gauge!(
        "parvaneh_log_catching_up",
        "Whether all events are looked through: after the log has come, or on another server."
    );
    describe_counter!("parvaneh_log_signatures_total", "Requests to the signer, and their result.");
    describe_counter!(
        "parvaneh_log_confirmations_total",
        "Checkpoints told to witnesses, and the result."
    );
    describe_gauge!("parvaneh_parked_cases", "Cases that workers could not treat.");
    describe_gauge!("parvaneh_pool_connections", "Connections to the database, by pool and state.");
    describe_gauge!("parvaneh_pool_connections_most", "How many there can be.");
    describe_gauge!(
        "parvaneh_pool_wait_seconds",
        Unit::Seconds,
        "How long a connection took to get when that was tried last."
    );
}
