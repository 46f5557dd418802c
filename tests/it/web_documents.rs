//! Documents through the API: uploaded, handed in, looked at, and got back byte for byte.

use std::{path::Path, time::Duration};

use parvaneh_contents::Contents;
use parvaneh_core::PersonId;
use parvaneh_store::Scope;
use parvaneh_web::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    store_fixture::{COUNTY, PROVINCE, applicant},
    web_fixture::{Answer, Service, answered, with_json},
};

pub(crate) const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82";

/// A procedure that asks for papers.
const PAPERS: &str = "
workflow: papers
version: 1
title: { fa: مدارک, en: Papers }
opens_at: county
calendar: ir
statutory: { term: 60 d, starts: opened, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open] }
documents:
  charter: { title: { fa: اساسنامه, en: Charter } }
  record: { title: { fa: سابقه, en: Record }, verified_by: county_officer, valid_for: 30 d }
forms:
  letter: { letter: { type: file, title: { fa: نامه, en: Letter } } }
application: letter
steps:
  review:
    title: { fa: بررسی, en: Review }
    owner: county_officer
    term: 5 d
    basis: assumption
    documents: { charter: required, record: optional }
    actions:
      grant: { title: { fa: صدور, en: Grant }, to: granted }
ends:
  granted: { title: { fa: صدور, en: Granted }, decision: yes, outcome: granted }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

/// A service that keeps documents in a folder.
pub(crate) struct Site {
    pub(crate) service: Service,
    folder: tempfile::TempDir,
    pub(crate) mine: String,
    pub(crate) officer: String,
}

