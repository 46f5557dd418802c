//! The data that the program carries with it: it works from the binary alone.

use std::{collections::HashMap, sync::OnceLock};

use parvaneh_core::{
    Unit, UnitId,
    definition::{Level, Text},
};
use parvaneh_store::UnitRow;
use serde::Deserialize;

use crate::failure::Failure;

macro_rules! shipped {
    ($workflow:literal) => {
        (
            concat!("workflows/", $workflow, "/v1.yaml"),
            include_str!(concat!("../../../workflows/", $workflow, "/v1.yaml")),
        )
    };
}

/// The official calendar of Iran.
pub(crate) const CALENDAR_IR: &str = include_str!("../../../workflows/calendars/ir.yaml");
/// The name under which problems of [`CALENDAR_IR`] are told.
pub(crate) const CALENDAR_IR_FILE: &str = "workflows/calendars/ir.yaml";
/// The definitions that a new database starts with: the name under which problems of each are
/// told, and its text.
pub(crate) const DEFINITIONS: &[(&str, &str)] = &[
    shipped!("amendment"),
    shipped!("centre-licence"),
    shipped!("challenge-resolution"),
    shipped!("complaint"),
    shipped!("delay-complaint"),
    shipped!("evaluation"),
    shipped!("ngo-establishment"),
    shipped!("positive-life-decision"),
    shipped!("renewal"),
    shipped!("supervision"),
    shipped!("volunteer-enrolment"),
];
/// Nation, provinces and counties.
const ORGANISATION: &str = include_str!("../../../workflows/organisation/ir.csv");

/// A row of [`ORGANISATION`].
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    parent: Option<String>,
    level: Level,
    name_fa: String,
    name_en: String,
    population_1395: Option<u64>,
}

/// Nation, provinces and counties, parents before their children.
///
/// # Errors
/// Never, as long as the data that are built in are what they are.
pub(crate) fn units() -> Result<Vec<UnitRow>, Failure> {
    let mut rows = csv::Reader::from_reader(ORGANISATION.as_bytes());
    let rows = rows.deserialize().map(|row| {
        let row: Row = row?;
        let unit = Unit {
            id: UnitId::from(row.id),
            parent: row.parent.map(UnitId::from),
            level: row.level,
            title: Text { fa: row.name_fa, en: row.name_en },
        };
        Ok(UnitRow { unit, population: row.population_1395 })
    });
    rows.collect::<Result<_, csv::Error>>()
        .map_err(|error| Failure::internal(format!("the organisation that is built in: {error}")))
}

/// The unit above each unit; `None` for the nation.
pub(crate) fn parents() -> &'static HashMap<UnitId, Option<UnitId>> {
    static PARENTS: OnceLock<HashMap<UnitId, Option<UnitId>>> = OnceLock::new();
    PARENTS.get_or_init(|| {
        let units = units().unwrap_or_default();
        units.into_iter().map(|row| (row.unit.id, row.unit.parent)).collect()
    })
}

/// The unit and those above it, from itself up to the nation; empty for an unknown unit.
pub(crate) fn path_of(unit: &UnitId) -> Vec<&'static UnitId> {
    let parents = parents();
    let known = parents.get_key_value(unit);
    std::iter::successors(known, |(_, parent)| parents.get_key_value(parent.as_ref()?))
        .map(|(unit, _)| unit)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What stands in the repository's folder is what the program carries.
    #[test]
    fn every_shipped_definition_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workflows");
        let folders = std::fs::read_dir(folder).expect("the folder of workflows");
        let names = folders.map(|entry| entry.expect("an entry").file_name());
        let files = names
            .map(|name| format!("workflows/{}/v1.yaml", name.to_string_lossy()))
            .filter(|file| std::path::Path::new(folder).join("..").join(file).exists());
        let built_in = DEFINITIONS.iter().map(|(file, _)| (*file).to_owned());
        assert_eq!(built_in.collect::<BTreeSet<_>>(), files.collect());
    }

    #[test]
    fn every_unit_lies_in_the_nation() {
        assert_eq!(parents().len(), 1 + 31 + 478);
        for unit in parents().keys() {
            assert_eq!(path_of(unit).last().map(|unit| unit.as_str()), Some("ir"), "{unit}");
        }
        assert_eq!(path_of(&UnitId::from("nowhere")), Vec::<&UnitId>::new());
    }
}
