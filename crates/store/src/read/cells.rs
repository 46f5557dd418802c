//! The cells of time in which figures are summed: see `migrations/0046_case_figures.sql`.
//!
//! **Invariant.** A range that is read from the sums begins and ends where cells do. What lies beside it is
//! read from the cases themselves, so that figures are exact wherever a period begins.

use std::ops::Range;

use chrono::{DateTime, TimeDelta};
use parvaneh_core::{Instant, JalaliDate, JalaliPeriod};

/// Cells begin at midnight there: +03:30.
const AHEAD: TimeDelta = TimeDelta::minutes(210);
/// The years whose months the database knows: those of calendars.
const YEARS: Range<i32> = 1369..1480;
/// How far the second part of a day begins behind its first instant.
const REST: TimeDelta = TimeDelta::microseconds(1);

/// Which parts of a period are read from the sums. An empty range lies at the period's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Summed {
    /// Of what ended, by months.
    pub(super) months: Range<Instant>,
    /// Of what runs and whose deadline has passed, by days.
    pub(super) days: Range<Instant>,
}

impl Summed {
    /// Nothing: all of the period is read from the cases.
    pub(super) fn nothing(period: &Range<Instant>) -> Self {
        let none = period.end..period.end;
        Self { months: none.clone(), days: none }
    }

    /// What can be, of a period in those slices, at that time.
    pub(super) fn of(period: &Range<Instant>, slices: &[Instant], now: Instant) -> Self {
        let nothing = Self::nothing(period);
        let whole = |range: Range<Instant>, is_start: fn(Instant) -> bool, none| {
            let inside = |at: &&Instant| range.start < **at && **at < range.end;
            let fits =
                range.start < range.end && slices.iter().filter(inside).all(|at| is_start(*at));
            if fits { range } else { none }
        };
        let days = first_day(period.start)..midnight(period.end.min(now));
        let months = match (first_month(period.start), last_month(period.end)) {
            (Some(first), Some(last)) => whole(first..last, begins_month, nothing.months),
            _ => nothing.months,
        };
        Self { months, days: whole(days, begins_cell, nothing.days) }
    }
}

/// The whole months of a period; an empty range at its end where there are none.
pub(super) fn months_of(period: &Range<Instant>) -> Range<Instant> {
    Summed::of(period, &[], period.end).months
}

/// The whole years of some months; an empty range at their end where there are none.
pub(super) fn years_of(months: &Range<Instant>) -> Range<Instant> {
    let whole = year_of(months.start).zip(year_of(months.end)).map(|(first, last)| {
        let start = start_of(first.start());
        let start = if start == months.start { start } else { start_of(first.end()) };
        start..start_of(last.start())
    });
    whole.filter(|years| years.start < years.end).unwrap_or(months.end..months.end)
}

/// Whether a cell of a day begins then: at midnight, or right behind it.
pub(super) fn begins_cell(at: Instant) -> bool {
    at == midnight(at) || at == midnight(at) + REST
}

/// The last midnight that is not after that instant.
pub(super) fn midnight(at: Instant) -> Instant {
    let since = (at + AHEAD)
        .timestamp_micros()
        .rem_euclid(TimeDelta::days(1).num_microseconds().unwrap_or(1));
    DateTime::from_timestamp_micros(at.timestamp_micros() - since).unwrap_or(at)
}

/// The first cell of a day that does not begin before that instant.
fn first_day(at: Instant) -> Instant {
    if begins_cell(at) { at } else { midnight(at) + TimeDelta::days(1) }
}

fn begins_month(at: Instant) -> bool {
    first_month(at) == Some(at)
}

fn month_of(at: Instant) -> Option<JalaliPeriod> {
    let date = (at + AHEAD).date_naive();
    YEARS.contains(&JalaliDate::from(date).year()).then(|| JalaliPeriod::month_of(date))
}

