//! `parvaneh audit bundle`: what the database gives out passes the verifier, until somebody has changed the past.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::installation::Installation;

#[test]
fn an_auditor_verifies_what_is_given_out_and_finds_what_was_changed() {
    let here = Installation::sandbox();
    here.people(&[("Ali", "county_officer@2301"), ("سارا", "")]);
    here.json(["clock", "freeze"]);
    here.json(["clock", "set", "1450/02/03 09:00"]);
    let nothing = here.folder().join("nothing.jsonl").display().to_string();
    assert_eq!(
        here.refused(["audit", "bundle", &nothing, "--as", "Ali", "--reason", "the year"]),
        "no-checkpoint"
    );
    here.opens("خیریه مهر");

    let file = |name: &str| here.folder().join(name).display().to_string();
    let first = file("first.jsonl");
    let made = here.json(["audit", "bundle", &first, "--as", "Ali", "--reason", "the year"]);
    assert_eq!((&made["cases"], &made["events"], &made["size"]), (&json!(1), &json!(1), &json!(1)));
    let key = fs::read_to_string(here.folder().join("signer/key.pub")).expect("a key");
    let key = key.trim();
    here.run(["audit", "verify", &first, "--key", key]).ends(0);
    // What is there is not written over.
    assert_eq!(
        here.refused(["audit", "bundle", &first, "--as", "Ali", "--reason", "the year"]),
        "file-exists"
    );
    let kept = here.json(["audit", "checkpoint"]);
    let since = file("since.txt");
    fs::write(&since, kept["note"].as_str().expect("a note")).expect("it is kept");

    // The log grows, and the auditor sees that it has only grown.
    here.opens("خیریه یاری");
    let second = file("second.jsonl");
    let made = here.json([
        "audit", "bundle", &second, "--since", &since, "--unit", "23", "--as", "Ali", "--reason",
        "the year",
    ]);
    // Who made it, what for and its hash is recorded, as of every export.
    let bytes = fs::read(&second).expect("a bundle");
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let export = made["export"].as_str().expect("an export");
    here.as_superuser(&format!(
        "do $$ begin
            assert (select count(*) from export_events where export_id = '{export}'
                    and body::text like '%the year%') = 1, 'why';
            assert (select count(*) from export_events where export_id = '{export}'
                    and body::text like '%{hash}%') = 1, 'the hash';
         end $$"
    ));
    here.run(["audit", "verify", &second, "--key", key, "--since", &since]).ends(0);

    // Somebody changes what happened.
    here.as_superuser(
        "alter table case_events disable trigger all;
         update case_events set body = replace(body::text, 'خیریه مهر', 'خیریه قهر')::json;
         alter table case_events enable trigger all",
    );
    let third = file("third.jsonl");
    here.json(["audit", "bundle", &third, "--as", "Ali", "--reason", "the year"]);
    here.run(["audit", "verify", &third, "--key", key]).ends(12);
}

/// A service with its worker and its signer.
struct Service {
    child: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Service {
    fn start(here: &Installation) -> Self {
        let mut program = here.program();
        program.args(["serve", "--json", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = program.spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("it says where it is");
        let said: Value = serde_json::from_str(&line).expect("a document");
        Self { child, address: said["address"].as_str().expect("an address").to_owned() }
    }

    /// The status of an answer, and its body.
    fn asks(&self, token: &str, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        let request = format!(
            "{method} /api/v1{path} HTTP/1.0\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status"), answer.split_off(end + 4))
    }

    fn document(&self, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (status, body) = self.asks(token, method, path, body);
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

#[test]
fn an_auditor_asks_the_service_for_a_bundle() {
    let here = Installation::sandbox();
    here.people(&[("Ali", "county_officer@2301"), ("Zahra", "auditor@23"), ("سارا", "")]);
    for subject in ["خیریه مهر", "خیریه یاری"] {
        here.opens(subject);
    }
    let token = here.token("Zahra");
    let service = Service::start(&here);
    let asked = |body: Value| service.document(&token, "POST", "/exports", &body.to_string());
    let bundle = |more: Value| {
        let mut body = json!({ "format": "bundle", "reason": "annual audit" });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        asked(body)
    };
    // Whole, and of what she sees.
    let (status, refused) = bundle(json!({ "state": "open" }));
    assert_eq!((status, &refused["code"]), (422, &json!("bundle_narrowed")), "{refused}");
    let (status, refused) = bundle(json!({ "unit": "ir" }));
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    let (status, refused) = bundle(json!({ "since": "a note" }));
    assert_eq!((status, &refused["faults"][0]["pointer"]), (422, &json!("/since")), "{refused}");

    let written = |more: Value, name: &str| {
        let begun = Instant::now();
        loop {
            let (status, made) = bundle(more.clone());
            assert_eq!(status, 202, "{made}");
            let path = format!("/exports/{}", made["id"].as_str().expect("an export"));
            let mut made = made;
            while matches!(made["state"].as_str(), Some("waiting" | "running")) {
                thread::sleep(Duration::from_millis(100));
                made = service.document(&token, "GET", &path, "").1;
            }
            // The first checkpoint is signed within seconds.
            if made["state"] == "failed" && begun.elapsed() < Duration::from_secs(30) {
                thread::sleep(Duration::from_millis(500));
                continue;
            }
            assert_eq!((&made["state"], &made["cases"]), (&json!("done"), &json!(2)), "{made}");
            let (status, bytes) = service.asks(&token, "GET", &format!("{path}/content"), "");
            assert_eq!(status, 200);
            let file = here.folder().join(name);
            fs::write(&file, bytes).expect("it is kept");
            return file.display().to_string();
        }
    };
    let first = written(json!({}), "first.jsonl");
    let key = fs::read_to_string(here.folder().join("signer/key.pub")).expect("a key");
    here.run(["audit", "verify", &first, "--key", key.trim()]).ends(0);
    let text = fs::read_to_string(&first).expect("a bundle");
    let head: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let since = here.folder().join("since.txt").display().to_string();
    fs::write(&since, head["checkpoint"].as_str().expect("a note")).expect("it is kept");

    // A form sends other ends of lines.
    let note = head["checkpoint"].as_str().expect("a note").replace('\n', "\r\n");
    let second = written(json!({ "unit": "23", "since": note.trim() }), "second.jsonl");
    here.run(["audit", "verify", &second, "--key", key.trim(), "--since", &since]).ends(0);
}
