//! What every decision needs and seldom changes, kept in memory: the organisation, definitions and
//! calendars.
//!
//! **Invariant.** The database counts the changes of these tables; every command reads that count
//! together with its case. What was loaded under another count is not decided by: see
//! [`Cache::fresh`].

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, RwLock},
};

use parvaneh_core::{
    CalendarId, CalendarSource, Calendars, Definition, Organisation, RoleId, Unit, UnitId,
    WorkflowId,
    definition::{Level, Text},
    document::{Problem, Severity},
    reach::Readers,
};
use sqlx::{PgPool, Row};

use crate::{StoreError, closure};

/// One consistent view of the reference tables, filled as it is asked.
#[derive(Debug)]
pub(crate) struct Reference {
    revision: i64,
    pub(crate) organisation: Arc<Organisation>,
    /// Whether any webhook is told of events.
    pub(crate) hooked: bool,
    definitions: RwLock<HashMap<(WorkflowId, u32), Arc<Definition>>>,
    latest: RwLock<HashMap<WorkflowId, u32>>,
    /// Versions that are known not to be retired.
    in_use: RwLock<HashSet<(WorkflowId, u32)>>,
    calendars: RwLock<HashMap<CalendarId, Arc<Calendars>>>,
    /// Single states of calendars, which never change as long as the organisation doesn't.
    states: RwLock<HashMap<(CalendarId, u32), Arc<Calendars>>>,
    /// The roles by which cases are seen.
    readers: RwLock<Option<Arc<Readers>>>,
}

/// The view that is in use.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    current: RwLock<Option<Arc<Reference>>>,
}

/// A lock is poisoned when its holder panicked; nothing here is left half-done by that.
macro_rules! read {
    ($lock:expr) => {
        $lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    };
}
macro_rules! write {
    ($lock:expr) => {
        $lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    };
}

const UNITS: &str = "
    select revision, u.id, u.parent, u.level, u.title_fa, u.title_en
    from reference_state left join units u on true";

impl Cache {
    /// The view of that revision, or of a later one; `None` asks for whatever was last known.
    pub(crate) async fn fresh(
        &self,
        pool: &PgPool,
        revision: Option<i64>,
    ) -> Result<Arc<Reference>, StoreError> {
        let current = read!(self.current).clone();
        if let Some(current) = &current
            && revision.is_none_or(|revision| current.revision >= revision)
        {
            return Ok(current.clone());
        }
        let loaded = Arc::new(Reference::load(pool, current.as_deref()).await?);
        let mut slot = write!(self.current);
        match &*slot {
            // Another task has loaded it too; keep what it may already have filled.
            Some(other) if other.revision >= loaded.revision => Ok(other.clone()),
            _ => {
                *slot = Some(loaded.clone());
                Ok(loaded)
            }
        }
    }
}

impl Reference {
    async fn load(pool: &PgPool, before: Option<&Self>) -> Result<Self, StoreError> {
        let rows = sqlx::query(UNITS).fetch_all(pool).await?;
        let mut revision = 0;
        let mut units = Vec::with_capacity(rows.len());
        for row in &rows {
            revision = row.try_get("revision")?;
            // A left join: one row of nulls when there is no unit at all.
            if let Some(id) = row.try_get::<Option<String>, _>("id")? {
                units.push(unit(id, row)?);
            }
        }
        let hooked = "select exists (select from webhooks where disabled_at is null)";
        let hooked = sqlx::query_scalar(hooked).fetch_one(pool).await?;
        // Published definitions never change.
        let definitions =
            before.map(|before| read!(before.definitions).clone()).unwrap_or_default();
        let organisation = Organisation::new(units)?;
        // Neither do the states of calendars, in the same organisation.
        let states = before
            .filter(|before| *before.organisation == organisation)
            .map(|before| read!(before.states).clone())
            .unwrap_or_default();
        Ok(Self {
            revision,
            organisation: Arc::new(organisation),
            hooked,
            definitions: RwLock::new(definitions),
            latest: RwLock::default(),
            in_use: RwLock::default(),
            calendars: RwLock::default(),
            states: RwLock::new(states),
            readers: RwLock::default(),
        })
    }

