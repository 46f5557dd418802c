//! Administration in a real browser: a workflow is published and its cases are moved, an office is closed
//! and deadlines move; and what these pages say of what cannot be done.

use std::time::Duration;

use chrono::NaiveDate;
use parvaneh_core::{Case, CaseId, Grant, UnitId, WorkflowId, decide::Open};
use parvaneh_store::{ClosuresQuery, Request, Store};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    browser::{Run, walk},
    store_fixture::{PROVINCE, applicant, holder, new_case},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

const FIRST: &str = include_str!("../../workflows/ngo-establishment/v1.yaml");

/// A procedure of its own for each way in which a journey is seen.
fn named(name: &str) -> String {
    FIRST.replacen("workflow: ngo-establishment", &format!("workflow: {name}"), 1)
}

fn second(name: &str) -> String {
    let first = named(name);
    let second = first.replacen("version: 1\n", "version: 2\n", 1);
    let second = second.replacen("  term: 60 d\n", "  term: 70 d\n", 1);
    assert_ne!(first, second);
    second
}

async fn opened(service: &Service, by: &str, workflow: &str, unit: &str) -> Case {
    let application = Open {
        case: new_case(),
        unit: UnitId::from(unit),
        applicant: applicant(),
        subject: "انجمن یاری کودکان".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: parvaneh_core::Given::default(),
    };
    let request = Request::open(holder(by), WorkflowId::from(workflow), application);
    service.office.store.execute(request).await.unwrap().case
}

async fn case(service: &Service, case: CaseId) -> Case {
    service.office.store.case(case).await.unwrap()
}

