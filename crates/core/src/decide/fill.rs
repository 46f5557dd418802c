//! Filling in forms: at the opening, with an action, and by itself.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    Context, Draft, Refusal, RefusalCode, calendar_at,
    eyes::{Whom, same_eyes},
    paper::{at_fault, papers},
};
use crate::{
    ActionId, FieldId, UnitId,
    clock::Instant,
    definition::{Action, Step},
    event::{By, Fact},
    form::{self, Asked, Fault, FaultCode, Filling, Given},
};

/// What comes along with an application, an action or values, once it has been read.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// What it does to the values.
    pub(super) filling: Filling,
    /// The papers that it hands in.
    pub(super) papers: Vec<Fact>,
}

/// What comes with an application.
pub(super) fn application(
    ctx: &Context<'_>,
    unit: &UnitId,
    now: Instant,
    given: &Given,
) -> Result<Brought, Refusal> {
    let form = ctx.definition.application.as_ref();
    let asked: Vec<_> = form.map(|form| Asked { form, complete: true }).into_iter().collect();
    let today = today(ctx, unit, now);
    let data = BTreeMap::new();
    let filling = form::fill(ctx.definition, &asked, &data, &given.values, today, ctx.personal);
    brought(filling, papers(ctx, unit, now, given), Vec::new())
}

/// Everything that came along, or everything that is wrong with it.
fn brought(
    filling: Result<Filling, Vec<Fault>>,
    papers: Result<Vec<Fact>, Vec<Fault>>,
    lacking: Vec<Fault>,
) -> Result<Brought, Refusal> {
    match (filling, papers) {
        (Ok(filling), Ok(papers)) if lacking.is_empty() => Ok(Brought { filling, papers }),
        (filling, papers) => {
            let faults = |of: Option<Vec<Fault>>| of.unwrap_or_default();
            Err(at_fault(faults(filling.err()), faults(papers.err()), lacking))
        }
    }
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
        if asked.is_empty() && given.papers.is_empty() {
            return Err(RefusalCode::NoForm.because("nothing is filled in at this step"));
        }
        let task = self.acting_task()?;
        let by = self.by_who_may_take(task, |right| {
            same_eyes(&self.case, right, &step.not_by, Whom::Caller)
        })?;
        if given.is_empty() {
            return Err(RefusalCode::NothingGiven.because("give at least one value"));
        }
        let came = brought(self.filled(&asked, given), self.papers_given(given), Vec::new())?;
        self.record_brought(&by, came);
        Ok(())
    }

    /// What comes with an action: values for the step's form and its own, which must then be
    /// complete, and papers, after which none must be lacking.
    pub(super) fn brought_with(&self, action: &Action, given: &Given) -> Result<Brought, Refusal> {
        let papers = self.papers_given(given);
        let lacking = self.papers_lacking(action, papers.as_deref().unwrap_or_default())?;
        brought(self.filling_with(self.step()?, action, given), papers, lacking)
    }

    /// What an action fills in: the step's form and its own, which must then be complete.
    fn filling_with(
        &self,
        step: &Step,
        action: &Action,
        given: &Given,
    ) -> Result<Filling, Vec<Fault>> {
        if given.values.is_empty() && step.form.is_none() && action.form.is_none() {
            return Ok(Filling::default());
        }
        self.filled(&asked_by(step, action), given)
    }

    /// The fields that an action still needs.
    pub(super) fn missing_values(&self, action: &Action) -> Vec<FieldId> {
        let Ok(step) = self.step() else { return Vec::new() };
        let read = self.filling_with(step, action, &Given::default());
        let missing = |fault: Fault| match fault.code {
            FaultCode::Required => fault.field.map(FieldId::from),
            _ => None,
        };
        read.err().unwrap_or_default().into_iter().filter_map(missing).collect()
    }

    /// Whether a refused action lacks nothing but values and papers that could come with it.
    pub(super) fn could_be_given(&self, action: &ActionId, refusal: &Refusal) -> bool {
        let action = self.step().ok().and_then(|step| step.actions.get(action));
        matches!(refusal.code, RefusalCode::FormInvalid | RefusalCode::DocumentsLacking)
            && refusal.faults.iter().all(|fault| self.can_come_along(fault))
            && action.is_some_and(|action| self.may_be_met(action, &self.missing_values(action)))
    }

    /// Papers first: they are there when the values are looked at.
    pub(super) fn record_brought(&mut self, by: &By, brought: Brought) {
        for paper in brought.papers {
            self.record(self.now, by.clone(), paper);
        }
        if !brought.filling.is_empty() {
            let Filling { values, cleared, openings } = brought.filling;
            self.openings.extend(openings);
            self.record(self.now, by.clone(), Fact::Filled { values, cleared });
        }
    }

    fn filled(&self, asked: &[Asked<'_>], given: &Given) -> Result<Filling, Vec<Fault>> {
        let today = today(self.ctx, &self.case.unit, self.now);
        form::fill(
            self.ctx.definition,
            asked,
            &self.case.data,
            &given.values,
            today,
            self.ctx.personal,
        )
    }
}

/// The forms that an action asks for.
fn asked_by<'d>(step: &'d Step, action: &'d Action) -> Vec<Asked<'d>> {
    let own = action.form.as_ref().map(|form| Asked { form, complete: true });
    let same = |form| action.form.as_ref() == Some(form);
    let of_step = step.form.as_ref().filter(|form| !same(*form));
    let of_step = of_step.map(|form| Asked { form, complete: !action.incomplete });
    of_step.into_iter().chain(own).collect()
}

/// The day by the clock of the unit's calendar.
pub(super) fn today(ctx: &Context<'_>, unit: &UnitId, now: Instant) -> NaiveDate {
    now.with_timezone(&calendar_at(ctx, unit).zone()).date_naive()
}
