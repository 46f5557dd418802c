//! How a case stands, as its applicant is told: few words, never by what the office calls its steps alone.

use parvaneh_core::{
    Case, Definition, Place,
    definition::{Outcome, StepKind},
    event::Owner,
};

use crate::{
    say::{Said, Words},
    shown::Mark,
};

/// How a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Standing {
    /// It waits for the applicant.
    Yours,
    /// Somebody looks at it.
    Examined,
    /// A person has stopped its clocks.
    Stopped,
    /// It has ended.
    Ended(Outcome),
}

impl Standing {
    /// Of a case.
    pub(in crate::pages) fn of(case: &Case, definition: &Definition) -> Self {
        match &case.place {
            Place::End { outcome, .. } => Self::Ended(*outcome),
            Place::Step { .. } if case.suspension.is_some() => Self::Stopped,
            Place::Step { step, .. } => {
                let kind = definition.steps.get(step).map(|step| &step.kind);
                let his = case.tasks.iter().any(|task| task.owner == Owner::Applicant);
                match kind {
                    Some(StepKind::Applicant) => Self::Yours,
                    _ if his => Self::Yours,
                    _ => Self::Examined,
                }
            }
        }
    }

    /// In words.
    pub(in crate::pages) fn told(self, words: Words) -> Said {
        match self {
            Self::Yours => words.t("mine-yours"),
            Self::Examined => words.t("mine-examined"),
            Self::Stopped => words.t("mine-stopped"),
            Self::Ended(Outcome::Granted) => words.t("mine-granted"),
            Self::Ended(Outcome::Refused) => words.t("mine-refused"),
            Self::Ended(Outcome::Lapsed) => words.t("mine-lapsed"),
            Self::Ended(Outcome::Withdrawn) => words.t("mine-withdrawn"),
            Self::Ended(Outcome::Settled) => words.t("mine-settled"),
        }
    }

    /// What stands beside the words.
    pub(in crate::pages) fn mark(self) -> Mark {
        match self {
            Self::Yours => Mark::Near,
            Self::Stopped => Mark::Held,
            Self::Ended(Outcome::Granted) => Mark::Done,
            Self::Examined => Mark::Running,
            Self::Ended(_) => Mark::Free,
        }
    }
}
