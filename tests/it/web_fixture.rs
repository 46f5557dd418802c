//! The service as callers meet it: a real server on loopback over an office, and people with tokens.

use std::{io::ErrorKind, time::Duration};

use chrono::TimeDelta;
use parvaneh_core::{Grant, PersonId, RoleId, UnitId};
use parvaneh_store::{NewToken, Scope, SecretKey, Store, StoreOptions};
use parvaneh_web::{App, LicenceTypesetter, Limits, Settings, auth::Secret};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use uuid::Uuid;

use crate::store_fixture::{Office, holder};

/// A service that runs.
pub(crate) struct Service {
    pub(crate) office: Office,
    pub(crate) app: App,
    /// Where it is: `http://127.0.0.1:…`.
    pub(crate) url: String,
    pub(crate) client: Client,
    /// Ends it when dropped.
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<std::io::Result<()>>>,
}

/// A sender of webhooks that reaches one receiver, which takes what is signed by one secret.
#[derive(Debug)]
struct TestSender;

impl parvaneh_web::Sender for TestSender {
    fn check(&self, url: &str) -> Result<String, String> {
        match url {
            "https://receiver.example/" => Ok(url.to_owned()),
            _ => Err("not on the public network".to_owned()),
        }
    }

    fn is_secret(&self, secret: &str) -> bool {
        secret.starts_with("whsec_")
    }

    fn ping<'a>(
        &'a self,
        _url: &'a str,
        secret: &'a str,
        _now: chrono::DateTime<chrono::Utc>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let taken = secret == "whsec_good";
        Box::pin(async move { if taken { Ok(()) } else { Err("401".to_owned()) } })
    }
}

/// An answer: its status, its headers, its body as JSON (null where it is none).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::over(Office::sandbox().await, change).await
    }

    /// With a store that waits no longer for a connection than `parvaneh serve` does if nobody says otherwise.
    pub(crate) async fn as_deployed() -> Self {
        let mut office = Office::sandbox().await;
        let how = StoreOptions { patience: Duration::from_secs(1), ..StoreOptions::default() };
        office.store = Store::connect(office.database.app_options(), how).await.unwrap();
        Self::over(office, |_| {}).await
    }

    pub(crate) async fn over(office: Office, change: impl FnOnce(&mut Settings)) -> Self {
        office.store.use_key(&SecretKey::of([7; 32])).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Tests ask oftener than people.
        let limits = Limits::UNLIMITED;
        let licences: Option<LicenceTypesetter> =
            Some(|paper| parvaneh_pdf::typeset_licence(paper).map_err(|error| error.to_string()));
        let public_url = url.clone();
        let mut settings = Settings { public_url, limits, licences, ..Settings::default() };
        change(&mut settings);
        let sender = std::sync::Arc::new(TestSender);
        let app = App::sending(office.store.clone(), settings, sender);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        let running = tokio::spawn(parvaneh_web::serve(listener, app.clone(), stopped));
        // A second installation says so, and does nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Self { office, app, url, client, stop: Some(stop), running: Some(running) }
    }

    /// Tells it to end.
    pub(crate) fn end(&mut self) {
        self.stop.take();
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) {
        let running = self.running.take().expect("waited for once");
        running.await.expect("it ends by itself").expect("its socket is fine");
    }

    /// Somebody of the office gets an account, and a token for everything.
    pub(crate) async fn token_of(&self, name: &str) -> String {
        self.token(holder(name), name, &Scope::ALL).await
    }

    #[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
    pub(crate) async fn token(&self, person: PersonId, login: &str, scopes: &[Scope]) -> String {
        let store = &self.office.store;
        store.save_account(person, login).await.unwrap();
        let secret = Secret::new().unwrap();
        let token = NewToken {
            id: Uuid::now_v7(),
            secret_hash: secret.hash(),
            person,
            name: login.to_owned(),
            scopes: scopes.to_vec(),
            lasts: TimeDelta::days(1).to_std().unwrap(),
        };
        store.add_token(token).await.unwrap();
        secret.reveal()
    }

    /// A new person with a role.
    pub(crate) async fn hires(&self, name: &str, role: &str, unit: &str) -> PersonId {
        let (store, person) = (&self.office.store, holder(name));
        store.save_people(vec![(person, name.to_owned())]).await.unwrap();
        let grant = Grant { role: RoleId::from(role), unit: UnitId::from(unit) };
        store.grant(vec![(person, grant)]).await.unwrap();
        person
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url))
    }

    /// Asks with a token.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = self.request(method, path).header("authorization", format!("Bearer {token}"));
        answered(match body {
            None => request,
            Some(body) => with_json(request, body),
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, token, Some(body)).await
    }
}

pub(crate) fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// A service refuses by the head of a request: it answers, and closes a connection whose body it has not read.
/// Who is still writing then may see the end before the answer, and asks again (RFC 9112, 9.5). What is accepted has
/// been read whole.
async fn sent(request: RequestBuilder) -> reqwest::Response {
    for _ in 0..5 {
        let Some(again) = request.try_clone() else { break };
        match again.send().await {
            Err(error) if is_broken_off(&error) => {}
            answer => return answer.unwrap(),
        }
    }
    request.send().await.unwrap()
}

fn is_broken_off(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)) {
            return true;
        }
        cause = error.source();
    }
    false
}

pub(crate) async fn answered(request: RequestBuilder) -> Answer {
    let response = sent(request).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    // A stream has no end: whoever wants to hear it listens by himself.
    let streams = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let text = if streams { String::new() } else { response.text().await.unwrap() };
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, body }
}
