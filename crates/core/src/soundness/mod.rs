//! What a definition must keep, so that no case is ever lost in it.
//!
//! Four kinds of rule: every name leads somewhere (`names`); the parts of each step and clock
//! fit together (`parts`); forms can be filled in where they are asked for (`forms`); the steps make
//! a graph in which every step can be reached and left (`graph`), in time as well (`passage`). Where a
//! calendar is at hand, every term is tried by it (`by_calendar`). A finding says what is wrong, where
//! (by the path of the part, such as `steps.reception.term`), and what would mend it.
//! `docs/WORKFLOWS.md` lists every code.
//!
//! **Invariant.** A definition without an error among its findings has: a step to start with, an
//! owner and a term for every task, a way from the first step to every other step, and a way from
//! every step to an end.

mod about;
mod by_calendar;
mod eyes;
mod forms;
mod graph;
mod guards;
mod names;
mod parts;
mod passage;
#[cfg(test)]
mod tests;
mod work;

pub use self::{
    by_calendar::code as calendar_code,
    passage::{MOST_RETURNS, Measured, Passage, Return, Stretch},
};
use crate::{
    Calendars, Term, TermUnit,
    definition::Definition,
    document::{Severity, did_you_mean},
};

/// The codes of the rules.
pub mod code {
    crate::document::codes! {
        UNKNOWN_STEP = "unknown-step", "No step and no end has that name.";
        UNKNOWN_ROLE = "unknown-role", "No role and no agency has that name.";
        UNKNOWN_ACTION = "unknown-action", "The step has no action of that name.";
        NAME_TAKEN = "name-taken", "A step and an end have the same name.";
        AGENCY_CANNOT_ACT = "agency-cannot-act", "Another body answers inquiries and does nothing else.";
        LEVEL_BELOW_OPENING = "level-below-opening", "A case has no unit at that level: it opens above it.";
        NO_TERM = "no-term", "A step waits without a term.";
        NO_BASIS = "no-basis", "Nothing says where a term comes from.";
        QUORUM_EXCEEDS_SEATS = "quorum-exceeds-seats", "More members must vote than there are.";
        JOIN_EXCEEDS_BRANCHES = "join-exceeds-branches", "More positive answers are awaited than there are branches.";
        NORM_EXCEEDS_TERM = "norm-exceeds-term", "The service norm is longer than the statutory term.";
        INCOMPARABLE_NORM = "incomparable-norm", "The service norm and the statutory term count in units that cannot be compared.";
        WORK_UNIT = "work-unit", "What the work on a task takes is not working time.";
        WORK_EXCEEDS_TERM = "work-exceeds-term", "The work on a task takes longer than its term.";
        IDLE_WORK = "idle-work", "The work of the applicant is estimated, which orders no worklist.";
        EXTENSION_UNIT = "extension-unit", "An extension counts in another unit than its clock.";
        WARNING_TOO_EARLY = "warning-too-early", "A warning is due before the clock starts.";
        LEVELS_OUT_OF_ORDER = "levels-out-of-order", "Levels do not stand in the order in which they fire.";
        IDLE_LEVEL = "idle-level", "A level tells nobody and does nothing.";
        DEAD_LEVEL = "dead-level", "A level comes after the task has been taken away.";
        DEAD_SILENCE = "dead-silence", "A silence rule never takes effect.";
        CANNOT_TAKE_ACTION = "cannot-take-action", "A level cannot take an action there.";
        CANNOT_REASSIGN = "cannot-reassign", "A level cannot reassign there.";
        SILENCE_NOT_A_DECISION = "silence-not-a-decision", "Silence of the authority must lead to an end that is a decision.";
        NEVER_ENDING_WAIT = "never-ending-wait", "The applicant can let a case wait for ever.";
        DECISION_AND_OUTCOME = "decision-and-outcome", "An outcome and whether it is a decision contradict each other.";
        LICENCE_WITHOUT_GRANT = "licence-without-grant", "An end gives a licence without granting.";
        CHANGE_OF_NOTHING = "change-of-nothing", "An end changes a licence, but the cases need not be about one.";
        CHANGE_WITHOUT_DECISION = "change-without-decision", "An end changes a licence without being a decision.";
        NOTHING_RENEWED = "nothing-renewed", "A licence stays in force until its case is decided, but no end renews it.";
        NO_WITHDRAWAL = "no-withdrawal", "There must be one end with the outcome 'withdrawn', and none with 'initiative: authority'.";
        NOBODY_OPENS = "nobody-opens", "No role may open a case.";
        NOBODY_RELEASES = "nobody-releases", "No role may release a silence rule that is held.";
        NOBODY_RECORDS = "nobody-records", "No role may record the answer of another body.";
        NEVER_BEFORE = "never-before", "What another person must have done cannot be done before.";
        NOBODY_LEFT = "nobody-left", "Only the applicant can do it, and he may not.";
        UNUSED_ROLE = "unused-role", "A role does nothing.";
        UNREACHABLE_STEP = "unreachable-step", "No way leads from the first step to the step.";
        UNREACHABLE_END = "unreachable-end", "No way leads from the first step to the end.";
        NO_WAY_OUT = "no-way-out", "No way leads from the step to an end.";
        REFUSAL_WITHOUT_CITATION = "refusal-without-citation", "A case can be refused without the number of a condition (Principle 44 law, art. 7 bis).";
        UNKNOWN_FORM = "unknown-form", "No form has that name.";
        UNUSED_FORM = "unused-form", "Nothing is filled in by the form.";
        FIELD_TAKEN = "field-taken", "Two forms have a field of the same name.";
        UNKNOWN_DOCUMENT = "unknown-document", "No kind of paper has that name.";
        UNUSED_DOCUMENT = "unused-document", "Nothing asks for the kind of paper.";
        CROSSED_BOUNDS = "crossed-bounds", "Nothing lies between the bounds of a field.";
        AUTOMATIC_CYCLE = "automatic-cycle", "Automatic steps lead to each other in a circle.";
        NO_ELSE = "no-else", "An automatic step may find no way for a case.";
        IDLE_ELSE = "idle-else", "The ways before an 'else' take every case.";
        DEAD_BRANCH = "dead-branch", "A way of an automatic step can never be taken.";
        OVERLAPPING_GUARDS = "overlapping-guards", "Two ways of an automatic step are open to the same case.";
        NEVER_MET = "never-met", "No case can ever meet a guard.";
        ALWAYS_MET = "always-met", "Every case meets a guard.";
        ALL_BARRED = "all-barred", "The guards of a step can bar every one of its actions.";
        TOO_SLOW = "too-slow", "The terms along the longest way add up to more than the statutory term.";
        NO_RETURN_FITS = "no-return-fits", "Not even one return to the applicant fits into the statutory term.";
    }
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule: one of [`code`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The path of the part: `steps.reception.term`.
    pub at: String,
    /// What is wrong.
    pub message: String,
    /// What stands under the caret.
    pub label: String,
    /// What would mend it.
    pub help: Option<String>,
}

/// Every finding about a definition, errors and warnings.
pub fn findings(definition: &Definition) -> Vec<Finding> {
    examine(definition, Whole::All, None)
}

/// Every finding about a definition and the calendar by which its clocks count.
pub fn findings_by(definition: &Definition, calendars: &Calendars) -> Vec<Finding> {
    examine(definition, Whole::All, Some(calendars))
}

/// How much of a definition could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whole {
    /// Steps, or ways between them, are missing: nothing can be said of the graph.
    Parts,
    /// Only details are missing: nothing can be said of sums of terms.
    Graph,
    /// Everything was read.
    All,
}

