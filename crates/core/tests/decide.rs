//! Rules of decisions that are easily broken.
//!
//! The office is open from Saturday to Wednesday, 07:30 to 14:30. 2025-02-01 is a Saturday.
#![allow(clippy::unwrap_used)]

mod support;

use chrono::TimeDelta;
use parvaneh_core::{
    Actor, Caller, Command, Definition, Fact, Grant, Open, RefusalCode,
    calendar::Scope,
    case::SilenceState,
    decide::{Possible, possible},
    definition::{Effect, EscalationLevel, Fires, Starts, StepKind},
    event::{Urgency, Vote},
    open,
};
use support::{
    applicant, at, closure, compiled, date, office_hours,
    stage::{
        Stage, act, answer, application, board, circle, comment, court, extend, head, member,
        officer, one, police, release, resume, suspend, vote,
    },
};

#[test]
fn what_is_possible_is_told_to_each_as_it_is_for_him() {
    let stage = Stage::new();
    let able = |stage: &Stage, who: Actor| {
        let caller = Caller::Person(who);
        possible(&stage.world.context(&caller, None, stage.now), &stage.case)
    };
    let act = |action: &str, needs: bool| Possible::Act {
        action: action.into(),
        needs_reason: needs,
        needs_citation: needs,
        needs_values: Vec::new(),
        needs_papers: Vec::new(),
    };
    assert_eq!(
        able(&stage, officer()),
        [
            act("accept", false),
            act("return", false),
            act("refuse", true),
            Possible::Claim { task: 1 },
            Possible::Withdraw,
            Possible::Comment,
            Possible::Inform,
        ]
    );
    assert_eq!(
        able(&stage, head()),
        [Possible::Suspend, Possible::Comment, Possible::Assign { task: 1 }, Possible::Inform]
    );
    assert_eq!(
        able(&stage, board()),
        [Possible::Extend { clock: 0 }, Possible::Comment, Possible::Inform]
    );
    assert_eq!(able(&stage, applicant()), [Possible::Withdraw, Possible::Comment]);
    assert_eq!(able(&stage, one(11, "officer", "0801")), []);
    let stage = stage.held();
    let release = Possible::ReleaseSilence { clock: 0 };
    assert_eq!(
        able(&stage, head()),
        [release, Possible::Comment, Possible::Assign { task: 1 }, Possible::Inform]
    );
}

#[test]
fn a_refusal_names_the_state_that_time_has_made() {
    let stage = Stage::new().then(&officer(), act("return")).on("2025-02-20 10:00");
    let refusal = stage.ask(&applicant(), &act("back")).unwrap_err();
    assert_eq!((refusal.code, refusal.state.as_str()), (RefusalCode::CaseEnded, "lapsed"));
}

#[test]
fn a_clock_counts_by_the_calendar_of_the_unit_where_it_started() {
    // The provincial office, to which a warning gives the task, is closed when the county is not.
    let mut source = office_hours();
    source.add_closure(closure(Scope::Office("23".into()), date("2025-02-02"), date("2025-02-12")));
    let stage = Stage::with(
        |definition| {
            definition.steps["intake"].levels = vec![EscalationLevel {
                fires: Fires::Before("1 wd".parse().unwrap()),
                tell: vec![],
                effect: Effect::Reassign("board".into()),
            }];
        },
        compiled(source),
    );
    let deadline = Some(at("2025-02-03 14:30"));
    let stage = stage.on("2025-02-02 15:00").tick();
    assert_eq!(stage.case.tasks[0].unit.as_str(), "23");
    // Suspended and resumed between two closes: no day is lost.
    let stage = stage.then(&head(), suspend());
    let stage = stage.on("2025-02-02 16:00").then(&head(), resume());
    assert_eq!(stage.case.tasks[0].clock.as_ref().unwrap().deadline, deadline);
}

