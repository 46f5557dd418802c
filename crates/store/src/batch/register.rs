//! The register of licences in the one write path: what is found of what a case is about, and what a
//! decision writes there.

use parvaneh_core::{
    Case, CaseId, Definition, Event, Instant, LicenceNumber, PersonId, UnitId, WorkflowId,
    register::{
        Found, FoundCase, FoundLicence, LicenceChange, LicenceState, Reference, RegisteredLicence,
        Running, SpokenOf,
    },
};
use sqlx::{PgPool, Postgres, Row, postgres::PgRow, query::Query};
use uuid::Uuid;

use super::{judge::rules_of, write::Part};
use crate::{ExecuteError, reference::Reference as Organised};

/// Part of the statement that writes cases, used only where one of them changes a licence or is about
/// something. A number that another case has taken, of a licence or of one of its changes, fails the
/// whole statement: it is decided again. `{1}` is the first parameter after those of that statement.
pub(super) const REGISTERED: Part = Part {
    sql: ", licensed as (
    insert into licences (
        number, kind, holder, unit_id, subject, valid_from, valid_until, state, mark, changes,
        granted_by, changed_by, changed_seq, changed_at)
    select n.number, n.kind, n.holder, n.unit_id, n.subject, n.valid_from, n.valid_until, n.state,
           n.mark, n.changes, n.case_id, n.case_id, n.seq, n.effective_at
    from unnest(
        {1}::text[], {2}::int[], {3}::uuid[], {4}::int[], {5}::text[], {6}::text[], {7}::uuid[],
        {8}::text[], {9}::text[], {10}::date[], {11}::date[], {12}::text[], {13}::text[],
        {14}::timestamptz[], {15}::timestamptz[]
    ) as n (number, changes, case_id, seq, effect, kind, holder, unit_id, subject, valid_from,
            valid_until, state, mark, effective_at, recorded_at)
    join written on written.id = n.case_id
    on conflict (number) do update set
        valid_until = excluded.valid_until, state = excluded.state, mark = excluded.mark,
        changes = excluded.changes, changed_by = excluded.changed_by,
        changed_seq = excluded.changed_seq, changed_at = excluded.changed_at
), licence_history as (
    insert into licence_changes (
        number, no, case_id, seq, effect, state, valid_until, mark, effective_at, recorded_at)
    select n.number, n.no, n.case_id, n.seq, n.effect, n.state, n.valid_until, n.mark,
           n.effective_at, n.recorded_at
    from unnest(
        {1}::text[], {2}::int[], {3}::uuid[], {4}::int[], {5}::text[], {11}::date[], {12}::text[],
        {13}::text[], {14}::timestamptz[], {15}::timestamptz[]
    ) as n (number, no, case_id, seq, effect, valid_until, state, mark, effective_at, recorded_at)
    join written on written.id = n.case_id
), spoken as (
    insert into cases_about (
        case_id, workflow, licence, about_case, exclusive, stays_from, opened_at, ended_at)
    select n.case_id, n.workflow, n.licence, n.about_case, n.exclusive, n.stays_from, n.opened_at,
           n.ended_at
    from unnest(
        {16}::uuid[], {17}::text[], {18}::text[], {19}::uuid[], {20}::bool[], {21}::date[],
        {22}::timestamptz[], {23}::timestamptz[]
    ) as n (case_id, workflow, licence, about_case, exclusive, stays_from, opened_at, ended_at)
    join written on written.id = n.case_id
    on conflict (case_id) do update set ended_at = excluded.ended_at
)",
    parameters: 23,
};

const LICENCE: &str = "
    select l.number, l.kind, l.holder, l.unit_id, l.valid_from, l.valid_until, l.state, l.mark,
           l.changes
    from licences l where l.number = $1";

const ABOUT_LICENCE: &str = "
    select case_id, workflow from cases_about where licence = $1 and ended_at is null
    order by case_id";

const ABOUT_CASE: &str = "
    select case_id, workflow from cases_about where about_case = $1 and ended_at is null
    order by case_id";

