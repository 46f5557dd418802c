//! The ribbon of a clock: what has run, what stood still, what is left, where it ends.

use askama::Template;
use parvaneh_core::{Instant, Ledger, Suspension};

use super::Left;
use crate::say::Words;

/// How large a ribbon is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// In a row of a table.
    Small,
    /// At the head of a case.
    Large,
}

impl Size {
    fn width(self) -> i64 {
        match self {
            Self::Small => 120,
            Self::Large => 720,
        }
    }

    fn height(self) -> i64 {
        match self {
            Self::Small => 12,
            Self::Large => 24,
        }
    }
}

/// What a clock has lived so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    /// When it started.
    pub(crate) from: Instant,
    /// When it stood still.
    pub(crate) suspensions: Vec<Suspension>,
    /// Its deadline; while it stands still, the one that it would have if it ran on now, where that
    /// is known.
    pub(crate) deadline: Option<Instant>,
    /// Until when the step at which the case stands should be done: the service norm.
    pub(crate) norm: Option<Instant>,
    /// Now; where the clock has stopped, when it did.
    pub(crate) until: Instant,
}

impl Story {
    /// Of a ledger, now.
    pub(crate) fn of(
        ledger: &Ledger,
        deadline: Option<Instant>,
        norm: Option<Instant>,
        now: Instant,
    ) -> Self {
        Self {
            from: ledger.started_at,
            suspensions: ledger.clone().normalised().suspensions,
            deadline,
            norm: norm.filter(|_| ledger.stopped_at.is_none()),
            until: ledger.stopped_at.unwrap_or(now),
        }
    }
}

/// A part of a ribbon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    class: &'static str,
    x: i64,
    width: i64,
}

/// The ribbon of a clock, with the words that always stand beside it.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/ribbon.html")]
pub(crate) struct Ribbon {
    size: Size,
    parts: Vec<Part>,
    /// Where the norm and the deadline lie.
    ticks: Vec<(&'static str, i64)>,
    left: Left,
    /// What explains the deadline, where the reader may see it.
    link: Option<String>,
    words: Words,
}

impl askama::filters::HtmlSafe for Ribbon {}

impl Ribbon {
    /// Draws a clock's story.
    pub(crate) fn of(story: &Story, left: Left, size: Size, words: Words) -> Self {
        let micros = |at: Instant| at.timestamp_micros();
        let (from, until) = (micros(story.from), micros(story.until).max(micros(story.from)));
        let deadline = story.deadline.map(micros);
        let end = until.max(deadline.unwrap_or(until)).max(from + 1);
        let (width, span) = (size.width(), i128::from(end - from));
        let place = |at: i64| {
            let along = i128::from(at.clamp(from, end) - from) * i128::from(width) / span;
            along as i64
        };
        // Persian time runs from right to left, as its text does.
        let flipped = |x: i64, wide: i64| if words.is_persian() { width - x - wide } else { x };
        let mut parts = Vec::new();
        let mut add = |class, since: i64, till: i64| {
            let (x, wide) = (place(since), place(till) - place(since));
            if till > since {
                let wide = wide.max(1);
                parts.push(Part { class, x: flipped(x, wide), width: wide });
            }
        };
        let mut at = from;
        let run = |add: &mut dyn FnMut(&'static str, i64, i64), since: i64, till: i64| {
            let due = deadline.unwrap_or(i64::MAX).clamp(since, till);
            add("ran", since, due);
            add("late", due, till);
        };
        for suspension in &story.suspensions {
            let begun = micros(suspension.from).clamp(at, until);
            let ended = suspension.until.map_or(until, micros).clamp(begun, until);
            run(&mut add, at, begun);
            add("held", begun, ended);
            at = ended;
        }
        run(&mut add, at, until);
        add("open", until, deadline.unwrap_or(until));
        let tick =
            |class, at: Option<i64>| at.map(|at| (class, flipped(place(at).min(width - 1), 1)));
        let norm = story.norm.map(micros).filter(|norm| (from..=end).contains(norm));
        let ticks = [tick("norm", norm), tick("due", deadline)].into_iter().flatten().collect();
        Self { size, parts, ticks, left, link: None, words }
    }

