//! `parvaneh workflow publish`.

use parvaneh_core::{
    CalendarId, Definition,
    definition::Checked,
    document::{Problem, has_errors},
};
use parvaneh_store::Published;
use serde_json::json;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::Output,
    source::{not_sound, read},
};

/// Publish definitions: from then on cases are opened by them
///
/// A version is published once and never changes: the same file once more changes nothing, another
/// file of the same version is refused. Cases that run keep the version that they started with.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    /// The definitions' files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Publish {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        // All are read before the first is published.
        let mut definitions = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let refuse = |source: Option<&str>, problems: Vec<Problem>| {
                not_sound("definition", file, source, problems)
            };
            let source = read(file).map_err(|problem| refuse(None, vec![*problem]))?;
            let definition = Definition::parse(file, &source)
                .map_err(|problems| refuse(Some(&source), problems))?;
            definitions.push((definition, source));
        }
        with_database(options, OnSignal::Leave, async |database, _| {
            let mut answers = Vec::with_capacity(definitions.len());
            // By a calendar that nobody knows, no case could be opened; by one in which its terms never
            // end, none could go on.
            for (file, (definition, source)) in self.files.iter().zip(&definitions) {
                let calendars = database.store.calendars(&definition.calendar).await?;
                let known = |_: &CalendarId| Some(calendars.as_ref().clone());
                let Checked { problems, .. } = Definition::check_by_calendar(file, source, &known);
                if has_errors(&problems) {
                    return Err(not_sound("definition", file, Some(source), problems));
                }
            }
            for (definition, source) in &definitions {
                let published = database.store.publish(definition, source).await?;
                let (id, version, hash) = (&definition.id, definition.version, &definition.hash);
                let new = published == Published::Now;
                if !out.json {
                    let what = if new { "published" } else { "published before" };
                    out.line(format!("{what}: {id}@{version} (SHA-256 {hash})"))?;
                }
                answers
                    .push(json!({ "workflow": id, "version": version, "hash": hash, "new": new }));
            }
            if out.json { out.document(&answers) } else { Ok(()) }
        })
    }
}
