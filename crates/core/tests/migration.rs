//! Cases that move to another version of their definition.
//!
//! The office is open from Saturday to Wednesday, 07:30 to 14:30. 2025-02-01 is a Saturday.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use parvaneh_core::{
    Case, Decided, Definition, Event, Fact, FieldId, Mapping, Place, Refusal, RefusalCode, Term,
    TermUnit,
    case::SilenceState,
    clock::Instant,
    definition::{
        Addressee, Answer, Basis, BranchSilence, Effect, EscalationLevel, Fires, Role, Starts,
        Step, StepKind,
    },
    event::{By, ClockNo, Owner, Purpose, STATUTORY, StatutoryChange, Vote},
    form::{Field, FieldKind, Form, Required, Value},
    migrate,
    migration::{ClockMove, Migrated},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use support::{
    applicant, at, compiled, generate,
    live::{World, live},
    office_hours,
    stage::{
        Stage, act, answer, court, extend, head, licence, member, officer, police, release, resume,
        suspend, vote,
    },
};

/// The definition as its second version, with a change.
fn second(definition: &Definition, change: impl FnOnce(&mut Definition)) -> Definition {
    let mut next = definition.clone();
    next.version += 1;
    next.hash = "the second".to_owned();
    change(&mut next);
    next
}

/// A mapping with these lines beside the versions.
#[track_caller]
fn mapping(from: &Definition, to: &Definition, lines: &str) -> Mapping {
    let text = format!("from: {}@{}\nto: {}@{}\n{lines}", from.id, from.version, to.id, to.version);
    let checked = Mapping::check("mapping.yaml", &text, from, to);
    checked.mapping.unwrap_or_else(|| {
        panic!("{}", checked.problems.iter().map(|p| p.render(&text)).collect::<String>())
    })
}

/// Moves the case on the stage.
#[track_caller]
fn try_moved(
    stage: &Stage,
    change: impl FnOnce(&mut Definition),
    lines: &str,
) -> (Definition, Result<Decided, Refusal>) {
    let from = &stage.world.definition;
    let to = second(from, change);
    let mapping = mapping(from, &to, lines);
    let ctx = stage.world.context(&parvaneh_core::Caller::System, None, stage.now);
    let decided = migrate(&ctx, &stage.case, &mapping, &to);
    (to, decided)
}

/// The stage after the move, with what happened.
#[track_caller]
fn moved(
    mut stage: Stage,
    change: impl FnOnce(&mut Definition),
    lines: &str,
) -> (Stage, Vec<Event>) {
    let (to, decided) = try_moved(&stage, change, lines);
    let Decided { case, events, .. } = decided.unwrap();
    stage.world.definition = to;
    stage.case = case;
    (stage, events)
}

fn migrated(events: &[Event]) -> &Migrated {
    let found = events.iter().find_map(|event| match &event.fact {
        Fact::Migrated(moved) => Some(&**moved),
        _ => None,
    });
    found.unwrap()
}

fn term(text: &str) -> Option<Term> {
    Some(text.parse().unwrap())
}

fn deadline(case: &Case, clock: ClockNo) -> Option<Instant> {
    case.clock(clock)?.deadline
}

fn tells(fires: Fires) -> EscalationLevel {
    EscalationLevel { fires, tell: vec![Addressee::Owner], effect: Effect::Notify }
}

fn branches(
    definition: &mut Definition,
) -> &mut indexmap::IndexMap<parvaneh_core::BranchId, parvaneh_core::definition::Branch> {
    match &mut definition.steps["asked"].kind {
        StepKind::Parallel(parallel) => &mut parallel.branches,
        other => panic!("{other:?}"),
    }
}

/// A case wherever it can stand.
fn everywhere() -> Vec<Stage> {
    let new = Stage::new;
    vec![
        new(),
        new().on("2025-02-04 09:00").tick(),
        new().then(&officer(), act("return")),
        new().asked().then(&police(), answer("police")),
        new().sitting().then(&member(1), vote(Vote::For)),
        new().on("2025-02-02 09:00").then(&head(), suspend()),
        new().held(),
    ]
}

