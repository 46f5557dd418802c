//! Many changes of cases in one request, each with its own answer.

use parvaneh_core::CaseId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::{act, holder, new_case},
    web_fixture::{Answer, Service, answered, with_json},
};

async fn send(service: &Service, token: &str, key: &str, items: &[Value]) -> Answer {
    let request = service
        .request(Method::POST, "/cases/bulk")
        .header("authorization", format!("Bearer {token}"))
        .header("idempotency-key", key)
        .header("accept-language", "fa");
    answered(with_json(request, &json!({ "items": items }))).await
}

fn told(answer: &Answer) -> Vec<(u64, &str)> {
    let items = answer.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let code = item["problem"]["code"].as_str().unwrap_or("");
            (item["status"].as_u64().unwrap(), code)
        })
        .collect()
}

async fn events(service: &Service, case: CaseId) -> u32 {
    service.office.store.case(case).await.unwrap().seq
}

#[tokio::test]
async fn each_change_of_a_batch_has_its_own_answer() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let mut cases = Vec::new();
    for _ in 0..4 {
        cases.push(service.office.opened().await.id);
    }
    service.office.does("county_officer", cases[3], act("accept")).await.unwrap();
    let one = |case: CaseId, doing: Value| json!({ "case": case.to_string(), "do": doing });
    let items = [
        one(cases[0], json!({ "claim": { "task": 1 } })),
        json!({ "case": cases[1].to_string(), "expected": 7, "do": { "comment": { "text": "t" } } }),
        one(cases[2], json!({ "act": { "action": "return" } })),
        one(cases[3], json!({ "act": { "action": "accept" } })),
        one(new_case(), json!({ "comment": { "text": "nobody" } })),
        one(cases[0], json!({ "release": { "task": 1 } })),
        one(cases[0], json!({ "extend": { "clock": 0, "by": "a while", "reason": "r" } })),
        one(cases[2], json!({ "act": { "action": "accept" } })),
    ];
    let answer = send(&service, &officer, "monday", &items).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        told(&answer),
        [
            (200, ""),
            (412, "conflict"),
            (422, "reason_needed"),
            (422, "unknown_action"),
            (404, "not_found"),
            (200, ""),
            (422, "body_invalid"),
            (200, ""),
        ]
    );
    assert_eq!((&answer.body["done"], &answer.body["failed"]), (&json!(3), &json!(5)));
    assert_eq!(answer.body["items"][0]["events"][0]["kind"], "claimed");
    assert_eq!(answer.body["items"][0]["etag"], "\"2\"");
    assert_eq!(answer.body["items"][5]["etag"], "\"3\"", "those of one case in their order");
    assert_eq!(answer.body["items"][4]["problem"]["title"], "چنین چیزی نیست");
    assert_eq!(events(&service, cases[1]).await, 1, "what conflicts changes nothing");

    // The same once more, under the same key: the same answer, and nothing more happens.
    let before = events(&service, cases[2]).await;
    let again = send(&service, &officer, "monday", &items).await;
    assert_eq!(again.body, answer.body);
    assert_eq!(events(&service, cases[2]).await, before);
    assert_eq!(events(&service, cases[0]).await, 3);
    // Another batch under it is refused as a whole.
    let other = send(&service, &officer, "monday", &items[..1]).await;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_reused"), "{other:?}");
}

#[tokio::test]
async fn a_batch_that_was_broken_off_is_finished_by_its_repeat() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(service.office.opened().await.id);
    }
    let items: Vec<_> = cases
        .iter()
        .map(|case| json!({ "case": case.to_string(), "do": { "comment": { "text": "once" } } }))
        .collect();
    let first = send(&service, &officer, "broken", &items).await;
    assert_eq!(first.body["done"], 3, "{first:?}");
    // As if the program had ended before it could keep the answer, and the third change had not come.
    let mut owner = service.office.as_admin().await;
    let officer_id = holder("county_officer").0;
    sqlx::query("delete from answered_requests where person = $1 and key = 'broken'")
        .bind(officer_id)
        .execute(&mut owner)
        .await
        .unwrap();
    let again = send(&service, &officer, "broken", &items).await;
    assert_eq!(again.body["done"], 3, "{again:?}");
    for case in cases {
        assert_eq!(events(&service, case).await, 2, "each remark stands there once");
    }
    // While another is under way, the key is taken; it is free again after a minute.
    sqlx::query(
        "update answered_requests set status = null, body = null where person = $1 and key = 'broken'",
    )
    .bind(officer_id)
    .execute(&mut owner)
    .await
    .unwrap();
    let waits = send(&service, &officer, "broken", &items).await;
    assert_eq!((waits.status, waits.code()), (409, "request_under_way"), "{waits:?}");
    sqlx::query("update answered_requests set begun_at = begun_at - interval '2 minutes'")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(send(&service, &officer, "broken", &items).await.body["done"], 3);
}

#[tokio::test]
async fn a_batch_has_an_end_and_its_faults_have_their_places() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let case = service.office.opened().await.id.to_string();
    let remark = json!({ "case": case, "do": { "comment": { "text": "t" } } });
    let many = vec![remark.clone(); 500];
    let all = send(&service, &officer, "many", &many).await;
    assert_eq!((all.status, &all.body["done"]), (200, &json!(500)), "{:?}", all.body["failed"]);
    let one_more = vec![remark.clone(); 501];
    let wrong = [
        Vec::new(),
        one_more,
        vec![json!({ "case": case, "do": { "fly": {} } })],
        vec![json!({ "case": "none", "do": { "comment": { "text": "t" } } })],
        vec![remark, json!({ "case": case })],
    ];
    for (place, items) in wrong.iter().enumerate() {
        let answer = send(&service, &officer, "wrong", items).await;
        assert_eq!((answer.status, answer.code()), (422, "body_invalid"), "{place}");
        let pointer = answer.body["faults"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with("/items"), "{place}: {pointer}");
    }
}
