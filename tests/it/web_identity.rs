//! Who comes in, and who does not any more.

use std::time::Duration;

use chrono::TimeDelta;
use parvaneh_core::{DelegationId, Grant, PersonId};
use parvaneh_store::{Attempts, NewDelegation, Scope};
use parvaneh_web::auth::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::{COUNTY, PROVINCE, holder, start},
    web_fixture::{Answer, Service, answered, with_json},
};

pub(crate) const PASSWORD: &str = "a butterfly on a red rose";

/// Somebody of the office chooses a password by a link; the cookie that he gets.
pub(crate) async fn logged_in(service: &Service, name: &str) -> String {
    service.office.store.save_account(holder(name), name).await.unwrap();
    let link = parvaneh_web::password_link(&service.app, holder(name)).await.unwrap();
    let secret = link.rsplit('/').next().unwrap();
    let answer = set_password(service, secret, PASSWORD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    cookie_of(&answer)
}

pub(crate) async fn set_password(service: &Service, link: &str, password: &str) -> Answer {
    let body = json!({ "link": link, "password": password });
    answered(with_json(service.request(Method::POST, "/password"), &body)).await
}

pub(crate) fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

pub(crate) async fn log_in(service: &Service, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    answered(with_json(service.request(Method::POST, "/session"), &body)).await
}

pub(crate) async fn by_cookie(
    service: &Service,
    method: Method,
    path: &str,
    cookie: &str,
) -> Answer {
    let request = service.request(method, path).header("cookie", cookie);
    answered(request.header("sec-fetch-site", "same-origin")).await
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_the_session_can_be_left() {
    let service = Service::start().await;
    let store = &service.office.store;
    store.save_account(holder("county_officer"), "Ali").await.unwrap();
    let link = parvaneh_web::password_link(&service.app, holder("county_officer")).await.unwrap();
    let secret = link.rsplit('/').next().unwrap().to_owned();
    // A weak one does not use the link up.
    let weak = set_password(&service, &secret, "password1234").await;
    assert_eq!((weak.status, weak.code()), (422, "password_weak"));
    assert_eq!(set_password(&service, &secret, PASSWORD).await.status, 200);
    let again = set_password(&service, &secret, "another butterfly on a rose").await;
    assert_eq!((again.status, again.code()), (410, "link_spent"));
    assert_eq!(set_password(&service, "no secret", PASSWORD).await.status, 410);

    let answer = log_in(&service, "ALI", PASSWORD).await;
    assert_eq!(answer.status, 200);
    let flags = answer.header("set-cookie");
    assert!(flags.contains("HttpOnly") && flags.contains("SameSite=Lax"), "{flags}");
    let cookie = cookie_of(&answer);
    let me = by_cookie(&service, Method::GET, "/session", &cookie).await;
    let role = json!([{ "role": "county_officer", "unit": COUNTY }]);
    assert_eq!(me.body["roles"], role, "{me:?}");
    let sessions = by_cookie(&service, Method::GET, "/sessions", &cookie).await;
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(by_cookie(&service, Method::DELETE, "/session", &cookie).await.status, 204);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie).await.status, 401);
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_alone() {
    let service = Service::with(|settings| settings.public_url = "https://x.example".into()).await;
    let cookie = logged_in(&service, "county_officer").await;
    assert!(cookie.starts_with("__Host-parvaneh="), "{cookie}");
    let answer = log_in(&service, "county_officer", PASSWORD).await;
    assert!(answer.header("set-cookie").contains("; Secure"));
    assert!(answer.header("strict-transport-security").contains("max-age"));
}

#[tokio::test]
async fn wrong_passwords_close_the_login_for_a_while_whoever_guesses() {
    let attempts =
        Attempts { free: 3, pause: Duration::from_secs(60), longest: Duration::from_secs(600) };
    let service = Service::with(|settings| settings.attempts = attempts).await;
    logged_in(&service, "county_officer").await;
    // Whether anybody has the login or not, and however its letters are written: the answers are the
    // same, one after the other.
    let mut answers = Vec::new();
    for login in ["county_officer", "Nobody"] {
        let mut told = Vec::new();
        for login in [login, &login.to_uppercase(), login, login, &login.to_uppercase()] {
            let answer = log_in(&service, login, "not the password").await;
            let mut body = answer.body.clone();
            body["request_id"] = Value::Null;
            told.push((answer.status, answer.header("retry-after").is_empty(), body));
        }
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
    let statuses: Vec<_> = answers[0].iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    let closed = log_in(&service, "county_officer", PASSWORD).await;
    assert_eq!((closed.status, closed.code()), (429, "login_locked"));
    let rest = |answer: &Answer| answer.header("retry-after").parse::<u32>().unwrap();
    assert!((20..=60).contains(&rest(&closed)), "{closed:?}");
    let mut owner = service.office.as_admin().await;
    let over = "update login_failures set locked_until = clock_timestamp() - interval '1 second'";
    sqlx::query(over).execute(&mut owner).await.unwrap();
    // A further wrong one closes it for twice as long.
    assert_eq!(log_in(&service, "nobody", PASSWORD).await.status, 401);
    let closed = log_in(&service, "nobody", PASSWORD).await;
    assert_eq!(closed.status, 429);
    assert!((61..=120).contains(&rest(&closed)), "{closed:?}");
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 200);
    // The right one makes a new beginning; and logins stand nowhere in what is kept of attempts.
    let left: Vec<(Vec<u8>, i32)> =
        sqlx::query_as("select login_hash, failures from login_failures")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    assert_eq!(left.iter().map(|(_, failures)| *failures).collect::<Vec<_>>(), [4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_are_no_more_than_as_many_one_after_the_other() {
    let attempts =
        Attempts { free: 3, pause: Duration::from_secs(60), longest: Duration::from_secs(600) };
    let service = std::sync::Arc::new(Service::with(|settings| settings.attempts = attempts).await);
    let guesses = (0..12).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { log_in(&service, "nobody", "not the password").await.status })
    });
    let mut statuses = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        statuses.push(guess.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[401].repeat(3), [429].repeat(9)].concat());
}

