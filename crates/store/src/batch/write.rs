//! The one statement by which cases are written.

use std::{collections::HashSet, sync::OnceLock};

use chrono::TimeDelta;
use parvaneh_core::{
    CaseId, Event, Fact, Instant, Place,
    definition::Outcome,
    event::{Owner, Purpose, Recipient, Told, Urgency},
    spent::Spent,
};
use sqlx::{Executor, Postgres, Row};
use uuid::Uuid;

use super::{Decision, applicant, held, personal, register};
use crate::notify::HOOKED;

/// Writes a batch of cases with everything that belongs to them, and returns the identifiers of
/// those that were written. The others are no longer as they were read, and nothing of theirs is
/// written either: the guard is `prev_seq`.
///
/// No table is joined here, only rows that were handed in: what is looked up is looked up by a
/// primary key (`on conflict`, and whether an applicant wants mail), so the plan is the same for an
/// empty database and a large one.
const WRITE: &str = "
with written as (
    insert into cases as c (
        id, workflow, version, unit_id, applicant, subject, seq, prev_seq, head_hash, state,
        step, suspended, opened_at, recorded_at, next_due_at, deadline_at, raw_deadline_at,
        ended_at, outcome, decision, by_silence)
    select n.id, n.workflow, n.version, n.unit_id, n.applicant, n.subject, n.seq, n.prev_seq,
           n.head_hash, n.state::json, n.step, n.suspended, n.opened_at, n.recorded_at,
           n.next_due_at, n.deadline_at, n.raw_deadline_at, n.ended_at, n.outcome, n.decision,
           n.by_silence
    from unnest(
        $1::uuid[], $2::text[], $3::int[], $4::text[], $5::uuid[], $6::text[], $7::int[],
        $8::int[], $9::bytea[], $10::text[], $11::text[], $12::bool[], $13::timestamptz[],
        $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[],
        $18::timestamptz[], $19::text[], $20::bool[], $21::bool[]
    ) as n (
        id, workflow, version, unit_id, applicant, subject, seq, prev_seq, head_hash, state,
        step, suspended, opened_at, recorded_at, next_due_at, deadline_at, raw_deadline_at,
        ended_at, outcome, decision, by_silence)
    on conflict (id) do update set
        version = excluded.version, seq = excluded.seq, prev_seq = excluded.prev_seq, head_hash = excluded.head_hash,
        state = excluded.state, step = excluded.step, suspended = excluded.suspended,
        recorded_at = excluded.recorded_at, next_due_at = excluded.next_due_at,
        deadline_at = excluded.deadline_at,
        raw_deadline_at = coalesce(excluded.raw_deadline_at, c.raw_deadline_at),
        ended_at = excluded.ended_at, outcome = excluded.outcome,
        decision = excluded.decision, by_silence = excluded.by_silence
    where c.seq = excluded.prev_seq
    returning c.id
), events as (
    insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
    select n.case_id, n.seq, n.kind, n.effective_at, n.recorded_at, n.actor, n.body::json, n.hash
    from unnest(
        $22::uuid[], $23::int[], $24::text[], $25::timestamptz[], $26::timestamptz[], $27::uuid[],
        $28::text[], $29::bytea[]
    ) as n (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
    join written on written.id = n.case_id
), worklist as (
    insert into tasks (
        case_id, no, step, branch, purpose, owner_role, owner_person, unit_id, assignee,
        opened_at, claimed_at, due_at, closed_at, closed_by, outcome, first_touched_at, waited,
        handled, untouched, late_waiting, late_handling, urgency)
    select n.* from unnest(
        $30::uuid[], $31::int[], $32::text[], $33::text[], $34::text[], $35::text[], $36::uuid[],
        $37::text[], $38::uuid[], $39::timestamptz[], $40::timestamptz[], $41::timestamptz[],
        $42::timestamptz[], $43::uuid[], $44::text[],
        $45::timestamptz[], $46::bigint[], $47::bigint[], $48::bigint[], $49::bigint[], $50::bigint[],
        $51::text[]
    ) as n (
        case_id, no, step, branch, purpose, owner_role, owner_person, unit_id, assignee,
        opened_at, claimed_at, due_at, closed_at, closed_by, outcome, first_touched_at, waited,
        handled, untouched, late_waiting, late_handling, urgency)
    join written on written.id = n.case_id
    on conflict (case_id, no) do update set
        step = excluded.step, branch = excluded.branch,
        owner_role = excluded.owner_role, owner_person = excluded.owner_person,
        unit_id = excluded.unit_id, assignee = excluded.assignee,
        claimed_at = excluded.claimed_at, due_at = excluded.due_at,
        closed_at = excluded.closed_at, closed_by = excluded.closed_by,
        outcome = excluded.outcome, first_touched_at = excluded.first_touched_at,
        waited = excluded.waited, handled = excluded.handled, untouched = excluded.untouched,
        late_waiting = excluded.late_waiting, late_handling = excluded.late_handling,
        urgency = excluded.urgency
)";

/// Warnings and levels that have fired.
const FIRED: Part = Part {
    sql: ", fired as (
    insert into escalations (
        case_id, clock, level, number, warning, seq, deadline_at, recorded_at, round)
    select n.case_id, n.clock, n.level, n.number, n.warning, n.seq, n.deadline_at, n.recorded_at,
           n.round
    from unnest(
        {1}::uuid[], {2}::int[], {3}::int[], {4}::int[], {5}::bool[], {6}::int[], {7}::timestamptz[],
        {8}::timestamptz[], {9}::int[]
    ) as n (case_id, clock, level, number, warning, seq, deadline_at, recorded_at, round)
    join written on written.id = n.case_id
)",
    parameters: 9,
};

