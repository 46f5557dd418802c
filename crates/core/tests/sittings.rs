//! Commissions that decide in sittings: agenda, votes, recusal, minutes, and the early warning.
#![allow(clippy::unwrap_used)]

mod support;

use parvaneh_core::{
    Calendars, Caller, Command, Decided, Event, Fact, Instant, RefusalCode, Term,
    calendar::Scope,
    case::Place,
    decide,
    decide::next_due,
    definition::{Adjourns, Majority, Recusal},
    event::{Recipient, STATUTORY, Vote},
    sitting::{
        self, Closed, ExtraSitting, OffAgenda, Series, SeriesError, Sitting, SittingState, Slot,
        Waiting, allot, extra, needed,
    },
};
use proptest::prelude::*;
use support::{
    at, case_id, compiled, date, holiday, office_hours,
    stage::{
        Stage, act, board, extend, head, member, planned, put_on, recuse, resume, suspend,
        take_off, vote, with_commission,
    },
};

/// Mondays at nine, summoned by the Wednesday before.
fn mondays() -> Vec<Sitting> {
    vec![
        planned(1, "2025-02-10 09:00", "2025-02-05 14:30", 1),
        planned(2, "2025-02-17 09:00", "2025-02-12 14:30", 2),
    ]
}

fn held(minutes: &str) -> impl FnOnce(&mut Vec<Sitting>) {
    let minutes = minutes.to_owned();
    move |all| all[0].state = SittingState::Held { minutes }
}

fn cancelled(all: &mut [Sitting], place: usize) {
    all[place].state = SittingState::Cancelled { reason: "no heating".to_owned() };
}

fn facts(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.fact.kind()).collect()
}

/// What ticking says now.
fn ticked(stage: &Stage) -> Decided {
    stage.world.tick(&stage.case, stage.now)
}

fn due(stage: &Stage) -> Option<Instant> {
    next_due(&stage.world.context(&Caller::System, None, stage.now), &stage.case)
}

