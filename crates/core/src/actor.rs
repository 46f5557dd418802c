//! Who acts, where, and by what right: authorisation is part of the domain.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    PersonId, RoleId, UnitId,
    definition::{Level, Text},
};

/// A unit of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its identifier.
    pub id: UnitId,
    /// The unit above it; `None` only for the nation.
    pub parent: Option<UnitId>,
    /// Its level.
    pub level: Level,
    /// Its name.
    pub title: Text,
}

/// The organisation tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisation {
    units: HashMap<UnitId, Unit>,
}

/// Why units are not a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationError {
    /// Two units have one identifier.
    #[error("unit '{0}' stands twice in the organisation")]
    Duplicate(UnitId),
    /// A unit's parent is missing, or not of a higher level.
    #[error("unit '{unit}' needs a parent of a higher level, and '{parent}' is none")]
    Parent {
        /// The unit.
        unit: UnitId,
        /// What it names as its parent.
        parent: String,
    },
}

impl Organisation {
    /// Builds the tree.
    ///
    /// # Errors
    /// A duplicate unit, or one whose parent is missing or does not stand at a higher level (so
    /// that no circle can be).
    pub fn new(units: impl IntoIterator<Item = Unit>) -> Result<Self, OrganisationError> {
        let mut tree = HashMap::new();
        for unit in units {
            let id = unit.id.clone();
            if tree.insert(id.clone(), unit).is_some() {
                return Err(OrganisationError::Duplicate(id));
            }
        }
        for unit in tree.values() {
            let sound = match &unit.parent {
                None => unit.level == Level::National,
                Some(parent) => tree.get(parent).is_some_and(|above| above.level > unit.level),
            };
            if !sound {
                let parent = unit.parent.as_ref().map_or("nothing".to_owned(), UnitId::to_string);
                return Err(OrganisationError::Parent { unit: unit.id.clone(), parent });
            }
        }
        Ok(Self { units: tree })
    }

    /// The unit of that identifier.
    pub fn get(&self, id: &UnitId) -> Option<&Unit> {
        self.units.get(id)
    }

    /// Every unit, in no particular order.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// The unit and those above it, from the lowest up. Empty for an unknown unit.
    pub fn path<'a>(&'a self, id: &UnitId) -> impl Iterator<Item = &'a UnitId> + use<'a> {
        let next = |unit: &&'a Unit| unit.parent.as_ref().and_then(|id| self.units.get(id));
        std::iter::successors(self.units.get(id), next).map(|unit| &unit.id)
    }

    /// Whether `unit` is `above` or stands below it.
    pub fn contains(&self, above: &UnitId, unit: &UnitId) -> bool {
        self.path(unit).any(|id| id == above)
    }

    /// The unit of that level on the way up from `unit`.
    pub fn at_level(&self, unit: &UnitId, level: Level) -> Option<&UnitId> {
        self.path(unit).find(|id| self.units[*id].level == level)
    }
}

/// A role held at a unit. It reaches that unit and everything below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: RoleId,
    /// The unit.
    pub unit: UnitId,
}

/// A person with the roles that he holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// The roles, each at a unit.
    pub grants: Vec<Grant>,
}

impl Actor {
    /// The grant of `role` that reaches `unit`.
    pub fn holds(
        &self,
        organisation: &Organisation,
        role: &RoleId,
        unit: &UnitId,
    ) -> Option<&Grant> {
        self.grants
            .iter()
            .find(|grant| grant.role == *role && organisation.contains(&grant.unit, unit))
    }
}

/// Who asks for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The program itself: time has passed.
    System,
    /// A person.
    Person(Actor),
}
