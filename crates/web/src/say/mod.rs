//! What pages say: the catalogues of both languages, under `i18n/`.
//!
//! **Invariant.** No text of a page stands in code or in a template. A key is written where it is
//! said, as `t("key")`, so that a test finds every key that is missing or that nobody says.

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fmt,
    sync::{LazyLock, OnceLock},
};

use fluent_bundle::{
    FluentArgs, FluentError, FluentResource, FluentValue, concurrent::FluentBundle,
    types::FluentNumber,
};
use parvaneh_core::definition::Text;
use unic_langid::LanguageIdentifier;

use crate::{language::Language, shown::digits};

/// A file of a catalogue: its name and what it holds.
type Part = (&'static str, &'static str);

/// The parts of both catalogues: one for each page, and what pages share.
macro_rules! catalogues {
    ($($part:literal),+ $(,)?) => {
        static PERSIAN: &[Part] =
            &[$(($part, include_str!(concat!("../../i18n/fa/", $part, ".ftl")))),+];
        static ENGLISH: &[Part] =
            &[$(($part, include_str!(concat!("../../i18n/en/", $part, ".ftl")))),+];
    };
}

catalogues! {
    "account",
    "admin",
    "apply",
    "calendars",
    "audit",
    "case",
    "cases",
    "dashboard",
    "days",
    "enter",
    "exports",
    "frame",
    "licences",
    "linked",
    "mine",
    "operation",
    "own",
    "paper",
    "people",
    "problem",
    "shown",
    "sittings",
    "worklist",
}

fn parts(language: Language) -> &'static [Part] {
    match language {
        Language::Persian => PERSIAN,
        Language::English => ENGLISH,
    }
}

fn bundle(language: Language) -> &'static FluentBundle<FluentResource> {
    static PERSIAN: LazyLock<FluentBundle<FluentResource>> =
        LazyLock::new(|| read(Language::Persian));
    static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
        LazyLock::new(|| read(Language::English));
    match language {
        Language::Persian => &PERSIAN,
        Language::English => &ENGLISH,
    }
}

fn read(language: Language) -> FluentBundle<FluentResource> {
    // Its plural forms follow from it.
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // What is set in is set apart by us, only where it runs the other way.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::Persian => |value, _| written(value, Language::Persian),
        Language::English => |value, _| written(value, Language::English),
    }));
    for (name, text) in parts(language) {
        // The test of the catalogues reads each part, so that none is broken here.
        let resource =
            FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(rest, errors)| {
                tracing::error!(part = name, ?errors, "a catalogue with faults");
                rest
            });
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// What is set into a text, as its language writes it: figures in its digits.
fn written(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(digits::number(&number.as_string(), language)),
        _ => None,
    }
}

/// A text between marks of direction (first strong isolate), where it has letters of the other one.
fn apart(text: &str, language: Language) -> Cow<'_, str> {
    let other = |letter: char| match language {
        Language::Persian => letter.is_ascii_alphanumeric(),
        Language::English => ('\u{0590}'..='\u{08ff}').contains(&letter),
    };
    match text.contains(other) {
        true => Cow::Owned(format!("\u{2068}{text}\u{2069}")),
        false => Cow::Borrowed(text),
    }
}

/// Speaks a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    /// The text of that key. What is set into it follows: `t("left").n("count", 3)`.
    pub(crate) fn t(self, key: &'static str) -> Said {
        Said { language: self.0, key, args: None, told: OnceLock::new() }
    }

    /// A text that a definition, a unit or a calendar brings in both languages.
    pub(crate) fn of(self, text: &Text) -> &str {
        match self.0 {
            Language::Persian => &text.fa,
            Language::English => &text.en,
        }
    }

    /// A figure in the language's digits, with its thousands told apart.
    pub(crate) fn number(self, number: impl fmt::Display) -> String {
        digits::number(&number.to_string(), self.0)
    }

    /// A text with the language's digits in place of Latin ones.
    pub(crate) fn digits(self, text: impl fmt::Display) -> String {
        digits::written(&text.to_string(), self.0)
    }

    /// The tag of the language.
    pub(crate) fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// In which direction it is written.
    pub(crate) fn dir(self) -> &'static str {
        match self.0 {
            Language::Persian => "rtl",
            Language::English => "ltr",
        }
    }

    /// Whether it is Persian.
    pub(crate) fn is_persian(self) -> bool {
        self.0 == Language::Persian
    }
}

/// A whole number that is set into a text.
pub(crate) trait Figure {
    /// Its value.
    fn figure(&self) -> i64;
}

macro_rules! figures {
    ($($kind:ty),+) => {
        $(impl Figure for $kind {
            fn figure(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        })+
    };
}

figures!(i32, i64, u32, u64, usize);

impl<F: Figure> Figure for &F {
    fn figure(&self) -> i64 {
        (*self).figure()
    }
}

/// A text to be said.
#[derive(Debug)]
pub(crate) struct Said {
    language: Language,
    key: &'static str,
    args: Option<FluentArgs<'static>>,
    told: OnceLock<String>,
}

impl Said {
    /// With a number, which can choose the form of the text.
    #[must_use]
    pub(crate) fn n(mut self, name: &'static str, number: impl Figure) -> Self {
        let number = FluentNumber::from(number.figure());
        self.args.get_or_insert_default().set(name, FluentValue::Number(number));
        self
    }

    /// With a text: a name, a date, a code.
    #[must_use]
    pub(crate) fn s(mut self, name: &'static str, text: impl fmt::Display) -> Self {
        let text = apart(&text.to_string(), self.language).into_owned();
        let text = FluentValue::String(Cow::Owned(text));
        self.args.get_or_insert_default().set(name, text);
        self
    }

    fn tell(&self) -> &str {
        self.told.get_or_init(|| {
            let bundle = bundle(self.language);
            let Some(pattern) = bundle.get_message(self.key).and_then(|found| found.value()) else {
                return self.missing(&[]);
            };
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, self.args.as_ref(), &mut errors).into_owned();
            if errors.is_empty() { text } else { self.missing(&errors) }
        })
    }

    /// Tests find what is missing; people still see something.
    fn missing(&self, errors: &[FluentError]) -> String {
        debug_assert!(false, "the text '{}' cannot be said: {errors:?}", self.key);
        tracing::error!(key = self.key, ?errors, "a text cannot be said");
        self.key.replace('-', " ")
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tell())
    }
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.to_string()
    }
}
