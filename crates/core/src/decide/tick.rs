//! What time alone causes: warnings, breaches, escalation levels, silence.

use chrono::{SubsecRound, TimeDelta};

use super::{
    Context, Draft, Refusal, calendar_at,
    silence::silence_of,
    sitting::{Look, look},
};
use crate::{
    BranchId, Term,
    calendar::{after, before},
    case::{Case, Clock, Place, SilenceState},
    clock::Instant,
    definition::{Addressee, Definition, Effect, EscalationLevel, Fires, StepKind},
    event::{By, ClockNo, Fact, Owner, Reassigned, Recipient, STATUTORY, Told},
};

/// How much can happen to one case in one go. What is left follows with the next tick; a
/// procedure whose silence rules run in a circle cannot hold up the others.
const MOST_AT_ONCE: usize = 64;

/// Something that must happen by itself. The order of firings is the order in which they happen: of
/// what is due at the same instant, what counts from earlier comes first, then levels before
/// silence, then clocks by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Firing {
    /// The first instant at which it may happen.
    due: Instant,
    /// The instant at which it counts.
    effective_at: Instant,
    what: What,
    clock: ClockNo,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Level,
    Silence,
}

/// When something must next happen to the case by itself; `None` when nothing will.
pub fn next_due(ctx: &Context<'_>, case: &Case) -> Option<Instant> {
    let now = ctx.now.trunc_subsecs(6).max(case.recorded_at);
    let fires = next_firing(ctx, case).map(|firing| firing.due);
    fires.into_iter().chain(look(ctx, case, now).due(now)).min()
}

/// The next firing over all running clocks. What would have fired while its clock was suspended
/// fires at the resumption, and what would have before its start, at the start.
fn next_firing(ctx: &Context<'_>, case: &Case) -> Option<Firing> {
    let Place::Step { step, .. } = &case.place else { return None };
    let floor = in_force_since(ctx, case);
    let mut next: Option<Firing> = None;
    for (no, clock) in case.clocks().filter(|(_, clock)| clock.is_running()) {
        let task = case.task(no);
        let branch = task.and_then(|task| task.branch.as_ref());
        let calendar = calendar_at(ctx, &clock.unit);
        let Some(deadline) = clock.deadline else { continue };
        let running_since = clock.ledger.running_since();
        let running_since = floor.map_or(running_since, |floor| floor.max(running_since));
        let breached = |by: Term| {
            let at = after(calendar, deadline, by).ok()?.max(running_since);
            // Acting at the very instant is on time: what a passed instant causes is due just after
            // it, and counts from it.
            Some((at + TimeDelta::microseconds(1), at))
        };
        let level = levels_of(ctx.definition, case, no, branch)
            .get(usize::from(clock.fired))
            .and_then(|level| {
                let (due, effective_at) = match level.fires {
                    Fires::Before(term) => {
                        let at = before(calendar, deadline, term).ok()?.max(running_since);
                        (at, at)
                    }
                    Fires::After(term) => breached(term)?,
                };
                Some(Firing { due, effective_at, clock: no, what: What::Level })
            });
        let silence = silence_of(ctx.definition, step, no, branch)
            .filter(|_| clock.silence == SilenceState::Armed)
            .and_then(|rule| {
                let (due, effective_at) = breached(rule.after)?;
                Some(Firing { due, effective_at, clock: no, what: What::Silence })
            });
        for firing in level.into_iter().chain(silence) {
            next = Some(next.map_or(firing, |next| next.min(firing)));
        }
    }
    next
}

/// Since when the case lives by the calendar and the version that are in force, when it did not from
/// its opening on. What they put before that has not been due then, and counts from there.
fn in_force_since(ctx: &Context<'_>, case: &Case) -> Option<Instant> {
    let calendar = match ctx.calendars.revision() {
        Some(revision) if revision.no > case.calendar_revision => Some(revision.since),
        _ => case.rescheduled_at,
    };
    calendar.max(case.migrated_at)
}

fn is_warning(level: &EscalationLevel) -> bool {
    matches!(level.fires, Fires::Before(_))
}

fn levels_of<'a>(
    definition: &'a Definition,
    case: &Case,
    clock: ClockNo,
    branch: Option<&BranchId>,
) -> &'a [EscalationLevel] {
    if clock == STATUTORY {
        return &definition.statutory.levels;
    }
    let Some(step) = definition.steps.get(case.place.name()) else { return &[] };
    match (&step.kind, branch) {
        (StepKind::Parallel(parallel), Some(name)) => {
            parallel.branches.get(name).map_or(&[], |branch| &branch.levels)
        }
        _ => &step.levels,
    }
}

