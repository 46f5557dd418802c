//! What sealing costs those who write, and whether it keeps up, on one private Postgres in one run:
//! `cargo bench -p parvaneh-tests --bench seal [-- SECONDS]`.
//!
//! Whether it keeps up is tried with `pgbench`, which comes at a steady rate; what it costs, with the engine's own
//! transitions, before there was a log and with it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]
#![allow(clippy::disallowed_methods, reason = "it measures by the machine's own clock")]

#[path = "../it/store_fixture.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod store_fixture;

use std::{
    process::{Command as Program, Stdio},
    time::{Duration, Instant},
};

use parvaneh_core::{CaseId, Command, timeline};
use parvaneh_store::{
    Founding, Request, Store, StoreOptions,
    embedded::{PrivatePostgres, ServerSearch, find_server},
};
use parvaneh_worker::{
    Shutdown,
    seal::{self, Sealing},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use store_fixture::{furnish, holder, open_request, start};

/// How many cases the load is spread over, each with a state of a usual size.
const CASES: usize = 10_000;
/// How many events wait when it is measured how fast they are sealed.
const WAITING: usize = 200_000;

/// As tests/benches/store.rs: the case, one event, the task.
const TRANSITION: &str = r"\set i random(1, 10000)
with c as (
    update cases set seq = seq + 1, prev_seq = seq, state = :state::json, recorded_at = clock_timestamp()
    where id = ('01900000-0000-7000-8000-' || lpad(to_hex(:i::int), 12, '0'))::uuid
    returning id, seq
), e as (
    insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
    select id, seq, 'claimed', clock_timestamp(), clock_timestamp(), id, :body::json, sha256(seq::text::bytea) from c
)
update tasks t set assignee = case when t.assignee is null then c.id end, claimed_at = clock_timestamp()
from c where t.case_id = c.id and t.no = 1;
";

/// As it was before there was a log.
const WITHOUT: &str = "
    drop index case_events_by_xid;
    alter table case_events alter column xid drop default";

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::Builder::new().prefix("parvaneh-bench").tempdir().unwrap();
        let server =
            PrivatePostgres::start(folder.path(), &ServerSearch::from_env()).await.unwrap();
        chains();
        keeps_up(&server, seconds).await;
        by_turns(&server, seconds).await;
        server.stop().await.unwrap();
    });
}

/// What it costs to bring an event into its canonical form and to chain it.
fn chains() {
    let body = serde_json::json!({
        "actor": "01900000-0000-7000-8000-000000000001", "effective_at": "2024-03-20T08:30:00Z",
        "fact": { "comment": "ب".repeat(100), "type": "commented" }, "recorded_at": "2024-03-20T08:30:00Z", "seq": 7,
    });
    let (began, rounds) = (Instant::now(), 200_000);
    let last = (0..rounds).fold(timeline::GENESIS, |last, _| {
        let bytes = timeline::canonical_json(std::hint::black_box(&body));
        timeline::chain(&last, bytes.as_bytes())
    });
    std::hint::black_box(last);
    let each = began.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("an event is brought into its canonical form and chained in {each:.2} µs");
}

struct Place<'s> {
    server: &'s PrivatePostgres,
    name: &'static str,
    store: Store,
}

impl<'s> Place<'s> {
    async fn new(server: &'s PrivatePostgres, name: &'static str) -> Self {
        server.ensure_database(name).await.unwrap();
        Store::migrate(&server.owner_options(name), Founding::Sandbox).await.unwrap();
        let options = server.app_options(name);
        let store = Store::connect(options, StoreOptions::default()).await.unwrap();
        let place = Self { server, name, store };
        place
            .run(&format!(
                "do $$ begin
                     if not exists (select from pg_roles where rolname = 'bench') then
                         create role bench login password 'bench' in role parvaneh_engine;
                     end if;
                 end $$;
                 grant connect on database {name} to bench;
                 insert into units (id, level, title_fa, title_en) values ('ir', 'national', 'ایران', 'Iran');
                 insert into definitions (workflow, version, hash, source, title_fa, title_en, published_at)
                 values ('w', 1, repeat('0', 64), '', 'w', 'w', now());
                 insert into cases (id, workflow, version, unit_id, applicant, subject, seq, prev_seq, head_hash,
                                    state, step, suspended, opened_at, recorded_at)
                 select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'w', 1, 'ir',
                        gen_random_uuid(), 'x', 1, 0, sha256(''), '{{}}', 's', false, now(), now()
                 from generate_series(1, {CASES}) n;
                 insert into case_events (case_id, seq, kind, effective_at, recorded_at, body, hash)
                 select id, 1, 'opened', now(), now(), '{{}}', sha256('') from cases;
                 insert into tasks (case_id, no, step, purpose, owner_role, unit_id, opened_at)
                 select id, 1, 's', 'act', 'r', 'ir', now() from cases"
            ))
            .await;
        place
    }

