//! `parvaneh audit`: timelines that can be checked without trusting whoever keeps them.

mod bundle;
mod checkpoint;
mod receipt;
mod verify;

use clap::Subcommand;

use crate::{config::Options, failure::Failure, output::Output};

/// Write timelines with their proofs; verify them and receipts offline; print what the log says of itself
///
/// docs/PROOF.md is the format and says what each exit code means; docs/guide/auditor.md how to go
/// about it.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh audit bundle bundle.jsonl --as auditor --reason 'annual audit' --since checkpoint.txt
  parvaneh audit verify bundle.jsonl --key parvaneh.example.org/timelines+1f2e3d4c+AQ…
  parvaneh audit verify bundle.jsonl --key key.txt --since checkpoint.txt
  parvaneh audit receipt receipt.json --key key.txt
  parvaneh audit checkpoint --qr")]
pub(crate) enum Audit {
    Bundle(bundle::Bundle),
    Verify(verify::Verify),
    Receipt(receipt::Receipt),
    Checkpoint(checkpoint::Checkpoint),
}

impl Audit {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Bundle(bundle) => bundle.run(options, out),
            Self::Verify(verify) => verify.run(out),
            Self::Receipt(receipt) => receipt.run(out),
            Self::Checkpoint(checkpoint) => checkpoint.run(options, out),
        }
    }
}
