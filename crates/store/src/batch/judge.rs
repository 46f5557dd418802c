//! Decides each request of a batch in the core. What goes wrong with one stays with it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parvaneh_core::{
    Calendars, Caller, Case, CaseId, Command, Context, Decided, Definition, Event, Fact, Given,
    Instant, PersonId, Refusal, TaskRecord, decide,
    event::{STATUTORY, StatutoryChange},
    migrate, open,
    personal::Seed,
    reach::{Reach, Sight},
    sitting::OnAgenda,
    spent::Spent,
    timeline::{self, GENESIS, Hash},
};
use sqlx::{PgPool, Row};

use super::{
    Loaded, Stored,
    agenda::{AgendaChanges, Sittings},
    load::Used,
    register,
};
use crate::{
    Ask, Brought, ExecuteError, Executed, Request, StoreError,
    personal::{SealedValues, Sealer},
    reference::Reference,
};

/// What is to be written for one case.
#[derive(Debug)]
pub(crate) struct Decision {
    /// How many events the case had.
    pub(crate) prev_seq: u32,
    pub(crate) decided: Decided,
    /// The canonical bytes of each event, and its hash.
    pub(crate) links: Vec<(String, Hash)>,
    /// The hash of the last event.
    pub(crate) head: Hash,
    /// The deadline without suspensions and extensions, where it became known now.
    pub(crate) raw_deadline: Option<Instant>,
    /// How the working time of each of its tasks divides, once it is closed.
    pub(crate) spent: Vec<Option<Spent>>,
    /// What its events do to agendas.
    pub(crate) agenda: AgendaChanges,
    pub(crate) key: Option<Keyed>,
    /// The contents that came with it.
    pub(crate) brought: Vec<Brought>,
    /// What its new commitments stand for.
    pub(crate) personal: SealedValues,
    /// The engine's time at which it was decided.
    pub(crate) now: Instant,
    /// Whether any webhook may want its events.
    pub(crate) hooked: bool,
    /// Why whoever asked sees the case, where that was asked.
    pub(crate) sight: Option<Sight>,
}

/// An idempotency key to be kept.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(crate) owner: uuid::Uuid,
    pub(crate) key: String,
    pub(crate) request_hash: [u8; 32],
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Judged {
    /// It is settled without writing.
    Settled(Box<Result<Executed, ExecuteError>>),
    /// It was done before, by these events; and why whoever asked sees the case.
    Repeat(Used, Option<Sight>),
    /// It is decided and must be written.
    Write(Box<Decision>),
}

impl Judged {
    pub(crate) fn settled(answer: Result<Executed, ExecuteError>) -> Self {
        Self::Settled(Box::new(answer))
    }
}

impl Decision {
    fn new(
        before: Option<(u32, Hash, Option<OnAgenda>)>,
        decided: Decided,
        calendars: &Calendars,
        reference: &Reference,
        now: Instant,
    ) -> Self {
        let (prev_seq, mut head, on_agenda) = before.unwrap_or((0, GENESIS, None));
        let mut links = Vec::with_capacity(decided.events.len());
        for event in &decided.events {
            let bytes = timeline::canonical(event);
            head = timeline::chain(&head, bytes.as_bytes());
            links.push((bytes, head));
        }
        let raw_deadline = raw_deadline(&decided, calendars, reference);
        let spent = |record: &TaskRecord| {
            let unit = record.task.clock.as_ref().map_or(&record.task.unit, |clock| &clock.unit);
            Spent::of(record, calendars.for_unit(reference.organisation.path(unit)))
        };
        let spent = decided.tasks.iter().map(spent).collect();
        Self {
            prev_seq,
            links,
            head,
            raw_deadline,
            spent,
            agenda: AgendaChanges::of(on_agenda, &decided.events),
            key: None,
            brought: Vec::new(),
            personal: SealedValues::default(),
            now,
            decided,
            hooked: reference.hooked,
            sight: None,
        }
    }

    /// What the caller is told once it is written.
    pub(crate) fn into_executed(self) -> Executed {
        let Decided { events, case, next_due, .. } = self.decided;
        Executed { case, events, next_due, repeated: false, sight: self.sight }
    }
}