/// The kind of notice by which a case is brought to somebody's notice.
pub(crate) const INFORMATION: &str = "information";

/// Who must be told.
const TOLD: Part = Part {
    sql: ", told as (
    insert into outbox (case_id, seq, no, kind, person, role, unit_id, created_at)
    select n.case_id, n.seq, n.no, n.kind, n.person, n.role, n.unit_id, n.created_at
    from unnest(
        {1}::uuid[], {2}::int[], {3}::int[], {4}::text[], {5}::uuid[], {6}::text[], {7}::text[],
        {8}::timestamptz[]
    ) as n (case_id, seq, no, kind, person, role, unit_id, created_at)
    join written on written.id = n.case_id
    -- An applicant who gets no mail sees his case; only for those who do is anything kept.
    where n.kind not in ('received', 'turn', 'decision')
       or (select true from notice_preferences p
           where p.person = n.person and p.email is not null limit 1)
)",
    parameters: 8,
};

/// Keys under which requests came.
const KEYED: Part = Part {
    sql: ", keyed as (
    insert into idempotency_keys (
        actor, key, request_hash, case_id, first_seq, last_seq, recorded_at)
    select n.actor, n.key, n.request_hash, n.case_id, n.first_seq, n.last_seq, n.recorded_at
    from unnest(
        {1}::uuid[], {2}::text[], {3}::bytea[], {4}::uuid[], {5}::int[], {6}::int[],
        {7}::timestamptz[]
    ) as n (actor, key, request_hash, case_id, first_seq, last_seq, recorded_at)
    join written on written.id = n.case_id
)",
    parameters: 7,
};

/// What comes on agendas and off them, and how many places that takes.
const AGENDAS: Part = Part {
    sql: ", agendas as (
    insert into agenda (case_id, seq, sitting, put_at, off_at, outcome)
    select n.case_id, n.seq, n.sitting, n.put_at, n.off_at, n.outcome
    from unnest(
        {1}::uuid[], {2}::int[], {3}::uuid[], {4}::timestamptz[], {5}::timestamptz[], {6}::text[]
    ) as n (case_id, seq, sitting, put_at, off_at, outcome)
    join written on written.id = n.case_id
    on conflict (case_id, seq) do update set
        off_at = excluded.off_at, outcome = excluded.outcome
), places as (
    -- One change for each sitting, after every case of the batch is locked.
    update sittings s set taken = s.taken + n.change
    from (
        select n.sitting, sum(n.change)::int as change
        from unnest({7}::uuid[], {8}::uuid[], {9}::int[]) as n (case_id, sitting, change)
        join written on written.id = n.case_id
        group by n.sitting
        having sum(n.change) <> 0
    ) n
    where s.id = n.sitting
)",
    parameters: 9,
};

