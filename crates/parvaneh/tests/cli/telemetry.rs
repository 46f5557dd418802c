//! What a running service tells about itself: figures, traces, logs.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as Attribute},
    trace::v1::Span,
};
use prometheus_parse::{Sample, Scrape, Value};
use prost::Message as _;

use super::installation::Installation;

/// An answer: its status, and its body.
fn ask(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, body.to_owned())
}

fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    ask(address, &request)
}

fn post(address: SocketAddr, path: &str, token: &str, body: &str, headers: &str) -> (u16, String) {
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    ask(address, &request)
}

/// A service that tells everything.
struct Watched {
    child: Child,
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Watched {
    fn start(here: &Installation, more: &[&str]) -> Self {
        let mut program = here.program();
        program.args(["serve", "--json", "--log-format", "json", "--listen", "127.0.0.1:0"]);
        program.args(["--metrics-listen", "127.0.0.1:0", "--shutdown-grace", "0s"]).args(more);
        program.env(
            "RUST_LOG",
            "parvaneh=debug,parvaneh_web=debug,parvaneh_store=debug,parvaneh_worker=debug",
        );
        program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("it says where it is");
        let said: serde_json::Value = serde_json::from_str(&line).expect("a document");
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let metrics = text("metrics");
        let metrics = metrics.trim_start_matches("http://").trim_end_matches("/metrics");
        Self {
            child,
            address: text("address").parse().expect("an address"),
            metrics: metrics.parse().expect("the address of figures"),
        }
    }

    /// Ends it; what it has logged.
    fn end(mut self) -> String {
        let mut log = self.child.stderr.take().expect("its log");
        let reader = thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).expect("a log is text");
            text
        });
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
        assert!(self.child.wait().expect("it ends").success());
        reader.join().expect("a log")
    }
}

fn scrape(address: SocketAddr) -> Scrape {
    let (status, text) = get(address, "/metrics", "");
    assert_eq!(status, 200, "{text}");
    // Hyper sends it in one piece or in several; the parser wants lines.
    Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("Prometheus' own format")
}

fn find<'s>(scrape: &'s Scrape, name: &str, labels: &[(&str, &str)]) -> Option<&'s Sample> {
    scrape.samples.iter().find(|sample| {
        sample.metric == name
            && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(*value))
    })
}

#[track_caller]
fn number(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    let sample = find(scrape, name, labels).unwrap_or_else(|| panic!("no {name} {labels:?}"));
    match sample.value {
        Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => value,
        ref other => panic!("{name}: {other:?}"),
    }
}

const CASE: &str =
    r#"{"workflow":"ngo-establishment","unit":"2301","subject":"Mehr Secret Charity"}"#;

