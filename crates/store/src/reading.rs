//! Reading for somebody: through the wall that the database keeps between a person and what is not in
//! his reach.
//!
//! **Invariant.** Whoever reads for a person has a connection of the role `parvaneh_app`, which sees
//! nothing but what belongs to the reader that the transaction names (`migrations/0043_row_security_by_arrays.sql`).
//! The name goes with the transaction, and the transaction ends before anybody else gets the connection.

use std::{
    collections::BTreeSet,
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use parvaneh_core::{CaseId, Grant, Organisation, UnitId, reach::Reach};
use sqlx::{PgConnection, Postgres, pool::PoolConnection, postgres::PgRow};

use crate::{
    Store, StoreError, Viewer,
    visitors::{ByKey, Lent},
};

/// Stands between what is held and where, as in the policies.
const BETWEEN: char = '\u{1f}';

/// How a transaction begins that reads by keys alone. Without statistics, or with old ones, a table of cases
/// may look so small to the planner that it would rather read all of it.
const PLANNED_ONCE: &str =
    "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off";

/// For whom something is read: the statements by which his transaction names him.
pub(crate) struct Reader {
    naming: String,
    /// Where he sees every case; `None` for who sees single ones too, as their applicant.
    held: Option<Vec<UnitId>>,
}

/// How far sums of cases can be read for somebody: `migrations/0046_case_figures.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sums {
    /// Those of the unit with all below it.
    Whole,
    /// Those of single units, as far as he sees their cases.
    Parts,
    /// None: he sees single cases too, which no sum tells.
    None,
}

/// It names people.
impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    /// Who reads what he sees himself.
    pub(crate) fn of_person(organisation: &Organisation, reach: &Reach) -> Self {
        Self::new(organisation, reach, &reach.offices)
    }

    pub(crate) fn new(organisation: &Organisation, reach: &Reach, offices: &[Grant]) -> Self {
        let accounts = reach.accounts.iter().map(|account| account.to_string()).collect();
        let held = reach.jurisdictions.iter();
        let held =
            held.map(|held| (held.workflow.as_ref().map_or("*", |of| of.as_str()), &held.unit));
        let (workflows, places) = spread(organisation, held);
        let held = offices.iter().map(|grant| (grant.role.as_str(), &grant.unit));
        let (roles, desks) = spread(organisation, held);
        let settings = [
            ("accounts", accounts),
            ("workflows", workflows),
            ("places", places),
            ("roles", roles),
            ("desks", desks),
        ];
        // One round trip: a statement with parameters would be two. What is not named is nothing.
        let named = settings.iter().filter(|(_, list)| !list.is_empty());
        let set = |(name, list): &(&str, Vec<String>)| {
            let list = array(list).replace('\'', "''");
            format!("set local parvaneh.{name} = '{list}'")
        };
        let naming = named.map(set).collect::<Vec<_>>().join(";");
        let whole = reach.jurisdictions.iter().filter(|held| held.workflow.is_none());
        let held = whole.map(|held| held.unit.clone()).collect();
        Self { naming, held: reach.accounts.is_empty().then_some(held) }
    }
}

impl Reader {
    /// The statements by which a transaction names him.
    pub(crate) fn naming(&self) -> &str {
        &self.naming
    }
}

/// What is held at units, as the database looks it up: what is held everywhere, and the rest with every
/// unit at which it holds.
fn spread<'a>(
    organisation: &Organisation,
    held: impl Iterator<Item = (&'a str, &'a UnitId)>,
) -> (Vec<String>, Vec<String>) {
    let (mut everywhere, mut places) = (BTreeSet::new(), BTreeSet::new());
    // No identifier has the mark in it; what had one would be something else on the other side.
    for (what, unit) in held.filter(|(what, _)| !what.contains(BETWEEN)) {
        if organisation.is_whole(unit) {
            everywhere.insert(what.to_owned());
        } else {
            let below = organisation.below(unit).into_iter();
            places.extend(below.map(|unit| format!("{what}{BETWEEN}{unit}")));
        }
    }
    (everywhere.into_iter().collect(), places.into_iter().collect())
}

