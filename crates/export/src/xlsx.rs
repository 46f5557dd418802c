//! A workbook: the same table, as many sheets as it takes.
//!
//! The library keeps one row in memory and the rest in a temporary file; a cell is given as a text or a number, so none
//! is a formula.

use std::fs::File;

use chrono::NaiveDateTime;
use parvaneh_core::{Instant, RecordedEvent};
use rust_xlsxwriter::{Format, Workbook, Worksheet};

use crate::{
    ExportError, Naming, Options,
    said::Said,
    sheet::{Column, columns},
    texts::kind_title,
    times::Times,
};

/// How many rows a sheet can have, its header included.
const ROWS: u32 = 1_048_576;
/// How many letters a cell can have, as UTF-16 counts them.
const LETTERS: usize = 32_767;
/// 1970-01-01 as a workbook counts days.
const EPOCH: f64 = 25_569.0;

/// The workbook.
pub(crate) struct Xlsx {
    book: Workbook,
    columns: Vec<(Column, &'static str)>,
    options: Options,
    times: Times,
    sheets: usize,
    /// The next row of the last sheet.
    row: u32,
    /// How many rows a sheet has at most.
    rows: u32,
    day: Format,
    head: Format,
}

impl std::fmt::Debug for Xlsx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Xlsx").field("sheets", &self.sheets).field("row", &self.row).finish()
    }
}

impl Xlsx {
    pub(crate) fn begin(options: Options, times: Times) -> Result<Self, ExportError> {
        Self::of_rows(options, times, ROWS)
    }

    fn of_rows(options: Options, times: Times, rows: u32) -> Result<Self, ExportError> {
        let mut book = Self {
            book: Workbook::new(),
            columns: columns(options),
            options,
            times,
            sheets: 0,
            row: 0,
            rows,
            day: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            head: Format::new().set_bold(),
        };
        book.sheet()?;
        Ok(book)
    }

    /// Begins another sheet.
    fn sheet(&mut self) -> Result<(), ExportError> {
        self.sheets += 1;
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        let name = match self.options.naming {
            Naming::Plain => format!("events {}", self.sheets),
            Naming::Persian => format!("رویدادها {}", self.sheets),
        };
        sheet.set_name(name)?;
        sheet.set_right_to_left(self.options.naming == Naming::Persian);
        sheet.set_freeze_panes(1, 0)?;
        for (place, (column, header)) in self.columns.iter().enumerate() {
            sheet.set_column_width(place as u16, width(*column))?;
            sheet.write_string_with_format(0, place as u16, *header, &self.head)?;
        }
        self.row = 1;
        Ok(())
    }

