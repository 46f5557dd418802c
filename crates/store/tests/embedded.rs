//! The private Postgres, on real servers: each test has data of its own.

use std::{
    error::Error,
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use parvaneh_store::embedded::{
    APP_ROLE, ENGINE_ROLE, EmbeddedError, OWNER_ROLE, PROGRAM_ROLE, PrivatePostgres, ServerSearch,
    find_server,
};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn Error>>;

const DATABASE: &str = "parvaneh";

/// A folder that also the account that runs the server for root may enter.
fn scratch() -> TempDir {
    tempfile::Builder::new()
        .prefix("parvaneh-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir()
        .expect("a temporary folder")
}

async fn start(data_dir: &Path) -> Result<PrivatePostgres, EmbeddedError> {
    PrivatePostgres::start(data_dir, &ServerSearch::from_env()).await
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn alive(pid: i32) -> bool {
    // A zombie has ended; it only waits to be collected.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim().starts_with('Z'))
}

/// Whether the process ends at once: between its last work and its end lies only the kernel's.
fn is_gone(pid: i32) -> bool {
    for _ in 0..100 {
        if !alive(pid) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

fn kill(pid: i32, signal: Signal) -> TestResult {
    Ok(kill_process(Pid::from_raw(pid).ok_or("no process id")?, signal)?)
}

async fn write_number(postgres: &PrivatePostgres, number: i32) -> TestResult {
    postgres.ensure_database(DATABASE).await?;
    let mut owner = PgConnection::connect_with(&postgres.owner_options(DATABASE)).await?;
    sqlx::query("create table if not exists numbers (n int primary key)")
        .execute(&mut owner)
        .await?;
    sqlx::query("insert into numbers values ($1)").bind(number).execute(&mut owner).await?;
    Ok(owner.close().await?)
}

async fn numbers(postgres: &PrivatePostgres) -> Result<Vec<i32>, sqlx::Error> {
    let mut owner = PgConnection::connect_with(&postgres.owner_options(DATABASE)).await?;
    let found = sqlx::query_scalar("select n from numbers order by n").fetch_all(&mut owner).await;
    owner.close().await?;
    found
}

#[tokio::test]
async fn first_start_makes_a_durable_utf8_server_on_a_socket_only() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("new/deeper/data");
    let postgres = start(&data).await?;
    assert!(postgres.started_here());
    assert!(postgres.ensure_database(DATABASE).await?, "it was created");
    assert!(!postgres.ensure_database(DATABASE).await?, "it was there already");

    let mut admin = PgConnection::connect_with(&postgres.admin_options(DATABASE)).await?;
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("TimeZone", "UTC"),
    ] {
        let found: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut admin)
            .await?;
        assert_eq!(found, value, "{setting}");
    }
    // By their code points the second letter would come last but one.
    let sorted: Vec<String> = sqlx::query_scalar(
        r#"select x from unnest(array['ت', 'پ', 'ب']) as x order by x collate "fa-x-icu""#,
    )
    .fetch_all(&mut admin)
    .await?;
    assert_eq!(sorted, ["ب", "پ", "ت"]);
    admin.close().await?;

    let cluster = fs::metadata(data.join("postgres"))?;
    assert_eq!(cluster.mode() & 0o777, 0o700);
    assert_ne!(cluster.uid(), 0, "never root's");
    assert_eq!(fs::metadata(data.join("secret"))?.mode() & 0o777, 0o600);
    assert!(!data.join("initdb.password").exists());

    // A group of its own, so that Ctrl-C at the terminal does not reach it.
    let pid = postgres.pid();
    assert_eq!(Some(rustix::process::getpgid(Pid::from_raw(pid))?), Pid::from_raw(pid));
    postgres.stop().await?;
    assert!(is_gone(pid));
    assert!(!data.join("postgres/postmaster.pid").exists(), "it was stopped cleanly");
    Ok(())
}

#[tokio::test]
async fn the_application_role_owns_nothing_and_strangers_stay_outside() -> TestResult {
    let dir = scratch();
    let postgres = start(&dir.path().join("data")).await?;
    write_number(&postgres, 1).await?;

    let mut app = PgConnection::connect_with(&postgres.app_options(DATABASE)).await?;
    for refused in [
        "select * from numbers",
        "create table public.mine (n int)",
        "create temporary table mine (n int)",
        "create database mine",
        "create role mine",
        "set role parvaneh_owner",
        "drop table numbers",
    ] {
        let error = sqlx::query(refused).execute(&mut app).await.expect_err(refused);
        let code = error.as_database_error().and_then(|error| Some(error.code()?.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{refused}: {error}");
    }
    let mighty: i64 = sqlx::query_scalar(
        "select count(*) from pg_roles where rolname = any ($1)
         and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)",
    )
    .bind(vec![APP_ROLE, OWNER_ROLE, ENGINE_ROLE, PROGRAM_ROLE])
    .fetch_one(&mut app)
    .await?;
    assert_eq!(mighty, 0);
    app.close().await?;

    // One role's password is not another's, and none is not enough either.
    for options in [
        postgres.app_options(DATABASE).username(OWNER_ROLE),
        postgres.owner_options(DATABASE).password(""),
    ] {
        assert!(PgConnection::connect_with(&options).await.is_err());
    }
    for name in ["", "1st", "Up", "a b", "x;drop", "پ", &"x".repeat(64)] {
        let error = postgres.ensure_database(name).await.expect_err(name);
        assert_eq!(error.code(), "bad_database_name");
    }
    Ok(postgres.stop().await?)
}

#[tokio::test]
async fn data_survive_a_restart_a_kill_and_a_stale_pid_file() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    let postgres = start(&data).await?;
    write_number(&postgres, 1).await?;
    postgres.stop().await?;

    let postgres = start(&data).await?;
    assert_eq!(numbers(&postgres).await?, [1]);
    write_number(&postgres, 2).await?;

    // The server is killed under us, while one of its processes is busy.
    let mut busy = PgConnection::connect_with(&postgres.owner_options(DATABASE)).await?;
    let sleeping = tokio::spawn(async move {
        sqlx::query("select pg_sleep(60)").execute(&mut busy).await.is_err()
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    kill(postgres.pid(), Signal::KILL)?;
    let again = start(&data).await?;
    assert!(again.started_here());
    assert_eq!(numbers(&again).await?, [1, 2]);
    assert!(sleeping.await?, "the busy one was cut off");
    drop(postgres);
    assert_eq!(numbers(&again).await?, [1, 2], "an old handle does not stop the new server");
    again.stop().await?;

    // Lock files that name a living process of the same account, which is not a server: Postgres
    // by itself would refuse to start.
    let mut sleeper = Command::new("sleep");
    sleeper.arg("60").current_dir("/");
    let owner = fs::metadata(data.join("postgres"))?;
    if is_root() {
        sleeper.uid(owner.uid()).gid(owner.gid());
    }
    let mut innocent = sleeper.spawn()?;
    let socket = data.join("socket");
    for lock in [data.join("postgres/postmaster.pid"), socket.join(".s.PGSQL.5432.lock")] {
        let (pid, socket) = (innocent.id(), socket.display());
        let cluster = data.join("postgres");
        let text = format!("{pid}\n{}\n1\n5432\n{socket}\n\n0 0\nready\n", cluster.display());
        fs::write(lock, text)?;
    }
    fs::write(data.join("started"), innocent.id().to_string())?;
    let postgres = start(&data).await?;
    assert_eq!(numbers(&postgres).await?, [1, 2]);
    postgres.stop().await?;
    assert!(innocent.try_wait()?.is_none(), "the other process was left alone");
    innocent.kill()?;
    innocent.wait()?;
    Ok(())
}

#[tokio::test]
async fn what_a_killed_first_start_left_behind_is_swept_away() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    // As if killed in the middle of initdb.
    fs::create_dir_all(data.join("postgres.new/base"))?;
    fs::set_permissions(&data, Permissions::from_mode(0o711))?;
    fs::write(data.join("postgres.new/PG_VERSION"), "15\n")?;
    fs::write(data.join("initdb.password"), "old")?;
    fs::write(data.join("secret.new"), "half")?;
    let postgres = start(&data).await?;
    write_number(&postgres, 7).await?;
    assert!(!data.join("postgres.new").exists());
    postgres.stop().await?;

    // Without the secret nobody could log in: say so instead of making new data.
    let kept = dir.path().join("kept");
    fs::rename(data.join("secret"), &kept)?;
    assert_eq!(start(&data).await.expect_err("no secret").code(), "secret_missing");
    fs::rename(&kept, data.join("secret"))?;
    let postgres = start(&data).await?;
    assert_eq!(numbers(&postgres).await?, [7]);
    Ok(postgres.stop().await?)
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    start(&data).await?.stop().await?;
    let settings = data.join("postgres/postgresql.conf");
    let good = fs::read_to_string(&settings)?;
    fs::write(&settings, format!("{good}\nno_such_setting = 1\n"))?;
    let error = start(&data).await.expect_err("it must fail");
    assert_eq!(error.code(), "postgres_start_failed");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
    fs::write(&settings, good)?;
    Ok(start(&data).await?.stop().await?)
}

#[tokio::test]
async fn handles_share_one_server_and_the_last_one_stops_it() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    // Both at once on a directory that does not exist yet: one makes it, the other attaches.
    let (first, second) = tokio::join!(start(&data), start(&data));
    let (first, second) = (first?, second?);
    assert_eq!(first.pid(), second.pid());
    assert_ne!(first.started_here(), second.started_here());
    let pid = first.pid();
    let (starter, guest) = if first.started_here() { (first, second) } else { (second, first) };
    write_number(&starter, 1).await?;
    starter.stop().await?;
    assert_eq!(numbers(&guest).await?, [1], "still there for the other");
    let third = start(&data).await?;
    assert_eq!(third.pid(), pid);
    guest.stop().await?;
    assert!(alive(pid));
    third.stop().await?;
    assert!(is_gone(pid));

    // A dropped handle leaves as well.
    let (one, two) = (start(&data).await?, start(&data).await?);
    let pid = one.pid();
    drop(one);
    assert!(alive(pid));
    drop(two);
    assert!(is_gone(pid));
    Ok(())
}

/// Not a test: the other process of the next one. It uses the server until its input ends.
#[tokio::test]
#[ignore = "a second process, started by another test"]
async fn another_process() -> TestResult {
    let mut line = String::new();
    let mut input = std::io::stdin().lock();
    input.read_line(&mut line)?;
    let postgres = start(Path::new(line.trim())).await?;
    writeln!(std::io::stderr(), "pid {}", postgres.pid())?;
    input.read_line(&mut line)?;
    Ok(postgres.stop().await?)
}

/// Starts [`another_process`] and waits until it uses the server; gives the server's process id.
fn join_by_another_process(data: &Path) -> Result<(Child, i32), Box<dyn Error>> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--ignored", "--exact", "another_process", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    writeln!(child.stdin.as_mut().ok_or("no input")?, "{}", data.display())?;
    let said = BufReader::new(child.stderr.take().ok_or("no output")?);
    let mut all = String::new();
    for line in said.lines() {
        let line = line?;
        if let Some(pid) = line.strip_prefix("pid ") {
            return Ok((child, pid.parse()?));
        }
        all += &line;
    }
    Err(format!("the other process ended ({:?}): {all}", child.wait()?).into())
}

#[tokio::test]
async fn processes_share_one_server_and_the_last_one_stops_it() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    let (mut other, pid) = join_by_another_process(&data)?;
    let postgres = start(&data).await?;
    assert_eq!(postgres.pid(), pid);
    assert!(!postgres.started_here());
    // The one who started it leaves; the server stays for us.
    drop(other.stdin.take());
    assert!(other.wait()?.success());
    write_number(&postgres, 1).await?;

    // Somebody who is killed does not count as a user any more.
    let (mut other, same) = join_by_another_process(&data)?;
    assert_eq!(same, pid);
    other.kill()?;
    other.wait()?;
    postgres.stop().await?;
    assert!(is_gone(pid));

    // The starter itself is killed: the server is used by the next one, and stopped by it.
    let (mut other, pid) = join_by_another_process(&data)?;
    other.kill()?;
    other.wait()?;
    assert!(alive(pid));
    let postgres = start(&data).await?;
    assert_eq!((postgres.pid(), numbers(&postgres).await?), (pid, vec![1]));
    postgres.stop().await?;
    assert!(is_gone(pid));
    Ok(())
}

