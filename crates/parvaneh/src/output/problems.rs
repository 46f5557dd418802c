//! Problems of a file, each with the line and a caret under the place.

use owo_colors::Style;
use parvaneh_core::document::Problem;

use super::paint;

/// The problems of one file and its text.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    pub(crate) problems: &'a [Problem],
    /// The text; without it, only the places are told.
    pub(crate) source: Option<&'a str>,
}

impl Problems<'_> {
    /// All of them, with an empty line between two.
    pub(crate) fn render(&self, colour: bool) -> String {
        let texts = self.problems.iter().map(|problem| {
            let text = problem.render(self.source.unwrap_or_default());
            let kept = |line: &&str| self.source.is_some() || !is_source(line);
            text.lines()
                .filter(kept)
                .map(|line| painted(colour, line))
                .collect::<Vec<_>>()
                .join("\n")
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }
}

/// Whether a line of a rendered problem shows the file's text.
fn is_source(line: &str) -> bool {
    line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
}

/// A line of a rendered problem with the colours of its kind.
fn painted(colour: bool, line: &str) -> String {
    let parts = |at: usize, style: Style| {
        let (head, rest) = line.split_at(at);
        format!("{}{rest}", paint(colour, style, head))
    };
    let margin =
        line.len() - line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).len();
    let after = &line[margin..];
    match line.find(']') {
        Some(end) if line.starts_with("error[") => parts(end + 1, Style::new().red().bold()),
        Some(end) if line.starts_with("warning[") => parts(end + 1, Style::new().yellow().bold()),
        _ if after.starts_with("= help:") => parts(margin + "= help:".len(), Style::new().cyan()),
        _ if after.starts_with("-->") => parts(margin + "-->".len(), Style::new().blue()),
        _ if after.starts_with('|') && after[1..].trim_start().starts_with('^') => {
            paint(colour, Style::new().red(), line)
        }
        _ => line.to_owned(),
    }
}
