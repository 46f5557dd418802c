//! One's own account: in a real browser, and what its pages must not do.

use parvaneh_store::DelegationFilter;
use serde_json::json;

use crate::{
    browser::{Run, walk},
    store_fixture::{COUNTY, holder},
    web_fixture::Service,
    web_identity::{PASSWORD, log_in, logged_in},
    web_pages::Browser,
};

/// What each of them changes his password to.
const OTHER: &str = "a moth on a white lily";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_looks_after_his_account_in_a_browser() {
    let service = Service::start().await;
    service.hires("a colleague", "county_head", COUNTY).await;
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
        let login = format!("officer {no}");
        service.hires(&login, "county_officer", COUNTY).await;
        logged_in(&service, &login).await;
        let given = json!({
            "login": login, "password": PASSWORD, "other": OTHER, "to": holder("a colleague").0,
        });
        runs.push(run.given(given));
    }
    walk("account", "account", &service.url, &runs).await.is_fine();
    let store = &service.office.store;
    for run in &runs {
        let me = holder(&run.told("login"));
        assert_eq!(log_in(&service, &run.told("login"), PASSWORD).await.status, 401);
        let entered = log_in(&service, &run.told("login"), OTHER).await;
        assert_eq!(entered.status, 202, "a second step is asked for: {entered:?}");
        assert_eq!(store.second_factor(me).await.unwrap().unwrap().recovery_codes, 10);
        let filter = DelegationFilter { person: Some(me), ..DelegationFilter::default() };
        let lent = store.delegations(&filter).await.unwrap();
        assert_eq!(lent.iter().map(|one| one.to).collect::<Vec<_>>(), [holder("a colleague")]);
        assert!(lent[0].in_force);
        let tokens = store.tokens_of(me).await.unwrap();
        assert!(tokens.len() == 1 && tokens[0].revoked_at.is_some(), "{tokens:?}");
    }
}

