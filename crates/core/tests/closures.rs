//! What becomes of cases when offices are closed, and opened again.
//!
//! The office is open from Saturday to Wednesday, 07:30 to 14:30. 2025-02-01 is a Saturday.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{
    Calendars, Case, Event, Fact, Instant, Ledger,
    calendar::{CalendarChange, CalendarSource, DecidedClosure, Reason, Revision, closed_version},
    case::SilenceState,
    clock::Verdict,
    definition::{EscalationLevel, Fires, StepKind},
    event::{By, MovedDeadline},
};
use proptest::{prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner};
use support::{
    COUNTY, at, date, generate,
    live::{GRAIN, Life, World},
    office_hours, organisation,
    stage::{Stage, act, comment, extend, head, officer, release, resume, suspend},
};

/// The register of a calendar: the file, the closures, and every state that it had.
struct Register {
    file: CalendarSource,
    closures: Vec<DecidedClosure>,
    number: u32,
    states: Vec<Arc<Calendars>>,
}

impl Register {
    fn new(file: CalendarSource) -> Self {
        let mut register = Self { file, closures: Vec::new(), number: 0, states: Vec::new() };
        register.add(at("2024-12-01 08:00"), CalendarChange::Published);
        register
    }

    fn add(&mut self, since: Instant, change: CalendarChange) {
        let version = closed_version(self.file.version(), &self.closures);
        let no = self.states.len() as u32 + 1;
        let source = self.file.with_closures(&self.closures, &organisation());
        let state = support::compiled(source).as_revision(Revision { no, since, change, version });
        self.states.push(Arc::new(state));
    }

    /// `2025-02-03`, or `2025-02-03 12:00-14:30`.
    fn close(&mut self, unit: &str, when: &str, since: Instant) -> u32 {
        let (day, hours) = when.split_once(' ').map_or((when, None), |(day, h)| (day, Some(h)));
        self.number += 1;
        self.closures.push(DecidedClosure {
            no: self.number,
            unit: unit.into(),
            date: date(day),
            hours: hours.map(|hours| hours.parse().unwrap()),
            reason: "snow".to_owned(),
        });
        let change = CalendarChange::Closed { closure: self.number, reason: "snow".to_owned() };
        self.add(since, change);
        self.number
    }

    fn reopen(&mut self, closure: u32, since: Instant) {
        self.closures.retain(|closed| closed.no != closure);
        self.add(since, CalendarChange::Reopened { closure, reason: "no snow".to_owned() });
    }

    /// The state that is in force, with all before it.
    fn calendars(&self) -> Calendars {
        let (newest, earlier) = self.states.split_last().unwrap();
        newest.after(earlier.iter().rev().cloned().collect())
    }
}

/// A stage whose calendar changes.
fn stage(register: &Register) -> Stage {
    Stage::with(|_| {}, register.calendars())
}

impl Register {
    fn on(&self, mut stage: Stage) -> Stage {
        stage.world.calendars = self.calendars();
        stage
    }
}

fn moved(events: &[Event]) -> Vec<&MovedDeadline> {
    let deadlines = events.iter().filter_map(|event| match &event.fact {
        Fact::Rescheduled { deadlines, .. } => Some(deadlines),
        _ => None,
    });
    deadlines.flatten().collect()
}

fn tick(stage: &Stage) -> Vec<Event> {
    stage.world.tick(&stage.case, stage.now).events
}

