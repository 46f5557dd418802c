//! What workers count.

use metrics::counter;
use parvaneh_store::{Channel, Outcome, StoreError};

/// A loop has made a round.
pub(crate) fn round<T>(of: &'static str, done: &Result<T, StoreError>) {
    let result = if done.is_ok() { "done" } else { "failed" };
    counter!("parvaneh_worker_rounds_total", "loop" => of, "result" => result).increment(1);
}

/// Something was sent, or not.
pub(crate) fn sent(channel: Channel, outcome: &Outcome) {
    let channel = match channel {
        Channel::Email => "email",
        Channel::Digest => "digest",
        Channel::Webhook => "webhook",
        Channel::Recovery => "recovery",
        Channel::Code => "code",
    };
    let outcome = match outcome {
        Outcome::Sent => "sent",
        Outcome::Again { .. } => "again",
        Outcome::Failed(_) => "failed",
        Outcome::Uncertain(_) => "uncertain",
        Outcome::Skipped(_) => "skipped",
    };
    counter!("parvaneh_sendings_total", "channel" => channel, "outcome" => outcome).increment(1);
}
