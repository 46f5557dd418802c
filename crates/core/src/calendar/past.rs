//! What a newer text of a calendar must leave as it is: the days that are past.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};

use super::{Calendar, Calendars, DayKind};
use crate::{Organisation, UnitId, clock::Instant};

/// So many years are looked back: no clock has run for longer.
const YEARS: u32 = 10;

/// A past day that two states of a calendar tell otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// The day.
    pub date: NaiveDate,
    /// The unit whose day it is; `None` for the nation's.
    pub unit: Option<UnitId>,
}

impl Calendars {
    /// The first day before `today`, of the last ten years, that is worked at other times by `newer`: of
    /// the nation, or of any unit that either knows rows for. Names and notes may change, hours may not.
    pub fn past_change(
        &self,
        newer: &Self,
        organisation: &Organisation,
        today: NaiveDate,
    ) -> Option<PastChange> {
        let first = today.checked_sub_months(Months::new(12 * YEARS)).unwrap_or(today);
        let differs = |one: &Calendar, other: &Calendar| {
            first
                .iter_days()
                .take_while(|date| *date < today)
                .find(|date| worked(one, *date) != worked(other, *date))
        };
        let national = differs(&self.national, &newer.national);
        let units: BTreeSet<&UnitId> =
            self.units_with_rows().chain(newer.units_with_rows()).collect();
        let of_units = units.into_iter().filter_map(|unit| {
            let path = || organisation.path(unit);
            let office = differs(self.for_unit(path()), newer.for_unit(path()));
            let below = differs(self.within(path()), newer.within(path()));
            let date = office.into_iter().chain(below).min()?;
            Some(PastChange { date, unit: Some(unit.clone()) })
        });
        let national = national.map(|date| PastChange { date, unit: None });
        national.into_iter().chain(of_units).min_by_key(|change| change.date)
    }

    /// The calendar of those below a unit that have no rows of their own.
    fn within<'p>(&self, mut path: impl Iterator<Item = &'p UnitId>) -> &Calendar {
        path.find_map(|unit| self.units.get(unit)).unwrap_or(&self.national)
    }
}

/// When a day begins, and when it is worked.
fn worked(calendar: &Calendar, date: NaiveDate) -> (Instant, Vec<(Instant, Instant)>) {
    let open = match calendar.day(date).kind {
        DayKind::Open { intervals, .. } => {
            intervals.iter().map(|open| (open.opens, open.closes)).collect()
        }
        DayKind::Closed { .. } => Vec::new(),
    };
    (calendar.start_of(date), open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Unit,
        calendar::CalendarSource,
        definition::{Level, Text},
    };

    const TEXT: &str = include_str!("../../../../workflows/calendars/ir.yaml");

    fn calendars(text: &str) -> Calendars {
        Calendars::compile(CalendarSource::parse("ir", text).unwrap())
    }

    fn organisation() -> Organisation {
        let unit = |id: &str, parent: Option<&str>, level| {
            let title = Text { fa: id.to_owned(), en: id.to_owned() };
            Unit { id: id.into(), parent: parent.map(UnitId::from), level, title }
        };
        let (nation, province) = (Level::National, Level::Province);
        let units = [unit("ir", None, nation), unit("23", Some("ir"), province)];
        Organisation::new(units).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_lies_ahead_may_change_and_what_is_past_may_not() {
        let (old, organisation) = (calendars(TEXT), organisation());
        let changed = |rows: &str| {
            let text = TEXT.replacen("closures: []\n", &format!("closures:\n{rows}"), 1);
            assert_ne!(text, TEXT);
            calendars(&text)
        };
        let closed = |date: &str, unit: &str| {
            format!(
                "  - {{ name: {{ fa: تعطیل, en: Closed }}, date: {date}, certainty: assumption{unit} }}\n"
            )
        };
        let today = day("2024-04-23");
        let seen = |newer: &Calendars| old.past_change(newer, &organisation, today);
        assert_eq!(seen(&calendars(&format!("{TEXT}\n# a remark\n"))), None);
        assert_eq!(seen(&changed(&closed("2024-04-23", ""))), None, "today is not past");
        let national = PastChange { date: day("2024-04-22"), unit: None };
        assert_eq!(seen(&changed(&closed("2024-04-22", ""))), Some(national.clone()));
        let unit = ", unit: \"23\"";
        let of_unit = PastChange { date: day("2024-04-20"), unit: Some("23".into()) };
        let both = closed("2024-04-20", unit) + &closed("2024-04-22", "");
        assert_eq!(seen(&changed(&both)), Some(of_unit));
        assert_eq!(seen(&changed(&closed("2024-04-24", unit))), None);
        // A day off that becomes one for two reasons is the same day.
        assert_eq!(seen(&changed(&closed("2024-04-19", ""))), None, "a Friday");
        // The other way round as well: what was closed is not worked in hindsight.
        let before = changed(&closed("2024-04-22", ""));
        assert_eq!(before.past_change(&old, &organisation, today), Some(national));
    }
}
