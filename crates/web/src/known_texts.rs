//! How many problems published definitions have, remembered: a list of workflows would check every text at each
//! visit, a few milliseconds for each.
//!
//! **Invariant.** What is remembered holds for that text, by its hash, and for that state of the calendar it was
//! checked by. A calendar that changes is another one in memory, and one that is gone is never taken for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use parvaneh_core::{CalendarId, Calendars};
use sha2::{Digest, Sha256};

/// As many texts as are remembered.
const MOST: usize = 500;

/// What is known of a text.
#[derive(Debug)]
struct Known {
    calendar: CalendarId,
    checked_by: Weak<Calendars>,
    problems: usize,
}

/// The texts that were checked.
#[derive(Debug, Default)]
pub(crate) struct KnownTexts(Mutex<HashMap<[u8; 32], Known>>);

impl KnownTexts {
    /// The calendar that a text names, if it is known.
    pub(crate) fn calendar(&self, text: &str) -> Option<CalendarId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&hash(text)).map(|known| known.calendar.clone())
    }

    /// How many problems it has by that state of its calendar; none if it was not checked by just that.
    pub(crate) fn problems(&self, text: &str, calendars: &Arc<Calendars>) -> Option<usize> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&hash(text))?;
        let same = Weak::ptr_eq(&known.checked_by, &Arc::downgrade(calendars));
        same.then_some(known.problems)
    }

    /// Remembers it.
    pub(crate) fn remember(
        &self,
        text: &str,
        calendar: CalendarId,
        calendars: &Arc<Calendars>,
        problems: usize,
    ) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, known| known.checked_by.strong_count() > 0);
        }
        if known.len() >= MOST {
            known.clear();
        }
        let checked_by = Arc::downgrade(calendars);
        known.insert(hash(text), Known { calendar, checked_by, problems });
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use parvaneh_core::calendar::CalendarSource;

    use super::*;

    fn calendars() -> Arc<Calendars> {
        let text = include_str!("../../../workflows/calendars/ir.yaml");
        Arc::new(Calendars::compile(CalendarSource::parse("ir.yaml", text).unwrap()))
    }

    #[test]
    fn a_changed_text_and_a_changed_calendar_are_seen() {
        let (texts, now) = (KnownTexts::default(), calendars());
        assert_eq!((texts.calendar("a"), texts.problems("a", &now)), (None, None));
        texts.remember("a", "ir".into(), &now, 3);
        assert_eq!((texts.calendar("a"), texts.problems("a", &now)), (Some("ir".into()), Some(3)));
        assert_eq!((texts.calendar("a "), texts.problems("a ", &now)), (None, None));
        let changed = calendars();
        assert_eq!(texts.problems("a", &changed), None);
        texts.remember("a", "ir".into(), &changed, 4);
        assert_eq!((texts.problems("a", &now), texts.problems("a", &changed)), (None, Some(4)));
        // One that is gone is never taken for another one.
        drop(changed);
        for _ in 0..8 {
            assert_eq!(texts.problems("a", &calendars()), None);
        }
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (texts, now) = (KnownTexts::default(), calendars());
        for number in 0..3 * MOST {
            texts.remember(&number.to_string(), "ir".into(), &now, number);
            assert!(texts.0.lock().unwrap().len() <= MOST);
        }
        let last = 3 * MOST - 1;
        assert_eq!(texts.problems(&last.to_string(), &now), Some(last));
    }
}
