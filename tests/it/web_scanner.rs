//! Documents and the virus scanner: ClamAV's clamd, and a small server that speaks its protocol.

use std::{path::PathBuf, process::Stdio, time::Duration};

use parvaneh_contents::Scanner;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::{Child, Command},
};

use crate::{
    python::{python, tools},
    store_fixture::COUNTY,
    web_documents::{PDF, Site},
};

/// Finds something in whatever holds the word `worm`.
async fn scanner() -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut command = [0; 10];
            connection.read_exact(&mut command).await.unwrap();
            let mut read = Vec::new();
            while let Ok(length @ 1..) = connection.read_u32().await {
                let mut piece = vec![0; length as usize];
                connection.read_exact(&mut piece).await.unwrap();
                read.extend(piece);
            }
            let found = read.windows(4).any(|word| word == b"worm");
            let said = if found { "stream: Worm FOUND\0" } else { "stream: OK\0" };
            connection.write_all(said.as_bytes()).await.unwrap();
        }
    });
    address.to_string().parse().unwrap()
}

#[tokio::test]
async fn nothing_is_taken_that_the_scanner_has_not_found_clean() {
    let scanner = scanner().await;
    let site = Site::with(|settings| settings.documents.scanner = Some(scanner)).await;
    let mut engine = site.service.office.as_application().await;
    let worm = [b"%PDF-1.7\nworm\n".as_slice(), b"%%EOF"].concat();
    let answer = site.send("/documents", &site.mine, "", "a.pdf", &worm).await;
    assert_eq!((answer.status, answer.code()), (422, "document_infected"), "{answer:?}");
    assert_eq!(site.kept(&mut engine).await, (0, 0));
    let answer = site.send("/documents", &site.mine, "", "a.pdf", PDF).await;
    assert_eq!((answer.status, &answer.body["scanned"]), (201, &json!(true)), "{answer:?}");
    // What came before there was a scanner is looked at when it is handed in.
    let upload = answer.body["id"].as_str().unwrap();
    let unscanned = "update contents set clean = false";
    sqlx::query(unscanned).execute(&mut engine).await.unwrap();
    let application = json!({
        "workflow": "papers", "unit": COUNTY, "subject": "S",
        "documents": { "charter": { "upload": upload } },
    });
    let opened = site.service.post("/cases", &site.mine, &application).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let path = format!("/cases/{}", opened.body["case"]["id"].as_str().unwrap());
    let file = site.service.get(&path, &site.mine).await;
    assert_eq!(file.body["documents"][0]["scanned"], true, "{file:?}");
}

#[tokio::test]
async fn without_its_scanner_the_service_takes_nothing() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody: Scanner = gone.local_addr().unwrap().to_string().parse().unwrap();
    drop(gone);
    let site = Site::with(|settings| settings.documents.scanner = Some(nobody)).await;
    let mut engine = site.service.office.as_application().await;
    let answer = site.send("/documents", &site.mine, "", "a.pdf", PDF).await;
    assert_eq!((answer.status, answer.code()), (503, "scanner_unavailable"), "{answer:?}");
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(site.kept(&mut engine).await, (0, 0));
}

/// ClamAV's own clamd, with one signature: the word `worm-of-the-tests`. It ends with its handle.
struct Clamd {
    child: Child,
    folder: tempfile::TempDir,
}

impl Clamd {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("signatures")).unwrap();
        let worm: String = b"worm-of-the-tests".iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(path("signatures/own.ndb"), format!("Own.Worm:0:*:{worm}\n")).unwrap();
        let settings = format!(
            "Foreground yes\nLocalSocket {}\nDatabaseDirectory {}\n\
             StreamMaxLength 8M\nMaxFileSize 4M\nMaxScanSize 16M\nAlertExceedsMax yes\n",
            path("clamd.sock").display(),
            path("signatures").display(),
        );
        std::fs::write(path("clamd.conf"), settings).unwrap();
        let child = Command::new(tools().join("clamav/clamd"))
            .arg("--config-file")
            .arg(path("clamd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("clamd: `./run setup` installs what the tests need");
        let clamd = Self { child, folder };
        for _ in 0..500 {
            if tokio::net::UnixStream::connect(clamd.socket()).await.is_ok() {
                return clamd;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("clamd does not listen");
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.sock")
    }
}

/// A text document of an office program; what it says is compressed.
async fn docx(words: &str) -> Vec<u8> {
    let script = "
import io, sys, zipfile
file = io.BytesIO()
with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as parts:
    for name in ('[Content_Types].xml', '_rels/.rels', 'word/document.xml'):
        parts.writestr(name, '<x>' + sys.argv[1] * 100 + '</x>')
sys.stdout.buffer.write(file.getvalue())";
    let made = python("moto").args(["-c", script, words]).output().await.unwrap();
    assert!(made.status.success(), "{made:?}");
    made.stdout
}

#[tokio::test]
async fn clamd_itself_is_asked_and_understood() {
    let mut clamd = Clamd::start().await;
    let scanner: Scanner = clamd.socket().to_str().unwrap().parse().unwrap();
    let site = Site::with(|settings| settings.documents.scanner = Some(scanner)).await;
    let mut engine = site.service.office.as_application().await;
    let pdf = |words: &[u8], blanks: usize| {
        [b"%PDF-1.7\n", words, &vec![b' '; blanks], b"\n%%EOF"].concat()
    };
    let send = async |name: &str, bytes: Vec<u8>| {
        let answer = site.send("/documents", &site.mine, "", name, &bytes).await;
        (answer.status, answer.code().to_owned(), answer.body)
    };
    for (name, bytes) in [
        ("a.pdf", pdf(b"worm-of-the-tests", 10)),
        // Behind more than goes to it in one piece, and on the border of two.
        ("b.pdf", pdf(&[vec![b' '; 65_520], b"worm-of-the-tests".to_vec()].concat(), 1_000_000)),
        ("c.docx", docx("worm-of-the-tests").await),
    ] {
        let (status, code, body) = send(name, bytes).await;
        assert_eq!((status, code.as_str()), (422, "document_infected"), "{name}: {body}");
        assert!(body["detail"].as_str().unwrap().contains("Own.Worm"), "{name}: {body}");
    }
    // What is longer than it looks into it says so of, as it was told; what is longer than it takes at
    // all is no verdict.
    let (status, code, body) = send("d.pdf", pdf(b"", 5_000_000)).await;
    assert_eq!((status, code.as_str()), (422, "document_infected"), "{body}");
    assert!(body["detail"].as_str().unwrap().contains("Limits.Exceeded"), "{body}");
    let (status, code, body) = send("e.pdf", pdf(b"", 9_000_000)).await;
    assert_eq!((status, code.as_str()), (503, "scanner_unavailable"), "{body}");
    assert_eq!(site.kept(&mut engine).await, (0, 0));
    // Clean ones, many at once.
    let (clean, long) = (docx("worm").await, pdf(b"worm", 3_000_000));
    let (a, b, c) =
        tokio::join!(send("f.docx", clean), send("g.pdf", long), send("h.pdf", PDF.to_vec()));
    for (status, _, body) in [a, b, c] {
        assert_eq!((status, &body["scanned"]), (201, &json!(true)), "{body}");
    }
    clamd.child.kill().await.unwrap();
    let (status, code, body) = send("i.pdf", PDF.to_vec()).await;
    assert_eq!((status, code.as_str()), (503, "scanner_unavailable"), "{body}");
    assert_eq!(site.kept(&mut engine).await, (3, 3));
}
