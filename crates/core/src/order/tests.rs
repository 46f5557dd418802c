//! Stories of worklists. It is Saturday, 4 January 2025, 08:00; the office is open for eight hours
//! a day from Saturday to Wednesday. Everything is told in hours of working time from now.

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::{CalendarSource, Calendars, Definition};

const OFFICE: &str = "\
calendar: office
title: { fa: اداره, en: Office }
zone: UTC
day_ends: close_of_business
hours:
  - { name: { fa: ساعت, en: Hours }, week: { sat-wed: 08:00-16:00 }, certainty: assumption }
";

fn office() -> Calendars {
    Calendars::compile(CalendarSource::parse("office.yaml", OFFICE).expect("sound"))
}

fn instant(text: &str) -> Instant {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

fn now() -> Instant {
    instant("2025-01-04T08:00:00Z")
}

/// The instant that lies so much working time from now.
fn hour(calendar: &Calendar, hours: i64) -> Instant {
    let end = calendar.worked_between(DateTime::UNIX_EPOCH, now()) + TimeDelta::hours(hours);
    let from = instant("2025-01-04T08:00:00Z") + TimeDelta::days(3_650);
    let until_end = calendar.worked_between(DateTime::UNIX_EPOCH, from) - end;
    calendar.worked_before(from, until_end).expect("within the calendar")
}

/// A task in hours: the deadline of its case, its own, the work on it, what remains after it.
#[derive(Clone, Copy, Debug)]
struct Told {
    key: &'static str,
    case: Option<i64>,
    own: Option<i64>,
    work: i64,
    remaining: i64,
}

impl Told {
    fn candidate<'c>(&self, calendar: &'c Calendar) -> Candidate<'c, &'static str> {
        Candidate {
            key: self.key,
            opened_at: now() - TimeDelta::days(3),
            due_at: self.own.map(|own| hour(calendar, own)),
            case_due_at: self.case.map(|case| hour(calendar, case)),
            work: TimeDelta::hours(self.work),
            remaining: TimeDelta::hours(self.remaining),
            state: CandidateState::Open,
            calendar,
        }
    }
}

fn task(key: &'static str, case: i64, work: i64) -> Told {
    Told { key, case: Some(case), own: None, work, remaining: 0 }
}

fn told(places: &[Place<&'static str>]) -> String {
    let tell = |place: &Place<&'static str>| {
        let why = match place.reason {
            Reason::Arrived { .. } => "arrived".to_owned(),
            Reason::Due { .. } => "due".to_owned(),
            Reason::Saved { start_by: Some(at) } => at.format("by %d %H:%M").to_string(),
            Reason::Saved { start_by: None } => "no haste".to_owned(),
            Reason::SetBehind { saved, .. } => format!("behind {saved}"),
            Reason::LateBehind { saved, .. } => format!("late behind {saved}"),
            Reason::Turn { .. } => "turn".to_owned(),
            Reason::InOtherHands => "in other hands".to_owned(),
            Reason::Suspended => "suspended".to_owned(),
        };
        format!("{} ({why})", place.key)
    };
    places.iter().map(tell).collect::<Vec<_>>().join(", ")
}

fn ordered(tasks: &[Told], rule: &Rule) -> String {
    let calendars = office();
    let calendar = calendars.national();
    told(&order(tasks.iter().map(|task| task.candidate(calendar)), rule, now()))
}

fn without_floor() -> Rule {
    Rule { floor: None, ..Rule::new(Policy::LateMinimising) }
}

#[test]
fn stories() {
    let table: &[(&str, &[Told], &str)] = &[
        (
            "all can be on time: what must be begun first comes first",
            &[task("a", 30, 2), task("b", 10, 4), task("c", 20, 2)],
            "b (by 04 14:00), c (by 06 10:00), a (by 07 12:00)",
        ),
        (
            "a long task that would make two others late is set behind them",
            &[task("long", 9, 8), task("x", 10, 3), task("y", 11, 3)],
            "x (by 04 15:00), y (by 05 08:00), long (behind 2)",
        ),
        (
            "what needs much afterwards comes before what is due earlier and needs nothing",
            &[
                Told { remaining: 24, ..task("far", 40, 2) },
                Told { remaining: 0, ..task("near", 20, 2) },
            ],
            "far (by 05 14:00), near (by 06 10:00)",
        ),
        (
            "what is late already comes last, and what is nearly saved before it",
            &[task("late", -5, 1), task("tight", 1, 2), task("fine", 8, 1)],
            "fine (by 04 15:00), tight (behind 1), late (late behind 1)",
        ),
        (
            "where no statutory clock runs, the task's own deadline counts",
            &[
                Told { case: None, own: Some(6), remaining: 30, ..task("own", 0, 1) },
                task("case", 7, 1),
            ],
            "own (by 04 13:00), case (by 04 14:00)",
        ),
        (
            "of two cases that are equal, the task with the nearer deadline comes first",
            &[
                Told { own: Some(12), ..task("a", 16, 1) },
                Told { own: Some(9), ..task("b", 16, 1) },
            ],
            "b (by 05 15:00), a (by 05 15:00)",
        ),
        (
            "what has no deadline at all comes behind what has one and before what is late",
            &[Told { case: None, ..task("none", 0, 1) }, task("late", -1, 1), task("soon", 9, 1)],
            "soon (by 05 08:00), none (no haste), late (late behind 2)",
        ),
        ("nothing waits", &[], ""),
    ];
    for (story, tasks, expected) in table {
        assert_eq!(ordered(tasks, &without_floor()), *expected, "{story}");
    }
}