const WRITTEN: &str = " select id from written";

/// A part of the statement that is there only where a row of the batch belongs into it: each table
/// costs something to be made ready, written or not.
pub(super) struct Part {
    /// Its common table expressions, behind a comma. `{1}` is its first parameter.
    pub(super) sql: &'static str,
    /// How many parameters it has.
    pub(super) parameters: usize,
}

/// Telling webhooks, by parameters of the cases and events.
const TELLING: Part = Part { sql: HOOKED, parameters: 0 };

/// The parts, in the order in which they stand and are bound.
const PARTS: [&Part; 8] = [
    &FIRED,
    &TOLD,
    &KEYED,
    &AGENDAS,
    &register::REGISTERED,
    &held::HELD,
    &personal::PERSONAL,
    &TELLING,
];
/// How many parameters stand before the parts.
const BEFORE: usize = 51;

/// The statement with those of [`PARTS`].
fn statement(with: [bool; PARTS.len()]) -> &'static str {
    static MADE: [OnceLock<String>; 1 << PARTS.len()] =
        [const { OnceLock::new() }; 1 << PARTS.len()];
    let number = with.iter().rev().fold(0, |number, part| number * 2 + usize::from(*part));
    MADE[number].get_or_init(|| {
        let (mut sql, mut before) = (WRITE.to_owned(), BEFORE);
        for part in PARTS.iter().zip(with).filter_map(|(part, is_there)| is_there.then_some(part)) {
            let mut text = part.sql.to_owned();
            for number in 1..=part.parameters {
                text = text.replace(&format!("{{{number}}}"), &format!("${}", before + number));
            }
            sql.push_str(&text);
            before += part.parameters;
        }
        sql + WRITTEN
    })
}

/// Declares a table of rows as one vector a column, in the order in which they are bound.
macro_rules! columns {
    ($name:ident { $($column:ident: $type:ty),* $(,)? }) => {
        #[derive(Default)]
        struct $name<'a> {
            $($column: Vec<$type>,)*
            lifetime: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> $name<'a> {
            fn bind<'q>(
                &'q self,
                query: sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments>,
            ) -> sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments> {
                query$(.bind(&self.$column))*
            }
        }
    };
}

columns!(Cases {
    id: Uuid,
    workflow: &'a str,
    version: i32,
    unit: &'a str,
    applicant: Uuid,
    subject: &'a str,
    seq: i32,
    prev_seq: i32,
    head: &'a [u8],
    state: String,
    step: &'a str,
    suspended: bool,
    opened_at: Instant,
    recorded_at: Instant,
    next_due_at: Option<Instant>,
    deadline_at: Option<Instant>,
    raw_deadline_at: Option<Instant>,
    ended_at: Option<Instant>,
    outcome: Option<&'static str>,
    decision: Option<bool>,
    by_silence: Option<bool>,
});

columns!(Events {
    case: Uuid,
    seq: i32,
    kind: &'static str,
    effective_at: Instant,
    recorded_at: Instant,
    actor: Option<Uuid>,
    body: &'a str,
    hash: &'a [u8],
});

columns!(Tasks {
    case: Uuid,
    no: i32,
    step: &'a str,
    branch: Option<&'a str>,
    purpose: &'static str,
    owner_role: Option<&'a str>,
    owner_person: Option<Uuid>,
    unit: &'a str,
    assignee: Option<Uuid>,
    opened_at: Instant,
    claimed_at: Option<Instant>,
    due_at: Option<Instant>,
    closed_at: Option<Instant>,
    closed_by: Option<Uuid>,
    outcome: Option<&'a str>,
    first_touched_at: Option<Instant>,
    waited: Option<i64>,
    handled: Option<i64>,
    untouched: Option<i64>,
    late_waiting: Option<i64>,
    late_handling: Option<i64>,
    urgency: Option<&'static str>,
});

columns!(Escalations {
    case: Uuid,
    clock: i32,
    level: i32,
    number: i32,
    warning: bool,
    seq: i32,
    deadline_at: Instant,
    recorded_at: Instant,
    round: i32,
});

columns!(Outbox {
    case: Uuid,
    seq: i32,
    no: i32,
    kind: &'static str,
    person: Option<Uuid>,
    role: Option<&'a str>,
    unit: Option<&'a str>,
    created_at: Instant,
});

