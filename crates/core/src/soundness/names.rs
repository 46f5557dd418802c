//! Every name leads somewhere, and every role that must act can.

use super::{Finding, code, unknown};
use crate::{
    ActionId, RoleId, StepId,
    definition::{
        APPROVED, Addressee, Definition, Effect, EscalationLevel, Exit, ExtensionRule, Level,
        NotBy, REJECTED, Starts, Step, StepKind,
    },
};

/// What a role is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// To do something that only the organisation does.
    ToAct,
    /// To answer an inquiry, or to be told of something: other bodies can.
    ToAnswer,
}

pub(super) fn examine(definition: &Definition, findings: &mut Vec<Finding>) {
    Names { definition, findings }.examine();
}

struct Names<'d> {
    definition: &'d Definition,
    findings: &'d mut Vec<Finding>,
}

impl Names<'_> {
    fn examine(&mut self) {
        let definition = self.definition;
        for name in definition.ends.keys().filter(|name| definition.steps.contains_key(*name)) {
            let message = format!("'{name}' is both a step and an end");
            self.findings.push(
                Finding::error(code::NAME_TAKEN, format!("ends.{name}"), message)
                    .label("a step has that name")
                    .help("give one of them another name"),
            );
        }
        self.statutory();
        for (name, document) in &definition.documents {
            if let Some(role) = &document.verified_by {
                self.role(&format!("documents.{name}.verified_by"), role, Wanted::ToAct);
            }
        }
        for (name, step) in &definition.steps {
            self.step(&format!("steps.{name}"), step);
        }
    }

    fn statutory(&mut self) {
        let definition = self.definition;
        let statutory = &definition.statutory;
        if let Starts::Entering(step) = &statutory.starts {
            self.start(step);
        }
        if let Some(silence) = &statutory.silence {
            self.target("statutory.silence.to", &silence.to);
        }
        self.levels("statutory.escalate", &statutory.levels);
        self.extension("statutory.extension", statutory.extension.as_ref());
    }

    fn step(&mut self, path: &str, step: &Step) {
        match &step.kind {
            StepKind::Work { owner } => {
                self.role(&format!("{path}.owner"), owner, Wanted::ToAct);
            }
            StepKind::Applicant => {}
            StepKind::Automatic(exits) => {
                for (number, exit) in exits.iter().enumerate() {
                    self.target(&exit_path(path, number, exit), &exit.to);
                }
            }
            StepKind::Parallel(parallel) => {
                let path = format!("{path}.parallel");
                self.target(&format!("{path}.when.positive"), &parallel.positive);
                self.target(&format!("{path}.when.negative.to"), &parallel.negative);
                for (name, branch) in &parallel.branches {
                    let path = format!("{path}.branches.{name}");
                    self.role(&format!("{path}.owner"), &branch.owner, Wanted::ToAnswer);
                    self.levels(&format!("{path}.escalate"), &branch.levels);
                    self.extension(&format!("{path}.extension"), branch.extension.as_ref());
                }
            }
            StepKind::Commission(commission) => {
                self.role(&format!("{path}.owner"), &commission.owner, Wanted::ToAct);
                let members = format!("{path}.commission.members");
                self.role(&members, &commission.members, Wanted::ToAct);
                let told = commission.sittings.iter().flat_map(|sittings| &sittings.tell);
                for (at, addressee) in told.enumerate() {
                    if let Addressee::Role(role) = addressee {
                        let tell = format!("{path}.commission.sittings.tell[{at}]");
                        self.role(&tell, role, Wanted::ToAnswer);
                    }
                }
            }
        }
        self.done_before(path, &step.not_by);
        for (name, action) in &step.actions {
            let path = action_path(path, step, name);
            self.target(&format!("{path}.to"), &action.to);
            self.done_before(&path, &action.not_by);
        }
        if let Some(silence) = &step.silence {
            self.target(&format!("{path}.silence.to"), &silence.to);
        }
        if let Some(to) = &step.statutory_silence {
            self.target(&format!("{path}.statutory_silence"), to);
        }
        let escalate = format!("{path}.escalate");
        self.levels(&escalate, &step.levels);
        for (at, level) in step.levels.iter().enumerate() {
            if let Effect::Act(action) = &level.effect {
                self.action(&format!("{escalate}[{at}].act"), step, action);
            }
        }
        self.extension(&format!("{path}.extension"), step.extension.as_ref());
    }

    /// The steps which another person must have done.
    fn done_before(&mut self, path: &str, not_by: &NotBy) {
        let steps = &self.definition.steps;
        for (at, name) in not_by.steps.iter().enumerate() {
            if !steps.contains_key(name) {
                let known = steps.keys().map(StepId::as_str).chain(["applicant"]);
                let message = self.unknown("step", name.as_str(), known);
                let at = format!("{path}.not_by[{at}]");
                let help = "name a step under 'steps', or 'applicant'";
                self.findings.push(Finding::error(code::UNKNOWN_STEP, at, message).help(help));
            }
        }
    }

    fn levels(&mut self, path: &str, levels: &[EscalationLevel]) {
        for (at, level) in levels.iter().enumerate() {
            for (told, addressee) in level.tell.iter().enumerate() {
                if let Addressee::Role(role) = addressee {
                    self.role(&format!("{path}[{at}].tell[{told}]"), role, Wanted::ToAnswer);
                }
            }
            if let Effect::Reassign(role) = &level.effect {
                self.role(&format!("{path}[{at}].reassign"), role, Wanted::ToAct);
            }
        }
    }

    fn extension(&mut self, path: &str, extension: Option<&ExtensionRule>) {
        if let Some(extension) = extension {
            self.role(&format!("{path}.by"), &extension.by, Wanted::ToAct);
        }
    }

    /// What a name may have meant, for the first names that lead nowhere; further ones, which only a
    /// hostile file has, are told without.
    fn unknown<'n>(&self, what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> String {
        let offer = if self.findings.len() < 100 { usize::MAX } else { 0 };
        unknown(what, name, known.take(offer))
    }

    fn role(&mut self, path: &str, name: &RoleId, wanted: Wanted) {
        // Without any role of the organisation nobody can open a case, which is told elsewhere.
        let agency = name.as_str().starts_with("agency.");
        let some = agency || self.definition.roles.values().any(|role| !role.agency);
        if name.as_str().is_empty() || !some {
            return;
        }
        let definition = self.definition;
        let Some(role) = definition.roles.get(name) else {
            let known = definition.roles.keys().map(RoleId::as_str);
            // Who writes 'police' may mean 'agency.police'.
            let agency = format!("agency.{name}");
            let message = match definition.roles.contains_key(agency.as_str()) {
                true => format!("unknown role '{name}': did you mean '{agency}'?"),
                false => self.unknown("role", name.as_str(), known),
            };
            let help = "roles stand under 'roles', other bodies under 'agencies'";
            return self
                .findings
                .push(Finding::error(code::UNKNOWN_ROLE, path, message).help(help));
        };
        if role.agency && wanted == Wanted::ToAct {
            let message = format!("'{name}' is another body, which can only answer inquiries");
            let help = "name a role of the organisation, or ask the body in a parallel step";
            self.findings.push(Finding::error(code::AGENCY_CANNOT_ACT, path, message).help(help));
        }
        if role.at < definition.opens_at {
            let (low, open) = (level_name(role.at), level_name(definition.opens_at));
            let message =
                format!("'{name}' is at the {low}, but a case opens at the {open}, above it");
            let help = format!("a case has a unit at the {open} and above: name a role there");
            self.findings.push(Finding::error(code::LEVEL_BELOW_OPENING, path, message).help(help));
        }
    }

    fn start(&mut self, step: &StepId) {
        if !step.as_str().is_empty() && !self.definition.steps.contains_key(step) {
            let known = self.definition.steps.keys().map(StepId::as_str);
            let message = self.unknown("step", step.as_str(), known);
            self.findings.push(Finding::error(
                code::UNKNOWN_STEP,
                "statutory.starts.entering",
                message,
            ));
        }
    }

    fn target(&mut self, path: &str, to: &StepId) {
        let definition = self.definition;
        // Without steps or without ends the file has one big problem, not many small ones.
        if to.as_str().is_empty()
            || definition.steps.is_empty()
            || definition.ends.is_empty()
            || definition.steps.contains_key(to)
            || definition.ends.contains_key(to)
        {
            return;
        }
        let known = definition.steps.keys().chain(definition.ends.keys()).map(StepId::as_str);
        let message = self.unknown("step", to.as_str(), known);
        self.findings.push(
            Finding::error(code::UNKNOWN_STEP, path, message)
                .label("neither a step nor an end")
                .help("it must be a name under 'steps' or 'ends'"),
        );
    }

    fn action(&mut self, path: &str, step: &Step, action: &ActionId) {
        if !step.actions.contains_key(action) {
            let known = step.actions.keys().map(ActionId::as_str);
            let message = format!(
                "{} in the step '{}'",
                self.unknown("action", action.as_str(), known),
                step.title.en
            );
            self.findings.push(Finding::error(code::UNKNOWN_ACTION, path, message));
        }
    }
}

/// Where an action stands: a commission's results stand under `when`.
pub(super) fn action_path(path: &str, step: &Step, action: &ActionId) -> String {
    let result = matches!(action.as_str(), APPROVED | REJECTED);
    match step.kind {
        StepKind::Commission(_) if result => format!("{path}.when.{action}"),
        _ => format!("{path}.actions.{action}"),
    }
}

/// Where the target of a way out of an automatic step stands.
pub(super) fn exit_path(path: &str, number: usize, exit: &Exit) -> String {
    let key = if exit.condition.is_some() { "to" } else { "else" };
    format!("{path}.choose[{number}].{key}")
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::County => "county",
        Level::Province => "province",
        Level::National => "nation",
    }
}
