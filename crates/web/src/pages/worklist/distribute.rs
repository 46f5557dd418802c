//! Giving out tasks, many at once: to one person, in turn to all who hold the role, or back to the
//! worklist. Each task is its own change, with the reason on its case's history.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{CaseId, Command, PersonId, RoleId, UnitId, event::Owner};
use parvaneh_store::PeopleFilter;
use serde::Deserialize;

use super::wanted::Wanted;
use crate::{
    App,
    api::bulk::{Item, each},
    once::Key,
    pages::{Frame, form::Form, frame::role as role_shown, page, routes::Pages, visit::Visit},
    policy,
    problem::Problem,
    shown::Code,
};

/// As many tasks as are given out at once.
const MOST: usize = 500;

pub(super) fn pages() -> Pages {
    Pages::default().post("/worklist/distribute", ask).post("/worklist/distributed", distribute)
}

/// The tasks that are chosen, as `CASE.TASK`.
#[derive(Debug, Deserialize)]
struct Chosen {
    #[serde(default)]
    task: Vec<String>,
    #[serde(default)]
    query: String,
}

/// A task that can be given out.
struct Given {
    case: CaseId,
    task: u32,
    code: Code,
    subject: String,
    role: RoleId,
    unit: UnitId,
    /// In whose hands it is.
    holder: Option<PersonId>,
}

impl Given {
    fn name(&self) -> String {
        format!("{}.{}", self.case, self.task)
    }
}

/// Those who hold a role at a unit.
struct Group {
    /// As a form has it: `ROLE@UNIT`.
    value: String,
    name: String,
    people: Vec<Candidate>,
}

/// Somebody to whom tasks can be given.
struct Candidate {
    person: PersonId,
    name: String,
    /// How many he has in hand.
    in_hand: u32,
}

/// Of what somebody has chosen, the tasks that are there still and that he may give out: their true
/// number.
async fn given(app: &App, visit: &Visit, names: &[String]) -> Result<Vec<Given>, Problem> {
    if !policy::assigns_somewhere(&visit.viewer) {
        return Err(Problem::forbidden("this needs a role that assigns tasks"));
    }
    if names.len() > MOST {
        return Err(Problem::parameter("task", "at most 500 at once"));
    }
    let read = |name: &String| {
        let (case, task) = name.split_once('.')?;
        Some((case.parse().ok().map(CaseId)?, task.parse::<u32>().ok()?))
    };
    let tasks: Option<Vec<(CaseId, u32)>> = names.iter().map(read).collect();
    let tasks = tasks.ok_or_else(|| Problem::parameter("task", "is no task"))?;
    let ids: Vec<CaseId> = tasks.iter().map(|(case, _)| *case).collect();
    let cases = app.store.reading_as(&visit.viewer).work_cases(&ids).await?;
    let mut given = Vec::new();
    for (id, no) in tasks {
        let Some(found) = cases.get(&id) else { continue };
        let Some(task) = found.case.task(no) else { continue };
        let Owner::Role(role) = &task.owner else { continue };
        let definition = app.definition_of(&found.case).await?;
        if policy::assigns(&visit.viewer, &definition, &task.unit) {
            given.push(Given {
                case: id,
                task: no,
                code: Code::of(id),
                subject: found.case.subject.clone(),
                role: role.clone(),
                unit: task.unit.clone(),
                holder: task.assignee,
            });
        }
    }
    Ok(given)
}

/// Who may be given them, by role and unit; those with the least in hand first.
async fn groups(app: &App, visit: &Visit, given: &[Given]) -> Result<Vec<Group>, Problem> {
    let words = visit.look.words;
    let desks: BTreeMap<(RoleId, UnitId), ()> =
        given.iter().map(|one| ((one.role.clone(), one.unit.clone()), ())).collect();
    let mut groups = Vec::new();
    for (role, unit) in desks.into_keys() {
        let holders = PeopleFilter {
            role: Some(role.clone()),
            within: Some(unit.clone()),
            limit: 200,
            ..PeopleFilter::default()
        };
        let people = app.store.people(&holders).await?;
        let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
        let in_hand = app.store.reading_as(&visit.viewer).in_hand(&ids).await?;
        let candidate = |person: parvaneh_store::Person| Candidate {
            in_hand: in_hand.get(&person.id).copied().unwrap_or_default(),
            person: person.id,
            name: person.name,
        };
        let mut people: Vec<Candidate> = people.into_iter().map(candidate).collect();
        people.sort_by(|one, other| (one.in_hand, &one.name).cmp(&(other.in_hand, &other.name)));
        let value = format!("{role}@{unit}");
        let shown = role_shown(&visit.viewer, &parvaneh_core::Grant { role, unit }, words);
        let name = words.t("distribute-group").s("role", shown.role).s("unit", shown.unit).into();
        groups.push(Group { value, name, people });
    }
    Ok(groups)
}

#[derive(Template)]
#[template(path = "worklist/distribute.html")]
struct AskPage {
    frame: Frame,
    given: Vec<Given>,
    /// How many that were chosen cannot be given out.
    left_out: usize,
    held: usize,
    groups: Vec<Group>,
    query: String,
    back: String,
    told: Option<String>,
    reason: String,
}

async fn ask_page(
    app: &App,
    visit: &Visit,
    chosen: Chosen,
    reason: String,
    told: Option<String>,
) -> Result<Response, Problem> {
    let given = given(app, visit, &chosen.task).await?;
    let ask = AskPage {
        frame: visit.frame(visit.look.words.t("distribute-title")),
        left_out: chosen.task.len() - given.len(),
        held: given.iter().filter(|one| one.holder.is_some()).count(),
        groups: groups(app, visit, &given).await?,
        back: Wanted::read(&chosen.query).anew().address(),
        query: chosen.query,
        given,
        told,
        reason,
    };
    page(&visit.look, &ask)
}

