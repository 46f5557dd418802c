//! Papers: what a procedure asks for, what was handed in, and what is still missing.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{Fault, FaultCode, FileReference};
use crate::{
    DocumentId, PersonId, RoleId, Term,
    clock::Instant,
    definition::{Action, Definition, Step, Text},
};

/// A kind of paper that a procedure asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentKind {
    /// What it is called.
    pub title: Text,
    /// Who looks at it and says that it is good; `None` where nobody must.
    pub verified_by: Option<RoleId>,
    /// How many days after the day of its issue it is still good; `None` for ever.
    pub valid_for: Option<Term>,
    /// How many copies are handed in at least.
    pub copies: u32,
}

/// A paper of a case: the latest of its kind that was handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// What was handed in; its content is kept elsewhere.
    pub file: FileReference,
    /// The day of its issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<NaiveDate>,
    /// How many copies.
    pub copies: u32,
    /// When it was handed in.
    pub at: Instant,
    /// Whether somebody has looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// What somebody said of a paper that he looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Instant,
    /// Why it is not good; `None` where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// How it stands with a paper that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// It is there, verified where that must be, and has not expired.
    Good,
    /// It was not handed in.
    Missing,
    /// Nobody has looked at it yet.
    Unverified,
    /// Who looked at it refused it.
    Refused,
    /// It is too long since it was issued.
    Expired,
}

impl DocumentKind {
    /// The last day on which a paper of that day of issue is good.
    pub fn good_until(&self, issued: Option<NaiveDate>) -> Option<NaiveDate> {
        issued?.checked_add_days(Days::new(self.valid_for?.count.into()))
    }

    /// How it stands with a paper of this kind on a day.
    pub fn state_of(&self, paper: Option<&Paper>, today: NaiveDate) -> PaperState {
        let Some(paper) = paper else { return PaperState::Missing };
        if paper.verdict.as_ref().is_some_and(|verdict| verdict.refused.is_some()) {
            return PaperState::Refused;
        }
        if self.good_until(paper.issued).is_some_and(|last| today > last) {
            return PaperState::Expired;
        }
        match paper.verdict {
            None if self.verified_by.is_some() => PaperState::Unverified,
            _ => PaperState::Good,
        }
    }
}

/// The papers that a step asks for, or one of its actions (all of them, without one): each with
/// whether it must be there.
pub fn checklist<'d>(step: &'d Step, action: Option<&'d Action>) -> Vec<(&'d DocumentId, bool)> {
    let mut list: Vec<(&DocumentId, bool)> = Vec::new();
    let actions: Vec<&Action> = match action {
        Some(action) => vec![action],
        None => step.actions.values().collect(),
    };
    let own = actions.iter().flat_map(|action| &action.documents);
    for (document, required) in step.documents.iter().chain(own) {
        match list.iter_mut().find(|(known, _)| *known == document) {
            Some((_, known)) => *known |= *required,
            None => list.push((document, *required)),
        }
    }
    list
}

/// What keeps an action from being taken: every paper that must be there and is not good.
pub(crate) fn lacking<'p>(
    definition: &Definition,
    step: &Step,
    action: &Action,
    paper_of: impl Fn(&DocumentId) -> Option<&'p Paper>,
    today: NaiveDate,
) -> Vec<Fault> {
    let of_step = step.documents.iter().filter(|_| !action.incomplete);
    let mut asked: Vec<&DocumentId> = Vec::new();
    for (document, required) in of_step.chain(&action.documents) {
        if *required && !asked.contains(&document) {
            asked.push(document);
        }
    }
    let told = asked.into_iter().filter_map(|document| {
        let kind = definition.documents.get(document)?;
        let state = kind.state_of(paper_of(document), today);
        let (code, fa, en) = match state {
            PaperState::Good => return None,
            PaperState::Missing => (FaultCode::NotAttached, "تحویل نشده است", "was not handed in"),
            PaperState::Unverified => {
                (FaultCode::NotVerified, "هنوز بررسی و تأیید نشده است", "has not been verified yet")
            }
            PaperState::Refused => (FaultCode::PaperRefused, "رد شده است", "was refused"),
            PaperState::Expired => (FaultCode::Expired, "اعتبار آن پایان یافته است", "has expired"),
        };
        Some(Fault::of_document(document, &kind.title, code, fa, en))
    });
    told.collect()
}
