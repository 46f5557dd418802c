//! What is asked for an application, one question a page: where it goes, of what it speaks, what it is
//! about, each field, each paper. All of it follows from the definition.

use chrono::NaiveDate;
use parvaneh_core::{
    Definition, DocumentId, FieldId, Unit,
    definition::{Level, StepKind},
    form::{self, Field, FileReference, Required, checklist},
};
use parvaneh_store::ApplicationDraft;
use serde_json::Value;

use crate::say::Words;

/// Where the answer to a question stands in a draft, of those that are no fields or papers.
pub(super) const PROVINCE: &str = "province";
/// The unit that receives the application.
pub(super) const UNIT: &str = "unit";
/// Of what it speaks.
pub(super) const ABOUT: &str = "about";
/// What it is about, in the applicant's words.
pub(super) const SUBJECT: &str = "subject";

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// In which province; only where a county receives it.
    Province,
    /// At which unit.
    Unit,
    /// Of which licence or which other case it speaks.
    About {
        /// Whether it must speak of one.
        required: bool,
    },
    /// What it is about.
    Subject,
    /// A field of the form.
    Field(FieldId),
    /// A paper.
    Paper {
        /// Its kind.
        kind: DocumentId,
        /// Whether it is asked for, and not only taken.
        required: bool,
    },
}

impl Question {
    /// Its name, in addresses and in drafts.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Province => PROVINCE.to_owned(),
            Self::Unit => UNIT.to_owned(),
            Self::About { .. } => ABOUT.to_owned(),
            Self::Subject => SUBJECT.to_owned(),
            Self::Field(field) => format!("v.{field}"),
            Self::Paper { kind, .. } => format!("p.{kind}"),
        }
    }

    /// What it is called in a list.
    pub(super) fn title(&self, definition: &Definition, words: Words) -> String {
        match self {
            Self::Province => words.t("apply-province").into(),
            Self::Unit => words.t("apply-unit").into(),
            Self::About { .. } => words.t("apply-about").into(),
            Self::Subject => words.t("apply-subject").into(),
            Self::Field(name) => {
                let field = definition.field(name.as_str());
                field.map_or_else(|| name.to_string(), |field| words.of(&field.title).to_owned())
            }
            Self::Paper { kind, .. } => {
                let known = definition.documents.get(kind);
                known.map_or_else(|| kind.to_string(), |known| words.of(&known.title).to_owned())
            }
        }
    }
}

/// The questions that a draft has to answer, in their order. A field that is asked for only under a
/// condition is left out as long as that does not hold.
pub(super) fn questions(
    definition: &Definition,
    draft: &ApplicationDraft,
    today: NaiveDate,
) -> Vec<Question> {
    let mut questions = Vec::new();
    if let Some(about) = &definition.about {
        questions.push(Question::About { required: about.required });
    }
    match definition.opens_at {
        Level::County => questions.extend([Question::Province, Question::Unit]),
        Level::Province => questions.push(Question::Unit),
        // There is one.
        Level::National => {}
    }
    questions.push(Question::Subject);
    let fields = definition.application.as_ref().and_then(|form| definition.forms.get(form));
    let fields = fields.into_iter().flat_map(|form| &form.fields);
    let fields = fields.filter(|(_, field)| field.computed.is_none());
    let asked = fields.filter(|(_, field)| match field.required {
        Required::If(_) => is_needed(definition, field, draft, today),
        Required::Always | Required::No => true,
    });
    questions.extend(asked.map(|(name, _)| Question::Field(name.clone())));
    questions.extend(
        papers(definition).into_iter().map(|(kind, required)| Question::Paper { kind, required }),
    );
    questions
}

/// Whether a field must be filled in, after what the draft says of others.
pub(super) fn is_needed(
    definition: &Definition,
    field: &Field,
    draft: &ApplicationDraft,
    today: NaiveDate,
) -> bool {
    let Required::If(conditions) = &field.required else {
        return field.required == Required::Always;
    };
    conditions.iter().all(|condition| {
        let held = value_of(definition, draft, &condition.field, today);
        held.is_some_and(|held| condition.values.contains(&held))
    })
}

/// What a draft says in a field.
pub(super) fn value_of(
    definition: &Definition,
    draft: &ApplicationDraft,
    name: &FieldId,
    today: NaiveDate,
) -> Option<form::Value> {
    let field = definition.field(name.as_str())?;
    let typed = draft.answers.get(&format!("v.{name}"))?;
    if let Some(name) = file_name(typed) {
        // What the content is, the store knows; here only that there is one.
        let (media_type, sha256) = (String::new(), String::new());
        return Some(form::Value::File(FileReference { name, media_type, size: 0, sha256 }));
    }
    form::read_text(&field.kind, typed.as_str()?, today).ok()
}

/// What the file of an answer is called.
pub(super) fn file_name(answer: &Value) -> Option<String> {
    answer.get("upload")?;
    Some(answer.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// The papers that whoever first looks at an application asks for.
fn papers(definition: &Definition) -> Vec<(DocumentId, bool)> {
    let step = definition.steps.get(&definition.first).and_then(|first| match &first.kind {
        StepKind::Automatic(exits) => definition.steps.get(&exits.first()?.to),
        _ => Some(first),
    });
    let list = step.map(|step| checklist(step, None)).unwrap_or_default();
    list.into_iter().map(|(kind, required)| (kind.clone(), required)).collect()
}

/// The first question that nothing has been said to yet.
pub(super) fn next_open<'q>(
    questions: &'q [Question],
    draft: &ApplicationDraft,
) -> Option<&'q Question> {
    questions.iter().find(|question| !is_answered(draft, &question.name()))
}

/// Whether something has been said to a question; what is blank was taken back.
pub(super) fn is_answered(draft: &ApplicationDraft, name: &str) -> bool {
    draft.answers.get(name).is_some_and(|answer| answer.as_str() != Some(""))
}

/// The units among which somebody chooses, by name.
pub(super) fn by_name<'u>(units: impl Iterator<Item = &'u Unit>, words: Words) -> Vec<&'u Unit> {
    let mut units: Vec<_> = units.collect();
    units.sort_by(|one, other| words.of(&one.title).cmp(words.of(&other.title)));
    units
}
