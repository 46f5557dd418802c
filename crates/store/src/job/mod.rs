//! Work on many cases: in portions, through the one write path, while everybody goes on working.
//!
//! **Invariant.** A portion asks of each case for what is already done there if it was done before,
//! so a portion that was lost with its process is simply done again. Whoever does a portion holds
//! the job's row; it is free again the moment its connection is gone.

mod migrate;
mod reschedule;

use std::collections::BTreeSet;

use parvaneh_core::{CaseId, Instant, UnitId};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};

pub(crate) use self::{
    migrate::{MIGRATE, RUNNING_BY, begin as begin_migration},
    reschedule::{OPEN_CASES, RESCHEDULE, begin as begin_reschedule},
};
use crate::{Request, Store, StoreError, due::is_loss, store::undisturbed};

/// The number of a job.
pub type JobId = u32;

/// A job, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What kind of work it is: `reschedule`, `migrate`.
    pub kind: String,
    /// What is to be done, as the kind has it.
    pub parameters: Value,
    /// How many cases it was for when it began.
    pub total: u64,
    /// How many it has looked at.
    pub done: u64,
    /// How many it has changed.
    pub changed: u64,
    /// How many could not be treated; of a finished `migrate`, how many still run by the old version.
    pub failed: u64,
    /// Why the first of those could not.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Instant,
    /// When the last portion was done.
    pub finished_at: Option<Instant>,
}

/// The next cases of a job.
struct Portion {
    requests: Vec<Request>,
    /// From where to go on; nothing when this was the last portion.
    next: Option<Value>,
    /// Whether its cases were looked at before: only what has changed is counted then.
    again: bool,
}

/// How often a case is asked again when more has happened to it than is recorded in one go.
const IN_ONE_GO: usize = 64;

const COLUMNS: &str = "id, kind, parameters, total, done, changed, failed, error, created_at, \
                       finished_at";

impl Job {
    /// The unit whose cases it is for, with those below it; `None` is every case.
    pub fn unit(&self) -> Option<UnitId> {
        self.parameters.get("unit").and_then(Value::as_str).map(UnitId::from)
    }
}

impl Store {
    /// A job, finished or not.
    ///
    /// # Errors
    /// The database.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("select {COLUMNS} from jobs where id = $1"));
        let row = sqlx::query(select).bind(i32::try_from(id).unwrap_or(i32::MAX));
        let row = row.fetch_optional(&self.engine.readers).await?;
        row.as_ref().map(job).transpose()
    }

    /// Jobs, the latest first: those before `before`, the last of the page before it.
    ///
    /// # Errors
    /// The database.
    pub async fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Vec<Job>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from jobs where ($1::integer is null or id < $1)
             order by id desc limit $2"
        ));
        let before = before.map(|before| i32::try_from(before).unwrap_or(i32::MAX));
        let rows = sqlx::query(select).bind(before).bind(i64::from(limit));
        rows.fetch_all(&self.engine.readers).await?.iter().map(job).collect()
    }

    /// Jobs that are not finished, the oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn unfinished_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from jobs where finished_at is null order by id"
        ));
        sqlx::query(select).fetch_all(&self.engine.readers).await?.iter().map(job).collect()
    }

    /// Does the next portion of up to `limit` cases of a job; of the oldest that nobody else has in
    /// hand, when none is named. `None` when there is nothing to do, or somebody else is at it.
    ///
    /// # Errors
    /// The database; then the portion is done again by whoever comes next.
    pub async fn advance_job(
        &self,
        id: Option<JobId>,
        limit: usize,
    ) -> Result<Option<Job>, StoreError> {
        let store = self.clone();
        undisturbed(async move { store.advance(id, limit.max(1)).await }).await
    }

    async fn advance(&self, id: Option<JobId>, limit: usize) -> Result<Option<Job>, StoreError> {
        // One connection for this, whatever else this process does: the lanes need theirs.
        let engine = self.engine.clone();
        let _alone = engine.jobs.lock().await;
        let mut in_tx = engine.writers.begin().await?;
        let claim = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS}, cursor from jobs
             where finished_at is null and kind = any($2) and ($1::integer is null or id = $1)
             order by id limit 1 for update skip locked"
        ));
        let kinds = [RESCHEDULE, MIGRATE];
        let row = sqlx::query(claim)
            .bind(id.map(|id| id as i32))
            .bind(&kinds[..])
            .fetch_optional(&mut *in_tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let claimed = job(&row)?;
        let cursor: Option<Value> = row.try_get("cursor")?;
        let portion = match claimed.kind.as_str() {
            RESCHEDULE => {
                reschedule::portion(&mut in_tx, &claimed.parameters, cursor, limit).await?
            }
            MIGRATE => migrate::portion(&mut in_tx, &claimed.parameters, cursor, limit).await?,
            kind => return Err(StoreError::Unknown(format!("a job of kind '{kind}'"))),
        };
        let mut done = self.treat(&portion.requests).await?;
        if portion.again {
            (done.looked_at, done.failed) = (done.changed, 0);
        }
        match claimed.kind.as_str() {
            RESCHEDULE if portion.next.is_none() => {
                reschedule::settle(&mut in_tx, &claimed.parameters).await?;
            }
            MIGRATE if portion.next.is_none() => {
                done.left = Some(migrate::left_of(&mut in_tx, &claimed.parameters).await?);
            }
            _ => {}
        }
        let job = advanced(&mut in_tx, &claimed, &portion, &done).await?;
        in_tx.commit().await?;
        Ok(Some(job))
    }

    /// Puts a portion through the one write path. A case that cannot be treated keeps nobody up.
    async fn treat(&self, requests: &[Request]) -> Result<Treated, StoreError> {
        let mut treated = Treated { looked_at: requests.len(), ..Treated::default() };
        let mut changed: BTreeSet<CaseId> = BTreeSet::new();
        let mut left = requests.to_vec();
        for _ in 0..IN_ONE_GO {
            let asked = std::mem::take(&mut left);
            let verdicts = self.execute_batch(asked.clone()).await;
            for (request, verdict) in asked.into_iter().zip(verdicts) {
                let case = request.ask.case();
                match verdict {
                    Ok(executed) => {
                        if !executed.events.is_empty() {
                            changed.insert(case);
                        }
                        if executed.events.len() >= IN_ONE_GO {
                            left.push(request);
                        }
                    }
                    Err(error) if is_loss(&error) => return Err(StoreError::from_lost(error)),
                    Err(error) => {
                        let code = error.code();
                        tracing::error!(case.id = %case, error.code = code, %error, "a job leaves a case out");
                        treated.failed += 1;
                        treated.error.get_or_insert_with(|| format!("case {case}: {error}"));
                    }
                }
            }
            if left.is_empty() {
                break;
            }
        }
        treated.changed = changed.len();
        Ok(treated)
    }
}

