//! Reads a definition out of its file.
//!
//! This half knows how things are written; which names exist and what makes sense together is the
//! business of [`crate::soundness`], which speaks of a place by its path (`steps.reception.term`).
//! A part that cannot be read is replaced by something empty and marked as broken, so that the
//! rest of the file is still examined and no problem is told twice.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::{
    Basis, Definition, ExtensionRule, Initiative, Level, SilenceRule, Starts, Statutory, Text,
    guards::inquiries, levels::Ladder, people::LEVELS,
};
use crate::{
    CalendarId, Calendars, RoleId, StepId, Term,
    document::{
        Entry, Fields, Name, Node, Place, Problem, Reader, Severity, code as document_code, short,
    },
    expression::Schema,
    soundness::{self, Finding, UNREAD_TERM, Whole},
};

/// The codes that reading a definition can raise, beside those of every document.
pub mod code {
    crate::document::codes! {
        WRONG_VERSION = "wrong-version", "The version is not the one that the file's name tells.";
        WRONG_FOLDER = "wrong-folder", "The workflow is not the one that the folder's name tells.";
        UNKNOWN_CALENDAR = "unknown-calendar", "The calendar is not known.";
        RESERVED_NAME = "reserved-name", "The name has a meaning of its own in the language.";
        MISPLACED = "misplaced", "A key says nothing beside the others that stand there.";
        EXACTLY_ONE = "exactly-one", "Of several keys exactly one must stand there.";
        UNKNOWN_LADDER = "unknown-ladder", "No ladder has that name.";
        UNUSED_LADDER = "unused-ladder", "No step uses the ladder.";
        UNKNOWN_FIELD = "unknown-field", "No form has a field of that name.";
        NOT_A_VALUE = "not-a-value", "A value is not one of the field's type.";
        FOLLOWS_LATER = "follows-later", "A field is computed out of itself, or out of one that is computed after it.";
        GUARDED_RESULT = "guarded-result", "A guard stands on a result that the votes of a commission decide.";
    }
}

/// What came of reading a file.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The definition, if no problem is an error.
    pub definition: Option<Definition>,
    /// Every problem, in the order of the file: warnings also where there is a definition.
    pub problems: Vec<Problem>,
}

impl Definition {
    /// Reads a definition from the text of its file.
    ///
    /// `file` names the file in problems; where it has the form `<workflow>/v<N>.yaml`, the file
    /// must agree with it.
    ///
    /// # Errors
    /// Every problem of the file, if at least one is an error.
    pub fn parse(file: &str, source: &str) -> Result<Self, Vec<Problem>> {
        let checked = Self::check(file, source, None);
        checked.definition.ok_or(checked.problems)
    }

    /// Reads a definition and tells warnings too. With `calendars`, the calendar must be one of
    /// them.
    pub fn check(file: &str, source: &str, calendars: Option<&[&str]>) -> Checked {
        Self::check_in(file, source, calendars, &|_| None)
    }

    /// As [`Self::check`], and tells what cannot be by the calendar that the definition names, where
    /// `calendar` knows it: terms that never end, ways that are too long.
    pub fn check_by_calendar(
        file: &str,
        source: &str,
        calendar: &dyn Fn(&CalendarId) -> Option<Calendars>,
    ) -> Checked {
        Self::check_in(file, source, None, calendar)
    }

    fn check_in(
        file: &str,
        source: &str,
        calendars: Option<&[&str]>,
        calendar: &dyn Fn(&CalendarId) -> Option<Calendars>,
    ) -> Checked {
        let (reader, root) = Reader::open(file, source);
        let Some(root) = root else {
            return Checked { definition: None, problems: reader.finish() };
        };
        let mut draft = Draft {
            reader,
            places: HashMap::new(),
            broken: HashSet::new(),
            ladders: IndexMap::new(),
            role_titles: HashMap::new(),
            schema: Schema::default(),
            guard_bytes: 0,
        };
        let hash = hex(&Sha256::digest(source.as_bytes()));
        let definition = draft.definition(&root, hash, calendars);
        let escalates = |path: &String| path.ends_with("escalate");
        if draft.whole() > Whole::Parts && !draft.broken.iter().any(escalates) {
            draft.unused_ladders();
        }
        if let Some(definition) = &definition {
            draft.match_file_name(file, definition);
            let calendars = calendar(&definition.calendar);
            for finding in soundness::examine(definition, draft.whole(), calendars.as_ref()) {
                draft.tell(finding);
            }
        }
        let usable = !draft.reader.has_errors();
        let mut problems = draft.reader.finish();
        // A ladder is examined once for each step that uses it.
        let mut told = HashSet::new();
        problems.retain(|p| told.insert((p.code, p.span.clone(), p.message.clone())));
        Checked { definition: definition.filter(|_| usable), problems }
    }
}

