//! A database of its own for a test of commands that need one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use parvaneh_core::{Grant, PersonId};
use parvaneh_store::{
    NewToken, Scope, Store, StoreOptions,
    embedded::{PrivatePostgres, ServerSearch},
};
use parvaneh_web::auth::Secret;
use sqlx::Connection as _;
use tokio::runtime::Runtime;

use super::{Run, finish};

/// A data directory with a private Postgres.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: PathBuf,
    /// Keeps the server running between commands.
    kept: Option<(Runtime, PrivatePostgres)>,
}

impl Installation {
    /// A folder in which nothing is yet. Its Postgres runs only while a command does.
    pub(crate) fn empty() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        // Not a folder of `tempfile`: that of root is closed to the account that runs Postgres.
        let folder = format!("/tmp/parvaneh-cli-{}-{count}", std::process::id());
        Self { folder: PathBuf::from(folder), kept: None }
    }

    /// A database whose clock can be moved. Its Postgres runs on between commands, to which they
    /// attach: starting it for each would take a test minutes.
    pub(crate) fn sandbox() -> Self {
        let mut installation = Self::empty();
        let runtime = Runtime::new().expect("a runtime");
        let search = ServerSearch::from_env();
        let start = PrivatePostgres::start(&installation.folder, &search);
        let server = runtime.block_on(start).expect("a private Postgres starts");
        installation.kept = Some((runtime, server));
        installation.run(["migrate", "--sandbox"]).ends(0);
        installation
    }

    /// What is told of a new case of «سارا», whom Ali lets apply to found a charity at 2301.
    pub(crate) fn opens(&self, subject: &str) -> serde_json::Value {
        let mut open = self.program();
        open.args(["case", "open", "ngo-establishment", "--unit", "2301", "--as", "Ali"]);
        finish(open.args(["--applicant", "سارا", "--subject", subject, "--json"])).ends(0).json()
    }

    /// Lets people take part, each with a role at a unit or with none. Past the command line, which
    /// would take seconds for that.
    pub(crate) fn people(&self, people: &[(&str, &str)]) {
        self.with_store(async |store| {
            let (mut named, mut grants) = (Vec::new(), Vec::new());
            for (name, grant) in people {
                let person = person_named(name);
                named.push((person, (*name).to_owned()));
                if let Some((role, unit)) = grant.split_once('@') {
                    grants.push((person, Grant { role: role.into(), unit: unit.into() }));
                }
            }
            store.save_people(named).await.expect("people are added");
            store.grant(grants).await.expect("roles are given");
        });
    }

    /// Lets the clock jump to an instant, without anybody living the time between.
    pub(crate) fn jump(&self, to: &str) {
        let to = to.parse().expect("an instant");
        self.with_store(async |store| {
            store.sandbox_clock().set_frozen(to).await.expect("a sandbox");
        });
    }

    /// A token for everything that a person may do; he gets an account.
    #[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
    pub(crate) fn token(&self, person: &str) -> String {
        let secret = Secret::new().expect("randomness");
        self.with_store(async |store| {
            let person = person_named(person);
            store.save_account(person, "login").await.expect("an account");
            let token = NewToken {
                id: uuid::Uuid::now_v7(),
                secret_hash: secret.hash(),
                person,
                name: "test".to_owned(),
                scopes: Scope::ALL.to_vec(),
                lasts: std::time::Duration::from_secs(3_600),
            };
            store.add_token(token).await.expect("a token");
        });
        secret.reveal()
    }

    /// The identifiers of all cases; the superuser sees them.
    pub(crate) fn cases(&self) -> BTreeSet<String> {
        let (runtime, server) = self.kept.as_ref().expect("only a sandbox's server runs on");
        runtime.block_on(async {
            let options = server.admin_options("parvaneh");
            let mut database =
                sqlx::PgConnection::connect_with(&options).await.expect("a database");
            let ids =
                sqlx::query_scalar("select id::text from cases").fetch_all(&mut database).await;
            ids.expect("the cases").into_iter().collect()
        })
    }

    /// Does to the database what only somebody can who rules it.
    pub(crate) fn as_superuser(&self, sql: &str) {
        let (runtime, server) = self.kept.as_ref().expect("only a sandbox's server runs on");
        runtime.block_on(async {
            let options = server.admin_options("parvaneh");
            let mut database =
                sqlx::PgConnection::connect_with(&options).await.expect("a database");
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            sqlx::raw_sql(sql).execute(&mut database).await.expect("it is done");
        });
    }

    /// The address of a sandbox's database, as the application.
    pub(crate) fn url(&self) -> String {
        let (_, server) = self.kept.as_ref().expect("only a sandbox's server runs on");
        sqlx::ConnectOptions::to_url_lossy(&server.app_options("parvaneh")).to_string()
    }

    /// Does something as the application.
    pub(crate) fn with_store(&self, work: impl AsyncFnOnce(&Store)) {
        let (runtime, server) = self.kept.as_ref().expect("only a sandbox's server runs on");
        runtime.block_on(async {
            let options = server.app_options("parvaneh");
            let store = Store::connect(options, StoreOptions::default()).await.expect("a database");
            work(&store).await;
            store.close().await;
        });
    }

    /// Where the data are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program on this database.
    #[expect(clippy::disallowed_methods, reason = "the edge: where Postgres is, the machine says")]
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parvaneh"));
        command
            .env_clear()
            .env("PARVANEH_CONFIG", "")
            .env("PARVANEH_DATA_DIR", &self.folder)
            .stdin(Stdio::null());
        for name in ["PATH", "HOME", "XDG_CACHE_HOME", "PARVANEH_PG_BIN"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        finish(self.program().args(arguments))
    }

    /// The document that a command answers with; it must succeed.
    #[track_caller]
    pub(crate) fn json<const N: usize>(&self, arguments: [&str; N]) -> serde_json::Value {
        finish(self.program().args(arguments).arg("--json")).ends(0).json()
    }

    /// The stable code of the error with which a command ends; it must end with 1.
    #[track_caller]
    pub(crate) fn refused<const N: usize>(&self, arguments: [&str; N]) -> String {
        finish(self.program().args(arguments).arg("--json")).ends(1).error_code()
    }

    /// Starts a command and lets it run.
    pub(crate) fn start<const N: usize>(&self, arguments: [&str; N]) -> Child {
        let mut command = self.program();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// Whether a Postgres has its pid file in the data: it runs, or was not stopped properly.
    pub(crate) fn has_pid_file(&self) -> bool {
        self.folder.join("postgres/postmaster.pid").exists()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if let Some((runtime, server)) = self.kept.take() {
            let stopped = runtime.block_on(server.stop());
            assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
        }
        // What is left in /tmp after a failure is no reason for another one.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The same name is the same person.
pub(crate) fn person_named(name: &str) -> PersonId {
    let bytes = name.bytes().cycle().take(16).collect::<Vec<_>>();
    PersonId(uuid::Uuid::from_slice(&bytes).expect("16 bytes"))
}
