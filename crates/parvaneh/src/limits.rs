//! The limits that an operator sets: of connections and requests, and of the use of the database.

use std::time::Duration;

use clap::{Args, value_parser};
use parvaneh_store::StoreOptions;
use parvaneh_web::{Connections, Settings};
use parvaneh_worker::WorkerOptions;

use crate::stretch::Stretch;

/// What requests and connections may do.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits of requests")]
pub(crate) struct RequestLimits {
    /// How many connections there may be at once; one more is told 503
    #[arg(
        long,
        default_value_t = 1_000,
        env = "PARVANEH_MAX_CONNECTIONS",
        value_name = "N",
        value_parser = value_parser!(u32).range(1..=1_000_000)
    )]
    max_connections: u32,
    /// How long a connection may take to send the head of a request, or stay without asking
    #[arg(long, default_value = "15s", env = "PARVANEH_HEADER_TIMEOUT", value_name = "TIME")]
    header_timeout: Stretch,
    /// How long the head of a request may be, in bytes
    #[arg(
        long,
        default_value_t = 32 * 1024,
        env = "PARVANEH_LONGEST_HEAD",
        value_name = "BYTES",
        value_parser = value_parser!(u32).range(8 * 1024..=1024 * 1024)
    )]
    longest_head: u32,
    /// How many headers a request may have
    #[arg(
        long,
        default_value_t = 64,
        env = "PARVANEH_MAX_HEADERS",
        value_name = "N",
        value_parser = value_parser!(u16).range(16..=1_000)
    )]
    max_headers: u16,
    /// How long a request may take, its body included
    #[arg(long, default_value = "30s", env = "PARVANEH_REQUEST_TIMEOUT", value_name = "TIME")]
    request_timeout: Stretch,
    /// How long the body of a request may be, in bytes
    #[arg(
        long,
        default_value_t = 1024 * 1024,
        env = "PARVANEH_LONGEST_BODY",
        value_name = "BYTES",
        value_parser = value_parser!(u32).range(1024..)
    )]
    longest_body: u32,
    /// How many streams of events (/cases/CASE/events, /worklist/events) there may be at once
    #[arg(
        long,
        default_value_t = 500,
        env = "PARVANEH_MAX_STREAMS",
        value_name = "N",
        value_parser = value_parser!(u32).range(1..=1_000_000)
    )]
    max_streams: u32,
    /// How many of them one person may have at once
    #[arg(
        long,
        default_value_t = 10,
        env = "PARVANEH_MAX_STREAMS_OF_ONE",
        value_name = "N",
        value_parser = value_parser!(u32).range(1..=1_000)
    )]
    max_streams_of_one: u32,
    /// How long the service still answers after it has been told to end: from then on it is not ready
    /// (/health/ready), so that who distributes requests can turn to others
    #[arg(long, default_value = "1s", env = "PARVANEH_SHUTDOWN_GRACE", value_name = "TIME")]
    shutdown_grace: Stretch,
}

impl RequestLimits {
    /// Writes the limits into the settings of the service.
    pub(crate) fn limit(&self, settings: &mut Settings) {
        settings.longest_body = self.longest_body as usize;
        settings.patience = self.request_timeout.0;
        settings.streams.most = self.max_streams as usize;
        settings.streams.of_one_person = self.max_streams_of_one as usize;
        settings.connections = Connections {
            most: self.max_connections as usize,
            head_patience: self.header_timeout.0,
            longest_head: self.longest_head as usize,
            headers: self.max_headers.into(),
            grace: self.shutdown_grace.0,
            finish: self.request_timeout.0 + Duration::from_secs(5),
        };
    }
}

/// How the database is used.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Use of the database")]
pub(crate) struct DatabaseLimits {
    /// How many connections read
    #[arg(
        long,
        default_value_t = 8,
        env = "PARVANEH_DB_READERS",
        value_name = "N",
        value_parser = value_parser!(u32).range(1..=1_000)
    )]
    db_readers: u32,
    /// How many connections write
    #[arg(
        long,
        default_value_t = 6,
        env = "PARVANEH_DB_WRITERS",
        value_name = "N",
        value_parser = value_parser!(u32).range(4..=1_000)
    )]
    db_writers: u32,
    /// How long anything waits for a connection, before it is told that the database is away (503)
    // Told within two seconds: not all of it is waiting.
    #[arg(long, default_value = "1s", env = "PARVANEH_DB_PATIENCE", value_name = "TIME")]
    db_patience: Stretch,
    /// How long a statement may take
    #[arg(long, default_value = "30s", env = "PARVANEH_STATEMENT_TIMEOUT", value_name = "TIME")]
    statement_timeout: Stretch,
    /// How long a statement waits for a lock
    #[arg(long, default_value = "10s", env = "PARVANEH_LOCK_TIMEOUT", value_name = "TIME")]
    lock_timeout: Stretch,
    /// How long a transaction may stand open without doing anything
    #[arg(
        long,
        default_value = "30s",
        env = "PARVANEH_IDLE_IN_TRANSACTION_TIMEOUT",
        value_name = "TIME"
    )]
    idle_in_transaction_timeout: Stretch,
    /// How long a repeat of a request under its Idempotency-Key is known as one; at least a day
    #[arg(
        long,
        default_value = "30d",
        env = "PARVANEH_KEEP_KEYS",
        value_name = "TIME",
        value_parser = at_least_a_day
    )]
    keep_keys: Stretch,
    /// For how long it is kept who has looked at what; at least 90 days
    #[arg(
        long,
        default_value = "1095d",
        env = "PARVANEH_KEEP_LOOKS",
        value_name = "TIME",
        value_parser = at_least_some_months
    )]
    keep_looks: Stretch,
}

fn at_least_some_months(text: &str) -> Result<Stretch, String> {
    let stretch: Stretch = text.parse()?;
    let long = stretch.0 >= parvaneh_store::LOOKS_STAY;
    if long { Ok(stretch) } else { Err("who has looked is kept for 90 days at least".to_owned()) }
}

fn at_least_a_day(text: &str) -> Result<Stretch, String> {
    let stretch: Stretch = text.parse()?;
    let long = stretch.0 >= parvaneh_store::KEYS_STAY;
    if long { Ok(stretch) } else { Err("keys are kept for a day at least".to_owned()) }
}

impl DatabaseLimits {
    /// How a worker works.
    pub(crate) fn worker(&self) -> WorkerOptions {
        let (keys_stay, looks_stay) = (self.keep_keys.0, self.keep_looks.0);
        WorkerOptions { keys_stay, looks_stay, ..WorkerOptions::default() }
    }

    /// How the store uses the database.
    pub(crate) fn store(&self) -> StoreOptions {
        StoreOptions {
            readers: self.db_readers,
            writers: self.db_writers,
            patience: self.db_patience.0,
            reading: self.statement_timeout.0,
            writing: self.statement_timeout.0,
            lock: self.lock_timeout.0,
            idle_in_transaction: self.idle_in_transaction_timeout.0,
            ..StoreOptions::default()
        }
    }
}
