//! Delegations and absences through the API.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::{COUNTY, PROVINCE, applicant, holder, start},
    web_fixture::{Service, answered, with_json},
};

fn lend(to: &str) -> Value {
    json!({ "to": holder(to).to_string(), "role": "county_officer", "unit": COUNTY,
            "until": start() + TimeDelta::days(10), "reason": "leave" })
}

#[tokio::test]
async fn who_lends_a_role_and_who_borrows_it_see_it_and_either_ends_it() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let other = service.token_of("security_officer").await;
    let stranger = service.token_of("secretariat").await;
    let case = service.office.opened().await.id;
    assert_eq!(service.get(&format!("/cases/{case}"), &other).await.status, 200);
    let request =
        with_json(service.request(Method::POST, "/delegations"), &lend("security_officer"))
            .header("authorization", format!("Bearer {officer}"))
            .header("idempotency-key", "lend-once");
    let lent = answered(request.try_clone().unwrap()).await;
    assert_eq!((lent.status, &lent.body["in_force"]), (201, &json!(true)), "{lent:?}");
    assert_eq!(answered(request).await.body["id"], lent.body["id"], "a repeat lends nothing more");
    let id = lent.body["id"].as_str().unwrap();

    for token in [&officer, &other] {
        let list = service.get("/delegations", token).await;
        assert_eq!(list.body["items"].as_array().unwrap().len(), 1, "{list:?}");
        assert_eq!(list.body["items"][0]["id"], id);
        assert_eq!(service.get(&format!("/delegations/{id}"), token).await.status, 200);
    }
    assert_eq!(service.get(&format!("/delegations/{id}"), &stranger).await.status, 404);
    let of = format!("/delegations?person={}", holder("county_officer"));
    let hidden = service.get(&of, &stranger).await;
    assert_eq!((hidden.status, hidden.code()), (404, "not_found"));
    // By it the other takes the task.
    let hold = format!("/cases/{case}/tasks/1/holder");
    assert_eq!(service.ask(Method::PUT, &hold, &other, Some(&json!({}))).await.status, 200);

    let reason = json!({ "reason": "back" });
    let revoke = format!("/delegations/{id}/revocation");
    assert_eq!(service.post(&revoke, &stranger, &reason).await.status, 404);
    let ended = service.post(&revoke, &other, &reason).await;
    assert_eq!((ended.status, &ended.body["in_force"]), (200, &json!(false)), "{ended:?}");
    let again = service.post(&revoke, &other, &reason).await;
    assert_eq!((again.status, again.code()), (409, "already_over"), "{again:?}");
    let list = service.get("/delegations", &officer).await;
    assert!(list.body["items"].as_array().unwrap().is_empty(), "{list:?}");
    let list = service.get("/delegations?over=true", &officer).await;
    assert!(list.body["items"][0]["revoked_at"].is_string(), "{list:?}");
}

