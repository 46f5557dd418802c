//! Cases by what is known of them, the latest first.

use parvaneh_core::{CaseId, Instant, PersonId, StepId, UnitId, WorkflowId, reach::Reach};
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::worklist::contains;
use crate::{Store, StoreError};

/// Which cases.
#[derive(Clone, Debug, Default)]
pub struct CasesQuery {
    /// Only those that somebody sees; `None` is for the program and its operators.
    pub reach: Option<Reach>,
    /// Only those of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only those received by this unit or one below it.
    pub within: Option<UnitId>,
    /// Only those that stand in this step or at this end.
    pub step: Option<StepId>,
    /// Only those that have ended, or that have not.
    pub ended: Option<bool>,
    /// Only those whose statutory clock runs beyond its deadline.
    pub overdue: bool,
    /// Only those of this applicant.
    pub applicant: Option<PersonId>,
    /// Only those in whose subject this occurs, whatever its case, its spaces, and which of several alike
    /// letters and digits it is written with.
    pub text: Option<String>,
    /// In which order.
    pub order: CaseOrder,
    /// Only those that come after this one in the order, the last of the page before.
    pub before: Option<CaseId>,
    /// The statutory deadline of that one, where deadlines make the order; `None` where it had none.
    pub before_deadline: Option<Instant>,
    /// How many, up to 500; 0 is 50.
    pub limit: u32,
}

/// The order of a list of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// The latest first.
    #[default]
    Latest,
    /// The oldest first.
    Oldest,
    /// Only open ones, the nearest statutory deadline first; what has none, or whose clock is suspended,
    /// comes last. It reads every open case in reach that the filters let through.
    Deadline,
}

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its version.
    pub version: u32,
    /// The unit that received it.
    pub unit: UnitId,
    /// Who applies.
    pub applicant: PersonId,
    /// What it is about.
    pub subject: String,
    /// How many events it has.
    pub seq: u32,
    /// Where it stands.
    pub step: StepId,
    /// Whether a person has suspended it.
    pub suspended: bool,
    /// When it was received.
    pub opened_at: Instant,
    /// Its statutory deadline.
    pub deadline: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

impl Store {
    /// A page of cases, the latest identifier first.
    ///
    /// # Errors
    /// The database.
    pub async fn cases(&self, query: &CasesQuery) -> Result<Vec<CaseRow>, StoreError> {
        let limit = if query.limit == 0 { 50 } else { query.limit.min(500) };
        let mut sql = QueryBuilder::new("");
        select(&mut sql, query, limit);
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        rows.iter()
            .map(|row| {
                Ok(CaseRow {
                    case: CaseId(row.try_get(0)?),
                    workflow: WorkflowId::from(row.try_get::<String, _>(1)?),
                    version: row.try_get::<i32, _>(2)? as u32,
                    unit: UnitId::from(row.try_get::<String, _>(3)?),
                    applicant: PersonId(row.try_get(4)?),
                    subject: row.try_get(5)?,
                    seq: row.try_get::<i32, _>(6)? as u32,
                    step: StepId::from(row.try_get::<String, _>(7)?),
                    suspended: row.try_get(8)?,
                    opened_at: row.try_get(9)?,
                    deadline: row.try_get(10)?,
                    ended_at: row.try_get(11)?,
                })
            })
            .collect()
    }

    /// How many cases there are of those, wherever a page begins; counted up to `most` and one more.
    ///
    /// # Errors
    /// The database.
    pub async fn count_cases(&self, query: &CasesQuery, most: u32) -> Result<u32, StoreError> {
        let all = CasesQuery { before: None, order: CaseOrder::Latest, ..query.clone() };
        let mut sql = QueryBuilder::new("select count(*) from (");
        select(&mut sql, &all, most.saturating_add(1));
        sql.push(") counted");
        let count: i64 = sql.build_query_scalar().fetch_one(&mut *self.reads().await?).await?;
        Ok(count as u32)
    }
}

