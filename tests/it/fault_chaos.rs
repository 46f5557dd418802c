//! Four workers, sixteen writers, and everything goes wrong: workers are killed, connections are
//! terminated, answers are lost, callers go away, the clock jumps. Then everything must be there, once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use parvaneh_core::{
    Case, CaseId, Definition, Event, Fact, Grant, PersonId, RoleId, UnitId, evolve,
};
use parvaneh_store::{Store, StoreOptions};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;

use crate::{
    fault_audit::{Audit, audit},
    fault_process::{WorkerProcess, eventually, superuser},
    fault_proxy::Proxy,
    fault_writer::{Book, Desk, STAFF, Writer, staff},
    store_fixture::{Office, ROLES, workflow},
};

const WRITERS: u64 = 16;
const CASES: usize = 300;
/// How far the clock moves in all: further than every deadline, not as far as the calendar.
const DAYS: f64 = 500.0;

/// What went wrong, on purpose.
#[derive(Debug)]
#[expect(dead_code, reason = "shown")]
struct Harm {
    killed: usize,
    terminated: usize,
    answers: usize,
    days: f64,
}

#[expect(clippy::disallowed_methods, reason = "how long and with what seed is said from outside")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect(name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_happens_twice() {
    let length = Duration::from_secs(setting("PARVANEH_FAULT_SECONDS").unwrap_or(12));
    let clock = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
    let seed = setting("PARVANEH_FAULT_SEED").unwrap_or(u64::from(clock));
    println!("PARVANEH_FAULT_SEED={seed} PARVANEH_FAULT_SECONDS={}", length.as_secs());

    let office = Office::sandbox().await;
    hire(&office.store).await;
    office.store.sandbox_clock().run().await.unwrap();
    let source = office.store.definition_source(&workflow(), 1).await.unwrap();
    let desk = Desk::new(CASES, Definition::parse("the workflow", &source).unwrap(), seed);
    let direct = office.database.app_options();
    let proxy = Proxy::unreliable(&direct, seed);
    let unreliable = proxy.before(direct.clone());
    let mut stores = vec![office.another().await];
    for _ in 0..2 {
        stores.push(reach(&unreliable).await);
    }

    let ends = Instant::now() + length;
    let rng =
        |number: u64| ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(number));
    let pick = |number: u64| stores[number as usize % stores.len()].clone();
    let writers: Vec<JoinHandle<Book>> = (0..WRITERS)
        .map(|number| Writer {
            number: number as usize,
            rng: rng(number),
            desk: desk.clone(),
            store: pick(number),
            other: pick(number + 1),
        })
        .map(|writer| tokio::spawn(writer.run()))
        .collect();
    let (one, two, three, four, terminated, days) = tokio::join!(
        kill_workers(&direct, rng(101), ends),
        kill_workers(&direct, rng(102), ends),
        kill_workers(&unreliable, rng(103), ends),
        kill_workers(&unreliable, rng(104), ends),
        terminate_connections(&office, &desk, rng(105), ends),
        move_the_clock(&office.store, rng(106), ends, length),
    );
    let workers = [one, two, three, four];
    let killed = workers.iter().map(|(_, killed)| killed).sum();
    let harm = Harm { killed, terminated, answers: proxy.harmed(), days };

    desk.closed.store(true, Ordering::Relaxed);
    let mut book = Book::default();
    for writer in writers {
        book.add(writer.await.expect("a writer's own assertions"));
    }
    drain(&office).await;
    for (worker, _) in workers {
        worker.finish().await;
    }

    let audit = audit(&office.store, &mut superuser(&office.database).await).await;
    assert_eq!(audit.parked, [], "nothing is parked");
    assert_eq!(audit.due, [], "nothing is left");
    compare(&audit, &book);
    report(&audit, &book, &harm);
    for store in stores {
        store.close().await;
    }
}

/// Connects, however often that fails.
async fn reach(options: &PgConnectOptions) -> Store {
    let how = StoreOptions { readers: 3, writers: 4, ..StoreOptions::default() };
    eventually("a connection", async || Store::connect(options.clone(), how.clone()).await.ok())
        .await
}

/// Several holders of every role.
async fn hire(store: &Store) {
    let mut people = Vec::new();
    let mut grants = Vec::new();
    for (_, role, unit) in ROLES.iter().filter(|(name, role, _)| name == role) {
        for n in 1..STAFF {
            people.push((staff(role, n), format!("The {role} {n}")));
            let grant = Grant { role: RoleId::from(*role), unit: UnitId::from(*unit) };
            grants.push((staff(role, n), grant));
        }
    }
    store.save_people(people).await.unwrap();
    store.grant(grants).await.unwrap();
}

/// Keeps a worker running that is killed again and again, now and then while it starts. Gives
/// back the last one.
async fn kill_workers(
    options: &PgConnectOptions,
    mut rng: ChaCha8Rng,
    ends: Instant,
) -> (WorkerProcess, usize) {
    let mut killed = 0;
    loop {
        let mut worker = WorkerProcess::start(options).await;
        if rng.random_bool(0.8) {
            worker = worker.ready().await;
        }
        if Instant::now() >= ends {
            return (worker, killed);
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..2_500))).await;
        worker.kill().await;
        killed += 1;
    }
}

