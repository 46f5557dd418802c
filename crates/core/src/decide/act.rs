//! Taking an action of a step.

use super::{
    Draft, Refusal, RefusalCode,
    eyes::{Whom, same_eyes},
    given, optional,
};
use crate::{
    ActionId,
    case::Task,
    definition::{APPROVED, Action, Commission, REJECTED, StepKind},
    event::{By, Fact, Purpose},
    form::Given,
};

impl<'a> Draft<'a> {
    pub(super) fn act(
        &mut self,
        action: &ActionId,
        reason: Option<&str>,
        citation: Option<&str>,
        values: &Given,
    ) -> Result<(), Refusal> {
        let chosen = self.action(action)?;
        let task = self.acting_task()?;
        let rules = [&self.step()?.not_by, &chosen.not_by];
        let by = self.by_who_may_take(task, |right| {
            rules.iter().try_for_each(|rule| same_eyes(&self.case, right, rule, Whom::Caller))
        })?;
        self.refuse_while_suspended()?;
        let reason = match chosen.needs_reason {
            true => Some(given(reason, RefusalCode::ReasonNeeded, "a reason")?.to_owned()),
            false => optional(reason)?,
        };
        let citation = match chosen.needs_citation {
            true => Some(
                given(
                    citation,
                    RefusalCode::CitationNeeded,
                    "the number of an approved condition",
                )?
                .to_owned(),
            ),
            false => optional(citation)?,
        };
        let mut heard = None;
        if let StepKind::Commission(commission) = &self.step()?.kind {
            heard = self.heard(commission)?;
            self.refuse_against_votes(commission, action)?;
        }
        let brought = self.brought_with(chosen, values)?;
        let (no, unclaimed) = (task.no, task.assignee.is_none());
        if unclaimed {
            self.record(self.now, by.clone(), Fact::Claimed { task: no });
        }
        self.record_brought(&by, brought);
        // What is given with the action counts for its guard.
        self.refuse_unless_met(action, chosen)?;
        let entry = self.entry(&chosen.to, self.now, false)?;
        self.record(
            self.now,
            by,
            Fact::Acted { task: no, action: action.clone(), reason, citation, heard, entry },
        );
        Ok(())
    }

    fn action(&self, action: &ActionId) -> Result<&'a Action, Refusal> {
        let step = self.step()?;
        step.actions.get(action).ok_or_else(|| {
            let names = step.actions.keys().map(ActionId::as_str).collect::<Vec<_>>().join(", ");
            let offers = if names.is_empty() { "no action".to_owned() } else { names };
            let reason = format!(
                "'{}' has no action '{action}'; it offers {offers}",
                self.case.place.name()
            );
            RefusalCode::UnknownAction.because(reason)
        })
    }

    /// The task that an action of the step settles.
    pub(super) fn acting_task(&self) -> Result<&Task, Refusal> {
        let acting = self.case.tasks.iter().find(|task| task.purpose == Purpose::Act);
        acting.ok_or_else(|| {
            RefusalCode::WrongTask.because("this step waits for answers, not for an action")
        })
    }

    fn refuse_against_votes(
        &self,
        commission: &Commission,
        action: &ActionId,
    ) -> Result<(), Refusal> {
        let result =
            self.tally().result(commission, self.case.hearing.recusals(&commission.members))?;
        match action.as_str() {
            APPROVED if !result.approved => {
                Err(RefusalCode::MajorityMissing.because(result.to_string()))
            }
            REJECTED if result.approved => {
                Err(RefusalCode::MajorityMissing.because(result.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// An action that the system takes because a level says so.
    pub(super) fn act_by_system(
        &mut self,
        action: &ActionId,
        at: crate::clock::Instant,
    ) -> Result<(), Refusal> {
        let chosen = self.action(action)?;
        let task = self.acting_task()?.no;
        let entry = self.entry(&chosen.to, at, false)?;
        let (action, reason, citation, heard) = (action.clone(), None, None, None);
        let acted = Fact::Acted { task, action, reason, citation, heard, entry };
        self.record(at, By::System, acted);
        Ok(())
    }
}
