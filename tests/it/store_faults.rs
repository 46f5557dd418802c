//! Many at once, callers that go away, connections that break, cases that cannot be treated.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use parvaneh_core::{CaseId, Command};
use parvaneh_store::{ExecuteError, Request, Store};
use sqlx::{Connection, PgConnection};

use crate::{
    store_execute::assert_sound,
    store_fixture::{Office, act, comment, holder, new_case, open_request},
};

/// The remarks on every timeline, with how often each stands there.
async fn remarks(connection: &mut PgConnection) -> BTreeMap<String, usize> {
    let texts: Vec<String> = sqlx::query_scalar(
        "select body->'fact'->>'text' from case_events where kind = 'commented'",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for text in texts {
        *found.entry(text).or_default() += 1;
    }
    found
}

/// Everything that was acknowledged stands there, and nothing twice.
async fn assert_kept(office: &Office, acknowledged: impl IntoIterator<Item = String>) {
    let mut owner = office.as_admin().await;
    let found = remarks(&mut owner).await;
    let twice: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "written twice: {twice:?}");
    for text in acknowledged {
        assert!(found.contains_key(&text), "acknowledged and lost: {text}");
    }
    assert_sound(&mut owner).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_act_at_once_one_wins_and_the_other_is_told() {
    let office = Office::sandbox().await;
    let other = office.another().await;
    for _ in 0..15 {
        let case = office.opened().await.id;
        let accept = Request::command(holder("county_officer"), case, act("accept")).expecting(1);
        let (one, two) = tokio::join!(office.store.execute(accept.clone()), other.execute(accept));
        assert_eq!(one.is_ok() as u32 + two.is_ok() as u32, 1, "{one:?} {two:?}");
        let loser = one.err().or(two.err()).unwrap();
        assert!(matches!(loser, ExecuteError::Conflict { expected: 1, found: 3 }), "{loser:?}");
    }
    let second = holder("second officer");
    let grant = parvaneh_core::Grant { role: "county_officer".into(), unit: "2301".into() };
    office.store.save_people(vec![(second, "Second".to_owned())]).await.unwrap();
    office.store.grant(vec![(second, grant)]).await.unwrap();
    for _ in 0..15 {
        let case = office.opened().await.id;
        let claim = |person| Request::command(person, case, Command::Claim { task: 1 });
        let (one, two) = tokio::join!(
            office.store.execute(claim(second)),
            other.execute(claim(holder("county_officer")))
        );
        assert_eq!(one.is_ok() as u32 + two.is_ok() as u32, 1);
        assert_eq!(one.err().or(two.err()).unwrap().code(), "task_taken");
    }
    assert_sound(&mut office.as_admin().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_used_by_many_at_once_makes_one_event() {
    let office = Office::sandbox().await;
    let other = office.another().await;
    let case = office.opened().await.id;
    let asking = (0..20).map(|place| {
        let store = if place % 2 == 0 { office.store.clone() } else { other.clone() };
        let request = Request::command(holder("county_head"), case, comment("once"));
        tokio::spawn(async move { store.execute(request.with_key("k")).await })
    });
    let mut answers = Vec::new();
    for asked in asking.collect::<Vec<_>>() {
        answers.push(asked.await.unwrap().unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert!(answers.iter().all(|answer| answer.events == answers[0].events));
    assert_kept(&office, ["once".to_owned()]).await;

    // The same key on different cases: one is done, the others are refused, none is lost.
    let mut requests = Vec::new();
    for _ in 0..10 {
        let case = office.opened().await.id;
        let request = Request::command(holder("county_head"), case, comment(&case.to_string()));
        requests.push(request.with_key("j"));
    }
    let verdicts = office.store.execute_batch(requests).await;
    let codes: Vec<_> =
        verdicts.iter().filter_map(|one| one.as_ref().err()).map(|e| e.code()).collect();
    assert_eq!(codes, ["idempotency_key_reused"; 9]);
    assert_kept(&office, []).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_on_the_same_cases_lose_nothing() {
    let office = Office::sandbox().await;
    let mut cases = Vec::new();
    for _ in 0..4 {
        cases.push(office.opened().await.id);
    }
    let stores = [office.store.clone(), office.another().await, office.another().await];
    let mut writers = Vec::new();
    for writer in 0..12 {
        let (store, cases) = (stores[writer % 3].clone(), cases.clone());
        writers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            for turn in 0..25 {
                let text = format!("{writer}.{turn}");
                let case = cases[(writer + turn) % cases.len()];
                let request = Request::command(holder("county_head"), case, comment(&text));
                match store.execute(request).await {
                    Ok(_) => done.push(text),
                    Err(error) => assert_eq!(error.code(), "conflict", "{error}"),
                }
            }
            done
        }));
    }
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(acknowledged.len() > 250, "too many conflicts: {}", acknowledged.len());
    assert_eq!(remarks(&mut office.as_admin().await).await.len(), acknowledged.len());
    assert_kept(&office, acknowledged).await;
}

/// Writers that repeat a remark with its key until they are told that it is done. They stop when
/// enough has been broken.
fn writers(
    stores: &[Store],
    cases: &[CaseId],
    count: usize,
    broken: &Arc<AtomicUsize>,
    enough: usize,
) -> Vec<tokio::task::JoinHandle<Vec<String>>> {
    let each = (0..count).map(|writer| {
        let (store, cases) = (stores[writer % stores.len()].clone(), cases.to_vec());
        let broken = broken.clone();
        tokio::spawn(async move {
            let mut done = Vec::new();
            for turn in 0.. {
                if broken.load(Ordering::Relaxed) >= enough {
                    break;
                }
                let text = format!("{writer}.{turn}");
                let case = cases[(writer + turn) % cases.len()];
                for attempt in 0.. {
                    let request = Request::command(holder("county_head"), case, comment(&text));
                    match store.execute(request.with_key(text.clone())).await {
                        Ok(_) => break,
                        Err(error) => assert!(attempt < 50, "{text}: {error}"),
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                done.push(text);
            }
            done
        })
    });
    each.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_lose_nothing_and_do_nothing_twice() {
    let office = Office::sandbox().await;
    let mut cases = Vec::new();
    for _ in 0..6 {
        cases.push(office.opened().await.id);
    }
    let stores = [office.store.clone(), office.another().await];
    let (broken, enough) = (Arc::new(AtomicUsize::new(0)), 30);
    let breaker = tokio::spawn({
        let (broken, admin) = (broken.clone(), office.database.admin_options());
        async move {
            let mut admin = PgConnection::connect_with(&admin).await.unwrap();
            while broken.load(Ordering::Relaxed) < enough {
                let killed: Vec<bool> = sqlx::query_scalar(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and usename = 'parvaneh_program'
                     order by random() limit 1",
                )
                .fetch_all(&mut admin)
                .await
                .unwrap();
                broken.fetch_add(killed.len(), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        }
    });
    let mut acknowledged = Vec::new();
    for writer in writers(&stores, &cases, 8, &broken, enough) {
        acknowledged.extend(writer.await.unwrap());
    }
    breaker.await.unwrap();
    assert!(acknowledged.len() > 8, "{}", acknowledged.len());
    assert_kept(&office, acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_take_nothing_with_them() {
    let office = Office::sandbox().await;
    let mut cases = Vec::new();
    for _ in 0..8 {
        cases.push(office.opened().await.id);
    }
    let (mut acknowledged, mut abandoned) = (Vec::new(), 0);
    let mut callers = Vec::new();
    for number in 0..600_u64 {
        let store = office.store.clone();
        let case = cases[number as usize % cases.len()];
        callers.push(tokio::spawn(async move {
            let text = number.to_string();
            let request = Request::command(holder("county_head"), case, comment(&text));
            // Some wait long enough, some never see their answer; some read meanwhile.
            let patience = Duration::from_micros(100 + (number * 7_919) % 1_500_000);
            let asked = async {
                if number % 5 == 0 {
                    store.case_file(case).await.ok();
                    store.save_people(vec![(holder(&text), text.clone())]).await.ok();
                }
                store.execute(request).await
            };
            let answer = tokio::time::timeout(patience, asked).await;
            (text, answer)
        }));
        if number % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    for caller in callers {
        match caller.await.unwrap() {
            (text, Ok(done)) => {
                done.unwrap();
                acknowledged.push(text);
            }
            (_, Err(_)) => abandoned += 1,
        }
    }
    assert!(abandoned > 20 && acknowledged.len() > 20, "{abandoned} {}", acknowledged.len());
    // What was begun is done, also where nobody waits for it any more.
    for case in &cases {
        let last = Request::command(holder("county_head"), *case, comment(&format!("last {case}")));
        office.store.execute(last).await.unwrap();
    }
    assert_kept(&office, acknowledged).await;
    let idle: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(&mut office.as_admin().await)
    .await
    .unwrap();
    assert_eq!(idle, 0, "a connection is back with an open transaction");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_level_fires_once_whatever_the_number_of_workers() {
    let office = Office::sandbox().await;
    let opening = (0..150).map(|_| open_request(new_case())).collect();
    let opened = office.store.execute_batch(opening).await;
    assert!(opened.iter().all(Result::is_ok));
    office.advance(TimeDelta::days(12)).await;
    let mut workers = Vec::new();
    for _ in 0..4 {
        let store = office.another().await;
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            loop {
                let outcome = store.tick_due(7).await.unwrap();
                assert!(outcome.parked.is_empty(), "{outcome:?}");
                if outcome.claimed == 0 {
                    return done;
                }
                done.extend(outcome.done.into_iter().map(|done| done.case.id));
            }
        }));
    }
    // Meanwhile people work on the same cases, and the program ticks some by name.
    let mut busy = Vec::new();
    for opened in opened.iter().step_by(3) {
        let case = opened.as_ref().unwrap().case.id;
        busy.push(Request::command(holder("county_head"), case, comment("busy")));
        busy.push(Request::tick(case));
    }
    let verdicts = office.store.execute_batch(busy).await;
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    let mut ticked = Vec::new();
    for worker in workers {
        ticked.extend(worker.await.unwrap());
    }
    let distinct: HashSet<_> = ticked.iter().collect();
    assert_eq!(distinct.len(), ticked.len(), "two workers did the same");
    let mut owner = office.as_admin().await;
    let (fired, events): (i64, i64) = sqlx::query_as(
        "select (select count(*) from escalations),
                (select count(*) from case_events where kind = 'escalated')",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!((fired, events), (150 * 4, 150 * 4));
    assert_sound(&mut owner).await;
    assert!(office.store.next_due().await.unwrap() > Some(office.store.now().await.unwrap()));
}

#[tokio::test]
async fn a_poisoned_case_is_parked_and_blocks_nobody() {
    let office = Office::sandbox().await;
    let mut cases = Vec::new();
    for _ in 0..9 {
        cases.push(office.opened().await.id);
    }
    let (unreadable, unwritable, unknown) = (cases[1], cases[4], cases[7]);
    let mut owner = office.as_admin().await;
    let mut poison = async |sql: &'static str, case: CaseId| {
        assert_eq!(
            sqlx::query(sql).bind(case.0).execute(&mut owner).await.unwrap().rows_affected(),
            1
        );
    };
    poison("update cases set state = '{\"id\": 7}' where id = $1", unreadable).await;
    // As if the level had fired already: its key is taken, and the write fails.
    let fired = "insert into escalations
            (case_id, clock, level, number, warning, seq, deadline_at, recorded_at)
        values ($1, 1, 0, 1, true, 9, now(), now())";
    poison(fired, unwritable).await;
    let version =
        "update cases set state = replace(state::text, '\"version\":1', '\"version\":9')::json
         where id = $1";
    poison(version, unknown).await;

    office.advance(TimeDelta::days(6)).await;
    let outcome = office.store.tick_due(100).await.unwrap();
    assert_eq!((outcome.claimed, outcome.done.len()), (9, 6));
    let parked: BTreeSet<CaseId> = outcome.parked.iter().copied().collect();
    assert_eq!(parked, [unreadable, unwritable, unknown].into());
    let codes: BTreeMap<_, _> =
        office.store.parked().await.unwrap().into_iter().map(|one| (one.case, one.code)).collect();
    assert_eq!(codes[&unreadable], "case_poisoned");
    assert_eq!(codes[&unwritable], "database");
    assert_eq!(codes[&unknown], "no_such_definition");
    // They are out of the way, and the rest goes on.
    assert_eq!(office.store.tick_due(100).await.unwrap().claimed, 0);
    assert!(office.store.next_due().await.unwrap() > Some(office.store.now().await.unwrap()));
    assert!(office.store.case_file(unwritable).await.unwrap().parked.is_some());
    let refused = office.does("county_head", unreadable, comment("?")).await;
    assert_eq!(refused.unwrap_err().code(), "case_poisoned");
    // In one batch with others it still fails alone.
    let requests = cases.iter().map(|case| Request::tick(*case)).collect();
    let verdicts = office.store.execute_batch(requests).await;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 6);

    // Mended and released, it is treated.
    poison("delete from escalations where case_id = $1 and seq = 9", unwritable).await;
    assert!(office.store.unpark(unwritable).await.unwrap());
    assert_eq!(office.store.tick_due(100).await.unwrap().done.len(), 1);
    assert_eq!(office.store.parked().await.unwrap().len(), 2);
}

#[tokio::test]
async fn who_listens_hears_of_what_is_due_soon() {
    let office = Office::sandbox().await;
    let mut listener = office.store.listen_due().await.unwrap();
    // The clock has just been set, and that is told.
    while tokio::time::timeout(Duration::from_millis(500), listener.recv()).await.is_ok() {}
    let case = office.opened().await.id;
    let heard = tokio::time::timeout(Duration::from_millis(300), listener.recv()).await;
    assert!(heard.is_err(), "nothing is due within a minute");
    // The clock has moved: look.
    office.advance(TimeDelta::days(6)).await;
    tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
    let due = office.store.next_due().await.unwrap().unwrap();
    assert!(due < office.store.now().await.unwrap());
    office.store.tick_due(10).await.unwrap();
    // A change that makes something due within a minute.
    let next = office.store.next_due().await.unwrap().unwrap();
    let clock = office.store.sandbox_clock();
    clock.set_frozen(next - TimeDelta::seconds(30)).await.unwrap();
    while tokio::time::timeout(Duration::from_millis(300), listener.recv()).await.is_ok() {}
    office.does("county_head", case, comment("soon")).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
}
