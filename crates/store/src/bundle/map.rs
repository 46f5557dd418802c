//! The map of all timelines at a checkpoint.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use parvaneh_core::{
    CaseId, UnitId,
    audit::{MapEntry, MapTree, Neighbour, hashes, hex},
    log::leaf,
    timeline::Hash,
};
use sqlx::{AssertSqlSafe, PgPool, Row};
use uuid::Uuid;

use crate::StoreError;

/// What the log has of each timeline says how long it was; what is left of it says the rest. A timeline that
/// is in no table any more stands under no unit, and one whose last event is gone has a head of zeros.
fn timelines(with_exports: bool) -> String {
    let (head, join) = match with_exports {
        true => (
            "coalesce(e.hash, x.hash)",
            "left join export_events x on x.export_id = l.case_id and x.seq = l.count",
        ),
        false => ("e.hash", ""),
    };
    format!(
        "select coalesce(c.unit_id, o.body -> 'fact' ->> 'unit', '') collate \"C\" as unit, l.case_id, l.count, {head}
         from (select case_id, max(seq) as count from log_leaves where position < $1 group by case_id) l
         left join cases c on c.id = l.case_id
         left join case_events o on c.id is null and o.case_id = l.case_id and o.seq = 1
         left join case_events e on e.case_id = l.case_id and e.seq = l.count
         {join}
         order by 1, 2"
    )
}

/// A timeline in the map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    unit: u32,
    pub(super) case: CaseId,
    pub(super) count: u32,
    pub(super) head: Hash,
}

/// All timelines, in their order.
#[derive(Debug, Default)]
pub(super) struct Map {
    pub(super) tree: MapTree,
    /// The sum of the counts.
    pub(super) entries: u64,
    units: Vec<UnitId>,
    list: Vec<Entry>,
}

impl Map {
    pub(super) async fn read(pool: &PgPool, size: u64) -> Result<Self, StoreError> {
        let has_exports = sqlx::query_scalar("select to_regclass('export_events') is not null");
        let has_exports: bool = has_exports.fetch_one(pool).await?;
        let select = AssertSqlSafe(timelines(has_exports));
        let mut rows = sqlx::query(select).bind(size as i64).fetch(pool);
        let mut map = Self::default();
        while let Some(row) = rows.try_next().await? {
            let unit: &str = row.try_get(0)?;
            if map.units.last().is_none_or(|last| last.as_str() != unit) {
                map.units.push(UnitId::from(unit));
            }
            let entry = Entry {
                unit: map.units.len() as u32 - 1,
                case: CaseId(row.try_get::<Uuid, _>(1)?),
                count: row.try_get::<i32, _>(2)? as u32,
                head: row.try_get::<Option<Hash>, _>(3)?.unwrap_or_default(),
            };
            map.tree.push(leaf(&map.bytes(&entry)));
            map.entries += u64::from(entry.count);
            map.list.push(entry);
        }
        Ok(map)
    }

    fn bytes(&self, entry: &Entry) -> Vec<u8> {
        let Entry { case, count, head, .. } = *entry;
        MapEntry { unit: self.unit(entry).clone(), case, count, head }.bytes()
    }

    fn unit(&self, entry: &Entry) -> &UnitId {
        &self.units[entry.unit as usize]
    }

    /// The units that have timelines, in the order of the map.
    pub(super) fn units(&self) -> impl Iterator<Item = &UnitId> {
        self.units.iter()
    }

    /// The units of some cases, in the order of the map.
    pub(super) fn units_of(&self, cases: &HashSet<CaseId>) -> Vec<UnitId> {
        let mut units: Vec<UnitId> = Vec::new();
        for entry in self.list.iter().filter(|entry| cases.contains(&entry.case)) {
            if units.last() != Some(self.unit(entry)) {
                units.push(self.unit(entry).clone());
            }
        }
        units
    }

    /// Where a unit stands: its first place, and the place after its last.
    pub(super) fn range(&self, unit: &UnitId) -> (usize, usize) {
        let from = self.list.partition_point(|entry| self.unit(entry) < unit);
        (from, self.list.partition_point(|entry| self.unit(entry) <= unit))
    }

    pub(super) fn at(&self, index: usize) -> Entry {
        self.list[index]
    }

    pub(super) fn proof(&self, index: usize) -> Result<String, StoreError> {
        Ok(hashes(&self.tree.proof(index as u64)?))
    }

    /// What stands at a place, for the unit beside it.
    pub(super) fn neighbour(&self, index: usize) -> Result<Option<Neighbour<'static>>, StoreError> {
        let Some(entry) = self.list.get(index) else { return Ok(None) };
        Ok(Some(Neighbour {
            unit: self.unit(entry).as_str().to_owned().into(),
            case: entry.case,
            count: entry.count,
            head: hex(&entry.head).into(),
            index: index as u64,
            proof: self.proof(index)?.into(),
        }))
    }
}
