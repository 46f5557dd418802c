//! What a task usually takes, and what its case usually needs after it: measured where something
//! has been measured, else what the definition estimates, else its share of the statutory term.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::{
    BranchId, CaseId, StepId, Term,
    calendar::{Calendar, after},
    clock::Instant,
    definition::{Definition, Join, Outcome, Step, StepKind},
};

/// What is taken for the work on a task of which nothing is known: an hour of working time.
const UNKNOWN_WORK: TimeDelta = TimeDelta::hours(1);

/// A task that has been closed.
#[derive(Clone, Debug)]
pub struct Visit<'c> {
    /// Its case.
    pub case: CaseId,
    /// Its step.
    pub step: StepId,
    /// Its branch, in a parallel step.
    pub branch: Option<BranchId>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When somebody first took it; `None` where nobody did.
    pub claimed_at: Option<Instant>,
    /// When it was closed.
    pub closed_at: Instant,
    /// The calendar by which its clock counted.
    pub calendar: &'c Calendar,
}

/// Closed tasks of one definition, from which expectations are taken.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How long they were in somebody's hands, in microseconds of working time.
    handled: BTreeMap<(StepId, Option<BranchId>), Vec<i64>>,
    /// How long the case stood in the step, from its opening there until its last task was closed.
    passed: BTreeMap<StepId, BTreeMap<(CaseId, Instant), i64>>,
}

impl History {
    /// Adds a closed task.
    pub fn add(&mut self, visit: Visit<'_>) {
        let Visit { case, step, branch, opened_at, claimed_at, closed_at, calendar } = visit;
        let worked =
            |from| calendar.worked_between(from, closed_at).num_microseconds().unwrap_or(0);
        if let Some(claimed_at) = claimed_at {
            let key = (step.clone(), branch);
            self.handled.entry(key).or_default().push(worked(claimed_at));
        }
        let passed = self.passed.entry(step).or_default().entry((case, opened_at)).or_insert(0);
        *passed = worked(opened_at).max(*passed);
    }
}

impl<'c> FromIterator<Visit<'c>> for History {
    fn from_iter<I: IntoIterator<Item = Visit<'c>>>(visits: I) -> Self {
        let mut history = Self::default();
        visits.into_iter().for_each(|visit| history.add(visit));
        history
    }
}

/// The middle value; of two, the lower one.
fn median(values: impl IntoIterator<Item = i64>) -> Option<TimeDelta> {
    let mut values: Vec<i64> = values.into_iter().collect();
    let middle = values.len().checked_sub(1)? / 2;
    let (_, middle, _) = values.select_nth_unstable(middle);
    Some(TimeDelta::microseconds(*middle))
}

/// What is expected of a task, in working time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// How long somebody has it in hand.
    pub work: TimeDelta,
    /// How long its case needs from its closing to a decision, as quickly as cases usually go.
    pub remaining: TimeDelta,
}

/// What is expected of every task of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    work: BTreeMap<(StepId, Option<BranchId>), TimeDelta>,
    remaining: BTreeMap<StepId, TimeDelta>,
}

impl Outlook {
    /// What a definition, with what has been measured, lets expect by a calendar from an instant on.
    ///
    /// *Work* is the median of how long tasks of the step were in somebody's hands; where none has
    /// been closed, the definition's `work`; where it says nothing, an hour.
    ///
    /// *Remaining* is the quickest way from the step to an end that grants (where none can be
    /// reached, to any decision), each step on it weighed with the median of how long cases stood
    /// there; where none has left it, with its share of the statutory term: its own term, cut down
    /// in the proportion in which the terms along the quickest way exceed the statutory term. Steps
    /// in which the statutory clock is suspended weigh nothing.
    pub fn new(
        definition: &Definition,
        history: &History,
        calendar: &Calendar,
        now: Instant,
    ) -> Self {
        let worked = |term: Term| match after(calendar, now, term) {
            Ok(end) => calendar.worked_between(now, end).num_microseconds().unwrap_or(0).max(0),
            Err(_) => 0,
        };
        let terms = weigh(definition, |_, step| counted(step).map_or(0, worked));
        let quickest = ways(definition, &terms);
        let whole = quickest.get(&definition.first).copied().unwrap_or(0)
            + terms.get(&definition.first).copied().unwrap_or(0);
        let statutory = worked(definition.statutory.term);
        let share = |of: i64| match whole > statutory && whole > 0 {
            true => (i128::from(of) * i128::from(statutory) / i128::from(whole)) as i64,
            false => of,
        };
        let passages = weigh(definition, |name, step| {
            if step.suspends_statutory {
                return 0;
            }
            let measured = history.passed.get(name).and_then(|all| median(all.values().copied()));
            let measured = measured.and_then(|length| length.num_microseconds());
            measured.unwrap_or_else(|| share(terms.get(name).copied().unwrap_or(0)))
        });
        let remaining = ways(definition, &passages);
        let remaining = remaining
            .into_iter()
            .map(|(name, length)| (name, TimeDelta::microseconds(length)))
            .collect();
        Self { work: works(definition, history), remaining }
    }

