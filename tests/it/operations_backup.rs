//! What a backup is worth: dumped, restored elsewhere, and gone on with.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use chrono::TimeDelta;
use parvaneh_core::log::verify_consistency;
use parvaneh_store::{
    Sealed, Store, StoreOptions,
    embedded::{ServerSearch, find_server},
    testing::TestDatabase,
};
use parvaneh_worker::{Shutdown, Totals, WorkerOptions, deliver, drain, escalate};
use sqlx::{ConnectOptions, postgres::PgConnectOptions};

use crate::{
    fault_audit::audit,
    log_seal::{assert_whole, seal_all, write},
    store_fixture::Office,
};

/// A client program of Postgres: beside the server, or wherever the machine has it.
fn client(name: &str) -> PathBuf {
    let beside = find_server(&ServerSearch::from_env()).expect("a server").join(name);
    if beside.exists() { beside } else { PathBuf::from(name) }
}

/// Runs one on a database; what it complains of when it fails.
async fn run(
    name: &str,
    database: &PgConnectOptions,
    more: &[&str],
    file: &Path,
) -> Result<(), String> {
    let mut command = Command::new(client(name));
    // Of the driver's parameters the programs know only where the socket is.
    let mut address = database.to_url_lossy();
    let parameters: Vec<_> = address.query_pairs().into_owned().collect();
    let known = parameters.iter().filter(|(name, _)| name == "host");
    address.query_pairs_mut().clear().extend_pairs(known);
    command.arg(format!("--dbname={address}")).args(more).arg(file);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    let ran = ran.unwrap_or_else(|error| {
        panic!("{name} cannot be run ({error}): install Postgres' client programs")
    });
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.success() { Ok(()) } else { Err(complaint) }
}

const DUMP: [&str; 2] = ["--format=custom", "--file"];
const RESTORE: [&str; 1] = ["--exit-on-error"];

/// As docs/OPERATIONS.md makes a role for backups, once for the whole server.
const DUMPER: &str = "do $$ begin
        perform pg_advisory_xact_lock(hashtextextended('parvaneh.dumper', 0));
        if not exists (select from pg_roles where rolname = 'parvaneh_dumper') then
            create role parvaneh_dumper login bypassrls password 'for tests' in role pg_read_all_data;
        end if;
        execute format('grant connect on database %I to parvaneh_dumper', current_database());
    end $$";

#[tokio::test]
async fn a_backup_is_made_by_whom_the_security_of_rows_lets_pass_and_is_whole() {
    let office = Office::sandbox().await;
    office.opened().await;
    let mut admin = office.as_admin().await;
    sqlx::raw_sql(DUMPER).execute(&mut admin).await.unwrap();
    let dumper = office.database.admin_options().username("parvaneh_dumper").password("for tests");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parvaneh.dump");

    // Not one without the cases, of which nobody would know until it is needed.
    let refused = run("pg_dump", &office.database.owner_options(), &DUMP, &file).await;
    let complaint = refused.unwrap_err();
    assert!(complaint.contains("row-level security"), "{complaint}");

    run("pg_dump", &dumper, &DUMP, &file).await.unwrap();
    let elsewhere = TestDatabase::new().await;
    run("pg_restore", &elsewhere.admin_options(), &RESTORE, &file).await.unwrap();
    let store = Store::connect(elsewhere.app_options(), StoreOptions::default()).await.unwrap();
    let mut there = elsewhere.admin_options().connect().await.unwrap();
    let restored = audit(&store, &mut there).await;
    assert_eq!(restored.timelines, audit(&office.store, &mut admin).await.timelines);
    assert_eq!(restored.timelines.len(), 1);
}

