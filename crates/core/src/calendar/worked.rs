//! Working time as a length: how much of it lies between two instants.

use chrono::{DateTime, TimeDelta};

use super::Calendar;
use crate::clock::Instant;

impl Calendar {
    /// The working time from one instant to another; negative when the second lies before the
    /// first. Instants that the calendar does not reach count as its nearest end.
    pub fn worked_between(&self, from: Instant, until: Instant) -> TimeDelta {
        let worked = |at: Instant| self.table.worked_up_to(at.timestamp_micros());
        TimeDelta::microseconds(worked(until) - worked(from))
    }

    /// The last instant from which at least `length` of working time passes before `at`: who
    /// begins then, and does nothing else, is done at `at`. `None` where the calendar does not
    /// reach that far.
    pub fn worked_before(&self, at: Instant, length: TimeDelta) -> Option<Instant> {
        let length = length.num_microseconds()?;
        let worked = self.table.worked_up_to(at.timestamp_micros()).checked_sub(length)?;
        self.table.last_worked(worked).and_then(DateTime::from_timestamp_micros)
    }
}
