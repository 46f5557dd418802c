//! کارتابل, the worklist: what is to be done, in the order in which it is best done.

mod columns;
mod distribute;
mod kept;
mod rows;
mod wanted;

use std::{borrow::Borrow, collections::BTreeMap};

use askama::Template;
use axum::{extract::State, http::HeaderMap, response::Response};
use parvaneh_core::{CaseId, Command, definition::StepKind};
use parvaneh_store::{SavedFilter, Viewer, WorklistCounts, WorklistQuery};
use serde::Deserialize;
use uuid::Uuid;

use self::{
    columns::{Column, Columns},
    rows::{Holder, Row, rows},
    wanted::{Of, Order, Tab, Wanted},
};
use super::{Frame, form::Form, page, routes::Pages, see, visit::Visit};
use crate::{
    App,
    body::Query,
    change::{Terms, done_by},
    policy,
    problem::Problem,
    say::{Said, Words},
    shown::left::near_until,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/worklist", worklist)
        .post("/worklist/claim", claim)
        .post("/worklist/release", release)
        .merge(distribute::pages())
        .merge(kept::pages())
}

/// A tab with its count.
struct TabShown {
    name: Said,
    /// As many as there are, `1,000+` where there are more.
    count: String,
    address: String,
    current: bool,
    class: &'static str,
    mark: &'static str,
}

/// A choice of a filter.
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// A filter that is chosen, and the address without it.
struct Chosen {
    name: String,
    without: String,
}

/// What has just been done with a task, and by what it is taken back.
struct Done {
    mark: char,
    told: String,
    /// The address of the form that takes it back, and the task.
    undo: Option<(&'static str, CaseId, u32)>,
}

#[derive(Template)]
#[template(path = "worklist/page.html")]
struct Page {
    frame: Frame,
    wanted: Wanted,
    columns: Columns,
    tabs: Vec<TabShown>,
    rows: Vec<Row>,
    steps: Vec<Choice>,
    workflows: Vec<Choice>,
    units: Vec<Choice>,
    chosen: Vec<Chosen>,
    saved: Vec<(SavedFilter, String)>,
    done: Option<Done>,
    /// Whether the reader may give tasks to others.
    distributes: bool,
    next: Option<String>,
}

impl Page {
    fn order(&self, order: impl Borrow<Order>) -> bool {
        self.wanted.order == *order.borrow()
    }

    /// The address of the same list in another order; of the one in which it is, the other way round.
    fn ordered(&self, order: impl Borrow<Order>) -> String {
        let order = *order.borrow();
        let down =
            self.wanted.order == order && order != Order::LateMinimising && !self.wanted.down;
        Wanted { order, down, ..self.wanted.anew() }.address()
    }

    /// How a column says that the list is in its order.
    fn sorted(&self, order: impl Borrow<Order>) -> &'static str {
        match (self.order(order), self.wanted.down) {
            (false, _) => "",
            (true, false) => " aria-sort=\"ascending\"",
            (true, true) => " aria-sort=\"descending\"",
        }
    }

    /// The address of the other list: of what the reader does, or of what he gives out.
    fn of(&self, of: impl Borrow<Of>) -> String {
        Wanted { of: *of.borrow(), ..Wanted::default() }.address()
    }

    fn has(&self, column: impl Borrow<Column>) -> bool {
        self.columns.has(*column.borrow())
    }
}

