//! What whoever signs checkpoints for others goes by, the log's signer and a witness alike: he signs
//! only what has grown out of what he signed last.
//!
//! Asked in the form of C2SP `tlog-witness`: `old SIZE`, a line for each hash of the proof, an empty
//! line, and the checkpoint.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{EMPTY, LARGEST_SIZE, LogError, note::Checkpoint, verify_consistency};
use crate::timeline::Hash;

/// How many hashes a proof can have at most.
const LONGEST_PROOF: usize = 63;

/// What is asked of a signer or a witness: to sign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The size of the checkpoint that he is thought to have signed last.
    pub old: u64,
    /// The proof that the log has only grown since.
    pub proof: Vec<Hash>,
    /// The checkpoint: for a witness a signed note, for the signer its text alone.
    pub checkpoint: String,
}

impl Asked {
    /// As it is sent.
    pub fn text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&STANDARD.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads what was sent.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(Refusal::Unreadable("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .filter(|size| size.bytes().all(|digit| digit.is_ascii_digit()))
            .filter(|size| *size == "0" || !size.starts_with('0'))
            .and_then(|size| size.parse().ok())
            .filter(|size| *size <= LARGEST_SIZE)
            .ok_or(Refusal::Unreadable("the first line is not `old SIZE`"))?;
        let proof = lines
            .take(LONGEST_PROOF + 1)
            .map(|line| STANDARD.decode(line).ok()?.try_into().ok())
            .collect::<Option<Vec<Hash>>>()
            .filter(|proof| proof.len() <= LONGEST_PROOF)
            .ok_or(Refusal::Unreadable("a line of the proof is not a hash"))?;
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }
}

/// Why a checkpoint is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What was asked cannot be read.
    #[error("what is asked cannot be read: {0}")]
    Unreadable(&'static str),
    /// It is of another log.
    #[error("this is a checkpoint of another log: {0}")]
    OtherLog(String),
    /// The log has not signed it.
    #[error("the log has not signed this checkpoint")]
    NotSigned,
    /// The proof does not begin where he signed last.
    #[error("the proof begins at {old}, and {last} was signed last")]
    Stale {
        /// Where the proof begins.
        old: u64,
        /// The size that was signed last.
        last: u64,
    },
    /// The log is smaller than it was: a database that was set back, or one from which was taken.
    #[error("the log has {size} entries, and had {last} when it was signed last")]
    RolledBack {
        /// Its size now.
        size: u64,
        /// The size that was signed last.
        last: u64,
    },
    /// The log does not hold what it held: at least one entry is another one.
    #[error("the log of {size} entries has not grown out of that of {last} that was signed")]
    Fork {
        /// Its size now.
        size: u64,
        /// The size that was signed last.
        last: u64,
    },
}

impl Refusal {
    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "checkpoint_unreadable",
            Self::OtherLog(_) => "checkpoint_of_other_log",
            Self::NotSigned => "checkpoint_not_signed",
            Self::Stale { .. } => "checkpoint_stale",
            Self::RolledBack { .. } => "checkpoint_rolled_back",
            Self::Fork { .. } => "checkpoint_fork",
        }
    }

    /// The size that was signed last, where that is why.
    pub fn last(&self) -> Option<u64> {
        match self {
            Self::Stale { last, .. } | Self::RolledBack { last, .. } | Self::Fork { last, .. } => {
                Some(*last)
            }
            _ => None,
        }
    }
}

/// Whether a checkpoint may be signed after the one that was signed last.
///
/// # Errors
/// Why not.
pub fn may_sign(
    last: Option<&Checkpoint>,
    old: u64,
    proof: &[Hash],
    new: &Checkpoint,
) -> Result<(), Refusal> {
    if let Some(last) = last
        && last.origin != new.origin
    {
        return Err(Refusal::OtherLog(new.origin.clone()));
    }
    let (last, root) = last.map_or((0, EMPTY), |last| (last.size, last.root));
    let size = new.size;
    if size < last {
        return Err(Refusal::RolledBack { size, last });
    }
    if size == last {
        return if new.root == root { Ok(()) } else { Err(Refusal::Fork { size, last }) };
    }
    if old != last {
        return Err(Refusal::Stale { old, last });
    }
    verify_consistency(last, &root, size, &new.root, proof)
        .map_err(|_| Refusal::Fork { size, last })
}

/// What the origin of the map of cases is called, behind that of its log.
pub const MAP: &str = "/cases";

/// Whether a map of all cases may be signed: a tree over them as they stood at one size of the log, which its first
/// further line names (`log SIZE ROOT`). The proof shows that this log has grown into the one that was signed last.
/// Another map of the same log than the one that was signed before is not signed.
///
/// # Errors
/// Why not.
pub fn may_sign_map(
    last: Option<&Checkpoint>,
    last_map: Option<&Checkpoint>,
    proof: &[Hash],
    map: &Checkpoint,
) -> Result<(), Refusal> {
    let Some((size, root)) = log_of_map(map) else {
        return Err(Refusal::Unreadable("its first further line is not `log SIZE ROOT`"));
    };
    let Some(last) = last.filter(|last| map.origin.strip_suffix(MAP) == Some(&last.origin)) else {
        return Err(Refusal::OtherLog(map.origin.clone()));
    };
    if size > last.size {
        return Err(Refusal::Stale { old: size, last: last.size });
    }
    verify_consistency(size, &root, last.size, &last.root, proof).map_err(|error| match error {
        LogError::ProofLength { .. } => Refusal::Stale { old: size, last: last.size },
        _ => Refusal::Fork { size, last: last.size },
    })?;
    if let Some(before) = last_map
        && log_of_map(before) == Some((size, root))
        && before != map
    {
        return Err(Refusal::Fork { size, last: size });
    }
    Ok(())
}

/// The size and the root of the log that a map belongs to.
pub fn log_of_map(map: &Checkpoint) -> Option<(u64, Hash)> {
    let (size, root) = map.extensions.first()?.strip_prefix("log ")?.split_once(' ')?;
    let read: u64 = size.parse().ok()?;
    let root = STANDARD.decode(root).ok()?.try_into().ok()?;
    // In its only form.
    (read.to_string() == size).then_some((read, root))
}
