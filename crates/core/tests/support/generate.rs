//! Random sound definitions, calendars and commands.
//!
//! Everything is generated so that it shrinks towards the simplest: one working step that ends the
//! case, no levels, no holidays, no commands.

use chrono::{Days, NaiveDate, Weekday};
use indexmap::IndexMap;
use parvaneh_core::{
    RoleId, StepId, Term, TermUnit, UnitId,
    calendar::{CalendarSource, DayEnds, Scope, WeeklyHours},
    definition::*,
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::Index,
};

use super::{
    asked::{self, Asks, Forms, Ways},
    closure, date, holiday, hours, notice, text,
};

/// The roles of every random definition: one per level and two agencies.
pub(crate) const ROLES: [(&str, Level, &[Permission]); 6] = [
    ("officer", Level::County, &[Permission::Open]),
    ("head", Level::County, &[Permission::Assign, Permission::Suspend, Permission::ReleaseSilence]),
    ("board", Level::Province, &[Permission::Assign, Permission::RecordAnswer]),
    ("ministry", Level::National, &[Permission::Suspend]),
    ("agency.police", Level::Province, &[]),
    ("agency.court", Level::National, &[]),
];

fn anybody() -> impl Strategy<Value = RoleId> {
    (0..ROLES.len()).prop_map(|index| ROLES[index].0.into())
}

/// A role that is no other body.
fn role() -> impl Strategy<Value = RoleId> {
    (0..ROLES.len() - 2).prop_map(|index| ROLES[index].0.into())
}

fn unit() -> impl Strategy<Value = TermUnit> {
    use TermUnit::*;
    prop_oneof![Just(WorkingDays), Just(Days), Just(WorkingHours), Just(Hours)]
}

/// So many units that the length is comparable, whatever the unit.
fn most(unit: TermUnit) -> u32 {
    match unit {
        TermUnit::WorkingDays => 10,
        TermUnit::Days => 20,
        TermUnit::WorkingHours => 60,
        TermUnit::Hours => 300,
    }
}

fn term(from: u32) -> impl Strategy<Value = Term> {
    unit()
        .prop_flat_map(move |unit| (from..=most(unit)).prop_map(move |count| Term { count, unit }))
}

fn short() -> impl Strategy<Value = Term> {
    (unit(), 1..4_u32).prop_map(|(unit, count)| Term { count, unit })
}

fn basis() -> Basis {
    Basis::Source("art. 7".to_owned())
}

/// Warnings in the term's unit, then levels in one unit, each in ascending order.
fn levels(term: Term, task: bool, act: bool) -> impl Strategy<Value = Vec<EscalationLevel>> {
    let addressee = prop_oneof![
        Just(Addressee::Owner),
        Just(Addressee::Applicant),
        anybody().prop_map(Addressee::Role)
    ];
    let effect = prop_oneof![
        6 => Just(Effect::Notify),
        2 * u32::from(task) => role().prop_map(Effect::Reassign),
        u32::from(act) => Just(Effect::Act("go".into())),
    ];
    let warnings = btree_map(1..=term.count, (vec(addressee.clone(), 1..3), effect.clone()), 0..3);
    let breaches = btree_map(0..30_u32, (vec(addressee, 1..3), effect), 0..4);
    (warnings, unit(), breaches).prop_map(move |(warnings, unit, breaches)| {
        let level = |fires, (tell, effect)| EscalationLevel { fires, tell, effect };
        let warnings = warnings
            .into_iter()
            .rev()
            .map(|(count, rest)| level(Fires::Before(Term { count, unit: term.unit }), rest));
        let breaches = breaches
            .into_iter()
            .map(|(count, rest)| level(Fires::After(Term { count, unit }), rest));
        warnings.chain(breaches).collect()
    })
}

fn extension(unit: TermUnit) -> impl Strategy<Value = Option<ExtensionRule>> {
    option::of((1..3_u32, 1..10_u32, role()).prop_map(move |(times, count, by)| ExtensionRule {
        times,
        up_to: Term { count, unit },
        by,
        basis: basis(),
    }))
}

/// What a term has beside itself.
#[derive(Clone, Debug)]
struct Timing {
    term: Term,
    levels: Vec<EscalationLevel>,
    extension: Option<ExtensionRule>,
    silence: Option<(Term, Option<Term>, Index, bool)>,
}

