//! Writing a bundle: the bytes of each line, and the end line that seals them.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::format::{EndLine, EventLine, Kind, Line, hex};

/// Turns lines into the bytes of a bundle. What is written is handed out after each line, so that
/// nobody holds more than that.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    lines: u64,
    hasher: Sha256,
}

impl Writer {
    /// A bundle of which nothing is written yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line to `out`.
    pub fn line(&mut self, line: &impl Line, out: &mut Vec<u8>) {
        let from = out.len();
        out.extend_from_slice(&canonical(line));
        self.seal(from, out);
    }

    /// The same of an event, of which there are many.
    pub fn event(&mut self, line: &EventLine<'_>, out: &mut Vec<u8>) {
        let from = out.len();
        let EventLine { kind: _, case, seq, position, body, hash, proof } = line;
        out.extend_from_slice(b"{\"body\":");
        serde_json::to_writer(&mut *out, body).expect("a Vec takes all that is written");
        let rest = format!(
            ",\"case\":\"{case}\",\"hash\":\"{hash}\",\"kind\":\"event\",\"position\":{position},\
             \"proof\":\"{proof}\",\"seq\":{seq}}}"
        );
        out.extend_from_slice(rest.as_bytes());
        self.seal(from, out);
    }

    fn seal(&mut self, from: usize, out: &mut Vec<u8>) {
        out.push(b'\n');
        self.hasher.update(&out[from..]);
        self.lines += 1;
    }

    /// Adds the last line to `out`.
    pub fn end(self, out: &mut Vec<u8>) {
        let sha256 = Cow::from(hex(&self.hasher.finalize().into()));
        let line = EndLine { kind: Kind::End, lines: self.lines, sha256 };
        out.extend_from_slice(&canonical(&line));
        out.push(b'\n');
    }
}

/// Canonical JSON (RFC 8785).
pub(super) fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("a line holds only what JSON can say")
}
