//! The rows of a worklist, as they are read.

use std::collections::HashMap;

use parvaneh_core::{
    CaseId, PersonId, case::Clock, definition::StepKind, event::Purpose, order::Reason,
};
use parvaneh_store::{WorkCase, WorkItem};

use crate::{
    App,
    pages::{case::wording::urgency, visit::Visit},
    problem::{self, Problem},
    say::Words,
    shown::{Code, Day, Left, Moment, Ribbon, Size, left::last_day, ribbon::Story},
};

/// In whose hands a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// In nobody's.
    Nobody,
    /// In the reader's own.
    Mine,
    /// In those of somebody else.
    Other(String),
}

/// A task in its row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) case: CaseId,
    pub(super) task: u32,
    pub(super) code: Code,
    pub(super) subject: String,
    pub(super) applicant: String,
    /// The step, or the branch of it.
    pub(super) step: String,
    pub(super) unit: String,
    pub(super) arrived: Day,
    /// Its own deadline: the norm of the service.
    pub(super) due: Option<Day>,
    pub(super) left: Left,
    /// The deadline of the law.
    pub(super) statutory: Option<Day>,
    /// The ribbon of that clock; none where the reader does not see the case.
    pub(super) ribbon: Option<Ribbon>,
    pub(super) holder: Holder,
    /// How soon who gave it to the holder wants it.
    pub(super) urgency: Option<String>,
    /// Why it stands where it stands.
    pub(super) why: String,
    /// For whom the reader would do it.
    pub(super) on_behalf_of: Option<String>,
    /// What keeps it from the reader.
    pub(super) barred: Option<String>,
    /// Whether it is a vote: nobody takes it, every member has his own.
    pub(super) votes: bool,
}

impl Row {
    /// Whether the reader can take it.
    pub(super) fn can_be_claimed(&self) -> bool {
        self.holder == Holder::Nobody && self.barred.is_none() && !self.votes
    }

    /// Its name in a form: the case and the task.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.case, self.task)
    }
}

/// Makes rows of tasks.
///
/// # Errors
/// The store's.
pub(super) async fn rows(
    app: &App,
    visit: &Visit,
    items: Vec<WorkItem>,
) -> Result<Vec<Row>, Problem> {
    let ids: Vec<CaseId> = items.iter().map(|item| item.case).collect();
    let cases = app.store.reading_as(&visit.viewer).work_cases(&ids).await?;
    let people: Vec<PersonId> =
        items.iter().flat_map(|item| [item.assignee, item.on_behalf_of]).flatten().collect();
    let names = app.store.names_of(&people).await?;
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        rows.push(row(app, visit, item, &cases, &names).await?);
    }
    Ok(rows)
}

async fn row(
    app: &App,
    visit: &Visit,
    item: WorkItem,
    cases: &HashMap<CaseId, WorkCase>,
    names: &HashMap<PersonId, String>,
) -> Result<Row, Problem> {
    let (words, now) = (visit.look.words, visit.viewer.now);
    let definition = app.store.definition(&item.workflow, Some(item.version)).await?;
    let calendars = app.store.calendars_in_use(&definition.calendar).await?;
    let organisation = &visit.viewer.organisation;
    let calendar = calendars.for_unit(organisation.path(&item.unit));
    let name = |person: PersonId| names.get(&person).cloned().unwrap_or_default();
    let branch =
        item.branch.as_ref().and_then(|branch| match &definition.steps.get(&item.step)?.kind {
            StepKind::Parallel(parallel) => parallel.branches.get(branch),
            _ => None,
        });
    let step = branch.map(|branch| &branch.title).or_else(|| definition.title_of(&item.step));
    let held = cases.get(&item.case);
    let stands_still = |clock: &Clock| clock.ledger.is_suspended();
    let task_clock = held.and_then(|held| held.case.task(item.task)?.clock.as_ref());
    let left = match item.due_at {
        Some(due) => Left::until(due, now, calendar, words),
        None if item.suspended || task_clock.is_some_and(stands_still) => Left::held(words),
        None => Left::none(words),
    };
    let statutory = held.and_then(|held| held.case.statutory.as_ref());
    let ribbon = statutory.map(|clock| {
        let calendar = calendars.for_unit(organisation.path(&clock.unit));
        let left = match (clock.deadline, clock.ledger.stopped_at) {
            (deadline, Some(at)) => Left::stopped(deadline, at, calendar, words),
            (Some(deadline), None) => Left::until(deadline, now, calendar, words),
            (None, None) if stands_still(clock) => Left::held(words),
            (None, None) => Left::none(words),
        };
        let if_resumed = || clock.ledger.deadline_if_resumed(calendar, now).ok();
        let story = Story::of(&clock.ledger, clock.deadline.or_else(if_resumed), item.due_at, now);
        Ribbon::of(&story, left, Size::Small, words).explained_at(format!("/cases/{}", item.case))
    });
    let unit = organisation.get(&item.unit);
    Ok(Row {
        case: item.case,
        task: item.task,
        code: Code::of(item.case),
        applicant: held.map(|held| held.applicant.clone()).unwrap_or_default(),
        step: step.map_or_else(|| item.step.to_string(), |title| words.of(title).to_owned()),
        unit: unit.map_or_else(|| item.unit.to_string(), |unit| words.of(&unit.title).to_owned()),
        arrived: Day::at(item.opened_at, calendar, words),
        due: item.due_at.map(|due| Day::of(last_day(due, calendar), words)),
        left,
        statutory: item.case_due_at.map(|due| Day::of(last_day(due, calendar), words)),
        ribbon,
        holder: match item.assignee {
            None => Holder::Nobody,
            Some(person) if person == visit.caller.person => Holder::Mine,
            Some(person) => Holder::Other(name(person)),
        },
        why: why(&item.reason, words, |at| Moment::at(at, calendar, words).plain()),
        urgency: item.urgency.map(|one| urgency(one, words).into()),
        on_behalf_of: item.on_behalf_of.map(name),
        barred: item.barred.map(|refusal| {
            let text = problem::title(refusal.code.as_str());
            text.map_or(refusal.reason, |text| {
                let text = if words.is_persian() { text.fa } else { text.en };
                text.to_owned()
            })
        }),
        votes: item.purpose == Purpose::Vote,
        subject: item.subject,
    })
}

/// Why a task stands where it stands.
fn why(reason: &Reason, words: Words, when: impl Fn(parvaneh_core::Instant) -> String) -> String {
    match reason {
        Reason::Arrived { at } => words.t("why-arrived").s("when", when(*at)),
        Reason::Due { at: Some(at) } => words.t("why-due").s("when", when(*at)),
        Reason::Due { at: None } => words.t("why-due-none"),
        Reason::Saved { start_by: Some(at) } => words.t("why-begin-by").s("when", when(*at)),
        Reason::Saved { start_by: None } => words.t("why-nothing-presses"),
        Reason::SetBehind { saved, misses } => {
            words.t("why-set-behind").n("count", *saved).s("when", when(*misses))
        }
        Reason::LateBehind { saved, since } => {
            words.t("why-late-behind").n("count", *saved).s("when", when(*since))
        }
        Reason::Turn { misses, every } => {
            words.t("why-turn").n("every", every.get()).s("when", when(*misses))
        }
        Reason::InOtherHands => words.t("why-in-other-hands"),
        Reason::Suspended => words.t("why-suspended"),
    }
    .into()
}
