//! A case as the fold of its events.

mod evolve;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    BranchId, CalendarId, CaseId, DocumentId, FieldId, PersonId, StepId, Term, UnitId, WorkflowId,
    clock::{Instant, Ledger},
    definition::{Answer, Licence, Outcome},
    event::{
        By, ClockNo, EndReached, Entry, Event, Fact, MovedDeadline, OpenedTask, Owner, Purpose,
        STATUTORY, StartedClock, StatutoryChange, Urgency, Vote,
    },
    form::{Paper, Value},
    register::{LicenceChange, SpokenOf},
    sitting::Hearing,
};

pub use self::evolve::{TaskClosed, TaskRecord, evolve};
pub(crate) use self::evolve::{evolve_with_tasks, open_records};

/// One application on its way through one version of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its identifier.
    pub id: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The version by which it runs.
    pub version: u32,
    /// Its calendar.
    pub calendar: CalendarId,
    /// The unit that received it.
    pub unit: UnitId,
    /// Who applies.
    pub applicant: PersonId,
    /// What it is about.
    pub subject: String,
    /// Of what licence or other case it speaks, as that was when it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Box<SpokenOf>>,
    /// How many events it has.
    pub seq: u32,
    /// When it was received, by which its clock started.
    pub opened_at: Instant,
    /// When its last event was written.
    pub recorded_at: Instant,
    /// When its last event counts: up to then all that was due by itself is recorded.
    #[serde(default)]
    pub effective_at: Instant,
    /// Where it stands.
    pub place: Place,
    /// The clock by which the organisation is judged, once it has started.
    pub statutory: Option<Clock>,
    /// What it waits for.
    pub tasks: Vec<Task>,
    /// How many tasks it has had.
    pub task_count: u32,
    /// A suspension by a person, while it lasts.
    pub suspension: Option<CaseSuspension>,
    /// Who has done something in which step, in whichever round, and when last: for four eyes. Each
    /// natural person stands there by the accounts that the events name. Empty once the case ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub done_by: BTreeMap<StepId, Vec<(PersonId, Instant)>>,
    /// What has been filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<FieldId, Value>,
    /// The answers to inquiries, each of the latest round in which it was asked for. Empty once the
    /// case ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<BranchId, Answer>,
    /// How it stands with the sittings of its commission.
    #[serde(default, skip_serializing_if = "Hearing::is_empty")]
    pub hearing: Hearing,
    /// How often it has come to the applicant since it was opened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returns: u32,
    /// The latest paper of each kind that was handed in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<DocumentId, Paper>,
    /// The state of the calendar when the case was opened, or when it last moved a deadline.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub calendar_revision: u32,
    /// When the calendar last moved a deadline of the case: nothing happens by itself from before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescheduled_at: Option<Instant>,
    /// When it last moved to another version: nothing happens by itself from before either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated_at: Option<Instant>,
    /// How often it has moved to another version.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub migrations: u32,
}

/// Nothing is stored of what has not happened.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where a case stands: in exactly one step, or at an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// It waits in a step.
    Step {
        /// The step.
        step: StepId,
        /// Since when.
        since: Instant,
        /// Answers that have come, in a parallel step.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        answers: BTreeMap<BranchId, Answer>,
        /// Votes that have been cast, in a commission step, each under the member whose vote it is.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        votes: BTreeMap<PersonId, Vote>,
        /// Who has voted for another member as his delegate, and for whom.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        proxies: BTreeMap<PersonId, PersonId>,
    },
    /// It has ended; nothing leaves an end.
    End {
        /// The end.
        end: StepId,
        /// When it was reached.
        at: Instant,
        /// What came out.
        outcome: Outcome,
        /// Whether it is a decision.
        decision: bool,
        /// Whether silence brought it about.
        by_silence: bool,
        /// The licence that was granted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        licence: Option<Licence>,
        /// What the register of licences has of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<Box<LicenceChange>>,
    },
}

impl Place {
    /// The step or end.
    pub fn name(&self) -> &StepId {
        match self {
            Self::Step { step, .. } => step,
            Self::End { end, .. } => end,
        }
    }
}

/// A clock of a case with what has fired on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The unit by whose calendar it counts, wherever its task goes later.
    pub unit: UnitId,
    /// What the deadline is computed from.
    pub ledger: Ledger,
    /// The deadline, as the last event set it; `None` while the clock is suspended.
    pub deadline: Option<Instant>,
    /// How many of its warnings and levels have fired: they fire in order, each once.
    pub fired: u16,
    /// What has become of its silence rule.
    pub silence: SilenceState,
    /// Whether the step in which the case stands suspends it (the statutory clock only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_by_step: bool,
}

