//! Writers that do whatever people do, at random, on the same cases at once; and the book that
//! they keep of what they were told.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parvaneh_core::{
    Case, CaseId, Command, Definition, Event, Given, PersonId, Place, Term,
    case::{SilenceState, Task},
    definition::Answer,
    event::{Owner, Purpose, Vote},
};
use parvaneh_store::{Ask, ExecuteError, Executed, Request, Requester, Store};
use rand::{Rng, RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use crate::store_fixture::{applicant, holder, new_case, open_request};

/// How many people hold each role.
pub(crate) const STAFF: usize = 7;

/// The `n`th holder of a role; the first is [`holder`]'s.
pub(crate) fn staff(role: &str, n: usize) -> PersonId {
    if n == 0 { holder(role) } else { holder(&format!("{role} {n}")) }
}

/// A case that several writers have in hand, as one of them saw it last.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) case: CaseId,
    pub(crate) known: Option<Case>,
}

/// What writers share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) slots: Vec<Mutex<Slot>>,
    pub(crate) definition: Definition,
    pub(crate) closed: AtomicBool,
    /// How many requests have been brought to an end.
    pub(crate) settled: AtomicUsize,
    /// Keys are told apart by it.
    pub(crate) seed: u64,
}

impl Desk {
    pub(crate) fn new(slots: usize, definition: Definition, seed: u64) -> Arc<Self> {
        let slot = |_| Mutex::new(Slot { case: new_case(), known: None });
        let slots = (0..slots).map(slot).collect();
        let (closed, settled) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { slots, definition, closed, settled, seed })
    }
}

/// A request that was acknowledged.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    pub(crate) by: PersonId,
    pub(crate) key: Option<String>,
    pub(crate) case: Case,
    pub(crate) events: Vec<Event>,
}

/// What a writer was told.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// Requests to which the answer was no: nothing of them may be found.
    pub(crate) refused: Vec<(PersonId, String)>,
    /// Remarks without a key whose answer was lost: each is there once, or not at all.
    pub(crate) unsure: BTreeSet<String>,
    /// How often the answer was lost.
    pub(crate) lost: usize,
    /// How often the answer was not waited for.
    pub(crate) abandoned: usize,
    /// How many answers were those of an earlier attempt.
    pub(crate) repeated: usize,
    pub(crate) conflicts: usize,
}

impl Book {
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.refused.extend(other.refused);
        self.unsure.extend(other.unsure);
        self.lost += other.lost;
        self.abandoned += other.abandoned;
        self.repeated += other.repeated;
        self.conflicts += other.conflicts;
    }
}

/// Whether nobody knows what became of the request.
pub(crate) fn is_unsure(error: &ExecuteError) -> bool {
    matches!(error, ExecuteError::Store(_))
}

/// One writer.
pub(crate) struct Writer {
    pub(crate) number: usize,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) desk: Arc<Desk>,
    pub(crate) store: Store,
    /// Through which a repeat is asked for.
    pub(crate) other: Store,
}

impl Writer {
    /// Writes until the desk is closed; every request is brought to an end.
    pub(crate) async fn run(mut self) -> Book {
        let mut book = Book::default();
        let mut count = 0_u32;
        while !self.desk.closed.load(Ordering::Relaxed) {
            // Some cases are everybody's.
            let most = if self.rng.random_bool(0.3) { 4 } else { self.desk.slots.len() };
            let slot = self.rng.random_range(0..most);
            let mut request = self.request(slot);
            let Requester::Person(by) = request.by else { unreachable!("people write") };
            if let Ask::Command { command: Command::Comment { text }, .. } = &request.ask
                && self.rng.random_bool(0.6)
            {
                let text = text.clone();
                self.ask_once(by, text, request, &mut book).await;
                continue;
            }
            count += 1;
            let key = format!("{}/{}/{count}", self.desk.seed, self.number);
            request.key = Some(key.clone());
            let verdict = self.settle(request.clone(), &mut book).await;
            self.desk.settled.fetch_add(1, Ordering::Relaxed);
            match verdict {
                Ok(executed) => {
                    self.learn(slot, &executed.case);
                    if self.rng.random_bool(0.1) {
                        self.repeat(request, &executed, &mut book).await;
                    }
                    let Executed { case, events, .. } = executed;
                    book.acknowledged.push(Acknowledged { by, key: Some(key), case, events });
                }
                Err(error) => {
                    if matches!(error, ExecuteError::Conflict { .. }) {
                        book.conflicts += 1;
                    }
                    book.refused.push((by, key));
                }
            }
        }
        book
    }

