//! One listener for everybody who waits.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::StatusCode;
use parvaneh_core::{CaseId, PersonId};
use parvaneh_store::{News, NewsListener, Store, StoreError};
use tokio::sync::broadcast::{self, error::RecvError};

use super::Streams;
use crate::problem::Problem;

/// So much is kept for who is slow.
const KEPT: usize = 64;
/// How long to wait for a database that is away.
const AGAIN: Duration = Duration::from_secs(1);

/// Where everybody waits. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    news: broadcast::Sender<Arc<News>>,
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    of: BTreeMap<PersonId, usize>,
    /// The cases for which somebody waits.
    cases: BTreeMap<CaseId, usize>,
    /// Whether somebody listens for all of them.
    listening: bool,
}

/// A place of somebody who waits. It is free again when this is gone.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Hub,
    person: PersonId,
    case: Option<CaseId>,
    news: broadcast::Receiver<Arc<News>>,
}

/// What somebody hears who waits.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// Something has changed.
    News(Arc<News>),
    /// He was too slow, and has missed something.
    Missed,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let (news, _) = broadcast::channel(KEPT);
        Self(Arc::new(Inner { news, seats: Mutex::default() }))
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives somebody a place. With the first one the listening begins, with the last one it ends.
    ///
    /// # Errors
    /// `streams_taken`.
    pub(crate) fn sit(
        &self,
        store: &Store,
        how: &Streams,
        person: PersonId,
        case: Option<CaseId>,
    ) -> Result<Seat, Problem> {
        let mut seats = self.seats();
        let own = seats.of.get(&person).copied().unwrap_or_default();
        if own >= how.of_one_person {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "streams_taken");
            return Err(problem.because("you have too many of them open").again_in(10));
        }
        if seats.taken >= how.most {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "streams_taken");
            return Err(problem.again_in(10));
        }
        seats.taken += 1;
        *seats.of.entry(person).or_default() += 1;
        if let Some(case) = case {
            *seats.cases.entry(case).or_default() += 1;
        }
        let news = self.0.news.subscribe();
        if !seats.listening {
            seats.listening = true;
            tokio::spawn(listen(self.clone(), store.clone(), how.look));
        }
        drop(seats);
        Ok(Seat { hub: self.clone(), person, case, news })
    }

    /// Whether nobody waits any more; then the listening has ended.
    fn is_left(&self) -> bool {
        let mut seats = self.seats();
        seats.listening = seats.taken > 0;
        !seats.listening
    }

    /// How many events each case has for which somebody waits.
    async fn look(&self, store: &Store) -> Result<BTreeMap<CaseId, u32>, StoreError> {
        let cases: Vec<CaseId> = self.seats().cases.keys().copied().collect();
        match cases.is_empty() {
            true => Ok(BTreeMap::new()),
            false => store.seqs(&cases).await,
        }
    }
}

impl Seat {
    /// Waits for news.
    pub(crate) async fn hear(&mut self) -> Heard {
        match self.news.recv().await {
            Ok(news) => Heard::News(news),
            Err(RecvError::Lagged(_)) => Heard::Missed,
            // The hub has the sender, and this has the hub.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        seats.taken -= 1;
        less(&mut seats.of, self.person);
        if let Some(case) = self.case {
            less(&mut seats.cases, case);
        }
    }
}

fn less<K: Ord + Copy>(counts: &mut BTreeMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

/// Hears for everybody, and looks now and then at the cases for which somebody waits, all in one query.
async fn listen(hub: Hub, store: Store, look: Duration) {
    let mut listener = None;
    while !hub.is_left() {
        if listener.is_none() {
            listener = store.listen_news().await.inspect_err(deaf).ok();
            if listener.is_none() {
                tokio::time::sleep(AGAIN).await;
            }
        }
        let heard = heard(&mut listener, look).await;
        let Some(mut news) = heard else { continue };
        if news.many || news == News::default() {
            match hub.look(&store).await {
                Ok(cases) => news.cases = cases,
                Err(error) => {
                    tracing::warn!(%error, "what has changed cannot be looked at");
                    continue;
                }
            }
        }
        // Nobody may be waiting any more.
        let _ = hub.0.news.send(Arc::new(news));
    }
}

/// The next news, or none that were told after a while; `None` when the connection is lost.
async fn heard(listener: &mut Option<NewsListener>, look: Duration) -> Option<News> {
    let Some(hearing) = listener else { return Some(News::many()) };
    match tokio::time::timeout(look, hearing.recv()).await {
        Ok(Ok(news)) => Some(news),
        Ok(Err(error)) => {
            deaf(&error);
            *listener = None;
            None
        }
        Err(_) => Some(News::default()),
    }
}

fn deaf(error: &StoreError) {
    tracing::warn!(%error, "what changes is not heard until the connection is there again");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_kept_for_who_is_slow_and_he_is_told() {
        let hub = Hub::new();
        let person = PersonId(uuid::Uuid::from_u128(1));
        *hub.seats() = Seats { taken: 1, of: [(person, 1)].into(), ..Seats::default() };
        let news = hub.0.news.subscribe();
        let mut seat = Seat { hub: hub.clone(), person, case: None, news };
        for _ in 0..=KEPT {
            hub.0.news.send(Arc::new(News::many())).unwrap();
        }
        assert!(matches!(seat.hear().await, Heard::Missed));
        assert!(matches!(seat.hear().await, Heard::News(_)));
        assert!(!hub.is_left());
        drop(seat);
        assert!(hub.is_left() && hub.seats().of.is_empty());
    }
}
