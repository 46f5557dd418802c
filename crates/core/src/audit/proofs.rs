//! Proofs of inclusion, many of them under one root.

use std::collections::HashMap;

use crate::{
    log::{LogError, Node, node, root_from_inclusion},
    timeline::Hash,
};

/// So many hashes of the tree are remembered at most: some 10 MB.
const REMEMBERED: usize = 1 << 17;
/// Nodes below this level are met by few proofs.
const LOWEST: u8 = 5;

/// Checks proofs under one root, and remembers the hashes that have been proved: where a later proof
/// comes to one of them, what is left of it needs only to be compared.
#[derive(Clone, Debug)]
pub(super) struct Proofs {
    size: u64,
    root: Hash,
    /// Hashes of full subtrees that were proved.
    known: HashMap<Node, Hash>,
    /// What led from a full subtree to the root, along the right edge of the tree.
    edges: HashMap<Node, Vec<Hash>>,
}

impl Proofs {
    pub(super) fn new(size: u64, root: Hash) -> Self {
        Self { size, root, known: HashMap::new(), edges: HashMap::new() }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether the entry with this leaf stands at this position.
    pub(super) fn check(
        &mut self,
        position: u64,
        leaf: Hash,
        proof: &[Hash],
    ) -> Result<(), LogError> {
        if self.is_known(position, leaf, proof) {
            return Ok(());
        }
        if root_from_inclusion(position, self.size, leaf, proof)? != self.root {
            return Err(LogError::WrongRoot);
        }
        self.remember(position, leaf, proof);
        Ok(())
    }

    /// The height of the largest full subtree around a position that lies left of the tree's right
    /// edge: so many hashes of a proof are those of full subtrees beside the way, level by level.
    fn height(&self, position: u64) -> u8 {
        let apart = self.size.checked_sub(1).and_then(|last| (position ^ last).checked_ilog2());
        apart.map_or(0, |apart| apart as u8)
    }

    fn is_known(&self, position: u64, leaf: Hash, proof: &[Hash]) -> bool {
        let height = self.height(position);
        if position >= self.size || proof.len() < usize::from(height) {
            return false;
        }
        let known = |level: u8, index: u64| self.known.get(&Node { level, index });
        let (regular, edge) = proof.split_at(usize::from(height));
        let mut hash = leaf;
        for (level, beside) in (0..height).zip(regular) {
            let index = position >> level;
            if level >= LOWEST && known(level, index) == Some(&hash) {
                let mut rest = (level..height).zip(&regular[usize::from(level)..]);
                let same = rest
                    .all(|(level, beside)| known(level, (position >> level) ^ 1) == Some(beside));
                let top = Node { level: height, index: position >> height };
                return same && self.edges.get(&top).is_some_and(|known| known == edge);
            }
            hash = if index & 1 == 1 { node(beside, &hash) } else { node(&hash, beside) };
        }
        false
    }

    fn remember(&mut self, position: u64, leaf: Hash, proof: &[Hash]) {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let height = self.height(position);
        let (regular, edge) = proof.split_at(usize::from(height));
        let mut hash = leaf;
        for (level, beside) in (0..height).zip(regular) {
            let index = position >> level;
            if level >= LOWEST {
                self.known.insert(Node { level, index }, hash);
                self.known.insert(Node { level, index: index ^ 1 }, *beside);
            }
            hash = if index & 1 == 1 { node(beside, &hash) } else { node(&hash, beside) };
        }
        self.edges.insert(Node { level: height, index: position >> height }, edge.to_vec());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::log::{Frontier, inclusion, leaf};

    /// Whatever has been remembered, a proof is good if and only if it leads to the root.
    #[test]
    fn what_is_remembered_lets_nothing_wrong_through() {
        for size in [1_u64, 2, 63, 64, 65, 200, 257] {
            let mut nodes = HashMap::new();
            let mut tree = Frontier::default();
            for no in 0..size {
                let leaf = leaf(&no.to_be_bytes());
                tree.push_telling(leaf, |node, hash| _ = nodes.insert(node, hash));
            }
            let root = tree.root();
            let mut proofs = Proofs::new(size, root);
            for round in 0..2 {
                for position in 0..size {
                    let proof = inclusion(position, size, &nodes).unwrap();
                    let leaf = leaf(&position.to_be_bytes());
                    proofs.check(position, leaf, &proof).unwrap();
                    for place in 0..proof.len() {
                        let mut other = proof.clone();
                        other[place][7] ^= 1;
                        assert!(proofs.check(position, leaf, &other).is_err(), "{size} {round}");
                    }
                    let longer = [&proof[..], &[root]].concat();
                    assert!(proofs.check(position, leaf, &longer).is_err());
                    // The root of a tree of one leaf is that leaf.
                    if size > 1 {
                        assert!(proofs.check(position, root, &proof).is_err());
                    }
                    assert!(proofs.check(position ^ 1, leaf, &proof).is_err());
                    if let Some((_, shorter)) = proof.split_last() {
                        assert!(proofs.check(position, leaf, shorter).is_err());
                    }
                }
            }
            assert!(proofs.check(size, root, &[]).is_err());
        }
    }
}
