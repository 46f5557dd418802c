//! The second factor: a secret that somebody's device has too, and codes for whoever lost it.
//!
//! What a code means, callers know; here stands that each is taken once, how often somebody may
//! guess, and what is open between the password and the code.

use std::time::Duration;

use parvaneh_core::{Instant, PersonId};
use sqlx::Row;
use uuid::Uuid;

use super::{Attempt, Attempts, SecretHash};
use crate::{Store, StoreError, store::undisturbed};

/// A second factor that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Since when.
    pub since: Instant,
    /// How many of its recovery codes are left.
    pub recovery_codes: u32,
}

/// Counted before the code is looked at, as with passwords. `$1` person, `$2` free, `$3` pause, `$4`
/// longest.
const ATTEMPT: &str = "
    update second_factors set
        failures = failures + 1,
        locked_until = case when failures + 1 >= $2 then
            clock_timestamp() + least($4, $3 * power(2, least(failures + 1 - $2, 20)))
                * interval '1 second'
        end
    where person = $1 and confirmed_at is not null
      and (locked_until is null or locked_until <= clock_timestamp())
    returning sealed";

/// Of two who bring the same code one comes through.
const TAKE: &str = "
    update second_factors set last_step = $2, failures = 0, locked_until = null
    where person = $1 and confirmed_at is not null and last_step < $2";

const TAKE_RECOVERY: &str = "
    with used as (
        update recovery_codes set used_at = clock_timestamp()
        where person = $1 and code_hash = $2 and used_at is null
        returning person)
    update second_factors f set failures = 0, locked_until = null
    from used where f.person = used.person";

pub(crate) fn of_person(person: PersonId) -> String {
    format!("second factor {person}")
}

