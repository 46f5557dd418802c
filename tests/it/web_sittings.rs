//! Sittings through the API: planned by the secretariat, seen by who sits there, held with minutes.

use chrono::TimeDelta;
use parvaneh_core::Command;
use parvaneh_store::{Ask, Request, Requester};
use reqwest::Method;
use serde_json::json;

use crate::{
    sittings::HEARING,
    store_fixture::{COUNTY, PROVINCE, act, applicant, holder, new_case, open_request},
    web_fixture::{Service, answered, with_json},
};

async fn service() -> Service {
    let service = Service::start().await;
    service.office.store.publish_definition(&"hearing".into(), 1, HEARING).await.unwrap();
    service
}

/// A case that waits for the commission.
async fn waiting(service: &Service) -> String {
    let Ask::Open { application, .. } = open_request(new_case()).ask else { panic!("an opening") };
    let id = application.case;
    let ask = Ask::Open { workflow: "hearing".into(), version: None, application };
    let by = Requester::Person(applicant());
    let request = Request::new(by, ask);
    service.office.store.execute(request).await.unwrap();
    service.office.does("county_officer", id, act("accept")).await.unwrap();
    id.to_string()
}

#[tokio::test]
async fn the_secretariat_plans_a_series_and_members_see_it_with_its_agenda() {
    let service = service().await;
    let secretary = service.token_of("secretariat").await;
    let member = service.token_of("commission_member").await;
    let officer = service.token_of("county_officer").await;
    // Every Tuesday at ten, first on 1403/02/11.
    let series = json!({ "weekday": "tuesday", "time": "10:00", "weeks": 1,
                         "from": "1403/02/08", "until": "1403/02/20" });
    let asked = json!({ "unit": PROVINCE, "members": "commission_member", "place": "Hall 1",
                        "capacity": 2, "series": series });
    let key = "the-series-of-spring";
    let request = with_json(service.request(Method::POST, "/sittings"), &asked)
        .header("authorization", format!("Bearer {secretary}"))
        .header("idempotency-key", key);
    let planned = answered(request.try_clone().unwrap()).await;
    assert_eq!(planned.status, 201, "{planned:?}");
    assert_eq!(planned.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(planned.body["items"][0]["at"], "2024-04-30T06:30:00Z");
    // The same once more gets the same answer; something else under its key is refused.
    assert_eq!(answered(request).await.body, planned.body);
    let mut other = asked.clone();
    other["capacity"] = json!(3);
    let other = with_json(service.request(Method::POST, "/sittings"), &other)
        .header("authorization", format!("Bearer {secretary}"))
        .header("idempotency-key", key);
    let other = answered(other).await;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_reused"), "{other:?}");
    // Without the key it is another request, and those sittings are there.
    let again = service.post("/sittings", &secretary, &asked).await;
    assert_eq!((again.status, again.code()), (409, "sitting_exists"), "{again:?}");

    let case = waiting(&service).await;
    let room = service.get(&format!("/sittings/room?unit={PROVINCE}"), &secretary).await;
    let first = planned.body["items"][0]["id"].as_str().unwrap();
    assert_eq!(room.body["items"][0]["cases"][0]["room"], "fits", "{room:?}");
    assert_eq!(room.body["items"][0]["cases"][0]["sitting"], first);
    let agenda = format!("/cases/{case}/agenda");
    let put = json!({ "sitting": first });
    assert_eq!(service.ask(Method::PUT, &agenda, &secretary, Some(&put)).await.status, 200);

    let page = service.get("/sittings?limit=1", &member).await;
    assert_eq!(page.body["items"][0]["id"], first, "{page:?}");
    assert_eq!(page.body["items"][0]["taken"], 1);
    let next = page.body["next"].as_str().unwrap();
    let page = service.get(&format!("/sittings?limit=1&after={next}"), &member).await;
    assert_eq!(page.body["items"][0]["id"], planned.body["items"][1]["id"], "{page:?}");
    assert!(page.body["next"].is_null());
    let file = service.get(&format!("/sittings/{first}"), &member).await;
    assert_eq!(file.body["agenda"][0]["case"], case.as_str(), "{file:?}");
    let members: Vec<_> =
        file.body["members"].as_array().unwrap().iter().map(|one| &one["person"]).collect();
    assert_eq!(members.len(), 3);
    assert!(members.contains(&&json!(holder("second_member").to_string())));

    // An officer of the county does not work there.
    let hidden = service.get(&format!("/sittings/{first}"), &officer).await;
    assert_eq!((hidden.status, hidden.code()), (404, "not_found"));
    assert!(service.get("/sittings", &officer).await.body["items"].as_array().unwrap().is_empty());
    assert!(
        service.get("/sittings/room", &officer).await.body["items"].as_array().unwrap().is_empty()
    );
}

#[tokio::test]
async fn a_sitting_is_held_once_and_a_cancelled_one_puts_its_cases_back() {
    let service = service().await;
    let secretary = service.token_of("secretariat").await;
    let member = service.token_of("commission_member").await;
    let asked = json!({ "unit": PROVINCE, "members": "commission_member", "place": "Hall 1",
                        "capacity": 2, "at": ["2024-04-30T06:30:00Z", "2024-05-07T06:30:00Z"] });
    let planned = service.post("/sittings", &secretary, &asked).await;
    let id = |place: usize| planned.body["items"][place]["id"].as_str().unwrap().to_owned();
    let case = waiting(&service).await;
    let sitting = id(1).parse().unwrap();
    let put = Command::PutOnAgenda { sitting };
    service.office.does("secretariat", case.parse().unwrap(), put).await.unwrap();

    let minutes = json!({ "minutes": "1403/17" });
    let ahead = service.post(&format!("/sittings/{}/minutes", id(0)), &secretary, &minutes).await;
    assert_eq!((ahead.status, ahead.code()), (409, "sitting_ahead"), "{ahead:?}");
    service.office.advance(TimeDelta::days(11)).await;
    // A member sees the sitting, and may not say that it was held.
    let not_his = service.post(&format!("/sittings/{}/minutes", id(0)), &member, &minutes).await;
    assert_eq!((not_his.status, not_his.code()), (403, "not_permitted"), "{not_his:?}");
    let held = service.post(&format!("/sittings/{}/minutes", id(0)), &secretary, &minutes).await;
    assert_eq!((held.status, &held.body["sitting"]["state"]), (200, &json!("held")), "{held:?}");
    assert_eq!(held.body["sitting"]["minutes"], "1403/17");
    let again = service.post(&format!("/sittings/{}/minutes", id(0)), &secretary, &minutes).await;
    assert_eq!((again.status, again.code()), (409, "sitting_over"), "{again:?}");

    let reason = json!({ "reason": "no quorum" });
    let off = service.post(&format!("/sittings/{}/cancellation", id(1)), &secretary, &reason).await;
    assert_eq!((off.status, &off.body["put_back"]), (200, &json!(1)), "{off:?}");
    let file = service.get(&format!("/sittings/{}", id(1)), &secretary).await;
    assert_eq!(file.body["sitting"]["state"], "cancelled");
    assert!(file.body["agenda"][0]["outcome"].is_string(), "{file:?}");
}

#[tokio::test]
async fn what_cannot_be_planned_is_told_with_its_code() {
    let service = service().await;
    let secretary = service.token_of("secretariat").await;
    let officer = service.token_of("county_officer").await;
    let asked = |change: &[(&str, serde_json::Value)]| {
        let mut asked = json!({ "unit": PROVINCE, "members": "commission_member",
                                "place": "Hall 1", "capacity": 2, "at": ["2024-04-30T06:30:00Z"] });
        for (name, value) in change {
            asked[*name] = value.clone();
        }
        asked
    };
    let series = |from: &str, until: &str| json!({ "weekday": "tuesday", "time": "10:00", "weeks": 1, "from": from, "until": until });
    for (change, status, code) in [
        (vec![("unit", json!("08"))], 403, "out_of_jurisdiction"),
        (vec![("unit", json!(COUNTY))], 422, "wrong_unit"),
        (vec![("unit", json!("nowhere"))], 422, "wrong_unit"),
        (vec![("members", json!("county_officer"))], 422, "unknown_commission"),
        (vec![("at", json!(["2024-04-20T06:30:00Z"]))], 422, "sitting_too_soon"),
        (vec![("at", json!([]))], 422, "body_invalid"),
        (vec![("cut_off", json!("soon"))], 422, "body_invalid"),
        (vec![("capacity", json!(0))], 422, "body_invalid"),
        (vec![("series", series("1403/02/01", "1403/02/20"))], 422, "body_invalid"),
        (
            vec![("at", json!([])), ("series", series("1403/02/31", "1403/13/01"))],
            422,
            "body_invalid",
        ),
        (
            vec![("at", json!([])), ("series", series("1403/02/01", "1453/02/01"))],
            422,
            "body_invalid",
        ),
    ] {
        let answer = service.post("/sittings", &secretary, &asked(&change)).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{change:?}: {answer:?}");
    }
    let refused = service.post("/sittings", &officer, &asked(&[])).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted"), "{refused:?}");
}
