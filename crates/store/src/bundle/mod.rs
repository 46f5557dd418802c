//! Bundles for auditors: timelines with their proofs, as docs/PROOF.md has them.
//!
//! What the database holds is written as it is, also where it is broken: whoever verifies judges.
//! The map of all timelines is held in memory while a bundle is made (some 150 bytes a timeline),
//! everything else goes from the database to the reader a few cases at a time.

mod extent;
mod map;
mod rules;
mod stream;

use std::sync::Arc;

use parvaneh_core::{
    Instant, Organisation, UnitId,
    audit::map_checkpoint,
    log::note::{Checkpoint, Note},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::mpsc;

pub use self::extent::{Extent, NoExtent};
use self::map::Map;
use crate::{SignedCheckpoint, Store, StoreError};

/// What is asked of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleScope {
    /// Which timelines.
    pub extent: Extent,
    /// The checkpoint that the auditor kept: its note, which is not looked into beyond its size.
    pub since: Option<String>,
}

/// A bundle whose map is made and waits for its signature.
#[derive(Debug)]
pub struct Bundle {
    store: Store,
    scope: BundleScope,
    checkpoint: SignedCheckpoint,
    log: Checkpoint,
    map: Map,
    organisation: Arc<Organisation>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BundleWritten {
    /// How many cases.
    pub cases: u64,
    /// How many of their events.
    pub events: u64,
}

impl Store {
    /// Begins a bundle at the latest checkpoint: its map must be signed before it is written.
    /// `None` before the first checkpoint was signed.
    ///
    /// Nobody is asked here who may have it: whoever calls this has made sure.
    ///
    /// # Errors
    /// The database; a checkpoint that cannot be read.
    pub async fn bundle(&self, scope: BundleScope) -> Result<Option<Bundle>, StoreError> {
        let Some(checkpoint) = self.checkpoint().await? else { return Ok(None) };
        let unreadable = |error: parvaneh_core::log::note::NoteError| {
            StoreError::LogBroken(format!("the latest checkpoint: {error}"))
        };
        let note = Note::parse(&checkpoint.note).map_err(unreadable)?;
        let log = Checkpoint::parse(&note.text).map_err(unreadable)?;
        let map = Map::read(self.all(), log.size).await?;
        let organisation = self.organisation().await?;
        Ok(Some(Bundle { store: self.clone(), scope, checkpoint, log, map, organisation }))
    }

    /// Connections that see every case.
    fn all(&self) -> &PgPool {
        &self.engine.readers
    }
}

impl Bundle {
    /// What is to be signed: the text of the map.
    pub fn map(&self) -> Checkpoint {
        let tree = &self.map.tree;
        map_checkpoint(&self.log, tree.size(), tree.root(), self.map.entries)
    }

    /// The size of the log at its checkpoint.
    pub fn size(&self) -> u64 {
        self.log.size
    }

    /// Writes the bundle, portion by portion. It ends early where nobody listens any more.
    ///
    /// # Errors
    /// The database.
    pub async fn write(
        self,
        map_note: String,
        made_at: Instant,
        out: mpsc::Sender<Vec<u8>>,
    ) -> Result<BundleWritten, StoreError> {
        stream::Stream::new(self, out).write(map_note, made_at).await
    }

    /// The scope as it stands in the bundle. `units` and `everything` are promises.
    fn told(&self) -> Value {
        match &self.scope.extent {
            Extent::Cases(cases) => json!({ "cases": cases }),
            Extent::Units { from, until, .. } => {
                let mut told = json!({ "units": self.units() });
                for (name, at) in [("from", from), ("until", until)] {
                    if let Some(at) = at {
                        told[name] = json!(at);
                    }
                }
                told
            }
            Extent::Everything => json!({ "everything": true }),
        }
    }

    /// The units whose timelines follow whole, in the order of the map.
    fn units(&self) -> Vec<UnitId> {
        let mut units: Vec<UnitId> = match &self.scope.extent {
            Extent::Cases(_) => Vec::new(),
            Extent::Units { units, .. } => {
                let below = |unit: &UnitId| {
                    let below = self.organisation.below(unit).into_iter().cloned();
                    below.chain([unit.clone()]).collect::<Vec<_>>()
                };
                units.iter().flat_map(below).collect()
            }
            Extent::Everything => self.map.units().cloned().collect(),
        };
        units.sort();
        units.dedup();
        units
    }
}
