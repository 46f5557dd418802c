//! Putting what has changed of cases into the sums that figures are read from: `migrations/0046_case_figures.sql`.

use crate::{Store, StoreError, store::undisturbed};

impl Store {
    /// Puts up to so many changes into the sums, and says how many they were: when it is the limit, more may
    /// wait. Figures are the same before and after, and cheaper to read.
    ///
    /// # Errors
    /// The database.
    pub async fn fold_figures(&self, limit: usize) -> Result<usize, StoreError> {
        let engine = self.engine.clone();
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        undisturbed(async move {
            let fold = sqlx::query_scalar("select fold_case_changes($1)").bind(limit);
            let folded: i32 = fold.fetch_one(&engine.writers).await?;
            Ok(usize::try_from(folded).unwrap_or(0))
        })
        .await
    }
}
