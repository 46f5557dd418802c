//! From the start of a command that needs the database to its end, whatever ends it.

use std::io;

use parvaneh_store::StoreOptions;
use parvaneh_worker::{Shutdown, Stop};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{config::Options, database::Database, failure::Failure};

/// What the first SIGINT or SIGTERM does to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnSignal {
    /// It is left where it stands: whatever was written is written.
    Leave,
    /// It is asked to finish what it has in hand; only the second signal leaves it.
    Finish,
}

/// Runs a command on the database: opens it, does the work, and closes it again also after a
/// failure or a signal, so that no private Postgres is left behind.
///
/// # Errors
/// What the work or the database says; `interrupted` when it was left.
pub(crate) fn with_database(
    options: &Options,
    on_signal: OnSignal,
    work: impl AsyncFnOnce(&Database, Shutdown) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_database_used(options, StoreOptions::default(), on_signal, work)
}

/// The same, using the database as an operator wants it to be used.
///
/// # Errors
/// As [`with_database`].
pub(crate) fn with_database_used(
    options: &Options,
    how: StoreOptions,
    on_signal: OnSignal,
    work: impl AsyncFnOnce(&Database, Shutdown) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_opened(options, Database::open(options, how), on_signal, work)
}

/// The same on a new sandbox, which replaces one that is there. With the first signal the work is asked
/// to end.
///
/// # Errors
/// As [`with_database`]; `not-replaced` where real cases are kept.
pub(crate) fn with_new_sandbox(
    options: &Options,
    work: impl AsyncFnOnce(&Database, Shutdown) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_opened(options, Database::new_sandbox(options), OnSignal::Finish, work)
}

fn with_opened(
    options: &Options,
    opening: impl Future<Output = Result<Database, Failure>>,
    on_signal: OnSignal,
    work: impl AsyncFnOnce(&Database, Shutdown) -> Result<(), Failure>,
) -> Result<(), Failure> {
    block_on(async {
        let mut signals = Signals::watch()?;
        // Not interrupted: it takes seconds at most, and must not leave a server behind.
        let database = opening.await?;
        let leave = match on_signal {
            OnSignal::Leave => &mut signals.first,
            OnSignal::Finish => &mut signals.second,
        };
        let mut leave = leave.clone();
        let doing = async {
            database.unlock(options).await?;
            work(&database, signals.first.clone()).await
        };
        let done = tokio::select! {
            done = doing => done,
            () = leave.begins() => Err(Failure::interrupted()),
        };
        let closed = database.close().await;
        done.and(closed)
    })
}

/// Runs asynchronous work to its end.
///
/// # Errors
/// What the work says, or that the runtime cannot start.
pub(crate) fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| internal("the runtime cannot start", &error))?;
    let done = runtime.block_on(work);
    // What a command that was left has begun has nobody to wait for it.
    runtime.shutdown_background();
    done
}

/// Does something until the first SIGINT or SIGTERM.
///
/// # Errors
/// When signals cannot be watched.
pub(crate) async fn until_signal(work: impl Future<Output = ()>) -> Result<(), Failure> {
    let mut signals = Signals::watch()?;
    tokio::select! {
        () = work => {}
        () = signals.first.begins() => {}
    }
    Ok(())
}

/// The first and the second signal to end.
struct Signals {
    first: Shutdown,
    second: Shutdown,
}

impl Signals {
    fn watch() -> Result<Self, Failure> {
        let failed = |error| internal("signals cannot be watched", &error);
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let (stop_first, first) = Shutdown::new();
        let (stop_second, second) = Shutdown::new();
        tokio::spawn(tell(interrupt, terminate, [stop_first, stop_second]));
        Ok(Self { first, second })
    }
}

/// Begins one shutdown with each signal. Lives as long as the runtime.
async fn tell(mut interrupt: Signal, mut terminate: Signal, stops: [Stop; 2]) {
    for stop in &stops {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("asked to end");
        stop.now();
    }
    std::future::pending::<()>().await;
}

fn internal(what: &str, error: &io::Error) -> Failure {
    Failure::internal(format!("{what}: {error}"))
}
