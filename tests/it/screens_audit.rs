//! The auditor's desk: what it shows, to whom, and that it changes nothing.

use std::time::Duration;

use chrono::TimeDelta;
use parvaneh_core::CaseId;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::{
    browser::{Run, walk},
    store_fixture::{
        COUNTY, PROVINCE, act, applicant, comment, holder, new_case, open_request, start,
    },
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_links::asked_police,
    web_pages::{Browser, Page},
};

async fn auditor<'s>(service: &'s Service, name: &str, unit: &str) -> Browser<'s> {
    service.hires(name, "auditor", unit).await;
    Browser::of(service, name).await
}

fn has(page: &Page, text: &str) {
    assert!(page.html.contains(text), "'{text}' is not in {}", page.html);
}

fn lacks(page: &Page, text: &str) {
    assert!(!page.html.contains(text), "'{text}' is in {}", page.html);
}

#[tokio::test]
async fn an_auditor_searches_where_he_is_one_and_nowhere_else() {
    let service = Service::start().await;
    let office = &service.office;
    let case = office.opened().await.id;
    office.advance(TimeDelta::days(1)).await;
    office.does("county_officer", case, comment("سیل در راه است")).await.unwrap();
    office.does("county_officer", case, act("accept")).await.unwrap();
    let mut browser = auditor(&service, "auditor", PROVINCE).await;

    let page = browser.get("/audit").await;
    assert_eq!(page.status, 200);
    let link = format!("/audit/cases/{case}#event-");
    let all = office.store.case(case).await.unwrap().seq as usize;
    assert!(all > 2);
    assert_eq!(page.html.matches(&link).count(), all, "{}", page.html);
    let (accepted, opened) = (page.html.find("#event-3"), page.html.find("#event-1"));
    assert!(accepted < opened, "the latest first");
    // The day is 1403/02/02, in either calendar and any digits.
    for (query, count) in [
        ("kind=commented", 1),
        ("kind=extended", 0),
        ("person=county_officer", all - 1),
        ("since=1403/02/02", all - 1),
        ("since=%DB%B1%DB%B4%DB%B0%DB%B3/02/02&until=2024-04-21", all - 1),
        ("until=1403-02-01", 1),
        ("unit=2301&workflow=ngo-establishment", all),
        ("unit=08", 0),
        ("reason=%D8%B3%D9%8A%D9%84", 1),
    ] {
        let page = browser.get(&format!("/audit?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.html.matches(&link).count(), count, "{query}: {}", page.html);
    }
    let code = case.0.simple().to_string()[20..].to_uppercase();
    let page = browser.get(&format!("/audit?code={code}")).await;
    assert_eq!(page.html.matches(&link).count(), all);
    // What is wrong stands beside its input, and what was typed stays.
    for (query, fault) in [
        ("since=yesterday", "since-fault"),
        ("until=1403/13/01", "until-fault"),
        ("since=1403/02/05&until=1403/02/01", "until-fault"),
        ("person=nobody+at+all", "person-fault"),
        ("code=FFFF-FFFF-FFFF", "code-fault"),
    ] {
        let page = browser.get(&format!("/audit?{query}")).await;
        assert_eq!(page.status, 422, "{query}");
        has(&page, &format!("id=\"{fault}\""));
        assert_eq!(page.html.matches(&link).count(), 0);
    }
    has(&browser.get("/audit?since=yesterday").await, "value=\"yesterday\"");

    // Several of one name: he says which.
    service.hires("sara of the county", "county_officer", COUNTY).await;
    service.hires("sara of the province", "secretariat", PROVINCE).await;
    let page = browser.get("/audit?person=sara").await;
    let named = page.html.matches("<li><a href=\"/audit?person=").count();
    assert_eq!((page.status, named), (200, 2), "{}", page.html);

    // Another province's auditor finds nothing of it, and no story.
    let mut other = auditor(&service, "other auditor", "08").await;
    lacks(&other.get("/audit").await, &case.to_string());
    assert_eq!(other.get(&format!("/audit/cases/{case}")).await.status, 404);
    assert_eq!(other.get(&format!("/audit?code={code}")).await.status, 422);
    // What he sees by another role he does not audit.
    service.hires("other auditor", "county_officer", COUNTY).await;
    assert_eq!(other.get(&format!("/cases/{case}")).await.status, 200);
    assert_eq!(other.get(&format!("/audit/cases/{case}")).await.status, 404);
    lacks(&other.get("/audit").await, &case.to_string());
}

#[tokio::test]
async fn the_whole_story_shows_each_hash_and_whether_the_chain_holds() {
    let service = Service::start().await;
    let office = &service.office;
    let case = office.opened().await.id;
    office.does("county_officer", case, comment("noted")).await.unwrap();
    office.does("county_officer", case, act("accept")).await.unwrap();
    let mut browser = auditor(&service, "auditor", PROVINCE).await;
    let address = format!("/audit/cases/{case}");
    let page = browser.get(&address).await;
    let timeline = office.store.timeline(case).await.unwrap();
    for entry in &timeline.entries {
        let hash: String = entry.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        has(&page, &hash);
        has(&page, &format!("id=\"event-{}\"", entry.event.seq));
    }
    has(&page, "زنجیره درست است");
    has(&page, "وضع کنونی پرونده همان است");
    has(&page, "مهلت قانونی: پیش از آن در جریان نبود");
    lacks(&page, "class=\"broken\"");
    let older = browser.get(&format!("{address}?before=3")).await;
    lacks(&older, "id=\"event-3\"");
    has(&older, "id=\"event-2\"");

    // Somebody with the rights of a superuser changes what was remarked.
    let mut admin = office.as_admin().await;
    let change = format!(
        "set session_replication_role = replica;
         update case_events set body = replace(body::text, 'noted', 'Noted')::json
         where case_id = '{case}' and seq = 2"
    );
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut admin).await.unwrap();
    let page = browser.get(&address).await;
    has(&page, "زنجیره از رویداد ۲ درست نیست");
    assert_eq!(page.html.matches("class=\"broken\"").count(), 1, "the others fit: {}", page.html);
    // And somebody the state, and no event.
    let change = format!(
        "update case_events set body = replace(body::text, 'Noted', 'noted')::json
         where case_id = '{case}' and seq = 2;
         update cases set state = replace(state::text, 'یاری', 'آزار')::json where id = '{case}'"
    );
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut admin).await.unwrap();
    let page = browser.get(&address).await;
    has(&page, "زنجیره درست است");
    has(&page, "با آنچه از رویدادها برمی‌آید یکی نیست");
}

