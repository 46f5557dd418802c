//! People who come by an identity provider: a real one, through its own pages.

use std::time::{Duration, Instant};

use parvaneh_core::PersonId;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::{
    store_fixture::{COUNTY, PROVINCE, holder},
    web_fixture::{Answer, Service, answered},
    web_oidc_provider::{Browser, Line, Page, Provider, with_provider},
    web_pages,
};

const HOUR: Duration = Duration::from_secs(3600);

async fn office() -> (Service, Provider) {
    with_provider(HOUR, |_| {}).await
}

/// An administrator of the province; his token.
async fn administrator(service: &Service) -> String {
    let chief = service.hires("chief", "administrator", PROVINCE).await;
    service.token(chief, "chief", &parvaneh_store::Scope::ALL).await
}

/// Links somebody of the office by the administrator; the identity.
async fn linked(service: &Service, chief: &str, person: PersonId, body: Value) -> Answer {
    service.post(&format!("/people/{person}/identities"), chief, &body).await
}

async fn officer(service: &Service) -> PersonId {
    let officer = holder("county_officer");
    service.office.store.save_account(officer, "county_officer").await.unwrap();
    officer
}

fn login(service: &Service) -> String {
    format!("{}/api/v1/oidc/login", service.url)
}

fn callback(service: &Service) -> String {
    format!("{}/api/v1/oidc/callback", service.url)
}

/// What the provider sends a browser back with, before the browser has gone there.
async fn stopped(service: &Service, name: &str) -> (Browser, Url) {
    let mut browser = Browser::new();
    browser.stop = Some(callback(service));
    let page = browser.logs_in(&login(service), name).await;
    assert!(page.url.as_str().starts_with(&callback(service)), "{page:?}");
    browser.stop = None;
    (browser, page.url)
}

fn is_in(browser: &Browser) -> bool {
    browser.cookies.contains_key("parvaneh")
}

