//! The databases that tests get.

use std::{error::Error, io::Write, os::unix::net::UnixStream, time::Duration};

use parvaneh_store::testing::{DROPPED_AT_ONCE, TestDatabase};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// Databases that are made in a hurry keep the disk from everything else.
const PAUSE: Duration = Duration::from_secs(1);

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

/// A connection that is being opened and never is: the server waits for its password, and whoever drops
/// a database waits for it.
fn begin_to_connect(to: &PgConnectOptions) -> std::io::Result<UnixStream> {
    let socket = to.get_socket().ok_or_else(|| std::io::Error::other("no socket"))?;
    let mut stream = UnixStream::connect(socket.join(format!(".s.PGSQL.{}", to.get_port())))?;
    let mut startup = 196_608_u32.to_be_bytes().to_vec();
    startup.extend(format!("user\0{}\0database\0postgres\0\0", to.get_username()).as_bytes());
    stream.write_all(&(startup.len() as u32 + 4).to_be_bytes())?;
    stream.write_all(&startup)?;
    Ok(stream)
}

/// What a test gets that begins now. One that waits for the half-open connection waits for a minute.
async fn another() -> Result<TestDatabase, tokio::time::error::Elapsed> {
    tokio::time::timeout(Duration::from_secs(45), TestDatabase::new()).await
}

#[tokio::test]
async fn databases_of_tests_that_have_ended_are_dropped_and_no_test_waits_for_it() -> TestResult {
    let one = TestDatabase::new().await;
    let mut ended = std::process::Command::new("true").spawn()?;
    ended.wait()?;
    let mut admin = PgConnection::connect_with(&one.admin_options()).await?;
    let names: Vec<_> = (0..DROPPED_AT_ONCE).map(|n| format!("t_{}_{n}_0", ended.id())).collect();
    let create = async |admin: &mut PgConnection, name: &str| {
        let sql = format!("create database {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(admin).await
    };
    // That somebody is still connected to it must not keep it alive. A test of another process may drop it before
    // anybody has connected to it.
    let _still = loop {
        create(&mut admin, &names[0]).await?;
        match PgConnection::connect_with(&one.admin_options().database(&names[0])).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("3D000") => {}
            connected => break connected?,
        }
    };
    for name in &names[1..] {
        create(&mut admin, name).await?;
    }

    let waits =
        "select exists (select from pg_stat_activity where wait_event = 'ProcSignalBarrier')";
    let mut half_open = vec![begin_to_connect(&one.admin_options())?];
    // By whom does not matter: while one test drops, others leave it to that one.
    while !sqlx::query_scalar(waits).fetch_one(&mut admin).await? {
        another().await?;
        tokio::time::sleep(PAUSE).await;
        // The server gives up each of them after a minute.
        half_open.push(begin_to_connect(&one.admin_options())?);
    }
    another().await?;
    let still: bool = sqlx::query_scalar(waits).fetch_one(&mut admin).await?;
    assert!(still, "a test got its database meanwhile");
    drop(half_open);

    // Of them all this is the oldest: what is more than a portion is left for the next.
    while exists(&one, &names[0]).await? {
        another().await?;
        tokio::time::sleep(PAUSE).await;
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
