//! The register of licences: what openings ask of it, and what ends do to it.
#![allow(clippy::unwrap_used)]

mod support;

use chrono::NaiveDate;
use parvaneh_core::{
    Actor, Caller, CaseId, Decided, Definition, Event, Fact, LicenceNumber, NaturalPerson, Place,
    case::Case,
    decide, evolve, open,
    register::{
        AboutLicence, Effect, Found, FoundCase, LicenceChange, LicenceState, RegisteredLicence,
        Running, SpokenOf, fold, valid_until,
    },
    timeline,
};
use proptest::prelude::*;
use support::{
    applicant, at, compiled, date,
    live::World,
    office_hours, person,
    register::{about_case, about_licence, case, definition, found, licence, world},
    stage::{Stage, act, answer, application, board, court, member, officer, police, vote},
};

fn opened(world: &World, who: Actor) -> Result<Decided, parvaneh_core::Refusal> {
    let caller = Caller::Person(who);
    open(&world.context(&caller, None, at("2025-02-01 10:00")), &about_licence())
}

#[test]
fn the_opening_tells_what_was_known_of_the_licence() {
    let rule = "licence: [plan, activity], one_at_a_time: yes, stays_in_force: yes";
    let world = world(definition(rule, ""), found(licence("2025-02-01")));
    let decided = opened(&world, applicant()).unwrap();
    let expected = SpokenOf::Licence(AboutLicence {
        licence: licence("2025-02-01"),
        stays_in_force: true,
        exclusive: true,
    });
    assert_eq!(decided.case.about.as_deref(), Some(&expected));
    let Fact::Opened { about, .. } = &decided.events[0].fact else { panic!("an opening") };
    assert_eq!(about.as_deref(), Some(&expected));
    let body = timeline::canonical(&decided.events[0]);
    let read: Event = serde_json::from_str(&body).unwrap();
    assert_eq!(read, decided.events[0]);
    assert_eq!(timeline::canonical(&read), body);
    assert_eq!(Case::fold(&decided.events), Some(decided.case));
}

#[test]
fn what_a_procedure_takes() {
    let somebody = |licence| RegisteredLicence { holder: person(2), ..licence };
    let stands = |state, licence| RegisteredLicence { state, ..licence };
    let valid = || licence("2025-02-01");
    let taken = [
        // The last day of the validity is one on which it is valid.
        ("licence: activity", valid()),
        // 90 days after 2024-11-03.
        ("licence: activity, expired: 90 d", licence("2024-11-03")),
        ("licence: activity, expired: 3 mo", licence("2024-11-03")),
        ("licence: activity, suspended: yes", stands(LicenceState::Suspended, valid())),
        ("licence: activity, state: any", stands(LicenceState::Revoked, licence("2001-01-01"))),
        ("licence: activity, applicant: anybody", somebody(valid())),
        ("licence: activity", RegisteredLicence { unit: "23".into(), ..valid() }),
    ];
    for (rule, licence) in taken {
        let world = world(definition(rule, ""), found(licence));
        opened(&world, applicant()).unwrap_or_else(|refusal| panic!("{rule}: {refusal}"));
    }
    // Another procedure's case about it is no obstacle.
    let mut world = world(definition("licence: activity, one_at_a_time: yes", ""), found(valid()));
    let Some(Found::Licence(licence)) = &mut world.found else { panic!("a licence") };
    licence.running = vec![Running { case: CaseId(uuid::Uuid::nil()), workflow: "other".into() }];
    opened(&world, applicant()).unwrap();
    // Nor need anything be said where it is not required.
    let rule = "licence: activity, required: no";
    let world = support::register::world(definition(rule, ""), None);
    let caller = Caller::Person(applicant());
    let decided = open(&world.context(&caller, None, at("2025-02-01 10:00")), &application());
    assert_eq!(decided.unwrap().case.about, None);
}

#[test]
fn a_holder_is_known_by_all_his_accounts() {
    let licence = RegisteredLicence { holder: person(2), ..licence("2025-02-01") };
    let world = world(definition("licence: activity", ""), found(licence));
    let natural = NaturalPerson { id: person(2), accounts: vec![person(1)] };
    opened(&world, Actor { natural, ..applicant() }).unwrap();
}

#[test]
fn a_paper_that_came_in_time_is_in_time() {
    let world = world(definition("licence: activity", ""), found(licence("2025-01-31")));
    let caller = Caller::Person(officer());
    let ctx = world.context(&caller, None, at("2025-02-01 10:00"));
    let received = parvaneh_core::Open {
        received_at: Some(at("2025-01-31 12:00")),
        reason: Some("post".to_owned()),
        ..about_licence()
    };
    open(&ctx, &received).unwrap();
}

