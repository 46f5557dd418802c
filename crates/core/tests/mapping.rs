//! What is wrong with a mapping between two versions: every problem at once, each with its place.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use parvaneh_core::{
    Definition, Mapping,
    document::{Problem, Severity},
    migration::{ClockRule, Heading, StatutoryRule, code, starter},
};
use support::stage::LICENCE;

const FORMS: &str = "
forms:
  application:
    area: { type: number, decimals: 2, title: { fa: مساحت, en: Area } }
    kind: { type: choice, title: { fa: نوع, en: Kind }, choices: { a: { fa: الف, en: A }, b: { fa: ب, en: B } } }
application: application
documents:
  charter: { title: { fa: اساسنامه, en: Charter } }
steps:
  intake:
    documents: { charter: required }
";

/// The licence with something to fill in, and with changes of its text.
fn version(number: u32, changes: &[(&str, &str)]) -> Definition {
    let mut text = LICENCE.replacen("steps:\n  intake:\n", FORMS.trim_start(), 1);
    text = text.replacen("version: 1", &format!("version: {number}"), 1);
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Definition::parse("licence.yaml", &text).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(&text)).collect::<String>())
    })
}

fn checked(
    old: &[(&str, &str)],
    new: &[(&str, &str)],
    lines: &str,
) -> (Option<Mapping>, Vec<Problem>, String) {
    let (from, to) = (version(1, old), version(2, new));
    let text = format!("from: licence@1\nto: licence@2\n{lines}\n");
    let checked = Mapping::check("mapping.yaml", &text, &from, &to);
    (checked.mapping, checked.problems, text)
}

