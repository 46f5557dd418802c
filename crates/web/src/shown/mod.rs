//! Values as people see them: dates, figures, what is left of a time, the ribbon of a clock.
//!
//! Dates of the Jalali calendar and Persian digits are made here and nowhere else.

#![allow(
    dead_code,
    unused_imports,
    reason = "the worklist and the case show what is not shown yet"
)]

pub(crate) mod code;
pub(crate) mod dates;
pub(crate) mod digits;
pub(crate) mod left;
pub(crate) mod ribbon;

pub(crate) use self::{
    code::Code,
    dates::{Day, Moment},
    left::{Left, Mark},
    ribbon::{Ribbon, Size},
};
