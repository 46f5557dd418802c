//! Who is who in the organisation: for those who look after people, and for who looks for a colleague.

use parvaneh_core::{Grant, Instant, PersonId, RoleId, UnitId};
use sqlx::Row;
use uuid::Uuid;

use crate::{Desk, Store, StoreError};

/// By what people are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DirectoryOrder {
    /// By name.
    #[default]
    Name,
    /// By login; who has none comes last.
    Login,
    /// Who logged in last comes first; who never did comes last.
    LastLogin,
}

/// Whom to show.
#[derive(Clone, Debug, Default)]
pub struct DirectoryQuery {
    /// Those who hold a role at one of these units or below; nobody without one.
    pub within: Vec<UnitId>,
    /// Only holders of this role there.
    pub role: Option<RoleId>,
    /// Only those in whose name or login this occurs, however it is written (SQL function `folded`).
    pub text: Option<String>,
    /// Only those whose account is disabled, or is not (who has none is not).
    pub disabled: Option<bool>,
    /// In which order.
    pub order: DirectoryOrder,
    /// How many are left out before.
    pub offset: u32,
    /// At most so many.
    pub limit: u32,
}

/// A person with what is known of his account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryRow {
    /// Who.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// What he holds where.
    pub grants: Vec<Grant>,
    /// With what he logs in.
    pub login: Option<String>,
    /// From when on his account opens nothing.
    pub disabled_at: Option<Instant>,
    /// When he last logged in.
    pub last_login_at: Option<Instant>,
    /// Up to when he is away, if he is now.
    pub absent_until: Option<Instant>,
}

/// Who holds a role there comes by `grants`, which has a row for each office (`unit_closure_pkey`, then a
/// scan of some thousands, or `grants_holders` for one role), so that the number of applicants does not
/// matter. What somebody looks for is folded once, and each row once. Only the rows of the page are told
/// about in full, by `grants_pkey`.
const DIRECTORY: &str = "
    with here as (
        select distinct g.person from grants g
        where g.unit_id in (select unit from unit_closure where above = any($1))
          and ($2::text is null or g.role = $2)
    ), page as (
        select p.id, p.name, a.login, a.disabled_at, a.last_login_at,
               row_number() over (order by
                   case when $5 = 'login' then lower(a.login) end,
                   case when $5 = 'last_login' then a.last_login_at end desc nulls last,
                   p.name, p.id) as no
        from here join people p on p.id = here.person
        left join accounts a on a.person = p.id
        where ($3::text is null
               or position((select folded($3)) in folded(concat_ws(e'\n', p.name, a.login))) > 0)
          and ($4::boolean is null or (a.disabled_at is not null) = $4)
        order by no offset $6 limit $7
    )
    select page.id, page.name, page.login, page.disabled_at, page.last_login_at,
           array(select g.role from grants g where g.person = page.id order by g.role, g.unit_id),
           array(select g.unit_id from grants g where g.person = page.id order by g.role, g.unit_id),
           (select max(a.ends_at) from absences a
            where a.person = page.id and a.ended_at is null
              and a.starts_at <= clock.now and a.ends_at > clock.now)
    from page, (select engine_now() as now) clock
    order by page.no";

impl Store {
    /// People of a part of the organisation.
    ///
    /// # Errors
    /// The database.
    pub async fn directory(&self, query: &DirectoryQuery) -> Result<Vec<DirectoryRow>, StoreError> {
        let within: Vec<&str> = query.within.iter().map(|unit| unit.as_str()).collect();
        let order = match query.order {
            DirectoryOrder::Name => "name",
            DirectoryOrder::Login => "login",
            DirectoryOrder::LastLogin => "last_login",
        };
        let rows = sqlx::query(DIRECTORY)
            .bind(within)
            .bind(query.role.as_ref().map(|role| role.as_str()))
            .bind(query.text.as_deref())
            .bind(query.disabled)
            .bind(order)
            .bind(i64::from(query.offset))
            .bind(i64::from(query.limit))
            .fetch_all(&self.engine.readers)
            .await?;
        let row = |row: &sqlx::postgres::PgRow| {
            let (roles, units): (Vec<String>, Vec<String>) = (row.try_get(5)?, row.try_get(6)?);
            let grants = roles.into_iter().zip(units);
            let grants = grants
                .map(|(role, unit)| Grant { role: RoleId::from(role), unit: UnitId::from(unit) });
            Ok(DirectoryRow {
                id: PersonId(row.try_get(0)?),
                name: row.try_get(1)?,
                login: row.try_get(2)?,
                disabled_at: row.try_get(3)?,
                last_login_at: row.try_get(4)?,
                grants: grants.collect(),
                absent_until: row.try_get(7)?,
            })
        };
        rows.iter().map(row).collect()
    }

    /// Who holds a role at one of these units themselves, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn holders_at(
        &self,
        units: &[UnitId],
        limit: u32,
    ) -> Result<Vec<(PersonId, String)>, StoreError> {
        let units: Vec<&str> = units.iter().map(|unit| unit.as_str()).collect();
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select p.id, p.name from people p
             where p.id in (select person from grants where unit_id = any($1))
             order by p.name, p.id limit $2",
        )
        .bind(units)
        .bind(i64::from(limit))
        .fetch_all(&self.engine.readers)
        .await?;
        Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
    }

    /// Who holds the role of one of these desks at its unit itself, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn holders_at_desks(
        &self,
        desks: &[Desk],
        limit: u32,
    ) -> Result<Vec<(PersonId, String)>, StoreError> {
        let (roles, units): (Vec<&str>, Vec<&str>) =
            desks.iter().map(|desk| (desk.role.as_str(), desk.unit.as_str())).unzip();
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select p.id, p.name from people p
             where p.id in (select g.person from grants g
                            join unnest($1::text[], $2::text[]) desk (role, unit)
                                on g.role = desk.role and g.unit_id = desk.unit)
             order by p.name, p.id limit $3",
        )
        .bind(roles)
        .bind(units)
        .bind(i64::from(limit))
        .fetch_all(&self.engine.readers)
        .await?;
        Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
    }

    /// The units in whose name (of either language) or number this occurs, however it is written.
    ///
    /// # Errors
    /// The database.
    pub async fn units_called(&self, text: &str) -> Result<Vec<UnitId>, StoreError> {
        // Some hundred rows, of which each is looked at.
        let ids: Vec<String> = sqlx::query_scalar(
            "select id from units
             where position(folded($1) in folded(title_fa)) > 0
                or position(folded($1) in folded(title_en)) > 0 or folded(id) = folded($1)",
        )
        .bind(text)
        .fetch_all(&self.engine.readers)
        .await?;
        Ok(ids.into_iter().map(UnitId::from).collect())
    }
}
