//! Sittings of commissions on their pages: planned and cancelled by the secretariat, seen by members, and by nobody
//! else.

use parvaneh_core::sitting::SittingState;
use parvaneh_store::SittingsQuery;
use serde_json::json;

use crate::{
    browser::{Run, walk},
    sittings::HEARING,
    store_fixture::{COUNTY, PROVINCE},
    web_fixture::Service,
    web_identity::{PASSWORD, logged_in},
    web_pages::Browser,
};

async fn service() -> Service {
    let service = Service::start().await;
    service.office.store.publish_definition(&"hearing".into(), 1, HEARING).await.unwrap();
    service
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secretary_plans_a_sitting_and_cancels_it_in_a_browser() {
    let service = service().await;
    let mut runs = Vec::new();
    let ways =
        [Run::new("fa"), Run::new("en").phone().dark(), Run::new("fa").phone().without_script()];
    for (no, run) in ways.into_iter().enumerate() {
        // Each has a day of his own: a commission does not sit twice at a time.
        let (login, day) = (format!("secretary {no}"), format!("1403/02/{}", 16 + no));
        let shown = ["۱۴۰۳/۰۲/۱۶", "6 May 2024", "۱۴۰۳/۰۲/۱۸"][no];
        service.hires(&login, "secretariat", PROVINCE).await;
        logged_in(&service, &login).await;
        runs.push(
            run.given(json!({ "login": login, "password": PASSWORD, "day": day, "shown": shown })),
        );
    }
    walk("sittings", "sittings", &service.url, &runs).await.is_fine();
    let all = service.office.store.sittings(&SittingsQuery::default()).await.unwrap();
    assert_eq!(all.len(), runs.len());
    for row in all {
        assert!(matches!(row.sitting.state, SittingState::Cancelled { .. }), "{row:?}");
        assert_eq!((row.place.as_str(), row.sitting.capacity), ("Hall 1", 5));
    }
}

#[tokio::test]
async fn members_see_a_series_and_others_do_not() {
    let service = service().await;
    let mut secretary = Browser::of(&service, "secretariat").await;
    let commission = format!("commission_member@{PROVINCE}");
    let form = [
        ("commission", commission.as_str()),
        ("series.from", "۱۴۰۳/۰۲/۱۱"),
        ("series.time", "۱۰:۰۰"),
        ("place", "سالن ۱"),
        ("capacity", "۲"),
        ("series.weeks", "1"),
        ("series.until", "1403/02/20"),
    ];
    let planned = secretary.send("/sittings", &form).await;
    assert_eq!(planned.header("location"), "/sittings?done=planned", "{}", planned.html);
    let all = service.office.store.sittings(&SittingsQuery::default()).await.unwrap();
    assert_eq!(all.len(), 2, "one a week");
    assert_eq!(all[0].sitting.at.to_rfc3339(), "2024-04-30T06:30:00+00:00");
    let again = secretary.send("/sittings", &form).await;
    assert_eq!(again.status, 409, "it sits at that time already");
    assert!(again.html.contains("role=\"alert\""), "{}", again.html);
    for (name, value) in
        [("series.time", "25:00"), ("capacity", "0"), ("series.from", "x"), ("place", " ")]
    {
        let form = form.map(|(one, held)| if one == name { (one, value) } else { (one, held) });
        let refused = secretary.send("/sittings", &form).await;
        assert_eq!(refused.status, 422, "{name}");
        assert!(refused.html.contains("class=\"fault\""), "{name}: {}", refused.html);
    }

    let page = format!("/sittings/{}", all[0].sitting.id);
    let mut member = Browser::of(&service, "commission_member").await;
    assert!(member.get("/sittings").await.html.contains(&page));
    let shown = member.get(&page).await.html;
    assert!(!shown.contains("/cancel"), "it is not his to cancel: {shown}");
    assert_eq!(member.send(&format!("{page}/cancel"), &[("reason", "x")]).await.status, 403);
    // It has not begun.
    let early = secretary.send(&format!("{page}/minutes"), &[("minutes", "1")]).await;
    assert_eq!(early.status, 409);

    service.hires("stranger", "administrator", COUNTY).await;
    let mut stranger = Browser::of(&service, "stranger").await;
    assert_eq!(stranger.get("/sittings").await.status, 403);
    assert_eq!(stranger.get(&page).await.status, 404);
    assert_eq!(stranger.send(&format!("{page}/cancel"), &[("reason", "x")]).await.status, 404);
}
