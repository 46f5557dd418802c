//! Programs that are told of events.

use parvaneh_core::{Instant, UnitId, WorkflowId};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::Reason;
use crate::{Store, StoreError, store::undisturbed, vault};

/// Part of the statement that writes cases, used only when there is a webhook at all: each event
/// that a webhook wants becomes a delivery, with the event. `$1`, `$2`, `$4` and `$22` to `$26` are
/// the cases and events of that statement.
pub(crate) const HOOKED: &str = ", hooked as (
    insert into deliveries (about, channel, target, no, kind, state, created_at)
    select n.case_id, 'webhook', w.id, n.seq, n.kind, 'waiting', n.recorded_at
    from unnest($22::uuid[], $23::int[], $24::text[], $26::timestamptz[])
         as n (case_id, seq, kind, recorded_at)
    join written on written.id = n.case_id
    join unnest($1::uuid[], $2::text[], $4::text[]) as c (id, workflow, unit_id)
         on c.id = n.case_id
    cross join webhooks w
    where w.disabled_at is null
      and (w.workflow is null or w.workflow = c.workflow)
      and (w.kinds is null or n.kind = any (w.kinds))
      and (w.unit_id is null or w.unit_id = c.unit_id or exists (
          select from unit_closure u where u.above = w.unit_id and u.unit = c.unit_id))
    on conflict (about, channel, target, no) do nothing
)";

/// A program that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// Its identifier.
    pub id: Uuid,
    /// Where to.
    pub url: String,
    /// By which each delivery is signed. It is kept, sealed where there is a key, and shown to nobody
    /// again.
    pub secret: String,
    /// Only events of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only events of cases at this unit or below it.
    pub unit: Option<UnitId>,
    /// Only events of these kinds; empty is all.
    pub kinds: Vec<String>,
    /// Whether it is told what was filled in, and what papers are called.
    pub with_values: bool,
}

/// A program that is told of events. Its secret is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its identifier.
    pub id: Uuid,
    /// Where to.
    pub url: String,
    /// Only events of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only events of cases at this unit or below it.
    pub unit: Option<UnitId>,
    /// Only events of these kinds; empty is all.
    pub kinds: Vec<String>,
    /// Whether it is told what was filled in, and what papers are called.
    pub with_values: bool,
    /// When it was added.
    pub created_at: Instant,
    /// Why it is told nothing any more.
    pub disabled: Option<String>,
    /// How many deliveries wait.
    pub waiting: u64,
    /// How many were given up.
    pub failed: u64,
}

/// What a webhook is told.
#[derive(Clone)]
pub struct WebhookEvent {
    /// Where to.
    pub url: String,
    /// By which it is signed.
    pub secret: String,
    /// Whether the webhook is disabled.
    pub disabled: bool,
    /// Whether it is told what was filled in, and what papers are called.
    pub with_values: bool,
    /// The event's canonical bytes.
    pub body: String,
    /// What kind of event it is.
    pub kind: String,
    /// The case's workflow.
    pub workflow: WorkflowId,
    /// Its version.
    pub version: u32,
    /// The unit that received the case.
    pub unit: UnitId,
    /// When it was recorded.
    pub recorded_at: Instant,
}

impl std::fmt::Debug for WebhookEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the secret: this may reach a log.
        f.debug_struct("WebhookEvent").field("kind", &self.kind).finish_non_exhaustive()
    }
}

const LIST: &str = "
    select w.id, w.url, w.workflow, w.unit_id, coalesce(w.kinds, '{}'), w.created_at,
           w.disabled_because,
           (select count(*) from deliveries d
            where d.channel = 'webhook' and d.target = w.id and d.state = 'waiting'),
           (select count(*) from deliveries d
            where d.channel = 'webhook' and d.target = w.id and d.state = 'failed'),
           w.with_values
    from webhooks w order by w.created_at, w.id";

const EVENT: &str = "
    select w.url, w.secret, w.disabled_at is not null, e.body::text, e.kind, c.workflow, c.version,
           c.unit_id, e.recorded_at, w.with_values
    from webhooks w
    join case_events e on e.case_id = $1 and e.seq = $2
    join cases c on c.id = $1
    where w.id = $3";

/// What waits for a webhook that is told nothing more is given up: it can be tried again by hand.
const GIVE_UP: &str = "
    update deliveries set state = 'failed', ended_at = clock_timestamp(), last_error = $2
    where channel = 'webhook' and target = $1 and state = 'waiting' and claim is null";

