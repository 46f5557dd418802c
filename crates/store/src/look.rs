//! Who has looked at what: written in batches by whoever shows cases, and forgotten after years.

use std::time::Duration;

use parvaneh_core::{CaseId, Instant, PersonId};
use uuid::Uuid;

use crate::{Store, StoreError, store::undisturbed};

/// Looks are never forgotten sooner, whatever is asked; the database refuses it too.
pub const LOOKS_STAY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Somebody was shown something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Who, by the account with which he came in.
    pub person: PersonId,
    /// Of which case; none where it was no single one.
    pub case: Option<CaseId>,
    /// What, by the name that who shows it has for it: up to 40 letters.
    pub what: String,
    /// Which of them: a document, what was searched for. Up to 400 letters.
    pub detail: Option<String>,
    /// When.
    pub at: Instant,
}

/// A batch that is written a second time, because nobody heard that it was written, is there once.
const RECORD: &str = "
    insert into looks (person, case_id, what, detail, at)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
    on conflict do nothing";

/// The instant is evaluated once, and the index by time leads to what is older.
const FORGET: &str = "
    with old as materialized (select engine_now() - make_interval(secs => $1) as instant)
    delete from looks where ctid = any (array(
        select ctid from looks where at < (select instant from old) order by at limit $2))";

impl Store {
    /// Writes down who has looked at what.
    ///
    /// # Errors
    /// [`StoreError::Closed`], and nothing will be written any more; the database. Then nobody knows whether they are written, and they can be given again.
    pub async fn record_looks(&self, looks: Vec<Look>) -> Result<(), StoreError> {
        if looks.is_empty() {
            return Ok(());
        }
        let engine = self.engine.clone();
        undisturbed(async move {
            let people: Vec<Uuid> = looks.iter().map(|look| look.person.0).collect();
            let cases: Vec<Option<Uuid>> =
                looks.iter().map(|look| look.case.map(|case| case.0)).collect();
            let what: Vec<&str> = looks.iter().map(|look| look.what.as_str()).collect();
            let details: Vec<Option<&str>> =
                looks.iter().map(|look| look.detail.as_deref()).collect();
            let at: Vec<Instant> = looks.iter().map(|look| look.at).collect();
            let record = sqlx::query(RECORD).bind(people).bind(cases).bind(what).bind(details);
            match record.bind(at).execute(&engine.writers).await {
                Ok(_) => Ok(()),
                Err(sqlx::Error::PoolClosed) => Err(StoreError::Closed),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Forgets up to `limit` looks that are older than that, at least 90 days. Says how many: when it is
    /// the limit, more may be.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_looks(&self, older: Duration, limit: usize) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        let seconds = older.max(LOOKS_STAY).as_secs_f64();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        undisturbed(async move {
            let forget = sqlx::query(FORGET).bind(seconds).bind(limit);
            Ok(forget.execute(&engine.writers).await?.rows_affected())
        })
        .await
    }
}