/// Terminates connections of anybody: of one, of some, now and then of all. Between that something
/// is done, also where everything is slow.
async fn terminate_connections(
    office: &Office,
    desk: &Desk,
    mut rng: ChaCha8Rng,
    ends: Instant,
) -> usize {
    let mut superuser = superuser(&office.database).await;
    let mut terminated = 0;
    while Instant::now() < ends {
        let enough = desk.settled.load(Ordering::Relaxed) + rng.random_range(1..150);
        let patience = Instant::now() + Duration::from_secs(1);
        while desk.settled.load(Ordering::Relaxed) < enough && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(rng.random_range(1..20))).await;
        }
        let most = *[1, 1, 1, 2, 3, 100].choose(&mut rng).expect("some");
        terminated += sqlx::query(
            "select pg_terminate_backend(pid) from (
                 select pid from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()
                 order by random() limit $1
             ) unlucky",
        )
        .bind(most)
        .fetch_all(&mut superuser)
        .await
        .unwrap()
        .len();
    }
    terminated
}

/// Moves the clock by hours, by days, now and then by more than every grace.
async fn move_the_clock(
    store: &Store,
    mut rng: ChaCha8Rng,
    ends: Instant,
    length: Duration,
) -> f64 {
    let clock = store.sandbox_clock();
    // The jumps below are 0.7 days on average.
    let pause = Duration::from_secs_f64(length.as_secs_f64() * 0.7 / DAYS);
    let mut days = 0.0;
    while Instant::now() < ends {
        tokio::time::sleep(pause).await;
        let jump = match rng.random_range(0..100) {
            0..70 => TimeDelta::minutes(rng.random_range(10..360)),
            70..95 => TimeDelta::hours(rng.random_range(12..36)),
            _ => TimeDelta::days(rng.random_range(3..10)),
        };
        // Its connection may be terminated, too. Then it was moved or it was not.
        if clock.advance(jump).await.is_ok() {
            days += jump.as_seconds_f64() / 86_400.0;
        }
    }
    days
}

/// Waits until the workers have nothing left to do.
async fn drain(office: &Office) {
    let mut superuser = superuser(&office.database).await;
    // From here on nothing new becomes due.
    let freeze = "select sandbox_clock('freeze', null, null)";
    sqlx::query(freeze).execute(&mut superuser).await.unwrap();
    let due = "select (select count(*) from cases where next_due_at <= (select engine_now()))
                    + (select count(*) from outbox where delivered_at is null)";
    eventually("everything is drained", async || {
        let due: i64 = sqlx::query_scalar(due).fetch_one(&mut superuser).await.unwrap();
        (due == 0).then_some(())
    })
    .await;
}

/// What the writers were told is what is stored.
fn compare(audit: &Audit, book: &Book) {
    let mut known: HashSet<(PersonId, &str)> = HashSet::new();
    let mut folded: HashMap<CaseId, BTreeMap<u32, Case>> = HashMap::new();
    let mut by_people: BTreeSet<(CaseId, u32)> = BTreeSet::new();
    for ack in &book.acknowledged {
        let (id, timeline) = (ack.case.id, &audit.timelines[&ack.case.id]);
        for event in &ack.events {
            assert_eq!(timeline.get(event.seq as usize - 1), Some(event), "{:?}", ack.key);
            assert!(by_people.insert((id, event.seq)), "{event:?} of {id} was two people's");
        }
        let last = ack.case.seq;
        if let Some(key) = &ack.key {
            assert!(known.insert((ack.by, key)), "a writer uses a key once");
            let first = last + 1 - ack.events.len() as u32;
            let stored = audit.keys.get(&(ack.by.0, key.clone()));
            assert_eq!(stored, Some(&(id, first, last)), "{key}");
        }
        let prefixes = folded.entry(id).or_insert_with(|| prefixes(timeline));
        assert_eq!(prefixes[&last], ack.case, "{:?}: the case as it was told", ack.key);
    }
    assert_eq!(audit.keys.len(), known.len(), "no key is there that nobody heard of");
    for (person, key) in &book.refused {
        assert!(!audit.keys.contains_key(&(person.0, key.clone())), "{key} was refused");
    }
    let mut remarks = HashSet::new();
    for (id, timeline) in &audit.timelines {
        for event in timeline {
            let somebodys = match &event.fact {
                Fact::Commented { text } => {
                    assert!(remarks.insert(text), "{text} is there twice");
                    book.unsure.contains(text)
                }
                _ => false,
            };
            let somebodys = somebodys || by_people.contains(&(*id, event.seq));
            assert!(somebodys || event.by.person().is_none(), "nobody did {event:?} of {id}");
        }
    }
}

/// The case after each of its events.
fn prefixes(timeline: &[Event]) -> BTreeMap<u32, Case> {
    let mut case = Case::opened(&timeline[0]).expect("an opening");
    let mut prefixes = BTreeMap::from([(case.seq, case.clone())]);
    for event in &timeline[1..] {
        evolve(&mut case, event);
        prefixes.insert(case.seq, case.clone());
    }
    prefixes
}

/// Says what happened, and that it was enough to prove something.
#[expect(clippy::print_stdout, reason = "shown when the test fails, and on request")]
fn report(audit: &Audit, book: &Book, harm: &Harm) {
    let Book { acknowledged, refused, unsure, lost, abandoned, repeated, conflicts } = book;
    println!(
        "{} cases, {} acknowledged, {} refused ({conflicts} conflicts), {lost} answers lost, \
         {abandoned} abandoned, {repeated} repeated, {} never known; {harm:?}; {:?}",
        audit.timelines.len(),
        acknowledged.len(),
        refused.len(),
        unsure.len(),
        audit.kinds,
    );
    let silence = audit.count("silence_took_effect") + audit.count("silence_held");
    for (what, count) in [
        ("requests", acknowledged.len() / 100),
        ("repeats", *repeated),
        ("abandoned requests", *abandoned),
        ("escalations", audit.count("escalated") / 100),
        ("silence", silence),
        ("killed workers", harm.killed),
        ("terminated connections", harm.terminated),
        ("lost messages", harm.answers),
    ] {
        assert!(count > 0, "too few {what} to prove anything");
    }
}
