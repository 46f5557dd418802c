//! Reads who takes part, and where a case can end.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{
    Change, ChangeKind, End, Level, Licence, Outcome, Permission, Role, Text,
    about::CHANGES,
    read::{Draft, code},
};
use crate::{
    RoleId, StepId,
    document::{Node, Value, code as document_code},
};

pub(super) const LEVELS: &[(&str, Level)] =
    &[("county", Level::County), ("province", Level::Province), ("national", Level::National)];

const PERMISSIONS: &[(&str, Permission)] = &[
    ("open", Permission::Open),
    ("assign", Permission::Assign),
    ("suspend", Permission::Suspend),
    ("release_silence", Permission::ReleaseSilence),
    ("record_answer", Permission::RecordAnswer),
    ("read", Permission::Read),
];

const OUTCOMES: &[(&str, Outcome)] = &[
    ("granted", Outcome::Granted),
    ("refused", Outcome::Refused),
    ("lapsed", Outcome::Lapsed),
    ("withdrawn", Outcome::Withdrawn),
    ("settled", Outcome::Settled),
];

/// What an end says of a licence.
enum Given {
    Licence(Licence),
    Change(Change),
}

/// Names of people in rules, which no role may take.
const RESERVED: &[&str] = &["owner", "applicant"];

impl Draft<'_> {
    pub(super) fn roles(&mut self, node: &Node, path: &str) -> Option<IndexMap<RoleId, Role>> {
        let mut roles = IndexMap::new();
        for (name, node) in self.named(node, path, "roles") {
            let path = self.put(path, name.text, name.place);
            if RESERVED.contains(&name.text) {
                let message = format!("'{}' cannot be a role", name.text);
                let help = "owner is whoever owns a task, applicant who applied";
                self.reader.error_with_help(code::RESERVED_NAME, name.place, message, help);
            }
            let role = self.role_of(node, &path, false);
            roles.insert(name.text.into(), role);
        }
        Some(roles)
    }

    pub(super) fn agencies(&mut self, node: &Node, path: &str) -> Option<IndexMap<RoleId, Role>> {
        let mut roles = IndexMap::new();
        for (name, node) in self.named(node, path, "agencies") {
            let path = self.put(path, name.text, name.place);
            let role = self.role_of(node, &path, true);
            roles.insert(format!("agency.{}", name.text).into(), role);
        }
        Some(roles)
    }

    fn role_of(&mut self, node: &Node, path: &str, agency: bool) -> Role {
        let (what, keys): (_, &[&str]) = match agency {
            true => ("an agency", &["at", "title"]),
            false => ("a role", &["at", "title", "may"]),
        };
        let nobody = Text { fa: String::new(), en: String::new() };
        let place = self.place(path);
        let Some(fields) = self.reader.mapping(node, place, what, keys) else {
            self.break_at(path);
            return Role { at: Level::National, title: nobody, agency, may: [].into() };
        };
        let at = self.required(&fields, "at", path, what, |draft, node, _| {
            draft.reader.choice(node, "a level", LEVELS)
        });
        let title = self.title(&fields, path, what);
        let may = self.optional(&fields, "may", path, |draft, node, _| {
            let items = draft.reader.list_or_one(node, "the permissions");
            let one = |item| draft.reader.choice(item, "a permission", PERMISSIONS);
            let may: BTreeSet<_> = items.iter().filter_map(one).collect();
            if may.len() < items.len() {
                // It may be the permission that nobody else has.
                draft.break_at("roles");
            }
            Some(may)
        });
        // The highest level is addressable from everywhere: no second problem comes of it.
        Role { at: at.unwrap_or(Level::National), title, agency, may: may.unwrap_or_default() }
    }

    pub(super) fn ends(&mut self, node: &Node, path: &str) -> Option<IndexMap<StepId, End>> {
        let mut ends = IndexMap::new();
        for (name, node) in self.named(node, path, "ends") {
            let path = self.put(path, name.text, name.place);
            let end = self.end(node, &path);
            if end.is_none() {
                self.break_at(&path);
            }
            ends.insert(name.text.into(), end.unwrap_or_else(unread_end));
        }
        Some(ends)
    }

    fn end(&mut self, node: &Node, path: &str) -> Option<End> {
        let what = "an end";
        let keys = ["title", "decision", "outcome", "licence"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let title = self.title(&fields, path, what);
        let decision = self.required(&fields, "decision", path, what, |draft, node, _| {
            draft.reader.yes_or_no(node, "'decision'")
        });
        let outcome = self.required(&fields, "outcome", path, what, |draft, node, _| {
            draft.reader.choice(node, "an outcome", OUTCOMES)
        });
        let licence = self.optional(&fields, "licence", path, Self::licence);
        if outcome.is_none() {
            // It may be the withdrawal that would be missed.
            self.break_at("ends");
        }
        let (decision, outcome) = (decision.unwrap_or(true), outcome.unwrap_or(Outcome::Refused));
        let (licence, change) = match licence {
            Some(Given::Licence(licence)) => (Some(licence), None),
            Some(Given::Change(change)) => (None, Some(change)),
            None => (None, None),
        };
        Some(End { title, decision, outcome, licence, change })
    }

    /// `{ kind: activity, valid: 36 mo }`, or `{ change: renew, valid: 36 mo }`.
    fn licence(&mut self, node: &Node, path: &str) -> Option<Given> {
        let what = "a licence";
        let keys = ["kind", "change", "valid", "mark", "basis"];
        let at = self.place(path);
        let fields = self.reader.mapping(node, at, what, &keys)?;
        let mark = self.optional(&fields, "mark", path, |draft, node, _| {
            draft.reader.name(node, "the mark").map(|name| name.text.to_owned())
        });
        self.optional(&fields, "basis", path, Self::basis);
        match (fields.get("kind").is_some(), fields.get("change").is_some()) {
            (true, false) => {
                let kind = self.optional(&fields, "kind", path, |draft, node, _| {
                    draft.reader.name(node, "the kind").map(|name| name.text.to_owned())
                });
                let valid_months = self.required(&fields, "valid", path, what, Self::months);
                Some(Given::Licence(Licence { kind: kind?, valid_months: valid_months?, mark }))
            }
            (false, true) => {
                let kind = self.optional(&fields, "change", path, |draft, node, _| {
                    draft.reader.choice(node, "what is done to a licence", CHANGES)
                });
                let kind = match kind? {
                    ChangeKind::Renew { .. } => {
                        let what = "a renewal";
                        let months = self.required(&fields, "valid", path, what, Self::months);
                        ChangeKind::Renew { months: months? }
                    }
                    kind => {
                        if let Some(entry) = fields.entry("valid") {
                            let message = "only a grant and a renewal have a validity";
                            let help = "take it out: the licence keeps its own";
                            let place = entry.key_place;
                            self.reader.error_with_help(code::MISPLACED, place, message, help);
                        }
                        kind
                    }
                };
                Some(Given::Change(Change { kind, mark }))
            }
            _ => {
                let message = "an end grants a licence or changes one";
                let help = "write 'kind' for a licence that is granted, or 'change' for what is \
                            done to the licence that the case is about";
                self.reader.error_with_help(code::EXACTLY_ONE, at, message, help);
                None
            }
        }
    }

    /// A validity in months of the calendar: `36 mo`.
    fn months(&mut self, node: &Node, _: &str) -> Option<u32> {
        let text = self.reader.string(node, "the validity")?;
        let number = text.strip_suffix("mo").map(str::trim_end).unwrap_or_default();
        match number.parse() {
            Ok(months) if (1..=1_200).contains(&months) => Some(months),
            Ok(_) => {
                let message = "a validity must be from 1 to 1200 months";
                self.reader.error(document_code::OUT_OF_BOUNDS, node.place, message);
                None
            }
            Err(_) => {
                let message = "a validity is a whole number of months";
                let code = document_code::NOT_A_TERM;
                self.reader.error_with_help(code, node.place, message, "write it as '36 mo'");
                None
            }
        }
    }

    /// The name of a role: `county_officer`, or `agency.police`.
    pub(super) fn role(&mut self, node: &Node, _: &str) -> Option<RoleId> {
        let text = self.reader.string(node, "a role")?;
        let name = text.strip_prefix("agency.").unwrap_or(text);
        let named = Node {
            value: Value::Scalar { text: name.to_owned(), quoted: true },
            place: node.place,
        };
        self.reader.name(&named, "a role")?;
        Some(text.into())
    }
}

/// Stands for an end that could not be read.
fn unread_end() -> End {
    let title = Text { fa: String::new(), en: String::new() };
    End { title, decision: true, outcome: Outcome::Refused, licence: None, change: None }
}
