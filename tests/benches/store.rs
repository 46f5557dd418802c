//! How fast the store is, beside the same rows written through `pgbench`, on one private Postgres
//! in one run: `cargo bench -p parvaneh-tests --bench store [-- PART... SECONDS lanes=N]`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]
#![allow(clippy::disallowed_methods, reason = "it measures by the machine's own clock")]

#[path = "../it/store_fixture.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod store_fixture;

use std::{
    path::PathBuf,
    process::Command as Program,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use parvaneh_core::{CaseId, Command, Given, Open, UnitId, event::Fact};
use parvaneh_store::{
    Ask, Founding, Request, Requester, Store, StoreOptions,
    embedded::{PrivatePostgres, ServerSearch, find_server},
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use store_fixture::{COUNTY, applicant, furnish, holder, start, workflow};

/// How many cases the load is spread over.
const CASES: usize = 10_000;
/// How many cases fall due at once.
const DUE: usize = 20_000;

/// What `pgbench` does for a transition: one autocommitted statement that writes the case with as
/// large a state, one event with as large a body, and the task. It decides nothing and reads
/// nothing beforehand.
const PGBENCH: &str = r"\set i random(1, 10000)
with c as (
    update cases set seq = seq + 1, prev_seq = seq, head_hash = '\x0000000000000000000000000000000000000000000000000000000000000000',
        state = :state::json, recorded_at = clock_timestamp()
    where id = ('01900000-0000-7000-8000-' || lpad(to_hex(:i::int), 12, '0'))::uuid
    returning id, seq
), e as (
    insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
    select id, seq, 'claimed', clock_timestamp(), clock_timestamp(), id, :body::json,
           '\x0000000000000000000000000000000000000000000000000000000000000000' from c
)
update tasks t set assignee = case when t.assignee is null then c.id end, claimed_at = clock_timestamp()
from c where t.case_id = c.id and t.no = 1;
";

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("{}", machine());
        // A server of its own: nobody else's work is counted.
        let folder = tempfile::Builder::new().prefix("parvaneh-bench").tempdir().unwrap();
        let server =
            PrivatePostgres::start(folder.path(), &ServerSearch::from_env()).await.unwrap();
        if wanted("latency") {
            latency(&server).await;
        }
        if wanted("transitions") {
            transitions(&server, Duration::from_secs(seconds)).await;
        }
        if wanted("drain") {
            drain(&server).await;
        }
        server.stop().await.unwrap();
    });
}

/// Whether a part was named, or none.
fn wanted(part: &str) -> bool {
    let named: Vec<String> = std::env::args()
        .filter(|word| ["latency", "transitions", "drain"].contains(&word.as_str()))
        .collect();
    named.is_empty() || named.iter().any(|word| word == part)
}

/// An office in a database of its own.
struct Office<'s> {
    server: &'s PrivatePostgres,
    name: String,
    store: Store,
}

impl<'s> Office<'s> {
    async fn sandbox(server: &'s PrivatePostgres, name: &str) -> Self {
        server.ensure_database(name).await.unwrap();
        Store::migrate(&server.owner_options(name), Founding::Sandbox).await.unwrap();
        let store = connect(server, name).await;
        furnish(&store).await.unwrap();
        store.sandbox_clock().set_frozen(start()).await.unwrap();
        Self { server, name: name.to_owned(), store }
    }

    async fn as_admin(&self) -> PgConnection {
        PgConnection::connect_with(&self.server.admin_options(&self.name)).await.unwrap()
    }

    async fn vacuum(&self) {
        let mut admin = self.as_admin().await;
        sqlx::raw_sql("vacuum analyze").execute(&mut admin).await.unwrap();
        sqlx::raw_sql("checkpoint").execute(&mut admin).await.unwrap();
    }
}

async fn connect(server: &PrivatePostgres, name: &str) -> Store {
    let lanes = std::env::args().find_map(|word| word.strip_prefix("lanes=")?.parse().ok());
    let default = StoreOptions::default();
    let how = StoreOptions { lanes: lanes.unwrap_or(default.lanes), ..default };
    Store::connect(server.app_options(name), how).await.unwrap()
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpus = info.lines().filter(|line| line.starts_with("processor")).count();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("{cpus} cores,{model}; load before: {}", load.trim())
}

