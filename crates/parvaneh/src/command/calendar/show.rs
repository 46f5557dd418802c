//! `parvaneh calendar show`: days by the calendar that is in force.

use clap::Args;
use parvaneh_core::{CalendarId, jalali};

use crate::{
    command::date,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    moment::impossible,
    output::Output,
    who::find_unit,
};

/// Show days by the calendar that is in force, with every closure
///
/// `parvaneh date` does the same without a database, by the published calendar alone.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Dates of either calendar; without one, today by the engine's clock
    #[arg(value_name = "DATE")]
    days: Vec<String>,
    /// The unit whose holidays, hours and closures count: identifier or name
    #[arg(long)]
    unit: Option<String>,
    /// The calendar
    #[arg(long, default_value = "ir", value_name = "CALENDAR")]
    calendar: String,
}

impl Show {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let mut days = Vec::new();
        for day in &self.days {
            days.push(jalali::parse_date(day).map_err(|error| impossible(&error))?);
        }
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let organisation = store.organisation().await?;
            let unit =
                self.unit.as_deref().map(|text| find_unit(&organisation, text)).transpose()?;
            let calendars = store.calendars(&CalendarId::from(self.calendar.as_str())).await?;
            let calendar = match &unit {
                Some(unit) => calendars.for_unit(organisation.path(unit)),
                None => calendars.national(),
            };
            if days.is_empty() {
                days.push(calendar.local_date(store.now().await?));
            }
            date::show(&days, calendar, unit.as_ref(), out)
        })
    }
}
