//! Cases through the API: opened, worked on, looked at.

use chrono::TimeDelta;
use futures_of::all;
use parvaneh_store::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::{COUNTY, PROVINCE, applicant, holder},
    web_fixture::{Answer, Service, answered, with_json},
};

/// Waits for several answers at once.
mod futures_of {
    use super::{Answer, Service};

    pub(super) async fn all<F>(service: &Service, count: usize, ask: F) -> Vec<Answer>
    where
        F: Fn(&Service) -> reqwest::RequestBuilder,
    {
        let asked: Vec<_> =
            (0..count).map(|_| tokio::spawn(crate::web_fixture::answered(ask(service)))).collect();
        let mut answers = Vec::with_capacity(count);
        for one in asked {
            answers.push(one.await.unwrap());
        }
        answers
    }
}

fn application() -> Value {
    json!({ "workflow": "ngo-establishment", "unit": COUNTY, "subject": "Mehr charity" })
}

async fn applicants_token(service: &Service) -> String {
    service.token(applicant(), "applicant", &Scope::ALL).await
}

#[tokio::test]
async fn an_application_goes_its_way_from_the_applicant_to_the_officer_and_back() {
    let service = Service::start().await;
    let (mine, officer) =
        (applicants_token(&service).await, service.token_of("county_officer").await);
    let opened = service.post("/cases", &mine, &application()).await;
    assert_eq!((opened.status, opened.header("etag")), (201, "\"1\""), "{opened:?}");
    let id = opened.body["case"]["id"].as_str().unwrap().to_owned();
    assert_eq!(opened.body["events"][0]["kind"], "opened");

    let worklist = service.get("/worklist", &officer).await;
    assert_eq!(worklist.body["items"][0]["case"], id.as_str(), "{worklist:?}");
    let task = worklist.body["items"][0]["task"].as_u64().unwrap();
    let hold = format!("/cases/{id}/tasks/{task}/holder");
    assert_eq!(service.ask(Method::PUT, &hold, &officer, Some(&json!({}))).await.status, 200);
    let file = service.get(&format!("/cases/{id}"), &officer).await;
    assert_eq!(file.body["case"]["tasks"][0]["assignee"], holder("county_officer").to_string());
    assert_eq!(file.header("etag"), "\"2\"");
    let actions: Vec<_> = file.body["possible"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["action"].as_str())
        .collect();
    assert!(actions.contains(&"return"), "{file:?}");
    // An action that needs a reason says so, and changes nothing.
    let actions = format!("/cases/{id}/actions");
    let refused = service.post(&actions, &officer, &json!({ "action": "return" })).await;
    assert_eq!((refused.status, refused.code()), (422, "reason_needed"), "{refused:?}");
    assert_eq!(refused.body["state"], "reception");
    assert!(!refused.body["possible"].as_array().unwrap().is_empty());
    let back = json!({ "action": "return", "reason": "a page is missing" });
    assert_eq!(service.post(&actions, &officer, &back).await.status, 200);

    // The applicant sees what concerns him, and not who of the office had the task.
    let timeline = service.get(&format!("/cases/{id}/timeline"), &mine).await;
    let kinds: Vec<_> = timeline.body["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["opened", "acted"], "{timeline:?}");
    assert_eq!(timeline.body["whole"], true);
    assert!(timeline.body.to_string().contains("a page is missing"));
    for path in [format!("/cases/{id}"), format!("/cases/{id}/timeline")] {
        let seen = service.get(&path, &mine).await.body.to_string();
        assert!(!seen.contains(&holder("county_officer").to_string()), "{path}: {seen}");
    }
    let officers = service.get(&format!("/cases/{id}/timeline"), &officer).await;
    assert_eq!(officers.body["events"].as_array().unwrap().len(), 3);
    let explained = service.get(&format!("/cases/{id}/clocks/0/explanation"), &mine).await;
    assert_eq!(explained.body["explanation"]["term"], "60 d", "{explained:?}");
    let none = service.get(&format!("/cases/{id}/clocks/99/explanation"), &mine).await;
    assert_eq!(none.status, 404);
}

/// An officer notes what an applicant must not read.
const NOTED: &str = "
workflow: noted
version: 1
title: { fa: یادداشت, en: Noted }
opens_at: county
calendar: ir
statutory: { term: 60 d, starts: opened, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open] }
forms:
  application: { name: { type: text, title: { fa: نام, en: Name }, required: yes } }
  assessment: { suspicion: { type: text, title: { fa: ظن, en: Suspicion } } }
  answer: { address: { type: text, title: { fa: نشانی, en: Address } } }
