//! Publishing workflows through the API, moving cases to a new version, and what runs by itself.

use parvaneh_store::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    sittings::HEARING,
    store_fixture::{COUNTY, PROVINCE},
    web_fixture::{Service, answered, with_json},
};

async fn administrator(service: &Service, unit: &str) -> String {
    let name = format!("administrator of {unit}");
    let person = service.hires(&name, "administrator", unit).await;
    service.token(person, &format!("admin.{unit}"), &Scope::ALL).await
}

#[tokio::test]
async fn a_workflow_is_checked_and_published_once_and_its_problems_have_their_places() {
    let service = Service::start().await;
    let admin = administrator(&service, "ir").await;
    let checked = service.post("/workflows/check", &admin, &json!({ "source": HEARING })).await;
    assert_eq!((checked.status, &checked.body["sound"]), (200, &json!(true)), "{checked:?}");
    let before = service.get("/workflows", &admin).await;
    assert!(!before.body.to_string().contains("\"hearing\""), "a check publishes nothing");

    let wrong = HEARING.replace("owner: county_officer", "owner: county_offcer");
    let line = wrong.lines().position(|line| line.contains("county_offcer")).unwrap() + 1;
    let checked = service.post("/workflows/check", &admin, &json!({ "source": wrong })).await;
    assert_eq!(checked.body["sound"], false, "{checked:?}");
    assert_eq!(checked.body["problems"][0]["line"], line, "{checked:?}");
    let refused = service.post("/workflows", &admin, &json!({ "source": wrong })).await;
    assert_eq!((refused.status, refused.code()), (422, "definition_unsound"), "{refused:?}");
    assert_eq!(refused.body["faults"][0]["line"], line);
    assert_eq!(refused.body["faults"][0]["pointer"], "/source");
    let nonsense = service.post("/workflows", &admin, &json!({ "source": "[" })).await;
    assert_eq!((nonsense.status, nonsense.code()), (422, "definition_unsound"), "{nonsense:?}");
    let moon = HEARING.replace("calendar: ir", "calendar: moon");
    let moon = service.post("/workflows", &admin, &json!({ "source": moon })).await;
    assert_eq!((moon.status, moon.code()), (422, "definition_unsound"), "{moon:?}");

    let asked = json!({ "source": HEARING });
    let published = service.post("/workflows", &admin, &asked).await;
    assert_eq!((published.status, &published.body["new"]), (201, &json!(true)), "{published:?}");
    let again = service.post("/workflows", &admin, &asked).await;
    assert_eq!((again.status, &again.body["new"]), (201, &json!(false)), "{again:?}");
    let other = json!({ "source": HEARING.replace("30 d", "40 d") });
    let taken = service.post("/workflows", &admin, &other).await;
    assert_eq!((taken.status, taken.code()), (409, "version_taken"), "{taken:?}");

    // Its scenarios are lived through.
    let scenario = "title: { fa: ناشناخته, en: Unknown }\nnothing: here\n";
    let lived = json!({ "source": HEARING, "scenarios": [scenario] });
    let lived = service.post("/workflows/check", &admin, &lived).await;
    assert_eq!(lived.body["scenarios"][0]["passed"], false, "{lived:?}");
    assert!(lived.body["scenarios"][0]["problems"][0]["line"].is_u64());

    let retired = "/workflows/hearing/1/retired";
    let out = service.ask(Method::PUT, retired, &admin, None).await;
    assert!(out.body["retired_at"].is_string(), "{out:?}");
    let back = service.ask(Method::DELETE, retired, &admin, None).await;
    assert_eq!((back.status, &back.body["retired_at"]), (200, &Value::Null), "{back:?}");
    let none = service.ask(Method::PUT, "/workflows/hearing/9/retired", &admin, None).await;
    assert_eq!((none.status, none.code()), (404, "not_found"));
    // Who administers a province publishes nothing.
    let province = administrator(&service, PROVINCE).await;
    let refused = service.post("/workflows", &province, &asked).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"), "{refused:?}");
}

