//! Cases whose next due instant has come.
//!
//! The worker's whole knowledge of time is one indexed column. A batch is claimed, decided and
//! written in one transaction: a crash leaves nothing claimed, and two workers never take the same
//! case. A case that cannot be treated is parked and holds up nobody.

use std::sync::Arc;

use parvaneh_core::{CaseId, Instant};
use sqlx::{
    Postgres, Row, Transaction,
    postgres::{PgListener, PgRow},
};

use crate::{
    ExecuteError, Executed, Store, StoreError,
    batch::{self, Decision, Stored},
    engine::Engine,
    hint::CHANNEL,
    lane::is_the_servers,
    measure,
    store::undisturbed,
};

/// The scalar subqueries are evaluated once, so that the index `cases_due` gives the cases in
/// their order and the claim stops at the limit. What has changed since it was parked is tried
/// again.
const CLAIM: &str = "
    with clock as materialized (select engine_now() as now)
    select c.id, c.seq, c.head_hash, c.state::text, (select now from clock),
           (select revision from reference_state)
    from cases c
    where c.next_due_at <= (select now from clock)
      and coalesce((select seq from parked_cases p where p.case_id = c.id), 0) <> c.seq
    order by c.next_due_at
    limit $1
    for update of c skip locked";

/// The same for one case of a batch that failed.
const CLAIM_ONE: &str = "
    with clock as materialized (select engine_now() as now)
    select c.id, c.seq, c.head_hash, c.state::text, (select now from clock),
           (select revision from reference_state)
    from cases c
    where c.id = $1 and c.next_due_at <= (select now from clock)
    for update of c skip locked";

const PARK: &str = "
    insert into parked_cases as p (case_id, seq, code, error, parked_at)
    select c.id, $2, $3, $4, engine_now() from cases c where c.id = $1
    on conflict (case_id) do update set
        seq = excluded.seq, code = excluded.code, error = excluded.error,
        parked_at = excluded.parked_at, attempts = p.attempts + 1";

/// What one round of the worker did.
#[derive(Clone, Debug, Default)]
pub struct TickOutcome {
    /// How many cases were claimed; when it is the limit, more may be due.
    pub claimed: usize,
    /// What was done, case by case.
    pub done: Vec<Executed>,
    /// Which cases could not be treated and are parked.
    pub parked: Vec<CaseId>,
}

/// A case that the worker could not treat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The case.
    pub case: CaseId,
    /// How many events it had.
    pub seq: u32,
    /// A stable code.
    pub code: String,
    /// What went wrong.
    pub error: String,
    /// When.
    pub at: Instant,
    /// How often it was tried.
    pub attempts: u32,
}

impl Store {
    /// Claims up to `limit` cases that are due, the longest due first, and records what time has
    /// caused. Any number of workers may do this side by side. 100 to 500 at a time do well.
    ///
    /// # Errors
    /// The database; then nothing was done, or (when the connection broke after the commit) all.
    pub async fn tick_due(&self, limit: usize) -> Result<TickOutcome, StoreError> {
        let engine = self.engine.clone();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        undisturbed(async move { tick_due(&engine, limit).await }).await
    }

