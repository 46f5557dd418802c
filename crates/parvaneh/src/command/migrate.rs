//! `parvaneh migrate`: makes the database, or brings it up to date.

use parvaneh_store::Founding;
use serde_json::json;

use crate::{
    config::Options, database::Database, failure::Failure, lifecycle::block_on, output::Output,
};

/// Make the database, or bring it up to date
///
/// A new database is founded either for real cases or, with --sandbox, for training and tests; that is
/// decided once and for ever. It starts with the organisation, the calendar 'ir' and the definition
/// that the program carries.
///
/// Without DATABASE_URL it is a private Postgres in --data-dir. With it, name the same database with
/// the role that owns it in PARVANEH_OWNER_DATABASE_URL; the role in DATABASE_URL must be a member of
/// parvaneh_program and should own nothing. A superuser prepares them once:
///
///   create role parvaneh_app nologin; create role parvaneh_engine nologin in role parvaneh_app;
///   create role parvaneh_program nologin noinherit in role parvaneh_engine;
///   create role owner login password '…' in role parvaneh_app, parvaneh_program;
///   create role app login password '…' in role parvaneh_program; create database licences owner owner
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Migrate {
    /// Found a new database as a sandbox: its clock can be moved
    #[arg(long)]
    sandbox: bool,
}

impl Migrate {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let founding = if self.sandbox { Founding::Sandbox } else { Founding::Production };
        block_on(async {
            let prepared = Database::prepare(options, founding).await?;
            let migrated = prepared.migrated;
            if self.sandbox && !migrated.sandbox {
                let message = format!("{} holds real cases already", prepared.place);
                return Err(Failure::no("not_a_sandbox", message).help(
                    "a database is founded as a sandbox or never: name another one, for example \
                     with --data-dir",
                ));
            }
            if out.json {
                return out.document(&json!({
                    "founded": migrated.founded,
                    "sandbox": migrated.sandbox,
                    "place": prepared.place,
                }));
            }
            let kind = if migrated.sandbox { "a sandbox" } else { "for real cases" };
            let done = if migrated.founded { "founded" } else { "up to date" };
            out.line(format!("{done}: {} ({kind})", prepared.place))
        })
    }
}
