//! How the cases stand that have not ended: how long they have run, when they are due, to which level they
//! are escalated, who has how many of them in hand.

use std::collections::BTreeMap;

use parvaneh_core::{Instant, Organisation, PersonId, RoleId, UnitId, WorkflowId};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::cells::{begins_cell, midnight};
use crate::{Store, StoreError, reading::Sums};

/// Which cases.
#[derive(Clone, Debug)]
pub struct StandingQuery {
    /// Only those received by this unit or one below it.
    pub within: UnitId,
    /// Only those of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Where one part of the deadlines ends and the next begins, ascending.
    pub due: Vec<Instant>,
    /// Where one part of the days of receipt ends and the next begins, ascending.
    pub received: Vec<Instant>,
}

/// How many cases have not ended, by how they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Those whose statutory clock runs, by their deadlines.
    pub due: Vec<StandingDue>,
    /// All of them, by when they were received.
    pub received: Vec<StandingSince>,
}

/// Cases whose statutory deadlines lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingDue {
    /// In which part their statutory deadlines lie: 0 before the first end.
    pub part: usize,
    /// Whether that deadline has passed.
    pub late: bool,
    /// How many they are.
    pub cases: u64,
}

/// Cases that were received at about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingSince {
    /// In which part they were received: 0 before the first end.
    pub part: usize,
    /// How many they are.
    pub cases: u64,
    /// Of how many of them the clock does not run.
    pub held: u64,
}

/// How many cases are escalated to a level now, and to none above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscalatedNow {
    /// The level, from 1.
    pub level: u32,
    /// How many cases.
    pub cases: u64,
}

/// What somebody has in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InHand {
    /// Who; `None` is nobody: what waits to be taken.
    pub official: Option<PersonId>,
    /// For whom it waits, where nobody has it.
    pub role: Option<RoleId>,
    /// In how many cases.
    pub cases: u64,
    /// In how many of them the task's own deadline has passed.
    pub late: u64,
}

/// What stands in braces is put in from constants of this file.
const WITHIN: &str = "
      and ($1 = (select id from units where parent is null)
           or c.unit_id in (select unit from unit_closure where above = $1))
      and ($2::text is null or c.workflow = $2)";

/// What stands in braces is put in from constants of this file. Every one of the units' open cases, for
/// what no sum tells.
const STANDING: &str = "
    with standing as materialized (
        select {due} as due, {received} as received, c.deadline_at < (select engine_now()) as late, count(*) as cases
        from cases c where c.ended_at is null {within}
        group by 1, 2, 3
    )
    select 'running', due, late, sum(cases)::bigint from standing where due is not null group by 2, 3
    union all
    select 'received', received, false, sum(cases)::bigint from standing group by 2
    union all
    select 'held', received, false, sum(cases)::bigint from standing where due is null group by 2";

/// The same from the sums and from what has still to be added to them. Of today's deadlines, which stand
/// together behind midnight (`$5`), those that have passed by now (`$6`) are read by `cases_running_deadline`.
const STANDING_SUMMED: &str = "
    with counted as (
        select f.kind, f.cell, f.cases from case_figures f
        where f.unit_id = $1 and f.whole and f.kind = any (array['running', 'received', 'held'])
          and not f.raw and ($2::text is null or f.workflow = $2)
        union all
        select 'running', figure_day(c.deadline_at), c.sign::bigint from case_changes c
        where c.ended_at is null and c.deadline_at is not null {within}
        union all
        select 'received', figure_day(c.opened_at), c.sign from case_changes c
        where c.ended_at is null {within}
        union all
        select 'held', figure_day(c.opened_at), c.sign from case_changes c
        where c.ended_at is null and c.deadline_at is null {within}
    ), told as (
        select kind, case when kind = 'running' then {due} else {received} end as part,
               kind = 'running' and (cell < $5 or (cell = $5 and $5 < $6)) as late, cases
        from counted
        union all
        select 'running', {today}, passed.late, passed.cases from cases c
        cross join (values (true, 1), (false, -1)) as passed (late, cases)
        where c.ended_at is null and c.deadline_at > $5 and c.deadline_at < $6 {within}
    )
    select kind, part, late, sum(cases)::bigint from told
    group by 1, 2, 3 having sum(cases) <> 0
    order by 1, 2, 3";

/// In which part an instant lies.
fn part(of: &str, ends: &str) -> String {
    format!(
        "case when cardinality({ends}::timestamptz[]) = 0 then 0 else width_bucket({of}, {ends}) end"
    )
}

/// The clocks that run beyond their deadlines: of cases by `cases_running_deadline`, of tasks by `tasks_of_role` and
/// `tasks_of_person`, which hold the open ones. Then the last that fired on each, by its key: levels stand behind the
/// warnings, so it is the highest. The same for one case is `LEVEL` in `cases/which.rs`.
const ESCALATED: &str = "
    with late as materialized (
        select c.id, 0 as clock from cases c
        where c.ended_at is null and c.deadline_at < (select engine_now()) {of_case}
        union all
        select t.case_id, t.no from tasks t {case}
        where t.closed_at is null and t.owner_role is not null and t.due_at < (select engine_now())
        union all
        select t.case_id, t.no from tasks t {case}
        where t.closed_at is null and t.owner_person is not null and t.due_at < (select engine_now())
    )
    select level, count(*) from (
        select late.id, max(fired.number) as level
        from late cross join lateral (
            select e.number, e.warning from escalations e
            where e.case_id = late.id and e.clock = late.clock
            order by e.case_id desc, e.clock desc, e.round desc, e.level desc limit 1
        ) fired
        where not fired.warning group by 1
    ) reached
    group by 1 order by 1";

