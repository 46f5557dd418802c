//! A batch of cases on its way through the one write path: read, decide, write.

mod agenda;
mod applicant;
mod held;
mod judge;
mod load;
mod personal;
mod register;
mod write;

pub(crate) use agenda::{Sittings, open_sittings, sitting};
pub(crate) use applicant::{DECISION, RECEIVED, TURN};
pub(crate) use judge::{Decision, Judged, judge, reread, tick};
pub(crate) use load::{Loaded, Stored, load};
pub(crate) use register::{is_overtaken, registered, state_of};
pub(crate) use write::INFORMATION;
pub(crate) use write::write;
