//! Who somebody is and what he may do now: accounts, roles, what was lent to him, absence.

use parvaneh_core::{
    Actor, DelegationId, Grant, Instant, NaturalPerson, PersonId, RoleId, UnitId, WorkflowId,
    delegation::{Absence, Lent},
};
use serde::Deserialize;
use sqlx::{Executor, Postgres, Row, postgres::PgRow};
use uuid::Uuid;

/// What an [`Actor`] is made of, as the lateral joins `$as` of a statement that has `clock.now`, for
/// the account `$person`. Each is found by its key or an index, and all of it is one row: natural
/// person, other accounts, roles, their units, what was lent (as JSON), and, up to when and with whom
/// standing in, an absence.
macro_rules! standing {
    ($person:literal, $as:literal) => {
        concat!(
            "
    left join lateral (
        select coalesce(natural_person, id) as id from people where id = ",
            $person,
            " limit 1
    ) ",
            $as,
            "_natural on true
    left join lateral (
        select array_agg(id order by id) as ids from people
        where natural_person = ",
            $as,
            "_natural.id
    ) ",
            $as,
            "_accounts on true
    left join lateral (
        select array_agg(role order by role, unit_id) as roles,
               array_agg(unit_id order by role, unit_id) as units
        from grants where person = ",
            $person,
            "
    ) ",
            $as,
            "_grants on true
    left join lateral (
        select json_agg(json_build_object(
                   'delegation', d.id, 'from', d.from_person,
                   'natural', lender.natural,
                   'accounts', array(select id from people where natural_person = lender.natural),
                   'role', d.role, 'unit', d.unit_id, 'workflows', d.workflows,
                   'starts', d.starts_at, 'until', d.ends_at)
                   order by d.starts_at, d.id)::text as all
        from delegations d cross join lateral (
            select coalesce(natural_person, id) as natural from people
            where id = d.from_person limit 1
        ) lender
        where d.to_person = ",
            $person,
            " and d.revoked_at is null
          and d.starts_at <= clock.now and d.ends_at > clock.now
          -- What he no longer holds he no longer lends. One by one, by their keys: a join would hash
          -- every role of the organisation where connections allow no nested loops.
          and (select true from unit_closure reached
               where reached.unit = d.unit_id
                 and (select true from grants held
                      where held.person = d.from_person and held.role = d.role
                        and held.unit_id = reached.above)
               limit 1)
    ) ",
            $as,
            "_lent on true
    left join lateral (
        select ends_at, substitute from absences
        where person = any(",
            $as,
            "_natural.id || ",
            $as,
            "_accounts.ids) and ended_at is null
          and starts_at <= clock.now and ends_at > clock.now
        order by ends_at desc limit 1
    ) ",
            $as,
            "_away on true"
        )
    };
}
/// The columns of [`standing`], in the order in which [`read`] takes them.
macro_rules! standing_columns {
    ($as:literal) => {
        concat!(
            $as,
            "_natural.id, ",
            $as,
            "_accounts.ids, ",
            $as,
            "_grants.roles, ",
            $as,
            "_grants.units, ",
            $as,
            "_lent.all, ",
            $as,
            "_away.ends_at, ",
            $as,
            "_away.substitute"
        )
    };
}
pub(crate) use {standing, standing_columns};

/// How many columns [`standing_columns`] are.
pub(crate) const COLUMNS: usize = 7;

/// What was lent, as the statement tells it.
#[derive(Deserialize)]
struct LentRow {
    delegation: DelegationId,
    from: PersonId,
    natural: PersonId,
    accounts: Vec<PersonId>,
    role: RoleId,
    unit: UnitId,
    workflows: Vec<WorkflowId>,
    starts: Instant,
    until: Instant,
}

impl From<LentRow> for Lent {
    fn from(row: LentRow) -> Self {
        Self {
            delegation: row.delegation,
            from: row.from,
            natural: natural(row.natural, row.accounts),
            grant: Grant { role: row.role, unit: row.unit },
            workflows: row.workflows,
            starts: row.starts,
            until: row.until,
        }
    }
}

fn natural(id: PersonId, accounts: Vec<PersonId>) -> NaturalPerson {
    NaturalPerson { id, accounts }
}

/// The actor of a row; of somebody who is not known, one who may do nothing.
pub(crate) fn read(
    row: &PgRow,
    first: usize,
    person: PersonId,
    on_behalf_of: Option<PersonId>,
) -> Result<Actor, sqlx::Error> {
    let roles = row.try_get::<Option<Vec<String>>, _>(first + 2)?.unwrap_or_default();
    let units = row.try_get::<Option<Vec<String>>, _>(first + 3)?.unwrap_or_default();
    let grants = roles.into_iter().zip(units);
    let grants = grants.map(|(role, unit)| Grant { role: role.into(), unit: unit.into() });
    let lent = match row.try_get::<Option<&str>, _>(first + 4)? {
        None => Vec::new(),
        Some(text) => serde_json::from_str::<Vec<LentRow>>(text)
            .map_err(|error| sqlx::Error::Decode(error.into()))?,
    };
    let absence = match row.try_get::<Option<Instant>, _>(first + 5)? {
        None => None,
        Some(until) => {
            let substitute = row.try_get::<Option<Uuid>, _>(first + 6)?.map(PersonId);
            Some(Absence { until, substitute })
        }
    };
    let accounts = row.try_get::<Option<Vec<Uuid>>, _>(first + 1)?.unwrap_or_default();
    let id = row.try_get::<Option<Uuid>, _>(first)?.map_or(person, PersonId);
    Ok(Actor {
        person,
        natural: natural(id, accounts.into_iter().map(PersonId).collect()),
        grants: grants.collect(),
        lent: lent.into_iter().map(Lent::from).collect(),
        on_behalf_of,
        absence,
    })
}

const ACTOR: &str = concat!(
    "with clock as materialized (select engine_now() as now)
     select clock.now, known.id, ",
    standing_columns!("who"),
    " from clock left join people known on known.id = $1 ",
    standing!("$1::uuid", "who")
);

/// Who somebody is and what he may do now, with the engine's time; `None` for somebody unknown.
pub(crate) async fn actor(
    connection: impl Executor<'_, Database = Postgres>,
    person: PersonId,
) -> Result<(Instant, Option<Actor>), sqlx::Error> {
    let row = sqlx::query(ACTOR).bind(person.0).fetch_one(connection).await?;
    let is_known = row.try_get::<Option<Uuid>, _>(1)?.is_some();
    let actor = if is_known { Some(read(&row, 2, person, None)?) } else { None };
    Ok((row.try_get(0)?, actor))
}
