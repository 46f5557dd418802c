//! How long a case can take when nothing is done twice, against the statutory term; and how often it
//! can be returned to the applicant until that term is over.
//!
//! Everybody uses his whole term, nobody extends one. Where a calendar is at hand, the way is walked
//! by it, with the engine's own clocks, from every working day of a year for which holidays are
//! published; without one, days are added up, a working day for a day.

use std::collections::HashMap;

use chrono::{Days, Months, NaiveDate, TimeDelta};
use serde::Serialize;

use super::{
    Finding, code,
    graph::{Way, Ways},
    rough_days,
};
use crate::{
    CalendarId, StepId, Term,
    calendar::{Calendar, after},
    clock::{Instant, Ledger},
    definition::{Definition, Starts, Step, StepKind},
};

/// How many returns are tried at most.
pub const MOST_RETURNS: u32 = 20;

/// How much is tried to find longest ways that pass no step twice.
const BUDGET: u64 = 200_000;

/// A step on a way, and how long a case may stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// The step.
    pub step: StepId,
    /// Its term; of a parallel step, the longest of its branches.
    pub term: Term,
    /// Whether the statutory clock runs there.
    pub counts: bool,
}

/// What holds of most starts of a year (the middle one of all), and of the worst of them. Without a
/// calendar both are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Measured<T> {
    /// The middle one.
    pub usual: T,
    /// The worst one.
    pub worst: T,
}

/// A way to the applicant that leads back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Return {
    /// The step at which it is returned.
    pub by: StepId,
    /// The applicant's step.
    pub to: StepId,
    /// Everything that is then done once more, from the applicant's step up to the one that
    /// returned it.
    pub round: Vec<Stretch>,
    /// How many such rounds fit into the statutory term beside the longest way, at most
    /// [`MOST_RETURNS`]; `None` where not even the longest way does.
    pub fits: Measured<Option<u32>>,
    /// Where it stands in the file.
    #[serde(skip)]
    pub(super) at: String,
}

/// The longest way through a definition, against its statutory term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// The calendar by which days were counted; `None` where days were added up without one.
    pub calendar: Option<CalendarId>,
    /// The longest way to an end on which no step is passed twice, from the start of the statutory
    /// clock on; automatic steps are left out.
    pub way: Vec<Stretch>,
    /// How many days of it count in the statutory term.
    pub days: Measured<u32>,
    /// The statutory term.
    pub term: Term,
    /// How many days it lasts.
    pub term_days: Measured<u32>,
    /// Whether the longest way ends in time.
    pub in_time: Measured<bool>,
    /// Every way to the applicant that leads back, in the order of the file.
    pub returns: Vec<Return>,
}

/// By what days are counted.
enum By<'c> {
    /// By nothing: they are added up.
    Sum,
    /// By a calendar, from these starts.
    Calendar(&'c Calendar, Vec<Instant>),
}

impl Passage {
    /// The longest way through a sound definition; `None` of one without steps.
    pub fn of(definition: &Definition, calendar: Option<&Calendar>) -> Option<Self> {
        let ways = super::graph::ways(definition);
        Self::along(definition, &ways, calendar)
    }

    pub(super) fn along(
        definition: &Definition,
        ways: &Ways<'_>,
        calendar: Option<&Calendar>,
    ) -> Option<Self> {
        let start = match &definition.statutory.starts {
            Starts::Opened => &definition.first,
            Starts::Entering(step) => step,
        };
        let graph = Graph::new(definition, ways);
        let start = *graph.places.get(start)?;
        let by = match calendar {
            Some(calendar) => By::Calendar(calendar, usual_starts(calendar)),
            None => By::Sum,
        };
        let mut budget = BUDGET;
        let path = graph.longest(start, |place| graph.ends[place], &mut budget)?;
        let way = graph.stretches(&path);
        let term = definition.statutory.term;
        let reached = graph.reached(start);
        let mut returns = Vec::new();
        for (name, step) in &definition.steps {
            let from = graph.places[name];
            for way_back in ways.get(name).into_iter().flatten() {
                let Some(&to) = graph.places.get(way_back.to) else { continue };
                let applicant = matches!(definition.steps[way_back.to].kind, StepKind::Applicant);
                let again = |it: &Return| it.by == *name && it.to == *way_back.to;
                if !applicant
                    || step.kind == StepKind::Applicant
                    || !reached[from]
                    || returns.iter().any(again)
                {
                    continue;
                }
                let Some(round) = graph.longest(to, |place| place == from, &mut budget) else {
                    continue;
                };
                let round = graph.stretches(&round);
                let with = match path.iter().position(|place| *place == from) {
                    Some(place) => graph.stretches(&path[..=place]).len(),
                    None => way.len(),
                };
                let fits = by.fits(&way, with, &round, term);
                let (by, to) = (name.clone(), way_back.to.clone());
                returns.push(Return { by, to, round, fits, at: way_back.at.clone() });
            }
        }
        let (days, term_days, in_time) = by.measure(&way, term);
        let calendar = calendar.map(|calendar| calendar.id().clone());
        Some(Self { calendar, way, days, term, term_days, in_time, returns })
    }

