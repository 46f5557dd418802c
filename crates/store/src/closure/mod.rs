//! Closures, and the states that a calendar has had: every change makes a new one.
//!
//! A state is numbered, dated and never changed; cases are brought from one to the next by the core
//! (`decide` first of all brings a case to the calendar that is in force) and a job sees to it that
//! every running case is.

mod decide;
mod preview;

use parvaneh_core::{
    CalendarId, Calendars, Instant, Organisation, PersonId, UnitId,
    calendar::{CalendarChange, DecidedClosure, Hours, Revision, TimeOfDay, closed_version},
};
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};

pub use self::{
    decide::{CALENDAR_KEEPER, Change, ClosedDay, Closing, ClosureError, Reopening, Settled},
    preview::{Affected, MovedCase, Preview, PreviewPage},
};
use crate::{Store, StoreError, job, job::JobId, reference::parse_calendar};

/// A closure as it stands in the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureRow {
    /// Its number, the unit, the day, the hours and the reason.
    pub closure: DecidedClosure,
    /// The calendar.
    pub calendar: CalendarId,
    /// Who decided it; `None` for the operator.
    pub closed_by: Option<PersonId>,
    /// When.
    pub closed_at: Instant,
    /// Who took it back.
    pub reopened_by: Option<PersonId>,
    /// When it was taken back; `None` while it is in force.
    pub reopened_at: Option<Instant>,
    /// Why it was.
    pub reopened_reason: Option<String>,
    /// The states of the calendar that it made.
    closed_in: u32,
    reopened_in: Option<u32>,
}

impl ClosureRow {
    /// Whether it is in force.
    pub fn is_in_force(&self) -> bool {
        self.reopened_in.is_none()
    }

    fn is_in_force_in(&self, state: u32) -> bool {
        self.closed_in <= state && self.reopened_in.is_none_or(|reopened| state < reopened)
    }
}

/// Which closures to list.
#[derive(Clone, Debug, Default)]
pub struct ClosuresQuery {
    /// Only those that bear on this unit: its own, those of units above it and of units below it.
    pub unit: Option<UnitId>,
    /// Only days from this one on.
    pub from: Option<chrono::NaiveDate>,
    /// Only days up to this one.
    pub until: Option<chrono::NaiveDate>,
    /// Also those that were taken back.
    pub all: bool,
    /// Only those after this one, the last of the page before: its day and its number.
    pub after: Option<(chrono::NaiveDate, u32)>,
    /// At most so many; 0 is no limit.
    pub limit: usize,
}

/// One state of a calendar as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) revision: Revision,
    /// The version of the file.
    pub(crate) file: String,
}

/// Which states are asked for, the latest first.
pub(crate) enum Wanted {
    /// The one in force, and those before it that a running case may still live by.
    Unsettled,
    /// The one that was in force at an instant.
    At(Instant),
}

const STATE: &str = "select no, since, version, change, closure, reason, file \
                     from calendar_revisions r where calendar = $1";

pub(crate) async fn states(
    pool: &PgPool,
    id: &CalendarId,
    wanted: Wanted,
) -> Result<Vec<State>, StoreError> {
    // No text in the database has it, and the server would not even look.
    if id.as_str().contains('\0') {
        return Ok(Vec::new());
    }
    let at = match wanted {
        Wanted::Unsettled => None,
        Wanted::At(at) => Some(at),
    };
    let select = sqlx::AssertSqlSafe(match at {
        // From the one before the oldest that is not settled.
        None => format!(
            "{STATE} and no >= coalesce(
                (select min(no) - 1 from calendar_revisions
                 where calendar = $1 and settled_at is null and $2::timestamptz is null),
                (select max(no) from calendar_revisions where calendar = $1))
             order by no desc"
        ),
        Some(_) => format!("{STATE} and since <= $2 order by no desc limit 1"),
    });
    let rows = sqlx::query(select).bind(id.as_str()).bind(at).fetch_all(pool).await?;
    rows.iter().map(state).collect()
}

fn state(row: &PgRow) -> Result<State, StoreError> {
    let closure = row.try_get::<Option<i32>, _>(4)?.unwrap_or_default() as u32;
    let reason = row.try_get::<Option<String>, _>(5)?.unwrap_or_default();
    let change = match row.try_get::<&str, _>(3)? {
        "closed" => CalendarChange::Closed { closure, reason },
        "reopened" => CalendarChange::Reopened { closure, reason },
        _ => CalendarChange::Published,
    };
    let revision = Revision {
        no: row.try_get::<i32, _>(0)? as u32,
        since: row.try_get(1)?,
        version: row.try_get(2)?,
        change,
    };
    Ok(State { revision, file: row.try_get(6)? })
}

/// Reads and compiles one state of a calendar.
pub(crate) async fn compile(
    pool: &PgPool,
    id: &CalendarId,
    state: &State,
    organisation: &Organisation,
) -> Result<Calendars, StoreError> {
    let file: String =
        sqlx::query_scalar("select source from calendars where id = $1 and version = $2")
            .bind(id.as_str())
            .bind(&state.file)
            .fetch_one(pool)
            .await?;
    let closures = in_force(&register(pool, id).await?, state.revision.no);
    let source = parse_calendar(id, &file)?.with_closures(&closures, organisation);
    Ok(Calendars::compile(source).as_revision(state.revision.clone()))
}

