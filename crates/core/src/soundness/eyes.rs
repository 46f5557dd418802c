//! Four eyes: what another person must have done can have been done, and somebody may be left.
//!
//! Whether enough people hold a role is a matter of the organisation, not of the definition, and is
//! not judged here: only that nobody at all could ever act.

use std::collections::{HashMap, HashSet};

use super::{Finding, code, names::action_path};
use crate::{
    StepId,
    definition::{Definition, NotBy, Step, StepKind},
};

/// `onwards` tells where each step leads at once.
pub(super) fn examine<'d>(
    definition: &'d Definition,
    onwards: impl Fn(&'d StepId) -> Vec<&'d StepId>,
    findings: &mut Vec<Finding>,
) {
    let mut after: HashMap<&StepId, HashSet<&StepId>> = HashMap::new();
    for (name, step) in &definition.steps {
        let path = format!("steps.{name}");
        let actions = step.actions.iter();
        let actions = actions.map(|(id, action)| (action_path(&path, step, id), &action.not_by));
        for (path, not_by) in [(path.clone(), &step.not_by)].into_iter().chain(actions) {
            for (at, earlier) in not_by.steps.iter().enumerate() {
                let Some((earlier, _)) = definition.steps.get_key_value(earlier) else { continue };
                let by_itself = matches!(definition.steps[earlier].kind, StepKind::Automatic(_));
                let reached = after.entry(earlier).or_insert_with(|| all_after(earlier, &onwards));
                let at = format!("{path}.not_by[{at}]");
                if earlier == name {
                    let message = format!("'{name}' itself cannot have been done before");
                    let help = "name an earlier step: who has done it, in any round, is excluded";
                    findings.push(Finding::error(code::NEVER_BEFORE, at, message).help(help));
                } else if by_itself {
                    let message = format!("nobody does anything at '{earlier}'");
                    let help = "a case passes it by itself: name a step at which somebody acts";
                    findings.push(Finding::error(code::NEVER_BEFORE, at, message).help(help));
                } else if !reached.contains(name) {
                    let message = format!("no way leads from '{earlier}' to '{name}'");
                    let help = "nobody can have done it before: name a step that comes earlier";
                    findings.push(Finding::error(code::NEVER_BEFORE, at, message).help(help));
                }
            }
            nobody_left(definition, step, &path, not_by, findings);
        }
    }
}

/// The applicant's own steps are done by nobody else.
fn nobody_left(
    definition: &Definition,
    step: &Step,
    path: &str,
    not_by: &NotBy,
    findings: &mut Vec<Finding>,
) {
    if step.kind != StepKind::Applicant {
        return;
    }
    let own = |name: &&StepId| {
        definition.steps.get(*name).is_some_and(|step| step.kind == StepKind::Applicant)
    };
    if not_by.applicant || not_by.steps.iter().any(|name| own(&name)) {
        let message = "only the applicant can do this, and he may not";
        let help = "take it out of 'not_by', or give the step another owner";
        let at = format!("{path}.not_by");
        findings.push(Finding::error(code::NOBODY_LEFT, at, message).help(help));
    }
}

/// Every place to which a way leads from a step.
fn all_after<'d>(
    step: &'d StepId,
    onwards: &impl Fn(&'d StepId) -> Vec<&'d StepId>,
) -> HashSet<&'d StepId> {
    let (mut reached, mut open) = (HashSet::new(), vec![step]);
    while let Some(step) = open.pop() {
        for to in onwards(step) {
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    reached
}
