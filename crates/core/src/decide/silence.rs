//! Silence rules: what they do, and the release of those that were held.

use super::{Draft, Refusal, RefusalCode, given};
use crate::{
    BranchId, StepId, Term,
    case::SilenceState,
    clock::Instant,
    definition::{Answer, Basis, Definition, NotBy, Permission, StepKind},
    event::{By, ClockNo, Fact, Owner, STATUTORY},
};

/// The silence rule of a clock, whichever it belongs to.
pub(super) struct Silence<'a> {
    pub(super) after: Term,
    pub(super) grace: Option<Term>,
    pub(super) basis: &'a Basis,
    pub(super) does: SilenceDoes<'a>,
}

/// What silence stands for.
pub(super) enum SilenceDoes<'a> {
    /// The case goes to a step or end.
    Goes(&'a StepId),
    /// The inquiry counts as answered.
    Answers(&'a BranchId, Answer),
}

/// The silence rule of a clock of a case that stands in `step`.
pub(super) fn silence_of<'a>(
    definition: &'a Definition,
    step: &StepId,
    clock: ClockNo,
    branch: Option<&BranchId>,
) -> Option<Silence<'a>> {
    if clock == STATUTORY {
        let rule = definition.statutory.silence.as_ref()?;
        let from_here = definition.steps.get(step).and_then(|step| step.statutory_silence.as_ref());
        let does = SilenceDoes::Goes(from_here.unwrap_or(&rule.to));
        return Some(Silence { after: rule.after, grace: rule.grace, basis: &rule.basis, does });
    }
    let step = definition.steps.get(step)?;
    match (&step.kind, branch) {
        (StepKind::Parallel(parallel), Some(name)) => {
            let (_, name, branch) = parallel.branches.get_full(name)?;
            let rule = branch.silence.as_ref()?;
            let does = SilenceDoes::Answers(name, rule.answer);
            Some(Silence { after: rule.after, grace: rule.grace, basis: &rule.basis, does })
        }
        _ => {
            let rule = step.silence.as_ref()?;
            let does = SilenceDoes::Goes(&rule.to);
            Some(Silence { after: rule.after, grace: rule.grace, basis: &rule.basis, does })
        }
    }
}

impl Draft<'_> {
    /// Lets a silence rule take effect at `at`, by the program or by whoever released it.
    pub(super) fn take_silence(
        &mut self,
        clock: ClockNo,
        at: Instant,
        by: By,
        reason: Option<String>,
    ) -> Result<(), Refusal> {
        let branch = self.case.task(clock).and_then(|task| task.branch.clone());
        let silence =
            silence_of(self.ctx.definition, self.case.place.name(), clock, branch.as_ref())
                .ok_or_else(|| {
                    RefusalCode::NothingHeld.because("this clock has no silence rule")
                })?;
        let basis = silence.basis.clone();
        match silence.does {
            SilenceDoes::Answers(branch, answer) => {
                self.record_answer(at, by, clock, branch, answer, reason, None, Some(basis), None)
            }
            SilenceDoes::Goes(to) => {
                // Only the authority's silence issues by silence; an applicant lets his time pass.
                let of_applicant =
                    self.case.task(clock).is_some_and(|task| task.owner == Owner::Applicant);
                let entry = self.entry(to, at, !of_applicant)?;
                self.record(at, by, Fact::SilenceTookEffect { clock, basis, reason, entry });
                Ok(())
            }
        }
    }

    pub(super) fn release_silence(
        &mut self,
        clock: ClockNo,
        take_effect: bool,
        reason: &str,
    ) -> Result<(), Refusal> {
        // Who lets silence decide, decides; waiving it leaves the decision to others.
        let nobody = NotBy::default();
        let not_by = if take_effect { &self.step()?.not_by } else { &nobody };
        let by =
            self.by_permission_of_others(Permission::ReleaseSilence, &self.case.unit, not_by)?;
        let reason = given(Some(reason), RefusalCode::ReasonNeeded, "a reason")?.to_owned();
        let held = self.case.clock(clock).map(|clock| clock.silence);
        let Some(SilenceState::Held { .. }) = held else {
            return Err(RefusalCode::NothingHeld
                .because(format!("no silence rule of clock {clock} is held")));
        };
        if take_effect {
            // From now on: nothing that a person does is back-dated.
            self.take_silence(clock, self.now, by, Some(reason))
        } else {
            self.record(self.now, by, Fact::SilenceWaived { clock, reason });
            Ok(())
        }
    }
}
