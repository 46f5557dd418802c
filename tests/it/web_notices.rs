//! Notices, deliveries and webhooks through the API.

use chrono::TimeDelta;
use parvaneh_store::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::COUNTY,
    web_fixture::{Answer, Service, answered, with_json},
    web_pages::Browser,
};

async fn administrator(service: &Service) -> String {
    let person = service.hires("the administrator", "administrator", "ir").await;
    service.token(person, "the.administrator", &Scope::ALL).await
}

fn items(answer: &Answer) -> &Vec<Value> {
    answer.body["items"].as_array().unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn who_was_told_of_a_deadline_reads_it_page_by_page_and_marks_it_read() {
    let service = Service::start().await;
    for _ in 0..3 {
        service.office.opened().await;
    }
    // Long after every deadline of the first step.
    service.office.advance(TimeDelta::days(20)).await;
    service.office.store.tick_due(100).await.unwrap();
    service.office.store.deliver_outbox(100).await.unwrap();
    let head = service.token_of("county_head").await;
    let all = service.get("/notices?unread=true", &head).await;
    assert_eq!(items(&all).len(), 3, "{all:?}");
    assert!(items(&all)[0]["kind"].is_string());
    let (mut path, mut told) = ("/notices?limit=1".to_owned(), Vec::new());
    loop {
        let page = service.get(&path, &head).await;
        told.extend(items(&page).clone());
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/notices?limit=1&after={next}");
    }
    assert_eq!(&told, items(&all), "each once, in their order");
    // What the top bar counts, and no further.
    let store = &service.office.store;
    let person = crate::store_fixture::holder("county_head");
    let viewer = store.viewer(person).await.unwrap().unwrap();
    for (most, counted) in [(100, 3), (1, 1)] {
        let unread = store.reading_as(&viewer).unread_notices(person, most).await.unwrap();
        assert_eq!(unread, counted);
    }
    let until = items(&all)[0]["created_at"].clone();
    // One of them, by the API and on the page.
    let only = json!({ "case": told[1]["case"], "event": told[1]["event"] });
    let asked = json!({ "until": until, "only": only });
    let read = service.post("/notices/read", &head, &asked).await;
    assert_eq!(read.body["count"], 1, "{read:?}");
    let left = service.get("/notices?unread=true", &head).await;
    assert_eq!(items(&left), &[told[0].clone(), told[2].clone()]);
    let mut browser = Browser::of(&service, "county_head").await;
    let page = browser.get("/notices?unread=yes&lang=en").await;
    assert_eq!(page.html.matches(">I have read it<").count(), 2, "{}", page.html);
    let (case, event) = (told[2]["case"].as_str().unwrap(), told[2]["event"].to_string());
    let made = told[2]["created_at"].as_str().unwrap();
    let form = [("until", made), ("case", case), ("event", &event), ("unread", "yes")];
    let page = browser.send("/notices/read", &form).await;
    assert_eq!((page.status, page.header("location")), (303, "/notices?unread=yes&done=one"));
    assert_eq!(items(&service.get("/notices?unread=true", &head).await), &[told[0].clone()]);
    let read = service.post("/notices/read", &head, &json!({ "until": until })).await;
    assert_eq!(read.body["count"], 1, "{read:?}");
    assert!(items(&service.get("/notices?unread=true", &head).await).is_empty());
    assert_eq!(items(&service.get("/notices", &head).await).len(), told.len());

    // Whose office it is no longer is not told of its cases.
    let grant = parvaneh_core::Grant { role: "county_head".into(), unit: COUNTY.into() };
    let person = crate::store_fixture::holder("county_head");
    service.office.store.revoke(person, grant).await.unwrap();
    assert!(items(&service.get("/notices", &head).await).is_empty());
}

#[tokio::test]
async fn a_webhook_is_added_tried_paused_and_removed_and_its_secret_never_shown() {
    let service = Service::start().await;
    let admin = administrator(&service).await;
    let asked = json!({ "url": "https://receiver.example/", "secret": "whsec_good",
                        "unit": COUNTY, "kinds": ["opened"] });
    let request = with_json(service.request(Method::POST, "/webhooks"), &asked)
        .header("authorization", format!("Bearer {admin}"))
        .header("idempotency-key", "the receiver");
    let added = answered(request.try_clone().unwrap()).await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(answered(request).await.body["id"], added.body["id"], "a repeat adds no second");
    let webhook = format!("/webhooks/{}", added.body["id"].as_str().unwrap());
    let case = service.office.opened().await.id;

    let list = service.get("/webhooks", &admin).await;
    assert_eq!((items(&list).len(), &items(&list)[0]["waiting"]), (1, &json!(1)), "{list:?}");
    assert!(!list.body.to_string().contains("whsec"), "the secret is shown to nobody");
    let waits = service.get(&format!("{webhook}/deliveries"), &admin).await;
    assert_eq!(items(&waits)[0]["state"], "waiting", "{waits:?}");
    let about = service.get(&format!("/deliveries?case={case}"), &admin).await;
    assert_eq!(items(&about), items(&waits));
    let tested = service.ask(Method::POST, &format!("{webhook}/test"), &admin, None).await;
    assert_eq!((tested.status, &tested.body["taken"]), (200, &json!(true)), "{tested:?}");

    let paused = format!("{webhook}/paused");
    assert_eq!(service.ask(Method::PUT, &paused, &admin, None).await.status, 204);
    let list = service.get("/webhooks", &admin).await;
    assert!(items(&list)[0]["paused"].is_string(), "{list:?}");
    let failed = service.get("/deliveries", &admin).await;
    assert_eq!(items(&failed)[0]["state"], "failed", "what waited is given up: {failed:?}");
    assert_eq!(service.ask(Method::DELETE, &paused, &admin, None).await.status, 204);
    let retry = format!("/deliveries/{}/retry", items(&failed)[0]["id"].as_str().unwrap());
    let again = service.ask(Method::POST, &retry, &admin, None).await;
    assert_eq!((again.status, &again.body["count"]), (200, &json!(1)), "{again:?}");
    let nothing = service.ask(Method::POST, &retry, &admin, None).await;
    assert_eq!((nothing.status, nothing.code()), (404, "not_found"), "it waits already");
    let all = service.ask(Method::POST, "/deliveries/retry", &admin, None).await;
    assert_eq!(all.body["count"], 0, "{all:?}");

    // What has arrived is listed too, where somebody asks for it.
    let arrived = "update deliveries set state = 'sent', ended_at = clock_timestamp()";
    let mut engine = service.office.as_application().await;
    sqlx::query(arrived).execute(&mut engine).await.unwrap();
    let list = async |path: &str| {
        let answer = service.get(path, &admin).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let state = |item: &Value| item["state"].as_str().unwrap().to_owned();
        items(&answer).iter().map(state).collect::<Vec<_>>()
    };
    assert!(list(&format!("{webhook}/deliveries")).await.is_empty());
    let to = webhook.strip_prefix("/webhooks/").unwrap();
    for (path, found) in [
        (format!("{webhook}/deliveries?state=sent"), 1),
        (format!("{webhook}/deliveries?state=failed"), 0),
        (format!("/deliveries?state=sent&to={to}"), 1),
        (format!("/deliveries?state=sent&case={case}"), 1),
        (format!("/deliveries?state=waiting&case={case}"), 0),
        ("/deliveries?state=waiting".to_owned(), 0),
    ] {
        assert_eq!(list(&path).await, vec!["sent"; found], "{path}");
    }
    for path in ["/deliveries?state=sent", "/deliveries?state=lost"] {
        let answer = service.get(path, &admin).await;
        assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"), "{path}");
    }

    assert_eq!(service.ask(Method::DELETE, &webhook, &admin, None).await.status, 204);
    assert_eq!(service.ask(Method::DELETE, &webhook, &admin, None).await.status, 404);
    let gone = service.ask(Method::POST, &format!("{webhook}/test"), &admin, None).await;
    assert_eq!((gone.status, gone.code()), (404, "not_found"));
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_webhook_is_told_at_once() {
    let service = Service::start().await;
    let admin = administrator(&service).await;
    let wrong = json!({ "url": "http://127.0.0.1/", "secret": "hush", "unit": "nowhere",
                        "workflow": "nothing", "kinds": ["opened", "danced"] });
    let refused = service.post("/webhooks", &admin, &wrong).await;
    assert_eq!((refused.status, refused.code()), (422, "body_invalid"), "{refused:?}");
    let mut places: Vec<_> = refused.body["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    places.sort_unstable();
    assert_eq!(places, ["/kinds/1", "/secret", "/unit", "/url", "/workflow"]);
    for path in ["/deliveries?after=x", "/deliveries?channel=post", "/notices?limit=0"] {
        let answer = service.get(path, &admin).await;
        assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"), "{path}");
    }
    let unknown = service.ask(Method::POST, "/deliveries/email/retry", &admin, None).await;
    assert_eq!((unknown.status, unknown.code()), (404, "not_found"));
}

#[tokio::test]
async fn everybody_chooses_how_he_is_written_to_and_nobody_to_where() {
    let service = Service::start().await;
    let head = service.token_of("county_head").await;
    let person = crate::store_fixture::holder("county_head");
    let before = service.get("/notice-preferences", &head).await;
    assert_eq!((before.status, &before.body["email"]), (200, &Value::Null), "{before:?}");
    assert_eq!(before.body["choices"]["warning"], "digest");
    assert_eq!(before.body["chosen"]["warning"], Value::Null);
    let known = parvaneh_store::Preferences {
        email: Some("head@example.org".to_owned()),
        ..parvaneh_store::Preferences::default()
    };
    service.office.store.set_preferences(person, known).await.unwrap();
    let put = async |body: Value| {
        service.ask(Method::PUT, "/notice-preferences", &head, Some(&body)).await
    };
    let chosen = put(json!({
        "language": "en", "digest_at": "16:30",
        "choices": { "warning": "off", "own_escalation": "digest", "escalation": "digest" },
    }))
    .await;
    assert_eq!(chosen.status, 200, "{chosen:?}");
    let after = service.get("/notice-preferences", &head).await;
    assert_eq!(after.body, chosen.body);
    assert_eq!(after.body["email"], "head@example.org", "that is not his to choose");
    assert_eq!(
        (&after.body["language"], &after.body["digest_at"]),
        (&json!("en"), &json!("16:30"))
    );
    let choices = &after.body["choices"];
    for (kind, choice) in [
        ("warning", "off"),
        ("own_escalation", "digest"),
        ("escalation", "digest"),
        ("worklist", "digest"),
        ("turn", "at_once"),
    ] {
        assert_eq!(choices[kind], choice, "{kind}: {after:?}");
    }
    // Everything that is wrong with it at once; and nothing has changed.
    let wrong = put(json!({
        "language": "fa", "digest_at": "08:00",
        "choices": { "own_escalation": "off", "worklist": "at_once" },
    }))
    .await;
    assert_eq!((wrong.status, wrong.code()), (422, "body_invalid"), "{wrong:?}");
    let faults = wrong.body["faults"].as_array().unwrap().iter();
    let faults: Vec<_> = faults
        .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    let refused = "choice_not_allowed";
    assert_eq!(faults, [("/choices/own_escalation", refused), ("/choices/worklist", refused)]);
    for body in [
        json!({ "language": "fa", "digest_at": "8:00" }),
        json!({ "language": "fa", "digest_at": "24:00" }),
        json!({ "language": "fa", "digest_at": "08:00", "email": "me@example.org" }),
        json!({ "language": "fa", "digest_at": "08:00", "choices": { "danced": "off" } }),
    ] {
        assert_eq!(put(body).await.status, 422);
    }
    assert_eq!(service.get("/notice-preferences", &head).await.body, after.body);

    // What he has chosen is how he is told.
    service.office.opened().await;
    service.office.advance(TimeDelta::days(20)).await;
    service.office.store.tick_due(100).await.unwrap();
    service.office.store.deliver_outbox(100).await.unwrap();
    assert!(!items(&service.get("/notices", &head).await).is_empty(), "in the program, always");
    let mut engine = service.office.as_application().await;
    let states = "select distinct state from deliveries where target = $1 and channel = 'email'";
    let states: Vec<String> =
        sqlx::query_scalar(states).bind(person.0).fetch_all(&mut engine).await.unwrap();
    assert_eq!(states, ["gathered"], "for the digest");
}
