//! What soundness says of a definition, and what cases do in it, agree.
//!
//! Small random definitions, sound ones and broken ones, are lived through exhaustively: from every
//! way of opening a case, everything that anybody can do or fill in is done, by the same `open` and
//! `decide` as ever. Larger ones are walked through at random.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use indexmap::IndexMap;
use parvaneh_core::{
    Actor, Caller, Case, Command, Definition, FieldId, FormId, Given, Instant, Open, Place,
    RefusalCode, StepId, Term, decide,
    decide::next_due,
    definition::*,
    event::Vote,
    expression::{Expression, Facts, Name, Schema, Value},
    form::{Field, FieldKind, Form, Required},
    open,
    soundness::{self, code},
};
use proptest::{
    collection::vec, prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner,
};
use support::{COUNTY, applicant, at, case_id, compiled, holder, live::World, office_hours, text};

// ---- definitions ----

/// What stands in the form, which is the application's and every step's: nothing of it must.
const KINDS: [Option<&str>; 3] = [None, Some("a"), Some("b")];
const AMOUNTS: [Option<i64>; 4] = [None, Some(0), Some(1), Some(2)];
/// More returns than any guard asks for are as good as these.
const MOST_RETURNS: u32 = 3;

fn form() -> Form {
    let field = |kind| Field {
        title: text("field"),
        kind,
        required: Required::No,
        computed: None,
        personal: false,
    };
    let choices = ["a", "b"].map(|choice| (choice.to_owned(), text(choice)));
    let kind = FieldKind::Choice { choices: choices.into_iter().collect() };
    let amount = FieldKind::Money { min: None, max: Some(2) };
    let fields: [(FieldId, Field); 2] =
        [("kind".into(), field(kind)), ("amount".into(), field(amount))];
    Form { fields: fields.into_iter().collect() }
}

fn forms() -> IndexMap<FormId, Form> {
    [(FormId::from("facts"), form())].into_iter().collect()
}

fn guard(returns: bool) -> BoxedStrategy<String> {
    let plain = prop::sample::select(
        &[
            "kind == 'a'",
            "kind == 'b'",
            "kind != 'a'",
            "has(data.kind)",
            "!has(data.amount)",
            "amount > 0",
            "amount < 2",
            "amount == 1",
            "amount > 2",
            "has(data.kind) || !has(data.kind)",
        ][..],
    );
    let returned = prop::sample::select(&["case.returns < 1", "case.returns >= 2"][..]);
    let atom = prop_oneof![6 => plain, u32::from(returns) => returned].boxed();
    prop_oneof![
        3 => atom.clone().prop_map(str::to_owned),
        1 => (atom.clone(), atom.clone()).prop_map(|(one, other)| format!("{one} && {other}")),
        1 => (atom.clone(), atom).prop_map(|(one, other)| format!("!({one}) || {other}")),
    ]
    .boxed()
}

fn compile(guard: &str) -> Expression {
    Expression::compile(guard, &Schema::of_forms(&forms(), Some(&"facts".into()))).unwrap()
}

#[derive(Clone, Debug)]
enum Kind {
    Work,
    Applicant,
    Parallel(Index),
    Commission,
    Automatic { ways: Vec<(String, Index)>, otherwise: Option<Index> },
}

#[derive(Clone, Debug)]
struct Draft {
    kind: Kind,
    /// Where each action leads, and its guard. Of a sound definition, the first leads on.
    actions: Vec<(Index, Option<String>)>,
    silence: Option<Index>,
    leads_on: bool,
}

