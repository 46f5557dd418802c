//! The administration of people and of what runs by itself: in a real browser, and within whose part of
//! the organisation.

use parvaneh_core::{Grant, PersonId};
use reqwest::Method;
use serde_json::json;

use crate::{
    browser::{Run, walk},
    store_fixture::{COUNTY, PROVINCE, applicant, holder},
    web_fixture::{Service, answered, with_json},
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_looks_after_people_in_a_browser() {
    let service = Service::start().await;
    let mut runs = Vec::new();
    for (no, run) in [
        Run::new("fa"),
        Run::new("en").dark(),
        Run::new("fa").phone().dark(),
        Run::new("en").phone().without_script(),
    ]
    .into_iter()
    .enumerate()
    {
        let login = format!("administrator {no}");
        service.hires(&login, "administrator", "ir").await;
        logged_in(&service, &login).await;
        let given = json!({
            "login": login, "password": PASSWORD, "unit": COUNTY, "role": "county_officer",
            "other": "county_head", "name": format!("سارا احمدی {no}"), "new": format!("sara{no}"),
        });
        runs.push(run.given(given));
    }
    walk("people", "people", &service.url, &runs).await.is_fine();
    let store = &service.office.store;
    for run in &runs {
        let accounts = store.accounts(None, 500).await.unwrap();
        let sara = accounts.into_iter().find(|one| one.login == run.told("new")).unwrap();
        assert!(sara.disabled_at.is_some(), "what was seen was done");
        let grants = store.person(sara.person).await.unwrap().unwrap().grants;
        let roles: Vec<&str> = grants.iter().map(|grant| grant.role.as_str()).collect();
        assert_eq!(roles, ["county_officer"], "one was given and taken away again");
    }
    assert!(store.webhooks().await.unwrap().is_empty(), "each was added and removed");
}

async fn browser_of<'s>(service: &'s Service, name: &str, unit: &str) -> Browser<'s> {
    service.hires(name, "administrator", unit).await;
    Browser::of(service, name).await
}

fn page_of(person: PersonId) -> String {
    format!("/admin/people/{person}")
}

#[tokio::test]
async fn people_are_found_however_their_names_are_written() {
    let service = Service::start().await;
    let store = &service.office.store;
    let people =
        vec![(holder("kaf"), "علی كاظمي".to_owned()), (holder("other"), "Nobody".to_owned())];
    store.save_people(people).await.unwrap();
    let grant = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    store.grant(vec![(holder("kaf"), grant.clone()), (holder("other"), grant)]).await.unwrap();
    store.save_account(holder("kaf"), "kazemi").await.unwrap();
    store.set_disabled(holder("kaf"), true).await.unwrap();
    let mut browser = browser_of(&service, "keeper", PROVINCE).await;
    let is_there = page_of(holder("kaf"));
    for (query, found) in [
        ("text=%DA%A9%D8%A7%D8%B8%D9%85%DB%8C", true),
        ("text=KAZ", true),
        ("text=nobody", false),
        ("state=disabled", true),
        ("state=active", false),
        ("role=county_head", false),
        ("role=county_officer&order=last_login", true),
        ("page=2", false),
        ("page=x&order=login", true),
    ] {
        let listed = browser.get(&format!("/admin/people?{query}")).await;
        assert_eq!(listed.status, 200, "{query}");
        assert_eq!(listed.html.contains(&is_there), found, "{query}: {}", listed.html);
    }
    assert_eq!(browser.get("/admin/people?text=%00").await.status, 400);
    assert_eq!(browser.get("/admin/people?unit=ir").await.status, 403);
    assert_eq!(browser.get("/admin/people?unit=nowhere").await.status, 404);
}

#[tokio::test]
async fn who_works_elsewhere_is_the_business_of_others() {
    let service = Service::start().await;
    let mut browser = browser_of(&service, "keeper", COUNTY).await;
    let elsewhere = service.hires("elsewhere", "secretariat", PROVINCE).await;
    let store = &service.office.store;
    store.save_account(elsewhere, "elsewhere").await.unwrap();
    let page = page_of(elsewhere);
    assert!(!browser.get("/admin/people").await.html.contains(&page));
    assert_eq!(browser.get(&page).await.status, 404);
    for rest in ["/disable", "/password-link", "/second-factor/reset"] {
        assert_eq!(browser.send(&format!("{page}{rest}"), &[]).await.status, 404, "{rest}");
    }
    assert!(store.account(elsewhere).await.unwrap().unwrap().disabled_at.is_none());
    assert_eq!(browser.get(&format!("/admin/units/{PROVINCE}")).await.status, 403);
    let units = browser.get("/admin/units").await.html;
    assert!(units.contains(&format!("/admin/units/{COUNTY}")), "{units}");
    assert!(!units.contains(&format!("/admin/units/{PROVINCE}\"")), "{units}");
    // Nor is a role given there.
    let here = service.hires("here", "county_officer", COUNTY).await;
    let role = [("role", "secretariat"), ("unit", PROVINCE)];
    assert_eq!(browser.send(&format!("{}/roles", page_of(here)), &role).await.status, 403);
}

