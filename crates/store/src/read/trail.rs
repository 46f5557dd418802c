//! What happened in all cases of a reach, the latest first: an auditor's search.
//!
//! Whatever is asked for, events are looked at from the latest back, by an index that has the time in it:
//! `case_events_by_kind` or `case_events_by_actor`. A search looks at so many at most, and says how far back
//! that was: one that finds little goes on from there, and never reads everything at once.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta};
use parvaneh_core::{CaseId, Event, Fact, Instant, PersonId, UnitId, WorkflowId};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use super::words::contains;
use crate::{Store, StoreError};

/// At how many events of each kind, or of each account, one look goes, where there are few of them.
const LOOK: usize = 10_000;
/// The same where all kinds are looked at: a few kinds make up most of what happens.
const LOOK_EACH: usize = 3_000;
/// How many looks a search takes before it says how far it has come.
const LOOKS: usize = 3;
/// The longest page.
const LONGEST_PAGE: u32 = 200;

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct TrailQuery {
    /// Only what this natural person did, by whichever of his accounts, and what others did on his behalf.
    pub person: Option<PersonId>,
    /// Only what was recorded from then on.
    pub since: Option<Instant>,
    /// Only what was recorded before then.
    pub until: Option<Instant>,
    /// Only these kinds, as [`Fact::kind`] names them; every one, where there is none.
    pub kinds: Vec<String>,
    /// Only in cases that were received by this unit or one below it.
    pub within: Option<UnitId>,
    /// Only in cases of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only in these cases.
    pub cases: Option<Vec<CaseId>>,
    /// Only where this occurs in what was given as a reason or a remark, whatever its spaces, and which of
    /// several alike letters and digits it is written with.
    pub reason: Option<String>,
    /// After the end of which page.
    pub after: Option<TrailCursor>,
    /// How many, up to 200; 0 is 50.
    pub limit: u32,
}

/// How far a search has come: everything from here back is still to be looked at. As text:
/// `<microseconds>.<case>.<seq>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailCursor {
    at: Instant,
    case: CaseId,
    seq: i32,
}

impl TrailCursor {
    /// Before everything that was recorded later than `at`.
    fn from(at: Instant) -> Self {
        Self { at, case: CaseId(Uuid::max()), seq: i32::MAX }
    }

    /// Up to when what was recorded is still to be looked at.
    pub fn at(&self) -> Instant {
        self.at
    }
}

impl fmt::Display for TrailCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at.timestamp_micros(), self.case, self.seq)
    }
}

impl FromStr for TrailCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(());
        let at = part()?.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(())?;
        let case = CaseId(part()?.parse().map_err(|_| ())?);
        let seq = part()?.parse().map_err(|_| ())?;
        if parts.next().is_some() { Err(()) } else { Ok(Self { at, case, seq }) }
    }
}

/// Something that happened, and in which case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRow {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The version by which it ran then.
    pub version: u32,
    /// The unit that received it.
    pub unit: UnitId,
    /// What happened.
    pub event: Event,
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The events, the latest first.
    pub rows: Vec<TrailRow>,
    /// From where to go on; none where everything has been looked at.
    pub next: Option<TrailCursor>,
    /// Whether the page is not full, and there is more to be looked at all the same.
    pub stopped: bool,
}

/// What is looked at by an index: a kind, or what an account did in a time.
#[derive(Default)]
struct Branches {
    kinds: Vec<String>,
    actors: Vec<Uuid>,
    since: Vec<Option<Instant>>,
    until: Vec<Option<Instant>>,
    /// Only what was done on behalf of the person.
    behalf: Vec<bool>,
    /// The accounts of the person.
    own: Vec<Uuid>,
}

impl Branches {
    fn is_by_actor(&self) -> bool {
        !self.actors.is_empty()
    }

