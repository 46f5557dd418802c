//! What somebody has to bring: fields and papers, in words.

use parvaneh_core::{
    Definition, DocumentId, TermUnit,
    form::{DocumentKind, Field, FieldKind, Form, Required, Value},
};

use super::super::case::wording::counted;
use crate::say::Words;

/// Something that is filled in.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) title: String,
    /// Whether it must be: in words.
    pub(super) needed: String,
    /// What can stand there, and what cannot.
    pub(super) notes: Vec<String>,
    /// Of what one chooses.
    pub(super) choices: Vec<String>,
}

/// A paper that is handed in.
#[derive(Clone, Debug)]
pub(super) struct PaperAsked {
    pub(super) title: String,
    pub(super) needed: String,
    pub(super) notes: Vec<String>,
}

/// The fields of a form that somebody fills in.
pub(super) fn fields(definition: &Definition, form: &Form, words: Words) -> Vec<Asked> {
    let typed = form.fields.values().filter(|field| field.computed.is_none());
    typed.map(|field| asked(definition, field, words)).collect()
}

fn asked(definition: &Definition, field: &Field, words: Words) -> Asked {
    let choices = match &field.kind {
        FieldKind::Choice { choices } => {
            choices.values().map(|title| words.of(title).to_owned()).collect()
        }
        _ => Vec::new(),
    };
    Asked {
        title: words.of(&field.title).to_owned(),
        needed: needed(definition, &field.required, words),
        notes: notes(&field.kind, words),
        choices,
    }
}

/// When something must be filled in.
fn needed(definition: &Definition, required: &Required, words: Words) -> String {
    match required {
        Required::Always => words.t("needs-required").into(),
        Required::No => words.t("needs-optional").into(),
        Required::If(conditions) => {
            let or = format!(" {} ", words.t("needs-or"));
            let and = format!(" {} ", words.t("needs-and"));
            let told = conditions.iter().filter_map(|condition| {
                let field = definition.field(condition.field.as_str())?;
                let values: Vec<String> = condition
                    .values
                    .iter()
                    .map(|value| words.of(&value.shown(Some(field))).to_owned())
                    .collect();
                let is = words.t("needs-is").s("field", words.of(&field.title));
                Some(String::from(is.s("value", values.join(&or))))
            });
            let told = told.collect::<Vec<_>>().join(&and);
            words.t("needs-if").s("condition", told).into()
        }
    }
}

/// What is said of a kind of field: bounds, and how it is written.
pub(in crate::pages) fn notes(kind: &FieldKind, words: Words) -> Vec<String> {
    let shown = |value: Value| words.of(&value.shown(None)).to_owned();
    let at_least = |value: Value| String::from(words.t("needs-least").s("value", shown(value)));
    let at_most = |value: Value| String::from(words.t("needs-most").s("value", shown(value)));
    let bounds = |min: Option<Value>, max: Option<Value>| {
        min.map(at_least).into_iter().chain(max.map(at_most)).collect::<Vec<_>>()
    };
    match kind {
        FieldKind::Text { max, .. } => {
            max.iter().map(|max| words.t("needs-letters").n("count", *max).into()).collect()
        }
        FieldKind::Number { min, max, .. } => {
            bounds(min.map(Value::Number), max.map(Value::Number))
        }
        FieldKind::Money { min, max } => bounds(min.map(Value::Money), max.map(Value::Money)),
        FieldKind::NationalId => vec![words.t("needs-national-id").into()],
        FieldKind::LegalId => vec![words.t("needs-legal-id").into()],
        FieldKind::Date { .. } => vec![words.t("needs-date").into()],
        FieldKind::File => vec![words.t("needs-file").into()],
        FieldKind::Choice { .. } | FieldKind::Phone | FieldKind::YesNo => Vec::new(),
    }
}

/// A paper, as a step or an action asks for it. `longest` is how many bytes any file may have.
pub(super) fn paper(
    definition: &Definition,
    document: &DocumentId,
    required: bool,
    longest: u64,
    words: Words,
) -> Option<PaperAsked> {
    let kind = definition.documents.get(document)?;
    let needed = match required {
        true => words.t("needs-required"),
        false => words.t("needs-optional"),
    };
    Some(PaperAsked {
        title: words.of(&kind.title).to_owned(),
        needed: needed.into(),
        notes: paper_notes(definition, kind, longest, words),
    })
}

/// What is said of a kind of paper: copies, validity, types, size, and who looks at it.
pub(in crate::pages) fn paper_notes(
    definition: &Definition,
    kind: &DocumentKind,
    longest: u64,
    words: Words,
) -> Vec<String> {
    let mut notes = Vec::new();
    if kind.copies > 1 {
        notes.push(words.t("paper-copies").n("count", kind.copies).into());
    }
    if let Some(term) = kind.valid_for {
        let lasts = counted(u64::from(term.count), TermUnit::Days, words);
        notes.push(words.t("paper-lasts").s("term", lasts).into());
    }
    if !kind.types.is_empty() {
        notes.push(words.t("paper-types").s("types", kind.taken_types()).into());
    }
    let longest = kind.longest.map_or(longest, |own| own.min(longest));
    notes.push(words.t("paper-size").n("count", longest.div_ceil(1024 * 1024)).into());
    let role = kind.verified_by.as_ref().and_then(|role| definition.roles.get(role));
    if let Some(role) = role {
        notes.push(words.t("paper-looked-at").s("role", words.of(&role.title)).into());
    }
    notes
}
