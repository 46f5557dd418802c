//! What applicants do, in a real browser: from what a licence needs to an appeal, an account by a code, and where a file is.

use parvaneh_core::{CaseId, Command, Given, Open, PersonId, UnitId, WorkflowId};
use parvaneh_store::Request;
use serde_json::json;

use crate::{
    browser::{Run, walk},
    licences,
    store_fixture::{COUNTY, act, holder, new_case},
    web_applicant::codes,
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

/// A procedure of every kind of question, with papers, a way back to the applicant, and an appeal.
pub(crate) const KIOSK: &str = "
workflow: kiosk
version: 1
title: { fa: پروانه دکه, en: Kiosk licence }
basis: Kiosk Act, art. 1
opens_at: county
calendar: ir
statutory:
  term: 20 wd
  starts: opened
  service_norm: 10 wd
  basis: Kiosk Act, art. 2
  extension: { times: 1, up_to: 5 wd, by: county_officer, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس شهرستان, en: County officer }, may: [open, release_silence, read] }
documents:
  plan: { title: { fa: نقشه محل, en: Plan of the place }, types: [pdf, png], max_mb: 2, copies: 2 }
  record: { title: { fa: گواهی سابقه, en: Record }, verified_by: county_officer, valid_for: 90 d }
forms:
  application:
    kind:
      type: choice
      title: { fa: نوع متقاضی, en: Kind of applicant }
      required: yes
      choices: { person: { fa: شخص حقیقی, en: Natural person }, company: { fa: شرکت, en: Company } }
    owner_id: { type: national_id, title: { fa: کد ملی, en: National id }, required_if: { kind: person } }
    company_id: { type: legal_id, title: { fa: شناسه ملی شرکت, en: Company id }, required_if: { kind: company } }
    phone: { type: phone, title: { fa: تلفن همراه, en: Telephone }, required: yes }
    area: { type: number, title: { fa: مساحت (متر مربع), en: Area in square metres }, required: yes, min: 2, max: 40 }
    remark: { type: text, title: { fa: توضیح, en: Remark } }
application: application
steps:
  review:
    title: { fa: بررسی درخواست, en: Review }
    owner: county_officer
    term: 5 wd
    basis: assumption
    actions:
      grant: { title: { fa: صدور پروانه, en: Grant }, to: granted, documents: { plan: required, record: optional } }
      return: { title: { fa: اعلام نقص, en: Return for correction }, to: correction, needs: [reason] }
      refuse: { title: { fa: رد درخواست, en: Refuse }, to: appeal_window, needs: [reason, citation] }
  correction:
    title: { fa: رفع نقص, en: Correction }
    owner: applicant
    statutory_clock: suspended
    term: 10 d
    basis: assumption
    form: application
    documents: { plan: optional }
    silence: { to: lapsed, grace: 2 wd, basis: assumption }
    actions:
      resubmit: { title: { fa: ارسال دوباره, en: Send again }, to: review }
  appeal_window:
    title: { fa: مهلت اعتراض, en: Time to appeal }
    owner: applicant
    statutory_clock: suspended
    term: 10 d
    basis: assumption
    silence: { to: refused, grace: 2 wd, basis: assumption }
    actions:
      appeal: { title: { fa: ثبت اعتراض, en: Appeal }, to: hearing, needs: [reason] }
      accept: { title: { fa: پذیرش رأی, en: Accept the refusal }, to: refused }
  hearing:
    title: { fa: رسیدگی به اعتراض, en: Hearing }
    owner: county_officer
    statutory_clock: suspended
    term: 10 d
    basis: assumption
    actions:
      uphold: { title: { fa: پذیرش اعتراض, en: Uphold }, to: review }
      dismiss: { title: { fa: رد اعتراض, en: Dismiss }, to: refused, needs: [reason] }
ends:
  granted:
    title: { fa: صدور پروانه, en: Licence granted }
    decision: yes
    outcome: granted
    licence: { kind: kiosk, valid: 24 mo, basis: assumption }
  refused: { title: { fa: رد درخواست, en: Refused }, decision: yes, outcome: refused }
  lapsed: { title: { fa: عدم مراجعه, en: Lapsed }, decision: no, outcome: lapsed }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

