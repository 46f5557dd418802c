//! `parvaneh clock`: the time by which the engine lives, and moving it in a sandbox.

mod advance;

use chrono::TimeDelta;
use clap::Subcommand;
use parvaneh_core::Instant;
use parvaneh_store::{EngineClock, Store, StoreError};
use parvaneh_worker::Totals;
use serde_json::{Value, json};

use crate::{
    calendars,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    moment,
    output::{Output, minute, rfc3339},
};

/// Show the engine's clock; in a sandbox, move it
///
/// When the clock moves, the engine lives the time between: it stops at every instant at which
/// something falls due, and warnings, escalations and silence take effect there. Only a sandbox
/// (`parvaneh migrate --sandbox`, `parvaneh demo`) has a movable clock; any other database refuses.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh clock advance 30d
  parvaneh clock advance '1d 12h'
  parvaneh clock set '1404/01/05 09:00'")]
pub(crate) struct Clock {
    #[command(subcommand)]
    change: Option<Change>,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
enum Change {
    /// Show what the clock shows (the default)
    Show,
    /// Move it forward: 30d, 48h, 90min, 2w, '1d 12h'
    Advance {
        /// By how much
        #[arg(value_parser = parse_length)]
        by: TimeDelta,
    },
    /// Move it forward to an instant
    Set {
        /// To when: 2025-03-01T10:00:00+03:30, '1404/01/05 09:00'
        to: String,
    },
    /// Let it stand still
    Freeze,
    /// Let it run on from where it stands
    Run,
}

impl Clock {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Finish, async |database, shutdown| {
            let store = &database.store;
            let clock = store.clock().await?;
            let change = self.change.unwrap_or(Change::Show);
            let target = match &change {
                Change::Show => return show(&clock, out),
                _ if !clock.sandbox => return Err(StoreError::NotSandbox.into()),
                Change::Freeze => {
                    store.sandbox_clock().set_frozen(clock.now).await?;
                    return show(&store.clock().await?, out);
                }
                Change::Run => {
                    if clock.frozen {
                        store.sandbox_clock().run().await?;
                    }
                    return show(&store.clock().await?, out);
                }
                Change::Advance { by } => clock.now.checked_add_signed(*by).ok_or_else(|| {
                    Failure::no("clock_refused", "the clock cannot be moved that far")
                })?,
                Change::Set { to } => parse_instant(to)?,
            };
            if target < clock.now {
                let message = "a clock is moved forward only: the past has been recorded";
                return Err(Failure::no("clock_refused", message));
            }
            let lived = advance::to(store, target, &shutdown).await?;
            tell(store, clock.now, &lived, out).await
        })
    }
}

/// An instant, in the time zone of the calendar that the program carries where none is told.
fn parse_instant(text: &str) -> Result<Instant, Failure> {
    moment::parse(text, calendars::load("ir")?.calendars.national())
}

/// A length of time: `30d`, `48 h`, `1d 12h`.
fn parse_length(text: &str) -> Result<TimeDelta, String> {
    let form =
        || format!("'{text}' is not a length of time: write 30d, 48h, 90min, 2w or '1d 12h'");
    let mut rest = text.trim();
    let mut length = TimeDelta::zero();
    if rest.is_empty() {
        return Err(form());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let count: i64 = rest[..digits].parse().map_err(|_| form())?;
        rest = rest[digits..].trim_start();
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let seconds: i64 = match &rest[..letters] {
            "s" => 1,
            "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(form()),
        };
        rest = rest[letters..].trim_start();
        let more = count.checked_mul(seconds).and_then(TimeDelta::try_seconds).ok_or_else(form)?;
        length = length.checked_add(&more).ok_or_else(form)?;
    }
    // A sandbox lives decades at most; the calendar would end.
    if length > TimeDelta::days(36_525) {
        return Err(format!("'{text}' is more than a hundred years"));
    }
    Ok(length)
}

fn document(clock: &EngineClock) -> Value {
    let zone = chrono_tz::Asia::Tehran;
    json!({
        "now": rfc3339(clock.now, zone),
        "jalali": minute(clock.now, zone, crate::config::Dates::Jalali),
        "sandbox": clock.sandbox,
        "frozen": clock.frozen,
    })
}

fn text(clock: &EngineClock, out: &Output) -> String {
    let kind = match (clock.sandbox, clock.frozen) {
        (false, _) => "the server's clock",
        (true, false) => "a sandbox's clock, running",
        (true, true) => "a sandbox's clock, standing still",
    };
    format!("{} ({kind})", minute(clock.now, chrono_tz::Asia::Tehran, out.dates))
}

fn show(clock: &EngineClock, out: &Output) -> Result<(), Failure> {
    if out.json { out.document(&document(clock)) } else { out.line(text(clock, out)) }
}

async fn tell(store: &Store, from: Instant, lived: &Totals, out: &Output) -> Result<(), Failure> {
    let clock = store.clock().await?;
    if out.json {
        let mut answer = document(&clock);
        answer["from"] = json!(rfc3339(from, chrono_tz::Asia::Tehran));
        answer["events"] = json!(lived.events);
        answer["notices"] = json!(lived.notices);
        answer["parked"] = json!(lived.parked);
        return out.document(&answer);
    }
    out.line(text(&clock, out))?;
    out.line(format!("meanwhile: {} events, {} notices", lived.events, lived.notices))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read() {
        for (text, hours) in
            [("30d", 720), ("48 h", 48), ("1d 12h", 36), ("1d12h", 36), ("2w", 336), ("120min", 2)]
        {
            assert_eq!(parse_length(text), Ok(TimeDelta::hours(hours)), "{text}");
        }
        for text in ["", "30", "d", "30x", "-1d", "1.5d", "99999999999999999999d", "200000w"] {
            assert!(parse_length(text).is_err(), "{text}");
        }
    }
}
