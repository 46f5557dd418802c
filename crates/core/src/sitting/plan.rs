//! Planning: when the sittings of a series are, when their agendas close, what the calendar says.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeZone, Weekday};
use serde::Serialize;

use crate::{
    Calendar, Term,
    calendar::{DayKind, NoDeadline, Reason, before},
    clock::Instant,
};

/// Sittings at the same time of the same weekday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The weekday.
    pub weekday: Weekday,
    /// The time of day, in the calendar's zone.
    pub time: NaiveTime,
    /// Every how many weeks.
    pub weeks: u32,
    /// From which date on; the first sitting is on the first such weekday.
    pub from: NaiveDate,
    /// Up to which date.
    pub until: NaiveDate,
}

/// Why a series cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// It has no sitting.
    #[error("no {weekday} lies between {from} and {until}")]
    Empty {
        /// The weekday.
        weekday: Weekday,
        /// From which date on.
        from: NaiveDate,
        /// Up to which date.
        until: NaiveDate,
    },
    /// It has too many.
    #[error("a series has at most {} sittings", Series::MOST)]
    TooLong,
    /// The clocks of the zone never show the time on that date.
    #[error("on {0} the clocks never show that time")]
    NoSuchTime(NaiveDate),
}

impl Series {
    /// How many sittings a series has at most.
    pub const MOST: usize = 200;

    /// When its sittings are.
    ///
    /// # Errors
    /// See [`SeriesError`].
    pub fn instants(&self, calendar: &Calendar) -> Result<Vec<Instant>, SeriesError> {
        let first = (self.weekday.num_days_from_monday() + 7
            - self.from.weekday().num_days_from_monday())
            % 7;
        let step = Days::new(7 * u64::from(self.weeks.max(1)));
        let first = self.from.checked_add_days(Days::new(u64::from(first)));
        let dates = std::iter::successors(first, |date| date.checked_add_days(step));
        let dates: Vec<_> =
            dates.take_while(|date| *date <= self.until).take(Self::MOST + 1).collect();
        if dates.len() > Self::MOST {
            return Err(SeriesError::TooLong);
        }
        if dates.is_empty() {
            let Self { weekday, from, until, .. } = *self;
            return Err(SeriesError::Empty { weekday, from, until });
        }
        let instant = |date: NaiveDate| {
            let local = calendar.zone().from_local_datetime(&date.and_time(self.time)).earliest();
            local.map(|local| local.to_utc()).ok_or(SeriesError::NoSuchTime(date))
        };
        dates.into_iter().map(instant).collect()
    }
}

/// A sitting as it would be planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// When it sits.
    pub at: Instant,
    /// When its agenda closes.
    pub closes_at: Instant,
    /// Why the office is closed then, if it is.
    pub closed: Option<Closed>,
}

/// Why the office is closed at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "closed", rename_all = "snake_case")]
pub enum Closed {
    /// It is no working day.
    Day {
        /// Every row of the calendar that closes it.
        why: Vec<Reason>,
    },
    /// It is outside office hours.
    Hours,
}

/// When the agenda of a sitting closes, and whether the office is open when it sits.
///
/// # Errors
/// When the calendar does not reach that far, or has no working day.
pub fn plan(calendar: &Calendar, at: Instant, cut_off: Term) -> Result<Planned, NoDeadline> {
    let closes_at = before(calendar, at, cut_off)?;
    let closed = match calendar.day(calendar.local_date(at)).kind {
        DayKind::Closed { why } => Some(Closed::Day { why }),
        DayKind::Open { intervals, .. } => {
            let open = intervals.iter().any(|open| open.opens <= at && at < open.closes);
            (!open).then_some(Closed::Hours)
        }
    };
    Ok(Planned { at, closes_at, closed })
}