#[tokio::test]
async fn what_is_taken_away_is_gone_at_the_next_request() {
    let service = Service::start().await;
    let store = &service.office.store;
    let (cookie, token) =
        (logged_in(&service, "county_officer").await, service.token_of("county_officer").await);
    let case = service.office.opened().await.id;
    let path = format!("/cases/{case}");
    assert_eq!(by_cookie(&service, Method::GET, &path, &cookie).await.status, 200);
    assert_eq!(service.get(&path, &token).await.status, 200);
    // The role.
    let grant = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    assert!(store.revoke(holder("county_officer"), grant.clone()).await.unwrap());
    assert_eq!(by_cookie(&service, Method::GET, &path, &cookie).await.status, 404);
    assert_eq!(service.get(&path, &token).await.status, 404);
    store.grant(vec![(holder("county_officer"), grant)]).await.unwrap();
    assert_eq!(service.get(&path, &token).await.status, 200);
    // The account.
    store.set_disabled(holder("county_officer"), true).await.unwrap();
    assert_eq!(by_cookie(&service, Method::GET, &path, &cookie).await.status, 401);
    assert_eq!(service.get(&path, &token).await.status, 401);
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 401);
    // Enabled again, he has to log in again.
    store.set_disabled(holder("county_officer"), false).await.unwrap();
    assert_eq!(by_cookie(&service, Method::GET, &path, &cookie).await.status, 401);
    assert_eq!(service.get(&path, &token).await.status, 401);
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 200);
}

