//! `parvaneh workflow`: definitions.

mod check;
mod diff;
mod migrate;
mod new;
mod publish;
mod retire;
mod schema;
mod show;
mod test;

use clap::Subcommand;

use crate::{config::Options, failure::Failure, output::Output};

/// Write, check, test, publish, retire and look at workflow definitions, and move running cases
#[derive(Debug, Subcommand)]
pub(crate) enum Workflow {
    New(new::New),
    Check(check::Check),
    Test(test::Test),
    Publish(publish::Publish),
    Retire(retire::Retire),
    Migrate(migrate::Migrate),
    List(show::List),
    Show(show::Show),
    Diff(diff::Diff),
    Schema(schema::PrintSchema),
}

impl Workflow {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::New(new) => new.run(out),
            Self::Check(check) => check.run(out),
            Self::Test(test) => test.run(out),
            Self::Publish(publish) => publish.run(options, out),
            Self::Retire(retire) => retire.run(options, out),
            Self::Migrate(migrate) => migrate.run(options, out),
            Self::List(list) => list.run(options, out),
            Self::Show(show) => show.run(options, out),
            Self::Schema(schema) => schema.run(out),
            Self::Diff(diff) => diff.run(options, out),
        }
    }
}
