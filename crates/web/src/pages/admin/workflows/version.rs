//! A version of a workflow: drawn, with its terms against the statutory term; and as it was written,
//! with what its author may want to look at.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    Definition, RoleId,
    definition::StepKind,
    soundness::{Passage, Stretch},
};

use super::{
    super::source::Source,
    address,
    list::{Version, version},
    permit,
};
use crate::{
    App,
    api::workflows::{checked, named},
    body::Path,
    pages::{Frame, case::wording::term, drawing::Drawing, page, visit::Visit},
    problem::Problem,
    say::{Said, Words},
};

/// What stands above each page of a version.
struct Head {
    workflow: String,
    version: Version,
    /// Whether it is shown as it was written.
    is_source: bool,
}

impl Head {
    fn up(&self) -> String {
        address(&self.workflow, "")
    }
}

async fn head(
    app: &App,
    words: Words,
    (id, no): (&str, u32),
    is_source: bool,
) -> Result<(Head, String), Problem> {
    let rows = app.store.definitions().await?;
    let row = rows.iter().find(|row| row.workflow.as_str() == id && row.version == no);
    let row = row.ok_or_else(Problem::not_found)?;
    let version = version(app, row, words).await?;
    let title = words.of(&row.title).to_owned();
    Ok((Head { workflow: id.to_owned(), version, is_source }, title))
}

/// A step or a branch, and how long it may take.
struct Row {
    title: String,
    is_branch: bool,
    owner: String,
    term: Option<String>,
    /// Whether the statutory clock runs meanwhile.
    counts: bool,
}

/// The longest way, against the statutory term.
struct Way {
    in_time: bool,
    told: Said,
    worst: Said,
    /// What stands on it, each with its term.
    steps: Vec<(String, String)>,
    /// Ways back to the applicant, and how often they fit in.
    returns: Vec<Said>,
}

#[derive(Template)]
#[template(path = "admin/version.html")]
struct Drawn {
    frame: Frame,
    head: Head,
    statutory: String,
    norm: Option<String>,
    extension: Option<String>,
    rows: Vec<Row>,
    way: Option<Way>,
    drawing: Drawing,
}

pub(super) async fn drawn(
    State(app): State<App>,
    visit: Visit,
    Path((id, no)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let words = visit.look.words;
    let (head, title) = head(&app, words, (&id, no), false).await?;
    let definition = app.store.definition(&named(&id, no)?, Some(no)).await?;
    let calendars = app.store.calendars(&definition.calendar).await.ok();
    let calendar = calendars.as_ref().map(|calendars| calendars.national());
    let statutory = &definition.statutory;
    let shown = Drawn {
        frame: visit.frame(title),
        head,
        statutory: term(statutory.term, words).into(),
        norm: statutory.service_norm.map(|norm| term(norm, words).into()),
        extension: statutory.extension.as_ref().map(|rule| term(rule.up_to, words).into()),
        rows: rows(&definition, words),
        way: Passage::of(&definition, calendar).map(|passage| way(&definition, &passage, words)),
        drawing: Drawing::of(&definition, None, words),
    };
    page(&visit.look, &shown)
}

fn role(definition: &Definition, role: &RoleId, words: Words) -> String {
    let found = definition.roles.get(role);
    found.map_or_else(|| role.to_string(), |role| words.of(&role.title).to_owned())
}

fn rows(definition: &Definition, words: Words) -> Vec<Row> {
    let mut rows = Vec::new();
    for step in definition.steps.values() {
        let owner = match &step.kind {
            StepKind::Applicant => words.t("case-applicant").into(),
            StepKind::Automatic(_) => words.t("term-by-itself").into(),
            _ => step.owner().map(|owner| role(definition, owner, words)).unwrap_or_default(),
        };
        let counts = !step.suspends_statutory;
        rows.push(Row {
            title: words.of(&step.title).to_owned(),
            is_branch: false,
            owner,
            term: step.term.map(|lasts| term(lasts, words).into()),
            counts,
        });
        let StepKind::Parallel(parallel) = &step.kind else { continue };
        rows.extend(parallel.branches.values().map(|branch| Row {
            title: words.of(&branch.title).to_owned(),
            is_branch: true,
            owner: role(definition, &branch.owner, words),
            term: Some(term(branch.term, words).into()),
            counts,
        }));
    }
    rows
}

fn way(definition: &Definition, passage: &Passage, words: Words) -> Way {
    let title = |step: &parvaneh_core::StepId| {
        let title = definition.title_of(step);
        title.map_or_else(|| step.to_string(), |title| words.of(title).to_owned())
    };
    let stands = |stretch: &Stretch| (title(&stretch.step), term(stretch.term, words).into());
    let returns = passage.returns.iter().map(|back| {
        let (by, to) = (title(&back.by), title(&back.to));
        let fits = back.fits.usual.unwrap_or_default();
        words.t("way-return").s("by", by).s("to", to).n("count", fits)
    });
    Way {
        in_time: passage.in_time.usual,
        told: words
            .t("way-usual")
            .n("days", passage.days.usual)
            .n("allowed", passage.term_days.usual),
        worst: words
            .t("way-worst")
            .n("days", passage.days.worst)
            .n("allowed", passage.term_days.worst),
        steps: passage.way.iter().filter(|stretch| stretch.counts).map(stands).collect(),
        returns: returns.collect(),
    }
}

#[derive(Template)]
#[template(path = "admin/written.html")]
struct Written {
    frame: Frame,
    head: Head,
    source: Source,
}

pub(super) async fn written(
    State(app): State<App>,
    visit: Visit,
    Path((id, no)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    permit(&visit)?;
    let words = visit.look.words;
    let (head, title) = head(&app, words, (&id, no), true).await?;
    let text = app.store.definition_source(&named(&id, no)?, no).await?;
    let (_, problems) = checked(&app, &text).await?;
    let source = Source::whole(&text, &problems, words);
    page(&visit.look, &Written { frame: visit.frame(title), head, source })
}
