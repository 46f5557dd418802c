//! The Merkle tree of RFC 6962: its root as it grows, and proofs that an entry is in it and that
//! a later tree holds all of an earlier one.

use std::collections::HashMap;

use super::{EMPTY, LogError, node};
use crate::timeline::Hash;

/// The largest size of a log: what fits into a signed integer of the database.
pub const LARGEST_SIZE: u64 = i64::MAX as u64;

/// A full subtree: it holds the entries from `index << level` on, `1 << level` of them. What it
/// holds never changes as the log grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Its height: 0 is a leaf.
    pub level: u8,
    /// Its place among those of its height.
    pub index: u64,
}

/// Whoever knows the hashes of full subtrees: tiles, or a table in a test.
pub trait Nodes {
    /// The hash of a full subtree; `None` where it is not known.
    fn hash(&self, node: Node) -> Option<Hash>;
}

impl Nodes for HashMap<Node, Hash> {
    fn hash(&self, node: Node) -> Option<Hash> {
        self.get(&node).copied()
    }
}

impl<N: Nodes + ?Sized> Nodes for &N {
    fn hash(&self, node: Node) -> Option<Hash> {
        (**self).hash(node)
    }
}

/// A log as far as it must be known to go on with it: its size, and the hashes of the full
/// subtrees that it consists of, the largest first. 63 hashes at most, whatever the size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// What was kept of a log of this size.
    ///
    /// # Errors
    /// If there are not as many hashes as the size has full subtrees.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Result<Self, LogError> {
        sized(size)?;
        if peaks.len() != size.count_ones() as usize {
            return Err(LogError::WrongFrontier { size, hashes: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of its full subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds the hash of an entry at the end.
    pub fn push(&mut self, leaf: Hash) {
        self.push_telling(leaf, |_, _| ());
    }

    /// Adds the hash of an entry, and tells every full subtree that it completes, the leaf first.
    pub fn push_telling(&mut self, leaf: Hash, mut tell: impl FnMut(Node, Hash)) {
        let (mut hash, mut level, mut index) = (leaf, 0, self.size);
        tell(Node { level, index }, hash);
        while index & 1 == 1 {
            let left = self.peaks.pop().expect("there is a peak for each bit of the size");
            hash = node(&left, &hash);
            level += 1;
            index >>= 1;
            tell(Node { level, index }, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.peaks.iter().rev();
        let Some(last) = smallest_first.next() else {
            return EMPTY;
        };
        smallest_first.fold(*last, |right, left| node(left, &right))
    }
}

/// The entries from `begin` to `end`, of which a proof needs the root.
#[derive(Debug, Clone, Copy)]
struct Span {
    begin: u64,
    end: u64,
}

impl Span {
    /// The full subtrees that it consists of, the largest first: one, except at the log's end.
    fn nodes(self) -> impl Iterator<Item = Node> {
        let mut begin = self.begin;
        std::iter::from_fn(move || {
            let left = self.end.checked_sub(begin).filter(|left| *left > 0)?;
            let level = left.ilog2();
            let node = Node {
                level: u8::try_from(level).expect("a size has 64 bits"),
                index: begin >> level,
            };
            begin += 1 << level;
            Some(node)
        })
    }

    fn hash(self, nodes: &impl Nodes) -> Result<Hash, LogError> {
        let mut hashes = Vec::with_capacity(1);
        for node in self.nodes() {
            hashes.push(
                nodes
                    .hash(node)
                    .ok_or(LogError::NodeMissing { level: node.level, index: node.index })?,
            );
        }
        let last = hashes.pop().expect("a span of a proof holds at least one entry");
        Ok(hashes.iter().rev().fold(last, |right, left| node(left, &right)))
    }
}

/// The proof that the entry at this position is in the log of this size.
///
/// # Errors
/// If there is no such position, or a hash is not known.
pub fn inclusion(position: u64, size: u64, nodes: impl Nodes) -> Result<Vec<Hash>, LogError> {
    let spans = path(position, size)?;
    spans.into_iter().map(|span| span.hash(&nodes)).collect()
}

/// The full subtrees whose hashes [`inclusion`] will ask for.
///
/// # Errors
/// If there is no such position.
pub fn nodes_of_inclusion(position: u64, size: u64) -> Result<Vec<Node>, LogError> {
    Ok(path(position, size)?.into_iter().flat_map(Span::nodes).collect())
}

/// The proof that a log has only grown from the one size to the other.
///
/// # Errors
/// If the sizes are the wrong way round, or a hash is not known.
pub fn consistency(old: u64, new: u64, nodes: impl Nodes) -> Result<Vec<Hash>, LogError> {
    let spans = growth(old, new)?;
    spans.into_iter().map(|span| span.hash(&nodes)).collect()
}

/// The full subtrees whose hashes [`consistency`] will ask for.
///
/// # Errors
/// If the sizes are the wrong way round.
pub fn nodes_of_consistency(old: u64, new: u64) -> Result<Vec<Node>, LogError> {
    Ok(growth(old, new)?.into_iter().flat_map(Span::nodes).collect())
}

/// RFC 6962 §2.1.1: what stands beside the way from the leaf to the root, the nearest first.
fn path(position: u64, size: u64) -> Result<Vec<Span>, LogError> {
    within(position, size)?;
    let (mut begin, mut end) = (0, size);
    let mut beside = Vec::with_capacity(64);
    while end - begin > 1 {
        let middle = begin + half(end - begin);
        if position < middle {
            beside.push(Span { begin: middle, end });
            end = middle;
        } else {
            beside.push(Span { begin, end: middle });
            begin = middle;
        }
    }
    beside.reverse();
    Ok(beside)
}

/// RFC 6962 §2.1.2: what makes up the old tree, and what has come to it.
fn growth(old: u64, new: u64) -> Result<Vec<Span>, LogError> {
    grown(old, new)?;
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut begin, mut end) = (0, new);
    let mut spans = Vec::with_capacity(64);
    // Whoever checks knows the root of the old tree, if that is a whole subtree of the new one.
    let mut known = true;
    while end != old {
        let middle = begin + half(end - begin);
        if old <= middle {
            spans.push(Span { begin: middle, end });
            end = middle;
        } else {
            spans.push(Span { begin, end: middle });
            begin = middle;
            known = false;
        }
    }
    if !known {
        spans.push(Span { begin, end });
    }
    spans.reverse();
    Ok(spans)
}

/// The largest power of two below a number above one.
fn half(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root to which a proof of inclusion leads (RFC 9162 §2.1.3.2).
///
/// # Errors
/// If there is no such position, or the proof is too long or too short for it.
pub fn root_from_inclusion(
    position: u64,
    size: u64,
    leaf: Hash,
    proof: &[Hash],
) -> Result<Hash, LogError> {
    within(position, size)?;
    // Below the place where the ways to this entry and to the last one part, there is a hash at
    // every level; above it one for each step to the right.
    let last = size - 1;
    let apart = u64::BITS - (position ^ last).leading_zeros();
    let expected = (apart + (position >> apart.min(63)).count_ones()) as usize;
    long(proof, expected)?;

    let (mut here, mut last) = (position, last);
    let mut hash = leaf;
    for beside in proof {
        if here & 1 == 1 || here == last {
            hash = node(beside, &hash);
            while here & 1 == 0 && here != 0 {
                here >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, beside);
        }
        here >>= 1;
        last >>= 1;
    }
    Ok(hash)
}

/// Whether the entry with this leaf stands at this position of the log with this root.
///
/// # Errors
/// If it is not proven.
pub fn verify_inclusion(
    position: u64,
    size: u64,
    leaf: Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), LogError> {
    if root_from_inclusion(position, size, leaf, proof)? == *root {
        Ok(())
    } else {
        Err(LogError::WrongRoot)
    }
}

/// Whether the log with the new root holds everything that the one with the old root held, at the
/// same positions (RFC 9162 §2.1.4.2). Everything has grown out of an empty log.
///
/// # Errors
/// If it is not proven.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), LogError> {
    grown(old_size, new_size)?;
    let expected = growth(old_size, new_size)?.len();
    long(proof, expected)?;
    let proven = |holds: bool| if holds { Ok(()) } else { Err(LogError::WrongRoot) };
    if old_size == new_size {
        return proven(old_root == new_root);
    }
    if old_size == 0 {
        return proven(*old_root == EMPTY);
    }

    let (mut here, mut last) = (old_size - 1, new_size - 1);
    while here & 1 == 1 {
        here >>= 1;
        last >>= 1;
    }
    // An old tree that is a full subtree of the new one stands for itself.
    let whole = [*old_root];
    let mut hashes = if old_size.is_power_of_two() {
        whole.iter().chain(proof)
    } else {
        whole[..0].iter().chain(proof)
    };
    let Some(first) = hashes.next() else {
        return Err(LogError::WrongRoot);
    };
    let (mut old, mut new) = (*first, *first);
    for hash in hashes {
        if here & 1 == 1 || here == last {
            old = node(hash, &old);
            new = node(hash, &new);
            while here & 1 == 0 && here != 0 {
                here >>= 1;
                last >>= 1;
            }
        } else {
            new = node(&new, hash);
        }
        here >>= 1;
        last >>= 1;
    }
    proven(old == *old_root && new == *new_root)
}

fn sized(size: u64) -> Result<(), LogError> {
    if size > LARGEST_SIZE {
        return Err(LogError::SizeTooLarge { size });
    }
    Ok(())
}

fn within(position: u64, size: u64) -> Result<(), LogError> {
    sized(size)?;
    if position >= size {
        return Err(LogError::PositionBeyondSize { position, size });
    }
    Ok(())
}

fn grown(old: u64, new: u64) -> Result<(), LogError> {
    sized(new)?;
    if old > new {
        return Err(LogError::Shrunk { old, new });
    }
    Ok(())
}

fn long(proof: &[Hash], expected: usize) -> Result<(), LogError> {
    if proof.len() != expected {
        return Err(LogError::ProofLength { given: proof.len(), expected });
    }
    Ok(())
}
