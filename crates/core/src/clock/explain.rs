//! Why a clock ends when it ends: a plain walk from day to day.
//!
//! **Invariant.** This file knows nothing of the compiled arrays behind [`Ledger::deadline`]. It
//! asks the calendar only what kind of day a date is ([`Calendar::day`]), so that "explanation and
//! deadline agree" says something about both.

use chrono::{Datelike, Days, NaiveDate, SubsecRound, Weekday};
use serde::Serialize;

use super::{Instant, Ledger};
use crate::{
    CalendarId, Term, TermUnit,
    calendar::{Calendar, Day, DayEnds, DayKind, NoDeadline, OpenInterval, Reason},
};

/// The reckoning of a clock, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The calendar.
    pub calendar: CalendarId,
    /// Its time zone, in which the dates are.
    pub zone: String,
    /// At which instant of its last day a `d` term ends.
    pub day_ends: DayEnds,
    /// The term.
    pub term: Term,
    /// What was added to it, in its own unit.
    pub extensions: Vec<u32>,
    /// What had to be counted: the term and its extensions.
    pub count: u64,
    /// When the clock started.
    pub started_at: Instant,
    /// What counted and what did not, in the order of time.
    pub lines: Vec<Line>,
    /// The deadline; `None` while the clock is suspended.
    pub deadline: Option<Instant>,
    /// True when holidays are not published for some of the days: the deadline may yet move.
    pub beyond_published: bool,
}

/// One line of an [`Explanation`]: a day, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The date on which it begins, in the calendar's time zone.
    pub date: NaiveDate,
    /// Its weekday.
    pub weekday: Weekday,
    /// What it was.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What was unusual about a day that is worked: closed hours, or that it is worked at all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Reason>,
    /// Whether holidays are not published for the date.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub beyond_published: bool,
}

/// What a day, or a part of one, did for a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The day on which the clock started; days are counted from the next one on.
    StartDay,
    /// A whole day that counted.
    Counted {
        /// Its running number.
        number: u64,
    },
    /// A stretch of time that counted.
    Ran {
        /// From when.
        from: Instant,
        /// Until when.
        until: Instant,
        /// How long it was, in microseconds.
        micros: i64,
        /// How long the clock had run by its end, in microseconds.
        total_micros: i64,
    },
    /// Not a working day.
    NotWorking {
        /// Why.
        why: Vec<Reason>,
    },
    /// The clock was suspended: up to the instant that would have made the day count, or during
    /// this stretch of time.
    Suspended {
        /// Since when the clock stood, or the stretch.
        from: Instant,
        /// Until when; `None` when it has not been resumed.
        until: Option<Instant>,
    },
    /// A day on which a term of calendar days cannot end because it is not worked: the deadline
    /// rolls forward.
    RolledForward {
        /// Its running number, when it was the term's last day.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
        /// Why it is not worked.
        why: Vec<Reason>,
    },
    /// The working day onto which the deadline rolled.
    RolledTo,
}

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

pub(super) fn explain(ledger: &Ledger, calendar: &Calendar) -> Result<Explanation, NoDeadline> {
    let ledger = &to_microseconds(ledger);
    let mut walk = Walk { ledger, calendar, count: ledger.count(), lines: Vec::new() };
    let ends = match ledger.term.unit {
        _ if walk.count == 0 => Ok(Some(ledger.started_at)),
        TermUnit::WorkingDays => walk.working_days(),
        TermUnit::Days => walk.days(),
        TermUnit::WorkingHours => walk.working_hours(),
        TermUnit::Hours => walk.hours(),
    };
    // A suspended clock has no deadline: neither one that had come before, nor one that is missing.
    let deadline = if ledger.is_suspended() { None } else { ends? };
    let lines = walk.lines;
    let last = deadline.into_iter().map(|deadline| calendar.local_date(deadline));
    let counts_days = ledger.term.unit != TermUnit::Hours;
    let beyond_published = counts_days
        && (lines.iter().any(|line| line.beyond_published)
            || last.into_iter().any(|date| calendar.beyond_published(date)));
    Ok(Explanation {
        calendar: calendar.id().clone(),
        zone: calendar.zone().name().to_owned(),
        day_ends: calendar.day_ends(),
        term: ledger.term,
        extensions: ledger.extensions.clone(),
        count: ledger.count(),
        started_at: ledger.started_at,
        lines,
        deadline,
        beyond_published,
    })
}

/// The same ledger, without what is finer than a microsecond.
fn to_microseconds(ledger: &Ledger) -> Ledger {
    let mut ledger = ledger.clone();
    ledger.started_at = ledger.started_at.trunc_subsecs(6);
    for suspension in &mut ledger.suspensions {
        suspension.from = suspension.from.trunc_subsecs(6);
        suspension.until = suspension.until.map(|until| until.trunc_subsecs(6));
    }
    ledger
}

