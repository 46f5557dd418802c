//! `parvaneh people erase`.

use clap::Args;
use parvaneh_store::{Erasure, NotErased, Store};
use serde_json::json;

use crate::{failure::Failure, output::Output, who::person};

/// Destroy a person's personal data for ever: what was filled in as personal with his applications
///
/// Nobody reads it any more, and nothing brings it back. Timelines and their proofs stay as they are.
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Name or identifier
    person: String,
    /// Why, and by what decision: it stays on record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who does it: name or identifier
    #[arg(long = "as", value_name = "PERSON")]
    by: Option<String>,
    /// Although cases of his are still open
    #[arg(long)]
    also_of_open_cases: bool,
    /// That you know that it cannot be undone
    #[arg(long, required = true)]
    irrevocably: bool,
}

impl Erase {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let whose = person(store, &self.person).await?;
        let by = match &self.by {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        let erasure = Erasure {
            person: whose.id,
            by,
            reason: self.reason,
            also_of_open_cases: self.also_of_open_cases,
        };
        let erased = store.erase_person(erasure).await.map_err(refused)?;
        if out.json {
            return out.document(&json!({
                "person": whose.id,
                "at": erased.at,
                "values": erased.values,
                "cases": erased.cases,
                "drafts": erased.drafts,
            }));
        }
        out.line(format!(
            "{}: nobody can read {} values in {} cases any more, and {} begun applications are gone",
            out.isolate(&whose.name),
            erased.values,
            erased.cases,
            erased.drafts
        ))?;
        out.line(
            "backups from before still hold the key: docs/OPERATIONS.md tells how long that lasts",
        )
    }
}

fn refused(error: NotErased) -> Failure {
    let failure = match error {
        NotErased::Store(error) => return error.into(),
        ref refused => Failure::no(refused.code(), refused.to_string()),
    };
    match error {
        NotErased::OpenCases(_) => {
            failure.help("wait until they have ended, or say --also-of-open-cases")
        }
        _ => failure,
    }
}
