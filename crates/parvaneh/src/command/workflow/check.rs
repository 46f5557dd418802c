//! `parvaneh workflow check`: is a definition sound?

use parvaneh_core::{
    definition::Definition,
    document::{Problem, has_errors},
};

use crate::{
    failure::Failure,
    output::{Output, Problems},
    source::read,
};

/// Tell whether definitions are sound: exit 0, or 1 with every problem of every file
///
/// Needs no database. Each problem has the file, line and column, the place under a caret, a stable
/// code and what would mend it. With --json: an array of all problems, each with file, line, column
/// (from 1, in characters), span (in bytes), severity, code, message, label and help; an empty array
/// when there is none. Warnings are told, but do not make a definition unsound.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  parvaneh workflow check workflows/*/v*.yaml")]
pub(crate) struct Check {
    /// The definitions' files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Check {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        let mut all: Vec<Problem> = Vec::new();
        for file in &self.files {
            let (source, problems) = match read(file) {
                Err(problem) => (None, vec![*problem]),
                Ok(source) => {
                    let checked = Definition::check(file, &source, None);
                    if !out.json && !has_errors(&checked.problems) {
                        let found = checked.definition.map_or(String::new(), |definition| {
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
        if out.json {
            out.document(&all)?;
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
