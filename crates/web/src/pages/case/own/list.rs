//! Everything of one's own: what waits for him, his cases, what he has begun, his licences.

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::CaseId;
use parvaneh_store::{CasesQuery, LicenceRow, LicencesQuery};
use serde::Deserialize;

use super::{
    super::{
        super::{
            Frame,
            apply::{Begun, begun},
            licences::{open_to_applicants, papers, standing},
            page,
            visit::Visit,
        },
        Names, Seen, Tab,
        head::Head,
    },
    follow::{Offer, about_licence},
    state::Standing,
};
use crate::{
    App,
    body::Query,
    page::cut,
    problem::Problem,
    say::Words,
    shown::{Day, Mark},
};

/// How many cases a page has.
const PAGE: u32 = 10;
/// How many licences are shown.
const LICENCES: u32 = 50;

/// A case in the list.
#[derive(Clone, Debug)]
struct Item {
    address: String,
    head: Head,
    state: String,
    mark: Mark,
    received: Day,
}

/// A licence.
#[derive(Clone, Debug)]
pub(super) struct LicenceShown {
    pub(super) number: String,
    pub(super) subject: String,
    pub(super) standing: String,
    pub(super) mark: Mark,
    pub(super) until: Day,
    /// Where it is had on paper: in Persian, in English.
    pub(super) papers: Option<[String; 2]>,
    pub(super) then: Vec<Offer>,
}

impl LicenceShown {
    pub(super) fn of(app: &App, row: &LicenceRow, then: Vec<Offer>, words: Words) -> Self {
        let (standing, mark) = standing(row.standing, words);
        Self {
            number: row.licence.number.to_string(),
            subject: row.subject.clone(),
            standing: standing.into(),
            mark,
            until: Day::of(row.licence.valid_until, words),
            papers: papers(app, &row.licence.number),
            then,
        }
    }
}

#[derive(Template)]
#[template(path = "mine/list.html")]
struct List {
    frame: Frame,
    items: Vec<Item>,
    next: Option<String>,
    begun: Vec<Begun>,
    licences: Vec<LicenceShown>,
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct After {
    after: Option<uuid::Uuid>,
}

pub(super) async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(After { after }): Query<After>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let query = CasesQuery {
        reach: Some(viewer.reach.clone()),
        // By the index `cases_of_applicant`.
        applicant: Some(visit.caller.person),
        before: after.map(CaseId),
        limit: PAGE + 1,
        ..CasesQuery::default()
    };
    let rows = app.store.reading_as(viewer).cases(&query).await?;
    let (rows, more) = cut(rows, PAGE);
    let next = rows.last().filter(|_| more).map(|row| format!("/my?after={}", row.case));
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(seen) = app.store.case_file_for(viewer, row.case).await? else { continue };
        let seen = Seen {
            visit: visit.clone(),
            seen,
            obstacles: Vec::new(),
            held: Vec::new(),
            names: Names::default(),
            sittings: HashMap::new(),
        };
        let case = &seen.seen.file.case;
        let standing = Standing::of(case, seen.definition());
        items.push(Item {
            address: format!("/my/{}", row.case),
            state: standing.told(words).into(),
            mark: standing.mark(),
            received: Day::at(case.opened_at, seen.own_calendar(), words),
            head: seen.head(Tab::Beside),
        });
    }
    // What waits for him stands first.
    items.sort_by_key(|item| item.mark != Mark::Near);
    let (mut licences, mut drafts) = (Vec::new(), Vec::new());
    if after.is_none() {
        drafts = begun(&app, &visit, None).await?;
        let calendar = app.calendar().await?;
        if let Some(calendar) = calendar {
            let today = calendar.national().local_date(viewer.now);
            let query = LicencesQuery {
                reach: Some(viewer.reach.clone()),
                holder: Some(visit.caller.person),
                limit: LICENCES,
                ..LicencesQuery::default()
            };
            let held = app.store.reading_as(viewer).licences(&query, today).await?;
            let procedures = match held.is_empty() {
                true => Vec::new(),
                false => open_to_applicants(&app).await?,
            };
            licences.extend(held.iter().map(|row| {
                LicenceShown::of(&app, row, about_licence(row, &procedures, words), words)
            }));
        }
    }
    let frame = visit.frame(words.t("mine-title"));
    page(&visit.look, &List { frame, items, next, begun: drafts, licences })
}
