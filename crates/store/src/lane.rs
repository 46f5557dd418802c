//! Lanes: where requests wait, and become batches.
//!
//! A lane takes whatever waits, up to a whole batch, and puts it through the one write path: one
//! statement reads, the core decides, one statement writes and commits. While that goes on the
//! next requests gather, so that the busier it is, the fewer round trips and commits a request
//! costs; a request that comes alone waits for nobody. The requests of one case share a lane and
//! are done in their order.
//!
//! Whoever asked may go away at any time: the work belongs to the lane.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use parvaneh_core::{CaseId, timeline::Hash};
use sqlx::{PgConnection, Postgres, Row, pool::PoolConnection};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::{
    ExecuteError, Executed, Request, StoreError,
    batch::{self, Decision, Judged},
    engine::Engine,
    measure,
    personal::Sealer,
};

type Verdict = Result<Executed, ExecuteError>;

/// How many requests may wait for a lane before callers are made to wait for room.
const WAITING: usize = 4_096;
/// After how long without work a lane gives its connection back.
const IDLE: Duration = Duration::from_secs(30);
/// How often others may change a case under one request before it is told of the conflict.
const CONFLICTS: u32 = 20;
/// How often a request is read again when a unique key was taken between reading and writing.
const TAKEN: u32 = 3;
/// How often a batch is tried again when the database was lost; then its callers are told. More
/// often than there are connections, all of which may have died at once.
const LOSSES: u32 = 8;
/// How long it waits at most before it tries again.
const PAUSE: Duration = Duration::from_millis(500);

/// The lanes of a store.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<mpsc::Sender<Work>>,
}

/// A request on its way.
#[derive(Debug)]
struct Job {
    request: Request,
    answer: oneshot::Sender<Verdict>,
    /// How often the case was changed between reading and writing.
    conflicts: u32,
    /// What may have been written although the database did not say so.
    unsure: Vec<Unsure>,
}

/// A write whose answer was lost.
#[derive(Debug)]
struct Unsure {
    seq: u32,
    head: Hash,
    executed: Executed,
}

impl Lanes {
    pub(crate) fn start(engine: &Arc<Engine>, count: usize, batch: usize) -> Self {
        let start = |_| {
            let (sender, work) = mpsc::channel(WAITING);
            tokio::spawn(keep(engine.clone(), work, batch));
            sender
        };
        Self { lanes: (0..count).map(start).collect() }
    }

    /// Hands a request over; the answer comes when it is settled.
    pub(crate) async fn send(
        &self,
        request: Request,
    ) -> Result<oneshot::Receiver<Verdict>, ExecuteError> {
        // Not in the batch: there it would hold up others.
        if !request.has_valid_key() {
            return Err(ExecuteError::KeyInvalid);
        }
        let (answer, receiver) = oneshot::channel();
        let lane = &self.lanes[lane_of(request.ask.case(), self.lanes.len())];
        let job = Job { request, answer, conflicts: 0, unsure: Vec::new() };
        lane.send(Work::Job(Box::new(job))).await.map_err(|_| StoreError::Closed)?;
        Ok(receiver)
    }

    /// Ends the lanes after what has been handed over; what comes later is told that they are
    /// closed.
    pub(crate) async fn close(&self) {
        for lane in &self.lanes {
            let (done, closed) = oneshot::channel();
            if lane.send(Work::Close(done)).await.is_ok() {
                closed.await.ok();
            }
        }
    }
}

/// What a lane is given.
#[derive(Debug)]
enum Work {
    Job(Box<Job>),
    Close(oneshot::Sender<()>),
}

/// The last bytes of a UUIDv7 are its random ones.
fn lane_of(case: CaseId, lanes: usize) -> usize {
    usize::from(case.0.as_bytes()[15]) % lanes
}

/// Keeps a lane going: if it panics, those who wait are told, and it begins anew.
async fn keep(engine: Arc<Engine>, work: mpsc::Receiver<Work>, most: usize) {
    let work = Arc::new(Mutex::new(work));
    while let Err(error) = tokio::spawn(lane(engine.clone(), work.clone(), most)).await {
        if error.is_cancelled() {
            return;
        }
        tracing::error!(%error, "a lane panicked and begins anew");
    }
}

