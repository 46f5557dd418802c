//! What a person can do with a case now: found by trying, so that it cannot disagree with
//! [`decide`](super::decide).

use serde::Serialize;

use super::{Command, Context, Draft, Refusal, RefusalCode, Unmet};
use crate::{
    ActionId, BranchId, DocumentId, FieldId, PersonId, SittingId, Term,
    actor::Caller,
    case::{Case, Place, SilenceState},
    definition::Answer,
    event::{ClockNo, Vote},
    form::{Given, PaperState, checklist},
};

/// Something that the caller can do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Possible {
    /// Take an action.
    Act {
        /// Which.
        action: ActionId,
        /// Whether a reason must be given.
        needs_reason: bool,
        /// Whether a condition's number must be cited.
        needs_citation: bool,
        /// The fields that must still be filled in.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        needs_values: Vec<FieldId>,
        /// The papers that must still be handed in; they may come with it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        needs_papers: Vec<DocumentId>,
    },
    /// Fill in the step's form.
    Fill,
    /// Hand in a paper that is asked for and not there in good order.
    AttachDocument {
        /// Its kind.
        document: DocumentId,
        /// Whether the day of its issue must be told.
        needs_issue_day: bool,
    },
    /// Look at a paper.
    VerifyDocument {
        /// Its kind.
        document: DocumentId,
    },
    /// Take a task.
    Claim {
        /// Which.
        task: u32,
    },
    /// Put a task back.
    Release {
        /// Which.
        task: u32,
    },
    /// Give a task to a person.
    Assign {
        /// Which.
        task: u32,
    },
    /// Bring the case to somebody's notice.
    Inform,
    /// Answer an inquiry.
    Answer {
        /// Which.
        branch: BranchId,
    },
    /// Vote.
    Vote,
    /// Put the case on the agenda of a sitting.
    PutOnAgenda {
        /// Which: one of the next three with room.
        sitting: SittingId,
    },
    /// Take it off the agenda.
    TakeOffAgenda,
    /// Take no part in the case, as a member of its commission.
    Recuse,
    /// Suspend the clocks.
    Suspend,
    /// Let them run again.
    Resume,
    /// Extend a clock.
    Extend {
        /// Which.
        clock: ClockNo,
    },
    /// Withdraw the application.
    Withdraw,
    /// Release or waive a held silence rule.
    ReleaseSilence {
        /// Of which clock.
        clock: ClockNo,
    },
    /// Leave a remark.
    Comment,
}

/// What the caller can do with the case now, in the order of usefulness. Empty for the program.
pub fn possible(ctx: &Context<'_>, case: &Case) -> Vec<Possible> {
    if *ctx.caller == Caller::System {
        return Vec::new();
    }
    let mut draft = Draft::new(ctx, case.clone());
    let caught_up = draft.belongs().and_then(|()| draft.catch_up());
    if !caught_up.is_ok_and(|due| due.is_none_or(|due| due > draft.now)) {
        return Vec::new();
    }
    let case = &draft.case;
    let text = || "-".to_owned();
    let mut candidates: Vec<(Possible, Command)> = Vec::new();
    if let (Place::Step { .. }, Ok(step)) = (&case.place, draft.step()) {
        for (name, action) in &step.actions {
            let (needs_reason, needs_citation) = (action.needs_reason, action.needs_citation);
            let (reason, citation, given) = (Some(text()), Some(text()), Given::default());
            let command = Command::Act { action: name.clone(), reason, citation, given };
            let needs_values = draft.missing_values(action);
            let needs_papers = draft.missing_papers(action);
            let action = name.clone();
            candidates.push((
                Possible::Act { action, needs_reason, needs_citation, needs_values, needs_papers },
                command,
            ));
        }
        for (document, _) in checklist(step, None) {
            let (kind, state) =
                (ctx.definition.documents.get(document), draft.paper_state(document));
            let (Some(kind), Some(state)) = (kind, state) else { continue };
            let document = document.clone();
            if state == PaperState::Unverified {
                let possible = Possible::VerifyDocument { document: document.clone() };
                let (good, reason) = (true, None);
                candidates.push((possible, Command::VerifyDocument { document, good, reason }));
            } else if state != PaperState::Good {
                let needs_issue_day = kind.valid_for.is_some();
                let possible =
                    Possible::AttachDocument { document: document.clone(), needs_issue_day };
                candidates.push((possible, draft.any_paper(document, kind)));
            }
        }
        candidates.push((Possible::Fill, Command::Fill { given: Given::default() }));
    }
    for task in &case.tasks {
        if let Some(branch) = &task.branch {
            let (answer, reason, reference) = (Answer::Positive, None, None);
            let command = Command::Answer { branch: branch.clone(), answer, reason, reference };
            candidates.push((Possible::Answer { branch: branch.clone() }, command));
        }
    }
    let voted = |person: &PersonId| match &case.place {
        Place::Step { votes, .. } => votes.contains_key(person),
        Place::End { .. } => true,
    };
    if matches!(ctx.caller, Caller::Person(actor) if !voted(&actor.natural.id)) {
        candidates.push((Possible::Vote, Command::Vote { vote: Vote::For, reason: None }));
    }
    for task in &case.tasks {
        match task.assignee {
            None => candidates
                .push((Possible::Claim { task: task.no }, Command::Claim { task: task.no })),
            Some(_) => {
                let command = Command::Release { task: task.no, reason: None };
                candidates.push((Possible::Release { task: task.no }, command));
            }
        }
    }
    if let (Some(sittings), Place::Step { .. }) = (ctx.sittings, &case.place) {
        let mut open: Vec<_> = sittings.iter().filter(|it| it.has_room(draft.now)).collect();
        open.sort_by_key(|sitting| (sitting.at, sitting.id));
        for id in open.iter().take(3).map(|sitting| sitting.id) {
            if case.hearing.on_agenda.is_none_or(|on| on.sitting != id) {
                let command = Command::PutOnAgenda { sitting: id };
                candidates.push((Possible::PutOnAgenda { sitting: id }, command));
            }
        }
    }
    candidates.push((Possible::TakeOffAgenda, Command::TakeOffAgenda { reason: text() }));
    if matches!(ctx.caller, Caller::Person(actor) if !case.hearing.recused.contains_key(&actor.person))
    {
        candidates.push((Possible::Recuse, Command::Recuse { member: None, reason: text() }));
    }
    candidates.push((Possible::Suspend, Command::Suspend { reason: text(), basis: None }));
    candidates.push((Possible::Resume, Command::Resume { reason: None }));
    for (no, clock) in case.clocks() {
        let by = Term { count: 1, unit: clock.ledger.term.unit };
        candidates.push((
            Possible::Extend { clock: no },
            Command::Extend { clock: no, by, reason: text() },
        ));
        if matches!(clock.silence, SilenceState::Held { .. }) {
            let command = Command::ReleaseSilence { clock: no, take_effect: false, reason: text() };
            candidates.push((Possible::ReleaseSilence { clock: no }, command));
        }
    }
    candidates.push((Possible::Withdraw, Command::Withdraw { reason: None }));
    candidates.push((Possible::Comment, Command::Comment { text: text() }));

    let mut able: Vec<_> = candidates
        .into_iter()
        .filter(|(_, command)| match Draft::new(ctx, case.clone()).decide(command, None) {
            Ok(_) => true,
            // Only values and papers are left to be given.
            Err(refusal) => match command {
                Command::Act { action, .. } => draft.could_be_given(action, &refusal),
                Command::Fill { .. } => refusal.code == RefusalCode::NothingGiven,
                _ => false,
            },
        })
        .map(|(possible, _)| possible)
        .collect();
    let assignable = case.tasks.iter().filter(|task| may_assign(ctx, case, task.no));
    able.extend(assignable.map(|task| Possible::Assign { task: task.no }));
    if may_inform(ctx, case) {
        able.push(Possible::Inform);
    }
    able
}

