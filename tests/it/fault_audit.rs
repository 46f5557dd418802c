//! Whether a database is wholly as its timelines say: nothing missing, nothing twice, nothing left
//! over. Everything is computed again from the stored events alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use parvaneh_core::{
    Calendars, Caller, Case, CaseId, Context, Definition, Event, Fact, Instant, Organisation,
    Place, Task, WorkflowId,
    decide::next_due,
    definition::Answer,
    event::{Owner, Recipient, STATUTORY},
    migration::MigratedClock,
    timeline::{self, Hash},
};
use parvaneh_store::Store;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{licences::audit_register, store_fixture::units};

/// What is in the database.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// The events of every case, in order.
    pub(crate) timelines: HashMap<CaseId, Vec<Event>>,
    /// How often each kind of event happened.
    pub(crate) kinds: BTreeMap<&'static str, usize>,
    /// The events that each idempotency key made: first and last of its case.
    pub(crate) keys: HashMap<(Uuid, String), (CaseId, u32, u32)>,
    /// What is due by now.
    pub(crate) due: Vec<CaseId>,
    /// What the worker could not treat.
    pub(crate) parked: Vec<CaseId>,
}

/// A task's row, without its key.
type TaskRow = (
    (String, Option<String>, String, Option<String>, Option<Uuid>, String, Option<Uuid>),
    (Instant, Option<Instant>, Option<Instant>, Option<Instant>, Option<Uuid>, Option<String>),
);
/// Kind, person, role and unit of a delivery.
type Told = (String, Option<Uuid>, Option<String>, Option<String>);
/// Warning, number, event, deadline and time of recording of a level that fired.
type Fired = (bool, i32, i32, Instant, Instant);

/// Everything that the events of one case cause beside its own row.
#[derive(Debug, Default, PartialEq, Eq)]
struct Consequences {
    tasks: BTreeMap<i32, TaskRow>,
    /// By clock, round and level.
    escalations: BTreeMap<(i32, i32, i32), Fired>,
    outbox: BTreeMap<(i32, i32), Told>,
}

impl Audit {
    /// How many events of a kind there are.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.kinds.get(kind).copied().unwrap_or_default()
    }
}

/// Reads the whole database in one snapshot, and panics at the first row that is not as the events
/// say. `connection` must be the owner's or the superuser's.
pub(crate) async fn audit(store: &Store, connection: &mut PgConnection) -> Audit {
    sqlx::raw_sql("begin isolation level repeatable read, read only")
        .execute(&mut *connection)
        .await
        .unwrap();
    let mut audit = Audit::default();
    let mut expected: HashMap<CaseId, Consequences> = HashMap::new();
    let mut folded: HashMap<CaseId, (Case, Hash)> = HashMap::new();
    for (id, links) in timelines(connection).await {
        let events: Vec<Event> = links.into_iter().map(|link| link.0).collect();
        let (case, consequences) = consequences(id, &events);
        let head = head(&events);
        for event in &events {
            *audit.kinds.entry(event.fact.kind()).or_default() += 1;
        }
        folded.insert(id, (case, head));
        expected.insert(id, consequences);
        audit.timelines.insert(id, events);
    }
    rows(store, connection, &folded, &mut audit).await;
    let found = stored_consequences(connection).await;
    for (id, expected) in &expected {
        assert_eq!(found.get(id).unwrap_or(&Consequences::default()), expected, "case {id}");
    }
    assert!(found.keys().all(|id| expected.contains_key(id)), "something belongs to no case");
    audit_register(connection, audit.timelines.values().flatten()).await;
    keys(connection, &mut audit).await;
    notices(connection).await;
    let parked =
        "select p.case_id from parked_cases p join cases c on (c.id, c.seq) = (p.case_id, p.seq)";
    let parked = sqlx::query_scalar(parked).fetch_all(&mut *connection).await.unwrap();
    audit.parked = parked.into_iter().map(CaseId).collect();
    sqlx::raw_sql("commit").execute(connection).await.unwrap();
    audit
}

fn head(events: &[Event]) -> Hash {
    events.iter().fold(timeline::GENESIS, |head, event| {
        timeline::chain(&head, timeline::canonical(event).as_bytes())
    })
}

