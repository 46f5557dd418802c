//! Moving running cases to another version, as the operator does it.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Run, installation::Installation, repository};

/// A database with a case that waits in reception since Saturday, 1403/02/01, and another version, in
/// which reception is called intake and has ten days.
fn with_a_case() -> (Installation, TempDir, String) {
    let here = Installation::sandbox();
    here.people(&[("Applicant Ahmadi", ""), ("Officer Omidi", "county_officer@2301")]);
    here.jump("2024-04-20T06:30:00Z");
    let folder = tempfile::tempdir().expect("a folder");
    let second = folder.path().join("v2.yaml").display().to_string();
    let mut text = fs::read_to_string(repository("workflows/ngo-establishment/v1.yaml"))
        .expect("a definition");
    for (from, to) in [
        ("version: 1\n", "version: 2\n"),
        ("  reception:\n", "  intake:\n"),
        ("to: reception", "to: intake"),
        ("    term: 3 d\n", "    term: 10 d\n"),
        ("en: Reception and check of papers", "en: Intake"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    fs::write(&second, text).expect("a file");
    here.json(["workflow", "publish", &second]);
    let open = ["case", "open", "--as", "Officer Omidi", "--applicant", "Applicant Ahmadi"];
    let what = ["--unit", "2301", "--subject", "A charity", "--version", "1", "ngo-establishment"];
    let mut opening = here.program();
    let opened = super::finish(opening.args(open).args(what).arg("--json")).ends(0).json();
    let case = opened["case"]["id"].as_str().expect("an identifier").to_owned();
    (here, folder, case)
}

fn migrate(here: &Installation, more: &[&str]) -> Run {
    super::finish(here.program().args(["workflow", "migrate"]).args(more))
}

fn case_of(here: &Installation, case: &str) -> Value {
    here.json(["case", "show", case])
}

#[test]
fn cases_move_after_a_look_at_every_deadline() {
    let (here, folder, case) = with_a_case();
    let file = folder.path().join("mapping.yaml").display().to_string();
    let versions = ["--from", "ngo-establishment@1", "--to", "ngo-establishment@2"];
    let write =
        |more: &[&str]| migrate(&here, &[&["--write", &file], &versions[..], more].concat());
    let written = write(&[]).ends(0).out;
    assert!(written.contains(&file) && !written.contains("???"), "{written}");
    let starter = fs::read_to_string(&file).unwrap();
    assert!(starter.contains("reception: { to: intake, clock: recount }"), "{starter}");
    assert_eq!(write(&["--json"]).ends(1).error_code(), "cannot-write");
    assert_eq!(fs::read_to_string(&file).unwrap(), starter, "nothing is overwritten");

    let before = case_of(&here, &case);
    let told = migrate(&here, &[&file, "--dry-run"]).ends(0).out;
    assert!(told.contains("from ngo-establishment@1 to ngo-establishment@2"), "{told}");
    assert!(told.contains("1403/02/04 14:30") && told.contains("1403/02/11 14:30"), "{told}");
    assert!(told.contains("of 1 running cases 1 would move, 1 of them"), "{told}");
    let preview = migrate(&here, &[&file, "--dry-run", "--json"]).ends(0).json();
    let first = &preview["preview"]["first"][0];
    assert_eq!((&first["case"], &first["to"]), (&json!(case), &json!("intake")), "{preview}");
    assert_eq!(first["clocks"][1]["how"], "recounted");
    assert_eq!(migrate(&here, &[&file, "--json"]).ends(1).error_code(), "not-confirmed");
    assert_eq!(case_of(&here, &case), before);
    let elsewhere = migrate(&here, &[&file, "--unit", "08", "--yes", "--json"]).ends(0).json();
    assert_eq!((&elsewhere["job"]["moved"], &elsewhere["left"]), (&json!(0), &json!(0)));
    assert_eq!(case_of(&here, &case), before);

    let done = migrate(&here, &[&file, "--unit", "2301", "--yes", "--json"]).ends(0).json();
    assert_eq!((&done["job"]["moved"], &done["left"]), (&json!(1), &json!(0)), "{done}");
    assert_eq!(done["job"]["finished"], true);
    let after = case_of(&here, &case);
    assert_eq!(after["tasks"][0]["step"], "intake");
    assert_ne!(after["tasks"][0]["due_at"], before["tasks"][0]["due_at"]);
    let english = here.run(["case", "timeline", &case]).ends(0).out;
    assert!(english.contains("moved from version 1 to version 2"), "{english}");
    assert!(english.contains("the statutory clock unchanged"), "{english}");
    // What was before is told in the words of the version of then.
    let title = "Reception and check of papers";
    assert_eq!((english.matches(title).count(), english.matches("Intake").count()), (1, 1));
    assert!(english.contains("task 1 from 1403/02/04 14:30 (3 d) to 1403/02/11 14:30 (10 d)"));
    let persian = here.run(["case", "timeline", &case, "--lang", "fa"]).ends(0).out;
    assert!(persian.contains("انتقال از نسخه 1 به نسخه 2"), "{persian}");
    // Nothing is left to move.
    let again = migrate(&here, &[&file, "--yes"]).ends(0).out;
    assert!(again.contains("0 cases moved to ngo-establishment@2"), "{again}");
}

#[test]
fn what_stays_is_told_and_a_mapping_that_does_not_fit_changes_nothing() {
    let (here, folder, case) = with_a_case();
    let file = folder.path().join("mapping.yaml").display().to_string();
    let versions = "from: ngo-establishment@1\nto: ngo-establishment@2\n";
    fs::write(&file, versions).unwrap();
    let wrong = migrate(&here, &[&file, "--dry-run", "--json"]).ends(1);
    assert_eq!(wrong.error_code(), "not-sound");
    let told = migrate(&here, &[&file, "--yes"]).ends(1).err;
    assert!(told.contains("error[not-mapped]") && told.contains("'reception'"), "{told}");
    fs::write(&file, format!("{versions}stay: [reception]\n")).unwrap();
    let told = migrate(&here, &[&file, "--dry-run"]).ends(0).out;
    assert!(told.contains(&format!("stays: {case} in reception")), "{told}");
    assert!(told.contains("1 cases in 'reception' cannot move: not_mapped"), "{told}");
    let done = migrate(&here, &[&file, "--yes", "--json"]).ends(0).json();
    assert_eq!((&done["job"]["moved"], &done["left"]), (&json!(0), &json!(1)), "{done}");
    let told = migrate(&here, &[&file, "--yes"]).ends(0).out;
    assert!(told.contains("1 cases still run by ngo-establishment@1"), "{told}");
    assert_eq!(case_of(&here, &case)["tasks"][0]["step"], "reception");

    fs::write(&file, "from: ngo-establishment@1\nto: ngo-establishment@7\n").unwrap();
    assert_eq!(migrate(&here, &[&file, "--json"]).ends(1).error_code(), "no_such_definition");
    let missing = migrate(&here, &["/nonexistent.yaml", "--json"]).ends(1);
    assert_eq!(missing.error_code(), "not-sound");
    assert_eq!(migrate(&here, &["--json"]).ends(2).error_code(), "usage");
    fs::write(&file, format!("{versions}steps: {{ reception: intake }}\n")).unwrap();
    here.json(["workflow", "retire", "ngo-establishment@2"]);
    let retired = migrate(&here, &[&file, "--dry-run", "--json"]).ends(1);
    assert_eq!(retired.error_code(), "definition_retired");
}
