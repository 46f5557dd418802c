//! Those to whom notices are sent: a real SMTP server, and a real HTTP server.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use parvaneh_worker::{
    mail::{Mailer, Smtp},
    retry::Retry,
    send::Channels,
    webhook::{Destinations, Poster},
};
use serde_json::Value;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use crate::python::python;

/// A mail that the server has received.
#[derive(Clone, Debug)]
pub(crate) struct Received(Value);

impl Received {
    pub(crate) fn to(&self) -> &str {
        self.0["to"][0].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.0["headers"].as_array().unwrap();
        headers.iter().find(|header| header[0] == name).and_then(|header| header[1].as_str())
    }

    pub(crate) fn text(&self) -> &str {
        self.0["text"].as_str().unwrap()
    }

    pub(crate) fn html(&self) -> &str {
        self.0["html"].as_str().unwrap()
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.0["defects"].as_array().is_some_and(Vec::is_empty)
    }
}

/// A real SMTP server in a process of its own. It ends with this handle.
#[derive(Debug)]
pub(crate) struct MailServer {
    _child: Child,
    folder: TempDir,
    port: u16,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/smtp/server.py");
        let mut child = python("aiosmtpd")
            .arg(script)
            .arg(folder.path().join("mails"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3: `./run setup` installs what the tests need");
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).await.unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| {
            panic!("no mail server (aiosmtpd): `./run setup` installs what the tests need")
        });
        Self { _child: child, folder, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        let mails = std::fs::read_to_string(self.folder.path().join("mails")).unwrap_or_default();
        // The last one may be being written still.
        let written = mails.rfind('\n').map_or("", |end| &mails[..end]);
        written.lines().map(|line| Received(serde_json::from_str(line).unwrap())).collect()
    }

    /// How often each mail has come, by its identity.
    pub(crate) fn by_identity(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for mail in self.received() {
            *times.entry(mail.header("message-id").unwrap().to_owned()).or_default() += 1;
        }
        times
    }

    pub(crate) fn channels(&self) -> Channels {
        channels(Some(&self.url()))
    }
}

/// Quick, and with loopback allowed.
pub(crate) fn channels(smtp: Option<&str>) -> Channels {
    let smtp = smtp.map(|url| Smtp::new(url, "Parvaneh <parvaneh@example.org>").unwrap());
    let allowed = vec!["127.0.0.0/8".parse().unwrap()];
    let poster = Poster::new(Destinations { allowed }, Duration::from_secs(1)).unwrap();
    let (first, longest) = (Duration::from_millis(20), Duration::from_millis(200));
    Channels {
        retry: Retry { first, longest, attempts: 5 },
        idle: Duration::from_millis(20),
        ..Channels::new(smtp.map(Mailer::new), poster)
    }
}

/// A worker that only sends, in a process of its own.
pub(crate) struct SenderProcess(Child);

impl SenderProcess {
    pub(crate) async fn start(options: &PgConnectOptions, smtp: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_notice-sender"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the sender");
        let mut input = child.stdin.take().unwrap();
        let said = format!("{}\n{smtp}\n", options.to_url_lossy());
        input.write_all(said.as_bytes()).await.unwrap();
        child.stdin = Some(input);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }

    /// Kills it: it gets no chance to do anything more.
    pub(crate) async fn kill(mut self) {
        self.0.kill().await.unwrap();
    }
}

/// An event that a webhook was sent, with a signature that is right.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) event: Value,
}

/// Receives events at `/<how>/<name>`, where `how` is `good`, `bad` (500 to the first two of each),
/// `hang`, `gone` or `moved`.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    wrong: Arc<Mutex<Vec<String>>>,
    key: Vec<u8>,
}

impl Receiver {
    /// Listens; checks each signature by this secret.
    pub(crate) async fn start(secret: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { address, posts: Arc::default(), wrong: Arc::default(), key };
        let router =
            Router::new().route("/{how}/{name}", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn at(&self, path: &str) -> Vec<Post> {
        let posts = self.posts.lock().unwrap();
        posts.iter().filter(|post| post.path == path).cloned().collect()
    }

    /// What came with a signature that is not right.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap().clone()
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
        let header = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).ok_or_else(|| format!("no {name}"))
        };
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&self.key).unwrap();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let signature = header("webhook-signature")?;
        let given = signature.strip_prefix("v1,").ok_or("no v1")?;
        let given = STANDARD.decode(given).map_err(|error| error.to_string())?;
        mac.verify_slice(&given).map_err(|error| error.to_string())?;
        let age = chrono::DateTime::from_timestamp(timestamp.parse().unwrap(), 0).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a receiver has a clock of its own")]
        let age = (chrono::Utc::now() - age).num_seconds().abs();
        if age > 300 {
            return Err(format!("{age} seconds old"));
        }
        if header("content-type")? != "application/cloudevents+json; charset=utf-8" {
            return Err("no CloudEvent".to_owned());
        }
        Ok(id)
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path((how, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let id = match receiver.check(&headers, &body) {
        Ok(id) => id,
        Err(why) => {
            receiver.wrong.lock().unwrap().push(why);
            return StatusCode::BAD_REQUEST.into_response();
        }
    };
    let path = format!("/{how}/{name}");
    let event = serde_json::from_slice(&body).unwrap();
    let times = {
        let mut posts = receiver.posts.lock().unwrap();
        posts.push(Post { path: path.clone(), id: id.clone(), event });
        posts.iter().filter(|post| post.path == path && post.id == id).count()
    };
    match how.as_str() {
        "bad" if times <= 2 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "hang" => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::OK.into_response()
        }
        "gone" => StatusCode::GONE.into_response(),
        "moved" => Redirect::permanent("/good/elsewhere").into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}