#[tokio::test]
async fn a_neighbour_is_neither_attached_to_nor_stopped() -> TestResult {
    let dir = scratch();
    let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
    start(&ours).await?.stop().await?;
    let neighbour = start(&theirs).await?;
    write_number(&neighbour, 1).await?;
    // Our pid file and our note say that the neighbour's server is ours.
    let pretend = || {
        for name in ["postgres/postmaster.pid", "started"] {
            fs::copy(theirs.join(name), ours.join(name))?;
        }
        Ok::<_, std::io::Error>(())
    };

    pretend()?;
    let postgres = start(&ours).await?;
    let pid = postgres.pid();
    assert_ne!(pid, neighbour.pid());
    fs::copy(theirs.join("started"), ours.join("started"))?;
    postgres.stop().await?;
    assert!(is_gone(pid));
    pretend()?;
    drop(start(&ours).await?);
    assert_eq!(numbers(&neighbour).await?, [1], "the neighbour lives");
    Ok(neighbour.stop().await?)
}

#[tokio::test]
async fn a_server_that_an_operator_runs_by_hand_is_used_but_not_stopped() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    let postgres = start(&data).await?;
    write_number(&postgres, 1).await?;
    postgres.stop().await?;

    let program = find_server(&ServerSearch::from_env())?.join("postgres");
    let mut command = Command::new(program);
    command.arg("-D").arg(data.join("postgres")).arg("-k").arg(data.join("socket"));
    command.args(["-c", "listen_addresses=", "-p", "5433"]);
    command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
    if is_root() {
        let owner = fs::metadata(data.join("postgres"))?;
        command.uid(owner.uid()).gid(owner.gid());
    }
    let mut by_hand = command.spawn()?;
    let pid = i32::try_from(by_hand.id())?;
    while !data.join("postgres/postmaster.pid").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let postgres = start(&data).await?;
    assert_eq!(postgres.pid(), pid);
    assert_eq!(numbers(&postgres).await?, [1]);
    postgres.stop().await?;
    assert!(alive(pid));
    drop(start(&data).await?);
    assert!(alive(pid));
    kill(pid, Signal::INT)?;
    by_hand.wait()?;
    Ok(())
}

