//! Closing offices and opening them again.

use chrono::NaiveDate;
use parvaneh_core::{
    Actor, CalendarId, Organisation, PersonId, RoleId, UnitId,
    calendar::{CalendarChange, DecidedClosure, Hours},
    decide::LONGEST_TEXT,
};
use sqlx::PgConnection;

use super::{ClosureRow, StateChange, change_in_tx, lock_in_tx, newest_in_tx, register};
use crate::{Store, StoreError, job::JobId, store::undisturbed};

/// The role whose holders may close: at the unit at which it is held and everywhere below it.
pub const CALENDAR_KEEPER: &str = "calendar_keeper";

/// What is closed: a unit with everything below it, on a day or for some hours of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// The calendar by which it is closed.
    pub calendar: CalendarId,
    /// The unit.
    pub unit: UnitId,
    /// The day, in the calendar's time zone; past or to come.
    pub date: NaiveDate,
    /// The hours; without them, the whole day.
    pub hours: Option<Hours>,
}

/// Somebody closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// What.
    pub day: ClosedDay,
    /// Why.
    pub reason: String,
    /// Who; `None` is the operator at the command line.
    pub by: Option<PersonId>,
}

/// Somebody takes a closure back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reopening {
    /// What is closed.
    pub day: ClosedDay,
    /// Why.
    pub reason: String,
    /// Who; `None` is the operator at the command line.
    pub by: Option<PersonId>,
}

/// A change of the closures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Offices are closed.
    Close(Closing),
    /// A closure is taken back.
    Reopen(Reopening),
}

impl Change {
    /// What it is about.
    pub fn day(&self) -> &ClosedDay {
        match self {
            Self::Close(closing) => &closing.day,
            Self::Reopen(reopening) => &reopening.day,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Close(closing) => &closing.reason,
            Self::Reopen(reopening) => &reopening.reason,
        }
    }

    fn by(&self) -> Option<PersonId> {
        match self {
            Self::Close(closing) => closing.by,
            Self::Reopen(reopening) => reopening.by,
        }
    }
}

/// A change that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The closure, as it stands now.
    pub closure: ClosureRow,
    /// The job that carries it to the running cases; `None` when it was in force before, in the
    /// same words.
    pub job: Option<JobId>,
}

/// Why closures stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    /// The person holds no such role.
    #[error("closing needs the role '{CALENDAR_KEEPER}' at '{0}' or above it")]
    NotPermitted(UnitId),
    /// The person holds the role elsewhere.
    #[error("you hold '{CALENDAR_KEEPER}', but not at '{0}' or above it")]
    OutOfJurisdiction(UnitId),
    /// There is no such unit.
    #[error("there is no unit '{0}'")]
    UnknownUnit(UnitId),
    /// The day lies outside the calendar.
    #[error("{date} lies outside the dates that the calendar knows ({from} to {until})")]
    OutOfReach {
        /// The day.
        date: NaiveDate,
        /// The first date of the calendar.
        from: NaiveDate,
        /// The last.
        until: NaiveDate,
    },
    /// The same is closed already, for another reason.
    #[error("this is closed already, by closure {no}: {reason}")]
    ClosedBefore {
        /// The number of that closure.
        no: u32,
        /// Its reason.
        reason: String,
    },
    /// Nothing like that is closed.
    #[error("no closure of '{0}' on that day, for those hours, is in force")]
    NotClosed(UnitId),
    /// A reason is needed, and has an end.
    #[error("a reason has 1 to {LONGEST_TEXT} characters, none of them U+0000")]
    Reason,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ClosureError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl ClosureError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPermitted(_) => "not_permitted",
            Self::OutOfJurisdiction(_) => "out_of_jurisdiction",
            Self::UnknownUnit(_) => "unknown-unit",
            Self::OutOfReach { .. } => "date-out-of-reach",
            Self::ClosedBefore { .. } => "closed_before",
            Self::NotClosed(_) => "not_closed",
            Self::Reason => "reason_needed",
            Self::Store(error) => error.code(),
        }
    }
}

impl Store {
    /// Closes offices, or opens them again. From the commit on every command finds the deadlines
    /// moved; the job brings them to the cases to which no command comes.
    ///
    /// The same once more, in the same words, changes nothing and tells what is in force.
    ///
    /// # Errors
    /// See [`ClosureError`]; then nothing was changed.
    pub async fn change_closures(&self, change: Change) -> Result<Settled, ClosureError> {
        let mut settled = self.change_closures_together(vec![change]).await?;
        settled.pop().ok_or_else(|| StoreError::Unknown("no change".to_owned()).into())
    }