/// Who has looked at what, as the database has it: names of accounts, what, and how often.
async fn looks(service: &Service, case: CaseId) -> Vec<(String, String, i64)> {
    let mut admin = service.office.as_admin().await;
    sqlx::query_as(
        "select replace(p.name, 'The ', ''), l.what, count(*) from looks l join people p on p.id = l.person
         where l.case_id = $1 group by 1, 2 order by 1, 2",
    )
    .bind(case.0)
    .fetch_all(&mut admin)
    .await
    .unwrap()
}

/// How often somebody has looked at that.
async fn count(service: &Service, case: CaseId, who: &str, what: &str) -> i64 {
    let found = looks(service, case).await;
    let of = found.iter().find(|(name, seen, _)| name == who && seen == what);
    of.map_or(0, |(_, _, count)| *count)
}

/// Waits until there are so many looks of that kind.
pub(crate) async fn looked(service: &Service, case: CaseId, who: &str, what: &str, times: i64) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(20);
    while count(service, case, who, what).await < times {
        let found = looks(service, case).await;
        assert!(tokio::time::Instant::now() < patience, "{who} {what} {times}: {found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn whatever_shows_a_case_leaves_a_look() {
    // Every one, however soon after another.
    let service = Service::with(|settings| settings.looks.fold = Duration::ZERO).await;
    let case = service.office.opened().await.id;
    let asked = asked_police(&service, case).await;
    let (_, task) = asked.rsplit_once('/').unwrap();
    let mut officer = Browser::of(&service, "county_officer").await;
    let token = service.token_of("county_officer").await;
    let mut desk = auditor(&service, "auditor", PROVINCE).await;
    let mut own = Browser::of(&service, "an applicant").await;
    let mut body = Browser::of(&service, "agency.police").await;
    // Every page that is shown ...
    let mut addresses: Vec<String> = parvaneh_web::pages()
        .into_iter()
        .filter_map(|page| page.strip_prefix("get ").map(str::to_owned))
        .collect();
    // ... and every operation that reads.
    let document = serde_json::to_value(parvaneh_web::api::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_some() {
            addresses.push(path.clone());
        }
    }
    addresses.retain(|one| one.contains("{case}"));
    assert!(addresses.len() >= 12, "{addresses:?}");
    for address in &addresses {
        let path = address
            .replace("{case}", &case.to_string())
            .replace("{no}", "0")
            .replace("{what}", "comment")
            .replace("{branch}", "police")
            .replace("{document}", "charter")
            .replace("{task}", task);
        assert!(!path.contains('{'), "{address}: say here what stands in its place");
        let who = match address.as_str() {
            of if of.starts_with("/audit") => "auditor",
            of if of.starts_with("/my/") => "applicant",
            of if of.starts_with("/inquiries/") => "agency.police",
            _ => "county_officer",
        };
        let what = known(address);
        let before = count(&service, case, who, what).await;
        // The clock stands still: two looks at the same instant would be one.
        service.office.advance(TimeDelta::seconds(1)).await;
        let status = match address.starts_with("/api/") {
            true => service.get(path.strip_prefix("/api/v1").unwrap(), &token).await.status,
            false if who == "auditor" => desk.get(&path).await.status,
            false if who == "applicant" => own.get(&path).await.status,
            false if who == "agency.police" => body.get(&path).await.status,
            false => officer.get(&path).await.status,
        };
        assert!(!(300..400).contains(&status), "{address}: {who} is led elsewhere");
        if status >= 400 {
            // A document that is not there shows nothing.
            assert!(address.contains("{document}"), "{address}: {who}: {status}");
            continue;
        }
        looked(&service, case, who, what, before + 1).await;
    }
}

/// By what name the record has what an address shows. One that is not here is new.
fn known(address: &str) -> &'static str {
    match address.strip_prefix("/api/v1").unwrap_or(address) {
        "/cases/{case}" | "/my/{case}" => "file",
        "/cases/{case}/inquiries" | "/cases/{case}/inquiries/{branch}/links" => "inquiries",
        "/cases/{case}/documents" => "documents",
        "/cases/{case}/documents/{document}" | "/cases/{case}/documents/{document}/view" => {
            "document"
        }
        "/cases/{case}/timeline" => "timeline",
        "/cases/{case}/workflow" => "workflow",
        "/cases/{case}/clocks/{no}" | "/cases/{case}/clocks/{no}/explanation" => "clock",
        "/cases/{case}/do/{what}" => "doing",
        "/cases/{case}/events" => "following",
        "/audit/cases/{case}" => "whole_story",
        "/inquiries/{case}/{task}" => "inquiry",
        _ => "other",
    }
}

