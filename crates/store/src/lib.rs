//! Cases, events and tasks in Postgres: the one write path and the read models.
//!
//! **Invariant.** Nothing here knows HTTP or screens, transactions never leave this crate, and
//! whoever begins one commits it.

pub mod embedded;
#[doc(hidden)]
pub mod testing;
