//! What every part of the store shares.

use std::sync::{Arc, OnceLock};

use sqlx::PgPool;

use crate::{
    gate::Gate,
    hint::Hints,
    news::Newsroom,
    read::{ExperienceCache, HistoryCache},
    reference::Cache,
    vault::Vault,
    visitors::Visitors,
};

/// What every part of the store shares.
#[derive(Debug)]
pub(crate) struct Engine {
    /// For everything that writes. Used only by tasks that no caller can cancel.
    pub(crate) writers: PgPool,
    /// For reading; these connections cannot write.
    pub(crate) readers: PgPool,
    /// One connection, apart from all work: whether the database answers, and how far it is behind.
    pub(crate) watcher: PgPool,
    /// For reading for a person: what these see is named in each transaction, and before it is nothing.
    pub(crate) visitors: Arc<Visitors>,
    /// Where everybody is looked up who comes in.
    pub(crate) gate: Gate,
    pub(crate) cache: Cache,
    pub(crate) hints: Hints,
    pub(crate) newsroom: Newsroom,
    /// How long tasks took lately.
    pub(crate) history: HistoryCache,
    /// What became of applications lately.
    pub(crate) experience: ExperienceCache,
    /// Held by whoever does a portion of a job: one at a time in a process.
    pub(crate) jobs: tokio::sync::Mutex<()>,
    /// By what secrets are sealed, once there is a key.
    pub(crate) vault: OnceLock<Vault>,
}