    /// What a role is called, by the definitions that have been read.
    pub(crate) fn role_title(&self, role: &RoleId) -> Option<Text> {
        let definitions = read!(self.definitions);
        let named = definitions.iter().filter_map(|(key, one)| Some((key, one.roles.get(role)?)));
        // The latest version, and always the same workflow's: titles of a role seldom differ.
        let latest = named
            .max_by(|((one, version), _), ((other, than), _)| (version, other).cmp(&(than, one)));
        latest.map(|(_, role)| role.title.clone())
    }

    /// The latest version of each definition that has been read, by the workflows' names.
    pub(crate) fn known_definitions(&self) -> Vec<Arc<Definition>> {
        let mut latest: BTreeMap<&WorkflowId, &Arc<Definition>> = BTreeMap::new();
        let definitions = read!(self.definitions);
        for ((workflow, version), definition) in definitions.iter() {
            let known = latest.entry(workflow).or_insert(definition);
            if known.version < *version {
                *known = definition;
            }
        }
        latest.into_values().cloned().collect()
    }

    /// A published definition; `None` is the latest version that is in use.
    pub(crate) async fn definition(
        &self,
        pool: &PgPool,
        workflow: &WorkflowId,
        version: Option<u32>,
    ) -> Result<Arc<Definition>, StoreError> {
        let none = || StoreError::NoSuchDefinition { workflow: workflow.clone(), version };
        let known = version.or_else(|| read!(self.latest).get(workflow).copied());
        if let Some(known) = known
            && let Some(found) = read!(self.definitions).get(&(workflow.clone(), known))
        {
            return Ok(found.clone());
        }
        // No text in the database has it, and the server would not even look.
        if workflow.as_str().contains('\0') {
            return Err(none());
        }
        let row = sqlx::query(
            "select version, hash, source from definitions
             where workflow = $1 and ($2 = version or ($2 is null and retired_at is null))
             order by version desc limit 1",
        )
        .bind(workflow.as_str())
        .bind(version.map(|version| version as i32))
        .fetch_optional(pool)
        .await?
        .ok_or_else(none)?;
        let number = row.try_get::<i32, _>(0)? as u32;
        let definition = parse_definition(workflow, number, row.try_get(2)?)?;
        if definition.hash != row.try_get::<String, _>(1)? {
            return Err(StoreError::HashMismatch { what: format!("{workflow}@{number}") });
        }
        let definition = Arc::new(definition);
        write!(self.definitions).insert((workflow.clone(), number), definition.clone());
        if version.is_none() {
            write!(self.latest).insert(workflow.clone(), number);
        }
        Ok(definition)
    }

    /// The definition by which a case is opened: of that version, or of the latest, in use.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDefinition`]; [`StoreError::Retired`].
    pub(crate) async fn definition_in_use(
        &self,
        pool: &PgPool,
        workflow: &WorkflowId,
        version: Option<u32>,
    ) -> Result<Arc<Definition>, StoreError> {
        let definition = self.definition(pool, workflow, version).await?;
        let Some(version) = version else { return Ok(definition) };
        let named = (workflow.clone(), version);
        if !read!(self.in_use).contains(&named) {
            let in_use = sqlx::query_scalar(
                "select retired_at is null from definitions where workflow = $1 and version = $2",
            );
            if !in_use.bind(workflow.as_str()).bind(version as i32).fetch_one(pool).await? {
                return Err(StoreError::Retired { workflow: workflow.clone(), version });
            }
            write!(self.in_use).insert(named);
        }
        Ok(definition)
    }

    /// The roles by which cases are seen: those of every version by which one may run.
    pub(crate) async fn readers(&self, pool: &PgPool) -> Result<Arc<Readers>, StoreError> {
        if let Some(known) = &*read!(self.readers) {
            return Ok(known.clone());
        }
        let all: Vec<(String, i32)> =
            sqlx::query_as("select workflow, version from definitions").fetch_all(pool).await?;
        let mut definitions = Vec::with_capacity(all.len());
        for (workflow, version) in all {
            let workflow = WorkflowId::from(workflow);
            definitions.push(self.definition(pool, &workflow, Some(version as u32)).await?);
        }
        let readers = Arc::new(Readers::of(definitions.iter().map(Arc::as_ref)));
        *write!(self.readers) = Some(readers.clone());
        Ok(readers)
    }

