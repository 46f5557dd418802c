//! What the store says, as failures of a command.

use parvaneh_core::{
    Refusal,
    decide::{Possible, Unmet},
    delegation::DelegationRefusal,
};
use parvaneh_store::{ClosureError, ExecuteError, StoreError};

use crate::failure::Failure;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            StoreError::Database(_) | StoreError::Migration(_) | StoreError::Closed => {
                Self::database(code, message).help("is the database there, and let in this role?")
            }
            StoreError::Behind { .. } => Self::database(code, message).help(
                "run `parvaneh migrate`, with PARVANEH_OWNER_DATABASE_URL set to the role that owns \
                 the database",
            ),
            StoreError::NotSandbox => Self::no(code, message).help(
                "only a database that was made by `parvaneh migrate --sandbox` has a movable clock, \
                 and none becomes one later",
            ),
            StoreError::NoSuchDefinition { .. } => {
                Self::no(code, message).help("`parvaneh workflow list` tells what is published")
            }
            StoreError::NoSuchCase(_) => {
                Self::no(code, message).help("`parvaneh case list` tells the cases")
            }
            StoreError::NoSuchSitting(_) => {
                Self::no(code, message).help("`parvaneh sitting list` tells the sittings")
            }
            StoreError::Delegation(refusal) => match way_out(refusal) {
                Some(help) => Self::no(code, message).help(help),
                None => Self::no(code, message),
            },
            StoreError::VersionTaken { .. } => {
                Self::no(code, message).help("raise 'version' in the file: a version never changes")
            }
            _ => Self::no(code, message),
        }
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match &error {
            ExecuteError::Refused(refusal) => refused(refusal),
            ExecuteError::Store(error) => Self::from(&**error),
            ExecuteError::NoSuchCase(_) => {
                Self::no(code, message).help("`parvaneh case list` tells the cases")
            }
            ExecuteError::Conflict { .. } => {
                Self::no(code, message).help("look at the case again, then repeat the command")
            }
            ExecuteError::KeyReused => {
                Self::no(code, message).help("give every request a key of its own")
            }
            ExecuteError::Poisoned(_) => Self::internal(message),
            ExecuteError::CaseExists(_) | ExecuteError::KeyInvalid | ExecuteError::NoLongerIn => {
                Self::no(code, message)
            }
        }
    }
}

/// What can be done instead of a delegation or an absence that is refused.
fn way_out(refusal: &DelegationRefusal) -> Option<String> {
    Some(match refusal {
        DelegationRefusal::Circle { others, .. } if others.is_empty() => return None,
        DelegationRefusal::Circle { others, .. } => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            format!("choose another period, or revoke one of these: {}", others.join(", "))
        }
        DelegationRefusal::AlreadyAbsent { .. } => {
            "`parvaneh people back` ends the one that is recorded".to_owned()
        }
        DelegationRefusal::RoleNotHeld { .. } => {
            "`parvaneh people list --name NAME` tells what he holds".to_owned()
        }
        DelegationRefusal::ToTheGiver => "let the lender make the delegation himself".to_owned(),
        _ => return None,
    })
}

/// Why a command was refused, where the case stands, and what can be done instead.
fn refused(refusal: &Refusal) -> Failure {
    let reason = match refusal.faults.len() {
        0 => refusal.reason.clone(),
        1 => "one thing is wrong with what was given".to_owned(),
        several => format!("{several} things are wrong with what was given"),
    };
    let message = match refusal.state.as_str() {
        "" => reason,
        state => format!("{reason} (the case stands in '{state}')"),
    };
    let mut failure = Failure::no(refusal.code.as_str(), message);
    failure.faults = refusal.faults.clone();
    let possible: Vec<String> = refusal.possible.iter().map(possible).collect();
    let unmet: Vec<String> = refusal.unmet.iter().map(unmet).collect();
    let mut help = Vec::new();
    if !possible.is_empty() {
        help.push(format!("possible now: {}", possible.join(", ")));
    }
    if !unmet.is_empty() {
        help.push(format!("not now: {}", unmet.join("; ")));
    }
    match help.is_empty() {
        true => failure,
        false => failure.help(help.join("; ")),
    }
}

/// An action that is not offered, and why.
pub(crate) fn unmet(unmet: &Unmet) -> String {
    let Unmet { action, condition, explanation } = unmet;
    match explanation {
        Some(text) => format!("act {action} ({}, {}; it needs {condition})", text.en, text.fa),
        None => format!("act {action} (it needs {condition})"),
    }
}

/// Something that can be done, as it is written on the command line.
pub(crate) fn possible(possible: &Possible) -> String {
    match possible {
        Possible::AttachDocument { document, needs_issue_day } => {
            let issued = if *needs_issue_day { " --issued …" } else { "" };
            format!("attach {document} FILE{issued}")
        }
        Possible::VerifyDocument { document } => format!("verify {document} good"),
        Possible::Fill => "fill --set FIELD=VALUE".to_owned(),
        Possible::Act { action, needs_reason, needs_citation, needs_values, needs_papers } => {
            let reason = if *needs_reason { " --reason …" } else { "" };
            let citation = if *needs_citation { " --citation …" } else { "" };
            let values: String =
                needs_values.iter().map(|field| format!(" --set {field}=…")).collect();
            let papers: String =
                needs_papers.iter().map(|document| format!(" --document {document}=…")).collect();
            format!("act {action}{reason}{citation}{values}{papers}")
        }
        Possible::Claim { task } => format!("claim {task}"),
        Possible::Release { task } => format!("release {task}"),
        Possible::Assign { task } => format!("assign {task}"),
        Possible::Inform => "inform …".to_owned(),
        Possible::Answer { branch } => format!("answer {branch}"),
        Possible::Vote => "vote".to_owned(),
        Possible::PutOnAgenda { sitting } => format!("put-on-agenda {sitting}"),
        Possible::TakeOffAgenda => "take-off-agenda --reason …".to_owned(),
        Possible::Recuse => "recuse --reason …".to_owned(),
        Possible::Suspend => "suspend".to_owned(),
        Possible::Resume => "resume".to_owned(),
        Possible::Extend { clock } => format!("extend {clock}"),
        Possible::Withdraw => "withdraw".to_owned(),
        Possible::ReleaseSilence { clock } => format!("release-silence {clock}"),
        Possible::Comment => "comment".to_owned(),
    }
}

impl From<ClosureError> for Failure {
    fn from(error: ClosureError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            ClosureError::Store(error) => Self::from(error),
            ClosureError::NotPermitted(_) | ClosureError::OutOfJurisdiction(_) => {
                Self::no(code, message)
                    .help("`parvaneh people grant PERSON calendar_keeper@UNIT` gives the role")
            }
            ClosureError::UnknownUnit(_) => {
                Self::no(code, message).help("`parvaneh organisation list` tells the units")
            }
            ClosureError::ClosedBefore { .. } => Self::no(code, message)
                .help("open it again first, then close it with the new reason"),
            ClosureError::NotClosed(_) => Self::no(code, message)
                .help("`parvaneh calendar closures` tells what is closed, with its hours"),
            ClosureError::OutOfReach { .. } => Self::no(code, message).help("is the year right?"),
            ClosureError::Reason => Self::no(code, message),
        }
    }
}
