//! What facts carry: all that followed from what happened, so that nothing must be worked out again.

use serde::{Deserialize, Serialize};

use super::ClockNo;
use crate::{
    BranchId, PersonId, RoleId, StepId, Term, UnitId,
    case::SilenceState,
    clock::Instant,
    definition::{Addressee, Licence, Outcome},
    register::LicenceChange,
};

/// What entering a step or an end did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The step or end.
    pub step: StepId,
    /// The automatic steps that the case passed through on its way there, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<Passed>,
    /// The tasks that it opened; every task of the step before it is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<OpenedTask>,
    /// What it did to the statutory clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statutory: Option<StatutoryChange>,
    /// The end, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndReached>,
}

/// An automatic step through which a case passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The step.
    pub step: StepId,
    /// The guard that was met; absent for what is left when none is (`else`).
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "if")]
    pub condition: Option<String>,
    /// Where it led.
    pub to: StepId,
}

/// A task that was put on somebody's worklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedTask {
    /// Its number within the case, from 1.
    pub no: u32,
    /// What it asks for.
    pub purpose: Purpose,
    /// The branch, in a parallel step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchId>,
    /// Whose it is.
    pub owner: Owner,
    /// The unit where it stands.
    pub unit: UnitId,
    /// Its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<StartedClock>,
}

/// What a task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An action of the step.
    Act,
    /// An answer to an inquiry.
    Answer,
    /// A vote.
    Vote,
}

/// Whose a task is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The applicant.
    Applicant,
    /// The holders of a role.
    Role(RoleId),
}

/// A clock that started with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedClock {
    /// Its term.
    pub term: Term,
    /// Its deadline; absent where it starts suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
}

/// What an entry did to the statutory clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatutoryChange {
    /// It started; without a deadline, while a person had suspended the case.
    Started(StartedClock),
    /// It started suspended, as long as the case stands here.
    StartedSuspended(StartedClock),
    /// It is suspended while the case stands here.
    Suspended,
    /// It runs again, up to that deadline (absent while a person has suspended the case).
    Resumed(Option<Instant>),
    /// It stopped: the final deadline, and the one without suspensions and extensions.
    Stopped {
        /// By which it is judged.
        deadline: Instant,
        /// By which it would have been judged without suspensions and extensions.
        raw_deadline: Instant,
    },
}

/// An end that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReached {
    /// What came out.
    pub outcome: Outcome,
    /// Whether it is a decision.
    pub decision: bool,
    /// Whether the authority's silence brought it about.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_silence: bool,
    /// The licence that was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
    /// What the register of licences has of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Box<LicenceChange>>,
}

/// A deadline that a clock has from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDeadline {
    /// Which clock.
    pub clock: ClockNo,
    /// Its deadline.
    pub deadline: Instant,
}

/// A deadline that moved with the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedDeadline {
    /// Of which clock.
    pub clock: ClockNo,
    /// What it was.
    pub from: Instant,
    /// What it is; absent where the clock stands still now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Instant>,
    /// Since when it stands still: it was past its deadline when the case was suspended, and by the
    /// calendar as it is now it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_since: Option<Instant>,
    /// Whether it stands still because of the step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_by_step: bool,
    /// What becomes of its silence rule, where that is not what it was: a rule that was held waits
    /// for its time again when that has not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<SilenceState>,
}

/// A task that went to another role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassigned {
    /// The task.
    pub task: u32,
    /// The role.
    pub to: RoleId,
    /// The unit at which it is held.
    pub unit: UnitId,
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// As the definition says it.
    #[serde(rename = "as")]
    pub addressee: Addressee,
    /// Who that is here.
    pub to: Recipient,
}

/// Who that is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// One person.
    Person(PersonId),
    /// Everybody who holds the role at the unit.
    Holders {
        /// The role.
        role: RoleId,
        /// The unit.
        unit: UnitId,
    },
}

/// A vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// For the licence.
    For,
    /// Against it.
    Against,
    /// Counts for the quorum, not for the majority.
    Abstain,
}
