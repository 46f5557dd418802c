//! Guards can be met, and automatic steps lead on: never in a circle, and always somewhere.

use std::collections::{HashMap, HashSet};

use super::{
    Finding, code,
    names::{action_path, exit_path},
};
use crate::{
    StepId,
    definition::{Action, Definition, Exit, Step, StepKind},
    expression::{
        Expression, Schema,
        analysis::{self, BUDGET, Example},
    },
};

pub(super) fn examine(definition: &Definition, whole: bool, findings: &mut Vec<Finding>) {
    cycles(definition, findings);
    // Of forms that could not be read, nothing can be said.
    let schema = Schema::from(definition);
    let mut guards = Guards { schema, budget: if whole { BUDGET } else { 0 }, whole, findings };
    for (name, step) in &definition.steps {
        let path = format!("steps.{name}");
        match &step.kind {
            StepKind::Automatic(exits) => guards.exits(&path, exits),
            _ => guards.actions(&path, step),
        }
    }
}

struct Guards<'f> {
    schema: Schema,
    /// How much may still be tried.
    budget: u64,
    whole: bool,
    findings: &'f mut Vec<Finding>,
}

/// What was found of the ways of an automatic step.
#[derive(Default)]
struct Ways {
    /// Which can be met, and which can be the first that is.
    met: Vec<bool>,
    first: Vec<bool>,
    /// For a way, one before it that is open to the same case.
    overlap: Vec<Option<(usize, Example)>>,
    /// A case that none takes.
    left: Option<Example>,
}

impl Guards<'_> {
    fn actions(&mut self, path: &str, step: &Step) {
        let guarded = |(name, action): (_, &Action)| {
            Some((action_path(path, step, name), action.guard.as_ref()?.condition.clone()))
        };
        let conditions: Vec<_> = step.actions.iter().filter_map(guarded).collect();
        for (path, condition) in &conditions {
            let (mut met, mut unmet) = (false, false);
            let complete =
                analysis::explore(&self.schema, &[condition], &mut self.budget, |case| {
                    match condition.is_met(case) {
                        true => met = true,
                        false => unmet = true,
                    }
                });
            if complete == Some(true) && !met {
                self.never_met(&format!("{path}.if"));
            } else if complete == Some(true) && !unmet {
                let help = "take the guard out, or write what it should ask";
                self.findings.push(
                    Finding::warning(
                        code::ALWAYS_MET,
                        format!("{path}.if"),
                        "every case meets the guard",
                    )
                    .help(help),
                );
            }
        }
        // Time leads on where a silence rule is.
        if conditions.is_empty() || conditions.len() < step.actions.len() || step.silence.is_some()
        {
            return;
        }
        let all: Vec<_> = conditions.iter().map(|(_, condition)| condition).collect();
        let mut barred = None;
        analysis::explore(&self.schema, &all, &mut self.budget, |case| {
            if barred.is_none() && !all.iter().any(|condition| condition.is_met(case)) {
                barred = Some(case.clone());
            }
        });
        if let Some(example) = barred {
            let message = format!("no action is possible, for example with {example}");
            let help = "leave one action without a guard, or write a silence rule";
            self.findings.push(
                Finding::warning(code::ALL_BARRED, format!("{path}.actions"), message).help(help),
            );
        }
    }

    fn never_met(&mut self, at: &str) {
        let message = "no case can meet the guard";
        let help =
            "look at the bounds and the choices of the fields, and at what excludes each other";
        self.findings.push(Finding::error(code::NEVER_MET, at, message).help(help));
    }

    fn exits(&mut self, path: &str, exits: &[Exit]) {
        let last = exits.iter().position(|exit| exit.condition.is_none());
        if let Some(place) = last.filter(|place| place + 1 < exits.len()) {
            let message = "no case comes here: 'else' takes every one that is left";
            let at = exit_path(path, place + 1, &exits[place + 1]);
            let help = "let 'else' be the last";
            self.findings.push(Finding::error(code::DEAD_BRANCH, at, message).help(help));
        }
        let conditions: Vec<_> = exits.iter().map_while(|exit| exit.condition.as_ref()).collect();
        let (ways, complete) = self.ways(&conditions);
        if complete.is_none() {
            // Too much together; perhaps not one by one.
            for (place, condition) in conditions.iter().enumerate() {
                let (one, complete) = self.ways(&[condition]);
                if complete == Some(true) && !one.met[0] {
                    self.never_met(&format!("{path}.choose[{place}].if"));
                }
            }
        }
        for (place, _) in conditions.iter().enumerate() {
            let at = format!("{path}.choose[{place}].if");
            let known = complete == Some(true);
            if known && !ways.met[place] {
                self.never_met(&at);
            } else if known && !ways.first[place] {
                let message = "no case comes here: the ways before it take every one";
                let help = "the first way whose guard is met is taken: put this one before them";
                self.findings.push(Finding::error(code::DEAD_BRANCH, at, message).help(help));
            } else if let Some((before, example)) = &ways.overlap[place] {
                let message = format!("way {} is open too, for example with {example}", before + 1);
                let help = "the first wins: write the guards apart, if that is not meant";
                self.findings
                    .push(Finding::warning(code::OVERLAPPING_GUARDS, at, message).help(help));
            }
        }
        let taken = complete == Some(true) && ways.left.is_none() && !conditions.is_empty();
        if let Some(place) = last.filter(|_| taken && self.whole) {
            let message = "no case is left for 'else': the ways before it take every one";
            let help = "take it out, if that is meant; else see which guard takes too many";
            let at = exit_path(path, place, &exits[place]);
            self.findings.push(Finding::warning(code::IDLE_ELSE, at, message).help(help));
        }
        // Of a way that could not be read, another problem has been told.
        if last.is_some() || !self.whole {
            return;
        }
        let message = match (&ways.left, complete) {
            (Some(example), _) => format!("no way takes a case with {example}"),
            (None, Some(true)) => return,
            (None, _) => "it cannot be told that the ways take every case".to_owned(),
        };
        let help = "end with { else: <step> }";
        let at = format!("{path}.choose");
        self.findings.push(Finding::error(code::NO_ELSE, at, message).help(help));
    }

    fn ways(&mut self, conditions: &[&Expression]) -> (Ways, Option<bool>) {
        let count = conditions.len();
        let mut ways = Ways {
            met: vec![false; count],
            first: vec![false; count],
            overlap: vec![None; count],
            left: None,
        };
        let complete = analysis::explore(&self.schema, conditions, &mut self.budget, |case| {
            let mut first = None;
            for (place, condition) in conditions.iter().enumerate() {
                if !condition.is_met(case) {
                    continue;
                }
                ways.met[place] = true;
                match first {
                    None => {
                        first = Some(place);
                        ways.first[place] = true;
                    }
                    Some(before) if ways.overlap[place].is_none() => {
                        ways.overlap[place] = Some((before, case.clone()));
                    }
                    Some(_) => {}
                }
            }
            if first.is_none() && ways.left.is_none() {
                ways.left = Some(case.clone());
            }
        });
        (ways, complete)
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
