//! On-time figures of a period. The rules are those of [`parvaneh_core::measure`]; tests hold the
//! statement below and [`parvaneh_core::measure::Judged`] together.

use std::{collections::BTreeMap, ops::Range};

use parvaneh_core::{
    Instant, UnitId, WorkflowId,
    measure::{Counts, Tally},
};
use sqlx::{AssertSqlSafe, Row};

use crate::{Store, StoreError};

/// Which cases, and how they are told apart.
#[derive(Clone, Debug)]
pub struct OnTimeQuery {
    /// The period: its first instant, and the first after it.
    pub period: Range<Instant>,
    /// How they are told apart.
    pub by: OnTimeBy,
    /// Only those of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only those received by this unit or one below it.
    pub within: Option<UnitId>,
}

/// How cases are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnTimeBy {
    /// Not at all.
    Whole,
    /// By slices of the period, such as its months: the first instant of each, ascending. A case
    /// belongs to the slice in which its clock stopped, or its deadline fell.
    Slices(Vec<Instant>),
    /// By the province of the unit that received them.
    Province,
    /// By the unit that received them.
    Unit,
    /// By the definition and its version.
    Definition,
}

/// What a row of figures is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnTimeKey {
    /// Everything.
    Whole,
    /// The slice of that place, from 0.
    Slice(usize),
    /// The province or unit; `None` for what stands above all provinces.
    Unit(Option<UnitId>),
    /// The workflow and its version.
    Definition(WorkflowId, u32),
}

/// The figures of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnTimeRow {
    /// What it is about.
    pub key: OnTimeKey,
    /// By the final deadlines.
    pub tally: Tally,
    /// By the deadlines without suspensions and extensions.
    pub raw: Tally,
}

/// On-time figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnTime {
    /// The engine's time at which they were taken: what is undecided now counts.
    pub now: Instant,
    /// The rows, in the order of their keys. What has no case has no row.
    pub rows: Vec<OnTimeRow>,
}

impl OnTime {
    /// All rows together.
    pub fn total(&self) -> (Tally, Tally) {
        self.rows.iter().fold(Default::default(), |(tally, raw), row| {
            (plus(tally, row.tally), plus(raw, row.raw))
        })
    }
}

pub(super) fn plus(one: Tally, other: Tally) -> Tally {
    Tally {
        on_time: one.on_time + other.on_time,
        late: one.late + other.late,
        by_silence: one.by_silence + other.by_silence,
        given_up_late: one.given_up_late + other.given_up_late,
        overdue: one.overdue + other.overdue,
    }
}

/// What stands in braces is put in from constants of this file. Each of the three parts
/// reads one range of one index: `cases_ended`, `cases_running_deadline`,
/// `cases_running_raw_deadline`.
const FIGURES: &str = "
    with clock as materialized (select engine_now() as now),
    counted as (
        select c.unit_id, c.workflow, c.version, c.ended_at as at, kind, raw
        from cases c
        cross join lateral (values (false, c.deadline_at), (true, c.raw_deadline_at))
            as judged (raw, deadline)
        cross join lateral (
            select case
                when c.decision and c.by_silence then 'by_silence'
                when c.decision and (deadline is null or c.ended_at <= deadline) then 'on_time'
                when c.decision then 'late'
                when c.ended_at > deadline then 'given_up_late'
            end as kind
        ) as verdict
        where c.ended_at >= $1 and c.ended_at < $2 and c.raw_deadline_at is not null
        union all
        select c.unit_id, c.workflow, c.version, c.deadline_at, 'overdue', false
        from cases c
        where c.ended_at is null and c.deadline_at >= $1 and c.deadline_at < $2
          and c.deadline_at < (select now from clock)
        union all
        select c.unit_id, c.workflow, c.version, c.raw_deadline_at, 'overdue', true
        from cases c
        where c.ended_at is null and c.raw_deadline_at >= $1 and c.raw_deadline_at < $2
          and c.raw_deadline_at < (select now from clock)
    ), grouped as (
        select {slice} as slice, {dimension} as dimension, {version} as version, raw, kind, count(*) as cases
        from counted x {join}
        where kind is not null
          and ($3::text is null or x.workflow = $3)
          and ($4::text is null or x.unit_id in (select unit from unit_closure where above = $4))
          and cardinality($5::timestamptz[]) >= 0
        group by 1, 2, 3, 4, 5
    )
    select now, slice, dimension, version, raw, kind, cases from clock left join grouped on true";

