//! Receiving a content: piece by piece, looked at while it comes, and kept only if it comes whole
//! and is what may be taken.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use futures_util::StreamExt;
use parvaneh_contents::{Kind, Sniffer, Verdict};
use parvaneh_core::{PersonId, form::DocumentKind};
use parvaneh_store::{Arrived, Upload};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use uuid::Uuid;

use super::name;
use crate::{App, problem::Problem};

/// How many pieces wait for the disk.
const AHEAD: usize = 2;

/// What comes next of a content.
enum Next {
    Piece(Bytes),
    /// That was all of it.
    End,
}

/// What is said of a content before it comes.
struct Announced {
    name: Option<String>,
    media_type: String,
    /// As which paper it is handed in, where that is not taken as everything.
    paper: Option<DocumentKind>,
}

/// How long a content may be.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Any.
    longest: u64,
    /// One for this paper.
    of_paper: Option<u64>,
}

impl Bounds {
    fn of(longest: u64, paper: Option<&DocumentKind>) -> Self {
        Self { longest, of_paper: paper.and_then(|paper| paper.longest) }
    }

    fn check(self, length: u64) -> Result<(), Problem> {
        if length > self.longest {
            return Err(too_long(self.longest));
        }
        match self.of_paper {
            Some(longest) if length > longest => {
                let why = format!("at most {longest} bytes are taken of this paper");
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "paper_too_long").because(why))
            }
            _ => Ok(()),
        }
    }
}

/// Receives the body of a request as a content of that person's; as that paper, where it is one.
///
/// What the client breaks off is taken away again, by a task of its own that nobody can break off.
///
/// # Errors
/// `body_too_long`, `paper_too_long`, `document_type`, `paper_type`, `document_mislabelled`, `document_infected`,
/// `too_many_uploads`, `timeout`, `scanner_unavailable`, `documents_unavailable`, `unavailable`.
pub(crate) async fn receive(
    app: &App,
    uploader: PersonId,
    paper: Option<&DocumentKind>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Upload, Problem> {
    let settings = &app.settings.documents;
    let bounds = Bounds::of(settings.longest, paper);
    if let Some(length) = declared_length(headers) {
        bounds.check(length)?;
    }
    let busy = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").again_in(5);
    let permit = Arc::clone(&app.uploads).try_acquire_owned().map_err(|_| busy())?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let announced = Announced {
        name: name::told(headers.get(header::CONTENT_DISPOSITION)),
        media_type: media_type.unwrap_or_default().to_owned(),
        paper: paper.filter(|paper| !paper.types.is_empty()).cloned(),
    };
    let (pieces, coming) = mpsc::channel(AHEAD);
    let keeping = tokio::spawn(keep(app.clone(), uploader, announced, coming, permit));
    let sent = send(body, &pieces, bounds, settings.silence).await;
    drop(pieces);
    // What it says goes before what went wrong with the body: it may have stopped listening.
    let kept = keeping.await.unwrap_or_else(|error| {
        tracing::error!(%error, "an upload");
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal"))
    });
    match (kept, sent) {
        (Ok(upload), _) => Ok(upload),
        (Err(_), Err(problem)) => Err(problem),
        (Err(problem), Ok(())) => Err(problem),
    }
}

/// The length that a request says its body has.
pub(crate) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body is longer than so many bytes.
pub(crate) fn too_long(longest: u64) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_long")
        .because(format!("at most {longest} bytes are taken here"))
}

/// Hands the body over piece by piece. Ends early, and well, when nobody listens any more.
async fn send(
    body: Body,
    pieces: &mpsc::Sender<Next>,
    bounds: Bounds,
    silence: std::time::Duration,
) -> Result<(), Problem> {
    let mut body = body.into_data_stream();
    let mut length = 0;
    loop {
        let next = tokio::time::timeout(silence, body.next()).await.map_err(|_| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout")
                .because("nothing has come for too long")
                .again_in(2)
        })?;
        let next = match next {
            None => Next::End,
            Some(Ok(piece)) => {
                length += piece.len() as u64;
                bounds.check(length)?;
                Next::Piece(piece)
            }
            Some(Err(_)) => return Err(broken_off()),
        };
        let ended = matches!(next, Next::End);
        if pieces.send(next).await.is_err() || ended {
            return Ok(());
        }
    }
}

fn broken_off() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "body_unreadable").because("the body broke off")
}

