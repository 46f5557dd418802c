//! What surrounds and completes the pages: how answers are compressed, the top bar, choosing a day from the
//! calendar, the orders of the worklist, and looking at a paper where it stands.

use chrono::TimeDelta;
use parvaneh_core::Fact;
use parvaneh_store::Ask;
use reqwest::Method;
use serde_json::json;

use crate::{
    browser::{Run, walk},
    screens_case::{PAPERS, given},
    store_fixture::{act, holder, new_case, open_request},
    web_documents::PDF,
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

#[tokio::test]
async fn what_another_site_makes_a_browser_ask_is_not_compressed() {
    let service = Service::start().await;
    let officer = Browser::of(&service, "county_officer").await;
    let asked = async |path: &str, site: &str, takes: &str| {
        let request = officer.request(Method::GET, path).header("accept-encoding", takes);
        let answer = request.header("sec-fetch-site", site).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header = |name: &str| {
            let all = answer.headers().get_all(name).iter();
            all.map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
        };
        let (encoding, varies) = (header("content-encoding"), header("vary"));
        (encoding, varies, answer.bytes().await.unwrap().len())
    };
    let (encoding, _, plain) = asked("/worklist", "same-origin", "identity").await;
    assert_eq!(encoding, "");
    for takes in ["gzip", "br"] {
        let (encoding, varies, length) = asked("/worklist", "same-origin", takes).await;
        assert_eq!(encoding, takes);
        assert!(varies.contains("accept-encoding"), "{varies}");
        assert!(length * 2 < plain, "{length} of {plain}");
        let (encoding, _, length) = asked("/worklist?text=guess", "cross-site", takes).await;
        assert_eq!((encoding.as_str(), length > plain / 2), ("", true));
    }
    // Without a cookie there is nothing of anybody's in it.
    let request = service.client.get(format!("{}/login", service.url));
    let answer = request.header("accept-encoding", "br").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "br");
    // What is compressed already stays as it is.
    let font = Browser::new(&service).get("/login").await.html;
    let font = font.split('"').find(|part| part.ends_with(".woff2")).unwrap().to_owned();
    assert_eq!(asked(&font, "same-origin", "gzip").await.0, "");
    // A stream of events comes at once.
    let request = officer.request(Method::GET, "/api/v1/worklist/events");
    let request = request.header("sec-fetch-site", "same-origin").header("accept-encoding", "br");
    let stream = request.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    assert!(stream.headers().get("content-encoding").is_none());
}

#[tokio::test]
async fn the_worklist_is_in_the_order_of_any_column() {
    let service = Service::start().await;
    for subject in ["یاری", "پروانه", "باران", "گلستان"] {
        let mut request = open_request(new_case());
        if let Ask::Open { application, .. } = &mut request.ask {
            application.subject = subject.to_owned();
        }
        service.office.store.execute(request).await.unwrap();
        service.office.advance(TimeDelta::minutes(1)).await;
    }
    let mut officer = Browser::of(&service, "county_officer").await;
    let mut subjects = async |path: &str| -> Vec<String> {
        let page = officer.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let rows = page.html.split("<a class=\"case\"").skip(1);
        let subject = |row: &str| {
            let text = row.split_once('>').unwrap().1;
            text.split('<').next().unwrap().to_owned()
        };
        rows.map(subject).collect()
    };
    let alphabet = ["باران", "پروانه", "گلستان", "یاری"];
    assert_eq!(subjects("/worklist?order=subject").await, alphabet);
    let mut back = alphabet;
    back.reverse();
    assert_eq!(subjects("/worklist?order=subject&down=true").await, back);
    let arrived = ["یاری", "پروانه", "باران", "گلستان"];
    assert_eq!(subjects("/worklist?order=arrival").await, arrived);
    for order in ["deadline", "arrival", "applicant", "step", "unit", "statutory", "holder"] {
        for down in ["false", "true"] {
            let mut all = subjects(&format!("/worklist?order={order}&down={down}")).await;
            assert_eq!(all.len(), 4, "{order} {down}");
            if order == "arrival" && down == "true" {
                all.reverse();
                assert_eq!(all, arrived);
            }
        }
    }
    // Each head leads to its order, and back from there.
    let page = officer.get("/worklist?order=subject").await.html;
    assert!(
        page.contains("aria-sort=\"ascending\"><a href=\"/worklist?order=subject&#38;down=true\""),
        "{page}"
    );
}

