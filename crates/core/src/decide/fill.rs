//! Filling in forms: at the opening, with an action, and by itself.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    Context, Draft, Refusal, RefusalCode, calendar_at,
    eyes::{Whom, same_eyes},
    paper::with_faults,
};
use crate::{
    FieldId, UnitId,
    clock::Instant,
    definition::Action,
    event::{By, Fact},
    form::{self, Asked, Fault, FaultCode, Filling, Given, Value},
};

/// The values with which a case opens.
pub(super) fn application(
    ctx: &Context<'_>,
    unit: &UnitId,
    now: Instant,
    given: &Given,
) -> Result<BTreeMap<FieldId, Value>, Refusal> {
    let form = ctx.definition.application.as_ref();
    let asked: Vec<_> = form.map(|form| Asked { form, complete: true }).into_iter().collect();
    let today = today(ctx, unit, now);
    let data = BTreeMap::new();
    let filling = form::fill(ctx.definition, &asked, &data, &given.values, today);
    filling.map(|filling| filling.values).map_err(invalid)
}

impl Draft<'_> {
    /// By whoever would act in the step: without acting, so that a form can be filled in bit by bit.
    pub(super) fn fill(&mut self, given: &Given) -> Result<(), Refusal> {
        let step = self.step()?;
        let mut asked: Vec<Asked<'_>> = Vec::new();
        let of_actions = step.actions.values().filter_map(|action| action.form.as_ref());
        for form in step.form.iter().chain(of_actions) {
            if !asked.iter().any(|asked| asked.form == form) {
                asked.push(Asked { form, complete: false });
            }
        }
        if asked.is_empty() {
            return Err(RefusalCode::NoForm.because("nothing is filled in at this step"));
        }
        let task = self.acting_task()?;
        let by = self.by_who_may_take(task, |right| {
            same_eyes(&self.case, right, &step.not_by, Whom::Caller)
        })?;
        if given.values.is_empty() {
            return Err(RefusalCode::NothingGiven.because("give at least one value"));
        }
        let filling = self.filled(&asked, given)?;
        self.record_filling(by, filling);
        Ok(())
    }

    /// What an action fills in: the step's form and its own, which must then be complete.
    pub(super) fn filling_with(&self, action: &Action, given: &Given) -> Result<Filling, Refusal> {
        if given.is_empty() && self.step()?.form.is_none() && action.form.is_none() {
            return Ok(Filling::default());
        }
        self.filled(&self.asked_by(action)?, given)
    }

    /// The fields that an action still needs.
    pub(super) fn missing_values(&self, action: &Action) -> Vec<FieldId> {
        let Err(refusal) = self.filling_with(action, &Given::default()) else { return Vec::new() };
        let missing = |fault: Fault| match fault.code {
            FaultCode::Required => fault.field.map(FieldId::from),
            _ => None,
        };
        refusal.faults.into_iter().filter_map(missing).collect()
    }

    pub(super) fn record_filling(&mut self, by: By, filling: Filling) {
        if !filling.is_empty() {
            let Filling { values, cleared } = filling;
            self.record(self.now, by, Fact::Filled { values, cleared });
        }
    }

    fn asked_by<'d>(&self, action: &'d Action) -> Result<Vec<Asked<'d>>, Refusal>
    where
        Self: 'd,
    {
        let step = self.step()?;
        let own = action.form.as_ref().map(|form| Asked { form, complete: true });
        let same = |form| action.form.as_ref() == Some(form);
        let of_step = step.form.as_ref().filter(|form| !same(*form));
        let of_step = of_step.map(|form| Asked { form, complete: !action.incomplete });
        Ok(of_step.into_iter().chain(own).collect())
    }

    fn filled(&self, asked: &[Asked<'_>], given: &Given) -> Result<Filling, Refusal> {
        let today = today(self.ctx, &self.case.unit, self.now);
        form::fill(self.ctx.definition, asked, &self.case.data, &given.values, today)
            .map_err(invalid)
    }
}

/// The day by the clock of the unit's calendar.
pub(super) fn today(ctx: &Context<'_>, unit: &UnitId, now: Instant) -> NaiveDate {
    now.with_timezone(&calendar_at(ctx, unit).zone()).date_naive()
}

fn invalid(faults: Vec<Fault>) -> Refusal {
    with_faults(RefusalCode::FormInvalid, faults)
}
