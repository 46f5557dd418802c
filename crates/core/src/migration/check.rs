//! Whether a mapping fits both versions: wherever a case can stand, it says where the case goes, and
//! the case can stand there.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BranchMapping, Mapping, StatutoryRule, StepMapping,
    read::{Written, WrittenMapping, WrittenNames, WrittenStep, by_name, code},
};
use crate::{
    BranchId, DocumentId, FieldId, StepId,
    definition::{Commission, Definition, Parallel, Permission, Starts, Step, StepKind},
    document::{Place, Reader, did_you_mean, short},
    expression::code as expression_code,
    form::FieldKind,
    soundness::code as soundness_code,
};

/// Checks what is written, and answers the mapping that it is, as far as it is one.
pub(super) fn check(
    reader: &mut Reader<'_>,
    written: &WrittenMapping<'_>,
    from: &Definition,
    to: &Definition,
) -> Mapping {
    let mut check = Check { reader, written, from, to };
    check.whole();
    let steps = check.steps();
    let fields = check.fields();
    let documents = check.documents();
    check.new_demands(&steps, &fields, &documents);
    let statutory = written.statutory.map_or(StatutoryRule::Keep, |(rule, _)| rule);
    check.statutory(statutory, &steps);
    let heading = &written.heading;
    Mapping {
        workflow: heading.workflow.clone(),
        from: heading.from,
        to: heading.to,
        hash: String::new(),
        statutory,
        steps,
        fields,
        documents,
    }
}

pub(super) struct Check<'c, 's, 'n> {
    pub(super) reader: &'c mut Reader<'s>,
    pub(super) written: &'c WrittenMapping<'n>,
    pub(super) from: &'c Definition,
    pub(super) to: &'c Definition,
}

pub(super) type Steps = BTreeMap<StepId, StepMapping>;
pub(super) type Names<K> = BTreeMap<K, Option<K>>;

