//! The pages as browsers ask for them: coming in, the language, what surrounds every answer, and who
//! may open which page.

use std::collections::BTreeSet;

use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};

use crate::{
    store_fixture::{COUNTY, PROVINCE, holder},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_second_factor::with_second_factor,
};

/// What a browser accepts.
const ACCEPTS: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// An answer to a browser.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What the browser is to keep: names and values.
    fn cookies(&self) -> Vec<String> {
        let cookies = self.headers.get_all("set-cookie").iter();
        cookies.map(|one| one.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
    }
}

/// A browser: it keeps cookies, names its origin, and goes where it is sent only when told to.
pub(crate) struct Browser<'s> {
    service: &'s Service,
    client: Client,
    cookies: Vec<String>,
    accept_language: &'static str,
}

impl<'s> Browser<'s> {
    pub(crate) fn new(service: &'s Service) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { service, client, cookies: Vec::new(), accept_language: "fa" }
    }

    /// One with the session of somebody of the office.
    pub(crate) async fn of(service: &'s Service, name: &str) -> Self {
        let cookie = logged_in(service, name).await;
        Self { cookies: vec![cookie], ..Self::new(service) }
    }

    /// One with the session that a cookie opens.
    pub(crate) fn coming_with(service: &'s Service, session: &str) -> Self {
        Self { cookies: vec![format!("parvaneh={session}")], ..Self::new(service) }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.service.url))
            .header("accept", ACCEPTS)
            .header("accept-language", self.accept_language)
            .header("cookie", self.cookies.join("; "))
    }

    async fn answered(&mut self, response: Response) -> Page {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let page = Page { status, headers, html: response.text().await.unwrap() };
        for cookie in page.cookies() {
            let name = cookie.split('=').next().unwrap().to_owned();
            self.cookies.retain(|kept| kept.split('=').next() != Some(&name));
            if !cookie.ends_with('=') {
                self.cookies.push(cookie);
            }
        }
        page
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let response = self.request(Method::GET, path).send().await.unwrap();
        self.answered(response).await
    }

    pub(crate) async fn send(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send_from(path, form, "same-origin").await
    }

    async fn send_from(&mut self, path: &str, form: &[(&str, &str)], site: &str) -> Page {
        let encoded = |text: &str| {
            text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
        };
        let body: Vec<_> =
            form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(body.join("&"));
        let response = request.send().await.unwrap();
        self.answered(response).await
    }
}

#[tokio::test]
async fn somebody_comes_in_by_his_password_and_goes_out() {
    let service = Service::start().await;
    logged_in(&service, "county_officer").await;
    let mut browser = Browser::new(&service);
    // Whoever has not come in is led to the login, and from there to where he wanted.
    let away = browser.get("/?lang=fa").await;
    assert_eq!((away.status, away.header("location")), (303, "/login?to=/%3Flang%3Dfa"));
    let login = browser.get(away.header("location")).await;
    assert_eq!(login.status, 200);
    assert!(login.html.contains("name=\"to\" value=\"/?lang=fa\""), "{}", login.html);

    let form = |password: &'static str| {
        [("login", "county_officer"), ("password", password), ("to", "/?lang=fa")]
    };
    let wrong = browser.send("/login", &form("a wrong password")).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.html.contains("role=\"alert\""), "{}", wrong.html);
    assert!(wrong.html.contains("value=\"county_officer\""), "what was typed stays");
    assert!(!wrong.html.contains("a wrong password"), "but for the password");

    let entered = browser.send("/login", &form(PASSWORD)).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/?lang=fa"), "{entered:?}");
    let home = browser.get("/?lang=fa").await;
    assert_eq!(home.status, 200);
    assert!(home.html.contains("<html lang=\"fa\" dir=\"rtl\""), "{}", home.html);
    assert!(home.html.contains("کارشناس"), "his role by its name: {}", home.html);

    let left = browser.send("/logout", &[]).await;
    assert_eq!((left.status, left.header("location")), (303, "/login"));
    assert_eq!(browser.get("/").await.header("location"), "/login");
}

#[tokio::test]
async fn nobody_is_led_to_another_site_after_the_login() {
    let service = Service::start().await;
    logged_in(&service, "county_officer").await;
    for to in ["//evil.example", "https://evil.example", "/\\evil.example", "evil"] {
        let mut browser = Browser::new(&service);
        let form = [("login", "county_officer"), ("password", PASSWORD), ("to", to)];
        assert_eq!(browser.send("/login", &form).await.header("location"), "/", "{to}");
    }
}