fn raw_deadline(
    decided: &Decided,
    calendars: &Calendars,
    reference: &Reference,
) -> Option<Instant> {
    let mut told = decided.events.iter().filter_map(|event| match &event.fact {
        // The term may be another one.
        Fact::Migrated(moved) if moved.clock(STATUTORY).is_some() => Some(None),
        Fact::Rescheduled { .. } if event.fact.bears_on(STATUTORY) => Some(None),
        fact => match fact.entry()?.statutory.as_ref()? {
            StatutoryChange::Stopped { raw_deadline, .. } => Some(Some(*raw_deadline)),
            StatutoryChange::Started(_) => Some(None),
            _ => None,
        },
    });
    told.next_back()?.or_else(|| {
        let case = &decided.case;
        let calendar = calendars.for_unit(reference.organisation.path(&case.unit));
        case.statutory.as_ref()?.ledger.raw_deadline(calendar).ok()
    })
}

/// Decides one request on what was loaded for it. What is going to be written comes with a sealer: without one,
/// personal values stay as they are.
///
/// # Errors
/// Only what concerns the whole batch: the database.
pub(crate) async fn judge(
    pool: &PgPool,
    reference: &Reference,
    sittings: &mut Sittings,
    sealer: Option<&mut Sealer<'_>>,
    request: &Request,
    loaded: Loaded,
) -> Result<Judged, sqlx::Error> {
    match judged(pool, reference, sittings, sealer, request, loaded).await {
        Ok(judged) => Ok(judged),
        Err(ExecuteError::Store(error)) => match Arc::try_unwrap(error) {
            Ok(StoreError::Database(error)) => Err(error),
            Ok(error) => Ok(Judged::settled(Err(error.into()))),
            Err(shared) => Ok(Judged::settled(Err(ExecuteError::Store(shared)))),
        },
        Err(error) => Ok(Judged::settled(Err(error))),
    }
}

