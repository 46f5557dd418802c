//! On-time figures of a period. The rules are those of [`parvaneh_core::measure`]; tests hold the
//! statement below and [`parvaneh_core::measure::Judged`] together.

use std::{collections::BTreeMap, ops::Range};

use parvaneh_core::{
    Instant, UnitId, WorkflowId,
    measure::{Counts, Tally},
};
use sqlx::{AssertSqlSafe, Row};

use super::cells::Summed;
use crate::{Store, StoreError, reading::Sums};

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

/// How an ended case counts, by its deadline and by that without suspensions and extensions.
const ENDED: &str = "
        select {summed} as summed, c.unit_id, c.workflow, c.version, c.ended_at as at,
               figure_verdict(c.ended_at, judged.deadline, c.decision, c.by_silence) as kind,
               judged.raw, {sign}::bigint as cases
        from {cases} c
        cross join lateral (values (false, c.deadline_at), (true, c.raw_deadline_at))
            as judged (raw, deadline)
        where c.raw_deadline_at is not null and c.ended_at >= {from} and c.ended_at < {to}";

/// What runs although its deadline has passed.
const OVERDUE: &str = "
        select {summed}, c.unit_id, c.workflow, c.version, c.{deadline}, 'overdue', {raw}, {sign}::bigint
        from {cases} c
        where c.ended_at is null and c.{deadline} >= {from} and c.{deadline} < {to}";

/// The months `$6` to `$7` and the days `$8` to `$9` from the sums of `held` and from what has still to be
/// added to them; the rest of the period from the cases, each part by one range of one index:
/// `cases_ended`, `cases_running_deadline`, `cases_running_raw_deadline`.
const FIGURES: &str = "
    with held as materialized ({held}),
    counted as (
        select true as summed, f.unit_id, f.workflow, f.version, f.cell as at, f.kind, f.raw, f.cases
        from held join case_figures f on f.unit_id = held.unit and f.whole = held.whole
        where f.kind = any (array['on_time', 'late', 'by_silence', 'given_up_late'])
          and f.raw = any (array[false, true]) and f.cell >= $6 and f.cell < $7
        union all
        select true, f.unit_id, f.workflow, f.version, f.cell, 'overdue', f.raw, f.cases
        from held join case_figures f on f.unit_id = held.unit and f.whole = held.whole
        where f.kind = 'running' and f.raw = any (array[false, true])
          and f.cell >= $8 and f.cell < $9
        union all {parts}
    )
    select {slice} as slice, {dimension} as dimension, {version} as version, raw, kind,
           sum(cases)::bigint as cases
    from counted x {join}
    where kind is not null
      and ($3::text is null or x.workflow = $3)
      and (x.summed or $4::text is null
           or x.unit_id in (select unit from unit_closure where above = $4))
      and cardinality($5::timestamptz[]) >= 0
    group by 1, 2, 3, 4, 5
    having sum(cases) <> 0";

/// The units whose sums are read: that one with all below it ...
pub(super) const WHOLE: &str = "
    select id as unit, true as whole from units where id = $4 or ($4 is null and parent is null)";
/// ... all provinces so, and by itself what stands above them ...
const PROVINCES: &str = "
    select id as unit, level = 'province' as whole from units where level in ('province', 'national')";
/// ... or each by itself, as it is in the reader's reach.
pub(super) const SINGLE: &str = "
    select id as unit, false as whole from units
    where $4 is null or id in (select unit from unit_closure where above = $4)";

/// The province in which a unit lies.
const PROVINCE_OF: &str = "
    left join (select up.unit, u.id from unit_closure up
               join units u on u.id = up.above and u.level = 'province'
    ) province on province.unit = x.unit_id";