#[tokio::test]
async fn who_has_a_second_factor_comes_in_by_two_pages() {
    let service = Service::start().await;
    let (_, _, codes) = with_second_factor(&service, "county_officer").await;
    let mut browser = Browser::new(&service);
    let form = [("login", "county_officer"), ("password", PASSWORD), ("to", "/")];
    let half = browser.send("/login", &form).await;
    assert_eq!(half.header("location"), "/login/second-step?to=/");
    assert_eq!(browser.get("/").await.status, 303, "the password alone opens nothing");
    assert_eq!(browser.get("/login/second-step?to=/").await.status, 200);
    let wrong = browser.send("/login/second-step", &[("code", "000000"), ("to", "/")]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.html.contains("name=\"code\""), "one more attempt: {}", wrong.html);
    let form = [("code", codes[0].as_str()), ("to", "/")];
    assert_eq!(browser.send("/login/second-step", &form).await.header("location"), "/");
    assert_eq!(browser.get("/").await.status, 200);
    // Without the first step there is no second one.
    let mut stranger = Browser::new(&service);
    let form = [("code", codes[1].as_str()), ("to", "/")];
    let over = stranger.send("/login/second-step", &form).await;
    assert_eq!(over.status, 401);
    assert!(over.html.contains("name=\"password\""), "back to the login: {}", over.html);
}

#[tokio::test]
async fn a_link_sets_a_password_on_a_page() {
    let service = Service::start().await;
    service.office.store.save_account(holder("county_officer"), "sara").await.unwrap();
    let link = parvaneh_web::password_link(&service.app, holder("county_officer")).await.unwrap();
    let path = link.strip_prefix(&service.url).unwrap();
    let mut browser = Browser::new(&service);
    assert_eq!(browser.get(path).await.status, 200);
    for (password, again) in [("short", "short"), (PASSWORD, "another butterfly on a rose")] {
        let form = [("password", password), ("again", again)];
        let page = browser.send(path, &form).await;
        assert_eq!(page.status, 422, "{}", page.html);
        assert!(page.html.contains("role=\"alert\""));
    }
    let form = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(browser.send(path, &form).await.status, 303);
    assert_eq!(browser.get("/").await.status, 200);
    let spent = browser.get(path).await;
    assert_eq!(spent.status, 410, "it works once");
    assert!(spent.html.contains("<!doctype html>"), "{}", spent.html);
}

#[tokio::test]
async fn a_recovery_is_answered_alike_whoever_is_asked_for() {
    let service = Service::start().await;
    logged_in(&service, "county_officer").await;
    let mut browser = Browser::new(&service);
    assert_eq!(browser.get("/recover").await.status, 200);
    let known = browser.send("/recover", &[("login", "county_officer")]).await;
    let unknown = browser.send("/recover", &[("login", "nobody")]).await;
    assert_eq!((known.status, &known.html), (200, &unknown.html));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let service = Service::start().await;
    logged_in(&service, "county_officer").await;
    let form = [("login", "county_officer"), ("password", PASSWORD)];
    for site in ["cross-site", "same-site"] {
        let refused = Browser::new(&service).send_from("/login", &form, site).await;
        assert_eq!(refused.status, 403, "{site}");
        let mut browser = Browser::of(&service, "county_officer").await;
        assert_eq!(browser.send_from("/logout", &[], site).await.status, 403, "{site}");
        assert_eq!(browser.get("/").await.status, 200, "{site}: still in");
    }
    // A browser that names its origin only, as over plain HTTP.
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let url = format!("{}/login", service.url);
    let body = "login=county_officer&password=a+butterfly+on+a+red+rose";
    for (origin, status) in
        [(service.url.as_str(), 303), ("https://evil.example", 403), ("null", 403)]
    {
        let request = client.post(&url).header("origin", origin).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.send().await.unwrap().status(), status, "{origin}");
    }
}

#[tokio::test]
async fn language_and_theme_are_chosen_and_kept() {
    let service = Service::start().await;
    let mut browser = Browser::new(&service);
    browser.accept_language = "de";
    let page = browser.get("/login").await;
    assert!(page.html.contains("<html lang=\"fa\" dir=\"rtl\" data-theme=\"system\">"));
    assert_eq!(page.header("content-language"), "fa");
    let page = browser.get("/login?lang=en").await;
    assert!(page.html.contains("<html lang=\"en\" dir=\"ltr\""), "{}", page.html);
    let chosen =
        browser.send("/preferences", &[("language", "en"), ("to", "/login?lang=fa")]).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/login"));
    browser.send("/preferences", &[("theme", "dark"), ("to", "/login")]).await;
    let page = browser.get("/login").await;
    assert!(
        page.html.contains("<html lang=\"en\" dir=\"ltr\" data-theme=\"dark\">"),
        "{}",
        page.html
    );
    assert!(page.html.contains(">Password<"), "{}", page.html);
    for form in [[("language", "de"), ("to", "/")], [("theme", "\"><script>"), ("to", "/")]] {
        assert_eq!(browser.send("/preferences", &form).await.status, 400);
    }
    let away = browser.send("/preferences", &[("theme", "light"), ("to", "//evil.example")]).await;
    assert_eq!(away.header("location"), "/");
}

