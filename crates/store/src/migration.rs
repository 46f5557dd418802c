//! Moving running cases to another version of their definition: the mapping, what it would do, and
//! the job that does it.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use chrono::TimeDelta;
use parvaneh_core::{
    Caller, Case, CaseId, Command, Context, Definition, Fact, Instant, Mapping, StepId, UnitId,
    case::SilenceState,
    decide,
    event::{ClockNo, STATUTORY},
    migrate,
    migration::{Checked, ClockMove, Heading, Migrated},
};
use sqlx::Row;
use uuid::Uuid;

use crate::{Store, StoreError, job, job::JobId, reference::Reference, store::undisturbed};

/// What a migration would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationPreview {
    /// How many running cases were looked at.
    pub looked_at: u64,
    /// How many would move.
    pub cases: u64,
    /// How many of these would have a deadline that is another one than before.
    pub moved_deadlines: u64,
    /// How many are within their statutory deadline and would be late.
    pub become_late: u64,
    /// How many are late and would be within it.
    pub become_on_time: u64,
    /// How many would have a silence rule held for a manager that is not held now.
    pub held: u64,
    /// How many would end by what time has caused, before they could move.
    pub ended: u64,
    /// How many cannot move.
    pub refused: u64,
    /// Why, each with how many cases: the code, and the step in which they stand.
    pub reasons: BTreeMap<(String, StepId), u64>,
    /// The first of those that would move.
    pub first: Vec<PreviewedCase>,
    /// The first of those that cannot.
    pub first_refused: Vec<RefusedCase>,
}

/// A case that would move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedCase {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: String,
    /// Its unit.
    pub unit: UnitId,
    /// Where it stands.
    pub step: StepId,
    /// Where it would stand.
    pub to: StepId,
    /// Its clocks.
    pub clocks: Vec<PreviewedClock>,
    /// The kinds of what would follow at once by the new version.
    pub at_once: Vec<&'static str>,
}

/// A clock of a case that would move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedClock {
    /// Which: 0 is the statutory clock, else the task's number.
    pub clock: ClockNo,
    /// What would become of it.
    pub how: ClockMove,
    /// Its deadline now; `None` while it is suspended, or where there is none.
    pub from: Option<Instant>,
    /// Its deadline then.
    pub to: Option<Instant>,
    /// Whether it is past its deadline now.
    pub late_before: bool,
    /// Whether it would be.
    pub late_after: bool,
    /// Whether its silence rule would be held for a manager, and is not now.
    pub held: bool,
}

/// A case that cannot move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCase {
    /// The case.
    pub case: CaseId,
    /// Where it stands.
    pub step: StepId,
    /// A stable code.
    pub code: String,
    /// Why.
    pub reason: String,
}

/// How many cases are read at once.
const PORTION: i64 = 500;

impl Store {
    /// Reads a mapping and checks it against the published versions that it names.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDefinition`] when one of them is not published; problems of the file are
    /// no error.
    pub async fn check_mapping(&self, file: &str, source: &str) -> Result<Checked, StoreError> {
        let heading = match Heading::read(file, source) {
            Ok(heading) => heading,
            Err(problems) => return Ok(Checked { mapping: None, problems }),
        };
        let from = self.definition(&heading.workflow, Some(heading.from)).await?;
        let to = self.definition(&heading.workflow, Some(heading.to)).await?;
        Ok(Mapping::check(file, source, &from, &to))
    }

