//! What became of applications lately, procedure by procedure: for those who think of applying.
//!
//! It says nothing of anybody: see [`Experience::FEWEST`].

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use parvaneh_core::{Instant, WorkflowId, measure::Tally};
use sqlx::Row;
use tokio::sync::Mutex;

use super::{OnTimeBy, OnTimeKey, OnTimeQuery, on_time::plus};
use crate::{Store, StoreError};

/// How long what was read serves: it is of a year, and everybody may ask.
const SERVES: TimeDelta = TimeDelta::hours(1);

/// Over which time it is taken.
const OVER: TimeDelta = TimeDelta::days(365);

/// How long decisions of a period took, from the receipt: by the index `cases_ended`.
const MEDIANS: &str = "
    select workflow, count(*),
           percentile_cont(0.5) within group (order by extract(epoch from ended_at - opened_at))
    from cases
    where ended_at >= $1 and ended_at < $2 and decision
    group by workflow";

/// What became of the applications of a procedure in the year before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experience {
    /// How many were decided.
    pub decided: u64,
    /// Within how many days half of them were decided, counted from the receipt, whatever stood still in
    /// between; a day that has begun counts.
    pub median_days: u32,
    /// How they count.
    pub tally: Tally,
}

impl Experience {
    /// Of fewer decisions nothing is told: it would be told of somebody.
    pub const FEWEST: u64 = 20;
}

/// What is told, by workflow.
type Experiences = BTreeMap<WorkflowId, Experience>;

/// What was read last, and when. Whoever asks meanwhile waits for the same reading.
#[derive(Debug, Default)]
pub(crate) struct ExperienceCache {
    current: Mutex<Option<(Instant, Arc<Experiences>)>>,
}

impl Store {
    /// What became of applications in the year before now, as it was within the last hour: of
    /// procedures with [`Experience::FEWEST`] decisions or more.
    ///
    /// # Errors
    /// The database.
    pub async fn experiences(&self) -> Result<Arc<Experiences>, StoreError> {
        let now = self.now().await?;
        let mut current = self.engine.experience.current.lock().await;
        if let Some((read_at, experiences)) = &*current
            && (now - SERVES..=now + SERVES).contains(read_at)
        {
            return Ok(experiences.clone());
        }
        let period = now - OVER..now;
        let rows = sqlx::query(MEDIANS)
            .bind(period.start)
            .bind(period.end)
            .fetch_all(&self.engine.readers)
            .await?;
        let by = OnTimeBy::Definition;
        let figures = OnTimeQuery { period, by, workflow: None, within: None };
        let mut tallies: BTreeMap<WorkflowId, Tally> = BTreeMap::new();
        for row in self.on_time(&figures).await?.rows {
            let OnTimeKey::Definition(workflow, _) = row.key else { continue };
            let tally = tallies.entry(workflow).or_default();
            *tally = plus(*tally, row.tally);
        }
        let mut experiences = Experiences::new();
        for row in &rows {
            let (decided, seconds) = (row.try_get::<i64, _>(1)? as u64, row.try_get::<f64, _>(2)?);
            if decided < Experience::FEWEST {
                continue;
            }
            let workflow = WorkflowId::from(row.try_get::<String, _>(0)?);
            let tally = tallies.remove(&workflow).unwrap_or_default();
            let median_days = (seconds / 86_400.0).ceil().max(1.0) as u32;
            experiences.insert(workflow, Experience { decided, median_days, tally });
        }
        let experiences = Arc::new(experiences);
        *current = Some((now, experiences.clone()));
        Ok(experiences)
    }
}
