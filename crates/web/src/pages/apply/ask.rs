//! One question: what is asked, what can be said, and what has been said.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{
    definition::Level,
    form::{FieldKind, Required},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{Frame, licences::paper_notes, see, shown, visit::Visit},
    Drafting, about, open,
    questions::{PROVINCE, Question, by_name, file_name, is_needed},
};
use crate::{App, body::Path, problem::Problem};

/// How a question is answered.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A line; from left to right for numbers and codes.
    Line { ltr: bool, numeric: bool, day: bool },
    /// Several lines.
    Text,
    /// One of a few.
    Choice(Vec<(String, String)>),
    /// One of many.
    Select(Vec<(String, String)>),
    /// A file, and the day of its issue where that counts.
    File { before: Option<String>, needs_day: bool, issued: String },
}

/// What stands on the page of a question.
#[derive(Template)]
#[template(path = "apply/ask.html")]
pub(super) struct Ask {
    frame: Frame,
    procedure: String,
    address: String,
    back: Option<String>,
    overview: String,
    /// Which one it is, of how many.
    place: String,
    question: String,
    hints: Vec<String>,
    optional: bool,
    input: Input,
    value: String,
    /// What is wrong with what was said; beside the input, and above.
    pub(super) fault: Option<String>,
    /// The same of the day of issue.
    pub(super) day_fault: Option<String>,
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Path((draft, name)): Path<(Uuid, String)>,
) -> Result<Response, Problem> {
    let drafting = open(&app, visit, draft).await?;
    let questions = drafting.questions();
    let Some(question) = questions.iter().find(|question| question.name() == name) else {
        // It is not asked, or not any more: what was said elsewhere has changed.
        return Ok(see(&drafting.address("")));
    };
    if *question == Question::Unit && needs_province(&drafting) {
        return Ok(see(&drafting.address_of(&Question::Province)));
    }
    asked(&app, &drafting, &questions, question).await?.answer(&drafting, StatusCode::OK)
}

/// Whether the province is to be chosen before.
fn needs_province(drafting: &Drafting) -> bool {
    drafting.definition.opens_at == Level::County && !drafting.draft.answers.contains_key(PROVINCE)
}

impl Ask {
    /// With what was typed, where that was not taken.
    pub(super) fn with(self, value: &str, day: &str) -> Self {
        let input = match self.input {
            Input::File { before, needs_day, .. } => {
                Input::File { before, needs_day, issued: day.to_owned() }
            }
            other => other,
        };
        Self { input, value: value.to_owned(), ..self }
    }

    pub(super) fn answer(
        self,
        drafting: &Drafting,
        status: StatusCode,
    ) -> Result<Response, Problem> {
        shown(status, &drafting.visit.look, &self)
    }
}

