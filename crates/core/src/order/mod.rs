//! In which order to do what waits, and why.
//!
//! A worklist is a queue before one machine: the officers who share it. Three policies order it:
//! by arrival, by deadline, and so that as few *cases* as possible end late (Moore and Hodgson's
//! rule). What counts for the last is when a task must be finished so that its case can still be
//! decided in time: the statutory deadline less the working time that the case usually needs
//! afterwards. Where no statutory clock runs, the task's own deadline stands in for it.
//!
//! **Invariant.** Pure: equal tasks, equal rule and equal instant give the equal order, whatever
//! the order in which they were handed in.

mod moore;
mod outlook;
#[cfg(test)]
mod tests;

use std::{fmt, num::NonZeroU32, str::FromStr};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use self::moore::Job;
pub use self::outlook::{Expected, History, Outlook, Visit};
use crate::{Calendar, clock::Instant};

/// How a worklist is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// So that as few cases as possible end late.
    LateMinimising,
    /// The earliest deadline of the task itself first; what has none comes last.
    #[default]
    Deadline,
    /// What has waited longest first.
    Arrival,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LateMinimising, Self::Deadline, Self::Arrival];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LateMinimising => "late-minimising",
            Self::Deadline => "deadline",
            Self::Arrival => "arrival",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or_else(|| {
            format!(
                "'{text}' is no order of a worklist: write late-minimising, deadline or arrival"
            )
        })
    }
}

/// By what a worklist is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The policy.
    pub policy: Policy,
    /// The fairness floor of `late-minimising`: every so manieth task that is taken is the one
    /// that is late for the longest time. Without it, what is late comes last as long as anything
    /// else can be saved.
    pub floor: Option<NonZeroU32>,
    /// How many tasks whoever works by this list has taken so far: by it the floor knows whose turn
    /// it is, so that a list that is made anew after each task keeps its promise.
    pub taken: u64,
}

/// Every fifth task is one that is late already.
pub const USUAL_FLOOR: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");

impl Rule {
    /// A policy with the usual floor, and nothing taken yet.
    pub fn new(policy: Policy) -> Self {
        Self { policy, floor: Some(USUAL_FLOOR), taken: 0 }
    }

    /// Whether the place (from 1) belongs to what is late.
    fn is_turn(&self, place: usize) -> bool {
        self.floor
            .is_some_and(|every| (self.taken + place as u64).is_multiple_of(u64::from(every.get())))
    }
}

/// A task that waits for its place.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'c, K> {
    /// What it is known by. Of two that are otherwise equal, the smaller key comes first.
    pub key: K,
    /// When it came.
    pub opened_at: Instant,
    /// Its own deadline; none while its clock is suspended, or where it has none.
    pub due_at: Option<Instant>,
    /// The statutory deadline of its case; none while that clock does not run.
    pub case_due_at: Option<Instant>,
    /// How much of the working time of whoever works by this list it takes.
    pub work: TimeDelta,
    /// How much working time its case usually needs after it.
    pub remaining: TimeDelta,
    /// Whether it can be worked on.
    pub state: CandidateState,
    /// The calendar by which its clock counts.
    pub calendar: &'c Calendar,
}

/// Whether a task can be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CandidateState {
    /// It can.
    Open,
    /// Somebody else has it.
    InOtherHands,
    /// Its case is suspended by a person.
    Suspended,
}

/// A task in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<K> {
    /// The task.
    pub key: K,
    /// Why it stands there.
    pub reason: Reason,
}

/// Why a task stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reason {
    /// By arrival.
    Arrived {
        /// When it came.
        at: Instant,
    },
    /// By its own deadline.
    Due {
        /// The deadline; none while its clock is suspended, or where it has none.
        at: Option<Instant>,
    },
    /// Its case can be decided in time.
    Saved {
        /// When work on it must have begun; none where no deadline presses.
        start_by: Option<Instant>,
    },
    /// Its case will be late, as far as can be told, and what stands before it can be saved.
    SetBehind {
        /// How many that can be saved stand before it.
        saved: u32,
        /// The deadline that it will miss.
        misses: Instant,
    },
    /// It is late already, and what stands before it can be saved.
    LateBehind {
        /// How many that can be saved stand before it.
        saved: u32,
        /// Since when it is late.
        since: Instant,
    },
    /// The fairness floor: it is late, or will be, and it is its turn.
    Turn {
        /// The deadline that it has missed or will miss.
        misses: Instant,
        /// Every so manieth task is one of these.
        every: NonZeroU32,
    },
    /// Somebody else has it.
    InOtherHands,
    /// Its case is suspended.
    Suspended,
}

/// Orders what waits.
pub fn order<'c, K: Ord + Clone>(
    candidates: impl IntoIterator<Item = Candidate<'c, K>>,
    rule: &Rule,
    now: Instant,
) -> Vec<Place<K>> {
    let mut candidates: Vec<_> = candidates.into_iter().collect();
    match rule.policy {
        Policy::Arrival => {
            candidates.sort_by(|a, b| (a.opened_at, &a.key).cmp(&(b.opened_at, &b.key)));
            let place = |one: Candidate<'c, K>| Place {
                reason: Reason::Arrived { at: one.opened_at },
                key: one.key,
            };
            candidates.into_iter().map(place).collect()
        }
        Policy::Deadline => {
            candidates.sort_by(|a, b| (never(a.due_at), &a.key).cmp(&(never(b.due_at), &b.key)));
            let place = |one: Candidate<'c, K>| Place {
                reason: Reason::Due { at: one.due_at },
                key: one.key,
            };
            candidates.into_iter().map(place).collect()
        }
        Policy::LateMinimising => late_minimising(candidates, rule, now),
    }
}

