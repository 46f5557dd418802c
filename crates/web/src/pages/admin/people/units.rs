//! The organisation: as a tree, and each unit with who works there.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{PersonId, Unit, UnitId, definition::Level};
use parvaneh_store::{DirectoryQuery, Viewer};
use serde::Deserialize;
use serde_json::json;

use super::permitted;
use crate::{
    App,
    api::{
        operations::{SaveUnits, keep_units, kept_texts},
        plain,
    },
    body::{Path, Query, checked},
    pages::{
        Frame,
        form::Form,
        frame::role as role_shown,
        look::in_query,
        page,
        problem::status,
        routes::Pages,
        see,
        sheet::{Field, Kind, Sheet},
        shown,
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::{Said, Words},
    shown::digits::latin,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/units", tree)
        .get("/admin/units/{unit}", asked)
        .post("/admin/units/{unit}", keep)
        .post("/admin/units/{unit}/below", add)
}

/// A unit in the tree, with those below it.
struct Branch {
    address: String,
    name: String,
    id: String,
    below: Vec<Branch>,
    /// Whether it is shown unfolded.
    open: bool,
}

impl Branch {
    /// A unit with what is below it; of those that are found, where somebody searches. None where nothing of
    /// it is to be shown.
    fn of(
        unit: &Unit,
        viewer: &Viewer,
        found: Option<&BTreeSet<UnitId>>,
        words: Words,
    ) -> Option<Self> {
        let mut below: Vec<&Unit> = viewer
            .organisation
            .units()
            .filter(|one| one.parent.as_ref() == Some(&unit.id))
            .collect();
        below.sort_by(|one, other| one.id.cmp(&other.id));
        let below = below.into_iter().filter_map(|one| Self::of(one, viewer, found, words));
        let below: Vec<Self> = below.collect();
        let is_found = found.is_none_or(|found| found.contains(&unit.id));
        (is_found || !below.is_empty()).then(|| Self {
            address: address(&unit.id),
            name: words.of(&unit.title).to_owned(),
            id: unit.id.to_string(),
            // Provinces are folded, so that the tree is a page and no roll.
            open: found.is_some() || unit.level == Level::National,
            below,
        })
    }
}

fn address(unit: &UnitId) -> String {
    format!("/admin/units/{}", in_query(unit.as_str()).replace('/', "%2F"))
}

/// A part of the tree, and those below it by the same template.
#[derive(Template)]
#[template(path = "admin/branch.html")]
struct BranchShown<'b> {
    branch: &'b Branch,
}

impl askama::filters::HtmlSafe for BranchShown<'_> {}

impl Branch {
    fn shown(&self) -> BranchShown<'_> {
        BranchShown { branch: self }
    }
}

#[derive(Template)]
#[template(path = "admin/units.html")]
struct Tree {
    frame: Frame,
    text: String,
    branches: Vec<Branch>,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    text: String,
    #[serde(default)]
    done: String,
}

async fn tree(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let tops = permitted(viewer)?;
    let text = wanted.text.trim().to_owned();
    plain(&[&Some(text.clone())])?;
    let found: Option<BTreeSet<UnitId>> = match text.is_empty() {
        true => None,
        false => Some(app.store.units_called(&text).await?.into_iter().collect()),
    };
    // One who looks after a unit above another sees that one below it.
    let highest = tops.iter().filter(|top| {
        !tops.iter().any(|other| other != *top && viewer.organisation.contains(other, top))
    });
    let branches = highest
        .filter_map(|top| viewer.organisation.get(top))
        .filter_map(|unit| Branch::of(unit, viewer, found.as_ref(), words));
    let shown =
        Tree { frame: visit.frame(words.t("units-title")), branches: branches.collect(), text };
    page(&visit.look, &shown)
}

/// Somebody who holds a role at the unit itself.
struct Member {
    id: PersonId,
    name: String,
    roles: Vec<String>,
    disabled: bool,
}

