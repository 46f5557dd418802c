//! A forgotten password, from the question to the new session, through a real mail server; and one's
//! own password.

use std::sync::Arc;

use parvaneh_store::{FailedDelivery, Language, Preferences, Scope};
use parvaneh_worker::{
    Shutdown,
    send::{self, Channels, Sendings},
};
use reqwest::Method;
use serde_json::json;

use crate::{
    fault_process::eventually,
    notice_peers::{MailServer, Received},
    store_fixture::{PROVINCE, holder},
    web_fixture::{Answer, Service, answered, with_json},
    web_identity::{PASSWORD, by_cookie, cookie_of, log_in, logged_in, set_password},
};

const OTHER: &str = "two butterflies on one rose";

async fn recover(service: &Service, login: &str) -> Answer {
    let body = json!({ "login": login });
    answered(with_json(service.request(Method::POST, "/password/recovery"), &body)).await
}

/// His address of record.
async fn writes_to(service: &Service, name: &str, email: &str, language: Language) {
    let email = Some(email.to_owned());
    let preferences = Preferences { email, language, ..Preferences::default() };
    service.office.store.set_preferences(holder(name), preferences).await.unwrap();
}

/// How many recoveries were asked for, once what was asked has been recorded.
async fn asked(service: &Service, expected: i64) {
    let mut owner = service.office.as_owner().await;
    eventually("what was asked is recorded", async || {
        let sql = "select count(*) from password_recoveries";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap();
        (count == expected).then_some(())
    })
    .await;
}

async fn sent(service: &Service, channels: &Arc<Channels>) -> Sendings {
    let (_stop, shutdown) = Shutdown::new();
    send::once(&service.office.store, channels, &shutdown).await.unwrap()
}

/// The secret of the link in a mail.
fn link_in(mail: &Received, service: &Service) -> String {
    let place = format!("{}/set-password/", service.url);
    let line = mail.text().lines().find(|line| line.contains(&place));
    line.unwrap().trim().strip_prefix(&place).unwrap().to_owned()
}

