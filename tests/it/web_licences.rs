//! A licence before the public: whether it is in force, to whoever has its number, and nothing else.

use chrono::TimeDelta;
use parvaneh_core::{LicenceNumber, register::RegisteredLicence};
use parvaneh_web::{Limits, Rates};

use crate::{
    licences::{self, decide, opened},
    store_fixture::applicant,
    web_fixture::Service,
    web_pages::Browser,
};

async fn granted(service: &Service) -> RegisteredLicence {
    licences::publish(&service.office).await;
    licences::granted(&service.office).await
}

/// A case about the licence has this end.
async fn becomes(service: &Service, number: &LicenceNumber, end: &str) {
    let store = &service.office.store;
    let case = opened(store, "measure", Some(number)).await;
    decide(store, case, end).await.unwrap();
}

#[tokio::test]
async fn anybody_sees_by_its_number_whether_a_licence_is_in_force_and_nothing_of_its_case() {
    let service = Service::start().await;
    let licence = granted(&service).await;
    let (store, number) = (&service.office.store, licence.number.as_str());
    let name = store.names_of(&[applicant()]).await.unwrap().remove(&applicant()).unwrap();
    let mut browser = Browser::new(&service);
    let page = browser.get(&format!("/check/{number}?lang=en")).await;
    assert_eq!((page.status, page.header("x-robots-tag")), (200, "noindex"), "{}", page.html);
    for told in [number, "in force", name.as_str(), "Licence", "County office of Tehran"] {
        assert!(page.html.contains(told), "it says '{told}': {}", page.html);
    }
    for (day, other) in [("Sat 20 Apr 2024", "1403/02/01"), ("Wed 21 Apr 2027", "1406/02/01")] {
        assert!(page.html.contains(day), "it says '{day}': {}", page.html);
        assert!(page.html.contains(other), "and '{other}' beside it");
    }
    let file = store.licence(&licence.number, licence.valid_from).await.unwrap().unwrap();
    let (case, holder) = (file.row.granted_by.to_string(), licence.holder.to_string());
    for untold in [case.as_str(), &holder, "مهد کودک یاس", "/cases/", "/my/"] {
        assert!(!page.html.contains(untold), "it does not say '{untold}'");
    }
    // Whoever has come in is told the same, with his own bars around it.
    let mut officer = Browser::of(&service, "county_officer").await;
    assert!(officer.get(&format!("/check/{number}")).await.html.contains("class=\"side\""));
}

#[tokio::test]
async fn a_number_is_found_however_it_is_typed_and_none_is_told_kindly() {
    let service = Service::start().await;
    let number = granted(&service).await.number.to_string();
    let mut browser = Browser::new(&service);
    let persian = number.replace("1403", "۱۴۰۳").replace("2301", "۲۳۰۱");
    let arabic = number.replace("1403", "١٤٠٣").replace("2301", "٢٣٠١");
    for typed in [
        number.to_lowercase(),
        number.replace('-', "%20"),
        number.replace('-', "+%E2%80%93+"),
        persian,
        arabic,
        format!("%E2%80%8E{number}+"),
    ] {
        let page = browser.get(&format!("/check?lang=en&number={typed}")).await;
        assert_eq!(page.status, 200, "{typed}: {}", page.html);
        assert!(page.html.contains("in force") && page.html.contains(&number), "{typed}");
    }
    let unknown = format!("{}00000", &number[..number.len() - 5]);
    let long = "1".repeat(3_000);
    for (typed, told) in [
        (unknown.as_str(), "No licence has this number."),
        ("1403", "This is no number of a licence."),
        ("1403-%00-7K3M9-QX2TV", "This is no number of a licence."),
        ("1403-%3Cb%3E-7K3M9-QX2TV", "No licence has this number."),
        ("%F0%9F%99%82", "This is no number of a licence."),
        (long.as_str(), "This is no number of a licence."),
    ] {
        for path in [format!("/check?lang=en&number={typed}"), format!("/check/{typed}?lang=en")] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, 404, "{path}: {}", page.html);
            assert!(page.html.contains(told) && page.html.contains("id=\"number\""), "{path}");
            assert!(!page.html.contains("<b>"), "{path}");
        }
    }
    assert_eq!(browser.get("/check?number=").await.status, 200, "the form");
}

#[tokio::test]
async fn what_became_of_a_licence_is_told_on_the_day() {
    let service = Service::start().await;
    let licence = granted(&service).await;
    let number = &licence.number;
    let mut browser = Browser::new(&service);
    let path = format!("/check/{number}?lang=en");
    let mut says = async |told: &str| {
        let page = browser.get(&path).await;
        assert!(page.html.contains(told), "it says '{told}': {}", page.html);
    };
    becomes(&service, number, "suspended").await;
    says("<span class=\"mark\" aria-hidden=\"true\">‖</span> <strong>suspended</strong>").await;
    becomes(&service, number, "reinstated").await;
    says("<strong>in force</strong></p>").await;
    // It expires while its renewal is decided: it stays in force until then.
    service.office.advance(TimeDelta::days(3 * 365)).await;
    let renewal = opened(&service.office.store, "extend", Some(number)).await;
    service.office.advance(TimeDelta::days(10)).await;
    says("<strong>in force</strong> · its validity has ended").await;
    let withdrawn = parvaneh_core::Command::Withdraw { reason: None };
    let by = parvaneh_store::Request::command(applicant(), renewal, withdrawn);
    service.office.store.execute(by).await.unwrap();
    says("<span class=\"mark\" aria-hidden=\"true\">■</span> <strong>expired</strong>").await;
    becomes(&service, number, "revoked").await;
    says("<strong>revoked</strong>").await;
}

#[tokio::test]
async fn numbers_are_tried_no_oftener_than_an_address_may_ask() {
    let few = Rates { entries: 0, changes: 0, reads: 3 };
    let limits = Limits { address: few, person: Rates::UNLIMITED };
    let service = Service::with(|settings| settings.limits = limits).await;
    let mut browser = Browser::new(&service);
    for _ in 0..3 {
        assert_eq!(browser.get("/check/1403-2301-00000-00000").await.status, 404);
    }
    let refused = browser.get("/check/1403-2301-00000-00000").await;
    assert_eq!(refused.status, 429, "{}", refused.html);
}
