//! From bytes to a tree of nodes that know their places.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, Reader, code, words::short};

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A value of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it is.
    pub place: Place,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Keys and values, in the order of the file, without duplicates.
    Mapping(Vec<Entry>),
    /// Values in order.
    Sequence(Vec<Node>),
    /// A single value.
    Scalar {
        /// The text, without quotes.
        text: String,
        /// Whether it stands in quotes (or in a block).
        quoted: bool,
    },
    /// Something refused, of which a problem has been told already.
    Refused,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is.
    pub key_place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Whether nothing stands there: no value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, quoted: false }
            if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// The text of a single value.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }
}

/// Byte offsets of characters: the parser counts characters, everybody else bytes.
struct Offsets {
    /// The byte at which each character starts; empty for a text that is all ASCII.
    bytes: Vec<u32>,
    /// The length of the text in bytes.
    length: usize,
    /// How many bytes were cut off in front of the text.
    shift: usize,
}

impl Offsets {
    fn new(text: &str, shift: usize) -> Self {
        let bytes = match text.is_ascii() {
            true => Vec::new(),
            // The text is at most MAX_BYTES long, which a u32 holds.
            false => text.char_indices().map(|(at, _)| at as u32).collect(),
        };
        Self { bytes, length: text.len(), shift }
    }

    fn byte(&self, marker: Marker) -> usize {
        let at = match self.bytes.is_empty() {
            true => marker.index().min(self.length),
            false => self.bytes.get(marker.index()).map_or(self.length, |at| *at as usize),
        };
        at + self.shift
    }

    fn place(&self, span: Span) -> Place {
        let start = self.byte(span.start);
        Place { start, end: self.byte(span.end).max(start) }
    }
}

/// A mapping or sequence that is not complete yet.
enum Open {
    Mapping { entries: Vec<Entry>, keys: HashMap<String, Place>, key: Option<Key>, start: usize },
    Sequence { items: Vec<Node>, start: usize },
}

/// A key that waits for its value.
struct Key {
    text: String,
    place: Place,
    /// Whether its entry is to be left out, since a problem has been told of it.
    refused: bool,
}

/// Builds the tree, telling `reader` of what is refused. `None` if the file is not readable at all.
pub(super) fn parse<'s>(reader: &mut Reader<'s>, source: &'s str) -> Option<Node> {
    if source.len() > MAX_BYTES {
        let place = Place { start: 0, end: 0 };
        let message = format!("the file has {} bytes: at most {MAX_BYTES} are read", source.len());
        reader.error(code::TOO_LARGE, place, message);
        return None;
    }
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let shift = source.len() - text.len();
    if refuse_controls(reader, text, shift) {
        return None;
    }
    let mut builder = Builder {
        reader,
        source,
        offsets: Offsets::new(text, shift),
        open: Vec::new(),
        root: None,
        nodes: 0,
        documents: 0,
    };
    let mut parser = Parser::new(StrInput::new(text));
    loop {
        match parser.next_event() {
            None => break,
            Some(Ok((event, span))) => {
                if !builder.take(event, span) {
                    return None;
                }
            }
            Some(Err(error)) => {
                builder.syntax(error.marker(), error.info());
                return None;
            }
        }
    }
    let Builder { root, reader, .. } = builder;
    match root {
        Some(root) if !root.is_null() => Some(root),
        _ => {
            let place = Place { start: shift, end: shift };
            reader.error(code::EMPTY_DOCUMENT, place, "the file holds nothing".to_owned());
            None
        }
    }
}

/// Refuses characters that YAML does not allow, and those that make a text look like another.
fn refuse_controls(reader: &mut Reader<'_>, text: &str, shift: usize) -> bool {
    let mut found = false;
    for (at, character) in text.char_indices().filter(|(_, c)| is_refused(*c)).take(20) {
        found = true;
        let place = Place { start: at + shift, end: at + shift + character.len_utf8() };
        let message = format!("the character U+{:04X} may not stand here", u32::from(character));
        reader.error(code::CONTROL_CHARACTER, place, message);
    }
    found
}

/// Whether a character may not stand in a file: controls, and marks that embed, override or isolate
/// a direction, which can make a file look like another (CVE-2021-42574). ZWNJ (the Persian
/// half-space), ZWJ, LRM and RLM may.
pub(crate) fn is_refused(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => true,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        other => other.is_control(),
    }
}

