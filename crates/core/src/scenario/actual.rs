//! What a case looks like, in the words of a scenario.

use chrono::Timelike;

use super::{Due, Expect, given::held, register::said_of_licence, run::Life, sittings};
use crate::{
    JalaliDate,
    case::{Clock, Place, SilenceState, Task},
    clock::Instant,
    definition::{Answer, Outcome},
    event::{Owner, Purpose, STATUTORY},
    measure::{Counts, Judged},
};

/// An expectation and what is there instead, when it is not met.
pub(super) fn difference(life: &Life<'_>, expect: &Expect) -> Option<String> {
    let (expected, actual) = match expect {
        // Compared where the deed is done.
        Expect::Refused(_) | Expect::Faults(_) => return None,
        Expect::Data(field, expected) => {
            (format!("{field}: {expected}"), format!("{field}: {}", held(life, field)))
        }
        Expect::Step(step) => (format!("in '{step}'"), format!("in '{}'", life.case.place.name())),
        Expect::Outcome(expected) => (outcome(Some(*expected)), ended(life)),
        Expect::Counted(way) => (format!("counted: {way}"), format!("counted: {}", counted(life))),
        Expect::Mark(mark) => {
            let licence = match &life.case.place {
                Place::End { licence: Some(licence), .. } => licence.mark.clone(),
                Place::End { change: Some(change), .. } => change.licence.mark.clone(),
                _ => None,
            };
            (format!("mark '{mark}'"), format!("mark '{}'", licence.unwrap_or_default()))
        }
        Expect::Licence(key, expected) => {
            let found = said_of_licence(life, key);
            (format!("licence {key}: {expected}"), format!("licence {key}: {found}"))
        }
        Expect::Statutory(due) => {
            let actual = clock_due(life.case.statutory.as_ref());
            (shown(life, *due), shown(life, actual))
        }
        Expect::Due(name, due) => match task(life, name) {
            Some(task) => (shown(life, *due), shown(life, clock_due(task.clock.as_ref()))),
            None => (shown(life, *due), not_open(life, name)),
        },
        Expect::Open(names) => {
            let open: Vec<_> = life.case.tasks.iter().map(|task| name(task).to_owned()).collect();
            (listed(sorted(names.clone())), listed(sorted(open)))
        }
        Expect::Owner(name, role) => {
            let actual = task(life, name).map(|task| match &task.owner {
                Owner::Applicant => "applicant".to_owned(),
                Owner::Role(role) => role.to_string(),
            });
            (role.clone(), actual.unwrap_or_else(|| not_open(life, name)))
        }
        Expect::Holder(name, who) => {
            let actual = task(life, name).map(|task| match task.assignee {
                None => "nobody".to_owned(),
                Some(person) => life.called(person),
            });
            (who.clone(), actual.unwrap_or_else(|| not_open(life, name)))
        }
        Expect::Answer(name, expected) => {
            let given = life.answers.get(name.as_str());
            let none = || "no answer".to_owned();
            (answer(*expected), given.map_or_else(none, |given| answer(*given)))
        }
        Expect::Escalated(levels) => (listed(levels.clone()), listed(life.escalated.clone())),
        Expect::Passed(steps) => (listed(steps.clone()), listed(life.passed.clone())),
        Expect::Suspended(yes) => {
            let suspended = life.case.suspension.is_some();
            (format!("suspended: {}", said(*yes)), format!("suspended: {}", said(suspended)))
        }
        Expect::Held(names) => {
            let held = |clock: &Clock| matches!(clock.silence, SilenceState::Held { .. });
            let clocks = life.case.clocks().filter(|(_, clock)| held(clock));
            let held: Vec<_> = clocks.map(|(no, _)| life.clock_name(no)).collect();
            (listed(sorted(names.clone())), listed(sorted(held)))
        }
        Expect::Agenda(expected) => {
            let on = life.case.hearing.on_agenda.map(|on| on.sitting);
            let name = on.and_then(|id| sittings::name(life.told, id)).unwrap_or("none");
            (format!("on the agenda: {expected}"), format!("on the agenda: {name}"))
        }
        Expect::Lacking(names) => {
            (listed(sorted(names.clone())), listed(sorted(life.lacking.clone())))
        }
        Expect::Proposed(due) => {
            (shown(life, *due), shown(life, life.proposed.map_or(Due::None, Due::At)))
        }
    };
    (expected != actual).then(|| format!("expected {expected}, found {actual}"))
}

