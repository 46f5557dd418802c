//! Conditions over a case: `capital >= 5000000000 && kind == 'charity'`.
//!
//! They are written in CEL, the Common Expression Language, as far as it is bounded and can be
//! checked before a case runs: comparisons, exact arithmetic on numbers, `&&`, `||`, `!`, `in` with
//! a list of literals, `has()`, three functions of texts, and dates. Everything else of the
//! language is refused with its place. Parsing is the `cel` crate's; checking and evaluating are
//! here, over a tree whose types make an ill-typed expression impossible.
//!
//! **Absent values.** A field that has not been filled has no value, and what is computed from it
//! has none: `capital > 5`, `capital != 5` and `!(capital > 5)` are then neither true nor false.
//! `false && …` is false and `true || …` is true whatever the other side is, in either order, as
//! CEL has it. A guard is met only when it is true. Overflow and division by zero have no value
//! either. `has(data.capital)` is always true or false.
//!
//! **Digits after the point.** A number has a fixed count of them, which follows from the form or from
//! how it is written, and is known when the expression is checked: it is computed with as a whole
//! number of its last digit. Two numbers meet with the digits of the finer one; a product has those
//! of both factors together (six at most); a quotient has those of the finer side, and is cut off.
//!
//! **Invariant.** Evaluating takes time proportional to the length of the expression and of the
//! texts that it compares; it allocates nothing, cannot fail and cannot loop.

pub mod analysis;
mod check;
mod evaluate;
mod forms;
mod formula;
mod schema;
#[cfg(test)]
mod tests;
mod tree;

use std::{collections::BTreeSet, fmt, ops::Range, sync::Arc};

pub use evaluate::{Facts, Value};
pub use forms::value_of;
pub use formula::Formula;
pub use schema::{Field, Kind, Name, Schema};

use tree::Condition;

/// How long an expression may be, in bytes.
pub const MAX_BYTES: usize = 1_000;
/// How many digits a number can have after the point.
pub const MOST_DIGITS: u8 = crate::form::Number::MOST_DECIMALS;
/// How deep brackets may be nested.
pub const MAX_BRACKETS: usize = 12;

/// The codes of what can be wrong with an expression.
pub mod code {
    crate::document::codes! {
        NOT_AN_EXPRESSION = "not-an-expression", "A guard is not written as CEL is.";
        UNKNOWN_FACT = "unknown-fact", "A guard names what no form asks for and no case has.";
        WRONG_TYPE = "wrong-type", "A guard compares or computes what does not go together.";
        NOT_ALLOWED = "not-allowed", "A guard uses a part of CEL that guards do without.";
        PERSONAL = "personal", "A rule reads a personal field, or a field is personal that cannot be.";
        TOO_COMPLEX = "too-complex", "A guard is too long or nested too deep, or a file holds too much of them.";
    }
}

/// A checked condition over the facts of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    text: Arc<str>,
    root: Arc<Condition>,
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One of [`code`].
    pub code: &'static str,
    /// Where, in bytes of the expression.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl Expression {
    /// Reads an expression and checks it against the names that it may use.
    ///
    /// # Errors
    /// Every fault, each with its place in the text.
    pub fn compile(text: &str, schema: &Schema) -> Result<Self, Vec<Fault>> {
        let root = check::condition(text, schema)?;
        Ok(Self { text: text.into(), root: Arc::new(root) })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is true; `None` where a value that decides it is absent.
    pub fn value(&self, facts: &impl Facts) -> Option<bool> {
        self.root.value(facts)
    }

    /// Whether a guard of this condition is met: only when it is true.
    pub fn is_met(&self, facts: &impl Facts) -> bool {
        self.value(facts) == Some(true)
    }

    /// The names that it mentions.
    pub fn names(&self) -> BTreeSet<&Name> {
        let mut names = BTreeSet::new();
        self.root.names(&mut |name| {
            names.insert(name);
        });
        names
    }

    fn root(&self) -> &Condition {
        &self.root
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