#[test]
fn a_closure_takes_from_each_term_what_it_counts() {
    let mut register = Register::new(office_hours());
    let start = at("2025-02-01 10:00");
    let whole = "2025-02-04";
    let part = "2025-02-04 12:00-14:30";
    // A term, what is closed, where, its deadline before, and after.
    let table = [
        ("3 wd", whole, "23", "2025-02-04 14:30", "2025-02-05 14:30"),
        ("3 wd", whole, "ir", "2025-02-04 14:30", "2025-02-05 14:30"),
        ("3 wd", whole, COUNTY, "2025-02-04 14:30", "2025-02-05 14:30"),
        // Another county of the province, and another province.
        ("3 wd", whole, "2302", "2025-02-04 14:30", "2025-02-04 14:30"),
        ("3 wd", whole, "08", "2025-02-04 14:30", "2025-02-04 14:30"),
        // Of a term of working days only the close moves.
        ("3 wd", part, "23", "2025-02-04 14:30", "2025-02-04 12:00"),
        ("4 wd", part, "23", "2025-02-05 14:30", "2025-02-05 14:30"),
        // Calendar days count; only the last must be worked.
        ("3 d", whole, "23", "2025-02-04 14:30", "2025-02-05 14:30"),
        ("4 d", whole, "23", "2025-02-05 14:30", "2025-02-05 14:30"),
        ("3 d", part, "23", "2025-02-04 14:30", "2025-02-04 12:00"),
        // Working hours: two and a half of them are gone, or all seven.
        ("25 wh", part, "23", "2025-02-04 14:00", "2025-02-05 09:30"),
        ("25 wh", whole, "23", "2025-02-04 14:00", "2025-02-05 14:00"),
        // Hours pass whatever is closed.
        ("72 h", whole, "23", "2025-02-04 10:00", "2025-02-04 10:00"),
    ];
    for (term, closed, unit, before, after) in table {
        let ledger = Ledger::start(term.parse().unwrap(), start);
        let deadline = |register: &Register| {
            let calendars = register.calendars();
            let calendar = calendars.for_unit(organisation().path(&COUNTY.into()));
            let explained = ledger.explain(calendar).unwrap();
            let deadline = ledger.deadline(calendar).unwrap();
            assert_eq!(explained.deadline, deadline, "{term}, {closed} at {unit}");
            deadline.unwrap()
        };
        let version = register.calendars().version().to_owned();
        assert_eq!(deadline(&register), at(before), "{term}");
        let no = register.close(unit, closed, at("2025-01-20 09:00"));
        assert_eq!(deadline(&register), at(after), "{term}, {closed} closed at {unit}");
        assert_ne!(register.calendars().version(), version);
        // Opening again restores it exactly.
        register.reopen(no, at("2025-01-20 10:00"));
        assert_eq!(deadline(&register), at(before), "{term}");
        assert_eq!(register.calendars().version(), version);
    }
}

#[test]
fn the_explanation_names_the_closure_and_its_reason() {
    let mut register = Register::new(office_hours());
    register.close("23", "2025-02-03", at("2025-01-20 09:00"));
    register.close(COUNTY, "2025-02-04 12:00-14:30", at("2025-01-20 09:00"));
    let calendars = register.calendars();
    let calendar = calendars.for_unit(organisation().path(&COUNTY.into()));
    let ledger = Ledger::start("3 wd".parse().unwrap(), at("2025-02-01 10:00"));
    let lines = ledger.explain(calendar).unwrap().lines;
    let named = |reason: &Reason| reason.row().is_some_and(|row| row.name.en == "snow");
    let monday = lines.iter().find(|line| line.date == date("2025-02-03")).unwrap();
    let Verdict::NotWorking { why } = &monday.verdict else { panic!("{monday:?}") };
    assert!(why.iter().any(named), "{why:?}");
    let tuesday = lines.iter().find(|line| line.date == date("2025-02-04")).unwrap();
    assert!(tuesday.notes.iter().any(named), "{tuesday:?}");
}

#[test]
fn a_closure_moves_what_runs_and_a_second_look_finds_nothing() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register).on("2025-02-01 11:00");
    // Monday, the last of the two days of the intake.
    register.close("23", "2025-02-03", at("2025-02-01 12:00"));
    let stage = register.on(stage).on("2025-02-02 10:00");
    let events = tick(&stage);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.by, By::System);
    assert_eq!(event.effective_at, at("2025-02-01 12:00"), "since the closure is in force");
    assert_eq!(event.recorded_at, at("2025-02-02 10:00"));
    let Fact::Rescheduled { calendar_version, change, calendar_revision: 2, deadlines } =
        &event.fact
    else {
        panic!("{event:?}")
    };
    assert_eq!(calendar_version, stage.world.calendars.version());
    assert_eq!(*change, CalendarChange::Closed { closure: 1, reason: "snow".to_owned() });
    // 30 d roll to 2025-03-03 with or without it: only the task's clock moves.
    let [only] = deadlines.as_slice() else { panic!("{deadlines:?}") };
    assert_eq!((only.clock, only.from), (1, at("2025-02-03 14:30")));
    assert_eq!(only.to, Some(at("2025-02-04 14:30")));
    let stage = stage.tick();
    assert_eq!(tick(&stage), []);
    // Opened again, it is where it was.
    register.reopen(1, at("2025-02-02 11:00"));
    let stage = register.on(stage).on("2025-02-02 12:00").tick();
    assert_eq!(stage.case.task(1).unwrap().clock.as_ref().unwrap().deadline, Some(only.from));
    assert_eq!(tick(&stage), []);
}

