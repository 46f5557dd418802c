//! The parts of each step, clock, role and end fit together.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{Finding, UNREAD_TERM, certainly_longer, code, comparable, graph::statutory_silences};
use crate::{
    ActionId, DocumentId, RoleId, Term,
    definition::{
        APPROVED, Action, Addressee, Definition, Effect, EscalationLevel, ExtensionRule, Fires,
        Initiative, Join, Outcome, Permission, REJECTED, Step, StepKind,
    },
};

pub(super) fn examine(definition: &Definition, whole: bool, findings: &mut Vec<Finding>) {
    statutory(definition, findings);
    for (name, step) in &definition.steps {
        self::step(name.as_str(), step, findings);
    }
    ends(definition, findings);
    people(definition, findings);
    if whole {
        unused_roles(definition, findings);
    }
}

/// A clock of a definition: statutory, of a step, of a branch.
struct Clock<'d> {
    path: String,
    term: Option<Term>,
    levels: &'d [EscalationLevel],
    /// When a silence rule takes effect, and whether it can be held.
    silence: Option<(Term, bool)>,
    extension: Option<&'d ExtensionRule>,
    /// The step whose task a level can reassign and whose actions it can take.
    step: Option<&'d Step>,
    /// Whether a level can reassign the task.
    reassigns: bool,
}

impl Clock<'_> {
    fn examine(&self, findings: &mut Vec<Finding>) {
        let Self { path, .. } = self;
        if let (Some(term), Some(extension)) = (self.term, self.extension)
            && term != UNREAD_TERM
            && term.unit != extension.up_to.unit
        {
            let message = format!(
                "an extension of {} cannot be added to a term of {term}: the units differ",
                extension.up_to
            );
            let help = format!("write the extension in '{}'", term.unit.as_str());
            let at = format!("{path}.extension.up_to");
            findings.push(Finding::error(code::EXTENSION_UNIT, at, message).help(help));
        }
        self.levels(findings);
        if let Some(term) = self.term {
            self.warnings(term, findings);
        }
        self.dead(findings);
    }

    fn levels(&self, findings: &mut Vec<Finding>) {
        let Self { path, .. } = self;
        for (at, level) in self.levels.iter().enumerate() {
            let here = format!("{path}.escalate[{at}]");
            if level.tell.is_empty() && level.effect == Effect::Notify {
                let message = "the level tells nobody and does nothing";
                let help = "write whom it tells: 'tell: [owner]'";
                findings.push(Finding::error(code::IDLE_LEVEL, &here, message).help(help));
            }
            match &level.effect {
                Effect::Notify => {}
                Effect::Reassign(_) if self.reassigns => {}
                Effect::Reassign(_) => {
                    let message = "there is no task here that could be reassigned";
                    let help = "reassign in the step whose task it is";
                    let here = format!("{here}.reassign");
                    findings.push(Finding::error(code::CANNOT_REASSIGN, here, message).help(help));
                }
                Effect::Act(action) => self.act(&format!("{here}.act"), action, findings),
            }
        }
        for (at, pair) in self.levels.windows(2).enumerate() {
            if !in_order(pair[0].fires, pair[1].fires) {
                let message = "the level fires no later than the one before it";
                let help = "levels stand in the order in which they fire: warnings first, the \
                            earliest first";
                let at = format!("{path}.escalate[{}]", at + 1);
                findings.push(Finding::error(code::LEVELS_OUT_OF_ORDER, at, message).help(help));
            }
        }
    }

    fn act(&self, path: &str, action: &ActionId, findings: &mut Vec<Finding>) {
        let Some(step) = self.step else {
            let message = "a level can take an action only in a step that has actions";
            let help = "let silence do it: write a silence rule";
            return findings
                .push(Finding::error(code::CANNOT_TAKE_ACTION, path, message).help(help));
        };
        let commission = matches!(step.kind, StepKind::Commission(_));
        if commission && matches!(action.as_str(), APPROVED | REJECTED) {
            let message = "a level cannot decide in the place of a commission";
            let help = "name another action, or write a silence rule with its basis";
            findings.push(Finding::error(code::CANNOT_TAKE_ACTION, path, message).help(help));
        } else if let Some(taken) = step.actions.get(action) {
            self.needs(path, action, taken, findings);
        }
    }

    /// What a level cannot give, or wait for.
    fn needs(&self, path: &str, action: &ActionId, taken: &Action, findings: &mut Vec<Finding>) {
        if taken.guard.is_some() {
            let message = format!("'{action}' has a guard, which may not be met");
            let help = "write a silence rule that leads to a step with 'choose'";
            findings.push(Finding::error(code::CANNOT_TAKE_ACTION, path, message).help(help));
        }
        if taken.needs_citation {
            let message = format!("'{action}' needs a citation, which a level cannot give");
            let help = "name an action that needs none";
            findings.push(Finding::error(code::CANNOT_TAKE_ACTION, path, message).help(help));
        } else if self.asks_for_form_or_papers(taken) {
            let message = format!("'{action}' needs a form or papers, which a level cannot give");
            let help = "name an action that needs none, or write 'complete: no' at the action";
            findings.push(Finding::error(code::CANNOT_TAKE_ACTION, path, message).help(help));
        }
    }

    /// Whether an action is refused without something filled in or handed in.
    fn asks_for_form_or_papers(&self, taken: &Action) -> bool {
        let must = |documents: &IndexMap<DocumentId, bool>| documents.values().any(|must| *must);
        let of_step = self.step.is_some_and(|step| step.form.is_some() || must(&step.documents));
        taken.form.is_some() || must(&taken.documents) || (of_step && !taken.incomplete)
    }

    fn warnings(&self, term: Term, findings: &mut Vec<Finding>) {
        for (at, level) in self.levels.iter().enumerate() {
            if let Fires::Before(early) = level.fires
                && certainly_longer(early, term)
            {
                let message =
                    format!("a warning {early} before the end of a term of {term} comes too early");
                let help = "it would be due before the clock starts: shorten it, or write another \
                            ladder for this term";
                let at = format!("{}.escalate[{at}]", self.path);
                findings.push(Finding::error(code::WARNING_TOO_EARLY, at, message).help(help));
            }
        }
    }

    /// Levels and silence that come when the task is no longer there.
    fn dead(&self, findings: &mut Vec<Finding>) {
        let Self { path, .. } = self;
        let mut taken: Option<Term> = None;
        for (at, level) in self.levels.iter().enumerate() {
            let Fires::After(after) = level.fires else { continue };
            let by_silence = self
                .silence
                .is_some_and(|(silence, held)| !held && certainly_longer(after, silence));
            if taken.is_some() || by_silence {
                let what = if taken.is_some() { "an earlier level" } else { "silence" };
                let message = format!("the level never fires: {what} has taken the case on before");
                let at = format!("{path}.escalate[{at}]");
                let help = "take it out, or let it fire earlier";
                findings.push(Finding::warning(code::DEAD_LEVEL, at, message).help(help));
            }
            if matches!(level.effect, Effect::Act(_)) {
                taken = taken.or(Some(after));
            }
        }
        if let (Some((silence, _)), Some(taken)) = (self.silence, taken)
            && (certainly_longer(silence, taken)
                || silence == taken
                || silence.count + taken.count == 0)
        {
            let message = "silence never takes effect: a level takes an action before it";
            let help = "take one of them out, or let silence come first";
            let at = format!("{path}.silence");
            findings.push(Finding::error(code::DEAD_SILENCE, at, message).help(help));
        }
    }
}

