//! Where somebody works: whose tasks his worklist has.

use std::collections::BTreeSet;

use parvaneh_core::{RoleId, UnitId, WorkflowId, reach::Readers};
use sqlx::{Postgres, QueryBuilder};

use super::{Desk, WorklistQuery};
use crate::{Store, StoreError, Viewer};

/// Where a person acts by which role, his own or lent to him now; or the desks that are asked about.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// A role at a unit, in one workflow or in all. What was lent for some workflows only stands there once for each.
    places: BTreeSet<Place>,
    /// Roles that reach every unit. Their tasks are found as `tasks_of_role_anywhere` has them, and not unit by unit.
    everywhere: BTreeSet<RoleId>,
}

type Place = (RoleId, UnitId, Option<WorkflowId>);

impl Store {
    /// The scope of a query, and whose it is; none for what is given out, or for somebody unknown.
    pub(super) async fn scope(
        &self,
        query: &WorklistQuery,
    ) -> Result<(Scope, Option<Viewer>), StoreError> {
        if let Some(desks) = &query.desks {
            return Ok((Scope::of_desks(desks), None));
        }
        let Some(viewer) = self.viewer(query.person).await? else { return Ok(Default::default()) };
        let readers = viewer.reference.readers(&self.engine.readers).await?;
        Ok((Scope::of(&viewer, &readers, query.within.as_ref()), Some(viewer)))
    }
}

impl Scope {
    fn of_desks(desks: &[Desk]) -> Self {
        let place =
            |desk: &Desk| (desk.role.clone(), desk.unit.clone(), Some(desk.workflow.clone()));
        Self { places: desks.iter().map(place).collect(), everywhere: BTreeSet::new() }
    }

    /// A role reaches its unit and everything below. With a role that no definition has there is nothing to do.
    fn of(viewer: &Viewer, readers: &Readers, within: Option<&UnitId>) -> Self {
        let Viewer { actor, organisation, now, .. } = viewer;
        let mut scope = Self::default();
        let lent = actor.lent.iter().filter(|lent| (lent.starts..lent.until).contains(now));
        let (narrowed, whole): (Vec<_>, Vec<_>) = lent.partition(|lent| !lent.workflows.is_empty());
        let whole = whole.into_iter().map(|lent| &lent.grant);
        for grant in actor.grants.iter().chain(whole) {
            if !readers.has(&grant.role) {
                continue;
            }
            if within.is_none() && organisation.is_whole(&grant.unit) {
                scope.everywhere.insert(grant.role.clone());
            }
            for unit in organisation.below(&grant.unit) {
                scope.places.insert((grant.role.clone(), unit.clone(), None));
            }
        }
        for lent in narrowed.into_iter().filter(|lent| readers.has(&lent.grant.role)) {
            for unit in organisation.below(&lent.grant.unit) {
                let place = |workflow: Option<&WorkflowId>| {
                    (lent.grant.role.clone(), unit.clone(), workflow.cloned())
                };
                // Where he has a role whatever the workflow, what is lent for some of them adds nothing.
                if !scope.places.contains(&place(None)) {
                    scope.places.extend(lent.workflows.iter().map(|one| place(Some(one))));
                }
            }
        }
        scope.places.retain(|(role, unit, _)| {
            !scope.everywhere.contains(role)
                && within.is_none_or(|within| organisation.contains(within, unit))
        });
        scope
    }

    /// A statement that begins with these: `scope (role, unit, workflow)` and `everywhere (role)`.
    pub(super) fn statement(&self) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new("with scope as materialized (select * from unnest(");
        let roles = self.places.iter().map(|(role, ..)| role.to_string());
        let units = self.places.iter().map(|(_, unit, _)| unit.to_string());
        let workflows =
            self.places.iter().map(|(.., workflow)| workflow.as_ref().map(ToString::to_string));
        sql.push_bind(roles.collect::<Vec<_>>()).push("::text[], ");
        sql.push_bind(units.collect::<Vec<_>>()).push("::text[], ");
        sql.push_bind(workflows.collect::<Vec<_>>());
        sql.push("::text[]) as place (role, unit, workflow)), everywhere as materialized (");
        let everywhere: Vec<String> = self.everywhere.iter().map(ToString::to_string).collect();
        sql.push("select * from unnest(").push_bind(everywhere).push("::text[]) as held (role))");
        sql
    }
}
