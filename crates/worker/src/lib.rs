//! Warnings, escalations and notices, each exactly once; and changes that concern many cases.
//!
//! **Invariant.** Nothing here knows an HTTP server, and nothing here decides anything: a round asks
//! the store to record what time has caused, or to deliver what is waiting. A round is idempotent
//! and leaves nothing claimed behind, so any number of workers run side by side, a worker may be
//! killed at any instant, and the next round is the retry.

mod bundles;
pub mod carry;
pub mod deliver;
pub mod digest;
pub mod escalate;
pub mod export;
pub mod forget;
pub mod mail;
mod measure;
mod pace;
pub mod retry;
pub mod seal;
pub mod send;
pub mod stand_in;
pub mod sum;
pub mod uploads;
pub mod webhook;

use std::{sync::Arc, time::Duration};

use parvaneh_store::{Store, StoreError};
use tokio::sync::{Notify, watch};

pub use self::bundles::Bundles;

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// How many cases, or deliveries, one round takes at most. 100 to 500 do well.
    pub batch: usize,
    /// How long a worker waits at most before it looks again, whatever it was told: hints can be
    /// lost, and another server's clock can be moved.
    pub idle: Duration,
    /// How long the keys of requests are kept; at least a day.
    pub keys_stay: Duration,
    /// For how long it is kept who has looked at what.
    pub looks_stay: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        let keys_stay = Duration::from_secs(30 * 24 * 60 * 60);
        let looks_stay = Duration::from_secs(3 * 365 * 24 * 60 * 60);
        Self { batch: 200, idle: Duration::from_secs(3), keys_stay, looks_stay }
    }
}

/// Tells loops to finish the round in hand and end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown {
    begun: watch::Receiver<bool>,
}

/// Begins the shutdown; so does dropping it.
#[derive(Debug)]
pub struct Stop {
    begin: watch::Sender<bool>,
}

impl Shutdown {
    /// A shutdown that has not begun, and the means to begin it.
    pub fn new() -> (Stop, Self) {
        let (begin, begun) = watch::channel(false);
        (Stop { begin }, Self { begun })
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        *self.begun.borrow() || self.begun.has_changed().is_err()
    }

    /// Waits until it begins.
    pub async fn begins(&mut self) {
        // An error says that nobody can begin it any more: dropping `Stop` begins it.
        let _ = self.begun.wait_for(|begun| *begun).await;
    }
}

impl Stop {
    /// Begins the shutdown.
    pub fn now(&self) {
        self.begin.send_replace(true);
    }
}

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many times something was recorded for a case.
    pub cases: u64,
    /// How many events that were.
    pub events: u64,
    /// How many cases could not be treated and were parked.
    pub parked: u64,
    /// How many notices people got.
    pub notices: u64,
    /// How many jobs were brought to their end.
    pub jobs: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.cases += other.cases;
        self.events += other.events;
        self.parked += other.parked;
        self.notices += other.notices;
        self.jobs += other.jobs;
    }
}

/// Escalates, delivers, hands back, carries changes, sums figures and forgets old keys until shutdown begins; then
/// finishes the rounds in hand. Survives a database that is away for a while.
pub async fn run(store: &Store, options: WorkerOptions, shutdown: Shutdown) -> Totals {
    let written = Arc::new(Notify::new());
    let (mut totals, delivered, handed_back, carried, (), ()) = tokio::join!(
        escalate::run(store, options, shutdown.clone(), written.clone()),
        deliver::run(store, options, shutdown.clone(), written),
        stand_in::run(store, options, shutdown.clone()),
        carry::run(store, options, shutdown.clone()),
        sum::run(store, shutdown.clone()),
        forget::run(store, options, shutdown),
    );
    totals += delivered;
    totals += handed_back;
    totals += carried;
    totals
}

/// Carries changes, escalates and delivers until nothing is due and nothing waits, or shutdown
/// begins.
///
/// # Errors
/// The database; what was done until then is done.
pub async fn drain(
    store: &Store,
    options: WorkerOptions,
    shutdown: &Shutdown,
) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    while !shutdown.has_begun()
        && let Some(job) = carry::once(store, options.batch).await?
    {
        totals.jobs += u64::from(job.finished_at.is_some());
    }
    while !shutdown.has_begun() {
        let round = escalate::once(store, options.batch).await?;
        totals += Totals::from(&round);
        if round.claimed == 0 {
            break;
        }
    }
    while !shutdown.has_begun() {
        let done = stand_in::once(store, options.batch).await?;
        totals += Totals::from(done);
        if !done.more {
            break;
        }
    }
    while !shutdown.has_begun() {
        let delivery = deliver::once(store, options.batch).await?;
        totals.notices += delivery.notices;
        if delivery.addressees == 0 {
            break;
        }
    }
    Ok(totals)
}
