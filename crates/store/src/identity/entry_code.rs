//! Coming in by a code that is sent by mail: for applicants, who have no office and often no password.
//!
//! The code is made when the mail is written, and is in the mail alone; what is kept is its hash. It opens only
//! for the browser that asked, which holds the identifier. Whether an address has an account, no answer tells:
//! each asking makes a row, also where nothing is sent.

use std::time::Duration;

use parvaneh_core::PersonId;
use ring::rand::{SecureRandom, SystemRandom};
use sqlx::Row;
use uuid::Uuid;

use crate::{
    Language, Store, StoreError,
    notify::{Reason, language},
    store::undisturbed,
};

/// How long a code works, from when it was asked for.
const LASTS: Duration = Duration::from_secs(15 * 60);
/// How long whoever has proved an address has to say who he is.
const TO_REGISTER: Duration = Duration::from_secs(30 * 60);
/// How often a code may be guessed.
const TRIES: i32 = 5;
/// How many codes an address gets a day.
const MOST: i64 = 10;

/// `$1` identifier, `$2` address, `$3` language, `$4` site, `$5` whether new accounts may be made, `$6` how many
/// a day. A code is not enough for who has an office, a second factor, or an account that is disabled.
const ASK: &str = "
    with known as (
        select a.person, lower(a.login) = lower($2) as by_login,
               a.disabled_at is not null
               or exists (select from grants g where g.person = a.person)
               or exists (select from second_factors f
                          where f.person = a.person and f.confirmed_at is not null) as closed
        from accounts a left join notice_preferences n on n.person = a.person
        where lower(a.login) = lower($2) or lower(n.email) = lower($2)
    ), lately as (
        select count(*) as asked,
               coalesce(max(asked_at) > clock_timestamp() - interval '1 minute', false) as just
        from entry_codes
        where lower(email) = lower($2) and sends
          and asked_at > clock_timestamp() - interval '1 day'
    ), made as (
        insert into entry_codes (id, email, person, sends, language, site)
        select $1, $2,
               (select person from known where not closed order by by_login desc limit 1),
               not exists (select from known where closed)
               and ($5 or exists (select from known))
               and lately.asked < $6 and not lately.just,
               $3, $4
        from lately
        returning id, sends)
    insert into deliveries (about, channel, target, no, kind, state, created_at)
    select id, 'code', id, 0, 'code', 'waiting', clock_timestamp() from made where sends";

/// Each mail has another code.
const WRITE: &str = "
    update entry_codes set code_hash = sha256($3::bytea || convert_to(id::text || $2, 'UTF8'))
    where id = $1 and sends and proved_at is null and used_at is null
      and asked_at > clock_timestamp() - $4 * interval '1 second'
    returning email, language, site";

/// A guess counts before it is looked at.
const PROVE: &str = "
    update entry_codes set tries = tries + 1,
        proved_at = case when code_hash = sha256($3::bytea || convert_to(id::text || $2, 'UTF8'))
                         then clock_timestamp() end
    where id = $1 and proved_at is null and tries < $4
      and asked_at > clock_timestamp() - $5 * interval '1 second'
    returning proved_at is not null, person";

/// A mail with a code.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryMail {
    /// Where to.
    pub email: String,
    /// In which language.
    pub language: Language,
    /// Where people reach the service.
    pub site: String,
    /// The code, six digits. Whoever asked for it comes in by it.
    pub code: String,
    /// How many minutes it works, at most.
    pub minutes: u64,
}

impl std::fmt::Debug for EntryMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the code: this may reach a log.
        f.debug_struct("EntryMail").field("site", &self.site).finish_non_exhaustive()
    }
}

/// What became of a code that somebody brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryProof {
    /// It is another one.
    Wrong,
    /// It works no longer: too old, used, or guessed too often.
    Over,
    /// It is the right one; whose account it opens, where the address has one.
    Right(Option<PersonId>),
}

/// Who somebody says he is.
#[derive(Clone, Debug)]
pub struct NewApplicant {
    /// His identifier, made outside.
    pub person: PersonId,
    /// His name, or that of the legal person.
    pub name: String,
    /// His national id, or that of the legal person; its digits have been checked.
    pub identifier: String,
}

impl Store {
    /// Somebody wants to come in by a code to that address. `id` is what his browser keeps. `registers` says
    /// whether accounts may be made that way; `site` is where people reach the service. Nothing tells
    /// whether the address has an account, or whether anything is sent.
    ///
    /// # Errors
    /// The database.
    pub async fn ask_entry(
        &self,
        id: Uuid,
        email: &str,
        language: Language,
        site: &str,
        registers: bool,
    ) -> Result<(), StoreError> {
        let (engine, email, site) = (self.engine.clone(), email.to_owned(), site.to_owned());
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            // Of two who ask at once the second sees what the first has asked.
            sqlx::query("select pg_advisory_xact_lock(hashtextextended('entry ' || lower($1), 0))")
                .bind(&email)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(ASK)
                .bind(id)
                .bind(email)
                .bind(language.as_str())
                .bind(site)
                .bind(registers)
                .bind(MOST)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// What a mail says by which somebody gets his code; `None` when it is worth nothing any more. Each call
    /// makes another code, and the former ones work no longer.
    ///
    /// # Errors
    /// The database.
    pub async fn entry_mail(&self, reason: &Reason) -> Result<Option<EntryMail>, StoreError> {
        let (engine, pepper, id) = (self.engine.clone(), self.pepper(), reason.about);
        let code = six_digits()?;
        undisturbed(async move {
            let row = sqlx::query(WRITE)
                .bind(id)
                .bind(&code)
                .bind(pepper)
                .bind(LASTS.as_secs_f64())
                .fetch_optional(&engine.writers)
                .await?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(EntryMail {
                email: row.try_get(0)?,
                language: language(row.try_get(1)?),
                site: row.try_get(2)?,
                code,
                minutes: LASTS.as_secs() / 60,
            }))
        })
        .await
    }

