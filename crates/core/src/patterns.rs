//! What is unusual in a timeline and worth a look of an auditor. It proves nothing: each rule says what it has
//! seen, by numbers that whoever asks can change.

use chrono::TimeDelta;

use crate::{
    Calendar, Event, Fact,
    calendar::DayKind,
    clock::Instant,
    event::STATUTORY,
    story::{Standing, clock_changes},
};

/// An extension or a suspension of the statutory clock, and how long before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reprieve {
    /// The event.
    pub seq: u32,
    /// What was left of the time.
    pub left: TimeDelta,
}

/// The extensions and suspensions by people that came at most so long before the statutory deadline that
/// they moved. One at the deadline itself counts too; one after it is another matter.
pub fn reprieves(events: &[Event], within: TimeDelta) -> Vec<Reprieve> {
    let changes = clock_changes(events);
    let reprieve = |(event, changes): (&Event, &Vec<crate::story::ClockChange>)| {
        if !matches!(event.fact, Fact::Extended { .. } | Fact::Suspended { .. }) {
            return None;
        }
        let statutory = changes.iter().find(|change| change.clock == STATUTORY)?;
        let Standing::Due(deadline) = statutory.before else { return None };
        let left = deadline - event.effective_at;
        (TimeDelta::zero() <= left && left <= within).then_some(Reprieve { seq: event.seq, left })
    };
    events.iter().zip(&changes).filter_map(reprieve).collect()
}

/// Whether an office was closed at an instant, and had been, or would stay so, for longer than `margin`.
pub fn outside_hours(calendar: &Calendar, at: Instant, margin: TimeDelta) -> bool {
    match calendar.day(calendar.local_date(at)).kind {
        DayKind::Closed { .. } => true,
        DayKind::Open { intervals, .. } => {
            !intervals.iter().any(|open| open.opens - margin <= at && at <= open.closes + margin)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Calendars;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn event(seq: u32, when: &str, fact: Value) -> Event {
        let event = json!({
            "seq": seq, "effective_at": when, "recorded_at": when, "by": "system", "fact": fact,
        });
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn only_what_moves_the_statutory_deadline_shortly_before_it_is_found() {
        let started = json!({ "started": { "term": "10 d", "deadline": "2025-02-11T08:00:00Z" } });
        let opened = json!({
            "type": "opened", "case": uuid::Uuid::from_u128(1), "workflow": "w", "version": 1,
            "definition": "", "calendar": "ir", "calendar_version": "", "unit": "2301",
            "applicant": uuid::Uuid::from_u128(2), "subject": "x",
            "entry": { "step": "review", "statutory": started },
        });
        let suspended =
            |clocks: &[u32]| json!({ "type": "suspended", "reason": "x", "clocks": clocks });
        for (when, clocks, within, found) in [
            ("2025-02-10T08:00:00Z", &[0][..], 1, true),
            ("2025-02-10T07:59:59Z", &[0], 1, false),
            ("2025-02-10T07:59:59Z", &[0], 2, true),
            ("2025-02-11T08:00:00Z", &[0], 1, true),
            // After the deadline, and of another clock.
            ("2025-02-11T08:00:01Z", &[0], 1, false),
            ("2025-02-10T08:00:00Z", &[1], 1, false),
        ] {
            let events = [
                event(1, "2025-02-01T08:00:00Z", opened.clone()),
                event(2, when, suspended(clocks)),
            ];
            let seen = reprieves(&events, TimeDelta::days(within));
            let left = at("2025-02-11T08:00:00Z") - at(when);
            let expected: Vec<_> = found.then_some(Reprieve { seq: 2, left }).into_iter().collect();
            assert_eq!(seen, expected, "{when} {clocks:?} {within}");
        }
    }

    #[test]
    fn an_office_is_closed_at_night_on_fridays_and_on_holidays() {
        let source = include_str!("../../../workflows/calendars/ir.yaml");
        let source = crate::CalendarSource::parse("ir.yaml", source).unwrap();
        let calendars = Calendars::compile(source);
        let calendar = calendars.national();
        let margin = TimeDelta::minutes(30);
        // Saturday 1403/02/01; Tehran is three and a half hours ahead.
        for (instant, outside) in [
            ("2024-04-20T06:30:00Z", false),
            ("2024-04-20T18:30:00Z", true),
            ("2024-04-20T00:30:00Z", true),
            // Friday.
            ("2024-04-19T06:30:00Z", true),
        ] {
            assert_eq!(outside_hours(calendar, at(instant), margin), outside, "{instant}");
        }
        let day = calendar.day(calendar.local_date(at("2024-04-20T06:30:00Z")));
        let close = day.close_of_business().unwrap();
        for (minutes, outside) in [(0, false), (30, false), (31, true)] {
            let late = close + TimeDelta::minutes(minutes);
            assert_eq!(outside_hours(calendar, late, margin), outside, "{minutes}");
        }
    }
}