async fn lane(engine: Arc<Engine>, work: Arc<Mutex<mpsc::Receiver<Work>>>, most: usize) {
    let mut work = work.lock().await;
    let mut link = Link { engine, connection: None };
    let mut waiting = VecDeque::new();
    let mut closing: Option<oneshot::Sender<()>> = None;
    loop {
        if waiting.is_empty() {
            if let Some(done) = closing {
                work.close();
                drop(link);
                done.send(()).ok();
                return;
            }
            let next = match tokio::time::timeout(IDLE, work.recv()).await {
                Ok(next) => next,
                Err(_) => {
                    link.connection = None;
                    work.recv().await
                }
            };
            match next {
                Some(Work::Job(job)) => waiting.push_back(*job),
                Some(Work::Close(done)) => closing = Some(done),
                None => return,
            }
        }
        // Those whom the last batch has just answered get the chance to ask again.
        tokio::task::yield_now().await;
        while waiting.len() < WAITING && closing.is_none() {
            match work.try_recv() {
                Ok(Work::Job(job)) => waiting.push_back(*job),
                Ok(Work::Close(done)) => closing = Some(done),
                Err(_) => break,
            }
        }
        let batch = take_batch(&mut waiting, most);
        run(&mut link, batch).await;
    }
}

/// A lane's own connection: giving it back after every statement would cost a round trip each time.
struct Link {
    engine: Arc<Engine>,
    connection: Option<PoolConnection<Postgres>>,
}

impl Link {
    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(self.engine.writers.acquire().await?);
        }
        Ok(self.connection.as_mut().expect("it was just put there"))
    }

    /// A statement that the server refused leaves its connection as it was. After any other error
    /// it cannot be known what state it is in.
    fn after(&mut self, error: &sqlx::Error) {
        if (passes(error) || error.as_database_error().is_none())
            && let Some(mut connection) = self.connection.take()
        {
            connection.close_on_drop();
        }
    }
}

/// The next batch: never two requests for one case; the second waits for the next.
fn take_batch(waiting: &mut VecDeque<Job>, most: usize) -> Vec<Job> {
    let mut batch = Vec::with_capacity(most.min(waiting.len()));
    let mut cases = HashSet::new();
    let mut later = VecDeque::new();
    while batch.len() < most
        && let Some(job) = waiting.pop_front()
    {
        if cases.insert(job.request.ask.case()) {
            batch.push(job);
        } else {
            later.push_back(job);
        }
    }
    while let Some(job) = later.pop_back() {
        waiting.push_front(job);
    }
    batch
}

/// Puts a batch through until every request has its answer.
async fn run(link: &mut Link, mut batch: Vec<Job>) {
    let mut losses = 0;
    while !batch.is_empty() {
        let Err(error) = round(link, &mut batch).await else { continue };
        link.after(&error);
        if passes(&error) && losses < LOSSES {
            losses += 1;
            tracing::warn!(%error, requests = batch.len(), "the database was lost; trying again");
            tokio::time::sleep(Duration::from_millis(10 << losses).min(PAUSE)).await;
        } else if let [job] = &mut batch[..]
            && is_taken(&error)
            && job.conflicts < if batch::is_overtaken(&error) { CONFLICTS } else { TAKEN }
        {
            // Somebody else has just written under the same key: reading again will tell.
            job.conflicts += 1;
        } else if batch.len() == 1 || is_the_servers(&error) {
            let error = ExecuteError::from(error);
            for job in batch.drain(..) {
                job.answer.send(Err(error.clone())).ok();
            }
        } else {
            // One of them cannot be written. Taken apart, it fails alone.
            for job in std::mem::take(&mut batch) {
                Box::pin(run(link, vec![job])).await;
            }
        }
    }
}

/// Whether the same batch may well succeed when it is tried again.
pub(crate) fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => matches!(
            error.code().as_deref(),
            // Serialization, deadlock, lock not available; shutdown, crash, cannot connect now.
            Some("40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "53300")
        ),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether the error tells something of the server and nothing of a case: it would be the same for
/// every other.
pub(crate) fn is_the_servers(error: &sqlx::Error) -> bool {
    match error {
        // The pool has waited long enough for all of the batch.
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(said) => {
            // Connection, read-only (a standby), resources such as the disk, an operator or a
            // timeout that intervened, the system itself.
            let code = said.code().unwrap_or_default();
            passes(error) || ["08", "25", "53", "57", "58"].iter().any(|it| code.starts_with(it))
        }
        error => passes(error),
    }
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        // Or the last place of a sitting, or the sitting itself.
        error.is_unique_violation()
            || error.constraint() == Some("a_sitting_is_never_over_full")
            || error.code().as_deref() == Some("PV004")
    })
}

