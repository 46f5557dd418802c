//! The second factor: set up, asked for, lost; and what is secret, where it lies.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parvaneh_core::Grant;
use parvaneh_store::{Attempts, NewWebhook, Scope, SecretKey, StoreError};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    store_fixture::{COUNTY, Office, PROVINCE, holder},
    web_fixture::{Answer, Service, answered, with_json},
    web_identity::{PASSWORD, by_cookie, cookie_of, log_in, logged_in},
};

/// Somebody's app: the secret that it was shown.
pub(crate) struct App {
    secret: Vec<u8>,
}

impl App {
    fn reads(secret: &str) -> Self {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits: String =
            secret.chars().map(|one| format!("{:05b}", letters.find(one).unwrap())).collect();
        let bytes = bits.as_bytes().chunks_exact(8);
        let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
        Self { secret: bytes.map(byte).collect() }
    }

    /// The code that it shows now, or showed so many half minutes ago.
    #[expect(clippy::disallowed_methods, reason = "an app goes by its own clock")]
    fn shows(&self, ago: u64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30 - ago;
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.secret);
        let tag = ring::hmac::sign(&key, &now.to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let part = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap());
        format!("{:06}", (part & 0x7fff_ffff) % 1_000_000)
    }
}

async fn change(
    service: &Service,
    method: Method,
    path: &str,
    cookie: &str,
    body: &Value,
) -> Answer {
    let request = service.request(method, path).header("cookie", cookie);
    answered(with_json(request.header("sec-fetch-site", "same-origin"), body)).await
}

/// Somebody sets up a second factor: his session, his app, his recovery codes.
pub(crate) async fn with_second_factor(
    service: &Service,
    name: &str,
) -> (String, App, Vec<String>) {
    let cookie = logged_in(service, name).await;
    let body = json!({ "password": PASSWORD });
    let begun = change(service, Method::POST, "/second-factor", &cookie, &body).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let app = App::reads(begun.body["secret"].as_str().unwrap());
    let body = json!({ "code": app.shows(0) });
    let confirmed = change(service, Method::PUT, "/second-factor", &cookie, &body).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let codes = confirmed.body["recovery_codes"].as_array().unwrap().iter();
    let codes = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
    (cookie_of(&confirmed), app, codes)
}

/// Lets a code of now be taken again, so that a test need not wait for the next one.
async fn forget_last_step(service: &Service) {
    let sql = "update second_factors set last_step = 0";
    sqlx::query(sql).execute(&mut service.office.as_owner().await).await.unwrap();
}

async fn second_step(service: &Service, half: &str, code: &str) -> Answer {
    let request = service.request(Method::POST, "/session/second-factor").header("cookie", half);
    answered(with_json(request, &json!({ "code": code }))).await
}

async fn half(service: &Service, name: &str) -> String {
    let answer = log_in(service, name, PASSWORD).await;
    assert_eq!((answer.status, &answer.body["second_factor"]), (202, &json!("totp")), "{answer:?}");
    cookie_of(&answer)
}

