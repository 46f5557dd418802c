//! Moving a case to another version of its definition.
//!
//! The case is first brought up to now by the version by which it ran. Then one event carries it over,
//! and what the new version has due at once follows, effective from the migration: nothing happens as
//! if it had been due before.

use std::collections::BTreeMap;

use super::{Command, Context, Decided, Draft, Refusal, RefusalCode, decide, silence::silence_of};
use crate::{
    BranchId, RoleId, Term, UnitId,
    actor::Caller,
    calendar::{Calendar, after, before},
    case::{Case, Clock, Place, SilenceState, Task},
    clock::{Instant, Ledger},
    definition::{Branch, Definition, EscalationLevel, Fires, Starts, Step, StepKind},
    event::{By, ClockNo, Fact, Owner, Purpose, STATUTORY, StartedClock, StatutoryChange},
    migration::{
        ClockMove, ClockRule, Counted, Mapping, Migrated, MigratedClock, MigratedTask, StepMapping,
        VersionOf,
    },
};

/// Moves a case to another version by a mapping that was checked. `ctx` has the definition by which
/// the case runs, `to` is the other one. A case that has ended, or that runs by `to` already, stays as
/// it is, but for what time has caused; where that is more than is recorded in one go, the case moves
/// when it is asked again.
///
/// # Errors
/// A [`Refusal`]: the mapping leaves the step where the case stands as it is ([`RefusalCode::NotMapped`]);
/// the case, the mapping and the definitions do not belong together; the calendar does not reach far
/// enough for the new terms.
pub fn migrate(
    ctx: &Context<'_>,
    case: &Case,
    mapping: &Mapping,
    to: &Definition,
) -> Result<Decided, Refusal> {
    if case.workflow == to.id && case.version == to.version {
        return decide(&Context { definition: to, ..*ctx }, case, &Command::Tick);
    }
    let mut draft = Draft::new(ctx, case.clone());
    let done = draft.belongs().and_then(|()| draft.catch_up());
    let state = draft.case.place.name().clone();
    match done.and_then(|due| draft.migrate(mapping, to, due)) {
        Ok(next_due) => Ok(draft.finish(next_due)),
        Err(refusal) => Err(refusal.with_state(&state, Vec::new(), Vec::new())),
    }
}

/// Where a task stands: its branch, if it has one, in a step of one of the versions.
struct Spot<'a> {
    definition: &'a Definition,
    step: &'a Step,
    branch: Option<&'a Branch>,
}

impl<'a> Spot<'a> {
    fn new(definition: &'a Definition, step: &'a Step, branch: Option<&BranchId>) -> Self {
        let branch = match (&step.kind, branch) {
            (StepKind::Parallel(parallel), Some(name)) => parallel.branches.get(name),
            _ => None,
        };
        Self { definition, step, branch }
    }

    /// The role that owns a task here as it is opened; `None` for the applicant.
    fn owner(&self, purpose: Purpose) -> Option<&'a RoleId> {
        match (&self.step.kind, self.branch) {
            (_, Some(branch)) => Some(&branch.owner),
            (StepKind::Commission(commission), _) if purpose == Purpose::Vote => {
                Some(&commission.members)
            }
            _ => self.step.owner(),
        }
    }

    fn term(&self, clock: ClockNo, purpose: Option<Purpose>) -> Option<Term> {
        match (clock, self.branch, purpose) {
            (STATUTORY, ..) => Some(self.definition.statutory.term),
            (_, Some(branch), _) => Some(branch.term),
            (_, None, Some(Purpose::Vote)) => None,
            _ => self.step.term,
        }
    }

    fn levels(&self, clock: ClockNo) -> &'a [EscalationLevel] {
        match (clock, self.branch) {
            (STATUTORY, _) => &self.definition.statutory.levels,
            (_, Some(branch)) => &branch.levels,
            _ => &self.step.levels,
        }
    }
}

