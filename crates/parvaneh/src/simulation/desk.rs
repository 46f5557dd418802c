//! Officers with finite capacity: a desk is a role at a unit.

use std::collections::BTreeSet;

use chrono::TimeDelta;

/// A task that waits at a desk: its application, and its number in that case.
pub(super) type Waiting = (usize, u32);

/// A role at a unit, with what it can do in a slot.
pub(super) struct Desk {
    /// How many tasks it can begin in a slot.
    per_slot: f64,
    /// What it may begin now; it cannot be saved up for long.
    credit: f64,
    last_slot: u64,
    waiting: BTreeSet<Waiting>,
    /// How many tasks it has begun.
    taken: u64,
}

impl Desk {
    /// A desk that can begin `per_day` tasks a day of `slots` slots.
    pub(super) fn new(per_day: f64, slots: f64) -> Self {
        Self {
            per_slot: per_day / slots,
            credit: 1.0,
            last_slot: 0,
            waiting: BTreeSet::new(),
            taken: 0,
        }
    }

    pub(super) fn put(&mut self, waiting: Waiting) {
        self.waiting.insert(waiting);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What waits, in no order that means anything.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Waiting> + '_ {
        self.waiting.iter().copied()
    }

    /// Takes away what no longer waits here.
    pub(super) fn keep(&mut self, still: impl Fn(Waiting) -> bool) {
        self.waiting.retain(|waiting| still(*waiting));
    }

    /// How many tasks it has begun.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// How much of its working time a task takes, in slots of an hour.
    pub(super) fn work(&self) -> TimeDelta {
        TimeDelta::microseconds((3.6e9 / self.per_slot) as i64)
    }

    /// How many tasks may begin in a slot (slots are numbered from 1).
    pub(super) fn room(&mut self, slot: u64) -> usize {
        let passed = slot.saturating_sub(self.last_slot) as f64;
        let most = 1.0 + self.per_slot * 14.0;
        self.credit = (self.credit + passed * self.per_slot).min(most);
        self.last_slot = slot;
        self.credit as usize
    }

    /// Begins a task.
    pub(super) fn begin(&mut self, task: Waiting) {
        self.waiting.remove(&task);
        self.credit -= 1.0;
        self.taken += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_does_no_more_than_it_can() {
        let mut desk = Desk::new(2.0, 4.0);
        for case in 1..=4 {
            desk.put((case, 1));
        }
        assert_eq!(desk.work(), TimeDelta::hours(2));
        assert_eq!(desk.room(1), 1, "one and a half may begin: one does");
        desk.begin((2, 1));
        assert_eq!(desk.room(2), 1);
        desk.begin((3, 1));
        assert_eq!(desk.room(3), 0);
        assert_eq!(desk.room(4), 1);
        desk.keep(|(case, _)| case != 4);
        assert_eq!(desk.waiting().collect::<Vec<_>>(), [(1, 1)]);
        assert!(!desk.is_idle());
        assert_eq!(desk.taken(), 2);
    }
}
