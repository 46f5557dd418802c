//! Cases from the command line, from the opening to the report.

use serde_json::{Value, json};

use super::{finish, installation::Installation};

/// A sandbox in which everybody is who takes part in a case of Tehran county, and whose clock stands
/// still on a Saturday morning.
fn office() -> Installation {
    let here = Installation::sandbox();
    here.people(&[
        ("Ali", "county_officer@2301"),
        ("Head", "county_head@2301"),
        ("Rey", "county_officer@2303"),
        ("Director", "provincial_director@23"),
        ("Police", "agency.police@2301"),
        ("Judiciary", "agency.judiciary@23"),
        ("Intelligence", "agency.intelligence@23"),
        ("Specialist", "agency.specialist_agency@23"),
        ("سارا", ""),
    ]);
    here.json(["clock", "freeze"]);
    // Far from Nowruz: 1450/02/03 is a Saturday.
    here.json(["clock", "set", "1450/02/03 09:00"]);
    here
}

fn open(here: &Installation) -> String {
    let subject = "خیریه مهر";
    let opened = here.opens(subject);
    assert_eq!(opened["case"]["subject"], subject);
    assert_eq!(opened["repeated"], false);
    opened["case"]["id"].as_str().expect("an identifier").to_owned()
}

fn place(answer: &Value) -> &str {
    answer["case"]["place"]["step"]["step"].as_str().unwrap_or("-")
}

#[test]
fn a_case_goes_its_way() {
    let here = office();
    let case = open(&here);

    // It is on the worklist of the county's officer, and of nobody else's.
    let list = here.json(["worklist", "--as", "Ali"]);
    assert_eq!((&list["total"], &list["items"][0]["case"]), (&json!(1), &json!(case)));
    assert_eq!(list["items"][0]["due_at"], "2071-04-26T11:00:00Z");
    assert_eq!(here.json(["worklist", "--as", "Rey"])["total"], 0);
    assert_eq!(here.json(["worklist", "--as", "Ali", "--mine"])["total"], 0);
    here.json(["case", "claim", &case, "--as", "Ali"]);
    assert_eq!(here.json(["worklist", "--as", "Ali", "--mine"])["total"], 1);
    assert_eq!(here.json(["worklist", "--as", "Ali", "--unclaimed"])["total"], 0);

    // Refusals have a code, the state and what is possible.
    assert_eq!(here.refused(["case", "act", &case, "refuse", "--as", "Ali"]), "reason_needed");
    assert_eq!(
        here.refused(["case", "act", &case, "accept", "--as", "Rey"]),
        "out_of_jurisdiction"
    );
    assert_eq!(here.refused(["case", "act", &case, "accept", "--as", "سارا"]), "not_permitted");
    assert_eq!(here.refused(["case", "act", &case, "fly", "--as", "Ali"]), "unknown_action");
    let told = here.run(["case", "act", &case, "refuse", "--as", "Ali"]).ends(1).err;
    assert!(told.contains("error[reason_needed]") && told.contains("'reception'"), "{told}");
    assert!(told.contains("act refuse --reason … --citation …"), "{told}");

    // A key makes a repeat harmless, an expectation a conflict visible.
    let accept = ["case", "act", &case, "accept", "--as", "Ali", "--key", "one"];
    let accepted = here.json(accept);
    assert_eq!((place(&accepted), &accepted["repeated"]), ("inquiries", &json!(false)));
    assert_eq!(here.json(accept)["repeated"], true);
    let other = ["case", "comment", &case, "x", "--as", "Ali", "--key", "one"];
    assert_eq!(here.refused(other), "idempotency_key_reused");
    let late = ["case", "comment", &case, "x", "--as", "Ali", "--expect", "1"];
    assert_eq!(here.refused(late), "conflict");

    let letter =
        ["case", "answer", &case, "police", "positive", "--as", "Police", "--reference", "12/3"];
    let answered = here.json(letter);
    assert_eq!(answered["events"][0]["fact"]["reference"], "12/3");
    here.json(["case", "suspend", &case, "--reason", "court", "--as", "Director"]);
    let shown = here.json(["case", "show", &case, "--as", "Director"]);
    assert_eq!(shown["case"]["statutory"]["deadline"], Value::Null);
    assert!(
        shown["possible"].as_array().unwrap().contains(&json!({ "type": "resume" })),
        "{shown}"
    );
    here.json(["case", "resume", &case, "--as", "Director"]);
    here.json(["case", "extend", &case, "10 d", "--reason", "expert", "--as", "Director"]);
    assert_eq!(
        here.refused(["case", "extend", &case, "10 d", "--reason", "again", "--as", "Director"]),
        "extensions_used"
    );

    let timeline = here.json(["case", "timeline", &case]);
    assert_eq!(timeline["whole"], true);
    let kinds: Vec<_> = timeline["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event"]["fact"]["type"].as_str().unwrap())
        .collect();
    let expected = ["opened", "claimed", "acted", "answered", "suspended", "resumed", "extended"];
    assert_eq!(kinds, expected);
    let text = here.run(["case", "timeline", &case, "--lang", "fa"]).ends(0).out;
    assert!(text.contains("پذیرش و کنترل مدارک") && text.contains("کارشناس شهرستان"), "{text}");
    let text = here.run(["case", "show", &case, "--explain"]).ends(0).out;
    for part in ["1450/02/03 09:00", "Inquiries", "runs until", "extended by 10: 70 d"] {
        assert!(text.contains(part), "'{part}' is missing: {text}");
    }

    // The applicant gives up; nothing leaves an end.
    let withdrawn = here.json(["case", "withdraw", &case, "--as", "سارا"]);
    assert_eq!(withdrawn["case"]["place"]["end"]["outcome"], "withdrawn");
    assert_eq!(here.refused(["case", "resume", &case, "--as", "Director"]), "case_ended");
    assert_eq!(here.json(["case", "list", "--open"]), json!([]));
    assert_eq!(here.json(["case", "list", "--ended"])[0]["case"], json!(case));
}

