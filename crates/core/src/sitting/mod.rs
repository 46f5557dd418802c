//! Sittings of commissions: which one a case can come before, and whether one before its deadline
//! still has room.
//!
//! A sitting belongs to a commission: to the role of its members at a unit. When its agenda closes
//! is computed once, when it is planned, and does not move: members are summoned by it. Everything
//! here is arithmetic over sittings that were handed in.

mod allot;
mod extra;
mod plan;
mod right;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    allot::{Allotment, Lot, Place, Waiting, allot, needed},
    extra::{ExtraSitting, Needed, Slot, extra, usual_time},
    plan::{Closed, Planned, Series, SeriesError, plan},
    right::{NoRight, Right, commissions, right},
};
use crate::{
    PersonId, RoleId, SittingId, UnitId,
    case::{Case, Clock},
    clock::Instant,
    event::{ClockNo, Fact, NewDeadline, Purpose, STATUTORY, Vote},
};

/// A sitting of a commission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// Its identifier.
    pub id: SittingId,
    /// The unit of the commission.
    pub unit: UnitId,
    /// The role of its members.
    pub members: RoleId,
    /// When it sits.
    pub at: Instant,
    /// The last instant at which a case can be put on its agenda.
    pub closes_at: Instant,
    /// How many cases it can hear.
    pub capacity: u32,
    /// How many places are taken: by cases on its agenda, and by those that it has heard.
    pub taken: u32,
    /// What has become of it.
    #[serde(flatten)]
    pub state: SittingState,
}

/// What has become of a sitting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SittingState {
    /// It is to take place, or takes place.
    Planned,
    /// It was held, and its minutes have a number.
    Held {
        /// The number.
        minutes: String,
    },
    /// It does not take place.
    Cancelled {
        /// Why.
        reason: String,
    },
}

impl Sitting {
    /// Whether a case can be put on its agenda. At the very instant of the cut-off it still can.
    pub fn has_room(&self, now: Instant) -> bool {
        self.is_open(now) && self.taken < self.capacity
    }

    /// Whether its agenda is open, with or without room.
    pub fn is_open(&self, now: Instant) -> bool {
        self.state == SittingState::Planned && now <= self.closes_at
    }

    /// How many places are left.
    pub fn places_left(&self) -> u32 {
        self.capacity.saturating_sub(self.taken)
    }
}

/// The first sitting with room that takes place at or before the deadline.
pub fn fits(sittings: &[Sitting], now: Instant, deadline: Instant) -> Option<&Sitting> {
    let fitting = sittings.iter().filter(|it| it.has_room(now) && it.at <= deadline);
    fitting.min_by_key(|sitting| (sitting.at, sitting.id))
}

/// How a case stands with the sittings of its commission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    /// The sitting on whose agenda it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_agenda: Option<OnAgenda>,
    /// The deadlines for which it has been told that no sitting has room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<NewDeadline>,
    /// The members who take no part in the case, in any step, each with the commission's role that
    /// he has left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recused: BTreeMap<PersonId, RoleId>,
}

/// A place on an agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnAgenda {
    /// The sitting.
    pub sitting: SittingId,
    /// When it sits.
    pub at: Instant,
    /// The event that put the case there.
    pub seq: u32,
}

/// The sitting that decided on a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The sitting.
    pub sitting: SittingId,
    /// The number of its minutes.
    pub minutes: String,
}

/// Why a case is no longer on an agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OffAgenda {
    /// The commission's owner took it off.
    TakenOff,
    /// It was put on the agenda of another sitting.
    Moved,
    /// The sitting was cancelled.
    Cancelled,
    /// The sitting was held, and too few members voted.
    NoQuorum,
    /// The sitting was held, and as many were for as against.
    Tie,
}

impl Case {
    /// The nearest deadline ahead before which its commission must have sat: of the step's clock and
    /// of the statutory one, where they run. `None` where both have passed or none runs.
    pub fn hearing_deadline(&self, now: Instant) -> Option<Instant> {
        self.hearing_clocks().filter_map(|(_, clock)| clock.deadline).filter(|at| now < *at).min()
    }

    /// The clocks before whose deadlines a commission must have sat: the step's own and the
    /// statutory one, where they run.
    pub(crate) fn hearing_clocks(&self) -> impl Iterator<Item = (ClockNo, &Clock)> {
        let acting = self.tasks.iter().find(|task| task.purpose == Purpose::Act);
        let acting = acting.map(|task| task.no);
        self.clocks().filter(move |(no, clock)| {
            (*no == STATUTORY || Some(*no) == acting) && clock.is_running()
        })
    }
}

impl Hearing {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many members of that role take no part.
    pub fn recusals(&self, members: &RoleId) -> u32 {
        self.recused.values().filter(|role| *role == members).count() as u32
    }

    /// Whether it has been told that nothing fits before that deadline.
    pub fn has_told(&self, clock: ClockNo, deadline: Instant) -> bool {
        self.told.contains(&NewDeadline { clock, deadline })
    }

    /// The case leaves its step. Who was recused stays so: what stands between him and the case
    /// does not end with a step.
    pub(crate) fn leave(&mut self) {
        self.on_agenda = None;
        self.told.clear();
    }

    pub(crate) fn evolve(&mut self, seq: u32, fact: &Fact) {
        match fact {
            Fact::PutOnAgenda { sitting, at, .. } => {
                self.on_agenda = Some(OnAgenda { sitting: *sitting, at: *at, seq });
            }
            Fact::TakenOffAgenda { .. } => self.on_agenda = None,
            Fact::Recused { member, members, .. } => {
                self.recused.insert(*member, members.clone());
            }
            Fact::SittingLacking { clock, deadline, .. } => {
                self.told.push(NewDeadline { clock: *clock, deadline: *deadline });
            }
            _ => {}
        }
    }

    /// Takes away the votes that a fact strikes: of a member who is recused, his own and the one that
    /// he cast for another.
    pub(crate) fn strike(
        votes: &mut BTreeMap<PersonId, Vote>,
        proxies: &mut BTreeMap<PersonId, PersonId>,
        fact: &Fact,
    ) {
        match fact {
            Fact::TakenOffAgenda { .. } => {
                votes.clear();
                proxies.clear();
            }
            Fact::Recused { member, .. } => {
                votes.remove(member);
                if let Some(other) = proxies.remove(member) {
                    votes.remove(&other);
                }
                proxies.retain(|_, of| of != member);
            }
            _ => {}
        }
    }
}
