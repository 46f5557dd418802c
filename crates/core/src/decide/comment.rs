//! Remarks: anybody whom the case concerns may leave one, even after its end.

use super::{
    Draft, Refusal, RefusalCode,
    eyes::{not_permitted, reaching, rights},
    given,
};
use crate::event::{By, Fact};

impl Draft<'_> {
    pub(super) fn comment(&mut self, text: &str) -> Result<(), Refusal> {
        let actor = self.person()?;
        let (roles, unit) = (&self.ctx.definition.roles, &self.case.unit);
        let by = if actor.person == self.case.applicant {
            By::Applicant(actor.person)
        } else {
            let known = rights(self.ctx, actor, |grant| roles.contains_key(&grant.role));
            if known.is_empty() {
                let reason = "only the applicant and those with a role in the procedure may";
                return Err(not_permitted(actor, reason.to_owned()));
            }
            match reaching(self.ctx, known, unit).first() {
                Some(right) => right.by(),
                None => {
                    let reason = format!("your roles do not reach the unit '{unit}'");
                    return Err(RefusalCode::OutOfJurisdiction.because(reason));
                }
            }
        };
        let text = given(Some(text), RefusalCode::TextInvalid, "a text")?.to_owned();
        self.record(self.now, by, Fact::Commented { text });
        Ok(())
    }
}