fn draft(sound: bool) -> impl Strategy<Value = Draft> {
    let returns = !sound;
    let automatic = (vec((guard(returns), any::<Index>()), 0..3), any::<Index>())
        .prop_map(move |(ways, otherwise)| (ways, Some(otherwise)));
    let without = vec((guard(returns), any::<Index>()), 1..4).prop_map(|ways| (ways, None));
    let automatic = prop_oneof![4 => automatic, 1 => without];
    let kind = prop_oneof![
        3 => Just(Kind::Work),
        2 => Just(Kind::Applicant),
        1 => any::<Index>().prop_map(Kind::Parallel),
        1 => Just(Kind::Commission),
        3 => automatic.prop_map(|(ways, otherwise)| Kind::Automatic { ways, otherwise }),
    ];
    let actions = vec((any::<Index>(), prop::option::weighted(0.4, guard(returns))), 1..3);
    let silence = prop::option::weighted(0.2, any::<Index>());
    let leads_on = prop::bool::weighted(if sound { 1.0 } else { 0.6 });
    (kind, actions, silence, leads_on).prop_map(|(kind, actions, silence, leads_on)| Draft {
        kind,
        actions,
        silence,
        leads_on,
    })
}

fn definition(most: usize, sound: bool) -> impl Strategy<Value = Definition> {
    vec(draft(sound), 1..=most).prop_map(move |drafts| built(&drafts, sound))
}

/// Into an automatic step leads nothing that is guarded itself, in a definition that is to be sound:
/// each guard is judged by itself, and two that exclude each other would make a way that none takes.
fn built(drafts: &[Draft], sound: bool) -> Definition {
    let ends = ["granted", "refused"];
    let places: Vec<StepId> = (0..drafts.len())
        .map(|number| StepId::from(format!("s{number}")))
        .chain(ends.iter().map(|end| StepId::from(*end)))
        .collect();
    let waits = |place: &StepId| {
        let number = places.iter().position(|it| it == place).unwrap();
        !drafts.get(number).is_some_and(|it| matches!(it.kind, Kind::Automatic { .. }))
    };
    let basis = || Basis::Source("a law".to_owned());
    let steps = drafts.iter().enumerate().map(|(number, draft)| {
        let next = places[number + 1].clone();
        let action = |to: &StepId, guard: Option<&String>| Action {
            title: text("act"),
            to: to.clone(),
            needs_reason: false,
            needs_citation: false,
            not_by: NotBy::default(),
            form: None,
            documents: IndexMap::new(),
            incomplete: false,
            guard: guard
                .filter(|_| !sound || waits(to))
                .map(|guard| Guard { condition: compile(guard), otherwise: None }),
        };
        let mut actions = IndexMap::new();
        let term = Term::days(5);
        let kind = match &draft.kind {
            Kind::Work => StepKind::Work { owner: "officer".into() },
            Kind::Applicant => StepKind::Applicant,
            Kind::Parallel(negative) => {
                let branch = Branch {
                    title: text("branch"),
                    owner: "agency.police".into(),
                    term,
                    basis: Some(basis()),
                    work: None,
                    levels: Vec::new(),
                    silence: None,
                    extension: None,
                };
                StepKind::Parallel(Parallel {
                    branches: [("police".into(), branch)].into_iter().collect(),
                    join: Join::All,
                    negative_at_once: false,
                    positive: next.clone(),
                    negative: negative.get(&places).clone(),
                })
            }
            Kind::Commission => StepKind::Commission(Commission {
                owner: "officer".into(),
                members: "member".into(),
                seats: 1,
                quorum: 1,
                majority: Majority::Simple,
                recusal: Recusal::KeepsQuorum,
                sittings: None,
            }),
            Kind::Automatic { ways, otherwise } => {
                let to = |index: &Index| match sound {
                    // None leads to another automatic step, or back to itself.
                    true => {
                        let waiting: Vec<_> = places.iter().filter(|it| waits(it)).collect();
                        (*index.get(&waiting)).clone()
                    }
                    false => index.get(&places).clone(),
                };
                let way = |(guard, index): &(String, Index)| Exit {
                    condition: Some(compile(guard)),
                    to: to(index),
                };
                let last = otherwise.as_ref().map(|index| Exit {
                    condition: None,
                    to: if draft.leads_on && waits(&next) { next.clone() } else { to(index) },
                });
                StepKind::Automatic(ways.iter().map(way).chain(last).collect())
            }
        };
        if kind == StepKind::Applicant || matches!(kind, StepKind::Work { .. }) {
            for (place, (to, guard)) in draft.actions.iter().enumerate() {
                let leads_on = place == 0 && draft.leads_on;
                let to = if leads_on { &next } else { to.get(&places) };
                let name = format!("a{place}");
                actions.insert(name.as_str().into(), action(to, guard.as_ref()));
            }
        }
        if let StepKind::Commission(_) = kind {
            let other = draft.actions[0].0.get(&places);
            actions.insert(APPROVED.into(), action(&next, None));
            actions.insert(REJECTED.into(), action(other, None));
        }
        let alone = matches!(kind, StepKind::Parallel(_) | StepKind::Automatic(_));
        let silence = draft.silence.as_ref().filter(|_| !alone).map(|to| SilenceRule {
            after: Term::days(0),
            to: to.get(&places).clone(),
            grace: None,
            basis: basis(),
        });
        let step = Step {
            title: text("step"),
            suspends_statutory: false,
            term: (!alone).then_some(term),
            basis: (!alone).then(basis),
            work: None,
            levels: Vec::new(),
            silence,
            statutory_silence: None,
            extension: None,
            form: (!alone).then(|| "facts".into()),
            documents: IndexMap::new(),
            kind,
            actions,
            not_by: NotBy::default(),
        };
        (places[number].clone(), step)
    });
    let role = |at, agency, may: &[Permission]| Role {
        at,
        title: text("role"),
        agency,
        may: may.iter().copied().collect(),
    };
    let end = |outcome, decision| End {
        title: text("end"),
        decision,
        outcome,
        licence: None,
        change: None,
    };
    let may = [Permission::Open, Permission::RecordAnswer];
    Definition {
        id: "small".into(),
        version: 1,
        hash: "0".repeat(64),
        title: text("Small"),
        basis: None,
        opens_at: Level::County,
        initiative: Initiative::Applicant,
        about: None,
        calendar: "ir".into(),
        first: places[0].clone(),
        statutory: Statutory {
            term: Term::days(900),
            starts: Starts::Opened,
            service_norm: None,
            silence: None,
            extension: None,
            levels: Vec::new(),
            basis: Some(basis()),
        },
        roles: [
            ("officer".into(), role(Level::County, false, &may)),
            ("member".into(), role(Level::Province, false, &[])),
            ("agency.police".into(), role(Level::County, true, &[])),
        ]
        .into_iter()
        .collect(),
        forms: forms(),
        application: Some("facts".into()),
        documents: IndexMap::new(),
        steps: steps.collect(),
        ends: [
            ("granted".into(), end(Outcome::Granted, true)),
            ("refused".into(), end(Outcome::Refused, true)),
            ("withdrawn".into(), end(Outcome::Withdrawn, false)),
        ]
        .into_iter()
        .collect(),
    }
}