    async fn run(&self, sql: &str) {
        let mut admin =
            PgConnection::connect_with(&self.server.admin_options(self.name)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.unwrap();
    }

    /// Transitions a second, of so many writers at once, of no more than `most`.
    async fn transitions(&self, in_flight: usize, seconds: u64, most: u32) -> f64 {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TRANSITION).unwrap();
        let options = self.server.admin_options(self.name);
        let mut pgbench =
            Program::new(find_server(&ServerSearch::from_env()).unwrap().join("pgbench"));
        pgbench
            .args(["-n", "-M", "prepared", "-c", &in_flight.to_string(), "-j", "2"])
            .args(["-T", &seconds.to_string(), "-U", "bench"])
            .env("PGPASSWORD", "bench")
            .args(["-h", options.get_socket().unwrap().to_str().unwrap()])
            .args(["-p", &options.get_port().to_string()])
            .args(["-D", &format!("state=\"{}\"", "s".repeat(1_500))])
            .args(["-D", &format!("body=\"{}\"", "b".repeat(300))])
            .arg("-f")
            .arg(file.path());
        pgbench.args(["-R", &most.to_string()]);
        pgbench.arg(self.name).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || pgbench.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines()
            .find_map(|line| line.strip_prefix("tps = "))
            .and_then(|rate| rate.split(' ').next()?.parse().ok())
            .unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)))
    }

    async fn settle(&self) {
        self.run("vacuum analyze").await;
        self.run("checkpoint").await;
    }
}

/// How fast what waits is sealed; and how long an event waits while 5,000 come each second.
async fn keeps_up(server: &PrivatePostgres, seconds: u64) {
    let place = Place::new(server, "keeps_up").await;
    place
        .run(&format!(
            "insert into case_events (case_id, seq, kind, effective_at, recorded_at, body, hash)
             select gen_random_uuid(), 1, 'opened', now(), now(), '{{}}', sha256(n::text::bytea)
             from generate_series(1, {WAITING}) n"
        ))
        .await;
    place.settle().await;
    let (began, mut added) = (Instant::now(), 0);
    loop {
        let sealed = place.store.seal_once().await.unwrap();
        added += sealed.added;
        if !sealed.more {
            break;
        }
    }
    let rate = added as f64 / began.elapsed().as_secs_f64();
    println!("{added} events that wait are sealed: {rate:.0} a second");

    let (stop, shutdown) = Shutdown::new();
    let store = place.store.clone();
    let sealing =
        tokio::spawn(async move { seal::run(&store, &Sealing::default(), shutdown).await });
    let rate = place.transitions(8, seconds * 2, 5_000).await;
    let began = Instant::now();
    while place.store.log_standing().await.unwrap().unsealed_for > Duration::ZERO {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "{rate:.0} come a second: the last is sealed {:.2} s after the writers end",
        began.elapsed().as_secs_f64()
    );
    stop.now();
    sealing.await.unwrap();
    place.store.close().await;
}

/// An office of the engine's own with its cases.
async fn office<'s>(server: &'s PrivatePostgres, name: &'static str) -> Place<'s> {
    server.ensure_database(name).await.unwrap();
    Store::migrate(&server.owner_options(name), Founding::Sandbox).await.unwrap();
    let options = server.app_options(name);
    let store = Store::connect(options, StoreOptions::default()).await.unwrap();
    furnish(&store).await.unwrap();
    store.sandbox_clock().set_frozen(start()).await.unwrap();
    let all: Vec<_> = (1..=CASES).map(|number| open_request(numbered(number))).collect();
    for chunk in all.chunks(1_000) {
        for verdict in store.execute_batch(chunk.to_vec()).await {
            verdict.unwrap();
        }
    }
    Place { server, name, store }
}

/// A case by its number.
fn numbered(number: usize) -> CaseId {
    CaseId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number as u128))
}

/// Transitions a second of the engine: so many officers take tasks and give them back.
async fn worked(store: &Store, in_flight: usize, seconds: u64) -> f64 {
    let (began, length) = (Instant::now(), Duration::from_secs(seconds));
    let officers: Vec<_> = (0..in_flight)
        .map(|first| {
            let store = store.clone();
            tokio::spawn(async move {
                let officer = holder("county_officer");
                let mut done = 0_u64;
                for number in (1..=CASES).skip(first).step_by(in_flight).cycle() {
                    if began.elapsed() >= length {
                        break;
                    }
                    let release = Command::Release { task: 1, reason: None };
                    for command in [Command::Claim { task: 1 }, release] {
                        let request = Request::command(officer, numbered(number), command);
                        store.execute(request).await.unwrap();
                        done += 1;
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for officer in officers {
        done += officer.await.unwrap();
    }
    done as f64 / began.elapsed().as_secs_f64()
}

/// The engine before there was a log, with its column and index, and while it is sealed; by turns, so that a noisy
/// neighbour disturbs all.
async fn by_turns(server: &PrivatePostgres, seconds: u64) {
    let before = office(server, "before_log").await;
    before.run(WITHOUT).await;
    let written = office(server, "written").await;
    let sealed = office(server, "sealed").await;
    while sealed.store.seal_once().await.unwrap().more {}
    println!("\n| in flight | before | with column and index | while it is sealed | ratios |");
    println!("| --- | --- | --- | --- | --- |");
    for in_flight in [8, 32] {
        let mut rates = [Vec::new(), Vec::new(), Vec::new()];
        for place in [&before, &written, &sealed] {
            place.settle().await;
        }
        for _ in 0..5 {
            rates[0].push(worked(&before.store, in_flight, seconds).await);
            rates[1].push(worked(&written.store, in_flight, seconds).await);
            let (stop, shutdown) = Shutdown::new();
            let store = sealed.store.clone();
            let sealing =
                tokio::spawn(async move { seal::run(&store, &Sealing::default(), shutdown).await });
            rates[2].push(worked(&sealed.store, in_flight, seconds).await);
            stop.now();
            sealing.await.unwrap();
        }
        let [before, written, sealed] = rates.map(|mut rates| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        });
        println!(
            "| {in_flight} | {before:.0} | {written:.0} | {sealed:.0} | {:.2}, {:.2} |",
            written / before,
            sealed / before
        );
    }
}
