//! Every event gets one position in the log, whoever seals and whatever happens meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parvaneh_core::{
    log::{
        Frontier, entry, leaf,
        tiles::{Tile, Tiles},
        verify_consistency, verify_inclusion,
    },
    timeline::Hash,
};
use parvaneh_store::{Request, Sealed, Store, StoreOptions};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::store_fixture::{Office, comment, holder};

/// Seals until nothing is left.
pub(crate) async fn seal_all(store: &Store) -> Sealed {
    loop {
        let sealed = store.seal_once().await.unwrap();
        if !sealed.more && !sealed.elsewhere {
            return sealed;
        }
    }
}

/// The leaves of the log, in their order, computed from the events themselves; every event in it once, without a
/// gap, within a case in order; and what is kept of the tree is what follows from them.
pub(crate) async fn assert_whole(admin: &mut PgConnection) -> Vec<Hash> {
    let rows = sqlx::query(
        "select l.position, l.case_id, l.seq, e.hash
         from log_leaves l left join case_events e using (case_id, seq) order by l.position",
    )
    .fetch_all(&mut *admin)
    .await
    .unwrap();
    let mut last: BTreeMap<Uuid, i32> = BTreeMap::new();
    let (mut leaves, mut frontier) = (Vec::new(), Frontier::default());
    let mut tiles: BTreeMap<Tile, Vec<u8>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        assert_eq!(row.get::<i64, _>(0), place as i64, "a gap");
        let (case, seq): (Uuid, i32) = (row.get(1), row.get(2));
        let before = last.insert(case, seq).unwrap_or_default();
        assert_eq!(before + 1, seq, "the order within {case}");
        let hash: Option<Hash> = row.get(3);
        let leaf = leaf(&entry(case, seq as u32, &hash.expect("the event of a leaf")));
        leaves.push(leaf);
        frontier.push_telling(leaf, |node, hash| {
            if let Some((tile, _)) = Tile::place(node) {
                tiles.entry(tile).or_default().extend_from_slice(&hash);
            }
        });
    }
    let lacking: i64 = sqlx::query_scalar(
        "select count(*) from case_events e where not exists (
             select from log_leaves l where l.case_id = e.case_id and l.seq = e.seq)",
    )
    .fetch_one(&mut *admin)
    .await
    .unwrap();
    assert_eq!(lacking, 0, "events without a position");
    let row =
        sqlx::query("select size, peaks from log_state").fetch_one(&mut *admin).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), leaves.len() as i64);
    assert_eq!(row.get::<Vec<u8>, _>(1), frontier.peaks().concat());
    let kept =
        sqlx::query("select level, no, hashes from log_tiles").fetch_all(admin).await.unwrap();
    let kept: BTreeMap<Tile, Vec<u8>> = kept
        .iter()
        .map(|row| {
            let (level, no): (i16, i64) = (row.get(0), row.get(1));
            (Tile { level: level as u8, no: no as u64 }, row.get(2))
        })
        .collect();
    assert_eq!(kept, tiles);
    leaves
}

pub(crate) async fn write(store: &Store, case: parvaneh_core::CaseId, remarks: usize) {
    for number in 0..remarks {
        let remark = comment(&format!("remark {number}"));
        store.execute(Request::command(holder("county_head"), case, remark)).await.unwrap();
    }
}

#[tokio::test]
async fn every_event_is_sealed_once_and_proven() {
    let office = Office::sandbox().await;
    let empty = seal_all(&office.store).await;
    assert_eq!((empty.size, empty.root), (0, parvaneh_core::log::EMPTY));
    let mut sizes = vec![(0, empty.root)];
    let mut cases = Vec::new();
    for number in 0..6 {
        let case = office.opened().await.id;
        write(&office.store, case, number).await;
        cases.push(case);
        let sealed = seal_all(&office.store).await;
        assert_eq!(sealed.added, number as u64 + 1);
        sizes.push((sealed.size, sealed.root));
    }
    let again = seal_all(&office.store).await;
    assert_eq!((again.added, again.oldest), (0, None));
    let mut admin = office.as_admin().await;
    let leaves = assert_whole(&mut admin).await;
    // Every event against every size, and every size against every later one.
    for (old, (size, root)) in sizes.iter().copied().enumerate() {
        for (later, later_root) in &sizes[old..] {
            let proof = office.store.log_consistency(size, *later).await.unwrap();
            verify_consistency(size, &root, *later, later_root, &proof).unwrap();
        }
        let events: Vec<(Uuid, u32)> = cases
            .iter()
            .enumerate()
            .flat_map(|(number, case)| (1..=number as u32 + 1).map(|seq| (case.0, seq)))
            .chain([(Uuid::nil(), 1), (cases[0].0, 2)])
            .collect();
        let proofs = office.store.proofs(&events, size, &mut Tiles::default()).await.unwrap();
        assert_eq!(proofs.iter().flatten().count() as u64, size);
        let mut positions = BTreeSet::new();
        for proven in proofs.iter().flatten() {
            assert!(positions.insert(proven.position));
            let leaf = leaves[proven.position as usize];
            verify_inclusion(proven.position, size, leaf, &proven.proof, &root).unwrap();
        }
    }
    assert!(office.store.log_consistency(1, 1_000).await.is_err());
}