/// A worker that does what jobs there are.
fn working(store: &Store) -> JoinHandle<()> {
    let store = store.clone();
    tokio::spawn(async move {
        loop {
            let done = store.advance_job(None, 10).await;
            if !matches!(done, Ok(Some(_))) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    })
}

#[tokio::test]
async fn an_administrator_publishes_a_version_and_moves_the_cases_to_it() {
    let service = Service::start().await;
    let store = &service.office.store;
    service.hires("administrator", "administrator", "ir").await;
    logged_in(&service, "administrator").await;
    let ways = [
        Run::new("fa"),
        Run::new("en").dark(),
        Run::new("fa").phone().dark(),
        Run::new("en").phone(),
        Run::new("fa").without_script(),
    ];
    let (mut runs, mut cases) = (Vec::new(), Vec::new());
    for (no, way) in ways.into_iter().enumerate() {
        let name = format!("licence-{}", ["one", "two", "three", "four", "five"][no]);
        store.publish_definition(&name.as_str().into(), 1, &named(&name)).await.unwrap();
        cases.push(opened(&service, "county_officer", &name, crate::store_fixture::COUNTY).await);
        runs.push(way.given(json!({
            "login": "administrator", "password": PASSWORD, "workflow": name, "source": second(&name),
        })));
    }
    let worker = working(store);
    walk("administrator", "administrator", &service.url, &runs).await.is_fine();
    worker.abort();
    for before in cases {
        let now = case(&service, before.id).await;
        assert_eq!((before.version, now.version), (1, 2), "what was seen was done");
    }
    for row in store.definitions().await.unwrap() {
        if row.workflow.as_str().starts_with("licence-") {
            assert_eq!(row.retired_at.is_some(), row.version == 1, "{row:?}");
        }
    }
}

#[tokio::test]
async fn a_keeper_closes_an_office_for_two_days_and_sees_deadlines_move() {
    let service = Service::start().await;
    let store = &service.office.store;
    let keeper = service.hires("keeper", "calendar_keeper", PROVINCE).await;
    // He also works with cases, and so is told of each.
    let grant = Grant { role: "secretariat".into(), unit: PROVINCE.into() };
    store.grant(vec![(keeper, grant)]).await.unwrap();
    logged_in(&service, "keeper").await;
    let ways = [
        Run::new("fa"),
        Run::new("en").dark(),
        Run::new("fa").phone().dark(),
        Run::new("en").phone(),
        Run::new("fa").without_script(),
    ];
    let calendars = store.calendars(&"ir".into()).await.unwrap();
    let (mut runs, mut cases) = (Vec::new(), Vec::new());
    for (no, way) in ways.into_iter().enumerate() {
        // An office of its own for each.
        let unit = ["2301", "2302", "2303", "2304", "2306"][no].to_owned();
        let officer = format!("officer of {unit}");
        service.hires(&officer, "county_officer", &unit).await;
        let case = opened(&service, &officer, "ngo-establishment", &unit).await;
        let last = calendars.national().local_date(deadline(&case));
        let after: NaiveDate = last.succ_opt().unwrap();
        runs.push(way.given(json!({
            "login": "keeper", "password": PASSWORD, "unit": unit, "days": [last, after],
        })));
        cases.push((unit, case));
    }
    let worker = working(store);
    walk("keeper", "keeper", &service.url, &runs).await.is_fine();
    worker.abort();
    for (unit, before) in cases {
        let now = case(&service, before.id).await;
        assert!(deadline(&now) > deadline(&before), "what was seen was done");
        let all =
            ClosuresQuery { unit: Some(unit.as_str().into()), all: true, ..Default::default() };
        let closures = store.closures(&"ir".into(), &all).await.unwrap();
        let in_force: Vec<bool> = closures.iter().map(|row| row.is_in_force()).collect();
        assert_eq!(in_force, [true, false], "one of both days was taken back");
    }
}

/// The deadline of the first step.
fn deadline(case: &Case) -> parvaneh_core::Instant {
    let clock = case.tasks[0].clock.as_ref().expect("the first step has a term");
    clock.deadline.expect("it runs")
}

#[tokio::test]
async fn a_text_is_published_only_when_it_is_sound_and_new() {
    let service = Service::start().await;
    service.hires("administrator", "administrator", "ir").await;
    let mut admin = Browser::of(&service, "administrator").await;
    let address = "/admin/publish/workflow";
    let empty = admin.send(address, &[("source", "  ")]).await;
    assert_eq!(empty.status, 422, "{}", empty.html);
    let moon = FIRST.replace("calendar: ir\n", "calendar: moon\n");
    let moon = admin.send(address, &[("source", &moon), ("then", "publish")]).await;
    assert_eq!(moon.status, 422, "{}", moon.html);
    assert!(moon.html.contains("moon"), "{}", moon.html);
    // The published one, as a browser sends it: with its own ends of lines.
    let same = FIRST.replace('\n', "\r\n");
    let same = admin.send(address, &[("source", &same), ("then", "look")]).await;
    assert_eq!(same.status, 200);
    assert!(!same.html.contains("value=\"publish\""), "there is nothing to publish");
    let other = FIRST.replacen("  term: 60 d\n", "  term: 70 d\n", 1);
    let taken = admin.send(address, &[("source", &other), ("then", "look")]).await;
    assert!(!taken.html.contains("value=\"publish\""), "that version is taken");
    assert_eq!(
        admin.send(address, &[("source", &other), ("then", "publish")]).await.status,
        409,
        "also for who asks without the button"
    );
}

#[tokio::test]
async fn a_calendar_that_would_change_what_is_past_is_not_published() {
    let service = Service::start().await;
    service.hires("administrator", "administrator", "ir").await;
    let mut admin = Browser::of(&service, "administrator").await;
    let address = "/admin/publish/calendar";
    let broken = admin.send(address, &[("source", "calendar: ir\n"), ("then", "look")]).await;
    assert_eq!(broken.status, 422, "{}", broken.html);
    assert!(broken.html.contains("class=\"faults\""), "{}", broken.html);
    let file = crate::store_fixture::CALENDAR;
    let closed = |date: &str| {
        let row = format!(
            "closures:\n  - {{ name: {{ fa: تعطیل, en: Closed }}, date: {date}, certainty: assumption }}\n"
        );
        let changed = file.replacen("closures: []\n", &row, 1);
        assert_ne!(changed, file);
        changed
    };
    let past = closed("2023-05-02");
    let past = admin.send(address, &[("source", &past), ("then", "publish")]).await;
    assert_eq!(past.status, 409, "{}", past.html);
    let later = closed("2024-10-05");
    let look = admin.send(address, &[("source", &later), ("then", "look")]).await;
    assert!(look.html.contains("value=\"publish\"") && look.html.contains("closures"));
    let done = admin.send(address, &[("source", &later), ("then", "publish")]).await;
    assert_eq!(done.status, 303, "{}", done.html);
    assert_eq!(admin.get(done.header("location")).await.status, 200);
}

#[tokio::test]
async fn who_keeps_no_calendar_sees_the_year_and_closes_nothing() {
    let service = Service::start().await;
    service.hires("keeper", "calendar_keeper", PROVINCE).await;
    let mut officer = Browser::of(&service, "county_officer").await;
    let page = officer.get("/admin/calendars/ir?year=1403").await;
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(page.html.contains("نوروز") && !page.html.contains("type=\"checkbox\""));
    let day = [("unit", PROVINCE), ("day", "2024-10-05"), ("reason", "snow"), ("then", "close")];
    let address = "/admin/calendars/ir/closures";
    assert_eq!(officer.send(address, &day).await.status, 403);
    let mut keeper = Browser::of(&service, "keeper").await;
    let elsewhere =
        [("unit", "0801"), ("day", "2024-10-05"), ("reason", "snow"), ("then", "close")];
    assert_eq!(keeper.send(address, &elsewhere).await.status, 403);
    assert_eq!(keeper.send(address, &day).await.status, 303);
    let other = [("unit", PROVINCE), ("day", "2024-10-05"), ("reason", "heat"), ("then", "look")];
    let before = keeper.send(address, &other).await;
    assert_eq!(before.status, 409, "{}", before.html);
    assert!(before.html.contains("value=\"heat\""), "what was typed stays");
    for wrong in ["year=3000", "year=-1", "unit=nowhere"] {
        let page = keeper.get(&format!("/admin/calendars/ir?{wrong}")).await;
        assert!((400..500).contains(&page.status), "{wrong}: {}", page.status);
    }
    assert_eq!(keeper.get("/admin/calendars/moon").await.status, 404);
}
