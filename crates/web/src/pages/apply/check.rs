//! Everything that has been said, to be looked at, changed, and handed in.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{CaseId, UnitId, definition::Level, form};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    super::{
        Frame, case::wording::code, case::wording::term, form::Form, see, shown, visit::Visit,
    },
    Drafting, about, open,
    questions::{ABOUT, PROVINCE, Question, SUBJECT, file_name, next_open, value_of},
};
use crate::{
    App,
    api::cases::{AboutName, OpenCase, open_case},
    body::Path,
    change::Terms,
    documents::HandIn,
    policy,
    problem::Problem,
    shown::Day,
};

/// A question, and what has been said to it.
#[derive(Clone, Debug)]
struct Said {
    /// Its name, by which a fault is found.
    name: String,
    title: String,
    address: String,
    /// None where nothing has been said yet.
    answer: Option<String>,
    /// How it stands.
    state: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "apply/check.html")]
struct Check {
    frame: Frame,
    procedure: String,
    address: String,
    drop: String,
    said: Vec<Said>,
    /// The next question, while there is one.
    next: Option<String>,
    kept_until: Day,
    term: String,
    /// What stands in the way as a whole, and faults that belong to no question.
    told: Option<String>,
    others: Vec<String>,
}

pub(super) async fn look(
    State(app): State<App>,
    visit: Visit,
    Path(draft): Path<Uuid>,
) -> Result<Response, Problem> {
    // Who has handed it in, and comes back, sees what came of it.
    if app.store.reading_as(&visit.viewer).draft(draft).await?.is_none()
        && app.store.sight(CaseId(draft), &visit.viewer).await?.is_some()
    {
        return Ok(see(&format!("/my/{draft}/receipt")));
    }
    let drafting = open(&app, visit, draft).await?;
    checking(&app, &drafting, None).await
}

async fn checking(
    app: &App,
    drafting: &Drafting,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let words = drafting.words();
    let questions = drafting.questions();
    let mut said = Vec::with_capacity(questions.len());
    for question in &questions {
        said.push(one(app, drafting, question).await?);
    }
    let (mut told, mut others, mut status) = (None, Vec::new(), StatusCode::OK);
    if let Some(problem) = problem {
        let problem = problem.in_language(words.0);
        status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
        told = Some(problem.title.clone());
        for fault in &problem.faults {
            let name = question_at(&fault.pointer);
            let of = said.iter_mut().find(|said| Some(&said.name) == name.as_ref());
            match of {
                Some(said) => drop(said.fault.get_or_insert(fault.detail.clone())),
                None => others.push(fault.detail.clone()),
            }
        }
        let beside = match problem.code.as_str() {
            "wrong_unit" => Some(super::questions::UNIT),
            "text_invalid" => Some(SUBJECT),
            "about_needed" | "not_the_holder" | "another_running" | "licence_expired" => {
                Some(ABOUT)
            }
            _ => None,
        };
        if let Some(said) = said.iter_mut().find(|said| Some(said.name.as_str()) == beside) {
            said.fault.get_or_insert(code(&problem.code, words));
        }
    }
    let next = next_open(&questions, &drafting.draft).map(|next| drafting.address_of(next));
    let check = Check {
        frame: drafting.frame(&String::from(words.t("apply-check"))),
        procedure: drafting.procedure(),
        address: drafting.address(""),
        drop: drafting.address("/drop"),
        said,
        next,
        kept_until: Day::at(drafting.draft.kept_until, drafting.calendar(), words),
        term: term(drafting.definition.statutory.term, words).into(),
        told,
        others,
    };
    shown(status, &drafting.visit.look, &check)
}

async fn one(app: &App, drafting: &Drafting, question: &Question) -> Result<Said, Problem> {
    let (words, definition) = (drafting.words(), &*drafting.definition);
    let name = question.name();
    let held = drafting.draft.answers.get(&name);
    let answer = match (held, question) {
        (None, _) => None,
        (Some(Value::Null), Question::Paper { required: true, .. }) => {
            Some(words.t("apply-paper-lacking").into())
        }
        (Some(Value::Null), _) => Some(words.t("apply-open").into()),
        (Some(held), Question::Province | Question::Unit) => {
            let unit = held.as_str().map(UnitId::from);
            let unit = unit.and_then(|unit| drafting.visit.viewer.organisation.get(&unit));
            unit.map(|unit| words.of(&unit.title).to_owned())
        }
        (Some(held), Question::About { .. }) => {
            let choices = about::choices(app, drafting).await?;
            about::told(&choices, held).map(|(_, told)| told)
        }
        (Some(held), Question::Subject) => held.as_str().map(str::to_owned),
        (Some(held), Question::Paper { .. }) => file_name(held).map(|file| {
            match held.get("issued").and_then(Value::as_str).and_then(|day| day.parse().ok()) {
                Some(day) => {
                    let day = Day::of(day, words).plain();
                    words.t("apply-file-issued").s("name", file).s("day", day).into()
                }
                None => file,
            }
        }),
        (Some(held), Question::Field(field)) => {
            let value = value_of(definition, &drafting.draft, field, drafting.today());
            match value {
                Some(value @ form::Value::File(_)) => Some(words.of(&value.shown(None)).to_owned()),
                Some(value) => {
                    let field = definition.field(field.as_str());
                    Some(words.of(&value.shown(field)).to_owned())
                }
                // It was right when it was said.
                None => held.as_str().map(str::to_owned),
            }
        }
    };
    let state = match &answer {
        Some(_) => words.t("apply-said"),
        None if *question == Question::Unit
            && definition.opens_at == Level::County
            && !drafting.draft.answers.contains_key(PROVINCE) =>
        {
            words.t("apply-after-province")
        }
        None => words.t("apply-not-said"),
    };
    Ok(Said {
        title: question.title(definition, words),
        address: drafting.address_of(question),
        name,
        answer,
        state: state.into(),
        fault: None,
    })
}

