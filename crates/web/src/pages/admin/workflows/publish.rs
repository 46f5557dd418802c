//! Publishing a version: a text that is pasted or chosen, everything that is wrong with it, in what it
//! differs from the version before, and only then the publishing itself.

use axum::{
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use parvaneh_core::{Definition, WorkflowId};
use parvaneh_store::PublishedDefinition;
use serde::Deserialize;

use super::{
    super::{
        publishing::{Publishing, Ready},
        sent::Sent,
        source::{Differences, Source},
    },
    address, permit,
};
use crate::{
    App,
    api::workflows::{checked, differing},
    body::Query,
    pages::{case::wording, page, see, shown, visit::Visit},
    problem::Problem,
    say::Words,
};

/// After which workflow's newest version.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let text = match asked.after {
        None => String::new(),
        Some(id) => {
            let newest = newest(&app.store.definitions().await?, &id).map(|row| row.version);
            let newest = newest.ok_or_else(Problem::not_found)?;
            app.store.definition_source(&WorkflowId::from(id), newest).await?
        }
    };
    page(&visit.look, &Publishing::of_workflow(&visit, text))
}

fn newest<'r>(rows: &'r [PublishedDefinition], id: &str) -> Option<&'r PublishedDefinition> {
    rows.iter().rfind(|row| row.workflow.as_str() == id)
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    request: Request<Body>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let words = visit.look.words;
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let sent = Sent::read(&app, request).await?;
    let text = match sent.source("source", "file") {
        Ok(text) => text,
        Err(problem) => {
            let mut unread = Publishing::of_workflow(&visit, String::new());
            unread.source = Some(Source::around("", &[*problem], words));
            return shown(refused, &visit.look, &unread);
        }
    };
    let mut again = Publishing::of_workflow(&visit, text.clone());
    if text.trim().is_empty() {
        again.told = Some(words.t("publish-empty").into());
        return shown(refused, &visit.look, &again);
    }
    let (definition, problems) = match checked(&app, &text).await {
        Ok(read) => read,
        // Its calendar is not published.
        Err(problem) if problem.code == "definition_unsound" => {
            let told = problem.faults.iter().map(|fault| fault.detail.as_str());
            let told = told.collect::<Vec<_>>().join("; ");
            let title = wording::code(&problem.code, words);
            again.told = Some(words.t("publish-told").s("what", title).s("why", told).into());
            return shown(refused, &visit.look, &again);
        }
        Err(problem) => return Err(problem),
    };
    let Some(definition) = definition else {
        again.source = Some(Source::whole(&text, &problems, words));
        return shown(refused, &visit.look, &again);
    };
    if sent.text("then") == Some("publish") {
        app.store.publish(&definition, &text).await?;
        let there = address(definition.id.as_str(), &format!("/{}", definition.version));
        return Ok(see(&there));
    }
    // Warnings with the lines around them; the text stands in the form.
    again.source = Some(Source::around(&text, &problems, words));
    again.ready = Some(ready(&app, &definition, text, words).await?);
    page(&visit.look, &again)
}

async fn ready(
    app: &App,
    definition: &Definition,
    text: String,
    words: Words,
) -> Result<Ready, Problem> {
    let rows = app.store.definitions().await?;
    let (id, version) = (&definition.id, definition.version);
    let title = words.t("workflow-title").s("title", words.of(&definition.title));
    let title = title.n("version", version).to_string();
    let same = |row: &&PublishedDefinition| row.workflow == *id && row.version == version;
    let told = match rows.iter().find(same) {
        Some(row) if row.hash == definition.hash => words.t("publish-same"),
        Some(_) => words.t("publish-taken"),
        None => words.t("publish-sound"),
    };
    let publishes = match rows.iter().any(|row| same(&row)) {
        true => None,
        false => Some(words.t("publish-this").s("title", title.clone())),
    };
    let differences = match newest(&rows, id.as_str()) {
        None => None,
        Some(row) => {
            let before = app.store.definition_source(id, row.version).await?;
            let found = differing(before, text).await?;
            let from = words.t("publish-differences").n("version", row.version);
            Some((from, Differences::of(found, words)))
        }
    };
    Ok(Ready { told: told.s("title", title), differences, publishes })
}
