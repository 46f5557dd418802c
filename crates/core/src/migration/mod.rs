//! Moving running cases from one version of a workflow to another.
//!
//! A [`Mapping`] is a file that somebody writes: where a case that stands in a step of the old
//! version stands in the new one, and what becomes of each clock. It is checked against both
//! versions ([`Mapping::check`]), every problem at once; [`crate::migrate`] then moves one case by it,
//! and the event that comes of it ([`Migrated`]) says all that changed.
//!
//! What others were told stays: unless the mapping says otherwise, the statutory clock, the terms of
//! the applicant and the inquiries keep their deadlines; the organisation's own tasks take the terms of
//! the new version, counted from where they began.

mod check;
mod demands;
mod fact;
mod read;
mod starter;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    fact::{ClockMove, Counted, Migrated, MigratedClock, MigratedTask, VersionOf},
    read::{Checked, Heading, code},
    starter::starter,
};
use crate::{BranchId, DocumentId, FieldId, StepId, WorkflowId};

/// What becomes of a clock that runs or stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockRule {
    /// It keeps its term, and so its deadline.
    Keep,
    /// It takes the term of the new version, counted from the same start, with its suspensions and
    /// extensions.
    Recount,
    /// It starts anew with the migration, with the term of the new version.
    Restart,
}

impl ClockRule {
    /// Every rule by its name in a mapping.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("recount", Self::Recount), ("restart", Self::Restart)];
}

/// What becomes of the statutory clock. It never starts anew: it is what the organisation is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatutoryRule {
    /// It keeps its term, and so its deadline.
    Keep,
    /// It takes the term of the new version, counted from the same start.
    Recount,
}

impl From<StatutoryRule> for ClockRule {
    fn from(rule: StatutoryRule) -> Self {
        match rule {
            StatutoryRule::Keep => Self::Keep,
            StatutoryRule::Recount => Self::Recount,
        }
    }
}

/// How running cases move from one version of a workflow to another. One that was read from a file
/// says of every step of the old version where its cases go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The version by which the cases run.
    pub from: u32,
    /// The version by which they are to run.
    pub to: u32,
    /// SHA-256 of the mapping's file, in hexadecimal.
    pub hash: String,
    /// What becomes of the statutory clock.
    pub statutory: StatutoryRule,
    /// Where the cases of each step go. Those of a step that is not named stay with their version.
    pub steps: BTreeMap<StepId, StepMapping>,
    /// What becomes of fields that are not the same: another name, or nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<FieldId, Option<FieldId>>,
    /// What becomes of kinds of paper that are not the same: another name, or nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<DocumentId, Option<DocumentId>>,
}

/// Where the cases of a step go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMapping {
    /// The step of the new version.
    pub to: StepId,
    /// What becomes of the clock of its task; `None` is what is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockRule>,
    /// Where the branches of a parallel step go.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<BranchId, BranchMapping>,
}

/// Where a branch goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchMapping {
    /// The branch of the new version.
    pub to: BranchId,
    /// What becomes of its clock; `None` is what is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockRule>,
}