// ---- every case ----

type Data = (Option<&'static str>, Option<i64>);

fn every_data() -> impl Iterator<Item = Data> {
    KINDS.iter().flat_map(|kind| AMOUNTS.iter().map(|amount| (*kind, *amount)))
}

fn given((kind, amount): Data) -> Given {
    let kind = kind.map_or(serde_json::Value::Null, Into::into);
    let amount = amount.map_or(serde_json::Value::Null, Into::into);
    Given::default().with("kind", kind).with("amount", amount)
}

/// What tells two cases apart, as far as anything in these definitions can.
type Key = (StepId, String, u32, String);

fn key(case: &Case) -> Key {
    let votes = match &case.place {
        Place::Step { votes, .. } => format!("{:?}", votes.values().collect::<Vec<_>>()),
        Place::End { .. } => String::new(),
    };
    let data = format!("{:?}", case.data);
    (case.place.name().clone(), data, case.returns.min(MOST_RETURNS), votes)
}

/// What was met.
#[derive(Debug, Default)]
struct Lived {
    /// Steps and ends at which a case was, automatic steps included.
    been: BTreeSet<StepId>,
    /// Actions that were taken, and those that a guard barred.
    taken: BTreeSet<(StepId, String)>,
    /// The ways of automatic steps that were taken, by their condition.
    passed: BTreeSet<(StepId, Option<String>)>,
    /// Where each case leads, by what can be done with it and by time.
    onwards: BTreeMap<Key, BTreeSet<Key>>,
    /// Steps in which a case could neither move nor wait for anything.
    stuck: BTreeSet<StepId>,
    /// Whether an automatic step had no way on.
    no_way_on: bool,
}

struct Stage {
    world: World,
    officer: Caller,
    member: Caller,
    police: Caller,
    applicant: Caller,
}

impl Stage {
    fn new(definition: Definition) -> Self {
        let person = |number, role: &str, unit| -> Caller {
            Caller::Person(holder(number, &role.into(), unit))
        };
        Self {
            world: World::new(definition, compiled(office_hours())),
            officer: person(10, "officer", COUNTY),
            member: person(11, "member", "23"),
            police: person(12, "agency.police", COUNTY),
            applicant: Caller::Person(Actor::new(applicant().person, Vec::new())),
        }
    }

    fn opened(&self, data: Data) -> Result<(Case, Vec<parvaneh_core::Event>), RefusalCode> {
        let application = Open {
            case: case_id(),
            unit: COUNTY.into(),
            applicant: applicant().person,
            subject: "a charity".to_owned(),
            received_at: None,
            reason: None,
            about: None,
            given: given(data),
        };
        let ctx = self.world.context(&self.applicant, None, at("2025-02-01 10:00"));
        let opened = open(&ctx, &application).map_err(|refusal| refusal.code)?;
        Ok((opened.case, opened.events))
    }

    /// Everything that can be tried at a step, and by whom.
    fn moves(&self, case: &Case) -> Vec<(&Caller, Command)> {
        let Some(step) = self.world.definition.steps.get(case.place.name()) else {
            return Vec::new();
        };
        let owner = match &step.kind {
            StepKind::Applicant => &self.applicant,
            _ => &self.officer,
        };
        let mut moves: Vec<(&Caller, Command)> = Vec::new();
        for action in step.actions.keys() {
            let (reason, citation, given) = (None, None, Given::default());
            moves.push((owner, Command::Act { action: action.clone(), reason, citation, given }));
        }
        if step.form.is_some() {
            moves.extend(every_data().map(|data| (owner, Command::Fill { given: given(data) })));
        }
        if let StepKind::Parallel(_) = step.kind {
            for answer in [Answer::Positive, Answer::Negative] {
                let (branch, reason, reference) = ("police".into(), None, None);
                moves.push((&self.police, Command::Answer { branch, answer, reason, reference }));
            }
        }
        if let StepKind::Commission(_) = step.kind {
            for vote in [Vote::For, Vote::Against] {
                moves.push((&self.member, Command::Vote { vote, reason: None }));
            }
        }
        moves
    }

    /// Whether a move only fills something in.
    fn fills(command: &Command) -> bool {
        matches!(command, Command::Fill { .. })
    }

    /// Tries a move at an instant.
    fn attempt(
        &self,
        case: &Case,
        by: &Caller,
        command: &Command,
        now: Instant,
        lived: &mut Lived,
    ) -> Option<Case> {
        match decide(&self.world.context(by, None, now), case, command) {
            Ok(decided) => {
                lived.notice(case, &decided.events);
                Some(decided.case)
            }
            Err(refusal) => {
                lived.no_way_on |= refusal.code == RefusalCode::NoWayOn;
                None
            }
        }
    }

    /// When time moves the case on, if it does.
    fn due(&self, case: &Case) -> Option<Instant> {
        let ctx = self.world.context(&Caller::System, None, case.recorded_at);
        next_due(&ctx, case)
    }

    /// Lives through every case there can be.
    fn every_case(&self) -> Lived {
        let mut lived = Lived::default();
        let mut open: VecDeque<Case> = VecDeque::new();
        for data in every_data() {
            match self.opened(data) {
                Ok((case, events)) => {
                    lived.notice(&case, &events);
                    open.push_back(case);
                }
                Err(code) => lived.no_way_on |= code == RefusalCode::NoWayOn,
            }
        }
        while let Some(case) = open.pop_front() {
            let from = key(&case);
            if lived.onwards.contains_key(&from) {
                continue;
            }
            let mut onwards = BTreeSet::new();
            let mut moved = case.is_ended();
            let due = self.due(&case);
            let by_time = due.map(|at| (&Caller::System, Command::Tick, at));
            let now = case.recorded_at;
            let by_people = self.moves(&case).into_iter().map(|(by, command)| (by, command, now));
            for (by, command, at) in by_people.chain(by_time) {
                if let Some(next) = self.attempt(&case, by, &command, at, &mut lived) {
                    moved |= !Self::fills(&command);
                    onwards.insert(key(&next));
                    open.push_back(next);
                }
            }
            if !moved {
                lived.stuck.insert(from.0.clone());
            }
            lived.onwards.insert(from, onwards);
        }
        lived
    }

    /// Walks at random, and ends where nothing is left to be done.
    fn walk(&self, steps: &[Index]) -> Lived {
        let mut lived = Lived::default();
        let data: Vec<Data> = every_data().collect();
        let Some((first, steps)) = steps.split_first() else { return lived };
        let mut case = match self.opened(*first.get(&data)) {
            Ok((case, events)) => {
                lived.notice(&case, &events);
                case
            }
            Err(code) => {
                lived.no_way_on |= code == RefusalCode::NoWayOn;
                return lived;
            }
        };
        for step in steps {
            let now = case.recorded_at;
            let mut moves: Vec<_> =
                self.moves(&case).into_iter().map(|(by, command)| (by, command, now)).collect();
            moves.extend(self.due(&case).map(|at| (&Caller::System, Command::Tick, at)));
            let able: Vec<_> = moves
                .iter()
                .filter_map(|(by, command, at)| {
                    let next = self.attempt(&case, by, command, *at, &mut Lived::default());
                    next.map(|next| (Self::fills(command), by, command, *at, next))
                })
                .collect();
            if !case.is_ended() && able.iter().all(|(fills, ..)| *fills) {
                lived.stuck.insert(case.place.name().clone());
            }
            if able.is_empty() {
                break;
            }
            let (_, by, command, at, next) = step.get(&able);
            self.attempt(&case, by, command, *at, &mut lived);
            case = next.clone();
        }
        lived
    }
}

impl Lived {
    fn notice(&mut self, before: &Case, events: &[parvaneh_core::Event]) {
        for event in events {
            let Some(entry) = event.fact.entry() else { continue };
            self.been.insert(entry.step.clone());
            for passed in &entry.through {
                self.been.insert(passed.step.clone());
                self.passed.insert((passed.step.clone(), passed.condition.clone()));
            }
            if let parvaneh_core::Fact::Acted { action, .. } = &event.fact {
                self.taken.insert((before.place.name().clone(), action.to_string()));
            }
        }
    }

    /// The cases from which an end can be reached.
    fn can_end(&self, definition: &Definition) -> BTreeSet<&Key> {
        let mut back: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
        for (from, onwards) in &self.onwards {
            for to in onwards {
                back.entry(to).or_default().push(from);
            }
        }
        let ended = self.onwards.keys().filter(|key| definition.ends.contains_key(&key.0));
        let mut open: Vec<&Key> = ended.collect();
        let mut can: BTreeSet<&Key> = open.iter().copied().collect();
        while let Some(key) = open.pop() {
            for from in back.get(key).into_iter().flatten() {
                if can.insert(from) {
                    open.push(from);
                }
            }
        }
        can
    }

    /// Whether nothing is filled in any more, wherever the case goes from there: then its guards say for ever what
    /// they say. Values decide about such a circle, and what is said of a definition holds for all.
    fn is_settled(&self, from: &Key) -> bool {
        let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
        while let Some(key) = open.pop() {
            for to in self.onwards.get(key).into_iter().flatten() {
                if to.1 != from.1 {
                    return false;
                }
                if seen.insert(to) {
                    open.push(to);
                }
            }
        }
        true
    }
}

// ---- what is said of them ----

/// The facts of a case, for guards that are tried on all of them.
struct Tried(Data, u32);

impl Facts for Tried {
    fn value(&self, name: &Name) -> Option<Value<'_>> {
        match name {
            Name::Field(field) if &**field == "kind" => self.0.0.map(Value::Text),
            Name::Field(_) => self.0.1.map(Value::Number),
            Name::Returns => Some(Value::Number(self.1.into())),
            _ => None,
        }
    }
}

