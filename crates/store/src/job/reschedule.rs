//! Carrying a change of a calendar to every running case that it can concern.

use parvaneh_core::{CalendarId, CaseId, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{JobId, Portion, read};
use crate::{Request, StoreError};

/// The kind of these jobs.
pub(crate) const RESCHEDULE: &str = "reschedule";

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
struct Parameters {
    calendar: CalendarId,
    /// The state of the calendar to which cases are brought.
    revision: u32,
    /// Only cases of this unit and those below it. A clock counts by the calendar of a unit on the
    /// way up from that of its case, so others cannot be concerned.
    unit: Option<UnitId>,
}

/// Up to where it is done: within a unit by the case's identifier, and every unit before it.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    unit: String,
    after: Option<Uuid>,
}

/// How many open cases there are in a unit and below it, or at all.
pub(crate) const OPEN_CASES: &str = "
    select count(*) from cases c
    where c.ended_at is null
      and ($1::text is null or c.unit_id in (select unit from unit_closure where above = $1))";

/// Asks for it, in the transaction that changes the calendar.
pub(crate) async fn begin(
    in_tx: &mut PgConnection,
    calendar: &CalendarId,
    revision: u32,
    unit: Option<&UnitId>,
) -> Result<JobId, StoreError> {
    let total: i64 = sqlx::query_scalar(OPEN_CASES)
        .bind(unit.map(|unit| unit.as_str()))
        .fetch_one(&mut *in_tx)
        .await?;
    let parameters = Parameters { calendar: calendar.clone(), revision, unit: unit.cloned() };
    let parameters = serde_json::to_value(parameters).expect("names and numbers");
    Ok(super::begin(in_tx, RESCHEDULE, &parameters, total).await?)
}

/// The next cases: unit by unit, each in the order of the index `cases_open_of_unit`. A case that is
/// opened meanwhile is opened by the calendar as it is.
pub(super) async fn portion(
    connection: &mut PgConnection,
    parameters: &Value,
    cursor: Option<Value>,
    limit: usize,
) -> Result<Portion, StoreError> {
    let Parameters { unit, .. } = read(parameters)?;
    let mut place: Option<Place> = cursor.as_ref().map(read).transpose()?;
    let mut requests = Vec::with_capacity(limit);
    loop {
        let here = match place.take() {
            Some(here) => here,
            None => match next_unit(connection, unit.as_ref(), "").await? {
                Some(unit) => Place { unit, after: None },
                None => return Ok(Portion { requests, next: None, again: false }),
            },
        };
        let missing = limit - requests.len();
        let cases = open_cases(connection, &here, missing).await?;
        let last = cases.last().map(|case| case.0);
        let is_full = cases.len() == missing;
        requests.extend(cases.into_iter().map(Request::tick));
        let next = match is_full {
            true => Some(Place { unit: here.unit, after: last.or(here.after) }),
            false => next_unit(connection, unit.as_ref(), &here.unit)
                .await?
                .map(|unit| Place { unit, after: None }),
        };
        match next {
            Some(next) if !is_full => place = Some(next),
            next => {
                let next = next.map(|place| serde_json::to_value(place).expect("names"));
                return Ok(Portion { requests, next, again: false });
            }
        }
    }
}

async fn open_cases(
    connection: &mut PgConnection,
    place: &Place,
    limit: usize,
) -> Result<Vec<CaseId>, StoreError> {
    let rows = sqlx::query(
        "select id from cases
         where unit_id = $1 and ended_at is null and id > $2 order by id limit $3",
    )
    .bind(&place.unit)
    .bind(place.after.unwrap_or(Uuid::nil()))
    .bind(limit as i64)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(CaseId(row.try_get(0)?))).collect()
}

async fn next_unit(
    connection: &mut PgConnection,
    within: Option<&UnitId>,
    after: &str,
) -> Result<Option<String>, StoreError> {
    let next = match within {
        Some(above) => {
            let next = "select min(unit) from unit_closure where above = $1 and unit > $2";
            sqlx::query_scalar(next).bind(above.as_str()).bind(after).fetch_one(connection).await?
        }
        None => {
            let next = "select min(id) from units where id > $1";
            sqlx::query_scalar(next).bind(after).fetch_one(connection).await?
        }
    };
    Ok(next)
}

/// Every running case has met the state of the calendar.
pub(super) async fn settle(
    connection: &mut PgConnection,
    parameters: &Value,
) -> Result<(), StoreError> {
    let Parameters { calendar, revision, .. } = read(parameters)?;
    sqlx::query(
        "update calendar_revisions set settled_at = engine_now() where calendar = $1 and no = $2",
    )
    .bind(calendar.as_str())
    .bind(revision as i32)
    .execute(connection)
    .await?;
    Ok(())
}
