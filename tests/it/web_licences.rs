//! A licence before the public: whether it is in force, to whoever has its number, and nothing else.

use chrono::TimeDelta;
use parvaneh_core::{LicenceNumber, register::RegisteredLicence};
use parvaneh_store::Scope;
use parvaneh_web::{Limits, Rates};

use crate::{
    exports_pdf::Seen,
    licences::{self, decide, opened},
    screens_audit::looked,
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

/// The paper of a licence, in Persian or in English.
async fn paper(service: &Service, token: &str, number: &LicenceNumber, query: &str) -> Vec<u8> {
    let path = format!("/licences/{number}/paper{query}");
    let get = service.request(reqwest::Method::GET, &path).bearer_auth(token);
    let answer = get.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    let name = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(name.starts_with("attachment; filename=\"licence-1403"), "{name}");
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_licence_on_paper_reads_as_it_should_and_leads_to_where_it_is_checked() {
    let service = Service::start().await;
    let number = granted(&service).await.number;
    let holder = service.token(applicant(), "applicant", &Scope::ALL).await;
    let officer = service.token_of("county_officer").await;
    let check = format!("{}/check/{number}", service.url);
    let persian = Seen::of(&paper(&service, &holder, &number, "").await).await;
    let [page] = &persian.pages[..] else { panic!("a page of its own") };
    assert_eq!(page.codes, std::slice::from_ref(&check));
    assert_eq!(persian.meta["Title"], format!("پروانه {number}"));
    assert!(persian.reads_ltr(number.as_str()) && persian.reads_ltr("۱۴۰۶/۰۲/۰۱"), "{page:?}");
    for told in ["مهد کودک یاس", "دارنده", "ادارهٔ شهرستان تهران", "معتبر تا", "نه این کاغذ"]
    {
        assert!(persian.reads_rtl(0, told), "it says '{told}': {page:?}");
    }
    let english = Seen::of(&paper(&service, &officer, &number, "?english=true").await).await;
    assert_eq!(english.pages[0].codes, [check]);
    let decided = "Date of the decision: Sat 20 Apr 2024 (Sat 1403/02/01)";
    for told in ["Holder: The applicant", decided, "Valid until: Wed 21 Apr 2027", "in force"] {
        assert!(english.reads_ltr(told), "it says '{told}': {:?}", english.pages[0]);
    }
    // What became of it since.
    becomes(&service, &number, "suspended").await;
    let later = Seen::of(&paper(&service, &holder, &number, "?english=true").await).await;
    assert!(later.reads_ltr("State on Sat 20 Apr 2024: suspended"), "{:?}", later.pages[0]);
}

#[tokio::test]
async fn the_paper_of_a_licence_is_for_who_sees_the_licence() {
    let service = Service::start().await;
    let number = granted(&service).await.number;
    let away = service.hires("elsewhere", "county_officer", "2302").await;
    let away = service.token(away, "elsewhere", &Scope::ALL).await;
    let officer = service.token_of("county_officer").await;
    let unknown = "/licences/1403-2301-00000-00000/paper";
    for (path, token) in [
        (format!("/licences/{number}/paper"), &away),
        (unknown.to_owned(), &officer),
        ("/licences/nothing/paper".to_owned(), &officer),
    ] {
        let answer = service.get(&path, token).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
    // It is offered where it is seen: to its holder, and on the page of its case.
    let file = service.office.store.licence(&number, chrono::NaiveDate::MIN).await;
    let case = file.unwrap().unwrap().row.granted_by;
    let persian = format!("href=\"/api/v1/licences/{number}/paper\"");
    let english = format!("href=\"/api/v1/licences/{number}/paper?english=true\"");
    let mut his = Browser::of(&service, "an applicant").await;
    let mut office = Browser::of(&service, "county_officer").await;
    let (mine, own) = (his.get("/my").await, his.get(&format!("/my/{case}")).await);
    let inside = office.get(&format!("/cases/{case}")).await;
    for page in [&mine, &own, &inside] {
        assert!(page.html.contains(&persian) && page.html.contains(&english), "{}", page.html);
    }
    assert!(inside.html.contains(&format!("href=\"/check/{number}\"")), "{}", inside.html);
    // Whoever fetches it has looked at the case that granted it.
    assert_eq!(office.get(&format!("/api/v1/licences/{number}/paper")).await.status, 200);
    looked(&service, case, "county_officer", "licence", 1).await;
    let file = his.get(&format!("/api/v1/licences/{number}/paper")).await;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"));
    // What this program cannot make is not offered.
    let service = Service::with(|settings| settings.licences = None).await;
    let number = granted(&service).await.number;
    let officer = service.token_of("county_officer").await;
    let told = service.get(&format!("/licences/{number}/paper"), &officer).await;
    assert_eq!((told.status, told.code()), (422, "format_not_made"), "{told:?}");
    let mine = Browser::of(&service, "an applicant").await.get("/my").await;
    assert!(mine.html.contains(number.as_str()) && !mine.html.contains("/paper"));
}
