//! How often warnings and escalation levels fired in a period.

use std::ops::Range;

use parvaneh_core::Instant;
use sqlx::Row;

use crate::{Store, StoreError};

/// How often one level fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EscalationCount {
    /// Whether it belongs to the statutory clock, and not to that of a step or branch.
    pub statutory: bool,
    /// Whether it is a warning, before the deadline.
    pub warning: bool,
    /// Its number among the warnings, or among the levels, of its clock, from 1.
    pub number: u32,
    /// How often it fired.
    pub fired: u64,
}

/// A range of the index `escalations_recorded`.
const COUNTS: &str = "
    select clock = 0, warning, number, count(*)
    from escalations
    where recorded_at >= $1 and recorded_at < $2
    group by 1, 2, 3
    order by 1 desc, 2 desc, 3";

impl Store {
    /// How often each warning and level was recorded in a period: those of the statutory clock
    /// first, warnings before levels.
    ///
    /// # Errors
    /// The database.
    pub async fn escalation_counts(
        &self,
        period: &Range<Instant>,
    ) -> Result<Vec<EscalationCount>, StoreError> {
        let rows = sqlx::query(COUNTS)
            .bind(period.start)
            .bind(period.end)
            .fetch_all(&mut *self.reads().await?)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(EscalationCount {
                    statutory: row.try_get(0)?,
                    warning: row.try_get(1)?,
                    number: row.try_get::<i32, _>(2)? as u32,
                    fired: row.try_get::<i64, _>(3)? as u64,
                })
            })
            .collect()
    }
}
