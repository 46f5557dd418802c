//! The head of a case, which stays while one looks at its tabs.

use parvaneh_core::{
    Definition, Instant, Ledger, Place, UnitId,
    case::Clock,
    decide::{Obstacle, Possible},
    definition::Outcome,
};

use super::{
    Seen, Tab,
    doing::Doing,
    wording::{obstacle, outcome},
};
use crate::shown::{Code, Left, Mark, Moment, Ribbon, Size, ribbon::Story};

/// A date by which something should be done, with what is left until then.
#[derive(Clone, Debug)]
pub(super) struct Until {
    /// When; none while its clock stands still.
    pub(super) at: Option<Moment>,
    /// What is left.
    pub(super) left: Left,
}

/// Something that can be done now.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// Its address.
    pub(super) address: String,
    /// What the button says.
    pub(super) title: String,
    /// Whether it is what the step is there for.
    pub(super) main: bool,
}

/// Something that cannot be done now.
#[derive(Clone, Debug)]
pub(super) struct Barred {
    /// What it is.
    pub(super) title: String,
    /// Why not.
    pub(super) why: Vec<String>,
}

/// A tab, as it stands in the row of tabs.
#[derive(Clone, Debug)]
pub(super) struct TabShown {
    pub(super) address: String,
    pub(super) title: String,
    pub(super) current: bool,
}

/// The head.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) code: Code,
    pub(super) subject: String,
    pub(super) workflow: String,
    pub(super) applicant: String,
    pub(super) unit: String,
    /// Where it stands.
    pub(super) state: String,
    /// What came out, at an end.
    pub(super) outcome: Option<String>,
    pub(super) mark: Mark,
    /// Why a person has suspended it.
    pub(super) suspended: Option<String>,
    pub(super) ribbon: Option<Ribbon>,
    pub(super) statutory: Option<Until>,
    pub(super) norm: Option<Until>,
    pub(super) offers: Vec<Offer>,
    /// What is done more seldom.
    pub(super) more: Vec<Offer>,
    pub(super) barred: Vec<Barred>,
    pub(super) tabs: Vec<TabShown>,
}

impl Head {
    pub(super) fn of(seen: &Seen, tab: Tab) -> Self {
        let (words, file) = (seen.words(), &seen.seen.file);
        let (case, definition) = (&file.case, seen.definition());
        let (state, outcome, mark) = match &case.place {
            Place::Step { step, .. } => {
                (definition.title_of(step).map(|title| words.of(title)), None, Mark::Running)
            }
            Place::End { end, outcome: came, .. } => {
                let mark = if *came == Outcome::Granted { Mark::Done } else { Mark::Free };
                let title = definition.title_of(end).map(|title| words.of(title));
                (title, Some(outcome(*came, words).into()), mark)
            }
        };
        let statutory = case.statutory.as_ref();
        let (offers, more) = offers(seen);
        Self {
            code: Code::of(case.id),
            subject: case.subject.clone(),
            workflow: words.of(&definition.title).to_owned(),
            applicant: seen.names.person(case.applicant),
            unit: seen.unit(&case.unit),
            state: state.unwrap_or(case.place.name().as_str()).to_owned(),
            outcome,
            mark,
            suspended: case.suspension.as_ref().map(|suspension| suspension.reason.clone()),
            ribbon: statutory.map(|clock| ribbon(seen, clock)),
            statutory: statutory.map(|clock| until(seen, clock)),
            norm: statutory.and_then(|clock| norm_until(seen, clock)),
            offers,
            more,
            barred: barred(seen),
            tabs: tabs(seen, tab),
        }
    }
}

fn offers(seen: &Seen) -> (Vec<Offer>, Vec<Offer>) {
    let offer = |possible: &Possible| {
        let doing = Doing::of(possible);
        Offer {
            address: seen.address(&format!("/do/{}", doing.name())),
            title: doing.title(seen),
            main: matches!(
                possible,
                Possible::Act { .. } | Possible::Answer { .. } | Possible::Vote
            ),
        }
    };
    let first = |possible: &&Possible| {
        matches!(
            possible,
            Possible::Act { .. }
                | Possible::Answer { .. }
                | Possible::Vote
                | Possible::Fill
                | Possible::Claim { .. }
                | Possible::Comment
        )
    };
    let (first, rest): (Vec<&Possible>, Vec<&Possible>) =
        seen.seen.possible.iter().partition(first);
    let mut first: Vec<Offer> = first.into_iter().map(offer).collect();
    // One thing is the first to be done; the others stand beside it.
    let main = first.iter().position(|offer| offer.main);
    for (place, offer) in first.iter_mut().enumerate() {
        offer.main = Some(place) == main;
    }
    (first, rest.into_iter().map(offer).collect())
}

