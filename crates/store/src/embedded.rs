//! The private Postgres: used when no `DATABASE_URL` is given.
//!
//! It is an ordinary PostgreSQL server of the machine, with data of its own, reachable through a
//! Unix socket only, and as durable as any (fsync stays on). Several processes may use the same
//! data directory at once: the first starts the server, the others attach, and the last to leave
//! stops it. Two locks make that safe: whoever starts or stops the server holds the *door* alone,
//! and every user holds *users* together with the others. Both vanish with their process, so a
//! killed one leaves nothing that must be mended. Needs Linux (`/proc`).

mod account;
mod error;
mod layout;
mod presence;
mod process;
mod search;

use std::path::Path;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

pub use error::EmbeddedError;
use layout::{Layout, Secret};
use presence::Presence;
use process::Postmaster;
pub use search::{MINIMUM_VERSION, ServerSearch, default_data_dir, find_server};

/// The superuser of the private server; only this module and tests log in as it.
const ADMIN_ROLE: &str = "parvaneh_admin";
/// The role that owns the databases and everything in them; migrations run as it.
pub const OWNER_ROLE: &str = "parvaneh_owner";
/// The role with the rights of the application: it owns nothing and may do only what it was granted,
/// and sees of cases what belongs to the reader that its transaction names.
pub const APP_ROLE: &str = "parvaneh_app";
/// The same with every case in sight.
pub const ENGINE_ROLE: &str = "parvaneh_engine";
/// What the application logs in as. It may become one of these two, and nothing else.
pub const PROGRAM_ROLE: &str = "parvaneh_program";

/// A running private Postgres that this process uses.
///
/// [`PrivatePostgres::stop`] leaves it properly. Dropping the handle does the same as well as it
/// can without waiting for long. Either stops the server only if nobody else uses it, and only if
/// a program of ours started it: a server that an operator runs by hand on these data stays up.
pub struct PrivatePostgres {
    secret: Secret,
    server: Postmaster,
    started_here: bool,
    presence: Presence,
}

