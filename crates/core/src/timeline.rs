//! Canonical bytes of events, and the hash that chains each to the one before it.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::event::Event;

/// A link of the chain: SHA-256.
pub type Hash = [u8; 32];

/// What the first event of a case is chained to.
pub const GENESIS: Hash = [0; 32];

/// The event's canonical bytes: JSON by RFC 8785 (JCS). They are what is stored, hashed and shown
/// to an auditor.
///
/// Written here, because an event needs only a part of that standard: its names are ASCII and its
/// numbers whole, below 2^53. Tests hold it against a complete implementation.
pub fn canonical(event: &Event) -> String {
    let value = serde_json::to_value(event).expect("an event holds only what JSON can say");
    canonical_json(&value)
}

/// The canonical bytes of what has only whole numbers and names in ASCII, as an event does.
pub fn canonical_json(value: &Value) -> String {
    let mut bytes = Vec::with_capacity(512);
    write(value, &mut bytes).expect("a Vec takes all that is written");
    String::from_utf8(bytes).expect("JSON is text")
}

fn write(value: &Value, bytes: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Object(fields) => {
            // The order of a map's fields depends on how serde_json is built.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            bytes.push(b'{');
            for (place, (name, value)) in fields.into_iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                serde_json::to_writer(&mut *bytes, name)?;
                bytes.push(b':');
                write(value, bytes)?;
            }
            bytes.push(b'}');
        }
        Value::Array(items) => {
            bytes.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    bytes.push(b',');
                }
                write(item, bytes)?;
            }
            bytes.push(b']');
        }
        single => serde_json::to_writer(bytes, single)?,
    }
    Ok(())
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