#[test]
fn a_command_finds_the_deadlines_moved_before_the_job_came() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register);
    register.close("23", "2025-02-03", at("2025-02-02 12:00"));
    let stage = register.on(stage).on("2025-02-03 16:00");
    // By the old deadline it would be late, and the level would have fired.
    let decided = stage.ask(&officer(), &comment("still in time")).unwrap();
    let kinds: Vec<_> = decided.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["rescheduled", "commented"]);
    // Once the new deadline has passed, it fires for that one.
    let stage = stage.on("2025-02-04 16:00").tick();
    let fired = stage.case.task(1).unwrap().clock.as_ref().unwrap();
    assert_eq!((fired.fired, fired.deadline), (1, Some(at("2025-02-04 14:30"))));
}

#[test]
fn what_has_fired_stays_and_a_late_case_is_on_time_again() {
    let mut register = Register::new(office_hours());
    // Nobody came on Monday; it is closed on Tuesday, after the fact.
    let stage = stage(&register).on("2025-02-03 15:00").tick();
    assert_eq!(stage.case.task(1).unwrap().clock.as_ref().unwrap().fired, 1);
    register.close("23", "2025-02-03", at("2025-02-04 08:00"));
    let stage = register.on(stage).on("2025-02-04 08:05").tick();
    let clock = stage.case.task(1).unwrap().clock.as_ref().unwrap();
    assert_eq!((clock.fired, clock.deadline), (1, Some(at("2025-02-04 14:30"))));
    assert!(!clock.is_breached(stage.now));
    // Nothing fires a second time when the new deadline passes.
    let stage = stage.on("2025-02-05 09:00");
    assert_eq!(tick(&stage), []);
}

#[test]
fn what_was_due_before_the_closure_has_happened_however_late_it_is_noticed() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register);
    // Closed on Tuesday for Monday; the worker was away all the time.
    register.close("23", "2025-02-03", at("2025-02-04 08:00"));
    let stage = register.on(stage).on("2025-02-06 10:00");
    let events = tick(&stage);
    let told: Vec<_> = events.iter().map(|event| (event.fact.kind(), event.effective_at)).collect();
    assert_eq!(
        told,
        [("escalated", at("2025-02-03 14:30")), ("rescheduled", at("2025-02-04 08:00"))]
    );
}

#[test]
fn levels_that_have_not_fired_follow_and_none_counts_from_before_the_change() {
    let mut register = Register::new(office_hours());
    let closed = register.close("23", "2025-02-03", at("2025-01-30 12:00"));
    let second = |definition: &mut parvaneh_core::Definition| {
        let level = EscalationLevel {
            fires: Fires::After("1 wd".parse().unwrap()),
            ..definition.steps["intake"].levels[0].clone()
        };
        definition.steps["intake"].levels.push(level);
    };
    let stage = Stage::with(second, register.calendars());
    // By Tuesday; opened again on Tuesday morning: by Monday, which is over.
    register.reopen(closed, at("2025-02-04 09:00"));
    let stage = register.on(stage).on("2025-02-06 09:00");
    let events = tick(&stage);
    let told: Vec<_> = events.iter().map(|event| (event.fact.kind(), event.effective_at)).collect();
    assert_eq!(
        told,
        [
            ("rescheduled", at("2025-02-04 09:00")),
            ("escalated", at("2025-02-04 09:00")),
            ("escalated", at("2025-02-04 14:30")),
        ]
    );
}

