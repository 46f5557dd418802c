//! Connections for whoever reads for somebody: kept open, and lent for one transaction each.
//!
//! A pool would ask the server before and after each use whether the connection is still there. Here the
//! `begin` by which a transaction names its reader tells that, and the `rollback` behind it: two round
//! trips fewer beside one or two that read.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{StoreError, lane::passes};

/// How old a connection becomes.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// How long one is kept that nobody uses.
const UNUSED: Duration = Duration::from_secs(10 * 60);
/// How long the end of a transaction may take; its last statement may have to end before.
const ENDING: Duration = Duration::from_secs(90);

/// The connections.
#[derive(Debug)]
pub(crate) struct Visitors {
    /// Opens them, and keeps none.
    pool: PgPool,
    places: Arc<Semaphore>,
    most: u32,
    patience: Duration,
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    connection: PgConnection,
    opened: Instant,
    used: Instant,
}

/// A connection in use. When it is dropped its transaction ends, and only then is it anybody else's.
#[derive(Debug)]
pub(crate) struct Lent {
    connection: Option<(PgConnection, Instant)>,
    place: Option<OwnedSemaphorePermit>,
    visitors: Arc<Visitors>,
}

impl Visitors {
    /// As many as `pool` may open, each waited for as long as `patience`.
    pub(crate) fn new(pool: PgPool, patience: Duration) -> Arc<Self> {
        let most = pool.options().get_max_connections();
        let places = Arc::new(Semaphore::new(most as usize));
        Arc::new(Self { pool, places, most, patience, kept: Mutex::default() })
    }

    /// A connection in a transaction that begins by that statement.
    ///
    /// # Errors
    /// The database; none was free for too long.
    pub(crate) async fn lend(self: &Arc<Self>, begin: String) -> Result<Lent, StoreError> {
        let mut place = Some(self.place().await?);
        loop {
            let kept = self.kept().pop();
            let is_kept = kept.is_some();
            let (connection, opened) = match kept {
                Some(kept) => (kept.connection, kept.opened),
                None => (self.pool.acquire().await?.detach(), Instant::now()),
            };
            let connection = Some((connection, opened));
            let mut lent = Lent { connection, place: place.take(), visitors: self.clone() };
            // Safe: put together by `Reader`, which quotes what it names.
            let begun = sqlx::raw_sql(AssertSqlSafe(begin.clone()));
            match lent.execute(begun).await {
                Ok(_) => return Ok(lent),
                Err(error) => {
                    // In what state it is cannot be known.
                    drop(lent.connection.take());
                    place = lent.place.take();
                    // What was kept may have died unseen.
                    if !(is_kept && passes(&error)) {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        match tokio::time::timeout(self.patience, self.places.clone().acquire_owned()).await {
            Ok(place) => place.map_err(|_| StoreError::Closed),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// How many are open, how many of them in use, and how many there can be.
    pub(crate) fn in_use(&self) -> (u32, u32, u32) {
        let in_use = self.most.saturating_sub(self.places.available_permits() as u32);
        (in_use + self.kept().len() as u32, in_use, self.most)
    }

    /// Waits until one is free.
    pub(crate) async fn wait(&self) {
        drop(self.place().await);
    }

    /// Ends those that nobody uses, and lends none any more.
    pub(crate) async fn close(&self) {
        self.places.close();
        let kept = std::mem::take(&mut *self.kept());
        for one in kept {
            one.connection.close().await.ok();
        }
        self.pool.close().await;
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing in there is left half-done by a panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one that is free again, and lets go of those that nobody has used for long.
    fn keep(&self, connection: PgConnection, opened: Instant) {
        if opened.elapsed() > LONGEST || self.places.is_closed() {
            return;
        }
        let mut kept = self.kept();
        kept.retain(|one| one.used.elapsed() < UNUSED);
        kept.push(Kept { connection, opened, used: Instant::now() });
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some((mut connection, opened)) = self.connection.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (visitors, place) = (self.visitors.clone(), self.place.take());
        runtime.spawn(async move {
            let end = connection.execute(sqlx::raw_sql("rollback"));
            match tokio::time::timeout(ENDING, end).await {
                Ok(Ok(_)) => visitors.keep(connection, opened),
                Ok(Err(error)) => tracing::warn!(%error, "a connection is not used again"),
                Err(_) => tracing::warn!("a transaction that read did not end in time"),
            }
            drop(place);
        });
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection.as_ref().expect("it is there until it is dropped").0
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection.as_mut().expect("it is there until it is dropped").0
    }
}
