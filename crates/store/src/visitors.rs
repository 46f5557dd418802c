//! Connections for whoever reads for somebody: kept open, and lent for one transaction each.
//!
//! A pool would ask the server before and after each use whether the connection is still there. Here the
//! `begin` by which a transaction names its reader tells that, and the `rollback` behind it: two round
//! trips fewer beside one or two that read. A statement about one case ([`Visitors::by_key`]) is one message
//! with the naming of its reader.

use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgRow};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use uuid::Uuid;

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
    visit: Visit,
    used: Instant,
}

/// An open connection.
#[derive(Debug)]
struct Visit {
    connection: PgConnection,
    opened: Instant,
    /// What it has prepared by name.
    prepared: BTreeSet<&'static str>,
}

/// A statement about one case, prepared once for a connection.
#[derive(Debug)]
pub(crate) struct ByKey {
    /// Its name on the server.
    pub(crate) name: &'static str,
    /// The statement, with the case as `$1`.
    pub(crate) sql: &'static str,
}

/// A connection in use. When it is dropped its transaction ends, and only then is it anybody else's.
#[derive(Debug)]
pub(crate) struct Lent {
    visit: Option<Visit>,
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
            let (mut lent, is_kept) = self.open(&mut place).await?;
            // Safe: put together by `Reader`, which quotes what it names.
            let begun = sqlx::raw_sql(AssertSqlSafe(begin.clone()));
            match lent.execute(begun).await {
                Ok(_) => return Ok(lent),
                Err(error) => place = lent.gone(is_kept, error)?,
            }
        }
    }

    /// What a prepared statement finds of a case, for the reader whom those statements name: all of it
    /// in one message, which the server takes for one transaction.
    ///
    /// # Errors
    /// As [`Self::lend`].
    pub(crate) async fn by_key(
        self: &Arc<Self>,
        naming: &str,
        statement: &ByKey,
        case: Uuid,
    ) -> Result<Option<PgRow>, StoreError> {
        let mut place = Some(self.place().await?);
        let ByKey { name, sql } = statement;
        loop {
            let (mut lent, is_kept) = self.open(&mut place).await?;
            let prepare = match lent.has_prepared(name) {
                true => String::new(),
                false => format!("prepare {name} (uuid) as {sql};"),
            };
            // Safe: constant but for what `Reader` names, which it quotes, and an identifier.
            let all = format!("{prepare}{naming}; execute {name} ('{case}')");
            match lent.fetch_all(sqlx::raw_sql(AssertSqlSafe(all))).await {
                Ok(mut rows) => {
                    lent.settle(name);
                    return Ok(rows.pop());
                }
                Err(error) => place = lent.gone(is_kept, error)?,
            }
        }
    }

    /// A connection that was kept, or a new one; and whether it was kept.
    async fn open(
        self: &Arc<Self>,
        place: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(Lent, bool), StoreError> {
        let kept = self.kept().pop();
        let is_kept = kept.is_some();
        let visit = match kept {
            Some(kept) => kept.visit,
            None => Visit {
                connection: self.pool.acquire().await?.detach(),
                opened: Instant::now(),
                prepared: BTreeSet::new(),
            },
        };
        Ok((Lent { visit: Some(visit), place: place.take(), visitors: self.clone() }, is_kept))
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
            one.visit.connection.close().await.ok();
        }
        self.pool.close().await;
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing in there is left half-done by a panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one that is free again, and lets go of those that nobody has used for long.
    fn keep(&self, visit: Visit) {
        if visit.opened.elapsed() > LONGEST || self.places.is_closed() {
            return;
        }
        let mut kept = self.kept();
        kept.retain(|one| one.used.elapsed() < UNUSED);
        kept.push(Kept { visit, used: Instant::now() });
    }
}

impl Lent {
    fn has_prepared(&self, name: &str) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.prepared.contains(name))
    }

    /// Gives it back at once: its transaction has ended, and it has prepared that.
    fn settle(mut self, name: &'static str) {
        if let Some(mut visit) = self.visit.take() {
            visit.prepared.insert(name);
            self.visitors.keep(visit);
        }
    }

    /// After an error it cannot be known in what state it is. What was kept may have died unseen: then its place is for
    /// another.
    fn gone(
        mut self,
        is_kept: bool,
        error: sqlx::Error,
    ) -> Result<Option<OwnedSemaphorePermit>, StoreError> {
        drop(self.visit.take());
        match is_kept && passes(&error) {
            true => Ok(self.place.take()),
            false => Err(error.into()),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut visit) = self.visit.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (visitors, place) = (self.visitors.clone(), self.place.take());
        runtime.spawn(async move {
            let end = visit.connection.execute(sqlx::raw_sql("rollback"));
            match tokio::time::timeout(ENDING, end).await {
                Ok(Ok(_)) => visitors.keep(visit),
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
        &self.visit.as_ref().expect("it is there until it is dropped").connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.visit.as_mut().expect("it is there until it is dropped").connection
    }
}
