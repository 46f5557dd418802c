//! How long after it falls due something is on disk: by the server's own clock, at the commit.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{Given, Open, UnitId, WorkflowId};
use parvaneh_store::{Founding, Request, StoreOptions};

use crate::{
    fault_process::{WorkerProcess, eventually},
    fault_server::{DATABASE, OwnServer},
    store_fixture::{COUNTY, applicant, holder, new_case},
};

const CASES: i64 = 500;
/// From one case's instant to the next one's.
const APART: TimeDelta = TimeDelta::milliseconds(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test --release -p parvaneh-tests -- --ignored --nocapture lateness"]
async fn lateness_of_one_worker() {
    let mut server = OwnServer::start(Founding::Production).await;
    let mut superuser = server.superuser().await;
    sqlx::raw_sql("alter system set track_commit_timestamp = on")
        .execute(&mut superuser)
        .await
        .unwrap();
    server.stop().await;
    server.restart().await;
    let store = server.store(StoreOptions::default()).await;
    let hourly = WorkflowId::from("hourly");
    let definition = include_str!("../../workflows/ngo-establishment/v1.yaml")
        .replacen("workflow: ngo-establishment", "workflow: hourly", 1)
        .replacen("    term: 3 d\n", "    term: 48 h\n", 1);
    store.publish_definition(&hourly, 1, &definition).await.unwrap();
    let options = server.postgres.app_options(DATABASE);
    let worker = WorkerProcess::start(&options).await.ready().await;

    // Papers that came in almost 48 hours ago, one after the other: each is late at another instant.
    let first = store.now().await.unwrap() - TimeDelta::hours(48) + TimeDelta::seconds(8);
    let open = |number: i64| {
        let application = Open {
            case: new_case(),
            unit: UnitId::from(COUNTY),
            applicant: applicant(),
            subject: "x".to_owned(),
            received_at: Some(first + APART * number as i32),
            reason: Some("by post".to_owned()),
            about: None,
            given: Given::default(),
        };
        Request::open(holder("county_officer"), hourly.clone(), application)
    };
    let opened = store.execute_batch((0..CASES).map(open).collect()).await;
    assert!(opened.iter().all(Result::is_ok));
    let mut superuser = server.superuser().await;
    let count = "select count(*) from escalations where clock = 1 and not warning and number = 1";
    eventually("all are recorded", async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut superuser).await.unwrap();
        (count == CASES).then_some(())
    })
    .await;
    worker.finish().await;
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "select deadline_at, pg_xact_commit_timestamp(xmin)
         from escalations where clock = 1 and not warning and number = 1",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let mut lateness: Vec<TimeDelta> = rows.iter().map(|(due, done)| *done - *due).collect();
    lateness.sort();
    let at = |share: f64| lateness[((lateness.len() - 1) as f64 * share) as usize];
    println!(
        "from due to committed, {CASES} cases {APART} apart: median {}, p90 {}, p99 {}, most {}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    assert!(lateness[0] > TimeDelta::zero(), "nothing fires before it is due");
}
