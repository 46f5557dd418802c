//! The command line as a whole: options of every command, and what is said when it is misused.

use std::{io::Write, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, error::ErrorKind};

use crate::{
    command::Command,
    config::{Options, variable},
    failure::{Exit, Failure},
    output::{Stream, colour},
    settings::{self, Settings},
};

/// What `--help` says at its end.
const AFTER: &str = "\
Exit codes:
  0  done; what was asked about is sound
  1  the answer is no: not sound, refused, not found, no such date, or a row of a batch failed
  2  the command line was misused
  3  the database cannot be reached or started
  4  something else went wrong, which is not yours to mend: please report it
  10 to 21  what `parvaneh audit verify` found (see its help)
  130  interrupted by a signal

Errors stand on stderr and have a stable code: error[no-such-day]: … With --json they are
one JSON document: {\"error\":{\"code\":…,\"message\":…,\"help\":…}}.

Examples:
  parvaneh date 1403/12/30
  parvaneh deadline --calendar ir --term '5 wd' --start '1403/12/11 10:00' --explain
  parvaneh workflow check workflows/*/v*.yaml
  parvaneh demo";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "parvaneh",
    version,
    about = "Licences decided on time, and the proof",
    after_help = AFTER,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What was said by whom.
    #[arg(skip)]
    pub(crate) settings: Settings,
}

/// Reads the command line; or says what is wrong with it, or the help that was asked for.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    let path = settings::path(std::env::args_os().skip(1), variable("PARVANEH_CONFIG"));
    let mut settings = Settings::read(&Cli::command(), path, &variable);
    let parsed = settings.apply(Cli::command()).try_get_matches().and_then(|mut matches| {
        settings.note(&matches);
        Cli::from_arg_matches_mut(&mut matches)
    });
    parsed.map(|cli| Cli { settings, ..cli }).map_err(|error| {
        let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        let json = std::env::args_os().any(|argument| argument == "--json");
        if asked || !json {
            // A closed terminal is no reason to fail.
            let _ = error.print();
            return if asked { ExitCode::SUCCESS } else { Exit::Usage.into() };
        }
        let text = error.render().to_string();
        let told = text.trim_start_matches("error: ").lines().map(str::trim);
        let told =
            told.take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.is_empty());
        let message = told.collect::<Vec<_>>().join(" ");
        let failure = Failure::usage(message).help("see --help");
        let _ = writeln!(std::io::stderr(), "{}", failure.render(true, colour(Stream::Err)));
        Exit::Usage.into()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        super::Cli::command().debug_assert();
    }
}
