//! A configuration file: TOML, one key a setting, each with its place.

use std::{io::Read as _, ops::Range, os::unix::fs::MetadataExt as _, path::Path};

use parvaneh_core::document::{Problem, Severity, did_you_mean};
use toml::de::{DeTable, DeValue};

use super::keys::Key;

/// More than anybody writes.
const LONGEST: u64 = 1 << 20;

/// What a file says of one setting.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The setting's name, without `_file`.
    pub(super) name: String,
    /// Whether the value is the path of a file in which the secret stands.
    pub(super) in_file: bool,
    /// The values, in the order of the file.
    pub(super) values: Vec<String>,
    /// Where the key stands, in bytes.
    pub(super) key_at: Range<usize>,
    /// Where the value stands, in bytes.
    pub(super) value_at: Range<usize>,
}

/// A configuration file as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// Its path, for people.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
    /// What can be used of it.
    pub(super) entries: Vec<Entry>,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
}

impl File {
    /// Reads a file; whatever is wrong with it stands among its problems.
    pub(super) fn read(path: &Path, keys: &[Key]) -> Self {
        let mut file = Self { path: path.display().to_string(), ..Self::default() };
        match text(path) {
            Ok(text) => file.text = text,
            Err(error) => {
                let message = format!("the configuration cannot be read: {error}");
                let help = match error.kind() {
                    std::io::ErrorKind::PermissionDenied => {
                        "run the command as a user who may read it (sudo -u parvaneh parvaneh …), or \
                         go on without it: PARVANEH_CONFIG= parvaneh …"
                    }
                    _ => "name another one with --config, or set PARVANEH_CONFIG to nothing",
                };
                file.tell("cannot-read", 0..0, message, help);
                return file;
            }
        }
        let text = file.text.clone();
        let (table, errors) = DeTable::parse_recoverable(&text);
        for error in errors {
            let at = error.span().unwrap_or(0..0);
            let help = "a line is written  key = \"value\"  (TOML)";
            file.tell("not-toml", at, error.message().to_owned(), help);
        }
        // Of a broken file nobody knows what its lines were meant to say.
        let lines = table.get_ref().iter().filter(|_| file.problems.is_empty()).collect::<Vec<_>>();
        for (key, value) in lines {
            file.take(key.get_ref(), key.span(), value.get_ref(), value.span(), keys);
        }
        file.entries.sort_by_key(|entry| entry.key_at.start);
        file.look_at_twins();
        file.look_at_permissions(path, keys);
        file.problems.sort_by_key(|problem| problem.span.start);
        file
    }

    fn take(
        &mut self,
        written: &str,
        key_at: Range<usize>,
        value: &DeValue<'_>,
        value_at: Range<usize>,
        keys: &[Key],
    ) {
        let secret = written
            .strip_suffix("_file")
            .and_then(|name| keys.iter().find(|key| key.name == name && key.is_secret()));
        let plain = keys.iter().find(|key| key.name == written);
        let (key, in_file) = match (plain, secret) {
            (Some(key), _) => (key, false),
            (None, Some(key)) => (key, true),
            (None, None) => {
                let known = keys.iter().map(|key| key.name.as_str());
                let help = match (value, did_you_mean(written, known)) {
                    (_, Some(near)) => format!("did you mean '{near}'?"),
                    (DeValue::Table(_), None) => "settings stand in no section".to_owned(),
                    _ => "`parvaneh config example` prints every setting".to_owned(),
                };
                let message = format!("'{written}' is no setting");
                return self.tell("unknown-key", key_at, message, &help);
            }
        };
        let values = match written_values(value) {
            Some(values) if in_file || key.is_list() || values.len() == 1 => values,
            _ => {
                let help =
                    if key.is_list() { "write [\"one\", \"two\"]" } else { "write one value" };
                let message = format!("'{written}' has a value of another kind");
                return self.tell("bad-value", value_at, message, help);
            }
        };
        if !in_file && let Some(why) = values.iter().find_map(|value| key.fault(value)) {
            let message = format!("'{written}' cannot have this value");
            return self.tell("bad-value", value_at, message, &why);
        }
        self.entries.push(Entry { name: key.name.clone(), in_file, values, key_at, value_at });
    }

