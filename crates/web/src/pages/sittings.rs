//! Sittings of commissions: when they sit, what is on their agenda, which cases find no room; planning them,
//! their minutes, and cancelling them. Voting, recusing and the agenda of a case are done on its own page.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Datelike, NaiveTime, Utc, Weekday};
use parvaneh_core::{
    CaseId, Grant, RoleId, SittingId, UnitId,
    definition::StepKind,
    jalali::parse_date,
    sitting::{Place as Lot, SittingState},
};
use parvaneh_store::{AgendaItem, PeopleFilter, SittingRow, SittingsQuery, Viewer};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    Frame,
    form::Form,
    frame::role as role_shown,
    look::in_query,
    page,
    problem::status,
    routes::Pages,
    see,
    sheet::{Field, Kind, Pick, Sheet},
    shown,
    times::{Times, When},
    visit::Visit,
};
use crate::{
    App,
    api::sittings::{PlanSittings, seen, to_plan},
    body::{Path, Query, checked},
    page::{self as pieces, cut},
    problem::Problem,
    say::{Said, Words},
    shown::{Code, digits::latin},
};

/// How many stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/sittings", list)
        .post("/sittings", plan)
        .get("/sittings/{id}", asked)
        .post("/sittings/{id}/minutes", hold)
        .post("/sittings/{id}/cancel", cancel)
}

/// Whether somebody sees sittings of any commission.
pub(super) fn sees_any(viewer: &Viewer) -> bool {
    !viewer.reach.commissions.is_empty()
}

/// A sitting as it is listed.
struct Row {
    id: SittingId,
    commission: String,
    at: When,
    closes: When,
    place: String,
    taken: u32,
    capacity: u32,
    state: Said,
    class: &'static str,
}

fn state(state: &SittingState, words: Words) -> (Said, &'static str) {
    match state {
        SittingState::Planned => (words.t("sitting-planned"), ""),
        SittingState::Held { .. } => (words.t("sitting-held"), "is-done"),
        SittingState::Cancelled { .. } => (words.t("sitting-cancelled"), "is-late"),
    }
}

/// A commission: the role of its members, and where it sits.
fn commission(viewer: &Viewer, members: &RoleId, unit: &UnitId, words: Words) -> String {
    let grant = Grant { role: members.clone(), unit: unit.clone() };
    let shown = role_shown(viewer, &grant, words);
    words.t("lending-role-at").s("role", shown.role).s("unit", shown.unit).into()
}

fn row(row: SittingRow, viewer: &Viewer, times: &Times, words: Words) -> Row {
    let sitting = row.sitting;
    let (state, class) = state(&sitting.state, words);
    Row {
        id: sitting.id,
        commission: commission(viewer, &sitting.members, &sitting.unit, words),
        at: times.moment(sitting.at),
        closes: times.moment(sitting.closes_at),
        place: row.place,
        taken: sitting.taken,
        capacity: sitting.capacity,
        state,
        class,
    }
}

/// A case that waits for a commission.
struct Waits {
    case: CaseId,
    code: Code,
    subject: String,
    commission: String,
    deadline: Option<When>,
    room: Said,
    class: &'static str,
    mark: &'static str,
    sitting: Option<SittingId>,
}

#[derive(Template)]
#[template(path = "sittings/list.html")]
struct List {
    frame: Frame,
    done: Option<Said>,
    past: bool,
    rows: Vec<Row>,
    next: Option<String>,
    waits: Vec<Waits>,
    plan: Option<Sheet>,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    /// `past`, or what is to come.
    #[serde(default)]
    which: String,
    #[serde(default)]
    done: String,
    after: Option<String>,
}

/// Those that somebody owns in one of the procedures: `ROLE@UNIT` and what they are called. The rules decide
/// when he plans; this says what is offered.
fn owned(viewer: &Viewer, words: Words) -> Vec<(String, String)> {
    let mut owned = Vec::new();
    for definition in viewer.definitions() {
        for step in definition.steps.values() {
            let StepKind::Commission(body) = &step.kind else { continue };
            let Some(level) = definition.roles.get(&body.members).map(|role| role.at) else {
                continue;
            };
            if body.sittings.is_none() {
                continue;
            }
            let held = viewer.actor.grants.iter().filter(|grant| grant.role == body.owner);
            for grant in held {
                let units = viewer.organisation.units().filter(|unit| {
                    unit.level == level && viewer.organisation.contains(&grant.unit, &unit.id)
                });
                for unit in units {
                    let value = format!("{}@{}", body.members, unit.id);
                    let name = commission(viewer, &body.members, &unit.id, words);
                    if !owned.iter().any(|(known, _)| *known == value) {
                        owned.push((value, name));
                    }
                }
            }
        }
    }
    owned.sort_by(|one, other| one.1.cmp(&other.1));
    owned
}

