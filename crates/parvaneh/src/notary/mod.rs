//! Those who sign checkpoints: the log's signer, and an auditor's witness. Each has a folder of his own, with his key
//! and what he signed last, and asks `parvaneh_core::log::notary` whether he may.

mod seat;
pub(crate) mod signer;
pub(crate) mod witness;

pub(crate) use self::seat::{Lock, Seat};