/// A deadline as a key: none is later than any.
fn never(at: Option<Instant>) -> (bool, Option<Instant>) {
    (at.is_none(), at)
}

/// A candidate of which it is known until when it must be finished.
struct Timed<'c, K> {
    one: Candidate<'c, K>,
    job: Job,
}

impl<K> Timed<'_, K> {
    /// The deadline that counts: the case's, else its own.
    fn deadline(&self) -> Option<Instant> {
        self.one.case_due_at.or(self.one.due_at)
    }
}

/// Later than anything, and still far from the largest number.
const NEVER: i64 = i64::MAX / 4;

/// The working time that is left until a task must be finished, and what it takes.
fn job<K>(one: &Candidate<'_, K>, now: Instant) -> Job {
    let micros = |length: TimeDelta| length.num_microseconds().unwrap_or(NEVER).clamp(0, NEVER);
    let left = |deadline: Instant| {
        let left = one.calendar.worked_between(now, deadline).num_microseconds().unwrap_or(NEVER);
        // A deadline that passed in the night has passed, though nobody has worked since.
        if now > deadline { left.min(-1) } else { left }
    };
    let finish_by = match (one.case_due_at, one.due_at) {
        (Some(case), _) => left(case) - micros(one.remaining),
        (None, Some(own)) => left(own),
        (None, None) => NEVER,
    };
    Job { finish_by, work: micros(one.work) }
}

fn late_minimising<K: Ord + Clone>(
    candidates: Vec<Candidate<'_, K>>,
    rule: &Rule,
    now: Instant,
) -> Vec<Place<K>> {
    let (mut open, mut aside): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .map(|one| Timed { job: job(&one, now), one })
        .partition(|timed| timed.one.state == CandidateState::Open);
    fn key<'t, K: Ord>(timed: &'t Timed<'_, K>) -> impl Ord + use<'t, K> {
        let Candidate { key, due_at, opened_at, state, .. } = &timed.one;
        (*state, timed.job.finish_by, never(*due_at), *opened_at, key)
    }
    open.sort_by(|a, b| key(a).cmp(&key(b)));
    aside.sort_by(|a, b| key(a).cmp(&key(b)));

    let jobs: Vec<Job> = open.iter().map(|timed| timed.job).collect();
    let saved = moore::saved(&jobs);
    let queue = Queue::new(&open, &saved);
    let mut places = queue.places(rule, now);
    places.extend(aside.into_iter().map(|timed| Place {
        reason: match timed.one.state {
            CandidateState::Suspended => Reason::Suspended,
            _ => Reason::InOtherHands,
        },
        key: timed.one.key,
    }));
    places
}

/// What can be saved and what cannot, each in its order.
struct Queue<'t, 'c, K> {
    open: &'t [Timed<'c, K>],
    /// In the order of their ends.
    saved: Vec<usize>,
    /// What is late for the longest time first.
    by_age: Vec<usize>,
    /// What comes nearest to being in time first.
    by_hope: Vec<usize>,
}

impl<'t, 'c, K: Ord + Clone> Queue<'t, 'c, K> {
    fn new(open: &'t [Timed<'c, K>], saved: &[bool]) -> Self {
        let (saved, late): (Vec<usize>, Vec<usize>) =
            (0..open.len()).partition(|place| saved[*place]);
        let age = |place: &usize| {
            let timed: &Timed<'_, K> = &open[*place];
            (never(timed.deadline()), timed.one.opened_at, *place)
        };
        let mut by_age = late.clone();
        by_age.sort_by_key(age);
        let mut by_hope = late;
        by_hope.reverse();
        Self { open, saved, by_age, by_hope }
    }

    fn places(&self, rule: &Rule, now: Instant) -> Vec<Place<K>> {
        let mut places = Vec::with_capacity(self.open.len());
        let mut done = vec![false; self.open.len()];
        let (mut saved, mut aged, mut hoped) =
            (self.saved.iter(), self.by_age.iter(), self.by_hope.iter());
        let mut before = 0;
        while places.len() < self.open.len() {
            let turn = match rule.is_turn(places.len() + 1) {
                true => aged.find(|place| !done[**place]),
                false => None,
            };
            let (place, reason) = if let (Some(place), Some(every)) = (turn, rule.floor) {
                let misses = self.open[*place].deadline().unwrap_or(now);
                (*place, Reason::Turn { misses, every })
            } else if let Some(place) = saved.next() {
                before += 1;
                (*place, Reason::Saved { start_by: start_by(&self.open[*place].one) })
            } else if let Some(place) = hoped.find(|place| !done[**place]) {
                (*place, behind(self.open[*place].deadline().unwrap_or(now), before, now))
            } else {
                break;
            };
            done[place] = true;
            places.push(Place { key: self.open[place].one.key.clone(), reason });
        }
        places
    }
}

fn behind(deadline: Instant, saved: u32, now: Instant) -> Reason {
    match now > deadline {
        true => Reason::LateBehind { saved, since: deadline },
        false => Reason::SetBehind { saved, misses: deadline },
    }
}

/// When work must have begun so that the case can be decided in time.
fn start_by<K>(one: &Candidate<'_, K>) -> Option<Instant> {
    match (one.case_due_at, one.due_at) {
        (Some(case), _) => one.calendar.worked_before(case, one.remaining + one.work),
        (None, Some(own)) => one.calendar.worked_before(own, one.work),
        (None, None) => None,
    }
}
