//! Delivers what events tell people: warnings and escalations become notices.

use std::{sync::Arc, time::Duration};

use parvaneh_store::{Delivery, Store, StoreError};
use tokio::sync::Notify;

use crate::{Shutdown, Totals, WorkerOptions, measure, pace::Pace};

/// One round: delivers up to `batch` of what waits.
///
/// # Errors
/// The database; then nothing of this round was delivered, or all of it.
pub async fn once(store: &Store, batch: usize) -> Result<Delivery, StoreError> {
    let delivery = store.deliver_outbox(batch).await?;
    if delivery.reached_nobody > 0 {
        tracing::warn!(
            addressees = delivery.reached_nobody,
            "told nobody, because nobody holds the role at the unit or above it"
        );
    }
    if delivery.addressees > 0 {
        tracing::debug!(delivery.addressees, delivery.notices, "delivered");
    }
    Ok(delivery)
}

/// Rounds until shutdown begins. Between them it waits for `written`, which tells that this process
/// has written something to deliver, and never longer than `options.idle`.
pub async fn run(
    store: &Store,
    options: WorkerOptions,
    mut shutdown: Shutdown,
    written: Arc<Notify>,
) -> Totals {
    let mut totals = Totals::default();
    let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(5));
    while !shutdown.has_begun() {
        let done = once(store, options.batch).await;
        measure::round("deliver", &done);
        let wait = match done {
            Ok(delivery) => {
                trouble.begin_anew();
                totals.notices += delivery.notices;
                if delivery.addressees >= options.batch as u64 {
                    continue;
                }
                options.idle
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "delivery failed and is tried again");
                trouble.pause()
            }
        };
        tokio::select! {
            () = shutdown.begins() => break,
            () = written.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    totals
}