#[test]
fn a_deadline_that_passed_in_the_night_has_passed() {
    let calendars = office();
    let calendar = calendars.national();
    let closed = instant("2025-01-04T16:00:00Z");
    let night = instant("2025-01-04T23:00:00Z");
    let one = Candidate {
        case_due_at: Some(closed),
        work: TimeDelta::zero(),
        ..task("missed", 0, 0).candidate(calendar)
    };
    let other = Candidate { key: "not yet", case_due_at: Some(night + TimeDelta::hours(1)), ..one };
    let places = order([one, other], &without_floor(), night);
    assert_eq!(told(&places[1..]), "missed (late behind 1)");
    assert_eq!(order([one], &without_floor(), closed)[0].key, "missed");
    assert!(matches!(order([one], &without_floor(), closed)[0].reason, Reason::Saved { .. }));
}

#[test]
fn what_cannot_be_worked_on_takes_no_time_from_the_others() {
    let calendars = office();
    let calendar = calendars.national();
    let state = |key, case, state| Candidate { state, ..task(key, case, 4).candidate(calendar) };
    let tasks = [
        state("suspended", 4, CandidateState::Suspended),
        state("taken", 4, CandidateState::InOtherHands),
        state("mine", 4, CandidateState::Open),
    ];
    let places = order(tasks, &without_floor(), now());
    assert_eq!(told(&places), "mine (by 04 08:00), taken (in other hands), suspended (suspended)");
}

