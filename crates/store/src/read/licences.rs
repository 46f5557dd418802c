//! The register of licences: lists, and one licence with everything that cases have made of it.

use chrono::NaiveDate;
use parvaneh_core::{
    CaseId, Instant, LicenceNumber, PersonId, UnitId, WorkflowId,
    reach::Reach,
    register::{LicenceState, RegisteredLicence},
};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Store, StoreError, Viewer,
    batch::{registered, state_of},
};

/// How it stands with a licence on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It counts: it is valid, or stays in force until a case about it is decided.
    InForce,
    /// Its validity has ended.
    Expired,
    /// It is suspended.
    Suspended,
    /// It was revoked.
    Revoked,
}

impl Standing {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// Which licences.
#[derive(Clone, Debug, Default)]
pub struct LicencesQuery {
    /// Only those that somebody sees: his own, and those whose grant he sees; `None` is for the program
    /// and its operators.
    pub reach: Option<Reach>,
    /// Only those that stand so on the day.
    pub standing: Option<Standing>,
    /// Only those of this holder.
    pub holder: Option<PersonId>,
    /// Only those of this unit or one below it.
    pub within: Option<UnitId>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those whose last day is this one or a later one.
    pub expires_from: Option<NaiveDate>,
    /// Only those whose last day is this one or an earlier one.
    pub expires_until: Option<NaiveDate>,
    /// Only those after this one, the last of the page before: its last day and its number.
    pub after: Option<(NaiveDate, LicenceNumber)>,
    /// How many, up to 500; 0 is 50.
    pub limit: u32,
}

/// A licence in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceRow {
    /// The licence.
    pub licence: RegisteredLicence,
    /// How it stands with it on the day.
    pub standing: Standing,
    /// What the case that granted it was about.
    pub subject: String,
    /// The case that granted it.
    pub granted_by: CaseId,
    /// The case that made the last change.
    pub changed_by: CaseId,
    /// When that counts.
    pub changed_at: Instant,
    /// The case until whose decision it stays in force, though its validity may end before.
    pub stays_for: Option<CaseId>,
}

/// What anybody who knows its number is told of a licence: nothing else of the case that granted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicLicence {
    /// Its number.
    pub number: LicenceNumber,
    /// The workflow of the case that granted it.
    pub workflow: WorkflowId,
    /// The version by which that case ran.
    pub version: u32,
    /// What its holder is called; none where nobody is known any more.
    pub holder: Option<String>,
    /// The unit that received the case that granted it.
    pub unit: UnitId,
    /// The day of the grant.
    pub valid_from: NaiveDate,
    /// The last day of its validity.
    pub valid_until: NaiveDate,
    /// How it stands with it on the day.
    pub standing: Standing,
}

/// Something that a case did to a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceChangeRow {
    /// Its number among the licence's changes; the grant is 1.
    pub no: u32,
    /// What: `granted`, `renewed`, …
    pub effect: String,
    /// The case, and its event.
    pub case: CaseId,
    /// The event.
    pub seq: u32,
    /// The workflow of the case.
    pub workflow: WorkflowId,
    /// When it counts.
    pub effective_at: Instant,
    /// The licence's state afterwards.
    pub state: LicenceState,
    /// The last day of its validity afterwards.
    pub valid_until: NaiveDate,
    /// Its mark afterwards.
    pub mark: Option<String>,
}

/// A case that is or was about a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseAboutRow {
    /// The case.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// When it was received.
    pub opened_at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

/// A licence with its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceFile {
    /// The licence.
    pub row: LicenceRow,
    /// What cases have made of it, the first first.
    pub changes: Vec<LicenceChangeRow>,
    /// The cases about it, the latest first, up to 100.
    pub cases: Vec<CaseAboutRow>,
}

/// The case for which a licence stays in force is found by an index; there is at most a handful.
const ROW: &str = "
    select l.number, l.kind, l.holder, l.unit_id, l.valid_from, l.valid_until, l.state, l.mark,
           l.changes, l.subject, l.granted_by, l.changed_by, l.changed_at,
           (select a.case_id from cases_about a
            where a.licence = l.number and a.ended_at is null and a.stays_from is not null
            order by a.case_id limit 1) as stays_for
    from licences l";

/// Of a licence, whoever asks: what may be known by its number, and no more.
const IN_PUBLIC: &str = "
    select l.number, c.workflow, c.version, p.name, l.unit_id, l.valid_from, l.valid_until, l.state,
           exists (select from cases_about a
                   where a.licence = l.number and a.ended_at is null and a.stays_from is not null) as stays
    from licences l
    join cases c on c.id = l.granted_by
    left join people p on p.id = l.holder
    where l.number = $1";

const CHANGES: &str = "
    select h.no, h.effect, h.case_id, h.seq, c.workflow, h.effective_at, h.state, h.valid_until,
           h.mark
    from licence_changes h join cases c on c.id = h.case_id
    where h.number = $1 order by h.no";

const CASES: &str = "
    select case_id, workflow, opened_at, ended_at from cases_about
    where licence = $1 order by case_id desc limit 100";

