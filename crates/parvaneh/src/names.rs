//! What things are called: titles of steps, actions and roles, names of units and people.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use parvaneh_core::{
    ActionId, BranchId, Case, Definition, DocumentId, FieldId, Organisation, PersonId, RoleId,
    StepId, UnitId, WorkflowId, definition::Text, event::Owner, form::Value,
};
use parvaneh_store::{Store, StoreError};

use crate::{config::Lang, output::Output};

/// Looks names up in the database, each once.
#[derive(Debug)]
pub(crate) struct Names {
    store: Store,
    lang: Lang,
    organisation: Arc<Organisation>,
    definitions: Mutex<HashMap<(WorkflowId, u32), Arc<Definition>>>,
    people: Mutex<HashMap<PersonId, String>>,
}

impl Names {
    /// # Errors
    /// The database.
    pub(crate) async fn open(store: &Store, out: &Output) -> Result<Self, StoreError> {
        Ok(Self {
            organisation: store.organisation().await?,
            store: store.clone(),
            lang: out.lang,
            definitions: Mutex::default(),
            people: Mutex::default(),
        })
    }

    /// The definition of that version.
    ///
    /// # Errors
    /// The database, or that it is not published.
    pub(crate) async fn definition(
        &self,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<Arc<Definition>, StoreError> {
        let key = (workflow.clone(), version);
        let known = lock(&self.definitions).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let definition = self.store.definition(workflow, Some(version)).await?;
        lock(&self.definitions).insert(key, definition.clone());
        Ok(definition)
    }

    /// The latest definition of a workflow that is in use.
    ///
    /// # Errors
    /// The database, or that none is published.
    pub(crate) async fn latest(
        &self,
        workflow: &WorkflowId,
    ) -> Result<Arc<Definition>, StoreError> {
        // No definition has the version 0.
        let key = (workflow.clone(), 0);
        let known = lock(&self.definitions).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let definition = self.store.definition(workflow, None).await?;
        lock(&self.definitions).insert(key, definition.clone());
        Ok(definition)
    }

    /// The definition by which a case runs.
    ///
    /// # Errors
    /// As [`Self::definition`].
    pub(crate) async fn definition_of(&self, case: &Case) -> Result<Arc<Definition>, StoreError> {
        self.definition(&case.workflow, case.version).await
    }

    /// The name of a person; the identifier of one who is not known.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn person(&self, id: PersonId) -> Result<String, StoreError> {
        let known = lock(&self.people).get(&id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let name = self.store.person(id).await?.map_or_else(|| id.to_string(), |one| one.name);
        lock(&self.people).insert(id, name.clone());
        Ok(name)
    }

    /// The organisation tree.
    pub(crate) fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// A text in the language that was asked for.
    pub(crate) fn text(&self, text: &Text) -> String {
        self.lang.of(&text.fa, &text.en).to_owned()
    }

    /// The name of a unit, with its identifier.
    pub(crate) fn unit(&self, id: &UnitId) -> String {
        match self.organisation.get(id) {
            Some(unit) => format!("{} ({id})", self.text(&unit.title)),
            None => id.to_string(),
        }
    }

    /// What a step or an end is called.
    pub(crate) fn step(&self, definition: &Definition, id: &StepId) -> String {
        definition.title_of(id).map_or_else(|| id.to_string(), |title| self.text(title))
    }

    /// What a branch is called.
    pub(crate) fn branch(&self, definition: &Definition, step: &StepId, id: &BranchId) -> String {
        let parallel = definition.steps.get(step).and_then(|step| match &step.kind {
            parvaneh_core::definition::StepKind::Parallel(parallel) => parallel.branches.get(id),
            _ => None,
        });
        parallel.map_or_else(|| id.to_string(), |branch| self.text(&branch.title))
    }

    /// What an action is called.
    pub(crate) fn action(&self, definition: &Definition, id: &ActionId) -> String {
        let found = definition.steps.values().find_map(|step| step.actions.get(id));
        found.map_or_else(|| id.to_string(), |action| self.text(&action.title))
    }

    /// What a role is called.
    pub(crate) fn role(&self, definition: &Definition, id: &RoleId) -> String {
        definition.roles.get(id).map_or_else(|| id.to_string(), |role| self.text(&role.title))
    }

    /// What a kind of paper is called.
    pub(crate) fn document(&self, definition: &Definition, id: &DocumentId) -> String {
        let known = definition.documents.get(id);
        known.map_or_else(|| id.to_string(), |document| self.text(&document.title))
    }

    /// What a field is called and what it holds: `Capital: 500,000,000 rials`.
    pub(crate) fn value(
        &self,
        definition: &Definition,
        id: &FieldId,
        value: Option<&Value>,
    ) -> String {
        let field = definition.field(id.as_str());
        let title = field.map_or_else(|| id.to_string(), |field| self.text(&field.title));
        match value {
            Some(value) => format!("{title}: {}", self.text(&value.shown(field))),
            None => format!("{title}: –"),
        }
    }

    /// What an owner is called.
    pub(crate) fn owner(&self, definition: &Definition, owner: &Owner) -> String {
        match owner {
            Owner::Applicant => self.lang.of("متقاضی", "Applicant").to_owned(),
            Owner::Role(role) => self.role(definition, role),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A name half written is a name not written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
