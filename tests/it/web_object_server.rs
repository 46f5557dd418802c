//! Documents that are kept with an S3-compatible server: a real one, in a process of its own.

use std::{process::Stdio, time::Duration};

use parvaneh_contents::{Contents, S3};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::Instant,
};

use crate::{
    python::python,
    store_fixture::COUNTY,
    web_documents::{PDF, Site, began},
    web_fixture::answered,
};

/// The server. It ends with its handle, and what it holds with it.
struct ObjectServer {
    child: Child,
    asks: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
    settings: S3,
}

impl ObjectServer {
    async fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/s3/server.py");
        let mut child = python("moto")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3: `./run setup` installs what the tests need");
        let asks = child.stdin.take().unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = says.next_line().await.unwrap().unwrap_or_else(|| {
            panic!("no S3 server (moto): `./run setup` installs what the tests need")
        });
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let settings = S3 {
            bucket: "papers".to_owned(),
            prefix: "office/documents".to_owned(),
            endpoint: Some(text("endpoint")),
            region: text("region"),
            access_key: text("key"),
            secret_key: text("secret"),
        };
        Self { child, asks, says, settings }
    }

    async fn site(&self) -> Site {
        self.site_by(&self.settings).await
    }

    async fn site_by(&self, settings: &S3) -> Site {
        let contents = Contents::s3(settings).unwrap();
        Site::with(|settings| settings.documents.contents = contents).await
    }

    async fn ask(&mut self, question: &str) -> Value {
        self.asks.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        serde_json::from_str(&self.says.next_line().await.unwrap().unwrap()).unwrap()
    }

    /// The names of the objects that it holds, and how many uploads in parts have not ended.
    async fn kept(&mut self) -> (Vec<String>, u64) {
        let told = self.ask("kept").await;
        let names = told["objects"].as_array().unwrap().iter();
        let names = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        (names, told["unfinished"].as_u64().unwrap())
    }

    /// Waits until it holds so many objects, and so many uploads in parts that have not ended.
    async fn comes_to(&mut self, objects: usize, unfinished: u64) {
        for _ in 0..200 {
            let (names, open) = self.kept().await;
            if (names.len(), open) == (objects, unfinished) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", self.kept().await);
    }
}

/// A file of so many bytes.
fn pdf(length: usize) -> Vec<u8> {
    let words = (0..length - 13).map(|place| b"0123456789 \n"[place * 7 % 11]);
    b"%PDF-1.7".iter().copied().chain(words).chain(*b"%%EOF").collect()
}