fn timing(task: bool, act: bool) -> impl Strategy<Value = Timing> {
    let silence = option::weighted(
        0.3,
        (term(0), option::weighted(0.7, short()), any::<Index>(), any::<bool>()),
    );
    (term(1), silence)
        .prop_flat_map(move |(term, silence)| {
            (levels(term, task, act), extension(term.unit)).prop_map(move |(levels, extension)| {
                // A level that takes the case on leaves nothing to silence.
                let acts = levels.iter().any(|level| matches!(level.effect, Effect::Act(_)));
                Timing { term, levels, extension, silence: silence.filter(|_| !acts) }
            })
        })
        // A strategy is as large as all that it is made of.
        .boxed()
}

#[derive(Clone, Debug)]
enum Kind {
    Work(RoleId),
    Applicant,
    Parallel { branches: Vec<(RoleId, Timing)>, needed: usize, at_once: bool, negative: Index },
    Commission(Commission),
    Automatic(Ways),
}

#[derive(Clone, Debug)]
struct Draft {
    kind: Kind,
    timing: Timing,
    suspends: bool,
    /// Whether the silence of the authority leads elsewhere from here.
    silence_refuses: bool,
    /// Beside the first, which leads on: where to, and what it needs.
    actions: Vec<(Index, bool, bool)>,
    /// Four eyes, for the step and for its first action: not by whom of the steps before, and
    /// whether not by the applicant.
    not_by: [(Vec<Index>, bool); 2],
    /// What is asked for by the step, by its first action and by the others.
    asks: [Asks; 3],
}

/// `commissions` says how often a step is a commission, where others are so 11 times.
fn step(commissions: u32) -> impl Strategy<Value = Draft> {
    let majority =
        prop_oneof![Just(Majority::Simple), Just(Majority::Absolute), Just(Majority::TwoThirds)];
    let recusal = prop_oneof![Just(Recusal::KeepsQuorum), Just(Recusal::LowersQuorum)];
    let kind = prop_oneof![
        4 => role().prop_map(Kind::Work),
        2 => Just(Kind::Applicant),
        3 => (vec((anybody(), timing(true, false)), 1..4), 0..4_usize, any::<bool>(), any::<Index>())
            .prop_map(|(branches, needed, at_once, negative)| Kind::Parallel {
                branches, needed, at_once, negative
            }),
        commissions => (role(), role(), 1..3_u32, majority, recusal, option::of(0..3_u32)).prop_map(
            |(owner, members, quorum, majority, recusal, sits)| Kind::Commission(Commission {
                owner,
                members,
                seats: quorum + 1,
                quorum,
                majority,
                recusal,
                // What is recorded when somebody notices, and not when it was due, is told of
                // elsewhere: a warning that no sitting has room, a case that is put off.
                sittings: sits.map(|days| SittingRules {
                    cut_off: Term::working_days(days),
                    warn: None,
                    tell: Vec::new(),
                    adjourns: [].into(),
                }),
            })
        ),
        2 => asked::ways().prop_map(Kind::Automatic),
    ];
    let actions = vec((any::<Index>(), any::<bool>(), any::<bool>()), 0..3);
    let not_by = || (vec(any::<Index>(), 0..3), prop::bool::weighted(0.3));
    let not_by = option::weighted(0.4, [not_by(), not_by()]).prop_map(Option::unwrap_or_default);
    let (suspends, silence_refuses) = (prop::bool::weighted(0.3), prop::bool::weighted(0.3));
    let asks = [asked::asks(), asked::asks(), asked::asks()];
    (kind, timing(true, true), suspends, silence_refuses, actions, not_by, asks).prop_map(
        |(kind, timing, suspends, silence_refuses, actions, not_by, asks)| Draft {
            kind,
            timing,
            suspends,
            silence_refuses,
            actions,
            not_by,
            asks,
        },
    )
}

const ENDS: [(&str, Outcome, bool); 5] = [
    ("granted", Outcome::Granted, true),
    ("refused", Outcome::Refused, true),
    ("lapsed", Outcome::Lapsed, false),
    ("settled", Outcome::Settled, true),
    ("withdrawn", Outcome::Withdrawn, false),
];

/// A definition in which an end can be reached from every step: the first action of a step leads
/// to the next one or to the grant.
pub(crate) fn definition() -> impl Strategy<Value = Definition> {
    definition_with(2)
}