fn lacking(events: &[Event]) -> Vec<(u32, Instant, Option<ExtraSitting>)> {
    let of = |event: &Event| match &event.fact {
        Fact::SittingLacking { clock, deadline, extra, .. } => Some((*clock, *deadline, *extra)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn a_sitting_hears_a_case_and_its_minutes_stand_on_the_result() {
    let stage = Stage::sitting_in(mondays()).then(&board(), put_on(1));
    assert_eq!(stage.case.hearing.on_agenda.unwrap().at, at("2025-02-10 09:00"));
    // Votes count from the very instant at which it sits.
    let stage = stage.on("2025-02-10 09:00").then(&member(1), vote(Vote::For));
    let stage = stage.then(&member(2), vote(Vote::For)).after(held("12/1403"));
    let decided = stage.ask(&board(), &act("approved")).unwrap();
    let Fact::Acted { heard: Some(heard), .. } = &decided.events.last().unwrap().fact else {
        panic!("{:?}", decided.events)
    };
    assert_eq!(heard.minutes, "12/1403");
    assert!(decided.case.is_ended() && decided.case.hearing.is_empty());
}

#[test]
fn a_case_is_put_on_another_agenda_in_one_go_and_put_there_again_without_an_event() {
    let stage = Stage::sitting_in(mondays()).then(&board(), put_on(1));
    assert_eq!(stage.ask(&board(), &put_on(1)).unwrap().events, []);
    let decided = stage.ask(&board(), &put_on(2)).unwrap();
    assert_eq!(facts(&decided.events), ["taken_off_agenda", "put_on_agenda"]);
    assert!(matches!(decided.events[0].fact, Fact::TakenOffAgenda { why: OffAgenda::Moved, .. }));
}

#[test]
fn at_the_very_instant_of_the_cut_off_the_agenda_is_open() {
    let stage = Stage::sitting_in(mondays()).on("2025-02-05 14:30");
    assert!(stage.ask(&board(), &put_on(1)).is_ok());
    let late = stage.on("2025-02-05 14:31").ask(&board(), &put_on(1)).unwrap_err();
    assert_eq!(late.code, RefusalCode::AgendaClosed);
}

#[test]
fn a_cancelled_sitting_puts_its_cases_back_and_strikes_their_votes() {
    let stage = Stage::sitting_in(mondays()).then(&board(), put_on(1)).on("2025-02-10 09:30");
    let stage = stage.then(&member(1), vote(Vote::For)).after(|all| cancelled(all, 0));
    let decided = ticked(&stage);
    assert!(matches!(
        &decided.events[0].fact,
        Fact::TakenOffAgenda { why: OffAgenda::Cancelled, reason: Some(reason), .. }
            if reason == "no heating"
    ));
    let Place::Step { votes, .. } = &decided.case.place else { panic!() };
    assert!(votes.is_empty() && decided.case.hearing.on_agenda.is_none());
}

/// Which votes, and which rule, put a case off once its sitting is held.
#[test]
fn a_tie_or_a_missing_quorum_puts_a_case_off_where_the_definition_says_so() {
    use Vote::{Abstain, Against, For};
    let both = [Adjourns::NoQuorum, Adjourns::Tie];
    let table: &[(&[Adjourns], &[Vote], Option<OffAgenda>)] = &[
        (&both, &[For], Some(OffAgenda::NoQuorum)),
        (&both, &[For, Against], Some(OffAgenda::Tie)),
        (&both, &[Abstain, Abstain], Some(OffAgenda::Tie)),
        (&both, &[For, For], None),
        (&both, &[For, Against, For], None),
        (&[], &[For], None),
        (&[], &[For, Against], None),
        (&[Adjourns::Tie], &[For], None),
    ];
    for (adjourns, votes, expected) in table {
        let mut stage = Stage::sitting_in(mondays()).then(&board(), put_on(1));
        stage = stage.on("2025-02-10 09:00");
        with_commission(&mut stage.world.definition, |commission| {
            commission.sittings.as_mut().unwrap().adjourns = adjourns.iter().copied().collect();
        });
        for (number, given) in votes.iter().enumerate() {
            stage = stage.then(&member(number as u128), vote(*given));
        }
        assert_eq!(ticked(&stage).events, [], "a sitting that is not held puts nothing off");
        let stage = stage.after(held("7"));
        let off = ticked(&stage).events.iter().find_map(|event| match event.fact {
            Fact::TakenOffAgenda { why, .. } => Some(why),
            _ => None,
        });
        assert_eq!(off, *expected, "{adjourns:?} {votes:?}");
    }
}

#[test]
fn a_recused_member_has_no_vote_and_the_quorum_follows_the_definition() {
    let stage = Stage::new().sitting().then(&member(1), vote(Vote::For));
    let stage = stage.then(&member(2), vote(Vote::For));
    // The secretariat records it; the vote that was cast is struck.
    let decided = stage.ask_for(&board(), &recuse(Some(&member(1))), Some(&member(1))).unwrap();
    assert_eq!(facts(&decided.events), ["recused"]);
    let mut stage = Stage { case: decided.case, ..stage };
    let again = stage.ask_for(&board(), &recuse(Some(&member(1))), Some(&member(1))).unwrap();
    assert_eq!(again.events, [], "a repeat is never an error");
    let refused = |stage: &Stage| stage.ask(&board(), &act("approved")).unwrap_err().code;
    assert_eq!(refused(&stage), RefusalCode::QuorumMissing, "2 of 3, and one vote is left");
    // Two of three is, of the two who are left, two thirds of two: 2.
    with_commission(&mut stage.world.definition, |it| it.recusal = Recusal::LowersQuorum);
    assert_eq!(refused(&stage), RefusalCode::QuorumMissing);
    let stage = stage.then(&member(2), vote(Vote::For)).then(&member(3), vote(Vote::For));
    assert!(stage.ask(&board(), &act("approved")).is_ok());
    let over = stage.ask(&member(4), &vote(Vote::For)).unwrap_err();
    assert_eq!(over.code, RefusalCode::SeatsTaken, "no substitute sits on a seat that is empty");
}

/// (seats, quorum, recused) and what is counted where a recusal lowers the quorum.
#[test]
fn a_lowered_quorum_is_the_same_share_of_the_seats_that_remain() {
    let mut definition = support::stage::licence();
    let table = [
        ((5, 3, 0), (5, 3)),
        ((5, 3, 1), (4, 3)),
        ((5, 3, 2), (3, 2)),
        ((5, 5, 2), (3, 3)),
        ((5, 3, 4), (1, 1)),
        ((5, 3, 5), (0, 1)),
        ((5, 3, 9), (0, 1)),
        ((9, 5, 1), (8, 5)),
    ];
    with_commission(&mut definition, |commission| {
        for ((seats, quorum, recused), expected) in table {
            (commission.seats, commission.quorum) = (seats, quorum);
            commission.recusal = Recusal::LowersQuorum;
            let counted = commission.counted(recused);
            assert_eq!((counted.seats, counted.quorum), expected, "{seats} {quorum} {recused}");
            commission.recusal = Recusal::KeepsQuorum;
            let counted = commission.counted(recused);
            assert_eq!((counted.seats, counted.quorum), (seats, quorum));
        }
        commission.majority = Majority::Absolute;
    });
}

#[test]
fn every_action_of_a_commission_is_decided_in_a_sitting_by_a_quorum() {
    let back = |mut stage: Stage| {
        let step = &mut stage.world.definition.steps["sitting"];
        let mut back = step.actions["approved"].clone();
        back.to = "intake".into();
        step.actions.insert("back".into(), back);
        stage
    };
    let code = |stage: &Stage| stage.ask(&board(), &act("back")).map_err(|refusal| refusal.code);
    let stage = back(Stage::new().sitting());
    assert_eq!(code(&stage), Err(RefusalCode::QuorumMissing));
    let stage = back(Stage::sitting_in(mondays()));
    assert_eq!(code(&stage), Err(RefusalCode::NotOnAgenda));
    let stage = stage.then(&board(), put_on(1)).on("2025-02-10 09:00").after(held("7"));
    assert_eq!(code(&stage), Err(RefusalCode::QuorumMissing));
    let stage = stage.then(&member(1), vote(Vote::Against)).then(&member(2), vote(Vote::Against));
    assert!(stage.ask(&board(), &act("back")).is_ok(), "whatever the majority is");
}

// ---- the early warning: the step's deadline is 2025-02-11 (10 d), the statutory 2025-03-03 ----

const STEP: u32 = 4;

#[test]
fn nobody_is_warned_while_a_sitting_has_room_and_everybody_once_none_has() {
    let stage = Stage::sitting_in(mondays());
    let (_, deadline) = (STEP, stage.case.clock(STEP).unwrap().deadline.unwrap());
    assert_eq!(deadline, at("2025-02-11 14:30"));
    // Before the warning's instant nothing has to be looked at.
    assert_eq!(due(&stage), Some(at("2025-02-06 14:30")));
    // The agenda of the first sitting has closed the day before: no sitting is left.
    let stage = stage.on("2025-02-06 14:30");
    let decided = ticked(&stage);
    let slot = |sits, closes| Slot { at: at(sits), closes_at: at(closes) };
    // By the definition's 2 wd, from Thursday on: Monday the 10th, or Tuesday.
    let needed = ExtraSitting {
        earliest: slot("2025-02-10 09:00", "2025-02-08 14:30"),
        latest: slot("2025-02-11 09:00", "2025-02-09 14:30"),
    };
    assert_eq!(lacking(&decided.events), [(STEP, deadline, Some(needed))]);
    let Fact::SittingLacking { tell, .. } = &decided.events[0].fact else { panic!() };
    let roles: Vec<_> = tell
        .iter()
        .map(|told| match &told.to {
            Recipient::Holders { role, unit } => (role.as_str(), unit.as_str()),
            Recipient::Person(_) => panic!("nobody holds the task"),
        })
        .collect();
    assert_eq!(roles, [("board", "23"), ("head", "2301")]);
    // Once for each deadline: the next to be looked at is the statutory one.
    assert_eq!(decided.next_due, Some(at("2025-02-26 14:30")));
    let stage = Stage { case: decided.case, ..stage };
    assert_eq!(ticked(&stage).events, []);
}

#[test]
fn what_fits_is_looked_at_again_every_working_day_until_the_case_has_a_place() {
    let mut all = mondays();
    all[0].closes_at = at("2025-02-09 14:30");
    let stage = Stage::sitting_in(all).on("2025-02-06 14:30");
    // A Thursday: the next working day ends on Saturday.
    assert_eq!(ticked(&stage).next_due, Some(at("2025-02-08 14:30")));
    // On Sunday only the cut-off is nearer than the next close of business.
    let stage = stage.on("2025-02-09 10:00");
    assert_eq!(ticked(&stage).next_due, Some(at("2025-02-09 14:30:00.000001")));
    let full = Stage { case: stage.case.clone(), world: stage.world, now: stage.now };
    let full = full.after(|all| all[0].taken = 1);
    assert_eq!(lacking(&ticked(&full).events).len(), 1, "others have taken its only place");
    // With a place, nothing is looked for before the statutory clock.
    let stage = full.after(|all| all[0].taken = 0).then(&board(), put_on(1));
    assert_eq!(due(&stage), Some(at("2025-02-26 14:30")));
}

#[test]
fn a_sitting_after_the_deadline_or_cancelled_does_not_count() {
    let stage = Stage::sitting_in(vec![planned(2, "2025-02-17 09:00", "2025-02-12 14:30", 2)]);
    let stage = stage.then(&board(), put_on(2)).on("2025-02-06 14:30");
    assert_eq!(lacking(&ticked(&stage).events).len(), 1, "on an agenda, but after the deadline");
    let mut all = mondays();
    all[0].closes_at = at("2025-02-09 14:30");
    let stage = Stage::sitting_in(all).then(&board(), put_on(1)).on("2025-02-06 14:30");
    assert_eq!(ticked(&stage).events, []);
    let stage = stage.after(|all| cancelled(all, 0));
    assert_eq!(facts(&ticked(&stage).events), ["taken_off_agenda", "sitting_lacking"]);
}

#[test]
fn an_extension_moves_the_deadline_and_may_bring_a_sitting_within_reach() {
    let rule = |definition: &mut parvaneh_core::Definition| {
        support::stage::sits(definition);
        definition.steps["sitting"].extension = definition.statutory.extension.clone();
        definition.steps["sitting"].extension.as_mut().unwrap().up_to = Term::days(9);
    };
    let mut stage = Stage::with(rule, compiled(office_hours()));
    stage.world.sittings = mondays();
    let stage = stage.sitting().on("2025-02-06 14:30");
    let warned = ticked(&stage);
    assert_eq!(lacking(&warned.events).len(), 1);
    // Nine days more: the sitting of the 17th is in time.
    let stage = Stage { case: warned.case, ..stage }.then(&board(), extend(STEP, "9 d"));
    assert_eq!(stage.case.clock(STEP).unwrap().deadline, Some(at("2025-02-22 14:30")));
    let stage = stage.on("2025-02-12 14:30").tick();
    assert_eq!(stage.case.hearing.told.len(), 1);
    // It fills up: the new deadline has a warning of its own.
    let stage = stage.on("2025-02-17 14:30").after(|all| all[1].taken = 2);
    let again = ticked(&stage);
    let clocks: Vec<_> = lacking(&again.events).iter().map(|told| (told.0, told.1)).collect();
    assert_eq!(clocks, [(STEP, at("2025-02-22 14:30"))]);
}

#[test]
fn nobody_is_warned_while_the_clocks_are_suspended() {
    let stage = Stage::sitting_in(Vec::new()).on("2025-02-04 10:00").then(&head(), suspend());
    let stage = stage.on("2025-02-10 10:00");
    assert_eq!(ticked(&stage).events, []);
    assert_eq!(due(&stage), None);
    let stage = stage.then(&head(), resume());
    let deadline = stage.case.clock(STEP).unwrap().deadline.unwrap();
    assert!(deadline > at("2025-02-15 00:00"), "{deadline}");
    assert_eq!(stage.case.hearing.told, [], "the new deadline is more than 5 days away");
}

#[test]
fn sittings_that_were_not_read_are_looked_at_at_once_and_nothing_is_said_of_them() {
    let stage = Stage::sitting_in(Vec::new()).on("2025-02-06 14:30");
    let caller = Caller::System;
    let ctx =
        parvaneh_core::Context { sittings: None, ..stage.world.context(&caller, None, stage.now) };
    let decided = decide(&ctx, &stage.case, &Command::Tick).unwrap();
    assert_eq!(decided.events, []);
    assert_eq!(decided.next_due, Some(at("2025-02-06 14:30:00.000001")));
}

#[test]
fn taken_off_a_case_can_be_put_on_again() {
    let stage = Stage::sitting_in(mondays()).then(&board(), put_on(1)).then(&board(), take_off());
    assert_eq!(stage.case.hearing.on_agenda, None);
    assert!(stage.ask(&board(), &put_on(1)).is_ok());
}

// ---- extra sittings, allotment, series ----

fn with_holiday() -> Calendars {
    let mut source = office_hours();
    source.add_holiday(holiday(Scope::Nation, date("2025-02-10")));
    compiled(source)
}

/// When an extra sitting can be at the earliest and at the latest.
type FirstAndLast = Option<(&'static str, &'static str)>;

/// (now, deadline, cut-off, the usual hour) and the first and last that would do.
#[test]
fn an_extra_sitting_is_on_a_working_day_at_the_usual_hour() {
    let calendars = with_holiday();
    let calendar = calendars.national();
    let table: &[(&str, &str, &str, &str, FirstAndLast)] = &[
        // Monday the 10th is a holiday.
        (
            "2025-02-08 08:00",
            "2025-02-10 14:30",
            "0 d",
            "09:00",
            Some(("2025-02-08 09:00", "2025-02-09 09:00")),
        ),
        (
            "2025-02-08 08:00",
            "2025-02-12 14:30",
            "2 wd",
            "09:00",
            Some(("2025-02-11 09:00", "2025-02-12 09:00")),
        ),
        // Too late for the usual hour, but not for the opening.
        (
            "2025-02-08 08:00",
            "2025-02-11 08:00",
            "1 wd",
            "09:00",
            Some(("2025-02-09 09:00", "2025-02-11 07:30")),
        ),
        // The usual hour is none of office hours.
        (
            "2025-02-08 08:00",
            "2025-02-09 14:30",
            "1 wd",
            "18:00",
            Some(("2025-02-09 07:30", "2025-02-09 07:30")),
        ),
        // Thursday and Friday are free.
        ("2025-02-12 15:00", "2025-02-14 14:30", "0 d", "09:00", None),
        ("2025-02-08 08:00", "2025-02-09 14:30", "5 wd", "09:00", None),
        ("2025-02-08 08:00", "2025-02-07 14:30", "0 d", "09:00", None),
    ];
    for (now, deadline, cut_off, usual, expected) in table {
        let usual = usual.parse().ok();
        let found = extra(calendar, at(now), at(deadline), cut_off.parse().unwrap(), usual);
        let found = found.map(|found| (found.earliest.at, found.latest.at));
        let expected = expected.map(|(first, last)| (at(first), at(last)));
        assert_eq!(found, expected, "{now} {deadline} {cut_off}");
    }
}

#[test]
fn places_go_to_the_nearest_deadlines_first() {
    let waiting = |number: u128, deadline: &str| Waiting {
        case: parvaneh_core::CaseId(uuid::Uuid::from_u128(number)),
        deadline: Some(at(deadline)),
        on_agenda: None,
    };
    let all = mondays();
    let cases = vec![
        waiting(1, "2025-02-20 14:30"),
        waiting(2, "2025-02-11 14:30"),
        waiting(3, "2025-02-11 14:30"),
        waiting(4, "2025-02-18 14:30"),
        waiting(5, "2025-02-19 14:30"),
    ];
    let lots = allot(at("2025-02-03 10:00"), &all, cases);
    let places: Vec<_> = lots.iter().map(|lot| (lot.case.case.0.as_u128(), lot.place)).collect();
    use sitting::Place::{Fits, Lacking};
    let (first, second) = (all[0].id, all[1].id);
    assert_eq!(
        places,
        [(2, Fits(first)), (3, Lacking), (4, Fits(second)), (5, Fits(second)), (1, Lacking)]
    );
}

#[test]
fn extra_sittings_are_as_few_as_will_do() {
    let slot = |sits: &str| Slot { at: at(sits), closes_at: at(sits) };
    let window =
        |first: &str, last: &str| ExtraSitting { earliest: slot(first), latest: slot(last) };
    let windows = [
        window("2025-02-03 09:00", "2025-02-11 09:00"),
        window("2025-02-03 09:00", "2025-02-05 09:00"),
        window("2025-02-08 09:00", "2025-02-12 09:00"),
    ];
    let found = needed(windows, 10);
    let found: Vec<_> = found.iter().map(|it| (it.slot.at, it.cases)).collect();
    assert_eq!(found, [(at("2025-02-05 09:00"), 2), (at("2025-02-12 09:00"), 1)]);
    let found = needed(windows, 1);
    assert_eq!(found.iter().map(|it| it.cases).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn a_series_is_every_so_many_weeks_and_tells_what_the_calendar_says() {
    let calendars = with_holiday();
    let calendar = calendars.national();
    let series = Series {
        weekday: chrono::Weekday::Mon,
        time: "10:00".parse().unwrap(),
        weeks: 2,
        from: date("2025-01-25"),
        until: date("2025-03-01"),
    };
    let instants = series.instants(calendar).unwrap();
    let expected = ["2025-01-27 10:00", "2025-02-10 10:00", "2025-02-24 10:00"].map(at);
    assert_eq!(instants, expected);
    let cut_off = Term::working_days(2);
    let planned: Vec<_> =
        instants.iter().map(|at| sitting::plan(calendar, *at, cut_off).unwrap()).collect();
    assert!(planned[0].closed.is_none() && planned[2].closed.is_none());
    assert!(matches!(&planned[1].closed, Some(Closed::Day { why }) if why.len() == 1));
    assert_eq!(planned[2].closes_at, at("2025-02-22 14:30"), "Sunday and Saturday lie between");
    let evening = sitting::plan(calendar, at("2025-02-24 18:00"), cut_off).unwrap();
    assert_eq!(evening.closed, Some(Closed::Hours));
    let none = Series { until: date("2025-01-26"), ..series.clone() };
    assert!(matches!(none.instants(calendar), Err(SeriesError::Empty { .. })));
    let long = Series { weeks: 1, until: date("2030-01-01"), ..series };
    assert_eq!(long.instants(calendar), Err(SeriesError::TooLong));
}

proptest! {
    /// A proposed sitting always sits at or before the deadline, in office hours, and its agenda is
    /// not closed yet; and no day earlier or later would do.
    #[test]
    fn a_proposed_sitting_always_does(
        start in 0_i64..60 * 24,
        length in 0_i64..40 * 24 * 60,
        cut_off in 0_u32..6,
        unit in prop::sample::select(vec!["wd", "d", "h", "wh"]),
        hour in 0_u32..24,
    ) {
        let calendars = with_holiday();
        let calendar = calendars.national();
        let now = at("2025-01-04 00:00") + chrono::TimeDelta::hours(start);
        let deadline = now + chrono::TimeDelta::minutes(length);
        let cut_off: Term = format!("{cut_off} {unit}").parse().unwrap();
        let usual = chrono::NaiveTime::from_hms_opt(hour, 0, 0);
        if let Some(found) = extra(calendar, now, deadline, cut_off, usual) {
            for slot in [found.earliest, found.latest] {
                prop_assert!(now <= slot.closes_at && slot.closes_at <= slot.at);
                prop_assert!(slot.at <= deadline);
                let planned = sitting::plan(calendar, slot.at, cut_off).unwrap();
                prop_assert_eq!(planned.closes_at, slot.closes_at);
                prop_assert!(planned.closed.is_none());
                let proposed = Sitting {
                    closes_at: slot.closes_at, at: slot.at, ..mondays().remove(0)
                };
                prop_assert!(sitting::fits(&[proposed], now, deadline).is_some());
            }
            prop_assert!(found.earliest <= found.latest);
        }
    }

    /// Whatever happens to sittings and clocks, nobody is warned twice of one deadline, never after
    /// it, never while a sitting fits; and the case stays the fold of its events.
    #[test]
    fn one_warning_for_each_deadline(
        doings in prop::collection::vec((0_u8..9, 1_i64..40), 1..40),
    ) {
        let mut stage = Stage::sitting_in(mondays());
        let mut told = std::collections::BTreeSet::new();
        for (doing, hours) in doings {
            stage.now += chrono::TimeDelta::hours(hours);
            let who = board();
            let (who, command) = match doing {
                0 => (who, put_on(1)),
                1 => (who, put_on(2)),
                2 => (who, take_off()),
                3 => (head(), suspend()),
                4 => (head(), resume()),
                5 => (who, extend(STATUTORY, "3 d")),
                6 => { stage = stage.after(|all| cancelled(all, 1)); (who, take_off()) }
                7 => { stage = stage.after(|all| all[0].taken = 1 - all[0].taken); (who, put_on(1)) }
                _ => (who, put_on(2)),
            };
            let before = stage.case.clone();
            let Ok(decided) = stage.ask(&who, &command).or_else(|_| {
                let ctx = stage.world.context(&Caller::System, None, stage.now);
                decide(&ctx, &before, &Command::Tick)
            }) else { continue };
            let mut folded = before;
            for event in &decided.events {
                if let Fact::SittingLacking { clock, deadline, .. } = event.fact {
                    prop_assert!(told.insert((clock, deadline)), "told twice of {deadline}");
                    prop_assert!(event.effective_at < deadline);
                    prop_assert!(sitting::fits(&stage.world.sittings, stage.now, deadline).is_none());
                }
                parvaneh_core::evolve(&mut folded, event);
            }
            prop_assert_eq!(&folded, &decided.case);
            prop_assert!(decided.next_due.is_none_or(|due| due > stage.now));
            prop_assert_eq!(decided.case.id, case_id());
            stage.case = decided.case;
            if stage.case.is_ended() { break }
        }
    }
}
