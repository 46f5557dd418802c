//! Lending a role for a time, and taking it back.
//!
//! **Invariant.** Nobody lends in a circle. Whoever makes a delegation, or says that two accounts are
//! one person, holds one lock while he looks and writes: of two that together would be a circle, the
//! second sees the first.

use std::sync::Arc;

use parvaneh_core::{
    Actor, Definition, DelegationId, Grant, Instant, PersonId, RoleId, UnitId, WorkflowId,
    delegation::{
        Delegation, DelegationRefusal, Edge, assigning_roles, check_reason, circle, may_delegate,
        may_revoke,
    },
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Store, StoreError, actor::actor, store::undisturbed};

/// A delegation that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelegation {
    /// Its identifier, made at the edge.
    pub id: DelegationId,
    /// Who asks: the lender himself, or who assigns his work.
    pub by: PersonId,
    /// Who lends.
    pub from: PersonId,
    /// To whom.
    pub to: PersonId,
    /// Which role, and where: at the unit where he holds it, or below.
    pub grant: Grant,
    /// Only in these workflows; in every one, when there is none.
    pub workflows: Vec<WorkflowId>,
    /// From when on; never earlier than now, which is also what `None` says.
    pub starts: Option<Instant>,
    /// Up to when; at this very instant no longer.
    pub until: Instant,
    /// Why.
    pub reason: String,
}

/// A delegation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegationRow {
    /// Its identifier.
    pub id: DelegationId,
    /// Who lends.
    pub from: PersonId,
    /// To whom.
    pub to: PersonId,
    /// Which role, and where.
    pub grant: Grant,
    /// Only in these workflows; in every one, when there is none.
    pub workflows: Vec<WorkflowId>,
    /// From when on.
    pub starts: Instant,
    /// Up to when.
    pub until: Instant,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub given_by: PersonId,
    /// When.
    pub given_at: Instant,
    /// When it was revoked, and by whom.
    pub revoked: Option<(Instant, PersonId)>,
    /// Whether it gives a right now: its time has come, it was not revoked, and the lender holds the
    /// role.
    pub in_force: bool,
}

/// Which delegations.
#[derive(Clone, Debug, Default)]
pub struct DelegationFilter {
    /// Only those from or to this person, by any of his accounts.
    pub person: Option<PersonId>,
    /// Only that one.
    pub id: Option<DelegationId>,
    /// Only of roles at this unit or below it.
    pub within: Option<UnitId>,
    /// Only those after this one, the last of the page before: when it begins, and its identifier.
    pub after: Option<(Instant, DelegationId)>,
    /// Also those that are over or revoked.
    pub over: bool,
    /// At most so many; 0 is no limit.
    pub limit: u32,
}

const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('parvaneh.delegations', 0))";

/// Everybody who can be reached from a person over what is lent in a period, as natural persons.
const EDGES: &str = "
    with recursive reached (person) as (
        select $1::uuid
        union
        select coalesce(t.natural_person, t.id)
        from reached r
        join people f on f.id = r.person or f.natural_person = r.person
        join delegations d on d.from_person = f.id and d.revoked_at is null
             and d.starts_at < $3 and d.ends_at > $2
        join people t on t.id = d.to_person
    )
    select d.id, reached.person, coalesce(t.natural_person, t.id), d.starts_at, d.ends_at
    from reached
    join people f on f.id = reached.person or f.natural_person = reached.person
    join delegations d on d.from_person = f.id and d.revoked_at is null
         and d.starts_at < $3 and d.ends_at > $2
    join people t on t.id = d.to_person";

