//! What only a calendar can tell of terms: whether they ever end, whether a warning can come in time,
//! and whether the work fits into the opening hours.
//!
//! Every term is tried from the midnight, the morning and the noon of every day of a year
//! ([`passage::starts`]): something is said of it only when it goes wrong from all of them.

use super::{Finding, UNREAD_TERM, certainly_longer, passage};
use crate::{
    Term, TermUnit,
    calendar::{Calendar, after, before},
    clock::Instant,
    definition::{Definition, EscalationLevel, ExtensionRule, Fires, StepKind},
};

/// The codes of the rules that need a calendar.
pub mod code {
    crate::document::codes! {
        NEVER_A_DEADLINE = "never-a-deadline", "By the calendar a term never ends, whenever it begins.";
        WARNING_BEFORE_START = "warning-before-start", "By the calendar a warning always lies before the start of its clock.";
        NO_TIME_FOR_WORK = "no-time-for-work", "By the calendar a term never holds as much working time as the work takes.";
    }
}

/// A clock of a definition: statutory, of a step, of a branch.
struct Clock<'d> {
    path: String,
    term: Term,
    levels: &'d [EscalationLevel],
    /// How long after the deadline silence takes effect.
    silence: Option<Term>,
    extension: Option<&'d ExtensionRule>,
    work: Option<Term>,
}

pub(super) fn examine(definition: &Definition, calendar: &Calendar, findings: &mut Vec<Finding>) {
    let tried = Tried { calendar, starts: passage::starts(calendar, &[0, 9, 12], |_| true) };
    let statutory = &definition.statutory;
    let mut clocks = vec![Clock {
        path: "statutory".to_owned(),
        term: statutory.term,
        levels: &statutory.levels,
        silence: statutory.silence.as_ref().map(|rule| rule.after),
        extension: statutory.extension.as_ref(),
        work: None,
    }];
    if let Some(norm) = statutory.service_norm {
        tried.term("statutory.service_norm", norm, findings);
    }
    for (name, step) in &definition.steps {
        let path = format!("steps.{name}");
        if let StepKind::Parallel(parallel) = &step.kind {
            clocks.extend(parallel.branches.iter().map(|(branch, asked)| Clock {
                path: format!("{path}.parallel.branches.{branch}"),
                term: asked.term,
                levels: &asked.levels,
                silence: asked.silence.as_ref().map(|rule| rule.after),
                extension: asked.extension.as_ref(),
                work: asked.work,
            }));
        } else if let Some(term) = step.term {
            clocks.push(Clock {
                path,
                term,
                levels: &step.levels,
                silence: step.silence.as_ref().map(|rule| rule.after),
                extension: step.extension.as_ref(),
                work: step.work,
            });
        }
    }
    for clock in clocks.iter().filter(|clock| clock.term != UNREAD_TERM) {
        tried.clock(clock, findings);
    }
}

/// A calendar, and the starts from which terms are tried.
struct Tried<'c> {
    calendar: &'c Calendar,
    starts: Vec<Instant>,
}

impl Tried<'_> {
    /// Whether something holds from one start at least.
    fn ever(&self, holds: impl Fn(Instant) -> Option<bool>) -> bool {
        self.starts.iter().any(|start| holds(*start) == Some(true))
    }

    fn ends(&self, start: Instant, term: Term) -> Option<Instant> {
        after(self.calendar, start, term).ok()
    }

    /// Says it of a term that never ends; whether it does.
    fn term(&self, at: &str, term: Term, findings: &mut Vec<Finding>) -> bool {
        if term == UNREAD_TERM || self.ever(|start| self.ends(start, term).map(|_| true)) {
            return true;
        }
        let calendar = self.calendar.id();
        let (_, until) = self.calendar.reach();
        let (message, help) = match self.calendar.has_working_time() || term.unit == TermUnit::Hours
        {
            false => (
                format!("the calendar '{calendar}' has no working day: {term} never end"),
                "write the weekly hours in the calendar, or count in 'h'".to_owned(),
            ),
            true => (
                format!("by the calendar '{calendar}', {term} never end"),
                format!("it knows no day after {until}: shorten the term"),
            ),
        };
        findings.push(Finding::error(code::NEVER_A_DEADLINE, at, message).help(help));
        false
    }

    fn clock(&self, clock: &Clock<'_>, findings: &mut Vec<Finding>) {
        let Clock { path, term, .. } = clock;
        let term = *term;
        if !self.term(&format!("{path}.term"), term, findings) {
            return;
        }
        if let Some(extension) = clock.extension.filter(|it| it.up_to.unit == term.unit) {
            let count = extension.up_to.count.saturating_mul(extension.times);
            let whole = Term { count: term.count.saturating_add(count), ..term };
            self.term(&format!("{path}.extension"), whole, findings);
        }
        let after_deadline = |later: Term| {
            self.ever(|start| Some(self.ends(self.ends(start, term)?, later).is_some()))
        };
        if let Some(silence) = clock.silence.filter(|it| *it != UNREAD_TERM)
            && !after_deadline(silence)
        {
            self.term_after(&format!("{path}.silence.after"), silence, findings);
        }
        for (number, level) in clock.levels.iter().enumerate() {
            let at = format!("{path}.escalate[{number}]");
            match level.fires {
                Fires::After(later) if later != UNREAD_TERM && !after_deadline(later) => {
                    self.term_after(&at, later, findings);
                }
                Fires::Before(early) if early != UNREAD_TERM && !certainly_longer(early, term) => {
                    self.warning(&at, early, term, findings);
                }
                _ => {}
            }
        }
        self.work(clock, findings);
    }

    fn term_after(&self, at: &str, later: Term, findings: &mut Vec<Finding>) {
        let message =
            format!("by the calendar '{}', {later} after it never come", self.calendar.id());
        let (_, until) = self.calendar.reach();
        let help = format!("the calendar knows no day after {until}: shorten it");
        findings.push(Finding::error(code::NEVER_A_DEADLINE, at, message).help(help));
    }

    fn warning(&self, at: &str, early: Term, term: Term, findings: &mut Vec<Finding>) {
        let in_time = self.ever(|start| {
            let deadline = self.ends(start, term)?;
            Some(before(self.calendar, deadline, early).ok()? >= start)
        });
        if !in_time {
            let message = format!(
                "by the calendar '{}', {early} before the end of a term of {term} is always before \
                 its start",
                self.calendar.id()
            );
            let help = "the warning is given as soon as the clock starts: shorten it, or write another \
                        ladder for this term";
            let finding = Finding::warning(code::WARNING_BEFORE_START, at, message);
            findings.push(finding.help(help));
        }
    }

    fn work(&self, clock: &Clock<'_>, findings: &mut Vec<Finding>) {
        let Clock { path, term, .. } = clock;
        let Some(work) = clock.work.filter(|work| work.unit == TermUnit::WorkingHours) else {
            return;
        };
        let most = self.starts.iter().filter_map(|start| {
            let end = self.ends(*start, *term)?;
            Some(self.calendar.worked_between(*start, end))
        });
        let Some(most) = most.max() else { return };
        if chrono::TimeDelta::hours(work.count.into()) > most {
            let message = format!(
                "by the calendar '{}', a term of {term} holds at most {} hours of working time, the \
                 work takes {work}",
                self.calendar.id(),
                most.num_hours()
            );
            let help = "shorten the work, or lengthen the term";
            let at = format!("{path}.work");
            findings.push(Finding::warning(code::NO_TIME_FOR_WORK, at, message).help(help));
        }
    }
}
