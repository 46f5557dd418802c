//! What one lends, what is lent to one, and when one is away: for oneself, and for somebody whose work one gives out.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{Grant, Instant, PersonId, UnitId, jalali::parse_date};
use parvaneh_store::{AbsenceRow, DelegationFilter, DelegationRow, Person, Viewer};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Done, Part, parts};
use crate::{
    App,
    api::{
        absences::{RecordAbsence, absence_seen, to_record},
        delegations::{GiveDelegation, seen, to_lend},
    },
    body::{Path, Query, checked},
    pages::{
        Frame,
        form::Form,
        frame::role as role_shown,
        page,
        problem::status,
        routes::Pages,
        see,
        sheet::{Confirm, Field, Kind, Pick, Sheet},
        shown,
        times::{Times, When},
        visit::Visit,
    },
    policy,
    problem::Problem,
    say::{Said, Words},
};

const HERE: &str = "/account/lending";

pub(super) fn pages() -> Pages {
    Pages::default()
        .get(HERE, own)
        .get("/people/{id}/lending", of_another)
        .post("/people/{id}/lending", lend)
        .post("/people/{id}/lending/{lent}/revoke", revoke)
        .post("/people/{id}/absence", away)
        .post("/people/{id}/absence/{absence}/end", back)
}

/// Whose roles are lent, and who is away.
struct Whose {
    person: PersonId,
    name: String,
    grants: Vec<Grant>,
    /// Whether that is the reader.
    own: bool,
}

impl Whose {
    /// # Errors
    /// `not_found` for somebody whose work the reader does not give out.
    async fn of(app: &App, viewer: &Viewer, person: PersonId) -> Result<Self, Problem> {
        let me = viewer.actor.person;
        if person != me && !app.store.may_stand_for(me, person).await? {
            return Err(Problem::not_found());
        }
        let Person { id, name, grants, .. } =
            app.store.person(person).await?.ok_or_else(Problem::not_found)?;
        Ok(Self { person: id, name, grants, own: id == me })
    }

    fn address(&self, rest: &str) -> String {
        format!("/people/{}{rest}", self.person)
    }

    /// To the page, which tells what was done.
    fn back(&self, done: &str) -> Response {
        match self.own {
            true => see(&format!("{HERE}?done={done}")),
            false => see(&self.address(&format!("/lending?done={done}"))),
        }
    }
}

/// A role that is lent.
pub(in crate::pages) struct Lent {
    pub(in crate::pages) role: String,
    pub(in crate::pages) unit: String,
    pub(in crate::pages) from: String,
    pub(in crate::pages) to: String,
    pub(in crate::pages) starts: When,
    pub(in crate::pages) until: When,
    pub(in crate::pages) reason: String,
    pub(in crate::pages) in_force: bool,
    /// Whether the one is the lender whom the page is about.
    pub(in crate::pages) own: bool,
    pub(in crate::pages) revoke: Option<Sheet>,
}

/// A time in which somebody is away.
pub(in crate::pages) struct Away {
    pub(in crate::pages) who: String,
    pub(in crate::pages) starts: When,
    pub(in crate::pages) until: When,
    pub(in crate::pages) reason: String,
    pub(in crate::pages) substitute: Option<String>,
    pub(in crate::pages) now: bool,
    pub(in crate::pages) end: Option<Confirm>,
}

/// The names of everybody who occurs in them.
pub(in crate::pages) async fn names(
    app: &App,
    lent: &[DelegationRow],
    away: &[AbsenceRow],
) -> Result<BTreeMap<PersonId, String>, Problem> {
    let mut people: Vec<PersonId> = lent.iter().flat_map(|row| [row.from, row.to]).collect();
    people.extend(away.iter().flat_map(|row| [Some(row.person), row.substitute]).flatten());
    Ok(app.store.names_of(&people).await?.into_iter().collect())
}

/// Delegations as a reader is shown them.
pub(in crate::pages) fn lent(
    rows: Vec<DelegationRow>,
    viewer: &Viewer,
    names: &BTreeMap<PersonId, String>,
    times: &Times,
    words: Words,
) -> Vec<Lent> {
    let name = |person: &PersonId| names.get(person).cloned().unwrap_or_default();
    let shown = rows.into_iter().map(|row| {
        let held = role_shown(viewer, &row.grant, words);
        Lent {
            role: held.role,
            unit: held.unit,
            from: name(&row.from),
            to: name(&row.to),
            starts: times.begins(row.starts),
            until: times.ends(row.until),
            reason: row.reason,
            in_force: row.in_force,
            own: false,
            revoke: None,
        }
    });
    shown.collect()
}

