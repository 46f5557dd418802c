//! Another key for an installation: everything that the former one has sealed is sealed anew, at once.

use parvaneh_core::PersonId;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::{
    SecretKey, Store, StoreError,
    identity::of_person,
    personal::of_key,
    vault::{KNOWN, Vault, of_webhook, open_text, seal_text},
};

/// What was sealed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyChanged {
    /// Secrets of second factors.
    pub second_factors: u64,
    /// Secrets of webhooks.
    pub webhooks: u64,
    /// Keys of people.
    pub people: u64,
}

/// Why the key of an installation stays.
#[derive(Debug, thiserror::Error)]
pub enum KeyUnchanged {
    /// Processes that know only the former key would seal by it.
    #[error("{0} connections of the program are open: end every service and worker first")]
    InUse(i64),
    /// The database, or a key that is another one.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for KeyUnchanged {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Whoever can become the program and is connected to this database.
const OTHERS: &str = "
    select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and backend_type = 'client backend' and pg_has_role(usesysid, 'parvaneh_program', 'member')";

impl Store {
    /// Seals everything by another key, as the owner of the database, in one transaction; whoever comes
    /// meanwhile waits. What the former key has signed (links for inquiries) and counted (wrong passwords)
    /// is worth nothing afterwards.
    ///
    /// # Errors
    /// [`KeyUnchanged::InUse`] while a service or worker runs; [`StoreError::WrongKey`] when `former` is
    /// not the key. Whatever it is, nothing has changed.
    pub async fn change_key(
        owner: &PgConnectOptions,
        former: &SecretKey,
        other: &SecretKey,
    ) -> Result<KeyChanged, KeyUnchanged> {
        let (former, other) = (Vault::new(former)?, Vault::new(other)?);
        let mut connection = PgConnection::connect_with(owner).await?;
        let changed = change(&mut connection, &former, &other).await;
        connection.close().await?;
        changed
    }
}

async fn change(
    connection: &mut PgConnection,
    former: &Vault,
    other: &Vault,
) -> Result<KeyChanged, KeyUnchanged> {
    let mut in_tx = connection.begin().await?;
    sqlx::query("set local lock_timeout = '10s'").execute(&mut *in_tx).await?;
    // Before they are counted: whoever connects from here on asks for the key first, and waits.
    sqlx::query("lock table secret_key, second_factors, webhooks, login_failures, person_keys")
        .execute(&mut *in_tx)
        .await?;
    let open: i64 = sqlx::query_scalar(OTHERS).fetch_one(&mut *in_tx).await?;
    if open > 0 {
        return Err(KeyUnchanged::InUse(open));
    }
    let known: Option<Vec<u8>> =
        sqlx::query_scalar("select sealed from secret_key").fetch_optional(&mut *in_tx).await?;
    // A database that has met no key yet takes the other one as its first.
    if let Some(known) = known {
        former.open("key", &known)?;
    }
    let factors: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("select person, sealed from second_factors").fetch_all(&mut *in_tx).await?;
    for (person, sealed) in &factors {
        let of = of_person(PersonId(*person));
        let sealed = other.seal(&of, &former.open(&of, sealed)?)?;
        sqlx::query("update second_factors set sealed = $2 where person = $1")
            .bind(person)
            .bind(sealed)
            .execute(&mut *in_tx)
            .await?;
    }
    let webhooks: Vec<(Uuid, String)> =
        sqlx::query_as("select id, secret from webhooks").fetch_all(&mut *in_tx).await?;
    let count = webhooks.len() as u64;
    for (id, kept) in webhooks {
        let of = of_webhook(id);
        let sealed = seal_text(Some(other), &of, &open_text(Some(former), &of, kept)?)?;
        sqlx::query("update webhooks set secret = $2 where id = $1")
            .bind(id)
            .bind(sealed)
            .execute(&mut *in_tx)
            .await?;
    }
    let people = sealed_anew(&mut in_tx, former, other).await?;
    sqlx::query(
        "insert into secret_key (sealed) values ($1)
         on conflict (one) do update set sealed = excluded.sealed",
    )
    .bind(other.seal("key", KNOWN)?)
    .execute(&mut *in_tx)
    .await?;
    // They are counted by names that follow from the former key.
    sqlx::query("delete from login_failures").execute(&mut *in_tx).await?;
    in_tx.commit().await?;
    Ok(KeyChanged { second_factors: factors.len() as u64, webhooks: count, people })
}

/// The keys of people, which are many.
async fn sealed_anew(
    connection: &mut PgConnection,
    former: &Vault,
    other: &Vault,
) -> Result<u64, KeyUnchanged> {
    const PORTION: i64 = 1_000;
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let keys: Vec<(Uuid, String)> = sqlx::query_as(
            "select id, key from person_keys where key is not null and id > $1 order by id limit $2",
        )
        .bind(after)
        .bind(PORTION)
        .fetch_all(&mut *connection)
        .await?;
        let Some((last, _)) = keys.last() else { return Ok(count) };
        after = *last;
        count += keys.len() as u64;
        let (mut ids, mut sealed) =
            (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()));
        for (id, kept) in keys {
            let of = of_key(id);
            sealed.push(seal_text(Some(other), &of, &open_text(Some(former), &of, kept)?)?);
            ids.push(id);
        }
        sqlx::query(
            "update person_keys k set key = n.key
             from unnest($1::uuid[], $2::text[]) as n (id, key) where k.id = n.id",
        )
        .bind(ids)
        .bind(sealed)
        .execute(&mut *connection)
        .await?;
    }
}