type Row = (&'static str, Vec<(&'static str, &'static str)>, &'static str, &'static str);

/// A code, what the new version changes, the lines of the mapping, and under what the caret stands.
fn table() -> Vec<Row> {
    // A step of that name is gone; nothing else leads to it.
    let renamed = || {
        vec![
            ("intake:", "reception:"),
            ("to: intake", "to: reception"),
            ("negative: intake", "negative: reception"),
        ]
    };
    vec![
        (code::NOT_MAPPED, renamed(), "", "licence@2"),
        (code::NOT_MAPPED, renamed(), "steps: { wait: wait }", "steps"),
        ("unknown-step", vec![], "steps: { intak: intake }", "intak"),
        ("unknown-step", vec![], "steps: { intake: recption }", "recption"),
        (code::WRONG_TARGET, vec![], "steps: { intake: wait }", "wait"),
        (code::WRONG_TARGET, vec![], "steps: { sitting: intake }", "intake"),
        (code::WRONG_TARGET, vec![], "steps: { intake: granted }", "granted"),
        ("unknown-step", vec![], "steps: { asked: { branches: { polic: police } } }", "polic"),
        ("unknown-step", vec![], "steps: { asked: { branches: { police: guard } } }", "guard"),
        (code::MAPPED_TWICE, vec![], "steps: { asked: { branches: { police: court } } }", "asked"),
        (code::NOT_MAPPED, vec![("        court:\n", "        judge:\n")], "", "licence@2"),
        ("unknown-key", vec![], "steps: { asked: { clock: keep } }", "clock"),
        ("unknown-key", vec![], "steps: { intake: { branches: { a: b } } }", "branches"),
        (code::MAPPED_TWICE, vec![], "steps: { intake: intake }\nstay: [intake]", "intake"),
        ("unknown-step", vec![], "stay: [inta]", "inta"),
        ("duplicate-key", vec![], "stay: [intake, intake]", "intake"),
        ("unknown-choice", vec![], "statutory: restart", "restart"),
        ("unknown-choice", vec![], "steps: { intake: { clock: hold } }", "hold"),
        (
            code::OTHER_COMMISSION,
            vec![
                ("members: member,", "members: board,"),
                ("  member: { at: province, title: { fa: عضو, en: Member } }\n", ""),
            ],
            "",
            "licence@2",
        ),
        (
            code::OTHER_COMMISSION,
            vec![("majority: simple,", "majority: simple, sittings: required,")],
            "",
            "licence@2",
        ),
        (code::OTHER_CALENDAR, vec![("calendar: ir", "calendar: af")], "", "licence@2"),
        (
            code::OTHER_SUBJECT,
            vec![(
                "opens_at: county\n",
                "opens_at: county\nabout: { case: [licence], state: ended }\n",
            )],
            "",
            "licence@2",
        ),
        (code::NOT_MAPPED, vec![("area:", "surface:")], "", "licence@2"),
        (
            code::OTHER_TYPE,
            vec![("area: { type: number, decimals: 2,", "area: { type: number,")],
            "",
            "licence@2",
        ),
        (
            code::OTHER_TYPE,
            vec![("area: { type: number, decimals: 2,", "area: { type: text,")],
            "",
            "licence@2",
        ),
        (
            code::OTHER_TYPE,
            vec![("a: { fa: الف, en: A }, ", "c: { fa: ج, en: C }, ")],
            "",
            "licence@2",
        ),
        (
            code::OTHER_TYPE,
            vec![("area:", "surface:")],
            "fields: { area: kind }\ndrop: { fields: [kind] }",
            "kind",
        ),
        ("personal", vec![("area: {", "surface: {")], "fields: { area: surface }", "surface"),
        (code::MAPPED_TWICE, vec![("area:", "surface:")], "fields: { area: kind }", "licence@2"),
        (code::MAPPED_TWICE, vec![], "fields: { area: area }\ndrop: { fields: area }", "area"),
        ("unknown-field", vec![], "fields: { aera: area }", "aera"),
        ("unknown-field", vec![], "fields: { area: aera }", "aera"),
        (code::NOT_MAPPED, vec![("charter:", "statutes:")], "", "licence@2"),
        ("unknown-document", vec![], "drop: { documents: [chartre] }", "chartre"),
        (
            code::NO_WAY_ON,
            vec![
                (
                    "  application:\n",
                    "  application:\n    members: { type: number, title: { fa: اعضا, en: Members } }\n",
                ),
                ("en: Back }, to: intake }", "en: Back }, to: intake, if: 'members > 2' }"),
            ],
            "steps: { wait: wait }",
            "wait",
        ),
        (
            code::NEVER_FILLED,
            vec![
                (
                    "  application:\n",
                    "  application:\n    members: { type: number, title: { fa: اعضا, en: Members } }\n",
                ),
                ("en: Accept }, to: asked }", "en: Accept }, to: asked, if: 'members > 2' }"),
            ],
            "steps: { intake: intake }",
            "intake",
        ),
        (
            code::NEWLY_ASKED,
            vec![
                ("  charter: {", "  map: { title: { fa: نقشه, en: Map } }\n  charter: {"),
                (
                    "documents: { charter: required }",
                    "documents: { charter: required, map: required }",
                ),
            ],
            "",
            "licence@2",
        ),
        (
            code::LATER_DEADLINE,
            vec![("term: 30 d\n  starts", "term: 40 d\n  starts")],
            "statutory: recount",
            "recount",
        ),
        (
            code::SILENCE_CHANGES,
            vec![
                ("  silence: { to: issued, grace: 2 wd, basis: assumption }\n", ""),
                (
                    "  issued: { title: { fa: صدور خودکار, en: Issued }, decision: yes, outcome: granted }\n",
                    "",
                ),
            ],
            "",
            "licence@2",
        ),
        (
            code::SILENCE_CHANGES,
            vec![
                ("    silence: { to: lapsed, basis: assumption }\n", ""),
                (
                    "  lapsed: { title: { fa: مختومه, en: Lapsed }, decision: no, outcome: lapsed }\n",
                    "",
                ),
                (
                    "back: {",
                    "leave: { title: { fa: پایان, en: Leave }, to: refused }\n      back: {",
                ),
            ],
            "",
            "licence@2",
        ),
        (
            "nobody-releases",
            vec![(", release_silence]", "]"), (", grace: 2 wd", "")],
            "",
            "licence@2",
        ),
        ("level-below-opening", vec![], "", "licence@2"),
        (
            code::STARTS_ELSEWHERE,
            vec![("starts: opened", "starts: { entering: sitting }")],
            "",
            "licence@2",
        ),
    ]
}

#[test]
fn every_problem_is_told_at_its_place() {
    let mut seen = BTreeSet::new();
    for (row, (code, new, lines, under)) in table().into_iter().enumerate() {
        let old: &[_] = match code {
            "level-below-opening" => {
                &[("opens_at: county", "opens_at: province"), ("at: county", "at: province")]
            }
            code::STARTS_ELSEWHERE => &[("starts: opened", "starts: { entering: asked }")],
            "personal" => &[("en: Area }", "en: Area }, personal: yes")],
            _ => &[],
        };
        let (mapping, problems, text) = checked(old, &new, lines);
        let told: String = problems.iter().map(|problem| problem.render(&text)).collect();
        let found = problems
            .iter()
            .find(|problem| problem.code == code && text.get(problem.span.clone()) == Some(under));
        let found =
            found.unwrap_or_else(|| panic!("row {row}: {code} under '{under}', not\n{told}"));
        assert_eq!(found.severity == Severity::Warning, mapping.is_some(), "row {row}: {told}");
        assert!(found.message.len() > 10, "row {row}: {told}");
        seen.insert(code);
    }
    for (code, heading) in [
        (code::NOT_A_VERSION, "from: licence\nto: licence@2"),
        (code::NOT_A_VERSION, "from: licence@0\nto: licence@2"),
        (code::OTHER_WORKFLOW, "from: licence@1\nto: renewal@2"),
        (code::SAME_VERSION, "from: licence@2\nto: licence@2"),
        ("missing-key", "from: licence@1"),
        ("empty-document", ""),
    ] {
        let problems = Heading::read("mapping.yaml", heading).unwrap_err();
        assert!(problems.iter().any(|problem| problem.code == code), "{code}: {problems:?}");
        let all = Mapping::check("mapping.yaml", heading, &version(1, &[]), &version(2, &[]));
        assert!(all.mapping.is_none() && all.problems.iter().any(|problem| problem.code == code));
        seen.insert(code);
    }
    let unseen: Vec<_> =
        code::ALL.iter().map(|code| code.name).filter(|code| !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no test of {unseen:?}");
}

#[test]
fn all_problems_are_told_at_once() {
    let new = [("area:", "surface:"), ("calendar: ir", "calendar: af")];
    let lines = "statutory: restart\nsteps:\n  intake: wait\n  asked: { branches: { police: guard } }\nstay: [nowhere]";
    let (mapping, problems, text) = checked(&[], &new, lines);
    assert_eq!(mapping, None);
    let told: String = problems.iter().map(|problem| problem.render(&text)).collect();
    insta::assert_snapshot!(told);
}

#[test]
fn what_has_the_same_name_needs_no_word() {
    let (mapping, problems, _) = checked(&[], &[], "");
    let mapping = mapping.unwrap_or_else(|| panic!("{problems:?}"));
    assert_eq!(problems, []);
    assert_eq!(mapping.statutory, StatutoryRule::Keep);
    let steps: Vec<_> =
        mapping.steps.iter().map(|(old, new)| (old.as_str(), new.to.as_str())).collect();
    assert_eq!(
        steps,
        [("asked", "asked"), ("intake", "intake"), ("sitting", "sitting"), ("wait", "wait")]
    );
    assert_eq!(mapping.steps["asked"].branches.len(), 2);
    assert!(mapping.fields.is_empty() && mapping.documents.is_empty());
    // It is kept as it is, wherever the work on it is remembered.
    let kept = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&kept).unwrap(), mapping);

    let lines = "statutory: recount\nsteps: { intake: { clock: restart } }\nstay: wait";
    let mapping = checked(&[], &[], lines).0.unwrap();
    assert_eq!(mapping.statutory, StatutoryRule::Recount);
    assert_eq!(mapping.steps["intake"].clock, Some(ClockRule::Restart));
    assert!(!mapping.steps.contains_key("wait"));
    let heading = Heading::read("mapping.yaml", "from: licence@1\nto: licence@2\n").unwrap();
    assert_eq!((heading.workflow.as_str(), heading.from, heading.to), ("licence", 1, 2));
}

