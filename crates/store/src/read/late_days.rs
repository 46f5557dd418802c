//! Whose the late days of a period are: each late case of the period with its tasks, judged by
//! [`parvaneh_core::measure::days_lost`].

use std::collections::BTreeMap;

use parvaneh_core::{
    BranchId, CalendarId, CaseId, Instant, StepId, UnitId, WorkflowId,
    measure::{DaysLost, Responsible, TaskSpan, days_lost},
};
use sqlx::{Row, postgres::PgRow};

use super::workload::WorkloadQuery;
use crate::{Store, StoreError, reference::Reference};

/// Late cases are few, so their tasks are looked up by key. A vote is no work of its own: its
/// days belong to the owner of the commission's step.
const LATE: &str = "
    with clock as materialized (select engine_now() as now),
    late as (
        select id, workflow, unit_id, deadline_at, ended_at as stopped_at,
               state->>'calendar' as calendar
        from cases
        where ended_at >= $1 and ended_at < $2 and ended_at > deadline_at
        union all
        select id, workflow, unit_id, deadline_at, (select now from clock), state->>'calendar'
        from cases
        where ended_at is null and deadline_at >= $1 and deadline_at < $2
          and deadline_at < (select now from clock)
    )
    select l.id, l.workflow, l.unit_id, l.calendar, l.deadline_at, l.stopped_at,
           t.step, t.branch, t.owner_role, t.unit_id, t.opened_at, t.closed_at, t.claimed_at
    from late l
    join tasks t on t.case_id = l.id and t.purpose <> 'vote'
         and t.opened_at < l.stopped_at and coalesce(t.closed_at, 'infinity') > l.deadline_at
    where ($3::text is null or l.workflow = $3)
      and ($4::text is null or l.unit_id in (select unit from unit_closure where above = $4))
    order by l.id, t.no";

/// The days lost in a workflow, by whom.
pub(super) type Lost = BTreeMap<(WorkflowId, Responsible), DaysLost>;

/// A late case with the tasks that were open while it was late.
struct LateCase {
    workflow: WorkflowId,
    unit: UnitId,
    calendar: CalendarId,
    deadline: Instant,
    stopped: Instant,
    spans: Vec<TaskSpan>,
}

pub(super) async fn late_days(store: &Store, query: &WorkloadQuery) -> Result<Lost, StoreError> {
    let rows = sqlx::query(LATE)
        .bind(query.period.start)
        .bind(query.period.end)
        .bind(query.workflow.as_ref().map(|workflow| workflow.as_str()))
        .bind(query.within.as_ref().map(|unit| unit.as_str()))
        .fetch_all(&mut *store.reads().await?)
        .await?;
    let reference = store.reference().await?;
    let mut lost = Lost::new();
    let mut current: Option<(CaseId, LateCase)> = None;
    for row in &rows {
        let id = CaseId(row.try_get(0)?);
        if current.as_ref().is_none_or(|(case, _)| *case != id)
            && let Some((_, case)) = current.replace((id, late_case(row)?))
        {
            judge(store, &reference, case, &mut lost).await?;
        }
        if let Some((_, case)) = &mut current {
            case.spans.push(span(row)?);
        }
    }
    if let Some((_, case)) = current {
        judge(store, &reference, case, &mut lost).await?;
    }
    Ok(lost)
}

async fn judge(
    store: &Store,
    reference: &Reference,
    case: LateCase,
    lost: &mut Lost,
) -> Result<(), StoreError> {
    let calendars = reference.calendars(&store.engine.readers, &case.calendar).await?;
    let calendar = calendars.for_unit(reference.organisation.path(&case.unit));
    for (whose, days) in days_lost(&case.spans, case.deadline, case.stopped, calendar) {
        *lost.entry((case.workflow.clone(), whose)).or_default() += days;
    }
    Ok(())
}

fn late_case(row: &PgRow) -> Result<LateCase, sqlx::Error> {
    Ok(LateCase {
        workflow: WorkflowId::from(row.try_get::<String, _>(1)?),
        unit: UnitId::from(row.try_get::<String, _>(2)?),
        calendar: CalendarId::from(row.try_get::<String, _>(3)?),
        deadline: row.try_get(4)?,
        stopped: row.try_get(5)?,
        spans: Vec::new(),
    })
}

fn span(row: &PgRow) -> Result<TaskSpan, sqlx::Error> {
    let owner = row.try_get::<Option<String>, _>(8)?.unwrap_or_else(|| "applicant".to_owned());
    Ok(TaskSpan {
        whose: Responsible {
            step: StepId::from(row.try_get::<String, _>(6)?),
            branch: row.try_get::<Option<String>, _>(7)?.map(BranchId::from),
            owner,
            unit: UnitId::from(row.try_get::<String, _>(9)?),
        },
        from: row.try_get(10)?,
        claimed_at: row.try_get(12)?,
        until: row.try_get(11)?,
    })
}
