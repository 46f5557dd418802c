//! The timeline of a case on paper: the story as the pages tell it to who works there, without what only a screen has.

use std::{fmt, sync::Arc};

use parvaneh_core::{
    Calendar, Case, CaseId, Event, Fact as Happening, Instant, Ledger, Place, UnitId,
    case::Clock,
    event::STATUTORY,
    reach::Sight,
    story::{ClockChange, Standing, clock_changes},
};
use parvaneh_export::{
    Options, Paper,
    paper::{Fact, Row},
};
use parvaneh_store::{
    ExportMade, ExportMaker, ExportOrder, Making, NotMade, SeenCase, StoreError, Timeline,
};
use tokio::sync::mpsc;

use super::{
    head,
    names::Names,
    story::{Scene, Wording, people},
    wording::outcome,
};
use crate::{
    api::exports::hexadecimal,
    language::Language,
    say::{Said, Words},
    shown::{Code, Moment},
};

/// Sets a paper: bytes of a PDF, or why there are none.
pub type Typesetter = fn(&Paper) -> Result<Vec<u8>, String>;

/// Makes PDFs of timelines.
#[derive(Clone)]
pub struct Papers {
    public_url: String,
    typeset: Typesetter,
}

impl Papers {
    /// With the address under which people reach the service, and with who sets them.
    pub fn new(public_url: impl Into<String>, typeset: Typesetter) -> Self {
        Self { public_url: public_url.into(), typeset }
    }
}

impl fmt::Debug for Papers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Papers").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl ExportMaker for Papers {
    fn make<'a>(&'a self, order: ExportOrder<'a>, pieces: mpsc::Sender<Vec<u8>>) -> Making<'a> {
        Box::pin(async move {
            let case = order.export.scope.single();
            let case = case.ok_or_else(|| NotMade::Refused("a PDF is of one case".to_owned()))?;
            let options: Options =
                serde_json::from_value(order.export.options.clone()).unwrap_or_default();
            let words = Words(match options.english {
                true => Language::English,
                false => Language::Persian,
            });
            let address = format!("{}/cases/{case}", self.public_url);
            let paper = paper(order, case, words, address).await?;
            let made = ExportMade { events: paper.rows.len() as u64, cases: 1 };
            let typeset = self.typeset;
            // Seconds of work, for thousands of events.
            let set = tokio::task::spawn_blocking(move || typeset(&paper)).await;
            let set = set.map_err(|error| NotMade::Refused(error.to_string()))?;
            let bytes = set.map_err(NotMade::Refused)?;
            pieces.send(bytes).await.map_err(|_| NotMade::Unwanted)?;
            Ok(made)
        })
    }
}

async fn paper(
    order: ExportOrder<'_>,
    case: CaseId,
    words: Words,
    address: String,
) -> Result<Paper, NotMade> {
    let ExportOrder { store, viewer, export } = order;
    let seen = store.case_file_for(viewer, case).await?;
    let seen = seen.filter(|seen| seen.sight == Sight::Office).ok_or(NotMade::NotPermitted)?;
    let mut timeline = store.reading_as(viewer).timeline(case).await?;
    // What has happened since the head was read is not of it.
    timeline.entries.truncate(seen.file.case.seq as usize);
    let mut everybody = people(timeline.entries.iter().map(|entry| &entry.event));
    everybody.insert(seen.file.case.applicant);
    let names = Names::read(store, everybody).await?;
    let calendar = seen.calendars.for_unit(viewer.organisation.path(&seen.file.case.unit));
    let scene = Scene { words, inside: true, calendar, organisation: &viewer.organisation };
    let rows = rows(order, scene, &seen, &timeline, &names).await?;
    let plain = |said: Said| said.to_string();
    let whole = match timeline.broken_at {
        None => plain(words.t("story-whole")),
        Some(_) => plain(words.t("story-broken")),
    };
    let made_at = export.created_at;
    let note = words
        .t("paper-note")
        .n("count", rows.len())
        .s("at", Moment::at(made_at, calendar, words).plain());
    let head = timeline.entries.last();
    Ok(Paper {
        language: words.tag(),
        direction: words.dir(),
        title: plain(words.t("paper-title")),
        code: Code::of(case).plain().to_owned(),
        subject: seen.file.case.subject.clone(),
        facts: facts(scene, &seen, &names, |unit| {
            seen.calendars.for_unit(viewer.organisation.path(unit))
        }),
        note: format!("{note} {whole}"),
        columns: [
            words.t("paper-no"),
            words.t("paper-when"),
            words.t("paper-what"),
            words.t("paper-who"),
            words.t("paper-deadlines"),
        ]
        .map(plain),
        rows,
        page: plain(words.t("paper-page").s("page", "{page}").s("pages", "{pages}"))
            .replace(['\u{2068}', '\u{2069}'], ""),
        hash_name: plain(words.t("paper-hash")),
        hash: head.map(|entry| hexadecimal(&entry.hash)).unwrap_or_default(),
        address_name: plain(words.t("paper-address")),
        address,
        made_at,
    })
}

