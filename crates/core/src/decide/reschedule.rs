//! What a change of the calendar does to the deadlines of a case.
//!
//! A case has its deadlines by the state of the calendar that it last met. Before anything else it
//! is brought through every later state in turn: what was due up to the instant at which a state
//! came into force has happened by the state before it, then deadlines move, effective at that
//! instant. So the result depends on when the calendar was changed, and neither on when a job, a
//! command or the worker came to the case.
//!
//! A state that moved no deadline leaves no event. The clocks that start after it run by it all the
//! same, so of the states in force at the last event only the last one is asked: an earlier one
//! would move what it never governed.

use super::{Context, Draft, Refusal, silence::silence_of};
use crate::{
    calendar::{Calendars, Revision, after},
    case::{Clock, Place, SilenceState},
    clock::Instant,
    event::{By, ClockNo, Fact, MovedDeadline, STATUTORY},
};

impl Draft<'_> {
    /// Brings the deadlines to the calendar that is in force. Answers whether it is done: not when
    /// more has happened meanwhile than is recorded in one go.
    pub(super) fn follow_calendar(&mut self, left: &mut usize) -> Result<bool, Refusal> {
        if self.by_calendar {
            return Ok(true);
        }
        let newest = self.ctx.calendars;
        let known = self.case.calendar_revision;
        let is_newer = |calendars: &Calendars| {
            calendars.revision().is_some_and(|revision| revision.no > known)
        };
        if !is_newer(newest) || self.case.is_ended() {
            self.by_calendar = true;
            return Ok(true);
        }
        // The latest first, each after the one by which the case lived until then.
        let chain: Vec<&Calendars> = std::iter::once(newest).chain(newest.earlier()).collect();
        let later = chain.iter().take_while(|calendars| is_newer(calendars)).count();
        // Up to its last event a case has been caught up.
        let lived_to = self.case.effective_at;
        let is_past = |place: usize| {
            chain[place].revision().is_some_and(|revision| revision.since <= lived_to)
        };
        let first = (0..later).find(|place| is_past(*place)).map_or(later, |place| place + 1);
        for place in (0..first).rev() {
            let (calendars, before) = (chain[place], chain.get(place + 1).unwrap_or(&chain[place]));
            let Some(revision) = calendars.revision() else { continue };
            let since = revision.since.min(self.now);
            if since > lived_to && !self.live_up_to(since, before, left)? {
                return Ok(false);
            }
            if self.case.is_ended() {
                break;
            }
            self.move_deadlines(calendars, revision, since.max(lived_to));
        }
        self.by_calendar = true;
        Ok(true)
    }

    /// Records what was due up to `until` by a state of the calendar that was in force until then.
    fn live_up_to(
        &mut self,
        until: Instant,
        calendars: &Calendars,
        left: &mut usize,
    ) -> Result<bool, Refusal> {
        let ctx = Context { calendars, ..*self.ctx };
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
        let next = then.catch_up_to(until, left);
        let Draft { case, events, tasks, .. } = then;
        (self.case, self.events, self.tasks) = (case, events, tasks);
        Ok(next?.is_none_or(|due| due > until))
    }

    /// Moves the deadlines of the clocks that run to where `calendars` has them, if anywhere else.
    fn move_deadlines(&mut self, calendars: &Calendars, revision: &Revision, at: Instant) {
        let moved: Vec<MovedDeadline> = self
            .case
            .clocks()
            .filter(|(_, clock)| clock.is_running())
            .filter_map(|(no, clock)| self.moved(no, clock, calendars, at))
            .collect();
        if moved.is_empty() {
            return;
        }
        let fact = Fact::Rescheduled {
            calendar_version: revision.version.clone(),
            calendar_revision: revision.no,
            change: revision.change.clone(),
            deadlines: moved,
        };
        self.record(at, By::System, fact);
    }

    fn moved(
        &self,
        no: ClockNo,
        clock: &Clock,
        calendars: &Calendars,
        at: Instant,
    ) -> Option<MovedDeadline> {
        let from = clock.deadline?;
        let calendar = calendars.for_unit(self.ctx.organisation.path(&clock.unit));
        // A calendar that knows no such date moves nothing.
        let to = clock.ledger.deadline(calendar).ok().flatten().filter(|to| *to != from)?;
        let stands = self.stands_since(no, to);
        let branch = self.case.task(no).and_then(|task| task.branch.as_ref());
        let rule = silence_of(self.ctx.definition, self.case.place.name(), no, branch);
        let due = rule.and_then(|rule| after(calendar, to, rule.after).ok());
        let armed_again = matches!(clock.silence, SilenceState::Held { .. })
            && (stands.is_some() || due.is_some_and(|due| due >= at));
        Some(MovedDeadline {
            clock: no,
            from,
            to: stands.is_none().then_some(to),
            stands_since: stands.map(|(since, _)| since),
            held_by_step: stands.is_some_and(|(_, by_step)| by_step),
            silence: armed_again.then_some(SilenceState::Armed),
        })
    }

    /// A clock past its deadline runs on while its case is suspended. Where the deadline moves past
    /// the beginning of the suspension, the clock had time left then: since when it stands still,
    /// and whether because of the step.
    pub(super) fn stands_since(&self, no: ClockNo, deadline: Instant) -> Option<(Instant, bool)> {
        let by_person = self.case.suspension.as_ref().map(|suspension| suspension.since);
        let by_step = match &self.case.place {
            Place::Step { step, since, .. } if no == STATUTORY => {
                let step = self.ctx.definition.steps.get(step);
                step.is_some_and(|step| step.suspends_statutory).then_some(*since)
            }
            _ => None,
        };
        let since = by_person.into_iter().chain(by_step).min()?;
        (deadline > since).then_some((since, by_step.is_some()))
    }
}
