//! Suspending, resuming and extending clocks.

use super::{Draft, Refusal, RefusalCode, given, optional};
use crate::{
    Term,
    case::Clock,
    definition::{ExtensionRule, Permission, StepKind},
    event::{ClockNo, Fact, NewDeadline, STATUTORY},
};

impl<'a> Draft<'a> {
    pub(super) fn suspend(&mut self, reason: &str, basis: Option<&str>) -> Result<(), Refusal> {
        let by = self.by_permission(Permission::Suspend, &self.case.unit)?;
        self.refuse_while_suspended()?;
        let reason = given(Some(reason), RefusalCode::ReasonNeeded, "a reason")?.to_owned();
        let basis = optional(basis)?;
        // A clock at its deadline, or past it, has nothing left to count.
        let stops = |clock: &Clock| {
            clock.is_running() && clock.deadline.is_none_or(|deadline| deadline > self.now)
        };
        let clocks: Vec<_> =
            self.case.clocks().filter(|(_, clock)| stops(clock)).map(|(no, _)| no).collect();
        if clocks.is_empty() {
            return Err(RefusalCode::NothingToSuspend
                .because("no clock of the case is running before its deadline"));
        }
        self.record(self.now, by, Fact::Suspended { reason, basis, clocks });
        Ok(())
    }

    pub(super) fn resume(&mut self, reason: Option<&str>) -> Result<(), Refusal> {
        let by = self.by_permission(Permission::Suspend, &self.case.unit)?;
        if self.case.suspension.is_none() {
            return Err(RefusalCode::NotSuspended.because("no person has suspended the case"));
        }
        let reason = optional(reason)?;
        let suspended = |clock: &Clock| clock.ledger.is_suspended() && !clock.held_by_step;
        let mut deadlines = Vec::new();
        for (no, clock) in self.case.clocks().filter(|(_, clock)| suspended(clock)) {
            let calendar = self.calendar_of(clock);
            let deadline = clock.ledger.deadline_if_resumed(calendar, self.now)?;
            deadlines.push(NewDeadline { clock: no, deadline });
        }
        self.record(self.now, by, Fact::Resumed { reason, deadlines });
        Ok(())
    }

    pub(super) fn extend(
        &mut self,
        no: ClockNo,
        by_term: Term,
        reason: &str,
    ) -> Result<(), Refusal> {
        let unknown =
            || RefusalCode::UnknownClock.because(format!("the case has no running clock {no}"));
        let clock = self
            .case
            .clock(no)
            .filter(|clock| clock.ledger.stopped_at.is_none())
            .ok_or_else(unknown)?;
        let rule = self.extension_rule(no)?.ok_or_else(|| {
            RefusalCode::NoExtension.because("the definition permits no extension of this clock")
        })?;
        let by = self.by_role(&rule.by, self.unit_of(&rule.by)?)?;
        let reason = given(Some(reason), RefusalCode::ReasonNeeded, "a reason")?.to_owned();
        if clock.is_breached(self.now) {
            return Err(RefusalCode::DeadlinePassed
                .because("a clock is extended before its deadline, not after"));
        }
        if clock.ledger.extensions.len() >= rule.times as usize {
            return Err(RefusalCode::ExtensionsUsed
                .because(format!("it may be extended {} times at most", rule.times)));
        }
        if by_term.unit != clock.ledger.term.unit {
            let reason = format!(
                "this clock counts '{}': extend it by that unit",
                clock.ledger.term.unit.as_str()
            );
            return Err(RefusalCode::ExtensionUnit.because(reason));
        }
        if by_term.count == 0 || by_term.count > rule.up_to.count {
            let reason = format!("an extension is at least 1 and at most {}", rule.up_to);
            return Err(RefusalCode::ExtensionTooLong.because(reason));
        }
        let mut extended = clock.ledger.clone();
        extended.extend(by_term.count);
        let deadline = extended.deadline(self.calendar_of(clock))?;
        let fact =
            Fact::Extended { clock: no, by: by_term, deadline, reason, basis: rule.basis.clone() };
        self.record(self.now, by, fact);
        Ok(())
    }

    fn extension_rule(&self, no: ClockNo) -> Result<Option<&'a ExtensionRule>, Refusal> {
        if no == STATUTORY {
            return Ok(self.ctx.definition.statutory.extension.as_ref());
        }
        let step = self.step()?;
        let branch = self.case.task(no).and_then(|task| task.branch.as_ref());
        Ok(match (&step.kind, branch) {
            (StepKind::Parallel(parallel), Some(name)) => {
                parallel.branches.get(name).and_then(|branch| branch.extension.as_ref())
            }
            _ => step.extension.as_ref(),
        })
    }
}