/// Stands for a term that could not be read, longer than any that can be written: no rule says
/// anything about it.
pub(crate) const UNREAD_TERM: Term = Term { count: u32::MAX, unit: TermUnit::Days };

/// Every finding about a definition of which parts may be missing. Empty names stand for names
/// that could not be read, and [`UNREAD_TERM`] for terms. With `calendars`, ways are as long as they
/// are by the nation's calendar, and terms are tried by it.
pub(crate) fn examine(
    definition: &Definition,
    whole: Whole,
    calendars: Option<&Calendars>,
) -> Vec<Finding> {
    let calendar = calendars.map(Calendars::national);
    let mut findings = Vec::new();
    names::examine(definition, &mut findings);
    let resolved = !findings
        .iter()
        .any(|f| matches!(f.code, code::UNKNOWN_STEP | code::UNKNOWN_ACTION | code::NAME_TAKEN));
    parts::examine(definition, whole == Whole::All, &mut findings);
    work::examine(definition, &mut findings);
    about::examine(definition, whole == Whole::All, &mut findings);
    forms::examine(definition, whole == Whole::All, &mut findings);
    if let Some(calendar) = calendar {
        by_calendar::examine(definition, calendar, &mut findings);
    }
    if resolved && whole >= Whole::Graph {
        let clean = findings.iter().all(|finding| finding.severity == Severity::Warning);
        guards::examine(definition, whole == Whole::All, &mut findings);
        graph::examine(definition, whole == Whole::All && clean, calendar, &mut findings);
    }
    findings
}

impl Finding {
    fn error(code: &'static str, at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            at: at.into(),
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    fn warning(code: &'static str, at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, at, message) }
    }

    fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// `unknown step 'comission': did you mean 'commission'?`
pub(crate) fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> String {
    match did_you_mean(name, known) {
        Some(meant) => format!("unknown {what} '{name}': did you mean '{meant}'?"),
        None => format!("unknown {what} '{name}'"),
    }
}

/// Whether `a` is longer than `b` whatever the calendar and the start.
///
/// Terms of different units are compared only as far as that holds always: `N wd` end no earlier
/// than `N d`, `N wh` no earlier than `N h`, and whole days last at least `N - 1` times 24 hours.
fn certainly_longer(a: Term, b: Term) -> bool {
    use TermUnit::{Days, Hours, WorkingDays, WorkingHours};
    match (a.unit, b.unit) {
        // Zero is at the deadline, in every unit.
        _ if a.count == 0 || b.count == 0 => a.count > b.count,
        (a_unit, b_unit) if a_unit == b_unit => a.count > b.count,
        (WorkingDays, Days) | (WorkingHours, Hours) => a.count > b.count,
        (Days | WorkingDays, Hours) => a.count.saturating_sub(1).saturating_mul(24) > b.count,
        _ => false,
    }
}

/// Whether the terms count in units that can be compared in both directions.
fn comparable(a: Term, b: Term) -> bool {
    a.unit == b.unit
}

/// A rough length in days, for sums over steps that count in different units: a working day is
/// taken for a day, eight working hours for a day. Never more than the term really takes.
fn rough_days(term: Term) -> f64 {
    let count = f64::from(term.count);
    match term.unit {
        TermUnit::Days | TermUnit::WorkingDays => count,
        TermUnit::Hours => count / 24.0,
        TermUnit::WorkingHours => count / 8.0,
    }
}
