//! What every source says, and which one counts.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Command, parser::ValueSource};
use parvaneh_core::document::Problem;
use serde_json::{Value, json};

use super::{
    file::{File, is_open, problem},
    keys::Key,
};

/// Where the configuration is looked for when nobody names one.
const USUAL: &str = "/etc/parvaneh/parvaneh.toml";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An option of this very command.
    CommandLine,
    /// A variable of the environment.
    Environment(String),
    /// A file that a variable or a key names.
    SecretFile(PathBuf),
    /// A credential of the service manager.
    Credential(PathBuf),
    /// A line of the configuration.
    File(String, u32),
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// The origin for programs.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::CommandLine => json!({ "from": "command_line" }),
            Self::Environment(variable) => json!({ "from": "environment", "variable": variable }),
            Self::SecretFile(path) => json!({ "from": "secret_file", "path": path }),
            Self::Credential(path) => json!({ "from": "credential", "path": path }),
            Self::File(path, line) => json!({ "from": "file", "path": path, "line": line }),
            Self::Default => json!({ "from": "default" }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::SecretFile(path) => write!(f, "secret file {}", path.display()),
            Self::Credential(path) => write!(f, "credential {}", path.display()),
            Self::File(path, line) => write!(f, "{path}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) values: Vec<String>,
    pub(crate) origin: Origin,
    /// Where it stands in the configuration, in bytes.
    pub(super) at: std::ops::Range<usize>,
}

/// All settings and what was said of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Every setting there is.
    pub(crate) keys: Vec<Key>,
    /// The file, if there is one.
    pub(crate) path: Option<PathBuf>,
    /// Its text.
    pub(crate) text: String,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
    /// By the setting's name, without what nobody said anything of.
    given: BTreeMap<String, Given>,
}

/// Which file is the configuration: that of `--config`, that of PARVANEH_CONFIG (none, where it is
/// empty), the usual one if it is there.
pub(crate) fn path(
    arguments: impl IntoIterator<Item = OsString>,
    variable: Option<OsString>,
) -> Option<PathBuf> {
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else { continue };
        match text.strip_prefix("--config") {
            Some("") => return arguments.next().map(PathBuf::from),
            Some(rest) if rest.starts_with('=') => return Some(PathBuf::from(&rest[1..])),
            _ if text == "--" => break,
            _ => {}
        }
    }
    match variable {
        Some(named) => Some(PathBuf::from(named)).filter(|path| !path.as_os_str().is_empty()),
        None => Some(PathBuf::from(USUAL)).filter(|path| path.exists()),
    }
}

