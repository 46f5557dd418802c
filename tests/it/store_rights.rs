//! What the database itself refuses.

use chrono::TimeDelta;
use parvaneh_store::{Founding, Published, Store, StoreError};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::store_fixture::{Office, start, workflow};

async fn sqlstate(connection: &mut PgConnection, sql: &str) -> String {
    let error = connection.execute(AssertSqlSafe(sql.to_owned())).await.expect_err(sql);
    let sqlx::Error::Database(error) = error else { panic!("{sql}: {error}") };
    error.code().unwrap_or_default().into_owned()
}

#[tokio::test]
async fn the_application_can_only_append_to_timelines_and_owns_nothing() {
    let office = Office::sandbox().await;
    office.opened().await;
    let mut application = office.as_application().await;
    for forbidden in [
        "update case_events set kind = 'other'",
        "delete from case_events",
        "truncate case_events",
        "drop table case_events",
        "alter table case_events disable trigger all",
        "create table mine ()",
        "delete from cases",
        "delete from tasks",
        "truncate cases",
        "update escalations set level = 7",
        "delete from escalations",
        "update idempotency_keys set last_seq = 0",
        "update installation set sandbox = false",
        "update reference_state set revision = 0",
        "delete from definitions",
        "set role parvaneh_owner",
    ] {
        assert_eq!(sqlstate(&mut application, forbidden).await, "42501", "{forbidden}");
    }
    let owned: i64 = sqlx::query_scalar(
        "select (select count(*) from pg_class where relowner = r.oid)
              + (select count(*) from pg_proc where proowner = r.oid)
         from pg_roles r where rolname = 'parvaneh_app'",
    )
    .fetch_one(&mut application)
    .await
    .unwrap();
    assert_eq!(owned, 0);
    // Not even the owner changes a timeline by a slip.
    let mut owner = office.as_owner().await;
    for forbidden in
        ["update case_events set kind = 'x'", "delete from case_events", "truncate case_events"]
    {
        assert_eq!(sqlstate(&mut owner, forbidden).await, "PV003", "{forbidden}");
    }
}

#[tokio::test]
async fn only_a_sandbox_moves_its_clock() {
    let office = Office::production().await;
    let clock = office.store.sandbox_clock();
    let refusals = [
        clock.advance(TimeDelta::days(30)).await,
        clock.set_frozen(start()).await,
        clock.run().await,
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Err(StoreError::NotSandbox)), "{refusal:?}");
    }
    let mut owner = office.as_owner().await;
    for forbidden in [
        "update installation set sandbox = true",
        "delete from installation",
        "truncate installation",
    ] {
        assert_eq!(sqlstate(&mut owner, forbidden).await, "PV001", "{forbidden}");
    }
    for forbidden in [
        "update installation set clock_offset = '1 day'",
        "update installation set frozen_at = now()",
    ] {
        assert_eq!(sqlstate(&mut owner, forbidden).await, "23514", "{forbidden}");
    }
    // Founding it again changes nothing.
    let again = Store::migrate(&office.database.owner_options(), Founding::Sandbox).await.unwrap();
    assert!(!again.sandbox && !again.founded);
}

#[tokio::test]
async fn the_clock_of_a_sandbox_stands_runs_and_never_goes_back_once_a_case_is_recorded() {
    let office = Office::sandbox().await;
    let clock = office.store.sandbox_clock();
    assert_eq!(office.store.now().await.unwrap(), start());
    office.opened().await;
    let later = start() + TimeDelta::days(400);
    assert_eq!(clock.advance(TimeDelta::days(400)).await.unwrap(), later);
    assert!(matches!(clock.advance(TimeDelta::days(-1)).await, Err(StoreError::ClockRefused(_))));
    let before = later - TimeDelta::microseconds(1);
    assert!(matches!(clock.set_frozen(before).await, Err(StoreError::ClockRefused(_))));
    assert_eq!(clock.set_frozen(later).await.unwrap(), later);
    assert!(office.store.clock().await.unwrap().frozen);
    let running = clock.run().await.unwrap();
    assert!(running - later < TimeDelta::seconds(1), "{running}");
    let next = office.store.now().await.unwrap();
    assert!(next > running && next - running < TimeDelta::seconds(10));
    assert!(clock.freeze().await.unwrap() >= next, "it stands where it ran");
    let jumped = clock.advance(TimeDelta::days(1)).await.unwrap();
    assert!(jumped - next >= TimeDelta::days(1) && jumped - next < TimeDelta::seconds(86_410));
}

#[tokio::test]
async fn a_published_version_never_changes() {
    let office = Office::sandbox().await;
    let text = office.store.definition_source(&workflow(), 1).await.unwrap();
    let again = office.store.publish_definition(&workflow(), 1, &text).await.unwrap();
    assert_eq!(again, Published::Before);
    let other = format!("{text}\n# another remark\n");
    let refused = office.store.publish_definition(&workflow(), 1, &other).await;
    assert!(matches!(refused, Err(StoreError::VersionTaken { version: 1, .. })), "{refused:?}");
    // Another process sees at once what this one publishes.
    let another = office.another().await;
    assert_eq!(another.definition(&workflow(), None).await.unwrap().version, 1);
    let second = text.replace("\nversion: 1\n", "\nversion: 2\n");
    office.store.publish_definition(&workflow(), 2, &second).await.unwrap();
    assert_eq!(another.definition(&workflow(), None).await.unwrap().version, 2);
    let calendar = office.store.calendars(&"ir".into()).await.unwrap().version().to_owned();
    let source: String = sqlx::query_scalar("select source from calendars")
        .fetch_one(&mut office.as_owner().await)
        .await
        .unwrap();
    office.store.publish_calendar(&"ir".into(), &format!("{source}\n# newer\n")).await.unwrap();
    assert_ne!(another.calendars(&"ir".into()).await.unwrap().version(), calendar);
    office.store.publish_calendar(&"ir".into(), &source).await.unwrap();
    assert_eq!(another.calendars(&"ir".into()).await.unwrap().version(), calendar);
}

#[tokio::test]
async fn a_database_that_is_not_up_to_date_is_refused() {
    let empty = parvaneh_store::testing::TestDatabase::new().await;
    let refused = Store::connect(empty.app_options(), Default::default()).await;
    assert!(matches!(refused, Err(StoreError::Behind { missing: 1 })), "{refused:?}");
    let founded = Store::migrate(&empty.owner_options(), Founding::Production).await.unwrap();
    assert!(founded.founded && !founded.sandbox);
    Store::connect(empty.app_options(), Default::default()).await.unwrap();
}
