//! Dates in the Jalali calendar, against dates that are known.
#![allow(clippy::unwrap_used)]

use chrono::{NaiveDate, Weekday};
use parvaneh_core::jalali::{
    DateError, JalaliDate, JalaliPeriod, days_in_month, is_leap, parse_date, weekday_name_fa,
};

fn gregorian(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Nowruz as it was celebrated, and as the Calendar Centre of the University of Tehran has
/// computed it: the 21st of March but for these years.
#[test]
fn nowruz_from_1375_to_1409() {
    let on_the_20th = [1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1407, 1408];
    for year in 1375..=1409 {
        let day = if on_the_20th.contains(&year) { 20 } else { 21 };
        let expected = NaiveDate::from_ymd_opt(year + 621, 3, day).unwrap();
        let nowruz = JalaliDate::new(year, 1, 1).unwrap();
        assert_eq!(NaiveDate::from(nowruz), expected, "1 Farvardin {year}");
        assert_eq!(JalaliDate::from(expected), nowruz);
    }
}

#[test]
fn leap_years_are_the_astronomical_ones() {
    let leap: Vec<i32> = (1370..=1415).filter(|year| is_leap(*year)).collect();
    assert_eq!(leap, [1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412]);
}

#[test]
fn every_day_of_two_centuries_goes_there_and_back() {
    let mut expected = JalaliDate::from(gregorian("1900-01-01"));
    for date in gregorian("1900-01-01").iter_days().take(73_000) {
        let jalali = JalaliDate::from(date);
        assert_eq!(jalali, expected);
        assert_eq!(NaiveDate::from(jalali), date);
        assert_eq!(jalali.to_string().parse(), Ok(jalali));
        let (year, month, day) = (jalali.year(), jalali.month(), jalali.day());
        expected = if day < days_in_month(year, month) {
            JalaliDate::new(year, month.into(), u32::from(day) + 1).unwrap()
        } else if month < 12 {
            JalaliDate::new(year, u32::from(month) + 1, 1).unwrap()
        } else {
            JalaliDate::new(year + 1, 1, 1).unwrap()
        };
    }
}

#[test]
fn either_calendar_is_read() {
    for (text, expected) in [
        ("1403/12/30", "2025-03-20"),
        ("1403-12-30", "2025-03-20"),
        ("۱۴۰۳/۱۲/۳۰", "2025-03-20"),
        ("١٤٠٣/١٢/٣٠", "2025-03-20"),
        (" \u{200f}۱۴۰۳/۱/۱\u{200e} ", "2024-03-20"),
        ("2025-03-20", "2025-03-20"),
        ("2025/3/20", "2025-03-20"),
        ("2024-02-29", "2024-02-29"),
        ("1700-01-01", "1700-01-01"),
        ("1699/01/01", "2320-03-21"),
        ("1357/11/22", "1979-02-11"),
        ("1304/01/11", "1925-03-31"),
    ] {
        assert_eq!(parse_date(text), Ok(gregorian(expected)), "{text}");
    }
    let date: JalaliDate = "1403/12/30".parse().unwrap();
    assert_eq!(date.weekday(), Weekday::Thu);
    assert_eq!(weekday_name_fa(date.weekday()), "پنجشنبه");
}

#[test]
fn what_does_not_exist_is_refused_with_the_reason() {
    for (text, code, message) in [
        (
            "1402/12/30",
            "no-such-day",
            "'1402/12/30' does not exist: Esfand 1402 has 29 days: 1402 is not a leap year",
        ),
        ("1403/07/31", "no-such-day", "'1403/07/31' does not exist: Mehr 1403 has 30 days"),
        ("1403/01/00", "no-such-day", "'1403/01/00' does not exist: Farvardin 1403 has 31 days"),
        ("1403/13/01", "no-such-month", "'1403/13/01': there is no month 13, months are 1 to 12"),
        ("2025-13-01", "no-such-month", "'2025-13-01': there is no month 13, months are 1 to 12"),
        (
            "2025-02-29",
            "no-such-day",
            "'2025-02-29' does not exist: February 2025 has 28 days: 2025 is not a leap year",
        ),
        ("0000/01/01", "year-out-of-range", "'0000/01/01': the year 0 is out of range"),
    ] {
        let error = parse_date(text).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message));
    }
    for text in [
        "",
        "1403",
        "1403/12",
        "1403/12/30/1",
        "1403/12-30",
        "03/12/30",
        "1403/012/30",
        "1403//30",
        "1403/12/",
        "1403.12.30",
        "-1403/12/30",
        "1403/12/3०",
        "+1403/12/30",
        "99999999999/1/1",
    ] {
        assert_eq!(parse_date(text).unwrap_err().code(), "not-a-date", "{text}");
    }
}

#[test]
fn periods_are_years_and_months() {
    for (text, start, end) in [
        ("1403", "2024-03-20", "2025-03-21"),
        ("1404", "2025-03-21", "2026-03-21"),
        ("1403/07", "2024-09-22", "2024-10-22"),
        ("1403-12", "2025-02-19", "2025-03-21"),
        ("۱۴۰۲/۱۲", "2024-02-20", "2024-03-20"),
    ] {
        let period: JalaliPeriod = text.parse().unwrap();
        assert_eq!((period.start(), period.end()), (gregorian(start), gregorian(end)), "{text}");
    }
    let year: JalaliPeriod = "1403".parse().unwrap();
    let months: Vec<String> = year.months().map(|month| month.to_string()).collect();
    assert_eq!((months.len(), &*months[0], &*months[11]), (12, "1403/01", "1403/12"));
    let mut end = year.start();
    for month in year.months() {
        assert_eq!(month.start(), end);
        end = month.end();
        assert_eq!(JalaliPeriod::month_of(month.start()), month);
    }
    assert_eq!(end, year.end());
    for (text, code) in [
        ("2025", "year-out-of-range"),
        ("1403/13", "no-such-month"),
        ("1403/00", "no-such-month"),
        ("1403/01/01", "not-a-period"),
        ("Mehr", "not-a-period"),
    ] {
        let error: DateError = text.parse::<JalaliPeriod>().unwrap_err();
        assert_eq!(error.code(), code, "{text}");
    }
}