impl Draft<'_> {
    /// Records everything that time alone has caused up to now, in the order in which it was due.
    /// Answers when something must next happen: in the past only where there was too much for one
    /// go.
    pub(super) fn catch_up(&mut self) -> Result<Option<Instant>, Refusal> {
        let mut left = MOST_AT_ONCE;
        if !self.follow_calendar(&mut left)? {
            return Ok(Some(self.now));
        }
        loop {
            let next = self.catch_up_to(self.now, &mut left)?;
            if left == 0 {
                return Ok(next);
            }
            // Whether a sitting has room is a matter of the moment in which one looks: it is looked
            // at last.
            match look(self.ctx, &self.case, self.now) {
                Look::Found(found) => self.record_found(&found)?,
                Look::Again(at) => return Ok(Some(next.map_or(at, |next| next.min(at)))),
                Look::Never => return Ok(next),
            }
            left -= 1;
        }
    }

    /// Records what was due up to `until`, as long as `left` allows.
    pub(super) fn catch_up_to(
        &mut self,
        until: Instant,
        left: &mut usize,
    ) -> Result<Option<Instant>, Refusal> {
        while *left > 0 {
            match next_firing(self.ctx, &self.case) {
                Some(firing) if firing.due <= until => self.fire(&firing)?,
                next => return Ok(next.map(|firing| firing.due)),
            }
            *left -= 1;
        }
        Ok(next_due(self.ctx, &self.case))
    }

    fn fire(&mut self, firing: &Firing) -> Result<(), Refusal> {
        match firing.what {
            What::Level => self.fire_level(firing.clock, firing.effective_at),
            What::Silence => self.fire_silence(firing.clock, firing.effective_at),
        }
    }

    fn fire_level(&mut self, no: ClockNo, at: Instant) -> Result<(), Refusal> {
        let task = self.case.task(no);
        let branch = task.and_then(|task| task.branch.as_ref());
        let Some(Clock { fired, deadline: Some(deadline), .. }) = self.case.clock(no) else {
            return Ok(());
        };
        let (place, deadline) = (*fired, *deadline);
        let levels = levels_of(self.ctx.definition, &self.case, no, branch);
        let Some(level) = levels.get(usize::from(place)) else { return Ok(()) };
        let warning = is_warning(level);
        let before = levels.iter().take(usize::from(place));
        let number = before.filter(|other| is_warning(other) == warning).count() as u16 + 1;
        let mut tell = Vec::new();
        for addressee in &level.tell {
            for to in self.recipients(no, addressee)? {
                tell.push(Told { addressee: addressee.clone(), to });
            }
        }
        let reassigned = match (&level.effect, task) {
            (Effect::Reassign(role), Some(task)) => Some(Reassigned {
                task: task.no,
                to: role.clone(),
                unit: self.unit_of(role)?.clone(),
            }),
            _ => None,
        };
        let clock = no;
        let fact =
            Fact::Escalated { clock, level: place, number, warning, deadline, tell, reassigned };
        self.record(at, By::System, fact);
        if let Effect::Act(action) = &level.effect {
            self.act_by_system(action, at)?;
        }
        Ok(())
    }

    pub(super) fn recipients(
        &self,
        no: ClockNo,
        addressee: &Addressee,
    ) -> Result<Vec<Recipient>, Refusal> {
        Ok(match addressee {
            Addressee::Applicant => vec![Recipient::Person(self.case.applicant)],
            Addressee::Role(role) => {
                vec![Recipient::Holders { role: role.clone(), unit: self.unit_of(role)?.clone() }]
            }
            Addressee::Owner => {
                let tasks = self.case.tasks.iter().filter(|task| no == STATUTORY || task.no == no);
                let owner = tasks.map(|task| match (&task.owner, task.assignee) {
                    (_, Some(person)) => Recipient::Person(person),
                    (Owner::Applicant, None) => Recipient::Person(self.case.applicant),
                    (Owner::Role(role), None) => {
                        Recipient::Holders { role: role.clone(), unit: task.unit.clone() }
                    }
                });
                owner.collect()
            }
        })
    }

    fn fire_silence(&mut self, no: ClockNo, at: Instant) -> Result<(), Refusal> {
        let branch = self.case.task(no).and_then(|task| task.branch.as_ref());
        let rule = silence_of(self.ctx.definition, self.case.place.name(), no, branch);
        let grace_until = match (rule.and_then(|rule| rule.grace), self.case.clock(no)) {
            (Some(grace), Some(clock)) => Some(after(self.calendar_of(clock), at, grace)?),
            _ => None,
        };
        if grace_until.is_some_and(|until| self.now > until) {
            self.record(at, By::System, Fact::SilenceHeld { clock: no, due: at });
            return Ok(());
        }
        self.take_silence(no, at, By::System, None)
    }
}