columns!(Keys {
    actor: Uuid,
    key: &'a str,
    hash: &'a [u8],
    case: Uuid,
    first_seq: i32,
    last_seq: i32,
    recorded_at: Instant,
});

columns!(Agenda {
    case: Uuid,
    seq: i32,
    sitting: Uuid,
    put_at: Instant,
    off_at: Option<Instant>,
    outcome: Option<&'a str>,
});

columns!(Places { case: Uuid, sitting: Uuid, change: i32 });

/// The rows of a batch.
#[derive(Default)]
struct Rows<'a> {
    cases: Cases<'a>,
    events: Events<'a>,
    tasks: Tasks<'a>,
    escalations: Escalations<'a>,
    outbox: Outbox<'a>,
    keys: Keys<'a>,
    agenda: Agenda<'a>,
    places: Places<'a>,
    register: register::Rows<'a>,
    held: held::Rows<'a>,
    personal: personal::Rows<'a>,
}

/// Writes the decisions, at most one a case, and tells which cases were as they had been read.
///
/// # Errors
/// The database. Then nothing is written, unless the connection broke after the commit.
pub(crate) async fn write(
    connection: impl Executor<'_, Database = Postgres>,
    decisions: &[&Decision],
) -> Result<HashSet<CaseId>, sqlx::Error> {
    // One order for everybody, so that two batches never wait for each other in a circle.
    let mut decisions = decisions.to_vec();
    decisions.sort_unstable_by_key(|decision| decision.decided.case.id);
    let hooked = decisions.iter().any(|decision| decision.hooked);
    let mut rows = Rows::default();
    for decision in decisions {
        rows.push(decision);
    }
    let with = [
        !rows.escalations.case.is_empty(),
        !rows.outbox.case.is_empty(),
        !rows.keys.case.is_empty(),
        !(rows.agenda.case.is_empty() && rows.places.case.is_empty()),
        !rows.register.is_empty(),
        !rows.held.is_empty(),
        !rows.personal.is_empty(),
        hooked,
    ];
    let mut query = sqlx::query(statement(with));
    query = rows.cases.bind(query);
    query = rows.events.bind(query);
    query = rows.tasks.bind(query);
    let [fired, told, keyed, agendas, registered, held, personal, _] = with;
    if fired {
        query = rows.escalations.bind(query);
    }
    if told {
        query = rows.outbox.bind(query);
    }
    if keyed {
        query = rows.keys.bind(query);
    }
    if agendas {
        query = rows.places.bind(rows.agenda.bind(query));
    }
    if registered {
        query = rows.register.bind(query);
    }
    if held {
        query = rows.held.bind(query);
    }
    if personal {
        query = rows.personal.bind(query);
    }
    let written = query.fetch_all(connection).await?;
    written.iter().map(|row| Ok(CaseId(row.try_get(0)?))).collect()
}

impl<'a> Rows<'a> {
    fn push(&mut self, decision: &'a Decision) {
        self.push_case(decision);
        self.push_events(decision);
        self.push_tasks(decision);
        self.push_agenda(decision);
        self.register.push(&decision.decided.case, &decision.decided.events);
        let case = decision.decided.case.id.0;
        self.held.push(case, &decision.brought, &decision.decided.events);
        self.personal.push(case, &decision.personal);
        if let Some(key) = &decision.key {
            let Keys { actor, key: name, hash, case, first_seq, last_seq, recorded_at, .. } =
                &mut self.keys;
            actor.push(key.owner);
            name.push(&key.key);
            hash.push(&key.request_hash);
            case.push(decision.decided.case.id.0);
            first_seq.push(decision.prev_seq as i32 + 1);
            last_seq.push(decision.decided.case.seq as i32);
            recorded_at.push(decision.now);
        }
    }

