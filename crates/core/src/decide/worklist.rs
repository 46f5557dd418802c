//! Who has a task: claim, release, assign.

use super::{Draft, Refusal, RefusalCode, optional};
use crate::{
    PersonId,
    case::Task,
    definition::Permission,
    event::{Fact, Owner, Purpose},
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
        let by = self.by_owner(task)?;
        match task.assignee {
            None => self.record(self.now, by, Fact::Claimed { task: no }),
            // A repeat is never an error.
            Some(holder) if Some(holder) == by.person() => {}
            Some(holder) => {
                return Err(RefusalCode::TaskTaken
                    .because(format!("task {no} is in the hands of {holder}")));
            }
        }
        Ok(())
    }

    pub(super) fn release(&mut self, no: u32, reason: Option<&str>) -> Result<(), Refusal> {
        let task = self.held_task(no)?;
        let Some(holder) = task.assignee else {
            return Err(RefusalCode::TaskNotTaken.because(format!("nobody has task {no}")));
        };
        let by = match self.person()?.person == holder {
            true => self.by_owner(task)?,
            false => self.by_permission(Permission::Assign, &task.unit)?,
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
    ) -> Result<(), Refusal> {
        let task = self.held_task(no)?;
        let by = self.by_permission(Permission::Assign, &task.unit)?;
        let eligible =
            self.ctx.assignee.filter(|assignee| assignee.person == to).is_some_and(|assignee| {
                matches!(&task.owner, Owner::Role(role)
                if assignee.holds(self.ctx.organisation, role, &task.unit).is_some())
            });
        if !eligible {
            let reason =
                format!("{to} does not hold the role that owns task {no} at unit '{}'", task.unit);
            return Err(RefusalCode::AssigneeNotEligible.because(reason));
        }
        if task.assignee != Some(to) {
            let reason = optional(reason)?;
            self.record(self.now, by, Fact::Assigned { task: no, to, reason });
        }
        Ok(())
    }
}
