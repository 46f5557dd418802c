//! Every workflow with its versions: which are in use, how many cases run by each, how many problems
//! its author may want to look at.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_store::PublishedDefinition;

use super::{address, permit};
use crate::{
    App,
    api::workflows::problems_of,
    pages::{
        Frame, page,
        times::{Times, When},
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
};

/// A published version as it is listed.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) workflow: String,
    pub(super) version: u32,
    pub(super) published: When,
    /// Since when no case is opened by it.
    pub(super) retired: Option<When>,
    pub(super) running: u64,
    /// How many problems it has: warnings, since what has errors is not published.
    pub(super) problems: usize,
}

/// A workflow with its versions, the newest first.
#[derive(Clone, Debug)]
pub(super) struct Workflow {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) versions: Vec<Version>,
}

impl Version {
    /// The address of its page, with what follows.
    pub(super) fn address(&self, rest: &str) -> String {
        address(&self.workflow, &format!("/{}{rest}", self.version))
    }
}

impl Workflow {
    fn address(&self) -> String {
        address(&self.id, "")
    }
}

#[derive(Template)]
#[template(path = "admin/workflows.html")]
struct Page {
    frame: Frame,
    workflows: Vec<Workflow>,
}

pub(super) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    permit(&visit)?;
    let words = visit.look.words;
    let mut workflows: Vec<Workflow> = Vec::new();
    for row in app.store.definitions().await? {
        let (id, title) = (row.workflow.to_string(), words.of(&row.title).to_owned());
        let version = version(&app, &row, words).await?;
        match workflows.last_mut().filter(|last| last.id == id) {
            Some(last) => {
                last.title = title;
                last.versions.insert(0, version);
            }
            None => workflows.push(Workflow { id, title, versions: vec![version] }),
        }
    }
    let frame = visit.frame(words.t("admin-workflows"));
    page(&visit.look, &Page { frame, workflows })
}

/// A version as it is listed.
///
/// # Errors
/// The store's.
pub(super) async fn version(
    app: &App,
    row: &PublishedDefinition,
    words: Words,
) -> Result<Version, Problem> {
    let times = Times::of(app, words).await?;
    let source = app.store.definition_source(&row.workflow, row.version).await?;
    let problems = problems_of(app, &source).await.unwrap_or(0);
    Ok(Version {
        workflow: row.workflow.to_string(),
        version: row.version,
        published: times.day(row.published_at),
        retired: row.retired_at.map(|at| times.day(at)),
        running: row.running,
        problems,
    })
}

impl Version {
    pub(super) fn state(&self, words: Words) -> Said {
        match &self.retired {
            None => words.t("workflow-in-use"),
            Some(day) => words.t("workflow-retired-since").s("day", day.plain()),
        }
    }
}
