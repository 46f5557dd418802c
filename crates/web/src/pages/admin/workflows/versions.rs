//! A workflow: its versions, and in what two of them differ.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    super::source::Differences,
    address,
    list::{Version, version},
    permit,
};
use crate::{
    App,
    api::workflows::differing_versions,
    body::{Path, Query},
    pages::{Frame, page, visit::Visit},
    problem::Problem,
};

/// Two versions that are held against each other.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    from: Option<u32>,
    to: Option<u32>,
}

#[derive(Template)]
#[template(path = "admin/workflow.html")]
struct Page {
    frame: Frame,
    id: String,
    /// The newest first.
    versions: Vec<Version>,
    /// The versions that are held against each other, the older first, and in what they differ.
    compared: Option<(u32, u32, Differences)>,
}

pub(super) async fn versions(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let words = visit.look.words;
    let rows = app.store.definitions().await?;
    let rows: Vec<_> = rows.into_iter().filter(|row| row.workflow.as_str() == id).collect();
    let title = rows.last().map(|row| words.of(&row.title).to_owned());
    let title = title.ok_or_else(Problem::not_found)?;
    let mut versions = Vec::new();
    for row in rows.iter().rev() {
        versions.push(version(&app, row, words).await?);
    }
    // Without a question, the newest against the one before it.
    let usual = versions.get(1).map(|older| (older.version, versions[0].version));
    let compared = match (asked.from.zip(asked.to)).or(usual) {
        None => None,
        Some((from, to)) => {
            let found = differing_versions(&app, &id, from, to).await?;
            Some((from, to, Differences::of(found, words)))
        }
    };
    page(&visit.look, &Page { frame: visit.frame(title), id, versions, compared })
}

impl Page {
    fn address(&self, rest: &str) -> String {
        address(&self.id, rest)
    }

    /// Whether two versions can be held against each other.
    fn has_several(&self) -> bool {
        self.versions.len() > 1
    }

    /// Whether that version is the older, or the newer, of those that are.
    fn is_from(&self, version: &u32) -> bool {
        self.compared.as_ref().is_some_and(|(from, ..)| from == version)
    }

    fn is_to(&self, version: &u32) -> bool {
        self.compared.as_ref().is_some_and(|(_, to, _)| to == version)
    }
}
