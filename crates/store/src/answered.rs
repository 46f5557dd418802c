//! Changes that concern no single case, given with a key: a repeat gets the same answer.
//!
//! What is done to a case keeps its key in the statement that writes the case. Everything else says
//! here that it begins, does what is asked, and leaves its answer. Who comes meanwhile with the same
//! key waits; when the program ends in the middle, the key is free again after a minute.

use parvaneh_core::PersonId;
use sqlx::Row;

use crate::{Store, StoreError, store::undisturbed};

/// What is known of a request that was given with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be done now, and its answer to be kept.
    Now,
    /// It was done, and answered so: a status, and a body as JSON.
    Before(u16, String),
    /// It is being done.
    UnderWay,
    /// The key belongs to another request.
    OfAnother,
}

const BEGIN: &str = "
    insert into answered_requests (person, key, request_hash)
    select $1, $2, $3
    where not exists (select from idempotency_keys where actor = $1 and key = $2)
    on conflict (person, key) do update set begun_at = clock_timestamp()
    where answered_requests.status is null
      and answered_requests.request_hash = excluded.request_hash
      and answered_requests.begun_at < clock_timestamp() - interval '1 minute'";

impl Store {
    /// Begins a request that was given with a key, or says what has become of it. `hash` is the
    /// SHA-256 of what is asked.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_request(
        &self,
        person: PersonId,
        key: &str,
        hash: [u8; 32],
    ) -> Result<Begun, StoreError> {
        let (engine, key) = (self.engine.clone(), key.to_owned());
        undisturbed(async move {
            let begin = sqlx::query(BEGIN).bind(person.0).bind(&key).bind(&hash[..]);
            if begin.execute(&engine.writers).await?.rows_affected() == 1 {
                return Ok(Begun::Now);
            }
            let known = "select request_hash, status, body from answered_requests
                         where person = $1 and key = $2";
            let known = sqlx::query(known).bind(person.0).bind(&key);
            let Some(row) = known.fetch_optional(&engine.writers).await? else {
                return Ok(Begun::OfAnother);
            };
            if row.try_get::<&[u8], _>(0)? != hash {
                return Ok(Begun::OfAnother);
            }
            Ok(match (row.try_get::<Option<i32>, _>(1)?, row.try_get::<Option<String>, _>(2)?) {
                (Some(status), Some(body)) => Begun::Before(status as u16, body),
                _ => Begun::UnderWay,
            })
        })
        .await
    }

    /// Keeps the answer of a request that was begun; without one, because it was refused, its key is
    /// free again.
    ///
    /// # Errors
    /// The database; then the key is free after a minute.
    pub async fn end_request(
        &self,
        person: PersonId,
        key: &str,
        answer: Option<(u16, String)>,
    ) -> Result<(), StoreError> {
        let (engine, key) = (self.engine.clone(), key.to_owned());
        undisturbed(async move {
            let end = match answer {
                Some((status, body)) => sqlx::query(
                    "update answered_requests set status = $3, body = $4
                     where person = $1 and key = $2 and status is null",
                )
                .bind(person.0)
                .bind(key)
                .bind(i32::from(status))
                .bind(body),
                None => sqlx::query(
                    "delete from answered_requests
                     where person = $1 and key = $2 and status is null",
                )
                .bind(person.0)
                .bind(key),
            };
            end.execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }
}
