//! `parvaneh deadline`: when a term ends, and why.

mod batch;
pub(crate) mod explain;
mod question;

use std::path::PathBuf;

use parvaneh_core::{Term, calendar::DayEnds};
use serde_json::json;

use self::question::Question;
use crate::{
    calendars::Shelf,
    failure::Failure,
    output::{Output, minute, rfc3339},
};

/// Tell when a term ends, and why
///
/// Terms: '5 wd' (working days), '30 d' (calendar days as the law counts them), '10 wh' (working
/// hours), '48 h' (hours), '1 w' (7 d), '1 mo' (30 d).
///
/// Moments: 2025-03-01T10:00:00+03:30, '2025-03-01 10:00', '1403/12/11 10:00', 1403/12/11; without an
/// offset, the calendar's local time; without a time, the beginning of the day. Needs no database.
///
/// JSON has `deadline` in RFC 3339, with the offset of the calendar's time zone; null, and `suspended`
/// true, while the clock is suspended.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh deadline --calendar ir --term '5 wd' --start 2025-03-01T10:00:00+03:30 --explain
  parvaneh deadline --term '30 d' --start 1403/12/11 --suspend 1403/12/20/1404/01/10 --json
  parvaneh deadline --batch rows.csv

A batch is a CSV file (or - for stdin) with a header. Columns: term and start; and, if you like,
calendar, suspend and extend (several parted by ';'), day_ends, unit; id and note are passed
through. What a row leaves empty, the options say. The answer is the same CSV with the columns
deadline, status (ok, suspended or error), code and message; with --json, one object a line. A
bad row is answered by its error, the others are answered all the same, and the exit code is 1.")]
pub(crate) struct Deadline {
    /// The calendar: a file, or the identifier of the one that the program carries
    #[arg(long, default_value = "ir", value_name = "FILE_OR_ID")]
    calendar: String,
    /// How long the term is: '5 wd', '30 d', '10 wh', '48 h'
    #[arg(long, required_unless_present = "batch")]
    term: Option<String>,
    /// When the clock starts
    #[arg(long, value_name = "MOMENT", required_unless_present = "batch")]
    start: Option<String>,
    /// A time during which the clock does not run; without TO it is still suspended
    #[arg(long, value_name = "FROM/TO")]
    suspend: Vec<String>,
    /// What is added to the term, in the term's own unit
    #[arg(long, value_name = "TERM")]
    extend: Vec<String>,
    /// At which instant of its last day a term in days ends (default: as the calendar says)
    #[arg(long, value_name = "close_of_business|midnight")]
    day_ends: Option<DayEnds>,
    /// The unit whose holidays and hours count: 23 is the province of Tehran
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Tell which days or hours counted, and why the others did not
    #[arg(long)]
    explain: bool,
    /// Answer every row of a CSV file
    #[arg(long, value_name = "FILE", conflicts_with = "explain")]
    batch: Option<PathBuf>,
}

impl Deadline {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        let mut shelf = Shelf::default();
        let defaults = Question {
            calendar: self.calendar,
            term: self.term.unwrap_or_default(),
            start: self.start.unwrap_or_default(),
            suspend: self.suspend,
            extend: self.extend,
            day_ends: self.day_ends,
            unit: self.unit.as_deref().map(Into::into),
        };
        if let Some(file) = &self.batch {
            return batch::run(file, &defaults, &mut shelf, out);
        }
        let answer = defaults.answer(&mut shelf)?;
        let calendar = shelf.get(&defaults.calendar, defaults.unit.as_ref(), defaults.day_ends)?;
        let explanation =
            answer.ledger.explain(calendar).map_err(|error| question::no_deadline(&error))?;
        let zone = calendar.zone();
        if !out.json {
            let text = match answer.deadline {
                Some(deadline) => minute(deadline, zone, out.dates),
                None => "none: the clock is suspended".to_owned(),
            };
            let bold = owo_colors::Style::new().bold();
            if !self.explain {
                return out.line(out.paint(bold, &text));
            }
            out.line(explain::text(&explanation, calendar, out))?;
            return out.line(format!("deadline  {} ({zone})", out.paint(bold, &text)));
        }
        let unit_of_term = answer.ledger.term.unit;
        let extensions: Vec<Term> = (answer.ledger.extensions.iter())
            .map(|count| Term { count: *count, unit: unit_of_term })
            .collect();
        let mut document = json!({
            "deadline": answer.deadline.map(|at| rfc3339(at, zone)),
            "deadline_jalali":
                answer.deadline.map(|at| minute(at, zone, crate::config::Dates::Jalali)),
            "suspended": answer.deadline.is_none(),
            "term": answer.ledger.term,
            "extensions": extensions,
            "start": rfc3339(answer.ledger.started_at, zone),
            "calendar": calendar.id(),
            "zone": zone.name(),
            "unit": defaults.unit,
            "day_ends": calendar.day_ends(),
            "beyond_published": explanation.beyond_published,
        });
        document["calendar_version"] = json!(shelf.version(&defaults.calendar));
        if self.explain {
            document["explanation"] = json!(explanation.lines);
        }
        out.document(&document)
    }
}
