//! Reads steps: work, the applicant's part, inquiries to several bodies, commissions.

use indexmap::IndexMap;

use super::{
    APPROVED, Action, Adjourns, Answer, Basis, Branch, BranchSilence, Commission, Join, Majority,
    NotBy, Parallel, REJECTED, Recusal, SittingRules, Step, StepKind, Text,
    read::{Draft, code},
};
use crate::{
    ActionId, BranchId, StepId, Term,
    document::{Fields, Node, code as document_code},
    soundness::UNREAD_TERM,
};

const STEP: &[&str] = &[
    "title",
    "owner",
    "term",
    "basis",
    "work",
    "escalate",
    "silence",
    "extension",
    "statutory_clock",
    "form",
    "documents",
    "statutory_silence",
    "actions",
    "not_by",
    "commission",
    "when",
];
const WORK: &[&str] = &[
    "title",
    "owner",
    "term",
    "basis",
    "work",
    "escalate",
    "silence",
    "extension",
    "statutory_clock",
    "form",
    "documents",
    "statutory_silence",
    "actions",
    "not_by",
];
const PARALLEL_STEP: &[&str] =
    &["title", "statutory_clock", "statutory_silence", "not_by", "parallel"];
const BRANCH: &[&str] =
    &["title", "owner", "term", "basis", "work", "escalate", "silence", "extension"];

const ACTION: &[&str] =
    &["title", "to", "needs", "if", "if_not", "form", "documents", "complete", "not_by"];

const MAJORITIES: &[(&str, Majority)] = &[
    ("simple", Majority::Simple),
    ("absolute", Majority::Absolute),
    ("two_thirds", Majority::TwoThirds),
];
const RECUSALS: &[(&str, Recusal)] =
    &[("keeps_quorum", Recusal::KeepsQuorum), ("lowers_quorum", Recusal::LowersQuorum)];
const ADJOURNS: &[(&str, Adjourns)] = &[("no_quorum", Adjourns::NoQuorum), ("tie", Adjourns::Tie)];
const ANSWERS: &[(&str, Answer)] =
    &[("positive", Answer::Positive), ("negative", Answer::Negative)];

/// What an action may need: a reason, a cited condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Reason,
    Citation,
}

