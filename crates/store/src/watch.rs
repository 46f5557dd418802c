//! How the store is doing: for probes and figures of operations.
//!
//! By a connection of its own, so that a probe waits for nobody's work and takes no place from it.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use sqlx::{
    PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    Store, StoreError,
    engine::Engine,
    store::{Role, check_schema, prepare},
};

/// How long a probe waits for the database.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// What is counted is counted up to here: more is too much in any case.
const MOST: i64 = 100_000;

/// By the indexes on what waits; each count ends at [`MOST`]. The engine's time is evaluated once.
const BACKLOG: &str = "
    with clock as materialized (select engine_now() as now),
    due as (
        select c.next_due_at from cases c
        where c.next_due_at <= (select now from clock)
          and coalesce((select seq from parked_cases p where p.case_id = c.id), 0) <> c.seq
        order by c.next_due_at limit $1
    ), waiting as (
        select created_at from outbox where delivered_at is null order by created_at limit $1
    )
    select
        (select count(*) from due),
        extract(epoch from clock.now - (select min(next_due_at) from due))::double precision,
        (select count(*) from waiting),
        extract(epoch from clock.now - (select min(created_at) from waiting))::double precision,
        (select count(*) from (
            select from deliveries where state = 'waiting' and channel <> 'webhook' limit $1) mails),
        (select count(*) from (
            select from deliveries where state = 'waiting' and channel = 'webhook' limit $1) events),
        (select count(*) from (
            select from parked_cases p join cases c on c.id = p.case_id and c.seq = p.seq
            limit $1) parked)
    from clock";

/// What waits to be done by workers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Backlog {
    /// Cases at which something must happen by itself and has not yet, up to 100,000; without those
    /// that are parked.
    pub due: u64,
    /// How long the one that has waited longest has done so; zero when none does.
    pub oldest_due: Duration,
    /// What somebody must be told and has not been, up to 100,000.
    pub outbox: u64,
    /// How long the oldest of it has waited.
    pub oldest_outbox: Duration,
    /// Mails that wait to be sent, up to 100,000.
    pub mails: u64,
    /// Events that wait to be sent to webhooks, up to 100,000.
    pub webhook_events: u64,
    /// Cases that could not be treated.
    pub parked: u64,
}

/// How a pool of connections is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// `readers`, `people` (those that read for somebody) or `writers`.
    pub pool: &'static str,
    /// How many connections are open.
    pub open: u32,
    /// How many of them are in use.
    pub in_use: u32,
    /// How many there can be.
    pub most: u32,
}

/// What is told of the database itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// The version of Postgres.
    pub version: String,
    /// How many bytes the database takes.
    pub bytes: u64,
    /// The latest migration.
    pub migration: i64,
}

/// The connection by which the store is watched; it is opened when it is first needed.
pub(crate) fn pool(options: &PgConnectOptions, settings: Arc<str>) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(Duration::from_secs(60))
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move { prepare(connection, Role::Engine, &settings).await })
        })
        .connect_lazy_with(options.clone())
}