/// The case about a licence, led to its grant on 2025-02-03; `then` is what has become of the licence
/// meanwhile.
fn ended(at_the_end: &str, before: RegisteredLicence, then: RegisteredLicence) -> Decided {
    let rule = "licence: activity, state: any";
    let mut world = world(definition(rule, at_the_end), found(before));
    let case = opened(&world, applicant()).unwrap().case;
    world.found = found(then);
    let stage = Stage { world, case, now: at("2025-02-03 10:00") };
    let stage = stage
        .then(&officer(), act("accept"))
        .then(&police(), answer("police"))
        .then(&court(), answer("court"))
        .then(&member(1), vote(parvaneh_core::event::Vote::For))
        .then(&member(2), vote(parvaneh_core::event::Vote::For));
    stage.ask(&board(), &act("approved")).unwrap()
}

fn change(decided: &Decided) -> LicenceChange {
    let change = decided.events.iter().find_map(Event::licence_change).unwrap().clone();
    let Place::End { change: kept, .. } = &decided.case.place else { panic!("it has ended") };
    assert_eq!(kept.as_deref(), Some(&change));
    change
}

#[test]
fn what_ends_do_to_a_licence() {
    use LicenceState::*;
    let renew = ", licence: { change: renew, valid: 36 mo, mark: appeal }";
    // 15 Bahman 1403 is 2025-02-03; its last day was 13 Esfand 1403, or 6 Mehr.
    let table = [
        (renew, Active, "2025-03-03", Effect::Renewed, Active, "2028-03-03"),
        (renew, Active, "2024-09-27", Effect::Renewed, Active, "2028-02-04"),
        (renew, Suspended, "2025-03-03", Effect::Renewed, Suspended, "2028-03-03"),
        (
            ", licence: { change: amend }",
            Active,
            "2025-03-03",
            Effect::Amended,
            Active,
            "2025-03-03",
        ),
        (
            ", licence: { change: suspend }",
            Active,
            "2025-03-03",
            Effect::Suspended,
            Suspended,
            "2025-03-03",
        ),
        (
            ", licence: { change: reinstate }",
            Suspended,
            "2025-03-03",
            Effect::Reinstated,
            Active,
            "2025-03-03",
        ),
        (
            ", licence: { change: revoke }",
            Suspended,
            "2025-03-03",
            Effect::Revoked,
            Revoked,
            "2025-03-03",
        ),
    ];
    for (at_the_end, state, until, effect, becomes, last) in table {
        let before = RegisteredLicence { state, changes: 4, ..licence(until) };
        let change = change(&ended(at_the_end, before.clone(), before.clone()));
        let found = &change.licence;
        assert_eq!((change.effect, change.without_effect), (effect, false), "{at_the_end}");
        assert_eq!((found.state, found.valid_until), (becomes, date(last)), "{at_the_end}");
        assert_eq!((found.changes, &found.number), (5, &before.number), "{at_the_end}");
        assert_eq!((found.holder, found.valid_from), (before.holder, before.valid_from));
        let mark = (effect == Effect::Renewed).then(|| "appeal".to_owned());
        assert_eq!(found.mark, mark, "{at_the_end}");
    }
}

#[test]
fn what_became_of_the_licence_meanwhile_counts() {
    let renew = ", licence: { change: renew, valid: 36 mo }";
    let before = licence("2025-03-03");
    let later = RegisteredLicence { changes: 3, valid_until: date("2026-03-04"), ..before.clone() };
    let change_of = |then| change(&ended(renew, before.clone(), then));
    let change = change_of(later);
    assert_eq!((change.licence.changes, change.licence.valid_until), (4, date("2029-03-03")));
    // Nothing brings a revoked licence back, and the case ends all the same.
    let revoked =
        RegisteredLicence { changes: 2, state: LicenceState::Revoked, ..licence("2025-03-03") };
    let change = change_of(revoked.clone());
    let expected =
        LicenceChange { effect: Effect::Renewed, without_effect: true, licence: revoked };
    assert_eq!(change, expected);
    assert_eq!(fold(&[]).len(), 0);
}

