//! Reading recorded events for an export: as many as there are, in memory for some thousands.
//!
//! All of it is one snapshot of the database. Which cases there are is read through the wall, as the asker; the events of
//! those cases are then read as the program, because to look a case up again for each of its events takes longer than to
//! read it. An event has nothing behind the wall but its case.
//!
//! Events are copied out as the server has them (`copy … to stdout`, binary): no row is taken apart before somebody
//! writes it down.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use futures_util::StreamExt;
use parvaneh_core::{
    CaseId, Instant, PersonId, RecordedCase, RecordedEvent, StepId, UnitId, WorkflowId,
    reach::Reach, timeline::Hash,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, QueryBuilder, Row};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{ExportScope, Span};
use crate::{Store, StoreError, Viewer, read::filters, reading::Reader};

/// How many cases are looked up at once.
const CASES: u32 = 1_000;
/// How many bytes of events are handed on together, at least.
const BATCH: usize = 256 * 1024;
/// How many batches wait for who writes them down.
const WAITING: usize = 2;
/// How long one statement may take: whoever writes may be slow, and the server waits for him.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Events as they are recorded, while they are being read. To drop it ends the reading.
#[derive(Debug)]
pub struct Recorded {
    batches: mpsc::Receiver<Result<Batch, StoreError>>,
    total: u64,
}

/// Some of the events.
#[derive(Debug)]
pub struct Batch {
    cases: Arc<Vec<RecordedCase>>,
    bytes: Vec<u8>,
    done: u64,
}

impl Recorded {
    /// The next of them; `None` when all were read.
    ///
    /// # Errors
    /// The database; then what was read is not all.
    pub async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        self.batches.recv().await.transpose()
    }

    /// How many cases are looked at, as far as that was known at the beginning.
    pub fn total(&self) -> u64 {
        self.total
    }
}

impl Batch {
    /// The events: a case's together and in their order, cases by their identifiers.
    pub fn events(&self) -> impl Iterator<Item = Result<RecordedEvent<'_>, StoreError>> {
        Rows { cases: &self.cases, place: 0, left: &self.bytes }
    }

    /// How many cases were done before the ones of this batch.
    pub fn cases_done(&self) -> u64 {
        self.done
    }
}

impl Store {
    /// Reads what is recorded of the cases of a scope that somebody sees because he works there: not of his own
    /// applications.
    ///
    /// # Errors
    /// The database.
    pub async fn recorded(
        &self,
        viewer: &Viewer,
        scope: &ExportScope,
    ) -> Result<Recorded, StoreError> {
        let reach = at_work(&viewer.reach);
        let reader = Reader::new(&viewer.organisation, &reach, &[]);
        let mut connection = self.engine.readers.acquire().await?.detach();
        let milliseconds = LONGEST.as_millis();
        let begin = format!(
            "begin isolation level repeatable read read only;
             set local statement_timeout = {milliseconds};
             set local idle_in_transaction_session_timeout = {milliseconds};
             set local jit = off;
             set local enable_seqscan = off;
             set local enable_bitmapscan = off;
             set local role parvaneh_app; {}",
            reader.naming()
        );
        // Numbers, and what `Reader` quotes.
        connection.execute(sqlx::raw_sql(AssertSqlSafe(begin))).await?;
        let mut sql = QueryBuilder::new("select count(*) from cases c where true");
        narrow(&mut sql, scope);
        let total: i64 = sql.build_query_scalar().fetch_one(&mut connection).await?;
        let (sender, batches) = mpsc::channel(WAITING);
        let scope = scope.clone();
        tokio::spawn(async move {
            if let Err(error) = read(&mut connection, &scope, &sender).await {
                // Nobody waits for it, where nobody listens any more.
                let _ = sender.send(Err(error)).await;
            }
            // In the middle of a copy there is no other way to end it.
            let _ = connection.close_hard().await;
        });
        Ok(Recorded { batches, total: total as u64 })
    }
}

/// What somebody sees because he works there.
fn at_work(reach: &Reach) -> Reach {
    Reach { jurisdictions: reach.jurisdictions.clone(), ..Reach::default() }
}

fn narrow(sql: &mut QueryBuilder<sqlx::Postgres>, scope: &ExportScope) {
    if let Some(case) = scope.case {
        sql.push(" and c.id = ").push_bind(case.0);
    }
    filters(sql, &scope.cases());
}

/// Reads until everything is read, or nobody wants it any more.
async fn read(
    connection: &mut PgConnection,
    scope: &ExportScope,
    sender: &mpsc::Sender<Result<Batch, StoreError>>,
) -> Result<(), StoreError> {
    let (mut after, mut done) = (Uuid::nil(), 0);
    loop {
        connection.execute(sqlx::raw_sql("set local role parvaneh_app")).await?;
        let mut sql = QueryBuilder::new(
            "select c.id, c.workflow, c.version, c.unit_id, c.applicant, c.subject, c.seq, c.step,
                    c.opened_at, c.deadline_at, c.ended_at
             from cases c where c.id > ",
        );
        sql.push_bind(after);
        narrow(&mut sql, scope);
        sql.push(" order by c.id limit ").push_bind(i64::from(CASES));
        let rows = sql.build().fetch_all(&mut *connection).await?;
        let cases = rows.iter().map(case).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = cases.last() else { return Ok(()) };
        after = last.case.0;
        let (found, cases) = (cases.len(), Arc::new(cases));
        connection.execute(sqlx::raw_sql("set local role parvaneh_engine")).await?;
        if !copy(connection, &cases, scope.recorded, done, sender).await? || found < CASES as usize
        {
            return Ok(());
        }
        done += found as u64;
    }
}

