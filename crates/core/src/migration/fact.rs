//! What a migration did to a case: its event, and what the case becomes by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    BranchId, DocumentId, FieldId, StepId, Term, UnitId,
    case::{Case, Clock, Place, SilenceState, Task},
    clock::Instant,
    event::{ClockNo, OpenedTask, Owner, STATUTORY, StartedClock, StatutoryChange},
};

/// A case that moved to another version of its definition. It says all that changed, so that neither
/// version is needed to read the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrated {
    /// The version by which it ran.
    pub from: VersionOf,
    /// The version by which it runs now.
    pub to: VersionOf,
    /// SHA-256 of the mapping's file.
    pub mapping: String,
    /// The step in which it stands now.
    pub step: StepId,
    /// The steps in which somebody has done something, and that have another name now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<StepId, StepId>,
    /// The branches that are asked, or were answered, and have another name now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<BranchId, BranchId>,
    /// The open tasks that belong to somebody else now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<MigratedTask>,
    /// The inquiries that the new version adds to the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<OpenedTask>,
    /// Every clock that ran, stood still or came to be, in the order of their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<MigratedClock>,
    /// What the step in which it stands now does to the statutory clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statutory: Option<StatutoryChange>,
    /// The values that have another name now, or were dropped.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<FieldId, Option<FieldId>>,
    /// The papers that have another name now, or were dropped.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<DocumentId, Option<DocumentId>>,
}

/// A version of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionOf {
    /// Its number.
    pub version: u32,
    /// SHA-256 of its file, in hexadecimal.
    pub definition: String,
}

/// An open task that belongs to somebody else now. Whoever had it in hand has it no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigratedTask {
    /// The task.
    pub task: u32,
    /// Whose it is.
    pub owner: Owner,
    /// The unit where it stands.
    pub unit: UnitId,
}

/// A clock before and after a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigratedClock {
    /// Which.
    pub clock: ClockNo,
    /// What became of it.
    pub how: ClockMove,
    /// What it counted before; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Counted>,
    /// What it counts now; absent where there is none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Counted>,
    /// Since when it stands still: it was past its deadline when the case was suspended, and by the
    /// new term it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_since: Option<Instant>,
    /// Whether it stands still because of the step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_by_step: bool,
    /// How many of the warnings and levels of the new version count as fired.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fired: u16,
    /// How it stands with the silence rule of the new version.
    pub silence: SilenceState,
}

/// What a clock counts, and up to when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Its term, without extensions.
    pub term: Term,
    /// Its deadline; absent while it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
}

/// What became of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMove {
    /// It counts what it counted.
    Kept,
    /// It counts the new term from the same start.
    Recounted,
    /// It started anew, or for the first time.
    Started,
    /// There is none any more.
    Ended,
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl Migrated {
    /// What became of a clock.
    pub fn clock(&self, no: ClockNo) -> Option<&MigratedClock> {
        self.clocks.iter().find(|moved| moved.clock == no)
    }

    /// What the case becomes by it.
    pub(crate) fn evolve(&self, case: &mut Case, at: Instant) {
        case.version = self.to.version;
        case.migrated_at = Some(at);
        case.migrations += 1;
        let new_name = |branch: &BranchId| self.branches.get(branch).unwrap_or(branch).clone();
        if let Place::Step { step, answers, .. } = &mut case.place {
            *step = self.step.clone();
            let given = std::mem::take(answers).into_iter();
            *answers = given.map(|(branch, answer)| (new_name(&branch), answer)).collect();
        }
        let known = std::mem::take(&mut case.answers).into_iter();
        case.answers = known.map(|(branch, answer)| (new_name(&branch), answer)).collect();
        for task in &mut case.tasks {
            task.step = self.step.clone();
            task.branch = task.branch.as_ref().map(new_name);
        }
        for moved in &self.tasks {
            if let Some(task) = case.task_mut(moved.task) {
                task.owner = moved.owner.clone();
                task.unit = moved.unit.clone();
                task.assignee = None;
                task.claimed_for = None;
            }
        }
        for clock in &self.clocks {
            clock.evolve(case, at);
        }
        if let Some(change) = &self.statutory {
            case.change_statutory(change, at);
        }
        for branch in self.opened.iter().filter_map(|task| task.branch.as_ref()) {
            case.answers.remove(branch);
        }
        case.task_count += self.opened.len() as u32;
        let opened = self.opened.iter().map(|opened| Task::opened(opened, &self.step, at));
        case.tasks.extend(opened);
        self.rename_what_was_done(case);
        rename(&mut case.data, &self.fields);
        rename(&mut case.documents, &self.documents);
    }

    fn rename_what_was_done(&self, case: &mut Case) {
        if self.steps.is_empty() {
            return;
        }
        for (step, people) in std::mem::take(&mut case.done_by) {
            let step = self.steps.get(&step).cloned().unwrap_or(step);
            let done = case.done_by.entry(step).or_default();
            for (person, at) in people {
                match done.iter_mut().find(|(known, _)| *known == person) {
                    Some((_, last)) => *last = at.max(*last),
                    None => done.push((person, at)),
                }
            }
        }
    }
}

/// Gives entries their new names; those without one are dropped.
fn rename<K: Ord + Clone, V>(entries: &mut BTreeMap<K, V>, names: &BTreeMap<K, Option<K>>) {
    if names.is_empty() {
        return;
    }
    let renamed =
        std::mem::take(entries).into_iter().filter_map(|(name, value)| match names.get(&name) {
            None => Some((name, value)),
            Some(new) => Some((new.clone()?, value)),
        });
    *entries = renamed.collect();
}

impl MigratedClock {
    fn evolve(&self, case: &mut Case, at: Instant) {
        let started = || {
            let Counted { term, deadline } = self.after.clone()?;
            Some(StartedClock { term, deadline })
        };
        match self.clock {
            STATUTORY => {
                let unit = case.unit.clone();
                self.change(&mut case.statutory, started(), &unit, at);
            }
            no => {
                if let Some(task) = case.task_mut(no) {
                    let unit = task.unit.clone();
                    self.change(&mut task.clock, started(), &unit, at);
                }
            }
        }
    }

    fn change(
        &self,
        clock: &mut Option<Clock>,
        started: Option<StartedClock>,
        unit: &UnitId,
        at: Instant,
    ) {
        match (self.how, clock.as_mut(), &self.after) {
            (ClockMove::Ended, ..) => *clock = None,
            (ClockMove::Started, ..) => {
                *clock = started.map(|started| Clock::start(&started, unit, at));
            }
            (ClockMove::Recounted, Some(clock), Some(after)) => {
                clock.ledger.term = after.term;
                if let Some(since) = self.stands_since {
                    clock.suspend(since);
                    clock.held_by_step |= self.held_by_step;
                }
                clock.deadline = after.deadline;
            }
            _ => {}
        }
        if let Some(clock) = clock {
            clock.fired = self.fired;
            clock.silence = self.silence;
        }
    }
}
