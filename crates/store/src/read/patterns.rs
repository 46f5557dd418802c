//! Cases in which something unusual happened in a period, each by one rule with its numbers: for auditors. What
//! a rule needs of the core it asks there ([`parvaneh_core::patterns`]).
//!
//! Every look is bounded: by its period, and by how many cases it tells of.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use chrono::TimeDelta;
use parvaneh_core::{
    CaseId, Event, Instant, PersonId, UnitId, WorkflowId,
    patterns::{outside_hours, reprieves},
};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Store, StoreError};

/// The most cases of which one look tells.
pub const MOST_TOLD: usize = 200;
/// The most events, or ends of cases, that one look goes through in the core.
const MOST_WEIGHED: i64 = 20_000;

/// A rule, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// An extension or a suspension came at most so long before the statutory deadline.
    Reprieve {
        /// How long.
        within: Duration,
    },
    /// A case was refused at most so long before its statutory deadline.
    RefusedLast {
        /// How long.
        within: Duration,
    },
    /// A case was decided while the office was closed, by more than a margin.
    OutsideHours {
        /// The margin.
        margin: Duration,
    },
    /// The work of a case was given back at least so often.
    GivenBack {
        /// How often.
        times: u32,
    },
    /// Somebody took at least so many actions within a short time.
    InSeries {
        /// How many.
        count: u32,
        /// Within what time.
        within: Duration,
    },
    /// A case went back to its applicant at least so often.
    Returned {
        /// How often.
        times: u32,
    },
}

/// Where and when to look.
#[derive(Clone, Debug)]
pub struct PatternQuery {
    /// By which rule.
    pub pattern: Pattern,
    /// When it was recorded, or when the case ended.
    pub period: Range<Instant>,
    /// Only in cases that were received by this unit or one below it.
    pub within: Option<UnitId>,
}

/// A case in which a rule has found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusual {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The unit that received it.
    pub unit: UnitId,
    /// When it happened; of what happened several times, the last.
    pub at: Instant,
    /// The event, where it is one.
    pub seq: Option<u32>,
    /// Who did it, where it was one person.
    pub person: Option<PersonId>,
    /// What the rule has measured.
    pub measure: Measure,
}

/// What a rule has measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// So long before the deadline.
    Left(TimeDelta),
    /// So often.
    Times(u32),
    /// That it was at that instant is all.
    At,
}

/// What a rule has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unusuals {
    /// The cases, the latest first: [`MOST_TOLD`] at most.
    pub cases: Vec<Unusual>,
    /// Whether there may be more than these: then the period is to be made shorter.
    pub is_part: bool,
}

impl Store {
    /// Cases in which a rule finds something unusual.
    ///
    /// # Errors
    /// The database; [`StoreError::Unreadable`] for what this program cannot read.
    pub async fn unusual(&self, query: &PatternQuery) -> Result<Unusuals, StoreError> {
        let mut found = match query.pattern {
            Pattern::Reprieve { within } => self.reprieved(query, delta(within)).await?,
            Pattern::RefusedLast { within } => self.refused_last(query, delta(within)).await?,
            Pattern::OutsideHours { margin } => self.outside_hours(query, delta(margin)).await?,
            Pattern::GivenBack { times } => self.given_back(query, times).await?,
            Pattern::InSeries { count, within } => {
                self.in_series(query, count, delta(within)).await?
            }
            Pattern::Returned { times } => self.returned(query, times).await?,
        };
        if found.cases.len() > MOST_TOLD {
            found.cases.truncate(MOST_TOLD);
            found.is_part = true;
        }
        Ok(found)
    }

    /// By `case_events_by_kind`, and the timelines of the cases by their key.
    async fn reprieved(
        &self,
        query: &PatternQuery,
        within: TimeDelta,
    ) -> Result<Unusuals, StoreError> {
        let mut sql = QueryBuilder::new(
            "with moved as materialized (
                select e.case_id, max(e.recorded_at) as at from case_events e
                where e.kind in ('extended', 'suspended')",
        );
        between(&mut sql, "e.recorded_at", query);
        located(&mut sql, "e.case_id", query);
        sql.push(" group by e.case_id order by 2 desc limit ").push_bind(MOST_TOLD as i64 * 5 + 1);
        sql.push(
            ") select c.id, c.subject, c.workflow, c.unit_id, e.body::text
             from moved m join cases c on c.id = m.case_id join case_events e on e.case_id = c.id
             order by m.at desc, c.id, e.seq",
        );
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        let mut timelines: BTreeMap<CaseId, Vec<Event>> = BTreeMap::new();
        let mut cases = Vec::new();
        for row in &rows {
            let case = CaseId(row.try_get(0)?);
            let event = event(case, row.try_get(4)?)?;
            let timeline = timelines.entry(case).or_default();
            if timeline.is_empty() {
                cases.push(row);
            }
            timeline.push(event);
        }
        let mut found = Unusuals { is_part: cases.len() > MOST_TOLD * 5, ..Unusuals::default() };
        for row in cases {
            let timeline = timelines.remove(&CaseId(row.try_get(0)?)).unwrap_or_default();
            for reprieve in reprieves(&timeline, within) {
                let of = timeline.iter().find(|event| event.seq == reprieve.seq);
                let Some(event) = of.filter(|event| query.period.contains(&event.recorded_at))
                else {
                    continue;
                };
                found.cases.push(Unusual {
                    seq: Some(event.seq),
                    person: event.by.person(),
                    measure: Measure::Left(reprieve.left),
                    ..unusual(row, event.effective_at)?
                });
            }
        }
        found.cases.sort_by_key(|one| std::cmp::Reverse(one.at));
        Ok(found)
    }

