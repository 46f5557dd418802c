//! How much of the store's rate the API keeps: the same things asked of the store and through HTTP, by
//! turns, on one private Postgres in one run: `cargo bench -p parvaneh-tests --bench api [-- SECONDS] [WHAT]`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]
#![allow(clippy::disallowed_methods, reason = "it measures by the machine's own clock")]

#[path = "../it/store_fixture.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod store_fixture;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use parvaneh_core::{CaseId, Command, PersonId};
use parvaneh_store::{
    Founding, NewToken, Request, Scope, Sort, Store, StoreOptions, Viewer, WorklistQuery,
    embedded::{PrivatePostgres, ServerSearch},
};
use parvaneh_web::{App, Limits, Settings, auth::Secret};
use sqlx::{Connection, PgConnection};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use store_fixture::{furnish, holder, open_request, start};

/// How many cases there are.
const CASES: usize = 10_000;
/// How many ask at the same time.
const IN_FLIGHT: [usize; 2] = [8, 32];

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum What {
    /// An officer's worklist: its first page, in the order in which fewest cases end late.
    Worklist,
    /// The file of a case.
    CaseFile,
    /// Taking a task, and giving it back.
    Action,
}

/// A case by its number.
fn numbered(number: usize) -> CaseId {
    CaseId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number as u128))
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::Builder::new().prefix("parvaneh-bench").tempdir().unwrap();
        let server = PrivatePostgres::start(folder.path(), &ServerSearch::from_env()).await.unwrap();
        let (store, api) = office(&server).await;
        let viewer = store.viewer(officer()).await.unwrap().unwrap();
        println!("{CASES} cases; medians of three runs of {seconds} s by turns\n");
        println!("| what | in flight | store/s | for a person/s | API/s | API of store | of a person's | store p50, p99 | API p50, p99 |");
        println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        for what in [What::Worklist, What::CaseFile, What::Action] {
            if !chosen(what) {
                continue;
            }
            for in_flight in IN_FLIGHT {
                let (mut direct, mut walled, mut through) = (Vec::new(), Vec::new(), Vec::new());
                for _ in 0..3 {
                    let length = Duration::from_secs(seconds);
                    direct.push(of_store(&store, None, what, in_flight, length).await);
                    // What the API asks of it: behind the wall that the database keeps between a person and
                    // what is not his, and with what he could do with the case.
                    walled.push(of_store(&store, Some(&viewer), what, in_flight, length).await);
                    through.push(of_api(&api, what, in_flight, length).await);
                }
                let (direct, walled, through) = (median(direct), median(walled), median(through));
                println!(
                    "| {what:?} | {in_flight} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1}, {:.1} ms | {:.1}, {:.1} ms |",
                    direct.rate,
                    walled.rate,
                    through.rate,
                    through.rate / direct.rate,
                    through.rate / walled.rate,
                    direct.p50,
                    direct.p99,
                    through.p50,
                    through.p99,
                );
            }
        }
        store.close().await;
        server.stop().await.unwrap();
    });
}

/// Whether it is to be measured: by its name on the command line, or when none is named there.
fn chosen(what: What) -> bool {
    let named: Vec<_> =
        std::env::args().skip(1).filter(|word| word.starts_with(char::is_uppercase)).collect();
    named.is_empty() || named.contains(&format!("{what:?}"))
}

/// Where the service is, and the token of its officer.
#[derive(Clone, Debug)]
struct Api {
    address: SocketAddr,
    token: String,
}

/// An office with its cases, and the service over it.
async fn office(server: &PrivatePostgres) -> (Store, Api) {
    let name = "office";
    server.ensure_database(name).await.unwrap();
    Store::migrate(&server.owner_options(name), Founding::Sandbox).await.unwrap();
    let store = Store::connect(server.app_options(name), StoreOptions::default()).await.unwrap();
    furnish(&store).await.unwrap();
    store.sandbox_clock().set_frozen(start()).await.unwrap();
    let all: Vec<_> = (1..=CASES).map(|number| open_request(numbered(number))).collect();
    for chunk in all.chunks(1_000) {
        for verdict in store.execute_batch(chunk.to_vec()).await {
            verdict.unwrap();
        }
    }
    let mut admin = PgConnection::connect_with(&server.admin_options(name)).await.unwrap();
    sqlx::raw_sql("vacuum analyze").execute(&mut admin).await.unwrap();
    let officer = officer();
    store.save_account(officer, "officer").await.unwrap();
    let secret = Secret::new().unwrap();
    let token = NewToken {
        id: Uuid::now_v7(),
        secret_hash: secret.hash(),
        person: officer,
        name: "measures".to_owned(),
        scopes: Scope::ALL.to_vec(),
        lasts: Duration::from_secs(24 * 60 * 60),
    };
    store.add_token(token).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app =
        App::new(store.clone(), Settings { limits: Limits::UNLIMITED, ..Settings::default() });
    tokio::spawn(parvaneh_web::serve(listener, app, std::future::pending()));
    (store, Api { address, token: secret.reveal() })
}

