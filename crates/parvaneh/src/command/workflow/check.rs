//! `parvaneh workflow check`: is a definition sound?

use std::cell::OnceCell;

use parvaneh_core::{
    Calendars,
    definition::Definition,
    document::{Problem, has_errors},
    soundness::{MOST_RETURNS, Measured, Passage, Stretch},
};
use serde_json::{Value, json};

use crate::{
    calendars,
    failure::Failure,
    output::{Align, Output, Problems, Table},
    source::read,
};

/// Tell whether definitions are sound: exit 0, or 1 with every problem of every file
///
/// Needs no database. Each problem has the file, line and column, the place under a caret, a stable
/// code and what would mend it. With --json: an array of all problems, each with file, line, column
/// (from 1, in characters), span (in bytes), severity, code, message, label and help; an empty array
/// when there is none. Warnings are told, but do not make a definition unsound.
///
/// Of a sound definition it is shown how long the longest way takes on which nothing is done twice,
/// against the statutory term, and how many returns to the applicant still fit: walked by the
/// definition's calendar from every working day of a year, for the middle one of all starts (usual)
/// and the worst. With --json, --figures puts them beside the problems: an object with problems and
/// passages.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  parvaneh workflow check workflows/*/v*.yaml")]
pub(crate) struct Check {
    /// The definitions' files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The calendar: a file, or one that the program carries; if left out, the definition's, where
    /// the program carries it
    #[arg(long, value_name = "FILE_OR_ID")]
    calendar: Option<String>,
    /// With --json, tell the longest way and the returns that fit as well
    #[arg(long)]
    figures: bool,
}

impl Check {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        let given = self.calendar.as_deref().map(calendars::load).transpose()?;
        let (given, carried) = (given.map(|loaded| loaded.calendars), OnceCell::new());
        let calendar_of = |id: &str| -> Option<&Calendars> {
            if given.is_some() || id != "ir" {
                return given.as_ref();
            }
            let load = || calendars::load(id).ok().map(|loaded| loaded.calendars);
            carried.get_or_init(load).as_ref()
        };
        let mut all: Vec<Problem> = Vec::new();
        let mut passages: Vec<Value> = Vec::new();
        for file in &self.files {
            let (source, problems) = match read(file) {
                Err(problem) => (None, vec![*problem]),
                Ok(source) => {
                    let checked = Definition::check_by_calendar(file, &source, &|id| {
                        calendar_of(id.as_str()).cloned()
                    });
                    let calendar = |definition: &Definition| {
                        calendar_of(definition.calendar.as_str()).map(Calendars::national)
                    };
                    let passage = checked.definition.as_ref().and_then(|definition| {
                        let passage = Passage::of(definition, calendar(definition))?;
                        Some((definition, passage))
                    });
                    if let Some((definition, passage)) = &passage {
                        let (id, version) = (&definition.id, definition.version);
                        passages.push(json!({
                            "file": file, "workflow": id, "version": version, "passage": passage,
                        }));
                    }
                    if !out.json && !has_errors(&checked.problems) {
                        let found =
                            checked.definition.as_ref().map_or(String::new(), |definition| {
                                format!(
                                    ": {}@{}, {} steps, {} ends",
                                    definition.id,
                                    definition.version,
                                    definition.steps.len(),
                                    definition.ends.len()
                                )
                            });
                        let sound = out.paint(owo_colors::Style::new().green().bold(), "sound");
                        out.line(format!("{sound} {file}{found}"))?;
                        if let Some((_, passage)) = &passage {
                            out.line(format!("{}\n", shown(passage, out)))?;
                        }
                    }
                    (Some(source), checked.problems)
                }
            };
            if !out.json && !problems.is_empty() {
                let text =
                    Problems { problems: &problems, source: source.as_deref() }.render(out.colour);
                out.line(format!("{text}\n"))?;
            }
            all.extend(problems);
        }
        match (out.json, self.figures) {
            (true, true) => out.document(&json!({ "problems": all, "passages": passages }))?,
            (true, false) => out.document(&all)?,
            (false, _) => {}
        }
        if !has_errors(&all) {
            return Ok(());
        }
        if !out.json {
            let errors = all.iter().filter(|problem| has_errors(std::slice::from_ref(problem)));
            let count = errors.count();
            let s = if count == 1 { "" } else { "s" };
            let red = owo_colors::Style::new().red().bold();
            out.line(format!("{}: {count} error{s}", out.paint(red, "not sound")))?;
        }
        Err(Failure::answered())
    }
}

/// The longest way against the statutory term, and the returns that fit, as a small table.
fn shown(passage: &Passage, out: &Output) -> String {
    let by = match &passage.calendar {
        Some(calendar) => format!("days by the calendar '{calendar}'"),
        None => "days, added up without a calendar".to_owned(),
    };
    let columns = [
        (by.as_str(), Align::Left),
        ("usual", Align::Right),
        ("worst", Align::Right),
        ("", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    let mut row = |what: String, of: Measured<String>, why: String| {
        table.row([what, of.usual, of.worst, why]);
    };
    row("longest way".to_owned(), each(passage.days, |days| days.to_string()), way(&passage.way));
    let term =
        format!("{}{}", passage.term, if passage.in_time.usual { "" } else { ": too short" });
    row("statutory term".to_owned(), each(passage.term_days, |days| days.to_string()), term);
    for it in &passage.returns {
        let fits = |fits: Option<u32>| match fits {
            None | Some(0) => "no".to_owned(),
            Some(MOST_RETURNS) => format!("{MOST_RETURNS}+ times"),
            Some(1) => "once".to_owned(),
            Some(fits) => format!("{fits} times"),
        };
        let what = format!("fits: {} to {}, back", it.by, it.to);
        row(what, each(it.fits, fits), way(&it.round));
    }
    table.render("")
}

fn each<T>(of: Measured<T>, shown: impl Fn(T) -> String) -> Measured<String> {
    Measured { usual: shown(of.usual), worst: shown(of.worst) }
}

/// `reception 3 d, correction (30 d)`: in brackets, where the statutory clock is suspended.
fn way(stretches: &[Stretch]) -> String {
    let shown = stretches.iter().map(|stretch| match stretch.counts {
        true => format!("{} {}", stretch.step, stretch.term),
        false => format!("{} ({})", stretch.step, stretch.term),
    });
    shown.collect::<Vec<_>>().join(", ")
}
