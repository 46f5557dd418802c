//! How often somebody may guess a password.
//!
//! What is counted belongs to a login, whether anybody has it or not: whoever guesses cannot tell by
//! what is closed which logins there are. An attempt is counted before the password is looked at, so
//! that many at once are no more than as many one after the other.

use std::time::Duration;

use parvaneh_core::PersonId;

use crate::{Store, StoreError, store::undisturbed};

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

impl Attempts {
    /// The values by which a statement counts.
    pub(super) fn bound(self) -> (i32, f64, f64) {
        let free = i32::try_from(self.free.max(1)).unwrap_or(i32::MAX);
        (free, self.pause.as_secs_f64(), self.longest.as_secs_f64())
    }
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
}

/// Whether a guess may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt<T> {
    /// Not for that long.
    Closed(Duration),
    /// It may, and counts as wrong until it was right.
    Open(T),
}

/// `$1` pepper, `$2` login, `$3` free, `$4` pause, `$5` longest. A day without an attempt forgets all
/// of them.
const ATTEMPT: &str = "
    with asked as (
        select sha256($1::bytea || convert_to(lower($2), 'UTF8')) as hash
    ), cleared as (
        delete from login_failures where ctid = any (array(
            select old.ctid from login_failures old
            where old.failed_at < clock_timestamp() - interval '1 day'
              and old.login_hash <> (select hash from asked)
            limit 100))
    )
    insert into login_failures as f (login_hash, failures, locked_until)
    select hash, 1, case when $3 <= 1 then clock_timestamp() + $4 * interval '1 second' end
    from asked
    on conflict (login_hash) do update set
        failed_at = clock_timestamp(),
        failures = case when f.failed_at < clock_timestamp() - interval '1 day' then 1
                        else f.failures + 1 end,
        locked_until = case
            when f.failed_at < clock_timestamp() - interval '1 day' then excluded.locked_until
            when f.failures + 1 >= $3 then clock_timestamp()
                + least($5, $4 * power(2, least(f.failures + 1 - $3, 20))) * interval '1 second'
        end
    where f.locked_until is null or f.locked_until <= clock_timestamp()
    returning true";

const CLOSED: &str = "
    select greatest(0, extract(epoch from locked_until - clock_timestamp())::float8)
    from login_failures where login_hash = sha256($1::bytea || convert_to(lower($2), 'UTF8'))";

const CREDENTIALS: &str = "
    select person, password_hash, disabled_at is not null
    from accounts where lower(login) = lower($1)";

impl Store {
    /// Counts an attempt to log in, and says what its password is checked against: nothing for a
    /// login that nobody has.
    ///
    /// # Errors
    /// The database.
    pub async fn attempt_login(
        &self,
        login: &str,
        attempts: Attempts,
    ) -> Result<Attempt<Option<Credentials>>, StoreError> {
        let (engine, pepper) = (self.engine.clone(), self.pepper());
        // No login in the database holds it.
        let asked = login.replace('\0', "\u{fffd}");
        let (free, pause, longest) = attempts.bound();
        let closed = undisturbed(async move {
            let open: Option<bool> = sqlx::query_scalar(ATTEMPT)
                .bind(&pepper)
                .bind(&asked)
                .bind(free)
                .bind(pause)
                .bind(longest)
                .fetch_optional(&engine.writers)
                .await?;
            if open.is_some() {
                return Ok::<_, StoreError>(None);
            }
            let seconds: Option<Option<f64>> = sqlx::query_scalar(CLOSED)
                .bind(&pepper)
                .bind(&asked)
                .fetch_optional(&engine.writers)
                .await?;
            Ok(Some(Duration::from_secs_f64(seconds.flatten().unwrap_or_default())))
        });
        match closed.await? {
            Some(closed) => Ok(Attempt::Closed(closed)),
            None => Ok(Attempt::Open(self.credentials(login).await?)),
        }
    }

    /// Forgets the wrong passwords of a login: the right one came.
    ///
    /// # Errors
    /// The database.
    pub async fn login_succeeded(&self, login: &str) -> Result<(), StoreError> {
        let (engine, pepper) = (self.engine.clone(), self.pepper());
        let login = login.replace('\0', "\u{fffd}");
        undisturbed(async move {
            sqlx::query(
                "delete from login_failures
                 where login_hash = sha256($1::bytea || convert_to(lower($2), 'UTF8'))",
            )
            .bind(pepper)
            .bind(login)
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// What a login is checked against.
    ///
    /// # Errors
    /// The database.
    pub async fn credentials(&self, login: &str) -> Result<Option<Credentials>, StoreError> {
        if login.contains('\0') {
            return Ok(None);
        }
        let row: Option<(uuid::Uuid, Option<String>, bool)> =
            sqlx::query_as(CREDENTIALS).bind(login).fetch_optional(&self.engine.readers).await?;
        Ok(row.map(|(person, password_hash, disabled)| Credentials {
            person: PersonId(person),
            password_hash,
            disabled,
        }))
    }
}
