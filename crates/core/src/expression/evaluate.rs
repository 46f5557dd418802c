//! What a checked expression is worth for a case.

use chrono::NaiveDate;

use super::{
    Name,
    tree::{Arithmetic, Condition, Day, Number, Part, Text, power},
};

/// A value that a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value<'a> {
    /// Yes or no.
    YesNo(bool),
    /// A whole number.
    Number(i64),
    /// A number with digits after the point: `units` divided by ten to the power of `digits`.
    Decimal {
        /// In units of its last digit.
        units: i64,
        /// How many digits stand after the point.
        digits: u8,
    },
    /// A text, or the word of a choice.
    Text(&'a str),
    /// A day.
    Day(NaiveDate),
    /// Something that is there and is not looked into: a file.
    Opaque,
}

/// What the names stand for.
pub trait Facts {
    /// The value of a name; `None` where it is absent. A value of another kind than the name's
    /// counts as absent too.
    fn value(&self, name: &Name) -> Option<Value<'_>>;
}

impl Condition {
    pub(super) fn value(&self, facts: &impl Facts) -> Option<bool> {
        match self {
            Self::Literal(literal) => Some(*literal),
            Self::Name(name) => match facts.value(name)? {
                Value::YesNo(value) => Some(value),
                _ => None,
            },
            Self::Has(name) => Some(facts.value(name).is_some()),
            Self::Not(inner) => Some(!inner.value(facts)?),
            Self::All(parts) => joined(parts, facts, false),
            Self::Any(parts) => joined(parts, facts, true),
            Self::Same { equal, sides: both } => {
                Some((both[0].value(facts)? == both[1].value(facts)?) == *equal)
            }
            Self::Numbers(how, a, b) => Some(how.holds(&a.value(facts)?, &b.value(facts)?)),
            Self::Days(how, a, b) => Some(how.holds(&a.value(facts)?, &b.value(facts)?)),
            Self::Texts { equal, sides: [a, b] } => {
                Some((a.value(facts)? == b.value(facts)?) == *equal)
            }
            Self::Part(part, text, other) => {
                let (text, other) = (text.value(facts)?, other.value(facts)?);
                Some(match part {
                    Part::Start => text.starts_with(other),
                    Part::End => text.ends_with(other),
                    Part::Anywhere => text.contains(other),
                })
            }
        }
    }
}

/// `decisive` as soon as one part is; absent, when none is and one is absent.
fn joined(parts: &[Condition], facts: &impl Facts, decisive: bool) -> Option<bool> {
    let mut value = Some(!decisive);
    for part in parts {
        match part.value(facts) {
            Some(part) if part == decisive => return Some(decisive),
            Some(_) => {}
            None => value = None,
        }
    }
    value
}

impl Number {
    pub(super) fn value(&self, facts: &impl Facts) -> Option<i64> {
        match self {
            Self::Literal(literal) => Some(*literal),
            Self::Name(name) => match facts.value(name)? {
                Value::Number(value) => Some(value),
                _ => None,
            },
            Self::Decimal(name, digits) => match facts.value(name)? {
                Value::Number(value) => value.checked_mul(power(*digits)),
                Value::Decimal { units, digits: known } => {
                    units.checked_mul(power(digits.checked_sub(known)?))
                }
                _ => None,
            },
            Self::Finer(by, inner) => inner.value(facts)?.checked_mul(power(*by)),
            Self::Negated(inner) => inner.value(facts)?.checked_neg(),
            Self::Computed(how, sides) => {
                let (a, b) = (sides[0].value(facts)?, sides[1].value(facts)?);
                match how {
                    Arithmetic::Plus => a.checked_add(b),
                    Arithmetic::Minus => a.checked_sub(b),
                    Arithmetic::Times => a.checked_mul(b),
                    Arithmetic::Over => a.checked_div(b),
                    Arithmetic::Remainder => a.checked_rem(b),
                }
            }
            Self::Length(text) => i64::try_from(text.value(facts)?.chars().count()).ok(),
            Self::DaysBetween(from, to) => {
                Some(to.value(facts)?.signed_duration_since(from.value(facts)?).num_days())
            }
        }
    }
}

impl Text {
    fn value<'a>(&'a self, facts: &'a impl Facts) -> Option<&'a str> {
        match self {
            Self::Literal(literal) => Some(literal),
            Self::Name(name) => match facts.value(name)? {
                Value::Text(value) => Some(value),
                _ => None,
            },
        }
    }
}

impl Day {
    fn value(&self, facts: &impl Facts) -> Option<NaiveDate> {
        match self {
            Self::Literal(literal) => Some(*literal),
            Self::Name(name) => match facts.value(name)? {
                Value::Day(value) => Some(value),
                _ => None,
            },
        }
    }
}
