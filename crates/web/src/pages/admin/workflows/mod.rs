//! Workflows: which there are, what is wrong with them, publishing, retiring, moving cases.
//!
//! For administrators of the whole organisation. What is asked and changed is asked and changed by
//! the functions of `api::workflows`, `api::migrations` and `api::jobs`.

mod list;

use super::super::{routes::Pages, visit::Visit};
use crate::{
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn pages() -> Pages {
    Pages::default().get("/admin/workflows", list::list)
}

/// Lets pass who looks after workflows.
fn permit(visit: &Visit) -> Result<(), Problem> {
    policy::permit_everywhere(&visit.viewer, Task::AdministerWorkflows)
}
