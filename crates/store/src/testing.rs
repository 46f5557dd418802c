//! Databases for tests: real ones, on a private Postgres that all test processes of one user share.
//!
//! The server lives in `/tmp/parvaneh-test-<uid>`. The first test starts it, and a small process
//! that watches over it stops it two to three seconds after the last test has left, also when the
//! tests were killed, and removes its data. It is as durable as the real one (fsync stays on).

use std::{
    fmt::Debug,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::task::JoinSet;

use crate::embedded::{EmbeddedError, PrivatePostgres, ServerSearch};

/// Stops the server in `$1` and removes its data when no test has used it for two seconds, under
/// the same locks as the program itself takes; only one of these watches at a time.
const WATCH: &str = r#"
exec 6>>"$1/watch" || exit 0
flock -n 6 || exit 0
idle=0
while sleep 1; do
    exec 8>>"$1/door" 7>>"$1/users" || exit 0
    if flock -n 8 && flock -n -x 7; then
        idle=$((idle + 1))
        pid=$(cat "$1/started" 2>/dev/null) || exit 0
        [ "$(readlink "/proc/$pid/cwd")" = "$1/postgres" ] || exit 0
        if [ "$idle" -ge 2 ]; then
            kill -INT "$pid"
            while [ "$(readlink "/proc/$pid/cwd")" = "$1/postgres" ]; do sleep 0.05; done
            # Out of the way at once: what is left of a broken-off removal would not start again.
            rm -rf "$1/gone"
            mv "$1/postgres" "$1/gone" && rm -rf "$1/gone" "$1/postgres.log"
            exit 0
        fi
    else
        idle=0
    fi
    exec 7>&- 8>&-
done
"#;

/// A database of one test, dropped by one that comes later. Every function here panics when the server cannot
/// be had: a test could do nothing else.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: PrivatePostgres,
}

impl TestDatabase {
    /// A new empty database on the shared server.
    pub async fn new() -> Self {
        Self::create("").await
    }

    /// A copy of the template `name`, which `build` fills (as the owner) when it does not exist.
    /// Put a hash of what `build` does into the name: a template is never rebuilt while the server
    /// runs. At most 50 characters of `a-z`, `0-9`, `_`.
    pub async fn from_template<F, E>(name: &str, build: F) -> Self
    where
        F: AsyncFnOnce(PgConnectOptions) -> Result<(), E>,
        E: Debug,
    {
        let server = shared_server().await;
        let template = format!("tpl_{name}");
        ensure_template(&server, &template, build)
            .await
            .unwrap_or_else(|error| panic!("the template {template}: {error}"));
        // Not `file_copy`: it is as quick, but the drop then took 380 ms instead of 70.
        Self::create_on(server, &format!("template {template} strategy wal_log")).await
    }

    async fn create(clause: &str) -> Self {
        Self::create_on(shared_server().await, clause).await
    }

    #[expect(clippy::disallowed_methods, reason = "tests' databases need unique names")]
    async fn create_on(server: PrivatePostgres, clause: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_nanos() & 0xffff_ffff_ffff);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        drop_abandoned(&server).unwrap_or_else(|error| panic!("a thread: {error}"));
        let name = format!("t_{}_{count}_{nanos:x}", std::process::id());
        server
            .create_database(&name, clause)
            .await
            .unwrap_or_else(|error| panic!("a test's database: {error}"));
        Self { name, server }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub fn server(&self) -> &PrivatePostgres {
        &self.server
    }

    /// How to connect as the owner of the database.
    pub fn owner_options(&self) -> PgConnectOptions {
        self.server.owner_options(&self.name)
    }

    /// How to connect as the application.
    pub fn app_options(&self) -> PgConnectOptions {
        self.server.app_options(&self.name)
    }

    /// How to connect as the superuser, for example to terminate others' connections.
    pub fn admin_options(&self) -> PgConnectOptions {
        self.server.admin_options(&self.name)
    }
}

/// How many databases tests must have left before they are dropped, together. Each is some 12 MB.
pub const DROPPED_AT_ONCE: usize = 16;

