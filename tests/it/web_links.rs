//! Other bodies: with a token, their own inquiries and nothing else; with a link, one inquiry, once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parvaneh_core::{CaseId, Command, Fact, Grant, case::Task};
use parvaneh_store::Request;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::{COUNTY, PROVINCE, act, applicant, holder},
    web_fixture::{Answer, Service, answered, with_json},
    web_pages::Browser,
};

/// A case whose bodies are asked.
async fn asked(service: &Service) -> CaseId {
    let case = service.office.opened().await.id;
    asked_police(service, case).await;
    case
}

/// Where the police answer about a case, from when they are asked.
pub(crate) async fn asked_police(service: &Service, case: CaseId) -> String {
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    let case = service.office.store.case(case).await.unwrap();
    let police =
        |task: &&Task| task.branch.as_ref().is_some_and(|branch| branch.as_str() == "police");
    let task = case.tasks.iter().find(police).unwrap();
    format!("/inquiries/{}/{}", case.id, task.no)
}

fn path(case: CaseId) -> String {
    format!("/cases/{case}/inquiries/police/links")
}

/// A link for the police, with its number.
async fn made(service: &Service, case: CaseId) -> (String, String) {
    let officer = service.token_of("county_officer").await;
    let made = service.post(&path(case), &officer, &json!({ "days": 2 })).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["person"], holder("agency.police").to_string());
    let link = made.body["link"].as_str().unwrap();
    let (address, text) = link.split_once('#').unwrap();
    assert_eq!(address, format!("{}/inquiry", service.url));
    (text.to_owned(), made.body["id"].as_str().unwrap().to_owned())
}

/// By a link, and nothing else.
async fn by_link(service: &Service, link: &str, answer: Option<&Value>) -> Answer {
    let method = if answer.is_some() { Method::POST } else { Method::GET };
    let request = service.request(method, "/linked-inquiry").header("inquiry-link", link);
    answered(match answer {
        Some(answer) => with_json(request, answer),
        None => request,
    })
    .await
}

fn is_spent(answer: &Answer) -> bool {
    (answer.status, answer.code()) == (410, "link_spent")
}

#[tokio::test]
async fn a_link_opens_one_inquiry_and_answers_it_once() {
    let service = Service::start().await;
    let (case, other) = (asked(&service).await, asked(&service).await);
    let (link, id) = made(&service, case).await;
    let seen = by_link(&service, &link, None).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let fields: Vec<_> = seen.body.as_object().unwrap().keys().cloned().collect();
    let expected = ["asked_at", "due_at", "expires_at", "subject", "title_en", "title_fa", "unit"];
    assert_eq!(fields, expected, "what is asked, and nothing of the case");
    assert_eq!(seen.body["unit"], COUNTY);
    assert!(!seen.body.to_string().contains(&case.to_string()));
    // To look at it uses nothing up; a wrong answer neither.
    let wrong = by_link(&service, &link, Some(&json!({ "answer": "perhaps" }))).await;
    assert_eq!((wrong.status, wrong.code()), (422, "body_invalid"));
    let answer = json!({ "answer": "positive", "reference": "1403/77" });
    let done = by_link(&service, &link, Some(&answer)).await;
    assert_eq!((done.status, &done.body["repeated"]), (200, &json!(false)), "{done:?}");
    for again in [None, Some(&answer), Some(&json!({ "answer": "negative", "reason": "r" }))] {
        assert!(is_spent(&by_link(&service, &link, again).await));
    }
    // The timeline says which body it was, by whose right, and that it came by this link.
    let timeline = service.office.store.timeline(case).await.unwrap();
    let event = &timeline.entries.last().unwrap().event;
    let Fact::Answered { link, reference, .. } = &event.fact else { panic!("{event:?}") };
    assert_eq!(link.unwrap().to_string(), id);
    assert_eq!(reference.as_deref(), Some("1403/77"));
    let by = serde_json::to_value(&event.by).unwrap().to_string();
    assert!(by.contains("agency.police"), "{by}");
    assert!(by.contains(&holder("agency.police").to_string()), "{by}");
    let untouched = service.office.store.case(other).await.unwrap();
    assert_eq!(untouched.seq, 3, "{untouched:?}");
    // Those who work on the case see what became of it; its applicant doesn't.
    let officer = service.token_of("county_officer").await;
    let links = service.get(&path(case), &officer).await;
    assert_eq!(links.body["items"][0]["id"], id);
    assert!(!links.body["items"][0]["used_at"].is_null(), "{links:?}");
    assert!(!links.body.to_string().contains("pvi_"), "the link itself is told once");
    let mine = service.token(applicant(), "applicant", &parvaneh_store::Scope::ALL).await;
    assert_eq!(service.get(&path(case), &mine).await.status, 403);
}

