//! What people fill in: typed fields, what they hold, and everything that is wrong with them.
//!
//! A definition declares forms ([`Form`]); what a person types ([`Given`]) is read into typed
//! [`Value`]s, in Persian or Latin digits and in either calendar, and every fault of it is told at
//! once ([`Fault`]), in both languages. Only values without a fault become part of a case.

mod amount;
mod check;
mod fault;
mod identity;
mod paper;
mod read;
mod schema;
mod shown;
#[cfg(test)]
mod tests;
mod typed;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use check::{Asked, fill};
pub use fault::{Fault, FaultCode};
pub use identity::{is_legal_id, is_national_id};
pub(crate) use paper::lacking;
pub use paper::{DocumentKind, Paper, PaperState, PaperType, Verdict, checklist};
pub use read::{read, read_text};
pub use schema::{Condition, DateBound, Field, FieldKind, Form, Required};
pub use value::{FileReference, Number, NumberError, Value};

use crate::{DocumentId, FieldId, personal::Opening};

/// What a person gives with a command, as he typed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Values by the name of the field. A text, a number or a yes/no; `null` or a blank text takes
    /// an optional value away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, serde_json::Value>,
    /// Papers that are handed in with it, by their kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub papers: BTreeMap<DocumentId, HandedIn>,
}

/// A paper, as somebody hands it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedIn {
    /// What it is; its content is kept elsewhere.
    pub file: FileReference,
    /// The day of its issue, in either calendar.
    #[serde(default)]
    pub issued: Option<String>,
    /// How many copies.
    #[serde(default = "one")]
    pub copies: u32,
}

fn one() -> u32 {
    1
}

impl Given {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.papers.is_empty()
    }

    /// The same with one more paper.
    #[must_use]
    pub fn with_paper(mut self, document: &str, paper: HandedIn) -> Self {
        self.papers.insert(document.into(), paper);
        self
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<serde_json::Value>) -> Self {
        self.values.insert(field.to_owned(), value.into());
        self
    }
}

/// What a form did to the data of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filling {
    /// New or changed values.
    pub values: BTreeMap<FieldId, Value>,
    /// Values that were taken away.
    pub cleared: Vec<FieldId>,
    /// What the new commitments stand for.
    pub openings: Vec<Opening>,
}

impl Filling {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.cleared.is_empty()
    }
}