    /// The table of them, as `b`.
    fn push(&self, sql: &mut QueryBuilder<Postgres>) {
        if self.is_by_actor() {
            sql.push("unnest(").push_bind(self.actors.clone()).push("::uuid[], ");
            sql.push_bind(self.since.clone()).push("::timestamptz[], ");
            sql.push_bind(self.until.clone()).push("::timestamptz[], ");
            sql.push_bind(self.behalf.clone()).push("::bool[]) as b (key, since, till, behalf)");
        } else {
            sql.push("unnest(").push_bind(self.kinds.clone()).push("::text[]) as b (key)");
        }
    }

    /// What of the events `e` belongs to a branch, between two instants.
    fn matches(&self, sql: &mut QueryBuilder<Postgres>, from: Option<Instant>, to: Instant) {
        match self.is_by_actor() {
            true => sql.push(
                " e.actor = b.key and (b.since is null or e.recorded_at >= b.since)
                  and (b.till is null or e.recorded_at < b.till)",
            ),
            false => sql.push(" e.kind = b.key"),
        };
        sql.push(" and e.recorded_at <= ").push_bind(to);
        if let Some(from) = from {
            sql.push(" and e.recorded_at >= ").push_bind(from);
        }
    }
}

impl Store {
    /// What happened, the latest first.
    ///
    /// # Errors
    /// The database; [`StoreError::Unreadable`] for an event that this program cannot read.
    pub async fn trail(&self, query: &TrailQuery) -> Result<Trail, StoreError> {
        let limit = if query.limit == 0 { 50 } else { query.limit.min(LONGEST_PAGE) } as usize;
        let branches = self.branches(query).await?;
        let ahead = query.until.map(|until| until - TimeDelta::microseconds(1));
        let mut cursor = match (query.after, ahead) {
            (Some(after), Some(until)) if after.at > until => TrailCursor::from(until),
            (Some(after), _) => after,
            (None, Some(until)) => TrailCursor::from(until),
            // An event can be ahead of the engine's clock by no more than the clock of a sandbox jumps.
            (None, None) => TrailCursor::from(self.now().await? + TimeDelta::days(1)),
        };
        let mut rows: Vec<TrailRow> = Vec::new();
        for _ in 0..LOOKS {
            let from = match query.cases {
                // All of it is found by the key of the case.
                Some(_) => None,
                None => self.looks_back_to(query, &branches, cursor.at).await?,
            };
            let wanted = limit - rows.len() + 1;
            let found = self.found(query, &branches, from, cursor, wanted).await?;
            rows.extend(found);
            if rows.len() > limit {
                rows.truncate(limit);
                let next = rows.last().map(|last| TrailCursor {
                    at: last.event.recorded_at,
                    case: last.case,
                    seq: last.event.seq as i32,
                });
                return Ok(Trail { rows, next, stopped: false });
            }
            match from {
                None => return Ok(Trail { rows, next: None, stopped: false }),
                Some(from) => cursor = TrailCursor::from(from - TimeDelta::microseconds(1)),
            }
        }
        Ok(Trail { rows, next: Some(cursor), stopped: true })
    }

    /// By what the index is asked.
    async fn branches(&self, query: &TrailQuery) -> Result<Branches, StoreError> {
        let mut branches = Branches::default();
        let Some(person) = query.person else {
            branches.kinds = match query.kinds.is_empty() {
                true => Fact::kinds().iter().map(|kind| (*kind).to_owned()).collect(),
                false => query.kinds.clone(),
            };
            return Ok(branches);
        };
        // All his accounts; and the accounts of his delegates, for as long as he lent them something.
        let rows = sqlx::query(
            "with known as (select coalesce(natural_person, id) as id from people where id = $1),
             own as (
                select p.id from people p join known k on p.id = k.id
                union select p.id from people p join known k on p.natural_person = k.id),
             lent as (
                select coalesce(t.natural_person, t.id) as natural, d.starts_at,
                       least(d.ends_at, d.revoked_at) as ends_at
                from delegations d join people t on t.id = d.to_person
                where d.from_person in (select id from own))
             select own.id, null::timestamptz, null::timestamptz, false from own
             union all
             select a.id, min(l.starts_at), max(l.ends_at), true
             from lent l cross join lateral (
                select p.id from people p where p.id = l.natural
                union select p.id from people p where p.natural_person = l.natural) a
             group by a.id",
        )
        .bind(person.0)
        .fetch_all(&self.engine.readers)
        .await?;
        for row in &rows {
            let (account, behalf): (Uuid, bool) = (row.try_get(0)?, row.try_get(3)?);
            branches.actors.push(account);
            branches.since.push(row.try_get(1)?);
            branches.until.push(row.try_get(2)?);
            branches.behalf.push(behalf);
            if !behalf {
                branches.own.push(account);
            }
        }
        if branches.actors.is_empty() {
            // Nobody of that name: he has done nothing.
            branches.actors.push(person.0);
            branches.since.push(None);
            branches.until.push(None);
            branches.behalf.push(false);
        }
        Ok(branches)
    }