#[test]
fn figures_tell_what_happened_and_nothing_of_anybody() {
    let here = Installation::sandbox();
    here.people(&[("Maryam Verysecret", "county_officer@2301")]);
    let token = here.token("Maryam Verysecret");
    let service = Watched::start(&here, &[]);
    let (status, body) = post(service.address, "/api/v1/cases", &token, CASE, "");
    assert_eq!(status, 201, "{body}");
    let case: serde_json::Value = serde_json::from_str(&body).expect("a case");
    let id = case["case"]["id"].as_str().expect("an id");
    let unknown = format!("/api/v1/cases/{id}/actions");
    let (status, body) = post(service.address, &unknown, &token, r#"{"action":"nonsense"}"#, "");
    assert!((400..500).contains(&status), "{body}");
    let refused: serde_json::Value = serde_json::from_str(&body).expect("a problem");
    get(service.address, "/nowhere/at/all", "");
    ask(service.address, "BREW / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");

    let seen = scrape(service.metrics);
    let cases = [("method", "POST"), ("route", "/api/v1/cases"), ("status", "201")];
    assert_eq!(number(&seen, "parvaneh_http_requests_total", &cases), 1.0);
    let nowhere = [("route", "-"), ("status", "404"), ("method", "GET")];
    assert_eq!(number(&seen, "parvaneh_http_requests_total", &nowhere), 1.0);
    assert_eq!(number(&seen, "parvaneh_http_requests_total", &[("method", "OTHER")]), 1.0);
    let took = find(&seen, "parvaneh_http_request_duration_seconds", &cases[..2]).expect("times");
    let Value::Histogram(buckets) = &took.value else { panic!("{took:?}") };
    assert!(buckets.len() > 10 && buckets.last().is_some_and(|last| last.count == 1.0), "{took:?}");
    let opened = [("workflow", "ngo-establishment"), ("kind", "opened")];
    assert_eq!(number(&seen, "parvaneh_transitions_total", &opened), 1.0);
    let code = refused["code"].as_str().expect("a code");
    assert_eq!(number(&seen, "parvaneh_refusals_total", &[("code", code)]), 1.0);
    for (name, value) in [
        ("parvaneh_database_up", 1.0),
        ("parvaneh_due_cases", 0.0),
        ("parvaneh_due_oldest_age_seconds", 0.0),
        ("parvaneh_parked_cases", 0.0),
        ("parvaneh_http_requests_in_flight", 0.0),
        ("parvaneh_build_info", 1.0),
    ] {
        assert_eq!(number(&seen, name, &[]), value, "{name}");
    }
    assert_eq!(number(&seen, "parvaneh_pool_connections_most", &[("pool", "readers")]), 8.0);
    assert!(number(&seen, "parvaneh_pool_wait_seconds", &[("pool", "writers")]) < 2.0);
    assert!(
        find(&seen, "parvaneh_worker_rounds_total", &[("loop", "escalate"), ("result", "done")])
            .is_some()
    );
    // Every series is described.
    let text = get(service.metrics, "/metrics", "").1;
    for sample in &seen.samples {
        let name = sample.metric.trim_end_matches("_sum").trim_end_matches("_count");
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
    for secret in
        ["Verysecret", "Secret Charity", id, token.as_str(), "nonsense", "nowhere", "BREW"]
    {
        assert!(!text.contains(secret), "the figures hold '{secret}'");
    }

    // Time passes, and nobody works: the figures of a service without a worker say how far it is behind.
    service.end();
    let idle = Watched::start(&here, &["--no-worker"]);
    here.jump("2031-01-01T00:00:00Z");
    let begun = Instant::now();
    loop {
        let seen = scrape(idle.metrics);
        if number(&seen, "parvaneh_due_cases", &[]) == 1.0 {
            assert!(number(&seen, "parvaneh_due_oldest_age_seconds", &[]) > 86_400.0);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is ever due");
        thread::sleep(Duration::from_millis(500));
    }
    idle.end();
}

/// Takes traces as a collector does, and hands on what it could read.
fn collector() -> (SocketAddr, mpsc::Receiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = listener.local_addr().expect("its address");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let sender = sender.clone();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
                loop {
                    let (mut length, mut first, mut is_protobuf) = (0, String::new(), false);
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        let line = line.trim().to_lowercase();
                        if first.is_empty() {
                            first.clone_from(&line);
                        }
                        if let Some(value) = line.strip_prefix("content-length:") {
                            length = value.trim().parse().expect("a length");
                        }
                        is_protobuf |= line == "content-type: application/x-protobuf";
                        if line.is_empty() {
                            break;
                        }
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).expect("the body");
                    assert!(first.starts_with("post /v1/traces ") && is_protobuf, "{first}");
                    let read = ExportTraceServiceRequest::decode(body.as_slice());
                    if sender.send(read.expect("a message of OTLP")).is_err() {
                        return;
                    }
                    let taken = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(taken).expect("it listens to the answer");
                }
            });
        }
    });
    (address, receiver)
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|found| found.value.as_ref()).and_then(|value| value.value.as_ref()) {
        Some(Attribute::StringValue(text)) => text.clone(),
        Some(Attribute::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[test]
fn traces_go_on_with_the_callers_and_reach_a_collector() {
    let here = Installation::sandbox();
    here.people(&[("Maryam Verysecret", "county_officer@2301")]);
    let token = here.token("Maryam Verysecret");
    let (address, traces) = collector();
    let endpoint = format!("http://{address}");
    let service = Watched::start(&here, &["--otlp-endpoint", &endpoint, "--no-worker"]);
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    assert_eq!(post(service.address, "/api/v1/cases", &token, CASE, parent).0, 201);
    // A caller who says that his trace is not recorded is not recorded.
    let unrecorded = "traceparent: 00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n";
    assert_eq!(get(service.address, "/health/live", unrecorded).0, 200);
    // At its end it sends what it still has.
    service.end();

    let (mut spans, mut names) = (Vec::<Span>::new(), Vec::new());
    while let Ok(message) = traces.recv_timeout(Duration::from_secs(5)) {
        for resource in message.resource_spans {
            let attributes = resource.resource.expect("a resource").attributes;
            names.push(text(&attributes, "service.name"));
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    assert!(!names.is_empty() && names.iter().all(|name| name == "parvaneh"), "{names:?}");
    let request = spans.iter().find(|span| span.name == "POST /api/v1/cases").expect("the request");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&request.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&request.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(request.kind, 2, "a server's");
    assert_eq!(text(&request.attributes, "http.route"), "/api/v1/cases");
    assert_eq!(text(&request.attributes, "http.response.status_code"), "201");
    let command = spans.iter().find(|span| span.name == "store.execute").expect("the command");
    assert_eq!(command.parent_span_id, request.span_id);
    assert_eq!(text(&command.attributes, "command"), "open");
    assert!(!spans.iter().any(|span| hex(&span.trace_id).starts_with("5bf9")), "{spans:?}");
    let all = format!("{spans:?}");
    for secret in ["Verysecret", "Secret Charity", token.as_str()] {
        assert!(!all.contains(secret), "the traces hold '{secret}'");
    }
}

#[test]
fn a_collector_that_is_away_holds_up_nobody() {
    let here = Installation::sandbox();
    let service = Watched::start(&here, &["--otlp-endpoint", "http://127.0.0.1:1", "--no-worker"]);
    let begun = Instant::now();
    assert_eq!(get(service.address, "/health/ready", "").0, 200);
    service.end();
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let run = here.run(["serve", "--otlp-endpoint", "collector:4318", "--json"]).ends(1);
    assert_eq!(run.error_code(), "bad-collector");
}

#[test]
fn logs_say_what_happened_and_nothing_of_anybody() {
    let here = Installation::sandbox();
    here.people(&[("Maryam Verysecret", "county_officer@2301")]);
    let token = here.token("Maryam Verysecret");
    let service = Watched::start(&here, &[]);
    let id = "x-request-id: 0123456789abcdef\r\n";
    let (status, body) = post(service.address, "/api/v1/cases", &token, CASE, id);
    assert_eq!(status, 201, "{body}");
    let case: serde_json::Value = serde_json::from_str(&body).expect("a case");
    let case = case["case"]["id"].as_str().expect("an id").to_owned();
    let asked = format!("/api/v1/cases/{case}?q=Querysecret");
    get(service.address, &asked, &format!("authorization: Bearer {token}\r\n"));
    let login = r#"{"login":"loginsecret","password":"passwordsecret-passwordsecret"}"#;
    let (status, _) = post(service.address, "/api/v1/session", "wrongtokensecret", login, "");
    assert!((400..500).contains(&status), "{status}");
    let comment = format!("/api/v1/cases/{case}/comments");
    post(service.address, &comment, &token, r#"{"text":"Commentsecret"}"#, "");
    // Time passes for the worker too.
    here.json(["clock", "advance", "40d"]);
    thread::sleep(Duration::from_secs(1));

    let log = service.end();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let answered = lines.iter().find(|line| line["fields"]["request.id"] == "0123456789abcdef");
    let answered = answered.unwrap_or_else(|| panic!("the request is not logged: {log}"));
    assert_eq!(answered["fields"]["status"], 201);
    assert_eq!(answered["fields"]["path"], "/api/v1/cases");
    assert!(lines.len() > 5, "{log}");
    for secret in [
        "Verysecret",
        "Secret Charity",
        "Querysecret",
        "loginsecret",
        "passwordsecret",
        "wrongtokensecret",
        "Commentsecret",
        token.as_str(),
        "127.0.0.1:",
    ] {
        let found: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        let own = |line: &&&str| line.contains("figures are served");
        assert!(found.iter().all(|line| own(&line)), "the log holds '{secret}': {found:?}");
    }
}
