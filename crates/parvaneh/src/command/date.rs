//! `parvaneh date`: a day in both calendars, and whether it is worked.

use chrono::{Datelike, NaiveDate, Utc};
use owo_colors::Style;
use parvaneh_core::{
    Calendar, UnitId,
    calendar::{Day, DayKind, Reason},
    definition::Text,
    jalali::{self, JalaliDate},
};
use serde_json::{Value, json};

use crate::{calendars, config::Lang, failure::Failure, moment::impossible, output::Output};

/// Show days in both calendars: weekday, and whether they are worked or why not
///
/// Years from 1700 on are Gregorian, earlier ones Jalali. The leap years of the Jalali calendar are
/// the astronomical ones (1399, 1403, 1408). A date that does not exist is an error (exit code 1).
/// Needs no database; what was closed by decision, `parvaneh calendar show` tells.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh date 1403/12/30
  parvaneh date 2025-03-20 --json
  parvaneh date --unit 23                today, in the province of Tehran")]
pub(crate) struct Date {
    /// Dates such as 1403/12/30 or 2025-03-20, also in Persian digits; without one, today
    #[arg(value_name = "DATE")]
    days: Vec<String>,
    /// The calendar: a file, or the identifier of the one that the program carries
    #[arg(long, default_value = "ir", value_name = "FILE_OR_ID")]
    calendar: String,
    /// The unit whose holidays and hours count: 23 is the province of Tehran
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
}

impl Date {
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        let mut days = Vec::new();
        for date in &self.days {
            days.push(jalali::parse_date(date).map_err(|error| impossible(&error))?);
        }
        let loaded = calendars::load(&self.calendar)?;
        let unit = self.unit.as_deref().map(UnitId::from);
        let calendar = loaded.of(unit.as_ref())?;
        if days.is_empty() {
            days.push(today(calendar));
        }
        show(&days, calendar, unit.as_ref(), out)
    }
}

/// Tells what kind of days these are, by a calendar.
pub(crate) fn show(
    days: &[NaiveDate],
    calendar: &Calendar,
    unit: Option<&UnitId>,
    out: &Output,
) -> Result<(), Failure> {
    if out.json {
        let mut documents: Vec<Value> =
            days.iter().map(|day| document(*day, calendar, unit)).collect();
        // One date is asked for and one is told; several are a list.
        return match documents.len() {
            1 => out.document(&documents.remove(0)),
            _ => out.document(&documents),
        };
    }
    for (place, day) in days.iter().enumerate() {
        if place > 0 {
            out.line("")?;
        }
        out.line(text(*day, calendar, out))?;
    }
    Ok(())
}

/// Today, in the calendar's time zone.
#[expect(clippy::disallowed_methods, reason = "the edge: a person asks what day it is")]
fn today(calendar: &Calendar) -> NaiveDate {
    calendar.local_date(Utc::now())
}

/// Whether the calendar can tell anything about a date.
fn within_reach(date: NaiveDate, calendar: &Calendar) -> bool {
    let (first, last) = calendar.reach();
    (first..=last).contains(&date)
}

fn document(date: NaiveDate, calendar: &Calendar, unit: Option<&UnitId>) -> Value {
    let jalali = JalaliDate::from(date);
    let weekday = date.weekday();
    let known = within_reach(date, calendar);
    let day = calendar.day(date);
    let (open, why, notes) = match &day.kind {
        DayKind::Open { intervals, notes } => {
            let open: Vec<_> = intervals
                .iter()
                .map(|interval| {
                    json!({
                        "opens": interval.hours.opens.to_string(),
                        "closes": interval.hours.closes.to_string(),
                    })
                })
                .collect();
            (open, Vec::new(), notes.clone())
        }
        DayKind::Closed { why } => (Vec::new(), why.clone(), Vec::new()),
    };
    json!({
        "gregorian": date.to_string(),
        "jalali": jalali.to_string(),
        "weekday": {
            "en": jalali::weekday_name_en(weekday),
            "fa": jalali::weekday_name_fa(weekday),
        },
        "month": {
            "en": jalali::month_name_en(jalali.month()),
            "fa": jalali::month_name_fa(jalali.month()),
        },
        "leap_year": jalali::is_leap(jalali.year()),
        "calendar": calendar.id(),
        "unit": unit,
        "working_day": if known { json!(day.is_open()) } else { Value::Null },
        "open": open,
        "why_not": why,
        "notes": notes,
        "beyond_published": day.beyond_published,
    })
}