/// A procedure that only the authority begins.
const WATCH: &str = "
workflow: watch
version: 1
title: { fa: نظارت, en: Supervision }
opens_at: county
initiative: authority
calendar: ir
statutory: { term: 20 wd, starts: opened, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس شهرستان, en: County officer }, may: [open] }
steps:
  visit:
    title: { fa: بازدید, en: Visit }
    owner: county_officer
    term: 5 wd
    basis: assumption
    actions:
      fine: { title: { fa: بی‌ایراد, en: Fine }, to: fine }
ends:
  fine: { title: { fa: بی‌ایراد, en: Fine }, decision: yes, outcome: settled }
";

/// A service with that procedure.
pub(crate) async fn with_kiosk(service: &Service) {
    let store = &service.office.store;
    store.publish_definition(&"kiosk".into(), 1, KIOSK).await.unwrap();
    store.publish_definition(&"watch".into(), 1, WATCH).await.unwrap();
}

/// What an application for a kiosk says.
pub(crate) fn kiosk_application(case: CaseId, applicant: PersonId, subject: &str) -> Open {
    Open {
        case,
        unit: UnitId::from(COUNTY),
        applicant,
        subject: subject.to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: Given::default()
            .with("kind", "person")
            .with("owner_id", "0010350829")
            .with("phone", "09121234567")
            .with("area", "12"),
    }
}

#[tokio::test]
async fn anybody_reads_what_a_licence_needs_and_how_long_it_takes() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let mut browser = Browser::new(&service);
    let list = browser.get("/licences?lang=en").await;
    assert_eq!(list.status, 200);
    assert!(list.html.contains("href=\"/licences/kiosk\""), "{}", list.html);
    assert!(list.html.contains("href=\"/licences/ngo-establishment\""), "{}", list.html);
    assert!(!list.html.contains("Supervision"), "only what an applicant begins: {}", list.html);
    for unknown in ["/licences/watch", "/licences/nothing"] {
        assert_eq!(browser.get(unknown).await.status, 404, "{unknown}");
    }
    let page = browser.get("/licences/kiosk?lang=en").await;
    for told in [
        "Kiosk Act, art. 1",
        "Area in square metres",
        "at least 2",
        "required if Kind of applicant is “Company”",
        "2 copies",
        "up to 2 MB",
        "taken as: pdf, png",
        "good for 90 days",
        "20 working days",
        "10 working days",
        "Time to appeal",
        "valid for 24 months",
        "If you do nothing: “Lapsed”.",
    ] {
        assert!(page.html.contains(told), "it says '{told}': {}", page.html);
    }
    assert!(!page.html.contains("assumption"), "what nobody has published is no law");
    // Whoever has come in sees it with his own bars around it.
    let mut officer = Browser::of(&service, "county_officer").await;
    assert!(officer.get("/licences/kiosk").await.html.contains("class=\"side\""));
}

#[tokio::test]
async fn what_it_took_others_is_told_only_of_so_many_that_it_is_told_of_nobody() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let store = &service.office.store;
    let decide = async |count: usize| {
        for _ in 0..count {
            let case = new_case();
            let by = holder("county_officer");
            let application = kiosk_application(case, holder("an applicant"), "A kiosk");
            let request = Request::open(by, WorkflowId::from("kiosk"), application);
            store.execute(request).await.unwrap();
            service.office.advance(chrono::TimeDelta::days(3)).await;
            let refuse = Command::Act {
                action: "refuse".into(),
                reason: Some("no room".to_owned()),
                citation: Some("4".to_owned()),
                given: Given::default(),
            };
            store.execute(Request::command(by, case, refuse)).await.unwrap();
            let applicant = holder("an applicant");
            store.execute(Request::command(applicant, case, act("accept"))).await.unwrap();
        }
    };
    decide(19).await;
    assert!(store.experiences().await.unwrap().is_empty());
    decide(1).await;
    // What was read serves for an hour.
    service.office.advance(chrono::TimeDelta::hours(2)).await;
    let told = store.experiences().await.unwrap()[&WorkflowId::from("kiosk")];
    assert_eq!((told.decided, told.median_days), (20, 3));
    assert_eq!(told.tally.rate(), Some(1.0));
    let page = Browser::new(&service).get("/licences/kiosk?lang=en").await;
    assert!(page.html.contains("Half of the decisions came within 3 days."), "{}", page.html);
    assert!(page.html.contains("100% came in time."), "{}", page.html);
}

