//! What is asked of the store, and what it answers.

use std::{borrow::Cow, sync::Arc};

use parvaneh_core::{
    Case, CaseId, Event, Instant, Mapping, PersonId, WorkflowId,
    decide::{Command, Open},
    reach::Sight,
};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Brought, Credential};

/// Who asks. What a person may do follows from the roles that he holds at that very moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The program itself, which only ticks.
    System,
    /// A person, known by whoever calls.
    Person(PersonId),
}

impl Requester {
    /// The identifier under which idempotency keys are kept.
    pub(crate) fn key_owner(self) -> Uuid {
        match self {
            Self::System => Uuid::nil(),
            Self::Person(person) => person.0,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A new case.
    Open {
        /// By which workflow.
        workflow: WorkflowId,
        /// By which version; `None` is the latest that is in use.
        version: Option<u32>,
        /// The application, with the identifier of the case.
        application: Open,
    },
    /// A change of a case.
    Command {
        /// Which case.
        case: CaseId,
        /// What to do.
        command: Command,
    },
    /// A move to another version of its definition. Only the program asks for it.
    Migrate {
        /// Which case.
        case: CaseId,
        /// By which mapping.
        #[serde(serialize_with = "by_its_hash")]
        mapping: Arc<Mapping>,
    },
}

fn by_its_hash<S: Serializer>(mapping: &Arc<Mapping>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&mapping.hash)
}

impl Ask {
    /// What is asked, as a word for traces: without the case and what belongs to it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Command { command, .. } => match command {
                Command::Act { .. } => "act",
                Command::AttachDocument { .. } => "attach_document",
                Command::VerifyDocument { .. } => "verify_document",
                Command::Fill { .. } => "fill",
                Command::Claim { .. } => "claim",
                Command::Release { .. } => "release",
                Command::Assign { .. } => "assign",
                Command::Inform { .. } => "inform",
                Command::Comment { .. } => "comment",
                Command::Answer { .. } => "answer",
                Command::AnswerByLink { .. } => "answer_by_link",
                Command::Vote { .. } => "vote",
                Command::PutOnAgenda { .. } => "put_on_agenda",
                Command::TakeOffAgenda { .. } => "take_off_agenda",
                Command::Recuse { .. } => "recuse",
                Command::Suspend { .. } => "suspend",
                Command::Resume { .. } => "resume",
                Command::Extend { .. } => "extend",
                Command::Withdraw { .. } => "withdraw",
                Command::ReleaseSilence { .. } => "release_silence",
                Command::HandBack { .. } => "hand_back",
                Command::Tick => "tick",
            },
            Self::Migrate { .. } => "migrate",
        }
    }

    /// The case.
    pub fn case(&self) -> CaseId {
        match self {
            Self::Open { application, .. } => application.case,
            Self::Command { case, .. } | Self::Migrate { case, .. } => *case,
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub by: Requester,
    /// What is asked.
    pub ask: Ask,
    /// A name that the caller gives to this request, so that a repeat of it gets the same answer and
    /// changes nothing more. Of one person; 1 to 200 characters.
    pub key: Option<String>,
    /// How many events of the case the caller has seen; if there are others, it is a conflict.
    pub expected_seq: Option<u32>,
    /// Whose delegate the caller wants to act as; `None` leaves it open: then by his own right first.
    pub on_behalf_of: Option<PersonId>,
    /// The contents of the files that it hands in, as far as they are kept here.
    pub brought: Vec<Brought>,
    /// Whether a case that the person does not see is one that is not there, whatever he may do with it.
    pub only_seen: bool,
    /// By what the person came in, where that is to be looked at again: what is no longer in force changes
    /// nothing.
    pub came_by: Option<Credential>,
}

impl Request {
    /// Somebody asks something, on no condition.
    pub fn new(by: Requester, ask: Ask) -> Self {
        Self {
            by,
            ask,
            key: None,
            expected_seq: None,
            on_behalf_of: None,
            brought: Vec::new(),
            only_seen: false,
            came_by: None,
        }
    }

    /// A person's command.
    pub fn command(person: PersonId, case: CaseId, command: Command) -> Self {
        Self::new(Requester::Person(person), Ask::Command { case, command })
    }

    /// A person opens a case, by the latest version of a workflow.
    pub fn open(person: PersonId, workflow: WorkflowId, application: Open) -> Self {
        let ask = Ask::Open { workflow, version: None, application };
        Self::new(Requester::Person(person), ask)
    }

    /// The program records what time has caused.
    pub fn tick(case: CaseId) -> Self {
        let ask = Ask::Command { case, command: Command::Tick };
        Self::new(Requester::System, ask)
    }

    /// The program moves a case to another version of its definition.
    pub(crate) fn migrate(case: CaseId, mapping: Arc<Mapping>) -> Self {
        let ask = Ask::Migrate { case, mapping };
        Self::new(Requester::System, ask)
    }

    /// The same request under an idempotency key.
    pub fn with_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The same request, only for the case as the caller has seen it.
    pub fn expecting(self, seq: u32) -> Self {
        Self { expected_seq: Some(seq), ..self }
    }

    /// The same request, by what that person has lent to the caller.
    pub fn on_behalf_of(self, person: PersonId) -> Self {
        Self { on_behalf_of: Some(person), ..self }
    }

    /// The same request, with the contents of files that it hands in.
    pub fn bringing(self, brought: Vec<Brought>) -> Self {
        Self { brought, ..self }
    }

    /// The same request, about a case that the person sees: another is one that is not there.
    pub fn of_what_is_seen(self) -> Self {
        Self { only_seen: true, ..self }
    }

    /// The same request, only if what the person came by is in force when it is decided.
    pub fn coming_by(self, credential: Option<Credential>) -> Self {
        Self { came_by: credential, ..self }
    }

    /// Whether its idempotency key, if it has one, can be kept.
    pub(crate) fn has_valid_key(&self) -> bool {
        self.key
            .as_ref()
            .is_none_or(|key| (1..=200).contains(&key.chars().count()) && !key.contains('\0'))
    }

    /// Whether values of fields come with it.
    pub(crate) fn gives_values(&self) -> bool {
        match &self.ask {
            Ask::Open { application, .. } => !application.given.values.is_empty(),
            Ask::Command {
                command: Command::Act { given, .. } | Command::Fill { given }, ..
            } => !given.values.is_empty(),
            Ask::Command { .. } | Ask::Migrate { .. } => false,
        }
    }

    /// What two requests under one key must have in common. The identifier of a case that is to be
    /// opened is not part of it: whoever repeats his application cannot know which one was made for
    /// it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut ask = Cow::Borrowed(&self.ask);
        if matches!(*ask, Ask::Open { .. })
            && let Ask::Open { application, .. } = ask.to_mut()
        {
            application.case = CaseId(Uuid::nil());
        }
        let asked = match self.on_behalf_of {
            None => serde_json::to_vec(&(&*ask, self.expected_seq)),
            Some(person) => serde_json::to_vec(&(&*ask, self.expected_seq, person)),
        };
        let asked = asked.expect("a request holds only what JSON can hold");
        Sha256::digest(asked).into()
    }
}

/// What was done. It is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The case as it is after these events.
    pub case: Case,
    /// What happened; empty when there was nothing left to do.
    pub events: Vec<Event>,
    /// When something must happen to the case by itself; unknown (`None`) in a repeated answer.
    pub next_due: Option<Instant>,
    /// Whether this is the answer to an earlier request of the same key.
    pub repeated: bool,
    /// Why the person sees the case that was changed, where it was asked for one that he sees.
    pub sight: Option<Sight>,
}
