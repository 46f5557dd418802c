//! Clocks: what counts a term. A clock starts, may be suspended, resumed and extended, and stops.
//!
//! **Invariant.** A deadline is a pure function of the clock's [`Ledger`] and of the calendar.

mod explain;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

pub use self::explain::{Explanation, Line, Verdict};
use crate::{
    Term,
    calendar::{Calendar, Lost, NoDeadline},
};

/// A point in time: UTC, with microsecond precision. What is finer is cut off in every computation.
pub type Instant = DateTime<Utc>;

/// A stretch of time during which a clock does not run.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// When it began.
    pub from: Instant,
    /// When the clock was resumed; `None` while it is suspended.
    pub until: Option<Instant>,
}

/// All that happened to a clock.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The term that it counts.
    pub term: Term,
    /// When it started.
    pub started_at: Instant,
    /// When it did not run. In any order; they may overlap; an empty one counts nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspensions: Vec<Suspension>,
    /// What was added to the term, in the term's own unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<u32>,
    /// When it stopped, which has no bearing on the deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Instant>,
}

impl Ledger {
    /// A clock that starts at `at` and runs.
    pub fn start(term: Term, at: Instant) -> Self {
        Self {
            term,
            started_at: at,
            suspensions: Vec::new(),
            extensions: Vec::new(),
            stopped_at: None,
        }
    }

    /// Suspends the clock at `at`; a clock that is suspended stays so.
    pub fn suspend(&mut self, at: Instant) {
        if !self.is_suspended() {
            self.suspensions.push(Suspension { from: at, until: None });
        }
    }

    /// Resumes the clock at `at`; a clock that runs goes on running.
    pub fn resume(&mut self, at: Instant) {
        for open in self.suspensions.iter_mut().filter(|suspension| suspension.until.is_none()) {
            open.until = Some(at.max(open.from));
        }
    }

    /// Adds `count` of the term's own unit.
    pub fn extend(&mut self, count: u32) {
        self.extensions.push(count);
    }

    /// Whether the clock is suspended: a suspension has no end yet.
    pub fn is_suspended(&self) -> bool {
        self.suspensions.iter().any(|suspension| suspension.until.is_none())
    }

    /// Since when the clock has counted without a break: its last resumption, else its start.
    pub fn running_since(&self) -> Instant {
        let resumed = self.suspensions.iter().filter_map(|suspension| suspension.until);
        resumed.fold(self.started_at, Instant::max)
    }

    /// How many of the term's unit the clock counts, extensions included.
    pub fn count(&self) -> u64 {
        let extensions = self.extensions.iter().map(|count| u64::from(*count));
        u64::from(self.term.count) + extensions.sum::<u64>()
    }

    /// The same ledger with sorted, disjoint suspensions and without empty ones.
    pub fn normalised(mut self) -> Self {
        let mut spans: Vec<(Instant, Option<Instant>)> = self
            .suspensions
            .iter()
            .map(|suspension| (suspension.from, suspension.until))
            .filter(|(from, until)| until.is_none_or(|until| *from < until))
            .collect();
        spans.sort_by_key(|(from, _)| *from);
        self.suspensions.clear();
        for (from, until) in spans {
            match self.suspensions.last_mut() {
                Some(last) if last.until.is_none_or(|end| from <= end) => {
                    last.until = last.until.zip(until).map(|(one, other)| one.max(other));
                }
                _ => self.suspensions.push(Suspension { from, until }),
            }
        }
        self
    }

    /// The deadline; `None` while the clock is suspended.
    ///
    /// A clock of a zero term has its deadline at its start.
    ///
    /// # Errors
    /// When the calendar does not reach that far, or has no working day.
    pub fn deadline(&self, calendar: &Calendar) -> Result<Option<Instant>, NoDeadline> {
        if self.is_suspended() {
            return Ok(None);
        }
        self.deadline_with(calendar, i64::MAX).map(Some)
    }

    /// The deadline that the clock would have if it were resumed at `at`; its deadline when it is
    /// not suspended.
    ///
    /// # Errors
    /// As [`Self::deadline`].
    pub fn deadline_if_resumed(
        &self,
        calendar: &Calendar,
        at: Instant,
    ) -> Result<Instant, NoDeadline> {
        self.deadline_with(calendar, at.timestamp_micros())
    }

    /// The deadline that had come before the clock was suspended, when one had: a clock that is
    /// suspended after its deadline stays late. The deadline of a clock that is not suspended.
    ///
    /// # Errors
    /// As [`Self::deadline`]; but the deadline of a suspended clock that had not come is `None`,
    /// whatever the calendar.
    pub fn deadline_despite_suspension(
        &self,
        calendar: &Calendar,
    ) -> Result<Option<Instant>, NoDeadline> {
        if self.is_suspended() {
            return Ok(self.deadline_with(calendar, i64::MAX).ok());
        }
        self.deadline(calendar)
    }

    /// The deadline with suspensions and extensions not counted: that of the raw on-time rate.
    ///
    /// # Errors
    /// As [`Self::deadline`].
    pub fn raw_deadline(&self, calendar: &Calendar) -> Result<Instant, NoDeadline> {
        crate::calendar::after(calendar, self.started_at, self.term)
    }

    /// Which days or hours counted, and why the others did not.
    ///
    /// This walks from day to day, asks the rows of the calendar and shares no arithmetic with
    /// [`Self::deadline`]; tests hold the two together.
    ///
    /// # Errors
    /// As [`Self::deadline`].
    pub fn explain(&self, calendar: &Calendar) -> Result<Explanation, NoDeadline> {
        explain::explain(self, calendar)
    }

    fn deadline_with(&self, calendar: &Calendar, resumed: i64) -> Result<Instant, NoDeadline> {
        let count = self.count();
        if count == 0 {
            return Ok(self.started_at.trunc_subsecs(6));
        }
        let lost = self.lost(resumed);
        calendar.deadline(self.term.unit, count, self.started_at, &lost)
    }

    /// The suspensions, sorted, disjoint and not empty, with open ones ended at `resumed`.
    fn lost(&self, resumed: i64) -> Vec<Lost> {
        let mut lost: Vec<Lost> = self
            .suspensions
            .iter()
            .map(|suspension| {
                let until = suspension.until.map_or(resumed, |until| until.timestamp_micros());
                (suspension.from.timestamp_micros(), until)
            })
            .filter(|(from, until)| from < until)
            .collect();
        if !lost.is_sorted_by(|one, next| one.1 < next.0) {
            lost.sort_unstable();
            let mut joined: Vec<Lost> = Vec::with_capacity(lost.len());
            for (from, until) in lost {
                match joined.last_mut() {
                    Some(last) if from <= last.1 => last.1 = last.1.max(until),
                    _ => joined.push((from, until)),
                }
            }
            lost = joined;
        }
        lost
    }
}
