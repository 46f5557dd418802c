//! What somebody is and what he sees now: asked before anything is shown.

use std::{collections::HashMap, sync::Arc};

use parvaneh_core::{
    Actor, CaseId, Definition, Instant, Organisation, PersonId, RoleId, UnitId, WorkflowId,
    definition::Text,
    reach::{Reach, Sight},
};
use sqlx::Row;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    gate::{By, Met},
    reading::Reader,
    reference::Reference,
};

/// What somebody is and what he sees now.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Who it is, with his roles and what is lent to him.
    pub actor: Actor,
    /// Which cases he sees.
    pub reach: Reach,
    /// The organisation.
    pub organisation: Arc<Organisation>,
    /// What is published.
    pub(crate) reference: Arc<Reference>,
    /// The engine's time at which this was read.
    pub now: Instant,
    /// The statements that name him before anything is read for him.
    pub(crate) reader: Arc<Reader>,
}

/// What follows from who somebody is and what he may do.
#[derive(Debug)]
pub(crate) struct Sees {
    reach: Reach,
    reader: Arc<Reader>,
}

impl Viewer {
    /// What a role is called in the workflows that are published; `None` for one of the
    /// installation's own.
    pub fn role_title(&self, role: &RoleId) -> Option<Text> {
        self.reference.role_title(role)
    }

    /// The latest version of each workflow that is published.
    pub fn definitions(&self) -> Vec<Arc<Definition>> {
        self.reference.known_definitions()
    }
}

impl Store {
    /// What a person is and what he sees now; `None` for somebody unknown.
    ///
    /// # Errors
    /// The database; [`StoreError::Unreadable`] for a definition that this program cannot read.
    pub async fn viewer(&self, person: PersonId) -> Result<Option<Viewer>, StoreError> {
        match self.engine.gate.ask(By::Person(person), true).await? {
            Some(entered) => self.viewing(entered.met).await,
            None => Ok(None),
        }
    }

    /// What somebody sees of whom that is known; `None` for somebody unknown.
    pub(crate) async fn viewing(&self, met: Met) -> Result<Option<Viewer>, StoreError> {
        let Met { now, revision, actor, sees } = met;
        let Some(actor) = actor else { return Ok(None) };
        let reference = self.engine.cache.fresh(&self.engine.readers, Some(revision)).await?;
        let organisation = reference.organisation.clone();
        let sees = match sees.get() {
            Some(sees) => sees,
            None => {
                let readers = reference.readers(&self.engine.readers).await?;
                sees.get_or_init(|| {
                    let reach = Reach::of(&actor, &readers, now);
                    let reader = Arc::new(Reader::of_person(&organisation, &reach));
                    Sees { reach, reader }
                })
            }
        };
        let (reach, reader) = (sees.reach.clone(), sees.reader.clone());
        Ok(Some(Viewer { actor, reach, organisation, reference, now, reader }))
    }

    /// Why somebody sees a case; `None` when he does not, or when there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn sight(&self, case: CaseId, viewer: &Viewer) -> Result<Option<Sight>, StoreError> {
        let row = sqlx::query("select workflow, unit_id, applicant from cases where id = $1")
            .bind(case.0)
            .fetch_optional(&mut *self.reading_as(viewer).reads_by_key().await?)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let workflow = WorkflowId::from(row.try_get::<String, _>(0)?);
        let (unit, applicant) =
            (UnitId::from(row.try_get::<String, _>(1)?), PersonId(row.try_get(2)?));
        Ok(viewer.reach.sees(&viewer.organisation, &workflow, &unit, applicant))
    }

    /// The same of many cases, in their order.
    ///
    /// # Errors
    /// The database.
    pub async fn sights(
        &self,
        cases: &[CaseId],
        viewer: &Viewer,
    ) -> Result<Vec<Option<Sight>>, StoreError> {
        let ids: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
        let rows =
            sqlx::query("select id, workflow, unit_id, applicant from cases where id = any($1)")
                .bind(ids)
                .fetch_all(&mut *self.reading_as(viewer).reads_by_key().await?)
                .await?;
        let mut seen = HashMap::with_capacity(rows.len());
        for row in &rows {
            let workflow = WorkflowId::from(row.try_get::<String, _>(1)?);
            let (unit, applicant) =
                (UnitId::from(row.try_get::<String, _>(2)?), PersonId(row.try_get(3)?));
            let sight = viewer.reach.sees(&viewer.organisation, &workflow, &unit, applicant);
            seen.insert(CaseId(row.try_get(0)?), sight);
        }
        Ok(cases.iter().map(|case| seen.get(case).copied().flatten()).collect())
    }
}