#[tokio::test]
async fn what_is_shown_once_is_not_shown_again() {
    let service = Service::start().await;
    let mut browser = Browser::of(&service, "county_officer").await;
    let token = [("name", "<b>portal</b>"), ("scopes", "read"), ("days", "۳۰")];
    let made = browser.send("/account/tokens", &token).await;
    assert_eq!(made.status, 200);
    let secret = made.html.split("id=\"made\">").nth(1).expect("it is shown").split('<').next();
    let secret = secret.unwrap().to_owned();
    assert!(secret.starts_with("pv_"), "{secret}");
    let listed = browser.get("/account/tokens").await.html;
    assert!(!listed.contains(&secret), "it is kept nowhere");
    assert!(!listed.contains("<b>portal") && listed.contains("portal"), "a name is text: {listed}");
    assert_eq!(service.get("/session", &secret).await.status, 200, "and it opens what it should");
    for (name, value) in [("name", " "), ("days", "367"), ("days", "x"), ("scopes", "all")] {
        let form = token.map(|(one, held)| if one == name { (one, value) } else { (one, held) });
        let refused = browser.send("/account/tokens", &form).await;
        assert_eq!(refused.status, 422, "{name} {value}");
        assert!(refused.html.contains("class=\"fault\""), "{name} {value}");
    }
    assert_eq!(service.office.store.tokens_of(holder("county_officer")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_is_ended_by_its_person_alone() {
    let service = Service::start().await;
    let mut browser = Browser::of(&service, "county_officer").await;
    log_in(&service, "county_officer", PASSWORD).await;
    let mut other = Browser::of(&service, "county_head").await;
    let store = &service.office.store;
    let idle = service.app.settings.session_idle;
    let mine = store.sessions_of(holder("county_officer"), idle).await.unwrap();
    assert_eq!(mine.len(), 2);
    for session in &mine {
        let path = format!("/account/sessions/{}/end", session.id);
        assert_eq!(other.send(&path, &[]).await.status, 404);
    }
    let ended = browser.send("/account/sessions/others/end", &[]).await;
    assert_eq!(ended.status, 303);
    assert_eq!(store.sessions_of(holder("county_officer"), idle).await.unwrap().len(), 1);
    assert_eq!(browser.get("/account/sessions").await.status, 200, "this one stays");
}

#[tokio::test]
async fn a_role_is_lent_by_the_days_that_are_typed_and_taken_back() {
    let service = Service::start().await;
    service.hires("a colleague", "county_head", COUNTY).await;
    let mut browser = Browser::of(&service, "county_officer").await;
    let role = format!("county_officer@{COUNTY}");
    let to = holder("a colleague").0.to_string();
    let mut form = vec![
        ("role", role.as_str()),
        ("to", to.as_str()),
        ("starts", ""),
        ("until", "۱۴۰۳/۰۲/۳۱"),
        ("reason", "مرخصی"),
    ];
    let me = holder("county_officer");
    let lending = format!("/people/{me}/lending");
    let lent = browser.send(&lending, &form).await;
    assert_eq!(lent.header("location"), "/account/lending?done=lent", "{}", lent.html);
    let filter = DelegationFilter { person: Some(me), ..DelegationFilter::default() };
    let rows = service.office.store.delegations(&filter).await.unwrap();
    // To the end of the thirty-first of Ordibehesht in Tehran.
    assert_eq!(rows[0].until.to_rfc3339(), "2024-05-20T20:30:00+00:00");
    let page = browser.get("/account/lending").await.html;
    assert!(page.contains("۱۴۰۳/۰۲/۳۱"), "up to the day that was typed: {page}");
    assert!(!page.contains("۰۰:۰۰"), "no time of day is made up: {page}");
    for (at, value) in [(3, "1403/13/01"), (3, ""), (3, "1403/01/01"), (1, ""), (4, " ")] {
        let kept = form[at];
        form[at].1 = value;
        let refused = browser.send(&lending, &form).await;
        assert_eq!(refused.status, 422, "{} {value}", kept.0);
        assert!(refused.html.contains("class=\"fault\""), "{} {value}: {}", kept.0, refused.html);
        form[at] = kept;
    }
    let path = format!("{lending}/{}/revoke", rows[0].id);
    let mut stranger = Browser::of(&service, "agency.police").await;
    assert_eq!(stranger.send(&path, &[("reason", "x")]).await.status, 404);
    assert_eq!(browser.send(&path, &[("reason", "برگشتم")]).await.status, 303);
    assert!(service.office.store.delegations(&filter).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_gives_out_the_work_of_somebody_lends_for_him_and_says_that_he_is_away() {
    let service = Service::start().await;
    let store = &service.office.store;
    let (ali, sara) = (holder("county_officer"), holder("sara"));
    service.hires("sara", "county_officer", COUNTY).await;
    let mut head = Browser::of(&service, "county_head").await;
    let own = head.get("/account/lending").await.html;
    assert!(own.contains(&format!("<option value=\"{ali}\">")), "{own}");
    assert!(!own.contains(&format!("<option value=\"{}\">", holder("county_head"))), "{own}");
    let led = head.get(&format!("/account/lending?of={ali}")).await;
    assert_eq!(led.header("location"), format!("/people/{ali}/lending"));
    let lending = format!("/people/{ali}/lending");
    let (role, to) = (format!("county_officer@{COUNTY}"), sara.to_string());
    let mut form = vec![
        ("role", role.as_str()),
        ("to", to.as_str()),
        ("until", "1403/02/31"),
        ("reason", "بیماری"),
    ];
    let lent = head.send(&lending, &form).await;
    assert_eq!(lent.header("location"), format!("{lending}?done=lent"), "{}", lent.html);
    let filter = DelegationFilter { person: Some(ali), ..DelegationFilter::default() };
    let rows = store.delegations(&filter).await.unwrap();
    assert_eq!((rows[0].from, rows[0].to, rows[0].given_by), (ali, sara, holder("county_head")));
    // Nobody lends to himself what is another's, nor a role that is not held.
    let (head_of_them, unheld) = (holder("county_head").to_string(), "secretariat@2301");
    for (at, value) in [(1, head_of_them.as_str()), (0, unheld)] {
        let kept = std::mem::replace(&mut form[at].1, value);
        assert_eq!(head.send(&lending, &form).await.status, 422, "{value}");
        form[at].1 = kept;
    }
    let absence = format!("/people/{ali}/absence");
    let away = head.send(&absence, &[("until", "1403/02/31"), ("reason", "بیماری")]).await;
    assert_eq!(away.header("location"), format!("{lending}?done=away"), "{}", away.html);
    let absent = store.absences(Some(ali), None).await.unwrap();
    assert_eq!(absent.len(), 1);
    let page = head.get(&lending).await.html;
    let (end, revoke) =
        (format!("{absence}/{}/end", absent[0].id), format!("{lending}/{}/revoke", rows[0].id));
    assert!(page.contains(&end) && page.contains(&revoke), "{page}");
    // Who gives out no work of his sees nothing of it, and changes nothing.
    let mut other = Browser::of(&service, "sara").await;
    assert!(!other.get("/account/lending").await.html.contains("id=\"of\""));
    assert_eq!(other.get(&lending).await.status, 404);
    for path in [&end, &revoke, &absence, &lending] {
        assert_eq!(other.send(path, &form).await.status, 404, "{path}");
    }
    assert_eq!(head.send(&end, &[]).await.status, 303);
    assert_eq!(head.send(&revoke, &[("reason", "برگشت")]).await.status, 303);
    assert!(store.absences(Some(ali), None).await.unwrap().is_empty());
    assert!(store.delegations(&filter).await.unwrap().is_empty());
}