/// Absences as a reader is shown them.
pub(in crate::pages) fn away_shown(
    rows: Vec<AbsenceRow>,
    names: &BTreeMap<PersonId, String>,
    times: &Times,
) -> Vec<Away> {
    let name = |person: &PersonId| names.get(person).cloned().unwrap_or_default();
    let shown = rows.into_iter().map(|row| Away {
        who: name(&row.person),
        starts: times.begins(row.starts),
        until: times.ends(row.until),
        reason: row.reason,
        substitute: row.substitute.as_ref().map(name),
        now: row.now,
        end: None,
    });
    shown.collect()
}

#[derive(Template)]
#[template(path = "own/lending.html")]
struct Page {
    frame: Frame,
    /// None where it is about somebody else.
    parts: Vec<Part>,
    own: bool,
    done: Option<Said>,
    lent: Vec<Lent>,
    /// None for who holds nothing that can be lent.
    lend: Option<Sheet>,
    away: Vec<Away>,
    absence: Option<Sheet>,
    /// Of whom else one can say all this.
    others: Vec<Pick>,
}

/// What was typed, or nothing.
#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    role: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    substitute: String,
    #[serde(default)]
    starts: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    reason: String,
}

/// More people are not offered.
const MOST: u32 = 2_000;

/// To whom somebody can lend: who hold a role at his units, above them, or directly below.
async fn colleagues(app: &App, viewer: &Viewer, whose: &Whose) -> Result<Vec<Pick>, Problem> {
    let organisation = &viewer.organisation;
    let mut near: BTreeSet<UnitId> = BTreeSet::new();
    for held in &whose.grants {
        near.extend(organisation.path(&held.unit).cloned());
    }
    let own: Vec<&UnitId> = whose.grants.iter().map(|held| &held.unit).collect();
    let below = organisation.units();
    let below = below.filter(|unit| unit.parent.as_ref().is_some_and(|above| own.contains(&above)));
    near.extend(below.map(|unit| unit.id.clone()));
    let near: Vec<UnitId> = near.into_iter().collect();
    let people = app.store.holders_at(&near, MOST).await?.into_iter();
    // Nobody gives to himself what is another's.
    let others = people.filter(|(id, _)| *id != whose.person && *id != viewer.actor.person);
    Ok(others.map(|(id, name)| Pick::new(id.to_string(), name)).collect())
}

/// Whose work the reader gives out.
async fn others(app: &App, viewer: &Viewer) -> Result<Vec<Pick>, Problem> {
    let desks = policy::desks(viewer);
    if desks.is_empty() {
        return Ok(Vec::new());
    }
    let people = app.store.holders_at_desks(&desks, MOST).await?.into_iter();
    let others = people.filter(|(id, _)| *id != viewer.actor.person);
    Ok(others.map(|(id, name)| Pick::new(id.to_string(), name)).collect())
}

fn value(grant: &Grant) -> String {
    format!("{}@{}", grant.role, grant.unit)
}

/// The inputs that both forms have.
fn period(sheet: Sheet, sent: &Sent, words: Words) -> Sheet {
    sheet
        .with(
            Field::new("starts", words.t("lending-starts"), Kind::Day)
                .hinted(words.t("lending-starts-hint"))
                .holding(&sent.starts),
        )
        .with(
            Field::new("until", words.t("lending-until"), Kind::Day)
                .required()
                .hinted(words.t("lending-until-hint"))
                .holding(&sent.until),
        )
        .with(
            Field::new("reason", words.t("lending-reason"), Kind::Area)
                .required()
                .holding(&sent.reason),
        )
}

fn people(colleagues: &[Pick], first: Said, chosen: &str) -> Kind {
    let mut picks = vec![Pick::new("", first)];
    picks.extend(colleagues.iter().cloned().map(|pick| {
        let is = pick.value == chosen;
        pick.chosen(is)
    }));
    Kind::Select(picks)
}

fn lends(
    viewer: &Viewer,
    whose: &Whose,
    colleagues: &[Pick],
    sent: &Sent,
    words: Words,
) -> Option<Sheet> {
    if whose.grants.is_empty() {
        return None;
    }
    let roles = whose.grants.iter().map(|grant| {
        let held = role_shown(viewer, grant, words);
        let name = words.t("lending-role-at").s("role", held.role).s("unit", held.unit);
        Pick::new(value(grant), name).chosen(value(grant) == sent.role)
    });
    let to = people(colleagues, words.t("lending-choose"), &sent.to);
    let sheet = Sheet::new(whose.address("/lending"), words.t("lending-lend"))
        .with(Field::new("role", words.t("lending-role"), Kind::Select(roles.collect())))
        .with(Field::new("to", words.t("lending-to"), to).required());
    Some(period(sheet, sent, words).named("lend"))
}

