//! A month of the calendar, from which a day is chosen: for the picker beside every `input.day`.
//!
//! In the calendar of the page's language, the other one small beside it. Weeks begin on Saturday in
//! both: the office's week does. Fridays and holidays are the nation's.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use parvaneh_core::{
    Calendar, JalaliDate, JalaliPeriod,
    calendar::{DayKind, Reason},
    jalali::{month_name_en, month_name_fa, parse_date},
};
use serde::Deserialize;

use super::{Look, page, routes::Pages, visit::Guest};
use crate::{
    App,
    body::Query,
    problem::Problem,
    say::{Said, Words},
    shown::{Day, dates},
};

pub(super) fn pages() -> Pages {
    Pages::default().get("/days", days)
}

/// Which month.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    /// A day of it, as somebody types it; today's month else.
    #[serde(default)]
    day: String,
    /// The page's language: see [`Look`].
    #[serde(default, rename = "lang")]
    _language: String,
}

/// A day in its place.
#[derive(Clone, Debug)]
struct Cell {
    /// ISO 8601.
    date: NaiveDate,
    /// What is written into the input.
    written: String,
    number: String,
    /// Its number in the other calendar.
    other: String,
    /// Whether the office is closed all day.
    off: bool,
    today: bool,
    /// The whole day in words, with what it is called.
    said: String,
}

#[derive(Template)]
#[template(path = "days.html")]
struct Month {
    look: Look,
    title: String,
    /// The months of the other calendar that it lies in.
    other: String,
    /// The first days of what is before and after.
    year_before: Option<NaiveDate>,
    month_before: Option<NaiveDate>,
    month_after: Option<NaiveDate>,
    year_after: Option<NaiveDate>,
    weekdays: Vec<(String, String)>,
    weeks: Vec<Vec<Option<Cell>>>,
    /// The days that have a name.
    named: Vec<(String, String)>,
}

impl Month {
    fn t(&self, key: &'static str) -> Said {
        self.look.words.t(key)
    }
}

async fn days(
    State(app): State<App>,
    guest: Guest,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let now = app.store.clock().await?.now;
    let calendars = app.calendar().await?.ok_or_else(Problem::not_found)?;
    let calendar = calendars.national();
    let today = calendar.local_date(now);
    let asked = parse_date(&wanted.day).ok().filter(|day| reaches(calendar, *day));
    let month = month(guest.look.clone(), calendar, asked.unwrap_or(today), today);
    page(&guest.look, &month)
}

fn reaches(calendar: &Calendar, day: NaiveDate) -> bool {
    let (first, last) = calendar.reach();
    (first..=last).contains(&day)
}

/// The first day of a month and the first behind it, in the calendar of the page.
fn bounds(day: NaiveDate, words: Words) -> (NaiveDate, NaiveDate) {
    if words.is_persian() {
        let month = JalaliPeriod::month_of(day);
        return (month.start(), month.end());
    }
    let first = day.with_day(1).unwrap_or(day);
    (first, first + chrono::Months::new(1))
}

fn month(look: Look, calendar: &Calendar, day: NaiveDate, today: NaiveDate) -> Month {
    let words = look.words;
    let (first, end) = bounds(day, words);
    let last = end - Days::new(1);
    let mut cells: Vec<Option<Cell>> = vec![None; place(first)];
    let mut named = Vec::new();
    for date in first.iter_days().take_while(|date| *date < end) {
        let (cell, name) = cell(date, calendar, today, words);
        if let Some(name) = name {
            named.push((cell.number.clone(), name));
        }
        cells.push(Some(cell));
    }
    cells.resize(cells.len().next_multiple_of(7), None);
    let before = |date: NaiveDate, months: u32| {
        let mut first = date;
        for _ in 0..months {
            first = bounds(first - Days::new(1), words).0;
        }
        Some(first).filter(|first| reaches(calendar, *first))
    };
    let after = |months: u32| {
        let mut first = first;
        for _ in 0..months {
            first = bounds(first, words).1;
        }
        Some(first).filter(|first| reaches(calendar, *first))
    };
    let week = [
        Weekday::Sat,
        Weekday::Sun,
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
    ];
    let weekdays = week.map(|day| {
        let name = dates::weekday(day, words);
        let letters = if words.is_persian() { 1 } else { 2 };
        (name.chars().take(letters).collect(), name)
    });
    Month {
        title: months(first, first, words.is_persian(), words),
        other: months(first, last, !words.is_persian(), words),
        year_before: before(first, 12),
        month_before: before(first, 1),
        month_after: after(1),
        year_after: after(12),
        weekdays: weekdays.into(),
        weeks: cells.chunks(7).map(<[_]>::to_vec).collect(),
        named,
        look,
    }
}