fn case(row: &sqlx::postgres::PgRow) -> Result<RecordedCase, sqlx::Error> {
    Ok(RecordedCase {
        case: CaseId(row.try_get(0)?),
        workflow: WorkflowId::from(row.try_get::<String, _>(1)?),
        version: row.try_get::<i32, _>(2)? as u32,
        unit: UnitId::from(row.try_get::<String, _>(3)?),
        applicant: PersonId(row.try_get(4)?),
        subject: row.try_get(5)?,
        seq: row.try_get::<i32, _>(6)? as u32,
        step: StepId::from(row.try_get::<String, _>(7)?),
        opened_at: row.try_get(8)?,
        deadline: row.try_get(9)?,
        ended_at: row.try_get(10)?,
    })
}

/// Copies out the events of these cases. Says whether somebody still wants them.
async fn copy(
    connection: &mut PgConnection,
    cases: &Arc<Vec<RecordedCase>>,
    recorded: Option<Span>,
    done: u64,
    sender: &mpsc::Sender<Result<Batch, StoreError>>,
) -> Result<bool, StoreError> {
    let ids: Vec<String> = cases.iter().map(|case| case.case.to_string()).collect();
    // Identifiers and instants, written by us: nothing to quote.
    let period = recorded.map_or(String::new(), |span| {
        let (since, until) = (span.since.to_rfc3339(), span.until.to_rfc3339());
        format!(" and recorded_at >= '{since}' and recorded_at < '{until}'")
    });
    let statement = format!(
        "copy (select case_id, seq, kind, effective_at, recorded_at, body, hash from case_events
               where case_id = any ('{{{}}}'::uuid[]){period} order by case_id, seq)
         to stdout (format binary)",
        ids.join(",")
    );
    let mut rows = connection.copy_out_raw(&statement).await?;
    let batch = |bytes| Batch { cases: cases.clone(), bytes, done };
    let mut bytes = Vec::with_capacity(BATCH + BATCH / 4);
    let mut begun = false;
    while let Some(row) = rows.next().await {
        let row = row?;
        let mut row = row.as_ref();
        if !begun {
            begun = true;
            row = behind_header(row)?;
        }
        // The last of them says that there is none.
        if row != END {
            bytes.extend_from_slice(row);
        }
        if bytes.len() >= BATCH {
            let full = std::mem::replace(&mut bytes, Vec::with_capacity(BATCH + BATCH / 4));
            if sender.send(Ok(batch(full))).await.is_err() {
                return Ok(false);
            }
        }
    }
    // Also when there are none: how far it has come.
    Ok(sender.send(Ok(batch(bytes))).await.is_ok())
}

/// How a binary copy begins (the manual's page on COPY, *Binary Format*), and how it ends.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const END: &[u8] = &[0xff, 0xff];

fn behind_header(bytes: &[u8]) -> Result<&[u8], StoreError> {
    let read = || {
        let rest = bytes.strip_prefix(SIGNATURE)?;
        let (_, rest) = rest.split_at_checked(4)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        rest.get(u32::from_be_bytes(*length) as usize..)
    };
    read().ok_or_else(|| unreadable("its beginning"))
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Unreadable {
        what: "a copy of events".to_owned(),
        why: format!("{what} is not as it must be"),
    }
}

/// Takes rows apart.
struct Rows<'a> {
    cases: &'a [RecordedCase],
    /// Which of the cases the last event was of.
    place: usize,
    left: &'a [u8],
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<RecordedEvent<'a>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left.is_empty() {
            return None;
        }
        let row = self.row();
        if row.is_none() {
            self.left = &[];
        }
        Some(row.ok_or_else(|| unreadable("a row")))
    }
}

impl<'a> Rows<'a> {
    fn row(&mut self) -> Option<RecordedEvent<'a>> {
        let (count, rest) = self.left.split_first_chunk::<2>()?;
        if u16::from_be_bytes(*count) != 7 {
            return None;
        }
        self.left = rest;
        let id = Uuid::from_bytes(self.field()?.try_into().ok()?);
        let seq = i32::from_be_bytes(self.field()?.try_into().ok()?);
        let kind = std::str::from_utf8(self.field()?).ok()?;
        let effective_at = instant(self.field()?)?;
        let recorded_at = instant(self.field()?)?;
        let body = std::str::from_utf8(self.field()?).ok()?;
        let hash: Hash = self.field()?.try_into().ok()?;
        while self.cases.get(self.place)?.case.0 != id {
            self.place += 1;
        }
        let case = self.cases.get(self.place)?;
        Some(RecordedEvent {
            case,
            seq: u32::try_from(seq).ok()?,
            kind,
            effective_at,
            recorded_at,
            body,
            hash,
        })
    }

    /// The next field, which is never null.
    fn field(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.left.split_first_chunk::<4>()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        self.left = rest;
        Some(field)
    }
}

/// 2000-01-01, from which Postgres counts microseconds.
const EPOCH: i64 = 946_684_800_000_000;

fn instant(bytes: &[u8]) -> Option<Instant> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    let epoch = DateTime::from_timestamp_micros(EPOCH)?;
    epoch.checked_add_signed(TimeDelta::microseconds(micros))
}
