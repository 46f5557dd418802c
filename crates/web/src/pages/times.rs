//! Days and moments of what belongs to no case: by the calendar that pages count by.

use std::{fmt, sync::Arc};

use askama::filters::HtmlSafe;
use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{Calendars, Instant};

use crate::{
    App,
    problem::Problem,
    say::Words,
    shown::{Day, Moment},
};

/// The calendar of pages, and the language.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// None where none is published yet.
    calendars: Option<Arc<Calendars>>,
    words: Words,
}

impl Times {
    pub(super) async fn of(app: &App, words: Words) -> Result<Self, Problem> {
        Ok(Self { calendars: app.calendar().await?, words })
    }

    /// A moment.
    pub(super) fn moment(&self, at: Instant) -> When {
        match &self.calendars {
            Some(calendars) => When::Moment(Moment::at(at, calendars.national(), self.words)),
            None => When::Bare(at),
        }
    }

    /// When something begins: the day alone, where it begins with the day.
    pub(super) fn begins(&self, at: Instant) -> When {
        if self.today(at) == at { self.day(at) } else { self.moment(at) }
    }

    /// Up to when something lasts: its last day, where it ends with a day.
    pub(super) fn ends(&self, at: Instant) -> When {
        match self.today(at) == at {
            true => self.day(at - TimeDelta::milliseconds(1)),
            false => self.moment(at),
        }
    }

    /// The day of an instant.
    pub(super) fn day(&self, at: Instant) -> When {
        match &self.calendars {
            Some(calendars) => When::Day(Day::at(at, calendars.national(), self.words)),
            None => When::Bare(at),
        }
    }

    /// The instant with which a day begins.
    pub(super) fn start_of(&self, date: NaiveDate) -> Instant {
        match &self.calendars {
            Some(calendars) => calendars.national().start_of(date),
            None => date.and_time(chrono::NaiveTime::MIN).and_utc(),
        }
    }

    /// The instant with which the day of another begins.
    pub(super) fn today(&self, now: Instant) -> Instant {
        self.start_of(match &self.calendars {
            Some(calendars) => calendars.national().local_date(now),
            None => now.date_naive(),
        })
    }

    /// The instant with which a day ends.
    pub(super) fn end_of(&self, date: NaiveDate) -> Instant {
        self.start_of(date.succ_opt().unwrap_or(date))
    }
}

/// A day or a moment, as it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    Day(Day),
    Moment(Moment),
    /// Where there is no calendar.
    Bare(Instant),
}

impl When {
    /// The same as a text, to be set into a sentence.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Day(day) => day.plain(),
            Self::Moment(moment) => moment.plain(),
            Self::Bare(at) => at.format("%Y-%m-%d %H:%M UTC").to_string(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Moment(moment) => moment.fmt(f),
            Self::Bare(_) => write!(f, "<time>{}</time>", self.plain()),
        }
    }
}

impl HtmlSafe for When {}
