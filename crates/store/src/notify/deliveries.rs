//! What became of what was to be sent, for those who look after it.

use parvaneh_core::{CaseId, Instant};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use super::{Channel, Reason, reason};
use crate::{Store, StoreError};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits for its turn, or for another attempt.
    Waiting,
    /// It is being sent.
    Sending,
    /// It has arrived.
    Sent,
    /// It did not have to be sent any more.
    Skipped,
    /// It did not arrive.
    Failed,
    /// It may have arrived.
    Uncertain,
}

impl DeliveryState {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }

    /// Whether there may be any number of them: nothing more is done about them.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Sent | Self::Skipped)
    }
}

/// Which deliveries: those about a case, those in a state, or else those that have not arrived.
#[derive(Clone, Debug, Default)]
pub struct DeliveriesQuery {
    /// All about this case, whatever became of them.
    pub case: Option<CaseId>,
    /// Only those to this person or webhook.
    pub target: Option<Uuid>,
    /// Only those by this channel.
    pub channel: Option<Channel>,
    /// Only those of which this became; settled ones are found for a case or a target only.
    pub state: Option<DeliveryState>,
    /// Only those after this one, the last of the page before: when it was queued, and why.
    pub after: Option<(Instant, Reason)>,
    /// How many.
    pub limit: u32,
}

/// Something that was, or is, to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Why.
    pub reason: Reason,
    /// The kind of notice, or of event.
    pub kind: String,
    /// `gathered`, `digested`, `waiting`, `sending`, `sent`, `skipped`, `failed`, or `uncertain` when it
    /// may have arrived.
    pub state: String,
    /// How many times it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was put there, by the server's clock.
    pub queued_at: Instant,
    /// When it was sent or given up.
    pub ended_at: Option<Instant>,
}

impl Store {
    /// A page of deliveries, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn deliveries(
        &self,
        query: &DeliveriesQuery,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut sql = QueryBuilder::<Postgres>::new(
            "select about, channel, target, no, kind, state, attempts, last_error, queued_at,
                    ended_at
             from deliveries where ",
        );
        match (query.case, query.state) {
            (Some(case), _) => {
                sql.push("about = ").push_bind(case.0).push(" and channel <> 'digest'")
            }
            // Each by an index of its own.
            (None, None) => sql.push("state in ('waiting', 'sending', 'failed', 'uncertain')"),
            (None, Some(_)) => sql.push("true"),
        };
        if let Some(state) = query.state {
            // Written, not bound: the indexes are those of single states.
            sql.push(format!(" and state = '{}'", state.as_str()));
        }
        if let Some(target) = query.target {
            sql.push(" and target = ").push_bind(target);
        }
        if let Some(channel) = query.channel {
            sql.push(" and channel = ").push_bind(channel.as_str());
        }
        if let Some((queued, after)) = &query.after {
            sql.push(" and (queued_at < ").push_bind(*queued);
            sql.push(" or (queued_at = ").push_bind(*queued);
            sql.push(" and (about, channel, target, no) > (").push_bind(after.about);
            sql.push(", ").push_bind(after.channel.as_str());
            sql.push(", ").push_bind(after.target);
            sql.push(", ").push_bind(after.no).push(")))");
        }
        sql.push(" order by queued_at desc, about, channel, target, no limit ");
        sql.push_bind(i64::from(query.limit));
        let rows = sql.build().fetch_all(&self.engine.readers).await?;
        rows.iter().map(delivery).collect()
    }
}

fn delivery(row: &PgRow) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        reason: reason(row)?,
        kind: row.try_get(4)?,
        state: row.try_get(5)?,
        attempts: row.try_get::<i32, _>(6)? as u32,
        error: row.try_get(7)?,
        queued_at: row.try_get(8)?,
        ended_at: row.try_get(9)?,
    })
}
