//! Cases by what is known of them, the latest first.

mod which;

use std::ops::Range;

use parvaneh_core::{
    CaseId, Instant, Organisation, PersonId, StepId, UnitId, WorkflowId, reach::Reach,
};
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

pub(crate) use self::which::filters;
pub use self::which::{HeldBy, HeldUp, Judged, OpenTask};
use super::words::Wanted;
use crate::{Store, StoreError};

/// Which cases.
#[derive(Clone, Debug, Default)]
pub struct CasesQuery {
    /// Only those that somebody sees; `None` is for the program and its operators.
    pub reach: Option<Reach>,
    /// Only those of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only those received by this unit or one below it.
    pub within: Option<UnitId>,
    /// Of these only those that the unit itself has received, and none below it.
    pub unit_alone: bool,
    /// Only those that stand in this step or at this end.
    pub step: Option<StepId>,
    /// Only those that have ended, or that have not.
    pub ended: Option<bool>,
    /// Only those whose statutory clock runs beyond its deadline.
    pub overdue: bool,
    /// Only those that have not ended and whose statutory clock does not run: it is suspended, or has not
    /// begun.
    pub held: bool,
    /// Only those that have not ended and whose statutory deadline lies there.
    pub due: Option<Range<Instant>>,
    /// Only those that were received then.
    pub received: Option<Range<Instant>>,
    /// Only those that ended then.
    pub ended_in: Option<Range<Instant>>,
    /// Only those that have such an open task.
    pub task: OpenTask,
    /// Only those that are escalated to this level now, and to none above it.
    pub escalated: Option<u32>,
    /// Only those that count so in on-time figures.
    pub judged: Option<Judged>,
    /// Only late ones that somebody had while they were late.
    pub held_up: Option<HeldUp>,
    /// Only those of this applicant.
    pub applicant: Option<PersonId>,
    /// Only these.
    pub cases: Option<Vec<CaseId>>,
    /// Only those in whose subject, applicant's name or tracking code this occurs, whatever its case, its
    /// spaces, and which of several alike letters and digits it is written with.
    pub text: Option<String>,
    /// In which order.
    pub order: CaseOrder,
    /// Only those that come after this one in the order, the last of the page before.
    pub before: Option<CaseId>,
    /// By what that one stood where it stood: its statutory deadline, where deadlines make the order, and
    /// when it ended, where that does; `None` where it had none.
    pub before_at: Option<Instant>,
    /// How many, up to 500; 0 is 50.
    pub limit: u32,
}

/// The order of a list of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// The latest first.
    #[default]
    Latest,
    /// The oldest first.
    Oldest,
    /// Only open ones, the nearest statutory deadline first; what has none, or whose clock is suspended,
    /// comes last. It reads every open case in reach that the filters let through.
    Deadline,
    /// Only ended ones, the last to end first.
    Ended,
}

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Its version.
    pub version: u32,
    /// The unit that received it.
    pub unit: UnitId,
    /// Who applies.
    pub applicant: PersonId,
    /// What it is about.
    pub subject: String,
    /// How many events it has.
    pub seq: u32,
    /// Where it stands.
    pub step: StepId,
    /// Whether a person has suspended it.
    pub suspended: bool,
    /// When it was received.
    pub opened_at: Instant,
    /// Its statutory deadline.
    pub deadline: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

impl CaseRow {
    /// By what it stands where it stands, beside its identifier: see [`CasesQuery::before_at`].
    pub fn place_in(&self, order: CaseOrder) -> Option<Instant> {
        match order {
            CaseOrder::Latest | CaseOrder::Oldest => None,
            CaseOrder::Deadline => self.deadline,
            CaseOrder::Ended => self.ended_at,
        }
    }
}

impl Store {
    /// A page of cases, the latest identifier first.
    ///
    /// # Errors
    /// [`StoreError::SearchTooWide`] for words that are searched for in too many cases; the database.
    pub async fn cases(&self, query: &CasesQuery) -> Result<Vec<CaseRow>, StoreError> {
        let limit = if query.limit == 0 { 50 } else { query.limit.min(500) };
        let organisation = self.reference().await?.organisation.clone();
        let query = &*self.looked_up(query, &organisation, Wanted::First(limit)).await?;
        let mut sql = QueryBuilder::new("");
        select(&mut sql, query, &organisation, limit);
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        rows.iter()
            .map(|row| {
                Ok(CaseRow {
                    case: CaseId(row.try_get(0)?),
                    workflow: WorkflowId::from(row.try_get::<String, _>(1)?),
                    version: row.try_get::<i32, _>(2)? as u32,
                    unit: UnitId::from(row.try_get::<String, _>(3)?),
                    applicant: PersonId(row.try_get(4)?),
                    subject: row.try_get(5)?,
                    seq: row.try_get::<i32, _>(6)? as u32,
                    step: StepId::from(row.try_get::<String, _>(7)?),
                    suspended: row.try_get(8)?,
                    opened_at: row.try_get(9)?,
                    deadline: row.try_get(10)?,
                    ended_at: row.try_get(11)?,
                })
            })
            .collect()
    }