application: application
steps:
  review:
    title: { fa: بررسی, en: Review }
    owner: county_officer
    term: 5 d
    basis: assumption
    form: assessment
    actions:
      grant: { title: { fa: صدور, en: Grant }, to: granted }
      ask: { title: { fa: پرسش, en: Ask }, to: reply, complete: no }
  reply:
    title: { fa: پاسخ, en: Reply }
    owner: applicant
    statutory_clock: suspended
    term: 10 d
    basis: assumption
    form: answer
    silence: { to: lapsed, basis: assumption }
    actions: { send: { title: { fa: ارسال, en: Send }, to: review } }
ends:
  granted: { title: { fa: صدور, en: Granted }, decision: yes, outcome: granted }
  lapsed: { title: { fa: مختومه, en: Lapsed }, decision: no, outcome: lapsed }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

#[tokio::test]
async fn an_applicant_reads_what_he_filled_in_and_not_what_the_office_did() {
    let service = Service::start().await;
    service.office.store.publish_definition(&"noted".into(), 1, NOTED).await.unwrap();
    let (mine, officer) =
        (applicants_token(&service).await, service.token_of("county_officer").await);
    let application = json!({
        "workflow": "noted", "unit": COUNTY, "subject": "S", "values": { "name": "Mehr" },
    });
    let opened = service.post("/cases", &mine, &application).await;
    let id = opened.body["case"]["id"].as_str().unwrap();
    let (file, actions) = (format!("/cases/{id}"), format!("/cases/{id}/actions"));
    let noted = json!({ "action": "ask", "values": { "suspicion": "a front" } });
    assert_eq!(service.post(&actions, &officer, &noted).await.status, 200);
    let sent = json!({ "action": "send", "values": { "address": "Tehran" } });
    let sent = service.post(&actions, &mine, &sent).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let his = json!({ "name": "Mehr", "address": "Tehran" });
    assert_eq!(sent.body["case"]["values"], his);
    assert_eq!(service.get(&file, &mine).await.body["case"]["values"], his);
    let timeline = service.get(&format!("{file}/timeline"), &mine).await;
    assert!(!timeline.body.to_string().contains("a front"), "{timeline:?}");
    let all = json!({ "name": "Mehr", "address": "Tehran", "suspicion": "a front" });
    assert_eq!(service.get(&file, &officer).await.body["case"]["values"], all);
}

#[tokio::test]
async fn a_repeat_under_its_key_opens_no_second_case() {
    let service = Service::start().await;
    let mine = applicants_token(&service).await;
    let open = |service: &Service| {
        let request = service.request(Method::POST, "/cases").header("idempotency-key", "first");
        with_json(request.header("authorization", format!("Bearer {mine}")), &application())
    };
    let answers = all(&service, 8, open).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let again = answered(open(&service)).await;
    assert_eq!(again.body["repeated"], true);
    let ids = answers.iter().map(|answer| answer.body["case"]["id"].as_str().unwrap());
    let ids: std::collections::BTreeSet<_> = ids.collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let listed = service.get("/cases", &mine).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    // Another body under the same key is another request.
    let mut other = application();
    other["subject"] = json!("another charity");
    let request = service.request(Method::POST, "/cases").header("idempotency-key", "first");
    let request = request.header("authorization", format!("Bearer {mine}"));
    let reused = answered(with_json(request, &other)).await;
    assert_eq!((reused.status, reused.code()), (409, "idempotency_key_reused"));
    // The key is the caller's own: under the same one somebody else asks for himself.
    let officer = service.token_of("county_officer").await;
    let mut on_paper = application();
    on_paper["applicant"] = json!(applicant().to_string());
    let request = service.request(Method::POST, "/cases").header("idempotency-key", "first");
    let request = request.header("authorization", format!("Bearer {officer}"));
    assert_eq!(answered(with_json(request, &on_paper)).await.status, 201);
}

#[tokio::test]
async fn nobody_overwrites_what_he_has_not_seen() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let officer = service.token_of("county_officer").await;
    let comment = |tag: &'static str| {
        let request = service.request(Method::POST, &format!("/cases/{case}/comments"));
        let request = request.header("authorization", format!("Bearer {officer}"));
        answered(with_json(request.header("if-match", tag), &json!({ "text": "seen" })))
    };
    let first = comment("\"1\"").await;
    assert_eq!((first.status, first.header("etag")), (200, "\"2\""));
    let late = comment("\"1\"").await;
    assert_eq!((late.status, late.code()), (412, "conflict"));
    assert_eq!(comment("*").await.status, 200);
    assert_eq!(comment("W/\"1\"").await.code(), "precondition_invalid");
}

