//! What always holds, whatever the procedure, the calendar and what people try.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use parvaneh_core::{
    Case, Definition, Event, Fact, Instant, TaskRecord,
    definition::StepKind,
    document::Severity,
    event::{By, StatutoryChange},
    measure::{Responsible, TaskSpan, days_lost},
    soundness, timeline,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use support::{
    compiled, generate,
    live::{GRAIN, Life, World, check_next_due, live},
};

/// The same procedure, in which silence takes effect however late it is noticed.
fn patient(mut definition: Definition) -> Definition {
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

/// What happened and when it counts, without when it was written.
fn facts(life: &Life<'_>) -> Vec<Event> {
    let mut events = life.events.clone();
    for event in &mut events {
        event.recorded_at = event.effective_at;
    }
    events
}

/// Every late day of the case, up to now, belongs to somebody, and no day to two.
fn check_days_lost(life: &Life<'_>) {
    let Some(clock) = &life.case.statutory else { return };
    let Some(deadline) = clock.deadline else { return };
    let until = clock.ledger.stopped_at.unwrap_or(life.now);
    let span = |record: &TaskRecord| TaskSpan {
        whose: Responsible {
            step: record.task.step.clone(),
            branch: record.task.branch.clone(),
            owner: Responsible::owner_text(&record.task.owner),
            unit: record.task.unit.clone(),
        },
        from: record.task.opened_at,
        claimed_at: record.task.claimed_at,
        until: record.closed.as_ref().map(|closed| closed.at),
    };
    let spans: Vec<_> = life.tasks.values().map(span).collect();
    let calendar = life.world.calendar(&clock.unit);
    let lost = days_lost(&spans, deadline, until, calendar);
    let lost: f64 = lost.values().map(|lost| lost.days()).sum();
    // The dates after the deadline's own, by the clock on the wall.
    let date = |at: Instant| (at - GRAIN).with_timezone(&calendar.zone()).date_naive();
    let late = if until > deadline { (date(until) - date(deadline)).num_days() } else { 0 };
    assert!((lost - late as f64).abs() < 1e-6, "{lost} of {late} late days belong to somebody");
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
    #![proptest_config(config(160))]

    /// Most promises are checked after every single event: see `Life::take`.
    #[test]
    fn a_case_keeps_every_promise(
        definition in generate::definition(),
        source in generate::calendar(),
        late in prop_oneof![2 => Just(0), 1 => 1..2_000_u32],
        attempts in generate::attempts(25),
    ) {
        let world = World::that_sits(definition, compiled(source));
        let life = live(&world, late, &attempts, false);
        check_next_due(&life);
        check_days_lost(&life);
        prop_assert_eq!(Case::fold(&life.events), Some(life.case));
    }

    #[test]
    fn it_does_not_matter_how_quick_the_worker_is(
        definition in generate::definition(),
        source in generate::calendar(),
        attempts in generate::attempts(12),
        days in 0..200_i64,
    ) {
        let world = World::that_sits(patient(definition), compiled(source));
        let mut slow = live(&world, 0, &attempts, false);
        let mut quick = live(&world, 0, &attempts, true);
        let later = generate::Wait::Minutes(TimeDelta::days(days).num_minutes() as u32);
        quick.wait(later, true);
        slow.wait(later, false);
        while slow.next_due.is_some_and(|due| due <= slow.now) {
            slow.tick();
        }
        prop_assert_eq!(facts(&slow), facts(&quick));
    }

    #[test]
    fn a_timeline_that_was_touched_is_found_out(
        definition in generate::definition(),
        source in generate::calendar(),
        attempts in generate::attempts(8),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let world = World::that_sits(definition, compiled(source));
        let life = live(&world, 0, &attempts, false);
        let mut previous = timeline::GENESIS;
        let mut links = Vec::new();
        for event in &life.events {
            let bytes = timeline::canonical(event).into_bytes();
            let standard = serde_json_canonicalizer::to_string(event).unwrap();
            prop_assert_eq!(standard, timeline::canonical(event));
            let again: Event = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(timeline::canonical(&again).into_bytes(), bytes.clone());
            previous = timeline::chain(&previous, &bytes);
            links.push((bytes, previous));
        }
        let check = |links: &[(Vec<u8>, timeline::Hash)]| {
            timeline::first_break(links.iter().map(|(bytes, hash)| (&bytes[..], *hash)))
        };
        prop_assert_eq!(check(&links), None);
        let total: usize = links.iter().map(|(bytes, _)| bytes.len()).sum();
        let mut touched = place.index(total);
        let event = links.iter().position(|(bytes, _)| {
            let here = touched < bytes.len();
            touched -= if here { 0 } else { bytes.len() };
            here
        });
        let event = event.unwrap();
        links[event].0[touched] ^= 1 << bit;
        prop_assert_eq!(check(&links), Some(event));
    }
}

/// The rules that keep a file from being published keep none of the random procedures.
#[test]
fn random_procedures_are_sound() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let definition = generate::definition().new_tree(&mut runner).unwrap().current();
        let mut findings = soundness::findings(&definition);
        findings.retain(|finding| finding.severity == Severity::Error);
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

/// The promises above would be worth nothing if random cases never met what they are about.
#[test]
fn random_cases_meet_everything_that_the_promises_are_about() {
    let mut runner = TestRunner::deterministic();
    let usual = (generate::definition(), generate::calendar(), generate::attempts(25)).boxed();
    let sits = (generate::definition_with(40), generate::calendar(), generate::attempts(40));
    let sits = sits.boxed();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for turn in 0..900 {
        let strategy = if turn % 3 < 2 { &usual } else { &sits };
        let tree = strategy.new_tree(&mut runner).unwrap();
        let (definition, source, attempts) = tree.current();
        let world = World::that_sits(definition, compiled(source));
        let life = live(&world, 0, &attempts, false);
        let mut meet = |what: &str| *met.entry(what.to_owned()).or_default() += 1;
        for event in &life.events {
            meet(event.fact.kind());
            if event.by.on_behalf_of().is_some() {
                meet("on behalf of another");
            }
            if event.by.hand() != event.by.person() {
                meet("by a second account");
            }
            match &event.fact {
                Fact::Escalated { warning: true, .. } => meet("a warning"),
                Fact::Escalated { reassigned: Some(_), .. } => meet("a reassignment"),
                Fact::Acted { .. } if event.by == By::System => meet("an action by a level"),
                Fact::Answered { silence: Some(_), .. } => meet("silence of a body"),
                Fact::SilenceTookEffect { reason: Some(_), .. } => meet("a release"),
                Fact::Acted { heard: Some(_), .. } => meet("a result of a sitting"),
                Fact::DocumentVerified { refused: Some(_), .. } => meet("a paper that is refused"),
                _ => {}
            }
            if let Some(entry) = event.fact.entry() {
                match entry.through.len() {
                    0 => {}
                    1 => meet("an automatic step"),
                    _ => meet("two automatic steps in a row"),
                }
                if entry.through.iter().any(|passed| passed.condition.is_some()) {
                    meet("a way whose guard is met");
                }
            }
            match event.fact.entry().and_then(|entry| entry.statutory.as_ref()) {
                Some(StatutoryChange::Suspended) => meet("a suspending step"),
                Some(StatutoryChange::StartedSuspended(_)) => meet("a start in one"),
                Some(StatutoryChange::Resumed(_)) => meet("the way out of one"),
                _ => {}
            }
        }
        for code in &life.refused {
            meet(code.as_str());
        }
    }
    let expected = [
        "a reassignment",
        "a release",
        "a start in one",
        "a suspending step",
        "a warning",
        "acted",
        "an action by a level",
        "answered",
        "assigned",
        "claimed",
        "commented",
        "escalated",
        "extended",
        "informed",
        "opened",
        "released",
        "resumed",
        "silence of a body",
        "silence_held",
        "silence_took_effect",
        "silence_waived",
        "suspended",
        "the way out of one",
        "voted",
        "withdrawn",
        "case_ended",
        "case_suspended",
        "not_permitted",
        "out_of_jurisdiction",
        "quorum_missing",
        "four_eyes",
        "on behalf of another",
        "by a second account",
        "a paper that is refused",
        "a result of a sitting",
        "a way whose guard is met",
        "an automatic step",
        "document_attached",
        "document_verified",
        "filled",
        "put_on_agenda",
        "recused",
        "taken_off_agenda",
        "two automatic steps in a row",
        "documents_lacking",
        "form_invalid",
        "guard_not_met",
        "minutes_missing",
        "sitting_ahead",
    ];
    let rare: Vec<_> = expected.iter().filter(|what| !met.contains_key(**what)).collect();
    assert!(rare.is_empty(), "never met: {rare:?} in {met:#?}");
}
