//! What guards ask of a case, and how a case passes through automatic steps.

use serde::Serialize;

use super::{Draft, Refusal, RefusalCode};
use crate::{
    ActionId, BranchId, FieldId, StepId,
    calendar::Calendar,
    case::Case,
    clock::Instant,
    definition::{Action, Answer, StepKind, Text},
    event::Passed,
    expression::{self, Facts, Name, Value},
};

/// An action that its guard bars now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// The action.
    pub action: ActionId,
    /// The guard that is not met, as the definition has it.
    #[serde(rename = "if")]
    pub condition: String,
    /// What people are told, where the definition says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Text>,
}

/// The facts of a case at an instant.
struct CaseFacts<'a> {
    case: &'a Case,
    /// The answer that is being given.
    answering: Option<&'a (BranchId, Answer)>,
    calendar: &'a Calendar,
    at: Instant,
}

impl Facts for CaseFacts<'_> {
    fn value(&self, name: &Name) -> Option<Value<'_>> {
        Some(match name {
            Name::Field(field) => return expression::value_of(self.case.data.get(&**field)?),
            Name::Answer(branch) => {
                let given = self.answering.filter(|(known, _)| known.as_str() == &**branch);
                let given = given.map(|(_, answer)| answer);
                Value::Text(given.or_else(|| self.case.answers.get(&**branch))?.as_str())
            }
            Name::Returns => Value::Number(self.case.returns.into()),
            Name::Unit => Value::Text(self.case.unit.as_str()),
            Name::Opened => Value::Day(self.calendar.local_date(self.case.opened_at)),
            Name::Today => Value::Day(self.calendar.local_date(self.at)),
        })
    }
}

impl Draft<'_> {
    fn facts(&self, at: Instant) -> CaseFacts<'_> {
        let calendar = self.calendar_at(&self.case.unit);
        CaseFacts { case: &self.case, answering: self.answering.as_ref(), calendar, at }
    }

    /// Refuses an action whose guard is not met.
    pub(super) fn refuse_unless_met(
        &self,
        name: &ActionId,
        action: &Action,
    ) -> Result<(), Refusal> {
        match &action.guard {
            Some(guard) if !guard.condition.is_met(&self.facts(self.now)) => {
                let condition = guard.condition.text();
                let reason = match &guard.otherwise {
                    Some(text) => format!("{} ('{name}' needs: {condition})", text.en),
                    None => format!("'{name}' needs: {condition}"),
                };
                Err(RefusalCode::GuardNotMet.because(reason))
            }
            _ => Ok(()),
        }
    }

    /// Whether the guard of an action is met, or may be once these values are given.
    pub(super) fn may_be_met(&self, action: &Action, needed: &[FieldId]) -> bool {
        action.guard.as_ref().is_none_or(|guard| {
            let needs = |name: &&Name| match name {
                Name::Field(field) => needed.iter().any(|needed| needed.as_str() == &**field),
                _ => false,
            };
            guard.condition.is_met(&self.facts(self.now))
                || guard.condition.names().iter().any(needs)
        })
    }

    /// The actions of the step that the caller could take, did their guards not bar them.
    pub(super) fn unmet(&self) -> Vec<Unmet> {
        let owner = self.acting_task().and_then(|task| self.rights_to(task));
        let (Ok(step), Ok(_)) = (self.step(), owner) else { return Vec::new() };
        let facts = self.facts(self.now);
        let unmet = step.actions.iter().filter_map(|(name, action)| {
            let guard = action.guard.as_ref().filter(|guard| !guard.condition.is_met(&facts))?;
            Some(Unmet {
                action: name.clone(),
                condition: guard.condition.text().to_owned(),
                explanation: guard.otherwise.clone(),
            })
        });
        unmet.collect()
    }

    /// Where a case really comes to that is sent to `to`, and the automatic steps on the way.
    pub(super) fn pass<'p>(
        &self,
        mut to: &'p StepId,
        at: Instant,
    ) -> Result<(&'p StepId, Vec<Passed>), Refusal>
    where
        Self: 'p,
    {
        let steps = &self.ctx.definition.steps;
        let mut through = Vec::new();
        while let Some((name, StepKind::Automatic(exits))) =
            steps.get_key_value(to).map(|(name, step)| (name, &step.kind))
        {
            let facts = self.facts(at);
            let exit = exits.iter().find(|exit| exit.is_open(&facts));
            // In a sound definition there is always one, and never a circle.
            let Some(exit) = exit.filter(|_| through.len() < steps.len()) else {
                return Err(
                    RefusalCode::NoWayOn.because(format!("'{name}' has no way on for this case"))
                );
            };
            let condition = exit.condition.as_ref().map(|met| met.text().to_owned());
            through.push(Passed { step: name.clone(), condition, to: exit.to.clone() });
            to = &exit.to;
        }
        Ok((to, through))
    }
}
