//! The working calendar: which days are worked, when the office closes, and why a day is off.
//!
//! A [`CalendarSource`] is what was written; [`Calendars`] is the same, compiled once for the
//! nation and for every unit that has rows of its own. Questions about time never walk over days.

mod count;
mod parse;
mod past;
mod revision;
mod rules;
mod source;
mod table;
mod worked;
mod zone;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Datelike, NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::Serialize;

pub(crate) use self::count::Lost;
pub use self::{
    count::{NoDeadline, after, before},
    parse::code,
    past::PastChange,
    revision::{CalendarChange, DecidedClosure, Revision, closed_version},
    rules::Reason,
    source::{
        CalendarSource, Certainty, Citation, Closure, DayEnds, ExtraWorkingDay, Holiday,
        HolidayKind, Hours, Notice, Published, Scope, TimeOfDay, WeeklyHours,
    },
};
use self::{
    rules::{Layer, LocalDay, Rules},
    table::{Axis, Table},
};
use crate::{CalendarId, UnitId, clock::Instant};

/// How far a compiled calendar reaches beyond its dated rows, and what it holds in any case.
mod reach {
    /// Years before the first dated row.
    pub(super) const BEFORE: u32 = 10;
    /// Years after the last dated row.
    pub(super) const AFTER: u32 = 40;
    /// The years that every calendar holds.
    pub(super) const ALWAYS: (i32, i32) = (1990, 2100);
    /// The years that no calendar reaches beyond, whatever its rows say.
    pub(super) const NEVER_BEYOND: (i32, i32) = (1900, 2299);
}

/// The days from the first of one year to the last of another.
fn years(first: i32, last: i32) -> (NaiveDate, NaiveDate) {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    (day(first, 1, 1), day(last, 12, 31))
}

/// A calendar, compiled for the nation and for every unit that has rows of its own.
#[derive(Clone, Debug)]
pub struct Calendars {
    source: Arc<CalendarSource>,
    national: Arc<Calendar>,
    /// For the unit and all that lies in it.
    units: BTreeMap<UnitId, Arc<Calendar>>,
    /// For the unit's own office only.
    offices: BTreeMap<UnitId, Arc<Calendar>>,
    /// Which state of the calendar it is, where it changes.
    revision: Option<Revision>,
    /// The states before it, the latest first, that still matter.
    earlier: Vec<Arc<Calendars>>,
}

impl Calendars {
    /// Compiles a calendar: from 10 years before its first dated row to 40 years after its last,
    /// and 1990 to 2100 in any case.
    pub fn compile(source: CalendarSource) -> Self {
        let (mut first, mut last) = years(reach::ALWAYS.0, reach::ALWAYS.1);
        for date in dates(&source) {
            let before = date.checked_sub_months(chrono::Months::new(12 * reach::BEFORE));
            first = first.min(before.unwrap_or(date));
            let after = date.checked_add_months(chrono::Months::new(12 * reach::AFTER));
            last = last.max(after.unwrap_or(date));
        }
        let never = years(reach::NEVER_BEYOND.0, reach::NEVER_BEYOND.1);
        Self::compile_between(source, first.max(never.0), last.min(never.1))
    }

    /// Compiles the days from `first` to `last` of a calendar.
    pub fn compile_between(source: CalendarSource, first: NaiveDate, last: NaiveDate) -> Self {
        let axis = Arc::new(Axis::new(source.zone(), first, last));
        let shared = Arc::new(Shared {
            id: source.id().clone(),
            published: source.published(),
            known: known_dates(&source, &axis),
        });
        let layer = |scope: &Scope| Arc::new(Layer::of(&source, scope, axis.first(), axis.last()));
        let rules = Rules { layers: vec![layer(&Scope::Nation)] };
        let national = Arc::new(Calendar {
            table: Table::compile(axis.clone(), &rules, None),
            rules,
            day_ends: source.day_ends(),
            shared,
        });
        let mut compiled = Self {
            units: BTreeMap::new(),
            offices: BTreeMap::new(),
            national,
            source: Arc::new(source.clone()),
            revision: None,
            earlier: Vec::new(),
        };
        let scopes: BTreeSet<&Scope> = notices(&source).map(|notice| &notice.scope).collect();
        let mut units: Vec<(usize, &UnitId)> = scopes
            .iter()
            .filter_map(|scope| match scope {
                Scope::Unit(unit) => Some((ancestors(&source, unit).count(), unit)),
                Scope::Nation | Scope::Office(_) => None,
            })
            .collect();
        // Wider units first, so that a narrower one builds on what is there.
        units.sort();
        for (_, unit) in units {
            let base = compiled.base_of(ancestors(&source, unit));
            let calendar = base.with_layer(layer(&Scope::Unit(unit.clone())));
            compiled.units.insert(unit.clone(), Arc::new(calendar));
        }
        for scope in scopes {
            if let Scope::Office(unit) = scope {
                let base = compiled.base_of(std::iter::once(unit).chain(ancestors(&source, unit)));
                let calendar = base.with_layer(layer(scope));
                compiled.offices.insert(unit.clone(), Arc::new(calendar));
            }
        }
        compiled
    }

