//! Whole-application tests.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod store_execute;
mod store_faults;
mod store_fixture;
mod store_read;
mod store_rights;
mod worker;