fn in_force(register: &[ClosureRow], state: u32) -> Vec<DecidedClosure> {
    let rows = register.iter().filter(|row| row.is_in_force_in(state));
    rows.map(|row| row.closure.clone()).collect()
}

/// Every state that a calendar has had, the first one first, with the closures that were in force.
pub(crate) async fn every_state(
    pool: &PgPool,
    id: &CalendarId,
) -> Result<Vec<(State, Vec<DecidedClosure>)>, StoreError> {
    let register = register(pool, id).await?;
    let select = sqlx::AssertSqlSafe(format!("{STATE} order by no"));
    let rows = sqlx::query(select).bind(id.as_str()).fetch_all(pool).await?;
    let states = rows.iter().map(|row| {
        let state = state(row)?;
        let closures = in_force(&register, state.revision.no);
        Ok((state, closures))
    });
    states.collect()
}

const CLOSURES: &str = "
    select no, calendar, unit_id, day, from_minute, to_minute, reason, closed_by, closed_at,
           closed_in, reopened_by, reopened_at, reopened_reason, reopened_in
    from closures";

/// Every closure of a calendar, in force or not, by number.
async fn register(
    executor: impl sqlx::PgExecutor<'_>,
    id: &CalendarId,
) -> Result<Vec<ClosureRow>, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("{CLOSURES} where calendar = $1 order by no"));
    let rows = sqlx::query(select).bind(id.as_str()).fetch_all(executor).await?;
    rows.iter().map(closure).collect()
}

fn closure(row: &PgRow) -> Result<ClosureRow, StoreError> {
    let minute = |column| -> Result<Option<TimeOfDay>, sqlx::Error> {
        let minutes = row.try_get::<Option<i32>, _>(column)?;
        Ok(minutes.and_then(|minutes| TimeOfDay::new((minutes / 60) as u16, (minutes % 60) as u16)))
    };
    let person = |column| -> Result<Option<PersonId>, sqlx::Error> {
        Ok(row.try_get::<Option<uuid::Uuid>, _>(column)?.map(PersonId))
    };
    let hours = minute("from_minute")?.zip(minute("to_minute")?);
    Ok(ClosureRow {
        closure: DecidedClosure {
            no: row.try_get::<i32, _>("no")? as u32,
            unit: UnitId::from(row.try_get::<String, _>("unit_id")?),
            date: row.try_get("day")?,
            hours: hours.map(|(opens, closes)| Hours { opens, closes }),
            reason: row.try_get("reason")?,
        },
        calendar: CalendarId::from(row.try_get::<String, _>("calendar")?),
        closed_by: person("closed_by")?,
        closed_at: row.try_get("closed_at")?,
        reopened_by: person("reopened_by")?,
        reopened_at: row.try_get("reopened_at")?,
        reopened_reason: row.try_get("reopened_reason")?,
        closed_in: row.try_get::<i32, _>("closed_in")? as u32,
        reopened_in: row.try_get::<Option<i32>, _>("reopened_in")?.map(|no| no as u32),
    })
}

/// Nobody else changes a calendar until the transaction ends.
pub(crate) async fn lock_in_tx(in_tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('parvaneh.calendar', 0))")
        .execute(in_tx)
        .await?;
    Ok(())
}

/// The state that is in force, as the transaction sees it.
pub(crate) async fn newest_in_tx(
    in_tx: &mut PgConnection,
    id: &CalendarId,
) -> Result<Option<State>, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("{STATE} order by no desc limit 1"));
    let row = sqlx::query(select).bind(id.as_str()).fetch_optional(in_tx).await?;
    row.as_ref().map(state).transpose()
}

/// What makes the next state of a calendar.
pub(crate) enum StateChange {
    /// A file.
    Published {
        /// Its version.
        file: String,
    },
    /// A closure, or its end.
    By(CalendarChange),
}

/// Makes the next state of a calendar, and the job that carries it to the running cases of a unit.
/// The first state needs none: no case has lived by another.
pub(crate) async fn change_in_tx(
    in_tx: &mut PgConnection,
    id: &CalendarId,
    newest: Option<State>,
    change: StateChange,
    unit: Option<&UnitId>,
) -> Result<Option<JobId>, StoreError> {
    let no = newest.as_ref().map_or(1, |newest| newest.revision.no + 1);
    let is_first = newest.is_none();
    let (file, change) = match change {
        StateChange::Published { file } => (file, CalendarChange::Published),
        StateChange::By(change) => match newest {
            Some(newest) => (newest.file, change),
            None => return Err(StoreError::NoSuchCalendar(id.clone())),
        },
    };
    let closures = in_force(&register(&mut *in_tx, id).await?, no);
    let version = closed_version(&file, &closures);
    let (kind, closure, reason) = match &change {
        CalendarChange::Published => ("published", None, None),
        CalendarChange::Closed { closure, reason } => ("closed", Some(*closure), Some(reason)),
        CalendarChange::Reopened { closure, reason } => ("reopened", Some(*closure), Some(reason)),
    };
    sqlx::query(
        "insert into calendar_revisions
            (calendar, no, since, file, version, change, closure, reason, settled_at)
         values ($1, $2, engine_now(), $3, $4, $5, $6, $7, case when $8 then engine_now() end)",
    )
    .bind(id.as_str())
    .bind(no as i32)
    .bind(file)
    .bind(version)
    .bind(kind)
    .bind(closure.map(|closure| closure as i32))
    .bind(reason)
    .bind(is_first)
    .execute(&mut *in_tx)
    .await?;
    if is_first {
        return Ok(None);
    }
    Ok(Some(job::begin_reschedule(in_tx, id, no, unit).await?))
}