impl Store {
    /// On-time figures of a period.
    ///
    /// # Errors
    /// The database.
    pub async fn on_time(&self, query: &OnTimeQuery) -> Result<OnTime, StoreError> {
        let none: &[Instant] = &[];
        let (slice, dimension, join, slices) = match &query.by {
            OnTimeBy::Whole => ("0", "null::text", "", none),
            OnTimeBy::Slices(slices) => ("width_bucket(at, $5) - 1", "null::text", "", &slices[..]),
            OnTimeBy::Province => (
                "0",
                "province.id",
                "left join (select up.unit, u.id from unit_closure up
                            join units u on u.id = up.above and u.level = 'province'
                 ) province on province.unit = x.unit_id",
                none,
            ),
            OnTimeBy::Unit => ("0", "x.unit_id", "", none),
            OnTimeBy::Definition => ("0", "x.workflow", "", none),
        };
        let version = if query.by == OnTimeBy::Definition { "x.version" } else { "0" };
        let sql = FIGURES
            .replace("{slice}", slice)
            .replace("{dimension}", dimension)
            .replace("{join}", join)
            .replace("{version}", version);
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(query.period.start)
            .bind(query.period.end)
            .bind(query.workflow.as_ref().map(|workflow| workflow.as_str()))
            .bind(query.within.as_ref().map(|unit| unit.as_str()))
            .bind(slices)
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let mut now = Instant::default();
        let mut figures: BTreeMap<OnTimeKey, (Tally, Tally)> = BTreeMap::new();
        for row in &rows {
            now = row.try_get(0)?;
            // One row of nulls when nothing counts.
            let Some(slice) = row.try_get::<Option<i32>, _>(1)? else { continue };
            let dimension: Option<String> = row.try_get(2)?;
            let key = match &query.by {
                OnTimeBy::Whole => OnTimeKey::Whole,
                // Before the first slice: it is not asked about.
                OnTimeBy::Slices(_) if slice < 0 => continue,
                OnTimeBy::Slices(_) => OnTimeKey::Slice(slice as usize),
                OnTimeBy::Province | OnTimeBy::Unit => OnTimeKey::Unit(dimension.map(UnitId::from)),
                OnTimeBy::Definition => OnTimeKey::Definition(
                    WorkflowId::from(dimension.unwrap_or_default()),
                    row.try_get::<i32, _>(3)? as u32,
                ),
            };
            let (tally, raw) = figures.entry(key).or_default();
            let tally = if row.try_get(4)? { raw } else { tally };
            let counts = match row.try_get::<&str, _>(5)? {
                "on_time" => Counts::OnTime,
                "late" => Counts::Late,
                "by_silence" => Counts::BySilence,
                "given_up_late" => Counts::GivenUpLate,
                _ => Counts::Overdue,
            };
            *count_of(tally, counts) += row.try_get::<i64, _>(6)? as u64;
        }
        let rows = figures.into_iter().map(|(key, (tally, raw))| OnTimeRow { key, tally, raw });
        Ok(OnTime { now, rows: rows.collect() })
    }
}

fn count_of(tally: &mut Tally, counts: Counts) -> &mut u64 {
    match counts {
        Counts::OnTime => &mut tally.on_time,
        Counts::Late => &mut tally.late,
        Counts::BySilence => &mut tally.by_silence,
        Counts::GivenUpLate => &mut tally.given_up_late,
        Counts::Overdue => &mut tally.overdue,
    }
}
