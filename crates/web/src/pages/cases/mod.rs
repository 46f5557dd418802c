//! The list of cases: everything that somebody sees, and what stands behind each figure.

mod chosen;
mod rows;
pub(super) mod wanted;

use std::borrow::Borrow;

use askama::Template;
use axum::{extract::State as Has, http::StatusCode, response::Response};
use parvaneh_store::{CasesQuery, StoreError};

pub(crate) use self::{
    chosen::period_told,
    wanted::{NOBODY, State, Verdict, Wanted, span},
};
use self::{
    chosen::{Choices, Chosen},
    rows::{Row, rows},
    wanted::{Order, PAGE},
};
use super::{Frame, routes::Pages, shown, visit::Visit};
use crate::{
    App,
    body::Query,
    page::{cut, end},
    policy,
    problem::Problem,
};

/// Up to how many cases are counted.
const MOST_COUNTED: u32 = 10_000;
/// And of those in which words are looked for.
const MOST_FOUND: u32 = 1_000;
/// Within how many days something is due, to choose from.
const DUE_WITHIN: [u32; 3] = [7, 14, 30];

pub(super) fn pages() -> Pages {
    Pages::default().get("/cases", list)
}

fn most(wanted: &Wanted) -> u32 {
    if wanted.text.trim().is_empty() { MOST_COUNTED } else { MOST_FOUND }
}

#[derive(Template)]
#[template(path = "cases/page.html")]
struct Page {
    frame: Frame,
    wanted: Wanted,
    choices: Choices,
    chosen: Vec<Chosen>,
    /// What was typed and cannot be read.
    faults: Vec<&'static str>,
    rows: Vec<Row>,
    /// As many as there are; nothing where counting takes too long.
    count: Option<u32>,
    /// Whether so many would have to be looked through that nothing was found in time.
    too_wide: bool,
    next: Option<String>,
    /// The page by which they are exported, for who may.
    export: Option<String>,
}

impl Page {
    fn order(&self, order: impl Borrow<Order>) -> bool {
        self.wanted.order == *order.borrow()
    }

    /// The address of the same list in another order.
    fn ordered(&self, order: impl Borrow<Order>) -> String {
        Wanted { order: *order.borrow(), ..self.wanted.anew() }.address()
    }

    /// Whether an order says something of what is shown.
    fn has_open(&self) -> bool {
        self.wanted.state != State::Ended
    }

    fn has_ended(&self) -> bool {
        matches!(self.wanted.state, State::Any | State::Ended)
    }

    /// Whether there are more than are counted.
    fn is_many(&self) -> bool {
        self.count.is_some_and(|count| count > self.most())
    }

    /// Up to how many are counted.
    fn most(&self) -> u32 {
        most(&self.wanted)
    }

    fn wrong(&self, field: &str) -> bool {
        self.faults.contains(&field)
    }
}

/// Nothing where a search was given up because it took too long.
fn in_time<T>(found: Result<T, StoreError>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::SearchTooWide) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn list(
    Has(app): Has<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let faults = wanted.faults();
    let calendars = app.calendar().await?;
    let mut too_wide = false;
    // What cannot be read asks for nothing that could be shown; without a calendar there is no case.
    let (listed, next, count) = match &calendars {
        Some(calendars) if faults.is_empty() => {
            let query = wanted.query(calendars.national(), viewer.now)?;
            let query = CasesQuery { reach: Some(viewer.reach.clone()), ..query };
            let reads = app.store.reading_as(viewer);
            let found = in_time(reads.cases(&query).await)?;
            too_wide = found.is_none();
            let (listed, more) = cut(found.unwrap_or_default(), PAGE);
            let next = listed.last().filter(|_| more).map(|last| {
                let after = end(&(last.place_in(query.order), last.case));
                Wanted { after, ..wanted.clone() }.address()
            });
            // One page that is not full needs no counting.
            let count = match wanted.after.is_empty() && !more {
                true => Some(listed.len() as u32),
                false if too_wide => None,
                false => in_time(reads.count_cases(&query, most(&wanted)).await)?,
            };
            (listed, next, count)
        }
        _ => (Vec::new(), None, Some(0)),
    };
    let choices = Choices::of(viewer, &wanted, words);
    let status = match faults.is_empty() && !too_wide {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = Page {
        frame: visit.frame(words.t("cases-title")),
        chosen: chosen::chosen(&app, &visit, &wanted, &choices).await?,
        choices,
        rows: rows(&app, &visit, listed).await?,
        faults,
        count,
        too_wide,
        next,
        export: policy::permit_export(viewer).is_ok().then(|| wanted.export_address()),
        wanted,
    };
    shown(status, &visit.look, &page)
}
