//! The checked graph: what a sound definition says.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{
    about::{About, Change},
    guards::{Exit, Guard},
};
use crate::{
    ActionId, BranchId, CalendarId, DocumentId, FieldId, FormId, RoleId, StepId, Term, WorkflowId,
    form::{DocumentKind, Field, Form},
};

/// A text in both languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Persian.
    pub fa: String,
    /// English.
    pub en: String,
}

/// Where in the organisation tree something stands; a county is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// شهرستان
    County,
    /// استان
    Province,
    /// ستاد: the nation's headquarters.
    National,
}

/// Who sets a procedure going, and can end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initiative {
    /// Whom the case is about: he applies, and can withdraw.
    Applicant,
    /// The authority, of its own motion: whom it supervises neither begins nor ends it.
    Authority,
}

/// Why a duration or a rule is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A law, bylaw or published page.
    Source(String),
    /// Nobody has published it: an officer must confirm it.
    Assumption,
}

/// One immutable version of a licensing procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The workflow.
    pub id: WorkflowId,
    /// Its version, from 1.
    pub version: u32,
    /// SHA-256 of the file's bytes, in hexadecimal: what a case's first event pins.
    pub hash: String,
    /// What the procedure is called.
    pub title: Text,
    /// The law on which the procedure rests.
    pub basis: Option<Basis>,
    /// The level of the unit that receives a case.
    pub opens_at: Level,
    /// Who sets the procedure going.
    pub initiative: Initiative,
    /// Of what licence or other case an application speaks, where it does.
    pub about: Option<About>,
    /// The calendar by which every clock counts.
    pub calendar: CalendarId,
    /// The step that a new case enters.
    pub first: StepId,
    /// The clock by which the organisation is judged.
    pub statutory: Statutory,
    /// Who takes part, by role; other bodies are roles named `agency.<name>`.
    pub roles: IndexMap<RoleId, Role>,
    /// What is filled in, in the order of the file. No field stands in two forms.
    pub forms: IndexMap<FormId, Form>,
    /// The form that is filled in at the opening.
    pub application: Option<FormId>,
    /// The kinds of paper that it asks for, in the order of the file.
    pub documents: IndexMap<DocumentId, DocumentKind>,
    /// Where a case can wait, in the order of the file.
    pub steps: IndexMap<StepId, Step>,
    /// Where a case can end. No name is both a step and an end.
    pub ends: IndexMap<StepId, End>,
}

/// A role of the procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The level of the units at which it is held.
    pub at: Level,
    /// What it is called.
    pub title: Text,
    /// Whether it belongs to another body, which answers inquiries and does nothing else.
    pub agency: bool,
    /// What its holders may do beside the tasks that they own.
    pub may: BTreeSet<Permission>,
}

/// What the holders of a role may do, within their jurisdiction, beside their own tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Open a case for an applicant, and record his withdrawal.
    Open,
    /// Assign a task to a person, or take it from him.
    Assign,
    /// Suspend and resume the clocks of a case.
    Suspend,
    /// Let a held silence rule take effect, or waive it.
    ReleaseSilence,
    /// Record the answer of another body that answered on paper.
    RecordAnswer,
    /// Read cases without acting on them.
    Read,
}

/// The statutory clock: the number by which the organisation is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Statutory {
    /// The legal term.
    pub term: Term,
    /// When the clock starts.
    pub starts: Starts,
    /// What the organisation promises: never longer than the term.
    pub service_norm: Option<Term>,
    /// Which extensions are permitted.
    pub extension: Option<ExtensionRule>,
    /// What happens when the authority is silent.
    pub silence: Option<SilenceRule>,
    /// Warnings and escalation levels of the statutory deadline.
    pub levels: Vec<EscalationLevel>,
    /// The law that sets the term.
    pub basis: Option<Basis>,
}

/// When the statutory clock starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starts {
    /// At the opening (at `received_at`, where a paper was handed in earlier).
    Opened,
    /// When the case first enters the step.
    Entering(StepId),
}

/// How a clock may be extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionRule {
    /// How many times at most.
    pub times: u32,
    /// How long one extension may be, in the clock's own unit.
    pub up_to: Term,
    /// Who may extend.
    pub by: RoleId,
    /// By what right.
    pub basis: Basis,
}

/// What silence does to a case: an action taken by the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilenceRule {
    /// How long after the deadline it takes effect; zero means at the deadline itself.
    pub after: Term,
    /// The step or end that it leads to.
    pub to: StepId,
    /// How late the system may be and still let it take effect; later it is held for release.
    pub grace: Option<Term>,
    /// By what right.
    pub basis: Basis,
}

/// What silence of an asked body means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchSilence {
    /// How long after the deadline it takes effect.
    pub after: Term,
    /// The answer that silence stands for.
    pub answer: Answer,
    /// How late the system may be and still let it take effect.
    pub grace: Option<Term>,
    /// By what right.
    pub basis: Basis,
}