    /// The calendar that is in force: its file with the closures. Beside it are the states before,
    /// as long as some running case may not have met the one after.
    pub(crate) async fn calendars(
        &self,
        pool: &PgPool,
        id: &CalendarId,
    ) -> Result<Arc<Calendars>, StoreError> {
        if let Some(found) = read!(self.calendars).get(id) {
            return Ok(found.clone());
        }
        let wanted = closure::states(pool, id, closure::Wanted::Unsettled).await?;
        let mut states = Vec::with_capacity(wanted.len());
        for state in &wanted {
            let key = (id.clone(), state.revision.no);
            let known = read!(self.states).get(&key).cloned();
            states.push(match known {
                Some(known) => known,
                None => Arc::new(closure::compile(pool, id, state, &self.organisation).await?),
            });
        }
        let (newest, earlier) =
            states.split_first().ok_or_else(|| StoreError::NoSuchCalendar(id.clone()))?;
        let calendars = Arc::new(newest.after(earlier.to_vec()));
        {
            // What no case needs any more is let go.
            let mut kept = write!(self.states);
            kept.retain(|(calendar, _), _| calendar != id);
            for (state, compiled) in wanted.iter().zip(&states) {
                kept.insert((id.clone(), state.revision.no), compiled.clone());
            }
        }
        write!(self.calendars).insert(id.clone(), calendars.clone());
        Ok(calendars)
    }
}

/// Reads a definition that was checked before it was published.
pub(crate) fn parse_definition(
    workflow: &WorkflowId,
    version: u32,
    source: &str,
) -> Result<Definition, StoreError> {
    let what = format!("{workflow}@{version}");
    Definition::parse(&what, source)
        .map_err(|problems| StoreError::Unreadable { what, why: first_of(&problems) })
}

/// Reads a calendar that was checked before it was published.
pub(crate) fn parse_calendar(id: &CalendarId, source: &str) -> Result<CalendarSource, StoreError> {
    let what = format!("the calendar '{id}'");
    CalendarSource::parse(&what, source)
        .map_err(|problems| StoreError::Unreadable { what, why: first_of(&problems) })
}

fn first_of(problems: &[Problem]) -> String {
    let error = problems.iter().find(|problem| problem.severity == Severity::Error);
    error.map_or_else(String::new, |error| format!("line {}: {}", error.line, error.message))
}

fn unit(id: String, row: &sqlx::postgres::PgRow) -> Result<Unit, StoreError> {
    let level = match row.try_get::<&str, _>("level")? {
        "national" => Level::National,
        "province" => Level::Province,
        _ => Level::County,
    };
    let title = Text { fa: row.try_get("title_fa")?, en: row.try_get("title_en")? };
    let parent = row.try_get::<Option<String>, _>("parent")?.map(UnitId::from);
    Ok(Unit { id: UnitId::from(id), parent, level, title })
}

/// A level as the table `units` has it.
pub(crate) fn level_text(level: Level) -> &'static str {
    match level {
        Level::County => "county",
        Level::Province => "province",
        Level::National => "national",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Founding, Store, StoreOptions, UnitRow, testing::TestDatabase};

    #[tokio::test]
    async fn what_was_last_known_is_not_read_again_and_what_is_newer_is() {
        let database = TestDatabase::new().await;
        Store::migrate(&database.owner_options(), Founding::Sandbox).await.unwrap();
        let store = Store::connect(database.app_options(), StoreOptions::default()).await.unwrap();
        let known = store.reference_in_use().await.unwrap();
        assert!(Arc::ptr_eq(&known, &store.reference_in_use().await.unwrap()));
        assert!(Arc::ptr_eq(&known, &store.reference().await.unwrap()));
        let title = Text { fa: "ایران".to_owned(), en: "Iran".to_owned() };
        let unit = Unit { id: "ir".into(), parent: None, level: Level::National, title };
        let nation = UnitRow { unit, population: None };
        store.save_units(vec![nation]).await.unwrap();
        assert_eq!(store.reference().await.unwrap().organisation.units().count(), 1);
    }
}
