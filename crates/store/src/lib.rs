//! Cases, events and tasks in Postgres: the one write path and the read models.
//!
//! **Invariant.** Nothing here knows HTTP or screens, transactions never leave this crate, and
//! whoever begins one commits it. A case changes only by [`Store::execute`] and
//! [`Store::tick_due`], which decide in the core and write by the same statement.

mod absence;
mod actor;
mod answered;
mod batch;
mod bundle;
mod closure;
mod content;
mod delegate;
mod directory;
mod draft;
mod due;
pub mod embedded;
mod engine;
mod erase;
mod error;
mod export;
mod figures;
mod forget;
mod gate;
mod hint;
mod identity;
mod job;
mod key_change;
mod lane;
mod link;
mod log;
mod look;
mod measure;
mod migration;
mod news;
mod notify;
mod outbox;
mod people;
mod personal;
mod publish;
mod read;
mod reading;
mod reference;
mod rehearse;
mod request;
mod sandbox;
mod sitting;
mod store;
#[doc(hidden)]
pub mod testing;
mod vault;
mod visitors;
mod watch;

pub use absence::{AbsenceRow, HandedBack, NewAbsence};
pub use answered::Begun;
pub use bundle::{Bundle, BundleScope, BundleWritten, Extent, NoExtent};
pub use closure::{
    Affected, CALENDAR_KEEPER, Change, ClosedDay, Closing, ClosureError, ClosureRow, ClosuresQuery,
    MovedCase, Preview, PreviewPage, Reopening, Settled as ClosureSettled,
};
pub use content::{Arrived, Brought, CaseContent, UPLOAD_LASTS, Upload};
pub use delegate::{DelegationFilter, DelegationRow, NewDelegation};
pub use directory::{DirectoryOrder, DirectoryQuery, DirectoryRow};
pub use draft::{ApplicationDraft, DRAFT_LASTS};
pub use due::{DueListener, Parked, TickOutcome};
pub use erase::{Erased, Erasure, ErasureRow, NotErased};
pub use error::{ExecuteError, StoreError};
pub use export::{
    Batch, EXPORT_REASON, ExportDone, ExportEvent, ExportMade, ExportMaker, ExportOrder, ExportRow,
    ExportScope, ExportState, Making, NewExport, NotMade, Recorded, Span, export_content,
};
pub use forget::KEYS_STAY;
pub use gate::Credential;
pub use identity::{
    Account, AccountEvent, AccountEventRow, Attempt, Attempts, ByIdentity, Credentials, Doer,
    EntryMail, EntryProof, Identity, InquiryLink, InquiryLinkRow, KnownBy, LinkPurpose,
    NewApplicant, NewIdentity, NewInquiryLink, NewLink, NewSession, NewToken, Newcomer, Proved,
    RecoveryMail, Scope, SecondFactor, SecretHash, Session, SessionRow, Token, TokenRow,
};
pub use job::{Job, JobId};
pub use key_change::{KeyChanged, KeyUnchanged};
pub use log::{LogStanding, Proven, Sealed, SignedCheckpoint, WitnessRow};
pub use look::{LOOKS_STAY, Look};
pub use migration::{MigrationPreview, PreviewedCase, PreviewedClock, RefusedCase};
pub use news::{News, NewsListener, Office};
pub use notify::{
    Channel, Choice, Claimed, DeliveriesQuery, DeliveryRow, DeliveryState, DigestCandidate, Due,
    FailedDelivery, Language, NewWebhook, NoticeKind, Outcome, Preferences, Reason, Sent, Webhook,
    WebhookEvent, Wishes,
};
pub use outbox::{Delivery, Notice};
pub use people::{PeopleFilter, Person};
pub use publish::{Published, PublishedDefinition, UnitRow};
pub use read::{
    AgendaItem, Band, CaseAboutRow, CaseFile, CaseOrder, CaseRow, CasesQuery, Cursor, Desk,
    EscalatedNow, EscalationCount, Experience, FiledTask, Hands, HeldBy, HeldUp, InHand, Inquiries,
    Inquiry, Judged, LicenceChangeRow, LicenceFile, LicenceRow, LicencesQuery, LooksCursor,
    LooksQuery, MOST_TOLD, Measure, OnTime, OnTimeBy, OnTimeKey, OnTimeQuery, OnTimeRow,
    OpenStanding, OpenTask, Pattern, PatternQuery, PublicLicence, Ranked, Ranking, RankingQuery,
    Room, RoomOfCase, SavedFilter, SeenCase, SittingRow, SittingsQuery, Sort, Standing,
    StandingDue, StandingQuery, StandingSince, Timeline, TimelineEntry, Trail, TrailCursor,
    TrailQuery, TrailRow, Unusual, Unusuals, Viewer, WorkCase, WorkItem, Worklist, WorklistColumn,
    WorklistCounts, WorklistQuery, Workload, WorkloadBy, WorkloadQuery,
};
pub use request::{Ask, Executed, Request, Requester};
pub use sandbox::{EngineClock, SandboxClock};
pub use sitting::{NewSittings, PlannedSitting, Settled};
pub use store::{Founding, Migrated, Store, StoreOptions};
pub use vault::{NotAKey, SecretKey};
pub use watch::{Backlog, DatabaseFacts, PoolUse};
