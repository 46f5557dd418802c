//! Calendars and closures through the API: a look at the year, what a closure would move, closing.

use parvaneh_core::Case;
use parvaneh_store::Scope;
use parvaneh_worker::{Shutdown, WorkerOptions, drain};
use serde_json::{Value, json};

use crate::{
    store_fixture::{CALENDAR, COUNTY, PROVINCE, holder, new_case, open_request},
    web_fixture::{Answer, Service},
};

/// The day on which the first step of a case ends that is opened at the start.
async fn last_day(service: &Service) -> String {
    let case = service.office.opened().await;
    let deadline = case.tasks[0].clock.as_ref().unwrap().deadline.unwrap();
    let calendars = service.office.store.calendars(&"ir".into()).await.unwrap();
    calendars.national().local_date(deadline).to_string()
}

async fn keeper(service: &Service, unit: &str) -> String {
    let person = service.hires("keeper", "calendar_keeper", unit).await;
    // He also works there, and so sees the cases of his county.
    service.hires("keeper", "county_officer", COUNTY).await;
    service.token(person, "keeper", &Scope::ALL).await
}

fn cases(preview: &Answer) -> Vec<String> {
    let items = preview.body["items"].as_array().unwrap();
    items.iter().map(|one| one["case"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_year_of_a_calendar_tells_each_day_with_its_reasons() {
    let service = Service::start().await;
    let token = service.token_of("county_officer").await;
    let year = service.get("/calendars/ir/days?period=1403", &token).await;
    let days = year.body["days"].as_array().unwrap();
    assert_eq!(days.len(), 366, "1403 is a leap year");
    assert_eq!(days[0]["jalali"], "1403/01/01");
    assert_eq!(days[0]["date"], "2024-03-20");
    assert_eq!(days[0]["working"], false);
    assert_eq!(days[0]["why"][0]["kind"], "holiday", "{}", days[0]);
    assert!(days[0]["why"][0]["name"]["fa"].as_str().is_some_and(|name| !name.is_empty()));
    let path = format!("/calendars/ir/days?period=1403/02&unit={COUNTY}");
    let month = service.get(&path, &token).await;
    let days = month.body["days"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["weekday"]["en"]), (31, &json!("Saturday")));
    assert!(days[0]["open"][0]["from"].is_string(), "{}", days[0]);
    for (path, status, code) in [
        ("/calendars/ir/days?period=1403/13", 400, "parameter_invalid"),
        ("/calendars/ir/days?period=1200", 422, "date_out_of_reach"),
        ("/calendars/moon/days?period=1403", 404, "not_found"),
        ("/calendars/a%00b/days?period=1403", 404, "not_found"),
        ("/calendars/ir/days?period=1403&unit=nowhere", 404, "not_found"),
    ] {
        let answer = service.get(path, &token).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
    let list = service.get("/calendars", &token).await;
    assert_eq!(list.body["items"][0]["id"], "ir", "{list:?}");
}

#[tokio::test]
async fn what_a_closure_would_move_is_shown_page_by_page_and_then_moved() {
    let service = Service::start().await;
    let date = last_day(&service).await;
    for _ in 0..2 {
        service.office.opened().await;
    }
    // One that the keeper does not see: of another county of the province.
    let mut elsewhere = open_request(new_case());
    if let parvaneh_store::Ask::Open { application, .. } = &mut elsewhere.ask {
        application.unit = "2302".into();
    }
    let elsewhere = service.office.store.execute(elsewhere).await.unwrap().case.id.to_string();
    let keeper = keeper(&service, PROVINCE).await;
    let close = json!({ "unit": PROVINCE, "date": date, "reason": "cold" });
    let asked = |after: Option<&str>| {
        let mut asked = json!({ "close": close, "limit": 2 });
        if let Some(after) = after {
            asked["after"] = json!(after);
        }
        asked
    };
    let first = service.post("/closures/preview", &keeper, &asked(None)).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.body["counts"]["looked_at"], 4);
    assert_eq!(first.body["counts"]["cases"], 4);
    let clock = first.body["items"][0]["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|clock| clock["clock"] != 0)
        .unwrap();
    assert!(clock["from"].as_str() < clock["to"].as_str(), "{clock}");
    let next = first.body["next"].as_str().unwrap();
    let second = service.post("/closures/preview", &keeper, &asked(Some(next))).await;
    assert_eq!((&second.body["counts"], &second.body["next"]), (&Value::Null, &Value::Null));
    let mut told = [cases(&first), cases(&second)].concat();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 3, "each once: {told:?}");
    assert!(!told.contains(&elsewhere), "counted, and not told");
    // Nothing has happened yet.
    assert!(service.get("/closures", &keeper).await.body["items"].as_array().unwrap().is_empty());

    let closed = service.post("/closures", &keeper, &close).await;
    assert_eq!(closed.status, 201, "{closed:?}");
    assert_eq!(closed.body["closure"]["closed_by"], holder("keeper").to_string());
    let again = service.post("/closures", &keeper, &close).await;
    assert_eq!((again.status, &again.body["job"]), (201, &Value::Null), "{again:?}");
    let job = format!("/jobs/{}", closed.body["job"]);
    let waits = service.get(&job, &keeper).await;
    assert_eq!((&waits.body["done"], &waits.body["total"]), (&json!(0), &json!(4)), "{waits:?}");
    while service.office.store.advance_job(None, 3).await.unwrap().is_some() {}
    let done = service.get(&job, &keeper).await;
    assert_eq!((&done.body["changed"], &done.body["failed"]), (&json!(4), &json!(0)), "{done:?}");
    assert!(done.body["finished_at"].is_string());
    let officer = service.token_of("county_officer").await;
    assert_eq!(service.get(&job, &officer).await.status, 404);

    let day = service.get(&format!("/closures?unit={COUNTY}&from={date}"), &officer).await;
    assert_eq!(day.body["items"][0]["reason"], "cold", "{day:?}");
    assert!(day.body["items"][0]["closed_by"].is_null(), "who decided it is told to keepers");
    let other = json!({ "unit": PROVINCE, "date": date, "reason": "heat" });
    let refused = service.post("/closures", &keeper, &other).await;
    assert_eq!((refused.status, refused.code()), (409, "closed_before"), "{refused:?}");
    let no = &closed.body["closure"]["no"];
    let back = json!({ "reason": "by mistake" });
    let would = service.post("/closures/preview", &keeper, &json!({ "withdraw": no })).await;
    assert_eq!(would.body["counts"]["cases"], 4, "{would:?}");
    let withdrawn = service.post(&format!("/closures/{no}/withdrawal"), &keeper, &back).await;
    assert_eq!(withdrawn.body["closure"]["in_force"], false, "{withdrawn:?}");
    let again = service.post(&format!("/closures/{no}/withdrawal"), &keeper, &back).await;
    assert_eq!((again.status, again.code()), (409, "not_closed"), "{again:?}");
}

#[tokio::test]
async fn who_keeps_no_calendar_there_closes_nothing_and_faults_are_told() {
    let service = Service::start().await;
    let keeper = keeper(&service, COUNTY).await;
    let officer = service.token_of("county_officer").await;
    let close = |change: &[(&str, Value)]| {
        let mut close = json!({ "unit": COUNTY, "date": "1403/02/20", "reason": "snow" });
        for (name, value) in change {
            close[*name] = value.clone();
        }
        close
    };
    let hours = |from: &str, until: &str| json!({ "from": from, "until": until });
    for (change, status, code) in [
        (vec![("unit", json!(PROVINCE))], 403, "out_of_jurisdiction"),
        (vec![("unit", json!("nowhere"))], 404, "not_found"),
        (vec![("unit", json!("a\0b"))], 422, "body_invalid"),
        (vec![("date", json!("1403/12/31"))], 422, "body_invalid"),
        (vec![("date", json!("1500/01/01"))], 422, "date_out_of_reach"),
        (vec![("reason", json!("  "))], 422, "reason_needed"),
        (vec![("calendar", json!("moon"))], 404, "not_found"),
        (vec![("hours", hours("12:00", "11:00"))], 422, "body_invalid"),
        (vec![("hours", hours("24:30", "24:40"))], 422, "body_invalid"),
    ] {
        for path in ["/closures", "/closures/preview"] {
            let close = close(&change);
            let asked = if path == "/closures" { close } else { json!({ "close": close }) };
            let answer = service.post(path, &keeper, &asked).await;
            assert_eq!((answer.status, answer.code()), (status, code), "{path} {change:?}");
        }
    }
    let refused = service.post("/closures", &officer, &close(&[])).await;
    assert_eq!((refused.status, refused.code()), (403, "not_permitted"), "{refused:?}");
    let part = close(&[("hours", hours("12:00", "14:30"))]);
    let closed = service.post("/closures", &keeper, &part).await;
    assert_eq!(closed.body["closure"]["hours"]["from"], "12:00", "{closed:?}");
    let neither = service.post("/closures/preview", &keeper, &json!({})).await;
    assert_eq!((neither.status, neither.code()), (422, "body_invalid"));
}

#[tokio::test]
async fn a_calendar_is_published_for_what_lies_ahead() {
    let service = Service::start().await;
    let keeper = service.hires("the keeper", "calendar_keeper", "ir").await;
    let keeper = service.token(keeper, "the.keeper", &Scope::ALL).await;
    let publish = async |path: &str, source: &str| {
        service.post(path, &keeper, &json!({ "source": source })).await
    };
    let closed = |date: &str| {
        let row = format!(
            "closures:\n  - {{ name: {{ fa: تعطیل, en: Closed }}, date: {date}, certainty: assumption }}\n"
        );
        let text = CALENDAR.replacen("closures: []\n", &row, 1);
        assert_ne!(text, CALENDAR);
        text
    };
    // What is in force already is published before.
    let same = publish("/calendars", CALENDAR).await;
    assert_eq!((same.status, &same.body["new"]), (201, &json!(false)), "{same:?}");
    // What is wrong is told with its place, and published is nothing.
    let broken = CALENDAR.replacen("closures: []\n", "closures: [{ date: someday }]\n", 1);
    let refused = publish("/calendars", &broken).await;
    assert_eq!((refused.status, refused.code()), (422, "calendar_unsound"), "{refused:?}");
    assert!(refused.body["faults"][0]["line"].is_u64(), "{refused:?}");
    let checked = publish("/calendars/check", &broken).await;
    assert_eq!((checked.status, &checked.body["sound"]), (200, &json!(false)), "{checked:?}");
    let past = publish("/calendars", &closed("1402/12/01")).await;
    assert_eq!((past.status, past.code()), (409, "calendar_past"), "{past:?}");
    assert!(past.body["detail"].as_str().unwrap().contains("2024-02-20"), "{past:?}");
    assert_eq!(
        service.get("/calendars", &keeper).await.body["items"][0]["version"],
        same.body["version"]
    );

    // The day of a deadline is closed: it moves.
    let day = last_day(&service).await;
    let case = service.office.opened().await;
    let deadline = |case: &Case| case.tasks[0].clock.as_ref().unwrap().deadline.unwrap();
    let newer = closed(&day);
    let sound = publish("/calendars/check", &newer).await;
    assert_eq!(sound.body["sound"], true, "{sound:?}");
    let done = publish("/calendars", &newer).await;
    assert_eq!((done.status, &done.body["new"]), (201, &json!(true)), "{done:?}");
    assert_eq!(done.body["version"], sound.body["version"]);
    let job = service.get(&format!("/jobs/{}", done.body["job"]), &keeper).await;
    assert_eq!(job.status, 200, "{job:?}");
    let (_stop, shutdown) = Shutdown::new();
    drain(&service.office.store, WorkerOptions::default(), &shutdown).await.unwrap();
    let after = service.office.store.case(case.id).await.unwrap();
    assert!(deadline(&after) > deadline(&case));

    // Only who keeps the calendars of the whole organisation, or administers it.
    for (role, unit, status) in
        [("calendar_keeper", PROVINCE, 403), ("manager", "ir", 403), ("administrator", "ir", 201)]
    {
        let name = format!("{role} {unit}");
        let person = service.hires(&name, role, unit).await;
        let token = service.token(person, &name, &Scope::ALL).await;
        let answer = service.post("/calendars", &token, &json!({ "source": newer })).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
}
