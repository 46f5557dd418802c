//! Reads values out of a tree and keeps every problem that it meets.

use std::ops::{Range, RangeInclusive};

use super::{
    Code, Entry, MAX_PROBLEMS, Node, Place, Problem, Severity, Value, code,
    tree::{self, is_refused},
    words::{did_you_mean, listed, short},
};
use crate::{Term, TermError, definition::Text};

/// Reads one file. Its methods answer `None` where a value is not what it should be, and keep a
/// [`Problem`]; the caller goes on and collects the rest.
#[derive(Debug)]
pub struct Reader<'s> {
    file: &'s str,
    source: &'s str,
    /// The byte at which each line starts.
    lines: Vec<usize>,
    problems: Vec<Problem>,
    /// How many problems were not kept, because there are too many.
    untold: usize,
}

/// The entries of a mapping whose keys are known.
#[derive(Clone, Debug)]
pub struct Fields<'n> {
    entries: &'n [Entry],
    /// Keys for which unknown keys were probably meant: they are not missing as well.
    meant: Vec<String>,
    unknown: bool,
    /// Where a problem of the whole mapping is shown: mostly at its name.
    pub at: Place,
}

/// A name that stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'n> {
    /// The name.
    pub text: &'n str,
    /// Where it stands.
    pub place: Place,
}

impl<'n> Fields<'n> {
    /// The value of a key. A key without a value counts as absent.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The key and its value.
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key == key && !entry.value.is_null())
    }

    /// Whether a key stands there that has no meaning: what seems to be missing may be meant by it.
    pub fn has_unknown(&self) -> bool {
        self.unknown
    }

    /// Every entry, in the order of the file.
    pub fn entries(&self) -> &'n [Entry] {
        self.entries
    }
}

impl<'s> Reader<'s> {
    /// Reads a file into a tree. Without a tree there is at least one problem; with one there may
    /// be.
    ///
    /// `file` is only used to name the file in problems.
    pub fn open(file: &'s str, source: &'s str) -> (Self, Option<Node>) {
        let bom = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(bom).chain(ends.map(|(at, _)| at + 1)).collect();
        let mut reader = Self { file, source, lines, problems: Vec::new(), untold: 0 };
        let root = tree::parse(&mut reader, source);
        (reader, root)
    }

