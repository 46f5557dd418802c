//! Cases and events as they are recorded: what exports are made of. An event keeps its canonical bytes,
//! so that whoever passes it on need not read them.

use crate::{CaseId, Instant, PersonId, StepId, UnitId, WorkflowId, timeline::Hash};

/// A case, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCase {
    /// The case.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The version by which it runs.
    pub version: u32,
    /// The unit that received it.
    pub unit: UnitId,
    /// Who applies.
    pub applicant: PersonId,
    /// What it is about.
    pub subject: String,
    /// How many events it has.
    pub seq: u32,
    /// Where it stands.
    pub step: StepId,
    /// When it was received.
    pub opened_at: Instant,
    /// Its statutory deadline; none while that is suspended.
    pub deadline: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

impl RecordedCase {
    /// Its tracking code, as people read it out: the end of its identifier in fours.
    pub fn code(&self) -> String {
        let digits = self.case.0.simple().to_string().to_uppercase();
        let digits = &digits[digits.len() - 12..];
        format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..])
    }
}

/// An event, as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedEvent<'a> {
    /// Of which case.
    pub case: &'a RecordedCase,
    /// Its number within the case, from 1.
    pub seq: u32,
    /// What happened, as [`Fact::kind`](crate::Fact::kind) names it.
    pub kind: &'a str,
    /// When it counts.
    pub effective_at: Instant,
    /// When it was written.
    pub recorded_at: Instant,
    /// Its canonical bytes.
    pub body: &'a str,
    /// The hash that chains it to the one before it.
    pub hash: Hash,
}
