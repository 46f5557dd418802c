//! Verifying an export offline: `docs/PROOF.md` says what is in a bundle and what each failure means.
//!
//! A [`Verifier`] is given the lines of a bundle one by one and holds only the case at hand. It
//! recomputes everything that follows from the events: their chain and their proofs, the state of
//! each case, and every deadline by the definition and calendar that the events name.
//!
//! **Invariant.** Nothing that it is given makes it panic, and every problem has its own code.

mod case;
mod code;
mod digest;
mod format;
mod map;
mod proofs;
mod recount;
mod rules;
mod strict;
mod trust;
mod unit;
mod write;

use std::collections::BTreeSet;

use serde::{
    Deserialize, Serialize,
    de::value::{Error, StrDeserializer},
};
use serde_json::Value;

use self::{
    case::Reading,
    digest::Digest,
    proofs::Proofs,
    rules::{Rules, Wrong},
    trust::Head,
    unit::{Following, stands},
};
pub use self::{
    code::{Code, Problem},
    format::{
        BundleLine, CalendarFileLine, CalendarLine, CaseLine, DefinitionLine, EndLine, EventLine,
        FORMAT, Kind, LeftOutLine, Line, MapEntry, Neighbour, OrganisationLine, StateLine,
        UnitLine, hashes, hex, read_hashes, read_hex,
    },
    map::MapTree,
    strict::is_canonical,
    trust::{MAP_ORIGIN, Trust, map_checkpoint},
    write::Writer,
};
use crate::{CaseId, UnitId, timeline::Hash};

