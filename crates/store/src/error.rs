//! What can go wrong between the engine and its database.

use std::sync::Arc;

use parvaneh_core::{
    CalendarId, CaseId, Refusal, SittingId, WorkflowId, actor::OrganisationError, log::LogError,
    sitting::NoRight,
};

/// What can go wrong with the database or with what is published in it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or not as it should.
    #[error("the database: {0}")]
    Database(#[source] sqlx::Error),
    /// A migration failed.
    #[error("bringing the database up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database has no tables of ours, or older ones than this program needs.
    #[error("the database lacks migration {missing}: run `parvaneh migrate`")]
    Behind {
        /// The first migration that it lacks.
        missing: i64,
    },
    /// The server takes no writes: it is a standby.
    #[error("the database is a standby and takes no writes")]
    ReadOnly,
    /// Whoever logs in cannot become the program.
    #[error("the role that logs in is no member of parvaneh_program")]
    NotOfTheProgram,
    /// Only a sandbox has a movable clock.
    #[error("this database is not a sandbox: its clock cannot be moved")]
    NotSandbox,
    /// The clock of a sandbox does not go back behind what is recorded.
    #[error("the clock stays: {0}")]
    ClockRefused(String),
    /// A version is published once and never changes.
    #[error(
        "{workflow}@{version} is already published with other content (SHA-256 {published}): give it a new version"
    )]
    VersionTaken {
        /// The workflow.
        workflow: WorkflowId,
        /// The version.
        version: u32,
        /// The hash of what is published.
        published: String,
    },
    /// What was handed in for publishing does not have the hash that it names.
    #[error("the text of {what} is not the one that was read: its SHA-256 differs")]
    HashMismatch {
        /// What was to be published.
        what: String,
    },
    /// No such definition is published.
    #[error("{}", match version {
        Some(version) => format!("{workflow}@{version} is not published"),
        None => format!("no version of '{workflow}' is published and in use"),
    })]
    NoSuchDefinition {
        /// The workflow.
        workflow: WorkflowId,
        /// The version, if one was named.
        version: Option<u32>,
    },
    /// The definition is retired: no case is opened by it any more.
    #[error("{workflow}@{version} is retired: no case is opened by it any more")]
    Retired {
        /// The workflow.
        workflow: WorkflowId,
        /// The version.
        version: u32,
    },
    /// No such calendar is published.
    #[error("the calendar '{0}' is not published")]
    NoSuchCalendar(CalendarId),
    /// Words were searched for in more cases than can be looked through at once.
    #[error(
        "too many cases would have to be looked through: narrow the search by unit, workflow or period, or search by a tracking code"
    )]
    SearchTooWide,
    /// A newer text of a calendar tells a past day otherwise.
    #[error(
        "{calendar} would tell {}{} otherwise: what is past stays as it was counted", change.date,
        change.unit.as_ref().map(|unit| format!(" of the unit '{unit}'")).unwrap_or_default()
    )]
    PastChanges {
        /// The calendar.
        calendar: CalendarId,
        /// The first such day.
        change: parvaneh_core::calendar::PastChange,
    },
    /// What is published cannot be read by this program.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The units are not a tree.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// There is no such case.
    #[error("there is no case {0}")]
    NoSuchCase(CaseId),
    /// There is no such sitting.
    #[error("there is no sitting {0}")]
    NoSuchSitting(SittingId),
    /// The rules of sittings say no.
    #[error("{reason}")]
    Sitting {
        /// A stable code.
        code: &'static str,
        /// Why.
        reason: String,
    },
    /// A name that must be known is not: a unit, a person.
    #[error("unknown: {0}")]
    Unknown(String),
    /// Somebody else logs in by that name.
    #[error("the login '{0}' belongs to somebody else")]
    LoginTaken(String),
    /// That identity of a provider is linked with an account, or expected for one, already.
    #[error("the identity is linked with an account already, or expected for one")]
    IdentityTaken,
    /// A delegation or an absence that is not recorded.
    #[error(transparent)]
    Delegation(#[from] parvaneh_core::delegation::DelegationRefusal),
    /// A secret is to be sealed or opened, and the program was given no key.
    #[error("there is no key to seal secrets by: set PARVANEH_SECRET_KEY")]
    NoKey,
    /// The secrets of this database are sealed by another key.
    #[error("the secrets of this database are sealed by another key than the one that was given")]
    WrongKey,
    /// A proof that cannot be made.
    #[error(transparent)]
    Log(LogError),
    /// What is kept of the log doesn't fit together.
    #[error("the log does not fit together: {0}")]
    LogBroken(String),
    /// What several had asked for together went wrong.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// The task that did the work is gone: the program is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Migration(_) => "migration",
            Self::Behind { .. } => "database_behind",
            Self::ReadOnly => "database_read_only",
            Self::NotOfTheProgram => "database_role",
            Self::NotSandbox => "not_a_sandbox",
            Self::ClockRefused(_) => "clock_refused",
            Self::VersionTaken { .. } => "version_taken",
            Self::HashMismatch { .. } => "hash_mismatch",
            Self::NoSuchDefinition { .. } => "no_such_definition",
            Self::Retired { .. } => "definition_retired",
            Self::NoSuchCalendar(_) => "no_such_calendar",
            Self::SearchTooWide => "search_too_wide",
            Self::PastChanges { .. } => "calendar_past",
            Self::Unreadable { .. } => "unreadable",
            Self::Organisation(_) => "organisation",
            Self::NoSuchCase(_) => "no_such_case",
            Self::NoSuchSitting(_) => "no_such_sitting",
            Self::Sitting { code, .. } => code,
            Self::Unknown(_) => "unknown",
            Self::LoginTaken(_) => "login_taken",
            Self::IdentityTaken => "identity_taken",
            Self::Delegation(refusal) => refusal.code(),
            Self::NoKey => "secret_key_missing",
            Self::WrongKey => "secret_key_wrong",
            Self::Log(error) => error.code(),
            Self::LogBroken(_) => "log_broken",
            Self::Shared(error) => error.code(),
            Self::Closed => "store_closed",
        }
    }
}

