//! Who may lend what to whom, and that nobody ever lends in a circle.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use parvaneh_core::{
    Actor, DelegationId, Grant, RoleId,
    delegation::{
        Delegation, DelegationRefusal, Edge, assigning_roles, check_period, circle, may_delegate,
        may_record_absence, may_revoke,
    },
};
use proptest::prelude::*;
use support::{
    at, lent, organisation, person,
    stage::{board, head, licence, officer, one, police},
};
use uuid::Uuid;

fn grant(role: &str, unit: &str) -> Grant {
    Grant { role: role.into(), unit: unit.into() }
}

fn lend(role: &str, unit: &str) -> Delegation {
    let (starts, until) = (at("2025-02-01 10:00"), at("2025-02-10 00:00"));
    Delegation { grant: grant(role, unit), workflows: Vec::new(), starts, until }
}

fn judged(by: &Actor, from: &Actor, to: &Actor, delegation: &Delegation) -> &'static str {
    let definition = licence();
    let assigning = assigning_roles([&definition], &delegation.grant.role, &delegation.workflows);
    let now = at("2025-02-01 10:00");
    match may_delegate(&organisation(), &assigning, by, from, to, delegation, now) {
        Ok(()) => "yes",
        Err(refusal) => refusal.code(),
    }
}

#[test]
fn one_lends_what_one_holds_or_manages() {
    let stranger = Actor::new(person(2), vec![]);
    let colleague = one(11, "officer", "2301");
    let elsewhere = one(21, "head", "2302");
    let above = one(22, "head", "23");
    let wide = one(12, "officer", "23");
    let second = Actor { natural: officer().natural, ..stranger.clone() };
    let clerk = Actor { lent: vec![lent(7, &officer())], ..Actor::new(person(99), vec![]) };
    let lent_head = Actor { lent: vec![lent(7, &head())], ..Actor::new(person(99), vec![]) };
    let role = || lend("officer", "2301");
    let table: &[(&Actor, &Actor, &Actor, Delegation, &str)] = &[
        (&officer(), &officer(), &stranger, role(), "yes"),
        (&second, &officer(), &stranger, role(), "yes"),
        (&head(), &officer(), &stranger, role(), "yes"),
        (&above, &officer(), &stranger, role(), "yes"),
        (&elsewhere, &officer(), &stranger, role(), "not_permitted"),
        (&stranger, &officer(), &colleague, role(), "not_permitted"),
        (&board(), &officer(), &stranger, role(), "not_permitted"),
        // A power that was lent is none over others' powers.
        (&lent_head, &officer(), &stranger, role(), "not_permitted"),
        (&clerk, &clerk, &stranger, role(), "role_not_held"),
        (&officer(), &officer(), &stranger, lend("head", "2301"), "role_not_held"),
        (&officer(), &officer(), &stranger, lend("officer", "2302"), "role_not_held"),
        (&wide, &wide, &stranger, lend("officer", "2302"), "yes"),
        (&officer(), &officer(), &officer(), role(), "delegation_to_himself"),
        (&officer(), &officer(), &second, role(), "delegation_to_himself"),
        (&head(), &officer(), &head(), role(), "delegation_to_the_giver"),
        (&police(), &police(), &stranger, lend("agency.police", "2301"), "yes"),
        (&head(), &police(), &stranger, lend("agency.police", "2301"), "role_of_another_body"),
    ];
    for (place, (by, from, to, delegation, expected)) in table.iter().enumerate() {
        assert_eq!(judged(by, from, to, delegation), *expected, "row {place}");
    }
    // Of a workflow in which nobody assigns, nobody manages it.
    let scoped = Delegation { workflows: vec!["renewal".into()], ..role() };
    assert_eq!(judged(&head(), &officer(), &stranger, &scoped), "not_permitted");
    assert_eq!(judged(&officer(), &officer(), &stranger, &scoped), "yes");
}

