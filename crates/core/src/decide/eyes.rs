//! Four eyes, and by what right somebody acts: his own, or one that was lent to him.
//!
//! Four eyes look at natural persons. Whoever acts by a role that was lent to him counts as the one
//! who lent it *and* as himself, so that no way leads around the rule; and he acts by his own right
//! first, unless he says on whose behalf.

use super::{Context, Draft, Refusal, RefusalCode};
use crate::{
    PersonId,
    actor::{Actor, Grant, NaturalPerson},
    case::{Case, Task},
    definition::{NotBy, Step},
    delegation::Lent,
    event::{By, OnBehalfOf, Owner, Purpose},
};

/// A right by which a person can act.
pub(super) struct Right<'a> {
    actor: &'a Actor,
    grant: Option<&'a Grant>,
    lent: Option<&'a Lent>,
}

impl<'a> Right<'a> {
    fn applicant(actor: &'a Actor) -> Self {
        Self { actor, grant: None, lent: None }
    }

    /// As it stands on the event.
    pub(super) fn by(&self) -> By {
        let person = self.actor.person;
        let Some(grant) = self.grant else { return By::Applicant(person) };
        let other = |natural: &NaturalPerson, account: PersonId| {
            Some(natural.id).filter(|natural| *natural != account)
        };
        By::Officer {
            person,
            role: grant.role.clone(),
            unit: grant.unit.clone(),
            natural: other(&self.actor.natural, person),
            on_behalf_of: self.lent.map(|lent| OnBehalfOf {
                person: lent.from,
                natural: other(&lent.natural, lent.from),
                delegation: lent.delegation,
            }),
        }
    }

    /// Whether it is this person who acts, or for whom it is done.
    pub(super) fn is(&self, account: PersonId) -> bool {
        self.actor.natural.is(account) || self.lent.is_some_and(|lent| lent.natural.is(account))
    }

    /// Whether the account is the actor's own.
    pub(super) fn is_himself(&self, account: PersonId) -> bool {
        self.actor.natural.is(account)
    }

    /// Whether the task is in his hands, in those of the one for whom he acts, or in those of his own
    /// delegate, who took it for him.
    pub(super) fn may_take(&self, task: &Task) -> bool {
        let mine = |person: Option<PersonId>| person.is_some_and(|person| self.is(person));
        task.assignee.is_none() || mine(task.assignee) || mine(task.claimed_for)
    }
}

/// The rights of a person by roles for which `allows` says so, his own first, without a look at where
/// they reach. A role that was lent counts only in its period and in its workflows.
pub(super) fn rights<'a>(
    ctx: &Context<'a>,
    actor: &'a Actor,
    allows: impl Fn(&Grant) -> bool,
) -> Vec<Right<'a>> {
    let (workflow, now) = (&ctx.definition.id, ctx.now);
    let mut rights = Vec::with_capacity(1);
    if actor.on_behalf_of.is_none() {
        let own = actor.grants.iter().filter(|grant| allows(grant));
        rights.extend(own.map(|grant| Right { actor, grant: Some(grant), lent: None }));
    }
    for lent in &actor.lent {
        let wanted = actor.on_behalf_of.is_none_or(|person| lent.natural.is(person));
        if wanted && lent.is_in_force(workflow, now) && allows(&lent.grant) {
            rights.push(Right { actor, grant: Some(&lent.grant), lent: Some(lent) });
        }
    }
    rights
}

/// Those of the rights that reach a unit.
pub(super) fn reaching<'a>(
    ctx: &Context<'a>,
    mut rights: Vec<Right<'a>>,
    unit: &crate::UnitId,
) -> Vec<Right<'a>> {
    rights.retain(|right| {
        right.grant.is_some_and(|grant| ctx.organisation.contains(&grant.unit, unit))
    });
    rights
}

/// What is said to somebody who has no right at all: that the delegation which he names does not
/// give it, if he names one.
pub(super) fn not_permitted(actor: &Actor, reason: String) -> Refusal {
    match actor.on_behalf_of {
        None => RefusalCode::NotPermitted.because(reason),
        Some(person) => RefusalCode::NoDelegation.because(format!(
            "no delegation of {person} that is in force gives you this; {reason}"
        )),
    }
}

