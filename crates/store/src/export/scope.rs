//! Of what somebody makes an export.

use std::ops::Range;

use parvaneh_core::{CaseId, Instant, StepId, UnitId, WorkflowId};
use serde::{Deserialize, Serialize};

use crate::{CaseOrder, CasesQuery, HeldUp, Judged, OpenTask};

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
    /// Only those in whose subject, applicant's name or tracking code this occurs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only those that were received then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Span>,
    /// Only those that ended then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_in: Option<Span>,
    /// Only those that are late when they are written: see [`CasesQuery::overdue`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
    /// Only those whose statutory clock does not run then: see [`CasesQuery::held`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// Only those that have not ended and whose statutory deadline lies there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Span>,
    /// Only those that have such an open task.
    #[serde(skip_serializing_if = "OpenTask::is_any")]
    pub task: OpenTask,
    /// Only those that are escalated to this level, and to none above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated: Option<u32>,
    /// Only those that count so in on-time figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// Only late ones that somebody had while they were late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_up: Option<HeldUp>,
    /// Of all these only the events that were recorded then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Span>,
}

impl ExportScope {
    /// One case.
    pub fn of_case(case: CaseId) -> Self {
        Self { case: Some(case), ..Self::default() }
    }

    /// The cases of a list, on whichever page of it.
    pub fn of_list(list: CasesQuery) -> Self {
        Self {
            case: None,
            workflow: list.workflow,
            unit: list.within,
            unit_alone: list.unit_alone,
            step: list.step,
            ended: list.ended,
            text: list.text,
            received: list.received.map(Span::from),
            ended_in: list.ended_in.map(Span::from),
            overdue: list.overdue,
            held: list.held,
            due: list.due.map(Span::from),
            task: list.task,
            escalated: list.escalated,
            judged: list.judged,
            held_up: list.held_up,
            recorded: None,
        }
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
            overdue: self.overdue,
            held: self.held,
            due: self.due.map(Range::from),
            task: self.task.clone(),
            escalated: self.escalated,
            judged: self.judged.clone(),
            held_up: self.held_up.clone(),
            order: CaseOrder::Oldest,
            ..CasesQuery::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use parvaneh_core::measure::Counts;

    use super::*;
    use crate::HeldBy;

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
            due: Some(span),
            task: OpenTask { owner: Some(HeldBy::Applicant), late: true, ..OpenTask::default() },
            escalated: Some(2),
            judged: Some(Judged { period: span.into(), raw: true, how: vec![Counts::OnTime] }),
            ..ExportScope::default()
        };
        let list = CasesQuery { order: CaseOrder::Latest, ..scope.cases() };
        assert_eq!(ExportScope { recorded: Some(span), ..ExportScope::of_list(list) }, scope);
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(serde_json::from_str::<ExportScope>(&text).unwrap(), scope);
        assert!(serde_json::from_str::<ExportScope>(r#"{"workflows":"x"}"#).is_err());
    }
}
