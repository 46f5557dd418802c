//! Accounts: logins, password hashes, lockout.

use std::time::Duration;

use parvaneh_core::{Instant, PersonId};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Store, StoreError, store::undisturbed};

/// An account, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub person: PersonId,
    /// His name.
    pub name: String,
    /// With what he logs in.
    pub login: String,
    /// Whether a password is set.
    pub has_password: bool,
    /// From when on it opens nothing.
    pub disabled_at: Option<Instant>,
    /// Up to when no password is looked at.
    pub locked_until: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When somebody last logged in by it.
    pub last_login_at: Option<Instant>,
}

/// What a login is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Whose.
    pub person: PersonId,
    /// Argon2id, in the PHC form.
    pub password_hash: Option<String>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Whether no password is looked at now.
    pub locked: bool,
}

/// How often somebody may guess.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    /// After so many wrong passwords in a row no further one is looked at for a while.
    pub free: u32,
    /// For how long; twice as long with each further wrong one.
    pub pause: Duration,
    /// But never longer than this: else anybody could keep anybody out.
    pub longest: Duration,
}

const SELECT: &str = "
    select a.person, p.name, a.login, a.password_hash is not null, a.disabled_at, a.locked_until,
           a.created_at, a.last_login_at
    from accounts a join people p on p.id = a.person";

const FAILED: &str = "
    update accounts set
        failures = failures + 1,
        locked_until = case when failures + 1 >= $2 then
            clock_timestamp() + least($4, $3 * power(2, least(failures + 1 - $2, 20)))
                * interval '1 second'
        end
    where person = $1";

impl Store {
    /// Makes an account for a person, or changes its login.
    ///
    /// # Errors
    /// [`StoreError::LoginTaken`]; [`StoreError::Unknown`] for an unknown person.
    pub async fn save_account(&self, person: PersonId, login: &str) -> Result<(), StoreError> {
        let (engine, login) = (self.engine.clone(), login.to_owned());
        undisturbed(async move {
            sqlx::query(
                "insert into accounts (person, login) values ($1, $2)
                 on conflict (person) do update set login = excluded.login",
            )
            .bind(person.0)
            .bind(&login)
            .execute(&engine.writers)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(said) if said.is_unique_violation() => StoreError::LoginTaken(login),
                _ => error.into(),
            })?;
            Ok(())
        })
        .await
    }

    /// Somebody's account.
    ///
    /// # Errors
    /// The database.
    pub async fn account(&self, person: PersonId) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} where a.person = $1")))
            .bind(person.0)
            .fetch_optional(&self.engine.readers)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// Accounts by login, at most so many, after that login.
    ///
    /// # Errors
    /// The database.
    pub async fn accounts(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let sql = format!(
            "{SELECT} where $1::text is null or lower(a.login) > lower($1)
             order by lower(a.login) limit $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after)
            .bind(i64::from(limit.clamp(1, 500)))
            .fetch_all(&self.engine.readers)
            .await?;
        rows.iter().map(account).collect()
    }

    /// Whether anybody can log in at all.
    ///
    /// # Errors
    /// The database.
    pub async fn has_accounts(&self) -> Result<bool, StoreError> {
        let sql = "select exists (select from accounts)";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.engine.readers).await?)
    }

    /// What a login is checked against.
    ///
    /// # Errors
    /// The database.
    pub async fn credentials(&self, login: &str) -> Result<Option<Credentials>, StoreError> {
        if login.contains('\0') {
            return Ok(None);
        }
        let row = sqlx::query(
            "select person, password_hash, disabled_at is not null,
                    coalesce(locked_until > clock_timestamp(), false)
             from accounts where lower(login) = lower($1)",
        )
        .bind(login)
        .fetch_optional(&self.engine.readers)
        .await?;
        row.map(|row| {
            Ok(Credentials {
                person: PersonId(row.try_get(0)?),
                password_hash: row.try_get(1)?,
                disabled: row.try_get(2)?,
                locked: row.try_get(3)?,
            })
        })
        .transpose()
    }

    /// Notes a wrong password.
    ///
    /// # Errors
    /// The database.
    pub async fn login_failed(
        &self,
        person: PersonId,
        attempts: Attempts,
    ) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(FAILED)
                .bind(person.0)
                .bind(attempts.free.max(1) as i32)
                .bind(attempts.pause.as_secs_f64())
                .bind(attempts.longest.as_secs_f64())
                .execute(&engine.writers)
                .await?;
            Ok(())
        })
        .await
    }

    /// Sets a password, ends everything that was open by the former one, and lets the person in
    /// again if he was locked out. `hash` is Argon2id in the PHC form.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a person without an account.
    pub async fn set_password(&self, person: PersonId, hash: &str) -> Result<(), StoreError> {
        let (engine, hash) = (self.engine.clone(), hash.to_owned());
        undisturbed(async move {
            let set: Option<Uuid> = sqlx::query_scalar(
                "with ended as (
                     update sessions set revoked_at = clock_timestamp()
                     where person = $1 and revoked_at is null)
                 update accounts set password_hash = $2, password_set_at = clock_timestamp(),
                     failures = 0, locked_until = null
                 where person = $1 returning person",
            )
            .bind(person.0)
            .bind(hash)
            .fetch_optional(&engine.writers)
            .await?;
            set.map(|_| ()).ok_or_else(|| StoreError::Unknown(format!("an account of {person}")))
        })
        .await
    }

    /// Disables an account, or lets it in again. From then on none of its sessions and tokens opens
    /// anything; what was disabled stays ended.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a person without an account.
    pub async fn set_disabled(&self, person: PersonId, disabled: bool) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let set: Option<Uuid> = sqlx::query_scalar(
                "with sessions as (
                     update sessions set revoked_at = clock_timestamp()
                     where $2 and person = $1 and revoked_at is null
                 ), tokens as (
                     update api_tokens set revoked_at = clock_timestamp()
                     where $2 and person = $1 and revoked_at is null)
                 update accounts set disabled_at =
                     case when $2 then coalesce(disabled_at, clock_timestamp()) end
                 where person = $1 returning person",
            )
            .bind(person.0)
            .bind(disabled)
            .fetch_optional(&engine.writers)
            .await?;
            set.map(|_| ()).ok_or_else(|| StoreError::Unknown(format!("an account of {person}")))
        })
        .await
    }
}

fn account(row: &PgRow) -> Result<Account, StoreError> {
    Ok(Account {
        person: PersonId(row.try_get(0)?),
        name: row.try_get(1)?,
        login: row.try_get(2)?,
        has_password: row.try_get(3)?,
        disabled_at: row.try_get(4)?,
        locked_until: row.try_get(5)?,
        created_at: row.try_get(6)?,
        last_login_at: row.try_get(7)?,
    })
}