/// The name of a task: its branch or its step, or `votes`.
pub(super) fn name(task: &Task) -> &str {
    match (&task.branch, task.purpose) {
        (Some(branch), _) => branch.as_str(),
        (None, Purpose::Vote) => "votes",
        (None, _) => task.step.as_str(),
    }
}

/// The open task of that name.
pub(super) fn task<'l>(life: &'l Life<'_>, called: &str) -> Option<&'l Task> {
    life.case.tasks.iter().find(|task| name(task) == called)
}

/// The number of the clock of that name; one that no clock has, where there is none.
pub(super) fn clock_no(life: &Life<'_>, called: &str) -> u32 {
    match called {
        "statutory" => STATUTORY,
        _ => task(life, called).map_or(u32::MAX, |task| task.no),
    }
}

fn clock_due(clock: Option<&Clock>) -> Due {
    match clock {
        None => Due::None,
        Some(clock) => clock.deadline.map_or(Due::Suspended, Due::At),
    }
}

fn shown(life: &Life<'_>, due: Due) -> String {
    match due {
        Due::At(at) => moment(life, at),
        Due::Suspended => "suspended".to_owned(),
        Due::None => "no clock".to_owned(),
    }
}

/// A moment as scenarios write it.
pub(super) fn moment(life: &Life<'_>, at: Instant) -> String {
    let local = at.with_timezone(&life.zone());
    let date = JalaliDate::from(local.date_naive());
    let exact = local.second() == 0 && local.nanosecond() == 0;
    let time = local.format(if exact { "%H:%M" } else { "%H:%M:%S%.6f" });
    format!("{date} {time}")
}

/// How the case counts, were the period all of time.
fn counted(life: &Life<'_>) -> &'static str {
    let Some(clock) = &life.case.statutory else { return "not" };
    let (decision, by_silence) = match life.case.place {
        Place::End { decision, by_silence, .. } => (decision, by_silence),
        Place::Step { .. } => (false, false),
    };
    let judged = Judged {
        stopped_at: clock.ledger.stopped_at,
        deadline: clock.deadline,
        raw_deadline: clock.ledger.started_at,
        decision,
        by_silence,
    };
    match judged.counts(&(Instant::MIN_UTC..Instant::MAX_UTC), life.now) {
        None => "not",
        Some(Counts::OnTime) => "on_time",
        Some(Counts::Late) => "late",
        Some(Counts::BySilence) => "by_silence",
        Some(Counts::GivenUpLate) => "given_up_late",
        Some(Counts::Overdue) => "overdue",
    }
}

fn ended(life: &Life<'_>) -> String {
    outcome(match &life.case.place {
        Place::End { outcome, .. } => Some(*outcome),
        Place::Step { .. } => None,
    })
}

fn outcome(outcome: Option<Outcome>) -> String {
    let word = match outcome {
        None => "no outcome yet",
        Some(Outcome::Granted) => "granted",
        Some(Outcome::Refused) => "refused",
        Some(Outcome::Lapsed) => "lapsed",
        Some(Outcome::Withdrawn) => "withdrawn",
        Some(Outcome::Settled) => "settled",
    };
    word.to_owned()
}

fn answer(answer: Answer) -> String {
    match answer {
        Answer::Positive => "positive".to_owned(),
        Answer::Negative => "negative".to_owned(),
    }
}

fn not_open(life: &Life<'_>, name: &str) -> String {
    format!("no open task '{name}' in '{}'", life.case.place.name())
}

fn said(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn listed(names: Vec<String>) -> String {
    format!("[{}]", names.join(", "))
}
