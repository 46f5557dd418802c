//! The log over all timelines: who seals, what proves, and which checkpoints were signed.

mod checkpoint;
mod proof;
mod seal;

pub use checkpoint::{LogStanding, SignedCheckpoint, WitnessRow};
pub use proof::Proven;
pub use seal::Sealed;

use crate::StoreError;

/// A number of the log as the database has it.
fn stored(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Log(too_large(number)))
}

fn too_large(size: u64) -> parvaneh_core::log::LogError {
    parvaneh_core::log::LogError::SizeTooLarge { size }
}

fn broken(why: impl Into<String>) -> StoreError {
    StoreError::LogBroken(why.into())
}