#[tokio::test]
async fn another_body_answers_what_it_is_asked_and_sees_no_case() {
    let service = Service::start().await;
    let office = &service.office;
    let case = office.opened().await.id;
    let police = service.token_of("agency.police").await;
    let judiciary = service.token_of("agency.judiciary").await;
    assert_eq!(service.get("/inquiries", &police).await.body["items"], json!([]));
    let unasked = format!("/inquiries/{case}/police");
    let answer = json!({ "answer": "positive", "reference": "1403/5512" });
    assert_eq!(service.post(&unasked, &police, &answer).await.status, 404);
    let officer = service.token_of("county_officer").await;
    let accept = json!({ "action": "accept" });
    let accepted = service.post(&format!("/cases/{case}/actions"), &officer, &accept).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");

    let asked = service.get("/inquiries", &police).await;
    assert_eq!(asked.body["items"][0]["branch"], "police", "{asked:?}");
    assert!(asked.body["items"][0]["due_at"].is_string());
    for path in [format!("/cases/{case}"), format!("/cases/{case}/timeline")] {
        assert_eq!(service.get(&path, &police).await.status, 404, "{path}");
    }
    assert_eq!(service.get("/cases", &police).await.body["items"], json!([]));
    // Not another body's.
    assert_eq!(service.post(&unasked, &judiciary, &answer).await.status, 404);
    let nobody = format!("/inquiries/{}/police", crate::store_fixture::new_case());
    assert_eq!(service.post(&nobody, &police, &answer).await.status, 404);
    let given = service.post(&unasked, &police, &answer).await;
    assert_eq!((given.status, &given.body["repeated"]), (200, &json!(false)), "{given:?}");
    let twice = service.post(&unasked, &police, &answer).await;
    assert_eq!((twice.status, twice.code()), (422, "unknown_inquiry"));
    assert!(twice.body.get("state").is_none(), "{twice:?}");
    assert_eq!(service.get("/inquiries", &police).await.body["items"], json!([]));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let service = Service::start().await;
    let mut opened = Vec::new();
    for _ in 0..7 {
        opened.push(service.office.opened().await.id.to_string());
    }
    opened.reverse();
    for token in [service.token_of("county_officer").await, applicants_token(&service).await] {
        let (mut seen, mut path) = (Vec::new(), "/cases?limit=3".to_owned());
        loop {
            let page = service.get(&path, &token).await;
            let items = page.body["items"].as_array().unwrap().clone();
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page.body["next"].as_str() {
                Some(next) => path = format!("/cases?limit=3&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, opened);
    }
    let officer = service.token_of("county_officer").await;
    let (mut seen, mut path) = (Vec::new(), "/worklist?limit=3&order=deadline".to_owned());
    loop {
        let page = service.get(&path, &officer).await;
        assert_eq!(page.body["total"], 7);
        let items = page.body["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| item["case"].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(next) => path = format!("/worklist?limit=3&order=deadline&after={next}"),
            None => break,
        }
    }
    seen.sort();
    opened.sort();
    assert_eq!(seen, opened);
}

#[tokio::test]
async fn figures_are_for_those_who_answer_for_them() {
    let service = Service::start().await;
    service.office.opened().await;
    let manager = service.hires("manager", "manager", PROVINCE).await;
    let manager = service.token(manager, "manager", &Scope::ALL).await;
    service.office.advance(TimeDelta::days(90)).await;
    let path = |unit: &str| format!("/figures/on-time?period=1403&by=month&unit={unit}");
    let figures = service.get(&path(PROVINCE), &manager).await;
    assert_eq!(figures.body["total"]["tally"]["overdue"], 1, "{figures:?}");
    assert_eq!(figures.body["total"]["tally"]["rate"], 0.0);
    assert_eq!(figures.body["rows"].as_array().unwrap().len(), 1);
    assert_eq!(service.get(&path(COUNTY), &manager).await.status, 200);
    assert_eq!(service.get(&path("08"), &manager).await.code(), "forbidden");
    assert_eq!(service.get(&path("nowhere"), &manager).await.code(), "not_found");
    assert_eq!(service.get("/figures/on-time?period=1403", &manager).await.code(), "forbidden");
    let bad = service.get("/figures/on-time?period=1403/13", &manager).await;
    assert_eq!(bad.code(), "parameter_invalid");
    let officer = service.token_of("county_officer").await;
    assert_eq!(service.get(&path(COUNTY), &officer).await.code(), "forbidden");
}
