//! Reads everything that was given, and tells every fault of it at once.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value as Json;

use super::{Fault, FaultCode, Field, Filling, Form, Value, read, read_text, typed::quoted};
use crate::{
    FieldId, FormId,
    definition::{Definition, Text},
    document::did_you_mean,
    expression::{self, Facts, Name},
    personal::Seed,
};

/// More unknown fields than these are not told one by one.
const MOST_UNKNOWN: usize = 20;

/// A form that can be filled in now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Which.
    pub form: &'a FormId,
    /// Whether it must be complete afterwards.
    pub complete: bool,
}

/// Reads what was given into the forms that can be filled in now, on top of what the case holds. With a seed,
/// commitments take the place of personal values.
///
/// # Errors
/// Every fault, in the order of the forms; then those of unknown fields.
pub(crate) fn fill(
    definition: &Definition,
    asked: &[Asked<'_>],
    data: &BTreeMap<FieldId, Value>,
    given: &BTreeMap<String, Json>,
    today: NaiveDate,
    seed: Option<&Seed>,
) -> Result<Filling, Vec<Fault>> {
    let forms: Vec<(&Form, bool)> = asked
        .iter()
        .filter_map(|asked| Some((definition.forms.get(asked.form)?, asked.complete)))
        .collect();
    let mut faults = Vec::new();
    let mut filling = Filling::default();
    let mut faulty: Vec<&FieldId> = Vec::new();
    for (name, field) in forms.iter().flat_map(|(form, _)| &form.fields) {
        let Some(raw) = given.get(name.as_str()) else { continue };
        if field.computed.is_some() {
            let text = Text {
                fa: "از فیلدهای دیگر به دست می‌آید و پر نمی‌شود".to_owned(),
                en: "follows from other fields and is not filled in".to_owned(),
            };
            if !faulty.contains(&name) {
                faults.push(told(name, field, FaultCode::Computed, text));
                faulty.push(name);
            }
            continue;
        }
        if is_blank(raw) {
            if data.contains_key(name) && !filling.cleared.contains(name) {
                filling.cleared.push(name.clone());
            }
            continue;
        }
        let value =
            read(&field.kind, raw, today).map(|value| match seed.filter(|_| field.personal) {
                Some(seed) => {
                    let opening = seed.commit(name, value);
                    let value = Value::Personal(opening.commitment());
                    if data.get(name) != Some(&value) {
                        filling.openings.push(opening);
                    }
                    value
                }
                None => value,
            });
        match value {
            Ok(value) if data.get(name) == Some(&value) => {}
            Ok(value) => {
                filling.values.insert(name.clone(), value);
            }
            Err(_) if faulty.contains(&name) => {}
            Err((code, text)) => {
                faults.push(told(name, field, code, text));
                faulty.push(name);
            }
        }
    }
    // What follows from other fields can be what makes one required.
    if faults.is_empty() && !filling.is_empty() {
        compute(definition, data, &mut filling, today, &mut faults);
    }
    let value = |name: &FieldId| match filling.cleared.contains(name) {
        true => None,
        false => filling.values.get(name).or_else(|| data.get(name)),
    };
    let mut missing = Vec::new();
    for (name, field) in
        forms.iter().filter(|(_, complete)| *complete).flat_map(|(form, _)| &form.fields)
    {
        let told_already = faulty.contains(&name) || missing.contains(&name);
        if value(name).is_none() && !told_already && field.required.holds(value) {
            let text =
                Text { fa: "باید پر شود".to_owned(), en: "must be filled in".to_owned() };
            faults.push(told(name, field, FaultCode::Required, text));
            missing.push(name);
        }
    }
    let order = |fault: &Fault| {
        let mut fields = forms.iter().flat_map(|(form, _)| form.fields.keys());
        fields.position(|name| fault.field.as_deref() == Some(name.as_str()))
    };
    faults.sort_by_key(order);
    unknown(definition, &forms, given, &mut faults);
    if faults.is_empty() { Ok(filling) } else { Err(faults) }
}

/// Computes every field that follows from others, in the order in which they stand: those that come
/// later may use those before.
fn compute(
    definition: &Definition,
    data: &BTreeMap<FieldId, Value>,
    filling: &mut Filling,
    today: NaiveDate,
    faults: &mut Vec<Fault>,
) {
    for (name, field) in definition.forms.values().flat_map(|form| &form.fields) {
        let Some(formula) = &field.computed else { continue };
        let number = formula.value(&Held { data, filling });
        let value = match number.map(|number| read_text(&field.kind, &number.to_string(), today)) {
            None => None,
            Some(Ok(value)) => Some(value),
            Some(Err((code, text))) => {
                faults.push(told(name, field, code, text));
                continue;
            }
        };
        match value {
            Some(value) if data.get(name) == Some(&value) => {}
            Some(value) => drop(filling.values.insert(name.clone(), value)),
            None if data.contains_key(name) => filling.cleared.push(name.clone()),
            None => {}
        }
    }
}

/// What the fields hold once what was given is filled in.
struct Held<'a> {
    data: &'a BTreeMap<FieldId, Value>,
    filling: &'a Filling,
}

impl Facts for Held<'_> {
    fn value(&self, name: &Name) -> Option<expression::Value<'_>> {
        let Name::Field(field) = name else { return None };
        if self.filling.cleared.iter().any(|cleared| cleared.as_str() == &**field) {
            return None;
        }
        let new = self.filling.values.get(&**field);
        expression::value_of(new.or_else(|| self.data.get(&**field))?)
    }
}

/// What a blank or absent value means: that there is none.
fn is_blank(raw: &Json) -> bool {
    match raw {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A fault in the words of its field: `Capital: at least 500,000,000 rials`.
fn told(name: &FieldId, field: &Field, code: FaultCode, text: Text) -> Fault {
    let text = Text {
        fa: format!("{}: {}", field.title.fa, text.fa),
        en: format!("{}: {}", field.title.en, text.en),
    };
    Fault::of_field(name.as_str(), code, text)
}

fn unknown(
    definition: &Definition,
    forms: &[(&Form, bool)],
    given: &BTreeMap<String, Json>,
    faults: &mut Vec<Fault>,
) {
    let here = |name: &str| forms.iter().any(|(form, _)| form.fields.contains_key(name));
    let strangers = given.keys().filter(|name| !here(name)).take(MOST_UNKNOWN);
    for name in strangers {
        let fault = match definition.field(name) {
            Some(field) => {
                let text = Text {
                    fa: "در این مرحله پر نمی‌شود".to_owned(),
                    en: "is not filled in here".to_owned(),
                };
                told(&name.as_str().into(), field, FaultCode::NotHere, text)
            }
            None => {
                let known = forms.iter().flat_map(|(form, _)| form.fields.keys());
                let meant = did_you_mean(name, known.map(FieldId::as_str));
                let quoted = quoted(name);
                let (fa, en) = match meant {
                    Some(meant) => (
                        format!("فیلدی به نام «{quoted}» نیست؛ منظور «{meant}» است؟"),
                        format!("there is no field '{quoted}': did you mean '{meant}'?"),
                    ),
                    None => (
                        format!("فیلدی به نام «{quoted}» نیست"),
                        format!("there is no field '{quoted}'"),
                    ),
                };
                Fault::of_field(&quoted, FaultCode::UnknownField, Text { fa, en })
            }
        };
        faults.push(fault);
    }
}