/// A clock on its way from one version to the other.
struct Moving<'a> {
    no: ClockNo,
    clock: &'a Clock,
    rule: ClockRule,
    old: &'a Spot<'a>,
    new: &'a Spot<'a>,
    /// Its term in the new version, if it has one there.
    term: Option<Term>,
    /// The unit at which it starts, if it starts anew.
    unit: &'a UnitId,
    /// When its silence rule in the new version takes effect, if it has one.
    silent_after: Option<Term>,
}

impl Draft<'_> {
    fn migrate(
        &mut self,
        mapping: &Mapping,
        to: &Definition,
        due: Option<Instant>,
    ) -> Result<Option<Instant>, Refusal> {
        if *self.ctx.caller != Caller::System {
            return Err(RefusalCode::NotPermitted.because("only the program moves cases"));
        }
        let from = self.ctx.definition;
        let named = |definition: &Definition, version| {
            definition.id == mapping.workflow && definition.version == version
        };
        if !named(from, mapping.from) || !named(to, mapping.to) {
            let Mapping { workflow, from, to, .. } = mapping;
            let reason = format!("the mapping is one from {workflow}@{from} to {workflow}@{to}");
            return Err(RefusalCode::WrongDefinition.because(reason));
        }
        let Place::Step { step, .. } = &self.case.place else { return Ok(due) };
        // What is left follows with the next request for the same.
        if due.is_some_and(|due| due <= self.now) {
            return Ok(due);
        }
        let target = mapping.steps.get(step).ok_or_else(|| {
            let reason = format!("the mapping leaves cases in the step '{step}' as they are");
            RefusalCode::NotMapped.because(reason)
        })?;
        let ctx = Context { definition: to, ..*self.ctx };
        let mut then = Draft {
            ctx: &ctx,
            now: self.now,
            case: self.case.clone(),
            events: std::mem::take(&mut self.events),
            tasks: std::mem::take(&mut self.tasks),
            openings: Vec::new(),
            answering: None,
            by_calendar: true,
        };
        let migrated = self.migrated(&then, mapping, target)?;
        then.record(self.now, By::System, Fact::Migrated(Box::new(migrated)));
        let next = then.catch_up()?;
        let Draft { case, events, tasks, .. } = then;
        (self.case, self.events, self.tasks) = (case, events, tasks);
        Ok(next)
    }

    /// What the migration does; `then` is the same case under the new version.
    fn migrated(
        &self,
        then: &Draft<'_>,
        mapping: &Mapping,
        target: &StepMapping,
    ) -> Result<Migrated, Refusal> {
        let (from, to) = (self.ctx.definition, then.ctx.definition);
        let old_step = self.step()?;
        let new_step = to.steps.get(&target.to).ok_or_else(|| {
            let reason = format!("{}@{} has no step '{}'", to.id, to.version, target.to);
            RefusalCode::WrongDefinition.because(reason)
        })?;
        let (mut tasks, mut clocks) = (Vec::new(), Vec::new());
        let old = Spot::new(from, old_step, None);
        let new = Spot::new(to, new_step, None);
        let statutory =
            self.statutory(then, mapping.statutory.into(), &old, &new, target, &mut clocks)?;
        for task in &self.case.tasks {
            let branch = task.branch.as_ref().and_then(|branch| target.branches.get(branch));
            let old = Spot::new(from, old_step, task.branch.as_ref());
            let new = Spot::new(to, new_step, branch.map(|branch| &branch.to));
            let unit = match then.new_owner(task, &old, &new)? {
                Some(moved) => {
                    let unit = moved.unit.clone();
                    tasks.push(moved);
                    unit
                }
                None => task.unit.clone(),
            };
            let said = branch.map_or(target.clock, |branch| branch.clock);
            clocks.extend(self.task_clock(then, task, said, &old, &new, target, &unit)?);
        }
        let opened = match &new_step.kind {
            StepKind::Parallel(parallel) => {
                let known: Vec<_> = target.branches.values().map(|branch| &branch.to).collect();
                let added = parallel.branches.iter().filter(|(name, _)| !known.contains(name));
                let opened = added.enumerate().map(|(place, (name, branch))| {
                    let term = Some(branch.term);
                    then.task(Purpose::Answer, Some(name), &branch.owner, term, self.now, place)
                });
                opened.collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        let version = |definition: &Definition| VersionOf {
            version: definition.version,
            definition: definition.hash.clone(),
        };
        // Answers of other steps are remembered, too; a name that this step has as well is its own.
        let others = mapping.steps.values().flat_map(|step| &step.branches);
        let others = others.filter(|(name, _)| {
            self.case.answers.contains_key(*name) && !target.branches.contains_key(*name)
        });
        let new_names =
            target.branches.iter().chain(others).filter(|(name, branch)| **name != branch.to);
        let done = self.case.done_by.keys().filter_map(|step| {
            let new = &mapping.steps.get(step)?.to;
            (new != step).then(|| (step.clone(), new.clone()))
        });
        Ok(Migrated {
            from: version(from),
            to: version(to),
            mapping: mapping.hash.clone(),
            step: target.to.clone(),
            steps: done.collect(),
            branches: new_names.map(|(name, branch)| (name.clone(), branch.to.clone())).collect(),
            tasks,
            opened,
            clocks,
            statutory,
            fields: there(&mapping.fields, &self.case.data),
            documents: there(&mapping.documents, &self.case.documents),
        })
    }

    /// Whose a task is in the new version, if somebody else's. One that a level had given to another
    /// role stays there, as long as the new version knows that role.
    fn new_owner(
        &self,
        task: &Task,
        old: &Spot<'_>,
        new: &Spot<'_>,
    ) -> Result<Option<MigratedTask>, Refusal> {
        let (Owner::Role(has), Some(owner)) = (&task.owner, new.owner(task.purpose)) else {
            return Ok(None);
        };
        let was_given = old.owner(task.purpose) != Some(has);
        let role = match new.definition.roles.get(has) {
            Some(known) if was_given && !known.agency => has,
            _ => owner,
        };
        let level = |definition: &Definition| definition.roles.get(role).map(|role| role.at);
        if role == has && level(old.definition) == level(new.definition) {
            return Ok(None);
        }
        let unit = self.unit_of(role)?.clone();
        Ok(Some(MigratedTask { task: task.no, owner: Owner::Role(role.clone()), unit }))
    }

    #[expect(clippy::too_many_arguments, reason = "where it was and where it will be")]
    fn task_clock(
        &self,
        then: &Draft<'_>,
        task: &Task,
        said: Option<ClockRule>,
        old: &Spot<'_>,
        new: &Spot<'_>,
        target: &StepMapping,
        unit: &UnitId,
    ) -> Result<Option<MigratedClock>, Refusal> {
        let term = new.term(task.no, Some(task.purpose));
        let Some(clock) = &task.clock else {
            // A term that was not there before begins with the migration.
            let term = term.filter(|_| said != Some(ClockRule::Keep));
            return term.map(|term| then.begun(task.no, None, term, unit)).transpose();
        };
        // What others were told stays, if nothing is said.
        let own = task.owner != Owner::Applicant && task.purpose != Purpose::Answer;
        let usual = if own { ClockRule::Recount } else { ClockRule::Keep };
        let branch = new.branch.and(task.branch.as_ref());
        let branch = branch.and_then(|branch| target.branches.get(branch)).map(|one| &one.to);
        let silence = silence_of(new.definition, &target.to, task.no, branch);
        let moving = Moving {
            no: task.no,
            clock,
            rule: said.unwrap_or(usual),
            old,
            new,
            term,
            unit,
            silent_after: silence.map(|rule| rule.after),
        };
        self.moved_clock(then, &moving).map(Some)
    }

    /// What becomes of the statutory clock, and what the step of the new version does to it.
    fn statutory(
        &self,
        then: &Draft<'_>,
        rule: ClockRule,
        old: &Spot<'_>,
        new: &Spot<'_>,
        target: &StepMapping,
        clocks: &mut Vec<MigratedClock>,
    ) -> Result<Option<StatutoryChange>, Refusal> {
        let unit = &self.case.unit;
        let (term, suspends) = (new.definition.statutory.term, new.step.suspends_statutory);
        let Some(clock) = &self.case.statutory else {
            let starts = match &new.definition.statutory.starts {
                Starts::Opened => true,
                Starts::Entering(step) => *step == target.to,
            };
            if !starts {
                return Ok(None);
            }
            let change = match suspends {
                true => StatutoryChange::StartedSuspended(StartedClock { term, deadline: None }),
                false => StatutoryChange::Started(then.started(term, unit, self.now)?),
            };
            let deadline = match &change {
                StatutoryChange::Started(started) => started.deadline,
                _ => None,
            };
            let begun = then.begun(STATUTORY, None, term, unit)?;
            let after = Some(Counted { term, deadline });
            clocks.push(MigratedClock { after, ..begun });
            return Ok(Some(change));
        };
        let silence = silence_of(new.definition, &target.to, STATUTORY, None);
        let silent_after = silence.map(|rule| rule.after);
        let term = Some(term);
        let moving = Moving { no: STATUTORY, clock, rule, old, new, term, unit, silent_after };
        let mut moved = self.moved_clock(then, &moving)?;
        let held = clock.held_by_step || moved.held_by_step;
        let Some(after) = &mut moved.after else { return Ok(None) };
        let change = match (suspends, held) {
            (true, false) if after.deadline.is_none_or(|deadline| deadline > self.now) => {
                after.deadline = None;
                Some(StatutoryChange::Suspended)
            }
            (false, true) if self.case.suspension.is_some() => Some(StatutoryChange::Resumed(None)),
            (false, true) => {
                let ledger = self.ledger_after(clock, &moved);
                let calendar = self.calendar_of(clock);
                let deadline = ledger.deadline_if_resumed(calendar, self.now)?;
                moved.after =
                    moved.after.map(|after| Counted { deadline: Some(deadline), ..after });
                Some(StatutoryChange::Resumed(Some(deadline)))
            }
            _ => None,
        };
        clocks.push(moved);
        Ok(change)
    }

    /// The ledger that a clock has by what becomes of it.
    fn ledger_after(&self, clock: &Clock, moved: &MigratedClock) -> Ledger {
        let mut ledger = match moved.how {
            ClockMove::Started => Ledger::start(clock.ledger.term, self.now),
            _ => clock.ledger.clone(),
        };
        if let Some(after) = &moved.after {
            ledger.term = after.term;
        }
        if let Some(since) = moved.stands_since {
            ledger.suspend(since);
        }
        ledger
    }

    fn moved_clock(&self, then: &Draft<'_>, moving: &Moving<'_>) -> Result<MigratedClock, Refusal> {
        let Moving { no, clock, rule, term, unit, .. } = *moving;
        let before = Counted { term: clock.ledger.term, deadline: clock.deadline };
        let Some(term) = term else {
            return Ok(MigratedClock {
                clock: no,
                how: ClockMove::Ended,
                before: Some(before),
                after: None,
                stands_since: None,
                held_by_step: false,
                fired: 0,
                silence: SilenceState::Armed,
            });
        };
        let is_other = term != clock.ledger.term;
        // An extension counts in its own unit: it is not taken back.
        let extended = !clock.ledger.extensions.is_empty() && term.unit != clock.ledger.term.unit;
        match rule {
            ClockRule::Restart => then.begun(no, Some(before), term, unit),
            ClockRule::Recount if is_other && !extended => self.recounted(moving, before, term),
            ClockRule::Recount | ClockRule::Keep => {
                let deadline = clock.deadline;
                Ok(MigratedClock {
                    clock: no,
                    how: ClockMove::Kept,
                    after: Some(before.clone()),
                    before: Some(before),
                    stands_since: None,
                    held_by_step: false,
                    fired: self.fired(moving),
                    silence: self.silence_after(moving, deadline),
                })
            }
        }
    }

    fn recounted(
        &self,
        moving: &Moving<'_>,
        before: Counted,
        term: Term,
    ) -> Result<MigratedClock, Refusal> {
        let Moving { no, clock, .. } = *moving;
        let ledger = Ledger { term, ..clock.ledger.clone() };
        let deadline = ledger.deadline(self.calendar_of(clock))?;
        let stands = deadline.and_then(|deadline| self.stands_since(no, deadline));
        let deadline = deadline.filter(|_| stands.is_none());
        let silence = match stands {
            Some(_) if clock.silence != SilenceState::Waived => SilenceState::Armed,
            _ => self.silence_after(moving, deadline),
        };
        Ok(MigratedClock {
            clock: no,
            how: ClockMove::Recounted,
            before: Some(before),
            after: Some(Counted { term, deadline }),
            stands_since: stands.map(|(since, _)| since),
            held_by_step: stands.is_some_and(|(_, by_step)| by_step),
            fired: self.fired(moving),
            silence,
        })
    }

    /// A clock that begins with the migration.
    fn begun(
        &self,
        no: ClockNo,
        before: Option<Counted>,
        term: Term,
        unit: &UnitId,
    ) -> Result<MigratedClock, Refusal> {
        let StartedClock { term, deadline } = self.started(term, unit, self.now)?;
        Ok(MigratedClock {
            clock: no,
            how: ClockMove::Started,
            before,
            after: Some(Counted { term, deadline }),
            stands_since: None,
            held_by_step: false,
            fired: 0,
            silence: SilenceState::Armed,
        })
    }

    /// How many of the new warnings and levels count as fired: those that lie no later than the last
    /// that has.
    fn fired(&self, moving: &Moving<'_>) -> u16 {
        let Moving { no, clock, old, new, .. } = *moving;
        let (old, new) = (old.levels(no), new.levels(no));
        let same = old.iter().map(|level| level.fires).eq(new.iter().map(|level| level.fires));
        let Some(last) = usize::from(clock.fired).checked_sub(1) else { return 0 };
        let calendar = self.calendar_of(clock);
        let deadline =
            clock.deadline.or_else(|| clock.ledger.deadline_if_resumed(calendar, self.now).ok());
        let last = old.get(last).zip(deadline);
        let last = last.and_then(|(level, deadline)| instant_of(level, deadline, calendar));
        let (Some(last), Some(deadline), false) = (last, deadline, same) else {
            return clock.fired.min(new.len() as u16);
        };
        let fired = new.iter().take_while(|level| {
            instant_of(level, deadline, calendar).is_some_and(|instant| instant <= last)
        });
        fired.count() as u16
    }

    /// How it stands with the silence rule of the new version. One that was not due by the old version
    /// and would long have been by the new one is held: no mapping decides cases.
    fn silence_after(&self, moving: &Moving<'_>, deadline: Option<Instant>) -> SilenceState {
        let silence = moving.clock.silence;
        let Some(after_deadline) = moving.silent_after else { return SilenceState::Armed };
        let calendar = self.calendar_of(moving.clock);
        let due = deadline.and_then(|deadline| after(calendar, deadline, after_deadline).ok());
        match (silence, due) {
            (SilenceState::Waived, _) | (_, None) => silence,
            (SilenceState::Held { .. }, Some(due)) if due >= self.now => SilenceState::Armed,
            (SilenceState::Armed, Some(due)) if due < self.now => SilenceState::Held { due },
            _ => silence,
        }
    }
}

fn instant_of(level: &EscalationLevel, deadline: Instant, calendar: &Calendar) -> Option<Instant> {
    match level.fires {
        Fires::Before(term) => before(calendar, deadline, term),
        Fires::After(term) => after(calendar, deadline, term),
    }
    .ok()
}

/// What is said of what is there.
fn there<K: Ord + Clone, V>(
    names: &BTreeMap<K, Option<K>>,
    entries: &BTreeMap<K, V>,
) -> BTreeMap<K, Option<K>> {
    let there = names.iter().filter(|(name, _)| entries.contains_key(*name));
    there.map(|(name, new)| (name.clone(), new.clone())).collect()
}