#[expect(clippy::disallowed_methods, reason = "the edge: a content has an identifier")]
async fn keep(
    app: App,
    uploader: PersonId,
    announced: Announced,
    coming: mpsc::Receiver<Next>,
    _permit: OwnedSemaphorePermit,
) -> Result<Upload, Problem> {
    let id = Uuid::now_v7();
    let most = app.settings.documents.most_waiting;
    if !app.store.begin_upload(uploader, id, most).await? {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_uploads");
        let why = format!("{most} uploads wait that belong to no case yet: attach them first");
        return Err(problem.because(why).again_in(3600));
    }
    let arrived = arrive(&app, id, announced, coming).await;
    if arrived.is_err() {
        discard(&app, id).await;
    }
    arrived
}

async fn arrive(
    app: &App,
    id: Uuid,
    announced: Announced,
    mut coming: mpsc::Receiver<Next>,
) -> Result<Upload, Problem> {
    let settings = &app.settings.documents;
    let mut arriving = settings.contents.begin(id);
    let mut sniffer = Sniffer::default();
    let looked_at = loop {
        match coming.recv().await {
            Some(Next::Piece(piece)) => {
                sniffer.push(&piece);
                if let Err(error) = arriving.push(piece).await {
                    break Err(error.into());
                }
            }
            Some(Next::End) => break kind(app, sniffer, &announced),
            None => break Err(broken_off()),
        }
    };
    let kind = match looked_at {
        Ok(kind) => kind,
        Err(problem) => {
            if let Err(error) = arriving.abort().await {
                tracing::warn!(content.id = %id, %error, "an upload that is given up");
            }
            return Err(problem);
        }
    };
    let kept = arriving.finish().await?;
    let arrived = Arrived {
        name: name::cleaned(announced.name, kind),
        media_type: kind.media_type().to_owned(),
        size: kept.size,
        sha256: kept.sha256,
        clean: scanned(app, id).await?,
    };
    if !app.store.upload_arrived(id, arrived.clone()).await? {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout").again_in(2));
    }
    Ok(Upload { id, arrived })
}

/// What it is, if that is taken and what was declared.
fn kind(app: &App, sniffer: Sniffer, announced: &Announced) -> Result<Kind, Problem> {
    let refused = |code: &str, why: String| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code).because(why)
    };
    let kind = sniffer.finish().map_err(|wrong| refused("document_type", wrong.to_string()))?;
    let kinds = &app.settings.documents.kinds;
    if !kinds.contains(&kind) {
        let taken: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let why = format!("the file is {kind}; what is taken: {}", taken.join(", "));
        return Err(refused("document_type", why));
    }
    if let Some(paper) = announced.paper.as_ref().filter(|one| !one.takes(kind.media_type())) {
        let why = format!("the file is {kind}; this paper is taken as {}", paper.taken_types());
        return Err(refused("paper_type", why));
    }
    if !kind.can_be_declared(&announced.media_type) {
        let why = format!("the file is {}, and not what Content-Type says", kind.media_type());
        return Err(refused("document_mislabelled", why));
    }
    Ok(kind)
}

/// Whether a scanner has looked at a content and found nothing; where there is none, it has not.
///
/// # Errors
/// `document_infected`, `scanner_unavailable`.
pub(super) async fn scanned(app: &App, id: Uuid) -> Result<bool, Problem> {
    let settings = &app.settings.documents;
    let Some(scanner) = &settings.scanner else { return Ok(false) };
    match scanner.scan(settings.contents.read(id).await?).await {
        Ok(Verdict::Clean) => Ok(true),
        Ok(Verdict::Infected(found)) => {
            tracing::warn!(content.id = %id, found, "an upload is infected");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "document_infected")
                .because(format!("the scanner found {found}")))
        }
        Err(error) => {
            tracing::error!(%error, "the virus scanner");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "scanner_unavailable").again_in(30))
        }
    }
}

/// Takes an upload away that no case holds. What cannot be taken away now, a worker does later.
pub(crate) async fn discard(app: &App, id: Uuid) {
    let gone = match app.settings.documents.contents.remove(id).await {
        Ok(()) => app.store.forget_upload(id).await.map(|_| ()).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = gone {
        tracing::warn!(content.id = %id, error, "an upload that stays for the worker");
    }
}

#[cfg(test)]
mod tests {
    use parvaneh_core::form::PaperType;

    use super::*;

    #[test]
    fn a_definition_names_the_types_that_are_taken() {
        let named: Vec<_> = PaperType::ALL.map(|one| (one.name(), one.media_type())).to_vec();
        let taken: Vec<_> = Kind::ALL.iter().map(|one| (one.name(), one.media_type())).collect();
        assert_eq!(named, taken);
    }
}