    /// What a migration would do now, with the first `most` cases of those that would move and of
    /// those that cannot. Nothing is written. `seen` is told how many cases have been looked at, of
    /// how many.
    ///
    /// # Errors
    /// As [`Store::begin_migration`].
    pub async fn preview_migration(
        &self,
        mapping: &Mapping,
        unit: Option<&UnitId>,
        most: usize,
        mut seen: impl FnMut(u64, u64),
    ) -> Result<MigrationPreview, StoreError> {
        self.may_migrate(mapping, unit).await?;
        let reference = self.reference().await?;
        let pool = &self.engine.readers;
        let now = self.now().await?;
        let from = reference.definition(pool, &mapping.workflow, Some(mapping.from)).await?;
        let to = reference.definition(pool, &mapping.workflow, Some(mapping.to)).await?;
        let bind = |select: String| {
            sqlx::query(sqlx::AssertSqlSafe(select))
                .bind(mapping.workflow.as_str().to_owned())
                .bind(mapping.from as i32)
                .bind(unit.map(|unit| unit.as_str().to_owned()))
        };
        let by = job::RUNNING_BY;
        let total: i64 = bind(format!("select count(*) {by}")).fetch_one(pool).await?.try_get(0)?;
        let mut preview = MigrationPreview::default();
        let mut after = Uuid::nil();
        loop {
            let select =
                format!("select c.id, c.state::text {by} and c.id > $4 order by c.id limit $5");
            let rows = bind(select).bind(after).bind(PORTION).fetch_all(pool).await?;
            for row in &rows {
                let id = CaseId(row.try_get(0)?);
                let looked = Looking { reference: &reference, mapping, from: &from, to: &to, now };
                let found = looked.at(pool, id, row.try_get(1)?).await?;
                preview.take(found, most);
            }
            seen(preview.looked_at, total as u64);
            match rows.last() {
                Some(last) if rows.len() as i64 == PORTION => after = last.try_get(0)?,
                _ => break,
            }
        }
        Ok(preview)
    }

    /// Asks for a migration of the running cases of a unit and below it, or of all. A job does it:
    /// see [`Store::advance_job`]. `source` is the text of the mapping's file.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDefinition`] and [`StoreError::Retired`] of the version to which the cases
    /// are to move; [`StoreError::Unknown`] of the unit; the database.
    pub async fn begin_migration(
        &self,
        mapping: &Mapping,
        source: &str,
        unit: Option<&UnitId>,
    ) -> Result<JobId, StoreError> {
        self.may_migrate(mapping, unit).await?;
        let engine = self.engine.clone();
        let (mapping, source, unit) = (mapping.clone(), source.to_owned(), unit.cloned());
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let job = job::begin_migration(&mut in_tx, &mapping, &source, unit.as_ref()).await?;
            in_tx.commit().await?;
            Ok(job)
        })
        .await
    }

    /// How many cases of a unit and below it, or at all, run by the version from which a mapping leads.
    ///
    /// # Errors
    /// The database.
    pub async fn left_behind(
        &self,
        mapping: &Mapping,
        unit: Option<&UnitId>,
    ) -> Result<u64, StoreError> {
        let count = sqlx::AssertSqlSafe(format!("select count(*) {}", job::RUNNING_BY));
        let count: i64 = sqlx::query_scalar(count)
            .bind(mapping.workflow.as_str())
            .bind(mapping.from as i32)
            .bind(unit.map(|unit| unit.as_str()))
            .fetch_one(&self.engine.readers)
            .await?;
        Ok(count as u64)
    }

    /// Both versions are published, the new one is in use, and the unit is there.
    async fn may_migrate(
        &self,
        mapping: &Mapping,
        unit: Option<&UnitId>,
    ) -> Result<(), StoreError> {
        let reference = self.reference().await?;
        let (pool, workflow) = (&self.engine.readers, &mapping.workflow);
        reference.definition(pool, workflow, Some(mapping.from)).await?;
        reference.definition_in_use(pool, workflow, Some(mapping.to)).await?;
        match unit {
            Some(unit) if reference.organisation.get(unit).is_none() => {
                Err(StoreError::Unknown(format!("the unit '{unit}'")))
            }
            _ => Ok(()),
        }
    }
}

/// What would become of a case.
enum Found {
    Moves(PreviewedCase),
    Ends,
    Stays(RefusedCase),
}

/// What is needed to look at a case.
struct Looking<'a> {
    reference: &'a Reference,
    mapping: &'a Mapping,
    from: &'a Arc<Definition>,
    to: &'a Arc<Definition>,
    now: Instant,
}

