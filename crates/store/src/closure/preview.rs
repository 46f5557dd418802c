//! What a change of the closures would do to the cases that run, without doing it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parvaneh_core::{
    Calendars, Caller, Case, CaseId, Command, Context, Fact, Instant, PersonId, StepId, UnitId,
    WorkflowId,
    calendar::{CalendarChange, DecidedClosure, Revision, closed_version},
    decide,
    event::{ClockNo, STATUTORY},
};
use sqlx::Row;
use uuid::Uuid;

use super::{Change, ClosedDay, ClosureError, decide::find, in_force, register};
use crate::{Store, StoreError, Viewer, reference::parse_calendar};

/// What a change would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// How many open cases were looked at.
    pub looked_at: u64,
    /// How many would have a deadline moved.
    pub cases: u64,
    /// How many clocks that are.
    pub clocks: u64,
    /// How many cases are within their statutory deadline and would be late.
    pub become_late: u64,
    /// How many are late and would be within it.
    pub become_on_time: u64,
    /// How many cases could not be looked at.
    pub failed: u64,
    /// The first of those that would be moved.
    pub first: Vec<MovedCase>,
    /// Where to go on, when there are more of those: the last of the first.
    pub next: Option<(UnitId, CaseId)>,
}

/// Which of the cases that would be moved are told one by one.
#[derive(Clone, Debug, Default)]
pub struct PreviewPage {
    /// At most so many.
    pub most: usize,
    /// Only those that somebody sees; `None` is for operators. Those that he does not see are counted.
    pub viewer: Option<Viewer>,
    /// Only those after this one, the last of the page before. Then nothing is counted.
    pub after: Option<(UnitId, CaseId)>,
}

impl PreviewPage {
    /// The first of all.
    pub fn first(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    fn shows(&self, moved: &MovedCase) -> bool {
        self.viewer.as_ref().is_none_or(|Viewer { reach, organisation, .. }| {
            reach.sees(organisation, &moved.workflow, &moved.unit, moved.applicant).is_some()
        })
    }
}

/// A case whose deadlines would move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedCase {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Who applies.
    pub applicant: PersonId,
    /// Its unit.
    pub unit: UnitId,
    /// Where it stands.
    pub step: StepId,
    /// Its clocks that would.
    pub clocks: Vec<Affected>,
}

/// A clock whose deadline would move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Which: 0 is the statutory clock, else the task's number.
    pub clock: ClockNo,
    /// Its deadline now.
    pub from: Instant,
    /// Its deadline then; `None` where it would stand still with its case.
    pub to: Option<Instant>,
    /// Whether it is past its deadline now.
    pub late_before: bool,
    /// Whether it would be.
    pub late_after: bool,
}

/// How many cases are read at once.
const PORTION: i64 = 500;

impl Store {
    /// What a change of the closures would do now, with a page of the cases that it would move.
    /// `seen` is told how many cases have been looked at, of how many.
    ///
    /// # Errors
    /// As [`Store::change_closures`]; nothing is changed in any case.
    pub async fn preview_closures(
        &self,
        change: &Change,
        page: &PreviewPage,
        seen: impl FnMut(u64, u64),
    ) -> Result<Preview, ClosureError> {
        self.preview_closures_together(std::slice::from_ref(change), page, seen).await
    }

    /// The same of several changes at once, of one unit by one calendar: two days that are closed move a
    /// deadline further than each of them.
    ///
    /// # Errors
    /// As [`Store::preview_closures`]; [`StoreError::Unknown`] where there is no change, or they are not of one
    /// unit and calendar.
    pub async fn preview_closures_together(
        &self,
        changes: &[Change],
        page: &PreviewPage,
        mut seen: impl FnMut(u64, u64),
    ) -> Result<Preview, ClosureError> {
        let one = |day: &ClosedDay| (day.unit.clone(), day.calendar.clone());
        let Some(first) = changes.first().map(Change::day) else {
            return Err(StoreError::Unknown("no change".to_owned()).into());
        };
        if changes.iter().any(|change| one(change.day()) != one(first)) {
            return Err(StoreError::Unknown("changes of several units".to_owned()).into());
        }
        for change in changes {
            self.check_closure_change(change).await?;
        }
        let now = self.now().await?;
        let calendars = self.supposed(changes, first, now).await?;
        let mut preview = Preview::default();
        let unit = first.unit.as_str();
        let total: i64 = sqlx::query_scalar(crate::job::OPEN_CASES)
            .bind(Some(unit))
            .fetch_one(&self.engine.readers)
            .await?;
        let (from, mut case) = match &page.after {
            Some((unit, case)) => (unit.as_str(), case.0),
            None => ("", Uuid::nil()),
        };
        // In the order of bytes, which is that of the identifiers in a cursor, whatever the database's.
        let units: Vec<String> = sqlx::query_scalar(
            "select unit from unit_closure where above = $1 and unit collate \"C\" >= $2
             order by unit collate \"C\"",
        )
        .bind(unit)
        .bind(from)
        .fetch_all(&self.engine.readers)
        .await?;
        for unit in units {
            let mut after = if unit == from { std::mem::take(&mut case) } else { Uuid::nil() };
            loop {
                let rows = sqlx::query(
                    "select id, state::text from cases
                     where unit_id = $1 and ended_at is null and id > $2 order by id limit $3",
                )
                .bind(&unit)
                .bind(after)
                .bind(PORTION)
                .fetch_all(&self.engine.readers)
                .await?;
                for row in &rows {
                    preview.looked_at += 1;
                    match self.would_move(row.try_get(1)?, &calendars, now).await? {
                        Ok(Some(moved)) => preview.take(moved, page),
                        Ok(None) => {}
                        Err(why) => {
                            let case: Uuid = row.try_get(0)?;
                            tracing::warn!(case.id = %case, why, "a case is left out of a preview");
                            preview.failed += 1;
                        }
                    }
                }
                seen(preview.looked_at, total as u64);
                if page.after.is_some() && preview.next.is_some() {
                    return Ok(preview);
                }
                match rows.last() {
                    Some(last) if rows.len() as i64 == PORTION => after = last.try_get(0)?,
                    _ => break,
                }
            }
        }
        Ok(preview)
    }

