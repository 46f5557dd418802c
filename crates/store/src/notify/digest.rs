//! The mail that comes once a working day.
//!
//! When its hour has come is decided by whoever knows the calendar; that it comes once for a person
//! and day is decided here, by the key of its delivery.

use chrono::{Datelike, NaiveDate, NaiveTime};
use parvaneh_core::{CalendarId, CaseId, PersonId, StepId, UnitId, WorkflowId};
use sqlx::{Row, postgres::PgRow};

use super::{Due, Reason, claim::event, preferences::language};
use crate::{Store, StoreError, store::undisturbed};

/// The day from which days are counted.
const DAY_ZERO: i32 = 719_163;

const CANDIDATES: &str = "
    select p.person, p.digest_at, p.calendar, p.digested_on,
           array(select distinct g.unit_id from grants g where g.person = p.person order by 1)
    from notice_preferences p
    where p.email is not null and (p.digested_on is null or p.digested_on < $1)
      and (p.person > $2 or $2 is null)
    order by p.person
    limit $3";

/// Whoever inserts the delivery gathers what it tells; nobody else does.
const BEGIN: &str = "
    with begun as (
        insert into deliveries (about, channel, target, no, kind, state, created_at)
        select $1, 'digest', $1, $2, 'digest', 'waiting', engine_now()
        where $4
        on conflict (about, channel, target, no) do nothing
        returning 1
    ), told as (
        update deliveries set state = 'digested', digest = $2
        where target = $1 and state = 'gathered' and channel = 'email'
          and exists (select from begun)
    ), marked as (
        update notice_preferences set digested_on = $3
        where person = $1 and (digested_on is null or digested_on < $3)
    )
    select count(*) from begun";

const GATHERED: &str = "
    select p.email, p.language, e.body::text, c.subject, c.workflow, c.version, c.unit_id,
           coalesce(t.step, e.body -> 'fact' -> 'entry' ->> 'step', c.step), d.about, d.no, d.kind
    from deliveries d
    join notice_preferences p on p.person = d.target
    join case_events e on e.case_id = d.about and e.seq = d.no
    join cases c on c.id = d.about
    left join tasks t on t.case_id = d.about
         and t.no = nullif((e.body -> 'fact' ->> 'clock')::int, 0)
    where d.target = $1 and d.state = 'digested' and d.digest = $2 and d.channel = 'email'
    order by d.created_at, d.about, d.no
    limit $3";

/// Somebody whose digest may be due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestCandidate {
    /// Who.
    pub person: PersonId,
    /// When on a working day it comes.
    pub digest_at: NaiveTime,
    /// The calendar.
    pub calendar: CalendarId,
    /// The last day that is settled.
    pub digested_on: Option<NaiveDate>,
    /// Where he holds a role.
    pub units: Vec<UnitId>,
}

impl Reason {
    /// The digest of a person on a day.
    pub fn digest(person: PersonId, day: NaiveDate) -> Self {
        let no = day.num_days_from_ce() - DAY_ZERO;
        Self { about: person.0, channel: super::Channel::Digest, target: person.0, no }
    }

    /// The day of a digest.
    pub fn day(&self) -> Option<NaiveDate> {
        let digest = self.channel == super::Channel::Digest;
        digest.then(|| NaiveDate::from_num_days_from_ce_opt(self.no + DAY_ZERO)).flatten()
    }
}

impl Store {
    /// Those with an address for whom a day is not settled yet, in the order of their identifiers,
    /// after `after`.
    ///
    /// # Errors
    /// The database.
    pub async fn digest_candidates(
        &self,
        latest_day: NaiveDate,
        after: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<DigestCandidate>, StoreError> {
        let rows = sqlx::query(CANDIDATES)
            .bind(latest_day)
            .bind(after.map(|person| person.0))
            .bind(i64::from(limit))
            .fetch_all(&self.engine.readers)
            .await?;
        let candidate = |row: &PgRow| {
            Ok(DigestCandidate {
                person: PersonId(row.try_get(0)?),
                digest_at: row.try_get(1)?,
                calendar: CalendarId::from(row.try_get::<String, _>(2)?),
                digested_on: row.try_get(3)?,
                units: row.try_get::<Vec<String>, _>(4)?.into_iter().map(UnitId::from).collect(),
            })
        };
        rows.iter().map(candidate).collect()
    }

    /// Settles a day for a person: with a digest on a working day, without one on others. Says
    /// whether a digest begins by this call: for each person and day at most one does.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_digest(
        &self,
        person: PersonId,
        day: NaiveDate,
        working: bool,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let begun: i64 = sqlx::query_scalar(BEGIN)
                .bind(person.0)
                .bind(Reason::digest(person, day).no)
                .bind(day)
                .bind(working)
                .fetch_one(&engine.writers)
                .await?;
            Ok(begun == 1)
        })
        .await
    }

    /// The notices that a digest tells, the earliest first, each with its kind.
    ///
    /// # Errors
    /// The database; [`StoreError::Unreadable`] for an event that this program cannot read.
    pub async fn gathered(
        &self,
        digest: &Reason,
        limit: u32,
    ) -> Result<Vec<(String, Due)>, StoreError> {
        let rows = sqlx::query(GATHERED)
            .bind(digest.target)
            .bind(digest.no)
            .bind(i64::from(limit))
            .fetch_all(&self.engine.readers)
            .await?;
        let due = |row: &PgRow| -> Result<_, StoreError> {
            let reason = Reason {
                about: row.try_get(8)?,
                channel: super::Channel::Email,
                target: digest.target,
                no: row.try_get(9)?,
            };
            let due = Due {
                email: row.try_get::<Option<String>, _>(0)?.unwrap_or_default(),
                language: language(row.try_get(1)?),
                event: event(row.try_get(2)?, &reason)?,
                case: CaseId(reason.about),
                subject: row.try_get(3)?,
                workflow: WorkflowId::from(row.try_get::<String, _>(4)?),
                version: row.try_get::<i32, _>(5)? as u32,
                unit: UnitId::from(row.try_get::<String, _>(6)?),
                step: StepId::from(row.try_get::<String, _>(7)?),
            };
            Ok((row.try_get(10)?, due))
        };
        rows.iter().map(due).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_knows_its_day() {
        let person = PersonId(uuid::Uuid::from_u128(3));
        let day = NaiveDate::from_ymd_opt(2025, 3, 20).unwrap();
        let reason = Reason::digest(person, day);
        assert_eq!((reason.no, reason.day()), (20_167, Some(day)));
        assert_eq!(Reason { channel: super::super::Channel::Email, ..reason }.day(), None);
        let zero = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        assert_eq!(Reason::digest(person, zero).no, 0);
    }
}
