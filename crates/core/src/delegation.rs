//! Delegation: a role that somebody lends to another for a time; and absence.
//!
//! What is lent is a role at a unit, which the lender holds there by a grant of his own: what was
//! lent to him he cannot lend on, so that powers never make a chain. Outside its period a delegation
//! is nothing, and nothing needs to be swept when it ends. People never lend to each other in a
//! circle: [`circle`] finds one, by natural persons and by instants.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use serde::Serialize;

use crate::{
    DelegationId, PersonId, RoleId, WorkflowId,
    actor::{Actor, Grant, NaturalPerson, Organisation},
    clock::Instant,
    definition::{Definition, Permission},
};

/// A role that was lent, as it stands with whom it was lent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lent {
    /// By which delegation.
    pub delegation: DelegationId,
    /// By whom, by the account that holds the role.
    pub from: PersonId,
    /// Who that is.
    pub natural: NaturalPerson,
    /// The role, and the unit that it reaches here: the one where the lender holds it, or one below.
    pub grant: Grant,
    /// Only in these workflows; in every one, when there is none.
    pub workflows: Vec<WorkflowId>,
    /// From when on.
    pub starts: Instant,
    /// Up to when; at this very instant no longer.
    pub until: Instant,
}

impl Lent {
    /// Whether it is a right in that workflow at that instant.
    pub fn is_in_force(&self, workflow: &WorkflowId, at: Instant) -> bool {
        let covered = self.workflows.is_empty() || self.workflows.contains(workflow);
        covered && (self.starts..self.until).contains(&at)
    }
}

/// Somebody is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Up to when.
    pub until: Instant,
    /// Who stands in for him, if somebody does.
    pub substitute: Option<PersonId>,
}

/// The longest period of a delegation: a year and a day.
pub const LONGEST: TimeDelta = TimeDelta::days(366);

/// A delegation that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// What is lent, and where.
    pub grant: Grant,
    /// Only in these workflows; in every one, when there is none.
    pub workflows: Vec<WorkflowId>,
    /// From when on.
    pub starts: Instant,
    /// Up to when.
    pub until: Instant,
}

/// One person lends to another for a time: what circles are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Which delegation.
    pub delegation: DelegationId,
    /// Who lends, as a natural person.
    pub from: PersonId,
    /// To whom, as a natural person.
    pub to: PersonId,
    /// From when on.
    pub starts: Instant,
    /// Up to when.
    pub until: Instant,
}

/// Why a delegation, or an absence, is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum DelegationRefusal {
    /// Neither himself nor somebody who assigns his work.
    #[error(
        "only the person himself, or who holds a role that may assign tasks over the unit, does this"
    )]
    NotPermitted,
    /// Who lends does not hold the role there by a grant of his own.
    #[error(
        "the lender does not hold '{role}' at this unit or above it by a grant of his own: what was lent to him he cannot lend on"
    )]
    RoleNotHeld {
        /// The role.
        role: RoleId,
    },
    /// Another body's role is lent by its holder only.
    #[error("'{role}' belongs to another body: only its holder can lend it")]
    OfAnotherBody {
        /// The role.
        role: RoleId,
    },
    /// Nobody lends to himself, also not to another account of his.
    #[error("a delegation goes to somebody else, not to another account of the same person")]
    ToHimself,
    /// Nobody gives himself what others hold.
    #[error("who lends for another cannot be the one to whom it is lent")]
    ToTheGiver,
    /// The period is empty, over, or too long.
    #[error("{why}")]
    BadPeriod {
        /// What is wrong.
        why: String,
    },
    /// Somebody would in the end lend to himself.
    #[error("at {at} this would be a circle of delegations")]
    Circle {
        /// An instant at which it would be one.
        at: Instant,
        /// The other delegations of the circle, in their order.
        others: Vec<DelegationId>,
    },
    /// There is nothing to revoke or to end.
    #[error("there is no such {what} any more: it was ended, or its time is over")]
    Over {
        /// What.
        what: &'static str,
    },
    /// Two absences of one person would overlap.
    #[error("an absence in this period is recorded already, until {until}")]
    AlreadyAbsent {
        /// Its end.
        until: Instant,
    },
    /// A reason is needed.
    #[error("a reason is needed, of at most 500 characters")]
    ReasonNeeded,
}

impl DelegationRefusal {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPermitted => "not_permitted",
            Self::RoleNotHeld { .. } => "role_not_held",
            Self::OfAnotherBody { .. } => "role_of_another_body",
            Self::ToHimself => "delegation_to_himself",
            Self::ToTheGiver => "delegation_to_the_giver",
            Self::BadPeriod { .. } => "bad_period",
            Self::Circle { .. } => "delegation_circle",
            Self::Over { .. } => "already_over",
            Self::AlreadyAbsent { .. } => "already_absent",
            Self::ReasonNeeded => "reason_needed",
        }
    }
}

/// The roles whose holders assign the tasks of `role` in one of the definitions: in those of the
/// named workflows, or in all.
pub fn assigning_roles<'d>(
    definitions: impl IntoIterator<Item = &'d Definition>,
    role: &RoleId,
    workflows: &[WorkflowId],
) -> BTreeSet<RoleId> {
    let concerned = definitions.into_iter().filter(|definition| {
        let named = workflows.is_empty() || workflows.contains(&definition.id);
        named && definition.roles.contains_key(role)
    });
    let assigning = concerned.flat_map(|definition| {
        definition.roles.iter().filter(|(_, role)| role.may.contains(&Permission::Assign))
    });
    assigning.map(|(id, _)| id.clone()).collect()
}

