//! Exports: what somebody takes along of what he sees, and the record of it.
//!
//! **Invariant.** Nothing is exported that is not written down first: who, of what, in which form, what for. What becomes
//! of it follows on the same timeline: how many events of how many cases, how many bytes and their hash, who has fetched
//! it, when its bytes were thrown away. Whoever works on one holds no lock while he does: another takes it up when he has
//! not been heard of for a while, and only the one that was last given it can end it.

mod maker;
mod record;
mod scope;
mod stream;

use std::time::Duration;

use parvaneh_core::{
    Instant, PersonId,
    timeline::{GENESIS, Hash, canonical_json, chain},
};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

pub use self::{
    maker::{ExportMade, ExportMaker, ExportOrder, Making, NotMade},
    record::ExportEvent,
    scope::{ExportScope, Span},
    stream::{Batch, Recorded},
};
use crate::{Store, StoreError, store::undisturbed};

/// How long a reason is, in letters.
pub const EXPORT_REASON: std::ops::RangeInclusive<usize> = 3..=1000;

/// After how long without a sign of life an export is somebody else's to do.
const SILENCE: Duration = Duration::from_secs(60);
/// How often an export is begun before it counts as failed.
const ATTEMPTS: i32 = 5;

/// How far an export has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportState {
    /// Nobody has begun.
    Waiting,
    /// Somebody writes it.
    Running,
    /// It is there, and can be fetched.
    Done,
    /// It was written straight to who asked for it.
    Streamed,
    /// It cannot be made.
    Failed,
    /// Its asker no longer wants it.
    Cancelled,
    /// It was there, and its bytes were thrown away.
    Forgotten,
}

impl ExportState {
    /// Each with its name.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("waiting", Self::Waiting),
        ("running", Self::Running),
        ("done", Self::Done),
        ("streamed", Self::Streamed),
        ("failed", Self::Failed),
        ("cancelled", Self::Cancelled),
        ("forgotten", Self::Forgotten),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, state)| *state == self);
        named.map_or("", |(name, _)| name)
    }

    /// Whether it is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// An export that is asked for.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// Made by the program.
    pub id: Uuid,
    /// By whom.
    pub asker: PersonId,
    /// Of what.
    pub scope: ExportScope,
    /// In which format.
    pub format: String,
    /// How it is written, as the format has it.
    pub options: Value,
    /// What for: [`EXPORT_REASON`].
    pub reason: String,
    /// Whether it is written straight to who asks, and nobody else need begin.
    pub streamed: bool,
}

/// An export.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportRow {
    /// Its identifier; the name of its bytes too.
    pub id: Uuid,
    /// By whom.
    pub asker: PersonId,
    /// Of what.
    pub scope: ExportScope,
    /// In which format.
    pub format: String,
    /// How it is written, as the format has it.
    pub options: Value,
    /// What for.
    pub reason: String,
    /// How far it has come.
    pub state: ExportState,
    /// When it was asked for, by the server's clock.
    pub created_at: Instant,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many cases are looked at.
    pub cases_total: u64,
    /// How many have been.
    pub cases_done: u64,
    /// How many events it holds, as far as it has come.
    pub events: u64,
    /// Of how many cases.
    pub cases: u64,
    /// How many bytes.
    pub size: Option<u64>,
    /// The SHA-256 of these.
    pub sha256: Option<Hash>,
    /// Why it cannot be made.
    pub error: Option<String>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Until when it can be fetched.
    pub kept_until: Option<Instant>,
}

/// What has come of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportDone {
    /// Where its asker saw cases then: workflow (`*` is every one) and unit, with an `@` between.
    pub reach: Vec<String>,
    /// How many events it holds.
    pub events: u64,
    /// Of how many cases.
    pub cases: u64,
    /// How many bytes.
    pub size: u64,
    /// The SHA-256 of these.
    pub sha256: Hash,
}

/// The name under which the bytes of an attempt at an export are kept.
pub fn export_content(id: Uuid, attempt: u32) -> Uuid {
    // The end of an identifier is drawn at random: another one is as good.
    Uuid::from_u128(id.as_u128() ^ u128::from(attempt))
}

const COLUMNS: &str = "x.id, x.asker, x.scope::text, x.format, x.options, x.reason, x.state, x.created_at, x.attempts,
    x.cases_total, x.cases_done, x.events, x.cases, x.size, x.sha256, x.error, x.finished_at, x.kept_until";

