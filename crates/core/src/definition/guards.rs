//! Guards of actions, and steps that a case only passes through.

use indexmap::IndexMap;

use super::{
    NotBy, Step, StepKind, Text,
    read::{Draft, code},
};
use crate::{
    StepId,
    document::{Fields, Node, Place, Value, code as document_code},
    expression::{self, Expression, Facts, Fault},
};

/// What must hold of a case for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The condition; it must be true.
    pub condition: Expression,
    /// What people are told when it is not.
    pub otherwise: Option<Text>,
}

/// A way out of an automatic step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// When it is taken; `None` for what is left (`else`).
    pub condition: Option<Expression>,
    /// The step or end that it leads to.
    pub to: StepId,
}

impl Exit {
    /// Whether the case goes this way, if no exit before it is taken.
    pub fn is_open(&self, facts: &impl Facts) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.is_met(facts))
    }
}

/// How much text of guards a file may hold, in bytes: reading them costs more than reading names.
const MOST_GUARDS: usize = 64 * 1024;

/// The names of the branches of parallel steps, before the steps are read: guards name them.
pub(super) fn inquiries(steps: &Node) -> Vec<&str> {
    fn under<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
        let entries = node.as_mapping()?.iter();
        entries.filter(|entry| entry.key == key).map(|entry| &entry.value).next()
    }
    let steps = steps.as_mapping().unwrap_or_default().iter();
    let branches = steps.filter_map(|step| under(under(&step.value, "parallel")?, "branches"));
    branches
        .flat_map(|branches| branches.as_mapping().unwrap_or_default())
        .map(|entry| entry.key.as_str())
        .collect()
}

impl Draft<'_> {
    /// A guard of an action, out of `if` and `if_not`.
    pub(super) fn guard(&mut self, fields: &Fields<'_>, path: &str, what: &str) -> Option<Guard> {
        let condition = match fields.get("if_not") {
            Some(_) => self.required(fields, "if", path, what, Self::expression),
            None => self.optional(fields, "if", path, Self::expression),
        };
        let otherwise = self.optional(fields, "if_not", path, |draft, node, path| {
            let at = draft.place(path);
            draft.reader.text(node, at, "the explanation")
        });
        Some(Guard { condition: condition?, otherwise })
    }

    /// Refuses a guard on a result that the votes of a commission decide.
    pub(super) fn no_guard(&mut self, fields: &Fields<'_>) {
        if let Some(entry) = fields.entry("if").or_else(|| fields.entry("if_not")) {
            let message = "the result of a commission follows its votes, not a guard";
            let help = "let it lead to a step with 'choose', and choose there";
            self.reader.error_with_help(code::GUARDED_RESULT, entry.key_place, message, help);
        }
    }

    /// A condition in CEL, checked against the forms.
    fn expression(&mut self, node: &Node, _: &str) -> Option<Expression> {
        let text = self.reader.string(node, "the guard")?;
        if !self.has_room(node, text) {
            return None;
        }
        match Expression::compile(text, &self.schema) {
            Ok(expression) => Some(expression),
            Err(faults) => {
                self.expression_faults(node, faults);
                None
            }
        }
    }

    /// Whether the file may hold this expression beside those before it.
    pub(super) fn has_room(&mut self, node: &Node, text: &str) -> bool {
        self.guard_bytes += text.len();
        if self.guard_bytes > MOST_GUARDS {
            let message = format!("the guards of the file are longer than {MOST_GUARDS} bytes");
            self.reader.error(expression::code::TOO_COMPLEX, node.place, message);
        }
        self.guard_bytes <= MOST_GUARDS
    }

    /// Tells what is wrong with an expression, each fault at its place.
    pub(super) fn expression_faults(&mut self, node: &Node, faults: Vec<Fault>) {
        for Fault { code, range, message, help } in faults {
            let place = self.reader.within(node, range);
            let problem = self.reader.problem(code, place, message);
            self.reader.push(match help {
                Some(help) => problem.with_help(help),
                None => problem,
            });
        }
    }

    /// A step with `choose`: the case passes through it.
    pub(super) fn automatic_step(&mut self, node: &Node, path: &str) -> Option<Step> {
        let what = "an automatic step (nobody owns it, and it takes no time)";
        let fields = self.reader.mapping(node, self.place(path), what, &["title", "choose"])?;
        let title = self.title(&fields, path, what);
        let exits = self.required(&fields, "choose", path, what, Self::exits);
        Some(Step {
            title,
            suspends_statutory: false,
            term: None,
            form: None,
            documents: IndexMap::new(),
            work: None,
            basis: None,
            levels: Vec::new(),
            silence: None,
            statutory_silence: None,
            extension: None,
            kind: StepKind::Automatic(exits?),
            actions: IndexMap::new(),
            not_by: NotBy::default(),
        })
    }

    fn exits(&mut self, node: &Node, path: &str) -> Option<Vec<Exit>> {
        let items = self.reader.list(node, "the ways to choose from");
        if items.is_empty() {
            if matches!(&node.value, Value::Sequence(_)) {
                let message = "a choice needs ways to choose from";
                self.reader.error(document_code::EMPTY_VALUE, self.place(path), message);
            }
            return None;
        }
        let mut exits = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let path = format!("{path}[{number}]");
            self.put_at(path.clone(), Place { end: item.place.start, ..item.place });
            match self.exit(item, &path) {
                Some(exit) => exits.push(exit),
                None => self.break_at(&path),
            }
        }
        Some(exits)
    }

    fn exit(&mut self, node: &Node, path: &str) -> Option<Exit> {
        let what = "a way to choose";
        let at = self.place(path);
        let fields = self.reader.mapping(node, at, what, &["if", "to", "else"])?;
        if fields.get("else").is_some() {
            if let Some(entry) = fields.entry("if").or_else(|| fields.entry("to")) {
                let message = "write { if: <guard>, to: <step> } or { else: <step> }";
                self.reader.error(code::EXACTLY_ONE, entry.key_place, message);
            }
            let to = self.required(&fields, "else", path, what, Self::target)?;
            return Some(Exit { condition: None, to });
        }
        let condition = self.required(&fields, "if", path, what, Self::expression);
        let to = self.required(&fields, "to", path, what, Self::target);
        Some(Exit { condition: Some(condition?), to: to? })
    }
}