#[tokio::test]
async fn every_page_comes_with_a_strict_policy_and_loads_only_from_here() {
    let service = Service::start().await;
    let mut browser = Browser::of(&service, "county_officer").await;
    for path in ["/", "/login", "/recover", "/no-such-page"] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{path}"
        );
        assert!(
            !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        for attribute in ["src=\"", "href=\""] {
            for part in page.html.split(attribute).skip(1) {
                let address = part.split('"').next().unwrap();
                assert!(address.starts_with(['/', '#']), "{path} loads {address}");
            }
        }
        assert!(page.html.len() < 50_000, "{path} has {} bytes", page.html.len());
        for asset in page.html.split('"').filter(|part| part.starts_with("/assets/")) {
            let file = browser.get(asset).await;
            assert_eq!(file.status, 200, "{asset}");
            assert!(file.header("cache-control").contains("immutable"), "{asset}");
        }
    }
    let old = browser.get("/assets/000000000000/pages.css").await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
    for path in
        ["/assets/0/../../Cargo.toml", "/assets/0/nothing.css", "/assets/0/%2e%2e%2fCargo.toml"]
    {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_a_page_for_browsers_and_json_for_programs() {
    let service = Service::start().await;
    let mut browser = Browser::of(&service, "county_officer").await;
    let page = browser.get("/no-such-page").await;
    assert_eq!(page.status, 404);
    assert!(page.html.contains("<!doctype html>") && page.html.contains("۴۰۴"), "{}", page.html);
    let id = page.header("x-request-id");
    assert!(page.html.contains(id), "it names the request as the logs have it");
    for accept in ["application/json", "*/*"] {
        let request = browser.request(Method::GET, "/no-such-page").header("accept", accept);
        // The browser's own kinds came first; a program sends its own only.
        let request = request.build().unwrap();
        let mut request = request;
        request.headers_mut().insert("accept", accept.parse().unwrap());
        let answer = browser.client.execute(request).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{accept}");
    }
    // For htmx only what is told, into the place of messages; and who is out goes to the login.
    let request = |path: &str, cookie: bool| {
        let request = browser.request(Method::GET, path).header("hx-request", "true");
        let mut request = request.build().unwrap();
        if !cookie {
            request.headers_mut().remove("cookie");
        }
        request
    };
    let part = browser.client.execute(request("/no-such-page", true)).await.unwrap();
    assert_eq!(
        (part.status().as_u16(), &part.headers()["hx-retarget"]),
        (404, &"#told".parse().unwrap())
    );
    assert!(!part.text().await.unwrap().contains("<html"));
    let out = browser.client.execute(request("/", false)).await.unwrap();
    assert_eq!(
        (out.status().as_u16(), &out.headers()["hx-redirect"]),
        (401, &"/login".parse().unwrap())
    );
}

#[tokio::test]
async fn who_asks_too_often_is_told_so_on_a_page() {
    let service = Service::with(|settings| {
        settings.limits = parvaneh_web::Limits {
            address: parvaneh_web::Rates { entries: 2, ..parvaneh_web::Rates::UNLIMITED },
            person: parvaneh_web::Rates::UNLIMITED,
        }
    })
    .await;
    let mut browser = Browser::new(&service);
    let form = [("login", "nobody"), ("password", "nothing")];
    for _ in 0..2 {
        assert_eq!(browser.send("/login", &form).await.status, 401);
    }
    let told = browser.send("/login", &form).await;
    assert_eq!(told.status, 429);
    assert!(told.html.contains("<!doctype html>"), "{}", told.html);
    assert!(!told.header("retry-after").is_empty());
}

#[tokio::test]
async fn the_clock_of_a_sandbox_is_moved_by_who_may() {
    let service = Service::start().await;
    service.hires("keeper", "administrator", "ir").await;
    let clock = async || service.office.store.clock().await.unwrap().now;
    let mut officer = Browser::of(&service, "county_officer").await;
    let home = officer.get("/").await;
    assert!(home.html.contains("class=\"sandbox\""), "everybody sees its date: {}", home.html);
    assert!(!home.html.contains("action=\"/sandbox/clock\""), "{}", home.html);
    let before = clock().await;
    let day = [("days", "1"), ("to", "/")];
    assert_eq!(officer.send("/sandbox/clock", &day).await.status, 403);
    assert!(clock().await - before < chrono::TimeDelta::hours(1));

    let mut keeper = Browser::of(&service, "keeper").await;
    assert!(keeper.get("/").await.html.contains("action=\"/sandbox/clock\""));
    assert_eq!(keeper.send("/sandbox/clock", &[("days", "10"), ("to", "/")]).await.status, 303);
    let moved = clock().await - before;
    assert!((10..11).contains(&moved.num_days()), "{moved}");
    for days in ["0", "-1", "367", "x"] {
        assert_eq!(keeper.send("/sandbox/clock", &[("days", days)]).await.status, 400, "{days}");
    }

    let service = Service::with(|settings| settings.everybody_moves_clock = true).await;
    let mut officer = Browser::of(&service, "county_officer").await;
    assert_eq!(officer.send("/sandbox/clock", &day).await.status, 303);
}

#[tokio::test]
async fn where_real_cases_are_kept_there_is_no_such_bar() {
    let service = Service::over(crate::store_fixture::Office::production().await, |_| {}).await;
    service.hires("keeper", "administrator", "ir").await;
    let mut keeper = Browser::of(&service, "keeper").await;
    assert!(!keeper.get("/").await.html.contains("class=\"sandbox\""));
    let day = [("days", "1"), ("to", "/")];
    assert_eq!(keeper.send("/sandbox/clock", &day).await.status, 409);
}

/// Everybody who opens pages: a name, and what he holds where.
const CALLERS: &[(&str, &str, &str)] = &[
    ("officer", "county_officer", COUNTY),
    ("head", "county_head", COUNTY),
    ("auditor", "auditor", PROVINCE),
    ("manager", "manager", PROVINCE),
    ("provincial administrator", "administrator", PROVINCE),
    ("administrator", "administrator", "ir"),
    ("keeper", "calendar_keeper", PROVINCE),
    ("stranger", "", ""),
];

/// Who may open a page.
pub(crate) enum Opens {
    /// Also who has not come in.
    Anybody,
    /// Everybody is answered with that status, also who has not come in: what is asked about is not there.
    Answered(u16),
    /// Everybody who has come in.
    Everybody,
    /// Everybody who has come in is answered with that status: what was sent is not enough.
    Answers(u16),
    /// These; all others are refused (403).
    Only(&'static [&'static str]),
    /// These are answered with that status: what was sent is not enough, or not there. All others are
    /// refused (403).
    Told(&'static [&'static str], u16),
    /// Nobody: what is asked about is there for none of them (404).
    Nobody,
    /// These are answered with that status; to all others there is no such page (404).
    There(&'static [&'static str], u16),
    /// Those who see the case; to all others there is no such page (404).
    Readers,
    /// Those who may do it; who only sees the case is told why not (409), to all others there is no
    /// such page.
    Doers(&'static [&'static str]),
}

