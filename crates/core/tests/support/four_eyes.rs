//! Four eyes as the timeline alone shows them, without a look at what the case remembers.

use std::collections::{BTreeMap, BTreeSet};

use parvaneh_core::{
    Case, Event, Fact, PersonId, StepId,
    definition::NotBy,
    event::{By, Purpose},
};

use super::live::World;

/// The natural persons behind an event: who did it, and for whom.
fn persons(world: &World, by: &By) -> BTreeSet<PersonId> {
    let known = |account: PersonId| {
        let actor = world.people.iter().find(|actor| actor.natural.is(account));
        actor.map_or(account, |actor| actor.natural.id)
    };
    let behalf = by.on_behalf_of().map(|one| one.person);
    by.person().into_iter().chain(behalf).map(known).collect()
}

/// Who has done what a step is there for, step by step.
fn doers(world: &World, events: &[Event]) -> BTreeMap<StepId, BTreeSet<PersonId>> {
    let mut done: BTreeMap<StepId, BTreeSet<PersonId>> = BTreeMap::new();
    let mut step = None;
    for event in events {
        let settles = matches!(
            event.fact,
            Fact::Acted { .. }
                | Fact::Answered { .. }
                | Fact::Voted { .. }
                | Fact::SilenceTookEffect { .. }
        );
        if let Some(step) = step.clone().filter(|_| settles) {
            done.entry(step).or_default().extend(persons(world, &event.by));
        }
        step = event.fact.entry().map(|entry| entry.step.clone()).or(step);
        if let Fact::Migrated(moved) = &event.fact {
            step = Some(moved.step.clone());
            for (name, people) in std::mem::take(&mut done) {
                let name = moved.steps.get(&name).cloned().unwrap_or(name);
                done.entry(name).or_default().extend(people);
            }
        }
    }
    done
}

/// No event does what its definition forbids whoever is behind it.
pub(crate) fn check(world: &World, before: &[Event], case: &Case, event: &Event) {
    let Some(step) = world.definition.steps.get(case.place.name()) else { return };
    let (who, whole, action) = match &event.fact {
        Fact::Acted { action, .. } => (&event.by, true, step.actions.get(action)),
        Fact::Answered { .. } | Fact::Voted { .. } | Fact::SilenceTookEffect { .. } => {
            (&event.by, true, None)
        }
        Fact::Claimed { task } if case.task(*task).is_some_and(|t| t.purpose != Purpose::Vote) => {
            (&event.by, false, None)
        }
        _ => return,
    };
    let persons = persons(world, who);
    let done = doers(world, before);
    let forbids = |rule: &NotBy| {
        let applicant = world
            .people
            .iter()
            .find(|actor| actor.natural.is(case.applicant))
            .map_or(case.applicant, |actor| actor.natural.id);
        let nobody = BTreeSet::new();
        let earlier = |step: &StepId| !done.get(step).unwrap_or(&nobody).is_disjoint(&persons);
        (rule.applicant && persons.contains(&applicant)) || rule.steps.iter().any(earlier)
    };
    assert!(!forbids(&step.not_by), "{event:?} breaks four eyes of the step: {done:?}");
    if whole {
        let broken = action.is_some_and(|action| forbids(&action.not_by));
        assert!(!broken, "{event:?} breaks four eyes of the action: {done:?}");
    } else if !step.actions.is_empty() {
        let hopeless = step.actions.values().all(|action| forbids(&action.not_by));
        assert!(!hopeless, "{event:?} is a claim of what he may never settle: {done:?}");
    }
}
