//! The procedure, drawn: its steps from the first to its ends, the way that the case has gone, and where
//! it stands. A list beside it says the same.

mod layout;

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Definition, Event, StepId,
    definition::{Step, StepKind},
};
use uuid::Uuid;

use self::layout::{Edge, Layout, NODE_HEIGHT, NODE_WIDTH};
use super::{
    super::{Frame, page, visit::Visit},
    Seen, Tab,
    head::{Head, role},
    open,
};
use crate::{App, body::Path, problem::Problem, view::is_open};

/// How it stands with a step or an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The case has been there.
    Passed,
    /// It stands there.
    Here,
    /// It has not been there.
    Ahead,
}

impl Standing {
    fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Here => "here",
            Self::Ahead => "ahead",
        }
    }
}

/// A step or an end, as it is drawn.
#[derive(Clone, Debug)]
struct Node {
    title: String,
    /// The title, in lines that fit; each with its distance from the top.
    lines: Vec<(i32, String)>,
    x: i32,
    y: i32,
    standing: Standing,
    is_end: bool,
    owner: Option<String>,
}

#[derive(Template)]
#[template(path = "case/workflow.html")]
struct Page {
    frame: Frame,
    head: Head,
    width: i32,
    height: i32,
    nodes: Vec<Node>,
    /// The lines between them: whether the case went there, and the path.
    edges: Vec<(bool, String)>,
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
    let definition = seen.definition();
    let places: Vec<&StepId> = definition.steps.keys().chain(definition.ends.keys()).collect();
    let ways_on = ways_on(definition);
    let position = |name: &StepId| places.iter().position(|place| *place == name);
    let edges: Vec<Edge> = ways_on
        .iter()
        .filter_map(|(from, to)| Some(Edge { from: position(from)?, to: position(to)? }))
        .collect();
    let first = position(&definition.first).unwrap_or_default();
    let layout = Layout::of(places.len(), first, &edges, seen.words().is_persian());
    let mut order: Vec<usize> = (0..places.len()).filter(|no| layout.is_placed(*no)).collect();
    order.sort_by_key(|no| layout.rank(*no));
    let nodes = order.iter().map(|no| {
        let place = places[*no];
        let (x, y) = layout.place(*no);
        node(&seen, place, &been, x, y)
    });
    let drawn = edges.iter().enumerate().filter_map(|(no, edge)| {
        let taken = ways.contains(&(places[edge.from].clone(), places[edge.to].clone()));
        Some((taken, layout.path(no)?))
    });
    let mut drawn: Vec<(bool, String)> = drawn.collect();
    // What was taken lies above the rest.
    drawn.sort_by_key(|(taken, _)| *taken);
    let shown_page = Page {
        frame: seen.frame(),
        head: seen.head(Tab::Workflow),
        width: layout.width(),
        height: layout.height(),
        nodes: nodes.collect(),
        edges: drawn,
    };
    page(&seen.visit.look, &shown_page)
}

fn node(seen: &Seen, place: &StepId, been: &BTreeSet<StepId>, x: i32, y: i32) -> Node {
    let (words, definition) = (seen.words(), seen.definition());
    let title = definition.title_of(place).map(|title| words.of(title).to_owned());
    let title = title.unwrap_or_else(|| place.to_string());
    let step = definition.steps.get(place);
    let owner = step.and_then(|step| match &step.kind {
        StepKind::Applicant => Some(words.t("case-applicant").into()),
        _ => step.owner().map(|owner| role(seen, owner)),
    });
    let standing = match (seen.seen.file.case.place.name() == place, been.contains(place)) {
        (true, _) => Standing::Here,
        (false, true) => Standing::Passed,
        (false, false) => Standing::Ahead,
    };
    let lines = in_lines(&title);
    let top = NODE_HEIGHT / 2 + 5 - (lines.len() as i32 - 1) * 9;
    let lines = lines.into_iter().enumerate().map(|(no, line)| (top + no as i32 * 18, line));
    Node { lines: lines.collect(), title, x, y, standing, is_end: step.is_none(), owner }
}

/// As many letters as a line of a node holds, and as many lines.
const LETTERS: usize = 24;
const LINES: usize = 3;

/// A title in lines that fit into a node; what does not fit is cut off, and stands in the list beside.
fn in_lines(title: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in title.split_whitespace() {
        let full = lines.len() == LINES;
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LETTERS => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if full => {
                line.push('…');
                break;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
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

/// Every way from a step, once.
fn ways_on(definition: &Definition) -> Vec<(&StepId, &StepId)> {
    let mut ways = Vec::new();
    for (from, step) in &definition.steps {
        for to in ways_from(step) {
            if !ways.contains(&(from, to)) {
                ways.push((from, to));
            }
        }
    }
    ways
}

fn ways_from(step: &Step) -> Vec<&StepId> {
    let mut ways: Vec<&StepId> = match &step.kind {
        StepKind::Parallel(parallel) => vec![&parallel.positive, &parallel.negative],
        StepKind::Automatic(exits) => exits.iter().map(|exit| &exit.to).collect(),
        StepKind::Work { .. } | StepKind::Applicant | StepKind::Commission(_) => Vec::new(),
    };
    ways.extend(step.actions.values().map(|action| &action.to));
    ways.extend(step.silence.iter().map(|silence| &silence.to));
    ways
}

/// The width and height of a node, for the template.
impl Node {
    fn width(&self) -> i32 {
        NODE_WIDTH
    }

    fn height(&self) -> i32 {
        NODE_HEIGHT
    }

    fn middle(&self) -> i32 {
        NODE_WIDTH / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_broken_into_lines_that_fit() {
        assert_eq!(in_lines("Reception"), ["Reception"]);
        let long =
            in_lines("Security opinion on the personal eligibility of each of the founders of it");
        assert_eq!(long.len(), LINES);
        assert!(long.iter().all(|line| line.chars().count() <= LETTERS + 1), "{long:?}");
        assert!(long[LINES - 1].ends_with('…'), "{long:?}");
    }
}
