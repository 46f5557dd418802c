//! Guards of actions, and steps that a case passes through.
#![allow(clippy::unwrap_used)]

use parvaneh_core::{
    Caller, Case, Definition, RefusalCode, decide,
    decide::{Decided, Possible, possible},
    event::Fact,
    open,
    scenario::{self, Setting},
    timeline,
};

mod support;

use support::{
    applicant, at, compiled,
    live::World,
    office_hours, organisation,
    stage::{act, application, officer},
};

/// A definition with the parts that a test is about.
fn definition(reception: &str, more: &str) -> String {
    format!(
        "\
workflow: guarded
version: 1
title: {{ fa: نمونه, en: Sample }}
opens_at: county
calendar: ir
statutory: {{ term: 60 d, starts: opened, basis: assumption }}
roles:
  officer: {{ at: county, title: {{ fa: کارشناس, en: Officer }}, may: [open, record_answer] }}
  head: {{ at: province, title: {{ fa: مدیر, en: Head }} }}
agencies:
  police: {{ at: county, title: {{ fa: پلیس, en: Police }} }}
steps:
  reception:
    title: {{ fa: پذیرش, en: Reception }}
    owner: officer
    term: 5 d
    basis: assumption
    actions:
      pass: {{ title: {{ fa: ادامه, en: Pass }}, to: screening }}
      ask: {{ title: {{ fa: استعلام, en: Ask }}, to: asked }}
{reception}
  correction:
    title: {{ fa: رفع نقص, en: Correction }}
    owner: applicant
    term: 10 d
    basis: assumption
    silence: {{ to: screening, basis: assumption }}
    actions:
      resubmit: {{ title: {{ fa: ارسال, en: Resubmit }}, to: reception }}
  asked:
    title: {{ fa: استعلام, en: Asked }}
    parallel:
      join: all
      branches:
        police: {{ owner: agency.police, term: 10 d, basis: assumption, silence: {{ answer: positive, basis: assumption }} }}
      when: {{ positive: screening, negative: screening }}
  head_review:
    title: {{ fa: بررسی مدیر, en: Head review }}
    owner: head
    term: 5 d
    basis: assumption
    actions:
      grant: {{ title: {{ fa: صدور, en: Grant }}, to: granted }}
      refuse: {{ title: {{ fa: رد, en: Refuse }}, to: refused, needs: citation }}
  expert_review:
    title: {{ fa: بررسی کارشناس, en: Expert review }}
    owner: officer
    term: 5 d
    basis: assumption
    actions:
      grant: {{ title: {{ fa: صدور, en: Grant }}, to: granted }}
{more}
ends:
  granted: {{ title: {{ fa: صدور, en: Granted }}, decision: yes, outcome: granted }}
  refused: {{ title: {{ fa: رد, en: Refused }}, decision: yes, outcome: refused }}
  withdrawn: {{ title: {{ fa: انصراف, en: Withdrawn }}, decision: no, outcome: withdrawn }}
"
    )
}

/// As `docs/WORKFLOWS.md` has it: the guard of an action, and an automatic step.
fn of_the_manual() -> String {
    let manual = include_str!("../../../docs/WORKFLOWS.md");
    let block = |marks: &str| {
        let mut blocks = manual.split("```yaml\n").skip(1).map(|rest| rest.split("```").next());
        let block = blocks.find_map(|block| block.filter(|block| block.contains(marks)));
        block.unwrap_or_else(|| panic!("the manual has no example with '{marks}'")).to_owned()
    };
    let actions = block("case.returns < 3");
    let actions = actions.strip_prefix("    actions:\n").unwrap();
    definition(actions, &block("choose:"))
}

fn parsed(source: &str) -> Definition {
    Definition::parse("guarded.yaml", source).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(source)).collect::<String>())
    })
}

#[track_caller]
fn lives(definition: &Definition, scenario: &str) {
    let calendars = compiled(office_hours());
    let setting = Setting { definition, calendars: &calendars, organisation: &organisation() };
    let report = scenario::run(&setting, "scenario.yaml", scenario);
    let told: String = report.problems.iter().map(|p| p.render(scenario)).collect();
    assert!(report.is_as_expected() && report.lived > 0, "{told}");
}

#[test]
fn the_manuals_examples_do_what_it_says() {
    let definition = parsed(&of_the_manual());
    // An action leads through the automatic step.
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: The way by an action }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open, expect: { step: reception, passed: [] } }
  - { at: 1403/11/13 10:10, as: officer, do: pass, expect: { step: expert_review, passed: [screening], open: [expert_review] } }