fn numbered(number: usize) -> CaseId {
    CaseId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number as u128))
}

fn opening(case: CaseId, workflow: &str) -> Request {
    let application = Open {
        case,
        unit: UnitId::from(COUNTY),
        applicant: applicant(),
        subject: "انجمن یاری کودکان".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: Given::default(),
    };
    let ask = Ask::Open { workflow: workflow.into(), version: None, application };
    Request::new(Requester::Person(applicant()), ask)
}

async fn open_cases(store: &Store, count: usize) -> f64 {
    let began = Instant::now();
    let all: Vec<_> =
        (1..=count).map(|number| opening(numbered(number), workflow().as_str())).collect();
    for chunk in all.chunks(1_000) {
        for verdict in store.execute_batch(chunk.to_vec()).await {
            verdict.unwrap();
        }
    }
    count as f64 / began.elapsed().as_secs_f64()
}

/// What a run of either side did and cost.
#[derive(Clone, Copy, Default)]
struct Run {
    rate: f64,
    commits: f64,
    /// CPU time per transition, in microseconds: on this side of the socket, and on the server's.
    cpu: (f64, f64),
}

async fn transitions(server: &PrivatePostgres, length: Duration) {
    let office = Office::sandbox(server, "ours").await;
    let other = Office::sandbox(server, "plain").await;
    let rate = open_cases(&office.store, CASES).await;
    println!("\n{CASES} cases opened by `execute_batch`: {rate:.0} a second");
    open_cases(&other.store, CASES).await;
    office.vacuum().await;
    other.vacuum().await;
    println!("\n| in flight | | transitions/s | commits each | CPU µs each |");
    println!("| --- | --- | --- | --- | --- |");
    for in_flight in [1, 8, 32] {
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        // By turns, so that a noisy neighbour disturbs both.
        for _ in 0..3 {
            ours.push(by_store(&office, in_flight, length).await);
            plain.push(by_pgbench(&other, in_flight, length).await);
        }
        let (ours, plain) = (median(ours), median(plain));
        for (name, run) in [("Store::execute", ours), ("pgbench", plain)] {
            let Run { rate, commits, cpu } = run;
            let (own, server) = cpu;
            println!(
                "| {in_flight} | {name} | {rate:.0} | {commits:.3} | {own:.0} + {server:.0} |"
            );
        }
        let (rate, cpu) = (ours.rate / plain.rate, total(ours.cpu) / total(plain.cpu));
        println!("| {in_flight} | ratio | {rate:.2} | | {cpu:.2} |");
    }
}

fn total((own, server): (f64, f64)) -> f64 {
    own + server
}

fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    runs[runs.len() / 2]
}

async fn by_store(office: &Office<'_>, in_flight: usize, length: Duration) -> Run {
    let store = connect(office.server, &office.name).await;
    let mut admin = office.as_admin().await;
    let (commits, cpu, began) = (commits(&mut admin).await, cpu(office), Instant::now());
    let over = Arc::new(AtomicBool::new(false));
    let officer = holder("county_officer");
    let mut callers = Vec::new();
    for caller in 0..in_flight {
        let (store, over) = (store.clone(), over.clone());
        callers.push(tokio::spawn(async move {
            let mut done = 0;
            for number in (1..=CASES).skip(caller).step_by(in_flight).cycle() {
                let case = numbered(number);
                let commands =
                    [Command::Claim { task: 1 }, Command::Release { task: 1, reason: None }];
                for command in commands {
                    store.execute(Request::command(officer, case, command)).await.unwrap();
                    done += 1;
                }
                if over.load(Ordering::Relaxed) {
                    return done;
                }
            }
            done
        }));
    }
    tokio::time::sleep(length).await;
    over.store(true, Ordering::Relaxed);
    let mut done = 0;
    for caller in callers {
        done += caller.await.unwrap();
    }
    let took = began.elapsed();
    let cpu = cpu_each(office, cpu, done as f64);
    store.close().await;
    drop(store);
    let commits = self::commits(&mut admin).await - commits;
    figures(done, took, commits, cpu)
}

