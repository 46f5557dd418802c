//! Reads a mapping out of its file: how things are written. Whether they fit both versions is the
//! business of `check.rs`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{ClockRule, Mapping, StatutoryRule, check};
use crate::{
    Definition, WorkflowId,
    definition::StepKind,
    document::{Entry, Fields, Node, Place, Problem, Reader, code as document_code, short},
};

/// The codes that reading a mapping can raise, beside those of every document.
pub mod code {
    crate::document::codes! {
        NOT_A_VERSION = "not-a-version", "A version is not written as a name and a number: `centre-licence@1`.";
        OTHER_WORKFLOW = "other-workflow", "Cases move between versions of one workflow only.";
        SAME_VERSION = "same-version", "Both versions are the same.";
        OTHER_CALENDAR = "other-calendar", "The versions count by different calendars.";
        OTHER_SUBJECT = "other-subject", "The new version is about a licence or another case, and these cases are not.";
        NOT_MAPPED = "not-mapped", "Nothing says what becomes of a step, an inquiry, a field or a kind of paper.";
        MAPPED_TWICE = "mapped-twice", "Two things would become one, or two things are said of one.";
        WRONG_TARGET = "wrong-target", "A case that stands there cannot stand here.";
        OTHER_COMMISSION = "other-commission", "Two commissions have other members, or only one of them decides in sittings.";
        OTHER_TYPE = "other-type", "What a field holds does not fit the field of the new version.";
        NO_WAY_ON = "no-way-on", "A case would stand where nothing can be done with it.";
        NEVER_FILLED = "never-filled", "A guard asks for what these cases were not asked for.";
        NEWLY_ASKED = "newly-asked", "A step asks for what these cases were not asked for.";
        LATER_DEADLINE = "later-deadline", "The statutory deadline of running cases becomes a later one.";
        SILENCE_CHANGES = "silence-changes", "Silence no longer means what it meant.";
        STARTS_ELSEWHERE = "starts-elsewhere", "The statutory clock starts at another step.";
    }
}

/// What came of reading a mapping.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The mapping, if no problem is an error.
    pub mapping: Option<Mapping>,
    /// Every problem, in the order of the file: warnings also where there is a mapping.
    pub problems: Vec<Problem>,
}

/// Between which versions a mapping leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The version by which the cases run.
    pub from: u32,
    /// The version by which they are to run.
    pub to: u32,
}

impl Heading {
    /// Reads only between which versions a mapping leads, so that they can be looked up.
    ///
    /// # Errors
    /// Every problem of that part of the file.
    pub fn read(file: &str, source: &str) -> Result<Self, Vec<Problem>> {
        let (mut reader, root) = Reader::open(file, source);
        let heading = root.as_ref().and_then(|root| {
            let fields = top(&mut reader, root)?;
            Some(heading(&mut reader, &fields)?.0)
        });
        let errors = reader.has_errors();
        heading.filter(|_| !errors).ok_or_else(|| reader.finish())
    }
}

impl Mapping {
    /// Reads a mapping and checks it against both versions: every problem at once.
    pub fn check(file: &str, source: &str, from: &Definition, to: &Definition) -> Checked {
        let (mut reader, root) = Reader::open(file, source);
        let mapping = root.as_ref().and_then(|root| {
            let written = written(&mut reader, root, from)?;
            let mut mapping = check::check(&mut reader, &written, from, to);
            mapping.hash = hex(&Sha256::digest(source.as_bytes()));
            Some(mapping)
        });
        let usable = !reader.has_errors();
        Checked { mapping: mapping.filter(|_| usable), problems: reader.finish() }
    }
}

/// A name with what is written of it.
#[derive(Debug)]
pub(super) struct Written<'n, T> {
    pub(super) name: &'n str,
    pub(super) place: Place,
    pub(super) value: T,
}

/// What is written of a step.
#[derive(Debug, Default)]
pub(super) struct WrittenStep<'n> {
    pub(super) to: Option<(&'n str, Place)>,
    pub(super) clock: Option<(ClockRule, Place)>,
    pub(super) branches: Vec<Written<'n, WrittenBranch<'n>>>,
}

/// What is written of a branch.
#[derive(Debug, Default)]
pub(super) struct WrittenBranch<'n> {
    pub(super) to: Option<(&'n str, Place)>,
    pub(super) clock: Option<(ClockRule, Place)>,
}

