//! The movable clock of a sandbox. A database that was not founded as one refuses, for ever: the
//! function in the database does, whoever calls it.

use chrono::TimeDelta;
use parvaneh_core::Instant;

use crate::{Store, StoreError, store::undisturbed};

/// The clock by which the engine lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineClock {
    /// Whether it can be moved.
    pub sandbox: bool,
    /// What it shows.
    pub now: Instant,
    /// Whether it stands still.
    pub frozen: bool,
}

/// Moves the clock of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxClock {
    store: Store,
}

impl Store {
    /// The clock by which the engine lives.
    ///
    /// # Errors
    /// The database.
    pub async fn clock(&self) -> Result<EngineClock, StoreError> {
        let (sandbox, now, frozen) =
            sqlx::query_as("select sandbox, engine_now(), frozen_at is not null from installation")
                .fetch_one(&self.engine.readers)
                .await?;
        Ok(EngineClock { sandbox, now, frozen })
    }

    /// The means to move it; every one of them is refused unless this is a sandbox.
    pub fn sandbox_clock(&self) -> SandboxClock {
        SandboxClock { store: self.clone() }
    }
}

impl SandboxClock {
    /// Advances it; it stands still or runs as before. Gives the new time.
    ///
    /// # Errors
    /// [`StoreError::NotSandbox`]; [`StoreError::ClockRefused`] for a negative length.
    pub async fn advance(&self, by: TimeDelta) -> Result<Instant, StoreError> {
        self.set("advance", Some(by.as_seconds_f64()), None).await
    }

    /// Lets it stand still at an instant: any, before the first case, and then only a later one.
    ///
    /// # Errors
    /// [`StoreError::NotSandbox`]; [`StoreError::ClockRefused`] when it would go back.
    pub async fn set_frozen(&self, at: Instant) -> Result<Instant, StoreError> {
        self.set("freeze", None, Some(at)).await
    }

    /// Lets it stand still where it is.
    ///
    /// # Errors
    /// [`StoreError::NotSandbox`].
    pub async fn freeze(&self) -> Result<Instant, StoreError> {
        self.set("freeze", None, None).await
    }

    /// Lets it run on from where it stands.
    ///
    /// # Errors
    /// [`StoreError::NotSandbox`].
    pub async fn run(&self) -> Result<Instant, StoreError> {
        self.set("run", None, None).await
    }

    async fn set(
        &self,
        action: &'static str,
        seconds: Option<f64>,
        at: Option<Instant>,
    ) -> Result<Instant, StoreError> {
        let engine = self.store.engine.clone();
        undisturbed(async move {
            let moved = sqlx::query_scalar("select sandbox_clock($1, $2, $3)")
                .bind(action)
                .bind(seconds)
                .bind(at)
                .fetch_one(&engine.writers)
                .await?;
            // Whatever was to come may be due now.
            engine.hints.now();
            Ok(moved)
        })
        .await
    }
}
