//! The second part: with whom the days went, and with whom the work is.

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{Definition, JalaliDate, PersonId, WorkflowId, definition::StepKind};
use parvaneh_export::Cell;
use parvaneh_store::{Viewer, Workload, WorkloadBy, WorkloadQuery};

use super::{
    Asked, Head, Number, Wanted, calendars, percent,
    tables::{self, Name, Told},
    unit_name,
};
use crate::{
    App,
    body::Query,
    pages::{
        Frame,
        cases::{self, NOBODY, State as CaseState, span},
        page,
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::Words,
};

/// As many rows as a table has: those that matter most.
const MOST: usize = 15;
/// How wide the widest part is drawn.
const WIDEST: f64 = 240.0;

/// Where late days went.
struct Lost {
    step: String,
    owner: String,
    /// Only where there are several.
    workflow: String,
    cases: Number,
    waiting: String,
    handling: String,
    days: String,
    /// The same as numbers: in all, waiting, handling.
    numbers: [f64; 3],
    /// How wide each is drawn.
    wide: (u64, u64),
}

/// What was done in a step, or by an owner.
struct Done {
    name: String,
    owner: String,
    closed: String,
    /// The share that was done by its own deadline.
    rate: String,
    late: String,
    late_in_queue: String,
    /// How long a task waited and was handled, in working hours.
    waited: String,
    handled: String,
    /// The same as numbers, in the order of the columns.
    numbers: [f64; 6],
}

/// A level with its cases.
struct Level {
    name: String,
    cases: Number,
}

/// What an official has in hand.
struct Load {
    who: String,
    /// For whom it waits, where nobody has it.
    waits: bool,
    cases: Number,
    late: Number,
    wide: (u64, u64),
}

#[derive(Template)]
#[template(path = "dashboard/work.html")]
pub(super) struct Page {
    frame: Frame,
    head: Head,
    wanted: Wanted,
    lost: Vec<Lost>,
    steps: Vec<Done>,
    owners: Vec<Done>,
    levels: Vec<Level>,
    load: Vec<Load>,
}

pub(super) async fn work(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    page(&visit.look, &read(&app, &visit, wanted, MOST).await?)
}

/// The figures, as many rows of each as are wanted.
///
/// # Errors
/// As [`Wanted::made_out`]; the store's.
pub(super) async fn read(
    app: &App,
    visit: &Visit,
    wanted: Wanted,
    most_rows: usize,
) -> Result<Page, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let calendars = calendars(app).await?;
    let calendar = calendars.national();
    let asked = wanted.made_out(viewer, calendar)?;
    let reach = policy::reach_of(viewer, Task::SeeFigures);
    let within = app.store.reading_within(&viewer.organisation, &reach);
    let query = WorkloadQuery {
        period: span(asked.period, calendar),
        by: WorkloadBy::Step,
        workflow: asked.workflow.clone(),
        within: Some(asked.unit.clone()),
    };
    let done = async {
        Ok::<_, Problem>(within.workloads(&query, [WorkloadBy::Step, WorkloadBy::Owner]).await?)
    };
    let levels = async { Ok(within.escalated_now(&asked.unit, asked.workflow.as_ref()).await?) };
    let load = load(app, &within, visit, &asked, 2 * most_rows);
    let ([steps, owners], levels, load) = tokio::try_join!(done, levels, load)?;
    let several = viewer.definitions().len() > 1;
    let mut lost: Vec<Lost> = Vec::new();
    let most = steps.iter().map(|row| row.days_lost.days()).fold(0.0_f64, f64::max);
    for row in steps.iter().filter(|row| row.days_lost.days() > 0.0).take(most_rows) {
        let Some(step) = &row.step else { continue };
        let list = asked.cases(|list| cases::Wanted {
            workflow: row.workflow.to_string(),
            period: asked.period.to_string(),
            lost_in: match &row.branch {
                Some(branch) => format!("{step}/{branch}"),
                None => step.to_string(),
            },
            lost_with: row.owner.clone(),
            ..list
        });
        let share = |days: f64| (days / most.max(f64::MIN_POSITIVE) * WIDEST).ceil() as u64;
        lost.push(Lost {
            step: step_name(viewer, row, words),
            owner: owner_name(viewer, &row.owner, words),
            workflow: if several {
                workflow_name(viewer, &row.workflow, words)
            } else {
                String::new()
            },
            cases: Number::of(row.held_up, list, words),
            waiting: tenth(row.days_lost.waiting, words),
            handling: tenth(row.days_lost.handling, words),
            days: tenth(row.days_lost.days(), words),
            numbers: [row.days_lost.days(), row.days_lost.waiting, row.days_lost.handling],
            wide: (share(row.days_lost.waiting), share(row.days_lost.handling)),
        });
    }
    let done = |row: &Workload| Done {
        name: match &row.unit {
            Some(unit) => unit_name(viewer, unit, words),
            None => step_name(viewer, row, words),
        },
        owner: owner_name(viewer, &row.owner, words),
        closed: words.number(row.closed),
        rate: percent((row.closed - row.late) as f64 / row.closed.max(1) as f64, words),
        late: words.number(row.late),
        late_in_queue: words.number(row.late_in_queue),
        waited: hours(row.spent.waited, row.closed, words),
        handled: hours(row.spent.handled, row.closed, words),
        numbers: [
            row.closed as f64,
            (row.closed - row.late) as f64 / row.closed.max(1) as f64 * 100.0,
            row.late as f64,
            row.late_in_queue as f64,
            mean_hours(row.spent.waited, row.closed),
            mean_hours(row.spent.handled, row.closed),
        ],
    };
    let levels = levels.iter().map(|one| Level {
        name: words.t("dashboard-level").n("level", one.level).into(),
        cases: Number::of(
            one.cases,
            asked.cases(|list| cases::Wanted { level: one.level.to_string(), ..list }),
            words,
        ),
    });
    let today = JalaliDate::from(calendar.local_date(viewer.now));
    Ok(Page {
        frame: visit.frame(words.t("dashboard-work-title")),
        head: Head::of(viewer, &wanted, &asked, today.year(), words),
        lost,
        steps: steps.iter().filter(|row| row.closed > 0).take(most_rows).map(done).collect(),
        owners: owners.iter().filter(|row| row.closed > 0).take(most_rows).map(done).collect(),
        levels: levels.collect(),
        load,
        wanted,
    })
}