impl StoreError {
    /// The error of something that several may have asked for together.
    pub(crate) fn of_several(error: Arc<Self>) -> Self {
        Arc::try_unwrap(error).unwrap_or_else(Self::Shared)
    }

    /// The store's part of an error that is known to be one of it.
    pub(crate) fn from_lost(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Store(error) => Arc::try_unwrap(error).unwrap_or(Self::Closed),
            _ => Self::Closed,
        }
    }
}

impl From<NoRight> for StoreError {
    fn from(error: NoRight) -> Self {
        Self::Sitting { code: error.code(), reason: error.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(said) = &error {
            match said.code().as_deref() {
                Some("PV001") => return Self::NotSandbox,
                Some("PV002") => return Self::ClockRefused(said.message().to_owned()),
                Some("23503") => return Self::Unknown(said.message().to_owned()),
                _ => {}
            }
        }
        Self::Database(error)
    }
}

/// Why a request changed nothing; only after [`ExecuteError::Store`] it may have, when the
/// database was lost in the middle: repeat it with its idempotency key.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The rules say no.
    #[error(transparent)]
    Refused(Arc<Refusal>),
    /// What the person came by is no longer in force, or he is to be told something on the way: whoever asks
    /// must look anew who he is.
    #[error("the token or session is not in force any more")]
    NoLongerIn,
    /// There is no such case.
    #[error("there is no case {0}")]
    NoSuchCase(CaseId),
    /// A case of that identifier exists already.
    #[error("a case {0} exists already")]
    CaseExists(CaseId),
    /// The case is not at the event that the caller had seen, or others kept changing it.
    #[error("the case has been changed meanwhile: it has {found} events, not {expected}")]
    Conflict {
        /// How many events the caller had seen.
        expected: u32,
        /// How many there are.
        found: u32,
    },
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// An idempotency key has 1 to 200 characters.
    #[error("an idempotency key has 1 to 200 characters, none of them U+0000")]
    KeyInvalid,
    /// The stored case cannot be read, or deciding on it panicked: a defect. It blocks only itself.
    #[error("the case cannot be treated: {0}")]
    Poisoned(String),
    /// The database, or what is published in it.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl ExecuteError {
    /// A stable code for programs; that of the refusal, for a refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::NoLongerIn => "unauthenticated",
            Self::NoSuchCase(_) => "no_such_case",
            Self::CaseExists(_) => "case_exists",
            Self::Conflict { .. } => "conflict",
            Self::KeyReused => "idempotency_key_reused",
            Self::KeyInvalid => "idempotency_key_invalid",
            Self::Poisoned(_) => "case_poisoned",
            Self::Store(error) => error.code(),
        }
    }
}

impl From<Refusal> for ExecuteError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Arc::new(refusal))
    }
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<sqlx::Error> for ExecuteError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}
