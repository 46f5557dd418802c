//! The program `parvaneh`: command line, composition, configuration, lifecycle.
//!
//! **Invariant.** What a command means is decided in the crates below; here a request is read from
//! the command line, handed down, and its answer shown.

mod builtin;
mod calendars;
mod cli;
mod command;
mod config;
mod failure;
mod moment;
mod output;
mod source;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse() {
        Ok(cli) => command::run(cli),
        Err(exit) => exit,
    }
}
