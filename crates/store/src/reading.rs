//! Reading for somebody: through the wall that the database keeps between a person and what is not in
//! his reach.
//!
//! **Invariant.** Whoever reads for a person has a connection of the role `parvaneh_app`, which sees
//! nothing but what belongs to the reader that the transaction names (`migrations/0030_row_security.sql`).
//! The name goes with the transaction, and the transaction ends before anybody else gets the connection.

use std::{fmt, sync::Arc};

use parvaneh_core::{Grant, reach::Reach};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor, Postgres, pool::PoolConnection};

use crate::{Store, StoreError, Viewer};

/// For whom something is read: the statement by which his transaction begins.
pub(crate) struct Reader(String);

/// It names people.
impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    fn new(reach: &Reach, offices: &[Grant]) -> Self {
        let held = |grant: &Grant| json!([grant.role, grant.unit]);
        let reader = json!({
            "accounts": reach.accounts,
            "reach": reach
                .jurisdictions
                .iter()
                .map(|held| json!([held.workflow, held.unit]))
                .collect::<Vec<_>>(),
            "offices": offices.iter().map(held).collect::<Vec<_>>(),
        });
        // One round trip: a statement with parameters would be two. No setting holds U+0000, which JSON
        // writes as an escape; a quote is doubled.
        let reader = reader.to_string().replace('\'', "''");
        Self(format!("begin read only; select set_config('parvaneh.reader', '{reader}', true)"))
    }
}

impl Store {
    /// The same store, whose read models show what that person sees and nothing else: the database
    /// itself keeps the rest from them. For everything that is read for somebody.
    pub fn reading_as(&self, viewer: &Viewer) -> Self {
        self.reading(Reader::new(&viewer.reach, &viewer.reach.offices))
    }

    /// The same store, reading for somebody who is asked something as another body: his inquiries,
    /// and no case.
    pub(crate) fn reading_as_body(&self, viewer: &Viewer) -> Self {
        self.reading(Reader::new(&Reach::default(), &viewer.reach.bodies))
    }

    /// The same store, reading what lies in a reach that is nobody's own: for figures, which are shown
    /// to those who see no case.
    pub fn reading_within(&self, reach: &Reach) -> Self {
        self.reading(Reader::new(reach, &[]))
    }

    fn reading(&self, reader: Reader) -> Self {
        Self { reader: Some(Arc::new(reader)), ..self.clone() }
    }

    /// A connection that sees what the store reads for whomever it reads for. Every statement of a read
    /// model that looks at a table of cases goes through here.
    pub(crate) async fn reads(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        let Some(reader) = &self.reader else { return Ok(self.engine.readers.acquire().await?) };
        let mut connection = self.engine.people.acquire().await?;
        // Safe: constant but for the setting, which is quoted.
        let begin = sqlx::raw_sql(AssertSqlSafe(reader.0.clone()));
        connection.execute(begin).await?;
        Ok(connection)
    }
}
