//! What steps and owners did in a period: how much, how late, how long it waited and was handled,
//! and how many late days of cases are theirs.

use std::{collections::BTreeMap, ops::Range};

use chrono::TimeDelta;
use parvaneh_core::{
    BranchId, Instant, StepId, UnitId, WorkflowId, measure::DaysLost, spent::Spent,
};
use sqlx::{AssertSqlSafe, Row, postgres::PgRow};

use super::{
    cells::{months_of, years_of},
    late_days::{LateCases, PARTS, SPAN, SPANS, Share},
    on_time::{SINGLE, WHOLE},
};
use crate::{Store, StoreError, reading::Sums};

/// Which tasks, and how they are told apart.
#[derive(Clone, Debug)]
pub struct WorkloadQuery {
    /// The period in which they were closed.
    pub period: Range<Instant>,
    /// How they are told apart.
    pub by: WorkloadBy,
    /// Only those of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only those of cases received by this unit or one below it.
    pub within: Option<UnitId>,
}

/// How tasks are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadBy {
    /// By step, branch and the role that owned them.
    Step,
    /// By the role that owned them and the unit where they stood.
    Owner,
}

/// The figures of one step or owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The step, when told apart by step.
    pub step: Option<StepId>,
    /// The branch, in a parallel step.
    pub branch: Option<BranchId>,
    /// Whose: a role, or `applicant`.
    pub owner: String,
    /// The unit, when told apart by owner.
    pub unit: Option<UnitId>,
    /// How many tasks were closed in the period. One that was no longer needed counts neither here
    /// nor below.
    pub closed: u64,
    /// How many of them after their own deadline.
    pub late: u64,
    /// How many of these nobody had taken by then: they were late in the queue, the others in the work.
    pub late_in_queue: u64,
    /// How their working time divides in all; see [`parvaneh_core::spent`].
    pub spent: Spent,
    /// In how many late cases of the period it was open while they were late; told apart by step only, else 0.
    pub held_up: u64,
    /// How many late days of cases of the period are theirs: see
    /// [`parvaneh_core::measure::days_lost`].
    pub days_lost: DaysLost,
}

/// What is summed of tasks, in the order of [`Sum`].
const NUMBERS: [&str; 11] = [
    "closed",
    "late",
    "late_in_queue",
    "waited",
    "handled",
    "untouched",
    "late_waiting",
    "late_handling",
    "held_up",
    "lost_waiting",
    "lost_handling",
];

/// From the sums: which way they are told apart, and the ranges of their cells (`$7` to `$10`). From what has
/// still to be added to them, and from the tasks themselves what lies in no whole month: the period but for `$5` to `$6`, by
/// ranges of the index `tasks_closed`. A task that nobody took has waited all the time. What was closed before its working
/// time was kept counts with none.
const SUMMED: &str = "
    select f.way, f.workflow, f.step, f.branch, f.owner, f.place, {sums}
    from held
    cross join unnest($7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[])
        as cells (way, span, starts_at, ends_at)
    join task_figures f on f.unit_id = held.unit and f.whole = held.whole and f.way = cells.way
        and f.span = cells.span and f.cell >= cells.starts_at and f.cell < cells.ends_at
    where $3::text is null or f.workflow = $3
    group by 1, 2, 3, 4, 5, 6
    union all
    select 'each', f.workflow, f.step, f.branch, f.owner, f.place, {sums}
    from (
        select unit_id, workflow, step, branch, owner, place, {numbers}
        from task_changes where at >= $5 and at < $6
        union all
        -- Of cases that have changed: what was known of them is found out anew.
        select d.unit_id, d.workflow, d.step, d.branch, d.owner, d.place, 0, 0, 0, 0, 0, 0, 0, 0,
               -d.held_up, -d.lost_waiting, -d.lost_handling
        from changed join late_case_days d on d.case_id = changed.case_id
        where d.at >= $5 and d.at < $6
        union all {closed}
    ) f
    where ($3::text is null or f.workflow = $3)
      and ($4::text is null or f.unit_id in (select unit from unit_closure where above = $4))
    group by 1, 2, 3, 4, 5, 6";

const CLOSED: &str = "
        select c.unit_id, c.workflow, t.step, coalesce(t.branch, ''), coalesce(t.owner_role, 'applicant'), t.unit_id,
               1, coalesce(t.closed_at > t.due_at, false)::int,
               coalesce(t.closed_at > t.due_at and coalesce(t.claimed_at, t.closed_at) > t.due_at, false)::int,
               coalesce(t.waited, 0), coalesce(t.handled, 0), coalesce(t.untouched, 0),
               coalesce(t.late_waiting, 0), coalesce(t.late_handling, 0), 0, 0, 0
        from tasks t join cases c on c.id = t.case_id
        where t.closed_at >= {from} and t.closed_at < {to} and t.purpose <> 'vote'
          and t.outcome not in ('not_needed', 'withdrawn', 'silence_of_authority')";

