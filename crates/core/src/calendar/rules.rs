//! What kind of day a date is, worked out from the rows, with the reasons.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use serde::Serialize;

use super::source::{CalendarSource, Hours, Notice, Scope, WeeklyHours};

/// A row that bears on what kind of day a date is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The calendar tells no weekly hours for this date.
    NoHours,
    /// The weekly hours of this date have none on this weekday.
    WeeklyDayOff {
        /// The row of weekly hours.
        row: Arc<Notice>,
    },
    /// A published holiday.
    Holiday {
        /// The row.
        row: Arc<Notice>,
    },
    /// A closure by decision.
    Closure {
        /// The row.
        row: Arc<Notice>,
        /// The hours that are closed; without them, the whole day.
        #[serde(skip_serializing_if = "Option::is_none")]
        hours: Option<Vec<Hours>>,
    },
    /// A day that is worked although it would be closed.
    ExtraWorkingDay {
        /// The row.
        row: Arc<Notice>,
    },
}

impl Reason {
    /// The row behind the reason, when there is one.
    pub fn row(&self) -> Option<&Notice> {
        match self {
            Self::NoHours => None,
            Self::WeeklyDayOff { row }
            | Self::Holiday { row }
            | Self::Closure { row, .. }
            | Self::ExtraWorkingDay { row } => Some(row),
        }
    }
}

/// A date, by the rows alone: local hours, not yet instants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LocalDay {
    /// Sorted, disjoint, none empty.
    pub(super) hours: Vec<Hours>,
    /// Why the day is closed; empty when it is open.
    pub(super) closed: Vec<Reason>,
    /// What changed an open day: hours that are closed, or that it is worked at all.
    pub(super) notes: Vec<Reason>,
    /// The weekly hours that were in force.
    pub(super) weekly: Option<Arc<Notice>>,
}

/// The rows of one scope.
#[derive(Debug, Default)]
pub(super) struct Layer {
    weekly: Vec<WeeklyHours>,
    dated: BTreeMap<NaiveDate, Dated>,
}

/// The rows of one scope on one date.
#[derive(Debug, Default)]
struct Dated {
    closed: Vec<Reason>,
    cut: Vec<(Arc<Notice>, Vec<Hours>)>,
    extra: Vec<(Arc<Notice>, Vec<Hours>)>,
}

impl Layer {
    /// The rows of `source` with this scope, between two dates.
    pub(super) fn of(
        source: &CalendarSource,
        scope: &Scope,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Self {
        let mut layer = Self {
            weekly: source
                .weekly_hours()
                .iter()
                .filter(|row| row.notice.scope == *scope)
                .cloned()
                .collect(),
            dated: BTreeMap::new(),
        };
        for row in source.holidays().iter().filter(|row| row.notice.scope == *scope) {
            let reason = Reason::Holiday { row: row.notice.clone() };
            layer.dated.entry(row.date).or_default().closed.push(reason);
        }
        for row in source.closures().iter().filter(|row| row.notice.scope == *scope) {
            let until = row.until.min(last);
            for date in row.from.max(first).iter_days().take_while(|date| *date <= until) {
                let dated = layer.dated.entry(date).or_default();
                match &row.hours {
                    Some(hours) => dated.cut.push((row.notice.clone(), hours.clone())),
                    None => {
                        dated.closed.push(Reason::Closure { row: row.notice.clone(), hours: None })
                    }
                }
            }
        }
        for row in source.extra_working_days().iter().filter(|row| row.notice.scope == *scope) {
            let dated = layer.dated.entry(row.date).or_default();
            dated.extra.push((row.notice.clone(), row.hours.clone()));
        }
        layer
    }

    /// The spans of dates on which this layer can make a difference; open ends are `None`.
    pub(super) fn touches(
        &self,
    ) -> impl Iterator<Item = (Option<NaiveDate>, Option<NaiveDate>)> + '_ {
        let dated = self.dated.keys().map(|date| (Some(*date), Some(*date)));
        self.weekly.iter().map(|row| (row.from, row.until)).chain(dated)
    }

    /// The weekly hours in force: of those valid on the date, the one that begins last; of equals,
    /// the one written last.
    fn weekly_on(&self, date: NaiveDate) -> Option<&WeeklyHours> {
        self.weekly.iter().filter(|row| row.covers(date)).max_by_key(|row| row.from)
    }
}

/// The rows that apply to one unit, from the widest scope to the narrowest.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) layers: Vec<Arc<Layer>>,
}

impl Rules {
    /// What kind of day a date is.
    ///
    /// Weekly hours are the base, by the narrowest scope that has any. Then, from the widest scope
    /// to the narrowest, holidays and closures of whole days close the day, and an extra working
    /// day opens it: so a narrower scope has the last word, and in one scope the extra working day
    /// has. At last the closures of some hours, of every scope, are cut out.
    pub(super) fn day(&self, date: NaiveDate) -> LocalDay {
        let mut day = LocalDay::default();
        match self.layers.iter().rev().find_map(|layer| layer.weekly_on(date)) {
            None => day.closed.push(Reason::NoHours),
            Some(row) => {
                day.hours = tidy(row.of(date));
                day.weekly = Some(row.notice.clone());
                if day.hours.is_empty() {
                    day.closed.push(Reason::WeeklyDayOff { row: row.notice.clone() });
                }
            }
        }
        for dated in self.layers.iter().filter_map(|layer| layer.dated.get(&date)) {
            if !dated.closed.is_empty() {
                day.hours.clear();
                day.notes.clear();
                day.closed.extend(dated.closed.iter().cloned());
            }
            let extra: Vec<Hours> =
                dated.extra.iter().flat_map(|(_, hours)| hours).copied().collect();
            let extra = tidy(&extra);
            if !extra.is_empty() {
                day.hours = extra;
                day.closed.clear();
                day.notes = dated
                    .extra
                    .iter()
                    .map(|(row, _)| Reason::ExtraWorkingDay { row: row.clone() })
                    .collect();
            }
        }
        for dated in self.layers.iter().filter_map(|layer| layer.dated.get(&date)) {
            for (row, closed) in &dated.cut {
                let rest = cut(&day.hours, closed);
                if rest != day.hours {
                    day.hours = rest;
                    day.notes
                        .push(Reason::Closure { row: row.clone(), hours: Some(closed.clone()) });
                }
            }
        }
        if day.hours.is_empty() && day.closed.is_empty() {
            day.closed = std::mem::take(&mut day.notes);
        }
        day
    }
}

/// Sorts, drops what is empty, and joins what overlaps or touches.
fn tidy(hours: &[Hours]) -> Vec<Hours> {
    let mut sorted: Vec<Hours> =
        hours.iter().copied().filter(|hours| hours.opens < hours.closes).collect();
    sorted.sort();
    let mut tidy: Vec<Hours> = Vec::with_capacity(sorted.len());
    for next in sorted {
        match tidy.last_mut() {
            Some(last) if next.opens <= last.closes => last.closes = last.closes.max(next.closes),
            _ => tidy.push(next),
        }
    }
    tidy
}

/// What is left of `hours` without `closed`.
fn cut(hours: &[Hours], closed: &[Hours]) -> Vec<Hours> {
    let mut rest = hours.to_vec();
    for gone in closed.iter().filter(|gone| gone.opens < gone.closes) {
        rest = rest
            .into_iter()
            .flat_map(|open| {
                let before = Hours { opens: open.opens, closes: open.closes.min(gone.opens) };
                let after = Hours { opens: open.opens.max(gone.closes), closes: open.closes };
                [before, after]
            })
            .filter(|left| left.opens < left.closes)
            .collect();
    }
    rest
}