fn every_case_there_is() -> impl Iterator<Item = Tried> {
    every_data().flat_map(|data| (0..=MOST_RETURNS).map(move |returns| Tried(data, returns)))
}

/// The codes of what is said, by the path of the part.
fn said(definition: &Definition) -> BTreeSet<(&'static str, String)> {
    soundness::findings(definition).into_iter().map(|finding| (finding.code, finding.at)).collect()
}

/// What is said of guards is what trying them on every case says.
fn check_guards(definition: &Definition, said: &BTreeSet<(&'static str, String)>) {
    let told = |code, at: String| said.contains(&(code, at));
    let met = |guard: &Expression| every_case_there_is().any(|case| guard.is_met(&case));
    for (name, step) in &definition.steps {
        let guarded = step
            .actions
            .iter()
            .filter_map(|(id, action)| Some((id, &action.guard.as_ref()?.condition)));
        let guarded: Vec<_> = guarded.collect();
        for (action, guard) in &guarded {
            let at = format!("steps.{name}.actions.{action}.if");
            assert_eq!(told(code::NEVER_MET, at.clone()), !met(guard), "{at}: {guard}");
            let always = every_case_there_is().all(|case| guard.is_met(&case));
            assert_eq!(told(code::ALWAYS_MET, at.clone()), always, "{at}: {guard}");
        }
        let bars = !guarded.is_empty()
            && guarded.len() == step.actions.len()
            && step.silence.is_none()
            && every_case_there_is().any(|case| guarded.iter().all(|(_, it)| !it.is_met(&case)));
        let at = format!("steps.{name}.actions");
        assert_eq!(told(code::ALL_BARRED, at.clone()), bars, "{at}: {guarded:?}");
        let StepKind::Automatic(exits) = &step.kind else { continue };
        let conditions: Vec<_> = exits.iter().filter_map(|exit| exit.condition.as_ref()).collect();
        for (place, guard) in conditions.iter().enumerate() {
            let at = format!("steps.{name}.choose[{place}].if");
            let earlier = &conditions[..place];
            let open = |case: &Tried| earlier.iter().any(|it| it.is_met(case));
            let never = !met(guard);
            let dead = !every_case_there_is().any(|case| guard.is_met(&case) && !open(&case));
            let overlaps = every_case_there_is().any(|case| guard.is_met(&case) && open(&case));
            assert_eq!(told(code::NEVER_MET, at.clone()), never, "{at}: {guard}");
            assert_eq!(told(code::DEAD_BRANCH, at.clone()), dead && !never, "{at}: {guard}");
            let expected = overlaps && !dead;
            assert_eq!(told(code::OVERLAPPING_GUARDS, at.clone()), expected, "{at}: {guard}");
        }
        let left = every_case_there_is().any(|case| !conditions.iter().any(|it| it.is_met(&case)));
        let or_else = exits.iter().position(|exit| exit.condition.is_none());
        let at = format!("steps.{name}.choose[{}].else", conditions.len());
        let idle = or_else.is_some() && !left && !conditions.is_empty();
        assert_eq!(told(code::IDLE_ELSE, at.clone()), idle, "{at}");
        let left = left && or_else.is_none();
        let at = format!("steps.{name}.choose");
        assert_eq!(told(code::NO_ELSE, at.clone()), left, "{at}");
    }
}

/// What was lived contradicts nothing that was said, whatever the definition.
fn check_lived(definition: &Definition, said: &BTreeSet<(&'static str, String)>, lived: &Lived) {
    let told = |code, at: String| said.contains(&(code, at));
    let any = |code| said.iter().any(|(told, _)| *told == code);
    for place in &lived.been {
        let unreachable = told(code::UNREACHABLE_STEP, format!("steps.{place}"))
            || told(code::UNREACHABLE_END, format!("ends.{place}"));
        assert!(!unreachable, "a case came to '{place}'");
    }
    for (step, action) in &lived.taken {
        let at = format!("steps.{step}.actions.{action}.if");
        assert!(!told(code::NEVER_MET, at.clone()), "{at} was met");
    }
    for (step, condition) in &lived.passed {
        let StepKind::Automatic(exits) = &definition.steps[step].kind else { panic!("{step}") };
        let same =
            |exit: &Exit| exit.condition.as_ref().map(Expression::text) == condition.as_deref();
        // Of two ways with the same guard the first is taken.
        let place = exits.iter().position(same).unwrap();
        let at = format!("steps.{step}.choose[{place}].if");
        let dead = told(code::NEVER_MET, at.clone()) || told(code::DEAD_BRANCH, at.clone());
        assert!(!dead, "{at} was taken");
    }
    let explained = any(code::AUTOMATIC_CYCLE) || any(code::NO_ELSE);
    assert!(!lived.no_way_on || explained, "an automatic step had no way on");
    for step in &lived.stuck {
        let explained = told(code::ALL_BARRED, format!("steps.{step}.actions"))
            || told(code::NO_WAY_OUT, format!("steps.{step}"))
            || definition.steps[step].actions.values().any(|action| action.guard.is_some())
                && any(code::NEVER_MET)
            || explained;
        assert!(explained, "nothing can be done any more at '{step}'");
    }
}

fn is_sound(definition: &Definition) -> bool {
    let findings = soundness::findings(definition);
    findings.iter().all(|it| it.severity == parvaneh_core::document::Severity::Warning)
}

/// Where nothing is wrong, everything can be done, and every case can end.
fn check_complete(definition: &Definition, said: &BTreeSet<(&'static str, String)>, lived: &Lived) {
    for name in definition.steps.keys().chain(definition.ends.keys()) {
        let free = name.as_str() == "withdrawn";
        assert!(free || lived.been.contains(name), "no case ever came to '{name}'");
    }
    for (name, step) in &definition.steps {
        for action in step.actions.keys() {
            let action = (name.clone(), action.to_string());
            assert!(lived.taken.contains(&action), "nobody could ever take {action:?}");
        }
        let StepKind::Automatic(exits) = &step.kind else { continue };
        for exit in exits {
            let condition = exit.condition.as_ref().map(|it| it.text().to_owned());
            let way = (name.clone(), condition);
            assert!(lived.passed.contains(&way), "no case ever took {way:?}");
        }
    }
    assert!(!lived.no_way_on);
    let barred = said.iter().any(|(told, _)| *told == code::ALL_BARRED);
    let can_end = lived.can_end(definition);
    for key in lived.onwards.keys() {
        // What can be filled in anew bars nothing for ever.
        let ends = can_end.contains(key) || lived.is_settled(key);
        assert!(ends, "from {key:?} no end can be reached");
    }
    assert!(lived.stuck.is_empty() || barred, "{:?}", lived.stuck);
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: support::soaked(cases),
        max_shrink_iters: 2_000,
        max_shrink_time: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(100))]

    /// Small definitions, lived through in every way there is.
    #[test]
    fn what_is_said_is_what_every_case_does(
        definition in prop_oneof![definition(4, true), definition(4, false)],
    ) {
        let said = said(&definition);
        check_guards(&definition, &said);
        let lived = Stage::new(definition.clone()).every_case();
        check_lived(&definition, &said, &lived);
        // A guard that asks for returns is not met before there were any, which nothing says.
        let returns = definition.steps.values().any(asks_for_returns);
        let idle = said.iter().any(|(told, _)| *told == code::IDLE_ELSE);
        if is_sound(&definition) && !returns && !idle && !chained(&definition) {
            check_complete(&definition, &said, &lived);
        }
    }

    /// Larger ones, walked through at random.
    #[test]
    fn no_walk_contradicts_what_is_said(
        definition in prop_oneof![definition(12, true), definition(12, false)],
        steps in vec(any::<Index>(), 1..40),
    ) {
        let said = said(&definition);
        check_guards(&definition, &said);
        let lived = Stage::new(definition.clone()).walk(&steps);
        check_lived(&definition, &said, &lived);
    }
}

fn guards(step: &Step) -> Vec<&Expression> {
    let of_actions = step.actions.values().filter_map(|it| Some(&it.guard.as_ref()?.condition));
    let exits = match &step.kind {
        StepKind::Automatic(exits) => {
            exits.iter().filter_map(|exit| exit.condition.as_ref()).collect()
        }
        _ => Vec::new(),
    };
    of_actions.chain(exits).collect()
}

fn asks_for_returns(step: &Step) -> bool {
    guards(step).iter().any(|guard| guard.names().contains(&Name::Returns))
}

/// Whether something that is guarded leads to an automatic step, with nothing to be filled in on the way: two guards
/// may exclude each other.
fn chained(definition: &Definition) -> bool {
    definition.steps.values().any(|step| {
        let by_exit = match &step.kind {
            StepKind::Automatic(exits) => exits.iter().any(|exit| is_judged(definition, &exit.to)),
            _ => false,
        };
        let by_action = |it: &Action| it.guard.is_some() && is_judged(definition, &it.to);
        by_exit || step.actions.values().any(by_action)
    })
}

/// Whether an automatic step judges what a case brings to a place. Nobody fills anything in while agencies are asked.
fn is_judged(definition: &Definition, place: &StepId) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([place]), vec![place]);
    while let Some(place) = open.pop() {
        let Some(step) = definition.steps.get(place) else { continue };
        match &step.kind {
            StepKind::Automatic(_) => return true,
            StepKind::Parallel(parallel) => {
                let ways = [&parallel.positive, &parallel.negative];
                open.extend(ways.into_iter().filter(|to| seen.insert(to)));
            }
            _ => (),
        }
    }
    false
}