async fn worklist(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let near = match app.calendar().await? {
        Some(calendars) => near_until(visit.viewer.now, calendars.national()),
        None => visit.viewer.now,
    };
    let distributes = policy::assigns_somewhere(&visit.viewer);
    if wanted.is_group() && !distributes {
        return Err(Problem::forbidden("this needs a role that assigns tasks"));
    }
    let query = WorklistQuery {
        desks: wanted.is_group().then(|| policy::desks(&visit.viewer)),
        ..wanted.query(visit.caller.person, near)?
    };
    let reads = app.store.reading_as(&visit.viewer);
    let counts = reads.worklist_counts(&query, near).await?;
    let listed = reads.worklist(&query).await?;
    let next = listed.next.map(|next| {
        Wanted { after: next.to_string(), done: String::new(), ..wanted.clone() }.address()
    });
    let rows = rows(&app, &visit, listed.items).await?;
    let saved = app.store.saved_filters(visit.caller.person).await?;
    let saved = saved.into_iter().map(|one| {
        let address = Wanted::read(&one.query).anew().address();
        (one, address)
    });
    let steps = steps(&visit.viewer, words);
    let workflows = workflows(&visit.viewer, words);
    let units = units(&visit.viewer, words);
    let choices = |names: &BTreeMap<String, String>, chosen: &str| -> Vec<Choice> {
        let choice = |(value, name): (&String, &String)| Choice {
            chosen: value == chosen,
            value: value.clone(),
            name: name.clone(),
        };
        names.iter().map(choice).collect()
    };
    let page_of = Page {
        frame: visit.frame(words.t("worklist-title")),
        columns: Columns::of(&headers),
        tabs: tabs(&wanted, counts, words),
        steps: choices(&steps, &wanted.step),
        workflows: choices(&workflows, &wanted.workflow),
        units: choices(&units, &wanted.unit),
        chosen: chosen(&wanted, &[&steps, &workflows, &units]),
        saved: saved.collect(),
        done: done(&app, &visit, &wanted).await?,
        distributes,
        rows,
        next,
        wanted,
    };
    page(&visit.look, &page_of)
}

fn tabs(wanted: &Wanted, counts: WorklistCounts, words: Words) -> Vec<TabShown> {
    let tab = |tab: Tab, name: Said, count: u32, class, mark| TabShown {
        name,
        count: match count {
            1_000.. => words.t("worklist-many").n("most", 1_000).into(),
            count => words.number(count),
        },
        address: Wanted { tab, ..wanted.anew() }.address(),
        current: wanted.tab == tab,
        class,
        mark,
    };
    vec![
        tab(Tab::All, words.t("tab-all"), counts.all, "", ""),
        tab(Tab::New, words.t("tab-new"), counts.new, "", ""),
        tab(Tab::Mine, words.t("tab-mine"), counts.mine, "", ""),
        tab(Tab::Near, words.t("tab-near"), counts.near, "is-near", "▲"),
        tab(Tab::Late, words.t("tab-late"), counts.late, "is-late", "■"),
    ]
}

/// The steps at which a role of the reader's has work, by their names in definitions.
fn steps(viewer: &Viewer, words: Words) -> BTreeMap<String, String> {
    let roles: Vec<_> = viewer.actor.grants.iter().map(|grant| &grant.role).collect();
    let lent: Vec<_> = viewer.actor.lent.iter().map(|lent| &lent.grant.role).collect();
    let mut steps = BTreeMap::new();
    for definition in viewer.definitions() {
        for (id, step) in &definition.steps {
            let owners: Vec<_> = match &step.kind {
                StepKind::Parallel(parallel) => {
                    parallel.branches.values().map(|branch| &branch.owner).collect()
                }
                _ => step.owner().into_iter().collect(),
            };
            if owners.iter().any(|owner| roles.contains(owner) || lent.contains(owner)) {
                steps.entry(id.to_string()).or_insert_with(|| words.of(&step.title).to_owned());
            }
        }
    }
    steps
}

/// The workflows in which the reader has a role.
fn workflows(viewer: &Viewer, words: Words) -> BTreeMap<String, String> {
    let takes_part = |definition: &parvaneh_core::Definition| {
        viewer.actor.grants.iter().any(|grant| definition.roles.contains_key(&grant.role))
    };
    let definitions = viewer.definitions().into_iter().filter(|one| takes_part(one));
    definitions.map(|one| (one.id.to_string(), words.of(&one.title).to_owned())).collect()
}

/// The units directly below those where the reader holds a role.
fn units(viewer: &Viewer, words: Words) -> BTreeMap<String, String> {
    let held: Vec<_> = viewer.actor.grants.iter().map(|grant| &grant.unit).collect();
    let below = viewer.organisation.units();
    let below =
        below.filter(|unit| unit.parent.as_ref().is_some_and(|above| held.contains(&above)));
    below.map(|unit| (unit.id.to_string(), words.of(&unit.title).to_owned())).collect()
}