#[test]
fn by_the_same_rules_nothing_but_the_version_changes() {
    for stage in everywhere() {
        let before = stage.case.clone();
        let now = stage.now;
        let (stage, events) = moved(stage, |_| {}, "");
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((&event.by, event.effective_at), (&By::System, now));
        let expected = Case {
            version: 2,
            migrations: 1,
            migrated_at: Some(now),
            seq: before.seq + 1,
            recorded_at: now,
            effective_at: now,
            ..before.clone()
        };
        assert_eq!(stage.case, expected);
        let told = migrated(&events);
        assert_eq!(told.clocks.len(), before.clocks().count());
        assert!(
            told.clocks.iter().all(|one| one.how == ClockMove::Kept && one.before == one.after)
        );
        assert_eq!((told.from.version, told.to.version), (1, 2));
        assert_eq!(told.to.definition, "the second");
        // It is by the second version that it goes on.
        assert_eq!(stage.world.tick(&stage.case, now).events, []);
    }
}

#[test]
fn a_clock_does_what_the_mapping_says() {
    // Of an intake of two working days, since Saturday, 2025-02-01 at 10:00; on Sunday at 11:00.
    let table = [
        ("4 wd", "", "2025-02-05 14:30"),
        ("4 wd", "clock: recount", "2025-02-05 14:30"),
        ("4 wd", "clock: keep", "2025-02-03 14:30"),
        ("4 wd", "clock: restart", "2025-02-08 14:30"),
        ("2 wd", "clock: restart", "2025-02-04 14:30"),
        ("2 wd", "", "2025-02-03 14:30"),
        ("48 h", "", "2025-02-03 10:00"),
        // It would have been over this morning: it is late now.
        ("24 h", "", "2025-02-02 10:00"),
    ];
    for (new, rule, expected) in table {
        let stage = Stage::new().on("2025-02-02 11:00");
        let lines = match rule {
            "" => String::new(),
            rule => format!("steps: {{ intake: {{ {rule} }} }}"),
        };
        let (stage, events) = moved(stage, |next| next.steps["intake"].term = term(new), &lines);
        assert_eq!(deadline(&stage.case, 1), Some(at(expected)), "{new}, {rule}");
        let clock = stage.case.clock(1).unwrap();
        let calendar = stage.world.calendar(&clock.unit);
        assert_eq!(clock.ledger.explain(calendar).unwrap().deadline, clock.deadline);
        let told = migrated(&events).clock(1).unwrap();
        assert_eq!(told.before.as_ref().unwrap().deadline, Some(at("2025-02-03 14:30")));
        assert_eq!(told.after.as_ref().unwrap().deadline, clock.deadline);
        assert_eq!(told.after.as_ref().unwrap().term, clock.ledger.term);
    }
}

#[test]
fn what_others_were_told_stays_unless_the_mapping_says_otherwise() {
    // The statutory clock.
    let shorter = |next: &mut Definition| next.statutory.term = Term::days(20);
    for (lines, expected) in [("", "2025-03-03 14:30"), ("statutory: recount", "2025-02-22 14:30")]
    {
        let (stage, _) = moved(Stage::new(), shorter, lines);
        assert_eq!(stage.statutory(), Some(at(expected)), "{lines}");
    }
    // The term of the applicant.
    let applicants = |next: &mut Definition| next.steps["wait"].term = term("5 d");
    for (lines, expected) in
        [("", "2025-02-11 14:30"), ("steps: { wait: { clock: recount } }", "2025-02-08 14:30")]
    {
        let stage = Stage::new().then(&officer(), act("return"));
        let (stage, _) = moved(stage, applicants, lines);
        assert_eq!(deadline(&stage.case, 2), Some(at(expected)), "{lines}");
    }
    // Inquiries.
    let shorter = |next: &mut Definition| branches(next)["police"].term = Term::days(10);
    let recount = "steps: { asked: { branches: { police: { clock: recount } } } }";
    for (lines, expected) in [("", "2025-03-03 14:30"), (recount, "2025-02-11 14:30")] {
        let (stage, _) = moved(Stage::new().asked(), shorter, lines);
        assert_eq!(deadline(&stage.case, 2), Some(at(expected)), "{lines}");
    }
}