/// An action of the step that the caller cannot take now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// The action.
    pub action: ActionId,
    /// What stands in the way.
    pub refusal: Refusal,
}

/// The actions of the step that the caller cannot take now, each with what stands in the way: together
/// with those of [`possible`] all of the step's. Empty at an end, and for the program.
pub fn obstacles(ctx: &Context<'_>, case: &Case) -> Vec<Obstacle> {
    let mut draft = Draft::new(ctx, case.clone());
    let caught_up = draft.belongs().and_then(|()| draft.catch_up());
    let (Caller::Person(_), Ok(step)) = (ctx.caller, draft.step()) else { return Vec::new() };
    let late = match caught_up {
        Err(refusal) => Some(refusal),
        Ok(due) if due.is_some_and(|due| due <= draft.now) => {
            let reason = "more has happened to the case by itself than is recorded in one go";
            Some(RefusalCode::CatchingUp.because(reason))
        }
        Ok(_) => None,
    };
    let barred = step.actions.keys().filter_map(|action| {
        let refusal = match &late {
            Some(refusal) => refusal.clone(),
            None => {
                let text = Some("-".to_owned());
                let (action, given) = (action.clone(), Given::default());
                let command = Command::Act { action, reason: text.clone(), citation: text, given };
                Draft::new(ctx, draft.case.clone()).decide(&command, None).err()?
            }
        };
        let only_to_be_given = late.is_none() && draft.could_be_given(action, &refusal);
        (!only_to_be_given).then(|| Obstacle { action: action.clone(), refusal })
    });
    barred.collect()
}

/// Whether only the choice of the person is left to assign a task.
fn may_assign(ctx: &Context<'_>, case: &Case, task: u32) -> bool {
    let Caller::Person(actor) = ctx.caller else { return false };
    let command = Command::Assign { task, to: actor.person, reason: None, urgency: None };
    match Draft::new(ctx, case.clone()).decide(&command, None) {
        Ok(_) => true,
        Err(refusal) => matches!(
            refusal.code,
            RefusalCode::AssigneeNotEligible | RefusalCode::AssigneeAbsent | RefusalCode::FourEyes
        ),
    }
}

/// Whether only the choice of the person is left to bring the case to somebody's notice.
fn may_inform(ctx: &Context<'_>, case: &Case) -> bool {
    let Caller::Person(actor) = ctx.caller else { return false };
    let command = Command::Inform { to: actor.person, note: None, urgency: None };
    let refusal = Draft::new(ctx, case.clone()).decide(&command, None).err();
    refusal.is_some_and(|refusal| refusal.code == RefusalCode::AssigneeNotEligible)
}

/// What to offer instead of a refused command, and which actions their guards bar: nothing for the
/// program, which has no choice.
pub(super) fn alternatives(
    ctx: &Context<'_>,
    case: &Case,
    command: &Command,
) -> (Vec<Possible>, Vec<Unmet>) {
    match command {
        Command::Tick => (Vec::new(), Vec::new()),
        _ => (possible(ctx, case), unmet(ctx, case)),
    }
}

/// Which actions the caller could take now, did their guards not bar them.
pub(super) fn unmet(ctx: &Context<'_>, case: &Case) -> Vec<Unmet> {
    if *ctx.caller == Caller::System {
        return Vec::new();
    }
    let mut draft = Draft::new(ctx, case.clone());
    if draft.belongs().and_then(|()| draft.catch_up()).is_err() {
        return Vec::new();
    }
    draft.unmet()
}
