//! The log over all timelines: what its entries are, the tree over them, and the notes that sign it.
//!
//! Each event is chained to the one before it in its case ([`crate::timeline`]). The log puts the
//! events of all cases into one Merkle tree, so that one signed line holds everything that has
//! happened up to then. Trees and proofs are those of RFC 6962 and RFC 9162, the notes those of
//! C2SP (`signed-note`, `tlog-checkpoint`, `tlog-cosignature`): docs/PROOF.md.

pub mod notary;
pub mod note;
pub mod tiles;
mod tree;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::timeline::Hash;

pub use tree::{
    Frontier, LARGEST_SIZE, Node, Nodes, consistency, inclusion, nodes_of_consistency,
    nodes_of_inclusion, root_from_inclusion, verify_consistency, verify_inclusion,
};

/// How many bytes an entry has.
pub const ENTRY_BYTES: usize = 52;

/// The root of a log without entries: SHA-256 of nothing.
pub const EMPTY: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// What the log keeps of an event: the timeline that it belongs to (a case, or an export), its
/// number there, and its hash, which holds its canonical bytes and everything before it. No
/// personal data.
pub fn entry(timeline: Uuid, seq: u32, hash: &Hash) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    entry[..16].copy_from_slice(timeline.as_bytes());
    entry[16..20].copy_from_slice(&seq.to_be_bytes());
    entry[20..].copy_from_slice(hash);
    entry
}

/// The hash of an entry as a leaf of the tree (RFC 6962 §2.1). The byte before it keeps anybody
/// from passing an inner node off as an entry.
pub fn leaf(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    hasher.finalize().into()
}

/// The hash of an inner node of the tree.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// Why a proof doesn't prove, or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A position at or behind the end of the log.
    #[error("position {position} does not lie in a log of {size} entries")]
    PositionBeyondSize {
        /// The position that was asked for.
        position: u64,
        /// How many entries there are.
        size: u64,
    },
    /// The older of two sizes is the larger one.
    #[error("a log of {old} entries cannot have grown to {new}")]
    Shrunk {
        /// The size that should be the older one.
        old: u64,
        /// The size that should be the newer one.
        new: u64,
    },
    /// A size that no log of this kind can have.
    #[error("a log cannot have {size} entries")]
    SizeTooLarge {
        /// The size.
        size: u64,
    },
    /// The proof has more or fewer hashes than the sizes ask for.
    #[error("the proof has {given} hashes where {expected} are due")]
    ProofLength {
        /// How many it has.
        given: usize,
        /// How many it should have.
        expected: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    WrongRoot,
    /// A hash of the tree that is needed is not there.
    #[error("the log lacks the hash {index} at level {level}")]
    NodeMissing {
        /// The level: 0 for leaves.
        level: u8,
        /// The place in its level.
        index: u64,
    },
    /// The hashes kept of a log don't fit its size.
    #[error("{hashes} hashes cannot be the full subtrees of {size} entries")]
    WrongFrontier {
        /// How many entries.
        size: u64,
        /// How many hashes.
        hashes: usize,
    },
}

impl LogError {
    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PositionBeyondSize { .. } => "log_position_beyond_size",
            Self::Shrunk { .. } => "log_shrunk",
            Self::SizeTooLarge { .. } => "log_size_too_large",
            Self::ProofLength { .. } => "log_proof_length",
            Self::WrongRoot => "log_wrong_root",
            Self::NodeMissing { .. } => "log_node_missing",
            Self::WrongFrontier { .. } => "log_wrong_frontier",
        }
    }
}