impl Store {
    /// Somebody's second factor, if it is confirmed.
    ///
    /// # Errors
    /// The database.
    pub async fn second_factor(
        &self,
        person: PersonId,
    ) -> Result<Option<SecondFactor>, StoreError> {
        let row = sqlx::query(
            "select f.confirmed_at, (select count(*) from recovery_codes c
                 where c.person = f.person and c.used_at is null)
             from second_factors f where f.person = $1 and f.confirmed_at is not null",
        )
        .bind(person.0)
        .fetch_optional(&self.engine.readers)
        .await?;
        row.map(|row| {
            let left: i64 = row.try_get(1)?;
            Ok(SecondFactor {
                since: row.try_get(0)?,
                recovery_codes: u32::try_from(left).unwrap_or(u32::MAX),
            })
        })
        .transpose()
    }

    /// Keeps the secret of a second factor that is to be confirmed, in place of one that was not; says
    /// whether it did: not over one that is in force.
    ///
    /// # Errors
    /// [`StoreError::NoKey`]; [`StoreError::Unknown`] for a person without an account.
    pub async fn begin_second_factor(
        &self,
        person: PersonId,
        secret: &[u8],
    ) -> Result<bool, StoreError> {
        let sealed = self.vault()?.seal(&of_person(person), secret)?;
        let engine = self.engine.clone();
        undisturbed(async move {
            let kept = sqlx::query(
                "insert into second_factors as f (person, sealed) values ($1, $2)
                 on conflict (person) do update
                 set sealed = excluded.sealed, created_at = clock_timestamp()
                 where f.confirmed_at is null",
            )
            .bind(person.0)
            .bind(sealed)
            .execute(&engine.writers)
            .await?;
            Ok(kept.rows_affected() == 1)
        })
        .await
    }

    /// The secret that waits to be confirmed, if it was made within `lasts`.
    ///
    /// # Errors
    /// [`StoreError::NoKey`], [`StoreError::WrongKey`].
    pub async fn pending_second_factor(
        &self,
        person: PersonId,
        lasts: Duration,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "select sealed from second_factors where person = $1 and confirmed_at is null
               and created_at > clock_timestamp() - $2 * interval '1 second'",
        )
        .bind(person.0)
        .bind(lasts.as_secs_f64())
        .fetch_optional(&self.engine.readers)
        .await?;
        sealed.map(|sealed| self.vault()?.open(&of_person(person), &sealed)).transpose()
    }

    /// Puts a second factor in force by the code of that step, with these recovery codes; says whether
    /// one waited for it.
    ///
    /// # Errors
    /// The database.
    pub async fn confirm_second_factor(
        &self,
        person: PersonId,
        step: u64,
        codes: Vec<SecretHash>,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let confirmed = sqlx::query(
                "update second_factors set confirmed_at = clock_timestamp(), last_step = $2,
                        failures = 0, locked_until = null
                 where person = $1 and confirmed_at is null",
            )
            .bind(person.0)
            .bind(step as i64)
            .execute(&mut *in_tx)
            .await?;
            if confirmed.rows_affected() == 0 {
                return Ok(false);
            }
            replace_codes(&mut in_tx, person, codes).await?;
            in_tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Replaces somebody's recovery codes.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a person without a second factor.
    pub async fn replace_recovery_codes(
        &self,
        person: PersonId,
        codes: Vec<SecretHash>,
    ) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            replace_codes(&mut in_tx, person, codes).await?;
            in_tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Counts an attempt at the second factor, and gives the secret to check it by; `None` when
    /// there is no second factor.
    ///
    /// # Errors
    /// [`StoreError::NoKey`], [`StoreError::WrongKey`].
    pub async fn attempt_second_factor(
        &self,
        person: PersonId,
        attempts: Attempts,
    ) -> Result<Option<Attempt<Vec<u8>>>, StoreError> {
        let vault = self.vault()?;
        let engine = self.engine.clone();
        let (free, pause, longest) = attempts.bound();
        let sealed: Result<Vec<u8>, Option<f64>> = undisturbed(async move {
            let open: Option<Vec<u8>> = sqlx::query_scalar(ATTEMPT)
                .bind(person.0)
                .bind(free)
                .bind(pause)
                .bind(longest)
                .fetch_optional(&engine.writers)
                .await?;
            if let Some(sealed) = open {
                return Ok::<_, StoreError>(Ok(sealed));
            }
            let closed: Option<Option<f64>> = sqlx::query_scalar(
                "select extract(epoch from locked_until - clock_timestamp())::float8
                 from second_factors where person = $1 and confirmed_at is not null",
            )
            .bind(person.0)
            .fetch_optional(&engine.writers)
            .await?;
            Ok(Err(closed.map(Option::unwrap_or_default)))
        })
        .await?;
        match sealed {
            Ok(sealed) => Ok(Some(Attempt::Open(vault.open(&of_person(person), &sealed)?))),
            Err(Some(seconds)) => {
                Ok(Some(Attempt::Closed(Duration::from_secs_f64(seconds.max(0.0)))))
            }
            Err(None) => Ok(None),
        }
    }

    /// Takes the code of that step; says whether it did: not one of this step or an earlier one again.
    ///
    /// # Errors
    /// The database.
    pub async fn take_code(&self, person: PersonId, step: u64) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let query = sqlx::query(TAKE).bind(person.0).bind(step as i64);
            Ok(query.execute(&engine.writers).await?.rows_affected() == 1)
        })
        .await
    }

    /// Uses a recovery code up; says whether it was one that was left.
    ///
    /// # Errors
    /// The database.
    pub async fn take_recovery_code(
        &self,
        person: PersonId,
        code: SecretHash,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let query = sqlx::query(TAKE_RECOVERY).bind(person.0).bind(code.to_vec());
            Ok(query.execute(&engine.writers).await?.rows_affected() == 1)
        })
        .await
    }

    /// Removes somebody's second factor, with what was open between his password and its code; says
    /// whether there was one in force.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_second_factor(&self, person: PersonId) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let was: Option<bool> = sqlx::query_scalar(
                "with half as (delete from half_sessions where person = $1)
                 delete from second_factors where person = $1 returning confirmed_at is not null",
            )
            .bind(person.0)
            .fetch_optional(&engine.writers)
            .await?;
            Ok(was.unwrap_or(false))
        })
        .await
    }

    /// Begins what is between the password and the code.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_half_session(
        &self,
        secret: SecretHash,
        person: PersonId,
        lasts: Duration,
    ) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(
                "with cleared as (delete from half_sessions where expires_at < clock_timestamp())
                 insert into half_sessions (secret_hash, person, expires_at)
                 values ($1, $2, clock_timestamp() + $3 * interval '1 second')",
            )
            .bind(secret.to_vec())
            .bind(person.0)
            .bind(lasts.as_secs_f64())
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// Whose password was right under that secret, if there is still time for his code and his account
    /// is not disabled.
    ///
    /// # Errors
    /// The database.
    pub async fn half_session(&self, secret: &SecretHash) -> Result<Option<PersonId>, StoreError> {
        let person: Option<Uuid> = sqlx::query_scalar(
            "select h.person from half_sessions h join accounts a on a.person = h.person
             where h.secret_hash = $1 and h.expires_at > clock_timestamp()
               and a.disabled_at is null",
        )
        .bind(secret.as_slice())
        .fetch_optional(&self.engine.readers)
        .await?;
        Ok(person.map(PersonId))
    }

    /// Ends it; says whether it was open: of two who bring it one comes through.
    ///
    /// # Errors
    /// The database.
    pub async fn end_half_session(&self, secret: &SecretHash) -> Result<bool, StoreError> {
        let (engine, secret) = (self.engine.clone(), *secret);
        undisturbed(async move {
            let ended = sqlx::query(
                "delete from half_sessions
                 where secret_hash = $1 and expires_at > clock_timestamp()",
            )
            .bind(secret.to_vec())
            .execute(&engine.writers)
            .await?;
            Ok(ended.rows_affected() == 1)
        })
        .await
    }
}

async fn replace_codes(
    in_tx: &mut sqlx::PgConnection,
    person: PersonId,
    codes: Vec<SecretHash>,
) -> Result<(), StoreError> {
    let codes: Vec<Vec<u8>> = codes.iter().map(|code| code.to_vec()).collect();
    sqlx::query("delete from recovery_codes where person = $1")
        .bind(person.0)
        .execute(&mut *in_tx)
        .await?;
    sqlx::query("insert into recovery_codes (person, code_hash) select $1, unnest($2::bytea[])")
        .bind(person.0)
        .bind(codes)
        .execute(in_tx)
        .await?;
    Ok(())
}