async fn by_pgbench(office: &Office<'_>, in_flight: usize, length: Duration) -> Run {
    let mut admin = office.as_admin().await;
    let bench = "do $$ begin
        if not exists (select from pg_roles where rolname = 'bench') then
            create role bench login password 'bench' in role parvaneh_engine;
        end if; end $$;";
    sqlx::raw_sql(bench).execute(&mut admin).await.unwrap();
    let database = &office.name;
    let grant = format!("grant connect on database {database} to bench");
    sqlx::raw_sql(sqlx::AssertSqlSafe(grant)).execute(&mut admin).await.unwrap();
    let (state, body): (String, String) = sqlx::query_as(
        "select c.state::text, e.body::text from cases c join case_events e on e.case_id = c.id
         order by e.seq desc limit 1",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PGBENCH).unwrap();
    let options = office.server.admin_options(&office.name);
    let (commits, cpu, began) = (commits(&mut admin).await, cpu(office), Instant::now());
    let mut pgbench = Program::new(pgbench_path());
    pgbench
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            &in_flight.to_string(),
            "-j",
            &in_flight.min(2).to_string(),
        ])
        .args(["-T", &length.as_secs().to_string(), "-U", "bench"])
        .args(["-h", options.get_socket().unwrap().to_str().unwrap()])
        .args(["-p", &options.get_port().to_string()])
        .args(["-D", &format!("state={state}"), "-D", &format!("body={body}")])
        .arg("-f")
        .arg(file.path())
        .arg(database)
        .env("PGPASSWORD", "bench");
    let output = tokio::task::spawn_blocking(move || pgbench.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let took = began.elapsed();
    let used = self::cpu(office);
    let done: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("number of transactions actually processed: "))
        .and_then(|count| count.trim().parse().ok())
        .filter(|done| *done > 0)
        .unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)));
    let commits = self::commits(&mut admin).await - commits;
    let each = |now: Duration, before: Duration| (now - before).as_secs_f64() * 1e6 / done as f64;
    figures(done, took, commits, (each(used.0, cpu.0), each(used.1, cpu.1)))
}

fn figures(done: u64, took: Duration, commits: i64, cpu: (f64, f64)) -> Run {
    let count = done as f64;
    Run { rate: count / took.as_secs_f64(), commits: commits as f64 / count, cpu }
}

fn pgbench_path() -> PathBuf {
    find_server(&ServerSearch::from_env()).unwrap().join("pgbench")
}

/// Commits in the database so far. A session reports its own when it ends.
async fn commits(admin: &mut PgConnection) -> i64 {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sql = "select pg_stat_clear_snapshot()::text is null, xact_commit
               from pg_stat_database where datname = current_database()";
    let (_, commits): (bool, i64) = sqlx::query_as(sql).fetch_one(admin).await.unwrap();
    commits
}

/// CPU time of this process with its ended children, and of the whole server.
fn cpu(office: &Office<'_>) -> (Duration, Duration) {
    let server = office.server.pid();
    let own = stat("self").map_or(0, |stat| stat.1);
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name();
        if let Some((parent, used)) = name.to_str().and_then(stat)
            && (parent == server || name.to_str() == Some(&server.to_string()))
        {
            ticks += used;
        }
    }
    (Duration::from_millis(own * 10), Duration::from_millis(ticks * 10))
}

/// Microseconds each of `count` since `before`: on this side, and on that of the server.
fn cpu_each(office: &Office<'_>, before: (Duration, Duration), count: f64) -> (f64, f64) {
    let now = cpu(office);
    let each = |now: Duration, before: Duration| (now - before).as_secs_f64() * 1e6 / count;
    (each(now.0, before.0), each(now.1, before.1))
}

/// The parent of a process, and the clock ticks (hundredths) that it and its ended children used.
fn stat(pid: &str) -> Option<(i32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some((fields.get(1)?.parse().ok()?, ticks))
}

/// How far the server's write-ahead log has come, in bytes.
async fn written(office: &Office<'_>) -> f64 {
    sqlx::query_scalar("select (pg_current_wal_lsn() - '0/0')::float8")
        .fetch_one(&mut office.as_admin().await)
        .await
        .unwrap()
}

