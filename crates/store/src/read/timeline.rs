//! The timeline of a case, with a look at whether it is whole.

use parvaneh_core::{
    CaseId, Event,
    timeline::{GENESIS, Hash, chain},
};
use sqlx::Row;

use crate::{Store, StoreError};

/// The events of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The events, in their order.
    pub entries: Vec<TimelineEntry>,
    /// The number of the first event that is missing, or whose hash is not what the chain says;
    /// `None` when the timeline is whole up to the head that the case names.
    pub broken_at: Option<u32>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The event, with personal values in the places of their commitments.
    pub event: Event,
    /// Its bytes, as they are stored and hashed.
    pub bytes: String,
    /// Its hash: SHA-256 of the hash before it, followed by its bytes.
    pub hash: Hash,
    /// The name of the person who did it.
    pub actor: Option<String>,
}

impl Store {
    /// The timeline of a case.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCase`]; [`StoreError::Unreadable`] for an event that this program cannot
    /// read.
    pub async fn timeline(&self, case: CaseId) -> Result<Timeline, StoreError> {
        let rows = sqlx::query(
            "select c.seq, c.head_hash, e.seq, e.body::text, e.hash, p.name
             from cases c
             left join case_events e on e.case_id = c.id
             left join people p on p.id = e.actor
             where c.id = $1
             order by e.seq",
        )
        .bind(case.0)
        .fetch_all(&mut *self.reads_by_key().await?)
        .await?;
        let Some(first) = rows.first() else { return Err(StoreError::NoSuchCase(case)) };
        let (seq, head): (i32, Hash) = (first.try_get(0)?, first.try_get(1)?);
        let (mut entries, mut broken_at) = (Vec::with_capacity(rows.len()), None);
        let (mut expected, mut previous) = (1, GENESIS);
        for row in &rows {
            let Some(number) = row.try_get::<Option<i32>, _>(2)? else { continue };
            let (bytes, hash): (String, Hash) = (row.try_get(3)?, row.try_get(4)?);
            let event: Event =
                serde_json::from_str(&bytes).map_err(|error| StoreError::Unreadable {
                    what: format!("event {number} of the case {case}"),
                    why: error.to_string(),
                })?;
            let whole = number == expected
                && event.seq as i32 == number
                && chain(&previous, bytes.as_bytes()) == hash;
            if !whole && broken_at.is_none() {
                broken_at = Some(expected as u32);
            }
            (expected, previous) = (number + 1, hash);
            entries.push(TimelineEntry { event, bytes, hash, actor: row.try_get(5)? });
        }
        let events = entries.iter_mut().map(|entry: &mut TimelineEntry| (case, &mut entry.event));
        self.open_events(events).await?;
        if broken_at.is_none() && (expected != seq + 1 || previous != head) {
            broken_at = Some(expected.min(seq) as u32);
        }
        Ok(Timeline { entries, broken_at })
    }
}