impl Clock {
    pub(crate) fn start(started: &StartedClock, unit: &UnitId, at: Instant) -> Self {
        let mut ledger = Ledger::start(started.term, at);
        if started.deadline.is_none() {
            ledger.suspend(at);
        }
        Self {
            unit: unit.clone(),
            ledger,
            deadline: started.deadline,
            fired: 0,
            silence: SilenceState::Armed,
            held_by_step: false,
        }
    }

    pub(crate) fn suspend(&mut self, at: Instant) {
        if !self.ledger.is_suspended() {
            self.ledger.suspend(at);
        }
        self.deadline = None;
    }

    fn resume(&mut self, at: Instant, deadline: Instant) {
        self.ledger.resume(at);
        self.deadline = Some(deadline);
    }

    fn move_deadline(&mut self, moved: &MovedDeadline) {
        if let Some(since) = moved.stands_since {
            self.suspend(since);
            self.held_by_step |= moved.held_by_step;
        }
        self.deadline = moved.to;
        if let Some(silence) = moved.silence {
            self.silence = silence;
        }
    }

    /// Whether it counts: neither stopped nor suspended.
    pub fn is_running(&self) -> bool {
        self.ledger.stopped_at.is_none() && !self.ledger.is_suspended()
    }

    /// Whether its deadline has passed: acting at the very instant is on time.
    pub fn is_breached(&self, at: Instant) -> bool {
        self.deadline.is_some_and(|deadline| at > deadline)
    }
}

/// What has become of a silence rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
    /// It takes effect when its time comes, as long as the clock runs.
    Armed,
    /// It was overdue beyond its grace: a manager must release it.
    Held {
        /// When it should have taken effect.
        due: Instant,
    },
    /// A manager waived it.
    Waived,
}

/// Open work on somebody's worklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number within the case.
    pub no: u32,
    /// The step.
    pub step: StepId,
    /// What it asks for.
    pub purpose: Purpose,
    /// The branch, in a parallel step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchId>,
    /// Whose it is.
    pub owner: Owner,
    /// The unit where it stands.
    pub unit: UnitId,
    /// When it was opened.
    pub opened_at: Instant,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<PersonId>,
    /// For whom he has it, where he took it as a delegate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_for: Option<PersonId>,
    /// How soon who gave it to him wants it; absent where it is in the ordinary course.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// When somebody first took it: before lies waiting, after lies handling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Instant>,
    /// The first act of work on it after that: a remark, a paper, its answer or action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched_at: Option<Instant>,
    /// Its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// A suspension of a case by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseSuspension {
    /// Since when.
    pub since: Instant,
    /// Why.
    pub reason: String,
}

impl Case {
    /// The case that its first event makes; `None` when that event is not an opening.
    pub fn opened(event: &Event) -> Option<Self> {
        let Fact::Opened {
            case,
            workflow,
            version,
            calendar,
            calendar_revision,
            unit,
            applicant,
            subject,
            values,
            about,
            entry,
            ..
        } = &event.fact
        else {
            return None;
        };
        let mut opened = Self {
            id: *case,
            workflow: workflow.clone(),
            version: *version,
            calendar: calendar.clone(),
            unit: unit.clone(),
            applicant: *applicant,
            subject: subject.clone(),
            about: about.clone(),
            seq: event.seq,
            opened_at: event.effective_at,
            recorded_at: event.recorded_at,
            effective_at: event.effective_at,
            place: Place::Step {
                step: entry.step.clone(),
                since: event.effective_at,
                answers: BTreeMap::new(),
                votes: BTreeMap::new(),
                proxies: BTreeMap::new(),
            },
            statutory: None,
            tasks: Vec::new(),
            task_count: 0,
            suspension: None,
            done_by: BTreeMap::new(),
            data: values.clone(),
            answers: BTreeMap::new(),
            hearing: Hearing::default(),
            returns: 0,
            documents: BTreeMap::new(),
            calendar_revision: calendar_revision.unwrap_or_default(),
            rescheduled_at: None,
            migrated_at: None,
            migrations: 0,
        };
        opened.enter(entry, event.effective_at);
        Some(opened)
    }

