//! People and the roles that they hold. Identifiers are made outside.

use std::collections::HashMap;

use parvaneh_core::{Grant, Instant, PersonId, RoleId, UnitId};
use sqlx::Row;
use uuid::Uuid;

use crate::{Store, StoreError, store::undisturbed};

/// A person with the roles that he holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// The roles, each at a unit.
    pub grants: Vec<Grant>,
    /// The account by which the natural person is known, where that is another one.
    pub natural: Option<PersonId>,
    /// Up to when he is away, if he is now.
    pub absent_until: Option<Instant>,
    /// Whether he has registered as an applicant, or has applied.
    pub applies: bool,
}

/// Whom to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Only holders of this role.
    pub role: Option<RoleId>,
    /// Only those who hold a role at this unit or below it.
    pub within: Option<UnitId>,
    /// Only those in whose name this occurs.
    pub name: Option<String>,
    /// Only those after this one, the last of the page before: his name and his identifier.
    pub after: Option<(String, PersonId)>,
    /// At most so many; 0 is no limit.
    pub limit: u32,
}

const PEOPLE: &str = "
    insert into people (id, name) select * from unnest($1::uuid[], $2::text[])
    on conflict (id) do update set name = excluded.name";

/// Who gets more rights, gets another secret for his sessions.
const GRANT: &str = "
    with given as (
        insert into grants (person, role, unit_id)
        select * from unnest($1::uuid[], $2::text[], $3::text[])
        on conflict do nothing
        returning person)
    update accounts set raised_at = clock_timestamp()
    where person in (select person from given)";

const LIST: &str = "
    select p.id, p.name,
           coalesce(array_agg(g.role order by g.role, g.unit_id) filter (where g.role is not null), '{}'),
           coalesce(array_agg(g.unit_id order by g.role, g.unit_id) filter (where g.role is not null), '{}'),
           p.natural_person,
           (select max(a.ends_at) from absences a
            where a.person = p.id and a.ended_at is null
              and a.starts_at <= clock.now and a.ends_at > clock.now),
           exists (select from applicants own where own.person = p.id)
               or exists (select from cases of where of.applicant = p.id)
    from (select engine_now() as now) clock, people p left join grants g on g.person = p.id
    where ($1::uuid is null or p.id = $1)
      and ($2::text is null or position($2 in p.name) > 0)
      and (($3::text is null and $4::text is null) or exists (
          select from grants held
          join unit_closure below on below.unit = held.unit_id
          where held.person = p.id
            and ($3 is null or held.role = $3)
            and below.above = coalesce($4, held.unit_id)))
      and ($6::text is null or (p.name, p.id) > ($6, $7))
    group by p.id, p.name, clock.now
    order by p.name, p.id
    limit $5";

impl Store {
    /// Adds people, or changes their names.
    ///
    /// # Errors
    /// The database.
    pub async fn save_people(&self, people: Vec<(PersonId, String)>) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let (ids, names): (Vec<Uuid>, Vec<String>) =
                people.into_iter().map(|(id, name)| (id.0, name)).unzip();
            sqlx::query(PEOPLE).bind(ids).bind(names).execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }

    /// Gives roles to people. What somebody already holds stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown person or unit.
    pub async fn grant(&self, grants: Vec<(PersonId, Grant)>) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let people: Vec<Uuid> = grants.iter().map(|(person, _)| person.0).collect();
            let roles: Vec<&str> = grants.iter().map(|(_, grant)| grant.role.as_str()).collect();
            let units: Vec<&str> = grants.iter().map(|(_, grant)| grant.unit.as_str()).collect();
            let query = sqlx::query(GRANT).bind(people).bind(roles).bind(units);
            query.execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }

    /// Takes a role from a person; says whether he held it. From the next command on he may do
    /// nothing by it.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke(&self, person: PersonId, grant: Grant) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let gone =
                sqlx::query("delete from grants where person = $1 and role = $2 and unit_id = $3")
                    .bind(person.0)
                    .bind(grant.role.as_str())
                    .bind(grant.unit.as_str())
                    .execute(&engine.writers)
                    .await?;
            Ok(gone.rows_affected() > 0)
        })
        .await
    }

    /// A person with his roles.
    ///
    /// # Errors
    /// The database.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        Ok(self.list(Some(id), &PeopleFilter::default()).await?.pop())
    }

    /// What these people are called; who is unknown is not among them.
    ///
    /// # Errors
    /// The database.
    pub async fn names_of(
        &self,
        people: &[PersonId],
    ) -> Result<HashMap<PersonId, String>, StoreError> {
        let people: Vec<Uuid> = people.iter().map(|person| person.0).collect();
        let rows: Vec<(Uuid, String)> =
            sqlx::query_as("select id, name from people where id = any($1)")
                .bind(people)
                .fetch_all(&self.engine.readers)
                .await?;
        Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
    }

    /// People by name.
    ///
    /// # Errors
    /// The database.
    pub async fn people(&self, filter: &PeopleFilter) -> Result<Vec<Person>, StoreError> {
        self.list(None, filter).await
    }

    /// How many people there are of those, wherever a page begins; counted up to `most` and one more.
    ///
    /// # Errors
    /// The database.
    pub async fn count_people(&self, filter: &PeopleFilter, most: u32) -> Result<u32, StoreError> {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from ({LIST}) counted"));
        let count: i64 = sqlx::query_scalar(count)
            .bind(None::<Uuid>)
            .bind(filter.name.as_deref())
            .bind(filter.role.as_ref().map(|role| role.as_str()))
            .bind(filter.within.as_ref().map(|unit| unit.as_str()))
            .bind(i64::from(most) + 1)
            .bind(None::<&str>)
            .bind(None::<Uuid>)
            .fetch_one(&self.engine.readers)
            .await?;
        Ok(count as u32)
    }

    async fn list(
        &self,
        id: Option<PersonId>,
        filter: &PeopleFilter,
    ) -> Result<Vec<Person>, StoreError> {
        let limit = Some(i64::from(filter.limit)).filter(|limit| *limit > 0);
        let rows = sqlx::query(LIST)
            .bind(id.map(|id| id.0))
            .bind(filter.name.as_deref())
            .bind(filter.role.as_ref().map(|role| role.as_str()))
            .bind(filter.within.as_ref().map(|unit| unit.as_str()))
            .bind(limit)
            .bind(filter.after.as_ref().map(|(name, _)| name))
            .bind(filter.after.as_ref().map(|(_, id)| id.0))
            .fetch_all(&self.engine.readers)
            .await?;
        let mut people = Vec::with_capacity(rows.len());
        for row in &rows {
            let (roles, units): (Vec<String>, Vec<String>) = (row.try_get(2)?, row.try_get(3)?);
            let grants = roles
                .into_iter()
                .zip(units)
                .map(|(role, unit)| Grant { role: RoleId::from(role), unit: UnitId::from(unit) });
            people.push(Person {
                id: PersonId(row.try_get(0)?),
                name: row.try_get(1)?,
                grants: grants.collect(),
                natural: row.try_get::<Option<Uuid>, _>(4)?.map(PersonId),
                absent_until: row.try_get(5)?,
                applies: row.try_get(6)?,
            });
        }
        Ok(people)
    }
}
