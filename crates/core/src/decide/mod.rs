//! What a command does to a case: events, or a refusal.
//!
//! Before a command is looked at, everything that time alone has already caused is recorded
//! (`tick.rs`): so the result never depends on how quick the worker was.

mod act;
mod answer;
mod clock;
mod comment;
mod enter;
mod eyes;
mod fill;
mod guard;
mod migrate;
mod open;
mod paper;
mod possible;
mod refusal;
mod reschedule;
mod silence;
mod sitting;
mod tick;
mod vote;
mod withdraw;
mod worklist;

use chrono::SubsecRound;
use serde::{Deserialize, Serialize};

use eyes::Right;
pub use eyes::barred;
pub use guard::Unmet;
pub use migrate::migrate;
pub use open::{Open, open};
pub use possible::{Obstacle, Possible, obstacles, possible};
pub use refusal::{Refusal, RefusalCode};
pub use tick::next_due;
pub use vote::{Counted, Tally, VoteResult};

use crate::{
    ActionId, BranchId, DocumentId, LinkId, PersonId, RoleId, SittingId, Term, UnitId,
    actor::{Actor, Caller, Grant, Organisation},
    calendar::{Calendar, Calendars},
    case::{Case, Clock, Place, TaskRecord, evolve_with_tasks},
    clock::Instant,
    definition::{Answer, Definition, NotBy, Permission, Step},
    event::{By, ClockNo, Event, Fact, Urgency, Vote},
    form::{Given, HandedIn},
    personal::{Opening, Seed},
    register::Found,
    sitting::Sitting,
};

/// What is asked of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Take an action of the step.
    Act {
        /// The action.
        action: ActionId,
        /// Why, where the action needs it.
        reason: Option<String>,
        /// The number of the condition cited, where the action needs it.
        citation: Option<String>,
        /// What is filled in with it.
        #[serde(flatten)]
        given: Given,
    },
    /// Hand in a paper; it takes the place of an earlier one of its kind.
    AttachDocument {
        /// Its kind.
        document: DocumentId,
        /// The paper.
        #[serde(flatten)]
        paper: HandedIn,
    },
    /// Say of a paper that was handed in that it is good, or why it is not.
    VerifyDocument {
        /// Its kind.
        document: DocumentId,
        /// Whether it is good.
        good: bool,
        /// Why it is not.
        reason: Option<String>,
    },
    /// Fill in, change or take away values of the step's form, or of one of its actions.
    Fill {
        /// The values.
        #[serde(flatten)]
        given: Given,
    },
    /// Take a task from the worklist.
    Claim {
        /// The task.
        task: u32,
    },
    /// Put a task back.
    Release {
        /// The task.
        task: u32,
        /// Why.
        reason: Option<String>,
    },
    /// Give a task to a person.
    Assign {
        /// The task.
        task: u32,
        /// To whom.
        to: PersonId,
        /// Why.
        reason: Option<String>,
        /// How soon it is wanted, where that is not the ordinary course.
        urgency: Option<Urgency>,
    },
    /// Bring the case to somebody's notice, of whom nothing is asked.
    Inform {
        /// Whose.
        to: PersonId,
        /// A note.
        note: Option<String>,
        /// How soon he should look, where that is not the ordinary course.
        urgency: Option<Urgency>,
    },
    /// Remark on the case.
    Comment {
        /// The text.
        text: String,
    },
    /// Answer an inquiry.
    Answer {
        /// The branch.
        branch: BranchId,
        /// The answer.
        answer: Answer,
        /// Why.
        reason: Option<String>,
        /// The number of the letter.
        reference: Option<String>,
    },
    /// Answer an inquiry by a link, as the body to which it was given.
    AnswerByLink {
        /// The link.
        link: LinkId,
        /// The task for which it was made: an inquiry that is made anew is another.
        task: u32,
        /// The branch.
        branch: BranchId,
        /// The answer.
        answer: Answer,
        /// Why.
        reason: Option<String>,
        /// The number of the letter.
        reference: Option<String>,
    },
    /// Vote in a commission.
    Vote {
        /// How.
        vote: Vote,
        /// Why.
        reason: Option<String>,
    },
    /// Put the case on the agenda of a sitting, or on that of another one.
    PutOnAgenda {
        /// Which.
        sitting: SittingId,
    },
    /// Take it off the agenda.
    TakeOffAgenda {
        /// Why.
        reason: String,
    },
    /// Take no part in the case as a member of the commission.
    Recuse {
        /// Which member, where its owner records it; `None` is the caller himself.
        member: Option<PersonId>,
        /// Why.
        reason: String,
    },
    /// Suspend every running clock of the case.
    Suspend {
        /// Why.
        reason: String,
        /// By what right.
        basis: Option<String>,
    },
    /// Let them run again.
    Resume {
        /// Why.
        reason: Option<String>,
    },
    /// Extend a clock.
    Extend {
        /// Which: 0 is the statutory clock, else the task's number.
        clock: ClockNo,
        /// By how much, in the clock's own unit.
        by: Term,
        /// Why.
        reason: String,
    },
    /// Withdraw the application.
    Withdraw {
        /// Why.
        reason: Option<String>,
    },
    /// Let a held silence rule take effect, or waive it.
    ReleaseSilence {
        /// The clock whose rule is held.
        clock: ClockNo,
        /// Whether it takes effect.
        take_effect: bool,
        /// Why.
        reason: String,
    },
    /// Take a task from somebody who is away, and give it to who stands in for him, or back to the
    /// worklist. Only the program asks for it. When it is no longer in his hands, nothing happens.
    HandBack {
        /// The task.
        task: u32,
        /// In whose hands it is.
        from: PersonId,
        /// Who stands in for him.
        to: Option<PersonId>,
        /// Why.
        reason: String,
    },
    /// Record what time alone has caused, and what a change of the calendar has. Only the program
    /// asks for it.
    Tick,
}