fn text(date: NaiveDate, calendar: &Calendar, out: &Output) -> String {
    let jalali = JalaliDate::from(date);
    let weekday = date.weekday();
    let bold = Style::new().bold();
    let fa = format!(
        "{} {} {} {}",
        jalali::weekday_name_fa(weekday),
        jalali.day(),
        jalali::month_name_fa(jalali.month()),
        jalali.year()
    );
    let en = format!(
        "{} {} {} {}",
        jalali::weekday_name_en(weekday),
        jalali.day(),
        jalali::month_name_en(jalali.month()),
        jalali.year()
    );
    let mut lines = vec![
        format!(
            "Jalali     {}  {en}  {}",
            out.paint(bold, &jalali.to_string()),
            crate::output::isolate(out.terminal, &fa)
        ),
        format!(
            "Gregorian  {}  {}",
            out.paint(bold, &date.to_string()),
            date.format("%A %-d %B %Y")
        ),
    ];
    if !within_reach(date, calendar) {
        let (first, last) = calendar.reach();
        lines.push(format!(
            "Working    not known: the calendar '{}' reaches from {first} to {last}",
            calendar.id()
        ));
        return lines.join("\n");
    }
    let day = calendar.day(date);
    lines.push(format!("Working    {}", working(&day, out)));
    if day.beyond_published {
        lines.push("           holidays are not published for this date: it may become one".into());
    }
    lines.join("\n")
}

/// Whether a day is worked and when, or why not.
fn working(day: &Day, out: &Output) -> String {
    match &day.kind {
        DayKind::Open { intervals, notes } => {
            let hours: Vec<_> =
                intervals.iter().map(|interval| interval.hours.to_string()).collect();
            let mut text =
                format!("{}, {}", out.paint(Style::new().green(), "yes"), hours.join(" and "));
            if !notes.is_empty() {
                text.push_str(&format!(" ({})", reasons(notes, out)));
            }
            text
        }
        DayKind::Closed { why } => {
            format!("{}: {}", out.paint(Style::new().red(), "no"), reasons(why, out))
        }
    }
}

/// Why a day is not worked, or what is unusual about it, in words.
pub(crate) fn reasons(reasons: &[Reason], out: &Output) -> String {
    let words = reasons.iter().map(|reason| match reason {
        Reason::NoHours => "the calendar tells no hours for this date".to_owned(),
        Reason::WeeklyDayOff { .. } => "weekly day off".to_owned(),
        Reason::Holiday { row } => format!("holiday: {}", named(&row.name, out)),
        Reason::Closure { row, hours: None } => format!("closed: {}", named(&row.name, out)),
        Reason::Closure { row, hours: Some(hours) } => {
            let hours: Vec<_> = hours.iter().map(ToString::to_string).collect();
            format!("closed {}: {}", hours.join(", "), named(&row.name, out))
        }
        Reason::ExtraWorkingDay { row } => {
            format!("extra working day: {}", named(&row.name, out))
        }
    });
    words.collect::<Vec<_>>().join("; ")
}

/// A name in the language that was asked for; in English, with the Persian one behind it.
fn named(names: &Text, out: &Output) -> String {
    let fa = crate::output::isolate(out.terminal, &names.fa);
    match out.lang {
        Lang::Fa => fa,
        Lang::En if names.fa.is_empty() || names.fa == names.en => names.en.clone(),
        Lang::En => format!("{} ({fa})", names.en),
    }
}
