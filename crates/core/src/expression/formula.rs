//! Numbers that follow from fields: `safety * 0.4 + care * 0.6`.

use std::{collections::BTreeSet, fmt, sync::Arc};

use super::{Facts, Fault, Name, Schema, check, code, tree};
use crate::form::Number;

/// A checked computation of a number out of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    text: Arc<str>,
    root: Arc<tree::Number>,
    /// How many digits it has after the point, and how many the field has that it fills.
    digits: u8,
    kept: u8,
}

impl Formula {
    /// Reads a formula and checks it against the fields that it may use. What it gives is rounded to
    /// `kept` digits after the point, halves away from zero.
    ///
    /// # Errors
    /// Every fault, each with its place in the text.
    pub fn compile(text: &str, schema: &Schema, kept: u8) -> Result<Self, Vec<Fault>> {
        let (root, digits) = check::number(text, schema)?;
        let formula = Self { text: text.into(), root: Arc::new(root), digits, kept };
        let strangers: Vec<_> =
            formula.names().into_iter().filter(|name| !is_field(name)).collect();
        if strangers.is_empty() {
            return Ok(formula);
        }
        let fault = |name: &Name| Fault {
            code: code::NOT_ALLOWED,
            range: 0..text.len(),
            message: format!("'{name}' changes without anything being filled in"),
            help: Some("a field is computed out of other fields".into()),
        };
        Err(strangers.into_iter().map(fault).collect())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that it mentions.
    pub fn names(&self) -> BTreeSet<&Name> {
        let mut names = BTreeSet::new();
        self.root.names(&mut |name| {
            names.insert(name);
        });
        names
    }

    /// The number; `None` where one that it needs is absent, or it cannot be kept.
    pub fn value(&self, facts: &impl Facts) -> Option<Number> {
        let units = self.root.value(facts)?;
        let units = match self.digits.checked_sub(self.kept) {
            Some(more) => rounded(units, tree::power(more)),
            None => units.checked_mul(tree::power(self.kept - self.digits))?,
        };
        Number::new(units, self.kept).ok()
    }
}

/// Halves away from zero, as people round.
fn rounded(units: i64, by: i64) -> i64 {
    let (whole, rest) = (units / by, units % by);
    match rest.unsigned_abs() * 2 >= by.unsigned_abs() && by > 1 {
        true => whole + units.signum(),
        false => whole,
    }
}

fn is_field(name: &Name) -> bool {
    matches!(name, Name::Field(_))
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