    /// A secret that is given and named by a file too.
    fn look_at_twins(&mut self) {
        let twins = self.entries.iter().filter(|entry| entry.in_file).filter_map(|entry| {
            let twin = |other: &&Entry| other.name == entry.name && !other.in_file;
            self.entries.iter().find(twin).map(|_| (entry.name.clone(), entry.key_at.clone()))
        });
        let twins: Vec<_> = twins.collect();
        for (name, at) in twins {
            let message = format!("'{name}' is given twice: by itself and by a file");
            self.tell("contradiction", at, message, "leave one of them out");
        }
    }

    /// A file in which secrets stand is nobody else's business.
    fn look_at_permissions(&mut self, path: &Path, keys: &[Key]) {
        let secret = |name: &str| keys.iter().any(|key| key.name == name && key.is_secret());
        let bare = self.entries.iter().find(|entry| !entry.in_file && secret(&entry.name));
        if let Some(entry) = bare.cloned() {
            self.look_at_secret(path, &entry.name, entry.key_at);
        }
        for entry in self.entries.clone().into_iter().filter(|entry| entry.in_file) {
            for value in &entry.values {
                self.look_at_secret(Path::new(value), &entry.name, entry.key_at.clone());
            }
        }
    }

    fn look_at_secret(&mut self, path: &Path, name: &str, at: Range<usize>) {
        if is_open(path) {
            let shown = path.display();
            let message = format!("'{name}' stands in {shown}, which every account may read");
            let help = format!("chmod o-rwx {shown}; chgrp to the account that runs the program");
            self.tell("readable-by-others", at, message, &help);
        }
    }

    /// Notes a problem at a place.
    pub(super) fn tell(
        &mut self,
        code: &'static str,
        at: Range<usize>,
        message: String,
        help: &str,
    ) {
        let problem = problem(&self.path, &self.text, code, at, message, help);
        self.problems.push(problem);
    }

    /// The line of a place, from 1.
    pub(super) fn line_of(&self, byte: usize) -> u32 {
        line_and_column(&self.text, byte).0
    }
}

/// Whether accounts other than its owner and group may read or write a file.
pub(super) fn is_open(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|of| of.is_file() && of.mode() & 0o006 != 0)
}

/// A problem at a place of a file.
pub(super) fn problem(
    path: &str,
    text: &str,
    code: &'static str,
    at: Range<usize>,
    message: String,
    help: &str,
) -> Problem {
    let (line, column) = line_and_column(text, at.start);
    Problem {
        code,
        severity: Severity::Error,
        file: path.to_owned(),
        line,
        column,
        span: at,
        message,
        label: String::new(),
        help: Some(help.to_owned()),
    }
}

fn line_and_column(text: &str, byte: usize) -> (u32, u32) {
    let before = text.get(..byte.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        return Err(std::io::Error::other("it is longer than a mebibyte"));
    }
    Ok(text)
}

/// The values as they would be written on the command line.
fn written_values(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(values) => {
            values.iter().map(|value| written_value(value.get_ref())).collect()
        }
        value => written_value(value).map(|value| vec![value]),
    }
}

fn written_value(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        _ => None,
    }
}

/// A text of a configuration file in which every value of a secret is made unreadable, of the same
/// length, so that places stay where they are.
pub(crate) fn masked(text: &str, keys: &[Key]) -> String {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut masked = text.as_bytes().to_vec();
    let known = |name: &str| keys.iter().any(|key| key.name == name && !key.is_secret());
    for (key, value) in table.get_ref() {
        // A misspelt key may well hold a secret.
        if !known(key.get_ref()) && !key.get_ref().ends_with("_file") {
            for byte in masked.get_mut(value.span()).unwrap_or_default() {
                *byte = if *byte == b'\n' { b'\n' } else { b'*' };
            }
        }
    }
    String::from_utf8(masked).unwrap_or_default()
}