#[test]
fn a_term_that_was_not_there_begins_now_and_one_that_is_gone_ends() {
    let stage = Stage::with(|first| first.steps["intake"].term = None, compiled(office_hours()));
    let new = |next: &mut Definition| next.steps["intake"].term = term("2 wd");
    let (later, events) = moved(stage.on("2025-02-08 09:00"), new, "");
    assert_eq!(deadline(&later.case, 1), Some(at("2025-02-10 14:30")));
    let told = migrated(&events).clock(1).unwrap();
    assert_eq!((told.how, &told.before), (ClockMove::Started, &None));
    let gone = |next: &mut Definition| {
        next.steps["intake"].term = None;
        next.steps["intake"].levels.clear();
    };
    let (stage, events) = moved(Stage::new(), gone, "");
    assert_eq!(stage.case.clock(1), None);
    assert_eq!(migrated(&events).clock(1).unwrap().how, ClockMove::Ended);
}

#[test]
fn what_has_fired_stays_fired_and_nothing_fires_as_if_it_had_been_due_before() {
    let ladder = |levels: Vec<Fires>| {
        move |next: &mut Definition| {
            next.steps["intake"].levels = levels.into_iter().map(tells).collect();
        }
    };
    let after = |text: &str| Fires::After(text.parse().unwrap());
    let warn = |text: &str| Fires::Before(text.parse().unwrap());
    // The level at the breach on Monday has fired; now it is Tuesday.
    let late = || Stage::new().on("2025-02-04 09:00").tick();
    let fired = |stage: &Stage| stage.case.clock(1).unwrap().fired;
    // The same with a warning before it: that one is over.
    let (stage, events) = moved(late(), ladder(vec![warn("1 wd"), after("0 wd")]), "");
    assert_eq!((events.len(), fired(&stage)), (1, 2));
    // A level that lies ahead comes in its time; one that would lie behind, now and not earlier.
    let levels = vec![after("0 wd"), after("12 h"), after("1 wd")];
    let (stage, events) = moved(late(), ladder(levels), "");
    assert_eq!((events.len(), fired(&stage)), (1, 1));
    let events = stage.world.tick(&stage.case, at("2025-02-05 09:00")).events;
    let told: Vec<_> = events.iter().map(|one| (one.fact.kind(), one.effective_at)).collect();
    let (now, ahead) = (at("2025-02-04 09:00"), at("2025-02-04 14:30"));
    assert_eq!(told, [("escalated", now), ("escalated", ahead)]);
    // A shorter ladder has nothing left, a longer term takes nothing back.
    let (stage, events) = moved(late(), ladder(vec![]), "");
    assert_eq!((events.len(), fired(&stage)), (1, 0));
    let longer = |next: &mut Definition| next.steps["intake"].term = term("8 wd");
    let (stage, events) = moved(late(), longer, "");
    assert_eq!((events.len(), fired(&stage)), (1, 1));
    assert_eq!(stage.world.tick(&stage.case, at("2025-03-01 09:00")).events, []);
    // With a clock that starts anew the ladder does, too.
    let (stage, _) = moved(late(), |_| {}, "steps: { intake: { clock: restart } }");
    assert_eq!(fired(&stage), 0);
    let events = stage.world.tick(&stage.case, at("2025-02-09 09:00")).events;
    assert_eq!(events[0].effective_at, at("2025-02-08 14:30"));
}

#[test]
fn no_mapping_lets_silence_decide_at_once() {
    let stage = Stage::new().on("2025-02-20 10:00").tick();
    let shorter = |next: &mut Definition| next.statutory.term = Term::days(10);
    let (stage, events) = moved(stage, shorter, "statutory: recount");
    assert_eq!(stage.statutory(), Some(at("2025-02-11 14:30")));
    let due = at("2025-02-11 14:30");
    assert_eq!(stage.case.statutory.as_ref().unwrap().silence, SilenceState::Held { due });
    assert_eq!(events.len(), 1, "{events:?}");
    // A manager decides, as about any that is held.
    let stage = stage.then(&head(), release(true));
    assert_eq!(stage.case.place.name().as_str(), "issued");
    // One that is held already waits for its time again, where that has not come.
    let longer = |next: &mut Definition| next.statutory.term = Term::days(60);
    let (stage, _) = moved(Stage::new().held(), longer, "statutory: recount");
    assert_eq!(stage.case.statutory.as_ref().unwrap().silence, SilenceState::Armed);
    // Where silence has no meaning any more, nothing is held.
    let none = |next: &mut Definition| next.statutory.silence = None;
    let (stage, _) = moved(Stage::new().held(), none, "");
    assert_eq!(stage.case.statutory.as_ref().unwrap().silence, SilenceState::Armed);
    // The same of an inquiry.
    let consent = |next: &mut Definition| {
        let (after, grace, basis) = (Term::days(0), None, Basis::Assumption);
        let answer = Answer::Positive;
        let police = &mut branches(next)["police"];
        police.silence = Some(BranchSilence { after, answer, grace, basis });
        police.term = Term::days(5);
    };
    let stage = Stage::new().asked().on("2025-02-20 10:00").tick();
    let recount = "steps: { asked: { branches: { police: { clock: recount } } } }";
    let (stage, _) = moved(stage, consent, recount);
    let silence = stage.case.clock(2).unwrap().silence;
    assert!(matches!(silence, SilenceState::Held { .. }), "{silence:?}");
}

