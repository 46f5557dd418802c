//! Tables in which Persian and Latin texts stand side by side.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, TableStyle};

use owo_colors::Style;

use super::Output;

/// On which side of its column a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table for people.
#[derive(Debug)]
pub(crate) struct Table {
    table: comfy_table::Table,
    columns: Vec<Align>,
    terminal: bool,
    rows: usize,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(out: &Output, columns: &[(&str, Align)]) -> Self {
        let mut table = comfy_table::Table::new();
        let line = LineStyle::none().fill('─');
        table.load_style(TableStyle::new().header_separator(line.junction('─')));
        table.set_content_arrangement(if out.terminal {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        let bold = Style::new().bold();
        let header =
            columns.iter().map(|(title, align)| aligned(Cell::new(out.paint(bold, title)), *align));
        table.set_header(header);
        let columns = columns.iter().map(|(_, align)| *align).collect();
        Self { table, columns, terminal: out.terminal, rows: 0 }
    }

    /// Adds a row; it has as many values as the table has columns.
    pub(crate) fn row<T: AsRef<str>>(&mut self, values: impl IntoIterator<Item = T>) {
        let cells = values.into_iter().zip(&self.columns);
        let cells: Vec<Cell> = cells
            .map(|(value, align)| {
                aligned(Cell::new(isolate(self.terminal, value.as_ref())), *align)
            })
            .collect();
        self.table.add_row(cells);
        self.rows += 1;
    }

    /// The table as text, without trailing blanks; `empty` when it has no row.
    pub(crate) fn render(&self, empty: &str) -> String {
        if self.rows == 0 {
            return empty.to_owned();
        }
        let text = self.table.to_string();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

fn aligned(cell: Cell, align: Align) -> Cell {
    cell.set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    })
}

/// A text that holds its place among others on a terminal that reorders Persian: two neighbouring
/// Persian cells would change places without a left-to-right mark around them.
///
/// Elsewhere the text stays as it is, so that programs find what they look for.
pub(crate) fn isolate(terminal: bool, text: &str) -> String {
    const LEFT_TO_RIGHT_MARK: char = '\u{200e}';
    if terminal && text.chars().any(is_right_to_left) {
        format!("{LEFT_TO_RIGHT_MARK}{text}{LEFT_TO_RIGHT_MARK}")
    } else {
        text.to_owned()
    }
}

fn is_right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x0590..=0x08ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff)
}
