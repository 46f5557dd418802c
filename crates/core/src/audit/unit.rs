//! Whether a unit stands in the map where the bundle says, and none of its timelines is left out.

use super::{
    code::Code,
    format::{MapEntry, Neighbour, UnitLine, read_hashes, read_hex},
    rules::Wrong,
    trust::Map,
};
use crate::{
    UnitId,
    log::{leaf, verify_inclusion},
};

/// A unit whose timelines follow.
#[derive(Clone, Debug)]
pub(super) struct Following {
    pub(super) unit: UnitId,
    pub(super) complete: bool,
    /// The place in the map at which the next timeline stands, or may.
    next: u64,
    to: u64,
}

/// Checks that an entry stands in the map.
pub(super) fn stands(map: &Map, entry: &MapEntry, index: u64, proof: &str) -> Result<(), Wrong> {
    let wrong = |why: String| (Code::WrongMapProof, why);
    let proof = read_hashes(proof).ok_or_else(|| wrong("base64".to_owned()))?;
    verify_inclusion(index, map.size, leaf(&entry.bytes()), &proof, &map.root)
        .map_err(|error| wrong(format!("{index}: {error}")))
}

impl Following {
    pub(super) fn begin(line: &UnitLine<'_>, map: &Map, wrong: &mut Vec<Wrong>) -> Self {
        let unit = UnitId::from(&*line.unit);
        let range = || format!("{} {}..{}", line.unit, line.from, line.to);
        if line.from > line.to || line.to > map.size || line.unit.contains('\0') {
            wrong.push((Code::WrongRange, range()));
        } else if line.complete {
            // The map is in the order of units: what stands around a unit shows where it ends.
            let before = (line.from > 0).then(|| line.from - 1);
            let after = (line.to < map.size).then_some(line.to);
            let sides = [(before, &line.before, true), (after, &line.after, false)];
            for (index, beside, is_before) in sides {
                let lies = |beside: &Neighbour<'_>| match is_before {
                    true => *beside.unit < *line.unit,
                    false => *beside.unit > *line.unit,
                };
                match (index, beside) {
                    (None, None) => {}
                    (Some(index), Some(beside)) if beside.index == index && lies(beside) => {
                        wrong.extend(neighbour(map, beside).err());
                    }
                    _ => wrong.push((Code::WrongRange, range())),
                }
            }
        }
        Self { unit, complete: line.complete, next: line.from, to: line.to.min(map.size) }
    }

    /// The next timeline of the unit stands at this place.
    pub(super) fn follows(&mut self, index: u64) -> Result<(), Wrong> {
        let next = std::mem::replace(&mut self.next, index.saturating_add(1));
        if index < next || index >= self.to {
            return Err((Code::OutOfOrder, format!("{}: {index}", self.unit)));
        }
        if self.complete && index > next {
            return Err((Code::MissingCase, format!("{}: {next}..{index}", self.unit)));
        }
        Ok(())
    }

    /// No timeline of the unit follows any more.
    pub(super) fn end(&self) -> Result<(), Wrong> {
        if self.complete && self.next < self.to {
            return Err((Code::MissingCase, format!("{}: {}..{}", self.unit, self.next, self.to)));
        }
        Ok(())
    }
}

fn neighbour(map: &Map, beside: &Neighbour<'_>) -> Result<(), Wrong> {
    let head = read_hex(&beside.head);
    let head = head.ok_or_else(|| (Code::WrongMapProof, beside.head.to_string()))?;
    let unit = UnitId::from(&*beside.unit);
    let entry = MapEntry { unit, case: beside.case, count: beside.count, head };
    stands(map, &entry, beside.index, &beside.proof)
}