    /// When the next case will be due; in the past when one is due already. `None` when time alone
    /// will cause nothing.
    ///
    /// # Errors
    /// The database.
    pub async fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        let next = "select c.next_due_at from cases c
            where c.next_due_at is not null
              and coalesce((select seq from parked_cases p where p.case_id = c.id), 0) <> c.seq
            order by c.next_due_at limit 1";
        Ok(sqlx::query_scalar(next).fetch_optional(&self.engine.writers).await?)
    }

    /// Hears when something has been written that will be due within a minute.
    ///
    /// # Errors
    /// The database.
    pub async fn listen_due(&self) -> Result<DueListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.engine.readers).await?;
        listener.listen(CHANNEL).await?;
        Ok(DueListener { listener })
    }

    /// The cases that the worker could not treat, the oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        let rows = sqlx::query(
            "select p.case_id, p.seq, p.code, p.error, p.parked_at, p.attempts
             from parked_cases p join cases c on c.id = p.case_id and c.seq = p.seq
             order by p.parked_at, p.case_id",
        )
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter().map(parked).collect()
    }

    /// Lets the worker try a parked case again, after what was wrong has been mended. Says whether
    /// it was parked.
    ///
    /// # Errors
    /// The database.
    pub async fn unpark(&self, case: CaseId) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let gone = sqlx::query("delete from parked_cases where case_id = $1").bind(case.0);
            let gone = gone.execute(&engine.writers).await?.rows_affected() > 0;
            engine.hints.now();
            Ok(gone)
        })
        .await
    }
}

/// Hears when something will be due soon.
#[derive(Debug)]
pub struct DueListener {
    listener: PgListener,
}

impl DueListener {
    /// Waits for the next hint. Hints can be lost while the connection is: look at
    /// [`Store::next_due`] now and then.
    ///
    /// # Errors
    /// The database.
    pub async fn recv(&mut self) -> Result<(), StoreError> {
        // `None` tells that the connection was lost and is there again: as good as a hint.
        self.listener.try_recv().await?;
        // One look answers all that have come meanwhile.
        while self.listener.next_buffered().is_some() {}
        Ok(())
    }
}

fn parked(row: &PgRow) -> Result<Parked, StoreError> {
    Ok(Parked {
        case: CaseId(row.try_get(0)?),
        seq: row.try_get::<i32, _>(1)? as u32,
        code: row.try_get(2)?,
        error: row.try_get(3)?,
        at: row.try_get(4)?,
        attempts: row.try_get::<i32, _>(5)? as u32,
    })
}

struct Claimed {
    case: CaseId,
    now: Instant,
    revision: i64,
    stored: Stored,
}

fn claimed(row: &PgRow) -> Result<Claimed, sqlx::Error> {
    Ok(Claimed {
        case: CaseId(row.try_get(0)?),
        stored: Stored {
            seq: row.try_get::<i32, _>(1)? as u32,
            head: row.try_get(2)?,
            state: row.try_get(3)?,
        },
        now: row.try_get(4)?,
        revision: row.try_get(5)?,
    })
}

async fn tick_due(engine: &Arc<Engine>, limit: i64) -> Result<TickOutcome, StoreError> {
    let mut in_tx = engine.writers.begin().await?;
    let rows = sqlx::query(CLAIM).bind(limit).fetch_all(&mut *in_tx).await?;
    let claims = rows.iter().map(claimed).collect::<Result<Vec<_>, _>>()?;
    drop(rows);
    let seen: Vec<(CaseId, u32)> =
        claims.iter().map(|claim| (claim.case, claim.stored.seq)).collect();
    let mut outcome = TickOutcome { claimed: claims.len(), ..TickOutcome::default() };
    let (decisions, poisoned) = decide_all(engine, claims).await?;
    match write_in_tx(&mut in_tx, &decisions).await {
        Ok(()) => {
            in_tx.commit().await?;
            engine.newsroom.written(&decisions);
            outcome.done = decisions.into_iter().map(Decision::into_executed).collect();
            for (case, seq, error) in poisoned {
                park(engine, case, seq, &error).await?;
                outcome.parked.push(case);
            }
        }
        Err(error) if is_the_servers(&error) => return Err(error.into()),
        Err(_) => {
            // One of them cannot be written. Taken apart, it fails alone.
            in_tx.rollback().await?;
            for (case, seq) in seen {
                match tick_alone(engine, case).await {
                    Ok(done) => outcome.done.extend(done),
                    Err(error) if is_loss(&error) => return Err(StoreError::from_lost(error)),
                    Err(error) => {
                        park(engine, case, seq, &error).await?;
                        outcome.parked.push(case);
                    }
                }
            }
        }
    }
    outcome.done.iter().for_each(measure::done);
    Ok(outcome)
}

