//! What runs by itself: whether it does well, what did not arrive, what could not be treated, work on many
//! cases, and the programs that are told. For administrators of the whole organisation.

mod deliveries;
mod health;
mod jobs;
mod parked;
mod webhooks;

use parvaneh_store::Viewer;
use serde::Deserialize;

use crate::{
    pages::routes::Pages,
    policy::{self, Task},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .merge(health::pages())
        .merge(deliveries::pages())
        .merge(webhooks::pages())
        .merge(parked::pages())
        .merge(jobs::pages())
}

/// Whether somebody looks after what runs by itself.
pub(super) fn operates(viewer: &Viewer) -> bool {
    policy::permit_everywhere(viewer, Task::Operate).is_ok()
}

/// A form that brings nothing.
#[derive(Debug, Deserialize)]
struct Nothing {}
