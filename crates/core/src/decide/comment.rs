//! Remarks: anybody whom the case concerns may leave one, even after its end.

use super::{Draft, Refusal, RefusalCode, by_grant, given};
use crate::event::{By, Fact};

impl Draft<'_> {
    pub(super) fn comment(&mut self, text: &str) -> Result<(), Refusal> {
        let actor = self.person()?;
        let (roles, organisation, unit) =
            (&self.ctx.definition.roles, self.ctx.organisation, &self.case.unit);
        let taking_part = || {
            let mut grants = actor.grants.iter();
            let grant = grants
                .find(|g| roles.contains_key(&g.role) && organisation.contains(&g.unit, unit))?;
            Some(by_grant(actor.person, grant))
        };
        let by = match actor.person == self.case.applicant {
            true => By::Applicant(actor.person),
            false => taking_part().ok_or_else(|| {
                RefusalCode::OutOfJurisdiction
                    .because(format!("your roles do not reach the unit '{unit}'"))
            })?,
        };
        let text = given(Some(text), RefusalCode::TextInvalid, "a text")?.to_owned();
        self.record(self.now, by, Fact::Commented { text });
        Ok(())
    }
}
