//! What the new version asks of cases that were never asked for it.

use std::collections::BTreeSet;

use super::{
    check::{Check, Names, Steps},
    read::{Written, WrittenStep, code},
};
use crate::{
    DocumentId, FieldId, StepId,
    definition::StepKind,
    document::Place,
    expression::{Expression, Name},
    form::{Form, Required},
};

impl Check<'_, '_, '_> {
    /// What the new version asks of cases that were never asked.
    pub(super) fn new_demands(
        &mut self,
        steps: &Steps,
        fields: &Names<FieldId>,
        documents: &Names<DocumentId>,
    ) {
        let to = self.to;
        let has_field: BTreeSet<&str> = self
            .from
            .fields()
            .filter_map(|(name, _)| Some(renamed(name, fields)?.as_str()))
            .collect();
        let has_document: BTreeSet<&str> = self
            .from
            .documents
            .keys()
            .filter_map(|name| Some(renamed(name, documents)?.as_str()))
            .collect();
        for (name, step) in &to.steps {
            let mut asked: Vec<&str> = Vec::new();
            if let Some(form) = step.form.as_ref().and_then(|form| to.forms.get(form)) {
                asked.extend(required(form).filter(|field| !has_field.contains(field)));
            }
            let papers = step.documents.iter().filter(|(_, required)| **required);
            let papers = papers.map(|(paper, _)| paper.as_str());
            asked.extend(papers.filter(|paper| !has_document.contains(paper)));
            if !asked.is_empty() {
                let message =
                    format!("'{name}' asks for what these cases lack: {}", asked.join(", "));
                let help = "it can be given while a case stands there; until then its actions wait";
                self.reader.warn(code::NEWLY_ASKED, self.place_of(name, steps), message, help);
            }
        }
        // What is filled in only at the opening.
        let later: BTreeSet<_> = to
            .steps
            .values()
            .flat_map(|step| {
                let actions = step.actions.values().filter_map(|action| action.form.as_ref());
                step.form.iter().chain(actions)
            })
            .collect();
        let application = to.application.as_ref().filter(|form| !later.contains(form));
        let Some(form) = application.and_then(|form| to.forms.get(form)) else { return };
        let never: BTreeSet<&str> = form
            .fields
            .keys()
            .map(FieldId::as_str)
            .filter(|name| !has_field.contains(name))
            .collect();
        if !never.is_empty() {
            self.never_filled(steps, &never);
        }
    }

    fn never_filled(&mut self, steps: &Steps, never: &BTreeSet<&str>) {
        let to = self.to;
        for (name, step) in &to.steps {
            let place = self.place_of(name, steps);
            let guards: Vec<(&str, Option<&Expression>)> = match &step.kind {
                StepKind::Automatic(exits) => {
                    exits.iter().map(|exit| (exit.to.as_str(), exit.condition.as_ref())).collect()
                }
                _ => {
                    let actions = step.actions.iter();
                    actions
                        .map(|(action, one)| {
                            (action.as_str(), one.guard.as_ref().map(|guard| &guard.condition))
                        })
                        .collect()
                }
            };
            let asks =
                |guard: &Option<&Expression>| guard.is_some_and(|guard| names_one(guard, never));
            let barred = |guard: &Option<&Expression>| {
                guard.is_some_and(|guard| names_one(guard, never) && !guard.text().contains("has("))
            };
            if !guards.is_empty() && guards.iter().all(|(_, guard)| barred(guard)) {
                let message = format!(
                    "no case by this mapping would ever leave '{name}': its guards ask for \
                                       what was not asked for at the opening"
                );
                let help = "let a step ask for it, or let a guard ask with 'has(…)'";
                self.reader.error_with_help(code::NO_WAY_ON, place, message, help);
                continue;
            }
            for (action, _) in guards.iter().filter(|(_, guard)| asks(guard)) {
                let message = format!(
                    "the guard of '{action}' in '{name}' asks for what these cases \
                                       were not asked for at their opening"
                );
                let help = "such a guard is never met by them, unless it asks with 'has(…)'";
                self.reader.warn(code::NEVER_FILLED, place, message, help);
            }
        }
    }

    /// Where something about a step of the new version is shown: at what leads there.
    fn place_of(&self, new: &StepId, steps: &Steps) -> Place {
        let leads = |one: &&Written<'_, WrittenStep<'_>>| {
            steps.get(one.name).is_some_and(|mapped| mapped.to == *new)
        };
        self.written.steps.iter().find(leads).map_or(self.written.at, |one| one.place)
    }
}

fn renamed<'k, K: Ord>(name: &'k K, names: &'k Names<K>) -> Option<&'k K> {
    match names.get(name) {
        None => Some(name),
        Some(new) => new.as_ref(),
    }
}

fn required(form: &Form) -> impl Iterator<Item = &str> {
    let always = form.fields.iter().filter(|(_, field)| field.required == Required::Always);
    always.map(|(name, _)| name.as_str())
}

fn names_one(guard: &Expression, never: &BTreeSet<&str>) -> bool {
    guard
        .names()
        .into_iter()
        .any(|name| matches!(name, Name::Field(field) if never.contains(&**field)))
}
