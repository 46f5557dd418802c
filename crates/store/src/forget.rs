//! What is forgotten after a time: under which keys requests were given.

use std::time::Duration;

use crate::{Store, StoreError, store::undisturbed};

/// Keys are never forgotten sooner, whatever is asked; the database refuses it too.
pub const KEYS_STAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The instant is evaluated once, and the index of ranges skips what is younger.
const FORGET: &str = "
    with old as materialized (select engine_now() - make_interval(secs => $1) as instant)
    delete from idempotency_keys where ctid = any (array(
        select ctid from idempotency_keys
        where recorded_at < (select instant from old) limit $2))";

/// The same of changes that concern no case. By the server's clock, as they are kept.
const FORGET_ANSWERED: &str = "
    delete from answered_requests where ctid = any (array(
        select ctid from answered_requests
        where begun_at < now() - make_interval(secs => $1) limit $2))";

impl Store {
    /// Forgets up to `limit` keys of each kind that are older than that, at least a day. Says how many:
    /// when it is the limit, more may be. From then on a repeat under such a key is a new request.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_keys(&self, older: Duration, limit: usize) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        let seconds = older.max(KEYS_STAY).as_secs_f64();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        undisturbed(async move {
            let mut gone = 0;
            for forget in [FORGET, FORGET_ANSWERED] {
                let forget = sqlx::query(forget).bind(seconds).bind(limit);
                gone += forget.execute(&engine.writers).await?.rows_affected();
            }
            Ok(gone)
        })
        .await
    }
}