/// Everything that a decision depends on beside the case.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The case's definition.
    pub definition: &'a Definition,
    /// Its calendar, for every unit.
    pub calendars: &'a Calendars,
    /// The organisation tree.
    pub organisation: &'a Organisation,
    /// Who asks.
    pub caller: &'a Caller,
    /// The person of whom the command speaks (to whom a task is assigned, who is recused), with
    /// his roles.
    pub assignee: Option<&'a Actor>,
    /// The sittings of the commission before which the case stands, planned or with open cases on
    /// their agenda. `None` where they were not read: then nothing is said about them, and the case
    /// is due again at once.
    pub sittings: Option<&'a [Sitting]>,
    /// What was found of the licence or other case of which the application, or the case, speaks;
    /// `None` where there is nothing of the kind. A case that is not written needs none: then what
    /// was known at its opening holds.
    pub found: Option<&'a Found>,
    /// From what the salts of personal values follow. `None` where nothing is written: values then stay as they are.
    pub personal: Option<&'a Seed>,
    /// The database's clock.
    pub now: Instant,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What happened, in order. Empty when nothing did.
    pub events: Vec<Event>,
    /// The case with these events.
    pub case: Case,
    /// The last state of every task that was opened, changed or closed.
    pub tasks: Vec<TaskRecord>,
    /// When something must happen to the case by itself.
    pub next_due: Option<Instant>,
    /// What the new commitments in the events stand for.
    pub openings: Vec<Opening>,
}

/// Decides a command.
///
/// # Errors
/// A [`Refusal`] with a stable code, the state, the reason, and what the caller can do instead.
pub fn decide(ctx: &Context<'_>, case: &Case, command: &Command) -> Result<Decided, Refusal> {
    let mut draft = Draft::new(ctx, case.clone());
    let done = draft.belongs().and_then(|()| draft.catch_up());
    // The state of which a refusal speaks is the one in which the command found the case.
    let state = draft.case.place.name().clone();
    match done.and_then(|due| draft.decide(command, due)) {
        Ok(next_due) => Ok(draft.finish(next_due)),
        Err(refusal) => {
            let (possible, unmet) = possible::alternatives(ctx, case, command);
            Err(refusal.with_state(&state, possible, unmet))
        }
    }
}

/// A case on its way through one command.
struct Draft<'a> {
    ctx: &'a Context<'a>,
    /// The instant at which the command counts and is recorded: never before the last event.
    now: Instant,
    case: Case,
    events: Vec<Event>,
    tasks: Vec<TaskRecord>,
    /// What the new commitments stand for.
    openings: Vec<Opening>,
    /// The answer that is being given: ways on that are chosen by it know it already.
    answering: Option<(BranchId, Answer)>,
    /// Whether its deadlines are known to be those of the calendar that is in force.
    by_calendar: bool,
}

impl<'a> Draft<'a> {
    fn new(ctx: &'a Context<'a>, case: Case) -> Self {
        let now = ctx.now.trunc_subsecs(6).max(case.recorded_at);
        let (events, tasks, openings) = (Vec::new(), Vec::new(), Vec::new());
        Self { ctx, now, case, events, tasks, openings, answering: None, by_calendar: false }
    }

    /// Whether the case runs by the definition that was handed in.
    fn belongs(&self) -> Result<(), Refusal> {
        let (Case { workflow, version, .. }, definition) = (&self.case, self.ctx.definition);
        if *workflow == definition.id && *version == definition.version {
            return Ok(());
        }
        let reason = format!(
            "the case runs by {workflow}@{version}, not by {}@{}",
            definition.id, definition.version
        );
        Err(RefusalCode::WrongDefinition.because(reason))
    }

