//! Keeps the sums of figures close to the cases.

use std::time::Duration;

use parvaneh_store::Store;

use crate::{Shutdown, measure};

/// How often it looks. What has not been summed is counted by whoever reads.
const PAUSE: Duration = Duration::from_secs(2);
/// How many changes one statement takes.
const PORTION: usize = 5_000;

/// Rounds until shutdown begins.
pub async fn run(store: &Store, mut shutdown: Shutdown) {
    while !shutdown.has_begun() {
        let done = store.fold_figures(PORTION).await;
        measure::round("sum", &done);
        let wait = match done {
            Ok(folded) if folded >= PORTION => continue,
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "figures are not summed yet");
                5 * PAUSE
            }
        };
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
}
