//! What a list of cases can be asked for, beside what any list is: what stands behind a figure.

use std::ops::Range;

use parvaneh_core::{BranchId, Instant, PersonId, RoleId, StepId, measure::Counts};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{CaseOrder, CasesQuery};
use crate::read::words::occurs;

/// Cases that count in on-time figures: see [`parvaneh_core::measure`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The period of the figures.
    pub period: Range<Instant>,
    /// Whether by the deadlines without suspensions and extensions.
    pub raw: bool,
    /// How they count.
    pub how: Vec<Counts>,
}

/// Late cases of a period that somebody had while they were late: see
/// [`parvaneh_core::measure::days_lost`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldUp {
    /// The period of the figures.
    pub period: Range<Instant>,
    /// In which step; `None` is in any.
    pub step: Option<StepId>,
    /// In which branch of it; `None` is in any or none.
    pub branch: Option<BranchId>,
    /// With which role; `None` is with anybody.
    pub owner: Option<HeldBy>,
}

/// Whose a task is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// That of the holders of a role.
    Role(RoleId),
    /// That of who applies.
    Applicant,
}

/// Cases with an open task of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenTask {
    /// Whose it is.
    pub owner: Option<HeldBy>,
    /// In whose hands it is.
    pub official: Option<PersonId>,
    /// Whether nobody has taken it.
    pub untaken: bool,
    /// Whether its own deadline has passed.
    pub late: bool,
}

impl OpenTask {
    /// Whether it asks for nothing: for any case.
    pub(crate) fn is_any(&self) -> bool {
        *self == Self::default()
    }
}

/// What the query asks of a case `c`, but for where it stands in an order.
pub(crate) fn filters(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery) {
    if let Some(workflow) = &query.workflow {
        sql.push(" and c.workflow = ").push_bind(workflow.as_str().to_owned());
    }
    if let Some(within) = &query.within {
        match query.unit_alone {
            true => sql.push(" and c.unit_id = ").push_bind(within.as_str().to_owned()),
            false => sql
                .push(" and c.unit_id in (select unit from unit_closure where above = ")
                .push_bind(within.as_str().to_owned())
                .push(")"),
        };
    }
    if let Some(step) = &query.step {
        sql.push(" and c.step = ").push_bind(step.as_str().to_owned());
    }
    match query.ended {
        None => {}
        Some(true) => {
            sql.push(" and c.ended_at is not null");
        }
        Some(false) => {
            sql.push(" and c.ended_at is null");
        }
    }
    if query.overdue {
        sql.push(" and c.ended_at is null and c.deadline_at < (select engine_now())");
    }
    if query.held {
        sql.push(" and c.ended_at is null and c.deadline_at is null");
    }
    if let Some(applicant) = query.applicant {
        sql.push(" and c.applicant = ").push_bind(applicant.0);
    }
    if let Some(cases) = &query.cases {
        let ids: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
        sql.push(" and c.id = any(").push_bind(ids).push(")");
    }
    if let Some(due) = &query.due {
        sql.push(" and c.ended_at is null");
        within(sql, "c.deadline_at", due);
    }
    if let Some(received) = &query.received {
        within(sql, "c.opened_at", received);
    }
    if let Some(ended) = &query.ended_in {
        within(sql, "c.ended_at", ended);
    }
    match query.order {
        CaseOrder::Deadline => {
            sql.push(" and c.ended_at is null");
        }
        CaseOrder::Ended => {
            sql.push(" and c.ended_at is not null");
        }
        CaseOrder::Latest | CaseOrder::Oldest => {}
    }
    if let Some(text) = &query.text {
        occurs(sql, text);
    }
    tasks(sql, &query.task);
    escalated(sql, query.escalated);
    if let Some(judged) = &query.judged {
        counts(sql, judged);
    }
    if let Some(held_up) = &query.held_up {
        lost(sql, held_up);
    }
}

fn within(sql: &mut QueryBuilder<Postgres>, column: &str, range: &Range<Instant>) {
    sql.push(format!(" and {column} >= ")).push_bind(range.start);
    sql.push(format!(" and {column} < ")).push_bind(range.end);
}

