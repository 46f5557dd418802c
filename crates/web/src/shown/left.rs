//! What is left of a time: «۳ روز کاری مانده», «۲ روز تأخیر», with a mark beside the words.

use std::fmt::{self, Display};

use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{Calendar, Instant};

use super::Moment;
use crate::say::{Said, Words};

/// From how many working days before its end on a time is near it.
pub(crate) const NEAR: u32 = 3;
/// As many days as are looked at: what ends later is told in these.
const FARTHEST: i64 = 1_000;

/// What stands beside the words, so that colour never speaks alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The time runs, and its end is not near.
    Running,
    /// The end is near.
    Near,
    /// The end has passed.
    Late,
    /// The time stands still.
    Held,
    /// It was finished in time.
    Done,
    /// There is no time limit.
    Free,
}

impl Mark {
    /// The sign; none where nothing presses.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Near => "▲",
            Self::Late => "■",
            Self::Held => "‖",
            Self::Done => "✓",
            Self::Running | Self::Free => "",
        }
    }

    /// The class by which it is coloured.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Running => "is-running",
            Self::Near => "is-near",
            Self::Late => "is-late",
            Self::Held => "is-held",
            Self::Done => "is-done",
            Self::Free => "is-free",
        }
    }
}

/// What is left of a time, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// What stands beside the words.
    pub(crate) mark: Mark,
    told: String,
}

impl Left {
    /// Until a deadline that runs.
    pub(crate) fn until(
        deadline: Instant,
        now: Instant,
        calendar: &Calendar,
        words: Words,
    ) -> Self {
        let (today, last) = (calendar.local_date(now), last_day(deadline, calendar));
        if now > deadline {
            let told = match (today - last).num_days() {
                days @ 1.. => words.t("left-late").n("days", days),
                _ => words.t("left-late-today"),
            };
            return Self::said(Mark::Late, told);
        }
        if last <= today {
            let time = Moment::at(deadline, calendar, words).time();
            return Self::said(Mark::Near, words.t("left-today").s("time", time));
        }
        let days = working_days(today, last, calendar);
        let mark = if days <= i64::from(NEAR) { Mark::Near } else { Mark::Running };
        Self::said(mark, words.t("left-days").n("days", days))
    }

    /// Of a clock that stands still.
    pub(crate) fn held(words: Words) -> Self {
        Self::said(Mark::Held, words.t("left-held"))
    }

    /// Where no time limit runs.
    pub(crate) fn none(words: Words) -> Self {
        Self::said(Mark::Free, words.t("left-none"))
    }

    /// Of a clock that stopped at that instant.
    pub(crate) fn stopped(
        deadline: Option<Instant>,
        at: Instant,
        calendar: &Calendar,
        words: Words,
    ) -> Self {
        let Some(deadline) = deadline.filter(|deadline| at > *deadline) else {
            return Self::said(Mark::Done, words.t("left-done"));
        };
        let days = (calendar.local_date(at) - last_day(deadline, calendar)).num_days();
        Self::said(Mark::Late, words.t("left-done-late").n("days", days.max(1)))
    }

    fn said(mark: Mark, told: Said) -> Self {
        Self { mark, told: told.into() }
    }

    /// Without mark-up.
    pub(crate) fn plain(&self) -> &str {
        &self.told
    }
}

impl Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, sign) = (self.mark.class(), self.mark.sign());
        write!(f, "<span class=\"left {class}\">")?;
        if !sign.is_empty() {
            write!(f, "<span class=\"mark\" aria-hidden=\"true\">{sign}</span> ")?;
        }
        // Of the catalogues, with figures: nothing to escape.
        write!(f, "{}</span>", self.told)
    }
}

impl askama::filters::HtmlSafe for Left {}

/// The day on which a time ends: at midnight, the day that it ends.
pub(crate) fn last_day(deadline: Instant, calendar: &Calendar) -> NaiveDate {
    calendar.local_date(deadline - TimeDelta::microseconds(1))
}

/// How many working days come after `today` up to `last`.
fn working_days(today: NaiveDate, last: NaiveDate, calendar: &Calendar) -> i64 {
    let days = today.iter_days().skip(1).take_while(|day| *day <= last).take(FARTHEST as usize);
    days.filter(|day| calendar.day(*day).is_open()).count() as i64
}

/// Until when a deadline is near now: the end of the last of the next [`NEAR`] working days.
pub(crate) fn near_until(now: Instant, calendar: &Calendar) -> Instant {
    let today = calendar.local_date(now);
    let days = today.iter_days().skip(1).take(FARTHEST as usize);
    let mut working = days.filter(|day| calendar.day(*day).is_open());
    match working.nth(NEAR as usize - 1).and_then(|day| day.succ_opt()) {
        Some(after) => calendar.start_of(after),
        None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ribbon::fixture, *};
    use crate::language::Language;

    /// Saturday 1403/09/03: the week is Saturday to Wednesday.
    const NOW: &str = "2024-11-23T10:00:00+03:30";

    #[test]
    fn what_is_left_in_words() {
        let (calendars, now) = (fixture::calendars(), fixture::at(NOW));
        let calendar = calendars.national();
        for (deadline, mark, fa, en) in [
            ("2024-11-23T14:30:00+03:30", Mark::Near, "امروز تا ۱۴:۳۰", "today, until 14:30"),
            ("2024-11-24T14:30:00+03:30", Mark::Near, "۱ روز کاری مانده", "1 working day left"),
            ("2024-11-26T14:30:00+03:30", Mark::Near, "۳ روز کاری مانده", "3 working days left"),
            ("2024-11-27T14:30:00+03:30", Mark::Running, "۴ روز کاری مانده", "4 working days left"),
            // Thursday and Friday do not count.
            ("2024-11-30T14:30:00+03:30", Mark::Running, "۵ روز کاری مانده", "5 working days left"),
            // At midnight the day that ends.
            ("2024-11-25T00:00:00+03:30", Mark::Near, "۱ روز کاری مانده", "1 working day left"),
            ("2024-11-23T09:59:00+03:30", Mark::Late, "مهلت امروز گذشت", "late since today"),
            ("2024-11-22T14:30:00+03:30", Mark::Late, "۱ روز تأخیر", "1 day late"),
            ("2024-11-20T14:30:00+03:30", Mark::Late, "۳ روز تأخیر", "3 days late"),
        ] {
            let deadline = fixture::at(deadline);
            for (language, told) in [(Language::Persian, fa), (Language::English, en)] {
                let left = Left::until(deadline, now, calendar, Words(language));
                assert_eq!((left.mark, left.plain()), (mark, told), "{deadline}");
            }
            let near = deadline >= now && deadline <= near_until(now, calendar);
            assert_eq!(near, mark == Mark::Near, "{deadline}: the mark and the count agree");
        }
    }

    #[test]
    fn the_mark_stands_beside_the_words() {
        let words = Words(Language::English);
        assert_eq!(
            Left::held(words).to_string(),
            "<span class=\"left is-held\"><span class=\"mark\" aria-hidden=\"true\">‖</span> the clock is stopped</span>"
        );
        assert_eq!(
            Left::none(words).to_string(),
            "<span class=\"left is-free\">no time limit</span>"
        );
        let calendars = fixture::calendars();
        let calendar = calendars.national();
        let (deadline, late) =
            (fixture::at("2024-11-20T14:30:00+03:30"), fixture::at("2024-11-23T10:00:00+03:30"));
        let stopped = |at| Left::stopped(Some(deadline), at, calendar, words).plain().to_owned();
        assert_eq!((stopped(deadline), stopped(late)), ("in time".into(), "3 days late".into()));
    }
}
