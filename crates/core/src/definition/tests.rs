use proptest::prelude::*;

use super::*;
use crate::{
    Term,
    document::{Problem, Reader, Severity, has_errors},
};

/// The definition that is shipped.
const SHIPPED: &str = include_str!("../../../../workflows/ngo-establishment/v1.yaml");
const FILE: &str = "workflows/ngo-establishment/v1.yaml";

fn rendered(problems: &[Problem], source: &str) -> String {
    problems.iter().map(|problem| problem.render(source) + "\n").collect()
}

#[test]
fn the_shipped_definition_is_sound() {
    let checked = Definition::check(FILE, SHIPPED, Some(&["ir"]));
    assert!(!has_errors(&checked.problems), "{}", rendered(&checked.problems, SHIPPED));
    insta::assert_snapshot!(rendered(&checked.problems, SHIPPED));
}

/// A file with about forty different faults.
const BROKEN: &str = include_str!("tests/broken/v1.yaml");

#[test]
fn every_problem_of_a_broken_file_is_told_at_once() {
    let checked = Definition::check("workflows/broken/v1.yaml", BROKEN, Some(&["ir"]));
    assert_eq!(checked.definition, None);
    insta::assert_snapshot!(rendered(&checked.problems, BROKEN));
}

#[test]
fn the_shipped_definition_says_what_is_published() {
    let definition = Definition::parse(FILE, SHIPPED).expect("sound");
    assert_eq!((definition.id.as_str(), definition.version), ("ngo-establishment", 1));
    assert_eq!(definition.first.as_str(), "reception");
    assert_eq!(definition.hash.len(), 64);
    assert_eq!(definition.statutory.term, Term::days(60));
    assert_eq!(definition.statutory.service_norm, Some(Term::days(45)));
    assert_eq!(
        definition.statutory.silence.as_ref().expect("a rule").to.as_str(),
        "issued_by_silence"
    );
    let published = [
        ("reception", 3),
        ("county_forwarding", 7),
        ("secretariat_check", 5),
        ("security_check", 20),
    ];
    for (step, days) in published {
        let step = &definition.steps[step];
        assert_eq!(step.term, Some(Term::days(days)));
        assert!(matches!(step.basis, Some(Basis::Source(_))));
    }
    let StepKind::Parallel(inquiries) = &definition.steps["inquiries"].kind else {
        panic!("the inquiries are parallel")
    };
    assert_eq!((inquiries.branches.len(), inquiries.join), (4, Join::All));
    for branch in inquiries.branches.values() {
        assert_eq!(branch.term, Term::days(30));
        assert_eq!(branch.silence.as_ref().expect("a rule").answer, Answer::Positive);
        assert!(definition.roles[&branch.owner].agency);
    }
    let rejected = &definition.steps["commission"].actions[REJECTED];
    assert!(rejected.needs_citation && rejected.needs_reason);
    assert_eq!(rejected.to.as_str(), "appeal_window");
    for step in ["correction", "completion", "appeal_window", "high_commission"] {
        assert!(definition.steps[step].suspends_statutory, "{step}");
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let source = SHIPPED
        .replace("starts: opened", "starts: { entering: inquiries }")
        .replace("join: all", "join: { n: 3 }")
        .replace("{ to: expert_review, at: join }", "{ to: expert_review, at: once }")
        .replace("majority: simple", "majority: two_thirds");
    let definition = Definition::parse("draft.yaml", &source).expect("sound");
    assert_eq!(definition.statutory.starts, Starts::Entering("inquiries".into()));
    let StepKind::Parallel(inquiries) = &definition.steps["inquiries"].kind else {
        panic!("the inquiries are parallel")
    };
    assert_eq!((inquiries.join, inquiries.negative_at_once), (Join::N(3), true));
    let StepKind::Commission(commission) = &definition.steps["commission"].kind else {
        panic!("the commission is one")
    };
    assert_eq!(commission.majority, Majority::TwoThirds);
    assert_eq!((commission.seats, commission.quorum), (5, 3));
    let levels = &definition.steps["reception"].levels;
    assert_eq!(levels.len(), 4);
    assert_eq!(levels[0].fires, Fires::Before(Term::working_days(1)));
    assert_eq!(levels[2].fires, Fires::After(Term::working_days(2)));
    assert_eq!(levels[2].effect, Effect::Reassign("county_head".into()));
    assert_eq!(levels[1].tell, [Addressee::Owner, Addressee::Role("county_head".into())]);
    assert_eq!(
        definition.ends["issued_by_silence"].licence.as_ref().expect("one").valid_months,
        36
    );
}

#[test]
fn a_branch_without_a_title_is_called_what_its_owner_is_called() {
    let source = SHIPPED
        .replace("          title: { fa: استعلام نیروی انتظامی, en: Inquiry to the police }\n", "");
    let definition = Definition::parse("draft.yaml", &source).expect("sound");
    let StepKind::Parallel(inquiries) = &definition.steps["inquiries"].kind else {
        panic!("the inquiries are parallel")
    };
    assert_eq!(inquiries.branches["police"].title.en, "Police");
}

#[test]
fn a_file_must_be_named_as_it_calls_itself() {
    let table = [
        ("v1.yaml", ""),
        ("./v1.yaml", ""),
        ("draft.yaml", ""),
        ("workflows/ngo-establishment/v1.yaml", ""),
        ("/srv/workflows/ngo-establishment/v1.yaml", ""),
        ("v2.yaml", "wrong-version"),
        ("v01.yml", ""),
        ("v99999999999999999999.yaml", "wrong-version"),
        ("workflows/other/v1.yaml", "wrong-folder"),
        ("workflows/other/v2.yaml", "wrong-folder wrong-version"),
        // Elsewhere a folder may be named as it likes, but somebody should look.
        ("drafts/v1.yaml", "(wrong-folder)"),
    ];
    for (file, expected) in table {
        let problems = Definition::check(file, SHIPPED, None).problems;
        let codes: Vec<_> = problems
            .iter()
            .filter(|problem| problem.code != "too-slow")
            .map(|problem| match problem.severity {
                Severity::Error => problem.code.to_owned(),
                Severity::Warning => format!("({})", problem.code),
            })
            .collect();
        assert_eq!(codes.join(" "), expected, "{file}");
    }
}

#[test]
fn a_single_fault_is_told_once() {
    let table = [
        (
            "owner: county_officer\n    term: 3 d",
            "ownr: county_officer\n    term: 3 d",
            "unknown-key",
        ),
        ("    owner: county_officer\n    term: 3 d", "    term: 3 d", "missing-key"),
        ("term: 3 d", "term: 3 days", "not-a-term"),
        ("term: 60 d", "term: 60 days", "not-a-term"),
        ("to: inquiries }", "to: inquries }", "unknown-step"),
        ("  inquiries:\n", "  Inquiries:\n", "unknown-step not-a-name"),
        (
            "up_to: 20 d, by: provincial_director, basis: assumption }\n  silence",
            "up_to: 20 wd, by: provincial_director, basis: assumption }\n  silence",
            "extension-unit",
        ),
        ("escalate: nation", "escalate: natoin", "unknown-ladder"),
        ("reassign: county_head", "reassign: county_hed", "unknown-role"),
        ("tell: [owner, county_head]", "tell: [owner, county_hed]", "unknown-role"),
        (
            "{ warn: 1 wd, tell: [owner] }\n    - { after: 0 wd, tell: [owner, county_head] }",
            "{ wran: 1 wd, tell: [owner] }\n    - { after: 0 wd, tell: [owner, county_head] }",
            "unknown-key",
        ),
        ("outcome: withdrawn", "outcome: withdrwan", "unknown-choice"),
        ("seats: 5", "seats: five", "not-a-number"),
        ("join: all", "join: al", "unknown-choice"),
        ("quorum: 3", "quorum: 6", "quorum-exceeds-seats"),
        ("may: [open, record_answer, read]", "may: [opne, record_answer, read]", "unknown-choice"),
        ("workflow: ngo-establishment\n", "workflow: NGO\n", "not-a-name"),
        ("version: 1\n", "version: one\n", "not-a-number"),
        (
            "statutory_clock: suspended\n    commission",
            "statutory_clock: off\n    commission",
            "unknown-choice",
        ),
        ("ends:\n", "end:\n", "unknown-key"),
        ("steps:\n", "step:\n", "unknown-key"),
        ("roles:\n", "role:\n", "unknown-key"),
        ("agencies:\n", "agencys:\n", "unknown-key"),
        ("ladder:\n", "ladders:\n", "unknown-key"),
        ("statutory:\n", "statutry:\n", "unknown-key"),
    ];
    for (from, to, expected) in table {
        assert_eq!(SHIPPED.matches(from).count(), 1, "'{from}' must stand once");
        let checked = Definition::check(FILE, &SHIPPED.replace(from, to), Some(&["ir"]));
        let codes: Vec<_> =
            checked.problems.iter().map(|p| p.code).filter(|c| *c != "too-slow").collect();
        assert_eq!(
            codes.join(" "),
            expected,
            "{to}\n{}",
            rendered(&checked.problems, &SHIPPED.replace(from, to))
        );
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing_but_the_hash() {
    let plain = Definition::parse(FILE, SHIPPED).expect("sound");
    let source = format!("\u{feff}{}", SHIPPED.replace('\n', "\r\n"));
    let mut other = Definition::parse(FILE, &source).expect("sound");
    assert_ne!(plain.hash, other.hash);
    other.hash.clone_from(&plain.hash);
    assert_eq!(plain, other);
}

#[test]
fn a_truncated_file_is_never_a_definition() {
    let ends = SHIPPED.find("  withdrawn:\n").expect("the last end");
    for at in (0..ends).step_by(61) {
        let at = (at..).find(|at| SHIPPED.is_char_boundary(*at)).expect("a boundary");
        let checked = Definition::check(FILE, &SHIPPED[..at], None);
        assert!(checked.definition.is_none() && has_errors(&checked.problems), "cut at {at}");
    }
}

#[test]
fn hostile_definitions_are_refused_quickly() {
    let many = |count: usize, line: &str| -> String {
        (0..count).map(|at| line.replace("NR", &at.to_string())).collect()
    };
    let steps = |line: &str, count: usize| {
        SHIPPED.replace("steps:\n", &format!("steps:\n{}", many(count, line)))
    };
    let level = "    - { after: NR d, tell: [county_hed, owner] }\n";
    let table = [
        ("laughs", format!("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n{SHIPPED}")),
        ("depth", SHIPPED.replace("term: 3 d", &format!("term: {}", "[".repeat(100_000)))),
        ("10 MB", format!("{SHIPPED}{}", "# x\n".repeat(2_500_000))),
        ("keys", steps("  sNR: { owner: county_officer }\n", 20_000)),
        ("unknown keys", format!("{SHIPPED}{}", many(40_000, "stepsNR: 1\n"))),
        (
            "unknown steps",
            steps(
                "  sNR: { title: { fa: ا, en: a }, owner: county_officer, term: 1 d, basis: b, silence: { to: nowhereNR, basis: b } }\n",
                4_000,
            ),
        ),
        (
            "levels",
            SHIPPED.replace(
                "ladder:\n  county:\n",
                &format!("ladder:\n  county:\n{}", many(9_000, level)),
            ),
        ),
        ("NUL", SHIPPED.replace("term: 3 d", "term: 3\0 d")),
        ("tab", SHIPPED.replace("    term: 3 d", "\tterm: 3 d")),
    ];
    for (name, source) in table {
        let start = std::time::Instant::now();
        let checked = Definition::check(FILE, &source, None);
        let took = start.elapsed();
        assert!(took < std::time::Duration::from_secs(5), "{name}: {took:?}");
        assert!(checked.definition.is_none() && has_errors(&checked.problems), "{name}");
        assert!(checked.problems.len() <= crate::document::MAX_PROBLEMS + 1, "{name}");
    }
}

#[test]
fn every_code_is_documented_and_nothing_else_is() {
    let manual = include_str!("../../../../docs/WORKFLOWS.md");
    let documented: Vec<_> = manual
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(code, rest)| (code, rest.trim_end_matches('|').trim()))
        .skip_while(|(code, _)| *code != "not-utf8")
        .collect();
    let reading = [crate::document::code::ALL, code::ALL, crate::expression::code::ALL].concat();
    let sound = [crate::soundness::code::ALL, crate::soundness::calendar_code::ALL].concat();
    let running = [crate::scenario::code::ALL, crate::migration::code::ALL].concat();
    let all = [&reading[..], &sound, &running].concat();
    let codes: Vec<_> = all.iter().map(|code| (code.name, code.meaning)).collect();
    assert_eq!(documented, codes);
}

/// A change of one place of a file, as a slip of the hand makes it.
#[derive(Clone, Debug)]
enum Slip {
    DeleteLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    Indent(usize),
    DeleteBytes(usize, usize),
    ReplaceByte(usize, u8),
    ExchangeWords(usize, usize),
    Cut(usize),
}

fn slip() -> impl Strategy<Value = Slip> {
    let at = 0..10_000_usize;
    prop_oneof![
        at.clone().prop_map(Slip::DeleteLine),
        at.clone().prop_map(Slip::RepeatLine),
        (at.clone(), at.clone()).prop_map(|(a, b)| Slip::SwapLines(a, b)),
        at.clone().prop_map(Slip::Indent),
        (at.clone(), 1..20_usize).prop_map(|(at, length)| Slip::DeleteBytes(at, length)),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Slip::ReplaceByte(at, byte)),
        (at.clone(), at.clone()).prop_map(|(a, b)| Slip::ExchangeWords(a, b)),
        at.prop_map(Slip::Cut),
    ]
}

fn slipped(source: &str, slip: &Slip) -> Vec<u8> {
    let mut lines: Vec<&str> = source.split_inclusive('\n').collect();
    let count = lines.len();
    let bytes = source.as_bytes();
    match *slip {
        Slip::DeleteLine(at) => drop(lines.remove(at % count)),
        Slip::RepeatLine(at) => lines.insert(at % count, lines[at % count]),
        Slip::SwapLines(a, b) => lines.swap(a % count, b % count),
        Slip::Indent(at) => lines.insert(at % count, "  "),
        Slip::DeleteBytes(at, length) => {
            let at = at % bytes.len();
            return [&bytes[..at], &bytes[(at + length).min(bytes.len())..]].concat();
        }
        Slip::ReplaceByte(at, byte) => {
            let mut bytes = bytes.to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            return bytes;
        }
        Slip::ExchangeWords(a, b) => {
            let mut words: Vec<&str> = source.split_inclusive([' ', '\n', ',']).collect();
            let count = words.len();
            words.swap(a % count, b % count);
            return words.concat().into_bytes();
        }
        Slip::Cut(at) => return bytes[..at % bytes.len()].to_vec(),
    }
    lines.concat().into_bytes()
}

proptest! {
    /// Whatever slips into a definition, the result is sound or says where it is not.
    #[test]
    fn a_slip_gives_a_sound_definition_or_a_place(slips in proptest::collection::vec(slip(), 1..4)) {
        let mut bytes = SHIPPED.as_bytes().to_vec();
        for slip in &slips {
            bytes = slipped(&String::from_utf8_lossy(&bytes), slip);
            if bytes.is_empty() {
                bytes.push(b'\n');
            }
        }
        let source = match Reader::decode(FILE, &bytes) {
            Ok(source) => source,
            Err(problem) => {
                prop_assert!(problem.span.end <= bytes.len());
                return Ok(());
            }
        };
        let checked = Definition::check(FILE, source, Some(&["ir"]));
        prop_assert_eq!(checked.definition.is_none(), has_errors(&checked.problems));
        if let Some(definition) = &checked.definition {
            let findings = crate::soundness::findings(definition);
            prop_assert!(findings.iter().all(|f| f.severity == Severity::Warning), "{findings:?}");
        }
        let lines = source.split('\n').count();
        for problem in &checked.problems {
            prop_assert!(source.get(problem.span.clone()).is_some(), "{problem:?}");
            prop_assert!((1..=lines).contains(&(problem.line as usize)), "{problem:?}");
            prop_assert!(!problem.message.is_empty());
            prop_assert!(problem.render(source).lines().count() >= 5, "{}", problem.render(source));
        }
        let places: Vec<_> = checked.problems.iter().map(|problem| problem.span.start).collect();
        prop_assert!(places.is_sorted());
    }
}
