//! `parvaneh report`: figures.

pub(crate) mod sla;

use clap::Subcommand;

use crate::{config::Options, failure::Failure, output::Output};

/// Report figures
#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    Sla(sla::Sla),
}

impl Report {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Sla(sla) => sla.run(options, out),
        }
    }
}