#[test]
fn a_grant_makes_a_licence_with_a_number_of_its_own() {
    let grant = ", licence: { kind: activity, valid: 36 mo, mark: silence }";
    let licence_of = |number: u128| {
        let world = world(definition("licence: activity, required: no", grant), None);
        let caller = Caller::Person(applicant());
        let ctx = world.context(&caller, None, at("2025-02-01 10:00"));
        let case = CaseId(uuid::Uuid::from_u128(number));
        let case = open(&ctx, &parvaneh_core::Open { case, ..application() }).unwrap().case;
        let stage = Stage { world, case, now: at("2025-02-03 10:00") }
            .sitting()
            .then(&member(1), vote(parvaneh_core::event::Vote::For))
            .then(&member(2), vote(parvaneh_core::event::Vote::For));
        let decided = stage.ask(&board(), &act("approved")).unwrap();
        let folded = fold(&decided.events);
        let change = change(&decided);
        assert_eq!(folded.get(&change.licence.number), Some(&change.licence));
        assert_eq!(change.effect, Effect::Granted);
        change.licence
    };
    let (one, other) = (licence_of(1), licence_of(2));
    assert_ne!(one.number, other.number);
    assert_eq!(one, licence_of(1));
    assert!(one.number.as_str().starts_with("1403-2301-"), "{}", one.number);
    assert_eq!((one.valid_from, one.valid_until), (date("2025-02-03"), date("2028-02-04")));
    assert_eq!(
        (one.kind.as_str(), one.mark.as_deref(), one.changes),
        ("activity", Some("silence"), 1)
    );
    assert_eq!((one.holder, one.state), (applicant().person, LicenceState::Active));
}

#[test]
fn a_validity_ends_on_the_same_day_of_the_month() {
    let jalali = |text: &str| -> NaiveDate { parvaneh_core::jalali::parse_date(text).unwrap() };
    let table = [
        ("1403/02/15", 36, "1406/02/15"),
        ("1403/02/15", 1, "1403/03/15"),
        // Mehr has 30 days; Esfand has 30 in 1403 and 29 in 1404.
        ("1403/06/31", 1, "1403/07/30"),
        ("1403/12/30", 12, "1404/12/29"),
        ("1402/12/29", 12, "1403/12/29"),
        ("1403/11/30", 1, "1403/12/30"),
        ("1403/12/01", 1, "1404/01/01"),
        ("1403/01/31", 1200, "1503/01/31"),
    ];
    for (from, months, until) in table {
        assert_eq!(valid_until(jalali(from), months), jalali(until), "{from} + {months}");
    }
}

