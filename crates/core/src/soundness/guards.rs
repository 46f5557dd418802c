//! Automatic steps lead on: never in a circle, and always somewhere.

use std::collections::{HashMap, HashSet};

use super::{Finding, code, names::exit_path};
use crate::{
    StepId,
    definition::{Definition, Exit, StepKind},
};

pub(super) fn examine(definition: &Definition, findings: &mut Vec<Finding>) {
    cycles(definition, findings);
    for (name, step) in &definition.steps {
        if let StepKind::Automatic(exits) = &step.kind {
            after_else(&format!("steps.{name}"), exits, findings);
        }
    }
}

/// A way that stands after `else` is never taken; without `else` there may be none.
fn after_else(path: &str, exits: &[Exit], findings: &mut Vec<Finding>) {
    let last = exits.iter().position(|exit| exit.condition.is_none());
    match last {
        Some(place) if place + 1 < exits.len() => {
            let message = "no case comes here: 'else' takes every one that is left";
            let at = exit_path(path, place + 1, &exits[place + 1]);
            let help = "let 'else' be the last";
            findings.push(Finding::error(code::DEAD_BRANCH, at, message).help(help));
        }
        Some(_) => {}
        None => {
            let message = "a case for which no guard is met has no way on";
            let at = format!("{path}.choose");
            let help = "end with { else: <step> }";
            findings.push(Finding::error(code::NO_ELSE, at, message).help(help));
        }
    }
}

/// Automatic steps that lead to each other in a circle: a case would never come out.
fn cycles(definition: &Definition, findings: &mut Vec<Finding>) {
    let exits = |name: &StepId| match definition.steps.get(name).map(|step| &step.kind) {
        Some(StepKind::Automatic(exits)) => exits.as_slice(),
        _ => &[],
    };
    // Depth first and without recursion; a way to a step that is still open closes a circle.
    let mut done: HashSet<&StepId> = HashSet::new();
    for start in definition.steps.keys() {
        let mut stack: Vec<(&StepId, usize)> = vec![(start, 0)];
        let mut open: HashMap<&StepId, usize> = HashMap::from([(start, 0)]);
        while let Some((step, next)) = stack.last_mut() {
            let (step, number) = (*step, *next);
            let Some(exit) = exits(step).get(number).filter(|_| !done.contains(step)) else {
                stack.pop();
                open.remove(step);
                done.insert(step);
                continue;
            };
            *next += 1;
            if let Some(place) = open.get(&exit.to) {
                let mut circle: Vec<_> =
                    stack[*place..].iter().map(|(step, _)| step.as_str()).collect();
                circle.push(exit.to.as_str());
                let shown = match circle.len() {
                    0..=8 => circle.join(" → "),
                    _ => format!("{} → … → {}", circle[..6].join(" → "), exit.to),
                };
                let message = "automatic steps lead to each other in a circle";
                let at = exit_path(&format!("steps.{step}"), number, exit);
                findings.push(
                    Finding::error(code::AUTOMATIC_CYCLE, at, message)
                        .label("leads back")
                        .help(format!("{shown}: somebody must act on the way")),
                );
            } else if !exits(&exit.to).is_empty() && !done.contains(&exit.to) {
                open.insert(&exit.to, stack.len());
                stack.push((&exit.to, 0));
            }
        }
    }
}