    /// What is expected of a task of a step; of a branch, in a parallel step.
    pub fn of(&self, step: &StepId, branch: Option<&BranchId>) -> Expected {
        let work = self.work.get(&(step.clone(), branch.cloned())).copied();
        let remaining = self.remaining.get(step).copied();
        Expected {
            work: work.unwrap_or(UNKNOWN_WORK),
            remaining: remaining.unwrap_or_else(TimeDelta::zero),
        }
    }
}

fn works(
    definition: &Definition,
    history: &History,
) -> BTreeMap<(StepId, Option<BranchId>), TimeDelta> {
    let mut works = BTreeMap::new();
    let hours = |term: Term| TimeDelta::hours(i64::from(term.count));
    for (name, step) in &definition.steps {
        if let StepKind::Parallel(parallel) = &step.kind {
            works.extend(parallel.branches.iter().filter_map(|(branch, estimated)| {
                Some(((name.clone(), Some(branch.clone())), hours(estimated.work?)))
            }));
        } else if let Some(estimated) = step.work {
            works.insert((name.clone(), None), hours(estimated));
        }
    }
    works.extend(
        history
            .handled
            .iter()
            .filter_map(|(key, handled)| Some((key.clone(), median(handled.iter().copied())?))),
    );
    works
}

/// The term for which a case stands in a step while the statutory clock runs.
fn counted(step: &Step) -> Option<Term> {
    match &step.kind {
        _ if step.suspends_statutory => None,
        StepKind::Parallel(parallel) => {
            let mut terms: Vec<Term> =
                parallel.branches.values().map(|branch| branch.term).collect();
            terms.sort_by_key(|term| term.count);
            let awaited = match parallel.join {
                Join::All => terms.len(),
                Join::Any => 1,
                Join::N(n) => n as usize,
            };
            terms.get(awaited.min(terms.len()).saturating_sub(1)).copied()
        }
        _ => step.term,
    }
}

type Lengths = BTreeMap<StepId, i64>;

fn weigh(definition: &Definition, weight: impl Fn(&StepId, &Step) -> i64) -> Lengths {
    definition.steps.iter().map(|(name, step)| (name.clone(), weight(name, step))).collect()
}

/// Where a step can lead by what somebody does, or by itself. Which way an automatic step takes is not
/// known ahead: any may be the quickest.
fn leads_to(step: &Step) -> impl Iterator<Item = &StepId> {
    let joined = match &step.kind {
        StepKind::Parallel(parallel) => vec![&parallel.positive, &parallel.negative],
        StepKind::Automatic(exits) => exits.iter().map(|exit| &exit.to).collect(),
        _ => Vec::new(),
    };
    joined.into_iter().chain(step.actions.values().map(|action| &action.to))
}

/// The length of the quickest way from each step's leaving on: to an end that grants, or, where
/// none can be reached, to any decision. Steps from which none can be reached are left out.
fn ways(definition: &Definition, weights: &Lengths) -> Lengths {
    let to = |wanted: &dyn Fn(&StepId) -> bool| quickest(definition, weights, wanted);
    let end = |name: &StepId| definition.ends.get(name);
    let mut ways = to(&|name| end(name).is_some_and(|end| end.decision));
    ways.extend(to(&|name| end(name).is_some_and(|end| end.outcome == Outcome::Granted)));
    ways
}

/// Bellman and Ford's rounds: a definition has tens of steps, and a weight may be zero.
fn quickest(
    definition: &Definition,
    weights: &Lengths,
    wanted: &dyn Fn(&StepId) -> bool,
) -> Lengths {
    let mut lengths = Lengths::new();
    for _ in 0..=definition.steps.len() {
        let mut changed = false;
        for (name, step) in &definition.steps {
            let on = leads_to(step).filter_map(|to| match wanted(to) {
                true => Some(0),
                false => Some(lengths.get(to)? + weights.get(to).copied().unwrap_or(0)),
            });
            if let Some(on) = on.min()
                && lengths.get(name).is_none_or(|known| on < *known)
            {
                lengths.insert(name.clone(), on);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    lengths
}
