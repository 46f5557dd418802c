//! From local times to instants, also where the clock on the wall changes.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The instant, in microseconds since 1970, of a local time given in minutes since 00:00.
///
/// A time that comes twice, when clocks are set back, is the first of the two. A time that never
/// comes, when clocks are set forward, is the instant of the change.
pub(super) fn instant(zone: Tz, date: NaiveDate, minutes: u16) -> i64 {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    let local = midnight.checked_add_signed(chrono::Duration::minutes(i64::from(minutes)));
    instant_of(zone, local.unwrap_or(midnight))
}

/// As [`instant`], of a local date and time.
pub(super) fn instant_of(zone: Tz, local: NaiveDateTime) -> i64 {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.timestamp_micros(),
        LocalResult::None => first_after_gap(zone, local),
    }
}

/// The instant of the change of clocks that leaves `local` out.
fn first_after_gap(zone: Tz, local: NaiveDateTime) -> i64 {
    const DAY: i64 = 86_400_000_000;
    let as_utc = local.and_utc().timestamp_micros();
    // No offset is more than 15 hours, no gap more than a day.
    let (mut before, mut after) = (as_utc - 2 * DAY, as_utc + 2 * DAY);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if local_time(zone, middle) < local {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

/// Whether an instant lies in the years 0 to 9999, in which every local time can be told.
pub(super) fn can_tell(at: i64) -> bool {
    (-62_167_219_200_000_000..253_402_300_800_000_000).contains(&at)
}

/// The clock on the wall at an instant in microseconds since 1970; that of the nearest instant that
/// can be told, outside the years 0 to 9999.
pub(super) fn local_time(zone: Tz, at: i64) -> NaiveDateTime {
    let at = at.clamp(-62_167_219_200_000_000, 253_402_300_799_999_999);
    let at = DateTime::<Utc>::from_timestamp_micros(at).unwrap_or_default();
    at.with_timezone(&zone).naive_local()
}
