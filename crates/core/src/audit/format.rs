//! The lines of a bundle, as `docs/PROOF.md` has them: what is written, and what is read back.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CalendarId, CaseId, Unit, UnitId, WorkflowId, calendar::DecidedClosure, clock::Instant,
    timeline::Hash,
};

/// The format that is written and read.
pub const FORMAT: &str = "parvaneh-bundle/1";

/// The kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`BundleLine`].
    Bundle,
    /// [`OrganisationLine`].
    Organisation,
    /// [`DefinitionLine`].
    Definition,
    /// [`CalendarFileLine`].
    CalendarFile,
    /// [`CalendarLine`].
    Calendar,
    /// [`UnitLine`].
    Unit,
    /// [`LeftOutLine`].
    LeftOut,
    /// [`CaseLine`].
    Case,
    /// [`EventLine`].
    Event,
    /// [`StateLine`].
    State,
    /// [`EndLine`].
    End,
}

/// A kind of line as a type.
pub trait Line: Serialize {
    /// Its kind, which also stands in it.
    const KIND: Kind;

    /// The kind that stands in it.
    fn kind(&self) -> Kind;
}

macro_rules! lines {
    ($($name:ident $kind:ident;)*) => {
        $(impl Line for $name<'_> {
            const KIND: Kind = Kind::$kind;

            fn kind(&self) -> Kind {
                self.kind
            }
        })*
    };
}

lines! {
    BundleLine Bundle;
    OrganisationLine Organisation;
    DefinitionLine Definition;
    CalendarFileLine CalendarFile;
    CalendarLine Calendar;
    UnitLine Unit;
    LeftOutLine LeftOut;
    CaseLine Case;
    EventLine Event;
    StateLine State;
    EndLine End;
}

/// The first line: what was asked for, and by which state of the log it is proved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// [`FORMAT`].
    pub format: Cow<'l, str>,
    /// When the bundle was made.
    pub made_at: Instant,
    /// What was asked for, as it was asked: for the reader, and proved by nothing.
    pub scope: Value,
    /// The signed note of the checkpoint.
    pub checkpoint: Cow<'l, str>,
    /// The signed note of the map of all timelines at that checkpoint.
    pub map: Cow<'l, str>,
    /// The auditor's checkpoint, where he gave one.
    #[serde(deserialize_with = "Option::deserialize")]
    pub since: Option<Cow<'l, str>>,
    /// The proof that leads from that to this one (see [`hashes`]); empty without one.
    pub consistency: Cow<'l, str>,
    /// The verifier key of the installation, for convenience.
    #[serde(deserialize_with = "Option::deserialize")]
    pub key: Option<Cow<'l, str>>,
}

/// The units of the organisation: which calendar a clock counts by follows from them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// All of them.
    pub units: Cow<'l, [Unit]>,
}

/// A version of a definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its number.
    pub version: u32,
    /// SHA-256 of the file.
    pub hash: Cow<'l, str>,
    /// The file.
    pub text: Cow<'l, str>,
}

/// A published file of a calendar.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarFileLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Which.
    pub calendar: CalendarId,
    /// SHA-256 of the file.
    pub hash: Cow<'l, str>,
    /// The file.
    pub text: Cow<'l, str>,
}

/// A state of a calendar: a file with the closures that were in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Which.
    pub calendar: CalendarId,
    /// The number of the state; 0 for a calendar that never changes.
    pub revision: u32,
    /// Since when it was in force.
    pub since: Instant,
    /// What events call it: see [`closed_version`](crate::calendar::closed_version).
    pub version: Cow<'l, str>,
    /// The hash of the file.
    pub file: Cow<'l, str>,
    /// The closures that were in force.
    pub closures: Vec<DecidedClosure>,
}

/// A unit of the scope begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Which.
    pub unit: Cow<'l, str>,
    /// Whether every timeline that the map has of it follows.
    pub complete: bool,
    /// The first place of the unit in the map, counted from 0.
    pub from: u64,
    /// The place after its last.
    pub to: u64,
    /// What stands in the map before the unit; absent where nothing does.
    #[serde(deserialize_with = "Option::deserialize")]
    pub before: Option<Neighbour<'l>>,
    /// What stands after it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub after: Option<Neighbour<'l>>,
}

