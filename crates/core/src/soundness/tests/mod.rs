mod by_calendar;
mod passage;
mod rules;

use super::*;
use crate::{Term, definition::Definition, document::Problem};
use rules::Change;

/// A small definition with a step of each kind and nothing to complain of.
const BASE: &str = "\
workflow: base
version: 1
title: { fa: پایه, en: Base }
opens_at: county
about: { licence: establishment, stays_in_force: yes }
calendar: ir
statutory:
  term: 60 d
  starts: opened
  service_norm: 45 d
  basis: assumption
  extension: { times: 1, up_to: 20 d, by: director, basis: assumption }
  silence: { to: by_silence, grace: 2 wd, basis: assumption }
  escalate:
    - { warn: 5 d, tell: [owner] }
roles:
  officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open, record_answer] }
  director: { at: province, title: { fa: مدیر, en: Director }, may: [release_silence] }
  member: { at: province, title: { fa: عضو, en: Member } }
agencies:
  police: { at: county, title: { fa: پلیس, en: Police } }
  court: { at: province, title: { fa: دادگاه, en: Court } }
ladder:
  usual:
    - { warn: 2 d, tell: [owner] }
    - { warn: 1 d, tell: [owner] }
    - { after: 0 d, tell: [owner, director] }
    - { after: 3 d, tell: [director], reassign: director }
forms:
  paper:
    scope:
      type: choice
      title: { fa: دامنه, en: Scope }
      required: yes
      choices: { local: { fa: محلی, en: Local }, wide: { fa: ملی, en: Wide } }
    capital:
      type: money
      title: { fa: سرمایه, en: Capital }
      required_if: { scope: wide }
      min: 500,000
      max: 900,000
  visit:
    area: { type: number, title: { fa: مساحت, en: Area }, decimals: 1 }
    seen: { type: date, title: { fa: بازدید, en: Seen }, min: 1400/01/01, max: today }
application: paper
documents:
  charter: { title: { fa: اساسنامه, en: Charter }, verified_by: officer, copies: 2 }
  record: { title: { fa: سوءپیشینه, en: Criminal record }, valid_for: 3 mo }
steps:
  reception:
    title: { fa: پذیرش, en: Reception }
    owner: officer
    term: 3 d
    basis: assumption
    escalate: usual
    extension: { times: 1, up_to: 3 d, by: director, basis: assumption }
    actions:
      accept: { title: { fa: تأیید, en: Accept }, to: inquiries }
      return: { title: { fa: نقص, en: Return }, to: correction, needs: [reason] }
  correction:
    title: { fa: رفع نقص, en: Correction }
    owner: applicant
    statutory_clock: suspended
    term: 30 d
    basis: assumption
    silence: { to: lapsed, basis: assumption }
    actions:
      resubmit: { title: { fa: ارسال, en: Resubmit }, form: visit, documents: { charter: required, record: optional }, to: reception }
  inquiries:
    title: { fa: استعلام, en: Inquiries }
    parallel:
      join: { n: 2 }
      branches:
        police: { owner: agency.police, term: 20 d, basis: assumption, silence: { answer: positive, basis: assumption } }
        court:
          owner: agency.court
          term: 20 d
          basis: assumption
          escalate: [{ warn: 5 d, tell: [officer] }]
      when: { positive: commission, negative: { to: commission, at: once } }
  commission:
    title: { fa: کمیسیون, en: Commission }
    owner: director
    commission: { members: member, seats: 5, quorum: 3, majority: simple }
    statutory_silence: by_silence
    term: 15 d
    basis: assumption
    escalate: [{ after: 2 d, tell: [director] }]
    actions:
      defer: { title: { fa: تعویق, en: Defer }, to: correction }
    when: { approved: granted, rejected: { to: refused, needs: [reason, citation] } }
ends:
  granted:
    title: { fa: صدور, en: Granted }
    decision: yes
    outcome: granted
    licence: { kind: establishment, valid: 36 mo }
  by_silence: { title: { fa: خودکار, en: By silence }, decision: yes, outcome: granted, licence: { change: renew, valid: 36 mo } }
  refused: { title: { fa: رد, en: Refused }, decision: yes, outcome: refused }
  lapsed: { title: { fa: مختومه, en: Lapsed }, decision: no, outcome: lapsed }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