impl Site {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::folder(&folder.path().join("documents")).unwrap();
        let service = Service::with(|settings| {
            settings.documents.contents = contents;
            change(settings);
        })
        .await;
        service.office.store.publish_definition(&"papers".into(), 1, PAPERS).await.unwrap();
        let mine = service.token(applicant(), "applicant", &Scope::ALL).await;
        let officer = service.token_of("county_officer").await;
        Self { service, folder, mine, officer }
    }

    /// Sends a file as it is.
    pub(crate) async fn send(
        &self,
        path: &str,
        token: &str,
        kind: &str,
        name: &str,
        bytes: &[u8],
    ) -> Answer {
        let request = self.service.request(Method::POST, path);
        let request = request
            .header("authorization", format!("Bearer {token}"))
            .header("content-disposition", format!("attachment; filename=\"{name}\""));
        let request = match kind {
            "" => request,
            kind => request.header("content-type", kind),
        };
        answered(request.body(bytes.to_vec())).await
    }

    pub(crate) async fn upload(&self, token: &str, bytes: &[u8]) -> String {
        let answer = self.send("/documents", token, "", "charter.pdf", bytes).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn opened(&self) -> String {
        let application = json!({ "workflow": "papers", "unit": COUNTY, "subject": "S" });
        let opened = self.service.post("/cases", &self.mine, &application).await;
        assert_eq!(opened.status, 201, "{opened:?}");
        opened.body["case"]["id"].as_str().unwrap().to_owned()
    }

    /// A file as it comes back, and its headers.
    pub(crate) async fn download(
        &self,
        path: &str,
        token: &str,
    ) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let request = self.service.request(Method::GET, path);
        let request = request.header("authorization", format!("Bearer {token}"));
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.bytes().await.unwrap_or_default().to_vec())
    }

    /// How many files are kept, the unfinished ones included; and how many the database knows.
    pub(crate) async fn kept(&self, owner: &mut PgConnection) -> (usize, i64) {
        let known = sqlx::query_scalar("select count(*) from contents").fetch_one(owner).await;
        (files(self.folder.path()), known.unwrap())
    }

    async fn nothing_stays(&self, owner: &mut PgConnection) {
        for _ in 0..100 {
            if self.kept(owner).await == (0, 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("kept: {:?}", self.kept(owner).await);
    }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|one| if one.path().is_dir() { files(&one.path()) } else { 1 }).sum()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn an_applicant_opens_with_his_papers_and_everybody_concerned_gets_them_back() {
    let site = Site::start().await;
    let (service, mine, officer) = (&site.service, &site.mine, &site.officer);
    // Longer than what is read into memory at once.
    let long = [b"%PDF-1.7\n".as_slice(), &vec![b' '; 3_000_000], b"%%EOF"].concat();
    let charter = site.upload(mine, &long).await;
    let letter = site.upload(mine, PNG).await;
    let application = json!({
        "workflow": "papers", "unit": COUNTY, "subject": "S",
        "values": { "letter": { "upload": letter } },
        "documents": { "charter": { "upload": charter } },
    });
    let opened = service.post("/cases", mine, &application).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let case = opened.body["case"]["id"].as_str().unwrap();
    let file = service.get(&format!("/cases/{case}"), mine).await;
    let listed = file.body["documents"].as_array().unwrap();
    let told: Vec<_> = listed.iter().map(|one| (&one["kind"], &one["field"], &one["id"])).collect();
    let null = Value::Null;
    let expected =
        [(&null, &json!("letter"), &json!(letter)), (&json!("charter"), &null, &json!(charter))];
    assert_eq!(told, expected, "{file:?}");
    // The timeline has its hash.
    let timeline = service.get(&format!("/cases/{case}/timeline"), officer).await;
    assert!(timeline.body.to_string().contains(&hash(&long)), "{timeline:?}");
    assert_eq!(
        (listed[1]["sha256"].as_str(), listed[1]["size"].as_u64()),
        (Some(hash(&long).as_str()), Some(long.len() as u64))
    );
    for token in [mine, officer] {
        for path in [charter.as_str(), "charter"] {
            let path = format!("/cases/{case}/documents/{path}");
            let (status, headers, bytes) = site.download(&path, token).await;
            assert_eq!(status, 200, "{path}");
            assert!(bytes == long, "{path}: {} bytes", bytes.len());
            let header = |name: &str| headers[name].to_str().unwrap();
            assert_eq!(header("content-type"), "application/pdf");
            assert_eq!(header("etag"), format!("\"{}\"", hash(&long)));
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert!(
                header("content-disposition").starts_with("attachment; filename=\"charter.pdf\"")
            );
            assert!(header("content-security-policy").ends_with("sandbox"));
        }
        let (status, _, bytes) =
            site.download(&format!("/cases/{case}/documents/{letter}"), token).await;
        assert_eq!((status, bytes.as_slice()), (200, PNG));
    }
    // With its paper the case can be decided.
    let granted = json!({ "action": "grant" });
    let granted = service.post(&format!("/cases/{case}/actions"), officer, &granted).await;
    assert_eq!(granted.body["case"]["place"]["outcome"], "granted", "{granted:?}");
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let site = Site::start().await;
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/charter");
    let long = [b"%PDF-1.7\n".as_slice(), &vec![b' '; 2_000_000], b"%%EOF"].concat();
    for bytes in [PDF, &long] {
        assert_eq!(site.send(&path, &site.mine, "", "a.pdf", bytes).await.status, 200);
        let get = async |method: Method, headers: &[(&'static str, String)]| {
            let request = site.service.request(method, &path);
            let request = request.header("authorization", format!("Bearer {}", site.officer));
            let request = headers.iter().fold(request, |all, (name, text)| all.header(*name, text));
            let response = request.send().await.unwrap();
            let headers = response.headers().clone();
            (response.status().as_u16(), headers, response.bytes().await.unwrap())
        };
        let (size, tag) = (bytes.len(), format!("\"{}\"", hash(bytes)));
        let (status, headers, _) = get(Method::GET, &[]).await;
        assert_eq!((status, headers["accept-ranges"].to_str().unwrap()), (200, "bytes"));
        for (range, part) in [("bytes=9-19", 9..20), ("bytes=-5", size - 5..size)] {
            let (status, headers, got) = get(Method::GET, &[("range", range.to_owned())]).await;
            assert_eq!((status, &got[..]), (206, &bytes[part.clone()]), "{range}");
            let said = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            assert_eq!(headers["content-range"].to_str().unwrap(), said);
            assert_eq!(headers["content-length"].to_str().unwrap(), part.len().to_string());
            assert_eq!(headers["etag"].to_str().unwrap(), tag);
        }
        let rest = ("range", "bytes=20-".to_owned());
        let (status, _, got) = get(Method::GET, &[rest.clone(), ("if-range", tag)]).await;
        assert_eq!((status, &got[..]), (206, &bytes[20..]));
        // Of another file than he has the beginning of, he gets all of it.
        let other = ("if-range", format!("\"{}\"", hash(b"another")));
        let (status, _, got) = get(Method::GET, &[rest.clone(), other]).await;
        assert_eq!((status, got.len()), (200, size));
        let (status, headers, _) = get(Method::HEAD, &[rest]).await;
        assert_eq!(
            (status, headers["content-length"].to_str().unwrap()),
            (200, size.to_string().as_str())
        );
        let (status, headers, got) = get(Method::GET, &[("range", format!("bytes={size}-"))]).await;
        let told: Value = serde_json::from_slice(&got).unwrap();
        assert_eq!((status, told["code"].as_str()), (416, Some("range_unsatisfiable")));
        assert_eq!(headers["content-range"].to_str().unwrap(), format!("bytes */{size}"));
    }
}

#[tokio::test]
async fn a_paper_is_handed_in_once_looked_at_and_replaced() {
    let site = Site::start().await;
    let (service, mine, officer) = (&site.service, &site.mine, &site.officer);
    let mut owner = service.office.as_application().await;
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/record");
    let hand_in = |bytes: &'static [u8], key: &'static str, tag: &'static str| {
        let issued = format!("{path}?issued=1403/01/20");
        let request = service.request(Method::POST, &issued).header("idempotency-key", key);
        let request = request.header("authorization", format!("Bearer {mine}"));
        answered(request.header("if-match", tag).body(bytes))
    };
    let first = hand_in(PDF, "k", "\"1\"").await;
    assert_eq!((first.status, first.header("etag")), (200, "\"2\""), "{first:?}");
    assert_eq!(first.body["events"][0]["kind"], "document_attached");
    assert_eq!(site.kept(&mut owner).await, (1, 1));
    // The same again changes nothing, and keeps nothing more; other bytes are another request.
    let again = hand_in(PDF, "k", "\"1\"").await;
    assert_eq!((again.status, &again.body["repeated"]), (200, &json!(true)), "{again:?}");
    let other = hand_in(PNG, "k", "\"1\"").await;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_reused"));
    let late = hand_in(PNG, "l", "\"1\"").await;
    assert_eq!((late.status, late.code()), (412, "conflict"));
    assert_eq!(site.kept(&mut owner).await, (1, 1));
    // It needs the day of its issue, and expires by it.
    for (query, field) in [("", "issue_day_needed"), ("?issued=1402/01/01", "expired")] {
        let answer = site.send(&format!("{path}{query}"), mine, "", "x.pdf", PDF).await;
        assert_eq!((answer.status, answer.code()), (422, "document_invalid"), "{answer:?}");
        assert_eq!(answer.body["faults"][0]["code"], field, "{answer:?}");
    }
    assert_eq!(site.kept(&mut owner).await, (1, 1));
    // Who looks at it says why it is not good; the applicant is told, and not by whom.
    let verdict = format!("{path}/verdict");
    let put = |body: Value, token: &str| {
        let request = service.request(Method::PUT, &verdict);
        answered(with_json(request.header("authorization", format!("Bearer {token}")), &body))
    };
    assert_eq!(put(json!({ "good": true }), mine).await.status, 403);
    assert_eq!(put(json!({ "good": false }), officer).await.code(), "reason_needed");
    let refused = put(json!({ "good": false, "reason": "illegible" }), officer).await;
    assert_eq!(refused.status, 200, "{refused:?}");
    let file = service.get(&format!("/cases/{case}"), mine).await;
    let told = &file.body["documents"][0]["verdict"];
    assert_eq!(
        (&told["good"], &told["reason"], &told["person"]),
        (&json!(false), &json!("illegible"), &Value::Null),
        "{file:?}"
    );
    // Another one takes its place, by an upload; the first stays where it is.
    let upload = site.upload(mine, PNG).await;
    let body = json!({ "upload": upload, "issued": "2024-04-10" });
    let request =
        service.request(Method::PUT, &path).header("authorization", format!("Bearer {mine}"));
    let replaced = answered(with_json(request, &body)).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    let file = service.get(&format!("/cases/{case}"), officer).await;
    let documents = file.body["documents"].as_array().unwrap();
    let latest: Vec<_> = documents.iter().map(|one| one["latest"].as_bool().unwrap()).collect();
    assert_eq!(latest, [false, true], "{file:?}");
    let first = documents[0]["id"].as_str().unwrap();
    for (name, bytes) in [(first, PDF), (upload.as_str(), PNG), ("record", PNG)] {
        let (_, _, got) = site.download(&format!("/cases/{case}/documents/{name}"), officer).await;
        assert_eq!(got, bytes, "{name}");
    }
    assert_eq!(put(json!({ "good": true }), officer).await.status, 200);
    // What the procedure does not ask for is refused before it is read.
    let other = site.send(&format!("/cases/{case}/documents/other"), mine, "", "x", PDF).await;
    assert_eq!((other.status, other.code()), (422, "unknown_document"));
}

#[tokio::test]
async fn a_name_names_nothing_on_our_side() {
    let site = Site::start().await;
    let case = site.opened().await;
    let before = files(site.folder.path());
    for (given, kept) in [
        ("../../../etc/cron.d/x.pdf", "x.pdf"),
        ("..\\\\..\\\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("..", "document.pdf"),
        ("a.pdf#1", "a.pdf#1"),
    ] {
        let path = format!("/cases/{case}/documents/charter");
        let answer = site.send(&path, &site.mine, "application/pdf", given, PDF).await;
        assert_eq!(answer.status, 200, "{given}: {answer:?}");
        assert_eq!(answer.body["events"][0]["fact"]["file"]["name"], kept, "{answer:?}");
    }
    assert_eq!(files(site.folder.path()), before + 5);
    // Every file is where it is by an identifier of ours.
    let root = site.folder.path().join("documents");
    for folder in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(uuid::Uuid::parse_str(&name).is_ok(), "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_not_what_it_is_said_to_be_is_refused_and_not_kept() {
    let site = Site::start().await;
    let mut owner = site.service.office.as_application().await;
    let page = b"<!DOCTYPE html><script>alert(1)</script>".as_slice();
    let polyglot = [b"<html><script>1</script>".as_slice(), PDF].concat();
    let hidden = [PNG, b"PK\x03\x04 an archive behind a picture"].concat();
    let program =
        [b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0".as_slice(), &[0; 5000]].concat();
    let mine = &site.mine;
    for (declared, name, bytes, code) in [
        ("application/pdf", "a.pdf", page, "document_type"),
        ("application/pdf", "a.pdf", polyglot.as_slice(), "document_type"),
        ("image/png", "a.png", hidden.as_slice(), "document_type"),
        ("application/pdf", "a.pdf", program.as_slice(), "document_type"),
        ("application/pdf", "a.pdf", &PDF[..20], "document_type"),
        ("application/pdf", "a.pdf", b"", "document_type"),
        ("image/png", "a.png", PDF, "document_mislabelled"),
        ("text/html", "a.html", b"only words", "document_mislabelled"),
    ] {
        let answer = site.send("/documents", mine, declared, name, bytes).await;
        assert_eq!((answer.status, answer.code()), (415, code), "{name} {declared}: {answer:?}");
        assert_eq!(site.kept(&mut owner).await, (0, 0), "{name}");
    }
    let told = site.send("/documents", mine, "application/pdf", "a.pdf", page).await;
    assert!(told.body["detail"].as_str().unwrap().contains("text/html"), "{told:?}");
    // A service may take fewer kinds.
    let few =
        Site::with(|settings| settings.documents.kinds = vec![parvaneh_contents::Kind::Pdf]).await;
    let answer = few.send("/documents", &few.mine, "image/png", "a.png", PNG).await;
    assert_eq!((answer.status, answer.code()), (415, "document_type"), "{answer:?}");
    few.upload(&few.mine, PDF).await;
}

#[tokio::test]
async fn a_definition_bounds_the_files_of_a_paper() {
    let site = Site::start().await;
    let mut owner = site.service.office.as_application().await;
    let bounded = PAPERS.replace("version: 1", "version: 2").replace(
        "charter: { title: { fa: اساسنامه, en: Charter } }",
        "charter: { title: { fa: اساسنامه, en: Charter }, types: [pdf, jpg], max_mb: 1, times: 2 }",
    );
    site.service.office.store.publish_definition(&"papers".into(), 2, &bounded).await.unwrap();
    let (service, mine) = (&site.service, &site.mine);
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/charter");
    let long = [b"%PDF-1.7\n".as_slice(), &vec![b' '; 1_100_000], b"%%EOF"].concat();
    for (bytes, status, code) in [(PNG, 415, "paper_type"), (&long, 413, "paper_too_long")] {
        let answer = site.send(&path, mine, "", "a", bytes).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
        assert_eq!(site.kept(&mut owner).await, (0, 0));
    }
    // Also what does not say beforehand how long it is.
    let mut connection = began(&site, &path, "transfer-encoding: chunked").await;
    let mut piece = format!("{:x}\r\n", long.len()).into_bytes();
    piece.extend(long.iter().chain(b"\r\n0\r\n\r\n"));
    let _ = connection.write_all(&piece).await;
    let told = said(&mut connection).await;
    assert!(told.starts_with("HTTP/1.1 413") && told.contains("paper_too_long"), "{told}");
    site.nothing_stays(&mut owner).await;
    // What is uploaded for something else does not come in as this paper either.
    for (bytes, code) in [(PNG, "paper_type"), (&long, "paper_too_long")] {
        let upload = site.upload(mine, bytes).await;
        let body = json!({ "upload": upload });
        let handed = service.ask(Method::PUT, &path, mine, Some(&body)).await;
        assert_eq!((handed.status, handed.code()), (422, "document_invalid"), "{handed:?}");
        assert_eq!(handed.body["faults"][0]["code"], code, "{handed:?}");
        let application = json!({
            "workflow": "papers", "unit": COUNTY, "subject": "S",
            "documents": { "charter": { "upload": upload } },
        });
        let opened = service.post("/cases", mine, &application).await;
        assert_eq!(opened.status, 422, "{opened:?}");
        let fault = &opened.body["faults"][0];
        assert_eq!(
            (&fault["code"], &fault["pointer"]),
            (&json!(code), &json!("/documents/charter"))
        );
        // As any other paper it does.
        let record = format!("/cases/{case}/documents/record");
        let body = json!({ "upload": upload, "issued": "1403/01/20" });
        let handed = service.ask(Method::PUT, &record, mine, Some(&body)).await;
        assert_eq!(handed.status, 200, "{handed:?}");
    }
    for status in [200, 200, 409] {
        let answer = site.send(&path, mine, "", "a.pdf", PDF).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(status == 200 || answer.code() == "too_many_documents", "{answer:?}");
    }
}

/// The most memory that this process has had, in KB, since it was last reset.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Sends the head of a request, and gives the connection back.
pub(crate) async fn began(site: &Site, path: &str, head: &str) -> TcpStream {
    let host = site.service.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /api/v1{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n{head}\r\n\r\n",
        site.mine
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

/// The status and the code of what is answered.
pub(crate) async fn said(connection: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(read)) =
        tokio::time::timeout(Duration::from_secs(10), connection.read(&mut buffer)).await
        && read > 0
    {
        said.extend_from_slice(&buffer[..read]);
        if said.ends_with(b"}") {
            break;
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_are_refused_and_never_held_in_memory() {
    const HUNDRED: usize = 100_000_000;
    let site = Site::start().await;
    let mut owner = site.service.office.as_application().await;
    // What says how long it is is refused before anything of it is sent.
    let head = format!("content-length: {HUNDRED}");
    let case = site.opened().await;
    for path in
        ["/documents".to_owned(), format!("/cases/{case}/documents/charter"), "/cases".to_owned()]
    {
        let mut connection = began(&site, &path, &head).await;
        let told = said(&mut connection).await;
        assert!(
            told.starts_with("HTTP/1.1 413") && told.contains("body_too_long"),
            "{path}: {told}"
        );
    }
    // What does not say it is refused as soon as it is longer than a document may be.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    let mut connection = began(&site, "/documents", "transfer-encoding: chunked").await;
    let mut piece = format!("{:x}\r\n", 64 * 1024).into_bytes();
    piece.extend(std::iter::repeat_n(b' ', 64 * 1024).chain(*b"\r\n"));
    let mut sent = 0;
    while sent < HUNDRED && connection.write_all(&piece).await.is_ok() {
        sent += 64 * 1024;
    }
    let told = said(&mut connection).await;
    let grown = peak().saturating_sub(before);
    assert!(sent < HUNDRED, "all of it was taken");
    assert!(told.is_empty() || told.contains("body_too_long"), "{told}");
    assert!(grown < 20_000, "{grown} KB more");
    site.nothing_stays(&mut owner).await;
    // And one that may be as long is taken, with no more memory.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    let longest = 20 * 1024 * 1024;
    let mut connection = began(&site, "/documents", &format!("content-length: {longest}")).await;
    connection.write_all(b"%PDF-1.7").await.unwrap();
    let blank = vec![b' '; 64 * 1024];
    let mut left = longest - 8 - 5;
    while left > 0 {
        let piece = &blank[..left.min(blank.len())];
        connection.write_all(piece).await.unwrap();
        left -= piece.len();
    }
    connection.write_all(b"%%EOF").await.unwrap();
    let told = said(&mut connection).await;
    assert!(told.starts_with("HTTP/1.1 201"), "{told}");
    let grown = peak().saturating_sub(before);
    assert!(grown < 20_000, "{grown} KB more");
    assert_eq!(site.kept(&mut owner).await, (1, 1));
}

#[tokio::test]
async fn what_is_broken_off_or_too_slow_leaves_nothing() {
    let site = Site::with(|settings| settings.documents.silence = Duration::from_secs(3)).await;
    let mut owner = site.service.office.as_application().await;
    let case = site.opened().await;
    for path in ["/documents".to_owned(), format!("/cases/{case}/documents/charter")] {
        for part in [1, 1_000_000] {
            let mut connection = began(&site, &path, "content-length: 2000000").await;
            connection.write_all(&vec![b' '; part]).await.unwrap();
            let mut looks = 0;
            while site.kept(&mut owner).await.1 != 1 {
                looks += 1;
                assert!(looks < 200, "it does not begin");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            drop(connection);
            site.nothing_stays(&mut owner).await;
        }
    }
    let mut slow = began(&site, "/documents", "content-length: 2000000").await;
    slow.write_all(&[b' '; 1000]).await.unwrap();
    let told = said(&mut slow).await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("\"timeout\""), "{told}");
    site.nothing_stays(&mut owner).await;
    let timeline = site.service.get(&format!("/cases/{case}/timeline"), &site.officer).await;
    assert_eq!(timeline.body["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_tampered_with_is_not_given_out() {
    let site = Site::start().await;
    let mut owner = site.service.office.as_application().await;
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/charter");
    assert_eq!(site.send(&path, &site.mine, "", "a.pdf", PDF).await.status, 200);
    let file = site.service.get(&format!("/cases/{case}"), &site.mine).await;
    let id = file.body["documents"][0]["id"].as_str().unwrap().to_owned();
    let kept = site.folder.path().join("documents").join(&id[34..]).join(&id);
    let mut other = PDF.to_vec();
    other[10] ^= 1;
    std::fs::write(&kept, &other).unwrap();
    let (status, _, bytes) = site.download(&path, &site.officer).await;
    let told: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((status, &told["code"]), (500, &json!("document_damaged")));
    // Not even by who can change both the file and the table: the timeline says what it was.
    let sql = "update contents set sha256 = $1 where attached";
    let told = sqlx::query(sql).bind(Sha256::digest(&other).to_vec()).execute(&mut owner).await;
    assert!(told.unwrap_err().to_string().contains("stays as it is"));
    std::fs::remove_file(&kept).unwrap();
    let (status, _, bytes) = site.download(&path, &site.officer).await;
    let told: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((status, &told["code"]), (500, &json!("document_damaged")));
    std::fs::write(&kept, PDF).unwrap();
    assert_eq!(site.download(&path, &site.officer).await.2, PDF);
}

#[tokio::test]
async fn an_upload_is_its_uploaders_alone() {
    let site = Site::start().await;
    let (service, mine, officer) = (&site.service, &site.mine, &site.officer);
    let case = site.opened().await;
    let (his, unknown) = (site.upload(officer, PDF).await, uuid::Uuid::from_u128(7).to_string());
    let mut answers = Vec::new();
    for upload in [&his, &unknown] {
        let paper = json!({ "upload": upload });
        let documents = json!({ "charter": paper });
        let open =
            json!({ "workflow": "papers", "unit": COUNTY, "subject": "S", "documents": documents });
        let file = json!({ "workflow": "papers", "unit": COUNTY, "subject": "S", "values": { "letter": paper } });
        let act = json!({ "action": "grant", "documents": documents });
        let fill = json!({ "values": {}, "documents": documents });
        let hand_in = format!("/cases/{case}/documents/charter");
        for (method, path, body, pointer) in [
            (Method::POST, "/cases", &open, "/documents/charter/upload"),
            (Method::POST, "/cases", &file, "/values/letter/upload"),
            (Method::POST, &format!("/cases/{case}/actions"), &act, "/documents/charter/upload"),
            (Method::PUT, &format!("/cases/{case}/values"), &fill, "/documents/charter/upload"),
            (Method::PUT, &hand_in, &paper, "/upload"),
        ] {
            let answer = service.ask(method.clone(), path, mine, Some(body)).await;
            assert_eq!((answer.status, answer.code()), (422, "body_invalid"), "{path}: {answer:?}");
            let fault = &answer.body["faults"][0];
            assert_eq!(
                (&fault["code"], &fault["pointer"]),
                (&json!("unknown_upload"), &json!(pointer))
            );
            answers.push((method, path.to_owned(), fault.clone()));
        }
        // Nor is it a document of a case that he sees.
        let (status, ..) = site.download(&format!("/cases/{case}/documents/{upload}"), mine).await;
        assert_eq!(status, 404);
    }
    // What is another's cannot be told from what is not there.
    assert_eq!(answers[..5], answers[5..]);
    // A file is given by its upload only, however a claim to have one is spelt.
    let claim = json!({ "name": "a.pdf", "media_type": "application/pdf", "size": 1, "sha256": "0".repeat(64) });
    for claim in [claim.clone(), json!(claim.to_string()), json!({ "upload": his, "x": 1 })] {
        let body = json!({ "workflow": "papers", "unit": COUNTY, "subject": "S", "values": { "letter": claim } });
        let answer = service.post("/cases", mine, &body).await;
        assert_eq!(answer.body["faults"][0]["code"], "not_a_file", "{answer:?}");
    }
}

/// Who sees a case gets its documents, an applicant his own; to everybody else there are none.
#[tokio::test]
async fn documents_are_seen_by_whoever_sees_the_case() {
    let site = Site::start().await;
    let (service, mine, officer) = (&site.service, &site.mine, &site.officer);
    let case = site.opened().await;
    let path = |document: &str| format!("/cases/{case}/documents/{document}");
    assert_eq!(site.send(&path("charter"), mine, "", "a.pdf", PDF).await.status, 200);
    let internal = site.send(&path("charter"), officer, "", "b.png", PNG).await;
    assert_eq!(internal.status, 200, "{internal:?}");
    let file = service.get(&format!("/cases/{case}"), officer).await;
    let ids: Vec<_> = file.body["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let (his, offices) = (ids[0], ids[1]);
    for (who, role, unit, sees) in [
        ("head of the county", "county_officer", COUNTY, true),
        ("head of the province", "county_officer", PROVINCE, true),
        ("auditor", "auditor", PROVINCE, true),
        ("sibling", "county_officer", "2302", false),
        ("other auditor", "auditor", "08", false),
        ("administrator", "administrator", "ir", false),
        ("police", "agency.police", COUNTY, false),
    ] {
        let person: PersonId = service.hires(who, role, unit).await;
        let token = service.token(person, who, &Scope::ALL).await;
        for document in ["charter", his, offices] {
            let (status, _, bytes) = site.download(&path(document), &token).await;
            assert_eq!(status, if sees { 200 } else { 404 }, "{who} {document}");
            if !sees {
                let told: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(told["code"], "not_found", "{who}");
            }
        }
        // Whoever may not hand papers in leaves nothing behind.
        if role != "county_officer" || !sees {
            let answer = site.send(&path("charter"), &token, "", "c.pdf", PDF).await;
            assert_eq!(answer.status, if sees { 403 } else { 404 }, "{who}: {answer:?}");
        }
    }
    assert_eq!(files(site.folder.path()), 2);
    // The applicant: what came from him, under every name.
    let (status, _, bytes) = site.download(&path(his), mine).await;
    assert_eq!((status, bytes.as_slice()), (200, PDF));
    assert_eq!(site.download(&path("charter"), mine).await.2, PDF);
    assert_eq!(site.download(&path(offices), mine).await.0, 404);
    let file = service.get(&format!("/cases/{case}"), mine).await;
    let listed = file.body["documents"].as_array().unwrap();
    assert_eq!((listed.len(), listed[0]["id"].as_str()), (1, Some(his)), "{file:?}");
    // A content of one case is none of another.
    let other = site.opened().await;
    let (status, ..) = site.download(&format!("/cases/{other}/documents/{his}"), officer).await;
    assert_eq!(status, 404);
    let nobody = answered(service.request(Method::GET, &path("charter"))).await;
    assert_eq!((nobody.status, nobody.code()), (401, "unauthenticated"));
}

#[tokio::test]
async fn there_is_an_end_to_what_somebody_uploads_and_to_what_a_case_holds() {
    let site = Site::with(|settings| {
        settings.documents.most_waiting = 3;
        settings.documents.most_of_a_kind = 2;
    })
    .await;
    let mut owner = site.service.office.as_application().await;
    let sending = (0..8).map(|_| site.send("/documents", &site.mine, "", "a.pdf", PDF));
    let mut taken = 0;
    for answer in futures_of(sending).await {
        match answer.status {
            201 => taken += 1,
            429 => assert_eq!(
                (answer.code(), answer.header("retry-after")),
                ("too_many_uploads", "3600")
            ),
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!((taken, site.kept(&mut owner).await), (3, (3, 3)));
    // Another person's are his own affair; and what a case holds waits no longer.
    site.upload(&site.officer, PDF).await;
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/charter");
    for expected in [200, 200, 409] {
        let answer = site.send(&path, &site.officer, "", "a.pdf", PDF).await;
        assert_eq!(answer.status, expected, "{answer:?}");
    }
    assert_eq!(site.kept(&mut owner).await, (6, 6));
    // What nobody has handed in for a day is no use any more, and an hour later it is gone.
    let upload: uuid::Uuid =
        sqlx::query_scalar("select id from contents where uploader = $1 limit 1")
            .bind(applicant().0)
            .fetch_one(&mut owner)
            .await
            .unwrap();
    let aged = "update contents set begun_at = clock_timestamp() - $1 * interval '1 hour' where not attached";
    sqlx::query(aged).bind(24.1).execute(&mut owner).await.unwrap();
    let paper = json!({ "upload": upload });
    let late = site
        .service
        .ask(Method::PUT, &path.replace("charter", "record"), &site.mine, Some(&paper))
        .await;
    assert_eq!(late.body["faults"][0]["code"], "unknown_upload", "{late:?}");
    let contents = &site.service.app.settings.documents.contents;
    let store = &site.service.office.store;
    assert_eq!(parvaneh_worker::uploads::once(store, contents).await.unwrap(), (0, false));
    sqlx::query(aged).bind(25.1).execute(&mut owner).await.unwrap();
    assert_eq!(parvaneh_worker::uploads::once(store, contents).await.unwrap(), (4, false));
    assert_eq!(site.kept(&mut owner).await, (2, 2));
    assert_eq!(site.download(&path, &site.officer).await.2, PDF);
}

async fn futures_of<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (one, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = one.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect()),
            false => std::task::Poll::Pending,
        }
    })
    .await
}