#[test]
fn an_extension_is_never_taken_back() {
    let extended = || {
        let stage = Stage::with(
            |first| {
                let rule = first.statutory.extension.clone();
                first.steps["intake"].extension =
                    rule.map(|rule| parvaneh_core::definition::ExtensionRule {
                        up_to: "2 wd".parse().unwrap(),
                        by: "officer".into(),
                        ..rule
                    });
            },
            compiled(office_hours()),
        );
        stage.then(&officer(), extend(1, "1 wd"))
    };
    let to =
        |text: &'static str| move |next: &mut Definition| next.steps["intake"].term = term(text);
    let (stage, _) = moved(extended(), to("3 wd"), "");
    assert_eq!(deadline(&stage.case, 1), Some(at("2025-02-05 14:30")), "three and one");
    let (stage, events) = moved(extended(), to("24 h"), "");
    assert_eq!(deadline(&stage.case, 1), Some(at("2025-02-04 14:30")), "two and one, as before");
    assert_eq!(migrated(&events).clock(1).unwrap().how, ClockMove::Kept);
}

#[test]
fn the_step_of_the_new_version_suspends_the_statutory_clock_or_lets_it_run() {
    let runs = |next: &mut Definition| next.steps["wait"].suspends_statutory = false;
    let stage = Stage::new().on("2025-02-02 10:00").then(&officer(), act("return"));
    assert_eq!(stage.statutory(), None);
    let (stage, events) = moved(stage.on("2025-02-06 10:00"), runs, "");
    // Four midnights are lost: those of 02-02 to 02-05.
    assert_eq!(stage.statutory(), Some(at("2025-03-08 14:30")));
    assert!(matches!(migrated(&events).statutory, Some(StatutoryChange::Resumed(Some(_)))));
    let stage = stage.then(&applicant(), act("back"));
    assert_eq!(stage.statutory(), Some(at("2025-03-08 14:30")));

    let stops = |next: &mut Definition| next.steps["intake"].suspends_statutory = true;
    let (stage, events) = moved(Stage::new().on("2025-02-02 10:00"), stops, "");
    assert_eq!(stage.statutory(), None);
    assert_eq!(migrated(&events).clock(STATUTORY).unwrap().after.as_ref().unwrap().deadline, None);
    let stage = stage.on("2025-02-03 10:00").then(&officer(), act("accept"));
    assert_eq!(stage.statutory(), Some(at("2025-03-04 14:30")), "one midnight is lost");
}

#[test]
fn a_statutory_clock_that_has_not_started_starts_by_the_new_version() {
    let from_asked = |first: &mut Definition| {
        first.statutory.starts = Starts::Entering("asked".into());
    };
    let not_started = || Stage::with(from_asked, compiled(office_hours())).on("2025-02-02 10:00");
    let opened = |next: &mut Definition| next.statutory.starts = Starts::Opened;
    let (stage, events) = moved(not_started(), opened, "");
    assert_eq!(stage.statutory(), Some(at("2025-03-04 14:30")), "it begins now");
    assert_eq!(migrated(&events).clock(STATUTORY).unwrap().before, None);
    let here = |next: &mut Definition| next.statutory.starts = Starts::Entering("intake".into());
    let (stage, _) = moved(not_started(), here, "");
    assert_eq!(stage.statutory(), Some(at("2025-03-04 14:30")));
    let later = |next: &mut Definition| next.statutory.starts = Starts::Entering("sitting".into());
    let (stage, _) = moved(not_started(), later, "");
    assert_eq!(stage.case.statutory, None);
}

