//! What other bodies are asked, and what they have answered.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{
    decide::Possible,
    definition::{Answer, StepKind},
};
use parvaneh_store::FiledTask;
use uuid::Uuid;

use super::{
    super::{Frame, page, visit::Visit},
    Seen, Tab,
    head::{Head, Until, owner, until},
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
}

#[derive(Template)]
#[template(path = "case/inquiries.html")]
struct Page {
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
    let asked = seen.seen.file.tasks.iter().filter(|task| task.branch.is_some());
    let (closed, open): (Vec<_>, Vec<_>) = asked.partition(|task| task.closed_at.is_some());
    let shown = |tasks: Vec<&FiledTask>| -> Vec<Inquiry> {
        tasks.into_iter().map(|task| inquiry(&seen, task)).collect()
    };
    let words = seen.words();
    let lists =
        [(words.t("inquiries-open"), shown(open)), (words.t("inquiries-answered"), shown(closed))];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let shown_page = Page {
        frame: seen.frame(),
        head: seen.head(Tab::Inquiries),
        lists: lists.map(|(heading, list)| (heading.into(), list)).collect(),
    };
    page(&seen.visit.look, &shown_page)
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
    let may_record = branch.is_some_and(|branch| {
        let answers =
            |one: &Possible| matches!(one, Possible::Answer { branch: of } if of == branch);
        task.closed_at.is_none() && seen.seen.possible.iter().any(answers)
    });
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
    }
}
