//! The whole story of one case, with nothing left out: what each event did, and what proves it.

use std::{fmt::Write as _, sync::Arc};

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Calendar, Case, CaseId, Definition, Event, Fact,
    event::STATUTORY,
    story::{ClockChange, Standing, clock_changes},
    timeline::{GENESIS, chain},
};
use parvaneh_store::{StoreError, Timeline};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        Frame,
        case::{Happened, Names, Scene, Wording, people},
        page,
        visit::Visit,
    },
    Desk, PlaceShown, kinds,
    search::Wanted,
};
use crate::{
    App,
    body::{Path, Query},
    problem::Problem,
    say::Words,
    shown::{Code, Moment},
};

/// How many events a page shows.
const PAGE: usize = 100;

/// Which part of the story.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    /// Only what happened before that event.
    before: Option<u32>,
}

/// An event, with all that is known of it.
#[derive(Clone, Debug)]
struct Told {
    happened: Happened,
    kind: String,
    recorded: Moment,
    /// What else this person did.
    of_him: Option<String>,
    /// What it did to the clocks.
    clocks: Vec<String>,
    hash: String,
    /// Whether its hash is that of its bytes and the hash before it.
    holds: bool,
    /// As it is stored and hashed.
    bytes: String,
}

/// What the looks at the proofs have found.
#[derive(Clone, Copy, Debug)]
struct Proof {
    /// Whether every event is there, and each hash is what the chain says.
    whole: bool,
    /// The first event where it is not.
    broken_at: Option<u32>,
    /// Whether the case, as it is stored, is what its events make of it.
    agrees: bool,
}

#[derive(Template)]
#[template(path = "audit/story.html")]
struct Page {
    frame: Frame,
    places: Vec<PlaceShown>,
    case: CaseId,
    code: Code,
    workflow: String,
    unit: String,
    applicant: String,
    proof: Proof,
    head: String,
    count: usize,
    story: Vec<Told>,
    /// What happened before what is shown.
    earlier: Option<String>,
    /// The end of the story, where it is not shown.
    latest: Option<String>,
}

pub(super) async fn story(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let desk = Desk::of(visit)?;
    let reads = desk.reads(&app);
    let case = match reads.case(CaseId(case)).await {
        Err(StoreError::NoSuchCase(_)) => return Err(Problem::not_found()),
        case => case?,
    };
    let timeline = reads.timeline(case.id).await?;
    let (definition, calendars) = desk.rules(&app, &case.workflow, case.version).await?;
    let calendar = desk.calendar(&calendars, &case.unit);
    let events: Vec<&Event> = timeline.entries.iter().map(|entry| &entry.event).collect();
    let proof = Proof {
        whole: timeline.broken_at.is_none(),
        broken_at: timeline.broken_at,
        agrees: Case::fold(events.iter().copied()).as_ref() == Some(&case),
    };
    let mut story = told(&app, &desk, &case, &timeline, &definition, calendar).await?;
    let count = story.len();
    if let Some(before) = part.before {
        story.retain(|one| one.happened.no < before);
    }
    story.reverse();
    story.truncate(PAGE);
    let first = story.last().map_or(1, |one| one.happened.no);
    let address = format!("/audit/cases/{}", case.id);
    let names = Names::named(&app, [case.applicant].into()).await?;
    let words = desk.words();
    let shown_page = Page {
        frame: desk.visit.frame(&case.subject),
        places: desk.places(""),
        case: case.id,
        code: Code::of(case.id),
        workflow: words.of(&definition.title).to_owned(),
        unit: desk.unit(&case.unit),
        applicant: names.person(case.applicant),
        proof,
        head: timeline.entries.last().map(|entry| hexadecimal(&entry.hash)).unwrap_or_default(),
        count,
        earlier: (first > 1).then(|| format!("{address}?before={first}")),
        latest: part.before.is_some().then_some(address),
        story,
    };
    page(&desk.visit.look, &shown_page)
}

async fn told(
    app: &App,
    desk: &Desk,
    case: &Case,
    timeline: &Timeline,
    definition: &Arc<Definition>,
    calendar: &Calendar,
) -> Result<Vec<Told>, Problem> {
    let words = desk.words();
    let events = || timeline.entries.iter().map(|entry| &entry.event);
    let names = Names::named(app, people(events())).await?;
    let changes = clock_changes(events());
    let scene =
        Scene { words, inside: true, calendar, organisation: &desk.visit.viewer.organisation };
    // By which version the case ran when it happened.
    let first = events().find_map(|event| match &event.fact {
        Fact::Migrated(moved) => Some(moved.from.version),
        _ => None,
    });
    let mut then = match first {
        Some(version) => app.store.definition(&case.workflow, Some(version)).await?,
        None => Arc::clone(definition),
    };
    let mut previous = GENESIS;
    let mut told = Vec::with_capacity(timeline.entries.len());
    for (entry, changes) in timeline.entries.iter().zip(changes) {
        let event = &entry.event;
        if let Fact::Migrated(moved) = &event.fact {
            then = app.store.definition(&case.workflow, Some(moved.to.version)).await?;
        }
        let wording = Wording { seen: scene, names: &names, definition: &then };
        let holds = chain(&previous, entry.bytes.as_bytes()) == entry.hash;
        previous = entry.hash;
        let clocks = changes.iter().map(|change| {
            let clock = match change.clock {
                STATUTORY => wording.clock(STATUTORY),
                no => words.t("audit-clock-of-task").n("number", no).into(),
            };
            changed(change, &clock, calendar, words)
        });
        told.push(Told {
            clocks: clocks.collect(),
            happened: wording.told(event),
            kind: kinds::title(event.fact.kind(), words).unwrap_or_default(),
            recorded: Moment::at(event.recorded_at, calendar, words),
            of_him: event.by.person().map(|person| Wanted::of(person).address()),
            hash: hexadecimal(&entry.hash),
            holds,
            bytes: entry.bytes.clone(),
        });
    }
    Ok(told)
}

/// What became of a clock, in words.
fn changed(change: &ClockChange, clock: &str, calendar: &Calendar, words: Words) -> String {
    let standing = |standing: Standing| -> String {
        let plain = |at| Moment::at(at, calendar, words).plain();
        match standing {
            Standing::Absent => words.t("audit-clock-absent").into(),
            Standing::Held => words.t("audit-clock-held").into(),
            Standing::Due(at) => plain(at),
            Standing::Stopped(Some(at)) => {
                words.t("audit-clock-stopped").s("deadline", plain(at)).into()
            }
            Standing::Stopped(None) => words.t("audit-clock-over").into(),
        }
    };
    let (before, after) = (standing(change.before), standing(change.after));
    words.t("audit-clock-change").s("clock", clock).s("before", before).s("after", after).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