#[test]
fn a_suspended_case_stays_so_and_gets_its_deadlines_when_it_is_resumed() {
    let stage = Stage::new().on("2025-02-02 09:00").then(&head(), suspend());
    let longer = |next: &mut Definition| next.steps["intake"].term = term("4 wd");
    let (stage, events) = moved(stage.on("2025-02-02 12:00"), longer, "");
    assert_eq!(deadline(&stage.case, 1), None);
    assert_eq!(migrated(&events).clock(1).unwrap().how, ClockMove::Recounted);
    let stage = stage.on("2025-02-03 09:00").then(&head(), resume());
    assert_eq!(deadline(&stage.case, 1), Some(at("2025-02-08 14:30")), "Sunday is lost");

    // It was late when it was suspended; by the new term it had time left.
    let stage = Stage::new().on("2025-02-04 09:00").then(&head(), suspend());
    let (stage, events) = moved(stage.on("2025-02-04 10:00"), longer, "");
    let told = migrated(&events).clock(1).unwrap();
    assert_eq!(told.stands_since, Some(at("2025-02-04 09:00")));
    assert!(!stage.case.clock(1).unwrap().is_running());
}

#[test]
fn inquiries_keep_their_answers_under_new_names_and_new_ones_are_asked() {
    let stage = Stage::new().asked().then(&police(), answer("police"));
    let change = |next: &mut Definition| {
        let known = branches(next);
        let police = known.shift_remove("police").unwrap();
        known.insert("guard".into(), police.clone());
        known.insert("fire".into(), police);
    };
    let lines = "steps: { asked: { branches: { police: guard } } }";
    let (stage, events) = moved(stage.on("2025-02-05 10:00"), change, lines);
    let Place::Step { answers, .. } = &stage.case.place else { panic!() };
    assert_eq!(answers.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["guard"]);
    assert_eq!(stage.case.answers, *answers, "guards know it by the new name");
    let told = migrated(&events);
    let [asked] = told.opened.as_slice() else { panic!("{told:?}") };
    assert_eq!((asked.no, asked.branch.as_ref().unwrap().as_str()), (4, "fire"));
    let fire = stage.case.task(4).unwrap();
    assert_eq!((fire.opened_at, fire.purpose), (stage.now, Purpose::Answer));
    let stage = stage.then(&court(), answer("court"));
    assert_eq!(stage.case.place.name().as_str(), "asked");
    let stage = stage.then(&police(), answer("fire"));
    assert_eq!(stage.case.place.name().as_str(), "sitting");
}

#[test]
fn votes_that_were_cast_count_by_the_new_rules() {
    let one = Stage::new().sitting().then(&member(1), vote(Vote::For));
    let quorum = |next: &mut Definition| {
        support::stage::with_commission(next, |commission| commission.quorum = 1);
    };
    let approve = act("approved");
    assert!(one.ask(&support::stage::board(), &approve).is_err());
    let (one, _) = moved(one, quorum, "");
    let one = one.then(&support::stage::board(), approve);
    assert_eq!(one.case.place.name().as_str(), "granted");
}

#[test]
fn a_task_goes_to_whom_the_new_version_gives_it() {
    let claimed = || Stage::new().then(&officer(), parvaneh_core::Command::Claim { task: 1 });
    let to_head = |next: &mut Definition| {
        next.steps["intake"].kind = StepKind::Work { owner: "head".into() };
    };
    let (stage, events) = moved(claimed(), to_head, "");
    let task = &stage.case.tasks[0];
    assert_eq!((&task.owner, task.assignee), (&Owner::Role("head".into()), None));
    assert_eq!(migrated(&events).tasks.len(), 1);
    // The same role at a higher level stands elsewhere.
    let higher = |next: &mut Definition| {
        let officer = &mut next.roles["officer"];
        *officer = Role { at: parvaneh_core::definition::Level::Province, ..officer.clone() };
    };
    let (stage, _) = moved(claimed(), higher, "");
    assert_eq!(stage.case.tasks[0].unit.as_str(), "23");
    // Whose it stays, has it still.
    let (stage, events) = moved(claimed(), |_| {}, "");
    assert_eq!(stage.case.tasks[0].assignee, Some(officer().person));
    assert!(migrated(&events).tasks.is_empty());
}

