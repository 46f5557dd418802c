//! Who acts, where, and by what right: authorisation is part of the domain.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    PersonId, RoleId, UnitId,
    definition::{Level, Text},
    delegation::{Absence, Lent},
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
    /// What stands right below each, in the order of its identifiers.
    children: HashMap<UnitId, Vec<UnitId>>,
    /// The unit of which everything is part, where there is one.
    whole: Option<UnitId>,
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
        let mut children: HashMap<UnitId, Vec<UnitId>> = HashMap::new();
        for unit in tree.values() {
            if let Some(parent) = &unit.parent {
                children.entry(parent.clone()).or_default().push(unit.id.clone());
            }
        }
        children.values_mut().for_each(|below| below.sort_unstable());
        let mut roots = tree.values().filter(|unit| unit.parent.is_none());
        let root = roots.next().map(|root| root.id.clone());
        let whole = if roots.next().is_none() { root } else { None };
        Ok(Self { units: tree, children, whole })
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

    /// The unit and everything below it. Empty for an unknown unit.
    pub fn below<'a>(&'a self, unit: &UnitId) -> Vec<&'a UnitId> {
        let mut found: Vec<_> = self.units.get(unit).map(|unit| &unit.id).into_iter().collect();
        let mut next = 0;
        while let Some(unit) = found.get(next) {
            found.extend(self.children.get(*unit).into_iter().flatten());
            next += 1;
        }
        found
    }

    /// Whether everything is that unit or stands below it.
    pub fn is_whole(&self, unit: &UnitId) -> bool {
        self.whole.as_ref() == Some(unit)
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

/// A natural person, whom the program may know by several accounts. It is he whom four eyes look
/// for, not the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaturalPerson {
    /// The account by which he is known: one of his own.
    pub id: PersonId,
    /// All his other accounts; most people have none.
    pub accounts: Vec<PersonId>,
}

impl NaturalPerson {
    /// A person with one account.
    pub fn of(account: PersonId) -> Self {
        Self { id: account, accounts: Vec::new() }
    }

    /// Whether the account is his.
    pub fn is(&self, account: PersonId) -> bool {
        self.id == account || self.accounts.contains(&account)
    }
}

/// A person with the roles that he holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person, by the account with which he came.
    pub person: PersonId,
    /// Who that is.
    pub natural: NaturalPerson,
    /// The roles, each at a unit.
    pub grants: Vec<Grant>,
    /// The roles that others have lent him. Each has a period, and is nothing outside it.
    pub lent: Vec<Lent>,
    /// Whose delegate he wants to act as; `None` leaves it open: then by his own right first.
    pub on_behalf_of: Option<PersonId>,
    /// His absence now, where that matters: of a person to whom a task is to be assigned.
    pub absence: Option<Absence>,
}

impl Actor {
    /// A person with one account and with nothing lent.
    pub fn new(person: PersonId, grants: Vec<Grant>) -> Self {
        let natural = NaturalPerson::of(person);
        Self { person, natural, grants, lent: Vec::new(), on_behalf_of: None, absence: None }
    }

    /// The grant of `role` that reaches `unit`, among those that are his own.
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
