//! What steps and owners did in a period: how much, how late, how long it waited and was handled,
//! and how many late days of cases are theirs.

use std::{collections::BTreeMap, ops::Range};

use chrono::TimeDelta;
use parvaneh_core::{
    BranchId, Instant, StepId, UnitId, WorkflowId,
    measure::{DaysLost, Responsible},
    spent::Spent,
};
use sqlx::Row;

use super::late_days::late_days;
use crate::{Store, StoreError};

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
    /// How many late days of cases of the period are theirs: see
    /// [`parvaneh_core::measure::days_lost`].
    pub days_lost: DaysLost,
}

/// One range of the index `tasks_closed`. A task that nobody took has waited all the time. What was closed
/// before its working time was kept counts with none.
const CLOSED: &str = "
    select c.workflow, t.step, t.branch, coalesce(t.owner_role, 'applicant'), t.unit_id,
           count(*),
           count(*) filter (where t.closed_at > t.due_at),
           count(*) filter (where t.closed_at > t.due_at and coalesce(t.claimed_at, t.closed_at) > t.due_at),
           coalesce(sum(t.waited), 0)::bigint,
           coalesce(sum(t.handled), 0)::bigint,
           coalesce(sum(t.untouched), 0)::bigint,
           coalesce(sum(t.late_waiting), 0)::bigint,
           coalesce(sum(t.late_handling), 0)::bigint
    from tasks t
    join cases c on c.id = t.case_id
    where t.closed_at >= $1 and t.closed_at < $2
      and t.purpose <> 'vote'
      and t.outcome not in ('not_needed', 'withdrawn', 'silence_of_authority')
      and ($3::text is null or c.workflow = $3)
      and ($4::text is null or c.unit_id in (select unit from unit_closure where above = $4))
    group by 1, 2, 3, 4, 5";

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
        let rows = sqlx::query(CLOSED)
            .bind(query.period.start)
            .bind(query.period.end)
            .bind(query.workflow.as_ref().map(|workflow| workflow.as_str()))
            .bind(query.within.as_ref().map(|unit| unit.as_str()))
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let mut ways = by.map(|by| (by, BTreeMap::new()));
        for row in &rows {
            let workflow = WorkflowId::from(row.try_get::<String, _>(0)?);
            let whose = Responsible {
                step: StepId::from(row.try_get::<String, _>(1)?),
                branch: row.try_get::<Option<String>, _>(2)?.map(BranchId::from),
                owner: row.try_get(3)?,
                unit: UnitId::from(row.try_get::<String, _>(4)?),
            };
            let length = |column| row.try_get(column).map(TimeDelta::microseconds);
            for (by, found) in &mut ways {
                let one = row_of(found, *by, workflow.clone(), whose.clone());
                one.closed += row.try_get::<i64, _>(5)? as u64;
                one.late += row.try_get::<i64, _>(6)? as u64;
                one.late_in_queue += row.try_get::<i64, _>(7)? as u64;
                one.spent.waited += length(8)?;
                one.spent.handled += length(9)?;
                one.spent.untouched += length(10)?;
                one.spent.late_waiting += length(11)?;
                one.spent.late_handling += length(12)?;
            }
        }
        for ((workflow, whose), days) in late_days(self, query).await? {
            for (by, found) in &mut ways {
                row_of(found, *by, workflow.clone(), whose.clone()).days_lost += days;
            }
        }
        Ok(ways.map(|(_, found)| {
            let mut rows: Vec<Workload> = found.into_values().collect();
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

fn row_of(
    found: &mut BTreeMap<Key, Workload>,
    by: WorkloadBy,
    workflow: WorkflowId,
    whose: Responsible,
) -> &mut Workload {
    let Responsible { step, branch, owner, unit } = whose;
    let (step, branch, unit) = match by {
        WorkloadBy::Step => (Some(step), branch, None),
        WorkloadBy::Owner => (None, None, Some(unit)),
    };
    let key = (workflow, step, branch, owner, unit);
    found.entry(key).or_insert_with_key(|(workflow, step, branch, owner, unit)| Workload {
        workflow: workflow.clone(),
        step: step.clone(),
        branch: branch.clone(),
        owner: owner.clone(),
        unit: unit.clone(),
        closed: 0,
        late: 0,
        late_in_queue: 0,
        spent: Spent::default(),
        days_lost: DaysLost::default(),
    })
}