#[tokio::test]
async fn what_was_there_before_the_log_is_sealed_in_portions() {
    let office = Office::sandbox().await;
    for number in 0..7 {
        let case = office.opened().await.id;
        write(&office.store, case, number % 3 + 1).await;
    }
    // As it was before there was a log: no event says which transaction wrote it.
    let mut admin = office.as_admin().await;
    sqlx::raw_sql(
        "alter table case_events disable trigger all; update case_events set xid = null;
         alter table case_events enable trigger all",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    let mut rounds = 0;
    loop {
        let sealed = office.store.seal_up_to(3).await.unwrap();
        assert!(sealed.added <= 3, "{sealed:?}");
        if !sealed.more {
            break;
        }
        // What is written meanwhile comes after it.
        if rounds == 2 {
            write(&office.store, office.opened().await.id, 2).await;
        }
        rounds += 1;
    }
    assert!(rounds > 5, "{rounds}");
    assert!(assert_whole(&mut admin).await.len() > 20);
}

#[tokio::test]
async fn an_event_that_is_committed_late_is_sealed_then_and_holds_nobody_up() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    seal_all(&office.store).await;
    let mut admin = office.as_admin().await;
    // Two that stay open: one has written an event, the other nothing yet.
    let mut late = office.as_admin().await;
    sqlx::raw_sql("begin").execute(&mut late).await.unwrap();
    sqlx::raw_sql(
        "insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
         select gen_random_uuid(), 1, kind, effective_at, recorded_at, actor, body, hash
         from case_events limit 1",
    )
    .execute(&mut late)
    .await
    .unwrap();
    let mut idle = office.as_admin().await;
    sqlx::raw_sql("begin; select pg_current_xact_id()").execute(&mut idle).await.unwrap();
    for round in 0..5_u64 {
        write(&office.store, case, 3).await;
        let sealed = seal_all(&office.store).await;
        assert_eq!(sealed.size, 1 + 3 * (round + 1), "nobody waits for who is late");
    }
    let pending: Vec<String> = sqlx::query_scalar("select unnest(pending)::text from log_state")
        .fetch_all(&mut admin)
        .await
        .unwrap();
    assert!(pending.len() >= 2, "{pending:?}");
    sqlx::raw_sql("commit").execute(&mut late).await.unwrap();
    assert_eq!(seal_all(&office.store).await.added, 1);
    sqlx::raw_sql("commit").execute(&mut idle).await.unwrap();
    write(&office.store, case, 1).await;
    assert_eq!(seal_all(&office.store).await.added, 1);
    assert_whole(&mut admin).await;
}

#[tokio::test]
async fn a_transaction_that_began_earlier_can_have_written_later_in_a_case() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    seal_all(&office.store).await;
    let mut early = office.as_admin().await;
    sqlx::raw_sql("begin; select pg_current_xact_id()").execute(&mut early).await.unwrap();
    write(&office.store, case, 1).await;
    // By the earlier transaction comes what follows; the portions are as small as can be.
    sqlx::raw_sql(AssertSqlSafe(format!(
        "insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
         select case_id, 3, kind, effective_at, recorded_at, actor, body, hash
         from case_events where case_id = '{case}' and seq = 2; commit"
    )))
    .execute(&mut early)
    .await
    .unwrap();
    while office.store.seal_up_to(1).await.unwrap().more {}
    assert_eq!(assert_whole(&mut office.as_admin().await).await.len(), 3);
}

