//! `parvaneh config`: what the program is told, by whom, and whether that can be right.

mod check;
mod example;
mod show;

use clap::Subcommand;

#[cfg(test)]
pub(crate) use self::example::written as example_text;

use crate::{config::Options, failure::Failure, output::Output, settings::Settings};

/// Check, show and begin the configuration of an installation
///
/// Every option that has a variable in the environment is a setting; its key in the configuration
/// file (TOML) is the variable's name without PARVANEH_, in lower case. The file is the one of
/// --config, else of PARVANEH_CONFIG (none where that is empty), else /etc/parvaneh/parvaneh.toml if it
/// is there. What counts: command line, environment, file, default, in this order. Where a setting is a
/// secret, KEY_file (or the variable with _FILE) names a file that holds it; a credential of systemd
/// of the key's name does as well.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Check(check::Check),
    Show(show::Show),
    Example(example::Example),
}

impl Config {
    pub(crate) fn run(
        self,
        settings: &Settings,
        options: &Options,
        out: &Output,
    ) -> Result<(), Failure> {
        match self {
            Self::Check(check) => check.run(settings, options, out),
            Self::Show(show) => show.run(settings, out),
            Self::Example(example) => example.run(settings, out),
        }
    }
}

/// Why no command runs with a configuration that is not sound.
pub(crate) fn refused(settings: &Settings) -> Failure {
    let text = crate::settings::masked(&settings.text, &settings.keys);
    let file = settings.path_shown();
    let problems = settings.problems.clone();
    crate::source::not_sound("configuration", &file, Some(&text), problems)
}