impl Store {
    /// A page of licences as they stand on a day, what expires first first.
    ///
    /// # Errors
    /// The database.
    pub async fn licences(
        &self,
        query: &LicencesQuery,
        today: NaiveDate,
    ) -> Result<Vec<LicenceRow>, StoreError> {
        let limit = if query.limit == 0 { 50 } else { query.limit.min(500) };
        let mut sql = QueryBuilder::new("");
        select(&mut sql, query, today, limit);
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        Ok(rows.iter().map(|row| licence(row, today)).collect::<Result<_, _>>()?)
    }

    /// How many licences there are of those, wherever a page begins; counted up to `most` and one more.
    ///
    /// # Errors
    /// The database.
    pub async fn count_licences(
        &self,
        query: &LicencesQuery,
        today: NaiveDate,
        most: u32,
    ) -> Result<u32, StoreError> {
        let all = LicencesQuery { after: None, ..query.clone() };
        let mut sql = QueryBuilder::new("select count(*) from (");
        select(&mut sql, &all, today, most.saturating_add(1));
        sql.push(") counted");
        let count: i64 = sql.build_query_scalar().fetch_one(&mut *self.reads().await?).await?;
        Ok(count as u32)
    }

    /// A licence for somebody who may see it, with its whole history: also what cases have made of it
    /// that he does not see, whose identifiers are not for him. `None` when he does not see it, or when
    /// there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn licence_for(
        &self,
        viewer: &Viewer,
        number: &LicenceNumber,
        today: NaiveDate,
    ) -> Result<Option<LicenceFile>, StoreError> {
        match self.reading_as(viewer).licence(number, today).await? {
            Some(_) => self.licence(number, today).await,
            None => Ok(None),
        }
    }

    /// A licence with what cases have made of it, as it stands on a day; `None` for an unknown number.
    ///
    /// # Errors
    /// The database.
    pub async fn licence(
        &self,
        number: &LicenceNumber,
        today: NaiveDate,
    ) -> Result<Option<LicenceFile>, StoreError> {
        let one = [ROW, " where l.number = $1"].concat();
        let row = sqlx::query(sqlx::AssertSqlSafe(one)).bind(number.as_str());
        let mut reads = self.reads().await?;
        let Some(row) = row.fetch_optional(&mut *reads).await? else { return Ok(None) };
        let row = licence(&row, today)?;
        let changes = sqlx::query(CHANGES).bind(number.as_str());
        let changes = changes.fetch_all(&mut *reads).await?;
        let cases = sqlx::query(CASES).bind(number.as_str());
        let cases = cases.fetch_all(&mut *reads).await?;
        Ok(Some(LicenceFile {
            row,
            changes: changes.iter().map(change).collect::<Result<_, _>>()?,
            cases: cases.iter().map(case).collect::<Result<_, _>>()?,
        }))
    }

    /// What anybody may know of a licence whose number he has, as it stands on a day; `None` for an unknown
    /// number. Only [`PublicLicence`] leaves the database, whoever asks.
    ///
    /// # Errors
    /// The database.
    pub async fn licence_in_public(
        &self,
        number: &LicenceNumber,
        today: NaiveDate,
    ) -> Result<Option<PublicLicence>, StoreError> {
        let row = sqlx::query(IN_PUBLIC).bind(number.as_str());
        let row = row.fetch_optional(&mut *self.reads().await?).await?;
        Ok(row.map(|row| in_public(&row, number, today)).transpose()?)
    }
}

