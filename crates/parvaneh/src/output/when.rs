//! Instants as people and programs read them.

use chrono::{DateTime, NaiveDate, SecondsFormat, Timelike};
use chrono_tz::Tz;
use parvaneh_core::{Instant, jalali::JalaliDate};

use crate::config::Dates;

/// An instant for programs: RFC 3339 with the zone's offset, microseconds only when there are any.
pub(crate) fn rfc3339(at: Instant, zone: Tz) -> String {
    let format = match at.nanosecond() / 1000 {
        0 => SecondsFormat::Secs,
        _ => SecondsFormat::Micros,
    };
    at.with_timezone(&zone).to_rfc3339_opts(format, true)
}

/// The date of an instant for people, in the zone: `1403/12/30`.
pub(crate) fn day(at: Instant, zone: Tz, dates: Dates) -> String {
    date(at.with_timezone(&zone).date_naive(), dates)
}

/// A day for people: `1403/12/30`.
pub(crate) fn date(date: NaiveDate, dates: Dates) -> String {
    match dates {
        Dates::Jalali => JalaliDate::from(date).to_string(),
        Dates::Iso => date.to_string(),
    }
}

/// An instant for people, in the zone: `1403/12/30 14:30`; seconds only when there are any,
/// fractions of them never.
pub(crate) fn minute(at: Instant, zone: Tz, dates: Dates) -> String {
    let local: DateTime<Tz> = at.with_timezone(&zone);
    let time = match local.second() {
        0 => local.format("%H:%M"),
        _ => local.format("%H:%M:%S"),
    };
    format!("{} {time}", day(at, zone, dates))
}
