//! The reckoning of a deadline as a table.

use chrono::NaiveDate;
use parvaneh_core::{
    Calendar, Explanation,
    clock::{Line, Verdict},
    jalali::{self, JalaliDate},
};

use crate::{
    command::date::reasons,
    config::Dates,
    output::{Align, Output, Table, minute},
};

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Which days or hours counted, and why the others did not.
pub(crate) fn text(explanation: &Explanation, calendar: &Calendar, out: &Output) -> String {
    let start = minute(explanation.started_at, calendar.zone(), out.dates);
    let mut head = format!("term      {} from {start}", explanation.term);
    if !explanation.extensions.is_empty() {
        let extensions: Vec<_> = explanation.extensions.iter().map(ToString::to_string).collect();
        let unit = explanation.term.unit.as_str();
        head.push_str(&format!(
            ", extended by {}: {} {unit}",
            extensions.join(" + "),
            explanation.count
        ));
    }
    let columns = [
        ("date", Align::Left),
        ("weekday", Align::Left),
        ("counts", Align::Right),
        ("why", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for line in &explanation.lines {
        let (counts, mut why) = verdict(line, calendar, out);
        if !line.notes.is_empty() {
            let notes = reasons(&line.notes, out);
            why = if why.is_empty() { notes } else { format!("{why} ({notes})") };
        }
        let weekday = out
            .lang
            .of(jalali::weekday_name_fa(line.weekday), jalali::weekday_name_en(line.weekday));
        table.row([date(line.date, out.dates), weekday.to_owned(), counts, why]);
    }
    let mut text = format!("{head}\n{}", table.render(""));
    if explanation.beyond_published {
        text.push_str("\nnote      holidays are not published for all of these days: it may move");
    }
    text
}

fn date(date: NaiveDate, dates: Dates) -> String {
    match dates {
        Dates::Jalali => JalaliDate::from(date).to_string(),
        Dates::Iso => date.to_string(),
    }
}

/// What a line counts, and why.
fn verdict(line: &Line, calendar: &Calendar, out: &Output) -> (String, String) {
    let zone = calendar.zone();
    let minute = |at| minute(at, zone, out.dates);
    let none = || "-".to_owned();
    match &line.verdict {
        Verdict::StartDay => (none(), "the day of the start is not counted".to_owned()),
        Verdict::Counted { number } => (number.to_string(), String::new()),
        Verdict::Ran { from, until, micros, total_micros } => (
            hours(*total_micros),
            format!("{} from {} to {}", hours(*micros), minute(*from), minute(*until)),
        ),
        Verdict::NotWorking { why } => (none(), reasons(why, out)),
        Verdict::Suspended { from, until: Some(until) } => {
            (none(), format!("suspended from {} to {}", minute(*from), minute(*until)))
        }
        Verdict::Suspended { from, until: None } => {
            (none(), format!("suspended since {}", minute(*from)))
        }
        Verdict::RolledForward { number, why } => (
            number.map_or_else(none, |number| number.to_string()),
            format!("the term cannot end here: {}", reasons(why, out)),
        ),
        Verdict::RolledTo => (none(), "the term ends on the next working day".to_owned()),
    }
}

/// A length of time in hours and minutes, seconds where there are any.
fn hours(micros: i64) -> String {
    let (minutes, rest) = (micros / MINUTE, micros % MINUTE);
    let whole = format!("{}:{:02}", minutes / 60, minutes % 60);
    match rest {
        0 => whole,
        rest if rest % 1_000_000 == 0 => format!("{whole}:{:02}", rest / 1_000_000),
        rest => format!("{whole}:{:02}.{:06}", rest / 1_000_000, rest % 1_000_000),
    }
}
