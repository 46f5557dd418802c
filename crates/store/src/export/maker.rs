//! Exports that are more than a list of events: who makes them is brought by whoever runs the program.

use std::{fmt, pin::Pin};

use tokio::sync::mpsc;

use super::ExportRow;
use crate::{Store, StoreError, Viewer};

/// Makes one format, from what its asker sees.
pub trait ExportMaker: fmt::Debug + Send + Sync {
    /// Makes the file, and hands it on piece by piece. What was handed on is good for nothing where this fails.
    fn make<'a>(&'a self, order: ExportOrder<'a>, pieces: mpsc::Sender<Vec<u8>>) -> Making<'a>;
}

/// What comes of making.
pub type Making<'a> = Pin<Box<dyn Future<Output = Result<ExportMade, NotMade>> + Send + 'a>>;

/// What is to be made, for whom.
#[derive(Clone, Copy, Debug)]
pub struct ExportOrder<'a> {
    /// The store.
    pub store: &'a Store,
    /// The asker, with what he sees now.
    pub viewer: &'a Viewer,
    /// The export.
    pub export: &'a ExportRow,
}

/// How much a made file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportMade {
    /// How many events.
    pub events: u64,
    /// Of how many cases.
    pub cases: u64,
}

/// Why a file was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its asker does not see that at work.
    #[error("whoever asked for it does not see that at work")]
    NotPermitted,
    /// Nobody takes the pieces any more.
    #[error("nobody takes it any more")]
    Unwanted,
    /// There is no such file of that; why.
    #[error("{0}")]
    Refused(String),
}
