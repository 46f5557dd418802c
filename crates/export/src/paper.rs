//! The timeline of a case, and a licence, as they are set on paper: what is said, in the words of its language, and nothing of how it looks.
//!
//! Whoever has the words (the pages) fills it in, whoever sets it makes pages of it: neither knows the other.

use parvaneh_core::Instant;
use serde::Serialize;

/// A timeline, ready to be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paper {
    /// The tag of the language: `fa`, `en`.
    pub language: &'static str,
    /// In which direction it runs: `rtl`, `ltr`.
    pub direction: &'static str,
    /// What it is called.
    pub title: String,
    /// The code of the case, as people say it.
    pub code: String,
    /// What the case is about.
    pub subject: String,
    /// The head: what the case is, and where it stands.
    pub facts: Vec<Fact>,
    /// What to know about the table.
    pub note: String,
    /// What heads the columns: number, when, what, who, deadline.
    pub columns: [String; 5],
    /// The events, the newest last.
    pub rows: Vec<Row>,
    /// What stands below each page before the number of the page: `{page}` and `{pages}` are figures.
    pub page: String,
    /// What the hash is called.
    pub hash_name: String,
    /// The hash of the last event.
    pub hash: String,
    /// What the QR code leads to, in words.
    pub address_name: String,
    /// The address of the case: the QR code.
    pub address: String,
    /// When it was made: the date of the file.
    #[serde(skip)]
    pub made_at: Instant,
}

/// A licence, ready to be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LicencePaper {
    /// The tag of the language: `fa`, `en`.
    pub language: &'static str,
    /// The office that granted it.
    pub office: String,
    /// What it is called: its kind.
    pub title: String,
    /// What the number is called.
    pub number_name: String,
    /// The number.
    pub number: String,
    /// What it is for.
    pub subject: String,
    /// Whose it is, from when and until when it is valid, how it stood when this was printed.
    pub facts: Vec<Fact>,
    /// What tells whether it is in force, and that this paper does not.
    pub note: String,
    /// What the QR code leads to, in words.
    pub address_name: String,
    /// The address at which anybody checks it: the QR code.
    pub address: String,
    /// When it was made: the date of the file.
    #[serde(skip)]
    pub made_at: Instant,
}

/// A fact of the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its number, in figures of the language.
    pub no: String,
    /// When it counts.
    pub when: String,
    /// When it was recorded, where that was later.
    pub recorded: Option<String>,
    /// What happened.
    pub title: String,
    /// What is to be said of it.
    pub lines: Vec<String>,
    /// By whom, as what.
    pub who: String,
    /// What became of deadlines by it.
    pub deadlines: Vec<String>,
}