    fn push_case(&mut self, decision: &'a Decision) {
        let case = &decision.decided.case;
        let rows = &mut self.cases;
        rows.id.push(case.id.0);
        rows.workflow.push(case.workflow.as_str());
        rows.version.push(case.version as i32);
        rows.unit.push(case.unit.as_str());
        rows.applicant.push(case.applicant.0);
        rows.subject.push(&case.subject);
        rows.seq.push(case.seq as i32);
        rows.prev_seq.push(decision.prev_seq as i32);
        rows.head.push(&decision.head);
        rows.state.push(serde_json::to_string(case).expect("a case holds only what JSON can hold"));
        rows.step.push(case.place.name().as_str());
        rows.suspended.push(case.suspension.is_some());
        rows.opened_at.push(case.opened_at);
        rows.recorded_at.push(case.recorded_at);
        rows.next_due_at.push(decision.decided.next_due);
        rows.deadline_at.push(case.statutory.as_ref().and_then(|clock| clock.deadline));
        rows.raw_deadline_at.push(decision.raw_deadline);
        let end = match &case.place {
            Place::Step { .. } => None,
            Place::End { at, outcome, decision, by_silence, .. } => {
                Some((*at, outcome_text(*outcome), *decision, *by_silence))
            }
        };
        rows.ended_at.push(end.map(|end| end.0));
        rows.outcome.push(end.map(|end| end.1));
        rows.decision.push(end.map(|end| end.2));
        rows.by_silence.push(end.map(|end| end.3));
    }

    fn push_events(&mut self, decision: &'a Decision) {
        let case = decision.decided.case.id.0;
        // The ladders of a case begin anew with each version.
        let moves = |event: &&Event| matches!(event.fact, Fact::Migrated(_));
        let moved = decision.decided.events.iter().filter(moves).count() as u32;
        let mut round = decision.decided.case.migrations - moved;
        for (event, (body, hash)) in decision.decided.events.iter().zip(&decision.links) {
            let rows = &mut self.events;
            rows.case.push(case);
            rows.seq.push(event.seq as i32);
            rows.kind.push(event.fact.kind());
            rows.effective_at.push(event.effective_at);
            rows.recorded_at.push(event.recorded_at);
            rows.actor.push(event.by.person().map(|person| person.0));
            rows.body.push(body);
            rows.hash.push(hash);
            round += u32::from(moves(&event));
            if let Some(kind) = applicant::tells_applicant(event) {
                self.push_person(decision.decided.case.applicant.0, case, event, kind);
            }
            if let Fact::Informed { to, .. } = &event.fact {
                self.push_person(to.0, case, event, INFORMATION);
            }
            let Fact::Escalated { clock, level, number, warning, deadline, tell, .. } = &event.fact
            else {
                if let Fact::SittingLacking { tell, .. } = &event.fact {
                    // A warning like any other to whoever gets it.
                    self.push_told(case, event, "warning", tell);
                }
                continue;
            };
            let rows = &mut self.escalations;
            rows.case.push(case);
            rows.clock.push(*clock as i32);
            rows.level.push(i32::from(*level));
            rows.number.push(i32::from(*number));
            rows.warning.push(*warning);
            rows.seq.push(event.seq as i32);
            rows.deadline_at.push(*deadline);
            rows.recorded_at.push(event.recorded_at);
            rows.round.push(round as i32);
            let kind = if *warning { "warning" } else { "escalation" };
            self.push_told(case, event, kind, tell);
        }
    }

    fn push_agenda(&mut self, decision: &'a Decision) {
        let case = decision.decided.case.id.0;
        for row in &decision.agenda.rows {
            let rows = &mut self.agenda;
            rows.case.push(case);
            rows.seq.push(row.seq as i32);
            rows.sitting.push(row.sitting.0);
            rows.put_at.push(row.put_at);
            rows.off_at.push(row.off.as_ref().map(|off| off.0));
            rows.outcome.push(row.off.as_ref().map(|off| off.1.as_str()));
        }
        for (sitting, change) in &decision.agenda.places {
            self.places.case.push(case);
            self.places.sitting.push(sitting.0);
            self.places.change.push(*change);
        }
    }

    /// What one person is told; an applicant only if he wants mail.
    fn push_person(&mut self, person: Uuid, case: Uuid, event: &Event, kind: &'static str) {
        let rows = &mut self.outbox;
        rows.case.push(case);
        rows.seq.push(event.seq as i32);
        rows.no.push(0);
        rows.kind.push(kind);
        rows.created_at.push(event.recorded_at);
        rows.person.push(Some(person));
        rows.role.push(None);
        rows.unit.push(None);
    }

