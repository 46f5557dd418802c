//! Taking the answer to one question: read as the rules read it, kept in the draft, then on to the next.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::StatusCode,
    response::Response,
};
use chrono::NaiveDate;
use parvaneh_core::{
    definition::Level,
    form::{self, DateBound, DocumentKind, FieldKind, Required},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    super::{
        case::{Sent, wording::code},
        see,
        visit::Visit,
    },
    Drafting, about,
    ask::asked,
    open,
    questions::{PROVINCE, Question, UNIT, file_name, is_needed, next_open},
};
use crate::{App, body::Path, problem::Problem};

/// The name of the input of every question.
const ANSWER: &str = "answer";
/// The name of the input for the day of issue of a paper.
const ISSUED: &str = "issued";
/// As long as what an application is about may be, in characters.
const LONGEST_SUBJECT: usize = 2_000;

/// What is wrong with an answer.
struct Wrong {
    told: String,
    /// Whether it is the day of issue.
    of_day: bool,
    status: StatusCode,
}

impl Wrong {
    fn new(told: impl Into<String>) -> Self {
        Self { told: told.into(), of_day: false, status: StatusCode::UNPROCESSABLE_ENTITY }
    }
}

pub(super) async fn take(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let visit = Visit::from_request_parts(&mut parts, &app).await?;
    let Path((draft, name)): Path<(Uuid, String)> =
        Path::from_request_parts(&mut parts, &app).await?;
    // Before anything is taken from somebody whose draft it is not.
    let mut drafting = open(&app, visit, draft).await?;
    let questions = drafting.questions();
    let Some(question) = questions.iter().find(|question| question.name() == name).cloned() else {
        return Ok(see(&drafting.address("")));
    };
    let paper = paper_of(&drafting, &question);
    let request = Request::from_parts(parts, body);
    let sent = Sent::read_papers(&app, &drafting.visit.caller, request, |_| paper.clone()).await?;
    let answers = match answers(&app, &drafting, &question, &sent).await? {
        Ok(answers) => answers,
        Err(wrong) => {
            let page = asked(&app, &drafting, &questions, &question).await?;
            let typed = |name| sent.text(name).unwrap_or_default();
            let mut page = page.with(typed(ANSWER), typed(ISSUED));
            let fault = if wrong.of_day { &mut page.day_fault } else { &mut page.fault };
            *fault = Some(wrong.told);
            return page.answer(&drafting, wrong.status);
        }
    };
    let person = drafting.visit.caller.person;
    let kept = app.store.answer_draft(drafting.draft.id, person, answers).await?;
    drafting.draft = kept.ok_or_else(Problem::not_found)?;
    // What has been said may ask for something more, or for less.
    let questions = drafting.questions();
    Ok(see(&match next_open(&questions, &drafting.draft) {
        Some(next) => drafting.address_of(next),
        None => drafting.address(""),
    }))
}

/// What is taken as the file of that question.
fn paper_of(drafting: &Drafting, question: &Question) -> Option<DocumentKind> {
    match question {
        Question::Paper { kind, .. } => drafting.definition.documents.get(kind).cloned(),
        _ => None,
    }
}