fn officer() -> PersonId {
    holder("county_officer")
}

/// What a run did: how many a second, and how long the middle one and the slowest hundredth took, in ms.
#[derive(Clone, Copy, Debug)]
struct Run {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    runs[runs.len() / 2]
}

/// Lets so many callers ask one after the other, each of its own cases, until the time is over.
async fn run<C, F>(in_flight: usize, length: Duration, caller: impl Fn() -> C) -> Run
where
    C: FnMut(usize) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let end = Instant::now() + length;
    let callers: Vec<_> = (0..in_flight)
        .map(|number| {
            let mut ask = caller();
            tokio::spawn(async move {
                let mut took = Vec::new();
                for case in (1..=CASES).skip(number).step_by(in_flight).cycle() {
                    let begun = Instant::now();
                    if begun >= end {
                        break;
                    }
                    ask(case).await;
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let begun = Instant::now();
    let mut took = Vec::new();
    for caller in callers {
        took.extend(caller.await.unwrap());
    }
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    Run { rate, p50: at(0.5), p99: at(0.99) }
}

/// Asks the store itself; for a person, as the API does.
async fn of_store(
    store: &Store,
    person: Option<&Viewer>,
    what: What,
    in_flight: usize,
    length: Duration,
) -> Run {
    let viewer = person.map(|viewer| Arc::new(viewer.clone()));
    run(in_flight, length, || {
        let store = person.map_or_else(|| store.clone(), |viewer| store.reading_as(viewer));
        let viewer = viewer.clone();
        move |number| {
            let (store, viewer) = (store.clone(), viewer.clone());
            async move {
                match (what, &viewer) {
                    (What::Worklist, _) => {
                        let sort = Sort::LateMinimising;
                        let query = WorklistQuery { sort, ..WorklistQuery::of(officer()) };
                        store.worklist(&query).await.unwrap();
                    }
                    (What::CaseFile, None) => {
                        store.case_file(numbered(number)).await.unwrap();
                    }
                    (What::CaseFile, Some(viewer)) => {
                        let seen = store.case_file_for(viewer, numbered(number)).await.unwrap();
                        seen.unwrap();
                    }
                    (What::Action, _) => {
                        let release = Command::Release { task: 1, reason: None };
                        for command in [Command::Claim { task: 1 }, release] {
                            let request = Request::command(officer(), numbered(number), command);
                            store.execute(request).await.unwrap();
                        }
                    }
                }
            }
        }
    })
    .await
    .counted(what)
}

impl Run {
    /// An action is two requests.
    fn counted(self, what: What) -> Self {
        match what {
            What::Action => {
                Self { rate: self.rate * 2.0, p50: self.p50 / 2.0, p99: self.p99 / 2.0 }
            }
            What::Worklist | What::CaseFile => self,
        }
    }
}

async fn of_api(api: &Api, what: What, in_flight: usize, length: Duration) -> Run {
    run(in_flight, length, || {
        let caller = Arc::new(tokio::sync::Mutex::new(None));
        let api = api.clone();
        move |number| {
            let (caller, api) = (caller.clone(), api.clone());
            async move {
                let mut caller = caller.lock().await;
                if caller.is_none() {
                    *caller = Some(Caller::connect(&api).await);
                }
                let caller = caller.as_mut().expect("it has just come in");
                let case = numbered(number);
                match what {
                    What::Worklist => caller.asks("GET", "/worklist", "").await,
                    What::CaseFile => caller.asks("GET", &format!("/cases/{case}"), "").await,
                    What::Action => {
                        let task = format!("/cases/{case}/tasks/1/holder");
                        caller.asks("PUT", &task, "{}").await;
                        caller.asks("DELETE", &task, "{}").await;
                    }
                }
            }
        }
    })
    .await
    .counted(what)
}

/// Somebody with a connection that he keeps. It does as little as possible: it runs on the same cores.
struct Caller {
    connection: BufReader<TcpStream>,
    token: String,
    answer: Vec<u8>,
}

impl Caller {
    async fn connect(api: &Api) -> Self {
        let connection = TcpStream::connect(api.address).await.unwrap();
        connection.set_nodelay(true).unwrap();
        let connection = BufReader::with_capacity(256 * 1024, connection);
        Self { connection, token: api.token.clone(), answer: Vec::new() }
    }

    /// Asks, and takes the whole answer, which must be a success.
    async fn asks(&mut self, method: &str, path: &str, body: &str) {
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len(),
        );
        self.connection.write_all(request.as_bytes()).await.unwrap();
        let (mut line, mut length, mut status) = (String::new(), 0, String::new());
        loop {
            line.clear();
            self.connection.read_line(&mut line).await.unwrap();
            if line.trim().is_empty() {
                break;
            }
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        self.answer.resize(length, 0);
        self.connection.read_exact(&mut self.answer).await.unwrap();
        let ok = status.starts_with("HTTP/1.1 200");
        assert!(ok, "{status} {}", String::from_utf8_lossy(&self.answer));
    }
}
