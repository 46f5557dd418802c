//! Dates of the Solar Hijri (Jalali) calendar, the official calendar of Iran.
//!
//! Its leap years are the astronomical ones: a year begins on the day whose noon in Iran is the
//! first after the spring equinox (Iran's law of 11 Farvardin 1304). 1403 and 1408 are leap years;
//! the often seen cycles of 33 and of 2820 years go wrong around here.

use std::{fmt, str::FromStr};

use chrono::{Datelike, NaiveDate, Weekday};
use icu_calendar::{Date, cal::Persian, types::RataDie};
use serde::{Deserialize, Serialize};

/// Years below this are Jalali, the others Gregorian, wherever both may be written.
pub const FIRST_GREGORIAN_YEAR: i32 = 1700;

/// The years for which the equinox is known well enough.
const YEARS: std::ops::RangeInclusive<i32> = 1..=2999;

/// Why a text is not a date, or a date does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not year, month and day.
    #[error("'{0}' is not a date: write 1403/12/30 or 2025-03-20")]
    Form(String),
    /// Not a Jalali year, or year and month.
    #[error("'{0}' is not a period: write a Jalali year (1403) or month (1403/07)")]
    Period(String),
    /// No such year in this calendar.
    #[error("'{text}': the year {year} is out of range")]
    Year {
        /// What was written.
        text: String,
        /// Its year.
        year: i32,
    },
    /// No such month.
    #[error("'{text}': there is no month {month}, months are 1 to 12")]
    Month {
        /// What was written.
        text: String,
        /// Its month.
        month: u32,
    },
    /// The month has no such day.
    #[error("'{text}' does not exist: {name} {year} has {days} days{why}")]
    Day {
        /// What was written.
        text: String,
        /// The month's name.
        name: &'static str,
        /// The year.
        year: i32,
        /// How many days the month has.
        days: u32,
        /// What else explains it: that the year is not a leap year.
        why: String,
    },
}

impl DateError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "not-a-date",
            Self::Period(_) => "not-a-period",
            Self::Year { .. } => "year-out-of-range",
            Self::Month { .. } => "no-such-month",
            Self::Day { .. } => "no-such-day",
        }
    }
}

/// A day of the Jalali calendar that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JalaliDate {
    year: i32,
    month: u8,
    day: u8,
    gregorian: NaiveDate,
}

impl JalaliDate {
    /// The day, when it exists.
    ///
    /// # Errors
    /// When the year is not 1 to 2999, or the year has no such month or day.
    pub fn new(year: i32, month: u32, day: u32) -> Result<Self, DateError> {
        let text = || format!("{year:04}/{month:02}/{day:02}");
        if !YEARS.contains(&year) {
            return Err(DateError::Year { text: text(), year });
        }
        let short = u8::try_from(month).ok().filter(|month| (1..=12).contains(month));
        let Some(month) = short else { return Err(DateError::Month { text: text(), month }) };
        let days = days_in_month(year, month);
        let Some(day) = u8::try_from(day).ok().filter(|day| (1..=days).contains(day)) else {
            let leap = month == 12 && day == 30;
            let why = if leap { format!(": {year} is not a leap year") } else { String::new() };
            let name = month_name_en(month);
            return Err(DateError::Day { text: text(), name, year, days: days.into(), why });
        };
        Date::try_new_persian(year, month, day)
            .ok()
            .and_then(|persian| i32::try_from(persian.to_rata_die().to_i64_date()).ok())
            .and_then(NaiveDate::from_num_days_from_ce_opt)
            .map(|gregorian| Self { year, month, day, gregorian })
            .ok_or_else(|| DateError::Year { text: text(), year })
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, from 1 (Farvardin) to 12 (Esfand).
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.day
    }

    /// The weekday.
    pub fn weekday(self) -> Weekday {
        self.gregorian.weekday()
    }
}

impl From<NaiveDate> for JalaliDate {
    fn from(date: NaiveDate) -> Self {
        let days = RataDie::new(i64::from(date.num_days_from_ce()));
        let persian = Date::from_rata_die(days, Persian);
        let (month, day) = (persian.month().ordinal, persian.day_of_month().0);
        Self { year: persian.year().extended_year(), month, day, gregorian: date }
    }
}

impl From<JalaliDate> for NaiveDate {
    fn from(date: JalaliDate) -> Self {
        date.gregorian
    }
}

