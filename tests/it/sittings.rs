//! Sittings in a real database: places are never given twice, and cancelled ones put cases back.

use chrono::{DateTime, TimeDelta, Utc};
use parvaneh_core::{
    CaseId, Command, Fact, Open, PersonId, SittingId, UnitId, WorkflowId, event::Vote,
    sitting::Place,
};
use parvaneh_store::{
    Ask, ExecuteError, NewSittings, Request, Requester, SittingsQuery, Store, StoreError,
};

use crate::store_fixture::{COUNTY, Office, PROVINCE, act, applicant, holder, new_case, start};

pub(crate) const HEARING: &str = "
workflow: hearing
version: 1
title: { fa: رسیدگی, en: Hearing }
opens_at: county
calendar: ir
statutory: { term: 30 d, starts: opened, basis: assumption }
roles:
  county_officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open] }
  secretariat: { at: province, title: { fa: دبیرخانه, en: Secretariat } }
  commission_member: { at: province, title: { fa: عضو, en: Member } }
  provincial_director: { at: province, title: { fa: مدیرکل, en: Director } }
steps:
  intake:
    title: { fa: پذیرش, en: Intake }
    owner: county_officer
    term: 2 wd
    basis: assumption
    actions:
      accept: { title: { fa: تأیید, en: Accept }, to: commission }
  commission:
    title: { fa: کمیسیون, en: Commission }
    owner: secretariat
    term: 20 d
    basis: assumption
    commission:
      members: commission_member
      seats: 3
      quorum: 2
      majority: simple
      sittings: { cut_off: 1 wd, warn: 10 d, tell: provincial_director, adjourn: [no_quorum, tie] }
    when: { approved: granted, rejected: { to: refused, needs: [reason, citation] } }
ends:
  granted: { title: { fa: صدور, en: Granted }, decision: yes, outcome: granted }
  refused: { title: { fa: رد, en: Refused }, decision: yes, outcome: refused }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

async fn office() -> Office {
    let office = Office::sandbox().await;
    office.store.publish_definition(&WorkflowId::from("hearing"), 1, HEARING).await.unwrap();
    office
}

#[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
fn new_sitting() -> SittingId {
    SittingId(uuid::Uuid::now_v7())
}

/// A case that waits for the commission.
pub(crate) async fn waiting(store: &Store) -> CaseId {
    let case = new_case();
    let application = Open {
        case,
        unit: UnitId::from(COUNTY),
        applicant: applicant(),
        subject: "انجمن یاری کودکان".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: parvaneh_core::Given::default(),
    };
    let ask = Ask::Open { workflow: "hearing".into(), version: None, application };
    let by = Requester::Person(applicant());
    store.execute(Request::new(by, ask)).await.unwrap();
    let accepted = Request::command(holder("county_officer"), case, act("accept"));
    store.execute(accepted).await.unwrap();
    case
}

fn sittings(at: &[DateTime<Utc>], capacity: u32) -> NewSittings {
    NewSittings {
        unit: UnitId::from(PROVINCE),
        members: "commission_member".into(),
        sittings: at.iter().map(|at| (new_sitting(), *at)).collect(),
        cut_off: None,
        place: "تالار یک".to_owned(),
        capacity,
        skip_closed: false,
    }
}

fn secretary() -> PersonId {
    holder("secretariat")
}

pub(crate) async fn plan(store: &Store, at: DateTime<Utc>, capacity: u32) -> SittingId {
    let planned = store.plan_sittings(secretary(), sittings(&[at], capacity)).await.unwrap();
    planned[0].sitting.id
}

pub(crate) async fn put_on(
    store: &Store,
    case: CaseId,
    sitting: SittingId,
) -> Result<parvaneh_store::Executed, ExecuteError> {
    store.execute(Request::command(secretary(), case, Command::PutOnAgenda { sitting })).await
}

async fn taken(store: &Store, sitting: SittingId) -> u32 {
    store.sitting(sitting).await.unwrap().sitting.taken
}

