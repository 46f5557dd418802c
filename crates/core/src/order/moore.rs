//! Moore and Hodgson's rule: which of several jobs of one machine can be done on time, so that as
//! few as possible are late (J. M. Moore, "An n job, one machine sequencing algorithm for
//! minimizing the number of late jobs", Management Science 15, 1968).

use std::{cmp::Reverse, collections::BinaryHeap};

/// Something to do, in any one unit of time, counted from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// By when it must be finished.
    pub(super) finish_by: i64,
    /// How long it takes.
    pub(super) work: i64,
}

/// Which of the jobs, given in the order of `finish_by`, are done on time when as few as possible
/// are late: those in that order, and only they. `O(n log n)`.
///
/// Of several that could be given up with equal right, that with the nearest end is: the others
/// are then saved with more room to spare.
pub(super) fn saved(jobs: &[Job]) -> Vec<bool> {
    debug_assert!(jobs.is_sorted_by_key(|job| job.finish_by));
    let mut saved = vec![false; jobs.len()];
    let mut longest = BinaryHeap::new();
    let mut busy = 0_i64;
    for (place, job) in jobs.iter().enumerate() {
        let work = job.work.max(0);
        saved[place] = true;
        longest.push((work, Reverse(place)));
        busy = busy.saturating_add(work);
        if busy > job.finish_by
            && let Some((work, Reverse(given_up))) = longest.pop()
        {
            saved[given_up] = false;
            busy -= work;
        }
    }
    saved
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job(finish_by: i64, work: i64) -> Job {
        Job { finish_by, work }
    }

    /// How many are late when those that are saved are done first, in their order.
    fn late(jobs: &[Job], saved: &[bool]) -> usize {
        let mut at = 0;
        let mut late = 0;
        for (job, saved) in jobs.iter().zip(saved) {
            if *saved {
                at += job.work;
                assert!(at <= job.finish_by, "what is saved is on time: {jobs:?} {saved:?}");
            } else {
                late += 1;
            }
        }
        late
    }

    /// The fewest late jobs, found by trying every set: a set can be on time exactly when it is in
    /// the order of its ends.
    fn fewest(jobs: &[Job]) -> usize {
        let on_time = |set: u32| {
            let mut at = 0;
            jobs.iter().enumerate().filter(|(place, _)| set & (1 << place) != 0).all(|(_, job)| {
                at += job.work;
                at <= job.finish_by
            })
        };
        let sets = (0..1_u32 << jobs.len()).filter(|set| on_time(*set));
        jobs.len() - sets.map(u32::count_ones).max().unwrap_or(0) as usize
    }

    #[test]
    fn the_textbook_example() {
        // Pinedo, "Scheduling", example 3.3.3: jobs 1 to 5 with work 7, 8, 4, 6, 6 and ends 9, 17,
        // 18, 19, 21: jobs 1 and 2 are late in an optimal schedule, three are on time.
        let jobs = [job(9, 7), job(17, 8), job(18, 4), job(19, 6), job(21, 6)];
        assert_eq!(saved(&jobs), [false, false, true, true, true]);
        assert_eq!(late(&jobs, &saved(&jobs)), 2);
    }

    #[test]
    fn of_equals_the_nearest_end_is_given_up() {
        let jobs = [job(1, 1), job(2, 1), job(2, 1)];
        assert_eq!(saved(&jobs), [false, true, true]);
        let past = [job(-3, 1), job(0, 1), job(1, 1)];
        assert_eq!(saved(&past), [false, false, true]);
    }

    proptest! {
        #[test]
        fn as_few_are_late_as_can_be(
            mut jobs in prop::collection::vec((-3_i64..30, 0_i64..9).prop_map(|(f, w)| job(f, w)), 0..11)
        ) {
            jobs.sort_by_key(|job| job.finish_by);
            prop_assert_eq!(late(&jobs, &saved(&jobs)), fewest(&jobs));
        }
    }
}
