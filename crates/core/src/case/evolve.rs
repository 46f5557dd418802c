//! What events make of a case, and of its tasks.

use serde::{Deserialize, Serialize};

use super::{Case, CaseSuspension, Place, SilenceState, Task};
use crate::{
    PersonId,
    clock::Instant,
    definition::Answer,
    event::{Event, Fact, Owner, STATUTORY},
    form::{Paper, Verdict},
    sitting::Hearing,
};

/// What a case becomes by an event. It cannot fail: whatever an event says has happened.
pub fn evolve(case: &mut Case, event: &Event) {
    let at = event.effective_at;
    touch(case, event);
    case.seq = event.seq;
    case.recorded_at = event.recorded_at;
    case.effective_at = at;
    if event.fact.does_a_step() {
        case.remember(&event.by, at);
    }
    match &event.fact {
        Fact::Opened { .. } | Fact::Commented { .. } | Fact::Informed { .. } => {}
        Fact::Claimed { task } => {
            if let (Some(task), Some(person)) = (case.task_mut(*task), event.by.person()) {
                task.assignee = Some(person);
                task.claimed_for = event.by.on_behalf_of().map(|one| one.person);
                task.claimed_at.get_or_insert(at);
            }
        }
        Fact::Released { task, .. } => {
            if let Some(task) = case.task_mut(*task) {
                task.assignee = None;
                task.claimed_for = None;
                task.urgency = None;
            }
        }
        Fact::Assigned { task, to, urgency, .. } => {
            if let Some(task) = case.task_mut(*task) {
                task.assignee = Some(*to);
                task.claimed_for = None;
                task.urgency = *urgency;
                task.claimed_at.get_or_insert(at);
            }
        }
        Fact::Filled { values, cleared } => {
            for field in cleared {
                case.data.remove(field);
            }
            let values = values.iter().map(|(field, value)| (field.clone(), value.clone()));
            case.data.extend(values);
        }
        Fact::DocumentAttached { document, file, issued, copies } => {
            let (file, issued, copies) = (file.clone(), *issued, *copies);
            let paper = Paper { file, issued, copies, at, verdict: None };
            case.documents.insert(document.clone(), paper);
        }
        Fact::DocumentVerified { document, refused } => {
            if let (Some(paper), Some(by)) = (case.documents.get_mut(document), event.by.person()) {
                paper.verdict = Some(Verdict { by, at, refused: refused.clone() });
            }
        }
        Fact::Acted { entry, .. }
        | Fact::Withdrawn { entry, .. }
        | Fact::SilenceTookEffect { entry, .. } => {
            case.enter(entry, at);
        }
        Fact::Answered { task, branch, answer, entry, .. } => {
            if let Place::Step { answers, .. } = &mut case.place {
                answers.insert(branch.clone(), *answer);
            }
            case.answers.insert(branch.clone(), *answer);
            case.tasks.retain(|open| open.no != *task);
            if let Some(entry) = entry {
                case.enter(entry, at);
            }
        }
        Fact::Voted { vote, .. } => {
            if let (Place::Step { votes, proxies, .. }, Some(seat), Some(hand)) =
                (&mut case.place, event.by.seat(), event.by.hand())
            {
                // The vote is the member's: whoever cast it before him casts it no longer.
                proxies.retain(|_, of| *of != seat);
                if event.by.on_behalf_of().is_some() {
                    proxies.insert(hand, seat);
                }
                votes.insert(seat, *vote);
            }
        }
        Fact::PutOnAgenda { .. }
        | Fact::TakenOffAgenda { .. }
        | Fact::Recused { .. }
        | Fact::SittingLacking { .. } => {
            case.hearing.evolve(event.seq, &event.fact);
            if let Place::Step { votes, proxies, .. } = &mut case.place {
                Hearing::strike(votes, proxies, &event.fact);
            }
        }
        Fact::Suspended { reason, clocks, .. } => {
            case.suspension = Some(CaseSuspension { since: at, reason: reason.clone() });
            for no in clocks {
                if let Some(clock) = case.clock_mut(*no) {
                    clock.suspend(at);
                }
            }
        }
        Fact::Resumed { deadlines, .. } => {
            case.suspension = None;
            for new in deadlines {
                if let Some(clock) = case.clock_mut(new.clock) {
                    clock.resume(at, new.deadline);
                }
            }
        }
        Fact::Extended { clock, by, deadline, .. } => {
            if let Some(clock) = case.clock_mut(*clock) {
                clock.ledger.extend(by.count);
                clock.deadline = *deadline;
            }
        }
        Fact::Rescheduled { calendar_revision, deadlines, .. } => {
            case.calendar_revision = *calendar_revision;
            case.rescheduled_at = Some(at);
            for moved in deadlines {
                if let Some(clock) = case.clock_mut(moved.clock) {
                    clock.move_deadline(moved);
                }
            }
        }
        Fact::Migrated(migrated) => migrated.evolve(case, at),
        Fact::Escalated { clock, reassigned, .. } => {
            if let Some(clock) = case.clock_mut(*clock) {
                // A timeline that somebody made up may say anything.
                clock.fired = clock.fired.saturating_add(1);
            }
            if let Some(gone) = reassigned
                && let Some(task) = case.task_mut(gone.task)
            {
                task.owner = Owner::Role(gone.to.clone());
                task.unit = gone.unit.clone();
                task.assignee = None;
                task.claimed_for = None;
            }
        }
        Fact::SilenceHeld { clock, due } => {
            if let Some(clock) = case.clock_mut(*clock) {
                clock.silence = SilenceState::Held { due: *due };
            }
        }
        Fact::SilenceWaived { clock, .. } => {
            if let Some(clock) = case.clock_mut(*clock) {
                clock.silence = SilenceState::Waived;
            }
        }
    }
}

