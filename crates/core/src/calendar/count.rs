//! Where a term ends: the arithmetic behind every deadline.
//!
//! "Up to" is a limit from the left: an instant `t` is lost to a suspension from `a` until `b` when
//! `a < t <= b`. A clock suspended exactly at the close has had that day, one resumed exactly at
//! the close has not.

use chrono::{DateTime, Datelike, NaiveDate};
use serde::Serialize;

use super::{Calendar, DayEnds, table::Table, zone};
use crate::{CalendarId, Term, TermUnit, clock::Instant};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// Why a clock has no deadline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum NoDeadline {
    /// The calendar does not reach far enough.
    #[error(
        "the deadline lies outside the dates that the calendar '{calendar}' knows ({from} to {until})"
    )]
    BeyondCalendar {
        /// The calendar.
        calendar: CalendarId,
        /// The first date that it knows.
        from: NaiveDate,
        /// The last date that it knows.
        until: NaiveDate,
    },
    /// The calendar has no working day at all.
    #[error("the calendar has no working day")]
    NoWorkingTime,
}

impl NoDeadline {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BeyondCalendar { .. } => "beyond-calendar",
            Self::NoWorkingTime => "no-working-time",
        }
    }
}

/// A suspension in microseconds since 1970, from its start until its end; not empty.
pub(crate) type Lost = (i64, i64);

/// The deadline of a never suspended clock with `term` that started at `from`; `from` itself when
/// the term is zero.
///
/// # Errors
/// When the calendar does not reach that far, or has no working day.
pub fn after(calendar: &Calendar, from: Instant, term: Term) -> Result<Instant, NoDeadline> {
    if term.count == 0 {
        return Ok(from);
    }
    calendar.deadline(term.unit, u64::from(term.count), from, &[])
}

/// The instant a term before a deadline, for warnings; the deadline itself when the term is zero.
///
/// `h` and `wh`: so much elapsed or working time earlier. `d`: the same local time of day that many
/// days earlier. `wd`: the close of business of that working day before the deadline's day. A
/// deadline at midnight belongs to the day that it ends.
///
/// # Errors
/// When the calendar does not reach that far, or has no working day.
pub fn before(calendar: &Calendar, deadline: Instant, term: Term) -> Result<Instant, NoDeadline> {
    if term.count == 0 {
        return Ok(deadline);
    }
    let table = &calendar.table;
    let at = deadline.timestamp_micros();
    let count = i64::from(term.count);
    let beyond = || calendar.beyond();
    if term.unit != TermUnit::Hours && term.unit != TermUnit::Days && table.working_days() == 0 {
        return Err(NoDeadline::NoWorkingTime);
    }
    let earlier = match term.unit {
        TermUnit::Hours => Some(at - count * HOUR),
        TermUnit::Days if !zone::can_tell(at) => None,
        TermUnit::Days => {
            let local = zone::local_time(calendar.zone(), at);
            let local = local
                .checked_sub_days(chrono::Days::new(u64::from(term.count)))
                .ok_or_else(beyond)?;
            Some(zone::instant_of(calendar.zone(), local))
        }
        TermUnit::WorkingHours => {
            table.axis().day(at - 1).ok_or_else(beyond)?;
            table.last_worked(table.worked_up_to(at) - count * HOUR)
        }
        TermUnit::WorkingDays => {
            let day = table.axis().day(at - 1).ok_or_else(beyond)?;
            table
                .working_days_before(day)
                .checked_sub(term.count as usize)
                .and_then(|index| table.nth_close(index))
        }
    };
    earlier.and_then(DateTime::from_timestamp_micros).ok_or_else(beyond)
}

impl Calendar {
    pub(super) fn beyond(&self) -> NoDeadline {
        let (from, until) = self.reach();
        NoDeadline::BeyondCalendar { calendar: self.id().clone(), from, until }
    }

