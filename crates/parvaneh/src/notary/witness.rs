//! An auditor's witness: confirms checkpoints of one log over HTTP, by C2SP `tlog-witness`.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::Utc;
use parvaneh_core::log::{
    notary::{Asked, Refusal, may_sign},
    note::{Checkpoint, Note, Verifier},
};

use super::Seat;

/// The latest checkpoint that was confirmed.
const LAST: &str = "checkpoint";
/// The longest question.
const LONGEST: usize = 64 * 1024;

/// A witness of one log.
#[derive(Debug)]
pub(crate) struct LogWitness {
    seat: Seat,
    /// The log's key.
    log: Verifier,
    /// Only while it is held is anything confirmed.
    turn: Mutex<()>,
}

/// Why it is not confirmed.
enum Refused {
    By(Refusal),
    Disk(io::Error),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::By(refusal)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl LogWitness {
    pub(crate) fn new(seat: Seat, log: Verifier) -> Self {
        Self { seat, log, turn: Mutex::default() }
    }

    /// The line that confirms a checkpoint. `now` in seconds since 1970.
    fn confirm(&self, question: &str, now: u64) -> Result<String, Refused> {
        let asked = Asked::parse(question)?;
        let note = Note::parse(&asked.checkpoint)
            .map_err(|_| Refusal::Unreadable("the checkpoint is not a signed note"))?;
        let new = Checkpoint::parse(&note.text)
            .map_err(|_| Refusal::Unreadable("it is not the text of a checkpoint"))?;
        if new.origin != self.log.name() {
            return Err(Refusal::OtherLog(new.origin).into());
        }
        note.verify(&self.log).map_err(|_| Refusal::NotSigned)?;
        if asked.old > new.size {
            return Err(Refusal::Unreadable("the old size is above the new one").into());
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.seat.kept(LAST)?;
        may_sign(last.as_ref().map(|last| &last.1), asked.old, &asked.proof, &new)?;
        let line = self
            .seat
            .signer
            .sign(&note.text, now)
            .map_err(|_| Refusal::Unreadable("it cannot stand in a note"))?;
        // With the log's own line: whoever finds a fork later can show both.
        let signatures = note
            .signatures
            .into_iter()
            .filter(|one| one.name == self.log.name() && one.key_id == self.log.id())
            .chain([line.clone()])
            .collect();
        self.seat.keep(LAST, &Note { text: note.text, signatures })?;
        Ok(line.to_string())
    }
}

/// What it answers: `add-checkpoint`, and `checkpoint` for whoever wants to see the latest.
pub(crate) fn router(witness: Arc<LogWitness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(witness)
}

#[expect(clippy::disallowed_methods, reason = "the edge: a witness says when he has seen it")]
async fn add_checkpoint(State(witness): State<Arc<LogWitness>>, question: String) -> Response {
    let now = Utc::now().timestamp().unsigned_abs();
    let done = tokio::task::spawn_blocking(move || witness.confirm(&question, now)).await;
    let refused = match done {
        Ok(Ok(line)) => return line.into_response(),
        Ok(Err(refused)) => refused,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
    };
    match refused {
        Refused::By(refusal) => {
            tracing::warn!(code = refusal.code(), %refusal, "a checkpoint is not confirmed");
            told(&refusal)
        }
        Refused::Disk(error) => {
            tracing::error!(%error, "what was confirmed last cannot be read or written");
            (StatusCode::INTERNAL_SERVER_ERROR, "its own state\n").into_response()
        }
    }
}

/// As `tlog-witness` wants it told.
fn told(refusal: &Refusal) -> Response {
    let said = format!("{}: {refusal}\n", refusal.code());
    match refusal {
        Refusal::Unreadable(_) => (StatusCode::BAD_REQUEST, said).into_response(),
        Refusal::OtherLog(_) => (StatusCode::NOT_FOUND, said).into_response(),
        Refusal::NotSigned => (StatusCode::FORBIDDEN, said).into_response(),
        Refusal::Stale { last, .. } | Refusal::RolledBack { last, .. } => conflict(*last),
        Refusal::Fork { size, last } if size == last => conflict(*last),
        Refusal::Fork { .. } => (StatusCode::UNPROCESSABLE_ENTITY, said).into_response(),
    }
}

fn conflict(last: u64) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
    (StatusCode::CONFLICT, kind, format!("{last}\n")).into_response()
}

async fn checkpoint(State(witness): State<Arc<LogWitness>>) -> Response {
    match witness.seat.kept(LAST) {
        Ok(Some((note, _))) => note.to_string().into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "what was confirmed last cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