#[test]
fn who_has_done_what_is_known_under_the_new_names() {
    let change = |next: &mut Definition| {
        let other = Step { ..next.steps["intake"].clone() };
        next.steps.insert("reception".into(), other);
        next.steps["reception"].not_by.steps = vec!["reception".into()];
    };
    let stage = Stage::new().then(&officer(), act("return")).then(&applicant(), act("back"));
    let (stage, _) = moved(stage, change, "steps: { intake: reception }");
    assert_eq!(stage.case.place.name().as_str(), "reception");
    let refusal = stage.ask(&officer(), &act("accept")).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::FourEyes);
}

#[test]
fn values_keep_their_meaning_under_a_new_name_or_are_dropped() {
    let field = || Field {
        title: support::text("Answer"),
        kind: FieldKind::YesNo,
        required: Required::No,
        computed: None,
        personal: false,
    };
    let (kept, gone) = (FieldId::from("kept"), FieldId::from("gone"));
    let asks = |first: &mut Definition| {
        let fields = [(kept.clone(), field()), (gone.clone(), field())].into_iter().collect();
        first.forms.insert("plan".into(), Form { fields });
    };
    let mut stage = Stage::with(asks, compiled(office_hours()));
    stage.case.data.insert(kept.clone(), Value::YesNo(true));
    stage.case.data.insert(gone.clone(), Value::YesNo(false));
    let change = |next: &mut Definition| {
        for form in next.forms.values_mut() {
            if let Some(field) = form.fields.shift_remove(&kept) {
                form.fields.insert("renamed".into(), field);
            }
            form.fields.shift_remove(&gone);
        }
    };
    let lines = format!("fields: {{ {kept}: renamed }}\ndrop: {{ fields: [{gone}] }}");
    let (stage, events) = moved(stage, change, &lines);
    assert_eq!(stage.case.data, [("renamed".into(), Value::YesNo(true))].into());
    assert_eq!(migrated(&events).fields[&gone], None);
}

#[test]
fn a_case_that_cannot_move_is_told_why_and_one_that_need_not_stays() {
    // The mapping leaves it.
    let stage = Stage::new();
    let (_, refused) = try_moved(&stage, |_| {}, "stay: [intake]");
    let refusal = refused.unwrap_err();
    assert_eq!((refusal.code, refusal.state.as_str()), (RefusalCode::NotMapped, "intake"));
    // It has ended.
    let ended = Stage::new().then(&applicant(), support::stage::withdraw());
    let (_, decided) = try_moved(&ended, |_| {}, "");
    let decided = decided.unwrap();
    assert_eq!((decided.events, decided.case), (vec![], ended.case));
    // It runs by the new version already.
    let (stage, _) = moved(stage, |_| {}, "");
    let from = licence();
    let to = &stage.world.definition;
    let ctx = stage.world.context(&parvaneh_core::Caller::System, None, stage.now);
    let again = migrate(&ctx, &stage.case, &mapping(&from, to, ""), to).unwrap();
    assert_eq!((again.events, again.case), (vec![], stage.case.clone()));
    // It runs by a third, or a person asks.
    let third = second(to, |_| {});
    let other = mapping(&from, &third, "");
    let refused = migrate(&ctx, &stage.case, &other, &third).unwrap_err();
    assert_eq!(refused.code, RefusalCode::WrongDefinition);
    let caller = parvaneh_core::Caller::Person(head());
    let ctx = stage.world.context(&caller, None, stage.now);
    let refused = migrate(&ctx, &stage.case, &mapping(to, &third, ""), &third).unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotPermitted);
}

#[test]
fn what_was_due_by_the_old_version_happens_first() {
    let stage = Stage::new().on("2025-02-10 10:00");
    let longer = |next: &mut Definition| next.steps["intake"].term = term("20 wd");
    let (_, events) = moved(stage, longer, "");
    let told: Vec<_> = events.iter().map(|one| (one.fact.kind(), one.effective_at)).collect();
    assert_eq!(told, [("escalated", at("2025-02-03 14:30")), ("migrated", at("2025-02-10 10:00"))]);
}

