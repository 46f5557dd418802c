//! What happened to an account: for its person, and for whoever looks after him.

use parvaneh_core::{Instant, PersonId};
use sqlx::Row;

use crate::{Store, StoreError, store::undisturbed};

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountEvent {
    /// A second factor was confirmed.
    SecondFactorSet,
    /// Its person removed it.
    SecondFactorRemoved,
    /// An administrator removed it.
    SecondFactorReset,
    /// Somebody came in by a recovery code.
    RecoveryCodeUsed,
    /// The recovery codes were replaced.
    RecoveryCodesRenewed,
    /// A password was set by a link.
    PasswordSet,
    /// A password was changed by who knew the former one.
    PasswordChanged,
    /// Somebody asked for a link by mail.
    PasswordRecoveryAsked,
    /// The account was disabled.
    AccountDisabled,
    /// The account was let in again.
    AccountEnabled,
    /// With what its person logs in was said, or changed, by an administrator.
    LoginGiven,
    /// An identity of a provider was linked, or is expected.
    IdentityLinked,
    /// Somebody came by an expected identity, which is his from now on.
    IdentityBound,
    /// An identity was taken away.
    IdentityRemoved,
}

impl AccountEvent {
    /// As programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactorSet => "second_factor_set",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::SecondFactorReset => "second_factor_reset",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodesRenewed => "recovery_codes_renewed",
            Self::PasswordSet => "password_set",
            Self::PasswordChanged => "password_changed",
            Self::PasswordRecoveryAsked => "password_recovery_asked",
            Self::AccountDisabled => "account_disabled",
            Self::AccountEnabled => "account_enabled",
            Self::LoginGiven => "login_given",
            Self::IdentityLinked => "identity_linked",
            Self::IdentityBound => "identity_bound",
            Self::IdentityRemoved => "identity_removed",
        }
    }
}

/// Who did it, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doer {
    /// Who; nobody when it is not known who asked.
    pub person: Option<PersonId>,
    /// The address from which it was asked.
    pub address: Option<String>,
}

/// An event of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEventRow {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: String,
    /// Who did it: his identifier and name.
    pub by: Option<(PersonId, String)>,
    /// From where.
    pub address: Option<String>,
}

impl Store {
    /// Keeps what happened to somebody's account.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown person.
    pub async fn note_account(
        &self,
        person: PersonId,
        event: AccountEvent,
        doer: Doer,
    ) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(
                "insert into account_events (person, kind, by_person, address)
                 values ($1, $2, $3, $4)",
            )
            .bind(person.0)
            .bind(event.as_str())
            .bind(doer.person.map(|by| by.0))
            .bind(doer.address)
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// What happened to somebody's account, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn account_events(
        &self,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<AccountEventRow>, StoreError> {
        let rows = sqlx::query(
            "select e.at, e.kind, e.by_person, p.name, e.address
             from account_events e left join people p on p.id = e.by_person
             where e.person = $1 order by e.id desc limit $2",
        )
        .bind(person.0)
        .bind(i64::from(limit.clamp(1, 500)))
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let by: Option<uuid::Uuid> = row.try_get(2)?;
                let name: Option<String> = row.try_get(3)?;
                Ok(AccountEventRow {
                    at: row.try_get(0)?,
                    kind: row.try_get(1)?,
                    by: by.map(|by| (PersonId(by), name.unwrap_or_default())),
                    address: row.try_get(4)?,
                })
            })
            .collect()
    }
}