    /// The deadline of a clock that counts `count` (above 0) of `unit`, started at `start`, and
    /// loses what lies in `lost`: sorted, disjoint, none empty.
    ///
    /// `O(lost × log days)`, whatever the count.
    pub(crate) fn deadline(
        &self,
        unit: TermUnit,
        count: u64,
        start: Instant,
        lost: &[Lost],
    ) -> Result<Instant, NoDeadline> {
        let start = start.timestamp_micros();
        if unit != TermUnit::Hours && self.table.working_days() == 0 {
            return Err(NoDeadline::NoWorkingTime);
        }
        let deadline = match unit {
            TermUnit::WorkingDays => working_days(&self.table, count, start, lost),
            TermUnit::Days => days(&self.table, self.day_ends, count, start, lost),
            TermUnit::WorkingHours => working_hours(&self.table, count, start, lost),
            TermUnit::Hours => hours(count, start, lost),
        };
        deadline
            .and_then(DateTime::from_timestamp_micros)
            // Beyond the year 9999 an instant can no longer be written in RFC 3339.
            .filter(|deadline| deadline.year() <= 9999)
            .ok_or_else(|| self.beyond())
    }
}

/// The `count`-th position of a sequence, from `next` on, that no range of `lost` takes away. The
/// ranges are sorted and disjoint.
fn nth(next: usize, count: u64, lost: impl Iterator<Item = (usize, usize)>) -> Option<usize> {
    let mut next = next;
    let mut left = usize::try_from(count).ok()?;
    for (from, until) in lost {
        let free = from.saturating_sub(next);
        if left <= free {
            break;
        }
        left -= free;
        next = next.max(until);
    }
    next.checked_add(left)?.checked_sub(1)
}

fn working_days(table: &Table, count: u64, start: i64, lost: &[Lost]) -> Option<i64> {
    let day = table.axis().day(start)?;
    let next = table.working_days_before(day + 1);
    let lost =
        lost.iter().map(|(from, until)| (table.closes_up_to(*from), table.closes_up_to(*until)));
    table.nth_close(nth(next, count, lost)?)
}

fn days(table: &Table, ends: DayEnds, count: u64, start: i64, lost: &[Lost]) -> Option<i64> {
    let axis = table.axis();
    // The midnight that ends a day lies in `from < midnight <= until` exactly when the day is that
    // of `from` or a later one, and before that of `until`.
    let lost = lost.iter().map(|(from, until)| (axis.day_or_end(*from), axis.day_or_end(*until)));
    let last = nth(axis.day(start)? + 1, count, lost.clone())?;
    if last >= axis.days() {
        return None;
    }
    let mut day = table.working_day_from(last)?;
    if day != last {
        for (from, until) in lost {
            if from <= day && day < until {
                day = table.working_day_from(until)?;
            }
        }
    }
    match ends {
        DayEnds::CloseOfBusiness => table.close_of(day),
        DayEnds::Midnight => Some(axis.start(day + 1)),
    }
}

fn working_hours(table: &Table, count: u64, start: i64, lost: &[Lost]) -> Option<i64> {
    table.axis().day(start)?;
    let mut left = i64::try_from(count).ok()?.checked_mul(HOUR)?;
    let mut worked = table.worked_up_to(start);
    for (from, until) in lost {
        let free = (table.worked_up_to(*from) - worked).max(0);
        if left <= free {
            break;
        }
        left -= free;
        worked = worked.max(table.worked_up_to(*until));
    }
    table.first_worked(worked.checked_add(left)?)
}

fn hours(count: u64, start: i64, lost: &[Lost]) -> Option<i64> {
    let mut left = i64::try_from(count).ok()?.checked_mul(HOUR)?;
    let mut at = start;
    for (from, until) in lost {
        let free = from.saturating_sub(at).max(0);
        if left <= free {
            break;
        }
        left -= free;
        at = at.max(*until);
    }
    at.checked_add(left)
}
