//! The map of all timelines as a tree, for whoever makes a bundle.

use crate::{
    log::{Frontier, LogError, Node, Nodes, inclusion},
    timeline::Hash,
};

/// A Merkle tree of which every full subtree is kept: 64 bytes an entry.
#[derive(Clone, Debug, Default)]
pub struct MapTree {
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl MapTree {
    /// Adds the hash of an entry at the end.
    pub fn push(&mut self, leaf: Hash) {
        let levels = &mut self.levels;
        self.frontier.push_telling(leaf, |node, hash| {
            let level = usize::from(node.level);
            if levels.len() <= level {
                levels.push(Vec::new());
            }
            levels[level].push(hash);
        });
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The proof of an entry.
    ///
    /// # Errors
    /// When there is no such entry.
    pub fn proof(&self, index: u64) -> Result<Vec<Hash>, LogError> {
        inclusion(index, self.size(), self)
    }
}

impl Nodes for MapTree {
    fn hash(&self, node: Node) -> Option<Hash> {
        let level = self.levels.get(usize::from(node.level))?;
        level.get(usize::try_from(node.index).ok()?).copied()
    }
}
