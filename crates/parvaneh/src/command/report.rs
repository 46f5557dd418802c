//! `parvaneh report`: figures.

mod ranking;
pub(crate) mod sla;

use clap::Subcommand;

use crate::{config::Options, failure::Failure, output::Output};

/// Report figures
#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    Sla(sla::Sla),
    Ranking(ranking::Ranking),
}

impl Report {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Sla(sla) => sla.run(options, out),
            Self::Ranking(ranking) => ranking.run(options, out),
        }
    }
}
