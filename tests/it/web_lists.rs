//! Lists through the API: licences, orders, pages and counts that tell nobody of what he does not see.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use parvaneh_store::{Ask, Scope};
use serde_json::{Value, json};

use crate::{
    licences::{self, granted, opened},
    store_fixture::{COUNTY, PROVINCE, applicant, holder, new_case, open_request},
    web_fixture::{Answer, Service},
    web_pages::Browser,
};

fn told(answer: &Answer, field: &str) -> Vec<String> {
    let items = answer.body["items"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    items.iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

/// Every page of a list, one row at a time.
async fn pages(service: &Service, path: &str, field: &str, token: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = String::new();
    loop {
        let page = service.get(&format!("{path}&limit=1{next}"), token).await;
        let rows = told(&page, field);
        assert!(rows.len() <= 1, "{page:?}");
        all.extend(rows);
        match page.body["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_licence_is_seen_by_its_holder_and_where_it_was_granted() {
    let service = Service::start().await;
    licences::publish(&service.office).await;
    let licence = granted(&service.office).await;
    let other = granted(&service.office).await;
    let renewal = opened(&service.office.store, "extend", Some(&licence.number)).await;
    let mine = service.token(applicant(), "applicant", &Scope::ALL).await;
    let officer = service.token_of("county_officer").await;
    let away = service.hires("elsewhere", "county_officer", "2302").await;
    let away = service.token(away, "elsewhere", &Scope::ALL).await;
    for token in [&mine, &officer] {
        let list = service.get("/licences?count=true", token).await;
        let numbers: BTreeSet<_> = told(&list, "number").into_iter().collect();
        assert_eq!(numbers, BTreeSet::from([licence.number.to_string(), other.number.to_string()]));
        assert_eq!(list.body["count"], "2", "{list:?}");
        let file = service.get(&format!("/licences/{}", licence.number), token).await;
        assert_eq!(file.body["licence"]["standing"], "in_force", "{file:?}");
        assert_eq!(file.body["changes"][0]["effect"], "granted");
        assert!(file.body["changes"][0]["case"].is_string());
        assert_eq!(file.body["cases"][0]["case"], renewal.to_string());
    }
    let list = service.get("/licences?count=true", &away).await;
    assert_eq!((&list.body["items"], &list.body["count"]), (&json!([]), &json!("0")), "{list:?}");
    let hidden = service.get(&format!("/licences/{}", licence.number), &away).await;
    let missing = service.get("/licences/1403-2301-AAAA-AAAA", &away).await;
    let wrong = service.get("/licences/nothing", &away).await;
    for answer in [&hidden, &missing, &wrong] {
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{answer:?}");
    }
    assert_eq!(pages(&service, "/licences?kind=activity", "number", &officer).await.len(), 2);
    for (filter, count) in [
        (format!("unit={PROVINCE}&standing=in_force"), 2),
        ("standing=expired".to_owned(), 0),
        (format!("holder={}", applicant()), 2),
        (format!("holder={}", holder("nobody")), 0),
        ("expires_from=1450/01/01".to_owned(), 0),
        ("expires_until=1450/01/01".to_owned(), 2),
        ("kind=other".to_owned(), 0),
    ] {
        let list = service.get(&format!("/licences?{filter}"), &officer).await;
        assert_eq!(told(&list, "number").len(), count, "{filter}: {list:?}");
    }
    for wrong in ["standing=good", "expires_from=1403/13/01", "after=x", "kind=%00", "limit=201"] {
        let answer = service.get(&format!("/licences?{wrong}"), &officer).await;
        assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"), "{wrong}");
    }
}

#[tokio::test]
async fn cases_come_in_each_order_page_by_page_and_are_counted_as_far_as_they_are_seen() {
    let service = Service::start().await;
    let officer = service.token_of("county_officer").await;
    let mut cases = Vec::new();
    for days in [0, 2, 2] {
        service.office.advance(TimeDelta::days(days)).await;
        cases.push(service.office.opened().await.id);
    }
    // The middle one stands still: it has no deadline.
    let suspend = parvaneh_core::Command::Suspend { reason: "r".to_owned(), basis: None };
    service.office.does("provincial_director", cases[1], suspend).await.unwrap();
    // Another county's case is neither listed nor counted.
    let mut elsewhere = open_request(new_case());
    if let Ask::Open { application, .. } = &mut elsewhere.ask {
        application.unit = "2302".into();
    }
    service.office.store.execute(elsewhere).await.unwrap();
    let name = |place: usize| cases[place].to_string();
    for (order, expected) in [("latest", [2, 1, 0]), ("oldest", [0, 1, 2]), ("deadline", [0, 2, 1])]
    {
        let path = format!("/cases?order={order}");
        let expected = expected.map(name).to_vec();
        assert_eq!(told(&service.get(&path, &officer).await, "id"), expected, "{order}");
        assert_eq!(pages(&service, &path, "id", &officer).await, expected, "{order} by pages");
    }
    let counted = |filter: &'static str, token: String| {
        let service = &service;
        async move {
            let path = format!("/cases?count=true&limit=1{filter}");
            service.get(&path, &token).await.body["count"].clone()
        }
    };
    assert_eq!(counted("", officer.clone()).await, "3");
    assert_eq!(counted("&unit=2302", officer.clone()).await, "0");
    assert_eq!(counted("&unit=ir", officer.clone()).await, "3");
    assert_eq!(counted("&ended=true", officer.clone()).await, "0");
    assert_eq!(counted("&text=%D9%86%D8%A8%D9%88%D8%AF", officer.clone()).await, "0");
    let mine = service.token(applicant(), "applicant", &Scope::ALL).await;
    assert_eq!(counted("", mine).await, "4");
    let plain = service.get("/cases", &officer).await;
    assert_eq!(plain.body.get("count"), None, "nobody has asked for it");
    let wrong = service.get("/cases?order=latest&after=x", &officer).await;
    assert_eq!((wrong.status, wrong.code()), (400, "parameter_invalid"));
}

#[tokio::test]
async fn people_come_in_pages_and_are_counted() {
    let service = Service::start().await;
    let person = service.hires("administrator", "administrator", COUNTY).await;
    let token = service.token(person, "administrator", &Scope::ALL).await;
    let path = format!("/people?unit={COUNTY}&count=true");
    let all = service.get(&path, &token).await;
    let names = told(&all, "name");
    assert_eq!(all.body["count"], names.len().to_string(), "{all:?}");
    assert!(names.len() > 3, "{names:?}");
    assert_eq!(pages(&service, &path, "name", &token).await, names);
}

#[tokio::test]
async fn figures_tell_what_was_done_and_rank_without_betraying_a_case() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let act = crate::store_fixture::act("accept");
    service.office.does("county_officer", case, act).await.unwrap();
    let manager = service.hires("manager", "manager", PROVINCE).await;
    let manager = service.token(manager, "manager", &Scope::ALL).await;
    let work = format!("/figures/workload?period=1403&by=owner&unit={PROVINCE}");
    let work = service.get(&work, &manager).await;
    assert_eq!(work.body["rows"][0]["owner"], "county_officer", "{work:?}");
    assert_eq!(
        (&work.body["rows"][0]["closed"], &work.body["rows"][0]["unit"]),
        (&json!(1), &json!(COUNTY))
    );

    let withdraw = parvaneh_core::Command::Withdraw { reason: None };
    let request = parvaneh_store::Request::command(applicant(), case, withdraw);
    service.office.store.execute(request).await.unwrap();
    let rank = format!("/figures/ranking?workflow=ngo-establishment&field=capital&unit={PROVINCE}");
    let ranking = service.get(&rank, &manager).await;
    assert_eq!(ranking.status, 200, "{ranking:?}");
    let known =
        ranking.body["ranked"].as_u64().unwrap() + ranking.body["unscored"].as_u64().unwrap();
    assert_eq!(known, 1, "{ranking:?}");
    for row in ranking.body["rows"].as_array().unwrap() {
        assert_eq!((&row["case"], &row["subject"]), (&Value::Null, &Value::Null), "{row}");
    }
    for (change, status) in [
        ("&field=subject", 400),
        ("&only=capital", 400),
        ("&only=nothing=1", 400),
        ("&period=1403/13", 400),
    ] {
        let path = match change.strip_prefix("&field=") {
            Some(field) => rank.replace("field=capital", &format!("field={field}")),
            None => format!("{rank}{change}"),
        };
        let answer = service.get(&path, &manager).await;
        assert_eq!((answer.status, answer.code()), (status, "parameter_invalid"), "{path}");
    }
    let unknown = service.get(&rank.replace("ngo-establishment", "nothing"), &manager).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_search_that_takes_too_long_says_how_to_narrow_it() {
    let service = Service::start().await;
    service.hires("director", "manager", PROVINCE).await;
    let token = service.token_of("director").await;
    service.office.store.execute(open_request(new_case())).await.unwrap();
    let found = service.get("/cases?text=nothing", &token).await;
    assert_eq!(found.status, 200, "{found:?}");
    // As if there were very many cases.
    sqlx::raw_sql(
        "create or replace function folded(text) returns text language plpgsql volatile as
         $$ begin perform pg_sleep(6); return $1; end $$",
    )
    .execute(&mut service.office.as_admin().await)
    .await
    .unwrap();
    let given_up = service.get("/cases?text=nothing&count=true", &token).await;
    assert_eq!((given_up.code(), given_up.body["status"].as_u64()), ("search_too_wide", Some(422)));
    let mut browser = Browser::of(&service, "director").await;
    for (lang, said) in
        [("fa", "کد رهگیری را کامل بنویسید"), ("en", "write the whole tracking code")]
    {
        let page = browser.get(&format!("/cases?text=nothing&lang={lang}")).await;
        assert_eq!(page.status, 422);
        assert!(page.html.contains(said), "{}", page.html);
        assert!(!page.html.contains("class=\"nothing\""), "{}", page.html);
    }
    // The way out, and what asks for no words, are as ever.
    assert_eq!(browser.get("/cases?lang=en").await.status, 200);
}
