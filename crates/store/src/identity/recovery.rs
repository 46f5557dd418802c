//! A new password for whoever has forgotten his, by a link in a mail to his address of record.
//!
//! The link is made when the mail is sent, and is in the mail alone: no secret waits anywhere.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parvaneh_core::PersonId;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest as _, Sha256};
use sqlx::Row;
use uuid::Uuid;

use super::{AccountEvent, LinkPurpose, NewLink};
use crate::{
    Language, Store, StoreError,
    notify::{Reason, language},
    store::undisturbed,
};

/// How long a link works, and how long after it was asked for a mail is still worth sending.
const LASTS: Duration = Duration::from_secs(30 * 60);
/// Of those who share an address.
const MOST: i64 = 5;

/// Who can be written to: those who log in by a password, by their login or their address.
const KNOWN: &str = "
    select a.person, n.email
    from accounts a join notice_preferences n on n.person = a.person
    where lower(a.login) = lower($1) and n.email is not null
      and a.password_hash is not null and a.disabled_at is null
    union
    select a.person, n.email
    from notice_preferences n join accounts a on a.person = n.person
    where lower(n.email) = lower($1)
      and a.password_hash is not null and a.disabled_at is null
    limit $2";

/// Not again within five minutes, and no more than five times a day.
const ASK: &str = "
    with asked as (
        insert into password_recoveries (id, person, email, site)
        select gen_random_uuid(), k.person, k.email, $3
        from unnest($1::uuid[], $2::text[]) as k (person, email)
        where (select count(*) < 5 and coalesce(
                   bool_and(r.asked_at < clock_timestamp() - interval '5 minutes'), true)
               from password_recoveries r
               where r.person = k.person
                 and r.asked_at > clock_timestamp() - interval '1 day')
        returning id, person
    ), noted as (
        insert into account_events (person, kind, address) select person, $4, $5 from asked)
    insert into deliveries (about, channel, target, no, kind, state, created_at)
    select id, 'recovery', person, 0, 'recovery', 'waiting', clock_timestamp() from asked";

/// What is asked of it, unless it is too old, its account is closed, or another was asked for since.
const ASKED: &str = "
    select r.person, r.email, r.site, a.login, coalesce(n.language, 'fa'),
           r.asked_at > clock_timestamp() - $2 * interval '1 second'
               and a.disabled_at is null
               and not exists (select from password_recoveries later
                   where later.person = r.person and later.asked_at > r.asked_at)
    from password_recoveries r
    join accounts a on a.person = r.person
    left join notice_preferences n on n.person = r.person
    where r.id = $1";

/// A mail with a link by which its reader sets a new password.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryMail {
    /// Where to.
    pub email: String,
    /// In which language.
    pub language: Language,
    /// With what its reader logs in.
    pub login: String,
    /// Where people reach the service.
    pub site: String,
    /// Where the link leads. Whoever has it sets the password.
    pub link: String,
    /// How many minutes it works.
    pub minutes: u64,
}

impl std::fmt::Debug for RecoveryMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the link: this may reach a log.
        f.debug_struct("RecoveryMail").field("site", &self.site).finish_non_exhaustive()
    }
}

impl Store {
    /// Whoever has that login or address gets a mail with a link to set a new password, if he logs in
    /// by a password and has an address of record: not again within five minutes, and no more than
    /// five times a day. `site` is where people reach the service, `address` from where it was asked.
    /// Nothing tells whether there is such a person; how long it takes does, so that nobody is made
    /// to wait for it.
    ///
    /// # Errors
    /// The database.
    pub async fn ask_recovery(
        &self,
        login_or_address: &str,
        site: &str,
        address: Option<String>,
    ) -> Result<(), StoreError> {
        if login_or_address.contains('\0') {
            return Ok(());
        }
        let known: Vec<(Uuid, String)> = sqlx::query_as(KNOWN)
            .bind(login_or_address)
            .bind(MOST)
            .fetch_all(&self.engine.readers)
            .await?;
        if known.is_empty() {
            return Ok(());
        }
        let (engine, site) = (self.engine.clone(), site.to_owned());
        undisturbed(async move {
            let (people, emails): (Vec<Uuid>, Vec<String>) = known.into_iter().unzip();
            let mut in_tx = engine.writers.begin().await?;
            // Of two who ask at once the second sees what the first has asked.
            sqlx::query(
                "select from accounts where person = any ($1) order by person for no key update",
            )
            .bind(&people)
            .execute(&mut *in_tx)
            .await?;
            sqlx::query(ASK)
                .bind(people)
                .bind(emails)
                .bind(site)
                .bind(AccountEvent::PasswordRecoveryAsked.as_str())
                .bind(address)
                .execute(&mut *in_tx)
                .await?;
            in_tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// What a mail says by which somebody gets his link; `None` when it is worth nothing any more. Each
    /// call makes another link, and the former ones of the person work no longer.
    ///
    /// # Errors
    /// The database.
    pub async fn recovery_mail(&self, reason: &Reason) -> Result<Option<RecoveryMail>, StoreError> {
        let row = sqlx::query(ASKED)
            .bind(reason.about)
            .bind(LASTS.as_secs_f64())
            .fetch_optional(&self.engine.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        if !row.try_get::<bool, _>(5)? {
            return Ok(None);
        }
        let mut secret = [0; 32];
        SystemRandom::new().fill(&mut secret).map_err(|_| StoreError::Closed)?;
        let link = NewLink {
            secret_hash: Sha256::digest(secret).into(),
            purpose: LinkPurpose::RecoverPassword,
            person: PersonId(row.try_get(0)?),
            lasts: LASTS,
        };
        self.add_link(link).await?;
        let site: String = row.try_get(2)?;
        Ok(Some(RecoveryMail {
            email: row.try_get(1)?,
            language: language(row.try_get(4)?),
            login: row.try_get(3)?,
            link: format!("{site}/set-password/{}", URL_SAFE_NO_PAD.encode(secret)),
            site,
            minutes: LASTS.as_secs() / 60,
        }))
    }
}
