//! What a decision costs: `cargo bench -p parvaneh-core --bench decide`. One definition by kinds of
//! command; then a table of every decision in every scenario of every shipped definition, which
//! `-- shipped` prints alone.
#![allow(clippy::unwrap_used)]

#[path = "decide/shipped.rs"]
mod shipped;

use std::hint::black_box;

use chrono::{TimeDelta, TimeZone};
use criterion::{Criterion, criterion_group, criterion_main};
use parvaneh_core::{
    Actor, CalendarSource, Calendars, Caller, Case, CaseId, Command, Context, Decided, Definition,
    Given, Grant, Instant, Open, Organisation, PersonId, Unit, UnitId, decide,
    decide::{next_due, possible},
    definition::{Answer, Level, Text},
    open, timeline,
};
use uuid::Uuid;

const ORGANISATION: &str = include_str!("../../../workflows/organisation/ir.csv");
const CALENDAR: &str = include_str!("../../../workflows/calendars/ir.yaml");
const DEFINITION: &str = include_str!("../../../workflows/ngo-establishment/v1.yaml");

struct Setting {
    definition: Definition,
    calendars: Calendars,
    organisation: Organisation,
}

impl Setting {
    fn new() -> Self {
        let units = ORGANISATION.lines().skip(1).map(|line| {
            let [id, parent, level, fa, en, _] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let level = match level {
                "national" => Level::National,
                "province" => Level::Province,
                _ => Level::County,
            };
            let parent = (!parent.is_empty()).then(|| UnitId::from(parent));
            let title = Text { fa: fa.to_owned(), en: en.to_owned() };
            Unit { id: id.into(), parent, level, title }
        });
        Self {
            definition: Definition::parse("v1.yaml", DEFINITION).unwrap(),
            calendars: Calendars::compile(CalendarSource::parse("ir.yaml", CALENDAR).unwrap()),
            organisation: Organisation::new(units).unwrap(),
        }
    }

    fn context<'a>(&'a self, caller: &'a Caller, now: Instant) -> Context<'a> {
        let Self { definition, calendars, organisation } = self;
        let sittings = Some(&[][..]);
        Context {
            personal: None,
            definition,
            calendars,
            organisation,
            caller,
            assignee: None,
            sittings,
            found: None,
            now,
        }
    }

    fn decided(&self, caller: &Caller, case: &Case, command: &Command, now: Instant) -> Decided {
        decide(&self.context(caller, now), case, command).unwrap()
    }
}

fn person(number: u128, grants: &[(&str, &str)]) -> Caller {
    let grant = |(role, unit): &(&str, &str)| Grant { role: (*role).into(), unit: (*unit).into() };
    let person = PersonId(Uuid::from_u128(number));
    Caller::Person(Actor::new(person, grants.iter().map(grant).collect()))
}

fn decisions(c: &mut Criterion) {
    let setting = Setting::new();
    let applicant = person(1, &[]);
    let officer = person(2, &[("county_officer", "2301")]);
    let police = person(3, &[("agency.police", "2301")]);
    let director = person(4, &[("provincial_director", "23")]);
    let start = chrono::Utc.with_ymd_and_hms(2024, 4, 20, 5, 30, 0).unwrap();
    let later = |hours| start + TimeDelta::hours(hours);
    let application = Open {
        case: CaseId(Uuid::from_u128(9)),
        unit: "2301".into(),
        applicant: PersonId(Uuid::from_u128(1)),
        subject: "a charity".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: Given::default(),
    };
    let opened = open(&setting.context(&applicant, start), &application).unwrap();
    let accept = Command::Act {
        action: "accept".into(),
        reason: None,
        citation: None,
        given: Given::default(),
    };
    let asked = setting.decided(&officer, &opened.case, &accept, later(1)).case;

    c.bench_function("decide/open", |b| {
        b.iter(|| open(&setting.context(&applicant, start), black_box(&application)))
    });
    let mut bench = |name: &str, caller: &Caller, case: &Case, command: Command, now: Instant| {
        let events = setting.decided(caller, case, &command, now).events.len();
        c.bench_function(&format!("decide/{name} ({events} events)"), |b| {
            let ctx = setting.context(caller, now);
            b.iter(|| decide(&ctx, black_box(case), black_box(&command)))
        });
    };
    bench("claim", &officer, &opened.case, Command::Claim { task: 1 }, later(1));
    bench("act", &officer, &opened.case, accept, later(1));
    let answer = Command::Answer {
        branch: "police".into(),
        answer: Answer::Positive,
        reason: None,
        reference: None,
    };
    bench("answer", &police, &asked, answer, later(2));
    let extend =
        Command::Extend { clock: 0, by: "20 d".parse().unwrap(), reason: "many files".to_owned() };
    bench("extend", &director, &asked, extend, later(2));
    bench("tick, nothing due", &Caller::System, &asked, Command::Tick, later(2));
    bench("tick, one warning", &Caller::System, &opened.case, Command::Tick, later(54));
    bench("tick, four warnings", &Caller::System, &asked, Command::Tick, later(24 * 22));
    bench("tick, everything", &Caller::System, &asked, Command::Tick, later(24 * 90));

    c.bench_function("decide/refusal with what is possible", |b| {
        let ctx = setting.context(&officer, later(1));
        let fly = Command::Act {
            action: "fly".into(),
            reason: None,
            citation: None,
            given: Given::default(),
        };
        b.iter(|| decide(&ctx, black_box(&opened.case), &fly))
    });
    c.bench_function("possible", |b| {
        let ctx = setting.context(&officer, later(1));
        b.iter(|| possible(&ctx, black_box(&opened.case)))
    });
    c.bench_function("next_due", |b| {
        let ctx = setting.context(&officer, later(1));
        b.iter(|| next_due(&ctx, black_box(&asked)))
    });
    c.bench_function("clone of a case", |b| b.iter(|| black_box(&asked).clone()));
    let event = &opened.events[0];
    c.bench_function("timeline/canonical and chained", |b| {
        b.iter(|| timeline::chain(&timeline::GENESIS, timeline::canonical(event).as_bytes()))
    });
}

/// Criterion has no tables: it only says when to print it.
fn every_shipped_definition(_: &mut Criterion) {
    if std::env::args().any(|argument| argument == "--bench") {
        shipped::table(&Setting::new());
    }
}

criterion_group!(benches, decisions, every_shipped_definition);
criterion_main!(benches);
