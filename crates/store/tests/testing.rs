//! The databases that tests get.

use std::{error::Error, time::Duration};

use parvaneh_store::testing::TestDatabase;
use sqlx::{Connection, PgConnection};

type TestResult = Result<(), Box<dyn Error>>;

async fn exists(on: &TestDatabase, name: &str) -> Result<bool, sqlx::Error> {
    let mut admin = PgConnection::connect_with(&on.admin_options()).await?;
    let sql = "select exists (select from pg_database where datname = $1)";
    sqlx::query_scalar(sql).bind(name).fetch_one(&mut admin).await
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own() -> TestResult {
    let (one, two) = tokio::join!(TestDatabase::new(), TestDatabase::new());
    assert_ne!(one.name(), two.name());
    assert_eq!(one.server().pid(), two.server().pid());
    let mut owner = PgConnection::connect_with(&one.owner_options()).await?;
    sqlx::query("create table mine (n int)").execute(&mut owner).await?;
    let mut app = PgConnection::connect_with(&two.app_options()).await?;
    let found: i64 = sqlx::query_scalar("select count(*) from pg_class where relname = 'mine'")
        .fetch_one(&mut app)
        .await?;
    assert_eq!(found, 0);
    Ok(())
}

#[tokio::test]
async fn the_next_test_drops_the_databases_of_those_that_have_ended() -> TestResult {
    let one = TestDatabase::new().await;
    let mut ended = std::process::Command::new("true").spawn()?;
    ended.wait()?;
    let name = format!("t_{}_0_0", ended.id());
    let mut admin = PgConnection::connect_with(&one.admin_options()).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}")))
        .execute(&mut admin)
        .await?;
    // That somebody is still connected to it must not keep it alive.
    let _still = PgConnection::connect_with(&one.admin_options().database(&name)).await?;

    // One of those that come later: while another test drops, it is left to that one.
    while exists(&one, &name).await? {
        TestDatabase::new().await;
    }
    assert!(exists(&one, one.name()).await?, "its test is still going on");
    Ok(())
}

#[tokio::test]
async fn a_template_is_built_once_and_copied() -> TestResult {
    let name = format!("test_{}", std::process::id());
    let built = std::sync::atomic::AtomicU32::new(0);
    let make = || {
        TestDatabase::from_template(&name, async |options| {
            built.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut owner = PgConnection::connect_with(&options).await?;
            sqlx::raw_sql("create table greeting (t text); insert into greeting values ('درود')")
                .execute(&mut owner)
                .await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            owner.close().await
        })
    };
    let (one, two, three) = tokio::join!(make(), make(), make());
    assert_eq!(built.load(std::sync::atomic::Ordering::SeqCst), 1);
    for database in [&one, &two, &three] {
        let mut owner = PgConnection::connect_with(&database.owner_options()).await?;
        let text: String =
            sqlx::query_scalar("select t from greeting").fetch_one(&mut owner).await?;
        assert_eq!(text, "درود");
        sqlx::query("delete from greeting").execute(&mut owner).await?;
        owner.close().await?;
        // Access was granted on the copy, too.
        PgConnection::connect_with(&database.app_options()).await?.close().await?;
    }
    Ok(())
}