",
    );
    // The third return is the last, and a case that was returned three times goes to the head.
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: Three returns }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open }
  - { at: 1403/11/13 10:10, as: officer, do: return, expect: { step: correction } }
  - { at: 1403/11/13 10:20, as: applicant, do: resubmit }
  - { at: 1403/11/13 10:30, as: officer, do: return }
  - { at: 1403/11/13 10:40, as: applicant, do: resubmit }
  - { at: 1403/11/13 10:50, as: officer, do: return }
  - { at: 1403/11/13 11:00, as: applicant, do: resubmit }
  - { at: 1403/11/13 11:10, as: officer, do: return, expect: { refused: guard_not_met, step: reception } }
  - { at: 1403/11/13 11:20, as: officer, do: pass, expect: { step: head_review, passed: [screening] } }
",
    );
    // The answer to an inquiry, and silence, lead through it too.
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: The way by an answer }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open }
  - { at: 1403/11/13 10:10, as: officer, do: ask, expect: { step: asked } }
  - { at: 1403/11/13 10:20, as: agency.police, answer: { police: negative }, expect: { step: expert_review, passed: [screening] } }
",
    );
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: The way by silence }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open }
  - { at: 1403/11/13 10:10, as: officer, do: ask }
  - { at: 1403/11/30 10:00, expect: { step: expert_review, passed: [screening] } }
",
    );
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: The way by the applicant's silence }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open }
  - { at: 1403/11/13 10:10, as: officer, do: return }
  - { at: 1403/11/30 10:00, expect: { step: expert_review, passed: [screening] } }
",
    );
}

/// A case that was opened by its applicant on Saturday, 2025-02-01, at 10:00.
fn opened(world: &World) -> Decided {
    let caller = Caller::Person(applicant());
    open(&world.context(&caller, None, at("2025-02-01 10:00")), &application()).unwrap()
}

fn acted(world: &World, case: &Case, action: &str) -> Decided {
    let caller = Caller::Person(officer());
    let ctx = world.context(&caller, None, at("2025-02-01 11:00"));
    decide(&ctx, case, &act(action)).unwrap()
}

#[test]
fn a_guard_that_is_not_met_says_what_it_asks_and_is_not_offered() {
    let guarded = "
      fast:
        title: { fa: فوری, en: Fast }
        to: granted
        if: 'case.unit == \"0801\"'
        if_not: { fa: فقط در شیراز, en: Only in Shiraz }
      slow: { title: { fa: عادی, en: Slow }, to: granted, if: 'case.today >= date(\"1403/11/14\")' }";
    let choose = "  screening: { title: { fa: غربال, en: Screening }, choose: [{ if: 'case.returns > 1', to: head_review }, { else: expert_review }] }
      ";
    let world = World::new(
        parsed(&definition(
            &format!(
                "{guarded}\n      return: {{ title: {{ fa: نقص, en: Return }}, to: correction }}"
            ),
            choose,
        )),
        compiled(office_hours()),
    );
    let case = opened(&world).case;
    let caller = Caller::Person(officer());
    let ctx = world.context(&caller, None, at("2025-02-01 11:00"));
    let refusal = decide(&ctx, &case, &act("fast")).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::GuardNotMet);
    assert!(refusal.reason.contains("Only in Shiraz"), "{refusal}");
    let unmet: Vec<_> = refusal
        .unmet
        .iter()
        .map(|unmet| {
            let fa = unmet.explanation.as_ref().map(|text| text.fa.as_str());
            (unmet.action.as_str(), unmet.condition.as_str(), fa)
        })
        .collect();
    let expected = [
        ("fast", "case.unit == \"0801\"", Some("فقط در شیراز")),
        ("slow", "case.today >= date(\"1403/11/14\")", None),
    ];
    assert_eq!(unmet, expected);
    let offered = |possible: &[Possible], wanted: &str| {
        possible
            .iter()
            .any(|p| matches!(p, Possible::Act { action, .. } if action.as_str() == wanted))
    };
    assert!(!offered(&refusal.possible, "fast") && !offered(&refusal.possible, "slow"));
    assert!(offered(&refusal.possible, "pass"));
    // The day after, one of them holds: by the calendar's clock, where the day begins.
    let ctx = world.context(&caller, None, at("2025-02-02 00:00"));
    assert!(offered(&possible(&ctx, &case), "slow"));
    assert!(decide(&ctx, &case, &act("slow")).is_ok());
    // Who could not act anyway is not told of guards.
    let stranger = Caller::Person(applicant());
    let ctx = world.context(&stranger, None, at("2025-02-01 11:00"));
    let refusal = decide(&ctx, &case, &act("fast")).unwrap_err();
    assert_eq!((refusal.code, refusal.unmet.len()), (RefusalCode::NotPermitted, 0));
}

