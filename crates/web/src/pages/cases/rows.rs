//! The rows of a list of cases, as they are read.

use std::collections::{BTreeSet, HashMap};

use parvaneh_core::{Case, CaseId, Definition, PersonId, Place, case::Clock, event::Owner};
use parvaneh_store::{CaseRow, WorkCase};

use crate::{
    App,
    pages::visit::Visit,
    problem::Problem,
    say::Words,
    shown::{Code, Day, Left, Ribbon, Size, left::last_day, ribbon::Story},
};

/// A case in its row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) case: CaseId,
    pub(super) code: Code,
    pub(super) subject: String,
    pub(super) applicant: String,
    pub(super) workflow: String,
    pub(super) unit: String,
    /// Where it stands, or how it ended.
    pub(super) step: String,
    /// With whom it is.
    pub(super) holder: String,
    pub(super) received: Day,
    /// The deadline of the step: the norm of the service.
    pub(super) norm: Option<(Left, Option<Day>)>,
    /// The deadline of the law.
    pub(super) statutory: Option<Day>,
    pub(super) ribbon: Option<Ribbon>,
    /// How it stands with it, where there is no ribbon.
    pub(super) left: Left,
    pub(super) ended: Option<Day>,
}

/// Makes rows of cases.
///
/// # Errors
/// The store's.
pub(super) async fn rows(
    app: &App,
    visit: &Visit,
    items: Vec<CaseRow>,
) -> Result<Vec<Row>, Problem> {
    let ids: Vec<CaseId> = items.iter().map(|item| item.case).collect();
    let cases = app.store.reading_as(&visit.viewer).work_cases(&ids).await?;
    let holders = cases.values().flat_map(|held| &held.case.tasks).filter_map(|task| task.assignee);
    let holders: Vec<PersonId> = holders.collect::<BTreeSet<_>>().into_iter().collect();
    let names = app.store.names_of(&holders).await?;
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        // What somebody has just lost sight of is not shown.
        let Some(held) = cases.get(&item.case) else { continue };
        rows.push(row(app, visit, item, held, &names).await?);
    }
    Ok(rows)
}

async fn row(
    app: &App,
    visit: &Visit,
    item: CaseRow,
    held: &WorkCase,
    names: &HashMap<PersonId, String>,
) -> Result<Row, Problem> {
    let (words, now) = (visit.look.words, visit.viewer.now);
    let case = &held.case;
    let definition = app.store.definition(&item.workflow, Some(item.version)).await?;
    let calendars = app.store.calendars_in_use(&definition.calendar).await?;
    let organisation = &visit.viewer.organisation;
    let calendar = calendars.for_unit(organisation.path(&item.unit));
    let told = |clock: &Clock| match (clock.deadline, clock.ledger.stopped_at) {
        (deadline, Some(at)) => Left::stopped(deadline, at, calendar, words),
        (Some(deadline), None) => Left::until(deadline, now, calendar, words),
        (None, None) => Left::held(words),
    };
    // Of several branches, the one that is due first.
    let norms = case.tasks.iter().filter_map(|task| task.clock.as_ref());
    let norm = norms.min_by_key(|clock| (clock.deadline.is_none(), clock.deadline));
    let left = case.statutory.as_ref().map_or_else(|| Left::none(words), &told);
    let ribbon = case.statutory.as_ref().map(|clock| {
        let if_resumed = || clock.ledger.deadline_if_resumed(calendar, now).ok();
        let deadline = clock.deadline.or_else(if_resumed);
        let norm = norm.and_then(|clock| clock.deadline);
        let story = Story::of(&clock.ledger, deadline, norm, now);
        let ribbon = Ribbon::of(&story, left.clone(), Size::Small, words);
        ribbon.explained_at(format!("/cases/{}/clocks/0", item.case))
    });
    let day = |at| Day::at(at, calendar, words);
    let last = |at| Day::of(last_day(at, calendar), words);
    let unit = organisation.get(&item.unit);
    let step = definition.title_of(&item.step);
    Ok(Row {
        case: item.case,
        code: Code::of(item.case),
        applicant: held.applicant.clone(),
        workflow: words.of(&definition.title).to_owned(),
        unit: unit.map_or_else(|| item.unit.to_string(), |unit| words.of(&unit.title).to_owned()),
        step: step.map_or_else(|| item.step.to_string(), |title| words.of(title).to_owned()),
        holder: holder(case, &definition, names, words),
        received: day(item.opened_at),
        norm: norm.map(|clock| (told(clock), clock.deadline.map(last))),
        statutory: item.deadline.map(last),
        ribbon,
        left,
        ended: item.ended_at.map(day),
        subject: item.subject,
    })
}

/// With whom a case is: the people who have its tasks in hand, else the roles that have not taken them.
fn holder(
    case: &Case,
    definition: &Definition,
    names: &HashMap<PersonId, String>,
    words: Words,
) -> String {
    if matches!(case.place, Place::End { .. }) {
        return String::new();
    }
    let mut told = BTreeSet::new();
    for task in &case.tasks {
        let with = match (task.assignee, &task.owner) {
            (Some(person), _) => names.get(&person).cloned().unwrap_or_default(),
            (None, Owner::Applicant) => words.t("cases-with-applicant").into(),
            (None, Owner::Role(role)) => match definition.roles.get(role) {
                Some(role) => words.of(&role.title).to_owned(),
                None => role.to_string(),
            },
        };
        told.insert(with);
    }
    let told: Vec<String> = told.into_iter().collect();
    told.join(" · ")
}
