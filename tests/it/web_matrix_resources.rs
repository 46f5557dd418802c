//! Who may do what with the resources that are no cases: rows of the matrix, and what they ask for.

use std::sync::OnceLock;

use chrono::TimeDelta;
use parvaneh_core::{
    CaseId, Definition, DelegationId, Grant, Place, SittingId, migration::starter,
};
use parvaneh_store::{
    Ask, Change, ClosedDay, Closing, ExportScope, NewAbsence, NewDelegation, NewExport,
    NewSittings, NewWebhook,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    licences,
    sittings::HEARING,
    store_fixture::{COUNTY, Office, PROVINCE, holder, start},
    web_matrix::{Cells, Let},
};

/// A sitting of the commission of the province.
const SITTING: Uuid = Uuid::from_u128(0x5177);
/// A role that an officer of the county lends.
const DELEGATION: Uuid = Uuid::from_u128(0xde1e);
/// A program that is told of events.
const WEBHOOK: Uuid = Uuid::from_u128(0x3eb);
/// The case by which a licence is granted.
const GRANT: Uuid = Uuid::from_u128(0x94a7);
/// A case that the worker could not treat.
const PARKED: Uuid = Uuid::from_u128(0xbad);
/// The licence that was granted.
static LICENCE: OnceLock<String> = OnceLock::new();
/// An export of the auditor of the province, which waits.
const EXPORT: Uuid = Uuid::from_u128(0xe4b0);
/// An absence of that officer.
const ABSENCE: Uuid = Uuid::from_u128(0xab5e);

/// A newer text of the calendar, by which every day is as it was.
fn calendar() -> Value {
    json!({ "source": format!("{}\n# newer\n", crate::store_fixture::CALENDAR) })
}

/// What everybody asks for besides cases: a sitting in ten days.
pub(crate) async fn furnish(office: &Office) {
    let store = &office.store;
    store.publish_definition(&"hearing".into(), 1, HEARING).await.unwrap();
    store.publish_definition(&"hearing".into(), 2, &second_hearing()).await.unwrap();
    let webhook = NewWebhook {
        id: WEBHOOK,
        url: "https://receiver.example/".to_owned(),
        secret: "whsec_good".to_owned(),
        workflow: Some("establish".into()),
        unit: None,
        kinds: vec!["opened".to_owned()],
        with_values: false,
    };
    store.add_webhook(webhook).await.unwrap();
    licences::publish(office).await;
    let mut opening = licences::opening("establish", None);
    if let Ask::Open { application, .. } = &mut opening.ask {
        application.case = CaseId(GRANT);
    }
    store.execute(opening).await.unwrap();
    let granted = licences::decide(store, CaseId(GRANT), "granted").await.unwrap();
    let Place::End { change: Some(change), .. } = granted.place else { panic!("it has ended") };
    sqlx::query("update deliveries set state = 'failed', ended_at = now() where target = $1")
        .bind(WEBHOOK)
        .execute(&mut office.as_admin().await)
        .await
        .unwrap();
    LICENCE.get_or_init(|| change.licence.number.to_string());
    sqlx::query(
        "insert into parked_cases (case_id, seq, code, error, parked_at)
         values ($1, 1, 'case_poisoned', 'a test', now())",
    )
    .bind(PARKED)
    .execute(&mut office.as_admin().await)
    .await
    .unwrap();
    let sitting = (SittingId(SITTING), start() + TimeDelta::days(10));
    let sittings = NewSittings {
        unit: PROVINCE.into(),
        members: "commission_member".into(),
        sittings: vec![sitting],
        cut_off: None,
        place: "Hall".to_owned(),
        capacity: 3,
        skip_closed: false,
    };
    store.plan_sittings(holder("secretariat"), sittings).await.unwrap();
    let day = ClosedDay {
        calendar: "ir".into(),
        unit: COUNTY.into(),
        date: "2030-01-01".parse().unwrap(),
        hours: None,
    };
    let closing = Closing { day, reason: "snow".to_owned(), by: None };
    store.change_closures(Change::Close(closing)).await.unwrap();
    let officer = holder("county_officer");
    let grant = Grant { role: "county_officer".into(), unit: COUNTY.into() };
    let lent = NewDelegation {
        id: DelegationId(DELEGATION),
        by: officer,
        from: officer,
        to: holder("secretariat"),
        grant,
        workflows: Vec::new(),
        starts: None,
        until: start() + TimeDelta::days(20),
        reason: "leave".to_owned(),
    };
    store.delegate(lent).await.unwrap();
    let absence = NewAbsence {
        id: ABSENCE,
        by: officer,
        person: officer,
        starts: Some(start() + TimeDelta::days(5)),
        until: start() + TimeDelta::days(9),
        reason: "leave".to_owned(),
        substitute: None,
    };
    store.absent(absence).await.unwrap();
    let auditor = holder("own auditor");
    store.save_people(vec![(auditor, "own auditor".to_owned())]).await.unwrap();
    let export = NewExport {
        id: EXPORT,
        asker: auditor,
        scope: ExportScope::default(),
        format: "csv".to_owned(),
        options: json!({}),
        reason: "because".to_owned(),
        streamed: false,
    };
    store.begin_export(export).await.unwrap();
}