/// Whether the second level may stand behind the first, as far as that can be told.
fn in_order(first: Fires, second: Fires) -> bool {
    let unread = |fires| matches!(fires, Fires::Before(UNREAD_TERM) | Fires::After(UNREAD_TERM));
    if unread(first) || unread(second) {
        return true;
    }
    let strictly = |earlier: Term, later: Term| {
        certainly_longer(later, earlier)
            || (!comparable(earlier, later) && !certainly_longer(earlier, later))
    };
    match (first, second) {
        (Fires::Before(_), Fires::After(_)) => true,
        (Fires::After(_), Fires::Before(_)) => false,
        (Fires::Before(first), Fires::Before(second)) => strictly(second, first),
        (Fires::After(first), Fires::After(second)) => {
            // Zero is at the deadline in every unit.
            second.count > 0 && (first.count == 0 || strictly(first, second))
        }
    }
}

fn statutory(definition: &Definition, findings: &mut Vec<Finding>) {
    let statutory = &definition.statutory;
    if let Some(norm) = statutory.service_norm {
        let term = statutory.term;
        if certainly_longer(norm, term) {
            let message =
                format!("the service norm ({norm}) is longer than the legal term ({term})");
            let help = "the organisation cannot promise less than the law demands";
            let at = "statutory.service_norm";
            findings.push(Finding::error(code::NORM_EXCEEDS_TERM, at, message).help(help));
        } else if !comparable(norm, term) {
            let message = format!("a norm of {norm} cannot be compared with a term of {term}");
            let help = format!("write the norm in '{}'", term.unit.as_str());
            let at = "statutory.service_norm";
            findings.push(Finding::warning(code::INCOMPARABLE_NORM, at, message).help(help));
        }
    }
    for (at, to) in statutory_silences(definition) {
        let decision = definition.ends.get(to).is_some_and(|end| end.decision);
        let known = definition.ends.contains_key(to) || definition.steps.contains_key(to);
        if known && !decision {
            let message = format!("'{to}' is not an end that is a decision");
            let help =
                "silence of the authority decides the case: name an end with 'decision: yes'";
            findings.push(Finding::error(code::SILENCE_NOT_A_DECISION, &at, message).help(help));
        }
        if statutory.silence.is_none() {
            let message = "the silence of the authority has no rule in 'statutory'";
            let help = "write 'silence' there, or take this out";
            findings.push(Finding::error(code::DEAD_SILENCE, at, message).help(help));
        }
    }
    if statutory.basis.is_none() {
        findings.push(no_basis("statutory.term", statutory.term));
    }
    Clock {
        path: "statutory".to_owned(),
        term: Some(statutory.term),
        levels: &statutory.levels,
        silence: statutory.silence.as_ref().map(|rule| (rule.after, rule.grace.is_some())),
        extension: statutory.extension.as_ref(),
        step: None,
        reassigns: false,
    }
    .examine(findings);
}

