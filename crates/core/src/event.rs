//! What happened to a case: the facts of its timeline.
//!
//! A fact carries everything that follows from it (tasks, deadlines, the end), so that
//! [`evolve`](crate::evolve) needs neither definition nor calendar and a timeline can be read
//! without them.

mod carried;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    ActionId, BranchId, CalendarId, CaseId, DelegationId, DocumentId, FieldId, LinkId, PersonId,
    RoleId, SittingId, Term, UnitId, WorkflowId,
    calendar::CalendarChange,
    clock::Instant,
    definition::{Answer, Basis},
    form::{FileReference, Value},
    migration::Migrated,
    register::SpokenOf,
    sitting::{ExtraSitting, Heard, OffAgenda},
};

pub use self::carried::{
    EndReached, Entry, MovedDeadline, NewDeadline, OpenedTask, Owner, Passed, Purpose, Reassigned,
    Recipient, StartedClock, StatutoryChange, Told, Vote,
};

/// One entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// 1, 2, 3, … within the case, without gaps.
    pub seq: u32,
    /// When it counts: a breach is effective at its deadline, however late it was noticed.
    pub effective_at: Instant,
    /// When it was written, by the database's clock.
    pub recorded_at: Instant,
    /// Who did it.
    pub by: By,
    /// What happened.
    pub fact: Fact,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The program: time had passed.
    System,
    /// The applicant of the case.
    Applicant(PersonId),
    /// A person, by a role held at a unit.
    Officer {
        /// Who.
        person: PersonId,
        /// By what role.
        role: RoleId,
        /// Held where.
        unit: UnitId,
        /// The natural person, where that is another account of his.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        natural: Option<PersonId>,
        /// For whom, where the role was lent to him.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_behalf_of: Option<OnBehalfOf>,
    },
}

/// For whom a delegate did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnBehalfOf {
    /// Who lent him the role.
    pub person: PersonId,
    /// The natural person, where that is another account of his.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub natural: Option<PersonId>,
    /// By which delegation.
    pub delegation: DelegationId,
}

impl By {
    /// The person, unless it was the program.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::System => None,
            Self::Applicant(person) | Self::Officer { person, .. } => Some(*person),
        }
    }

    /// For whom it was done, if by a delegate.
    pub fn on_behalf_of(&self) -> Option<&OnBehalfOf> {
        match self {
            Self::Officer { on_behalf_of, .. } => on_behalf_of.as_ref(),
            _ => None,
        }
    }

    /// Everybody who counts as having done it: the account, its natural person, and both of the one
    /// on whose behalf it was done.
    pub fn everybody(&self) -> impl Iterator<Item = PersonId> {
        let natural = match self {
            Self::Officer { natural, .. } => *natural,
            _ => None,
        };
        let behalf = self.on_behalf_of();
        let behalf = behalf.into_iter().flat_map(|one| [Some(one.person), one.natural]);
        [self.person(), natural].into_iter().chain(behalf).flatten()
    }

    /// The natural person who did it himself.
    pub fn hand(&self) -> Option<PersonId> {
        match self {
            Self::Officer { person, natural, .. } => Some(natural.unwrap_or(*person)),
            _ => self.person(),
        }
    }

    /// The natural person whose right it was: the one on whose behalf it was done, else himself.
    pub fn seat(&self) -> Option<PersonId> {
        match self.on_behalf_of() {
            Some(one) => Some(one.natural.unwrap_or(one.person)),
            None => self.hand(),
        }
    }
}

/// How soon something is wanted that is not in the ordinary course (فوریت; ordinary is عادی). A remark of who refers it:
/// deadlines and the order of worklists know nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// فوری.
    Urgent,
    /// آنی.
    Immediate,
}

impl Urgency {
    /// Both, the less urgent first.
    pub const ALL: [Self; 2] = [Self::Urgent, Self::Immediate];

