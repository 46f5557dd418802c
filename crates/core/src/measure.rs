//! On-time rate, raw rate, error budget, and whose the lost days are.

use std::{collections::BTreeMap, ops::Range};

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::{BranchId, StepId, UnitId, calendar::Calendar, clock::Instant, event::Owner};

/// The share of cases that must be on time, in thousandths: 98%.
pub const TARGET: u64 = 980;
/// What instants differ by at least.
const GRAIN: TimeDelta = TimeDelta::microseconds(1);

/// What is known of a case's statutory clock, for judging it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// When the clock stopped; `None` while it goes on.
    pub stopped_at: Option<Instant>,
    /// The deadline: the final one once stopped; `None` while the clock is suspended.
    pub deadline: Option<Instant>,
    /// The deadline without suspensions and extensions.
    pub raw_deadline: Instant,
    /// Whether the end is a decision.
    pub decision: bool,
    /// Whether silence brought it about.
    pub by_silence: bool,
}

/// How a case counts in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Decided at or before the deadline.
    OnTime,
    /// Decided after it.
    Late,
    /// Decided by the silence of the authority: late, and shown apart.
    BySilence,
    /// Withdrawn or lapsed, but only after the deadline: late.
    GivenUpLate,
    /// The deadline fell in the period and the clock still runs.
    Overdue,
}

impl Judged {
    /// How the case counts in a period at `now`; `None` when it does not.
    pub fn counts(&self, period: &Range<Instant>, now: Instant) -> Option<Counts> {
        self.counts_by(self.deadline, period, now)
    }

    /// The same by the raw deadline.
    pub fn counts_raw(&self, period: &Range<Instant>, now: Instant) -> Option<Counts> {
        self.counts_by(Some(self.raw_deadline), period, now)
    }

    fn counts_by(
        &self,
        deadline: Option<Instant>,
        period: &Range<Instant>,
        now: Instant,
    ) -> Option<Counts> {
        let Some(stopped_at) = self.stopped_at else {
            return deadline.filter(|at| period.contains(at) && now > *at).map(|_| Counts::Overdue);
        };
        if !period.contains(&stopped_at) {
            return None;
        }
        let in_time = deadline.is_none_or(|deadline| stopped_at <= deadline);
        match (self.decision, in_time) {
            (true, _) if self.by_silence => Some(Counts::BySilence),
            (true, true) => Some(Counts::OnTime),
            (true, false) => Some(Counts::Late),
            (false, true) => None,
            (false, false) => Some(Counts::GivenUpLate),
        }
    }
}

/// How many cases of a period count how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Decided on time.
    pub on_time: u64,
    /// Decided late.
    pub late: u64,
    /// Decided by silence: late.
    pub by_silence: u64,
    /// Withdrawn or lapsed after the deadline: late.
    pub given_up_late: u64,
    /// Overdue and undecided.
    pub overdue: u64,
}

impl Tally {
    /// Counts one more case.
    pub fn add(&mut self, counts: Counts) {
        *match counts {
            Counts::OnTime => &mut self.on_time,
            Counts::Late => &mut self.late,
            Counts::BySilence => &mut self.by_silence,
            Counts::GivenUpLate => &mut self.given_up_late,
            Counts::Overdue => &mut self.overdue,
        } += 1;
    }

    /// How many cases were decided, by whatever way.
    pub fn decided(&self) -> u64 {
        self.on_time + self.late + self.by_silence
    }

    /// How many cases the rate is taken over.
    pub fn counted(&self) -> u64 {
        self.decided() + self.given_up_late + self.overdue
    }

    /// On time / (decided + overdue undecided), with what was given up late; `None` of nothing.
    pub fn rate(&self) -> Option<f64> {
        (self.counted() > 0).then(|| self.on_time as f64 / self.counted() as f64)
    }

    /// How many more cases may be late while the target (in thousandths) still holds; negative
    /// when it is missed.
    pub fn error_budget(&self, target: u64) -> i64 {
        let counted = self.counted();
        let allowed = counted * (1000 - target.min(1000)) / 1000;
        allowed as i64 - (counted - self.on_time) as i64
    }
}

/// Whose work a case was, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Responsible {
    /// The step.
    pub step: StepId,
    /// The branch, in a parallel step.
    pub branch: Option<BranchId>,
    /// Who owned it: `applicant` or the role.
    pub owner: String,
    /// Where.
    pub unit: UnitId,
}

impl Responsible {
    /// An owner as a text.
    pub fn owner_text(owner: &Owner) -> String {
        match owner {
            Owner::Applicant => "applicant".to_owned(),
            Owner::Role(role) => role.to_string(),
        }
    }
}

/// A stretch of time during which a task of the case was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSpan {
    /// Whose it was.
    pub whose: Responsible,
    /// When it was opened.
    pub from: Instant,
    /// When somebody first took it; `None` while nobody has.
    pub claimed_at: Option<Instant>,
    /// When it was closed; `None` while it is open.
    pub until: Option<Instant>,
}

/// How many late days somebody bears, by what went on in them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DaysLost {
    /// The task waited for somebody to take it.
    pub waiting: f64,
    /// Somebody had it in hand.
    pub handling: f64,
}

impl DaysLost {
    /// All of them.
    pub fn days(self) -> f64 {
        self.waiting + self.handling
    }
}

