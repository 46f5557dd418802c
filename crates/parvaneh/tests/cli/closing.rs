//! Closing offices, as the operator or a keeper of the calendar does it.

use crate::installation::Installation;

const REASON: &str = "Cold and smog";

/// A database with one case of the county of Tehran, opened on Saturday, 1403/02/01: its first step
/// has until Tuesday.
fn with_a_case() -> (Installation, String) {
    let installation = Installation::sandbox();
    installation.people(&[
        ("Applicant Ahmadi", ""),
        ("Officer Omidi", "county_officer@2301"),
        ("Keeper Karimi", "calendar_keeper@08"),
    ]);
    installation.jump("2024-04-20T06:30:00Z");
    let opened = installation
        .run([
            "case",
            "open",
            "--as",
            "Officer Omidi",
            "--applicant",
            "Applicant Ahmadi",
            "--unit",
            "2301",
            "--subject",
            "A charity",
            "--json",
            "ngo-establishment",
        ])
        .ends(0)
        .json();
    let case = opened["case"]["id"].as_str().expect("an identifier").to_owned();
    (installation, case)
}

fn deadline_of_task(installation: &Installation, case: &str) -> String {
    let file = installation.run(["case", "show", case, "--json"]).ends(0).json();
    file["tasks"][0]["due_at"].as_str().expect("it runs").to_owned()
}

#[test]
fn a_day_is_closed_after_a_look_at_what_moves_and_opened_again() {
    let (installation, case) = with_a_case();
    let before = deadline_of_task(&installation, &case);
    let close = |more: &[&str]| {
        let mut command = installation.program();
        command.args(["calendar", "close", "--unit", "tehran", "--date", "1403/02/04"]);
        crate::finish(command.args(["--reason", REASON]).args(more))
    };
    let preview = close(&["--preview", "--json"]).ends(0).json();
    let moved = &preview["preview"];
    assert_eq!((&moved["looked_at"], &moved["cases"]), (&1.into(), &1.into()), "{moved}");
    assert_eq!(moved["first"][0]["case"], case.as_str());
    let told = close(&["--preview"]).ends(0).out;
    assert!(told.contains("Tehran (23)") && told.contains("1403/02/04 14:30"), "{told}");
    assert!(told.contains("of 1 open cases, 1 would have"), "{told}");
    // Nobody has confirmed it.
    assert_eq!(close(&["--json"]).ends(1).error_code(), "not-confirmed");
    assert_eq!(deadline_of_task(&installation, &case), before);
    let done = close(&["--yes", "--json"]).ends(0).json();
    assert_eq!((&done["new"], &done["job"]["finished"]), (&true.into(), &true.into()), "{done}");
    assert_eq!(done["job"]["moved"], 1);
    assert_ne!(deadline_of_task(&installation, &case), before);
    // Once more, nothing is new.
    assert_eq!(close(&["--yes", "--json"]).ends(0).json()["new"], false);

    let list = ["calendar", "closures", "--unit", "2301", "--year", "1403", "--json"];
    let listed = installation.run(list).ends(0).json();
    assert_eq!((&listed[0]["reason"], &listed[0]["unit"]), (&REASON.into(), &"23".into()));
    let next = ["calendar", "closures", "--unit", "2301", "--year", "1404", "--json"];
    assert_eq!(installation.run(next).ends(0).json(), serde_json::json!([]));
    let day = installation.run(["calendar", "show", "1403/02/04", "--unit", "2301"]).ends(0).out;
    assert!(day.contains(REASON), "{day}");
    let elsewhere =
        installation.run(["calendar", "show", "1403/02/04", "--unit", "0801", "--json"]);
    assert_eq!(elsewhere.ends(0).json()["working_day"], true);
    let timeline = installation.run(["case", "timeline", &case]).ends(0).out;
    assert!(timeline.contains(&format!("closure 1: {REASON}; deadlines moved:")), "{timeline}");

    let reopen = [
        "calendar",
        "reopen",
        "--unit",
        "23",
        "--date",
        "1403/02/04",
        "--reason",
        "A mistake",
        "--yes",
    ];
    let told = installation.run(reopen).ends(0).out;
    assert!(told.contains("open again: closure 1"), "{told}");
    assert_eq!(deadline_of_task(&installation, &case), before);
    let mut again = reopen.to_vec();
    again.push("--json");
    let again = crate::finish(installation.program().args(&again)).ends(1);
    assert_eq!(again.error_code(), "not_closed");
}

#[test]
fn what_cannot_be_closed_is_told_and_changes_nothing() {
    let (installation, _) = with_a_case();
    let close = |unit: &str, date: &str, more: &[&str]| {
        let mut command = installation.program();
        command.args(["calendar", "close", "--json", "--yes", "--unit", unit, "--date", date]);
        crate::finish(command.args(more))
    };
    let reason = ["--reason", REASON];
    assert_eq!(close("nowhere", "1403/02/04", &reason).ends(1).error_code(), "unknown-unit");
    close("23", "1403/02/32", &reason).ends(1).error_code();
    assert_eq!(close("23", "1403/02/04", &["--reason", " "]).ends(1).error_code(), "reason_needed");
    let reversed = ["--from", "14:00", "--to", "12:00", "--reason", REASON];
    assert_eq!(close("23", "1403/02/04", &reversed).ends(2).error_code(), "usage");
    let by = |person| ["--reason", REASON, "--as", person];
    let officer = close("23", "1403/02/04", &by("Officer Omidi")).ends(1);
    assert_eq!(officer.error_code(), "not_permitted");
    let elsewhere = close("23", "1403/02/04", &by("Keeper Karimi")).ends(1);
    assert_eq!(elsewhere.error_code(), "out_of_jurisdiction");
    let listed = installation.run(["calendar", "closures", "--all", "--json"]).ends(0).json();
    assert_eq!(listed, serde_json::json!([]));
    // At home he may, for some hours.
    let mut hours = by("Keeper Karimi").to_vec();
    hours.extend(["--from", "12:00"]);
    close("0801", "1403/02/04", &hours).ends(0);
    let day = installation.run(["calendar", "show", "1403/02/04", "--unit", "0801"]).ends(0).out;
    assert!(day.contains(&format!("closed 12:00-24:00: {REASON}")), "{day}");
}