/// A warning (before the deadline) or an escalation level (after it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationLevel {
    /// When it fires.
    pub fires: Fires,
    /// Who is told.
    pub tell: Vec<Addressee>,
    /// What else it does.
    pub effect: Effect,
}

/// When a level fires, relative to its deadline. Levels stand in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fires {
    /// A warning, that long before the deadline.
    Before(Term),
    /// An escalation, that long after the deadline; zero means at the breach.
    After(Term),
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// Whoever owns the task; for the statutory clock, the owners of all open tasks.
    Owner,
    /// The applicant.
    Applicant,
    /// The holders of a role at the case's unit of that level.
    Role(RoleId),
}

/// What a level does beside telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing more.
    Notify,
    /// The task goes to another role.
    Reassign(RoleId),
    /// The system takes an action of the step.
    Act(ActionId),
}

/// A place where a case waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What officers call it.
    pub title: Text,
    /// Whether the statutory clock is suspended while the case stands here.
    pub suspends_statutory: bool,
    /// The step's own term. Parallel steps have none: their branches have.
    pub term: Option<Term>,
    /// Where the term comes from.
    pub basis: Option<Basis>,
    /// How much working time the work on it takes, as long as nothing has been measured.
    pub work: Option<Term>,
    /// Warnings and escalation levels of the term.
    pub levels: Vec<EscalationLevel>,
    /// What silence does here.
    pub silence: Option<SilenceRule>,
    /// The end to which the silence of the authority leads from here, where it is another than the
    /// statutory rule's own.
    pub statutory_silence: Option<StepId>,
    /// How the step's term may be extended.
    pub extension: Option<ExtensionRule>,
    /// What is filled in while the case stands here.
    pub form: Option<FormId>,
    /// The papers that are asked for here, and whether they must be there.
    pub documents: IndexMap<DocumentId, bool>,
    /// What is done here.
    pub kind: StepKind,
    /// What can be done here by the owner (by the applicant in an applicant step).
    pub actions: IndexMap<ActionId, Action>,
    /// Who may do nothing here.
    pub not_by: NotBy,
}

/// Four eyes: who may not do something, because of what he has done, or is, in the same case. It is
/// natural persons who count, not accounts, and delegates count as those for whom they act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotBy {
    /// Not whoever has done something in one of these steps, in any round.
    pub steps: Vec<StepId>,
    /// Not the applicant.
    pub applicant: bool,
}

impl NotBy {
    /// Whether it excludes nobody.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.applicant
    }
}

/// The kinds of step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// A role at a level does something.
    Work {
        /// Who.
        owner: RoleId,
    },
    /// The applicant must do something.
    Applicant,
    /// Several bodies are asked at the same time.
    Parallel(Parallel),
    /// A commission decides; its result opens the way to `approved` or `rejected`.
    Commission(Commission),
    /// Nobody does anything: a case that comes here goes on at once, by the first exit whose guard
    /// is met.
    Automatic(Vec<Exit>),
}

/// Branches that run at the same time, and how they are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Parallel {
    /// The branches, in the order of the file.
    pub branches: IndexMap<BranchId, Branch>,
    /// When they are joined.
    pub join: Join,
    /// Whether the first negative answer ends the waiting.
    pub negative_at_once: bool,
    /// Where a positive result leads.
    pub positive: StepId,
    /// Where a negative result leads.
    pub negative: StepId,
}

/// When branches are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// When every branch has answered; positive when all are.
    All,
    /// At the first positive answer; negative when none is left.
    Any,
    /// At the n-th positive answer; negative when n can no longer be reached.
    N(u32),
}

/// One inquiry.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// What it is called.
    pub title: Text,
    /// Who answers.
    pub owner: RoleId,
    /// How long the body has.
    pub term: Term,
    /// Where the term comes from.
    pub basis: Option<Basis>,
    /// How much working time the work on it takes, as long as nothing has been measured.
    pub work: Option<Term>,
    /// Warnings and escalation levels of the term.
    pub levels: Vec<EscalationLevel>,
    /// What silence means.
    pub silence: Option<BranchSilence>,
    /// How the term may be extended.
    pub extension: Option<ExtensionRule>,
}

/// How an asked body answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// No objection.
    Positive,
    /// An objection.
    Negative,
}

impl Answer {
    /// As guards and scenarios write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

/// A deciding commission. Its owner (the secretariat) records the result as `approved` or
/// `rejected` once the votes allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commission {
    /// Who prepares the sitting and records its result.
    pub owner: RoleId,
    /// The role of the members.
    pub members: RoleId,
    /// How many members it has.
    pub seats: u32,
    /// How many must vote.
    pub quorum: u32,
    /// What carries.
    pub majority: Majority,
    /// What a recusal does to the quorum.
    pub recusal: Recusal,
    /// How it sits; `None` where its members vote at any time.
    pub sittings: Option<SittingRules>,
}

