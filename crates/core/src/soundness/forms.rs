//! Forms are filled in somewhere, by fields that can be.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::{Finding, code, names::action_path, unknown};
use crate::{
    DocumentId, FieldId, FormId,
    definition::Definition,
    form::{DateBound, FieldKind},
};

pub(super) fn examine(definition: &Definition, whole: bool, findings: &mut Vec<Finding>) {
    let mut used = HashSet::new();
    let mut ask = |path: String, form: Option<&FormId>| {
        let Some(form) = form else { return };
        used.insert(form.clone());
        if !definition.forms.contains_key(form) {
            let known = definition.forms.keys().map(FormId::as_str);
            let message = unknown("form", form.as_str(), known);
            let help = "forms stand under 'forms'";
            findings.push(Finding::error(code::UNKNOWN_FORM, path, message).help(help));
        }
    };
    ask("application".to_owned(), definition.application.as_ref());
    for (name, step) in &definition.steps {
        let path = format!("steps.{name}");
        ask(format!("{path}.form"), step.form.as_ref());
        for (name, action) in &step.actions {
            ask(format!("{}.form", action_path(&path, step, name)), action.form.as_ref());
        }
    }
    if whole {
        for form in definition.forms.keys().filter(|form| !used.contains(*form)) {
            let message = format!("nothing is filled in by the form '{form}'");
            let help = format!(
                "write 'application: {form}', or 'form: {form}' at a step or an action, or take \
                 the form out"
            );
            let at = format!("forms.{form}");
            findings.push(Finding::warning(code::UNUSED_FORM, at, message).help(help));
        }
    }
    fields(definition, findings);
    documents(definition, whole, findings);
}

fn documents(definition: &Definition, whole: bool, findings: &mut Vec<Finding>) {
    let mut used = HashSet::new();
    let mut ask = |path: String, list: &IndexMap<DocumentId, bool>| {
        for document in list.keys() {
            used.insert(document.clone());
            if !definition.documents.contains_key(document) {
                let known = definition.documents.keys().map(DocumentId::as_str);
                let message = unknown("document", document.as_str(), known);
                let at = format!("{path}.{document}");
                let help = "kinds of paper stand under 'documents'";
                findings.push(Finding::error(code::UNKNOWN_DOCUMENT, at, message).help(help));
            }
        }
    };
    for (name, step) in &definition.steps {
        let path = format!("steps.{name}");
        ask(format!("{path}.documents"), &step.documents);
        for (name, action) in &step.actions {
            ask(format!("{}.documents", action_path(&path, step, name)), &action.documents);
        }
    }
    for document in
        definition.documents.keys().filter(|document| whole && !used.contains(*document))
    {
        let message = format!("nothing asks for the paper '{document}'");
        let help = format!("write 'documents: {{ {document}: required }}' at a step or an action");
        let at = format!("documents.{document}");
        findings.push(Finding::warning(code::UNUSED_DOCUMENT, at, message).help(help));
    }
}

fn fields(definition: &Definition, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&FieldId, &FormId> = HashMap::new();
    for (form, fields) in &definition.forms {
        for (name, field) in &fields.fields {
            let at = format!("forms.{form}.{name}");
            if let Some(other) = seen.insert(name, form) {
                let message = format!("the form '{other}' has a field '{name}' too");
                let help = "a field's name is its own in the whole definition: rules speak of it";
                findings.push(Finding::error(code::FIELD_TAKEN, &at, message).help(help));
            }
            if crossed(&field.kind) {
                let message = format!("no value of '{name}' can be right: 'min' lies above 'max'");
                let at = format!("{at}.max");
                findings.push(Finding::error(code::CROSSED_BOUNDS, at, message));
            }
        }
    }
}

fn crossed(kind: &FieldKind) -> bool {
    fn over<T: PartialOrd>(min: Option<&T>, max: Option<&T>) -> bool {
        min.zip(max).is_some_and(|(min, max)| min > max)
    }
    match kind {
        FieldKind::Text { min, max } => over(min.as_ref(), max.as_ref()),
        FieldKind::Number { min, max, .. } => over(min.as_ref(), max.as_ref()),
        FieldKind::Money { min, max } => over(min.as_ref(), max.as_ref()),
        FieldKind::Date { min: Some(DateBound::Day(min)), max: Some(DateBound::Day(max)) } => {
            min > max
        }
        _ => false,
    }
}