/// Neither state had moved anything when it came, so nothing on the timeline told that the case had
/// met it; the later task was taken through both, there and back.
#[test]
fn a_task_is_not_moved_by_what_was_closed_and_opened_again_before_it_began() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register).on("2025-02-01 11:00");
    let closed = register.close("23", "2025-02-10", at("2025-02-01 12:00"));
    register.reopen(closed, at("2025-02-01 13:00"));
    let stage = register.on(stage).on("2025-02-02 09:00").then(&officer(), act("return"));
    let stage = stage.on("2025-02-08 10:00").then(&support::applicant(), act("back"));
    let clock = stage.case.tasks[0].clock.as_ref().unwrap();
    assert_eq!(clock.deadline, Some(at("2025-02-10 14:30")));
    assert_eq!(tick(&stage.on("2025-02-08 11:00")), []);
}

#[test]
fn a_suspended_clock_gets_its_deadline_when_it_is_resumed() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register).on("2025-02-02 09:00").then(&head(), suspend());
    register.close("23", "2025-02-04", at("2025-02-02 10:00"));
    let stage = register.on(stage).on("2025-02-02 11:00");
    assert_eq!(tick(&stage), []);
    let stage = stage.on("2025-02-03 09:00").then(&head(), resume());
    let clock = stage.case.task(1).unwrap().clock.as_ref().unwrap();
    // Sunday is lost, Monday counts, Tuesday is closed.
    assert_eq!(clock.deadline, Some(at("2025-02-05 14:30")));
}

#[test]
fn a_clock_that_was_late_when_its_case_was_suspended_stands_still_from_then() {
    let mut register = Register::new(office_hours());
    // Past the deadline of Monday; on Tuesday, before the deadline that it gets, it is suspended.
    let stage = stage(&register).on("2025-02-04 09:00").then(&head(), suspend());
    assert!(stage.case.task(1).unwrap().clock.as_ref().unwrap().is_running());
    register.close("23", "2025-02-03", at("2025-02-04 10:00"));
    let stage = register.on(stage).on("2025-02-04 11:00");
    let events = tick(&stage);
    let [only] = moved(&events)[..] else { panic!("{events:?}") };
    assert_eq!((only.to, only.stands_since), (None, Some(at("2025-02-04 09:00"))));
    let stage = stage.tick().on("2025-02-08 09:00").then(&head(), resume());
    let clock = stage.case.task(1).unwrap().clock.as_ref().unwrap();
    // Sunday counted, Monday is closed, Tuesday and Wednesday are lost: Saturday is the second.
    assert_eq!(clock.deadline, Some(at("2025-02-08 14:30")));
    assert!(clock.is_running());
}

#[test]
fn a_late_statutory_clock_stands_still_from_where_the_step_suspends_it() {
    let mut register = Register::new(office_hours());
    let second = |definition: &mut parvaneh_core::Definition| {
        definition.statutory.term = "2 wd".parse().unwrap();
        definition.statutory.silence = None;
    };
    let stage = Stage::with(second, register.calendars());
    let stage = stage.on("2025-02-04 09:00").then(&officer(), act("return"));
    assert!(stage.case.statutory.as_ref().unwrap().is_running(), "it was late");
    register.close("23", "2025-02-03", at("2025-02-04 10:00"));
    let stage = register.on(stage).on("2025-02-04 11:00").tick();
    let clock = stage.case.statutory.as_ref().unwrap();
    assert!(clock.held_by_step && !clock.is_running());
    let stage = stage.on("2025-02-05 09:00").then(&support::applicant(), act("back"));
    let clock = stage.case.statutory.as_ref().unwrap();
    assert!(!clock.held_by_step);
    // Sunday counted, Monday is closed, Tuesday is lost.
    assert_eq!(clock.deadline, Some(at("2025-02-05 14:30")));
}

#[test]
fn a_stopped_clock_is_not_touched() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register).on("2025-02-02 09:00");
    let stage = stage.then(&support::applicant(), support::stage::withdraw());
    let before = stage.case.clone();
    register.close("ir", "2025-03-03", at("2025-02-02 10:00"));
    let stage = register.on(stage).on("2025-02-02 11:00");
    assert_eq!(tick(&stage), []);
    assert_eq!(stage.tick().case, before);
}

