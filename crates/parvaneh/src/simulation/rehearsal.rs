//! The year over the pure core, without a database: quick enough to check the simulation itself.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
};

use chrono::NaiveDate;
use parvaneh_core::{
    Actor, CalendarSource, Calendars, Caller, Case, CaseId, Command, Context, Definition, Event,
    Fact, Grant, Instant, Organisation, PersonId, Place, Unit,
    decide::{decide, next_due, open},
    definition::{Level, Text},
    measure::{Judged, Tally},
    order::Policy,
};

use super::{
    Country, Settings, Summary, Year,
    country::Person,
    year::{Asks, Changed, Engine, Request},
};

struct Rehearsal<'a> {
    definition: &'a Definition,
    calendars: &'a Calendars,
    organisation: &'a Organisation,
    grants: HashMap<PersonId, Vec<Grant>>,
    now: Cell<Instant>,
    cases: RefCell<BTreeMap<CaseId, (Case, Vec<Event>)>>,
    due: RefCell<std::collections::BTreeSet<(Instant, CaseId)>>,
    /// How often what was asked for was refused, by code.
    refused: RefCell<BTreeMap<&'static str, u32>>,
}

impl Rehearsal<'_> {
    fn context<'c>(&'c self, caller: &'c Caller) -> Context<'c> {
        Context {
            definition: self.definition,
            calendars: self.calendars,
            organisation: self.organisation,
            caller,
            assignee: None,
            sittings: Some(&[]),
            found: None,
            personal: None,
            now: self.now.get(),
        }
    }

    fn keep(&self, before: Option<&Case>, decided: parvaneh_core::Decided) -> Changed {
        let system = Caller::System;
        let mut due = self.due.borrow_mut();
        if let Some(at) = before.and_then(|case| next_due(&self.context(&system), case)) {
            due.remove(&(at, decided.case.id));
        }
        if let Some(at) = decided.next_due {
            due.insert((at, decided.case.id));
        }
        let mut cases = self.cases.borrow_mut();
        let entry =
            cases.entry(decided.case.id).or_insert_with(|| (decided.case.clone(), Vec::new()));
        entry.0 = decided.case.clone();
        entry.1.extend(decided.events);
        Changed { case: decided.case, next_due: decided.next_due }
    }
}

impl Engine for Rehearsal<'_> {
    type Error = std::convert::Infallible;

    async fn set_clock(&self, at: Instant) -> Result<(), Self::Error> {
        self.now.set(at);
        Ok(())
    }

    async fn work(&self) -> Result<Vec<Changed>, Self::Error> {
        let mut changed = Vec::new();
        loop {
            let first = self.due.borrow().first().copied();
            let Some((_, id)) = first.filter(|(at, _)| *at <= self.now.get()) else {
                return Ok(changed);
            };
            let case = self.cases.borrow()[&id].0.clone();
            let decided = decide(&self.context(&Caller::System), &case, &Command::Tick)
                .expect("a tick is decided");
            changed.push(self.keep(Some(&case), decided));
        }
    }

    async fn execute(&self, requests: Vec<Request>) -> Result<Vec<Option<Changed>>, Self::Error> {
        let answer = |request: Request| {
            let grants = self.grants.get(&request.by).cloned().unwrap_or_default();
            let caller = Caller::Person(Actor::new(request.by, grants));
            let ctx = self.context(&caller);
            let before = self.cases.borrow().get(&request.case).map(|(case, _)| case.clone());
            let decided = match (&request.asks, &before) {
                (Asks::Open(application), _) => open(&ctx, application),
                (Asks::Do(command), Some(case)) => decide(&ctx, case, command),
                (Asks::Do(_), None) => return None,
            };
            match decided {
                Ok(decided) => Some(self.keep(before.as_ref(), decided)),
                Err(refusal) => {
                    *self.refused.borrow_mut().entry(refusal.code.as_str()).or_default() += 1;
                    None
                }
            }
        };
        Ok(requests.into_iter().map(answer).collect())
    }

    async fn register(&self, _: &[Person]) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn organisation() -> (Organisation, BTreeMap<parvaneh_core::UnitId, u64>) {
    let mut reader = csv::Reader::from_reader(
        include_str!("../../../../workflows/organisation/ir.csv").as_bytes(),
    );
    let mut population = BTreeMap::new();
    let units = reader.records().map(|row| {
        let row = row.expect("a row");
        let level = match &row[2] {
            "national" => Level::National,
            "province" => Level::Province,
            _ => Level::County,
        };
        if let Ok(people) = row[5].parse() {
            population.insert(row[0].into(), people);
        }
        let parent = (!row[1].is_empty()).then(|| row[1].into());
        Unit {
            id: row[0].into(),
            parent,
            level,
            title: Text { fa: row[3].into(), en: row[4].into() },
        }
    });
    let organisation = Organisation::new(units.collect::<Vec<_>>()).expect("a tree");
    (organisation, population)
}

fn rehearse(
    cases: usize,
    seed: u64,
    policy: Policy,
    staffing: f64,
) -> (Summary, Vec<(Case, Vec<Event>)>) {
    let (summary, cases, _) = rehearse_by(DEFINITION, cases, seed, policy, staffing);
    (summary, cases)
}