/// A definition that is being read.
pub(super) struct Draft<'s> {
    pub(super) reader: Reader<'s>,
    /// Where the parts of the definition stand, by path.
    places: HashMap<String, Place>,
    /// Paths of parts that could not be read.
    broken: HashSet<String>,
    pub(super) ladders: IndexMap<String, Ladder>,
    /// What the roles are called, for branches without a title of their own.
    pub(super) role_titles: HashMap<RoleId, Text>,
    /// What guards may name.
    pub(super) schema: Schema,
    /// How much text of guards has been read.
    pub(super) guard_bytes: usize,
}

const TOP: &[&str] = &[
    "workflow",
    "version",
    "title",
    "basis",
    "opens_at",
    "initiative",
    "about",
    "calendar",
    "statutory",
    "roles",
    "agencies",
    "ladder",
    "forms",
    "application",
    "documents",
    "steps",
    "ends",
];

/// The last parts of paths without which the graph of steps is still known.
const DETAILS: &[&str] = &[
    "workflow",
    "version",
    "title",
    "basis",
    "opens_at",
    "calendar",
    "roles",
    "agencies",
    "ladder",
    "term",
    "service_norm",
    "extension",
    "times",
    "up_to",
    "by",
    "grace",
    "after",
    "at",
    "may",
    "owner",
    "escalate",
    "warn",
    "tell",
    "reassign",
    "statutory_clock",
    "members",
    "seats",
    "quorum",
    "majority",
    "recusal",
    "sittings",
    "cut_off",
    "adjourn",
    "join",
    "n",
    "needs",
    "not_by",
    "if_not",
    "answer",
    "licence",
    "change",
    "kind",
    "valid",
    "mark",
    "decision",
    "application",
    "form",
    "complete",
];