/// What became of a portion.
#[derive(Debug, Default)]
struct Treated {
    looked_at: usize,
    changed: usize,
    failed: usize,
    error: Option<String>,
    /// How many are left as they were, where that is counted at the end.
    left: Option<i64>,
}

async fn advanced(
    in_tx: &mut PgConnection,
    claimed: &Job,
    portion: &Portion,
    treated: &Treated,
) -> Result<Job, StoreError> {
    let update = sqlx::AssertSqlSafe(format!(
        "update jobs set cursor = $2, done = done + $3, changed = changed + $4,
                failed = coalesce($7, failed + $5), error = coalesce(error, $6),
                finished_at = case when $2 is null then engine_now() end
         where id = $1 returning {COLUMNS}"
    ));
    let row = sqlx::query(update)
        .bind(claimed.id as i32)
        .bind(&portion.next)
        .bind(treated.looked_at as i64)
        .bind(treated.changed as i64)
        .bind(treated.failed as i64)
        .bind(&treated.error)
        .bind(treated.left)
        .fetch_one(in_tx)
        .await?;
    job(&row)
}

/// Puts a job where workers find it.
pub(crate) async fn begin(
    in_tx: &mut PgConnection,
    kind: &str,
    parameters: &Value,
    total: i64,
) -> Result<JobId, sqlx::Error> {
    // Jobs are rare, and a number that two take at once is refused to one of them.
    let id: i32 = sqlx::query_scalar(
        "insert into jobs (id, kind, parameters, total, created_at)
         select coalesce(max(id), 0) + 1, $1, $2, $3, engine_now() from jobs returning id",
    )
    .bind(kind)
    .bind(parameters)
    .bind(total)
    .fetch_one(in_tx)
    .await?;
    Ok(id as u32)
}

fn read<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, StoreError> {
    T::deserialize(value).map_err(|error| StoreError::Unreadable {
        what: "a job".to_owned(),
        why: error.to_string(),
    })
}

fn job(row: &PgRow) -> Result<Job, StoreError> {
    let count = |column| Ok::<_, sqlx::Error>(row.try_get::<i64, _>(column)? as u64);
    Ok(Job {
        id: row.try_get::<i32, _>("id")? as u32,
        kind: row.try_get("kind")?,
        parameters: row.try_get("parameters")?,
        total: count("total")?,
        done: count("done")?,
        changed: count("changed")?,
        failed: count("failed")?,
        error: row.try_get("error")?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}