#[test]
fn a_case_with_a_long_past_moves_when_that_has_been_recorded() {
    let stage = Stage::with(support::stage::circle, compiled(office_hours()));
    let mut stage = stage.on("2025-02-05 10:01");
    let (mut events, mut asked) = (Vec::new(), 0);
    while stage.case.version == 1 {
        let (to, decided) = try_moved(&stage, |_| {}, "");
        let decided = decided.unwrap();
        events.extend(decided.events);
        stage.case = decided.case;
        asked += 1;
        if stage.case.version == 2 {
            stage.world.definition = to;
        }
    }
    assert_eq!((asked, events.len()), (2, 97), "an hour of silence each, and the move");
    assert_eq!(events.last().unwrap().fact.kind(), "migrated");
}

/// A change of whatever can change while the steps stay.
fn changed(definition: &Definition, dice: &[u8]) -> Definition {
    let mut dice = dice.iter().copied().cycle();
    let mut throw = move || dice.next().unwrap_or_default();
    second(definition, |next| {
        change_term(&mut next.statutory.term, throw());
        change_levels(&mut next.statutory.levels, throw());
        if throw() % 4 == 0 {
            next.statutory.silence = None;
        }
        for step in next.steps.values_mut() {
            if let Some(term) = &mut step.term {
                change_term(term, throw());
            }
            change_levels(&mut step.levels, throw());
            if throw() % 4 == 0 {
                step.suspends_statutory = !step.suspends_statutory;
            }
            if throw() % 4 == 0 {
                step.silence = None;
            }
            if let StepKind::Parallel(parallel) = &mut step.kind {
                for branch in parallel.branches.values_mut() {
                    change_term(&mut branch.term, throw());
                    change_levels(&mut branch.levels, throw());
                }
            }
        }
    })
}

fn change_term(term: &mut Term, dice: u8) {
    match dice % 6 {
        0 => term.count = term.count / 2 + 1,
        1 => term.count *= 2,
        2 => term.unit = TermUnit::WorkingDays,
        3 => term.unit = TermUnit::Hours,
        _ => {}
    }
}

fn change_levels(levels: &mut Vec<EscalationLevel>, dice: u8) {
    match dice % 5 {
        0 => levels.clear(),
        1 => levels.truncate(1),
        2 if !levels.is_empty() => drop(levels.remove(0)),
        3 => levels.push(tells(Fires::After("300 d".parse().unwrap()))),
        _ => {}
    }
}

/// Lines that say something of the clock of each step, and exchange two steps where two can be.
fn lines(definition: &Definition, dice: &[u8]) -> String {
    let mut dice = dice.iter().copied().cycle();
    let mut throw = move || usize::from(dice.next().unwrap_or_default());
    let rules = ["keep", "recount", "restart"];
    let offices: Vec<_> = definition
        .steps
        .iter()
        .filter(|(_, step)| matches!(step.kind, StepKind::Work { .. }) && step.term.is_some())
        .map(|(name, _)| name)
        .collect();
    let turn = throw();
    let mut text = format!("statutory: {}\nsteps:\n", rules[throw() % 2]);
    for (name, step) in &definition.steps {
        let place = offices.iter().position(|office| *office == name);
        let to = match place {
            Some(place) if turn % 2 == 0 => offices[(place + 1) % offices.len()],
            _ => name,
        };
        match &step.kind {
            StepKind::Automatic(_) => {}
            StepKind::Parallel(parallel) => {
                text += &format!("  {name}:\n    branches:\n");
                for branch in parallel.branches.keys() {
                    text += &format!("      {branch}: {{ clock: {} }}\n", rules[throw() % 3]);
                }
            }
            _ if step.term.is_none() => text += &format!("  {name}: {to}\n"),
            _ => text += &format!("  {name}: {{ to: {to}, clock: {} }}\n", rules[throw() % 3]),
        }
    }
    text
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: support::soaked(cases),
        max_shrink_iters: 4_000,
        max_shrink_time: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn a_life_that_moves_by_the_same_rules_goes_on_as_it_would_have(
        definition in generate::definition(),
        source in generate::calendar(),
        before in generate::attempts(12),
        after in generate::attempts(8),
    ) {
        let world = World::new(definition, compiled(source));
        let next = World::new(second(&world.definition, |_| {}), world.calendars.clone());
        let mut stays = live(&world, 0, &before, false);
        let mut moves = live(&world, 0, &before, false);
        stays.tick();
        let mapping = mapping(&world.definition, &next.definition, "");
        if !moves.move_to(&next, &mapping) {
            return Ok(());
        }
        let same = |case: &Case| {
            let long_ago = at("2025-01-01 00:00");
            let mut same = Case {
                version: 1,
                seq: 0,
                migrations: 0,
                migrated_at: None,
                recorded_at: long_ago,
                effective_at: long_ago,
                ..case.clone()
            };
            // A licence has its number from how many events there are.
            if let Place::End { change, .. } = &mut same.place {
                *change = None;
            }
            same
        };
        prop_assert_eq!(same(&stays.case), same(&moves.case));
        prop_assert_eq!(moves.case.version, 2);
        prop_assert_eq!(stays.next_due, moves.next_due);
        for attempt in &after {
            stays.attempt(attempt, false);
            moves.attempt(attempt, false);
        }
        let hearing = |case: &Case| Case { hearing: Default::default(), ..same(case) };
        prop_assert_eq!(hearing(&stays.case), hearing(&moves.case));
        prop_assert_eq!(Case::fold(&moves.events), Some(moves.case));
    }

    /// After every event the state is the fold, every deadline is what its ledger explains, and levels
    /// fire in order, each once: see `Life::take`.
    #[test]
    fn a_life_that_moves_to_other_rules_keeps_every_promise(
        definition in generate::definition(),
        source in generate::calendar(),
        before in generate::attempts(12),
        after in generate::attempts(12),
        dice in prop::collection::vec(any::<u8>(), 24),
    ) {
        let world = World::new(definition, compiled(source));
        let next = World::new(changed(&world.definition, &dice), world.calendars.clone());
        let lines = lines(&world.definition, &dice);
        let mapping = mapping(&world.definition, &next.definition, &lines);
        let mut life = live(&world, 0, &before, false);
        if !life.move_to(&next, &mapping) {
            return Ok(());
        }
        for (no, clock) in life.case.clocks() {
            let calendar = life.world.calendar(&clock.unit);
            prop_assert_eq!(clock.ledger.explain(calendar).unwrap().deadline, clock.deadline, "{}", no);
        }
        for attempt in &after {
            life.attempt(attempt, false);
        }
        prop_assert_eq!(Case::fold(&life.events), Some(life.case));
    }
}

