//! What somebody keeps of his worklist: choices of filters under a name, and the columns.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_store::SavedFilter;
use serde::Deserialize;

use super::{
    columns::{COOKIE, Columns},
    wanted::Wanted,
};
use crate::{
    App, auth,
    pages::{form::Form, routes::Pages, see, see_keeping, visit::Visit},
    problem::Problem,
};

/// For how long a browser keeps the columns.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn pages() -> Pages {
    Pages::default()
        .post("/worklist/saved", save)
        .post("/worklist/forgotten", forget)
        .post("/worklist/columns", choose)
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
    /// What the list shows, as [`Wanted::written`].
    #[serde(default)]
    query: String,
}

impl Named {
    fn name(&self) -> Result<String, Problem> {
        let name = self.name.trim();
        match (1..=60).contains(&name.chars().count()) && !name.contains('\0') {
            true => Ok(name.to_owned()),
            false => Err(Problem::parameter("name", "has 1 to 60 characters")),
        }
    }
}

async fn save(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<Named>,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(&asked.query).anew();
    let query = wanted.written();
    if query.len() > 1_000 || query.contains("%00") {
        return Err(Problem::parameter("query", "is too long to be kept"));
    }
    let filter = SavedFilter { name: asked.name()?, query };
    if !app.store.save_filter(visit.caller.person, filter).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "too_many_filters"));
    }
    Ok(see(&wanted.address()))
}

async fn forget(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<Named>,
) -> Result<Response, Problem> {
    app.store.forget_filter(visit.caller.person, asked.name()?).await?;
    Ok(see(&Wanted::read(&asked.query).anew().address()))
}

#[derive(Debug, Deserialize)]
struct Chosen {
    #[serde(default)]
    column: Vec<String>,
    /// The columns as they were are wanted again.
    reset: Option<String>,
    #[serde(default)]
    query: String,
}

async fn choose(
    State(app): State<App>,
    _visit: Visit,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let cookie = match chosen.reset {
        Some(_) => auth::cookie(&app, COOKIE, "", Duration::ZERO),
        None => {
            let columns = Columns::named(chosen.column.iter().map(String::as_str));
            auth::cookie(&app, COOKIE, &columns.kept(), YEAR)
        }
    };
    Ok(see_keeping(&Wanted::read(&chosen.query).anew().address(), &[&cookie]))
}
