//! How long tasks took lately, from which it is expected how long others will take.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use chrono::TimeDelta;
use parvaneh_core::{
    BranchId, CaseId, Instant, StepId, UnitId, WorkflowId,
    order::{History, Visit},
};
use sqlx::Row;

use crate::{Store, StoreError};

/// How long what was read serves.
const SERVES: TimeDelta = TimeDelta::minutes(10);

/// The last tasks that were closed by somebody's doing, from the end of the index `tasks_closed`.
const RECENT: &str = "
    with recent as (
        select case_id, step, branch, unit_id, opened_at, claimed_at, closed_at
        from tasks
        where closed_at is not null and purpose <> 'vote'
          and outcome not in ('not_needed', 'withdrawn', 'silence_of_authority')
        order by closed_at desc
        limit 20000
    )
    select c.workflow, c.version, r.* from recent r join cases c on c.id = r.case_id";

/// What was closed lately, by workflow.
pub(crate) type Histories = HashMap<WorkflowId, History>;

/// What was read last, and when.
#[derive(Debug, Default)]
pub(crate) struct HistoryCache {
    current: RwLock<Option<(Instant, Arc<Histories>)>>,
}

impl Store {
    /// How long the last 20,000 tasks took, as it was within the last ten minutes.
    pub(super) async fn histories(&self, now: Instant) -> Result<Arc<Histories>, StoreError> {
        let cache = &self.engine.history.current;
        let current = cache.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some((read_at, histories)) = current
            && (now - SERVES..=now + SERVES).contains(&read_at)
        {
            return Ok(histories);
        }
        // Whoever asks: it says of no case how long it took.
        let rows = sqlx::query(RECENT).fetch_all(&self.engine.readers).await?;
        let reference = self.reference().await?;
        let mut histories = Histories::new();
        for row in &rows {
            let workflow = WorkflowId::from(row.try_get::<String, _>("workflow")?);
            let version = row.try_get::<i32, _>("version")? as u32;
            let pool = &self.engine.readers;
            let definition = reference.definition(pool, &workflow, Some(version)).await?;
            let calendars = reference.calendars(pool, &definition.calendar).await?;
            let unit = UnitId::from(row.try_get::<String, _>("unit_id")?);
            histories.entry(workflow).or_default().add(Visit {
                case: CaseId(row.try_get("case_id")?),
                step: StepId::from(row.try_get::<String, _>("step")?),
                branch: row.try_get::<Option<String>, _>("branch")?.map(BranchId::from),
                opened_at: row.try_get("opened_at")?,
                claimed_at: row.try_get("claimed_at")?,
                closed_at: row.try_get("closed_at")?,
                calendar: calendars.for_unit(reference.organisation.path(&unit)),
            });
        }
        let histories = Arc::new(histories);
        *cache.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Some((now, histories.clone()));
        Ok(histories)
    }
}