/// The second version of the shipped procedure that the example of the reference is about.
fn second_of_the_example() -> Definition {
    let first = include_str!("../../../workflows/ngo-establishment/v1.yaml");
    let mut lines = Vec::new();
    let mut in_scope = false;
    for line in first.lines() {
        in_scope = match line.trim_start() {
            "activity_scope:" => true,
            field if field.starts_with("capital:") => false,
            _ => in_scope,
        };
        if !in_scope {
            lines.push(line);
        }
    }
    let mut text = lines.join("\n");
    // Without the scope there is nothing to hold the capital against.
    for part in ["if: \"!has", "if_not:", "required_if:"] {
        let start = text.find(part).unwrap();
        let end = start + text[start..].find("}, ").or(text[start..].find("\", ")).unwrap();
        let end = if part.starts_with("if: ") {
            start + text[start..].find("\", ").unwrap() + 3
        } else {
            end + 3
        };
        text.replace_range(start..end, "");
    }
    for (from, to) in [
        ("version: 1", "version: 2"),
        ("  reception:", "  intake:"),
        ("to: reception", "to: intake"),
        ("        police:\n", "        law_enforcement:\n"),
        ("capital:", "own_capital:"),
    ] {
        text = text.replace(from, to);
    }
    Definition::parse("second.yaml", &text).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(&text)).collect::<String>())
    })
}