impl Page {
    /// A table of it.
    pub(super) fn table(self, name: Name, words: Words) -> Told {
        let said = |key: crate::say::Said| key.to_string();
        let (rows, first) = match name {
            Name::Steps => (self.steps, words.t("dashboard-step")),
            Name::Owners => (self.owners, words.t("dashboard-unit")),
            Name::Load => {
                let head = [
                    words.t("dashboard-official"),
                    words.t("dashboard-cases"),
                    words.t("dashboard-load-late"),
                ];
                let rows = self.load.into_iter().map(|row| {
                    let who = match row.waits {
                        true => words.t("dashboard-waits-for").s("who", &row.who).into(),
                        false => row.who,
                    };
                    vec![Cell::Text(who), row.cases.value.into(), row.late.value.into()]
                });
                let title = said(words.t("dashboard-load"));
                return (title, head.map(said).to_vec(), rows.collect());
            }
            _ => {
                let head = [
                    words.t("dashboard-step"),
                    words.t("dashboard-workflow"),
                    words.t("dashboard-owner"),
                    words.t("dashboard-lost-days"),
                    words.t("dashboard-lost-waiting"),
                    words.t("dashboard-lost-handling"),
                    words.t("dashboard-cases"),
                ];
                let rows = self.lost.into_iter().map(|row| {
                    let mut cells = vec![row.step.into(), row.workflow.into(), row.owner.into()];
                    cells.extend(row.numbers.map(tables::tenth));
                    cells.push(row.cases.value.into());
                    cells
                });
                let title = said(words.t("dashboard-lost"));
                return (title, head.map(said).to_vec(), rows.collect());
            }
        };
        let head = [
            first,
            words.t("dashboard-owner"),
            words.t("dashboard-closed"),
            words.t("dashboard-on-time"),
            words.t("dashboard-closed-late"),
            words.t("dashboard-late-in-queue"),
            words.t("dashboard-waited"),
            words.t("dashboard-handled"),
        ];
        let mut head = head.map(said);
        head[3].push_str(" (%)");
        let rows = rows.into_iter().map(|row| {
            let mut cells = vec![row.name.into(), row.owner.into()];
            cells.extend(row.numbers.map(tables::tenth));
            cells
        });
        (said(words.t("dashboard-done")), head.to_vec(), rows.collect())
    }
}

