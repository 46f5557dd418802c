//! Canonical bytes of events, and the hash that chains each to the one before it.

use sha2::{Digest, Sha256};

use crate::event::Event;

/// A link of the chain: SHA-256.
pub type Hash = [u8; 32];

/// What the first event of a case is chained to.
pub const GENESIS: Hash = [0; 32];

/// The event's canonical bytes: JSON by RFC 8785 (JCS). They are what is stored, hashed and shown
/// to an auditor.
pub fn canonical(event: &Event) -> String {
    // An event holds only strings, booleans and integers below 2^53, so it always has a JCS form.
    serde_json_canonicalizer::to_string(event).expect("an event has no number that JSON cannot say")
}

/// The hash of an event: SHA-256 of the hash before it, followed by the event's canonical bytes.
pub fn chain(previous: &Hash, canonical: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(canonical);
    hasher.finalize().into()
}

/// The place of the first event whose hash is not what the chain says, counted from 0.
pub fn first_break<'a>(links: impl IntoIterator<Item = (&'a [u8], Hash)>) -> Option<usize> {
    let mut previous = GENESIS;
    for (place, (bytes, hash)) in links.into_iter().enumerate() {
        if chain(&previous, bytes) != hash {
            return Some(place);
        }
        previous = hash;
    }
    None
}