/// Reads, decides and writes once. Whoever is settled gets his answer and leaves the batch; who
/// stays was overtaken by somebody else and must be decided again.
async fn round(link: &mut Link, batch: &mut Vec<Job>) -> Result<(), sqlx::Error> {
    let engine = link.engine.clone();
    let connection = link.connection().await?;
    let loaded = batch::load(&mut *connection, batch.iter().map(|job| &job.request)).await?;
    let revision = loaded.first().map(|loaded| loaded.revision);
    let reference = match engine.cache.fresh(&engine.readers, revision).await {
        Ok(reference) => reference,
        Err(StoreError::Database(error)) => return Err(error),
        Err(error) => {
            let error = ExecuteError::from(error);
            batch.drain(..).for_each(|job| drop(job.answer.send(Err(error.clone()))));
            return Ok(());
        }
    };
    let mut verdicts = Vec::with_capacity(batch.len());
    let mut sittings = batch::Sittings::default();
    let mut sealer = Sealer::new(&engine);
    for (job, loaded) in batch.iter().zip(loaded) {
        if let Some(executed) = written_before(&mut *connection, job, &loaded).await? {
            verdicts.push(Judged::settled(Ok(executed)));
            continue;
        }
        verdicts.push(
            batch::judge(
                &engine.readers,
                &reference,
                &mut sittings,
                Some(&mut sealer),
                &job.request,
                loaded,
            )
            .await?,
        );
    }
    let decisions: Vec<&Decision> = verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Judged::Write(decision) => Some(&**decision),
            _ => None,
        })
        .collect();
    let written = match decisions.is_empty() {
        true => HashSet::new(),
        false => match batch::write(&mut *connection, &decisions).await {
            Ok(written) => written,
            Err(error) => {
                remember_unsure(batch, verdicts, &error);
                return Err(error);
            }
        },
    };
    let done = decisions.iter().filter(|one| written.contains(&one.decided.case.id)).copied();
    engine.newsroom.written(done);
    let mut overtaken = Vec::new();
    let mut next_due = None;
    for (mut job, verdict) in std::mem::take(batch).into_iter().zip(verdicts) {
        let answer = match verdict {
            Judged::Settled(answer) => *answer,
            Judged::Repeat(used, sight) => batch::reread(&engine.readers, &used, sight).await,
            Judged::Write(decision) if written.contains(&decision.decided.case.id) => {
                let due = decision.decided.next_due.map(|due| (due, decision.now));
                next_due = next_due.into_iter().chain(due).min();
                Ok(decision.into_executed())
            }
            Judged::Write(decision) => {
                job.conflicts += 1;
                if job.conflicts <= CONFLICTS {
                    overtaken.push(job);
                    continue;
                }
                let expected = decision.prev_seq;
                Err(ExecuteError::Conflict { expected, found: expected + 1 })
            }
        };
        measure::settled(&answer);
        // Whoever asked may have gone away.
        job.answer.send(answer).ok();
    }
    if let Some((due, now)) = next_due {
        engine.hints.due(Some(due), now);
    }
    *batch = overtaken;
    Ok(())
}

/// After the connection was lost in the middle of a write, it may have been committed or not. Its
/// hash tells: another write of the same case has another.
fn remember_unsure(batch: &mut [Job], verdicts: Vec<Judged>, error: &sqlx::Error) {
    if !passes(error) {
        return;
    }
    for (job, verdict) in batch.iter_mut().zip(verdicts) {
        if let Judged::Write(decision) = verdict
            && !decision.links.is_empty()
        {
            let (seq, head) = (decision.decided.case.seq, decision.head);
            job.unsure.push(Unsure { seq, head, executed: decision.into_executed() });
        }
    }
}

/// What this very request has written although its connection was lost.
async fn written_before(
    connection: &mut PgConnection,
    job: &Job,
    loaded: &batch::Loaded,
) -> Result<Option<Executed>, sqlx::Error> {
    let Some(stored) = &loaded.stored else { return Ok(None) };
    for Unsure { seq, head, executed } in &job.unsure {
        let found = match stored.seq.cmp(seq) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => stored.head == *head,
            std::cmp::Ordering::Greater => {
                sqlx::query("select hash from case_events where case_id = $1 and seq = $2")
                    .bind(job.request.ask.case().0)
                    .bind(*seq as i32)
                    .fetch_one(&mut *connection)
                    .await?
                    .try_get::<Hash, _>(0)?
                    == *head
            }
        };
        if found {
            // Still remembered: this round may fail, too, before the answer is given.
            return Ok(Some(executed.clone()));
        }
    }
    Ok(None)
}
