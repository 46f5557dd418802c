//! The data that the program carries with it: it works from the binary alone.

use std::{collections::HashMap, sync::OnceLock};

use parvaneh_core::UnitId;

/// The official calendar of Iran.
pub(crate) const CALENDAR_IR: &str = include_str!("../../../workflows/calendars/ir.yaml");
/// The name under which problems of [`CALENDAR_IR`] are told.
pub(crate) const CALENDAR_IR_FILE: &str = "workflows/calendars/ir.yaml";
/// Nation, provinces and counties.
pub(crate) const ORGANISATION: &str = include_str!("../../../workflows/organisation/ir.csv");

/// The unit above each unit of [`ORGANISATION`]; `None` for the nation.
pub(crate) fn parents() -> &'static HashMap<UnitId, Option<UnitId>> {
    static PARENTS: OnceLock<HashMap<UnitId, Option<UnitId>>> = OnceLock::new();
    PARENTS.get_or_init(|| {
        let mut rows = csv::Reader::from_reader(ORGANISATION.as_bytes());
        let units = rows.records().filter_map(Result::ok).filter_map(|row| {
            let parent = row.get(1)?;
            Some((UnitId::from(row.get(0)?), (!parent.is_empty()).then(|| UnitId::from(parent))))
        });
        units.collect()
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
    use super::*;

    #[test]
    fn every_unit_lies_in_the_nation() {
        assert_eq!(parents().len(), 1 + 31 + 478);
        for unit in parents().keys() {
            assert_eq!(path_of(unit).last().map(|unit| unit.as_str()), Some("ir"), "{unit}");
        }
        assert_eq!(path_of(&UnitId::from("nowhere")), Vec::<&UnitId>::new());
    }
}
