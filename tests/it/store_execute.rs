//! The one write path: what one caller sees.

use chrono::TimeDelta;
use parvaneh_core::{
    Case, Command, Event, RefusalCode,
    timeline::{GENESIS, chain},
};
use parvaneh_store::{Ask, ExecuteError, Request};
use sqlx::{Connection, PgConnection, Row};

use crate::store_fixture::{
    Office, act, applicant, comment, holder, new_case, open_request, workflow,
};

/// Whether every stored case is the fold of its stored events, the events have no gap, the chain
/// of hashes holds, and the open tasks on the worklist are those of the case.
pub(crate) async fn assert_sound(connection: &mut PgConnection) {
    let rows = sqlx::query("select id, seq, head_hash, state::text, next_due_at from cases")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    for row in rows {
        let id: uuid::Uuid = row.get(0);
        let events = sqlx::query(
            "select seq, body::text, hash from case_events where case_id = $1 order by seq",
        )
        .bind(id)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let mut head = GENESIS;
        let mut folded: Option<Case> = None;
        for (place, event) in events.iter().enumerate() {
            assert_eq!(event.get::<i32, _>(0), place as i32 + 1, "a gap in {id}");
            let body: &str = event.get(1);
            head = chain(&head, body.as_bytes());
            assert_eq!(event.get::<[u8; 32], _>(2), head, "the chain of {id}");
            let event: Event = serde_json::from_str(body).unwrap();
            match &mut folded {
                None => folded = Case::opened(&event),
                Some(case) => parvaneh_core::evolve(case, &event),
            }
        }
        let stored: Case = serde_json::from_str(row.get(3)).unwrap();
        assert_eq!(Some(&stored), folded.as_ref(), "{id} is not the fold of its events");
        assert_eq!(row.get::<i32, _>(1), stored.seq as i32);
        assert_eq!(row.get::<[u8; 32], _>(2), head);
        let open: Vec<i32> = sqlx::query_scalar(
            "select no from tasks where case_id = $1 and closed_at is null order by no",
        )
        .bind(id)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let mut tasks: Vec<i32> = stored.tasks.iter().map(|task| task.no as i32).collect();
        tasks.sort_unstable();
        assert_eq!(open, tasks, "the open tasks of {id}");
    }
}

fn code<T: std::fmt::Debug>(verdict: Result<T, ExecuteError>) -> &'static str {
    verdict.expect_err("an error").code()
}

#[tokio::test]
async fn a_case_opens_moves_and_escalates() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    assert_eq!(case.seq, 1);
    office.does("county_officer", case.id, Command::Claim { task: 1 }).await.unwrap();
    assert_eq!(office.store.tick_due(100).await.unwrap().claimed, 0, "nothing is due yet");
    office.advance(TimeDelta::days(10)).await;
    let ticked = office.store.tick_due(100).await.unwrap();
    assert_eq!((ticked.claimed, ticked.done.len(), ticked.parked.len()), (1, 1, 0));
    assert!(ticked.done[0].events.len() >= 3, "{ticked:?}");
    assert_eq!(office.store.tick_due(100).await.unwrap().claimed, 0, "a tick is idempotent");
    let moved = office.does("county_head", case.id, act("accept")).await.unwrap();
    assert_eq!(moved.case.place.name().as_str(), "inquiries");
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test]
async fn what_time_has_caused_is_recorded_before_a_command() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    office.advance(TimeDelta::days(15)).await;
    let done = office.does("county_head", case.id, comment("seen")).await.unwrap();
    let kinds: Vec<_> = done.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["escalated", "escalated", "escalated", "escalated", "commented"]);
    let at = office.store.now().await.unwrap();
    assert!(done.events.iter().all(|event| event.recorded_at == at && event.effective_at <= at));
    let fired: i64 = sqlx::query_scalar("select count(*) from escalations")
        .fetch_one(&mut office.as_admin().await)
        .await
        .unwrap();
    assert_eq!(fired, 4);
}

#[tokio::test]
async fn refusals_are_the_cores() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    let refused = office.does("agency.police", case.id, act("accept")).await;
    let Err(ExecuteError::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!((refusal.code, refusal.state.as_str()), (RefusalCode::NotPermitted, "reception"));
    assert_eq!(code(office.does("county_head", new_case(), act("accept")).await), "no_such_case");
    assert_eq!(code(office.store.execute(open_request(case.id)).await), "case_exists");
    let stale = Request::command(holder("county_head"), case.id, comment("?")).expecting(7);
    assert_eq!(code(office.store.execute(stale).await), "conflict");
    let ticking = Request::command(holder("county_head"), case.id, Command::Tick);
    assert_eq!(code(office.store.execute(ticking).await), "not_permitted");
}