impl fmt::Display for JalaliDate {
    /// `1403/12/30`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}/{:02}/{:02}", self.year, self.month, self.day))
    }
}

impl FromStr for JalaliDate {
    type Err = DateError;

    /// Reads `1403/12/30` and `1403-12-30`, also in Persian and Arabic digits.
    fn from_str(text: &str) -> Result<Self, DateError> {
        let form = || DateError::Form(text.trim().to_owned());
        match numbers(text).as_deref() {
            Some([year, month, day]) => Self::new(signed(*year), *month, *day),
            _ => Err(form()),
        }
    }
}

/// Reads a date of either calendar: years under 1700 are Jalali. Separators are `/` or `-`; digits
/// may be Persian or Arabic.
///
/// # Errors
/// When the text is not a date, or there is no such day.
pub fn parse_date(text: &str) -> Result<NaiveDate, DateError> {
    let Some([year, month, day]) =
        numbers(text).and_then(|numbers| <[u32; 3]>::try_from(numbers).ok())
    else {
        return Err(DateError::Form(text.trim().to_owned()));
    };
    let year = signed(year);
    if year < FIRST_GREGORIAN_YEAR {
        return JalaliDate::new(year, month, day).map(NaiveDate::from);
    }
    NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| {
        let text = text.trim().to_owned();
        let Some(first) = NaiveDate::from_ymd_opt(year, month, 1) else {
            return DateError::Month { text, month };
        };
        let days = u32::from(first.num_days_in_month());
        let why = if (month, day) == (2, 29) {
            format!(": {year} is not a leap year")
        } else {
            String::new()
        };
        let month = chrono::Month::try_from(u8::try_from(month).unwrap_or(1));
        let name = month.map_or("the month", |month| month.name());
        DateError::Day { text, name, year, days, why }
    })
}

/// Whether a Jalali year has 366 days.
pub fn is_leap(year: i32) -> bool {
    days_in_month(year, 12) == 30
}

/// How many days a month has: 31 in the first half of the year, 30 in the second, and 29 in Esfand
/// unless the year is a leap year.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        1..=6 => 31,
        12 => {
            let leap = Date::try_new_persian(year, 1, 1).is_ok_and(|date| date.is_in_leap_year());
            29 + u8::from(leap)
        }
        _ => 30,
    }
}

/// The same day so many months later; the last day of that month, where it has no such day. The end
/// of the calendar, where it does not reach so far.
pub fn months_later(date: NaiveDate, months: u32) -> NaiveDate {
    let date = JalaliDate::from(date);
    let count = i64::from(date.year) * 12 + i64::from(date.month) - 1 + i64::from(months);
    let year = i32::try_from(count / 12).unwrap_or(*YEARS.end()).min(*YEARS.end());
    let month = (count % 12 + 1) as u8;
    let day = date.day.min(days_in_month(year, month));
    JalaliDate::new(year, month.into(), day.into()).unwrap_or(date).into()
}

/// A Jalali year or month: what figures are reported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JalaliPeriod {
    year: i32,
    month: Option<u8>,
}

impl JalaliPeriod {
    /// A whole year.
    ///
    /// # Errors
    /// When the year is not 1 to 1699.
    pub fn of_year(year: i32) -> Result<Self, DateError> {
        Self::checked(year, None, &year.to_string())
    }

    /// One month of a year.
    ///
    /// # Errors
    /// When the year is not 1 to 1699, or the month not 1 to 12.
    pub fn of_month(year: i32, month: u32) -> Result<Self, DateError> {
        Self::checked(year, Some(month), &format!("{year}/{month:02}"))
    }

