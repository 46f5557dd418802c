//! The steps make a graph in which every step can be reached and left.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{
    Finding, code, eyes,
    names::{action_path, exit_path},
    passage::Passage,
};
use crate::{
    StepId,
    calendar::Calendar,
    definition::{Definition, Outcome, Step, StepKind},
};

/// A way from a step to a step or an end.
pub(super) struct Way<'d> {
    from: &'d StepId,
    pub(super) to: &'d StepId,
    /// Where it stands in the file.
    pub(super) at: String,
    /// Whether somebody cites a condition who takes it.
    cited: bool,
    /// Whether it is the applicant's doing, or his silence.
    applicant: bool,
}

/// `sums` says whether the lengths of ways can be told; they are, by the calendar, if there is one.
pub(super) fn examine(
    definition: &Definition,
    sums: bool,
    calendar: Option<&Calendar>,
    findings: &mut Vec<Finding>,
) {
    let Some((first, _)) = definition.steps.get_key_value(&definition.first) else { return };
    let ways = ways(definition);
    let before = findings.len();
    reach(definition, first, &ways, findings);
    let onwards =
        |step: &StepId| ways.get(step).into_iter().flatten().map(|way| way.to).collect::<Vec<_>>();
    eyes::examine(definition, onwards, findings);
    refusals(definition, first, &ways, findings);
    if sums
        && findings[before..].iter().all(|f| f.code == code::REFUSAL_WITHOUT_CITATION)
        && let Some(passage) = Passage::along(definition, &ways, calendar)
    {
        passage.examine(findings);
    }
}

/// The ways out of every step.
pub(super) fn ways(definition: &Definition) -> Ways<'_> {
    definition.steps.iter().map(|(name, step)| (name, ways_of(name, step))).collect()
}

fn ways_of<'d>(name: &'d StepId, step: &'d Step) -> Vec<Way<'d>> {
    let path = format!("steps.{name}");
    let applicant = step.kind == StepKind::Applicant;
    let mut ways = Vec::new();
    let mut add = |to, at, cited| ways.push(Way { from: name, to, at, cited, applicant });
    for (action_name, action) in &step.actions {
        let at = format!("{}.to", action_path(&path, step, action_name));
        add(&action.to, at, action.needs_citation);
    }
    if let StepKind::Automatic(exits) = &step.kind {
        for (number, exit) in exits.iter().enumerate() {
            add(&exit.to, exit_path(&path, number, exit), false);
        }
    }
    if let StepKind::Parallel(parallel) = &step.kind {
        add(&parallel.positive, format!("{path}.parallel.when.positive"), false);
        add(&parallel.negative, format!("{path}.parallel.when.negative.to"), false);
    }
    if let Some(silence) = &step.silence {
        add(&silence.to, format!("{path}.silence.to"), false);
    }
    ways
}

pub(super) type Ways<'d> = HashMap<&'d StepId, Vec<Way<'d>>>;

fn reach(definition: &Definition, first: &StepId, ways: &Ways<'_>, findings: &mut Vec<Finding>) {
    let mut reached: HashSet<&StepId> = HashSet::from([first]);
    let mut open = vec![first];
    while let Some(step) = open.pop() {
        for way in ways.get(step).into_iter().flatten() {
            if reached.insert(way.to) {
                open.push(way.to);
            }
        }
    }
    for name in definition.steps.keys().filter(|name| !reached.contains(*name)) {
        let message = format!("no way leads from '{first}' to the step '{name}'");
        let help = "let an action lead to it, or take it out";
        let at = format!("steps.{name}");
        findings.push(Finding::error(code::UNREACHABLE_STEP, at, message).help(help));
    }
    let by_silence: HashSet<&StepId> = statutory_silences(definition).map(|(_, to)| to).collect();
    for (name, end) in &definition.ends {
        // A withdrawal ends a case wherever it stands.
        let free = end.outcome == Outcome::Withdrawn || by_silence.contains(name);
        if !free && !reached.contains(name) {
            let message = format!("no way leads from '{first}' to the end '{name}'");
            let help = "let an action lead to it, or take it out";
            let at = format!("ends.{name}");
            findings.push(Finding::error(code::UNREACHABLE_END, at, message).help(help));
        }
    }
    let mut back: HashMap<&StepId, Vec<&StepId>> = HashMap::new();
    for way in ways.values().flatten() {
        back.entry(way.to).or_default().push(way.from);
    }
    let mut leads_out: HashSet<&StepId> = definition.ends.keys().collect();
    let mut open: Vec<&StepId> = definition.ends.keys().collect();
    while let Some(place) = open.pop() {
        for from in back.get(place).into_iter().flatten().copied() {
            if leads_out.insert(from) {
                open.push(from);
            }
        }
    }
    for name in definition.steps.keys().filter(|name| !leads_out.contains(*name)) {
        let message = match ways.get(name).is_none_or(Vec::is_empty) {
            true => format!("nothing leads out of the step '{name}'"),
            false => format!("from the step '{name}' no way leads to an end"),
        };
        let help = "give it an action that leads on";
        let at = format!("steps.{name}");
        findings.push(Finding::error(code::NO_WAY_OUT, at, message).help(help));
    }
}

/// Where the silence of the authority leads, and where that stands in the file.
pub(super) fn statutory_silences(
    definition: &Definition,
) -> impl Iterator<Item = (String, &StepId)> {
    let rule = definition.statutory.silence.as_ref();
    let own = rule.map(|rule| ("statutory.silence.to".to_owned(), &rule.to));
    let steps = definition.steps.iter().filter_map(|(name, step)| {
        Some((format!("steps.{name}.statutory_silence"), step.statutory_silence.as_ref()?))
    });
    own.into_iter().chain(steps)
}

/// A refusal must cite the number of an approved condition or document (Law on Implementing the
/// General Policies of Principle 44, art. 7 bis): on every way to a refusal somebody cites.
fn refusals<'d>(
    definition: &'d Definition,
    first: &'d StepId,
    ways: &'d Ways<'d>,
    findings: &mut Vec<Finding>,
) {
    // The way by which each place is first reached without a citation.
    let mut came: HashMap<&StepId, &Way<'_>> = HashMap::new();
    let mut open = VecDeque::from([first]);
    while let Some(step) = open.pop_front() {
        for way in ways.get(step).into_iter().flatten().filter(|way| !way.cited) {
            if way.to != first && !came.contains_key(way.to) {
                came.insert(way.to, way);
                open.push_back(way.to);
            }
        }
    }
    let refused = definition.ends.iter().filter(|(_, end)| end.outcome == Outcome::Refused);
    for (name, _) in refused {
        let help = "write 'needs: [citation]' in the action that refuses: a refusal must cite the \
                    number of an approved condition (Principle 44 law, art. 7 bis)";
        // Back along the way to what the authority did last: the applicant need not cite.
        let mut place = name;
        while let Some(way) = came.get(place) {
            if !way.applicant {
                let message = format!("a case can come to '{name}' without a citation");
                findings.push(
                    Finding::warning(code::REFUSAL_WITHOUT_CITATION, &way.at, message).help(help),
                );
                break;
            }
            place = way.from;
        }
        for (at, _) in statutory_silences(definition).filter(|(_, to)| *to == name) {
            let message = format!("silence leads to '{name}' without a citation");
            findings.push(Finding::warning(code::REFUSAL_WITHOUT_CITATION, at, message).help(help));
        }
    }
}
