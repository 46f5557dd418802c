//! Search in the timelines of all cases: who did what, when, where.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::NaiveDate;
use parvaneh_core::{CaseId, Instant, PersonId, UnitId, WorkflowId, jalali::parse_date};
use parvaneh_store::{PeopleFilter, Person, TrailQuery, TrailRow};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        Frame,
        case::{Names, Scene, Wording, people},
        shown,
        visit::Visit,
    },
    Choice, Chosen, Desk, PlaceShown, Somebody, kinds,
};
use crate::{
    App,
    body::Query,
    problem::Problem,
    shown::{Code, Moment},
};

/// How many events a page shows.
const PAGE: u32 = 50;
/// The longest text of a filter, in letters.
const LONGEST: usize = 200;
/// How many people of one name are offered.
const NAMESAKES: u32 = 20;

/// What is looked for, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// By whom, or on whose behalf: a name, or an identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) person: String,
    /// The first day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) since: String,
    /// The last day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) until: String,
    /// The kind of event.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unit: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) workflow: String,
    /// The tracking code of a case, or its identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
    /// Words in reasons and remarks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
    /// After the end of which page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) after: String,
}

impl Wanted {
    /// The address of the page that shows this.
    pub(super) fn address(&self) -> String {
        match serde_html_form::to_string(self).unwrap_or_default() {
            query if query.is_empty() => "/audit".to_owned(),
            query => format!("/audit?{query}"),
        }
    }

    fn anew(&self) -> Self {
        Self { after: String::new(), ..self.clone() }
    }

    /// What somebody did.
    pub(super) fn of(person: PersonId) -> Self {
        Self { person: person.to_string(), ..Self::default() }
    }
}

/// Something that happened, in its row.
#[derive(Clone, Debug)]
struct Row {
    title: String,
    lines: Vec<String>,
    when: Moment,
    recorded: Option<Moment>,
    who: String,
    /// What else he did; none for the program.
    of_him: Option<String>,
    subject: String,
    code: Code,
    unit: String,
    /// Where it stands in the story of its case.
    address: String,
}

/// What is wrong with what was asked for, each beside its input.
#[derive(Clone, Debug, Default)]
struct Faults {
    person: Option<String>,
    since: Option<String>,
    until: Option<String>,
    code: Option<String>,
    reason: Option<String>,
}

impl Faults {
    fn are_none(&self) -> bool {
        let Self { person, since, until, code, reason } = self;
        [person, since, until, code, reason].iter().all(|fault| fault.is_none())
    }
}

#[derive(Template)]
#[template(path = "audit/search.html")]
struct Page {
    frame: Frame,
    places: Vec<PlaceShown>,
    wanted: Wanted,
    /// As it is shown in the input: a name, where an identifier was asked for.
    person: String,
    faults: Faults,
    kinds: Vec<Choice>,
    units: Vec<Choice>,
    workflows: Vec<Choice>,
    chosen: Vec<Chosen>,
    /// Several people of that name, of whom one is to be chosen.
    namesakes: Vec<Somebody>,
    rows: Vec<Row>,
    /// The next page.
    next: Option<String>,
    /// How far back the search has come, where it stopped before its page was full.
    looked_to: Option<Moment>,
}

pub(super) async fn search(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let desk = Desk::of(visit)?;
    let words = desk.words();
    let mut asked = asked(&app, &desk, &wanted).await?;
    let (mut rows, mut next, mut looked_to) = (Vec::new(), None, None);
    if asked.is_answerable() {
        let found = desk.reads(&app).trail(&asked.query).await?;
        rows = self::rows(&app, &desk, &wanted, found.rows).await?;
        next =
            found.next.map(|next| Wanted { after: next.to_string(), ..wanted.clone() }.address());
        if let (true, Some(cursor)) = (found.stopped, found.next) {
            looked_to = moment(&app, &desk, cursor.at()).await?;
        }
    }
    let status = match asked.faults.are_none() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let shown_page = Page {
        frame: desk.visit.frame(words.t("audit-title")),
        places: desk.places("/audit"),
        kinds: kinds::choices(&wanted.kind, words),
        units: desk.units(&wanted.unit),
        workflows: desk.workflows(&wanted.workflow),
        chosen: chosen(&desk, &wanted, &asked),
        person: asked.person.take().unwrap_or_else(|| wanted.person.clone()),
        faults: asked.faults,
        namesakes: asked.namesakes,
        rows,
        next,
        looked_to,
        wanted,
    };
    shown(status, &desk.visit.look, &shown_page)
}

