//! The cases of a workflow that have ended, in the order of a number that was filled in or computed.

use std::ops::Range;

use parvaneh_core::{CaseId, FieldId, Instant, PersonId, StepId, UnitId, WorkflowId, form::Value};
use serde::Serialize;
use sqlx::Row;

use crate::{error::StoreError, store::Store};

/// Which cases are ranked, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankingQuery {
    /// Those of this workflow.
    pub workflow: WorkflowId,
    /// The field: a number, or an amount of money.
    pub field: FieldId,
    /// Those that ended in it.
    pub period: Option<Range<Instant>>,
    /// Those that were received by this unit or one below it: their places are among each other.
    pub within: Option<UnitId>,
    /// Those in which a field has this value.
    pub only: Option<(FieldId, Value)>,
    /// How many rows are left out at the beginning.
    pub skip: u32,
    /// How many follow.
    pub limit: u32,
}

/// One case in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranked {
    /// Its place, from 1: one more than there are cases with a higher score.
    pub place: u64,
    /// How many cases share it.
    pub sharing: u64,
    /// Its score, an exact decimal number.
    pub score: String,
    /// The case.
    pub case: CaseId,
    /// The version by which it ran.
    pub version: u32,
    /// The unit that received it.
    pub unit: UnitId,
    /// Whom it is about.
    pub applicant: PersonId,
    /// What it is about.
    pub subject: String,
    /// The end that it reached: its grade, where the definition chooses it by the score.
    pub end: StepId,
    /// When.
    pub ended_at: Instant,
}

/// The cases that reached one end, taken together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Band {
    /// The end.
    pub end: StepId,
    /// The latest version in which a case reached it.
    pub version: u32,
    /// How many cases reached it.
    pub cases: u64,
    /// The lowest score of one that did.
    pub lowest: String,
    /// The highest.
    pub highest: String,
}

/// A page of a ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranking {
    /// How many cases have a place.
    pub ranked: u64,
    /// How many have ended without a score.
    pub unscored: u64,
    /// What ends they reached, the highest score first.
    pub bands: Vec<Band>,
    /// The page.
    pub rows: Vec<Ranked>,
}

/// Reads one range of the index `cases_ended_by`. Equal scores share a place; the order among them is
/// that of the identifiers, so that pages neither repeat nor leave out a case.
const RANKING: &str = "
    with chosen as materialized (
        select c.id, c.version, c.unit_id, c.applicant, c.subject, c.step, c.ended_at,
               coalesce(c.state->'data'->$2->>'number', c.state->'data'->$2->>'money') as score
        from cases c
        where c.workflow = $1 and c.ended_at is not null
          and ($3::timestamptz is null or c.ended_at >= $3)
          and ($4::timestamptz is null or c.ended_at < $4)
          and ($5::text is null or c.unit_id in (select unit from unit_closure where above = $5))
          and ($6::text is null or (c.state->'data'->$6)::jsonb = $7::jsonb)
    ), placed as materialized (
        select chosen.*, rank() over by_score as place, count(*) over (partition by score::numeric) as sharing
        from chosen where score is not null
        window by_score as (order by score::numeric desc)
    ), bands as (
        select step, max(version) as version, count(*) as cases,
               min(score::numeric) as lowest, max(score::numeric) as highest
        from placed group by step
    ), page as (
        select * from placed order by place, id offset $8 limit $9
    )
    select (select count(*) from placed), (select count(*) from chosen where score is null),
           (select coalesce(json_agg(json_build_array(
                step, version, cases, lowest::text, highest::text) order by highest desc, step), '[]'::json)
            from bands),
           page.place, page.sharing, page.score, page.id, page.version, page.unit_id, page.applicant,
           page.subject, page.step, page.ended_at
    from (values (true)) as one left join page on true
    order by page.place, page.id";

impl Store {
    /// Ranks the cases of a workflow by a number.
    ///
    /// # Errors
    /// The database.
    pub async fn ranking(&self, query: &RankingQuery) -> Result<Ranking, StoreError> {
        let only = query.only.as_ref();
        let value = only.map(|(_, value)| serde_json::to_string(value)).transpose();
        let value = value.map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        let rows = sqlx::query(RANKING)
            .bind(query.workflow.as_str())
            .bind(query.field.as_str())
            .bind(query.period.as_ref().map(|period| period.start))
            .bind(query.period.as_ref().map(|period| period.end))
            .bind(query.within.as_ref().map(UnitId::as_str))
            .bind(only.map(|(field, _)| field.as_str()))
            .bind(value)
            .bind(i64::from(query.skip))
            .bind(i64::from(query.limit))
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let mut ranking = Ranking {
            ranked: 0,
            unscored: 0,
            bands: Vec::new(),
            rows: Vec::with_capacity(rows.len()),
        };
        for (number, row) in rows.iter().enumerate() {
            if number == 0 {
                ranking.ranked = row.try_get::<i64, _>(0)? as u64;
                ranking.unscored = row.try_get::<i64, _>(1)? as u64;
                let bands: Vec<(String, u32, u64, String, String)> =
                    row.try_get::<sqlx::types::Json<_>, _>(2)?.0;
                for (end, version, cases, lowest, highest) in bands {
                    let end = StepId::from(end);
                    ranking.bands.push(Band { end, version, cases, lowest, highest });
                }
            }
            // One row of nulls where the page is empty.
            let Some(place) = row.try_get::<Option<i64>, _>(3)? else { continue };
            ranking.rows.push(Ranked {
                place: place as u64,
                sharing: row.try_get::<i64, _>(4)? as u64,
                score: row.try_get(5)?,
                case: CaseId(row.try_get(6)?),
                version: row.try_get::<i32, _>(7)? as u32,
                unit: UnitId::from(row.try_get::<String, _>(8)?),
                applicant: PersonId(row.try_get(9)?),
                subject: row.try_get(10)?,
                end: StepId::from(row.try_get::<String, _>(11)?),
                ended_at: row.try_get(12)?,
            });
        }
        Ok(ranking)
    }
}
