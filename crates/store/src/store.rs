//! The connection to the database, and bringing it up to date.

use std::{sync::Arc, time::Duration};

use parvaneh_core::Instant;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Row,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tracing::Instrument as _;

use crate::{
    ExecuteError, Executed, Request, StoreError,
    engine::Engine,
    gate::Gate,
    hint::Hints,
    lane::Lanes,
    news::Newsroom,
    read::HistoryCache,
    reading::Reader,
    reference::{Cache, Reference},
    visitors::Visitors,
    watch,
};

/// Forward only; see `migrations/README.md`.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// How the store uses the database.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How many connections serve the read models at most, and how many those that read for a person.
    pub readers: u32,
    /// How many connections serve everything that writes; at least two more than there are lanes.
    pub writers: u32,
    /// How many batches of requests are under way at once. Requests for one case share a lane.
    pub lanes: usize,
    /// How many requests one batch holds at most.
    pub batch: usize,
    /// How long anything waits for a connection before its caller is told that the database is away.
    pub patience: Duration,
    /// How long a statement may take that only reads.
    pub reading: Duration,
    /// How long a statement may take that writes.
    pub writing: Duration,
    /// How long a statement waits for a lock.
    pub lock: Duration,
    /// How long a transaction may stand open without doing anything.
    pub idle_in_transaction: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let patience = Duration::from_secs(30);
        Self {
            readers: 8,
            writers: 6,
            lanes: 2,
            batch: 64,
            patience,
            reading: Duration::from_secs(60),
            writing: Duration::from_secs(30),
            lock: Duration::from_secs(10),
            idle_in_transaction: Duration::from_secs(30),
        }
    }
}

/// What a new database is founded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Founding {
    /// For real cases: it lives by the server's clock, for ever.
    Production,
    /// For demonstration and training: its clock can be moved.
    Sandbox,
}

/// What bringing a database up to date found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Whether it is a sandbox, decided when it was founded.
    pub sandbox: bool,
    /// Whether it was founded now.
    pub founded: bool,
}

/// The cases in one database. Cheap to clone; dropping the last clone ends what runs behind it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) engine: Arc<Engine>,
    pub(crate) lanes: Arc<Lanes>,
    /// For whom it reads; `None` is the program itself.
    pub(crate) reader: Option<Arc<Reader>>,
}

/// A connection that has not been used for so long may have died unseen.
const UNUSED: Duration = Duration::from_secs(1);

/// Reads cannot write, so nothing is lost when a reader is cancelled wherever it stands.
const READER: &str = "
    set default_transaction_read_only = on;
    set standard_conforming_strings = on;
    set timezone = 'UTC'";

/// For the statement by which everybody comes in, planned once; it changes nothing.
const GATE: &str = "
    set default_transaction_read_only = on;
    set timezone = 'UTC';
    set jit = off;
    set plan_cache_mode = force_generic_plan;
    set enable_seqscan = off";

/// Hot statements look rows up by their keys, whatever the statistics of a table that has just
/// begun to fill may say; and planning them takes longer than running them.
const WRITER: &str = "
    set timezone = 'UTC';
    set jit = off;
    set plan_cache_mode = force_generic_plan;
    set enable_seqscan = off;
    set enable_nestloop = off";

/// The migration that makes the roles.
const ROLES_SINCE: i64 = 30;

/// What a connection is. Nothing of the application runs with more rights than the application has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The engine itself: every case.
    Engine,
    /// Whoever its transaction names; nobody, and so nothing, before it does ([`crate::reading`]).
    Reader,
}

impl Role {
    fn assumed(self) -> &'static str {
        match self {
            Self::Engine => {
                "select set_config('role', 'parvaneh_engine', false)
                 where current_user <> 'parvaneh_engine'"
            }
            Self::Reader => {
                "select set_config('role', 'parvaneh_app', false)
                 where current_user <> 'parvaneh_app'"
            }
        }
    }
}

impl StoreOptions {
    /// What a connection is told when it is opened.
    fn settings(&self, of_its_kind: &str, statement: Duration) -> Arc<str> {
        // 0 would mean: for ever.
        let [statement, lock, idle] =
            [statement, self.lock, self.idle_in_transaction].map(|time| time.as_millis().max(1));
        let settings = format!(
            "set statement_timeout = {statement};
             set lock_timeout = {lock};
             set idle_in_transaction_session_timeout = {idle};
             {of_its_kind}"
        );
        settings.into()
    }
}

impl Store {
    /// Brings a database up to date as its owner, and founds it if it is new: from then on its
    /// `founding` is decided, and ignored here.
    ///
    /// # Errors
    /// The database, or a migration that was changed after it ran.
    pub async fn migrate(
        owner: &PgConnectOptions,
        founding: Founding,
    ) -> Result<Migrated, StoreError> {
        let mut connection = PgConnection::connect_with(owner).await?;
        MIGRATIONS.run(&mut connection).await?;
        let founded = sqlx::query(
            "insert into installation (sandbox) values ($1) on conflict (only_row) do nothing",
        )
        .bind(founding == Founding::Sandbox)
        .execute(&mut connection)
        .await?
        .rows_affected()
            == 1;
        let sandbox = sqlx::query_scalar("select sandbox from installation")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(Migrated { sandbox, founded })
    }

