//! What is filled in from the command line.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use parvaneh_core::{
    DocumentId, Given,
    form::{FileReference, HandedIn},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The longest file of values: 1 MiB.
const LONGEST: u64 = 1 << 20;

/// Values of fields, and papers that come with them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Values {
    /// A value, as one writes it: digits of any script, dates of either calendar; empty takes the
    /// value away. May be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// A file as the value of a field: its name, type, size and hash are kept, not its content
    #[arg(long = "file", value_name = "FIELD=PATH", value_parser = pair)]
    files: Vec<(String, String)>,
    /// A JSON file with an object of values; --set and --file come after it
    #[arg(long, value_name = "FILE")]
    form: Option<PathBuf>,
    /// A paper that comes with it: its file, or what is known of a file that is kept elsewhere. May
    /// be repeated
    #[arg(long = "document", value_name = "KIND=PATH|sha256:HASH:SIZE:NAME", value_parser = pair)]
    documents: Vec<(String, String)>,
    /// The day of issue of a paper that comes with it, in either calendar
    #[arg(long, value_name = "KIND=DATE", value_parser = pair, requires = "documents")]
    issued: Vec<(String, String)>,
    /// How many copies of a paper come with it (default: 1)
    #[arg(long, value_name = "KIND=NUMBER", value_parser = count, requires = "documents")]
    copies: Vec<(String, u32)>,
}

impl Values {
    /// The values, those of the file first.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no object; the same paper twice, or more said of a paper
    /// that does not come along.
    pub(super) fn given(&self) -> Result<Given, Failure> {
        let mut values: Map<String, Value> = match &self.form {
            Some(path) => read(path)?,
            None => Map::new(),
        };
        for (field, path) in &self.files {
            let reference = reference(Path::new(path))?;
            let reference = serde_json::json!(reference);
            values.insert(field.clone(), reference);
        }
        for (field, value) in &self.set {
            values.insert(field.clone(), Value::String(value.clone()));
        }
        Ok(Given { values: values.into_iter().collect(), papers: self.papers()? })
    }

    fn papers(&self) -> Result<BTreeMap<DocumentId, HandedIn>, Failure> {
        let mut papers = BTreeMap::new();
        for (kind, text) in &self.documents {
            let file = match text.strip_prefix("sha256:") {
                Some(known) => kept_elsewhere(known)?,
                None => reference(Path::new(text))?,
            };
            let paper = HandedIn { file, issued: None, copies: 1 };
            if papers.insert(DocumentId::from(kind.as_str()), paper).is_some() {
                let message = format!("--document: '{kind}' is given twice");
                return Err(Failure::no("given-twice", message)
                    .help("of each kind one paper is kept: put several sheets into one file"));
            }
        }
        let of = |option: &str, kind: &str| {
            let message = format!("--{option}: no paper '{kind}' comes along");
            Failure::no("no-such-paper", message).help(format!("add --document {kind}=PATH"))
        };
        for (kind, day) in &self.issued {
            let paper = papers.get_mut(kind.as_str()).ok_or_else(|| of("issued", kind))?;
            paper.issued = Some(day.clone());
        }
        for (kind, count) in &self.copies {
            papers.get_mut(kind.as_str()).ok_or_else(|| of("copies", kind))?.copies = *count;
        }
        Ok(papers)
    }
}

/// `field=value`; only the first `=` parts them.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => {
            Ok((field.trim().to_owned(), value.to_owned()))
        }
        _ => Err("write FIELD=VALUE, such as capital=500000000".to_owned()),
    }
}

/// `record=2`.
fn count(text: &str) -> Result<(String, u32), String> {
    let (kind, number) = pair(text)?;
    match number.trim().parse() {
        Ok(number) => Ok((kind, number)),
        Err(_) => Err("write KIND=NUMBER, such as charter=2".to_owned()),
    }
}

/// What is known of a file that is kept elsewhere: `HASH:SIZE:NAME`.
fn kept_elsewhere(text: &str) -> Result<FileReference, Failure> {
    let mut parts = text.splitn(3, ':');
    let (hash, size, name) = (parts.next(), parts.next(), parts.next());
    let known = || {
        let (size, name) = (size?.parse().ok()?, name?.to_owned());
        let media_type = media_type(Path::new(&name)).to_owned();
        Some(FileReference { name, media_type, size, sha256: hash?.to_owned() })
    };
    known().ok_or_else(|| {
        Failure::no("not-a-file", format!("--document: 'sha256:{text}' does not say enough"))
            .help("write sha256:HASH:SIZE:NAME: the hash in hexadecimal digits, the size in bytes")
    })
}

fn read(path: &Path) -> Result<Map<String, Value>, Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Failure::no("unreadable-file", format!("--form: {shown} cannot be read: {error}"))
    };
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(LONGEST + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::no("too-large", format!("--form: {shown} is longer than 1 MiB")));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::no("not-json", format!("--form: {shown} holds no JSON object: {error}"))
            .help("write { \"capital\": 500000000, \"founded\": \"1403/02/01\" }")
    })
}

/// What is kept of a file: what it is called, what it is, how long it is, and its hash.
///
/// # Errors
/// A file that cannot be read, or whose name cannot be kept.
pub(super) fn reference(path: &Path) -> Result<FileReference, Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Failure::no("unreadable-file", format!("{shown} cannot be read: {error}"))
    };
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Failure::no("unreadable-file", format!("{shown} has no name that can be kept"))
    })?;
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0_u64, vec![0; 1 << 16]);
    loop {
        let length = file.read(&mut buffer).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
        size += length as u64;
    }
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(FileReference {
        name: name.to_owned(),
        media_type: media_type(path).to_owned(),
        size,
        sha256,
    })
}

/// The type of a file by its name: of what is handed in to an office.
fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "tif" | "tiff" => "image/tiff",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "zip" => "application/zip",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
