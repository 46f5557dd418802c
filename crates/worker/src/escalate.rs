//! Records what time has caused: warnings, escalation levels, silence.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use parvaneh_store::{DueListener, Store, StoreError, TickOutcome};
use tokio::sync::Notify;

use crate::{Shutdown, Totals, WorkerOptions, measure, pace::Pace};

impl From<&TickOutcome> for Totals {
    fn from(outcome: &TickOutcome) -> Self {
        let cases = outcome.done.iter().filter(|done| !done.events.is_empty()).count();
        let events: usize = outcome.done.iter().map(|done| done.events.len()).sum();
        Self {
            cases: cases as u64,
            events: events as u64,
            parked: outcome.parked.len() as u64,
            notices: 0,
            jobs: 0,
        }
    }
}

/// One round: claims up to `batch` due cases and records what time has caused. What it claimed is
/// 0 when nothing was due that another worker does not have.
///
/// # Errors
/// The database; then nothing of this round was done, or all of it.
pub async fn once(store: &Store, batch: usize) -> Result<TickOutcome, StoreError> {
    let outcome = store.tick_due(batch).await?;
    if outcome.claimed > 0 {
        let Totals { cases, events, parked, .. } = Totals::from(&outcome);
        tracing::debug!(cases, events, parked, "escalated");
    }
    Ok(outcome)
}

/// Rounds until shutdown begins. Between them it waits for the instant at which the next case is
/// due, for a hint that something nearer was written, and never longer than `options.idle`.
///
/// `written` is told of every round that wrote something, which may have to be delivered.
pub async fn run(
    store: &Store,
    options: WorkerOptions,
    mut shutdown: Shutdown,
    written: Arc<Notify>,
) -> Totals {
    let mut totals = Totals::default();
    let mut listener = None;
    let mut trouble = Pace::new(Duration::from_millis(100), Duration::from_secs(5));
    // What is due and cannot be claimed is in another worker's hands for a moment.
    let mut contended = Pace::new(Duration::from_millis(2), Duration::from_millis(50));
    if let Err(error) = warm_up(store).await {
        tracing::warn!(%error, error.code = error.code(), "what is published was not read beforehand");
    }
    while !shutdown.has_begun() {
        let done = round(store, options, &mut listener).await;
        measure::round("escalate", &done);
        let wait = match done {
            Ok((round, wait)) => {
                trouble.begin_anew();
                let done = Totals::from(&round);
                totals += done;
                if done.events > 0 {
                    written.notify_one();
                }
                match wait {
                    Some(wait) => {
                        contended.begin_anew();
                        wait
                    }
                    None if round.claimed > 0 => {
                        contended.begin_anew();
                        continue;
                    }
                    None => contended.pause(),
                }
            }
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "the round failed and is tried again");
                listener = None;
                trouble.pause()
            }
        };
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(wait) => {}
            heard = hint(&mut listener) => {
                if let Err(error) = heard {
                    tracing::warn!(%error, "hints are lost until the connection is there again");
                    listener = None;
                }
            }
        }
    }
    totals
}

/// Reads what is published before anything is due: compiling a calendar takes longer than a case
/// should wait.
async fn warm_up(store: &Store) -> Result<(), StoreError> {
    for published in store.definitions().await? {
        let definition = store.definition(&published.workflow, Some(published.version)).await?;
        store.calendars(&definition.calendar).await?;
    }
    Ok(())
}

/// One round, and how long there is nothing to do; `None` when there is now.
async fn round(
    store: &Store,
    options: WorkerOptions,
    listener: &mut Option<DueListener>,
) -> Result<(TickOutcome, Option<Duration>), StoreError> {
    // Before the round, so that nothing is written unheard between the two.
    if listener.is_none() {
        *listener = Some(store.listen_due().await?);
    }
    let round = once(store, options.batch).await?;
    if round.claimed >= options.batch {
        return Ok((round, None));
    }
    // What another program has left of a sitting that was held or cancelled.
    store.settle_sittings().await?;
    let Some(due) = store.next_due().await? else { return Ok((round, Some(options.idle))) };
    let left = due - store.now().await?;
    if left <= TimeDelta::zero() {
        return Ok((round, None));
    }
    // Rounded up to what a timer can tell: a round before the instant finds nothing.
    let left = Duration::from_millis(left.num_milliseconds().unsigned_abs() + 1);
    Ok((round, Some(left.min(options.idle))))
}

/// Waits for a hint; for ever without a listener.
async fn hint(listener: &mut Option<DueListener>) -> Result<(), StoreError> {
    match listener {
        Some(listener) => listener.recv().await,
        None => std::future::pending().await,
    }
}