#[tokio::test]
async fn a_look_is_told_once_in_some_minutes_and_to_who_audits_there() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let other = service.office.opened().await.id;
    let mut officer = Browser::of(&service, "county_officer").await;
    for _ in 0..5 {
        assert_eq!(officer.get(&format!("/cases/{case}")).await.status, 200);
    }
    officer.get(&format!("/cases/{other}")).await;
    // Who is shown nothing has seen nothing.
    let mut stranger = auditor(&service, "other auditor", "08").await;
    assert_eq!(stranger.get(&format!("/cases/{case}")).await.status, 404);
    looked(&service, other, "county_officer", "file", 1).await;
    assert_eq!(
        looks(&service, case).await,
        [("county_officer".to_owned(), "file".to_owned(), 1)],
        "five looks within a minute are one"
    );
    let mut desk = auditor(&service, "auditor", PROVINCE).await;
    let code = |case: CaseId| case.0.simple().to_string()[20..].to_uppercase();
    for (query, rows) in [
        (String::new(), 2),
        (format!("code={}", code(case)), 1),
        (format!("code={case}"), 1),
        ("person=county_officer".to_owned(), 2),
        ("since=1403/02/01&until=1403/02/01".to_owned(), 2),
        ("until=1403/01/31".to_owned(), 0),
    ] {
        let page = desk.get(&format!("/audit/looks?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.html.matches("<th scope=\"row\">").count(), rows, "{query}: {}", page.html);
    }
    // His own looking is recorded too, and the auditor of the whole country sees it.
    let mut chief = auditor(&service, "chief auditor", "ir").await;
    let patience = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let page = chief.get("/audit/looks?person=auditor&until=1403/02/01").await;
        // Three are called so: he chooses.
        assert_eq!(page.status, 200);
        let own = holder("auditor");
        let page = chief.get(&format!("/audit/looks?person={own}")).await;
        if page.html.contains("code=") && page.html.contains("جست‌وجوی بازرس در دیدن‌ها")
        {
            break;
        }
        assert!(tokio::time::Instant::now() < patience, "{}", page.html);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = stranger.get("/audit/looks").await;
    assert_eq!(page.html.matches("<th scope=\"row\">").count(), 0, "{}", page.html);
}

