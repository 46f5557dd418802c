//! What an applicant is told of his case.

use parvaneh_core::{
    Event, Fact,
    event::{Owner, Purpose},
};

/// The kinds of notices for applicants, in the database.
pub(crate) const RECEIVED: &str = "received";
/// See [`RECEIVED`].
pub(crate) const TURN: &str = "turn";
/// See [`RECEIVED`].
pub(crate) const DECISION: &str = "decision";

/// What an event tells the applicant: that his case was received, that it waits for him, or that it
/// has ended. Of what he did himself he is told only the receipt and the end.
pub(super) fn tells_applicant(event: &Event) -> Option<&'static str> {
    let entry = event.fact.entry()?;
    if matches!(event.fact, Fact::Opened { .. }) {
        return Some(RECEIVED);
    }
    if entry.end.is_some() {
        return Some(DECISION);
    }
    let his = |task: &parvaneh_core::event::OpenedTask| {
        task.owner == Owner::Applicant && task.purpose == Purpose::Act
    };
    entry.tasks.iter().any(his).then_some(TURN)
}