impl Check<'_, '_, '_> {
    /// What concerns every case.
    fn whole(&mut self) {
        let (from, to, at) = (self.from, self.to, self.written.at);
        if from.calendar != to.calendar {
            let message = format!(
                "cases by '{}' cannot go on by '{}'",
                from.calendar.as_str(),
                to.calendar.as_str()
            );
            let help = "a case keeps its calendar: let both versions count by the same";
            self.reader.error_with_help(code::OTHER_CALENDAR, at, message, help);
        }
        let speaks_of = |definition: &Definition| {
            definition.about.as_ref().map(|about| std::mem::discriminant(&about.what))
        };
        if let Some(about) = to.about.as_ref().filter(|_| speaks_of(from) != speaks_of(to)) {
            let what = about.what.in_words();
            let message =
                format!("{} is about a {what}, and these cases speak of none", self.new_version());
            self.reader.error(code::OTHER_SUBJECT, at, message);
        }
        // A case has no unit below the one that received it.
        for (name, _) in to.roles.iter().filter(|(_, role)| role.at < from.opens_at) {
            let message = format!(
                "these cases have no unit at the level of '{}': {} opens them above it",
                name.as_str(),
                self.old_version()
            );
            self.reader.error(soundness_code::LEVEL_BELOW_OPENING, at, message);
        }
    }

    fn old_version(&self) -> String {
        format!("@{}", self.from.version)
    }

    fn new_version(&self) -> String {
        format!("@{}", self.to.version)
    }

    fn steps(&mut self) -> Steps {
        let (from, written) = (self.from, self.written);
        for one in &written.steps {
            self.old_step(one.name, one.place);
        }
        for (name, place) in &written.stay {
            self.old_step(name, *place);
            if written.steps.iter().any(|one| one.name == *name) {
                let message = format!("cases in '{name}' are to stay, and to go");
                self.reader.error(code::MAPPED_TWICE, *place, message);
            }
        }
        let said = by_name(&written.steps);
        let mut steps = Steps::new();
        for (name, step) in &from.steps {
            let stays = written.stay.iter().any(|(stays, _)| *stays == name.as_str());
            if stays || matches!(step.kind, StepKind::Automatic(_)) {
                continue;
            }
            if let Some(mapped) = self.step(name, step, said.get(name.as_str()).copied()) {
                steps.insert(name.clone(), mapped);
            }
        }
        steps
    }

    /// A name on the left must be that of a step in which cases stand.
    fn old_step(&mut self, name: &str, place: Place) {
        match self.from.steps.get(name).map(|step| &step.kind) {
            None => {
                let known = self.from.steps.keys().map(StepId::as_str);
                let message = format!("{} has no step '{}'", self.old_version(), short(name));
                self.unknown(soundness_code::UNKNOWN_STEP, place, message, name, known);
            }
            Some(StepKind::Automatic(_)) => {
                let message = format!("no case stands in '{name}': it is passed at once");
                let help = "leave it out";
                self.reader.error_with_help(code::WRONG_TARGET, place, message, help);
            }
            Some(_) => {}
        }
    }

    fn unknown<'k>(
        &mut self,
        code: &'static str,
        place: Place,
        message: String,
        name: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        let problem = self.reader.problem(code, place, message);
        self.reader.push(match did_you_mean(name, known) {
            Some(meant) => problem.with_help(format!("did you mean '{meant}'?")),
            None => problem,
        });
    }

    fn step(
        &mut self,
        name: &StepId,
        old: &Step,
        said: Option<&Written<'_, WrittenStep<'_>>>,
    ) -> Option<StepMapping> {
        let written = said.map(|said| &said.value);
        let at = said.map_or(self.written.at, |said| said.place);
        let (target, place) = match written.and_then(|written| written.to) {
            Some((target, place)) => (target, place),
            None => (name.as_str(), at),
        };
        let to = self.to;
        let Some(new) = to.steps.get(target) else {
            self.no_target(name, old, target, place, written.is_some_and(|it| it.to.is_some()));
            return None;
        };
        let mut mapped = StepMapping {
            to: StepId::from(target),
            clock: written.and_then(|written| written.clock).map(|(rule, _)| rule),
            branches: BTreeMap::new(),
        };
        match (&old.kind, &new.kind) {
            (StepKind::Work { .. }, StepKind::Work { .. })
            | (StepKind::Applicant, StepKind::Applicant) => {}
            (StepKind::Parallel(before), StepKind::Parallel(after)) => {
                mapped.branches = self.branches(name, before, after, said, place)?;
            }
            (StepKind::Commission(before), StepKind::Commission(after)) => {
                self.commission(name, before, after, place);
            }
            (before, after) => {
                let message = format!(
                    "cases in '{name}', {}, cannot stand in '{target}', {}",
                    kind(before),
                    kind(after)
                );
                let help = self.candidates(before);
                self.reader.error_with_help(code::WRONG_TARGET, place, message, help);
                return None;
            }
        }
        if old.silence.is_some() != new.silence.is_some() {
            let (was, is) = (rule_text(old.silence.is_some()), rule_text(new.silence.is_some()));
            let message = format!("silence {was} in '{name}' and {is} in '{target}'");
            self.warn_of_silence(place, message);
        }
        Some(mapped)
    }

    fn warn_of_silence(&mut self, place: Place, message: String) {
        let help =
            "look at the dry run: what people were told of silence changes for running cases";
        self.reader.warn(code::SILENCE_CHANGES, place, message, help);
    }

    fn no_target(&mut self, name: &StepId, old: &Step, target: &str, place: Place, said: bool) {
        if self.to.ends.contains_key(target) {
            let message = format!("'{target}' is an end: a case must be decided, not moved there");
            let help = self.candidates(&old.kind);
            self.reader.error_with_help(code::WRONG_TARGET, place, message, help);
        } else if said {
            let known = self.to.steps.keys().map(StepId::as_str);
            let message = format!("{} has no step '{}'", self.new_version(), short(target));
            self.unknown(soundness_code::UNKNOWN_STEP, place, message, target, known);
        } else {
            let message = format!(
                "nothing says where cases in '{name}' go: {} has no such step",
                self.new_version()
            );
            let help = format!(
                "{}, or leave them where they are: 'stay: [{name}]'",
                self.candidates(&old.kind)
            );
            self.reader.error_with_help(code::NOT_MAPPED, place, message, help);
        }
    }

    /// Where cases of a step of that kind could stand.
    fn candidates(&self, old: &StepKind) -> String {
        let same = |step: &Step| std::mem::discriminant(&step.kind) == std::mem::discriminant(old);
        let names: Vec<_> = self
            .to
            .steps
            .iter()
            .filter(|(_, step)| same(step))
            .map(|(name, _)| format!("'{name}'"))
            .collect();
        match names.as_slice() {
            [] => format!("{} has no step that is {}", self.new_version(), kind(old)),
            names => format!("{} in {}: {}", kind(old), self.new_version(), names.join(", ")),
        }
    }

    fn branches(
        &mut self,
        step: &StepId,
        before: &Parallel,
        after: &Parallel,
        said: Option<&Written<'_, WrittenStep<'_>>>,
        at: Place,
    ) -> Option<BTreeMap<BranchId, BranchMapping>> {
        let none = Vec::new();
        let written = said.map_or(&none, |said| &said.value.branches);
        for one in written.iter().filter(|one| !before.branches.contains_key(one.name)) {
            let known = before.branches.keys().map(BranchId::as_str);
            let message =
                format!("'{step}' has no branch '{}' in {}", short(one.name), self.old_version());
            self.unknown(soundness_code::UNKNOWN_STEP, one.place, message, one.name, known);
        }
        let said = by_name(written);
        let mut mapped: BTreeMap<BranchId, BranchMapping> = BTreeMap::new();
        for (name, old) in &before.branches {
            let said = said.get(name.as_str());
            let to = said.and_then(|said| said.value.to);
            let (target, place) = to.unwrap_or((name.as_str(), said.map_or(at, |said| said.place)));
            let Some(new) = after.branches.get(target) else {
                let known = || after.branches.keys().map(BranchId::as_str);
                if to.is_some() {
                    let message =
                        format!("{} has no branch '{}' there", self.new_version(), short(target));
                    self.unknown(soundness_code::UNKNOWN_STEP, place, message, target, known());
                } else {
                    let message =
                        format!("nothing says where the inquiry '{name}' of '{step}' goes");
                    let names = known().map(|name| format!("'{name}'")).collect::<Vec<_>>();
                    let help =
                        format!("the branches in {} are {}", self.new_version(), names.join(", "));
                    self.reader.error_with_help(code::NOT_MAPPED, place, message, help);
                }
                continue;
            };
            if mapped.values().any(|other| other.to.as_str() == target) {
                let message = format!("two inquiries of '{step}' would become '{target}'");
                self.reader.error(code::MAPPED_TWICE, place, message);
                continue;
            }
            if old.silence.as_ref().map(|rule| rule.answer)
                != new.silence.as_ref().map(|rule| rule.answer)
            {
                let message = format!("silence means something else in the inquiry '{target}'");
                self.warn_of_silence(place, message);
            }
            let clock = said.and_then(|said| said.value.clock).map(|(rule, _)| rule);
            mapped.insert(name.clone(), BranchMapping { to: BranchId::from(target), clock });
        }
        Some(mapped)
    }

    fn commission(&mut self, name: &StepId, before: &Commission, after: &Commission, at: Place) {
        let level = |definition: &Definition, commission: &Commission| {
            definition.roles.get(&commission.members).map(|role| role.at)
        };
        let same_members =
            before.members == after.members && level(self.from, before) == level(self.to, after);
        let message = if !same_members {
            format!("the commission of '{name}' has other members in {}", self.new_version())
        } else if before.sittings.is_some() != after.sittings.is_some() {
            format!("the commission of '{name}' decides in sittings in only one of the versions")
        } else {
            return;
        };
        let help = format!(
            "votes and agendas cannot be carried over: 'stay: [{name}]', and let it decide first"
        );
        self.reader.error_with_help(code::OTHER_COMMISSION, at, message, help);
    }

    fn fields(&mut self) -> Names<FieldId> {
        let (from, to, at) = (self.from, self.to, self.written.at);
        let olds: Vec<&str> = from.fields().map(|(name, _)| name.as_str()).collect();
        let news: Vec<&str> = to.fields().map(|(name, _)| name.as_str()).collect();
        let written = &self.written.fields;
        let names = self.names("field", written, &olds, &news);
        let said = by_name(&written.renamed);
        for (name, old) in from.fields() {
            let new = match names.get(name.as_str()) {
                Some(None) => continue,
                Some(Some(new)) => *new,
                None => name.as_str(),
            };
            let Some(new_field) = to.field(new) else { continue };
            let place = said.get(name.as_str()).map_or(at, |one| one.value.1);
            if old.personal && !new_field.personal {
                let message = format!(
                    "'{name}' is personal, and '{new}' in {} is not: what cannot be read cannot go on there",
                    self.new_version()
                );
                let help = "let it be personal there too, or drop it";
                self.reader.error_with_help(expression_code::PERSONAL, place, message, help);
            }
            if let Some(why) = does_not_fit(&old.kind, &new_field.kind) {
                let message = format!(
                    "what '{name}' holds does not fit '{new}' in {}: {why}",
                    self.new_version()
                );
                let help =
                    format!("give it another field, or drop it: 'drop: {{ fields: [{name}] }}'");
                self.reader.error_with_help(code::OTHER_TYPE, place, message, help);
            }
        }
        names.into_iter().map(|(old, new)| (old.into(), new.map(FieldId::from))).collect()
    }

    fn documents(&mut self) -> Names<DocumentId> {
        let (from, to) = (self.from, self.to);
        let olds: Vec<&str> = from.documents.keys().map(DocumentId::as_str).collect();
        let news: Vec<&str> = to.documents.keys().map(DocumentId::as_str).collect();
        let names = self.names("document", &self.written.documents, &olds, &news);
        names.into_iter().map(|(old, new)| (old.into(), new.map(DocumentId::from))).collect()
    }

    /// What is not the same: each old name that has another, or none.
    fn names<'n>(
        &mut self,
        what: &str,
        written: &WrittenNames<'n>,
        olds: &[&'n str],
        news: &[&'n str],
    ) -> BTreeMap<&'n str, Option<&'n str>> {
        let mut names = BTreeMap::new();
        for one in &written.renamed {
            self.known(what, one.name, one.place, olds, self.old_version());
            let (new, place) = one.value;
            self.known(what, new, place, news, self.new_version());
            if new != one.name {
                names.insert(one.name, Some(new));
            }
        }
        for (name, place) in &written.dropped {
            self.known(what, name, *place, olds, self.old_version());
            if written.renamed.iter().any(|one| one.name == *name) {
                let message = format!("'{name}' is to be dropped, and to be kept");
                self.reader.error(code::MAPPED_TWICE, *place, message);
            }
            names.insert(*name, None);
        }
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for old in olds {
            let new = match names.get(old) {
                Some(None) => continue,
                Some(Some(new)) => *new,
                None => *old,
            };
            let place = written.renamed.iter().find(|one| one.name == *old);
            let place = place.map_or(self.written.at, |one| one.value.1);
            if !news.contains(&new) {
                if !names.contains_key(old) {
                    let message = format!(
                        "nothing says what becomes of the {what} '{old}': {} has none such",
                        self.new_version()
                    );
                    let help = format!(
                        "name another one ('{what}s: {{ {old}: … }}'), or drop it ('drop: {{ {what}s: [{old}] }}')"
                    );
                    self.reader.error_with_help(code::NOT_MAPPED, place, message, help);
                }
            } else if !taken.insert(new) {
                let message = format!("two {what}s would become '{new}'");
                self.reader.error(code::MAPPED_TWICE, place, message);
            }
        }
        names
    }

    fn known(&mut self, what: &str, name: &str, place: Place, known: &[&str], version: String) {
        if known.contains(&name) {
            return;
        }
        let code = match what {
            "field" => crate::definition::code::UNKNOWN_FIELD,
            _ => soundness_code::UNKNOWN_DOCUMENT,
        };
        let message = format!("{version} has no {what} '{}'", short(name));
        self.unknown(code, place, message, name, known.iter().copied());
    }

    fn statutory(&mut self, rule: StatutoryRule, steps: &Steps) {
        let (from, to) = (&self.from.statutory, &self.to.statutory);
        let place = self.written.statutory.map_or(self.written.at, |(_, place)| place);
        if rule == StatutoryRule::Recount
            && from.term.unit == to.term.unit
            && from.term.count < to.term.count
        {
            let message = format!("running cases would have {} instead of {}", to.term, from.term);
            let help = "'statutory: keep' leaves applicants the deadline that they were told";
            self.reader.warn(code::LATER_DEADLINE, place, message, help);
        }
        let (was, is) = (from.silence.is_some(), to.silence.is_some());
        if was != is {
            let message = format!(
                "silence of the authority {} before and {} now",
                rule_text(was),
                rule_text(is)
            );
            self.warn_of_silence(place, message);
        }
        let starts = match &from.starts {
            Starts::Opened => Starts::Opened,
            Starts::Entering(step) => {
                Starts::Entering(steps.get(step).map_or(step, |mapped| &mapped.to).clone())
            }
        };
        if starts != to.starts && from.starts != Starts::Opened {
            let message = "cases whose clock has not started may have passed where it starts now";
            let help = "look at the dry run: a clock starts with the migration only where it starts at the \
                        opening, or where the case stands";
            self.reader.warn(code::STARTS_ELSEWHERE, place, message, help);
        }
        let silent = |step: &Step| match &step.kind {
            StepKind::Parallel(parallel) => {
                parallel.branches.values().any(|branch| branch.silence.is_some())
            }
            _ => step.silence.is_some(),
        };
        let may = |permission| self.to.roles.values().any(|role| role.may.contains(&permission));
        if (is || self.to.steps.values().any(silent)) && !may(Permission::ReleaseSilence) {
            let message =
                "a mapping holds silence that would take effect at once, and nobody may release it";
            let help = "give a role 'release_silence'";
            self.reader.warn(soundness_code::NOBODY_RELEASES, self.written.at, message, help);
        }
    }
}

fn rule_text(is_there: bool) -> &'static str {
    if is_there { "has a meaning" } else { "has none" }
}

fn kind(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Work { .. } => "a step of an office",
        StepKind::Applicant => "a step of the applicant",
        StepKind::Parallel(_) => "a parallel step",
        StepKind::Commission(_) => "a commission",
        StepKind::Automatic(_) => "an automatic step",
    }
}

/// Why what one field holds does not fit another.
fn does_not_fit(old: &FieldKind, new: &FieldKind) -> Option<String> {
    match (old, new) {
        (FieldKind::Number { decimals: had, .. }, FieldKind::Number { decimals: has, .. }) => {
            (had > has).then(|| format!("it has {had} digits after the point, not {has}"))
        }
        (FieldKind::Choice { choices: had }, FieldKind::Choice { choices: has }) => {
            let gone: Vec<_> = had.keys().filter(|choice| !has.contains_key(*choice)).collect();
            let names = gone.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            (!gone.is_empty()).then(|| format!("{names} can no longer be chosen"))
        }
        _ if old.name() == new.name() => None,
        _ => Some(format!("it is {}, not {}", old.name(), new.name())),
    }
}
