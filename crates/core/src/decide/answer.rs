//! Answers to inquiries, and how they join.

use std::collections::BTreeMap;

use super::{Draft, Refusal, RefusalCode, optional};
use crate::{
    BranchId, LinkId, StepId,
    case::{Place, Task},
    clock::Instant,
    definition::{Answer, Basis, Join, Parallel, Permission, StepKind},
    event::{By, Fact},
};

impl Draft<'_> {
    /// An answer by the asked body itself, or recorded for it by a role that may.
    pub(super) fn answer(
        &mut self,
        branch: &BranchId,
        answer: Answer,
        reason: Option<&str>,
        reference: Option<&str>,
    ) -> Result<(), Refusal> {
        let task = self.inquiry(branch)?;
        let not_by = &self.step()?.not_by;
        let by = match self.rights_to(task).and_then(|own| self.by_other_eyes(own, &[not_by])) {
            Ok(by) => by,
            Err(refusal) => self
                .by_permission_of_others(Permission::RecordAnswer, &self.case.unit, not_by)
                .map_err(|other| match other.code {
                    RefusalCode::FourEyes => other,
                    _ => refusal,
                })?,
        };
        let (no, reason, reference) = (task.no, optional(reason)?, optional(reference)?);
        self.record_answer(self.now, by, no, branch, answer, reason, reference, None, None)
    }

    /// An answer by a link: of the asked body itself, and of nobody who may record it.
    pub(super) fn answer_by_link(
        &mut self,
        link: LinkId,
        task: u32,
        branch: &BranchId,
        answer: Answer,
        reason: Option<&str>,
        reference: Option<&str>,
    ) -> Result<(), Refusal> {
        let open = self.inquiry(branch)?;
        if open.no != task {
            return Err(RefusalCode::UnknownInquiry
                .because(format!("the link is for the inquiry {task}, which is closed")));
        }
        let own = self.rights_to(open)?;
        let by = self.by_other_eyes(own, &[&self.step()?.not_by])?;
        let (reason, reference) = (optional(reason)?, optional(reference)?);
        self.record_answer(self.now, by, task, branch, answer, reason, reference, None, Some(link))
    }

    fn inquiry(&self, branch: &BranchId) -> Result<&Task, Refusal> {
        let open = self.case.tasks.iter().find(|task| task.branch.as_ref() == Some(branch));
        open.ok_or_else(|| {
            let names: Vec<_> = self
                .case
                .tasks
                .iter()
                .filter_map(|task| Some(task.branch.as_ref()?.as_str()))
                .collect();
            let open = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            RefusalCode::UnknownInquiry
                .because(format!("no inquiry '{branch}' is open here; open are: {open}"))
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one fact")]
    pub(super) fn record_answer(
        &mut self,
        at: Instant,
        by: By,
        task: u32,
        branch: &BranchId,
        answer: Answer,
        reason: Option<String>,
        reference: Option<String>,
        silence: Option<Basis>,
        link: Option<LinkId>,
    ) -> Result<(), Refusal> {
        let entry = match self.joined(branch, answer)? {
            Some(to) => {
                self.answering = Some((branch.clone(), answer));
                Some(self.entry(&to, at, false)?)
            }
            None => None,
        };
        self.answering = None;
        let fact = Fact::Answered {
            task,
            branch: branch.clone(),
            answer,
            reason,
            reference,
            silence,
            link,
            entry,
        };
        self.record(at, by, fact);
        Ok(())
    }

    /// Where the case goes when this answer joins the branches.
    fn joined(&self, branch: &BranchId, answer: Answer) -> Result<Option<StepId>, Refusal> {
        let (StepKind::Parallel(parallel), Place::Step { answers, .. }) =
            (&self.step()?.kind, &self.case.place)
        else {
            return Err(RefusalCode::UnknownInquiry.because("this step makes no inquiries"));
        };
        let mut answers = answers.clone();
        answers.insert(branch.clone(), answer);
        Ok(joined(parallel, &answers).map(|answer| match answer {
            Answer::Positive => parallel.positive.clone(),
            Answer::Negative => parallel.negative.clone(),
        }))
    }
}

/// The common answer of the branches, once there is one.
fn joined(parallel: &Parallel, answers: &BTreeMap<BranchId, Answer>) -> Option<Answer> {
    let all = parallel.branches.len();
    let count = |answer: Answer| answers.values().filter(|given| **given == answer).count();
    let (positive, negative) = (count(Answer::Positive), count(Answer::Negative));
    let needed = match parallel.join {
        Join::All => all,
        Join::Any => 1,
        Join::N(n) => n as usize,
    };
    if positive >= needed {
        return Some(Answer::Positive);
    }
    let out_of_reach = negative > all - needed.min(all);
    let waited = match parallel.join {
        // `all` waits for everybody, so that the next step knows every objection.
        Join::All => parallel.negative_at_once || positive + negative == all,
        Join::Any | Join::N(_) => true,
    };
    let cut_short = parallel.negative_at_once && negative > 0;
    (cut_short || (out_of_reach && waited)).then_some(Answer::Negative)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RoleId, Term, definition::Branch};

    fn parallel(branches: &[&str], join: Join, negative_at_once: bool) -> Parallel {
        let title = crate::definition::Text { fa: "استعلام".into(), en: "Inquiry".into() };
        let branch = |name: &&str| {
            let branch = Branch {
                title: title.clone(),
                owner: RoleId::from(*name),
                term: Term::days(30),
                basis: None,
                work: None,
                levels: vec![],
                silence: None,
                extension: None,
            };
            (BranchId::from(*name), branch)
        };
        let branches = branches.iter().map(branch).collect();
        Parallel { branches, join, negative_at_once, positive: "yes".into(), negative: "no".into() }
    }

    #[test]
    fn branches_join_as_the_definition_says() {
        let (y, n) = (Answer::Positive, Answer::Negative);
        let table: &[(Join, bool, &[Answer], Option<Answer>)] = &[
            (Join::All, false, &[y, y], None),
            (Join::All, false, &[y, y, y], Some(y)),
            (Join::All, false, &[n], None),
            (Join::All, false, &[n, y, y], Some(n)),
            (Join::All, true, &[n], Some(n)),
            (Join::Any, false, &[y], Some(y)),
            (Join::Any, false, &[n, n], None),
            (Join::Any, false, &[n, n, n], Some(n)),
            (Join::Any, true, &[n], Some(n)),
            (Join::N(2), false, &[y, n], None),
            (Join::N(2), false, &[y, n, y], Some(y)),
            (Join::N(2), false, &[n, n], Some(n)),
        ];
        let names = ["a", "b", "c"];
        for (join, at_once, given, expected) in table {
            let answers =
                names.iter().map(|name| BranchId::from(*name)).zip(given.iter().copied()).collect();
            let result = joined(&parallel(&names, *join, *at_once), &answers);
            assert_eq!(result, *expected, "{join:?}, at once: {at_once}, {given:?}");
        }
    }
}
