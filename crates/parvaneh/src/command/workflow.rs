//! `parvaneh workflow`: definitions.

mod check;

use clap::Subcommand;

use crate::{failure::Failure, output::Output};

/// Check, publish and look at workflow definitions
#[derive(Debug, Subcommand)]
pub(crate) enum Workflow {
    Check(check::Check),
}

impl Workflow {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Check(check) => check.run(out),
        }
    }
}
