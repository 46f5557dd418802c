//! A case by its tracking code.

use parvaneh_core::{CaseId, PersonId};
use uuid::Uuid;

use crate::{Store, StoreError};

impl Store {
    /// The case whose identifier ends with these twelve hexadecimal digits, and its applicant; by the index `cases_by_code`; none where
    /// two do, which hardly ever happens.
    ///
    /// # Errors
    /// The database.
    pub async fn case_by_code(
        &self,
        digits: &str,
    ) -> Result<Option<(CaseId, PersonId)>, StoreError> {
        let digits = digits.to_lowercase();
        if digits.len() != 12 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let found: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "select id, applicant from cases where right(id::text, 12) = $1 limit 2",
        )
        .bind(digits)
        .fetch_all(&mut *self.reads().await?)
        .await?;
        Ok(match found[..] {
            [(case, applicant)] => Some((CaseId(case), PersonId(applicant))),
            _ => None,
        })
    }
}
