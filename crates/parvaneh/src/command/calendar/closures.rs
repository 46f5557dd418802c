//! `parvaneh calendar closures`: what is closed, or was.

use chrono::{Days, NaiveDate};
use clap::Args;
use parvaneh_core::{CalendarId, JalaliDate, JalaliPeriod};
use parvaneh_store::{ClosureRow, ClosuresQuery};
use serde_json::{Value, json};

use crate::{
    config::{Dates, Options},
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
    who::find_unit,
};

/// List the closures that were decided on
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those that bear on this unit: identifier or name
    #[arg(long)]
    unit: Option<String>,
    /// Only those of a Jalali year, or of a month: 1403, 1403/10
    #[arg(long, value_name = "PERIOD")]
    year: Option<JalaliPeriod>,
    /// Also those that were taken back
    #[arg(long)]
    all: bool,
    /// The calendar
    #[arg(long, default_value = "ir", value_name = "CALENDAR")]
    calendar: String,
}

impl List {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let organisation = store.organisation().await?;
            let unit =
                self.unit.as_deref().map(|text| find_unit(&organisation, text)).transpose()?;
            let calendar = CalendarId::from(self.calendar.as_str());
            store.calendars(&calendar).await?;
            let query = ClosuresQuery {
                unit,
                from: self.year.map(JalaliPeriod::start),
                until: self.year.map(|year| year.end() - Days::new(1)),
                all: self.all,
                ..ClosuresQuery::default()
            };
            let rows = store.closures(&calendar, &query).await?;
            if out.json {
                return out.document(&rows.iter().map(document).collect::<Vec<_>>());
            }
            let columns = [
                ("closure", Align::Right),
                ("unit", Align::Left),
                ("date", Align::Left),
                ("hours", Align::Left),
                ("reason", Align::Left),
                ("state", Align::Left),
            ];
            let mut table = Table::new(out, &columns);
            for row in &rows {
                let unit = &row.closure.unit;
                let title = organisation.get(unit);
                let title = title.map_or("", |one| out.lang.of(&one.title.fa, &one.title.en));
                let state = match &row.reopened_reason {
                    None => "in force".to_owned(),
                    Some(reason) => format!("taken back: {reason}"),
                };
                table.row([
                    row.closure.no.to_string(),
                    format!("{title} ({unit})"),
                    date_text(row.closure.date, out),
                    row.closure.hours.map_or("whole day".to_owned(), |hours| hours.to_string()),
                    row.closure.reason.clone(),
                    state,
                ]);
            }
            out.line(table.render("nothing was closed by decision"))
        })
    }
}

/// A date as people asked to see dates.
pub(super) fn date_text(date: NaiveDate, out: &Output) -> String {
    match out.dates {
        Dates::Jalali => JalaliDate::from(date).to_string(),
        Dates::Iso => date.to_string(),
    }
}

pub(super) fn document(row: &ClosureRow) -> Value {
    let closure = &row.closure;
    json!({
        "no": closure.no,
        "calendar": row.calendar,
        "unit": closure.unit,
        "date": closure.date,
        "jalali": JalaliDate::from(closure.date),
        "hours": closure.hours.map(|hours| hours.to_string()),
        "reason": closure.reason,
        "closed_by": row.closed_by,
        "closed_at": row.closed_at,
        "in_force": row.is_in_force(),
        "reopened_by": row.reopened_by,
        "reopened_at": row.reopened_at,
        "reopened_reason": row.reopened_reason,
    })
}
