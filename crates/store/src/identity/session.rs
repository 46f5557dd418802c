//! Sessions: browsers that have logged in.

use std::time::Duration;

use parvaneh_core::{Instant, PersonId};
use sqlx::Row;
use uuid::Uuid;

use super::SecretHash;
use crate::{
    Store, StoreError, Viewer,
    gate::{By, Entered},
    store::undisturbed,
};

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its identifier, made outside.
    pub id: Uuid,
    /// What its cookie holds, hashed.
    pub secret_hash: SecretHash,
    /// Who logged in.
    pub person: PersonId,
    /// How long it lasts, whatever happens.
    pub lasts: Duration,
    /// What the browser says of itself.
    pub agent: Option<String>,
    /// From where it came.
    pub address: Option<String>,
}

/// A session that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: Uuid,
    /// Whose.
    pub person: PersonId,
    /// Whether its person has got more rights since it got its secret: it needs another one.
    pub is_raised: bool,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its identifier.
    pub id: Uuid,
    /// When it began.
    pub created_at: Instant,
    /// When it was last used, to the minute.
    pub seen_at: Instant,
    /// When it ends at the latest.
    pub expires_at: Instant,
    /// What the browser said of itself.
    pub agent: Option<String>,
    /// From where it came.
    pub address: Option<String>,
}

const BEGIN: &str = "
    with cleared as (
        delete from sessions where expires_at < clock_timestamp() - interval '30 days'
    ), noted as (
        update accounts set last_login_at = clock_timestamp() where person = $3)
    insert into sessions (id, secret_hash, person, expires_at, agent, address)
    values ($1, $2, $3, clock_timestamp() + $4 * interval '1 second', $5, $6)";

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_session(&self, new: NewSession) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(BEGIN)
                .bind(new.id)
                .bind(new.secret_hash.as_slice())
                .bind(new.person.0)
                .bind(new.lasts.as_secs_f64())
                .bind(new.agent.map(|text| shortened(&text)))
                .bind(new.address)
                .execute(&engine.writers)
                .await?;
            Ok(())
        })
        .await
    }

    /// The session of that secret, if it is in force: not revoked, not past its end, used within
    /// `idle`, of an account that is not disabled. It counts as used now. With it, if he is to be
    /// shown something, what its person sees.
    ///
    /// # Errors
    /// The database.
    pub async fn session(
        &self,
        secret: &SecretHash,
        idle: Duration,
        sees: bool,
    ) -> Result<Option<(Session, Option<Viewer>)>, StoreError> {
        let entered = self.engine.gate.ask(By::Session(*secret, idle), sees).await?;
        let Some(entered) = entered else { return Ok(None) };
        let Entered { id, person, is_unnoted, is_raised, met, .. } = entered;
        if is_unnoted {
            let engine = self.engine.clone();
            undisturbed(async move {
                sqlx::query("update sessions set seen_at = clock_timestamp() where id = $1")
                    .bind(id)
                    .execute(&engine.writers)
                    .await?;
                Ok::<_, StoreError>(())
            })
            .await?;
        }
        Ok(Some((Session { id, person, is_raised }, self.viewing(met).await?)))
    }

    /// The session by which somebody came in lately, and that needs no other secret. It may have ended
    /// since: see [`Request::coming_by`](crate::Request::coming_by).
    pub fn lately_by_session(&self, secret: &SecretHash, idle: Duration) -> Option<Session> {
        let Entered { id, person, .. } = self.engine.gate.lately(&By::Session(*secret, idle))?;
        Some(Session { id, person, is_raised: false })
    }

    /// Gives a session another secret in place of `from`; says whether it did: of two who renew it at
    /// once, one does. The former one is good for `grace` more.
    ///
    /// # Errors
    /// The database.
    pub async fn renew_session(
        &self,
        from: SecretHash,
        to: SecretHash,
        grace: Duration,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let renewed = sqlx::query(
                "update sessions set secret_hash = $2, renewed_at = clock_timestamp(),
                        former_hash = $1, former_until = clock_timestamp() + $3 * interval '1 second'
                 where secret_hash = $1 and revoked_at is null",
            )
            .bind(from.to_vec())
            .bind(to.to_vec())
            .bind(grace.as_secs_f64())
            .execute(&engine.writers)
            .await?;
            Ok(renewed.rows_affected() == 1)
        })
        .await
    }

    /// Whether that session is in force still. It does not count as used: who only listens is not
    /// there.
    ///
    /// # Errors
    /// The database.
    pub async fn session_lasts(&self, id: Uuid, idle: Duration) -> Result<bool, StoreError> {
        let lasts = sqlx::query_scalar(
            "select exists (
                 select from sessions s join accounts a on a.person = s.person
                 where s.id = $1 and s.revoked_at is null and a.disabled_at is null
                   and s.expires_at > clock_timestamp()
                   and s.seen_at > clock_timestamp() - $2 * interval '1 second')",
        );
        let lasts = lasts.bind(id).bind(idle.as_secs_f64());
        Ok(lasts.fetch_one(&self.engine.readers).await?)
    }

    /// Somebody's sessions that have not ended, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn sessions_of(
        &self,
        person: PersonId,
        idle: Duration,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(
            "select id, created_at, seen_at, expires_at, agent, address from sessions
             where person = $1 and revoked_at is null and expires_at > clock_timestamp()
               and seen_at > clock_timestamp() - $2 * interval '1 second'
             order by created_at desc limit 200",
        )
        .bind(person.0)
        .bind(idle.as_secs_f64())
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(SessionRow {
                    id: row.try_get(0)?,
                    created_at: row.try_get(1)?,
                    seen_at: row.try_get(2)?,
                    expires_at: row.try_get(3)?,
                    agent: row.try_get(4)?,
                    address: row.try_get(5)?,
                })
            })
            .collect()
    }

    /// Ends one of somebody's sessions, or all of them; says how many.
    ///
    /// # Errors
    /// The database.
    pub async fn end_sessions(
        &self,
        person: PersonId,
        only: Option<Uuid>,
    ) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let ended = sqlx::query(
                "update sessions set revoked_at = clock_timestamp()
                 where person = $1 and revoked_at is null and ($2::uuid is null or id = $2)",
            )
            .bind(person.0)
            .bind(only)
            .execute(&engine.writers)
            .await?;
            Ok(ended.rows_affected())
        })
        .await
    }
}

/// What a browser says of itself can be of any length.
pub(super) fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