/// What becomes of the quorum when a member recuses himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recusal {
    /// Seats and quorum stay: a substitute may take the seat.
    KeepsQuorum,
    /// The seat does not count: the quorum is the same share of the seats that remain.
    LowersQuorum,
}

/// A commission that decides only in sittings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SittingRules {
    /// How long before a sitting its agenda is closed; zero where it is open until the sitting.
    pub cut_off: Term,
    /// How long before a deadline somebody is told that no sitting has room any more; `None` where
    /// nobody is.
    pub warn: Option<Term>,
    /// Who is told beside the commission's owner.
    pub tell: Vec<Addressee>,
    /// What puts the case off to another sitting, once a sitting has been held.
    pub adjourns: BTreeSet<Adjourns>,
}

/// What puts a case off to another sitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Adjourns {
    /// Too few members voted.
    NoQuorum,
    /// As many were for as against.
    Tie,
}

/// The action of a commission step that an approval takes.
pub const APPROVED: &str = "approved";
/// The action of a commission step that a rejection takes.
pub const REJECTED: &str = "rejected";

/// What carries a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Majority {
    /// More votes for than against. A tie rejects.
    Simple,
    /// More than half of all seats.
    Absolute,
    /// At least two thirds of the votes cast for or against.
    TwoThirds,
}

/// What a person can do in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What the button says.
    pub title: Text,
    /// The step or end that it leads to.
    pub to: StepId,
    /// Whether a reason must be given.
    pub needs_reason: bool,
    /// Whether the number of an approved condition must be cited
    /// (Law on Implementing the General Policies of Principle 44, art. 7 bis).
    pub needs_citation: bool,
    /// Who may not take it.
    pub not_by: NotBy,
    /// What is filled in with it, beside the step's own form.
    pub form: Option<FormId>,
    /// The papers that are asked for with it, and whether they must be there.
    pub documents: IndexMap<DocumentId, bool>,
    /// Whether it can be taken although the step's form and papers are not complete: to send a case
    /// back, or to refuse it. Its own must be complete all the same.
    pub incomplete: bool,
    /// What must hold of the case for it.
    pub guard: Option<Guard>,
}

/// Where a case ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What it is called.
    pub title: Text,
    /// Whether it is a decision: only decisions count for the on-time rate.
    pub decision: bool,
    /// What came out.
    pub outcome: Outcome,
    /// The licence that is granted.
    pub licence: Option<Licence>,
    /// What is done to the licence that the case is about. Never beside a grant.
    pub change: Option<Change>,
}

/// What came out of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The licence was granted.
    Granted,
    /// It was refused.
    Refused,
    /// The applicant let his time pass.
    Lapsed,
    /// The applicant gave up.
    Withdrawn,
    /// The procedure came to its result, which neither grants nor refuses: a finding, a measure, an
    /// answer to a complaint.
    Settled,
}

/// A licence that an end grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Its kind: `establishment`.
    pub kind: String,
    /// How long it is valid, in calendar months of the organisation's calendar.
    pub valid_months: u32,
    /// A mark that it bears: `silence`.
    pub mark: Option<String>,
}

impl Definition {
    /// The field of that name, whatever its form.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.forms.values().find_map(|form| form.fields.get(name))
    }

    /// Every field with its name, in the order of the file.
    pub fn fields(&self) -> impl Iterator<Item = (&FieldId, &Field)> {
        self.forms.values().flat_map(|form| &form.fields)
    }

    /// Whether the applicant fills in that field: with his application, or in a step of his.
    pub fn is_filled_by_applicant(&self, field: &FieldId) -> bool {
        let is_in = |form: &FormId| {
            self.forms.get(form).is_some_and(|form| form.fields.contains_key(field))
        };
        let mut his = self.steps.values().filter(|step| matches!(step.kind, StepKind::Applicant));
        self.application.iter().any(is_in)
            || his.any(|step| {
                let of_actions = step.actions.values().filter_map(|action| action.form.as_ref());
                step.form.iter().chain(of_actions).any(is_in)
            })
    }

    /// What the step or end is called.
    pub fn title_of(&self, place: &StepId) -> Option<&Text> {
        self.steps.get(place).map(|step| &step.title).or_else(|| Some(&self.ends.get(place)?.title))
    }
}

impl Step {
    /// The role that owns the step's own task; `None` for an applicant step, for a parallel step,
    /// whose branches have owners, and for an automatic one.
    pub fn owner(&self) -> Option<&RoleId> {
        match &self.kind {
            StepKind::Work { owner } => Some(owner),
            StepKind::Commission(commission) => Some(&commission.owner),
            StepKind::Applicant | StepKind::Parallel(_) | StepKind::Automatic(_) => None,
        }
    }
}
