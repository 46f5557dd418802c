//! Callers that go away at any moment, whatever they have asked for.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use parvaneh_core::Fact;
use parvaneh_store::{Request, StoreOptions};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;

use crate::{
    fault_audit::audit,
    fault_process::eventually,
    store_fixture::{Office, comment, holder, open_request},
};

/// So many ask at once.
const AT_ONCE: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_callers_leave_no_transaction_open_and_take_no_write_with_them() {
    let office = Office::sandbox().await;
    let mut cases = Vec::new();
    for _ in 0..20 {
        cases.push(office.opened().await.id);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut callers: JoinSet<Option<String>> = JoinSet::new();
    let mut acknowledged = Vec::new();
    for number in 0..2_000 {
        let (store, case) = (office.store.clone(), cases[rng.random_range(0..cases.len())]);
        // A few see their answer; most are gone after a moment, some before they are heard.
        let patience = match rng.random_range(0..10) {
            0 => Duration::from_secs(60),
            1 => Duration::ZERO,
            _ => Duration::from_micros(rng.random_range(1..20_000)),
        };
        let what = rng.random_range(0..12);
        callers.spawn(async move {
            let text = number.to_string();
            let asking = async {
                match what {
                    0 => drop(store.tick_due(50).await),
                    1 => drop(store.next_due().await),
                    2 => drop(store.sandbox_clock().advance(TimeDelta::hours(3)).await),
                    3 => drop(store.case_file(case).await),
                    4 => drop(store.save_people(vec![(holder(&text), text.clone())]).await),
                    5 => drop(store.unpark(case).await),
                    6 => drop(store.deliver_outbox(20).await),
                    7 => drop(store.listen_due().await),
                    _ => {
                        let remark = Request::command(holder("county_head"), case, comment(&text));
                        return store.execute(remark).await.is_ok().then_some(text);
                    }
                }
                None
            };
            tokio::time::timeout(patience, asking).await.ok().flatten()
        });
        if callers.len() >= AT_ONCE {
            acknowledged.extend(callers.join_next().await.expect("some").unwrap());
        }
    }
    while let Some(answer) = callers.join_next().await {
        acknowledged.extend(answer.unwrap());
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());

    // What was begun is finished, by nobody's leave; then every session rests.
    let last = cases.iter().map(|case| {
        Request::command(holder("county_head"), *case, comment(&format!("last of {case}")))
    });
    assert!(office.store.execute_batch(last.collect()).await.iter().all(Result::is_ok));
    let mut admin = office.as_admin().await;
    let sessions = "select count(*) filter (where state = 'idle' and xact_start is null), count(*)
        from pg_stat_activity
        where datname = current_database() and usename = 'parvaneh_program'";
    let open = eventually("every session rests", async || {
        let (resting, all): (i64, i64) =
            sqlx::query_as(sessions).fetch_one(&mut admin).await.unwrap();
        (resting == all).then_some(all)
    })
    .await;
    let how = StoreOptions::default();
    assert!(open > 0 && open <= i64::from(how.readers + how.writers), "{open} connections");
    let audit = audit(&office.store, &mut admin).await;
    let mut remarks: BTreeMap<&str, usize> = BTreeMap::new();
    for event in audit.timelines.values().flatten() {
        if let Fact::Commented { text } = &event.fact {
            *remarks.entry(text).or_default() += 1;
        }
    }
    assert!(remarks.values().all(|times| *times == 1), "twice: {remarks:?}");
    for text in &acknowledged {
        assert!(remarks.contains_key(text.as_str()), "acknowledged and lost: {text}");
    }
    // Every connection still works.
    for _ in 0..20 {
        let opened = office.store.execute(open_request(crate::store_fixture::new_case())).await;
        assert!(office.store.case_file(opened.unwrap().case.id).await.is_ok());
    }
}
