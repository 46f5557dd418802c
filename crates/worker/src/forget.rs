//! Forgets the keys of requests that nobody repeats any more, applications that nobody goes on with, who looked at
//! what years ago, and the checkpoints within each hour.

use std::time::Duration;

use parvaneh_store::{Store, StoreError};

use crate::{Shutdown, WorkerOptions, measure};

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(600);
/// How many keys of each kind, and how many looks, one statement takes.
const PORTION: usize = 5_000;

/// Rounds until shutdown begins: a few thousand at a time, then a pause.
pub async fn run(store: &Store, options: WorkerOptions, mut shutdown: Shutdown) {
    while !shutdown.has_begun() {
        let done = forget(store, &options).await;
        measure::round("forget", &done);
        let wait = match done {
            // More may be old; others want to write as well.
            Ok(gone) if gone >= PORTION as u64 => Duration::from_millis(200),
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "what is old is not forgotten yet");
                PAUSE
            }
        };
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The most that went of one kind.
async fn forget(store: &Store, options: &WorkerOptions) -> Result<u64, StoreError> {
    let keys = store.forget_keys(options.keys_stay, PORTION).await;
    let looks = store.forget_looks(options.looks_stay, PORTION).await;
    let drafts = store.forget_drafts(PORTION).await;
    let codes = store.forget_entry_codes(PORTION).await;
    let checkpoints = store.forget_checkpoints(PORTION).await;
    Ok(keys?.max(looks?).max(drafts?).max(codes?).max(checkpoints?))
}
