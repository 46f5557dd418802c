//! Which timelines somebody may have in a bundle.

use parvaneh_core::{CaseId, Instant, UnitId};

use crate::{ExportScope, Viewer};

/// Which timelines an auditor gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Some cases. That another is missing would not show.
    Cases(Vec<CaseId>),
    /// Units with everything below them; that a case of theirs is missing shows.
    Units {
        /// The units.
        units: Vec<UnitId>,
        /// Only cases that were received from this instant on; of the others only that there are.
        from: Option<Instant>,
        /// And before this one.
        until: Option<Instant>,
    },
    /// The whole log.
    Everything,
}

/// Why there is no bundle of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoExtent {
    /// A bundle shows that nothing is left out, so it is whole: a case, or what units have received in a time.
    #[error("a bundle is of one case, or of a unit and the time in which it received its cases")]
    Narrowed,
    /// Whoever does not see every case there would be told of others.
    #[error("whoever asked for it does not see every case there")]
    NotSeen,
}

impl Extent {
    /// What an export of this scope is as a bundle, for somebody who sees every case of it; a single case is seen or
    /// not, which is looked at elsewhere. Where no unit is named, it is all at which he sees every case.
    ///
    /// # Errors
    /// See [`NoExtent`].
    pub fn of_export(scope: &ExportScope, viewer: &Viewer) -> Result<Self, NoExtent> {
        if let Some(case) = scope.single() {
            return Ok(Self::Cases(vec![case]));
        }
        let ExportScope { unit, received, .. } = scope;
        let whole =
            ExportScope { unit: unit.clone(), received: *received, ..ExportScope::default() };
        if *scope != whole {
            return Err(NoExtent::Narrowed);
        }
        let held = viewer.reach.jurisdictions.iter().filter(|held| held.workflow.is_none());
        let mut held = held.map(|held| &held.unit);
        let organisation = &viewer.organisation;
        let units: Vec<UnitId> = match unit {
            Some(unit) if held.any(|held| organisation.contains(held, unit)) => vec![unit.clone()],
            Some(_) => Vec::new(),
            None => held.cloned().collect(),
        };
        if units.is_empty() {
            return Err(NoExtent::NotSeen);
        }
        let is_root = |unit: &UnitId| organisation.path(unit).count() == 1;
        if received.is_none() && units.iter().any(is_root) {
            return Ok(Self::Everything);
        }
        let (from, until) = (received.map(|span| span.since), received.map(|span| span.until));
        Ok(Self::Units { units, from, until })
    }
}
