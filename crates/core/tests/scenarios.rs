//! Every scenario beside a shipped definition comes out as its file says.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use parvaneh_core::{
    CalendarId, CalendarSource, Calendars, Definition, Organisation, Unit, UnitId,
    definition::{Level, Text},
    scenario::{self, Report, Setting},
};

const ORGANISATION: &str = include_str!("../../../workflows/organisation/ir.csv");
const CALENDAR: &str = include_str!("../../../workflows/calendars/ir.yaml");
fn organisation() -> Organisation {
    let units = ORGANISATION.lines().skip(1).map(|line| {
        let [id, parent, level, fa, en, _] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let level = match level {
            "national" => Level::National,
            "province" => Level::Province,
            _ => Level::County,
        };
        let parent = (!parent.is_empty()).then(|| UnitId::from(parent));
        let title = Text { fa: fa.to_owned(), en: en.to_owned() };
        Unit { id: id.into(), parent, level, title }
    });
    Organisation::new(units).unwrap()
}

fn workflows() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../workflows"].iter().collect()
}

/// The shipped file of a workflow.
fn definition_of(workflow: &str) -> Definition {
    version_of(workflow, 1)
}

fn version_of(workflow: &str, version: u32) -> Definition {
    let file = workflows().join(workflow).join(format!("v{version}.yaml"));
    let source = std::fs::read_to_string(&file).unwrap();
    let named = format!("workflows/{workflow}/v{version}.yaml");
    Definition::parse(&named, &source).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn run(definition: &Definition, file: &str, source: &str) -> Report {
    let calendars = Calendars::compile(CalendarSource::parse("ir.yaml", CALENDAR).unwrap());
    let organisation = organisation();
    let setting = Setting { definition, calendars: &calendars, organisation: &organisation };
    scenario::run(&setting, file, source)
}

fn told(report: &Report, source: &str) -> String {
    report.problems.iter().map(|problem| problem.render(source)).collect::<Vec<_>>().join("\n")
}

/// The names in a folder of workflows, in order.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).collect()
}

/// Runs every scenario beside a definition, and tells the differences of all of them.
fn every_scenario_of(workflow: &str) {
    every_scenario_in(&definition_of(workflow), &format!("{workflow}/scenarios"));
}

