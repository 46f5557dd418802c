//! Carries changes to every case that they concern: the jobs of the store, portion by portion.

use std::time::Duration;

use parvaneh_store::{Job, Store, StoreError};

use crate::{Shutdown, Totals, WorkerOptions, measure, pace::Pace};

/// One round: the next portion of up to `batch` cases of the oldest job that nobody has in hand.
/// `None` when there is none.
///
/// # Errors
/// The database; then the portion is done again by whoever comes next.
pub async fn once(store: &Store, batch: usize) -> Result<Option<Job>, StoreError> {
    let job = store.advance_job(None, batch).await?;
    if let Some(job) = &job
        && job.finished_at.is_some()
    {
        let (id, cases, changed, failed) = (job.id, job.done, job.changed, job.failed);
        tracing::info!(job.id = id, job.kind = %job.kind, cases, changed, failed, "a job is done");
    }
    Ok(job)
}

/// Rounds until shutdown begins; between jobs it looks again every `options.idle`.
pub async fn run(store: &Store, options: WorkerOptions, mut shutdown: Shutdown) -> Totals {
    let mut totals = Totals::default();
    let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(5));
    while !shutdown.has_begun() {
        let done = once(store, options.batch).await;
        measure::round("carry", &done);
        let wait = match done {
            Ok(job) => {
                trouble.begin_anew();
                match job {
                    Some(job) => {
                        totals.jobs += u64::from(job.finished_at.is_some());
                        continue;
                    }
                    None => options.idle,
                }
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "a portion of a job failed and is tried again");
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