#[derive(Template)]
#[template(path = "admin/unit.html")]
struct Page {
    frame: Frame,
    done: Option<Said>,
    id: String,
    level: Said,
    /// Those above it, the highest first: addresses where the reader looks after them.
    above: Vec<(String, Option<String>)>,
    population: Option<String>,
    below: Vec<(String, String)>,
    members: Vec<Member>,
    /// For who looks after the whole organisation.
    keep: Option<Sheet>,
    add: Option<Sheet>,
}

fn level(level: Level, words: Words) -> Said {
    match level {
        Level::National => words.t("units-national"),
        Level::Province => words.t("units-province"),
        Level::County => words.t("units-county"),
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::National => "national",
        Level::Province => "province",
        Level::County => "county",
    }
}

/// More people are not shown at one unit.
const MOST: u32 = 500;

#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    id: String,
    #[serde(default, rename = "title.fa")]
    fa: String,
    #[serde(default, rename = "title.en")]
    en: String,
    #[serde(default)]
    population: String,
}

impl Sent {
    fn population(&self) -> Result<Option<u64>, ()> {
        let typed = latin(&self.population);
        let typed: String =
            typed.chars().filter(|letter| !matches!(letter, ' ' | ',' | '٬')).collect();
        match typed.as_str() {
            "" => Ok(None),
            number => number.parse().map(Some).map_err(|_| ()),
        }
    }
}

fn names(sheet: Sheet, sent: &Sent, words: Words) -> Sheet {
    sheet
        .with(
            Field::new("title.fa", words.t("units-name-fa"), Kind::Line)
                .required()
                .holding(&sent.fa),
        )
        .with(
            Field::new("title.en", words.t("units-name-en"), Kind::Line)
                .required()
                .holding(&sent.en),
        )
        .with(
            Field::new("population", words.t("units-population"), Kind::Number)
                .hinted(words.t("units-population-hint"))
                .holding(&sent.population),
        )
}

fn keeps(unit: &UnitId, sent: &Sent, words: Words) -> Sheet {
    names(Sheet::new(address(unit), words.t("units-keep")), sent, words)
}

fn adds(unit: &UnitId, sent: &Sent, words: Words) -> Sheet {
    let sheet = Sheet::new(format!("{}/below", address(unit)), words.t("units-add"));
    let id = Field::new("id", words.t("units-id"), Kind::Code).required();
    let sheet = sheet.with(id.hinted(words.t("units-id-hint")).holding(&sent.id));
    names(sheet, sent, words).named("new")
}

async fn page_of(app: &App, visit: &Visit, id: &UnitId) -> Result<Page, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    permitted(viewer)?;
    policy::permit(viewer, Task::AdministerPeople, id)?;
    let organisation = &viewer.organisation;
    let unit = organisation.get(id).ok_or_else(Problem::not_found)?;
    let may = |unit: &UnitId| policy::may(viewer, Task::AdministerPeople, unit);
    let mut above: Vec<(String, Option<String>)> = organisation
        .path(id)
        .skip(1)
        .filter_map(|one| organisation.get(one))
        .map(|one| (words.of(&one.title).to_owned(), may(&one.id).then(|| address(&one.id))))
        .collect();
    above.reverse();
    let mut below: Vec<(String, String)> = organisation
        .units()
        .filter(|one| one.parent.as_ref() == Some(id))
        .map(|one| (words.of(&one.title).to_owned(), address(&one.id)))
        .collect();
    below.sort();
    let query =
        DirectoryQuery { within: vec![id.clone()], limit: MOST, ..DirectoryQuery::default() };
    let members = app.store.directory(&query).await?.into_iter().filter_map(|row| {
        let here = row.grants.iter().filter(|grant| grant.unit == *id);
        let roles: Vec<String> = here.map(|one| role_shown(viewer, one, words).role).collect();
        let disabled = row.disabled_at.is_some();
        (!roles.is_empty()).then_some(Member { id: row.id, name: row.name, roles, disabled })
    });
    let known = app.store.unit_rows().await?.into_iter().find(|row| row.unit.id == *id);
    let population = known.and_then(|row| row.population);
    let held = Sent {
        id: String::new(),
        fa: unit.title.fa.clone(),
        en: unit.title.en.clone(),
        population: population.map(|number| words.digits(number)).unwrap_or_default(),
    };
    let operates = policy::permit_everywhere(viewer, Task::Operate).is_ok();
    let may_add = operates && unit.level != Level::County;
    Ok(Page {
        frame: visit.frame(words.of(&unit.title)),
        done: None,
        id: id.to_string(),
        level: level(unit.level, words),
        above,
        population: population.map(|number| words.number(number)),
        below,
        members: members.collect(),
        keep: operates.then(|| keeps(id, &held, words)),
        add: may_add.then(|| adds(id, &Sent::default(), words)),
    })
}