/// Fields, or kinds of paper: where each goes, and which are dropped.
#[derive(Debug, Default)]
pub(super) struct WrittenNames<'n> {
    pub(super) renamed: Vec<Written<'n, (&'n str, Place)>>,
    pub(super) dropped: Vec<(&'n str, Place)>,
}

/// A file as it is written.
#[derive(Debug)]
pub(super) struct WrittenMapping<'n> {
    pub(super) heading: Heading,
    /// Where what is missing is shown.
    pub(super) at: Place,
    pub(super) statutory: Option<(StatutoryRule, Place)>,
    pub(super) steps: Vec<Written<'n, WrittenStep<'n>>>,
    pub(super) stay: Vec<(&'n str, Place)>,
    pub(super) fields: WrittenNames<'n>,
    pub(super) documents: WrittenNames<'n>,
}

const TOP: &[&str] = &["from", "to", "statutory", "steps", "stay", "fields", "documents", "drop"];

fn top<'n>(reader: &mut Reader<'_>, root: &'n Node) -> Option<Fields<'n>> {
    let start = Place { start: root.place.start, end: root.place.start };
    reader.mapping(root, start, "a mapping", TOP)
}

/// The versions, and where the new one stands.
fn heading(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(Heading, Place)> {
    let from = reader.required(fields, "from", "a mapping");
    let to = reader.required(fields, "to", "a mapping");
    let from = from.and_then(|node| version(reader, node));
    let at = to.map_or(fields.at, |node| node.place);
    let to = to.and_then(|node| version(reader, node));
    let ((workflow, from), (other, to)) = (from?, to?);
    if workflow != other {
        let message = format!("'{}' and '{}' are two workflows", short(&workflow), short(&other));
        let help = "a case moves between versions of its own workflow";
        reader.error_with_help(code::OTHER_WORKFLOW, at, message, help);
        return None;
    }
    if from == to {
        let message = format!("the cases run by {workflow}@{to} already");
        reader.error(code::SAME_VERSION, at, message);
        return None;
    }
    Some((Heading { workflow: WorkflowId::from(workflow), from, to }, at))
}

fn version(reader: &mut Reader<'_>, node: &Node) -> Option<(String, u32)> {
    let text = reader.string(node, "a version")?;
    let parts = text.split_once('@').and_then(|(name, number)| {
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|number: &u32| is_number && *number > 0)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        (!name.is_empty() && name.chars().all(fits)).then(|| (name.to_owned(), number))
    });
    if parts.is_none() {
        let message = format!("'{}' is not a version", short(text));
        let help = "write the workflow and the number: centre-licence@1";
        reader.error_with_help(code::NOT_A_VERSION, node.place, message, help);
    }
    parts
}

fn written<'n>(
    reader: &mut Reader<'_>,
    root: &'n Node,
    from: &Definition,
) -> Option<WrittenMapping<'n>> {
    let fields = top(reader, root)?;
    let heading = heading(reader, &fields);
    let statutory = fields.get("statutory").and_then(|node| {
        let rules = [("keep", StatutoryRule::Keep), ("recount", StatutoryRule::Recount)];
        Some((reader.choice(node, "what becomes of the statutory clock", &rules)?, node.place))
    });
    let steps = fields.entry("steps");
    let at = steps.map(|entry| entry.key_place);
    let steps = steps.map_or(Vec::new(), |entry| {
        let named = reader.named(&entry.value, entry.key_place, "the mapping of steps");
        named
            .into_iter()
            .map(|(name, node)| {
                let parallel = from
                    .steps
                    .get(name.text)
                    .is_some_and(|step| matches!(step.kind, StepKind::Parallel(_)));
                let value = step(reader, node, name.place, parallel);
                Written { name: name.text, place: name.place, value }
            })
            .collect()
    });
    let stay = names(reader, fields.get("stay"), "the steps whose cases stay");
    let dropped = fields.entry("drop").and_then(|entry| {
        let keys = ["fields", "documents"];
        reader.mapping(&entry.value, entry.key_place, "what is dropped", &keys)
    });
    let dropped = |key: &str| dropped.as_ref().and_then(|fields| fields.get(key));
    let (dropped_fields, dropped_documents) = (dropped("fields"), dropped("documents"));
    let renamed_fields = renamed(reader, fields.entry("fields"), "the mapping of fields");
    let renamed_documents = renamed(reader, fields.entry("documents"), "the mapping of papers");
    let field_names = WrittenNames {
        renamed: renamed_fields,
        dropped: names(reader, dropped_fields, "the fields that are dropped"),
    };
    let document_names = WrittenNames {
        renamed: renamed_documents,
        dropped: names(reader, dropped_documents, "the papers that are dropped"),
    };
    let (heading, to_place) = heading?;
    Some(WrittenMapping {
        heading,
        at: at.unwrap_or(to_place),
        statutory,
        steps,
        stay,
        fields: field_names,
        documents: document_names,
    })
}