const DEFINITION: &str = include_str!("../../../../workflows/ngo-establishment/v1.yaml");

/// What became of the cases, and what was refused.
type Lived = (Summary, Vec<(Case, Vec<Event>)>, BTreeMap<&'static str, u32>);

fn rehearse_by(source: &str, cases: usize, seed: u64, policy: Policy, staffing: f64) -> Lived {
    let definition = Definition::parse("ngo-establishment/v1.yaml", source).expect("sound");
    let calendars = calendar();
    let (organisation, population) = organisation();
    let country = Country::new(&definition, &organisation, &population, seed);
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a date");
    let settings = Settings {
        cases,
        seed,
        first_day: day(2024, 3, 20),
        last_day: day(2025, 3, 21),
        policy,
        staffing,
    };
    let grants = country.people.iter().map(|person| (person.id, person.grants.clone())).collect();
    let engine = Rehearsal {
        definition: &definition,
        calendars: &calendars,
        organisation: &organisation,
        grants,
        now: Cell::new(calendars.national().start_of(settings.first_day)),
        cases: RefCell::default(),
        due: RefCell::default(),
        refused: RefCell::default(),
    };
    let year = Year::new(settings, &definition, &calendars, &organisation, &country);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let summary = runtime.block_on(year.live(&engine, |_| {})).expect("infallible");
    (summary, engine.cases.into_inner().into_values().collect(), engine.refused.into_inner())
}

fn rate(cases: &[(Case, Vec<Event>)]) -> Tally {
    let mut tally = Tally::default();
    let now = cases.iter().map(|(case, _)| case.recorded_at).max().expect("cases");
    let period = NaiveDate::from_ymd_opt(2024, 3, 20)
        .expect("a date")
        .and_hms_opt(0, 0, 0)
        .expect("a time")
        .and_utc()..now;
    for (case, _) in cases {
        let Some(clock) = &case.statutory else { continue };
        let (decision, by_silence) = match &case.place {
            Place::End { decision, by_silence, .. } => (*decision, *by_silence),
            Place::Step { .. } => (false, false),
        };
        let (stopped_at, deadline) = (clock.ledger.stopped_at, clock.deadline);
        let judged = Judged {
            stopped_at,
            deadline,
            raw_deadline: clock.ledger.started_at,
            decision,
            by_silence,
        };
        if let Some(counts) = judged.counts(&period, now) {
            tally.add(counts);
        }
    }
    tally
}

#[test]
fn the_same_seed_gives_the_same_year_and_another_seed_another() {
    let (summary, cases) = rehearse(150, 7, Policy::Deadline, 1.0);
    let (again, same) = rehearse(150, 7, Policy::Deadline, 1.0);
    assert_eq!(
        (summary.opened, summary.commands, summary.refused),
        (again.opened, again.commands, again.refused)
    );
    assert_eq!(cases, same);
    assert_ne!(cases, rehearse(150, 8, Policy::Deadline, 1.0).1);
    assert_eq!(summary.opened, 150);
    assert!(rate(&cases).on_time > 50, "{:?}", rate(&cases));
}

/// Nobody tries what a guard or a form bars; he does something else that he can.
#[test]
fn nobody_tries_what_the_engine_would_refuse() {
    let returns = |cases: &[(Case, Vec<Event>)]| {
        let elsewhere = cases.iter().filter(|(case, _)| !case.unit.as_str().starts_with("23"));
        let is_return = |event: &Event| match &event.fact {
            Fact::Acted { action, entry, .. } => {
                action.as_str() == "return" && entry.step.as_str() == "correction"
            }
            _ => false,
        };
        elsewhere.flat_map(|(_, events)| events).filter(|event| is_return(event)).count()
    };
    let (_, usual, _) = rehearse_by(DEFINITION, 300, 7, Policy::Deadline, 1.0);
    assert!(returns(&usual) > 20, "{}", returns(&usual));
    // Only in the province of Tehran a case can be returned.
    let to = "to: correction, needs: [reason] }";
    let guarded = format!("{}, if: \"case.unit.startsWith('23')\" }}", to.trim_end_matches(" }"));
    let (summary, cases, refused) =
        rehearse_by(&DEFINITION.replace(to, &guarded), 300, 7, Policy::Deadline, 1.0);
    assert_eq!(refused.get("guard_not_met"), None, "{refused:?}");
    assert_eq!((summary.opened, returns(&cases)), (300, 0));
}

fn calendar() -> Calendars {
    let source = include_str!("../../../../workflows/calendars/ir.yaml");
    Calendars::compile(CalendarSource::parse("ir.yaml", source).expect("sound"))
}

/// Officers who are too few, and the same for each policy: only the order differs.
#[test]
fn by_moore_and_hodgson_fewer_cases_end_late() {
    let late = |policy| {
        let years = [7, 42].map(|seed| rate(&rehearse(1_000, seed, policy, 0.8).1));
        years.iter().map(|tally| tally.counted() - tally.on_time).sum::<u64>()
    };
    let fewest = late(Policy::LateMinimising);
    for other in [Policy::Deadline, Policy::Arrival] {
        assert!(fewest < late(other), "{fewest} late, as with {other}");
    }
}
