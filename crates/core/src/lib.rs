//! The pure heart of Parvaneh: what a licensing procedure is, what a clock counts, what a person
//! may do, and what follows from it.
//!
//! **Invariant.** Nothing here does I/O, reads a clock, draws a random number or makes an
//! identifier: time, identifiers and texts are handed in. Equal input gives equal output.

pub mod actor;
pub mod audit;
pub mod calendar;
pub mod case;
pub mod clock;
pub mod decide;
pub mod definition;
pub mod delegation;
pub mod document;
pub mod event;
pub mod expression;
mod fact_kinds;
pub mod form;
pub mod id;
pub mod jalali;
pub mod log;
pub mod measure;
pub mod migration;
pub mod order;
pub mod patterns;
pub mod personal;
pub mod reach;
pub mod record;
pub mod register;
pub mod scenario;
pub mod sitting;
pub mod soundness;
pub mod spent;
pub mod story;
mod term;
pub mod timeline;

pub use actor::{Actor, Caller, Grant, NaturalPerson, Organisation, Unit};
pub use calendar::{Calendar, CalendarSource, Calendars, NoDeadline};
pub use case::{Case, Place, Task, TaskRecord, evolve};
pub use clock::{Explanation, Instant, Ledger, Suspension};
pub use decide::{Command, Context, Decided, Open, Refusal, RefusalCode, decide, migrate, open};
pub use definition::Definition;
pub use event::{Event, Fact};
pub use form::Given;
pub use id::{
    ActionId, BranchId, CalendarId, CaseId, DelegationId, DocumentId, FieldId, FormId, LinkId,
    PersonId, RoleId, SittingId, StepId, UnitId, WorkflowId,
};
pub use jalali::{JalaliDate, JalaliPeriod};
pub use migration::Mapping;
pub use record::{RecordedCase, RecordedEvent};
pub use register::LicenceNumber;
pub use sitting::Sitting;
pub use term::{Term, TermError, TermUnit};