impl Store {
    /// Writes down that somebody exports something.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_export(&self, new: NewExport) -> Result<ExportRow, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let insert = sqlx::AssertSqlSafe(format!(
                "insert into exports as x (id, asker, scope, format, options, reason, state, heard_at, attempts)
                 values ($1, $2, $3::json, $4, $5::json, $6, $7, case when $8 then clock_timestamp() end,
                         case when $8 then 1 else 0 end)
                 returning {COLUMNS}"
            ));
            let scope = json!(new.scope);
            let row = sqlx::query(insert)
                .bind(new.id)
                .bind(new.asker.0)
                .bind(scope.to_string())
                .bind(&new.format)
                .bind(new.options.to_string())
                .bind(&new.reason)
                .bind(if new.streamed { "running" } else { "waiting" })
                .bind(new.streamed)
                .fetch_one(&mut *in_tx)
                .await?;
            let fact = json!({
                "type": "requested", "scope": scope, "format": new.format, "options": new.options,
                "reason": new.reason, "streamed": new.streamed,
            });
            append(&mut in_tx, new.id, Some(new.asker), fact).await?;
            let row = read(&row)?;
            in_tx.commit().await?;
            Ok(row)
        })
        .await
    }

    /// An export that the store's reader may know of: his own, or any, where he audits everything.
    ///
    /// # Errors
    /// The database.
    pub async fn export(&self, id: Uuid) -> Result<Option<ExportRow>, StoreError> {
        let select =
            sqlx::AssertSqlSafe(format!("select {COLUMNS} from exports x where x.id = $1"));
        let row = sqlx::query(select).bind(id).fetch_optional(&mut *self.reads().await?).await?;
        row.as_ref().map(read).transpose()
    }

    /// Exports that the store's reader may know of, the latest first: of one person or of all, those before `before`.
    ///
    /// # Errors
    /// The database.
    pub async fn exports(
        &self,
        of: Option<&[PersonId]>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ExportRow>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from exports x
             where ($1::uuid[] is null or x.asker = any ($1)) and ($2::uuid is null or x.id < $2)
             order by x.id desc limit $3"
        ));
        let of: Option<Vec<Uuid>> = of.map(|of| of.iter().map(|person| person.0).collect());
        let rows = sqlx::query(select).bind(of).bind(before).bind(i64::from(limit.clamp(1, 200)));
        rows.fetch_all(&mut *self.reads().await?).await?.iter().map(read).collect()
    }

    /// The next export to be written, for whoever asks this: one that waits, or whose writer was lost.
    ///
    /// # Errors
    /// The database.
    pub async fn claim_export(&self) -> Result<Option<ExportRow>, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let claim = sqlx::AssertSqlSafe(format!(
                "update exports x set state = 'running', heard_at = clock_timestamp(),
                        attempts = x.attempts + 1, events = 0, cases = 0, cases_done = 0
                 where x.id = (
                    select id from exports
                    where state = 'waiting'
                       or (state = 'running' and heard_at < clock_timestamp() - make_interval(secs => $1))
                    order by created_at limit 1 for update skip locked)
                 returning {COLUMNS}"
            ));
            let claim = sqlx::query(claim).bind(SILENCE.as_secs_f64());
            let Some(row) = claim.fetch_optional(&mut *in_tx).await? else { return Ok(None) };
            let row = read(&row)?;
            let streamed: bool = sqlx::query_scalar(
                "select (body ->> 'fact')::json ->> 'streamed' = 'true' from export_events
                 where export_id = $1 and seq = 1",
            )
            .bind(row.id)
            .fetch_one(&mut *in_tx)
            .await?;
            // What went straight to somebody who is gone is nobody's any more.
            let lost = streamed || row.attempt > ATTEMPTS as u32;
            if lost {
                fail(&mut in_tx, row.id, "whoever wrote it was lost").await?;
            }
            in_tx.commit().await?;
            Ok(Some(row).filter(|_| !lost))
        })
        .await
    }

    /// Says how far a writer has come. Whether it is still his to write: it may be cancelled, or somebody else's.
    ///
    /// # Errors
    /// The database.
    pub async fn export_advances(
        &self,
        export: &ExportRow,
        cases_done: u64,
        events: u64,
        cases: u64,
    ) -> Result<bool, StoreError> {
        let (engine, id, attempt) = (self.engine.clone(), export.id, export.attempt);
        let total = export.cases_total;
        undisturbed(async move {
            let update = sqlx::query(
                "update exports set heard_at = clock_timestamp(), cases_done = $3, events = $4,
                        cases = $5, cases_total = $6
                 where id = $1 and attempts = $2 and state = 'running'",
            );
            let [done, events, cases, total] =
                [cases_done, events, cases, total].map(|number| number as i64);
            let update = update.bind(id).bind(attempt as i32).bind(done).bind(events).bind(cases);
            Ok(update.bind(total).execute(&engine.writers).await?.rows_affected() == 1)
        })
        .await
    }

    /// Writes down what has come of an export, whose bytes are kept for so long; nowhere, where there is no time. Whether
    /// it was still this writer's.
    ///
    /// # Errors
    /// The database.
    pub async fn end_export(
        &self,
        export: &ExportRow,
        done: ExportDone,
        keep: Option<Duration>,
    ) -> Result<bool, StoreError> {
        let (engine, id, attempt) = (self.engine.clone(), export.id, export.attempt);
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let update = sqlx::query(
                "update exports set state = case when $7::float8 is null then 'streamed' else 'done' end,
                        events = $3, cases = $4, size = $5, sha256 = $6, finished_at = clock_timestamp(),
                        cases_done = greatest(cases_total, cases_done),
                        kept_until = clock_timestamp() + make_interval(secs => $7)
                 where id = $1 and attempts = $2 and state = 'running'",
            );
            let [events, cases, size] = [done.events, done.cases, done.size].map(|n| n as i64);
            let update = update.bind(id).bind(attempt as i32).bind(events).bind(cases).bind(size);
            let update = update.bind(&done.sha256[..]).bind(keep.map(|keep| keep.as_secs_f64()));
            if update.execute(&mut *in_tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            let fact = json!({
                "type": "finished", "events": done.events, "cases": done.cases, "size": done.size,
                "sha256": hexadecimal(&done.sha256), "reach": done.reach,
            });
            append(&mut in_tx, id, None, fact).await?;
            in_tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Writes down that an export cannot be made, and why. Whether it was still this writer's.
    ///
    /// # Errors
    /// The database.
    pub async fn fail_export(&self, export: &ExportRow, why: &str) -> Result<bool, StoreError> {
        let (engine, id, attempt) = (self.engine.clone(), export.id, export.attempt);
        let why = why.to_owned();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let running =
                "select true from exports where id = $1 and attempts = $2 and state = 'running' for update";
            let running: Option<bool> = sqlx::query_scalar(running)
                .bind(id)
                .bind(attempt as i32)
                .fetch_optional(&mut *in_tx)
                .await?;
            if running.is_none() {
                return Ok(false);
            }
            fail(&mut in_tx, id, &why).await?;
            in_tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Gives an export back that was begun: it waits again.
    ///
    /// # Errors
    /// The database; then it waits after a while of silence.
    pub async fn release_export(&self, export: &ExportRow) -> Result<(), StoreError> {
        let (engine, id, attempt) = (self.engine.clone(), export.id, export.attempt);
        undisturbed(async move {
            let update = "update exports set state = 'waiting'
                          where id = $1 and attempts = $2 and state = 'running'";
            sqlx::query(update).bind(id).bind(attempt as i32).execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }

    /// Writes down that somebody no longer wants an export, also one that is there: its bytes are thrown away soon.
    /// Whether there was anything to take back.
    ///
    /// # Errors
    /// The database.
    pub async fn cancel_export(&self, id: Uuid, by: PersonId) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            // What is there can be fetched no more; whoever throws away what is old does the rest.
            let update = sqlx::query_scalar(
                "update exports set state = 'cancelled',
                        finished_at = coalesce(finished_at, clock_timestamp()),
                        kept_until = case when state = 'done' then clock_timestamp() end
                 where id = $1 and state in ('waiting', 'running', 'done')
                 returning id",
            );
            let taken: Option<Uuid> = update.bind(id).fetch_optional(&mut *in_tx).await?;
            if taken.is_none() {
                return Ok(false);
            }
            append(&mut in_tx, id, Some(by), json!({ "type": "cancelled" })).await?;
            in_tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Writes down that somebody has fetched an export.
    ///
    /// # Errors
    /// The database.
    pub async fn export_fetched(&self, id: Uuid, by: PersonId) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            append(&mut in_tx, id, Some(by), json!({ "type": "fetched" })).await?;
            in_tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Exports whose bytes are kept no longer: these are to be thrown away, and then [`Self::forget_export`] says so.
    ///
    /// # Errors
    /// The database.
    pub async fn stale_exports(&self, limit: u32) -> Result<Vec<(Uuid, u32)>, StoreError> {
        let stale = "select id, attempts from exports
                     where state in ('done', 'cancelled') and kept_until <= clock_timestamp()
                     order by kept_until limit $1";
        let stale = sqlx::query(stale).bind(i64::from(limit));
        let stale = stale.fetch_all(&self.engine.readers).await?;
        stale.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i32, _>(1)? as u32))).collect()
    }

    /// Writes down that the bytes of an export are gone.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_export(&self, id: Uuid) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let update = "update exports set kept_until = null,
                                 state = case when state = 'done' then 'forgotten' else state end
                          where id = $1 and state in ('done', 'cancelled') and kept_until is not null";
            let update = sqlx::query(update).bind(id).execute(&mut *in_tx).await?;
            if update.rows_affected() == 1 {
                append(&mut in_tx, id, None, json!({ "type": "forgotten" })).await?;
                in_tx.commit().await?;
            }
            Ok(())
        })
        .await
    }
}

