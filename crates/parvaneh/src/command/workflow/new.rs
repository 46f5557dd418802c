//! `parvaneh workflow new`: a definition to begin with.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use parvaneh_core::definition::json_schema;
use serde_json::json;

use crate::{failure::Failure, output::Output};

const DEFINITION: &str = include_str!("starter/v1.yaml");
const SCENARIO: &str = include_str!("starter/straight-to-the-licence.yaml");

/// Write a commented definition to begin with, and a scenario of it
///
/// Writes <DIR>/<NAME>/v1.yaml and <DIR>/<NAME>/scenarios/straight-to-the-licence.yaml, and the JSON
/// Schema for editors beside the folder, unless it is there. What is written is sound, and its
/// scenario comes out as it says. Nothing that is there is overwritten.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  parvaneh workflow new taxi-licence --en 'Taxi licence' --fa 'پروانه تاکسی'"
)]
pub(crate) struct New {
    /// The name of the workflow: a letter a-z, then letters a-z, digits, '_' or '-'
    name: String,
    /// The folder of workflows
    #[arg(long, default_value = "workflows")]
    dir: PathBuf,
    /// What the procedure is called in English
    #[arg(long, value_name = "TITLE")]
    en: Option<String>,
    /// What the procedure is called in Persian
    #[arg(long, value_name = "TITLE")]
    fa: Option<String>,
}

impl New {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let is_name = self.name.len() <= 64
            && self.name.starts_with(|first: char| first.is_ascii_lowercase())
            && self.name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'));
        if !is_name {
            let message = format!("'{}' cannot be the name of a workflow", self.name);
            return Err(Failure::usage(message).help(
                "a letter a-z, then letters a-z, digits, '_' or '-', at most 64: taxi-licence",
            ));
        }
        let folder = self.dir.join(&self.name);
        let files = [
            (folder.join("v1.yaml"), DEFINITION),
            (folder.join("scenarios/straight-to-the-licence.yaml"), SCENARIO),
        ];
        if let Some((file, _)) = files.iter().find(|(file, _)| file.exists()) {
            let message = format!("{} exists", file.display());
            return Err(Failure::no("exists", message)
                .help("take another name, or write the next version beside it: v2.yaml"));
        }
        for (file, text) in &files {
            write_new(file, &self.fill(text, &folder))?;
        }
        let schema = self.dir.join("definition.schema.json");
        let mut files = files.map(|(file, _)| file).to_vec();
        if !schema.exists() {
            write_new(&schema, &format!("{:#}\n", json_schema()))?;
            files.push(schema);
        }
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        if out.json {
            return out.document(&json!({ "files": files }));
        }
        for file in &files {
            out.line(format!("written: {file}"))?;
        }
        let folder = folder.display();
        out.line(format!(
            "next:\n  parvaneh workflow check {folder}/v1.yaml\n  parvaneh workflow test {folder}"
        ))
    }

    /// The text with the names in their places.
    fn fill(&self, text: &str, folder: &Path) -> String {
        // Within single quotes, YAML doubles a quote.
        let title = |given: &Option<String>| {
            given.as_deref().unwrap_or(&self.name).trim().replace('\'', "''")
        };
        text.replace("{name}", &self.name)
            .replace("{folder}", &folder.display().to_string())
            .replace("{fa}", &title(&self.fa))
            .replace("{en}", &title(&self.en))
    }
}

/// Writes a file that is not there yet, with its folders.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::no("cannot-write", format!("{} cannot be written: {error}", file.display()))
            .help("see that the folder may be written, or give another by --dir")
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    let mut new = std::fs::File::create_new(file).map_err(cannot)?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).map_err(cannot)
}
