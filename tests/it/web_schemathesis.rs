//! The service against its own description, by schemathesis: what it makes up from the description
//! finds no failure of the service, and no answer that the description does not know.

use std::{process::Stdio, time::Duration};

use parvaneh_core::{Grant, RoleId, UnitId};

use crate::{python::python, store_fixture::holder, web_fixture::Service};

/// One who may everything: what he sends is not refused before it is looked at.
const ROLES: &[&str] = &[
    "administrator",
    "manager",
    "auditor",
    "calendar_keeper",
    "county_officer",
    "county_head",
    "secretariat",
    "agency.police",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_up_from_the_description_finds_nothing_that_it_does_not_say() {
    let service = Service::start().await;
    let case = service.office.opened().await;
    let person = service.hires("everybody", ROLES[0], "ir").await;
    let grants = ROLES
        .iter()
        .map(|role| (person, Grant { role: RoleId::from(*role), unit: UnitId::from("ir") }));
    service.office.store.grant(grants.collect()).await.unwrap();
    let token = service.token_of("everybody").await;

    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("schemathesis.toml");
    let (case, head) = (case.id, holder("county_head"));
    let mut text = format!(
        "[parameters]\ncase = \"{case}\"\nperson = \"{head}\"\n\n[headers]\nAuthorization = \"Bearer {token}\"\n",
    );
    // It asks again for what it has seen in answers: not its own token and account shall end by that.
    for path in ["/tokens/{id}", "/people/{id}/disabled", "/people/{id}/roles"] {
        text += &format!(
            "\n[[operations]]\ninclude-path = \"/api/v1{path}\"\nparameters = {{ id = \"{head}\" }}\n"
        );
    }
    std::fs::write(&settings, text).unwrap();
    // What is not asked: `ignored_auth` counts a cookie made up beside a token that is right, and
    // `negative_data_rejection` a case given here as one made up.
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
        response_headers_conformance,response_schema_conformance,unsupported_method";
    let run = python("schemathesis")
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(&settings)
        .args(["run", &format!("{}/api/v1/openapi.json", service.url)])
        // Streams have no end; web_events hears them.
        .args(["--exclude-path", "/api/v1/cases/{case}/events"])
        .args(["--exclude-path", "/api/v1/worklist/events"])
        .args(["--checks", checks, "--phases", "examples,coverage,fuzzing", "--no-color"])
        .args(["--seed", "1404", "--max-examples", "20", "--workers", "1"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output();
    let run = tokio::time::timeout(Duration::from_secs(500), run).await.expect("it takes too long");
    let run = run.expect("python3: `./run setup` installs what the tests need");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    // It has not taken its own rights away on the way.
    assert_eq!(service.get("/cases", &token).await.status, 200, "{said}");
}
