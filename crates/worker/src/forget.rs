//! Forgets the keys of requests that nobody repeats any more.

use std::time::Duration;

use parvaneh_store::Store;

use crate::{Shutdown, WorkerOptions, measure};

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(600);
/// How many keys of each kind one statement takes.
const PORTION: usize = 5_000;

/// Rounds until shutdown begins: a few thousand at a time, then a pause.
pub async fn run(store: &Store, options: WorkerOptions, mut shutdown: Shutdown) {
    while !shutdown.has_begun() {
        let done = store.forget_keys(options.keys_stay, PORTION).await;
        measure::round("forget", &done);
        let wait = match done {
            // More may be old; others want to write as well.
            Ok(gone) if gone >= PORTION as u64 => Duration::from_millis(200),
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "old keys are not forgotten yet");
                PAUSE
            }
        };
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
}