/// Those of the callers who see the case of the rows.
const READERS: &[&str] = &["officer", "head", "auditor", "manager"];

/// Those of the callers who look after people of the county.
const ADMINISTRATORS: &[&str] = &["provincial administrator", "administrator"];
/// Those of the callers who give out the work of an officer of the county.
const ASSIGNERS: &[&str] = &["head"];
/// Who looks after what runs by itself.
const OPERATOR: &[&str] = &["administrator"];

/// A page: its method and address as they are declared, an address to ask, a form to send, and whom
/// it opens for.
pub(crate) struct Row(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static [(&'static str, &'static str)],
    pub(crate) Opens,
);

/// An export that nobody has asked for.
const NO_EXPORT: &str = "/exports/0190f1a2-0000-7000-8000-000000000001";
const NO_EXPORT_FILE: &str = "/exports/0190f1a2-0000-7000-8000-000000000001/file";
const NO_EXPORT_CANCELLED: &str = "/exports/0190f1a2-0000-7000-8000-000000000001/cancel";

/// A task of a case that is none.
const NO_TASK: &[(&str, &str)] = &[("case", "0190f1a2-0000-7000-8000-000000000001"), ("task", "1")];

/// An application that nobody has begun.
const NO_DRAFT: &str = "/drafts/0190f1a2-0000-7000-8000-000000000001";
const NO_DRAFT_DROPPED: &str = "/drafts/0190f1a2-0000-7000-8000-000000000001/drop";
const NO_QUESTION: &str = "/drafts/0190f1a2-0000-7000-8000-000000000001/ask/subject";

