//! Workflows: which there are, what is wrong with them, publishing, retiring, moving cases.
//!
//! For administrators of the whole organisation. What is asked and changed is asked and changed by
//! the functions of `api::workflows`, `api::migrations` and `api::jobs`.

mod list;
mod migration;
mod publish;
mod retire;
mod version;
mod versions;

use super::super::{look::in_query, routes::Pages, visit::Visit};
use crate::{
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/workflows", list::list)
        .get("/admin/publish/workflow", publish::ask)
        .post("/admin/publish/workflow", publish::take)
        .get("/admin/workflows/{id}", versions::versions)
        .get("/admin/workflows/{id}/migration", migration::ask)
        .post("/admin/workflows/{id}/migration", migration::take)
        .get("/admin/workflows/{id}/{version}", version::drawn)
        .get("/admin/workflows/{id}/{version}/source", version::written)
        .get("/admin/workflows/{id}/{version}/retired", retire::ask)
        .post("/admin/workflows/{id}/{version}/retired", retire::take)
}

/// Lets pass who looks after workflows.
fn permit(visit: &Visit) -> Result<(), Problem> {
    policy::permit_everywhere(&visit.viewer, Task::AdministerWorkflows)
}

/// The address of a workflow, with what follows.
fn address(id: &str, rest: &str) -> String {
    format!("/admin/workflows/{}{rest}", in_query(id))
}