#[test]
fn held_silence_waits_again_when_its_time_has_not_come() {
    let mut register = Register::new(office_hours());
    // Found overdue a week late: held.
    let stage = stage(&register).held();
    let silence = |stage: &Stage| stage.case.statutory.as_ref().unwrap().silence;
    assert!(matches!(silence(&stage), SilenceState::Held { .. }));
    // A day of it is closed after the fact: it is overdue all the same.
    register.close("23", "2025-03-03", at("2025-03-10 11:00"));
    let stage = register.on(stage).on("2025-03-10 11:30").tick();
    assert!(matches!(silence(&stage), SilenceState::Held { .. }));
    assert_eq!(stage.statutory(), Some(at("2025-03-04 14:30")));
    // All the rest, too: the authority has time again, and nothing can be released.
    for day in ["2025-03-04", "2025-03-05", "2025-03-08", "2025-03-09", "2025-03-10"] {
        register.close("23", day, at("2025-03-10 12:00"));
    }
    let stage = register.on(stage).on("2025-03-10 12:30").tick();
    assert_eq!(silence(&stage), SilenceState::Armed);
    assert_eq!(stage.statutory(), Some(at("2025-03-11 14:30")));
    assert!(stage.ask(&head(), &release(true)).is_err());
    // Then silence takes effect when its time comes.
    let stage = stage.on("2025-03-11 15:00").tick();
    assert!(stage.case.is_ended());
}

#[test]
fn an_extension_obeys_the_deadline_as_it_is_now() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register).on("2025-03-03 15:00");
    register.close("23", "2025-03-03", at("2025-03-03 14:00"));
    let stage = register.on(stage);
    let board = support::stage::board();
    let stage = stage.then(&board, extend(0, "5 d"));
    assert_eq!(stage.statutory(), Some(at("2025-03-08 14:30")));
}

#[test]
fn a_calendar_that_is_published_anew_moves_deadlines_like_a_closure() {
    let mut register = Register::new(office_hours());
    let stage = stage(&register);
    let day = date("2025-02-03");
    register.file.add_holiday(support::holiday(parvaneh_core::calendar::Scope::Nation, day));
    register.add(at("2025-02-02 10:00"), CalendarChange::Published);
    let stage = register.on(stage).on("2025-02-02 11:00");
    let events = tick(&stage);
    assert!(matches!(&events[0].fact, Fact::Rescheduled { change: CalendarChange::Published, .. }));
    assert_eq!(moved(&events)[0].to, Some(at("2025-02-04 14:30")));
}

/// A change of the register at some place of a case's life.
#[derive(Clone, Debug)]
struct Change {
    after: Index,
    /// Which deadline's day is closed; or the day of the change, where no clock runs.
    deadline: Index,
    /// A day so many days before or after that.
    day: i64,
    unit: &'static str,
    hours: Option<&'static str>,
    /// Opens the latest closure again.
    reopens: bool,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let unit = prop_oneof![Just("ir"), Just("23"), Just(COUNTY), Just("08")];
    let hours = prop_oneof![3 => Just(None), 1 => Just(Some("12:00-14:30"))];
    let day = prop_oneof![2 => Just(0), 1 => -9..4_i64];
    let places = (any::<Index>(), any::<Index>());
    let change = (places, day, unit, hours, prop::bool::weighted(0.35));
    let change = change.prop_map(|((after, deadline), day, unit, hours, reopens)| Change {
        after,
        deadline,
        day,
        unit,
        hours,
        reopens,
    });
    prop::collection::vec(change, 1..5)
}

/// Silence takes effect however late it is noticed.
fn patient(mut definition: parvaneh_core::Definition) -> parvaneh_core::Definition {
    if let Some(rule) = &mut definition.statutory.silence {
        rule.grace = None;
    }
    for step in definition.steps.values_mut() {
        if let Some(rule) = &mut step.silence {
            rule.grace = None;
        }
        if let StepKind::Parallel(parallel) = &mut step.kind {
            for branch in parallel.branches.values_mut() {
                if let Some(rule) = &mut branch.silence {
                    rule.grace = None;
                }
            }
        }
    }
    definition
}

fn closed_day(life: &Life<'_>, change: &Change) -> NaiveDate {
    let seen = life.world.tick(&life.case, life.now).case;
    let running = seen.clocks().filter(|(_, clock)| clock.is_running());
    let deadlines: Vec<Instant> = running.filter_map(|(_, clock)| clock.deadline).collect();
    let at = if deadlines.is_empty() { life.now } else { *change.deadline.get(&deadlines) };
    life.world.calendars.national().local_date(at) + TimeDelta::days(change.day)
}

