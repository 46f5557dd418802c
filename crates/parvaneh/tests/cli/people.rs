//! Delegations, absences and second accounts from the command line.

use serde_json::{Value, json};

use super::installation::Installation;

fn office() -> Installation {
    let here = Installation::sandbox();
    here.people(&[
        ("Ali", "county_officer@2301"),
        ("Head", "county_head@2301"),
        ("Rey", "county_officer@2303"),
        ("Clerk", ""),
        ("سارا", ""),
    ]);
    here.json(["clock", "freeze"]);
    // Far from Nowruz: 1450/02/03 is a Saturday.
    here.json(["clock", "set", "1450/02/03 09:00"]);
    here
}

fn open(here: &Installation) -> String {
    let mut command = here.program();
    command.args(["case", "open", "ngo-establishment", "--unit", "2301", "--subject", "مهر"]);
    let opened = super::finish(command.args(["--applicant", "سارا", "--as", "Ali", "--json"]));
    opened.ends(0).json()["case"]["id"].as_str().expect("an identifier").to_owned()
}

fn names(list: &Value) -> usize {
    list.as_array().expect("a list").len()
}

#[test]
fn a_role_is_lent_for_a_time_and_every_event_says_so() {
    let here = office();
    let case = open(&here);
    let role = "county_officer@2301";
    assert_eq!(here.refused(["case", "claim", &case, "1", "--as", "Clerk"]), "not_permitted");
    let mut lend = here.program();
    lend.args(["people", "delegate", role, "--to", "Clerk", "--until", "1450/02/10"]);
    let lent = super::finish(lend.args(["--reason", "leave", "--as", "Ali", "--json"])).ends(0);
    let lent = lent.json();
    // A date counts to its end: midnight in Tehran.
    assert_eq!(lent["until"], "2071-04-30T20:30:00Z", "{lent}");
    assert_eq!((&lent["in_force"], &lent["role"]), (&json!(true), &json!("county_officer")));
    let list = here.json(["worklist", "--as", "Clerk"]);
    assert_eq!((&list["total"], &list["items"][0]["on_behalf_of"]), (&json!(1), &lent["from"]));
    let text = here.run(["worklist", "--as", "Clerk"]).ends(0).out;
    assert!(text.contains("on behalf of Ali"), "{text}");

    let taken = here.json(["case", "claim", &case, "--as", "Clerk", "--on-behalf-of", "Ali"]);
    let by = &taken["events"][0]["by"]["officer"];
    assert_eq!(by["on_behalf_of"]["delegation"], lent["id"], "{by}");
    let wrong = ["case", "act", &case, "accept", "--as", "Clerk", "--on-behalf-of", "Head"];
    assert_eq!(here.refused(wrong), "no_delegation");
    here.json(["case", "act", &case, "accept", "--as", "Clerk"]);
    let text = here.run(["case", "timeline", &case]).ends(0).out;
    assert!(text.contains("Clerk on behalf of Ali"), "{text}");

    let back = |to: &str, of: &str| {
        let mut lend = here.program();
        lend.args(["people", "delegate", role, "--to", to, "--of", of, "--until", "1450/02/05"]);
        super::finish(lend.args(["--reason", "x", "--as", of, "--json"])).ends(1).error_code()
    };
    assert_eq!(back("Ali", "Clerk"), "role_not_held");
    assert_eq!(back("Ali", "Ali"), "delegation_to_himself");
    let bad = ["people", "delegate", role, "--to", "Clerk", "--until", "1450/13/01"];
    let mut bad_date = here.program();
    bad_date.args(bad).args(["--reason", "x", "--as", "Ali", "--json"]);
    super::finish(&mut bad_date).ends(1);
    let id = lent["id"].as_str().unwrap();
    let revoke = ["people", "revoke-delegation", id, "--reason", "back", "--as", "Rey"];
    assert_eq!(here.refused(revoke), "not_permitted");
    let revoke = ["people", "revoke-delegation", id, "--reason", "back", "--as", "Head"];
    assert_eq!(here.json(revoke)["in_force"], false);
    assert_eq!(here.refused(revoke), "already_over");
    assert_eq!(names(&here.json(["people", "delegations"])), 0);
    assert_eq!(names(&here.json(["people", "delegations", "--all", "--of", "Clerk"])), 1);
    let text = here.run(["people", "delegations", "--all"]).ends(0).out;
    assert!(text.contains("revoked 1450/02/03 09:00"), "{text}");
    assert_eq!(here.json(["worklist", "--as", "Clerk"])["total"], 0);
}

#[test]
fn who_is_away_has_no_tasks() {
    let here = office();
    let case = open(&here);
    here.json(["case", "claim", &case, "--as", "Ali"]);
    let absent = |rest: &[&str]| {
        let mut command = here.program();
        command.args(["people", "absent", "Ali", "--reason", "ill", "--json"]).args(rest);
        super::finish(&mut command)
    };
    let refused = absent(&["--until", "1450/02/06", "--as", "Rey"]).ends(1).error_code();
    assert_eq!(refused, "not_permitted");
    absent(&["--until", "1450/02/06"]).ends(2);
    let away = absent(&["--until", "1450/02/06", "--as", "Head"]).ends(0).json();
    assert_eq!((&away["tasks"]["released"], &away["absence"]["now"]), (&json!(1), &json!(true)));
    assert_eq!(here.json(["people", "absent"])[0]["person"], away["absence"]["person"]);
    let text = here.run(["people", "list"]).ends(0).out;
    assert!(text.contains("away until 1450/02/07 00:00"), "{text}");
    let assign = ["case", "assign", &case, "1", "Ali", "--as", "Head"];
    assert_eq!(here.refused(assign), "assignee_absent");
    let told = here.run(assign).ends(1).err;
    assert!(told.contains("assign it to somebody else"), "{told}");
    here.json(["people", "back", "--as", "Ali"]);
    assert_eq!(here.json(["people", "absent"]), json!([]));
    here.json(assign);
    // With somebody who stands in, the task goes to him.
    let rest = ["--until", "1450/02/06", "--as", "Ali", "--substitute", "Clerk"];
    let away = absent(&rest).ends(0).json();
    assert_eq!(away["tasks"], json!({ "assigned": 1, "released": 0, "failed": 0 }));
    assert_eq!(names(&here.json(["people", "delegations", "--of", "Ali"])), 1);
    let text = here.run(["case", "timeline", &case]).ends(0).out;
    assert!(text.contains("Clerk") && text.contains("the program"), "{text}");
    here.json(["people", "back", "Ali", "--as", "Head"]);
    assert_eq!(names(&here.json(["people", "delegations"])), 0);
    assert_eq!(here.refused(["people", "back", "Ali", "--as", "Head"]), "already_over");
}

#[test]
fn two_accounts_can_be_one_person() {
    let here = office();
    let second = here.json(["people", "add", "Ali of the province", "--same-as", "Ali"]);
    let first = here.json(["people", "list", "--name", "Ali"])[0].clone();
    assert_eq!(second["natural_person"], first["id"]);
    let text = here.run(["people", "list", "--name", "province"]).ends(0).out;
    assert!(text.contains("the same person as"), "{text}");
    let alone = here.json(["people", "link", "Ali of the province", "--alone"]);
    assert_eq!(alone["natural_person"], alone["id"]);
    let linked = here.json(["people", "link", "Ali of the province", "--same-as", "Ali"]);
    assert_eq!(linked["natural_person"], first["id"]);
    here.run(["people", "link", "Ali"]).ends(2);
    assert_eq!(here.refused(["people", "link", "Ali", "--same-as", "Nobody"]), "unknown-person");
}