const INSERT: &str = "
    insert into delegations (id, from_person, to_person, role, unit_id, workflows, starts_at,
        ends_at, reason, absence, given_by, given_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

impl Store {
    /// Lends a role for a time.
    ///
    /// # Errors
    /// [`StoreError::Delegation`] when the rules say no; [`StoreError::Unknown`] for an unknown
    /// person, unit or workflow.
    pub async fn delegate(&self, new: NewDelegation) -> Result<DelegationRow, StoreError> {
        let rules = Rules::load(self).await?;
        let (engine, id) = (self.engine.clone(), new.id);
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            lock_in_tx(&mut in_tx).await?;
            delegate_in_tx(&mut in_tx, &rules, &new, None).await?;
            in_tx.commit().await?;
            Ok::<_, StoreError>(())
        })
        .await?;
        self.delegation(id).await
    }

    /// Ends a delegation now: from the next command on it gives no right.
    ///
    /// # Errors
    /// [`StoreError::Delegation`] when the rules say no, or when it is over already;
    /// [`StoreError::Unknown`] for an unknown delegation.
    pub async fn revoke_delegation(
        &self,
        id: DelegationId,
        by: PersonId,
        reason: &str,
    ) -> Result<DelegationRow, StoreError> {
        let reason = check_reason(reason)?.to_owned();
        let rules = Rules::load(self).await?;
        let row = self.delegation(id).await?;
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let (by, from) = (known(&mut in_tx, by).await?.1, known(&mut in_tx, row.from).await?.1);
            let to = known(&mut in_tx, row.to).await?.1;
            let assigning = rules.assigning(&row.grant.role, &row.workflows);
            may_revoke(&rules.organisation, &assigning, &by, &from, &to, &row.grant)?;
            let revoked = sqlx::query(
                "update delegations set revoked_at = engine_now(), revoked_by = $2,
                        revoked_reason = $3
                 where id = $1 and revoked_at is null and ends_at > (select engine_now())",
            )
            .bind(id.0)
            .bind(by.person.0)
            .bind(reason)
            .execute(&mut *in_tx)
            .await?;
            if revoked.rows_affected() == 0 {
                return Err(DelegationRefusal::Over { what: "delegation" }.into());
            }
            in_tx.commit().await?;
            Ok::<_, StoreError>(())
        })
        .await?;
        self.delegation(id).await
    }

    /// A delegation.
    ///
    /// # Errors
    /// [`StoreError::Unknown`].
    pub async fn delegation(&self, id: DelegationId) -> Result<DelegationRow, StoreError> {
        let filter = DelegationFilter { id: Some(id), over: true, ..DelegationFilter::default() };
        let found = self.delegations(&filter).await?.pop();
        found.ok_or_else(|| StoreError::Unknown(format!("the delegation {id}")))
    }

    /// Delegations, those that begin first above.
    ///
    /// # Errors
    /// The database.
    pub async fn delegations(
        &self,
        filter: &DelegationFilter,
    ) -> Result<Vec<DelegationRow>, StoreError> {
        let mut sql = QueryBuilder::<Postgres>::new(
            "select d.id, d.from_person, d.to_person, d.role, d.unit_id, d.workflows, d.starts_at,
                    d.ends_at, d.reason, d.given_by, d.given_at, d.revoked_at, d.revoked_by,
                    d.revoked_at is null and d.starts_at <= clock.now and d.ends_at > clock.now
                    and exists (
                        select from grants held
                        join unit_closure reached on reached.above = held.unit_id
                        where held.person = d.from_person and held.role = d.role
                          and reached.unit = d.unit_id)
             from (select engine_now() as now) clock, delegations d where true",
        );
        if let Some(id) = filter.id {
            sql.push(" and d.id = ").push_bind(id.0);
        }
        if let Some(person) = filter.person {
            // By all his accounts.
            let accounts = "array(
                select other.id from people me join people other
                  on coalesce(other.natural_person, other.id) = coalesce(me.natural_person, me.id)
                where me.id = ";
            sql.push(" and (d.from_person = any(").push(accounts).push_bind(person.0);
            sql.push(")) or d.to_person = any(").push(accounts).push_bind(person.0).push(")))");
        }
        if let Some(unit) = &filter.within {
            sql.push(" and d.unit_id in (select unit from unit_closure where above = ");
            sql.push_bind(unit.to_string()).push(")");
        }
        if let Some((starts, id)) = filter.after {
            sql.push(" and (d.starts_at, d.id) > (").push_bind(starts).push(", ");
            sql.push_bind(id.0).push(")");
        }
        if !filter.over {
            sql.push(" and d.revoked_at is null and d.ends_at > clock.now");
        }
        sql.push(" order by d.starts_at, d.id");
        if filter.limit > 0 {
            sql.push(" limit ").push_bind(i64::from(filter.limit));
        }
        let rows = sql.build().fetch_all(&self.engine.readers).await?;
        rows.iter().map(|row| Ok(delegation(row)?)).collect()
    }
}

fn delegation(row: &PgRow) -> Result<DelegationRow, sqlx::Error> {
    let revoked = match (row.try_get(11)?, row.try_get::<Option<Uuid>, _>(12)?) {
        (Some(at), Some(by)) => Some((at, PersonId(by))),
        _ => None,
    };
    let workflows: Vec<String> = row.try_get(5)?;
    Ok(DelegationRow {
        id: DelegationId(row.try_get(0)?),
        from: PersonId(row.try_get(1)?),
        to: PersonId(row.try_get(2)?),
        grant: Grant {
            role: RoleId::from(row.try_get::<String, _>(3)?),
            unit: UnitId::from(row.try_get::<String, _>(4)?),
        },
        workflows: workflows.into_iter().map(WorkflowId::from).collect(),
        starts: row.try_get(6)?,
        until: row.try_get(7)?,
        reason: row.try_get(8)?,
        given_by: PersonId(row.try_get(9)?),
        given_at: row.try_get(10)?,
        revoked,
        in_force: row.try_get(13)?,
    })
}