/// A form and not an address: it may have many tasks.
async fn ask(
    State(app): State<App>,
    visit: Visit,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    ask_page(&app, &visit, chosen, String::new(), None).await
}

#[derive(Debug, Deserialize)]
struct Decided {
    #[serde(default)]
    task: Vec<String>,
    #[serde(default)]
    query: String,
    /// `release`, a person's identifier, or `ROLE@UNIT` for all who hold that role, in turn.
    #[serde(default)]
    to: String,
    #[serde(default)]
    reason: String,
}

/// A task that could not be given out, and why.
struct Failed {
    code: Code,
    subject: String,
    told: String,
}

#[derive(Template)]
#[template(path = "worklist/distributed.html")]
struct DonePage {
    frame: Frame,
    done: u32,
    failed: Vec<Failed>,
    back: String,
}

async fn distribute(
    State(app): State<App>,
    visit: Visit,
    Form(decided): Form<Decided>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let reason = decided.reason.trim().to_owned();
    let missing = match () {
        () if decided.to.is_empty() => Some(words.t("distribute-whom-missing")),
        () if reason.is_empty() => Some(words.t("distribute-reason-missing")),
        () => None,
    };
    if let Some(missing) = missing {
        let chosen = Chosen { task: decided.task, query: decided.query };
        return ask_page(&app, &visit, chosen, reason, Some(missing.into())).await;
    }
    let given = given(&app, &visit, &decided.task).await?;
    let groups = groups(&app, &visit, &given).await?;
    let commands = commands(&given, &groups, &decided.to, &reason)?;
    let items = commands.into_iter().map(|(case, command)| Item::of(case, command)).collect();
    let answer = each(&app, &visit.caller, Key::default(), items, words.0).await?;
    let subjects: HashMap<CaseId, &Given> = given.iter().map(|one| (one.case, one)).collect();
    let failed = answer.items.into_iter().filter_map(|item| {
        let (case, problem) = (CaseId(item.case), item.problem?);
        Some(Failed {
            code: Code::of(case),
            subject: subjects.get(&case).map(|one| one.subject.clone()).unwrap_or_default(),
            told: problem.title.clone(),
        })
    });
    let done = DonePage {
        frame: visit.frame(words.t("distribute-title")),
        done: answer.done,
        failed: failed.collect(),
        back: Wanted::read(&decided.query).anew().address(),
    };
    page(&visit.look, &done)
}

/// What is asked of the engine for each task.
fn commands(
    given: &[Given],
    groups: &[Group],
    to: &str,
    reason: &str,
) -> Result<Vec<(CaseId, Command)>, Problem> {
    let reason = Some(reason.to_owned());
    if to == "release" {
        let held = given.iter().filter(|one| one.holder.is_some());
        let release =
            |one: &Given| (one.case, Command::Release { task: one.task, reason: reason.clone() });
        return Ok(held.map(release).collect());
    }
    let assign = |one: &Given, to: PersonId| {
        (one.case, Command::Assign { task: one.task, to, reason: reason.clone(), urgency: None })
    };
    if let Ok(person) = to.parse().map(PersonId) {
        return Ok(given.iter().map(|one| assign(one, person)).collect());
    }
    let group = groups.iter().find(|group| group.value == to && !group.people.is_empty());
    let group =
        group.ok_or_else(|| Problem::parameter("to", "is nobody who can be given these"))?;
    // Each in turn to who has the least by then.
    let mut loads: Vec<(u32, PersonId)> =
        group.people.iter().map(|one| (one.in_hand, one.person)).collect();
    let mut commands = Vec::new();
    for one in given.iter().filter(|one| format!("{}@{}", one.role, one.unit) == group.value) {
        if let Some(least) = loads.iter_mut().min_by_key(|(load, _)| *load) {
            least.0 += 1;
            commands.push(assign(one, least.1));
        }
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId(uuid::Uuid::from_u128(number))
    }

    fn given(number: u128, holder: Option<PersonId>) -> Given {
        let case = CaseId(uuid::Uuid::from_u128(number));
        let (role, unit) = (RoleId::from("officer"), UnitId::from("2301"));
        Given { case, task: 1, code: Code::of(case), subject: String::new(), role, unit, holder }
    }

    #[test]
    fn in_turn_to_who_has_the_least_in_hand() {
        let people = [(1, 3), (2, 0)].map(|(number, in_hand)| Candidate {
            person: person(number),
            name: String::new(),
            in_hand,
        });
        let value = "officer@2301".to_owned();
        let group = Group { value, name: String::new(), people: people.into() };
        let tasks: Vec<Given> = (10..15).map(|number| given(number, None)).collect();
        let commands = commands(&tasks, &[group], "officer@2301", "leave").unwrap();
        let to: Vec<PersonId> = commands
            .iter()
            .map(|(_, command)| match command {
                Command::Assign { to, reason, .. } => {
                    assert_eq!(reason.as_deref(), Some("leave"));
                    *to
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(to.iter().filter(|one| **one == person(2)).count(), 4);
        assert_eq!(to.len(), 5);
    }

    #[test]
    fn what_nobody_has_is_not_released() {
        let tasks = [given(1, None), given(2, Some(person(1)))];
        let commands = commands(&tasks, &[], "release", "because").unwrap();
        assert_eq!(commands.len(), 1);
        assert!(matches!(commands[0].1, Command::Release { .. }));
        assert!(super::commands(&tasks, &[], "nobody@1", "because").is_err());
    }
}