const COLUMNS: &str = "id, workflow, version, unit_id, applicant, subject, seq, step, suspended,
    opened_at, deadline_at, ended_at";

/// Of what is in somebody's reach, each unit gives its latest by the index `cases_of_unit`, and so do
/// his own applications by `cases_of_applicant`: a page costs as much as it shows for each of them,
/// however many cases there are.
fn select(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery, limit: u32) {
    let order = query.order;
    let Some(reach) = &query.reach else {
        sql.push(format!("select {COLUMNS} from cases c where true"));
        filters(sql, query);
        end(sql, order, limit);
        return;
    };
    let (workflows, units): (Vec<_>, Vec<_>) = reach
        .jurisdictions
        .iter()
        .map(|held| (held.workflow.as_ref().map(|only| only.to_string()), held.unit.to_string()))
        .unzip();
    let accounts: Vec<Uuid> = reach.accounts.iter().map(|account| account.0).collect();
    sql.push(
        "with reach as materialized (
            select below.unit, array_agg(held.workflow) as workflows,
                   bool_or(held.workflow is null) as every
            from unnest(",
    );
    sql.push_bind(workflows).push("::text[], ").push_bind(units);
    sql.push(format!(
        "::text[]) as held (workflow, unit)
            join unit_closure below on below.above = held.unit group by below.unit)
         select {COLUMNS} from ((
            select found.* from reach cross join lateral (
                select {COLUMNS} from cases c
                where c.unit_id = reach.unit
                  and (reach.every or c.workflow = any(reach.workflows))"
    ));
    filters(sql, query);
    end(sql, order, limit);
    sql.push(format!(") found) union (select {COLUMNS} from cases c where applicant = any("));
    sql.push_bind(accounts).push(")");
    filters(sql, query);
    end(sql, order, limit);
    sql.push(")) seen");
    end(sql, order, limit);
}

fn end(sql: &mut QueryBuilder<Postgres>, order: CaseOrder, limit: u32) {
    sql.push(match order {
        CaseOrder::Latest => " order by id desc limit ",
        CaseOrder::Oldest => " order by id limit ",
        CaseOrder::Deadline => " order by coalesce(deadline_at, 'infinity'), id limit ",
    });
    sql.push_bind(i64::from(limit));
}

fn filters(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery) {
    if let Some(workflow) = &query.workflow {
        sql.push(" and workflow = ").push_bind(workflow.as_str().to_owned());
    }
    if let Some(within) = &query.within {
        sql.push(" and c.unit_id in (select unit from unit_closure where above = ");
        sql.push_bind(within.as_str().to_owned()).push(")");
    }
    if let Some(step) = &query.step {
        sql.push(" and step = ").push_bind(step.as_str().to_owned());
    }
    match query.ended {
        None => {}
        Some(true) => {
            sql.push(" and ended_at is not null");
        }
        Some(false) => {
            sql.push(" and ended_at is null");
        }
    }
    if query.overdue {
        sql.push(" and ended_at is null and deadline_at < (select engine_now())");
    }
    if let Some(applicant) = query.applicant {
        sql.push(" and applicant = ").push_bind(applicant.0);
    }
    if let Some(text) = &query.text {
        sql.push(" and folded(subject) like folded(").push_bind(contains(text)).push(")");
    }
    if query.order == CaseOrder::Deadline {
        sql.push(" and ended_at is null");
    }
    if let Some(before) = query.before {
        match query.order {
            CaseOrder::Latest => sql.push(" and id < ").push_bind(before.0),
            CaseOrder::Oldest => sql.push(" and id > ").push_bind(before.0),
            CaseOrder::Deadline => sql
                .push(" and (coalesce(deadline_at, 'infinity'), id) > (coalesce(")
                .push_bind(query.before_deadline)
                .push("::timestamptz, 'infinity'), ")
                .push_bind(before.0)
                .push(")"),
        };
    }
}