/// Late cases that no sum holds: those that ended in no whole month, that have changed since, or that run.
const LATE: &str = "
    select c.id, c.workflow, c.unit_id, c.deadline_at, c.ended_at as stopped_at, c.state->>'calendar' as calendar
    from cases c where c.ended_at >= $1 and c.ended_at < $5 and c.ended_at > c.deadline_at
    union all
    select c.id, c.workflow, c.unit_id, c.deadline_at, c.ended_at, c.state->>'calendar'
    from cases c where c.ended_at >= $6 and c.ended_at < $2 and c.ended_at > c.deadline_at
    union all
    select c.id, c.workflow, c.unit_id, c.deadline_at, c.ended_at, c.state->>'calendar'
    from changed join cases c on c.id = changed.case_id
    where c.ended_at >= $5 and c.ended_at < $6 and c.ended_at > c.deadline_at
    union all
    select c.id, c.workflow, c.unit_id, c.deadline_at, (select now from clock), c.state->>'calendar'
    from cases c
    where c.ended_at is null and c.deadline_at >= $1 and c.deadline_at < least($2, (select now from clock))";

/// All of it in one statement, so that it is of one instant: sums first, then the tasks of late cases.
const WORK: &str = "
    with clock as materialized (select engine_now() as now),
    held as materialized ({held}),
    changed as materialized (select distinct case_id from late_changes),
    late as materialized ({late})
    select way, workflow, step, branch, owner, place, {numbers}, {no_span} from ({summed}) summed
    union all
    select null, null, null, null, null, null, {no_numbers}, {span}
    from late l {spans}
    where ($3::text is null or l.workflow = $3)
      and ($4::text is null or l.unit_id in (select unit from unit_closure where above = $4))";

const NO_SPAN: &str = "
    null::uuid, null::text, null::text, null::text, null::timestamptz, null::timestamptz, null::text,
    null::text, null::text, null::text, null::timestamptz, null::timestamptz, null::timestamptz";

/// The place of that number, behind which stand the days.
const HELD_UP: usize = 8;
/// Where the numbers begin in a row, and where the columns of a span do.
const FIRST_NUMBER: usize = 6;
const FIRST_OF_SPAN: usize = FIRST_NUMBER + NUMBERS.len();

fn statement(held: &str) -> String {
    let sums = NUMBERS.map(|one| format!("sum(f.{one})::bigint as {one}")).join(", ");
    let numbers = NUMBERS.join(", ");
    let closed = [("$1", "$5"), ("$6", "$2")]
        .map(|(from, to)| CLOSED.replace("{from}", from).replace("{to}", to))
        .join(" union all ");
    WORK.replace("{held}", held)
        .replace("{late}", LATE)
        .replace("{summed}", SUMMED)
        .replace("{closed}", &closed)
        .replace("{sums}", &sums)
        .replace("{no_numbers}", &NUMBERS.map(|_| "null::bigint").join(", "))
        .replace("{numbers}", &numbers)
        .replace("{no_span}", NO_SPAN)
        .replace("{span}", SPAN)
        .replace("{spans}", SPANS)
}

/// The ranges of cells that are read, each with what is summed in them.
struct Cells {
    way: Vec<&'static str>,
    span: Vec<&'static str>,
    from: Vec<Instant>,
    to: Vec<Instant>,
}

impl Cells {
    fn of(ways: &[WorkloadBy], months: &Range<Instant>, yearly: bool) -> Self {
        let mut cells = Self { way: vec![], span: vec![], from: vec![], to: vec![] };
        let years = if yearly { years_of(months) } else { months.end..months.end };
        for by in ways {
            match by {
                WorkloadBy::Step => cells.add("step", "month", months.clone()),
                WorkloadBy::Owner => {
                    cells.add("owner", "month", months.start..years.start);
                    cells.add("owner", "year", years.clone());
                    cells.add("owner", "month", years.end..months.end);
                }
            }
        }
        cells
    }

    fn add(&mut self, way: &'static str, span: &'static str, range: Range<Instant>) {
        if range.start < range.end {
            self.way.push(way);
            self.span.push(span);
            self.from.push(range.start);
            self.to.push(range.end);
        }
    }
}

impl Store {
    /// What steps or owners did in a period, the most days lost first.
    ///
    /// # Errors
    /// The database.
    pub async fn workload(&self, query: &WorkloadQuery) -> Result<Vec<Workload>, StoreError> {
        let [rows] = self.workloads(query, [query.by]).await?;
        Ok(rows)
    }

