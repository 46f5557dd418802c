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

    /// Adds a row; it has as many values as the table has columns. What is in them may come from
    /// anybody.
    pub(crate) fn row<T: AsRef<str>>(&mut self, values: impl IntoIterator<Item = T>) {
        let terminal = self.terminal;
        self.painted_row(values.into_iter().map(|value| isolate(terminal, value.as_ref())));
    }

    /// Adds a row whose values are fit for a terminal already, and may have colours.
    pub(crate) fn painted_row<T: Into<String>>(&mut self, values: impl IntoIterator<Item = T>) {
        let cells = values.into_iter().zip(&self.columns);
        let cells: Vec<Cell> =
            cells.map(|(value, align)| aligned(Cell::new(value.into()), *align)).collect();
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

/// A text that anybody may have written, fit for a terminal: without what could take it over or
/// reorder it; and on a terminal that reorders Persian with a left-to-right mark on either side,
/// because two neighbouring Persian cells would change places without.
///
/// Elsewhere no marks are added, so that programs find what they look for.
pub(crate) fn isolate(terminal: bool, text: &str) -> String {
    const LEFT_TO_RIGHT_MARK: char = '\u{200e}';
    let shown: String = text
        .chars()
        .map(|character| match character {
            '\n' | '\r' | '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            other if other.is_control() => '\u{fffd}',
            other => other,
        })
        .collect();
    if terminal && shown.chars().any(is_right_to_left) {
        format!("{LEFT_TO_RIGHT_MARK}{shown}{LEFT_TO_RIGHT_MARK}")
    } else {
        shown
    }
}

/// A bar of blocks for a share from 0 to 1.
pub(crate) fn bar(share: f64, width: u32) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * f64::from(width * 8)).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

fn is_right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x0590..=0x08ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_takes_over_a_terminal() {
        assert_eq!(isolate(false, "a\u{1b}[31mb\nc\u{202e}d"), "a\u{fffd}[31mb c\u{fffd}d");
        assert_eq!(isolate(true, "تهران"), "\u{200e}تهران\u{200e}");
        assert_eq!(isolate(false, "می‌شود"), "می‌شود");
    }

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(
            [bar(0.0, 4), bar(0.5, 4), bar(0.53, 4), bar(1.0, 4)],
            ["", "██", "██▏", "████"]
        );
        assert_eq!(bar(7.0, 2), "██");
    }
}