/// Begins to drop the databases of test processes that have ended, when there are enough of them.
///
/// Nobody waits for it. The server drops a database only after a checkpoint, which waits for the disk,
/// and after every connection has taken note of it, also one that is just being opened: for seconds
/// under load, up to a minute. So it is told by a thread of its own, and does what it was told also
/// when that thread ends in the middle with its test. Those that are dropped together share a checkpoint.
fn drop_abandoned(server: &PrivatePostgres) -> std::io::Result<()> {
    let options = server.admin_options("postgres");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("abandoned".to_owned()).spawn(move || {
        if let Err(error) = runtime.block_on(drop_ended(&options)) {
            tracing::warn!(%error, "the databases of tests that have ended were not dropped");
        }
    })?;
    Ok(())
}

async fn drop_ended(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect_with(options).await?;
    // Neither while another test does, nor while the server goes on with what that one has told it.
    let alone = "select pg_try_advisory_lock(hashtextextended('parvaneh.abandoned', 0))
            and not exists (select from pg_stat_activity
                where state = 'active' and query like 'drop database if exists t\\_%')";
    if sqlx::query_scalar(alone).fetch_one(&mut admin).await? {
        let all = r"select datname::text from pg_database where datname like 't\_%' order by oid";
        let mut all: Vec<String> = sqlx::query_scalar(all).fetch_all(&mut admin).await?;
        all.retain(|name| {
            let process = name.split('_').nth(1).unwrap_or_default();
            !Path::new("/proc").join(process).exists()
        });
        if all.len() >= DROPPED_AT_ONCE {
            let dropping = all.into_iter().take(DROPPED_AT_ONCE);
            let mut dropping: JoinSet<_> =
                dropping.map(|name| drop_one(options.clone(), name)).collect();
            while let Some(dropped) = dropping.join_next().await {
                dropped.map_err(std::io::Error::other)??;
            }
        }
    }
    admin.close().await
}

async fn drop_one(options: PgConnectOptions, name: String) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect_with(&options).await?;
    let sql = format!("drop database if exists {name} with (force)");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
    admin.close().await
}

/// Where the shared server's data are.
pub fn shared_data_dir() -> PathBuf {
    PathBuf::from(format!("/tmp/parvaneh-test-{}", rustix::process::geteuid().as_raw()))
}

/// Attaches to the shared server, or starts it.
async fn shared_server() -> PrivatePostgres {
    let dir = shared_data_dir();
    let server = PrivatePostgres::start_shared(&dir, &ServerSearch::from_env())
        .await
        .unwrap_or_else(|error| panic!("a Postgres for tests: {error}"));
    watch(server.data_dir())
        .unwrap_or_else(|error| panic!("the watch over {}: {error}", dir.display()));
    server
}

/// Starts the watch unless it runs. It is a grandchild, so that nobody needs to wait for it.
fn watch(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    let running = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("watch"))?;
    if running.try_lock().is_err() {
        return Ok(());
    }
    running.unlock()?;
    let status = Command::new("/bin/sh")
        .args(["-c", r#"sh -c "$1" sh "$2" &"#, "sh", WATCH])
        .arg(dir)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other(status.to_string())) }
}

/// Builds the template under another name first: nobody sees a half-built one.
async fn ensure_template<F, E>(
    server: &PrivatePostgres,
    template: &str,
    build: F,
) -> Result<(), EmbeddedError>
where
    F: AsyncFnOnce(PgConnectOptions) -> Result<(), E>,
    E: Debug,
{
    let mut admin = PgConnection::connect_with(&server.admin_options("postgres")).await?;
    let exists = "select exists (select from pg_database where datname = $1)";
    if sqlx::query_scalar(exists).bind(template).fetch_one(&mut admin).await? {
        return Ok(admin.close().await?);
    }
    // Released with the session.
    sqlx::query("select pg_advisory_lock(hashtextextended('parvaneh.template.' || $1, 0))")
        .bind(template)
        .execute(&mut admin)
        .await?;
    if !sqlx::query_scalar(exists).bind(template).fetch_one(&mut admin).await? {
        let draft = format!("{template}_draft");
        let sql = format!("drop database if exists {draft} with (force)");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        server.ensure_database(&draft).await?;
        build(server.owner_options(&draft))
            .await
            .unwrap_or_else(|error| panic!("could not build {template}: {error:?}"));
        let sql = format!("alter database {draft} rename to {template}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
    }
    Ok(admin.close().await?)
}
