//! The auditor's desk: what has happened in all cases of his units, one case's whole story, who has looked at
//! what, and what is worth a look.
//!
//! **Invariant.** Nothing here changes anything but the record of who has looked. An auditor reads by what he
//! audits alone, whatever else he may see by other roles of his.

mod kinds;
mod looks;
mod patterns;
mod search;
mod story;

use std::sync::Arc;

use parvaneh_core::{Calendar, Calendars, Definition, UnitId, WorkflowId, reach::Reach};
use parvaneh_store::Store;

use super::{routes::Pages, visit::Visit};
use crate::{
    App, policy,
    policy::Task,
    problem::Problem,
    say::{Said, Words},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/audit", search::search)
        .get("/audit/cases/{case}", story::story)
        .get("/audit/looks", looks::looks)
        .get("/audit/patterns", patterns::patterns)
}

/// What an auditor is shown by.
struct Desk {
    visit: Visit,
    /// Where he is one.
    reach: Reach,
}

impl Desk {
    /// Lets in who is an auditor somewhere.
    ///
    /// # Errors
    /// `forbidden`.
    fn of(visit: Visit) -> Result<Self, Problem> {
        let reach = policy::permit_somewhere(&visit.viewer, Task::Audit)?;
        Ok(Self { visit, reach })
    }

    fn words(&self) -> Words {
        self.visit.look.words
    }

    /// The store as it is read for what he audits.
    fn reads(&self, app: &App) -> Store {
        app.store.reading_within(&self.visit.viewer.organisation, &self.reach)
    }

    /// What a unit is called.
    fn unit(&self, unit: &UnitId) -> String {
        let found = self.visit.viewer.organisation.get(unit);
        found.map_or_else(|| unit.to_string(), |unit| self.words().of(&unit.title).to_owned())
    }

    /// Whether he audits at a unit.
    fn audits(&self, unit: &UnitId) -> bool {
        let organisation = &self.visit.viewer.organisation;
        self.reach.jurisdictions.iter().any(|held| organisation.contains(&held.unit, unit))
    }

    /// The units that can be chosen: those where he is an auditor and those directly below them, and of the one
    /// that is chosen those above and directly below it.
    fn units(&self, chosen: &str) -> Vec<Choice> {
        let organisation = &self.visit.viewer.organisation;
        let chosen_unit = UnitId::from(chosen);
        let mut open: Vec<&UnitId> =
            self.reach.jurisdictions.iter().map(|held| &held.unit).collect();
        open.extend(organisation.path(&chosen_unit));
        let shown = organisation.units().filter(|unit| {
            let near = open.contains(&&unit.id)
                || unit.parent.as_ref().is_some_and(|parent| open.contains(&parent));
            near && self.audits(&unit.id)
        });
        let mut choices: Vec<Choice> = shown
            .map(|unit| Choice {
                chosen: unit.id == chosen_unit,
                name: self.words().of(&unit.title).to_owned(),
                value: unit.id.to_string(),
            })
            .collect();
        choices.sort_by(|one, other| one.value.cmp(&other.value));
        choices
    }

    /// The workflows that are published.
    fn workflows(&self, chosen: &str) -> Vec<Choice> {
        let definitions = self.visit.viewer.definitions();
        let choice = |definition: &Arc<Definition>| Choice {
            value: definition.id.to_string(),
            name: self.words().of(&definition.title).to_owned(),
            chosen: definition.id.as_str() == chosen,
        };
        definitions.iter().map(choice).collect()
    }

    /// A version of a workflow, and the calendars by which it counts.
    ///
    /// # Errors
    /// The store's.
    async fn rules(
        &self,
        app: &App,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<(Arc<Definition>, Arc<Calendars>), Problem> {
        let definition = app.store.definition(workflow, Some(version)).await?;
        let calendars = app.store.calendars(&definition.calendar).await?;
        Ok((definition, calendars))
    }

    /// The calendar of a unit.
    fn calendar<'c>(&self, calendars: &'c Calendars, unit: &UnitId) -> &'c Calendar {
        calendars.for_unit(self.visit.viewer.organisation.path(unit))
    }

    /// The places of the desk, and which is shown. What comes with exports has its place beside them.
    fn places(&self, current: &str) -> Vec<PlaceShown> {
        let words = self.words();
        let place = |address: &'static str, name: Said| PlaceShown {
            address,
            name: name.into(),
            current: address == current,
        };
        vec![
            place("/audit", words.t("audit-search")),
            place("/audit/looks", words.t("audit-looks")),
            place("/audit/patterns", words.t("audit-patterns")),
        ]
    }
}

/// A choice of a filter.
#[derive(Clone, Debug)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// A filter that is chosen, and the address without it.
#[derive(Clone, Debug)]
struct Chosen {
    name: String,
    without: String,
}

/// A page of the desk, as it stands in the row of them.
#[derive(Clone, Debug)]
struct PlaceShown {
    address: &'static str,
    name: String,
    current: bool,
}

/// Somebody whose doings can be asked for.
#[derive(Clone, Debug)]
struct Somebody {
    name: String,
    address: String,
}