fn every_scenario_in(definition: &Definition, workflow: &str) {
    let folder = workflows().join(workflow);
    let files: Vec<_> =
        names_in(&folder).into_iter().filter(|name| name.ends_with(".yaml")).collect();
    assert!(files.len() >= 3, "{workflow} has {} scenarios", files.len());
    let mut differences = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(folder.join(&file)).unwrap();
        let report = run(definition, &format!("{workflow}/{file}"), &source);
        if !report.is_as_expected() || report.lived == 0 {
            differences.push(told(&report, &source));
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

macro_rules! shipped {
    ($($name:ident = $workflow:literal,)*) => {
        $(
            #[test]
            fn $name() {
                every_scenario_of($workflow);
            }
        )*

        const SHIPPED: &[&str] = &[$($workflow,)*];
    };
}

shipped! {
    amendment = "amendment",
    centre_licence = "centre-licence",
    challenge_resolution = "challenge-resolution",
    complaint = "complaint",
    delay_complaint = "delay-complaint",
    evaluation = "evaluation",
    ngo_establishment = "ngo-establishment",
    positive_life_decision = "positive-life-decision",
    renewal = "renewal",
    supervision = "supervision",
    volunteer_enrolment = "volunteer-enrolment",
}

/// Shipped beside the first, but not what a new database starts with.
#[test]
fn ngo_establishment_2() {
    let definition = version_of("ngo-establishment", 2);
    every_scenario_in(&definition, "ngo-establishment/scenarios/v2");
    let file = workflows().join("ngo-establishment/v2.yaml");
    let source = std::fs::read_to_string(&file).unwrap();
    let checked = Definition::check("ngo-establishment/v2.yaml", &source, Some(&["ir"]));
    let told: Vec<_> = checked.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(told, ["too-slow"], "and the file says why");
    assert!(source.contains("`parvaneh workflow check`"));
}

#[test]
fn no_shipped_definition_is_left_out() {
    let folders = names_in(&workflows()).into_iter();
    let workflows = folders.filter(|name| workflows().join(name).join("v1.yaml").exists());
    let shipped = SHIPPED.iter().map(|name| (*name).to_owned());
    assert_eq!(workflows.collect::<BTreeSet<_>>(), shipped.collect());
}

/// A warning in a shipped definition must be true, and explained in the file.
#[test]
fn shipped_definitions_warn_of_nothing_but_what_they_explain() {
    let calendars = Calendars::compile(CalendarSource::parse("ir.yaml", CALENDAR).unwrap());
    let known = |id: &CalendarId| (id.as_str() == "ir").then(|| calendars.clone());
    let warnings = SHIPPED.iter().flat_map(|workflow| {
        let file = workflows().join(workflow).join("v1.yaml");
        let source = std::fs::read_to_string(&file).unwrap();
        let named = format!("workflows/{workflow}/v1.yaml");
        let checked = Definition::check_by_calendar(&named, &source, &known);
        assert!(checked.definition.is_some(), "{workflow}");
        checked.problems.into_iter().map(move |problem| {
            assert!(source.contains("`parvaneh workflow check`"), "{workflow}");
            format!("{workflow}: {}", problem.code)
        })
    });
    let explained = [
        "centre-licence: too-slow",
        "challenge-resolution: no-return-fits",
        "evaluation: too-slow",
        "ngo-establishment: too-slow",
        "positive-life-decision: too-slow",
        "renewal: no-return-fits",
        "volunteer-enrolment: too-slow",
    ];
    assert_eq!(warnings.collect::<Vec<_>>(), explained);
}

/// People hold roles, not roles of a workflow: the same name must mean the same everywhere.
#[test]
fn a_role_means_the_same_in_every_shipped_definition() {
    let mut meanings: BTreeMap<String, (Level, Text, &str)> = BTreeMap::new();
    for workflow in SHIPPED {
        for (name, role) in definition_of(workflow).roles {
            let meaning = (role.at, role.title, *workflow);
            let first = meanings.entry(name.to_string()).or_insert_with(|| meaning.clone());
            assert_eq!((first.0, &first.1), (meaning.0, &meaning.1), "{name} in {workflow}");
        }
    }
}

#[test]
fn a_commission_decides_in_sittings() {
    let definition = include_str!("sittings/v1.yaml");
    let definition = Definition::parse("permit/v1.yaml", definition).unwrap();
    let scenarios = [
        ("heard.yaml", include_str!("sittings/heard.yaml")),
        ("lacking.yaml", include_str!("sittings/lacking.yaml")),
    ];
    for (file, source) in scenarios {
        let report = run(&definition, file, source);
        assert!(report.is_as_expected() && report.lived > 0, "{}", told(&report, source));
    }
}

#[test]
fn every_difference_is_told_with_its_place() {
    let source = "\
scenario: { fa: همه چیز نادرست, en: All wrong }
unit: '2301'
steps:
  - { at: 1403/02/01 09:00, do: open, expect: { statutory: 1403/04/01 14:30, due: { reception: suspended, police: none } } }
  - { at: 1403/02/02 10:00, as: county_officer, do: refuse, expect: { step: appeal_window } }
  - { at: 1403/02/02 10:00, as: county_officer, do: accept, expect: { refused: task_taken, open: [police], answers: { police: positive } } }
  - { at: 1403/02/02 11:00, as: county_head, do: accept, expect: { refused: task_taken } }
  - at: 1403/04/05 10:00
    expect:
      escalated: [police level 1]
      outcome: granted
      counted: on_time
      mark: silence
      held: [statutory]
      suspended: yes
      owners: { county_forwarding: county_officer }
      holders: { county_forwarding: county_officer }
";
    let definition = definition_of("ngo-establishment");
    let report = run(&definition, "wrong.yaml", source);
    assert_eq!((report.lived, report.is_as_expected()), (5, false));
    insta::assert_snapshot!(told(&report, source));
}

#[test]
fn every_problem_of_a_file_is_told() {
    let source = "\
scenario: { fa: فایل نادرست, en: A wrong file }
unit: 2399
steps:
  - { at: 1403/02/01 09:00, as: county_oficer, do: open }
  - { at: 1403/12/31 10:00, as: county_officer, do: acept }
  - { at: 1403/02/01, as: county_officer#0, claim: receptoin, release: reception }
  - { at: 1403/02/03 10:00, claim: reception }
  - { at: 1403/02/02 10:00, as: county_head, assign: reception }
  - { at: 1403/02/04 10:00, as: county_head, answer: { polise: positive }, wrong: 1 }
  - { at: 1403/02/04 10:00, as: county_head, extend: { statutory: 20 dd } }
  - { at: 1403/02/05 10:00, expect: { refused: no, step: nowhere, open: [police, x], escalated: reception, due: { police: later } } }
";
    let definition = definition_of("ngo-establishment");
    let report = run(&definition, "broken.yaml", source);
    assert_eq!(report.lived, 0);
    insta::assert_snapshot!(told(&report, source));
    let unopened = "scenario: { fa: بی آغاز, en: Unopened }\nunit: '2301'\nsteps:\n  - { at: 1403/02/01 09:00, as: county_officer, do: accept }\n";
    let codes: Vec<_> =
        run(&definition, "f.yaml", unopened).problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["not-opened"]);
}