    /// By `cases_ended`.
    async fn refused_last(
        &self,
        query: &PatternQuery,
        within: TimeDelta,
    ) -> Result<Unusuals, StoreError> {
        let mut sql = QueryBuilder::new(
            "select c.id, c.subject, c.workflow, c.unit_id, c.ended_at, c.deadline_at - c.ended_at,
                    c.seq, (select e.actor from case_events e where e.case_id = c.id and e.seq = c.seq)
             from cases c
             where c.outcome = 'refused' and c.decision and not c.by_silence
               and c.deadline_at >= c.ended_at and c.deadline_at - c.ended_at <= ",
        );
        sql.push_bind(interval(within));
        between(&mut sql, "c.ended_at", query);
        of_unit(&mut sql, query);
        sql.push(" order by c.ended_at desc limit ").push_bind(MOST_TOLD as i64 + 1);
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        let cases = rows.iter().map(|row| {
            let left: sqlx::postgres::types::PgInterval = row.try_get(5)?;
            let left =
                TimeDelta::days(left.days.into()) + TimeDelta::microseconds(left.microseconds);
            Ok(Unusual {
                seq: Some(row.try_get::<i32, _>(6)? as u32),
                person: row.try_get::<Option<Uuid>, _>(7)?.map(PersonId),
                measure: Measure::Left(left),
                ..unusual(row, row.try_get(4)?)?
            })
        });
        let cases = cases.collect::<Result<_, StoreError>>()?;
        Ok(Unusuals { cases, is_part: false })
    }

    /// By `cases_ended`; whether the office was open says the core, by the calendar of the unit.
    async fn outside_hours(
        &self,
        query: &PatternQuery,
        margin: TimeDelta,
    ) -> Result<Unusuals, StoreError> {
        let mut sql = QueryBuilder::new(
            "select c.id, c.subject, c.workflow, c.unit_id, c.ended_at, c.version, c.seq,
                    (select e.actor from case_events e where e.case_id = c.id and e.seq = c.seq)
             from cases c
             where c.decision and not c.by_silence",
        );
        between(&mut sql, "c.ended_at", query);
        of_unit(&mut sql, query);
        sql.push(" order by c.ended_at desc limit ").push_bind(MOST_WEIGHED);
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        let mut found =
            Unusuals { is_part: rows.len() as i64 >= MOST_WEIGHED, ..Unusuals::default() };
        let (reference, pool) = (self.reference().await?, &self.engine.readers);
        for row in &rows {
            let one = unusual(row, row.try_get(4)?)?;
            let version = row.try_get::<i32, _>(5)? as u32;
            let definition = reference.definition(pool, &one.workflow, Some(version)).await?;
            let calendars = reference.calendars(pool, &definition.calendar).await?;
            let calendar = calendars.for_unit(reference.organisation.path(&one.unit));
            if !outside_hours(calendar, one.at, margin) {
                continue;
            }
            found.cases.push(Unusual {
                seq: Some(row.try_get::<i32, _>(6)? as u32),
                person: row.try_get::<Option<Uuid>, _>(7)?.map(PersonId),
                ..one
            });
            if found.cases.len() > MOST_TOLD {
                break;
            }
        }
        Ok(found)
    }

    /// By `case_events_by_kind`.
    async fn given_back(&self, query: &PatternQuery, times: u32) -> Result<Unusuals, StoreError> {
        let mut sql = QueryBuilder::new(
            "with back as materialized (
                select e.case_id, max(e.recorded_at) as at, count(*) as times from case_events e
                where e.kind = 'released'",
        );
        between(&mut sql, "e.recorded_at", query);
        located(&mut sql, "e.case_id", query);
        sql.push(" group by e.case_id having count(*) >= ").push_bind(i64::from(times));
        sql.push(" order by 3 desc, 2 desc limit ").push_bind(MOST_TOLD as i64 + 1);
        sql.push(
            ") select c.id, c.subject, c.workflow, c.unit_id, b.at, b.times
             from back b join cases c on c.id = b.case_id order by b.times desc, b.at desc",
        );
        self.counted(sql).await
    }

