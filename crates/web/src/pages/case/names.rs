//! What people are called who have to do with a case.

use std::collections::{BTreeSet, HashMap};

use parvaneh_core::{PersonId, Place};
use parvaneh_store::{SeenCase, Store, StoreError};

use crate::{App, problem::Problem};

/// The names of people.
#[derive(Clone, Debug, Default)]
pub(in crate::pages) struct Names(HashMap<PersonId, String>);

impl Names {
    /// Of everybody whom the pages of a case name.
    pub(super) async fn of(app: &App, seen: &SeenCase) -> Result<Self, Problem> {
        let case = &seen.file.case;
        let mut people = BTreeSet::from([case.applicant]);
        for task in &seen.file.tasks {
            people.extend(task.assignee);
            people.extend(task.closed_by);
        }
        if let Place::Step { votes, .. } = &case.place {
            people.extend(votes.keys());
        }
        people.extend(case.hearing.recused.keys());
        let verdicts = case.documents.values().filter_map(|paper| paper.verdict.as_ref());
        people.extend(verdicts.map(|verdict| verdict.by));
        Self::named(app, people).await
    }

    /// Of these.
    pub(in crate::pages) async fn named(
        app: &App,
        people: BTreeSet<PersonId>,
    ) -> Result<Self, Problem> {
        Ok(Self::read(&app.store, people).await?)
    }

    /// The same, from a store.
    pub(super) async fn read(
        store: &Store,
        people: BTreeSet<PersonId>,
    ) -> Result<Self, StoreError> {
        let people: Vec<_> = people.into_iter().collect();
        Ok(Self(store.names_of(&people).await?))
    }

    /// What somebody is called.
    pub(in crate::pages) fn person(&self, person: PersonId) -> String {
        self.0.get(&person).cloned().unwrap_or_else(|| person.to_string())
    }
}
