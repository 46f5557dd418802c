//! Withdrawing an application.

use super::{Draft, Refusal, RefusalCode, optional};
use crate::{
    definition::{Outcome, Permission},
    event::{By, Fact},
};

impl Draft<'_> {
    /// By the applicant himself, or recorded for him by a role that opens cases.
    pub(super) fn withdraw(&mut self, reason: Option<&str>) -> Result<(), Refusal> {
        let actor = self.person()?;
        let by = match actor.person == self.case.applicant {
            true => By::Applicant(actor.person),
            false => self.by_permission(Permission::Open, &self.case.unit)?,
        };
        let mut ends = self.ctx.definition.ends.iter();
        let (end, _) =
            ends.find(|(_, end)| end.outcome == Outcome::Withdrawn).ok_or_else(|| {
                RefusalCode::NoWithdrawal.because("this procedure has no end for a withdrawal")
            })?;
        let reason = optional(reason)?;
        let entry = self.entry(end, self.now, false)?;
        self.record(self.now, by, Fact::Withdrawn { reason, entry });
        Ok(())
    }
}
