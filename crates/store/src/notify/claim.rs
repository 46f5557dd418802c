//! Taking what is to be sent, and saying what became of it.
//!
//! A claim is a lease by the server's clock: whoever holds it says how the sending went, and nobody
//! else does. Before the content of a mail leaves, that is recorded ([`Store::begin_sending`]): when
//! a worker ends after that, nobody can know whether the mail was taken, and it is not sent again by
//! itself. An event is sent to a webhook again when a worker ends in the middle: its identity is the
//! same, and the receiver can tell.

use std::time::Duration;

use parvaneh_core::{CaseId, Event, Instant, PersonId, StepId, UnitId, WorkflowId};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{Language, Reason, preferences::language, reason};
use crate::{Store, StoreError, WorkItem, WorklistQuery, store::undisturbed};

/// What may wait to be sent at most. Later it is worth nothing, and would come as a flood when a
/// channel is switched on.
const TOO_OLD: &str = "3 days";

/// By `ctid`, which needs no plan: it is the row that was just locked.
const CLAIM_MAILS: &str = "
    update deliveries d
    set claim = gen_random_uuid(), claimed_until = clock_timestamp() + $2,
        attempts = d.attempts + 1
    where d.ctid = any (array(
        select due.ctid from deliveries due
        where due.state = 'waiting' and due.channel <> 'webhook' and due.next_at <= now()
          and (due.claimed_until is null or due.claimed_until < now())
        order by due.next_at
        limit $1
        for update skip locked))
    returning d.about, d.channel, d.target, d.no, d.kind, d.attempts, d.created_at, d.claim";

/// At most `$3` for each webhook, and nothing for those in `$4`, which have enough in hand.
const CLAIM_EVENTS: &str = "
    update deliveries d
    set claim = gen_random_uuid(), claimed_until = clock_timestamp() + $2,
        attempts = d.attempts + 1
    where d.ctid = any (array(
        select due.ctid from webhooks w cross join lateral (
            select e.ctid from deliveries e
            where e.state = 'waiting' and e.channel = 'webhook' and e.target = w.id
              and e.next_at <= now()
              and (e.claimed_until is null or e.claimed_until < now())
            order by e.next_at
            limit $3
            for update skip locked) due
        where w.id <> all ($4)
        limit $1))
    returning d.about, d.channel, d.target, d.no, d.kind, d.attempts, d.created_at, d.claim";

/// The worker that was sending has ended, or its lease has: whether the mail was taken is unknown.
const LEFT_SENDING: &str = "
    update deliveries set state = 'uncertain', claim = null, claimed_until = null,
           ended_at = clock_timestamp(),
           last_error = 'the worker ended while the mail was being sent: it may have arrived'
    where state = 'sending' and claimed_until < now()";

const EXPIRE: &str = "
    update deliveries set state = 'failed', claim = null, claimed_until = null,
           ended_at = clock_timestamp(),
           last_error = coalesce(last_error || '; ', '') || 'given up: it waited too long'
    where state = 'waiting' and (channel = 'webhook') = $1
      and next_at < now() and queued_at < now() - $2::text::interval
      and (claimed_until is null or claimed_until < now())";

const BEGIN: &str = "
    update deliveries set state = 'sending', claimed_until = clock_timestamp() + $6
    where about = $1 and channel = $2 and target = $3 and no = $4
      and claim = $5 and state = 'waiting' and claimed_until > clock_timestamp()";

const FINISH: &str = "
    update deliveries set state = $6, next_at = coalesce(clock_timestamp() + $7::interval, next_at), last_error = $8,
           claim = null, claimed_until = null,
           ended_at = case when $6 = 'waiting' then null else clock_timestamp() end
    where about = $1 and channel = $2 and target = $3 and no = $4
      and claim = $5 and state in ('waiting', 'sending')";

const MAIL: &str = "
    select p.email, p.language, e.body::text, c.subject, c.workflow, c.version, c.unit_id,
           coalesce(t.step, e.body -> 'fact' -> 'entry' ->> 'step', c.step)
    from notice_preferences p
    join case_events e on e.case_id = $1 and e.seq = $2
    join cases c on c.id = $1
    left join tasks t on t.case_id = $1
         and t.no = nullif((e.body -> 'fact' ->> 'clock')::int, 0)
    where p.person = $3";

/// Something that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Why it is sent.
    pub reason: Reason,
    /// The kind of notice, or of event.
    pub kind: String,
    /// How many times it has been taken, this time included.
    pub attempt: u32,
    /// When its cause was recorded, by the engine's clock.
    pub created_at: Instant,
    claim: Uuid,
}