#[tokio::test]
async fn running_cases_move_to_another_version_after_a_look_at_them() {
    let service = Service::start().await;
    let admin = administrator(&service, "ir").await;
    let case = service.office.opened().await.id;
    let source = service.get("/workflows/ngo-establishment/1", &admin).await;
    let source = source.body["source"].as_str().unwrap().to_owned();
    let second =
        source.replacen("version: 1", "version: 2", 1).replacen("fa: سازمان", "fa: نهاد", 1);
    let published = service.post("/workflows", &admin, &json!({ "source": second })).await;
    assert_eq!(published.status, 201, "{published:?}");
    let differences = "/workflows/ngo-establishment/differences?from=1&to=2";
    let differences = service.get(differences, &admin).await;
    let paths: Vec<_> = differences.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert!(paths.contains(&"version"), "{paths:?}");

    let mapping = service.get("/workflows/ngo-establishment/mapping?from=1&to=2", &admin).await;
    let mapping = mapping.body["mapping"].as_str().unwrap().to_owned();
    let wrong = json!({ "mapping": mapping.replace("statutory: keep", "statutory: perhaps") });
    let unsound = service.post("/migrations", &admin, &wrong).await;
    assert_eq!((unsound.status, unsound.code()), (422, "mapping_unsound"), "{unsound:?}");
    assert!(unsound.body["faults"][0]["line"].is_u64());
    let nowhere = json!({ "mapping": mapping, "unit": "nowhere" });
    assert_eq!(service.post("/migrations/preview", &admin, &nowhere).await.status, 404);

    let asked = json!({ "mapping": mapping, "unit": COUNTY });
    let preview = service.post("/migrations/preview", &admin, &asked).await;
    assert_eq!((preview.status, &preview.body["cases"]), (200, &json!(1)), "{preview:?}");
    assert_eq!(preview.body["first"], json!([]), "an administrator sees no case");
    assert_eq!(service.office.store.case(case).await.unwrap().version, 1);

    let request = with_json(service.request(Method::POST, "/migrations"), &asked)
        .header("authorization", format!("Bearer {admin}"))
        .header("idempotency-key", "to the second");
    let begun = answered(request.try_clone().unwrap()).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let repeated = answered(request).await;
    assert_eq!(repeated.body["job"], begun.body["job"], "one job for one key");
    while service.office.store.advance_job(None, 10).await.unwrap().is_some() {}
    let job = service.get(&format!("/jobs/{}", begun.body["job"]), &admin).await;
    assert_eq!(
        (&job.body["kind"], &job.body["changed"]),
        (&json!("migrate"), &json!(1)),
        "{job:?}"
    );
    assert_eq!(service.office.store.case(case).await.unwrap().version, 2);
    let jobs = service.get("/jobs", &admin).await;
    assert_eq!(jobs.body["items"][0]["id"], begun.body["job"], "{jobs:?}");
    let province = administrator(&service, PROVINCE).await;
    assert!(service.get("/jobs", &province).await.body["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn units_are_added_and_changed_and_stay_a_tree() {
    let service = Service::start().await;
    let admin = administrator(&service, "ir").await;
    let unit = |id: &str, parent: Value, level: &str| {
        json!({ "id": id, "parent": parent, "level": level,
                "title": { "fa": "شهرستان نو", "en": "New county" } })
    };
    let units = |unit: Value| json!({ "units": [unit] });
    let before = service.get("/units", &admin).await.body["items"].as_array().unwrap().len();
    let put = async |body: &Value| service.ask(Method::PUT, "/units", &admin, Some(body)).await;
    let new = units(unit("2399", json!(PROVINCE), "county"));
    let saved = put(&new).await;
    assert_eq!((saved.status, &saved.body["units"]), (200, &json!(before + 1)), "{saved:?}");
    let below = service.get(&format!("/units?parent={PROVINCE}"), &admin).await;
    assert!(below.body["items"].as_array().unwrap().iter().any(|one| one["id"] == "2399"));
    // What was known of the others stays.
    let known = service.office.store.unit_rows().await.unwrap();
    assert!(known.iter().filter(|row| row.population.is_some()).count() > 10);
    for (wrong, code) in [
        (units(unit("2399", json!("nowhere"), "county")), "unit_tree"),
        (units(unit("other", Value::Null, "national")), "unit_tree"),
        (units(unit("a\0b", json!(PROVINCE), "county")), "body_invalid"),
        (units(unit("2399", json!(PROVINCE), "village")), "body_invalid"),
        (json!({ "units": [] }), "body_invalid"),
    ] {
        let answer = put(&wrong).await;
        assert_eq!((answer.status, answer.code()), (422, code), "{wrong}: {answer:?}");
    }
    let parked = service.get("/parked-cases", &admin).await;
    assert_eq!(parked.body["items"], json!([]), "{parked:?}");
}
