//! `parvaneh workflow`: definitions.

mod check;
mod publish;
mod show;

use clap::Subcommand;

use crate::{config::Options, failure::Failure, output::Output};

/// Check, publish and look at workflow definitions
#[derive(Debug, Subcommand)]
pub(crate) enum Workflow {
    Check(check::Check),
    Publish(publish::Publish),
    List(show::List),
    Show(show::Show),
}

impl Workflow {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Check(check) => check.run(out),
            Self::Publish(publish) => publish.run(options, out),
            Self::List(list) => list.run(options, out),
            Self::Show(show) => show.run(options, out),
        }
    }
}