async fn events(service: &Service, name: &str) -> Vec<String> {
    let events = service.office.store.account_events(holder(name), 50).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn who_has_a_second_factor_comes_in_by_two_steps() {
    let service = Service::start().await;
    let name = "county_officer";
    let (cookie, app, codes) = with_second_factor(&service, name).await;
    assert_eq!(codes.len(), 10);
    let mine = by_cookie(&service, Method::GET, "/second-factor", &cookie).await;
    assert_eq!((&mine.body["recovery_codes"], mine.body["since"].is_string()), (&json!(10), true));

    // Between the steps nothing is open but the second one.
    let step = half(&service, name).await;
    assert!(step.starts_with("parvaneh-step="), "{step}");
    let secret = step.split('=').nth(1).unwrap();
    for cookie in [step.clone(), format!("parvaneh={secret}")] {
        let answer = by_cookie(&service, Method::GET, "/session", &cookie).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthenticated"), "{cookie}");
    }
    assert_eq!(service.get("/session", secret).await.status, 401);
    // The code by which it was confirmed is not taken again.
    let used = second_step(&service, &step, &app.shows(0)).await;
    assert_eq!((used.status, used.code()), (401, "code_wrong"));
    forget_last_step(&service).await;
    let persian: String = app
        .shows(0)
        .chars()
        .map(|digit| char::from_u32(u32::from('۰') + digit.to_digit(10).unwrap()).unwrap())
        .collect();
    let inside = second_step(&service, &step, &persian).await;
    assert_eq!(inside.status, 200, "{inside:?}");
    let session = cookie_of(&inside);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &session).await.status, 200);
    // What was half is spent, and a code is good for once, in whatever session.
    let again = second_step(&service, &step, &app.shows(0)).await;
    assert_eq!((again.status, again.code()), (401, "second_step_over"));
    let step = half(&service, name).await;
    assert_eq!(second_step(&service, &step, &app.shows(0)).await.code(), "code_wrong");
    // An older one is not taken after a newer one.
    assert_eq!(second_step(&service, &step, &app.shows(1)).await.code(), "code_wrong");
    forget_last_step(&service).await;
    assert_eq!(second_step(&service, &step, &app.shows(5)).await.code(), "code_wrong");
    assert_eq!(second_step(&service, "parvaneh-step=x", "123456").await.code(), "second_step_over");

    // A recovery code, once; then there are nine.
    let typed = codes[3].to_lowercase().replace('-', " ");
    assert_eq!(second_step(&service, &step, &typed).await.status, 200);
    let step = half(&service, name).await;
    assert_eq!(second_step(&service, &step, &codes[3]).await.code(), "code_wrong");
    let mine = by_cookie(&service, Method::GET, "/second-factor", &session).await;
    assert_eq!(mine.body["recovery_codes"], 9);

    // New ones replace them; then it is removed, by password and code.
    let both = |password: &str, code: &str| json!({ "password": password, "code": code });
    let path = "/second-factor/recovery-codes";
    let renewed = change(&service, Method::POST, path, &session, &both(PASSWORD, &codes[4])).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let path = "/second-factor";
    for (body, status, code) in [
        (both("not the password", &app.shows(0)), 403, "password_wrong"),
        (both(PASSWORD, &codes[5]), 401, "code_wrong"),
        (both(PASSWORD, "000000x"), 401, "code_wrong"),
    ] {
        let answer = change(&service, Method::DELETE, path, &session, &body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
    }
    let last = renewed.body["recovery_codes"][0].as_str().unwrap();
    let removed = change(&service, Method::DELETE, path, &session, &both(PASSWORD, last)).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    // A half from before it was removed is worth nothing, and the password is enough again.
    assert_eq!(second_step(&service, &step, &codes[0]).await.code(), "second_step_over");
    assert_eq!(log_in(&service, name, PASSWORD).await.status, 200);
    let expected = [
        "second_factor_removed",
        "recovery_code_used",
        "recovery_codes_renewed",
        "recovery_code_used",
        "recovery_code_used",
        "second_factor_set",
        "password_set",
    ];
    assert_eq!(events(&service, name).await, expected);
}

#[tokio::test]
async fn a_second_factor_is_set_up_by_who_knows_the_password_and_is_asked_for_once_confirmed() {
    let service = Service::start().await;
    let cookie = logged_in(&service, "county_officer").await;
    let path = "/second-factor";
    let early = change(&service, Method::PUT, path, &cookie, &json!({ "code": "123456" })).await;
    assert_eq!((early.status, early.code()), (409, "second_factor_not_begun"));
    let wrong = json!({ "password": "another butterfly on a rose" });
    let refused = change(&service, Method::POST, path, &cookie, &wrong).await;
    assert_eq!((refused.status, refused.code()), (403, "password_wrong"));
    let body = json!({ "password": PASSWORD });
    let begun = change(&service, Method::POST, path, &cookie, &body).await;
    let uri = begun.body["uri"].as_str().unwrap();
    let secret = begun.body["secret"].as_str().unwrap();
    let site = service.url.trim_start_matches("http://").replace(':', "%3A");
    assert_eq!(
        uri,
        format!(
            "otpauth://totp/{site}:county_officer?secret={secret}&issuer={site}\
             &algorithm=SHA1&digits=6&period=30"
        )
    );
    // The picture is square, and has the three corners of such pictures.
    let rows: Vec<&str> =
        begun.body["qr"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
    let size = rows.len();
    assert!(size >= 37 && rows.iter().all(|row| row.len() == size), "{rows:?}");
    for (row, column) in [(0, 0), (0, size - 7), (size - 7, 0)] {
        assert_eq!(&rows[row][column..column + 7], "1111111");
        assert_eq!(&rows[row + 3][column..column + 7], "1011101");
    }
    // Not confirmed, it is asked for nowhere.
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 200);
    let app = App::reads(secret);
    let wrong = json!({ "code": if app.shows(0) == "123456" { "654321" } else { "123456" } });
    assert_eq!(change(&service, Method::PUT, path, &cookie, &wrong).await.code(), "code_wrong");
    let confirmed =
        change(&service, Method::PUT, path, &cookie, &json!({ "code": app.shows(0) })).await;
    assert_eq!(confirmed.status, 200);
    // What the session is worth has changed, and its secret with it.
    let renewed = cookie_of(&confirmed);
    assert_ne!(renewed, cookie);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie).await.status, 401);
    let again = change(&service, Method::POST, path, &renewed, &body).await;
    assert_eq!((again.status, again.code()), (409, "second_factor_set"));
    // A link that sets a password is no way around it.
    let link = parvaneh_web::password_link(&service.app, holder("county_officer")).await.unwrap();
    let body = json!({ "link": link.rsplit('/').next().unwrap(), "password": PASSWORD });
    let set = answered(with_json(service.request(Method::POST, "/password"), &body)).await;
    assert_eq!(set.status, 202, "{set:?}");
}

