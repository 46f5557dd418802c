//! What anybody can know: which licences there are, what each needs, how long it takes; and whether one that
//! was granted is in force. Everything is said by the definition itself; how long it took lately is told only of so many
//! that it is told of nobody.

mod check;
mod paper;
mod procedure;
mod requirements;
mod said;

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Definition, WorkflowId,
    definition::{AboutWhat, Initiative, Level},
};

use super::{Frame, case::wording::term, page, routes::Pages, visit::Passer};
use crate::{
    App,
    problem::Problem,
    say::{Said, Words},
};

pub use self::paper::LicenceTypesetter;
pub(crate) use self::paper::licence_pdf;
pub(super) use self::{
    requirements::{notes, paper_notes},
    said::{papers, standing},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/licences", list)
        .get("/licences/{workflow}", procedure::procedure)
        .get("/check", check::ask)
        .get("/check/{number}", check::check)
}

/// The procedures that an applicant can begin, by the latest version in use of each.
///
/// # Errors
/// The store's.
pub(super) async fn open_to_applicants(app: &App) -> Result<Vec<Arc<Definition>>, Problem> {
    let mut open = Vec::new();
    for name in app.store.workflows_in_use().await? {
        let definition = app.store.definition(&name, None).await?;
        if definition.initiative == Initiative::Applicant {
            open.push(definition);
        }
    }
    Ok(open)
}

/// One that an applicant can begin.
///
/// # Errors
/// `not_found`, also for one that only the authority begins.
pub(super) async fn open_to_applicant(
    app: &App,
    workflow: &str,
) -> Result<Arc<Definition>, Problem> {
    let definition = app.store.definition(&WorkflowId::from(workflow), None).await?;
    match definition.initiative {
        Initiative::Applicant => Ok(definition),
        Initiative::Authority => Err(Problem::not_found()),
    }
}

/// At which kind of office one applies.
pub(super) fn office(level: Level, words: Words) -> Said {
    match level {
        Level::County => words.t("licences-at-county"),
        Level::Province => words.t("licences-at-province"),
        Level::National => words.t("licences-at-national"),
    }
}

/// A procedure in the list.
#[derive(Clone, Debug)]
struct Item {
    address: String,
    title: String,
    term: String,
    office: String,
}

#[derive(Template)]
#[template(path = "licences/list.html")]
struct List {
    frame: Frame,
    /// What is asked for without anything before it, by who has a licence, and about an application.
    groups: Vec<(Said, Vec<Item>)>,
}

async fn list(State(app): State<App>, passer: Passer) -> Result<Response, Problem> {
    let words = passer.look().words;
    let (mut first, mut held, mut about) = (Vec::new(), Vec::new(), Vec::new());
    for definition in open_to_applicants(&app).await? {
        let item = Item {
            address: format!("/licences/{}", definition.id),
            title: words.of(&definition.title).to_owned(),
            term: term(definition.statutory.term, words).into(),
            office: office(definition.opens_at, words).into(),
        };
        match definition.about.as_ref().map(|about| &about.what) {
            None => first.push(item),
            Some(AboutWhat::Licence { .. }) => held.push(item),
            Some(AboutWhat::Case { .. }) => about.push(item),
        }
    }
    let frame = passer.frame(words.t("licences-title"));
    let groups = [
        (words.t("licences-first"), first),
        (words.t("licences-held"), held),
        (words.t("licences-about"), about),
    ];
    let groups = groups.into_iter().filter(|(_, items)| !items.is_empty()).collect();
    page(passer.look(), &List { frame, groups })
}