    /// Decides a command on a case that has been caught up, and records what follows from it at
    /// once. `due` and the answer: when something must next happen by itself.
    fn decide(
        &mut self,
        command: &Command,
        due: Option<Instant>,
    ) -> Result<Option<Instant>, Refusal> {
        if *command != Command::Tick && due.is_some_and(|due| due <= self.now) {
            let reason = "more has happened to the case by itself than is recorded in one go";
            return Err(RefusalCode::CatchingUp.because(reason));
        }
        let caught_up = self.events.len();
        match (&self.case.place, command) {
            (_, Command::Tick) => {
                return match self.ctx.caller {
                    Caller::System => Ok(due),
                    Caller::Person(_) => {
                        Err(RefusalCode::NotPermitted.because("only the program ticks"))
                    }
                };
            }
            (_, Command::Comment { text }) => self.comment(text)?,
            (_, Command::Inform { to, note, urgency }) => {
                self.inform(*to, note.as_deref(), *urgency)?;
            }
            // Who was away has nothing left to hand back.
            (Place::End { .. }, Command::HandBack { .. }) if *self.ctx.caller == Caller::System => {
            }
            (Place::End { end, .. }, _) => {
                let reason = format!("the case has ended: {end}");
                return Err(RefusalCode::CaseEnded.because(reason));
            }
            (Place::Step { .. }, Command::HandBack { task, from, to, reason }) => {
                self.hand_back(*task, *from, *to, reason)?;
            }
            (Place::Step { .. }, Command::Act { action, reason, citation, given }) => {
                self.act(action, reason.as_deref(), citation.as_deref(), given)?;
            }
            (Place::Step { .. }, Command::Fill { given }) => self.fill(given)?,
            (Place::Step { .. }, Command::AttachDocument { document, paper }) => {
                self.attach(document, paper)?;
            }
            (Place::Step { .. }, Command::VerifyDocument { document, good, reason }) => {
                self.verify(document, *good, reason.as_deref())?;
            }
            (Place::Step { .. }, Command::Claim { task }) => self.claim(*task)?,
            (Place::Step { .. }, Command::Release { task, reason }) => {
                self.release(*task, reason.as_deref())?
            }
            (Place::Step { .. }, Command::Assign { task, to, reason, urgency }) => {
                self.assign(*task, *to, reason.as_deref(), *urgency)?;
            }
            (Place::Step { .. }, Command::Answer { branch, answer, reason, reference }) => {
                self.answer(branch, *answer, reason.as_deref(), reference.as_deref())?;
            }
            (
                Place::Step { .. },
                Command::AnswerByLink { link, task, branch, answer, reason, reference },
            ) => {
                let (reason, reference) = (reason.as_deref(), reference.as_deref());
                self.answer_by_link(*link, *task, branch, *answer, reason, reference)?;
            }
            (Place::Step { .. }, Command::Vote { vote, reason }) => {
                self.vote(*vote, reason.as_deref())?
            }
            (Place::Step { .. }, Command::PutOnAgenda { sitting }) => {
                self.put_on_agenda(*sitting)?
            }
            (Place::Step { .. }, Command::TakeOffAgenda { reason }) => {
                self.take_off_agenda(reason)?
            }
            (Place::Step { .. }, Command::Recuse { member, reason }) => {
                self.recuse(*member, reason)?
            }
            (Place::Step { .. }, Command::Suspend { reason, basis }) => {
                self.suspend(reason, basis.as_deref())?
            }
            (Place::Step { .. }, Command::Resume { reason }) => self.resume(reason.as_deref())?,
            (Place::Step { .. }, Command::Extend { clock, by, reason }) => {
                self.extend(*clock, *by, reason)?
            }
            (Place::Step { .. }, Command::Withdraw { reason }) => {
                self.withdraw(reason.as_deref())?
            }
            (Place::Step { .. }, Command::ReleaseSilence { clock, take_effect, reason }) => {
                self.release_silence(*clock, *take_effect, reason)?;
            }
        }
        match self.events[caught_up..].iter().any(|event| event.fact.bears_on_clocks()) {
            true => self.catch_up(),
            false => Ok(due),
        }
    }

    fn finish(self, next_due: Option<Instant>) -> Decided {
        let Self { events, case, tasks, openings, .. } = self;
        Decided { events, case, tasks, next_due, openings }
    }

    /// Appends a fact and folds it in.
    fn record(&mut self, effective_at: Instant, by: By, fact: Fact) {
        let event = Event { seq: self.case.seq + 1, effective_at, recorded_at: self.now, by, fact };
        let records = evolve_with_tasks(&mut self.case, &event);
        self.keep_tasks(records);
        self.events.push(event);
    }

