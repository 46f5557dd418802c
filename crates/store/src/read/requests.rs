//! Requests that were made under a key.

use parvaneh_core::{CaseId, PersonId};

use crate::{error::StoreError, store::Store};

impl Store {
    /// The case that a person's request of that key was about, if it was made.
    ///
    /// # Errors
    /// The database.
    pub async fn case_of_key(
        &self,
        person: PersonId,
        key: &str,
    ) -> Result<Option<CaseId>, StoreError> {
        let sql = "select case_id from idempotency_keys where actor = $1 and key = $2";
        let found = sqlx::query_scalar(sql).bind(person.0).bind(key);
        Ok(found.fetch_optional(&mut *self.reads().await?).await?.map(CaseId))
    }
}
