//! Identities at an identity provider, and the accounts that they are linked with.

use std::time::Duration;

use parvaneh_core::{Instant, PersonId};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{AccountEvent, SecretHash, session::shortened};
use crate::{Store, StoreError, store::undisturbed};

/// By what somebody of a provider is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// The provider's own name of him, which it never gives to anybody else.
    Subject(String),
    /// The address with which he is expected. Whoever first comes with it, verified by the provider,
    /// is he; from then on his subject counts.
    Email(String),
}

/// An identity that is linked with an account.
#[derive(Clone, Debug)]
pub struct NewIdentity {
    /// Its identifier, made outside.
    pub id: Uuid,
    /// Whose account.
    pub person: PersonId,
    /// The provider, as its tokens name it.
    pub issuer: String,
    /// Who it is there.
    pub known_by: KnownBy,
    /// Who links it; none for the command line.
    pub made_by: Option<PersonId>,
}

/// A linked identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its identifier.
    pub id: Uuid,
    /// The provider.
    pub issuer: String,
    /// Who it is there; none before he has come.
    pub subject: Option<String>,
    /// With which address he was expected.
    pub email: Option<String>,
    /// When it was linked, or expected.
    pub created_at: Instant,
    /// When the subject became known.
    pub linked_at: Option<Instant>,
    /// When somebody last came by it.
    pub last_login_at: Option<Instant>,
}

/// What a provider has proved of somebody who comes.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The provider.
    pub issuer: String,
    /// Its name of him.
    pub subject: String,
    /// His address, only if the provider has verified it.
    pub email: Option<String>,
    /// The nonce of this login, hashed.
    pub nonce_hash: SecretHash,
}

/// The browser of somebody who comes by a provider.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// The identifier of the session, made outside.
    pub session: Uuid,
    /// What the cookie will hold, hashed.
    pub secret_hash: SecretHash,
    /// How long the session lasts, whatever happens.
    pub lasts: Duration,
    /// What the browser says of itself.
    pub agent: Option<String>,
    /// From where it comes.
    pub address: Option<String>,
}

/// What became of a login by a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByIdentity {
    /// A session of that person has begun.
    Begun(PersonId),
    /// Nobody who can log in is linked with that identity.
    Nobody,
    /// This login has begun a session before.
    Replayed,
}

/// Whose account it is; held until the session has begun, so that who unlinks sees the session.
const LINKED: &str = "
    select i.id, i.person, a.disabled_at is null
    from identities i join accounts a on a.person = i.person
    where i.issuer = $1 and i.subject = $2
    for update of i";

const EXPECTED: &str = "
    update identities i set subject = $2, linked_at = clock_timestamp()
    from accounts a
    where a.person = i.person and a.disabled_at is null
      and i.issuer = $1 and i.subject is null and lower(i.email) = lower($3)
    returning i.id, i.person, true";

const BEGIN: &str = "
    with noted as (
        update accounts set last_login_at = clock_timestamp() where person = $3
    ), used as (
        update identities set last_login_at = clock_timestamp() where id = $7)
    insert into sessions (id, secret_hash, person, expires_at, agent, address, identity)
    values ($1, $2, $3, clock_timestamp() + $4 * interval '1 second', $5, $6, $7)";

