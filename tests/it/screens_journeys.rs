//! Whole ways through the pages, over the desks of everybody who has a part in them, in a real browser.

use chrono::TimeDelta;
use parvaneh_core::{Open, UnitId, register::Reference};
use parvaneh_store::{CasesQuery, LicencesQuery, Request};
use serde_json::json;

use crate::{
    browser::{Run, walk},
    screens_applicant::somebody,
    store_fixture::{COUNTY, PROVINCE, ROLES, holder, new_case, start, workflow},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
};

const NGO: &str = include_str!("../../workflows/ngo-establishment/v2.yaml");
const DELAY: &str = include_str!("../../workflows/delay-complaint/v1.yaml");

/// A sandbox whose clock everybody moves, where everybody of the office can log in.
async fn service() -> Service {
    let service = Service::with(|settings| settings.everybody_moves_clock = true).await;
    for (name, ..) in ROLES {
        logged_in(&service, name).await;
    }
    service
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_becomes_a_licence_on_the_pages_of_everybody() {
    let ways = [Run::new("fa"), Run::new("en"), Run::new("fa").phone()];
    for (no, run) in ways.into_iter().enumerate() {
        // Each in a service of its own: the day of the sitting comes for everybody at once.
        let service = service().await;
        let store = &service.office.store;
        store.publish_definition(&"ngo-establishment".into(), 2, NGO).await.unwrap();
        let applicant = somebody(&service, "sara").await;
        let run = run.given(json!({
            "applicant": "sara", "password": PASSWORD, "day": "1403/02/06",
        }));
        let report = walk(&format!("licence-{no}"), "licence", &service.url, &[run]).await;
        report.is_fine();
        let query = CasesQuery { applicant: Some(applicant), ..CasesQuery::default() };
        let cases = store.cases(&query).await.unwrap();
        let [row] = &cases[..] else { panic!("one application: {cases:?}") };
        let case = store.case(row.case).await.unwrap();
        assert_eq!(case.place.name().as_str(), "granted", "what was seen was done");
        assert_eq!(case.documents.len(), 5);
        let query = LicencesQuery { holder: Some(applicant), limit: 9, ..LicencesQuery::default() };
        let licences = store.licences(&query, start().date_naive()).await.unwrap();
        assert_eq!(licences.len(), 1);
        assert_eq!(licences[0].granted_by, row.case);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complaint_of_delay_is_decided_on_the_pages_of_everybody() {
    let service = service().await;
    let store = &service.office.store;
    store.publish_definition(&"delay-complaint".into(), 1, DELAY).await.unwrap();
    for role in ["complaints_officer", "unit_in_delay"] {
        service.hires(role, role, PROVINCE).await;
        logged_in(&service, role).await;
    }
    let mut runs = Vec::new();
    for (no, way) in
        [Run::new("fa"), Run::new("en"), Run::new("fa").phone()].into_iter().enumerate()
    {
        let login = format!("applicant {no}");
        let (applicant, case) = (somebody(&service, &login).await, new_case());
        let application = Open {
            case,
            unit: UnitId::from(COUNTY),
            applicant,
            subject: "انجمن یاری کودکان".to_owned(),
            received_at: None,
            reason: None,
            about: None,
            given: parvaneh_core::Given::default(),
        };
        let request = Request::open(holder("county_officer"), workflow(), application);
        store.execute(request).await.unwrap();
        let code = case.to_string();
        let code = code[code.len() - 12..].to_uppercase();
        runs.push(way.given(json!({
            "applicant": login, "password": PASSWORD, "case": case,
            "code": format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..]),
        })));
    }
    // Of the 60 days none is left, and nothing follows yet from the silence.
    service.office.advance(TimeDelta::days(61)).await;
    walk("delay", "delay", &service.url, &runs).await.is_fine();
    for run in &runs {
        let query =
            CasesQuery { applicant: Some(holder(&run.told("applicant"))), ..CasesQuery::default() };
        let cases = store.cases(&query).await.unwrap();
        let about = cases.iter().find(|row| row.workflow.as_str() == "delay-complaint").unwrap();
        let complaint = store.case(about.case).await.unwrap();
        assert_eq!(complaint.place.name().as_str(), "ordered", "what was seen was done");
        let late = run.told("case").parse().unwrap();
        assert_eq!(complaint.about.unwrap().reference(), Reference::Case(late));
    }
}
