//! What the tests of decisions share: a small organisation, its people and its calendar.
#![allow(clippy::unwrap_used, dead_code, reason = "each test program uses a part of it")]

pub(crate) mod asked;
pub(crate) mod four_eyes;
pub(crate) mod generate;
pub(crate) mod live;
pub(crate) mod register;
pub(crate) mod stage;

use chrono::{NaiveDate, NaiveDateTime, TimeZone, Weekday::*};
use parvaneh_core::{
    Actor, Calendars, CaseId, Definition, DelegationId, Grant, Instant, Organisation, PersonId,
    RoleId, Unit, UnitId,
    calendar::{
        CalendarSource, Certainty, Closure, DayEnds, Holiday, Hours, Notice, Scope, WeeklyHours,
    },
    definition::{Level, Text},
    delegation::Lent,
};
use uuid::Uuid;

/// The county in which every case of these tests is opened.
pub(crate) const COUNTY: &str = "2301";

/// How many random cases are tried: that many, or so many times more as `PARVANEH_SOAK` says. Whoever
/// changes what random cases are about soaks them once: `PARVANEH_SOAK=20 cargo nextest run …`.
#[allow(clippy::disallowed_methods, reason = "a test is told by hand how long it runs")]
pub(crate) fn soaked(cases: u32) -> u32 {
    let times = std::env::var("PARVANEH_SOAK").ok().and_then(|times| times.parse::<u32>().ok());
    cases * times.unwrap_or(1)
}

/// The instant of a local time in Iran: `2025-03-18 14:30`.
pub(crate) fn at(text: &str) -> Instant {
    let format = if text.len() > 16 { "%Y-%m-%d %H:%M:%S%.f" } else { "%Y-%m-%d %H:%M" };
    let local = NaiveDateTime::parse_from_str(text, format).unwrap();
    chrono_tz::Asia::Tehran.from_local_datetime(&local).unwrap().to_utc()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn text(en: &str) -> Text {
    Text { fa: "متن".to_owned(), en: en.to_owned() }
}

pub(crate) fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

/// Who applies in these tests.
pub(crate) fn applicant() -> Actor {
    Actor::new(person(1), Vec::new())
}

pub(crate) fn case_id() -> CaseId {
    CaseId(Uuid::from_u128(0xca5e))
}

/// Two provinces with two counties each.
pub(crate) fn organisation() -> Organisation {
    let rows = [
        ("ir", None, Level::National),
        ("23", Some("ir"), Level::Province),
        ("2301", Some("23"), Level::County),
        ("2302", Some("23"), Level::County),
        ("08", Some("ir"), Level::Province),
        ("0801", Some("08"), Level::County),
    ];
    let unit = |(id, parent, level): (&str, Option<&str>, Level)| Unit {
        id: id.into(),
        parent: parent.map(UnitId::from),
        level,
        title: text(id),
    };
    Organisation::new(rows.into_iter().map(unit)).unwrap()
}

pub(crate) fn notice(name: &str, scope: Scope) -> Notice {
    Notice {
        name: Text { fa: name.to_owned(), en: name.to_owned() },
        scope,
        certainty: Certainty::Sourced,
        sources: vec!["test".to_owned()],
        note: None,
    }
}

pub(crate) fn hours(text: &str) -> Vec<Hours> {
    text.split(", ").map(|hours| hours.parse().unwrap()).collect()
}

/// Saturday to Wednesday, 07:30 to 14:30, in 2024 to 2028.
pub(crate) fn office_hours() -> CalendarSource {
    let mut source =
        CalendarSource::new("ir".into(), chrono_tz::Asia::Tehran, DayEnds::CloseOfBusiness);
    source.add_weekly_hours(WeeklyHours::on(
        notice("office hours", Scope::Nation),
        &[Sat, Sun, Mon, Tue, Wed],
        &hours("07:30-14:30"),
    ));
    source
}

pub(crate) fn holiday(scope: Scope, on: NaiveDate) -> Holiday {
    Holiday { notice: notice("holiday", scope).into(), date: on, kind: None }
}

pub(crate) fn closure(scope: Scope, from: NaiveDate, until: NaiveDate) -> Closure {
    Closure { notice: notice("closure", scope).into(), from, until, hours: None }
}

pub(crate) fn compiled(source: CalendarSource) -> Calendars {
    Calendars::compile_between(source, date("2024-01-01"), date("2031-12-31"))
}

/// Everybody whom a definition knows: for each role two holders where the case needs them, one in
/// the other province and one at the top; then the applicant and a stranger.
pub(crate) fn people(definition: &Definition) -> Vec<Actor> {
    let mut people = vec![applicant(), Actor::new(person(2), Vec::new())];
    for (role, declared) in &definition.roles {
        let units = match declared.at {
            Level::County => ["2301", "2301", "0801", "ir"],
            Level::Province => ["23", "23", "08", "ir"],
            Level::National => ["ir", "ir", "08", "2301"],
        };
        for unit in units {
            people.push(holder(people.len() as u128 + 1, role, unit));
        }
    }
    connect(&mut people);
    people
}

/// Connects people, so that four eyes have something to look at: the first holder of every role has
/// a second account with another role, the second has lent his to somebody, who holds a role of his
/// own; and the applicant works in the office himself.
fn connect(people: &mut Vec<Actor>) {
    let holders: Vec<usize> =
        (2..people.len()).filter(|place| (place - 2) % 4 == 0 && *place < 18).collect();
    for (turn, place) in holders.iter().copied().enumerate() {
        let other = people[holders[(turn + 1) % holders.len()]].grants.clone();
        second_account(people, place, other.clone());
        let lender = people[place + 1].clone();
        let number = people.len() as u128 + 1;
        let mut delegate = Actor::new(person(number), if turn % 2 == 0 { other } else { vec![] });
        delegate.lent = vec![lent(number, &lender)];
        people.push(delegate);
    }
    let role = people[holders[0]].grants.clone();
    second_account(people, 0, role);
}

/// Gives the person at that place another account, with other roles.
fn second_account(people: &mut Vec<Actor>, place: usize, grants: Vec<Grant>) {
    let mut second = Actor::new(person(people.len() as u128 + 1), grants);
    people[place].natural.accounts.push(second.person);
    second.natural = people[place].natural.clone();
    people.push(second);
}

/// All that somebody holds, lent for a hundred years.
pub(crate) fn lent(number: u128, lender: &Actor) -> Lent {
    Lent {
        delegation: DelegationId(Uuid::from_u128(number)),
        from: lender.person,
        natural: lender.natural.clone(),
        grant: lender.grants[0].clone(),
        workflows: Vec::new(),
        starts: at("2000-01-01 00:00"),
        until: at("2100-01-01 00:00"),
    }
}

/// A person with one role at one unit.
pub(crate) fn holder(number: u128, role: &RoleId, unit: &str) -> Actor {
    let grant = Grant { role: role.clone(), unit: unit.into() };
    Actor::new(person(number), vec![grant])
}
