//! What other bodies are asked, and what they have answered.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    BranchId,
    definition::{Answer, StepKind},
};
use parvaneh_store::FiledTask;
use uuid::Uuid;

use super::{
    super::{Frame, page, visit::Visit},
    Seen, Tab,
    head::{Head, Until, owner, until},
    links::{Fresh, LinkShown, LinkState, address, links_of, may_record},
    open,
    wording::answer,
};
use crate::{App, body::Path, problem::Problem, shown::Moment};

/// One inquiry.
#[derive(Clone, Debug)]
struct Inquiry {
    title: String,
    body: String,
    asked: Moment,
    /// Until when it is to be answered, while it is open.
    until: Option<Until>,
    clock: Option<String>,
    /// What was answered, and when.
    answered: Option<(String, Moment)>,
    /// Whether the answer stands against the case.
    negative: bool,
    /// Where its answer is recorded.
    record: Option<String>,
    /// By which it can be answered without a login, and where another is made.
    links: Vec<LinkShown>,
    make: Option<String>,
    /// One that was just made.
    fresh: Option<Fresh>,
}

#[derive(Template)]
#[template(path = "case/inquiries.html")]
pub(super) struct Page {
    frame: Frame,
    head: Head,
    /// The open ones, then the others, each with its heading.
    lists: Vec<(String, Vec<Inquiry>)>,
}

pub(super) async fn inquiries(
    State(app): State<App>,
    visit: Visit,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let seen = open(&app, visit, case).await?;
    if !seen.inside() {
        // As by the API: how other bodies answer is not told outside.
        return Err(Problem::not_found());
    }
    let shown_page = page_of(&app, &seen, None).await?;
    page(&seen.visit.look, &shown_page)
}

/// The page, with a link that was just made for one of the inquiries.
///
/// # Errors
/// The store's.
pub(super) async fn page_of(
    app: &App,
    seen: &Seen,
    mut made: Option<(BranchId, Fresh)>,
) -> Result<Page, Problem> {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for task in &seen.seen.file.tasks {
        let Some(branch) = &task.branch else { continue };
        let mut shown = inquiry(seen, task);
        if task.closed_at.is_some() {
            closed.push(shown);
            continue;
        }
        if may_record(seen, branch) {
            shown.links = links_of(app, seen, branch).await?;
            shown.make = Some(address(seen, branch));
        }
        if let Some((_, fresh)) = made.take_if(|(of, _)| of == branch) {
            shown.fresh = Some(fresh);
        }
        open.push(shown);
    }
    let words = seen.words();
    let lists = [(words.t("inquiries-open"), open), (words.t("inquiries-answered"), closed)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    Ok(Page {
        frame: seen.frame(),
        head: seen.head(Tab::Inquiries),
        lists: lists.map(|(heading, list)| (heading.into(), list)).collect(),
    })
}

fn inquiry(seen: &Seen, task: &FiledTask) -> Inquiry {
    let (words, case) = (seen.words(), &seen.seen.file.case);
    let branch = task.branch.as_ref();
    let defined = seen.definition().steps.get(&task.step).zip(branch);
    let defined = defined.and_then(|(step, branch)| match &step.kind {
        StepKind::Parallel(parallel) => parallel.branches.get(branch),
        _ => None,
    });
    let said = match task.outcome.as_deref() {
        Some("positive") => Some(Answer::Positive),
        Some("negative") => Some(Answer::Negative),
        _ => None,
    };
    let told = match said {
        Some(said) => answer(said, words).into(),
        // It was no longer needed.
        None => words.t("inquiry-not-needed").into(),
    };
    let clock = case.task(task.no).and_then(|open| open.clock.as_ref());
    let may_record =
        task.closed_at.is_none() && branch.is_some_and(|branch| may_record(seen, branch));
    let title = defined.map(|branch| words.of(&branch.title).to_owned());
    let name = branch.map(ToString::to_string).unwrap_or_default();
    Inquiry {
        record: may_record.then(|| seen.address(&format!("/do/answer.{name}"))),
        title: title.unwrap_or(name),
        body: owner(seen, &task.owner, &task.unit),
        asked: seen.moment(task.opened_at),
        until: clock.map(|clock| until(seen, clock)),
        clock: clock.map(|_| seen.address(&format!("/clocks/{}", task.no))),
        answered: task.closed_at.map(|at| (told, seen.moment(at))),
        negative: said == Some(Answer::Negative),
        links: Vec::new(),
        make: None,
        fresh: None,
    }
}
