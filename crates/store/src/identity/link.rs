//! Links that work once.

use std::time::Duration;

use parvaneh_core::PersonId;
use uuid::Uuid;

use super::SecretHash;
use crate::{Store, StoreError, store::undisturbed};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Setting a password: the first one, or a new one for somebody who has lost his, by the hand of an
    /// administrator.
    SetPassword,
    /// Setting a new one, by a mail to the address of record.
    RecoverPassword,
}

impl LinkPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::SetPassword => "set_password",
            Self::RecoverPassword => "recover_password",
        }
    }
}

/// A link that is made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// Its secret, hashed.
    pub secret_hash: SecretHash,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// For whom.
    pub person: PersonId,
    /// How long it works.
    pub lasts: Duration,
}

impl Store {
    /// Makes a link. Former ones of the person for the same purpose no longer work.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a person without an account.
    pub async fn add_link(&self, new: NewLink) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(
                "with former as (
                     update one_time_links set used_at = clock_timestamp()
                     where person = $3 and purpose = $2 and used_at is null)
                 insert into one_time_links (secret_hash, purpose, person, expires_at)
                 values ($1, $2, $3, clock_timestamp() + $4 * interval '1 second')",
            )
            .bind(new.secret_hash.as_slice())
            .bind(new.purpose.as_str())
            .bind(new.person.0)
            .bind(new.lasts.as_secs_f64())
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// Whose link that is, if it works for one of these; it is not used up by being asked about.
    ///
    /// # Errors
    /// The database.
    pub async fn link_holder(
        &self,
        secret: &SecretHash,
        purposes: &[LinkPurpose],
    ) -> Result<Option<PersonId>, StoreError> {
        let person: Option<Uuid> = sqlx::query_scalar(
            "select l.person from one_time_links l join accounts a on a.person = l.person
             where l.secret_hash = $1 and l.purpose = any ($2) and l.used_at is null
               and l.expires_at > clock_timestamp() and a.disabled_at is null",
        )
        .bind(secret.as_slice())
        .bind(names(purposes))
        .fetch_optional(&self.engine.readers)
        .await?;
        Ok(person.map(PersonId))
    }

    /// Uses a link up: `None` when it does not work, or not any more. Of two who use it at once, one
    /// gets it.
    ///
    /// # Errors
    /// The database.
    pub async fn use_link(
        &self,
        secret: &SecretHash,
        purposes: &[LinkPurpose],
    ) -> Result<Option<PersonId>, StoreError> {
        let (engine, secret, purposes) = (self.engine.clone(), *secret, names(purposes));
        undisturbed(async move {
            let person: Option<Uuid> = sqlx::query_scalar(
                "update one_time_links l set used_at = clock_timestamp()
                 from accounts a
                 where a.person = l.person and a.disabled_at is null
                   and l.secret_hash = $1 and l.purpose = any ($2) and l.used_at is null
                   and l.expires_at > clock_timestamp()
                 returning l.person",
            )
            .bind(secret.as_slice())
            .bind(purposes)
            .fetch_optional(&engine.writers)
            .await?;
            Ok(person.map(PersonId))
        })
        .await
    }
}

fn names(purposes: &[LinkPurpose]) -> Vec<&'static str> {
    purposes.iter().map(|purpose| purpose.as_str()).collect()
}
