//! Applying: a draft that is kept for its person, one question a page, then everything at once to be
//! looked at, and handed in by the function that the API hands in by.

mod about;
mod ask;
mod begin;
mod check;
mod questions;
mod take;

use std::sync::Arc;

use chrono::NaiveDate;
use parvaneh_core::{Calendar, Calendars, Definition, UnitId};
use parvaneh_store::ApplicationDraft;
use serde_json::Value;
use uuid::Uuid;

use self::questions::{Question, UNIT, questions};
use super::{Frame, licences::open_to_applicant, routes::Pages, visit::Visit};
use crate::{App, problem::Problem, say::Words};

pub(super) use self::begin::{Begun, begun};

/// The address that takes files.
pub(crate) const TAKES_CONTENTS: &str = "/drafts/{draft}/ask/{question}";

/// How many applications somebody may have begun at a time.
const MOST: u32 = 20;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/apply/{workflow}", begin::look)
        .post("/apply/{workflow}", begin::begin)
        .get("/drafts/{draft}", check::look)
        .post("/drafts/{draft}", check::hand_in)
        .get("/drafts/{draft}/ask/{question}", ask::ask)
        .post("/drafts/{draft}/ask/{question}", take::take)
        .get("/drafts/{draft}/drop", begin::sure)
        .post("/drafts/{draft}/drop", begin::drop_it)
}

/// A draft that its person works on.
struct Drafting {
    visit: Visit,
    draft: ApplicationDraft,
    definition: Arc<Definition>,
    calendars: Arc<Calendars>,
}

/// Opens somebody's draft, by the latest version of its procedure.
///
/// # Errors
/// `not_found`, whether there is none or only none of his.
async fn open(app: &App, visit: Visit, draft: Uuid) -> Result<Drafting, Problem> {
    let draft = app.store.reading_as(&visit.viewer).draft(draft).await?;
    let draft = draft.filter(|draft| draft.person == visit.caller.person);
    let draft = draft.ok_or_else(Problem::not_found)?;
    let definition = open_to_applicant(app, draft.workflow.as_str()).await?;
    let calendars = app.store.calendars(&definition.calendar).await?;
    Ok(Drafting { visit, draft, definition, calendars })
}

impl Drafting {
    fn words(&self) -> Words {
        self.visit.look.words
    }

    /// The unit that is to receive it, where one is chosen, or where there is only one.
    fn unit(&self) -> Option<UnitId> {
        let organisation = &self.visit.viewer.organisation;
        let mut units = organisation.units().filter(|unit| unit.level == self.definition.opens_at);
        match self.draft.answers.get(UNIT).and_then(Value::as_str) {
            Some(chosen) => {
                units.find(|unit| unit.id.as_str() == chosen).map(|unit| unit.id.clone())
            }
            None => {
                let only = units.next()?;
                units.next().is_none().then(|| only.id.clone())
            }
        }
    }

    /// The calendar of that unit, or of the nation as long as none is chosen.
    fn calendar(&self) -> &Calendar {
        match self.unit() {
            Some(unit) => self.calendars.for_unit(self.visit.viewer.organisation.path(&unit)),
            None => self.calendars.national(),
        }
    }

    /// The day, where it counts.
    fn today(&self) -> NaiveDate {
        self.calendar().local_date(self.visit.viewer.now)
    }

    fn questions(&self) -> Vec<Question> {
        questions(&self.definition, &self.draft, self.today())
    }

    fn address(&self, rest: &str) -> String {
        format!("/drafts/{}{rest}", self.draft.id)
    }

    fn address_of(&self, question: &Question) -> String {
        self.address(&format!("/ask/{}", question.name()))
    }

    /// The title of a page, with the procedure's own.
    fn frame(&self, title: &str) -> Frame {
        self.visit.frame(title)
    }

    fn procedure(&self) -> String {
        self.words().of(&self.definition.title).to_owned()
    }
}
