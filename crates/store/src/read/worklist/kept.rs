//! What somebody keeps of his worklist: choices of filters under a name.

use parvaneh_core::PersonId;

use crate::{Store, StoreError, store::undisturbed};

/// As many as somebody may keep.
const MOST: i64 = 30;

/// A choice of filters under a name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SavedFilter {
    /// What its person calls it.
    pub name: String,
    /// As the address of the page has it, without a question mark.
    pub query: String,
}

impl Store {
    /// What somebody has kept, by its names.
    ///
    /// # Errors
    /// The database.
    pub async fn saved_filters(&self, person: PersonId) -> Result<Vec<SavedFilter>, StoreError> {
        let saved =
            sqlx::query_as("select name, query from saved_filters where person = $1 order by name")
                .bind(person.0)
                .fetch_all(&self.engine.readers);
        Ok(saved.await?)
    }

    /// Keeps a choice of filters; one of that name is replaced. Says whether there was room.
    ///
    /// # Errors
    /// The database.
    pub async fn save_filter(
        &self,
        person: PersonId,
        filter: SavedFilter,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let saved = sqlx::query(
                "insert into saved_filters (person, name, query)
                 select $1, $2, $3
                 where (select count(*) from saved_filters where person = $1 and name <> $2) < $4
                 on conflict (person, name) do update set query = excluded.query, saved_at = excluded.saved_at",
            )
            .bind(person.0)
            .bind(filter.name)
            .bind(filter.query)
            .bind(MOST)
            .execute(&engine.writers)
            .await?;
            Ok(saved.rows_affected() > 0)
        })
        .await
    }

    /// Forgets one of that name.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_filter(&self, person: PersonId, name: String) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query("delete from saved_filters where person = $1 and name = $2")
                .bind(person.0)
                .bind(name)
                .execute(&engine.writers)
                .await?;
            Ok(())
        })
        .await
    }
}