/// As [`definition`], with as many commissions as that beside 11 other steps.
pub(crate) fn definition_with(commissions: u32) -> impl Strategy<Value = Definition> {
    let statutory = (timing(false, false), option::weighted(0.3, any::<Index>()));
    (vec(step(commissions), 1..6), statutory, asked::forms()).prop_map(
        |(drafts, (timing, starts), forms)| {
            let places: Vec<StepId> = (0..drafts.len())
                .map(|number| StepId::from(format!("s{number}")))
                .chain(ENDS.iter().map(|(end, ..)| StepId::from(*end)))
                .collect();
            let steps = drafts.iter().enumerate();
            let steps: IndexMap<_, _> = steps
                .map(|(number, _)| (places[number].clone(), checked(&drafts, number, &places)))
                .collect();
            let starts = match starts {
                Some(index) => Starts::Entering(places[index.index(drafts.len())].clone()),
                None => Starts::Opened,
            };
            let end = |(name, outcome, decision): &(&str, Outcome, bool)| {
                let licence = Licence { kind: "test".into(), valid_months: 12, mark: None };
                let licence = (*outcome == Outcome::Granted).then_some(licence);
                let (title, decision, outcome) = (text(name), *decision, *outcome);
                (StepId::from(*name), End { title, decision, outcome, licence, change: None })
            };
            let declared = |(name, at, may): &(&str, Level, &[Permission])| {
                let may = may.iter().copied().collect();
                let agency = name.starts_with("agency.");
                (RoleId::from(*name), Role { at: *at, title: text(name), agency, may })
            };
            let mut definition = Definition {
                id: "random".into(),
                version: 1,
                hash: "0".repeat(64),
                title: text("Random"),
                basis: None,
                opens_at: Level::County,
                initiative: Initiative::Applicant,
                about: None,
                calendar: "ir".into(),
                first: places[0].clone(),
                statutory: Statutory {
                    term: timing.term,
                    starts,
                    service_norm: None,
                    // Of the ends, the first two are decisions.
                    silence: silence(&timing, &places[drafts.len()..drafts.len() + 2]),
                    extension: timing.extension,
                    levels: timing.levels,
                    basis: None,
                },
                roles: ROLES.iter().map(declared).collect(),
                forms: IndexMap::new(),
                application: None,
                documents: IndexMap::new(),
                steps,
                ends: ENDS.iter().map(end).collect(),
            };
            if definition.statutory.silence.is_some() {
                for (draft, step) in drafts.iter().zip(definition.steps.values_mut()) {
                    if matches!(step.kind, StepKind::Automatic(_)) {
                        continue;
                    }
                    step.statutory_silence = draft.silence_refuses.then(|| "refused".into());
                }
            }
            Forms::put(&forms, &mut definition);
            let mut definition = asked::mended(definition);
            let led_to: Vec<StepId> = targets(&definition).cloned().collect();
            definition.ends.retain(|end, _| led_to.contains(end) || end.as_str() == "withdrawn");
            definition
        },
    )
}

/// Wherever something leads.
fn targets(definition: &Definition) -> impl Iterator<Item = &StepId> {
    definition
        .steps
        .values()
        .flat_map(|step| {
            let results: Vec<&StepId> = match &step.kind {
                StepKind::Parallel(parallel) => vec![&parallel.positive, &parallel.negative],
                StepKind::Automatic(exits) => exits.iter().map(|exit| &exit.to).collect(),
                _ => Vec::new(),
            };
            let actions = step.actions.values().map(|action| &action.to);
            actions
                .chain(step.silence.iter().map(|rule| &rule.to))
                .chain(&step.statutory_silence)
                .chain(results)
        })
        .chain(definition.statutory.silence.iter().map(|rule| &rule.to))
}

fn silence(timing: &Timing, places: &[StepId]) -> Option<SilenceRule> {
    timing.silence.as_ref().map(|(after, grace, to, _)| SilenceRule {
        after: *after,
        to: to.get(places).clone(),
        grace: *grace,
        basis: basis(),
    })
}

