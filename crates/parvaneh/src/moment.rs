//! Instants as they are written on the command line: of either calendar, with or without an
//! offset from UTC.

use chrono::{FixedOffset, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use parvaneh_core::{
    Calendar, Instant, Suspension,
    jalali::{DateError, parse_date},
};

use crate::failure::Failure;

/// What a moment may look like.
const FORMS: &str = "write 2025-03-01T10:00:00+03:30, '2025-03-01 10:00', 2025-03-01, \
                     '1403/12/11 10:00' or 1403/12/11; without an offset it is the calendar's local \
                     time, without a time the beginning of the day";

/// Reads a moment: a date of either calendar, a time, an offset. Time and offset may be left out:
/// then it is the beginning of the day, and the calendar's local time.
///
/// # Errors
/// `not-a-moment`, or the code of a [`DateError`], or `no-such-time` for a time that does not exist
/// or comes twice because clocks were changed.
pub(crate) fn parse(text: &str, calendar: &Calendar) -> Result<Instant, Failure> {
    let text = latin(text);
    let form = || Failure::no("not-a-moment", format!("'{text}' is not a moment")).help(FORMS);
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text.as_str(), ""),
    };
    let date = parse_date(date).map_err(|error| match error {
        DateError::Form(_) => form(),
        other => impossible(&other),
    })?;
    if rest.is_empty() {
        return Ok(calendar.start_of(date));
    }
    let (time, offset) = match rest.find(['Z', 'z', '+', '-', '\u{2212}']) {
        Some(at) => (rest[..at].trim(), Some(&rest[at..])),
        None => (rest, None),
    };
    let time = parse_time(time).ok_or_else(form)?.ok_or_else(|| {
        Failure::no("no-such-time", format!("'{text}': there is no such time of day"))
            .help("times are 00:00 to 23:59:59.999999")
    })?;
    match offset {
        Some(offset) => {
            let offset = parse_offset(offset).ok_or_else(form)?;
            let local = offset.from_local_datetime(&date.and_time(time)).single();
            local.map(|local| local.to_utc()).ok_or_else(form)
        }
        None => local(date, time, calendar, &text),
    }
}

/// Reads the moment at which something ends: a date without a time counts to its end.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_end(text: &str, calendar: &Calendar) -> Result<Instant, Failure> {
    let at = parse(text, calendar)?;
    let text = latin(text);
    let dated = match text.find(['T', 't', ' ']) {
        Some(place) => text[place + 1..].trim().is_empty(),
        None => true,
    };
    let next = at.with_timezone(&calendar.zone()).date_naive().succ_opt();
    Ok(match next {
        Some(next) if dated => calendar.start_of(next),
        _ => at,
    })
}

/// Reads a stretch of time during which a clock does not run: `FROM/TO` or `FROM..TO`. Without
/// `TO`, it has no end yet.
///
/// # Errors
/// As [`parse`], and `not-a-suspension` where there are no two moments, or in the wrong order.
pub(crate) fn parse_suspension(text: &str, calendar: &Calendar) -> Result<Suspension, Failure> {
    let form = || {
        Failure::no("not-a-suspension", format!("'{text}' is not a suspension")).help(
            "write FROM/TO, for example 2025-03-02T10:00:00+03:30/2025-03-05T08:00:00+03:30, or \
             FROM..TO; leave TO out while the clock is suspended",
        )
    };
    // A Jalali date has slashes of its own: the right place is the one with a moment on either side.
    let cuts = text
        .match_indices("..")
        .map(|(at, found)| (&text[..at], &text[at + found.len()..]))
        .chain(text.match_indices('/').map(|(at, _)| (&text[..at], &text[at + 1..])));
    let mut failure = None;
    for (from, until) in cuts {
        let from = parse(from, calendar);
        let until = match until.trim() {
            "" => Ok(None),
            until => parse(until, calendar).map(Some),
        };
        match (from, until) {
            (Ok(from), Ok(until)) if until.is_none_or(|until| from <= until) => {
                return Ok(Suspension { from, until });
            }
            (Ok(_), Ok(_)) => {
                return Err(Failure::no(
                    "not-a-suspension",
                    format!("'{text}': the suspension ends before it begins"),
                )
                .help("write FROM/TO with FROM before TO"));
            }
            // Both are dates, but one of them does not exist: that is what is wrong.
            (from, until) => {
                let told: Vec<_> = from.err().into_iter().chain(until.err()).collect();
                if told.iter().all(|failure| failure.code != "not-a-moment") {
                    failure = failure.or(told.into_iter().next());
                }
            }
        }
    }
    Err(failure.unwrap_or_else(form))
}