/// Who has how much in hand, and what waits for whom.
async fn load(
    app: &App,
    within: &parvaneh_store::Store,
    visit: &Visit,
    asked: &Asked,
    most: usize,
) -> Result<Vec<Load>, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let rows = within.cases_in_hand(&asked.unit, asked.workflow.as_ref(), most as u32).await?;
    let people: Vec<PersonId> = rows.iter().filter_map(|row| row.official).collect();
    let names = app.store.names_of(&people).await?;
    let most = rows.iter().map(|row| row.cases).max().unwrap_or(0).max(1);
    let wide = |cases: u64| (cases * WIDEST as u64).div_ceil(most);
    let shown = rows.iter().map(|row| {
        let (role, official) = match (row.official, &row.role) {
            (Some(person), _) => (String::new(), person.to_string()),
            (None, role) => {
                let role = role.as_ref().map(|role| role.to_string()).unwrap_or_default();
                (role, NOBODY.to_owned())
            }
        };
        let list = |task_late: &str| {
            asked.cases(|list| cases::Wanted {
                state: CaseState::Open,
                role: role.clone(),
                official: official.clone(),
                task_late: task_late.to_owned(),
                ..list
            })
        };
        let late = wide(row.late);
        Load {
            who: match row.official {
                Some(person) => names.get(&person).cloned().unwrap_or_default(),
                None => owner_name(viewer, &role, words),
            },
            waits: row.official.is_none(),
            cases: Number::of(row.cases, list(""), words),
            late: Number::of(row.late, list("1"), words),
            wide: (wide(row.cases).saturating_sub(late), late),
        }
    });
    Ok(shown.collect())
}

fn definition(viewer: &Viewer, workflow: &WorkflowId) -> Option<std::sync::Arc<Definition>> {
    viewer.definitions().into_iter().find(|one| one.id == *workflow)
}

fn workflow_name(viewer: &Viewer, workflow: &WorkflowId, words: Words) -> String {
    let known = definition(viewer, workflow);
    known.map_or_else(|| workflow.to_string(), |one| words.of(&one.title).to_owned())
}

/// What a step is called, or the branch of one. One that the latest version has no more goes by its
/// identifier.
fn step_name(viewer: &Viewer, row: &Workload, words: Words) -> String {
    let Some(step) = &row.step else { return String::new() };
    let known = definition(viewer, &row.workflow);
    let held = known.as_ref().and_then(|one| one.steps.get(step));
    let branch = row.branch.as_ref().map(|branch| {
        let known = held.and_then(|held| match &held.kind {
            StepKind::Parallel(parallel) => parallel.branches.get(branch),
            _ => None,
        });
        known.map_or_else(|| branch.to_string(), |known| words.of(&known.title).to_owned())
    });
    let step = held.map_or_else(|| step.to_string(), |held| words.of(&held.title).to_owned());
    match branch {
        Some(branch) => format!("{step} · {branch}"),
        None => step,
    }
}

fn owner_name(viewer: &Viewer, owner: &str, words: Words) -> String {
    if owner == "applicant" {
        return words.t("cases-with-applicant").into();
    }
    let title = viewer.role_title(&parvaneh_core::RoleId::from(owner));
    title.map_or_else(|| owner.to_owned(), |title| words.of(&title).to_owned())
}

fn tenth(days: f64, words: Words) -> String {
    words.number(format!("{days:.1}"))
}

/// The mean of what so many took together, in hours.
fn hours(all: chrono::TimeDelta, of: u64, words: Words) -> String {
    words.number(format!("{:.1}", mean_hours(all, of)))
}

fn mean_hours(all: chrono::TimeDelta, of: u64) -> f64 {
    all.num_minutes() as f64 / 60.0 / of.max(1) as f64
}