/// The Tuesday ten days later, ten o'clock in Tehran.
fn tuesday() -> DateTime<Utc> {
    start() + TimeDelta::days(10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_never_overfill_a_sitting_and_lose_no_place() {
    let office = office().await;
    let (small, large) = (
        plan(&office.store, tuesday(), 5).await,
        plan(&office.store, tuesday() + TimeDelta::days(7), 100).await,
    );
    let mut cases = Vec::new();
    for _ in 0..32 {
        cases.push(waiting(&office.store).await);
    }
    // Two programs, each with its own lanes.
    let stores = [office.store.clone(), office.another().await];
    let mut writers = Vec::new();
    for writer in 0..16 {
        let store = stores[writer % 2].clone();
        let own: Vec<CaseId> = cases.iter().skip(writer).step_by(16).copied().collect();
        writers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            for round in 0..6 {
                for case in &own {
                    let answer = put_on(&store, *case, small).await;
                    match &answer {
                        Ok(_) => {}
                        Err(error) => assert_eq!(error.code(), "sitting_full", "{error}"),
                    }
                    // Some give their place back, by taking the case off or by moving it.
                    if answer.is_ok() && round < 5 {
                        match (round + writer) % 3 {
                            0 => drop(put_on(&store, *case, large).await.unwrap()),
                            1 => {
                                let reason = "papers are missing".to_owned();
                                let off = Command::TakeOffAgenda { reason };
                                let off = Request::command(secretary(), *case, off);
                                store.execute(off).await.unwrap();
                            }
                            _ => {}
                        }
                    }
                    done.push(answer.is_ok());
                }
            }
            done.into_iter().filter(|done| *done).count()
        }));
    }
    let mut put = 0;
    for writer in writers {
        put += writer.await.unwrap();
    }
    assert!(put >= 5, "{put}");
    // No place is lost: who asks at the end gets what is left.
    for case in &cases {
        let _ = put_on(&office.store, *case, small).await;
    }
    let mut on = [0, 0];
    for case in &cases {
        let state = office.store.case(*case).await.unwrap();
        let agenda = state.hearing.on_agenda.map(|on| on.sitting);
        on[0] += u32::from(agenda == Some(small));
        on[1] += u32::from(agenda == Some(large));
    }
    assert_eq!(on[0], 5, "every place is taken, and none twice");
    assert_eq!([taken(&office.store, small).await, taken(&office.store, large).await], on);
    let agenda = office.store.agenda(small).await.unwrap();
    let open = agenda.iter().filter(|item| item.outcome.is_none()).count();
    assert_eq!(open, 5);
}