/// A date that cannot be, as a failure.
pub(crate) fn impossible(error: &DateError) -> Failure {
    let failure = Failure::no(error.code(), error.to_string());
    match error {
        DateError::Form(_) | DateError::Period(_) => failure,
        _ => failure.help(
            "months 1 to 6 of a Jalali year have 31 days, 7 to 11 have 30, Esfand 29, or 30 in a \
             leap year such as 1403 and 1408; years from 1700 on are Gregorian",
        ),
    }
}

/// `10:00`, `10:00:30`, `10:00:30.25`. The outer `None` says that it is not of this form, the inner
/// one that there is no such time.
fn parse_time(text: &str) -> Option<Option<NaiveTime>> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let parts: Option<Vec<u32>> = clock.split(':').map(two_digits).collect();
    let (hour, minute, second) = match parts?[..] {
        [hour, minute] if fraction.is_none() => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let micros = match fraction {
        None => 0,
        Some(digits) => {
            let fits = !digits.is_empty() && digits.len() <= 9;
            if !fits || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            // What is finer than a microsecond is cut off, as everywhere.
            format!("{digits:0<6}")[..6].parse().ok()?
        }
    };
    Some(NaiveTime::from_hms_micro_opt(hour, minute, second, micros))
}

fn parse_offset(text: &str) -> Option<FixedOffset> {
    if matches!(text, "Z" | "z") {
        return FixedOffset::east_opt(0);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (two_digits(hours)?, two_digits(minutes)?),
        None if rest.len() == 4 => (two_digits(&rest[..2])?, two_digits(&rest[2..])?),
        None => (two_digits(rest)?, 0),
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    FixedOffset::east_opt(sign * seconds)
}

fn two_digits(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// A local time of the calendar's zone, which must exist and come only once.
fn local(
    date: NaiveDate,
    time: NaiveTime,
    calendar: &Calendar,
    text: &str,
) -> Result<Instant, Failure> {
    let zone = calendar.zone();
    let local = date.and_time(time);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(at.to_utc()),
        LocalResult::Ambiguous(first, second) => Err(Failure::no(
            "no-such-time",
            format!("'{text}' comes twice in {zone}: clocks were set back"),
        )
        .help(format!("write {} or {}", first.to_rfc3339(), second.to_rfc3339()))),
        LocalResult::None => {
            let failure = Failure::no(
                "no-such-time",
                format!("'{text}' does not exist in {zone}: clocks were set forward"),
            );
            let before = zone.from_local_datetime(&(local - TimeDelta::hours(3))).earliest();
            Err(match before {
                Some(before) => failure.help(format!(
                    "write the offset from UTC, for example {}",
                    (before + TimeDelta::hours(3)).to_rfc3339()
                )),
                None => failure,
            })
        }
    }
}

/// The text with Latin digits instead of Persian and Arabic ones, and without marks of direction.
fn latin(text: &str) -> String {
    let kept = text.trim().chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}'));
    kept.map(|c| {
        let zero = match c {
            '۰'..='۹' => '۰',
            '٠'..='٩' => '٠',
            _ => return c,
        };
        char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
    })
    .collect()
}
