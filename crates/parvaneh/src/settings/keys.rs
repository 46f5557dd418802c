//! Which settings there are: every option that has a variable in the environment.

use clap::{Arg, ArgAction, Command, error::ContextKind};
use std::error::Error as _;

/// What belongs to the person at the keyboard or to the search for the file itself.
const NOT_IN_A_FILE: &[&str] = &["PARVANEH_AS", "PARVANEH_CONFIG", "PARVANEH_WEBHOOK_SECRET"];

/// Addresses that hold a password.
const SECRET_ADDRESSES: &[&str] = &["database_url", "owner_database_url", "smtp_url"];

/// The ends of names of secrets.
const SECRET_ENDS: &[&str] = &["_secret", "_password", "_token", "_key"];

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Its name in a file: `public_url`.
    pub(crate) name: String,
    /// Its variable in the environment: `PARVANEH_PUBLIC_URL`.
    pub(crate) variable: String,
    /// The option.
    pub(crate) arg: Arg,
    /// The commands that have it; empty when all have.
    pub(crate) commands: Vec<String>,
}

impl Key {
    /// All settings, in the order in which the commands have them.
    pub(crate) fn all(command: &Command) -> Vec<Self> {
        let mut keys = Vec::new();
        collect(command, "", &mut keys);
        keys
    }

    /// Whether nobody else may read it.
    pub(crate) fn is_secret(&self) -> bool {
        let name = self.name.as_str();
        SECRET_ADDRESSES.contains(&name) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
    }

    /// Whether it can have several values.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::Append)
    }

    /// Whether it is either on or off.
    pub(crate) fn is_switch(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse)
    }

    /// The option as it is written: `--public-url`.
    pub(crate) fn option(&self) -> String {
        format!("--{}", self.arg.get_long().unwrap_or(&self.name))
    }

    /// What holds when nobody says anything.
    pub(crate) fn default(&self) -> Vec<String> {
        let values = self.arg.get_default_values().iter();
        values.map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// What it does, without line breaks.
    pub(crate) fn help(&self) -> String {
        let help = self.arg.get_long_help().or(self.arg.get_help());
        let text = help.map(ToString::to_string).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with a value, as the command line would say, without repeating the value;
    /// `None` when it can be used.
    pub(crate) fn fault(&self, value: &str) -> Option<String> {
        let option = self.option();
        // Alone: what other options say of it (that they need it, or exclude it) is another matter.
        let arg = Arg::new("value").long("value").value_parser(self.arg.get_value_parser().clone());
        let arg = match self.arg.get_value_delimiter() {
            Some(delimiter) => arg.value_delimiter(delimiter),
            None => arg,
        };
        let alone = Command::new("parvaneh").no_binary_name(true).arg(arg.action(ArgAction::Set));
        let error = alone.try_get_matches_from([format!("--value={value}")]).err()?;
        if let Some(words) = error.get(ContextKind::ValidValue) {
            return Some(format!("write one of: {words}"));
        }
        let why = error.source().map(ToString::to_string);
        Some(why.unwrap_or_else(|| format!("see {option} in --help")))
    }
}

fn collect(command: &Command, path: &str, keys: &mut Vec<Key>) {
    for arg in command.get_arguments() {
        let Some(variable) = arg.get_env().and_then(|name| name.to_str()) else { continue };
        if NOT_IN_A_FILE.contains(&variable) {
            continue;
        }
        match keys.iter_mut().find(|key| key.variable == variable) {
            Some(known) if !known.commands.is_empty() => known.commands.push(path.to_owned()),
            Some(_) => {}
            None => keys.push(Key {
                name: variable.trim_start_matches("PARVANEH_").to_lowercase(),
                variable: variable.to_owned(),
                arg: arg.clone(),
                commands: if arg.is_global_set() { Vec::new() } else { vec![path.to_owned()] },
            }),
        }
    }
    for subcommand in command.get_subcommands() {
        let path = format!("{path} {}", subcommand.get_name());
        collect(subcommand, path.trim(), keys);
    }
}
