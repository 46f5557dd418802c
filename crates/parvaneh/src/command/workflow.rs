//! `parvaneh workflow`: definitions.

mod check;
mod new;
mod publish;
mod show;
mod test;

use clap::Subcommand;

use crate::{config::Options, failure::Failure, output::Output};

/// Write, check, test, publish and look at workflow definitions
#[derive(Debug, Subcommand)]
pub(crate) enum Workflow {
    New(new::New),
    Check(check::Check),
    Test(test::Test),
    Publish(publish::Publish),
    List(show::List),
    Show(show::Show),
}

impl Workflow {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::New(new) => new.run(out),
            Self::Check(check) => check.run(out),
            Self::Test(test) => test.run(out),
            Self::Publish(publish) => publish.run(options, out),
            Self::List(list) => list.run(options, out),
            Self::Show(show) => show.run(options, out),
        }
    }
}
