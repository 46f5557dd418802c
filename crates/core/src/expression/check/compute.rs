//! Calculations and comparisons: only like is compared with like.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::super::{
    MOST_DIGITS, code,
    tree::{Arithmetic, Comparison, Condition, Day, Number, Part, Text, power},
};
use super::{Check, Typed};
use crate::{
    document::{did_you_mean, short},
    jalali::parse_date,
};

impl<'s> Check<'s> {
    pub(super) fn compute(&mut self, how: Arithmetic, a: &IdedExpr, b: &IdedExpr) -> Typed<'s> {
        let left = self.number(a);
        let right = self.number(b);
        self.computed(how, (a, left), (b, right))
    }

    pub(super) fn computed(
        &mut self,
        how: Arithmetic,
        (a, left): (&IdedExpr, Option<(Number, u8)>),
        (b, right): (&IdedExpr, Option<(Number, u8)>),
    ) -> Typed<'s> {
        let (left, right) = match (left, right) {
            (_, Some((Number::Literal(0), _)))
                if matches!(how, Arithmetic::Over | Arithmetic::Remainder) =>
            {
                let message = "nothing can be divided by zero";
                self.fault(code::WRONG_TYPE, self.place(b), message, None);
                return Typed::Unread;
            }
            (Some(left), Some(right)) => (left, right),
            _ => return Typed::Unread,
        };
        if how == Arithmetic::Times {
            let digits = left.1 + right.1;
            if digits > MOST_DIGITS {
                let message = format!("the product has {digits} digits after the point");
                let range = self.place(a).start..self.place(b).end;
                let help = format!("at most {MOST_DIGITS} can be kept: write factors with fewer");
                self.fault(code::WRONG_TYPE, range, message, Some(help));
                return Typed::Unread;
            }
            return Typed::Number(Number::Computed(how, Box::new([left.0, right.0])), digits);
        }
        let (left, right, digits) = aligned(left, right);
        let left = match how {
            // So that the quotient has the digits, too.
            Arithmetic::Over => finer(left, digits),
            _ => left,
        };
        Typed::Number(Number::Computed(how, Box::new([left, right])), digits)
    }

    /// A number with a point, exactly as it is written.
    pub(super) fn decimal(&mut self, node: &IdedExpr, negative: bool) -> Typed<'s> {
        let place = self.own_place(node);
        let rest = self.text.get(place.start..).unwrap_or_default();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
            .unwrap_or(rest.len());
        // A sign belongs to the number, but not always to its place.
        let written = rest[..length].trim_start_matches('-');
        let plain = written.split_once('.').filter(|(whole, part)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            !part.is_empty() && digits(whole) && digits(part) && whole.len() + part.len() <= 15
        });
        let Some((whole, part)) = plain else {
            let help = "write it out, with at most 15 digits: 0.25";
            return self.not_allowed(node, "number like this", help);
        };
        let Some(digits) = u8::try_from(part.len()).ok().filter(|digits| *digits <= MOST_DIGITS)
        else {
            let help = format!("a number has at most {MOST_DIGITS} digits after the point");
            return self.not_allowed(node, "number as fine as this", &help);
        };
        let units: i64 = format!("0{whole}{part}").parse().unwrap_or_default();
        Typed::Number(Number::Literal(if negative { -units } else { units }), digits)
    }

    pub(super) fn part(&mut self, part: Part, text: &IdedExpr, other: &IdedExpr) -> Typed<'s> {
        match (self.text(text), self.text(other)) {
            (Some(text), Some(other)) => Typed::Condition(Condition::Part(part, text, other)),
            _ => Typed::Unread,
        }
    }

    pub(super) fn date(&mut self, node: &IdedExpr) -> Typed<'s> {
        let Expr::Literal(LiteralValue::String(text)) = &node.expr else {
            let help = "write date('1403/05/01'); a field of a date is one without it";
            return self.not_allowed(node, "dates that are not written out", help);
        };
        match parse_date(text.inner()) {
            Ok(day) => Typed::Day(Day::Literal(day)),
            Err(error) => {
                let help = "write a day as 1403/05/01 or 2024-07-22".to_owned();
                self.fault(code::WRONG_TYPE, self.place(node), error.to_string(), Some(help));
                Typed::Unread
            }
        }
    }

    pub(super) fn join(
        &mut self,
        a: &IdedExpr,
        b: &IdedExpr,
        build: impl Fn(Vec<Condition>) -> Condition,
        flat: impl Fn(Condition) -> Result<Vec<Condition>, Condition>,
    ) -> Typed<'s> {
        let (a, b) = (self.condition(a), self.condition(b));
        let (Some(a), Some(b)) = (a, b) else { return Typed::Unread };
        let mut parts = Vec::new();
        for side in [a, b] {
            match flat(side) {
                Ok(inner) => parts.extend(inner),
                Err(other) => parts.push(other),
            }
        }
        Typed::Condition(build(parts))
    }

    pub(super) fn compare(
        &mut self,
        node: &IdedExpr,
        how: Comparison,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Typed<'s> {
        let left = self.read(a);
        let right = self.read(b);
        self.compared(node, how, (a, left), (b, right))
    }

    pub(super) fn compared(
        &mut self,
        node: &IdedExpr,
        how: Comparison,
        (a, left): (&IdedExpr, Typed<'s>),
        (b, right): (&IdedExpr, Typed<'s>),
    ) -> Typed<'s> {
        let equal = match how {
            Comparison::Equal => Some(true),
            Comparison::Unequal => Some(false),
            _ => None,
        };
        Typed::Condition(match (left, right, equal) {
            (Typed::Unread, ..) | (_, Typed::Unread, _) => return Typed::Unread,
            (Typed::Number(a, of_a), Typed::Number(b, of_b), _) => {
                let (a, b, _) = aligned((a, of_a), (b, of_b));
                Condition::Numbers(how, a, b)
            }
            (Typed::Day(a), Typed::Day(b), _) => Condition::Days(how, a, b),
            (Typed::Condition(a), Typed::Condition(b), Some(equal)) => {
                Condition::Same { equal, sides: Box::new([a, b]) }
            }
            (Typed::Text(x, words), Typed::Text(y, others), Some(equal)) => {
                let known = self.is_word(words, &y, b) && self.is_word(others, &x, a);
                if !known {
                    return Typed::Unread;
                }
                Condition::Texts { equal, sides: [x, y] }
            }
            (left, right, equal) => {
                let (one, two) = (left.called(), right.called());
                let date = matches!(
                    (&left, &right),
                    (Typed::Day(_), Typed::Text(..)) | (Typed::Text(..), Typed::Day(_))
                );
                let message = match one == two && equal.is_none() {
                    true => format!("of {one} there is no more and less: only == and != are known"),
                    false => format!("{one} cannot be compared with {two}"),
                };
                let help = date.then(|| "write a date as date('1403/05/01')".to_owned());
                self.fault(code::WRONG_TYPE, self.place(node), message, help);
                return Typed::Unread;
            }
        })
    }

    /// Whether a text that a choice is compared with can be one of its words.
    pub(super) fn is_word(
        &mut self,
        words: Option<&[String]>,
        text: &Text,
        node: &IdedExpr,
    ) -> bool {
        let (Some(words), Text::Literal(text)) = (words, text) else { return true };
        if words.iter().any(|word| **word == **text) {
            return true;
        }
        let known = || words.iter().map(String::as_str);
        let message = match did_you_mean(text, known()) {
            Some(meant) => format!("'{}' is not a choice: did you mean '{meant}'?", short(text)),
            None => format!("'{}' is not a choice", short(text)),
        };
        let help = format!("it is one of {}", known().take(12).collect::<Vec<_>>().join(", "));
        self.fault(code::WRONG_TYPE, self.place(node), message, Some(help));
        false
    }

    /// `a in ['x', 'y']`: one of them.
    pub(super) fn among(&mut self, a: &IdedExpr, list: &IdedExpr) -> Typed<'s> {
        let Expr::List(items) = &list.expr else {
            let help = "write the values: a in ['x', 'y']";
            return self.not_allowed(list, "'in' without a list", help);
        };
        if items.elements.is_empty() {
            return self.not_allowed(list, "empty list", "write the values: a in ['x', 'y']");
        }
        let mut any = Vec::new();
        for item in &items.elements {
            let negative = matches!(&item.expr, Expr::Call(call)
                if call.func_name == operators::NEGATE || call.func_name == "date");
            if !negative && !matches!(item.expr, Expr::Literal(_)) {
                let help = "compare with == and ||";
                return self.not_allowed(item, "names in a list", help);
            }
            match self.compare(item, Comparison::Equal, a, item) {
                Typed::Condition(condition) => any.push(condition),
                _ => return Typed::Unread,
            }
        }
        Typed::Condition(match any.len() {
            1 => any.remove(0),
            _ => Condition::Any(any),
        })
    }
}

/// Two numbers with the digits of the finer one, and how many those are.
fn aligned((a, of_a): (Number, u8), (b, of_b): (Number, u8)) -> (Number, Number, u8) {
    let digits = of_a.max(of_b);
    (finer(a, digits - of_a), finer(b, digits - of_b), digits)
}

/// The same number with more digits after the point.
fn finer(number: Number, by: u8) -> Number {
    match number {
        number if by == 0 => number,
        Number::Literal(value) if value.checked_mul(power(by)).is_some() => {
            Number::Literal(value * power(by))
        }
        number => Number::Finer(by, Box::new(number)),
    }
}
