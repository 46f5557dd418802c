//! Who may do what beside acting on a case, which the core decides: looking at cases and at figures,
//! looking after people, workflows and calendars.
//!
//! **Invariant.** Every address asks here before it shows or changes anything, and what somebody may
//! not know of is told like what is not there.

use parvaneh_core::{
    BranchId, CaseId, Definition, Grant, PersonId, Sitting, UnitId,
    decide::Possible,
    definition::Permission,
    reach::{Jurisdiction, Reach, Sight},
};
use parvaneh_store::{CaseContent, Desk, Person, Viewer};

use crate::{App, problem::Problem};

/// Looks after people, their roles and accounts, at its unit and below.
pub const ADMINISTRATOR: &str = "administrator";
/// Sees the figures of its unit and below; see [`parvaneh_core::reach::MANAGER`].
pub const MANAGER: &str = parvaneh_core::reach::MANAGER;
/// See [`parvaneh_core::reach::AUDITOR`].
pub const AUDITOR: &str = parvaneh_core::reach::AUDITOR;

/// The roles that belong to the installation and to no workflow.
pub const ROLES: &[&str] = &[ADMINISTRATOR, MANAGER, AUDITOR, parvaneh_store::CALENDAR_KEEPER];

/// What somebody wants to do that is no action on a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// See people and change who they are, what they may do and whether they can log in.
    AdministerPeople,
    /// Publish and retire workflows: only for the whole organisation.
    AdministerWorkflows,
    /// See figures.
    SeeFigures,
    /// Search in what has happened, and in who has looked: sees everything there, and changes nothing.
    Audit,
    /// Close offices, and open them again.
    KeepCalendars,
    /// Publish calendars: only for the whole organisation.
    PublishCalendars,
    /// Look after what runs by itself: jobs, deliveries, webhooks, parked cases. Only for the whole
    /// organisation.
    Operate,
}

impl Task {
    /// The roles that may do it.
    pub fn roles(self) -> &'static [&'static str] {
        match self {
            Self::AdministerPeople | Self::AdministerWorkflows | Self::Operate => &[ADMINISTRATOR],
            Self::KeepCalendars => &[parvaneh_store::CALENDAR_KEEPER],
            Self::PublishCalendars => &[parvaneh_store::CALENDAR_KEEPER, ADMINISTRATOR],
            Self::SeeFigures => &[MANAGER, AUDITOR, ADMINISTRATOR],
            Self::Audit => &[AUDITOR],
        }
    }
}

/// Whether somebody may do that at a unit: by a role that he holds there or above.
pub fn may(viewer: &Viewer, task: Task, unit: &UnitId) -> bool {
    viewer.actor.grants.iter().any(|grant| {
        task.roles().contains(&grant.role.as_str())
            && viewer.organisation.contains(&grant.unit, unit)
    })
}

/// Where somebody may do that, as the reach of what he is shown by it.
pub fn reach_of(viewer: &Viewer, task: Task) -> Reach {
    let held = viewer.actor.grants.iter();
    let held = held.filter(|grant| task.roles().contains(&grant.role.as_str()));
    let jurisdictions = held.map(|grant| Jurisdiction { workflow: None, unit: grant.unit.clone() });
    Reach { jurisdictions: jurisdictions.collect(), ..Reach::default() }
}

/// Lets pass who may do that anywhere, and says where.
///
/// # Errors
/// `forbidden`.
pub fn permit_somewhere(viewer: &Viewer, task: Task) -> Result<Reach, Problem> {
    let reach = reach_of(viewer, task);
    if reach.jurisdictions.is_empty() {
        let roles = task.roles().join("' or '");
        return Err(Problem::forbidden(format!("this needs the role '{roles}'")));
    }
    Ok(reach)
}

/// Lets pass who may do that at a unit.
///
/// # Errors
/// `not_found` for a unit that is none, `forbidden`.
pub fn permit(viewer: &Viewer, task: Task, unit: &UnitId) -> Result<(), Problem> {
    if viewer.organisation.get(unit).is_none() {
        return Err(Problem::not_found());
    }
    if may(viewer, task, unit) {
        return Ok(());
    }
    let roles = task.roles().join("' or '");
    Err(Problem::forbidden(format!("this needs the role '{roles}' at '{unit}' or above it")))
}

/// Lets pass who may do that for the whole organisation.
///
/// # Errors
/// `forbidden`.
pub fn permit_everywhere(viewer: &Viewer, task: Task) -> Result<(), Problem> {
    let root = viewer.organisation.units().find(|unit| unit.parent.is_none());
    match root {
        Some(root) => permit(viewer, task, &root.id),
        None => Err(Problem::forbidden("there is no organisation yet")),
    }
}

/// Whether somebody may give out the tasks of a procedure at a unit. The rules of the core decide about
/// each; this says what is offered.
pub fn assigns(viewer: &Viewer, definition: &Definition, unit: &UnitId) -> bool {
    let may = |grant: &Grant| {
        let role = definition.roles.get(&grant.role);
        role.is_some_and(|role| role.may.contains(&Permission::Assign))
            && viewer.organisation.contains(&grant.unit, unit)
    };
    let lent = viewer.actor.lent.iter();
    let lent = lent.filter(|lent| lent.is_in_force(&definition.id, viewer.now));
    viewer.actor.grants.iter().any(may) || lent.map(|lent| &lent.grant).any(may)
}

