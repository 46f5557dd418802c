//! Bundles made of what the shipped scenarios do, without any database: an office, its log, its map.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses a part of it")]

use std::{borrow::Cow, cell::RefCell, path::PathBuf};

use parvaneh_core::{
    CalendarSource, Calendars, Case, CaseId, Definition, Event, Fact, Instant, Organisation, Unit,
    UnitId,
    audit::*,
    decide,
    definition::{Level, Text},
    event::StatutoryChange,
    log::{
        consistency, entry, leaf,
        note::{Checkpoint, Purpose, Signer},
    },
    open,
    scenario::{self, Asked, Setting},
    timeline::{GENESIS, Hash, canonical, chain},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const ORGANISATION: &str = include_str!("../../../../workflows/organisation/ir.csv");
const CALENDAR: &str = include_str!("../../../../workflows/calendars/ir.yaml");
/// The log of these tests.
pub(crate) const ORIGIN: &str = "parvaneh.example.org/timelines";

fn units() -> Vec<Unit> {
    let units = ORGANISATION.lines().skip(1).map(|line| {
        let [id, parent, level, fa, en, _] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let level = match level {
            "national" => Level::National,
            "province" => Level::Province,
            _ => Level::County,
        };
        let parent = (!parent.is_empty()).then(|| UnitId::from(parent));
        let title = Text { fa: fa.to_owned(), en: en.to_owned() };
        Unit { id: id.into(), parent, level, title }
    });
    units.collect()
}

/// The key of the installation.
pub(crate) fn signer() -> Signer {
    Signer::new(ORIGIN, Purpose::Log, &[7; 32]).unwrap()
}

/// What an auditor brings along who was told the key.
pub(crate) fn trust() -> Trust {
    Trust { key: Some(signer().public().clone()), since: None }
}

/// A case with its events, and what is stored beside them.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub(crate) case: CaseId,
    pub(crate) unit: UnitId,
    /// Canonical bytes and hash of each event; and when it was recorded.
    pub(crate) links: Vec<(String, Hash, Instant)>,
    pub(crate) state: Value,
    pub(crate) deadline: Option<Instant>,
    pub(crate) raw_deadline: Option<Instant>,
}

impl Timeline {
    pub(crate) fn of(events: &[Event], calendars: &Calendars, organisation: &Organisation) -> Self {
        let folded = Case::fold(events).unwrap();
        let mut head = GENESIS;
        let links = events.iter().map(|event| {
            let bytes = canonical(event);
            head = chain(&head, bytes.as_bytes());
            (bytes, head, event.recorded_at)
        });
        let links = links.collect();
        // As the store has it: known once the clock has run, and final when it has stopped.
        let mut raw_deadline = None;
        for (place, event) in events.iter().enumerate() {
            let now = Case::fold(&events[..=place]).unwrap();
            match event.fact.entry().and_then(|entry| entry.statutory.as_ref()) {
                Some(StatutoryChange::Stopped { raw_deadline: raw, .. }) => {
                    raw_deadline = Some(*raw);
                }
                Some(StatutoryChange::Started(_)) => {
                    let calendar = calendars.for_unit(organisation.path(&now.unit));
                    let ledger = &now.statutory.as_ref().unwrap().ledger;
                    raw_deadline = ledger.raw_deadline(calendar).ok();
                }
                _ => {}
            }
        }
        Self {
            case: folded.id,
            unit: folded.unit.clone(),
            links,
            deadline: folded.statutory.as_ref().and_then(|clock| clock.deadline),
            raw_deadline,
            state: serde_json::to_value(&folded).unwrap(),
        }
    }

    /// The head of its chain made right again, whatever its events say.
    pub(crate) fn rechain(&mut self) {
        let mut head = GENESIS;
        for (bytes, hash, _) in &mut self.links {
            head = chain(&head, bytes.as_bytes());
            *hash = head;
        }
    }
}

fn workflows() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../workflows"].iter().collect()
}

/// An office with all that its database holds.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    pub(crate) definitions: Vec<Definition>,
    pub(crate) texts: Vec<String>,
    pub(crate) timelines: Vec<Timeline>,
    /// The log: which event stands where.
    pub(crate) order: Vec<(CaseId, u32)>,
    pub(crate) tree: MapTree,
}

