//! What each event of a case did to its clocks: for whoever reads a timeline and was not there.

use std::collections::BTreeMap;

use crate::{Case, Event, clock::Instant, event::ClockNo, evolve};

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not started, or what it timed is over.
    Absent,
    /// It runs, and this is its deadline.
    Due(Instant),
    /// It is suspended, and has no deadline until it runs again.
    Held,
    /// It was stopped, with the deadline that it had then, if any.
    Stopped(Option<Instant>),
}

/// What an event did to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockChange {
    /// Which.
    pub clock: ClockNo,
    /// How it stood before.
    pub before: Standing,
    /// How it stands after.
    pub after: Standing,
}

/// For each event of a timeline, from its beginning: the clocks that stand differently after it. Of events that
/// do not begin with an opening nothing is known.
pub fn clock_changes<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<Vec<ClockChange>> {
    let mut case: Option<Case> = None;
    let mut standing = BTreeMap::new();
    let changes = events.into_iter().map(|event| {
        match &mut case {
            None => case = Case::opened(event),
            Some(case) => evolve(case, event),
        }
        let now: BTreeMap<ClockNo, Standing> = case.as_ref().map(standings).unwrap_or_default();
        let was = std::mem::replace(&mut standing, now);
        let mut numbers: Vec<ClockNo> = was.keys().chain(standing.keys()).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let of = |all: &BTreeMap<ClockNo, Standing>, clock| {
            all.get(&clock).copied().unwrap_or(Standing::Absent)
        };
        let change = |clock| {
            let (before, after) = (of(&was, clock), of(&standing, clock));
            (before != after).then_some(ClockChange { clock, before, after })
        };
        numbers.into_iter().filter_map(change).collect()
    });
    changes.collect()
}

fn standings(case: &Case) -> BTreeMap<ClockNo, Standing> {
    let standing = |(no, clock): (ClockNo, &crate::case::Clock)| {
        let standing = match (clock.ledger.stopped_at, clock.deadline) {
            (Some(_), deadline) => Standing::Stopped(deadline),
            (None, Some(deadline)) => Standing::Due(deadline),
            (None, None) => Standing::Held,
        };
        (no, standing)
    };
    case.clocks().map(standing).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(day: u32) -> Instant {
        format!("2025-02-{day:02}T08:00:00Z").parse().unwrap()
    }

    fn event(seq: u32, fact: Value) -> Event {
        let event = json!({
            "seq": seq, "effective_at": at(seq), "recorded_at": at(seq), "by": "system", "fact": fact,
        });
        serde_json::from_value(event).unwrap()
    }

    fn opened() -> Event {
        let started = json!({ "started": { "term": "10 d", "deadline": at(11) } });
        let fact = json!({
            "type": "opened", "case": uuid::Uuid::from_u128(1), "workflow": "w", "version": 1,
            "definition": "", "calendar": "ir", "calendar_version": "", "unit": "2301",
            "applicant": uuid::Uuid::from_u128(2), "subject": "x",
            "entry": { "step": "review", "statutory": started },
        });
        event(1, fact)
    }

    #[test]
    fn each_event_says_what_it_did_to_the_clocks() {
        let stopped = json!({ "stopped": { "deadline": at(20), "raw_deadline": at(11) } });
        let end = json!({ "outcome": "withdrawn", "decision": false });
        let events = [
            opened(),
            event(2, json!({ "type": "commented", "text": "x" })),
            event(3, json!({ "type": "suspended", "reason": "x", "clocks": [0] })),
            event(
                4,
                json!({ "type": "resumed", "deadlines": [{ "clock": 0, "deadline": at(20) }] }),
            ),
            event(
                5,
                json!({
                    "type": "withdrawn",
                    "entry": { "step": "withdrawn", "statutory": stopped, "end": end },
                }),
            ),
        ];
        let told: Vec<_> = clock_changes(&events)
            .into_iter()
            .map(|changes| changes.first().map(|one| (one.before, one.after)))
            .collect();
        assert_eq!(
            told,
            [
                Some((Standing::Absent, Standing::Due(at(11)))),
                None,
                Some((Standing::Due(at(11)), Standing::Held)),
                Some((Standing::Held, Standing::Due(at(20)))),
                Some((Standing::Due(at(20)), Standing::Stopped(Some(at(20))))),
            ]
        );
        assert_eq!(clock_changes(&events[1..3]), [vec![], vec![]], "nothing is known of them");
    }
}