fn checked(drafts: &[Draft], number: usize, places: &[StepId]) -> Step {
    let draft = &drafts[number];
    let next = match places.len() - ENDS.len() {
        steps if number + 1 < steps => places[number + 1].clone(),
        _ => "granted".into(),
    };
    // What happens without a person leads on: else it could go round in a circle for ever.
    let onwards = &places[number + 1..];
    let action = |to: &StepId, needs_reason: bool, needs_citation: bool| Action {
        title: text("act"),
        to: to.clone(),
        needs_reason,
        needs_citation,
        not_by: NotBy::default(),
        form: None,
        documents: IndexMap::new(),
        incomplete: false,
        guard: None,
    };
    let mut actions = IndexMap::new();
    let mut own = draft.timing.clone();
    let kind = match &draft.kind {
        Kind::Work(owner) => StepKind::Work { owner: owner.clone() },
        Kind::Applicant => StepKind::Applicant,
        Kind::Parallel { branches, needed, at_once, negative } => {
            let count = branches.len();
            let branches = branches.iter().enumerate().map(|(number, (owner, timing))| {
                let silence = timing.silence.as_ref().map(|(after, grace, _, positive)| {
                    let answer = if *positive { Answer::Positive } else { Answer::Negative };
                    BranchSilence { after: *after, answer, grace: *grace, basis: basis() }
                });
                let branch = Branch {
                    title: text("branch"),
                    owner: owner.clone(),
                    term: timing.term,
                    basis: None,
                    work: None,
                    levels: timing.levels.clone(),
                    silence,
                    extension: timing.extension.clone(),
                };
                (format!("b{number}").as_str().into(), branch)
            });
            StepKind::Parallel(Parallel {
                branches: branches.collect(),
                join: match needed {
                    0 => Join::All,
                    1 => Join::Any,
                    n => Join::N((*n).min(count) as u32),
                },
                negative_at_once: *at_once,
                positive: next.clone(),
                negative: negative.get(onwards).clone(),
            })
        }
        Kind::Commission(commission) => StepKind::Commission(commission.clone()),
        Kind::Automatic(ways) => StepKind::Automatic(asked::exits(ways, onwards, &next)),
    };
    match &kind {
        StepKind::Parallel(_) | StepKind::Automatic(_) => {}
        StepKind::Commission(_) => {
            actions.insert(APPROVED.into(), action(&next, false, false));
            actions.insert(REJECTED.into(), action(&"refused".into(), false, true));
            let acts = |level: &EscalationLevel| matches!(level.effect, Effect::Act(_));
            own.levels.retain(|level| !acts(level));
        }
        StepKind::Work { .. } | StepKind::Applicant => {
            if kind == StepKind::Applicant {
                own.levels.retain(|level| !matches!(level.effect, Effect::Reassign(_)));
            }
            actions.insert("go".into(), action(&next, false, false));
            for (number, (to, reason, citation)) in draft.actions.iter().enumerate() {
                let name = format!("other{number}");
                actions.insert(name.as_str().into(), action(to.get(places), *reason, *citation));
            }
        }
    }
    let alone = matches!(kind, StepKind::Parallel(_) | StepKind::Automatic(_));
    let automatic = matches!(kind, StepKind::Automatic(_));
    // Of the applicant's own steps, somebody must be left to do them.
    let not_by = |(steps, applicant): &(Vec<Index>, bool)| NotBy {
        steps: match number {
            0 => Vec::new(),
            before => {
                let earlier = steps.iter().map(|step| step.index(before));
                let earlier =
                    earlier.filter(|step| !matches!(drafts[*step].kind, Kind::Automatic(_)));
                earlier.map(|step| places[step].clone()).collect()
            }
        },
        applicant: *applicant,
    };
    let excludes = kind != StepKind::Applicant && !automatic;
    let of_step = Some(not_by(&draft.not_by[0])).filter(|_| excludes).unwrap_or_default();
    if let Some((_, first)) = actions.first_mut().filter(|_| excludes) {
        first.not_by = not_by(&draft.not_by[1]);
    }
    let commission = matches!(kind, StepKind::Commission(_));
    for (number, action) in actions.values_mut().enumerate() {
        draft.asks[number.clamp(1, 2)].of_action(action, !commission);
    }
    let mut step = Step {
        title: text("step"),
        suspends_statutory: draft.suspends && !automatic,
        term: (!alone).then_some(own.term),
        basis: None,
        work: None,
        statutory_silence: None,
        silence: silence(&own, onwards).filter(|_| !alone),
        levels: if alone { Vec::new() } else { own.levels },
        form: None,
        documents: IndexMap::new(),
        extension: own.extension.filter(|_| !alone),
        kind,
        actions,
        not_by: of_step,
    };
    if !alone {
        draft.asks[0].of_step(&mut step);
    }
    // What a level takes asks for nothing, since nobody is there to give it.
    if step.levels.iter().any(|level| matches!(level.effect, Effect::Act(_))) {
        let go = &mut step.actions["go"];
        (go.form, go.guard, go.incomplete) = (None, None, true);
        go.documents.clear();
    }
    step
}

