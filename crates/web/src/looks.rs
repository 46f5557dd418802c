//! Who has looked at what: recorded for everything that shows a case, in one place.
//!
//! A layer around all addresses sees which of them were answered, to whom, and about which case. So nothing that
//! names a case in its address can forget to record a look, and recording costs who looks no round trip: looks are
//! written in batches behind the answers.
//!
//! **Invariant.** A look is never lost unnoticed. Where they cannot be written they wait, up to a bound; where that is
//! reached, nobody is shown a case until they are written (503). When the service ends, what waits is written first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use parvaneh_core::{CaseId, Instant, PersonId};
use parvaneh_store::{Look, Store, StoreError};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant as Moment, sleep, timeout},
};

use crate::{App, problem::Problem};

/// How looks are recorded.
#[derive(Clone, Copy, Debug)]
pub struct LookSettings {
    /// For how long another look of the same person at the same thing is no look of its own.
    pub fold: Duration,
    /// How many can wait to be written.
    pub waiting: usize,
    /// How long somebody waits who is to be shown something while so many wait.
    pub patience: Duration,
}

impl Default for LookSettings {
    fn default() -> Self {
        Self {
            fold: Duration::from_secs(10 * 60),
            waiting: 10_000,
            patience: Duration::from_secs(5),
        }
    }
}

/// How many are written at once.
const BATCH: usize = 500;
/// How long the first of a batch waits for others.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait after what was not written.
const AGAIN: Duration = Duration::from_secs(1);
/// How many looks are remembered, so that the same one is not recorded again.
const REMEMBERED: usize = 50_000;
/// The longest detail, in letters.
const DETAIL: usize = 200;

/// What somebody looked at, as it is remembered.
type Seen = (PersonId, Option<CaseId>, &'static str, Option<String>);

/// What is told to who writes.
#[derive(Debug)]
enum Message {
    Look(Look),
    /// Answered when everything before it is written.
    Written(oneshot::Sender<()>),
}

/// The record. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Looks {
    store: Store,
    how: LookSettings,
    /// Made with the first look.
    writer: Arc<OnceLock<mpsc::Sender<Message>>>,
    remembered: Arc<Mutex<HashMap<Seen, Moment>>>,
}

impl Looks {
    pub(crate) fn new(store: Store, how: LookSettings) -> Self {
        Self { store, how, writer: Arc::default(), remembered: Arc::default() }
    }

    fn writer(&self) -> &mpsc::Sender<Message> {
        self.writer.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(self.how.waiting.max(1));
            tokio::spawn(write(self.store.clone(), receiver));
            sender
        })
    }

    /// Takes down a look, unless the same one was taken down a short time ago.
    ///
    /// # Errors
    /// `unavailable`, where too many wait to be written.
    async fn note(&self, seen: Seen, at: Instant) -> Result<(), Problem> {
        if self.is_known(&seen) {
            return Ok(());
        }
        let (person, case, what, detail) = seen.clone();
        let look = Look { person, case, what: what.to_owned(), detail, at };
        let taken = self.writer().send_timeout(Message::Look(look), self.how.patience).await;
        if taken.is_err() {
            metrics::counter!("parvaneh_looks_refused_total").increment(1);
            tracing::error!("nobody is shown a case: who looks cannot be recorded");
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").again_in(5));
        }
        self.remember(seen);
        Ok(())
    }

    /// Takes down that somebody was shown a licence, by the case that granted it.
    ///
    /// # Errors
    /// As for any look.
    pub(crate) async fn licence(
        &self,
        person: PersonId,
        granted_by: CaseId,
        number: &str,
        at: Instant,
    ) -> Result<(), Problem> {
        self.note((person, Some(granted_by), "licence", Some(number.to_owned())), at).await
    }

    /// Takes down that somebody has exported a case.
    ///
    /// # Errors
    /// As for any look.
    pub(crate) async fn exported(
        &self,
        person: PersonId,
        case: CaseId,
        format: &str,
        at: Instant,
    ) -> Result<(), Problem> {
        self.note((person, Some(case), "export", Some(format.to_owned())), at).await
    }

    fn is_known(&self, seen: &Seen) -> bool {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(seen).is_some_and(|since| since.elapsed() < self.how.fold)
    }

    fn remember(&self, seen: Seen) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, since| since.elapsed() < self.how.fold);
            if remembered.len() >= REMEMBERED {
                // Then some are recorded oftener than they need be, and none seldomer.
                remembered.clear();
            }
        }
        remembered.insert(seen, Moment::now());
    }

    /// Waits until everything that was taken down is written, for so long at most. Says whether it is.
    pub(crate) async fn written(&self, patience: Duration) -> bool {
        let Some(writer) = self.writer.get() else { return true };
        let all = async {
            let (told, written) = oneshot::channel();
            writer.send(Message::Written(told)).await.is_ok() && written.await.is_ok()
        };
        timeout(patience, all).await.unwrap_or(false)
    }
}