    fn keep_tasks(&mut self, records: impl IntoIterator<Item = TaskRecord>) {
        for record in records {
            match self.tasks.iter_mut().find(|kept| kept.task.no == record.task.no) {
                Some(kept) => *kept = record,
                None => self.tasks.push(record),
            }
        }
    }

    fn step(&self) -> Result<&'a Step, Refusal> {
        let name = self.case.place.name();
        self.ctx.definition.steps.get(name).ok_or_else(|| {
            let (id, version) = (&self.ctx.definition.id, self.ctx.definition.version);
            RefusalCode::WrongDefinition.because(format!("{id}@{version} has no step '{name}'"))
        })
    }

    fn calendar_at(&self, unit: &UnitId) -> &'a Calendar {
        calendar_at(self.ctx, unit)
    }

    /// The calendar by which a clock of the case counts.
    fn calendar_of(&self, clock: &Clock) -> &'a Calendar {
        self.calendar_at(&clock.unit)
    }

    /// The caller as a person.
    fn person(&self) -> Result<&'a Actor, Refusal> {
        match self.ctx.caller {
            Caller::Person(actor) => Ok(actor),
            Caller::System => Err(RefusalCode::NotPermitted.because("only a person does this")),
        }
    }

    fn by_role(&self, role: &RoleId, unit: &UnitId) -> Result<By, Refusal> {
        self.by_other_eyes(self.rights_by_role(role, unit)?, &[])
    }

    /// By which role the caller has a permission over a unit.
    fn by_permission(&self, permission: Permission, unit: &UnitId) -> Result<By, Refusal> {
        permitted(self.ctx, self.person()?, permission, unit)
    }

    /// The same, where four eyes keep somebody from it.
    fn by_permission_of_others(
        &self,
        permission: Permission,
        unit: &UnitId,
        not_by: &NotBy,
    ) -> Result<By, Refusal> {
        let rights = permissions(self.ctx, self.person()?, permission, unit)?;
        self.by_other_eyes(rights, &[not_by])
    }

    fn refuse_while_suspended(&self) -> Result<(), Refusal> {
        match &self.case.suspension {
            None => Ok(()),
            Some(suspension) => {
                let reason = format!(
                    "the case is suspended since {}: {}",
                    suspension.since, suspension.reason
                );
                Err(RefusalCode::Suspended.because(reason))
            }
        }
    }
}

fn calendar_at<'a>(ctx: &Context<'a>, unit: &UnitId) -> &'a Calendar {
    ctx.calendars.for_unit(ctx.organisation.path(unit))
}

/// By which role a person has a permission over a unit.
fn permitted(
    ctx: &Context<'_>,
    actor: &Actor,
    permission: Permission,
    unit: &UnitId,
) -> Result<By, Refusal> {
    Ok(permissions(ctx, actor, permission, unit)?[0].by())
}

/// By which rights a person has a permission over a unit: at least one.
fn permissions<'a>(
    ctx: &Context<'a>,
    actor: &'a Actor,
    permission: Permission,
    unit: &UnitId,
) -> Result<Vec<Right<'a>>, Refusal> {
    let allows = |grant: &Grant| {
        ctx.definition.roles.get(&grant.role).is_some_and(|role| role.may.contains(&permission))
    };
    let allowing = eyes::rights(ctx, actor, allows);
    if allowing.is_empty() {
        let roles: Vec<_> = ctx
            .definition
            .roles
            .iter()
            .filter(|(_, role)| role.may.contains(&permission))
            .collect();
        let names = roles.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
        let reason = match names.as_str() {
            "" => format!("no role of {} may do this", ctx.definition.id),
            names => format!("this needs one of the roles: {names}"),
        };
        return Err(eyes::not_permitted(actor, reason));
    }
    match eyes::reaching(ctx, allowing, unit) {
        rights if rights.is_empty() => Err(RefusalCode::OutOfJurisdiction
            .because(format!("your roles do not reach the unit '{unit}'"))),
        rights => Ok(rights),
    }
}

/// A text that a person must give: not blank, and bounded.
fn given<'t>(text: Option<&'t str>, missing: RefusalCode, what: &str) -> Result<&'t str, Refusal> {
    let text = text.map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Err(missing.because(format!("{what} is needed")));
    }
    bounded(text)?;
    Ok(text)
}

/// A text that may be absent.
fn optional(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(bounded).transpose()?;
    Ok(text.map(str::to_owned))
}

/// The longest text that a person can put on a timeline, in characters.
pub const LONGEST_TEXT: usize = 4_000;

fn bounded(text: &str) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(RefusalCode::TextInvalid.because("a text cannot hold the character U+0000"));
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err(RefusalCode::TextInvalid
            .because(format!("a text has at most {LONGEST_TEXT} characters")));
    }
    Ok(())
}
