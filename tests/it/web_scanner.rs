//! Documents and the virus scanner: a small server that speaks clamd's protocol stands in for it.

use parvaneh_contents::Scanner;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
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