impl Office {
    /// What the scenarios beside the shipped definitions do, each with a case of its own.
    pub(crate) fn of_scenarios() -> Self {
        let calendars = Calendars::compile(CalendarSource::parse("ir.yaml", CALENDAR).unwrap());
        let organisation = Organisation::new(units()).unwrap();
        let (mut definitions, mut texts, mut timelines) = (Vec::new(), Vec::new(), Vec::new());
        let mut folders: Vec<_> =
            std::fs::read_dir(workflows()).unwrap().map(|it| it.unwrap().path()).collect();
        folders.sort();
        for folder in folders.iter().filter(|folder| folder.join("scenarios").is_dir()) {
            let text = std::fs::read_to_string(folder.join("v1.yaml")).unwrap();
            let definition = Definition::parse("v1.yaml", &text).unwrap();
            let mut files: Vec<_> = std::fs::read_dir(folder.join("scenarios"))
                .unwrap()
                .map(|it| it.unwrap().path())
                .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
                .collect();
            files.sort();
            for file in files {
                let source = std::fs::read_to_string(&file).unwrap();
                let setting = Setting {
                    definition: &definition,
                    calendars: &calendars,
                    organisation: &organisation,
                };
                let events = RefCell::new(Vec::<Event>::new());
                let report = scenario::run_watched(&setting, "it", &source, &|ctx, asked| {
                    let decided = match asked {
                        Asked::Open(application) => open(ctx, application),
                        Asked::Command(case, command) => decide(ctx, case, command),
                    };
                    let mut events = events.borrow_mut();
                    let known = events.len() as u32;
                    let new = decided.map(|decided| decided.events).unwrap_or_default();
                    events.extend(new.into_iter().filter(|event| event.seq > known));
                });
                assert!(report.is_as_expected(), "{report:#?}");
                let mut events = events.into_inner();
                // Of some, nothing comes but a refusal.
                if events.is_empty() {
                    continue;
                }
                let number = timelines.len() as u128;
                if let Fact::Opened { case, .. } = &mut events[0].fact {
                    *case =
                        CaseId(Uuid::from_u128((0xca5e << 64) | (number * 0x9e37_79b9_7f4a_7c15)));
                }
                timelines.push(Timeline::of(&events, &calendars, &organisation));
            }
            definitions.push(definition);
            texts.push(text);
        }
        Self::new(definitions, texts, timelines)
    }

    fn new(definitions: Vec<Definition>, texts: Vec<String>, timelines: Vec<Timeline>) -> Self {
        let mut office =
            Self { definitions, texts, timelines, order: Vec::new(), tree: MapTree::default() };
        office.seal_all();
        office
    }

    /// The log over everything, in the order in which it was recorded.
    pub(crate) fn seal_all(&mut self) {
        let mut all: Vec<_> = self
            .timelines
            .iter()
            .flat_map(|timeline| {
                let links = timeline.links.iter().zip(1..);
                links.map(|((_, hash, at), seq)| (*at, timeline.case, seq, *hash))
            })
            .collect();
        all.sort_by_key(|(at, case, seq, _)| (*at, *case, *seq));
        self.tree = MapTree::default();
        self.order.clear();
        for (_, case, seq, hash) in all {
            self.tree.push(leaf(&entry(case.0, seq, &hash)));
            self.order.push((case, seq));
        }
    }

