//! A case: a head that stays, and tabs, each a page with an address of its own.
//!
//! Whoever sees the case sees the same here as by the API: what an applicant is not told there stands
//! on none of these pages.

mod clocks;
mod documents;
mod doing;
mod drawing;
mod facts;
mod head;
mod inquiries;
mod links;
mod names;
mod own;
mod paper;
mod story;
pub(super) mod wording;

use std::collections::HashMap;

use parvaneh_core::{
    Calendar, CaseId, Definition, Instant, SittingId, UnitId,
    decide::{Obstacle, Possible},
    reach::Sight,
};
use parvaneh_store::{CaseContent, SeenCase};
use uuid::Uuid;

use self::head::Head;
use super::{Frame, routes::Pages, visit::Visit};
use crate::{App, problem::Problem, say::Words, shown::Moment};

pub(super) use self::doing::Sent;
pub(crate) use self::doing::TAKES_CONTENTS;
pub use self::paper::{Papers, Typesetter};
pub(super) use self::{
    names::Names,
    story::{Happened, Scene, Wording, people},
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/cases/{case}", facts::facts)
        .get("/cases/{case}/inquiries", inquiries::inquiries)
        .post("/cases/{case}/inquiries/{branch}/links", links::make)
        .post("/cases/{case}/inquiries/{branch}/links/{link}/revoke", links::revoke)
        .get("/cases/{case}/documents", documents::documents)
        .get("/cases/{case}/documents/{document}/view", documents::view)
        .get("/cases/{case}/timeline", story::story)
        .get("/cases/{case}/workflow", drawing::workflow)
        .get("/cases/{case}/clocks/{no}", clocks::clock)
        .get("/cases/{case}/do/{what}", doing::ask)
        .post("/cases/{case}/do/{what}", doing::take)
        .merge(own::pages())
}

/// A case that somebody looks at, with all that its pages are made of.
pub(super) struct Seen {
    visit: Visit,
    seen: SeenCase,
    /// The actions of its step that he cannot take now, and why.
    obstacles: Vec<Obstacle>,
    /// The files that it holds.
    held: Vec<CaseContent>,
    names: Names,
    /// When the sittings are on whose agenda it can be put.
    sittings: HashMap<SittingId, Instant>,
}

/// Opens a case for whoever visits.
///
/// # Errors
/// `not_found`, whether there is no such case or only not for him.
async fn open(app: &App, visit: Visit, case: Uuid) -> Result<Seen, Problem> {
    let seen = app.store.case_file_for(&visit.viewer, CaseId(case)).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    let case = &seen.file.case;
    let held = if case.documents.is_empty() && case.data.is_empty() {
        Vec::new()
    } else {
        app.store.reading_as(&visit.viewer).contents_of(case.id).await?
    };
    let obstacles = app.store.obstacles(&visit.viewer, case).await?;
    let names = Names::of(app, &seen).await?;
    let mut sittings = HashMap::new();
    for possible in &seen.possible {
        if let Possible::PutOnAgenda { sitting } = possible {
            sittings.insert(*sitting, app.store.sitting(*sitting).await?.sitting.at);
        }
    }
    Ok(Seen { visit, seen, obstacles, held, names, sittings })
}

impl Seen {
    fn words(&self) -> Words {
        self.visit.look.words
    }

    fn definition(&self) -> &Definition {
        &self.seen.definition
    }

    /// Whether he sees it because he works there.
    fn inside(&self) -> bool {
        self.seen.sight == Sight::Office
    }

    /// The calendar by which a unit counts.
    fn calendar(&self, unit: &UnitId) -> &Calendar {
        self.seen.calendars.for_unit(self.visit.viewer.organisation.path(unit))
    }

    /// The calendar of the unit that received the case.
    fn own_calendar(&self) -> &Calendar {
        self.calendar(&self.seen.file.case.unit)
    }

    /// Where its story is told.
    fn scene(&self) -> Scene<'_> {
        Scene {
            words: self.words(),
            inside: self.inside(),
            calendar: self.own_calendar(),
            organisation: &self.visit.viewer.organisation,
        }
    }

    fn moment(&self, at: Instant) -> Moment {
        Moment::at(at, self.own_calendar(), self.words())
    }

    /// What a unit is called.
    fn unit(&self, unit: &UnitId) -> String {
        let found = self.visit.viewer.organisation.get(unit);
        found.map_or_else(|| unit.to_string(), |unit| self.words().of(&unit.title).to_owned())
    }

    /// The address of the case, with what follows.
    fn address(&self, rest: &str) -> String {
        format!("/cases/{}{rest}", self.seen.file.case.id)
    }

    fn frame(&self) -> Frame {
        self.visit.frame(&self.seen.file.case.subject)
    }

    fn head(&self, tab: Tab) -> Head {
        Head::of(self, tab)
    }
}

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    /// What stands in it, and what is filled in.
    Facts,
    /// What other bodies are asked.
    Inquiries,
    /// Papers and files.
    Documents,
    /// What has happened.
    Story,
    /// The procedure, drawn.
    Workflow,
    /// None of them: something that a tab leads to.
    Beside,
}
