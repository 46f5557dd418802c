//! Lives a stretch of time in a sandbox.

use std::time::Duration;

use chrono::TimeDelta;
use parvaneh_core::Instant;
use parvaneh_store::Store;
use parvaneh_worker::{Shutdown, Totals, WorkerOptions, drain};

use crate::{failure::Failure, output::Progress};

/// Moves a sandbox's clock forward to `target`, and lets the worker's code work at every instant on
/// the way at which something falls due. Ends early, between two instants, when shutdown begins.
///
/// # Errors
/// The database; `not_a_sandbox`.
pub(crate) async fn to(
    store: &Store,
    target: Instant,
    shutdown: &Shutdown,
) -> Result<Totals, Failure> {
    let options = WorkerOptions::default();
    let begun = store.now().await?;
    let progress = Progress::new("living", days(target - begun));
    let mut totals = Totals::default();
    loop {
        totals += drain(store, options, shutdown).await?;
        if shutdown.has_begun() {
            return Err(Failure::interrupted());
        }
        let now = store.now().await?;
        progress.at(days(now - begun));
        if now >= target {
            return Ok(totals);
        }
        let next = store.next_due().await?.filter(|due| *due < target).unwrap_or(target);
        if next > now {
            go(store, next).await?;
        } else {
            // What is due and was not claimed is in another worker's hands.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Moves the clock to an instant, whether it stands still or runs.
async fn go(store: &Store, to: Instant) -> Result<(), Failure> {
    let clock = store.clock().await?;
    if clock.frozen {
        store.sandbox_clock().set_frozen(to).await?;
    } else {
        let by = (to - clock.now).max(TimeDelta::zero());
        store.sandbox_clock().advance(by).await?;
    }
    Ok(())
}

fn days(length: TimeDelta) -> u64 {
    length.num_days().max(0).unsigned_abs()
}
