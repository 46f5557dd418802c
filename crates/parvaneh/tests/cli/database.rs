//! Commands on a database: a private Postgres that the program starts itself.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{finish, installation::Installation, parvaneh, program};

#[test]
fn a_new_database_sets_itself_up_for_real_cases() {
    let new = Installation::empty();
    let units = new.json(["organisation", "list"]);
    assert_eq!(units.as_array().map(Vec::len), Some(510));
    assert_eq!(
        new.json(["organisation", "list", "--level", "province"]).as_array().unwrap().len(),
        31
    );
    assert_eq!(new.json(["people", "list"]), serde_json::json!([]));
    assert!(!new.has_pid_file(), "the private Postgres was left behind");

    // Its clock is the server's, for ever.
    let clock = new.json(["clock"]);
    assert_eq!((&clock["sandbox"], &clock["frozen"]), (&false.into(), &false.into()));
    assert_eq!(new.refused(["clock", "advance", "30d"]), "not_a_sandbox");
    assert_eq!(new.refused(["clock", "set", "1499/01/01"]), "not_a_sandbox");
    assert_eq!(new.refused(["clock", "freeze"]), "not_a_sandbox");
    assert_eq!(new.refused(["clock", "run"]), "not_a_sandbox");
    assert_eq!(new.refused(["migrate", "--sandbox"]), "not_a_sandbox");
    let again = new.json(["migrate"]);
    assert_eq!((&again["founded"], &again["sandbox"]), (&false.into(), &false.into()));
    assert!(!new.has_pid_file(), "the private Postgres was left behind");
}

#[test]
fn people_hold_roles_at_units() {
    let here = Installation::sandbox();
    let added = here.json(["people", "add", "مریم رضایی", "--grant", "county_officer@2301"]);
    let id = added["id"].as_str().unwrap();
    assert_eq!(added["name"], "مریم رضایی");
    assert_eq!(added["roles"], serde_json::json!([{ "role": "county_officer", "unit": "2301" }]));

    // By name, by a part of it, by identifier.
    for person in ["مریم رضایی", "رضایی", id] {
        let granted = here.json(["people", "grant", person, "county_head@23"]);
        assert_eq!(granted["roles"].as_array().map(Vec::len), Some(2), "{person}");
    }
    let listed = here.json(["people", "list", "--role", "county_head", "--unit", "23"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let revoked = here.json(["people", "revoke", id, "county_head@23"]);
    assert_eq!(revoked["roles"].as_array().map(Vec::len), Some(1));

    assert_eq!(here.refused(["people", "revoke", id, "county_head@23"]), "role-not-held");
    assert_eq!(here.refused(["people", "grant", "nobody", "county_head@23"]), "unknown-person");
    assert_eq!(here.refused(["people", "add", "A", "--grant", "king@23"]), "unknown-role");
    assert_eq!(
        here.refused(["people", "add", "A", "--grant", "county_officer@77"]),
        "unknown-unit"
    );
    assert_eq!(
        here.refused(["people", "add", "A", "--grant", "provincial_director@2301"]),
        "role-level"
    );
    assert_eq!(here.refused(["people", "add", "  "]), "bad-name");
    here.run(["people", "add", "A", "--grant", "county_officer"]).ends(2);

    here.json(["people", "add", "Ali Rezaei"]);
    here.json(["people", "add", "Ali Rezaei"]);
    assert_eq!(here.refused(["people", "grant", "Ali", "county_head@23"]), "ambiguous-person");
}

#[test]
fn the_clock_of_a_sandbox_is_moved_forward() {
    let here = Installation::sandbox();
    let before = here.json(["clock", "freeze"]);
    assert_eq!((&before["sandbox"], &before["frozen"]), (&true.into(), &true.into()));
    let after = here.json(["clock", "set", "1450/01/05 09:00"]);
    assert_eq!(after["now"], "2071-03-25T09:00:00+03:30");
    assert_eq!(after["jalali"], "1450/01/05 09:00");
    let later = here.json(["clock", "advance", "1d 12h"]);
    assert_eq!(later["now"], "2071-03-26T21:00:00+03:30");
    assert_eq!(here.refused(["clock", "set", "1450/01/05"]), "clock_refused");
    assert_eq!(here.refused(["clock", "set", "1450/13/05"]), "no-such-month");
    let running = here.json(["clock", "run"]);
    assert_eq!(running["frozen"], false);
    assert!(running["now"].as_str() >= Some("2071-03-26T21:00:00"), "{running}");
    here.run(["clock", "advance", "-3d"]).ends(2);
}

#[test]
fn a_database_that_cannot_be_had_ends_with_3() {
    let run = parvaneh(["people", "list", "--json"]).ends(3);
    assert_eq!(run.error_code(), "database");
    assert!(!run.err.contains("nobody@"), "an address may hold a password: {}", run.err);

    let empty = Installation::empty();
    let mut nowhere = program();
    nowhere.env_remove("DATABASE_URL").env("PARVANEH_DATA_DIR", empty.folder());
    let run = finish(nowhere.args(["people", "list", "--json"])).ends(3);
    assert_eq!(run.error_code(), "private-postgres");

    let mut nonsense = program();
    nonsense.env("DATABASE_URL", "mysql://root:secret@localhost/x");
    let run = finish(nonsense.args(["people", "list", "--json"])).ends(2);
    assert_eq!(run.error_code(), "usage");
    assert!(!run.err.contains("secret"), "{}", run.err);

    // A named database is changed only by its owner.
    let run = parvaneh(["migrate", "--json"]).ends(2);
    assert!(run.err.contains("PARVANEH_OWNER_DATABASE_URL"), "{}", run.err);
}

#[test]
fn a_worker_works_until_it_is_asked_to_end() {
    let here = Installation::empty();
    here.run(["migrate", "--sandbox"]).ends(0);
    let once = here.json(["worker", "--once"]);
    assert_eq!(once["parked"], 0);

    let worker = here.start(["worker", "--json"]);
    let begun = Instant::now();
    while !here.has_pid_file() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the worker's Postgres does not start");
        thread::sleep(Duration::from_millis(20));
    }
    // Another command works beside it, on the same private Postgres.
    here.json(["clock", "advance", "1d"]);
    // The shell's own `kill`: a small machine has no program of that name.
    let kill = format!("kill -TERM {}", worker.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("the shell runs").success());
    let output = worker.wait_with_output().expect("the worker ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"parked\":0"));
    assert!(!here.has_pid_file(), "the private Postgres was left behind in {:?}", here.folder());
}
