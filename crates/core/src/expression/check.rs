//! From text to a checked tree: CEL's syntax tree, read against the names and their kinds.

mod compute;
mod syntax;

use std::ops::Range;

use cel::{
    common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators},
    parser::Parser,
};

use super::{
    Fault, Kind, Name, Schema, code,
    tree::{Arithmetic, Comparison, Condition, Day, Number, Part, Text},
};
use crate::document::{did_you_mean, short};

/// Reads a condition.
pub(super) fn condition(text: &str, schema: &Schema) -> Result<Condition, Vec<Fault>> {
    let wanted = |found: Typed<'_>| match found {
        Typed::Condition(root) => Ok(root),
        other => Err((
            format!("a guard is true or false, this is {}", other.called()),
            "compare it with something",
        )),
    };
    read("a guard", text, schema, wanted)
}

/// Reads a number, and how many digits it has after the point.
pub(super) fn number(text: &str, schema: &Schema) -> Result<(Number, u8), Vec<Fault>> {
    let wanted = |found: Typed<'_>| match found {
        Typed::Number(root, digits) => Ok((root, digits)),
        other => Err((
            format!("a formula gives a number, this is {}", other.called()),
            "add and multiply fields",
        )),
    };
    read("a formula", text, schema, wanted)
}

/// Reads a whole expression; `what` is what it is called.
fn read<T>(
    what: &'static str,
    text: &str,
    schema: &Schema,
    wanted: impl Fn(Typed<'_>) -> Result<T, (String, &'static str)>,
) -> Result<T, Vec<Fault>> {
    syntax::bounded(what, text).map_err(|fault| vec![fault])?;
    let parser = Parser::new().enable_ident_escape_syntax(true);
    let (tree, places) = parser.parse_with_source_info(text).map_err(|errors| {
        // What follows after the first is mostly a consequence of it.
        let first = errors.errors.first();
        vec![syntax::syntax(
            what,
            text,
            first.map_or((1, 1), |e| e.pos),
            first.map_or("", |e| &e.msg),
        )]
    })?;
    let mut check = Check { what, text, schema, places, faults: Vec::new() };
    let root = match check.read(&tree) {
        Typed::Unread => None,
        found => match wanted(found) {
            Ok(root) => Some(root),
            Err((message, help)) => {
                check.fault(code::WRONG_TYPE, 0..text.len(), message, Some(help.into()));
                None
            }
        },
    };
    match root {
        Some(root) if check.faults.is_empty() => Ok(root),
        _ => Err(check.faults),
    }
}

/// What a part of an expression is.
enum Typed<'s> {
    Condition(Condition),
    /// A number, and how many digits it has after the point.
    Number(Number, u8),
    Day(Day),
    /// A text; of a choice, with its words.
    Text(Text, Option<&'s [String]>),
    /// Something of which a fault has been told.
    Unread,
}

impl Typed<'_> {
    fn called(&self) -> &'static str {
        match self {
            Self::Condition(_) => "yes or no",
            Self::Number(..) => "a number",
            Self::Day(_) => "a date",
            Self::Text(_, Some(_)) => "a choice",
            Self::Text(..) => "a text",
            Self::Unread => "nothing",
        }
    }
}

/// The same number below zero, or above it.
fn negated<'s>(inner: Option<(Number, u8)>) -> Typed<'s> {
    match inner {
        Some((Number::Literal(value), digits)) if value.checked_neg().is_some() => {
            Typed::Number(Number::Literal(-value), digits)
        }
        Some((inner, digits)) => Typed::Number(Number::Negated(Box::new(inner)), digits),
        None => Typed::Unread,
    }
}

struct Check<'s> {
    /// What it is called: a guard, a formula.
    what: &'static str,
    text: &'s str,
    schema: &'s Schema,
    places: SourceInfo,
    faults: Vec<Fault>,
}

const FUNCTIONS: &[&str] =
    &["has", "size", "startsWith", "endsWith", "contains", "date", "daysBetween"];

