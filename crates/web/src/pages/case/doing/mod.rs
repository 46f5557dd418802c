//! What can be done with a case, one address for each: what it needs, what it will cause, then doing it.
//!
//! The consequences are those of a rehearsal in the core: what is shown beforehand is what happens.

mod consequences;
mod inputs;
mod page;
mod sent;

use parvaneh_core::{
    ActionId, BranchId, DocumentId, SittingId,
    decide::Possible,
    definition::StepKind,
    event::{ClockNo, STATUTORY},
};

pub(super) use self::page::{ask, take};
pub(in crate::pages) use self::sent::Sent;
use super::Seen;
use crate::say::Said;

/// The address that takes files.
pub(crate) const TAKES_CONTENTS: &str = "/cases/{case}/do/{what}";

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Act(ActionId),
    Fill,
    Attach(DocumentId),
    Verify(DocumentId),
    Claim(u32),
    Release(u32),
    Assign(u32),
    Answer(BranchId),
    Vote,
    PutOnAgenda(SittingId),
    TakeOffAgenda,
    Recuse,
    Suspend,
    Resume,
    Extend(ClockNo),
    Withdraw,
    ReleaseSilence(ClockNo),
    Comment,
    Inform,
}

impl Doing {
    pub(super) fn of(possible: &Possible) -> Self {
        match possible {
            Possible::Act { action, .. } => Self::Act(action.clone()),
            Possible::Fill => Self::Fill,
            Possible::AttachDocument { document, .. } => Self::Attach(document.clone()),
            Possible::VerifyDocument { document } => Self::Verify(document.clone()),
            Possible::Claim { task } => Self::Claim(*task),
            Possible::Release { task } => Self::Release(*task),
            Possible::Assign { task } => Self::Assign(*task),
            Possible::Answer { branch } => Self::Answer(branch.clone()),
            Possible::Vote => Self::Vote,
            Possible::PutOnAgenda { sitting } => Self::PutOnAgenda(*sitting),
            Possible::TakeOffAgenda => Self::TakeOffAgenda,
            Possible::Recuse => Self::Recuse,
            Possible::Suspend => Self::Suspend,
            Possible::Resume => Self::Resume,
            Possible::Extend { clock } => Self::Extend(*clock),
            Possible::Withdraw => Self::Withdraw,
            Possible::ReleaseSilence { clock } => Self::ReleaseSilence(*clock),
            Possible::Comment => Self::Comment,
            Possible::Inform => Self::Inform,
        }
    }

