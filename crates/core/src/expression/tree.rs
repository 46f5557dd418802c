//! A checked expression: one type for each kind of value, so that an ill-typed one cannot be built.

use chrono::NaiveDate;

use super::Name;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    pub(super) fn holds<T: PartialOrd>(self, a: &T, b: &T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Unequal => a != b,
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::Greater => a > b,
            Self::AtLeast => a >= b,
        }
    }
}

/// True or false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Literal(bool),
    Name(Name),
    Has(Name),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// `==` (or `!=`, where not `equal`) between conditions.
    Same {
        equal: bool,
        sides: Box<[Condition; 2]>,
    },
    Numbers(Comparison, Number, Number),
    Days(Comparison, Day, Day),
    /// `==` (or `!=`, where not `equal`) between texts.
    Texts {
        equal: bool,
        sides: [Text; 2],
    },
    /// A text starts with, ends with, or contains another.
    Part(Part, Text, Text),
}

/// Where in a text another is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Start,
    End,
    Anywhere,
}

/// A number, in units of its last digit after the point: how many digits those are is settled when
/// the expression is checked, so that only numbers of the same unit meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Literal(i64),
    /// A whole number.
    Name(Name),
    /// A number with so many digits after the point.
    Decimal(Name, u8),
    /// The same number with so many more digits after the point.
    Finer(u8, Box<Number>),
    Negated(Box<Number>),
    Computed(Arithmetic, Box<[Number; 2]>),
    /// How many characters a text has.
    Length(Text),
    /// How many days lie between two dates: negative, when the second is the earlier one.
    DaysBetween(Day, Day),
}

/// How two numbers are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    Over,
    Remainder,
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Literal(Box<str>),
    Name(Name),
}

/// A day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Literal(NaiveDate),
    Name(Name),
}

impl Condition {
    /// How many parts it has: what evaluating it costs at most.
    pub(super) fn size(&self) -> u64 {
        1 + match self {
            Self::Literal(_) | Self::Name(_) | Self::Has(_) => 0,
            Self::Not(inner) => inner.size(),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::size).sum(),
            Self::Same { sides, .. } => sides.iter().map(Self::size).sum(),
            Self::Numbers(_, a, b) => a.size() + b.size(),
            Self::Days(..) | Self::Texts { .. } | Self::Part(..) => 2,
        }
    }

    /// Tells every name that it mentions.
    pub(super) fn names<'e>(&'e self, tell: &mut impl FnMut(&'e Name)) {
        match self {
            Self::Literal(_) => {}
            Self::Name(name) | Self::Has(name) => tell(name),
            Self::Not(inner) => inner.names(tell),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.names(tell)),
            Self::Same { sides, .. } => sides.iter().for_each(|side| side.names(tell)),
            Self::Numbers(_, a, b) => [a, b].into_iter().for_each(|side| side.names(tell)),
            Self::Days(_, a, b) => [a, b].into_iter().filter_map(Day::name).for_each(tell),
            Self::Texts { sides, .. } => sides.iter().filter_map(Text::name).for_each(tell),
            Self::Part(_, a, b) => [a, b].into_iter().filter_map(Text::name).for_each(tell),
        }
    }
}

impl Number {
    fn size(&self) -> u64 {
        1 + match self {
            Self::Literal(_) | Self::Name(_) | Self::Decimal(..) => 0,
            Self::Negated(inner) | Self::Finer(_, inner) => inner.size(),
            Self::Computed(_, sides) => sides.iter().map(Self::size).sum(),
            Self::Length(_) | Self::DaysBetween(..) => 2,
        }
    }

    pub(super) fn names<'e>(&'e self, tell: &mut impl FnMut(&'e Name)) {
        match self {
            Self::Literal(_) => {}
            Self::Name(name) | Self::Decimal(name, _) => tell(name),
            Self::Negated(inner) | Self::Finer(_, inner) => inner.names(tell),
            Self::Computed(_, sides) => sides.iter().for_each(|side| side.names(tell)),
            Self::Length(text) => text.name().into_iter().for_each(tell),
            Self::DaysBetween(a, b) => [a, b].into_iter().filter_map(Day::name).for_each(tell),
        }
    }
}

/// Ten to the power of the digits after the point: there are never more than six.
pub(super) fn power(digits: u8) -> i64 {
    10_i64.pow(digits.min(super::MOST_DIGITS).into())
}

impl Text {
    pub(super) fn name(&self) -> Option<&Name> {
        match self {
            Self::Literal(_) => None,
            Self::Name(name) => Some(name),
        }
    }
}

impl Day {
    pub(super) fn name(&self) -> Option<&Name> {
        match self {
            Self::Literal(_) => None,
            Self::Name(name) => Some(name),
        }
    }
}