    /// Connects, as the application, to a database that is up to date.
    ///
    /// # Errors
    /// [`StoreError::Behind`] when a migration is missing; the database.
    pub async fn connect(options: PgConnectOptions, how: StoreOptions) -> Result<Self, StoreError> {
        let lanes = how.lanes.max(1);
        // Beside the lanes: the worker, and a job.
        let connections = how.writers.max(lanes as u32 + 2);
        let writing = Pooling {
            role: Role::Engine,
            settings: how.settings(WRITER, how.writing),
            connections,
            patience: how.patience,
            wary: false,
        };
        let writers = writing.open(&options).await?;
        let readers = Pooling {
            role: Role::Engine,
            settings: how.settings(READER, how.reading),
            connections: how.readers.max(1),
            patience: how.patience,
            wary: true,
        };
        let visitors =
            Pooling { role: Role::Reader, wary: false, ..readers.clone() }.pool(&options);
        let settings = how.settings(GATE, how.reading);
        let gate =
            Pooling { settings, connections: 1, wary: false, ..readers.clone() }.pool(&options);
        let readers = readers.open(&options).await?;
        check_schema(&readers).await?;
        let watcher = watch::pool(&options, how.settings(READER, watch::PATIENCE));
        let hints = Hints::start(writers.clone());
        let newsroom = Newsroom::start(writers.clone());
        let engine = Engine {
            writers,
            readers,
            watcher,
            visitors: Visitors::new(visitors, how.patience),
            gate: Gate::start(gate),
            cache: Cache::default(),
            hints,
            newsroom,
            history: HistoryCache::default(),
            experience: crate::read::ExperienceCache::default(),
            jobs: tokio::sync::Mutex::default(),
            vault: std::sync::OnceLock::new(),
        };
        let engine = Arc::new(engine);
        let lanes = Lanes::start(&engine, lanes, how.batch.clamp(1, 1_000));
        Ok(Self { engine, lanes: Arc::new(lanes), reader: None })
    }

    /// Does what is asked of a case: the one way by which cases change.
    ///
    /// When this returns `Ok`, everything is on disk. Dropping the future does not stop what it
    /// has begun. Requests that wait at the same time share a statement and a commit; each has
    /// its own verdict.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn execute(&self, request: Request) -> Result<Executed, ExecuteError> {
        let span = tracing::info_span!("store.execute", command = request.ask.name());
        async {
            let answer = self.lanes.send(request).await?;
            answer.await.map_err(|_| ExecuteError::from(StoreError::Closed))?
        }
        .instrument(span)
        .await
    }

    /// Does all that is asked, each with its own verdict, in the order of the requests. Requests for
    /// one case are done in that order.
    pub async fn execute_batch(
        &self,
        requests: Vec<Request>,
    ) -> Vec<Result<Executed, ExecuteError>> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            answers.push(self.lanes.send(request).await);
        }
        let mut verdicts = Vec::with_capacity(answers.len());
        for answer in answers {
            verdicts.push(match answer {
                Ok(answer) => answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into())),
                Err(error) => Err(error),
            });
        }
        verdicts
    }

    /// The engine's time: the server's clock, or the sandbox's.
    ///
    /// # Errors
    /// The database.
    pub async fn now(&self) -> Result<Instant, StoreError> {
        Ok(sqlx::query_scalar("select engine_now()").fetch_one(&self.engine.readers).await?)
    }

    /// Ends the connections after what is under way has been done.
    pub async fn close(&self) {
        self.lanes.close().await;
        self.engine.gate.close().await;
        self.engine.watcher.close().await;
        self.engine.visitors.close().await;
        self.engine.readers.close().await;
        self.engine.writers.close().await;
    }

    /// What is published, as it was last known to be in force: enough for what changes nothing.
    pub(crate) async fn reference_in_use(&self) -> Result<Arc<Reference>, StoreError> {
        self.engine.cache.fresh(&self.engine.readers, None).await
    }

    /// What is published, as it is in force now.
    pub(crate) async fn reference(&self) -> Result<Arc<Reference>, StoreError> {
        let revision = sqlx::query_scalar("select revision from reference_state")
            .fetch_one(&self.engine.readers)
            .await?;
        self.engine.cache.fresh(&self.engine.readers, Some(revision)).await
    }
}

/// Runs to its end whatever becomes of the caller: a transaction whose future is dropped in the
/// middle can come back from the pool still open, and take with it what is written next.
pub(crate) async fn undisturbed<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Closed.into()),
        },
    }
}