/// Where somebody may give out tasks: with whom, in which procedure. Other bodies look after their own.
pub fn desks(viewer: &Viewer) -> Vec<Desk> {
    let mut desks = Vec::new();
    for definition in viewer.definitions() {
        for unit in viewer.organisation.units() {
            if !assigns(viewer, &definition, &unit.id) {
                continue;
            }
            let here = definition.roles.iter();
            let here = here.filter(|(_, role)| role.at == unit.level && !role.agency);
            desks.extend(here.map(|(role, _)| Desk {
                workflow: definition.id.clone(),
                role: role.clone(),
                unit: unit.id.clone(),
            }));
        }
    }
    desks
}

/// Whether somebody may give out tasks anywhere.
pub fn assigns_somewhere(viewer: &Viewer) -> bool {
    let grants = viewer.actor.grants.iter();
    let lent = viewer.actor.lent.iter().map(|lent| &lent.grant);
    let units: Vec<&UnitId> = grants.chain(lent).map(|grant| &grant.unit).collect();
    viewer
        .definitions()
        .iter()
        .any(|definition| units.iter().any(|unit| assigns(viewer, definition, unit)))
}

/// Lets pass who may move the clock of a sandbox.
///
/// # Errors
/// `forbidden`.
pub fn move_clock(app: &App, viewer: &Viewer) -> Result<(), Problem> {
    match app.settings.everybody_moves_clock {
        true => Ok(()),
        false => permit_everywhere(viewer, Task::Operate),
    }
}

/// Whether a person's roles and account are looked after by the viewer: he administers somewhere, and that person
/// holds roles only where he does. Who holds none and applies is nobody's colleague: only who administers everywhere
/// makes links by which such a one comes in.
pub fn looks_after(viewer: &Viewer, person: &Person) -> bool {
    let may = |unit: &UnitId| may(viewer, Task::AdministerPeople, unit);
    if person.grants.is_empty() && person.applies {
        return permit_everywhere(viewer, Task::AdministerPeople).is_ok();
    }
    viewer.actor.grants.iter().any(|grant| may(&grant.unit))
        && person.grants.iter().all(|grant| may(&grant.unit))
}

/// Lets pass who sees what concerns somebody's work: himself, who assigns it, who administers him.
///
/// # Errors
/// `not_found`, also for somebody unknown.
pub async fn see_work_of(app: &App, viewer: &Viewer, person: PersonId) -> Result<(), Problem> {
    let own = person == viewer.actor.person || viewer.reach.accounts.contains(&person);
    if own || app.store.may_stand_for(viewer.actor.person, person).await? {
        return Ok(());
    }
    match app.store.person(person).await? {
        Some(person) if looks_after(viewer, &person) => Ok(()),
        _ => Err(Problem::not_found()),
    }
}

/// Lets pass who may export what he sees: whoever sees cases because he works there.
///
/// # Errors
/// `forbidden`.
pub fn permit_export(viewer: &Viewer) -> Result<(), Problem> {
    match viewer.reach.jurisdictions.is_empty() {
        true => Err(Problem::forbidden("exports are for those who see cases at work")),
        false => Ok(()),
    }
}

/// Lets pass who sees a case, and says why he does.
///
/// # Errors
/// `not_found`, whether there is no such case or only not for him.
pub async fn see(app: &App, viewer: &Viewer, case: CaseId) -> Result<Sight, Problem> {
    app.store.sight(case, viewer).await?.ok_or_else(Problem::not_found)
}

/// Lets pass who sees a case because he works there.
///
/// # Errors
/// `not_found` as [`see`]; `forbidden` for its applicant.
pub async fn see_as_office(app: &App, viewer: &Viewer, case: CaseId) -> Result<(), Problem> {
    match see(app, viewer, case).await? {
        Sight::Office => Ok(()),
        Sight::Own => Err(Problem::forbidden("this is for those who work on the case")),
    }
}

/// Lets pass who may record the answer of a body to an inquiry that is open: also to let the body answer
/// by a link, and to take that back. It gives nobody more than he could do himself.
///
/// # Errors
/// `forbidden`.
pub async fn record_answer(
    app: &App,
    viewer: &Viewer,
    case: CaseId,
    branch: &BranchId,
) -> Result<(), Problem> {
    let possible = app.store.reading_as(viewer).possible(case, viewer.actor.person).await?;
    let may = |one: &Possible| matches!(one, Possible::Answer { branch: open } if open == branch);
    match possible.iter().any(may) {
        true => Ok(()),
        false => Err(Problem::forbidden("this needs the right to record the answer of the body")),
    }
}

/// Lets pass who sees the sittings of a commission: by its procedures, those who work there.
///
/// # Errors
/// `not_found`, as for a sitting that is none.
pub fn see_sitting(viewer: &Viewer, sitting: &Sitting) -> Result<(), Problem> {
    let Viewer { reach, organisation, .. } = viewer;
    match reach.sees_sittings(organisation, &sitting.members, &sitting.unit) {
        true => Ok(()),
        false => Err(Problem::not_found()),
    }
}

/// Whether somebody who sees a case like that sees a content that it holds: an applicant what came
/// from him, and not what the office has added.
pub fn sees_content(sight: Sight, content: &CaseContent) -> bool {
    match sight {
        Sight::Office => true,
        Sight::Own => content.from_applicant,
    }
}
