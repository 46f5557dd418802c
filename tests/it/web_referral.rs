//! Referring a case: for action with how soon it is wanted, and for information, of which nothing is asked.

use parvaneh_core::{Fact, event::Urgency};
use serde_json::json;

use crate::{
    store_fixture::{applicant, holder},
    web_fixture::Service,
    web_pages::Browser,
};

#[tokio::test]
async fn a_referral_for_action_says_how_soon_it_is_wanted() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let mut head = Browser::of(&service, "county_head").await;
    let form = head.get(&format!("/cases/{case}/do/assign.1?lang=fa")).await;
    for part in ["جهت اقدام", "value=\"urgent\"", "فوری", "value=\"immediate\"", "آنی", "عادی"]
    {
        assert!(form.html.contains(part), "{part} is missing: {}", form.html);
    }
    let officer = holder("county_officer");
    let to = officer.to_string();
    let refer =
        [("person", to.as_str()), ("reason", "تا ظهر"), ("urgency", "immediate"), ("then", "do")];
    let done = head.send(&format!("/cases/{case}/do/assign.1"), &refer).await;
    assert!([200, 303].contains(&done.status), "{}", done.html);
    let timeline = service.office.store.timeline(case).await.unwrap();
    let last = &timeline.entries.last().unwrap().event.fact;
    let (reason, urgency) = (Some("تا ظهر".to_owned()), Some(Urgency::Immediate));
    assert_eq!(*last, Fact::Assigned { task: 1, to: officer, reason, urgency });
    let page = head.get(&format!("/cases/{case}")).await;
    assert!(page.html.contains("class=\"urgency\"") && page.html.contains("آنی"), "{}", page.html);
    let told = head.get(&format!("/cases/{case}/timeline")).await;
    for part in ["فوریت: آنی", "پاراف: تا ظهر"] {
        assert!(told.html.contains(part), "{part} is missing: {}", told.html);
    }
    // The same by the API: another urgency, and what is none.
    let token = service.token_of("county_head").await;
    let path = format!("/cases/{case}");
    assert_eq!(service.get(&path, &token).await.body["tasks"][0]["urgency"], "immediate");
    let holder_of = format!("{path}/tasks/1/holder");
    let refer = |urgency: &str| json!({ "person": officer.0, "urgency": urgency });
    let wrong = service.ask(reqwest::Method::PUT, &holder_of, &token, Some(&refer("now"))).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let right = service.ask(reqwest::Method::PUT, &holder_of, &token, Some(&refer("urgent"))).await;
    assert_eq!(right.status, 200, "{right:?}");
    assert_eq!(service.get(&path, &token).await.body["tasks"][0]["urgency"], "urgent");
    // What is put back is in the ordinary course again.
    let back = format!("/cases/{case}/do/release.1");
    assert!(
        [200, 303].contains(&head.send(&back, &[("reason", "-"), ("then", "do")]).await.status)
    );
    assert!(service.get(&path, &token).await.body["tasks"][0]["urgency"].is_null());
}

#[tokio::test]
async fn who_is_sent_a_case_for_information_is_told_and_has_nothing_to_do() {
    let service = Service::start().await;
    let store = &service.office.store;
    let case = service.office.opened().await.id;
    let mut officer = Browser::of(&service, "county_officer").await;
    let address = format!("/cases/{case}/do/inform");
    let form = officer.get(&format!("{address}?lang=fa")).await;
    let head = holder("county_head").to_string();
    assert!(form.html.contains("جهت اطلاع") && form.html.contains(&head), "{}", form.html);
    assert!(!form.html.contains(&holder("agency.police").to_string()), "{}", form.html);
    let sent = [
        ("person", head.as_str()),
        ("reason", "برای نشست فردا"),
        ("urgency", "urgent"),
        ("then", "do"),
    ];
    let before = store.case(case).await.unwrap();
    let done = officer.send(&address, &sent).await;
    assert!([200, 303].contains(&done.status), "{}", done.html);
    let after = store.case(case).await.unwrap();
    assert_eq!(after.tasks, before.tasks, "nobody has anything to do by it");
    store.deliver_outbox(100).await.unwrap();
    let token = service.token_of("county_head").await;
    let notices = service.get("/notices?unread=true", &token).await;
    assert_eq!(notices.body["items"][0]["kind"], "information", "{notices:?}");
    let mut reader = Browser::of(&service, "county_head").await;
    assert!(reader.get("/notices?lang=fa").await.html.contains("جهت اطلاع"));
    let told = reader.get(&format!("/cases/{case}/timeline")).await;
    assert!(told.html.contains("پاراف: برای نشست فردا"), "{}", told.html);
    // The applicant sees nothing of it.
    let token = service.token(applicant(), "applicant", &parvaneh_store::Scope::ALL).await;
    let seen = service.get(&format!("/cases/{case}/timeline"), &token).await;
    assert!(!seen.body.to_string().contains("informed"), "{seen:?}");
    // Nobody is told who could not look.
    let token = service.token_of("county_officer").await;
    let to = |person: uuid::Uuid| json!({ "person": person });
    for stranger in [holder("agency.police"), holder("county_officer"), applicant()] {
        let refused =
            service.post(&format!("/cases/{case}/information"), &token, &to(stranger.0)).await;
        assert_eq!((refused.status, refused.code()), (422, "assignee_not_eligible"), "{refused:?}");
    }
    let told = service
        .post(&format!("/cases/{case}/information"), &token, &to(holder("county_head").0))
        .await;
    assert_eq!(told.status, 200, "{told:?}");
}