    /// The same told apart in several ways, read once.
    ///
    /// # Errors
    /// The database.
    pub async fn workloads<const WAYS: usize>(
        &self,
        query: &WorkloadQuery,
        by: [WorkloadBy; WAYS],
    ) -> Result<[Vec<Workload>; WAYS], StoreError> {
        let organisation = self.reference().await?.organisation.clone();
        let sums = self.sums_of(&organisation, query.within.as_ref());
        let months = match sums {
            Sums::None => query.period.end..query.period.end,
            Sums::Parts | Sums::Whole => months_of(&query.period),
        };
        let cells = Cells::of(&by, &months, sums == Sums::Whole);
        let sql = statement(if sums == Sums::Whole { WHOLE } else { SINGLE });
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(query.period.start)
            .bind(query.period.end)
            .bind(query.workflow.as_ref().map(|workflow| workflow.as_str()))
            .bind(query.within.as_ref().map(|unit| unit.as_str()))
            .bind(months.start)
            .bind(months.end)
            .bind(&cells.way)
            .bind(&cells.span)
            .bind(&cells.from)
            .bind(&cells.to)
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let mut ways = by.map(|by| (by, Found::new()));
        let mut late = LateCases::default();
        for row in &rows {
            let Some(summed) = row.try_get::<Option<&str>, _>(0)? else {
                late.take(row, FIRST_OF_SPAN)?;
                continue;
            };
            let sum = Sum::of(row)?;
            for (by, found) in &mut ways {
                let meant = match by {
                    WorkloadBy::Step => summed != "owner",
                    WorkloadBy::Owner => summed != "step",
                };
                if meant {
                    found.entry(key_of(row, *by)?).or_default().add(&sum);
                }
            }
        }
        for share in late.shares(self).await? {
            for (by, found) in &mut ways {
                found.entry(key_of_share(&share, *by)).or_default().add(&Sum::from(&share));
            }
        }
        Ok(ways.map(|(by, found)| {
            let found = found.into_iter().map(|(key, sum)| (key, sum.told_by(by)));
            let found = found.filter(|(_, sum)| *sum != Sum::default());
            let mut rows: Vec<Workload> = found.map(|(key, sum)| sum.into_workload(key)).collect();
            // Stable, so that equals stay in the order of their keys.
            rows.sort_by(|one, other| {
                let days = other.days_lost.days().total_cmp(&one.days_lost.days());
                days.then(other.late.cmp(&one.late))
            });
            rows
        }))
    }
}

type Key = (WorkflowId, Option<StepId>, Option<BranchId>, String, Option<UnitId>);
type Found = BTreeMap<Key, Sum>;

fn key_of(row: &PgRow, by: WorkloadBy) -> Result<Key, sqlx::Error> {
    let text = |column| row.try_get::<String, _>(column);
    let (workflow, owner) = (WorkflowId::from(text(1)?), text(4)?);
    Ok(match by {
        WorkloadBy::Step => {
            let branch = Some(text(3)?).filter(|branch| !branch.is_empty()).map(BranchId::from);
            (workflow, Some(StepId::from(text(2)?)), branch, owner, None)
        }
        WorkloadBy::Owner => (workflow, None, None, owner, Some(UnitId::from(text(5)?))),
    })
}

fn key_of_share(share: &Share, by: WorkloadBy) -> Key {
    let (workflow, whose) = (share.workflow.clone(), share.whose.clone());
    match by {
        WorkloadBy::Step => (workflow, Some(whose.step), whose.branch, whose.owner, None),
        WorkloadBy::Owner => (workflow, None, None, whose.owner, Some(whose.unit)),
    }
}

/// [`NUMBERS`]: below nothing only as long as something has still to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum([i64; NUMBERS.len()]);

impl Sum {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let mut sum = Self::default();
        for (place, number) in sum.0.iter_mut().enumerate() {
            *number = row.try_get(FIRST_NUMBER + place)?;
        }
        Ok(sum)
    }

    fn from(share: &Share) -> Self {
        let mut sum = Self::default();
        sum.0[HELD_UP..].copy_from_slice(&[share.held_up, share.waiting, share.handling]);
        sum
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(one, other)| *one += other);
    }

    /// In how many cases is told by step only: an owner can have several tasks of one case.
    fn told_by(mut self, by: WorkloadBy) -> Self {
        if by == WorkloadBy::Owner {
            self.0[HELD_UP] = 0;
        }
        self
    }

    fn into_workload(self, key: Key) -> Workload {
        let (workflow, step, branch, owner, unit) = key;
        let [closed, late, late_in_queue, times @ .., held_up, lost_waiting, lost_handling] =
            self.0;
        let [waited, handled, untouched, late_waiting, late_handling] =
            times.map(TimeDelta::microseconds);
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Workload {
            workflow,
            step,
            branch,
            owner,
            unit,
            closed: count(closed),
            late: count(late),
            late_in_queue: count(late_in_queue),
            spent: Spent { waited, handled, untouched, late_waiting, late_handling },
            held_up: count(held_up),
            days_lost: DaysLost {
                waiting: lost_waiting as f64 / PARTS,
                handling: lost_handling as f64 / PARTS,
            },
        }
    }
}
