//! A worker that only sends, as a process of its own, for the tests that kill it.
//!
//! The first line on its standard input is the database's address, the second the mail server's. It
//! says `ready` when it is connected, and ends when its input is closed.

use std::{io::Write, str::FromStr, sync::Arc, time::Duration};

use parvaneh_store::{Store, StoreOptions};
use parvaneh_worker::{
    Shutdown,
    mail::{Mailer, Smtp},
    send::{self, Channels},
    webhook::{Destinations, Poster},
};
use sqlx::postgres::PgConnectOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let line = || {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line.trim().to_owned())
    };
    let options = PgConnectOptions::from_str(&line()?)?;
    let smtp = Smtp::new(&line()?, "Parvaneh <parvaneh@example.org>")?;
    let (stop, shutdown) = Shutdown::new();
    std::thread::spawn(move || {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        stop.now();
    });
    let how = StoreOptions { readers: 2, writers: 2, lanes: 1, ..StoreOptions::default() };
    let store = Store::connect(options, how).await?;
    let allowed = vec!["127.0.0.0/8".parse()?];
    let poster = Poster::new(Destinations { allowed }, Duration::from_secs(30))?;
    let channels = Channels {
        // The test kills it long before; whoever comes after must not wait long.
        lease: Duration::from_secs(2),
        idle: Duration::from_millis(50),
        ..Channels::new(Some(Mailer::new(smtp)), poster)
    };
    writeln!(std::io::stdout(), "ready")?;
    send::run(&store, &Arc::new(channels), shutdown).await;
    store.close().await;
    Ok(())
}
