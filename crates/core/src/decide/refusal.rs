//! Why a command changes nothing.

use serde::Serialize;

use super::{Possible, Unmet};
use crate::{StepId, calendar::NoDeadline, form::Fault};

/// Why a command was refused: it changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refusal {
    /// A stable code for programs.
    pub code: RefusalCode,
    /// The step or end where the case stands; empty for a case that was to be opened.
    pub state: String,
    /// What stands in the way, in English; the code is what translations hang on.
    pub reason: String,
    /// Everything that is wrong with what was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What the caller can do now.
    pub possible: Vec<Possible>,
    /// Which actions of the step are not possible because their guard is not met.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub unmet: Box<[Unmet]>,
}

impl Refusal {
    pub(super) fn with_state(
        mut self,
        state: &StepId,
        possible: Vec<Possible>,
        unmet: Vec<Unmet>,
    ) -> Self {
        self.unmet = unmet.into();
        self.state = state.to_string();
        self.possible = possible;
        self
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The stable codes of refusals.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode { $($(#[$doc])* $name,)* }

        impl RefusalCode {
            /// Every code, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as programs see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// The caller's roles do not allow this at all.
    NotPermitted = "not_permitted",
    /// The caller has the role, but not over this unit.
    OutOfJurisdiction = "out_of_jurisdiction",
    /// Nothing leaves an end.
    CaseEnded = "case_ended",
    /// The case is suspended: it must be resumed first.
    Suspended = "case_suspended",
    /// The case is not suspended.
    NotSuspended = "case_not_suspended",
    /// No running clock is left to suspend.
    NothingToSuspend = "nothing_to_suspend",
    /// The step has no such action.
    UnknownAction = "unknown_action",
    /// The case has no such open task.
    UnknownTask = "unknown_task",
    /// The task is not one that is done like this.
    WrongTask = "wrong_task",
    /// Somebody else has the task.
    TaskTaken = "task_taken",
    /// Nobody has the task.
    TaskNotTaken = "task_not_taken",
    /// The person to whom the task was to go cannot own it.
    AssigneeNotEligible = "assignee_not_eligible",
    /// The person to whom the task was to go is absent.
    AssigneeAbsent = "assignee_absent",
    /// The same person, or the applicant, may not do it: somebody else must.
    FourEyes = "four_eyes",
    /// No delegation of the person on whose behalf the caller wants to act gives him this.
    NoDelegation = "no_delegation",
    /// The caller has a vote in this step already: his own, or that of another member.
    AlreadyVoted = "already_voted",
    /// The step has no such inquiry, or it has been answered.
    UnknownInquiry = "unknown_inquiry",
    /// The step is no commission.
    NoCommission = "no_commission",
    /// Every seat of the commission has voted.
    SeatsTaken = "seats_taken",
    /// Too few members have voted.
    QuorumMissing = "quorum_missing",
    /// The votes say otherwise.
    MajorityMissing = "majority_missing",
    /// The member takes no part in the case.
    MemberRecused = "member_recused",
    /// The commission has no such sitting.
    UnknownSitting = "unknown_sitting",
    /// The sitting has been held or cancelled.
    SittingOver = "sitting_over",
    /// The agenda of the sitting is closed.
    AgendaClosed = "agenda_closed",
    /// No place is left on the agenda.
    SittingFull = "sitting_full",
    /// The case is on no agenda.
    NotOnAgenda = "not_on_agenda",
    /// The sitting has not begun.
    SittingAhead = "sitting_ahead",
    /// The sitting has no minutes yet.
    MinutesMissing = "minutes_missing",
    /// A reason is needed.
    ReasonNeeded = "reason_needed",
    /// The number of a condition must be cited.
    CitationNeeded = "citation_needed",
    /// What the action asks of the case does not hold.
    GuardNotMet = "guard_not_met",
    /// An automatic step has no way on for the case: its definition does not cover it.
    NoWayOn = "no_way_on",
    /// The text is too long or holds a character that cannot be stored.
    TextInvalid = "text_invalid",
    /// What was filled in has faults: they stand in `faults`, all of them.
    FormInvalid = "form_invalid",
    /// Papers are missing, not verified, refused or expired: they stand in `faults`, all of them,
    /// with what is wrong with the form.
    DocumentsLacking = "documents_lacking",
    /// A paper cannot be taken like this: what is wrong stands in `faults`.
    DocumentInvalid = "document_invalid",
    /// The procedure asks for no such paper.
    UnknownDocument = "unknown_document",
    /// Nobody has to verify that paper.
    NotVerifiable = "not_verifiable",
    /// The paper was not handed in.
    NotHandedIn = "not_handed_in",
    /// Nothing is filled in here.
    NoForm = "no_form",
    /// No value was given.
    NothingGiven = "nothing_given",
    /// The case has no such clock.
    UnknownClock = "unknown_clock",
    /// The definition permits no extension of this clock.
    NoExtension = "no_extension",
    /// The clock has been extended as often as is permitted.
    ExtensionsUsed = "extensions_used",
    /// The extension is longer than permitted.
    ExtensionTooLong = "extension_too_long",
    /// An extension has the clock's own unit.
    ExtensionUnit = "extension_unit",
    /// The deadline has passed.
    DeadlinePassed = "deadline_passed",
    /// The definition has no end for a withdrawal.
    NoWithdrawal = "no_withdrawal",
    /// No silence rule of that clock is held.
    NothingHeld = "nothing_held",
    /// The application does not say which licence or case it is about.
    AboutNeeded = "about_needed",
    /// The procedure is not about such a thing.
    AboutUnwanted = "about_unwanted",
    /// No licence has that number.
    UnknownLicence = "unknown_licence",
    /// There is no such case.
    UnknownCase = "unknown_case",
    /// The procedure is about licences of another kind.
    WrongLicenceKind = "wrong_licence_kind",
    /// The procedure is about cases of another workflow.
    WrongWorkflow = "wrong_workflow",
    /// The applicant is not the holder of the licence, or not the applicant of the case.
    NotTheHolder = "not_the_holder",
    /// The licence has expired, and longer ago than the procedure takes.
    LicenceExpired = "licence_expired",
    /// The licence is suspended.
    LicenceSuspended = "licence_suspended",
    /// The licence has been revoked.
    LicenceRevoked = "licence_revoked",
    /// The other case is not in the state that the procedure asks for.
    WrongCaseState = "wrong_case_state",
    /// Another case of this workflow about the same is not decided yet.
    AnotherRunning = "another_running",
    /// The unit does not receive cases of this definition.
    WrongUnit = "wrong_unit",
    /// The date of receipt lies in the future.
    ReceivedInFuture = "received_in_future",
    /// The calendar does not reach so far, or has no working time.
    NoDeadline = "no_deadline",
    /// More has happened to the case by itself than is recorded in one go: try again, once the
    /// program has recorded the rest.
    CatchingUp = "catching_up",
    /// The mapping leaves cases that stand in this step with their version.
    NotMapped = "not_mapped",
    /// The case does not belong to this definition.
    WrongDefinition = "wrong_definition",
}

impl RefusalCode {
    pub(crate) fn because(self, reason: impl Into<String>) -> Refusal {
        Refusal {
            code: self,
            state: String::new(),
            reason: reason.into(),
            faults: Vec::new(),
            possible: Vec::new(),
            unmet: Box::default(),
        }
    }
}

impl std::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RefusalCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<NoDeadline> for Refusal {
    fn from(error: NoDeadline) -> Self {
        RefusalCode::NoDeadline.because(error.to_string())
    }
}
