//! One file a subcommand.

mod audit;
mod calendar;
mod case;
mod clock;
mod completions;
pub(crate) mod configuration;
mod date;
mod deadline;
mod demo;
mod export;
mod licence;
mod migrate;
mod notices;
mod organisation;
mod people;
mod report;
mod secret_key;
pub(crate) mod serve;
mod signer;
mod sitting;
mod witness;
mod worker;
mod workflow;
mod worklist;

use std::{io::Write, process::ExitCode};

use clap::Subcommand;
use parvaneh_core::document::has_errors;

use crate::{
    cli::Cli,
    config::Options,
    failure::Failure,
    output::{Output, Stream, colour_of},
    settings::Settings,
    telemetry::{self, TelemetryOptions},
};

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Date(date::Date),
    Deadline(deadline::Deadline),
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    #[command(subcommand)]
    Calendar(calendar::Calendar),
    #[command(subcommand)]
    Case(case::Command),
    #[command(subcommand)]
    Licence(licence::Command),
    Worklist(worklist::Worklist),
    Notices(notices::Notices),
    #[command(subcommand)]
    Report(report::Report),
    Export(Box<export::Export>),
    #[command(subcommand)]
    Sitting(sitting::Command),
    #[command(subcommand)]
    People(people::People),
    #[command(subcommand)]
    Organisation(organisation::Organisation),
    #[command(subcommand)]
    Audit(audit::Audit),
    Clock(clock::Clock),
    Serve(Box<serve::Serve>),
    Worker(Box<worker::Worker>),
    #[command(subcommand)]
    Signer(signer::Signer),
    #[command(subcommand)]
    Witness(witness::Witness),
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    SecretKey(secret_key::SecretKeyCommand),
    #[command(subcommand)]
    Config(configuration::Config),
    Demo(demo::Demo),
    Completions(completions::Completions),
}

impl Command {
    /// Where it tells its figures and traces, if it runs long enough for that.
    fn telemetry(&self) -> Option<&TelemetryOptions> {
        match self {
            Self::Serve(serve) => Some(&serve.telemetry),
            Self::Worker(worker) => Some(&worker.telemetry),
            _ => None,
        }
    }
}

/// Does what was asked, and tells on stderr why not.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let out = Output::new(&cli.options);
    let told = telemetry::start(&cli.options, cli.command.telemetry());
    let done = told.and_then(|telemetry| {
        let done = dispatch(cli.command, &cli.settings, &cli.options, &out);
        telemetry.end();
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_silent() {
                let colour = colour_of(cli.options.color, Stream::Err);
                let text = failure.render(cli.options.json, colour);
                // Where stderr is closed, the exit code has to do.
                let _ = writeln!(std::io::stderr(), "{text}");
            }
            failure.exit_code()
        }
    }
}

fn dispatch(
    command: Command,
    settings: &Settings,
    options: &Options,
    out: &Output,
) -> Result<(), Failure> {
    // What looks at the configuration, or needs none, works also where it is not sound.
    if !matches!(command, Command::Config(_) | Command::Completions(_))
        && has_errors(&settings.problems)
    {
        return Err(configuration::refused(settings));
    }
    match command {
        Command::Date(date) => date.run(out),
        Command::Deadline(deadline) => deadline.run(out),
        Command::Workflow(workflow) => workflow.run(options, out),
        Command::Calendar(calendar) => calendar.run(options, out),
        Command::Case(case) => case.run(options, out),
        Command::Licence(licence) => licence.run(options, out),
        Command::Worklist(worklist) => worklist.run(options, out),
        Command::Notices(notices) => notices.run(options, out),
        Command::Report(report) => report.run(options, out),
        Command::Export(export) => export.run(options, out),
        Command::Sitting(sitting) => sitting.run(options, out),
        Command::People(people) => people.run(options, out),
        Command::Organisation(organisation) => organisation.run(options, out),
        Command::Audit(audit) => audit.run(options, out),
        Command::Clock(clock) => clock.run(options, out),
        Command::Serve(serve) => serve.run(options, out),
        Command::Worker(worker) => worker.run(options, out),
        Command::Signer(signer) => signer.run(out),
        Command::Witness(witness) => witness.run(out),
        Command::Migrate(migrate) => migrate.run(options, out),
        Command::SecretKey(command) => command.run(options, out),
        Command::Config(config) => config.run(settings, options, out),
        Command::Demo(demo) => demo.run(options, out),
        Command::Completions(completions) => completions.run(),
    }
}