#[test]
fn a_statutory_clock_that_starts_in_a_suspending_step_waits_for_the_way_out() {
    let starts = |definition: &mut Definition| {
        definition.statutory.starts = Starts::Entering("wait".into());
        let StepKind::Parallel(asked) = &mut definition.steps["asked"].kind else { panic!() };
        asked.positive = "wait".into();
    };
    let stage = Stage::with(starts, compiled(office_hours())).asked();
    assert_eq!(stage.case.statutory, None);
    // The answers come while a person has suspended the case.
    let stage = stage.then(&head(), suspend());
    let stage = stage.then(&police(), answer("police")).then(&court(), answer("court"));
    assert_eq!(stage.case.place.name().as_str(), "wait");
    let stage = stage.on("2025-02-02 10:00").then(&head(), resume());
    assert_eq!(stage.statutory(), None, "the step still suspends it");
    let stage = stage.on("2025-02-03 10:00").then(&applicant(), act("back"));
    // The days 1 and 2 are lost; 30 days from the third on end on Tuesday, 2025-03-04.
    assert_eq!(stage.statutory(), Some(at("2025-03-04 14:30")));
}

#[test]
fn a_clock_at_its_deadline_has_nothing_left_to_suspend() {
    let stage = Stage::new().on("2025-02-03 14:30");
    let decided = stage.ask(&head(), &suspend()).unwrap();
    let Fact::Suspended { clocks, .. } = &decided.events[0].fact else { panic!() };
    assert_eq!(*clocks, [0], "only the statutory clock");
    let later = stage.world.tick(&decided.case, stage.now + TimeDelta::microseconds(1));
    assert!(matches!(later.events[0].fact, Fact::Escalated { clock: 1, .. }));
}

#[test]
fn a_deadline_that_falls_into_a_suspension_is_missed_only_after_it() {
    // On Wednesday, the last day of the applicant's ten, the case is suspended from 10:00 to 16:00.
    let stage = Stage::new().on("2025-02-02 10:00").then(&officer(), act("return"));
    assert_eq!(stage.case.tasks[0].clock.as_ref().unwrap().deadline, Some(at("2025-02-12 14:30")));
    let stage = stage.on("2025-02-12 10:00").then(&head(), suspend());
    let stage = stage.on("2025-02-12 16:00").then(&head(), resume());
    assert_eq!(stage.case.place.name().as_str(), "wait");
    let later = stage.world.tick(&stage.case, at("2025-02-12 16:01"));
    assert!(matches!(later.events[0].fact, Fact::SilenceTookEffect { .. }));
    assert_eq!(later.events[0].effective_at, stage.now);
}

#[test]
fn held_silence_takes_effect_when_it_is_released() {
    let stage = Stage::new().held();
    assert!(matches!(stage.case.statutory.as_ref().unwrap().silence, SilenceState::Held { .. }));
    // Meanwhile the case goes on.
    let stage = stage.on("2025-03-11 10:00").asked().on("2025-03-12 10:00");
    let decided = stage.ask(&head(), &release(true)).unwrap();
    assert_eq!(decided.case.place.name().as_str(), "issued");
    for record in &decided.tasks {
        assert!(record.closed.as_ref().unwrap().at > record.task.opened_at);
    }
    assert_eq!(decided.case.statutory.unwrap().ledger.stopped_at, Some(stage.now));
}

#[test]
fn who_may_extend_is_asked_at_the_unit_of_his_own_role() {
    // The court stands at the nation's level, the board, which may extend its term, in the province.
    let stage = Stage::new().asked().then(&board(), extend(3, "5 d"));
    let court = stage.case.tasks.iter().find(|task| task.no == 3).unwrap();
    assert_eq!(court.unit.as_str(), "ir");
    assert_eq!(court.clock.as_ref().unwrap().ledger.extensions, [5]);
}