struct Walk<'a> {
    ledger: &'a Ledger,
    calendar: &'a Calendar,
    count: u64,
    lines: Vec<Line>,
}

/// What the days of the walk come to.
type Ends = Result<Option<Instant>, NoDeadline>;

impl Walk<'_> {
    /// `wd`: the close of business of every later day, as long as the clock was running up to it.
    fn working_days(&mut self) -> Ends {
        let mut number = 0;
        for date in self.dates_after_start()? {
            if self.stands_for_ever(date) {
                return Ok(None);
            }
            let day = self.calendar.day(date);
            let Some(close) = day.close_of_business() else {
                self.not_working(day);
                continue;
            };
            if let Some((from, until)) = self.suspended_up_to(close) {
                self.push(day, Verdict::Suspended { from, until });
                continue;
            }
            number += 1;
            self.push(day, Verdict::Counted { number });
            if number == self.count {
                return Ok(Some(close));
            }
        }
        Err(self.ran_out())
    }

    /// `d`: every later day up to whose midnight the clock was running; and from the last of them
    /// the next such day that is worked.
    fn days(&mut self) -> Ends {
        let mut number = 0;
        for date in self.dates_after_start()? {
            if self.stands_for_ever(date) {
                return Ok(None);
            }
            let day = self.calendar.day(date);
            let midnight = self.calendar.start_of(date + Days::new(1));
            let rolling = number == self.count;
            if let Some((from, until)) = self.suspended_up_to(midnight) {
                self.push(day, Verdict::Suspended { from, until });
                continue;
            }
            if !rolling {
                number += 1;
            }
            if number < self.count {
                self.push(day, Verdict::Counted { number });
                continue;
            }
            if let DayKind::Closed { why } = &day.kind {
                let why = why.clone();
                let number = (!rolling).then_some(number);
                self.push(day, Verdict::RolledForward { number, why });
                continue;
            }
            let deadline = match self.calendar.day_ends() {
                DayEnds::CloseOfBusiness => day.close_of_business(),
                DayEnds::Midnight => Some(midnight),
            };
            let verdict = if rolling { Verdict::RolledTo } else { Verdict::Counted { number } };
            self.push(day, verdict);
            return deadline.map_or_else(|| Err(self.ran_out()), |deadline| Ok(Some(deadline)));
        }
        Err(self.ran_out())
    }

    /// `wh`: the working time of every day, piece by piece, as long as the clock was running.
    fn working_hours(&mut self) -> Ends {
        let needed = self.needed()?;
        let started_at = self.ledger.started_at;
        let mut total = 0;
        let today = self.calendar.local_date(started_at);
        for date in std::iter::once(today).chain(self.dates_after_start()?) {
            if self.stands_for_ever(date) {
                return Ok(None);
            }
            let day = self.calendar.day(date);
            let DayKind::Open { intervals, .. } = &day.kind else {
                self.not_working(day);
                continue;
            };
            for OpenInterval { opens, closes, .. } in intervals.clone() {
                for (from, until, runs) in self.pieces(opens.max(started_at), closes) {
                    if let Some(end) = self.piece(&day, from, until, runs, &mut total, needed) {
                        return Ok(Some(end));
                    }
                    if self.suspended_since().is_some_and(|since| since < until) {
                        return Ok(None);
                    }
                }
            }
        }
        Err(self.ran_out())
    }

    /// `h`: every stretch of time during which the clock was running.
    fn hours(&mut self) -> Ends {
        let needed = self.needed()?;
        let mut total = 0;
        let mut from = self.ledger.started_at;
        let end = self
            .ledger
            .suspensions
            .iter()
            .filter_map(|suspension| suspension.until)
            .fold(from, Instant::max);
        // After the last suspension nothing but the rest of the term is left.
        let last = end
            .checked_add_signed(chrono::Duration::microseconds(needed))
            .ok_or_else(|| self.ran_out())?;
        while let Some((_, until, runs)) = self.pieces(from, last).into_iter().next() {
            let day = self.calendar.day(self.calendar.local_date(from));
            if let Some(end) = self.piece(&day, from, until, runs, &mut total, needed) {
                return if end.year() <= 9999 { Ok(Some(end)) } else { Err(self.ran_out()) };
            }
            if self.suspended_since().is_some_and(|since| since < until) {
                return Ok(None);
            }
            from = until;
        }
        Err(self.ran_out())
    }

    /// Writes a line for a piece of time, and tells the deadline when the piece holds it.
    fn piece(
        &mut self,
        day: &Day,
        from: Instant,
        until: Instant,
        runs: bool,
        total: &mut i64,
        needed: i64,
    ) -> Option<Instant> {
        if !runs {
            let until = self.suspended_since().is_none_or(|since| until <= since).then_some(until);
            self.push(day.clone(), Verdict::Suspended { from, until });
            return None;
        }
        let left = needed - *total;
        let micros = until.timestamp_micros() - from.timestamp_micros();
        let ends = micros >= left;
        let micros = micros.min(left);
        let until = from + chrono::Duration::microseconds(micros);
        *total += micros;
        let total_micros = *total;
        self.push(day.clone(), Verdict::Ran { from, until, micros, total_micros });
        ends.then_some(until)
    }

    /// A stretch of time, cut wherever the clock was suspended or resumed; and of each piece
    /// whether the clock was running.
    fn pieces(&self, from: Instant, until: Instant) -> Vec<(Instant, Instant, bool)> {
        let suspensions = &self.ledger.suspensions;
        let mut cuts: Vec<Instant> = suspensions
            .iter()
            .flat_map(|suspension| [Some(suspension.from), suspension.until])
            .flatten()
            .chain([from, until])
            .filter(|cut| from <= *cut && *cut <= until)
            .collect();
        cuts.sort();
        cuts.dedup();
        let mut pieces: Vec<(Instant, Instant, bool)> = Vec::new();
        for pair in cuts.windows(2) {
            let (from, until) = (pair[0], pair[1]);
            let runs = self.suspended_up_to(until).is_none();
            match pieces.last_mut() {
                Some(last) if last.2 == runs => last.1 = until,
                _ => pieces.push((from, until, runs)),
            }
        }
        pieces
    }

    /// The suspension because of which the clock was not running up to `at`.
    fn suspended_up_to(&self, at: Instant) -> Option<(Instant, Option<Instant>)> {
        self.ledger
            .suspensions
            .iter()
            .map(|suspension| (suspension.from, suspension.until))
            .find(|(from, until)| *from < at && until.is_none_or(|until| at <= until))
    }

    /// Since when the clock stands and has not been resumed.
    fn suspended_since(&self) -> Option<Instant> {
        let open = self.ledger.suspensions.iter().filter(|suspension| suspension.until.is_none());
        open.map(|suspension| suspension.from).min()
    }

    /// When the clock was suspended before this day began and has not been resumed: says so, once.
    fn stands_for_ever(&mut self, date: NaiveDate) -> bool {
        let begins = self.calendar.start_of(date);
        match self.suspended_since() {
            Some(from) if from <= begins => {
                let day = self.calendar.day(date);
                self.push(day, Verdict::Suspended { from, until: None });
                true
            }
            _ => false,
        }
    }

    /// The dates after the day of the start, as far as the calendar knows them.
    fn dates_after_start(&mut self) -> Result<impl Iterator<Item = NaiveDate> + use<>, NoDeadline> {
        let (first, last) = self.calendar.reach();
        let today = self.calendar.local_date(self.ledger.started_at);
        if today < first || today > last || !self.calendar.has_working_time() {
            return Err(self.ran_out());
        }
        if self.ledger.term.unit != TermUnit::WorkingHours {
            let day = self.calendar.day(today);
            self.push(day, Verdict::StartDay);
        }
        let tomorrow = today + Days::new(1);
        Ok(tomorrow.iter_days().take_while(move |date| *date <= last))
    }

    fn needed(&self) -> Result<i64, NoDeadline> {
        let count = i64::try_from(self.count).ok();
        count.and_then(|count| count.checked_mul(HOUR)).ok_or_else(|| self.ran_out())
    }

    fn ran_out(&self) -> NoDeadline {
        if self.calendar.has_working_time() || self.ledger.term.unit == TermUnit::Hours {
            let (from, until) = self.calendar.reach();
            NoDeadline::BeyondCalendar { calendar: self.calendar.id().clone(), from, until }
        } else {
            NoDeadline::NoWorkingTime
        }
    }

    fn not_working(&mut self, day: Day) {
        if let DayKind::Closed { why } = &day.kind {
            let why = why.clone();
            self.push(day, Verdict::NotWorking { why });
        }
    }

    fn push(&mut self, day: Day, verdict: Verdict) {
        let notes = match day.kind {
            DayKind::Open { notes, .. } => notes,
            DayKind::Closed { .. } => Vec::new(),
        };
        self.lines.push(Line {
            date: day.date,
            weekday: day.weekday,
            verdict,
            notes,
            beyond_published: day.beyond_published,
        });
    }
}
