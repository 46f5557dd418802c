//! Of what somebody makes an export.

use std::ops::Range;

use parvaneh_core::{CaseId, Instant, StepId, UnitId, WorkflowId};
use serde::{Deserialize, Serialize};

use crate::{CaseOrder, CasesQuery};

/// From then on, and before then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// From then on.
    pub since: Instant,
    /// Before then.
    pub until: Instant,
}

impl From<Range<Instant>> for Span {
    fn from(range: Range<Instant>) -> Self {
        Self { since: range.start, until: range.end }
    }
}

impl From<Span> for Range<Instant> {
    fn from(span: Span) -> Self {
        span.since..span.until
    }
}

/// Which cases, and which of their events; everything that the asker sees at work, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportScope {
    /// Only this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Only cases of this workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowId>,
    /// Only those received by this unit or one below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// Of these only those that the unit itself has received.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unit_alone: bool,
    /// Only those that stand in this step or at this end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// Only those that have ended, or that have not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<bool>,
    /// Only those in whose subject, applicant or identifier this occurs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only those that were received then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Span>,
    /// Only those that ended then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_in: Option<Span>,
    /// Of all these only the events that were recorded then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Span>,
}

impl ExportScope {
    /// One case.
    pub fn of_case(case: CaseId) -> Self {
        Self { case: Some(case), ..Self::default() }
    }

    /// The case, where it is whole the timeline of a single one.
    pub fn single(&self) -> Option<CaseId> {
        let case = self.case?;
        (*self == Self::of_case(case)).then_some(case)
    }

    /// The cases, as a list asks for them; what the wall lets through is another matter.
    pub(crate) fn cases(&self) -> CasesQuery {
        CasesQuery {
            workflow: self.workflow.clone(),
            within: self.unit.clone(),
            unit_alone: self.unit_alone,
            step: self.step.clone(),
            ended: self.ended,
            text: self.text.clone(),
            received: self.received.map(Range::from),
            ended_in: self.ended_in.map(Range::from),
            order: CaseOrder::Oldest,
            ..CasesQuery::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_says_only_what_it_narrows() {
        assert_eq!(serde_json::to_string(&ExportScope::default()).unwrap(), "{}");
        let span = Span {
            since: "2024-04-20T06:30:00Z".parse().unwrap(),
            until: "2024-05-20T06:30:00Z".parse().unwrap(),
        };
        let scope = ExportScope {
            workflow: Some("ngo-establishment".into()),
            ended: Some(true),
            recorded: Some(span),
            ..ExportScope::default()
        };
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(serde_json::from_str::<ExportScope>(&text).unwrap(), scope);
        assert!(serde_json::from_str::<ExportScope>(r#"{"workflows":"x"}"#).is_err());
    }
}