#[tokio::test]
async fn what_is_lent_comes_in_pages() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    for to in ["secretariat", "security_officer", "specialist_deputy"] {
        assert_eq!(service.post("/delegations", &officer, &lend(to)).await.status, 201);
    }
    let (mut path, mut told) = ("/delegations?limit=2".to_owned(), Vec::new());
    loop {
        let page = service.get(&path, &officer).await;
        let items = page.body["items"].as_array().unwrap();
        told.extend(items.iter().map(|one| one["to"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/delegations?limit=2&after={next}");
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 3);
}

#[tokio::test]
async fn what_cannot_be_lent_is_told_and_nobody_learns_who_there_is() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let head = service.token_of("county_head").await;
    let asked = |change: &[(&str, Value)]| {
        let mut asked = lend("secretariat");
        for (name, value) in change {
            asked[*name] = value.clone();
        }
        asked
    };
    let id = |name: &str| json!(holder(name).to_string());
    for (change, status, code) in [
        (vec![("role", json!("county_head"))], 422, "role_not_held"),
        (vec![("unit", json!(PROVINCE))], 422, "role_not_held"),
        (vec![("unit", json!("nowhere"))], 422, "unknown"),
        (vec![("workflows", json!(["nothing"]))], 422, "unknown"),
        (vec![("to", id("county_officer"))], 422, "delegation_to_himself"),
        (vec![("until", json!(start()))], 422, "bad_period"),
        (vec![("reason", json!("  "))], 422, "reason_needed"),
        // Whether somebody is no officer or nobody at all is the same.
        (vec![("to", json!(applicant().to_string()))], 422, "body_invalid"),
        (vec![("to", id("nobody"))], 422, "body_invalid"),
        (vec![("from", id("provincial_director"))], 404, "not_found"),
        (vec![("from", id("nobody"))], 404, "not_found"),
    ] {
        let answer = service.post("/delegations", &officer, &asked(&change)).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{change:?}: {answer:?}");
    }
    // Who assigns his work lends for him, and not to himself.
    let for_him = asked(&[("from", id("county_officer"))]);
    assert_eq!(service.post("/delegations", &head, &for_him).await.status, 201);
    let to_himself = asked(&[("from", id("county_officer")), ("to", id("county_head"))]);
    let refused = service.post("/delegations", &head, &to_himself).await;
    assert_eq!((refused.status, refused.code()), (403, "delegation_to_the_giver"), "{refused:?}");
}

#[tokio::test]
async fn who_is_away_is_known_to_who_assigns_his_work_and_comes_back() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let head = service.token_of("county_head").await;
    let stranger = service.token_of("secretariat").await;
    let away = json!({ "until": start() + TimeDelta::days(5), "reason": "ill",
                       "substitute": holder("secretariat").to_string() });
    let absent = service.post("/absences", &officer, &away).await;
    assert_eq!((absent.status, &absent.body["now"]), (201, &json!(true)), "{absent:?}");
    let again = service.post("/absences", &officer, &away).await;
    assert_eq!((again.status, again.code()), (409, "already_absent"), "{again:?}");
    let of = format!("/absences?person={}", holder("county_officer"));
    let list = service.get(&of, &head).await;
    assert_eq!(list.body["items"][0]["reason"], "ill", "{list:?}");
    assert_eq!(service.get(&of, &stranger).await.status, 404);
    // Who stands in has the roles for the time.
    let lent = service.get("/delegations", &stranger).await;
    assert_eq!(lent.body["items"][0]["role"], "county_officer", "{lent:?}");

    // A later absence is ended without touching this one.
    let later = json!({ "person": holder("county_officer").to_string(), "reason": "leave",
                        "starts": start() + TimeDelta::days(20),
                        "until": start() + TimeDelta::days(25) });
    let later = service.post("/absences", &head, &later).await;
    assert_eq!(later.status, 201, "{later:?}");
    let end = |absence: &Value| format!("/absences/{}/end", absence["id"].as_str().unwrap());
    let ended = service.ask(Method::POST, &end(&later.body), &head, None).await;
    assert_eq!((ended.status, &ended.body["id"]), (200, &later.body["id"]), "{ended:?}");
    assert_eq!(service.get(&of, &head).await.body["items"].as_array().unwrap().len(), 1);
    let hidden = service.ask(Method::POST, &end(&absent.body), &stranger, None).await;
    assert_eq!(hidden.status, 404);
    let back = service.ask(Method::POST, &end(&absent.body), &officer, None).await;
    assert!(back.body["ended_at"].is_string(), "{back:?}");
    let over = service.ask(Method::POST, &end(&absent.body), &officer, None).await;
    assert_eq!((over.status, over.code()), (409, "already_over"), "{over:?}");
    let lent = service.get("/delegations", &stranger).await;
    assert!(lent.body["items"].as_array().unwrap().is_empty(), "{lent:?}");
}
