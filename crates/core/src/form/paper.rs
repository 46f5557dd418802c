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
    /// As which types of files it can be handed in; empty for all.
    pub types: Vec<PaperType>,
    /// How long its file may be, in bytes; `None` for as long as any.
    pub longest: Option<u64>,
    /// How many of its kind a case may hold, the replaced ones included; `None` for as many as of any.
    /// Those who take contents count: a case knows the latest only.
    pub times: Option<u32>,
}

/// A type of file as which a paper can be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaperType {
    /// PDF.
    Pdf,
    /// A picture in PNG.
    Png,
    /// A picture in JPEG.
    Jpg,
    /// A picture in TIFF.
    Tiff,
    /// A text of an office program.
    Docx,
    /// A table of an office program.
    Xlsx,
    /// Text.
    Txt,
}

impl PaperType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::Pdf, Self::Png, Self::Jpg, Self::Tiff, Self::Docx, Self::Xlsx, Self::Txt];

    /// Its name in a definition.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpg => "jpg",
            Self::Tiff => "tiff",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Txt => "txt",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Txt => "text/plain",
        }
    }
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
    /// Whether a file of that media type can be handed in as such a paper.
    pub fn takes(&self, media_type: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|one| one.media_type() == media_type)
    }

    /// The types as which it is taken, for people: `pdf, jpg`.
    pub fn taken_types(&self) -> String {
        let names: Vec<_> = self.types.iter().map(|one| one.name()).collect();
        names.join(", ")
    }

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
