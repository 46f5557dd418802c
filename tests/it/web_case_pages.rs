//! The page of a case beyond what a browser's journey shows: what an applicant is not told, a form that is sent
//! twice, and one that somebody else was quicker than.

use parvaneh_core::decide::Command;

use crate::{
    store_fixture::{act, applicant, comment, holder},
    web_fixture::Service,
    web_pages::Browser,
};

/// What stands in the hidden input of that name.
fn hidden(html: &str, name: &str) -> String {
    let at = html.split_once(&format!("name=\"{name}\" value=\"")).expect("a hidden input").1;
    at.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_applicant_is_told_on_pages_what_the_api_tells_him_and_no_more() {
    let service = Service::start().await;
    let office = &service.office;
    let case = office.opened().await.id;
    office.does("county_officer", case, Command::Claim { task: 1 }).await.unwrap();
    office.does("county_officer", case, comment("Not for his ears")).await.unwrap();
    office.does("county_officer", case, act("accept")).await.unwrap();
    let mut his = Browser::of(&service, "an applicant").await;
    let mut theirs = Browser::of(&service, "county_head").await;
    let told = |html: &str| {
        [
            html.contains("The county_officer"),
            html.contains("Not for his ears"),
            html.contains("/inquiries"),
        ]
    };
    for (page, inside) in [
        ("", [false, false, true]),
        ("/timeline", [true, true, true]),
        ("/documents", [false, false, true]),
        ("/workflow", [false, false, true]),
        ("/clocks/0", [false, false, true]),
    ] {
        let path = format!("/cases/{case}{page}");
        let (his, theirs) = (his.get(&path).await, theirs.get(&path).await);
        assert_eq!((his.status, theirs.status), (200, 200), "{page}");
        assert_eq!(told(&his.html), [false; 3], "{page}");
        assert_eq!(told(&theirs.html), inside, "{page}");
    }
    assert_eq!(his.get(&format!("/cases/{case}/inquiries")).await.status, 404);
    // What he can do is his own: to withdraw.
    let page = his.get(&format!("/cases/{case}")).await.html;
    assert!(page.contains("/do/withdraw") && !page.contains("/do/act."), "{page}");
    // Who has nothing to do with it does not know of it.
    office.store.save_people(vec![(holder("somebody"), "Somebody".to_owned())]).await.unwrap();
    let mut other = Browser::of(&service, "somebody").await;
    assert_eq!(other.get(&format!("/cases/{case}")).await.status, 404);
    assert_eq!(other.get(&format!("/cases/{case}/do/comment")).await.status, 404);
    assert_eq!(
        other.send(&format!("/cases/{case}/do/comment"), &[("then", "do")]).await.status,
        404
    );
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_done_once() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let mut browser = Browser::of(&service, "county_officer").await;
    let path = format!("/cases/{case}/do/comment");
    let html = browser.get(&path).await.html;
    let (key, seq) = (hidden(&html, "key"), hidden(&html, "seq"));
    let form = [("key", &*key), ("seq", &*seq), ("text", "Once"), ("then", "do")];
    // Looking at it does nothing.
    let looked = browser
        .send(&path, &[("key", &*key), ("seq", &*seq), ("text", "Once"), ("then", "look")])
        .await;
    assert_eq!(looked.status, 200);
    assert_eq!(service.office.store.case(case).await.unwrap().seq, 1);
    for _ in 0..2 {
        let done = browser.send(&path, &form).await;
        assert_eq!(
            (done.status, done.header("location")),
            (303, &*format!("/cases/{case}?done=2"))
        );
    }
    assert_eq!(service.office.store.case(case).await.unwrap().seq, 2);
}

#[tokio::test]
async fn when_somebody_was_quicker_nothing_is_done_and_it_is_said() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let mut browser = Browser::of(&service, "county_officer").await;
    let path = format!("/cases/{case}/do/act.accept");
    let html = browser.get(&path).await.html;
    service.office.does("county_head", case, comment("Wait")).await.unwrap();
    let (key, seq) = (hidden(&html, "key"), hidden(&html, "seq"));
    let late = browser.send(&path, &[("key", &*key), ("seq", &*seq), ("then", "do")]).await;
    assert_eq!(late.status, 412);
    let at = service.office.store.case(case).await.unwrap();
    assert_eq!((at.place.name().as_str(), at.seq), ("reception", 2));
    assert!(late.html.contains("چیزی انجام نشد"), "{}", late.html);
    // The form is there again, on the case as it is now.
    let (key, seq) = (hidden(&late.html, "key"), hidden(&late.html, "seq"));
    assert_eq!(seq, "2");
    let done = browser.send(&path, &[("key", &*key), ("seq", &*seq), ("then", "do")]).await;
    assert_eq!(done.status, 303, "{}", done.html);
    // By another's hand it has moved on: what was possible says why it is not.
    let gone = browser.get(&path).await;
    assert_eq!(gone.status, 409);
    let withdrawn = Command::Withdraw { reason: None };
    service
        .office
        .store
        .execute(parvaneh_store::Request::command(applicant(), case, withdrawn))
        .await
        .unwrap();
    assert_eq!(browser.get(&format!("/cases/{case}")).await.status, 200);
}

#[tokio::test]
async fn a_head_refers_a_task_with_a_note() {
    let service = Service::start().await;
    let case = service.office.opened().await.id;
    let above = service.hires("somebody of the province", "county_officer", "23").await;
    let elsewhere = service.hires("somebody elsewhere", "county_officer", "2302").await;
    let mut browser = Browser::of(&service, "county_head").await;
    let path = format!("/cases/{case}/do/assign.1");
    let html = browser.get(&path).await.html;
    // Who can be chosen holds the role at the unit of the task, or above it.
    for (person, can) in [(holder("county_officer"), true), (above, true), (elsewhere, false)] {
        assert_eq!(html.contains(&format!("value=\"{person}\"")), can, "{person} {html}");
    }
    let (key, seq) = (hidden(&html, "key"), hidden(&html, "seq"));
    let nobody = browser.send(&path, &[("key", &*key), ("seq", &*seq), ("then", "do")]).await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.html.contains("id=\"person-fault\""), "{}", nobody.html);
    let to = holder("county_officer").to_string();
    let form = [
        ("key", &*key),
        ("seq", &*seq),
        ("then", "do"),
        ("person", &*to),
        ("reason", "Before Thursday, please"),
    ];
    assert_eq!(browser.send(&path, &form).await.status, 303);
    let at = service.office.store.case(case).await.unwrap();
    assert_eq!(at.tasks[0].assignee, Some(holder("county_officer")));
    let story = browser.get(&format!("/cases/{case}/timeline")).await.html;
    assert!(story.contains("Before Thursday, please"), "{story}");
}