impl Store {
    /// Links an identity with an account, or says with which address somebody is expected.
    ///
    /// # Errors
    /// [`StoreError::IdentityTaken`] when it is linked or expected already.
    pub async fn link_identity(&self, new: NewIdentity) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let (subject, email) = match &new.known_by {
                KnownBy::Subject(subject) => (Some(subject), None),
                KnownBy::Email(email) => (None, Some(email)),
            };
            sqlx::query(
                "insert into identities (id, person, issuer, subject, email, made_by, linked_at)
                 values ($1, $2, $3, $4, $5, $6,
                         case when $4::text is not null then clock_timestamp() end)",
            )
            .bind(new.id)
            .bind(new.person.0)
            .bind(&new.issuer)
            .bind(subject)
            .bind(email)
            .bind(new.made_by.map(|person| person.0))
            .execute(&engine.writers)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(said) if said.is_unique_violation() => StoreError::IdentityTaken,
                _ => error.into(),
            })?;
            Ok(())
        })
        .await
    }

    /// The identities that are linked with somebody's account.
    ///
    /// # Errors
    /// The database.
    pub async fn identities_of(&self, person: PersonId) -> Result<Vec<Identity>, StoreError> {
        let rows = sqlx::query(
            "select id, issuer, subject, email, created_at, linked_at, last_login_at
             from identities where person = $1 order by created_at, id limit 200",
        )
        .bind(person.0)
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter().map(identity).collect()
    }

    /// Takes an identity from somebody's account, and ends every session that began by it; says
    /// whether there was one.
    ///
    /// # Errors
    /// The database.
    pub async fn unlink_identity(&self, person: PersonId, id: Uuid) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            // First the row, for which a login in hand is waited: the next statement sees its session.
            let held =
                sqlx::query("select from identities where person = $1 and id = $2 for update")
                    .bind(person.0)
                    .bind(id)
                    .fetch_optional(&mut *in_tx)
                    .await?;
            if held.is_none() {
                return Ok(false);
            }
            sqlx::query(
                "update sessions set revoked_at = clock_timestamp()
                 where identity = $1 and revoked_at is null",
            )
            .bind(id)
            .execute(&mut *in_tx)
            .await?;
            sqlx::query("delete from identities where id = $1")
                .bind(id)
                .execute(&mut *in_tx)
                .await?;
            in_tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Whether that subject of a provider is linked with an account.
    ///
    /// # Errors
    /// The database.
    pub async fn is_linked(&self, issuer: &str, subject: &str) -> Result<bool, StoreError> {
        let sql = "select exists (select from identities where issuer = $1 and subject = $2)";
        let row = sqlx::query_scalar(sql).bind(issuer).bind(subject);
        Ok(row.fetch_one(&self.engine.readers).await?)
    }

    /// Begins a session of whoever is linked with an identity, once for each login.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_session_by_identity(
        &self,
        proved: Proved,
        newcomer: Newcomer,
    ) -> Result<ByIdentity, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let begun = begin_in_tx(&mut in_tx, &proved, newcomer).await?;
            if let ByIdentity::Begun(_) = begun {
                in_tx.commit().await?;
            }
            Ok(begun)
        })
        .await
    }
}

async fn begin_in_tx(
    in_tx: &mut PgConnection,
    proved: &Proved,
    newcomer: Newcomer,
) -> Result<ByIdentity, StoreError> {
    let first = sqlx::query(
        "with cleared as (
             delete from identity_logins where at < clock_timestamp() - interval '1 day')
         insert into identity_logins (nonce_hash) values ($1) on conflict do nothing",
    )
    .bind(proved.nonce_hash.as_slice())
    .execute(&mut *in_tx)
    .await?;
    if first.rows_affected() == 0 {
        return Ok(ByIdentity::Replayed);
    }
    let linked = sqlx::query(LINKED).bind(&proved.issuer).bind(&proved.subject);
    let mut found = linked.fetch_optional(&mut *in_tx).await?;
    if let (None, Some(email)) = (&found, &proved.email) {
        let expected = sqlx::query(EXPECTED).bind(&proved.issuer).bind(&proved.subject).bind(email);
        found = expected.fetch_optional(&mut *in_tx).await?;
        if let Some(found) = &found {
            let sql = "insert into account_events (person, kind, by_person, address)
                       values ($1, $2, $1, $3)";
            sqlx::query(sql)
                .bind(found.try_get::<Uuid, _>(1)?)
                .bind(AccountEvent::IdentityBound.as_str())
                .bind(&newcomer.address)
                .execute(&mut *in_tx)
                .await?;
        }
    }
    let Some(found) = found else { return Ok(ByIdentity::Nobody) };
    let (identity, person): (Uuid, Uuid) = (found.try_get(0)?, found.try_get(1)?);
    if !found.try_get::<bool, _>(2)? {
        return Ok(ByIdentity::Nobody);
    }
    sqlx::query(BEGIN)
        .bind(newcomer.session)
        .bind(newcomer.secret_hash.as_slice())
        .bind(person)
        .bind(newcomer.lasts.as_secs_f64())
        .bind(newcomer.agent.map(|text| shortened(&text)))
        .bind(newcomer.address)
        .bind(identity)
        .execute(&mut *in_tx)
        .await?;
    Ok(ByIdentity::Begun(PersonId(person)))
}

fn identity(row: &PgRow) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: row.try_get(0)?,
        issuer: row.try_get(1)?,
        subject: row.try_get(2)?,
        email: row.try_get(3)?,
        created_at: row.try_get(4)?,
        linked_at: row.try_get(5)?,
        last_login_at: row.try_get(6)?,
    })
}