fn check(source: &str) -> Vec<Problem> {
    Definition::check("base.yaml", source, None).problems
}

fn changed((from, to): Change) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "'{from}' must stand once in the base");
    BASE.replace(from, to)
}

#[test]
fn the_base_is_sound() {
    assert_eq!(check(BASE), []);
}

#[test]
fn every_rule_finds_what_breaks_it() {
    for rule in rules::all() {
        for (change, pointed) in rule.breaks {
            let source = changed(*change);
            let problems = check(&source);
            let mut found = problems.iter().filter(|problem| problem.code == rule.code);
            let found = found
                .any(|problem| pointed.is_empty() || source[problem.span.clone()] == **pointed);
            let told: Vec<_> = problems
                .iter()
                .map(|p| format!("{} at '{}': {}", p.code, &source[p.span.clone()], p.message))
                .collect();
            assert!(found, "{} at '{pointed}' by {change:?}: {told:#?}", rule.code);
        }
    }
}

#[test]
fn no_rule_finds_what_does_not_break_it() {
    for rule in rules::all() {
        for change in rule.keeps {
            let problems = check(&changed(*change));
            let wrong: Vec<_> = problems.iter().filter(|p| p.code == rule.code).collect();
            assert!(wrong.is_empty(), "{} by {change:?}: {wrong:#?}", rule.code);
        }
    }
}

#[test]
fn every_code_has_its_rule_here() {
    for code in code::ALL {
        let rules = rules::all().filter(|rule| rule.code == code.name);
        assert_eq!(rules.count(), 1, "{}", code.name);
    }
}

#[test]
fn a_definition_can_be_examined_without_its_file() {
    let definition = Definition::parse("base.yaml", BASE).expect("sound");
    assert_eq!(findings(&definition), []);
    let mut broken = definition.clone();
    broken.steps.shift_remove("commission");
    let codes: Vec<_> = findings(&broken).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::UNKNOWN_STEP, code::UNKNOWN_STEP, code::UNUSED_ROLE]);
    let mut empty = definition;
    empty.steps.clear();
    assert!(!findings(&empty).is_empty());
}

#[test]
fn terms_are_compared_only_as_far_as_that_always_holds() {
    let term = |text: &str| text.parse::<Term>().expect("a term");
    let longer = [
        ("3 d", "2 d"),
        ("3 wd", "2 d"),
        ("3 wh", "2 h"),
        ("3 d", "47 h"),
        ("3 wd", "47 h"),
        ("1 h", "0 wd"),
    ];
    for (a, b) in longer {
        assert!(certainly_longer(term(a), term(b)), "{a} > {b}");
        assert!(!certainly_longer(term(b), term(a)), "{b} < {a}");
    }
    let unknown =
        [("2 d", "2 d"), ("2 wd", "2 d"), ("3 d", "48 h"), ("9 wh", "1 wd"), ("0 h", "0 wd")];
    for (a, b) in unknown {
        assert!(!certainly_longer(term(a), term(b)), "{a} ? {b}");
        assert!(!certainly_longer(term(b), term(a)), "{b} ? {a}");
    }
}

#[test]
fn a_long_chain_of_steps_is_examined_without_recursion() {
    let mut steps = String::new();
    for at in 0..3_000 {
        steps += &format!(
            "  s{at}: {{ title: {{ fa: گ, en: s }}, owner: officer, term: 1 h, basis: assumption, \
             actions: {{ go: {{ title: {{ fa: ب, en: go }}, to: s{} }} }} }}\n",
            at + 1
        );
    }
    let from = "steps:\n  reception:";
    let source = BASE.replace(from, &format!("steps:\n{steps}  s3000: &x\n  reception:"));
    let source = source.replace("  s3000: &x\n", "").replace("to: s3000 }", "to: reception }");
    let problems = check(&source);
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [code::TOO_SLOW], "{:?}", problems.first());
}
