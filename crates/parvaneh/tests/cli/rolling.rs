//! Two services on one database, replaced one after the other while people work.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::installation::Installation;

/// A service in a process of its own.
struct Instance {
    child: Child,
    address: SocketAddr,
}

impl Instance {
    fn start(here: &Installation, address: &str) -> Self {
        let mut program = here.program();
        // Somebody else does what the worker does.
        program.args([
            "serve",
            "--no-worker",
            "--json",
            "--listen",
            address,
            "--shutdown-grace",
            "500ms",
            // A few clients do the work of a county.
            "--changes-per-address",
            "0",
            "--changes-per-person",
            "0",
        ]);
        let mut child = program.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("it says where it is");
        let said: serde_json::Value = serde_json::from_str(&line).expect("a document");
        let address = said["address"].as_str().and_then(|text| text.parse().ok());
        Self { child, address: address.expect("an address") }
    }

    /// Tells it to end, and waits until it has.
    fn end(mut self) {
        // The shell's own `kill`: a small machine has no program of that name.
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
        let begun = Instant::now();
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

/// What came of one request.
enum Sent {
    /// The identifier of the case that was opened.
    Opened(String),
    /// Nobody listens there.
    Refused,
    /// Anything else.
    Failed(String),
}

/// A client that goes to another address only where its connection is refused.
struct Client {
    addresses: [SocketAddr; 2],
    at: usize,
    token: String,
    /// Whether it keeps its connections.
    keeps: bool,
    kept: Option<TcpStream>,
}

impl Client {
    fn open(&mut self) -> Sent {
        let stream = match self.kept.take() {
            Some(stream) => stream,
            None => match TcpStream::connect(self.addresses[self.at]) {
                Ok(stream) => stream,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Sent::Refused,
                Err(error) => return Sent::Failed(format!("connecting: {error}")),
            },
        };
        match self.ask(stream) {
            Ok((201, id)) => Sent::Opened(id),
            Ok((status, body)) => Sent::Failed(format!("{status}: {body}")),
            Err(error) => Sent::Failed(error.to_string()),
        }
    }

    fn ask(&mut self, mut stream: TcpStream) -> std::io::Result<(u16, String)> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let body = r#"{"workflow":"ngo-establishment","unit":"2301","subject":"Mehr"}"#;
        let connection = if self.keeps { "keep-alive" } else { "close" };
        let request = format!(
            "POST /api/v1/cases HTTP/1.1\r\nhost: x\r\nconnection: {connection}\r\n\
             authorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(&stream);
        let (mut head, mut length, mut closes) = (String::new(), 0, !self.keeps);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(std::io::Error::other("closed without an answer"));
            }
            let lower = line.trim().to_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            closes |= lower == "connection: close";
            if head.is_empty() {
                head = lower.clone();
            }
            if lower.is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer)?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
        if !closes {
            self.kept = Some(stream);
        }
        let id = body["case"]["id"].as_str().map_or_else(|| body.to_string(), str::to_owned);
        Ok((status, id))
    }
}

#[test]
fn services_are_replaced_one_after_the_other_and_no_request_fails() {
    let here = Installation::sandbox();
    here.people(&[("officer of the county", "county_officer@2301")]);
    let token = here.token("officer of the county");
    let (first, second) =
        (Instance::start(&here, "127.0.0.1:0"), Instance::start(&here, "127.0.0.1:0"));
    let addresses = [first.address, second.address];

    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..6)
        .map(|n| {
            let mut client =
                Client { addresses, at: n % 2, token: token.clone(), keeps: n < 3, kept: None };
            let (stop, done) = (stop.clone(), done.clone());
            thread::spawn(move || {
                let (mut opened, mut failed, mut refused) = (Vec::new(), Vec::new(), 0_u32);
                while !stop.load(Ordering::Relaxed) {
                    match client.open() {
                        Sent::Opened(id) => {
                            opened.push(id);
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Sent::Refused => {
                            refused += 1;
                            client.at = 1 - client.at;
                        }
                        Sent::Failed(why) => failed.push(why),
                    }
                }
                (opened, failed, refused)
            })
        })
        .collect();
    // Between two steps people work: so many more cases are opened.
    let work = |more: u64| {
        let (goal, begun) = (done.load(Ordering::Relaxed) + more, Instant::now());
        while done.load(Ordering::Relaxed) < goal {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody gets on");
            thread::sleep(Duration::from_millis(5));
        }
    };
    work(20);
    first.end();
    work(20);
    let first = Instance::start(&here, &addresses[0].to_string());
    work(20);
    second.end();
    work(20);
    let second = Instance::start(&here, &addresses[1].to_string());
    work(20);
    stop.store(true, Ordering::Relaxed);

    let (mut acknowledged, mut failures, mut refusals) = (BTreeSet::new(), Vec::new(), 0);
    for client in clients {
        let (opened, failed, refused) = client.join().expect("a client");
        acknowledged.extend(opened);
        failures.extend(failed);
        refusals += refused;
    }
    assert!(failures.is_empty(), "{} requests failed: {failures:?}", failures.len());
    assert!(refusals >= 2, "nobody was ever sent away: {refusals}");
    first.end();
    second.end();
    // Whatever was acknowledged is there.
    let kept = here.cases();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !kept.contains(*id)).collect();
    assert!(lost.is_empty() && acknowledged.len() >= 100, "{} lost: {lost:?}", lost.len());
}