/// What the case is, and where it stands.
fn facts<'c>(
    scene: Scene<'_>,
    seen: &SeenCase,
    names: &Names,
    calendar: impl Fn(&UnitId) -> &'c Calendar,
) -> Vec<Fact> {
    let (words, case, definition) = (scene.words, &seen.file.case, &seen.definition);
    let fact = |name: Said, value: String| Fact { name: name.into(), value };
    let workflow = words
        .t("paper-workflow")
        .s("title", words.of(&definition.title))
        .s("version", words.number(case.version));
    let mut facts = vec![
        fact(words.t("case-workflow"), workflow.into()),
        fact(words.t("case-unit"), scene.unit(&case.unit)),
        fact(words.t("case-applicant"), names.person(case.applicant)),
        fact(words.t("case-received"), scene.moment(case.opened_at).plain()),
        fact(words.t("paper-state"), standing(case, seen, words)),
    ];
    if let Some(suspended) = &case.suspension {
        let why = words.t("case-suspended").s("reason", &suspended.reason);
        facts.push(fact(words.t("paper-clocks"), why.into()));
    }
    if let Some(clock) = &case.statutory {
        let calendar = calendar(&clock.unit);
        let until = |deadline: Option<Instant>| -> String {
            let at = deadline.map(|at| Moment::at(at, calendar, words).plain());
            match (clock.ledger.stopped_at.is_some(), at) {
                (_, Some(at)) => at,
                (_, None) => words.t("paper-held").into(),
            }
        };
        facts.push(fact(words.t("case-statutory"), until(clock.deadline)));
        if let Some(norm) = norm(seen, clock) {
            facts.push(fact(words.t("case-norm"), until(norm.deadline(calendar).ok().flatten())));
        }
    }
    facts
}

fn norm(seen: &SeenCase, clock: &Clock) -> Option<Ledger> {
    head::norm_of(&seen.definition, clock)
}

/// Where it stands, or what came out.
fn standing(case: &Case, seen: &SeenCase, words: Words) -> String {
    let title = seen.definition.title_of(case.place.name()).map(|title| words.of(title));
    let title = title.unwrap_or(case.place.name().as_str()).to_owned();
    match &case.place {
        Place::Step { .. } => title,
        Place::End { outcome: came, .. } => {
            words.t("paper-ended").s("end", title).s("outcome", outcome(*came, words)).into()
        }
    }
}

/// The events, each in the words of the version by which the case ran then.
async fn rows(
    order: ExportOrder<'_>,
    scene: Scene<'_>,
    seen: &SeenCase,
    timeline: &Timeline,
    names: &Names,
) -> Result<Vec<Row>, StoreError> {
    let words = scene.words;
    let events = || timeline.entries.iter().map(|entry| &entry.event);
    let workflow = &seen.file.case.workflow;
    let first = events().find_map(|event| match &event.fact {
        Happening::Migrated(moved) => Some(moved.from.version),
        _ => None,
    });
    let mut then = match first {
        Some(version) => order.store.definition(workflow, Some(version)).await?,
        None => Arc::clone(&seen.definition),
    };
    let mut rows = Vec::with_capacity(timeline.entries.len());
    for (event, changes) in events().zip(clock_changes(events())) {
        if let Happening::Migrated(moved) = &event.fact {
            then = order.store.definition(workflow, Some(moved.to.version)).await?;
        }
        let wording = Wording { seen: scene, names, definition: &then };
        rows.push(row(&wording, event, &changes, words));
    }
    Ok(rows)
}

fn row(wording: &Wording<'_>, event: &Event, changes: &[ClockChange], words: Words) -> Row {
    let told = wording.told(event);
    let deadlines: Vec<String> =
        changes.iter().filter_map(|change| changed(wording, change, words)).collect();
    let recorded =
        told.recorded.map(|at| words.t("paper-recorded").s("at", at.plain()).to_string());
    Row {
        no: words.number(told.no),
        when: told.when.plain(),
        recorded,
        title: told.title,
        // What the column of deadlines says is not said twice.
        lines: told.lines.into_iter().filter(|line| !deadlines.contains(line)).collect(),
        who: told.who,
        deadlines,
    }
}

/// What became of a clock; nothing where its task has ended with it.
fn changed(wording: &Wording<'_>, change: &ClockChange, words: Words) -> Option<String> {
    let clock: String = match change.clock {
        STATUTORY => wording.clock(STATUTORY),
        no => words.t("audit-clock-of-task").n("number", no).into(),
    };
    let plain = |at| wording.seen.moment(at).plain();
    let said = match (change.before, change.after) {
        (_, Standing::Absent) => return None,
        (Standing::Due(from), Standing::Due(to)) => {
            words.t("story-moved").s("from", plain(from)).s("to", plain(to))
        }
        (_, Standing::Due(at)) => words.t("story-new-deadline").s("deadline", plain(at)),
        (_, Standing::Held) => words.t("story-stands"),
        (_, Standing::Stopped(_)) => words.t("paper-clock-over"),
    };
    Some(said.s("clock", clock).into())
}