    /// Its name, as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Immediate => "immediate",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// A clock of a case: 0 is the statutory clock, any other number is that of the task that it
/// times.
pub type ClockNo = u32;

/// The statutory clock's number.
pub const STATUTORY: ClockNo = 0;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// An application came in. Effective when it was received.
    Opened {
        /// The case.
        case: CaseId,
        /// Its workflow.
        workflow: WorkflowId,
        /// The version by which it runs.
        version: u32,
        /// SHA-256 of the definition's file.
        definition: String,
        /// The calendar.
        calendar: CalendarId,
        /// SHA-256 of the calendar's file, with the closures that were in force.
        calendar_version: String,
        /// The number of that state of the calendar, where it changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calendar_revision: Option<u32>,
        /// The unit that received it.
        unit: UnitId,
        /// Who applies.
        applicant: PersonId,
        /// What the application is about.
        subject: String,
        /// Why the paper counts from an earlier instant than it was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_reason: Option<String>,
        /// What was filled in.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        values: BTreeMap<FieldId, Value>,
        /// Of what licence or other case it speaks, and what was known of that then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Box<SpokenOf>>,
        /// Where it stands now.
        entry: Entry,
    },
    /// A person took a task from the worklist.
    Claimed {
        /// The task.
        task: u32,
    },
    /// A claimed task went back to the worklist.
    Released {
        /// The task.
        task: u32,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A task was given to a person.
    Assigned {
        /// The task.
        task: u32,
        /// To whom.
        to: PersonId,
        /// Why: the note of the referral (پاراف).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// How soon it is wanted; absent where it is in the ordinary course.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        urgency: Option<Urgency>,
    },
    /// A remark.
    Commented {
        /// Its text.
        text: String,
    },
    /// The case was brought to somebody's notice (جهت اطلاع): nothing is asked of him.
    Informed {
        /// Whose.
        to: PersonId,
        /// The note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// How soon he should look; absent where it is in the ordinary course.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        urgency: Option<Urgency>,
    },
    /// Values were filled in, changed or taken away.
    Filled {
        /// The new ones.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        values: BTreeMap<FieldId, Value>,
        /// The fields that hold nothing any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleared: Vec<FieldId>,
    },
    /// A paper was handed in; it takes the place of an earlier one of its kind.
    DocumentAttached {
        /// Its kind.
        document: DocumentId,
        /// What was handed in; its content is kept elsewhere.
        file: FileReference,
        /// The day of its issue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issued: Option<NaiveDate>,
        /// How many copies.
        copies: u32,
    },
    /// Somebody looked at a paper.
    DocumentVerified {
        /// Its kind.
        document: DocumentId,
        /// Why it is not good; absent where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// An action of the step was taken.
    Acted {
        /// The task that it settled.
        task: u32,
        /// The action.
        action: ActionId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The number of the condition that it cites.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        citation: Option<String>,
        /// The sitting that decided, where the action is the result of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard: Option<Heard>,
        /// Where the case stands now.
        entry: Entry,
    },
    /// An asked body answered, or its silence stands for an answer.
    Answered {
        /// The task.
        task: u32,
        /// The branch.
        branch: BranchId,
        /// The answer.
        answer: Answer,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The number of the letter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// By what right silence stands for an answer; absent where the body did answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silence: Option<Basis>,
        /// The link by which the body answered, where it did not log in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<LinkId>,
        /// Where the case stands now, when this answer joined the branches.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<Entry>,
    },
    /// A member of a commission voted. A later vote of the same member replaces it.
    Voted {
        /// How.
        vote: Vote,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The case was put on the agenda of a sitting.
    PutOnAgenda {
        /// Which.
        sitting: SittingId,
        /// When it sits.
        at: Instant,
        /// Until when its agenda was open.
        closes_at: Instant,
    },
    /// The case is no longer on the agenda; votes that were cast are struck.
    TakenOffAgenda {
        /// Of which sitting.
        sitting: SittingId,
        /// What brought it about.
        why: OffAgenda,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A member takes no part in the case any more; his vote, if he had cast one, is struck.
    Recused {
        /// Who.
        member: PersonId,
        /// The role in which he would have voted.
        members: RoleId,
        /// Why.
        reason: String,
    },
    /// No sitting before the deadline has room any more: the commission's owner is told early.
    SittingLacking {
        /// Of which clock the deadline is.
        clock: ClockNo,
        /// The deadline.
        deadline: Instant,
        /// When an extra sitting would still do; absent when none would.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extra: Option<ExtraSitting>,
        /// Who is told.
        tell: Vec<Told>,
    },
    /// The clocks of the case were suspended by a person.
    Suspended {
        /// Why.
        reason: String,
        /// By what right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        basis: Option<String>,
        /// Which clocks stopped: those that ran and were not past their deadline.
        clocks: Vec<ClockNo>,
    },
    /// The clocks of the case run again.
    Resumed {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The clocks that run again, with their deadlines.
        deadlines: Vec<NewDeadline>,
    },
    /// A clock was extended.
    Extended {
        /// Which.
        clock: ClockNo,
        /// By how much.
        by: Term,
        /// Its deadline now; absent while it is suspended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Instant>,
        /// Why.
        reason: String,
        /// By what right.
        basis: Basis,
    },
    /// The calendar changed, and with it the deadlines of clocks that run. Effective since the
    /// change was in force.
    Rescheduled {
        /// SHA-256 of the calendar's file, with the closures that were in force.
        calendar_version: String,
        /// The number of that state of the calendar.
        calendar_revision: u32,
        /// What changed.
        change: CalendarChange,
        /// The deadlines that moved.
        deadlines: Vec<MovedDeadline>,
    },
    /// The case runs by another version of its definition from now on.
    Migrated(Box<Migrated>),
    /// The applicant gave up.
    Withdrawn {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The end.
        entry: Entry,
    },
    /// A warning or an escalation level fired.
    Escalated {
        /// Of which clock.
        clock: ClockNo,
        /// Its place among the warnings and levels of the clock, from 0.
        level: u16,
        /// Its number among the warnings, or among the levels, from 1: as people call it.
        number: u16,
        /// Whether it was a warning, before the deadline.
        warning: bool,
        /// The deadline that it belongs to.
        deadline: Instant,
        /// Who is told.
        tell: Vec<Told>,
        /// Where the task went, if the level says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reassigned: Option<Reassigned>,
    },
    /// A silence rule was found overdue for longer than its grace: a manager must release it.
    SilenceHeld {
        /// Of which clock.
        clock: ClockNo,
        /// When it should have taken effect.
        due: Instant,
    },
    /// A held silence rule was waived: it will not take effect.
    SilenceWaived {
        /// Of which clock.
        clock: ClockNo,
        /// Why.
        reason: String,
    },
    /// Silence took effect (of the authority or of the owner of a step).
    SilenceTookEffect {
        /// Of which clock.
        clock: ClockNo,
        /// By what right.
        basis: Basis,
        /// Why a held rule was released.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Where the case stands now.
        entry: Entry,
    },
}

impl Fact {
    /// The name of the fact, as in its `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Claimed { .. } => "claimed",
            Self::Released { .. } => "released",
            Self::Assigned { .. } => "assigned",
            Self::Commented { .. } => "commented",
            Self::Informed { .. } => "informed",
            Self::Filled { .. } => "filled",
            Self::DocumentAttached { .. } => "document_attached",
            Self::DocumentVerified { .. } => "document_verified",
            Self::Acted { .. } => "acted",
            Self::Answered { .. } => "answered",
            Self::Voted { .. } => "voted",
            Self::PutOnAgenda { .. } => "put_on_agenda",
            Self::TakenOffAgenda { .. } => "taken_off_agenda",
            Self::Recused { .. } => "recused",
            Self::SittingLacking { .. } => "sitting_lacking",
            Self::Suspended { .. } => "suspended",
            Self::Resumed { .. } => "resumed",
            Self::Extended { .. } => "extended",
            Self::Rescheduled { .. } => "rescheduled",
            Self::Migrated(_) => "migrated",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Escalated { .. } => "escalated",
            Self::SilenceHeld { .. } => "silence_held",
            Self::SilenceWaived { .. } => "silence_waived",
            Self::SilenceTookEffect { .. } => "silence_took_effect",
        }
    }

    /// Whether the fact changed the open task of that number, without opening or closing any.
    pub fn bears_on(&self, no: u32) -> bool {
        match self {
            Self::Claimed { task } | Self::Released { task, .. } | Self::Assigned { task, .. } => {
                *task == no
            }
            Self::Extended { clock, .. }
            | Self::Escalated { clock, .. }
            | Self::SilenceHeld { clock, .. }
            | Self::SilenceWaived { clock, .. } => *clock == no,
            Self::Suspended { clocks, .. } => clocks.contains(&no),
            Self::Resumed { deadlines, .. } => deadlines.iter().any(|new| new.clock == no),
            Self::Rescheduled { deadlines, .. } => deadlines.iter().any(|new| new.clock == no),
            // Every open task stands in a step of the new version.
            Self::Migrated(_) => true,
            Self::Opened { .. }
            | Self::Commented { .. }
            | Self::Informed { .. }
            | Self::Filled { .. }
            | Self::DocumentAttached { .. }
            | Self::DocumentVerified { .. }
            | Self::Acted { .. }
            | Self::Answered { .. }
            | Self::Voted { .. }
            | Self::PutOnAgenda { .. }
            | Self::TakenOffAgenda { .. }
            | Self::Recused { .. }
            | Self::SittingLacking { .. }
            | Self::Withdrawn { .. }
            | Self::SilenceTookEffect { .. } => false,
        }
    }

    /// Whether somebody did by it what a step is there for, or a part of it.
    pub fn does_a_step(&self) -> bool {
        matches!(
            self,
            Self::Filled { .. }
                | Self::DocumentVerified { .. }
                | Self::Acted { .. }
                | Self::Answered { .. }
                | Self::Voted { .. }
                | Self::SilenceTookEffect { .. }
        )
    }

    /// Whether the fact is work on the open task of that number, done by its holder: who only takes
    /// it, hands it on or moves its clocks has not begun to work on it.
    pub fn is_work_on(&self, no: u32, by_holder: bool) -> bool {
        match self {
            Self::Acted { task, .. } | Self::Answered { task, .. } => *task == no,
            Self::Opened { .. }
            | Self::Claimed { .. }
            | Self::Released { .. }
            | Self::Assigned { .. }
            | Self::Informed { .. }
            | Self::Voted { .. }
            | Self::Suspended { .. }
            | Self::Resumed { .. }
            | Self::Extended { .. }
            | Self::Withdrawn { .. }
            | Self::SilenceWaived { .. }
            | Self::SilenceTookEffect { .. } => false,
            // A remark, papers, values, and whatever else a holder may yet do with a case.
            _ => by_holder,
        }
    }

    /// Whether something may happen by itself at another instant than without the fact.
    pub fn bears_on_clocks(&self) -> bool {
        !matches!(
            self,
            Self::Claimed { .. }
                | Self::Released { .. }
                | Self::Assigned { .. }
                | Self::Commented { .. }
                | Self::Informed { .. }
                | Self::Filled { .. }
                | Self::DocumentAttached { .. }
                | Self::DocumentVerified { .. }
                | Self::Voted { .. }
                | Self::Recused { .. }
        )
    }

    /// Where the case went by this fact, if it moved.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Opened { entry, .. }
            | Self::Acted { entry, .. }
            | Self::Withdrawn { entry, .. }
            | Self::SilenceTookEffect { entry, .. } => Some(entry),
            Self::Answered { entry, .. } => entry.as_ref(),
            _ => None,
        }
    }
}
