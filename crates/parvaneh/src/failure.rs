//! How the program fails: a stable code, what happened, the way out, and an exit code.

use std::{borrow::Cow, process::ExitCode};

use parvaneh_core::{document::Problem, form::Fault};
use serde_json::{Value, json};

use crate::output::paint;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The answer is no.
    No = 1,
    /// The command line was misused.
    Usage = 2,
    /// The database cannot be reached or started.
    Database = 3,
    /// Something is wrong that the caller cannot mend.
    Internal = 4,
    /// A signal ended the command.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Failure {
    /// With what the program exits.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.found.map_or_else(|| self.exit.into(), ExitCode::from)
    }
}

/// Problems of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unsound {
    /// All of them.
    pub(crate) problems: Vec<Problem>,
    /// The same for people, with their places in the file's text.
    pub(crate) shown: String,
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// A stable name: `no-such-day`.
    pub(crate) code: Cow<'static, str>,
    /// What happened, and where.
    pub(crate) message: String,
    /// The way out.
    pub(crate) help: Option<String>,
    /// The kind of exit.
    pub(crate) exit: Exit,
    /// What a verification found first: the program exits with that.
    found: Option<u8>,
    /// What stood in the way, where it is a file.
    pub(crate) file: Option<Box<Unsound>>,
    /// Everything that was wrong with what was given.
    pub(crate) faults: Vec<Fault>,
    /// The answer has been given already: nothing more is to be said.
    silent: bool,
}

impl Failure {
    /// The answer is no.
    pub(crate) fn no(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(code, message, Exit::No)
    }

    /// The command line was misused.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message, Exit::Usage)
    }

    /// The database cannot be reached or started.
    pub(crate) fn database(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(code, message, Exit::Database)
    }

    /// A signal ended the command.
    pub(crate) fn interrupted() -> Self {
        Self::new("interrupted", "interrupted; what was written is written", Exit::Interrupted)
    }

    /// Something else went wrong.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("internal", message, Exit::Internal)
    }

    /// The answer is no, and stands on stdout already.
    pub(crate) fn answered() -> Self {
        Self { silent: true, ..Self::no("no", "") }
    }

    /// A verification has told what it found: the program exits with the code of that.
    pub(crate) fn found(code: u8) -> Self {
        Self { found: Some(code), ..Self::answered() }
    }

    fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>, exit: Exit) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            help: None,
            exit,
            found: None,
            file: None,
            faults: Vec::new(),
            silent: false,
        }
    }

    /// Nobody reads the answer any more.
    pub(crate) fn closed() -> Self {
        Self { silent: true, ..Self::no("closed", "") }
    }

    /// The failure with a way out.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The failure with the name of the option or place in front of its message.
    #[must_use]
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Whether there is something to say on stderr.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    /// The failure as a JSON object without its envelope.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message, "help": self.help });
        if let Some(file) = &self.file {
            error["problems"] = json!(file.problems);
        }
        if !self.faults.is_empty() {
            error["faults"] = json!(self.faults);
        }
        error
    }

    /// The failure as it is printed on stderr.
    pub(crate) fn render(&self, json: bool, colour: bool) -> String {
        if json {
            return json!({ "error": self.to_json() }).to_string();
        }
        let red = owo_colors::Style::new().red().bold();
        let mut text =
            format!("{}: {}", paint(colour, red, &format!("error[{}]", self.code)), self.message);
        if let Some(file) = &self.file {
            text.push_str(&format!("\n{}", file.shown.trim_end()));
        }
        for fault in &self.faults {
            text.push_str(&format!("\n  - {} [{}]\n    {}", fault.en, fault.code, fault.fa));
        }
        if let Some(help) = &self.help {
            let cyan = owo_colors::Style::new().cyan();
            text.push_str(&format!("\n  {} {help}", paint(colour, cyan, "help:")));
        }
        text
    }
}