impl std::ops::AddAssign for DaysLost {
    fn add_assign(&mut self, other: Self) {
        self.waiting += other.waiting;
        self.handling += other.handling;
    }
}

/// Whose the late days of a case are.
///
/// A late day is a date after the deadline's own, up to the date on which the clock stopped (or to
/// today); midnight belongs to the day that it ends. It belongs to whoever had the case at the end of that date, or at the stop; where
/// several branches were open, each bears an equal part of it. The sum is the number of late days.
/// A day is lost in the queue where nobody had taken the task by its end, else in the work.
pub fn days_lost(
    spans: &[TaskSpan],
    deadline: Instant,
    stopped_at: Instant,
    calendar: &Calendar,
) -> BTreeMap<Responsible, DaysLost> {
    if stopped_at <= deadline {
        return BTreeMap::new();
    }
    let mut borne = vec![DaysLost::default(); spans.len()];
    let date_of = |at: Instant| calendar.local_date(at - GRAIN);
    let (mut date, last) = (date_of(deadline), date_of(stopped_at));
    while let Some(next) = date.succ_opt().filter(|next| *next <= last) {
        let judged_at = end_of(next, calendar).min(stopped_at) - GRAIN;
        let open = |span: &&TaskSpan| {
            span.from <= judged_at && span.until.is_none_or(|until| until > judged_at)
        };
        // Until something begins, is taken or ends, each date is like this one. The last is judged at the stop.
        let edges = spans.iter().flat_map(|span| [Some(span.from), span.claimed_at, span.until]);
        let change = edges.flatten().filter(|at| *at > judged_at).min();
        let alike = change.map_or(last, |at| calendar.local_date(at)).min(last) - next;
        let days = alike.num_days().max(1);
        date = next + chrono::Days::new(days.unsigned_abs() - 1);
        let bearers = spans.iter().filter(open).count();
        let part = days as f64 / bearers as f64;
        for (span, borne) in spans.iter().zip(&mut borne).filter(|(span, _)| open(span)) {
            match span.claimed_at.is_some_and(|at| at <= judged_at) {
                true => borne.handling += part,
                false => borne.waiting += part,
            }
        }
    }
    let mut lost: BTreeMap<Responsible, DaysLost> = BTreeMap::new();
    for (span, borne) in spans.iter().zip(borne).filter(|(_, borne)| borne.days() > 0.0) {
        *lost.entry(span.whose.clone()).or_default() += borne;
    }
    lost
}

/// The midnight that ends a date.
fn end_of(date: NaiveDate, calendar: &Calendar) -> Instant {
    calendar.start_of(date + chrono::Days::new(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Instant {
        NaiveDate::from_ymd_opt(2024, 5, day).unwrap().and_hms_opt(10, 0, 0).unwrap().and_utc()
    }

    fn judged(
        stopped: Option<u32>,
        deadline: Option<u32>,
        raw: u32,
        decision: bool,
        by_silence: bool,
    ) -> Judged {
        Judged {
            stopped_at: stopped.map(at),
            deadline: deadline.map(at),
            raw_deadline: at(raw),
            decision,
            by_silence,
        }
    }

    #[test]
    fn a_case_counts_as_the_contract_says() {
        let may = at(1)..at(31);
        let first_half = at(1)..at(15);
        let table = [
            // stopped, deadline, raw, decision, silence, period, by deadline, raw
            (
                judged(Some(10), Some(12), 9, true, false),
                &may,
                Some(Counts::OnTime),
                Some(Counts::Late),
            ),
            (
                judged(Some(12), Some(12), 12, true, false),
                &may,
                Some(Counts::OnTime),
                Some(Counts::OnTime),
            ),
            (
                judged(Some(13), Some(12), 12, true, false),
                &may,
                Some(Counts::Late),
                Some(Counts::Late),
            ),
            (
                judged(Some(12), Some(12), 12, true, true),
                &may,
                Some(Counts::BySilence),
                Some(Counts::BySilence),
            ),
            (judged(Some(10), Some(12), 12, false, false), &may, None, None),
            (
                judged(Some(13), Some(12), 12, false, false),
                &may,
                Some(Counts::GivenUpLate),
                Some(Counts::GivenUpLate),
            ),
            (
                judged(None, Some(12), 11, true, false),
                &may,
                Some(Counts::Overdue),
                Some(Counts::Overdue),
            ),
            (judged(None, Some(25), 25, true, false), &may, None, None),
            (judged(None, None, 11, true, false), &may, None, Some(Counts::Overdue)),
            (judged(Some(20), Some(12), 12, true, false), &first_half, None, None),
        ];
        for (place, (judged, period, expected, raw)) in table.into_iter().enumerate() {
            assert_eq!(judged.counts(period, at(20)), expected, "row {place}");
            assert_eq!(judged.counts_raw(period, at(20)), raw, "row {place}, raw");
        }
    }

    #[test]
    fn undecided_cases_spoil_the_rate_and_the_budget() {
        let tally = Tally { on_time: 97, late: 1, by_silence: 1, given_up_late: 0, overdue: 1 };
        assert_eq!((tally.decided(), tally.counted()), (99, 100));
        assert_eq!(tally.rate(), Some(0.97));
        assert_eq!(tally.error_budget(TARGET), 2 - 3);
        assert_eq!(Tally::default().rate(), None);
        assert_eq!(Tally { on_time: 149, ..Tally::default() }.error_budget(TARGET), 2);
    }
}