    /// Whom an event tells.
    fn push_told(&mut self, case: Uuid, event: &Event, kind: &'static str, tell: &'a [Told]) {
        for (no, told) in tell.iter().enumerate() {
            let rows = &mut self.outbox;
            rows.case.push(case);
            rows.seq.push(event.seq as i32);
            rows.no.push(no as i32);
            rows.kind.push(kind);
            rows.created_at.push(event.recorded_at);
            let (person, role, unit) = match &told.to {
                Recipient::Person(person) => (Some(person.0), None, None),
                Recipient::Holders { role, unit } => {
                    (None, Some(role.as_str()), Some(unit.as_str()))
                }
            };
            rows.person.push(person);
            rows.role.push(role);
            rows.unit.push(unit);
        }
    }

    fn push_tasks(&mut self, decision: &'a Decision) {
        let case = &decision.decided.case;
        for (record, spent) in decision.decided.tasks.iter().zip(&decision.spent) {
            let task = &record.task;
            let rows = &mut self.tasks;
            rows.case.push(case.id.0);
            rows.no.push(task.no as i32);
            rows.step.push(task.step.as_str());
            rows.branch.push(task.branch.as_ref().map(|branch| branch.as_str()));
            rows.purpose.push(purpose_text(task.purpose));
            let (role, person) = match &task.owner {
                Owner::Applicant => (None, Some(case.applicant.0)),
                Owner::Role(role) => (Some(role.as_str()), None),
            };
            rows.owner_role.push(role);
            rows.owner_person.push(person);
            rows.unit.push(task.unit.as_str());
            rows.assignee.push(task.assignee.map(|person| person.0));
            rows.opened_at.push(task.opened_at);
            rows.claimed_at.push(task.claimed_at);
            rows.due_at.push(task.clock.as_ref().and_then(|clock| clock.deadline));
            let closed = record.closed.as_ref();
            rows.closed_at.push(closed.map(|closed| closed.at));
            rows.closed_by.push(closed.and_then(|closed| closed.by).map(|person| person.0));
            rows.outcome.push(closed.map(|closed| closed.outcome.as_str()));
            rows.first_touched_at.push(task.touched_at);
            let micros = |of: fn(&Spent) -> TimeDelta| {
                spent.as_ref().and_then(|spent| of(spent).num_microseconds())
            };
            rows.waited.push(micros(|spent| spent.waited));
            rows.handled.push(micros(|spent| spent.handled));
            rows.untouched.push(micros(|spent| spent.untouched));
            rows.late_waiting.push(micros(|spent| spent.late_waiting));
            rows.late_handling.push(micros(|spent| spent.late_handling));
            rows.urgency.push(task.urgency.map(Urgency::as_str));
        }
    }
}

/// As the event says it.
pub(crate) fn outcome_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
        Outcome::Lapsed => "lapsed",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Settled => "settled",
    }
}

fn purpose_text(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Act => "act",
        Purpose::Answer => "answer",
        Purpose::Vote => "vote",
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor, PgConnection, SqlStr, Statement};

    use super::*;
    use crate::{Founding, Store, testing::TestDatabase};

    #[tokio::test]
    async fn with_whichever_parts_it_is_a_statement() {
        let database = TestDatabase::new().await;
        Store::migrate(&database.owner_options(), Founding::Sandbox).await.unwrap();
        let mut application = PgConnection::connect_with(&database.app_options()).await.unwrap();
        application.execute("set role parvaneh_engine").await.unwrap();
        for number in 0..1 << PARTS.len() {
            let with = std::array::from_fn(|place| number >> place & 1 == 1);
            let parameters = PARTS.iter().zip(with).filter(|(_, with)| *with);
            let parameters = BEFORE + parameters.map(|(part, _)| part.parameters).sum::<usize>();
            let sql = SqlStr::from_static(statement(with));
            let prepared = application.prepare(sql).await;
            let prepared = prepared.unwrap_or_else(|error| panic!("{with:?}: {error}"));
            let taken = prepared.parameters().map(|types| match types {
                sqlx::Either::Left(types) => types.len(),
                sqlx::Either::Right(count) => count,
            });
            assert_eq!(taken, Some(parameters), "{with:?}");
        }
    }
}