/// The page of a question.
///
/// # Errors
/// The store's.
pub(super) async fn asked(
    app: &App,
    drafting: &Drafting,
    questions: &[Question],
    question: &Question,
) -> Result<Ask, Problem> {
    let (words, definition) = (drafting.words(), &*drafting.definition);
    let at = questions.iter().position(|one| one == question).unwrap_or_default();
    let said = drafting.draft.answers.get(&question.name());
    let text = || said.and_then(Value::as_str).unwrap_or_default().to_owned();
    let title = question.title(definition, words);
    let (mut hints, mut optional) = (Vec::new(), false);
    let (input, value) = match question {
        Question::Province => (Input::Select(units(drafting, Level::Province, None)), text()),
        Question::Unit => {
            hints.push(words.t("apply-unit-hint").into());
            let province = drafting.draft.answers.get(PROVINCE).and_then(Value::as_str);
            (Input::Select(units(drafting, definition.opens_at, province)), text())
        }
        Question::About { required } => {
            optional = !required;
            let choices = about::choices(app, drafting).await?;
            let before = said.and_then(|said| about::told(&choices, said));
            let value = before.map(|(sent, _)| sent).unwrap_or_default();
            let anybodys = definition.about.as_ref().is_some_and(|about| {
                !about.same_applicant
                    && matches!(about.what, parvaneh_core::definition::AboutWhat::Licence { .. })
            });
            if anybodys {
                hints.push(words.t("apply-about-number").into());
                let number = value.strip_prefix("licence:").unwrap_or(&value).to_owned();
                (Input::Line { ltr: true, numeric: false, day: false }, number)
            } else {
                if choices.is_empty() {
                    hints.push(words.t("apply-about-none").into());
                }
                (Input::Choice(choices), value)
            }
        }
        Question::Subject => {
            hints.push(words.t("apply-subject-hint").into());
            (Input::Line { ltr: false, numeric: false, day: false }, text())
        }
        Question::Field(name) => {
            let Some(field) = definition.field(name.as_str()) else {
                return Err(Problem::not_found());
            };
            optional = match field.required {
                Required::Always => false,
                Required::No => true,
                Required::If(_) => !is_needed(definition, field, &drafting.draft, drafting.today()),
            };
            hints.extend(hints_of(drafting, &field.kind));
            let before = said.and_then(file_name);
            (input_of(drafting, &field.kind, before), text())
        }
        Question::Paper { kind, required } => {
            optional = !required;
            let Some(known) = definition.documents.get(kind) else {
                return Err(Problem::not_found());
            };
            if *required {
                hints.push(words.t("apply-paper-needed").into());
            }
            let longest = app.settings.documents.longest;
            hints.extend(paper_notes(definition, known, longest, words));
            let issued = said.and_then(|said| said.get("issued")).and_then(Value::as_str);
            let input = Input::File {
                before: said.and_then(file_name),
                needs_day: known.valid_for.is_some(),
                issued: issued.unwrap_or_default().to_owned(),
            };
            (input, String::new())
        }
    };
    let before = at.checked_sub(1).and_then(|before| questions.get(before));
    let place = words.t("apply-place").n("number", at + 1).n("all", questions.len());
    Ok(Ask {
        frame: drafting.frame(&title),
        procedure: drafting.procedure(),
        address: drafting.address_of(question),
        back: before.map(|before| drafting.address_of(before)),
        overview: drafting.address(""),
        place: place.into(),
        question: title,
        hints,
        optional,
        input,
        value,
        fault: None,
        day_fault: None,
    })
}

fn units(drafting: &Drafting, level: Level, within: Option<&str>) -> Vec<(String, String)> {
    let (words, organisation) = (drafting.words(), &drafting.visit.viewer.organisation);
    let units = organisation.units().filter(|unit| {
        unit.level == level
            && within.is_none_or(|within| organisation.contains(&within.into(), &unit.id))
    });
    let units = by_name(units, words).into_iter();
    units.map(|unit| (unit.id.to_string(), words.of(&unit.title).to_owned())).collect()
}

fn hints_of(drafting: &Drafting, kind: &FieldKind) -> Vec<String> {
    super::super::licences::notes(kind, drafting.words())
}

fn input_of(drafting: &Drafting, kind: &FieldKind, before: Option<String>) -> Input {
    let words = drafting.words();
    let line = |numeric| Input::Line { ltr: true, numeric, day: false };
    match kind {
        FieldKind::Text { max, .. } if max.is_none_or(|max| max > 200) => Input::Text,
        FieldKind::Text { .. } => Input::Line { ltr: false, numeric: false, day: false },
        FieldKind::Number { .. }
        | FieldKind::Money { .. }
        | FieldKind::NationalId
        | FieldKind::LegalId
        | FieldKind::Phone => line(true),
        FieldKind::Date { .. } => Input::Line { ltr: true, numeric: false, day: true },
        FieldKind::Choice { choices } => {
            let choices = choices.iter();
            let choices = choices.map(|(id, title)| (id.clone(), words.of(title).to_owned()));
            Input::Choice(choices.collect())
        }
        FieldKind::YesNo => Input::Choice(vec![
            ("yes".to_owned(), words.t("input-yes").into()),
            ("no".to_owned(), words.t("input-no").into()),
        ]),
        FieldKind::File => Input::File { before, needs_day: false, issued: String::new() },
    }
}
