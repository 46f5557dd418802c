//! What can be said of conditions before there is a case: whether one can ever be met, and which of
//! several hold together.
//!
//! Between two neighbouring constants that a name is compared with, no comparison changes its
//! answer. So a few values of each name stand for all of them: those at and beside its constants and
//! bounds, every word of a choice, a text that is none of those mentioned, and no value at all. All
//! combinations of them are tried. That is *complete* for comparisons of a name with constants (also
//! through `+`, `-` and `*`), of names of one kind with each other, for choices, yes and no and
//! `has()`; a condition that goes beyond is only sampled, and of it nothing is said that a sample
//! does not show.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{Datelike, NaiveDate};

use super::{
    Expression, Facts, Kind, Name, Schema, Value,
    tree::{Arithmetic, Condition, Day, Number, Text, power},
};
use crate::JalaliDate;

/// How much may be tried for the conditions of one definition, in parts of conditions.
pub(crate) const BUDGET: u64 = 4_000_000;
/// How much of it for one question.
const MOST_AT_ONCE: u64 = 500_000;

/// One value for each name that some conditions mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    values: Vec<(Name, Option<Sample>)>,
}

/// A value of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sample {
    YesNo(bool),
    Number(i64),
    Decimal { units: i64, digits: u8 },
    Text(String),
    Day(NaiveDate),
    Opaque,
}

impl Facts for Example {
    fn value(&self, name: &Name) -> Option<Value<'_>> {
        let (_, value) = self.values.iter().find(|(known, _)| known == name)?;
        Some(match value.as_ref()? {
            Sample::YesNo(value) => Value::YesNo(*value),
            Sample::Number(value) => Value::Number(*value),
            Sample::Decimal { units, digits } => Value::Decimal { units: *units, digits: *digits },
            Sample::Text(value) => Value::Text(value),
            Sample::Day(value) => Value::Day(*value),
            Sample::Opaque => Value::Opaque,
        })
    }
}

impl fmt::Display for Example {
    /// `capital = 5, kind = 'charity', founded = 1403/05/01, town not filled in`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.values.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            match value {
                None if matches!(name, Name::Answer(_)) => write!(f, "{name} not given")?,
                None => write!(f, "{name} not filled in")?,
                Some(Sample::YesNo(value)) => write!(f, "{name} = {value}")?,
                Some(Sample::Number(value)) => write!(f, "{name} = {value}")?,
                Some(Sample::Decimal { units, digits }) => {
                    write!(f, "{name} = {}", Written { units: *units, digits: *digits })?
                }
                Some(Sample::Text(value)) => write!(f, "{name} = '{value}'")?,
                Some(Sample::Day(value)) => write!(f, "{name} = {}", JalaliDate::from(*value))?,
                Some(Sample::Opaque) => write!(f, "{name} filled in")?,
            }
        }
        Ok(())
    }
}

/// A number with digits after the point, without zeros at its end.
struct Written {
    units: i64,
    digits: u8,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = power(self.digits).unsigned_abs();
        let (whole, part) = (self.units.unsigned_abs() / one, self.units.unsigned_abs() % one);
        let sign = if self.units < 0 { "-" } else { "" };
        let part = format!("{part:0width$}", width = self.digits.into());
        match part.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            part => write!(f, "{sign}{whole}.{part}"),
        }
    }
}

