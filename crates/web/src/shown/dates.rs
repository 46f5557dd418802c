//! Days and moments, in the calendar of the reader's language, with the other one as a tooltip.

use std::fmt::{self, Display};

use chrono::{Datelike, NaiveDate, Weekday};
use parvaneh_core::{Calendar, Instant, JalaliDate};

use crate::{language::Language, say::Words};

/// A day: «شنبه ۱۴۰۵/۰۸/۳۰», 'Sat 21 Nov 2026'. It has no time of day, and none is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    words: Words,
    date: NaiveDate,
}

impl Day {
    /// A date.
    pub(crate) fn of(date: NaiveDate, words: Words) -> Self {
        Self { words, date }
    }

    /// The day of an instant where that calendar counts.
    pub(crate) fn at(instant: Instant, calendar: &Calendar, words: Words) -> Self {
        Self { words, date: calendar.local_date(instant) }
    }

    /// Without mark-up: for attributes, titles and what is set into a text.
    pub(crate) fn plain(self) -> String {
        self.in_calendar_of(self.words.0)
    }

    /// In the calendar of the other language.
    pub(crate) fn other(self) -> String {
        self.in_calendar_of(match self.words.0 {
            Language::Persian => Language::English,
            Language::English => Language::Persian,
        })
    }

    fn in_calendar_of(self, language: Language) -> String {
        let weekday = weekday(self.date.weekday(), self.words);
        match language {
            Language::Persian => {
                let date = JalaliDate::from(self.date).to_string();
                format!("{weekday} {}", self.words.digits(date))
            }
            Language::English => {
                let date = self.date.format("%-d %b %Y").to_string();
                format!("{weekday} {}", self.words.digits(gregorian(date, self.words)))
            }
        }
    }
}

/// The names of Gregorian months, in Persian where the reader is Persian.
fn gregorian(date: String, words: Words) -> String {
    if !words.is_persian() {
        return date;
    }
    let mut parts = date.split(' ');
    let (day, month, year) = (parts.next(), parts.next(), parts.next());
    let month = match month {
        Some("Jan") => words.t("month-january"),
        Some("Feb") => words.t("month-february"),
        Some("Mar") => words.t("month-march"),
        Some("Apr") => words.t("month-april"),
        Some("May") => words.t("month-may"),
        Some("Jun") => words.t("month-june"),
        Some("Jul") => words.t("month-july"),
        Some("Aug") => words.t("month-august"),
        Some("Sep") => words.t("month-september"),
        Some("Oct") => words.t("month-october"),
        Some("Nov") => words.t("month-november"),
        _ => words.t("month-december"),
    };
    format!("{} {month} {}", day.unwrap_or_default(), year.unwrap_or_default())
}

/// The name of a Gregorian month.
pub(crate) fn month(date: NaiveDate, words: Words) -> String {
    if !words.is_persian() {
        return date.format("%B").to_string();
    }
    let whole = gregorian(date.format("%-d %b %Y").to_string(), words);
    whole.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// The name of a weekday.
pub(crate) fn weekday(day: Weekday, words: Words) -> String {
    match day {
        Weekday::Sat => words.t("weekday-saturday"),
        Weekday::Sun => words.t("weekday-sunday"),
        Weekday::Mon => words.t("weekday-monday"),
        Weekday::Tue => words.t("weekday-tuesday"),
        Weekday::Wed => words.t("weekday-wednesday"),
        Weekday::Thu => words.t("weekday-thursday"),
        Weekday::Fri => words.t("weekday-friday"),
    }
    .into()
}

impl Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of it needs escaping: names of days and months, and figures.
        let (machine, other, told) = (self.date, self.other(), self.plain());
        write!(f, "<time datetime=\"{machine}\" title=\"{other}\">{told}</time>")
    }
}

impl askama::filters::HtmlSafe for Day {}

/// A moment: a day and the time of day where the calendar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    day: Day,
    at: Instant,
    hour: u32,
    minute: u32,
}

impl Moment {
    /// A moment where that calendar counts.
    pub(crate) fn at(instant: Instant, calendar: &Calendar, words: Words) -> Self {
        use chrono::Timelike;
        let local = instant.with_timezone(&calendar.zone());
        let day = Day::of(local.date_naive(), words);
        Self { day, at: instant, hour: local.hour(), minute: local.minute() }
    }

    /// The time of day alone.
    pub(crate) fn time(self) -> String {
        self.day.words.digits(format!("{:02}:{:02}", self.hour, self.minute))
    }

    /// Without mark-up.
    pub(crate) fn plain(self) -> String {
        self.day.words.t("moment").s("day", self.day.plain()).s("time", self.time()).into()
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.at.format("%Y-%m-%dT%H:%M:%SZ");
        let (other, told) = (self.day.other(), self.plain());
        write!(f, "<time datetime=\"{machine}\" title=\"{other}\">{told}</time>")
    }
}

impl askama::filters::HtmlSafe for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_the_readers_calendar_with_the_other_beside_it() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let fa = Day::of(date, Words(Language::Persian));
        assert_eq!(
            fa.to_string(),
            "<time datetime=\"2026-11-21\" title=\"شنبه ۲۱ نوامبر ۲۰۲۶\">شنبه ۱۴۰۵/۰۸/۳۰</time>"
        );
        let en = Day::of(date, Words(Language::English));
        assert_eq!(
            en.to_string(),
            "<time datetime=\"2026-11-21\" title=\"Sat 1405/08/30\">Sat 21 Nov 2026</time>"
        );
    }
}