/// The promises above would be worth nothing if random moves never met what they are about.
#[test]
fn random_moves_meet_everything_that_the_promises_are_about() {
    let mut runner = TestRunner::deterministic();
    let dice = prop::collection::vec(any::<u8>(), 24);
    let strategy = (generate::definition(), generate::calendar(), generate::attempts(12), dice);
    let mut met = BTreeSet::new();
    for _ in 0..250 {
        let (definition, source, attempts, dice) =
            strategy.new_tree(&mut runner).unwrap().current();
        let world = World::new(definition, compiled(source));
        let next = World::new(changed(&world.definition, &dice), world.calendars.clone());
        let lines = lines(&world.definition, &dice);
        let mapping = mapping(&world.definition, &next.definition, &lines);
        let mut life = live(&world, 0, &attempts, false);
        if !life.move_to(&next, &mapping) {
            continue;
        }
        let found = migrated(&life.events);
        for clock in &found.clocks {
            met.insert(format!("{:?}", clock.how));
            let held = matches!(clock.silence, SilenceState::Held { .. });
            met.extend(held.then(|| "held".to_owned()));
            met.extend(clock.stands_since.map(|_| "stands since".to_owned()));
        }
        met.extend(found.statutory.as_ref().map(|change| match change {
            StatutoryChange::Suspended => "suspended".to_owned(),
            StatutoryChange::Resumed(_) => "resumed".to_owned(),
            _ => "begun".to_owned(),
        }));
        met.extend((!found.tasks.is_empty()).then(|| "other owner".to_owned()));
        met.extend((!found.steps.is_empty()).then(|| "other names".to_owned()));
        let later = life.world.tick(&life.case, life.now + TimeDelta::microseconds(1)).events;
        met.extend(later.iter().map(|event| format!("at once: {}", event.fact.kind())));
    }
    let expected = [
        "Kept",
        "Recounted",
        "Started",
        "held",
        "suspended",
        "resumed",
        "other owner",
        "other names",
        "at once: escalated",
    ];
    let rare: Vec<_> = expected.iter().filter(|what| !met.contains(**what)).collect();
    assert!(rare.is_empty(), "never met: {rare:?} in {met:#?}");
}