/// The first right that nothing stands against; without one, what stands against the first.
pub(super) fn first_free(
    rights: Vec<Right<'_>>,
    stands_against: impl Fn(&Right<'_>) -> Result<(), Refusal>,
) -> Result<By, Refusal> {
    let mut told = None;
    for right in &rights {
        match stands_against(right) {
            Ok(()) => return Ok(right.by()),
            Err(refusal) => told = told.or(Some(refusal)),
        }
    }
    Err(told.unwrap_or_else(|| RefusalCode::NotPermitted.because("you have no right to this")))
}

/// Whether four eyes forbid somebody something.
///
/// The refusal says what was done and when, and by whom only as far as it is the person himself or
/// the one for whom he acts: that an account is another of the same person's is told to nobody.
pub(super) fn same_eyes(
    case: &Case,
    right: &Right<'_>,
    not_by: &NotBy,
    whom: Whom,
) -> Result<(), Refusal> {
    if not_by.is_empty() {
        return Ok(());
    }
    let said = |natural: bool| match (whom, right.lent.filter(|_| !natural)) {
        (Whom::Caller, None) => "you".to_owned(),
        (_, Some(lent)) => format!("{}, who lent the role,", lent.from),
        (Whom::Assignee, None) => right.actor.person.to_string(),
    };
    if not_by.applicant && right.is(case.applicant) {
        let who = said(right.actor.natural.is(case.applicant));
        let verb = if who == "you" { "are" } else { "is" };
        return Err(RefusalCode::FourEyes.because(format!("four eyes: {who} {verb} the applicant")));
    }
    for step in &not_by.steps {
        let done = case.done_by.get(step).into_iter().flatten();
        if let Some((person, at)) =
            done.filter(|(person, _)| right.is(*person)).max_by_key(|it| it.1)
        {
            let who = said(right.actor.natural.is(*person));
            let reason = format!(
                "four eyes: {who} did '{step}' at {}, and this must be done by another person",
                at.format("%Y-%m-%dT%H:%M:%SZ")
            );
            return Err(RefusalCode::FourEyes.because(reason));
        }
    }
    Ok(())
}

/// Of whom a refusal speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// Whoever asks.
    Caller,
    /// The person to whom a task is to be assigned.
    Assignee,
}

/// Whether four eyes leave somebody nothing at all to do with a task: then he does not get it.
fn no_eyes_left(
    case: &Case,
    right: &Right<'_>,
    step: &Step,
    task: &Task,
    whom: Whom,
) -> Result<(), Refusal> {
    same_eyes(case, right, &step.not_by, whom)?;
    if task.purpose != Purpose::Act || step.actions.is_empty() {
        return Ok(());
    }
    let mut told = None;
    for action in step.actions.values() {
        match same_eyes(case, right, &action.not_by, whom) {
            Ok(()) => return Ok(()),
            Err(refusal) => told = told.or(Some(refusal)),
        }
    }
    told.map_or(Ok(()), Err)
}

/// Why four eyes keep a person from a task that he would otherwise have a right to: what a worklist
/// shows of it. `None` when he may have it, and when he has no right to it at all.
pub fn barred(ctx: &Context<'_>, case: &Case, task: u32) -> Option<Refusal> {
    let crate::actor::Caller::Person(actor) = ctx.caller else { return None };
    let (task, step) = (case.task(task)?, ctx.definition.steps.get(case.place.name())?);
    let rights = owning(ctx, actor, task);
    if rights.is_empty() {
        return None;
    }
    first_free(rights, |right| no_eyes_left(case, right, step, task, Whom::Caller)).err()
}

/// The rights of a person to the tasks of the role that owns this one, where the task stands.
fn owning<'a>(ctx: &Context<'a>, actor: &'a Actor, task: &Task) -> Vec<Right<'a>> {
    match &task.owner {
        Owner::Applicant => Vec::new(),
        Owner::Role(role) => {
            reaching(ctx, rights(ctx, actor, |grant| grant.role == *role), &task.unit)
        }
    }
}