/// What an action lacks may come with it; whether it is offered hangs on whether its guard could be met
/// then.
#[test]
fn an_action_that_lacks_something_is_offered_only_if_its_guard_could_be_met() {
    let choose = "  screening: { title: { fa: غربال, en: Screening }, choose: [{ if: 'case.returns > 1', to: head_review }, { else: expert_review }] }";
    let forms = "\
forms:
  plan:
    capital: { type: money, title: { fa: سرمایه, en: Capital }, required: yes }
    area: { type: number, title: { fa: مساحت, en: Area }, required: yes }
documents:
  map: { title: { fa: نقشه, en: Map } }
  charter: { title: { fa: اساسنامه, en: Charter }, verified_by: officer }
steps:
";
    let cases = [
        // What is missing decides on the guard, or the guard is met anyhow.
        ("form: plan, if: 'capital > 5'", true),
        ("form: plan, if: 'case.returns == 0'", true),
        ("documents: { map: required }, if: 'case.returns == 0'", true),
        // Neither a paper nor another field has a say in it.
        ("documents: { map: required }, if: 'case.returns > 0'", false),
        ("form: plan, if: 'case.returns > 0'", false),
        ("form: plan, documents: { map: required }, if: 'case.unit == \"0801\"'", false),
        // Somebody must look at the paper first, whatever is filled in.
        ("documents: { charter: required }", false),
        ("form: plan, documents: { charter: required }", false),
    ];
    for (asks, expected) in cases {
        let action = format!(
            "      fast: {{ title: {{ fa: فوری, en: Fast }}, to: granted, {asks} }}
      return: {{ title: {{ fa: نقص, en: Return }}, to: correction, complete: no, if: 'case.returns < 3' }}"
        );
        let source = definition(&action, choose).replace("steps:\n", forms);
        let world = World::new(parsed(&source), compiled(office_hours()));
        let case = opened(&world).case;
        let caller = Caller::Person(officer());
        let ctx = world.context(&caller, None, at("2025-02-01 11:00"));
        let offered = possible(&ctx, &case)
            .iter()
            .any(|it| matches!(it, Possible::Act { action, .. } if action.as_str() == "fast"));
        assert_eq!(offered, expected, "{asks}");
    }
}

#[test]
fn the_timeline_tells_every_automatic_step_and_the_guard_that_was_met() {
    let chain = "
  screening: { title: { fa: غربال, en: Screening }, choose: [{ if: 'case.unit == \"2301\"', to: sorting }, { else: expert_review }] }
  sorting: { title: { fa: دسته, en: Sorting }, choose: [{ if: 'case.returns > 0', to: head_review }, { else: settling }] }
  settling: { title: { fa: پایان, en: Settling }, choose: [{ if: 'case.today > case.opened', to: refused }, { if: 'true', to: granted }, { else: refused }] }";
    let source =
        definition("      return: { title: { fa: نقص, en: Return }, to: correction }", chain);
    let checked = Definition::check("guarded.yaml", &source, None);
    let world = World::new(checked.definition.unwrap(), compiled(office_hours()));
    let case = opened(&world).case;
    let decided = acted(&world, &case, "pass");
    let entry = decided.events.last().unwrap().fact.entry().unwrap();
    let through: Vec<_> = entry
        .through
        .iter()
        .map(|p| (p.step.as_str(), p.condition.as_deref(), p.to.as_str()))
        .collect();
    let expected = [
        ("screening", Some("case.unit == \"2301\""), "sorting"),
        ("sorting", None, "settling"),
        ("settling", Some("true"), "granted"),
    ];
    assert_eq!(through, expected);
    assert_eq!(entry.step.as_str(), "granted");
    assert!(decided.case.is_ended() && decided.case.tasks.is_empty());
    // Its bytes say so, and come back.
    let bytes = timeline::canonical(decided.events.last().unwrap());
    let read: parvaneh_core::Event = serde_json::from_str(&bytes).unwrap();
    assert!(matches!(&read.fact, Fact::Acted { entry, .. } if entry.through.len() == 3));
    let mut timeline = opened(&world).events;
    timeline.extend(decided.events);
    assert_eq!(Case::fold(&timeline).unwrap(), decided.case);
    // A fact without automatic steps reads as it always did.
    let bytes = timeline::canonical(&timeline[0]);
    assert!(!bytes.contains("through"), "{bytes}");
}

