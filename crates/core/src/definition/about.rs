//! Of what the cases of a definition speak, and what their ends do to a licence.

use super::read::{Draft, code};
use crate::{
    Term, TermUnit, WorkflowId,
    document::{Fields, Node, Value, code as document_code},
};

/// Of what an application speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Of what.
    pub what: AboutWhat,
    /// Whether it must say so.
    pub required: bool,
    /// Whether only the holder of the licence, or the applicant of the case, can be the applicant.
    pub same_applicant: bool,
    /// Whether only one case of this workflow can run about the same thing.
    pub one_at_a_time: bool,
}

/// A licence or another case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AboutWhat {
    /// A licence.
    Licence {
        /// Of one of these kinds.
        kinds: Vec<String>,
        /// Whether it may be in whatever state.
        any_state: bool,
        /// How long after the last day of its validity it can still be spoken of.
        expired: Option<Term>,
        /// Whether it may be suspended.
        suspended: bool,
        /// Whether it stays in force until the case is decided, though its validity ends before.
        stays_in_force: bool,
    },
    /// Another case.
    Case {
        /// Of one of these workflows.
        workflows: Vec<WorkflowId>,
        /// How it must stand with it.
        state: CaseState,
    },
}

impl AboutWhat {
    /// What it is, for people.
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Licence { .. } => "licence",
            Self::Case { .. } => "case",
        }
    }
}

/// How it must stand with a case that another is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseState {
    /// It runs.
    Running,
    /// It is past its statutory deadline, or was decided after it.
    Late,
    /// It is past what the organisation promises, or was decided after that.
    PastNorm,
    /// It has ended.
    Ended,
    /// In whatever way.
    Any,
}

impl CaseState {
    /// What a case is that is not in this state.
    pub(crate) fn is_not(self) -> &'static str {
        match self {
            Self::Running => "has ended",
            Self::Late => "is not past its statutory deadline",
            Self::PastNorm => "is not past the time that is promised",
            Self::Ended => "has not ended yet",
            Self::Any => "is in no state at all",
        }
    }
}

/// What an end does to the licence that its case is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// A mark that it bears from then on.
    pub mark: Option<String>,
}

/// What can be done to a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is valid for so many months more.
    Renew {
        /// In calendar months of the organisation's calendar.
        months: u32,
    },
    /// What it permits changes.
    Amend,
    /// It does not count until it is reinstated.
    Suspend,
    /// It counts again.
    Reinstate,
    /// It ends for ever.
    Revoke,
}

/// The words for what is done to a licence. The validity of a renewal stands beside it.
pub(super) const CHANGES: &[(&str, ChangeKind)] = &[
    ("renew", ChangeKind::Renew { months: 0 }),
    ("amend", ChangeKind::Amend),
    ("suspend", ChangeKind::Suspend),
    ("reinstate", ChangeKind::Reinstate),
    ("revoke", ChangeKind::Revoke),
];

/// How it must stand with what is spoken of, as it is written: of licences or of cases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    InForce,
    Any,
    OfCase(CaseState),
}

const STATES: &[(&str, State)] = &[
    ("in_force", State::InForce),
    ("any", State::Any),
    ("running", State::OfCase(CaseState::Running)),
    ("late", State::OfCase(CaseState::Late)),
    ("past_norm", State::OfCase(CaseState::PastNorm)),
    ("ended", State::OfCase(CaseState::Ended)),
];

const KEYS: &[&str] = &[
    "licence",
    "case",
    "required",
    "applicant",
    "one_at_a_time",
    "state",
    "expired",
    "suspended",
    "stays_in_force",
    "basis",
];