fn no_basis(at: impl Into<String>, term: Term) -> Finding {
    let message = format!("nothing says where the term of {term} comes from");
    let help = "write 'basis: <law or page>', or 'basis: assumption' until somebody confirms it";
    Finding::warning(code::NO_BASIS, at, message).help(help)
}

fn step(name: &str, step: &Step, findings: &mut Vec<Finding>) {
    let path = format!("steps.{name}");
    if let StepKind::Parallel(parallel) = &step.kind {
        let count = parallel.branches.len();
        if let Join::N(n) = parallel.join
            && n as usize > count
        {
            let message = format!("{n} positive answers are awaited of {count} branches");
            let at = format!("{path}.parallel.join.n");
            let help = format!("at most {count} can come: write a smaller number, or 'join: all'");
            findings.push(Finding::error(code::JOIN_EXCEEDS_BRANCHES, at, message).help(help));
        }
        for (branch_name, branch) in &parallel.branches {
            let path = format!("{path}.parallel.branches.{branch_name}");
            if branch.basis.is_none() {
                findings.push(no_basis(format!("{path}.term"), branch.term));
            }
            Clock {
                path,
                term: Some(branch.term),
                levels: &branch.levels,
                silence: branch.silence.as_ref().map(|rule| (rule.after, rule.grace.is_some())),
                extension: branch.extension.as_ref(),
                step: None,
                reassigns: true,
            }
            .examine(findings);
        }
        return;
    }
    if let StepKind::Automatic(_) = step.kind {
        return;
    }
    match step.term {
        None => {
            let message = format!("the step '{name}' waits without a term");
            let help = "write how long it may take, such as 'term: 3 wd'";
            let at = format!("{path}.term");
            findings.push(Finding::error(code::NO_TERM, at, message).help(help));
        }
        Some(term) if step.basis.is_none() => {
            findings.push(no_basis(format!("{path}.term"), term));
        }
        Some(_) => {}
    }
    if let StepKind::Commission(commission) = &step.kind
        && commission.quorum > commission.seats
    {
        let (quorum, seats) = (commission.quorum, commission.seats);
        let message = format!("a quorum of {quorum} cannot be reached with {seats} seats");
        let at = format!("{path}.commission.quorum");
        let help = "the commission could never decide";
        findings.push(Finding::error(code::QUORUM_EXCEEDS_SEATS, at, message).help(help));
    }
    let applicant = step.kind == StepKind::Applicant;
    if applicant && step.suspends_statutory && step.silence.is_none() {
        let message = "while the applicant is silent here, no clock brings the case to an end";
        let help = "write a silence rule: what happens when he lets the term pass";
        findings.push(Finding::warning(code::NEVER_ENDING_WAIT, &path, message).help(help));
    }
    Clock {
        path,
        term: step.term,
        levels: &step.levels,
        silence: step.silence.as_ref().map(|rule| (rule.after, rule.grace.is_some())),
        extension: step.extension.as_ref(),
        step: Some(step),
        reassigns: !applicant,
    }
    .examine(findings);
}