/// How many days of its week are before it.
fn place(day: NaiveDate) -> usize {
    let since_saturday = (day.weekday().num_days_from_sunday() + 1) % 7;
    usize::try_from(since_saturday).unwrap_or_default()
}

/// The months from one day to another: «آبان ۱۴۰۵», «اکتبر – نوامبر ۲۰۲۶».
fn months(from: NaiveDate, until: NaiveDate, jalali: bool, words: Words) -> String {
    let name = |day: NaiveDate| match jalali {
        true => {
            let day = JalaliDate::from(day);
            let name = match words.is_persian() {
                true => month_name_fa(day.month()),
                false => month_name_en(day.month()),
            };
            (name.to_owned(), day.year())
        }
        false => (dates::month(day, words), day.year()),
    };
    let ((first, year), (last, last_year)) = (name(from), name(until));
    match (first == last, year == last_year) {
        (true, _) => format!("{first} {}", words.digits(year)),
        (_, true) => format!("{first} – {last} {}", words.digits(year)),
        _ => format!("{first} {} – {last} {}", words.digits(year), words.digits(last_year)),
    }
}

/// A day, and what it is called where it has a name.
fn cell(
    date: NaiveDate,
    calendar: &Calendar,
    today: NaiveDate,
    words: Words,
) -> (Cell, Option<String>) {
    let jalali = JalaliDate::from(date);
    let day = calendar.day(date);
    let why = match &day.kind {
        DayKind::Open { notes, .. } => notes,
        DayKind::Closed { why } => why,
    };
    // That Friday is a day off stands above it.
    let names = why.iter().filter(|why| !matches!(why, Reason::WeeklyDayOff { .. }));
    let names = names.filter_map(|why| Some(words.of(&why.row()?.name)));
    let names: Vec<&str> = names.collect();
    let separator = if words.is_persian() { "، " } else { ", " };
    let name = Some(names.join(separator)).filter(|name| !name.is_empty());
    let whole = Day::of(date, words).plain();
    let mut said = match (&name, day.is_open()) {
        (Some(name), true) => {
            words.t("days-named").s("day", whole).s("name", name.clone()).to_string()
        }
        (Some(name), false) => {
            words.t("days-off-named").s("day", whole).s("name", name.clone()).to_string()
        }
        (None, true) => whole,
        (None, false) => words.t("days-off").s("day", whole).to_string(),
    };
    if date == today {
        said = words.t("days-today").s("day", said).to_string();
    }
    let (own, other) = (u32::from(jalali.day()), date.day());
    let (own, other) = if words.is_persian() { (own, other) } else { (other, own) };
    let cell = Cell {
        date,
        written: match words.is_persian() {
            true => words.digits(jalali),
            false => date.to_string(),
        },
        number: words.digits(own),
        other: words.digits(other),
        off: !day.is_open(),
        today: date == today,
        said,
    };
    (cell, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_saturday() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (day, before) in [("2026-11-21", 0), ("2026-11-22", 1), ("2026-11-27", 6)] {
            assert_eq!(place(date(day)), before, "{day}");
        }
    }

    #[test]
    fn a_month_is_one_of_the_readers_calendar() {
        use crate::language::Language::{English, Persian};
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let (fa, en) = (Words(Persian), Words(English));
        assert_eq!(bounds(date("2026-11-22"), fa), (date("2026-11-22"), date("2026-12-22")));
        assert_eq!(bounds(date("2026-11-22"), en), (date("2026-11-01"), date("2026-12-01")));
        // The last month of a leap year has thirty days.
        assert_eq!(bounds(date("2025-03-20"), fa), (date("2025-02-19"), date("2025-03-21")));
        let (first, last) = (date("2026-10-23"), date("2026-11-21"));
        assert_eq!(months(first, first, true, fa), "آبان ۱۴۰۵");
        assert_eq!(months(first, last, false, fa), "اکتبر – نوامبر ۲۰۲۶");
        assert_eq!(months(first, last, true, en), "Aban 1405");
        let (first, last) = (date("2025-03-01"), date("2025-03-31"));
        assert_eq!(months(first, last, true, en), "Esfand 1403 – Farvardin 1404");
    }
}