    /// How many cases there are of those, wherever a page begins; counted up to `most` and one more.
    ///
    /// # Errors
    /// [`StoreError::SearchTooWide`]; the database.
    pub async fn count_cases(&self, query: &CasesQuery, most: u32) -> Result<u32, StoreError> {
        let organisation = self.reference().await?.organisation.clone();
        let most = most.saturating_add(1);
        // Orders that leave something out leave it out of the count as well.
        let all = CasesQuery { before: None, ..query.clone() };
        let query = &*self.looked_up(&all, &organisation, Wanted::Any(most)).await?;
        self.how_many(query, &organisation, most).await
    }

    /// How many there are, up to `most`, where no words are looked for.
    pub(super) async fn how_many(
        &self,
        query: &CasesQuery,
        organisation: &Organisation,
        most: u32,
    ) -> Result<u32, StoreError> {
        let mut sql = QueryBuilder::new("select count(*) from (");
        any(&mut sql, query, organisation, most);
        sql.push(") counted");
        let count: i64 = sql.build_query_scalar().fetch_one(&mut *self.reads().await?).await?;
        Ok(count as u32)
    }
}

const COLUMNS: &str =
    "c.id, c.workflow, c.version, c.unit_id, c.applicant, c.subject, c.seq, c.step,
    c.suspended, c.opened_at, c.deadline_at, c.ended_at";

/// Whether the reader sees every case anyway: then nothing is to be looked up of where he does.
pub(super) fn sees_all(query: &CasesQuery, organisation: &Organisation) -> bool {
    query.reach.as_ref().is_none_or(|reach| {
        let all = |held: &parvaneh_core::reach::Jurisdiction| {
            held.workflow.is_none() && organisation.is_whole(&held.unit)
        };
        reach.jurisdictions.iter().any(all)
    })
}

/// Cases that are named are found by their keys. Of what is in somebody's reach else, each unit gives its first by an index that begins with the unit, and so
/// do his own applications by `cases_of_applicant`: a page costs as much as it shows for each of them,
/// however many cases there are. The indexes are `cases_of_unit`, `cases_open_by_deadline` and
/// `cases_ended_of_unit`; the latest and the oldest of all cases stand in the order of their key.
pub(super) fn select(
    sql: &mut QueryBuilder<Postgres>,
    query: &CasesQuery,
    organisation: &Organisation,
    limit: u32,
) {
    let order = query.order;
    let by_key = matches!(order, CaseOrder::Latest | CaseOrder::Oldest) && query.within.is_none();
    if sees_all(query, organisation) && by_key {
        sql.push(format!("select {COLUMNS} from cases c where true"));
        filters(sql, query);
        before(sql, query);
        end(sql, order, limit);
        return;
    }
    if query.cases.is_some() {
        reach(sql, query);
        sql.push(format!(" select {COLUMNS} from cases c where "));
        seen(sql, query);
        filters(sql, query);
        before(sql, query);
        end(sql, order, limit);
        return;
    }
    let key = key_of(order);
    reach(sql, query);
    sql.push(format!(
        " select {COLUMNS} from ((select found.id from reach cross join lateral (
                select c.id, {key} as place from cases c where c.unit_id = reach.unit{OF_REACH}"
    ));
    filters(sql, query);
    before(sql, query);
    end(sql, order, limit);
    sql.push(") found");
    sql.push(match order {
        CaseOrder::Latest => " order by found.id desc limit ",
        CaseOrder::Oldest => " order by found.id limit ",
        CaseOrder::Deadline => " order by found.place, found.id limit ",
        CaseOrder::Ended => " order by found.place desc, found.id desc limit ",
    });
    sql.push_bind(i64::from(limit));
    sql.push(") union (select c.id from cases c where ");
    own(sql, query);
    filters(sql, query);
    before(sql, query);
    end(sql, order, limit);
    sql.push(")) seen join cases c on c.id = seen.id");
    end(sql, order, limit);
}