pub(crate) const ROWS: &[Row] = &[
    Row("get /exports", "/exports", &[], Opens::Only(READERS)),
    Row(
        "post /exports",
        "/exports",
        &[("format", "csv"), ("reason", "because")],
        Opens::Only(READERS),
    ),
    Row("get /exports/{id}", NO_EXPORT, &[], Opens::Nobody),
    Row("get /exports/{id}/file", NO_EXPORT_FILE, &[], Opens::Nobody),
    Row("post /exports/{id}/cancel", NO_EXPORT_CANCELLED, &[], Opens::Nobody),
    Row("get /", "/", &[], Opens::Everybody),
    Row("get /login", "/login", &[], Opens::Anybody),
    Row("get /login/second-step", "/login/second-step", &[], Opens::Anybody),
    Row("get /recover", "/recover", &[], Opens::Anybody),
    Row("post /recover", "/recover", &[("login", "nobody")], Opens::Anybody),
    Row("post /preferences", "/preferences", &[("theme", "dark")], Opens::Anybody),
    Row("get /account", "/account", &[], Opens::Everybody),
    Row("get /account/password", "/account/password", &[], Opens::Everybody),
    Row("post /account/password", "/account/password", &[], Opens::Answers(422)),
    Row("get /account/second-factor", "/account/second-factor", &[], Opens::Everybody),
    Row(
        "post /account/second-factor/begin",
        "/account/second-factor/begin",
        &[("password", "not mine")],
        Opens::Answers(403),
    ),
    Row(
        "post /account/second-factor/confirm",
        "/account/second-factor/confirm",
        &[("code", "000000")],
        Opens::Answers(409),
    ),
    Row(
        "post /account/second-factor/codes",
        "/account/second-factor/codes",
        &[("password", "not mine")],
        Opens::Answers(403),
    ),
    Row(
        "post /account/second-factor/remove",
        "/account/second-factor/remove",
        &[("password", "not mine")],
        Opens::Answers(403),
    ),
    Row("get /account/sessions", "/account/sessions", &[], Opens::Everybody),
    Row("post /account/sessions/others/end", "/account/sessions/others/end", &[], Opens::Everybody),
    Row(
        "post /account/sessions/{id}/end",
        "/account/sessions/0190f1a2-0000-7000-8000-000000000001/end",
        &[],
        Opens::Nobody,
    ),
    Row("get /account/tokens", "/account/tokens", &[], Opens::Everybody),
    Row(
        "post /account/tokens",
        "/account/tokens",
        &[("name", "a program"), ("scopes", "read"), ("days", "۹۰")],
        Opens::Everybody,
    ),
    Row(
        "post /account/tokens/{id}/revoke",
        "/account/tokens/0190f1a2-0000-7000-8000-000000000001/revoke",
        &[],
        Opens::Nobody,
    ),
    Row("get /account/notices", "/account/notices", &[], Opens::Everybody),
    Row(
        "post /account/notices",
        "/account/notices",
        &[("language", "fa"), ("digest_at", "۰۸:۰۰"), ("warning", "off")],
        Opens::Everybody,
    ),
    Row("get /account/lending", "/account/lending", &[], Opens::Everybody),
    Row("get /people/{id}/lending", "/people/PERSON/lending", &[], Opens::There(ASSIGNERS, 200)),
    Row("post /people/{id}/lending", "/people/PERSON/lending", &[], Opens::There(ASSIGNERS, 422)),
    Row(
        "post /people/{id}/lending/{lent}/revoke",
        "/people/PERSON/lending/0190f1a2-0000-7000-8000-000000000001/revoke",
        &[("reason", "over")],
        Opens::Nobody,
    ),
    Row("post /people/{id}/absence", "/people/PERSON/absence", &[], Opens::There(ASSIGNERS, 422)),
    Row(
        "post /people/{id}/absence/{absence}/end",
        "/people/PERSON/absence/0190f1a2-0000-7000-8000-000000000001/end",
        &[],
        Opens::Nobody,
    ),
    Row(
        "get /admin/people",
        "/admin/people?text=s&unit=COUNTY&order=login",
        &[],
        Opens::Only(ADMINISTRATORS),
    ),
    Row("get /admin/people/new", "/admin/people/new", &[], Opens::Only(ADMINISTRATORS)),
    Row("post /admin/people", "/admin/people", &[], Opens::Told(ADMINISTRATORS, 422)),
    Row("get /admin/people/{id}", "/admin/people/PERSON", &[], Opens::Only(ADMINISTRATORS)),
    Row(
        "post /admin/people/{id}/roles",
        "/admin/people/PERSON/roles",
        &[("role", "county_head"), ("unit", "COUNTY")],
        Opens::Only(ADMINISTRATORS),
    ),
    Row(
        "post /admin/people/{id}/roles/take",
        "/admin/people/PERSON/roles/take",
        &[("role", "secretariat"), ("unit", "COUNTY")],
        Opens::Told(ADMINISTRATORS, 404),
    ),
    Row(
        "post /admin/people/{id}/account",
        "/admin/people/PERSON/account",
        &[("login", "somebody")],
        Opens::Only(ADMINISTRATORS),
    ),
    Row(
        "post /admin/people/{id}/password-link",
        "/admin/people/PERSON/password-link",
        &[],
        Opens::Only(ADMINISTRATORS),
    ),
    Row(
        "post /admin/people/{id}/disable",
        "/admin/people/PERSON/disable",
        &[],
        Opens::Only(ADMINISTRATORS),
    ),
    Row(
        "post /admin/people/{id}/enable",
        "/admin/people/PERSON/enable",
        &[],
        Opens::Only(ADMINISTRATORS),
    ),
    Row(
        "post /admin/people/{id}/second-factor/reset",
        "/admin/people/PERSON/second-factor/reset",
        &[],
        Opens::Only(ADMINISTRATORS),
    ),
    Row(
        "post /admin/people/{id}/identities",
        "/admin/people/PERSON/identities",
        &[("subject", "somebody")],
        Opens::Told(ADMINISTRATORS, 404),
    ),
    Row(
        "post /admin/people/{id}/identities/{identity}/remove",
        "/admin/people/PERSON/identities/0190f1a2-0000-7000-8000-000000000001/remove",
        &[],
        Opens::Told(ADMINISTRATORS, 404),
    ),
    Row("get /admin/units", "/admin/units", &[], Opens::Only(ADMINISTRATORS)),
    Row("get /admin/units/{unit}", "/admin/units/COUNTY", &[], Opens::Only(ADMINISTRATORS)),
    Row("post /admin/units/{unit}", "/admin/units/COUNTY", &[], Opens::Told(OPERATOR, 422)),
    Row(
        "post /admin/units/{unit}/below",
        "/admin/units/COUNTY/below",
        &[],
        Opens::Told(OPERATOR, 422),
    ),
    Row("get /admin/delegations", "/admin/delegations", &[], Opens::Only(ADMINISTRATORS)),
    Row("get /admin/health", "/admin/health", &[], Opens::Only(OPERATOR)),
    Row("get /admin/deliveries", "/admin/deliveries", &[], Opens::Only(OPERATOR)),
    Row("get /admin/webhooks", "/admin/webhooks", &[], Opens::Only(OPERATOR)),
    Row("get /admin/parked", "/admin/parked", &[], Opens::Only(OPERATOR)),
    Row("get /admin/jobs", "/admin/jobs", &[], Opens::Only(OPERATOR)),
    Row(
        "post /admin/deliveries/retry",
        "/admin/deliveries/retry",
        &[(
            "id",
            "email:0190f1a2-0000-7000-8000-000000000001:0190f1a2-0000-7000-8000-000000000001:1",
        )],
        Opens::Told(OPERATOR, 404),
    ),
    Row(
        "post /admin/deliveries/retry-all",
        "/admin/deliveries/retry-all",
        &[],
        Opens::Only(OPERATOR),
    ),
    Row("post /admin/webhooks", "/admin/webhooks", &[], Opens::Told(OPERATOR, 422)),
    Row(
        "get /admin/webhooks/{id}",
        "/admin/webhooks/0190f1a2-0000-7000-8000-000000000001",
        &[],
        Opens::Told(OPERATOR, 404),
    ),
    Row(
        "post /admin/webhooks/{id}/pause",
        "/admin/webhooks/0190f1a2-0000-7000-8000-000000000001/pause",
        &[],
        Opens::Told(OPERATOR, 404),
    ),
    Row(
        "post /admin/webhooks/{id}/go-on",
        "/admin/webhooks/0190f1a2-0000-7000-8000-000000000001/go-on",
        &[],
        Opens::Told(OPERATOR, 404),
    ),
    Row(
        "post /admin/webhooks/{id}/test",
        "/admin/webhooks/0190f1a2-0000-7000-8000-000000000001/test",
        &[],
        Opens::Told(OPERATOR, 404),
    ),
    Row(
        "post /admin/webhooks/{id}/remove",
        "/admin/webhooks/0190f1a2-0000-7000-8000-000000000001/remove",
        &[],
        Opens::Told(OPERATOR, 404),
    ),
    Row(
        "post /admin/parked/{case}/retry",
        "/admin/parked/0190f1a2-0000-7000-8000-000000000001/retry",
        &[],
        Opens::Told(OPERATOR, 404),
    ),
    Row("get /sittings", "/sittings", &[], Opens::Only(&[])),
    Row("post /sittings", "/sittings", &[], Opens::Only(&[])),
    Row("get /sittings/{id}", "/sittings/0190f1a2-0000-7000-8000-000000000001", &[], Opens::Nobody),
    Row(
        "post /sittings/{id}/minutes",
        "/sittings/0190f1a2-0000-7000-8000-000000000001/minutes",
        &[],
        Opens::Nobody,
    ),
    Row(
        "post /sittings/{id}/cancel",
        "/sittings/0190f1a2-0000-7000-8000-000000000001/cancel",
        &[],
        Opens::Nobody,
    ),
    Row("get /notices", "/notices", &[], Opens::Everybody),
    Row(
        "post /notices/read",
        "/notices/read",
        &[("until", "2024-01-01T00:00:00Z")],
        Opens::Everybody,
    ),
    Row("get /days", "/days?day=1405/08/30", &[], Opens::Anybody),
    Row("get /licences", "/licences", &[], Opens::Anybody),
    Row("get /licences/{workflow}", "/licences/ngo-establishment", &[], Opens::Anybody),
    Row("get /check", "/check", &[], Opens::Anybody),
    Row("get /check/{number}", "/check/1403-2301-00000-00000", &[], Opens::Answered(404)),
    Row("get /enter", "/enter", &[], Opens::Anybody),
    Row("post /enter", "/enter", &[("email", "nobody@example.org")], Opens::Anybody),
    Row("get /enter/code", "/enter/code", &[], Opens::Anybody),
    Row("get /enter/account", "/enter/account", &[], Opens::Anybody),
    Row("get /track", "/track", &[], Opens::Anybody),
    Row("get /my", "/my", &[], Opens::Everybody),
    Row("get /my/{case}", "/my/CASE", &[], Opens::Readers),
    Row("get /my/{case}/receipt", "/my/CASE/receipt", &[], Opens::Readers),
    Row("get /my/{case}/proof", "/my/CASE/proof", &[], Opens::Readers),
    Row("get /apply/{workflow}", "/apply/ngo-establishment", &[], Opens::Everybody),
    Row("post /apply/{workflow}", "/apply/ngo-establishment", &[], Opens::Everybody),
    Row("get /drafts/{draft}", NO_DRAFT, &[], Opens::Nobody),
    Row("post /drafts/{draft}", NO_DRAFT, &[], Opens::Nobody),
    Row("get /drafts/{draft}/ask/{question}", NO_QUESTION, &[], Opens::Nobody),
    Row("post /drafts/{draft}/ask/{question}", NO_QUESTION, &[("answer", "x")], Opens::Nobody),
    Row("get /drafts/{draft}/drop", NO_DRAFT_DROPPED, &[], Opens::Nobody),
    Row("post /drafts/{draft}/drop", NO_DRAFT_DROPPED, &[], Opens::Nobody),
    Row("get /worklist", "/worklist", &[], Opens::Everybody),
    Row("post /worklist/claim", "/worklist/claim", NO_TASK, Opens::Nobody),
    Row("post /worklist/release", "/worklist/release", NO_TASK, Opens::Nobody),
    Row("post /worklist/distribute", "/worklist/distribute", &[], Opens::Only(&["head"])),
    Row("post /worklist/distributed", "/worklist/distributed", &[], Opens::Only(&["head"])),
    Row("post /worklist/saved", "/worklist/saved", &[("name", "mine")], Opens::Everybody),
    Row("post /worklist/forgotten", "/worklist/forgotten", &[("name", "mine")], Opens::Everybody),
    Row("post /worklist/columns", "/worklist/columns", &[("column", "due")], Opens::Everybody),
    Row("get /cases", "/cases?state=late&due_in=..-1", &[], Opens::Everybody),
    Row(
        "get /dashboard",
        "/dashboard",
        &[],
        Opens::Only(&["auditor", "manager", "provincial administrator", "administrator"]),
    ),
    Row(
        "get /dashboard/table",
        "/dashboard/table?table=places&format=csv",
        &[],
        Opens::Only(&["auditor", "manager", "provincial administrator", "administrator"]),
    ),
    Row(
        "get /dashboard/work",
        "/dashboard/work",
        &[],
        Opens::Only(&["auditor", "manager", "provincial administrator", "administrator"]),
    ),
    Row("get /cases/{case}", "/cases/CASE", &[], Opens::Readers),
    Row("get /cases/{case}/inquiries", "/cases/CASE/inquiries", &[], Opens::Readers),
    Row(
        "post /cases/{case}/inquiries/{branch}/links",
        "/cases/CASE/inquiries/police/links",
        &[],
        Opens::Nobody,
    ),
    Row(
        "post /cases/{case}/inquiries/{branch}/links/{link}/revoke",
        "/cases/CASE/inquiries/police/links/0190f1a2-0000-7000-8000-000000000001/revoke",
        &[],
        Opens::Nobody,
    ),
    Row("get /inquiry", "/inquiry", &[], Opens::Anybody),
    Row("get /inquiries", "/inquiries", &[], Opens::Only(&[])),
    Row("get /inquiries/{case}/{task}", "/inquiries/CASE/2", &[], Opens::Nobody),
    Row(
        "post /inquiries/{case}/{task}",
        "/inquiries/CASE/2",
        &[("answer", "positive")],
        Opens::Nobody,
    ),
    Row("get /cases/{case}/documents", "/cases/CASE/documents", &[], Opens::Readers),
    Row(
        "get /cases/{case}/documents/{document}/view",
        "/cases/CASE/documents/0190f1a2-0000-7000-8000-000000000001/view",
        &[],
        Opens::Nobody,
    ),
    Row("get /cases/{case}/timeline", "/cases/CASE/timeline", &[], Opens::Readers),
    Row("get /cases/{case}/workflow", "/cases/CASE/workflow", &[], Opens::Readers),
    Row("get /cases/{case}/clocks/{no}", "/cases/CASE/clocks/0", &[], Opens::Readers),
    Row("get /audit", "/audit", &[], Opens::Only(&["auditor"])),
    Row("get /audit/looks", "/audit/looks", &[], Opens::Only(&["auditor"])),
    Row("get /audit/patterns", "/audit/patterns", &[], Opens::Only(&["auditor"])),
    Row("get /audit/cases/{case}", "/audit/cases/CASE", &[], Opens::Only(&["auditor"])),
    Row(
        "get /cases/{case}/do/{what}",
        "/cases/CASE/do/comment",
        &[],
        Opens::Doers(&["officer", "head"]),
    ),
    Row(
        "post /cases/{case}/do/{what}",
        "/cases/CASE/do/comment",
        &[("text", "A remark")],
        Opens::Doers(&["officer", "head"]),
    ),
    Row(
        "get /admin",
        "/admin",
        &[],
        Opens::Only(&["administrator", "provincial administrator", "keeper"]),
    ),
    Row("get /admin/workflows", "/admin/workflows", &[], Opens::Only(&["administrator"])),
    Row(
        "get /admin/publish/workflow",
        "/admin/publish/workflow",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "get /admin/workflows/{id}",
        "/admin/workflows/ngo-establishment",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "get /admin/workflows/{id}/migration",
        "/admin/workflows/ngo-establishment/migration",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "get /admin/workflows/{id}/{version}",
        "/admin/workflows/ngo-establishment/1",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "get /admin/workflows/{id}/{version}/source",
        "/admin/workflows/ngo-establishment/1/source",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "get /admin/workflows/{id}/{version}/retired",
        "/admin/workflows/ngo-establishment/1/retired",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "post /admin/workflows/{id}/{version}/retired",
        "/admin/workflows/ngo-establishment/1/retired",
        &[("retired", "no")],
        Opens::Only(&["administrator"]),
    ),
    Row("get /admin/calendars", "/admin/calendars", &[], Opens::Everybody),
    Row("get /admin/calendars/{id}", "/admin/calendars/ir", &[], Opens::Everybody),
    Row(
        "get /admin/calendars/{id}/closures",
        "/admin/calendars/ir/closures",
        &[],
        Opens::Everybody,
    ),
    Row(
        "post /admin/calendars/{id}/closures",
        "/admin/calendars/ir/closures",
        &[("unit", PROVINCE), ("day", "2024-10-05"), ("reason", "snow"), ("then", "look")],
        Opens::Only(&["keeper"]),
    ),
    Row(
        "get /admin/closures/{no}/withdrawal",
        "/admin/closures/9999/withdrawal",
        &[],
        Opens::Nobody,
    ),
    Row(
        "post /admin/closures/{no}/withdrawal",
        "/admin/closures/9999/withdrawal",
        &[("reason", "a mistake")],
        Opens::Nobody,
    ),
    Row(
        "get /admin/publish/calendar",
        "/admin/publish/calendar",
        &[],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "post /admin/publish/calendar",
        "/admin/publish/calendar",
        &[("source", include_str!("../../workflows/calendars/ir.yaml"))],
        Opens::Only(&["administrator"]),
    ),
    Row("get /admin/progress/{job}", "/admin/progress/9999", &[], Opens::Nobody),
    Row(
        "post /admin/publish/workflow",
        "/admin/publish/workflow",
        &[("source", include_str!("../../workflows/ngo-establishment/v1.yaml"))],
        Opens::Only(&["administrator"]),
    ),
    Row(
        "post /admin/workflows/{id}/migration",
        "/admin/workflows/ngo-establishment/migration",
        &[("mapping", "from: nowhere"), ("then", "look")],
        Opens::Told(&["administrator"], 422),
    ),
    Row("post /sandbox/clock", "/sandbox/clock", &[("days", "1")], Opens::Only(&["administrator"])),
];