#[test]
fn an_automatic_step_can_be_the_first_and_start_the_statutory_clock() {
    let choose = "  screening: { title: { fa: غربال, en: Screening }, choose: [{ if: 'case.unit == \"0801\"', to: head_review }, { else: reception }] }";
    let source = definition("      return: { title: { fa: نقص, en: Return }, to: correction }", "")
        .replace("starts: opened", "starts: { entering: screening }")
        .replace("steps:\n", &format!("steps:\n{choose}\n"))
        .replace("to: screening }\n", "to: expert_review }\n");
    let definition = parsed(&source);
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: From the start }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open, expect: { step: reception, passed: [screening], statutory: 1404/01/13 14:30, open: [reception] } }
",
    );
}

/// The codes of what is wrong with a definition.
fn codes(source: &str) -> Vec<(&'static str, String)> {
    let checked = Definition::check("guarded.yaml", source, None);
    checked.problems.iter().map(|p| (p.code, source[p.span.clone()].to_owned())).collect()
}

#[test]
fn wrong_guards_and_choices_are_told_with_their_place() {
    let screening =
        "  screening: { title: { fa: غربال, en: Screening }, choose: [{ else: expert_review }] }";
    let ret = "      return: { title: { fa: نقص, en: Return }, to: correction }";
    let choose = |ways: &str| {
        definition(
            ret,
            &format!(
                "  screening:\n    title: {{ fa: غربال, en: Screening }}\n    choose:\n{ways}"
            ),
        )
    };
    let act = |keys: &str| {
        let action =
            format!("      return: {{ title: {{ fa: نقص, en: Return }}, to: correction, {keys} }}");
        definition(&action, screening)
    };
    let table: &[(String, &str, &str)] = &[
        (act("if: 'case.return < 3'"), "unknown-fact", "case.return"),
        (act("if: \"case.unit == 'تهران' && case.return < 3\""), "unknown-fact", "case.return"),
        (act("if: case.returns > 'x'"), "wrong-type", "case.returns > 'x'"),
        (act("if: '  case.returns >'"), "not-an-expression", ">"),
        (act("if: 'case.returns > 1.5e1'"), "not-allowed", "1.5e1"),
        (act("if: \"answers.polce == 'negative'\""), "unknown-fact", "answers.polce"),
        (act("if: \"answers.police == 'no'\""), "wrong-type", "'no'"),
        (act("if_not: { fa: نه, en: No }"), "missing-key", "return"),
        (act("if: 'true', if_not: No"), "wrong-kind", "No"),
        (choose("      []"), "empty-value", "choose"),
        (
            choose(
                "      - { if: 'case.returns > 1', to: nowhere }\n      - { else: expert_review }",
            ),
            "unknown-step",
            "nowhere",
        ),
        (choose("      - { if: 'case.returns > 1', to: head_review }"), "no-else", "choose"),
        (
            choose(
                "      - { else: head_review }\n      - { if: 'case.returns > 1', to: head_review }",
            ),
            "dead-branch",
            "head_review",
        ),
        (choose("      - { if: 'case.returns > 1', else: head_review }"), "exactly-one", "if"),
        (choose("      - { to: head_review }"), "missing-key", ""),
        (
            choose(
                "      - { if: 'case.returns > 1', to: screening }\n      - { else: expert_review }",
            ),
            "automatic-cycle",
            "screening",
        ),
    ];
    for (source, code, at) in table {
        let codes = codes(source);
        let found = codes.iter().any(|(found, place)| found == code && place.starts_with(at));
        assert!(found, "{code} at '{at}': {codes:?}\n{source}");
    }
    let circle = choose(
        "      - { if: 'case.returns > 1', to: sorting }\n      - { else: expert_review }\n  sorting: { title: { fa: غربال, en: Sorting }, choose: [{ if: 'true', to: screening }, { else: granted }] }",
    );
    let told = codes(&circle);
    assert_eq!(told.iter().filter(|(code, _)| *code == "automatic-cycle").count(), 1, "{told:?}");
}

