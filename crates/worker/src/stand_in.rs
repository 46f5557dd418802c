//! Hands the tasks of absent people to who stands in for them, or back to the worklist.

use std::time::Duration;

use parvaneh_store::{HandedBack, Store, StoreError};

use crate::{Shutdown, Totals, WorkerOptions, measure, pace::Pace};

impl From<HandedBack> for Totals {
    fn from(done: HandedBack) -> Self {
        let changed = done.assigned + done.released;
        Self { cases: changed, events: changed, parked: 0, notices: 0, jobs: 0 }
    }
}

/// One round: up to `batch` tasks of the absence that began first.
///
/// # Errors
/// The database; what was handed back until then is.
pub async fn once(store: &Store, batch: usize) -> Result<HandedBack, StoreError> {
    let done = store.hand_back(u32::try_from(batch).unwrap_or(u32::MAX)).await?;
    if done.more {
        let HandedBack { assigned, released, failed, .. } = done;
        tracing::debug!(assigned, released, failed, "tasks of who is away were handed back");
    }
    Ok(done)
}

/// Rounds until shutdown begins; between them it waits for `options.idle`: an absence begins at some
/// hour, and nothing of it is urgent to the second.
pub async fn run(store: &Store, options: WorkerOptions, mut shutdown: Shutdown) -> Totals {
    let mut totals = Totals::default();
    let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(5));
    while !shutdown.has_begun() {
        let done = once(store, options.batch).await;
        measure::round("stand_in", &done);
        let wait = match done {
            Ok(done) => {
                trouble.begin_anew();
                totals += Totals::from(done);
                if done.more {
                    continue;
                }
                options.idle
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "the round failed and is tried again");
                trouble.pause()
            }
        };
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    totals
}