impl Store {
    /// Whether requests can be answered: the database answers within a second, takes writes, and has
    /// every migration that this program knows.
    ///
    /// # Errors
    /// [`StoreError::Behind`], [`StoreError::ReadOnly`]; the database.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let pool = self.engine.watcher.clone();
        let look = async move {
            check_schema(&pool).await?;
            let standby = "select pg_is_in_recovery()";
            match sqlx::query_scalar(standby).fetch_one(&pool).await? {
                true => Err(StoreError::ReadOnly),
                false => Ok(()),
            }
        };
        // A server that is gone without a word answers nothing at all.
        match tokio::time::timeout(PATIENCE * 2, look).await {
            Ok(looked) => looked,
            Err(_) => Err(StoreError::Database(sqlx::Error::PoolTimedOut)),
        }
    }

    /// What waits to be done by workers.
    ///
    /// # Errors
    /// The database.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let row = sqlx::query(BACKLOG).bind(MOST).fetch_one(&self.engine.watcher).await?;
        let count = |column: usize| row.try_get::<i64, _>(column).map(|count| count as u64);
        let age = |column: usize| -> Result<Duration, sqlx::Error> {
            let seconds = row.try_get::<Option<f64>, _>(column)?.unwrap_or_default();
            let age = TimeDelta::milliseconds((seconds * 1_000.0) as i64);
            Ok(age.to_std().unwrap_or_default())
        };
        Ok(Backlog {
            due: count(0)?,
            oldest_due: age(1)?,
            outbox: count(2)?,
            oldest_outbox: age(3)?,
            mails: count(4)?,
            webhook_events: count(5)?,
            parked: count(6)?,
        })
    }

    /// What the database says of itself.
    ///
    /// # Errors
    /// The database.
    pub async fn database_facts(&self) -> Result<DatabaseFacts, StoreError> {
        let row = sqlx::query(
            "select current_setting('server_version'), pg_database_size(current_database()),
                    (select coalesce(max(version), 0) from _sqlx_migrations)",
        )
        .fetch_one(&self.engine.watcher)
        .await?;
        let bytes: i64 = row.try_get(1)?;
        Ok(DatabaseFacts {
            version: row.try_get(0)?,
            bytes: bytes.unsigned_abs(),
            migration: row.try_get(2)?,
        })
    }

    /// How long it takes now to get a connection of each pool; at most two seconds are waited.
    pub async fn waits(&self) -> [(&'static str, Duration); 3] {
        let of = async |pool: &PgPool| {
            let begun = tokio::time::Instant::now();
            // Given back at once; a pool that gives none has made us wait, and that is the answer.
            drop(tokio::time::timeout(PATIENCE * 2, pool.acquire()).await);
            begun.elapsed()
        };
        let Engine { readers, visitors, writers, .. } = &*self.engine;
        let people = async {
            let begun = tokio::time::Instant::now();
            drop(tokio::time::timeout(PATIENCE * 2, visitors.wait()).await);
            begun.elapsed()
        };
        let (readers, people, writers) = tokio::join!(of(readers), people, of(writers));
        [("readers", readers), ("people", people), ("writers", writers)]
    }

    /// How the connections are used at this instant.
    pub fn pools(&self) -> [PoolUse; 3] {
        let of = |name, pool: &PgPool| {
            let open = pool.size();
            let idle = u32::try_from(pool.num_idle()).unwrap_or(open);
            let most = pool.options().get_max_connections();
            PoolUse { pool: name, open, in_use: open.saturating_sub(idle), most }
        };
        let Engine { readers, visitors, writers, .. } = &*self.engine;
        let (open, in_use, most) = visitors.in_use();
        let people = PoolUse { pool: "people", open, in_use, most };
        [of("readers", readers), people, of("writers", writers)]
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, PgConnection};

    use super::*;
    use crate::{Founding, StoreOptions, testing::TestDatabase};

    #[tokio::test]
    async fn who_is_behind_or_alone_is_not_ready() {
        let database = TestDatabase::new().await;
        Store::migrate(&database.owner_options(), Founding::Sandbox).await.unwrap();
        let store = Store::connect(database.app_options(), StoreOptions::default()).await.unwrap();
        store.ready().await.unwrap();
        assert_eq!(store.backlog().await.unwrap(), Backlog::default());
        let facts = store.database_facts().await.unwrap();
        assert!(facts.bytes > 1_000_000 && facts.migration > 40, "{facts:?}");
        let pools = store.pools();
        let most = [("readers", 8), ("people", 8), ("writers", 6)];
        assert_eq!(pools.map(|pool| (pool.pool, pool.most)), most);

        let mut owner = PgConnection::connect_with(&database.owner_options()).await.unwrap();
        let newest = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
        sqlx::query(newest).execute(&mut owner).await.unwrap();
        assert!(matches!(store.ready().await, Err(StoreError::Behind { .. })));
    }

    #[tokio::test]
    async fn every_connection_has_its_limits() {
        let database = TestDatabase::new().await;
        Store::migrate(&database.owner_options(), Founding::Sandbox).await.unwrap();
        let how = StoreOptions {
            reading: Duration::from_millis(1_500),
            writing: Duration::from_secs(7),
            lock: Duration::from_secs(3),
            idle_in_transaction: Duration::from_secs(9),
            ..StoreOptions::default()
        };
        let store = Store::connect(database.app_options(), how).await.unwrap();
        for (pool, statement) in [(&store.engine.readers, "1500ms"), (&store.engine.writers, "7s")]
        {
            let names =
                ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
            let mut found = Vec::new();
            for name in names {
                let sql = "select current_setting($1)";
                let value: String =
                    sqlx::query_scalar(sql).bind(name).fetch_one(pool).await.unwrap();
                found.push(value);
            }
            assert_eq!(found, [statement, "3s", "9s"]);
        }
        let slow = sqlx::query("select pg_sleep(5)").execute(&store.engine.readers).await;
        let code =
            slow.unwrap_err().as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
        assert_eq!(code.as_deref(), Some("57014"), "query_canceled");
    }
}