/// Tries the values that matter for some conditions, as long as `budget` lasts.
///
/// Answers whether what was tried stands for every case; `None` when it would be too much, and
/// nothing was tried.
pub fn explore(
    schema: &Schema,
    conditions: &[&Expression],
    budget: &mut u64,
    mut visit: impl FnMut(&Example),
) -> Option<bool> {
    let mut cuts = Cuts {
        schema,
        numbers: BTreeMap::new(),
        words: BTreeMap::new(),
        ties: Vec::new(),
        complete: true,
    };
    let mut names = BTreeSet::new();
    for condition in conditions {
        cuts.condition(condition.root());
        condition.root().names(&mut |name| {
            names.insert(name.clone());
        });
    }
    let size: u64 = conditions.iter().map(|condition| condition.root().size()).sum();
    let mut domains = Vec::new();
    let mut cost = size;
    for name in names {
        let mut values: Vec<_> = cuts.values(&name).into_iter().map(Some).collect();
        if !schema.is_always_there(&name) || values.is_empty() {
            values.push(None);
        }
        cost = cost.checked_mul(values.len() as u64)?;
        if cost > (*budget).min(MOST_AT_ONCE) {
            return None;
        }
        domains.push((name, values));
    }
    // A condition without names costs too.
    *budget = budget.checked_sub(cost)?;
    let mut places = vec![0; domains.len()];
    loop {
        let values = domains.iter().zip(&places);
        let values = values.map(|((name, values), place)| (name.clone(), values[*place].clone()));
        visit(&Example { values: values.collect() });
        // The next combination, as an odometer counts.
        let Some(turned) = (0..places.len()).find(|at| places[*at] + 1 < domains[*at].1.len())
        else {
            return Some(cuts.complete);
        };
        places[turned] += 1;
        places[..turned].fill(0);
    }
}

/// The constants at which the answers of some conditions change.
struct Cuts<'s> {
    schema: &'s Schema,
    /// Of numbers, and of days as numbers.
    numbers: BTreeMap<Name, BTreeSet<i64>>,
    words: BTreeMap<Name, BTreeSet<String>>,
    /// Names that are compared with each other.
    ties: Vec<(Name, Name)>,
    complete: bool,
}

/// A sum of names and a constant.
#[derive(Default)]
struct Linear {
    terms: BTreeMap<Name, i128>,
    constant: i128,
}

impl Linear {
    fn constant(constant: i128) -> Self {
        Self { terms: BTreeMap::new(), constant }
    }

    fn name(name: &Name) -> Self {
        Self { terms: BTreeMap::from([(name.clone(), 1)]), constant: 0 }
    }

    fn times(mut self, factor: i128) -> Option<Self> {
        self.constant = self.constant.checked_mul(factor)?;
        for term in self.terms.values_mut() {
            *term = term.checked_mul(factor)?;
        }
        Some(self)
    }

    fn plus(mut self, other: Self) -> Option<Self> {
        self.constant = self.constant.checked_add(other.constant)?;
        for (name, factor) in other.terms {
            let term = self.terms.entry(name).or_default();
            *term = term.checked_add(factor)?;
        }
        self.terms.retain(|_, factor| *factor != 0);
        Some(self)
    }

    fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.times(-1)?)
    }
}

fn linear(number: &Number) -> Option<Linear> {
    match number {
        Number::Literal(literal) => Some(Linear::constant((*literal).into())),
        Number::Name(name) | Number::Decimal(name, _) => Some(Linear::name(name)),
        Number::Finer(by, inner) => linear(inner)?.times(power(*by).into()),
        Number::Negated(inner) => linear(inner)?.times(-1),
        Number::Computed(how, sides) => {
            let (a, b) = (linear(&sides[0])?, linear(&sides[1])?);
            match how {
                Arithmetic::Plus => a.plus(b),
                Arithmetic::Minus => a.minus(b),
                Arithmetic::Times if a.terms.is_empty() => b.times(a.constant),
                Arithmetic::Times if b.terms.is_empty() => a.times(b.constant),
                _ => None,
            }
        }
        Number::Length(_) => None,
        Number::DaysBetween(from, to) => day(to).minus(day(from)),
    }
}

fn day(day: &Day) -> Linear {
    match day {
        Day::Literal(literal) => Linear::constant(literal.num_days_from_ce().into()),
        Day::Name(name) => Linear::name(name),
    }
}

