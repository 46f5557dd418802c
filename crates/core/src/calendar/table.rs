//! The compiled form of one unit's calendar: sorted arrays that answer by index and binary search.
//!
//! Days lie in chunks. A unit whose rows differ from a wider scope's on a few dates shares every
//! other chunk with it, so hundreds of units with closures of their own stay small.
//!
//! Instants in here are microseconds since 1970-01-01T00:00Z.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{rules::Rules, zone};

/// Days of a chunk.
const CHUNK: usize = 512;
const DAY: i64 = 86_400_000_000;

/// The days of a calendar, in its time zone. Shared by all units of the calendar.
#[derive(Debug)]
pub(super) struct Axis {
    first: NaiveDate,
    /// The first instant of every day, and of the day after the last.
    starts: Vec<i64>,
    zone: Tz,
}

impl Axis {
    pub(super) fn new(zone: Tz, first: NaiveDate, last: NaiveDate) -> Self {
        let days = (last - first).num_days().max(0) + 1;
        let starts = first
            .iter_days()
            .take(usize::try_from(days).map_or(0, |days| days + 1))
            .map(|date| zone::instant(zone, date, 0))
            .collect();
        Self { first, starts, zone }
    }

    pub(super) fn zone(&self) -> Tz {
        self.zone
    }

    pub(super) fn first(&self) -> NaiveDate {
        self.first
    }

    pub(super) fn last(&self) -> NaiveDate {
        self.date(self.days() - 1)
    }