impl Store {
    /// The closures of a calendar, by day.
    ///
    /// # Errors
    /// The database.
    pub async fn closures(
        &self,
        calendar: &CalendarId,
        query: &ClosuresQuery,
    ) -> Result<Vec<ClosureRow>, StoreError> {
        let mut rows = register(&self.engine.readers, calendar).await?;
        let organisation = self.organisation().await?;
        rows.retain(|row| {
            let ClosureRow { closure, .. } = row;
            let bears = |unit: &UnitId| {
                organisation.contains(unit, &closure.unit)
                    || organisation.contains(&closure.unit, unit)
            };
            (query.all || row.is_in_force())
                && query.unit.as_ref().is_none_or(bears)
                && query.from.is_none_or(|from| from <= closure.date)
                && query.until.is_none_or(|until| closure.date <= until)
        });
        if let Some(after) = query.after {
            rows.retain(|row| (row.closure.date, row.closure.no) > after);
        }
        rows.sort_by_key(|row| (row.closure.date, row.closure.no));
        if query.limit > 0 {
            rows.truncate(query.limit);
        }
        Ok(rows)
    }

    /// A closure by its number, in force or not; with the calendar that it belongs to.
    ///
    /// # Errors
    /// The database.
    pub async fn closure(&self, no: u32) -> Result<Option<ClosureRow>, StoreError> {
        let Ok(no) = i32::try_from(no) else { return Ok(None) };
        let select = sqlx::AssertSqlSafe(format!("{CLOSURES} where no = $1"));
        let row = sqlx::query(select).bind(no).fetch_optional(&self.engine.readers).await?;
        row.as_ref().map(closure).transpose()
    }

    /// The identifiers of the calendars that have been published.
    ///
    /// # Errors
    /// The database.
    pub async fn calendar_ids(&self) -> Result<Vec<CalendarId>, StoreError> {
        let ids = "select distinct id from calendars order by id";
        let ids: Vec<String> = sqlx::query_scalar(ids).fetch_all(&self.engine.readers).await?;
        Ok(ids.into_iter().map(CalendarId::from).collect())
    }

    /// The states that a calendar has had, the latest first: those before `before`, at most `limit`.
    ///
    /// # Errors
    /// The database.
    pub async fn calendar_states(
        &self,
        id: &CalendarId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Revision>, StoreError> {
        let before = before.map(|before| i32::try_from(before).unwrap_or(i32::MAX));
        // By the key (calendar, no).
        let select = sqlx::AssertSqlSafe(format!(
            "{STATE} and ($2::integer is null or no < $2) order by no desc limit $3"
        ));
        let rows = sqlx::query(select).bind(id.as_str()).bind(before).bind(i64::from(limit));
        let rows = rows.fetch_all(&self.engine.readers).await?;
        rows.iter().map(|row| Ok(state(row)?.revision)).collect()
    }

    /// The text of the file of a calendar that is in force.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCalendar`].
    pub async fn calendar_source(&self, id: &CalendarId) -> Result<String, StoreError> {
        let select = "select c.source from calendar_revisions r
             join calendars c on c.id = r.calendar and c.version = r.file
             where r.calendar = $1 order by r.no desc limit 1";
        let source = sqlx::query_scalar(select).bind(id.as_str());
        let source = source.fetch_optional(&self.engine.readers).await?;
        source.ok_or_else(|| StoreError::NoSuchCalendar(id.clone()))
    }

    /// The calendar as it was at an instant: by it, what stopped then was judged.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCalendar`] when there was none.
    pub async fn calendars_at(
        &self,
        id: &CalendarId,
        at: Instant,
    ) -> Result<std::sync::Arc<Calendars>, StoreError> {
        let pool = &self.engine.readers;
        let newest = self.calendars(id).await?;
        if newest.revision().is_none_or(|revision| revision.since <= at) {
            return Ok(newest);
        }
        let states = states(pool, id, Wanted::At(at)).await?;
        // A case can have been received before the first calendar was published.
        let Some(state) = states.first() else { return Ok(newest) };
        let organisation = self.organisation().await?;
        Ok(std::sync::Arc::new(compile(pool, id, state, &organisation).await?))
    }
}