    /// Looks at a code, for the browser that has that identifier.
    ///
    /// # Errors
    /// The database.
    pub async fn prove_entry(&self, id: Uuid, code: &str) -> Result<EntryProof, StoreError> {
        let (engine, pepper) = (self.engine.clone(), self.pepper());
        let code = code.replace('\0', " ");
        undisturbed(async move {
            let row = sqlx::query(PROVE)
                .bind(id)
                .bind(code)
                .bind(pepper)
                .bind(TRIES)
                .bind(LASTS.as_secs_f64())
                .fetch_optional(&engine.writers)
                .await?;
            let Some(row) = row else { return Ok(EntryProof::Over) };
            Ok(match row.try_get::<bool, _>(0)? {
                false => EntryProof::Wrong,
                true => EntryProof::Right(row.try_get::<Option<Uuid>, _>(1)?.map(PersonId)),
            })
        })
        .await
    }

    /// The address that somebody has proved and for which he can make an account now.
    ///
    /// # Errors
    /// The database.
    pub async fn proved_address(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let proved = sqlx::query_scalar(
            "select email from entry_codes
             where id = $1 and person is null and used_at is null
               and proved_at > clock_timestamp() - $2 * interval '1 second'",
        );
        let proved = proved.bind(id).bind(TO_REGISTER.as_secs_f64());
        Ok(proved.fetch_optional(&self.engine.readers).await?)
    }

    /// Makes an account for who has proved an address: with it he logs in, and there he is written to. `None`
    /// where nothing is proved any more, or the address has an account by now.
    ///
    /// # Errors
    /// The database.
    pub async fn register(
        &self,
        id: Uuid,
        new: NewApplicant,
    ) -> Result<Option<PersonId>, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            let used = sqlx::query(
                "update entry_codes c set used_at = clock_timestamp()
                 where id = $1 and person is null and used_at is null
                   and proved_at > clock_timestamp() - $2 * interval '1 second'
                   and not exists (select from accounts a where lower(a.login) = lower(c.email))
                 returning email, language",
            )
            .bind(id)
            .bind(TO_REGISTER.as_secs_f64())
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(used) = used else { return Ok(None) };
            let (email, language): (String, String) = (used.try_get(0)?, used.try_get(1)?);
            let NewApplicant { person, name, identifier } = new;
            for (sql, texts) in [
                ("insert into people (id, name) values ($1, $2)", vec![&name]),
                ("insert into accounts (person, login) values ($1, $2)", vec![&email]),
                (
                    "insert into notice_preferences (person, email, language) values ($1, $2, $3)",
                    vec![&email, &language],
                ),
                ("insert into applicants (person, identifier) values ($1, $2)", vec![&identifier]),
            ] {
                let mut query = sqlx::query(sql).bind(person.0);
                for text in texts {
                    query = query.bind(text);
                }
                query.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(Some(person))
        })
        .await
    }

    /// By which number somebody is known who has made his account himself.
    ///
    /// # Errors
    /// The database.
    pub async fn identifier_of(&self, person: PersonId) -> Result<Option<String>, StoreError> {
        let known = sqlx::query_scalar("select identifier from applicants where person = $1");
        Ok(known.bind(person.0).fetch_optional(&self.engine.readers).await?)
    }

    /// Clears away up to `limit` askings older than two days; says how many.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_entry_codes(&self, limit: usize) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let gone = sqlx::query(
                "delete from entry_codes where ctid = any (array(
                     select ctid from entry_codes
                     where asked_at < clock_timestamp() - interval '2 days' limit $1))",
            )
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .execute(&engine.writers)
            .await?;
            Ok(gone.rows_affected())
        })
        .await
    }
}

/// Six digits, each row of them as likely as any other.
fn six_digits() -> Result<String, StoreError> {
    /// The largest multiple of a million that four bytes hold.
    const FAIR: u32 = u32::MAX - u32::MAX % 1_000_000;
    loop {
        let mut bytes = [0; 4];
        SystemRandom::new().fill(&mut bytes).map_err(|_| StoreError::Closed)?;
        let number = u32::from_be_bytes(bytes);
        if number < FAIR {
            return Ok(format!("{:06}", number % 1_000_000));
        }
    }
}