/// An instant where nobody's calendar counts: by the first that is published.
async fn moment(app: &App, desk: &Desk, at: Instant) -> Result<Option<Moment>, Problem> {
    let calendars = app.calendar().await?;
    Ok(calendars.map(|calendars| Moment::at(at, calendars.national(), desk.words())))
}

/// What was asked for, as it is looked up.
#[derive(Default)]
struct Asked {
    query: TrailQuery,
    faults: Faults,
    /// The name of the person.
    person: Option<String>,
    namesakes: Vec<Somebody>,
}

impl Asked {
    fn is_answerable(&self) -> bool {
        self.faults.are_none() && self.namesakes.is_empty()
    }
}

async fn asked(app: &App, desk: &Desk, wanted: &Wanted) -> Result<Asked, Problem> {
    let words = desk.words();
    plain(&[&wanted.unit, &wanted.workflow, &wanted.kind])?;
    let mut asked = Asked::default();
    let Asked { query, faults, .. } = &mut asked;
    let period = period(app, desk, &wanted.since, &wanted.until).await?;
    (query.since, query.until) = (period.since, period.until);
    (faults.since, faults.until) = (period.since_fault, period.until_fault);
    query.kinds = given(&wanted.kind).into_iter().collect();
    query.within = given(&wanted.unit).map(UnitId::from);
    query.workflow = given(&wanted.workflow).map(WorkflowId::from);
    query.reason = given(&wanted.reason);
    let is_text = |text: &String| text.chars().count() <= LONGEST && !text.contains('\0');
    if !query.reason.as_ref().is_none_or(is_text) {
        faults.reason = Some(words.t("audit-too-long").n("most", LONGEST).into());
    }
    (query.cases, faults.code) = cases(app, desk, &wanted.code).await?;
    if let Some(after) = given(&wanted.after) {
        let after = after.parse().map_err(|()| Problem::parameter("after", "is no end of a page"));
        query.after = Some(after?);
    }
    query.limit = PAGE;
    let anew = wanted.anew();
    let address = |person: String| Wanted { person, ..anew.clone() }.address();
    let who = who(app, desk, &wanted.person, address).await?;
    query.person = who.person;
    faults.person = who.fault;
    asked.person = who.name;
    asked.namesakes = who.namesakes;
    Ok(asked)
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Lets pass what can stand in a query.
fn plain(texts: &[&str]) -> Result<(), Problem> {
    let is_plain = |text: &&str| text.chars().count() <= LONGEST && !text.contains('\0');
    match texts.iter().all(is_plain) {
        true => Ok(()),
        false => Err(Problem::parameter("query", "has at most 200 characters")),
    }
}

/// A period, as somebody typed it.
#[derive(Clone, Debug, Default)]
pub(super) struct Period {
    pub(super) since: Option<Instant>,
    /// The end of the last day.
    pub(super) until: Option<Instant>,
    pub(super) since_fault: Option<String>,
    pub(super) until_fault: Option<String>,
}

/// What is meant by the first and the last day.
///
/// # Errors
/// The store's.
pub(super) async fn period(
    app: &App,
    desk: &Desk,
    since: &str,
    until: &str,
) -> Result<Period, Problem> {
    let words = desk.words();
    let mut period = Period::default();
    match day(since) {
        Ok(day) => period.since = begin(app, day).await?,
        Err(()) => period.since_fault = Some(words.t("audit-not-a-date").into()),
    }
    match day(until) {
        Ok(day) => period.until = begin(app, day.and_then(|day| day.succ_opt())).await?,
        Err(()) => period.until_fault = Some(words.t("audit-not-a-date").into()),
    }
    if let (Some(since), Some(until)) = (period.since, period.until)
        && since >= until
    {
        period.until_fault = Some(words.t("audit-ends-before").into());
    }
    Ok(period)
}

/// The cases of a code; what is wrong with it.
///
/// # Errors
/// The store's.
pub(super) async fn cases(
    app: &App,
    desk: &Desk,
    code: &str,
) -> Result<(Option<Vec<CaseId>>, Option<String>), Problem> {
    plain(&[code])?;
    let Some(code) = given(code) else { return Ok((None, None)) };
    let cases = desk.reads(app).cases_of_code(&latin(&code)).await?;
    let fault = cases.is_empty().then(|| desk.words().t("audit-no-case").into());
    Ok((Some(cases), fault))
}

/// Who is meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Who {
    pub(super) person: Option<PersonId>,
    pub(super) name: Option<String>,
    pub(super) fault: Option<String>,
    /// Several of that name, each with the address at which he is meant.
    pub(super) namesakes: Vec<Somebody>,
}