/// Somebody who is remembered by the gate, so that his next change waits for no look-up of its own.
async fn remembered(service: &Service, comments: &str, shown: (&'static str, &str)) {
    for _ in 0..3 {
        let answer = comment(service, comments, shown).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// A change by what is shown in a header: a token or a cookie.
async fn comment(service: &Service, comments: &str, shown: (&'static str, &str)) -> Answer {
    let request = service.request(Method::POST, comments).header(shown.0, shown.1);
    let request = request.header("sec-fetch-site", "same-origin");
    answered(with_json(request, &json!({ "text": "seen" }))).await
}

/// How what somebody shows ends: by what he comes, and the statement.
const WAYS: [(&str, &str); 7] = [
    ("authorization", "update api_tokens set revoked_at = clock_timestamp()"),
    ("authorization", "update api_tokens set expires_at = clock_timestamp()"),
    ("authorization", "update accounts set disabled_at = clock_timestamp()"),
    ("cookie", "update sessions set revoked_at = clock_timestamp()"),
    ("cookie", "update sessions set seen_at = seen_at - interval '61 minutes'"),
    ("cookie", "update sessions set expires_at = clock_timestamp()"),
    (
        "cookie",
        "update sessions set former_hash = secret_hash, secret_hash = sha256(secret_hash),
        former_until = clock_timestamp()",
    ),
];

/// Everything is in force again.
async fn mended(owner: &mut sqlx::PgConnection, ends: &str) {
    if ends.contains("former_hash") {
        let back = "update sessions set secret_hash = former_hash, former_hash = null, former_until = null";
        sqlx::raw_sql(back).execute(&mut *owner).await.unwrap();
    }
    let again = "
        update api_tokens set revoked_at = null, expires_at = clock_timestamp() + interval '1 day';
        update accounts set disabled_at = null;
        update sessions set revoked_at = null, renewed_at = clock_timestamp(),
            seen_at = clock_timestamp(), expires_at = clock_timestamp() + interval '1 day',
            former_hash = null, former_until = null";
    sqlx::raw_sql(again).execute(owner).await.unwrap();
}

#[tokio::test]
async fn who_is_remembered_changes_nothing_any_more_with_what_has_ended() {
    let service = Service::start().await;
    let store = &service.office.store;
    let person = holder("county_officer");
    let mut owner = service.office.as_admin().await;
    let case = service.office.opened().await.id;
    let comments = format!("/cases/{case}/comments");
    let cookie = logged_in(&service, "county_officer").await;
    let token = format!("Bearer {}", service.token_of("county_officer").await);
    for (name, ends) in WAYS {
        let shown = (name, if name == "cookie" { cookie.as_str() } else { token.as_str() });
        remembered(&service, &comments, shown).await;
        let secret = |shown: &str| Secret::read(shown).unwrap().hash();
        let is_remembered = match name {
            "cookie" => {
                let secret = secret(cookie.split_once('=').unwrap().1);
                let idle = service.app.settings.session_idle;
                store.lately_by_session(&secret, idle).is_some()
            }
            _ => store.lately_by_token(&secret(token.trim_start_matches("Bearer "))).is_some(),
        };
        assert!(is_remembered, "{name}");
        let before = store.case(case).await.unwrap().seq;
        sqlx::raw_sql(ends).execute(&mut owner).await.unwrap();
        let answer = comment(&service, &comments, shown).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthenticated"), "{ends}");
        assert_eq!(store.case(case).await.unwrap().seq, before, "{ends}");
        mended(&mut owner, ends).await;
    }
    // What he may do is looked up by the write path in any case.
    let bearer = ("authorization", token.as_str());
    remembered(&service, &comments, bearer).await;
    let grant = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    assert!(store.revoke(person, grant.clone()).await.unwrap());
    assert_eq!(comment(&service, &comments, bearer).await.status, 404);
    // A new right asks for another secret, which the browser is told with the change.
    let shown = ("cookie", cookie.as_str());
    store.grant(vec![(person, grant)]).await.unwrap();
    let raised = comment(&service, &comments, shown).await;
    assert_eq!(raised.status, 200, "{raised:?}");
    let cookie = cookie_of(&raised);
    let shown = ("cookie", cookie.as_str());
    remembered(&service, &comments, shown).await;
    let director = Grant { role: "provincial_director".into(), unit: PROVINCE.into() };
    store.grant(vec![(person, director)]).await.unwrap();
    let raised = comment(&service, &comments, shown).await;
    assert_eq!(raised.status, 200, "{raised:?}");
    assert_ne!(cookie_of(&raised), cookie);
}

#[tokio::test]
async fn who_is_remembered_is_shown_nothing_any_more_with_what_has_ended() {
    let service = Service::start().await;
    let store = &service.office.store;
    let mut owner = service.office.as_admin().await;
    let path = format!("/cases/{}", service.office.opened().await.id);
    let cookie = logged_in(&service, "county_officer").await;
    let token = format!("Bearer {}", service.token_of("county_officer").await);
    let seen = async |name: &'static str, shown: &str| {
        answered(service.request(Method::GET, &path).header(name, shown)).await.status
    };
    for (name, ends) in WAYS {
        let shown = if name == "cookie" { &cookie } else { &token };
        for _ in 0..3 {
            assert_eq!(seen(name, shown).await, 200, "before {ends}");
        }
        sqlx::raw_sql(ends).execute(&mut owner).await.unwrap();
        assert_eq!(seen(name, shown).await, 401, "{ends}");
        mended(&mut owner, ends).await;
    }
    // A role, and another account of the same person.
    let county = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    assert_eq!(seen("authorization", &token).await, 200);
    assert!(store.revoke(holder("county_officer"), county.clone()).await.unwrap());
    assert_eq!(seen("authorization", &token).await, 404);
    // What is lent begins and ends by time alone, by the engine's clock.
    store.grant(vec![(holder("county_officer"), county.clone())]).await.unwrap();
    let clerk = holder("clerk");
    store.save_people(vec![(clerk, "clerk".to_owned())]).await.unwrap();
    let token = format!("Bearer {}", service.token_of("clerk").await);
    let (starts, until) = (start() + TimeDelta::hours(1), start() + TimeDelta::hours(2));
    let lent = NewDelegation {
        id: DelegationId(uuid::Uuid::from_u128(7)),
        by: holder("county_officer"),
        from: holder("county_officer"),
        to: clerk,
        grant: county,
        workflows: Vec::new(),
        starts: Some(starts),
        until,
        reason: "leave".to_owned(),
    };
    store.delegate(lent).await.unwrap();
    let moment = TimeDelta::milliseconds(1);
    for (at, status) in [(starts - moment, 404), (starts, 200), (until - moment, 200), (until, 404)]
    {
        for _ in 0..3 {
            seen("authorization", &token).await;
        }
        store.sandbox_clock().set_frozen(at).await.unwrap();
        assert_eq!(seen("authorization", &token).await, status, "{at}");
    }
}

#[tokio::test]
async fn a_session_ends_unused_and_at_its_end_and_with_a_new_password() {
    let service = Service::start().await;
    let mut owner = service.office.as_admin().await;
    for past in ["seen_at = seen_at - interval '61 minutes'", "expires_at = clock_timestamp()"] {
        let cookie = logged_in(&service, "county_officer").await;
        assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie).await.status, 200);
        let sql = sqlx::AssertSqlSafe(format!("update sessions set {past}"));
        sqlx::query(sql).execute(&mut owner).await.unwrap();
        assert_eq!(
            by_cookie(&service, Method::GET, "/session", &cookie).await.status,
            401,
            "{past}"
        );
    }

    let before = logged_in(&service, "county_officer").await;
    let after = logged_in(&service, "county_officer").await;
    assert_eq!(by_cookie(&service, Method::GET, "/session", &before).await.status, 401);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &after).await.status, 200);
}