/// How a pool keeps its connections.
#[derive(Clone)]
struct Pooling {
    role: Role,
    settings: Arc<str>,
    connections: u32,
    patience: Duration,
    /// Whether its users can be cancelled and try nothing again: then no connection is handed out
    /// that is dead, and none is taken back within a transaction. A round trip each. Writers are
    /// spared both: they run in tasks of their own, and try again.
    wary: bool,
}

impl Pooling {
    async fn open(self, options: &PgConnectOptions) -> Result<PgPool, StoreError> {
        // A pool would try again until its time is up, and not say why.
        let mut first = PgConnection::connect_with(options).await?;
        prepare(&mut first, self.role, &self.settings).await.map_err(no_role)?;
        first.close().await?;
        Ok(self.pool(options))
    }

    /// A pool that connects when it is used.
    fn pool(self, options: &PgConnectOptions) -> PgPool {
        let Self { role, settings, connections, patience, wary } = self;
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience)
            .test_before_acquire(wary)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for >= UNUSED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                let settings = settings.clone();
                Box::pin(async move { prepare(connection, role, &settings).await })
            })
            .after_release(move |connection, _| {
                Box::pin(async move { Ok(!wary || is_at_rest(connection).await?) })
            })
            .connect_lazy_with(options.clone())
    }
}

/// Whether no transaction is open. Only the server knows: a `begin` whose future was dropped has
/// reached it, and the driver's own count does not tell.
///
/// By the simple protocol: in the extended one a statement's transaction begins when it is bound,
/// and the statement when it is executed, so that the two instants always differ.
async fn is_at_rest(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let query = sqlx::raw_sql("select now() = statement_timestamp()");
    query.fetch_one(connection).await?.try_get(0)
}

/// Makes a new connection one of the application's, with these settings.
pub(crate) async fn prepare(
    connection: &mut PgConnection,
    role: Role,
    settings: &str,
) -> Result<(), sqlx::Error> {
    connection.execute(role.assumed()).await?;
    // Put together from numbers and texts of this module alone.
    connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await?;
    Ok(())
}

/// Tells why a connection could not become what it is for.
fn no_role(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        // The role is made by a migration.
        Some("22023") => StoreError::Behind { missing: ROLES_SINCE },
        Some("42501") => StoreError::NotOfTheProgram,
        _ => error.into(),
    }
}

/// Whether the database has every migration that this program knows.
///
/// # Errors
/// [`StoreError::Behind`]; the database.
pub(crate) async fn check_schema(pool: &PgPool) -> Result<(), StoreError> {
    let first = MIGRATIONS.iter().map(|migration| migration.version).min().unwrap_or_default();
    let there: bool = sqlx::query_scalar(
        "select to_regclass('_sqlx_migrations') is not null and to_regclass('installation') is not null",
    )
    .fetch_one(pool)
    .await?;
    if !there {
        return Err(StoreError::Behind { missing: first });
    }
    let applied: Vec<i64> =
        sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(pool)
            .await?;
    let missing = MIGRATIONS.iter().map(|one| one.version).find(|one| !applied.contains(one));
    match missing {
        Some(missing) => Err(StoreError::Behind { missing }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn a_connection_at_rest_is_used_again() {
        let database = TestDatabase::new().await;
        let patience = Duration::from_secs(30);
        let role = Role::Engine;
        let settings = READER.into();
        let pooling = Pooling { role, settings, connections: 1, patience, wary: true };
        let pool = pooling.open(&database.app_options()).await.unwrap();
        let mut servers = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let server: i32 =
                sqlx::query_scalar("select pg_backend_pid()").fetch_one(&pool).await.unwrap();
            servers.insert(server);
        }
        assert_eq!(servers.len(), 1, "connecting anew costs more than the query");
        pool.close().await;
    }

    #[tokio::test]
    async fn a_transaction_that_nobody_waited_for_takes_nothing_with_it() {
        let database = TestDatabase::new().await;
        let mut owner = PgConnection::connect_with(&database.owner_options()).await.unwrap();
        sqlx::raw_sql("create table kept (n int); grant insert on kept to parvaneh_app")
            .execute(&mut owner)
            .await
            .unwrap();
        let patience = Duration::from_secs(30);
        let role = Role::Engine;
        let pooling = Pooling { role, settings: "".into(), connections: 1, patience, wary: true };
        let pool = pooling.open(&database.app_options()).await.unwrap();
        for n in 0..50 {
            let patience = Duration::from_micros(10 * n);
            drop(tokio::time::timeout(patience, pool.begin()).await);
            sqlx::query("insert into kept values ($1)")
                .bind(n as i32)
                .execute(&pool)
                .await
                .unwrap();
        }
        pool.close().await;
        let kept: i64 =
            sqlx::query_scalar("select count(*) from kept").fetch_one(&mut owner).await.unwrap();
        assert_eq!(kept, 50, "acknowledged and lost");
    }
}