    /// The fold of a whole timeline; `None` for an empty one or one that does not begin with an
    /// opening.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut case = Self::opened(events.next()?)?;
        for event in events {
            evolve(&mut case, event);
        }
        Some(case)
    }

    /// Whether it has ended.
    pub fn is_ended(&self) -> bool {
        matches!(self.place, Place::End { .. })
    }

    /// The open task of that number.
    pub fn task(&self, no: u32) -> Option<&Task> {
        self.tasks.iter().find(|task| task.no == no)
    }

    pub(crate) fn task_mut(&mut self, no: u32) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.no == no)
    }

    /// The clock of that number, while it exists.
    pub fn clock(&self, no: ClockNo) -> Option<&Clock> {
        if no == STATUTORY { self.statutory.as_ref() } else { self.task(no)?.clock.as_ref() }
    }

    fn clock_mut(&mut self, no: ClockNo) -> Option<&mut Clock> {
        if no == STATUTORY { self.statutory.as_mut() } else { self.task_mut(no)?.clock.as_mut() }
    }

    /// The clocks that have started, with their numbers.
    pub fn clocks(&self) -> impl Iterator<Item = (ClockNo, &Clock)> {
        let tasks = self.tasks.iter().filter_map(|task| Some((task.no, task.clock.as_ref()?)));
        self.statutory.iter().map(|clock| (STATUTORY, clock)).chain(tasks)
    }

    /// Notes who did something in the step where the case stands.
    fn remember(&mut self, by: &By, at: Instant) {
        let (Place::Step { step, .. }, Some(_)) = (&self.place, by.person()) else { return };
        let done = self.done_by.entry(step.clone()).or_default();
        for person in by.everybody() {
            match done.iter_mut().find(|(known, _)| *known == person) {
                Some((_, last)) => *last = at,
                None => done.push((person, at)),
            }
        }
    }

    fn enter(&mut self, entry: &Entry, at: Instant) {
        self.hearing.leave();
        self.place = match &entry.end {
            None => Place::Step {
                step: entry.step.clone(),
                since: at,
                answers: BTreeMap::new(),
                votes: BTreeMap::new(),
                proxies: BTreeMap::new(),
            },
            Some(EndReached { outcome, decision, by_silence, licence, change }) => Place::End {
                end: entry.step.clone(),
                at,
                outcome: *outcome,
                decision: *decision,
                by_silence: *by_silence,
                licence: licence.clone(),
                change: change.clone(),
            },
        };
        if entry.end.is_some() {
            // Nothing is done after an end.
            self.done_by.clear();
            self.answers.clear();
        }
        for branch in entry.tasks.iter().filter_map(|task| task.branch.as_ref()) {
            // Asked anew, it has not been answered.
            self.answers.remove(branch);
        }
        self.tasks =
            entry.tasks.iter().map(|opened| Task::opened(opened, &entry.step, at)).collect();
        self.task_count += entry.tasks.len() as u32;
        if self.seq > 1 && entry.tasks.iter().any(|task| task.owner == Owner::Applicant) {
            self.returns += 1;
        }
        if let Some(change) = &entry.statutory {
            self.change_statutory(change, at);
        }
        if entry.end.is_some() {
            self.suspension = None;
        }
    }

    /// What happens to the statutory clock.
    pub(crate) fn change_statutory(&mut self, change: &StatutoryChange, at: Instant) {
        match change {
            StatutoryChange::Started(started) => {
                self.statutory = Some(Clock::start(started, &self.unit, at));
            }
            StatutoryChange::StartedSuspended(started) => {
                let clock = Clock::start(started, &self.unit, at);
                self.statutory = Some(Clock { held_by_step: true, ..clock });
            }
            StatutoryChange::Suspended => {
                if let Some(clock) = &mut self.statutory {
                    clock.held_by_step = true;
                    clock.suspend(at);
                }
            }
            StatutoryChange::Resumed(deadline) => {
                if let Some(clock) = &mut self.statutory {
                    clock.held_by_step = false;
                    if let Some(deadline) = deadline {
                        clock.resume(at, *deadline);
                    }
                }
            }
            StatutoryChange::Stopped { deadline, .. } => {
                if let Some(clock) = &mut self.statutory {
                    clock.held_by_step = false;
                    if clock.ledger.is_suspended() {
                        clock.ledger.resume(at);
                    }
                    clock.ledger.stopped_at = Some(at);
                    clock.deadline = Some(*deadline);
                    // With the clock, nothing is held any more.
                    clock.silence = SilenceState::Armed;
                }
            }
        }
    }
}

impl Task {
    pub(crate) fn opened(opened: &OpenedTask, step: &StepId, at: Instant) -> Self {
        Self {
            no: opened.no,
            step: step.clone(),
            purpose: opened.purpose,
            branch: opened.branch.clone(),
            owner: opened.owner.clone(),
            unit: opened.unit.clone(),
            opened_at: at,
            assignee: None,
            claimed_for: None,
            urgency: None,
            claimed_at: None,
            touched_at: None,
            clock: opened.clock.as_ref().map(|clock| Clock::start(clock, &opened.unit, at)),
        }
    }
}

/// The term of a clock, with its extensions.
pub fn extended_term(ledger: &Ledger) -> Term {
    let extra: u32 = ledger.extensions.iter().sum();
    Term { count: ledger.term.count.saturating_add(extra), unit: ledger.term.unit }
}