#[tokio::test]
async fn a_paper_is_looked_at_where_it_stands_and_only_what_no_browser_runs() {
    let service = Service::start().await;
    let store = &service.office.store;
    store.publish_definition(&"papers".into(), 1, PAPERS).await.unwrap();
    let case = given(&service, "papers", 0).await["case"].as_str().unwrap().to_owned();
    let mut officer = Browser::of(&service, "county_officer").await;
    let token = service.token_of("county_officer").await;
    let hand_in = async |bytes: &'static [u8], name: &str| {
        let url = format!("{}/api/v1/cases/{case}/documents/charter", service.url);
        let now = store.case(case.parse().unwrap()).await.unwrap().seq;
        let request = service.client.post(url).bearer_auth(&token).body(bytes);
        let request = request
            .header("idempotency-key", name)
            .header("if-match", format!("\"{now}\""))
            .header("content-disposition", format!("attachment; filename=\"{name}\""));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    };
    hand_in(PDF, "charter.pdf").await;
    let page = officer.get(&format!("/cases/{case}/documents")).await;
    assert!(page.header("content-security-policy").contains("frame-src 'self'"));
    let frame = page.html.split_once("<iframe src=\"").expect("a frame").1;
    let view = frame.split('"').next().unwrap().to_owned();
    let shown = officer.get(&view).await;
    assert_eq!((shown.status, shown.html.as_bytes()), (200, PDF));
    assert_eq!(shown.header("content-type"), "application/pdf");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    assert_eq!(shown.header("x-frame-options"), "SAMEORIGIN");
    assert!(shown.header("content-disposition").starts_with("inline; "));
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    // A text is a file to be kept, and nothing else.
    hand_in(b"Only words\n", "charter.txt").await;
    let viewer = store.viewer(holder("county_officer")).await.unwrap().unwrap();
    let held = store.reading_as(&viewer).contents_of(case.parse().unwrap()).await.unwrap();
    let text = held.last().unwrap().id;
    assert_eq!(officer.get(&format!("/cases/{case}/documents/{text}/view")).await.status, 404);
    // Whoever does not see the case does not see it either.
    let people = vec![(holder("somebody"), "Somebody".to_owned())];
    store.save_people(people).await.unwrap();
    let mut stranger = Browser::of(&service, "somebody").await;
    assert_eq!(stranger.get(&view).await.status, 404);
}

#[tokio::test]
async fn a_day_is_chosen_from_the_calendar_by_mouse_and_by_keyboard() {
    let service = Service::start().await;
    let store = &service.office.store;
    store.publish_definition(&"papers".into(), 1, PAPERS).await.unwrap();
    logged_in(&service, "county_officer").await;
    let ways = [Run::new("fa"), Run::new("en").dark(), Run::new("fa").phone().dark()];
    let mut runs = Vec::new();
    for (no, way) in ways.into_iter().enumerate() {
        runs.push(way.given(given(&service, "papers", no).await));
    }
    walk("frame", "frame", &service.url, &runs).await.is_fine();
}

#[tokio::test]
async fn a_body_without_a_system_answers_by_a_link_that_an_officer_has_made() {
    let service = Service::start().await;
    let office = &service.office;
    logged_in(&service, "county_officer").await;
    let mut runs = Vec::new();
    let ways =
        [Run::new("fa"), Run::new("en").phone().dark(), Run::new("fa").phone().without_script()];
    for way in ways {
        let case = office.opened().await.id;
        office.does("county_officer", case, act("accept")).await.unwrap();
        let given = json!({ "login": "county_officer", "password": PASSWORD, "case": case });
        runs.push(way.given(given));
    }
    walk("linked", "linked", &service.url, &runs).await.is_fine();
    for run in &runs {
        let case = run.told("case").parse().unwrap();
        let timeline = office.store.timeline(case).await.unwrap();
        let facts = timeline.entries.iter().map(|entry| &entry.event.fact);
        let answers: Vec<_> = facts.filter(|fact| matches!(fact, Fact::Answered { .. })).collect();
        let [Fact::Answered { link: Some(_), reference, .. }] = answers[..] else {
            panic!("{answers:?}")
        };
        assert_eq!(reference.as_deref(), Some("1403/77"));
    }
}

#[tokio::test]
async fn what_is_no_link_opens_nothing() {
    let service = Service::start().await;
    let mut anybody = Browser::new(&service);
    for path in ["/inquiry", "/inquiry/answer"] {
        let told = anybody.send(path, &[("link", "pvi_nothing"), ("answer", "positive")]).await;
        assert_eq!(told.status, 410, "{path}");
        assert!(told.html.contains("role=\"alert\""), "{}", told.html);
    }
}