fn step<'n>(reader: &mut Reader<'_>, node: &'n Node, at: Place, parallel: bool) -> WrittenStep<'n> {
    if node.as_str().is_some() {
        let to = reader.name(node, "the step").map(|name| (name.text, name.place));
        return WrittenStep { to, ..WrittenStep::default() };
    }
    let (what, keys): (_, &[&str]) = match parallel {
        true => ("where the cases of a parallel step go", &["to", "branches"]),
        false => ("where the cases of a step go", &["to", "clock"]),
    };
    let Some(fields) = reader.mapping(node, at, what, keys) else {
        return WrittenStep::default();
    };
    let to = fields.get("to").and_then(|node| reader.name(node, "the step"));
    let branches = fields.entry("branches").map_or(Vec::new(), |entry| {
        let named = reader.named(&entry.value, entry.key_place, "the mapping of branches");
        named
            .into_iter()
            .map(|(name, node)| {
                let value = branch(reader, node, name.place);
                Written { name: name.text, place: name.place, value }
            })
            .collect()
    });
    let clock = clock(reader, &fields);
    WrittenStep { to: to.map(|name| (name.text, name.place)), clock, branches }
}

fn branch<'n>(reader: &mut Reader<'_>, node: &'n Node, at: Place) -> WrittenBranch<'n> {
    if node.as_str().is_some() {
        let to = reader.name(node, "the branch").map(|name| (name.text, name.place));
        return WrittenBranch { to, clock: None };
    }
    let Some(fields) = reader.mapping(node, at, "where a branch goes", &["to", "clock"]) else {
        return WrittenBranch::default();
    };
    let to = fields.get("to").and_then(|node| reader.name(node, "the branch"));
    let clock = clock(reader, &fields);
    WrittenBranch { to: to.map(|name| (name.text, name.place)), clock }
}

fn clock(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(ClockRule, Place)> {
    let node = fields.get("clock")?;
    Some((reader.choice(node, "what becomes of a clock", ClockRule::NAMES)?, node.place))
}

fn renamed<'n>(
    reader: &mut Reader<'_>,
    entry: Option<&'n Entry>,
    what: &str,
) -> Vec<Written<'n, (&'n str, Place)>> {
    let Some(entry) = entry else { return Vec::new() };
    let named = reader.named(&entry.value, entry.key_place, what);
    let mut renamed = Vec::with_capacity(named.len());
    for (name, node) in named {
        if let Some(new) = reader.name(node, "the new name") {
            let value = (new.text, new.place);
            renamed.push(Written { name: name.text, place: name.place, value });
        }
    }
    renamed
}

fn names<'n>(reader: &mut Reader<'_>, node: Option<&'n Node>, what: &str) -> Vec<(&'n str, Place)> {
    let Some(node) = node else { return Vec::new() };
    let mut names: Vec<(&str, Place)> = Vec::new();
    for item in reader.list_or_one(node, what) {
        let Some(name) = reader.name(item, "a name") else { continue };
        if names.iter().any(|(known, _)| *known == name.text) {
            let message = format!("'{}' stands here twice", short(name.text));
            reader.error(document_code::DUPLICATE_KEY, name.place, message);
            continue;
        }
        names.push((name.text, name.place));
    }
    names
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is written, by name; of a name that stands there twice the reader has told already.
pub(super) fn by_name<'w, 'n, T>(
    written: &'w [Written<'n, T>],
) -> BTreeMap<&'n str, &'w Written<'n, T>> {
    written.iter().map(|one| (one.name, one)).collect()
}
