//! Which checkpoints were signed, and who has confirmed them.

use std::time::Duration;

use parvaneh_core::{Instant, timeline::Hash};
use sqlx::Row;

use super::stored;
use crate::{Store, StoreError, store::undisturbed};

/// A checkpoint of the log with the signature of its signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// How many entries the log had.
    pub size: u64,
    /// Its root then.
    pub root: Hash,
    /// The signed note, verbatim.
    pub note: String,
    /// When it was signed, by the server's clock.
    pub signed_at: Instant,
}

/// What a witness has confirmed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessRow {
    /// The name of its key.
    pub witness: String,
    /// How many entries the log had.
    pub size: u64,
    /// The checkpoint with its line.
    pub note: String,
    /// When that was, by the server's clock.
    pub confirmed_at: Instant,
}

/// How the log stands, for those who watch over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStanding {
    /// How many entries it has.
    pub size: u64,
    /// How many the last signed checkpoint holds.
    pub signed: Option<u64>,
    /// For how long the log has been larger than that checkpoint says: zero where it is not.
    pub unsigned_for: Duration,
    /// How old the oldest event is that is not sealed: zero where everything is.
    pub unsealed_for: Duration,
    /// Whether everything is looked through by its key: after the log has come, or the database has
    /// moved to another server. Until that is done, what waits is not counted.
    pub catching_up: bool,
    /// The code by which the signer refuses to sign what the log has become, and for how long.
    pub refused: Option<(String, Duration)>,
}

/// The oldest that is not sealed is looked for among what no one has looked at yet: by the index, and no further than
/// a few rows.
const STANDING: &str = "
    select s.size, c.size,
           case when s.size > coalesce(c.size, 0)
                then extract(epoch from clock_timestamp() - coalesce(c.signed_at, i.founded_at))::float8
                else 0 end,
           greatest(coalesce(extract(epoch from engine_now() - (
               select e.recorded_at from case_events e
               where e.xid >= s.below
                 and not exists (select from log_leaves l where l.case_id = e.case_id and l.seq = e.seq)
               order by e.xid limit 1))::float8, 0), 0),
           s.walk_case is not null or s.server is null,
           s.refused, coalesce(extract(epoch from clock_timestamp() - s.refused_at)::float8, 0)
    from log_state s
    cross join installation i
    left join lateral (select size, signed_at from log_checkpoints order by size desc limit 1) c on true";

/// All of the last day, and the last one of each hour before.
const FORGET: &str = "
    delete from log_checkpoints c
    where c.size = any (array(
        select o.size from log_checkpoints o
        where o.signed_at < clock_timestamp() - interval '1 day'
          and exists (select from log_checkpoints n
                      where n.size > o.size
                        and date_trunc('hour', n.signed_at) = date_trunc('hour', o.signed_at))
        order by o.size limit $1))";

impl Store {
    /// The latest checkpoint that was signed.
    ///
    /// # Errors
    /// The database.
    pub async fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let row = sqlx::query(
            "select size, root, note, signed_at from log_checkpoints order by size desc limit 1",
        )
        .fetch_optional(&self.engine.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SignedCheckpoint {
            size: row.try_get::<i64, _>(0)?.unsigned_abs(),
            root: row.try_get(1)?,
            note: row.try_get(2)?,
            signed_at: row.try_get(3)?,
        }))
    }

    /// Keeps a checkpoint that was signed, by the key that the signer says is its own; one of the same size is
    /// kept once.
    ///
    /// # Errors
    /// The database.
    pub async fn keep_checkpoint(
        &self,
        size: u64,
        root: Hash,
        note: String,
        key: String,
    ) -> Result<(), StoreError> {
        let (engine, size) = (self.engine.clone(), stored(size)?);
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            sqlx::query(
                "insert into log_checkpoints (size, root, note) values ($1, $2, $3)
                 on conflict (size) do nothing",
            )
            .bind(size)
            .bind(root)
            .bind(note)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "update log_state set key = $1, refused = null, refused_at = null
                 where key is distinct from $1 or refused is not null",
            )
            .bind(key)
            .execute(&mut *transaction)
            .await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// The public key of the signer, as it said itself when it signed last.
    ///
    /// # Errors
    /// The database.
    pub async fn signer_key(&self) -> Result<Option<String>, StoreError> {
        let key = sqlx::query_scalar("select key from log_state");
        Ok(key.fetch_one(&self.engine.readers).await?)
    }

    /// Keeps why the signer refuses to sign what the log has become, from when it first did.
    ///
    /// # Errors
    /// The database.
    pub async fn keep_refusal(&self, code: String) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(
                "update log_state set refused = $1, refused_at = clock_timestamp()
                 where refused is distinct from $1",
            )
            .bind(code)
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// How many entries the log has.
    ///
    /// # Errors
    /// The database.
    pub async fn log_size(&self) -> Result<u64, StoreError> {
        let size: i64 = sqlx::query_scalar("select size from log_state")
            .fetch_one(&self.engine.readers)
            .await?;
        Ok(size.unsigned_abs())
    }

    /// Forgets up to `limit` checkpoints between the last ones of older hours. Says how many.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_checkpoints(&self, limit: usize) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        undisturbed(async move {
            let forget = sqlx::query(FORGET).bind(limit);
            Ok(forget.execute(&engine.writers).await?.rows_affected())
        })
        .await
    }

    /// What each witness has confirmed last.
    ///
    /// # Errors
    /// The database.
    pub async fn witnesses(&self) -> Result<Vec<WitnessRow>, StoreError> {
        let rows = sqlx::query(
            "select witness, size, note, confirmed_at from log_witnesses order by witness",
        )
        .fetch_all(&self.engine.readers)
        .await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(WitnessRow {
                witness: row.try_get(0)?,
                size: row.try_get::<i64, _>(1)?.unsigned_abs(),
                note: row.try_get(2)?,
                confirmed_at: row.try_get(3)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Keeps what a witness has confirmed, unless it has confirmed more since.
    ///
    /// # Errors
    /// The database.
    pub async fn keep_witnessed(
        &self,
        witness: String,
        size: u64,
        note: String,
    ) -> Result<(), StoreError> {
        let (engine, size) = (self.engine.clone(), stored(size)?);
        undisturbed(async move {
            sqlx::query(
                "insert into log_witnesses as w (witness, size, note) values ($1, $2, $3)
                 on conflict (witness) do update set
                     size = excluded.size, note = excluded.note, confirmed_at = clock_timestamp()
                 where w.size <= excluded.size",
            )
            .bind(witness)
            .bind(size)
            .bind(note)
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// How the log stands.
    ///
    /// # Errors
    /// The database.
    pub async fn log_standing(&self) -> Result<LogStanding, StoreError> {
        let row = sqlx::query(STANDING).fetch_one(&self.engine.readers).await?;
        let seconds = |place| {
            let seconds: f64 = row.try_get(place)?;
            Ok::<_, StoreError>(Duration::try_from_secs_f64(seconds).unwrap_or_default())
        };
        Ok(LogStanding {
            size: row.try_get::<i64, _>(0)?.unsigned_abs(),
            signed: row.try_get::<Option<i64>, _>(1)?.map(i64::unsigned_abs),
            unsigned_for: seconds(2)?,
            unsealed_for: seconds(3)?,
            catching_up: row.try_get(4)?,
            refused: row
                .try_get::<Option<String>, _>(5)?
                .map(|code| Ok::<_, StoreError>((code, seconds(6)?)))
                .transpose()?,
        })
    }
}
