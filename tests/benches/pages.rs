//! How long the pages take over many cases: `cargo bench -p parvaneh-tests --bench pages [-- CASES] [NAME...] [in=FOLDER]`.
//! With a folder, the database that stands there is taken, or left there for the next time.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]
#![allow(clippy::disallowed_methods, reason = "it measures by the machine's own clock")]

#[path = "../it/store_fixture.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod store_fixture;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use parvaneh_core::{CaseId, Grant, WorkflowId};
use parvaneh_store::{
    Founding, NewSession, Store, StoreOptions,
    embedded::{PrivatePostgres, ServerSearch},
};
use parvaneh_web::{App, Limits, Settings, auth::Secret};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::TcpListener;
use uuid::Uuid;

use store_fixture::{COUNTY, furnish, holder, new_case, open_request, start};

const DATABASE: &str = "pages";
const FILL: &str = include_str!("pages/fill.sql");
/// How often each page is asked for, one after the other; the first ones plan and warm up.
const TURNS: usize = 60;
const FIRST: usize = 8;

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let cases = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let kept = words.iter().find_map(|word| word.strip_prefix("in=").map(PathBuf::from));
    let named: Vec<String> = words
        .into_iter()
        .filter(|word| word.parse::<usize>().is_err() && !word.contains('='))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let temporary = tempfile::Builder::new().prefix("parvaneh-bench").tempdir().unwrap();
        let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
        std::fs::create_dir_all(&folder).unwrap();
        let server = PrivatePostgres::start(&folder, &ServerSearch::from_env()).await.unwrap();
        let store = filled(&server, cases).await;
        let pid = std::fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap();
        let postmaster = pid.lines().next().unwrap().trim().parse().unwrap();
        measure(&server, &store, &named, postmaster).await;
        store.close().await;
        server.stop().await.unwrap();
    });
}

/// A store over so many cases.
async fn filled(server: &PrivatePostgres, cases: usize) -> Store {
    server.ensure_database(DATABASE).await.unwrap();
    Store::migrate(&server.owner_options(DATABASE), Founding::Sandbox).await.unwrap();
    let store =
        Store::connect(server.app_options(DATABASE), StoreOptions::default()).await.unwrap();
    let mut admin = PgConnection::connect_with(&server.admin_options(DATABASE)).await.unwrap();
    let there: i64 =
        sqlx::query_scalar("select count(*) from definitions").fetch_one(&mut admin).await.unwrap();
    let begun = Instant::now();
    if there == 0 {
        furnish(&store).await.unwrap();
        publish(&store).await;
        // The last of three years and two weeks, so that what stands in figures has its year before.
        store.sandbox_clock().set_frozen(start() + TimeDelta::days(945)).await.unwrap();
        store.execute(open_request(new_case())).await.unwrap();
        let fill = FILL.replace("{cases}", &cases.to_string());
        sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut admin).await.unwrap();
        println!("filled in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let begun = Instant::now();
    while store.fold_figures(50_000).await.unwrap() > 0 {}
    println!("summed in {:.0} s", begun.elapsed().as_secs_f64());
    if there == 0 {
        sqlx::raw_sql("vacuum analyze").execute(&mut admin).await.unwrap();
        sqlx::raw_sql("checkpoint").execute(&mut admin).await.unwrap();
    }
    let told: (i64, i64, i64, String) = sqlx::query_as(
        "select count(*), count(*) filter (where ended_at is null),
                count(*) filter (where ended_at is null and deadline_at < engine_now()),
                pg_size_pretty(pg_database_size(current_database())) from cases",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    println!("{} cases, of which {} run and {} are late now; {}", told.0, told.1, told.2, told.3);
    store
}

/// The other definitions that are shipped.
async fn publish(store: &Store) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let Ok(source) = std::fs::read_to_string(entry.path().join("v1.yaml")) else { continue };
        let name = WorkflowId::from(entry.file_name().to_str().unwrap());
        store.publish_definition(&name, 1, &source).await.unwrap();
    }
}

/// Somebody with a session.
async fn enters(store: &Store, name: &str, grants: &[(&str, &str)]) -> String {
    let person = holder(name);
    store.save_people(vec![(person, name.to_owned())]).await.unwrap();
    let grants =
        grants.iter().map(|(role, unit)| Grant { role: (*role).into(), unit: (*unit).into() });
    store.grant(grants.map(|grant| (person, grant)).collect()).await.unwrap();
    store.save_account(person, &name.replace(' ', ".")).await.unwrap();
    let secret = Secret::new().unwrap();
    let session = NewSession {
        id: new_case().0,
        secret_hash: secret.hash(),
        person,
        lasts: Duration::from_secs(24 * 60 * 60),
        agent: None,
        address: None,
    };
    store.begin_session(session).await.unwrap();
    format!("parvaneh={}", secret.reveal())
}