/// The question of which a fault speaks, by its pointer.
fn question_at(pointer: &str) -> Option<String> {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let (part, name) = (parts.next()?, parts.next());
    let name = || name.map(|name| name.replace("~1", "/").replace("~0", "~"));
    match part {
        "values" => Some(format!("v.{}", name()?)),
        "documents" => Some(format!("p.{}", name()?)),
        "about" => Some(ABOUT.to_owned()),
        "unit" => Some(super::questions::UNIT.to_owned()),
        "subject" => Some(SUBJECT.to_owned()),
        _ => None,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn hand_in(
    State(app): State<App>,
    visit: Visit,
    Path(draft): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    // Sent twice, it is handed in once: the second time leads to what came of the first.
    let receipt = format!("/my/{draft}/receipt");
    if app.store.sight(CaseId(draft), &visit.viewer).await?.is_some() {
        return Ok(see(&receipt));
    }
    let drafting = open(&app, visit, draft).await?;
    if let Some(next) = next_open(&drafting.questions(), &drafting.draft) {
        return Ok(see(&drafting.address_of(next)));
    }
    let key = Some(format!("application {draft}"));
    let terms = Terms { key, expected: None, on_behalf_of: None };
    let caller = &drafting.visit.caller;
    let opened = open_case(&app, caller, terms, CaseId(draft), application(&drafting)).await;
    match opened {
        Ok(_) => {
            app.store.drop_draft(draft, caller.person).await?;
            Ok(see(&receipt))
        }
        Err(problem) if (400..500).contains(&problem.status) && problem.status != 404 => {
            checking(&app, &drafting, Some(problem)).await
        }
        Err(problem) => {
            // Of two that came at once the other may have handed it in.
            let seen = policy::see(&app, &drafting.visit.viewer, CaseId(draft)).await;
            if seen.is_ok() { Ok(see(&receipt)) } else { Err(problem) }
        }
    }
}

/// What the draft says, as the API takes it.
fn application(drafting: &Drafting) -> OpenCase {
    let answers = &drafting.draft.answers;
    let (mut values, mut documents) = (Map::new(), BTreeMap::new());
    for question in drafting.questions() {
        let Some(answer) = answers.get(&question.name()) else { continue };
        let upload = || answer.get("upload").and_then(Value::as_str)?.parse::<Uuid>().ok();
        match question {
            Question::Field(name) => match upload() {
                Some(upload) => drop(values.insert(name.to_string(), json!({ "upload": upload }))),
                None if answer.is_null() => {}
                None => drop(values.insert(name.to_string(), answer.clone())),
            },
            Question::Paper { kind, .. } => {
                let Some(upload) = upload() else { continue };
                let issued = answer.get("issued").and_then(Value::as_str).map(str::to_owned);
                let copies = drafting.definition.documents.get(&kind).map(|kind| kind.copies);
                documents.insert(kind.to_string(), HandIn { upload, issued, copies });
            }
            Question::Province | Question::Unit | Question::About { .. } | Question::Subject => {}
        }
    }
    let about = answers.get(ABOUT).and_then(Value::as_object);
    let about = about.and_then(|about| {
        let (kind, of) = about.iter().next()?;
        match kind.as_str() {
            "licence" => Some(AboutName::Licence(of.as_str()?.to_owned())),
            _ => Some(AboutName::Case(of.as_str()?.parse().ok()?)),
        }
    });
    OpenCase {
        workflow: drafting.definition.id.to_string(),
        version: Some(drafting.definition.version),
        unit: drafting.unit().map(|unit| unit.to_string()).unwrap_or_default(),
        applicant: None,
        subject: answers.get(SUBJECT).and_then(Value::as_str).unwrap_or_default().to_owned(),
        received_at: None,
        reason: None,
        values,
        documents,
        about,
    }
}
