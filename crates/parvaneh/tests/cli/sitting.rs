//! Planning the sittings of a commission, as its secretariat does it.

use serde_json::{Value, json};

use crate::{installation::Installation, repository};

#[test]
fn a_sitting_is_planned_filled_and_cancelled() {
    let here = Installation::sandbox();
    let definition = repository("crates/core/tests/sittings/v1.yaml").display().to_string();
    here.json(["workflow", "publish", &definition]);
    here.people(&[
        ("Applicant Ahmadi", ""),
        ("Secretary Salimi", "secretariat@23"),
        ("Neighbour Nouri", "secretariat@24"),
        ("Member Moradi", "member@23"),
    ]);
    // Saturday, 1403/02/01.
    here.jump("2024-04-20T06:30:00Z");
    let open = |subject: &str| {
        let mut command = here.program();
        command.args(["case", "open", "permit", "--unit", "23", "--subject", subject, "--json"]);
        command.args(["--applicant", "Applicant Ahmadi", "--as", "Secretary Salimi"]);
        let case = crate::finish(&mut command).ends(0).json();
        case["case"]["id"].as_str().expect("an identifier").to_owned()
    };
    let (first, second) = (open("first"), open("second"));

    let plan = |who: &str, at: &str| {
        let mut command = here.program();
        command.args(["sitting", "plan", "--unit", "23", "--place", "Tehran", "--capacity", "1"]);
        // The shipped procedures have commissions of their own.
        command.args(["--role", "member"]);
        crate::finish(command.args(["--at", at, "--as", who, "--json"]))
    };
    let monday = "1403/02/17 10:00";
    assert_eq!(plan("Neighbour Nouri", monday).ends(1).error_code(), "out_of_jurisdiction");
    plan("Member Moradi", monday).ends(1);
    plan("Secretary Salimi", monday).ends(0);
    let listed = here.json(["sitting", "list", "--unit", "23"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed[0]["at"], "2024-05-06T06:30:00Z");
    let sitting = listed[0]["id"].as_str().expect("an identifier").to_owned();

    let put = |case: &str| {
        let mut command = here.program();
        command.args(["case", "put-on-agenda", case, &sitting, "--as", "Secretary Salimi"]);
        crate::finish(command.arg("--json"))
    };
    put(&first).ends(0);
    assert_eq!(put(&second).ends(1).error_code(), "sitting_full");
    let room = |case: &str| -> Value {
        // The answer is no: a case finds no room.
        let told = here.run(["sitting", "room", "--unit", "23", "--json"]).ends(1).json();
        let cases = told[0]["cases"].as_array().expect("cases").clone();
        cases.into_iter().find(|row| row["case"] == case).expect("the case stands in commission")
    };
    assert_eq!(
        (&room(&first)["room"], &room(&second)["room"]),
        (&json!("on_agenda"), &json!("lacking"))
    );
    // The deadline is the 31st: the last sitting that would do is on its morning.
    assert_eq!(room(&second)["extra"]["latest"]["at"], "2024-05-20T06:30:00Z");
    let people = here.run(["sitting", "room", "--unit", "23"]).ends(1).out;
    assert!(people.contains("extra sitting: 1403/02/31 10:00 at the latest"), "{people}");

    let cancelled =
        here.json(["sitting", "cancel", &sitting, "--reason", "snow", "--as", "Secretary Salimi"]);
    assert_eq!((&cancelled["state"], &cancelled["put_back"]), (&json!("cancelled"), &json!(1)));
    assert_eq!(room(&first)["room"], "lacking");
    let timeline = here.run(["case", "timeline", &first]).ends(0).out;
    assert!(timeline.contains("the sitting is cancelled: snow"), "{timeline}");
}
