//! A year of licensing for the whole country, lived through the real engine.
//!
//! Nothing here decides, measures or escalates: people are simulated, and what they ask for goes
//! through the store's one write path, while the worker's own code does what time causes. The
//! sandbox clock stands still within a slot of an hour and then jumps to the next, so that the
//! same seed gives the same year.

mod behaviour;
mod country;
mod desk;
#[cfg(test)]
mod rehearsal;
mod sandbox;
mod year;

pub(crate) use country::Country;
pub(crate) use sandbox::Sandbox;
pub(crate) use year::{Settings, Summary, Year};
