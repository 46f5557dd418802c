//! `parvaneh workflow diff`.

use parvaneh_core::{
    Definition,
    document::{Difference, Reader, differences},
};
use serde_json::json;

use super::show::published;
use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
    source::{not_sound, read},
};

/// Show how two versions of a definition differ, by what stands in them
///
/// Comments, the order of keys and the way of writing are no difference. With --json: an array of
/// objects with path, before and after (null where nothing stands).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
                        parvaneh workflow diff workflows/ngo-establishment/v1.yaml v2.yaml\n  \
                        parvaneh workflow diff ngo-establishment@1 ngo-establishment@2")]
pub(crate) struct Diff {
    /// The older: a file, or a published version
    before: String,
    /// The newer: a file, or a published version
    after: String,
}

/// A definition's text, under the name by which its problems are told.
struct Version {
    name: String,
    source: String,
}

impl Diff {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let is_file = |name: &str| name.ends_with(".yaml") || std::path::Path::new(name).exists();
        if is_file(&self.before) && is_file(&self.after) {
            return tell(&file(&self.before)?, &file(&self.after)?, out);
        }
        with_database(options, OnSignal::Leave, async |database, _| {
            let mut versions = Vec::with_capacity(2);
            for name in [&self.before, &self.after] {
                if is_file(name) {
                    versions.push(file(name)?);
                    continue;
                }
                let (workflow, version) = published(name)?;
                let version = database.store.definition(&workflow, version).await?.version;
                let source = database.store.definition_source(&workflow, version).await?;
                versions.push(Version { name: format!("{workflow}@{version}"), source });
            }
            tell(&versions[0], &versions[1], out)
        })
    }
}

fn file(name: &str) -> Result<Version, Failure> {
    let source =
        read(name).map_err(|problem| not_sound("definition", name, None, vec![*problem]))?;
    Ok(Version { name: name.to_owned(), source })
}

fn tell(before: &Version, after: &Version, out: &Output) -> Result<(), Failure> {
    // What is not sound is told as such: its differences would explain little.
    for version in [before, after] {
        Definition::parse("", &version.source).map_err(|_| {
            let problems = Definition::check(&version.name, &version.source, None).problems;
            not_sound("definition", &version.name, Some(&version.source), problems)
        })?;
    }
    let root = |version: &Version| Reader::open(&version.name, &version.source).1;
    let found = match (root(before), root(after)) {
        (Some(before), Some(after)) => differences(&before, &after),
        _ => Vec::new(),
    };
    if out.json {
        return out.document(&json!(found));
    }
    let columns = [
        ("where", Align::Left),
        (before.name.as_str(), Align::Left),
        (after.name.as_str(), Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for Difference { path, before, after, .. } in found {
        table.row([path, before.unwrap_or_default(), after.unwrap_or_default()]);
    }
    out.line(table.render("they say the same"))
}
