//! Beginning an application, going on with one, and throwing one away.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{WorkflowId, definition::AboutWhat};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    super::{
        Frame, form::Form, licences::open_to_applicant, look::in_query, page, see, shown,
        visit::Visit,
    },
    MOST, open,
    questions::{ABOUT, SUBJECT},
};
use crate::{
    App,
    body::{Path, Query},
    problem::Problem,
    shown::Day,
};

/// An application that somebody has begun, in a list.
#[derive(Clone, Debug)]
pub(in crate::pages) struct Begun {
    pub(in crate::pages) address: String,
    pub(in crate::pages) drop: String,
    pub(in crate::pages) procedure: String,
    /// What it is about, where he has said it.
    pub(in crate::pages) subject: Option<String>,
    pub(in crate::pages) kept_until: Day,
}

/// What somebody has begun, the last changed first; of one procedure, or of all.
///
/// # Errors
/// The store's.
pub(in crate::pages) async fn begun(
    app: &App,
    visit: &Visit,
    only: Option<&WorkflowId>,
) -> Result<Vec<Begun>, Problem> {
    let words = visit.look.words;
    let drafts = app.store.reading_as(&visit.viewer).drafts_of(visit.caller.person).await?;
    let mut begun = Vec::new();
    for draft in drafts.into_iter().filter(|draft| only.is_none_or(|of| draft.workflow == *of)) {
        let Ok(definition) = open_to_applicant(app, draft.workflow.as_str()).await else {
            // It has been retired: nothing can come of the draft any more.
            continue;
        };
        let calendars = app.store.calendars(&definition.calendar).await?;
        begun.push(Begun {
            address: format!("/drafts/{}", draft.id),
            drop: format!("/drafts/{}/drop", draft.id),
            procedure: words.of(&definition.title).to_owned(),
            subject: draft.answers.get(SUBJECT).and_then(Value::as_str).map(str::to_owned),
            kept_until: Day::at(draft.kept_until, calendars.national(), words),
        });
    }
    Ok(begun)
}

/// Of what the application is to speak, where one comes from there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Of {
    /// The number of a licence.
    licence: Option<String>,
    /// A case.
    case: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "apply/begin.html")]
struct Begin {
    frame: Frame,
    workflow: String,
    procedure: String,
    of: Of,
    begun: Vec<Begun>,
    /// Why nothing more can be begun.
    told: Option<String>,
}

pub(super) async fn look(
    State(app): State<App>,
    visit: Visit,
    Path(workflow): Path<String>,
    Query(of): Query<Of>,
) -> Result<Response, Problem> {
    beginning(&app, &visit, &workflow, of, None).await
}

async fn beginning(
    app: &App,
    visit: &Visit,
    workflow: &str,
    of: Of,
    told: Option<String>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let definition = open_to_applicant(app, workflow).await?;
    let status = if told.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let begin = Begin {
        frame: visit.frame(words.t("apply-title")),
        workflow: in_query(workflow),
        procedure: words.of(&definition.title).to_owned(),
        of,
        begun: begun(app, visit, Some(&definition.id)).await?,
        told,
    };
    shown(status, &visit.look, &begin)
}

#[expect(clippy::disallowed_methods, reason = "the edge: a draft has an identifier")]
pub(super) async fn begin(
    State(app): State<App>,
    visit: Visit,
    Path(workflow): Path<String>,
    Form(of): Form<Of>,
) -> Result<Response, Problem> {
    let definition = open_to_applicant(&app, &workflow).await?;
    let mut answers = Map::new();
    // What it may speak of, the question asks and the rules judge.
    let about = match definition.about.as_ref().map(|about| &about.what) {
        Some(AboutWhat::Licence { .. }) => {
            let number = of.licence.as_deref().map(str::trim).filter(|number| !number.is_empty());
            number.map(|number| json!({ "licence": number }))
        }
        Some(AboutWhat::Case { .. }) => of.case.map(|case| json!({ "case": case })),
        None => None,
    };
    if let Some(about) = about {
        answers.insert(ABOUT.to_owned(), about);
    }
    let id = Uuid::now_v7();
    let person = visit.caller.person;
    match app.store.begin_draft(id, person, &definition.id, answers, MOST).await? {
        true => Ok(see(&format!("/drafts/{id}"))),
        false => {
            let told = visit.look.words.t("apply-too-many").n("count", MOST).into();
            beginning(&app, &visit, &workflow, of, Some(told)).await
        }
    }
}

#[derive(Template)]
#[template(path = "apply/drop.html")]
struct Sure {
    frame: Frame,
    address: String,
    back: String,
    procedure: String,
    subject: Option<String>,
}

pub(super) async fn sure(
    State(app): State<App>,
    visit: Visit,
    Path(draft): Path<Uuid>,
) -> Result<Response, Problem> {
    let drafting = open(&app, visit, draft).await?;
    let sure = Sure {
        frame: drafting.frame(&String::from(drafting.words().t("apply-drop"))),
        address: drafting.address("/drop"),
        back: drafting.address(""),
        procedure: drafting.procedure(),
        subject: drafting.draft.answers.get(SUBJECT).and_then(Value::as_str).map(str::to_owned),
    };
    page(&drafting.visit.look, &sure)
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn drop_it(
    State(app): State<App>,
    visit: Visit,
    Path(draft): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match app.store.drop_draft(draft, visit.caller.person).await? {
        true => Ok(see("/my")),
        false => Err(Problem::not_found()),
    }
}
