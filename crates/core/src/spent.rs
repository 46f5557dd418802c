//! Waiting and handling apart: how the working time of a closed task divides, so that lateness in the
//! queue and lateness in the work are different numbers.

use chrono::TimeDelta;

use crate::{
    calendar::Calendar,
    case::TaskRecord,
    clock::{Instant, Suspension},
};

/// How the working time between a task's opening and its closing divides. What its clock was
/// suspended for counts nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Until somebody took it; all of it, where nobody did.
    pub waited: TimeDelta,
    /// From then on.
    pub handled: TimeDelta,
    /// Of that, until it was first touched.
    pub untouched: TimeDelta,
    /// How much of `waited` lay after its own deadline.
    pub late_waiting: TimeDelta,
    /// How much of `handled` lay after its own deadline.
    pub late_handling: TimeDelta,
}

impl Spent {
    /// How the time of a task divides, by the calendar by which its clock counted; `None` as long
    /// as it is open.
    ///
    /// Lateness belongs to whatever went on while it grew, as a late day belongs to whoever had the
    /// case on it: a task that was taken only after its deadline was late in the queue up to then.
    pub fn of(record: &TaskRecord, calendar: &Calendar) -> Option<Self> {
        let closed_at = record.closed.as_ref()?.at;
        let task = &record.task;
        let suspensions =
            task.clock.as_ref().map_or(&[][..], |clock| clock.ledger.suspensions.as_slice());
        let worked = |from: Instant, until: Instant| running(from, until, suspensions, calendar);
        let claimed_at = task.claimed_at.unwrap_or(closed_at).min(closed_at);
        let touched_at = task.touched_at.map_or(closed_at, |at| at.clamp(claimed_at, closed_at));
        // A suspended clock has no deadline to be late by.
        let late_from = match task.clock.as_ref().and_then(|clock| clock.deadline) {
            Some(deadline) => deadline.max(task.opened_at).min(closed_at),
            None => closed_at,
        };
        Some(Self {
            waited: worked(task.opened_at, claimed_at),
            handled: worked(claimed_at, closed_at),
            untouched: worked(claimed_at, touched_at),
            late_waiting: worked(late_from, claimed_at),
            late_handling: worked(late_from.max(claimed_at), closed_at),
        })
    }
}

/// The working time of a stretch, without what was suspended; nothing when it ends before it begins.
fn running(
    from: Instant,
    until: Instant,
    suspensions: &[Suspension],
    calendar: &Calendar,
) -> TimeDelta {
    if until <= from {
        return TimeDelta::zero();
    }
    let mut worked = calendar.worked_between(from, until);
    for suspension in suspensions {
        let (lost_from, lost_until) =
            (suspension.from.max(from), suspension.until.unwrap_or(until).min(until));
        if lost_from < lost_until {
            worked -= calendar.worked_between(lost_from, lost_until);
        }
    }
    worked.max(TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{
        CalendarSource, Calendars, Ledger, PersonId, Task, Term,
        case::{Clock, SilenceState, TaskClosed},
        event::{Owner, Purpose},
    };

    /// Open from 8 to 16, Saturday to Wednesday.
    const OFFICE: &str = "\
calendar: office
title: { fa: اداره, en: Office }
zone: UTC
day_ends: close_of_business
hours:
  - { name: { fa: ساعت, en: Hours }, week: { sat-wed: 08:00-16:00 }, certainty: assumption }
";

    /// Saturday, 4 January 2025, is day 4.
    fn at(day: u32, hour: u32) -> Instant {
        let text = format!("2025-01-{day:02}T{hour:02}:00:00Z");
        DateTime::parse_from_rfc3339(&text).expect("an instant").to_utc()
    }

    /// A task that was opened on Saturday at 8 and closed on Tuesday at 16, after 32 hours.
    fn task(claimed: Option<Instant>, due: Option<Instant>) -> TaskRecord {
        let clock = due.map(|deadline| Clock {
            unit: "23".into(),
            ledger: Ledger::start(Term::working_days(1), at(4, 8)),
            deadline: Some(deadline),
            fired: 0,
            silence: SilenceState::Armed,
            held_by_step: false,
        });
        TaskRecord {
            task: Task {
                no: 1,
                step: "reception".into(),
                purpose: Purpose::Act,
                branch: None,
                owner: Owner::Role("officer".into()),
                unit: "23".into(),
                opened_at: at(4, 8),
                assignee: claimed.map(|_| PersonId(uuid::Uuid::nil())),
                claimed_at: claimed,
                claimed_for: None,
                urgency: None,
                touched_at: None,
                clock,
            },
            closed: Some(TaskClosed { at: at(7, 16), by: None, outcome: "accept".to_owned() }),
        }
    }

    fn spent(record: &TaskRecord) -> [i64; 5] {
        let calendars =
            Calendars::compile(CalendarSource::parse("office.yaml", OFFICE).expect("sound"));
        let spent = Spent::of(record, calendars.national()).expect("it is closed");
        let Spent { waited, handled, untouched, late_waiting, late_handling } = spent;
        [waited, handled, untouched, late_waiting, late_handling].map(|length| length.num_hours())
    }

    #[test]
    fn lateness_belongs_to_what_went_on_while_it_grew() {
        let table = [
            // claimed, due: waited, handled, untouched, late waiting, late handling
            (Some(at(5, 10)), Some(at(7, 16)), [10, 22, 22, 0, 0]),
            (Some(at(5, 10)), Some(at(6, 16)), [10, 22, 22, 0, 8]),
            (Some(at(7, 10)), Some(at(6, 16)), [26, 6, 6, 2, 6]),
            (Some(at(7, 16)), Some(at(4, 16)), [32, 0, 0, 24, 0]),
            (None, Some(at(6, 16)), [32, 0, 0, 8, 0]),
            // Taken in the evening, which costs nobody working time; no deadline at all.
            (Some(at(4, 22)), None, [8, 24, 24, 0, 0]),
        ];
        for (claimed, due, expected) in table {
            assert_eq!(spent(&task(claimed, due)), expected, "{claimed:?} {due:?}");
        }
    }

    #[test]
    fn what_was_suspended_counts_nowhere() {
        let mut record = task(Some(at(5, 10)), Some(at(7, 12)));
        if let Some(clock) = &mut record.task.clock {
            clock.ledger.suspend(at(4, 12));
            clock.ledger.resume(at(5, 9));
            clock.ledger.suspend(at(6, 8));
            clock.ledger.resume(at(6, 16));
        }
        record.task.touched_at = Some(at(5, 12));
        assert_eq!(spent(&record), [10 - 5, 22 - 8, 2, 0, 4]);
    }

    #[test]
    fn an_open_task_has_spent_nothing_yet() {
        let calendars =
            Calendars::compile(CalendarSource::parse("office.yaml", OFFICE).expect("sound"));
        let open = TaskRecord { closed: None, ..task(None, None) };
        assert_eq!(Spent::of(&open, calendars.national()), None);
    }
}
