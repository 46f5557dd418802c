//! `parvaneh audit`: timelines that can be checked without trusting whoever keeps them.

mod verify;

use clap::Subcommand;

use crate::{failure::Failure, output::Output};

/// Verify exports offline
///
/// docs/PROOF.md is the format and says what each exit code means; docs/guide/auditor.md how to go
/// about it.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh audit verify bundle.jsonl --key parvaneh.example.org/timelines+1f2e3d4c+AQ…
  parvaneh audit verify bundle.jsonl --key key.txt --since checkpoint.txt")]
pub(crate) enum Audit {
    Verify(verify::Verify),
}

impl Audit {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Verify(verify) => verify.run(out),
        }
    }
}