/// The identifiers of as many as there are, without an order: the first that are found.
pub(super) fn any(
    sql: &mut QueryBuilder<Postgres>,
    query: &CasesQuery,
    organisation: &Organisation,
    most: u32,
) {
    let limit = |sql: &mut QueryBuilder<Postgres>| {
        sql.push(" limit ").push_bind(i64::from(most));
    };
    if sees_all(query, organisation) {
        sql.push("select c.id from cases c where true");
        filters(sql, query);
        limit(sql);
        return;
    }
    if query.cases.is_some() {
        reach(sql, query);
        sql.push(" select c.id from cases c where ");
        seen(sql, query);
        filters(sql, query);
        limit(sql);
        return;
    }
    reach(sql, query);
    sql.push(format!(
        " select id from ((select c.id from reach join cases c on c.unit_id = reach.unit{OF_REACH}"
    ));
    filters(sql, query);
    limit(sql);
    sql.push(") union (select c.id from cases c where ");
    own(sql, query);
    filters(sql, query);
    limit(sql);
    sql.push(")) found");
    limit(sql);
}

/// Of a unit in reach, the workflows that are.
const OF_REACH: &str = " and (reach.every or c.workflow = any(reach.workflows))";

/// What stands in somebody's reach, of cases that are found by their keys.
fn seen(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery) {
    sql.push("(c.unit_id in (select unit from reach where every)");
    sql.push(" or (c.unit_id, c.workflow) in (select unit, unnest(workflows) from reach) or ");
    own(sql, query);
    sql.push(")");
}

/// The units in somebody's reach, of which something is asked.
fn reach(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery) {
    sql.push("with reach as materialized (");
    match &query.reach {
        None => {
            sql.push("select below.id as unit, null::text[] as workflows, true as every from units below where true");
        }
        Some(reach) => {
            let (workflows, units): (Vec<_>, Vec<_>) = reach
                .jurisdictions
                .iter()
                .map(|held| {
                    (held.workflow.as_ref().map(|only| only.to_string()), held.unit.to_string())
                })
                .unzip();
            sql.push(
                "select below.unit, array_agg(held.workflow) as workflows,
                        bool_or(held.workflow is null) as every from unnest(",
            );
            sql.push_bind(workflows).push("::text[], ").push_bind(units);
            sql.push(
                "::text[]) as held (workflow, unit)
                 join unit_closure below on below.above = held.unit where true",
            );
        }
    }
    let unit = if query.reach.is_none() { "below.id" } else { "below.unit" };
    if let Some(within) = &query.within {
        sql.push(format!(" and {unit} in (select unit from unit_closure where above = "));
        sql.push_bind(within.as_str().to_owned()).push(")");
    }
    sql.push(if query.reach.is_none() { ")" } else { " group by below.unit)" });
}

/// His own applications.
fn own(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery) {
    let accounts = query.reach.iter().flat_map(|reach| &reach.accounts);
    let accounts: Vec<Uuid> = accounts.map(|account| account.0).collect();
    sql.push("c.applicant = any(").push_bind(accounts).push(")");
}

fn key_of(order: CaseOrder) -> &'static str {
    match order {
        CaseOrder::Latest | CaseOrder::Oldest => "null::timestamptz",
        CaseOrder::Deadline => "coalesce(c.deadline_at, 'infinity')",
        CaseOrder::Ended => "c.ended_at",
    }
}

fn end(sql: &mut QueryBuilder<Postgres>, order: CaseOrder, limit: u32) {
    sql.push(match order {
        CaseOrder::Latest => " order by c.id desc limit ",
        CaseOrder::Oldest => " order by c.id limit ",
        CaseOrder::Deadline => " order by coalesce(c.deadline_at, 'infinity'), c.id limit ",
        CaseOrder::Ended => " order by c.ended_at desc, c.id desc limit ",
    });
    sql.push_bind(i64::from(limit));
}

/// Behind the end of the page before.
fn before(sql: &mut QueryBuilder<Postgres>, query: &CasesQuery) {
    let Some(before) = query.before else { return };
    match query.order {
        CaseOrder::Latest => sql.push(" and c.id < ").push_bind(before.0),
        CaseOrder::Oldest => sql.push(" and c.id > ").push_bind(before.0),
        CaseOrder::Deadline => sql
            .push(" and (coalesce(c.deadline_at, 'infinity'), c.id) > (coalesce(")
            .push_bind(query.before_at)
            .push("::timestamptz, 'infinity'), ")
            .push_bind(before.0)
            .push(")"),
        CaseOrder::Ended => sql
            .push(" and (c.ended_at, c.id) < (")
            .push_bind(query.before_at)
            .push("::timestamptz, ")
            .push_bind(before.0)
            .push(")"),
    };
}
