//! Reads a file that a person wrote; whatever goes wrong is a problem of that file.

use std::{fs::File, io::Read};

use parvaneh_core::document::{MAX_BYTES, Problem, Reader, Severity, code};

use crate::{
    failure::{Failure, Unsound},
    output::Problems,
};

/// The code of a file that cannot be read at all.
pub(crate) const CANNOT_READ: &str = "cannot-read";

/// Reads a file of text. Of a file that is too long only as much is read as shows that it is.
///
/// # Errors
/// One problem: `cannot-read`, `too-large` or `not-utf8`.
pub(crate) fn read(file: &str) -> Result<String, Box<Problem>> {
    let cannot = |error: std::io::Error| {
        let (message, help) = match error.kind() {
            std::io::ErrorKind::NotFound => {
                ("there is no such file".to_owned(), "is the path right?")
            }
            std::io::ErrorKind::IsADirectory => (
                "this is a directory, not a file".to_owned(),
                "name the files in it, for example with a pattern: workflows/*/v*.yaml",
            ),
            std::io::ErrorKind::PermissionDenied => {
                ("the file may not be read by this user".to_owned(), "see its permissions")
            }
            _ => (format!("the file cannot be read: {error}"), "is it a plain file?"),
        };
        Box::new(problem(file, CANNOT_READ, message, help))
    };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is longer than {} KiB", MAX_BYTES / 1024);
        let help = "no definition or calendar is that long: is it the right file?";
        return Err(Box::new(problem(file, code::TOO_LARGE, message, help)));
    }
    Reader::decode(file, &bytes).map(str::to_owned)
}

/// A file that cannot be used, with all its problems: `what` is a definition or a calendar.
pub(crate) fn not_sound(
    what: &str,
    file: &str,
    source: Option<&str>,
    problems: Vec<Problem>,
) -> Failure {
    let s = if problems.len() == 1 { "" } else { "s" };
    let message = format!("the {what} {file} has {} problem{s}", problems.len());
    let shown = Problems { problems: &problems, source }.render(false);
    let mut failure = Failure::no("not-sound", message);
    failure.file = Some(Box::new(Unsound { problems, shown }));
    failure
}

fn problem(file: &str, code: &'static str, message: String, help: &str) -> Problem {
    Problem {
        code,
        severity: Severity::Error,
        file: file.to_owned(),
        line: 1,
        column: 1,
        span: 0..0,
        message,
        label: String::new(),
        help: Some(help.to_owned()),
    }
}