/// Whether `by` may act for `of` in what concerns a unit: himself, or who assigns tasks there by a
/// grant of his own.
fn manages(
    organisation: &Organisation,
    assigning: &BTreeSet<RoleId>,
    by: &Actor,
    of: &Actor,
    grant: &Grant,
) -> bool {
    let reaches = |held: &Grant| {
        assigning.contains(&held.role) && organisation.contains(&held.unit, &grant.unit)
    };
    of.natural.id == by.natural.id || by.grants.iter().any(reaches)
}

/// Whether a delegation may be made, as far as the people and its period go; circles are looked for
/// by [`circle`].
///
/// # Errors
/// A [`DelegationRefusal`].
pub fn may_delegate(
    organisation: &Organisation,
    assigning: &BTreeSet<RoleId>,
    by: &Actor,
    from: &Actor,
    to: &Actor,
    delegation: &Delegation,
    now: Instant,
) -> Result<(), DelegationRefusal> {
    let Delegation { grant, starts, until, .. } = delegation;
    let own = from.natural.id == by.natural.id;
    if !manages(organisation, assigning, by, from, grant) {
        return Err(DelegationRefusal::NotPermitted);
    }
    if from.natural.id == to.natural.id {
        return Err(DelegationRefusal::ToHimself);
    }
    if !own && to.natural.id == by.natural.id {
        return Err(DelegationRefusal::ToTheGiver);
    }
    if !own && grant.role.as_str().starts_with("agency.") {
        return Err(DelegationRefusal::OfAnotherBody { role: grant.role.clone() });
    }
    if from.holds(organisation, &grant.role, &grant.unit).is_none() {
        return Err(DelegationRefusal::RoleNotHeld { role: grant.role.clone() });
    }
    check_period(*starts, *until, now)
}

/// Whether `by` may revoke a delegation: who lent, to whom it was lent (he hands it back), or who
/// assigns tasks there.
///
/// # Errors
/// [`DelegationRefusal::NotPermitted`].
pub fn may_revoke(
    organisation: &Organisation,
    assigning: &BTreeSet<RoleId>,
    by: &Actor,
    from: &Actor,
    to: &Actor,
    grant: &Grant,
) -> Result<(), DelegationRefusal> {
    let his = to.natural.id == by.natural.id;
    match his || manages(organisation, assigning, by, from, grant) {
        true => Ok(()),
        false => Err(DelegationRefusal::NotPermitted),
    }
}

/// A reason that was given, without blanks around it.
///
/// # Errors
/// [`DelegationRefusal::ReasonNeeded`].
pub fn check_reason(reason: &str) -> Result<&str, DelegationRefusal> {
    let reason = reason.trim();
    let good = !reason.is_empty() && reason.chars().count() <= 500 && !reason.contains('\0');
    good.then_some(reason).ok_or(DelegationRefusal::ReasonNeeded)
}

/// Whether a period can be one of a delegation or of an absence: it ends after it begins, not before
/// now, and is no longer than [`LONGEST`].
///
/// # Errors
/// [`DelegationRefusal::BadPeriod`].
pub fn check_period(
    starts: Instant,
    until: Instant,
    now: Instant,
) -> Result<(), DelegationRefusal> {
    let why = if until <= starts {
        "the period ends before it begins".to_owned()
    } else if until <= now {
        "the period is over already".to_owned()
    } else if until - starts > LONGEST {
        format!("a period has at most {} days", LONGEST.num_days())
    } else {
        return Ok(());
    };
    Err(DelegationRefusal::BadPeriod { why })
}

/// Whether `by` may record the absence of `of`: himself, or who assigns tasks over a unit where he
/// holds a role. `assigning` says of each role which roles assign its tasks.
///
/// # Errors
/// [`DelegationRefusal::NotPermitted`].
pub fn may_record_absence(
    organisation: &Organisation,
    assigning: impl Fn(&RoleId) -> BTreeSet<RoleId>,
    by: &Actor,
    of: &Actor,
) -> Result<(), DelegationRefusal> {
    let over = |grant: &Grant| manages(organisation, &assigning(&grant.role), by, of, grant);
    match of.natural.id == by.natural.id || of.grants.iter().any(over) {
        true => Ok(()),
        false => Err(DelegationRefusal::NotPermitted),
    }
}

/// The circle that `new` would close with delegations that were made before: an instant of its
/// period, and the others in their order. Scopes do not matter: a circle is one of people.
pub fn circle(edges: &[Edge], new: &Edge) -> Option<(Instant, Vec<DelegationId>)> {
    if new.from == new.to {
        return Some((new.starts, Vec::new()));
    }
    // The set of edges in force grows only at an instant at which one of them begins.
    let within = |at: &Instant| (new.starts..new.until).contains(at);
    let mut instants: Vec<Instant> =
        edges.iter().map(|edge| edge.starts).filter(within).chain([new.starts]).collect();
    instants.sort_unstable();
    instants.dedup();
    instants.into_iter().find_map(|at| Some((at, path(edges, new.to, new.from, at)?)))
}

/// A way from one person to another over delegations that are in force at an instant.
fn path(edges: &[Edge], from: PersonId, to: PersonId, at: Instant) -> Option<Vec<DelegationId>> {
    let mut came: HashMap<PersonId, &Edge> = HashMap::new();
    let mut seen = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(person) = open.pop() {
        if person == to {
            let mut way = Vec::new();
            let mut here = to;
            while let Some(edge) = came.get(&here) {
                way.push(edge.delegation);
                here = edge.from;
            }
            way.reverse();
            return Some(way);
        }
        let on = edges.iter().filter(|edge| edge.from == person);
        for edge in on.filter(|edge| (edge.starts..edge.until).contains(&at)) {
            if seen.insert(edge.to) {
                came.insert(edge.to, edge);
                open.push(edge.to);
            }
        }
    }
    None
}