    /// Leaves a remark without a key, so that it cannot be asked for again.
    async fn ask_once(&mut self, by: PersonId, text: String, request: Request, book: &mut Book) {
        match self.store.execute(request).await {
            Ok(Executed { case, events, .. }) => {
                book.acknowledged.push(Acknowledged { by, key: None, case, events });
            }
            Err(error) if is_unsure(&error) => drop(book.unsure.insert(text)),
            Err(_) => {}
        }
    }

    /// Asks until there is an answer that is one.
    async fn settle(
        &mut self,
        request: Request,
        book: &mut Book,
    ) -> Result<Executed, ExecuteError> {
        loop {
            let attempt = self.store.execute(request.clone());
            let verdict = if self.rng.random_bool(0.05) {
                let patience = Duration::from_micros(self.rng.random_range(0..5_000));
                match tokio::time::timeout(patience, attempt).await {
                    Ok(verdict) => verdict,
                    Err(_) => {
                        book.abandoned += 1;
                        continue;
                    }
                }
            } else {
                attempt.await
            };
            match verdict {
                Err(error) if is_unsure(&error) => {
                    book.lost += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok(executed) => {
                    book.repeated += usize::from(executed.repeated);
                    return Ok(executed);
                }
                refused => return refused,
            }
        }
    }

    /// The same request once more, elsewhere: the same answer. Another under its key: refused.
    async fn repeat(&mut self, mut request: Request, first: &Executed, book: &mut Book) {
        std::mem::swap(&mut self.store, &mut self.other);
        let again = self.settle(request.clone(), book).await.expect("a repeat is never an error");
        assert!(again.repeated, "{request:?}");
        assert_eq!((&again.case, &again.events), (&first.case, &first.events), "{request:?}");
        if self.rng.random_bool(0.3) {
            request.expected_seq = Some(request.expected_seq.unwrap_or(0) + 1);
            let refused = self.settle(request, book).await;
            assert!(matches!(refused, Err(ExecuteError::KeyReused)), "{refused:?}");
        }
        std::mem::swap(&mut self.store, &mut self.other);
    }

    fn learn(&self, slot: usize, case: &Case) {
        let mut slot = self.desk.slots[slot].lock().unwrap();
        let newer = slot.known.as_ref().is_none_or(|known| known.seq < case.seq);
        if slot.case == case.id && newer {
            slot.known = Some(case.clone());
        }
    }

    /// What somebody asks of the case in a slot.
    fn request(&mut self, slot: usize) -> Request {
        let (id, known) = {
            let mut slot = self.desk.slots[slot].lock().unwrap();
            let ended = slot.known.as_ref().is_some_and(Case::is_ended);
            if ended && self.rng.random_bool(0.5) {
                *slot = Slot { case: new_case(), known: None };
            }
            (slot.case, slot.known.clone())
        };
        let Some(case) = known else { return open_request(id) };
        let (person, command) = self.command(&case);
        let request = Request::command(person, id, command);
        if self.rng.random_bool(0.2) { request.expecting(case.seq) } else { request }
    }

    fn command(&mut self, case: &Case) -> (PersonId, Command) {
        let text = || Some("as it must be".to_owned());
        let number: u64 = self.rng.random();
        let comment = Command::Comment { text: format!("remark {number:x}") };
        let Place::Step { step, .. } = &case.place else { return (applicant(), comment) };
        let task = case.tasks.choose(&mut self.rng);
        let director = staff("provincial_director", self.rng.random_range(0..2));
        let held = case
            .clocks()
            .find(|(_, clock)| matches!(clock.silence, SilenceState::Held { .. }))
            .map(|(no, _)| no);
        if let Some(clock) = held
            && self.rng.random_bool(0.4)
        {
            let take_effect = self.rng.random_bool(0.5);
            let reason = "looked at".to_owned();
            return (director, Command::ReleaseSilence { clock, take_effect, reason });
        }
        if case.suspension.is_some() && self.rng.random_bool(0.3) {
            return (director, Command::Resume { reason: text() });
        }
        match (self.rng.random_range(0..100), task) {
            (0..2, _) => (director, Command::Suspend { reason: "flood".to_owned(), basis: None }),
            (2..4, task) => {
                let clock = task.filter(|_| self.rng.random_bool(0.5)).map_or(0, |task| task.no);
                let (by, reason) = (Term::days(5), "more time".to_owned());
                (director, Command::Extend { clock, by, reason })
            }
            (4, _) if self.rng.random_bool(0.3) => {
                (applicant(), Command::Withdraw { reason: text() })
            }
            (5..20, _) => (self.anybody(), comment),
            (20..25, Some(task)) => {
                let holder = task.assignee.unwrap_or_else(|| self.owner(task));
                (holder, Command::Release { task: task.no, reason: None })
            }
            (25..30, Some(task)) => {
                let to = self.owner(task);
                (director, Command::Assign { task: task.no, to, reason: None, urgency: None })
            }
            (30..50, Some(task)) => (self.owner(task), Command::Claim { task: task.no }),
            (_, Some(task)) => {
                let by = match task.assignee {
                    Some(person) if self.rng.random_bool(0.8) => person,
                    _ => self.owner(task),
                };
                (by, self.work(step.as_str(), task))
            }
            (_, None) => (self.anybody(), comment),
        }
    }

    /// The work that a task asks for.
    fn work(&mut self, step: &str, task: &Task) -> Command {
        let reason = Some("for a reason".to_owned());
        match (task.purpose, &task.branch) {
            (Purpose::Answer, Some(branch)) => {
                let positive = self.rng.random_bool(0.8);
                let answer = if positive { Answer::Positive } else { Answer::Negative };
                Command::Answer { branch: branch.clone(), answer, reason, reference: None }
            }
            (Purpose::Vote, _) => {
                let votes = [Vote::For, Vote::For, Vote::Against, Vote::Abstain];
                let vote = *votes.choose(&mut self.rng).expect("some");
                Command::Vote { vote, reason: None }
            }
            _ => {
                let actions = self.desk.definition.steps.get(step).map(|step| &step.actions);
                let actions: Vec<_> = actions.into_iter().flat_map(|all| all.keys()).collect();
                let action = actions.choose(&mut self.rng).map(|action| (*action).clone());
                let action = action.unwrap_or_else(|| "none".into());
                Command::Act {
                    action,
                    reason,
                    citation: Some("7".to_owned()),
                    given: Given::default(),
                }
            }
        }
    }

    fn owner(&mut self, task: &Task) -> PersonId {
        let few = if task.purpose == Purpose::Vote { STAFF } else { 2 };
        match &task.owner {
            Owner::Applicant => applicant(),
            Owner::Role(role) => staff(role.as_str(), self.rng.random_range(0..few)),
        }
    }

    fn anybody(&mut self) -> PersonId {
        let roles = ["county_officer", "secretariat", "provincial_director", "nobody at all"];
        match self.rng.next_u32() % 2 {
            0 => applicant(),
            _ => holder(roles.choose(&mut self.rng).expect("some")),
        }
    }
}