#[tokio::test]
async fn somebody_gets_an_account_and_another_login() {
    let service = Service::start().await;
    let store = &service.office.store;
    let mut browser = browser_of(&service, "keeper", COUNTY).await;
    let sara = service.hires("sara", "county_officer", COUNTY).await;
    let page = page_of(sara);
    let account = format!("{page}/account");
    let without = browser.get(&page).await.html;
    assert!(!without.contains("/password-link"), "{without}");
    let given = browser.send(&account, &[("login", " sara ")]).await;
    assert_eq!(given.header("location"), format!("{page}?done=login"));
    assert_eq!(store.account(sara).await.unwrap().unwrap().login, "sara");
    assert!(browser.get(&page).await.html.contains("/password-link"));
    for (login, status) in [("Keeper", 409), ("", 422), (&"x".repeat(201), 422)] {
        let refused = browser.send(&account, &[("login", login)]).await;
        assert_eq!(refused.status, status, "{login}");
        assert!(refused.html.contains("id=\"login-fault\""), "{}", refused.html);
    }
    assert_eq!(store.account(sara).await.unwrap().unwrap().login, "sara");
    let token = service.token_of("keeper").await;
    let body = json!({ "login": "s.ahmadi" });
    // Said again, it is no news.
    for _ in 0..2 {
        let path = format!("/people/{sara}/account");
        let request = service.request(Method::PUT, &path).bearer_auth(&token);
        let renamed = answered(with_json(request, &body)).await;
        assert_eq!(renamed.status, 204, "{renamed:?}");
    }
    assert_eq!(store.account(sara).await.unwrap().unwrap().login, "s.ahmadi");
    let events = store.account_events(sara, 10).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["login_given", "login_given"]);
    assert!(
        events.iter().all(|event| event.by.as_ref().is_some_and(|by| by.0 == holder("keeper")))
    );
}

#[tokio::test]
async fn an_applicant_is_looked_after_by_who_administers_everywhere() {
    let service = Service::start().await;
    let store = &service.office.store;
    store.save_account(applicant(), "applicant@home.example").await.unwrap();
    let page = page_of(applicant());
    let mut everywhere = browser_of(&service, "chief keeper", "ir").await;
    let mut here = browser_of(&service, "keeper", PROVINCE).await;
    // Somebody of whom nothing is known but a name is anybody's.
    assert_eq!(here.get(&page).await.status, 200);
    service.office.opened().await;
    for rest in ["/password-link", "/account", "/roles"] {
        let form = [("login", "mine"), ("role", "county_officer"), ("unit", COUNTY)];
        assert_eq!(here.send(&format!("{page}{rest}"), &form).await.status, 404, "{rest}");
    }
    assert_eq!(here.get(&page).await.status, 404);
    assert_eq!(everywhere.get(&page).await.status, 200);
    // Who has lost his last role is gone from the page, and one is led to the list.
    let role = [("role", "county_officer"), ("unit", COUNTY)];
    assert_eq!(everywhere.send(&format!("{page}/roles"), &role).await.status, 303);
    assert_eq!(here.get(&page).await.status, 200);
    let taken = here.send(&format!("{page}/roles/take"), &role).await;
    assert_eq!(taken.header("location"), "/admin/people");
}

#[tokio::test]
async fn a_unit_is_changed_and_added_by_who_looks_after_the_whole() {
    let service = Service::start().await;
    let mut browser = browser_of(&service, "keeper", "ir").await;
    let form = [("title.fa", "شهر نو"), ("title.en", "New town"), ("population", "۱۲٬۳۴۵")];
    let kept = browser.send(&format!("/admin/units/{COUNTY}"), &form).await;
    assert_eq!(kept.status, 303, "{}", kept.html);
    let rows = service.office.store.unit_rows().await.unwrap();
    let row = rows.iter().find(|row| row.unit.id.as_str() == COUNTY).unwrap();
    assert_eq!((row.unit.title.en.as_str(), row.population), ("New town", Some(12_345)));
    let page = browser.get(&format!("/admin/units/{COUNTY}?lang=en")).await.html;
    assert!(page.contains("New town") && page.contains("12,345"), "{page}");
    let mut below = vec![("id", "9999")];
    below.extend(form);
    let path = format!("/admin/units/{PROVINCE}/below");
    assert_eq!(
        browser.send(&path, &below).await.header("location"),
        "/admin/units/9999?done=added"
    );
    let again = browser.send(&path, &below).await;
    assert_eq!(again.status, 422);
    assert!(again.html.contains("id=\"new-id-fault\""), "{}", again.html);
    let empty = browser.send(&format!("/admin/units/{COUNTY}"), &[("title.fa", " ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.html.contains("id=\"title-fa-fault\""), "{}", empty.html);
}
