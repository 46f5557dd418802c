//! Proofs from what is kept of the tree.

use parvaneh_core::{
    log::{
        LogError, Node, consistency, inclusion, nodes_of_consistency, nodes_of_inclusion,
        tiles::{Tile, Tiles},
    },
    timeline::Hash,
};
use sqlx::Row;
use uuid::Uuid;

use super::{broken, stored};
use crate::{Store, StoreError};

/// Where an event stands in the log, and the proof that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Its position.
    pub position: u64,
    /// The hashes beside the way to the root, the nearest first.
    pub proof: Vec<Hash>,
}

const POSITIONS: &str = "
    select n.no::int, l.position
    from unnest($1::uuid[], $2::int[]) with ordinality as n (case_id, seq, no)
    join log_leaves l on l.case_id = n.case_id and l.seq = n.seq";

const TILES: &str = "
    select t.level, t.no, t.hashes
    from unnest($1::smallint[], $2::bigint[]) as n (level, no)
    join log_tiles t on t.level = n.level and t.no = n.no";

impl Store {
    /// The position of an event in the log, and the proof that it stands there in the log of this
    /// size. `None` where it is not sealed, or later than that.
    ///
    /// # Errors
    /// The database; a size that the log does not have.
    pub async fn inclusion(
        &self,
        timeline: Uuid,
        seq: u32,
        size: u64,
    ) -> Result<Option<Proven>, StoreError> {
        let mut proven = self.proofs(&[(timeline, seq)], size, &mut Tiles::default()).await?;
        Ok(proven.pop().flatten())
    }

    /// The same for many events at once. The tiles that were read stay with the caller, who asks
    /// for more by them; he may empty them when they become many (8 KB each).
    ///
    /// # Errors
    /// As [`Store::inclusion`].
    pub async fn proofs(
        &self,
        events: &[(Uuid, u32)],
        size: u64,
        tiles: &mut Tiles,
    ) -> Result<Vec<Option<Proven>>, StoreError> {
        let mut positions = vec![None; events.len()];
        let timelines: Vec<Uuid> = events.iter().map(|event| event.0).collect();
        let seqs: Vec<i32> = events.iter().map(|event| event.1 as i32).collect();
        let query = sqlx::query(POSITIONS).bind(timelines).bind(seqs);
        let rows = query.fetch_all(&mut *self.reads().await?).await?;
        for row in &rows {
            let (no, position): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
            let place = no.unsigned_abs() as usize - 1;
            positions[place] = Some(position.unsigned_abs()).filter(|position| *position < size);
        }
        let mut nodes = Vec::new();
        for position in positions.iter().flatten() {
            nodes.extend(nodes_of_inclusion(*position, size)?);
        }
        self.read_tiles(&nodes, size, tiles).await?;
        let tiles = &*tiles;
        let prove = |position: Option<u64>| {
            position
                .map(|position| Ok(Proven { position, proof: inclusion(position, size, tiles)? }))
                .transpose()
        };
        positions.into_iter().map(prove).collect()
    }

    /// The proof that the log has only grown from the one size to the other.
    ///
    /// # Errors
    /// The database; sizes that the log does not have.
    pub async fn log_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, StoreError> {
        let mut tiles = Tiles::default();
        self.read_tiles(&nodes_of_consistency(old, new)?, new, &mut tiles).await?;
        Ok(consistency(old, new, &tiles)?)
    }

    /// Reads the tiles from which these hashes follow, unless they are there.
    async fn read_tiles(
        &self,
        nodes: &[Node],
        size: u64,
        tiles: &mut Tiles,
    ) -> Result<(), StoreError> {
        let mut wanted: Vec<Tile> = nodes.iter().copied().map(Tile::of).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|tile| !tiles.holds(*tile, tile.filled(size)));
        if wanted.is_empty() {
            return Ok(());
        }
        let levels: Vec<i16> = wanted.iter().map(|tile| tile.level.into()).collect();
        let nos = wanted.iter().map(|tile| stored(tile.no)).collect::<Result<Vec<_>, _>>()?;
        // Hashes tell nothing of a case: they are read by the program for everybody.
        let rows =
            sqlx::query(TILES).bind(levels).bind(nos).fetch_all(&self.engine.readers).await?;
        for row in &rows {
            let (level, no, hashes): (i16, i64, Vec<u8>) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let tile = Tile { level: level.unsigned_abs() as u8, no: no.unsigned_abs() };
            tiles.insert(tile, &hashes);
        }
        match wanted.iter().find(|tile| !tiles.holds(**tile, tile.filled(size))) {
            Some(tile) => {
                Err(broken(format!("tile {} of level {} is not whole", tile.no, tile.level)))
            }
            None => Ok(()),
        }
    }
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}