#[test]
fn a_period_is_bounded_and_not_over() {
    let now = at("2025-02-01 10:00");
    let bad = |starts, until| match check_period(starts, until, now) {
        Err(DelegationRefusal::BadPeriod { why }) => why,
        other => panic!("{other:?}"),
    };
    check_period(now, now + TimeDelta::days(366), now).unwrap();
    check_period(now - TimeDelta::days(9), now + TimeDelta::microseconds(1), now).unwrap();
    assert!(bad(now, now).contains("before it begins"));
    assert!(bad(now - TimeDelta::days(1), now).contains("over"));
    assert!(bad(now, now + TimeDelta::days(367)).contains("366"));
}

#[test]
fn an_absence_is_recorded_by_himself_or_by_who_assigns_his_work() {
    let definition = licence();
    let may = |by: &Actor| {
        let assigning = |role: &RoleId| assigning_roles([&definition], role, &[]);
        may_record_absence(&organisation(), assigning, by, &officer()).is_ok()
    };
    let second = Actor { natural: officer().natural, ..Actor::new(person(2), vec![]) };
    assert!(may(&officer()) && may(&second) && may(&head()));
    assert!(!may(&one(21, "head", "2302")) && !may(&one(11, "officer", "2301")) && !may(&board()));
}

#[test]
fn a_delegation_is_ended_by_either_side_or_by_who_manages_it() {
    let definition = licence();
    let assigning = assigning_roles([&definition], &"officer".into(), &[]);
    let delegate = Actor::new(person(99), vec![]);
    let grant = grant("officer", "2301");
    let may = |by: &Actor| {
        may_revoke(&organisation(), &assigning, by, &officer(), &delegate, &grant).is_ok()
    };
    assert!(may(&officer()) && may(&delegate) && may(&head()));
    assert!(!may(&one(11, "officer", "2301")) && !may(&one(21, "head", "2302")) && !may(&board()));
}

/// A delegation among five people, within ten days.
fn edge() -> impl Strategy<Value = (u8, u8, u8, u8)> {
    (0..5_u8, 0..5_u8, 0..10_u8, 1..6_u8)
}

fn day(number: u8) -> parvaneh_core::Instant {
    at("2025-02-01 00:00") + TimeDelta::days(number.into())
}

/// Whether, on one of the days, somebody lends to himself in the end: by walking from everybody.
fn goes_round(edges: &[Edge]) -> bool {
    (0..20).map(day).any(|at| {
        let live = || edges.iter().filter(|edge| edge.starts <= at && at < edge.until);
        (0..5).map(person).any(|start| {
            let mut reached: BTreeSet<_> =
                live().filter(|edge| edge.from == start).map(|edge| edge.to).collect();
            for _ in 0..5 {
                let more = live().filter(|edge| reached.contains(&edge.from)).map(|edge| edge.to);
                reached.extend(more.collect::<Vec<_>>());
            }
            reached.contains(&start)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    /// Whatever is asked for in whatever order, and whatever ends meanwhile: what was permitted
    /// never goes round, and what was refused would have.
    #[test]
    fn nobody_lends_in_a_circle(
        asked in proptest::collection::vec((edge(), 0..6_u8), 1..25),
    ) {
        let mut made: Vec<Edge> = Vec::new();
        for (number, ((from, to, starts, days), end)) in asked.into_iter().enumerate() {
            let new = Edge {
                delegation: DelegationId(Uuid::from_u128(number as u128)),
                from: person(from.into()),
                to: person(to.into()),
                starts: day(starts),
                until: day(starts + days),
            };
            let mut with = made.clone();
            with.push(new);
            match circle(&made, &new) {
                None => {
                    prop_assert!(!goes_round(&with), "{with:?}");
                    made = with;
                }
                Some((at, others)) => {
                    prop_assert!(goes_round(&with));
                    prop_assert!(new.starts <= at && at < new.until);
                    // The circle that is told is one: from the new one's end back to its beginning.
                    let mut here = new.to;
                    for id in others {
                        let edge = made.iter().find(|edge| edge.delegation == id).unwrap();
                        prop_assert!(edge.from == here && edge.starts <= at && at < edge.until);
                        here = edge.to;
                    }
                    prop_assert_eq!(here, new.from);
                }
            }
            if end == 0 && !made.is_empty() {
                made.remove(number % made.len());
            }
        }
    }
}
