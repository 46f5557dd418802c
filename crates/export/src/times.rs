//! Instants as they are written: fast, because there are two in every row.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use parvaneh_core::{Instant, JalaliDate};

/// For how long the distance to UTC stays what it is, in seconds: zones change at full quarters of an hour.
const STEADY: i64 = 900;

/// Writes instants as those of a zone. Looks up only what the last one was not.
#[derive(Debug)]
pub(crate) struct Times {
    zone: Tz,
    quarter: i64,
    /// The distance to UTC in that quarter of an hour, in seconds.
    offset: i32,
    day: i32,
    /// The Jalali date of that day.
    jalali: String,
}

impl Times {
    pub(crate) fn new(zone: Tz) -> Self {
        Self { zone, quarter: i64::MIN, offset: 0, day: i32::MIN, jalali: String::new() }
    }

    /// The local time.
    pub(crate) fn local(&mut self, at: Instant) -> NaiveDateTime {
        let quarter = at.timestamp().div_euclid(STEADY);
        if quarter != self.quarter {
            self.quarter = quarter;
            let offset = self.zone.offset_from_utc_datetime(&at.naive_utc());
            self.offset = offset.fix().local_minus_utc();
        }
        at.naive_utc() + TimeDelta::seconds(i64::from(self.offset))
    }

    /// `2026-11-22T19:50:00+03:30`, with as many digits of a second as it has.
    pub(crate) fn iso(&mut self, at: Instant, out: &mut Vec<u8>) {
        let local = self.local(at);
        stamp(local, out);
        if self.offset == 0 {
            out.push(b'Z');
            return;
        }
        let minutes = self.offset.unsigned_abs() / 60;
        out.push(if self.offset < 0 { b'-' } else { b'+' });
        two(minutes / 60, out);
        out.push(b':');
        two(minutes % 60, out);
    }

    /// `1405/09/01 19:50`.
    pub(crate) fn jalali(&mut self, at: Instant, out: &mut Vec<u8>) {
        let local = self.local(at);
        let day = local.date().num_days_from_ce();
        if day != self.day {
            self.day = day;
            self.jalali = JalaliDate::from(local.date()).to_string();
        }
        out.extend_from_slice(self.jalali.as_bytes());
        out.push(b' ');
        two(local.hour(), out);
        out.push(b':');
        two(local.minute(), out);
    }
}

/// The same in UTC, for what is read by programs alone.
pub(crate) struct Utc(pub(crate) Instant);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(28);
        stamp(DateTime::naive_utc(&self.0), &mut out);
        f.write_str(&String::from_utf8_lossy(&out))?;
        f.write_str("Z")
    }
}

fn stamp(local: NaiveDateTime, out: &mut Vec<u8>) {
    let year = local.year().unsigned_abs();
    two(year / 100, out);
    two(year % 100, out);
    out.push(b'-');
    two(local.month(), out);
    out.push(b'-');
    two(local.day(), out);
    out.push(b'T');
    two(local.hour(), out);
    out.push(b':');
    two(local.minute(), out);
    out.push(b':');
    two(local.second(), out);
    let micros = local.nanosecond() / 1_000 % 1_000_000;
    if micros != 0 {
        out.push(b'.');
        two(micros / 10_000, out);
        two(micros / 100 % 100, out);
        two(micros % 100, out);
    }
}

/// A number below a hundred, in two digits.
fn two(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_its_zone_has_it() {
        let mut times = Times::new(chrono_tz::Asia::Tehran);
        for (instant, iso, jalali) in [
            ("2024-04-20T06:30:00Z", "2024-04-20T10:00:00+03:30", "1403/02/01 10:00"),
            ("2026-11-22T20:29:59.000120Z", "2026-11-22T23:59:59.000120+03:30", "1405/09/01 23:59"),
            ("2026-11-22T20:30:00Z", "2026-11-23T00:00:00+03:30", "1405/09/02 00:00"),
            // Summer time, as long as there was one.
            ("2021-06-01T00:00:00Z", "2021-06-01T04:30:00+04:30", "1400/03/11 04:30"),
        ] {
            let at: Instant = instant.parse().unwrap();
            let (mut told, mut day) = (Vec::new(), Vec::new());
            times.iso(at, &mut told);
            times.jalali(at, &mut day);
            assert_eq!(String::from_utf8(told).unwrap(), iso);
            assert_eq!(String::from_utf8(day).unwrap(), jalali);
            let back: Instant = iso.parse::<DateTime<chrono::FixedOffset>>().unwrap().into();
            assert_eq!(back, at);
            assert_eq!(Utc(at).to_string().parse::<Instant>().unwrap(), at);
        }
    }
}
