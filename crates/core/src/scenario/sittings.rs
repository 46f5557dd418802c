//! The sittings of a scenario: planned, held and cancelled when the file says so.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Setting, code, read::Reading};
use crate::{
    RoleId, SittingId, UnitId,
    calendar::before,
    case::Case,
    clock::Instant,
    definition::{Commission, SittingRules, StepKind},
    document::{Fields, Node},
    sitting::{Sitting, SittingState},
};

const KEYS: &[&str] =
    &["at", "cut_off", "capacity", "taken", "planned", "held", "minutes", "cancelled", "members"];

/// A sitting as a scenario tells it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) name: String,
    id: SittingId,
    unit: UnitId,
    members: RoleId,
    at: Instant,
    closes_at: Instant,
    capacity: u32,
    /// By other cases.
    taken: u32,
    planned: Option<Instant>,
    held: Option<(Instant, String)>,
    cancelled: Option<Instant>,
}

impl Told {
    /// The sitting as it is at an instant, once it is planned.
    fn as_of(&self, now: Instant, case: Option<&Case>) -> Option<Sitting> {
        if self.planned.is_some_and(|planned| now < planned) {
            return None;
        }
        let state = match (&self.held, self.cancelled) {
            (_, Some(at)) if at <= now => {
                SittingState::Cancelled { reason: "the scenario says so".to_owned() }
            }
            (Some((at, minutes)), _) if *at <= now => {
                SittingState::Held { minutes: minutes.clone() }
            }
            _ => SittingState::Planned,
        };
        let on = case.and_then(|case| case.hearing.on_agenda);
        let own = on.is_some_and(|on| on.sitting == self.id);
        Some(Sitting {
            id: self.id,
            unit: self.unit.clone(),
            members: self.members.clone(),
            at: self.at,
            closes_at: self.closes_at,
            capacity: self.capacity,
            taken: self.taken + u32::from(own),
            state,
        })
    }
}

/// The sittings as they are at an instant.
pub(super) fn as_of(told: &[Told], now: Instant, case: Option<&Case>) -> Vec<Sitting> {
    told.iter().filter_map(|sitting| sitting.as_of(now, case)).collect()
}

/// The first instant after `now` at which something becomes of a sitting.
pub(super) fn next_change(told: &[Told], now: Instant) -> Option<Instant> {
    let of = |sitting: &Told| [sitting.cancelled, sitting.held.as_ref().map(|held| held.0)];
    told.iter().flat_map(of).flatten().filter(|at| *at > now).min()
}

/// The identifier of the sitting of that name.
pub(super) fn id(name: &str) -> SittingId {
    let hash = Sha256::digest(format!("sitting {name}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    SittingId(Uuid::from_bytes(bytes))
}

/// The name of the sitting of that identifier.
pub(super) fn name(told: &[Told], id: SittingId) -> Option<&str> {
    told.iter().find(|sitting| sitting.id == id).map(|sitting| sitting.name.as_str())
}

impl Reading<'_, '_, '_> {
    /// The sittings of the scenario, by their names.
    pub(super) fn sittings(&mut self, node: &Node, case_unit: &UnitId) -> Vec<Told> {
        let named = self.reader.named(node, node.place, "the sittings");
        let named: Vec<_> = named.into_iter().map(|(name, node)| (name.text, node)).collect();
        named.into_iter().filter_map(|(name, node)| self.sitting(name, node, case_unit)).collect()
    }

    fn sitting(&mut self, name: &str, node: &Node, case_unit: &UnitId) -> Option<Told> {
        let what = "a sitting";
        let fields = self.reader.mapping(node, node.place, what, KEYS)?;
        let (members, rules) = self.commission(&fields, node)?;
        let Setting { definition, organisation, calendars } = *self.setting;
        let level = definition.roles.get(&members)?.at;
        let unit = organisation.at_level(case_unit, level)?.clone();
        let at = self.reader.required(&fields, "at", what).and_then(|node| self.moment(node));
        let cut_off = match fields.get("cut_off") {
            Some(node) => self.reader.term(node, "the cut-off of the agenda")?,
            None => rules.cut_off,
        };
        let mut number = |key, what, least| match fields.get(key) {
            Some(node) => self.reader.integer(node, what, least..=1_000),
            None => Some(least),
        };
        let capacity = number("capacity", "the capacity", 1);
        let taken = number("taken", "the places that others have taken", 0);
        let mut moment = |key| fields.get(key).map(|node| self.moment(node));
        let (planned, held, cancelled) = (moment("planned"), moment("held"), moment("cancelled"));
        let minutes = fields.get("minutes").map(|node| self.reader.string(node, "the minutes"));
        let minutes = minutes.flatten().map(str::to_owned);
        if held.is_some() != minutes.is_some() {
            let message = "a sitting that is held has minutes, and only such a one";
            let help = "write 'held: <moment>, minutes: <number>'";
            let code = crate::document::code::MISSING_KEY;
            self.reader.error_with_help(code, node.place, message, help);
        }
        let at = at?;
        let Ok(closes_at) = before(calendars.for_unit(organisation.path(&unit)), at, cut_off)
        else {
            let message = "the calendar does not reach so far";
            self.reader.error(code::NOT_A_MOMENT, node.place, message);
            return None;
        };
        Some(Told {
            name: name.to_owned(),
            id: id(name),
            unit,
            members,
            at,
            closes_at,
            capacity: capacity?,
            taken: taken?,
            planned: planned.flatten(),
            held: held.flatten().zip(minutes),
            cancelled: cancelled.flatten(),
        })
    }

    /// The commission of a sitting: the one whose members it names, else the first of the definition.
    fn commission(&mut self, fields: &Fields<'_>, node: &Node) -> Option<(RoleId, SittingRules)> {
        let members = match fields.get("members") {
            Some(node) => Some(RoleId::from(self.reader.string(node, "the members' role")?)),
            None => None,
        };
        let sits = |commission: &Commission| {
            let rules = commission.sittings.clone()?;
            let named = members.as_ref().is_none_or(|named| *named == commission.members);
            named.then(|| (commission.members.clone(), rules))
        };
        let mut steps = self.setting.definition.steps.values();
        let found = steps.find_map(|step| match &step.kind {
            StepKind::Commission(commission) => sits(commission),
            _ => None,
        });
        if found.is_none() {
            let message = "no commission of the definition decides in such sittings";
            let help = "write 'sittings: required' in its 'commission'";
            self.reader.error_with_help(code::UNKNOWN_NAME, node.place, message, help);
        }
        found
    }
}
