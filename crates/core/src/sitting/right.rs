//! Who plans, holds and cancels the sittings of a commission.

use crate::{
    Actor, CalendarId, Definition, Grant, Organisation, RoleId, Term, UnitId,
    definition::{SittingRules, StepKind},
};

/// The right to the sittings of a commission, and what its procedure says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The role by which the person has it.
    pub grant: Grant,
    /// The procedure's calendar.
    pub calendar: CalendarId,
    /// How long before a sitting the agenda is closed.
    pub cut_off: Term,
}

/// Why somebody has no right to the sittings of a commission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRight {
    /// No published procedure has such a commission.
    #[error("no published procedure has a commission of '{0}' that decides in sittings")]
    NoCommission(RoleId),
    /// Its members hold their role at units of another level.
    #[error("the commission of '{members}' is none of the unit '{unit}'")]
    WrongUnit {
        /// The members.
        members: RoleId,
        /// The unit.
        unit: UnitId,
    },
    /// The person does not hold a role that owns it.
    #[error("this needs one of the roles: {0}")]
    NotPermitted(String),
    /// He does, but not over this unit.
    #[error("your roles do not reach the unit '{0}'")]
    OutOfJurisdiction(UnitId),
}

impl NoRight {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCommission(_) => "unknown_commission",
            Self::WrongUnit { .. } => "wrong_unit",
            Self::NotPermitted(_) => "not_permitted",
            Self::OutOfJurisdiction(_) => "out_of_jurisdiction",
        }
    }
}

/// By what right a person plans, holds and cancels the sittings of the commission of `members` at
/// `unit`: whoever owns the commission in one of the procedures does.
///
/// # Errors
/// See [`NoRight`].
pub fn right<'d>(
    definitions: impl IntoIterator<Item = &'d Definition>,
    organisation: &Organisation,
    actor: &Actor,
    members: &RoleId,
    unit: &UnitId,
) -> Result<Right, NoRight> {
    let level = organisation.get(unit).map(|unit| unit.level);
    let mut refusal = NoRight::NoCommission(members.clone());
    let mut owners: Vec<&RoleId> = Vec::new();
    for definition in definitions {
        for (owner, rules) in commissions(definition, members) {
            if definition.roles.get(members).map(|role| role.at) != level {
                if matches!(refusal, NoRight::NoCommission(_)) {
                    let (members, unit) = (members.clone(), unit.clone());
                    refusal = NoRight::WrongUnit { members, unit };
                }
                continue;
            }
            if let Some(grant) = actor.holds(organisation, owner, unit) {
                return Ok(Right {
                    grant: grant.clone(),
                    calendar: definition.calendar.clone(),
                    cut_off: rules.cut_off,
                });
            }
            if actor.grants.iter().any(|grant| grant.role == *owner) {
                refusal = NoRight::OutOfJurisdiction(unit.clone());
            } else if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
    }
    if !owners.is_empty() && !matches!(refusal, NoRight::OutOfJurisdiction(_)) {
        let names: Vec<_> = owners.iter().map(|role| role.as_str()).collect();
        refusal = NoRight::NotPermitted(names.join(", "));
    }
    Err(refusal)
}

/// The owners of a definition's commissions of those members that decide in sittings.
pub fn commissions<'d>(
    definition: &'d Definition,
    members: &RoleId,
) -> impl Iterator<Item = (&'d RoleId, &'d SittingRules)> {
    let members = members.clone();
    definition.steps.values().filter_map(move |step| match &step.kind {
        StepKind::Commission(commission) if commission.members == members => {
            Some((&commission.owner, commission.sittings.as_ref()?))
        }
        _ => None,
    })
}
