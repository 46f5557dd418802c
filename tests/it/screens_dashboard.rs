//! The dashboard: every number opens the cases behind it, who sees figures and no cases gets no list, and a
//! manager's way through it in a real browser.

use chrono::TimeDelta;
use serde_json::json;

use crate::{
    browser::{Run, walk},
    store_fixture::PROVINCE,
    store_read::busy_office,
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

/// An office with cases at every stage, the manager who answers for its province, and an administrator, who
/// sees figures and no cases.
async fn managed() -> Service {
    let (office, _) = busy_office(13, 60).await;
    // Then nobody works for a while: some deadlines pass, and some cases are decided by silence.
    for _ in 0..10 {
        office.advance(TimeDelta::days(9)).await;
        while office.store.tick_due(100).await.unwrap().claimed > 0 {}
    }
    let service = Service::over(office, |_| {}).await;
    service.hires("director", "manager", PROVINCE).await;
    service.hires("overseer", "auditor", "ir").await;
    service.hires("figures", "administrator", PROVINCE).await;
    service
}

/// The year in which the office has worked.
const YEAR: &str = "1403";

/// Every link to a list of cases on a page, with the number that stands in it.
fn numbers(html: &str) -> Vec<(String, u64)> {
    let links = html.split("<a href=\"/cases?").skip(1);
    links
        .map(|rest| {
            let (address, rest) = rest.split_once("\">").unwrap();
            let number = rest.split('<').next().unwrap().replace(',', "");
            let number = number.parse().unwrap_or_else(|_| panic!("«{number}» at {address}"));
            let address = address.replace("&amp;", "&").replace("&#38;", "&");
            (format!("/cases?{address}"), number)
        })
        .collect()
}

/// How many cases a list says that there are.
fn count(html: &str) -> u64 {
    let told = html.split("class=\"count\"").nth(1).and_then(|rest| rest.split('>').nth(1));
    let told = told.unwrap_or_else(|| panic!("no count: {html}"));
    let digits: String = told.chars().take_while(|letter| *letter != ' ').collect();
    digits.replace(',', "").parse().unwrap_or_else(|_| panic!("«{told}»"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_opens_as_many_cases() {
    let service = managed().await;
    for (name, pages) in [
        ("director", ["/dashboard?lang=en&year=1403", "/dashboard/work?lang=en&year=1403"]),
        ("overseer", ["/dashboard?lang=en&year=1403", "/dashboard/work?lang=en&year=1403"]),
        ("overseer", ["/dashboard?lang=en&year=1403&month=3", "/dashboard?lang=en&unit=2301"]),
    ] {
        let mut browser = Browser::of(&service, name).await;
        let mut looked = 0;
        for page in pages {
            let shown = browser.get(page).await;
            assert_eq!(shown.status, 200, "{page}: {}", shown.html);
            for (address, number) in numbers(&shown.html) {
                let list = browser.get(&format!("{address}&lang=en")).await;
                assert_eq!(list.status, 200, "{address}");
                assert_eq!(count(&list.html), number, "{name}: {page} leads to {address}");
                looked += 1;
            }
        }
        assert!(looked > 20, "{name} was led to {looked} lists only");
    }
}

#[tokio::test]
async fn every_table_can_be_kept_as_a_file() {
    let service = managed().await;
    let mut browser = Browser::of(&service, "director").await;
    let mut counted = Vec::new();
    for (page, tables) in [("/dashboard", 5), ("/dashboard/work", 4)] {
        let shown = browser.get(&format!("{page}?lang=en&year={YEAR}")).await;
        let links = shown.html.split("href=\"/dashboard/table?").skip(1);
        let links: Vec<String> = links
            .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&"))
            .collect();
        assert_eq!(links.len(), 2 * tables, "{page}: {links:?}");
        for link in links {
            assert!(link.contains(&format!("year={YEAR}")), "{link}: of the same year");
            let file = browser.get(&format!("/dashboard/table?{link}&lang=en")).await;
            assert_eq!(file.status, 200, "{link}");
            assert!(file.header("content-disposition").starts_with("attachment;"), "{link}");
            if link.contains("format=xlsx") {
                assert!(file.html.starts_with("PK"), "{link}: a ZIP archive");
                continue;
            }
            let lines: Vec<&str> = file.html.trim_start_matches('\u{feff}').lines().collect();
            let head: Vec<&str> = lines[0].split(',').collect();
            assert!(head.len() > 1 && lines.len() > 1, "{link}: {lines:?}");
            if let Some(column) = head.iter().position(|name| *name == "Counted")
                && page == "/dashboard"
            {
                let of = |line: &&str| line.split(',').nth(column).unwrap().parse::<u64>().unwrap();
                counted.push(lines[1..].iter().map(of).sum::<u64>());
            }
        }
    }
    // Months, places and workflows are three ways to divide the same cases.
    assert!(counted.len() == 3 && counted[0] > 0, "{counted:?}");
    assert!(counted.iter().all(|sum| *sum == counted[0]), "{counted:?}");
}

#[tokio::test]
async fn who_sees_figures_and_no_cases_gets_no_list() {
    let service = managed().await;
    let mut browser = Browser::of(&service, "figures").await;
    for page in ["/dashboard", "/dashboard/work"] {
        let shown = browser.get(&format!("{page}?lang=en&year={YEAR}")).await;
        assert_eq!(shown.status, 200);
        assert!(shown.html.contains("You see the figures of this unit"), "{}", shown.html);
        assert!(!shown.html.contains("href=\"/cases?"), "{}", shown.html);
        let other = browser.get(&format!("{page}?unit=08")).await;
        assert_eq!(other.status, 403, "another province");
        assert_eq!(browser.get(&format!("{page}?unit=ir")).await.status, 403, "the nation");
        assert_eq!(browser.get(&format!("{page}?unit=none")).await.status, 404);
        for wrong in ["year=x", "year=0", "month=13", "month=x"] {
            assert_eq!(browser.get(&format!("{page}?{wrong}")).await.status, 400, "{wrong}");
        }
    }
    let list = browser.get("/cases?lang=en").await;
    assert!(list.html.contains("There is no case for you to see."), "{}", list.html);
    assert!(!browser.get("/").await.html.contains("href=\"/cases\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_goes_from_the_login_to_the_cases_behind_a_number() {
    let service = managed().await;
    let mut runs = Vec::new();
    for (login, run) in [
        ("director", Run::new("fa")),
        ("overseer", Run::new("en").dark()),
        ("overseer", Run::new("fa").phone()),
        ("director", Run::new("en").without_script()),
    ] {
        logged_in(&service, login).await;
        let given = json!({
            "login": login, "password": PASSWORD, "year": YEAR, "nation": login == "overseer",
        });
        runs.push(run.given(given));
    }
    walk("dashboard", "dashboard", &service.url, &runs).await.is_fine();
}