    pub(super) fn days(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn date(&self, day: usize) -> NaiveDate {
        self.first + chrono::Days::new(day as u64)
    }

    /// The place of a date: 0 when it lies before, [`Self::days`] when it lies after.
    pub(super) fn index_or_end(&self, date: NaiveDate) -> usize {
        usize::try_from((date - self.first).num_days()).unwrap_or(0).min(self.days())
    }

    /// The first instant of a day; of the day after the last, too.
    pub(super) fn start(&self, day: usize) -> i64 {
        self.starts[day]
    }

    /// The day in which an instant lies.
    pub(super) fn day(&self, at: i64) -> Option<usize> {
        let (first, end) = (self.starts[0], self.starts[self.days()]);
        if at < first || at >= end {
            return None;
        }
        // Days are 24 hours long but for changes of the clock, so this is off by one at most.
        let mut day = usize::try_from((at - first) / DAY).map_or(0, |day| day.min(self.days() - 1));
        while self.starts[day] > at {
            day -= 1;
        }
        while self.starts[day + 1] <= at {
            day += 1;
        }
        Some(day)
    }

    /// As [`Self::day`], with 0 for what lies before and [`Self::days`] for what lies after.
    pub(super) fn day_or_end(&self, at: i64) -> usize {
        self.day(at).unwrap_or(if at < self.starts[0] { 0 } else { self.days() })
    }

    fn instant(&self, day: usize, minutes: u16) -> i64 {
        let start = self.starts[day];
        if self.starts[day + 1] - start == DAY {
            start + i64::from(minutes) * 60_000_000
        } else {
            zone::instant(self.zone, self.date(day), minutes)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    opens: i64,
    closes: i64,
    /// Working time in this chunk before `opens`.
    before: i64,
}

#[derive(Debug, PartialEq, Eq)]
struct Chunk {
    /// Working days of this chunk before each of its days, and before the day after its last.
    days_before: Vec<u32>,
    /// Open spans of this chunk before each of its days, and before the day after its last.
    spans_before: Vec<u32>,
    /// The close of business of every working day.
    closes: Vec<i64>,
    spans: Vec<Span>,
    worked: i64,
}

impl Chunk {
    fn compile(axis: &Axis, rules: &Rules, days: std::ops::Range<usize>) -> Self {
        let mut chunk = Self {
            days_before: vec![0],
            spans_before: vec![0],
            closes: Vec::new(),
            spans: Vec::new(),
            worked: 0,
        };
        for day in days {
            let mut close = None;
            for hours in rules.day(axis.date(day)).hours {
                let opens = axis.instant(day, hours.opens.minutes());
                let closes = axis.instant(day, hours.closes.minutes());
                if opens < closes {
                    chunk.spans.push(Span { opens, closes, before: chunk.worked });
                    chunk.worked += closes - opens;
                    close = Some(closes);
                }
            }
            chunk.closes.extend(close);
            // At most 512 days of 720 spans: no count comes near the largest u32.
            chunk.days_before.push(chunk.closes.len() as u32);
            chunk.spans_before.push(chunk.spans.len() as u32);
        }
        chunk
    }
}

#[derive(Clone, Debug)]
struct Entry {
    /// Working days before the chunk.
    days_before: usize,
    /// Working time before the chunk.
    worked_before: i64,
    chunk: Arc<Chunk>,
}

/// One unit's compiled days.
#[derive(Clone, Debug)]
pub(super) struct Table {
    axis: Arc<Axis>,
    entries: Vec<Entry>,
    working_days: usize,
    worked: i64,
}

impl Table {
    /// Compiles the days of `axis` by `rules`; with `base`, only the chunks for which `changed`
    /// is true, and the others are shared with `base`.
    pub(super) fn compile(axis: Arc<Axis>, rules: &Rules, base: Option<(&Table, &[bool])>) -> Self {
        let chunks = Self::chunk_of(axis.days() - 1) + 1;
        let mut table = Self {
            entries: Vec::with_capacity(chunks),
            working_days: 0,
            worked: 0,
            axis: axis.clone(),
        };
        for number in 0..chunks {
            let days = number * CHUNK..((number + 1) * CHUNK).min(axis.days());
            let chunk = match base {
                Some((base, changed)) if !changed[number] => base.entries[number].chunk.clone(),
                _ => Arc::new(Chunk::compile(&axis, rules, days)),
            };
            let (days_before, worked_before) = (table.working_days, table.worked);
            table.working_days += chunk.closes.len();
            table.worked += chunk.worked;
            table.entries.push(Entry { days_before, worked_before, chunk });
        }
        table
    }

    /// The number of the chunk in which a day lies.
    pub(super) fn chunk_of(day: usize) -> usize {
        day / CHUNK
    }

    pub(super) fn shared_axis(&self) -> Arc<Axis> {
        self.axis.clone()
    }

    pub(super) fn axis(&self) -> &Axis {
        &self.axis
    }

    /// How many working days there are at all.
    pub(super) fn working_days(&self) -> usize {
        self.working_days
    }

    /// How many working days lie before a day (or before the end of the axis).
    pub(super) fn working_days_before(&self, day: usize) -> usize {
        match self.entries.get(Self::chunk_of(day)) {
            Some(entry) => entry.days_before + entry.chunk.days_before[day % CHUNK] as usize,
            None => self.working_days,
        }
    }

    /// How many closes of business lie at or before an instant.
    pub(super) fn closes_up_to(&self, at: i64) -> usize {
        let day = self.axis.day_or_end(at);
        let before = self.working_days_before(day);
        let today = self.close_of(day).is_some_and(|close| close <= at);
        before + usize::from(today)
    }

    /// The close of business of the working day with this index, counted from 0.
    pub(super) fn nth_close(&self, index: usize) -> Option<i64> {
        if index >= self.working_days {
            return None;
        }
        let number = self.entries.partition_point(|entry| entry.days_before <= index) - 1;
        let entry = &self.entries[number];
        Some(entry.chunk.closes[index - entry.days_before])
    }

    /// The close of business of a day; nothing when it is not a working day.
    pub(super) fn close_of(&self, day: usize) -> Option<i64> {
        let chunk = &self.entries.get(Self::chunk_of(day))?.chunk;
        let local = day % CHUNK;
        let (index, next) = (*chunk.days_before.get(local)?, *chunk.days_before.get(local + 1)?);
        (index < next).then(|| chunk.closes[index as usize])
    }

    /// The first working day at or after a day.
    pub(super) fn working_day_from(&self, day: usize) -> Option<usize> {
        let close = self.nth_close(self.working_days_before(day))?;
        // A close at midnight is the first instant of the next day: look just before it.
        self.axis.day(close - 1)
    }

    /// Working time up to an instant.
    pub(super) fn worked_up_to(&self, at: i64) -> i64 {
        let day = self.axis.day_or_end(at);
        if day == self.axis.days() {
            return self.worked;
        }
        let entry = &self.entries[Self::chunk_of(day)];
        let chunk = &entry.chunk;
        let local = day % CHUNK;
        let (from, to) =
            (chunk.spans_before[local] as usize, chunk.spans_before[local + 1] as usize);
        let mut worked = chunk.spans.get(from).map_or(chunk.worked, |span| span.before);
        for span in &chunk.spans[from..to] {
            worked += (at.min(span.closes) - span.opens).max(0);
        }
        entry.worked_before + worked
    }

    /// The first instant up to which this much working time has passed; `worked` is above 0.
    pub(super) fn first_worked(&self, worked: i64) -> Option<i64> {
        if worked <= 0 || worked > self.worked {
            return None;
        }
        let number = self.entries.partition_point(|entry| entry.worked_before < worked) - 1;
        let entry = &self.entries[number];
        let local = worked - entry.worked_before;
        let span = entry.chunk.spans.partition_point(|span| span.before < local) - 1;
        let span = entry.chunk.spans[span];
        Some(span.opens + (local - span.before))
    }

    /// The last instant up to which no more than this much working time has passed, as long as some
    /// working time comes after it.
    pub(super) fn last_worked(&self, worked: i64) -> Option<i64> {
        if worked < 0 || worked >= self.worked {
            return None;
        }
        let number = self.entries.partition_point(|entry| entry.worked_before <= worked) - 1;
        let entry = &self.entries[number];
        let local = worked - entry.worked_before;
        let span = entry.chunk.spans.partition_point(|span| span.before <= local) - 1;
        let span = entry.chunk.spans[span];
        Some(span.opens + (local - span.before))
    }
}
