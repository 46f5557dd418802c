//! A database of its own for a test of commands that need one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use super::{Run, finish};

/// A data directory with a private Postgres that runs only while a command does.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: PathBuf,
}

impl Installation {
    /// A folder in which nothing is yet.
    pub(crate) fn empty() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        // Not a folder of `tempfile`: that of root is closed to the account that runs Postgres.
        let folder = format!("/tmp/parvaneh-cli-{}-{count}", std::process::id());
        Self { folder: PathBuf::from(folder) }
    }

    /// A database whose clock can be moved.
    pub(crate) fn sandbox() -> Self {
        let installation = Self::empty();
        installation.run(["migrate", "--sandbox"]).ends(0);
        installation
    }

    /// Where the data are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program on this database.
    #[expect(clippy::disallowed_methods, reason = "the edge: where Postgres is, the machine says")]
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parvaneh"));
        command.env_clear().env("PARVANEH_DATA_DIR", &self.folder).stdin(Stdio::null());
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
        // What is left in /tmp after a failure is no reason for another one.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