impl<'s> Check<'s> {
    fn fault(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.faults.push(Fault { code, range, message: message.into(), help });
    }

    fn not_allowed(&mut self, node: &IdedExpr, what: &str, help: &str) -> Typed<'s> {
        let range = self.place(node);
        self.fault(
            code::NOT_ALLOWED,
            range,
            format!("{} has no {what}", self.what),
            Some(help.into()),
        );
        Typed::Unread
    }

    /// Where a part stands: the parser knows the places of operators and leaves.
    fn place(&self, node: &IdedExpr) -> Range<usize> {
        let mut range = self.own_place(node);
        let mut add =
            |inner: Range<usize>| range = range.start.min(inner.start)..range.end.max(inner.end);
        match &node.expr {
            Expr::Call(call) => {
                call.target.iter().for_each(|target| add(self.place(target)));
                call.args.iter().for_each(|arg| add(self.place(arg)));
            }
            Expr::Select(select) => add(self.place(&select.operand)),
            Expr::List(list) => list.elements.iter().for_each(|element| add(self.place(element))),
            _ => {}
        }
        // A function's own place is its bracket: its name stands before it.
        if let Expr::Call(CallExpr { func_name, target: None, .. }) = &node.expr
            && self.text.get(..range.start).is_some_and(|before| before.ends_with(&**func_name))
        {
            range.start -= func_name.len();
        }
        // A call ends with its bracket, which the parser does not tell.
        let closing = match &node.expr {
            Expr::Call(call) if call.func_name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                Some(')')
            }
            Expr::Call(CallExpr { func_name, .. }) if func_name == operators::INDEX => Some(']'),
            Expr::List(_) => Some(']'),
            _ => None,
        };
        if let Some(closing) = closing {
            let rest = self.text.get(range.end..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start().len();
            if rest[blank..].starts_with(closing) {
                range.end += blank + 1;
            }
        }
        // A selection's own place is its dot: the name stands after it.
        if let Expr::Select(SelectExpr { field, .. }) = &node.expr {
            let rest = self.text.get(range.end..).unwrap_or_default();
            for written in [field.clone(), format!("`{field}`")] {
                if rest.trim_start().starts_with(&written) {
                    range.end += rest.len() - rest.trim_start().len() + written.len();
                    break;
                }
            }
        }
        range
    }

    fn own_place(&self, node: &IdedExpr) -> Range<usize> {
        let length = self.text.len();
        let Some((start, last)) = self.places.offset_for(node.id) else { return 0..length };
        let start = (start as usize).min(length);
        let end = (last as usize + 1).clamp(start, length);
        match self.text.get(start..end) {
            Some(_) => start..end,
            None => 0..length,
        }
    }

    fn read(&mut self, node: &IdedExpr) -> Typed<'s> {
        match &node.expr {
            Expr::Ident(name) => self.name(name, self.place(node), false),
            Expr::Select(select) => self.select(node, select),
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Call(call) => self.call(node, call),
            Expr::List(_) => self.not_allowed(node, "list here", "a list stands after 'in'"),
            Expr::Map(_) | Expr::Struct(_) => {
                self.not_allowed(node, "'{ }'", "compare single fields")
            }
            Expr::Comprehension(_) => {
                let help = "name what must hold; write 'in' for one of several";
                self.not_allowed(node, "loops (all, exists, map, filter)", help)
            }
            Expr::Unspecified => {
                let range = self.place(node);
                self.fault(code::NOT_AN_EXPRESSION, range, "something is missing here", None);
                Typed::Unread
            }
        }
    }

    fn name(&mut self, name: &str, at: Range<usize>, presence: bool) -> Typed<'s> {
        let Some((known, kind)) = self.schema.field(name) else {
            return self.unknown(name, at);
        };
        if presence {
            return Typed::Condition(Condition::Has(known));
        }
        self.typed(known, kind, at)
    }

    fn typed(&mut self, name: Name, kind: &'s Kind, at: Range<usize>) -> Typed<'s> {
        match kind {
            Kind::YesNo => Typed::Condition(Condition::Name(name)),
            Kind::Number { .. } => Typed::Number(Number::Name(name), 0),
            Kind::Decimal { digits, .. } => Typed::Number(Number::Decimal(name, *digits), *digits),
            Kind::Text => Typed::Text(Text::Name(name), None),
            Kind::Choice(words) => Typed::Text(Text::Name(name), Some(words)),
            Kind::Day { .. } => Typed::Day(Day::Name(name)),
            Kind::Opaque => {
                let (what, called) = (self.what, kind.called());
                let message = format!("'{name}' is {called}: {what} cannot look into it");
                let help = format!("ask whether it is there: has(data.{name})");
                self.fault(code::WRONG_TYPE, at, message, Some(help));
                Typed::Unread
            }
        }
    }

    /// `answers.police`, or whether it has come.
    fn answer(&mut self, name: &str, at: Range<usize>, presence: bool) -> Typed<'s> {
        let Some((known, kind)) = self.schema.inquiry(name) else {
            let message = match did_you_mean(name, self.schema.inquiries()) {
                Some(meant) => {
                    format!("unknown inquiry '{}': did you mean '{meant}'?", short(name))
                }
                None => format!("unknown inquiry '{}'", short(name)),
            };
            let known: Vec<_> = self.schema.inquiries().take(12).collect();
            let help = match known.is_empty() {
                true => "the definition makes no inquiries".to_owned(),
                false => format!("inquiries are made of {}", known.join(", ")),
            };
            self.fault(code::UNKNOWN_FACT, at, message, Some(help));
            return Typed::Unread;
        };
        match presence {
            true => Typed::Condition(Condition::Has(known)),
            false => self.typed(known, kind, at),
        }
    }

    fn unknown(&mut self, name: &str, at: Range<usize>) -> Typed<'s> {
        if self.schema.is_personal(name) {
            let message = format!("'{name}' is personal: {} cannot read it", self.what);
            let help = "ask for what the rule needs in a field of its own, such as yes or no";
            self.fault(code::PERSONAL, at, message, Some(help.to_owned()));
            return Typed::Unread;
        }
        let fact = Name::OF_CASE.iter().find(|(fact, _)| *fact == name);
        // CEL reads the name 'share-capital' as a subtraction.
        let hyphened = format!("{name}-");
        let hyphened = self.schema.fields().find(|field| field.starts_with(&hyphened));
        let (message, help) = match (name, hyphened, fact) {
            ("data" | "case" | "answers", _, _) => {
                let message = format!("'{name}' stands before a dot: {name}.<name>");
                (message, None)
            }
            (_, Some(field), _) => {
                let help = format!("a name with '-' is written data.`{field}`");
                (format!("unknown field '{name}'"), Some(help))
            }
            (_, None, Some((fact, _))) => (
                format!("unknown field '{name}'"),
                Some(format!("a fact of the case is written case.{fact}")),
            ),
            _ if self.schema.inquiry(name).is_some() => (
                format!("unknown field '{name}'"),
                Some(format!("an answer is written answers.{name}")),
            ),
            _ => {
                let message = match did_you_mean(name, self.schema.fields()) {
                    Some(meant) => {
                        format!("unknown field '{}': did you mean '{meant}'?", short(name))
                    }
                    None => format!("unknown field '{}'", short(name)),
                };
                let help = "a guard names fields of the definition's forms, and case.returns, \
                            case.unit, case.opened, case.today";
                (message, Some(help.to_owned()))
            }
        };
        self.fault(code::UNKNOWN_FACT, at, message, help);
        Typed::Unread
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Typed<'s> {
        let at = self.place(node);
        let Expr::Ident(root) = &select.operand.expr else {
            let help =
                "fields are written data.<field>, facts case.<fact>, answers answers.<inquiry>";
            return self.not_allowed(node, "name of several parts", help);
        };
        match root.as_str() {
            "data" => self.name(&select.field, at, select.test),
            "answers" => self.answer(&select.field, at, select.test),
            "case" => {
                let found = Name::OF_CASE.iter().find(|(fact, _)| *fact == select.field);
                let Some((_, name)) = found else {
                    let facts = Name::OF_CASE.iter().map(|(fact, _)| *fact);
                    let message = match did_you_mean(&select.field, facts.clone()) {
                        Some(meant) => format!(
                            "unknown fact 'case.{}': did you mean 'case.{meant}'?",
                            short(&select.field)
                        ),
                        None => format!("unknown fact 'case.{}'", short(&select.field)),
                    };
                    let known: Vec<_> = facts.map(|fact| format!("case.{fact}")).collect();
                    let help = format!("a case has {}", known.join(", "));
                    self.fault(code::UNKNOWN_FACT, at, message, Some(help));
                    return Typed::Unread;
                };
                if select.test {
                    let message = format!("'{name}' is always there");
                    self.fault(code::NOT_ALLOWED, at, message, Some("leave has() out".into()));
                    return Typed::Unread;
                }
                let kind = self.schema.kind(name).unwrap_or(&Kind::Opaque);
                self.typed(name.clone(), kind, at)
            }
            other => {
                let message = format!("'{}' has no parts", short(other));
                let help =
                    "fields are written data.<field>, facts case.<fact>, answers answers.<inquiry>";
                self.fault(code::UNKNOWN_FACT, at, message, Some(help.into()));
                Typed::Unread
            }
        }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Typed<'s> {
        match literal {
            LiteralValue::Boolean(value) => Typed::Condition(Condition::Literal(*value.inner())),
            LiteralValue::Int(value) => Typed::Number(Number::Literal(*value.inner()), 0),
            LiteralValue::String(value) => Typed::Text(Text::Literal(value.inner().into()), None),
            LiteralValue::Double(value) => self.decimal(node, value.inner().is_sign_negative()),
            LiteralValue::UInt(_) => self.not_allowed(node, "'u' after a number", "leave it out"),
            LiteralValue::Null => self.not_allowed(
                node,
                "null",
                "ask whether a field has been filled: has(data.<field>)",
            ),
            LiteralValue::Bytes(_) => self.not_allowed(node, "bytes", "write a text: 'a'"),
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Typed<'s> {
        use operators as op;
        let comparison = match call.func_name.as_str() {
            op::EQUALS => Some(Comparison::Equal),
            op::NOT_EQUALS => Some(Comparison::Unequal),
            op::LESS => Some(Comparison::Less),
            op::LESS_EQUALS => Some(Comparison::AtMost),
            op::GREATER => Some(Comparison::Greater),
            op::GREATER_EQUALS => Some(Comparison::AtLeast),
            _ => None,
        };
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (_, None, [a, b]) if comparison.is_some() => {
                self.compare(node, comparison.unwrap_or(Comparison::Equal), a, b)
            }
            (op::LOGICAL_AND, None, [a, b]) => self.join(a, b, Condition::All, |part| match part {
                Condition::All(parts) => Ok(parts),
                other => Err(other),
            }),
            (op::LOGICAL_OR, None, [a, b]) => self.join(a, b, Condition::Any, |part| match part {
                Condition::Any(parts) => Ok(parts),
                other => Err(other),
            }),
            (op::LOGICAL_NOT, None, [a]) => match self.condition(a) {
                Some(inner) => Typed::Condition(Condition::Not(Box::new(inner))),
                None => Typed::Unread,
            },
            (op::NEGATE, None, [a]) => {
                let inner = self.number(a);
                negated(inner)
            }
            (op::ADD, None, [a, b]) => self.compute(Arithmetic::Plus, a, b),
            (op::SUBSTRACT, None, [a, b]) => self.compute(Arithmetic::Minus, a, b),
            (op::MULTIPLY, None, [a, b]) => self.compute(Arithmetic::Times, a, b),
            (op::DIVIDE, None, [a, b]) => self.compute(Arithmetic::Over, a, b),
            (op::MODULO, None, [a, b]) => self.compute(Arithmetic::Remainder, a, b),
            (op::IN, None, [a, list]) => self.among(a, list),
            (op::CONDITIONAL, ..) => {
                self.not_allowed(node, "'?'", "write the two cases with && and ||")
            }
            (op::INDEX | op::OPT_INDEX | op::OPT_SELECT, ..) => {
                self.not_allowed(node, "'[ ]' after a name", "compare single fields")
            }
            ("size", None, [text]) | ("size", Some(text), []) => match self.text(text) {
                Some(text) => Typed::Number(Number::Length(text), 0),
                None => Typed::Unread,
            },
            ("startsWith", Some(text), [part]) => self.part(Part::Start, text, part),
            ("endsWith", Some(text), [part]) => self.part(Part::End, text, part),
            ("contains", Some(text), [part]) => self.part(Part::Anywhere, text, part),
            ("date", None, [day]) => self.date(day),
            ("daysBetween", None, [from, to]) => match (self.day(from), self.day(to)) {
                (Some(from), Some(to)) => Typed::Number(Number::DaysBetween(from, to), 0),
                _ => Typed::Unread,
            },
            (name, ..) => {
                let at = self.place(node);
                let known = FUNCTIONS.contains(&name);
                let message = match did_you_mean(name, FUNCTIONS.iter().copied()) {
                    _ if known => format!("'{name}' is not used like this"),
                    Some(meant) => {
                        format!(
                            "{} has no function '{}': did you mean '{meant}'?",
                            self.what,
                            short(name)
                        )
                    }
                    None => format!("{} has no function '{}'", self.what, short(name)),
                };
                let help = "there are has(data.a), size(a), a.startsWith('x'), a.endsWith('x'), \
                            a.contains('x'), date('1403/05/01') and daysBetween(a, b)";
                self.fault(code::NOT_ALLOWED, at, message, Some(help.into()));
                Typed::Unread
            }
        }
    }

    // ---- parts of a known kind ----

    fn wrong(&mut self, node: &IdedExpr, wanted: &str, found: &Typed<'_>) {
        let message = format!("{wanted} is expected here, this is {}", found.called());
        self.fault(code::WRONG_TYPE, self.place(node), message, None);
    }

    fn condition(&mut self, node: &IdedExpr) -> Option<Condition> {
        match self.read(node) {
            Typed::Condition(inner) => Some(inner),
            Typed::Unread => None,
            other => {
                self.wrong(node, "yes or no", &other);
                None
            }
        }
    }

    fn number(&mut self, node: &IdedExpr) -> Option<(Number, u8)> {
        match self.read(node) {
            Typed::Number(inner, digits) => Some((inner, digits)),
            Typed::Unread => None,
            other => {
                self.wrong(node, "a number", &other);
                None
            }
        }
    }

    fn text(&mut self, node: &IdedExpr) -> Option<Text> {
        match self.read(node) {
            Typed::Text(inner, _) => Some(inner),
            Typed::Unread => None,
            other => {
                self.wrong(node, "a text", &other);
                None
            }
        }
    }

    fn day(&mut self, node: &IdedExpr) -> Option<Day> {
        match self.read(node) {
            Typed::Day(inner) => Some(inner),
            Typed::Unread => None,
            other => {
                let message = format!("a date is expected here, this is {}", other.called());
                let help = "write a date as date('1403/05/01')".to_owned();
                self.fault(code::WRONG_TYPE, self.place(node), message, Some(help));
                None
            }
        }
    }

    // What follows after both sides are read stands apart: expressions may be deep, and each level
    // keeps the stack of only what reads.
}