async fn health(site: &Site) -> (u16, Value) {
    let url = format!("{}/health/ready", site.service.url);
    let answer = answered(site.service.client.get(url)).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn what_is_handed_in_is_kept_and_given_back_whatever_its_length() {
    let mut server = ObjectServer::start().await;
    let site = server.site().await;
    let (mine, officer) = (&site.mine, &site.officer);
    // At once; in parts, the last of which is short; in parts of the full length only.
    let files = [PDF.to_vec(), pdf(12_345_678), pdf(2 * 5 * 1024 * 1024)];
    let case = site.opened().await;
    for (no, bytes) in files.iter().enumerate() {
        let path = format!("/cases/{case}/documents/charter");
        let answer = site.send(&path, mine, "application/pdf", "a.pdf", bytes).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for token in [mine, officer] {
            let (status, headers, got) = site.download(&path, token).await;
            assert_eq!((status, &headers["content-length"]), (200, &bytes.len().into()));
            assert!(got == *bytes, "{} bytes", got.len());
        }
        let (names, unfinished) = server.kept().await;
        assert_eq!((names.len(), unfinished), (no + 1, 0));
        assert!(names.iter().all(|name| name.starts_with("office/documents/")), "{names:?}");
    }
    // With an application, by uploads.
    let (charter, letter) = (site.upload(mine, &files[1]).await, site.upload(mine, PDF).await);
    let application = json!({
        "workflow": "papers", "unit": COUNTY, "subject": "S",
        "values": { "letter": { "upload": letter } },
        "documents": { "charter": { "upload": charter } },
    });
    let opened = site.service.post("/cases", mine, &application).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    assert_eq!(health(&site).await, (200, json!({ "ok": true, "documents": true })));
}

#[tokio::test]
async fn what_is_refused_broken_off_or_never_handed_in_does_not_stay() {
    let mut server = ObjectServer::start().await;
    let site = server.site().await;
    let mut engine = site.service.office.as_application().await;
    // Refused at its end, when two parts of it are there already.
    let mut other = pdf(12_000_000);
    other.truncate(11_999_990);
    let answer = site.send("/documents", &site.mine, "", "a.pdf", &other).await;
    assert_eq!((answer.status, answer.code()), (415, "document_type"), "{answer:?}");
    server.comes_to(0, 0).await;
    // Broken off in the middle.
    let mut connection = began(&site, "/documents", "content-length: 12000000").await;
    connection.write_all(&other[..8_000_000]).await.unwrap();
    server.comes_to(0, 1).await;
    drop(connection);
    server.comes_to(0, 0).await;
    let known = "select count(*) from contents";
    for _ in 0..100 {
        let known: i64 = sqlx::query_scalar(known).fetch_one(&mut engine).await.unwrap();
        if known == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Never handed in: gone a day later, and nothing else.
    site.upload(&site.mine, &pdf(6_000_000)).await;
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/charter");
    assert_eq!(site.send(&path, &site.mine, "", "a.pdf", PDF).await.status, 200);
    let aged =
        "update contents set begun_at = clock_timestamp() - interval '26 hours' where not attached";
    sqlx::query(aged).execute(&mut engine).await.unwrap();
    let contents = &site.service.app.settings.documents.contents;
    let swept = parvaneh_worker::uploads::once(&site.service.office.store, contents).await.unwrap();
    assert_eq!(swept, (1, false));
    server.comes_to(1, 0).await;
    let known: i64 = sqlx::query_scalar(known).fetch_one(&mut engine).await.unwrap();
    assert_eq!(known, 1);
    assert_eq!(site.download(&path, &site.officer).await.2, PDF);
}

#[tokio::test]
async fn what_has_become_another_is_not_given_out() {
    let mut server = ObjectServer::start().await;
    let site = server.site().await;
    let case = site.opened().await;
    for (no, bytes) in [PDF.to_vec(), pdf(6_000_000)].iter().enumerate() {
        let path = format!("/cases/{case}/documents/charter");
        let before = server.kept().await.0;
        assert_eq!(site.send(&path, &site.mine, "", "a.pdf", bytes).await.status, 200, "{no}");
        let (now, _) = server.kept().await;
        let name = now.iter().find(|name| !before.contains(name)).unwrap();
        server.ask(&format!("spoil {name}")).await;
        let (status, _, told) = site.download(&path, &site.officer).await;
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!((status, &told["code"]), (500, &json!("document_damaged")));
    }
}

#[tokio::test]
async fn without_its_server_documents_cannot_be_had_and_everything_else_goes_on() {
    let mut server = ObjectServer::start().await;
    let site = server.site().await;
    let case = site.opened().await;
    let path = format!("/cases/{case}/documents/charter");
    assert_eq!(site.send(&path, &site.mine, "", "a.pdf", PDF).await.status, 200);
    // With another key it takes nothing: that is looked at, too.
    let stranger = S3 { secret_key: "another".to_owned(), ..server.settings.clone() };
    let other = server.site_by(&stranger).await;
    assert_eq!(health(&other).await, (200, json!({ "ok": true, "documents": false })));
    let answer = other.send("/documents", &other.mine, "", "a.pdf", PDF).await;
    assert_eq!((answer.status, answer.code()), (503, "documents_unavailable"), "{answer:?}");
    assert!(!answer.body.to_string().contains("http://127.0.0.1"), "{answer:?}");
    // Nor without the bucket.
    server.ask("lose papers").await;
    assert_eq!(health(&site).await, (200, json!({ "ok": true, "documents": false })));
    let answer = site.send("/documents", &site.mine, "", "a.pdf", PDF).await;
    assert_eq!((answer.status, answer.code()), (503, "documents_unavailable"), "{answer:?}");
    // Nor when it is gone.
    server.child.kill().await.unwrap();
    for bytes in [PDF.to_vec(), pdf(8_000_000)] {
        let begun = Instant::now();
        let answer = site.send("/documents", &site.mine, "", "a.pdf", &bytes).await;
        assert_eq!((answer.status, answer.code()), (503, "documents_unavailable"), "{answer:?}");
        assert_eq!(answer.header("retry-after"), "30");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    let get = site.service.request(Method::GET, &path);
    let got = answered(get.header("authorization", format!("Bearer {}", site.officer))).await;
    assert_eq!((got.status, got.code()), (503, "documents_unavailable"), "{got:?}");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(health(&site).await, (200, json!({ "ok": true, "documents": false })));
    let file = site.service.get(&format!("/cases/{case}"), &site.officer).await;
    assert_eq!((file.status, &file.body["documents"][0]["kind"]), (200, &json!("charter")));
}
