//! `parvaneh secret-key`: the key by which secrets in the database are sealed.

use clap::Subcommand;
use parvaneh_store::KeyChanged;
use serde_json::json;

use crate::{
    config::Options, failure::Failure, lifecycle::block_on, output::Output, secret_key::replaced,
};

/// The key by which secrets in the database are sealed
#[derive(Debug, Subcommand)]
pub(crate) enum SecretKeyCommand {
    /// Seal everything by another key, at once
    ///
    /// End every service and worker first. Secrets of second factors and of webhooks go on working; links
    /// by which other bodies answer inquiries do not, and have to be made anew. Beside the private Postgres
    /// the key in the file secret.key is replaced by a new one; on a named database name the former key by
    /// PARVANEH_SECRET_KEY and the other by PARVANEH_NEW_SECRET_KEY, and afterwards give it to every process.
    #[command(verbatim_doc_comment)]
    Change {
        /// The other key: the base64 of 32 random bytes (openssl rand -base64 32). It is needed where the
        /// former key is named, too
        #[arg(long, env = "PARVANEH_NEW_SECRET_KEY", value_name = "KEY")]
        new_secret_key: Option<String>,
    },
}

impl SecretKeyCommand {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let Self::Change { new_secret_key } = self;
        block_on(async {
            let (changed, place) = replaced(options, new_secret_key.as_deref()).await?;
            let KeyChanged { second_factors: factors, webhooks, people } = changed;
            if out.json {
                return out.document(&json!({
                    "second_factors": factors,
                    "webhooks": webhooks,
                    "people": people,
                    "key": place,
                }));
            }
            out.line(format!(
                "sealed by the other key: {factors} second factors, {webhooks} webhooks, {people} keys of people"
            ))?;
            out.line(format!("from now on the key is {place}: back it up, apart from the database"))
        })
    }
}