    /// The same, leading to what explains the deadline.
    #[must_use]
    pub(crate) fn explained_at(self, address: impl Into<String>) -> Self {
        Self { link: Some(address.into()), ..self }
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! A calendar of Iran and instants, for the tests of what is shown.

    use chrono::DateTime;
    use parvaneh_core::{CalendarSource, Calendars, Instant};

    pub(crate) fn calendars() -> Calendars {
        let text = include_str!("../../../../workflows/calendars/ir.yaml");
        Calendars::compile(CalendarSource::parse("ir.yaml", text).unwrap())
    }

    pub(crate) fn at(text: &str) -> Instant {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::{fixture::at, *};
    use crate::language::Language;

    fn day(day: u32) -> Instant {
        at(&format!("2024-11-{day:02}T10:00:00Z"))
    }

    fn story() -> Story {
        let suspension =
            |from, until: Option<u32>| Suspension { from: day(from), until: until.map(day) };
        Story {
            from: day(1),
            suspensions: vec![suspension(5, Some(9))],
            deadline: Some(day(21)),
            norm: Some(day(13)),
            until: day(11),
        }
    }

    fn drawn(story: &Story, words: Words) -> Vec<(&'static str, i64, i64)> {
        let ribbon = Ribbon::of(story, Left::none(words), Size::Small, words);
        let parts = ribbon.parts.into_iter().map(|part| (part.class, part.x, part.width));
        parts.chain(ribbon.ticks.into_iter().map(|(class, x)| (class, x, 1))).collect()
    }

    #[test]
    fn what_ran_what_stood_still_and_what_is_left() {
        // Twenty days on 120: six a day.
        let ltr = drawn(&story(), Words(Language::English));
        let expected =
            [("ran", 0, 24), ("held", 24, 24), ("ran", 48, 12), ("open", 60, 60), ("norm", 72, 1)];
        assert_eq!(ltr[..5], expected);
        assert_eq!(ltr[5], ("due", 119, 1));
        // From right to left, the same.
        let rtl = drawn(&story(), Words(Language::Persian));
        assert_eq!(rtl[0], ("ran", 96, 24));
        assert_eq!(rtl[5], ("due", 0, 1));
        assert_eq!(rtl[..4].iter().map(|(_, _, wide)| wide).sum::<i64>(), 120);
    }

    #[test]
    fn past_the_deadline_a_tail() {
        let late = Story { deadline: Some(day(11)), until: day(13), norm: None, ..story() };
        let drawn = drawn(&late, Words(Language::English));
        let classes: Vec<_> = drawn.iter().map(|(class, ..)| *class).collect();
        assert_eq!(classes, ["ran", "held", "ran", "late", "due"]);
        assert_eq!((drawn[3].1, drawn[3].2), (100, 20));
    }

    #[test]
    fn one_that_stands_still_or_has_only_begun_is_drawn_as_well() {
        let open = Suspension { from: day(5), until: None };
        let held = Story { suspensions: vec![open], deadline: None, norm: None, ..story() };
        let classes: Vec<_> =
            drawn(&held, Words(Language::English)).iter().map(|(class, ..)| *class).collect();
        assert_eq!(classes, ["ran", "held"]);
        let begun =
            Story { from: day(11), deadline: None, norm: None, suspensions: vec![], ..story() };
        assert!(drawn(&begun, Words(Language::English)).is_empty());
    }

    #[test]
    fn a_ribbon_is_drawn_without_style_and_with_its_words() {
        let words = Words(Language::Persian);
        let ribbon = Ribbon::of(&story(), Left::held(words), Size::Small, words);
        let drawn = ribbon.explained_at("/cases/1/clocks/0").to_string();
        assert!(!drawn.contains("style="), "{drawn}");
        insta::assert_snapshot!(drawn);
    }
}