/// The tasks of a case are found by its key.
fn tasks(sql: &mut QueryBuilder<Postgres>, task: &OpenTask) {
    if task.is_any() {
        return;
    }
    sql.push(" and c.ended_at is null and exists (select from tasks t where t.case_id = c.id and t.closed_at is null");
    owner(sql, task.owner.as_ref());
    if let Some(official) = task.official {
        sql.push(" and t.assignee = ").push_bind(official.0);
    }
    if task.untaken {
        sql.push(" and t.assignee is null");
    }
    if task.late {
        sql.push(" and t.due_at < (select engine_now())");
    }
    sql.push(")");
}

fn owner(sql: &mut QueryBuilder<Postgres>, owner: Option<&HeldBy>) {
    match owner {
        None => {}
        Some(HeldBy::Applicant) => {
            sql.push(" and t.owner_role is null");
        }
        Some(HeldBy::Role(role)) => {
            sql.push(" and t.owner_role = ").push_bind(role.as_str().to_owned());
        }
    }
}

/// The highest level to which a running case has been escalated on a clock whose deadline has passed and
/// which still runs: that of the law, or that of an open task. What a case had reached by an earlier version
/// counts until it is escalated by the later one.
const LEVEL: &str = "(
    select max(e.number) from escalations e
    where e.case_id = c.id and not e.warning
      and ((e.clock = 0 and c.deadline_at < (select engine_now()))
           or exists (select from tasks t where t.case_id = c.id and t.no = e.clock
                      and t.closed_at is null and t.due_at < (select engine_now())))
      and e.round = (select max(other.round) from escalations other
                     where other.case_id = c.id and other.clock = e.clock))";

fn escalated(sql: &mut QueryBuilder<Postgres>, level: Option<u32>) {
    if let Some(level) = level {
        sql.push(format!(" and c.ended_at is null and {LEVEL} = "));
        sql.push_bind(i32::try_from(level).unwrap_or(i32::MAX));
    }
}

/// As the statement of `on_time.rs` has it, for one case.
fn counts(sql: &mut QueryBuilder<Postgres>, judged: &Judged) {
    let deadline = if judged.raw { "c.raw_deadline_at" } else { "c.deadline_at" };
    let overdue = judged.how.contains(&Counts::Overdue);
    let ended: Vec<String> = judged
        .how
        .iter()
        .filter_map(|how| match how {
            Counts::OnTime => Some(format!(
                "(c.decision and not c.by_silence and ({deadline} is null or c.ended_at <= {deadline}))"
            )),
            Counts::Late => {
                Some(format!("(c.decision and not c.by_silence and c.ended_at > {deadline})"))
            }
            Counts::BySilence => Some("(c.decision and c.by_silence)".to_owned()),
            Counts::GivenUpLate => Some(format!("(not c.decision and c.ended_at > {deadline})")),
            Counts::Overdue => None,
        })
        .collect();
    sql.push(" and (false");
    if !ended.is_empty() {
        sql.push(" or (c.raw_deadline_at is not null");
        within(sql, "c.ended_at", &judged.period);
        sql.push(format!(" and ({}))", ended.join(" or ")));
    }
    if overdue {
        sql.push(" or (c.ended_at is null");
        within(sql, deadline, &judged.period);
        sql.push(format!(" and {deadline} < (select engine_now()))"));
    }
    sql.push(")");
}

/// As the statement of `late_days.rs` has it, for one case.
fn lost(sql: &mut QueryBuilder<Postgres>, held_up: &HeldUp) {
    sql.push(" and ((c.ended_at > c.deadline_at");
    within(sql, "c.ended_at", &held_up.period);
    sql.push(") or (c.ended_at is null and c.deadline_at < (select engine_now())");
    within(sql, "c.deadline_at", &held_up.period);
    sql.push("))");
    if held_up.step.is_none() && held_up.owner.is_none() {
        return;
    }
    sql.push(
        " and exists (select from tasks t where t.case_id = c.id and t.purpose <> 'vote'
             and t.opened_at < coalesce(c.ended_at, (select engine_now()))
             and coalesce(t.closed_at, 'infinity') > c.deadline_at",
    );
    if let Some(step) = &held_up.step {
        sql.push(" and t.step = ").push_bind(step.as_str().to_owned());
    }
    if let Some(branch) = &held_up.branch {
        sql.push(" and t.branch = ").push_bind(branch.as_str().to_owned());
    }
    owner(sql, held_up.owner.as_ref());
    sql.push(")");
}
