//! `parvaneh case`: cases and what can be done with them.

mod change;
mod list;
mod open;
mod open_many;
mod show;
pub(crate) mod timeline;
mod values;

use clap::Subcommand;
use parvaneh_core::CaseId;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::Output,
};

/// Open cases, look at them, act on them
///
/// Whoever acts is named by --as (or PARVANEH_AS), by identifier or name. A person acts where his roles
/// and their units allow; a refusal says why, and what is possible now.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh case open ngo-establishment --unit 2301 --subject 'Mehr charity' --applicant Sara --as Ali
  parvaneh case act CASE accept --as Ali
  parvaneh case fill CASE --set area=120 --set seen=1403/02/01 --as Ali
  parvaneh case answer CASE police positive --as 'Police of Tehran'
  parvaneh case show CASE --explain")]
pub(crate) enum Command {
    Open(open::Open),
    OpenMany(open_many::OpenMany),
    List(list::List),
    Show(show::Show),
    Timeline(timeline::Timeline),
    #[command(flatten)]
    Change(change::Change),
}

impl Command {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            match self {
                Self::Open(open) => open.run(store, out).await,
                Self::OpenMany(many) => many.run(store, out).await,
                Self::List(list) => list.run(store, out).await,
                Self::Show(show) => show.run(store, out).await,
                Self::Timeline(timeline) => timeline.run(store, out).await,
                Self::Change(change) => change.run(store, out).await,
            }
        })
    }
}

/// The identifier of a case.
pub(super) fn parse_case(text: &str) -> Result<CaseId, String> {
    let malformed = "the identifier of a case looks like 01931d2e-7c1f-7e3a-9a51-2f1d7c0b6a11";
    text.trim().parse().map_err(|_| malformed.to_owned())
}