impl Store {
    /// Adds a webhook: it is told of everything that is decided from now on.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown unit; the database.
    pub async fn add_webhook(&self, webhook: NewWebhook) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        let of = vault::of_webhook(webhook.id);
        let secret = vault::seal_text(self.engine.vault.get(), &of, &webhook.secret)?;
        undisturbed(async move {
            sqlx::query(
                "insert into webhooks (id, url, secret, workflow, unit_id, kinds, with_values)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(webhook.id)
            .bind(&webhook.url)
            .bind(secret)
            .bind(webhook.workflow.as_ref().map(WorkflowId::as_str))
            .bind(webhook.unit.as_ref().map(UnitId::as_str))
            .bind(Some(&webhook.kinds).filter(|kinds| !kinds.is_empty()))
            .bind(webhook.with_values)
            .execute(&engine.writers)
            .await?;
            Ok(())
        })
        .await
    }

    /// Every webhook, the oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let rows = sqlx::query(LIST).fetch_all(&self.engine.readers).await?;
        let webhook = |row: &PgRow| {
            Ok(Webhook {
                id: row.try_get(0)?,
                url: row.try_get(1)?,
                workflow: row.try_get::<Option<String>, _>(2)?.map(WorkflowId::from),
                unit: row.try_get::<Option<String>, _>(3)?.map(UnitId::from),
                kinds: row.try_get(4)?,
                created_at: row.try_get(5)?,
                disabled: row.try_get(6)?,
                waiting: row.try_get::<i64, _>(7)? as u64,
                failed: row.try_get::<i64, _>(8)? as u64,
                with_values: row.try_get(9)?,
            })
        };
        rows.iter().map(webhook).collect()
    }

    /// Tells a webhook nothing more, or (without a reason) again. What waits is given up. Says
    /// whether there is such a webhook.
    ///
    /// # Errors
    /// The database.
    pub async fn disable_webhook(
        &self,
        id: Uuid,
        because: Option<String>,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let found = sqlx::query(
                "update webhooks set disabled_because = $2,
                        disabled_at = case when $2 is null then null else clock_timestamp() end
                 where id = $1",
            )
            .bind(id)
            .bind(&because)
            .execute(&mut *in_tx)
            .await?;
            if because.is_some() {
                let error = "the webhook is disabled";
                sqlx::query(GIVE_UP).bind(id).bind(error).execute(&mut *in_tx).await?;
            }
            in_tx.commit().await?;
            Ok(found.rows_affected() == 1)
        })
        .await
    }

    /// Removes a webhook, and gives up what waits for it. Says whether there was one.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_webhook(&self, id: Uuid) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let gone = sqlx::query("delete from webhooks where id = $1").bind(id);
            let gone = gone.execute(&mut *in_tx).await?.rows_affected() == 1;
            let error = "the webhook was removed";
            sqlx::query(GIVE_UP).bind(id).bind(error).execute(&mut *in_tx).await?;
            in_tx.commit().await?;
            Ok(gone)
        })
        .await
    }

    /// The address and the secret of a webhook, to be tested.
    ///
    /// # Errors
    /// The database.
    pub async fn webhook_secret(&self, id: Uuid) -> Result<Option<(String, String)>, StoreError> {
        let row: Option<(String, String)> =
            sqlx::query_as("select url, secret from webhooks where id = $1")
                .bind(id)
                .fetch_optional(&self.engine.readers)
                .await?;
        let Some((url, kept)) = row else { return Ok(None) };
        let of = vault::of_webhook(id);
        Ok(Some((url, vault::open_text(self.engine.vault.get(), &of, kept)?)))
    }

    /// What a webhook is told; `None` when it was removed.
    ///
    /// # Errors
    /// The database.
    pub async fn webhook_event(&self, reason: &Reason) -> Result<Option<WebhookEvent>, StoreError> {
        let row = sqlx::query(EVENT)
            .bind(reason.about)
            .bind(reason.no)
            .bind(reason.target)
            .fetch_optional(&self.engine.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(WebhookEvent {
            url: row.try_get(0)?,
            secret: vault::open_text(
                self.engine.vault.get(),
                &vault::of_webhook(reason.target),
                row.try_get(1)?,
            )?,
            disabled: row.try_get(2)?,
            body: row.try_get(3)?,
            kind: row.try_get(4)?,
            workflow: WorkflowId::from(row.try_get::<String, _>(5)?),
            version: row.try_get::<i32, _>(6)? as u32,
            unit: UnitId::from(row.try_get::<String, _>(7)?),
            recorded_at: row.try_get(8)?,
            with_values: row.try_get(9)?,
        }))
    }
}
