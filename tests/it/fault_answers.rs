//! Writes whose answer is lost: the database has them, or it has not, and nobody is told which.

use chrono::TimeDelta;
use parvaneh_core::CaseId;
use parvaneh_store::{Request, Store, StoreOptions};
use tokio::runtime::Handle;

use crate::{
    fault_audit::audit,
    fault_process::eventually,
    fault_proxy::{
        Fate::{self, AnswerLost, LeftBehind, Lost},
        Proxy, holds,
    },
    store_fixture::{Office, comment, holder, new_case, open_request},
};

async fn through(office: &Office, text: &str, fates: &[Fate]) -> (Proxy, Store) {
    let proxy = Proxy::scripted(&office.database.app_options(), text, fates);
    let options = proxy.before(office.database.app_options());
    let how = StoreOptions { lanes: 1, ..StoreOptions::default() };
    (proxy, Store::connect(options, how).await.unwrap())
}

fn remark(case: CaseId) -> Request {
    Request::command(holder("county_head"), case, comment("a remark to be lost"))
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_found_and_not_done_again() {
    let office = Office::sandbox().await;
    for fates in [
        &[AnswerLost][..],
        &[Lost, AnswerLost],
        &[AnswerLost, Lost, LeftBehind],
        &[LeftBehind, LeftBehind, AnswerLost],
    ] {
        for keyed in [false, true] {
            let case = office.opened().await.id;
            let (proxy, store) = through(&office, "to be lost", fates).await;
            let request = remark(case);
            let request = if keyed { request.with_key(format!("key of {case}")) } else { request };
            let done = store.execute(request).await.unwrap();
            assert!(proxy.harmed() > 0, "{fates:?}");
            assert_eq!((done.case.seq, done.events.len()), (2, 1), "{fates:?} {keyed}");
            let stored = office.store.timeline(case).await.unwrap();
            assert_eq!(stored.entries.len(), 2, "{fates:?} {keyed}: once");
            assert_eq!(stored.entries[1].event, done.events[0]);
            store.close().await;
        }
        // An opening has no row yet that could be looked at.
        let (proxy, store) = through(&office, "کودکان", fates).await;
        let id = new_case();
        let opened = store.execute(open_request(id)).await.unwrap();
        assert!(proxy.harmed() > 0, "{fates:?}");
        assert_eq!((opened.case.id, opened.case.seq), (id, 1));
        store.close().await;
    }
    audit(&office.store, &mut office.as_admin().await).await;
}

/// In one batch, one request is written and its answer lost, the other is overtaken; when that one
/// is written, its answer is lost, too. The first has no key by which it could be known again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_remembered_until_it_is_answered() {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    for attempt in 0.. {
        let (one, two) = (office.opened().await.id, office.opened().await.id);
        let (direct, mut seen) = (office.store.clone(), 0);
        let meanwhile = Request::command(holder("county_head"), two, comment("meanwhile"));
        let proxy = Proxy::judged(&office.database.app_options(), move |message| {
            let (first, second) = (holds(message, b"the first"), holds(message, b"the second"));
            seen += usize::from(first || second);
            match (seen, first, second) {
                (1, true, true) => {
                    let overtake = direct.execute(meanwhile.clone());
                    tokio::task::block_in_place(|| Handle::current().block_on(overtake)).unwrap();
                    AnswerLost
                }
                (2, false, true) => AnswerLost,
                _ => Fate::Kept,
            }
        });
        let how = StoreOptions { lanes: 1, ..StoreOptions::default() };
        let options = proxy.before(office.database.app_options());
        let store = Store::connect(options, how).await.unwrap();
        let head = |case, text| Request::command(holder("county_head"), case, comment(text));
        let both = vec![head(one, "the first"), head(two, "the second")];
        let done = store.execute_batch(both).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let audit = audit(&office.store, &mut admin).await;
        assert_eq!(audit.timelines[&one].len(), 2, "an opening and one remark");
        store.close().await;
        if proxy.harmed() == 2 {
            assert_eq!(audit.timelines[&two].len(), 3);
            return;
        }
        // They were not in one batch.
        assert!(attempt < 50);
    }
}

#[tokio::test]
async fn a_write_that_the_server_finishes_later_is_still_one() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    let (proxy, store) = through(&office, "to be lost", &[LeftBehind]).await;
    // Its connection knows the statement: what comes is the write itself.
    let before = Request::command(holder("county_head"), case, comment("before"));
    store.execute(before).await.unwrap();
    // While this is open nobody can write an event: the first attempt waits in the server, whose
    // client has gone, and the second waits behind it.
    let mut gate = office.as_admin().await;
    sqlx::raw_sql("begin; lock table case_events in share mode").execute(&mut gate).await.unwrap();
    let asked = tokio::spawn(async move { store.execute(remark(case)).await });
    let mut admin = office.as_admin().await;
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%written%'";
    eventually("both attempts wait", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut admin).await.unwrap();
        (waiting == 2).then_some(())
    })
    .await;
    assert_eq!(proxy.harmed(), 1);
    sqlx::raw_sql("rollback").execute(&mut gate).await.unwrap();
    let done = asked.await.unwrap().unwrap();
    assert_eq!(done.case.seq, 3);
    eventually("nobody writes any more", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut admin).await.unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    assert_eq!(audit(&office.store, &mut admin).await.count("commented"), 2);
}

#[tokio::test]
async fn a_worker_whose_commit_is_lost_does_nothing_twice() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    office.advance(TimeDelta::days(6)).await;
    for fate in [Lost, AnswerLost] {
        let (proxy, store) = through(&office, "COMMIT", &[fate]).await;
        assert!(store.tick_due(10).await.is_err(), "it is told, and tries again");
        assert_eq!(proxy.harmed(), 1);
        let due = office.store.next_due().await.unwrap().unwrap();
        let left = due <= office.store.now().await.unwrap();
        assert_eq!(left, fate == Lost, "{fate:?}");
        store.close().await;
    }
    assert_eq!(office.store.tick_due(10).await.unwrap().claimed, 0);
    let audit = audit(&office.store, &mut office.as_admin().await).await;
    assert_eq!(audit.count("escalated"), 2);
    assert_eq!(audit.timelines[&case].len(), 3);
}
