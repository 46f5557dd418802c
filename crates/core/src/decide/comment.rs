//! Remarks, which anybody may leave whom the case concerns, and bringing the case to somebody's notice, which the
//! office may: both even after its end.

use super::{
    Draft, Refusal, RefusalCode,
    eyes::{not_permitted, reaching, rights},
    given, optional,
};
use crate::{
    Actor, Grant, PersonId,
    definition::Role,
    event::{By, Fact, Urgency},
};

impl Draft<'_> {
    pub(super) fn comment(&mut self, text: &str) -> Result<(), Refusal> {
        let actor = self.person()?;
        let by = match actor.person == self.case.applicant {
            true => By::Applicant(actor.person),
            false => self.by_who_takes_part(actor, |_| true)?,
        };
        let text = given(Some(text), RefusalCode::TextInvalid, "a text")?.to_owned();
        self.record(self.now, by, Fact::Commented { text });
        Ok(())
    }

    /// Tells somebody of the office of the case. He must take part in the procedure himself: what he is told of
    /// he can open.
    pub(super) fn inform(
        &mut self,
        to: PersonId,
        note: Option<&str>,
        urgency: Option<Urgency>,
    ) -> Result<(), Refusal> {
        let actor = self.person()?;
        let of_the_office = |role: &Role| !role.agency;
        let by = self.by_who_takes_part(actor, of_the_office)?;
        let takes_part = |grant: &Grant| {
            let role = self.ctx.definition.roles.get(&grant.role);
            role.is_some_and(of_the_office)
                && self.ctx.organisation.contains(&grant.unit, &self.case.unit)
        };
        let addressee =
            self.ctx.assignee.filter(|one| one.person == to && one.person != actor.person);
        if !addressee.is_some_and(|one| one.grants.iter().any(takes_part)) {
            let reason = format!(
                "{to} holds no role in the procedure that reaches the unit '{}'",
                self.case.unit
            );
            return Err(RefusalCode::AssigneeNotEligible.because(reason));
        }
        let note = optional(note)?;
        self.record(self.now, by, Fact::Informed { to, note, urgency });
        Ok(())
    }

    /// By which of those roles somebody takes part in the procedure here.
    fn by_who_takes_part(
        &self,
        actor: &Actor,
        fits: impl Fn(&Role) -> bool,
    ) -> Result<By, Refusal> {
        let (roles, unit) = (&self.ctx.definition.roles, &self.case.unit);
        let known = rights(self.ctx, actor, |grant| roles.get(&grant.role).is_some_and(&fits));
        if known.is_empty() {
            let reason = "only the applicant and those with a role in the procedure may";
            return Err(not_permitted(actor, reason.to_owned()));
        }
        match reaching(self.ctx, known, unit).first() {
            Some(right) => Ok(right.by()),
            None => {
                let reason = format!("your roles do not reach the unit '{unit}'");
                Err(RefusalCode::OutOfJurisdiction.because(reason))
            }
        }
    }
}
