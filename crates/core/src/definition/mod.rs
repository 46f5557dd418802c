//! Workflow definitions: the file that an administrator writes, and the checked graph that it
//! becomes.
//!
//! A [`Definition`] exists only when the file it came from has no error left, so that the rest of
//! the crate never meets an unknown step, an owner without a level or a step without a way out.
//! `docs/WORKFLOWS.md` describes the language; [`crate::soundness`] holds the rules that a
//! definition must keep.

mod about;
mod forms;
mod guards;
mod levels;
mod model;
mod people;
mod read;
mod steps;
#[cfg(test)]
mod tests;
mod written;

pub use about::{About, AboutWhat, CaseState, Change, ChangeKind};
pub use guards::{Exit, Guard};
pub use model::*;
pub use read::{Checked, code};
pub use written::json_schema;
