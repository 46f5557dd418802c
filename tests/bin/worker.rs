//! A worker as a process of its own, for the tests that kill it.
//!
//! The first line on its standard input is the database's address. It says `ready` when it is
//! connected, and ends when its input is closed, so that it never outlives the tests.

use std::{io::Write, str::FromStr, time::Duration};

use parvaneh_store::{Store, StoreOptions};
use parvaneh_worker::{Shutdown, WorkerOptions};
use sqlx::postgres::PgConnectOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut address = String::new();
    std::io::stdin().read_line(&mut address)?;
    let options = PgConnectOptions::from_str(address.trim())?;
    let (stop, shutdown) = Shutdown::new();
    std::thread::spawn(move || {
        // Whatever else is said is of no interest, only the end.
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        stop.now();
    });
    let how = StoreOptions { readers: 2, writers: 2, lanes: 1, ..StoreOptions::default() };
    let store = loop {
        match Store::connect(options.clone(), how.clone()).await {
            Ok(store) => break store,
            Err(_) if !shutdown.has_begun() => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => return Err(error.into()),
        }
    };
    writeln!(std::io::stdout(), "ready")?;
    // Small batches: the tests are built without optimisation, and the cases of a batch are locked
    // while they are decided. The tests leap over months, and compare at the end what every key did.
    let keys_stay = Duration::from_secs(100 * 366 * 24 * 60 * 60);
    let default = WorkerOptions::default();
    let work = WorkerOptions { batch: 16, idle: Duration::from_millis(200), keys_stay, ..default };
    parvaneh_worker::run(&store, work, shutdown).await;
    store.close().await;
    Ok(())
}
