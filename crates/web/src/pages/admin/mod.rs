//! Administration: one place at the side, whose first page lists its parts, each for whom it is.

mod calendars;
mod jobs;
mod operation;
mod people;
mod publishing;
mod sent;
mod source;
mod workflows;

use askama::Template;
use axum::response::Response;
use parvaneh_store::Viewer;

use super::{Frame, page, routes::Pages, visit::Visit};
use crate::{
    policy::{self, Task},
    problem::Problem,
    say::{Said, Words},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin", admin)
        .merge(calendars::pages())
        .merge(jobs::pages())
        .merge(people::pages())
        .merge(operation::pages())
        .merge(workflows::pages())
}

/// A part of the administration.
struct Part {
    /// Its address.
    address: &'static str,
    /// What it is called.
    name: fn(Words) -> Said,
    /// What is done there, in a line.
    about: fn(Words) -> Said,
    /// Who needs it. That hides nothing: the page itself asks `policy`.
    for_whom: fn(&Viewer) -> bool,
}

/// The parts, in the order in which they are listed.
static PARTS: &[Part] = &[
    Part {
        address: "/admin/workflows",
        name: |words| words.t("admin-workflows"),
        about: |words| words.t("admin-workflows-about"),
        for_whom: |viewer| policy::permit_everywhere(viewer, Task::AdministerWorkflows).is_ok(),
    },
    Part {
        address: "/admin/calendars",
        name: |words| words.t("admin-calendars"),
        about: |words| words.t("admin-calendars-about"),
        for_whom: calendars::keeps,
    },
    Part {
        address: "/admin/people",
        name: |words| words.t("admin-people"),
        about: |words| words.t("admin-people-about"),
        for_whom: people::looks_after_people,
    },
    Part {
        address: "/admin/units",
        name: |words| words.t("admin-units"),
        about: |words| words.t("admin-units-about"),
        for_whom: people::looks_after_people,
    },
    Part {
        address: "/admin/delegations",
        name: |words| words.t("admin-lent"),
        about: |words| words.t("admin-lent-about"),
        for_whom: people::looks_after_people,
    },
    Part {
        address: "/admin/health",
        name: |words| words.t("admin-health"),
        about: |words| words.t("admin-health-about"),
        for_whom: operation::operates,
    },
    Part {
        address: "/admin/deliveries",
        name: |words| words.t("admin-deliveries"),
        about: |words| words.t("admin-deliveries-about"),
        for_whom: operation::operates,
    },
    Part {
        address: "/admin/webhooks",
        name: |words| words.t("admin-webhooks"),
        about: |words| words.t("admin-webhooks-about"),
        for_whom: operation::operates,
    },
    Part {
        address: "/admin/parked",
        name: |words| words.t("admin-parked"),
        about: |words| words.t("admin-parked-about"),
        for_whom: operation::operates,
    },
    Part {
        address: "/admin/jobs",
        name: |words| words.t("admin-jobs"),
        about: |words| words.t("admin-jobs-about"),
        for_whom: operation::operates,
    },
];

/// Whether somebody has anything to administer.
pub(super) fn administers(viewer: &Viewer) -> bool {
    PARTS.iter().any(|part| (part.for_whom)(viewer))
}

/// A part as it is listed.
struct PartShown {
    address: &'static str,
    name: String,
    about: String,
}

#[derive(Template)]
#[template(path = "admin/parts.html")]
struct Administration {
    frame: Frame,
    parts: Vec<PartShown>,
}

async fn admin(visit: Visit) -> Result<Response, Problem> {
    let words = visit.look.words;
    let parts = PARTS.iter().filter(|part| (part.for_whom)(&visit.viewer));
    let parts = parts.map(|part| PartShown {
        address: part.address,
        name: (part.name)(words).into(),
        about: (part.about)(words).into(),
    });
    let parts: Vec<PartShown> = parts.collect();
    if parts.is_empty() {
        return Err(Problem::forbidden("this is for those who look after a part of the service"));
    }
    page(&visit.look, &Administration { frame: visit.frame(words.t("place-admin")), parts })
}