/// As if all of it had been a while ago.
async fn a_while_ago(service: &Service, minutes: u32) {
    let sql = format!(
        "update password_recoveries set asked_at = asked_at - interval '{minutes} minutes'"
    );
    let mut owner = service.office.as_owner().await;
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut owner).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_by_a_link_in_a_mail() {
    let (service, server) = (Service::start().await, MailServer::start().await);
    let channels = Arc::new(server.channels());
    let session = logged_in(&service, "county_officer").await;
    let token = service.token_of("county_officer").await;
    writes_to(&service, "county_officer", "Ali@example.org", Language::Fa).await;

    // By the login in whatever case: the answer says nothing.
    let answer = recover(&service, "COUNTY_officer").await;
    assert_eq!((answer.status, answer.body), (202, serde_json::Value::Null));
    asked(&service, 1).await;
    assert_eq!(sent(&service, &channels).await.sent, 1);
    let [mail] = &server.received()[..] else { panic!("one mail") };
    assert!(mail.is_sound() && mail.to().eq_ignore_ascii_case("ali@example.org"), "{mail:?}");
    assert_eq!(mail.header("subject"), Some("گذرواژهٔ تازه"));
    assert!(mail.text().contains("county_officer") && mail.text().contains("۳۰ دقیقه"));
    assert!(mail.html().contains("dir=\"rtl\""), "{}", mail.html());
    let first = link_in(mail, &service);

    // A second mail makes the first link worthless; the address is as good as the login.
    a_while_ago(&service, 6).await;
    assert_eq!(recover(&service, " ali@EXAMPLE.org ").await.status, 202);
    asked(&service, 2).await;
    sent(&service, &channels).await;
    let second = link_in(&server.received()[1], &service);
    assert_eq!(set_password(&service, &first, OTHER).await.code(), "link_spent");
    // Nothing has ended yet, and a weak one uses nothing up.
    assert_eq!(by_cookie(&service, Method::GET, "/session", &session).await.status, 200);
    assert_eq!(set_password(&service, &second, "password1234").await.code(), "password_weak");
    let set = set_password(&service, &second, OTHER).await;
    assert_eq!(set.status, 200, "{set:?}");
    assert_eq!(by_cookie(&service, Method::GET, "/session", &session).await.status, 401);
    assert_eq!(by_cookie(&service, Method::GET, "/session", &cookie_of(&set)).await.status, 200);
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 401);
    assert_eq!(log_in(&service, "county_officer", OTHER).await.status, 200);
    assert_eq!(set_password(&service, &second, PASSWORD).await.code(), "link_spent");
    // Nor do machines act for him any more: who has had his password may have made himself a token.
    assert_eq!(service.get("/session", &token).await.status, 401);
    let events = by_cookie(&service, Method::GET, "/account-events", &cookie_of(&set)).await;
    let kinds: Vec<_> = events.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["kind"].as_str().unwrap(), event["address"].as_str().unwrap()))
        .collect();
    let from = "127.0.0.1";
    let asked = ("password_recovery_asked", from);
    assert_eq!(kinds, [("password_set", from), asked, asked, ("password_set", from)]);
    // The link stands nowhere in the database: neither as it is nor with the mail.
    let dump = "select count(*) from one_time_links l where l::text like '%' || $1 || '%'";
    let found: i64 = sqlx::query_scalar(dump)
        .bind(&second)
        .fetch_one(&mut service.office.as_owner().await)
        .await
        .unwrap();
    assert_eq!(found, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_by_a_recovery_who_there_is_and_nobody_is_flooded() {
    let (service, server) = (Service::start().await, MailServer::start().await);
    let channels = Arc::new(server.channels());
    logged_in(&service, "county_officer").await;
    writes_to(&service, "county_officer", "ali@example.org", Language::En).await;
    // Without an address; without a password, who comes by another way; disabled.
    logged_in(&service, "county_head").await;
    service.office.store.save_account(holder("secretariat"), "secretariat").await.unwrap();
    writes_to(&service, "secretariat", "sara@example.org", Language::En).await;
    logged_in(&service, "security_officer").await;
    writes_to(&service, "security_officer", "out@example.org", Language::En).await;
    service.office.store.set_disabled(holder("security_officer"), true).await.unwrap();
    let mut answers = Vec::new();
    let nobody = ["county_head", "secretariat", "sara@example.org", "out@example.org", "x", "a\0b"];
    for login in nobody.into_iter().chain(["county_officer"; 3]) {
        let answer = recover(&service, login).await;
        let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        answers.push((answer.status, answer.body, headers));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, 202);
    // One mail, however often it is asked for within five minutes, and five a day.
    asked(&service, 1).await;
    for expected in [2, 3, 4, 5, 5, 5] {
        a_while_ago(&service, 6).await;
        recover(&service, "ali@example.org").await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        asked(&service, expected).await;
    }
    // Only the last is still worth something: the others would make its link worthless.
    sent(&service, &channels).await;
    let mails = server.received();
    assert_eq!(mails.iter().map(Received::to).collect::<Vec<_>>(), ["ali@example.org"]);
    assert!(mails[0].text().contains("for 30 minutes"), "{}", mails[0].text());
    assert_eq!(set_password(&service, &link_in(&mails[0], &service), OTHER).await.status, 200);

    // What waited too long is not sent at all.
    a_while_ago(&service, 24 * 60).await;
    recover(&service, "county_officer").await;
    asked(&service, 6).await;
    a_while_ago(&service, 31).await;
    assert_eq!(sent(&service, &channels).await, Sendings::default());
    let failed: Vec<FailedDelivery> = service.office.store.failed_deliveries(9).await.unwrap();
    assert_eq!((failed.len(), server.received().len()), (0, 1));

    // A link is worth half an hour.
    recover(&service, "county_officer").await;
    asked(&service, 7).await;
    sent(&service, &channels).await;
    let late = link_in(&server.received()[1], &service);
    let over = "update one_time_links set expires_at = expires_at - interval '30 minutes'";
    sqlx::query(over).execute(&mut service.office.as_owner().await).await.unwrap();
    assert_eq!(set_password(&service, &late, PASSWORD).await.code(), "link_spent");
}

#[tokio::test]
async fn who_knows_his_password_changes_it_and_all_else_that_is_open_ends() {
    let service = Service::start().await;
    let elsewhere = {
        logged_in(&service, "county_officer").await;
        cookie_of(&log_in(&service, "county_officer", PASSWORD).await)
    };
    let here = cookie_of(&log_in(&service, "county_officer", PASSWORD).await);
    let token = service.token_of("county_officer").await;
    let change = async |cookie: &str, current: &str, password: &str| {
        let request = service.request(Method::PUT, "/password").header("cookie", cookie);
        let body = json!({ "current": current, "password": password });
        answered(with_json(request.header("sec-fetch-site", "same-origin"), &body)).await
    };
    for (current, password, status, code) in [
        ("not the password", OTHER, 403, "password_wrong"),
        (PASSWORD, "short", 422, "password_weak"),
        (PASSWORD, "county_officer1", 422, "password_weak"),
        (PASSWORD, "1Q2W3E4R5T6Y", 422, "password_weak"),
    ] {
        let answer = change(&here, current, password).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{password}");
    }
    // A link that waits is worth nothing after it.
    let link = parvaneh_web::password_link(&service.app, holder("county_officer")).await.unwrap();
    let changed = change(&here, PASSWORD, OTHER).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let renewed = cookie_of(&changed);
    assert_ne!(renewed, here);
    for (cookie, status) in [(&here, 401), (&elsewhere, 401), (&renewed, 200)] {
        let answer = by_cookie(&service, Method::GET, "/session", cookie).await;
        assert_eq!(answer.status, status, "{cookie}");
    }
    // The tokens of machines stay, unless he says otherwise.
    assert_eq!(service.get("/session", &token).await.status, 200);
    let body = json!({ "current": OTHER, "password": PASSWORD, "revoke_tokens": true });
    let request = service.request(Method::PUT, "/password").header("cookie", &renewed);
    let request = request.header("sec-fetch-site", "same-origin");
    let back = answered(with_json(request, &body)).await;
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(service.get("/session", &token).await.status, 401);
    assert_eq!(change(&cookie_of(&back), PASSWORD, OTHER).await.status, 200);
    assert_eq!(log_in(&service, "county_officer", PASSWORD).await.status, 401);
    assert_eq!(log_in(&service, "county_officer", OTHER).await.status, 200);
    let secret = link.rsplit('/').next().unwrap();
    assert_eq!(set_password(&service, secret, PASSWORD).await.code(), "link_spent");

    // Who looks after him sees what happened, by whom and from where; others do not.
    let path = format!("/people/{}/account-events", holder("county_officer"));
    for (unit, status) in [(PROVINCE, 200), ("08", 404)] {
        let person = service.hires(unit, "administrator", unit).await;
        let token = service.token(person, unit, &Scope::ALL).await;
        let answer = service.get(&path, &token).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            let last = &answer.body["items"][0];
            assert_eq!(last["kind"], "password_changed");
            assert_eq!(last["by_name"], "The county_officer");
            assert_eq!(last["by"], holder("county_officer").0.to_string());
        }
    }
}