/// What lets in, or lets out, the one who asks: the tests above try these.
const ENTRIES: &[&str] = &[
    // What a link opens: tests/it/screens_frame.rs.
    "post /inquiry",
    "post /inquiry/answer",
    "post /login",
    "post /login/second-step",
    "post /enter/code",
    "post /enter/account",
    "post /track",
    "post /logout",
    "get /set-password/{link}",
    "post /set-password/{link}",
];

#[test]
fn no_page_is_without_a_row() {
    let pages: BTreeSet<String> = parvaneh_web::pages().into_iter().collect();
    let mut known: BTreeSet<String> = ROWS.iter().map(|row| row.0.to_owned()).collect();
    known.extend(ENTRIES.iter().map(|page| (*page).to_owned()));
    assert_eq!(pages, known);
}

/// Everybody who opens pages is there.
pub(crate) async fn hired(service: &Service) {
    for (name, role, unit) in CALLERS {
        match *role {
            "" => {
                let people = vec![(holder(name), (*name).to_owned())];
                service.office.store.save_people(people).await.unwrap();
            }
            role => drop(service.hires(name, role, unit).await),
        }
    }
}

#[tokio::test]
async fn everybody_opens_every_page() {
    let service = Service::start().await;
    hired(&service).await;
    let mut browsers = vec![("nobody", Browser::new(&service))];
    for (name, ..) in CALLERS {
        browsers.push((name, Browser::of(&service, name).await));
    }
    let case = service.office.opened().await.id.to_string();
    let somebody = service.hires("somebody", "county_officer", COUNTY).await;
    service.office.store.save_account(somebody, "somebody").await.unwrap();
    let somebody = somebody.to_string();
    let mut wrong = Vec::new();
    for Row(page, path, form, opens) in ROWS {
        let path = path.replace("CASE", &case).replace("PERSON", &somebody);
        let path = &path.replace("COUNTY", COUNTY);
        let form: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (*name, if *value == "COUNTY" { COUNTY } else { value }))
            .collect();
        let form = form.as_slice();
        for (caller, browser) in &mut browsers {
            let answer = match page.starts_with("get ") {
                true => browser.get(path).await,
                false => browser.send(path, form).await,
            };
            let opened = answer.status < 400 && !answer.header("location").starts_with("/login");
            let led = answer.status == 303 && answer.header("location").starts_with("/login");
            let right = match opens {
                Opens::Anybody => opened,
                Opens::Answered(status) => answer.status == *status,
                _ if *caller == "nobody" => led,
                Opens::Everybody => opened,
                Opens::Answers(status) => answer.status == *status,
                Opens::Only(them) if them.contains(caller) => opened,
                Opens::Told(them, status) if them.contains(caller) => answer.status == *status,
                Opens::Only(_) | Opens::Told(..) => answer.status == 403,
                Opens::There(them, status) if them.contains(caller) => answer.status == *status,
                Opens::Nobody | Opens::There(..) => answer.status == 404,
                Opens::Readers if READERS.contains(caller) => opened,
                Opens::Doers(them) if them.contains(caller) => opened,
                Opens::Doers(_) if READERS.contains(caller) => answer.status == 409,
                Opens::Readers | Opens::Doers(_) => answer.status == 404,
            };
            if !right {
                wrong.push(format!(
                    "{page}: {caller}: {} {}",
                    answer.status,
                    answer.header("location")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
