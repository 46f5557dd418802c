//! Applications that somebody has begun and not handed in yet.

use std::time::Duration;

use parvaneh_core::{Instant, PersonId, WorkflowId};
use serde_json::{Map, Value};
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError, store::undisturbed};

/// How long a draft is kept that nobody goes on with.
pub const DRAFT_LASTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An application that somebody has begun.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationDraft {
    /// Its identifier, which its case will bear.
    pub id: Uuid,
    /// Whose.
    pub person: PersonId,
    /// By which workflow.
    pub workflow: WorkflowId,
    /// Each answer by the name of its question; null where a question was left open on purpose.
    pub answers: Map<String, Value>,
    /// When it was begun, by the server's clock.
    pub begun_at: Instant,
    /// Until when it is kept, if nothing more is done.
    pub kept_until: Instant,
}

const COLUMNS: &str = "id, person, workflow, answers, begun_at, changed_at";

/// The files among answers are objects with an `upload`.
const CHANGE: &str = "
    with answered as (
        select id, (answers || $3::jsonb) as answers from application_drafts
        where id = $1 and person = $2
          and changed_at > clock_timestamp() - $4 * interval '1 second'
        for update
    )
    update application_drafts d set answers = a.answers, changed_at = clock_timestamp(),
        uploads = coalesce(
            (select array_agg((one.value ->> 'upload')::uuid) from jsonb_each(a.answers) one
             where jsonb_typeof(one.value) = 'object' and one.value ? 'upload'), '{}')
    from answered a where d.id = a.id
    returning d.id, d.person, d.workflow, d.answers, d.begun_at, d.changed_at";

impl Store {
    /// Somebody begins an application, with the answers that are known already. Says whether he may: he
    /// has at most `most` of them.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown person.
    pub async fn begin_draft(
        &self,
        id: Uuid,
        person: PersonId,
        workflow: &WorkflowId,
        answers: Map<String, Value>,
        most: u32,
    ) -> Result<bool, StoreError> {
        let (engine, workflow) = (self.engine.clone(), workflow.clone());
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            // One after the other, else two would both be the last.
            sqlx::query("select pg_advisory_xact_lock(hashtextextended('draft ' || $1, 0))")
                .bind(person.to_string())
                .execute(&mut *transaction)
                .await?;
            let begun = sqlx::query(
                "insert into application_drafts (id, person, workflow, answers)
                 select $1, $2, $3, $4
                 where (select count(*) from application_drafts where person = $2
                          and changed_at > clock_timestamp() - $6 * interval '1 second') < $5",
            )
            .bind(id)
            .bind(person.0)
            .bind(workflow.as_str())
            .bind(Json(answers))
            .bind(i64::from(most))
            .bind(DRAFT_LASTS.as_secs_f64())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(begun.rows_affected() == 1)
        })
        .await
    }

    /// Adds answers to somebody's draft, each in the place of an earlier one of its name, and says how it
    /// stands then; `None` where he has no such draft, or not any more.
    ///
    /// # Errors
    /// The database.
    pub async fn answer_draft(
        &self,
        id: Uuid,
        person: PersonId,
        answers: Map<String, Value>,
    ) -> Result<Option<ApplicationDraft>, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let row = sqlx::query(CHANGE)
                .bind(id)
                .bind(person.0)
                .bind(Json(answers))
                .bind(DRAFT_LASTS.as_secs_f64())
                .fetch_optional(&engine.writers)
                .await?;
            row.as_ref().map(draft).transpose()
        })
        .await
    }

    /// Somebody's draft, while it is kept. The store that reads for a person finds his own.
    ///
    /// # Errors
    /// The database.
    pub async fn draft(&self, id: Uuid) -> Result<Option<ApplicationDraft>, StoreError> {
        let sql = format!(
            "select {COLUMNS} from application_drafts
             where id = $1 and changed_at > clock_timestamp() - $2 * interval '1 second'"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(DRAFT_LASTS.as_secs_f64())
            .fetch_optional(&mut *self.reads().await?)
            .await?;
        row.as_ref().map(draft).transpose()
    }

    /// Somebody's drafts, the last changed first: by the index `application_drafts_of_person`.
    ///
    /// # Errors
    /// The database.
    pub async fn drafts_of(&self, person: PersonId) -> Result<Vec<ApplicationDraft>, StoreError> {
        let sql = format!(
            "select {COLUMNS} from application_drafts
             where person = $1 and changed_at > clock_timestamp() - $2 * interval '1 second'
             order by changed_at desc limit 100"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(person.0)
            .bind(DRAFT_LASTS.as_secs_f64())
            .fetch_all(&mut *self.reads().await?)
            .await?;
        rows.iter().map(draft).collect()
    }

    /// Throws somebody's draft away; says whether there was one. Its files go with the uploads that
    /// nobody attaches.
    ///
    /// # Errors
    /// The database.
    pub async fn drop_draft(&self, id: Uuid, person: PersonId) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let gone = sqlx::query("delete from application_drafts where id = $1 and person = $2")
                .bind(id)
                .bind(person.0)
                .execute(&engine.writers)
                .await?;
            Ok(gone.rows_affected() == 1)
        })
        .await
    }

    /// Throws away up to `limit` drafts that nobody has gone on with for [`DRAFT_LASTS`]; says how many.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_drafts(&self, limit: usize) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let gone = sqlx::query(
                "delete from application_drafts where ctid = any (array(
                     select ctid from application_drafts
                     where changed_at < clock_timestamp() - $1 * interval '1 second' limit $2))",
            )
            .bind(DRAFT_LASTS.as_secs_f64())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .execute(&engine.writers)
            .await?;
            Ok(gone.rows_affected())
        })
        .await
    }
}

fn draft(row: &PgRow) -> Result<ApplicationDraft, StoreError> {
    let changed_at: Instant = row.try_get(5)?;
    Ok(ApplicationDraft {
        id: row.try_get(0)?,
        person: PersonId(row.try_get(1)?),
        workflow: WorkflowId::from(row.try_get::<String, _>(2)?),
        answers: row.try_get::<Json<_>, _>(3)?.0,
        begun_at: row.try_get(4)?,
        kept_until: changed_at + DRAFT_LASTS,
    })
}
