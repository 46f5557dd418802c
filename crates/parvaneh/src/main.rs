//! The program `parvaneh`: command line, composition, configuration, lifecycle.
//!
//! **Invariant.** What a command means is decided in the crates below; here a request is read from
//! the command line, handed down, and its answer shown.

mod builtin;
mod calendars;
mod channels;
mod cli;
mod command;
mod config;
mod database;
mod documents;
mod failure;
mod identity;
mod lifecycle;
mod limits;
mod makers;
mod moment;
mod names;
mod notary;
mod output;
mod rates;
mod refused;
mod sealing;
mod secret_key;
mod settings;
mod simulation;
mod source;
mod stretch;
mod telemetry;
mod who;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse() {
        Ok(cli) => command::run(cli),
        Err(exit) => exit,
    }
}
