//! What screens and reports show: one file each. Nothing here can write.

mod by_code;
mod case_file;
mod cases;
mod cells;
mod escalations;
mod experience;
mod history;
mod inquiries;
pub(crate) mod late_days;
mod licences;
mod looks;
mod marks;
mod on_time;
mod patterns;
mod ranking;
mod requests;
mod sittings;
mod standing;
mod timeline;
mod trail;
mod viewer;
mod words;
mod worklist;
mod workload;

pub use case_file::{CaseFile, FiledTask, SeenCase};
pub(crate) use cases::filters;
pub use cases::{CaseOrder, CaseRow, CasesQuery, HeldBy, HeldUp, Judged, OpenTask};
pub use escalations::EscalationCount;
pub use experience::Experience;
pub(crate) use experience::ExperienceCache;
pub(crate) use history::HistoryCache;
pub use inquiries::{Inquiries, Inquiry};
pub use licences::{
    CaseAboutRow, LicenceChangeRow, LicenceFile, LicenceRow, LicencesQuery, PublicLicence, Standing,
};
pub use looks::{LooksCursor, LooksQuery};
pub use on_time::{OnTime, OnTimeBy, OnTimeKey, OnTimeQuery, OnTimeRow};
pub use patterns::{MOST_TOLD, Measure, Pattern, PatternQuery, Unusual, Unusuals};
pub use ranking::{Band, Ranked, Ranking, RankingQuery};
pub use sittings::{AgendaItem, Room, RoomOfCase, SittingRow, SittingsQuery};
pub use standing::{
    EscalatedNow, InHand, Standing as OpenStanding, StandingDue, StandingQuery, StandingSince,
};
pub use timeline::{Timeline, TimelineEntry};
pub use trail::{Trail, TrailCursor, TrailQuery, TrailRow};
pub(crate) use viewer::Sees;
pub use viewer::Viewer;
pub use worklist::{
    Cursor, Desk, Hands, SavedFilter, Sort, WorkCase, WorkItem, Worklist, WorklistColumn,
    WorklistCounts, WorklistQuery,
};
pub use workload::{Workload, WorkloadBy, WorkloadQuery};
