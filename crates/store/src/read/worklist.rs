//! The worklist of a person: the tasks on which he may act.

mod by_column;
mod kept;
mod late_minimising;
mod page;
mod scope;

use std::{fmt, str::FromStr};

use chrono::DateTime;
use parvaneh_core::{
    BranchId, CaseId, Instant, PersonId, RoleId, StepId, UnitId, WorkflowId,
    event::{Owner, Purpose, Urgency},
    order::Reason,
};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

pub use self::{
    by_column::WorklistColumn,
    kept::SavedFilter,
    page::{WorkCase, WorklistCounts},
};
use self::{late_minimising::Ranked, scope::Scope};
use super::words::occurs;
use crate::{Store, StoreError, reading::Reads};

/// The most that is counted.
const MOST_COUNTED: i64 = 1_000;
/// Of what was lent for one workflow, only its cases.
const IN_SCOPE: &str = "
    and (scope.workflow is null or exists (
        select from cases of where of.id = t.case_id and of.workflow = scope.workflow))";
/// The longest page.
const LONGEST_PAGE: u32 = 500;

/// Which tasks, and in which order.
#[derive(Clone, Debug)]
pub struct WorklistQuery {
    /// Whose worklist.
    pub person: PersonId,
    /// The tasks of these desks, where they are not those on which the person himself may act: what he
    /// may give out to others.
    pub desks: Option<Vec<Desk>>,
    /// In whose hands they are.
    pub hands: Hands,
    /// Only those of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only those of this step.
    pub step: Option<StepId>,
    /// Only those that stand at this unit or below it.
    pub within: Option<UnitId>,
    /// Only those whose deadline has passed.
    pub overdue: bool,
    /// Only those whose deadline has not passed, but will have by this instant.
    pub due_by: Option<Instant>,
    /// Only those in whose subject, applicant's name or tracking code this occurs, whatever its case,
    /// its spaces, and which of several alike letters and digits it is written with.
    pub text: Option<String>,
    /// The order.
    pub sort: Sort,
    /// After the end of which page.
    pub after: Option<Cursor>,
    /// How many, up to 500.
    pub limit: u32,
}

impl WorklistQuery {
    /// The first 50 tasks of a person, the earliest deadline first.
    pub fn of(person: PersonId) -> Self {
        Self {
            person,
            desks: None,
            hands: Hands::Anyone,
            workflow: None,
            step: None,
            within: None,
            overdue: false,
            due_by: None,
            text: None,
            sort: Sort::Deadline,
            after: None,
            limit: 50,
        }
    }
}

/// Where work of a procedure lies: with who holds a role at a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The procedure.
    pub workflow: WorkflowId,
    /// The role.
    pub role: RoleId,
    /// The unit itself, and none below it.
    pub unit: UnitId,
}

/// In whose hands a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hands {
    /// In whoever's.
    #[default]
    Anyone,
    /// In those of the person himself.
    Mine,
    /// Nobody has taken it.
    Nobody,
    /// Somebody has taken it.
    Somebody,
}

/// The order of a worklist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The earliest deadline first; what has none, or a suspended one, comes last.
    #[default]
    Deadline,
    /// What has waited longest first.
    Arrival,
    /// So that as few cases as possible end late: see [`parvaneh_core::order`]. The 1,000 tasks with
    /// the nearest deadlines are ordered so; what comes after them follows by deadline.
    LateMinimising,
    /// By what stands in a column: the 1,000 tasks with the nearest deadlines are ordered so, and no
    /// others shown.
    Column {
        /// The column.
        column: WorklistColumn,
        /// Whether the last comes first.
        descending: bool,
    },
}

/// The end of a page. As text: `<microseconds or ->.<case>.<task>`, and within what is ordered so that few cases
/// end late, behind it `.<microseconds of the first page>.<place>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) at: Option<Instant>,
    pub(super) case: CaseId,
    pub(super) task: u32,
    ranked: Option<Ranked>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}", at.timestamp_micros())?,
            None => f.write_str("-")?,
        }
        write!(f, ".{}.{}", self.case, self.task)?;
        match &self.ranked {
            Some(ranked) => write!(f, ".{}.{}", ranked.as_of.timestamp_micros(), ranked.place),
            None => Ok(()),
        }
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let read = || {
            let mut parts = text.split('.');
            let at = match parts.next()? {
                "-" => None,
                micros => Some(DateTime::from_timestamp_micros(micros.parse().ok()?)?),
            };
            let (case, task) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let ranked = match parts.next() {
                None => None,
                Some(micros) => Some(Ranked {
                    as_of: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
                    place: parts.next()?.parse().ok()?,
                }),
            };
            parts.next().is_none().then_some(Self { at, case, task, ranked })
        };
        read().ok_or_else(|| StoreError::Unknown(format!("the end of a page '{text}'")))
    }
}

