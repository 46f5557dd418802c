//! `parvaneh demo`.

use super::installation::Installation;

const DEMO: [&str; 6] = ["demo", "--cases", "25", "--seed", "3", "--json"];

#[test]
fn the_same_seed_gives_the_same_year_which_can_be_looked_at_afterwards() {
    let installation = Installation::empty();
    let mut first = installation.run(DEMO).ends(0).json();
    // Again in the same folder: the sandbox is replaced.
    let mut second = installation.run(DEMO).ends(0).json();
    for year in [&mut first, &mut second] {
        assert!(year["seconds"].take().as_f64().is_some_and(|seconds| seconds > 0.0));
    }
    assert_eq!(first, second);
    assert_eq!(first["cases"], 25);
    assert_eq!(first["refused"], 0);
    assert!(first["commands"].as_u64().is_some_and(|commands| commands > 250), "{first}");
    let on_time = &first["on_time"]["total"];
    let rows = first["on_time"]["rows"].as_array().expect("a row a month");
    let decided: u64 = rows.iter().filter_map(|row| row["decided"].as_u64()).sum();
    assert_eq!(on_time["decided"].as_u64(), Some(decided));
    assert!(decided > 10, "{on_time}");

    // What the report command says afterwards is what the demo said.
    let report = installation.run(["report", "sla", "--period", "1403", "--by", "month", "--json"]);
    let report = report.ends(0).json();
    assert_eq!(report["total"], *on_time);
    let clock = installation.run(["clock", "--json"]).ends(0).json();
    assert_eq!((&clock["sandbox"], &clock["frozen"]), (&true.into(), &false.into()), "{clock}");
}

#[test]
fn a_demo_never_replaces_real_cases() {
    let installation = Installation::empty();
    installation.run(["migrate"]).ends(0);
    assert_eq!(installation.run(DEMO).ends(1).error_code(), "not-replaced");
    assert_eq!(installation.run(["clock", "--json"]).ends(0).json()["sandbox"], false);
}

#[test]
fn people_see_months_steps_owners_escalations_and_the_engine() {
    let installation = Installation::empty();
    let told = installation.run(["demo", "--cases", "25", "--year", "1402"]).ends(0).out;
    for part in [
        "A year of licensing: 1402, seed 1403",
        "1402/01 Farvardin",
        "1402/12 Esfand",
        "The steps with most work done late",
        "The owners with most work done late",
        "Warnings and escalations",
        "cases and",
        "commands a second",
        "The sandbox stays in",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    // What it proposes works.
    let officer = told.split_once("worklist --as ").and_then(|(_, rest)| rest.lines().next());
    let officer = officer.expect("an officer is named");
    installation.run(["worklist", "--as", officer]).ends(0);
}
