//! What is lent, and who is away, in a part of the organisation.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::DelegationId;
use parvaneh_store::DelegationFilter;
use serde::Deserialize;

use super::{units, within};
use crate::{
    App,
    body::Query,
    page::{self as pieces, cut},
    pages::{
        Frame,
        look::in_query,
        own::lending::{Away, Lent, away_shown, lent, names},
        page,
        routes::Pages,
        sheet::Pick,
        times::Times,
        visit::Visit,
    },
    problem::Problem,
};

/// How many stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default().get("/admin/delegations", list)
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    unit: String,
    /// `yes`: also those that are over.
    #[serde(default)]
    over: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/lent.html")]
struct Page {
    frame: Frame,
    units: Vec<Pick>,
    over: bool,
    lent: Vec<Lent>,
    away: Vec<Away>,
    next: Option<String>,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    // As the operation of the API: of one unit and below.
    let unit = within(viewer, &wanted.unit)?.into_iter().next().ok_or_else(Problem::not_found)?;
    let over = wanted.over == "yes";
    let after: Option<(parvaneh_core::Instant, DelegationId)> =
        pieces::after(wanted.after.as_deref())?;
    let filter = DelegationFilter {
        within: Some(unit.clone()),
        over,
        after,
        limit: LENGTH + 1,
        ..DelegationFilter::default()
    };
    let (rows, more) = cut(app.store.delegations(&filter).await?, LENGTH);
    let next = rows.last().filter(|_| more).map(|row| {
        let end = pieces::end(&(row.starts, row.id));
        let (unit, over) = (in_query(unit.as_str()), if over { "&over=yes" } else { "" });
        format!("/admin/delegations?unit={unit}{over}&after={}", in_query(&end))
    });
    let absent = app.store.absences_within(&unit).await?;
    let names = names(&app, &rows, &absent).await?;
    let times = Times::of(&app, words).await?;
    let shown = Page {
        frame: visit.frame(words.t("lent-title")),
        units: units(viewer, unit.as_str(), words),
        over,
        lent: lent(rows, viewer, &names, &times, words),
        away: away_shown(absent, &names, &times),
        next,
    };
    page(&visit.look, &shown)
}
