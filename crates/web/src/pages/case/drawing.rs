//! The procedure, drawn, with the way that the case has gone, and where it stands.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{Event, StepId};
use uuid::Uuid;

use super::{
    super::{
        Frame,
        drawing::{Drawing, Went},
        page,
        visit::Visit,
    },
    Tab,
    head::Head,
    open,
};
use crate::{App, body::Path, problem::Problem, view::is_open};

#[derive(Template)]
#[template(path = "case/workflow.html")]
struct Page {
    frame: Frame,
    head: Head,
    drawing: Drawing,
}

pub(super) async fn workflow(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    let timeline =
        app.store.reading_as(&seen.visit.viewer).timeline(seen.seen.file.case.id).await?;
    let events = timeline.entries.into_iter().map(|entry| entry.event);
    let events: Vec<Event> = events.filter(|event| seen.inside() || is_open(event)).collect();
    let (been, ways) = went(&events);
    let went = Went { at: seen.seen.file.case.place.name().clone(), been, ways };
    let shown_page = Page {
        frame: seen.frame(),
        head: seen.head(Tab::Workflow),
        drawing: Drawing::of(seen.definition(), Some(&went), seen.words()),
    };
    page(&seen.visit.look, &shown_page)
}

/// Where the case has been, and from where to where it went.
fn went(events: &[Event]) -> (BTreeSet<StepId>, BTreeSet<(StepId, StepId)>) {
    let (mut been, mut ways) = (BTreeSet::new(), BTreeSet::new());
    let mut at: Option<StepId> = None;
    for entry in events.iter().filter_map(|event| event.fact.entry()) {
        for next in entry.through.iter().map(|passed| &passed.step).chain([&entry.step]) {
            if let Some(from) = at.replace(next.clone()) {
                ways.insert((from, next.clone()));
            }
            been.insert(next.clone());
        }
    }
    (been, ways)
}