impl Looking<'_> {
    async fn at(&self, pool: &sqlx::PgPool, id: CaseId, state: &str) -> Result<Found, StoreError> {
        let stays = |step: StepId, code: &str, reason: String| {
            Found::Stays(RefusedCase { case: id, step, code: code.to_owned(), reason })
        };
        let case: Case = match serde_json::from_str(state) {
            Ok(case) => case,
            Err(error) => return Ok(stays("".into(), "case_poisoned", error.to_string())),
        };
        let step = case.place.name().clone();
        let calendars = self.reference.calendars(pool, &case.calendar).await?;
        let ctx = Context {
            definition: self.from,
            calendars: &calendars,
            organisation: &self.reference.organisation,
            caller: &Caller::System,
            assignee: None,
            sittings: None,
            found: None,
            personal: None,
            now: self.now,
        };
        let decided =
            catch_unwind(AssertUnwindSafe(|| migrate(&ctx, &case, self.mapping, self.to)));
        let decided = match decided {
            Ok(Ok(decided)) => decided,
            Ok(Err(refusal)) => return Ok(stays(step, refusal.code.as_str(), refusal.reason)),
            Err(_) => return Ok(stays(step, "case_poisoned", "deciding panicked".to_owned())),
        };
        let place = decided.events.iter().position(|event| matches!(event.fact, Fact::Migrated(_)));
        let Some(place) = place else {
            return Ok(match decided.case.is_ended() {
                true => Found::Ends,
                false => stays(step, "catching_up", "much has happened to it by itself".to_owned()),
            });
        };
        let Fact::Migrated(moved) = &decided.events[place].fact else { return Ok(Found::Ends) };
        let mut at_once: Vec<_> =
            decided.events[place + 1..].iter().map(|event| event.fact.kind()).collect();
        // What a passed instant causes is due just after it.
        let next = self.now.max(decided.case.recorded_at) + TimeDelta::microseconds(1);
        let ctx = Context { definition: self.to, now: next, ..ctx };
        let tick = || decide(&ctx, &decided.case, &Command::Tick);
        if let Ok(Ok(later)) = catch_unwind(AssertUnwindSafe(tick)) {
            at_once.extend(later.events.iter().map(|event| event.fact.kind()));
        }
        Ok(Found::Moves(self.previewed(&case, moved, at_once)))
    }

    fn previewed(
        &self,
        case: &Case,
        moved: &Migrated,
        at_once: Vec<&'static str>,
    ) -> PreviewedCase {
        let clocks = moved.clocks.iter().map(|clock| {
            let from = clock.before.as_ref().and_then(|before| before.deadline);
            let to = clock.after.as_ref().and_then(|after| after.deadline);
            let is_held = |silence: SilenceState| matches!(silence, SilenceState::Held { .. });
            let was_held = case.clock(clock.clock).is_some_and(|clock| is_held(clock.silence));
            PreviewedClock {
                clock: clock.clock,
                how: clock.how,
                from,
                to,
                late_before: from.is_some_and(|from| self.now > from),
                late_after: to.is_some_and(|to| self.now > to),
                held: is_held(clock.silence) && !was_held,
            }
        });
        PreviewedCase {
            case: case.id,
            subject: case.subject.clone(),
            unit: case.unit.clone(),
            step: case.place.name().clone(),
            to: moved.step.clone(),
            clocks: clocks.collect(),
            at_once,
        }
    }
}

impl MigrationPreview {
    fn take(&mut self, found: Found, most: usize) {
        self.looked_at += 1;
        match found {
            Found::Moves(case) => {
                self.cases += 1;
                let moves = case.clocks.iter().any(|clock| clock.from != clock.to);
                self.moved_deadlines += u64::from(moves);
                self.held += u64::from(case.clocks.iter().any(|clock| clock.held));
                if let Some(clock) = case.clocks.iter().find(|clock| clock.clock == STATUTORY) {
                    self.become_late += u64::from(!clock.late_before && clock.late_after);
                    self.become_on_time += u64::from(clock.late_before && !clock.late_after);
                }
                if self.first.len() < most {
                    self.first.push(case);
                }
            }
            Found::Ends => self.ended += 1,
            Found::Stays(case) => {
                self.refused += 1;
                let why = (case.code.clone(), case.step.clone());
                *self.reasons.entry(why).or_default() += 1;
                if self.first_refused.len() < most {
                    self.first_refused.push(case);
                }
            }
        }
    }
}
