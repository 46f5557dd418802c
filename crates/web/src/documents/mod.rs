//! Documents: how their contents come in, how they are named with an application or an action, and
//! how they go out again. What is kept of them where: docs/DOCUMENTS.md.

mod given;
mod name;
mod part;
mod receive;
mod serve;

use std::time::Duration;

use axum::http::StatusCode;
use parvaneh_contents::{Contents, ContentsError, Kind, Scanner};

pub(crate) use self::{
    given::{HandIn, given, paper_of, room_for, with_papers},
    receive::{declared_length, discard, receive, too_long},
    serve::{Purpose, can_be_looked_at, serve},
};
use crate::problem::Problem;

/// How documents are taken and kept.
#[derive(Clone, Debug)]
pub struct DocumentSettings {
    /// Where their contents are kept.
    pub contents: Contents,
    /// What looks for viruses; without it nothing does, and every content says so.
    pub scanner: Option<Scanner>,
    /// The kinds that are taken.
    pub kinds: Vec<Kind>,
    /// How long a content may be, in bytes.
    pub longest: u64,
    /// How many contents somebody may have uploaded that no case holds.
    pub most_waiting: u32,
    /// How many contents a case may hold of one kind of paper, the replaced ones included.
    pub most_of_a_kind: u32,
    /// How many uploads are received at the same time.
    pub at_once: usize,
    /// How long an upload may take as a whole.
    pub patience: Duration,
    /// How long an upload may say nothing.
    pub silence: Duration,
}

impl Default for DocumentSettings {
    /// In memory: what is taken is gone with the process.
    fn default() -> Self {
        Self {
            contents: Contents::memory(),
            scanner: None,
            kinds: Kind::ALL.to_vec(),
            longest: 20 * 1024 * 1024,
            most_waiting: 50,
            most_of_a_kind: 20,
            at_once: 32,
            patience: Duration::from_secs(15 * 60),
            silence: Duration::from_secs(20),
        }
    }
}

impl From<ContentsError> for Problem {
    fn from(error: ContentsError) -> Self {
        match error {
            ContentsError::Missing(_) | ContentsError::Damaged { .. } => {
                tracing::error!(%error, "a document is not what was handed in");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "document_damaged")
            }
            ContentsError::Away(_) | ContentsError::Unusable(_) => {
                tracing::error!(%error, "where documents are kept");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "documents_unavailable").again_in(30)
            }
        }
    }
}