#[test]
fn instants_are_cut_to_the_microsecond() {
    let stage = Stage::new();
    let stage = Stage { now: stage.now + TimeDelta::nanoseconds(1_999), ..stage };
    let decided = stage.ask(&officer(), &act("accept")).unwrap();
    let cut = at("2025-02-01 10:00:00.000001");
    assert!(decided.events.iter().all(|event| event.effective_at == cut));
    assert!(decided.events.iter().all(|event| event.recorded_at == cut));
    let caller = Caller::Person(officer());
    let received = Open {
        received_at: Some(stage.now - TimeDelta::hours(1)),
        reason: Some("post".to_owned()),
        ..application()
    };
    let decided = open(&stage.world.context(&caller, None, stage.now), &received).unwrap();
    assert_eq!(decided.case.opened_at, cut - TimeDelta::hours(1));
    assert_eq!(decided.case.recorded_at, cut);
}

#[test]
fn a_clock_that_goes_backwards_changes_no_order() {
    let stage = Stage::new().on("2025-02-02 10:00").then(&officer(), comment("first"));
    let stage = stage.on("2025-02-02 09:59");
    let decided = stage.ask(&officer(), &comment("second")).unwrap();
    assert_eq!(decided.events[0].recorded_at, at("2025-02-02 10:00"));
    assert_eq!(decided.events[0].seq, 3);
}

#[test]
fn a_repeat_is_no_error_and_no_event() {
    let claim = Command::Claim { task: 1 };
    let stage = Stage::new().then(&officer(), claim.clone());
    assert_eq!(stage.ask(&officer(), &claim).unwrap().events, []);
    let assign = Command::Assign { task: 1, to: officer().person, reason: None, urgency: None };
    let assigned = stage.ask_for(&head(), &assign, Some(&officer())).unwrap();
    assert_eq!(assigned.events, []);
    let stage = stage.sitting().then(&member(1), vote(Vote::For));
    assert_eq!(stage.ask(&member(1), &vote(Vote::For)).unwrap().events, []);
}

#[test]
fn a_referral_says_how_soon_it_is_wanted_until_the_task_goes_back() {
    let to = |urgency| Command::Assign { task: 1, to: officer().person, reason: None, urgency };
    let stage = Stage::new();
    let urgency = |stage: &Stage| stage.case.task(1).unwrap().urgency;
    assert_eq!(urgency(&stage), None);
    let assigned = |stage: Stage, urgency: Option<Urgency>| {
        let decided = stage.ask_for(&head(), &to(urgency), Some(&officer())).unwrap();
        Stage { case: decided.case, ..stage }
    };
    let stage = assigned(stage, Some(Urgency::Immediate));
    assert_eq!(urgency(&stage), Some(Urgency::Immediate));
    // The same person, and now it is no longer so soon.
    let stage = assigned(stage, Some(Urgency::Urgent));
    assert_eq!(urgency(&stage), Some(Urgency::Urgent));
    let again = stage.ask_for(&head(), &to(Some(Urgency::Urgent)), Some(&officer())).unwrap();
    assert_eq!(again.events, [], "a repeat");
    let stage = stage.then(&officer(), Command::Release { task: 1, reason: None });
    assert_eq!(urgency(&stage), None);
}

#[test]
fn who_takes_part_is_told_of_a_case_and_nothing_is_asked_of_him() {
    let tell = |to: &Actor| Command::Inform {
        to: to.person,
        note: Some("for your information".to_owned()),
        urgency: Some(Urgency::Urgent),
    };
    let stage = Stage::new();
    let told = stage.ask_for(&head(), &tell(&officer()), Some(&officer())).unwrap();
    let kinds: Vec<_> = told.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["informed"]);
    assert_eq!(told.case.tasks, stage.case.tasks, "nobody has anything to do by it");
    // Not himself, nobody who takes no part here, and not by who takes none.
    let elsewhere = one(11, "officer", "0801");
    for (by, to) in [
        (head(), head()),
        (head(), elsewhere.clone()),
        (head(), applicant()),
        (elsewhere.clone(), officer()),
        (applicant(), officer()),
    ] {
        let refused = stage.ask_for(&by, &tell(&to), Some(&to)).unwrap_err();
        let expected = match by == head() {
            true => RefusalCode::AssigneeNotEligible,
            false if by == elsewhere => RefusalCode::OutOfJurisdiction,
            false => RefusalCode::NotPermitted,
        };
        assert_eq!(refused.code, expected, "{to:?}");
    }
    // Also what is decided is told.
    let ended = stage.then(&applicant(), Command::Withdraw { reason: None });
    assert!(ended.ask_for(&head(), &tell(&officer()), Some(&officer())).is_ok());
}