/// Hours, holidays and closures of the nation and of the case's own province and county, in 2025.
pub(crate) fn calendar() -> impl Strategy<Value = CalendarSource> {
    let day = || (0..360_u64).prop_map(|days| date("2025-01-01") + Days::new(days));
    let scope = || {
        prop_oneof![
            Just(Scope::Nation),
            Just(Scope::Unit(UnitId::from("23"))),
            Just(Scope::Unit(UnitId::from("2301"))),
        ]
    };
    let worked = vec(any::<bool>(), 7);
    let shifts = prop_oneof![Just("07:30-14:30"), Just("08:00-12:00, 13:00-17:00")];
    let holidays = vec((scope(), day()), 0..12);
    let closures = vec((scope(), day(), 0..9_u64), 0..3);
    (worked, shifts, holidays, closures, any::<bool>()).prop_map(
        |(worked, shifts, holidays, closures, midnight)| {
            let ends = if midnight { DayEnds::Midnight } else { DayEnds::CloseOfBusiness };
            let mut source = CalendarSource::new("ir".into(), chrono_tz::Asia::Tehran, ends);
            let mut days = vec![Weekday::Sat];
            let weekdays = [Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu];
            days.extend(weekdays.iter().zip(worked).filter(|(_, on)| *on).map(|(day, _)| *day));
            let notice = notice("hours", Scope::Nation);
            source.add_weekly_hours(WeeklyHours::on(notice, &days, &hours(shifts)));
            for (scope, on) in holidays {
                source.add_holiday(holiday(scope, on));
            }
            for (scope, from, days) in closures {
                let until: NaiveDate = from + Days::new(days);
                source.add_closure(closure(scope, from, until));
            }
            source
        },
    )
}

/// One thing that somebody tries, some time after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// How long after the attempt before.
    pub(crate) wait: Wait,
    /// Who tries.
    pub(crate) who: Who,
    /// What.
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    Minutes(u32),
    /// Until just before something happens by itself: at the very deadline, mostly.
    BeforeDue,
    /// Until something happens by itself.
    Due,
    /// Until the sitting on whose agenda the case is begins, or until it has minutes.
    Sitting,
}

#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// An owner of one of the open tasks.
    Owner(Index),
    /// Somebody whom the engine will allow it, if there is anybody.
    Able(Index),
    /// Somebody behind whom is a person who has done something in the case already.
    Again(Index),
    /// Anybody at all.
    Anybody(Index),
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// One of the things that the person can do now, beside commenting, informing and withdrawing.
    Possible(Index),
    /// What the step waits for: an action, an answer or a vote.
    Move(Index, bool),
    Act(Index, bool),
    Claim(Index),
    Release(Index),
    Assign(Index, Index),
    Inform(Index),
    Comment,
    Answer(Index, bool),
    Vote(u8),
    Suspend,
    Resume,
    Extend(Index, u32, bool),
    Withdraw,
    ReleaseSilence(Index, bool),
    Tick,
}

pub(crate) fn attempts(most: usize) -> impl Strategy<Value = Vec<Attempt>> {
    let wait = prop_oneof![
        2 => Just(Wait::Minutes(0)),
        6 => (0..600_u32).prop_map(Wait::Minutes),
        6 => (0..6_000_u32).prop_map(Wait::Minutes),
        2 => (0..80_000_u32).prop_map(Wait::Minutes),
        3 => Just(Wait::BeforeDue),
        3 => Just(Wait::Due),
        12 => Just(Wait::Sitting),
    ];
    let who = prop_oneof![
        2 => any::<Index>().prop_map(Who::Owner),
        3 => any::<Index>().prop_map(Who::Able),
        2 => any::<Index>().prop_map(Who::Again),
        1 => any::<Index>().prop_map(Who::Anybody),
    ];
    let index = any::<Index>;
    let what = prop_oneof![
        8 => index().prop_map(What::Possible),
        14 => (index(), prop::bool::weighted(0.8)).prop_map(|(a, b)| What::Move(a, b)),
        2 => (index(), prop::bool::weighted(0.7)).prop_map(|(a, b)| What::Act(a, b)),
        1 => index().prop_map(What::Claim),
        1 => index().prop_map(What::Release),
        2 => (index(), index()).prop_map(|(a, b)| What::Assign(a, b)),
        1 => index().prop_map(What::Inform),
        2 => Just(What::Comment),
        1 => (index(), any::<bool>()).prop_map(|(a, b)| What::Answer(a, b)),
        1 => (0..3_u8).prop_map(What::Vote),
        1 => Just(What::Suspend),
        2 => Just(What::Resume),
        3 => (index(), 0..6_u32, prop::bool::weighted(0.1))
            .prop_map(|(a, b, c)| What::Extend(a, b, c)),
        1 => Just(What::Withdraw),
        2 => (index(), any::<bool>()).prop_map(|(a, b)| What::ReleaseSilence(a, b)),
        3 => Just(What::Tick),
    ];
    vec((wait, who, what).prop_map(|(wait, who, what)| Attempt { wait, who, what }), 0..most)
}
