//! What an auditor brings along, and what the notes of a bundle say by it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{code::Code, format::BundleLine, format::read_hashes, rules::Wrong};
use crate::{
    log::{
        note::{Checkpoint, Note, NoteError, Verifier as Key},
        verify_consistency,
    },
    timeline::Hash,
};

/// What the map's origin has behind the log's.
pub const MAP_ORIGIN: &str = "/cases";

/// What an auditor brings along.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The key of the installation, as it was told him; without it the bundle's own is taken, which
    /// proves nothing but that the bundle agrees with itself.
    pub key: Option<Key>,
    /// The checkpoint that he kept.
    pub since: Option<Checkpoint>,
}

/// What the bundle is proved by.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) log: Checkpoint,
    pub(super) map: Map,
    pub(super) key: Option<Key>,
}

/// The tree over all timelines.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// The map of all timelines at a checkpoint, as it is signed: `entries` is the sum of their counts.
pub fn map_checkpoint(log: &Checkpoint, size: u64, root: Hash, entries: u64) -> Checkpoint {
    let of = format!("log {} {}", log.size, STANDARD.encode(log.root));
    Checkpoint {
        origin: format!("{}{MAP_ORIGIN}", log.origin),
        size,
        root,
        extensions: vec![of, format!("entries {entries}")],
    }
}

impl Head {
    /// Reads the notes, and says what is wrong with them. `None`: nothing can be proved by them.
    pub(super) fn read(
        line: &BundleLine<'_>,
        trust: &Trust,
        wrong: &mut Vec<Wrong>,
    ) -> Option<Self> {
        let brought = trust.key.clone();
        let own = || line.key.as_deref().and_then(|key| Key::parse(key).ok());
        let key = brought.or_else(own);
        if key.is_none() {
            wrong.push((Code::NoKey, line.key.as_deref().unwrap_or_default().to_owned()));
        }
        let mut read = |note: &str, origin: &str| {
            let read = signed(note, key.as_ref());
            let (checkpoint, fault) =
                read.map_or_else(|fault| (None, Some(fault)), |it| (Some(it.0), it.1));
            wrong.extend(fault);
            let named = key.as_ref().map(|key| format!("{}{origin}", key.name()));
            if let (Some(checkpoint), Some(named)) = (&checkpoint, named)
                && checkpoint.origin != named
            {
                wrong.push((Code::OtherOrigin, format!("{} ≠ {named}", checkpoint.origin)));
            }
            checkpoint
        };
        let log = read(&line.checkpoint, "");
        let map = read(&line.map, MAP_ORIGIN);
        let (log, map) = (log?, map?);
        of_the_log(&log, &map, wrong);
        if let Some(since) = &trust.since {
            grown(since, &log, &line.consistency, wrong);
        }
        Some(Self { map: Map { size: map.size, root: map.root }, log, key })
    }
}

/// The checkpoint of a note; and what is wrong with its signature.
fn signed(note: &str, key: Option<&Key>) -> Result<(Checkpoint, Option<Wrong>), Wrong> {
    let unreadable = |error: NoteError| (Code::UnreadableNote, error.to_string());
    let note = Note::parse(note).map_err(unreadable)?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(unreadable)?;
    let fault = key.and_then(|key| note.verify(key).err());
    Ok((checkpoint, fault.map(|error| (Code::WrongSignature, error.to_string()))))
}

/// Whether the map was made over this state of the log, and accounts for all of it.
fn of_the_log(log: &Checkpoint, map: &Checkpoint, wrong: &mut Vec<Wrong>) {
    let told = |key: &str| {
        let mut lines = map.extensions.iter();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).unwrap_or_default()
    };
    let of = format!("{} {}", log.size, STANDARD.encode(log.root));
    if told("log") != of {
        wrong.push((Code::OtherLog, format!("{} ≠ {of}", told("log"))));
    }
    if told("entries") != log.size.to_string() {
        wrong.push((Code::UnaccountedEntries, format!("{} ≠ {}", told("entries"), log.size)));
    }
}

/// Whether the log goes on from the auditor's checkpoint.
fn grown(since: &Checkpoint, log: &Checkpoint, proof: &str, wrong: &mut Vec<Wrong>) {
    let sizes = format!("{} → {}", since.size, log.size);
    if since.origin != log.origin {
        wrong.push((Code::OtherOrigin, format!("{} ≠ {}", log.origin, since.origin)));
        return;
    }
    if since.size > log.size {
        wrong.push((Code::OlderThanSince, sizes));
        return;
    }
    let needs_none = since.size == 0 || since.size == log.size;
    let proof = match needs_none {
        true => Some(Vec::new()),
        false => read_hashes(proof).filter(|proof| !proof.is_empty()),
    };
    let Some(proof) = proof else {
        wrong.push((Code::NoConsistencyProof, sizes));
        return;
    };
    if let Err(error) = verify_consistency(since.size, &since.root, log.size, &log.root, &proof) {
        wrong.push((Code::NotConsistent, format!("{sizes}: {error}")));
    }
}
