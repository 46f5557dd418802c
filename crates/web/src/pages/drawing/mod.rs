//! A procedure, drawn: its steps from the first to its ends; of a case also the way that it has gone, and
//! where it stands. A list below says the same.

mod layout;

use std::collections::BTreeSet;

use askama::{Template, filters::HtmlSafe};
use parvaneh_core::{
    Definition, StepId,
    definition::{Step, StepKind},
};

use self::layout::{Edge, Layout, NODE_HEIGHT, NODE_WIDTH};
use super::case::wording::term;
use crate::say::Words;

/// How it stands with a step or an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The case has been there.
    Passed,
    /// It stands there.
    Here,
    /// It has not been there.
    Ahead,
    /// No case is looked at.
    Unasked,
}

impl Standing {
    fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Here => "here",
            Self::Ahead => "ahead",
            Self::Unasked => "unasked",
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
    /// How long a case may stand there, where no case is looked at.
    term: Option<String>,
}

/// The way of a case.
#[derive(Clone, Debug)]
pub(super) struct Went {
    /// Where it stands.
    pub(super) at: StepId,
    /// Where it has been.
    pub(super) been: BTreeSet<StepId>,
    /// From where to where it went.
    pub(super) ways: BTreeSet<(StepId, StepId)>,
}

/// A procedure, drawn; it writes itself into a page.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/drawing.html")]
pub(super) struct Drawing {
    words: Words,
    width: i32,
    height: i32,
    nodes: Vec<Node>,
    /// The lines between them: whether the case went there, and the path.
    edges: Vec<(bool, String)>,
}

impl HtmlSafe for Drawing {}

impl Drawing {
    /// Draws a procedure, with the way of a case where one is looked at.
    pub(super) fn of(definition: &Definition, went: Option<&Went>, words: Words) -> Self {
        let places: Vec<&StepId> = definition.steps.keys().chain(definition.ends.keys()).collect();
        let ways_on = ways_on(definition);
        let position = |name: &StepId| places.iter().position(|place| *place == name);
        let edges: Vec<Edge> = ways_on
            .iter()
            .filter_map(|(from, to)| Some(Edge { from: position(from)?, to: position(to)? }))
            .collect();
        let first = position(&definition.first).unwrap_or_default();
        let layout = Layout::of(places.len(), first, &edges, words.is_persian());
        let mut order: Vec<usize> = (0..places.len()).filter(|no| layout.is_placed(*no)).collect();
        order.sort_by_key(|no| layout.rank(*no));
        let nodes = order.iter().map(|no| {
            let at = layout.place(*no);
            node(definition, places[*no], went, at, words)
        });
        let drawn = edges.iter().enumerate().filter_map(|(no, edge)| {
            let way = (places[edge.from].clone(), places[edge.to].clone());
            Some((went.is_some_and(|went| went.ways.contains(&way)), layout.path(no)?))
        });
        let mut drawn: Vec<(bool, String)> = drawn.collect();
        // What was taken lies above the rest.
        drawn.sort_by_key(|(taken, _)| *taken);
        Self {
            words,
            width: layout.width(),
            height: layout.height(),
            nodes: nodes.collect(),
            edges: drawn,
        }
    }
}

fn node(
    definition: &Definition,
    place: &StepId,
    went: Option<&Went>,
    (x, y): (i32, i32),
    words: Words,
) -> Node {
    let title = definition.title_of(place).map(|title| words.of(title).to_owned());
    let title = title.unwrap_or_else(|| place.to_string());
    let step = definition.steps.get(place);
    let role = |role: &parvaneh_core::RoleId| {
        let found = definition.roles.get(role);
        found.map_or_else(|| role.to_string(), |role| words.of(&role.title).to_owned())
    };
    let owner = step.and_then(|step| match &step.kind {
        StepKind::Applicant => Some(words.t("case-applicant").into()),
        _ => step.owner().map(role),
    });
    let standing = match went {
        None => Standing::Unasked,
        Some(went) if went.at == *place => Standing::Here,
        Some(went) if went.been.contains(place) => Standing::Passed,
        Some(_) => Standing::Ahead,
    };
    let lasts = step.and_then(|step| step.term).filter(|_| went.is_none());
    let lines = in_lines(&title);
    let top = NODE_HEIGHT / 2 + 5 - (lines.len() as i32 - 1) * 9;
    let lines = lines.into_iter().enumerate().map(|(no, line)| (top + no as i32 * 18, line));
    Node {
        lines: lines.collect(),
        title,
        x,
        y,
        standing,
        is_end: step.is_none(),
        owner,
        term: lasts.map(|lasts| term(lasts, words).into()),
    }
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