async fn judged(
    pool: &PgPool,
    reference: &Reference,
    sittings: &mut Sittings,
    mut sealer: Option<&mut Sealer<'_>>,
    request: &Request,
    loaded: Loaded,
) -> Result<Judged, ExecuteError> {
    if !loaded.is_in {
        return Err(ExecuteError::NoLongerIn);
    }
    let (read, sight) = match request.only_seen {
        true => seen(pool, reference, request, &loaded)
            .await
            .map(|(case, sight)| (Some(case), Some(sight)))?,
        false => (None, None),
    };
    let Loaded { now, stored, used, caller, assignee, .. } = loaded;
    let key = keyed(request, sealer.as_deref());
    if let (Some(used), Some(key)) = (used, &key) {
        // Or as it was kept before there was a key, or before values were guarded.
        if used.request_hash == key.request_hash || used.request_hash == request.hash() {
            return Ok(Judged::Repeat(used, sight));
        }
        return Err(ExecuteError::KeyReused);
    }
    let found = stored.as_ref().map_or(0, |stored| stored.seq);
    if let Some(expected) = request.expected_seq
        && expected != found
    {
        return Err(ExecuteError::Conflict { expected, found });
    }
    let mut before = None;
    let caller = caller.map_or(Caller::System, Caller::Person);
    let mut personal = None;
    let (decided, calendars) = match (&request.ask, stored) {
        (Ask::Open { application, .. }, Some(_)) => {
            return Err(ExecuteError::CaseExists(application.case));
        }
        (Ask::Open { workflow, version, application }, None) => {
            let definition = reference.definition_in_use(pool, workflow, *version).await?;
            let calendars = reference.calendars(pool, &definition.calendar).await?;
            let found = register::found(pool, reference, application.about.as_ref(), now).await?;
            let whose = (application.case, application.applicant);
            let seed =
                seed(pool, sealer.as_deref_mut(), &definition, &application.given, whose).await?;
            let ctx = Context {
                found: found.as_ref(),
                personal: seed.as_ref(),
                ..context(&definition, &calendars, reference, &caller, now)
            };
            let decided = guarded(|| open(&ctx, application))??;
            personal = seed.map(|_| definition);
            (decided, calendars)
        }
        (Ask::Command { case, .. } | Ask::Migrate { case, .. }, None) => {
            return Err(ExecuteError::NoSuchCase(*case));
        }
        (Ask::Command { command, .. }, Some(stored)) => {
            let case = read.map_or_else(|| parse_case(&stored), Ok)?;
            before = Some((stored.seq, stored.head, case.hearing.on_agenda));
            let (definition, calendars) = rules_of(pool, reference, &case).await?;
            let sittings = sittings.of(pool, reference, &definition, &case).await?;
            let found = register::standing(pool, &definition, &case).await?;
            let seed = match command {
                Command::Act { given, .. } | Command::Fill { given } => {
                    let whose = (case.id, case.applicant);
                    seed(pool, sealer.as_deref_mut(), &definition, given, whose).await?
                }
                _ => None,
            };
            let ctx = Context {
                assignee: assignee.as_ref(),
                sittings: sittings.as_deref(),
                found: found.as_ref(),
                personal: seed.as_ref(),
                ..context(&definition, &calendars, reference, &caller, now)
            };
            let decided = guarded(|| decide(&ctx, &case, command))??;
            personal = seed.map(|_| definition);
            (decided, calendars)
        }
        (Ask::Migrate { mapping, .. }, Some(stored)) => {
            let case = parse_case(&stored)?;
            before = Some((stored.seq, stored.head, case.hearing.on_agenda));
            let (definition, calendars) = rules_of(pool, reference, &case).await?;
            let to = reference.definition(pool, &mapping.workflow, Some(mapping.to)).await?;
            let sittings = sittings.of(pool, reference, &definition, &case).await?;
            // What the ends of either version may change.
            let found = match register::standing(pool, &definition, &case).await? {
                None => register::standing(pool, &to, &case).await?,
                found => found,
            };
            let ctx = Context {
                sittings: sittings.as_deref(),
                found: found.as_ref(),
                ..context(&definition, &calendars, reference, &caller, now)
            };
            (guarded(|| migrate(&ctx, &case, mapping, &to))??, calendars)
        }
    };
    if decided.events.is_empty() && key.is_none() {
        let Decided { events, case, next_due, .. } = decided;
        let executed = Executed { case, events, next_due, repeated: false, sight };
        return Ok(Judged::settled(Ok(executed)));
    }
    let sealed = match (sealer, personal) {
        (Some(sealer), Some(definition)) => sealed(sealer, &definition, &decided)?,
        _ => SealedValues::default(),
    };
    let mut decision = Decision::new(before, decided, &calendars, reference, now);
    decision.personal = sealed;
    decision.key = key;
    decision.sight = sight;
    decision.brought.clone_from(&request.brought);
    Ok(Judged::Write(Box::new(decision)))
}

/// From what the salts of personal values follow, where any are given.
async fn seed(
    pool: &PgPool,
    sealer: Option<&mut Sealer<'_>>,
    definition: &Definition,
    given: &Given,
    (case, applicant): (CaseId, PersonId),
) -> Result<Option<Seed>, StoreError> {
    match sealer.filter(|_| definition.takes_personal(given)) {
        Some(sealer) => Ok(Some(sealer.key_of(pool, applicant).await?.seed(case))),
        None => Ok(None),
    }
}

/// Seals what the new commitments stand for; what would be written as it is, is not written at all.
fn sealed(
    sealer: &mut Sealer<'_>,
    definition: &Definition,
    decided: &Decided,
) -> Result<SealedValues, ExecuteError> {
    if let Some(field) = decided.events.iter().find_map(|event| definition.bare(event)) {
        let why = format!("the personal field '{field}' would stand in an event as it is");
        return Err(ExecuteError::Poisoned(why));
    }
    let case = &decided.case;
    Ok(sealer.seal(case.id, case.applicant, &decided.openings)?)
}

/// The case, and why the person who asks sees it. Who does not is told that there is none, before anything else
/// could betray it.
async fn seen(
    pool: &PgPool,
    reference: &Reference,
    request: &Request,
    loaded: &Loaded,
) -> Result<(Case, Sight), ExecuteError> {
    let none = || ExecuteError::NoSuchCase(request.ask.case());
    let (Some(stored), Some(actor)) = (&loaded.stored, &loaded.caller) else {
        return Err(none());
    };
    let readers = reference.readers(pool).await?;
    let reach = Reach::of(actor, &readers, loaded.now);
    let case = parse_case(stored)?;
    let sight = reach.sees(&reference.organisation, &case.workflow, &case.unit, case.applicant);
    Ok((case, sight.ok_or_else(none)?))
}