    /// The text of a file's bytes, which must be UTF-8.
    pub fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Problem>> {
        std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            let valid = String::from_utf8_lossy(&bytes[..at]);
            let line = valid.rsplit('\n').next().unwrap_or_default();
            let help = match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                    "the file looks like UTF-16: save it as UTF-8"
                }
                _ => "save the file as UTF-8",
            };
            Box::new(Problem {
                code: code::NOT_UTF8,
                severity: Severity::Error,
                file: file.to_owned(),
                line: count(valid.matches('\n').count() + 1),
                column: count(line.chars().count() + 1),
                span: at..at + error.error_len().unwrap_or(bytes.len() - at),
                message: "the file is not text in UTF-8".to_owned(),
                label: "not UTF-8 from here on".to_owned(),
                help: Some(help.to_owned()),
            })
        })
    }

    /// The place of a part of a single value, given in bytes of its text. Where the text does not
    /// stand in the file as it is read (a quoted value with escapes, a folded one), the place of
    /// the whole value.
    pub fn within(&self, node: &Node, part: Range<usize>) -> Place {
        let Some(text) = node.as_str().map(str::trim) else { return node.place };
        let written = self.source.get(node.place.start..node.place.end).unwrap_or_default();
        let quote = usize::from(written.starts_with(['\'', '"']));
        let written = written.get(quote..written.len().saturating_sub(quote)).unwrap_or_default();
        if written.trim() != text {
            return first_line(self.source, node.place);
        }
        let start = node.place.start + quote + (written.len() - written.trim_start().len());
        let end = start + part.end.min(text.len());
        Place { start: (start + part.start).min(end), end }
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, byte: usize) -> u32 {
        count(self.lines.partition_point(|start| *start <= byte).max(1))
    }

    fn column_of(&self, byte: usize) -> u32 {
        let start = self.lines[self.line_of(byte) as usize - 1];
        let before = self.source.get(start..byte).unwrap_or_default();
        count(before.chars().count() + 1)
    }

    /// An error at a place; [`push`](Self::push) keeps it.
    pub fn problem(&self, code: &'static str, place: Place, message: impl Into<String>) -> Problem {
        // Where problems are no longer kept, their places are not looked for either: a hostile
        // file could make that slow.
        let full = self.problems.len() >= MAX_PROBLEMS;
        Problem {
            code,
            severity: Severity::Error,
            file: self.file.to_owned(),
            line: if full { 1 } else { self.line_of(place.start) },
            column: if full { 1 } else { self.column_of(place.start) },
            span: place.start..place.end,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Keeps a problem.
    pub fn push(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.untold += 1;
        }
    }

    /// Keeps an error without a label and without help.
    pub fn error(&mut self, code: &'static str, place: Place, message: impl Into<String>) {
        self.push(self.problem(code, place, message));
    }

    /// Keeps an error with help.
    pub fn error_with_help(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(self.problem(code, place, message).with_help(help));
    }

    /// Keeps a warning.
    pub fn warn(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(self.problem(code, place, message).with_help(help).as_warning());
    }

    /// Whether a problem has been kept that makes the file unusable.
    pub fn has_errors(&self) -> bool {
        super::has_errors(&self.problems)
    }

    /// Every problem, in the order of the file.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.span.start, problem.severity));
        if self.untold > 0 {
            let last = self.source.trim_end().len();
            let message = format!("{} more problems are not told", self.untold);
            self.problems.push(Problem {
                line: self.line_of(last),
                column: self.column_of(last),
                ..self.problem(code::TOO_MANY_PROBLEMS, Place { start: last, end: last }, message)
            });
        }
        self.problems
    }

    /// A mapping that may have only these keys. `at` is where a missing key is shown, `what` what
    /// the mapping describes: `a step`.
    pub fn mapping<'n>(
        &mut self,
        node: &'n Node,
        at: Place,
        what: &str,
        keys: &[&str],
    ) -> Option<Fields<'n>> {
        let entries = self.entries(node, at, what)?;
        let mut misspelt = Vec::new();
        for entry in entries.iter().filter(|entry| !keys.contains(&entry.key.as_str())) {
            if self.problems.len() >= MAX_PROBLEMS {
                self.untold += 1;
                continue;
            }
            let message = match did_you_mean(&entry.key, keys.iter().copied()) {
                Some(meant) => {
                    misspelt.push(meant.to_owned());
                    format!("unknown key '{}': did you mean '{meant}'?", short(&entry.key))
                }
                None => format!("unknown key '{}'", short(&entry.key)),
            };
            let problem = self
                .problem(code::UNKNOWN_KEY, entry.key_place, message)
                .with_label(format!("not a key of {what}"));
            self.push(problem.with_help(format!("its keys are {}", listed(keys.iter()))));
        }
        let unknown = entries.iter().any(|entry| !keys.contains(&entry.key.as_str()));
        Some(Fields { entries, meant: misspelt, unknown, at })
    }

    /// A mapping whose keys are names that the file chooses.
    pub fn entries<'n>(&mut self, node: &'n Node, at: Place, what: &str) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            _ => {
                self.wrong_kind(node, at, what, "a mapping (keys and values)");
                None
            }
        }
    }

    /// A mapping whose keys are names of the form `[a-z][a-z0-9_-]*`, with at least one of them.
    pub fn named<'n>(
        &mut self,
        node: &'n Node,
        at: Place,
        what: &str,
    ) -> Vec<(Name<'n>, &'n Node)> {
        let entries = self.entries(node, at, what).unwrap_or_default();
        let mut named = Vec::with_capacity(entries.len());
        for entry in entries {
            if is_name(&entry.key) {
                named.push((Name { text: &entry.key, place: entry.key_place }, &entry.value));
            } else {
                self.not_a_name(&entry.key, entry.key_place);
            }
        }
        if node.as_mapping().is_some_and(<[Entry]>::is_empty) {
            self.error(code::EMPTY_VALUE, at, format!("{what} must not be empty"));
        }
        named
    }

    /// The value of a key that must be there.
    pub fn required<'n>(&mut self, fields: &Fields<'n>, key: &str, what: &str) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() && !fields.meant.iter().any(|meant| meant == key) {
            let empty = fields.entries.iter().find(|entry| entry.key == key);
            let problem = match empty {
                Some(entry) => self
                    .problem(code::EMPTY_VALUE, entry.key_place, format!("'{key}' has no value"))
                    .with_label("nothing stands here"),
                None => self
                    .problem(code::MISSING_KEY, fields.at, format!("{what} needs '{key}'"))
                    .with_label(format!("'{key}' is missing")),
            };
            self.push(problem);
        }
        found
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::Sequence(items) => items,
            _ => {
                self.wrong_kind(node, node.place, what, "a list");
                &[]
            }
        }
    }

    /// The items of a list, or a single value as a list of one.
    pub fn list_or_one<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::Scalar { .. } if !node.is_null() => std::slice::from_ref(node),
            _ => self.list(node, what),
        }
    }

    /// A single value, not empty.
    pub fn string<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let Value::Scalar { text, .. } = &node.value else {
            self.wrong_kind(node, node.place, what, "a single value");
            return None;
        };
        if node.is_null() || text.trim().is_empty() {
            self.error(code::EMPTY_VALUE, node.place, format!("{what} is empty"));
            return None;
        }
        if let Some(character) = text.chars().find(|c| *c == '\n' || *c == '\t' || is_refused(*c)) {
            // An escape in quotes can bring in what the file itself may not hold.
            let message = format!("{what} holds the character U+{:04X}", u32::from(character));
            self.error(code::CONTROL_CHARACTER, node.place, message);
            return None;
        }
        Some(text.trim())
    }

    /// A text in both languages: `{ fa: …, en: … }`.
    pub fn text(&mut self, node: &Node, at: Place, what: &str) -> Option<Text> {
        if let Some(single) = node.as_str().filter(|_| !node.is_null()) {
            let message = format!("{what} must be given in Persian and English");
            let help = format!("write {{ fa: …, en: … }} instead of '{}'", short(single));
            self.error_with_help(code::WRONG_KIND, node.place, message, help);
            return None;
        }
        let fields = self.mapping(node, at, what, &["fa", "en"])?;
        let fa = self.required(&fields, "fa", what);
        let en = self.required(&fields, "en", what);
        let fa = fa.and_then(|node| self.string(node, "the Persian text"));
        let en = en.and_then(|node| self.string(node, "the English text"));
        Some(Text { fa: fa?.to_owned(), en: en?.to_owned() })
    }

    /// A length of time: `3 wd`. Zero is allowed; [`positive_term`](Self::positive_term) refuses it.
    pub fn term(&mut self, node: &Node, what: &str) -> Option<Term> {
        let text = self.string(node, what)?;
        match text.parse() {
            Ok(term) => Some(term),
            Err(error) => {
                let digits = text.chars().any(|c| matches!(c, '۰'..='۹' | '٠'..='٩'));
                let help = match &error {
                    _ if digits => "write Latin digits: '3 wd'".to_owned(),
                    TermError::TooLong(_) => format!("at most {} of a unit", Term::MAX),
                    _ => "wd are working days, d calendar days, wh working hours, h hours, \
                          w weeks (7 d), mo months (30 d)"
                        .to_owned(),
                };
                let message = match &error {
                    TermError::Unit(unit) => format!("'{}' is not a unit of time", short(unit)),
                    TermError::TooLong(_) => format!("'{}' is too long", short(text)),
                    TermError::Form(_) => format!("'{}' is not a length of time", short(text)),
                };
                self.error_with_help(code::NOT_A_TERM, node.place, message, help);
                None
            }
        }
    }

    /// A length of time that is not zero.
    pub fn positive_term(&mut self, node: &Node, what: &str) -> Option<Term> {
        let term = self.term(node, what)?;
        if term.count == 0 {
            let message = format!("{what} cannot be zero");
            self.error(code::OUT_OF_BOUNDS, node.place, message);
            return None;
        }
        Some(term)
    }

    /// A whole number within bounds.
    pub fn integer(&mut self, node: &Node, what: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let text = self.string(node, what)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if digits && bounds.contains(&number) => Some(number),
            Ok(_) | Err(_) if digits => {
                let message = format!("{what} must be from {} to {}", bounds.start(), bounds.end());
                self.error(code::OUT_OF_BOUNDS, node.place, message);
                None
            }
            _ => {
                let message = format!("{what} must be a whole number, not '{}'", short(text));
                self.error(code::NOT_A_NUMBER, node.place, message);
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string(node, what)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words = || choices.iter().map(|(word, _)| *word);
            let hint = match did_you_mean(text, words()) {
                Some(meant) => format!(": did you mean '{meant}'?"),
                None => String::new(),
            };
            let message = format!("'{}' is not {what}{hint}", short(text));
            let help = format!("it is one of {}", listed(words()));
            self.error_with_help(code::UNKNOWN_CHOICE, node.place, message, help);
        }
        found.map(|(_, choice)| *choice)
    }

    /// `yes` or `no` (or `true`, `false`).
    pub fn yes_or_no(&mut self, node: &Node, what: &str) -> Option<bool> {
        match self.string(node, what)? {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            other => {
                let message = format!("{what} must be yes or no, not '{}'", short(other));
                self.error(code::NOT_YES_OR_NO, node.place, message);
                None
            }
        }
    }

    /// A name of the form `[a-z][a-z0-9_-]*`.
    pub fn name<'n>(&mut self, node: &'n Node, what: &str) -> Option<Name<'n>> {
        let text = self.string(node, what)?;
        if !is_name(text) {
            self.not_a_name(text, node.place);
            return None;
        }
        Some(Name { text, place: node.place })
    }

    fn not_a_name(&mut self, text: &str, place: Place) {
        let message = format!("'{}' cannot be a name", short(text));
        let help = "a name starts with a letter a-z and holds letters a-z, digits, '_' and '-'";
        self.error_with_help(code::NOT_A_NAME, place, message, help);
    }

    fn wrong_kind(&mut self, node: &Node, at: Place, what: &str, expected: &str) {
        if node.value == Value::Refused {
            return;
        }
        if node.is_null() {
            self.error(code::EMPTY_VALUE, at, format!("{what} is empty: {expected} is expected"));
            return;
        }
        let found = match &node.value {
            Value::Mapping(_) => "a mapping",
            Value::Sequence(_) => "a list",
            _ => "a single value",
        };
        let place = if node.place.end > node.place.start { node.place } else { at };
        let message = format!("{what} must be {expected}, not {found}");
        self.error(code::WRONG_KIND, first_line(self.source, place), message);
    }
}

impl Code {
    /// The code of that name among `codes`.
    pub fn find(codes: &[Self], name: &str) -> Option<Self> {
        codes.iter().copied().find(|code| code.name == name)
    }
}

/// The part of a place that lies on its first line: enough to show where it starts.
fn first_line(source: &str, place: Place) -> Place {
    let text = source.get(place.start..place.end).unwrap_or_default();
    let length = text.lines().next().map_or(0, |line| line.trim_end().len());
    Place { end: place.start + length, ..place }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether a text is a name of the language. Role names of other bodies (`agency.police`) are made
/// of such names.
fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}