/// What is found of what an application is about.
///
/// # Errors
/// The database, and a case that cannot be read.
pub(super) async fn found(
    pool: &PgPool,
    reference: &Organised,
    about: Option<&Reference>,
    now: Instant,
) -> Result<Option<Found>, ExecuteError> {
    Ok(match about {
        None => None,
        Some(Reference::Licence(number)) => match licence(pool, number).await? {
            None => None,
            Some(licence) => {
                let query = sqlx::query(ABOUT_LICENCE).bind(number.as_str());
                let running = query.fetch_all(pool).await?;
                let running = running.iter().map(running_case).collect::<Result<_, _>>()?;
                Some(Found::Licence(FoundLicence { licence, running }))
            }
        },
        Some(Reference::Case(id)) => {
            let state =
                sqlx::query_scalar::<_, String>("select state::text from cases where id = $1")
                    .bind(id.0)
                    .fetch_optional(pool)
                    .await?;
            let Some(state) = state else { return Ok(None) };
            let case: Case = serde_json::from_str(&state).map_err(|error| {
                ExecuteError::Poisoned(format!("the stored state of {id}: {error}"))
            })?;
            let (definition, calendars) = rules_of(pool, reference, &case).await?;
            let others = sqlx::query(ABOUT_CASE).bind(id.0).fetch_all(pool).await?;
            let others = others.iter().map(running_case).collect::<Result<_, _>>()?;
            let organisation = &reference.organisation;
            let found = FoundCase::of(&case, &definition, &calendars, organisation, now, others);
            Some(Found::Case(found))
        }
    })
}

/// The licence that a case is about as it is now, where an end of its definition may change it.
///
/// # Errors
/// The database.
pub(super) async fn standing(
    pool: &PgPool,
    definition: &Definition,
    case: &Case,
) -> Result<Option<Found>, sqlx::Error> {
    let Some(SpokenOf::Licence(about)) = case.about.as_deref() else { return Ok(None) };
    if case.is_ended() || definition.ends.values().all(|end| end.change.is_none()) {
        return Ok(None);
    }
    let licence = licence(pool, &about.licence.number).await?;
    Ok(licence.map(|licence| Found::Licence(FoundLicence { licence, running: Vec::new() })))
}

async fn licence(
    pool: &PgPool,
    number: &LicenceNumber,
) -> Result<Option<RegisteredLicence>, sqlx::Error> {
    let row = sqlx::query(LICENCE).bind(number.as_str()).fetch_optional(pool).await?;
    row.as_ref().map(registered).transpose()
}

/// A licence from its row.
pub(crate) fn registered(row: &PgRow) -> Result<RegisteredLicence, sqlx::Error> {
    let number: String = row.try_get("number")?;
    let number =
        LicenceNumber::parse(&number).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(RegisteredLicence {
        number,
        kind: row.try_get("kind")?,
        holder: PersonId(row.try_get("holder")?),
        unit: UnitId::from(row.try_get::<String, _>("unit_id")?),
        valid_from: row.try_get("valid_from")?,
        valid_until: row.try_get("valid_until")?,
        state: state_of(row.try_get("state")?),
        mark: row.try_get("mark")?,
        changes: row.try_get::<i32, _>("changes")? as u32,
    })
}

/// A state from its word; the table knows no others.
pub(crate) fn state_of(word: &str) -> LicenceState {
    match word {
        "suspended" => LicenceState::Suspended,
        "revoked" => LicenceState::Revoked,
        _ => LicenceState::Active,
    }
}

fn running_case(row: &PgRow) -> Result<Running, sqlx::Error> {
    let workflow = WorkflowId::from(row.try_get::<String, _>(1)?);
    Ok(Running { case: CaseId(row.try_get(0)?), workflow })
}

/// The rows of a batch that belong to the register.
#[derive(Default)]
pub(super) struct Rows<'a> {
    number: Vec<&'a str>,
    no: Vec<i32>,
    case: Vec<Uuid>,
    seq: Vec<i32>,
    effect: Vec<&'static str>,
    kind: Vec<&'a str>,
    holder: Vec<Uuid>,
    unit: Vec<&'a str>,
    subject: Vec<&'a str>,
    valid_from: Vec<chrono::NaiveDate>,
    valid_until: Vec<chrono::NaiveDate>,
    state: Vec<&'static str>,
    mark: Vec<Option<&'a str>>,
    effective_at: Vec<Instant>,
    recorded_at: Vec<Instant>,
    about: About<'a>,
}