#[test]
fn the_floor_gives_every_nth_place_to_what_is_late_longest() {
    let tasks = [
        task("l1", -9, 1),
        task("l2", -5, 1),
        task("l3", -1, 1),
        task("a", 40, 1),
        task("b", 41, 1),
        task("c", 42, 1),
    ];
    let rule =
        |taken| Rule { floor: NonZeroU32::new(3), taken, ..Rule::new(Policy::LateMinimising) };
    let keys = |taken| {
        let text = ordered(&tasks, &rule(taken));
        text.split(", ")
            .filter_map(|one| one.split(' ').next())
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(keys(0), "a b l1 c l3 l2");
    assert_eq!(keys(1), "a l1 b c l2 l3");
    assert_eq!(keys(2), "l1 a b l2 c l3");
    assert!(ordered(&tasks, &rule(2)).starts_with("l1 (turn), a ("));
}

#[test]
fn by_deadline_and_by_arrival() {
    let calendars = office();
    let calendar = calendars.national();
    let mut tasks =
        [task("a", 9, 1), task("b", 8, 1), task("c", 7, 1)].map(|t| t.candidate(calendar));
    for (task, (own, age)) in tasks.iter_mut().zip([(Some(3), 1), (None, 9), (Some(2), 5)]) {
        task.due_at = own.map(|own| hour(calendar, own));
        task.opened_at = now() - TimeDelta::days(age);
    }
    assert_eq!(
        told(&order(tasks, &Rule::new(Policy::Deadline), now())),
        "c (due), a (due), b (due)"
    );
    let arrived = told(&order(tasks, &Rule::new(Policy::Arrival), now()));
    assert_eq!(arrived, "b (arrived), c (arrived), a (arrived)");
}

#[test]
fn policies_have_names() {
    for policy in Policy::ALL {
        assert_eq!(policy.as_str().parse(), Ok(policy));
        let json = serde_json::to_string(&policy).expect("a policy is a text");
        assert_eq!(json, format!("\"{policy}\""));
    }
    assert!("fifo".parse::<Policy>().expect_err("unknown").contains("late-minimising"));
}

prop_compose! {
    fn anything(key: usize)(
        case in prop::option::of(-40_i64..80), own in prop::option::of(-40_i64..80),
        work in 0_i64..9, remaining in 0_i64..30, state in 0..8, age in 0_i64..4,
    ) -> (usize, Option<i64>, Option<i64>, i64, i64, i32, i64) {
        (key, case, own, work, remaining, state, age)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_has_one_place_whatever_the_order_it_came_in(
        tasks in (0_usize..24).prop_flat_map(|n| (0..n).map(anything).collect::<Vec<_>>()),
        turn in 0_usize..24, floor in 0_u32..6, taken in 0_u64..7,
    ) {
        let calendars = office();
        let calendar = calendars.national();
        let mut candidates: Vec<_> = tasks.iter().map(|(key, case, own, work, remaining, state, age)| Candidate {
            key: *key,
            opened_at: now() - TimeDelta::days(*age),
            due_at: own.map(|own| hour(calendar, own)),
            case_due_at: case.map(|case| hour(calendar, case)),
            work: TimeDelta::hours(*work),
            remaining: TimeDelta::hours(*remaining),
            state: match state {
                0 => CandidateState::Suspended,
                1 => CandidateState::InOtherHands,
                _ => CandidateState::Open,
            },
            calendar,
        }).collect();
        for policy in Policy::ALL {
            let rule = Rule { floor: NonZeroU32::new(floor), taken, policy };
            let places = order(candidates.clone(), &rule, now());
            let turn = turn.min(candidates.len());
            candidates.rotate_left(turn);
            candidates.reverse();
            prop_assert_eq!(&places, &order(candidates.clone(), &rule, now()));
            let mut keys: Vec<usize> = places.iter().map(|place| place.key).collect();
            keys.sort_unstable();
            prop_assert_eq!(keys, (0..tasks.len()).collect::<Vec<_>>());
        }
    }

    /// However many new tasks come that can be saved, what is late gets its turn: the one that is
    /// late for the r-th longest time within r times n tasks that are taken.
    #[test]
    fn nothing_that_is_late_starves(late in 1_usize..8, floor in 1_u32..6, taken in 0_u64..9) {
        let calendars = office();
        let calendar = calendars.national();
        let candidate = |key: usize, case: i64| Candidate {
            key,
            ..Told { key: "", case: Some(case), own: None, work: 1, remaining: 0 }.candidate(calendar).renamed(key)
        };
        // The larger the key, the shorter it is late.
        let mut waiting: Vec<_> = (0..late).map(|key| candidate(key, key as i64 - 20)).collect();
        let mut gone = Vec::new();
        for turn in 0..late * floor as usize {
            while waiting.len() < late + 4 {
                waiting.push(candidate(100 + turn * 10 + waiting.len(), 50));
            }
            let rule = Rule {
                floor: NonZeroU32::new(floor),
                taken: taken + turn as u64,
                policy: Policy::LateMinimising,
            };
            let first = order(waiting.clone(), &rule, now())[0].key;
            waiting.retain(|one| one.key != first);
            if first < late {
                prop_assert!(turn < (first + 1) * floor as usize, "{first} only in turn {turn}");
                gone.push(first);
            }
        }
        prop_assert_eq!(gone, (0..late).collect::<Vec<_>>());
    }
}

impl<'c> Candidate<'c, &'static str> {
    fn renamed<K>(self, key: K) -> Candidate<'c, K> {
        let Self { opened_at, due_at, case_due_at, work, remaining, state, calendar, .. } = self;
        Candidate { key, opened_at, due_at, case_due_at, work, remaining, state, calendar }
    }
}

const DEFINITION: &str = "\
workflow: small
version: 1
title: { fa: کوچک, en: Small }
opens_at: county
calendar: office
statutory: { term: 80 wh, starts: opened, basis: assumption }
roles:
  officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open, record_answer] }
agencies:
  police: { at: county, title: { fa: پلیس, en: Police } }
  court: { at: county, title: { fa: دادگاه, en: Court } }
