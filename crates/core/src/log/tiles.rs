//! How the hashes of the tree are kept: in tiles of 256, as C2SP `tlog-tiles` numbers them.
//!
//! The tile `no` of level `l` holds the hashes of the full subtrees of height `8 * l`, from
//! `256 * no` on. Only the last tile of a level is not full, and what stands in a tile never
//! changes. Every hash of the tree follows from one tile.

use std::collections::HashMap;

use super::{Node, Nodes, node};
use crate::timeline::Hash;

/// How many hashes a full tile holds.
pub const HASHES_PER_TILE: u64 = 256;
const HEIGHT: u8 = 8;

/// The name of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// 0 for the one that holds leaves.
    pub level: u8,
    /// Its number in its level.
    pub no: u64,
}

impl Tile {
    /// The tile from which the hash of this subtree follows.
    pub fn of(node: Node) -> Self {
        Self { level: node.level / HEIGHT, no: node.index >> (HEIGHT - node.level % HEIGHT) }
    }

    /// Where the hash of this subtree stands in its tile. `None` for those that stand in none and
    /// follow from others.
    pub fn place(node: Node) -> Option<(Self, usize)> {
        (node.level.is_multiple_of(HEIGHT)).then(|| {
            let place = node.index % HASHES_PER_TILE;
            (Self::of(node), usize::try_from(place).expect("below 256"))
        })
    }

    /// How many hashes it holds in a log of this size.
    pub fn filled(self, size: u64) -> u64 {
        let height = u32::from(self.level) * u32::from(HEIGHT);
        let level = size.checked_shr(height).unwrap_or(0);
        level.saturating_sub(self.no.saturating_mul(HASHES_PER_TILE)).min(HASHES_PER_TILE)
    }
}

/// Tiles that have been read.
#[derive(Debug, Clone, Default)]
pub struct Tiles(HashMap<Tile, Vec<Hash>>);

impl Tiles {
    /// Puts a tile in, as it was kept: its hashes one after the other. What is left over behind
    /// the last whole hash is not taken.
    pub fn insert(&mut self, tile: Tile, hashes: &[u8]) {
        let (hashes, _) = hashes.as_chunks::<32>();
        self.0.insert(tile, hashes.to_vec());
    }

    /// Whether the tile is here, with at least so many hashes.
    pub fn holds(&self, tile: Tile, hashes: u64) -> bool {
        self.0.get(&tile).is_some_and(|tile| tile.len() as u64 >= hashes)
    }

    /// How many tiles are here.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Nodes for Tiles {
    fn hash(&self, wanted: Node) -> Option<Hash> {
        let within = wanted.level % HEIGHT;
        let first = usize::try_from((wanted.index << within) % HASHES_PER_TILE).ok()?;
        let mut hashes = self.0.get(&Tile::of(wanted))?.get(first..first + (1 << within))?.to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|two| node(&two[0], &two[1])).collect();
        }
        hashes.pop()
    }
}
