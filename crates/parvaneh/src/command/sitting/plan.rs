//! `parvaneh sitting plan`.

use clap::{ArgGroup, Args};
use parvaneh_core::{
    SittingId, Term, UnitId,
    calendar::Reason,
    jalali::parse_date,
    sitting::{Closed, Series},
};
use parvaneh_store::{NewSittings, PlannedSitting, Store};
use serde_json::json;
use uuid::Uuid;

use super::{
    By, document, members,
    series::{self, Rhythm},
};
use crate::{
    failure::Failure,
    moment::{self, impossible},
    output::{Align, Output, Table, minute},
    who::person,
};

/// Plan a sitting, or a series of them: all, or none
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("when").required(true).args(["at", "series"])))]
pub(crate) struct Plan {
    /// The unit of the commission
    #[arg(long)]
    unit: String,
    /// The role of its members; may be left out where the unit has one such commission
    #[arg(long)]
    role: Option<String>,
    /// When it sits: '1404/03/06 10:00' or 2025-05-27T10:00; may be given several times
    #[arg(long, value_name = "MOMENT")]
    at: Vec<String>,
    /// A series: 'every 2 weeks on Tuesday 10:00'
    #[arg(long, value_parser = series::parse, requires = "from", requires = "to")]
    series: Option<Rhythm>,
    /// The first date of the series, of either calendar
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last date of the series
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Where it sits
    #[arg(long)]
    place: String,
    /// How many cases it hears
    #[arg(long)]
    capacity: u32,
    /// How long before it the agenda closes: '2 wd'; what the procedure says, if left out
    #[arg(long, value_name = "TERM")]
    cut_off: Option<Term>,
    /// Leave out sittings at which the office is closed
    #[arg(long)]
    skip_closed: bool,
    #[command(flatten)]
    by: By,
}

impl Plan {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let by = person(store, &self.by.actor).await?.id;
        let unit = UnitId::from(self.unit);
        let members = members(store, &unit, self.role).await?;
        let right = store.right_to_sittings(by, &members, &unit).await?;
        let calendars = store.calendars(&right.calendar).await?;
        let organisation = store.organisation().await?;
        let calendar = calendars.for_unit(organisation.path(&unit));
        let instants = match self.series {
            None => self
                .at
                .iter()
                .map(|text| moment::parse(text, calendar).map_err(|failure| failure.at("--at")))
                .collect::<Result<Vec<_>, _>>()?,
            Some(Rhythm { weeks, weekday, time }) => {
                let date = |text: &Option<String>, option: &str| {
                    let text = text.as_deref().unwrap_or_default();
                    parse_date(text).map_err(|error| impossible(&error).at(option))
                };
                let (from, until) = (date(&self.from, "--from")?, date(&self.to, "--to")?);
                let series = Series { weekday, time, weeks, from, until };
                let instants = series.instants(calendar);
                instants.map_err(|error| Failure::no("not-a-series", error.to_string()))?
            }
        };
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let sittings = instants.into_iter().map(|at| (SittingId(Uuid::now_v7()), at)).collect();
        let (cut_off, place, capacity) = (self.cut_off, self.place, self.capacity);
        let skip_closed = self.skip_closed;
        let new = NewSittings { unit, members, sittings, cut_off, place, capacity, skip_closed };
        let planned = store.plan_sittings(by, new).await?;
        tell(&planned, calendar.zone(), out)
    }
}

fn tell(planned: &[PlannedSitting], zone: chrono_tz::Tz, out: &Output) -> Result<(), Failure> {
    if out.json {
        let documents: Vec<_> = planned
            .iter()
            .map(|one| {
                let mut sitting = document(&one.sitting);
                sitting["planned"] = json!(one.planned);
                sitting["office"] = json!(one.closed);
                sitting
            })
            .collect();
        return out.document(&documents);
    }
    let columns = [
        ("sits", Align::Left),
        ("agenda closes", Align::Left),
        ("sitting", Align::Left),
        ("note", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for one in planned {
        let note = one.closed.as_ref().map_or(String::new(), |closed| {
            let why = why_closed(closed);
            if one.planned { format!("warning: {why}") } else { format!("left out: {why}") }
        });
        let id = if one.planned { one.sitting.id.to_string() } else { String::new() };
        table.row([
            minute(one.sitting.at, zone, out.dates),
            minute(one.sitting.closes_at, zone, out.dates),
            id,
            note,
        ]);
    }
    out.line(table.render("nothing was planned"))
}

fn why_closed(closed: &Closed) -> String {
    match closed {
        Closed::Hours => "outside office hours".to_owned(),
        Closed::Day { why } => {
            let row = why.iter().find_map(|reason| match reason {
                Reason::WeeklyDayOff { .. } => None,
                reason => reason.row(),
            });
            row.map_or("no working day".to_owned(), |row| {
                format!("no working day: {} ({})", row.name.fa, row.name.en)
            })
        }
    }
}