/// Notes the first act of work on a task, and tells the tasks on which it was the first.
fn touch(case: &mut Case, event: &Event) -> Vec<u32> {
    let Some(person) = event.by.person() else { return Vec::new() };
    let mut touched = Vec::new();
    for task in case.tasks.iter_mut().filter(|task| task.touched_at.is_none()) {
        if event.fact.is_work_on(task.no, task.assignee == Some(person)) {
            task.touched_at = Some(event.effective_at);
            touched.push(task.no);
        }
    }
    touched
}

/// A task as the worklist and the dashboards keep it, open or closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The task, as it is or was at its closing.
    pub task: Task,
    /// Its closing.
    pub closed: Option<TaskClosed>,
}

/// How a task was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskClosed {
    /// When, as it counts.
    pub at: Instant,
    /// By whom; `None` for the program.
    pub by: Option<PersonId>,
    /// The action, the answer, or why it was no longer needed.
    pub outcome: String,
}

/// Folds an event in, and tells which tasks it opened, changed or closed.
pub(crate) fn evolve_with_tasks(case: &mut Case, event: &Event) -> Vec<TaskRecord> {
    let fact = &event.fact;
    let touched = touch(case, event);
    // What an event closes is taken out before: a case that moves on keeps none of its tasks.
    let closing = match fact {
        fact if fact.entry().is_some() => std::mem::take(&mut case.tasks),
        Fact::Answered { task, .. } => {
            let open = case.tasks.iter().position(|open| open.no == *task);
            open.map(|place| case.tasks.remove(place)).into_iter().collect()
        }
        _ => Vec::new(),
    };
    evolve(case, event);
    let closed = closing.into_iter().map(|task| {
        let closed = Some(closed_by(event, task.no));
        TaskRecord { task, closed }
    });
    let changed = |task| fact.entry().is_some() || fact.bears_on(task) || touched.contains(&task);
    closed.chain(open_records(case, changed)).collect()
}

/// The open tasks of a case that are among `those`.
pub(crate) fn open_records(
    case: &Case,
    those: impl Fn(u32) -> bool,
) -> impl Iterator<Item = TaskRecord> {
    let those = case.tasks.iter().filter(move |task| those(task.no));
    those.map(|task| TaskRecord { task: task.clone(), closed: None })
}

fn closed_by(event: &Event, task: u32) -> TaskClosed {
    let (settled, outcome) = match &event.fact {
        Fact::Acted { task, action, .. } => (Some(*task), action.as_str()),
        Fact::Answered { task, answer: Answer::Positive, .. } => (Some(*task), "positive"),
        Fact::Answered { task, answer: Answer::Negative, .. } => (Some(*task), "negative"),
        Fact::SilenceTookEffect { clock: STATUTORY, .. } => (None, "silence_of_authority"),
        Fact::SilenceTookEffect { clock, .. } => (Some(*clock), "silence"),
        Fact::Withdrawn { .. } => (None, "withdrawn"),
        _ => (None, ""),
    };
    let (by, outcome) = match settled {
        Some(no) if no == task => (event.by.person(), outcome),
        Some(_) => (None, "not_needed"),
        None => (None, outcome),
    };
    TaskClosed { at: event.effective_at, by, outcome: outcome.to_owned() }
}