    /// As its address names it: `act.accept`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Act(action) => format!("act.{action}"),
            Self::Fill => "fill".to_owned(),
            Self::Attach(document) => format!("attach.{document}"),
            Self::Verify(document) => format!("verify.{document}"),
            Self::Claim(task) => format!("claim.{task}"),
            Self::Release(task) => format!("release.{task}"),
            Self::Assign(task) => format!("assign.{task}"),
            Self::Answer(branch) => format!("answer.{branch}"),
            Self::Vote => "vote".to_owned(),
            Self::PutOnAgenda(sitting) => format!("agenda.{sitting}"),
            Self::TakeOffAgenda => "off-agenda".to_owned(),
            Self::Recuse => "recuse".to_owned(),
            Self::Suspend => "suspend".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::Extend(clock) => format!("extend.{clock}"),
            Self::Withdraw => "withdraw".to_owned(),
            Self::ReleaseSilence(clock) => format!("silence.{clock}"),
            Self::Comment => "comment".to_owned(),
            Self::Inform => "inform".to_owned(),
        }
    }

    /// What an address names.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (kind, of) = name.split_once('.').unwrap_or((name, ""));
        let number = || of.parse::<u32>().ok();
        Some(match (kind, of) {
            ("fill", "") => Self::Fill,
            ("vote", "") => Self::Vote,
            ("off-agenda", "") => Self::TakeOffAgenda,
            ("recuse", "") => Self::Recuse,
            ("suspend", "") => Self::Suspend,
            ("resume", "") => Self::Resume,
            ("withdraw", "") => Self::Withdraw,
            ("comment", "") => Self::Comment,
            ("inform", "") => Self::Inform,
            (_, "") => return None,
            ("act", of) => Self::Act(of.into()),
            ("attach", of) => Self::Attach(of.into()),
            ("verify", of) => Self::Verify(of.into()),
            ("answer", of) => Self::Answer(of.into()),
            ("claim", _) => Self::Claim(number()?),
            ("release", _) => Self::Release(number()?),
            ("assign", _) => Self::Assign(number()?),
            ("extend", _) => Self::Extend(number()?),
            ("silence", _) => Self::ReleaseSilence(number()?),
            ("agenda", of) => Self::PutOnAgenda(of.parse().ok()?),
            _ => return None,
        })
    }

    /// What it is called, with what it is done to.
    pub(super) fn title(&self, seen: &Seen) -> String {
        let (words, case) = (seen.words(), &seen.seen.file.case);
        let step = seen.definition().steps.get(case.place.name());
        let document = |document: &DocumentId| {
            let kind = seen.definition().documents.get(document);
            kind.map_or_else(|| document.to_string(), |kind| words.of(&kind.title).to_owned())
        };
        // Where several tasks are open, whose it is.
        let task = |no: u32, one: Said, several: Said| -> String {
            let task = case.task(no).filter(|_| case.tasks.len() > 1);
            match task {
                None => one.into(),
                Some(task) => {
                    several.s("owner", super::head::owner(seen, &task.owner, &task.unit)).into()
                }
            }
        };
        let clock = |no: ClockNo| -> String {
            match no {
                STATUTORY => words.t("clock-statutory").into(),
                _ => words.t("clock-task").into(),
            }
        };
        let said: Said = match self {
            Self::Act(action) => {
                let known = step.and_then(|step| step.actions.get(action));
                return known
                    .map_or_else(|| action.to_string(), |known| words.of(&known.title).to_owned());
            }
            Self::Claim(no) => return task(*no, words.t("do-claim"), words.t("do-claim-of")),
            Self::Release(no) => return task(*no, words.t("do-release"), words.t("do-release-of")),
            Self::Assign(no) => return task(*no, words.t("do-assign"), words.t("do-assign-of")),
            Self::Answer(branch) => {
                let known = step.and_then(|step| match &step.kind {
                    StepKind::Parallel(parallel) => parallel.branches.get(branch),
                    _ => None,
                });
                let title = known
                    .map_or_else(|| branch.to_string(), |known| words.of(&known.title).to_owned());
                words.t("do-answer").s("inquiry", title)
            }
            Self::Fill => words.t("do-fill"),
            Self::Attach(kind) => words.t("do-attach").s("document", document(kind)),
            Self::Verify(kind) => words.t("do-verify").s("document", document(kind)),
            Self::Vote => words.t("do-vote"),
            Self::PutOnAgenda(sitting) => {
                let at = seen.sittings.get(sitting).map(|at| seen.moment(*at).plain());
                words.t("do-agenda").s("at", at.unwrap_or_default())
            }
            Self::TakeOffAgenda => words.t("do-off-agenda"),
            Self::Recuse => words.t("do-recuse"),
            Self::Suspend => words.t("do-suspend"),
            Self::Resume => words.t("do-resume"),
            Self::Extend(no) => words.t("do-extend").s("clock", clock(*no)),
            Self::Withdraw => words.t("do-withdraw"),
            Self::ReleaseSilence(no) => words.t("do-silence").s("clock", clock(*no)),
            Self::Comment => words.t("do-comment"),
            Self::Inform => words.t("do-inform"),
        };
        said.into()
    }

    /// What it is called beside what it is done to.
    pub(super) fn short(&self, seen: &Seen) -> String {
        let words = seen.words();
        match self {
            Self::Claim(_) => words.t("do-claim").into(),
            Self::Release(_) => words.t("do-release").into(),
            Self::Assign(_) => words.t("do-assign").into(),
            _ => self.title(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_what_was_named_by_it() {
        for name in [
            "act.accept",
            "fill",
            "attach.charter",
            "verify.charter",
            "claim.1",
            "release.2",
            "assign.3",
            "answer.police",
            "vote",
            "agenda.0190a2b4-0000-7000-8000-000000000001",
            "off-agenda",
            "recuse",
            "suspend",
            "resume",
            "extend.0",
            "withdraw",
            "silence.0",
            "comment",
            "inform",
        ] {
            assert_eq!(Doing::named(name).map(|doing| doing.name()).as_deref(), Some(name));
        }
        for wrong in ["", "act", "act.", "claim.x", "fill.1", "agenda.1", "delete.1"] {
            assert_eq!(Doing::named(wrong), None, "{wrong}");
        }
    }
}
