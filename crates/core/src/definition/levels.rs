//! Reads ladders: named lists of warnings and escalation levels that steps share.

use indexmap::IndexMap;

use super::{
    Addressee, Effect, EscalationLevel, Fires,
    read::{Draft, code},
};
use crate::{
    document::{Node, Place, Value, code as document_code},
    soundness::{self, UNREAD_TERM},
};

/// How many levels a clock has at most.
const MOST_LEVELS: usize = 50;

/// A ladder, and whether a step uses it.
pub(super) struct Ladder {
    levels: Vec<EscalationLevel>,
    pub(super) place: Place,
    pub(super) used: bool,
}

impl Draft<'_> {
    pub(super) fn read_ladders(
        &mut self,
        node: &Node,
        path: &str,
    ) -> Option<IndexMap<String, Ladder>> {
        let mut ladders = IndexMap::new();
        for (name, node) in self.named(node, path, "ladders") {
            let path = self.put(path, name.text, name.place);
            let levels = self.levels(node, &path);
            let ladder = Ladder { levels, place: name.place, used: false };
            ladders.insert(name.text.to_owned(), ladder);
        }
        Some(ladders)
    }

    /// The name of a ladder, or its levels themselves.
    pub(super) fn escalate(&mut self, node: &Node, path: &str) -> Option<Vec<EscalationLevel>> {
        if node.as_str().is_none() {
            return Some(self.levels(node, path));
        }
        let name = self.reader.name(node, "a ladder")?;
        if self.is_broken("ladder.missing") {
            return None;
        }
        let Some(ladder) = self.ladders.get_mut(name.text) else {
            let known = self.ladders.keys().map(String::as_str);
            let message = soundness::unknown("ladder", name.text, known);
            self.reader.error(code::UNKNOWN_LADDER, name.place, message);
            return None;
        };
        ladder.used = true;
        let levels = ladder.levels.clone();
        // A problem within a level is shown at the level, wherever the ladder is used.
        for (at, level) in levels.iter().enumerate() {
            let there = format!("ladder.{}[{at}]", name.text);
            self.put_at(format!("{path}[{at}]"), self.place(&there));
            if self.is_broken(&there) {
                self.break_at(&format!("{path}[{at}]"));
            }
            for key in ["reassign", "act"] {
                self.put_at(format!("{path}[{at}].{key}"), self.place(&format!("{there}.{key}")));
            }
            for told in 0..level.tell.len() {
                let tail = format!(".tell[{told}]");
                self.put_at(format!("{path}[{at}]{tail}"), self.place(&format!("{there}{tail}")));
            }
        }
        Some(levels)
    }

    fn levels(&mut self, node: &Node, path: &str) -> Vec<EscalationLevel> {
        let mut levels = Vec::new();
        let items = self.reader.list(node, "a ladder");
        if items.len() > MOST_LEVELS {
            let message = format!("a clock has at most {MOST_LEVELS} levels, not {}", items.len());
            self.reader.error(document_code::OUT_OF_BOUNDS, self.place(path), message);
        }
        for (at, node) in items.iter().take(MOST_LEVELS).enumerate() {
            let path = format!("{path}[{at}]");
            self.put_at(path.clone(), node.place);
            match self.level(node, &path) {
                Some(level) => levels.push(level),
                None => {
                    self.break_at(&path);
                    let fires = Fires::After(UNREAD_TERM);
                    levels.push(EscalationLevel {
                        fires,
                        tell: Vec::new(),
                        effect: Effect::Notify,
                    });
                }
            }
        }
        levels
    }

    fn level(&mut self, node: &Node, path: &str) -> Option<EscalationLevel> {
        let what = "an escalation level";
        let keys = ["warn", "after", "tell", "reassign", "act"];
        let fields = self.reader.mapping(node, node.place, what, &keys)?;
        if fields.has_unknown() {
            self.break_at(path);
        }
        let warn = self.optional(&fields, "warn", path, |draft, node, _| {
            draft.reader.positive_term(node, "the time before the deadline")
        });
        let after = self.optional(&fields, "after", path, |draft, node, _| {
            draft.reader.term(node, "the time after the deadline")
        });
        let tell = self.optional(&fields, "tell", path, Self::addressees).unwrap_or_default();
        let reassign = self.optional(&fields, "reassign", path, Self::role);
        let act = self.optional(&fields, "act", path, |draft, node, _| {
            draft.reader.name(node, "an action").map(|name| name.text.into())
        });
        let has = |key| fields.get(key).is_some();
        let misspelt = fields.has_unknown() && !has("warn");
        if has("warn") == has("after") && !misspelt {
            let message = "a level fires either before the deadline or after it";
            let help = "write one of 'warn: 1 wd' and 'after: 1 wd'";
            self.reader.error_with_help(code::EXACTLY_ONE, node.place, message, help);
            self.break_at(path);
        }
        if has("reassign") && has("act") {
            let message = "a level either reassigns the task or takes an action";
            let help = "write one of 'reassign' and 'act'";
            self.reader.error_with_help(code::EXACTLY_ONE, node.place, message, help);
            self.break_at(path);
        }
        let fires = match (warn, after) {
            (Some(warn), None) => Fires::Before(warn),
            (None, Some(after)) => Fires::After(after),
            _ => {
                self.break_at(path);
                Fires::After(UNREAD_TERM)
            }
        };
        let effect = match (reassign, act) {
            (Some(role), _) => Effect::Reassign(role),
            (None, Some(action)) => Effect::Act(action),
            (None, None) => {
                if has("reassign") || has("act") {
                    self.break_at(path);
                }
                Effect::Notify
            }
        };
        Some(EscalationLevel { fires, tell, effect })
    }

    pub(super) fn addressees(&mut self, node: &Node, path: &str) -> Option<Vec<Addressee>> {
        let items = self.reader.list_or_one(node, "who is told");
        if items.is_empty() && !matches!(node.value, Value::Sequence(_)) {
            return None;
        }
        let mut tell = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some("owner") => tell.push(Addressee::Owner),
                Some("applicant") => tell.push(Addressee::Applicant),
                _ => match self.role(item, path) {
                    Some(role) => tell.push(Addressee::Role(role)),
                    None => {
                        self.break_at(path);
                        continue;
                    }
                },
            }
            self.put_at(format!("{path}[{}]", tell.len() - 1), item.place);
        }
        Some(tell)
    }
}