async fn measure(server: &PrivatePostgres, store: &Store, named: &[String], postmaster: i32) {
    let officer = enters(store, "county_officer", &[("county_officer", COUNTY)]).await;
    let province = enters(
        store,
        "of a province",
        &[("county_officer", "23"), ("manager", "23"), ("auditor", "23")],
    )
    .await;
    let nation = enters(
        store,
        "of the nation",
        &[("county_officer", "ir"), ("manager", "ir"), ("auditor", "ir")],
    )
    .await;
    let mut admin = PgConnection::connect_with(&server.admin_options(DATABASE)).await.unwrap();
    let running: Vec<Uuid> = sqlx::query_scalar(
        "select id from cases where ended_at is null and unit_id = $1 and workflow = 'ngo-establishment'
         order by md5(id::text) limit 200",
    )
    .bind(COUNTY)
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app =
        App::new(store.clone(), Settings { limits: Limits::UNLIMITED, ..Settings::default() });
    tokio::spawn(parvaneh_web::serve(listener, app, std::future::pending()));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "load {}\n\n| page | of | p50 | p99 | CPU: program + Postgres | KB |\n| --- | --- | --- | --- | --- | --- |",
        load.trim()
    );
    let everybody = [("a county", &officer), ("a province", &province), ("the nation", &nation)];
    for (page, path) in [
        ("worklist", "/worklist"),
        ("worklist by deadline", "/worklist?order=deadline"),
        ("case", "/cases/CASE"),
        ("dashboard", "/dashboard"),
        ("dashboard of a month", "/dashboard?month=7"),
        ("dashboard of work", "/dashboard/work"),
        ("cases", "/cases"),
        ("late cases", "/cases?state=late"),
        ("cases by code", "/cases?text=CODE"),
        ("cases by text", "/cases?text=%D9%85%D9%87%D8%B1"),
        ("cases by rare text", "/cases?text=nothing%20like%20it"),
        ("audit", "/audit"),
        ("audit of a month", "/audit?since=1405/06/01&until=1405/06/31"),
    ] {
        if !named.is_empty() && !named.iter().any(|name| name == page) {
            continue;
        }
        for (whose, cookie) in everybody {
            // Figures and timelines are of whoever answers for a unit.
            if whose == "a county" && (page.starts_with("dashboard") || page.starts_with("audit")) {
                continue;
            }
            let paths: Vec<String> = running
                .iter()
                .map(|case| {
                    let case = CaseId(*case).to_string();
                    path.replace("CASE", &case).replace("CODE", &case[case.len() - 12..])
                })
                .collect();
            let url = format!("http://{address}");
            tell(page, whose, &url, cookie, &paths, postmaster).await;
        }
    }
}

/// Asks for a page, again and again, and says how long it took with its way over the loopback.
async fn tell(page: &str, whose: &str, url: &str, cookie: &str, paths: &[String], postmaster: i32) {
    let client = reqwest::Client::new();
    let (mut took, mut size) = (Vec::new(), 0);
    let begun = Instant::now();
    let mut before = (0, 0);
    for (turn, path) in paths.iter().cycle().take(TURNS).enumerate() {
        // What takes seconds is not asked for a minute.
        if turn > FIRST + 4 && begun.elapsed() > Duration::from_secs(20) {
            break;
        }
        if turn == FIRST {
            before = cpu(postmaster);
        }
        let asked = Instant::now();
        let request = client
            .get(format!("{url}{path}"))
            .header("cookie", cookie)
            .header("accept", "text/html");
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.bytes().await.unwrap());
        if turn >= FIRST {
            took.push(asked.elapsed());
        }
        if status == 503 || status == 422 {
            println!(
                "| {page} | {whose} | given up after {:.1} s | | | |",
                asked.elapsed().as_secs_f64()
            );
            return;
        }
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        size = body.len();
    }
    let after = cpu(postmaster);
    // A tick is 10 ms.
    let each = |ticks: u64| ticks as f64 * 10.0 / took.len() as f64;
    let (program, server) = (each(after.0 - before.0), each(after.1.saturating_sub(before.1)));
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "| {page} | {whose} | {:.1} ms | {:.1} ms | {program:.1} + {server:.1} ms | {} |",
        at(0.5),
        at(0.99),
        size / 1000
    );
}

/// CPU time so far, in ticks: of this program with its caller, and of the server's processes. On a machine that is busy with
/// other work it says more than the time that passed.
fn cpu(postmaster: i32) -> (u64, u64) {
    let fields = |process: &str| -> Vec<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let behind_its_name = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        behind_its_name.map(|field| field.parse().unwrap_or(0)).collect()
    };
    let own = |fields: &[u64]| fields.get(11..13).map_or(0, |times| times.iter().sum());
    let parent = u64::try_from(postmaster).unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let server = names
        .filter(|name| name.parse::<u32>().is_ok())
        .map(|name| fields(&name))
        .filter(|fields| fields.get(1) == Some(&parent))
        .map(|fields| own(&fields))
        .sum();
    (own(&fields("self")), server)
}
