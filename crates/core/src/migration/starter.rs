//! A mapping to begin with: what has the same name stands there, what is probably meant is marked, and
//! what somebody must say is left open.

use std::{collections::BTreeSet, fmt::Write};

use super::ClockRule;
use crate::{
    StepId, Term,
    definition::{Definition, Parallel, Step, StepKind, Text},
    document::did_you_mean,
};

/// What stands where somebody must fill in a name: no name, so that it cannot be overlooked.
const OPEN: &str = "???";

/// A commented mapping from one version to another.
pub fn starter(from: &Definition, to: &Definition) -> String {
    let mut text = String::new();
    let counts = match (from.statutory.term, to.statutory.term) {
        (before, after) if before == after => format!("{before} in both versions"),
        (before, after) => format!("{before}, then {after}"),
    };
    let (old, new) = (from.version, to.version);
    let _ = write!(
        text,
        "# How running cases of {id}@{old} move to {id}@{new}.\n\
         # Every '{OPEN}' is for you to fill in; check what is said with a question mark. Then look at\n\
         #   parvaneh workflow migrate THIS-FILE --dry-run\n\
         from: {id}@{old}\n\
         to: {id}@{new}\n\n\
         # The statutory clock counts {counts}: 'keep' leaves applicants the deadline that\n\
         # they were told, 'recount' counts the new term from the same start.\n\
         statutory: keep\n\n\
         # Where cases go that stand in a step of {id}@{old}. A clock can 'keep' its deadline, 'recount' the\n\
         # new term from the same start, or 'restart'.\n\
         steps:\n",
        id = from.id,
    );
    let mut stay: Vec<&StepId> = Vec::new();
    for (name, step) in &from.steps {
        match &step.kind {
            StepKind::Automatic(_) => {}
            StepKind::Commission(_) if !has_such_a_commission(from, to, name) => stay.push(name),
            _ => step_lines(&mut text, name, step, to),
        }
    }
    if !stay.is_empty() {
        let names = stay.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let _ = write!(
            text,
            "\n# Votes and agendas of these commissions cannot be carried over: their cases stay until they\n\
             # are decided.\n\
             stay: [{names}]\n"
        );
    }
    let fields = |definition: &Definition| {
        let fields = definition.fields();
        fields.map(|(name, field)| (name.to_string(), field.kind.name())).collect::<BTreeSet<_>>()
    };
    let documents = |definition: &Definition| {
        let documents = definition.documents.keys();
        documents.map(|name| (name.to_string(), "")).collect::<BTreeSet<_>>()
    };
    name_lines(&mut text, "fields", &fields(from), &fields(to));
    name_lines(&mut text, "documents", &documents(from), &documents(to));
    text
}

/// Whether the new version has a commission of the same members for the step.
fn has_such_a_commission(from: &Definition, to: &Definition, name: &StepId) -> bool {
    let members = |definition: &Definition, step: &Step| match &step.kind {
        StepKind::Commission(commission) => {
            let level = definition.roles.get(&commission.members).map(|role| role.at);
            Some((commission.members.clone(), level, commission.sittings.is_some()))
        }
        _ => None,
    };
    let before = members(from, &from.steps[name]);
    match to.steps.get(name) {
        Some(step) => members(to, step) == before,
        None => to.steps.values().any(|step| members(to, step) == before),
    }
}

