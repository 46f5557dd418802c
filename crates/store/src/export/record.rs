//! The timeline of an export, as it is shown.

use parvaneh_core::Instant;
use sqlx::Row;
use uuid::Uuid;

use crate::{Store, StoreError};

/// One entry of the timeline of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportEvent {
    /// 1, 2, 3, … without gaps.
    pub seq: u32,
    /// When it was written.
    pub recorded_at: Instant,
    /// Its canonical bytes.
    pub body: String,
    /// The hash that chains it to the one before it.
    pub hash: [u8; 32],
}

impl Store {
    /// What has become of an export that the store's reader may know of; nothing of any other.
    ///
    /// # Errors
    /// The database.
    pub async fn export_events(&self, id: Uuid) -> Result<Vec<ExportEvent>, StoreError> {
        let select = "select seq, recorded_at, body::text, hash from export_events
                      where export_id = $1 order by seq";
        let rows = sqlx::query(select).bind(id).fetch_all(&mut *self.reads().await?).await?;
        rows.iter()
            .map(|row| {
                let hash: &[u8] = row.try_get(3)?;
                Ok(ExportEvent {
                    seq: row.try_get::<i32, _>(0)? as u32,
                    recorded_at: row.try_get(1)?,
                    body: row.try_get(2)?,
                    hash: hash.try_into().map_err(|_| StoreError::Unreadable {
                        what: format!("export {id}"),
                        why: "its hash is none".to_owned(),
                    })?,
                })
            })
            .collect()
    }
}