fn barred(seen: &Seen) -> Vec<Barred> {
    // To the applicant it is no news that the office does the office's work.
    let told = seen.obstacles.iter().filter(|_| seen.inside());
    let told = told.map(|told| {
        let Obstacle { action, .. } = told;
        let step = seen.definition().steps.get(seen.seen.file.case.place.name());
        let action = step.and_then(|step| step.actions.get(action));
        let title = action.map_or_else(
            || told.action.to_string(),
            |action| seen.words().of(&action.title).to_owned(),
        );
        Barred { title, why: obstacle(&told.refusal, action, seen.words()) }
    });
    told.collect()
}

fn tabs(seen: &Seen, tab: Tab) -> Vec<TabShown> {
    let words = seen.words();
    let inquires = seen.inside() && seen.seen.file.tasks.iter().any(|task| task.branch.is_some());
    let shown = |of: Tab, rest: &str, title: crate::say::Said| TabShown {
        address: seen.address(rest),
        title: title.into(),
        current: of == tab,
    };
    let mut tabs = vec![shown(Tab::Facts, "", words.t("case-tab-facts"))];
    if inquires {
        tabs.push(shown(Tab::Inquiries, "/inquiries", words.t("case-tab-inquiries")));
    }
    tabs.push(shown(Tab::Documents, "/documents", words.t("case-tab-documents")));
    tabs.push(shown(Tab::Story, "/timeline", words.t("case-tab-story")));
    tabs.push(shown(Tab::Workflow, "/workflow", words.t("case-tab-workflow")));
    tabs
}

/// The date of a clock, and what is left.
pub(super) fn until(seen: &Seen, clock: &Clock) -> Until {
    let calendar = seen.calendar(&clock.unit);
    let at = clock.deadline.map(|at| Moment::at(at, calendar, seen.words()));
    Until { at, left: left(seen, clock, clock.deadline) }
}

fn left(seen: &Seen, clock: &Clock, deadline: Option<Instant>) -> Left {
    let (words, calendar) = (seen.words(), seen.calendar(&clock.unit));
    match (clock.ledger.stopped_at, deadline) {
        (Some(at), deadline) => Left::stopped(deadline, at, calendar, words),
        (None, None) => Left::held(words),
        (None, Some(deadline)) => Left::until(deadline, seen.seen.file.now, calendar, words),
    }
}

/// Until when the organisation promises to be done: the service norm, counted like the statutory
/// clock, without its extensions.
pub(super) fn norm(seen: &Seen, clock: &Clock) -> Option<Ledger> {
    norm_of(seen.definition(), clock)
}

/// The same, by a definition.
pub(super) fn norm_of(definition: &Definition, clock: &Clock) -> Option<Ledger> {
    let term = definition.statutory.service_norm?;
    Some(Ledger { term, extensions: Vec::new(), ..clock.ledger.clone() })
}

fn norm_until(seen: &Seen, clock: &Clock) -> Option<Until> {
    let calendar = seen.calendar(&clock.unit);
    let at = norm(seen, clock)?.deadline(calendar).ok()?;
    let left = left(seen, clock, at);
    Some(Until { at: at.map(|at| Moment::at(at, calendar, seen.words())), left })
}

fn ribbon(seen: &Seen, clock: &Clock) -> Ribbon {
    let (now, calendar) = (seen.seen.file.now, seen.calendar(&clock.unit));
    let if_resumed = |ledger: &Ledger| ledger.deadline_if_resumed(calendar, now).ok();
    let deadline = clock.deadline.or_else(|| if_resumed(&clock.ledger));
    let norm = norm(seen, clock).and_then(|ledger| if_resumed(&ledger));
    let story = Story::of(&clock.ledger, deadline, norm, now);
    let left = left(seen, clock, clock.deadline);
    Ribbon::of(&story, left, Size::Large, seen.words()).explained_at(seen.address("/clocks/0"))
}

/// The title of a role, as this procedure calls it.
pub(super) fn role(seen: &Seen, role: &parvaneh_core::RoleId) -> String {
    let found = seen.definition().roles.get(role);
    found.map_or_else(|| role.to_string(), |role| seen.words().of(&role.title).to_owned())
}

/// Whose something is, and where.
pub(super) fn owner(seen: &Seen, owner: &parvaneh_core::event::Owner, unit: &UnitId) -> String {
    match owner {
        parvaneh_core::event::Owner::Applicant => seen.words().t("case-applicant").into(),
        parvaneh_core::event::Owner::Role(held) => {
            let (role, unit) = (role(seen, held), seen.unit(unit));
            seen.words().t("case-role-at").s("role", role).s("unit", unit).into()
        }
    }
}
