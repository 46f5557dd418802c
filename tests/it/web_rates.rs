//! How often somebody may ask: by his address, by who he is, and behind a proxy.

use parvaneh_core::PersonId;
use parvaneh_store::{Scope, SessionRow};
use parvaneh_web::{Limits, Rates};
use reqwest::Method;
use serde_json::json;

use crate::{
    store_fixture::{COUNTY, holder},
    web_fixture::{Answer, Service, answered, with_json},
    web_identity::{PASSWORD, cookie_of, log_in, logged_in},
};

const FEW: Rates = Rates { entries: 3, changes: 2, reads: 4 };

async fn log_in_from(service: &Service, forwarded: &str, password: &str) -> Answer {
    let body = json!({ "login": "county_officer", "password": password });
    let request = service.request(Method::POST, "/session").header("x-forwarded-for", forwarded);
    answered(with_json(request, &body)).await
}

#[tokio::test]
async fn one_address_tries_only_so_many_passwords_whomever_it_tries_them_on() {
    let limits = Limits { address: FEW, person: Rates::UNLIMITED };
    let service = Service::with(|settings| settings.limits = limits).await;
    for (n, login) in ["a", "b", "c"].into_iter().enumerate() {
        let answer = log_in(&service, login, "not the password").await;
        assert_eq!((answer.status, answer.code()), (401, "login_failed"));
        assert_eq!(answer.header("ratelimit-policy"), "\"entries-address\";q=3;w=60");
        let left = format!("\"entries-address\";r={};t=", 2 - n);
        assert!(answer.header("ratelimit").starts_with(&left), "{answer:?}");
    }
    let refused = log_in(&service, "d", "not the password").await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_requests"), "{refused:?}");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let again: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&again), "a third of a minute: {again}");
    assert!(refused.header("ratelimit").starts_with("\"entries-address\";r=0;t="), "{refused:?}");
    // It was refused before anything was looked at, let alone a password.
    let mut owner = service.office.as_owner().await;
    let tried: i64 = sqlx::query_scalar("select count(*) from login_failures")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(tried, 3);
    for path in ["/session/second-factor", "/password", "/password/recovery"] {
        let answer = answered(with_json(service.request(Method::POST, path), &json!({}))).await;
        assert_eq!((answer.status, answer.code()), (429, "too_many_requests"), "{path}");
    }
    // Everything else goes on, each within its own; whether the service is well, anybody may ask.
    for status in [401, 401, 401, 401, 429] {
        let answer = answered(service.request(Method::GET, "/session")).await;
        assert_eq!(answer.status, status);
    }
    for _ in 0..10 {
        let request = service.client.get(format!("{}/health/live", service.url));
        assert_eq!(answered(request).await.status, 200);
    }
}

#[tokio::test]
async fn one_person_asks_only_so_often_by_whatever_he_comes_in() {
    let limits = Limits { address: Rates::UNLIMITED, person: FEW };
    let service = Service::with(|settings| settings.limits = limits).await;
    let first = service.token(holder("county_officer"), "officer", &Scope::ALL).await;
    let second = service.token(holder("county_officer"), "officer", &Scope::ALL).await;
    let other = service.token(holder("county_head"), "head", &Scope::ALL).await;
    let body = json!({
        "workflow": "ngo-establishment", "unit": COUNTY, "subject": "S",
        "applicant": holder("an applicant").to_string(),
    });
    for (token, status) in [(&first, 201), (&second, 201), (&first, 429), (&second, 429)] {
        let answer = service.post("/cases", token, &body).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    // A change that was refused changed nothing; another person is not held up.
    let seen = service.get("/cases", &other).await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 2, "{seen:?}");
    assert_eq!(service.post("/cases", &other, &body).await.status, 201);
    let read = service.get("/cases", &first).await;
    assert_eq!((read.status, read.header("ratelimit-policy")), (200, "\"reads-person\";q=4;w=60"));
}

