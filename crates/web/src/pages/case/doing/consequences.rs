//! What something will cause, told before it is done: from a rehearsal of it.

use parvaneh_core::{Case, Instant, Place, case::Clock, event::STATUTORY};
use parvaneh_store::Executed;

use super::super::{Seen, head::owner, wording::outcome};
use crate::{say::Said, shown::Moment};

/// What will follow, line by line; never empty.
pub(super) fn consequences(seen: &Seen, executed: &Executed) -> Vec<String> {
    let words = seen.words();
    let (before, after) = (&seen.seen.file.case, &executed.case);
    let mut lines: Vec<Said> = Vec::new();
    let moved = executed.events.iter().any(|event| event.fact.entry().is_some());
    if moved {
        let title = seen.definition().title_of(after.place.name());
        let title = title
            .map_or_else(|| after.place.name().to_string(), |title| words.of(title).to_owned());
        match &after.place {
            Place::Step { .. } => lines.push(words.t("will-step").s("step", title)),
            Place::End { outcome: came, .. } => {
                let came = outcome(*came, words);
                lines.push(words.t("will-end").s("end", title).s("outcome", came));
            }
        }
    }
    for task in after.tasks.iter().filter(|task| before.task(task.no).is_none()) {
        let whose = owner(seen, &task.owner, &task.unit);
        match task.clock.as_ref().and_then(|clock| clock.deadline) {
            Some(at) => {
                let at = Moment::at(at, seen.calendar(&task.unit), words).plain();
                lines.push(words.t("will-task-until").s("owner", whose).s("deadline", at));
            }
            None => lines.push(words.t("will-task").s("owner", whose)),
        }
    }
    for task in &after.tasks {
        let Some(old) = before.task(task.no) else { continue };
        if old.assignee != task.assignee {
            lines.push(match task.assignee {
                Some(_) => words.t("will-hold").s("owner", owner(seen, &task.owner, &task.unit)),
                None => words.t("will-release").s("owner", owner(seen, &task.owner, &task.unit)),
            });
        }
        if let (Some(old), Some(new)) = (&old.clock, &task.clock) {
            lines.extend(clock(seen, task.no, old, new));
        }
    }
    lines.extend(statutory(seen, before, after));
    if !after.is_ended() && lines.is_empty() {
        lines.push(words.t("will-nothing"));
    }
    lines.into_iter().map(String::from).collect()
}

fn statutory(seen: &Seen, before: &Case, after: &Case) -> Option<Said> {
    let words = seen.words();
    match (&before.statutory, &after.statutory) {
        (Some(old), Some(new)) => clock(seen, STATUTORY, old, new).or_else(|| {
            let at = new.deadline.filter(|_| new.is_running())?;
            Some(words.t("will-statutory-stays").s("deadline", plain(seen, new, at)))
        }),
        (None, Some(new)) => {
            let at = plain(seen, new, new.deadline?);
            Some(words.t("will-statutory-starts").s("deadline", at))
        }
        _ => None,
    }
}

/// What becomes of a clock, if anything does.
fn clock(seen: &Seen, no: u32, old: &Clock, new: &Clock) -> Option<Said> {
    let words = seen.words();
    let name = match no {
        STATUTORY => words.t("clock-statutory"),
        _ => words.t("clock-task"),
    };
    if old.ledger.stopped_at.is_none() && new.ledger.stopped_at.is_some() {
        return Some(words.t("will-clock-end").s("clock", name));
    }
    match (old.deadline, new.deadline) {
        (Some(_), None) => Some(words.t("will-clock-stop").s("clock", name)),
        (None, Some(at)) => {
            Some(words.t("will-clock-run").s("clock", name).s("deadline", plain(seen, new, at)))
        }
        (Some(from), Some(to)) if from != to => Some(
            words
                .t("will-clock-move")
                .s("clock", name)
                .s("from", plain(seen, old, from))
                .s("to", plain(seen, new, to)),
        ),
        _ => None,
    }
}

fn plain(seen: &Seen, clock: &Clock, at: Instant) -> String {
    Moment::at(at, seen.calendar(&clock.unit), seen.words()).plain()
}