type Poisoned = (CaseId, u32, ExecuteError);

/// Decides every claimed case; those for which that fails are told apart.
async fn decide_all(
    engine: &Engine,
    claims: Vec<Claimed>,
) -> Result<(Vec<Decision>, Vec<Poisoned>), StoreError> {
    let Some(first) = claims.first() else { return Ok((Vec::new(), Vec::new())) };
    let reference = engine.cache.fresh(&engine.readers, Some(first.revision)).await?;
    let mut decisions = Vec::with_capacity(claims.len());
    let mut poisoned = Vec::new();
    let mut sittings = batch::Sittings::default();
    for Claimed { case, now, stored, .. } in claims {
        let seq = stored.seq;
        match batch::tick(&engine.readers, &reference, &mut sittings, stored, now).await {
            Ok(decision) => decisions.push(decision),
            Err(error) if is_loss(&error) => return Err(StoreError::from_lost(error)),
            Err(error) => poisoned.push((case, seq, error)),
        }
    }
    Ok((decisions, poisoned))
}

async fn write_in_tx(
    in_tx: &mut Transaction<'_, Postgres>,
    decisions: &[Decision],
) -> Result<(), sqlx::Error> {
    if decisions.is_empty() {
        return Ok(());
    }
    let decisions: Vec<&Decision> = decisions.iter().collect();
    let written = batch::write(&mut **in_tx, &decisions).await?;
    // Their rows are locked, so nobody can have changed them.
    if written.len() != decisions.len() {
        return Err(sqlx::Error::RowNotFound);
    }
    Ok(())
}

/// How often a case is decided again because another has just changed the same licence.
const OVERTAKEN: usize = 20;

/// One case of a batch that failed, again where another case was quicker.
async fn tick_alone(engine: &Arc<Engine>, case: CaseId) -> Result<Option<Executed>, ExecuteError> {
    for _ in 0..OVERTAKEN {
        match tick_one(engine, case).await {
            Err(ExecuteError::Store(error)) if is_overtaken(&error) => {}
            done => return done,
        }
    }
    tick_one(engine, case).await
}

fn is_overtaken(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(error) if batch::is_overtaken(error))
}

/// One case of a batch that failed; `None` when somebody else has it or has treated it.
async fn tick_one(engine: &Arc<Engine>, case: CaseId) -> Result<Option<Executed>, ExecuteError> {
    let mut in_tx = engine.writers.begin().await?;
    let row = sqlx::query(CLAIM_ONE).bind(case.0).fetch_optional(&mut *in_tx).await?;
    let Some(row) = row else { return Ok(None) };
    let (mut decisions, mut poisoned) = decide_all(engine, vec![claimed(&row)?]).await?;
    if let Some((_, _, error)) = poisoned.pop() {
        return Err(error);
    }
    write_in_tx(&mut in_tx, &decisions).await?;
    in_tx.commit().await?;
    engine.newsroom.written(&decisions);
    Ok(decisions.pop().map(Decision::into_executed))
}

async fn park(
    engine: &Engine,
    case: CaseId,
    seq: u32,
    error: &ExecuteError,
) -> Result<(), StoreError> {
    tracing::error!(case.id = %case, case.seq = seq, error.code = error.code(), %error, "a case is parked");
    sqlx::query(PARK)
        .bind(case.0)
        .bind(seq as i32)
        .bind(error.code())
        .bind(error.to_string())
        .execute(&engine.writers)
        .await?;
    Ok(())
}

/// Whether it was the database that was lost, which is no fault of the case.
pub(crate) fn is_loss(error: &ExecuteError) -> bool {
    match error {
        ExecuteError::Store(error) => match &**error {
            StoreError::Database(error) => is_the_servers(error),
            StoreError::Closed => true,
            _ => false,
        },
        _ => false,
    }
}
