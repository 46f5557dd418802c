//! When an extra sitting would still do.

use chrono::{Days, NaiveDate, NaiveTime, TimeZone};
use serde::{Deserialize, Serialize};

use super::Sitting;
use crate::{
    Calendar, Term,
    calendar::{DayKind, before},
    clock::Instant,
};

/// How far an extra sitting is looked for, in days.
const FARTHEST: usize = 400;

/// A sitting that could be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// When it would sit: during office hours.
    pub at: Instant,
    /// When its agenda would close.
    pub closes_at: Instant,
}

/// An extra sitting that would hear a case in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraSitting {
    /// The earliest that would do.
    pub earliest: Slot,
    /// The latest that would do.
    pub latest: Slot,
}

/// An extra sitting, and how many cases need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// The latest that would do for all of them.
    #[serde(flatten)]
    pub slot: Slot,
    /// How many cases it would hear.
    pub cases: u32,
}

/// When an extra sitting could be held so that its agenda is not closed yet and it sits at or before
/// the deadline: on working days, at the usual time of day, or when the office opens where the usual
/// time is none of office hours or too late.
pub fn extra(
    calendar: &Calendar,
    now: Instant,
    deadline: Instant,
    cut_off: Term,
    usual: Option<NaiveTime>,
) -> Option<ExtraSitting> {
    let (first, last) = (calendar.local_date(now), calendar.local_date(deadline));
    let does = |slot: &Slot| slot.at <= deadline && now <= slot.closes_at;
    let on = |date: NaiveDate| {
        slots(calendar, date, cut_off, usual).into_iter().filter(does).collect::<Vec<_>>()
    };
    let later = std::iter::successors(Some(first), |date| date.checked_add_days(Days::new(1)));
    let mut later = later.take_while(|date| *date <= last).take(FARTHEST);
    let earlier = std::iter::successors(Some(last), |date| date.checked_sub_days(Days::new(1)));
    let mut earlier = earlier.take_while(|date| *date >= first).take(FARTHEST);
    let earliest = later.find_map(|date| on(date).first().copied())?;
    let latest = earlier.find_map(|date| on(date).first().copied())?;
    Some(ExtraSitting { earliest, latest })
}

/// When a sitting could begin on a date: at the usual time first, then when the office opens.
fn slots(
    calendar: &Calendar,
    date: NaiveDate,
    cut_off: Term,
    usual: Option<NaiveTime>,
) -> Vec<Slot> {
    let DayKind::Open { intervals, .. } = calendar.day(date).kind else { return Vec::new() };
    let usual = usual
        .and_then(|time| calendar.zone().from_local_datetime(&date.and_time(time)).earliest())
        .map(|local| local.to_utc())
        .filter(|at| intervals.iter().any(|open| open.opens <= *at && *at < open.closes));
    let begins = usual.into_iter().chain(intervals.first().map(|open| open.opens));
    begins
        .filter_map(|at| Some(Slot { at, closes_at: before(calendar, at, cut_off).ok()? }))
        .collect()
}

/// The time of day at which the latest of these sittings sits.
pub fn usual_time(calendar: &Calendar, sittings: &[Sitting]) -> Option<NaiveTime> {
    let latest = sittings.iter().map(|sitting| sitting.at).max()?;
    Some(latest.with_timezone(&calendar.zone()).time())
}