/// Everything falls due at once, and is worked off.
async fn drain(server: &PrivatePostgres) {
    println!("\n{DUE} cases fall due at once, one level each:\n");
    println!("| workers | escalations/s | CPU µs each | log bytes each |");
    println!("| --- | --- | --- | --- |");
    for workers in [1, 2] {
        let office = Office::sandbox(server, &format!("drain_{workers}")).await;
        open_cases(&office.store, DUE).await;
        office.vacuum().await;
        for _ in 0..2 {
            let due = office.store.next_due().await.unwrap().unwrap();
            office.store.sandbox_clock().set_frozen(due).await.unwrap();
            let wal = written(&office).await;
            let (before, began) = (cpu(&office), Instant::now());
            let mut working = Vec::new();
            for _ in 0..workers {
                let store = office.store.clone();
                working.push(tokio::spawn(async move {
                    let mut fired = 0;
                    loop {
                        let outcome = store.tick_due(400).await.unwrap();
                        let events = outcome.done.iter().flat_map(|done| &done.events);
                        fired += events
                            .filter(|event| matches!(event.fact, Fact::Escalated { .. }))
                            .count();
                        if outcome.claimed == 0 {
                            return fired;
                        }
                    }
                }));
            }
            let mut fired = 0;
            for worker in working {
                fired += worker.await.unwrap();
            }
            assert_eq!(fired, DUE);
            let rate = fired as f64 / began.elapsed().as_secs_f64();
            let (own, on_server) = cpu_each(&office, before, fired as f64);
            let wal = (written(&office).await - wal) / fired as f64;
            println!("| {workers} | {rate:.0} | {own:.0} + {on_server:.0} | {wal:.0} |");
        }
    }
}

/// A definition whose terms are hours, so that cases fall due one after the other.
const HOURLY: &str = "
workflow: hourly
version: 1
title: { fa: آزمایش, en: Measurement }
basis: a measurement
opens_at: county
calendar: ir
statutory:
  term: 60 d
  starts: opened
  basis: a measurement
roles:
  county_officer:
    at: county
    title: { fa: کارشناس, en: Officer }
    may: [open, assign]
steps:
  only:
    title: { fa: مرحله, en: Step }
    owner: county_officer
    term: 1 h
    basis: a measurement
    escalate:
      - { after: 0 h, tell: [owner] }
    actions:
      end: { title: { fa: پایان, en: End }, to: done }
ends:
  done: { title: { fa: پایان, en: Done }, decision: yes, outcome: refused }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

/// From the instant at which something is due to the one at which the worker has it on disk.
async fn latency(server: &PrivatePostgres) {
    const COUNT: usize = 2_000;
    let office = Office::sandbox(server, "latency").await;
    office.store.publish_definition(&"hourly".into(), 1, HOURLY).await.unwrap();
    let clock = office.store.sandbox_clock();
    clock.set_frozen(start()).await.unwrap();
    for number in 1..=COUNT {
        clock.advance(TimeDelta::milliseconds(5)).await.unwrap();
        office.store.execute(opening(numbered(number), "hourly")).await.unwrap();
    }
    let due = office.store.next_due().await.unwrap().unwrap();
    clock.set_frozen(due - TimeDelta::seconds(2)).await.unwrap();
    clock.run().await.unwrap();
    let (before, now) = (Instant::now(), office.store.now().await.unwrap());
    let zero = before + before.elapsed() / 2;
    let ended = now + TimeDelta::seconds(2 + 5 * COUNT as i64 / 1_000 + 1);
    let mut late = Vec::new();
    let mut listener = office.store.listen_due().await.unwrap();
    while late.len() < COUNT {
        let outcome = office.store.tick_due(200).await.unwrap();
        let at = now + TimeDelta::from_std(zero.elapsed()).unwrap();
        for event in outcome.done.iter().flat_map(|done| &done.events) {
            late.push((at - event.effective_at).num_microseconds().unwrap());
        }
        assert!(at < ended, "only {} of {COUNT}", late.len());
        let Some(next) = office.store.next_due().await.unwrap() else { continue };
        let left = next - (now + TimeDelta::from_std(zero.elapsed()).unwrap());
        let wait = left.to_std().unwrap_or_default().min(Duration::from_secs(3));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            heard = listener.recv() => heard.unwrap(),
        }
    }
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    println!(
        "\nFrom due to on disk, {COUNT} cases one after the other, one each 5 ms, one worker:"
    );
    println!("p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", at(0.5), at(0.99), at(1.0));
}