#[tokio::test]
async fn what_was_looked_at_last_is_written_before_the_service_ends() {
    let mut service = Service::start().await;
    let case = service.office.opened().await.id;
    let token = service.token_of("county_officer").await;
    assert_eq!(service.get(&format!("/cases/{case}"), &token).await.status, 200);
    service.end();
    service.ended().await;
    let found = looks(&service, case).await;
    assert_eq!(found, [("county_officer".to_owned(), "file".to_owned(), 1)]);
}

#[tokio::test]
async fn nobody_is_shown_a_case_while_looks_cannot_be_recorded_and_none_is_lost() {
    let service = Service::with(|settings| {
        settings.looks.waiting = 2;
        settings.looks.patience = Duration::from_millis(300);
    })
    .await;
    let token = service.token_of("county_officer").await;
    let mut cases = Vec::new();
    for _ in 0..12 {
        cases.push(service.office.opened().await.id);
    }
    let mut admin = service.office.as_admin().await;
    sqlx::raw_sql("alter table looks rename to looks_gone").execute(&mut admin).await.unwrap();
    let (mut shown, mut refused) = (Vec::new(), 0);
    for case in &cases {
        match service.get(&format!("/cases/{case}"), &token).await.status {
            200 => shown.push(*case),
            503 => refused += 1,
            status => panic!("{status}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(refused > 0 && !shown.is_empty(), "{} shown, {refused} refused", shown.len());
    sqlx::raw_sql("alter table looks_gone rename to looks").execute(&mut admin).await.unwrap();
    for case in shown {
        looked(&service, case, "county_officer", "file", 1).await;
    }
}

#[tokio::test]
async fn looks_are_only_appended_and_forgotten_after_months() {
    let service = Service::start().await;
    let office = &service.office;
    let case = office.opened().await.id;
    let look = |days: i64| parvaneh_store::Look {
        person: holder("county_officer"),
        case: Some(case),
        what: "file".to_owned(),
        detail: None,
        at: start() + TimeDelta::days(days),
    };
    // The same batch twice, as after a connection that broke.
    for _ in 0..2 {
        office.store.record_looks(vec![look(0), look(1), look(100)]).await.unwrap();
    }
    let mut engine = office.as_application().await;
    let count: i64 =
        sqlx::query_scalar("select count(*) from looks").fetch_one(&mut engine).await.unwrap();
    assert_eq!(count, 3);
    for (statement, code) in [
        ("update looks set what = 'nothing'", "42501"),
        ("truncate looks", "42501"),
        ("delete from looks", "PV010"),
    ] {
        let error = sqlx::raw_sql(statement).execute(&mut engine).await.unwrap_err();
        let error = error.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(error, code, "{statement}");
    }
    office.advance(TimeDelta::days(101)).await;
    // Whatever is asked, what is younger than 90 days stays.
    assert_eq!(office.store.forget_looks(Duration::ZERO, 1).await.unwrap(), 1);
    assert_eq!(office.store.forget_looks(Duration::ZERO, 10).await.unwrap(), 1);
    assert_eq!(office.store.forget_looks(Duration::ZERO, 10).await.unwrap(), 0);
    assert_eq!(looks(&service, case).await.len(), 1);
}

/// The addresses of forms on a page that are sent by `POST`.
fn forms(html: &str) -> Vec<String> {
    let forms = html.split("<form").skip(1).map(|form| form.split('>').next().unwrap());
    let posts = forms.filter(|form| form.contains("method=\"post\""));
    posts
        .map(|form| form.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_auditor_has_no_button_that_changes_a_case() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    let before = service.office.store.case(case).await.unwrap().seq;
    let mut desk = auditor(&service, "auditor", PROVINCE).await;
    // What surrounds every page: it is his own look and his own session.
    let own = ["/preferences", "/logout", "/sandbox/clock"];
    let mut seen = 0;
    for page in parvaneh_web::pages() {
        let Some(address) = page.strip_prefix("get ") else { continue };
        let is_of_case = address.starts_with("/cases/{case}") || address.starts_with("/audit");
        if !is_of_case || address.contains("{what}") || address.contains("{document}") {
            continue;
        }
        let path = address.replace("{case}", &case.to_string()).replace("{no}", "0");
        assert!(!path.contains('{'), "{address}: say here what stands in its place");
        let page = desk.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        for form in forms(&page.html) {
            assert!(own.contains(&form.as_str()), "{path} has a form to {form}");
        }
        lacks(&page, "/do/");
        seen += 1;
    }
    assert!(seen >= 9, "{seen} pages");
    // An officer's page has what this test looks for.
    let mut officer = Browser::of(&service, "county_officer").await;
    has(&officer.get(&format!("/cases/{case}")).await, "/do/");
    // And what he would send all the same does nothing.
    for what in ["comment", "suspend.0", "act.forward", "claim.2"] {
        let sent = desk.send(&format!("/cases/{case}/do/{what}"), &[("text", "x")]).await;
        assert!(sent.status >= 400, "{what}: {}", sent.status);
    }
    assert_eq!(service.office.store.case(case).await.unwrap().seq, before);
}

/// The rows that a rule finds.
async fn found(browser: &mut Browser<'_>, query: &str) -> usize {
    let page = browser.get(&format!("/audit/patterns?{query}")).await;
    assert_eq!(page.status, 200, "{query}");
    page.html.matches("<th scope=\"row\">").count()
}

#[tokio::test]
async fn each_rule_finds_what_it_says_and_its_numbers_can_be_changed() {
    let service = Service::start().await;
    let office = &service.office;
    let mut desk = auditor(&service, "auditor", PROVINCE).await;
    let claim = |task| parvaneh_core::Command::Claim { task };
    let release = |task| parvaneh_core::Command::Release { task, reason: None };
    // Four times taken and given back.
    let given_back = office.opened().await.id;
    for _ in 0..4 {
        office.does("county_officer", given_back, claim(1)).await.unwrap();
        office.does("county_officer", given_back, release(1)).await.unwrap();
    }
    assert_eq!(found(&mut desk, "rule=given-back").await, 1);
    assert_eq!(found(&mut desk, "rule=given-back&n=5").await, 0);
    assert_eq!(found(&mut desk, "rule=given-back&n=%DB%B4").await, 1);
    assert_eq!(found(&mut desk, "rule=given-back&unit=08").await, 0);
    assert_eq!(found(&mut desk, "rule=given-back&until=1403/01/31").await, 0);

    // Six accepted one after another by the same hand.
    for _ in 0..6 {
        let case = office.opened().await.id;
        office.does("county_officer", case, act("accept")).await.unwrap();
    }
    assert_eq!(found(&mut desk, "rule=series").await, 1, "one series");
    assert_eq!(found(&mut desk, "rule=series&n=7").await, 0);

    // Suspended when there is little left of the statutory time.
    let suspended = office.opened().await.id;
    office.does("county_officer", suspended, act("accept")).await.unwrap();
    let case = office.store.case(suspended).await.unwrap();
    let deadline = case.statutory.unwrap().deadline.unwrap();
    let now = office.store.now().await.unwrap();
    office.advance(deadline - now - TimeDelta::hours(30)).await;
    office.store.tick_due(50).await.unwrap();
    let suspend = parvaneh_core::Command::Suspend { reason: "flood".to_owned(), basis: None };
    let mut done = false;
    for (name, ..) in crate::store_fixture::ROLES {
        done = done || office.does(name, suspended, suspend.clone()).await.is_ok();
    }
    assert!(done, "somebody may suspend it");
    assert_eq!(found(&mut desk, "rule=reprieve").await, 1);
    assert_eq!(found(&mut desk, "").await, 1, "it is the first rule");
    assert_eq!(found(&mut desk, "rule=reprieve&n=1").await, 0);
    let page = desk.get("/audit/patterns?rule=reprieve").await;
    has(&page, &format!("/audit/cases/{suspended}#event-"));

    // What is no number, and no rule.
    for query in ["rule=series&n=0", "rule=series&seconds=x", "since=1390/01/01"] {
        assert_eq!(desk.get(&format!("/audit/patterns?{query}")).await.status, 422, "{query}");
    }
    assert_eq!(desk.get("/audit/patterns?rule=nothing").await.status, 404);
    for rule in ["refused-last", "outside-hours", "returned"] {
        found(&mut desk, &format!("rule={rule}")).await;
    }
    let mut other = auditor(&service, "other auditor", "08").await;
    for rule in ["reprieve", "given-back", "series"] {
        assert_eq!(found(&mut other, &format!("rule={rule}")).await, 0, "{rule}");
    }
}

#[tokio::test]
async fn decisions_at_night_and_refusals_on_the_last_day_are_found() {
    let service = Service::start().await;
    let office = &service.office;
    office.store.publish_definition(&"short".into(), 1, SHORT).await.unwrap();
    let mut desk = auditor(&service, "auditor", PROVINCE).await;
    let open = async |subject: &str| {
        let mut request = open_request(new_case());
        if let parvaneh_store::Ask::Open { workflow, application, .. } = &mut request.ask {
            *workflow = "short".into();
            application.subject = subject.to_owned();
        }
        office.store.execute(request).await.unwrap().case
    };
    // Ten in the morning: in time, and in office hours.
    let granted = open("granted").await;
    office.does("county_officer", granted.id, act("grant")).await.unwrap();
    let refused = open("refused").await;
    let deadline = refused.statutory.unwrap().deadline.unwrap();
    let returned = open("returned").await;
    for _ in 0..3 {
        office.does("county_officer", returned.id, act("return")).await.unwrap();
        office
            .store
            .execute(parvaneh_store::Request::command(applicant(), returned.id, act("complete")))
            .await
            .unwrap();
    }
    assert_eq!(found(&mut desk, "rule=outside-hours").await, 0);
    assert_eq!(found(&mut desk, "rule=returned").await, 1);
    assert_eq!(found(&mut desk, "rule=returned&n=4").await, 0);
    // Three hours before the deadline.
    let now = office.store.now().await.unwrap();
    office.advance(deadline - now - TimeDelta::hours(3)).await;
    office.store.tick_due(50).await.unwrap();
    office.does("county_officer", refused.id, act("refuse")).await.unwrap();
    assert_eq!(found(&mut desk, "rule=refused-last").await, 1);
    // At eleven at night.
    office.advance(TimeDelta::hours(12)).await;
    let night = open("at night").await;
    office.does("county_officer", night.id, act("grant")).await.unwrap();
    let page = desk.get("/audit/patterns?rule=outside-hours").await;
    assert_eq!(page.html.matches("<th scope=\"row\">").count(), 1, "{}", page.html);
    has(&page, "at night");
}

/// A procedure that is decided at once.
const SHORT: &str = "
workflow: short
version: 1
title: { fa: پروانهٔ کوتاه, en: Short licence }
opens_at: county
calendar: ir
statutory: { term: 5 wd, starts: opened, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس شهرستان, en: County officer }, may: [open] }
steps:
  review:
    title: { fa: بررسی, en: Review }
    owner: county_officer
    term: 3 wd
    basis: assumption
    actions:
      grant: { title: { fa: صدور, en: Grant }, to: granted }
      refuse: { title: { fa: رد, en: Refuse }, to: refused }
      return: { title: { fa: برگشت, en: Return }, to: completion }
  completion:
    title: { fa: تکمیل, en: Completion }
    owner: applicant
    term: 10 d
    basis: assumption
    actions:
      complete: { title: { fa: تکمیل شد, en: Completed }, to: review }
ends:
  granted: { title: { fa: صدور پروانه, en: Licence granted }, decision: yes, outcome: granted }
  refused: { title: { fa: رد درخواست, en: Refused }, decision: yes, outcome: refused }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_walks_through_his_desk_in_a_browser() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    service.office.does("county_officer", case, comment("noted")).await.unwrap();
    service.office.does("county_officer", case, act("accept")).await.unwrap();
    let before = service.office.store.case(case).await.unwrap().seq;
    service.hires("auditor", "auditor", PROVINCE).await;
    logged_in(&service, "auditor").await;
    let given = json!({
        "login": "auditor", "password": PASSWORD, "case": case, "person": "county_officer",
    });
    let runs = [
        Run::new("fa").given(given.clone()),
        Run::new("en").dark().given(given.clone()),
        Run::new("fa").phone().dark().given(given.clone()),
        Run::new("en").phone().without_script().given(given),
    ];
    walk("auditor", "auditor", &service.url, &runs).await.is_fine();
    let after = service.office.store.case(case).await.unwrap().seq;
    assert_eq!(after, before, "nothing was changed");
}
