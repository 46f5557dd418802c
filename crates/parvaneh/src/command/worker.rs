//! `parvaneh worker`: escalates and delivers.

use parvaneh_worker::{Totals, WorkerOptions, drain};
use serde_json::json;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::Output,
};

/// Record what time causes: warnings, escalations, silence; and deliver notices
///
/// Runs until SIGINT or SIGTERM, then finishes the batch in hand. Any number of workers may run side
/// by side, on any number of machines. A case that cannot be treated is parked, told, and holds up
/// nobody; it is tried again as soon as it changes.
#[derive(Debug, clap::Args)]
pub(crate) struct Worker {
    /// End as soon as nothing is due and nothing waits to be delivered
    #[arg(long)]
    once: bool,
    /// How many cases a round takes at most
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
}

impl Worker {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let how = WorkerOptions { batch: self.batch.into(), ..WorkerOptions::default() };
        with_database(options, OnSignal::Finish, async |database, shutdown| {
            let store = &database.store;
            let totals = if self.once {
                drain(store, how, &shutdown).await?
            } else {
                tracing::info!(batch = how.batch, "the worker works");
                parvaneh_worker::run(store, how, shutdown).await
            };
            let parked = store.parked().await?;
            tell(&totals, parked.len(), out)?;
            for case in &parked {
                tracing::warn!(case.id = %case.case, error.code = case.code, case.error, "parked");
            }
            Ok(())
        })
    }
}

fn tell(totals: &Totals, parked: usize, out: &Output) -> Result<(), Failure> {
    if out.json {
        return out.document(&json!({
            "events": totals.events,
            "notices": totals.notices,
            "newly_parked": totals.parked,
            "parked": parked,
        }));
    }
    out.line(format!("{} events, {} notices, {parked} cases parked", totals.events, totals.notices))
}
