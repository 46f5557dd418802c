//! Fields that follow from others.
#![allow(clippy::unwrap_used)]

mod support;

use parvaneh_core::{
    Case, Definition,
    event::Fact,
    open,
    scenario::{self, Setting},
};
use support::{
    applicant, at, compiled,
    live::World,
    office_hours, organisation,
    stage::{LICENCE, application},
};

/// The example of the manual, as the application of a small procedure.
fn of_the_manual() -> String {
    let manual = include_str!("../../../docs/WORKFLOWS.md");
    let mut blocks = manual.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let forms = blocks.find(|block| block.contains("computed:")).unwrap();
    LICENCE.replace("steps:\n", &format!("{forms}application: scores\nsteps:\n"))
}

fn parsed(source: &str) -> Definition {
    Definition::parse("licence.yaml", source).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(source)).collect::<String>())
    })
}

#[test]
fn the_manuals_example_does_what_it_says() {
    let definition = parsed(&of_the_manual());
    let calendars = compiled(office_hours());
    let lives = |scenario: &str| {
        let setting = Setting {
            definition: &definition,
            calendars: &calendars,
            organisation: &organisation(),
        };
        let report = scenario::run(&setting, "scenario.yaml", scenario);
        let told: String = report.problems.iter().map(|p| p.render(scenario)).collect();
        assert!(report.is_as_expected() && report.lived > 0, "{told}");
    };
    let opening = |values: &str, expect: &str| {
        lives(&format!(
            "
scenario: {{ fa: نمونه, en: Scores }}
unit: '2301'
steps:
  - {{ at: 1403/11/13 10:00, do: open, set: {{ {values} }}, expect: {{ {expect} }} }}
"
        ));
    };
    // (12.35 * 0.4 + 17.2 * 0.6) * 5 = 76.30; an extra that is not there leaves the sum empty.
    opening("safety: '12.35', care: '17.2'", "data: { base: '76.3', score: none }");
    opening("safety: '12.35', care: '17.2', extra: 2", "data: { base: '76.3', score: '78.3' }");
    // 12.33 * 0.4 = 4.932, 17.21 * 0.6 = 10.326: 76.29. 12.34: 4.936, 76.31.
    opening("safety: '12.33', care: '17.21', extra: 0", "data: { base: '76.29', score: '76.3' }");
    // 20.00 * 0.4 + 0.01 * 0.6 = 8.006, times 5 is 40.03; and 40.05 rounds up.
    opening("safety: 20, care: '0.01', extra: 0", "data: { base: '40.03', score: '40' }");
    opening(
        "safety: '20', care: '0.015', extra: 0",
        "refused: form_invalid, faults: care too_many_decimals",
    );
    opening("safety: 20, care: 20, extra: 1", "refused: form_invalid, faults: score too_large");
    opening(
        "safety: 20, care: 21, score: 3",
        "refused: form_invalid, faults: [care too_large, score computed]",
    );
}

#[test]
fn what_is_computed_stands_in_the_fact_and_follows_every_change() {
    let source =
        of_the_manual().replace("    owner: officer\n", "    owner: officer\n    form: scores\n");
    let world = World::new(parsed(&source), compiled(office_hours()));
    let now = at("2025-02-01 10:00");
    let mut given = application();
    given.given = given.given.with("safety", 10).with("care", 10).with("extra", 1);
    let caller = parvaneh_core::Caller::Person(applicant());
    let opened = open(&world.context(&caller, None, now), &given).unwrap();
    let Fact::Opened { values, .. } = &opened.events[0].fact else { panic!("it opens") };
    assert_eq!(serde_json::to_string(&values["score"]).unwrap(), r#"{"number":"51"}"#);
    let fill = |case: &Case, field: &str, value: &str| {
        let given = parvaneh_core::Given::default().with(field, value);
        let command = parvaneh_core::Command::Fill { given };
        let caller = parvaneh_core::Caller::Person(support::stage::officer());
        parvaneh_core::decide(&world.context(&caller, None, now), case, &command)
    };
    // Both follow, in the same fact.
    let filled = fill(&opened.case, "care", "20").unwrap();
    let Fact::Filled { values, cleared } = &filled.events[0].fact else { panic!("it fills") };
    let fields: Vec<_> = values.keys().map(ToString::to_string).collect();
    assert_eq!(fields, ["base", "care", "score"]);
    assert!(cleared.is_empty());
    // The same value changes nothing.
    assert!(fill(&filled.case, "care", "20").unwrap().events.is_empty());
    // What it needs is taken away.
    let emptied = fill(&filled.case, "extra", "").unwrap();
    let Fact::Filled { values, cleared } = &emptied.events[0].fact else { panic!("it fills") };
    let cleared: Vec<_> = cleared.iter().map(ToString::to_string).collect();
    assert!(values.is_empty());
    assert_eq!(cleared, ["extra", "score"]);
    assert_eq!(fill(&emptied.case, "score", "5").unwrap_err().faults[0].code.as_str(), "computed");
}

#[test]
fn wrong_formulas_are_told_with_their_place() {
    let with = |formula: &str| {
        let source = of_the_manual();
        let line = source.lines().find(|line| line.contains("    base:")).unwrap().to_owned();
        let field = "    base: { type: number, title: { fa: پایه, en: Base }, decimals: 2, ";
        source.replace(&line, &format!("{field}{formula} }}"))
    };
    for (formula, code, place) in [
        ("computed: saftey * 2", "unknown-fact", "saftey"),
        ("computed: safety > 2", "wrong-type", "safety > 2"),
        ("computed: score + 1", "follows-later", "score + 1"),
        ("computed: base + 1", "follows-later", "base + 1"),
        ("computed: safety / 0", "wrong-type", "0"),
        ("computed: case.returns + 1", "not-allowed", "case.returns + 1"),
        ("computed: safety * 1.00001", "wrong-type", "safety * 1.00001"),
        ("computed: 'safety ? 1 : 2'", "not-allowed", "?"),
        ("computed: safety, required: yes", "exactly-one", "required"),
        ("computed:", "empty-value", ""),
    ] {
        let source = with(formula);
        let checked = Definition::check("licence.yaml", &source, None);
        let told: Vec<_> =
            checked.problems.iter().map(|p| (p.code, &source[p.span.clone()])).collect();
        assert!(told.contains(&(code, place)), "{formula}: {told:?}");
    }
    let other = of_the_manual()
        .replace("type: number, title: { fa: امتیاز پایه", "type: money, title: { fa: امتیاز پایه");
    let told = Definition::check("licence.yaml", &other, None).problems;
    assert!(told.iter().any(|problem| problem.code == "unknown-key"), "{told:?}");
}
