//! A small table as a file: figures, as a page shows them.

use rust_xlsxwriter::{Format, Workbook};

use crate::{ExportError, cell};

/// What the name of a sheet may not hold, and how long it may be.
const NOT_IN_NAMES: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];
const LONGEST_NAME: usize = 31;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A text, which is never a formula.
    Text(String),
    /// A number.
    Number(f64),
    /// Nothing.
    Empty,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

/// A table that is small enough to be made at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it is called.
    pub title: String,
    /// The names of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// Whether it runs from right to left.
    pub from_the_right: bool,
}

impl Table {
    /// As comma-separated values (RFC 4180), with a byte order mark: without it Excel does not read Persian.
    pub fn csv(&self) -> Vec<u8> {
        let mut out = "\u{feff}".as_bytes().to_vec();
        for (place, header) in self.head.iter().enumerate() {
            comma(place, &mut out);
            cell::text(header, &mut out);
        }
        out.extend_from_slice(b"\r\n");
        for row in &self.rows {
            for (place, cell) in row.iter().enumerate() {
                comma(place, &mut out);
                match cell {
                    Cell::Text(text) => cell::text(text, &mut out),
                    Cell::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
                    Cell::Empty => {}
                }
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// As a workbook (ISO/IEC 29500) of one sheet.
    ///
    /// # Errors
    /// More columns or rows than a sheet can have.
    pub fn xlsx(&self) -> Result<Vec<u8>, ExportError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let name = self.title.replace(NOT_IN_NAMES, " ");
        // Counted as UTF-16; these texts hold nothing beyond it.
        sheet.set_name(name.trim_matches('\'').chars().take(LONGEST_NAME).collect::<String>())?;
        sheet.set_right_to_left(self.from_the_right);
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (place, header) in (0..).zip(&self.head) {
            sheet.set_column_width(place, if place == 0 { 32 } else { 16 })?;
            sheet.write_string_with_format(0, place, header, &bold)?;
        }
        for (line, row) in (1..).zip(&self.rows) {
            for (place, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) => sheet.write_string(line, place, text)?,
                    Cell::Number(number) => sheet.write_number(line, place, *number)?,
                    Cell::Empty => continue,
                };
            }
        }
        Ok(book.save_to_buffer()?)
    }
}

fn comma(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            title: "کار/تأخیرها: همهٔ واحدهای استان، به تفکیک مرحله و مسئول".to_owned(),
            head: vec!["مرحله".to_owned(), "روز".to_owned(), "نرخ".to_owned()],
            rows: vec![
                vec![Cell::Text("=cmd".to_owned()), Cell::Number(-2.5), Cell::Empty],
                vec![Cell::Text("بررسی, «تهران»".to_owned()), Cell::from(12), Cell::Number(98.1)],
            ],
            from_the_right: true,
        }
    }

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay_numbers() {
        let csv = String::from_utf8(table().csv()).unwrap();
        assert_eq!(csv, "\u{feff}مرحله,روز,نرخ\r\n'=cmd,-2.5,\r\n\"بررسی, «تهران»\",12,98.1\r\n");
    }

    #[test]
    fn a_workbook_is_made_whatever_its_title() {
        let book = table().xlsx().unwrap();
        assert!(book.starts_with(b"PK"), "a ZIP archive");
        let empty = Table { title: "[]".to_owned(), rows: Vec::new(), ..table() };
        assert!(empty.xlsx().unwrap().starts_with(b"PK"));
    }
}
