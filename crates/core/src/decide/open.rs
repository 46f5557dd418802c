//! Opening a case.

use chrono::SubsecRound;
use serde::{Deserialize, Serialize};

use super::{
    Context, Decided, Draft, Refusal, RefusalCode, calendar_at, fill, given, optional, permitted,
};
use crate::{
    CaseId, PersonId, UnitId,
    actor::Caller,
    case::{Case, open_records},
    clock::Instant,
    definition::{Initiative, Permission},
    event::{By, Entry, Event, Fact},
    form::Given,
    register,
};

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The case, by an identifier made at the edge.
    pub case: CaseId,
    /// The unit that receives it.
    pub unit: UnitId,
    /// Who applies.
    pub applicant: PersonId,
    /// What it is about.
    pub subject: String,
    /// When the paper was handed in, if earlier than now; needs a reason and an officer.
    pub received_at: Option<Instant>,
    /// Why it is recorded only now.
    pub reason: Option<String>,
    /// Of what licence or other case it speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<register::Reference>,
    /// What is filled in.
    #[serde(flatten)]
    pub given: Given,
}

/// Opens a case: by the applicant himself, or by a role that may.
///
/// # Errors
/// A [`Refusal`]: no permission, a unit of the wrong level, a receipt in the future or without a
/// reason, values with faults, or something of which the procedure does not speak.
pub fn open(ctx: &Context<'_>, application: &Open) -> Result<Decided, Refusal> {
    let definition = ctx.definition;
    let now = ctx.now.trunc_subsecs(6);
    let level = ctx.organisation.get(&application.unit).map(|unit| unit.level);
    if level != Some(definition.opens_at) {
        let reason = format!(
            "'{}' is not a unit that receives cases of {}",
            application.unit, definition.id
        );
        return Err(RefusalCode::WrongUnit.because(reason));
    }
    let by = match ctx.caller {
        Caller::System => {
            return Err(RefusalCode::NotPermitted.because("only a person opens a case"));
        }
        Caller::Person(actor)
            if actor.person == application.applicant
                && definition.initiative == Initiative::Applicant
                && application.received_at.is_none() =>
        {
            By::Applicant(actor.person)
        }
        Caller::Person(actor) => permitted(ctx, actor, Permission::Open, &application.unit)?,
    };
    let received_reason = match application.received_at {
        Some(at) if at > now => {
            return Err(RefusalCode::ReceivedInFuture
                .because("a paper cannot have been received in the future"));
        }
        Some(_) => {
            let why = "the reason why an earlier paper is recorded only now";
            Some(given(application.reason.as_deref(), RefusalCode::ReasonNeeded, why)?.to_owned())
        }
        None => optional(application.reason.as_deref())?,
    };
    let at = application.received_at.map_or(now, |at| at.trunc_subsecs(6));
    let subject =
        given(Some(&application.subject), RefusalCode::TextInvalid, "a subject")?.to_owned();
    // What counts is how it stood when the paper came in.
    let day = calendar_at(ctx, &application.unit).local_date(at);
    let about = register::check(ctx, application, day)?.map(Box::new);
    let fill::Brought { filling, papers } =
        fill::application(ctx, &application.unit, now, &application.given)?;

    let nowhere = Entry {
        step: definition.first.clone(),
        through: Vec::new(),
        tasks: Vec::new(),
        statutory: None,
        end: None,
    };
    let fact = Fact::Opened {
        case: application.case,
        workflow: definition.id.clone(),
        version: definition.version,
        definition: definition.hash.clone(),
        calendar: ctx.calendars.id().clone(),
        calendar_version: ctx.calendars.version().to_owned(),
        calendar_revision: ctx.calendars.revision().map(|revision| revision.no),
        unit: application.unit.clone(),
        applicant: application.applicant,
        subject,
        received_reason,
        values: filling.values,
        about,
        entry: nowhere,
    };
    let mut opening = Event { seq: 1, effective_at: at, recorded_at: now, by: by.clone(), fact };
    let mut unopened = Case::opened(&opening).expect("an opening opens");
    unopened.seq = 0;
    let mut draft = Draft::new(ctx, unopened);
    let reached = draft.entry(&definition.first, at, false)?;
    if let Fact::Opened { entry, .. } = &mut opening.fact {
        *entry = reached;
    }
    draft.openings = filling.openings;
    draft.case = Case::opened(&opening).expect("an opening opens");
    let opened: Vec<_> = open_records(&draft.case, |_| true).collect();
    draft.keep_tasks(opened);
    draft.events.push(opening);
    // Its papers came with it, whenever that is recorded.
    for paper in papers {
        draft.record(at, by.clone(), paper);
    }
    // A paper that was received long ago may already be past a deadline.
    let next_due = draft.catch_up()?;
    Ok(draft.finish(next_due))
}