/// One task of a worklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// The case.
    pub case: CaseId,
    /// The task's number.
    pub task: u32,
    /// The workflow.
    pub workflow: WorkflowId,
    /// Its version.
    pub version: u32,
    /// What the case is about.
    pub subject: String,
    /// The step.
    pub step: StepId,
    /// The branch, in a parallel step.
    pub branch: Option<BranchId>,
    /// What the task asks for.
    pub purpose: Purpose,
    /// Whose it is.
    pub owner: Owner,
    /// The unit where it stands.
    pub unit: UnitId,
    /// Who has it.
    pub assignee: Option<PersonId>,
    /// How soon who gave it to him wants it.
    pub urgency: Option<Urgency>,
    /// When it came.
    pub opened_at: Instant,
    /// When somebody first took it.
    pub claimed_at: Option<Instant>,
    /// Its own deadline; none while its clock is suspended, or where it has none.
    pub due_at: Option<Instant>,
    /// The statutory deadline of the case.
    pub case_due_at: Option<Instant>,
    /// Whether a person has suspended the case.
    pub suspended: bool,
    /// Whether its own deadline has passed.
    pub overdue: bool,
    /// Why it stands where it stands.
    pub reason: Reason,
    /// For whom the person would do it: who has lent him the role, where it is not his own.
    pub on_behalf_of: Option<PersonId>,
    /// Why four eyes keep it from the person, if they do: it is somebody else's.
    pub barred: Option<parvaneh_core::Refusal>,
}

/// A page of a worklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worklist {
    /// The tasks.
    pub items: Vec<WorkItem>,
    /// How many there are in all, counted up to 1,000.
    pub total: u32,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// The engine's time at which this was read.
    pub now: Instant,
}

impl Store {
    /// A page of a person's worklist.
    ///
    /// # Errors
    /// The database.
    pub async fn worklist(&self, query: &WorklistQuery) -> Result<Worklist, StoreError> {
        let limit = query.limit.clamp(1, LONGEST_PAGE);
        let (scope, viewer) = self.scope(query).await?;
        let mut reads = self.reads().await?;
        let total: i64 = count(query, &scope).build_query_scalar().fetch_one(&mut *reads).await?;
        let total = total.min(MOST_COUNTED) as u32;
        let past_the_ordered = query.after.is_some_and(|after| after.ranked.is_none());
        let (mut items, next, now) = match query.sort {
            Sort::LateMinimising if !past_the_ordered => {
                // What follows reads more than tasks: nobody waits for a connection with one in hand.
                drop(reads);
                self.late_minimising(query, &scope, limit).await?
            }
            Sort::Column { column, descending } => {
                drop(reads);
                self.by_column(query, &scope, column, descending, limit).await?
            }
            _ => by_key(reads, query, &scope, limit).await?,
        };
        // What is to be given out is not weighed for who gives it.
        if let Some(viewer) = viewer.filter(|_| !items.is_empty()) {
            self.mark(&mut items, viewer.actor, now).await?;
        }
        Ok(Worklist { items, total, next, now })
    }
}

/// A page in the order of the index, or of arrival.
async fn by_key(
    mut reads: Reads,
    query: &WorklistQuery,
    scope: &Scope,
    limit: u32,
) -> Result<(Vec<WorkItem>, Option<Cursor>, Instant), StoreError> {
    let now = sqlx::query_scalar("select engine_now()").fetch_one(&mut *reads).await?;
    let rows = page(query, scope, limit).build().fetch_all(&mut *reads).await?;
    let item = |row| item(row, query.sort, now);
    let mut items = rows.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| Cursor::after(last, query.sort));
    Ok((items, next, now))
}

