//! The names that an expression may use, and what they stand for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// A field of a form: `capital`, or `data.capital`.
    Field(Arc<str>),
    /// `answers.police`: the answer to an inquiry.
    Answer(Arc<str>),
    /// `case.returns`: how often the case has come to the applicant since it was opened.
    Returns,
    /// `case.unit`: the unit that received the case.
    Unit,
    /// `case.opened`: the day on which the case was received, by its calendar's clock.
    Opened,
    /// `case.today`: the day on which the guard is asked, by the calendar's clock.
    Today,
}

impl Name {
    /// The facts of a case, as they are written after `case.`.
    pub const OF_CASE: &'static [(&'static str, Self)] = &[
        ("returns", Self::Returns),
        ("unit", Self::Unit),
        ("opened", Self::Opened),
        ("today", Self::Today),
    ];
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Answer(branch) => write!(f, "answers.{branch}"),
            fact => {
                let known = Self::OF_CASE.iter().find(|(_, name)| name == fact);
                write!(f, "case.{}", known.map_or("", |(name, _)| name))
            }
        }
    }
}

/// What kind of value a name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    YesNo,
    /// A whole number within bounds.
    Number {
        /// The least.
        min: Option<i64>,
        /// The greatest.
        max: Option<i64>,
    },
    /// A number with digits after the point, within bounds in units of its last digit.
    Decimal {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// How many digits stand after the point, at most [`MOST_DIGITS`](super::MOST_DIGITS).
        digits: u8,
    },
    /// A text.
    Text,
    /// A day.
    Day {
        /// The first.
        min: Option<chrono::NaiveDate>,
        /// The last.
        max: Option<chrono::NaiveDate>,
    },
    /// One of a few words.
    Choice(Vec<String>),
    /// Something of which a condition can only ask whether it is there: a file.
    Opaque,
}

impl Kind {
    /// What people call it.
    pub(super) fn called(&self) -> &'static str {
        match self {
            Self::YesNo => "yes or no",
            Self::Number { .. } | Self::Decimal { .. } => "a number",
            Self::Text => "a text",
            Self::Day { .. } => "a date",
            Self::Choice(_) => "a choice",
            Self::Opaque => "a file",
        }
    }
}

/// A field that an expression may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its kind.
    pub kind: Kind,
    /// Whether every case has a value for it from its opening on.
    pub always: bool,
}

/// The fields and inquiries that an expression may name, beside the facts of every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    fields: BTreeMap<Arc<str>, Field>,
    inquiries: BTreeSet<Arc<str>>,
    /// Fields that there are, and that no rule may read.
    personal: BTreeSet<Arc<str>>,
    /// What an inquiry can be answered.
    answer: Kind,
}

impl Default for Schema {
    fn default() -> Self {
        let words = ["positive", "negative"].map(str::to_owned).into();
        let (fields, inquiries, personal) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { fields, inquiries, personal, answer: Kind::Choice(words) }
    }
}

impl Schema {
    /// The fields of a definition.
    pub fn new(fields: impl IntoIterator<Item = (impl Into<Arc<str>>, Field)>) -> Self {
        let fields = fields.into_iter().map(|(name, field)| (name.into(), field)).collect();
        Self { fields, ..Self::default() }
    }

    /// The same with the names of the inquiries that are made.
    #[must_use]
    pub fn with_inquiries(self, names: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self { inquiries: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// The same with the names of fields that no rule may read.
    #[must_use]
    pub fn without_personal(self, names: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self { personal: names.into_iter().map(Into::into).collect(), ..self }
    }

    pub(super) fn is_personal(&self, name: &str) -> bool {
        self.personal.contains(name)
    }

    /// The names of the inquiries.
    pub fn inquiries(&self) -> impl Iterator<Item = &str> {
        self.inquiries.iter().map(|name| &**name)
    }

    pub(super) fn inquiry(&self, name: &str) -> Option<(Name, &Kind)> {
        Some((Name::Answer(self.inquiries.get(name)?.clone()), &self.answer))
    }

    /// The names of the fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(|name| &**name)
    }

    pub(super) fn field(&self, name: &str) -> Option<(Name, &Kind)> {
        let (name, field) = self.fields.get_key_value(name)?;
        Some((Name::Field(name.clone()), &field.kind))
    }

    /// The kind of a name; `None` for a field that is not of this schema.
    pub fn kind(&self, name: &Name) -> Option<&Kind> {
        Some(match name {
            Name::Field(field) => &self.fields.get(field)?.kind,
            Name::Answer(branch) => self.inquiries.get(branch).map(|_| &self.answer)?,
            Name::Returns => &Kind::Number { min: Some(0), max: Some(u32::MAX as i64) },
            Name::Unit => &Kind::Text,
            Name::Opened | Name::Today => &Kind::Day { min: None, max: None },
        })
    }

    /// Whether every case has a value for it.
    pub fn is_always_there(&self, name: &Name) -> bool {
        match name {
            Name::Field(field) => self.fields.get(field).is_some_and(|field| field.always),
            Name::Answer(_) => false,
            Name::Returns | Name::Unit | Name::Opened | Name::Today => true,
        }
    }
}