impl Draft<'_> {
    pub(super) fn about(&mut self, node: &Node, path: &str) -> Option<About> {
        let at = self.place(path);
        let fields = self.reader.mapping(node, at, "what a case is about", KEYS)?;
        let kinds = self.optional(&fields, "licence", path, Self::names);
        let workflows = self.optional(&fields, "case", path, Self::names);
        let yes_or_no = |draft: &mut Self, key: &str| {
            draft.optional(&fields, key, path, |draft, node, _| {
                draft.reader.yes_or_no(node, &format!("'{key}'"))
            })
        };
        let required = yes_or_no(self, "required").unwrap_or(true);
        let one_at_a_time = yes_or_no(self, "one_at_a_time").unwrap_or(false);
        let suspended = yes_or_no(self, "suspended").unwrap_or(false);
        let stays_in_force = yes_or_no(self, "stays_in_force").unwrap_or(false);
        let same_applicant = self.optional(&fields, "applicant", path, |draft, node, _| {
            let choices = [("same", true), ("anybody", false)];
            draft.reader.choice(node, "who applies", &choices)
        });
        let state = self.optional(&fields, "state", path, |draft, node, _| {
            draft.reader.choice(node, "a state", STATES)
        });
        let expired = self.optional(&fields, "expired", path, |draft, node, _| {
            let term = draft.reader.positive_term(node, "the time since the expiry")?;
            if term.unit == TermUnit::Days {
                return Some(term);
            }
            let message = "the time since the expiry of a licence counts in days";
            let help = "write it as '90 d' or '3 mo'";
            let code = document_code::NOT_A_TERM;
            draft.reader.error_with_help(code, node.place, message, help);
            None
        });
        self.optional(&fields, "basis", path, Self::basis);
        let what = match (fields.get("licence").is_some(), fields.get("case").is_some()) {
            (true, false) => {
                if let Some(State::OfCase(_)) = state {
                    let help = "a licence is 'in_force' or in 'any' state";
                    self.misplaced(&fields, "state", "a licence has no such state", help);
                }
                AboutWhat::Licence {
                    kinds: kinds?,
                    any_state: state == Some(State::Any),
                    expired,
                    suspended,
                    stays_in_force,
                }
            }
            (false, true) => {
                for key in ["expired", "suspended", "stays_in_force"] {
                    let message = format!("'{key}' says nothing of a case");
                    self.misplaced(&fields, key, &message, "take it out");
                }
                let state = match state {
                    Some(State::OfCase(state)) => state,
                    Some(State::InForce) => {
                        let help = "write 'running', 'late', 'past_norm', 'ended' or 'any'";
                        self.misplaced(&fields, "state", "a case has no such state", help);
                        CaseState::Any
                    }
                    Some(State::Any) | None => CaseState::Any,
                };
                let workflows = workflows?.into_iter().map(WorkflowId::from).collect();
                AboutWhat::Case { workflows, state }
            }
            _ => {
                let message = "a case is about a licence or about another case";
                let help = "write 'licence: <kinds>' or 'case: <workflows>', and not both";
                self.reader.error_with_help(code::EXACTLY_ONE, at, message, help);
                return None;
            }
        };
        if let AboutWhat::Licence { any_state: true, .. } = what {
            for key in ["expired", "suspended"] {
                let help = "take it out: with 'state: any' every licence is taken";
                self.misplaced(&fields, key, "this bounds nothing here", help);
            }
        }
        let same_applicant = same_applicant.unwrap_or(true);
        Some(About { what, required, same_applicant, one_at_a_time })
    }

    fn misplaced(&mut self, fields: &Fields<'_>, key: &str, message: &str, help: &str) {
        if let Some(entry) = fields.entry(key) {
            self.reader.error_with_help(code::MISPLACED, entry.key_place, message, help);
        }
    }

    /// One name or more.
    fn names(&mut self, node: &Node, _: &str) -> Option<Vec<String>> {
        let items = self.reader.list_or_one(node, "the names");
        if matches!(&node.value, Value::Sequence(items) if items.is_empty()) {
            self.reader.error(document_code::EMPTY_VALUE, node.place, "the list is empty");
        }
        let names = items
            .iter()
            .map(|item| self.reader.name(item, "a name").map(|name| name.text.to_owned()))
            .collect::<Option<Vec<_>>>()?;
        (!names.is_empty()).then_some(names)
    }
}