#[derive(Default)]
struct About<'a> {
    case: Vec<Uuid>,
    workflow: Vec<&'a str>,
    licence: Vec<Option<&'a str>>,
    about: Vec<Option<Uuid>>,
    exclusive: Vec<bool>,
    stays_from: Vec<Option<chrono::NaiveDate>>,
    opened_at: Vec<Instant>,
    ended_at: Vec<Option<Instant>>,
}

impl<'a> Rows<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.number.is_empty() && self.about.case.is_empty()
    }

    /// What a case with these new events has for the register.
    pub(super) fn push(&mut self, case: &'a Case, events: &'a [Event]) {
        for event in events {
            let Some(change) = event.licence_change() else { continue };
            // What is without effect stands on the case's timeline only.
            if !change.without_effect {
                self.push_change(case, event, change);
            }
        }
        let Some(about) = case.about.as_deref() else { return };
        let opened = events.first().is_some_and(|event| event.seq == 1);
        let ended = events
            .iter()
            .rev()
            .find(|event| event.fact.entry().is_some_and(|entry| entry.end.is_some()));
        if !opened && ended.is_none() {
            return;
        }
        let rows = &mut self.about;
        rows.case.push(case.id.0);
        rows.workflow.push(case.workflow.as_str());
        rows.exclusive.push(about.is_exclusive());
        rows.opened_at.push(case.opened_at);
        rows.ended_at.push(ended.map(|event| event.effective_at));
        let (licence, other, stays_from) = match about {
            SpokenOf::Licence(about) => {
                let licence = &about.licence;
                let stays = about.stays_in_force.then_some(licence.valid_until);
                (Some(licence.number.as_str()), None, stays)
            }
            SpokenOf::Case(about) => (None, Some(about.case.0), None),
        };
        rows.licence.push(licence);
        rows.about.push(other);
        rows.stays_from.push(stays_from);
    }

    fn push_change(&mut self, case: &'a Case, event: &Event, change: &'a LicenceChange) {
        let licence = &change.licence;
        self.number.push(licence.number.as_str());
        self.no.push(licence.changes as i32);
        self.case.push(case.id.0);
        self.seq.push(event.seq as i32);
        self.effect.push(change.effect.as_str());
        self.kind.push(&licence.kind);
        self.holder.push(licence.holder.0);
        self.unit.push(licence.unit.as_str());
        self.subject.push(&case.subject);
        self.valid_from.push(licence.valid_from);
        self.valid_until.push(licence.valid_until);
        self.state.push(licence.state.as_str());
        self.mark.push(licence.mark.as_deref());
        self.effective_at.push(event.effective_at);
        self.recorded_at.push(event.recorded_at);
    }

    /// Binds the rows in the order in which [`REGISTERED`] counts them.
    pub(super) fn bind<'q>(
        &'q self,
        query: Query<'q, Postgres, sqlx::postgres::PgArguments>,
    ) -> Query<'q, Postgres, sqlx::postgres::PgArguments> {
        let About { case, workflow, licence, about, exclusive, stays_from, opened_at, ended_at } =
            &self.about;
        query
            .bind(&self.number)
            .bind(&self.no)
            .bind(&self.case)
            .bind(&self.seq)
            .bind(&self.effect)
            .bind(&self.kind)
            .bind(&self.holder)
            .bind(&self.unit)
            .bind(&self.subject)
            .bind(&self.valid_from)
            .bind(&self.valid_until)
            .bind(&self.state)
            .bind(&self.mark)
            .bind(&self.effective_at)
            .bind(&self.recorded_at)
            .bind(case)
            .bind(workflow)
            .bind(licence)
            .bind(about)
            .bind(exclusive)
            .bind(stays_from)
            .bind(opened_at)
            .bind(ended_at)
    }
}

/// Whether a write failed because another case has just changed the same licence, or speaks of the same
/// thing: decided again, it finds what that has left.
pub(crate) fn is_overtaken(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.constraint()).is_some_and(|constraint| {
        matches!(
            constraint,
            "one_change_after_the_other" | "one_case_about_a_licence" | "one_case_about_a_case"
        )
    })
}