/// What a mail about one notice says.
#[derive(Clone, Debug)]
pub struct Due {
    /// Where to.
    pub email: String,
    /// In which language.
    pub language: Language,
    /// The event that tells it.
    pub event: Event,
    /// The case.
    pub case: CaseId,
    /// What the case is about.
    pub subject: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The version.
    pub version: u32,
    /// The unit that received it.
    pub unit: UnitId,
    /// The step whose clock tells it; for the statutory clock, where the case stands.
    pub step: StepId,
}

/// How a sending went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has taken it.
    Sent,
    /// There was nothing to say, or nobody to say it to.
    Skipped(String),
    /// It was surely not taken, and is tried again after that time.
    Again {
        /// Why.
        error: String,
        /// After how long.
        after: Duration,
    },
    /// It was surely not taken, and trying again would not help.
    Failed(String),
    /// Nobody can know whether it was taken.
    Uncertain(String),
}

/// What became of it in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It stands as it was told.
    Recorded,
    /// The lease had ended: another worker has it, or it counts as uncertain.
    NoLongerOurs,
}

/// A delivery that people should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDelivery {
    /// Why it was to be sent.
    pub reason: Reason,
    /// The kind of notice, or of event.
    pub kind: String,
    /// `failed`, or `uncertain` when it may have arrived.
    pub state: String,
    /// How many times it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub error: String,
    /// When it was given up, by the server's clock.
    pub ended_at: Instant,
}