/// As `docs/WORKFLOWS.md` has it: an automatic step, the first one, over the fields of a form.
fn sorting(ways: &str) -> String {
    let manual = include_str!("../../../docs/WORKFLOWS.md");
    let blocks = manual.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut blocks = blocks.filter(|block| block.contains("daysBetween(founded"));
    let example = blocks.next().expect("an example with forms").to_owned();
    let steps: String = ["head_review", "quick_review", "expert_review"]
        .map(|step| {
            format!(
                "  {step}:\n    title: {{ fa: بررسی, en: Review }}\n    owner: officer\n    term: 5 d\n    \
                 basis: assumption\n    actions: {{ grant: {{ title: {{ fa: صدور, en: Grant }}, to: granted }} }}\n"
            )
        })
        .concat();
    let example = match ways {
        "" => example,
        ways => format!("{}choose:\n{ways}", example.split("choose:").next().unwrap()),
    };
    format!(
        "\
workflow: sorted
version: 1
title: {{ fa: نمونه, en: Sample }}
opens_at: county
calendar: ir
statutory: {{ term: 60 d, starts: opened, basis: assumption }}
roles:
  officer: {{ at: county, title: {{ fa: کارشناس, en: Officer }}, may: [open] }}
{example}{steps}ends:
  granted: {{ title: {{ fa: صدور, en: Granted }}, decision: yes, outcome: granted }}
  withdrawn: {{ title: {{ fa: انصراف, en: Withdrawn }}, decision: no, outcome: withdrawn }}
"
    )
}

#[test]
fn a_case_goes_where_its_application_says() {
    let definition = parsed(&sorting(""));
    let table = [
        ("{ capital: '5000000000', legal_form: charity }", "head_review"),
        ("{ capital: '4999999999', legal_form: charity }", "expert_review"),
        ("{ capital: '5000000000', legal_form: youth, founded: 1402/01/01 }", "quick_review"),
        ("{ capital: '5000000000', legal_form: charity, founded: 1402/01/01 }", "head_review"),
        ("{ capital: '5000000000', legal_form: youth, founded: 1403/01/01 }", "expert_review"),
    ];
    for (values, step) in table {
        let scenario = format!(
            "
scenario: {{ fa: نمونه, en: Sorting }}
unit: '2301'
steps:
  - {{ at: 1403/11/13 10:00, do: open, set: {values}, expect: {{ step: {step}, passed: [sorting] }} }}
"
        );
        lives(&definition, &scenario);
    }
}

