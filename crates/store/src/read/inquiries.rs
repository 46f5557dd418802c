//! What another body is asked: the narrow view of whoever sees no case.

use parvaneh_core::{BranchId, CaseId, Grant, Instant, RoleId, UnitId, WorkflowId};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use super::{Cursor, Viewer};
use crate::{Store, StoreError};

/// An inquiry that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The case about which it is.
    pub case: CaseId,
    /// Its task.
    pub task: u32,
    /// Which of the inquiries of its case.
    pub branch: BranchId,
    /// By which workflow the case runs.
    pub workflow: WorkflowId,
    /// By which version of it.
    pub version: u32,
    /// What the case is about.
    pub subject: String,
    /// The body that is asked.
    pub body: RoleId,
    /// The unit of the body.
    pub unit: UnitId,
    /// When it came.
    pub asked_at: Instant,
    /// Until when an answer counts.
    pub due_at: Option<Instant>,
}

/// A page of inquiries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiries {
    /// The earliest deadline first; what has none, or a suspended one, comes last.
    pub items: Vec<Inquiry>,
    /// Where the next page begins. A page can hold less than was asked for, and yet not be the last.
    pub next: Option<Cursor>,
}

const LONGEST_PAGE: u32 = 500;

impl Store {
    /// What the bodies are asked for which somebody answers.
    ///
    /// # Errors
    /// The database.
    pub async fn inquiries(
        &self,
        viewer: &Viewer,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Inquiries, StoreError> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let bodies = &viewer.reach.bodies;
        if bodies.is_empty() {
            return Ok(Inquiries { items: Vec::new(), next: None });
        }
        let mut sql = page(bodies, after, limit);
        let mut reads = self.reading_as_body(viewer).reads().await?;
        let mut rows = sql.build().fetch_all(&mut *reads).await?;
        drop(reads);
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = match rows.last().filter(|_| more) {
            Some(last) => {
                let task = last.try_get::<i32, _>(1)? as u32;
                Some(Cursor::behind(last.try_get(6)?, CaseId(last.try_get(0)?), task))
            }
            None => None,
        };
        Ok(Inquiries { items: self.with_subjects(viewer, &rows).await?, next })
    }

    async fn with_subjects(
        &self,
        viewer: &Viewer,
        rows: &[PgRow],
    ) -> Result<Vec<Inquiry>, StoreError> {
        // Whoever sees no case is told what those are about of which he is asked something: these and
        // no others.
        let cases: Vec<Uuid> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let about: Vec<(Uuid, String, i32, String)> =
            sqlx::query_as("select id, workflow, version, subject from cases where id = any($1)")
                .bind(cases)
                .fetch_all(&self.engine.readers)
                .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let id: Uuid = row.try_get(0)?;
            let Some((_, workflow, version, subject)) = about.iter().find(|(case, ..)| *case == id)
            else {
                continue;
            };
            let workflow = WorkflowId::from(workflow.as_str());
            let inquiry = Inquiry {
                workflow: workflow.clone(),
                version: *version as u32,
                case: CaseId(id),
                task: row.try_get::<i32, _>(1)? as u32,
                branch: BranchId::from(row.try_get::<String, _>(2)?),
                subject: subject.clone(),
                body: RoleId::from(row.try_get::<String, _>(3)?),
                unit: UnitId::from(row.try_get::<String, _>(4)?),
                asked_at: row.try_get(5)?,
                due_at: row.try_get(6)?,
            };
            if answers_for(viewer, &inquiry.body, &inquiry.unit, &workflow) {
                items.push(inquiry);
            }
        }
        Ok(items)
    }

    /// An inquiry that waits for its answer, if somebody answers for the body that is asked.
    ///
    /// # Errors
    /// The database.
    pub async fn inquiry(
        &self,
        viewer: &Viewer,
        case: CaseId,
        task: u32,
    ) -> Result<Option<Inquiry>, StoreError> {
        let sql = "
            select case_id, no, branch, owner_role, unit_id, opened_at, due_at from tasks
            where case_id = $1 and no = $2 and purpose = 'answer' and closed_at is null
              and branch is not null and owner_role is not null";
        let row = sqlx::query(sql)
            .bind(case.0)
            .bind(task as i32)
            .fetch_optional(&mut *self.reading_as_body(viewer).reads().await?)
            .await?;
        let rows: Vec<_> = row.into_iter().collect();
        Ok(self.with_subjects(viewer, &rows).await?.pop())
    }

    /// Whether somebody's body is asked that of a case, or was.
    ///
    /// # Errors
    /// The database.
    pub async fn is_asked(
        &self,
        viewer: &Viewer,
        case: CaseId,
        branch: &BranchId,
    ) -> Result<bool, StoreError> {
        let sql = "select owner_role, unit_id from tasks
                   where case_id = $1 and branch = $2 and purpose = 'answer'";
        let asked: Vec<(Option<String>, String)> = sqlx::query_as(sql)
            .bind(case.0)
            .bind(branch.as_str())
            .fetch_all(&mut *self.reading_as_body(viewer).reads().await?)
            .await?;
        if asked.is_empty() {
            return Ok(false);
        }
        let workflow: Option<String> =
            sqlx::query_scalar("select workflow from cases where id = $1")
                .bind(case.0)
                .fetch_optional(&self.engine.readers)
                .await?;
        let Some(workflow) = workflow.map(WorkflowId::from) else { return Ok(false) };
        Ok(asked.into_iter().any(|(role, unit)| {
            let role = role.map(RoleId::from);
            role.is_some_and(|role| answers_for(viewer, &role, &UnitId::from(unit), &workflow))
        }))
    }
}

