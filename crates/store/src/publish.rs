//! Publishing: definitions, calendars and the organisation.

use parvaneh_core::{
    CalendarId, Calendars, Definition, Instant, Organisation, Unit, UnitId, WorkflowId,
};
use sha2::{Digest, Sha256};
use sqlx::Row;

use crate::{
    JobId, Store, StoreError, closure,
    reference::{level_text, parse_calendar, parse_definition},
    store::undisturbed,
};

/// What publishing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is new.
    Now,
    /// Just this was published already.
    Before,
}

/// A published definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedDefinition {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The version.
    pub version: u32,
    /// SHA-256 of the file, in hexadecimal.
    pub hash: String,
    /// What it is called, in Persian and in English.
    pub title: parvaneh_core::definition::Text,
    /// When it was published.
    pub published_at: Instant,
    /// From when on no case is opened by it.
    pub retired_at: Option<Instant>,
    /// How many cases run by it.
    pub running: u64,
}

/// A unit with its population.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRow {
    /// The unit.
    pub unit: Unit,
    /// How many people live there.
    pub population: Option<u64>,
}

const UNITS: &str = "
    insert into units (id, parent, level, title_fa, title_en, population)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    on conflict (id) do update set
        parent = excluded.parent, level = excluded.level, title_fa = excluded.title_fa,
        title_en = excluded.title_en, population = excluded.population";

const CLOSURE: &str = "
    insert into unit_closure (above, unit, distance)
    with recursive up (above, unit, distance) as (
        select id, id, 0 from units
        union all
        select u.parent, up.unit, up.distance + 1
        from up join units u on u.id = up.above where u.parent is not null
    )
    select above, unit, distance from up";

impl Store {
    /// Publishes a version of a definition, by the text of its file. It must have been read and
    /// checked before. The same once more changes nothing.
    ///
    /// # Errors
    /// [`StoreError::VersionTaken`] when that version is published with other content;
    /// [`StoreError::Unreadable`] when the text is not sound.
    pub async fn publish_definition(
        &self,
        workflow: &WorkflowId,
        version: u32,
        source: &str,
    ) -> Result<Published, StoreError> {
        let definition = parse_definition(workflow, version, source)?;
        if definition.id != *workflow || definition.version != version {
            let why = format!("it says that it is {}@{}", definition.id, definition.version);
            return Err(StoreError::Unreadable { what: format!("{workflow}@{version}"), why });
        }
        self.publish(&definition, source).await
    }

    /// Retires a published version, or takes it into use again: no case is opened by a retired one,
    /// and running cases go on. Answers since when it is retired.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDefinition`].
    pub async fn set_retired(
        &self,
        workflow: &WorkflowId,
        version: u32,
        retired: bool,
    ) -> Result<Option<Instant>, StoreError> {
        let (engine, workflow) = (self.engine.clone(), workflow.clone());
        undisturbed(async move {
            // What is retired already keeps its instant.
            let update = "update definitions
                set retired_at = case when $3 then coalesce(retired_at, engine_now()) end
                where workflow = $1 and version = $2 returning retired_at";
            let row = sqlx::query(update)
                .bind(workflow.as_str())
                .bind(version as i32)
                .bind(retired)
                .fetch_optional(&engine.writers)
                .await?;
            match row {
                Some(row) => Ok(row.try_get(0)?),
                None => Err(StoreError::NoSuchDefinition { workflow, version: Some(version) }),
            }
        })
        .await
    }

    /// Publishes a definition that was just read from `source`.
    ///
    /// # Errors
    /// [`StoreError::HashMismatch`] when it was read from another text;
    /// [`StoreError::VersionTaken`] when that version is published with other content.
    pub async fn publish(
        &self,
        definition: &Definition,
        source: &str,
    ) -> Result<Published, StoreError> {
        let (workflow, version) = (definition.id.clone(), definition.version);
        if hex(&Sha256::digest(source)) != definition.hash {
            return Err(StoreError::HashMismatch { what: format!("{workflow}@{version}") });
        }
        let (hash, title) = (definition.hash.clone(), definition.title.clone());
        let (engine, source) = (self.engine.clone(), source.to_owned());
        undisturbed(async move {
            let insert = "insert into definitions
                (workflow, version, hash, source, title_fa, title_en, published_at)
                values ($1, $2, $3, $4, $5, $6, engine_now()) on conflict do nothing";
            let new = sqlx::query(insert)
                .bind(workflow.as_str())
                .bind(version as i32)
                .bind(&hash)
                .bind(source)
                .bind(title.fa)
                .bind(title.en)
                .execute(&engine.writers)
                .await?
                .rows_affected()
                == 1;
            if new {
                return Ok(Published::Now);
            }
            let select = "select hash from definitions where workflow = $1 and version = $2";
            let published: String = sqlx::query_scalar(select)
                .bind(workflow.as_str())
                .bind(version as i32)
                .fetch_one(&engine.writers)
                .await?;
            match published == hash {
                true => Ok(Published::Before),
                false => Err(StoreError::VersionTaken { workflow, version, published }),
            }
        })
        .await
    }

