//! `parvaneh notices failed` and `retry`: what could not be sent.

use clap::Args;
use parvaneh_store::Reason;
use serde_json::json;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table, minute},
};

/// Show what could not be sent, the latest first
///
/// 'failed' surely did not arrive. 'uncertain' is a mail that was on its way when the connection or
/// the worker ended: it may have arrived, and is not sent again by itself.
#[derive(Debug, Args)]
pub(super) struct Failed {
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

/// Try again what could not be sent
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// Which, as `parvaneh notices failed` names it; also one that is uncertain
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    delivery: Option<String>,
    /// Everything that has failed; not what is uncertain
    #[arg(long)]
    all: bool,
}

impl Failed {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let failed = database.store.failed_deliveries(self.limit).await?;
            if out.json {
                let failed: Vec<_> = failed
                    .iter()
                    .map(|one| {
                        json!({
                            "delivery": one.reason.to_string(),
                            "kind": one.kind,
                            "state": one.state,
                            "attempts": one.attempts,
                            "error": one.error,
                            "ended_at": one.ended_at,
                        })
                    })
                    .collect();
                return out.document(&failed);
            }
            let columns = [
                ("ended", Align::Left),
                ("state", Align::Left),
                ("kind", Align::Left),
                ("tried", Align::Right),
                ("error", Align::Left),
                ("delivery", Align::Left),
            ];
            let mut table = Table::new(out, &columns);
            for one in &failed {
                table.row([
                    minute(one.ended_at, chrono_tz::Asia::Tehran, out.dates),
                    one.state.clone(),
                    one.kind.clone(),
                    one.attempts.to_string(),
                    one.error.clone(),
                    one.reason.to_string(),
                ]);
            }
            out.line(table.render("everything was sent, or waits to be sent"))
        })
    }
}

impl Retry {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let unknown = |text: &str| {
            Failure::no("unknown-delivery", format!("nothing called '{text}' has failed"))
                .help("`parvaneh notices failed` tells what could not be sent")
        };
        let only: Option<Reason> = match &self.delivery {
            Some(text) => Some(text.parse().map_err(|_| unknown(text))?),
            None => None,
        };
        with_database(options, OnSignal::Leave, async |database, _| {
            let retried = database.store.retry_deliveries(only).await?;
            if let (0, Some(text)) = (retried, &self.delivery) {
                return Err(unknown(text));
            }
            if out.json {
                return out.document(&json!({ "retried": retried }));
            }
            out.line(format!("{retried} deliveries wait to be sent again"))
        })
    }
}