#[test]
fn time_moves_a_case_and_the_report_tells() {
    let here = office();
    let case = open(&here);
    // Nobody does anything: warnings, escalations, and the silence of the authority after 60 days.
    let lived = here.json(["clock", "advance", "70d"]);
    assert!(lived["events"].as_u64() > Some(8), "{lived}");
    let shown = here.json(["case", "show", &case]);
    assert_eq!(shown["case"]["place"]["end"]["by_silence"], true, "{shown}");
    let timeline = here.json(["case", "timeline", &case]);
    let late = timeline["events"].as_array().unwrap().iter().find(|entry| {
        // A breach comes a microsecond after the deadline: acting at the deadline is on time.
        let second = |key: &str| entry["event"][key].as_str().map(|at| at[..19].to_owned());
        second("effective_at") != second("recorded_at")
    });
    assert_eq!(late, None, "every instant was lived, so nothing was noticed late");

    let notices = here.json(["notices", "--as", "Head", "--unread"]);
    assert!(notices.as_array().is_some_and(|notices| !notices.is_empty()), "{notices}");
    here.json(["notices", "--as", "Head", "--mark-read"]);
    assert_eq!(here.json(["notices", "--as", "Head", "--unread"]), json!([]));

    let year = here.json(["report", "sla", "--period", "1450"]);
    assert_eq!(year["total"]["by_silence"], 1);
    assert_eq!((&year["total"]["rate"], &year["total"]["error_budget"]), (&json!(0.0), &json!(-1)));
    let months = here.json(["report", "sla", "--period", "1450", "--by", "month"]);
    assert_eq!(months["rows"][0]["period"], "1450/04", "{months}");
    let provinces = here.json(["report", "sla", "--period", "1450/04", "--by", "province"]);
    assert_eq!(provinces["rows"][0]["unit"], "23", "{provinces}");
    let steps = here.json(["report", "sla", "--period", "1450", "--by", "step"]);
    assert!(steps["rows"].is_array(), "{steps}");
    let other = here.json(["report", "sla", "--period", "1450", "--unit", "01"]);
    assert_eq!((&other["total"]["counted"], &other["total"]["rate"]), (&json!(0), &Value::Null));
    let text = here.run(["report", "sla", "--period", "1450", "--by", "month"]).ends(0).out;
    assert!(text.contains("1450/04 Tir") && text.contains("0.0%"), "{text}");
    for by in ["owner", "province", "step"] {
        here.run(["report", "sla", "--period", "1450", "--by", by]).ends(0);
    }
    assert_eq!(here.refused(["report", "sla", "--period", "1450", "--unit", "77"]), "unknown-unit");
    here.run(["report", "sla", "--period", "1450/13"]).ends(2);
}