    /// Publishes a calendar, by the text of its file: from now on it is the one in force, with the
    /// closures that are. A job carries it to the clocks that run: see [`Store::advance_job`].
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when the text is not sound.
    pub async fn publish_calendar(
        &self,
        id: &CalendarId,
        source: &str,
    ) -> Result<Published, StoreError> {
        let published = self.publish_calendar_file(id, source, false).await?;
        Ok(published.map_or(Published::Before, |_| Published::Now))
    }

    /// The same, if it leaves past days as they are: what was counted stays counted. Returns the job that
    /// carries it to the clocks that run, where there is one, and whether it is new.
    ///
    /// # Errors
    /// [`StoreError::PastChanges`]; as [`Store::publish_calendar`].
    pub async fn publish_calendar_onward(
        &self,
        id: &CalendarId,
        source: &str,
    ) -> Result<(Published, Option<JobId>), StoreError> {
        Ok(match self.publish_calendar_file(id, source, true).await? {
            Some(job) => (Published::Now, job),
            None => (Published::Before, None),
        })
    }

    /// The job of what is new; `None` when just this was published before.
    async fn publish_calendar_file(
        &self,
        id: &CalendarId,
        source: &str,
        keeps_past: bool,
    ) -> Result<Option<Option<JobId>>, StoreError> {
        let calendar = parse_calendar(id, source)?;
        if calendar.id() != id {
            let why = format!("it says that it is '{}'", calendar.id());
            return Err(StoreError::Unreadable { what: format!("the calendar '{id}'"), why });
        }
        let organisation = self.organisation().await?;
        let (id, version) = (id.clone(), calendar.version().to_owned());
        let (engine, source) = (self.engine.clone(), source.to_owned());
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            closure::lock_in_tx(&mut in_tx).await?;
            let newest = closure::newest_in_tx(&mut in_tx, &id).await?;
            if newest.as_ref().is_some_and(|newest| newest.file == version) {
                in_tx.rollback().await?;
                return Ok(None);
            }
            if let (true, Some(newest)) = (keeps_past, &newest) {
                // Under the lock: nobody publishes another text meanwhile.
                let of_newest = "select source, engine_now() from calendars
                    where id = $1 and version = $2";
                let (before, now): (String, Instant) = sqlx::query_as(of_newest)
                    .bind(id.as_str())
                    .bind(&newest.file)
                    .fetch_one(&mut *in_tx)
                    .await?;
                let before = parse_calendar(&id, &before)?;
                let found = tokio::task::spawn_blocking(move || {
                    let (before, newer) = (Calendars::compile(before), Calendars::compile(calendar));
                    let today = before.national().local_date(now);
                    before.past_change(&newer, &organisation, today)
                });
                let found = found.await.map_err(|_| StoreError::Closed)?;
                if let Some(change) = found {
                    in_tx.rollback().await?;
                    return Err(StoreError::PastChanges { calendar: id, change });
                }
            }
            // Never at the same instant as the one before it, also where the clock stands still.
            sqlx::query(
                "insert into calendars (id, version, source, published_at)
                 select $1, $2, $3, greatest(engine_now(),
                     (select max(published_at) + interval '1 microsecond' from calendars where id = $1))
                 on conflict (id, version) do update set published_at = excluded.published_at",
            )
            .bind(id.as_str())
            .bind(&version)
            .bind(source)
            .execute(&mut *in_tx)
            .await?;
            let change = closure::StateChange::Published { file: version };
            let job = closure::change_in_tx(&mut in_tx, &id, newest, change, None).await?;
            in_tx.commit().await?;
            Ok(Some(job))
        })
        .await
    }

    /// Brings the organisation up to date: new units are added, known ones changed; none is taken
    /// away, since cases may stand there.
    ///
    /// # Errors
    /// [`StoreError::Organisation`] when the units are not a tree.
    pub async fn save_units(&self, units: Vec<UnitRow>) -> Result<(), StoreError> {
        Organisation::new(units.iter().map(|row| row.unit.clone()))?;
        let engine = self.engine.clone();
        undisturbed(async move {
            let of = |get: fn(&UnitRow) -> &str| -> Vec<&str> { units.iter().map(get).collect() };
            let parents: Vec<Option<&str>> = units
                .iter()
                .map(|row| row.unit.parent.as_ref().map(|parent| parent.as_str()))
                .collect();
            let population: Vec<Option<i64>> =
                units.iter().map(|row| row.population.map(|people| people as i64)).collect();
            let mut in_tx = engine.writers.begin().await?;
            sqlx::query(UNITS)
                .bind(of(|row| row.unit.id.as_str()))
                .bind(parents)
                .bind(of(|row| level_text(row.unit.level)))
                .bind(of(|row| &row.unit.title.fa))
                .bind(of(|row| &row.unit.title.en))
                .bind(population)
                .execute(&mut *in_tx)
                .await?;
            sqlx::query("delete from unit_closure").execute(&mut *in_tx).await?;
            sqlx::query(CLOSURE).execute(&mut *in_tx).await?;
            sqlx::query("select regroup_case_figures()").execute(&mut *in_tx).await?;
            sqlx::query("select regroup_task_figures()").execute(&mut *in_tx).await?;
            in_tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Every unit with its population.
    ///
    /// # Errors
    /// The database.
    pub async fn unit_rows(&self) -> Result<Vec<UnitRow>, StoreError> {
        let organisation = self.organisation().await?;
        let rows = "select id, population from units order by id";
        let rows: Vec<(String, Option<i64>)> =
            sqlx::query_as(rows).fetch_all(&self.engine.readers).await?;
        let row = |(id, population): (String, Option<i64>)| {
            let unit = organisation.get(&UnitId::from(id))?.clone();
            Some(UnitRow { unit, population: population.map(|people| people as u64) })
        };
        Ok(rows.into_iter().filter_map(row).collect())
    }

    /// The organisation as it is.
    ///
    /// # Errors
    /// The database.
    pub async fn organisation(&self) -> Result<std::sync::Arc<Organisation>, StoreError> {
        Ok(self.reference().await?.organisation.clone())
    }

    /// The definition of that version; `None` is the latest that is in use.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDefinition`].
    pub async fn definition(
        &self,
        workflow: &WorkflowId,
        version: Option<u32>,
    ) -> Result<std::sync::Arc<Definition>, StoreError> {
        // A version, once published, never changes: what was in force a moment ago knows it too.
        let reference = match version {
            Some(_) => self.reference_in_use().await?,
            None => self.reference().await?,
        };
        reference.definition(&self.engine.readers, workflow, version).await
    }

    /// The text of a published definition.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDefinition`].
    pub async fn definition_source(
        &self,
        workflow: &WorkflowId,
        version: u32,
    ) -> Result<String, StoreError> {
        sqlx::query_scalar("select source from definitions where workflow = $1 and version = $2")
            .bind(workflow.as_str())
            .bind(version as i32)
            .fetch_optional(&self.engine.readers)
            .await?
            .ok_or_else(|| StoreError::NoSuchDefinition {
                workflow: workflow.clone(),
                version: Some(version),
            })
    }

    /// The calendar that is in force.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCalendar`].
    pub async fn calendars(
        &self,
        id: &CalendarId,
    ) -> Result<std::sync::Arc<Calendars>, StoreError> {
        self.reference().await?.calendars(&self.engine.readers, id).await
    }

    /// The calendar as it was in force when somebody was last let in: enough for what shows him many days.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCalendar`].
    pub async fn calendars_in_use(
        &self,
        id: &CalendarId,
    ) -> Result<std::sync::Arc<Calendars>, StoreError> {
        self.reference_in_use().await?.calendars(&self.engine.readers, id).await
    }

    /// The workflows by which cases can be opened, by name: those with a version in use.
    ///
    /// # Errors
    /// The database.
    pub async fn workflows_in_use(&self) -> Result<Vec<WorkflowId>, StoreError> {
        let names: Vec<String> = sqlx::query_scalar(
            "select distinct workflow from definitions where retired_at is null order by workflow",
        )
        .fetch_all(&self.engine.readers)
        .await?;
        Ok(names.into_iter().map(WorkflowId::from).collect())
    }

    /// Everything that is published, by name and version.
    ///
    /// # Errors
    /// The database.
    pub async fn definitions(&self) -> Result<Vec<PublishedDefinition>, StoreError> {
        let rows = sqlx::query(
            "select workflow, version, hash, title_fa, title_en, published_at, retired_at,
                    (select count(*) from cases c
                     where c.workflow = d.workflow and c.version = d.version
                       and c.ended_at is null)
             from definitions d order by workflow, version",
        )
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PublishedDefinition {
                    workflow: WorkflowId::from(row.try_get::<String, _>(0)?),
                    version: row.try_get::<i32, _>(1)? as u32,
                    hash: row.try_get(2)?,
                    title: parvaneh_core::definition::Text {
                        fa: row.try_get(3)?,
                        en: row.try_get(4)?,
                    },
                    published_at: row.try_get(5)?,
                    retired_at: row.try_get(6)?,
                    running: row.try_get::<i64, _>(7)? as u64,
                })
            })
            .collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