    /// By `tasks_closed`.
    async fn returned(&self, query: &PatternQuery, times: u32) -> Result<Unusuals, StoreError> {
        let mut sql = QueryBuilder::new(
            "with back as materialized (
                select t.case_id, max(t.closed_at) as at, count(*) as times from tasks t
                where t.owner_person is not null",
        );
        between(&mut sql, "t.closed_at", query);
        located(&mut sql, "t.case_id", query);
        sql.push(" group by t.case_id having count(*) >= ").push_bind(i64::from(times));
        sql.push(" order by 3 desc, 2 desc limit ").push_bind(MOST_TOLD as i64 + 1);
        sql.push(
            ") select c.id, c.subject, c.workflow, c.unit_id, b.at, b.times
             from back b join cases c on c.id = b.case_id order by b.times desc, b.at desc",
        );
        self.counted(sql).await
    }

    async fn counted(&self, mut sql: QueryBuilder<Postgres>) -> Result<Unusuals, StoreError> {
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        let cases = rows.iter().map(|row| {
            let times = row.try_get::<i64, _>(5)?;
            let measure = Measure::Times(u32::try_from(times).unwrap_or(u32::MAX));
            Ok(Unusual { measure, ..unusual(row, row.try_get(4)?)? })
        });
        let cases = cases.collect::<Result<_, StoreError>>()?;
        Ok(Unusuals { cases, is_part: false })
    }

    /// By `case_events_by_kind`. Of each series its last action is told, with how many there were within
    /// that time before it.
    async fn in_series(
        &self,
        query: &PatternQuery,
        count: u32,
        within: TimeDelta,
    ) -> Result<Unusuals, StoreError> {
        let mut sql = QueryBuilder::new(
            "with acts as materialized (
                select e.case_id, e.seq, e.actor, e.recorded_at from case_events e
                where e.kind in ('acted', 'answered') and e.actor is not null",
        );
        between(&mut sql, "e.recorded_at", query);
        located(&mut sql, "e.case_id", query);
        sql.push("), counted as (select a.*, count(*) over (partition by a.actor order by a.recorded_at range between ");
        sql.push_bind(interval(within)).push(" preceding and current row) as times,");
        sql.push(" lead(a.recorded_at) over (partition by a.actor order by a.recorded_at) as next from acts a)");
        sql.push(
            " select c.id, c.subject, c.workflow, c.unit_id, n.recorded_at, n.times, n.seq, n.actor
             from counted n join cases c on c.id = n.case_id
             where n.times >= ",
        );
        sql.push_bind(i64::from(count));
        sql.push(" and (n.next is null or n.next - n.recorded_at > ").push_bind(interval(within));
        sql.push(") order by n.recorded_at desc limit ").push_bind(MOST_TOLD as i64 + 1);
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        let cases = rows.iter().map(|row| {
            let times = u32::try_from(row.try_get::<i64, _>(5)?).unwrap_or(u32::MAX);
            Ok(Unusual {
                seq: Some(row.try_get::<i32, _>(6)? as u32),
                person: row.try_get::<Option<Uuid>, _>(7)?.map(PersonId),
                measure: Measure::Times(times),
                ..unusual(row, row.try_get(4)?)?
            })
        });
        let cases = cases.collect::<Result<_, StoreError>>()?;
        Ok(Unusuals { cases, is_part: false })
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn interval(delta: TimeDelta) -> sqlx::postgres::types::PgInterval {
    let microseconds = delta.num_microseconds().unwrap_or(i64::MAX);
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}

fn between(sql: &mut QueryBuilder<Postgres>, column: &'static str, query: &PatternQuery) {
    sql.push(" and ").push(column).push(" >= ").push_bind(query.period.start);
    sql.push(" and ").push(column).push(" < ").push_bind(query.period.end);
}

/// Of the unit, by the key of the case.
fn located(sql: &mut QueryBuilder<Postgres>, case: &'static str, query: &PatternQuery) {
    if let Some(unit) = &query.within {
        sql.push(" and (select true from cases c where c.id = ").push(case);
        sql.push(" and c.unit_id in (select unit from unit_closure where above = ");
        sql.push_bind(unit.as_str().to_owned()).push("))");
    }
}

fn of_unit(sql: &mut QueryBuilder<Postgres>, query: &PatternQuery) {
    if let Some(unit) = &query.within {
        sql.push(" and c.unit_id in (select unit from unit_closure where above = ");
        sql.push_bind(unit.as_str().to_owned()).push(")");
    }
}

fn unusual(row: &PgRow, at: Instant) -> Result<Unusual, StoreError> {
    Ok(Unusual {
        case: CaseId(row.try_get(0)?),
        subject: row.try_get(1)?,
        workflow: WorkflowId::from(row.try_get::<String, _>(2)?),
        unit: UnitId::from(row.try_get::<String, _>(3)?),
        at,
        seq: None,
        person: None,
        measure: Measure::At,
    })
}

fn event(case: CaseId, body: &str) -> Result<Event, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Unreadable {
        what: format!("an event of the case {case}"),
        why: error.to_string(),
    })
}
