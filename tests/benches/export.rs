//! How fast timelines are exported, beside `COPY` of the same rows, in one run:
//! `cargo bench -p parvaneh-tests --bench export [-- CASES]`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]
#![allow(clippy::disallowed_methods, reason = "it measures by the machine's own clock")]

#[path = "../it/store_fixture.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod store_fixture;

use std::time::Instant;

use futures_util::StreamExt;
use parvaneh_core::{Command, Grant};
use parvaneh_export::{Format, Options};
use parvaneh_store::{
    ExportScope, Founding, NewExport, Request, Store, StoreOptions,
    embedded::{PrivatePostgres, ServerSearch},
};
use parvaneh_worker::{
    Shutdown,
    export::{self, Makers, Sink},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use store_fixture::{PROVINCE, act, comment, furnish, holder, new_case, open_request, start};

const DATABASE: &str = "export";
const TURNS: usize = 3;

/// Copies of the first case with all its events.
const FILL: &str = "
    create temporary table made as
    select n, gen_random_uuid() as id, counties.ids[1 + n % cardinality(counties.ids)] as unit
    from generate_series(1, {cases}) n,
         (select array_agg(id order by id) as ids from units where level = 'county') counties;
    insert into cases
    select m.id, c.workflow, c.version, m.unit, gen_random_uuid(), c.subject, c.seq, c.prev_seq,
           c.head_hash, c.state, c.step, false, c.opened_at, c.recorded_at, null, c.deadline_at,
           c.raw_deadline_at, null, null, null, null
    from made m, (select * from cases limit 1) c;
    insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
    select m.id, e.seq, e.kind, e.effective_at, e.recorded_at, e.actor, e.body, e.hash
    from made m, case_events e where e.case_id = (select case_id from case_events limit 1);
    drop table made;";

struct Counted(u64);

impl Sink for Counted {
    async fn put(&mut self, piece: Vec<u8>) -> Result<(), String> {
        self.0 += piece.len() as u64;
        Ok(())
    }
}

fn main() {
    let cases = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::Builder::new().prefix("parvaneh-bench").tempdir().unwrap();
        let server =
            PrivatePostgres::start(folder.path(), &ServerSearch::from_env()).await.unwrap();
        measure(&server, cases).await;
        server.stop().await.unwrap();
    });
}

async fn measure(server: &PrivatePostgres, cases: usize) {
    server.ensure_database(DATABASE).await.unwrap();
    Store::migrate(&server.owner_options(DATABASE), Founding::Sandbox).await.unwrap();
    let store =
        Store::connect(server.app_options(DATABASE), StoreOptions::default()).await.unwrap();
    furnish(&store).await.unwrap();
    store.sandbox_clock().set_frozen(start()).await.unwrap();
    let case = store.execute(open_request(new_case())).await.unwrap().case.id;
    let officer = holder("county_officer");
    let steps = [Command::Claim { task: 1 }, comment("مدارک کامل است"), act("accept")];
    for command in steps.into_iter().chain((0..6).map(|_| comment("در دست بررسی"))) {
        store.execute(Request::command(officer, case, command)).await.unwrap();
    }
    let mut admin = PgConnection::connect_with(&server.admin_options(DATABASE)).await.unwrap();
    let fill = FILL.replace("{cases}", &cases.to_string());
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut admin).await.unwrap();
    sqlx::raw_sql("vacuum analyze").execute(&mut admin).await.unwrap();
    let events: i64 =
        sqlx::query_scalar("select count(*) from case_events").fetch_one(&mut admin).await.unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{cases} cases, {events} events; load {}", load.trim());
    for (name, unit) in [("the nation", "ir"), ("a province", PROVINCE)] {
        let auditor = holder(name);
        store.save_people(vec![(auditor, name.to_owned())]).await.unwrap();
        let grant = Grant { role: "auditor".into(), unit: unit.into() };
        store.grant(vec![(auditor, grant)]).await.unwrap();
    }
    let mut copied = Vec::new();
    for turn in 0..TURNS {
        for form in ["text", "csv", "binary"] {
            let (rate, bytes) = copy(&mut admin, events, form).await;
            println!("{turn} copy, {form}: {rate:.0} rows/s, {bytes} bytes");
            if form == "text" {
                copied.push(rate);
            }
        }
        for format in [Format::Jsonl, Format::Csv, Format::Xes] {
            let rate = exported(&store, "the nation", format, turn).await;
            println!("{turn} {format}: ratio {:.2}", rate / copied[turn]);
        }
        if turn == 0 {
            for format in [Format::Ocel, Format::Xlsx] {
                exported(&store, "the nation", format, turn).await;
            }
            exported(&store, "a province", Format::Csv, turn).await;
        }
    }
}

/// The same columns of all events in the order of their key, and away with them.
async fn copy(admin: &mut PgConnection, events: i64, form: &str) -> (f64, u64) {
    let statement = format!(
        "copy (select case_id, seq, kind, effective_at, recorded_at, body, hash from case_events
               order by case_id, seq) to stdout (format {form})"
    );
    let begun = Instant::now();
    let mut bytes = 0;
    let mut rows = admin.copy_out_raw(&statement).await.unwrap();
    while let Some(row) = rows.next().await {
        bytes += row.unwrap().len() as u64;
    }
    (events as f64 / begun.elapsed().as_secs_f64(), bytes)
}

async fn exported(store: &Store, asker: &str, format: Format, turn: usize) -> f64 {
    let row = store
        .begin_export(NewExport {
            id: Uuid::now_v7(),
            asker: holder(asker),
            scope: ExportScope::default(),
            format: format.name().to_owned(),
            options: json!(Options::default()),
            reason: "measured".to_owned(),
            streamed: true,
        })
        .await
        .unwrap();
    let (_stop, shutdown) = Shutdown::new();
    let mut counted = Counted(0);
    let begun = Instant::now();
    let done = export::write(store, &Makers::default(), &row, &mut counted, &shutdown, |_| {})
        .await
        .unwrap();
    let rate = done.events as f64 / begun.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{turn} {format} of {asker}: {rate:.0} rows/s, {} bytes; {most}", counted.0);
    store.end_export(&row, done, None).await.unwrap();
    rate
}