#[test]
fn a_way_is_chosen_by_the_answers_to_inquiries() {
    let manual = include_str!("../../../docs/WORKFLOWS.md");
    let block = manual
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("answers.police"))
        .unwrap();
    let once = "      return: { title: { fa: نقص, en: Return }, to: correction, if: '!has(answers.police)' }";
    let definition = parsed(&definition(once, block));
    lives(
        &definition,
        "
scenario: { fa: نمونه, en: By answers }
unit: '2301'
steps:
  - { at: 1403/11/13 10:00, do: open }
  - { at: 1403/11/13 10:10, as: officer, do: ask, expect: { step: asked } }
  # The answer that joins counts for the way on, and stays.
  - { at: 1403/11/13 10:20, as: agency.police, answer: { police: negative }, expect: { step: correction, passed: [screening] } }
  - { at: 1403/11/13 10:30, as: applicant, do: resubmit, expect: { step: reception } }
  - { at: 1403/11/13 10:40, as: officer, do: return, expect: { refused: guard_not_met } }
  - { at: 1403/11/13 10:45, as: officer, do: pass, expect: { step: correction } }
  - { at: 1403/11/13 10:50, as: applicant, do: resubmit, expect: { step: reception } }
  # Asked anew, the body has not answered; then silence answers.
  - { at: 1403/11/13 11:00, as: officer, do: ask, expect: { step: asked } }
  - { at: 1403/12/01 10:00, expect: { step: expert_review, passed: [screening], answers: { police: positive } } }
",
    );
    // It survives the step, and is forgotten when it is asked for anew, and at the end.
    let world = World::new(definition, compiled(office_hours()));
    let mut case = acted(&world, &opened(&world).case, "ask").case;
    assert!(case.answers.is_empty());
    let police = support::stage::police();
    let answer = parvaneh_core::Command::Answer {
        branch: "police".into(),
        answer: parvaneh_core::definition::Answer::Negative,
        reason: None,
        reference: None,
    };
    let now = at("2025-02-01 12:00");
    case = decide(&world.context(&Caller::Person(police), None, now), &case, &answer).unwrap().case;
    assert_eq!(case.place.name().as_str(), "correction");
    assert_eq!(case.answers.len(), 1);
    let text = serde_json::to_string(&case).unwrap();
    assert!(text.contains(r#""answers":{"police":"negative"}"#), "{text}");
}

#[test]
fn numbers_with_a_point_are_compared_exactly() {
    let forms = "forms:
  grading:
    score: { type: number, title: { fa: امتیاز, en: Score }, required: yes, decimals: 2, min: 0, max: 100 }
application: grading
";
    let grade = "  screening:
    title: { fa: درجه, en: Grade }
    choose:
      - { if: 'score >= 85.5', to: head_review }
      - { if: 'score < 60', to: correction }
      - { else: expert_review }
";
    let source =
        definition("      return: { title: { fa: نقص, en: Return }, to: correction }", grade);
    let source = source.replace("roles:\n", &format!("{forms}roles:\n"));
    let definition = parsed(&source);
    for (score, step) in [
        ("85.5", "head_review"),
        ("85.49", "expert_review"),
        ("60", "expert_review"),
        ("59.99", "correction"),
        ("۱۰۰", "head_review"),
    ] {
        let scenario = format!(
            "
scenario: {{ fa: نمونه, en: Grading }}
unit: '2301'
steps:
  - {{ at: 1403/11/13 10:00, do: open, set: {{ score: '{score}' }} }}
  - {{ at: 1403/11/13 10:10, as: officer, do: pass, expect: {{ step: {step} }} }}
"
        );
        lives(&definition, &scenario);
    }
    let overlapping = source.replace("score < 60", "score < 85.51");
    let told = Definition::check("g.yaml", &overlapping, None).problems;
    let told: Vec<_> = told.iter().map(|p| (p.code, p.message.as_str())).collect();
    assert_eq!(told[0], ("overlapping-guards", "way 1 is open too, for example with score = 85.5"));
}

#[test]
fn what_can_be_said_of_choices_is_said_with_an_example() {
    let warned = |ways: &str| -> Vec<(&'static str, String)> {
        let source = sorting(ways);
        let checked = Definition::check("sorted.yaml", &source, None);
        let about =
            |code: &&'static str| !code.starts_with("unreachable") && !code.starts_with("no-w");
        let problems = checked.problems.iter().filter(|p| about(&p.code));
        problems.map(|p| (p.code, p.message.clone())).collect()
    };
    let all = "      - { if: 'legal_form == \"charity\"', to: head_review }\n      - { if: 'legal_form == \"youth\"', to: quick_review }\n";
    // Every case has a legal form, and these are all there are: no else is needed.
    assert_eq!(warned(all), []);
    let one = "      - { if: 'legal_form == \"charity\"', to: head_review }\n";
    let told = warned(one);
    assert_eq!(told, [("no-else", "no way takes a case with legal_form = 'youth'".to_owned())]);
    // What need not be filled in can be missing.
    let dated = "      - { if: 'founded < date(\"1400/01/01\")', to: head_review }\n      - { if: 'founded >= date(\"1400/01/01\")', to: quick_review }\n";
    let told = warned(dated);
    assert_eq!(told, [("no-else", "no way takes a case with founded not filled in".to_owned())]);
    let overlap = "      - { if: 'capital > 10', to: head_review }\n      - { if: 'capital < 12', to: quick_review }\n      - { else: expert_review }\n";
    let told = warned(overlap);
    let message = "way 1 is open too, for example with capital = 11".to_owned();
    // Capital is always there: the two take every case.
    let idle = "no case is left for 'else': the ways before it take every one".to_owned();
    assert_eq!(told, [("overlapping-guards", message), ("idle-else", idle)]);
    let shadowed = "      - { if: 'capital > 10', to: head_review }\n      - { if: 'capital > 11 && legal_form == \"youth\"', to: quick_review }\n      - { else: expert_review }\n";
    assert_eq!(warned(shadowed)[0].0, "dead-branch");
    let never = "      - { if: 'capital < 0', to: head_review }\n      - { else: expert_review }\n";
    assert_eq!(warned(never), [("never-met", "no case can meet the guard".to_owned())]);
}