impl std::fmt::Debug for PrivatePostgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivatePostgres")
            .field("data_dir", &self.presence.data_dir())
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl PrivatePostgres {
    /// Starts the server on the data in `data_dir`, made on the first start, or attaches to the
    /// one that runs on exactly these data. Mends what a crash left behind: a stale pid file, a
    /// half-made cluster, processes of a killed server.
    ///
    /// # Errors
    /// See [`EmbeddedError`]. Nothing is left running after an error.
    pub async fn start(data_dir: &Path, search: &ServerSearch) -> Result<Self, EmbeddedError> {
        let mut postgres = Self::enter(data_dir, search).await?;
        postgres.presence.open_door();
        Ok(postgres)
    }

    /// The server that tests share: leaving it never stops it, the watch over it does.
    pub(crate) async fn start_shared(
        data_dir: &Path,
        search: &ServerSearch,
    ) -> Result<Self, EmbeddedError> {
        let mut postgres = Self::enter(data_dir, search).await?;
        postgres.presence.never_stop();
        postgres.presence.open_door();
        Ok(postgres)
    }

    /// Starts or attaches; the door is still locked afterwards.
    async fn enter(data_dir: &Path, search: &ServerSearch) -> Result<Self, EmbeddedError> {
        let mut presence = Presence::begin(Layout::prepare(data_dir)?).await?;
        let (secret, server) = presence.bring_up(search).await?;
        let started_here = presence.started_here();
        let postgres = Self { secret, server, started_here, presence };
        postgres.ensure_roles().await?;
        let (pid, data) = (postgres.server.pid, postgres.data_dir().display());
        tracing::info!(postgres.pid = pid, postgres.data = %data, started_here, "private Postgres is ready");
        Ok(postgres)
    }

    /// The data directory, with links resolved.
    pub fn data_dir(&self) -> &Path {
        self.presence.data_dir()
    }

    /// The server's process id.
    pub fn pid(&self) -> i32 {
        self.server.pid
    }

    /// Whether this handle started the server, rather than attach to one that ran already.
    pub fn started_here(&self) -> bool {
        self.started_here
    }

    /// How to connect to `database` as its owner: for migrations.
    pub fn owner_options(&self, database: &str) -> PgConnectOptions {
        self.options(OWNER_ROLE, database)
    }

    /// How to connect to `database` as the application, which owns nothing.
    pub fn app_options(&self, database: &str) -> PgConnectOptions {
        self.options(PROGRAM_ROLE, database)
    }

    /// How to connect to `database` as the server's superuser: for repair and for fault tests.
    pub fn admin_options(&self, database: &str) -> PgConnectOptions {
        self.options(ADMIN_ROLE, database)
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        connect_options(&self.server, &self.secret, role, database)
    }

    /// Makes `name` a database of [`OWNER_ROLE`] to which [`PROGRAM_ROLE`] may connect and nobody else.
    /// Says whether it was created now.
    ///
    /// # Errors
    /// [`EmbeddedError::BadDatabaseName`], or what the server answered.
    pub async fn ensure_database(&self, name: &str) -> Result<bool, EmbeddedError> {
        self.create_database(name, "").await
    }

    /// `clause` continues `CREATE DATABASE … OWNER …`; it must be a constant or checked text.
    pub(crate) async fn create_database(
        &self,
        name: &str,
        clause: &str,
    ) -> Result<bool, EmbeddedError> {
        check_database_name(name)?;
        let mut admin = PgConnection::connect_with(&self.admin_options("postgres")).await?;
        // Two processes may ask for the same database at once. Released with the session.
        sqlx::query("select pg_advisory_lock(hashtextextended('parvaneh.database.' || $1, 0))")
            .bind(name)
            .execute(&mut admin)
            .await?;
        let exists: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(name)
                .fetch_one(&mut admin)
                .await?;
        if !exists {
            let sql = format!("create database {name} owner {OWNER_ROLE} {clause}");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        }
        let sql = format!(
            "revoke all on database {name} from public; grant connect on database {name} to {APP_ROLE}, {PROGRAM_ROLE}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await?;
        Ok(!exists)
    }

    /// Drops a database with everything in it, whoever is connected; does nothing where there is
    /// none.
    ///
    /// # Errors
    /// [`EmbeddedError::BadDatabaseName`], or what the server answered.
    pub async fn drop_database(&self, name: &str) -> Result<(), EmbeddedError> {
        check_database_name(name)?;
        let mut admin = PgConnection::connect_with(&self.admin_options("postgres")).await?;
        let sql = format!("drop database if exists {name} with (force)");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await?;
        Ok(())
    }

    /// Makes the roles that are missing, also after a crash between `initdb` and here.
    async fn ensure_roles(&self) -> Result<(), EmbeddedError> {
        let mut admin = PgConnection::connect_with(&self.admin_options("postgres")).await?;
        let present: Vec<String> =
            sqlx::query_scalar("select rolname::text from pg_roles").fetch_all(&mut admin).await?;
        for (role, kind) in [
            (OWNER_ROLE, "login"),
            (APP_ROLE, "login"),
            (ENGINE_ROLE, "nologin"),
            (PROGRAM_ROLE, "login noinherit"),
        ] {
            if !present.iter().any(|name| name == role) {
                let password = self.secret.password(role);
                let sql = format!(
                    "create role {role} {kind} nosuperuser nocreatedb nocreaterole noreplication \
                     password '{password}'"
                );
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
            }
        }
        // The owner too can step down to the application's rights: through a role that inherits
        // nothing, so that it sees by itself no more than anybody.
        let sql = format!(
            "grant {APP_ROLE} to {OWNER_ROLE}, {ENGINE_ROLE}; grant {ENGINE_ROLE} to {PROGRAM_ROLE}; \
             grant {PROGRAM_ROLE} to {OWNER_ROLE}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await?;
        Ok(())
    }

    /// Leaves the server, and stops it if nobody else uses it: open transactions are rolled back,
    /// everything committed is on disk. Close your connections first.
    ///
    /// # Errors
    /// [`EmbeddedError::StopFailed`] when the server survives even a kill.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.presence.leave().await
    }
}

/// Every field that the environment (`PGHOST`, …) could have set is set here.
fn connect_options(
    server: &Postmaster,
    secret: &Secret,
    role: &str,
    database: &str,
) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(&server.socket_dir)
        .port(server.port)
        .username(role)
        .password(&secret.password(role))
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("parvaneh")
}

/// A name that needs no quoting, so that nothing can be smuggled in through it.
fn check_database_name(name: &str) -> Result<(), EmbeddedError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=63).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
    {
        Ok(())
    } else {
        Err(EmbeddedError::BadDatabaseName { name: name.to_owned() })
    }
}
