//! What a person should know of the tasks on his worklist: for whom he would do them, and which of
//! them four eyes keep from him.

use std::collections::HashMap;

use parvaneh_core::{
    Actor, Caller, CaseId, Context, Definition, Instant,
    decide::barred,
    event::{Owner, Purpose},
};
use sqlx::Row;
use uuid::Uuid;

use super::{WorkItem, case_file::read_state};
use crate::{Store, StoreError};

impl Store {
    /// Marks the tasks of a page. The cases themselves are read only where four eyes may matter.
    pub(super) async fn mark(
        &self,
        items: &mut [WorkItem],
        actor: Actor,
        now: Instant,
    ) -> Result<(), StoreError> {
        if items.is_empty() {
            return Ok(());
        }
        let (reference, pool) = (self.reference().await?, &self.engine.readers);
        let mut watched: HashMap<CaseId, Vec<usize>> = HashMap::new();
        for (place, item) in items.iter_mut().enumerate() {
            let Owner::Role(role) = &item.owner else { continue };
            if actor.holds(&reference.organisation, role, &item.unit).is_none() {
                let lends = |lent: &&parvaneh_core::delegation::Lent| {
                    lent.is_in_force(&item.workflow, now)
                        && lent.grant.role == *role
                        && reference.organisation.contains(&lent.grant.unit, &item.unit)
                };
                item.on_behalf_of = actor.lent.iter().find(lends).map(|lent| lent.from);
            }
            let definition = reference.definition(pool, &item.workflow, Some(item.version)).await?;
            if excludes(&definition, item) {
                watched.entry(item.case).or_default().push(place);
            }
        }
        if watched.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = watched.keys().map(|case| case.0).collect();
        let rows = sqlx::query("select id, state::text from cases where id = any($1)")
            .bind(ids)
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let caller = Caller::Person(actor);
        for row in rows {
            let id = CaseId(row.try_get(0)?);
            let case = read_state(id, row.try_get(1)?)?;
            let definition = reference.definition(pool, &case.workflow, Some(case.version)).await?;
            let calendars = reference.calendars(pool, &case.calendar).await?;
            for place in watched.get(&id).into_iter().flatten() {
                let ctx = Context {
                    definition: &definition,
                    calendars: &calendars,
                    organisation: &reference.organisation,
                    caller: &caller,
                    assignee: None,
                    // Four eyes look at who has done what, never at the agenda.
                    sittings: None,
                    found: None,
                    personal: None,
                    now,
                };
                items[*place].barred = barred(&ctx, &case, items[*place].task);
            }
        }
        Ok(())
    }
}

/// Whether somebody may be excluded from a task.
fn excludes(definition: &Definition, item: &WorkItem) -> bool {
    let Some(step) = definition.steps.get(&item.step) else { return false };
    let by_actions = || step.actions.values().any(|action| !action.not_by.is_empty());
    !step.not_by.is_empty() || (item.purpose == Purpose::Act && by_actions())
}
