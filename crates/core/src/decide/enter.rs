//! Entering a step or an end: which tasks it opens, which clocks it starts, suspends and stops.

use super::{Draft, Refusal, RefusalCode};
use crate::{
    BranchId, RoleId, StepId, Term, UnitId,
    calendar::after,
    clock::Instant,
    definition::{End, Starts, StepKind},
    event::{EndReached, Entry, OpenedTask, Owner, Passed, Purpose, StartedClock, StatutoryChange},
    register::{self, LicenceChange},
};

impl Draft<'_> {
    /// What entering `to` at `at` does.
    pub(super) fn entry(
        &self,
        to: &StepId,
        at: Instant,
        by_silence: bool,
    ) -> Result<Entry, Refusal> {
        let definition = self.ctx.definition;
        let (to, through) = self.pass(to, at)?;
        if let Some(end) = definition.ends.get(to) {
            return Ok(Entry { through, ..self.entry_to_end(to, end, at, by_silence)? });
        }
        let step = definition.steps.get(to).ok_or_else(|| {
            RefusalCode::WrongDefinition.because(format!("there is no step '{to}'"))
        })?;
        let mut tasks = Vec::new();
        let case_unit = &self.case.unit;
        match &step.kind {
            StepKind::Work { owner } => {
                tasks.push(self.task(Purpose::Act, None, owner, step.term, at, tasks.len())?);
            }
            StepKind::Applicant => tasks.push(OpenedTask {
                no: self.case.task_count + 1,
                purpose: Purpose::Act,
                branch: None,
                owner: Owner::Applicant,
                unit: case_unit.clone(),
                clock: step.term.map(|term| self.started(term, case_unit, at)).transpose()?,
            }),
            StepKind::Parallel(parallel) => {
                for (name, branch) in &parallel.branches {
                    let term = Some(branch.term);
                    tasks.push(self.task(
                        Purpose::Answer,
                        Some(name),
                        &branch.owner,
                        term,
                        at,
                        tasks.len(),
                    )?);
                }
            }
            StepKind::Commission(commission) => {
                tasks.push(self.task(
                    Purpose::Act,
                    None,
                    &commission.owner,
                    step.term,
                    at,
                    tasks.len(),
                )?);
                tasks.push(self.task(
                    Purpose::Vote,
                    None,
                    &commission.members,
                    None,
                    at,
                    tasks.len(),
                )?);
            }
            StepKind::Automatic(_) => {
                return Err(RefusalCode::NoWayOn.because(format!("nobody can wait in '{to}'")));
            }
        }
        let statutory = self.statutory_change(to, &through, step.suspends_statutory, at)?;
        Ok(Entry { step: to.clone(), through, tasks, statutory, end: None })
    }

    fn entry_to_end(
        &self,
        to: &StepId,
        end: &End,
        at: Instant,
        by_silence: bool,
    ) -> Result<Entry, Refusal> {
        let statutory = match &self.case.statutory {
            None => None,
            Some(clock) => {
                let calendar = self.calendar_of(clock);
                let deadline = match clock.deadline {
                    Some(deadline) => deadline,
                    None => clock.ledger.deadline_if_resumed(calendar, at)?,
                };
                let raw_deadline = clock.ledger.raw_deadline(calendar)?;
                Some(StatutoryChange::Stopped { deadline, raw_deadline })
            }
        };
        let reached = EndReached {
            outcome: end.outcome,
            decision: end.decision,
            by_silence,
            licence: end.licence.clone(),
            change: self.licence_change(end, at).map(Box::new),
        };
        let through = Vec::new();
        Ok(Entry { step: to.clone(), through, tasks: Vec::new(), statutory, end: Some(reached) })
    }

    /// What an end does to a licence: to a new one, or to the one that the case is about.
    fn licence_change(&self, end: &End, at: Instant) -> Option<LicenceChange> {
        let today = || self.calendar_at(&self.case.unit).local_date(at);
        if let Some(licence) = &end.licence {
            return Some(LicenceChange::grant(&self.case, today(), licence));
        }
        let change = end.change.as_ref()?;
        let licence = register::standing(self.ctx.found, self.case.about.as_deref())?;
        Some(LicenceChange::of(licence, today(), change.kind, change.mark.as_deref()))
    }

    fn statutory_change(
        &self,
        to: &StepId,
        through: &[Passed],
        suspends: bool,
        at: Instant,
    ) -> Result<Option<StatutoryChange>, Refusal> {
        let definition = self.ctx.definition;
        let Some(clock) = &self.case.statutory else {
            let starts = match &definition.statutory.starts {
                Starts::Opened => self.case.seq == 0,
                Starts::Entering(step) => {
                    step == to || through.iter().any(|passed| passed.step == *step)
                }
            };
            if !starts {
                return Ok(None);
            }
            let term = definition.statutory.term;
            if suspends {
                let started = StartedClock { term, deadline: None };
                return Ok(Some(StatutoryChange::StartedSuspended(started)));
            }
            let started = self.started(term, &self.case.unit, at)?;
            return Ok(Some(StatutoryChange::Started(started)));
        };
        Ok(match (suspends, clock.held_by_step) {
            // A clock at its deadline, or past it, has nothing left to count: it is not suspended
            // any more.
            (true, false) if clock.deadline.is_none_or(|deadline| deadline > at) => {
                Some(StatutoryChange::Suspended)
            }
            (false, true) if self.case.suspension.is_some() => Some(StatutoryChange::Resumed(None)),
            (false, true) => {
                let deadline = clock.ledger.deadline_if_resumed(self.calendar_of(clock), at)?;
                Some(StatutoryChange::Resumed(Some(deadline)))
            }
            _ => None,
        })
    }

    pub(super) fn task(
        &self,
        purpose: Purpose,
        branch: Option<&BranchId>,
        role: &RoleId,
        term: Option<Term>,
        at: Instant,
        before: usize,
    ) -> Result<OpenedTask, Refusal> {
        let unit = self.unit_of(role)?;
        Ok(OpenedTask {
            no: self.case.task_count + before as u32 + 1,
            purpose,
            branch: branch.cloned(),
            owner: Owner::Role(role.clone()),
            unit: unit.clone(),
            clock: term.map(|term| self.started(term, unit, at)).transpose()?,
        })
    }

    /// The unit at which a role is held for this case.
    pub(super) fn unit_of(&self, role: &RoleId) -> Result<&UnitId, Refusal> {
        let declared = self.ctx.definition.roles.get(role);
        declared
            .and_then(|role| self.ctx.organisation.at_level(&self.case.unit, role.at))
            .ok_or_else(|| {
                let unit = &self.case.unit;
                RefusalCode::WrongUnit
                    .because(format!("no unit above '{unit}' has the level of the role '{role}'"))
            })
    }

    /// A clock that starts now; while a person has suspended the case it starts suspended.
    pub(super) fn started(
        &self,
        term: Term,
        unit: &UnitId,
        at: Instant,
    ) -> Result<StartedClock, Refusal> {
        let deadline = match self.case.suspension {
            Some(_) => None,
            None => Some(after(self.calendar_at(unit), at, term)?),
        };
        Ok(StartedClock { term, deadline })
    }
}