/// A case lives on while its calendar changes; `promptly`, a job brings every change to it at once
/// and a worker notices at once whatever is due.
fn live(
    definition: &parvaneh_core::Definition,
    source: &CalendarSource,
    attempts: &[generate::Attempt],
    changes: &[Change],
    promptly: bool,
) -> Life<'static> {
    let mut register = Register::new(source.clone());
    // A life borrows its world; a test has few of them.
    let world = |register: &Register| -> &'static World {
        Box::leak(Box::new(World::that_sits(definition.clone(), register.calendars())))
    };
    let mut life = Life::open(world(&register), at("2025-02-01 10:00"), 0).unwrap();
    for (place, attempt) in attempts.iter().enumerate() {
        life.attempt(attempt, promptly);
        for change in changes.iter().filter(|one| one.after.index(attempts.len()) == place) {
            // No two things happen at the very same instant.
            life.now += GRAIN;
            let since = life.now;
            match (change.reopens, register.closures.last().map(|closed| closed.no)) {
                (true, Some(no)) => register.reopen(no, since),
                _ => {
                    let day = closed_day(&life, change);
                    let hours = change.hours.map_or(String::new(), |hours| format!(" {hours}"));
                    register.close(change.unit, &format!("{day}{hours}"), since);
                }
            }
            life.world = world(&register);
            if promptly {
                life.tick();
            }
        }
    }
    life
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: support::soaked(40),
        max_shrink_time: 15_000,
        max_shrink_iters: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_does_not_matter_how_quick_the_job_is(
        definition in generate::definition(),
        source in generate::calendar(),
        attempts in generate::attempts(12),
        changes in changes(),
        days in 0..120_i64,
    ) {
        let definition = patient(definition);
        let mut quick = live(&definition, &source, &attempts, &changes, true);
        let mut slow = live(&definition, &source, &attempts, &changes, false);
        let later = generate::Wait::Minutes((days * 24 * 60) as u32);
        quick.wait(later, true);
        slow.wait(later, false);
        for life in [&mut quick, &mut slow] {
            life.tick();
            while life.next_due.is_some_and(|due| due <= life.now) {
                life.tick();
            }
        }
        let facts = |life: &Life<'_>| -> Vec<Event> {
            let counted = |event: &Event| Event { recorded_at: event.effective_at, ..event.clone() };
            life.events.iter().map(counted).collect()
        };
        prop_assert_eq!(facts(&slow), facts(&quick));
        // The fold agrees, and every deadline is what its explanation says.
        let folded = Case::fold(&slow.events);
        prop_assert_eq!(folded.as_ref(), Some(&slow.case));
        for (_, clock) in slow.case.clocks().filter(|(_, clock)| clock.is_running()) {
            let explained = clock.ledger.explain(slow.world.calendar(&clock.unit)).unwrap();
            prop_assert_eq!(explained.deadline, clock.deadline);
        }
    }
}

/// The promise above would be worth nothing if random cases never had their deadlines moved.
#[test]
fn random_cases_meet_what_the_promise_is_about() {
    let mut runner = TestRunner::deterministic();
    let strategy =
        (generate::definition(), generate::calendar(), generate::attempts(12), changes());
    let (mut moved_later, mut moved_earlier, mut stood_still, mut fired_after) = (0, 0, 0, 0);
    for _ in 0..60 {
        let (definition, source, attempts, changes) =
            strategy.new_tree(&mut runner).unwrap().current();
        let life = live(&definition, &source, &attempts, &changes, false);
        for only in moved(&life.events) {
            match only.to {
                Some(to) if to > only.from => moved_later += 1,
                Some(_) => moved_earlier += 1,
                None => stood_still += 1,
            }
        }
        let is_rescheduled = |event: &Event| event.fact.kind() == "rescheduled";
        let first = life.events.iter().position(is_rescheduled).unwrap_or(usize::MAX);
        let escalated = |event: &Event| event.fact.kind() == "escalated";
        fired_after += life.events.iter().skip(first).filter(|event| escalated(event)).count();
    }
    let met = [moved_later, moved_earlier, fired_after];
    assert!(met.iter().all(|met| *met > 0), "{met:?}, stood still {stood_still}");
}