    pub(crate) fn event(&mut self, event: &RecordedEvent<'_>) -> Result<(), ExportError> {
        if self.row >= self.rows {
            self.sheet()?;
        }
        let said = Said::of(event)?;
        let Self { book, columns, times, sheets, row, day, .. } = self;
        let sheet = book.worksheet_from_index(*sheets - 1)?;
        let case = event.case;
        for (place, (column, _)) in columns.iter().enumerate() {
            let mut cells = Cells { sheet, row: *row, place: place as u16, times, day };
            match column {
                Column::Case => cells.text(&case.case.to_string())?,
                Column::Code => cells.text(&case.code())?,
                Column::Workflow => cells.text(case.workflow.as_str())?,
                Column::Version => cells.number(case.version)?,
                Column::Unit => cells.text(case.unit.as_str())?,
                Column::Applicant => cells.text(&case.applicant.to_string())?,
                Column::Subject => cells.text(&case.subject)?,
                Column::Seq => cells.number(event.seq)?,
                Column::Event => cells.text(event.kind)?,
                Column::EventTitle => cells.text(kind_title(event.kind))?,
                Column::EffectiveAt => cells.instant(event.effective_at)?,
                Column::EffectiveJalali => cells.jalali(event.effective_at)?,
                Column::RecordedAt => cells.instant(event.recorded_at)?,
                Column::RecordedJalali => cells.jalali(event.recorded_at)?,
                Column::Person => cells.maybe(said.person())?,
                Column::Role => cells.text(said.role())?,
                Column::RoleUnit => cells.maybe(said.officer().map(|officer| &*officer.unit))?,
                Column::OnBehalfOf => cells.maybe(said.on_behalf_of())?,
                Column::Task => {
                    if let Some(task) = said.fact.task {
                        cells.number(task)?;
                    }
                }
                Column::Action => cells.maybe(said.action())?,
                Column::Branch => cells.maybe(said.fact.branch.as_deref())?,
                Column::Document => cells.maybe(said.fact.document.as_deref())?,
                Column::Step => cells.maybe(said.step())?,
                Column::Outcome => cells.maybe(said.outcome())?,
                Column::Reason => cells.maybe(said.reason())?,
                Column::Hash => {
                    let mut hash = Vec::with_capacity(64);
                    crate::json_lines::hexadecimal(&event.hash, &mut hash);
                    cells.text(&String::from_utf8_lossy(&hash))?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    /// The whole workbook, in a file without a name.
    pub(crate) fn end(&mut self) -> Result<File, ExportError> {
        let mut file = tempfile::tempfile()?;
        self.book.save_to_writer(&mut file)?;
        Ok(file)
    }
}

/// A place in a row.
struct Cells<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    place: u16,
    times: &'a mut Times,
    day: &'a Format,
}

impl Cells<'_> {
    fn text(&mut self, text: &str) -> Result<(), ExportError> {
        self.sheet.write_string(self.row, self.place, fitting(text))?;
        Ok(())
    }

    fn maybe(&mut self, text: Option<&str>) -> Result<(), ExportError> {
        text.map_or(Ok(()), |text| self.text(text))
    }

    fn number(&mut self, number: u32) -> Result<(), ExportError> {
        self.sheet.write_number(self.row, self.place, number)?;
        Ok(())
    }

    fn instant(&mut self, at: Instant) -> Result<(), ExportError> {
        let serial = serial(self.times.local(at));
        self.sheet.write_number_with_format(self.row, self.place, serial, self.day)?;
        Ok(())
    }

    fn jalali(&mut self, at: Instant) -> Result<(), ExportError> {
        let mut told = Vec::with_capacity(16);
        self.times.jalali(at, &mut told);
        self.text(&String::from_utf8_lossy(&told))
    }
}

/// A local time as a workbook counts it, to the millisecond.
fn serial(local: NaiveDateTime) -> f64 {
    let millis = local.and_utc().timestamp_millis();
    EPOCH + millis as f64 / 86_400_000.0
}

/// As much of a text as a cell can hold, with a mark where that is not all.
fn fitting(text: &str) -> String {
    if text.len() <= LETTERS || text.encode_utf16().count() <= LETTERS {
        return text.to_owned();
    }
    let mut left = LETTERS - 1;
    let fits = text.chars().take_while(|sign| {
        let needed = sign.len_utf16();
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        fits
    });
    let mut short: String = fits.collect();
    short.push('…');
    short
}

fn width(column: Column) -> f64 {
    match column {
        Column::Case | Column::Applicant | Column::Person | Column::OnBehalfOf => 37.0,
        Column::Subject | Column::Reason => 40.0,
        Column::Hash => 66.0,
        Column::Version | Column::Seq | Column::Task => 9.0,
        _ => 19.0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx as Book};

    use super::*;
    use crate::testing::{story, written};

    #[test]
    fn a_text_that_is_too_long_for_a_cell_is_cut_where_one_sees_it() {
        let long = "الف😀".repeat(20_000);
        let short = fitting(&long);
        assert!(short.encode_utf16().count() <= LETTERS && short.ends_with('…'));
        assert_eq!(fitting("کوتاه"), "کوتاه");
    }

    #[test]
    fn a_sheet_that_is_full_is_followed_by_another() {
        let options = Options { naming: Naming::Persian, ..Options::default() };
        let mut book =
            Xlsx::of_rows(options, Times::new(chrono_tz::Asia::Tehran), 3).expect("a workbook");
        let story = story("=1+1");
        for event in story.events() {
            book.event(&event).expect("an event");
        }
        let mut file = book.end().expect("a file");
        let mut bytes = Vec::new();
        std::io::Seek::rewind(&mut file).expect("a file");
        std::io::Read::read_to_end(&mut file, &mut bytes).expect("a file");
        let mut read: Book<_> = Book::new(Cursor::new(bytes)).expect("a workbook");
        let names = read.sheet_names();
        assert!(names.len() >= 2 && names[0] == "رویدادها 1", "{names:?}");
        let mut rows = 0;
        for name in &names {
            let sheet = read.worksheet_range(name).expect("a sheet");
            assert!(sheet.height() <= 3);
            rows += sheet.height() - 1;
        }
        assert_eq!(rows, story.events().count());
    }

    #[test]
    fn a_workbook_reads_back_as_what_was_recorded() {
        let story = story("=HYPERLINK(\"http://x\")");
        let options = Options { jalali: true, ..Options::default() };
        let bytes = written(crate::Format::Xlsx, options, &story);
        let mut read: Book<_> = Book::new(Cursor::new(bytes)).expect("a workbook");
        let formulas = read.worksheet_formula("events 1").expect("a sheet");
        assert!(formulas.used_cells().next().is_none());
        let sheet = read.worksheet_range("events 1").expect("a sheet");
        let header: Vec<String> =
            sheet.rows().next().unwrap().iter().map(Data::to_string).collect();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        for (row, event) in sheet.rows().skip(1).zip(story.events()) {
            assert_eq!(row[at("subject")], Data::String("=HYPERLINK(\"http://x\")".to_owned()));
            assert_eq!(row[at("event")], Data::String(event.kind.to_owned()));
            assert_eq!(row[at("seq")].to_string(), event.seq.to_string());
            let Data::DateTime(told) = row[at("effective_at")] else { panic!("no date") };
            let local = event.effective_at.with_timezone(&chrono_tz::Asia::Tehran).naive_local();
            assert!((told.as_f64() - serial(local)).abs() < 1e-9);
            assert!(row[at("effective_jalali")].to_string().starts_with("140"));
        }
        assert_eq!(sheet.height(), 1 + story.events().count());
    }
}