/// The promises above would be worth nothing if random definitions never had what they are about.
#[test]
fn random_definitions_have_everything_that_is_said_of_them() {
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![definition(4, true), definition(4, false)];
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..400 {
        let definition = strategy.new_tree(&mut runner).unwrap().current();
        for code in said(&definition).iter().map(|(code, _)| *code).collect::<BTreeSet<_>>() {
            *met.entry(code).or_default() += 1;
        }
        let complete = is_sound(&definition)
            && !chained(&definition)
            && !definition.steps.values().any(asks_for_returns);
        *met.entry(if complete { "complete" } else { "wanting" }).or_default() += 1;
    }
    let expected = [
        "complete",
        code::UNREACHABLE_STEP,
        code::UNREACHABLE_END,
        code::NO_WAY_OUT,
        code::AUTOMATIC_CYCLE,
        code::NO_ELSE,
        code::IDLE_ELSE,
        code::DEAD_BRANCH,
        code::OVERLAPPING_GUARDS,
        code::NEVER_MET,
        code::ALWAYS_MET,
        code::ALL_BARRED,
    ];
    let rare: Vec<_> =
        expected.iter().filter(|code| met.get(*code).is_none_or(|n| *n < 8)).collect();
    assert!(rare.is_empty(), "hardly ever: {rare:?} in {met:#?}");
}