/// Decides what time has caused to a case that the worker has claimed.
///
/// # Errors
/// Whatever makes the case one that cannot be treated, and the database.
pub(crate) async fn tick(
    pool: &PgPool,
    reference: &Reference,
    sittings: &mut Sittings,
    stored: Stored,
    now: Instant,
) -> Result<Decision, ExecuteError> {
    let case = parse_case(&stored)?;
    let (definition, calendars) = rules_of(pool, reference, &case).await?;
    let sittings = sittings.of(pool, reference, &definition, &case).await?;
    let found = register::standing(pool, &definition, &case).await?;
    let ctx = Context {
        sittings: sittings.as_deref(),
        found: found.as_ref(),
        ..context(&definition, &calendars, reference, &Caller::System, now)
    };
    let decided = guarded(|| decide(&ctx, &case, &Command::Tick))??;
    if decided.events.is_empty() && decided.next_due.is_some_and(|due| due <= now) {
        let why = "it is due, and nothing can be done about it";
        return Err(ExecuteError::Poisoned(why.to_owned()));
    }
    let before = Some((stored.seq, stored.head, case.hearing.on_agenda));
    Ok(Decision::new(before, decided, &calendars, reference, now))
}

pub(super) async fn rules_of(
    pool: &PgPool,
    reference: &Reference,
    case: &Case,
) -> Result<(Arc<Definition>, Arc<Calendars>), StoreError> {
    let definition = reference.definition(pool, &case.workflow, Some(case.version)).await?;
    let calendars = reference.calendars(pool, &case.calendar).await?;
    Ok((definition, calendars))
}

fn context<'a>(
    definition: &'a Definition,
    calendars: &'a Calendars,
    reference: &'a Reference,
    caller: &'a Caller,
    now: Instant,
) -> Context<'a> {
    let organisation = &*reference.organisation;
    let (assignee, sittings, found, personal) = (None, None, None, None);
    Context {
        definition,
        calendars,
        organisation,
        caller,
        assignee,
        sittings,
        found,
        personal,
        now,
    }
}

/// The case of a row.
pub(crate) fn parse_case(stored: &Stored) -> Result<Case, ExecuteError> {
    serde_json::from_str(&stored.state)
        .map_err(|error| ExecuteError::Poisoned(format!("its stored state: {error}")))
}

fn keyed(request: &Request, sealer: Option<&Sealer<'_>>) -> Option<Keyed> {
    let key = request.key.clone()?;
    let request_hash = sealer.map_or_else(|| request.hash(), |sealer| sealer.hash(request));
    Some(Keyed { owner: request.by.key_owner(), key, request_hash })
}

/// A panic of the core is the case's own affair.
fn guarded(
    decide: impl FnOnce() -> Result<Decided, Refusal>,
) -> Result<Result<Decided, Refusal>, ExecuteError> {
    catch_unwind(AssertUnwindSafe(decide))
        .map_err(|panic| ExecuteError::Poisoned(format!("deciding panicked: {}", said(&*panic))))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The answer to an earlier request: its events, and the case as it was after them.
pub(crate) async fn reread(
    pool: &PgPool,
    used: &Used,
    sight: Option<Sight>,
) -> Result<Executed, ExecuteError> {
    let rows = sqlx::query(
        "select body::text from case_events where case_id = $1 and seq <= $2 order by seq",
    )
    .bind(used.case.0)
    .bind(used.last_seq as i32)
    .fetch_all(pool)
    .await?;
    let unreadable = |why: String| ExecuteError::Poisoned(format!("its timeline: {why}"));
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        let body: &str = row.try_get(0)?;
        events.push(serde_json::from_str::<Event>(body).map_err(|e| unreadable(e.to_string()))?);
    }
    let case = Case::fold(&events)
        .ok_or_else(|| unreadable("it does not begin with an opening".to_owned()))?;
    events.retain(|event| event.seq >= used.first_seq);
    Ok(Executed { case, events, next_due: None, repeated: true, sight })
}
