//! Timelines as files: recorded events in, bytes out.
//!
//! **Invariant.** Nothing here knows a database, a network or who asks. A [`Writer`] is given events one by one,
//! a case's together and in their order, and holds no more of them than it has not been asked for yet, however
//! many there are. What a format needs at its end (a table of contents, what its events speak of) waits in a file
//! without a name.

mod cell;
mod csv;
mod json_lines;
mod ocel;
pub mod paper;
mod said;
mod sheet;
mod table;
#[cfg(test)]
mod testing;
mod texts;
mod times;
mod writer;
mod xes;
mod xlsx;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::{
    cell::guarded,
    paper::{LicencePaper, Paper},
    table::{Cell, Table},
    texts::kind_title,
    writer::{Totals, Writer},
};

/// What a timeline becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A table: comma-separated values (RFC 4180), in which no cell is a formula.
    Csv,
    /// The recorded bytes themselves, each event a line of canonical JSON (RFC 8785).
    Jsonl,
    /// A workbook (ISO/IEC 29500).
    Xlsx,
    /// An event log for process mining: IEEE 1849-2016.
    Xes,
    /// An event log of several kinds of objects: OCEL 2.0, in JSON.
    Ocel,
    /// The timeline of one case on paper: PDF. No list of events, and not made by a [`Writer`]: see [`paper`].
    Pdf,
    /// Timelines with everything by which an auditor verifies them offline (`docs/PROOF.md`). Not made by a [`Writer`]
    /// either: it holds the log's proofs.
    Bundle,
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no format: csv, jsonl, xlsx, xes, ocel, pdf or bundle")]
pub struct UnknownFormat(String);

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Jsonl, Self::Xlsx, Self::Xes, Self::Ocel, Self::Pdf, Self::Bundle];

    /// Whether it is a list of events, which a [`Writer`] writes.
    pub fn is_list(self) -> bool {
        !matches!(self, Self::Pdf | Self::Bundle)
    }

    /// Its name, in settings, addresses and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Xes => "xes",
            Self::Ocel => "ocel",
            Self::Pdf => "pdf",
            Self::Bundle => "bundle",
        }
    }

    /// How the name of such a file ends, without a point before it.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ocel => "ocel.json",
            Self::Bundle => "bundle.jsonl",
            other => other.name(),
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl | Self::Bundle => "application/jsonl; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Xes => "application/xml",
            Self::Ocel => "application/json",
            Self::Pdf => "application/pdf",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let named = Self::ALL.into_iter().find(|format| format.name() == text);
        named.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// In which language columns and kinds of events are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// As programs read them: `effective_at`.
    #[default]
    Plain,
    /// In Persian; a workbook then runs from right to left.
    Persian,
}

/// How a table is written. The other formats are what their standards say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Options {
    /// In which language columns and kinds of events are named.
    #[serde(default)]
    pub naming: Naming,
    /// Whether CSV begins with a byte order mark: without it Excel does not read Persian.
    #[serde(default)]
    pub bom: bool,
    /// Whether Jalali dates stand beside the others.
    #[serde(default)]
    pub jalali: bool,
    /// Whether a PDF is in English and not in Persian.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub english: bool,
}

/// Why nothing can be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is recorded cannot be read.
    #[error("event {seq} of case {case} cannot be read: {error}")]
    Unreadable {
        /// The case.
        case: parvaneh_core::CaseId,
        /// The event.
        seq: u32,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The file that waits for the end cannot be written or read.
    #[error("the temporary file: {0}")]
    Spool(#[from] std::io::Error),
    /// No list of events: somebody else makes it.
    #[error("{0} is not made here: this program was built without it")]
    NoList(Format),
    /// The workbook.
    #[error("the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

impl ExportError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Spool(_) => "no_temporary_file",
            Self::Workbook(_) => "no_workbook",
            Self::NoList(_) => "not_made_here",
        }
    }
}
