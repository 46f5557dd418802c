//! Officers with finite capacity: a desk is a role at a unit.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

/// A task that waits at a desk: the earliest deadline comes first, then the older case.
pub(super) type Waiting = (Option<DateTime<Utc>>, usize, u32);

/// A role at a unit, with what it can do in a slot.
pub(super) struct Desk {
    /// How many tasks it can begin in a slot.
    per_slot: f64,
    /// What it may begin now; it cannot be saved up for long.
    credit: f64,
    last_slot: u64,
    waiting: BTreeSet<Waiting>,
}

impl Desk {
    /// A desk that can begin `per_day` tasks a day of `slots` slots.
    pub(super) fn new(per_day: f64, slots: f64) -> Self {
        Self { per_slot: per_day / slots, credit: 1.0, last_slot: 0, waiting: BTreeSet::new() }
    }

    pub(super) fn put(&mut self, waiting: Waiting) {
        self.waiting.insert(waiting);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the desk begins in a slot (slots are numbered from 1).
    pub(super) fn begin(&mut self, slot: u64) -> Vec<Waiting> {
        let passed = slot.saturating_sub(self.last_slot) as f64;
        let most = 1.0 + self.per_slot * 14.0;
        self.credit = (self.credit + passed * self.per_slot).min(most);
        self.last_slot = slot;
        let mut begun = Vec::new();
        while self.credit >= 1.0
            && let Some(first) = self.waiting.pop_first()
        {
            self.credit -= 1.0;
            begun.push(first);
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_does_no_more_than_it_can_and_the_most_urgent_first() {
        let mut desk = Desk::new(2.0, 4.0);
        let at = |day: i64| DateTime::from_timestamp(day * 86_400, 0);
        for (day, case) in [(9, 1), (3, 2), (5, 3), (7, 4)] {
            desk.put((at(day), case, 1));
        }
        assert_eq!(desk.begin(1), [(at(3), 2, 1)], "one and a half may begin: one does");
        assert_eq!(desk.begin(2), [(at(5), 3, 1)]);
        assert_eq!(desk.begin(3), []);
        assert_eq!(desk.begin(4), [(at(7), 4, 1)]);
        assert!(!desk.is_idle());
    }
}
