//! What is wrong with a file, where, and what would mend it.

use std::ops::Range;

use serde::Serialize;

/// A stable name of a kind of problem, and what it means. Programs may rely on the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The name: `unknown-key`.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

/// Declares codes as constants, and the list of them all.
macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $constant: &str = $name;
        )*
        /// Every code of this module, in the order of `docs/WORKFLOWS.md`.
        pub const ALL: &[$crate::document::Code] =
            &[$($crate::document::Code { name: $name, meaning: $meaning }),*];
    };
}
pub(crate) use codes;

/// The codes that reading any document can raise.
pub mod code {
    super::codes! {
        NOT_UTF8 = "not-utf8", "The file is not text in UTF-8.";
        TOO_LARGE = "too-large", "The file is longer than 1 MiB.";
        TOO_DEEP = "too-deep", "Mappings and lists are nested deeper than 32 levels.";
        TOO_MANY_NODES = "too-many-nodes", "The file holds more than 100,000 values.";
        TOO_MANY_PROBLEMS = "too-many-problems", "The file has more problems than are worth telling.";
        CONTROL_CHARACTER = "control-character", "A control character, or one that reorders text on the screen, stands in the file.";
        SYNTAX = "syntax", "The file is not YAML.";
        EMPTY_DOCUMENT = "empty-document", "The file holds nothing.";
        SEVERAL_DOCUMENTS = "several-documents", "The file holds more than one YAML document.";
        ALIAS = "alias", "An alias (`*name`) is used: the language has none.";
        ANCHOR = "anchor", "An anchor (`&name`) is used: the language has none.";
        TAG = "tag", "A tag (`!name`) is used: the language has none.";
        MERGE_KEY = "merge-key", "A merge key (`<<`) is used: the language has none.";
        COMPLEX_KEY = "complex-key", "A key is a mapping or a list.";
        DUPLICATE_KEY = "duplicate-key", "A key stands twice in one mapping.";
        UNKNOWN_KEY = "unknown-key", "A key that has no meaning there.";
        MISSING_KEY = "missing-key", "A key that must be there is not.";
        WRONG_KIND = "wrong-kind", "A value of another kind is expected: a mapping, a list or a single value.";
        EMPTY_VALUE = "empty-value", "A value is missing or empty.";
        NOT_A_NAME = "not-a-name", "A name is not of the form `[a-z][a-z0-9_-]*`.";
        NOT_A_TERM = "not-a-term", "A length of time is not a whole number and a unit, such as `3 wd`.";
        NOT_A_NUMBER = "not-a-number", "A whole number is expected.";
        OUT_OF_BOUNDS = "out-of-bounds", "A number is too small or too large there.";
        NOT_YES_OR_NO = "not-yes-or-no", "`yes` or `no` is expected.";
        UNKNOWN_CHOICE = "unknown-choice", "A word is not one of the few that are possible there.";
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but somebody should look.
    Warning,
}

/// One problem of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A stable name of the kind of problem: `unknown-key`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// The place in the file, in bytes.
    pub span: Range<usize>,
    /// What is wrong, and where it is obvious, what was meant.
    pub message: String,
    /// What stands under the caret.
    pub label: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl Problem {
    /// The problem with a text under the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The problem with a remark on what would mend it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The problem as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// Whether a file with these problems cannot be used.
pub fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}
