//! How a deadline was computed, day by day, as the core explains it.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Instant,
    calendar::Reason,
    clock::{Line, Verdict},
    event::STATUTORY,
};
use uuid::Uuid;

use super::{
    super::{Frame, page, visit::Visit},
    Seen, Tab,
    head::{Head, Until, until},
    open,
    wording::{counted, term},
};
use crate::{
    App,
    body::Path,
    problem::Problem,
    shown::{Day, Moment},
};

/// One day, or a part of one.
#[derive(Clone, Debug)]
struct Row {
    day: Day,
    /// What it did for the clock.
    what: String,
    /// What is to be known about it.
    notes: Vec<String>,
    /// Its running number.
    number: Option<String>,
    class: &'static str,
    /// Whether holidays are not published for it yet.
    unsure: bool,
}

#[derive(Template)]
#[template(path = "case/clock.html")]
struct Page {
    frame: Frame,
    head: Head,
    title: String,
    term: String,
    extensions: Vec<String>,
    count: String,
    started: Moment,
    until: Until,
    rows: Vec<Row>,
    beyond_published: bool,
    /// The other clocks of the case, with their addresses.
    others: Vec<(String, String)>,
}

pub(super) async fn clock(
    State(app): State<App>,
    visit: Visit,
    Path((case, no)): Path<(Uuid, u32)>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let (words, case) = (seen.words(), &seen.seen.file.case);
    let clock = case.clock(no).ok_or_else(Problem::not_found)?;
    let calendar = seen.calendar(&clock.unit);
    let explained = clock.ledger.explain(calendar).map_err(|error| {
        tracing::error!(%error, "a clock without a deadline");
        Problem::new(axum::http::StatusCode::CONFLICT, "no_deadline")
    })?;
    let others = case.clocks().filter(|(other, _)| *other != no);
    let others =
        others.map(|(other, _)| (title(&seen, other), seen.address(&format!("/clocks/{other}"))));
    let shown_page = Page {
        frame: seen.frame(),
        head: seen.head(Tab::Beside),
        title: title(&seen, no),
        term: term(explained.term, words).into(),
        extensions: explained
            .extensions
            .iter()
            .map(|count| counted(u64::from(*count), explained.term.unit, words).into())
            .collect(),
        count: counted(explained.count, explained.term.unit, words).into(),
        started: Moment::at(explained.started_at, calendar, words),
        until: until(&seen, clock),
        rows: explained.lines.iter().map(|line| row(&seen, line, calendar)).collect(),
        beyond_published: explained.beyond_published,
        others: others.collect(),
    };
    page(&seen.visit.look, &shown_page)
}

/// What a clock times.
fn title(seen: &Seen, no: u32) -> String {
    let words = seen.words();
    if no == STATUTORY {
        return words.t("clock-statutory").into();
    }
    let task = seen.seen.file.case.task(no);
    let step = task.and_then(|task| seen.definition().steps.get(&task.step));
    let step = step.map(|step| words.of(&step.title).to_owned()).unwrap_or_default();
    words.t("clock-of").s("step", step).into()
}

fn row(seen: &Seen, line: &Line, calendar: &parvaneh_core::Calendar) -> Row {
    let words = seen.words();
    let time = |at: &Instant| Moment::at(*at, calendar, words).time();
    let reasons = |why: &[Reason]| -> Vec<String> {
        why.iter()
            .map(|reason| match (reason, reason.row()) {
                (Reason::WeeklyDayOff { .. }, _) => words.t("day-weekly-off").into(),
                (Reason::NoHours, _) | (_, None) => words.t("day-no-hours").into(),
                (_, Some(row)) => words.of(&row.name).to_owned(),
            })
            .collect()
    };
    let (what, number, class, mut notes) = match &line.verdict {
        Verdict::StartDay => (words.t("day-start"), None, "start", Vec::new()),
        Verdict::Counted { number } => {
            (words.t("day-counted"), Some(words.number(number)), "counted", Vec::new())
        }
        Verdict::Ran { from, until, .. } => {
            let ran = words.t("day-ran").s("from", time(from)).s("until", time(until));
            (ran, None, "counted", Vec::new())
        }
        Verdict::NotWorking { why } => (words.t("day-not-working"), None, "off", reasons(why)),
        Verdict::Suspended { from, until: None } => {
            let from = Moment::at(*from, calendar, words).plain();
            (words.t("day-suspended-since").s("from", from), None, "held", Vec::new())
        }
        Verdict::Suspended { from, until: Some(until) } => {
            let plain = |at: &Instant| Moment::at(*at, calendar, words).plain();
            let held = words.t("day-suspended").s("from", plain(from)).s("until", plain(until));
            (held, None, "held", Vec::new())
        }
        Verdict::RolledForward { number, why } => {
            let number = number.map(|number| words.number(number));
            (words.t("day-rolled"), number, "off", reasons(why))
        }
        Verdict::RolledTo => (words.t("day-rolled-to"), None, "counted", Vec::new()),
    };
    notes.extend(reasons(&line.notes));
    let day = Day::of(line.date, words);
    Row { day, what: what.into(), notes, number, class, unsure: line.beyond_published }
}