    /// The calendar of a unit, given its path from itself up to the nation: that of its own office,
    /// when the office has rows, else of the nearest unit on the path that has, else the nation's.
    pub fn for_unit<'p>(&self, path: impl Iterator<Item = &'p UnitId>) -> &Calendar {
        if self.units.is_empty() && self.offices.is_empty() {
            return &self.national;
        }
        let mut path = path.peekable();
        if let Some(office) = path.peek().and_then(|unit| self.offices.get(*unit)) {
            return office;
        }
        if self.units.is_empty() {
            return &self.national;
        }
        path.find_map(|unit| self.units.get(unit)).unwrap_or(&self.national)
    }

    /// The calendar of a unit that has no rows of its own and lies in no unit that has.
    pub fn national(&self) -> &Calendar {
        &self.national
    }

    /// The units whose calendar is not the national one.
    pub fn units_with_rows(&self) -> impl Iterator<Item = &UnitId> {
        self.units.keys().chain(self.offices.keys())
    }

    /// The calendar's identifier.
    pub fn id(&self) -> &CalendarId {
        self.source.id()
    }

    /// The version: of its revision, else see [`CalendarSource::version`].
    pub fn version(&self) -> &str {
        self.revision.as_ref().map_or_else(|| self.source.version(), |revision| &revision.version)
    }

    /// What was compiled.
    pub fn source(&self) -> &CalendarSource {
        &self.source
    }

    fn base_of<'a>(&self, mut path: impl Iterator<Item = &'a UnitId>) -> Arc<Calendar> {
        path.find_map(|unit| self.units.get(unit)).unwrap_or(&self.national).clone()
    }
}

/// The units in which a unit lies, from the nearest on, as far as the source tells.
fn ancestors<'a>(source: &'a CalendarSource, unit: &'a UnitId) -> impl Iterator<Item = &'a UnitId> {
    let mut at = unit;
    // Bounded, because whoever wrote the source may have written a circle.
    (0..source.within().len()).map_while(move |_| {
        at = source.within().get(at)?;
        Some(at)
    })
}

fn notices(source: &CalendarSource) -> impl Iterator<Item = &Notice> {
    let weekly = source.weekly_hours().iter().map(|row| &row.notice);
    let holidays = source.holidays().iter().map(|row| &row.notice);
    let closures = source.closures().iter().map(|row| &row.notice);
    let extra = source.extra_working_days().iter().map(|row| &row.notice);
    weekly.chain(holidays).chain(closures).chain(extra).map(|notice| &**notice)
}

/// See [`Calendar::known_dates`].
fn known_dates(source: &CalendarSource, axis: &Axis) -> (NaiveDate, NaiveDate) {
    let (first, last) = match source.published() {
        Some(published) => (published.from, published.until),
        None => {
            let holidays = source.holidays().iter().map(|row| row.date);
            let middle = axis.date(axis.days() / 2);
            let years = chrono::Months::new(24);
            match (holidays.clone().min(), holidays.max()) {
                (Some(first), Some(last)) => (first, last),
                _ => (middle, middle.checked_add_months(years).unwrap_or(middle)),
            }
        }
    };
    (first.clamp(axis.first(), axis.last()), last.clamp(axis.first(), axis.last()))
}

fn dates(source: &CalendarSource) -> impl Iterator<Item = NaiveDate> + '_ {
    let published = source.published().into_iter().flat_map(|days| [days.from, days.until]);
    let weekly = source.weekly_hours().iter().flat_map(|row| [row.from, row.until]).flatten();
    let holidays = source.holidays().iter().map(|row| row.date);
    let closures = source.closures().iter().flat_map(|row| [row.from, row.until]);
    let extra = source.extra_working_days().iter().map(|row| row.date);
    published.chain(weekly).chain(holidays).chain(closures).chain(extra)
}

#[derive(Debug)]
struct Shared {
    id: CalendarId,
    published: Option<Published>,
    known: (NaiveDate, NaiveDate),
}

/// The calendar of one unit, ready to be asked.
#[derive(Clone, Debug)]
pub struct Calendar {
    shared: Arc<Shared>,
    day_ends: DayEnds,
    rules: Rules,
    table: Table,
}

/// What kind of day a date is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The date, in the calendar's time zone.
    pub date: NaiveDate,
    /// Its weekday.
    pub weekday: Weekday,
    /// Whether it is worked.
    #[serde(flatten)]
    pub kind: DayKind,
    /// The weekly hours that were in force, when the calendar tells any.
    pub weekly_hours: Option<Arc<Notice>>,
    /// True when the date is not among those for which holidays are published: more of its like
    /// may yet turn out to be holidays.
    pub beyond_published: bool,
}

