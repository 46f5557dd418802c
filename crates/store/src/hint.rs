//! Tells workers that something falls due soon.
//!
//! A notification takes a lock that all commits of the server share, so it never is part of a
//! transition: a task of its own sends at most one in [`PAUSE`].

use std::time::Duration;

use chrono::TimeDelta;
use parvaneh_core::Instant;
use sqlx::PgPool;
use tokio::sync::mpsc::{self, error::TrySendError};

/// The channel on which workers listen.
pub(crate) const CHANNEL: &str = "parvaneh_due";

/// What is due later than this is found by the worker when it looks the next time.
const SOON: TimeDelta = TimeDelta::seconds(60);
const PAUSE: Duration = Duration::from_millis(20);

/// The way to that task.
#[derive(Debug)]
pub(crate) struct Hints {
    ask: mpsc::Sender<()>,
}

impl Hints {
    pub(crate) fn start(writers: PgPool) -> Self {
        let (ask, mut asked) = mpsc::channel(1);
        tokio::spawn(async move {
            while asked.recv().await.is_some() {
                let sent = sqlx::query("select pg_notify($1, '')").bind(CHANNEL).execute(&writers);
                match sent.await {
                    Ok(_) => {}
                    // The store has been closed; workers look by themselves.
                    Err(sqlx::Error::PoolClosed) => break,
                    Err(error) => {
                        tracing::warn!(%error, "workers were not told that something is due");
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { ask }
    }

    /// Something was written that falls due at `next_due`.
    pub(crate) fn due(&self, next_due: Option<Instant>, now: Instant) {
        if next_due.is_some_and(|at| at - now < SOON) {
            self.now();
        }
    }

    /// Workers should look now.
    pub(crate) fn now(&self) {
        match self.ask.try_send(()) {
            // One waits already and will be sent after this write, which is what is wanted.
            Ok(()) | Err(TrySendError::Full(())) => {}
            // The store is being closed.
            Err(TrySendError::Closed(())) => {}
        }
    }
}
