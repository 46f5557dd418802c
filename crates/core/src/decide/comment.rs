//! Remarks: anybody whom the case concerns may leave one, even after its end.

use super::{Draft, Refusal, RefusalCode, by_grant, given};
use crate::event::{By, Fact};

impl Draft<'_> {
    pub(super) fn comment(&mut self, text: &str) -> Result<(), Refusal> {
        let actor = self.person()?;
        let (roles, organisation, unit) =
            (&self.ctx.definition.roles, self.ctx.organisation, &self.case.unit);
        let mut known = actor.grants.iter().filter(|grant| roles.contains_key(&grant.role));
        let by = if actor.person == self.case.applicant {
            By::Applicant(actor.person)
        } else if known.clone().next().is_none() {
            let reason = "only the applicant and those with a role in the procedure may";
            return Err(RefusalCode::NotPermitted.because(reason));
        } else if let Some(grant) = known.find(|grant| organisation.contains(&grant.unit, unit)) {
            by_grant(actor.person, grant)
        } else {
            let reason = format!("your roles do not reach the unit '{unit}'");
            return Err(RefusalCode::OutOfJurisdiction.because(reason));
        };
        let text = given(Some(text), RefusalCode::TextInvalid, "a text")?.to_owned();
        self.record(self.now, by, Fact::Commented { text });
        Ok(())
    }
}
