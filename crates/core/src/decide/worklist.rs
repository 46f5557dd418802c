//! Who has a task: claim, release, assign.

use super::{Draft, Refusal, RefusalCode, optional};
use crate::{
    PersonId,
    actor::Caller,
    case::Task,
    definition::Permission,
    event::{By, Fact, Owner, Purpose, Urgency},
};

impl Draft<'_> {
    fn held_task(&self, no: u32) -> Result<&Task, Refusal> {
        let task = self.case.task(no);
        let task = task.ok_or_else(|| {
            RefusalCode::UnknownTask.because(format!("no task {no} is open here"))
        })?;
        match (task.purpose, &task.owner) {
            (Purpose::Vote, _) => {
                Err(RefusalCode::WrongTask.because("every member of the commission votes"))
            }
            (_, Owner::Applicant) => {
                Err(RefusalCode::WrongTask.because("the task is the applicant's"))
            }
            _ => Ok(task),
        }
    }

    pub(super) fn claim(&mut self, no: u32) -> Result<(), Refusal> {
        let task = self.held_task(no)?;
        let step = self.step()?;
        let by = self.by_who_may_take(task, |right| self.refuse_hopeless(right, step, task))?;
        // A repeat is never an error.
        if task.assignee.is_none() || task.assignee != by.person() {
            self.record(self.now, by, Fact::Claimed { task: no });
        }
        Ok(())
    }

    /// Takes a task from somebody who is away: by the program.
    pub(super) fn hand_back(
        &mut self,
        no: u32,
        from: PersonId,
        to: Option<PersonId>,
        reason: &str,
    ) -> Result<(), Refusal> {
        if *self.ctx.caller != Caller::System {
            return Err(RefusalCode::NotPermitted.because("only the program hands tasks back"));
        }
        let Some(task) = self.case.task(no).filter(|task| task.assignee == Some(from)) else {
            return Ok(());
        };
        let reason = optional(Some(reason))?;
        let stands_in = self.ctx.assignee.filter(|assignee| Some(assignee.person) == to);
        let stands_in = stands_in.filter(|to| self.refuse_assignee(task, to).is_ok());
        let fact = match stands_in {
            Some(to) => Fact::Assigned { task: no, to: to.person, reason, urgency: task.urgency },
            None => Fact::Released { task: no, reason },
        };
        self.record(self.now, By::System, fact);
        Ok(())
    }

    pub(super) fn release(&mut self, no: u32, reason: Option<&str>) -> Result<(), Refusal> {
        let task = self.held_task(no)?;
        let Some(holder) = task.assignee else {
            return Err(RefusalCode::TaskNotTaken.because(format!("nobody has task {no}")));
        };
        let by = match self.by_who_may_take(task, |_| Ok(())) {
            Ok(by) => by,
            Err(refusal) if self.person()?.person == holder => return Err(refusal),
            Err(_) => self.by_permission(Permission::Assign, &task.unit)?,
        };
        let reason = optional(reason)?;
        self.record(self.now, by, Fact::Released { task: no, reason });
        Ok(())
    }

    pub(super) fn assign(
        &mut self,
        no: u32,
        to: PersonId,
        reason: Option<&str>,
        urgency: Option<Urgency>,
    ) -> Result<(), Refusal> {
        let task = self.held_task(no)?;
        let by = self.by_permission(Permission::Assign, &task.unit)?;
        match self.ctx.assignee.filter(|assignee| assignee.person == to) {
            Some(assignee) => self.refuse_assignee(task, assignee)?,
            None => {
                let reason = format!(
                    "{to} does not hold the role that owns task {no} at unit '{}'",
                    task.unit
                );
                return Err(RefusalCode::AssigneeNotEligible.because(reason));
            }
        }
        if task.assignee != Some(to) || task.urgency != urgency {
            let reason = optional(reason)?;
            self.record(self.now, by, Fact::Assigned { task: no, to, reason, urgency });
        }
        Ok(())
    }
}
