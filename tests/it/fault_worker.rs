//! Workers that are killed in the middle, workers that were away, and cases that were mended.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use parvaneh_core::{Case, CaseId, Command, Event, Fact, Given};
use parvaneh_worker::{Shutdown, WorkerOptions, drain};

use crate::{
    fault_audit::audit,
    fault_process::{WorkerProcess, eventually},
    store_fixture::{Office, act, comment},
};

async fn work(office: &Office) {
    let (_stop, shutdown) = Shutdown::new();
    drain(&office.store, WorkerOptions::default(), &shutdown).await.unwrap();
}

#[tokio::test]
async fn a_worker_killed_between_claim_and_commit_leaves_nothing_claimed() {
    let office = Office::sandbox().await;
    let mut ticked: BTreeMap<CaseId, usize> = BTreeMap::new();
    for _ in 0..5 {
        ticked.insert(office.opened().await.id, 0);
    }
    let worker = WorkerProcess::start(&office.database.app_options()).await.ready().await;
    // While this is open everybody can read and claim, and nobody can write an event.
    let mut gate = office.as_admin().await;
    sqlx::raw_sql("begin; lock table case_events in share mode").execute(&mut gate).await.unwrap();
    office.advance(TimeDelta::days(6)).await;
    let mut admin = office.as_admin().await;
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%written%'";
    eventually("the worker waits at the gate", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut admin).await.unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    let other = office.store.tick_due(100).await.unwrap();
    assert_eq!(other.claimed, 0, "another worker has them all");
    worker.kill().await;
    sqlx::raw_sql("rollback").execute(&mut gate).await.unwrap();

    // Its session writes to its end, finds nobody who would commit, and goes.
    eventually("what it had claimed is free", async || {
        for done in office.store.tick_due(100).await.unwrap().done {
            *ticked.get_mut(&done.case.id).expect("one of them") += 1;
        }
        ticked.values().all(|times| *times > 0).then_some(())
    })
    .await;
    assert!(ticked.values().all(|times| *times == 1), "{ticked:?}");
    let audit = audit(&office.store, &mut admin).await;
    assert_eq!((audit.due.len(), audit.count("escalated")), (0, 5 * 2));
}

#[tokio::test]
async fn what_the_server_cannot_do_parks_no_case() {
    let office = Office::sandbox().await;
    for _ in 0..3 {
        office.opened().await;
    }
    office.advance(TimeDelta::days(6)).await;
    let mut gate = office.as_admin().await;
    sqlx::raw_sql("begin; lock table case_events in share mode").execute(&mut gate).await.unwrap();
    let working = tokio::spawn({
        let store = office.store.clone();
        async move { store.tick_due(100).await }
    });
    // As a timeout would, or an operator.
    let mut admin = office.as_admin().await;
    let cancel = "select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%written%'";
    eventually("the worker waits at the gate, and is stopped", async || {
        sqlx::query(cancel).execute(&mut admin).await.unwrap();
        working.is_finished().then_some(())
    })
    .await;
    assert_eq!(working.await.unwrap().unwrap_err().code(), "database");
    assert_eq!(office.store.parked().await.unwrap(), []);
    sqlx::raw_sql("rollback").execute(&mut gate).await.unwrap();
    assert_eq!(office.store.tick_due(100).await.unwrap().done.len(), 3);
}

fn deadline(case: &Case) -> parvaneh_core::Instant {
    case.tasks[0].clock.as_ref().and_then(|clock| clock.deadline).expect("a running clock")
}

fn last<'a>(timeline: &'a [Event], kind: &str) -> Option<&'a Event> {
    timeline.iter().rfind(|event| event.fact.kind() == kind)
}

