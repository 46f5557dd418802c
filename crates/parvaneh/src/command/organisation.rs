//! `parvaneh organisation`: the units.

use clap::Subcommand;
use parvaneh_core::{UnitId, definition::Level};
use serde_json::json;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
    who::level_name,
};

/// Look at the organisation: the nation, its provinces and counties
#[derive(Debug, Subcommand)]
pub(crate) enum Organisation {
    /// List units with their identifiers
    List {
        /// Only this unit and those below it
        #[arg(long, value_name = "UNIT")]
        within: Option<String>,
        /// Only units of this level
        #[arg(long, value_enum)]
        level: Option<LevelName>,
    },
}

/// A level on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LevelName {
    County,
    Province,
    National,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::County => Self::County,
            LevelName::Province => Self::Province,
            LevelName::National => Self::National,
        }
    }
}

impl Organisation {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let Self::List { within, level } = self;
        let (within, level) = (within.map(UnitId::from), level.map(Level::from));
        with_database(options, OnSignal::Leave, async |database, _| {
            let organisation = database.store.organisation().await?;
            if let Some(unit) = within.as_ref().filter(|unit| organisation.get(unit).is_none()) {
                return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'")));
            }
            let mut units: Vec<_> = organisation
                .units()
                .filter(|unit| level.is_none_or(|level| unit.level == level))
                .filter(|unit| {
                    within.as_ref().is_none_or(|above| organisation.contains(above, &unit.id))
                })
                .collect();
            // A county's identifier begins with that of its province, apart from the youngest.
            let path = |unit: &parvaneh_core::Unit| {
                let mut path: Vec<_> = organisation.path(&unit.id).cloned().collect();
                path.reverse();
                path
            };
            units.sort_by_cached_key(|unit| path(unit));
            if out.json {
                let units: Vec<_> = units
                    .iter()
                    .map(|unit| {
                        json!({
                            "id": unit.id,
                            "parent": unit.parent,
                            "level": unit.level,
                            "title": unit.title,
                        })
                    })
                    .collect();
                return out.document(&units);
            }
            let columns = [
                ("unit", Align::Left),
                ("level", Align::Left),
                ("name", Align::Left),
                ("نام", Align::Left),
                ("in", Align::Left),
            ];
            let mut table = Table::new(out, &columns);
            for unit in units {
                let parent = unit.parent.as_ref().map_or("", |parent| parent.as_str());
                table.row([
                    unit.id.as_str(),
                    level_name(unit.level),
                    &unit.title.en,
                    &unit.title.fa,
                    parent,
                ]);
            }
            out.line(table.render("no units"))
        })
    }
}
