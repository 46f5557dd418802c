//! A text with its line numbers, and beside it everything that is wrong with it, each with its line.

use std::collections::BTreeMap;

use askama::{Template, filters::HtmlSafe};
use parvaneh_core::document::{self, Difference, Severity};

use crate::say::Words;

/// Something that is wrong with a text.
#[derive(Clone, Debug)]
pub(super) struct Told {
    is_error: bool,
    line: u32,
    column: u32,
    code: &'static str,
    /// What is wrong, in English.
    message: String,
    /// What would mend it.
    help: Option<String>,
}

impl From<&document::Problem> for Told {
    fn from(problem: &document::Problem) -> Self {
        Self {
            is_error: problem.severity == Severity::Error,
            line: problem.line,
            column: problem.column,
            code: problem.code,
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

/// A line of a text.
#[derive(Clone, Debug)]
struct Line {
    no: u32,
    text: String,
    /// What is wrong in it: whether that is an error, and its code.
    told: Vec<(bool, &'static str)>,
    /// Whether lines before it are left out.
    after_gap: bool,
}

/// A text with what is wrong with it; it writes itself into a page.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/source.html")]
pub(super) struct Source {
    words: Words,
    told: Vec<Told>,
    lines: Vec<Line>,
}

impl HtmlSafe for Source {}

/// How many lines stand around one with a problem where not all are shown.
const AROUND: u32 = 3;

impl Source {
    /// All of a text.
    pub(super) fn whole(text: &str, problems: &[document::Problem], words: Words) -> Self {
        Self::of(text, problems, words, |_| true)
    }

    /// Only what stands around its problems, where the text itself stands elsewhere on the page.
    pub(super) fn around(text: &str, problems: &[document::Problem], words: Words) -> Self {
        let near = |no: u32| problems.iter().any(|one| one.line.abs_diff(no) <= AROUND);
        Self::of(text, problems, words, near)
    }

    fn of(
        text: &str,
        problems: &[document::Problem],
        words: Words,
        shows: impl Fn(u32) -> bool,
    ) -> Self {
        let mut at: BTreeMap<u32, Vec<(bool, &'static str)>> = BTreeMap::new();
        for problem in problems {
            let told = (problem.severity == Severity::Error, problem.code);
            at.entry(problem.line).or_default().push(told);
        }
        let mut lines: Vec<Line> = Vec::new();
        for (no, text) in (1..).zip(text.lines()).filter(|(no, _)| shows(*no)) {
            let after_gap = lines.last().map_or(0, |last| last.no) + 1 != no;
            let told = at.remove(&no).unwrap_or_default();
            lines.push(Line { no, text: text.to_owned(), told, after_gap });
        }
        Self { words, told: problems.iter().map(Told::from).collect(), lines }
    }

    /// How many errors there are, and how many warnings.
    fn counts(&self) -> (usize, usize) {
        let errors = self.told.iter().filter(|one| one.is_error).count();
        (errors, self.told.len() - errors)
    }
}

/// In what two texts differ; it writes itself into a page.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/differences.html")]
pub(super) struct Differences {
    words: Words,
    items: Vec<Difference>,
}

impl HtmlSafe for Differences {}

impl Differences {
    /// As they are found.
    pub(super) fn of(items: Vec<Difference>, words: Words) -> Self {
        Self { words, items }
    }
}