fn absences(whose: &Whose, colleagues: &[Pick], sent: &Sent, words: Words) -> Option<Sheet> {
    if whose.grants.is_empty() {
        return None;
    }
    let hint = match whose.own {
        true => words.t("absence-substitute-hint"),
        false => words.t("absence-substitute-hint-of"),
    };
    let substitute = people(colleagues, words.t("absence-nobody"), &sent.substitute);
    let sheet = Sheet::new(whose.address("/absence"), words.t("absence-record"));
    let sheet = period(sheet, sent, words)
        .with(Field::new("substitute", words.t("absence-substitute"), substitute).hinted(hint));
    Some(sheet.named("away"))
}

fn revokes(whose: &Whose, id: impl std::fmt::Display, words: Words) -> Sheet {
    let address = whose.address(&format!("/lending/{id}/revoke"));
    Sheet::new(address, words.t("lending-revoke-do"))
        .with(Field::new("reason", words.t("lending-reason"), Kind::Line).required())
        .named(&format!("revoke-{id}"))
}

/// What was typed into which form, and what is wrong with it.
enum Typed {
    Nothing,
    Lending(Sent, Wrong),
    Absence(Sent, Wrong),
}

/// Says beside the inputs of a form what is wrong.
type Wrong = Box<dyn FnOnce(Sheet) -> Sheet + Send>;

/// The page, with what was typed into one of its forms and what is wrong with it.
async fn page_of(app: &App, visit: &Visit, whose: &Whose, typed: Typed) -> Result<Page, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let times = Times::of(app, words).await?;
    let about = Some(whose.person);
    let filter = DelegationFilter { person: about, limit: 200, ..DelegationFilter::default() };
    let rows = app.store.delegations(&filter).await?;
    let absent = app.store.absences(about, None).await?;
    let names = names(app, &rows, &absent).await?;
    let ids: Vec<_> = rows.iter().map(|row| (row.id, row.from)).collect();
    let mut lent = lent(rows, viewer, &names, &times, words);
    for (one, (id, from)) in lent.iter_mut().zip(ids) {
        one.own = from == whose.person;
        // What was lent to him, he and its lender take back.
        one.revoke = (whose.own || one.own).then(|| revokes(whose, id, words));
    }
    let ids: Vec<Uuid> = absent.iter().map(|row| row.id).collect();
    let mut away = away_shown(absent, &names, &times);
    for (one, id) in away.iter_mut().zip(ids) {
        one.end = Some(Confirm::new(
            whose.address(&format!("/absence/{id}/end")),
            words.t("absence-end"),
            words.t("absence-end-will"),
            match whose.own {
                true => words.t("absence-end-do"),
                false => words.t("absence-end-do-of"),
            },
        ));
    }
    let colleagues = colleagues(app, viewer, whose).await?;
    let none = Sent::default();
    let (lend, absence) = match typed {
        Typed::Nothing => (
            lends(viewer, whose, &colleagues, &none, words),
            absences(whose, &colleagues, &none, words),
        ),
        Typed::Lending(sent, wrong) => (
            lends(viewer, whose, &colleagues, &sent, words).map(wrong),
            absences(whose, &colleagues, &none, words),
        ),
        Typed::Absence(sent, wrong) => (
            lends(viewer, whose, &colleagues, &none, words),
            absences(whose, &colleagues, &sent, words).map(wrong),
        ),
    };
    let title = match whose.own {
        true => words.t("own-lending").into(),
        false => String::from(words.t("lending-of").s("name", &whose.name)),
    };
    Ok(Page {
        frame: visit.frame(title),
        parts: if whose.own { parts(words, HERE) } else { Vec::new() },
        own: whose.own,
        done: None,
        lent,
        lend,
        away,
        absence,
        others: if whose.own { others(app, viewer).await? } else { Vec::new() },
    })
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    done: String,
    /// Of whom one wants to say it.
    #[serde(default)]
    of: String,
}

async fn own(
    State(app): State<App>,
    visit: Visit,
    Query(Wanted { done, of }): Query<Wanted>,
) -> Result<Response, Problem> {
    match of.parse::<Uuid>() {
        Ok(other) => Ok(see(&format!("/people/{other}/lending"))),
        Err(_) => told(&app, &visit, visit.viewer.actor.person, &done).await,
    }
}