struct Builder<'r, 's> {
    reader: &'r mut Reader<'s>,
    source: &'s str,
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Builder<'_, '_> {
    /// Takes one event; `false` ends the reading.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        let place = self.offsets.place(span);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => true,
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document starts here".to_owned();
                    self.reader.error(code::SEVERAL_DOCUMENTS, place, message);
                }
                self.documents == 1
            }
            Event::Alias(_) => {
                let message =
                    "aliases are not part of the language: write the value out".to_owned();
                self.reader.error(code::ALIAS, place, message);
                self.add(Node { value: Value::Refused, place })
            }
            Event::Scalar(text, style, anchor, tag) => {
                let place = Place { end: self.end_of_text(place), ..place };
                let quoted = style != ScalarStyle::Plain;
                self.refuse_properties(anchor, tag.is_some(), place);
                self.add(Node { value: Value::Scalar { text: text.into_owned(), quoted }, place })
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), place);
                let start = place.start;
                let keys = HashMap::new();
                self.nest(Open::Mapping { entries: Vec::new(), keys, key: None, start }, place)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), place);
                self.nest(Open::Sequence { items: Vec::new(), start: place.start }, place)
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(open) = self.open.pop() else { return true };
                let (value, start) = match open {
                    Open::Mapping { entries, start, .. } => (Value::Mapping(entries), start),
                    Open::Sequence { items, start } => (Value::Sequence(items), start),
                };
                let end = self.end_of_text(Place { start, end: place.end.max(start) });
                self.add(Node { value, place: Place { start, end } })
            }
        }
    }

    /// Where a node really ends: the parser lets some end at the start of the next one.
    fn end_of_text(&self, place: Place) -> usize {
        let text = self.source.get(place.start..place.end).unwrap_or_default();
        place.start + text.trim_end().len()
    }

    fn refuse_properties(&mut self, anchor: usize, tag: bool, place: Place) {
        let place = Place { end: place.end.max(place.start), ..place };
        if anchor > 0 {
            let message = "anchors are not part of the language".to_owned();
            self.reader.error(code::ANCHOR, place, message);
        }
        if tag {
            let message = "tags are not part of the language".to_owned();
            self.reader.error(code::TAG, place, message);
        }
    }

    fn nest(&mut self, open: Open, place: Place) -> bool {
        if self.open.len() == MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            self.reader.error(code::TOO_DEEP, place, message);
            return false;
        }
        self.open.push(open);
        true
    }

    /// Adds a complete node to what is open.
    fn add(&mut self, node: Node) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file");
            self.reader.error(code::TOO_MANY_NODES, node.place, message);
            return false;
        }
        let Self { open, reader, root, .. } = self;
        match open.last_mut() {
            None => *root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, keys, key, .. }) => match key.take() {
                None => *key = Some(read_key(reader, keys, node)),
                Some(Key { refused: true, .. }) => {}
                Some(Key { text, place, .. }) => {
                    entries.push(Entry { key: text, key_place: place, value: node });
                }
            },
        }
        true
    }

    fn syntax(&mut self, marker: &Marker, info: &str) {
        let mut start = self.offsets.byte(*marker);
        let source = self.source;
        // An error at the end of the file points behind it: show the last line that has something.
        if start >= source.len() {
            start = source.trim_end().len();
        }
        let length = source[start..].chars().next().map_or(0, char::len_utf8);
        let (message, help) = explain_syntax(info, &source[start..]);
        let place = Place { start, end: start + length };
        if info.contains("recursion limit") {
            // The parser reads ahead of its events and has a bound of its own.
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return self.reader.error(code::TOO_DEEP, place, message);
        }
        let mut problem = self.reader.problem(code::SYNTAX, place, message);
        problem.help = help.map(str::to_owned);
        self.reader.push(problem);
    }
}

/// What the parser's words mean to somebody who writes a definition.
fn explain_syntax(info: &str, rest: &str) -> (String, Option<&'static str>) {
    let help = if rest.starts_with('\t') || info.contains("tab") {
        Some("indent with spaces: YAML does not allow tabs there")
    } else if info.contains("while parsing a flow") || info.contains("flow") {
        Some("is a ',' or a closing '}' or ']' missing?")
    } else if info.contains("quoted") {
        Some("is a closing quote missing?")
    } else if info.contains("mapping values are not allowed") {
        Some("is the line indented as its neighbours are? A text with ': ' in it needs quotes")
    } else {
        None
    };
    (format!("this is not YAML: {info}"), help)
}

fn read_key(reader: &mut Reader<'_>, keys: &mut HashMap<String, Place>, node: Node) -> Key {
    let place = node.place;
    let Value::Scalar { text, quoted } = node.value else {
        if node.value != Value::Refused {
            let message = "a key must be a single word".to_owned();
            reader.error(code::COMPLEX_KEY, place, message);
        }
        return Key { text: String::new(), place, refused: true };
    };
    if text == "<<" && !quoted {
        let message = "merge keys are not part of the language: write the keys out".to_owned();
        reader.error(code::MERGE_KEY, place, message);
        return Key { text, place, refused: true };
    }
    if let Some(first) = keys.get(&text) {
        let line = reader.line_of(first.start);
        let message = format!("the key '{}' stands here a second time", short(&text));
        let problem = reader.problem(code::DUPLICATE_KEY, place, message);
        reader.push(problem.with_help(format!("it stands first on line {line}: keep one of them")));
        return Key { text, place, refused: true };
    }
    keys.insert(text.clone(), place);
    Key { text, place, refused: false }
}
