//! Moving running cases to another version of their definition.
//!
//! What is opened by the old version while the job runs is found by further passes over the cases that
//! have been written since; so when the old version is retired before, none is left behind.

use std::sync::Arc;

use chrono::TimeDelta;
use parvaneh_core::{CaseId, Instant, Mapping, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{JobId, Portion, read};
use crate::{Request, StoreError};

/// The kind of these jobs.
pub(crate) const MIGRATE: &str = "migrate";

/// How often the cases that were written meanwhile are looked through.
const PASSES: u32 = 3;

/// An opening that was decided before the pass began may be written a little later.
const COMMITS_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
struct Parameters {
    mapping: Arc<Mapping>,
    /// The text of the mapping's file.
    source: String,
    /// Only cases of this unit and those below it.
    unit: Option<UnitId>,
}

/// Up to where it is done.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which pass it is, from 0.
    pass: u32,
    /// When it began.
    began: Instant,
    /// Only what has been written since is looked at.
    since: Option<Instant>,
    after: Uuid,
}

/// Cases that run by a version, of a unit and below it, or all.
pub(crate) const RUNNING_BY: &str = "
    from cases c
    where c.workflow = $1 and c.version = $2 and c.ended_at is null
      and ($3::text is null or c.unit_id in (select unit from unit_closure where above = $3))";

/// Asks for it.
pub(crate) async fn begin(
    in_tx: &mut PgConnection,
    mapping: &Mapping,
    source: &str,
    unit: Option<&UnitId>,
) -> Result<JobId, StoreError> {
    let total = left(in_tx, mapping, unit).await?;
    let parameters = Parameters {
        mapping: Arc::new(mapping.clone()),
        source: source.to_owned(),
        unit: unit.cloned(),
    };
    let parameters = serde_json::to_value(parameters).expect("names, numbers and a text");
    Ok(super::begin(in_tx, MIGRATE, &parameters, total).await?)
}

/// The next cases, in the order of the index `cases_running_by`.
pub(super) async fn portion(
    connection: &mut PgConnection,
    parameters: &Value,
    cursor: Option<Value>,
    limit: usize,
) -> Result<Portion, StoreError> {
    let Parameters { mapping, unit, .. } = read(parameters)?;
    let now: Instant =
        sqlx::query_scalar("select engine_now()").fetch_one(&mut *connection).await?;
    let place: Place = match cursor.as_ref() {
        Some(cursor) => read(cursor)?,
        None => Place { pass: 0, began: now, since: None, after: Uuid::nil() },
    };
    let select = sqlx::AssertSqlSafe(format!(
        "select c.id {RUNNING_BY} and c.id > $4 and ($5::timestamptz is null or c.recorded_at >= $5)
         order by c.id limit $6"
    ));
    let rows = sqlx::query(select)
        .bind(mapping.workflow.as_str())
        .bind(mapping.from as i32)
        .bind(unit.as_ref().map(|unit| unit.as_str()))
        .bind(place.after)
        .bind(place.since)
        .bind(limit as i64)
        .fetch_all(connection)
        .await?;
    let cases: Vec<Uuid> =
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?;
    let again = place.pass > 0;
    let next = match cases.last() {
        Some(last) if cases.len() == limit => Some(Place { after: *last, ..place }),
        _ if place.pass + 1 < PASSES => Some(Place {
            pass: place.pass + 1,
            began: now,
            since: Some(place.began - COMMITS_WITHIN),
            after: Uuid::nil(),
        }),
        _ => None,
    };
    let requests = cases.into_iter().map(|id| Request::migrate(CaseId(id), mapping.clone()));
    let next = next.map(|place| serde_json::to_value(place).expect("numbers and instants"));
    Ok(Portion { requests: requests.collect(), next, again })
}

/// How many cases of a job still run by the old version.
pub(super) async fn left_of(
    connection: &mut PgConnection,
    parameters: &Value,
) -> Result<i64, StoreError> {
    let Parameters { mapping, unit, .. } = read(parameters)?;
    left(connection, &mapping, unit.as_ref()).await
}

/// How many cases still run by the version from which a mapping leads.
async fn left(
    connection: &mut PgConnection,
    mapping: &Mapping,
    unit: Option<&UnitId>,
) -> Result<i64, StoreError> {
    let count = sqlx::AssertSqlSafe(format!("select count(*) {RUNNING_BY}"));
    let count = sqlx::query_scalar(count)
        .bind(mapping.workflow.as_str())
        .bind(mapping.from as i32)
        .bind(unit.map(|unit| unit.as_str()));
    Ok(count.fetch_one(connection).await?)
}