#[tokio::test]
async fn codes_are_guessed_no_oftener_than_passwords() {
    let attempts =
        Attempts { free: 3, pause: Duration::from_secs(60), longest: Duration::from_secs(600) };
    let service = Service::with(|settings| settings.attempts = attempts).await;
    let (_, app, codes) = with_second_factor(&service, "county_officer").await;
    // Each time with the password anew: that is no way to guess on.
    for _ in 0..3 {
        let step = half(&service, "county_officer").await;
        assert_eq!(second_step(&service, &step, "AAAA-BBBB").await.code(), "code_wrong");
    }
    let step = half(&service, "county_officer").await;
    forget_last_step(&service).await;
    for code in [&app.shows(0), &codes[0]] {
        let closed = second_step(&service, &step, code).await;
        assert_eq!((closed.status, closed.code()), (429, "code_locked"));
        assert!(closed.header("retry-after").parse::<u32>().unwrap() <= 60);
    }
    let over = "update second_factors set locked_until = clock_timestamp()";
    sqlx::query(over).execute(&mut service.office.as_owner().await).await.unwrap();
    assert_eq!(second_step(&service, &step, &codes[0]).await.status, 200);
    // A half that is too old is worth nothing.
    let step = half(&service, "county_officer").await;
    let old = "update half_sessions set expires_at = clock_timestamp()";
    sqlx::query(old).execute(&mut service.office.as_owner().await).await.unwrap();
    assert_eq!(second_step(&service, &step, &codes[1]).await.code(), "second_step_over");
}

#[tokio::test]
async fn an_administrator_removes_the_second_factor_of_his_people_and_it_is_kept_who_did() {
    let service = Service::start().await;
    let (cookie, ..) = with_second_factor(&service, "county_officer").await;
    let mut tokens = Vec::new();
    for (name, unit) in [("other chief", "08"), ("chief", PROVINCE)] {
        let person = service.hires(name, "administrator", unit).await;
        tokens.push(service.token(person, name, &Scope::ALL).await);
    }
    let path = format!("/people/{}/second-factor", holder("county_officer"));
    let reset = async |token: &str| service.ask(Method::DELETE, &path, token, None).await.status;
    assert_eq!(reset(&tokens[0]).await, 404);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie).await.status, 200);
    assert_eq!(reset(&tokens[1]).await, 204);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie).await.status, 401);
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 200);
    let store = &service.office.store;
    let [last, ..] = &store.account_events(holder("county_officer"), 9).await.unwrap()[..] else {
        panic!("it is kept")
    };
    assert_eq!(last.kind, "second_factor_reset");
    assert_eq!(last.by, Some((holder("chief"), "chief".to_owned())));
    assert_eq!(last.address.as_deref(), Some("127.0.0.1"));
    // Where there is none, nothing happens and nothing is kept.
    assert_eq!(reset(&tokens[1]).await, 204);
    assert_eq!(events(&service, "county_officer").await.len(), 3);
    let changed = "update account_events set kind = 'password_set'";
    let mut application = service.office.as_application().await;
    assert!(sqlx::query(changed).execute(&mut application).await.is_err(), "append-only");
}