impl Cuts<'_> {
    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Literal(_) | Condition::Name(_) | Condition::Has(_) => {}
            Condition::Not(inner) => self.condition(inner),
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Same { sides, .. } => sides.iter().for_each(|side| self.condition(side)),
            Condition::Numbers(_, a, b) => {
                if !(self.fits(a) && self.fits(b)) {
                    self.complete = false;
                }
                let difference = linear(a).zip(linear(b)).and_then(|(a, b)| a.minus(b));
                self.comparison(difference);
            }
            Condition::Days(_, a, b) => self.comparison(day(a).minus(day(b))),
            Condition::Texts { sides: [a, b], .. } => match (a, b) {
                (Text::Name(a), Text::Name(b)) => self.ties.push((a.clone(), b.clone())),
                (Text::Name(name), Text::Literal(word))
                | (Text::Literal(word), Text::Name(name)) => {
                    self.word(name, word);
                }
                (Text::Literal(_), Text::Literal(_)) => {}
            },
            Condition::Part(_, a, b) => {
                self.complete = false;
                if let (Text::Name(name), Text::Literal(word)) = (a, b) {
                    self.word(name, word);
                }
            }
        }
    }

    fn word(&mut self, name: &Name, word: &str) {
        self.words.entry(name.clone()).or_default().insert(word.to_owned());
    }

    /// A comparison of a sum with zero.
    fn comparison(&mut self, sum: Option<Linear>) {
        let Some(Linear { terms, constant }) = sum else {
            self.complete = false;
            return;
        };
        let mut sides = terms.iter();
        match (sides.next(), sides.next(), sides.next()) {
            (None, ..) => return,
            (Some(_), None, _) => {}
            (Some((a, one)), Some((b, other)), None) if *one == -*other && constant == 0 => {
                self.ties.push((a.clone(), b.clone()));
                return;
            }
            _ => self.complete = false,
        }
        for (name, factor) in &terms {
            // The sum changes its sign between these two, were the other names zero.
            let zero = (-constant).div_euclid(*factor);
            for cut in [zero, zero + 1] {
                // Beyond what a name can be, nothing changes.
                if let Ok(cut) = i64::try_from(cut) {
                    self.numbers.entry(name.clone()).or_default().insert(cut);
                }
            }
        }
    }

    /// Whether a number can always be computed: without overflow.
    fn fits(&self, number: &Number) -> bool {
        self.range(number).is_some()
    }

    fn range(&self, number: &Number) -> Option<(i128, i128)> {
        let (low, high) = match number {
            Number::Literal(literal) => ((*literal).into(), (*literal).into()),
            Number::Name(name) | Number::Decimal(name, _) => self.bounds(name),
            Number::Finer(by, inner) => {
                let ((low, high), by) = (self.range(inner)?, i128::from(power(*by)));
                (low * by, high * by)
            }
            Number::Negated(inner) => {
                let (low, high) = self.range(inner)?;
                (-high, -low)
            }
            Number::Computed(how, sides) => {
                let ((a, b), (c, d)) = (self.range(&sides[0])?, self.range(&sides[1])?);
                match how {
                    Arithmetic::Plus => (a + c, b + d),
                    Arithmetic::Minus => (a - d, b - c),
                    Arithmetic::Times => {
                        let products = [a * c, a * d, b * c, b * d];
                        (products.into_iter().min()?, products.into_iter().max()?)
                    }
                    Arithmetic::Over | Arithmetic::Remainder => return None,
                }
            }
            Number::Length(_) => (0, i128::from(u32::MAX)),
            Number::DaysBetween(..) => (-1 << 32, 1 << 32),
        };
        let whole = i128::from(i64::MIN)..=i128::from(i64::MAX);
        (whole.contains(&low) && whole.contains(&high)).then_some((low, high))
    }

    /// Between which numbers a name lies; a day as a number.
    fn bounds(&self, name: &Name) -> (i128, i128) {
        let day = |day: &NaiveDate| i128::from(day.num_days_from_ce());
        match self.schema.kind(name) {
            Some(Kind::Number { min, max }) => {
                (min.unwrap_or(i64::MIN).into(), max.unwrap_or(i64::MAX).into())
            }
            Some(Kind::Decimal { min, max, .. }) => ((*min).into(), (*max).into()),
            Some(Kind::Day { min, max }) => (
                day(min.as_ref().unwrap_or(&NaiveDate::MIN)),
                day(max.as_ref().unwrap_or(&NaiveDate::MAX)),
            ),
            _ => (0, 0),
        }
    }

    /// The names that are compared with a name, directly or by way of others, and itself.
    fn group<'a>(&'a self, name: &'a Name) -> BTreeSet<&'a Name> {
        let mut group = BTreeSet::from([name]);
        let mut open = vec![name];
        let mut known: Vec<(&Name, &Name)> = self.ties.iter().map(|(a, b)| (a, b)).collect();
        known.extend(self.ties.iter().map(|(a, b)| (b, a)));
        while let Some(name) = open.pop() {
            for (from, to) in &known {
                if *from == name && group.insert(*to) {
                    open.push(*to);
                }
            }
        }
        group
    }

    /// The values of a name that stand for all of them.
    fn values(&self, name: &Name) -> Vec<Sample> {
        let group = self.group(name);
        match self.schema.kind(name) {
            Some(Kind::YesNo) => vec![Sample::YesNo(true), Sample::YesNo(false)],
            Some(Kind::Choice(words)) => words.iter().cloned().map(Sample::Text).collect(),
            Some(Kind::Opaque) => vec![Sample::Opaque],
            Some(Kind::Text) => {
                let mut words: BTreeSet<String> = BTreeSet::new();
                for other in &group {
                    words.extend(self.words.get(*other).into_iter().flatten().cloned());
                    if let Some(Kind::Choice(choices)) = self.schema.kind(other) {
                        words.extend(choices.iter().cloned());
                    }
                }
                // As many others as there are names that could differ.
                let others: Vec<_> = (1..)
                    .map(|number| format!("text {number}"))
                    .filter(|other| !words.contains(other))
                    .take(group.len())
                    .collect();
                words.into_iter().chain(others).map(Sample::Text).collect()
            }
            Some(Kind::Number { .. }) => {
                self.numbers(name, &group).into_iter().map(Sample::Number).collect()
            }
            Some(Kind::Decimal { digits, .. }) => {
                let numbers = self.numbers(name, &group).into_iter();
                numbers.map(|units| Sample::Decimal { units, digits: *digits }).collect()
            }
            Some(Kind::Day { .. }) => self
                .numbers(name, &group)
                .into_iter()
                .filter_map(|day| NaiveDate::from_num_days_from_ce_opt(i32::try_from(day).ok()?))
                .map(Sample::Day)
                .collect(),
            None => Vec::new(),
        }
    }

    fn numbers(&self, name: &Name, group: &BTreeSet<&Name>) -> BTreeSet<i64> {
        let mut cuts: BTreeSet<i128> = BTreeSet::new();
        for other in group {
            cuts.extend(self.numbers.get(*other).into_iter().flatten().map(|cut| i128::from(*cut)));
            let declared = match self.schema.kind(other) {
                Some(Kind::Number { min, max }) => [min.is_some(), max.is_some()],
                Some(Kind::Decimal { .. }) => [true, true],
                Some(Kind::Day { min, max }) => [min.is_some(), max.is_some()],
                _ => [false, false],
            };
            let (low, high) = self.bounds(other);
            cuts.extend(
                [low, high].into_iter().zip(declared).filter(|(_, is)| *is).map(|(cut, _)| cut),
            );
        }
        if cuts.is_empty() {
            let today = NaiveDate::from_ymd_opt(2025, 1, 1).map_or(0, |day| day.num_days_from_ce());
            let days = matches!(self.schema.kind(name), Some(Kind::Day { .. }));
            cuts.insert(if days { today.into() } else { 0 });
        }
        let (low, high) = self.bounds(name);
        // In each gap there is room for as many different values as there are names.
        let around = group.len() as i128;
        let near = cuts.iter().flat_map(|cut| (-around..=around).map(move |by| cut + by));
        near.filter(|number| (low..=high).contains(number))
            .filter_map(|number| i64::try_from(number).ok())
            .collect()
    }
}
