//! The program as a person or a script calls it.

mod audit;
#[path = "../../../core/tests/support/bundle.rs"]
mod bundle;
mod bundling;
mod case;
mod closing;
mod configuration;
mod database;
mod date;
mod deadline;
mod demo;
mod exporting;
mod forms;
mod installation;
mod licence;
mod log;
mod migration;
mod notices;
mod people;
mod personal;
mod publishing;
mod ranking;
mod rolling;
mod secret_key;
mod sitting;
mod telemetry;
mod tutorial;
mod usage;
mod workflow;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// What a run of the program came to.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    /// The document on stdout.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("stdout is no JSON document ({error}): {self:?}"))
    }

    /// The run, which must have ended with that code.
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The stable code of the error on stderr, which must be a JSON document.
    #[track_caller]
    fn error_code(&self) -> String {
        let document: Value = serde_json::from_str(&self.err)
            .unwrap_or_else(|error| panic!("stderr is no JSON document ({error}): {self:?}"));
        assert!(document["error"]["message"].is_string(), "{document}");
        document["error"]["code"].as_str().expect("a code is a text").to_owned()
    }
}

/// The program with a clean environment and no way to a database.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parvaneh"));
    command
        .env_clear()
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .env("PARVANEH_CONFIG", "")
        .env("PARVANEH_PG_BIN", "/nonexistent")
        .env("PARVANEH_DATA_DIR", "/nonexistent")
        .stdin(Stdio::null());
    command
}

fn finish(command: &mut Command) -> Run {
    let output = command.output().expect("the program starts");
    Run {
        code: output.status.code().expect("the program ends by itself"),
        out: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        err: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// Runs the program without a database.
fn parvaneh<const N: usize>(arguments: [&str; N]) -> Run {
    finish(program().args(arguments))
}

/// Runs the program without a database, with something on stdin.
fn parvaneh_with<const N: usize>(arguments: [&str; N], input: &[u8]) -> Run {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(input).expect("it can be written");
    std::io::Seek::rewind(&mut file).expect("it can be read from its beginning");
    finish(program().args(arguments).stdin(file))
}

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
