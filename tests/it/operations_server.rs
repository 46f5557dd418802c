//! The service under clients that are slow, greedy or gone, and at its end.

use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    fault_process::eventually,
    store_fixture::Office,
    web_fixture::{Answer, Service, answered},
};

async fn health(service: &Service, which: &str) -> Answer {
    answered(service.client.get(format!("{}/health/{which}", service.url))).await
}

async fn connected(service: &Service) -> TcpStream {
    TcpStream::connect(service.url.trim_start_matches("http://")).await.unwrap()
}

/// What a connection still says until the server closes it, and how long that takes.
async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let begun = Instant::now();
    let mut said = Vec::new();
    // A connection that is reset has been closed too.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said))
        .await
        .expect("the server closes the connection");
    (String::from_utf8_lossy(&said).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn health_is_told_to_strangers_without_a_reason() {
    let service = Service::start().await;
    for which in ["live", "ready"] {
        let answer = health(&service, which).await;
        let said = match which {
            "live" => r#"{"ok":true}"#,
            // Whether documents can be reached is told to who routes requests, and changes nothing.
            _ => r#"{"documents":true,"ok":true}"#,
        };
        assert_eq!((answer.status, answer.body.to_string()), (200, said.to_owned()));
        for (name, value) in [
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-permitted-cross-domain-policies", "none"),
            ("server", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"));
    }
    // A program of a later release has migrated, or this one's migrations have not run: not ready.
    let mut owner = service.office.as_admin().await;
    sqlx::query("delete from _sqlx_migrations where version = 1")
        .execute(&mut owner)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let answer = health(&service, "ready").await;
    assert_eq!(
        (answer.status, answer.body.to_string()),
        (503, r#"{"documents":true,"ok":false}"#.to_owned())
    );
    assert_eq!(health(&service, "live").await.status, 200);
}

#[tokio::test]
async fn a_database_that_is_away_is_not_ready_and_the_process_lives() {
    let service = Service::start().await;
    assert_eq!(health(&service, "ready").await.status, 200);
    let mut admin = service.office.as_admin().await;
    // A statement that forbids it is refused within the very database; a superuser's word is not.
    let shut = |allowed: bool| {
        sqlx::query("update pg_database set datallowconn = $1 where datname = current_database()")
            .bind(allowed)
    };
    shut(false).execute(&mut admin).await.unwrap();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(end).execute(&mut admin).await.unwrap();
    let begun = Instant::now();
    eventually("not ready", async || (health(&service, "ready").await.status == 503).then_some(()))
        .await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(health(&service, "live").await.status, 200);
    shut(true).execute(&mut admin).await.unwrap();
    eventually("ready", async || (health(&service, "ready").await.status == 200).then_some(()))
        .await;
}

#[tokio::test]
async fn a_flood_of_probes_is_one_look_at_the_database() {
    let service = Service::start().await;
    let mut admin = service.office.as_admin().await;
    let probes: Vec<_> = (0..200)
        .map(|_| {
            let (client, url) = (service.client.clone(), format!("{}/health/ready", service.url));
            tokio::spawn(async move { client.get(url).send().await.unwrap().status().as_u16() })
        })
        .collect();
    for probe in probes {
        assert_eq!(probe.await.unwrap(), 200);
    }
    let sql = "select count(*) from pg_stat_activity
        where datname = current_database() and query = 'select pg_is_in_recovery()'";
    let watchers: i64 = sqlx::query_scalar(sql).fetch_one(&mut admin).await.unwrap();
    assert_eq!(watchers, 1);
}

#[tokio::test]
async fn who_sends_a_head_slowly_or_nothing_at_all_is_left() {
    let service = Service::with(|settings| {
        settings.connections.head_patience = Duration::from_millis(400);
    })
    .await;
    // Nothing at all.
    let mut silent = connected(&service).await;
    let (said, took) = rest(&mut silent).await;
    assert_eq!(said, "");
    assert!((300..3_000).contains(&took.as_millis()), "{took:?}");

    // A header every now and then: none of them resets the time.
    let mut slow = connected(&service).await;
    slow.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let begun = Instant::now();
    while slow.write_all(b"x-a: b\r\n").await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5), "a slow loris is listened to for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // One request, and then nothing: the connection is not kept for ever.
    let mut idle = connected(&service).await;
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (said, took) = rest(&mut idle).await;
    assert!(said.starts_with("HTTP/1.1 200") && took < Duration::from_secs(3), "{said} {took:?}");
}

#[tokio::test]
async fn who_sends_a_body_slowly_gets_no_more_than_the_time_of_a_request() {
    let service = Service::with(|settings| settings.patience = Duration::from_millis(500)).await;
    let token = service.token_of("county_officer").await;
    let mut slow = connected(&service).await;
    let head = format!(
        "POST /api/v1/cases HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let begun = Instant::now();
    let read = loop {
        // Keeps sending, a byte at a time.
        let _ = slow.write_all(b" ").await;
        let reading = tokio::time::timeout(Duration::from_millis(50), slow.read(&mut answer));
        if let Ok(read) = reading.await {
            break read.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "a slow body is waited for");
    };
    let said = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("\"timeout\""), "{said}");
}

#[tokio::test]
async fn heads_that_are_too_long_or_too_many_are_refused() {
    let service = Service::with(|settings| {
        settings.connections.longest_head = 8 * 1024;
        settings.connections.headers = 20;
    })
    .await;
    let mut many = connected(&service).await;
    let headers: String = (0..30).map(|n| format!("x-{n}: y\r\n")).collect();
    let head = format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    many.write_all(head.as_bytes()).await.unwrap();
    let (said, _) = rest(&mut many).await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said}");

    let mut long = connected(&service).await;
    let head =
        format!("GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "y".repeat(20_000));
    let _ = long.write_all(head.as_bytes()).await;
    let (said, _) = rest(&mut long).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");

    assert_eq!(health(&service, "live").await.status, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_a_place_is_free_again_afterwards() {
    let service = Service::with(|settings| settings.connections.most = 2).await;
    let (first, _second) = (connected(&service).await, connected(&service).await);
    let mut third = connected(&service).await;
    let (said, took) = rest(&mut third).await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after: 2"), "{said}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(first);
    eventually("a free place", async || {
        let answer = service.client.get(format!("{}/health/live", service.url)).send().await;
        answer.ok().filter(|answer| answer.status().is_success())
    })
    .await;
}

#[tokio::test]
async fn at_its_end_it_is_first_not_ready_then_closed_and_finishes_what_is_in_hand() {
    let office = Office::sandbox().await;
    let mut service = Service::over(office, |settings| {
        settings.connections.grace = Duration::from_millis(600);
    })
    .await;
    let token = service.token_of("county_officer").await;
    assert_eq!(health(&service, "ready").await.status, 200);

    // A request whose body is still on its way when the end is announced.
    let body = r#"{"workflow":"ngo-establishment","unit":"2301","subject":"Mehr"}"#;
    let mut late = connected(&service).await;
    let head = format!(
        "POST /api/v1/cases HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    late.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    service.end();
    eventually("not ready", async || (health(&service, "ready").await.status == 503).then_some(()))
        .await;
    // Within the grace others are answered, and asked to go elsewhere.
    let me =
        service.request(Method::GET, "/session").header("authorization", format!("Bearer {token}"));
    let answer = answered(me).await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"), "{answer:?}");
    // Then nobody is let in.
    eventually("refused", async || {
        let refused = TcpStream::connect(service.url.trim_start_matches("http://")).await.err()?;
        (refused.kind() == std::io::ErrorKind::ConnectionRefused).then_some(())
    })
    .await;
    // What was in hand is finished.
    late.write_all(body.as_bytes()).await.unwrap();
    let (said, _) = rest(&mut late).await;
    assert!(said.starts_with("HTTP/1.1 201"), "{said}");
    tokio::time::timeout(Duration::from_secs(5), service.ended()).await.expect("it ends");
}
