//! `parvaneh worker`: escalates, delivers and sends.

use std::sync::Arc;

use parvaneh_worker::{
    Totals, WorkerOptions, drain,
    send::{self, Channels, Sendings},
};
use serde_json::json;

use crate::{
    channels::ChannelOptions,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database_used},
    limits::DatabaseLimits,
    output::Output,
    sealing::SealingOptions,
    telemetry::TelemetryOptions,
};

/// Record what time causes: warnings, escalations, silence; deliver notices, send mails and events
///
/// Runs until SIGINT or SIGTERM, then finishes what is in hand. Any number of workers may run side
/// by side, on any number of machines. A case that cannot be treated is parked, told, and holds up
/// nobody; it is tried again as soon as it changes.
///
/// Mails are sent when PARVANEH_SMTP_URL and PARVANEH_MAIL_FROM are set; webhooks are told in any
/// case (`parvaneh notices`).
#[derive(Debug, clap::Args)]
pub(crate) struct Worker {
    /// End as soon as nothing is due and nothing waits to be delivered or sent
    #[arg(long)]
    once: bool,
    /// How many cases a round takes at most
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    #[command(flatten)]
    database: DatabaseLimits,
    #[command(flatten)]
    channels: ChannelOptions,
    #[command(flatten)]
    sealing: SealingOptions,
    #[command(flatten)]
    pub(super) telemetry: TelemetryOptions,
}

impl Worker {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let how = WorkerOptions { batch: self.batch.into(), ..self.database.worker() };
        let channels = self.channels.channels()?;
        let database = self.database.store();
        with_database_used(options, database, OnSignal::Finish, async |database, shutdown| {
            database.warn_of_no_key();
            let store = &database.store;
            let figures = self.telemetry.serve(store).await?;
            if let Some(address) = figures {
                tracing::info!(%address, "figures are served");
            }
            let log = self.sealing.log(database)?;
            let mut sealed = Ok(());
            let (totals, sent) = if self.once {
                let totals = drain(store, how, &shutdown).await?;
                sealed = log.drain(store).await;
                (totals, send::once(store, &channels, &shutdown).await?)
            } else {
                tell_channels(&channels);
                tracing::info!(batch = how.batch, "the worker works");
                let (totals, (), sent) = tokio::join!(
                    parvaneh_worker::run(store, how, shutdown.clone()),
                    log.run(store, shutdown.clone()),
                    send::run(store, &channels, shutdown),
                );
                (totals, sent)
            };
            let parked = store.parked().await?;
            tell(&totals, &sent, &channels, parked.len(), out)?;
            for case in &parked {
                tracing::warn!(case.id = %case.case, error.code = case.code, case.error, "parked");
            }
            sealed
        })
    }
}

/// Whoever waits for a mail should not have to guess.
fn tell_channels(channels: &Arc<Channels>) {
    if channels.mail.is_none() {
        tracing::info!("e-mail is off: PARVANEH_SMTP_URL is not set");
    }
}

fn tell(
    totals: &Totals,
    sent: &Sendings,
    channels: &Arc<Channels>,
    parked: usize,
    out: &Output,
) -> Result<(), Failure> {
    if out.json {
        return out.document(&json!({
            "events": totals.events,
            "notices": totals.notices,
            "newly_parked": totals.parked,
            "parked": parked,
            "email": channels.mail.is_some(),
            "sent": sent.sent,
            "to_be_sent_again": sent.again,
            "not_sent": sent.failed,
        }));
    }
    let mail = if channels.mail.is_some() { "" } else { " (e-mail is off)" };
    out.line(format!(
        "{} events, {} notices, {} sent, {} to be sent again, {} not sent{mail}, {parked} cases parked",
        totals.events, totals.notices, sent.sent, sent.again, sent.failed
    ))
}