/// Notices and their readers, without when.
async fn notices(database: &TestDatabase) -> Vec<String> {
    let mut admin = database.admin_options().connect().await.unwrap();
    let sql = "select concat_ws(' ', case_id, seq, kind, person) from notices order by 1";
    sqlx::query_scalar(sql).fetch_all(&mut admin).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restored_is_whole_and_a_worker_goes_on_exactly_once() {
    let office = Office::sandbox().await;
    for _ in 0..12 {
        office.opened().await;
    }
    // Deadlines pass. Some of what that causes is recorded and some of that is told, not all.
    office.advance(TimeDelta::days(9)).await;
    escalate::once(&office.store, 5).await.unwrap();
    deliver::once(&office.store, 3).await.unwrap();
    let before = audit(&office.store, &mut office.as_admin().await).await;
    assert!(before.count("escalated") >= 3 && before.due.len() >= 5, "{before:?}");
    let told = notices(&office.database).await;
    assert!(!told.is_empty());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parvaneh.dump");
    run("pg_dump", &office.database.admin_options(), &DUMP, &file).await.unwrap();
    // What comes later is not in it.
    office.opened().await;

    let elsewhere = TestDatabase::new().await;
    run("pg_restore", &elsewhere.admin_options(), &RESTORE, &file).await.unwrap();
    let store = Store::connect(elsewhere.app_options(), StoreOptions::default()).await.unwrap();
    store.ready().await.unwrap();
    let mut admin = elsewhere.admin_options().connect().await.unwrap();
    // The audit computes every chain, projection and consequence anew from the events.
    let restored = audit(&store, &mut admin).await;
    assert_eq!(restored.timelines, before.timelines);
    assert_eq!((&restored.keys, restored.due.len()), (&before.keys, before.due.len()));
    assert_eq!(notices(&elsewhere).await, told);

    // Two workers go on where the backup stood, the original's own as well: the same happens.
    let another = Store::connect(elsewhere.app_options(), StoreOptions::default()).await.unwrap();
    let (_stop, shutdown) = Shutdown::new();
    let how = WorkerOptions { batch: 3, ..WorkerOptions::default() };
    let (first, second, original) = tokio::join!(
        drain(&store, how, &shutdown),
        drain(&another, how, &shutdown),
        drain(&office.store, how, &shutdown),
    );
    let (mut done, original) = (first.unwrap(), original.unwrap());
    done += second.unwrap();
    // One of the two may have looked while the other had the last cases in its hands.
    done += drain(&store, how, &shutdown).await.unwrap();
    assert_eq!(done.events, original.events);
    let after = audit(&store, &mut admin).await;
    let there = audit(&office.store, &mut office.as_admin().await).await;
    assert!(after.due.is_empty() && after.count("escalated") > before.count("escalated"));
    assert!(after.timelines.iter().all(|(case, events)| there.timelines.get(case) == Some(events)));
    let (here, told_there) = (notices(&elsewhere).await, notices(&office.database).await);
    assert!(told.iter().all(|one| here.contains(one)));
    assert!(here.iter().all(|one| told_there.contains(one)));
    assert_eq!(drain(&store, how, &shutdown).await.unwrap(), Totals::default());
}

#[tokio::test]
async fn a_restored_log_goes_on_where_it_stood_and_cannot_pass_for_what_came_after() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    write(&office.store, case, 5).await;
    let kept = seal_all(&office.store).await;
    // Of what the dump holds, not everything is sealed.
    write(&office.store, case, 2).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parvaneh.dump");
    run("pg_dump", &office.database.admin_options(), &DUMP, &file).await.unwrap();
    // What comes later is not in it.
    office.opened().await;
    let lost = seal_all(&office.store).await;

    let elsewhere = TestDatabase::new().await;
    run("pg_restore", &elsewhere.admin_options(), &RESTORE, &file).await.unwrap();
    let store = Store::connect(elsewhere.app_options(), StoreOptions::default()).await.unwrap();
    let mut admin = elsewhere.admin_options().connect().await.unwrap();
    assert_eq!(store.log_standing().await.unwrap().size, kept.size);
    assert_eq!(seal_all(&store).await.size, kept.size + 2);
    write(&store, case, 4).await;
    let now = seal_all(&store).await;
    assert_eq!((now.size, now.size > lost.size), (kept.size + 6, true));
    assert_whole(&mut admin).await;
    let follows = async |old: &Sealed| {
        let proof = store.log_consistency(old.size, now.size).await.unwrap();
        verify_consistency(old.size, &old.root, now.size, &now.root, &proof)
    };
    follows(&kept).await.unwrap();
    assert!(follows(&lost).await.is_err(), "another log than the one that was seen");
}