fn step_lines(text: &mut String, name: &StepId, step: &Step, to: &Definition) {
    let of_kind =
        |other: &Step| std::mem::discriminant(&other.kind) == std::mem::discriminant(&step.kind);
    let candidates: Vec<(&str, &Text)> = to
        .steps
        .iter()
        .filter(|(_, other)| of_kind(other))
        .map(|(name, other)| (name.as_str(), &other.title))
        .collect();
    let (target, sure) = matching(name.as_str(), &step.title, &candidates);
    let mut remark = step.title.en.clone();
    let new = to.steps.get(target);
    let other_term = new.filter(|new| new.term != step.term);
    if let Some(new) = other_term {
        let shown = |term: Option<Term>| term.map_or("no term".to_owned(), |term| term.to_string());
        let _ = write!(remark, ": {}, then {}", shown(step.term), shown(new.term));
    }
    remark += &marked(target, sure, &candidates);
    let _ = writeln!(text, "  # {remark}");
    let rule = match step.kind {
        StepKind::Applicant => ClockRule::Keep,
        _ => ClockRule::Recount,
    };
    let rule = ClockRule::NAMES.iter().find(|(_, known)| *known == rule);
    let rule = rule.map_or("", |(word, _)| word);
    match (&step.kind, new.map(|new| &new.kind)) {
        (StepKind::Parallel(before), Some(StepKind::Parallel(after))) => {
            let _ = writeln!(text, "  {name}:\n    to: {target}\n    branches:");
            branch_lines(text, before, after);
        }
        _ if other_term.is_some() => {
            let _ = writeln!(text, "  {name}: {{ to: {target}, clock: {rule} }}");
        }
        _ => {
            let _ = writeln!(text, "  {name}: {target}");
        }
    }
}

fn branch_lines(text: &mut String, before: &Parallel, after: &Parallel) {
    let candidates: Vec<(&str, &Text)> =
        after.branches.iter().map(|(name, branch)| (name.as_str(), &branch.title)).collect();
    for (name, branch) in &before.branches {
        let (target, sure) = matching(name.as_str(), &branch.title, &candidates);
        let mut remark = branch.title.en.clone();
        let other_term = after.branches.get(target).filter(|new| new.term != branch.term);
        if let Some(new) = other_term {
            let _ = write!(remark, ": {}, then {}", branch.term, new.term);
        }
        remark += &marked(target, sure, &candidates);
        let _ = writeln!(text, "      # {remark}");
        let _ = match other_term {
            Some(_) => writeln!(text, "      {name}: {{ to: {target}, clock: keep }}"),
            None => writeln!(text, "      {name}: {target}"),
        };
    }
}

/// What a name probably becomes, and whether that is sure.
fn matching<'t>(name: &str, title: &Text, candidates: &[(&'t str, &Text)]) -> (&'t str, bool) {
    if let Some((same, _)) = candidates.iter().find(|(other, _)| *other == name) {
        return (same, true);
    }
    let by_title = |(_, other): &&(&str, &Text)| other.en == title.en || other.fa == title.fa;
    if let Some((same, _)) = candidates.iter().find(by_title) {
        return (same, false);
    }
    let near = did_you_mean(name, candidates.iter().map(|(other, _)| *other));
    match candidates.iter().find(|(other, _)| Some(*other) == near) {
        Some((near, _)) => (near, false),
        None => (OPEN, false),
    }
}

fn marked(target: &str, sure: bool, candidates: &[(&str, &Text)]) -> String {
    let names = candidates.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match (sure, names.as_str()) {
        (true, _) => String::new(),
        (false, "") => {
            ". Nothing like it is in the new version: take the line out, and put the step into 'stay'"
                .to_owned()
        }
        (false, names) if target == OPEN => format!(". One of: {names}"),
        (false, _) => format!(" → {target}?"),
    }
}

/// What becomes of fields, or of kinds of paper, that are not the same.
fn name_lines(
    text: &mut String,
    what: &str,
    olds: &BTreeSet<(String, &str)>,
    news: &BTreeSet<(String, &str)>,
) {
    let gone: Vec<_> = olds.difference(news).collect();
    if gone.is_empty() {
        return;
    }
    let _ = write!(
        text,
        "\n# These {what} are not the same in the new version: name another one, or drop what they hold\n\
         # ('drop: {{ {what}: [{}] }}').\n{what}:\n",
        gone[0].0
    );
    for (name, kind) in gone {
        let added: Vec<&str> =
            news.difference(olds).filter(|new| new.1 == *kind).map(|new| new.0.as_str()).collect();
        let near = did_you_mean(name, added.iter().copied());
        let remark = match (near, added.as_slice()) {
            (Some(near), _) => format!("  # → {near}?"),
            (None, []) => String::new(),
            (None, added) => format!("  # one of: {}", added.join(", ")),
        };
        let _ = writeln!(text, "  {name}: {}{remark}", near.unwrap_or(OPEN));
    }
}
