//! Accounts: logins, and whether they open anything.

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
    /// When it was made.
    pub created_at: Instant,
    /// When somebody last logged in by it.
    pub last_login_at: Option<Instant>,
}

const SELECT: &str = "
    select a.person, p.name, a.login, a.password_hash is not null, a.disabled_at, a.created_at,
           a.last_login_at
    from accounts a join people p on p.id = a.person";

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

    /// Sets a password, ends everything that was open by the former one and every link by which
    /// another could be set, and lets the person in again if he was locked out; with `tokens`, if there was
    /// a former one, also every token by which machines act for him. `hash` is Argon2id in the PHC form.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a person without an account.
    pub async fn set_password(
        &self,
        person: PersonId,
        hash: &str,
        tokens: bool,
    ) -> Result<(), StoreError> {
        let (engine, hash, pepper) = (self.engine.clone(), hash.to_owned(), self.pepper());
        undisturbed(async move {
            let set: Option<Uuid> = sqlx::query_scalar(
                "with ended as (
                     update sessions set revoked_at = clock_timestamp()
                     where person = $1 and revoked_at is null
                 ), half as (
                     delete from half_sessions where person = $1
                 ), links as (
                     update one_time_links set used_at = clock_timestamp()
                     where person = $1 and used_at is null
                 ), tokens as (
                     update api_tokens set revoked_at = clock_timestamp()
                     where $4 and person = $1 and revoked_at is null
                       and exists (select from accounts
                                   where person = $1 and password_hash is not null)
                 ), forgotten as (
                     delete from login_failures where login_hash = (
                         select sha256($3::bytea || convert_to(lower(login), 'UTF8'))
                         from accounts where person = $1))
                 update accounts set password_hash = $2, password_set_at = clock_timestamp()
                 where person = $1 returning person",
            )
            .bind(person.0)
            .bind(hash)
            .bind(pepper)
            .bind(tokens)
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
                 ), half as (
                     delete from half_sessions where $2 and person = $1
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
        created_at: row.try_get(5)?,
        last_login_at: row.try_get(6)?,
    })
}
