//! `parvaneh audit bundle`: what the database gives out passes the verifier, until somebody has changed the past.

use std::fs;

use serde_json::json;

use super::installation::Installation;

#[test]
fn an_auditor_verifies_what_is_given_out_and_finds_what_was_changed() {
    let here = Installation::sandbox();
    here.people(&[("Ali", "county_officer@2301"), ("سارا", "")]);
    here.json(["clock", "freeze"]);
    here.json(["clock", "set", "1450/02/03 09:00"]);
    let nothing = here.folder().join("nothing.jsonl").display().to_string();
    assert_eq!(here.refused(["audit", "bundle", &nothing]), "no-checkpoint");
    let open = |subject: &str| {
        here.json([
            "case",
            "open",
            "ngo-establishment",
            "--unit",
            "2301",
            "--applicant",
            "سارا",
            "--as",
            "Ali",
            "--subject",
            subject,
        ]);
    };
    open("خیریه مهر");

    let file = |name: &str| here.folder().join(name).display().to_string();
    let first = file("first.jsonl");
    let made = here.json(["audit", "bundle", &first]);
    assert_eq!((&made["cases"], &made["events"], &made["size"]), (&json!(1), &json!(1), &json!(1)));
    let key = fs::read_to_string(here.folder().join("signer/key.pub")).expect("a key");
    let key = key.trim();
    here.run(["audit", "verify", &first, "--key", key]).ends(0);
    // What is there is not written over.
    assert_eq!(here.refused(["audit", "bundle", &first]), "file-exists");
    let kept = here.json(["audit", "checkpoint"]);
    let since = file("since.txt");
    fs::write(&since, kept["note"].as_str().expect("a note")).expect("it is kept");

    // The log grows, and the auditor sees that it has only grown.
    open("خیریه یاری");
    let second = file("second.jsonl");
    here.json(["audit", "bundle", &second, "--since", &since, "--unit", "23"]);
    here.run(["audit", "verify", &second, "--key", key, "--since", &since]).ends(0);

    // Somebody changes what happened.
    here.as_superuser(
        "alter table case_events disable trigger all;
         update case_events set body = replace(body::text, 'خیریه مهر', 'خیریه قهر')::json;
         alter table case_events enable trigger all",
    );
    let third = file("third.jsonl");
    here.json(["audit", "bundle", &third]);
    here.run(["audit", "verify", &third, "--key", key]).ends(12);
}
