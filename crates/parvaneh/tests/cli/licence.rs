//! The register of licences from the command line.

use serde_json::json;

use super::installation::Installation;

/// A procedure of one step that grants an activity licence.
const GRANT: &str = "
workflow: permit
version: 1
title: { fa: مجوز, en: Permit }
opens_at: county
calendar: ir
statutory: { term: 30 d, starts: opened, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open] }
steps:
  decision:
    title: { fa: تصمیم, en: Decision }
    owner: county_officer
    term: 5 d
    basis: assumption
    actions:
      grant: { title: { fa: صدور, en: Grant }, to: granted }
ends:
  granted: { title: { fa: صدور, en: Granted }, decision: yes, outcome: granted, licence: { kind: activity, valid: 36 mo } }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

const OPEN: [&str; 10] = [
    "case",
    "open",
    "--unit",
    "2301",
    "--subject",
    "مهد یاس",
    "--applicant",
    "سارا",
    "--as",
    "Ali",
];

fn open(here: &Installation, workflow: &str, more: &[&str]) -> crate::Run {
    let mut command = here.program();
    crate::finish(command.args(OPEN).arg(workflow).args(more).arg("--json"))
}

fn granted(here: &Installation) -> (String, String) {
    let case = open(here, "permit", &[]).ends(0).json();
    let case = case["case"]["id"].as_str().expect("an identifier").to_owned();
    let done = here.json(["case", "act", &case, "grant", "--as", "Ali"]);
    let number = &done["case"]["place"]["end"]["change"]["licence"]["number"];
    (case, number.as_str().expect("a number").to_owned())
}

#[test]
fn a_licence_is_granted_listed_shown_and_renewed() {
    let here = Installation::sandbox();
    here.people(&[("Ali", "county_officer@2301"), ("سارا", ""), ("Reza", "")]);
    let file = here.folder().join("permit.yaml");
    std::fs::write(&file, GRANT).expect("a file");
    here.json(["workflow", "publish", &file.display().to_string()]);
    here.json(["clock", "freeze"]);
    // A Saturday.
    here.json(["clock", "set", "1450/02/03 09:00"]);
    let (case, number) = granted(&here);
    let (_, other) = granted(&here);
    assert!(number.starts_with("1450-2301-"), "{number}");

    let listed = here.json(["licence", "list", "--unit", "23", "--holder", "سارا"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(listed[0]["standing"], "in_force");
    let first = listed[0]["number"].as_str().expect("a number");
    let rest = here.json(["licence", "list", "--after", first, "--limit", "1"]);
    assert_eq!(rest[0]["number"], listed[1]["number"]);
    assert_eq!(here.json(["licence", "list", "--holder", "Reza"]), json!([]));
    assert_eq!(here.json(["licence", "list", "--state", "revoked"]), json!([]));
    assert_eq!(here.json(["licence", "list", "--expires-until", "1453/02/02"]), json!([]));
    let people = here.run(["licence", "list"]).ends(0).out;
    assert!(people.contains("1453/02/03") && people.contains("in force"), "{people}");

    // In whichever way somebody types the number.
    let typed = number.to_lowercase();
    let shown = here.json(["licence", "show", &typed]);
    assert_eq!(
        (&shown["number"], &shown["valid_until"], &shown["history"][0]["case"]),
        (&json!(number), &json!("2074-04-22"), &json!(case))
    );
    let people = here.run(["licence", "show", &number, "--lang", "fa"]).ends(0).out;
    assert!(people.contains("معتبر") && people.contains("صدور"), "{people}");
    assert_eq!(here.refused(["licence", "show", "1450-2301-00000-00000"]), "unknown_licence");
    here.run(["licence", "show", "17/400"]).ends(2);

    here.json(["clock", "set", "1453/02/03 09:00"]);
    // On the last day of its validity. A renewal is about it; a second one waits for its decision.
    let values = ["--set", "moved=no", "--set", "phone=09121234567"];
    let renew = |about: &[&str]| open(&here, "renewal", &[about, &values].concat());
    assert_eq!(renew(&[]).ends(1).error_code(), "about_needed");
    assert_eq!(
        renew(&["--about", "1450-2301-00000-00000"]).ends(1).error_code(),
        "unknown_licence"
    );
    assert_eq!(renew(&["--about", &case]).ends(1).error_code(), "about_unwanted");
    renew(&["--about", "17/400"]).ends(2);
    let renewal = renew(&["--about", &number]).ends(0).json();
    let renewal = renewal["case"]["id"].as_str().expect("an identifier").to_owned();
    assert_eq!(renew(&["--about", &number]).ends(1).error_code(), "another_running");
    let shown = here.run(["case", "show", &renewal]).ends(0).out;
    assert!(shown.contains(&format!("about      licence {number} (activity)")), "{shown}");
    let shown = here.run(["case", "show", &case]).ends(0).out;
    assert!(
        shown.contains(&format!("licence {number} granted, valid until 1453/02/03")),
        "{shown}"
    );
    let timeline = here.run(["case", "timeline", &renewal]).ends(0).out;
    assert!(timeline.contains(&format!("about licence {number}")), "{timeline}");
    let shown = here.run(["licence", "show", &number]).ends(0).out;
    assert!(shown.contains("not decided yet") && shown.contains(&renewal), "{shown}");

    // After its last day it counts until then; the other does not.
    here.json(["clock", "set", "1453/02/04 09:00"]);
    assert_eq!(here.json(["licence", "show", &other])["standing"], "expired");
    let shown = here.json(["licence", "show", &number]);
    assert_eq!(
        (&shown["standing"], &shown["stays_in_force_for"]),
        (&json!("in_force"), &json!(renewal))
    );
    assert_eq!(renew(&["--about", &other]).ends(1).error_code(), "licence_expired");
}