#[test]
fn numbers_are_read_as_people_type_them() {
    let number = LicenceNumber::parse("1403-2301-7K3M9-QX2TV").unwrap();
    for same in [
        " 1403-2301-7k3m9-qx2tv ",
        "۱۴۰۳-۲۳۰۱-7K3M9-QX2TV",
        "1403-2301-7K3M9QX2TV",
        "1403–2301–7K3M9–QX2TV",
    ] {
        assert_eq!(LicenceNumber::parse(same).as_ref(), Ok(&number), "{same}");
        assert_eq!(LicenceNumber::typed(same).as_ref(), Ok(&number), "{same}");
    }
    for copied in [
        "1403—2301−7K3M9ـQX2TV",
        "1403 2301 7K3M9 QX2TV",
        "1403 - 2301 - 7K3M9QX2TV",
        "١٤٠٣ ٢٣٠١\u{a0}7k3m9\u{202f}qx2tv",
        "\u{2068}\u{200e}1403-2301-7K3M9-QX2TV\u{2069}",
    ] {
        assert_eq!(LicenceNumber::typed(copied).as_ref(), Ok(&number), "{copied}");
    }
    assert_eq!(
        LicenceNumber::parse("1403-2301-ILO00-00000").unwrap().as_str(),
        "1403-2301-11000-00000"
    );
    assert_eq!(
        LicenceNumber::parse("1403-a-b-7K3M9-QX2TV").unwrap().as_str(),
        "1403-a-b-7K3M9-QX2TV"
    );
    for wrong in [
        "",
        "1403",
        "1403-2301",
        "1403-2301-7K3M9-QX2T",
        "1403-2301-7K3M9-QX2TU",
        "403-2301-7K3M9-QX2TV",
        "1403--7K3M9-QX2TV",
        "1403-2301-7K3M9-QX2TVX",
        "17/400",
    ] {
        assert!(LicenceNumber::parse(wrong).is_err(), "{wrong}");
        assert!(LicenceNumber::typed(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn late_and_past_what_is_promised() {
    // The term is 30 days from Saturday, 2025-02-01: Monday, 2025-03-03. What is promised is 10: Tuesday,
    // 2025-02-11.
    let stage = Stage::new();
    let mut definition: Definition = stage.world.definition.clone();
    definition.statutory.service_norm = Some("10 d".parse().unwrap());
    let world = &stage.world;
    let of = |case: &Case, now: &str| {
        let (calendars, organisation) = (&world.calendars, &world.organisation);
        let found = FoundCase::of(case, &definition, calendars, organisation, at(now), Vec::new());
        (found.running, found.past_norm, found.late)
    };
    let table = [
        ("2025-02-11 14:30", (true, false, false)),
        ("2025-02-11 14:31", (true, true, false)),
        ("2025-03-03 14:30", (true, true, false)),
        ("2025-03-03 14:31", (true, true, true)),
    ];
    for (now, expected) in table {
        assert_eq!(of(&stage.case, now), expected, "{now}");
    }
    // Two days of suspension, and a clock that has stopped.
    let mut case = stage.case.clone();
    let clock = case.statutory.as_mut().unwrap();
    clock.ledger.suspend(at("2025-02-02 10:00"));
    clock.ledger.resume(at("2025-02-04 10:00"));
    assert_eq!(of(&case, "2025-02-12 10:00"), (true, false, false));
    let clock = case.statutory.as_mut().unwrap();
    clock.ledger.stopped_at = Some(at("2025-02-12 10:00"));
    assert_eq!(of(&case, "2027-02-12 10:00"), (true, false, false));
}

#[test]
fn an_application_about_a_case_tells_how_it_stood() {
    let rule = "case: [renewal, amendment], state: late";
    let late = FoundCase { late: true, past_norm: true, ..case() };
    let world = world(definition(rule, ""), Some(Found::Case(late)));
    let caller = Caller::Person(applicant());
    let decided = open(&world.context(&caller, None, at("2025-02-01 10:00")), &about_case());
    let decided = decided.unwrap();
    let Some(SpokenOf::Case(about)) = decided.case.about.as_deref() else { panic!("about a case") };
    assert!(about.late && about.running && !about.exclusive);
    let body = timeline::canonical(&decided.events[0]);
    assert_eq!(serde_json::from_str::<Event>(&body).unwrap(), decided.events[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever cases do to a licence, one after the other, and in whatever order their timelines are
    /// told: the register is what the last of them left.
    #[test]
    fn the_register_is_the_fold_of_all_timelines(
        effects in prop::collection::vec((0_usize..5, 0_i64..400), 1..8),
        order in any::<u64>(),
    ) {
        let words = ["renew, valid: 12 mo", "amend", "suspend", "reinstate", "revoke"];
        let mut standing = licence("2025-03-03");
        let mut events: Vec<Event> = Vec::new();
        for (effect, _) in effects {
            let at_the_end = format!(", licence: {{ change: {} }}", words[effect]);
            let decided = ended(&at_the_end, standing.clone(), standing.clone());
            let change = change(&decided);
            prop_assert_eq!(change.without_effect, standing.state == LicenceState::Revoked);
            prop_assert!(change.licence.valid_until >= standing.valid_until);
            prop_assert_eq!(
                change.licence.changes,
                standing.changes + u32::from(!change.without_effect)
            );
            standing = change.licence;
            events.extend(decided.events);
        }
        let rotated = (order % events.len() as u64) as usize;
        events.rotate_left(rotated);
        if order & 1 == 1 {
            events.reverse();
        }
        let folded = fold(&events);
        let expected = (standing.changes > 1).then_some(&standing);
        prop_assert_eq!(folded.get(&standing.number), expected);
    }
}

#[test]
fn the_events_of_a_case_about_nothing_are_what_they_were() {
    let stage = Stage::new();
    let world = World::new(support::stage::licence(), compiled(office_hours()));
    let caller = Caller::Person(applicant());
    let decided = open(&world.context(&caller, None, stage.now), &application()).unwrap();
    let body = timeline::canonical(&decided.events[0]);
    assert!(!body.contains("about"), "{body}");
    let state = serde_json::to_string(&decided.case).unwrap();
    assert!(!state.contains("about"), "{state}");
    let mut folded = Case::opened(&decided.events[0]).unwrap();
    for event in &decided.events[1..] {
        evolve(&mut folded, event);
    }
    assert_eq!(folded, decided.case);
    let tick = decide(
        &world.context(&Caller::System, None, stage.now),
        &decided.case,
        &parvaneh_core::Command::Tick,
    );
    assert!(tick.unwrap().events.is_empty());
}
