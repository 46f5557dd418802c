//! Callers that break off, send too much or too slowly, and more of them than the database serves.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use parvaneh_core::Fact;
use parvaneh_store::StoreOptions;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::json;
use sqlx::Executor;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    fault_audit::audit,
    fault_process::eventually,
    store_fixture::COUNTY,
    web_fixture::{Service, answered, with_json},
};

/// So many ask at once.
const AT_ONCE: usize = 40;

/// How somebody asks over a connection of his own.
#[derive(Clone, Copy)]
enum Manner {
    /// He waits for the answer.
    Waits,
    /// He is gone after so many bytes of the request.
    StopsAfter(usize),
    /// He has said everything, and is gone after that time.
    LeavesAfter(Duration),
}

fn request(service: &Service, path: &str, token: &str, headers: &str, body: &str) -> String {
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}",
        host = service.url.trim_start_matches("http://"),
        length = body.len(),
    )
}

async fn connect(service: &Service) -> TcpStream {
    TcpStream::connect(service.url.trim_start_matches("http://")).await.unwrap()
}

/// The status of the answer that has begun to come.
async fn status(connection: &mut TcpStream) -> Option<u16> {
    let mut head = [0; 12];
    connection.read_exact(&mut head).await.ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_requests_broken_off_anywhere_lose_nothing_that_was_acknowledged() {
    let service = Service::start().await;
    let token = service.token_of("county_head").await;
    let mut cases = Vec::new();
    for _ in 0..20 {
        cases.push(service.office.opened().await.id);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1404);
    let mut asked = Vec::new();
    let mut callers: JoinSet<Option<usize>> = JoinSet::new();
    let mut acknowledged = Vec::new();
    for number in 0..2_000 {
        let case = cases[rng.random_range(0..cases.len())];
        let (path, body) =
            (format!("/cases/{case}/comments"), json!({ "text": number.to_string() }));
        let key = format!("Idempotency-Key: {number}\r\n");
        let request = request(&service, &path, &token, &key, &body.to_string());
        let manner = match rng.random_range(0..10) {
            0 => Manner::Waits,
            1..4 => Manner::StopsAfter(rng.random_range(0..request.len())),
            _ => Manner::LeavesAfter(Duration::from_micros(rng.random_range(0..20_000))),
        };
        asked.push((path, body));
        let mut connection = connect(&service).await;
        callers.spawn(async move {
            let said = match manner {
                Manner::StopsAfter(bytes) => &request.as_bytes()[..bytes],
                _ => request.as_bytes(),
            };
            connection.write_all(said).await.ok()?;
            match manner {
                Manner::StopsAfter(_) => None,
                Manner::Waits => status(&mut connection).await,
                Manner::LeavesAfter(time) => {
                    tokio::time::timeout(time, status(&mut connection)).await.ok().flatten()
                }
            }
            .filter(|status| *status == 200)
            .map(|_| number)
        });
        if callers.len() >= AT_ONCE {
            acknowledged.extend(callers.join_next().await.expect("some").unwrap());
        }
    }
    while let Some(answer) = callers.join_next().await {
        acknowledged.extend(answer.unwrap());
    }
    assert!((100..1_900).contains(&acknowledged.len()), "{} seen", acknowledged.len());

    // Every session of the database comes to rest.
    let mut admin = service.office.as_admin().await;
    let sessions = "select count(*) filter (where state = 'idle' and xact_start is null), count(*)
        from pg_stat_activity where datname = current_database() and usename = 'parvaneh_program'";
    let open = eventually("every session rests", async || {
        let (resting, all): (i64, i64) =
            sqlx::query_as(sessions).fetch_one(&mut admin).await.unwrap();
        (resting == all).then_some(all)
    })
    .await;
    // Those who read for the program, those who read for a person, the writers, and the watcher.
    let how = StoreOptions::default();
    assert!(open > 0 && open <= i64::from(2 * how.readers + how.writers + 1), "{open} connections");
    // What was acknowledged is there.
    let remarks = remarks(&service).await;
    for number in &acknowledged {
        assert!(remarks.contains_key(&number.to_string()), "acknowledged and lost: {number}");
    }
    // Whoever has not seen an answer asks again under his key: then everything is there, once.
    for (number, (path, body)) in asked.iter().enumerate() {
        let again = service.request(Method::POST, path).bearer_auth(&token);
        let again = answered(with_json(again.header("idempotency-key", number.to_string()), body));
        let again = again.await;
        assert_eq!(again.status, 200, "{:?}", again.body);
        let known = remarks.contains_key(&number.to_string());
        assert_eq!(again.body["repeated"], known, "{number}");
    }
    let remarks = self::remarks(&service).await;
    assert_eq!(remarks.len(), asked.len());
    assert!(remarks.values().all(|times| *times == 1), "twice: {remarks:?}");
}

/// How often each remark stands on the timelines, all of which are sound.
async fn remarks(service: &Service) -> BTreeMap<String, usize> {
    let audit = audit(&service.office.store, &mut service.office.as_admin().await).await;
    let mut remarks = BTreeMap::new();
    for event in audit.timelines.values().flatten() {
        if let Fact::Commented { text } = &event.fact {
            *remarks.entry(text.clone()).or_default() += 1;
        }
    }
    remarks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_callers_than_connections_are_sent_away_within_two_seconds_and_come_back() {
    let service = Service::as_deployed().await;
    let token = service.token_of("county_officer").await;
    let case = service.office.opened().await.id;
    // Somebody holds what every reader waits for.
    let mut admin = service.office.as_admin().await;
    admin.execute("begin; lock table cases in access exclusive mode").await.unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let request = service.request(Method::GET, &format!("/cases/{case}")).bearer_auth(&token);
        callers.spawn(async move {
            let begun = Instant::now();
            (answered(request).await, begun.elapsed())
        });
    }
    let readers = StoreOptions::default().readers as usize;
    let mut took = Vec::new();
    while took.len() < 100 - readers {
        let (answer, after) = callers.join_next().await.expect("the others wait").unwrap();
        assert_eq!((answer.status, answer.code()), (503, "unavailable"), "after {after:?}");
        assert_eq!(answer.header("retry-after"), "2");
        took.push(after);
    }
    // On a machine that does this alone all are; a busy one may be late with a few.
    let soon = took.iter().filter(|after| **after < Duration::from_secs(2)).count();
    assert!(soon > took.len() * 3 / 4, "told after {took:?}");
    admin.execute("rollback").await.unwrap();
    // Those who waited with a connection are served, and whoever comes now as well.
    while let Some(served) = callers.join_next().await {
        assert_eq!(served.unwrap().0.status, 200);
    }
    for _ in 0..20 {
        assert_eq!(service.get(&format!("/cases/{case}"), &token).await.status, 200);
    }
}

/// The memory that this process holds, in MB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    held.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_are_refused_without_being_kept() {
    let service = Service::start().await;
    let token = service.token_of("county_officer").await;
    let path = format!("/cases/{}/comments", service.office.opened().await.id);
    assert_eq!(service.post(&path, &token, &json!({ "text": "first" })).await.status, 200);
    let before = memory();
    let most = 100 * 1024 * 1024;
    let mut callers = JoinSet::new();
    for number in 0..20 {
        let head = request(&service, &path, &token, "", "");
        // Half of them say how much comes, the others do not.
        let head = match number % 2 {
            0 => head.replace("Content-Length: 0", &format!("Content-Length: {most}")),
            _ => head.replace("Content-Length: 0", "Transfer-Encoding: chunked"),
        };
        let mut connection = connect(&service).await;
        callers.spawn(async move {
            connection.write_all(head.as_bytes()).await.unwrap();
            let (mut answers, mut sends) = connection.split();
            let chunk = [b"10000\r\n", [b'x'; 65536].as_slice(), b"\r\n"].concat();
            let chunk = if number % 2 == 0 { &chunk[7..65543] } else { &chunk[..] };
            let sending = async {
                let mut sent = 0;
                while sent < most && sends.write_all(chunk).await.is_ok() {
                    sent += chunk.len();
                }
                // The answer decides.
                std::future::pending::<()>().await;
            };
            let mut head = [0; 12];
            tokio::select! {
                () = sending => unreachable!("it waits"),
                told = answers.read_exact(&mut head) => told.map(|_| head),
            }
        });
    }
    while let Some(told) = callers.join_next().await {
        let told = told.unwrap().expect("an answer before the connection ends");
        assert_eq!(std::str::from_utf8(&told[9..]).unwrap(), "413");
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 60, "{grown} MB more for twenty times 100 MB");
    assert_eq!(service.get("/cases", &token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_slowly_is_not_waited_for_and_holds_nobody_up() {
    let patience = Duration::from_secs(2);
    let service = Service::with(|settings| settings.patience = patience).await;
    let token = service.token_of("county_officer").await;
    let path = format!("/cases/{}/comments", service.office.opened().await.id);
    assert_eq!(service.post(&path, &token, &json!({ "text": "first" })).await.status, 200);
    let before = memory();
    let mut slow = JoinSet::new();
    for _ in 0..200 {
        let head = request(&service, &path, &token, "", "");
        let head = head.replace("Content-Length: 0", "Content-Length: 1000000");
        let mut connection = connect(&service).await;
        slow.spawn(async move {
            connection.write_all(head.as_bytes()).await.unwrap();
            let begun = Instant::now();
            let (mut answers, mut sends) = connection.split();
            let sending = async {
                while sends.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut head = [0; 12];
            let told = tokio::select! {
                () = sending => unreachable!("it waits"),
                told = answers.read_exact(&mut head) => told.map(|_| head),
            };
            (told, begun.elapsed())
        });
    }
    // Meanwhile others are served.
    for _ in 0..20 {
        let begun = Instant::now();
        let cases = service.get(&format!("/cases?unit={COUNTY}"), &token).await;
        assert_eq!(cases.status, 200, "{:?}", cases.body);
        assert!(begun.elapsed() < patience, "held up for {:?}", begun.elapsed());
    }
    while let Some(told) = slow.join_next().await {
        let (told, after) = told.unwrap();
        let told = told.expect("an answer before the connection ends");
        assert_eq!(std::str::from_utf8(&told[9..]).unwrap(), "503");
        assert!(after < patience + Duration::from_secs(5), "told after {after:?}");
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 60, "{grown} MB more for two hundred who send slowly");
}