#[tokio::test]
async fn a_session_gets_another_secret_when_its_person_gets_a_role() {
    let service = Service::start().await;
    let cookie = logged_in(&service, "county_officer").await;
    let same = by_cookie(&service, Method::GET, "/session", &cookie).await;
    assert_eq!((same.status, same.header("set-cookie")), (200, ""));
    let grant = Grant { role: "county_head".into(), unit: COUNTY.into() };
    let store = &service.office.store;
    store.grant(vec![(holder("county_officer"), grant.clone())]).await.unwrap();
    let first = by_cookie(&service, Method::GET, "/session", &cookie).await;
    assert_eq!(first.status, 200);
    let renewed = cookie_of(&first);
    assert!(renewed.starts_with("parvaneh=") && renewed != cookie, "{first:?}");
    // What was asked at the same time still comes through, and does not renew it once more.
    let beside = by_cookie(&service, Method::GET, "/session", &cookie).await;
    assert_eq!((beside.status, beside.header("set-cookie")), (200, ""));
    let past =
        "update sessions set former_until = clock_timestamp() where former_until is not null";
    sqlx::query(past).execute(&mut service.office.as_owner().await).await.unwrap();
    assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie).await.status, 401);
    let same = by_cookie(&service, Method::GET, "/session", &renewed).await;
    assert_eq!((same.status, same.header("set-cookie")), (200, ""));
    // What somebody holds already raises nothing.
    store.grant(vec![(holder("county_officer"), grant)]).await.unwrap();
    let same = by_cookie(&service, Method::GET, "/session", &renewed).await;
    assert_eq!(same.header("set-cookie"), "");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
async fn what_must_be_read_again_is_sealed_by_a_key_that_is_not_in_the_database() {
    let office = Office::sandbox().await;
    let id = Uuid::now_v7();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = NewWebhook {
        id,
        url: "https://hooks.example".to_owned(),
        secret: secret.to_owned(),
        workflow: None,
        unit: None,
        kinds: Vec::new(),
        with_values: false,
    };
    let kept = async || -> String {
        let sql = "select string_agg(secret, ' ' order by id) from webhooks";
        sqlx::query_scalar(sql).fetch_one(&mut office.as_owner().await).await.unwrap()
    };
    // Without a key it stands as it is; the first key seals it, and it is read as before.
    office.store.add_webhook(webhook.clone()).await.unwrap();
    assert_eq!(kept().await, secret);
    office.store.use_key(&SecretKey::of([7; 32])).await.unwrap();
    let other = NewWebhook { id: Uuid::now_v7(), ..webhook };
    office.store.add_webhook(other.clone()).await.unwrap();
    assert!(!kept().await.contains("whsec_"), "{}", kept().await);
    for id in [id, other.id] {
        let found = office.store.webhook_secret(id).await.unwrap().unwrap();
        assert_eq!(found.1, secret);
    }
    // Another key is told so, and seals nothing; without one nothing is opened.
    let second = office.another().await;
    assert!(matches!(second.webhook_secret(id).await, Err(StoreError::NoKey)));
    let wrong = second.use_key(&SecretKey::of([8; 32])).await;
    assert!(matches!(wrong, Err(StoreError::WrongKey)), "{wrong:?}");
    second.use_key(&SecretKey::of([7; 32])).await.unwrap();
    assert_eq!(second.webhook_secret(id).await.unwrap().unwrap().1, secret);

    let person = holder("county_officer");
    office.store.save_account(person, "ali").await.unwrap();
    assert!(office.store.begin_second_factor(person, b"12345678901234567890").await.unwrap());
    let sql = "select sealed from second_factors";
    let sealed: Vec<u8> =
        sqlx::query_scalar(sql).fetch_one(&mut office.as_owner().await).await.unwrap();
    assert!(!sealed.windows(10).any(|part| part == b"1234567890"));
    // The secret of one is not that of another, even by who can write into the database.
    let other = holder("county_head");
    office.store.save_account(other, "sara").await.unwrap();
    office.store.begin_second_factor(other, b"another secret......").await.unwrap();
    let swap = "update second_factors set sealed = $1";
    sqlx::query(swap).bind(sealed).execute(&mut office.as_owner().await).await.unwrap();
    let lasts = Duration::from_secs(60);
    let opened = office.store.pending_second_factor(person, lasts).await.unwrap();
    assert_eq!(opened.as_deref(), Some(b"12345678901234567890".as_slice()));
    let stolen = office.store.pending_second_factor(other, lasts).await;
    assert!(matches!(stolen, Err(StoreError::WrongKey)), "{stolen:?}");
}