impl Store {
    /// Settles what other workers have left behind, and gives up what has waited too long: mails,
    /// or events for webhooks.
    ///
    /// # Errors
    /// The database.
    pub async fn settle_deliveries(&self, webhooks: bool) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(LEFT_SENDING).execute(&engine.writers).await?;
            sqlx::query(EXPIRE).bind(webhooks).bind(TOO_OLD).execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }

    /// Takes up to `limit` mails that are to be sent, for as long as `lease`.
    ///
    /// # Errors
    /// The database.
    pub async fn claim_mails(
        &self,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let rows = sqlx::query(CLAIM_MAILS)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .bind(microseconds(lease))
                .fetch_all(&engine.writers)
                .await?;
            rows.iter().map(claimed).collect()
        })
        .await
    }

    /// Takes up to `limit` events that webhooks are to be told, at most `each` for one webhook and
    /// none for those in `but`, for as long as `lease`.
    ///
    /// # Errors
    /// The database.
    pub async fn claim_events(
        &self,
        limit: usize,
        each: usize,
        but: Vec<Uuid>,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let rows = sqlx::query(CLAIM_EVENTS)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .bind(microseconds(lease))
                .bind(i64::try_from(each).unwrap_or(i64::MAX))
                .bind(but)
                .fetch_all(&engine.writers)
                .await?;
            rows.iter().map(claimed).collect()
        })
        .await
    }

    /// Records that the content of a mail is about to leave. Says whether it may: not when the lease
    /// has ended. From here on, whoever finds it left behind counts it as uncertain.
    ///
    /// # Errors
    /// The database; then it must not be sent.
    pub async fn begin_sending(
        &self,
        claimed: &Claimed,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let (engine, Claimed { reason, claim, .. }) = (self.engine.clone(), claimed.clone());
        undisturbed(async move {
            let begun = sqlx::query(BEGIN)
                .bind(reason.about)
                .bind(reason.channel.as_str())
                .bind(reason.target)
                .bind(reason.no)
                .bind(claim)
                .bind(microseconds(lease))
                .execute(&engine.writers)
                .await?;
            Ok(begun.rows_affected() == 1)
        })
        .await
    }

    /// Records how a sending went, and gives the claim back.
    ///
    /// # Errors
    /// The database; then the lease runs out.
    pub async fn finish_sending(
        &self,
        claimed: &Claimed,
        outcome: &Outcome,
    ) -> Result<Sent, StoreError> {
        let (engine, Claimed { reason, claim, .. }) = (self.engine.clone(), claimed.clone());
        let (state, error, after) = match outcome.clone() {
            Outcome::Sent => ("sent", None, None),
            Outcome::Skipped(why) => ("skipped", Some(why), None),
            Outcome::Again { error, after } => ("waiting", Some(error), Some(after)),
            Outcome::Failed(error) => ("failed", Some(error), None),
            Outcome::Uncertain(error) => ("uncertain", Some(error), None),
        };
        // No text in the database holds it.
        let error = error.map(|error| error.replace('\0', " "));
        undisturbed(async move {
            let done = sqlx::query(FINISH)
                .bind(reason.about)
                .bind(reason.channel.as_str())
                .bind(reason.target)
                .bind(reason.no)
                .bind(claim)
                .bind(state)
                .bind(after.map(microseconds))
                .bind(error)
                .execute(&engine.writers)
                .await?;
            Ok(if done.rows_affected() == 1 { Sent::Recorded } else { Sent::NoLongerOurs })
        })
        .await
    }

    /// What a mail about one notice says; `None` when the person has no address any more.
    ///
    /// # Errors
    /// The database; [`StoreError::Unreadable`] for an event that this program cannot read.
    pub async fn mail_of(&self, reason: &Reason) -> Result<Option<Due>, StoreError> {
        let row = sqlx::query(MAIL)
            .bind(reason.about)
            .bind(reason.no)
            .bind(reason.target)
            .fetch_optional(&self.engine.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let Some(email) = row.try_get::<Option<String>, _>(0)? else { return Ok(None) };
        Ok(Some(Due {
            email,
            language: language(row.try_get(1)?),
            event: event(row.try_get(2)?, reason)?,
            case: CaseId(reason.about),
            subject: row.try_get(3)?,
            workflow: WorkflowId::from(row.try_get::<String, _>(4)?),
            version: row.try_get::<i32, _>(5)? as u32,
            unit: UnitId::from(row.try_get::<String, _>(6)?),
            step: StepId::from(row.try_get::<String, _>(7)?),
        }))
    }

    /// The server's clock, also in a sandbox: by what the world outside goes.
    ///
    /// # Errors
    /// The database.
    pub async fn server_time(&self) -> Result<Instant, StoreError> {
        Ok(sqlx::query_scalar("select clock_timestamp()").fetch_one(&self.engine.readers).await?)
    }

    /// What could not be sent, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn failed_deliveries(&self, limit: u32) -> Result<Vec<FailedDelivery>, StoreError> {
        let rows = sqlx::query(
            "select about, channel, target, no, kind, state, attempts, coalesce(last_error, ''),
                    ended_at
             from deliveries where state in ('failed', 'uncertain')
             order by ended_at desc, about, no limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.engine.readers)
        .await?;
        let delivery = |row: &PgRow| {
            Ok(FailedDelivery {
                reason: reason(row)?,
                kind: row.try_get(4)?,
                state: row.try_get(5)?,
                attempts: row.try_get::<i32, _>(6)? as u32,
                error: row.try_get(7)?,
                ended_at: row.try_get(8)?,
            })
        };
        rows.iter().map(delivery).collect()
    }

    /// Lets what could not be sent be tried again: that one, or everything that surely did not
    /// arrive. Says how many deliveries that are.
    ///
    /// # Errors
    /// The database.
    pub async fn retry_deliveries(&self, only: Option<Reason>) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let retried = sqlx::query(
                "update deliveries
                 set state = 'waiting', attempts = 0, next_at = clock_timestamp(),
                     queued_at = clock_timestamp(), ended_at = null
                 where case when $1::uuid is null then state = 'failed'
                       else state in ('failed', 'uncertain') and about = $1 and channel = $2
                            and target = $3 and no = $4 end",
            )
            .bind(only.map(|reason| reason.about))
            .bind(only.map(|reason| reason.channel.as_str()))
            .bind(only.map(|reason| reason.target))
            .bind(only.map(|reason| reason.no))
            .execute(&engine.writers)
            .await?;
            Ok(retried.rows_affected())
        })
        .await
    }

    /// What lies on a person's worklist, the earliest deadline first, for his digest.
    ///
    /// # Errors
    /// The database.
    pub async fn worklist_for_digest(
        &self,
        person: PersonId,
        limit: u32,
    ) -> Result<(Vec<WorkItem>, u32, Instant), StoreError> {
        let query = WorklistQuery { limit, ..WorklistQuery::of(person) };
        let page = self.worklist(&query).await?;
        Ok((page.items, page.total, page.now))
    }
}

fn claimed(row: &PgRow) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        reason: reason(row)?,
        kind: row.try_get(4)?,
        attempt: row.try_get::<i32, _>(5)? as u32,
        created_at: row.try_get(6)?,
        claim: row.try_get(7)?,
    })
}

/// The database counts in microseconds, and the driver refuses to round.
fn microseconds(duration: Duration) -> Duration {
    Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// An event as it is stored.
pub(super) fn event(body: &str, reason: &Reason) -> Result<Event, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Unreadable {
        what: format!("event {} of the case {}", reason.no, reason.about),
        why: error.to_string(),
    })
}