/// Of what is in somebody's reach, each unit gives what expires first by the index `licences_of_unit`,
/// and so do his own licences by `licences_of_holder`.
fn select(sql: &mut QueryBuilder<Postgres>, query: &LicencesQuery, today: NaiveDate, limit: u32) {
    let Some(reach) = &query.reach else {
        sql.push(ROW).push(" where true");
        filters(sql, query, today);
        end(sql, "l.", limit);
        return;
    };
    let (workflows, units): (Vec<_>, Vec<_>) = reach
        .jurisdictions
        .iter()
        .map(|held| (held.workflow.as_ref().map(|only| only.to_string()), held.unit.to_string()))
        .unzip();
    let accounts: Vec<Uuid> = reach.accounts.iter().map(|account| account.0).collect();
    sql.push(
        "with reach as materialized (
            select below.unit, array_agg(held.workflow) as workflows,
                   bool_or(held.workflow is null) as every
            from unnest(",
    );
    sql.push_bind(workflows).push("::text[], ").push_bind(units);
    sql.push(
        "::text[]) as held (workflow, unit)
            join unit_closure below on below.above = held.unit group by below.unit)
         select * from ((select found.* from reach cross join lateral (",
    );
    sql.push(ROW).push(
        " where l.unit_id = reach.unit and (reach.every or exists (
            select from cases granting
            where granting.id = l.granted_by and granting.workflow = any(reach.workflows)))",
    );
    filters(sql, query, today);
    end(sql, "l.", limit);
    sql.push(") found) union (").push(ROW).push(" where l.holder = any(");
    sql.push_bind(accounts).push(")");
    filters(sql, query, today);
    end(sql, "l.", limit);
    sql.push(")) seen");
    end(sql, "", limit);
}

fn end(sql: &mut QueryBuilder<Postgres>, of: &str, limit: u32) {
    sql.push(format!(" order by {of}valid_until, {of}number limit ")).push_bind(i64::from(limit));
}

fn filters(sql: &mut QueryBuilder<Postgres>, query: &LicencesQuery, today: NaiveDate) {
    match query.standing {
        None => {}
        Some(Standing::Revoked) => {
            sql.push(" and l.state = 'revoked'");
        }
        Some(Standing::Suspended) => {
            sql.push(" and l.state = 'suspended'");
        }
        Some(Standing::InForce) => {
            // Nothing that has expired earlier than what stays in force can count: so the index on the
            // last day is read from there on, however many have expired.
            sql.push(" and l.state = 'active' and l.valid_until >= least(").push_bind(today);
            sql.push(
                "::date, (select min(stays_from) from cases_about
                          where stays_from is not null and ended_at is null))
                 and (l.valid_until >= ",
            );
            sql.push_bind(today);
            stays(sql, " or exists");
            sql.push(")");
        }
        Some(Standing::Expired) => {
            sql.push(" and l.state = 'active' and l.valid_until < ").push_bind(today);
            stays(sql, " and not exists");
        }
    }
    if let Some(holder) = query.holder {
        sql.push(" and l.holder = ").push_bind(holder.0);
    }
    if let Some(within) = &query.within {
        sql.push(" and l.unit_id in (select unit from unit_closure where above = ");
        sql.push_bind(within.as_str().to_owned()).push(")");
    }
    if let Some(kind) = &query.kind {
        sql.push(" and l.kind = ").push_bind(kind.clone());
    }
    if let Some(from) = query.expires_from {
        sql.push(" and l.valid_until >= ").push_bind(from);
    }
    if let Some(until) = query.expires_until {
        sql.push(" and l.valid_until <= ").push_bind(until);
    }
    if let Some((last, number)) = &query.after {
        sql.push(" and (l.valid_until, l.number) > (").push_bind(*last).push(", ");
        sql.push_bind(number.as_str().to_owned()).push(")");
    }
}

fn stays(sql: &mut QueryBuilder<Postgres>, how: &str) {
    sql.push(how).push(
        " (select from cases_about a where a.licence = l.number and a.ended_at is null
           and a.stays_from is not null)",
    );
}

fn licence(row: &PgRow, today: NaiveDate) -> Result<LicenceRow, sqlx::Error> {
    let licence = registered(row)?;
    let stays_for = row.try_get::<Option<_>, _>("stays_for")?.map(CaseId);
    let valid = today <= licence.valid_until || stays_for.is_some();
    Ok(LicenceRow {
        standing: standing(licence.state, valid),
        subject: row.try_get("subject")?,
        granted_by: CaseId(row.try_get("granted_by")?),
        changed_by: CaseId(row.try_get("changed_by")?),
        changed_at: row.try_get("changed_at")?,
        stays_for,
        licence,
    })
}

/// How it stands with a licence, and whether it is valid or stays in force.
fn standing(state: LicenceState, valid: bool) -> Standing {
    match state {
        LicenceState::Revoked => Standing::Revoked,
        LicenceState::Suspended => Standing::Suspended,
        LicenceState::Active if valid => Standing::InForce,
        LicenceState::Active => Standing::Expired,
    }
}

fn in_public(
    row: &PgRow,
    number: &LicenceNumber,
    today: NaiveDate,
) -> Result<PublicLicence, sqlx::Error> {
    let valid_until: NaiveDate = row.try_get("valid_until")?;
    let valid = today <= valid_until || row.try_get::<bool, _>("stays")?;
    Ok(PublicLicence {
        number: number.clone(),
        workflow: WorkflowId::from(row.try_get::<String, _>("workflow")?),
        version: row.try_get::<i32, _>("version")? as u32,
        holder: row.try_get("name")?,
        unit: UnitId::from(row.try_get::<String, _>("unit_id")?),
        valid_from: row.try_get("valid_from")?,
        valid_until,
        standing: standing(state_of(row.try_get("state")?), valid),
    })
}

fn change(row: &PgRow) -> Result<LicenceChangeRow, sqlx::Error> {
    Ok(LicenceChangeRow {
        no: row.try_get::<i32, _>(0)? as u32,
        effect: row.try_get(1)?,
        case: CaseId(row.try_get(2)?),
        seq: row.try_get::<i32, _>(3)? as u32,
        workflow: WorkflowId::from(row.try_get::<String, _>(4)?),
        effective_at: row.try_get(5)?,
        state: state_of(row.try_get(6)?),
        valid_until: row.try_get(7)?,
        mark: row.try_get(8)?,
    })
}

fn case(row: &PgRow) -> Result<CaseAboutRow, sqlx::Error> {
    Ok(CaseAboutRow {
        case: CaseId(row.try_get(0)?),
        workflow: WorkflowId::from(row.try_get::<String, _>(1)?),
        opened_at: row.try_get(2)?,
        ended_at: row.try_get(3)?,
    })
}