impl Draft<'_> {
    fn definition(
        &mut self,
        root: &Node,
        hash: String,
        calendars: Option<&[&str]>,
    ) -> Option<Definition> {
        let at = Place { start: root.place.start, end: root.place.start };
        let top = self.reader.mapping(root, at, "a definition", TOP)?;
        let what = "a definition";
        if top.has_unknown() {
            // A misspelt section is told once, not at every name that stands in it.
            for section in ["ladder", "agencies", "forms", "documents"]
                .iter()
                .filter(|key| top.get(key).is_none())
            {
                self.break_at(&format!("{section}.missing"));
            }
        }
        let id = self.required(&top, "workflow", "", what, |draft, node, _| {
            draft.reader.name(node, "the workflow").map(|name| name.text.to_owned())
        });
        let version = self.required(&top, "version", "", what, |draft, node, _| {
            draft.reader.integer(node, "the version", 1..=1_000_000)
        });
        let title = self.title(&top, "", what);
        let basis = self.optional(&top, "basis", "", Self::basis);
        let opens_at = self.required(&top, "opens_at", "", what, |draft, node, _| {
            draft.reader.choice(node, "a level", LEVELS)
        });
        let initiative = self.optional(&top, "initiative", "", |draft, node, _| {
            let choices =
                [("applicant", Initiative::Applicant), ("authority", Initiative::Authority)];
            let initiative = draft.reader.choice(node, "who begins", &choices);
            if initiative.is_none() {
                // Whether there must be a withdrawal depends on it.
                draft.break_at("ends");
            }
            initiative
        });
        let about = self.optional(&top, "about", "", Self::about);
        let calendar = self
            .required(&top, "calendar", "", what, |draft, node, _| draft.calendar(node, calendars));
        self.ladders = self.optional(&top, "ladder", "", Self::read_ladders).unwrap_or_default();
        let mut roles = self.required(&top, "roles", "", what, Self::roles).unwrap_or_default();
        let agencies = self.optional(&top, "agencies", "", Self::agencies).unwrap_or_default();
        roles.extend(agencies);
        self.role_titles =
            roles.iter().map(|(name, role)| (name.clone(), role.title.clone())).collect();
        let forms = self.optional(&top, "forms", "", Self::forms).unwrap_or_default();
        let application = self.optional(&top, "application", "", Self::form_name);
        self.schema = Schema::of_forms(&forms, application.as_ref())
            .with_inquiries(top.get("steps").map(inquiries).unwrap_or_default());
        let documents = self.optional(&top, "documents", "", Self::documents).unwrap_or_default();
        let steps = self.required(&top, "steps", "", what, Self::steps).unwrap_or_default();
        let ends = self.required(&top, "ends", "", what, Self::ends).unwrap_or_default();
        let statutory = self.required(&top, "statutory", "", what, Self::statutory);
        let first = steps.keys().next().cloned();
        Some(Definition {
            id: id.unwrap_or_default().into(),
            version: version.unwrap_or(1),
            hash,
            title,
            basis,
            opens_at: opens_at.unwrap_or(Level::County),
            initiative: initiative.unwrap_or(Initiative::Applicant),
            about,
            calendar: calendar.unwrap_or_default().into(),
            first: first.unwrap_or_else(|| "".into()),
            statutory: statutory.unwrap_or_else(unread_statutory),
            roles,
            forms,
            application,
            documents,
            steps,
            ends,
        })
    }

    fn calendar(&mut self, node: &Node, known: Option<&[&str]>) -> Option<String> {
        let name = self.reader.name(node, "the calendar")?;
        if let Some(known) = known.filter(|known| !known.contains(&name.text)) {
            let message = soundness::unknown("calendar", name.text, known.iter().copied());
            self.reader.error(code::UNKNOWN_CALENDAR, name.place, message);
        }
        Some(name.text.to_owned())
    }

    fn statutory(&mut self, node: &Node, path: &str) -> Option<Statutory> {
        let keys = ["term", "starts", "service_norm", "extension", "silence", "escalate", "basis"];
        let what = "the statutory clock";
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let term = self.required(&fields, "term", path, what, |draft, node, _| {
            draft.reader.positive_term(node, "the statutory term")
        });
        let starts = self.required(&fields, "starts", path, what, Self::starts);
        let service_norm = self.optional(&fields, "service_norm", path, |draft, node, _| {
            draft.reader.positive_term(node, "the service norm")
        });
        Some(Statutory {
            term: term.unwrap_or(UNREAD_TERM),
            starts: starts.unwrap_or(Starts::Opened),
            service_norm,
            extension: self.optional(&fields, "extension", path, Self::extension),
            silence: self.optional(&fields, "silence", path, Self::silence),
            levels: self.optional(&fields, "escalate", path, Self::escalate).unwrap_or_default(),
            basis: self.optional(&fields, "basis", path, Self::basis),
        })
    }

    fn starts(&mut self, node: &Node, path: &str) -> Option<Starts> {
        if node.as_mapping().is_none() {
            let text = self.reader.string(node, "the start")?;
            if text == "opened" {
                return Some(Starts::Opened);
            }
            let message = soundness::unknown("start", &short(text), ["opened"].into_iter());
            let help = "write 'opened' or { entering: <step> }";
            let code = document_code::UNKNOWN_CHOICE;
            self.reader.error_with_help(code, node.place, message, help);
            return None;
        }
        let at = self.place(path);
        let fields = self.reader.mapping(node, at, "a start", &["entering"])?;
        self.required(&fields, "entering", path, "a start", Self::target).map(Starts::Entering)
    }

    pub(super) fn extension(&mut self, node: &Node, path: &str) -> Option<ExtensionRule> {
        let what = "an extension";
        let keys = ["times", "up_to", "by", "basis"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let times = self.required(&fields, "times", path, what, |draft, node, _| {
            draft.reader.integer(node, "the number of extensions", 1..=100)
        });
        let up_to = self.required(&fields, "up_to", path, what, |draft, node, _| {
            draft.reader.positive_term(node, "an extension")
        });
        let by = self.required(&fields, "by", path, what, Self::role);
        let basis = self.required(&fields, "basis", path, what, Self::basis);
        Some(ExtensionRule {
            times: times.unwrap_or(1),
            up_to: up_to.unwrap_or(UNREAD_TERM),
            by: by.unwrap_or_else(|| "".into()),
            basis: basis.unwrap_or(Basis::Assumption),
        })
    }

    pub(super) fn silence(&mut self, node: &Node, path: &str) -> Option<SilenceRule> {
        let what = "a silence rule";
        let keys = ["after", "to", "grace", "basis"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let after = self.after(&fields, path);
        let to = self.required(&fields, "to", path, what, Self::target);
        let grace = self.grace(&fields, path);
        let basis = self.required(&fields, "basis", path, what, Self::basis);
        let to = to.unwrap_or_else(|| "".into());
        Some(SilenceRule { after, to, grace, basis: basis.unwrap_or(Basis::Assumption) })
    }

    /// When a silence rule takes effect; at the deadline, where nothing is written.
    pub(super) fn after(&mut self, fields: &Fields<'_>, path: &str) -> Term {
        let after = self.optional(fields, "after", path, |draft, node, _| {
            draft.reader.term(node, "the time after the deadline")
        });
        after.unwrap_or(Term::days(0))
    }

    pub(super) fn grace(&mut self, fields: &Fields<'_>, path: &str) -> Option<Term> {
        self.optional(fields, "grace", path, |draft, node, _| {
            draft.reader.positive_term(node, "the grace")
        })
    }

    pub(super) fn title(&mut self, fields: &Fields<'_>, path: &str, what: &str) -> Text {
        let title = self.required(fields, "title", path, what, |draft, node, path| {
            let at = draft.place(path);
            draft.reader.text(node, at, "the title")
        });
        title.unwrap_or(Text { fa: String::new(), en: String::new() })
    }

    pub(super) fn basis(&mut self, node: &Node, _: &str) -> Option<Basis> {
        Some(match self.reader.string(node, "the basis")? {
            "assumption" => Basis::Assumption,
            source => Basis::Source(source.to_owned()),
        })
    }

    /// The name of a step or an end.
    pub(super) fn target(&mut self, node: &Node, _: &str) -> Option<StepId> {
        self.reader.name(node, "the next step").map(|name| name.text.into())
    }

    // ---- places ----

    /// Where a part stands, or the nearest part around it that has a place.
    pub(super) fn place(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = &path[..at],
                None => return self.places.get("").copied().unwrap_or_default(),
            }
        }
    }

    /// Keeps the place of a part, and tells its path.
    pub(super) fn put(&mut self, path: &str, key: &str, place: Place) -> String {
        let path = match path.is_empty() {
            true => key.to_owned(),
            false => format!("{path}.{key}"),
        };
        self.places.insert(path.clone(), place);
        path
    }

    /// Keeps the place of the part of that path.
    pub(super) fn put_at(&mut self, path: String, place: Place) {
        self.places.insert(path, place);
    }

    /// Whether a part could not be read.
    pub(super) fn is_broken(&self, path: &str) -> bool {
        self.broken.contains(path)
    }

    /// Marks a part as unreadable.
    pub(super) fn break_at(&mut self, path: &str) {
        self.broken.insert(path.to_owned());
    }

    /// The entries of a mapping whose keys are names.
    pub(super) fn named<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        what: &str,
    ) -> Vec<(Name<'n>, &'n Node)> {
        let named = self.reader.named(node, self.place(path), what);
        if node.as_mapping().is_none_or(|entries| entries.len() > named.len()) {
            self.break_at(path);
        }
        named
    }

    /// Reads the value of a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        path: &str,
        what: &str,
        read: impl FnOnce(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<T> {
        if self.reader.required(fields, key, what).is_none() {
            let path = match path.is_empty() {
                true => key.to_owned(),
                false => format!("{path}.{key}"),
            };
            self.break_at(&path);
            return None;
        }
        self.optional(fields, key, path, read)
    }

    /// Reads the value of a key that may be there.
    pub(super) fn optional<T>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        path: &str,
        read: impl FnOnce(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<T> {
        let Entry { key_place, value, .. } = fields.entry(key)?;
        // A single value is its own best place; of a mapping, the key is.
        let place = if value.as_str().is_some() { value.place } else { *key_place };
        let path = self.put(path, key, place);
        let read = read(self, value, &path);
        if read.is_none() {
            self.break_at(&path);
        }
        read
    }

    /// Tells what the soundness rules found, unless the part is broken anyway.
    fn tell(&mut self, finding: Finding) {
        let agencies = finding.code == soundness::code::UNKNOWN_ROLE;
        let documents = finding.code == soundness::code::UNKNOWN_DOCUMENT;
        let forms = finding.code == soundness::code::UNKNOWN_FORM;
        if self.is_broken(&finding.at)
            || (agencies && self.is_broken("agencies.missing"))
            || (forms && self.is_broken("forms.missing"))
            || (documents && self.is_broken("documents.missing"))
        {
            return;
        }
        let problem = self.reader.problem(finding.code, self.place(&finding.at), finding.message);
        self.reader.push(Problem {
            severity: finding.severity,
            label: finding.label,
            help: finding.help,
            ..problem
        });
    }

    /// How much of the definition could be read.
    fn whole(&self) -> Whole {
        let detail = |path: &String| {
            let last = path.rsplit('.').next().unwrap_or_default();
            last.ends_with(']')
                || DETAILS.contains(&last)
                || path.starts_with("forms")
                || path.starts_with("about")
                || path.split('.').any(|part| part == "documents")
        };
        match self.broken.iter().all(detail) {
            _ if self.broken.is_empty() => Whole::All,
            true => Whole::Graph,
            false => Whole::Parts,
        }
    }

    fn unused_ladders(&mut self) {
        for (name, ladder) in self.ladders.iter().filter(|(_, ladder)| !ladder.used) {
            let message = format!("no step uses the ladder '{name}'");
            let problem = self.reader.problem(code::UNUSED_LADDER, ladder.place, message);
            let help = format!("write 'escalate: {name}' in a step, or take the ladder out");
            self.reader.push(problem.with_help(help).as_warning());
        }
    }

    /// A file `ngo-establishment/v1.yaml` must hold version 1 of that workflow.
    fn match_file_name(&mut self, file: &str, definition: &Definition) {
        let path = Path::new(file);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name
            .strip_prefix('v')
            .and_then(|name| name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")))
            .filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        let Some(number) = number else { return };
        if number.parse() != Ok(definition.version) && !self.broken.contains("version") {
            let message =
                format!("the file is named {name}, but this is version {}", definition.version);
            let help = "one file holds one version: name it v<version>.yaml";
            let place = self.place("version");
            self.reader.error_with_help(code::WRONG_VERSION, place, message, help);
        }
        let mut folders = path.parent().into_iter().flat_map(Path::iter).rev();
        let folder = folders.next().and_then(|folder| folder.to_str()).unwrap_or_default();
        let shipped = folders.next().is_some_and(|folder| folder == "workflows");
        let unnamed = matches!(folder, "" | "." | ".." | "/");
        if !unnamed && folder != definition.id.as_str() && !self.broken.contains("workflow") {
            let message = format!("the folder is named {folder}, but this is '{}'", definition.id);
            let problem = self
                .reader
                .problem(code::WRONG_FOLDER, self.place("workflow"), message)
                .with_help("the versions of a workflow stand in a folder of its name");
            let severity = if shipped { Severity::Error } else { Severity::Warning };
            self.reader.push(Problem { severity, ..problem });
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stands for a statutory clock that could not be read.
fn unread_statutory() -> Statutory {
    Statutory {
        term: UNREAD_TERM,
        starts: Starts::Opened,
        service_norm: None,
        extension: None,
        silence: None,
        levels: Vec::new(),
        basis: Some(Basis::Assumption),
    }
}
