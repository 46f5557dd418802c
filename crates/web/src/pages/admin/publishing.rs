//! What publishing a text shows, of a workflow as of a calendar: the text, everything that is wrong with
//! it, and where nothing is, in what it differs from the one before, with the publishing itself.

use askama::Template;

use super::source::{Differences, Source};
use crate::{pages::Frame, pages::visit::Visit, say::Said};

/// What would be published.
pub(super) struct Ready {
    pub(super) told: Said,
    /// What it is held against, and in what they differ.
    pub(super) differences: Option<(Said, Differences)>,
    /// What the button says; nothing where that version is published already.
    pub(super) publishes: Option<Said>,
}

#[derive(Template)]
#[template(path = "admin/publish.html")]
pub(super) struct Publishing {
    frame: Frame,
    /// Where the form is sent.
    action: &'static str,
    up: (&'static str, Said),
    hint: Said,
    text: String,
    /// What stands in the way of reading or publishing it at all.
    pub(super) told: Option<String>,
    pub(super) source: Option<Source>,
    pub(super) ready: Option<Ready>,
}

impl Publishing {
    /// Of a workflow.
    pub(super) fn of_workflow(visit: &Visit, text: String) -> Self {
        let words = visit.look.words;
        let up = ("/admin/workflows", words.t("admin-workflows"));
        Self::of(visit, words.t("workflow-publish"), "/admin/publish/workflow", up, text)
    }

    /// Of a calendar.
    pub(super) fn of_calendar(visit: &Visit, text: String) -> Self {
        let words = visit.look.words;
        let up = ("/admin/calendars", words.t("admin-calendars"));
        Self::of(visit, words.t("calendar-publish"), "/admin/publish/calendar", up, text)
    }

    fn of(
        visit: &Visit,
        title: Said,
        action: &'static str,
        up: (&'static str, Said),
        text: String,
    ) -> Self {
        let frame = visit.frame(title);
        let hint = visit.look.words.t("publish-hint");
        Self { frame, action, up, hint, text, told: None, source: None, ready: None }
    }
}