#[tokio::test]
async fn a_long_or_unusual_path_gets_a_short_socket() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("پروانه, ها").join("x".repeat(120));
    let postgres = start(&data).await?;
    write_number(&postgres, 1).await?;
    assert_eq!(numbers(&postgres).await?, [1]);
    let mut admin = PgConnection::connect_with(&postgres.admin_options(DATABASE)).await?;
    let socket: String =
        sqlx::query_scalar("show unix_socket_directories").fetch_one(&mut admin).await?;
    admin.close().await?;
    assert!(socket.starts_with("/tmp/parvaneh-"), "{socket}");
    assert_eq!(fs::metadata(&socket)?.mode() & 0o777, 0o700);
    postgres.stop().await?;
    fs::remove_dir(socket)?;
    Ok(())
}

#[tokio::test]
async fn an_abandoned_start_leaves_nothing_running() -> TestResult {
    let dir = scratch();
    let data = dir.path().join("data");
    start(&data).await?.stop().await?;
    // Cut off at several places of the start.
    for millis in [1, 10, 40, 80] {
        let cut = tokio::time::timeout(Duration::from_millis(millis), start(&data)).await;
        if let Ok(postgres) = cut {
            postgres?.stop().await?;
        }
        let left = fs::read_to_string(data.join("postgres/postmaster.pid"));
        assert!(left.is_err(), "after {millis} ms: {left:?}");
    }
    Ok(start(&data).await?.stop().await?)
}