    /// Warnings: a way that is too long, and returns for which no room is left.
    pub(super) fn examine(&self, findings: &mut Vec<Finding>) {
        let Self { term, .. } = self;
        let (days, allowed) = (self.days.usual, self.term_days.usual);
        if !self.in_time.usual {
            let message = match self.calendar {
                None => {
                    format!(
                        "the terms of the steps add up to {days} days, the statutory term is {term}"
                    )
                }
                Some(_) => format!(
                    "the longest way usually takes {days} days, the statutory term of {term} is over \
                     after {allowed}"
                ),
            };
            let help = format!("the longest way, without anything done twice: {}", self.shown());
            findings.push(
                Finding::warning(code::TOO_SLOW, "statutory.term", message)
                    .label("shorter than the longest way")
                    .help(help),
            );
            return;
        }
        let none = |it: &&Return| it.fits.usual.is_none_or(|fits| fits == 0);
        let quickest = self.returns.iter().min_by_key(|it| (rounded(&it.round), &it.at));
        let (Some(quickest), true) = (quickest, self.returns.iter().all(|it| none(&it))) else {
            return;
        };
        let Return { by, to, round, at, .. } = quickest;
        let message = format!(
            "after one return to the applicant the statutory term of {term} is too short: the longest \
             way takes {days} of {allowed} days"
        );
        let runs = match round.first().is_some_and(|own| own.counts) {
            true => ", or let the statutory clock be suspended where the applicant has his turn",
            false => "",
        };
        let help = format!(
            "from '{by}' to '{to}' and back takes {} days more: shorten terms{runs}",
            rounded(round)
        );
        findings.push(
            Finding::warning(code::NO_RETURN_FITS, at, message).label("leads back").help(help),
        );
    }

    /// `reception 3 d, inquiries 30 d`: what counts of the longest way.
    fn shown(&self) -> String {
        let steps: Vec<_> = self
            .way
            .iter()
            .filter(|stretch| stretch.counts)
            .map(|stretch| format!("{} {}", stretch.step, stretch.term))
            .collect();
        match steps.len() {
            0..=12 => steps.join(", "),
            more => format!("{} and {} more", steps[..11].join(", "), more - 11),
        }
    }
}

/// What counts of a way, in whole days that are added up.
fn rounded(way: &[Stretch]) -> u32 {
    sum(way).round() as u32
}

fn sum(way: &[Stretch]) -> f64 {
    way.iter().filter(|stretch| stretch.counts).map(|stretch| rough_days(stretch.term)).sum()
}

/// The middle one (of two, the worse) and the last of values that are sorted from the best on.
fn measured<T: Copy>(sorted: &[T]) -> Option<Measured<T>> {
    Some(Measured { usual: *sorted.get(sorted.len() / 2)?, worst: *sorted.last()? })
}