impl Draft<'_> {
    pub(super) fn steps(&mut self, node: &Node, path: &str) -> Option<IndexMap<StepId, Step>> {
        let mut steps = IndexMap::new();
        for (name, node) in self.named(node, path, "steps") {
            let path = self.put(path, name.text, name.place);
            let step = self.step(node, &path);
            if step.is_none() {
                self.break_at(&path);
            }
            steps.insert(name.text.into(), step.unwrap_or_else(unread_step));
        }
        Some(steps)
    }

    fn step(&mut self, node: &Node, path: &str) -> Option<Step> {
        let at = self.place(path);
        let has = |key: &str| {
            node.as_mapping().is_some_and(|entries| entries.iter().any(|entry| entry.key == key))
        };
        if has("parallel") && has("commission") {
            let message = "a step is either parallel or a commission";
            self.reader.error(code::EXACTLY_ONE, at, message);
        }
        if has("choose") {
            return self.automatic_step(node, path);
        }
        if has("parallel") {
            return self.parallel_step(node, path);
        }
        let (what, keys) = match has("commission") {
            true => ("a commission step", STEP),
            false => ("a step", WORK),
        };
        let fields = self.reader.mapping(node, at, what, keys)?;
        let title = self.title(&fields, path, what);
        let owner = self.required(&fields, "owner", path, what, Self::role);
        let mut actions = self.optional(&fields, "actions", path, Self::actions);
        let kind = match owner {
            _ if has("commission") => {
                let owner = owner.unwrap_or_else(|| "".into());
                let read =
                    |draft: &mut Self, node: &Node, path: &str| draft.commission(node, path, owner);
                let commission = self.required(&fields, "commission", path, what, read);
                let results = self.required(&fields, "when", path, what, Self::results);
                actions.get_or_insert_default().extend(results.unwrap_or_default());
                StepKind::Commission(commission?)
            }
            Some(owner) if owner.as_str() == "applicant" => StepKind::Applicant,
            Some(owner) => StepKind::Work { owner },
            // An empty name is no role, and no second problem is told of it.
            None => StepKind::Work { owner: "".into() },
        };
        let term = self.optional(&fields, "term", path, |draft, node, _| {
            draft.reader.positive_term(node, "the term")
        });
        Some(Step {
            title,
            suspends_statutory: self.suspends(&fields, path),
            term,
            basis: self.optional(&fields, "basis", path, Self::basis),
            work: self.optional(&fields, "work", path, Self::work),
            levels: self.optional(&fields, "escalate", path, Self::escalate).unwrap_or_default(),
            silence: self.optional(&fields, "silence", path, Self::silence),
            statutory_silence: self.optional(&fields, "statutory_silence", path, Self::target),
            extension: self.optional(&fields, "extension", path, Self::extension),
            form: self.optional(&fields, "form", path, Self::form_name),
            documents: self
                .optional(&fields, "documents", path, Self::checklist)
                .unwrap_or_default(),
            kind,
            actions: actions.unwrap_or_default(),
            not_by: self.not_by(&fields, path),
        })
    }

    /// How much working time the work takes: `2 wh`.
    fn work(&mut self, node: &Node, _: &str) -> Option<Term> {
        self.reader.positive_term(node, "the work")
    }

    fn suspends(&mut self, fields: &Fields<'_>, path: &str) -> bool {
        let choices = [("runs", false), ("suspended", true)];
        let suspends = self.optional(fields, "statutory_clock", path, |draft, node, _| {
            draft.reader.choice(node, "a state of the statutory clock", &choices)
        });
        suspends.unwrap_or(false)
    }

    fn parallel_step(&mut self, node: &Node, path: &str) -> Option<Step> {
        let what = "a parallel step (its branches have owners and terms)";
        let fields = self.reader.mapping(node, self.place(path), what, PARALLEL_STEP)?;
        let title = self.title(&fields, path, "a parallel step");
        let suspends_statutory = self.suspends(&fields, path);
        let statutory_silence = self.optional(&fields, "statutory_silence", path, Self::target);
        let not_by = self.not_by(&fields, path);
        let parallel = self.required(&fields, "parallel", path, what, Self::parallel);
        Some(Step {
            title,
            suspends_statutory,
            term: None,
            basis: None,
            work: None,
            levels: Vec::new(),
            silence: None,
            statutory_silence,
            extension: None,
            form: None,
            documents: IndexMap::new(),
            kind: StepKind::Parallel(parallel?),
            actions: IndexMap::new(),
            not_by,
        })
    }

    fn parallel(&mut self, node: &Node, path: &str) -> Option<Parallel> {
        let what = "a parallel step";
        let keys = ["join", "branches", "when"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let join = self.required(&fields, "join", path, what, Self::join);
        let branches = self.required(&fields, "branches", path, what, Self::branches);
        let when = self.required(&fields, "when", path, what, |draft, node, path| {
            let what = "the results of a parallel step";
            let keys = ["positive", "negative"];
            let fields = draft.reader.mapping(node, draft.place(path), what, &keys)?;
            let positive = draft.required(&fields, "positive", path, what, Self::target);
            let negative = draft.required(&fields, "negative", path, what, Self::negative);
            let positive = positive.unwrap_or_else(|| "".into());
            Some((positive, negative.unwrap_or_else(|| ("".into(), false))))
        });
        let (positive, (negative, negative_at_once)) =
            when.unwrap_or_else(|| ("".into(), ("".into(), false)));
        Some(Parallel {
            branches: branches.unwrap_or_default(),
            join: join.unwrap_or(Join::All),
            negative_at_once,
            positive,
            negative,
        })
    }

    /// `all`, `any` or `{ n: 2 }`.
    fn join(&mut self, node: &Node, path: &str) -> Option<Join> {
        if node.as_str().is_some() {
            let choices = [("all", Join::All), ("any", Join::Any)];
            return self.reader.choice(node, "a join (or { n: 2 })", &choices);
        }
        let fields = self.reader.mapping(node, self.place(path), "a join", &["n"])?;
        let n = self.required(&fields, "n", path, "a join", |draft, node, _| {
            draft.reader.integer(node, "the number of positive answers", 1..=1_000)
        });
        n.map(Join::N)
    }

    /// Where a negative result leads, and whether the first negative answer ends the waiting.
    fn negative(&mut self, node: &Node, path: &str) -> Option<(StepId, bool)> {
        if node.as_str().is_some() {
            return Some((self.target(node, path)?, false));
        }
        let what = "a negative result";
        let fields = self.reader.mapping(node, self.place(path), what, &["to", "at"])?;
        let to = self.required(&fields, "to", path, what, Self::target);
        let at_once = self.optional(&fields, "at", path, |draft, node, _| {
            draft.reader.choice(node, "a moment", &[("once", true), ("join", false)])
        });
        Some((to?, at_once.unwrap_or(false)))
    }

    fn branches(&mut self, node: &Node, path: &str) -> Option<IndexMap<BranchId, Branch>> {
        let mut branches = IndexMap::new();
        for (name, node) in self.named(node, path, "the branches") {
            let path = self.put(path, name.text, name.place);
            match self.branch(node, &path) {
                Some(branch) => {
                    branches.insert(name.text.into(), branch);
                }
                None => self.break_at(&path),
            }
        }
        Some(branches)
    }

    fn branch(&mut self, node: &Node, path: &str) -> Option<Branch> {
        let what = "a branch";
        let at = self.place(path);
        let fields = self.reader.mapping(node, at, what, BRANCH)?;
        let title = self.optional(&fields, "title", path, |draft, node, path| {
            let at = draft.place(path);
            draft.reader.text(node, at, "the title")
        });
        let owner = self.required(&fields, "owner", path, what, Self::role);
        let term = self.required(&fields, "term", path, what, |draft, node, _| {
            draft.reader.positive_term(node, "the term")
        });
        let basis = self.optional(&fields, "basis", path, Self::basis);
        let work = self.optional(&fields, "work", path, Self::work);
        let levels = self.optional(&fields, "escalate", path, Self::escalate);
        let silence = self.optional(&fields, "silence", path, Self::branch_silence);
        let extension = self.optional(&fields, "extension", path, Self::extension);
        let owner = owner.unwrap_or_else(|| "".into());
        // Without a title of its own, a branch is called what its owner is called.
        let title = title.or_else(|| self.role_titles.get(&owner).cloned());
        Some(Branch {
            title: title.unwrap_or(Text { fa: String::new(), en: String::new() }),
            owner,
            term: term.unwrap_or(UNREAD_TERM),
            basis,
            work,
            levels: levels.unwrap_or_default(),
            silence,
            extension,
        })
    }

    fn branch_silence(&mut self, node: &Node, path: &str) -> Option<BranchSilence> {
        let what = "a branch's silence rule";
        let keys = ["after", "answer", "grace", "basis"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let after = self.after(&fields, path);
        let answer = self.required(&fields, "answer", path, what, |draft, node, _| {
            draft.reader.choice(node, "an answer", ANSWERS)
        });
        let grace = self.grace(&fields, path);
        let basis = self.required(&fields, "basis", path, what, Self::basis);
        Some(BranchSilence {
            after,
            answer: answer.unwrap_or(Answer::Positive),
            grace,
            basis: basis.unwrap_or(Basis::Assumption),
        })
    }

    fn commission(&mut self, node: &Node, path: &str, owner: crate::RoleId) -> Option<Commission> {
        let what = "a commission";
        let keys = ["members", "seats", "quorum", "majority", "recusal", "sittings", "basis"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let members = self.required(&fields, "members", path, what, Self::role);
        let seats = self.required(&fields, "seats", path, what, |draft, node, _| {
            draft.reader.integer(node, "the number of seats", 1..=1_000)
        });
        let quorum = self.required(&fields, "quorum", path, what, |draft, node, _| {
            draft.reader.integer(node, "the quorum", 1..=1_000)
        });
        let majority = self.required(&fields, "majority", path, what, |draft, node, _| {
            draft.reader.choice(node, "a majority", MAJORITIES)
        });
        let recusal = self.optional(&fields, "recusal", path, |draft, node, _| {
            draft.reader.choice(node, "what a recusal does", RECUSALS)
        });
        let sittings = self.optional(&fields, "sittings", path, Self::sittings).flatten();
        self.optional(&fields, "basis", path, Self::basis);
        Some(Commission {
            owner,
            members: members.unwrap_or_else(|| "".into()),
            // Of a number that could not be read, nothing is told a second time.
            seats: seats.unwrap_or(u32::MAX),
            quorum: quorum.unwrap_or(1),
            majority: majority.unwrap_or(Majority::Simple),
            recusal: recusal.unwrap_or(Recusal::KeepsQuorum),
            sittings,
        })
    }

    /// `required`, `no`, or the rules of the sittings. The inner `None` is `no`.
    fn sittings(&mut self, node: &Node, path: &str) -> Option<Option<SittingRules>> {
        let required = SittingRules {
            cut_off: Term::days(0),
            warn: None,
            tell: Vec::new(),
            adjourns: [].into(),
        };
        if node.as_str().is_some() {
            let choices = [("required", true), ("yes", true), ("no", false)];
            let what = "whether it decides in sittings (or the rules of its sittings)";
            let sits = self.reader.choice(node, what, &choices)?;
            return Some(sits.then_some(required));
        }
        let what = "the rules of the sittings";
        let keys = ["cut_off", "warn", "tell", "adjourn", "basis"];
        let fields = self.reader.mapping(node, self.place(path), what, &keys)?;
        let cut_off = self.optional(&fields, "cut_off", path, |draft, node, _| {
            draft.reader.term(node, "how long before the sitting the agenda is closed")
        });
        let warn = self.optional(&fields, "warn", path, |draft, node, _| {
            draft.reader.positive_term(node, "the time before the deadline")
        });
        let tell = self.optional(&fields, "tell", path, Self::addressees);
        if fields.get("tell").is_some() && fields.get("warn").is_none() && !fields.has_unknown() {
            let message = "somebody is to be told, but nothing says when";
            let help = "write 'warn: 10 d', say, beside 'tell'";
            let at = self.place(&format!("{path}.tell"));
            self.reader.error_with_help(document_code::MISSING_KEY, at, message, help);
        }
        let adjourns = self.optional(&fields, "adjourn", path, |draft, node, _| {
            let items = draft.reader.list_or_one(node, "what puts a case off");
            let one = |item| draft.reader.choice(item, "what puts a case off", ADJOURNS);
            items.iter().map(one).collect::<Option<_>>()
        });
        self.optional(&fields, "basis", path, Self::basis);
        Some(Some(SittingRules {
            cut_off: cut_off.unwrap_or(required.cut_off),
            warn,
            tell: tell.unwrap_or_default(),
            adjourns: adjourns.unwrap_or_default(),
        }))
    }

    /// The two results of a commission, which become its actions.
    fn results(&mut self, node: &Node, path: &str) -> Option<IndexMap<ActionId, Action>> {
        let what = "the results of a commission";
        let fields = self.reader.mapping(node, self.place(path), what, &[APPROVED, REJECTED])?;
        let mut results = IndexMap::new();
        for (name, fa, en) in [(APPROVED, "تصویب", "Approved"), (REJECTED, "رد", "Rejected")]
        {
            let title = Text { fa: fa.to_owned(), en: en.to_owned() };
            let read = |draft: &mut Self, node: &Node, path: &str| {
                if node.as_str().is_none() {
                    return draft.action(node, path, Some(title));
                }
                let to = draft.target(node, path)?;
                Some(Action {
                    title,
                    to,
                    needs_reason: false,
                    needs_citation: false,
                    form: None,
                    documents: IndexMap::new(),
                    incomplete: false,
                    not_by: NotBy::default(),
                    guard: None,
                })
            };
            if let Some(action) = self.required(&fields, name, path, what, read) {
                results.insert(name.into(), action);
            }
        }
        Some(results)
    }

    fn actions(&mut self, node: &Node, path: &str) -> Option<IndexMap<ActionId, Action>> {
        let mut actions = IndexMap::new();
        for (name, node) in self.named(node, path, "the actions") {
            let path = self.put(path, name.text, name.place);
            if matches!(name.text, APPROVED | REJECTED) {
                let message = format!("'{}' is a result of a commission", name.text);
                let help = "name the action otherwise; a commission's results stand under 'when'";
                self.reader.error_with_help(code::RESERVED_NAME, name.place, message, help);
            }
            match self.action(node, &path, None) {
                Some(action) => {
                    actions.insert(name.text.into(), action);
                }
                None => self.break_at(&path),
            }
        }
        Some(actions)
    }

    fn action(&mut self, node: &Node, path: &str, default: Option<Text>) -> Option<Action> {
        let what = "an action";
        let fields = self.reader.mapping(node, self.place(path), what, ACTION)?;
        let result = default.is_some();
        let title = match default {
            Some(default) if fields.get("title").is_none() => default,
            _ => self.title(&fields, path, what),
        };
        let to = self.required(&fields, "to", path, what, Self::target);
        let needs = self.optional(&fields, "needs", path, |draft, node, _| {
            let choices = [("reason", Need::Reason), ("citation", Need::Citation)];
            let items = draft.reader.list_or_one(node, "what an action needs");
            let needs: Vec<_> =
                items.iter().map(|item| draft.reader.choice(item, "a need", &choices)).collect();
            needs.into_iter().collect::<Option<Vec<_>>>()
        });
        let needs = needs.unwrap_or_default();
        let guard = match result {
            true => {
                self.no_guard(&fields);
                None
            }
            false => self.guard(&fields, path, what),
        };
        Some(Action {
            title,
            to: to.unwrap_or_else(|| "".into()),
            needs_reason: needs.contains(&Need::Reason),
            needs_citation: needs.contains(&Need::Citation),
            not_by: self.not_by(&fields, path),
            form: self.optional(&fields, "form", path, Self::form_name),
            documents: self
                .optional(&fields, "documents", path, Self::checklist)
                .unwrap_or_default(),
            incomplete: self
                .optional(&fields, "complete", path, |draft, node, _| {
                    draft.reader.yes_or_no(node, "'complete'")
                })
                .is_some_and(|complete| !complete),
            guard,
        })
    }

    /// Four eyes: `not_by: [expert_review, applicant]`.
    fn not_by(&mut self, fields: &Fields<'_>, path: &str) -> NotBy {
        let not_by = self.optional(fields, "not_by", path, |draft, node, path| {
            let mut not_by = NotBy::default();
            for item in draft.reader.list_or_one(node, "who may not do it") {
                let Some(name) = draft.reader.name(item, "a step, or 'applicant'") else {
                    draft.break_at(path);
                    continue;
                };
                if name.text == "applicant" {
                    not_by.applicant = true;
                } else {
                    draft.put_at(format!("{path}[{}]", not_by.steps.len()), name.place);
                    not_by.steps.push(name.text.into());
                }
            }
            Some(not_by)
        });
        not_by.unwrap_or_default()
    }
}

/// Stands for a step that could not be read.
fn unread_step() -> Step {
    Step {
        title: Text { fa: String::new(), en: String::new() },
        suspends_statutory: false,
        term: Some(UNREAD_TERM),
        basis: Some(Basis::Assumption),
        work: None,
        levels: Vec::new(),
        silence: None,
        statutory_silence: None,
        extension: None,
        form: None,
        documents: IndexMap::new(),
        kind: StepKind::Work { owner: "".into() },
        actions: IndexMap::new(),
        not_by: NotBy::default(),
    }
}
