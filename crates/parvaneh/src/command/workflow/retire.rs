//! `parvaneh workflow retire`.

use serde_json::json;

use super::show::published;
use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Output, day},
};

/// Retire a version: no case is opened by it any more, and running cases go on
///
/// A new case is opened by the latest version that is in use. What was retired can be taken into use
/// again.
#[derive(Debug, clap::Args)]
pub(crate) struct Retire {
    /// The version: ngo-establishment@1
    version: String,
    /// Take it into use again
    #[arg(long)]
    undo: bool,
}

impl Retire {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let (workflow, Some(version)) = published(&self.version)? else {
            return Err(Failure::usage(format!("'{}' names no version", self.version))
                .help("write which version: ngo-establishment@1; see 'parvaneh workflow list'"));
        };
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let since = store.set_retired(&workflow, version, !self.undo).await?;
            let all = store.definitions().await?;
            let of_it = all.iter().filter(|one| one.workflow == workflow);
            let running =
                of_it.clone().find(|one| one.version == version).map_or(0, |one| one.running);
            let next = of_it.filter(|one| one.retired_at.is_none()).map(|one| one.version).max();
            if out.json {
                return out.document(&json!({
                    "workflow": workflow,
                    "version": version,
                    "retired_at": since,
                    "running": running,
                    "opens_by": next,
                }));
            }
            match since {
                None => out.line(format!("in use: {workflow}@{version}"))?,
                Some(since) => {
                    let since = day(since, chrono_tz::Asia::Tehran, out.dates);
                    let s = if running == 1 { " runs" } else { "s run" };
                    out.line(format!(
                        "retired since {since}: {workflow}@{version}; {running} case{s} on by it"
                    ))?;
                }
            }
            out.line(match next {
                Some(next) => format!("new cases are opened by {workflow}@{next}"),
                None => format!("no version of {workflow} is in use: no case can be opened"),
            })
        })
    }
}