#[tokio::test]
async fn a_change_by_cookie_must_come_from_our_own_site() {
    let service = Service::start().await;
    let cookie = logged_in(&service, "county_officer").await;
    let case = service.office.opened().await.id;
    let comment = |name: &'static str, value: String| {
        let request = service.request(Method::POST, &format!("/cases/{case}/comments"));
        let request = request.header("cookie", &cookie);
        let request = if name.is_empty() { request } else { request.header(name, value) };
        answered(with_json(request, &json!({ "text": "seen" })))
    };
    for (name, value, status) in [
        ("", String::new(), 403),
        ("sec-fetch-site", "cross-site".to_owned(), 403),
        ("sec-fetch-site", "same-site".to_owned(), 403),
        ("origin", "https://evil.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
        ("origin", service.url.clone(), 200),
        ("sec-fetch-site", "same-origin".to_owned(), 200),
    ] {
        let answer = comment(name, value.clone()).await;
        assert_eq!(answer.status, status, "{name} {value}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_does_what_its_scope_says_until_it_is_revoked() {
    let service = Service::start().await;
    let cookie = logged_in(&service, "county_officer").await;
    let case = service.office.opened().await.id;
    let make = |scopes: Value| {
        let body = json!({ "name": "portal", "scopes": scopes, "days": 30 });
        let request = service.request(Method::POST, "/tokens").header("cookie", &cookie);
        answered(with_json(request.header("sec-fetch-site", "same-origin"), &body))
    };
    let made = make(json!(["read"])).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.body["token"].as_str().unwrap().to_owned();
    assert_eq!(service.get(&format!("/cases/{case}"), &token).await.status, 200);
    let comments = format!("/cases/{case}/comments");
    let denied = service.post(&comments, &token, &json!({ "text": "x" })).await;
    assert_eq!((denied.status, denied.code()), (403, "scope_missing"));
    let both = make(json!(["read", "write", "read"])).await;
    let writer = both.body["token"].as_str().unwrap().to_owned();
    assert_eq!(service.post(&comments, &writer, &json!({ "text": "x" })).await.status, 200);
    // A token does not beget tokens.
    let body = json!({ "name": "child", "scopes": ["read"], "days": 1 });
    assert_eq!(service.post("/tokens", &writer, &body).await.code(), "forbidden");
    let listed = service.get("/tokens", &token).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 2);
    assert!(!listed.body.to_string().contains(&token), "a token is shown once");
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/tokens/{id}");
    assert_eq!(service.ask(Method::DELETE, &path, &writer, None).await.status, 204);
    assert_eq!(service.ask(Method::DELETE, &path, &writer, None).await.status, 404);
    assert_eq!(service.get("/session", &token).await.status, 401);
    for nonsense in ["", "x", "pv_", &writer[..20]] {
        assert_eq!(service.get("/session", nonsense).await.status, 401, "{nonsense}");
    }
}

#[tokio::test]
async fn administrators_look_after_the_people_of_their_part() {
    let service = Service::start().await;
    let chief = service.hires("chief", "administrator", PROVINCE).await;
    let chief = service.token(chief, "chief", &Scope::ALL).await;
    let other = service.hires("other chief", "administrator", "08").await;
    let other = service.token(other, "other", &Scope::ALL).await;
    let new = |role: &str, unit: &str, login: &str| json!({ "name": "Sara", "login": login, "roles": [{ "role": role, "unit": unit }] });
    let added = service.post("/people", &chief, &new("county_officer", COUNTY, "sara")).await;
    assert_eq!(added.status, 201, "{added:?}");
    let link = added.body["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(set_password(&service, &link, PASSWORD).await.status, 200);
    for (token, body, status, code) in [
        (&chief, new("county_officer", COUNTY, "SARA"), 409, "login_taken"),
        (&chief, new("county_officer", "0801", "b"), 403, "forbidden"),
        (&chief, new("county_officer", "nowhere", "b"), 404, "not_found"),
        (&chief, new("county_oficer", COUNTY, "b"), 422, "body_invalid"),
        (&chief, new("administrator", "ir", "b"), 403, "forbidden"),
        (&other, new("county_officer", COUNTY, "b"), 403, "forbidden"),
    ] {
        let answer = service.post("/people", token, &body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
    }
    let id = added.body["person"]["id"].as_str().unwrap();
    let (path, roles) = (format!("/people/{id}"), format!("/people/{id}/roles"));
    assert_eq!(service.get(&path, &chief).await.body["login"], "sara");
    assert_eq!(service.get(&path, &other).await.status, 404);
    let role = json!({ "role": "county_head", "unit": COUNTY });
    assert_eq!(service.post(&roles, &other, &role).await.status, 404);
    assert_eq!(service.post(&roles, &chief, &role).await.status, 204);
    // Who also holds a role elsewhere is not his alone any more.
    let person = PersonId(id.parse().unwrap());
    let far = Grant { role: "county_officer".into(), unit: "0801".into() };
    service.office.store.grant(vec![(person, far.clone())]).await.unwrap();
    assert_eq!(service.get(&path, &chief).await.status, 404);
    service.office.store.revoke(person, far).await.unwrap();
    assert_eq!(log_in(&service, "sara", PASSWORD).await.status, 200);
    let disabled = format!("{path}/disabled");
    assert_eq!(service.ask(Method::PUT, &disabled, &chief, None).await.status, 204);
    assert_eq!(log_in(&service, "sara", PASSWORD).await.status, 401);
    assert_eq!(service.ask(Method::DELETE, &disabled, &chief, None).await.status, 204);
    assert_eq!(log_in(&service, "sara", PASSWORD).await.status, 200);
    let listed = service.get(&format!("/people?unit={COUNTY}&name=Sara"), &chief).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(service.get(&format!("/people?unit={COUNTY}"), &other).await.status, 403);
}
