//! What can go wrong with the private Postgres, said so that a person can act on it.

use std::{io, path::PathBuf};

/// Why the private Postgres could not be found, started, used or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No server program was found at any of the places that were looked at.
    #[error(
        "no PostgreSQL server ({minimum} or newer) was found.\n  looked at: {}\n  install one, for \
         example `apt-get install postgresql` on Debian or Ubuntu (no cluster of its own is \
         needed), or set DATABASE_URL to a database that already runs",
        looked_at.join(", ")
    )]
    ServerNotFound {
        /// The oldest major version that will do.
        minimum: u32,
        /// Every place that was looked at, and what was wrong with what stood there.
        looked_at: Vec<String>,
    },
    /// The configured server is too old.
    #[error(
        "the PostgreSQL server in {} is version {found}; version {minimum} or newer is needed",
        bin_dir.display()
    )]
    ServerTooOld {
        /// Where it stands.
        bin_dir: PathBuf,
        /// Its major version.
        found: u32,
        /// The oldest major version that will do.
        minimum: u32,
    },
    /// The data were written by a major version that is not installed.
    #[error(
        "the data in {} belong to PostgreSQL {needed}, but only {} is installed; install \
         PostgreSQL {needed}, or move the data with pg_upgrade",
        data.display(),
        found.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    )]
    ServerMismatch {
        /// The server's data directory.
        data: PathBuf,
        /// The major version that wrote the data.
        needed: u32,
        /// The major versions that were found.
        found: Vec<u32>,
    },
    /// Started by root, and the server's account cannot enter a folder above the data.
    #[error(
        "PostgreSQL refuses to run as root, so it runs as '{account}', and that account may not \
         enter {}. Name another place with --data-dir (by default root's data are in \
         /var/lib/parvaneh), or start the program as an ordinary user",
        folder.display()
    )]
    Unreachable {
        /// The folder that is closed to the account.
        folder: PathBuf,
        /// The account that the server would run as.
        account: String,
    },
    /// The data directory belongs to somebody else.
    #[error("{} belongs to another user (uid {owner}); name another place with --data-dir", path.display())]
    NotYours {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// As root, neither an account `postgres` nor `nobody` exists to run the server.
    #[error("PostgreSQL refuses to run as root, and there is no account 'postgres' or 'nobody'")]
    NoAccount,
    /// Another process has been starting or stopping this server for too long.
    #[error("another process has been starting or stopping the server in {} for too long", path.display())]
    Busy {
        /// The lock that was not released.
        path: PathBuf,
    },
    /// Processes of a server on this directory are alive but are not a server that can be used.
    #[error(
        "a PostgreSQL server on {} is still running (processes {pids:?}) and does not answer",
        data.display()
    )]
    StillRunning {
        /// The server's data directory.
        data: PathBuf,
        /// The processes.
        pids: Vec<i32>,
    },
    /// Somebody answers at this directory's socket, but no such process can be seen from here.
    #[error(
        "a server answers at {} but is not visible from here: another container may be using the \
         same directory",
        socket.display()
    )]
    Invisible {
        /// The socket.
        socket: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb failed ({status}):\n{output}")]
    Initdb {
        /// How it ended.
        status: String,
        /// What it printed.
        output: String,
    },
    /// The server ended before it accepted a connection.
    #[error("PostgreSQL ended while starting ({status}); the end of its log:\n{log}")]
    StartFailed {
        /// How it ended.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// The server did not accept a connection in time.
    #[error("PostgreSQL did not become ready within {seconds} s; the end of its log:\n{log}")]
    StartTimeout {
        /// How long was waited.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The server did not end in time, not even when killed.
    #[error("PostgreSQL (process {pid}) did not stop")]
    StopFailed {
        /// The server's process.
        pid: i32,
    },
    /// The file with the passwords' secret is gone, or is not what was written.
    #[error("{} is missing or damaged; without it nobody can log in to the data beside it", path.display())]
    SecretMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A name that may not be given to a database.
    #[error("'{name}' cannot name a database: use 1 to 63 of a-z, 0-9 and '_', not a digit first")]
    BadDatabaseName {
        /// The name that was asked for.
        name: String,
    },
    /// A file or process operation failed.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        what: &'static str,
        /// On which file or program.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The server answered with an error.
    #[error("the private PostgreSQL answered: {0}")]
    Database(#[from] sqlx::Error),
}

impl EmbeddedError {
    /// A code that never changes, for programs and for documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ServerNotFound { .. } => "postgres_not_found",
            Self::ServerTooOld { .. } => "postgres_too_old",
            Self::ServerMismatch { .. } => "postgres_version_mismatch",
            Self::Unreachable { .. } => "data_dir_unreachable",
            Self::NotYours { .. } => "data_dir_not_yours",
            Self::NoAccount => "postgres_account_missing",
            Self::Busy { .. } => "data_dir_busy",
            Self::StillRunning { .. } => "postgres_still_running",
            Self::Invisible { .. } => "postgres_invisible",
            Self::Initdb { .. } => "initdb_failed",
            Self::StartFailed { .. } => "postgres_start_failed",
            Self::StartTimeout { .. } => "postgres_start_timeout",
            Self::StopFailed { .. } => "postgres_stop_failed",
            Self::SecretMissing { .. } => "secret_missing",
            Self::BadDatabaseName { .. } => "bad_database_name",
            Self::Io { .. } => "data_dir_io",
            Self::Database(_) => "postgres_error",
        }
    }

    /// Turns an I/O error on `path` into ours; `what` is the verb phrase of the message.
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