/// Every timeline: no gap, each event stored by its canonical bytes and under the right hash.
async fn timelines(connection: &mut PgConnection) -> HashMap<CaseId, Vec<(Event, Hash)>> {
    let rows = sqlx::query(
        "select case_id, seq, kind, effective_at, recorded_at, actor, body::text, hash
         from case_events order by case_id, seq",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let mut timelines: HashMap<CaseId, Vec<(Event, Hash)>> = HashMap::new();
    for row in rows {
        let id = CaseId(row.get(0));
        let timeline = timelines.entry(id).or_default();
        let body: &str = row.get(6);
        let event: Event = serde_json::from_str(body).unwrap();
        assert_eq!(row.get::<i32, _>(1), timeline.len() as i32 + 1, "a gap in {id}");
        assert_eq!(event.seq, timeline.len() as u32 + 1, "{id}");
        assert_eq!(timeline::canonical(&event), body, "{id}");
        assert_eq!(row.get::<&str, _>(2), event.fact.kind());
        assert_eq!(row.get::<DateTime<Utc>, _>(3), event.effective_at);
        assert_eq!(row.get::<DateTime<Utc>, _>(4), event.recorded_at);
        assert_eq!(row.get::<Option<Uuid>, _>(5), event.by.person().map(|person| person.0));
        let (before, at) = match timeline.last() {
            Some((before, hash)) => (hash, before.recorded_at),
            None => (&timeline::GENESIS, event.recorded_at),
        };
        assert!(event.recorded_at >= at, "the time of {id} goes back at {}", event.seq);
        let hash = timeline::chain(before, body.as_bytes());
        assert_eq!(row.get::<Hash, _>(7), hash, "the chain of {id} at {}", event.seq);
        timeline.push((event, hash));
    }
    timelines
}

/// Folds a timeline, and every consequence with it.
fn consequences(id: CaseId, events: &[Event]) -> (Case, Consequences) {
    let mut all = Consequences::default();
    let mut fired: BTreeMap<i32, i32> = BTreeMap::new();
    let mut case: Option<Case> = None;
    for event in events {
        let before = case.clone();
        match &mut case {
            None => case = Case::opened(event),
            Some(case) => parvaneh_core::evolve(case, event),
        }
        let after = case.as_ref().unwrap_or_else(|| panic!("{id} does not begin with an opening"));
        for task in before.iter().flat_map(|before| &before.tasks) {
            if after.task(task.no).is_none() {
                all.tasks.insert(task.no as i32, task_row(after, task, Some(event)));
            }
        }
        for task in &after.tasks {
            all.tasks.insert(task.no as i32, task_row(after, task, None));
        }
        if let Fact::Migrated(moved) = &event.fact {
            let counts = |clock: &MigratedClock| (clock.clock as i32, i32::from(clock.fired));
            fired = moved.clocks.iter().map(counts).collect();
        }
        let round = after.migrations as i32;
        let Fact::Escalated { clock, level, number, warning, deadline, tell, .. } = &event.fact
        else {
            continue;
        };
        let (seq, clock, level) = (event.seq as i32, *clock as i32, i32::from(*level));
        let next = fired.entry(clock).or_default();
        assert_eq!(level, *next, "clock {clock} of {id}: in order, each once");
        *next += 1;
        let row = (*warning, i32::from(*number), seq, *deadline, event.recorded_at);
        assert_eq!(all.escalations.insert((clock, round, level), row), None, "{id}: twice");
        let kind = if *warning { "warning" } else { "escalation" };
        for (no, told) in tell.iter().enumerate() {
            let (person, role, unit) = match &told.to {
                Recipient::Person(person) => (Some(person.0), None, None),
                Recipient::Holders { role, unit } => {
                    (None, Some(role.to_string()), Some(unit.to_string()))
                }
            };
            all.outbox.insert((seq, no as i32), (kind.to_owned(), person, role, unit));
        }
    }
    (case.expect("a case has an event"), all)
}

/// A task as it is, or as it was when an event closed it.
fn task_row(case: &Case, task: &Task, closing: Option<&Event>) -> TaskRow {
    let (role, person) = match &task.owner {
        Owner::Applicant => (None, Some(case.applicant.0)),
        Owner::Role(role) => (Some(role.to_string()), None),
    };
    let purpose = serde_json::to_value(task.purpose).unwrap();
    let purpose = purpose.as_str().unwrap_or_default().to_owned();
    let branch = task.branch.as_ref().map(|branch| branch.to_string());
    let due = task.clock.as_ref().and_then(|clock| clock.deadline);
    let (closed_by, outcome) = closing.map_or((None, None), |event| closing_of(task, event));
    (
        (
            task.step.to_string(),
            branch,
            purpose,
            role,
            person,
            task.unit.to_string(),
            task.assignee.map(|person| person.0),
        ),
        (
            task.opened_at,
            task.claimed_at,
            due,
            closing.map(|event| event.effective_at),
            closed_by,
            outcome,
        ),
    )
}

/// Who closed a task by an event, and how.
fn closing_of(task: &Task, event: &Event) -> (Option<Uuid>, Option<String>) {
    let (settled, outcome) = match &event.fact {
        Fact::Acted { task, action, .. } => (Some(*task), action.as_str()),
        Fact::Answered { task, answer: Answer::Positive, .. } => (Some(*task), "positive"),
        Fact::Answered { task, .. } => (Some(*task), "negative"),
        Fact::SilenceTookEffect { clock: STATUTORY, .. } => (None, "silence_of_authority"),
        Fact::SilenceTookEffect { clock, .. } => (Some(*clock), "silence"),
        Fact::Withdrawn { .. } => (None, "withdrawn"),
        other => panic!("{other:?} closes no task"),
    };
    match settled {
        Some(no) if no == task.no => {
            (event.by.person().map(|person| person.0), Some(outcome.to_owned()))
        }
        Some(_) => (None, Some("not_needed".to_owned())),
        None => (None, Some(outcome.to_owned())),
    }
}

async fn stored_consequences(connection: &mut PgConnection) -> HashMap<CaseId, Consequences> {
    let mut found: HashMap<CaseId, Consequences> = HashMap::new();
    let tasks = "select case_id, no, step, branch, purpose, owner_role, owner_person, unit_id,
            assignee, opened_at, claimed_at, due_at, closed_at, closed_by, outcome from tasks";
    for row in sqlx::query(tasks).fetch_all(&mut *connection).await.unwrap() {
        let r = &row;
        let who = (r.get(2), r.get(3), r.get(4), r.get(5), r.get(6), r.get(7), r.get(8));
        let when = (r.get(9), r.get(10), r.get(11), r.get(12), r.get(13), r.get(14));
        found.entry(CaseId(r.get(0))).or_default().tasks.insert(r.get(1), (who, when));
    }
    let escalations = "select case_id, clock, level, warning, number, seq, deadline_at,
            recorded_at, round from escalations";
    for r in sqlx::query(escalations).fetch_all(&mut *connection).await.unwrap() {
        let row = (r.get(3), r.get(4), r.get(5), r.get(6), r.get(7));
        let case = found.entry(CaseId(r.get(0))).or_default();
        case.escalations.insert((r.get(1), r.get(8), r.get(2)), row);
    }
    let outbox = "select case_id, seq, no, kind, person, role, unit_id from outbox";
    for r in sqlx::query(outbox).fetch_all(&mut *connection).await.unwrap() {
        let row = (r.get(3), r.get(4), r.get(5), r.get(6));
        found.entry(CaseId(r.get(0))).or_default().outbox.insert((r.get(1), r.get(2)), row);
    }
    found
}

/// What the engine decides by, once for each definition.
struct Rules {
    organisation: Organisation,
    by_version: HashMap<(WorkflowId, u32), (Definition, std::sync::Arc<Calendars>)>,
}

impl Rules {
    fn new() -> Self {
        let organisation = Organisation::new(units().into_iter().map(|row| row.unit)).unwrap();
        Self { organisation, by_version: HashMap::new() }
    }

    async fn next_due(&mut self, store: &Store, case: &Case, now: Instant) -> Option<Instant> {
        let version = (case.workflow.clone(), case.version);
        if !self.by_version.contains_key(&version) {
            let source = store.definition_source(&case.workflow, case.version).await.unwrap();
            let definition = Definition::parse("a definition", &source).unwrap();
            let calendars = store.calendars(&case.calendar).await.unwrap();
            self.by_version.insert(version.clone(), (definition, calendars));
        }
        let (definition, calendars) = &self.by_version[&version];
        let ctx = Context {
            definition,
            calendars,
            organisation: &self.organisation,
            caller: &Caller::System,
            assignee: None,
            sittings: None,
            found: None,
            personal: None,
            now,
        };
        next_due(&ctx, case)
    }
}

/// Every case's row is the fold of its events, in every column.
async fn rows(
    store: &Store,
    connection: &mut PgConnection,
    folded: &HashMap<CaseId, (Case, Hash)>,
    audit: &mut Audit,
) {
    let now: Instant =
        sqlx::query_scalar("select engine_now()").fetch_one(&mut *connection).await.unwrap();
    let rows = sqlx::query(
        "select id, seq, head_hash, state::text, next_due_at, recorded_at, step, suspended,
                deadline_at, ended_at, unit_id, applicant, opened_at, prev_seq, version
         from cases",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    assert_eq!(rows.len(), folded.len(), "every case has a timeline, and every timeline a case");
    let mut rules = Rules::new();
    for row in rows {
        let id = CaseId(row.get(0));
        let (case, head) = &folded[&id];
        let stored: Case = serde_json::from_str(row.get(3)).unwrap();
        assert_eq!(stored, *case, "{id} is not the fold of its events");
        assert_eq!(row.get::<i32, _>(1), case.seq as i32, "{id}");
        assert_eq!(row.get::<Hash, _>(2), *head, "{id}");
        let due: Option<Instant> = row.get(4);
        assert_eq!(due, rules.next_due(store, case, now).await, "{id}: when it is due next");
        if due.is_some_and(|due| due <= now) {
            audit.due.push(id);
        }
        assert_eq!(row.get::<Instant, _>(5), case.recorded_at, "{id}");
        assert_eq!(row.get::<&str, _>(6), case.place.name().as_str(), "{id}");
        assert_eq!(row.get::<bool, _>(7), case.suspension.is_some(), "{id}");
        let deadline = case.statutory.as_ref().and_then(|clock| clock.deadline);
        assert_eq!(row.get::<Option<Instant>, _>(8), deadline, "{id}");
        let ended = match &case.place {
            Place::End { at, .. } => Some(*at),
            Place::Step { .. } => None,
        };
        assert_eq!(row.get::<Option<Instant>, _>(9), ended, "{id}");
        assert_eq!(row.get::<&str, _>(10), case.unit.as_str(), "{id}");
        assert_eq!(row.get::<Uuid, _>(11), case.applicant.0, "{id}");
        assert_eq!(row.get::<Instant, _>(12), case.opened_at, "{id}");
        assert!(row.get::<i32, _>(13) <= case.seq as i32, "{id}");
        assert_eq!(row.get::<i32, _>(14), case.version as i32, "{id}");
    }
}

/// No event belongs to two keys, and none to a key that the case does not have.
async fn keys(connection: &mut PgConnection, audit: &mut Audit) {
    let rows = sqlx::query("select actor, key, case_id, first_seq, last_seq from idempotency_keys")
        .fetch_all(connection)
        .await
        .unwrap();
    let mut taken = BTreeSet::new();
    for row in rows {
        let (case, first, last) = (CaseId(row.get(2)), row.get::<i32, _>(3), row.get::<i32, _>(4));
        let events = audit.timelines[&case].len() as i32;
        assert!(first >= 1 && last <= events && first <= last + 1, "{case}: {first} to {last}");
        for seq in first..=last {
            assert!(taken.insert((case, seq)), "event {seq} of {case} has two keys");
        }
        let key = (row.get::<Uuid, _>(0), row.get::<String, _>(1));
        audit.keys.insert(key, (case, first as u32, last as u32));
    }
}

/// Whoever an event tells has one notice of it, once it is delivered, and nobody else has. It is
/// asked who that is now: nobody may have gained or lost a role since.
async fn notices(connection: &mut PgConnection) {
    let mut holders: HashMap<(String, String), BTreeSet<Uuid>> = HashMap::new();
    let grants = "select role, unit_id, person from grants";
    for r in sqlx::query(grants).fetch_all(&mut *connection).await.unwrap() {
        holders.entry((r.get(0), r.get(1))).or_default().insert(r.get(2));
    }
    let organisation = Organisation::new(units().into_iter().map(|row| row.unit)).unwrap();
    let nearest = |role: &str, unit: &str| {
        let mut path = organisation.path(&unit.into());
        path.find_map(|unit| holders.get(&(role.to_owned(), unit.to_string())).cloned())
    };
    let mut expected: BTreeMap<(Uuid, i32), BTreeSet<Uuid>> = BTreeMap::new();
    let delivered = "select case_id, seq, person, role, unit_id, reached from outbox
        where delivered_at is not null";
    for r in sqlx::query(delivered).fetch_all(&mut *connection).await.unwrap() {
        let told = match r.get::<Option<Uuid>, _>(2) {
            Some(person) => BTreeSet::from([person]),
            None => nearest(r.get(3), r.get(4)).unwrap_or_default(),
        };
        assert_eq!(r.get::<i32, _>(5), told.len() as i32, "how many it reached");
        expected.entry((r.get(0), r.get(1))).or_default().extend(told);
    }
    expected.retain(|_, told| !told.is_empty());
    let mut found: BTreeMap<(Uuid, i32), BTreeSet<Uuid>> = BTreeMap::new();
    let told = "select case_id, seq, person from notices";
    for r in sqlx::query(told).fetch_all(connection).await.unwrap() {
        found.entry((r.get(0), r.get(1))).or_default().insert(r.get(2));
    }
    assert_eq!(found, expected, "who was told");
}