/// So many problems are told; the others are counted.
pub const MOST_PROBLEMS: usize = 1_000;

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What is wrong, in the order in which it was found; at most [`MOST_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: u64,
    /// What was looked at.
    pub summary: Summary,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// With what a verifier exits: 0, or the code of what was found first.
    pub fn exit(&self) -> u8 {
        self.problems.first().map_or(0, |problem| problem.code.exit())
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The lines of the file.
    pub lines: u64,
    /// Cases with their events.
    pub cases: u64,
    /// Their events.
    pub events: u64,
    /// Events that the checkpoint does not cover: they are in no bundle, and proved by nothing.
    pub later: u64,
    /// Cases whose stored state could be compared.
    pub states: u64,
    /// Timelines of complete units that the scope leaves out.
    pub left_out: u64,
    /// Units of which every case is there or said to be left out.
    pub complete_units: u64,
    /// Units of which only some cases were asked for: that one is missing would not show.
    pub partial_units: u64,
    /// Whether all timelines of the map are there or said to be left out.
    pub whole_map: bool,
    /// How many entries the log has at the checkpoint.
    pub size: u64,
    /// Its root, in hexadecimal.
    pub root: String,
    /// How many timelines the map has.
    pub timelines: u64,
    /// The log's name.
    pub origin: String,
    /// The key by which signatures were verified.
    pub key: Option<String>,
    /// Whether that key was brought along, and not taken from the bundle.
    pub key_brought: bool,
    /// The size of the auditor's checkpoint.
    pub since: Option<u64>,
    /// When the bundle was made, as it says.
    pub made_at: Option<crate::Instant>,
}

/// Reads a bundle line by line.
#[derive(Clone, Debug)]
pub struct Verifier {
    trust: Trust,
    digest: Digest,
    rank: u8,
    dead: bool,
    ended: bool,
    head: Option<Head>,
    proofs: Proofs,
    rules: Rules,
    unit: Option<Following>,
    /// The map up to here without a gap: the place after the last unit, and the sum of the counts.
    covered: Option<(u64, u64)>,
    /// The bytes of the last entry of the map that was read.
    last_entry: Option<Vec<u8>>,
    /// What the scope promises to hold whole: the units, or everything.
    promised: Promised,
    case: Option<Reading>,
    report: Report,
}

impl Verifier {
    /// A verification that begins.
    pub fn new(trust: Trust) -> Self {
        let summary = Summary {
            key_brought: trust.key.is_some(),
            since: trust.since.as_ref().map(|since| since.size),
            ..Summary::default()
        };
        Self {
            trust,
            digest: Digest::new(),
            rank: 0,
            dead: false,
            ended: false,
            head: None,
            proofs: Proofs::new(0, Hash::default()),
            rules: Rules::default(),
            unit: None,
            covered: Some((0, 0)),
            last_entry: None,
            promised: Promised::default(),
            case: None,
            report: Report { problems: Vec::new(), more: 0, summary },
        }
    }

    /// The next line, without its end; `whole` says whether it had one.
    pub fn line(&mut self, bytes: &[u8], whole: bool) {
        self.report.summary.lines += 1;
        if self.ended {
            self.wrong((Code::AfterTheEnd, String::new()));
            return;
        }
        if !whole {
            self.ended = true;
            self.wrong((Code::CutFile, String::new()));
            return;
        }
        let is_end = self.read(bytes);
        if !is_end {
            self.digest.update(bytes);
            self.digest.update(b"\n");
        }
    }

    /// What was found up to here.
    pub fn problems(&self) -> &[Problem] {
        &self.report.problems
    }

    /// Nothing follows any more.
    pub fn finish(mut self) -> Report {
        if !self.ended {
            self.report.summary.lines += 1;
            self.wrong((Code::CutFile, String::new()));
            self.report.summary.lines -= 1;
        }
        self.report
    }

    /// Whether it was the end line.
    fn read(&mut self, bytes: &[u8]) -> bool {
        let text = std::str::from_utf8(bytes);
        let first = self.report.summary.lines == 1;
        let kind = text.ok().and_then(kind_of);
        if first && kind != Some(Kind::Bundle) {
            self.wrong((Code::NotABundle, String::new()));
            self.dead = true;
        }
        if self.dead && kind != Some(Kind::End) {
            return false;
        }
        let (Ok(text), Some(kind)) = (text, kind) else {
            self.wrong((Code::UnreadableLine, String::new()));
            return false;
        };
        if !is_canonical(text) {
            self.wrong((Code::NotCanonical, String::new()));
        }
        match self.line_of(kind, text) {
            Ok(()) => kind == Kind::End,
            Err(wrong) => {
                self.wrong(wrong);
                // Without the first line there is nothing to hold the others against.
                self.dead |= first && self.head.is_none();
                false
            }
        }
    }

    fn line_of(&mut self, kind: Kind, text: &str) -> Result<(), Wrong> {
        match kind {
            Kind::Event => self.event(&parsed(text)?),
            Kind::State => self.state(&parsed(text)?),
            Kind::Case => self.case(&parsed(text)?),
            Kind::LeftOut => self.left_out(&parsed(text)?),
            Kind::Unit => self.unit(&parsed(text)?),
            Kind::Bundle => self.bundle(&parsed(text)?),
            Kind::Organisation => {
                self.comes(1, false)?;
                self.rules.organisation(parsed(text)?)
            }
            Kind::Definition => {
                self.comes(2, true)?;
                self.rules.definition(parsed(text)?)
            }
            Kind::CalendarFile => {
                self.comes(3, true)?;
                self.rules.file(parsed(text)?)
            }
            Kind::Calendar => {
                self.comes(4, true)?;
                self.rules.state(parsed(text)?)
            }
            Kind::End => self.end(&parsed(text)?),
        }
    }

    /// The kinds of lines come in an order.
    fn comes(&mut self, rank: u8, again: bool) -> Result<(), Wrong> {
        let before = self.rank;
        self.rank = before.max(rank);
        if before > rank || before == rank && !again {
            return Err((Code::OutOfOrder, String::new()));
        }
        Ok(())
    }

    fn bundle(&mut self, line: &BundleLine<'_>) -> Result<(), Wrong> {
        if self.report.summary.lines != 1 {
            return Err((Code::OutOfOrder, String::new()));
        }
        if line.format != FORMAT {
            self.dead = true;
            return Err((Code::NotABundle, line.format.to_string()));
        }
        self.promised = Promised::of(&line.scope);
        let mut wrong = Vec::new();
        let head = Head::read(line, &self.trust, &mut wrong);
        self.dead = head.is_none();
        if let Some(head) = head {
            let summary = &mut self.report.summary;
            summary.size = head.log.size;
            summary.root = hex(&head.log.root);
            summary.origin.clone_from(&head.log.origin);
            summary.timelines = head.map.size;
            summary.key = head.key.as_ref().map(ToString::to_string);
            summary.made_at = Some(line.made_at);
            self.proofs = Proofs::new(head.log.size, head.log.root);
            self.head = Some(head);
        }
        wrong.into_iter().for_each(|wrong| self.wrong(wrong));
        Ok(())
    }

    fn unit(&mut self, line: &UnitLine<'_>) -> Result<(), Wrong> {
        self.end_unit();
        self.comes(5, true)?;
        let Some(head) = &self.head else { return Ok(()) };
        let mut wrong = Vec::new();
        let following = Following::begin(line, &head.map, &mut wrong);
        let summary = &mut self.report.summary;
        if line.complete {
            self.promised.units.remove(&*line.unit);
        }
        match line.complete {
            true => summary.complete_units += 1,
            false => summary.partial_units += 1,
        }
        let goes_on = line.complete && self.covered.is_some_and(|(next, _)| next == line.from);
        if !goes_on {
            self.covered = None;
        }
        self.unit = Some(following);
        wrong.into_iter().for_each(|wrong| self.wrong(wrong));
        Ok(())
    }

    /// An entry of the map, of the unit at hand.
    fn entry(
        &mut self,
        case: CaseId,
        count: u32,
        head: &str,
        index: u64,
        proof: &str,
    ) -> Result<MapEntry, Wrong> {
        self.end_case();
        let (Some(unit), Some(map)) = (&mut self.unit, &self.head) else {
            return Err((Code::OutOfOrder, case.to_string()));
        };
        let Some(head) = read_hex(head) else {
            return Err((Code::UnreadableLine, "head".to_owned()));
        };
        let entry = MapEntry { unit: unit.unit.clone(), case, count, head };
        let bytes = entry.bytes();
        let mut wrong: Vec<Wrong> = unit.follows(index).err().into_iter().collect();
        wrong.extend(stands(&map.map, &entry, index, proof).err());
        let sorted = self.last_entry.as_ref().is_none_or(|last| *last < bytes);
        if !sorted {
            wrong.push((Code::OutOfOrder, case.to_string()));
        }
        self.last_entry = Some(bytes);
        self.covered = match self.covered {
            Some((next, sum)) if next == index => Some((index + 1, sum + u64::from(count))),
            _ => None,
        };
        wrong.into_iter().for_each(|wrong| self.wrong(wrong));
        Ok(entry)
    }

    fn left_out(&mut self, line: &LeftOutLine<'_>) -> Result<(), Wrong> {
        let entry = self.entry(line.case, line.count, &line.head, line.index, &line.proof)?;
        self.report.summary.left_out += 1;
        if entry.head == Hash::default() {
            let problem = (Code::LostTimeline, entry.count.to_string());
            self.wrong_of(problem, Some(entry.case), None);
        }
        Ok(())
    }

    fn case(&mut self, line: &CaseLine<'_>) -> Result<(), Wrong> {
        let entry = self.entry(line.case, line.count, &line.head, line.index, &line.proof)?;
        self.report.summary.cases += 1;
        self.case = Some(Reading::begin(&entry));
        Ok(())
    }

    fn event(&mut self, line: &EventLine<'_>) -> Result<(), Wrong> {
        let Some(case) = self.case.as_mut().filter(|case| case.id == line.case) else {
            return Err((Code::OutOfOrder, line.case.to_string()));
        };
        let mut wrong = Vec::new();
        case.event(line, &mut self.proofs, &self.rules, &mut wrong);
        self.report.summary.events += 1;
        for wrong in wrong {
            self.wrong_of(wrong, Some(line.case), Some(line.seq));
        }
        Ok(())
    }

    fn state(&mut self, line: &StateLine<'_>) -> Result<(), Wrong> {
        let Some(case) = self.case.take_if(|case| case.id == line.case) else {
            return Err((Code::OutOfOrder, line.case.to_string()));
        };
        self.report.summary.later += u64::from(line.later);
        self.report.summary.states += u64::from(line.later == 0);
        let (id, seq) = (case.id, case.seq);
        let mut wrong = Vec::new();
        case.end(Some(line), &mut wrong);
        for wrong in wrong {
            self.wrong_of(wrong, Some(id), Some(seq));
        }
        Ok(())
    }

    /// Nothing more comes of the case at hand; where its state did, there is none any more.
    fn end_case(&mut self) {
        let Some(case) = self.case.take() else { return };
        let (id, seq) = (case.id, case.seq);
        let mut wrong = Vec::new();
        case.end(None, &mut wrong);
        for wrong in wrong {
            self.wrong_of(wrong, Some(id), Some(seq));
        }
    }

    fn end_unit(&mut self) {
        self.end_case();
        if let Some(wrong) = self.unit.take().and_then(|unit| unit.end().err()) {
            self.wrong(wrong);
        }
    }

    fn end(&mut self, line: &EndLine<'_>) -> Result<(), Wrong> {
        self.ended = true;
        self.end_unit();
        if line.lines != self.report.summary.lines - 1 {
            let lines = self.report.summary.lines - 1;
            self.wrong((Code::WrongLength, format!("{} ≠ {lines}", line.lines)));
        }
        let found = hex(&self.digest.finish());
        if *line.sha256 != found {
            self.wrong((Code::WrongHash, format!("{} ≠ {found}", line.sha256)));
        }
        let Some(head) = &self.head else { return Ok(()) };
        // Where every timeline of the map was seen, their events must be all that the log has.
        if let Some((next, sum)) = self.covered
            && next == head.map.size
        {
            self.report.summary.whole_map = true;
            if sum != head.log.size {
                return Err((Code::UnaccountedEntries, format!("{sum} ≠ {}", head.log.size)));
            }
        }
        if self.promised.everything && !self.report.summary.whole_map {
            return Err((Code::MissingCase, "everything".to_owned()));
        }
        match self.promised.units.first() {
            Some(unit) => Err((Code::MissingCase, unit.clone())),
            None => Ok(()),
        }
    }

    fn wrong(&mut self, wrong: Wrong) {
        self.wrong_of(wrong, None, None);
    }

    fn wrong_of(&mut self, (code, detail): Wrong, case: Option<CaseId>, seq: Option<u32>) {
        if self.report.problems.len() >= MOST_PROBLEMS {
            self.report.more += 1;
            return;
        }
        let line = self.report.summary.lines;
        let detail = (!detail.is_empty()).then_some(detail);
        self.report.problems.push(Problem { code, line, case, seq, detail });
    }
}

/// What a scope promises to hold whole: `everything`, or its `units`.
#[derive(Clone, Debug, Default)]
struct Promised {
    everything: bool,
    units: BTreeSet<String>,
}

impl Promised {
    fn of(scope: &Value) -> Self {
        let units = scope.get("units").and_then(Value::as_array);
        let units = units.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let everything = scope.get("everything") == Some(&Value::Bool(true));
        Self { everything, units: units.collect() }
    }
}

/// The kind that a line says. In none of them does the name stand anywhere before the line's own:
/// within texts its quotes are escaped, and what else has such a name stands behind it.
fn kind_of(text: &str) -> Option<Kind> {
    if text.starts_with("{\"body\":") {
        return Some(Kind::Event);
    }
    const NAME: &str = "\"kind\":\"";
    let from = text.find(NAME)? + NAME.len();
    let rest = &text[from..];
    let kind = &rest[..rest.find('"')?];
    Kind::deserialize(StrDeserializer::<Error>::new(kind)).ok()
}

fn parsed<'l, T: Line + Deserialize<'l>>(text: &'l str) -> Result<T, Wrong> {
    let line: T =
        serde_json::from_str(text).map_err(|error| (Code::UnreadableLine, error.to_string()))?;
    if line.kind() != T::KIND {
        return Err((Code::UnreadableLine, "kind".to_owned()));
    }
    Ok(line)
}

/// The unit under which the map has what belongs to none: exports, and timelines of which nothing is left.
pub fn no_unit() -> UnitId {
    UnitId::from("")
}