#[tokio::test]
async fn no_case_is_opened_by_a_retired_version_and_running_ones_go_on() {
    let office = Office::sandbox().await;
    let by_the_first = || {
        let mut request = open_request(new_case());
        if let Ask::Open { version, .. } = &mut request.ask {
            *version = Some(1);
        }
        request
    };
    let running = office.store.execute(by_the_first()).await.unwrap().case.id;
    let retired = office.store.set_retired(&workflow(), 1, true).await.unwrap();
    assert!(retired.is_some());
    assert_eq!(code(office.store.execute(by_the_first()).await), "definition_retired");
    let latest = office.store.execute(open_request(new_case())).await;
    assert_eq!(code(latest), "no_such_definition");
    office.does("county_officer", running, Command::Claim { task: 1 }).await.unwrap();
    assert_eq!(office.store.definitions().await.unwrap()[0].running, 1);

    assert_eq!(office.store.set_retired(&workflow(), 1, false).await.unwrap(), None);
    office.store.execute(by_the_first()).await.unwrap();
    // What a version says is nothing that the application could change.
    let options = office.database.app_options();
    let mut app = PgConnection::connect_with(&options).await.unwrap();
    let changed = sqlx::query("update definitions set source = ''").execute(&mut app).await;
    let code = changed.unwrap_err().as_database_error().and_then(|it| it.code().map(String::from));
    assert_eq!(code.as_deref(), Some("42501"));
}

#[tokio::test]
async fn rights_are_those_of_the_moment() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    let officer = office.store.person(holder("county_officer")).await.unwrap().unwrap();
    let grant = officer.grants[0].clone();
    assert!(office.store.revoke(officer.id, grant.clone()).await.unwrap());
    let refused = office.does("county_officer", case.id, Command::Claim { task: 1 }).await;
    assert_eq!(code(refused), "not_permitted");
    let assign = Command::Assign { task: 1, to: officer.id, reason: None, urgency: None };
    let refused = office.does("county_head", case.id, assign.clone()).await;
    assert_eq!(code(refused), "assignee_not_eligible");
    office.store.grant(vec![(officer.id, grant)]).await.unwrap();
    let assigned = office.does("county_head", case.id, assign).await.unwrap();
    assert_eq!(assigned.case.tasks[0].assignee, Some(officer.id));
}

#[tokio::test]
async fn a_repeat_gets_the_same_answer_and_changes_nothing() {
    let office = Office::sandbox().await;
    let id = new_case();
    let opening = open_request(id).with_key("one");
    let first = office.store.execute(opening.clone()).await.unwrap();
    let remark = Request::command(applicant(), id, comment("please")).with_key("two");
    let second = office.store.execute(remark.clone()).await.unwrap();
    office.does("county_officer", id, Command::Claim { task: 1 }).await.unwrap();

    for (request, answer) in [(opening, &first), (remark, &second)] {
        let again = office.store.execute(request).await.unwrap();
        assert!(again.repeated && !answer.repeated);
        assert_eq!((&again.case, &again.events), (&answer.case, &answer.events));
    }
    let other = Request::command(applicant(), id, comment("now")).with_key("two");
    assert_eq!(code(office.store.execute(other).await), "idempotency_key_reused");
    // The key is the applicant's own.
    let officer = Request::command(holder("county_head"), id, comment("now")).with_key("two");
    assert!(!office.store.execute(officer).await.unwrap().repeated);
    let empty = Request::command(applicant(), id, comment("now")).with_key("");
    assert_eq!(code(office.store.execute(empty).await), "idempotency_key_invalid");
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test]
async fn a_repeat_of_what_changed_nothing_changes_nothing_later_either() {
    let office = Office::sandbox().await;
    let case = office.opened().await;
    office.does("county_officer", case.id, Command::Claim { task: 1 }).await.unwrap();
    // A claim of what one has already makes no event, but its key is kept.
    let claim = Request::command(holder("county_officer"), case.id, Command::Claim { task: 1 });
    let claim = claim.with_key("claim");
    assert!(office.store.execute(claim.clone()).await.unwrap().events.is_empty());
    let release = Command::Release { task: 1, reason: None };
    office.does("county_officer", case.id, release).await.unwrap();
    let again = office.store.execute(claim).await.unwrap();
    assert!(again.repeated && again.events.is_empty());
    assert_eq!(office.store.person(holder("nobody")).await.unwrap(), None);
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test]
async fn each_request_of_a_batch_has_its_own_verdict() {
    let office = Office::sandbox().await;
    let (one, two) = (office.opened().await.id, office.opened().await.id);
    let officer = holder("county_officer");
    let requests = vec![
        Request::command(officer, one, Command::Claim { task: 1 }),
        Request::command(officer, one, act("accept")),
        Request::command(officer, two, act("no such action")),
        Request::command(officer, new_case(), act("accept")),
        Request::command(officer, two, act("accept")),
    ];
    let verdicts = office.store.execute_batch(requests).await;
    let said: Vec<_> = verdicts
        .iter()
        .map(|verdict| verdict.as_ref().map_or_else(|e| e.code(), |_| "done"))
        .collect();
    assert_eq!(said, ["done", "done", "unknown_action", "no_such_case", "done"]);
    assert_sound(&mut office.as_admin().await).await;
}
