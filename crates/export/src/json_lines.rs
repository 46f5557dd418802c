//! Each event a line of canonical JSON (RFC 8785): its recorded bytes, verbatim, with its case and its hash.

use parvaneh_core::RecordedEvent;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes an event. The names stand in their canonical order, and the body is canonical itself.
pub(crate) fn event(event: &RecordedEvent<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"case\":\"");
    identifier(event.case.case.0, out);
    out.extend_from_slice(b"\",\"event\":");
    out.extend_from_slice(event.body.as_bytes());
    out.extend_from_slice(b",\"hash\":\"");
    hexadecimal(&event.hash, out);
    out.extend_from_slice(b"\"}\n");
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
        out.extend_from_slice(&digits);
    }
}

/// An identifier.
pub(crate) fn identifier(id: uuid::Uuid, out: &mut Vec<u8>) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    out.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
}