impl<'a> Draft<'a> {
    /// By which rights the caller works on a task: as the applicant, or by the owning role with
    /// jurisdiction over the task's unit, his own or lent. There is at least one.
    pub(super) fn rights_to(&self, task: &Task) -> Result<Vec<Right<'a>>, Refusal> {
        let actor = self.person()?;
        match &task.owner {
            Owner::Applicant if actor.person == self.case.applicant => {
                Ok(vec![Right::applicant(actor)])
            }
            Owner::Applicant => {
                Err(RefusalCode::NotPermitted.because("only the applicant does this"))
            }
            Owner::Role(role) => self.rights_by_role(role, &task.unit),
        }
    }

    pub(super) fn rights_by_role(
        &self,
        role: &crate::RoleId,
        unit: &crate::UnitId,
    ) -> Result<Vec<Right<'a>>, Refusal> {
        let actor = self.person()?;
        let held = rights(self.ctx, actor, |grant| grant.role == *role);
        if held.is_empty() {
            let reason = format!("this needs the role '{role}' at unit '{unit}'");
            return Err(not_permitted(actor, reason));
        }
        match reaching(self.ctx, held, unit) {
            rights if rights.is_empty() => Err(RefusalCode::OutOfJurisdiction
                .because(format!("you hold '{role}', but not at unit '{unit}' or above it"))),
            rights => Ok(rights),
        }
    }

    /// By what right the caller does something to a task that four eyes do not forbid him.
    pub(super) fn by_other_eyes(
        &self,
        rights: Vec<Right<'a>>,
        not_by: &[&NotBy],
    ) -> Result<By, Refusal> {
        first_free(rights, |right| {
            not_by.iter().try_for_each(|rule| same_eyes(&self.case, right, rule, Whom::Caller))
        })
    }

    /// By what right the caller can take a task, whoever has it.
    pub(super) fn by_who_may_take(
        &self,
        task: &Task,
        stands_against: impl Fn(&Right<'a>) -> Result<(), Refusal>,
    ) -> Result<By, Refusal> {
        let rights = self.rights_to(task)?;
        let mut told = None;
        for right in &rights {
            let refusal = match stands_against(right) {
                Ok(()) if right.may_take(task) => return Ok(right.by()),
                Ok(()) => {
                    let holder = task.assignee.map_or_else(String::new, |one| one.to_string());
                    let reason = format!("task {} is in the hands of {holder}", task.no);
                    RefusalCode::TaskTaken.because(reason)
                }
                Err(refusal) => refusal,
            };
            told = told.or(Some(refusal));
        }
        Err(told.unwrap_or_else(|| RefusalCode::NotPermitted.because("you have no right to this")))
    }

    /// Four eyes for whoever takes a task without yet settling it.
    pub(super) fn refuse_hopeless(
        &self,
        right: &Right<'_>,
        step: &Step,
        task: &Task,
    ) -> Result<(), Refusal> {
        no_eyes_left(&self.case, right, step, task, Whom::Caller)
    }

    /// Whether a task may be put into a person's hands.
    pub(super) fn refuse_assignee(&self, task: &Task, to: &Actor) -> Result<(), Refusal> {
        let ctx = Context { caller: self.ctx.caller, ..*self.ctx };
        let held = owning(&ctx, to, task);
        if held.is_empty() {
            let reason = format!(
                "{} does not hold the role that owns task {} at unit '{}'",
                to.person, task.no, task.unit
            );
            return Err(RefusalCode::AssigneeNotEligible.because(reason));
        }
        if let Some(absence) = &to.absence {
            let instead = match absence.substitute {
                Some(person) => format!("assign it to {person}, who stands in"),
                None => "assign it to somebody else".to_owned(),
            };
            let until = absence.until.format("%Y-%m-%dT%H:%M:%SZ");
            let reason = format!(
                "{} is absent until {until}: {instead}, or end the absence if it is over",
                to.person
            );
            return Err(RefusalCode::AssigneeAbsent.because(reason));
        }
        let step = self.step()?;
        let free = |right: &Right<'_>| no_eyes_left(&self.case, right, step, task, Whom::Assignee);
        first_free(held, free).map(drop)
    }
}