#[tokio::test]
async fn whoever_answers_for_a_body_does_it_on_pages() {
    let service = Service::start().await;
    let (case, other) = (service.office.opened().await.id, service.office.opened().await.id);
    let (here, there) = (asked_police(&service, case).await, asked_police(&service, other).await);
    let mut police = Browser::of(&service, "agency.police").await;
    let home = police.get("/").await.html;
    assert!(home.contains("href=\"/inquiries\""), "{home}");
    assert!(!home.contains("href=\"/worklist\""), "it has no cases to work on: {home}");
    assert!(!home.contains("role=\"search\"") && !home.contains("<search"), "{home}");
    let list = police.get("/inquiries").await.html;
    assert!(list.contains(&here) && list.contains(&there), "{list}");
    let one = police.get(&here).await;
    assert!(one.html.contains("انجمن یاری"), "{}", one.html);
    // Nothing chosen: what was typed stands there again.
    let refused = police.send(&here, &[("reference", "۱۴۰۳/۷۷")]).await;
    assert_eq!(refused.status, 422, "{}", refused.html);
    assert!(refused.html.contains("۱۴۰۳/۷۷"), "{}", refused.html);
    let form = [("answer", "negative"), ("reason", "سابقه"), ("reference", "۱۴۰۳/۷۷")];
    let done = police.send(&here, &form).await;
    assert_eq!((done.status, done.header("location")), (303, "/inquiries?done=answered"));
    let list = police.get("/inquiries?done=answered").await.html;
    assert!(list.contains("پاسخ ثبت شد") && !list.contains(&here) && list.contains(&there));
    // Once.
    assert_eq!(police.get(&here).await.status, 404);
    assert_eq!(police.send(&here, &form).await.status, 404);
    let timeline = service.office.store.timeline(case).await.unwrap();
    let event = &timeline.entries.last().unwrap().event;
    let Fact::Answered { reference, .. } = &event.fact else { panic!("{event:?}") };
    assert_eq!(reference.as_deref(), Some("۱۴۰۳/۷۷"));
    // Another body, and who works on the case, have nothing to answer there.
    service.hires("head", "provincial_director", PROVINCE).await;
    for (who, listed) in [("agency.judiciary", 200), ("county_officer", 403), ("head", 403)] {
        let mut stranger = Browser::of(&service, who).await;
        assert_eq!(stranger.get("/inquiries").await.status, listed, "{who}");
        assert_eq!(stranger.get(&there).await.status, 404, "{who}");
        assert_eq!(stranger.send(&there, &form).await.status, 404, "{who}");
    }
    let seq = service.office.store.case(other).await.unwrap().seq;
    assert_eq!(seq, 3, "nobody has answered there");
}

#[tokio::test]
async fn many_who_hold_a_link_answer_once() {
    let service = std::sync::Arc::new(Service::start().await);
    let case = asked(&service).await;
    let (link, _) = made(&service, case).await;
    let answers = (0..8).map(|n| {
        let (service, link) = (service.clone(), link.clone());
        tokio::spawn(async move {
            let answer = json!({ "answer": "negative", "reason": format!("reason {n}") });
            by_link(&service, &link, Some(&answer)).await
        })
    });
    let mut done = 0;
    for answer in answers.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert!(answer.status == 200 || is_spent(&answer), "{answer:?}");
        done += usize::from(answer.status == 200);
    }
    assert_eq!(done, 1);
    let timeline = service.office.store.timeline(case).await.unwrap();
    let answered =
        |entry: &&parvaneh_store::TimelineEntry| matches!(entry.event.fact, Fact::Answered { .. });
    assert_eq!(timeline.entries.iter().filter(answered).count(), 1);
}

