//! What random procedures ask of a case: forms, papers and guards; and what people give.

use chrono::{Days, NaiveDate};
use indexmap::IndexMap;
use parvaneh_core::{
    Definition, FieldId, FormId, Given, RoleId, StepId, Term,
    definition::{Action, Exit, Guard, Step, StepKind},
    document::Severity,
    expression::{Expression, Schema},
    form::{
        Condition, DateBound, DocumentKind, Field, FieldKind, FileReference, Form, HandedIn,
        Number, Required, Value,
    },
    soundness,
};
use proptest::{collection::vec, option, prelude::*, sample::Index};

use super::text;

/// The forms of every random definition; which fields of them are required is random.
const FORMS: [(&str, [&str; 2]); 3] =
    [("plan", ["kind", "amount"]), ("report", ["score", "urgent"]), ("visit", ["seen", "note"])];

/// The papers of every random definition: who looks at it, for how long it is good, how many copies.
const PAPERS: [(&str, Option<&str>, Option<u32>, u32); 3] =
    [("charter", Some("officer"), None, 1), ("record", None, Some(30), 1), ("map", None, None, 2)];

fn kind(field: &str) -> FieldKind {
    let number = |value: &str| Some(value.parse::<Number>().expect("a number"));
    match field {
        "kind" => {
            let choices = ["a", "b", "c"].map(|choice| (choice.to_owned(), text(choice)));
            FieldKind::Choice { choices: choices.into_iter().collect() }
        }
        "amount" => FieldKind::Money { min: None, max: Some(20) },
        "score" => FieldKind::Number { min: number("-5"), max: number("20"), decimals: 0 },
        "urgent" => FieldKind::YesNo,
        "seen" => FieldKind::Date { min: None, max: Some(DateBound::Today) },
        _ => FieldKind::Text { min: None, max: Some(9) },
    }
}

/// What the whole procedure asks for.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    application: bool,
    required: Vec<u8>,
}

pub(crate) fn forms() -> impl Strategy<Value = Forms> {
    (prop::bool::weighted(0.4), vec(0..4_u8, 6))
        .prop_map(|(application, required)| Forms { application, required })
}

impl Forms {
    pub(crate) fn put(&self, definition: &mut Definition) {
        let mut required = self.required.iter();
        let mut field = |name: &&str| {
            let required = match (required.next(), *name) {
                (Some(1), _) => Required::Always,
                (Some(2), "amount") => {
                    let values = vec![Value::Choice("b".to_owned())];
                    Required::If(vec![Condition { field: "kind".into(), values }])
                }
                _ => Required::No,
            };
            (
                FieldId::from(*name),
                Field {
                    title: text(name),
                    kind: kind(name),
                    required,
                    computed: None,
                    personal: false,
                },
            )
        };
        let forms = FORMS.iter().map(|(form, fields)| {
            let fields: IndexMap<_, _> = fields.iter().map(&mut field).collect();
            (FormId::from(*form), Form { fields })
        });
        definition.forms = forms.collect();
        definition.application = self.application.then(|| "plan".into());
        let paper = |(name, by, days, copies): &(&str, Option<&str>, Option<u32>, u32)| {
            let kind = DocumentKind {
                title: text(name),
                verified_by: by.map(RoleId::from),
                valid_for: days.map(Term::days),
                copies: *copies,
                types: Vec::new(),
                longest: None,
                times: None,
            };
            ((*name).into(), kind)
        };
        definition.documents = PAPERS.iter().map(paper).collect();
    }
}

/// What a step or an action asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    form: Option<Index>,
    papers: Vec<(Index, bool)>,
    incomplete: bool,
    guard: Option<String>,
}

pub(crate) fn asks() -> impl Strategy<Value = Asks> {
    let papers = vec((any::<Index>(), prop::bool::weighted(0.4)), 0..2);
    let asks = (option::weighted(0.4, any::<Index>()), papers, any::<bool>(), option::of(guard()))
        .prop_map(|(form, papers, incomplete, guard)| Asks { form, papers, incomplete, guard });
    option::weighted(0.35, asks).prop_map(Option::unwrap_or_default).boxed()
}

impl Asks {
    fn form(&self) -> Option<FormId> {
        self.form.as_ref().map(|form| FORMS[form.index(FORMS.len())].0.into())
    }

    pub(crate) fn of_step(&self, step: &mut Step) {
        step.form = self.form();
        let paper = |(paper, must): &(Index, bool)| (PAPERS[paper.index(3)].0.into(), *must);
        step.documents = self.papers.iter().map(paper).collect();
    }

    /// A guard cannot stand on the result of a commission.
    pub(crate) fn of_action(&self, action: &mut Action, guarded: bool) {
        action.form = self.form();
        let paper = |(paper, must): &(Index, bool)| (PAPERS[paper.index(3)].0.into(), *must);
        action.documents = self.papers.iter().map(paper).collect();
        action.incomplete = self.incomplete;
        let guard = |guard: &String| Guard { condition: compiled(guard), otherwise: None };
        action.guard = self.guard.as_ref().filter(|_| guarded).map(guard);
    }
}

/// The ways of an automatic step before its `else`.
pub(crate) type Ways = Vec<(String, Index)>;

pub(crate) fn ways() -> impl Strategy<Value = Ways> {
    vec((guard(), any::<Index>()), 0..4)
}