#[test]
fn the_example_of_the_reference_is_a_mapping() {
    let reference = include_str!("../../../docs/WORKFLOWS.md");
    let section = reference.split_once("\n## Moving running cases\n").unwrap().1;
    let example = section.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let first = include_str!("../../../workflows/ngo-establishment/v1.yaml");
    let first = Definition::parse("first.yaml", first).unwrap();
    let checked = Mapping::check("example.yaml", example, &first, &second_of_the_example());
    let told: String = checked.problems.iter().map(|problem| problem.render(example)).collect();
    let mapping = checked.mapping.unwrap_or_else(|| panic!("{told}"));
    assert_eq!(told, "");
    assert_eq!(mapping.steps["reception"].to.as_str(), "intake");
    assert_eq!(mapping.steps["correction"].clock, Some(ClockRule::Restart));
    assert_eq!(mapping.steps["inquiries"].branches["police"].clock, Some(ClockRule::Recount));
    assert_eq!(mapping.fields["activity_scope"], None);
    assert!(!mapping.steps.contains_key("appeal_window"));
}

#[test]
fn a_starter_says_what_it_knows_and_leaves_the_rest_open() {
    let from = version(1, &[]);
    // Nothing has changed: it can be used as it is.
    let same = version(2, &[]);
    let text = starter(&from, &same);
    let checked = Mapping::check("starter.yaml", &text, &from, &same);
    let told: String = checked.problems.iter().map(|problem| problem.render(&text)).collect();
    assert!(checked.mapping.is_some() && !text.contains(": ???"), "{told}");

    let new = [
        ("  intake:\n", "  reception:\n"),
        ("to: intake", "to: reception"),
        ("negative: intake", "negative: reception"),
        ("  wait:\n", "  correction:\n"),
        ("to: wait", "to: correction"),
        ("fa: رفع نقص, en: Correction", "fa: تکمیل, en: Completion"),
        (
            "    term: 10 d\n    basis: assumption\n    silence",
            "    term: 5 d\n    basis: assumption\n    silence",
        ),
        ("area:", "areas:"),
        ("charter", "statutes"),
        (
            "        police: { owner: agency.police, term: 30 d",
            "        guard: { owner: agency.police, term: 20 d",
        ),
        ("members: member,", "members: board,"),
        ("  member: { at: province, title: { fa: عضو, en: Member } }\n", ""),
    ];
    let to = version(2, &new);
    let text = starter(&from, &to);
    insta::assert_snapshot!(text);
    // What is open is told, and nothing else is wrong.
    let checked = Mapping::check("starter.yaml", &text, &from, &to);
    let codes: BTreeSet<_> = checked
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.code)
        .collect();
    assert!(codes.contains("not-a-name"), "{codes:?}");
    let filled =
        text.replace("wait: ???", "wait: correction").replace("charter: ???", "charter: statutes");
    let checked = Mapping::check("starter.yaml", &filled, &from, &to);
    let told: String = checked.problems.iter().map(|problem| problem.render(&filled)).collect();
    assert!(checked.mapping.is_some(), "{told}");
}