#[tokio::test]
async fn root_is_told_when_the_servers_account_cannot_enter() -> TestResult {
    let closed = tempfile::tempdir()?;
    fs::set_permissions(closed.path(), Permissions::from_mode(0o700))?;
    let data = closed.path().join("data");
    if !is_root() {
        // Nobody else runs it for an ordinary user, so a closed folder of his is fine.
        return Ok(start(&data).await?.stop().await?);
    }
    let mut places = vec![data];
    if fs::metadata("/root").is_ok_and(|meta| meta.mode() & 0o001 == 0) {
        places.push(PathBuf::from("/root/parvaneh-test-data"));
    }
    for place in places {
        let error = start(&place).await.expect_err("closed");
        assert_eq!(error.code(), "data_dir_unreachable");
        assert!(error.to_string().contains("--data-dir"), "{error}");
        assert!(!place.exists(), "nothing was made");
    }
    Ok(())
}

#[tokio::test]
async fn anothers_data_are_served_as_that_user_by_root_and_refused_to_anybody_else() -> TestResult {
    if !is_root() {
        let error = start(Path::new("/usr")).await.expect_err("not ours");
        assert_eq!(error.code(), "data_dir_not_yours");
        return Ok(());
    }
    let dir = scratch();
    let data = dir.path().join("data");
    fs::create_dir(&data)?;
    std::os::unix::fs::chown(&data, Some(65_534), Some(65_534))?;
    fs::set_permissions(&data, Permissions::from_mode(0o700))?;
    let postgres = start(&data).await?;
    write_number(&postgres, 1).await?;
    assert_eq!(fs::metadata(format!("/proc/{}", postgres.pid()))?.uid(), 65_534);
    postgres.stop().await?;
    for entry in fs::read_dir(&data)? {
        let entry = entry?;
        assert_eq!(entry.metadata()?.uid(), 65_534, "{:?}", entry.path());
    }
    Ok(())
}
