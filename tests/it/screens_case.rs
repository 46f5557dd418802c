//! The case page in a real browser: an officer's way from login to done, in both languages, wide and on a
//! phone, by day and by night, with scripts and without.

use parvaneh_core::{CaseId, UnitId, WorkflowId, decide::Open};
use parvaneh_store::Request;
use serde_json::{Value, json};

use crate::{
    browser::{Run, walk},
    store_fixture::{COUNTY, applicant, holder, new_case},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
};

/// A procedure with a form, papers, a clock that is stopped and extended.
pub(crate) const PAPERS: &str = "
workflow: papers
version: 1
title: { fa: پروانه با مدارک, en: Licence with papers }
opens_at: county
calendar: ir
statutory:
  term: 60 d
  starts: opened
  service_norm: 45 d
  basis: assumption
  extension: { times: 1, up_to: 20 d, by: county_officer, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس شهرستان, en: County officer }, may: [open, suspend] }
documents:
  charter: { title: { fa: اساسنامه, en: Charter } }
  record: { title: { fa: گواهی سابقه, en: Record }, verified_by: county_officer, valid_for: 30 d }
forms:
  visit:
    capital: { type: money, title: { fa: سرمایه, en: Capital }, required: true, min: 1000 }
    visited: { type: date, title: { fa: روز بازدید, en: Day of the visit }, max: today }
    scope:
      type: choice
      title: { fa: سطح فعالیت, en: Level of activity }
      choices: { county: { fa: شهرستانی, en: One county }, province: { fa: استانی, en: One province } }
    open_air: { type: yes_no, title: { fa: فضای باز دارد, en: Has open air } }
    remark: { type: text, title: { fa: ملاحظات, en: Remarks } }
steps:
  review:
    title: { fa: بررسی, en: Review }
    owner: county_officer
    term: 5 d
    basis: assumption
    form: visit
    documents: { charter: required, record: optional }
    actions:
      grant: { title: { fa: صدور, en: Grant }, to: granted }
ends:
  granted: { title: { fa: صدور پروانه, en: Licence granted }, decision: yes, outcome: granted }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

/// Opens a case and says what the officer's journey needs to know.
pub(crate) async fn given(service: &Service, workflow: &str, no: usize) -> Value {
    let case: CaseId = new_case();
    let application = Open {
        case,
        unit: UnitId::from(COUNTY),
        applicant: applicant(),
        subject: format!("انجمن یاری کودکان {no}"),
        received_at: None,
        reason: None,
        about: None,
        given: parvaneh_core::Given::default(),
    };
    let request = Request::open(holder("county_officer"), WorkflowId::from(workflow), application);
    service.office.store.execute(request).await.unwrap();
    json!({ "login": "county_officer", "password": PASSWORD, "case": case })
}

/// The ways in which the journeys are seen.
fn ways() -> [Run; 5] {
    [
        Run::new("fa"),
        Run::new("en").dark(),
        Run::new("fa").phone().dark(),
        Run::new("en").phone(),
        Run::new("fa").without_script(),
    ]
}

async fn runs(service: &Service, workflow: &str) -> Vec<Run> {
    logged_in(service, "county_officer").await;
    let mut runs = Vec::new();
    for (no, way) in ways().into_iter().enumerate() {
        runs.push(way.given(given(service, workflow, no).await));
    }
    runs
}

#[tokio::test]
async fn an_officer_takes_a_case_from_login_to_done() {
    let service = Service::start().await;
    let runs = runs(&service, "ngo-establishment").await;
    walk("officer", "officer", &service.url, &runs).await.is_fine();
    for run in &runs {
        let case = run.told("case").parse().unwrap();
        let case = service.office.store.case(case).await.unwrap();
        assert_eq!(case.place.name().as_str(), "secretariat_check", "what was seen was done");
    }
}

#[tokio::test]
async fn papers_forms_and_clocks_are_handled_on_the_page_of_a_case() {
    let service = Service::start().await;
    let store = &service.office.store;
    store.publish_definition(&"papers".into(), 1, PAPERS).await.unwrap();
    let runs = runs(&service, "papers").await;
    walk("papers", "papers", &service.url, &runs).await.is_fine();
    for run in &runs {
        let case = store.case(run.told("case").parse().unwrap()).await.unwrap();
        assert_eq!(case.place.name().as_str(), "granted", "what was seen was done");
        assert_eq!(case.data.len(), 3);
        assert_eq!(case.documents.len(), 2);
        assert_eq!(case.statutory.unwrap().ledger.extensions, [5]);
    }
}
