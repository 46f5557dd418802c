//! Personal data from the command line: filled in, read, and erased.

use serde_json::json;

use super::{finish, installation::Installation};

#[test]
fn what_was_filled_in_is_read_until_it_is_erased() {
    let here = Installation::sandbox();
    here.people(&[("Officer", "volunteer_officer@2301"), ("Admin", ""), ("سارا", "")]);
    here.json(["clock", "freeze"]);
    here.json(["clock", "set", "1450/02/03 09:00"]);
    let mut open = here.program();
    open.args(["case", "open", "volunteer-enrolment", "--unit", "2301", "--subject", "enrolment"]);
    open.args(["--applicant", "سارا", "--as", "سارا", "--set", "volunteer_id=0013542419"]);
    let opened =
        finish(open.args(["--set", "phone=09121234567", "--set", "service=remote", "--json"]));
    let opened = opened.ends(0).json();
    let case = opened["case"]["id"].as_str().unwrap().to_owned();
    let number = json!({ "national_id": "0013542419" });
    assert_eq!(opened["case"]["data"]["volunteer_id"], number, "told as it was filled in");
    assert_eq!(opened["events"][0]["fact"]["values"]["volunteer_id"], number);
    assert_eq!(here.json(["case", "show", &case])["case"]["data"]["volunteer_id"], number);
    assert!(here.run(["case", "show", &case]).ends(0).out.contains("0013542419"));

    let erase = |more: &[&str]| {
        let mut erase = here.program();
        erase.args(["people", "erase", "سارا", "--as", "Admin", "--json"]);
        finish(erase.args(more))
    };
    let reason = ["--reason", "decision 17"];
    erase(&reason).ends(2);
    let reason = ["--reason", "decision 17", "--irrevocably"];
    assert_eq!(erase(&reason).ends(1).error_code(), "open_cases");
    assert_eq!(erase(&["--reason", " ", "--irrevocably"]).ends(1).error_code(), "reason_needed");
    here.json(["case", "withdraw", &case, "--as", "سارا", "--reason", "moved"]);
    let erased = erase(&reason).ends(0).json();
    assert_eq!((&erased["values"], &erased["cases"]), (&json!(2), &json!(1)), "{erased}");
    assert_eq!(erase(&reason).ends(1).error_code(), "nothing_kept");

    let shown = here.json(["case", "show", &case]);
    let held = &shown["case"]["data"]["volunteer_id"]["personal"];
    assert_eq!(held.as_str().map(str::len), Some(64), "{shown}");
    let text = here.run(["case", "show", &case]).ends(0).out;
    assert!(text.contains("erased") && !text.contains("0013542419"), "{text}");
    assert_eq!(here.json(["case", "timeline", &case])["whole"], true);
}