impl By<'_> {
    /// How long a way takes, how long the statutory term, and whether the one fits into the other.
    fn measure(
        &self,
        way: &[Stretch],
        term: Term,
    ) -> (Measured<u32>, Measured<u32>, Measured<bool>) {
        let same = |days: u32| Measured { usual: days, worst: days };
        let summed = || {
            let fits = sum(way) <= rough_days(term);
            let term_days = same(rough_days(term).round() as u32);
            (same(rounded(way)), term_days, Measured { usual: fits, worst: fits })
        };
        let Self::Calendar(calendar, starts) = self else { return summed() };
        let walked = starts.iter().filter_map(|start| {
            let walk = walk(calendar, *start, way, term)?;
            let end = after(calendar, *start, term).ok()?;
            Some((walk.days, days_between(calendar, *start, end), walk.in_time))
        });
        let walked: Vec<_> = walked.collect();
        let mut days: Vec<_> = walked.iter().map(|walk| walk.0).collect();
        let mut allowed: Vec<_> = walked.iter().map(|walk| walk.1).collect();
        let mut in_time: Vec<_> = walked.iter().map(|walk| walk.2).collect();
        days.sort_unstable();
        allowed.sort_unstable_by(|one, other| other.cmp(one));
        in_time.sort_unstable_by(|one, other| other.cmp(one));
        let all = (measured(&days), measured(&allowed), measured(&in_time));
        match all {
            (Some(days), Some(allowed), Some(in_time)) => (days, allowed, in_time),
            // A calendar by which nothing ends: other rules say so.
            _ => summed(),
        }
    }

    /// How many rounds fit when they come after the first `with` stretches of a way.
    fn fits(
        &self,
        way: &[Stretch],
        with: usize,
        round: &[Stretch],
        term: Term,
    ) -> Measured<Option<u32>> {
        let none = Measured { usual: None, worst: None };
        let Self::Calendar(calendar, starts) = self else {
            let (way, round, term) = (sum(way), sum(round), rough_days(term));
            let fits = (way <= term).then(|| match round > 0.0 {
                true => ((term - way) / round).min(MOST_RETURNS.into()) as u32,
                false => MOST_RETURNS,
            });
            return Measured { usual: fits, worst: fits };
        };
        let count = |start: &Instant| {
            let mut rounds = way.to_vec();
            let mut fits = None;
            for count in 0..=MOST_RETURNS {
                if !walk(calendar, *start, &rounds, term)?.in_time {
                    break;
                }
                fits = Some(count);
                rounds.splice(with..with, round.iter().cloned());
            }
            Some(fits)
        };
        let mut fits: Vec<_> = starts.iter().filter_map(count).collect();
        fits.sort_unstable_by(|one, other| other.cmp(one));
        measured(&fits).unwrap_or(none)
    }
}

/// A way that was walked by a calendar.
struct Walk {
    /// How many days of it counted.
    days: u32,
    /// Whether it ended in time.
    in_time: bool,
}

/// Walks a way by a calendar; `None` where that does not reach.
fn walk(calendar: &Calendar, start: Instant, way: &[Stretch], term: Term) -> Option<Walk> {
    let (mut now, mut days) = (start, 0);
    let mut clock = Ledger::start(term, start);
    for stretch in way {
        let end = after(calendar, now, stretch.term).ok()?;
        if stretch.counts {
            clock.resume(now);
            days += days_between(calendar, now, end);
        } else {
            clock.suspend(now);
        }
        now = end;
    }
    // Suspended to the end, it is in time if it had not run out before.
    let deadline = clock.deadline_if_resumed(calendar, now).ok()?;
    Some(Walk { days, in_time: now <= deadline })
}

fn days_between(calendar: &Calendar, from: Instant, until: Instant) -> u32 {
    let days = calendar.local_date(until) - calendar.local_date(from);
    u32::try_from(days.num_days()).unwrap_or(0)
}

/// Noon of every working day of the latest year after which holidays are published for one more; of
/// a calendar that does not say for which days they are, the year before the last of its holidays;
/// of one without holidays, some year.
fn usual_starts(calendar: &Calendar) -> Vec<Instant> {
    starts(calendar, &[12], |date| calendar.day(date).is_open())
}

/// As [`usual_starts`], at these hours of the dates that are wanted.
pub(super) fn starts(
    calendar: &Calendar,
    hours: &[i64],
    wanted: impl Fn(NaiveDate) -> bool,
) -> Vec<Instant> {
    let (first, last) = calendar.known_dates();
    let end = last.checked_sub_months(Months::new(12)).unwrap_or(last).max(first);
    let begin = end.checked_sub_months(Months::new(12)).unwrap_or(first).max(first);
    let days = begin.iter_days().skip(1).take_while(|date| *date <= end);
    let days = days.filter(|date| wanted(*date));
    let mut dates: Vec<_> = days.collect();
    if dates.is_empty() {
        dates.extend(begin.checked_add_days(Days::new(1)));
    }
    let at = |date, hour: &i64| calendar.start_of(date) + TimeDelta::hours(*hour);
    dates.iter().flat_map(|date| hours.iter().map(|hour| at(*date, hour))).collect()
}

/// The term of a step: of a parallel step, of its longest branch.
fn own_term(step: &Step) -> Option<Term> {
    match &step.kind {
        StepKind::Parallel(parallel) => parallel
            .branches
            .values()
            .map(|branch| branch.term)
            .max_by(|a, b| rough_days(*a).total_cmp(&rough_days(*b))),
        _ => step.term,
    }
}

/// The steps by number.
struct Graph<'d> {
    places: HashMap<&'d StepId, usize>,
    steps: Vec<(&'d StepId, &'d Step)>,
    onwards: Vec<Vec<usize>>,
    /// Whether an end follows at once.
    ends: Vec<bool>,
    /// The days that count.
    lengths: Vec<f64>,
}