fn chosen(wanted: &Wanted, known: &[&BTreeMap<String, String>; 3]) -> Vec<Chosen> {
    let [steps, workflows, units] = known;
    let name = |names: &BTreeMap<String, String>, value: &str| {
        names.get(value).cloned().unwrap_or_else(|| value.to_owned())
    };
    let anew = wanted.anew();
    let none = String::new;
    let mut chosen = Vec::new();
    let mut add = |value: &str, name: String, without: Wanted| {
        if !value.trim().is_empty() {
            chosen.push(Chosen { name, without: without.address() });
        }
    };
    add(&wanted.text, wanted.text.clone(), Wanted { text: none(), ..anew.clone() });
    add(&wanted.step, name(steps, &wanted.step), Wanted { step: none(), ..anew.clone() });
    add(
        &wanted.workflow,
        name(workflows, &wanted.workflow),
        Wanted { workflow: none(), ..anew.clone() },
    );
    add(&wanted.unit, name(units, &wanted.unit), Wanted { unit: none(), ..anew.clone() });
    chosen
}

/// What the address reports. Whoever made it up learns nothing that he does not see anyway.
async fn done(app: &App, visit: &Visit, wanted: &Wanted) -> Result<Option<Done>, Problem> {
    let words = visit.look.words;
    let mut parts = wanted.done.split('.');
    let (Some(what), Some(case)) = (parts.next(), parts.next()) else { return Ok(None) };
    let task = parts.next().and_then(|task| task.parse().ok());
    let (Ok(case), Some(task)) = (case.parse().map(CaseId), task) else { return Ok(None) };
    let cases = app.store.reading_as(&visit.viewer).work_cases(&[case]).await?;
    let Some(found) = cases.get(&case) else { return Ok(None) };
    let subject = &found.case.subject;
    let holder = found.case.task(task).and_then(|task| task.assignee);
    let mine = holder == Some(visit.caller.person);
    Ok(match what {
        // Nobody has it any more, or he himself: then there is nothing to tell.
        "gone" if mine || (holder.is_none() && found.case.task(task).is_some()) => None,
        "gone" => {
            let told = match holder {
                Some(other) => {
                    let name = app.store.names_of(&[other]).await?.remove(&other);
                    let told = words.t("worklist-gone-to").s("name", name.unwrap_or_default());
                    told.s("subject", subject)
                }
                None => words.t("worklist-gone").s("subject", subject),
            };
            Some(Done { mark: '▲', told: told.into(), undo: None })
        }
        "claimed" => Some(Done {
            mark: '✓',
            told: words.t("worklist-claimed").s("subject", subject).into(),
            undo: mine.then_some(("/worklist/release", case, task)),
        }),
        "released" => Some(Done {
            mark: '✓',
            told: words.t("worklist-released").s("subject", subject).into(),
            undo: (!mine).then_some(("/worklist/claim", case, task)),
        }),
        _ => None,
    })
}

/// A task of the list, and the list.
#[derive(Debug, Deserialize)]
struct OneTask {
    case: Uuid,
    task: u32,
    /// What the list shows, as [`Wanted::written`].
    #[serde(default)]
    query: String,
}

impl OneTask {
    /// Back to the list, which tells what was done.
    fn back(&self, done: &str) -> Response {
        let done = format!("{done}.{}.{}", self.case, self.task);
        see(&Wanted { done, ..Wanted::read(&self.query) }.address())
    }
}

async fn claim(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<OneTask>,
) -> Result<Response, Problem> {
    let command = Command::Claim { task: asked.task };
    let case = CaseId(asked.case);
    let made = async || Ok((command, Vec::new()));
    match done_by(&app, &visit.caller, Terms::default(), case, made).await {
        Ok(_) => Ok(asked.back("claimed")),
        // Somebody was quicker: the list tells who, and is as it stands now.
        Err(problem) if ["task_taken", "unknown_task"].contains(&problem.code.as_str()) => {
            Ok(asked.back("gone"))
        }
        Err(problem) => Err(problem),
    }
}

async fn release(
    State(app): State<App>,
    visit: Visit,
    Form(asked): Form<OneTask>,
) -> Result<Response, Problem> {
    let command = Command::Release { task: asked.task, reason: None };
    let case = CaseId(asked.case);
    let made = async || Ok((command, Vec::new()));
    done_by(&app, &visit.caller, Terms::default(), case, made).await?;
    Ok(asked.back("released"))
}