#[tokio::test]
async fn what_is_public_is_read_in_a_browser() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    licences::publish(&service.office).await;
    let granted = format!("/check/{}", licences::granted(&service.office).await.number);
    let pages = [
        ("/licences", "licences", 200),
        ("/licences/kiosk", "kiosk", 200),
        ("/licences/ngo-establishment", "ngo", 200),
        ("/check", "check", 200),
        ("/check?number=1403", "no number", 404),
        (granted.as_str(), "checked", 200),
    ];
    let pages: Vec<_> = pages
        .iter()
        .map(|(path, name, status)| json!({ "path": path, "name": name, "status": status }))
        .collect();
    let runs = [
        Run::new("fa"),
        Run::new("en").dark(),
        Run::new("fa").phone().dark(),
        Run::new("en").phone(),
    ];
    let runs = runs.map(|run| run.given(json!(pages)));
    walk("licences", "pages", &service.url, &runs).await.is_fine();
}

/// A new person without any role who can log in.
pub(crate) async fn somebody(service: &Service, name: &str) -> PersonId {
    let person = holder(name);
    service.office.store.save_people(vec![(person, name.to_owned())]).await.unwrap();
    logged_in(service, name).await;
    person
}

#[tokio::test]
async fn an_applicant_goes_from_what_is_needed_to_an_appeal() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    logged_in(&service, "county_officer").await;
    let ways =
        [Run::new("fa"), Run::new("en").phone().dark(), Run::new("fa").phone().without_script()];
    let mut runs = Vec::new();
    for (no, way) in ways.into_iter().enumerate() {
        let login = format!("applicant {no}");
        somebody(&service, &login).await;
        let given = json!({ "login": login, "officer": "county_officer", "password": PASSWORD });
        runs.push(way.given(given));
    }
    walk("applicant", "applicant", &service.url, &runs).await.is_fine();
    for run in &runs {
        let query = parvaneh_store::CasesQuery {
            applicant: Some(holder(&run.told("login"))),
            ..parvaneh_store::CasesQuery::default()
        };
        let cases = service.office.store.cases(&query).await.unwrap();
        let [case] = &cases[..] else { panic!("one application each: {cases:?}") };
        let case = service.office.store.case(case.case).await.unwrap();
        assert_eq!(case.place.name().as_str(), "withdrawn", "what was seen was done");
        assert_eq!(case.data.len(), 4, "{:?}", case.data);
        assert_eq!(case.documents.len(), 2);
        assert_eq!(case.documents["plan"].copies, 2);
        assert!(service.office.store.drafts_of(case.applicant).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn somebody_makes_an_account_and_looks_where_a_file_is() {
    let service = Service::start().await;
    with_kiosk(&service).await;
    let post = tempfile::tempdir().unwrap();
    let ways = [Run::new("fa"), Run::new("en").phone().dark(), Run::new("en").without_script()];
    let mut runs = Vec::new();
    for (no, way) in ways.into_iter().enumerate() {
        let case = new_case();
        let application = kiosk_application(case, holder("an applicant"), "A kiosk");
        let officer = holder("county_officer");
        let request = Request::open(officer, WorkflowId::from("kiosk"), application);
        service.office.store.execute(request).await.unwrap();
        let id = case.to_string();
        runs.push(way.given(json!({
            "email": format!("applicant{no}@example.org"), "folder": post.path(),
            "code": id[id.len() - 12..], "proof": "0829",
        })));
    }
    let carry = async {
        loop {
            for mail in codes(&service).await {
                tokio::fs::write(post.path().join(&mail.email), &mail.code).await.unwrap();
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        report = walk("entry", "entry", &service.url, &runs) => report.is_fine(),
        () = carry => {}
    }
}