impl<'d> Graph<'d> {
    fn new(definition: &'d Definition, ways: &Ways<'_>) -> Self {
        let steps: Vec<_> = definition.steps.iter().collect();
        let places: HashMap<_, _> =
            steps.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
        let from = |name: &StepId| ways.get(name).map_or(&[][..], Vec::as_slice);
        let onwards = steps.iter().map(|(name, _)| {
            let mut onwards: Vec<usize> = Vec::new();
            for way in from(name) {
                let to = places.get(way.to).copied();
                onwards.extend(to.filter(|to| !onwards.contains(to)));
            }
            onwards
        });
        let ends = |way: &Way<'_>| definition.ends.contains_key(way.to);
        let length = |step: &Step| match step.suspends_statutory {
            true => 0.0,
            false => own_term(step).map_or(0.0, rough_days),
        };
        Self {
            onwards: onwards.collect(),
            ends: steps.iter().map(|(name, _)| from(name).iter().any(ends)).collect(),
            lengths: steps.iter().map(|(_, step)| length(step)).collect(),
            places,
            steps,
        }
    }

    fn stretches(&self, path: &[usize]) -> Vec<Stretch> {
        let stretch = |place: &usize| {
            let (name, step) = self.steps[*place];
            let (term, counts) = (own_term(step)?, !step.suspends_statutory);
            Some(Stretch { step: name.clone(), term, counts })
        };
        path.iter().filter_map(stretch).collect()
    }

    /// Every step to which a way leads, and the step itself.
    fn reached(&self, from: usize) -> Vec<bool> {
        let mut reached = vec![false; self.steps.len()];
        reached[from] = true;
        let mut open = vec![from];
        while let Some(place) = open.pop() {
            for to in &self.onwards[place] {
                if !std::mem::replace(&mut reached[*to], true) {
                    open.push(*to);
                }
            }
        }
        reached
    }

    /// The longest way on which no step is passed twice, to a step at which it may stop. Where there
    /// is too much to try, the longest of those that never lead back.
    fn longest(
        &self,
        from: usize,
        stops: impl Fn(usize) -> bool,
        budget: &mut u64,
    ) -> Option<Vec<usize>> {
        // Depth first and without recursion, since a file can hold a chain of thousands of steps.
        let mut best: Option<(f64, Vec<usize>)> = None;
        let mut on = vec![false; self.steps.len()];
        let mut path: Vec<usize> = Vec::new();
        let mut next: Vec<usize> = Vec::new();
        let mut total = 0.0;
        let mut entered = Some(from);
        loop {
            if let Some(place) = entered.take() {
                on[place] = true;
                path.push(place);
                next.push(0);
                total += self.lengths[place];
                if stops(place) && best.as_ref().is_none_or(|(longest, _)| total > *longest) {
                    best = Some((total, path.clone()));
                }
            }
            let (Some(&place), Some(number)) = (path.last(), next.last_mut()) else { break };
            *budget = budget.saturating_sub(1);
            if *budget == 0 {
                return self.without_leading_back(from, stops);
            }
            match self.onwards[place].get(*number) {
                Some(to) => {
                    *number += 1;
                    entered = Some(*to).filter(|to| !on[*to]);
                }
                None => {
                    path.pop();
                    next.pop();
                    on[place] = false;
                    total -= self.lengths[place];
                }
            }
        }
        best.map(|(_, path)| path)
    }

    fn without_leading_back(
        &self,
        from: usize,
        stops: impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        // A way to a step that is still open leads back.
        type Onwards = Option<(f64, Option<usize>)>;
        let mut done: Vec<Option<Onwards>> = vec![None; self.steps.len()];
        let mut open = vec![false; self.steps.len()];
        open[from] = true;
        let mut stack = vec![(from, 0)];
        while let Some((place, number)) = stack.last_mut() {
            let place = *place;
            match self.onwards[place].get(*number) {
                Some(to) => {
                    *number += 1;
                    if done[*to].is_none() && !std::mem::replace(&mut open[*to], true) {
                        stack.push((*to, 0));
                    }
                }
                None => {
                    stack.pop();
                    let on = self.onwards[place].iter();
                    let on = on
                        .filter_map(|to| Some((done[*to]??.0, Some(*to))))
                        .max_by(|a, b| a.0.total_cmp(&b.0))
                        .or_else(|| stops(place).then_some((0.0, None)));
                    done[place] = Some(on.map(|(length, to)| (length + self.lengths[place], to)));
                }
            }
        }
        done[from]??;
        Some(std::iter::successors(Some(from), |place| done[*place]??.1).collect())
    }
}
