//! When what could not be sent is tried again.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// How often and when a delivery is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long after the first attempt; each further wait is twice as long.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How many attempts there are in all.
    pub attempts: u32,
}

impl Default for Retry {
    /// Twelve attempts: the last about 17 hours after the first.
    fn default() -> Self {
        let (first, longest) = (Duration::from_secs(30), Duration::from_secs(4 * 3600));
        Self { first, longest, attempts: 12 }
    }
}

impl Retry {
    /// How long to wait after attempt number `attempt` (from 1) of what `reason` names; `None` when
    /// it was the last.
    ///
    /// Up to a fifth shorter or longer, by the name and the attempt: what failed together is not
    /// tried again together, and yet the same question always has the same answer.
    pub fn after(&self, reason: &str, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        let wait = self.first.saturating_mul(doubled).min(self.longest);
        let hash = Sha256::digest(format!("{reason}#{attempt}").as_bytes());
        let part = f64::from(u16::from_be_bytes([hash[0], hash[1]])) / f64::from(u16::MAX);
        Some(wait.mul_f64(0.8 + 0.4 * part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let retry = Retry::default();
        for reason in ["a", "b", "email:1:2:3"] {
            for attempt in 1..12 {
                let plain = (30.0 * 2f64.powi(attempt as i32 - 1)).min(4.0 * 3600.0);
                let wait = retry.after(reason, attempt).unwrap().as_secs_f64();
                assert!((0.8 * plain..=1.2 * plain).contains(&wait), "{attempt}: {wait}");
                assert_eq!(retry.after(reason, attempt), retry.after(reason, attempt));
            }
            assert_eq!(retry.after(reason, 12), None);
            assert_eq!(retry.after(reason, u32::MAX), None);
        }
        let total: f64 = (1..12).map(|n| retry.after("x", n).unwrap().as_secs_f64()).sum();
        assert!((12.0..24.0).contains(&(total / 3600.0)), "{} hours in all", total / 3600.0);
    }

    #[test]
    fn what_failed_together_is_not_tried_again_together() {
        let retry = Retry::default();
        let mut waits: Vec<_> = (0..200).map(|n| retry.after(&n.to_string(), 3).unwrap()).collect();
        waits.sort();
        let (least, most) = (waits[0], waits[199]);
        assert!(
            most - least > Duration::from_secs(40),
            "spread over 48 seconds: {least:?} {most:?}"
        );
        waits.dedup();
        assert!(waits.len() > 190);
    }
}
