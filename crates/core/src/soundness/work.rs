//! What the work on a step is estimated to take is working time, and fits into the step's term.

use super::{Finding, UNREAD_TERM, code};
use crate::{
    Term, TermUnit,
    definition::{Definition, StepKind},
};

pub(super) fn examine(definition: &Definition, findings: &mut Vec<Finding>) {
    for (name, step) in &definition.steps {
        work(&format!("steps.{name}"), step.work, step.term, findings);
        if step.kind == StepKind::Applicant && step.work.is_some() {
            let message = "what the applicant's own work takes is nobody's to plan";
            let at = format!("steps.{name}.work");
            let finding = Finding::warning(code::IDLE_WORK, at, message);
            findings.push(finding.help("take it out: it orders the worklists of officers"));
        }
        if let StepKind::Parallel(parallel) = &step.kind {
            for (branch, asked) in &parallel.branches {
                let path = format!("steps.{name}.parallel.branches.{branch}");
                work(&path, asked.work, Some(asked.term), findings);
            }
        }
    }
}

fn work(path: &str, work: Option<Term>, term: Option<Term>, findings: &mut Vec<Finding>) {
    let Some(work) = work.filter(|work| *work != UNREAD_TERM) else { return };
    let at = format!("{path}.work");
    if work.unit != TermUnit::WorkingHours {
        let message = format!("the work on a task is working time, not '{}'", work.unit.as_str());
        let help = "write it in 'wh': 'work: 2 wh'";
        findings.push(Finding::error(code::WORK_UNIT, at, message).help(help));
        return;
    }
    let Some(term) = term.filter(|term| *term != UNREAD_TERM) else { return };
    // No day has more than 24 hours of working time, and no hour more than one.
    let most = match term.unit {
        TermUnit::WorkingHours | TermUnit::Hours => u64::from(term.count),
        TermUnit::WorkingDays | TermUnit::Days => u64::from(term.count) * 24,
    };
    if u64::from(work.count) > most {
        let message = format!("work of {work} does not fit into a term of {term}");
        let help = "shorten the work, or lengthen the term";
        findings.push(Finding::error(code::WORK_EXCEEDS_TERM, at, message).help(help));
    }
}