/// Whether somebody answers for a body at a unit: by his own role, or by one that is lent to him for
/// that workflow now.
fn answers_for(viewer: &Viewer, body: &RoleId, unit: &UnitId, workflow: &WorkflowId) -> bool {
    viewer.actor.holds(&viewer.organisation, body, unit).is_some()
        || viewer.actor.lent.iter().any(|lent| {
            lent.grant.role == *body
                && lent.is_in_force(workflow, viewer.now)
                && viewer.organisation.contains(&lent.grant.unit, unit)
        })
}

/// By the index `tasks_of_role`: a page costs as much as it shows for each unit of the bodies.
fn page(bodies: &[Grant], after: Option<&Cursor>, limit: u32) -> QueryBuilder<Postgres> {
    let (roles, units): (Vec<_>, Vec<_>) =
        bodies.iter().map(|body| (body.role.to_string(), body.unit.to_string())).unzip();
    let mut sql = QueryBuilder::new(
        "with scope as materialized (
            select distinct held.role, below.unit
            from unnest(",
    );
    sql.push_bind(roles).push("::text[], ").push_bind(units);
    sql.push(
        "::text[]) as held (role, unit) join unit_closure below on below.above = held.unit)
         select found.* from scope cross join lateral (
            select t.case_id, t.no, t.branch, t.owner_role, t.unit_id, t.opened_at, t.due_at,
                   coalesce(t.due_at, 'infinity'::timestamptz) as sort_key
            from tasks t
            where t.owner_role = scope.role and t.unit_id = scope.unit and t.closed_at is null
              and t.purpose = 'answer' and t.branch is not null",
    );
    if let Some(after) = after {
        sql.push(
            " and (coalesce(t.due_at, 'infinity'::timestamptz), t.case_id, t.no) > (coalesce(",
        );
        sql.push_bind(after.at).push("::timestamptz, 'infinity'), ");
        sql.push_bind(after.case.0).push(", ").push_bind(after.task as i32).push(")");
    }
    sql.push(" order by coalesce(t.due_at, 'infinity'::timestamptz), t.case_id, t.no limit ");
    sql.push_bind(i64::from(limit) + 1);
    sql.push(") found order by sort_key, case_id, no limit ").push_bind(i64::from(limit) + 1);
    sql
}