impl Cursor {
    /// Behind a task in the order of the deadlines.
    pub(super) fn behind(at: Option<Instant>, case: CaseId, task: u32) -> Self {
        Self { at, case, task, ranked: None }
    }

    /// The end of a page in the order of a key.
    fn after(last: &WorkItem, sort: Sort) -> Self {
        let at = match sort {
            Sort::Deadline | Sort::LateMinimising | Sort::Column { .. } => last.due_at,
            Sort::Arrival => Some(last.opened_at),
        };
        Self { at, case: last.case, task: last.task, ranked: None }
    }
}

/// The units at which the person acts by a role, each with the first tasks there by the index
/// `tasks_of_role`, which has them in the order of their deadlines; those of a role that he has everywhere by
/// `tasks_of_role_anywhere`; and his own as an applicant by `tasks_of_person`. So a page costs as much as it
/// shows for each such unit, however long the worklist is.
fn page(query: &WorklistQuery, scope: &Scope, limit: u32) -> QueryBuilder<Postgres> {
    let key = match query.sort {
        Sort::Arrival => "t.opened_at",
        _ => "coalesce(t.due_at, 'infinity'::timestamptz)",
    };
    let mut sql = scope.statement();
    let from = from(query);
    let select = format!(
        "select t.case_id, t.no, t.step, t.branch, t.purpose, t.owner_role, t.unit_id, t.assignee,
                t.urgency, t.opened_at, t.claimed_at, t.due_at, {key} as sort_key {from} "
    );
    let end = |sql: &mut QueryBuilder<Postgres>| {
        if let Some(Cursor { at, case, task, .. }) = &query.after {
            sql.push(format!(" and ({key}, t.case_id, t.no) > (coalesce("));
            sql.push_bind(*at).push("::timestamptz, 'infinity'), ");
            sql.push_bind(case.0).push(", ").push_bind(*task as i32).push(")");
        }
        sql.push(format!(" order by {key}, t.case_id, t.no limit "));
        sql.push_bind(i64::from(limit) + 1);
    };
    sql.push(
        " select shown.*, c.workflow, c.version, c.subject, c.deadline_at, c.suspended
         from (select * from (select found.* from scope cross join lateral (",
    );
    sql.push(&select);
    sql.push("where t.owner_role = scope.role and t.unit_id = scope.unit");
    sql.push(IN_SCOPE);
    filters(&mut sql, query);
    end(&mut sql);
    sql.push(") found union all select found.* from everywhere cross join lateral (").push(&select);
    sql.push("where t.owner_role = everywhere.role");
    filters(&mut sql, query);
    end(&mut sql);
    sql.push(") found union all (").push(&select);
    sql.push("where t.owner_person = ").push_bind(query.person.0);
    sql.push(own(query));
    filters(&mut sql, query);
    end(&mut sql);
    sql.push(")) everything order by sort_key, case_id, no limit ");
    sql.push_bind(i64::from(limit) + 1);
    sql.push(
        ") shown join cases c on c.id = shown.case_id
         order by shown.sort_key, shown.case_id, shown.no",
    );
    sql
}

/// What a person does for himself is nothing that is given out.
fn own(query: &WorklistQuery) -> &'static str {
    if query.desks.is_some() { " and false" } else { "" }
}

/// Cases are joined to all tasks only when they are asked about.
fn from(query: &WorklistQuery) -> &'static str {
    match query.workflow.is_some() || query.text.is_some() {
        true => "from tasks t join cases c on c.id = t.case_id",
        false => "from tasks t",
    }
}

fn count(query: &WorklistQuery, scope: &Scope) -> QueryBuilder<Postgres> {
    let mut sql = scope.statement();
    sql.push(" ");
    counted(&mut sql, query);
    sql
}

/// How many tasks of the scope the filters let through, up to [`MOST_COUNTED`] and perhaps some more.
fn counted(sql: &mut QueryBuilder<Postgres>, query: &WorklistQuery) {
    let from = format!("select 1 {} ", from(query));
    sql.push("select count(*) from (");
    for (held, is_his, only) in [
        ("scope", "t.owner_role = scope.role and t.unit_id = scope.unit", IN_SCOPE),
        ("everywhere", "t.owner_role = everywhere.role", ""),
    ] {
        if query.hands == Hands::Mine {
            // What he has in hand is found by `tasks_in_hand`, wherever it lies.
            sql.push("(").push(&from).push(format!("join {held} on {is_his} where true{only}"));
            filters(sql, query);
        } else {
            sql.push(format!("(select 1 from {held} cross join lateral (")).push(&from);
            sql.push(format!("where {is_his}{only}"));
            filters(sql, query);
            sql.push(" limit ").push_bind(MOST_COUNTED).push(") found");
        }
        sql.push(" limit ").push_bind(MOST_COUNTED).push(") union all ");
    }
    sql.push("(").push(&from).push("where t.owner_person = ").push_bind(query.person.0);
    sql.push(own(query));
    filters(sql, query);
    sql.push(" limit ").push_bind(MOST_COUNTED).push(") limit ").push_bind(MOST_COUNTED);
    sql.push(") everything");
}

fn filters(sql: &mut QueryBuilder<Postgres>, query: &WorklistQuery) {
    sql.push(" and t.closed_at is null");
    match query.hands {
        Hands::Anyone => {}
        Hands::Mine => {
            sql.push(" and t.assignee = ").push_bind(query.person.0);
        }
        Hands::Nobody => {
            sql.push(" and t.assignee is null");
        }
        Hands::Somebody => {
            sql.push(" and t.assignee is not null");
        }
    }
    // As the indexes of worklists have it, so that they lead to the tasks of a time.
    let due = "coalesce(t.due_at, 'infinity'::timestamptz)";
    if query.overdue {
        sql.push(format!(" and {due} < (select engine_now())"));
    }
    if let Some(by) = query.due_by {
        sql.push(format!(" and {due} >= (select engine_now()) and {due} <= ")).push_bind(by);
    }
    if let Some(step) = &query.step {
        sql.push(" and t.step = ").push_bind(step.as_str().to_owned());
    }
    if let Some(within) = &query.within {
        sql.push(" and t.unit_id in (select unit from unit_closure where above = ");
        sql.push_bind(within.as_str().to_owned()).push(")");
    }
    if let Some(workflow) = &query.workflow {
        sql.push(" and c.workflow = ").push_bind(workflow.as_str().to_owned());
    }
    if let Some(text) = &query.text {
        occurs(sql, text);
    }
}

fn item(row: &PgRow, sort: Sort, now: Instant) -> Result<WorkItem, StoreError> {
    let owner = match row.try_get::<Option<String>, _>("owner_role")? {
        Some(role) => Owner::Role(RoleId::from(role)),
        None => Owner::Applicant,
    };
    let due_at: Option<Instant> = row.try_get("due_at")?;
    let opened_at: Instant = row.try_get("opened_at")?;
    Ok(WorkItem {
        case: CaseId(row.try_get("case_id")?),
        task: row.try_get::<i32, _>("no")? as u32,
        workflow: WorkflowId::from(row.try_get::<String, _>("workflow")?),
        version: row.try_get::<i32, _>("version")? as u32,
        subject: row.try_get("subject")?,
        step: StepId::from(row.try_get::<String, _>("step")?),
        branch: row.try_get::<Option<String>, _>("branch")?.map(BranchId::from),
        purpose: purpose(row.try_get("purpose")?),
        owner,
        unit: UnitId::from(row.try_get::<String, _>("unit_id")?),
        assignee: row.try_get::<Option<Uuid>, _>("assignee")?.map(PersonId),
        urgency: row.try_get::<Option<&str>, _>("urgency")?.and_then(Urgency::named),
        opened_at,
        claimed_at: row.try_get("claimed_at")?,
        due_at,
        case_due_at: row.try_get("deadline_at")?,
        suspended: row.try_get("suspended")?,
        overdue: due_at.is_some_and(|due| now > due),
        reason: match sort {
            Sort::Arrival => Reason::Arrived { at: opened_at },
            _ => Reason::Due { at: due_at },
        },
        on_behalf_of: None,
        barred: None,
    })
}

/// As the table `tasks` has it.
pub(super) fn purpose(text: &str) -> Purpose {
    match text {
        "answer" => Purpose::Answer,
        "vote" => Purpose::Vote,
        _ => Purpose::Act,
    }
}
