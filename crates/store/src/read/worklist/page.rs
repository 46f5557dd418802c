//! What the page of a worklist shows beside its tasks.

use std::collections::HashMap;

use parvaneh_core::{Case, CaseId, Instant, PersonId};
use sqlx::Row;
use uuid::Uuid;

use super::{super::case_file::read_state, Hands, MOST_COUNTED, WorklistQuery, counted};
use crate::{Store, StoreError};

/// How many tasks of a worklist there are of each kind, each counted up to 1,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorklistCounts {
    /// In all.
    pub all: u32,
    /// In nobody's hands.
    pub new: u32,
    /// In the person's own hands; of what he may give out, in anybody's.
    pub mine: u32,
    /// Whose deadline is near.
    pub near: u32,
    /// Whose deadline has passed.
    pub late: u32,
}

/// The case of a task.
#[derive(Clone, Debug)]
pub struct WorkCase {
    /// The case.
    pub case: Case,
    /// Who applies.
    pub applicant: String,
}

impl Store {
    /// How many tasks of a worklist there are of each kind, by its other filters; near are those whose
    /// deadline comes by `near`.
    ///
    /// # Errors
    /// The database.
    pub async fn worklist_counts(
        &self,
        query: &WorklistQuery,
        near: Instant,
    ) -> Result<WorklistCounts, StoreError> {
        let all =
            WorklistQuery { hands: Hands::Anyone, overdue: false, due_by: None, ..query.clone() };
        let hands = if query.desks.is_some() { Hands::Somebody } else { Hands::Mine };
        let kinds = [
            all.clone(),
            WorklistQuery { hands: Hands::Nobody, ..all.clone() },
            WorklistQuery { hands, ..all.clone() },
            WorklistQuery { due_by: Some(near), ..all.clone() },
            WorklistQuery { overdue: true, ..all },
        ];
        // One statement: what is counted is of one instant.
        let (scope, _) = self.scope(query).await?;
        let mut sql = scope.statement();
        for (place, query) in kinds.iter().enumerate() {
            sql.push(if place == 0 { " select (" } else { "), (" });
            counted(&mut sql, query);
        }
        sql.push(")");
        let row = sql.build().fetch_one(&mut *self.reads().await?).await?;
        let mut counted = [0; 5];
        for (place, count) in counted.iter_mut().enumerate() {
            *count = row.try_get::<i64, _>(place)?.min(MOST_COUNTED) as u32;
        }
        let [all, new, mine, near, late] = counted;
        Ok(WorklistCounts { all, new, mine, near, late })
    }

    /// Cases with the names of who applies; those that the reader does not see are missing.
    ///
    /// # Errors
    /// The database; [`StoreError::Unreadable`] when a stored state is.
    pub async fn work_cases(
        &self,
        cases: &[CaseId],
    ) -> Result<HashMap<CaseId, WorkCase>, StoreError> {
        let ids: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
        let rows = sqlx::query(
            "select c.id, c.state::text, p.name
             from cases c left join people p on p.id = c.applicant where c.id = any($1)",
        )
        .bind(ids)
        .fetch_all(&mut *self.reads().await?)
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let id = CaseId(row.try_get(0)?);
            let applicant: Option<String> = row.try_get(2)?;
            let case = read_state(id, row.try_get(1)?)?;
            found.insert(id, WorkCase { case, applicant: applicant.unwrap_or_default() });
        }
        Ok(found)
    }

    /// How many open tasks each of these people has in hand; who has none is missing.
    ///
    /// # Errors
    /// The database.
    pub async fn in_hand(&self, people: &[PersonId]) -> Result<HashMap<PersonId, u32>, StoreError> {
        let ids: Vec<Uuid> = people.iter().map(|person| person.0).collect();
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(
            "select assignee, count(*) from tasks
             where assignee = any($1) and closed_at is null group by 1",
        )
        .bind(ids)
        .fetch_all(&mut *self.reads().await?)
        .await?;
        let count =
            |(id, count): (Uuid, i64)| (PersonId(id), u32::try_from(count).unwrap_or(u32::MAX));
        Ok(rows.into_iter().map(count).collect())
    }
}