/// Whether a day is worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DayKind {
    /// A working day.
    Open {
        /// When the office is open; sorted, never empty. The end of the last is the close of
        /// business.
        intervals: Vec<OpenInterval>,
        /// Rows that changed the day without closing it: closed hours, or that it is worked at all.
        notes: Vec<Reason>,
    },
    /// Not a working day.
    Closed {
        /// Every row that closes it.
        why: Vec<Reason>,
    },
}

/// A stretch of time during which the office is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OpenInterval {
    /// The local times.
    pub hours: Hours,
    /// The instant of opening.
    pub opens: Instant,
    /// The instant of closing.
    pub closes: Instant,
}

impl Day {
    /// Whether it is a working day.
    pub fn is_open(&self) -> bool {
        matches!(self.kind, DayKind::Open { .. })
    }

    /// The close of business, on a working day.
    pub fn close_of_business(&self) -> Option<Instant> {
        match &self.kind {
            DayKind::Open { intervals, .. } => intervals.last().map(|interval| interval.closes),
            DayKind::Closed { .. } => None,
        }
    }
}

impl Calendar {
    /// The calendar's identifier.
    pub fn id(&self) -> &CalendarId {
        &self.shared.id
    }

    /// The time zone of the calendar's local times.
    pub fn zone(&self) -> Tz {
        self.table.axis().zone()
    }

    /// At which instant of its last day a `d` term ends.
    pub fn day_ends(&self) -> DayEnds {
        self.day_ends
    }

    /// The same calendar, with another end of a day.
    pub fn with_day_ends(&self, day_ends: DayEnds) -> Self {
        Self { day_ends, ..self.clone() }
    }

    /// The first and the last date that the calendar knows.
    pub fn reach(&self) -> (NaiveDate, NaiveDate) {
        (self.table.axis().first(), self.table.axis().last())
    }

    /// The date on which an instant lies, in the calendar's time zone. Instants outside the years 0
    /// to 9999 are taken for the nearest inside.
    pub fn local_date(&self, at: Instant) -> NaiveDate {
        let axis = self.table.axis();
        match axis.day(at.timestamp_micros()) {
            Some(day) => axis.date(day),
            None => zone::local_time(self.zone(), at.timestamp_micros()).date(),
        }
    }

    /// The first instant of a date, in the calendar's time zone.
    pub fn start_of(&self, date: NaiveDate) -> Instant {
        instant(zone::instant(self.zone(), date, 0))
    }

    /// Whether holidays are not published for a date. False for a calendar that does not say for
    /// which dates they are.
    pub fn beyond_published(&self, date: NaiveDate) -> bool {
        self.shared.published.is_some_and(|known| date < known.from || date > known.until)
    }

    /// The first and the last of the dates of which the calendar tells most: those for which holidays
    /// are published; where it does not say, those of its holidays; without any, two years amid its
    /// reach.
    pub(crate) fn known_dates(&self) -> (NaiveDate, NaiveDate) {
        self.shared.known
    }

    /// What kind of day a date is, with every row that bears on it.
    ///
    /// This asks the rows and the time zone, not the compiled arrays.
    pub fn day(&self, date: NaiveDate) -> Day {
        let LocalDay { hours, mut closed, notes, weekly } = self.rules.day(date);
        let intervals: Vec<OpenInterval> = hours
            .into_iter()
            .map(|hours| OpenInterval {
                hours,
                opens: instant(zone::instant(self.zone(), date, hours.opens.minutes())),
                closes: instant(zone::instant(self.zone(), date, hours.closes.minutes())),
            })
            // Hours that a change of clocks swallows.
            .filter(|interval| interval.opens < interval.closes)
            .collect();
        let kind = if intervals.is_empty() {
            if closed.is_empty() {
                closed.extend(notes);
            }
            DayKind::Closed { why: closed }
        } else {
            DayKind::Open { intervals, notes }
        };
        Day {
            date,
            weekday: date.weekday(),
            kind,
            weekly_hours: weekly,
            beyond_published: self.beyond_published(date),
        }
    }

    /// Whether there is any working day at all between the dates that the calendar knows.
    pub fn has_working_time(&self) -> bool {
        self.table.working_days() > 0
    }

    fn with_layer(&self, layer: Arc<Layer>) -> Self {
        let axis = self.table.shared_axis();
        let mut changed = vec![false; Table::chunk_of(axis.days() - 1) + 1];
        for (from, until) in layer.touches() {
            let first = from.map_or(0, |date| axis.index_or_end(date));
            let last = until.map_or(axis.days(), |date| axis.index_or_end(date));
            if let Some(chunks) = changed.get_mut(Table::chunk_of(first)..) {
                let count = Table::chunk_of(last) - Table::chunk_of(first) + 1;
                chunks.iter_mut().take(count).for_each(|chunk| *chunk = true);
            }
        }
        let mut rules = self.rules.clone();
        rules.layers.push(layer);
        Self {
            table: Table::compile(axis, &rules, Some((&self.table, &changed))),
            rules,
            day_ends: self.day_ends,
            shared: self.shared.clone(),
        }
    }
}

fn instant(micros: i64) -> Instant {
    // Dates within three centuries of today: far inside what chrono can hold.
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