fn ends(definition: &Definition, findings: &mut Vec<Finding>) {
    for (name, end) in &definition.ends {
        let wanted = match end.outcome {
            Outcome::Granted | Outcome::Settled => Some(true),
            Outcome::Lapsed | Outcome::Withdrawn => Some(false),
            Outcome::Refused => None,
        };
        if wanted.is_some_and(|wanted| wanted != end.decision) {
            let (message, help) = match end.decision {
                true => ("the applicant's doing is not a decision", "write 'decision: no'"),
                false => ("what the authority concludes is a decision", "write 'decision: yes'"),
            };
            let at = format!("ends.{name}.decision");
            findings.push(Finding::error(code::DECISION_AND_OUTCOME, at, message).help(help));
        }
        if end.licence.is_some() && end.outcome != Outcome::Granted {
            let message = format!("'{name}' does not grant, but gives a licence");
            let help = "take the licence out, or write 'outcome: granted'";
            let at = format!("ends.{name}.licence");
            findings.push(Finding::error(code::LICENCE_WITHOUT_GRANT, at, message).help(help));
        }
    }
    let withdrawn = |end: &&crate::definition::End| end.outcome == Outcome::Withdrawn;
    let count = definition.ends.values().filter(withdrawn).count();
    if definition.initiative == Initiative::Authority {
        if count > 0 {
            let message =
                format!("{count} ends have the outcome 'withdrawn', but the authority begins");
            let help = "take the end out, or write 'initiative: applicant'";
            findings.push(Finding::error(code::NO_WITHDRAWAL, "initiative", message).help(help));
        }
    } else if count != 1 {
        let message = format!("{count} ends have the outcome 'withdrawn': there must be one");
        let help = "an applicant can always withdraw, and his case must know where it ends";
        findings.push(Finding::error(code::NO_WITHDRAWAL, "ends", message).help(help));
    }
}

/// Somebody is there for everything that only people with a permission do.
fn people(definition: &Definition, findings: &mut Vec<Finding>) {
    let may = |permission, level| {
        definition.roles.values().any(|role| role.may.contains(&permission) && role.at >= level)
    };
    if !may(Permission::Open, definition.opens_at) {
        let message = "no role may open a case";
        let help = "write 'may: [open]' in a role at the level where cases open, or above it";
        findings.push(Finding::error(code::NOBODY_OPENS, "roles", message).help(help));
    }
    let held = definition
        .steps
        .values()
        .any(|step| step.silence.as_ref().is_some_and(|rule| rule.grace.is_some()))
        || definition.statutory.silence.as_ref().is_some_and(|rule| rule.grace.is_some())
        || branches(definition)
            .any(|branch| branch.silence.as_ref().is_some_and(|rule| rule.grace.is_some()));
    if held && !may(Permission::ReleaseSilence, definition.opens_at) {
        let message = "a silence rule can be held, but no role may release it";
        let help = "write 'may: [release_silence]' in a role";
        findings.push(Finding::error(code::NOBODY_RELEASES, "roles", message).help(help));
    }
    let asks = branches(definition)
        .any(|branch| definition.roles.get(&branch.owner).is_some_and(|role| role.agency));
    if asks && !may(Permission::RecordAnswer, definition.opens_at) {
        let message = "other bodies are asked, but no role may record an answer on paper";
        let help =
            "write 'may: [record_answer]' in a role, unless all of them answer by themselves";
        findings.push(Finding::warning(code::NOBODY_RECORDS, "roles", message).help(help));
    }
}

fn unused_roles(definition: &Definition, findings: &mut Vec<Finding>) {
    let used = used_roles(definition);
    for (name, role) in &definition.roles {
        if role.may.is_empty() && !used.contains(name) {
            let message =
                format!("the role '{name}' owns nothing, is told nothing and may do nothing");
            let path = match name.as_str().strip_prefix("agency.") {
                Some(agency) => format!("agencies.{agency}"),
                None => format!("roles.{name}"),
            };
            findings.push(
                Finding::warning(code::UNUSED_ROLE, path, message).help("use it, or take it out"),
            );
        }
    }
}

fn branches(definition: &Definition) -> impl Iterator<Item = &crate::definition::Branch> {
    definition.steps.values().flat_map(|step| match &step.kind {
        StepKind::Parallel(parallel) => parallel.branches.values().collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}

fn used_roles(definition: &Definition) -> HashSet<&RoleId> {
    let mut used = HashSet::new();
    fn from_clock<'d>(
        used: &mut HashSet<&'d RoleId>,
        levels: &'d [EscalationLevel],
        extension: Option<&'d ExtensionRule>,
    ) {
        used.extend(extension.map(|extension| &extension.by));
        for level in levels {
            if let Effect::Reassign(role) = &level.effect {
                used.insert(role);
            }
            for addressee in &level.tell {
                if let Addressee::Role(role) = addressee {
                    used.insert(role);
                }
            }
        }
    }
    let statutory = &definition.statutory;
    from_clock(&mut used, &statutory.levels, statutory.extension.as_ref());
    for step in definition.steps.values() {
        from_clock(&mut used, &step.levels, step.extension.as_ref());
        used.extend(step.owner());
        if let StepKind::Commission(commission) = &step.kind {
            used.insert(&commission.members);
            let told = commission.sittings.iter().flat_map(|sittings| &sittings.tell);
            used.extend(told.filter_map(|addressee| match addressee {
                Addressee::Role(role) => Some(role),
                Addressee::Owner | Addressee::Applicant => None,
            }));
        }
    }
    for branch in branches(definition) {
        from_clock(&mut used, &branch.levels, branch.extension.as_ref());
        used.insert(&branch.owner);
    }
    used
}