#[tokio::test]
async fn a_link_that_was_altered_taken_back_or_is_too_old_opens_nothing() {
    let service = Service::start().await;
    let case = asked(&service).await;
    let officer = service.token_of("county_officer").await;
    let answer = json!({ "answer": "positive" });
    // Every byte of it counts.
    let (link, _) = made(&service, case).await;
    let bytes = URL_SAFE_NO_PAD.decode(link.strip_prefix("pvi_").unwrap()).unwrap();
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        let altered = format!("pvi_{}", URL_SAFE_NO_PAD.encode(altered));
        assert!(is_spent(&by_link(&service, &altered, None).await), "byte {place}");
    }
    let none = answered(service.request(Method::GET, "/linked-inquiry")).await;
    assert_eq!((none.status, none.code()), (400, "parameter_invalid"));
    // Nor is it a token: nobody comes in by it.
    assert_eq!(service.get("/inquiries", &link).await.status, 401);

    // Taken back, once.
    let (back, id) = made(&service, case).await;
    let revoke = format!("{}/{id}", path(case));
    assert_eq!(service.ask(Method::DELETE, &revoke, &officer, None).await.status, 204);
    assert!(is_spent(&by_link(&service, &back, Some(&answer)).await));
    assert_eq!(service.ask(Method::DELETE, &revoke, &officer, None).await.status, 404);

    // Too old, by the server's clock; and its row cannot be made younger than it was signed.
    let (old, id) = made(&service, case).await;
    let mut admin = service.office.as_admin().await;
    let past = "update inquiry_links set made_at = now() - interval '3 days',
                    expires_at = date_trunc('second', now() - interval '1 day') where id = $1::uuid";
    sqlx::query(past).bind(&id).execute(&mut admin).await.unwrap();
    assert!(is_spent(&by_link(&service, &old, None).await));
    let later =
        "update inquiry_links set expires_at = now() + interval '9 days' where id = $1::uuid";
    sqlx::query(later).bind(&id).execute(&mut admin).await.unwrap();
    assert!(is_spent(&by_link(&service, &old, None).await));

    // Of somebody who stands for the body no more.
    let grant = Grant { role: "agency.police".into(), unit: COUNTY.into() };
    service.office.store.revoke(holder("agency.police"), grant).await.unwrap();
    assert!(is_spent(&by_link(&service, &link, Some(&answer)).await));
    // And then nobody can be given one.
    let nobody = service.post(&path(case), &officer, &json!({})).await;
    assert_eq!((nobody.status, nobody.code()), (409, "nobody_answers"), "{nobody:?}");
    let timeline = service.office.store.timeline(case).await.unwrap();
    let answered = timeline.entries.iter();
    assert!(answered.map(|entry| &entry.event.fact).all(|fact| fact.kind() != "answered"));
}

#[tokio::test]
async fn a_link_closes_with_its_inquiry() {
    let service = Service::start().await;
    let case = asked(&service).await;
    let (link, _) = made(&service, case).await;
    // The answer comes on paper first.
    let command = Command::Answer {
        branch: "police".into(),
        answer: parvaneh_core::definition::Answer::Positive,
        reason: None,
        reference: Some("1403/12".to_owned()),
    };
    let request = Request::command(holder("county_officer"), case, command);
    service.office.store.execute(request).await.unwrap();
    assert!(is_spent(&by_link(&service, &link, None).await));
    let late = by_link(&service, &link, Some(&json!({ "answer": "positive" }))).await;
    assert!(is_spent(&late), "{late:?}");
    // No inquiry, no link; and only for whoever may record the answer.
    let officer = service.token_of("county_officer").await;
    let closed = service.post(&path(case), &officer, &json!({})).await;
    assert_eq!((closed.status, closed.code()), (422, "unknown_inquiry"), "{closed:?}");
    let other = format!("/cases/{case}/inquiries/judiciary/links");
    let monitor = service.token_of("national_monitor").await;
    let refused = service.post(&other, &monitor, &json!({})).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"), "{refused:?}");
}

#[tokio::test]
async fn the_token_of_a_body_sees_its_own_inquiries_and_nothing_else() {
    let service = Service::start().await;
    let case = asked(&service).await;
    let elsewhere = service.hires("sibling police", "agency.police", "2302").await;
    let police = service.token_of("agency.police").await;
    let sibling = service.token(elsewhere, "sibling police", &parvaneh_store::Scope::ALL).await;
    let judiciary = service.token_of("agency.judiciary").await;
    for (token, branches) in
        [(&police, &["police"][..]), (&judiciary, &["judiciary"]), (&sibling, &[])]
    {
        let list = service.get("/inquiries", token).await;
        let items = list.body["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().map(|item| item["branch"].as_str().unwrap()).collect();
        assert_eq!(found, branches, "{list:?}");
        // No case, no list of cases, no worklist, no figures.
        for path in [format!("/cases/{case}"), format!("/cases/{case}/timeline"), path(case)] {
            let hidden = service.get(&path, token).await;
            assert_eq!((hidden.status, hidden.code()), (404, "not_found"), "{path}");
        }
        for path in ["/cases", "/worklist"] {
            let list = service.get(path, token).await;
            assert_eq!(list.body["items"], json!([]), "{path}: {list:?}");
        }
        assert_eq!(service.get("/figures/on-time?period=1403", token).await.status, 403);
    }
    // One body does not answer for another.
    let answer = json!({ "answer": "positive" });
    for (branch, token) in [("judiciary", &police), ("police", &judiciary), ("police", &sibling)] {
        let hidden = service.post(&format!("/inquiries/{case}/{branch}"), token, &answer).await;
        assert_eq!((hidden.status, hidden.code()), (404, "not_found"), "{branch}");
    }
    let done = service.post(&format!("/inquiries/{case}/police"), &police, &answer).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(service.get("/inquiries", &police).await.body["items"], json!([]));
}