    /// The same of several changes: all of them or none.
    ///
    /// # Errors
    /// See [`ClosureError`]; then nothing was changed.
    pub async fn change_closures_together(
        &self,
        changes: Vec<Change>,
    ) -> Result<Vec<Settled>, ClosureError> {
        for change in &changes {
            self.check_closure_change(change).await?;
        }
        let organisation = self.organisation().await?;
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await.map_err(StoreError::from)?;
            let mut settled = Vec::new();
            for change in &changes {
                settled.push(settle_in_tx(&mut in_tx, change, &organisation).await?);
            }
            in_tx.commit().await?;
            Ok(settled)
        })
        .await
    }

    /// Whether a change may be made by whoever asks, and is one.
    ///
    /// # Errors
    /// As [`Self::change_closures`].
    pub async fn check_closure_change(&self, change: &Change) -> Result<(), ClosureError> {
        let day = change.day();
        let organisation = self.organisation().await?;
        if organisation.get(&day.unit).is_none() {
            return Err(ClosureError::UnknownUnit(day.unit.clone()));
        }
        let reason = change.reason().trim();
        if reason.is_empty() || reason.contains('\0') || reason.chars().count() > LONGEST_TEXT {
            return Err(ClosureError::Reason);
        }
        if let Some(person) = change.by() {
            let grants = self.person(person).await?.map(|person| person.grants).unwrap_or_default();
            let role = RoleId::from(CALENDAR_KEEPER);
            let actor = Actor::new(person, grants);
            if actor.holds(&organisation, &role, &day.unit).is_none() {
                let unit = day.unit.clone();
                return Err(match actor.grants.iter().any(|grant| grant.role == role) {
                    true => ClosureError::OutOfJurisdiction(unit),
                    false => ClosureError::NotPermitted(unit),
                });
            }
        }
        let calendars = self.calendars(&day.calendar).await?;
        let (from, until) = calendars.national().reach();
        if !(from..=until).contains(&day.date) {
            return Err(ClosureError::OutOfReach { date: day.date, from, until });
        }
        let known = find(&register(&self.engine.readers, &day.calendar).await?, day).cloned();
        match (change, known) {
            (Change::Close(_), Some(row)) if row.closure.reason != reason => {
                let DecidedClosure { no, reason, .. } = row.closure;
                Err(ClosureError::ClosedBefore { no, reason })
            }
            (Change::Reopen(_), None) => Err(ClosureError::NotClosed(day.unit.clone())),
            _ => Ok(()),
        }
    }
}

/// The closure of just that which is in force.
pub(super) fn find<'r>(register: &'r [ClosureRow], day: &ClosedDay) -> Option<&'r ClosureRow> {
    register.iter().find(|row| {
        let DecidedClosure { unit, date, hours, .. } = &row.closure;
        row.is_in_force() && *unit == day.unit && *date == day.date && *hours == day.hours
    })
}

async fn settle_in_tx(
    in_tx: &mut PgConnection,
    change: &Change,
    organisation: &Organisation,
) -> Result<Settled, ClosureError> {
    let day = change.day();
    lock_in_tx(in_tx).await?;
    let known = find(&register(&mut *in_tx, &day.calendar).await?, day).cloned();
    let newest = newest_in_tx(in_tx, &day.calendar).await?;
    let no_calendar = || StoreError::NoSuchCalendar(day.calendar.clone());
    let next = newest.as_ref().ok_or_else(no_calendar)?.revision.no + 1;
    let reason = change.reason().trim().to_owned();
    let (no, change) = match (change, known) {
        (Change::Close(_), Some(row)) if row.closure.reason == reason => {
            return Ok(Settled { closure: row, job: None });
        }
        (Change::Close(_), Some(row)) => {
            let DecidedClosure { no, reason, .. } = row.closure;
            return Err(ClosureError::ClosedBefore { no, reason });
        }
        (Change::Close(closing), None) => {
            let no = insert(in_tx, closing, &reason, next).await?;
            (no, CalendarChange::Closed { closure: no, reason })
        }
        (Change::Reopen(_), None) => return Err(ClosureError::NotClosed(day.unit.clone())),
        (Change::Reopen(reopening), Some(row)) => {
            let no = row.closure.no;
            sqlx::query(
                "update closures set reopened_by = $2, reopened_at = engine_now(),
                        reopened_reason = $3, reopened_in = $4 where no = $1",
            )
            .bind(no as i32)
            .bind(reopening.by.map(|person| person.0))
            .bind(&reason)
            .bind(next as i32)
            .execute(&mut *in_tx)
            .await?;
            (no, CalendarChange::Reopened { closure: no, reason })
        }
    };
    // Whoever lies in the nation lies everywhere.
    let is_nation = organisation.get(&day.unit).is_some_and(|unit| unit.parent.is_none());
    let unit = (!is_nation).then_some(&day.unit);
    let job = change_in_tx(in_tx, &day.calendar, newest, StateChange::By(change), unit).await?;
    let register = register(&mut *in_tx, &day.calendar).await?;
    let closure = register.into_iter().find(|row| row.closure.no == no);
    let closure = closure.ok_or_else(|| StoreError::Unknown(format!("closure {no}")))?;
    Ok(Settled { closure, job })
}

async fn insert(
    in_tx: &mut PgConnection,
    closing: &Closing,
    reason: &str,
    state: u32,
) -> Result<u32, sqlx::Error> {
    let ClosedDay { calendar, unit, date, hours } = &closing.day;
    let no: i32 = sqlx::query_scalar(
        "insert into closures (no, calendar, unit_id, day, from_minute, to_minute, reason,
                closed_by, closed_at, closed_in)
         select coalesce(max(no), 0) + 1, $1, $2, $3, $4, $5, $6, $7, engine_now(), $8
         from closures returning no",
    )
    .bind(calendar.as_str())
    .bind(unit.as_str())
    .bind(date)
    .bind(hours.map(|hours| i32::from(hours.opens.minutes())))
    .bind(hours.map(|hours| i32::from(hours.closes.minutes())))
    .bind(reason)
    .bind(closing.by.map(|person| person.0))
    .bind(state as i32)
    .fetch_one(in_tx)
    .await?;
    Ok(no as u32)
}