/// The text of an array.
fn array(list: &[String]) -> String {
    let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    format!("{{{}}}", list.iter().map(quoted).collect::<Vec<_>>().join(","))
}

impl Store {
    /// The same store, whose read models show what that person sees and nothing else: the database
    /// itself keeps the rest from them. For everything that is read for somebody.
    pub fn reading_as(&self, viewer: &Viewer) -> Self {
        Self { reader: Some(viewer.reader.clone()), ..self.clone() }
    }

    /// The same store, reading for somebody who is asked something as another body: his inquiries,
    /// and no case.
    pub(crate) fn reading_as_body(&self, viewer: &Viewer) -> Self {
        self.reading(Reader::new(&viewer.organisation, &Reach::default(), &viewer.reach.bodies))
    }

    /// The same store, reading what lies in a reach that is nobody's own: for figures, which are shown
    /// to those who see no case.
    pub fn reading_within(&self, organisation: &Organisation, reach: &Reach) -> Self {
        self.reading(Reader::new(organisation, reach, &[]))
    }

    /// How far sums can be read here for whomever the store reads; `None` is everything.
    pub(crate) fn sums_of(&self, organisation: &Organisation, within: Option<&UnitId>) -> Sums {
        let Some(reader) = &self.reader else { return Sums::Whole };
        let Some(held) = &reader.held else { return Sums::None };
        let covers = |held: &UnitId| match within {
            Some(within) => organisation.contains(held, within),
            None => organisation.is_whole(held),
        };
        if held.iter().any(covers) { Sums::Whole } else { Sums::Parts }
    }

    fn reading(&self, reader: Reader) -> Self {
        Self { reader: Some(Arc::new(reader)), ..self.clone() }
    }

    /// A connection that sees what the store reads for whomever it reads for. Every statement of a read
    /// model that looks at a table of cases goes through here.
    pub(crate) async fn reads(&self) -> Result<Reads, StoreError> {
        self.reads_after("begin read only").await
    }

    /// The same for statements that find all they read by the key of a case: planned once for a
    /// connection. With the wall that takes three times as long as running them, and what a plan is best
    /// for depends on no parameter.
    pub(crate) async fn reads_by_key(&self) -> Result<Reads, StoreError> {
        self.reads_after(&format!("begin read only; {PLANNED_ONCE}")).await
    }

    /// What a statement about one case finds for whomever the store reads.
    pub(crate) async fn read_by_key(
        &self,
        statement: &'static ByKey,
        case: CaseId,
    ) -> Result<Option<PgRow>, StoreError> {
        let Some(reader) = &self.reader else {
            let query = sqlx::query(statement.sql).bind(case.0);
            return Ok(query.fetch_optional(&self.engine.readers).await?);
        };
        let naming = format!("{PLANNED_ONCE}; {}", reader.naming);
        self.engine.visitors.by_key(&naming, statement, case.0).await
    }

    async fn reads_after(&self, begin: &str) -> Result<Reads, StoreError> {
        let Some(reader) = &self.reader else {
            return Ok(Reads::Engine(self.engine.readers.acquire().await?));
        };
        let begin = format!("{begin}; {}", reader.naming);
        Ok(Reads::Person(self.engine.visitors.lend(begin).await?))
    }
}

/// Whether the database has given a statement up because it took too long.
pub(crate) fn given_up(error: &sqlx::Error) -> bool {
    const QUERY_CANCELED: &str = "57014";
    error
        .as_database_error()
        .and_then(|said| said.code())
        .is_some_and(|code| code == QUERY_CANCELED)
}

/// A connection that reads.
#[derive(Debug)]
pub(crate) enum Reads {
    /// For the program itself: every case.
    Engine(PoolConnection<Postgres>),
    /// For somebody, within the transaction that names him.
    Person(Lent),
}

impl Deref for Reads {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Engine(connection) => connection,
            Self::Person(lent) => lent,
        }
    }
}

impl DerefMut for Reads {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Engine(connection) => connection,
            Self::Person(lent) => lent,
        }
    }
}
