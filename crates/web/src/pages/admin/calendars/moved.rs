//! What a change of a calendar would move: how many, and the cases that the reader sees.

use askama::{Template, filters::HtmlSafe};
use parvaneh_core::{CaseId, event::STATUTORY};
use parvaneh_store::{Affected, Change, MovedCase, Preview, PreviewPage};

use super::unit_title;
use crate::{
    App,
    page::{after, end},
    pages::visit::Visit,
    problem::Problem,
    say::{Said, Words},
    shown::{Code, Moment},
};

/// How many cases are told at once.
const TOLD: usize = 50;

/// A clock whose deadline would move.
struct Clock {
    /// Which.
    name: Said,
    from: Moment,
    /// None where it stands still with its case.
    to: Option<Moment>,
    becomes_late: bool,
    becomes_on_time: bool,
}

struct Case {
    case: CaseId,
    code: Code,
    subject: String,
    unit: String,
    step: String,
    clocks: Vec<Clock>,
}

/// What would move; it writes itself into a page.
#[derive(Template)]
#[template(path = "admin/moved.html")]
pub(super) struct Moved {
    words: Words,
    /// What is counted, and how many it is; nothing on later pages.
    counts: Vec<(Said, Said, &'static str)>,
    cases: Vec<Case>,
    /// What the form sends to see more of them.
    next: Option<String>,
}

impl HtmlSafe for Moved {}

impl Moved {
    /// What changes of one unit would move: the cases after the end of a page, or the first.
    ///
    /// # Errors
    /// Those of the changes, as the API tells them.
    pub(super) async fn by(
        app: &App,
        visit: &Visit,
        changes: &[Change],
        end_of_page: Option<&str>,
    ) -> Result<Self, Problem> {
        let after = after(end_of_page)?;
        let is_first = after.is_none();
        let page = PreviewPage { most: TOLD, viewer: Some(visit.viewer.clone()), after };
        let preview = app.store.preview_closures_together(changes, &page, |_, _| {}).await?;
        let words = visit.look.words;
        let mut cases = Vec::new();
        for moved in &preview.first {
            cases.push(case(app, visit, moved).await?);
        }
        let counts = if is_first { counts(&preview, words) } else { Vec::new() };
        Ok(Self { words, counts, cases, next: preview.next.as_ref().map(end) })
    }
}

impl Moved {
    /// What the form sends to see more of them.
    pub(super) fn next(&self) -> Option<&String> {
        self.next.as_ref()
    }
}

fn counts(preview: &Preview, words: Words) -> Vec<(Said, Said, &'static str)> {
    let cases = |count: u64| words.t("workflow-cases").n("count", count);
    let mut counts = vec![
        (words.t("moved-looked-at"), cases(preview.looked_at), ""),
        (words.t("moved-cases"), cases(preview.cases), ""),
        (words.t("moved-clocks"), words.t("moved-deadlines").n("count", preview.clocks), ""),
        (words.t("migration-become-late"), cases(preview.become_late), "late"),
        (words.t("migration-become-on-time"), cases(preview.become_on_time), "done"),
    ];
    if preview.failed > 0 {
        counts.push((words.t("moved-failed"), cases(preview.failed), "near"));
    }
    counts
}

async fn case(app: &App, visit: &Visit, moved: &MovedCase) -> Result<Case, Problem> {
    let words = visit.look.words;
    let definitions = visit.viewer.definitions();
    let definition = definitions.iter().find(|definition| definition.id == moved.workflow);
    let title = definition.and_then(|definition| definition.title_of(&moved.step));
    let calendars = match definition {
        Some(definition) => Some(app.store.calendars(&definition.calendar).await?),
        None => app.calendar().await?,
    };
    let calendars = calendars.ok_or_else(Problem::not_found)?;
    let calendar = calendars.for_unit(visit.viewer.organisation.path(&moved.unit));
    let clock = |one: &Affected| Clock {
        name: match one.clock {
            STATUTORY => words.t("case-statutory"),
            _ => words.t("moved-step"),
        },
        from: Moment::at(one.from, calendar, words),
        to: one.to.map(|to| Moment::at(to, calendar, words)),
        becomes_late: !one.late_before && one.late_after,
        becomes_on_time: one.late_before && !one.late_after,
    };
    Ok(Case {
        case: moved.case,
        code: Code::of(moved.case),
        subject: moved.subject.clone(),
        unit: unit_title(&visit.viewer, &moved.unit, words),
        step: title.map_or_else(|| moved.step.to_string(), |title| words.of(title).to_owned()),
        clocks: moved.clocks.iter().map(clock).collect(),
    })
}