/// An entry of the map beside a unit, with its proof.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbour<'l> {
    /// Its unit.
    pub unit: Cow<'l, str>,
    /// Whose timeline.
    pub case: CaseId,
    /// How many of its events the log has.
    pub count: u32,
    /// The hash of the last of them.
    pub head: Cow<'l, str>,
    /// Its place in the map.
    pub index: u64,
    /// Its proof in the map.
    pub proof: Cow<'l, str>,
}

/// A timeline of the unit that the scope leaves out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Whose.
    pub case: CaseId,
    /// How many of its events the log has.
    pub count: u32,
    /// The hash of the last of them; zeros where nothing is left of it.
    pub head: Cow<'l, str>,
    /// Its place in the map.
    pub index: u64,
    /// Its proof in the map.
    pub proof: Cow<'l, str>,
}

/// A case begins: its entry in the map.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Which.
    pub case: CaseId,
    /// How many of its events the log has.
    pub count: u32,
    /// The hash of the last of them.
    pub head: Cow<'l, str>,
    /// Its place in the map.
    pub index: u64,
    /// Its proof in the map.
    pub proof: Cow<'l, str>,
}

/// An event of the case.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Of which case.
    pub case: CaseId,
    /// Its number in it.
    pub seq: u32,
    /// Its place in the log, counted from 0.
    pub position: u64,
    /// Its canonical bytes.
    #[serde(borrow)]
    pub body: Cow<'l, str>,
    /// The hash that chains them to the event before.
    #[serde(borrow)]
    pub hash: Cow<'l, str>,
    /// Its proof in the log.
    #[serde(borrow)]
    pub proof: Cow<'l, str>,
}

/// What is stored of the case beside its events; the case ends with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// Of which case.
    pub case: CaseId,
    /// How many events it has that the checkpoint does not cover: with any, nothing else is said.
    pub later: u32,
    /// The state.
    #[serde(deserialize_with = "Option::deserialize")]
    pub state: Option<Cow<'l, Value>>,
    /// The statutory deadline.
    #[serde(deserialize_with = "Option::deserialize")]
    pub deadline: Option<Instant>,
    /// The same without suspensions and extensions.
    #[serde(deserialize_with = "Option::deserialize")]
    pub raw_deadline: Option<Instant>,
}

/// The last line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndLine<'l> {
    /// [`Line::KIND`].
    pub kind: Kind,
    /// How many lines stand before it.
    pub lines: u64,
    /// SHA-256 of all bytes before it.
    pub sha256: Cow<'l, str>,
}

/// Hashes, one after the other, in base64 (RFC 4648 §4).
pub fn hashes(list: &[Hash]) -> String {
    STANDARD.encode(list.as_flattened())
}

/// What [`hashes`] wrote; `None` if it did not.
pub fn read_hashes(text: &str) -> Option<Vec<Hash>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (list, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| list.to_vec())
}

/// A hash in lowercase hexadecimal.
pub fn hex(hash: &Hash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A hash from lowercase hexadecimal.
pub fn read_hex(text: &str) -> Option<Hash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = Hash::default();
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// What the map has of a timeline: the entry of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The unit that received the case; empty for an export, and where nothing is left of a case.
    pub unit: UnitId,
    /// Whose timeline.
    pub case: CaseId,
    /// How many of its events the log has.
    pub count: u32,
    /// The hash of the last of them.
    pub head: Hash,
}

impl MapEntry {
    /// Its bytes: unit, 0, case, count (big endian), head. Entries stand in the order of these.
    pub fn bytes(&self) -> Vec<u8> {
        let unit = self.unit.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(unit.len() + 1 + 16 + 4 + 32);
        bytes.extend_from_slice(unit);
        bytes.push(0);
        bytes.extend_from_slice(self.case.0.as_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.head);
        bytes
    }
}
