//! Forms, as conditions see them.

use indexmap::IndexMap;

use super::{Field, Kind, Schema, Value};
use crate::{
    BranchId, FormId,
    definition::{Definition, StepKind},
    form::{self, DateBound, FieldKind, Form, Number, Required},
};

/// The greatest amount or whole number that a field can hold, either way.
const MOST: i64 = (1 << 53) - 1;

impl Schema {
    /// The fields of a definition's forms. Those that must be filled in at the opening are there in
    /// every case.
    pub fn of_forms(forms: &IndexMap<FormId, Form>, application: Option<&FormId>) -> Self {
        let personal = forms.values().flat_map(|form| &form.fields);
        let personal = personal.filter(|(_, field)| field.personal).map(|(name, _)| name.as_str());
        Self::new(forms.iter().flat_map(|(id, form)| {
            form.fields.iter().filter(|(_, field)| !field.personal).map(move |(name, field)| {
                let always = Some(id) == application && field.required == Required::Always;
                (name.as_str(), Field { kind: kind(&field.kind), always })
            })
        }))
        .without_personal(personal)
    }
}

impl From<&Definition> for Schema {
    /// What the guards of a definition may name.
    fn from(definition: &Definition) -> Self {
        let inquiries = definition.steps.values().flat_map(|step| match &step.kind {
            StepKind::Parallel(parallel) => parallel.branches.keys().collect(),
            _ => Vec::new(),
        });
        Self::of_forms(&definition.forms, definition.application.as_ref())
            .with_inquiries(inquiries.map(BranchId::as_str))
    }
}

fn kind(kind: &FieldKind) -> Kind {
    let day = |bound: &Option<DateBound>| match bound {
        Some(DateBound::Day(day)) => Some(*day),
        // What today is changes.
        Some(DateBound::Today) | None => None,
    };
    let least = |number: Option<Number>| number.and_then(Number::whole).unwrap_or(-MOST);
    let most = |number: Option<Number>| number.and_then(Number::whole).unwrap_or(MOST);
    let rials = |amount: u64| i64::try_from(amount).unwrap_or(MOST);
    match kind {
        FieldKind::Text { .. } | FieldKind::NationalId | FieldKind::LegalId | FieldKind::Phone => {
            Kind::Text
        }
        FieldKind::Number { min, max, decimals: 0 } => {
            Kind::Number { min: Some(least(*min)), max: Some(most(*max)) }
        }
        FieldKind::Number { min, max, decimals } => {
            let bound = |number: Option<Number>| number.and_then(|it| it.units_at(*decimals));
            let most = Number::MOST_UNITS;
            let (min, max) = (bound(*min).unwrap_or(-most), bound(*max).unwrap_or(most));
            Kind::Decimal { min, max, digits: *decimals }
        }
        FieldKind::File => Kind::Opaque,
        FieldKind::Money { min, max } => {
            Kind::Number { min: Some(min.map_or(0, rials)), max: Some(max.map_or(MOST, rials)) }
        }
        FieldKind::Date { min, max } => Kind::Day { min: day(min), max: day(max) },
        FieldKind::Choice { choices } => Kind::Choice(choices.keys().cloned().collect()),
        FieldKind::YesNo => Kind::YesNo,
    }
}

/// What a field holds, as a condition sees it.
pub fn value_of(value: &form::Value) -> Option<Value<'_>> {
    Some(match value {
        form::Value::Text(text)
        | form::Value::Choice(text)
        | form::Value::NationalId(text)
        | form::Value::LegalId(text)
        | form::Value::Phone(text) => Value::Text(text),
        form::Value::Number(number) => match number.whole() {
            Some(number) => Value::Number(number),
            None => Value::Decimal { units: number.units(), digits: number.decimals() },
        },
        form::Value::Money(rials) => Value::Number(i64::try_from(*rials).ok()?),
        form::Value::Date(day) => Value::Day(*day),
        form::Value::File(_) => Value::Opaque,
        form::Value::YesNo(yes) => Value::YesNo(*yes),
        form::Value::Personal(_) => return None,
    })
}