/// The parts of [`FIGURES`] that are counted and not summed.
fn parts() -> String {
    let of = |part: &str, cases: &str, sign: &str, from: &str, to: &str| {
        part.replace("{summed}", "false")
            .replace("{cases}", cases)
            .replace("{sign}", sign)
            .replace("{from}", from)
            .replace("{to}", to)
    };
    let mut parts = vec![
        of(ENDED, "case_changes", "c.sign", "$6", "$7"),
        of(ENDED, "cases", "1", "$1", "$6"),
        of(ENDED, "cases", "1", "$7", "$2"),
    ];
    for (deadline, raw) in [("deadline_at", "false"), ("raw_deadline_at", "true")] {
        let overdue = OVERDUE.replace("{deadline}", deadline).replace("{raw}", raw);
        parts.push(of(&overdue, "case_changes", "c.sign", "$8", "$9"));
        parts.push(of(&overdue, "cases", "1", "$1", "least($8, $10)"));
        parts.push(of(&overdue, "cases", "1", "$9", "least($2, $10)"));
    }
    parts.join(" union all ")
}

impl Store {
    /// On-time figures of a period.
    ///
    /// # Errors
    /// The database.
    pub async fn on_time(&self, query: &OnTimeQuery) -> Result<OnTime, StoreError> {
        let organisation = self.reference().await?.organisation.clone();
        let none: &[Instant] = &[];
        let (slice, dimension, join, slices) = match &query.by {
            OnTimeBy::Whole => ("0", "null::text", "", none),
            OnTimeBy::Slices(slices) => ("width_bucket(at, $5) - 1", "null::text", "", &slices[..]),
            OnTimeBy::Province => ("0", "province.id", PROVINCE_OF, none),
            OnTimeBy::Unit => ("0", "x.unit_id", "", none),
            OnTimeBy::Definition => ("0", "x.workflow", "", none),
        };
        let version = if query.by == OnTimeBy::Definition { "x.version" } else { "0" };
        let within = query.within.as_ref();
        let nationwide = within.is_none_or(|within| organisation.is_whole(within));
        let sums = self.sums_of(&organisation, within);
        let held = match (sums, &query.by) {
            (Sums::Whole, OnTimeBy::Province) if nationwide => PROVINCES,
            (Sums::Parts | Sums::None, _) | (_, OnTimeBy::Province | OnTimeBy::Unit) => SINGLE,
            (Sums::Whole, _) => WHOLE,
        };
        let sql = FIGURES
            .replace("{held}", held)
            .replace("{parts}", &parts())
            .replace("{slice}", slice)
            .replace("{dimension}", dimension)
            .replace("{join}", join)
            .replace("{version}", version);
        let mut reads = self.reads().await?;
        let now = sqlx::query_scalar("select engine_now()").fetch_one(&mut *reads).await?;
        let summed = match sums {
            Sums::None => Summed::nothing(&query.period),
            Sums::Parts | Sums::Whole => Summed::of(&query.period, slices, now),
        };
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(query.period.start)
            .bind(query.period.end)
            .bind(query.workflow.as_ref().map(|workflow| workflow.as_str()))
            .bind(within.map(|unit| unit.as_str()))
            .bind(slices)
            .bind(summed.months.start)
            .bind(summed.months.end)
            .bind(summed.days.start)
            .bind(summed.days.end)
            .bind(now)
            .fetch_all(&mut *reads)
            .await?;
        let mut figures: BTreeMap<OnTimeKey, (Tally, Tally)> = BTreeMap::new();
        for row in &rows {
            let slice: i32 = row.try_get(0)?;
            let dimension: Option<String> = row.try_get(1)?;
            let key = match &query.by {
                OnTimeBy::Whole => OnTimeKey::Whole,
                // Before the first slice: it is not asked about.
                OnTimeBy::Slices(_) if slice < 0 => continue,
                OnTimeBy::Slices(_) => OnTimeKey::Slice(slice as usize),
                OnTimeBy::Province | OnTimeBy::Unit => OnTimeKey::Unit(dimension.map(UnitId::from)),
                OnTimeBy::Definition => OnTimeKey::Definition(
                    WorkflowId::from(dimension.unwrap_or_default()),
                    row.try_get::<i32, _>(2)? as u32,
                ),
            };
            let (tally, raw) = figures.entry(key).or_default();
            let tally = if row.try_get(3)? { raw } else { tally };
            let counts = match row.try_get::<&str, _>(4)? {
                "on_time" => Counts::OnTime,
                "late" => Counts::Late,
                "by_silence" => Counts::BySilence,
                "given_up_late" => Counts::GivenUpLate,
                _ => Counts::Overdue,
            };
            *count_of(tally, counts) += row.try_get::<i64, _>(5)? as u64;
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