async fn fail(in_tx: &mut PgConnection, id: Uuid, why: &str) -> Result<(), StoreError> {
    let update = "update exports set state = 'failed', error = $2, finished_at = clock_timestamp()
                  where id = $1";
    sqlx::query(update).bind(id).bind(why).execute(&mut *in_tx).await?;
    append(in_tx, id, None, json!({ "type": "failed", "why": why })).await
}

/// Appends to the timeline of an export, which is locked by that.
async fn append(
    in_tx: &mut PgConnection,
    id: Uuid,
    by: Option<PersonId>,
    fact: Value,
) -> Result<(), StoreError> {
    // Whoever appends at the same time comes after: the row is locked first, and what is there read then.
    sqlx::query("select from exports where id = $1 for update")
        .bind(id)
        .execute(&mut *in_tx)
        .await?;
    let last = "select engine_now(), last.seq, last.hash from (select 1) one left join lateral (
                    select seq, hash from export_events where export_id = $1 order by seq desc limit 1
                ) last on true";
    let row = sqlx::query(last).bind(id).fetch_one(&mut *in_tx).await?;
    let recorded_at: Instant = row.try_get(0)?;
    let seq = row.try_get::<Option<i32>, _>(1)?.unwrap_or(0) + 1;
    let previous: Hash = match row.try_get::<Option<&[u8]>, _>(2)? {
        None => GENESIS,
        Some(hash) => hash.try_into().map_err(|_| StoreError::Unreadable {
            what: format!("export {id}"),
            why: "its hash is none".to_owned(),
        })?,
    };
    let by = by.map_or_else(|| json!("system"), |person| json!({ "person": person }));
    let body = canonical_json(&json!({
        "by": by, "export": id, "fact": fact, "recorded_at": recorded_at, "seq": seq,
    }));
    let hash = chain(&previous, body.as_bytes());
    sqlx::query(
        "insert into export_events (export_id, seq, recorded_at, body, hash)
         values ($1, $2, $3, $4::json, $5)",
    )
    .bind(id)
    .bind(seq)
    .bind(recorded_at)
    .bind(body)
    .bind(&hash[..])
    .execute(in_tx)
    .await?;
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(row: &PgRow) -> Result<ExportRow, StoreError> {
    let id: Uuid = row.try_get(0)?;
    let unreadable = |why: String| StoreError::Unreadable { what: format!("export {id}"), why };
    let scope: String = row.try_get(2)?;
    let scope = serde_json::from_str(&scope).map_err(|error| unreadable(error.to_string()))?;
    let state: String = row.try_get(6)?;
    let named = ExportState::NAMES.iter().find(|(name, _)| *name == state);
    let state = named.map(|(_, state)| *state).ok_or_else(|| unreadable(state.clone()))?;
    let sha256 = row.try_get::<Option<&[u8]>, _>(14)?.map(Hash::try_from).transpose();
    let count = |place: usize| row.try_get::<i64, _>(place).map(|number| number as u64);
    Ok(ExportRow {
        id,
        asker: PersonId(row.try_get(1)?),
        scope,
        format: row.try_get(3)?,
        options: row.try_get(4)?,
        reason: row.try_get(5)?,
        state,
        created_at: row.try_get(7)?,
        attempt: row.try_get::<i32, _>(8)? as u32,
        cases_total: count(9)?,
        cases_done: count(10)?,
        events: count(11)?,
        cases: count(12)?,
        size: row.try_get::<Option<i64>, _>(13)?.map(|size| size as u64),
        sha256: sha256.map_err(|error| unreadable(error.to_string()))?,
        error: row.try_get(15)?,
        finished_at: row.try_get(16)?,
        kept_until: row.try_get(17)?,
    })
}