async fn asked(
    State(app): State<App>,
    visit: Visit,
    Path(unit): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let shown = page_of(&app, &visit, &UnitId::from(unit)).await?;
    let done = match wanted.done.as_str() {
        "kept" => Some(words.t("units-kept")),
        "added" => Some(words.t("units-added")),
        _ => None,
    };
    page(&visit.look, &Page { done, ..shown })
}

/// Keeps a unit as it was typed.
async fn kept(app: &App, visit: &Visit, unit: &Unit, sent: &Sent) -> Result<(), Problem> {
    let body = json!({ "units": [{
        "id": unit.id.as_str(), "parent": unit.parent.as_ref().map(UnitId::as_str),
        "level": level_name(unit.level),
        "title": { "fa": sent.fa.trim(), "en": sent.en.trim() },
        "population": sent.population().ok().flatten(),
    }] });
    let asked: SaveUnits = checked(body)?;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    kept_texts(&asked.units)?;
    keep_units(app.store.clone(), asked.units).await.map(drop)
}

async fn keep(
    State(app): State<App>,
    visit: Visit,
    Path(unit): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let id = UnitId::from(unit);
    let known = visit.viewer.organisation.get(&id).cloned().ok_or_else(Problem::not_found)?;
    let sheet = keeps(&id, &sent, words);
    let (status, sheet) = if sent.population().is_err() {
        (
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            sheet.faulted("population", words.t("fault-range")),
        )
    } else {
        match kept(&app, &visit, &known, &sent).await {
            Ok(()) => return Ok(see(&format!("{}?done=kept", address(&id)))),
            Err(problem) if status(&problem).is_client_error() => {
                (status(&problem), sheet.refused(problem.within("/units/0"), words))
            }
            Err(problem) => return Err(problem),
        }
    };
    let page = Page { keep: Some(sheet), ..page_of(&app, &visit, &id).await? };
    shown(status, &visit.look, &page)
}

async fn add(
    State(app): State<App>,
    visit: Visit,
    Path(unit): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let id = UnitId::from(unit);
    let above = visit.viewer.organisation.get(&id).cloned().ok_or_else(Problem::not_found)?;
    let below = UnitId::from(sent.id.trim());
    let level = match above.level {
        Level::National => Level::Province,
        Level::Province | Level::County => Level::County,
    };
    let sheet = adds(&id, &sent, words);
    let wrong = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    let (status, sheet) = if visit.viewer.organisation.get(&below).is_some() {
        (wrong, sheet.faulted("id", words.t("units-id-taken")))
    } else if sent.population().is_err() {
        (wrong, sheet.faulted("population", words.t("fault-range")))
    } else {
        let title = parvaneh_core::definition::Text { fa: sent.fa.clone(), en: sent.en.clone() };
        let new = Unit { id: below.clone(), parent: Some(id.clone()), level, title };
        match kept(&app, &visit, &new, &sent).await {
            Ok(()) => return Ok(see(&format!("{}?done=added", address(&below)))),
            Err(problem) if status(&problem).is_client_error() => {
                (status(&problem), sheet.refused(problem.within("/units/0"), words))
            }
            Err(problem) => return Err(problem),
        }
    };
    let page = Page { add: Some(sheet), ..page_of(&app, &visit, &id).await? };
    shown(status, &visit.look, &page)
}