    /// The calendar as it would be.
    async fn supposed(
        &self,
        changes: &[Change],
        day: &ClosedDay,
        now: Instant,
    ) -> Result<Calendars, ClosureError> {
        let reference = self.reference().await?;
        let pool = &self.engine.readers;
        let newest = reference.calendars(pool, &day.calendar).await?;
        let is_none = || StoreError::NoSuchCalendar(day.calendar.clone());
        let no = newest.revision().ok_or_else(is_none)?.no;
        let register = register(pool, &day.calendar).await?;
        let mut closures = in_force(&register, no);
        let mut next = register.iter().map(|row| row.closure.no).max().unwrap_or_default();
        let mut last = None;
        for change in changes {
            let day = change.day();
            let known = find(&register, day).map(|row| row.closure.clone());
            match (change, known) {
                // It is as it would be.
                (Change::Close(_), Some(_)) | (Change::Reopen(_), None) => {}
                (Change::Close(closing), None) => {
                    next += 1;
                    let reason = closing.reason.trim().to_owned();
                    closures.push(DecidedClosure {
                        no: next,
                        unit: day.unit.clone(),
                        date: day.date,
                        hours: day.hours,
                        reason: reason.clone(),
                    });
                    last = Some(CalendarChange::Closed { closure: next, reason });
                }
                (Change::Reopen(reopening), Some(known)) => {
                    closures.retain(|closure| closure.no != known.no);
                    let reason = reopening.reason.trim().to_owned();
                    last = Some(CalendarChange::Reopened { closure: known.no, reason });
                }
            }
        }
        let Some(change) = last else { return Ok(newest.after(Vec::new())) };
        let (file, text): (String, String) = {
            let row = sqlx::query(
                "select r.file, c.source from calendar_revisions r
                 join calendars c on c.id = r.calendar and c.version = r.file
                 where r.calendar = $1 and r.no = $2",
            )
            .bind(day.calendar.as_str())
            .bind(no as i32)
            .fetch_one(pool)
            .await?;
            (row.try_get(0)?, row.try_get(1)?)
        };
        let source = parse_calendar(&day.calendar, &text)?;
        let source = source.with_closures(&closures, &reference.organisation);
        let version = closed_version(&file, &closures);
        let revision = Revision { no: no + 1, since: now, change, version };
        let mut earlier = vec![std::sync::Arc::new(newest.after(Vec::new()))];
        earlier.extend(newest.earlier().map(|state| std::sync::Arc::new(state.clone())));
        Ok(Calendars::compile(source).as_revision(revision).after(earlier))
    }

    /// What would become of a case; or why nobody can tell.
    async fn would_move(
        &self,
        state: &str,
        calendars: &Calendars,
        now: Instant,
    ) -> Result<Result<Option<MovedCase>, String>, StoreError> {
        let case: Case = match serde_json::from_str(state) {
            Ok(case) => case,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if case.calendar != *calendars.id() {
            return Ok(Ok(None));
        }
        let reference = self.reference_in_use().await?;
        let pool = &self.engine.readers;
        let definition = reference.definition(pool, &case.workflow, Some(case.version)).await?;
        let ctx = Context {
            definition: &definition,
            calendars,
            organisation: &reference.organisation,
            caller: &Caller::System,
            assignee: None,
            sittings: None,
            found: None,
            personal: None,
            now,
        };
        let decided = catch_unwind(AssertUnwindSafe(|| decide(&ctx, &case, &Command::Tick)));
        let decided = match decided {
            Ok(Ok(decided)) => decided,
            Ok(Err(refusal)) => return Ok(Err(refusal.to_string())),
            Err(_) => return Ok(Err("deciding panicked".to_owned())),
        };
        let supposed = calendars.revision().map(|revision| revision.no);
        let moved = decided.events.into_iter().rev().find_map(|event| match event.fact {
            Fact::Rescheduled { calendar_revision, deadlines, .. }
                if Some(calendar_revision) == supposed =>
            {
                Some(deadlines)
            }
            _ => None,
        });
        Ok(Ok(moved.map(|deadlines| MovedCase {
            case: case.id,
            subject: case.subject.clone(),
            workflow: case.workflow.clone(),
            applicant: case.applicant,
            unit: case.unit.clone(),
            step: case.place.name().clone(),
            clocks: deadlines
                .iter()
                .map(|moved| Affected {
                    clock: moved.clock,
                    from: moved.from,
                    to: moved.to,
                    late_before: now > moved.from,
                    late_after: moved.to.is_some_and(|to| now > to),
                })
                .collect(),
        })))
    }
}

impl Preview {
    fn take(&mut self, moved: MovedCase, page: &PreviewPage) {
        self.cases += 1;
        self.clocks += moved.clocks.len() as u64;
        if let Some(statutory) = moved.clocks.iter().find(|one| one.clock == STATUTORY) {
            self.become_late += u64::from(!statutory.late_before && statutory.late_after);
            self.become_on_time += u64::from(statutory.late_before && !statutory.late_after);
        }
        if !page.shows(&moved) {
            return;
        }
        if self.first.len() < page.most {
            self.first.push(moved);
        } else if self.next.is_none() {
            self.next = self.first.last().map(|last| (last.unit.clone(), last.case));
        }
    }
}