#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    commission: String,
    #[serde(default, rename = "series.from")]
    from: String,
    #[serde(default, rename = "series.time")]
    time: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    capacity: String,
    #[serde(default, rename = "series.weeks")]
    weeks: String,
    #[serde(default, rename = "series.until")]
    until: String,
    skip_closed: Option<String>,
}

fn plans(viewer: &Viewer, sent: &Sent, words: Words) -> Option<Sheet> {
    let owned = owned(viewer, words);
    if owned.is_empty() {
        return None;
    }
    let owned = owned.into_iter().map(|(value, name)| {
        let chosen = value == sent.commission;
        Pick::new(value, name).chosen(chosen)
    });
    let skip = Pick::new("yes", words.t("sitting-skip-closed")).chosen(sent.skip_closed.is_some());
    let sheet = Sheet::new("/sittings", words.t("sitting-plan"))
        .with(Field::new(
            "commission",
            words.t("sitting-commission"),
            Kind::Select(owned.collect()),
        ))
        .with(
            Field::new("series.from", words.t("sitting-day"), Kind::Day)
                .required()
                .hinted(words.t("fault-day"))
                .holding(&sent.from),
        )
        .with(
            Field::new("series.time", words.t("sitting-time"), Kind::Code)
                .required()
                .hinted(words.t("sitting-time-hint"))
                .holding(&sent.time)
                .at_most(5),
        )
        .with(
            Field::new("place", words.t("sitting-place"), Kind::Line)
                .required()
                .holding(&sent.place)
                .at_most(1_000),
        )
        .with(
            Field::new("capacity", words.t("sitting-capacity"), Kind::Number)
                .required()
                .holding(&sent.capacity),
        )
        .with(
            Field::new("series.weeks", words.t("sitting-weeks"), Kind::Number)
                .hinted(words.t("sitting-weeks-hint"))
                .holding(&sent.weeks),
        )
        .with(
            Field::new("series.until", words.t("sitting-until"), Kind::Day)
                .hinted(words.t("sitting-until-hint"))
                .holding(&sent.until),
        )
        .with(Field::new("skip_closed", words.t("sitting-closed"), Kind::Checks(vec![skip])));
    Some(sheet)
}

async fn page_of(
    app: &App,
    visit: &Visit,
    wanted: &Wanted,
    plan: Option<Sheet>,
) -> Result<List, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    if !sees_any(viewer) {
        return Err(Problem::forbidden(
            "this is for those who work in a procedure with a commission",
        ));
    }
    let times = Times::of(app, words).await?;
    let past = wanted.which == "past";
    let after: Option<(DateTime<Utc>, UnitId, SittingId)> = pieces::after(wanted.after.as_deref())?;
    // What sits today is still to come.
    let today = times.today(viewer.now);
    let query = SittingsQuery {
        within: None,
        members: None,
        from: (!past).then_some(today),
        until: past.then_some(today),
        reach: Some(viewer.reach.clone()),
        after,
        limit: LENGTH + 1,
    };
    let (found, more) = cut(app.store.sittings(&query).await?, LENGTH);
    let next = found.last().filter(|_| more).map(|row| {
        let end = pieces::end(&(row.sitting.at, &row.sitting.unit, row.sitting.id));
        let which = if past { "which=past&" } else { "" };
        format!("/sittings?{which}after={}", in_query(&end))
    });
    let mut waits = Vec::new();
    if !past {
        for room in app.store.room(None, None, Some(viewer)).await? {
            let name = commission(viewer, &room.members, &room.unit, words);
            waits.extend(room.cases.into_iter().map(|one| {
                let (said, class, mark, sitting) = match one.lot.place {
                    Lot::OnAgenda(id) => (words.t("room-on-agenda"), "is-done", "✓", Some(id)),
                    Lot::Fits(id) => (words.t("room-fits"), "", "", Some(id)),
                    Lot::TooLate(id) => (words.t("room-too-late"), "is-late", "■", Some(id)),
                    Lot::Lacking => (words.t("room-lacking"), "is-near", "▲", None),
                };
                let case = one.lot.case.case;
                Waits {
                    case,
                    code: Code::of(case),
                    subject: one.subject,
                    commission: name.clone(),
                    deadline: one.lot.case.deadline.map(|at| times.day(at)),
                    room: said,
                    class,
                    mark,
                    sitting,
                }
            }));
        }
    }
    Ok(List {
        frame: visit.frame(words.t("sittings-title")),
        done: (wanted.done == "planned").then(|| words.t("sitting-was-planned")),
        past,
        rows: found.into_iter().map(|one| row(one, viewer, &times, words)).collect(),
        next,
        waits,
        plan,
    })
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let sent = Sent { capacity: words.digits(12), ..Sent::default() };
    let plan = plans(&visit.viewer, &sent, words);
    page(&visit.look, &page_of(&app, &visit, &wanted, plan).await?)
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
    }
}