#[test]
fn acting_on_an_unclaimed_task_claims_it() {
    let decided = Stage::new().on("2025-02-01 11:00").ask(&officer(), &act("accept")).unwrap();
    let kinds: Vec<_> = decided.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["claimed", "acted"]);
    let closed = decided.tasks.iter().find(|record| record.task.no == 1).unwrap();
    assert_eq!(closed.task.claimed_at, Some(at("2025-02-01 11:00")));
    assert_eq!(closed.closed.as_ref().unwrap().outcome, "accept");
}

#[test]
fn a_task_is_touched_by_the_first_work_of_its_holder() {
    let stage = Stage::new().then(&officer(), Command::Claim { task: 1 });
    let touched = |stage: &Stage| stage.case.task(1).unwrap().touched_at;
    assert_eq!(touched(&stage), None, "whoever takes a task has not begun yet");
    let stage = stage.on("2025-02-01 12:00").then(&head(), comment("hurry"));
    assert_eq!(touched(&stage), None, "a remark of somebody else");
    let stage = stage.on("2025-02-01 13:00");
    let decided = stage.ask(&officer(), &comment("read")).unwrap();
    let kept: Vec<_> = decided.tasks.iter().map(|record| record.task.touched_at).collect();
    assert_eq!(kept, [Some(at("2025-02-01 13:00"))], "the worklist's row is told");
    let stage = stage.then(&officer(), comment("read")).on("2025-02-01 14:00");
    let again = stage.ask(&officer(), &comment("again")).unwrap();
    assert_eq!(again.tasks, [], "the second remark changes nothing");
    let closed = stage.ask(&officer(), &act("accept")).unwrap();
    let closed = closed.tasks.iter().find(|record| record.task.no == 1).unwrap();
    assert_eq!(closed.task.touched_at, Some(at("2025-02-01 13:00")));

    let at_once = Stage::new().on("2025-02-01 11:00").ask(&officer(), &act("accept")).unwrap();
    let at_once = at_once.tasks.iter().find(|record| record.task.no == 1).unwrap();
    assert_eq!(at_once.task.touched_at, Some(at("2025-02-01 11:00")));
}

#[test]
fn nobody_acts_twice_by_two_roles() {
    // One person who holds two roles still has one vote, and the latter counts.
    let mut two = member(1);
    two.grants.push(Grant { role: "officer".into(), unit: "2301".into() });
    let stage = Stage::new().sitting().then(&two, vote(Vote::For));
    let stage = stage.then(&two, vote(Vote::Against));
    let parvaneh_core::Place::Step { votes, .. } = &stage.case.place else { panic!() };
    assert_eq!(votes.len(), 1);
    assert_eq!(votes.values().copied().collect::<Vec<_>>(), [Vote::Against]);
}

#[test]
fn a_circle_of_silence_is_recorded_piece_by_piece() {
    let stage = Stage::with(circle, compiled(office_hours())).on("2025-02-10 10:00");
    // An hour each, for nine days: 216 rounds.
    let mut case = stage.case;
    let mut rounds = Vec::new();
    loop {
        let decided = stage.world.tick(&case, stage.now);
        rounds.push(decided.events.len());
        case = decided.case;
        match decided.next_due {
            Some(due) if due <= stage.now => {}
            _ => break,
        }
    }
    assert_eq!(rounds, [64, 64, 64, 23]);
}