    /// The state of the log.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let (size, root) = (self.tree.size(), self.tree.root());
        Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }
    }

    /// An earlier state of it.
    pub(crate) fn checkpoint_at(&self, size: usize) -> Checkpoint {
        let mut tree = MapTree::default();
        for (case, seq) in &self.order[..size] {
            let timeline = self.timelines.iter().find(|it| it.case == *case).unwrap();
            tree.push(leaf(&entry(case.0, *seq, &timeline.links[*seq as usize - 1].1)));
        }
        let (size, root) = (tree.size(), tree.root());
        Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }
    }

    pub(crate) fn map(&self) -> Vec<MapEntry> {
        let entry = |timeline: &Timeline| MapEntry {
            unit: timeline.unit.clone(),
            case: timeline.case,
            count: timeline.links.len() as u32,
            head: timeline.links.last().unwrap().1,
        };
        let mut map: Vec<_> = self.timelines.iter().map(entry).collect();
        map.sort_by_key(MapEntry::bytes);
        map
    }

    /// The lines of a bundle of everything, without the last.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines_of(&|_| true, None)
    }

    /// The lines of a bundle of some cases, their units complete, since a checkpoint.
    pub(crate) fn lines_of(
        &self,
        within: &dyn Fn(&Timeline) -> bool,
        since: Option<&Checkpoint>,
    ) -> Vec<Value> {
        let checkpoint = self.checkpoint();
        let map = self.map();
        let mut tree = MapTree::default();
        map.iter().for_each(|entry| tree.push(leaf(&entry.bytes())));
        let entries = map.iter().map(|entry| u64::from(entry.count)).sum();
        let signed_map = map_checkpoint(&checkpoint, tree.size(), tree.root(), entries);
        let since_note = since.map(|since| since.sign(&signer()).unwrap().to_string());
        let grown =
            since.map(|since| consistency(since.size, checkpoint.size, &self.tree).unwrap());
        let mut lines = vec![value(&BundleLine {
            kind: Kind::Bundle,
            format: FORMAT.into(),
            made_at: "2026-11-22T12:00:00Z".parse().unwrap(),
            scope: json!({ "everything": true }),
            checkpoint: checkpoint.sign(&signer()).unwrap().to_string().into(),
            map: signed_map.sign(&signer()).unwrap().to_string().into(),
            since: since_note.map(Cow::from),
            consistency: hashes(&grown.unwrap_or_default()).into(),
            key: Some(signer().public().to_string().into()),
        })];
        lines.push(value(&OrganisationLine { kind: Kind::Organisation, units: units().into() }));
        for (definition, text) in self.definitions.iter().zip(&self.texts) {
            lines.push(value(&DefinitionLine {
                kind: Kind::Definition,
                workflow: definition.id.clone(),
                version: definition.version,
                hash: definition.hash.as_str().into(),
                text: text.into(),
            }));
        }
        let hash = hex(&Sha256::digest(CALENDAR).into());
        lines.push(value(&CalendarFileLine {
            kind: Kind::CalendarFile,
            calendar: "ir".into(),
            hash: hash.as_str().into(),
            text: CALENDAR.into(),
        }));
        lines.push(value(&CalendarLine {
            kind: Kind::Calendar,
            calendar: "ir".into(),
            revision: 0,
            since: "2000-01-01T00:00:00Z".parse().unwrap(),
            version: hash.as_str().into(),
            file: hash.as_str().into(),
            closures: Vec::new(),
        }));
        let proof = |index: usize| hashes(&tree.proof(index as u64).unwrap());
        let mut from = 0;
        while from < map.len() {
            let unit = map[from].unit.clone();
            let to = from + map[from..].iter().take_while(|entry| entry.unit == unit).count();
            let beside = |index: usize| {
                let entry = &map[index];
                Neighbour {
                    unit: entry.unit.as_str().to_owned().into(),
                    case: entry.case,
                    count: entry.count,
                    head: hex(&entry.head).into(),
                    index: index as u64,
                    proof: proof(index).into(),
                }
            };
            let all: Vec<_> = (from..to)
                .map(|index| self.timelines.iter().find(|it| it.case == map[index].case).unwrap())
                .collect();
            if all.iter().any(|timeline| within(timeline)) {
                lines.push(value(&UnitLine {
                    kind: Kind::Unit,
                    unit: unit.as_str().into(),
                    complete: true,
                    from: from as u64,
                    to: to as u64,
                    before: (from > 0).then(|| beside(from - 1)),
                    after: (to < map.len()).then(|| beside(to)),
                }));
                for (index, timeline) in (from..to).zip(all) {
                    let (case, count) = (timeline.case, map[index].count);
                    let (head, proof) = (hex(&map[index].head).into(), proof(index).into());
                    let index = index as u64;
                    if !within(timeline) {
                        let kind = Kind::LeftOut;
                        lines.push(value(&LeftOutLine { kind, case, count, head, index, proof }));
                        continue;
                    }
                    let kind = Kind::Case;
                    lines.push(value(&CaseLine { kind, case, count, head, index, proof }));
                    lines.extend(self.events(timeline));
                    lines.push(value(&StateLine {
                        kind: Kind::State,
                        case,
                        later: 0,
                        state: Some(Cow::Borrowed(&timeline.state)),
                        deadline: timeline.deadline,
                        raw_deadline: timeline.raw_deadline,
                    }));
                }
            }
            from = to;
        }
        lines
    }

    fn events<'o>(&'o self, timeline: &'o Timeline) -> impl Iterator<Item = Value> + 'o {
        timeline.links.iter().zip(1..).map(|((bytes, hash, _), seq)| {
            let case = timeline.case;
            let position = self.order.iter().position(|it| *it == (case, seq)).unwrap() as u64;
            value(&EventLine {
                kind: Kind::Event,
                case,
                seq,
                position,
                body: bytes.into(),
                hash: hex(hash).into(),
                proof: hashes(&self.tree.proof(position).unwrap()).into(),
            })
        })
    }
}

fn value(line: &impl Line) -> Value {
    serde_json::to_value(line).unwrap()
}

/// The bytes of a bundle with these lines, its end line right, whatever they say.
pub(crate) fn sealed(lines: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend(serde_json_canonicalizer::to_vec(line).unwrap());
        bytes.push(b'\n');
    }
    let sha256 = hex(&Sha256::digest(&bytes).into());
    let end = json!({ "kind": "end", "lines": lines.len(), "sha256": sha256 });
    bytes.extend(serde_json_canonicalizer::to_vec(&end).unwrap());
    bytes.push(b'\n');
    bytes
}

/// Gives a verifier the lines of these bytes.
pub(crate) fn fed(verifier: &mut Verifier, bytes: &[u8]) {
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.split_last() {
            Some((b'\n', line)) => verifier.line(line, true),
            _ => verifier.line(line, false),
        }
    }
}

/// What a verifier says of these bytes.
pub(crate) fn verified(bytes: &[u8], trust: Trust) -> Report {
    let mut verifier = Verifier::new(trust);
    fed(&mut verifier, bytes);
    verifier.finish()
}
