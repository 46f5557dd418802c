//! How a calendar changes: the published file, and what has been closed by decision since.
//!
//! Every change is a [`Revision`], numbered and dated. While a change is being carried to the
//! running cases, the revisions before it are kept beside it ([`Calendars::earlier`]): a case that
//! still has its deadlines by one of them is brought through each in turn, so that what becomes of
//! it does not depend on when it is looked at.

use std::{collections::BTreeSet, sync::Arc};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    Calendars, notices,
    source::{CalendarSource, Certainty, Closure, Hours, Notice, Scope, hex_sha256},
};
use crate::{UnitId, actor::Organisation, clock::Instant, definition::Text};

/// A state of a calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Its number: 1, 2, 3, …
    pub no: u32,
    /// Since when it is in force.
    pub since: Instant,
    /// What made it.
    pub change: CalendarChange,
    /// What events call it: see [`closed_version`].
    pub version: String,
}

/// What made a calendar another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CalendarChange {
    /// A file was published.
    Published,
    /// Offices were closed.
    Closed {
        /// The number of the closure.
        closure: u32,
        /// Why.
        reason: String,
    },
    /// A closure was taken back.
    Reopened {
        /// The number of the closure.
        closure: u32,
        /// Why.
        reason: String,
    },
}

/// A closure that somebody decided on: of a unit with all that lies in it, on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedClosure {
    /// Its number.
    pub no: u32,
    /// The unit.
    pub unit: UnitId,
    /// The day, in the calendar's time zone.
    pub date: NaiveDate,
    /// The hours that are closed; without them, the whole day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Why.
    pub reason: String,
}

/// The version of a file with closures: that of the file when there are none, else the SHA-256, in
/// lowercase hexadecimal, of the canonical JSON of both.
pub fn closed_version(file: &str, closures: &[DecidedClosure]) -> String {
    if closures.is_empty() {
        return file.to_owned();
    }
    let mut sorted: Vec<&DecidedClosure> = closures.iter().collect();
    sorted.sort_by_key(|closure| closure.no);
    let both = serde_json::json!({ "file": file, "closures": sorted });
    let bytes =
        serde_json_canonicalizer::to_vec(&both).expect("a closure holds only what JSON can hold");
    hex_sha256(&bytes)
}

impl CalendarSource {
    /// The same calendar with `closures`, as rows like those of a file: they close what the file's
    /// own closures would close. Rows of a unit apply in what lies in it by `organisation`.
    pub fn with_closures(
        &self,
        closures: &[DecidedClosure],
        organisation: &Organisation,
    ) -> CalendarSource {
        let mut source = self.clone();
        for closure in closures {
            let is_nation = organisation.get(&closure.unit).is_some_and(|it| it.parent.is_none());
            let scope = if is_nation { Scope::Nation } else { Scope::Unit(closure.unit.clone()) };
            let notice = Notice {
                name: Text { fa: closure.reason.clone(), en: closure.reason.clone() },
                scope,
                certainty: Certainty::Confirmed,
                sources: vec![format!("closure {}", closure.no)],
                note: None,
            };
            source.add_closure(Closure {
                notice: notice.into(),
                from: closure.date,
                until: closure.date,
                hours: closure.hours.map(|hours| vec![hours]),
            });
        }
        let units: BTreeSet<UnitId> = notices(&source)
            .filter_map(|notice| match &notice.scope {
                Scope::Unit(unit) | Scope::Office(unit) => Some(unit.clone()),
                Scope::Nation => None,
            })
            .collect();
        for unit in &units {
            let path: Vec<&UnitId> = organisation.path(unit).collect();
            for pair in path.windows(2) {
                source.set_within(pair[0].clone(), pair[1].clone());
            }
        }
        source
    }
}

impl Calendars {
    /// The same calendar as that revision of it.
    #[must_use]
    pub fn as_revision(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The same calendar with the revisions before it, the latest first, by which running cases may
    /// still have their deadlines.
    #[must_use]
    pub fn after(&self, earlier: Vec<Arc<Calendars>>) -> Self {
        Self { earlier, ..self.clone() }
    }

    /// Which revision it is; `None` for a calendar that never changes.
    pub fn revision(&self) -> Option<&Revision> {
        self.revision.as_ref()
    }

    /// The revisions before it, the latest first: see [`Self::after`].
    pub fn earlier(&self) -> impl Iterator<Item = &Calendars> {
        self.earlier.iter().map(|calendars| &**calendars)
    }
}
