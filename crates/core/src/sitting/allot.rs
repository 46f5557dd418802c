//! Which of many cases find room in which sitting, and how many extra sittings the others need.

use serde::Serialize;

use super::{ExtraSitting, Needed, Sitting};
use crate::{CaseId, SittingId, clock::Instant};

/// A case that waits for its commission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The case.
    pub case: CaseId,
    /// Its nearest deadline that has not passed; `None` where no clock of it runs.
    pub deadline: Option<Instant>,
    /// The sitting on whose agenda it is.
    pub on_agenda: Option<SittingId>,
}

/// A case with its lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The case.
    pub case: Waiting,
    /// Where it finds room.
    pub place: Place,
}

/// Where a case finds room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "room", content = "sitting", rename_all = "snake_case")]
pub enum Place {
    /// It is on the agenda of a sitting at or before its deadline.
    OnAgenda(SittingId),
    /// It is on the agenda of a sitting after its deadline, and none before has room.
    TooLate(SittingId),
    /// A sitting at or before its deadline has room for it, beside those whose deadline is nearer.
    Fits(SittingId),
    /// None has.
    Lacking,
}

/// Where each case finds room, in the order of the deadlines.
pub type Allotment = Vec<Lot>;

/// Gives each case that needs one a place in a sitting with room: the case of the nearest deadline
/// chooses first, and takes the earliest place. Every sitting is open from now on, so no other way
/// of giving places serves more cases in time.
pub fn allot(now: Instant, sittings: &[Sitting], mut cases: Vec<Waiting>) -> Allotment {
    let end = Instant::MAX_UTC;
    cases.sort_by_key(|case| (case.deadline.unwrap_or(end), case.case));
    let mut free: Vec<(&Sitting, u32)> = sittings
        .iter()
        .filter(|sitting| sitting.has_room(now))
        .map(|sitting| (sitting, sitting.places_left()))
        .collect();
    free.sort_by_key(|(sitting, _)| (sitting.at, sitting.id));
    let lot = |case: Waiting| {
        let deadline = case.deadline.unwrap_or(end);
        let own = case.on_agenda.and_then(|id| sittings.iter().find(|sitting| sitting.id == id));
        if let Some(own) = own.filter(|own| own.at <= deadline) {
            return Lot { case, place: Place::OnAgenda(own.id) };
        }
        let found = free.iter_mut().find(|(sitting, left)| *left > 0 && sitting.at <= deadline);
        let place = match (found, own) {
            (Some((sitting, left)), _) => {
                *left -= 1;
                Place::Fits(sitting.id)
            }
            (None, Some(own)) => Place::TooLate(own.id),
            (None, None) => Place::Lacking,
        };
        Lot { case, place }
    };
    cases.into_iter().map(lot).collect()
}

/// The fewest extra sittings that hear every case of those windows in time, each as late as it may
/// be, and how many cases each hears when it takes up to `capacity` of them.
pub fn needed(windows: impl IntoIterator<Item = ExtraSitting>, capacity: u32) -> Vec<Needed> {
    let mut windows: Vec<_> = windows.into_iter().collect();
    windows.sort_by_key(|window| (window.latest.at, window.earliest.at));
    let mut needed: Vec<Needed> = Vec::new();
    for window in windows {
        let serves = |it: &&mut Needed| it.slot.at >= window.earliest.at && it.cases < capacity;
        match needed.iter_mut().find(serves) {
            Some(serving) => serving.cases += 1,
            None => needed.push(Needed { slot: window.latest, cases: 1 }),
        }
    }
    needed
}
