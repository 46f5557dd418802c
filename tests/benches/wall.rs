//! What the second wall costs, beside the same without it, in one run:
//! `cargo bench -p parvaneh-tests --bench wall [-- CASES]`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]
#![allow(clippy::disallowed_methods, reason = "it measures by the machine's own clock")]

#[path = "../it/store_fixture.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod store_fixture;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use parvaneh_core::{CaseId, Command, Grant};
use parvaneh_store::{
    CasesQuery, Founding, OnTimeBy, OnTimeQuery, Request, Store, StoreOptions, Viewer,
    WorklistQuery,
    embedded::{PrivatePostgres, ServerSearch},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use store_fixture::{COUNTY, PROVINCE, furnish, holder, new_case, open_request, start};

const DATABASE: &str = "wall";
/// How often each read is made, with and without the wall by turns.
const TURNS: usize = 40;

/// Copies of the first case with its event and its task, one after the other over all counties. Of each
/// three, two have ended, within a year.
const FILL: &str = "
    create temporary table made as
    select n, gen_random_uuid() as id, counties.ids[1 + n % cardinality(counties.ids)] as unit
    from generate_series(1, {cases}) n,
         (select array_agg(id order by id) as ids from units where level = 'county') counties;
    insert into cases
    select m.id, c.workflow, c.version, m.unit, gen_random_uuid(), c.subject, c.seq, c.prev_seq,
           c.head_hash, c.state, c.step, false, c.opened_at, c.recorded_at, null,
           case when m.n % 3 = 0 then c.opened_at + m.n % 90 * interval '1 day' else c.deadline_at end,
           c.opened_at + m.n % 90 * interval '1 day',
           case when m.n % 3 > 0 then c.opened_at + m.n % 365 * interval '1 day' end,
           case when m.n % 3 > 0 then 'granted' end, case when m.n % 3 > 0 then true end,
           case when m.n % 3 > 0 then false end
    from made m, (select * from cases limit 1) c;
    insert into case_events
    select m.id, e.seq, e.kind, e.effective_at, e.recorded_at, e.actor, e.body, e.hash
    from made m, case_events e where e.case_id = (select case_id from case_events limit 1);
    insert into tasks (case_id, no, step, purpose, owner_role, unit_id, opened_at, due_at, closed_at, outcome)
    select m.id, 1, t.step, t.purpose, t.owner_role, m.unit, t.opened_at,
           t.opened_at + m.n % 365 * interval '1 day',
           case when m.n % 3 > 0 then t.opened_at + interval '1 day' end,
           case when m.n % 3 > 0 then 'accept' end
    from made m, (select * from tasks limit 1) t;
    drop table made;";

fn main() {
    let cases = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(200_000);
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
    let mut admin = PgConnection::connect_with(&server.admin_options(DATABASE)).await.unwrap();
    let fill = FILL.replace("{cases}", &cases.to_string());
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut admin).await.unwrap();
    sqlx::raw_sql("vacuum analyze").execute(&mut admin).await.unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{cases} cases; load {}", load.trim());

    writes(&store, &mut admin, case).await;
    // The first one has a long timeline by now.
    let case = store.execute(open_request(new_case())).await.unwrap().case.id;
    for (name, role, unit) in [
        ("a county", "county_officer", COUNTY),
        ("a province", "secretariat", PROVINCE),
        ("the nation", "national_monitor", "ir"),
    ] {
        let person = holder(name);
        store.save_people(vec![(person, name.to_owned())]).await.unwrap();
        // A county's officer elsewhere too: the worklist of each is that of its counties.
        let grants = [role, "county_officer"]
            .map(|role| (person, Grant { role: role.into(), unit: unit.into() }));
        store.grant(grants.to_vec()).await.unwrap();
        let viewer = store.viewer(person).await.unwrap().unwrap();
        reads(&store, &viewer, name, case).await;
    }
}

/// The hot statement with row security and without, by turns.
async fn writes(store: &Store, admin: &mut PgConnection, case: CaseId) {
    let mut took = [Vec::new(), Vec::new()];
    let tables: Vec<String> =
        sqlx::query_scalar("select relname::text from pg_class where relrowsecurity")
            .fetch_all(&mut *admin)
            .await
            .unwrap();
    let officer = holder("county_officer");
    for turn in 0..6 {
        let walled = turn % 2 == 0;
        let how = if walled { "enable" } else { "disable" };
        for table in &tables {
            let sql = format!("alter table {table} {how} row level security");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *admin).await.unwrap();
        }
        for number in 0..1_200 {
            let command = match number % 2 {
                0 => Command::Claim { task: 1 },
                _ => Command::Release { task: 1, reason: None },
            };
            let began = Instant::now();
            store.execute(Request::command(officer, case, command)).await.unwrap();
            // The first ones plan.
            if number >= 200 {
                took[usize::from(walled)].push(began.elapsed());
            }
        }
    }
    for table in &tables {
        let sql = format!("alter table {table} enable row level security");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *admin).await.unwrap();
    }
    let [without, with] = took;
    tell("a transition, one caller", without, with);
}

async fn reads(store: &Store, viewer: &Viewer, whose: &str, case: CaseId) {
    let walled = store.reading_as(viewer);
    let figures = store.reading_within(&viewer.organisation, &viewer.reach);
    let worklist = WorklistQuery::of(viewer.actor.person);
    let list = CasesQuery { reach: Some(viewer.reach.clone()), ..CasesQuery::default() };
    let unit = viewer.actor.grants.first().map(|grant| grant.unit.clone());
    let year = OnTimeQuery {
        period: start()..start() + TimeDelta::days(365),
        by: OnTimeBy::Unit,
        workflow: None,
        within: unit,
    };
    let mut found = Vec::new();
    for kind in ["worklist", "cases", "case file", "timeline", "figures of a year"] {
        let mut took = [Vec::new(), Vec::new()];
        for turn in 0..2 * TURNS + 12 {
            let with = turn % 2 == 1;
            let store = match (with, kind) {
                (false, _) => store,
                (true, "figures of a year") => &figures,
                (true, _) => &walled,
            };
            let began = Instant::now();
            let rows = match kind {
                "worklist" => store.worklist(&worklist).await.unwrap().items.len(),
                "cases" => store.cases(&list).await.unwrap().len(),
                "case file" => store.case_file(case).await.unwrap().tasks.len(),
                "timeline" => store.timeline(case).await.unwrap().entries.len(),
                _ => store.on_time(&year).await.unwrap().rows.len(),
            };
            found.push(rows);
            if turn >= 12 {
                took[usize::from(with)].push(began.elapsed());
            }
        }
        assert!(found.windows(2).all(|two| two[0] == two[1]), "{kind}: {found:?}");
        found.clear();
        let [without, with] = took;
        tell(&format!("{kind}, {whose}"), without, with);
    }
}

fn tell(what: &str, mut without: Vec<Duration>, mut with: Vec<Duration>) {
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let (without, with) = (median(&mut without), median(&mut with));
    println!("{what:36} {without:8.3} ms without, {with:8.3} ms with: {:.2}", with / without);
}
