//! Every scenario beside a shipped definition comes out as its file says.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, path::PathBuf};

use parvaneh_core::{
    CalendarSource, Calendars, Definition, Organisation, Unit, UnitId,
    definition::{Level, Text},
    scenario::{self, Report, Setting},
};

const ORGANISATION: &str = include_str!("../../../workflows/organisation/ir.csv");
const CALENDAR: &str = include_str!("../../../workflows/calendars/ir.yaml");
const DEFINITION: &str = include_str!("../../../workflows/ngo-establishment/v1.yaml");

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

fn run(file: &str, source: &str) -> Report {
    let definition = Definition::parse("v1.yaml", DEFINITION).unwrap();
    let calendars = Calendars::compile(CalendarSource::parse("ir.yaml", CALENDAR).unwrap());
    let organisation = organisation();
    let setting =
        Setting { definition: &definition, calendars: &calendars, organisation: &organisation };
    scenario::run(&setting, file, source)
}

fn told(report: &Report, source: &str) -> String {
    report.problems.iter().map(|problem| problem.render(source)).collect::<Vec<_>>().join("\n")
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../workflows/ngo-establishment/scenarios"].iter().collect()
}

macro_rules! scenarios {
    ($($name:ident = $file:literal,)*) => {
        $(
            #[test]
            fn $name() {
                let source = std::fs::read_to_string(folder().join($file)).unwrap();
                let report = run($file, &source);
                let told = told(&report, &source);
                assert!(report.is_as_expected(), "\n{told}");
                assert!(report.lived > 0);
            }
        )*

        const FILES: &[&str] = &[$($file,)*];
    };
}

scenarios! {
    appeal = "appeal.yaml",
    commission_rejects = "commission-rejects.yaml",
    correction_lapses = "correction-lapses.yaml",
    correction_suspends_the_clock = "correction-suspends-the-clock.yaml",
    extension = "extension.yaml",
    extension_too_late = "extension-too-late.yaml",
    jurisdiction = "jurisdiction.yaml",
    long_outage_released = "long-outage-released.yaml",
    long_outage_waived = "long-outage-waived.yaml",
    negative_answer = "negative-answer.yaml",
    no_appeal = "no-appeal.yaml",
    nowruz = "nowruz.yaml",
    paper_received_earlier = "paper-received-earlier.yaml",
    paper_without_a_reason = "paper-without-a-reason.yaml",
    short_outage = "short-outage.yaml",
    silence_of_an_asked_body = "silence-of-an-asked-body.yaml",
    silence_of_the_authority = "silence-of-the-authority.yaml",
    straight_to_the_licence = "straight-to-the-licence.yaml",
    suspension = "suspension.yaml",
    two_officers = "two-officers.yaml",
    withdrawal = "withdrawal.yaml",
    withdrawal_after_the_deadline = "withdrawal-after-the-deadline.yaml",
}

#[test]
fn no_scenario_is_left_out() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
    let known: BTreeSet<String> = FILES.iter().map(|file| (*file).to_owned()).collect();
    let scenarios = files.into_iter().filter(|file| file.ends_with(".yaml"));
    assert_eq!(scenarios.collect::<BTreeSet<_>>(), known);
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
    let report = run("wrong.yaml", source);
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
    let report = run("broken.yaml", source);
    assert_eq!(report.lived, 0);
    insta::assert_snapshot!(told(&report, source));
    let unopened = "scenario: { fa: بی آغاز, en: Unopened }\nunit: '2301'\nsteps:\n  - { at: 1403/02/01 09:00, as: county_officer, do: accept }\n";
    let codes: Vec<_> = run("f.yaml", unopened).problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["not-opened"]);
}
