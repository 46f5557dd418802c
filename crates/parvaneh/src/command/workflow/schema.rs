//! `parvaneh workflow schema`.

use parvaneh_core::definition::json_schema;

use crate::{failure::Failure, output::Output};

/// Print the JSON Schema of definitions, for editors
///
/// An editor that knows it completes keys, tells what they mean and marks what is misspelt. What
/// makes sense together is told by 'parvaneh workflow check'.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  parvaneh workflow schema > workflows/definition.schema.json\n\n\
                        and as the first line of a definition:\n  \
                        # yaml-language-server: $schema=../definition.schema.json"
)]
pub(crate) struct PrintSchema {}

impl PrintSchema {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let Self {} = self;
        out.line(format!("{:#}", json_schema()))
    }
}
