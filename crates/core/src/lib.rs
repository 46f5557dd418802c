//! The pure heart of Parvaneh: what a licensing procedure is, what a clock counts, what a person
//! may do, and what follows from it.
//!
//! **Invariant.** Nothing here does I/O, reads a clock, draws a random number or makes an
//! identifier: time, identifiers and texts are handed in. Equal input gives equal output.

pub mod calendar;
pub mod clock;
pub mod definition;
pub mod document;
pub mod id;
mod term;

pub use calendar::{Calendar, CalendarSource, Calendars, NoDeadline};
pub use clock::{Explanation, Instant, Ledger, Suspension};
pub use id::{
    ActionId, BranchId, CalendarId, CaseId, PersonId, RoleId, StepId, UnitId, WorkflowId,
};
pub use term::{Term, TermError, TermUnit};
