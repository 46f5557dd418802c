//! What the program is told from outside: options of every command and the environment.
//!
//! The environment is read here and nowhere else, once, by the parser of the command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum};

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// Print one JSON document for programs, on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The configuration file (default: /etc/parvaneh/parvaneh.toml, if it is there); see `parvaneh
    /// config --help`
    // Read before everything else, because it says what holds where nobody says anything.
    #[arg(long, global = true, env = "PARVANEH_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<OsString>,
    /// How dates are shown to people: jalali or iso (JSON always has RFC 3339)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "PARVANEH_DATES",
        value_name = "CALENDAR"
    )]
    pub(crate) dates: Dates,
    /// The language of titles and names: en or fa (messages are English)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "PARVANEH_LANG",
        value_name = "LANGUAGE"
    )]
    pub(crate) lang: Lang,
    /// When to use colours: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "WHEN"
    )]
    pub(crate) color: Color,
    /// How the program logs on stderr: text or json (what it logs, RUST_LOG says; warn without it)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "PARVANEH_LOG_FORMAT",
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,
    /// Where the private Postgres keeps its data, when no database is named (default:
    /// ~/.local/share/parvaneh, or /var/lib/parvaneh for root)
    #[arg(long, global = true, env = "PARVANEH_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The database; without one, the program starts a private Postgres of its own
    #[arg(long, global = true, env = "DATABASE_URL", value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The same database as its owner: only `migrate` needs it
    #[arg(long, global = true, env = "PARVANEH_OWNER_DATABASE_URL", value_name = "URL")]
    pub(crate) owner_database_url: Option<String>,
    /// The key by which secrets in the database are sealed: the base64 of 32 random bytes (openssl rand
    /// -base64 32), the same for every process of an installation. Beside the private Postgres one is
    /// kept in the file secret.key
    #[arg(long, global = true, env = "PARVANEH_SECRET_KEY", value_name = "KEY")]
    pub(crate) secret_key: Option<String>,
    /// The folder with Postgres' server programs (initdb, postgres), 15 or newer
    #[arg(long, global = true, env = "PARVANEH_PG_BIN", value_name = "DIR")]
    pub(crate) pg_bin: Option<PathBuf>,
}

/// How dates are shown to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dates {
    /// 1403/12/30 14:30
    #[default]
    Jalali,
    /// 2025-03-20 14:30
    Iso,
}

/// The language of titles and names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// English
    #[default]
    En,
    /// Persian
    Fa,
}

impl Lang {
    /// The text of this language.
    pub(crate) fn of<'t>(self, fa: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::En => en,
            Self::Fa => fa,
        }
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How the program logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the edge: this module alone reads the environment")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// An environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the edge: this module alone reads the environment")]
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}