/// A page that says why nobody came in; nobody did.
fn refused(page: &Page, browser: &Browser, status: u16, code: &str) {
    assert_eq!((page.status, page.code().as_str()), (status, code), "{page:?}");
    assert!(!is_in(browser), "{page:?}");
    assert_eq!(page.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn who_is_linked_comes_in_through_the_pages_of_the_provider() {
    let (service, provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    let shown = answered(service.request(Method::GET, "/oidc")).await;
    assert_eq!(shown.body["items"][0]["login"], login(&service));
    assert_eq!(shown.body["items"][0]["name_en"], "Single sign-on");

    // Nobody is linked with the identity: no account comes into being.
    let mut browser = Browser::new();
    let page = browser.logs_in(&login(&service), "sara").await;
    refused(&page, &browser, 403, "login_unknown");
    assert!(page.text.contains("این هویت به هیچ حسابی"), "{page:?}");
    let people = "select count(*) from sessions";
    let sessions: i64 =
        sqlx::query_scalar(people).fetch_one(&mut service.office.as_owner().await).await.unwrap();
    assert_eq!(sessions, 0);

    let link = linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    assert_eq!(link.status, 201, "{link:?}");
    assert_eq!(link.body["issuer"], provider.issuer);
    let twice = linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    assert_eq!((twice.status, twice.code()), (409, "identity_taken"));

    let to = "/api/v1/cases?unit=2301&text=%D8%A7";
    let mut browser = Browser::new();
    let there = format!("{}?to={}", login(&service), to.replace('%', "%25").replace('&', "%26"));
    let page = browser.logs_in(&there, "sara").await;
    assert_eq!(page.url.as_str(), format!("{}{to}", service.url));
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!browser.cookies.contains_key("parvaneh-login"));
    let me = browser.get(&format!("{}/api/v1/session", service.url)).await;
    let me: Value = serde_json::from_str(&me.text).unwrap();
    assert_eq!(me["person"], officer.to_string());
    assert_eq!(me["roles"], json!([{ "role": "county_officer", "unit": COUNTY }]));

    // What was asked of the provider: a code, with PKCE, state and nonce.
    let asked = browser.went.iter().find(|url| url.path() == "/auth").unwrap();
    let asked: Vec<_> = asked.query_pairs().collect();
    let value = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    assert_eq!(value("response_type").unwrap(), "code");
    assert_eq!(value("code_challenge_method").unwrap(), "S256");
    assert_eq!(value("redirect_uri").unwrap().as_ref(), callback(&service));
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(value(name).unwrap().len(), 43, "{name}");
    }
    // Who logs out here goes on being logged in there, until he is sent there to log out.
    let mut leaving = Browser::new();
    leaving.logs_in(&login(&service), "sara").await;
    leaving.cookies.remove("parvaneh");
    leaving.get(&login(&service)).await;
    assert!(is_in(&leaving), "the provider asks him nothing");
    leaving.cookies.remove("parvaneh");
    let page = leaving.get(&format!("{}/api/v1/oidc/logout", service.url)).await;
    assert_eq!((page.status, page.url.path()), (200, "/session/end"), "{page:?}");
    let asked: Vec<_> = page.url.query_pairs().collect();
    let home = format!("{}/", service.url);
    for (name, value) in [("client_id", "parvaneh"), ("post_logout_redirect_uri", &home)] {
        assert!(asked.iter().any(|(key, said)| key == name && said == value), "{name}: {asked:?}");
    }
    // A second time there is another session; the first one goes on.
    let mut other = Browser::new();
    other.logs_in(&login(&service), "sara").await;
    assert_ne!(other.cookies["parvaneh"], browser.cookies["parvaneh"]);
    let identities = service.get(&format!("/people/{officer}/identities"), &chief).await;
    assert!(identities.body["items"][0]["last_login_at"].is_string(), "{identities:?}");
}

#[tokio::test]
async fn who_goes_out_is_shown_the_way_out_of_the_provider_too() {
    const LINK: &str = "href=\"/api/v1/oidc/logout\"";
    let (service, _provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    let link = linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    assert_eq!(link.status, 201, "{link:?}");
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;

    let mut pages = web_pages::Browser::coming_with(&service, &browser.cookies["parvaneh"]);
    assert_eq!(pages.get("/account").await.status, 200, "he is in");
    let left = pages.send("/logout", &[]).await;
    assert_eq!((left.status, left.header("location")), (303, "/login?out=yes"), "{left:?}");
    assert_eq!(pages.get("/account").await.status, 303, "he is out");
    let out = pages.get("/login?out=yes").await;
    assert!(out.html.contains(LINK) && out.html.contains("role=\"status\""), "{}", out.html);
    // Whoever has not just gone out is offered the way in alone.
    let before = web_pages::Browser::new(&service).get("/login").await;
    assert!(before.html.contains("/api/v1/oidc/login"), "{}", before.html);
    assert!(!before.html.contains(LINK), "{}", before.html);

    // The link leads to where the provider ends his session there, and from there back to us.
    browser.cookies.remove("parvaneh");
    let there = browser.get(&format!("{}/api/v1/oidc/logout", service.url)).await;
    assert_eq!((there.status, there.url.path()), (200, "/session/end"), "{there:?}");
    let home = format!("{}/", service.url);
    let back = there.url.query_pairs().find(|(key, _)| key == "post_logout_redirect_uri");
    assert_eq!(back.unwrap().1, home);
}

#[tokio::test]
async fn the_cookies_of_a_login_are_out_of_the_reach_of_scripts_and_of_other_sites() {
    let (service, _provider) = office().await;
    officer(&service).await;
    let answer = service.client.get(login(&service));
    // A client that goes nowhere by itself.
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let answer = client.build().unwrap().execute(answer.build().unwrap()).await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    for part in ["parvaneh-login=", "; HttpOnly", "; SameSite=Lax", "; Max-Age=600", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn an_address_binds_whom_the_provider_has_verified_and_him_alone() {
    let (service, _provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    for body in [
        json!({}),
        json!({ "subject": "x", "email": "a@b" }),
        json!({ "email": "no address" }),
        json!({ "subject": "" }),
    ] {
        let faulty = linked(&service, &chief, officer, body).await;
        assert_eq!((faulty.status, faulty.code()), (422, "body_invalid"), "{faulty:?}");
    }
    for name in ["unverified.sara", "sara"] {
        let body = json!({ "email": format!("{}@OFFICE.example", name.to_uppercase()) });
        assert_eq!(linked(&service, &chief, officer, body).await.status, 201);
    }
    // The provider has not looked whether this address is his.
    let mut browser = Browser::new();
    let page = browser.logs_in(&login(&service), "unverified.sara").await;
    refused(&page, &browser, 403, "login_unknown");
    // It has of this one; and now he is who he is, whatever address he has.
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;
    assert!(is_in(&browser));
    let identities = service.get(&format!("/people/{officer}/identities"), &chief).await;
    let subjects: Vec<_> =
        identities.body["items"].as_array().unwrap().iter().map(|one| &one["subject"]).collect();
    assert_eq!(subjects, [&Value::Null, &json!("subject of sara")], "{identities:?}");
    let moved = "update identities set email = 'somebody@office.example' where subject is not null";
    sqlx::query(moved).execute(&mut service.office.as_owner().await).await.unwrap();
    let mut again = Browser::new();
    again.logs_in(&login(&service), "sara").await;
    assert!(is_in(&again));
    // Whoever has the address now is not he.
    let mut somebody = Browser::new();
    let page = somebody.logs_in(&login(&service), "somebody").await;
    refused(&page, &somebody, 403, "login_unknown");
}

#[tokio::test]
async fn what_is_taken_away_ends_the_sessions_that_began_by_it() {
    let (service, _provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    let link = linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;
    let me = format!("{}/api/v1/session", service.url);
    assert_eq!(browser.get(&me).await.status, 200);
    // The account.
    service.office.store.set_disabled(officer, true).await.unwrap();
    assert_eq!(browser.get(&me).await.status, 401);
    let mut again = Browser::new();
    let page = again.logs_in(&login(&service), "sara").await;
    refused(&page, &again, 403, "login_unknown");
    service.office.store.set_disabled(officer, false).await.unwrap();
    let mut again = Browser::new();
    again.logs_in(&login(&service), "sara").await;
    assert_eq!(again.get(&me).await.status, 200);
    // The link: a session by password goes on.
    let password = service.token(officer, "county_officer", &parvaneh_store::Scope::ALL).await;
    let path = format!("/people/{officer}/identities/{}", link.body["id"].as_str().unwrap());
    assert_eq!(service.ask(Method::DELETE, &path, &chief, None).await.status, 204);
    assert_eq!(again.get(&me).await.status, 401);
    assert_eq!(service.get("/session", &password).await.status, 200);
    assert_eq!(service.ask(Method::DELETE, &path, &chief, None).await.status, 404);
    let page = Browser::new().logs_in(&login(&service), "sara").await;
    assert_eq!((page.status, page.code().as_str()), (403, "login_unknown"));
}

#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_asked_and_counts_once() {
    let (service, provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    let (browser, back) = stopped(&service, "sara").await;
    // Another browser, one that has begun a login of its own, and another state.
    let mut stranger = Browser::new();
    let page = stranger.get(back.as_str()).await;
    refused(&page, &stranger, 400, "login_not_begun");
    let (mut other, _) = stopped(&service, "other").await;
    let page = other.get(back.as_str()).await;
    refused(&page, &other, 400, "login_not_begun");
    let mut same = browser.clone();
    let page = same.get(&format!("{}x", back.as_str().replace("state=", "state=x"))).await;
    refused(&page, &same, 400, "login_not_begun");
    // Another provider's answer (RFC 9207).
    let mut mixed = browser.clone();
    let (address, _) = back.as_str().split_once("&iss=").unwrap();
    let page = mixed.get(&format!("{address}&iss=https%3A%2F%2Fevil.example")).await;
    refused(&page, &mixed, 403, "login_unproven");
    assert_eq!(provider.exchanges(), 0);
    // None of that has spent it; its own browser comes in.
    let mut own = browser.clone();
    assert_eq!(own.get(back.as_str()).await.status, 200);
    assert!(is_in(&own));
    // Whoever has seen all of it, the cookie as well, comes too late.
    let mut thief = browser.clone();
    let page = thief.get(back.as_str()).await;
    refused(&page, &thief, 403, "login_refused");
    // Also where a provider gives for a code as often as it is asked.
    provider.line(Line::Repeating);
    let mut thief = browser.clone();
    let page = thief.get(back.as_str()).await;
    refused(&page, &thief, 403, "login_unproven");
}

#[tokio::test]
async fn a_token_must_be_the_providers_for_us_for_this_login_and_still_hold() {
    let (service, provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    // Of another login of the same person: everything about it is right but the nonce.
    let mut before = Browser::new();
    before.logs_in(&login(&service), "sara").await;
    assert!(is_in(&before));
    let earlier = provider.last_token();
    for line in [Line::Swapped(earlier), Line::Swapped("no.to.ken".to_owned()), Line::Forged] {
        let (mut browser, back) = stopped(&service, "sara").await;
        provider.line(line.clone());
        let page = browser.get(back.as_str()).await;
        provider.line(Line::Honest);
        let unreadable = line == Line::Swapped("no.to.ken".to_owned());
        match unreadable {
            true => refused(&page, &browser, 503, "provider_unavailable"),
            false => refused(&page, &browser, 403, "login_unproven"),
        }
    }
    // For another client, and right but for that.
    let (mut browser, back) = stopped(&service, "sara").await;
    let token = token_of_another_client(&service, &provider, &browser).await;
    provider.line(Line::Swapped(token));
    let page = browser.get(back.as_str()).await;
    refused(&page, &browser, 403, "login_unproven");
    provider.line(Line::Honest);
    // Without the verifier the provider gives nothing for the code.
    let (mut browser, back) = stopped(&service, "sara").await;
    provider.line(Line::WithoutVerifier);
    let page = browser.get(back.as_str()).await;
    refused(&page, &browser, 403, "login_refused");
    assert!(page.text.contains("invalid_grant"), "{page:?}");
}

/// A token that the provider gave another of its clients for the same person, with the nonce of a
/// login that is ours.
async fn token_of_another_client(service: &Service, provider: &Provider, ours: &Browser) -> String {
    let asked = ours.went.iter().rfind(|url| url.path() == "/auth").unwrap();
    let nonce = asked.query_pairs().find(|(key, _)| key == "nonce").unwrap().1.into_owned();
    let (service, issuer) = (&service.url, &provider.issuer);
    let callback = format!("{service}/api/v1/oidc/callback");
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let url = format!(
        "{issuer}/auth?client_id=somebody-else&response_type=code&scope=openid&state=s&nonce={nonce}\
         &redirect_uri={callback}&code_challenge={challenge}&code_challenge_method=S256"
    );
    let mut browser = Browser::new();
    browser.stop = Some(callback.clone());
    let page = browser.logs_in(&url, "sara").await;
    let code = page.url.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={callback}&code_verifier={verifier}"
    );
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{issuer}/token"))
        .basic_auth("somebody-else", Some("the%20secret%20of%20somebody-else"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    told["id_token"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[tokio::test]
async fn a_token_that_has_expired_lets_nobody_in() {
    let patient = |ours: &mut parvaneh_web::OidcSettings| ours.patience = Duration::from_secs(10);
    let (service, provider) = with_provider(Duration::from_secs(2), patient).await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    let (mut browser, back) = stopped(&service, "sara").await;
    provider.line(Line::Slow(Duration::from_secs(3)));
    let page = browser.get(back.as_str()).await;
    refused(&page, &browser, 403, "login_unproven");
    provider.line(Line::Honest);
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;
    assert!(is_in(&browser));
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_from_his_password() {
    let (service, provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    for line in [Line::Down, Line::Hanging] {
        provider.line(line.clone());
        let mut browser = Browser::new();
        let began = Instant::now();
        let page = browser.get(&login(&service)).await;
        refused(&page, &browser, 503, "provider_unavailable");
        assert_eq!(page.headers["retry-after"], "5");
        assert!(began.elapsed() < Duration::from_secs(5), "{line:?}: {:?}", began.elapsed());
        // Who comes right after waits for nothing.
        let began = Instant::now();
        assert_eq!(browser.get(&login(&service)).await.status, 503);
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let link = parvaneh_web::password_link(&service.app, officer).await.unwrap();
    let body = json!({ "link": link.rsplit('/').next(), "password": "a butterfly on a red rose" });
    let request = service.request(Method::POST, "/password");
    let answer = answered(crate::web_fixture::with_json(request, &body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    provider.line(Line::Honest);
    let (mut browser, back) = stopped(&service, "sara").await;
    provider.line(Line::HangingTokens);
    let page = browser.get(back.as_str()).await;
    refused(&page, &browser, 503, "provider_unavailable");
    provider.line(Line::Honest);
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;
    assert!(is_in(&browser));
}

#[tokio::test]
async fn a_login_leads_to_our_own_site_only_and_its_refusal_is_told() {
    let (service, provider) = office().await;
    for to in ["//evil.example", "https://evil.example", "/%5Cevil.example", "%2F%09%2Fevil", ""] {
        let mut browser = Browser::new();
        let page = browser.get(&format!("{}?to={to}", login(&service))).await;
        assert_eq!((page.status, page.code().as_str()), (400, "parameter_invalid"), "{to}");
    }
    // The person says no at the provider.
    let mut browser = Browser::new();
    let page = browser.get(&login(&service)).await;
    let abort = page.url.as_str().to_owned() + "/abort";
    let page = browser.get(&abort).await;
    refused(&page, &browser, 403, "login_refused");
    assert!(page.text.contains("'access_denied'") && !page.text.contains("End-User"), "{page:?}");
    assert!(!browser.cookies.contains_key("parvaneh-login"), "a login ends with its refusal");
    // Where nothing of the sort is set, there is nothing.
    let bare = Service::start().await;
    for path in ["/oidc/login", "/oidc/callback?state=x&code=y"] {
        let answer = answered(bare.request(Method::GET, path)).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
    assert_eq!(answered(bare.request(Method::GET, "/oidc")).await.body["items"], json!([]));
    let nowhere = answered(bare.request(Method::GET, "/oidc/logout")).await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "not_found"));
    // A client that the provider does not know is not the person's fault.
    let wrong = |ours: &mut parvaneh_web::OidcSettings| ours.client_secret = Some("x".to_owned());
    let (service, _other) = with_provider(HOUR, wrong).await;
    let (mut browser, back) = stopped(&service, "sara").await;
    let page = browser.get(back.as_str()).await;
    refused(&page, &browser, 503, "provider_unavailable");
    drop(provider);
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let (service, mut provider) = office().await;
    let (chief, officer) = (administrator(&service).await, officer(&service).await);
    linked(&service, &chief, officer, json!({ "subject": "subject of sara" })).await;
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;
    assert!(is_in(&browser));
    provider.restarts().await;
    // Whoever sends keys that are not known shall not make us ask for them each time.
    let mut browser = Browser::new();
    let page = browser.logs_in(&login(&service), "sara").await;
    refused(&page, &browser, 403, "login_unproven");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut browser = Browser::new();
    browser.logs_in(&login(&service), "sara").await;
    assert!(is_in(&browser));
}