#[test]
fn a_paper_that_came_earlier_counts_from_then() {
    let here = office();
    let open = |received: &str| {
        let mut command = here.program();
        command.args(["case", "open", "ngo-establishment", "--unit", "2301", "--subject", "x"]);
        command.args(["--applicant", "سارا", "--as", "Ali", "--json", "--reason", "post"]);
        finish(command.args(["--received", received]))
    };
    let opened = open("1450/01/27 10:00").ends(0).json();
    assert_eq!(opened["case"]["opened_at"], "2071-04-16T06:30:00Z");
    assert_eq!(open("1450/02/04 10:00").ends(1).error_code(), "received_in_future");
    assert_eq!(open("1450/01/32").ends(1).error_code(), "no-such-day");
}

#[test]
fn what_is_named_must_be_there() {
    let here = office();
    let nobody = "01931d2e-7c1f-7e3a-9a51-2f1d7c0b6a11";
    assert_eq!(here.refused(["case", "show", nobody]), "no_such_case");
    assert_eq!(here.refused(["case", "timeline", nobody]), "no_such_case");
    assert_eq!(here.refused(["case", "comment", nobody, "x", "--as", "Ali"]), "no_such_case");
    assert_eq!(here.refused(["case", "comment", nobody, "x", "--as", "Nobody"]), "unknown-person");
    here.run(["case", "show", "12"]).ends(2);
    here.run(["case", "comment", nobody, "x"]).ends(2);
    let open = |workflow, unit| {
        here.refused([
            "case",
            "open",
            workflow,
            "--unit",
            unit,
            "--subject",
            "x",
            "--applicant",
            "سارا",
            "--as",
            "Ali",
        ])
    };
    assert_eq!(open("nothing", "2301"), "no_such_definition");
    assert_eq!(open("ngo-establishment", "23"), "wrong_unit");
    assert_eq!(open("ngo-establishment", "77"), "wrong_unit");
    assert_eq!(open("ngo-establishment", "2303"), "out_of_jurisdiction");
    // A text that could take over a terminal is shown without what could.
    let case = here.opens("a\u{1b}[2Jb");
    let case = case["case"]["id"].as_str().unwrap();
    for arguments in
        [["case", "show", case], ["case", "timeline", case], ["worklist", "--as", "Ali"]]
    {
        let text = here.run(arguments).ends(0).out;
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn a_commission_votes_and_a_licence_is_granted() {
    let here = office();
    here.people(&[
        ("Secretariat", "secretariat@23"),
        ("Security", "security_officer@23"),
        ("Deputy", "specialist_deputy@23"),
        ("One", "commission_member@23"),
        ("Two", "commission_member@23"),
        ("Three", "commission_member@23"),
    ]);
    let case = &open(&here);
    // The head gives the task to his officer, who puts it back.
    let assigned = here.json(["case", "assign", case, "1", "Ali", "--as", "Head"]);
    assert_eq!(assigned["events"][0]["fact"]["type"], "assigned");
    assert_eq!(
        here.refused(["case", "assign", case, "1", "One", "--as", "Head"]),
        "assignee_not_eligible"
    );
    here.json(["case", "release", case, "--reason", "ill", "--as", "Ali"]);
    assert_eq!(here.refused(["case", "release", case, "--as", "Ali"]), "no-such-task");

    here.json(["case", "act", case, "accept", "--as", "Ali"]);
    for (branch, body) in [
        ("police", "Police"),
        ("judiciary", "Judiciary"),
        ("intelligence", "Intelligence"),
        ("specialist_agency", "Specialist"),
    ] {
        here.json(["case", "answer", case, branch, "positive", "--as", body]);
    }
    for (action, person) in [
        ("forward", "Ali"),
        ("refer", "Secretariat"),
        ("eligible", "Security"),
        ("needed", "Deputy"),
    ] {
        here.json(["case", "act", case, action, "--as", person]);
    }
    here.json(["case", "vote", case, "for", "--as", "One"]);
    here.json(["case", "vote", case, "against", "--reason", "doubts", "--as", "Two"]);
    let approve = ["case", "act", case, "approved", "--as", "Secretariat"];
    assert_eq!(here.refused(approve), "quorum_missing");
    here.json(["case", "vote", case, "for", "--as", "Three"]);
    let granted = here.json(approve);
    assert_eq!(granted["case"]["place"]["end"]["licence"]["kind"], "establishment", "{granted}");
    let text = here.run(["case", "show", case]).ends(0).out;
    assert!(text.contains("Licence granted") && text.contains("on time"), "{text}");
    assert_eq!(here.json(["report", "sla", "--period", "1450"])["total"]["on_time"], 1);
}

#[test]
fn silence_found_long_after_an_outage_waits_for_a_manager() {
    let here = office();
    let case = &open(&here);
    here.json(["case", "act", case, "accept", "--as", "Ali"]);
    // The clock jumps while no worker works: as after an outage.
    here.jump("2071-08-01T08:00:00Z");
    here.json(["worker", "--once"]);
    let held = here.json(["case", "show", case]);
    let clock = &held["case"]["tasks"][0]["clock"];
    assert!(clock["silence"]["held"].is_object(), "{held}");
    let text = here.run(["case", "show", case, "--as", "Director"]).ends(0).out;
    assert!(text.contains("release-silence"), "{text}");
    let release = |decision, clock, person| {
        let mut command = here.program();
        command.args(["case", "release-silence", case, decision, "--clock", clock, "--json"]);
        finish(command.args(["--reason", "the mail was slow", "--as", person]))
    };
    assert_eq!(release("waive", "2", "Ali").ends(1).error_code(), "not_permitted");
    let waived = release("waive", "2", "Director").ends(0).json();
    assert_eq!(waived["events"][0]["fact"]["type"], "silence_waived");
    assert_eq!(release("take-effect", "2", "Director").ends(1).error_code(), "nothing_held");
    let taken = release("take-effect", "3", "Director").ends(0).json();
    assert_eq!(taken["events"][0]["fact"]["answer"], "positive", "{taken}");
}

#[test]
fn a_worklist_says_why_each_task_stands_where_it_stands() {
    let here = office();
    let first = open(&here);
    here.json(["clock", "set", "1450/02/04 09:00"]);
    let second = open(&here);
    let listed = |more: &[&str]| {
        let asked = ["worklist", "--as", "Ali"];
        let text = finish(here.program().args(asked).args(more)).ends(0).out;
        let place = |case: &str| text.lines().position(|line| line.contains(case));
        let (one, other) = (place(&first).expect("listed"), place(&second).expect("listed"));
        (text, one < other)
    };
    let (text, in_order) = listed(&["--order", "arrival", "--why"]);
    assert!(in_order && text.contains("came on 1450/02/03 09:00"), "{text}");
    assert!(text.contains("came on 1450/02/04 09:00"), "{text}");
    let (text, in_order) = listed(&["--order", "deadline", "--why"]);
    assert!(in_order && text.matches("due on 1450/02/").count() == 2, "{text}");
    let (text, in_order) = listed(&["--order", "late-minimising", "--why"]);
    assert!(in_order && text.matches("must be begun by 1450/").count() == 2, "{text}");
    let (text, _) = listed(&["--order", "late-minimising", "--why", "--lang", "fa"]);
    assert_eq!(text.matches("آغاز شود").count(), 2, "{text}");
    let (text, _) = listed(&["--order", "late-minimising"]);
    assert!(!text.contains("why here") && !text.contains("must be begun"), "{text}");

    // What nobody can go on with stands behind what somebody can.
    let suspend = ["case", "suspend", &first, "--reason", "flood", "--as", "Director"];
    here.json(suspend);
    let (text, in_order) = listed(&["--order", "late-minimising", "--why"]);
    assert!(!in_order && text.contains("the case is suspended"), "{text}");
    here.run(["worklist", "--as", "Ali", "--order", "luck"]).ends(2);
}
