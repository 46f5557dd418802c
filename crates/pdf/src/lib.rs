//! The timeline of a case, and a licence, as PDF: a [`Paper`] or a [`LicencePaper`] in, bytes out.
//!
//! **Invariant.** What people have written is never markup. The template is one text of ours; everything else reaches it as
//! data (`json("paper.json")`), so that `#`, `$` or `[` are letters like any other. Nothing here knows a database, a network, a clock or a file
//! of the machine: the same paper gives the same bytes.

mod letters;
mod world;

use chrono::{DateTime, Datelike, Timelike, Utc};
use parvaneh_export::{LicencePaper, Paper, paper::Row};
use typst::{
    diag::SourceDiagnostic,
    foundations::{Datetime, Smart},
};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use self::world::{Desk, LICENCE, TIMELINE};

/// As many events are set: above it, it is more than anybody reads on paper, and tables do better.
pub const MOST_EVENTS: usize = 5_000;
/// And as many letters: what memory goes by, which is then about a gigabyte.
pub const MOST_LETTERS: usize = 1_500_000;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// More than [`MOST_EVENTS`], or more letters than [`MOST_LETTERS`]: how many of each.
    #[error(
        "the timeline has {0} events with {1} letters, and a PDF holds up to {MOST_EVENTS} with {MOST_LETTERS}: \
         csv, jsonl and xlsx hold all of it"
    )]
    TooLong(usize, usize),
    /// The address is too long for a QR code.
    #[error("the address of the case is too long for a QR code: {0}")]
    Address(String),
    /// The template, or the font: never what somebody wrote.
    #[error("the PDF cannot be set: {0}")]
    Unset(String),
}

/// Sets a paper: PDF 1.7 that is PDF/A-3a (kept readable for decades) and PDF/UA-1 (readable to who does not see). It is
/// work of seconds for thousands of events: not for a thread that others wait for.
///
/// # Errors
/// See [`PdfError`].
pub fn typeset(paper: &Paper) -> Result<Vec<u8>, PdfError> {
    let letters = |row: &Row| -> usize {
        let texts = [&row.title, &row.who].into_iter().chain(&row.lines).chain(&row.deadlines);
        texts.map(|text| text.chars().count()).sum()
    };
    let (events, letters) = (paper.rows.len(), paper.rows.iter().map(letters).sum());
    if events > MOST_EVENTS || letters > MOST_LETTERS {
        return Err(PdfError::TooLong(events, letters));
    }
    let name = format!("{} {}", paper.address, paper.hash);
    set(&Desk::with(TIMELINE, serde_json::to_value(paper), &paper.address)?, name, paper.made_at)
}

/// Sets a licence, likewise: work of a tenth of a second.
///
/// # Errors
/// See [`PdfError`].
pub fn typeset_licence(paper: &LicencePaper) -> Result<Vec<u8>, PdfError> {
    let name = format!("{} {}", paper.address, paper.language);
    set(&Desk::with(LICENCE, serde_json::to_value(paper), &paper.address)?, name, paper.made_at)
}

/// What lies on the desk, under the name by which the file is known from others.
fn set(desk: &Desk, name: String, made_at: DateTime<Utc>) -> Result<Vec<u8>, PdfError> {
    let set = pages(desk, name, made_at);
    // What was remembered for a next version of the same pages; there is none.
    typst::comemo::evict(0);
    set
}

fn pages(desk: &Desk, name: String, at: DateTime<Utc>) -> Result<Vec<u8>, PdfError> {
    let document: PagedDocument = typst::compile(desk).output.map_err(|why| unset(&why))?;
    let standards = PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1])
        .map_err(|why| PdfError::Unset(why.message().to_string()))?;
    let made_at = Datetime::from_ymd_hms(
        at.year(),
        at.month() as u8,
        at.day() as u8,
        at.hour() as u8,
        at.minute() as u8,
        at.second() as u8,
    );
    let options = PdfOptions {
        ident: Smart::Custom(name),
        creator: Smart::Custom(Some("Parvaneh".to_owned())),
        timestamp: made_at.map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|why| unset(&why))
}

fn unset(why: &[SourceDiagnostic]) -> PdfError {
    let why: Vec<&str> = why.iter().map(|one| one.message.as_str()).collect();
    PdfError::Unset(why.join("; "))
}