/// Writes looks in batches, as long as somebody can take one down.
async fn write(store: Store, mut messages: mpsc::Receiver<Message>) {
    while let Some(first) = messages.recv().await {
        let mut batch = Vec::new();
        let mut waiting = gathered(first, &mut batch);
        let mut pause = std::pin::pin!(sleep(PAUSE));
        while waiting.is_none() && batch.len() < BATCH {
            tokio::select! {
                next = messages.recv() => match next {
                    Some(next) => waiting = gathered(next, &mut batch),
                    None => break,
                },
                () = &mut pause => break,
            }
        }
        while let Err(error) = store.record_looks(batch.clone()).await {
            metrics::counter!("parvaneh_looks_unwritten_total").increment(1);
            if matches!(error, StoreError::Closed) {
                tracing::error!(
                    count = batch.len(),
                    "the store was closed before looks were written"
                );
                return;
            }
            tracing::warn!(%error, count = batch.len(), "looks are not written yet");
            sleep(AGAIN).await;
        }
        metrics::counter!("parvaneh_looks_total").increment(batch.len() as u64);
        if let Some(waiting) = waiting {
            // Whoever has asked may have gone.
            let _ = waiting.send(());
        }
    }
}

fn gathered(message: Message, batch: &mut Vec<Look>) -> Option<oneshot::Sender<()>> {
    match message {
        Message::Look(look) => {
            batch.push(look);
            None
        }
        Message::Written(told) => Some(told),
    }
}

/// Who asks, as the one who lets him in has found it. Goes with the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looker(Arc<OnceLock<(PersonId, Instant)>>);

impl Looker {
    /// It is this one, and it is so late.
    pub(crate) fn is(&self, person: PersonId, at: Instant) {
        // Whoever asks twice is the same.
        let _ = self.0.set((person, at));
    }
}

/// Records what was shown, before it is.
pub(crate) async fn watch(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let shows = match (request.method(), request.extensions().get::<MatchedPath>()) {
        (&Method::GET, Some(route)) => shows(route.as_str(), request.uri()),
        _ => None,
    };
    let Some((case, what, detail)) = shows else { return next.run(request).await };
    let looker = Looker::default();
    request.extensions_mut().insert(looker.clone());
    let response = next.run(request).await;
    let was_shown = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let Some((person, at)) = looker.0.get().copied().filter(|_| was_shown) else { return response };
    match app.looks.note((person, case, what, detail), at).await {
        Ok(()) => response,
        Err(problem) => problem.into_response(),
    }
}

/// What an address shows: of which case, what, and which of them. Nothing, where it shows none.
fn shows(
    route: &str,
    uri: &axum::http::Uri,
) -> Option<(Option<CaseId>, &'static str, Option<String>)> {
    let short = |text: &str| {
        let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
        let text: String = text.chars().filter(|letter| *letter != '\0').take(DETAIL).collect();
        Some(text).filter(|text| !text.is_empty())
    };
    let named = |name: &str| {
        let parts = route.split('/').zip(uri.path().split('/'));
        parts.into_iter().find_map(|(part, given)| (part == name).then_some(given))
    };
    if route.starts_with("/audit") && !route.contains("{case}") {
        let what = match route {
            "/audit" => "audit_search",
            "/audit/looks" => "audit_looks",
            "/audit/patterns" => "audit_patterns",
            _ => "audit",
        };
        return Some((None, what, uri.query().and_then(short)));
    }
    let case = CaseId(named("{case}")?.parse().ok()?);
    let rest = route.split_once("{case}").map_or("", |(_, rest)| rest);
    let what = match rest {
        _ if route.starts_with("/audit/") => "whole_story",
        _ if route.starts_with("/inquiries/") => "inquiry",
        "" => "file",
        "/inquiries" | "/inquiries/{branch}/links" => "inquiries",
        "/documents" => "documents",
        "/documents/{document}" | "/documents/{document}/view" => "document",
        "/timeline" => "timeline",
        "/workflow" => "workflow",
        "/clocks/{no}" | "/clocks/{no}/explanation" => "clock",
        "/do/{what}" => "doing",
        "/events" => "following",
        _ => "other",
    };
    let detail = match what {
        "document" => named("{document}").and_then(short),
        "inquiry" => named("{task}").and_then(short),
        "clock" => named("{no}").and_then(short),
        "doing" => named("{what}").and_then(short),
        _ => None,
    };
    Some((Some(case), what, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_shows() {
        let case = "0190f1a2-0000-7000-8000-000000000001";
        for (route, address, what, detail) in [
            ("/cases/{case}", "/cases/CASE", "file", None),
            ("/api/v1/cases/{case}", "/api/v1/cases/CASE?x=1", "file", None),
            ("/cases/{case}/clocks/{no}", "/cases/CASE/clocks/0", "clock", Some("0")),
            (
                "/api/v1/cases/{case}/documents/{document}",
                "/api/v1/cases/CASE/documents/%D9%86",
                "document",
                Some("ن"),
            ),
            ("/audit/cases/{case}", "/audit/cases/CASE", "whole_story", None),
            ("/inquiries/{case}/{task}", "/inquiries/CASE/3", "inquiry", Some("3")),
            ("/my/cases/{case}", "/my/cases/CASE", "file", None),
            ("/cases/{case}/something/new", "/cases/CASE/something/new", "other", None),
        ] {
            let uri = address.replace("CASE", case).parse().unwrap();
            let (of, seen, which) = shows(route, &uri).unwrap();
            assert_eq!((of.unwrap().to_string().as_str(), seen), (case, what), "{route}");
            assert_eq!(which.as_deref(), detail, "{route}");
        }
        let uri = "/audit?kind=acted".parse().unwrap();
        assert_eq!(
            shows("/audit", &uri),
            Some((None, "audit_search", Some("kind=acted".to_owned())))
        );
        assert_eq!(shows("/worklist", &"/worklist".parse().unwrap()), None);
        assert_eq!(shows("/cases/{case}", &"/cases/x".parse().unwrap()), None);
    }
}