#[tokio::test]
async fn one_transaction_may_write_more_than_a_portion() {
    let office = Office::sandbox().await;
    office.opened().await;
    let mut admin = office.as_admin().await;
    sqlx::raw_sql(
        "insert into case_events (case_id, seq, kind, effective_at, recorded_at, actor, body, hash)
         select gen_random_uuid(), 1, kind, effective_at, recorded_at, actor, body, hash
         from case_events, generate_series(1, 1000)",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    while office.store.seal_up_to(64).await.unwrap().more {}
    assert_eq!(assert_whole(&mut admin).await.len(), 1_001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_seal_while_many_write() {
    let office = Office::sandbox().await;
    let mut cases = Vec::new();
    for _ in 0..4 {
        cases.push(office.opened().await.id);
    }
    let done = Arc::new(AtomicBool::new(false));
    let mut sealers = Vec::new();
    for portion in [1, 3, 4_096] {
        let (store, done) = (office.another().await, done.clone());
        sealers.push(tokio::spawn(async move {
            let (mut added, mut sizes) = (0, Vec::new());
            while !done.load(Ordering::Relaxed) {
                let sealed = store.seal_up_to(portion).await.unwrap();
                added += sealed.added;
                sizes.push((sealed.size, sealed.root));
            }
            (added, sizes)
        }));
    }
    let mut writers = Vec::new();
    for case in cases {
        let store = office.another().await;
        writers.push(tokio::spawn(async move { write(&store, case, 60).await }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    let (mut added, mut roots) = (0, BTreeMap::new());
    for sealer in sealers {
        let (some, sizes) = sealer.await.unwrap();
        added += some;
        for (size, root) in sizes {
            assert_eq!(*roots.entry(size).or_insert(root), root, "two roots of {size}");
        }
    }
    let last = seal_all(&office.store).await;
    assert_eq!((last.size, added + last.added), (244, 244));
    assert_whole(&mut office.as_admin().await).await;
    for (size, root) in roots {
        let proof = office.store.log_consistency(size, last.size).await.unwrap();
        verify_consistency(size, &root, last.size, &last.root, &proof).unwrap();
    }
}

#[tokio::test]
async fn on_another_server_everything_is_looked_through_and_nothing_sealed_twice() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    write(&office.store, case, 5).await;
    let before = seal_all(&office.store).await;
    write(&office.store, case, 2).await;
    let mut admin = office.as_admin().await;
    // A dump was restored: its transactions have numbers that this server will come to in years, and what
    // was not sealed has one of these.
    sqlx::raw_sql(
        "alter table case_events disable trigger all;
         update case_events set xid = (xid::text::bigint + 1000000000)::text::xid8;
         alter table case_events enable trigger all;
         update log_state set server = 1, below = (below::text::bigint + 1000000000)::text::xid8",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    assert!(office.store.log_standing().await.unwrap().size == 6);
    let restored = seal_all(&office.store).await;
    assert_eq!(restored.size, 8);
    let proof = office.store.log_consistency(before.size, restored.size).await.unwrap();
    verify_consistency(before.size, &before.root, restored.size, &restored.root, &proof).unwrap();
    write(&office.store, case, 3).await;
    assert_eq!(seal_all(&office.store).await.size, 11);
    assert_whole(&mut admin).await;
    // The same server, set back: its numbers are lower than those that were seen.
    sqlx::raw_sql("update log_state set below = (below::text::bigint + 1000000000)::text::xid8")
        .execute(&mut admin)
        .await
        .unwrap();
    write(&office.store, case, 3).await;
    assert_eq!(seal_all(&office.store).await.size, 14);
    assert_whole(&mut admin).await;
}

#[tokio::test]
async fn a_sealer_that_dies_leaves_nothing_half_done() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    write(&office.store, case, 20).await;
    let mut admin = office.as_admin().await;
    let mut gate = office.as_admin().await;
    for table in ["log_leaves", "log_tiles", "log_state"] {
        // It comes as far as this table, and dies there.
        let lock = format!("begin; lock table {table} in share row exclusive mode");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut gate).await.unwrap();
        let store = office.another().await;
        let sealing = tokio::spawn(async move { store.seal_up_to(20).await });
        let waits = "select pid from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'";
        let pid: i32 = loop {
            match sqlx::query_scalar(waits).fetch_optional(&mut admin).await.unwrap() {
                Some(pid) => break pid,
                None => tokio::task::yield_now().await,
            }
        };
        // Others don't wait for it, nor do they seal twice what it has in hand.
        if table != "log_state" {
            assert!(office.store.seal_once().await.unwrap().elsewhere);
        }
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut admin).await.unwrap();
        assert!(sealing.await.unwrap().is_err(), "{table}");
        sqlx::raw_sql("rollback").execute(&mut gate).await.unwrap();
    }
    let store =
        Store::connect(office.database.app_options(), StoreOptions::default()).await.unwrap();
    assert_eq!(seal_all(&store).await.size, 21);
    assert_whole(&mut admin).await;
}

#[tokio::test]
async fn what_does_not_fit_together_is_told_and_not_sealed_over() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    seal_all(&office.store).await;
    let mut admin = office.as_admin().await;
    for refused in [
        "update log_leaves set seq = 7",
        "delete from log_leaves",
        "truncate log_leaves",
        "delete from log_tiles",
        "delete from log_state",
    ] {
        let error = sqlx::raw_sql(refused).execute(&mut admin).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code().map(String::from));
        assert_eq!(code.as_deref(), Some("PV011"), "{refused}");
    }
    sqlx::raw_sql("update log_tiles set hashes = hashes || hashes where level = 0")
        .execute(&mut admin)
        .await
        .unwrap();
    write(&office.store, case, 1).await;
    let error = office.store.seal_once().await.unwrap_err();
    assert_eq!(error.code(), "log_broken");
    let size: i64 =
        sqlx::query_scalar("select size from log_state").fetch_one(&mut admin).await.unwrap();
    assert_eq!(size, 1);
}