async fn of_another(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Problem> {
    told(&app, &visit, PersonId(id), &done).await
}

/// The page after something was done.
async fn told(app: &App, visit: &Visit, about: PersonId, done: &str) -> Result<Response, Problem> {
    let words = visit.look.words;
    let whose = Whose::of(app, &visit.viewer, about).await?;
    let done = match done {
        "lent" => Some(words.t("lending-lent")),
        "revoked" => Some(words.t("lending-revoked")),
        "away" => Some(words.t("absence-recorded")),
        "back" => Some(words.t("absence-ended")),
        _ => None,
    };
    page(&visit.look, &Page { done, ..page_of(app, visit, &whose, Typed::Nothing).await? })
}

/// The period that was typed: from the beginning of the first day to the end of the last; what is wrong with
/// it, by the name of the input.
fn typed_period(
    sent: &Sent,
    times: &Times,
    words: Words,
) -> Result<(Option<Instant>, Instant), (&'static str, Said)> {
    let starts = match sent.starts.trim() {
        "" => None,
        text => Some(parse_date(text).map_err(|_| ("starts", words.t("fault-day")))?),
    };
    let until = match sent.until.trim() {
        "" => return Err(("until", words.t("fault-missing"))),
        text => parse_date(text).map_err(|_| ("until", words.t("fault-day")))?,
    };
    Ok((starts.map(|day| times.start_of(day)), times.end_of(until)))
}

/// What the rules say of something that was typed, where an input of the form is meant.
fn refused(sheet: Sheet, problem: Problem, to: &str, words: Words) -> Sheet {
    match problem.code.as_str() {
        "reason_needed" => sheet.faulted("reason", words.t("fault-missing")),
        "bad_period" => sheet.faulted("until", words.t("fault-period")),
        "delegation_to_himself" => sheet.faulted(to, words.t("fault-person")),
        _ => sheet.refused(problem, words),
    }
}

async fn lend(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let whose = Whose::of(&app, viewer, PersonId(id)).await?;
    let times = Times::of(&app, words).await?;
    let wrong: Wrong = 'wrong: {
        let (starts, until) = match typed_period(&sent, &times, words) {
            Ok(period) => period,
            Err((name, why)) => break 'wrong Box::new(move |sheet| sheet.faulted(name, why)),
        };
        let Ok(to) = sent.to.parse::<Uuid>() else {
            let why = words.t("fault-choose");
            break 'wrong Box::new(move |sheet| sheet.faulted("to", why));
        };
        let (role, unit) = sent.role.split_once('@').unwrap_or_default();
        let body = json!({
            "from": whose.person, "to": to, "role": role, "unit": unit, "starts": starts,
            "until": until, "reason": sent.reason.trim(),
        });
        let given = async {
            let body: GiveDelegation = checked(body)?;
            let new = to_lend(&app, viewer, &body).await?;
            app.store.delegate(new).await.map_err(Problem::from)
        };
        match given.await {
            Ok(_) => return Ok(whose.back("lent")),
            Err(problem) if status(&problem).is_client_error() => {
                Box::new(move |sheet| refused(sheet, problem, "to", words))
            }
            Err(problem) => return Err(problem),
        }
    };
    let page = page_of(&app, &visit, &whose, Typed::Lending(sent, wrong)).await?;
    shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
}

async fn away(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let whose = Whose::of(&app, viewer, PersonId(id)).await?;
    let times = Times::of(&app, words).await?;
    let wrong: Wrong = 'wrong: {
        let (starts, until) = match typed_period(&sent, &times, words) {
            Ok(period) => period,
            Err((name, why)) => break 'wrong Box::new(move |sheet| sheet.faulted(name, why)),
        };
        let substitute = sent.substitute.parse::<Uuid>().ok();
        let body = json!({
            "person": whose.person, "starts": starts, "until": until,
            "reason": sent.reason.trim(), "substitute": substitute,
        });
        let recorded = async {
            let body: RecordAbsence = checked(body)?;
            let new = to_record(&app, viewer, &body).await?;
            app.store.absent(new).await.map_err(Problem::from)
        };
        match recorded.await {
            Ok(_) => return Ok(whose.back("away")),
            Err(problem) if status(&problem).is_client_error() => {
                Box::new(move |sheet| refused(sheet, problem, "substitute", words))
            }
            Err(problem) => return Err(problem),
        }
    };
    let page = page_of(&app, &visit, &whose, Typed::Absence(sent, wrong)).await?;
    shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
}

#[derive(Debug, Deserialize)]
struct Why {
    #[serde(default)]
    reason: String,
}

async fn revoke(
    State(app): State<App>,
    visit: Visit,
    Path((id, of)): Path<(Uuid, Uuid)>,
    Form(sent): Form<Why>,
) -> Result<Response, Problem> {
    let whose = Whose::of(&app, &visit.viewer, PersonId(id)).await?;
    let of = seen(&app, &visit.viewer, of).await?.id;
    app.store.revoke_delegation(of, visit.caller.person, sent.reason.trim()).await?;
    Ok(whose.back("revoked"))
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn back(
    State(app): State<App>,
    visit: Visit,
    Path((id, absence)): Path<(Uuid, Uuid)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let whose = Whose::of(&app, &visit.viewer, PersonId(id)).await?;
    let row = absence_seen(&app, &visit.viewer, absence).await?;
    app.store.end_absence(row.person, Some(absence), visit.caller.person).await?;
    Ok(whose.back("back"))
}
