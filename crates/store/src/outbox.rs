//! From what events tell somebody to notices for people.
//!
//! An event's addressees are written with it. Here each is expanded to the people whom it means
//! *now*: one person, or everybody who holds the role at the unit; where nobody does, whoever holds
//! it at the nearest unit above. Rows are claimed, expanded and marked in one statement, and the key
//! of a notice makes sure that nobody is told twice of one event. What is to go by e-mail as well is
//! noted with it.

use std::sync::LazyLock;

use parvaneh_core::{CaseId, Instant, PersonId};
use sqlx::Row;

use crate::{Store, StoreError, store::undisturbed};

/// Marks by the same `on conflict` that the write path uses, so that no plan depends on how many
/// rows have been delivered already. `limit 1` and `offset 0` keep the look-ups by key.
const MARK: &str = "
    with clock as materialized (select engine_now() as now),
    claimed as materialized (
        select case_id, seq, no, kind, person, role, unit_id, created_at
        from outbox where delivered_at is null
        order by created_at
        limit $1
        for update skip locked
    ), meant as materialized (
        select c.case_id, c.seq, c.no, c.kind, c.person
        from claimed c where c.person is not null
        union all
        select c.case_id, c.seq, c.no, c.kind, held.person
        from claimed c
        cross join lateral (
            select up.above from unit_closure up
            where up.unit = c.unit_id
              and (select true from grants g
                   where g.role = c.role and g.unit_id = up.above limit 1)
            order by up.distance limit 1
        ) nearest
        cross join lateral (
            select g.person from grants g
            where g.role = c.role and g.unit_id = nearest.above offset 0
        ) held
        where c.person is null
    ), told as (
        insert into notices (person, case_id, seq, kind, created_at)
        select distinct m.person, m.case_id, m.seq, m.kind, clock.now from meant m, clock
        on conflict (person, case_id, seq) do nothing
        returning person, case_id, seq, kind, created_at
    ), {mailed}, marked as (
        insert into outbox (
            case_id, seq, no, kind, person, role, unit_id, created_at, delivered_at, reached)
        select c.case_id, c.seq, c.no, c.kind, c.person, c.role, c.unit_id, c.created_at,
               clock.now, coalesce(r.people, 0)
        from claimed c
        cross join clock
        left join (
            select case_id, seq, no, count(*) as people from meant group by case_id, seq, no
        ) r using (case_id, seq, no)
        on conflict (case_id, seq, no) do update set
            delivered_at = excluded.delivered_at, reached = excluded.reached
        returning reached
    )
    select (select count(*) from marked), (select count(*) from told),
           (select count(*) from marked where reached = 0)";

static DELIVER: LazyLock<String> =
    LazyLock::new(|| MARK.replace("{mailed}", crate::notify::LATER_BY_MAIL));

/// What one round of delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// How many addressees of events were treated; when it is the limit, more may wait.
    pub addressees: u64,
    /// How many notices people got.
    pub notices: u64,
    /// How many addressees stood for nobody: nobody holds the role.
    pub reached_nobody: u64,
}

/// Something that a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: String,
    /// The event that tells it.
    pub seq: u32,
    /// `warning` or `escalation`; to an applicant `received`, `turn` or `decision`.
    pub kind: String,
    /// When it was delivered.
    pub created_at: Instant,
    /// When it was read.
    pub read_at: Option<Instant>,
}

impl Store {
    /// Delivers up to `limit` of what waits. Any number of workers may do this side by side.
    ///
    /// # Errors
    /// The database; then nothing was delivered, or (when the connection broke after the commit)
    /// all.
    pub async fn deliver_outbox(&self, limit: usize) -> Result<Delivery, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let deliver: &'static str = &DELIVER;
            let row = sqlx::query(deliver).bind(limit).fetch_one(&engine.writers).await?;
            Ok(Delivery {
                addressees: row.try_get::<i64, _>(0)? as u64,
                notices: row.try_get::<i64, _>(1)? as u64,
                reached_nobody: row.try_get::<i64, _>(2)? as u64,
            })
        })
        .await
    }

    /// What a person is told, the latest first.
    ///
    /// # Errors
    /// The database.
    pub async fn notices(
        &self,
        person: PersonId,
        only_unread: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.notices_after(person, only_unread, None, limit).await
    }

    /// The same, of those after one: the last of the page before, by its time, its case and its event.
    ///
    /// # Errors
    /// The database.
    pub async fn notices_after(
        &self,
        person: PersonId,
        only_unread: bool,
        after: Option<(Instant, CaseId, u32)>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let rows = sqlx::query(
            "select n.case_id, c.subject, n.seq, n.kind, n.created_at, n.read_at
             from notices n join cases c on c.id = n.case_id
             where n.person = $1 and (n.read_at is null or not $2)
               and ($4::timestamptz is null or n.created_at < $4
                    or (n.created_at = $4 and (n.case_id, n.seq) > ($5, $6)))
             order by n.created_at desc, n.case_id, n.seq
             limit $3",
        )
        .bind(person.0)
        .bind(only_unread)
        .bind(i64::from(limit))
        .bind(after.map(|(at, ..)| at))
        .bind(after.map(|(_, case, _)| case.0))
        .bind(after.map(|(.., seq)| seq as i32))
        .fetch_all(&mut *self.reads().await?)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Notice {
                    case: CaseId(row.try_get(0)?),
                    subject: row.try_get(1)?,
                    seq: row.try_get::<i32, _>(2)? as u32,
                    kind: row.try_get(3)?,
                    created_at: row.try_get(4)?,
                    read_at: row.try_get(5)?,
                })
            })
            .collect()
    }

    /// How much of what a person is told he has not read, counted up to `most`.
    ///
    /// # Errors
    /// The database.
    pub async fn unread_notices(&self, person: PersonId, most: u32) -> Result<u32, StoreError> {
        // By the index notices_unread, and no further than is counted.
        let counted: i64 = sqlx::query_scalar(
            "select count(*) from (
                select from notices
                where person = $1 and read_at is null
                order by created_at desc limit $2
            ) unread",
        )
        .bind(person.0)
        .bind(i64::from(most))
        .fetch_one(&mut *self.reads().await?)
        .await?;
        Ok(u32::try_from(counted).unwrap_or(u32::MAX))
    }

    /// Marks what a person was told up to an instant as read, or of that only what he was told of one event of a
    /// case; says how many notices that were.
    ///
    /// # Errors
    /// The database.
    pub async fn mark_notices_read(
        &self,
        person: PersonId,
        up_to: Instant,
        only: Option<(CaseId, u32)>,
    ) -> Result<u64, StoreError> {
        let engine = self.engine.clone();
        let (case, seq) = (only.map(|(case, _)| case.0), only.map(|(_, seq)| seq));
        let seq = seq.map(|seq| i32::try_from(seq).unwrap_or(i32::MAX));
        undisturbed(async move {
            let marked = sqlx::query(
                "update notices set read_at = engine_now()
                 where person = $1 and read_at is null and created_at <= $2
                   and ($3::uuid is null or (case_id = $3 and seq = $4))",
            )
            .bind(person.0)
            .bind(up_to)
            .bind(case)
            .bind(seq)
            .execute(&engine.writers)
            .await?;
            Ok(marked.rows_affected())
        })
        .await
    }
}