/// Open tasks of officials, by `tasks_of_role`.
const IN_HAND: &str = "
    select t.assignee, case when t.assignee is null then t.owner_role end,
           count(distinct t.case_id),
           count(distinct t.case_id) filter (where t.due_at < (select engine_now()))
    from tasks t {case}
    where t.closed_at is null and t.owner_role is not null
    group by 1, 2
    order by 4 desc, 3 desc, 1, 2
    limit $3";

/// Narrowed to the cases of units and of a workflow: where that is asked of no case, none is read for a task, since an
/// ended one has no open task.
fn narrowed(
    sql: &str,
    organisation: &Organisation,
    within: &UnitId,
    workflow: Option<&WorkflowId>,
) -> String {
    let mut of_case = String::new();
    if !organisation.is_whole(within) {
        of_case += " and c.unit_id in (select unit from unit_closure where above = $1)";
    }
    if workflow.is_some() {
        of_case += " and c.workflow = $2";
    }
    let case = match of_case.is_empty() {
        true => String::new(),
        false => format!("join cases c on c.id = t.case_id and c.ended_at is null {of_case}"),
    };
    sql.replace("{case}", &case).replace("{of_case}", &of_case)
}

impl Store {
    /// How many cases have not ended, by how long they have run and when they are due.
    ///
    /// # Errors
    /// The database.
    pub async fn standing(&self, query: &StandingQuery) -> Result<Standing, StoreError> {
        let organisation = self.reference().await?.organisation.clone();
        let mut reads = self.reads().await?;
        let now: Instant = sqlx::query_scalar("select engine_now()").fetch_one(&mut *reads).await?;
        let today = midnight(now);
        let fits = query.due.iter().chain(&query.received).all(|end| begins_cell(*end));
        let summed = fits && self.sums_of(&organisation, Some(&query.within)) == Sums::Whole;
        let sql = if summed {
            let behind = "$5 + interval '1 microsecond'";
            STANDING_SUMMED
                .replace("{due}", &part("cell", "$3"))
                .replace("{received}", &part("cell", "$4"))
                .replace("{today}", &part(behind, "$3"))
        } else {
            let due = format!(
                "case when c.deadline_at is not null then {} end",
                part("c.deadline_at", "$3")
            );
            STANDING.replace("{due}", &due).replace("{received}", &part("c.opened_at", "$4"))
        };
        let sql = AssertSqlSafe(sql.replace("{within}", WITHIN));
        let mut rows = sqlx::query(sql)
            .bind(query.within.as_str())
            .bind(query.workflow.as_ref().map(|workflow| workflow.as_str()))
            .bind(&query.due)
            .bind(&query.received);
        if summed {
            rows = rows.bind(today).bind(now);
        }
        let mut standing = Standing::default();
        let mut received = BTreeMap::new();
        for row in rows.fetch_all(&mut *reads).await? {
            let (part, cases) =
                (row.try_get::<i32, _>(1)? as usize, row.try_get::<i64, _>(3)? as u64);
            let kind: &str = row.try_get(0)?;
            if kind == "running" {
                standing.due.push(StandingDue { part, late: row.try_get(2)?, cases });
                continue;
            }
            let since = received.entry(part).or_insert(StandingSince { part, cases: 0, held: 0 });
            *(if kind == "held" { &mut since.held } else { &mut since.cases }) = cases;
        }
        standing.received = received.into_values().collect();
        Ok(standing)
    }

    /// How many cases are escalated to which level now: those of clocks that run beyond their deadline.
    ///
    /// # Errors
    /// The database.
    pub async fn escalated_now(
        &self,
        within: &UnitId,
        workflow: Option<&WorkflowId>,
    ) -> Result<Vec<EscalatedNow>, StoreError> {
        let organisation = self.reference().await?.organisation.clone();
        let sql = narrowed(ESCALATED, &organisation, within, workflow);
        let rows: Vec<(i32, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(within.as_str())
            .bind(workflow.map(|workflow| workflow.as_str()))
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let row = |(level, cases)| EscalatedNow { level: level as u32, cases: cases as u64 };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Who has how many cases in hand, and for whom how many wait: those with most late ones first, as many
    /// as `most`.
    ///
    /// # Errors
    /// The database.
    pub async fn cases_in_hand(
        &self,
        within: &UnitId,
        workflow: Option<&WorkflowId>,
        most: u32,
    ) -> Result<Vec<InHand>, StoreError> {
        let organisation = self.reference().await?.organisation.clone();
        let sql = narrowed(IN_HAND, &organisation, within, workflow);
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(within.as_str())
            .bind(workflow.map(|workflow| workflow.as_str()))
            .bind(i64::from(most))
            .fetch_all(&mut *self.reads().await?)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(InHand {
                    official: row.try_get::<Option<Uuid>, _>(0)?.map(PersonId),
                    role: row.try_get::<Option<String>, _>(1)?.map(RoleId::from),
                    cases: row.try_get::<i64, _>(2)? as u64,
                    late: row.try_get::<i64, _>(3)? as u64,
                })
            })
            .collect()
    }
}
