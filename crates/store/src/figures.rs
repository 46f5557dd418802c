//! Putting what has changed of cases and tasks into the sums that figures are read from:
//! `migrations/0046_case_figures.sql`, `migrations/0052_task_figures.sql`.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    read::late_days::{LateCases, SPAN, SPANS, Share},
    store::undisturbed,
};

/// How many late cases are found out about in one transaction.
const CASES: usize = 500;

/// Cases of which it has to be found out anew who bears their late days. One at a time: who comes second leaves it.
const CHANGED: &str = "
    delete from late_changes
    where pg_try_advisory_xact_lock(hashtext('parvaneh.late_case_days'))
      and ctid = any (array(select ctid from late_changes limit $1))
    returning case_id";

/// What was known of them goes out of the sums.
const GONE: &str = "
    with gone as (delete from late_case_days where case_id = any ($1) returning *)
    insert into task_changes
    select unit_id, workflow, at, step, branch, owner, place, 0, 0, 0, 0, 0, 0, 0, 0,
           -held_up, -lost_waiting, -lost_handling
    from gone";

/// What is known of them now goes in.
const FOUND: &str = "
    with found as (
        insert into late_case_days (
            case_id, no, unit_id, workflow, at, step, branch, owner, place, held_up, lost_waiting, lost_handling)
        select * from unnest(
            $1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::bigint[], $11::bigint[], $12::bigint[])
        returning *
    )
    insert into task_changes
    select unit_id, workflow, at, step, branch, owner, place, 0, 0, 0, 0, 0, 0, 0, 0, held_up, lost_waiting, lost_handling
    from found";

impl Store {
    /// Puts up to so many changes of each kind into the sums, and says how many they were at most: when it is
    /// the limit, more may wait. Figures are the same before and after, and cheaper to read.
    ///
    /// # Errors
    /// The database.
    pub async fn fold_figures(&self, limit: usize) -> Result<usize, StoreError> {
        let store = self.clone();
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        undisturbed(async move {
            let judged = store.judge_late_cases(limit).await?;
            let fold = "select greatest(fold_case_changes($1), fold_task_changes($1))";
            let folded: i32 =
                sqlx::query_scalar(fold).bind(most).fetch_one(&store.engine.writers).await?;
            Ok(judged.max(usize::try_from(folded).unwrap_or(0)))
        })
        .await
    }

    /// Finds out about up to so many late cases, and says how many there were.
    async fn judge_late_cases(&self, limit: usize) -> Result<usize, StoreError> {
        let mut done = 0;
        while done < limit {
            let portion = CASES.min(limit - done);
            let judged = self.judge_portion(portion).await?;
            done += judged;
            if judged < portion {
                break;
            }
        }
        Ok(done)
    }

    async fn judge_portion(&self, most: usize) -> Result<usize, StoreError> {
        let mut in_tx = self.engine.writers.begin().await?;
        let cases: Vec<Uuid> = sqlx::query_scalar(CHANGED)
            .bind(i32::try_from(most).unwrap_or(i32::MAX))
            .fetch_all(&mut *in_tx)
            .await?;
        if cases.is_empty() {
            return Ok(0);
        }
        sqlx::query(GONE).bind(&cases).execute(&mut *in_tx).await?;
        let spans = format!(
            "select {SPAN}
             from (select id, workflow, unit_id, deadline_at, ended_at as stopped_at, state->>'calendar' as calendar
                   from cases where id = any ($1) and ended_at > deadline_at) l {SPANS}"
        );
        let mut late = LateCases::default();
        for row in sqlx::query(AssertSqlSafe(spans)).bind(&cases).fetch_all(&mut *in_tx).await? {
            late.take(&row, 0)?;
        }
        let shares = late.shares(self).await?;
        let numbers = |of: fn(&Share) -> i64| shares.iter().map(of).collect::<Vec<_>>();
        let texts = |of: fn(&Share) -> &str| shares.iter().map(of).collect::<Vec<_>>();
        sqlx::query(FOUND)
            .bind(shares.iter().map(|share| share.case).collect::<Vec<_>>())
            .bind((0..shares.len() as i32).collect::<Vec<_>>())
            .bind(texts(|share| share.unit.as_str()))
            .bind(texts(|share| share.workflow.as_str()))
            .bind(shares.iter().map(|share| share.stopped).collect::<Vec<_>>())
            .bind(texts(|share| share.whose.step.as_str()))
            .bind(texts(|share| share.whose.branch.as_ref().map_or("", |branch| branch.as_str())))
            .bind(texts(|share| &share.whose.owner))
            .bind(texts(|share| share.whose.unit.as_str()))
            .bind(numbers(|share| share.held_up))
            .bind(numbers(|share| share.waiting))
            .bind(numbers(|share| share.handling))
            .execute(&mut *in_tx)
            .await?;
        in_tx.commit().await?;
        Ok(cases.len())
    }
}