/// What was typed as the body of the operation: one sitting is a series of one. What is wrong with it, by the
/// name of the input.
fn typed(sent: &Sent, words: Words) -> Result<PlanSittings, (&'static str, Said)> {
    let day = |name, text: &str| parse_date(text).map_err(|_| (name, words.t("fault-day")));
    let from = day("series.from", sent.from.trim())?;
    let until = match sent.until.trim() {
        "" => from,
        text => day("series.until", text)?,
    };
    let number = |name, text: &str| {
        let number = latin(text.trim()).parse::<u32>();
        number.map_err(|_| (name, words.t("fault-range")))
    };
    let weeks = match sent.weeks.trim() {
        "" => 1,
        text => number("series.weeks", text)?,
    };
    if !(1..=52).contains(&weeks) {
        return Err(("series.weeks", words.t("fault-range")));
    }
    let time = latin(sent.time.trim());
    if time.len() != 5 || NaiveTime::parse_from_str(&time, "%H:%M").is_err() {
        return Err(("series.time", words.t("fault-time")));
    }
    let (members, unit) = sent.commission.split_once('@').unwrap_or_default();
    let body = json!({
        "unit": unit, "members": members, "place": sent.place.trim(),
        "capacity": number("capacity", &sent.capacity)?,
        "series": {
            "weekday": weekday(from.weekday()), "time": time, "weeks": weeks,
            "from": from.to_string(), "until": until.to_string(),
        },
        "skip_closed": sent.skip_closed.is_some(),
    });
    checked(body).map_err(|problem| {
        let first = problem.faults.first().map(|fault| fault.pointer.as_str()).unwrap_or_default();
        match first {
            "/capacity" => ("capacity", words.t("fault-range")),
            "/place" => ("place", words.t("fault-missing")),
            _ => ("commission", words.t("fault-choose")),
        }
    })
}

async fn plan(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let Some(sheet) = plans(&visit.viewer, &sent, words) else {
        return Err(Problem::forbidden("this is for whoever owns a commission"));
    };
    let by = visit.caller.person;
    let (refused, sheet) = match typed(&sent, words) {
        Err((name, why)) => (StatusCode::UNPROCESSABLE_ENTITY, sheet.faulted(name, why)),
        Ok(body) => {
            let planned = async {
                let new = to_plan(&app, by, &body).await?;
                app.store.plan_sittings(by, new).await.map_err(Problem::from)
            };
            match planned.await {
                Ok(_) => return Ok(see("/sittings?done=planned")),
                Err(problem) if status(&problem).is_client_error() => {
                    (status(&problem), sheet.refused(problem, words))
                }
                Err(problem) => return Err(problem),
            }
        }
    };
    let wanted = Wanted::default();
    shown(refused, &visit.look, &page_of(&app, &visit, &wanted, Some(sheet)).await?)
}

/// A case that is, or was, on the agenda.
struct Item {
    case: CaseId,
    code: Code,
    subject: String,
    deadline: Option<When>,
    /// What became of it; none while it is on the agenda.
    outcome: Option<String>,
}

/// Somebody who sits in the commission.
struct Member {
    name: String,
    absent_until: Option<When>,
}

#[derive(Template)]
#[template(path = "sittings/sitting.html")]
struct Page {
    frame: Frame,
    done: Option<Said>,
    row: Row,
    /// The number of the minutes, or why it was cancelled.
    word: Option<String>,
    members: Vec<Member>,
    agenda: Vec<Item>,
    hold: Option<Sheet>,
    cancel: Option<Sheet>,
}

