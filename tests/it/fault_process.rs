//! Workers as processes, which can be killed.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use parvaneh_store::testing::TestDatabase;
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

/// A worker in a process of its own. It ends with this handle.
#[derive(Debug)]
pub(crate) struct WorkerProcess {
    child: Child,
}

impl WorkerProcess {
    /// Starts it on a database, as the application.
    pub(crate) async fn start(options: &PgConnectOptions) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fault-worker"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the worker");
        let mut input = child.stdin.take().expect("its input");
        let address = format!("{}\n", options.to_url_lossy());
        input.write_all(address.as_bytes()).await.expect("the worker listens");
        child.stdin = Some(input);
        Self { child }
    }

    /// Waits until it is connected.
    pub(crate) async fn ready(mut self) -> Self {
        let output = self.child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await.expect("a word of the worker");
        assert_eq!(line, "ready\n");
        self
    }

    /// Kills it: it gets no chance to do anything more.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a living worker");
    }

    /// Tells it to finish what it has in hand, and waits for it.
    pub(crate) async fn finish(mut self) {
        drop(self.child.stdin.take());
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        let status = status.expect("the worker ends when it is told").expect("its end");
        assert!(status.success(), "{status}");
    }
}

/// The superuser's connection to a test's database.
pub(crate) async fn superuser(database: &TestDatabase) -> PgConnection {
    database.admin_options().connect().await.expect("a connection")
}

/// Looks every few milliseconds until `look` finds something; panics after two minutes.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
