//! How applicants come in by a code, and what nobody learns or opens by one.

use parvaneh_core::PersonId;
use parvaneh_store::{Channel, EntryMail};

use crate::{
    store_fixture::holder,
    web_fixture::Service,
    web_identity::logged_in,
    web_pages::{Browser, Page},
};

/// A new person without any role who can log in.
pub(crate) async fn somebody(service: &Service, name: &str) -> PersonId {
    let person = holder(name);
    service.office.store.save_people(vec![(person, name.to_owned())]).await.unwrap();
    logged_in(service, name).await;
    person
}

/// The mails with codes that are to be sent, each taken from the outbox as a worker takes it.
pub(crate) async fn codes(service: &Service) -> Vec<EntryMail> {
    let store = &service.office.store;
    let lease = std::time::Duration::from_secs(60);
    let mut mails = Vec::new();
    for claimed in store.claim_mails(50, lease).await.unwrap() {
        if claimed.reason.channel == Channel::Code {
            mails.extend(store.entry_mail(&claimed.reason).await.unwrap());
        }
        store.finish_sending(&claimed, &parvaneh_store::Outcome::Sent).await.unwrap();
    }
    mails
}

async fn asks(browser: &mut Browser<'_>, email: &str) -> Page {
    browser.send("/enter", &[("email", email), ("to", "/my")]).await
}

#[tokio::test]
async fn an_applicant_makes_an_account_by_a_code_and_comes_in_again_by_another() {
    let service = Service::start().await;
    let mut browser = Browser::new(&service);
    let asked = asks(&mut browser, "sara@example.org").await;
    assert_eq!((asked.status, asked.header("location")), (303, "/enter/code?to=/my"));
    let mail = codes(&service).await.pop().expect("a mail");
    assert_eq!((mail.email.as_str(), mail.code.len()), ("sara@example.org", 6));

    // The code alone is worth nothing in another browser, and a wrong one nothing in this.
    let right = [("code", mail.code.as_str()), ("to", "/my")];
    let mut stranger = Browser::new(&service);
    assert_eq!(stranger.send("/enter/code", &right).await.status, 422);
    let wrong = if mail.code == "000000" { "000001" } else { "000000" };
    let refused = browser.send("/enter/code", &[("code", wrong), ("to", "/my")]).await;
    assert_eq!(refused.status, 422);
    let proved = browser.send("/enter/code", &right).await;
    assert_eq!((proved.status, proved.header("location")), (303, "/enter/account?to=/my"));
    assert_eq!(browser.send("/enter/code", &right).await.status, 422, "once");

    let who = |identifier| [("name", "سارا رضایی"), ("identifier", identifier), ("to", "/my")];
    for wrong in ["0010350828", "123", "", "10380284791"] {
        let page = browser.send("/enter/account", &who(wrong)).await;
        assert_eq!(page.status, 422, "{wrong}");
        assert!(page.html.contains("href=\"#identifier\""), "{}", page.html);
    }
    let made = browser.send("/enter/account", &who("۰۰۱۰۳۵۰۸۲۹")).await;
    assert_eq!((made.status, made.header("location")), (303, "/my"), "{made:?}");
    let mine = browser.get("/my").await;
    assert_eq!(mine.status, 200);
    assert!(mine.html.contains("سارا رضایی"), "{}", mine.html);

    // The next time it opens that account; too soon, nothing is sent, and nothing says so.
    let mut other = Browser::new(&service);
    assert_eq!(asks(&mut other, "Sara@Example.org").await.status, 303);
    assert!(codes(&service).await.is_empty());
    let mut admin = service.office.as_admin().await;
    let back = "update entry_codes set asked_at = asked_at - interval '2 minutes'";
    sqlx::query(back).execute(&mut admin).await.unwrap();
    assert_eq!(asks(&mut other, "Sara@Example.org").await.status, 303);
    let mail = codes(&service).await.pop().expect("a mail");
    let entered = other.send("/enter/code", &[("code", &mail.code), ("to", "/my")]).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/my"));
    assert!(other.get("/my").await.html.contains("سارا رضایی"));
}

#[tokio::test]
async fn no_answer_tells_who_has_an_account_and_no_code_opens_an_office() {
    let service = Service::start().await;
    service
        .office
        .store
        .save_account(holder("county_officer"), "officer@example.org")
        .await
        .unwrap();
    let mut browser = Browser::new(&service);
    let officer = asks(&mut browser, "officer@example.org").await;
    let nobody = asks(&mut browser, "nobody@example.org").await;
    assert_eq!(
        (officer.status, officer.header("location")),
        (nobody.status, nobody.header("location"))
    );
    let mails = codes(&service).await;
    let to: Vec<&str> = mails.iter().map(|mail| mail.email.as_str()).collect();
    assert_eq!(to, ["nobody@example.org"], "an office needs more than a code");
    for wrong in ["", "nobody", "a b@example.org"] {
        assert_eq!(asks(&mut browser, wrong).await.status, 422, "{wrong}");
    }
    // Five guesses, then the right one is worth nothing either.
    let code = &mails[0].code;
    for guess in 0..5 {
        let guess = format!("00000{guess}");
        let wrong = if *code == guess { "999999".to_owned() } else { guess };
        assert_eq!(browser.send("/enter/code", &[("code", &wrong)]).await.status, 422);
    }
    let late = browser.send("/enter/code", &[("code", code)]).await;
    assert_eq!(late.status, 422, "{}", late.html);
    assert_eq!(browser.get("/my").await.status, 303, "still out");
}

#[tokio::test]
async fn where_nobody_registers_himself_only_those_who_have_an_account_get_a_code() {
    let service = Service::with(|settings| settings.self_registration = false).await;
    somebody(&service, "known@example.org").await;
    let mut browser = Browser::new(&service);
    for email in ["known@example.org", "unknown@example.org"] {
        assert_eq!(asks(&mut browser, email).await.status, 303);
    }
    let mails = codes(&service).await;
    let to: Vec<&str> = mails.iter().map(|mail| mail.email.as_str()).collect();
    assert_eq!(to, ["known@example.org"]);
}