fn holds(id: SittingId, words: Words) -> Sheet {
    let minutes = Field::new("minutes", words.t("sitting-minutes"), Kind::Code).required();
    let sheet = Sheet::new(format!("/sittings/{id}/minutes"), words.t("sitting-hold"));
    sheet.with(minutes.hinted(words.t("sitting-minutes-hint")).at_most(1_000))
}

fn cancels(id: SittingId, words: Words) -> Sheet {
    let reason = Field::new("reason", words.t("lending-reason"), Kind::Area).required();
    Sheet::new(format!("/sittings/{id}/cancel"), words.t("sitting-cancel")).with(reason)
}

async fn file(app: &App, visit: &Visit, id: Uuid) -> Result<Page, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let found = seen(app, viewer, id).await?;
    let times = Times::of(app, words).await?;
    let sitting = found.sitting.clone();
    let sees = |item: &AgendaItem| {
        viewer
            .reach
            .sees(&viewer.organisation, &item.workflow, &item.unit, item.applicant)
            .is_some()
    };
    let agenda = app.store.reading_as(viewer).agenda(sitting.id).await?;
    let agenda = agenda.into_iter().filter(sees).map(|item| Item {
        case: item.case,
        code: Code::of(item.case),
        subject: item.subject,
        deadline: item.deadline.map(|at| times.day(at)),
        outcome: item.outcome,
    });
    let role = sitting.members.clone();
    let filter = PeopleFilter { role: Some(role.clone()), ..PeopleFilter::default() };
    let holders = app.store.people(&filter).await?.into_iter().filter(|person| {
        person.grants.iter().any(|grant| {
            grant.role == role && viewer.organisation.contains(&grant.unit, &sitting.unit)
        })
    });
    let members = holders.map(|person| Member {
        name: person.name,
        absent_until: person.absent_until.map(|at| times.day(at)),
    });
    let right = app.store.right_to_sittings(visit.caller.person, &role, &sitting.unit).await;
    let open = right.is_ok() && sitting.state == SittingState::Planned;
    let begun = viewer.now >= sitting.at;
    let word = match &sitting.state {
        SittingState::Planned => None,
        SittingState::Held { minutes } => Some(minutes.clone()),
        SittingState::Cancelled { reason } => Some(reason.clone()),
    };
    let row = row(found, viewer, &times, words);
    Ok(Page {
        frame: visit.frame(words.t("sitting-of").s("commission", &row.commission)),
        done: None,
        row,
        word,
        members: members.collect(),
        agenda: agenda.collect(),
        hold: (open && begun).then(|| holds(sitting.id, words)),
        cancel: open.then(|| cancels(sitting.id, words)),
    })
}

async fn asked(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let done = match wanted.done.as_str() {
        "held" => Some(words.t("sitting-was-held")),
        "cancelled" => Some(words.t("sitting-was-cancelled")),
        _ => None,
    };
    page(&visit.look, &Page { done, ..file(&app, &visit, id).await? })
}

#[derive(Debug, Deserialize)]
struct Word {
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    reason: String,
}

async fn hold(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(sent): Form<Word>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let id = seen(&app, &visit.viewer, id).await?.sitting.id;
    match app.store.hold_sitting(visit.caller.person, id, sent.minutes.trim()).await {
        Ok(_) => Ok(see(&format!("/sittings/{id}?done=held"))),
        Err(error) => {
            let problem = Problem::from(error);
            if problem.code != "minutes_needed" {
                return Err(problem);
            }
            let hold = Some(holds(id, words).faulted("minutes", words.t("fault-missing")));
            let page = Page { hold, ..file(&app, &visit, id.0).await? };
            shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
        }
    }
}

async fn cancel(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(sent): Form<Word>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let id = seen(&app, &visit.viewer, id).await?.sitting.id;
    match app.store.cancel_sitting(visit.caller.person, id, sent.reason.trim()).await {
        Ok(_) => Ok(see(&format!("/sittings/{id}?done=cancelled"))),
        Err(error) => {
            let problem = Problem::from(error);
            if problem.code != "reason_needed" {
                return Err(problem);
            }
            let cancel = Some(cancels(id, words).faulted("reason", words.t("fault-missing")));
            let page = Page { cancel, ..file(&app, &visit, id.0).await? };
            shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
        }
    }
}