    /// How far back one look goes: so far that no branch has more than so many events; `None` where that is
    /// everything. It asks the index alone, as the engine: behind the wall it would count what the reader
    /// sees, and go on for ever for who sees little.
    async fn looks_back_to(
        &self,
        query: &TrailQuery,
        branches: &Branches,
        to: Instant,
    ) -> Result<Option<Instant>, StoreError> {
        let count = branches.actors.len().max(branches.kinds.len()).max(1);
        let look = (LOOK / count).max(if count > 3 { LOOK_EACH } else { 1 });
        let mut sql = QueryBuilder::new(
            "select max(x.at) from (select (
                select e.recorded_at from case_events e where",
        );
        branches.matches(&mut sql, query.since, to);
        sql.push(" order by e.recorded_at desc offset ").push_bind(look as i64);
        sql.push(" limit 1) as at from ");
        branches.push(&mut sql);
        sql.push(") x");
        let at = sql.build_query_scalar::<Option<Instant>>();
        Ok(at.fetch_one(&self.engine.readers).await?)
    }

    /// What matches between an instant and the cursor.
    async fn found(
        &self,
        query: &TrailQuery,
        branches: &Branches,
        from: Option<Instant>,
        cursor: TrailCursor,
        limit: usize,
    ) -> Result<Vec<TrailRow>, StoreError> {
        let from = from.max(query.since);
        let mut sql = QueryBuilder::new(
            "select f.case_id, f.body, c.subject, c.workflow, c.unit_id,
                    coalesce((select (m.body #>> '{fact,from,version}')::int from case_events m
                              where m.case_id = f.case_id and m.seq > f.seq and m.kind = 'migrated'
                              order by m.seq limit 1), c.version)
             from (select found.* from ",
        );
        if let Some(cases) = &query.cases {
            let cases: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
            sql.push("unnest(").push_bind(cases).push("::uuid[]) as b (key)");
        } else {
            branches.push(&mut sql);
        }
        sql.push(
            " cross join lateral (
                select e.case_id, e.seq, e.recorded_at, e.body::text as body
                from case_events e where",
        );
        if query.cases.is_some() {
            sql.push(" e.case_id = b.key and e.recorded_at <= ").push_bind(cursor.at);
            if let Some(from) = from {
                sql.push(" and e.recorded_at >= ").push_bind(from);
            }
        } else {
            branches.matches(&mut sql, from, cursor.at);
        }
        sql.push(" and (e.recorded_at, e.case_id, e.seq) < (").push_bind(cursor.at).push(", ");
        sql.push_bind(cursor.case.0).push(", ").push_bind(cursor.seq).push(")");
        filters(&mut sql, query, branches);
        sql.push(" order by e.recorded_at desc, e.case_id desc, e.seq desc limit ");
        sql.push_bind(limit as i64);
        sql.push(
            ") found order by found.recorded_at desc, found.case_id desc, found.seq desc limit ",
        );
        sql.push_bind(limit as i64);
        sql.push(
            ") f join cases c on c.id = f.case_id
             order by f.recorded_at desc, f.case_id desc, f.seq desc",
        );
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        let mut rows = rows.iter().map(trail_row).collect::<Result<Vec<_>, _>>()?;
        self.open_events(rows.iter_mut().map(|row| (row.case, &mut row.event))).await?;
        Ok(rows)
    }

    /// The cases with that tracking code, the last twelve digits of their identifier; or the one with that
    /// identifier. By the index `cases_by_code`.
    ///
    /// # Errors
    /// The database.
    pub async fn cases_of_code(&self, code: &str) -> Result<Vec<CaseId>, StoreError> {
        let digits: String = code.chars().filter(char::is_ascii_hexdigit).collect();
        let digits = digits.to_lowercase();
        if let Ok(whole) = digits.parse::<Uuid>() {
            return Ok(vec![CaseId(whole)]);
        }
        let found: Vec<Uuid> = sqlx::query_scalar(
            "select id from cases where \"right\"(id::text, 12) = $1 order by id limit 20",
        )
        .bind(digits)
        .fetch_all(&mut *self.reads().await?)
        .await?;
        Ok(found.into_iter().map(CaseId).collect())
    }
}

/// What the index does not tell. The case is looked up by its key for each event, never all cases at once.
fn filters(sql: &mut QueryBuilder<Postgres>, query: &TrailQuery, branches: &Branches) {
    let by_kind = query.cases.is_none() && !branches.is_by_actor();
    if !query.kinds.is_empty() && !by_kind {
        sql.push(" and e.kind = any(").push_bind(query.kinds.clone()).push(")");
    }
    if branches.is_by_actor() {
        let own = branches.own.clone();
        let of = "(e.body #>> '{by,officer,on_behalf_of,person}')::uuid = any(";
        if query.cases.is_some() {
            sql.push(" and (e.actor = any(").push_bind(own.clone()).push(") or ").push(of);
            sql.push_bind(own).push("))");
        } else {
            sql.push(" and (not b.behalf or ").push(of).push_bind(own).push("))");
        }
    }
    if query.within.is_some() || query.workflow.is_some() {
        sql.push(" and (select true from cases c where c.id = e.case_id");
        if let Some(workflow) = &query.workflow {
            sql.push(" and c.workflow = ").push_bind(workflow.as_str().to_owned());
        }
        if let Some(within) = &query.within {
            sql.push(" and c.unit_id in (select unit from unit_closure where above = ");
            sql.push_bind(within.as_str().to_owned()).push(")");
        }
        sql.push(")");
    }
    if let Some(reason) = &query.reason {
        // The whole text first: it is not taken apart where the words are nowhere in it.
        let pattern = contains(reason);
        sql.push(" and folded(e.body::text) like folded(").push_bind(pattern.clone());
        sql.push(
            ") and folded(concat_ws(' ', e.body #>> '{fact,reason}', e.body #>> '{fact,text}',
                e.body #>> '{fact,refused}', e.body #>> '{fact,received_reason}')) like folded(",
        );
        sql.push_bind(pattern).push(")");
    }
}

fn trail_row(row: &PgRow) -> Result<TrailRow, StoreError> {
    let case = CaseId(row.try_get(0)?);
    let body: &str = row.try_get(1)?;
    let event = serde_json::from_str(body).map_err(|error| StoreError::Unreadable {
        what: format!("an event of the case {case}"),
        why: error.to_string(),
    })?;
    Ok(TrailRow {
        case,
        event,
        subject: row.try_get(2)?,
        workflow: WorkflowId::from(row.try_get::<String, _>(3)?),
        unit: UnitId::from(row.try_get::<String, _>(4)?),
        version: row.try_get::<i32, _>(5)? as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let at = "2025-02-01T08:00:00.123456Z".parse().unwrap();
        let cursor = TrailCursor { at, case: CaseId(Uuid::from_u128(7)), seq: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in ["", "1", "1.2.3", "x.00000000-0000-0000-0000-000000000000.1"] {
            assert_eq!(wrong.parse::<TrailCursor>(), Err(()), "{wrong}");
        }
    }
}
