//! `parvaneh sitting list` and `show`.

use chrono_tz::Tz;
use clap::Args;
use parvaneh_core::{RoleId, SittingId, UnitId, sitting::SittingState};
use parvaneh_store::{SittingRow, SittingsQuery, Store};
use serde_json::{Value, json};

use super::{agenda, document, parse_sitting, state_name, zone};
use crate::{
    failure::Failure,
    moment,
    names::Names,
    output::{Align, Output, Table, minute},
};

/// List sittings by their dates
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of commissions at this unit or below it
    #[arg(long)]
    unit: Option<String>,
    /// Only those of these members
    #[arg(long)]
    role: Option<String>,
    /// Only those from this moment on; from now on, if left out
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Only those before this moment
    #[arg(long, value_name = "MOMENT")]
    to: Option<String>,
    /// Also those of the past
    #[arg(long, conflicts_with = "from")]
    all: bool,
    /// How many at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

/// Show a sitting with its agenda
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The sitting's identifier
    #[arg(value_parser = parse_sitting)]
    sitting: SittingId,
}

impl List {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let calendars = calendars(store).await?;
        let moment = |text: &Option<String>, option: &str| match (text, &calendars) {
            (Some(text), Some(calendars)) => moment::parse(text, calendars.national())
                .map(Some)
                .map_err(|failure| failure.at(option)),
            _ => Ok(None),
        };
        let from = match moment(&self.from, "--from")? {
            None if !self.all => Some(store.now().await?),
            from => from,
        };
        let query = SittingsQuery {
            within: self.unit.map(UnitId::from),
            members: self.role.map(RoleId::from),
            from,
            until: moment(&self.to, "--to")?,
            limit: self.limit,
            ..SittingsQuery::default()
        };
        let rows = store.sittings(&query).await?;
        if out.json {
            return out.document(&rows.iter().map(whole).collect::<Vec<_>>());
        }
        let names = Names::open(store, out).await?;
        let zone = zone(store).await?;
        let columns = [
            ("sits", Align::Left),
            ("agenda closes", Align::Left),
            ("unit", Align::Left),
            ("members", Align::Left),
            ("taken", Align::Right),
            ("of", Align::Right),
            ("state", Align::Left),
            ("sitting", Align::Left),
        ];
        let mut table = Table::new(out, &columns);
        for SittingRow { sitting, .. } in &rows {
            table.row([
                minute(sitting.at, zone, out.dates),
                minute(sitting.closes_at, zone, out.dates),
                names.unit(&sitting.unit),
                sitting.members.to_string(),
                sitting.taken.to_string(),
                sitting.capacity.to_string(),
                state_name(&sitting.state).to_owned(),
                sitting.id.to_string(),
            ]);
        }
        out.line(table.render("no sittings"))
    }
}

impl Show {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let row = store.sitting(self.sitting).await?;
        let items = store.agenda(self.sitting).await?;
        if out.json {
            let mut document = whole(&row);
            document["agenda"] = items.iter().map(agenda::document).collect();
            return out.document(&document);
        }
        let names = Names::open(store, out).await?;
        let zone = zone(store).await?;
        out.line(heading(&row, &names, zone, out))?;
        out.line(agenda::table(&items, zone, out))
    }
}

/// A sitting in some lines.
pub(super) fn heading(row: &SittingRow, names: &Names, zone: Tz, out: &Output) -> String {
    let sitting = &row.sitting;
    let state = match &sitting.state {
        SittingState::Planned => "planned".to_owned(),
        SittingState::Held { minutes } => format!("held, minutes {minutes}"),
        SittingState::Cancelled { reason } => format!("cancelled: {reason}"),
    };
    format!(
        "{} of {} at {}, {}\nagenda closes {} ({} before); {} of {} places taken; {state}",
        minute(sitting.at, zone, out.dates),
        sitting.members,
        out.isolate(&names.unit(&sitting.unit)),
        out.isolate(&row.place),
        minute(sitting.closes_at, zone, out.dates),
        row.cut_off,
        sitting.taken,
        sitting.capacity,
    )
}

fn whole(row: &SittingRow) -> Value {
    let mut document = document(&row.sitting);
    document["place"] = json!(row.place);
    document["cut_off"] = json!(row.cut_off);
    document["planned_by"] = json!(row.planned_by);
    document["planned_at"] = json!(row.planned_at);
    document["settled_at"] = json!(row.settled_at);
    document
}

/// The calendar of the first published procedure, by which moments are read.
async fn calendars(
    store: &Store,
) -> Result<Option<std::sync::Arc<parvaneh_core::Calendars>>, Failure> {
    let Some(published) = store.definitions().await?.into_iter().next() else { return Ok(None) };
    let definition = store.definition(&published.workflow, Some(published.version)).await?;
    Ok(Some(store.calendars(&definition.calendar).await?))
}