/// What the rules about people depend on.
pub(crate) struct Rules {
    pub(crate) organisation: Arc<parvaneh_core::Organisation>,
    /// The latest definition of each workflow that is in use.
    definitions: Vec<Arc<Definition>>,
}

impl Rules {
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        let reference = store.reference().await?;
        let names: Vec<String> = sqlx::query_scalar(
            "select distinct workflow from definitions where retired_at is null",
        )
        .fetch_all(&store.engine.readers)
        .await?;
        let mut definitions = Vec::with_capacity(names.len());
        for name in names {
            let found = reference.definition(&store.engine.readers, &name.into(), None).await?;
            definitions.push(found);
        }
        Ok(Self { organisation: reference.organisation.clone(), definitions })
    }

    pub(crate) fn assigning(
        &self,
        role: &RoleId,
        workflows: &[WorkflowId],
    ) -> std::collections::BTreeSet<RoleId> {
        assigning_roles(self.definitions.iter().map(|one| &**one), role, workflows)
    }
}

/// The engine's time, and a person who must be known.
pub(crate) async fn known(
    connection: &mut PgConnection,
    person: PersonId,
) -> Result<(Instant, Actor), StoreError> {
    let (now, actor) = actor(connection, person).await?;
    Ok((now, actor.ok_or_else(|| StoreError::Unknown(format!("the person {person}")))?))
}

/// Whoever looks for circles and writes on the ground of it waits here for the other.
pub(crate) async fn lock_in_tx(in_tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK).execute(in_tx).await.map(drop)
}

/// Judges a delegation and writes it; under the lock.
pub(crate) async fn delegate_in_tx(
    in_tx: &mut PgConnection,
    rules: &Rules,
    new: &NewDelegation,
    absence: Option<Uuid>,
) -> Result<(), StoreError> {
    let reason = check_reason(&new.reason)?;
    let (now, by) = known(in_tx, new.by).await?;
    let (from, to) = (known(in_tx, new.from).await?.1, known(in_tx, new.to).await?.1);
    if rules.organisation.get(&new.grant.unit).is_none() {
        return Err(StoreError::Unknown(format!("the unit '{}'", new.grant.unit)));
    }
    for workflow in &new.workflows {
        if !rules.definitions.iter().any(|definition| definition.id == *workflow) {
            return Err(StoreError::Unknown(format!("the workflow '{workflow}'")));
        }
    }
    // Nothing is lent for the time that is over.
    let starts = new.starts.map_or(now, |starts| starts.max(now));
    let (grant, workflows, until) = (new.grant.clone(), new.workflows.clone(), new.until);
    let asked = Delegation { grant, workflows, starts, until };
    let assigning = rules.assigning(&asked.grant.role, &asked.workflows);
    may_delegate(&rules.organisation, &assigning, &by, &from, &to, &asked, now)?;
    let edge = Edge { delegation: new.id, from: from.natural.id, to: to.natural.id, starts, until };
    let others = edges(in_tx, edge.to, starts, until).await?;
    if let Some((at, others)) = circle(&others, &edge) {
        return Err(DelegationRefusal::Circle { at, others }.into());
    }
    let names: Vec<&str> = asked.workflows.iter().map(|workflow| workflow.as_str()).collect();
    sqlx::query(INSERT)
        .bind(new.id.0)
        .bind(new.from.0)
        .bind(new.to.0)
        .bind(asked.grant.role.as_str())
        .bind(asked.grant.unit.as_str())
        .bind(names)
        .bind(starts)
        .bind(until)
        .bind(reason)
        .bind(absence)
        .bind(by.person.0)
        .bind(now)
        .execute(in_tx)
        .await?;
    Ok(())
}

/// What is lent in a period by whoever can be reached from a natural person.
pub(crate) async fn edges(
    connection: &mut PgConnection,
    from: PersonId,
    starts: Instant,
    until: Instant,
) -> Result<Vec<Edge>, sqlx::Error> {
    let query = sqlx::query(EDGES).bind(from.0).bind(starts).bind(until);
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(Edge {
                delegation: DelegationId(row.try_get(0)?),
                from: PersonId(row.try_get(1)?),
                to: PersonId(row.try_get(2)?),
                starts: row.try_get(3)?,
                until: row.try_get(4)?,
            })
        })
        .collect()
}
