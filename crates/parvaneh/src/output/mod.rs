//! What the program says on stdout: text for people, or one JSON document.

mod problems;
mod progress;
mod table;
mod when;

use std::io::{IsTerminal, Write};

use owo_colors::Style;
use serde::Serialize;

pub(crate) use self::{
    problems::Problems,
    progress::Progress,
    table::{Align, Table, bar, isolate},
    when::{date, day, minute, rfc3339},
};
use crate::{
    config::{Color, Dates, Lang, Options, is_set},
    failure::Failure,
};

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Answers.
    Out,
    /// Errors, logs and progress.
    Err,
}

impl Stream {
    /// Whether a person looks at it.
    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Out => std::io::stdout().is_terminal(),
            Self::Err => std::io::stderr().is_terminal(),
        }
    }
}

/// Whether a stream takes colours when nothing was said about them.
pub(crate) fn colour(stream: Stream) -> bool {
    colour_of(Color::Auto, stream)
}

/// Whether a stream takes colours.
pub(crate) fn colour_of(color: Color, stream: Stream) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !is_set("NO_COLOR") && stream.is_terminal(),
    }
}

/// The text in that style, where there are colours.
pub(crate) fn paint(colour: bool, style: Style, text: &str) -> String {
    if colour { style.style(text).to_string() } else { text.to_owned() }
}

/// The program's answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
    /// How dates are shown to people.
    pub(crate) dates: Dates,
    /// The language of titles and names.
    pub(crate) lang: Lang,
    /// Whether stdout takes colours.
    pub(crate) colour: bool,
    /// Whether stdout is a terminal.
    pub(crate) terminal: bool,
}

impl Output {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            json: options.json,
            dates: options.dates,
            lang: options.lang,
            colour: colour_of(options.color, Stream::Out),
            terminal: Stream::Out.is_terminal(),
        }
    }

    /// Prints a text and a line break.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        written(writeln!(std::io::stdout().lock(), "{}", text.as_ref()))
    }

    /// Prints a document: indented on a terminal, else on one line.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        let text = if self.terminal {
            serde_json::to_string_pretty(document)
        } else {
            serde_json::to_string(document)
        };
        self.line(text.map_err(|error| Failure::internal(error.to_string()))?)
    }

    /// A text of the database, so that it holds its place among others on a terminal.
    pub(crate) fn isolate(&self, text: &str) -> String {
        isolate(self.terminal, text)
    }

    /// The text in that style, where stdout takes colours.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        paint(self.colour, style, text)
    }
}

/// Whoever reads stdout may stop to: `parvaneh … | head`.
pub(crate) fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::closed()),
        Err(error) => Err(Failure::internal(format!("stdout cannot be written: {error}"))),
        Ok(()) => Ok(()),
    }
}
