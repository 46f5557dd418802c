//! Personal data that is destroyed by due process.

use parvaneh_core::{Instant, PersonId};
use sqlx::Row;

use crate::{Store, StoreError, store::undisturbed};

/// How long a reason can be, in characters.
const LONGEST_REASON: usize = 4_000;

/// Whose personal data is to be destroyed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Whose: what was filled in with his applications.
    pub person: PersonId,
    /// By which account; none at the command line.
    pub by: Option<PersonId>,
    /// Why, and by what decision: 1 to 4,000 characters.
    pub reason: String,
    /// Whether that is so although cases of his are still open.
    pub also_of_open_cases: bool,
}

/// What was destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// When, by the server's clock.
    pub at: Instant,
    /// How many values nobody can read any more.
    pub values: u64,
    /// In how many cases.
    pub cases: u64,
    /// How many applications that he had begun were thrown away.
    pub drafts: u64,
}

/// Why nothing was destroyed.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    /// His cases go on, and whoever works on them needs what was filled in.
    #[error("{0} of his cases are still open: what was filled in is needed there")]
    OpenCases(u64),
    /// Nothing of his is kept that could be destroyed.
    #[error("no personal values of his are kept")]
    NothingKept,
    /// Why is not said, or at too great length.
    #[error("say why, and by what decision, in 1 to 4,000 characters")]
    NoReason,
    /// The database, or an unknown person.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NotErased {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OpenCases(_) => "open_cases",
            Self::NothingKept => "nothing_kept",
            Self::NoReason => "reason_needed",
            Self::Store(error) => error.code(),
        }
    }
}

impl From<sqlx::Error> for NotErased {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The record of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRow {
    /// When.
    pub at: Instant,
    /// By whom: his identifier and name; none where it was done at the command line.
    pub by: Option<(PersonId, String)>,
    /// Why.
    pub reason: String,
    /// How many values it made unreadable.
    pub values: u64,
}

impl Store {
    /// Destroys the key of a person: what was filled in as personal with his applications can be read by nobody any
    /// more, here or in a copy of the values. Timelines, their hashes and their proofs stay as they are. What he fills
    /// in later is sealed by another key.
    ///
    /// # Errors
    /// [`NotErased`]; then nothing has changed.
    pub async fn erase_person(&self, erasure: Erasure) -> Result<Erased, NotErased> {
        let reason = erasure.reason.trim().to_owned();
        if !(1..=LONGEST_REASON).contains(&reason.chars().count()) || reason.contains('\0') {
            return Err(NotErased::NoReason);
        }
        if self.person(erasure.person).await?.is_none() {
            return Err(StoreError::Unknown(format!("the person {}", erasure.person)).into());
        }
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            let key: Option<uuid::Uuid> = sqlx::query_scalar(
                "select id from person_keys where person = $1 and key is not null for update",
            )
            .bind(erasure.person.0)
            .fetch_optional(&mut *transaction)
            .await?;
            // Also those that others have opened until now.
            let open: i64 = sqlx::query_scalar(
                "select count(*) from cases where applicant = $1 and ended_at is null",
            )
            .bind(erasure.person.0)
            .fetch_one(&mut *transaction)
            .await?;
            if open > 0 && !erasure.also_of_open_cases {
                return Err(NotErased::OpenCases(open as u64));
            }
            let drafts = sqlx::query("delete from application_drafts where person = $1")
                .bind(erasure.person.0)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            let Some(key) = key else {
                if drafts == 0 {
                    return Err(NotErased::NothingKept);
                }
                let at = sqlx::query_scalar("select clock_timestamp()");
                let at = at.fetch_one(&mut *transaction).await?;
                transaction.commit().await?;
                return Ok(Erased { at, values: 0, cases: 0, drafts });
            };
            let row = sqlx::query(
                "select count(*), count(distinct case_id) from personal_values
                 where key = $2 and case_id in (select id from cases where applicant = $1)",
            )
            .bind(erasure.person.0)
            .bind(key)
            .fetch_one(&mut *transaction)
            .await?;
            let at = sqlx::query_scalar(
                "update person_keys
                 set key = null, destroyed_at = clock_timestamp(), destroyed_by = $2, reason = $3
                 where id = $1 returning destroyed_at",
            )
            .bind(key)
            .bind(erasure.by.map(|by| by.0))
            .bind(reason)
            .fetch_one(&mut *transaction)
            .await?;
            transaction.commit().await?;
            let count = |place| row.try_get::<i64, _>(place).map(|count| count as u64);
            Ok(Erased { at, values: count(0)?, cases: count(1)?, drafts })
        })
        .await
    }

    /// When, by whom and why personal data of somebody was destroyed, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn erasures_of(&self, person: PersonId) -> Result<Vec<ErasureRow>, StoreError> {
        let rows = sqlx::query(
            "select k.destroyed_at, k.destroyed_by, p.name, k.reason,
                    (select count(*) from personal_values v where v.key = k.id
                       and v.case_id in (select id from cases where applicant = k.person))
             from person_keys k left join people p on p.id = k.destroyed_by
             where k.person = $1 and k.key is null order by k.destroyed_at desc",
        )
        .bind(person.0)
        .fetch_all(&self.engine.readers)
        .await?;
        let row = |row: &sqlx::postgres::PgRow| {
            let name: Option<String> = row.try_get(2)?;
            let by: Option<uuid::Uuid> = row.try_get(1)?;
            Ok(ErasureRow {
                at: row.try_get(0)?,
                by: by.map(PersonId).zip(name),
                reason: row.try_get(3)?,
                values: row.try_get::<i64, _>(4)? as u64,
            })
        };
        rows.iter().map(row).collect()
    }
}