#[tokio::test]
async fn after_an_outage_levels_fire_in_order_and_late_silence_is_held() {
    let office = Office::sandbox().await;
    let clock = office.store.sandbox_clock();
    let returned = async || {
        let id = office.opened().await.id;
        let reason = Some("a paper is missing".to_owned());
        let back = Command::Act {
            action: "return".into(),
            reason,
            citation: None,
            given: Given::default(),
        };
        office.does("county_officer", id, back).await.unwrap().case
    };
    // All workers are away for a month: nobody has looked at this one.
    let waiting = office.opened().await.id;
    let prompt = returned().await;
    office.advance(TimeDelta::days(20)).await;
    let late = returned().await;

    // The silence of the first is found within its grace.
    let found = clock.set_frozen(deadline(&prompt) + TimeDelta::days(1)).await.unwrap();
    work(&office).await;
    let seen = audit(&office.store, &mut office.as_admin().await).await;
    let levels: Vec<&Event> =
        seen.timelines[&waiting].iter().filter(|e| e.fact.kind() == "escalated").collect();
    let of_the_task: Vec<_> = levels
        .iter()
        .filter_map(|event| match event.fact {
            Fact::Escalated { clock: 1, level, warning, .. } => Some((level, warning)),
            _ => None,
        })
        .collect();
    assert_eq!(of_the_task, [(0, true), (1, false), (2, false), (3, false)]);
    assert!(levels.is_sorted_by_key(|event| event.effective_at), "in the order of their instants");
    assert!(levels.iter().all(|event| event.recorded_at == found && event.effective_at < found));
    let fired = last(&seen.timelines[&prompt.id], "silence_took_effect").expect("it took effect");
    assert_eq!(fired.effective_at, deadline(&prompt), "it counts from the deadline");
    assert_eq!(fired.recorded_at, found);

    // The second is found when its grace is over: it is held, once, until somebody releases it.
    clock.set_frozen(deadline(&late) + TimeDelta::days(10)).await.unwrap();
    work(&office).await;
    office.advance(TimeDelta::days(3)).await;
    work(&office).await;
    let seen = audit(&office.store, &mut office.as_admin().await).await;
    assert_eq!(last(&seen.timelines[&late.id], "silence_took_effect"), None);
    assert_eq!((seen.count("silence_held"), seen.due.len()), (1, 0));
    let reason = "the server was flooded".to_owned();
    let release = Command::ReleaseSilence { clock: late.tasks[0].no, take_effect: true, reason };
    let released = office.does("provincial_director", late.id, release).await.unwrap();
    assert_eq!(released.case.place.name().as_str(), "lapsed");
    assert_eq!(released.events[0].effective_at, office.store.now().await.unwrap(), "not before");
    let seen = audit(&office.store, &mut office.as_admin().await).await;
    let again: Vec<&Event> =
        seen.timelines[&waiting].iter().filter(|e| e.fact.kind() == "escalated").collect();
    let once: std::collections::BTreeSet<_> = again
        .iter()
        .filter_map(|event| match event.fact {
            Fact::Escalated { clock, level, .. } => Some((clock, level)),
            _ => None,
        })
        .collect();
    assert_eq!(again.len(), once.len(), "each level once");
}

#[tokio::test]
async fn a_parked_case_goes_on_when_somebody_changes_it() {
    let office = Office::sandbox().await;
    let (ill, well) = (office.opened().await.id, office.opened().await.id);
    let mut admin = office.as_admin().await;
    let set = "update cases set state = $2::json where id = $1";
    let state: String = sqlx::query_scalar("select state::text from cases where id = $1")
        .bind(ill.0)
        .fetch_one(&mut admin)
        .await
        .unwrap();
    sqlx::query(set).bind(ill.0).bind("[]").execute(&mut admin).await.unwrap();
    office.advance(TimeDelta::days(6)).await;
    work(&office).await;
    let parked = office.store.parked().await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].case, parked[0].seq, parked[0].attempts), (ill, 1, 1));
    assert!(parked[0].error.contains("its stored state"), "{}", parked[0].error);
    work(&office).await;
    assert_eq!(office.store.parked().await.unwrap(), parked, "it is not tried again by itself");
    let moved = office.does("county_officer", well, act("accept")).await.unwrap();
    assert_eq!(moved.case.place.name().as_str(), "inquiries", "others go on");

    sqlx::query(set).bind(ill.0).bind(state).execute(&mut admin).await.unwrap();
    let seen = office.does("county_head", ill, comment("looked at")).await.unwrap();
    assert!(seen.events.len() > 1, "what was due is recorded with it");
    assert_eq!(office.store.parked().await.unwrap(), []);
    office.advance(TimeDelta::days(6)).await;
    work(&office).await;
    let audit = audit(&office.store, &mut admin).await;
    assert_eq!((audit.due.len(), audit.parked.len()), (0, 0));
    assert!(last(&audit.timelines[&ill], "escalated").expect("it goes on").seq > seen.case.seq);
}
