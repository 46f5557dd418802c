//! Every rule with what breaks it.

mod clocks;
mod ends;
mod forms;
mod graph;
mod guards;
mod names;
mod people;

use super::code;

/// What stands in the base, and what is written instead.
pub(super) type Change = (&'static str, &'static str);

/// A rule, changes of the base that break it with the text that the problem points at, and changes
/// near by that do not.
pub(super) struct Rule {
    pub(super) code: &'static str,
    pub(super) breaks: &'static [(Change, &'static str)],
    pub(super) keeps: &'static [Change],
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    let rules = [
        names::RULES,
        clocks::RULES,
        ends::RULES,
        people::RULES,
        graph::RULES,
        forms::RULES,
        guards::RULES,
    ];
    rules.into_iter().flatten()
}
