//! What every answer has in common, and the description of the API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    store_fixture::COUNTY,
    web_fixture::{Service, answered, with_json},
};

#[tokio::test]
async fn the_description_in_docs_is_the_one_that_is_served() {
    let service = Service::start().await;
    let served = answered(service.request(Method::GET, "/openapi.json")).await.body;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        served == kept,
        "docs/openapi.json is not current: parvaneh serve --describe > docs/openapi.json"
    );
    assert_eq!(served["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_operation_has_a_summary_and_every_error_says_its_codes() {
    let document = serde_json::to_value(parvaneh_web::api::document()).unwrap();
    let (mut operations, mut names) = (0, std::collections::BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} stands twice");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let said = response["description"].as_str().unwrap_or_default();
                let told = status.starts_with('2') || !said.is_empty();
                assert!(told, "{method} {path}: {status} says nothing");
                if status.as_str() >= "400" {
                    let problem = &response["content"]["application/problem+json"]["schema"];
                    assert_eq!(problem["$ref"], "#/components/schemas/Problem", "{path} {status}");
                }
                for code in said.split('`').skip(1).step_by(2) {
                    let known = parvaneh_web::problem::title(code).is_some()
                        || parvaneh_web::policy::ROLES.contains(&code);
                    assert!(known, "{method} {path}: {status} names the code '{code}'");
                }
            }
        }
    }
    assert!(operations > 30, "{operations}");
}

#[test]
fn the_example_of_every_body_is_a_body() {
    let document = serde_json::to_value(parvaneh_web::api::document()).unwrap();
    let mut bodies = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            let Some(name) = content["schema"]["$ref"].as_str() else {
                assert!(content.is_null(), "{method} {path}: its body has no name");
                continue;
            };
            let pointer = name.trim_start_matches('#');
            let example = document.pointer(pointer).map(|schema| schema["example"].clone());
            let example = example.filter(|example| !example.is_null());
            let example = example.unwrap_or_else(|| panic!("{method} {path} has no example"));
            let schema = serde_json::json!({ "$ref": name, "components": document["components"] });
            let faults = jsonschema::validator_for(&schema).unwrap();
            let faults: Vec<_> = faults.iter_errors(&example).map(|one| one.to_string()).collect();
            assert!(faults.is_empty(), "{method} {path}: {faults:?}");
            bodies += 1;
        }
    }
    assert!(bodies > 20, "{bodies}");
}

#[tokio::test]
async fn problems_are_told_in_the_language_of_the_request_with_every_fault() {
    let service = Service::start().await;
    let token = service.token_of("county_officer").await;
    let wrong = json!({ "unit": COUNTY, "workflow": "", "subject": 7, "x": 1 });
    let request = with_json(service.request(Method::POST, "/cases"), &wrong)
        .header("authorization", format!("Bearer {token}"));
    let answer = answered(request.try_clone().unwrap().header("accept-language", "fa-IR")).await;
    assert_eq!((answer.status, answer.code()), (422, "body_invalid"), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("content-language"), "fa");
    assert_eq!(answer.body["title"], "آنچه فرستاده‌اید نادرستی دارد");
    assert_eq!(answer.body["type"], "urn:parvaneh:problem:body_invalid");
    assert_eq!(answer.body["request_id"], answer.header("x-request-id"));
    let mut places: Vec<_> = answer.body["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    places.sort_unstable();
    let expected = [("", "additionalProperties"), ("/subject", "type"), ("/workflow", "minLength")];
    assert_eq!(places, expected);
    let english = answered(request.header("x-request-id", "from-the-proxy-1")).await;
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.body["request_id"], "from-the-proxy-1");
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_code() {
    let service = Service::with(|settings| settings.longest_body = 2_000).await;
    let token = service.token_of("county_officer").await;
    let post = |kind: &str, body: String| {
        let request = service.request(Method::POST, "/cases").header("content-type", kind);
        answered(request.header("authorization", format!("Bearer {token}")).body(body))
    };
    for (kind, body, status, code) in [
        ("application/json", "{".to_owned(), 400, "body_unreadable"),
        ("application/json", "[1]".to_owned(), 422, "body_invalid"),
        ("application/json", format!("{{\"a\":\"{}\"}}", "x".repeat(3_000)), 413, "body_too_long"),
        ("text/plain", "{}".to_owned(), 415, "media_type"),
    ] {
        let answer = post(kind, body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
    }
    for (method, path, status, code) in [
        (Method::GET, "/nothing", 404, "not_found"),
        (Method::PATCH, "/cases", 405, "method_not_allowed"),
        (Method::GET, "/cases/not-an-id", 404, "not_found"),
        (Method::GET, "/cases?limit=0", 400, "parameter_invalid"),
        (Method::GET, "/cases?limit=x", 400, "parameter_invalid"),
        (Method::GET, "/cases?nothing=1", 400, "parameter_invalid"),
        (Method::GET, "/cases?text=%00", 400, "parameter_invalid"),
        (Method::GET, "/worklist?after=x", 400, "parameter_invalid"),
    ] {
        let answer = service.ask(method.clone(), path, &token, None).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {path}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}