pub(crate) fn exits(ways: &Ways, onwards: &[StepId], otherwise: &StepId) -> Vec<Exit> {
    let way = |(guard, to): &(String, Index)| Exit {
        condition: Some(compiled(guard)),
        to: to.get(onwards).clone(),
    };
    let last = Exit { condition: None, to: otherwise.clone() };
    ways.iter().map(way).chain([last]).collect()
}

fn compiled(guard: &str) -> Expression {
    let field = |name: &str| Field {
        title: text(name),
        kind: kind(name),
        required: Required::No,
        computed: None,
        personal: false,
    };
    let forms = FORMS.iter().map(|(form, fields)| {
        let fields = fields.iter().map(|name| (FieldId::from(*name), field(name))).collect();
        (FormId::from(*form), Form { fields })
    });
    let schema = Schema::of_forms(&forms.collect(), None);
    Expression::compile(guard, &schema).unwrap_or_else(|faults| panic!("{guard}: {faults:?}"))
}

pub(crate) fn guard() -> impl Strategy<Value = String> {
    let atom = || {
        prop_oneof![
            prop::sample::select(
                &[
                    "kind == 'a'",
                    "kind in ['b', 'c']",
                    "kind != 'c'",
                    "urgent",
                    "!urgent",
                    "has(data.seen)",
                    "!has(data.score)",
                    "seen < case.today",
                    "note.contains('x')",
                    "case.unit == '2301'",
                ][..]
            )
            .prop_map(str::to_owned),
            (0..16_u8).prop_map(|n| format!("amount >= {n}")),
            (1..20_u8).prop_map(|n| format!("amount < {n}")),
            (0..16_u8).prop_map(|n| format!("score > {n}")),
            (0..30_u8).prop_map(|n| format!("amount + score > {n}")),
            (1..4_u8).prop_map(|n| format!("case.returns < {n}")),
            (0..3_u8).prop_map(|n| format!("case.returns > {n}")),
            (0..60_u8).prop_map(|n| format!("daysBetween(case.opened, case.today) > {n}")),
        ]
        .boxed()
    };
    prop_oneof![
        4 => atom(),
        2 => (atom(), atom()).prop_map(|(one, other)| format!("{one} && {other}")),
        2 => (atom(), atom()).prop_map(|(one, other)| format!("{one} || {other}")),
        1 => (atom(), atom(), atom()).prop_map(|(a, b, c)| format!("!({a}) && ({b} || {c})")),
    ]
    .boxed()
}

/// Takes out guards that no case can meet, and ways for which the ways before leave no case.
pub(crate) fn mended(mut definition: Definition) -> Definition {
    loop {
        let errors = soundness::findings(&definition);
        let mut guards =
            errors.iter().filter(|it| it.severity == Severity::Error && it.at.ends_with("if"));
        let Some(wrong) = guards.next_back() else { return definition };
        let path: Vec<&str> = wrong.at.split(['.', '[', ']']).collect();
        let step = &mut definition.steps[path[1]];
        match (&mut step.kind, path[2]) {
            (StepKind::Automatic(exits), "choose") => {
                exits.remove(path[3].parse().expect("the number of a way"));
            }
            _ => step.actions[path[3]].guard = None,
        }
    }
}

/// What somebody gives who fills in everything that an action asks for.
pub(crate) fn for_action(
    definition: &Definition,
    step: &Step,
    action: &Action,
    today: NaiveDate,
    seed: u64,
) -> Given {
    let mut given = values(definition, step.form.iter().chain(&action.form), seed);
    for (paper, _) in step.documents.iter().chain(&action.documents).filter(|(_, must)| **must) {
        given = given.with_paper(paper.as_str(), paper_of(today, seed));
    }
    given
}

/// What somebody gives who fills in the step's form.
pub(crate) fn for_step(definition: &Definition, step: &Step, seed: u64) -> Given {
    let of_actions = step.actions.values().filter_map(|action| action.form.as_ref());
    values(definition, step.form.iter().chain(of_actions), seed)
}

/// What stands in an application.
pub(crate) fn for_opening(definition: &Definition, seed: u64) -> Given {
    values(definition, definition.application.iter(), seed)
}

pub(crate) fn paper_of(today: NaiveDate, seed: u64) -> HandedIn {
    let file = FileReference {
        name: format!("paper-{}.pdf", seed % 3),
        media_type: "application/pdf".to_owned(),
        size: seed % 1_000,
        sha256: "0".repeat(64),
    };
    let issued = today.checked_sub_days(Days::new(seed % 40)).expect("a day");
    HandedIn { file, issued: Some(issued.to_string()), copies: 2 }
}

fn values<'f>(
    definition: &Definition,
    forms: impl Iterator<Item = &'f FormId>,
    seed: u64,
) -> Given {
    let mut given = Given::default();
    for (place, field) in forms.flat_map(|form| definition.forms[form].fields.keys()).enumerate() {
        // Some digits of the seed for every field.
        let draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(11 * place as u32) >> 7;
        given = match field.as_str() {
            "kind" => given.with("kind", ["a", "b", "c"][draw as usize % 3]),
            "amount" => given.with("amount", draw % 21),
            "score" => given.with("score", (draw % 26) as i64 - 5),
            "urgent" => given.with("urgent", draw.is_multiple_of(2)),
            "seen" => given.with("seen", format!("2024-12-{:02}", 1 + draw % 28)),
            _ => given.with("note", if draw.is_multiple_of(2) { "x" } else { "یک" }),
        };
    }
    given
}
