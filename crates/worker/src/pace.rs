//! How long a loop waits after it found nothing to do, or after an error.

use std::time::Duration;

/// Grows from round to round and begins anew after success.
#[derive(Debug)]
pub(crate) struct Pace {
    first: Duration,
    last: Duration,
    next: Duration,
}

impl Pace {
    pub(crate) fn new(first: Duration, last: Duration) -> Self {
        Self { first, last, next: first }
    }

    /// The next pause; twice the one before it.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.last);
        pause
    }

    /// There was something to do, or it worked.
    pub(crate) fn begin_anew(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_last_and_begin_anew() {
        let ms = Duration::from_millis;
        let mut pace = Pace::new(ms(5), ms(18));
        assert_eq!(
            [pace.pause(), pace.pause(), pace.pause(), pace.pause()],
            [ms(5), ms(10), ms(18), ms(18)]
        );
        pace.begin_anew();
        assert_eq!(pace.pause(), ms(5));
    }
}