fn year_of(at: Instant) -> Option<JalaliPeriod> {
    let year = JalaliDate::from((at + AHEAD).date_naive()).year();
    YEARS.contains(&year).then(|| JalaliPeriod::of_year(year).ok()).flatten()
}

fn start_of(date: chrono::NaiveDate) -> Instant {
    date.and_time(chrono::NaiveTime::MIN).and_utc() - AHEAD
}

/// The first month that does not begin before that instant.
fn first_month(at: Instant) -> Option<Instant> {
    let month = month_of(at)?;
    let start = start_of(month.start());
    if start == at {
        return Some(at);
    }
    let next = start_of(month.end());
    month_of(next).map(|_| next)
}

/// The last month that begins at or before that instant.
fn last_month(at: Instant) -> Option<Instant> {
    month_of(at).map(|month| start_of(month.start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_year_is_read_from_the_sums_and_what_does_not_fit_from_the_cases() {
        let year = at("2025-03-20T20:30:00Z")..at("2026-03-20T20:30:00Z");
        let now = at("2025-11-22T10:00:00Z");
        let today = at("2025-11-21T20:30:00Z");
        let summed = Summed::of(&year, &[], now);
        assert_eq!(summed, Summed { months: year.clone(), days: year.start..today });
        // Months fit into it, and days into what runs.
        let slices = [year.start, at("2025-04-20T20:30:00Z"), at("2026-02-19T20:30:00Z")];
        assert_eq!(Summed::of(&year, &slices, now), summed);
        let slices = [year.start, at("2025-04-19T20:30:00Z")];
        let days_only = Summed { months: year.end..year.end, ..summed.clone() };
        assert_eq!(Summed::of(&year, &slices, now), days_only);
        assert_eq!(Summed::of(&year, &[at("2025-04-19T20:31:00Z")], now), Summed::nothing(&year));
        // A period that begins anywhere has whole months inside, and edges.
        let odd = at("2025-04-01T00:00:00Z")..at("2025-07-01T00:00:00Z");
        let summed = Summed::of(&odd, &[], now);
        assert_eq!(summed.months, at("2025-04-20T20:30:00Z")..at("2025-06-21T20:30:00Z"));
        assert_eq!(summed.days, at("2025-04-01T20:30:00Z")..at("2025-06-30T20:30:00Z"));
        // Nothing has passed of what lies ahead, and no calendar knows what lies too far.
        let ahead = at("2026-03-20T20:30:00Z")..at("2027-03-20T20:30:00Z");
        assert_eq!(Summed::of(&ahead, &[], now).days, ahead.end..ahead.end);
        let far = at("0700-01-01T00:00:00Z")..at("2200-01-01T00:00:00Z");
        assert_eq!(Summed::of(&far, &[], now).months, far.end..far.end);
    }

    #[test]
    fn years_are_read_whole_and_months_around_them() {
        let (first, second) = (at("2024-03-19T20:30:00Z"), at("2025-03-20T20:30:00Z"));
        assert_eq!(years_of(&(first..second)), first..second);
        let (before, behind) = (at("2024-02-19T20:30:00Z"), at("2025-05-21T20:30:00Z"));
        assert_eq!(years_of(&(before..behind)), first..second);
        assert_eq!(years_of(&(first..behind)), first..second);
        // Two parts of years are none.
        assert!(years_of(&(before..at("2024-03-19T20:30:00Z"))).is_empty());
        assert!(years_of(&(behind..behind)).is_empty());
        assert_eq!(months_of(&(before..behind)), before..behind);
    }

    #[test]
    fn a_day_has_two_cells() {
        let start = at("2025-11-21T20:30:00Z");
        for (instant, begins) in [(0, true), (1, true), (2, false), (-1, false)] {
            assert_eq!(begins_cell(start + TimeDelta::microseconds(instant)), begins, "{instant}");
        }
        assert_eq!(midnight(start), start);
        assert_eq!(midnight(start - REST), start - TimeDelta::days(1));
    }
}
