//! Exports on their page and by the API: asked for, written by the worker, fetched, taken back.

use std::{sync::Arc, time::Duration};

use parvaneh_contents::Contents;
use parvaneh_export::Format;
use parvaneh_store::Scope;
use parvaneh_web::Papers;
use parvaneh_worker::{
    Shutdown,
    export::{self, Makers},
};
use serde_json::json;

use crate::{
    browser::{Run, walk},
    store_fixture::{COUNTY, PROVINCE, act, applicant, holder},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

/// A format to be chosen.
const BUNDLE: &str = "value=\"bundle\"";

/// A service with a place for contents that the worker has too.
pub(crate) async fn service() -> (Service, Contents) {
    let contents = Contents::memory();
    let kept = contents.clone();
    let service = Service::with(|settings| settings.documents.contents = kept).await;
    (service, contents)
}

/// Who makes PDFs, as the program does.
pub(crate) fn makers() -> Makers {
    let papers = Papers::new("https://licences.example", |paper| {
        parvaneh_pdf::typeset(paper).map_err(|error| error.to_string())
    });
    Makers::default().with(Format::Pdf, Arc::new(papers))
}

/// Writes everything that waits.
pub(crate) async fn written(service: &Service, contents: &Contents) {
    let (_stop, shutdown) = Shutdown::new();
    let keep = Duration::from_secs(60);
    while export::once(&service.office.store, &makers(), contents, keep, &shutdown).await.unwrap() {
    }
}

#[tokio::test]
async fn an_officer_exports_what_he_sees_and_fetches_it() {
    let (service, contents) = service().await;
    let case = service.office.opened().await.id;
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    let mut officer = Browser::of(&service, "county_officer").await;
    let page = officer.get(&format!("/exports?case={case}")).await;
    assert!(page.html.contains(&format!("value=\"{case}\"")), "{}", page.html);
    // A bundle of this case he may have; of a unit whose other cases he does not see, none is offered.
    assert!(page.html.contains(BUNDLE) && page.html.contains("name=\"since\""), "{}", page.html);
    let page = officer.get("/exports").await;
    assert!(!page.html.contains(BUNDLE) && !page.html.contains("name=\"since\""), "{}", page.html);
    service.hires("auditor", "auditor", COUNTY).await;
    let mut auditor = Browser::of(&service, "auditor").await;
    assert!(auditor.get("/exports").await.html.contains(BUNDLE));
    // A reason that says nothing is told beside its input, and what was typed is still there.
    let id = case.to_string();
    let told =
        officer.send("/exports", &[("format", "csv"), ("reason", " x "), ("case", &id)]).await;
    assert_eq!(told.status, 422);
    assert!(told.html.contains("reason-fault") && told.html.contains(&id), "{}", told.html);
    let form = [("format", "csv"), ("reason", "شکایت ۱۲"), ("case", &id), ("form", "persian")];
    let begun = officer.send("/exports", &form).await;
    assert_eq!(begun.status, 303, "{}", begun.html);
    let there = begun.header("location").to_owned();
    let waiting = officer.get(&there).await;
    assert!(waiting.html.contains("hx-trigger") && waiting.html.contains("در نوبت"));
    let early = officer.get(&format!("{there}/file")).await;
    assert_eq!(early.status, 409);
    written(&service, &contents).await;
    let done = officer.get(&there).await;
    assert!(done.html.contains("آماده") && !done.html.contains("hx-trigger"), "{}", done.html);
    let file = officer.get(&format!("{there}/file")).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-disposition").contains(".csv"));
    assert!(file.html.starts_with("شناسه پرونده,"), "{}", file.html);
    assert!(file.html.contains(&case.to_string()));
    assert!(officer.get("/exports").await.html.contains("شکایت ۱۲"));

    // It was a look at the case.
    let mut admin = service.office.as_admin().await;
    let mut looks = 0;
    for _ in 0..50 {
        looks =
            sqlx::query_scalar("select count(*) from looks where case_id = $1 and what = 'export'")
                .bind(case.0)
                .fetch_one(&mut admin)
                .await
                .unwrap();
        if looks > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(looks, 1i64);

    // Nobody else has it; who loses his role has it no more.
    let mut head = Browser::of(&service, "county_head").await;
    assert_eq!(head.get(&format!("{there}/file")).await.status, 404);
    let grant = parvaneh_core::Grant { role: "county_officer".into(), unit: COUNTY.into() };
    service.office.store.revoke(holder("county_officer"), grant).await.unwrap();
    assert_eq!(officer.get(&format!("{there}/file")).await.status, 403);
}

/// Whatever a list of cases was narrowed by narrows their export as well.
#[tokio::test]
async fn the_cases_of_a_list_are_exported_and_no_others() {
    let (service, contents) = service().await;
    let taken = service.office.opened().await.id;
    let waiting = service.office.opened().await.id;
    service.office.does("county_officer", taken, act("accept")).await.unwrap();
    let mut officer = Browser::of(&service, "county_officer").await;
    for (list, expected) in [
        ("state=open&role=county_officer", vec![waiting]),
        ("state=late", vec![]),
        (&format!("unit={COUNTY}&alone=1&order=oldest"), vec![taken, waiting]),
        ("due_in=-7..-1", vec![]),
        ("verdict=late&period=1403&lost_with=county_officer", vec![]),
    ] {
        let page = officer.get(&format!("/cases?{list}")).await;
        let (_, link) = page.html.split_once("href=\"/exports?list=").expect("a link");
        let link = format!("/exports?list={}", link.split('"').next().unwrap());
        let form = officer.get(&link).await;
        let (_, sent) = form.html.split_once("name=\"list\" value=\"").expect("what is sent");
        let sent = sent.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        assert_eq!(sent, list, "{}", form.html);
        assert!(form.html.contains("href=\"/cases?") && !form.html.contains(BUNDLE));
        let asked = [("format", "jsonl"), ("reason", "the list"), ("list", &sent)];
        let begun = officer.send("/exports", &asked).await;
        assert_eq!(begun.status, 303, "{}", begun.html);
        written(&service, &contents).await;
        let file = officer.get(&format!("{}/file", begun.header("location"))).await;
        for case in [taken, waiting] {
            let there = file.html.contains(&case.to_string());
            assert_eq!(there, expected.contains(&case), "{list}: {}", file.html);
        }
    }
    // What is no list is refused.
    let wrong = [("format", "jsonl"), ("reason", "the list"), ("list", "state=gone")];
    assert_eq!(officer.send("/exports", &wrong).await.status, 400);
    let period = [("format", "jsonl"), ("reason", "the list"), ("list", "received=1403/13")];
    assert_eq!(officer.send("/exports", &period).await.status, 400);
    assert_eq!(officer.get("/exports?list=state%3Dgone").await.status, 400);
}

#[tokio::test]
async fn by_the_api_an_auditor_exports_and_takes_back() {
    let (service, contents) = service().await;
    service.office.opened().await;
    let auditor = service.hires("auditor", "auditor", "ir").await;
    let token = service.token(auditor, "auditor", &Scope::ALL).await;
    let asked = json!({ "format": "jsonl", "reason": "annual audit", "received": "1403" });
    let answer = service.post("/exports", &token, &asked).await;
    assert_eq!((answer.status, &answer.body["state"]), (202, &json!("waiting")), "{answer:?}");
    let path = format!("/exports/{}", answer.body["id"].as_str().unwrap());
    written(&service, &contents).await;
    let done = service.get(&path, &token).await;
    assert_eq!((&done.body["state"], &done.body["cases"]), (&json!("done"), &json!(1)), "{done:?}");
    let part = service
        .request(reqwest::Method::GET, &format!("{path}/content"))
        .bearer_auth(&token)
        .header("range", "bytes=0-8")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.text().await.unwrap(), "{\"case\":\"");
    assert_eq!(service.ask(reqwest::Method::DELETE, &path, &token, None).await.status, 204);
    assert_eq!(export::clear(&service.office.store, &contents).await.unwrap(), 1);
    let gone = service.get(&format!("{path}/content"), &token).await;
    assert_eq!((gone.status, gone.code()), (410, "export_gone"));
    assert_eq!(service.get(&path, &token).await.body["state"], "cancelled");

    // Periods and units that are none are faults; five at a time are enough.
    let wrong =
        json!({ "format": "csv", "reason": "audit", "received": "1403/13", "unit": "none" });
    let told = service.post("/exports", &token, &wrong).await;
    assert_eq!((told.status, told.code()), (422, "body_invalid"), "{told:?}");
    for status in [202, 202, 202, 202, 202, 429] {
        assert_eq!(service.post("/exports", &token, &asked).await.status, status);
    }
    // Who applied sees his case, and exports nothing.
    let token = service.token(applicant(), "applicant", &Scope::ALL).await;
    assert_eq!(service.post("/exports", &token, &asked).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_exports_in_a_browser() {
    let (service, contents) = service().await;
    service.office.opened().await;
    let mut runs = Vec::new();
    let ways = [Run::new("fa"), Run::new("en").phone().dark(), Run::new("fa").without_script()];
    for (no, run) in ways.into_iter().enumerate() {
        let login = format!("auditor {no}");
        service.hires(&login, "auditor", PROVINCE).await;
        logged_in(&service, &login).await;
        runs.push(run.given(json!({ "login": login, "password": PASSWORD })));
    }
    let (store, place) = (service.office.store.clone(), contents.clone());
    let (stop, shutdown) = Shutdown::new();
    let writing = tokio::spawn(async move {
        export::run(&store, &Makers::default(), &place, Duration::from_secs(600), shutdown).await;
    });
    walk("exports", "exports", &service.url, &runs).await.is_fine();
    stop.now();
    writing.await.unwrap();
}
