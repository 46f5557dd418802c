//! The hash of a whole bundle, taken on a thread of its own beside what is verified meanwhile: it is a seventh of the
//! work, and nothing waits for it before the last line.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    thread::Builder,
};

use sha2::{Digest as _, Sha256};

use crate::timeline::Hash;

/// So many bytes are handed over at once; a shorter bundle needs no thread.
const PIECE: usize = 1 << 20;
/// So many pieces wait at most, so that memory stays flat where reading is faster than hashing.
const WAITING: usize = 4;

/// SHA-256 of what it is given, piece by piece.
#[derive(Debug)]
pub(super) struct Digest {
    piece: Vec<u8>,
    hashing: Hashing,
}

#[derive(Debug)]
enum Hashing {
    /// As long as nothing was handed over; and where no thread can be had.
    Here(Sha256),
    /// On a thread that ends when nothing can be handed over any more.
    There(SyncSender<Handed>),
}

#[derive(Debug)]
enum Handed {
    Piece(Vec<u8>),
    /// What came of everything before is asked for.
    Asked(SyncSender<Sha256>),
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { piece: Vec::new(), hashing: Hashing::Here(Sha256::new()) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() < PIECE {
            return;
        }
        if let Hashing::Here(hasher) = &self.hashing {
            self.hashing = elsewhere(hasher.clone());
        }
        match &mut self.hashing {
            Hashing::Here(hasher) => {
                hasher.update(&self.piece);
                self.piece.clear();
            }
            Hashing::There(hand_over) => {
                let next = Vec::with_capacity(PIECE + PIECE / 8);
                let piece = std::mem::replace(&mut self.piece, next);
                hand_over.send(Handed::Piece(piece)).expect(TAKES_ALL);
            }
        }
    }

    /// The hash of all of it.
    pub(super) fn finish(&self) -> Hash {
        self.hashing.state().chain_update(&self.piece).finalize().into()
    }
}

/// The copy goes on where this one is.
impl Clone for Digest {
    fn clone(&self) -> Self {
        Self { piece: self.piece.clone(), hashing: Hashing::Here(self.hashing.state()) }
    }
}

const TAKES_ALL: &str = "hashing does not panic, and takes what comes until nothing can come";

impl Hashing {
    /// What came of everything that was handed over.
    fn state(&self) -> Sha256 {
        match self {
            Self::Here(hasher) => hasher.clone(),
            Self::There(hand_over) => {
                let (answer, answered) = sync_channel(1);
                hand_over.send(Handed::Asked(answer)).expect(TAKES_ALL);
                answered.recv().expect(TAKES_ALL)
            }
        }
    }
}

/// What has been hashed goes on on another thread, if there can be one.
fn elsewhere(hasher: Sha256) -> Hashing {
    let (hand_over, handed) = sync_channel(WAITING);
    let mut there = hasher.clone();
    let hashes = move || {
        for one in handed {
            match one {
                Handed::Piece(piece) => there.update(&piece),
                // Whoever asked has gone: nobody waits for it.
                Handed::Asked(answer) => _ = answer.send(there.clone()),
            }
        }
    };
    match Builder::new().name("bundle-digest".to_owned()).spawn(hashes) {
        Ok(_) => Hashing::There(hand_over),
        Err(_) => Hashing::Here(hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_all_bytes_however_many_there_are() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 7 * PIECE + 3] {
            let bytes: Vec<u8> = (0..length).map(|no| (no % 251) as u8).collect();
            let mut digest = Digest::new();
            let (first, rest) = bytes.split_at(length / 2);
            first.chunks(1_000).for_each(|line| digest.update(line));
            let mut copy = digest.clone();
            for digest in [&mut digest, &mut copy] {
                rest.chunks(1_000).for_each(|line| digest.update(line));
                assert_eq!(digest.finish(), Hash::from(Sha256::digest(&bytes)), "{length}");
            }
        }
    }
}