/// The answer as a draft keeps it, or what is wrong with it.
///
/// # Errors
/// The store's.
async fn answers(
    app: &App,
    drafting: &Drafting,
    question: &Question,
    sent: &Sent,
) -> Result<Result<Map<String, Value>, Wrong>, Problem> {
    let words = drafting.words();
    let typed = sent.text(ANSWER);
    let needed = || Ok(Err(Wrong::new(words.t("apply-needed"))));
    let one = |answer: Value| Ok(Ok(Map::from_iter([(question.name(), answer)])));
    match question {
        Question::Province | Question::Unit => {
            let level = match question {
                Question::Province => Level::Province,
                _ => drafting.definition.opens_at,
            };
            let organisation = &drafting.visit.viewer.organisation;
            let chosen = typed.and_then(|chosen| organisation.get(&chosen.into()));
            let Some(chosen) = chosen.filter(|unit| unit.level == level) else {
                return Ok(Err(Wrong::new(words.t("apply-choose"))));
            };
            let mut answers = Map::from_iter([(question.name(), json!(chosen.id))]);
            match question {
                // Its counties are others.
                Question::Province
                    if drafting
                        .unit()
                        .is_some_and(|unit| !organisation.contains(&chosen.id, &unit)) =>
                {
                    answers.insert(UNIT.to_owned(), json!(""));
                }
                Question::Unit if level == Level::County => {
                    let above = organisation.path(&chosen.id).find(|above| {
                        organisation.get(above).is_some_and(|unit| unit.level == Level::Province)
                    });
                    answers.extend(above.map(|above| (PROVINCE.to_owned(), json!(above))));
                }
                _ => {}
            }
            Ok(Ok(answers))
        }
        Question::About { required } => {
            let choices = about::choices(app, drafting).await?;
            match typed.and_then(|sent| about::chosen(drafting, &choices, sent)) {
                Some(answer) => one(answer),
                None if typed.is_none() && !required => one(Value::Null),
                None => Ok(Err(Wrong::new(words.t("apply-choose")))),
            }
        }
        Question::Subject => match typed {
            None => needed(),
            Some(subject) if subject.chars().count() > LONGEST_SUBJECT => {
                Ok(Err(Wrong::new(words.t("apply-too-long").n("count", LONGEST_SUBJECT))))
            }
            // As the rules will read it.
            Some(subject) => match form::read_text(
                &FieldKind::Text { min: None, max: None },
                subject,
                drafting.today(),
            ) {
                Ok(form::Value::Text(subject)) => one(json!(subject)),
                Ok(_) => needed(),
                Err((_, text)) => Ok(Err(Wrong::new(words.of(&text)))),
            },
        },
        Question::Field(name) => {
            let Some(field) = drafting.definition.field(name.as_str()) else {
                return Err(Problem::not_found());
            };
            if field.kind == FieldKind::File {
                let optional = field.required == Required::No;
                return Ok(file(drafting, question, sent, optional, Map::new()));
            }
            let today = drafting.today();
            match typed {
                None if is_needed(&drafting.definition, field, &drafting.draft, today) => needed(),
                None => one(Value::Null),
                Some(typed) => match form::read_text(&field.kind, typed, today) {
                    Ok(_) => one(json!(typed)),
                    Err((_, text)) => Ok(Err(Wrong::new(words.of(&text)))),
                },
            }
        }
        Question::Paper { kind, .. } => {
            let mut more = Map::new();
            let known = drafting.definition.documents.get(kind);
            let has = sent.upload(ANSWER).is_some() || before(drafting, question).is_some();
            if has && known.is_some_and(|known| known.valid_for.is_some()) {
                let read = match sent.text(ISSUED) {
                    None => Err(words.t("apply-issued-needed").into()),
                    Some(typed) => day(drafting, typed),
                };
                match read {
                    Ok(day) => drop(more.insert(ISSUED.to_owned(), json!(day))),
                    Err(told) => {
                        let wrong = Wrong { of_day: true, ..Wrong::new(told) };
                        // The file that came with it is not asked for again.
                        return Ok(match file(drafting, question, sent, true, Map::new()) {
                            Err(other) => Err(other),
                            Ok(_) => Err(wrong),
                        });
                    }
                }
            }
            // Whoever lacks a paper applies all the same: what that means, the rules and the office say.
            Ok(file(drafting, question, sent, true, more))
        }
    }
}

/// A day of issue, in either calendar: not later than today.
fn day(drafting: &Drafting, typed: &str) -> Result<NaiveDate, String> {
    let kind = FieldKind::Date { min: None, max: Some(DateBound::Today) };
    match form::read_text(&kind, typed, drafting.today()) {
        Ok(form::Value::Date(day)) => Ok(day),
        Ok(_) => Err(drafting.words().t("apply-issued-needed").into()),
        Err((_, text)) => Err(drafting.words().of(&text).to_owned()),
    }
}

/// The file that a draft has as the answer to that question.
fn before<'d>(drafting: &'d Drafting, question: &Question) -> Option<&'d Value> {
    drafting.draft.answers.get(&question.name()).filter(|said| file_name(said).is_some())
}

/// A file as a draft keeps it: the one that was sent, or the one that was there.
fn file(
    drafting: &Drafting,
    question: &Question,
    sent: &Sent,
    optional: bool,
    more: Map<String, Value>,
) -> Result<Map<String, Value>, Wrong> {
    let words = drafting.words();
    if let Some((_, problem)) = sent.refused() {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        return Err(Wrong { status, ..Wrong::new(code(&problem.code, words)) });
    }
    let mut answer = match (sent.upload(ANSWER), before(drafting, question)) {
        (Some(upload), _) => {
            let name = sent.text(&format!("name.{ANSWER}")).unwrap_or_default();
            Map::from_iter([("upload".to_owned(), json!(upload)), ("name".to_owned(), json!(name))])
        }
        (None, Some(Value::Object(before))) => before.clone(),
        (None, _) if optional => return Ok(Map::from_iter([(question.name(), Value::Null)])),
        (None, _) => return Err(Wrong::new(words.t("apply-choose-file"))),
    };
    answer.extend(more);
    Ok(Map::from_iter([(question.name(), Value::Object(answer))]))
}
