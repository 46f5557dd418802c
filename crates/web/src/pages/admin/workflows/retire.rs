//! Taking a version out of use, or into use again, after one was asked whether he means it.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    address,
    list::{Version, version},
    permit,
};
use crate::{
    App,
    api::workflows::retired_by,
    body::Path,
    pages::{Frame, form::Form, page, see, visit::Visit},
    problem::Problem,
};

#[derive(Template)]
#[template(path = "admin/retire.html")]
struct Page {
    frame: Frame,
    version: Version,
    /// Whether other versions stay in use.
    others: bool,
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Path((id, no)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let rows = app.store.definitions().await?;
    let of = rows.iter().filter(|row| row.workflow.as_str() == id);
    let others = of.clone().any(|row| row.version != no && row.retired_at.is_none());
    let row = of.clone().find(|row| row.version == no).ok_or_else(Problem::not_found)?;
    let words = visit.look.words;
    let title = words.t("workflow-title").s("title", words.of(&row.title)).n("version", no);
    let version = version(&app, row, words).await?;
    page(&visit.look, &Page { frame: visit.frame(title), version, others })
}

#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    retired: String,
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    Path((id, no)): Path<(String, u32)>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let retired = match sent.retired.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::parameter("retired", "is yes or no")),
    };
    retired_by(&app, &visit.viewer, (&id, no), retired).await?;
    Ok(see(&address(&id, "")))
}