/// The same procedure once more, as its second version.
fn second_hearing() -> String {
    HEARING.replace("version: 1", "version: 2")
}

pub(crate) fn rows() -> Vec<Cells> {
    let row = |operation: &'static str, path: &str, body: Value, lets: Let| Cells {
        operation,
        path: path.to_owned(),
        body: Some(body).filter(|body| !body.is_null()),
        lets,
    };
    let none = Value::Null;
    let reason = || json!({ "reason": "because" });
    let sitting = format!("/sittings/{SITTING}");
    let officer = holder("county_officer").to_string();
    // Who sees what concerns the work of an officer: who assigns it, who administers him.
    let overseers = Let::Hidden(&["own head", "own administrator"]);
    let assigner = || Let::Of(&["own head"], &["own administrator"]);
    let close = json!({ "unit": COUNTY, "date": "2030-01-02", "reason": "snow" });
    let month = start() + TimeDelta::days(30);
    let lend = json!({ "from": officer, "to": holder("second_member").to_string(),
                       "role": "county_officer", "unit": COUNTY, "until": month, "reason": "leave" });
    let away = json!({ "person": officer, "starts": start() + TimeDelta::days(12), "until": month,
                       "reason": "leave" });
    let licence = LICENCE.get().map_or("none", String::as_str);
    let second = Definition::parse("v2", &second_hearing()).unwrap();
    let mapping = starter(&Definition::parse("v1", HEARING).unwrap(), &second);
    let figures = || Let::Only(&["own auditor", "own manager", "own administrator"]);
    let the_administrator = || Let::Only(&["the administrator"]);
    let unit = json!({ "units": [{ "id": "2399", "parent": PROVINCE, "level": "county",
                                   "title": { "fa": "نو", "en": "New" } }] });
    let own_administrator = || Let::Only(&["own administrator"]);
    vec![
        row("get /licences", "/licences", none.clone(), Let::Everybody),
        row(
            "get /licences/{number}",
            &format!("/licences/{licence}"),
            none.clone(),
            Let::Hidden(&["own officer", "own auditor", "own manager", "applicant"]),
        ),
        row(
            "get /licences/{number}/paper",
            &format!("/licences/{licence}/paper"),
            none.clone(),
            Let::Hidden(&["own officer", "own auditor", "own manager", "applicant"]),
        ),
        row("post /workflows", "/workflows", json!({ "source": HEARING }), the_administrator()),
        row(
            "post /workflows/check",
            "/workflows/check",
            json!({ "source": HEARING }),
            the_administrator(),
        ),
        row(
            "put /workflows/{id}/{version}/retired",
            "/workflows/hearing/1/retired",
            none.clone(),
            the_administrator(),
        ),
        row(
            "delete /workflows/{id}/{version}/retired",
            "/workflows/hearing/1/retired",
            none.clone(),
            the_administrator(),
        ),
        row(
            "get /workflows/{id}/differences",
            "/workflows/hearing/differences?from=1&to=2",
            none.clone(),
            Let::Everybody,
        ),
        row(
            "get /workflows/{id}/mapping",
            "/workflows/hearing/mapping?from=1&to=2",
            none.clone(),
            Let::Everybody,
        ),
        row("post /migrations", "/migrations", json!({ "mapping": mapping }), the_administrator()),
        row(
            "post /migrations/preview",
            "/migrations/preview",
            json!({ "mapping": mapping }),
            the_administrator(),
        ),
        row(
            "get /figures/ranking",
            &format!("/figures/ranking?workflow=ngo-establishment&field=capital&unit={COUNTY}"),
            none.clone(),
            figures(),
        ),
        row(
            "get /figures/workload",
            &format!("/figures/workload?period=1403&unit={COUNTY}"),
            none.clone(),
            figures(),
        ),
        row("get /exports", "/exports", none.clone(), Let::Everybody),
        row(
            "post /exports",
            "/exports",
            json!({ "format": "csv", "reason": "because" }),
            // Whoever sees a case at work.
            Let::Only(&[
                "own officer",
                "own head",
                "sibling officer",
                "sibling head",
                "own province",
                "other province",
                "the nation",
                "own auditor",
                "other auditor",
                "own manager",
                "other manager",
            ]),
        ),
        row(
            "get /exports/{id}",
            &format!("/exports/{EXPORT}"),
            none.clone(),
            Let::Hidden(&["own auditor"]),
        ),
        row(
            "get /exports/{id}/content",
            &format!("/exports/{EXPORT}/content"),
            none.clone(),
            // It is not written yet (409).
            Let::Of(&["own auditor"], &[]),
        ),
        row(
            "delete /exports/{id}",
            &format!("/exports/{EXPORT}"),
            none.clone(),
            Let::Hidden(&["own auditor"]),
        ),
        row("get /notices", "/notices", none.clone(), Let::Everybody),
        row("post /notices/read", "/notices/read", json!({ "until": start() }), Let::Everybody),
        row("get /notice-preferences", "/notice-preferences", none.clone(), Let::Everybody),
        row(
            "put /notice-preferences",
            "/notice-preferences",
            json!({ "language": "fa", "digest_at": "08:00" }),
            Let::Everybody,
        ),
        row("get /deliveries", "/deliveries", none.clone(), the_administrator()),
        row(
            "post /deliveries/{id}/retry",
            &format!("/deliveries/webhook:{GRANT}:{WEBHOOK}:1/retry"),
            none.clone(),
            the_administrator(),
        ),
        row("post /deliveries/retry", "/deliveries/retry", none.clone(), the_administrator()),
        row("get /webhooks", "/webhooks", none.clone(), the_administrator()),
        row(
            "post /webhooks",
            "/webhooks",
            json!({ "url": "https://receiver.example/", "secret": "whsec_good" }),
            the_administrator(),
        ),
        row(
            "get /webhooks/{id}/deliveries",
            &format!("/webhooks/{WEBHOOK}/deliveries"),
            none.clone(),
            the_administrator(),
        ),
        row(
            "post /webhooks/{id}/test",
            &format!("/webhooks/{WEBHOOK}/test"),
            none.clone(),
            the_administrator(),
        ),
        row(
            "put /webhooks/{id}/paused",
            &format!("/webhooks/{WEBHOOK}/paused"),
            none.clone(),
            the_administrator(),
        ),
        row(
            "delete /webhooks/{id}/paused",
            &format!("/webhooks/{WEBHOOK}/paused"),
            none.clone(),
            the_administrator(),
        ),
        row(
            "delete /webhooks/{id}",
            &format!("/webhooks/{WEBHOOK}"),
            none.clone(),
            the_administrator(),
        ),
        row("get /parked-cases", "/parked-cases", none.clone(), the_administrator()),
        row(
            "post /parked-cases/{case}/retry",
            &format!("/parked-cases/{PARKED}/retry"),
            none.clone(),
            the_administrator(),
        ),
        row("put /units", "/units", unit, the_administrator()),
        row("get /calendars", "/calendars", none.clone(), Let::Everybody),
        row("post /calendars", "/calendars", calendar(), Let::Only(&["the administrator"])),
        row(
            "post /calendars/check",
            "/calendars/check",
            calendar(),
            Let::Only(&["the administrator"]),
        ),
        row(
            "get /calendars/{id}/days",
            &format!("/calendars/ir/days?period=1403/02&unit={COUNTY}"),
            none.clone(),
            Let::Everybody,
        ),
        row("get /closures", "/closures", none.clone(), Let::Everybody),
        row("get /closures/{no}", "/closures/1", none.clone(), Let::Everybody),
        row("post /closures", "/closures", close.clone(), Let::Only(&["own keeper"])),
        row(
            "post /closures/preview",
            "/closures/preview",
            json!({ "close": close }),
            Let::Only(&["own keeper"]),
        ),
        row(
            "post /closures/{no}/withdrawal",
            "/closures/1/withdrawal",
            reason(),
            Let::Once(&["own keeper"]),
        ),
        row("get /jobs", "/jobs", none.clone(), Let::Everybody),
        row(
            "get /jobs/{id}",
            "/jobs/1",
            none.clone(),
            Let::Hidden(&["own keeper", "the administrator"]),
        ),
        row("get /delegations", "/delegations", none.clone(), Let::Everybody),
        row("get /delegations", &format!("/delegations?person={officer}"), none.clone(), overseers),
        row(
            "get /delegations",
            &format!("/delegations?unit={COUNTY}"),
            none.clone(),
            own_administrator(),
        ),
        row(
            "get /delegations/{id}",
            &format!("/delegations/{DELEGATION}"),
            none.clone(),
            Let::Hidden(&["own head", "own administrator"]),
        ),
        row("post /delegations", "/delegations", lend, assigner()),
        row(
            "post /delegations/{id}/revocation",
            &format!("/delegations/{DELEGATION}/revocation"),
            reason(),
            assigner(),
        ),
        row("get /absences", "/absences", none.clone(), Let::Everybody),
        row(
            "get /absences",
            &format!("/absences?person={officer}"),
            none.clone(),
            Let::Hidden(&["own head", "own administrator"]),
        ),
        row(
            "get /absences",
            &format!("/absences?unit={COUNTY}"),
            none.clone(),
            own_administrator(),
        ),
        row("post /absences", "/absences", away, assigner()),
        row(
            "post /absences/{id}/end",
            &format!("/absences/{ABSENCE}/end"),
            none.clone(),
            assigner(),
        ),
        // The batch is answered item by item: see below.
        row(
            "post /cases/bulk",
            "/cases/bulk",
            json!({ "items": [{ "case": Uuid::nil(), "do": { "comment": { "text": "seen" } } }] }),
            Let::Everybody,
        ),
        row("get /sittings", "/sittings", none.clone(), Let::Everybody),
        row("get /sittings/room", "/sittings/room", none.clone(), Let::Everybody),
        row(
            "get /sittings/{id}",
            &sitting,
            none.clone(),
            Let::Hidden(&["own province", "own auditor", "own manager"]),
        ),
        row(
            "post /sittings",
            "/sittings",
            json!({ "unit": PROVINCE, "members": "commission_member", "place": "Hall",
                    "capacity": 3, "at": ["2024-05-10T06:30:00Z"] }),
            Let::Once(&["own province"]),
        ),
        row(
            "post /sittings/{id}/minutes",
            &format!("{sitting}/minutes"),
            json!({ "minutes": "1403/1" }),
            Let::Of(&["own province"], &["own auditor", "own manager"]),
        ),
        row(
            "post /sittings/{id}/cancellation",
            &format!("{sitting}/cancellation"),
            reason(),
            Let::Of(&["own province"], &["own auditor", "own manager"]),
        ),
    ]
}
