//! A problem as plain text, with the line of the file and a caret under the place.

use std::fmt::Write;

use super::{Problem, Severity, tree::is_refused};

/// How many columns of a line are shown.
const WIDTH: usize = 120;
/// How many columns a tab takes.
const TAB: usize = 4;

impl Problem {
    /// The problem as plain text: message, place, the line of `source` with a caret, help.
    ///
    /// `source` is the file's text. Control characters are replaced and long lines cut, so that
    /// no file can take over a terminal.
    pub fn render(&self, source: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let mut out = format!("{severity}[{}]: {}\n", self.code, self.message);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{margin}--> {}:{}:{}", self.file, self.line, self.column);
        if let Some((line, before, marked)) = self.line_of(source) {
            let _ = writeln!(out, "{margin} |");
            let _ = writeln!(out, "{number} | {line}");
            let caret = "^".repeat(marked.max(1));
            let marked = format!("{margin} | {}{caret} {}", " ".repeat(before), self.label);
            let _ = writeln!(out, "{}", marked.trim_end());
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{margin} = help: {help}");
        }
        out
    }

    /// The line of the problem as it is shown, the columns before the place, and those of the
    /// place.
    fn line_of(&self, source: &str) -> Option<(String, usize, usize)> {
        let span = self.span.clone();
        let before = source.get(..span.start)?;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = source.get(start..)?;
        let line = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let line_end = start + line.len();
        let mut shown = String::new();
        let (mut columns, mut column_before, mut marked) = (0, 0, 0);
        // Of a long line, show what surrounds the place.
        let ahead = source.get(start..span.start).unwrap_or_default();
        let skipped = ahead.char_indices().rev().nth(WIDTH / 2).map_or(0, |(at, _)| at);
        if skipped > 0 {
            shown.push('…');
            (columns, column_before) = (1, 1);
        }
        for (at, character) in line.char_indices().skip_while(|(at, _)| *at < skipped) {
            if columns >= WIDTH {
                shown.push('…');
                break;
            }
            let width = push_shown(&mut shown, character);
            match start + at {
                at if at < span.start => column_before = columns + width,
                at if at < span.end.min(line_end) => marked += width,
                _ => {}
            }
            columns += width;
        }
        Some((shown, column_before, marked))
    }
}

/// Appends a character as it can be shown, and tells how many columns it takes.
fn push_shown(shown: &mut String, character: char) -> usize {
    match character {
        '\t' => {
            shown.push_str(&" ".repeat(TAB));
            TAB
        }
        '\u{feff}' => 0,
        other if is_refused(other) || other == '\r' => {
            shown.push('\u{fffd}');
            1
        }
        other => {
            shown.push(other);
            width(other)
        }
    }
}

/// How many columns a character takes in a terminal: none for marks that sit on their neighbours
/// and for joiners, two for East Asian wide ones, one otherwise.
fn width(character: char) -> usize {
    match u32::from(character) {
        0x0300..=0x036f | 0x0610..=0x061a | 0x064b..=0x065f | 0x0670 | 0x06d6..=0x06dc => 0,
        0x06df..=0x06e4 | 0x06e7 | 0x06e8 | 0x06ea..=0x06ed | 0x200b..=0x200f | 0xfe00..=0xfe0f => {
            0
        }
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff => 2,
        _ => 1,
    }
}