/// Who is meant: by an identifier, or by a name among those who hold a role where he audits.
///
/// # Errors
/// The store's.
pub(super) async fn who(
    app: &App,
    desk: &Desk,
    name: &str,
    address: impl Fn(String) -> String,
) -> Result<Who, Problem> {
    plain(&[name])?;
    let words = desk.words();
    let Some(name) = given(name) else { return Ok(Who::default()) };
    if let Ok(id) = name.parse::<Uuid>() {
        let person = PersonId(id);
        let name = app.store.names_of(&[person]).await?.remove(&person);
        return Ok(Who { person: Some(person), name, ..Who::default() });
    }
    let mut found = Vec::new();
    for held in &desk.reach.jurisdictions {
        let filter = PeopleFilter {
            within: Some(held.unit.clone()),
            name: Some(name.clone()),
            limit: NAMESAKES,
            ..PeopleFilter::default()
        };
        found.extend(app.store.people(&filter).await?);
    }
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(one.id));
    Ok(match found.as_slice() {
        [] => Who { fault: Some(words.t("audit-nobody").into()), ..Who::default() },
        [one] => Who { person: Some(one.id), name: Some(one.name.clone()), ..Who::default() },
        several => {
            let somebody = |one: &Person| {
                let units: BTreeSet<String> =
                    one.grants.iter().map(|grant| desk.unit(&grant.unit)).collect();
                let units: Vec<String> = units.into_iter().take(3).collect();
                let units = units.join(if words.is_persian() { "، " } else { ", " });
                let name = words.t("audit-somebody").s("name", &one.name).s("units", units);
                Somebody { name: name.into(), address: address(one.id.to_string()) }
            };
            Who { namesakes: several.iter().map(somebody).collect(), ..Who::default() }
        }
    })
}

fn day(text: &str) -> Result<Option<NaiveDate>, ()> {
    match text.trim() {
        "" => Ok(None),
        text => parse_date(text).map(Some).map_err(|_| ()),
    }
}

/// The same text with Latin digits: people type a code as they read it.
pub(super) fn latin(text: &str) -> String {
    let digit = |letter: char| {
        let zero = match letter {
            '۰'..='۹' => '۰',
            '٠'..='٩' => '٠',
            _ => return letter,
        };
        char::from_digit(letter as u32 - zero as u32, 10).unwrap_or(letter)
    };
    text.chars().map(digit).collect()
}

/// When a day begins where the first calendar counts.
async fn begin(app: &App, day: Option<NaiveDate>) -> Result<Option<Instant>, Problem> {
    let Some(day) = day else { return Ok(None) };
    Ok(app.calendar().await?.map(|calendars| calendars.national().start_of(day)))
}

