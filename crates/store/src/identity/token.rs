//! Tokens by which machines act for a person.

use std::time::Duration;

use parvaneh_core::{Instant, PersonId};
use sqlx::Row;
use uuid::Uuid;

use super::SecretHash;
use crate::{
    Store, StoreError, Viewer,
    gate::{By, Entered},
    store::undisturbed,
};

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Looking.
    Read,
    /// Changing.
    Write,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// As programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scope of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A token that is made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its identifier, made outside.
    pub id: Uuid,
    /// The token, hashed.
    pub secret_hash: SecretHash,
    /// For whom it acts.
    pub person: PersonId,
    /// What it is called.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// How long it lasts.
    pub lasts: Duration,
}

/// A token that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its identifier.
    pub id: Uuid,
    /// For whom it acts.
    pub person: PersonId,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
}

/// A token in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its identifier.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Instant,
    /// When it ends.
    pub expires_at: Instant,
    /// When it was last used, to the minute.
    pub used_at: Option<Instant>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

impl Store {
    /// Makes a token.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a person without an account.
    pub async fn add_token(&self, new: NewToken) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
            sqlx::query(
                "insert into api_tokens (id, secret_hash, person, name, scopes, expires_at)
                 values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 second')",
            )
            .bind(new.id)
            .bind(new.secret_hash.as_slice())
            .bind(new.person.0)
            .bind(&new.name)
            .bind(scopes)
            .bind(new.lasts.as_secs_f64())
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// The token of that secret, if it is in force. It counts as used now. With it, if he is to be
    /// shown something, what its person sees.
    ///
    /// # Errors
    /// The database.
    pub async fn token(
        &self,
        secret: &SecretHash,
        sees: bool,
    ) -> Result<Option<(Token, Option<Viewer>)>, StoreError> {
        let entered = self.engine.gate.ask(By::Token(*secret), sees).await?;
        let Some(Entered { id, person, scopes: names, is_unnoted, met, .. }) = entered else {
            return Ok(None);
        };
        if is_unnoted {
            let engine = self.engine.clone();
            undisturbed(async move {
                sqlx::query("update api_tokens set used_at = clock_timestamp() where id = $1")
                    .bind(id)
                    .execute(&engine.writers)
                    .await?;
                Ok::<_, StoreError>(())
            })
            .await?;
        }
        Ok(Some((Token { id, person, scopes: scopes(names) }, self.viewing(met).await?)))
    }

    /// The token by which somebody came in lately. It may have been revoked since: see
    /// [`Request::coming_by`](crate::Request::coming_by).
    pub fn lately_by_token(&self, secret: &SecretHash) -> Option<Token> {
        let Entered { id, person, scopes: names, .. } =
            self.engine.gate.lately(&By::Token(*secret))?;
        Some(Token { id, person, scopes: scopes(names) })
    }

    /// Whether that token is in force still. It does not count as used.
    ///
    /// # Errors
    /// The database.
    pub async fn token_lasts(&self, id: Uuid) -> Result<bool, StoreError> {
        let lasts = sqlx::query_scalar(
            "select exists (
                 select from api_tokens t join accounts a on a.person = t.person
                 where t.id = $1 and t.revoked_at is null and a.disabled_at is null
                   and t.expires_at > clock_timestamp())",
        );
        Ok(lasts.bind(id).fetch_one(&self.engine.readers).await?)
    }

    /// Somebody's tokens, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn tokens_of(&self, person: PersonId) -> Result<Vec<TokenRow>, StoreError> {
        let rows = sqlx::query(
            "select id, name, scopes, created_at, expires_at, used_at, revoked_at from api_tokens
             where person = $1 order by created_at desc limit 500",
        )
        .bind(person.0)
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TokenRow {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    scopes: scopes(row.try_get(2)?),
                    created_at: row.try_get(3)?,
                    expires_at: row.try_get(4)?,
                    used_at: row.try_get(5)?,
                    revoked_at: row.try_get(6)?,
                })
            })
            .collect()
    }

    /// Revokes one of somebody's tokens; says whether it was in force.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke_token(&self, person: PersonId, id: Uuid) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let revoked = sqlx::query(
                "update api_tokens set revoked_at = clock_timestamp()
                 where person = $1 and id = $2 and revoked_at is null",
            )
            .bind(person.0)
            .bind(id)
            .execute(&engine.writers)
            .await?;
            Ok(revoked.rows_affected() > 0)
        })
        .await
    }
}

fn scopes(names: Vec<String>) -> Vec<Scope> {
    names.iter().filter_map(|name| Scope::named(name)).collect()
}