#[tokio::test]
async fn a_cancelled_sitting_puts_its_cases_back_and_who_waits_is_warned() {
    let office = office().await;
    let store = &office.store;
    let sitting = plan(store, tuesday(), 3).await;
    let (first, second) = (waiting(store).await, waiting(store).await);
    put_on(store, first, sitting).await.unwrap();
    put_on(store, second, sitting).await.unwrap();
    // The step's deadline is 20 days away, so that nobody is warned yet.
    store.tick_due(100).await.unwrap();
    assert_eq!(taken(store, sitting).await, 2);
    // Whoever does not own the commission has no right to its sittings.
    let refused = store.cancel_sitting(holder("county_officer"), sitting, "rain").await;
    assert!(matches!(&refused, Err(error) if error.code() == "not_permitted"), "{refused:?}");
    let settled = store.cancel_sitting(secretary(), sitting, "no heating").await.unwrap();
    assert_eq!((settled.put_back, settled.failed), (2, 0));
    assert_eq!(taken(store, sitting).await, 0);
    for case in [first, second] {
        assert_eq!(store.case(case).await.unwrap().hearing.on_agenda, None);
    }
    let again = store.cancel_sitting(secretary(), sitting, "no heating").await;
    assert!(matches!(&again, Err(error) if error.code() == "sitting_over"), "{again:?}");
    assert_eq!(put_on(store, first, sitting).await.unwrap_err().code(), "unknown_sitting");
    // Ten days before the step's deadline the secretariat is told, and the director, once.
    let deadline = store.case(first).await.unwrap().hearing_deadline(start()).unwrap();
    let until = deadline - TimeDelta::days(10) - start();
    office.advance(until).await;
    let ticked = store.tick_due(100).await.unwrap();
    let lacking: Vec<_> = ticked
        .done
        .iter()
        .flat_map(|done| &done.events)
        .filter_map(|event| match &event.fact {
            Fact::SittingLacking { deadline, extra, tell, .. } => {
                Some((*deadline, extra.is_some(), tell.len()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(lacking, [(deadline, true, 2); 2]);
    assert_eq!(store.tick_due(100).await.unwrap().done.len(), 0);
    store.deliver_outbox(100).await.unwrap();
    for who in ["secretariat", "provincial_director"] {
        let notices = store.notices(holder(who), false, 10).await.unwrap();
        assert_eq!(notices.len(), 2, "{who}: {notices:?}");
    }
    // The room report proposes one extra sitting for both.
    let rooms = store.room(Some(&UnitId::from(PROVINCE)), None, None).await.unwrap();
    let [room] = &rooms[..] else { panic!("{rooms:?}") };
    assert!(room.cases.iter().all(|case| case.lot.place == Place::Lacking), "{room:?}");
    let [needed] = &room.extra[..] else { panic!("{room:?}") };
    assert_eq!(needed.cases, 2);
    assert!(needed.slot.at <= deadline);
    let extra = plan(store, needed.slot.at, 2).await;
    for case in [first, second] {
        put_on(store, case, extra).await.unwrap();
    }
    let rooms = store.room(None, None, None).await.unwrap();
    assert!(rooms[0].cases.iter().all(|case| case.lot.place == Place::OnAgenda(extra)));
    assert!(rooms[0].extra.is_empty());
}

#[tokio::test]
async fn what_a_killed_program_has_left_is_settled_by_the_next() {
    let office = office().await;
    let store = &office.store;
    let sitting = plan(store, tuesday(), 3).await;
    let case = waiting(store).await;
    put_on(store, case, sitting).await.unwrap();
    // The program dies after the sitting is cancelled, before its case is told.
    sqlx::query(
        "update sittings set state = 'cancelled', reason = 'flood', settled_by = planned_by,
             settled_at = engine_now(), unsettled = true where id = $1",
    )
    .bind(sitting.0)
    .execute(&mut office.as_application().await)
    .await
    .unwrap();
    let settled = store.settle_sittings().await.unwrap();
    assert_eq!((settled.sittings, settled.put_back), (1, 1));
    assert_eq!(store.settle_sittings().await.unwrap(), parvaneh_store::Settled::default());
    assert_eq!(store.case(case).await.unwrap().hearing.on_agenda, None);
    assert_eq!(taken(store, sitting).await, 0);
}

#[tokio::test]
async fn a_sitting_decides_and_its_minutes_stand_in_the_timeline() {
    let office = office().await;
    let store = &office.store;
    let sitting = plan(store, tuesday(), 3).await;
    let (decided, alone, gone) = (waiting(store).await, waiting(store).await, waiting(store).await);
    for case in [decided, alone, gone] {
        put_on(store, case, sitting).await.unwrap();
    }
    let withdraw = Command::Withdraw { reason: None };
    store.execute(Request::command(applicant(), gone, withdraw)).await.unwrap();
    assert_eq!(taken(store, sitting).await, 2, "who leaves gives his place back");
    let early = store.hold_sitting(secretary(), sitting, "12").await;
    assert!(matches!(&early, Err(error) if error.code() == "sitting_ahead"), "{early:?}");
    office.advance(tuesday() - start()).await;
    let vote = |person: &str, case| {
        let vote = Command::Vote { vote: Vote::For, reason: None };
        store.execute(Request::command(holder(person), case, vote))
    };
    vote("commission_member", decided).await.unwrap();
    vote("second_member", decided).await.unwrap();
    vote("second_member", alone).await.unwrap();
    let result = Request::command(secretary(), decided, act("approved"));
    assert_eq!(store.execute(result.clone()).await.unwrap_err().code(), "minutes_missing");
    let held = store.hold_sitting(secretary(), sitting, " 12/1403 ").await.unwrap();
    assert_eq!(held.put_back, 1, "one vote is no quorum");
    let executed = store.execute(result).await.unwrap();
    assert!(executed.case.is_ended());
    let heard = executed.events.iter().find_map(|event| match &event.fact {
        Fact::Acted { heard, .. } => heard.clone(),
        _ => None,
    });
    assert_eq!(heard.unwrap().minutes, "12/1403");
    let outcomes: Vec<_> =
        store.agenda(sitting).await.unwrap().into_iter().map(|item| item.outcome).collect();
    let outcomes: Vec<_> = outcomes.iter().map(|outcome| outcome.as_deref().unwrap()).collect();
    assert_eq!(outcomes, ["approved", "no_quorum", "left"]);
    assert_eq!(taken(store, sitting).await, 1, "a case that was heard has used its place");
    assert_eq!(store.case(alone).await.unwrap().hearing.on_agenda, None);
}

#[tokio::test]
async fn sittings_are_planned_by_whoever_owns_the_commission_and_never_two_at_a_time() {
    let office = office().await;
    let store = &office.store;
    let code = |result: Result<Vec<parvaneh_store::PlannedSitting>, StoreError>| {
        result.map_or_else(|error| error.code(), |_| "planned")
    };
    let other = |unit: &str, members: &str| NewSittings {
        unit: unit.into(),
        members: members.into(),
        ..sittings(&[tuesday()], 5)
    };
    let table = [
        (secretary(), other("23", "county_head"), "unknown_commission"),
        (secretary(), other(COUNTY, "commission_member"), "wrong_unit"),
        (secretary(), other("99", "commission_member"), "wrong_unit"),
        (secretary(), other("08", "commission_member"), "out_of_jurisdiction"),
        (holder("commission_member"), sittings(&[tuesday()], 5), "not_permitted"),
        (secretary(), sittings(&[start()], 5), "sitting_too_soon"),
        (secretary(), sittings(&[tuesday()], 0), "capacity"),
        (
            secretary(),
            NewSittings { place: " ".into(), ..sittings(&[tuesday()], 5) },
            "place_needed",
        ),
        (secretary(), sittings(&[tuesday(), tuesday()], 5), "sitting_exists"),
        (secretary(), sittings(&[tuesday()], 5), "planned"),
        (secretary(), sittings(&[tuesday()], 5), "sitting_exists"),
    ];
    for (who, new, expected) in table {
        assert_eq!(code(store.plan_sittings(who, new.clone()).await), expected, "{new:?}");
    }
    let all = store.sittings(&SittingsQuery::default()).await.unwrap();
    assert_eq!(all.len(), 1, "all or none");
    // After it was cancelled, another can be planned at that time.
    store.cancel_sitting(secretary(), all[0].sitting.id, "rain").await.unwrap();
    assert_eq!(code(store.plan_sittings(secretary(), sittings(&[tuesday()], 5)).await), "planned");
    // Friday is no working day: told, and left out where that is asked for.
    let friday = tuesday() + TimeDelta::days(3);
    let new =
        NewSittings { skip_closed: true, ..sittings(&[friday, friday + TimeDelta::days(4)], 5) };
    let planned = store.plan_sittings(secretary(), new).await.unwrap();
    let told: Vec<_> = planned.iter().map(|it| (it.closed.is_some(), it.planned)).collect();
    assert_eq!(told, [(true, false), (false, true)]);
}

#[tokio::test]
async fn the_database_itself_keeps_sittings_from_being_overfilled() {
    let office = office().await;
    let sitting = plan(&office.store, tuesday(), 2).await;
    let mut connection = office.as_application().await;
    let mut refused = async |sql: &'static str| {
        let error = sqlx::query(sql).bind(sitting.0).execute(&mut connection).await;
        match error.expect_err(sql) {
            sqlx::Error::Database(said) => said.code().unwrap_or_default().into_owned(),
            error => panic!("{error}"),
        }
    };
    assert_eq!(refused("update sittings set taken = 3 where id = $1").await, "23514");
    assert_eq!(refused("update sittings set taken = -1 where id = $1").await, "23514");
    assert_eq!(refused("delete from sittings where id = $1").await, "42501");
    office.store.cancel_sitting(secretary(), sitting, "rain").await.unwrap();
    assert_eq!(refused("update sittings set taken = 1 where id = $1").await, "PV004");
}