#[tokio::test]
async fn each_change_of_a_batch_counts() {
    let ten = Rates { entries: 0, changes: 10, reads: 0 };
    for limits in [
        Limits { address: Rates::UNLIMITED, person: ten },
        Limits { address: ten, person: Rates::UNLIMITED },
    ] {
        let service = Service::with(|settings| settings.limits = limits).await;
        let officer = service.token_of("county_officer").await;
        let case = service.office.opened().await.id;
        let remark = json!({ "case": case.to_string(), "do": { "comment": { "text": "t" } } });
        let send = async |count: usize| {
            let items = vec![remark.clone(); count];
            service.post("/cases/bulk", &officer, &json!({ "items": items })).await
        };
        let first = send(4).await;
        assert_eq!((first.status, &first.body["done"]), (200, &json!(4)), "{first:?}");
        assert!(first.header("ratelimit").contains(";r=6;"), "{first:?}");
        // Of what is too much, nothing is done; the request itself has been counted.
        let second = send(8).await;
        assert_eq!((second.status, second.code()), (429, "too_many_requests"), "{second:?}");
        let again: u64 = second.header("retry-after").parse().unwrap();
        assert!((6..=18).contains(&again), "{again}");
        let seq = service.office.store.case(case).await.unwrap().seq;
        assert_eq!(seq, 5);
        assert_eq!(send(5).await.status, 200);
        assert_eq!(send(1).await.status, 429);
    }
    // More than a minute's worth passes when nothing else was asked for.
    let limits = Limits { address: Rates::UNLIMITED, person: ten };
    let service = Service::with(|settings| settings.limits = limits).await;
    let officer = service.token_of("county_officer").await;
    let case = service.office.opened().await.id;
    let remark = json!({ "case": case.to_string(), "do": { "comment": { "text": "t" } } });
    let items = json!({ "items": vec![remark; 50] });
    assert_eq!(service.post("/cases/bulk", &officer, &items).await.status, 200);
    assert_eq!(service.post("/cases/bulk", &officer, &items).await.status, 429);
}

#[tokio::test]
async fn behind_a_proxy_that_is_trusted_each_has_his_own_address() {
    let limits = Limits { address: FEW, person: Rates::UNLIMITED };
    // Whoever is no proxy of ours gains nothing by telling other addresses.
    let service = Service::with(|settings| settings.limits = limits).await;
    for (forwarded, status) in
        [("203.0.113.1", 401), ("203.0.113.2", 401), ("203.0.113.3", 401), ("203.0.113.4", 429)]
    {
        assert_eq!(log_in_from(&service, forwarded, "not the password").await.status, status);
    }
    let service = Service::with(|settings| {
        settings.limits = limits;
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        settings.attempts.free = 100;
    })
    .await;
    for (forwarded, status) in [
        ("203.0.113.1", 401),
        ("203.0.113.1", 401),
        ("203.0.113.1", 401),
        ("203.0.113.1", 429),
        // What stands before what the proxy has written, its caller has made up.
        ("198.51.100.1, 203.0.113.1", 429),
        ("203.0.113.2", 401),
    ] {
        let answer = log_in_from(&service, forwarded, "not the password").await;
        assert_eq!(answer.status, status, "{forwarded}");
    }
    // The same address stands with the session, for its person to recognise it by.
    logged_in(&service, "county_officer").await;
    let inside = log_in_from(&service, "203.0.113.2", PASSWORD).await;
    assert_eq!(inside.status, 200, "{}", cookie_of(&inside));
    let PersonId(id) = holder("county_officer");
    let idle = service.app.settings.session_idle;
    let sessions = service.office.store.sessions_of(PersonId(id), idle).await.unwrap();
    let from: Vec<_> = sessions.iter().map(|SessionRow { address, .. }| address.clone()).collect();
    assert_eq!(from, [Some("203.0.113.2".to_owned()), Some("127.0.0.1".to_owned())]);
}