impl Settings {
    /// Reads what everybody says, apart from the command line.
    pub(crate) fn read(
        command: &Command,
        path: Option<PathBuf>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Self {
        let keys = Key::all(command);
        let file = path.as_deref().map(|path| File::read(path, &keys)).unwrap_or_default();
        let mut settings = Self {
            path,
            text: file.text.clone(),
            problems: file.problems.clone(),
            given: BTreeMap::new(),
            keys,
        };
        let credentials = environment("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        for key in settings.keys.clone() {
            let found = settings.found(&key, &file, credentials.as_deref(), environment);
            if let Some(found) = found {
                settings.given.insert(key.name.clone(), found);
            }
        }
        settings
    }

    /// What the nearest source says of a setting.
    fn found(
        &mut self,
        key: &Key,
        file: &File,
        credentials: Option<&Path>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Option<Given> {
        if let Some(value) = environment(&key.variable) {
            let values = vec![value.to_string_lossy().into_owned()];
            let origin = Origin::Environment(key.variable.clone());
            return Some(Given { values, origin, at: 0..0 });
        }
        if key.is_secret() {
            let variable = format!("{}_FILE", key.variable);
            if let Some(path) = environment(&variable).filter(|path| !path.is_empty()) {
                let path = PathBuf::from(path);
                if is_open(&path) {
                    let message = format!(
                        "{variable} names {}, which every account may read",
                        path.display()
                    );
                    let help = format!("chmod o-rwx {}", path.display());
                    self.tell("readable-by-others", message, &help);
                }
                let origin = Origin::SecretFile(path.clone());
                return self.secret(key, &path, origin, 0..0);
            }
            let credential = credentials.map(|folder| folder.join(&key.name));
            if let Some(path) = credential.filter(|path| path.is_file()) {
                let origin = Origin::Credential(path.clone());
                return self.secret(key, &path, origin, 0..0);
            }
        }
        let entry = file.entries.iter().find(|entry| entry.name == key.name)?;
        if entry.in_file {
            let path = PathBuf::from(entry.values.first()?);
            let origin = Origin::SecretFile(path.clone());
            return self.secret(key, &path, origin, entry.key_at.clone());
        }
        let origin = Origin::File(file.path.clone(), file.line_of(entry.key_at.start));
        Some(Given { values: entry.values.clone(), origin, at: entry.value_at.clone() })
    }

    /// A secret that stands alone in a file, with or without a line break at its end.
    fn secret(
        &mut self,
        key: &Key,
        path: &Path,
        origin: Origin,
        at: std::ops::Range<usize>,
    ) -> Option<Given> {
        let (name, shown) = (&key.name, path.display());
        let (code, message) = match std::fs::read_to_string(path) {
            Ok(text) => {
                let value = text.trim_end_matches(['\r', '\n']).to_owned();
                match key.fault(&value) {
                    None => return Some(Given { values: vec![value], origin, at }),
                    Some(why) => ("bad-value", format!("'{name}' in {shown}: {why}")),
                }
            }
            Err(error) => ("cannot-read", format!("'{name}' cannot be read from {shown}: {error}")),
        };
        let file = self.path_shown();
        let help = "the file holds the value alone; the account that runs the program must read it";
        self.problems.push(problem(&file, &self.text, code, at, message, help));
        None
    }

    fn tell(&mut self, code: &'static str, message: String, help: &str) {
        let file = self.path_shown();
        self.problems.push(problem(&file, &self.text, code, 0..0, message, help));
    }

    /// The file's path for people; `environment` when there is none.
    pub(crate) fn path_shown(&self) -> String {
        self.path.as_ref().map_or("environment".to_owned(), |path| path.display().to_string())
    }

    /// The command line with what was said as defaults of its options. What stands in the environment
    /// is left to the parser, and named in help without its value: that may be a secret.
    pub(crate) fn apply(&self, command: Command) -> Command {
        let command = command.mut_args(|arg| {
            let arg = arg.hide_env_values(true);
            let variable = arg.get_env().and_then(|name| name.to_str());
            let key = self.keys.iter().find(|key| Some(key.variable.as_str()) == variable);
            match key.and_then(|key| self.given.get(&key.name)) {
                Some(given) if !matches!(given.origin, Origin::Environment(_)) => {
                    // Help is read by others too: it tells what the program would do by itself.
                    let hidden = !key.is_some_and(Key::is_switch);
                    arg.default_values(given.values.clone()).hide_default_value(hidden)
                }
                _ => arg,
            }
        });
        command.mut_subcommands(|subcommand| self.apply(subcommand))
    }

    /// Notes what the command line itself said.
    pub(crate) fn note(&mut self, matches: &ArgMatches) {
        for key in &self.keys {
            let id = key.arg.get_id().as_str();
            if !matches!(matches.try_contains_id(id), Ok(true))
                || matches.value_source(id) != Some(ValueSource::CommandLine)
            {
                continue;
            }
            let raw = matches.get_raw(id).into_iter().flatten();
            let values = raw.map(|value| value.to_string_lossy().into_owned()).collect();
            let given = Given { values, origin: Origin::CommandLine, at: 0..0 };
            self.given.insert(key.name.clone(), given);
        }
        if let Some((_, inner)) = matches.subcommand() {
            self.note(inner);
        }
    }

    /// Values of the environment that cannot be. (Of those of a command the parser tells only when
    /// that command is called.)
    pub(crate) fn faults_outside_the_file(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for key in &self.keys {
            let Some(Given { values, origin: Origin::Environment(variable), .. }) =
                self.given.get(&key.name)
            else {
                continue;
            };
            if let Some(why) = values.iter().find_map(|value| key.fault(value)) {
                let message = format!("{variable} cannot have this value");
                found.push(problem("environment", "", "bad-value", 0..0, message, &why));
            }
        }
        found
    }

    /// What was said of a setting; `None` when its default counts.
    pub(crate) fn given(&self, name: &str) -> Option<&Given> {
        self.given.get(name)
    }

    /// The one value of a setting that counts, if there is one and it is not empty.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let given = self.given.get(name).and_then(|given| given.values.first().cloned());
        let by_default = || {
            let key = self.keys.iter().find(|key| key.name == name)?;
            key.default().into_iter().next()
        };
        given.or_else(by_default).filter(|value| !value.trim().is_empty())
    }
}