    /// The month in which a date lies.
    pub fn month_of(date: NaiveDate) -> Self {
        let date = JalaliDate::from(date);
        Self { year: date.year, month: Some(date.month) }
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, unless the period is a whole year.
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// The months of the period, in order.
    pub fn months(self) -> impl Iterator<Item = Self> {
        let months = self.month.map_or(1..=12, |month| month..=month);
        months.map(move |month| Self { month: Some(month), ..self })
    }

    /// The first day of the period.
    pub fn start(self) -> NaiveDate {
        let first = JalaliDate::new(self.year, self.month.unwrap_or(1).into(), 1);
        first.expect("a period lies in the years 1 to 1700 and its month in 1 to 12").into()
    }

    /// The first day after the period.
    pub fn end(self) -> NaiveDate {
        match self.month {
            Some(month @ 1..12) => Self { month: Some(month + 1), ..self }.start(),
            _ => Self { year: self.year + 1, month: None }.start(),
        }
    }

    fn checked(year: i32, month: Option<u32>, text: &str) -> Result<Self, DateError> {
        let text = || text.to_owned();
        if !(1..FIRST_GREGORIAN_YEAR).contains(&year) {
            return Err(DateError::Year { text: text(), year });
        }
        let month = match month {
            None => None,
            Some(month) => match u8::try_from(month) {
                Ok(month @ 1..=12) => Some(month),
                _ => return Err(DateError::Month { text: text(), month }),
            },
        };
        Ok(Self { year, month })
    }
}

impl fmt::Display for JalaliPeriod {
    /// `1403` or `1403/07`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.month {
            Some(month) => f.pad(&format!("{:04}/{month:02}", self.year)),
            None => f.pad(&format!("{:04}", self.year)),
        }
    }
}

impl FromStr for JalaliPeriod {
    type Err = DateError;

    /// Reads `1403`, `1403/07` and `1403-07`, also in Persian and Arabic digits.
    fn from_str(text: &str) -> Result<Self, DateError> {
        match numbers(text).as_deref() {
            Some([year]) => Self::checked(signed(*year), None, text.trim()),
            Some([year, month]) => Self::checked(signed(*year), Some(*month), text.trim()),
            _ => Err(DateError::Period(text.trim().to_owned())),
        }
    }
}

impl Serialize for JalaliDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JalaliDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for JalaliPeriod {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The numbers of `1403/12/30`: a year of four digits, then parts of one or two, with one kind of
/// separator.
fn numbers(text: &str) -> Option<Vec<u32>> {
    // Marks of writing direction come along when a date is copied out of Persian text.
    let text =
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}'));
    let separator = if text.contains('/') { '/' } else { '-' };
    let parts = text.split(separator).enumerate().map(|(place, part)| {
        let digits: Option<Vec<u32>> = part.chars().map(digit).collect();
        let digits = digits?;
        let fits = if place == 0 { digits.len() == 4 } else { (1..=2).contains(&digits.len()) };
        fits.then(|| digits.iter().fold(0, |number, digit| number * 10 + digit))
    });
    parts.take(4).collect()
}

/// The value of a Latin, Persian or Arabic digit.
fn digit(character: char) -> Option<u32> {
    let zero = match character {
        '0'..='9' => '0',
        '۰'..='۹' => '۰',
        '٠'..='٩' => '٠',
        _ => return None,
    };
    Some(u32::from(character) - u32::from(zero))
}

/// A year of four digits.
fn signed(year: u32) -> i32 {
    i32::try_from(year).unwrap_or(i32::MAX)
}

const MONTHS: [(&str, &str); 12] = [
    ("فروردین", "Farvardin"),
    ("اردیبهشت", "Ordibehesht"),
    ("خرداد", "Khordad"),
    ("تیر", "Tir"),
    ("مرداد", "Mordad"),
    ("شهریور", "Shahrivar"),
    ("مهر", "Mehr"),
    ("آبان", "Aban"),
    ("آذر", "Azar"),
    ("دی", "Dey"),
    ("بهمن", "Bahman"),
    ("اسفند", "Esfand"),
];

fn month_names(month: u8) -> (&'static str, &'static str) {
    let place = usize::from(month).checked_sub(1);
    place.and_then(|place| MONTHS.get(place)).copied().unwrap_or_default()
}

/// A month's Persian name; empty when there is no such month.
pub fn month_name_fa(month: u8) -> &'static str {
    month_names(month).0
}

/// A month's name in Latin letters; empty when there is no such month.
pub fn month_name_en(month: u8) -> &'static str {
    month_names(month).1
}

/// A weekday's Persian name.
pub fn weekday_name_fa(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Sat => "شنبه",
        Weekday::Sun => "یکشنبه",
        Weekday::Mon => "دوشنبه",
        Weekday::Tue => "سه‌شنبه",
        Weekday::Wed => "چهارشنبه",
        Weekday::Thu => "پنجشنبه",
        Weekday::Fri => "جمعه",
    }
}

/// A weekday's English name.
pub fn weekday_name_en(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
    }
}