async fn rows(
    app: &App,
    desk: &Desk,
    wanted: &Wanted,
    found: Vec<TrailRow>,
) -> Result<Vec<Row>, Problem> {
    let names = Names::named(app, people(found.iter().map(|row| &row.event))).await?;
    let mut rows = Vec::with_capacity(found.len());
    for row in &found {
        let (definition, calendars) = desk.rules(app, &row.workflow, row.version).await?;
        let scene = Scene {
            words: desk.words(),
            inside: true,
            calendar: desk.calendar(&calendars, &row.unit),
            organisation: &desk.visit.viewer.organisation,
        };
        let told = Wording { seen: scene, names: &names, definition: &definition }.told(&row.event);
        let other = row.event.by.person().filter(|person| person.to_string() != wanted.person);
        rows.push(Row {
            title: told.title,
            lines: told.lines,
            when: told.when,
            recorded: told.recorded,
            who: told.who,
            of_him: other
                .map(|person| Wanted { person: person.to_string(), ..wanted.anew() }.address()),
            subject: row.subject.clone(),
            code: Code::of(row.case),
            unit: desk.unit(&row.unit),
            address: format!("/audit/cases/{}#event-{}", row.case, row.event.seq),
        });
    }
    Ok(rows)
}

fn chosen(desk: &Desk, wanted: &Wanted, asked: &Asked) -> Vec<Chosen> {
    let words = desk.words();
    let mut chosen = Vec::new();
    let anew = wanted.anew();
    let none = String::new;
    let mut add = |value: &str, name: String, without: Wanted| {
        if !value.trim().is_empty() {
            chosen.push(Chosen { name, without: without.address() });
        }
    };
    let person = asked.person.clone().unwrap_or_else(|| wanted.person.clone());
    add(&wanted.person, person, Wanted { person: none(), ..anew.clone() });
    let since = words.t("audit-from-day").s("day", &wanted.since).into();
    add(&wanted.since, since, Wanted { since: none(), ..anew.clone() });
    let until = words.t("audit-to-day").s("day", &wanted.until).into();
    add(&wanted.until, until, Wanted { until: none(), ..anew.clone() });
    let kind = kinds::title(&wanted.kind, words).unwrap_or_else(|| wanted.kind.clone());
    add(&wanted.kind, kind, Wanted { kind: none(), ..anew.clone() });
    let unit = desk.unit(&UnitId::from(wanted.unit.as_str()));
    add(&wanted.unit, unit, Wanted { unit: none(), ..anew.clone() });
    let workflow = desk.workflows(&wanted.workflow).into_iter().find(|one| one.chosen);
    let workflow = workflow.map_or_else(|| wanted.workflow.clone(), |one| one.name);
    add(&wanted.workflow, workflow, Wanted { workflow: none(), ..anew.clone() });
    add(&wanted.code, wanted.code.clone(), Wanted { code: none(), ..anew.clone() });
    add(&wanted.reason, wanted.reason.clone(), Wanted { reason: none(), ..anew.clone() });
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_is_looked_for_and_nothing_else() {
        assert_eq!(Wanted::default().address(), "/audit");
        let wanted = Wanted { kind: "extended".to_owned(), ..Wanted::default() };
        assert_eq!(wanted.address(), "/audit?kind=extended");
    }

    #[test]
    fn a_day_is_read_in_either_calendar() {
        assert_eq!(day(" ۱۴۰۳/۱۲/۳۰ "), Ok(NaiveDate::from_ymd_opt(2025, 3, 20)));
        assert_eq!(day("2025-03-20"), Ok(NaiveDate::from_ymd_opt(2025, 3, 20)));
        assert_eq!(day(""), Ok(None));
        assert_eq!(day("tomorrow"), Err(()));
    }

    #[test]
    fn a_code_is_read_in_any_digits() {
        assert_eq!(latin("3F8A-۲۱BC-٩0DE"), "3F8A-21BC-90DE");
    }
}