steps:
  reception:
    title: { fa: پذیرش, en: Reception }
    owner: officer
    term: 20 wh
    work: 2 wh
    basis: assumption
    actions:
      accept: { title: { fa: تأیید, en: Accept }, to: asked }
      return: { title: { fa: نقص, en: Return }, to: correction }
      refuse: { title: { fa: رد, en: Refuse }, to: refused, needs: [citation] }
  correction:
    title: { fa: رفع نقص, en: Correction }
    owner: applicant
    statutory_clock: suspended
    term: 90 wh
    basis: assumption
    silence: { to: lapsed, basis: assumption }
    actions:
      resubmit: { title: { fa: ارسال, en: Resubmit }, to: reception }
  asked:
    title: { fa: استعلام, en: Asked }
    parallel:
      join: all
      branches:
        police: { owner: agency.police, term: 100 wh, basis: assumption, work: 5 wh }
        court: { owner: agency.court, term: 40 wh, basis: assumption }
      when: { positive: decision, negative: { to: decision, at: once } }
  decision:
    title: { fa: تصمیم, en: Decision }
    owner: officer
    term: 40 wh
    basis: assumption
    actions:
      grant: { title: { fa: صدور, en: Grant }, to: granted }
      refuse: { title: { fa: رد, en: Refuse }, to: refused, needs: [citation] }
ends:
  granted: { title: { fa: صدور, en: Granted }, decision: yes, outcome: granted }
  refused: { title: { fa: رد, en: Refused }, decision: yes, outcome: refused }
  lapsed: { title: { fa: مختومه, en: Lapsed }, decision: no, outcome: lapsed }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

#[test]
fn what_is_expected_is_measured_or_estimated_or_a_share_of_the_statutory_term() {
    let definition = Definition::parse("small/v1.yaml", DEFINITION).expect("sound");
    let calendars = office();
    let calendar = calendars.national();
    let hours = |outlook: &Outlook, step: &str, branch: Option<&str>| {
        let branch = branch.map(crate::BranchId::from);
        let Expected { work, remaining } = outlook.of(&step.into(), branch.as_ref());
        (work.num_hours(), remaining.num_hours())
    };
    // The terms of the quickest way to a grant are 20, 100 and 40, twice the statutory 80: each step
    // has half of its term.
    let outlook = Outlook::new(&definition, &History::default(), calendar, now());
    assert_eq!(hours(&outlook, "reception", None), (2, 50 + 20));
    assert_eq!(hours(&outlook, "correction", None), (1, 10 + 50 + 20));
    assert_eq!(hours(&outlook, "asked", Some("police")), (5, 20));
    assert_eq!(hours(&outlook, "asked", Some("court")), (1, 20));
    assert_eq!(hours(&outlook, "decision", None), (1, 0));

    // Three receptions took 1, 3 and 9 hours after 2 of waiting; three inquiries were over when the
    // slower body had answered, after 8, 10 and 12 hours.
    let visit =
        |case: u128, step: &str, branch: Option<&str>, claimed: Option<i64>, closed| Visit {
            case: crate::CaseId(uuid::Uuid::from_u128(case)),
            step: step.into(),
            branch: branch.map(crate::BranchId::from),
            opened_at: now(),
            claimed_at: claimed.map(|at| hour(calendar, at)),
            closed_at: hour(calendar, closed),
            calendar,
        };
    let history = History::from_iter([
        visit(1, "reception", None, Some(2), 3),
        visit(2, "reception", None, Some(2), 5),
        visit(3, "reception", None, Some(2), 11),
        visit(1, "asked", Some("police"), None, 8),
        visit(1, "asked", Some("court"), None, 1),
        visit(2, "asked", Some("police"), None, 2),
        visit(2, "asked", Some("court"), None, 10),
        visit(3, "asked", Some("court"), None, 12),
    ]);
    let outlook = Outlook::new(&definition, &history, calendar, now());
    assert_eq!(hours(&outlook, "reception", None), (3, 10 + 20));
    assert_eq!(hours(&outlook, "asked", Some("police")), (5, 20));
    assert_eq!(hours(&outlook, "correction", None), (1, 5 + 10 + 20));
}

/// A case passes through an automatic step by itself: what lies behind it lies ahead of the case.
#[test]
fn what_is_expected_goes_on_behind_automatic_steps() {
    let sorting = "  sorting:
    title: { fa: دسته, en: Sorting }
    choose: [{ if: 'case.returns > 1', to: correction }, { else: settling }]
  settling: { title: { fa: پایان, en: Settling }, choose: [{ else: decision }] }
  decision:
";
    let source = DEFINITION
        .replace(
            "positive: decision, negative: { to: decision, at: once }",
            "positive: sorting, negative: sorting",
        )
        .replace("  decision:\n", sorting);
    let definition = Definition::parse("small/v1.yaml", &source).expect("sound");
    let calendars = office();
    let calendar = calendars.national();
    let outlook = Outlook::new(&definition, &History::default(), calendar, now());
    let hours = |step: &str| outlook.of(&step.into(), None).remaining.num_hours();
    // As without them: they take no time.
    assert_eq!((hours("reception"), hours("asked"), hours("decision")), (50 + 20, 20, 0));
}
