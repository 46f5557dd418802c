//! `parvaneh sitting room`: which cases still find a sitting before their deadline.

use chrono_tz::Tz;
use clap::Args;
use parvaneh_core::{RoleId, SittingId, UnitId, sitting::Place};
use parvaneh_store::{Room as RoomOf, Store};
use serde_json::{Value, json};

use super::zone;
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, minute},
};

/// Show for each open case in commission which sitting fits, or which extra sitting it needs
///
/// The case of the nearest deadline has the first choice. A fitting sitting sits at or before the nearest
/// deadline ahead (of the step, or the statutory one), has a place left, and its agenda is open. The exit
/// code is 1 when a case finds no room.
#[derive(Debug, Args)]
pub(crate) struct Room {
    /// Only commissions at this unit or below it
    #[arg(long)]
    unit: Option<String>,
    /// Only the commission of these members
    #[arg(long)]
    role: Option<String>,
}

impl Room {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let unit = self.unit.map(UnitId::from);
        if let Some(unit) = &unit
            && store.organisation().await?.get(unit).is_none()
        {
            return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'"))
                .help("`parvaneh organisation list` tells the units"));
        }
        let rooms = store.room(unit.as_ref(), self.role.map(RoleId::from).as_ref(), None).await?;
        let lacking = rooms
            .iter()
            .flat_map(|room| &room.cases)
            .any(|case| matches!(case.lot.place, Place::Lacking | Place::TooLate(_)));
        if out.json {
            out.document(&rooms.iter().map(document).collect::<Vec<_>>())?;
        } else if rooms.is_empty() {
            out.line("no case waits for a commission that decides in sittings")?;
        } else {
            let names = Names::open(store, out).await?;
            let zone = zone(store).await?;
            for room in &rooms {
                tell(room, &names, zone, out)?;
            }
        }
        if lacking { Err(Failure::answered()) } else { Ok(()) }
    }
}

fn document(room: &RoomOf) -> Value {
    let cases: Vec<_> = room
        .cases
        .iter()
        .map(|case| {
            let mut document = json!(case.lot.place);
            document["case"] = json!(case.lot.case.case);
            document["subject"] = json!(case.subject);
            document["deadline"] = json!(case.lot.case.deadline);
            document["extra"] = json!(case.extra);
            document
        })
        .collect();
    json!({
        "unit": room.unit,
        "members": room.members,
        "sittings": room.sittings.iter().map(super::document).collect::<Vec<_>>(),
        "cases": cases,
        "extra_sittings": room.extra,
    })
}

fn tell(room: &RoomOf, names: &Names, zone: Tz, out: &Output) -> Result<(), Failure> {
    let when = |at| minute(at, zone, out.dates);
    let bold = owo_colors::Style::new().bold();
    let unit = out.isolate(&names.unit(&room.unit));
    out.line(out.paint(bold, &format!("{unit}, {}", room.members)))?;
    let columns = [
        ("deadline", Align::Left),
        ("case", Align::Left),
        ("subject", Align::Left),
        ("room", Align::Left),
    ];
    let sits = |id: SittingId| {
        let found = room.sittings.iter().find(|sitting| sitting.id == id);
        found.map_or_else(|| id.to_string(), |sitting| when(sitting.at))
    };
    let mut table = Table::new(out, &columns);
    for case in &room.cases {
        let lacking = || match case.extra {
            None => "none, and no extra sitting would do".to_owned(),
            Some(extra) if extra.earliest == extra.latest => {
                format!("none: an extra sitting on {} would do", when(extra.latest.at))
            }
            Some(extra) => format!(
                "none: an extra sitting from {} to {} would do",
                when(extra.earliest.at),
                when(extra.latest.at)
            ),
        };
        let place = match case.lot.place {
            Place::OnAgenda(id) => format!("on the agenda of {}", sits(id)),
            Place::Fits(id) => format!("fits {}", sits(id)),
            Place::TooLate(id) => format!("on the agenda of {}, too late; {}", sits(id), lacking()),
            Place::Lacking => lacking(),
        };
        let deadline = case.lot.case.deadline.map(when).unwrap_or_default();
        table.row([deadline, case.lot.case.case.to_string(), case.subject.clone(), place]);
    }
    out.line(table.render("no case waits"))?;
    for needed in &room.extra {
        let cases = match needed.cases {
            1 => "one case".to_owned(),
            cases => format!("{cases} cases"),
        };
        out.line(format!(
            "extra sitting: {} at the latest (agenda closes {}), for {cases}",
            when(needed.slot.at),
            when(needed.slot.closes_at)
        ))?;
    }
    Ok(())
}
