//! Who has looked at what.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{CaseId, UnitId};
use parvaneh_store::{Look, LooksCursor, LooksQuery};
use serde::{Deserialize, Serialize};

use super::{
    super::{Frame, case::Names, shown, visit::Visit},
    Desk, PlaceShown, Somebody,
    search::{self, Period, Who},
};
use crate::{
    App,
    body::Query,
    problem::Problem,
    say::Words,
    shown::{Code, Moment},
};

/// How many looks a page shows.
const PAGE: u32 = 50;

/// What is looked for, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// By whom: a name, or an identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    person: String,
    /// The tracking code of a case, or its identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
    /// The first day.
    #[serde(skip_serializing_if = "String::is_empty")]
    since: String,
    /// The last day.
    #[serde(skip_serializing_if = "String::is_empty")]
    until: String,
    /// After the end of which page.
    #[serde(skip_serializing_if = "String::is_empty")]
    after: String,
}

impl Wanted {
    pub(super) fn address(&self) -> String {
        match serde_html_form::to_string(self).unwrap_or_default() {
            query if query.is_empty() => "/audit/looks".to_owned(),
            query => format!("/audit/looks?{query}"),
        }
    }

    fn anew(&self) -> Self {
        Self { after: String::new(), ..self.clone() }
    }
}

/// A look, in its row.
#[derive(Clone, Debug)]
struct Row {
    who: String,
    of_him: String,
    what: String,
    detail: Option<String>,
    when: Moment,
    /// The case: what it is about, its code and unit, and the looks at it.
    case: Option<(String, Code, String, String)>,
}

#[derive(Template)]
#[template(path = "audit/looks.html")]
struct Page {
    frame: Frame,
    places: Vec<PlaceShown>,
    wanted: Wanted,
    person: String,
    person_fault: Option<String>,
    code_fault: Option<String>,
    since_fault: Option<String>,
    until_fault: Option<String>,
    namesakes: Vec<Somebody>,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether some of the looks at no single case are only for who audits everything.
    is_part: bool,
}

pub(super) async fn looks(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let desk = Desk::of(visit)?;
    let words = desk.words();
    let Period { since, until, since_fault, until_fault } =
        search::period(&app, &desk, &wanted.since, &wanted.until).await?;
    let anew = wanted.anew();
    let address = |person: String| Wanted { person, ..anew.clone() }.address();
    let who = search::who(&app, &desk, &wanted.person, address).await?;
    let (cases, code_fault) = search::cases(&app, &desk, &wanted.code).await?;
    let after = match wanted.after.as_str() {
        "" => None,
        after => {
            let wrong = |()| Problem::parameter("after", "is no end of a page");
            Some(after.parse::<LooksCursor>().map_err(wrong)?)
        }
    };
    let faults = [&since_fault, &until_fault, &code_fault, &who.fault];
    let is_well = faults.iter().all(|fault| fault.is_none());
    let (mut rows, mut next) = (Vec::new(), None);
    if is_well && who.namesakes.is_empty() {
        let query = LooksQuery { person: who.person, cases, since, until, after, limit: PAGE + 1 };
        let mut found = desk.reads(&app).looks(&query).await?;
        if found.len() > PAGE as usize {
            found.truncate(PAGE as usize);
            let last = found.last().map(LooksCursor::behind);
            next = last.map(|last| Wanted { after: last.to_string(), ..wanted.clone() }.address());
        }
        rows = self::rows(&app, &desk, found).await?;
    }
    let Who { fault: person_fault, name, namesakes, .. } = who;
    let organisation = &desk.visit.viewer.organisation;
    let shown_page = Page {
        frame: desk.visit.frame(words.t("audit-looks-title")),
        places: desk.places("/audit/looks"),
        person: name.unwrap_or_else(|| wanted.person.clone()),
        person_fault,
        code_fault,
        since_fault,
        until_fault,
        namesakes,
        rows,
        next,
        is_part: !desk.reach.jurisdictions.iter().any(|held| organisation.is_whole(&held.unit)),
        wanted,
    };
    let status = if is_well { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    shown(status, &desk.visit.look, &shown_page)
}

async fn rows(app: &App, desk: &Desk, found: Vec<Look>) -> Result<Vec<Row>, Problem> {
    let words = desk.words();
    let Some(national) = app.calendar().await? else { return Ok(Vec::new()) };
    let names = Names::named(app, found.iter().map(|look| look.person).collect()).await?;
    let ids: BTreeSet<CaseId> = found.iter().filter_map(|look| look.case).collect();
    let ids: Vec<CaseId> = ids.into_iter().collect();
    let cases = desk.reads(app).work_cases(&ids).await?;
    let cases: HashMap<CaseId, (String, UnitId)> =
        cases.into_iter().map(|(id, found)| (id, (found.case.subject, found.case.unit))).collect();
    let row = |look: &Look| {
        let case = look.case.and_then(|id| {
            let (subject, unit) = cases.get(&id)?;
            let of_it = Wanted { code: id.to_string(), ..Wanted::default() }.address();
            Some((subject.clone(), Code::of(id), desk.unit(unit), of_it))
        });
        Row {
            who: names.person(look.person),
            of_him: Wanted { person: look.person.to_string(), ..Wanted::default() }.address(),
            what: what(&look.what, words),
            detail: look.detail.clone().filter(|_| look.what.starts_with("audit")),
            when: Moment::at(look.at, national.national(), words),
            case,
        }
    };
    Ok(found.iter().map(row).collect())
}

/// What was looked at, by the name in the record.
fn what(what: &str, words: Words) -> String {
    match what {
        "file" => words.t("look-file"),
        "inquiries" => words.t("look-inquiries"),
        "documents" => words.t("look-documents"),
        "document" => words.t("look-document"),
        "inquiry" => words.t("look-inquiry"),
        "licence" => words.t("look-licence"),
        "timeline" => words.t("look-timeline"),
        "workflow" => words.t("look-workflow"),
        "clock" => words.t("look-clock"),
        "doing" => words.t("look-doing"),
        "following" => words.t("look-following"),
        "export" => words.t("look-export"),
        "whole_story" => words.t("look-whole-story"),
        "audit_search" => words.t("look-audit-search"),
        "audit_looks" => words.t("look-audit-looks"),
        "audit_patterns" => words.t("look-audit-patterns"),
        _ => words.t("look-other"),
    }
    .into()
}
